//! A run as server-sent events.

use std::convert::Infallible;
use std::time::Duration;

use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use serde_json::Value;
use tokio::sync::watch;

use super::port::{ChatRun, ChatSignal};
use crate::app::stopped;
use crate::messages::Language;
use crate::problem::Problem;

/// A sign of life while the run is silent.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// The run's events until its end. When the client leaves, the run is dropped with the body.
pub(super) fn events(run: ChatRun, language: Language, stopping: watch::Receiver<bool>) -> Response {
    let events = stream::unfold(Some((run, stopping)), move |state| async move {
        let (mut run, mut stopping) = state?;
        let signal = tokio::select! {
            signal = run.signals.recv() => signal?,
            () = stopped(&mut stopping) => return None,
        };
        let (event, goes_on) = match signal {
            ChatSignal::Event { id, name, data } => (event(id, name, &data), true),
            ChatSignal::Ended { id, end: Ok(view) } => {
                let data = serde_json::to_value(&*view).unwrap_or(Value::Null);
                (event(id, "run.completed", &data), false)
            }
            ChatSignal::Ended { id, end: Err(refusal) } => {
                (event(id, "run.failed", &Problem::from(refusal).told(language)), false)
            }
        };
        Some((Ok::<_, Infallible>(event), goes_on.then_some((run, stopping))))
    });
    Sse::new(events).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)).into_response()
}

fn event(id: u64, name: &str, data: &Value) -> Event {
    // JSON text has no line break, so it fits one data field.
    Event::default().id(id.to_string()).event(name).data(data.to_string())
}
