//! Listening, accepting and ending: sockets in front of the router.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use secrecy::ExposeSecret;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::accounts::{Accounts, Switchboard};
use crate::app::{App, READERS_MAX, stopped};
use crate::archive::Archive;
use crate::config::{ServerConfig, ServerError};
use crate::desk::Desk;
use crate::hub::Hub;
use crate::mcp::CALLS_MAX;
use crate::router::router;

/// Connections at once; the next one waits until one ends.
const CONNECTIONS_MAX: usize = 256;
/// All headers of a request.
const HEADERS_MAX: usize = 16 * 1024;
/// Headers of a request.
const HEADER_COUNT_MAX: usize = 64;
/// Time for the headers of a request, and for the next one on a kept connection.
const HEADERS_WITHIN: Duration = Duration::from_secs(10);
/// Time for running requests when the server ends.
const FAREWELL: Duration = Duration::from_secs(5);
/// Shortest write token: 128 random bits as hex have 32.
const TOKEN_MIN: usize = 16;

/// A server that has its address and waits to be run.
#[derive(Debug)]
pub struct Bound {
    listener: TcpListener,
    address: SocketAddr,
    config: ServerConfig,
}

/// Takes the address.
///
/// # Errors
/// [`ServerError`] when the settings are unsafe or the address cannot be had.
pub async fn bind(config: ServerConfig) -> Result<Bound, ServerError> {
    let address = config.listen;
    if !address.ip().is_loopback() {
        return Err(ServerError::NotLoopback(address));
    }
    if config.api_token.as_ref().is_some_and(|token| token.expose_secret().len() < TOKEN_MIN) {
        return Err(ServerError::WeakToken(TOKEN_MIN));
    }
    let failed = |source| ServerError::Listen { address, source };
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    Ok(Bound { listener, address, config })
}

/// Takes the address and serves until `shutdown` is done.
///
/// # Errors
/// As [`bind`].
pub async fn serve(
    config: ServerConfig,
    desk: Arc<dyn Desk>,
    archive: Arc<dyn Archive>,
    shutdown: impl Future<Output = ()>,
) -> Result<(), ServerError> {
    bind(config).await?.serve(desk, archive, shutdown).await;
    Ok(())
}

impl Bound {
    /// The address, with its port.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves one account until `shutdown` is done and running requests are answered, or have had their time.
    pub async fn serve(self, desk: Arc<dyn Desk>, archive: Arc<dyn Archive>, shutdown: impl Future<Output = ()>) {
        self.serve_accounts(Accounts::one(desk, archive), shutdown).await;
    }

    /// Serves accounts, of which at least one runs; otherwise as [`serve`](Self::serve).
    pub async fn serve_accounts(self, accounts: Accounts, shutdown: impl Future<Output = ()>) {
        let (stop, stopping) = watch::channel(false);
        let readers = Arc::new(Semaphore::new(READERS_MAX));
        let mut tasks = JoinSet::new();
        let (accounts, allowed_hosts) = (Arc::new(accounts), Arc::from(self.config.allowed_hosts));
        let calls = Arc::new(Semaphore::new(CALLS_MAX));
        let mut routers = Vec::with_capacity(accounts.seats.len());
        for seat in &accounts.seats {
            let hub = Hub::new();
            let app = App {
                key: seat.key.as_str().into(),
                accounts: Arc::clone(&accounts),
                desk: Arc::clone(&seat.desk),
                archive: Arc::clone(&seat.archive),
                token: self.config.api_token.clone(),
                language: self.config.language,
                allowed_hosts: Arc::clone(&allowed_hosts),
                services: self.config.services.clone(),
                hub: hub.clone(),
                readers: Arc::clone(&readers),
                calls: Arc::clone(&calls),
                stopping: stopping.clone(),
            };
            tasks.spawn(hub.run(Arc::clone(&seat.desk), stopping.clone()));
            routers.push((seat.key.clone(), router(app)));
        }
        let accepting = accept(&self.listener, Switchboard::new(routers.into_iter()), &mut tasks, stopping);
        tokio::select! {
            () = accepting => {}
            () = shutdown => {}
        }
        let _ = stop.send(true);
        let all = async {
            while tasks.join_next().await.is_some() {}
            // Live connections have left their sockets' tasks; each holds a place until it has said goodbye.
            let _ = readers.acquire_many(READERS_MAX as u32).await;
        };
        if timeout(FAREWELL, all).await.is_err() {
            tracing::warn!("connections did not end in time");
        }
    }
}

/// Takes connections for ever.
async fn accept(listener: &TcpListener, routes: Switchboard, tasks: &mut JoinSet<()>, stopping: watch::Receiver<bool>) {
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else {
            return;
        };
        match listener.accept().await {
            Ok((stream, peer)) => {
                let connection = connection(stream, routes.of(peer.ip()), stopping.clone());
                tasks.spawn(async move {
                    connection.await;
                    drop(place);
                });
            }
            Err(error) => {
                // Out of file handles, most likely: those in use must first come back.
                tracing::warn!(%error, "a connection could not be taken");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
        while tasks.try_join_next().is_some() {}
    }
}

/// One connection until its end; a running request is answered before a stop closes it.
async fn connection(stream: TcpStream, routes: Switchboard, mut stopping: watch::Receiver<bool>) {
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(HEADERS_WITHIN);
    builder.max_buf_size(HEADERS_MAX).max_headers(HEADER_COUNT_MAX);
    let _ = stream.set_nodelay(true);
    let serving = builder.serve_connection(TokioIo::new(stream), routes).with_upgrades();
    let mut serving = std::pin::pin!(serving);
    tokio::select! {
        ended = serving.as_mut() => { note(ended); return }
        () = stopped(&mut stopping) => serving.as_mut().graceful_shutdown(),
    }
    note(serving.await);
}

fn note(ended: Result<(), hyper::Error>) {
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended early");
    }
}
