//! The picture that screens see: status, money, positions and orders of one moment, made from the engine.

use std::collections::BTreeMap;
use std::sync::Arc;

use fsts_domain::{BotId, Symbol, Timestamp, Won};
use fsts_engine::{Engine, FreezeReason, Line, Strategy};
use fsts_krx::{RuleBook, SessionPart};
use fsts_server::Snapshot;
use fsts_server::picture::{self, BotOrigin, BotsOf, Picture, brief};
use fsts_server::views::{
    AsOf, BalanceView, ClockView, ConnectionView, FrozenView, JournalHealth, ReasonView, StatusView, StreamHealth,
};

use crate::runtime::Plan;

/// What the engine's loop knows besides the engine.
#[derive(Debug, Clone, Default)]
pub struct Surroundings {
    /// Stream frames processed.
    pub frames: u64,
    /// Market time of the last frame.
    pub last_frame: Option<Timestamp>,
    /// Whether a stream session stands.
    pub stream_up: bool,
    /// Whether one ever stood.
    pub stream_seen: bool,
    /// Since when symbols are frozen.
    pub frozen_since: BTreeMap<Symbol, Timestamp>,
    /// Market time of the last event.
    pub at: Timestamp,
    /// Equity when the trading day began, where this run saw it.
    pub day_start: Option<Won>,
}

/// Makes the picture.
pub fn take<S: Strategy>(
    plan: &Plan,
    engine: &Engine<S>,
    sheet: &Picture,
    around: &Surroundings,
    names: &Arc<BTreeMap<Symbol, String>>,
) -> Snapshot {
    let now = plan.time.now().max(around.at);
    let as_of = AsOf::at(engine.book().last_seq(), around.at, now);
    let balance = picture::balance(engine, as_of);
    let bots = picture::bots(engine, &BotsOf { account: &plan.key, mode: plan.mode, origin: &|id| origin(plan, id) });
    let day_start = around.day_start.unwrap_or(balance.equity - balance.realized_pnl - balance.unrealized_pnl);
    Snapshot {
        status: StatusView { bots: bots.iter().map(brief).collect(), ..status(plan, engine, around, (now, as_of)) },
        balance: BalanceView { start_equity: day_start, ..balance },
        positions: picture::positions(engine),
        open_orders: sheet.open_orders(),
        recent_orders: sheet.recent_orders(),
        recent_fills: sheet.recent_fills(),
        bots,
        names: Arc::clone(names),
    }
}

fn status<S: Strategy>(
    plan: &Plan,
    engine: &Engine<S>,
    around: &Surroundings,
    (now, as_of): (Timestamp, AsOf),
) -> StatusView {
    let reasons = engine.not_ready();
    let halt = engine.book().halted();
    let journal = match () {
        () if reasons.contains(&"journal_failed") => JournalHealth::Failed,
        () if reasons.contains(&"journal_stalled") => JournalHealth::Slow,
        () => JournalHealth::Ok,
    };
    StatusView {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        mode: plan.mode,
        kis_env: plan.kis_env,
        account: plan.account.to_string(),
        clock: ClockView {
            now_ns: now.into(),
            trading_day: now.kst_day(),
            session_part: plan.rulebook.part_at(now),
            next_open_ns: next_open(&plan.rulebook, now).map(Into::into),
            speed: plan.time.speed(),
        },
        ready: reasons.is_empty(),
        reasons: reasons.into_iter().map(ReasonView::of).collect(),
        halted: halt.is_some(),
        halt_reason: halt.map(str::to_owned),
        connection: ConnectionView {
            stream: match (around.stream_up, around.stream_seen) {
                (true, _) => StreamHealth::Up,
                (false, true) => StreamHealth::Down,
                (false, false) => StreamHealth::Connecting,
            },
            last_frame_ns: around.last_frame.map(Into::into),
            stale_symbols: stale(plan, engine, now),
            journal,
        },
        bots: Vec::new(),
        frozen: frozen(engine, around),
        frames: around.frames,
        in_flight: engine.in_flight() as u64,
        as_of,
    }
}

fn next_open(rules: &RuleBook, now: Timestamp) -> Option<Timestamp> {
    if rules.part_at(now).is_regular() {
        return None;
    }
    let today = rules.calendar().regular_open(now.kst_day()).filter(|open| *open > now);
    today.or_else(|| rules.calendar().next_open_day(now.kst_day()).and_then(|day| rules.calendar().regular_open(day)))
}

fn stale<S: Strategy>(plan: &Plan, engine: &Engine<S>, now: Timestamp) -> Vec<Symbol> {
    if !matches!(plan.rulebook.part_at(now), SessionPart::Continuous | SessionPart::AlwaysOpen) {
        return Vec::new();
    }
    let limit_ns = plan.limits.stale_after_s.saturating_mul(fsts_domain::NS_PER_S);
    let old = |ix: usize| engine.last_price(ix as u32).is_none_or(|(_, at)| now.since(at) > limit_ns);
    plan.universe.iter().enumerate().filter(|(ix, _)| old(*ix)).map(|(_, i)| i.symbol).collect()
}

fn origin(plan: &Plan, id: BotId) -> Option<BotOrigin<'_>> {
    let bot = plan.bots.iter().find(|b| b.config.id == id)?;
    Some(BotOrigin { strategy: &bot.strategy, params: &bot.params.0 })
}

fn frozen<S: Strategy>(engine: &Engine<S>, around: &Surroundings) -> Vec<FrozenView> {
    let lines = engine.book().lines().iter().enumerate();
    let frozen = lines.filter(|(ix, _)| engine.is_frozen(*ix as u32));
    let view = |(_, line): (usize, &Line)| FrozenView {
        symbol: line.symbol,
        reason: match line.frozen {
            Some(FreezeReason::QuantityMismatch) => "quantity_mismatch",
            Some(FreezeReason::Correction) => "correction",
            Some(FreezeReason::AmbiguousOrder) | None => "ambiguous_order",
        }
        .to_owned(),
        since_ns: around.frozen_since.get(&line.symbol).copied().unwrap_or(around.at).into(),
        next_check_ns: None,
    };
    frozen.map(view).collect()
}
