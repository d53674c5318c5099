//! What the server offers besides the account. Each part is a port that the program fills in; without it its routes say
//! that it is off.

use std::sync::Arc;

use crate::assistant::AssistantPort;
use crate::backups::Backups;
use crate::discord::Discord;
use crate::health::HealthPort;
use crate::jobs::Jobs;
use crate::market_data::MarketData;
use crate::mcp::McpPort;
use crate::metrics::Metrics;
use crate::sign_in::SignIn;
use crate::simulations::Simulations;

/// The parts that are there.
#[derive(Clone, Default)]
pub struct Services {
    /// The assistant.
    pub assistant: Option<Arc<dyn AssistantPort>>,
    /// The tools for other programs' models.
    pub mcp: Option<Arc<dyn McpPort>>,
    /// Messages and slash commands.
    pub discord: Option<Arc<dyn Discord>>,
    /// How these parts are.
    pub health: Option<Arc<dyn HealthPort>>,
    /// Simulation jobs and the strategies they run.
    pub simulations: Option<Arc<dyn Simulations>>,
    /// Users and sessions of the dashboard; without them only the token gives rights.
    pub sign_in: Option<Arc<SignIn>>,
    /// Scheduled jobs.
    pub jobs: Option<Arc<dyn Jobs>>,
    /// Bars of the past.
    pub market_data: Option<Arc<dyn MarketData>>,
    /// What is counted.
    pub metrics: Option<Arc<dyn Metrics>>,
    /// Backups.
    pub backups: Option<Arc<dyn Backups>>,
}

impl std::fmt::Debug for Services {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Services").finish_non_exhaustive()
    }
}
