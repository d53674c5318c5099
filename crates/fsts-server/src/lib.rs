//! HTTP and WebSocket: the API, its documentation and the embedded dashboard.
//!
//! Start reading in `router.rs`: one table of all routes. The server knows neither the broker nor strategies.
//!
//! - [`bind`], then [`Bound::serve`]: the server; [`ServerConfig`]: its settings
//! - [`Desk`]: the running engine as the server sees it; [`Archive`]: the store as the server sees it
//! - [`views`]: the JSON shapes; [`picture`]: how to make them from the engine's books
//!
//! Reads ask the engine's last picture or the archive, never the engine. Writes are commands in the engine's own queue
//! and are answered once they are durable.

mod accounts;
mod app;
mod approvals;
mod archive;
pub mod assistant;
mod auth;
mod backups;
mod bots;
mod compat;
mod config;
mod controls;
mod desk;
mod discord;
mod edge;
mod feed;
mod health;
mod hub;
mod indicators;
mod input;
mod jobs;
mod market_data;
pub mod mcp;
mod messages;
mod metrics;
mod orders;
pub mod picture;
mod problem;
mod reads;
mod router;
mod server;
mod services;
mod session;
mod sign_in;
pub mod simulations;
mod static_files;
pub mod views;

pub use accounts::{AccountState, AccountView, Accounts, AccountsView, FailedSeat, Seat};
pub use approvals::{ApproveRequest, RejectRequest};
pub use archive::{Archive, StoreArchive};
pub use backups::{BackupVerifiedView, BackupView, Backups, BackupsError, BackupsView};
pub use bots::{BotDeletedView, BotRequest, BotsView};
pub use compat::TradeRequest;
pub use compat::simulations::{OldResultView, OldSimulationView, PriceChangeRequest};
pub use config::{ServerConfig, ServerError};
pub use controls::{HaltRequest, HaltView, ReleaseView, WatchView};
pub use desk::{CommandOutcome, Desk, DeskError, FeedMessage, Snapshot, Topic};
pub use discord::{ChannelView, Discord, DiscordMessage, Interaction, OutboxView, SendRequest, ShownMessage};
pub use feed::FeedView;
pub use health::{AliveView, HealthPort, OldHealthView, ReadyView};
pub use indicators::{IndicatorPoint, IndicatorView};
pub use jobs::{
    JobBegunView, JobRunView, JobRunsView, JobSwitchedView, JobView, Jobs, JobsError, JobsView, RunOutcomeWord,
    ScheduleKind, SnapshotView, SnapshotsView,
};
pub use market_data::{BarsSource, MarketData, PastBars, PastBarsAsked, PastBarsError};
pub use messages::Language;
pub use metrics::Metrics;
pub use orders::{BindRequest, OrderRequest};
pub use problem::ProblemView;
pub use reads::{AlertsView, BarsView, EquityView, FillsView, OrdersView, PositionsView};
pub use router::openapi_json;
pub use server::{Bound, bind, serve};
pub use services::Services;
pub use session::{LoginRequest, SessionView, SetupRequest};
pub use sign_in::{RealTime, SignIn, SignInError};
