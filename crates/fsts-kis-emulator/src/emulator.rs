//! A running emulator: two sockets, and a driver where time moves by itself.

use std::net::SocketAddr;
use std::sync::Arc;

use fsts_domain::Timestamp;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::config::{ClockMode, EmulatorConfig, EmulatorError};
use crate::hub::Hub;
use crate::truth::{AccountTruth, OrderTruth};
use crate::{server, startup, stream};

/// A running emulator. Dropping it ends it at once, as a kill would; [`Emulator::stop`] ends it properly.
#[derive(Debug)]
pub struct Emulator {
    hub: Arc<Hub>,
    rest: SocketAddr,
    ws: SocketAddr,
    tasks: JoinSet<()>,
}

/// Starts an emulator on its two sockets.
///
/// ```no_run
/// # async fn demo() -> Result<(), Box<dyn std::error::Error>> {
/// use fsts_kis_emulator::{EmuAccount, EmulatorConfig, demo_symbols, start};
///
/// let account = EmuAccount {
///     no: "5000000101".parse()?,
///     app_key: "demo-key".to_owned(),
///     app_secret: "demo-secret".to_owned(),
///     hts_id: "demo".to_owned(),
///     cash: fsts_domain::Won::new(100_000_000),
/// };
/// let config = EmulatorConfig::new("2026-11-20".parse()?, demo_symbols(), vec![account]);
/// let emulator = start(config).await?;
/// println!("REST {} WebSocket {}", emulator.rest_url(), emulator.ws_url());
/// emulator.stop().await?;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// [`EmulatorError`] when the settings can't work, a port is taken, or the data folder can't be used.
pub async fn start(config: EmulatorConfig) -> Result<Emulator, EmulatorError> {
    config.check()?;
    let (rest, rest_address) = listen(config.listen_rest).await?;
    let (ws, ws_address) = listen(config.listen_ws).await?;
    let clock = config.clock;
    let hub = Arc::new(Hub::new(startup::exchange(config)?));
    let mut tasks = JoinSet::new();
    tasks.spawn(server::serve(rest, Arc::clone(&hub)));
    tasks.spawn(stream::serve(ws, Arc::clone(&hub)));
    match clock {
        ClockMode::Real | ClockMode::Accelerated { .. } => {
            let hub = Arc::clone(&hub);
            tasks.spawn(async move { hub.drive().await });
        }
        ClockMode::Stepped => {}
    }
    Ok(Emulator { hub, rest: rest_address, ws: ws_address, tasks })
}

async fn listen(address: SocketAddr) -> Result<(TcpListener, SocketAddr), EmulatorError> {
    let wrong = |source| EmulatorError::Bind { address, source };
    let listener = TcpListener::bind(address).await.map_err(wrong)?;
    let bound = listener.local_addr().map_err(wrong)?;
    Ok((listener, bound))
}

impl Emulator {
    /// The REST base address, `http://127.0.0.1:<port>`.
    pub fn rest_url(&self) -> String {
        format!("http://{}", self.rest)
    }

    /// The WebSocket base address, `ws://127.0.0.1:<port>`.
    pub fn ws_url(&self) -> String {
        format!("ws://{}", self.ws)
    }

    /// Market time.
    pub fn now(&self) -> Timestamp {
        self.hub.with(|exchange| exchange.now)
    }

    /// Every order of every account, oldest first.
    pub fn order_log(&self) -> Vec<OrderTruth> {
        self.hub.with(|exchange| exchange.order_log())
    }

    /// Every account, with its orders.
    pub fn accounts(&self) -> Vec<AccountTruth> {
        self.hub.with(|exchange| exchange.truth())
    }

    /// Ends the sockets and saves everything.
    ///
    /// # Errors
    /// [`EmulatorError::DataDir`] when the state can't be saved.
    pub async fn stop(mut self) -> Result<(), EmulatorError> {
        self.hub.stop();
        while self.tasks.join_next().await.is_some() {}
        self.hub.with(|exchange| exchange.save_all())
        // Dropping the value releases the data folder.
    }

    /// Ends the emulator as a kill would: nothing is saved that was not saved before.
    pub async fn kill(mut self) {
        self.hub.release_store();
        self.tasks.shutdown().await;
    }
}

impl Drop for Emulator {
    /// Connections end some time later; the data folder is free at once, so that a successor can start.
    fn drop(&mut self) {
        self.hub.release_store();
    }
}
