//! Sentences of `fsts emulate`.

use fsts_kis_emulator::EmulatorError;
use serde_json::Value;

use super::Text;

/// It listens.
pub fn started(rest: &str, ws: &str) -> Text {
    Text::new(
        format!("에뮬레이터: REST {rest} · WebSocket {ws} (Ctrl-C로 멈춤)"),
        format!("emulator: REST {rest} · WebSocket {ws} (Ctrl-C stops it)"),
    )
}

/// Lines for `fsts.toml`, the same in both languages.
pub fn settings_for(started: &Value) -> String {
    let text = |key: &str| started.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let pair = |name: &str, key: &str| format!("{name} = \"{}\"", text(key));
    [
        pair("clock", "clock"),
        "[kis]".to_owned(),
        pair("env", "env"),
        pair("rest_url", "rest"),
        pair("ws_url", "ws"),
        pair("app_key", "app_key"),
        pair("app_secret", "app_secret"),
        pair("account", "account"),
        pair("hts_id", "hts_id"),
    ]
    .join("\n")
}

/// `--account` is none.
pub fn not_an_account(argument: &str) -> Text {
    Text::new(
        format!("{argument}: 계좌번호는 8+2자리 숫자입니다"),
        format!("{argument}: an account number has 8 + 2 digits"),
    )
}

/// `--jitter-ms` is no range.
pub fn not_a_range(argument: &str, text: &str) -> Text {
    Text::new(
        format!("{argument}: `{text}`은(는) 0-300 같은 범위가 아닙니다"),
        format!("{argument}: `{text}` is not a range such as 0-300"),
    )
}

/// The emulator can't start or stop.
pub fn refused(error: &EmulatorError) -> Text {
    let ko = match error {
        EmulatorError::Config(what) => format!("에뮬레이터를 이렇게 띄울 수 없습니다: {what}"),
        EmulatorError::Bind { address, source } => format!("{address} 주소를 열 수 없습니다: {source}"),
        EmulatorError::DataDir { path, source } => format!("에뮬레이터 폴더 {}: {source}", path.display()),
        EmulatorError::Locked(path) => format!("다른 에뮬레이터가 {} 폴더를 쓰고 있습니다", path.display()),
        EmulatorError::OtherRun(what) => {
            format!("이 폴더는 다른 설정으로 만든 것입니다({what}). 같은 설정으로, 또는 --fresh로 시작하십시오")
        }
    };
    Text::new(ko, error.to_string())
}
