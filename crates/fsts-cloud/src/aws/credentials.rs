//! Keys for signing: from the environment, or from the role that a container's task has.

use reqwest::{Client, Url};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use super::{AwsError, Environment, is_loopback, unreachable};

/// Where ECS hands out the keys of a task's role.
const TASK_ADDRESS: &str = "http://169.254.170.2";
/// Hosts that ECS and EKS document besides this machine.
const TASK_HOSTS: [&str; 3] = ["169.254.170.2", "169.254.170.23", "fd00:ec2::23"];
const NAME: &str = "the container's credentials";

/// A key pair, with a session token when it is lent. `Debug` shows none of its secrets.
#[derive(Debug, Clone)]
pub struct Credentials {
    /// Public name of the key.
    pub key_id: String,
    /// The key.
    pub secret: SecretString,
    /// Token of a lent key.
    pub token: Option<SecretString>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Lent {
    access_key_id: String,
    secret_access_key: SecretString,
    token: Option<SecretString>,
}

/// The keys of an environment.
///
/// # Errors
/// [`AwsError::NoCredentials`] where nothing names any; other variants when the container's address does not answer.
pub async fn find(environment: &Environment, http: &Client) -> Result<Credentials, AwsError> {
    let variable = |name: &str| environment.get(name).map(String::as_str).filter(|v| !v.is_empty());
    if let (Some(id), Some(secret)) = (variable("AWS_ACCESS_KEY_ID"), variable("AWS_SECRET_ACCESS_KEY")) {
        let token = variable("AWS_SESSION_TOKEN").map(SecretString::from);
        return Ok(Credentials { key_id: id.to_owned(), secret: SecretString::from(secret), token });
    }
    let url = match (variable("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"), variable("AWS_CONTAINER_CREDENTIALS_FULL_URI"))
    {
        (Some(path), _) => task_address(&format!("{TASK_ADDRESS}{path}")),
        (None, Some(full)) => task_address(full),
        (None, None) => return Err(AwsError::NoCredentials),
    }?;
    let mut request = http.get(url);
    if let Some(token) = authorization(environment)? {
        request = request.header("Authorization", token.expose_secret());
    }
    let answer = request.send().await.map_err(|e| unreachable(NAME, &e))?;
    if !answer.status().is_success() {
        return Err(AwsError::Refused { service: NAME, code: format!("status {}", answer.status().as_u16()) });
    }
    let lent: Lent = answer.json().await.map_err(|_| AwsError::Answer { service: NAME, expected: "a key pair" })?;
    Ok(Credentials { key_id: lent.access_key_id, secret: lent.secret_access_key, token: lent.token })
}

/// Keys are fetched from the platform's own address only: a variable must not send our token elsewhere.
fn task_address(text: &str) -> Result<Url, AwsError> {
    let bad = |reason| AwsError::Variable { name: "AWS_CONTAINER_CREDENTIALS_FULL_URI", reason };
    let url = Url::parse(text).map_err(|_| bad("is no address"))?;
    let host = url.host_str().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
    let known = is_loopback(&url) || TASK_HOSTS.contains(&host);
    if url.scheme() == "https" || (url.scheme() == "http" && known) {
        Ok(url)
    } else {
        Err(bad("must be https, or an address of the container platform"))
    }
}

fn authorization(environment: &Environment) -> Result<Option<SecretString>, AwsError> {
    let file = environment.get("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE").filter(|v| !v.is_empty());
    let token = match file {
        Some(path) => {
            let unreadable =
                AwsError::Variable { name: "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", reason: "can't be read" };
            Some(std::fs::read_to_string(path).map_err(|_| unreadable)?.trim().to_owned())
        }
        None => environment.get("AWS_CONTAINER_AUTHORIZATION_TOKEN").filter(|v| !v.is_empty()).cloned(),
    };
    Ok(token.map(SecretString::from))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lent_keys_are_fetched_from_the_platform_only() {
        for good in ["http://169.254.170.2/v2/x", "http://[fd00:ec2::23]/v1", "http://127.0.0.1:80/a", "https://a.b/c"]
        {
            assert!(task_address(good).is_ok(), "{good}");
        }
        for bad in ["http://evil.example/", "http://169.254.170.2@evil.example/", "file:///etc/passwd", ""] {
            assert!(task_address(bad).is_err(), "{bad}");
        }
    }
}
