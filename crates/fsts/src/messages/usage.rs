//! Sentences about the command line.

use super::Text;

/// `--rules foo`.
pub fn not_among(argument: &str, value: &str, known: &str) -> Text {
    Text::new(
        format!("{argument}: `{value}`은(는) 쓸 수 없는 값입니다. 가능한 값: {known}"),
        format!("{argument}: `{value}` is not a value it takes; known: {known}"),
    )
}

/// `--threads x`.
pub fn bad_value(argument: &str, value: &str) -> Text {
    Text::new(
        format!("{argument}: `{value}`은(는) 쓸 수 없는 값입니다"),
        format!("{argument}: `{value}` is not a value it takes"),
    )
}

/// `--cash` at the end of the line.
pub fn value_missing(argument: &str) -> Text {
    Text::new(format!("{argument}: 값이 빠졌습니다"), format!("{argument}: a value is missing"))
}

/// `--nonsense`.
pub fn unknown_argument(argument: &str) -> Text {
    Text::new(
        format!("`{argument}` 인자를 모릅니다. `fsts --help`를 보십시오"),
        format!("there is no argument `{argument}`; see `fsts --help`"),
    )
}

/// `fsts nonsense`.
pub fn unknown_command(command: &str) -> Text {
    Text::new(
        format!("`{command}` 명령을 모릅니다. `fsts --help`를 보십시오"),
        format!("there is no command `{command}`; see `fsts --help`"),
    )
}

/// `fsts` alone.
pub fn command_missing() -> Text {
    Text::new("명령이 빠졌습니다. `fsts --help`를 보십시오", "a command is missing; see `fsts --help`")
}

/// `fsts replay` without a day.
pub fn argument_missing(argument: &str) -> Text {
    Text::new(
        format!("{argument} 인자가 빠졌습니다. `fsts --help`를 보십시오"),
        format!("the argument {argument} is missing; see `fsts --help`"),
    )
}

/// `--cash 1 --cash 2`.
pub fn given_twice(argument: &str) -> Text {
    Text::new(
        format!("{argument} 인자는 한 번만, 어긋나는 인자 없이 쓸 수 있습니다"),
        format!("{argument} can be given once, and not beside an argument that contradicts it"),
    )
}

/// Anything else.
pub fn not_understood() -> Text {
    Text::new(
        "명령줄을 이해할 수 없습니다. `fsts --help`를 보십시오",
        "the command line is not understood; see `fsts --help`",
    )
}

/// A text where a date belongs.
pub fn not_a_day(argument: &str, value: &str) -> Text {
    Text::new(
        format!("{argument}: `{value}`은(는) 날짜가 아닙니다 (YYYY-MM-DD)"),
        format!("{argument}: `{value}` is not a date (YYYY-MM-DD)"),
    )
}

/// A text where an amount belongs.
pub fn not_won(argument: &str, value: &str) -> Text {
    Text::new(
        format!("{argument}: `{value}`은(는) 1원 이상의 금액(정수)이 아닙니다"),
        format!("{argument}: `{value}` is not a whole number of won, 1 or more"),
    )
}

/// A text where a code belongs.
pub fn not_a_symbol(argument: &str, value: &str) -> Text {
    Text::new(
        format!("{argument}: `{value}`은(는) 종목코드가 아닙니다 (영문 대문자·숫자 6자리)"),
        format!("{argument}: `{value}` is not a symbol (six capital letters or digits)"),
    )
}
