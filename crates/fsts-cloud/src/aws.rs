//! The JSON protocol of AWS: one signed POST for a call, with what the environment says about region, address and keys.

mod credentials;
mod sign;

use std::collections::BTreeMap;
use std::time::Duration;

use reqwest::{Client, Response, Url};
use serde_json::Value;

pub use credentials::Credentials;

/// A secret is small and near; a start that waits longer than this tells its operator nothing.
const CALL_LIMIT: Duration = Duration::from_secs(10);
const CONNECT_LIMIT: Duration = Duration::from_secs(5);
/// Reads may be repeated: AWS asks for it where it throttles.
const ATTEMPTS: u32 = 3;
const FIRST_PAUSE: Duration = Duration::from_millis(200);
/// The largest secret is 64 KiB; JSON may escape each of its bytes.
const ANSWER_BYTES_MAX: usize = 1024 * 1024;

/// Variables of a process, passed on as a value.
pub type Environment = BTreeMap<String, String>;

/// Why AWS gave no answer, named by what to do. Never holds a key or a secret.
#[derive(Debug, thiserror::Error)]
pub enum AwsError {
    /// A variable is missing or can't be used: correct it.
    #[error("{name} {reason}")]
    Variable {
        /// The variable.
        name: &'static str,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// There are no keys: set them, or run where the task has a role.
    #[error(
        "no AWS credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or run in a container that has a task role"
    )]
    NoCredentials,
    /// The network or the service failed: try again later.
    #[error("{service} does not answer: {reason}")]
    Unreachable {
        /// Which service.
        service: &'static str,
        /// What happened, without addresses that hold keys.
        reason: String,
    },
    /// The service said no: the permission or the name is wrong.
    #[error("{service} refused: {code}")]
    Refused {
        /// Which service.
        service: &'static str,
        /// Its error code, such as `AccessDeniedException`.
        code: String,
    },
    /// The answer can't be what the service sends.
    #[error("{service} answered with something else than {expected}")]
    Answer {
        /// Which service.
        service: &'static str,
        /// What was expected.
        expected: &'static str,
    },
}

/// A service of AWS with the JSON protocol.
#[derive(Debug, Clone, Copy)]
pub struct Service {
    /// Name in host names and signatures.
    pub name: &'static str,
    /// Variable with an address of its own.
    pub endpoint_variable: &'static str,
    /// Prefix of the `X-Amz-Target` header.
    pub target: &'static str,
}

/// The machine's time in seconds since 1970.
pub type UnixSeconds = fn() -> i64;

/// Signed calls with the settings of one environment.
#[derive(Debug)]
pub struct Aws {
    environment: Environment,
    now: UnixSeconds,
    http: Client,
}

impl Aws {
    /// For an environment; reads and sends nothing.
    ///
    /// # Errors
    /// [`AwsError::Unreachable`] where no TLS provider is installed.
    pub fn new(environment: Environment, now: UnixSeconds) -> Result<Aws, AwsError> {
        let http = Client::builder().timeout(CALL_LIMIT).connect_timeout(CONNECT_LIMIT).build();
        let http = http.map_err(|e| unreachable("AWS", &e))?;
        Ok(Aws { environment, now, http })
    }

    /// Calls `action` with `body` and gives the answer; throttled and failed calls are repeated a few times.
    ///
    /// # Errors
    /// [`AwsError`].
    pub async fn call(&self, service: Service, action: &str, body: &Value) -> Result<Value, AwsError> {
        let credentials = credentials::find(&self.environment, &self.http).await?;
        let mut pause = FIRST_PAUSE;
        for attempt in 1.. {
            match self.send(service, action, body, &credentials).await {
                Err(error) if attempt < ATTEMPTS && is_passing(&error) => {
                    tokio::time::sleep(pause).await;
                    pause *= 2;
                }
                answer => return answer,
            }
        }
        unreachable!("invariant: the loop ends by returning")
    }

    async fn send(
        &self,
        service: Service,
        action: &str,
        body: &Value,
        credentials: &Credentials,
    ) -> Result<Value, AwsError> {
        let region = self.region()?;
        let url = self.address(service, region)?;
        let body = body.to_string();
        let target = format!("{}.{action}", service.target);
        let call = sign::Call {
            method: "POST",
            url: &url,
            headers: &[("content-type", "application/x-amz-json-1.1"), ("x-amz-target", &target)],
            body: body.as_bytes(),
        };
        let scope = sign::Scope { region, service: service.name };
        let signed = sign::headers(&call, scope, credentials, &sign::stamp((self.now)()));
        let mut request = self.http.post(url.clone()).body(body.clone());
        for (name, value) in call.headers.iter().map(|(n, v)| (*n, (*v).to_owned())).chain(signed) {
            request = request.header(name, value);
        }
        let answer = request.send().await.map_err(|e| unreachable(service.name, &e))?;
        read(service.name, answer).await
    }

    fn variable(&self, name: &str) -> Option<&str> {
        self.environment.get(name).map(|v| v.trim()).filter(|v| !v.is_empty())
    }

    fn region(&self) -> Result<&str, AwsError> {
        let region = self.variable("AWS_REGION").or_else(|| self.variable("AWS_DEFAULT_REGION"));
        let region = region.ok_or(AwsError::Variable { name: "AWS_REGION", reason: "is not set" })?;
        // It becomes part of a host name.
        let fits = region.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
        if fits { Ok(region) } else { Err(AwsError::Variable { name: "AWS_REGION", reason: "is no region" }) }
    }

    fn address(&self, service: Service, region: &str) -> Result<Url, AwsError> {
        let own = [service.endpoint_variable, "AWS_ENDPOINT_URL"].into_iter().find_map(|name| self.variable(name));
        let Some(text) = own else {
            let suffix = if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
            let text = format!("https://{}.{region}.{suffix}/", service.name);
            return Url::parse(&text).map_err(|_| AwsError::Variable { name: "AWS_REGION", reason: "is no region" });
        };
        let bad = |reason| AwsError::Variable { name: "AWS_ENDPOINT_URL", reason };
        let url = Url::parse(text).map_err(|_| bad("is no address"))?;
        if url.scheme() == "https" || (url.scheme() == "http" && is_loopback(&url)) {
            Ok(url)
        } else {
            Err(bad("must be https, or http on this machine"))
        }
    }
}

/// Whether an address is on this machine: plain HTTP shows a secret to nobody else.
pub fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

fn is_passing(error: &AwsError) -> bool {
    match error {
        AwsError::Unreachable { .. } => true,
        AwsError::Refused { code, .. } => code.contains("Throttl") || code.contains("TooManyRequests"),
        AwsError::Variable { .. } | AwsError::NoCredentials | AwsError::Answer { .. } => false,
    }
}

/// A failure of the client without the address, which may hold a token.
fn unreachable(service: &'static str, error: &reqwest::Error) -> AwsError {
    let reason = match () {
        () if error.is_timeout() => "time-out",
        () if error.is_connect() => "no connection",
        () => "the exchange failed",
    };
    AwsError::Unreachable { service, reason: reason.to_owned() }
}

async fn read(service: &'static str, mut answer: Response) -> Result<Value, AwsError> {
    let status = answer.status();
    let mut bytes = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(|e| unreachable(service, &e))? {
        bytes.extend_from_slice(&chunk);
        if bytes.len() > ANSWER_BYTES_MAX {
            return Err(AwsError::Answer { service, expected: "a secret's size" });
        }
    }
    let body = serde_json::from_slice::<Value>(&bytes).ok();
    match (status.is_success(), body) {
        (true, Some(body)) => Ok(body),
        (true, None) => Err(AwsError::Answer { service, expected: "JSON" }),
        (false, body) => {
            // `com.amazonaws…#ResourceNotFoundException`; messages may repeat what was sent and are left out.
            let code = body.as_ref().and_then(|b| b.get("__type")).and_then(Value::as_str);
            let code = code.map(|c| c.rsplit('#').next().unwrap_or(c));
            match code {
                Some(code) if !status.is_server_error() => Err(AwsError::Refused { service, code: cut(code) }),
                _ if status.is_server_error() || status.as_u16() == 429 => {
                    Err(AwsError::Unreachable { service, reason: format!("status {}", status.as_u16()) })
                }
                _ => Err(AwsError::Refused { service, code: format!("status {}", status.as_u16()) }),
            }
        }
    }
}

/// An error code is a word; what isn't one is not repeated.
fn cut(code: &str) -> String {
    code.chars().filter(char::is_ascii_alphanumeric).take(80).collect()
}

/// A key pair for tests of the signature.
#[cfg(test)]
fn test_keys(token: Option<&str>) -> Credentials {
    use secrecy::SecretString;
    Credentials {
        key_id: "AKIDEXAMPLE".to_owned(),
        secret: SecretString::from("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
        token: token.map(SecretString::from),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn aws(variables: &[(&str, &str)]) -> Aws {
        let _ = rustls::crypto::ring::default_provider().install_default();
        Aws::new(variables.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect(), || 0).unwrap()
    }

    const SSM: Service = Service { name: "ssm", endpoint_variable: "AWS_ENDPOINT_URL_SSM", target: "AmazonSSM" };

    #[test]
    fn a_secret_travels_in_the_clear_on_this_machine_only() {
        let address = |url: &str| aws(&[("AWS_ENDPOINT_URL", url)]).address(SSM, "ap-northeast-2").is_ok();
        assert!(address("http://127.0.0.1:5000") && address("http://[::1]:5000") && address("https://vault.example"));
        assert!(!address("http://vault.example") && !address("ftp://127.0.0.1") && !address("nonsense"));
    }

    #[test]
    fn the_address_follows_from_the_region_and_a_service_may_have_its_own() {
        let here = aws(&[("AWS_ENDPOINT_URL", "https://a.example"), ("AWS_ENDPOINT_URL_SSM", "https://b.example")]);
        assert_eq!(here.address(SSM, "ap-northeast-2").unwrap().host_str(), Some("b.example"));
        let there = aws(&[("AWS_REGION", "ap-northeast-2")]);
        let url = there.address(SSM, there.region().unwrap()).unwrap();
        assert_eq!(url.as_str(), "https://ssm.ap-northeast-2.amazonaws.com/");
        assert!(aws(&[("AWS_REGION", "evil.example/")]).region().is_err());
        assert!(aws(&[]).region().is_err());
    }
}
