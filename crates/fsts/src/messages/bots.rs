//! Sentences of `bots`.

use super::Text;

/// There are none.
pub fn none() -> Text {
    Text::new("봇이 없습니다", "there are no bots")
}

/// A name that no bot can have.
pub fn not_a_bot(name: &str) -> Text {
    Text::new(
        format!("`{name}`은(는) 봇 이름이 아닙니다. 영문자, 숫자, -, _ 로 1~15자입니다"),
        format!("`{name}` is not a bot's name: 1 to 15 of letters, digits, - and _"),
    )
}

/// The program does not answer.
pub fn no_answer(reason: &str) -> Text {
    Text::new(
        format!("실행 중인 fsts가 응답하지 않습니다. `fsts run`이 떠 있는지, 주소가 맞는지 확인하십시오: {reason}"),
        format!("no running fsts answers; is `fsts run` up, and is the address right? {reason}"),
    )
}

/// Writes need the secret.
pub fn no_token() -> Text {
    Text::new(
        "api_token(FSTS_API_TOKEN)이 없어 봇을 바꿀 수 없습니다",
        "a bot can't be switched without api_token (FSTS_API_TOKEN)",
    )
}

/// The program says no, in the reader's language already.
pub fn refused(title: &str, detail: &str) -> Text {
    let text = format!("{title}: {detail}");
    Text::new(text.clone(), text)
}
