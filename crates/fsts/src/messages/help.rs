//! Help of the command line: one line per command and argument.

use super::{Lang, Text};

/// Headings of a help page.
pub struct Words {
    /// Before the usage line.
    pub usage: &'static str,
    /// Above the commands.
    pub commands: &'static str,
    /// Above the positional arguments.
    pub arguments: &'static str,
    /// Above the options.
    pub options: &'static str,
}

/// The headings in a language.
pub fn words(lang: Lang) -> Words {
    match lang {
        Lang::Ko => Words { usage: "사용법:", commands: "명령", arguments: "인자", options: "옵션" },
        Lang::En => Words { usage: "Usage:", commands: "Commands", arguments: "Arguments", options: "Options" },
    }
}

/// What a command does; the empty path is the program.
pub fn command(path: &str) -> Text {
    find(COMMANDS, path).unwrap_or_else(|| Text::new("", ""))
}

/// What an argument of a command means.
pub fn argument(path: &str, id: &str) -> Text {
    let own = find(ARGUMENTS, &format!("{path}.{id}"));
    own.or_else(|| find(ARGUMENTS, &format!("*.{id}"))).unwrap_or_else(|| Text::new("", ""))
}

fn find(table: &[(&str, &str, &str)], key: &str) -> Option<Text> {
    table.iter().find(|row| row.0 == key).map(|row| Text::new(row.1, row.2))
}

const COMMANDS: &[(&str, &str, &str)] = &[
    (
        "",
        "한국 주식 자동매매: 백테스트, 모의투자, 실전을 한 엔진으로",
        "Automated trading of Korean stocks: one engine for backtest, paper and live",
    ),
    ("run", "설정된 계좌로 매매합니다. Ctrl-C로 멈춥니다", "Trade the configured account until Ctrl-C"),
    (
        "demo",
        "에뮬레이터, 엔진, 화면을 한꺼번에 띄웁니다. 계좌가 필요 없습니다",
        "Start emulator, engine and dashboard; no account needed",
    ),
    ("backtest", "저장된 봉으로 전략을 시험합니다", "Run a strategy over stored bars"),
    (
        "replay",
        "기록된 하루를 다시 돌려 같은 판단이 나오는지 봅니다",
        "Fold a recorded day again and compare its decisions",
    ),
    ("emulate", "증권사 에뮬레이터(REST, WebSocket)를 띄웁니다", "Start the broker emulator (REST and WebSocket)"),
    (
        "reconcile",
        "장부와 증권사를 견주어 차이를 보여 줍니다",
        "Compare the books with the broker and print the differences",
    ),
    (
        "doctor",
        "시계, 디스크, 데이터베이스, 증권사 연결을 점검합니다. 주문은 내지 않습니다",
        "Check clock, disk, database and broker; places no order",
    ),
    (
        "healthcheck",
        "돌고 있는 프로그램이 응답하는지 봅니다 (컨테이너, 감시용)",
        "See whether the running program answers, for containers and timers",
    ),
    ("config", "설정", "Settings"),
    (
        "config check",
        "설정을 확인하고, 어느 값이 어디에서 왔는지 보여 줍니다",
        "Check the settings and show which value applies and where it comes from",
    ),
    ("discord", "디스코드", "Discord"),
    (
        "discord register",
        "슬래시 명령을 디스코드에 등록합니다 (DISCORD_APPLICATION_ID, DISCORD_BOT_TOKEN)",
        "Register the slash commands with Discord (DISCORD_APPLICATION_ID, DISCORD_BOT_TOKEN)",
    ),
    ("simulate", "시뮬레이션 작업", "Simulation jobs"),
    (
        "simulate run",
        "시뮬레이션을 요청합니다. 서버가 돌고 있지 않으면 이 명령이 직접 돌립니다",
        "Ask for a simulation; without a running server the command runs it itself",
    ),
    ("simulate list", "시뮬레이션 목록을 보여 줍니다", "List simulations, newest first"),
    ("simulate show", "시뮬레이션 하나와 그 결과를 보여 줍니다", "Show a simulation and its result"),
    ("simulate export", "결과를 CSV나 JSON으로 내보냅니다", "Write a result as CSV or JSON"),
    ("simulate cancel", "기다리거나 도는 시뮬레이션을 취소합니다", "End a simulation that waits or runs"),
    ("bots", "돌고 있는 프로그램의 봇", "Bots of the running program"),
    ("bots list", "봇과 그 상태를 보여 줍니다", "Show the bots and what they are doing"),
    ("bots start", "봇이 진입하고 청산합니다", "Let a bot enter and exit"),
    ("bots pause", "봇의 새 진입만 멈춥니다", "Stop a bot's new entries; its exits go on"),
    (
        "bots stop",
        "봇을 멈추고 미체결 주문을 취소합니다. 보유분은 그대로입니다",
        "Stop a bot and cancel its working orders; what it holds stays",
    ),
    ("jobs", "예약 작업", "Scheduled jobs"),
    ("jobs list", "예약 작업과 다음·마지막 실행을 보여 줍니다", "Show the jobs with their next and last runs"),
    ("jobs run", "작업을 지금 한 번 실행합니다 (돌고 있는 프로그램에서)", "Run a job once now, in the running program"),
    ("jobs history", "작업의 지난 실행을 보여 줍니다", "Show the past runs of a job"),
    ("jobs enable", "작업을 예약대로 실행하게 합니다", "Let a job run by its schedule"),
    ("jobs disable", "작업을 예약대로 실행하지 않게 합니다", "Stop running a job by its schedule"),
    (
        "mcp",
        "실행 중인 fsts의 도구를 표준 입출력으로 다른 프로그램의 언어 모델에 제공합니다 (MCP)",
        "Offer the running program's tools to another program's model over standard input and output (MCP)",
    ),
    ("data", "저장된 봉(데이터 레이크)", "Stored bars (the data lake)"),
    (
        "data import",
        "봉 파일이나 폴더를 레이크에 넣습니다. 같은 봉을 다시 넣어도 바뀌지 않습니다",
        "Put a file or folder of bars into the lake; the same bars again change nothing",
    ),
    ("data catalog", "레이크에 무엇이 있는지 보여 줍니다", "Show what the lake holds"),
    ("data gaps", "빠진 거래일을 보여 줍니다", "Show missing trading days"),
    (
        "data collect",
        "증권사에서 아직 없는 봉을 받아 레이크에 넣습니다. 끊기면 다음에 이어 받습니다",
        "Fetch bars that are not there yet from the broker; a cut run goes on where it ended",
    ),
    (
        "data query",
        "레이크에 SQL로 묻습니다. 표: daily, minute, catalog",
        "Ask the lake by SQL; tables: daily, minute, catalog",
    ),
    ("backup", "데이터베이스와 데이터의 백업", "Backups of database and data"),
    (
        "backup create",
        "지금 백업합니다. 프로그램이 돌고 있어도 됩니다",
        "Make a backup now; a running program may go on",
    ),
    ("backup list", "백업을 새것부터 보여 줍니다", "Show the backups, newest first"),
    ("backup verify", "백업을 되읽어 온전한지 증명합니다", "Read a backup back and prove that it is sound"),
    (
        "backup restore",
        "백업을 빈 데이터 폴더와 빈 데이터베이스에 복원합니다",
        "Put a backup back into an empty data folder and an empty database",
    ),
    ("bench", "기준 작업량의 속도를 재고 답을 견줍니다", "Time a benchmark workload and show its answer"),
];

const ARGUMENTS: &[(&str, &str, &str)] = &[
    (
        "healthcheck.ready",
        "주문을 낼 수 있는 상태인지까지 봅니다",
        "ask whether orders may leave, not only whether it lives",
    ),
    ("data import.path", "봉 파일이나 폴더 (csv, csv.gz, parquet)", "file or folder of bars (csv, csv.gz, parquet)"),
    (
        "data import.layout",
        "파일에 있어야 할 봉: auto, daily, minute. 기본: auto",
        "the bars that must be in it: auto, daily, minute; default: auto",
    ),
    (
        "data import.columns",
        "이름이 다른 열, 예: close=Last,date=Day",
        "columns of other names, e.g. close=Last,date=Day",
    ),
    ("data import.source", "출처 이름. 기본: 파일 이름", "name of the source; default: the file's"),
    (
        "data import.on_conflict",
        "레이크의 봉과 다를 때: refuse(저장 안 함), keep(레이크의 것), replace(새것). 기본: refuse",
        "when stored bars differ: refuse, keep (the lake's), replace (by the new); default: refuse",
    ),
    (
        "data import.price_kind",
        "가격 종류를 직접 지정합니다 (traded, adjusted)",
        "say the kind of prices (traded, adjusted)",
    ),
    ("data collect.symbols", "종목코드나 simulations.sets의 묶음", "symbols or sets of simulations.sets"),
    ("data collect.from", "첫날 (YYYY-MM-DD)", "first day (YYYY-MM-DD)"),
    (
        "data collect.to",
        "마지막 날 (YYYY-MM-DD). 기본: 끝난 마지막 거래일",
        "last day (YYYY-MM-DD); default: the last ended one",
    ),
    ("data collect.interval", "day 또는 minute. 기본: day", "day or minute; default: day"),
    (
        "data query.sql",
        "SELECT, WITH, VALUES로 시작하는 문장 하나",
        "one statement that begins with SELECT, WITH or VALUES",
    ),
    ("data query.limit", "답의 최대 행 수. 기본: 1000", "most rows of the answer; default: 1000"),
    ("data query.csv", "CSV로 씁니다", "write CSV"),
    ("*.symbols", "이 종목들만", "only these symbols"),
    ("*.from", "첫날 (YYYY-MM-DD)", "first day (YYYY-MM-DD)"),
    ("*.to", "마지막 날 (YYYY-MM-DD)", "last day (YYYY-MM-DD)"),
    ("*.interval", "봉의 길이 (day, minute)", "length of the bars (day, minute)"),
    ("*.price_kind", "가격 종류 (traded, adjusted)", "kind of prices (traded, adjusted)"),
    (
        "backtest.interval",
        "레이크의 봉 길이 (day, minute). 기본: day",
        "length of the lake's bars (day, minute); default: day",
    ),
    (
        "*.target",
        "백업을 둔 곳: 폴더 또는 s3://버킷/접두어. 기본: 설정의 backup.target",
        "place of the backups: a folder or s3://BUCKET/PREFIX; default: backup.target of the settings",
    ),
    ("backup verify.id", "백업 이름. 기본: 가장 새것", "name of the backup; default: the newest"),
    ("backup restore.id", "백업 이름. 기본: 가장 새것", "name of the backup; default: the newest"),
    (
        "backup restore.force",
        "비어 있지 않으면 있던 것을 옆으로 옮기고 복원합니다. 지우지 않습니다",
        "put what is in the way aside and restore; nothing is deleted",
    ),
    ("jobs run.name", "작업 이름", "name of the job"),
    ("jobs history.name", "작업 이름", "name of the job"),
    ("jobs enable.name", "작업 이름", "name of the job"),
    ("jobs disable.name", "작업 이름", "name of the job"),
    ("jobs history.limit", "보여 줄 실행의 수. 기본: 20", "runs to show; default: 20"),
    ("*.lang", "표시할 언어 (ko, en)", "language of texts (ko, en)"),
    ("*.json", "표준 출력에 JSON만 씁니다", "write nothing but JSON to standard output"),
    ("*.help", "도움말", "show this help"),
    ("*.version", "판 번호", "show the version"),
    (
        "*.config",
        "설정 파일. 기본: ./fsts.toml이 있으면 그 파일",
        "settings file; default: ./fsts.toml where it exists",
    ),
    ("*.account", "설정에 적은 계좌 이름. 기본: 첫 계좌", "name of an account in the settings; default: the first"),
    (
        "run.arm_live",
        "실전 매매를 시작하려면 계좌번호 앞 8자리의 끝 네 자리. 계좌가 여럿이면 쉼표로 모두",
        "last four of the account's first eight digits, to begin live trading; of each account, with commas",
    ),
    (
        "demo.data",
        "만들어 낸 시장 대신 되돌릴 봉의 폴더 (csv, csv.gz, parquet)",
        "folder of bars to replay in place of a generated market (csv, csv.gz, parquet)",
    ),
    ("demo.fresh", "지난 데모를 잊습니다", "forget what the last demo did"),
    ("demo.speed", "시계 배속", "market seconds per real second"),
    ("demo.seed", "만들어 낼 시장의 씨앗값", "seed of the generated market"),
    ("demo.listen", "서버 주소", "address of the server"),
    ("demo.data_dir", "데모의 파일을 둘 폴더", "folder for the demo's files"),
    (
        "backtest.strategy",
        "전략 이름: sma_cross, rsi_reversion, rsi_bollinger",
        "strategy: sma_cross, rsi_reversion, rsi_bollinger",
    ),
    ("backtest.symbols", "종목코드들. 기본: 데이터에 있는 모든 종목", "symbols; default: all in the data"),
    ("backtest.from", "첫날 (YYYY-MM-DD). 기본: 데이터의 첫날", "first day (YYYY-MM-DD); default: the data's first"),
    (
        "backtest.to",
        "마지막 날 (YYYY-MM-DD). 기본: 데이터의 마지막 날",
        "last day (YYYY-MM-DD); default: the data's last",
    ),
    ("backtest.cash", "시작 현금(원). 기본: 10000000", "cash at the start, won; default: 10000000"),
    (
        "backtest.data",
        "봉 파일이나 폴더 (csv, csv.gz, parquet), 또는 lake. 기본: 종목이 레이크에 있으면 lake",
        "file or folder of bars (csv, csv.gz, parquet), or lake; default: lake when it has the symbols",
    ),
    (
        "backtest.rules",
        "krx는 거래소 규칙, ideal은 호가단위와 가격제한 없이. 기본: 실제 체결가면 krx, 수정주가면 ideal",
        "krx: the exchange's rules, ideal: no grid and no limits; default: krx for traded prices, ideal for adjusted ones",
    ),
    (
        "backtest.price_kind",
        "가격 종류를 직접 지정합니다 (traded, adjusted)",
        "say the kind of prices (traded, adjusted)",
    ),
    (
        "backtest.size",
        "진입 크기: shares:10, won:1000000, equity:5(%). 기본: equity:5",
        "size of an entry: shares:10, won:1000000, equity:5 (%); default: equity:5",
    ),
    (
        "backtest.style",
        "주문 방식: market, limit:호가수. 기본: krx는 limit:10, ideal은 market",
        "order style: market, limit:TICKS; default: limit:10 under krx, market under ideal",
    ),
    ("backtest.params", "전략의 매개변수. 여러 번 쓸 수 있습니다", "parameter of the strategy; may be repeated"),
    (
        "backtest.stop_loss",
        "손절 비율(%). 0이면 끕니다. 기본: 전략의 값",
        "stop-loss, per cent; 0 switches it off; default: the strategy's own",
    ),
    (
        "backtest.take_profit",
        "익절 비율(%). 0이면 끕니다. 기본: 전략의 값",
        "take-profit, per cent; 0 switches it off; default: the strategy's own",
    ),
    (
        "backtest.threads",
        "파일을 읽는 스레드 수. 0은 코어 수. 결과는 같습니다",
        "threads that read files; 0: one a core; the result is the same",
    ),
    ("backtest.decisions", "판단 하나에 한 줄씩 쓸 파일 (NDJSON)", "file for one line per decision (NDJSON)"),
    ("backtest.fills", "체결을 쓸 파일 (CSV)", "file for the fills (CSV)"),
    ("*.server", "서버 주소. 기본: 설정의 listen", "address of the server; default: `listen` of the settings"),
    (
        "simulate run.strategy",
        "전략 이름: sma_cross, rsi_reversion, rsi_bollinger",
        "strategy: sma_cross, rsi_reversion, rsi_bollinger",
    ),
    ("simulate run.symbols", "종목코드나 종목 묶음. 기본: all(모두)", "symbols or names of sets; default: all"),
    ("simulate run.from", "첫날 (YYYY-MM-DD)", "first day (YYYY-MM-DD)"),
    ("simulate run.to", "마지막 날 (YYYY-MM-DD)", "last day (YYYY-MM-DD)"),
    ("simulate run.cash", "시작 현금(원). 기본: 10000000", "cash at the start, won; default: 10000000"),
    (
        "simulate run.data",
        "봉 파일이나 폴더, 또는 lake. 주면 서버 없이 직접 돌립니다",
        "file or folder of bars, or lake; the command then runs without a server",
    ),
    ("simulate run.rules", "krx 또는 ideal", "krx or ideal"),
    ("simulate run.price_kind", "가격 종류 (traded, adjusted)", "kind of prices (traded, adjusted)"),
    (
        "simulate run.size",
        "진입 크기: won:1000000, equity:5(%), shares:10",
        "size of an entry: won:1000000, equity:5 (%), shares:10",
    ),
    ("simulate run.style", "주문 방식: market, limit:호가수", "order style: market, limit:TICKS"),
    ("simulate run.params", "전략의 매개변수. 여러 번 쓸 수 있습니다", "parameter of the strategy; may be repeated"),
    ("simulate run.stop_loss", "손절 비율(%). 0이면 끕니다", "stop-loss, per cent; 0 switches it off"),
    ("simulate run.take_profit", "익절 비율(%). 0이면 끕니다", "take-profit, per cent; 0 switches it off"),
    (
        "simulate run.trailing",
        "이익이 이 비율(%)에 이르면 최고 종가를 따라가다가, 그만큼 떨어지면 팝니다",
        "once the gain has reached this per cent, sell that far below the highest close",
    ),
    (
        "simulate run.add_beyond",
        "매수 신호가 다시 나오고 종가가 평균 단가에서 이 비율(%)보다 멀면 더 삽니다. 기본: 더 사지 않음",
        "buy more at a further buy signal this per cent away from the mean cost; default: never",
    ),
    ("simulate run.interval", "봉의 길이 (day, week, month, minute)", "length of a bar (day, week, month, minute)"),
    ("simulate run.wait", "끝날 때까지 기다렸다가 결과를 보여 줍니다", "wait for the end and show the result"),
    ("simulate list.limit", "줄 수. 기본: 20", "rows; default: 20"),
    ("simulate show.id", "시뮬레이션 번호", "the simulation's id"),
    ("simulate cancel.id", "시뮬레이션 번호", "the simulation's id"),
    ("simulate export.id", "시뮬레이션 번호", "the simulation's id"),
    ("simulate export.format", "csv 또는 json. 기본: json", "csv or json; default: json"),
    (
        "simulate export.part",
        "CSV의 표: fills, days, equity. 기본: fills",
        "table of the CSV: fills, days, equity; default: fills",
    ),
    ("simulate export.out", "쓸 파일. 기본: 표준 출력", "file to write; default: standard output"),
    ("replay.day", "날짜 (YYYY-MM-DD)", "day (YYYY-MM-DD)"),
    (
        "emulate.clock",
        "시계: real, accelerated, stepped. 기본: accelerated",
        "clock: real, accelerated, stepped; default: accelerated",
    ),
    ("emulate.speed", "accelerated의 배속. 기본: 60", "market seconds per real second when accelerated; default: 60"),
    ("emulate.start_date", "시작 날짜 (YYYY-MM-DD)", "first market day (YYYY-MM-DD)"),
    ("emulate.session", "krx 또는 always-open. 기본: krx", "krx or always-open; default: krx"),
    ("emulate.seed", "시장의 씨앗값. 기본: 1", "seed of the market; default: 1"),
    ("emulate.env", "흉내 낼 환경: real, mock. 기본: mock", "environment to play: real, mock; default: mock"),
    ("emulate.listen", "REST 주소(루프백). 기본: 빈 포트", "REST address (loopback); default: a free port"),
    (
        "emulate.listen_ws",
        "WebSocket 주소(루프백). 기본: 빈 포트",
        "WebSocket address (loopback); default: a free port",
    ),
    ("emulate.cash", "계좌의 시작 현금(원). 기본: 100000000", "opening cash of the account, won; default: 100000000"),
    (
        "emulate.rps",
        "초당 REST 호출 한도. 0은 한도 없음. 기본: 그 환경의 한도",
        "REST calls a second; 0: no limit; default: the environment's",
    ),
    ("emulate.jitter_ms", "체결 통보 지연(밀리초, 예: 0-300)", "delay of notices, milliseconds, e.g. 0-300"),
    (
        "emulate.partial_fills",
        "되돌리는 시장에서 체결 수량만큼만 체결합니다",
        "when replaying, a print fills no more than it carried",
    ),
    ("emulate.account", "계좌번호 8+2자리. 기본: 5000000101", "account number, 8 + 2 digits; default: 5000000101"),
    (
        "emulate.symbols",
        "되돌릴 종목코드들. 기본: 데이터에 있는 모든 종목",
        "symbols to replay; default: all in the data",
    ),
    ("emulate.data", "되돌릴 봉 파일이나 폴더", "file or folder of bars to replay"),
    ("emulate.data_dir", "계좌, 주문, 시각을 남길 폴더", "folder where accounts, orders and time are kept"),
    ("emulate.fresh", "남긴 것을 잊습니다", "forget what the folder keeps"),
    ("*.server", "서버 주소. 기본: 설정의 listen", "address of the server; default: listen of the settings"),
    ("*.id", "봇 이름", "name of the bot"),
    ("bench.workload", "w2(이동평균 교차) 또는 w7(RSI·볼린저)", "w2 (moving-average cross) or w7 (RSI and Bollinger)"),
    ("bench.bars", "쓸 봉의 수. 기본: 모두", "bars to use; default: all"),
    ("bench.data", "기준 데이터 파일 (.bin)", "benchmark data file (.bin)"),
    (
        "bench.runs",
        "재는 횟수. 한 번은 먼저 재지 않고 돕니다. 기본: 5",
        "timed runs, after one that is not timed; default: 5",
    ),
    (
        "bench.cash",
        "시작 현금(원). 기본: 100000000, --panel이면 10000000000",
        "cash at the start, won; default: 100000000, with --panel 10000000000",
    ),
    ("bench.panel", "파일에 든 종목 수", "how many series the file holds"),
];
