//! What a backtest is told besides its data.

use fsts_domain::{BotId, Price, Qty, Rate, Symbol, Won};
use fsts_engine::{BotConfig, Engine, EngineConfig, OrderStyle, RiskLimits, Sizing, Strategy};
use fsts_krx::{Profile, RuleBook};
use fsts_lake::{DataSet, PriceKind};

/// Settings of one run.
#[derive(Debug, Clone)]
pub struct Setup {
    /// Rules of the run.
    pub rules: RuleBook,
    /// Cash at the start.
    pub cash: Won,
    /// Size of an entry.
    pub sizing: Sizing,
    /// Price of an order.
    pub style: OrderStyle,
    /// Keep a line for each decision.
    pub decision_log: bool,
    /// Keep the equity of every slice rather than of every day.
    pub full_curve: bool,
    /// Keep the books at the end of every day.
    pub daily_rows: bool,
    /// Limits of the gate.
    pub limits: RiskLimits,
}

impl Setup {
    /// Equity-sized entries under a rule book, at market in the ideal profile and behind a tick collar on the exchange's grid.
    pub fn new(rules: RuleBook, cash: Won) -> Self {
        let style = match rules.profile() {
            Profile::Ideal => OrderStyle::Market,
            Profile::Krx => OrderStyle::MarketableLimit { collar_ticks: 10 },
        };
        let sizing = Sizing::Equity(Rate::per_billion(50_000_000));
        Setup {
            rules,
            cash,
            sizing,
            style,
            decision_log: false,
            full_curve: false,
            daily_rows: false,
            limits: RiskLimits::unlimited(),
        }
    }

    /// The bench profile: ten shares at market from a fixed cash.
    pub fn bench(cash: Won) -> Self {
        let ten = Qty::new(10).expect("invariant: a positive constant");
        let setup = Setup::new(RuleBook::ideal_won(), cash);
        Setup { sizing: Sizing::Shares(ten), style: OrderStyle::Market, full_curve: true, ..setup }
    }
}

/// Why a run can't start.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SetupError {
    /// Adjusted prices lie off the grid and outside the bands of their day.
    #[error("adjusted prices can't run under exchange rules; use `--rules ideal`, or raw prices")]
    AdjustedUnderExchangeRules,
    /// There is nothing to run over.
    #[error("the data holds no bar in the chosen period and symbols")]
    NoData,
    /// The starting cash must be positive.
    #[error("the starting cash must be at least 1 won")]
    NoCash,
    /// Bots and universe don't fit.
    #[error(transparent)]
    Engine(#[from] fsts_engine::ConfigError),
}

/// Checks a setup against its data and makes the engine of the run: one bot over all symbols.
pub(crate) fn engine<S: Strategy>(data: &DataSet, setup: &Setup, strategy: S) -> Result<Engine<S>, SetupError> {
    if data.rows.is_empty() {
        return Err(SetupError::NoData);
    }
    if setup.cash < Won::new(1) {
        return Err(SetupError::NoCash);
    }
    if setup.rules.profile() == Profile::Krx && data.price_kind == PriceKind::Adjusted {
        return Err(SetupError::AdjustedUnderExchangeRules);
    }
    let config = EngineConfig {
        decision_log: setup.decision_log,
        limits: setup.limits,
        ..EngineConfig::simulated(data.symbols.clone())
    };
    let symbols: Vec<Symbol> = data.symbols.iter().map(|i| i.symbol).collect();
    let id: BotId = "backtest".parse().expect("invariant: a well-formed constant");
    let bot = BotConfig { id, symbols, sizing: setup.sizing, style: setup.style, capital: None };
    Ok(Engine::new(config, setup.rules.clone(), vec![(bot, strategy)])?)
}

/// The base price that a row carries, if its data know it.
pub(crate) fn base_of(data: &DataSet, row: usize) -> Option<Price> {
    data.base_prices.get(row).and_then(|won| Price::new(*won).ok())
}
