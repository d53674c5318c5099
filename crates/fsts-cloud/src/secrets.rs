//! Settings that name a secret instead of holding it: `secretsmanager://name#key` and `ssm://name`.

use std::fmt;

use secrecy::SecretString;
use serde_json::{Value, json};

use crate::aws::{Aws, AwsError, Environment, Service, UnixSeconds};

const SECRETS_MANAGER: Service =
    Service { name: "secretsmanager", endpoint_variable: "AWS_ENDPOINT_URL_SECRETS_MANAGER", target: "secretsmanager" };
const SSM: Service = Service { name: "ssm", endpoint_variable: "AWS_ENDPOINT_URL_SSM", target: "AmazonSSM" };

/// The name of a secret; it may be shown.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum SecretRef {
    /// A secret of Secrets Manager, or one key of the JSON object in it.
    SecretsManager {
        /// Name or ARN.
        name: String,
        /// Key of the JSON object; without it the whole text.
        key: Option<String>,
    },
    /// A parameter of the Systems Manager.
    Ssm {
        /// Its full name.
        path: String,
    },
}

/// Why a reference gave no value. Names the reference, never the value.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// The reference is badly written.
    #[error("`{reference}` is no reference: {expected}")]
    Reference {
        /// As it was given.
        reference: String,
        /// How it is written.
        expected: &'static str,
    },
    /// There is no such secret, or this program may not read it.
    #[error("{reference}: {cause}")]
    Aws {
        /// Which.
        reference: SecretRef,
        /// What AWS said.
        #[source]
        cause: AwsError,
    },
    /// The secret has no such key, or its value is no text.
    #[error("{reference}: {reason}")]
    Value {
        /// Which.
        reference: SecretRef,
        /// What is wrong with it.
        reason: &'static str,
    },
}

impl SecretRef {
    /// The reference in a setting; `None` for a setting that is a value.
    ///
    /// # Errors
    /// [`SecretError::Reference`] where it begins like one and goes on otherwise.
    pub fn parse(text: &str) -> Option<Result<SecretRef, SecretError>> {
        let bad = |expected| Err(SecretError::Reference { reference: text.to_owned(), expected });
        if let Some(rest) = text.strip_prefix("secretsmanager://") {
            let (name, key) = match rest.split_once('#') {
                Some((name, key)) => (name, Some(key.to_owned())),
                None => (rest, None),
            };
            if name.is_empty() || key.as_ref().is_some_and(String::is_empty) {
                return Some(bad("secretsmanager://NAME or secretsmanager://NAME#KEY"));
            }
            return Some(Ok(SecretRef::SecretsManager { name: name.to_owned(), key }));
        }
        let path = text.strip_prefix("ssm://")?;
        if path.trim_matches('/').is_empty() {
            return Some(bad("ssm://NAME or ssm:///PATH/NAME"));
        }
        Some(Ok(SecretRef::Ssm { path: path.to_owned() }))
    }
}

impl fmt::Display for SecretRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SecretRef::SecretsManager { name, key: None } => write!(f, "secretsmanager://{name}"),
            SecretRef::SecretsManager { name, key: Some(key) } => write!(f, "secretsmanager://{name}#{key}"),
            SecretRef::Ssm { path } => write!(f, "ssm://{path}"),
        }
    }
}

/// Reads secrets by their references.
#[derive(Debug)]
pub struct SecretReader {
    aws: Aws,
}

impl SecretReader {
    /// With region, address and keys of an environment; `now` is the time that signatures carry.
    ///
    /// # Errors
    /// [`AwsError`] where no connection could be made at all.
    pub fn new(environment: Environment, now: UnixSeconds) -> Result<SecretReader, AwsError> {
        Ok(SecretReader { aws: Aws::new(environment, now)? })
    }

    /// The value that a reference names.
    ///
    /// # Errors
    /// [`SecretError`].
    pub async fn read(&self, reference: &SecretRef) -> Result<SecretString, SecretError> {
        let aws = |cause| SecretError::Aws { reference: reference.clone(), cause };
        let value = |reason| SecretError::Value { reference: reference.clone(), reason };
        match reference {
            SecretRef::SecretsManager { name, key } => {
                let answer = self.aws.call(SECRETS_MANAGER, "GetSecretValue", &json!({ "SecretId": name })).await;
                let answer = answer.map_err(aws)?;
                let text = answer.get("SecretString").and_then(Value::as_str);
                let text = text.ok_or_else(|| value("it is binary, a text is needed"))?;
                match key {
                    None => Ok(SecretString::from(text)),
                    Some(key) => key_of(text, key).map_err(value),
                }
            }
            SecretRef::Ssm { path } => {
                let body = json!({ "Name": path, "WithDecryption": true });
                let answer = self.aws.call(SSM, "GetParameter", &body).await.map_err(aws)?;
                let text = answer.pointer("/Parameter/Value").and_then(Value::as_str);
                text.map(SecretString::from).ok_or_else(|| value("the answer has no value"))
            }
        }
    }
}

fn key_of(text: &str, key: &str) -> Result<SecretString, &'static str> {
    let object: Value =
        serde_json::from_str(text).map_err(|_| "a key is asked for, but the secret is no JSON object")?;
    match object.get(key) {
        Some(Value::String(value)) => Ok(SecretString::from(value.as_str())),
        Some(Value::Number(value)) => Ok(SecretString::from(value.to_string())),
        Some(_) => Err("the value under the key is neither text nor number"),
        None => Err("the secret has no such key"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_is_told_from_a_value() {
        let parse = |text: &str| SecretRef::parse(text).map(|r| r.map(|r| r.to_string()).map_err(|e| e.to_string()));
        for text in [
            "secretsmanager://fsts/live",
            "secretsmanager://fsts/live#app_key",
            "ssm:///fsts/token",
            "ssm://fsts-token",
        ] {
            assert_eq!(parse(text), Some(Ok(text.to_owned())));
        }
        for text in ["", "a-plain-secret", "https://discord.example/x", "SSM:///a"] {
            assert_eq!(parse(text), None, "{text}");
        }
        for text in ["secretsmanager://", "secretsmanager://#a", "secretsmanager://a#", "ssm://", "ssm:///"] {
            assert!(parse(text).unwrap().is_err(), "{text}");
        }
    }

    #[test]
    fn a_failure_never_repeats_the_secret() {
        for (text, key) in [("canary", "a"), (r#"{"a":["canary"]}"#, "a"), (r#"{"b":"canary"}"#, "a")] {
            let said = key_of(text, key).unwrap_err();
            assert!(!said.contains("canary"), "{said}");
        }
    }
}
