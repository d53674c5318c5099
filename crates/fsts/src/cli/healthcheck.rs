//! `fsts healthcheck`: does the running program answer? For containers and timers, which have no other tool to ask with.

use std::time::Duration;

use reqwest::Client;

use super::{Context, HealthcheckArgs};
use crate::exit::Failure;
use crate::messages::{bots as say, run as run_say};
use crate::output;
use crate::settings::Settings;

/// Shorter than the time-out of those who ask.
const ANSWER_MAX: Duration = Duration::from_secs(5);

/// Runs the command.
pub async fn run(args: HealthcheckArgs, context: Context) -> Result<(), Failure> {
    let base = match args.server {
        Some(url) => url,
        None => format!("http://{}", Settings::load(args.config.as_deref()).await?.listen),
    };
    let path = if args.ready { "/readyz" } else { "/healthz" };
    let url = format!("{}{path}", base.trim_end_matches('/'));
    let client = Client::builder().timeout(ANSWER_MAX).no_proxy().build();
    let client = client.map_err(|e| Failure::failed(crate::messages::system(&e.to_string())))?;
    let silent = |e: reqwest::Error| Failure::failed(say::no_answer(&e.to_string()));
    let status = client.get(&url).send().await.map_err(silent)?.status();
    if !status.is_success() {
        return Err(Failure::failed(run_say::unhealthy(&url, status.as_u16())));
    }
    if context.json {
        output::line(&serde_json::json!({ "ok": true, "url": url }).to_string());
    } else {
        output::line(run_say::healthy(&url).get(context.lang));
    }
    Ok(())
}
