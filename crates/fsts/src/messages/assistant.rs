//! Words about the assistant's settings.

use fsts_assistant::model::SettingsError;

use super::Text;

/// A variable of the model can't be used.
pub fn unusable(error: &SettingsError) -> Text {
    match error {
        SettingsError::Missing(names) => {
            let names = names.join(", ");
            Text::new(
                format!("Azure 설정이 반만 되어 있습니다. 빠진 환경 변수: {names}"),
                format!("Azure is half set up; these variables are missing: {names}"),
            )
        }
        SettingsError::Unusable { name, expected } => Text::new(
            format!("환경 변수 {name}의 값을 쓸 수 없습니다 (필요한 값: {expected})"),
            format!("the variable {name} is not usable: {expected} is expected"),
        ),
    }
}

/// The address of Chroma can't be used.
pub fn vector_db() -> Text {
    Text::new(
        "환경 변수 VECTOR_DB_URL은 http 주소여야 합니다 (예: http://127.0.0.1:8000)",
        "the variable VECTOR_DB_URL must be an http address, e.g. http://127.0.0.1:8000",
    )
}

/// The address of Redis can't be used.
pub fn redis(reason: &str) -> Text {
    Text::new(format!("Redis 주소를 쓸 수 없습니다: {reason}"), format!("the address of Redis can't be used: {reason}"))
}
