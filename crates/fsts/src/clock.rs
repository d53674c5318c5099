//! The program's clocks: the machine's, or the emulator's that it follows.

use std::sync::Arc;
use std::time::Duration;

use fsts_domain::Timestamp;
use fsts_kis::{MarketClock, SteppedClock, SystemClock};
use serde::Deserialize;
use tokio::sync::watch;

/// How long one question to a followed clock may stay open.
const LONG_POLL: Duration = Duration::from_millis(2_000);
/// An accelerated clock is asked this often; a stepped one answers when it moves.
const BETWEEN_LOOKS: Duration = Duration::from_millis(20);
/// A followed clock that does not answer is asked again after this long.
const RETRY: Duration = Duration::from_millis(200);

/// What the emulator says of its clock.
#[derive(Debug, Clone, Deserialize)]
struct Reading {
    now_ns: String,
    speed: f64,
}

/// Market time with its speed.
#[derive(Debug, Clone)]
pub struct MarketTime {
    clock: Arc<dyn MarketClockDebug>,
    speed: watch::Receiver<f64>,
}

/// A market clock that can be shown in a debug print.
pub trait MarketClockDebug: MarketClock + std::fmt::Debug {}
impl<T: MarketClock + std::fmt::Debug> MarketClockDebug for T {}

impl MarketTime {
    /// The machine's clock.
    pub fn system() -> Self {
        let (_, speed) = watch::channel(1.0);
        MarketTime { clock: Arc::new(SystemClock), speed }
    }

    /// Follows the clock at a URL from now on.
    ///
    /// # Errors
    /// When it does not answer with a time.
    pub async fn following(url: String) -> Result<Self, String> {
        let client = reqwest::Client::builder().timeout(LONG_POLL * 3).build().map_err(|e| e.to_string())?;
        let first = ask(&client, &url, None).await?;
        let clock = SteppedClock::new(time_of(&first)?);
        let (tell, speed) = watch::channel(first.speed);
        tokio::spawn(follow(client, url, clock.clone(), tell));
        Ok(MarketTime { clock: Arc::new(clock), speed })
    }

    /// The clock.
    pub fn clock(&self) -> Arc<dyn MarketClock> {
        Arc::clone(&self.clock) as Arc<dyn MarketClock>
    }

    /// Market seconds a real second; 0 while a stepped clock stands.
    pub fn speed(&self) -> f64 {
        *self.speed.borrow()
    }

    /// Market time now.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }
}

/// Real time, for network matters and the journal's watch.
pub fn real_now() -> Timestamp {
    SystemClock.now()
}

async fn follow(client: reqwest::Client, url: String, clock: SteppedClock, speed: watch::Sender<f64>) {
    loop {
        let seen = clock.now();
        match ask(&client, &url, Some(seen)).await {
            Ok(reading) => {
                speed.send_if_modified(|s| std::mem::replace(s, reading.speed) != reading.speed);
                if let Ok(now) = time_of(&reading)
                    && now > seen
                {
                    clock.set(now);
                }
                if reading.speed > 0.0 {
                    tokio::time::sleep(BETWEEN_LOOKS).await;
                }
            }
            Err(reason) => {
                tracing::debug!(%reason, "the followed clock does not answer");
                tokio::time::sleep(RETRY).await;
            }
        }
    }
}

async fn ask(client: &reqwest::Client, url: &str, after: Option<Timestamp>) -> Result<Reading, String> {
    let mut request = client.get(url);
    if let Some(after) = after {
        request =
            request.query(&[("after_ns", after.ns().to_string()), ("timeout_ms", LONG_POLL.as_millis().to_string())]);
    }
    let answer = request.send().await.map_err(|e| e.without_url().to_string())?;
    answer.json().await.map_err(|e| e.without_url().to_string())
}

fn time_of(reading: &Reading) -> Result<Timestamp, String> {
    reading.now_ns.parse().map(Timestamp::from_ns).map_err(|_| "the clock's time is not a number".to_owned())
}
