//! A run with its server and its alerts, until somebody stops it.

use std::net::SocketAddr;
use std::sync::{Arc, OnceLock, Weak};

use fsts_domain::Symbol;
use fsts_engine::{Condition, Entry};
use fsts_server::{ServerConfig, SignIn, StoreArchive};
use fsts_store::Store;
use secrecy::{ExposeSecret, SecretString};

use crate::alerts::{AlertSetup, Alerts, Charts, Webhooks, real_clock};
use crate::exit::Failure;
use crate::messages::{Lang, run as say};
use crate::runtime::desk::AccountDesk;
use crate::runtime::engine_loop::Witness;
use crate::runtime::{Plan, Running, start};
use crate::services::{self, Ground, ServiceSettings};

use super::plan_of::start_failure;

/// What a run is served with.
#[derive(Debug, Clone)]
pub struct Serving {
    /// Address of the server.
    pub listen: SocketAddr,
    /// Secret of writes.
    pub api_token: Option<SecretString>,
    /// Where alerts go.
    pub webhooks: Webhooks,
    /// Language of alerts and answers.
    pub lang: Lang,
    /// What runs beside the loop.
    pub services: ServiceSettings,
}

/// Facts go to the alerts.
struct AlertWitness(Arc<Alerts>);

impl Witness for AlertWitness {
    fn facts(&self, entries: Arc<[Entry]>) {
        self.0.facts(&entries);
    }
    fn condition(&self, condition: &Condition, seq: u64) {
        self.0.condition(condition, seq);
    }
}

/// What the operator is told once the server listens.
#[derive(Debug)]
pub struct Started {
    /// Where.
    pub address: SocketAddr,
    /// Makes the first user of the dashboard; absent when there is one.
    pub setup_code: Option<String>,
}

/// Runs a plan with its server until Ctrl-C or SIGTERM; `started` is called when the server listens.
///
/// # Errors
/// A [`Failure`] when it can't start, or when the engine ends by itself.
pub async fn serve(plan: Plan, serving: Serving, started: impl FnOnce(Started)) -> Result<(), Failure> {
    let store = start::open_store(&plan).await.map_err(start_failure)?;
    let names = names(&plan);
    let desk_slot: DeskSlot = Arc::default();
    let setup = AlertSetup {
        store: store.clone(),
        webhooks: serving.webhooks.clone(),
        charts: Some(charts(Arc::clone(&desk_slot))),
        lang: serving.lang,
        stream: plan.stream.clone(),
        names,
        market_clock: plan.time.clock(),
        real_clock: real_clock(),
    };
    let alerts = Alerts::start(setup).map_err(|e| Failure::config(e.text()))?;
    let alerts = Arc::new(alerts);
    let witness = Box::new(AlertWitness(Arc::clone(&alerts)));
    let running = start::start(plan.clone(), store.clone(), witness).await.map_err(start_failure)?;
    let _first_and_only = desk_slot.set(Arc::downgrade(&running.desk));
    let ground = Ground {
        bell: alerts.bell(),
        desk: Arc::clone(&running.desk),
        store: store.clone(),
        stream: plan.stream.clone(),
        data_dir: plan.data_dir.clone(),
        time: plan.time.clone(),
        calendar: plan.rulebook.calendar().clone(),
        fault: plan.fault.clone(),
        lang: serving.lang,
        settings: serving.services.clone(),
    };
    let assembled = services::assemble(ground).await?;
    let sign_in = Arc::new(sign_in(&store).await?);
    let mut services = assembled.offered.clone();
    services.sign_in = Some(Arc::clone(&sign_in));
    let config = ServerConfig {
        api_token: serving.api_token.clone(),
        language: match serving.lang {
            Lang::Ko => fsts_server::Language::Korean,
            Lang::En => fsts_server::Language::English,
        },
        services,
        ..ServerConfig::new(serving.listen)
    };
    let archive = Arc::new(StoreArchive::new(store, plan.stream.clone()));
    let bound = fsts_server::bind(config).await.map_err(|e| Failure::failed(say::server(&e.to_string())))?;
    let setup_code = sign_in.setup_code().map(|code| code.expose_secret().to_owned());
    started(Started { address: bound.address(), setup_code });
    let ended = wait(&running, bound, archive).await;
    assembled.stop().await;
    running.stop().await;
    if let Ok(alerts) = Arc::try_unwrap(alerts) {
        alerts.stop().await;
    }
    ended
}

/// Sessions live in real time: a market that runs faster must not throw people out.
async fn sign_in(store: &Store) -> Result<SignIn, Failure> {
    let clock = real_clock();
    let opened = SignIn::open(store.clone(), Arc::new(move || clock.now())).await;
    opened.map_err(|e| Failure::failed(say::server(&e.to_string())))
}

async fn wait(running: &Running, bound: fsts_server::Bound, archive: Arc<StoreArchive>) -> Result<(), Failure> {
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let shutdown = async move {
        let _ = stopped.await;
    };
    let server = tokio::spawn(bound.serve(running.desk.clone(), archive, shutdown));
    // One listener for all rounds: a signal between two of them would be lost.
    let mut asked = std::pin::pin!(asked_to_stop());
    let ended = loop {
        tokio::select! {
            () = &mut asked => break Ok(()),
            () = tokio::time::sleep(std::time::Duration::from_millis(500)) => {
                if running.has_ended() {
                    break Err(Failure::failed(say::engine_ended()));
                }
            }
        }
    };
    let _ = stop.send(());
    // Open streams of browsers end with the process.
    let _ = tokio::time::timeout(std::time::Duration::from_secs(2), server).await;
    ended
}

/// Ctrl-C, or the signal by which service managers end a program.
pub async fn asked_to_stop() {
    let interrupt = tokio::signal::ctrl_c();
    match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
        Ok(mut terminate) => {
            tokio::select! {
                _ = interrupt => {}
                _ = terminate.recv() => {}
            }
        }
        Err(_) => {
            let _ = interrupt.await;
        }
    }
}

/// The desk, once the run has started; the alerts don't keep it.
type DeskSlot = Arc<OnceLock<Weak<AccountDesk>>>;

/// The minutes of an instrument's day so far as a picture.
fn charts(slot: DeskSlot) -> Charts {
    Arc::new(move |symbol| {
        let slot = Arc::clone(&slot);
        Box::pin(async move {
            let desk = slot.get().and_then(Weak::upgrade)?;
            services::chart::of_the_day(desk.as_ref(), symbol).await
        })
    })
}

fn names(plan: &Plan) -> Arc<dyn Fn(Symbol) -> String + Send + Sync> {
    let universe = plan.universe.clone();
    Arc::new(move |symbol| {
        let found = universe.iter().find(|i| i.symbol == symbol);
        found.map_or_else(|| symbol.to_string(), |i| i.name.clone())
    })
}
