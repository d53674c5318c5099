//! What the program counts, in the text format of Prometheus. Written by hand: the format is a page long, and nothing is
//! measured that a scrape can't read from where it is kept anyway.

mod exposition;

use std::sync::Arc;

use fsts_domain::Timestamp;
use fsts_server::views::StreamHealth;
use fsts_server::{Desk, Snapshot};
use fsts_store::{RunOutcome, Store, StoreError};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::Ground;
use crate::clock::real_now;
use crate::logging;
use crate::runtime::Seat;
use crate::runtime::meters::METERS;
use exposition::{Exposition, Kind};

const NS_PER_S: f64 = 1e9;

/// The port.
pub struct MetricsPort {
    accounts: Arc<[Seat]>,
    store: Store,
}

impl MetricsPort {
    /// What is counted of running accounts.
    pub fn new(ground: &Ground) -> MetricsPort {
        MetricsPort { accounts: Arc::clone(&ground.accounts), store: ground.store.clone() }
    }

    async fn write(&self) -> String {
        let mut out = Exposition::default();
        self.pictures(&mut out);
        process(&mut out);
        let told = self.records(&mut out).await;
        if let Err(error) = &told {
            tracing::warn!(%error, "what is kept in the database could not be counted");
        }
        let up = f64::from(u8::from(told.is_ok()));
        out.family("fsts_database_up", Kind::Gauge, "Whether the database answered this scrape.").sample(&[], up);
        out.text()
    }

    /// What the engines show of themselves. An account is labelled by its name in the settings.
    fn pictures(&self, out: &mut Exposition) {
        let pictures: Vec<(&str, Picture)> =
            self.accounts.iter().map(|seat| (seat.plan.key.as_str(), Picture::of(seat))).collect();
        if let Some((_, first)) = pictures.first() {
            let status = &first.snapshot.status;
            let mode = word(&status.mode);
            let about = [("version", status.version.as_str()), ("mode", mode.as_str())];
            out.family("fsts_build_info", Kind::Gauge, "The program and its mode; always 1.").sample(&about, 1.0);
        }
        for (name, kind, help, read) in FIGURES {
            let mut family = out.family(name, *kind, help);
            for (key, picture) in &pictures {
                if let Some(value) = read(picture) {
                    family.sample(&[("account", key)], value);
                }
            }
        }
    }

    /// What the database keeps.
    async fn records(&self, out: &mut Exposition) -> Result<(), StoreError> {
        let mut counted = Vec::with_capacity(self.accounts.len());
        for seat in self.accounts.iter() {
            let (key, stream) = (seat.plan.key.as_str(), seat.plan.stream.as_str());
            counted.push((key, self.store.orders_by_state(stream).await?, self.store.fill_count(stream).await?));
        }
        let pending = self.store.alerts_waiting().await?;
        let runs = self.store.last_runs().await?;
        let mut family = out.family("fsts_orders", Kind::Gauge, "Orders by state, all since the account was opened.");
        for (key, orders, _) in &counted {
            for (state, count) in orders {
                family.sample(&[("account", key), ("state", state)], *count as f64);
            }
        }
        let mut family = out.family("fsts_fills_total", Kind::Counter, "Executions.");
        for (key, _, fills) in &counted {
            family.sample(&[("account", key)], *fills as f64);
        }
        out.family("fsts_outbox_pending", Kind::Gauge, "Alerts that wait for delivery.").sample(&[], pending as f64);
        let help = "The newest run of each job by its outcome; always 1.";
        let mut family = out.family("fsts_job_last_run", Kind::Gauge, help);
        for run in &runs {
            family.sample(&[("job", &run.job), ("outcome", &word(&run.outcome))], 1.0);
        }
        let help = "Market time at which the newest run of each job began.";
        let mut family = out.family("fsts_job_last_start_timestamp_seconds", Kind::Gauge, help);
        for run in &runs {
            family.sample(&[("job", &run.job)], run.started.ns() as f64 / NS_PER_S);
        }
        let running = runs.iter().filter(|run| run.outcome == RunOutcome::Running).count();
        out.family("fsts_jobs_running", Kind::Gauge, "Jobs that run.").sample(&[], running as f64);
        Ok(())
    }
}

/// An account at one moment.
struct Picture {
    snapshot: Arc<Snapshot>,
    now: Timestamp,
}

impl Picture {
    fn of(seat: &Seat) -> Picture {
        Picture { snapshot: seat.desk.snapshot(), now: seat.desk.now() }
    }

    fn age_s(&self, at: Timestamp) -> f64 {
        self.now.since(at).max(0) as f64 / NS_PER_S
    }
}

type Figure = (&'static str, Kind, &'static str, fn(&Picture) -> Option<f64>);

/// What each account shows: name, kind, help and where it is read.
const FIGURES: &[Figure] = &[
    ("fsts_ready", Kind::Gauge, "Whether orders may leave.", |p| flag(p.snapshot.status.ready)),
    ("fsts_halted", Kind::Gauge, "Whether the kill switch is on.", |p| flag(p.snapshot.status.halted)),
    ("fsts_stream_up", Kind::Gauge, "Whether the broker's stream stands.", |p| {
        flag(p.snapshot.status.connection.stream == StreamHealth::Up)
    }),
    ("fsts_open_orders", Kind::Gauge, "Orders that are not over.", |p| Some(p.snapshot.open_orders.len() as f64)),
    ("fsts_positions", Kind::Gauge, "Symbols that are held.", |p| Some(p.snapshot.positions.len() as f64)),
    ("fsts_frozen_symbols", Kind::Gauge, "Symbols that take no opening order.", |p| {
        Some(p.snapshot.status.frozen.len() as f64)
    }),
    ("fsts_in_flight", Kind::Gauge, "Orders, inquiries and journal batches without an answer.", |p| {
        Some(p.snapshot.status.in_flight as f64)
    }),
    ("fsts_engine_age_seconds", Kind::Gauge, "Market time since the engine's last event.", |p| {
        Some(p.age_s(p.snapshot.status.as_of.at_ns.timestamp()))
    }),
    ("fsts_stream_frame_age_seconds", Kind::Gauge, "Market time since the stream's last frame.", |p| {
        p.snapshot.status.connection.last_frame_ns.map(|at| p.age_s(at.timestamp()))
    }),
    ("fsts_stream_frames_total", Kind::Counter, "Data frames of the stream.", |p| {
        Some(p.snapshot.status.frames as f64)
    }),
    ("fsts_journal_records_total", Kind::Counter, "Records of the journal.", |p| {
        Some(p.snapshot.status.as_of.seq as f64)
    }),
];

fn flag(on: bool) -> Option<f64> {
    Some(f64::from(u8::from(on)))
}

/// What this process counted since it began.
fn process(out: &mut Exposition) {
    use std::sync::atomic::Ordering::Relaxed;
    out.histogram("fsts_step_seconds", "One event through the engine.", &METERS.step.seen());
    out.histogram("fsts_journal_commit_seconds", "A batch of records until it is durable.", &METERS.journal.seen());
    let counters = [
        ("fsts_journal_failures_total", "Batches that did not become durable.", METERS.journal_failures.load(Relaxed)),
        (
            "fsts_stream_sessions_total",
            "Stream sessions that came up; the first is no reconnect.",
            METERS.sessions.load(Relaxed),
        ),
        ("fsts_stream_losses_total", "Stream sessions that went down.", METERS.losses.load(Relaxed)),
        ("fsts_stream_bad_frames_total", "Frames that were refused.", METERS.bad_frames.load(Relaxed)),
        (
            "fsts_market_data_shed_total",
            "Prices shed under load, and lines of the tape lost.",
            METERS.shed.load(Relaxed),
        ),
        ("fsts_log_lines_lost_total", "Log lines lost under load.", logging::lost()),
    ];
    for (name, help, value) in counters {
        out.family(name, Kind::Counter, help).sample(&[], value as f64);
    }
    if let Some(age) = METERS.tape_age_ns(real_now()) {
        let help = "Real time since the last line of the tape.";
        out.family("fsts_tape_age_seconds", Kind::Gauge, help).sample(&[], age as f64 / NS_PER_S);
    }
    let mut family = out.family("fsts_kis_calls_total", Kind::Counter, "REST calls to the broker by call and outcome.");
    for call in fsts_kis::calls() {
        family.sample(&[("call", call.call), ("code", &call.code)], call.count as f64);
    }
}

/// The word of a value as the API writes it.
fn word(value: &impl serde::Serialize) -> String {
    serde_json::to_value(value).ok().and_then(|v| v.as_str().map(str::to_owned)).unwrap_or_default()
}

impl fsts_server::Metrics for MetricsPort {
    fn exposition(&self) -> BoxFuture<'_, String> {
        self.write().boxed()
    }
}
