//! Sentences about simulations.

use fsts_lab::SetupError;
use fsts_lake::LoadError;

use super::Text;

/// The workers can't be started.
pub fn no_workers(reason: &str) -> Text {
    Text::new(format!("시뮬레이션을 시작할 수 없습니다: {reason}"), format!("simulations can't be started: {reason}"))
}

/// A job that ended the program, or was ended with it, every time.
pub fn cut_too_often(attempts: u64) -> Text {
    Text::new(
        format!("프로그램이 끝나면서 {attempts}번 끊겨 다시 돌리지 않았습니다. 다시 요청할 수 있습니다"),
        format!("it was cut {attempts} times by the end of the program and is not run again; it can be asked for anew"),
    )
}

/// A wish of another version.
pub fn unreadable_wish(reason: &str) -> Text {
    Text::new(format!("저장된 요청을 읽을 수 없습니다: {reason}"), format!("its stored wish can't be read: {reason}"))
}

/// A wish that was fine when it was taken.
pub fn refused(reason: &str) -> Text {
    Text::new(format!("설정이 바뀌어 돌릴 수 없습니다: {reason}"), format!("it can't be run any more: {reason}"))
}

/// A defect.
pub fn panicked() -> Text {
    super::bug("a simulation panicked")
}

/// No bars.
pub fn load(error: &LoadError) -> Text {
    super::backtest::load(error)
}

/// Bars and wish don't fit.
pub fn setup(error: &SetupError) -> Text {
    super::backtest::setup(error)
}

/// Bars of another length.
pub fn other_interval(days: bool) -> Text {
    if days {
        Text::new("데이터가 일봉이라 분봉으로 돌릴 수 없습니다", "the data are daily bars, not minutes")
    } else {
        Text::new("데이터가 분봉이라 일봉으로 돌릴 수 없습니다", "the data are minute bars, not days")
    }
}

/// A result beyond all use.
pub fn too_large(limit: usize) -> Text {
    Text::new(
        format!("결과가 {limit}바이트보다 커서 저장하지 않았습니다. 기간이나 종목을 줄이십시오"),
        format!("the result is larger than {limit} bytes and was not kept; take fewer symbols or days"),
    )
}

/// A job that was cut with the command that ran it.
pub fn cut() -> Text {
    Text::new("명령이 끝나면서 끊겼습니다", "it was cut with the command that ran it")
}

/// Another command runs one.
pub fn in_use() -> Text {
    Text::new("다른 명령이 시뮬레이션을 돌리고 있습니다", "another command is running a simulation")
}

/// The server refuses, in its own words.
pub fn server_says(words: &str) -> Text {
    Text::new(words, words)
}

/// No server at the address.
pub fn no_server(address: &str, reason: &str) -> Text {
    Text::new(format!("{address} 서버가 답하지 않습니다: {reason}"), format!("no answer from {address}: {reason}"))
}

/// The wish was taken.
pub fn accepted(id: &str) -> Text {
    Text::new(format!("시뮬레이션 {id}이(가) 대기열에 들어갔습니다"), format!("simulation {id} is queued"))
}

/// A simulation that ended without a result.
pub fn ended(state: &str, reason: &str) -> Text {
    Text::new(
        format!("결과 없이 끝났습니다({state}): {reason}"),
        format!("it ended without a result ({state}): {reason}"),
    )
}
