//! What screens see of the bots: settings, switch, money and last decision of each.

use std::collections::BTreeMap;

use fsts_domain::{BotId, OrderState, Qty, Symbol, Won};
use fsts_engine::{BotInfo, BotSwitch, Engine, OrderStyle, Sizing, Strategy};

use crate::views::{BotDetailView, BotState, BotView, Mode, SizingView, StyleView};

/// How bots of the settings were made; those made at run time say it themselves.
pub struct BotOrigin<'a> {
    /// Id of the strategy.
    pub strategy: &'a str,
    /// Its parameters.
    pub params: &'a BTreeMap<String, f64>,
}

/// What all bots of an account have in common.
pub struct BotsOf<'a> {
    /// Key of the account.
    pub account: &'a str,
    /// Paper or live.
    pub mode: Mode,
    /// How a bot of the settings was made.
    pub origin: &'a dyn Fn(BotId) -> Option<BotOrigin<'a>>,
}

/// All bots, in the order of their making.
pub fn bots<S: Strategy>(engine: &Engine<S>, of: &BotsOf<'_>) -> Vec<BotDetailView> {
    let infos: Vec<BotInfo<'_>> = engine.bots().collect();
    let shared = |info: &BotInfo<'_>, symbol: &Symbol| {
        infos.iter().any(|other| other.config.id != info.config.id && other.config.symbols.contains(symbol))
    };
    infos.iter().map(|info| bot(engine, info, of, &|symbol| shared(info, symbol))).collect()
}

fn bot<S: Strategy>(
    engine: &Engine<S>,
    info: &BotInfo<'_>,
    of: &BotsOf<'_>,
    is_shared: &dyn Fn(&Symbol) -> bool,
) -> BotDetailView {
    let config = info.config;
    let none = BTreeMap::new();
    let origin = match info.made {
        Some(made) => Some((made.strategy.as_str(), &made.params)),
        None => (of.origin)(config.id).map(|o| (o.strategy, o.params)),
    };
    let (strategy, params) = origin.unwrap_or(("", &none));
    let (held, unrealized) = holdings(engine, config.id);
    let working = engine.book().open_orders().iter().filter(|o| o.bot == config.id);
    let reserved: Won = working.clone().map(|o| o.reserved_cash()).sum();
    BotDetailView {
        id: config.id.to_string(),
        account: of.account.to_owned(),
        strategy: strategy.to_owned(),
        params: params.clone(),
        symbols: config.symbols.clone(),
        mode: of.mode,
        state: state(engine.book().halted().is_some(), info.switch),
        warming_up: info.warming_up,
        capital: config.capital,
        capital_used: held + reserved,
        sizing: sizing(config.sizing),
        style: style(config.style),
        schedule: None,
        realized_pnl: engine.book().bot_realized(config.id),
        unrealized_pnl: unrealized,
        open_orders: working.filter(|o| o.state != OrderState::Filled).count() as u32,
        last_decision_ns: info.last_decision.map(|(at, _)| at.into()),
        last_decision: info.last_decision.map(|(_, word)| word.to_owned()),
        shared_symbols: config.symbols.iter().filter(|s| is_shared(s)).copied().collect(),
        configured: info.made.is_none(),
    }
}

/// Cost of what a bot holds, and its profit at last prices.
fn holdings<S: Strategy>(engine: &Engine<S>, bot: BotId) -> (Won, Won) {
    let (mut cost, mut profit) = (Won::ZERO, Won::ZERO);
    for (line, ix) in engine.book().lines().iter().zip(0u32..) {
        let held = line.slice(Some(bot));
        if held.qty > Qty::ZERO {
            cost += held.cost;
            profit += super::value_of(engine, ix, held) - held.cost;
        }
    }
    (cost, profit)
}

fn state(halted: bool, switch: BotSwitch) -> BotState {
    match switch {
        BotSwitch::Stopped => BotState::Stopped,
        BotSwitch::Running | BotSwitch::Paused if halted => BotState::Halted,
        BotSwitch::Paused => BotState::Paused,
        BotSwitch::Running => BotState::Running,
    }
}

/// The short form that the status carries.
pub fn brief(bot: &BotDetailView) -> BotView {
    let state = match bot.state {
        BotState::Running if bot.warming_up => BotState::WarmingUp,
        state => state,
    };
    BotView { id: bot.id.clone(), strategy: bot.strategy.clone(), state, symbols: bot.symbols.clone() }
}

fn sizing(sizing: Sizing) -> SizingView {
    match sizing {
        Sizing::Shares(qty) => SizingView::Shares(qty.get()),
        Sizing::Notional(won) => SizingView::Notional(won.get()),
        // A least amount is for simulations; a bot's definition can't have one.
        Sizing::Equity(rate) | Sizing::EquityAtLeast(rate, _) => {
            SizingView::EquityPercent(rate.get() as f64 / 10_000_000.0)
        }
    }
}

fn style(style: OrderStyle) -> StyleView {
    match style {
        OrderStyle::Market => StyleView::Market,
        OrderStyle::MarketableLimit { collar_ticks } => StyleView::MarketableLimit { collar_ticks },
    }
}
