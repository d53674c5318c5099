//! Sentences about settings. They name the key and never show a value that could be a secret.

use super::Text;
use crate::settings::Origin;

/// The file can't be opened.
pub fn unreadable(file: &str, error: &std::io::Error) -> Text {
    Text::new(
        format!("설정 파일 {file}을(를) 읽을 수 없습니다: {error}"),
        format!("the settings file {file} can't be read: {error}"),
    )
}

/// The file is no TOML.
pub fn not_toml(file: &str, line: u32) -> Text {
    Text::new(
        format!("설정 파일 {file}의 {line}번째 줄이 TOML 형식이 아닙니다"),
        format!("the settings file {file} is no TOML at line {line}"),
    )
}

/// Group or others may read a file with secrets.
pub fn others_may_read(file: &str) -> Text {
    Text::new(
        format!("{file}에 비밀값이 있는데 다른 사용자가 읽을 수 있습니다. `chmod 600 {file}`을 실행하십시오"),
        format!("{file} holds secrets and others may read it; run `chmod 600 {file}`"),
    )
}

/// A key that nobody knows.
pub fn unknown_key(place_en: &str, place_ko: &str, key: &str) -> Text {
    Text::new(
        format!("{place_ko}의 `{key}` 설정을 모릅니다. fsts.example.toml에 모든 설정이 있습니다"),
        format!("there is no setting `{key}`, found in {place_en}; fsts.example.toml lists them all"),
    )
}

/// A word outside a short list.
pub fn not_among(key: &str, known: &str) -> Text {
    Text::new(
        format!("`{key}` 설정은 다음 가운데 하나여야 합니다: {known}"),
        format!("`{key}` must be one of: {known}"),
    )
}

/// A key that has no default.
pub fn missing(key: &str) -> Text {
    Text::new(format!("`{key}` 설정이 빠졌습니다"), format!("the setting `{key}` is missing"))
}

/// A text where a number belongs, and the like; `expected` is serde's word.
pub fn wrong_form(key: &str, expected: &str) -> Text {
    let (ko, en) = match expected {
        e if e.contains("i64") || e.contains("u32") || e.contains("i32") => ("정수", "a whole number"),
        e if e.contains("f64") => ("수", "a number"),
        e if e.contains("bool") => ("true나 false", "true or false"),
        e if e.contains("string") || e.contains("path") => ("문자열", "text"),
        e if e.contains("sequence") => ("목록", "a list"),
        _ => ("fsts.example.toml과 같은 형식", "written as in fsts.example.toml"),
    };
    Text::new(format!("`{key}` 설정의 형식이 다릅니다. {ko}이어야 합니다"), format!("`{key}` must be {en}"))
}

/// A name that an address can't carry.
pub fn account_name(name: &str, most: usize) -> Text {
    Text::new(
        format!("계좌 이름 `{name}`을(를) 쓸 수 없습니다. 소문자, 숫자, -로 {most}자까지입니다"),
        format!("an account can't be called `{name}`: 1 to {most} of a-z, 0-9 and -"),
    )
}

/// Two accounts of one name.
pub fn account_twice(name: &str) -> Text {
    Text::new(
        format!("계좌 `{name}`이(가) 두 번 있습니다 (`main`은 [kis]의 계좌입니다)"),
        format!("the account `{name}` is given twice (`main` is that of [kis])"),
    )
}

/// Two accounts of one number.
pub fn account_number_twice(name: &str) -> Text {
    Text::new(
        format!("계좌 `{name}`의 계좌번호를 다른 계좌도 쓰고 있습니다"),
        format!("another account has the account number of `{name}`"),
    )
}

/// Two accounts with one app key.
pub fn account_key_twice(name: &str) -> Text {
    Text::new(
        format!(
            "계좌 `{name}`의 app key를 다른 계좌도 쓰고 있습니다. 증권사는 app key마다 실시간 연결을 하나만 허용합니다"
        ),
        format!("another account has the app key of `{name}`: the broker gives an app key one stream"),
    )
}

/// More accounts than a process carries.
pub fn too_many_accounts(most: usize) -> Text {
    Text::new(format!("계좌는 {most}개까지입니다"), format!("there may be {most} accounts"))
}

/// A ranking that nobody would use.
pub fn bot_rank_on_minutes(bot: &str) -> Text {
    Text::new(
        format!("봇 `{bot}`의 rank와 top은 interval = \"day\"인 봇에만 씁니다"),
        format!("`rank` and `top` of bot `{bot}` are for bots with interval = \"day\""),
    )
}

/// A bot of an account that isn't there.
pub fn bot_account(bot: &str, account: &str) -> Text {
    Text::new(
        format!("봇 `{bot}`의 계좌 `{account}`이(가) 설정에 없습니다"),
        format!("bot `{bot}` trades the account `{account}`, which the settings don't name"),
    )
}

/// The listening address.
pub fn listen() -> Text {
    Text::new(
        "`listen` 설정은 루프백 주소와 포트여야 합니다 (예: 127.0.0.1:8080)",
        "`listen` must be a loopback address with a port, e.g. 127.0.0.1:8080",
    )
}

/// A log level that means nothing.
pub fn log_level() -> Text {
    Text::new(
        "`log.level` 설정은 error, warn, info, debug, trace 가운데 하나이거나 모듈별 목록(info,fsts=debug)이어야 합니다",
        "`log.level` must be error, warn, info, debug or trace, or a list by module such as info,fsts=debug",
    )
}

/// More log files than days anybody looks back.
pub fn log_keep(most: u32) -> Text {
    Text::new(format!("`log.keep`은 0부터 {most}까지여야 합니다"), format!("`log.keep` must be from 0 to {most}"))
}

/// The clock's address.
pub fn clock() -> Text {
    Text::new(
        "`clock` 설정은 system이거나 루프백의 시계 주소(http://127.0.0.1:포트/_emulator/clock)여야 합니다",
        "`clock` must be system or a clock on loopback (http://127.0.0.1:PORT/_emulator/clock)",
    )
}

/// A short token.
pub fn api_token(chars_min: usize) -> Text {
    Text::new(
        format!("`api_token` 설정은 {chars_min}자 이상이어야 합니다"),
        format!("`api_token` must have at least {chars_min} characters"),
    )
}

/// A base address.
pub fn endpoint(setting: &str) -> Text {
    Text::new(
        format!("{setting} 주소를 쓸 수 없습니다. https(스트림은 wss)여야 하고, http와 ws는 루프백에만 됩니다"),
        format!("{setting} can't be used: it must be https (wss for the stream); http and ws are for loopback only"),
    )
}

/// One address on loopback and one not.
pub fn half_loopback() -> Text {
    Text::new(
        "`kis.rest_url`과 `kis.ws_url`은 둘 다 루프백이거나 둘 다 아니어야 합니다",
        "`kis.rest_url` and `kis.ws_url` must both be on loopback, or neither",
    )
}

/// Paper with real money.
pub fn paper_with_real() -> Text {
    Text::new(
        "`mode`가 paper이면 `kis.env`는 mock이거나 주소가 에뮬레이터(루프백)여야 합니다",
        "with `mode` paper, `kis.env` must be mock or the addresses an emulator on loopback",
    )
}

/// Live with play money.
pub fn live_with_mock() -> Text {
    Text::new("`mode`가 live이면 `kis.env`는 real이어야 합니다", "with `mode` live, `kis.env` must be real")
}

/// Live trading on play hours or play time.
pub fn live_with_emulated_time() -> Text {
    Text::new(
        "`mode`가 live이면 `clock`은 system, `session_calendar`는 krx여야 합니다",
        "with `mode` live, `clock` must be system and `session_calendar` krx",
    )
}

/// Host and environment belong to different worlds.
pub fn foreign_host() -> Text {
    Text::new(
        "`kis.rest_url`은 `kis.env`와 다른 환경의 주소입니다",
        "`kis.rest_url` is the host of the other `kis.env`",
    )
}

/// The account number.
pub fn account() -> Text {
    Text::new(
        "`kis.account` 설정은 계좌번호 8+2자리여야 합니다 (예: 12345678-01)",
        "`kis.account` must have 8 + 2 digits, e.g. 12345678-01",
    )
}

/// The account number in the place of the login id.
pub fn hts_id() -> Text {
    Text::new(
        "`kis.hts_id` 설정은 계좌번호가 아니라 HTS 로그인 아이디여야 합니다",
        "`kis.hts_id` must be the HTS login id, not an account number",
    )
}

/// A number that must be positive.
pub fn not_positive(key: &str) -> Text {
    Text::new(format!("`{key}` 설정은 1 이상이어야 합니다"), format!("`{key}` must be 1 or more"))
}

/// A bot's name.
pub fn bot_id(id: &str) -> Text {
    Text::new(
        format!("봇 이름 `{id}`은(는) 영문, 숫자, -, _로 1~15자여야 하고 manual은 쓸 수 없습니다"),
        format!("the bot name `{id}` must be 1 to 15 of a-z, A-Z, 0-9, - and _, and not `manual`"),
    )
}

/// Two bots of one name.
pub fn bot_twice(id: &str) -> Text {
    Text::new(format!("봇 이름 `{id}`이(가) 두 번 나옵니다"), format!("the bot name `{id}` is given twice"))
}

/// A bot without symbols.
pub fn bot_without_symbols(id: &str) -> Text {
    Text::new(format!("봇 `{id}`에 종목이 없습니다"), format!("the bot `{id}` has no symbols"))
}

/// A malformed or repeated code.
pub fn bot_symbol(id: &str, symbol: &str) -> Text {
    Text::new(
        format!("봇 `{id}`: `{symbol}`은(는) 종목코드(영문 대문자·숫자 6자리)가 아니거나 두 번 나옵니다"),
        format!("bot `{id}`: `{symbol}` is not a symbol (six capital letters or digits), or is given twice"),
    )
}

/// A size that buys nothing.
pub fn bot_sizing(id: &str) -> Text {
    Text::new(
        format!("봇 `{id}`: `sizing`은 1주, 1원 이상이거나 0 초과 100 이하의 백분율이어야 합니다"),
        format!("bot `{id}`: `sizing` must be at least 1 share or 1 won, or a percentage above 0 and at most 100"),
    )
}

/// A collar outside its range.
pub fn bot_style(id: &str, ticks_max: i32) -> Text {
    Text::new(
        format!("봇 `{id}`: `collar_ticks`는 0에서 {ticks_max} 사이여야 합니다"),
        format!("bot `{id}`: `collar_ticks` must lie between 0 and {ticks_max}"),
    )
}

/// What a bot's strategy has against its settings.
pub fn bot_strategy(id: &str, why: &Text) -> Text {
    Text::new(format!("봇 `{id}`: {}", why.ko), format!("bot `{id}`: {}", why.en))
}

/// A strategy's objections.
pub fn strategy(error: &fsts_strategies::StrategyError) -> Text {
    use fsts_strategies::StrategyError as E;
    let ko = match error {
        E::UnknownStrategy { id, known } => format!("`{id}` 전략은 없습니다. 있는 전략: {known}"),
        E::UnknownParameter { strategy, name, known } if known.is_empty() => {
            format!("`{strategy}` 전략에는 `{name}` 매개변수가 없습니다")
        }
        E::UnknownParameter { strategy, name, known } => {
            format!("`{strategy}` 전략에는 `{name}` 매개변수가 없습니다. 있는 것: {known}")
        }
        E::OutOfRange { name, min, max, value } => {
            format!("`{name}`은(는) {min}에서 {max} 사이여야 하는데 {value}입니다")
        }
        E::FastNotFaster { fast, slow } => format!("짧은 평균({fast})은 긴 평균({slow})보다 짧아야 합니다"),
    };
    Text::new(ko, error.to_string())
}

/// A setting that a command needs.
pub fn needed(key: &str, variable: &str) -> Text {
    Text::new(
        format!("`{key}` 설정이 필요합니다. 환경 변수 {variable}(으)로 줄 수 있습니다"),
        format!("the setting `{key}` is needed; the environment variable {variable} can give it"),
    )
}

/// A word in a set of symbols that is no code.
pub fn set_symbol(set: &str, code: &str) -> Text {
    Text::new(
        format!("simulations.sets.{set}: `{code}`은(는) 종목코드가 아닙니다"),
        format!("simulations.sets.{set}: `{code}` is not a symbol"),
    )
}

/// `lake.url` is neither.
pub fn lake_url() -> Text {
    Text::new(
        "`lake.url`은 폴더이거나 s3://버킷/접두어여야 합니다",
        "`lake.url` must be a folder or s3://bucket/prefix",
    )
}

/// A word in `lake.collect` that is no symbol.
pub fn lake_symbol(word: &str) -> Text {
    Text::new(
        format!("lake.collect: `{word}`은(는) 종목코드도 simulations.sets의 묶음도 아닙니다"),
        format!("lake.collect: `{word}` is neither a symbol nor a set of simulations.sets"),
    )
}

/// `simulations.workers` outside its range.
pub fn simulation_workers(most: u32) -> Text {
    Text::new(
        format!("`simulations.workers`는 1부터 {most}까지여야 합니다"),
        format!("`simulations.workers` must be from 1 to {most}"),
    )
}

/// A secret that is there.
pub fn set() -> Text {
    Text::new("설정됨", "set")
}

/// A setting that is not there.
pub fn not_set() -> Text {
    Text::new("없음", "not set")
}

/// Where a value comes from.
pub fn origin(origin: &Origin) -> Text {
    match origin {
        Origin::Default => Text::new("기본값", "default"),
        Origin::File(name) => Text::new(name, name),
        Origin::Variable(name) => Text::new(format!("환경 변수 {name}"), format!("environment {name}")),
        Origin::DotEnv(name) => Text::new(format!(".env {name}"), format!(".env {name}")),
    }
}

/// Nothing is wrong.
pub fn fine() -> Text {
    Text::new("설정에 잘못이 없습니다", "the settings are fine")
}

/// A Discord variable that can't be read.
pub fn discord(name: &str) -> Text {
    Text::new(format!("{name} 값을 읽을 수 없습니다"), format!("{name} can't be read"))
}

/// The service does not take the commands.
pub fn discord_refused(reason: &str) -> Text {
    Text::new(
        format!("디스코드가 명령 등록을 받지 않았습니다: {reason}"),
        format!("Discord did not take the commands: {reason}"),
    )
}

/// The service has the commands.
pub fn discord_registered(count: usize) -> Text {
    Text::new(format!("슬래시 명령 {count}개를 등록했습니다"), format!("registered {count} slash commands"))
}
