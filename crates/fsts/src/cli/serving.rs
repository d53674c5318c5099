//! A run with its server and its alerts, until somebody stops it.

use std::net::SocketAddr;
use std::sync::Arc;

use fsts_krx::Instrument;
use fsts_server::{Accounts, ServerConfig, SignIn};
use fsts_store::Store;
use secrecy::{ExposeSecret, SecretString};

use super::crew::Crew;
use super::plan_of::start_failure;
use crate::alerts::{Webhooks, real_clock};
use crate::exit::Failure;
use crate::messages::{Lang, run as say};
use crate::runtime::{Plan, start};
use crate::services::{self, Ground, ServiceSettings};

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

/// What the operator is told once the server listens.
#[derive(Debug)]
pub struct Started {
    /// Where.
    pub address: SocketAddr,
    /// Makes the first user of the dashboard; absent when there is one.
    pub setup_code: Option<String>,
}

/// Runs accounts with one server until Ctrl-C or SIGTERM; `started` is called when the server listens.
///
/// An account that can't start, or whose engine ends, leaves the others alone; the run ends with the last of them.
///
/// # Errors
/// A [`Failure`] when none can start, or when the last engine has ended by itself.
pub async fn serve(plans: Vec<Plan>, serving: Serving, started: impl FnOnce(Started)) -> Result<(), Failure> {
    let first = plans.first().expect("invariant: settings make at least one account");
    let key = first.key.clone();
    let store = start::open_store(first).await.map_err(start_failure)?;
    let crew = Crew::start(plans, &store, &serving).await?;
    let leader = crew.members.first().expect("invariant: a crew has a member");
    let plan = &leader.seat.plan;
    let ground = Ground {
        bell: leader.alerts.bell(),
        desk: Arc::clone(&leader.seat.desk),
        accounts: crew.members.iter().map(|m| m.seat.clone()).collect(),
        store: store.clone(),
        stream: plan.stream.clone(),
        data_dir: plan.data_dir.clone(),
        time: plan.time.clone(),
        calendar: plan.rulebook.calendar().clone(),
        kis: plan.kis.clone(),
        universe: universe(&crew),
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
    let bound = fsts_server::bind(config).await.map_err(|e| Failure::failed(say::server(&e.to_string())))?;
    let setup_code = sign_in.setup_code().map(|code| code.expose_secret().to_owned());
    started(Started { address: bound.address(), setup_code });
    let ended = wait(&crew, bound, crew.offered(key, &store)).await;
    assembled.stop().await;
    crew.stop().await;
    store.close().await;
    ended
}

/// The instruments of all accounts, each once.
fn universe(crew: &Crew) -> Arc<[Instrument]> {
    let mut all: Vec<Instrument> = crew.members.iter().flat_map(|m| m.seat.plan.universe.iter().cloned()).collect();
    all.sort_by_key(|i| i.symbol);
    all.dedup_by_key(|i| i.symbol);
    all.into()
}

/// Sessions live in real time: a market that runs faster must not throw people out.
async fn sign_in(store: &Store) -> Result<SignIn, Failure> {
    let clock = real_clock();
    let opened = SignIn::open(store.clone(), Arc::new(move || clock.now())).await;
    opened.map_err(|e| Failure::failed(say::server(&e.to_string())))
}

async fn wait(crew: &Crew, bound: fsts_server::Bound, accounts: Accounts) -> Result<(), Failure> {
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let shutdown = async move {
        let _ = stopped.await;
    };
    let server = tokio::spawn(bound.serve_accounts(accounts, shutdown));
    // One listener for all rounds: a signal between two of them would be lost.
    let mut asked = std::pin::pin!(asked_to_stop());
    let ended = loop {
        tokio::select! {
            () = &mut asked => break Ok(()),
            () = tokio::time::sleep(std::time::Duration::from_millis(500)) => {
                if crew.has_ended() {
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
