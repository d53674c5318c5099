//! What runs beside the trading loop: each part is a file or folder here, assembled by [`assemble`] and ended by
//! [`Assembled::stop`]. Nothing here is asked by the engine, and no failure here stops trading.

pub mod assistant;
pub mod backup;
pub mod chart;
pub mod collect;
pub mod discord;
pub mod health;
pub mod jobs;
pub mod lake;
pub mod market_data;
pub mod mcp;
pub mod metrics;
pub mod simulations;

use std::path::PathBuf;
use std::sync::Arc;

use fsts_kis::Kis;
use fsts_krx::{Instrument, SessionCalendar};
use fsts_store::Store;

use crate::alerts::Bell;
use crate::clock::MarketTime;
use crate::exit::Failure;
use crate::messages::Lang;
use crate::runtime::Seat;
use crate::runtime::desk::AccountDesk;
use crate::runtime::fault::Fault;
use jobs::{JobSettings, Registry, Scheduler};
use lake::LakeSettings;

pub use assistant::AssistantSettings;

/// What every part may stand on.
#[derive(Clone)]
#[allow(dead_code, reason = "each part takes what it needs")]
pub struct Ground {
    /// The first account: the one that is meant when none is named.
    pub desk: Arc<AccountDesk>,
    /// All running accounts, the first included.
    pub accounts: Arc<[Seat]>,
    /// The database.
    pub store: Store,
    /// Stream of the first account.
    pub stream: String,
    /// Folder for what is written.
    pub data_dir: PathBuf,
    /// Market time.
    pub time: MarketTime,
    /// Trading days.
    pub calendar: SessionCalendar,
    /// The broker, for reads.
    pub kis: Kis,
    /// The program's instruments.
    pub universe: Arc<[Instrument]>,
    /// Planned death, for drills.
    pub fault: Option<Arc<Fault>>,
    /// Language of texts that nobody asked for in another one.
    pub lang: Lang,
    /// Rung when something was put into the outbox of alerts.
    pub bell: Arc<Bell>,
    /// What is set up.
    pub settings: ServiceSettings,
}

/// What the parts are told; the defaults need no account, key or server.
#[derive(Debug, Clone, Default)]
pub struct ServiceSettings {
    /// The assistant.
    pub assistant: AssistantSettings,
    /// Slash commands and channels.
    pub discord: discord::DiscordSettings,
    /// Simulation jobs.
    pub simulations: simulations::SimulationSettings,
    /// Scheduled jobs.
    pub jobs: JobSettings,
    /// Bars at rest.
    pub lake: LakeSettings,
    /// Where backups go.
    pub backup: backup::BackupSettings,
}

/// The parts, running.
#[derive(Default)]
pub struct Assembled {
    /// For the server.
    pub offered: fsts_server::Services,
    assistant: Option<assistant::Assistant>,
    simulations: Option<Arc<simulations::Bench>>,
    scheduler: Option<Scheduler>,
}

impl Assembled {
    /// Ends all parts; returns when they have ended.
    pub async fn stop(self) {
        // First what calls upon the others.
        if let Some(scheduler) = self.scheduler {
            scheduler.stop().await;
        }
        if let Some(bench) = self.simulations {
            bench.stop().await;
        }
        if let Some(assistant) = self.assistant {
            assistant.stop().await;
        }
    }
}

/// Starts all parts.
///
/// # Errors
/// A [`Failure`] where a setting can't be used. An absent peer is no failure: its part says so when it is asked.
pub async fn assemble(ground: Ground) -> Result<Assembled, Failure> {
    // Parts put what jobs can run in here.
    let mut tasks = Registry::default();
    tasks.add(collect::CollectTask {
        kis: ground.kis.clone(),
        time: ground.time.clone(),
        calendar: ground.calendar.clone(),
        universe: Arc::clone(&ground.universe),
        settings: ground.settings.lake.clone(),
    });
    let vault = backup::start(&ground, &mut tasks);
    let bench = simulations::start(&ground).await?;
    let assistant = assistant::start(&ground).await?;
    // Last, so that all tasks are there.
    let (scheduler, jobs) = jobs::start(&ground, tasks).await?;
    let market = (ground.time.clone(), ground.calendar.clone());
    let lake = ground.settings.lake.door.clone();
    let past = market_data::PastMarket::new(lake, ground.kis.clone(), market, Arc::clone(&ground.universe));
    let offered = fsts_server::Services {
        assistant: Some(Arc::clone(&assistant.port)),
        mcp: assistant.mcp.clone(),
        health: Some(Arc::new(health::Health::new(&ground, Arc::clone(&assistant.port)))),
        market_data: Some(Arc::new(past)),
        discord: Some(discord::assemble(&ground)),
        simulations: Some(bench.clone()),
        jobs: Some(jobs),
        metrics: Some(Arc::new(metrics::MetricsPort::new(&ground))),
        backups: vault.map(|vault| vault as Arc<dyn fsts_server::Backups>),
        ..fsts_server::Services::default()
    };
    Ok(Assembled { offered, assistant: Some(assistant), simulations: Some(bench), scheduler: Some(scheduler) })
}
