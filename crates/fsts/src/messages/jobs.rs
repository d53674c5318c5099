//! Sentences about scheduled jobs.

use fsts_domain::Timestamp;

use super::Text;
use crate::alerts::grouped;
use crate::services::jobs::{ALERTS_DIGEST, BACKUP, BALANCE_SNAPSHOT, DATA_COLLECT, Schedule, TRADING_RUN, TaskError};

/// What a job does; the name of one that is not ours to describe.
pub fn title(name: &str, task: &str) -> Text {
    let (ko, en) = match task {
        TRADING_RUN => ("매매 실행", "Trading run"),
        DATA_COLLECT => ("데이터 수집", "Data collection"),
        BALANCE_SNAPSHOT => ("잔고와 수익률 기록", "Balance and return snapshot"),
        ALERTS_DIGEST => ("알림 요약", "Digest of alerts"),
        BACKUP => ("백업", "Backup"),
        _ => (name, name),
    };
    Text::new(ko, en)
}

/// When a job is due.
pub fn schedule(schedule: &Schedule) -> Text {
    match schedule {
        Schedule::At { second } => {
            let time = format!("{:02}:{:02}", second / 3600, second / 60 % 60);
            Text::new(format!("거래일 {time}"), format!("at {time} on trading days"))
        }
        Schedule::BeforeClose { minutes } => {
            Text::new(format!("장 마감 {minutes}분 전"), format!("{minutes} minutes before the close"))
        }
        Schedule::AfterClose { minutes } => {
            Text::new(format!("장 마감 {minutes}분 후"), format!("{minutes} minutes after the close"))
        }
        Schedule::Every { minutes } => {
            Text::new(format!("장중 {minutes}분마다"), format!("every {minutes} minutes in session"))
        }
        Schedule::Cron(rule) => {
            Text::new(format!("cron {} (한국 시각)", rule.text()), format!("cron {} (Korean time)", rule.text()))
        }
    }
}

/// The program ended under a run.
pub fn cut() -> Text {
    Text::new("실행 중에 프로그램이 끝났습니다", "the program ended while it ran")
}

/// Due instants that nobody ran in time.
pub fn missed(count: u64) -> Text {
    Text::new(
        format!("제때 실행하지 못한 예약 {count}회"),
        if count == 1 {
            "one due time passed without a run".to_owned()
        } else {
            format!("{count} due times passed without a run")
        },
    )
}

/// Due while the run before it went on.
pub fn skipped() -> Text {
    Text::new("앞선 실행이 끝나지 않아 건너뛰었습니다", "the run before it had not ended")
}

/// A task that never came to an end.
pub fn too_long() -> Text {
    Text::new("너무 오래 걸려 멈췄습니다", "it took too long and was stopped")
}

/// A job that went wrong, as an alert.
pub fn alert(job: &str, due: Timestamp, (why_ko, why_en): (&str, &str)) -> Text {
    let at = due.to_string();
    let at = at.get(..16).unwrap_or(&at);
    Text::new(format!("예약 작업 {job} ({at}): {why_ko}"), format!("job {job} (due {at}): {why_en}"))
}

/// The account's figures are not there yet.
pub fn books_unread() -> Text {
    Text::new("아직 계좌를 읽지 못했습니다", "the account has not been read yet")
}

/// The database does not answer.
pub fn store_failed() -> Text {
    Text::new("저장소가 답하지 않습니다", "the store does not answer")
}

/// What a task did for each account, named where there are several. It failed when it failed for one.
pub fn of_accounts(done: Vec<(Option<&str>, Result<Text, TaskError>)>) -> Result<Text, TaskError> {
    let is_good = done.iter().all(|(_, one)| one.is_ok());
    let line = |(account, one): (Option<&str>, Result<Text, TaskError>)| {
        let Text { ko, en } = one.unwrap_or_else(|TaskError(text)| text);
        match account {
            Some(name) => (format!("[{name}] {ko}"), format!("[{name}] {en}")),
            None => (ko, en),
        }
    };
    let (ko, en): (Vec<_>, Vec<_>) = done.into_iter().map(line).unzip();
    let text = Text::new(ko.join(" · "), en.join(" · "));
    if is_good { Ok(text) } else { Err(TaskError(text)) }
}

/// Nobody decides before the close.
pub fn no_daily_bots() -> Text {
    Text::new(
        "일봉으로 판단하는 봇이 없습니다 (설정의 interval = \"day\")",
        "no bot decides on daily bars (interval = \"day\" in the settings)",
    )
}

/// A bot decided before the close.
pub fn bot_ran((bot, ranked, failed): (&str, usize, usize), (buys, sells): (usize, usize)) -> Text {
    let (lost_ko, lost_en) = match failed {
        0 => (String::new(), String::new()),
        n => (format!(", {n}종목은 조회 실패"), format!(", {n} without an answer")),
    };
    Text::new(
        format!("봇 {bot}: {ranked}종목을 보고 매수 {buys}건, 매도 {sells}건{lost_ko}"),
        format!("bot {bot}: {ranked} symbols, {buys} buys, {sells} sells{lost_en}"),
    )
}

/// A day has one run.
pub fn bot_ran_before(bot: &str) -> Text {
    Text::new(format!("봇 {bot}: 오늘은 이미 판단했습니다"), format!("bot {bot} has decided today already"))
}

/// The engine did not take the run.
pub fn bot_not_run(bot: &str, code: &str) -> Text {
    let (ko, en) = match code {
        "not_ready" => ("엔진이 아직 준비되지 않았습니다", "the engine is not ready"),
        "halted" => ("거래가 정지되어 있습니다", "trading is halted"),
        "bot_stopped" => ("봇이 멈춰 있습니다", "the bot is stopped"),
        "session_closed" => ("정규장이 열려 있지 않습니다", "the market is not in its continuous session"),
        _ => ("엔진이 실행을 받지 않았습니다", "the engine did not take the run"),
    };
    Text::new(format!("봇 {bot}: {ko}"), format!("bot {bot}: {en}"))
}

/// The broker gave nothing to decide on.
pub fn bot_without_quotes(bot: &str) -> Text {
    Text::new(
        format!("봇 {bot}: 현재가를 받지 못해 판단하지 않았습니다"),
        format!("bot {bot}: no quotes, so nothing was decided"),
    )
}

/// A day is told once.
pub fn told_before(day: fsts_domain::TradingDay) -> Text {
    Text::new(format!("{day}은(는) 이미 알렸습니다"), format!("{day} was told already"))
}

/// There is no room for another alert.
pub fn outbox_full() -> Text {
    Text::new("보낼 알림이 가득 찼습니다", "the outbox of alerts is full")
}

/// What a snapshot found.
pub fn snapshot_taken(equity: i64, return_pct: &str, bots: usize) -> Text {
    let equity = grouped(equity);
    Text::new(
        format!("평가금액 {equity}원, 수익률 {return_pct}%, 봇 {bots}개"),
        format!("equity KRW {equity}, return {return_pct} %, {bots} bots"),
    )
}

/// No program serves at the configured address.
pub fn no_server(address: &str) -> Text {
    Text::new(
        format!("{address}에서 돌고 있는 프로그램이 없습니다. `fsts run`을 먼저 시작하십시오"),
        format!("no program serves at {address}; start `fsts run` first"),
    )
}

/// Something else, or a broken program, answers at the configured address.
pub fn strange_server(address: &str, reason: &str) -> Text {
    Text::new(
        format!("{address}의 응답을 이해할 수 없습니다: {reason}"),
        format!("the answer of {address} makes no sense: {reason}"),
    )
}

/// The program's refusal in its own words.
pub fn refused(title: &str, detail: &str) -> Text {
    let both = format!("{title}: {detail}");
    Text::new(both.clone(), both)
}

/// A job that is in no settings.
pub fn unknown(name: &str) -> Text {
    Text::new(
        format!("`{name}` 작업이 없습니다. `fsts jobs list`를 보십시오"),
        format!("there is no job `{name}`; see `fsts jobs list`"),
    )
}

/// A run that began.
pub fn begun(name: &str, run_id: &str) -> Text {
    Text::new(format!("{name} 실행을 시작했습니다: {run_id}"), format!("{name} runs: {run_id}"))
}

/// A job was switched.
pub fn switched(name: &str, enabled: bool) -> Text {
    let (ko, en) = if enabled { ("켰습니다", "on") } else { ("껐습니다", "off") };
    Text::new(format!("{name} 작업을 {ko}"), format!("{name} is {en}"))
}

/// Headings of the list of jobs.
pub fn job_headings() -> [Text; 5] {
    [
        Text::new("작업", "JOB"),
        Text::new("내용", "WHAT"),
        Text::new("예약", "SCHEDULE"),
        Text::new("다음", "NEXT"),
        Text::new("마지막", "LAST"),
    ]
}

/// Headings of a job's history.
pub fn run_headings() -> [Text; 4] {
    [Text::new("예약", "DUE"), Text::new("시작", "STARTED"), Text::new("결과", "OUTCOME"), Text::new("내용", "MESSAGE")]
}

/// Why a job has no next run.
pub fn not_due(has_task: bool) -> Text {
    if has_task { Text::new("꺼짐", "off") } else { Text::new("그런 기능 없음", "no such task") }
}

/// A run's outcome.
pub fn outcome(outcome: fsts_server::RunOutcomeWord) -> Text {
    use fsts_server::RunOutcomeWord as W;
    match outcome {
        W::Running => Text::new("실행 중", "running"),
        W::Ok => Text::new("완료", "ok"),
        W::Failed => Text::new("실패", "failed"),
        W::Skipped => Text::new("건너뜀", "skipped"),
        W::Missed => Text::new("놓침", "missed"),
        W::Cut => Text::new("끊김", "cut"),
    }
}

/// A job's settings.
pub fn bad_name(name: &str) -> Text {
    Text::new(
        format!("작업 이름 `{name}`은(는) 영문 소문자, 숫자, -, _로 1~40자여야 합니다"),
        format!("the job name `{name}` must be 1 to 40 of a-z, 0-9, - and _"),
    )
}

/// Two blocks of one name.
pub fn twice(name: &str) -> Text {
    Text::new(format!("작업 이름 `{name}`이(가) 두 번 나옵니다"), format!("the job name `{name}` is given twice"))
}

/// A new job that lacks something.
pub fn incomplete(name: &str, key: &str) -> Text {
    Text::new(
        format!("작업 `{name}`에 `{key}` 설정이 빠졌습니다"),
        format!("the job `{name}` lacks the setting `{key}`"),
    )
}

/// A schedule that means nothing.
pub fn bad_schedule(name: &str) -> Text {
    Text::new(
        format!(
            "작업 `{name}`의 `schedule`을 이해할 수 없습니다. 예: \"at 15:10 on trading days\", \
             \"10 minutes before the close\", \"every 30 minutes in session\", \"cron 30 3 * * *\""
        ),
        format!(
            "the `schedule` of job `{name}` makes no sense; e.g. \"at 15:10 on trading days\", \
             \"10 minutes before the close\", \"every 30 minutes in session\", \"cron 30 3 * * *\""
        ),
    )
}

/// A grace outside its range.
pub fn bad_grace(name: &str, minutes_max: i64) -> Text {
    Text::new(
        format!("작업 `{name}`의 `grace_min`은 0에서 {minutes_max} 사이여야 합니다"),
        format!("`grace_min` of job `{name}` must lie between 0 and {minutes_max}"),
    )
}
