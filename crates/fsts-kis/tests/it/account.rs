//! A client of a stub, with a clock that the test moves.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use fsts_domain::{Timestamp, TradingDay};
use fsts_kis::{Account, Credentials, Endpoints, Environment, KeyPair, Kis, Paper, Settings, SteppedClock};
use tempfile::TempDir;

pub struct Client {
    pub kis: Kis,
    pub clock: SteppedClock,
    pub tokens: Arc<TempDir>,
}

pub fn today() -> TradingDay {
    "2026-11-20".parse().unwrap()
}

pub fn half_past_nine() -> Timestamp {
    Timestamp::from_kst(today(), 9 * 3600 + 1800)
}

impl Client {
    /// A client in the mock environment, without a call budget.
    pub fn of(rest_url: &str) -> Client {
        Client::with(rest_url, "ws://127.0.0.1:1", Arc::new(tempfile::tempdir().unwrap()))
    }

    /// The same in the real environment's dialect.
    pub fn of_real(rest_url: &str) -> Client {
        Client::speaking(Environment::Real, (rest_url, "ws://127.0.0.1:1"), Arc::new(tempfile::tempdir().unwrap()))
    }

    pub fn with(rest_url: &str, ws_url: &str, tokens: Arc<TempDir>) -> Client {
        Client::speaking(Environment::Mock, (rest_url, ws_url), tokens)
    }

    fn speaking(environment: Environment, (rest_url, ws_url): (&str, &str), tokens: Arc<TempDir>) -> Client {
        // Another test of this binary may have installed it.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let clock = SteppedClock::new(half_past_nine());
        let credentials = Credentials::<Paper>::new(
            environment,
            Endpoints::new(rest_url, ws_url).unwrap(),
            KeyPair { app_key: "canary-app-key".into(), app_secret: "canary-app-secret".into() },
            Account { number: "1234567801".parse().unwrap(), hts_id: "someone".to_owned() },
        );
        let kis = Kis::paper(credentials.unwrap(), settings(tokens.path()), Arc::new(clock.clone())).unwrap();
        Client { kis, clock, tokens }
    }
}

fn settings(token_dir: &Path) -> Settings {
    Settings {
        calls_per_second: Some(0),
        order_timeout: Duration::from_millis(300),
        ..Settings::new(token_dir.to_owned())
    }
}
