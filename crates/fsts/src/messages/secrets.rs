//! Sentences about settings that name a secret of AWS. They name the setting and the reference, never a value.

use fsts_cloud::{AwsError, SecretError};

use super::Text;

/// A reference gave no value.
pub fn unreadable(setting: &str, error: &SecretError) -> Text {
    let (reference, why) = match error {
        SecretError::Reference { reference, expected } => {
            (reference.clone(), Text::new(format!("이렇게 적습니다: {expected}"), format!("it is written {expected}")))
        }
        SecretError::Value { reference, reason } => (reference.to_string(), value(reason)),
        SecretError::Aws { reference, cause } => (reference.to_string(), aws(cause)),
    };
    Text::new(
        format!("`{setting}` 설정의 비밀값({reference})을 읽을 수 없습니다: {}", why.ko),
        format!("the secret of `{setting}` ({reference}) can't be read: {}", why.en),
    )
}

fn value(reason: &str) -> Text {
    let ko = match reason {
        r if r.contains("binary") => "글이 아니라 이진 값입니다",
        r if r.contains("no JSON object") => "키를 지정했는데 비밀값이 JSON 객체가 아닙니다",
        r if r.contains("no such key") => "비밀값에 그런 키가 없습니다",
        _ => "값이 글이나 수가 아닙니다",
    };
    Text::new(ko, reason)
}

/// What AWS has against a call.
pub fn aws(cause: &AwsError) -> Text {
    let ko = match cause {
        AwsError::Variable { name, .. } => format!("{name} 환경 변수가 없거나 쓸 수 없습니다"),
        AwsError::NoCredentials => {
            "AWS 자격 증명이 없습니다. AWS_ACCESS_KEY_ID와 AWS_SECRET_ACCESS_KEY를 정하거나 작업 역할이 있는 컨테이너에서 \
             실행하십시오"
                .to_owned()
        }
        AwsError::Unreachable { service, .. } => format!("{service} 서비스가 응답하지 않습니다"),
        AwsError::Refused { service, code } => format!("{service} 서비스가 거절했습니다: {code}"),
        AwsError::Answer { service, .. } => format!("{service} 서비스의 응답을 이해할 수 없습니다"),
    };
    Text::new(ko, cause.to_string())
}
