//! Sentences of `run`, `demo`, `doctor`, `reconcile` and `replay`.

use super::Text;

/// The database failed.
pub fn database(reason: &str) -> Text {
    Text::new(format!("데이터베이스를 사용할 수 없습니다: {reason}"), format!("the database can't be used: {reason}"))
}

/// The journal does not verify.
pub fn journal_damaged(reason: &str) -> Text {
    Text::new(
        format!("거래 기록(journal) 검증에 실패하여 시작하지 않습니다. `fsts doctor`로 확인하십시오: {reason}"),
        format!("the journal does not verify, so nothing starts on it; see `fsts doctor`: {reason}"),
    )
}

/// Another process trades the account.
pub fn held(holder: &str) -> Text {
    Text::new(
        format!("이 계좌는 이미 다른 프로세스가 거래하고 있습니다: {holder}"),
        format!("this account is already traded by {holder}"),
    )
}

/// The broker said no, or nothing.
pub fn broker(reason: &str) -> Text {
    Text::new(
        format!("한국투자증권 서버에 연결하거나 로그인할 수 없습니다: {reason}"),
        format!("the broker can't be reached or refuses the login: {reason}"),
    )
}

/// The followed clock does not answer.
pub fn clock(reason: &str) -> Text {
    Text::new(
        format!("설정한 시계(FSTS_CLOCK)가 응답하지 않습니다: {reason}"),
        format!("the clock of FSTS_CLOCK does not answer: {reason}"),
    )
}

/// The program's address can't be used.
pub fn server(reason: &str) -> Text {
    Text::new(format!("서버를 열 수 없습니다: {reason}"), format!("the server can't be opened: {reason}"))
}

/// The emulator can't run.
pub fn emulator(reason: &str) -> Text {
    Text::new(format!("에뮬레이터를 시작할 수 없습니다: {reason}"), format!("the emulator can't be started: {reason}"))
}

/// Live trading wants one more step.
pub fn not_armed() -> Text {
    Text::new(
        "실전 거래는 `--arm-live`에 계좌번호 앞 8자리의 끝 네 자리를 넣어야 시작합니다",
        "live trading begins only with `--arm-live` and the last four of the account's first eight digits",
    )
}

/// A bot wants a symbol that is not in the symbol master.
pub fn unknown_symbol(bot: &str, symbol: &str) -> Text {
    Text::new(
        format!("봇 `{bot}`의 종목 {symbol}이(가) 종목 마스터에 없습니다"),
        format!("bot `{bot}` wants {symbol}, which the symbol master does not have"),
    )
}

/// The symbol master can't be read.
pub fn symbol_master(file: &str, reason: &str) -> Text {
    Text::new(
        format!("종목 마스터 {file}을(를) 읽을 수 없습니다: {reason}"),
        format!("the symbol master {file} can't be read: {reason}"),
    )
}

/// Nothing to trade.
pub fn no_symbols() -> Text {
    Text::new(
        "거래할 종목이 없습니다. [[bots]]에 symbols를 넣으십시오",
        "there is no symbol to trade; give a [[bots]] block with symbols",
    )
}

/// Strategies, bots and universe don't fit.
pub fn wrong_bots(reason: &str) -> Text {
    Text::new(format!("봇 설정이 맞지 않습니다: {reason}"), format!("the bots can't run: {reason}"))
}

/// More symbols than one stream carries.
pub fn too_many_symbols(reason: &str) -> Text {
    Text::new(format!("실시간 등록 한도를 넘습니다: {reason}"), format!("too many symbols for one stream: {reason}"))
}

/// The data folder can't be written.
pub fn data_dir(reason: &str) -> Text {
    Text::new(format!("데이터 폴더를 사용할 수 없습니다: {reason}"), format!("the data folder can't be used: {reason}"))
}

/// The engine's thread ended by itself.
pub fn engine_ended() -> Text {
    Text::new(
        "엔진이 스스로 멈췄습니다. 다시 시작하면 기록에서 복구합니다",
        "the engine has ended by itself; start again and it recovers from the journal",
    )
}

/// An account that the settings don't name.
pub fn no_such_account(name: &str) -> Text {
    Text::new(format!("설정에 계좌 `{name}`이(가) 없습니다"), format!("the settings name no account `{name}`"))
}

/// An account stands still while others run.
pub fn account_failed((key, account): (&str, &str), (why_ko, why_en): (&str, &str)) -> Text {
    Text::new(
        format!("🚨 계좌 {key} {account}을(를) 시작하지 못했습니다. 다른 계좌는 계속합니다: {why_ko}"),
        format!("🚨 account {key} {account} could not be started, the others go on: {why_en}"),
    )
}

/// The one line that a run prints.
pub fn running(address: &str, mode: &str) -> Text {
    Text::new(
        format!("{mode} 실행 중: {address}  (Ctrl-C로 종료)"),
        format!("running ({mode}): {address}  (Ctrl-C to stop)"),
    )
}

/// How the first user of the dashboard is made.
pub fn setup_code(code: &str) -> Text {
    Text::new(
        format!("설정 코드: {code}  (화면의 설정에서 첫 사용자를 만들 때 한 번 씁니다)"),
        format!("set-up code: {code}  (used once, on the settings page, to make the first user)"),
    )
}

/// The data of a demo can't be used.
pub fn demo_data(reason: &str) -> Text {
    Text::new(format!("시연 데이터를 읽을 수 없습니다: {reason}"), format!("the demo data can't be used: {reason}"))
}

/// A day that is none.
pub fn bad_day(day: &str) -> Text {
    Text::new(format!("`{day}`은(는) 날짜가 아닙니다 (YYYY-MM-DD)"), format!("`{day}` is not a day (YYYY-MM-DD)"))
}

/// No tape of that day.
pub fn no_tape(day: &str, reason: &str) -> Text {
    Text::new(format!("{day}의 테이프가 없습니다: {reason}"), format!("there is no tape of {day}: {reason}"))
}

/// The tape was recorded under other settings.
pub fn other_plan() -> Text {
    Text::new(
        "테이프가 다른 설정(봇·한도·종목)에서 기록되었습니다. 그때의 설정 파일을 `--config`로 주십시오",
        "the tape was recorded under other settings (bots, limits, symbols); give that settings file with `--config`",
    )
}

/// Lines of the tape are missing or unreadable.
pub fn tape_damaged(line: usize) -> Text {
    Text::new(
        format!("테이프 {line}번째 줄이 손상되었거나 그 앞이 빠져 있어 재현할 수 없습니다"),
        format!("the tape is damaged or incomplete at line {line}, so the day can't be replayed"),
    )
}

/// The replay decided the same.
pub fn replay_same(decisions: usize, intents: usize, unrecorded: usize) -> Text {
    let (mut ko, mut en) = (
        format!("재현 결과가 같습니다: 판단 {decisions}건, 주문 {intents}건"),
        format!("the replay decides the same: {decisions} decisions, {intents} orders"),
    );
    if unrecorded > 0 {
        ko += &format!(" (강제 종료로 기록되지 않은 판단 {unrecorded}건)");
        en += &format!(" ({unrecorded} decisions were not on record when a run was killed)");
    }
    Text::new(ko, en)
}

/// The replay decided otherwise.
pub fn replay_differs(line: usize, recorded: &str, replayed: &str) -> Text {
    Text::new(
        format!("재현 결과가 다릅니다 ({line}번째 판단). 기록: {recorded}  재현: {replayed}"),
        format!("the replay differs at decision {line}: recorded {recorded}, replayed {replayed}"),
    )
}

/// Books and broker agree.
pub fn reconciled(orders: usize, holdings: usize) -> Text {
    Text::new(
        format!("장부와 증권사가 일치합니다: 주문 {orders}건, 보유 {holdings}종목"),
        format!("books and broker agree: {orders} orders, {holdings} holdings"),
    )
}

/// Books and broker differ.
pub fn differs(count: usize) -> Text {
    Text::new(format!("장부와 증권사가 {count}곳에서 다릅니다"), format!("books and broker differ in {count} places"))
}

/// The journal verifies.
pub fn journal_sound(records: u64) -> Text {
    Text::new(format!("거래 기록: {records}건, 검증 완료"), format!("journal: {records} records, verified"))
}

/// The books as they were recovered.
pub fn books(seq: u64, cash: i64, open_orders: usize) -> Text {
    Text::new(
        format!("장부: 기록 {seq}번까지, 예수금 {cash}원, 미체결 주문 {open_orders}건"),
        format!("books: up to record {seq}, cash {cash} won, {open_orders} open orders"),
    )
}

/// Whether the market opens today.
pub fn trading_day(day: &str, open: bool) -> Text {
    let (ko, en) = if open { ("거래일", "the market opens") } else { ("휴장일", "the market is closed") };
    Text::new(format!("달력: {day} {ko}"), format!("calendar: {day}, {en}"))
}

/// The account as the broker has it.
pub fn account(cash: i64, holdings: usize) -> Text {
    Text::new(
        format!("증권사 계좌: 예수금 {cash}원, 보유 {holdings}종목"),
        format!("broker account: cash {cash} won, {holdings} holdings"),
    )
}

/// A finding of `doctor`.
pub fn check(name_ko: &str, name_en: &str, found: &str) -> Text {
    Text::new(format!("{name_ko}: {found}"), format!("{name_en}: {found}"))
}

/// The running program answers.
pub fn healthy(url: &str) -> Text {
    Text::new(format!("정상입니다: {url}"), format!("well: {url}"))
}

/// It answers, and says no.
pub fn unhealthy(url: &str, status: u16) -> Text {
    Text::new(format!("정상이 아닙니다: {url} 응답 {status}"), format!("not well: {url} answers {status}"))
}
