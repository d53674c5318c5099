//! Which broker environment is called, where it is, and with whose keys.

use std::fmt;
use std::marker::PhantomData;
use std::net::IpAddr;
use std::str::FromStr;

use fsts_domain::AccountNo;
use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};

use crate::error::ConfigError;

/// The broker's REST host for real accounts; the mock host differs by name and port.
const REAL_HOST: &str = "openapi.koreainvestment.com";
const MOCK_HOST: &str = "openapivts.koreainvestment.com";
/// The broker offers its stream without TLS only, so this one host may be called by plain `ws`.
const STREAM_HOST: &str = "ops.koreainvestment.com";

/// Which product of the broker is spoken to: it decides TR ids, page sizes and call rates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Environment {
    /// 실전투자.
    Real,
    /// 모의투자.
    Mock,
}

impl Environment {
    /// The name in settings and file names.
    pub const fn name(self) -> &'static str {
        match self {
            Environment::Real => "real",
            Environment::Mock => "mock",
        }
    }

    /// REST calls per second and app key that the broker allows (notice of 2026-04-20); a setting overrides it.
    pub const fn calls_per_second(self) -> u32 {
        match self {
            Environment::Real => 18,
            Environment::Mock => 1,
        }
    }
}

impl FromStr for Environment {
    type Err = ConfigError;
    fn from_str(text: &str) -> Result<Self, ConfigError> {
        match text {
            "real" => Ok(Environment::Real),
            "mock" => Ok(Environment::Mock),
            _ => Err(ConfigError::Credential { setting: "FSTS_KIS_ENV", why: "must be `real` or `mock`" }),
        }
    }
}

/// The base URLs, checked: TLS, or plain text on loopback only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoints {
    rest: String,
    ws: String,
    loopback: bool,
    host: String,
}

impl Endpoints {
    /// Endpoints from settings.
    ///
    /// # Errors
    /// [`ConfigError::Endpoint`] for anything but `https`/`wss`, or `http`/`ws` on loopback, or when only one of the
    /// two is on loopback.
    pub fn new(rest: &str, ws: &str) -> Result<Self, ConfigError> {
        let rest_url = parse("FSTS_KIS_REST_URL", rest, ["https", "http"])?;
        let ws_url = parse("FSTS_KIS_WS_URL", ws, ["wss", "ws"])?;
        if is_loopback(&rest_url) != is_loopback(&ws_url) {
            return Err(ConfigError::Mismatch {
                why: "FSTS_KIS_REST_URL and FSTS_KIS_WS_URL must both be on loopback, or neither",
            });
        }
        let mut ws = ws_url.to_string();
        if ws_url.path() == "/" {
            ws = format!("{}/tryitout", ws.trim_end_matches('/'));
        }
        Ok(Endpoints {
            rest: rest_url.to_string().trim_end_matches('/').to_owned(),
            ws,
            loopback: is_loopback(&rest_url),
            host: rest_url.host_str().unwrap_or_default().to_owned(),
        })
    }

    /// The broker's own endpoints.
    pub fn broker(environment: Environment) -> Self {
        let (host, rest_port, ws_port) = match environment {
            Environment::Real => (REAL_HOST, 9443, 21000),
            Environment::Mock => (MOCK_HOST, 29443, 31000),
        };
        Endpoints {
            rest: format!("https://{host}:{rest_port}"),
            ws: format!("ws://{STREAM_HOST}:{ws_port}/tryitout"),
            loopback: false,
            host: host.to_owned(),
        }
    }

    /// True when both are on this machine: the emulator.
    pub fn is_loopback(&self) -> bool {
        self.loopback
    }

    /// The REST base URL without a trailing slash.
    pub fn rest(&self) -> &str {
        &self.rest
    }

    /// The stream's URL with its path.
    pub fn ws(&self) -> &str {
        &self.ws
    }
}

fn parse(setting: &'static str, text: &str, [secure, plain]: [&str; 2]) -> Result<Url, ConfigError> {
    let fail = |why: String| ConfigError::Endpoint { setting, why };
    let url = Url::parse(text).map_err(|e| fail(e.to_string()))?;
    if !url.username().is_empty() || url.password().is_some() || url.query().is_some() || url.fragment().is_some() {
        return Err(fail("it must hold a scheme, a host and a port only".to_owned()));
    }
    let plain_allowed = is_loopback(&url) || (plain == "ws" && url.host_str() == Some(STREAM_HOST));
    if url.host_str().is_none() || !(url.scheme() == secure || (url.scheme() == plain && plain_allowed)) {
        return Err(fail(format!("it must begin with {secure}://; {plain}:// is for loopback only")));
    }
    Ok(url)
}

fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    host == "localhost" || address.is_ok_and(|ip| ip.is_loopback())
}

/// No real money: the mock environment, or an emulator on loopback.
#[derive(Debug, Clone, Copy)]
pub enum Paper {}

/// Real money: the real environment.
#[derive(Debug, Clone, Copy)]
pub enum Live {}

/// Paper or live; no third kind can be added from outside.
pub trait Mode: sealed::Sealed {
    /// Refuses an environment and address that do not belong to the mode.
    ///
    /// # Errors
    /// [`ConfigError::Mismatch`] that says what to change.
    fn check(environment: Environment, endpoints: &Endpoints) -> Result<(), ConfigError>;
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::Paper {}
    impl Sealed for super::Live {}
}

impl Mode for Paper {
    fn check(environment: Environment, endpoints: &Endpoints) -> Result<(), ConfigError> {
        if environment == Environment::Mock || endpoints.is_loopback() {
            return Ok(());
        }
        Err(ConfigError::Mismatch { why: "paper mode needs FSTS_KIS_ENV=mock or an emulator on loopback" })
    }
}

impl Mode for Live {
    fn check(environment: Environment, _endpoints: &Endpoints) -> Result<(), ConfigError> {
        if environment == Environment::Real {
            return Ok(());
        }
        Err(ConfigError::Mismatch { why: "live mode needs FSTS_KIS_ENV=real" })
    }
}

/// The app key and its secret, from a file or the environment; never shown.
#[derive(Clone)]
pub struct KeyPair {
    /// 앱키.
    pub app_key: SecretString,
    /// 앱시크릿키.
    pub app_secret: SecretString,
}

/// Whose account is traded.
#[derive(Debug, Clone)]
pub struct Account {
    /// 종합계좌번호, 8 + 2 digits.
    pub number: AccountNo,
    /// The HTS login id, which is the stream's key for execution notices.
    pub hts_id: String,
}

/// What the client needs to call the broker; the mode is erased only behind this crate's doors.
#[derive(Clone)]
pub(crate) struct Access {
    pub environment: Environment,
    pub endpoints: Endpoints,
    pub keys: KeyPair,
    pub account: Account,
}

/// Keys, account, environment and address that belong together, for one mode.
///
/// Paper and live are different types, so that keys of one never reach a client of the other:
///
/// ```compile_fail
/// use fsts_kis::{Credentials, Live, Paper};
/// fn trade_real_money(_: Credentials<Live>) {}
/// fn mistake(paper: Credentials<Paper>) {
///     trade_real_money(paper);
/// }
/// ```
#[derive(Clone)]
pub struct Credentials<M: Mode> {
    pub(crate) access: Access,
    mode: PhantomData<fn() -> M>,
}

impl<M: Mode> Credentials<M> {
    /// Puts the parts together and checks that they belong together.
    ///
    /// # Errors
    /// [`ConfigError`] when the mode, the environment and the address disagree, or a key cannot be one.
    pub fn new(
        environment: Environment,
        endpoints: Endpoints,
        keys: KeyPair,
        account: Account,
    ) -> Result<Self, ConfigError> {
        M::check(environment, &endpoints)?;
        let foreign_host = match environment {
            Environment::Real => MOCK_HOST,
            Environment::Mock => REAL_HOST,
        };
        if endpoints.host == foreign_host {
            return Err(ConfigError::Mismatch { why: "FSTS_KIS_REST_URL is the host of the other FSTS_KIS_ENV" });
        }
        printable("FSTS_KIS_APP_KEY", keys.app_key.expose_secret())?;
        printable("FSTS_KIS_APP_SECRET", keys.app_secret.expose_secret())?;
        printable("FSTS_KIS_HTS_ID", &account.hts_id)?;
        if account.hts_id.parse::<AccountNo>().is_ok() {
            // With the account number in its place the broker takes the registration and never sends a notice.
            return Err(ConfigError::Credential {
                setting: "FSTS_KIS_HTS_ID",
                why: "is an account number; the login id of the HTS is wanted",
            });
        }
        Ok(Credentials { access: Access { environment, endpoints, keys, account }, mode: PhantomData })
    }
}

impl<M: Mode> fmt::Debug for Credentials<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Credentials({}, {})", self.access.environment.name(), self.access.account.number)
    }
}

fn printable(setting: &'static str, text: &str) -> Result<(), ConfigError> {
    if text.is_empty() {
        return Err(ConfigError::Credential { setting, why: "is empty" });
    }
    if !text.bytes().all(|b| b.is_ascii_graphic() || b == b' ') {
        return Err(ConfigError::Credential { setting, why: "holds a character that a key never has" });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys() -> KeyPair {
        KeyPair { app_key: "canary-key".into(), app_secret: "canary-secret".into() }
    }

    fn account() -> Account {
        Account { number: "1234567801".parse().unwrap(), hts_id: "someone".to_owned() }
    }

    #[test]
    fn plain_text_is_taken_on_loopback_only() {
        assert!(Endpoints::new("http://127.0.0.1:9443", "ws://[::1]:21000").is_ok());
        assert!(Endpoints::new("https://example.com", "wss://example.com").is_ok());
        for (rest, ws) in [
            ("http://example.com", "wss://example.com"),
            ("https://example.com", "ws://example.com"),
            ("http://127.0.0.1.example.com", "ws://127.0.0.1"),
            ("https://user:pw@example.com", "wss://example.com"),
            ("http://127.0.0.1:1", "wss://example.com"),
            ("ftp://127.0.0.1", "ws://127.0.0.1"),
            ("nonsense", "ws://127.0.0.1"),
        ] {
            assert!(Endpoints::new(rest, ws).is_err(), "{rest} {ws}");
        }
    }

    #[test]
    fn the_broker_endpoints_pass_their_own_check() {
        for environment in [Environment::Real, Environment::Mock] {
            let broker = Endpoints::broker(environment);
            assert_eq!(Endpoints::new(broker.rest(), broker.ws()).unwrap(), broker);
        }
    }

    #[test]
    fn a_mode_refuses_the_other_modes_environment() {
        let broker = Endpoints::broker;
        let (real, mock) = (Environment::Real, Environment::Mock);
        let emulator = Endpoints::new("http://127.0.0.1:1", "ws://127.0.0.1:2").unwrap();
        assert!(Credentials::<Paper>::new(mock, broker(mock), keys(), account()).is_ok());
        assert!(Credentials::<Paper>::new(real, emulator, keys(), account()).is_ok());
        assert!(Credentials::<Live>::new(real, broker(real), keys(), account()).is_ok());
        assert!(Credentials::<Paper>::new(real, broker(real), keys(), account()).is_err());
        assert!(Credentials::<Paper>::new(mock, broker(real), keys(), account()).is_err());
        assert!(Credentials::<Live>::new(mock, broker(mock), keys(), account()).is_err());
        assert!(Credentials::<Live>::new(real, broker(mock), keys(), account()).is_err());
    }

    #[test]
    fn credentials_show_no_secret() {
        let mock = Environment::Mock;
        let credentials = Credentials::<Paper>::new(mock, Endpoints::broker(mock), keys(), account()).unwrap();
        assert_eq!(format!("{credentials:?}"), "Credentials(mock, ********01)");
    }

    #[test]
    fn an_account_number_is_not_an_hts_id() {
        let wrong = Account { hts_id: "12345678-01".to_owned(), ..account() };
        let mock = Environment::Mock;
        assert!(Credentials::<Paper>::new(mock, Endpoints::broker(mock), keys(), wrong).is_err());
    }
}
