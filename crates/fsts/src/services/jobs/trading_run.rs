//! The task that lets bots on daily bars decide before the close: quotes, ranking, closed days, one command to the engine.
//!
//! What the broker answers goes into the command, and with it into the tape: the engine asks nobody. It keeps that a day
//! has one run, so this task may be asked as often as one likes.

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::sync::Arc;

use fsts_domain::{Bar, NS_PER_S, Symbol, Timestamp};
use fsts_engine::{Command, DailyRun, Interval, PAST_MAX, RankedDay, Reply};
use fsts_kis::{BarPrices, Days, Kis, KisError, Quote};
use fsts_server::{Desk, Snapshot};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::catalog::TRADING_RUN;
use super::task::{Task, TaskError, TaskRun};
use crate::messages::{Text, jobs as say};
use crate::runtime::{BotPlan, RankBy, Seat};

/// Closed days that are shown per bar of warm-up: a recursive indicator then hardly knows where it began.
const PAST_PER_WARM_UP: usize = 4;
/// At least so many: one answer of the broker.
const PAST_MIN: usize = 100;
/// Calendar days that surely hold seven trading days, and the longest closure besides.
const DAYS_OF_SEVEN: usize = 10;
const CLOSURE_DAYS: usize = 15;
/// An engine that isn't ready is asked again so often, and for so long after the run was due. Market time.
const AGAIN_S: i64 = 5;
const WAIT_S_MAX: i64 = 4 * 60;

/// The task.
pub struct TradingRun {
    accounts: Arc<[Seat]>,
}

/// What one bot's run came to.
struct Outcome {
    bot: String,
    ranked: usize,
    failed: usize,
    reply: Reply,
    /// Buys and sells that it placed.
    placed: (usize, usize),
}

impl TradingRun {
    /// Runs of the bots of these accounts.
    pub fn new(accounts: Arc<[Seat]>) -> Self {
        TradingRun { accounts }
    }

    /// One account after the other; one that fails keeps none of the others from deciding.
    async fn run_all(&self, due: Timestamp) -> Result<Text, TaskError> {
        let mut done = Vec::new();
        for seat in self.accounts.iter() {
            let account = (self.accounts.len() > 1).then_some(seat.plan.key.as_str());
            for bot in seat.plan.bots.iter().filter(|b| b.interval == Interval::Day) {
                done.push((account, run_bot(seat, bot, due).await));
            }
        }
        if done.is_empty() { Ok(say::no_daily_bots()) } else { say::of_accounts(done) }
    }
}

impl Task for TradingRun {
    fn name(&self) -> &'static str {
        TRADING_RUN
    }

    fn run(&self, run: TaskRun) -> BoxFuture<'_, Result<Text, TaskError>> {
        async move { self.run_all(run.due).await }.boxed()
    }
}

async fn run_bot(seat: &Seat, bot: &BotPlan, due: Timestamp) -> Result<Text, TaskError> {
    let (name, time) = (bot.config.id.to_string(), &seat.plan.time);
    loop {
        let outcome = ask(seat, bot).await?;
        let waits = outcome.reply == Reply::NotPossible("not_ready");
        if !waits || time.now().since(due) > WAIT_S_MAX * NS_PER_S {
            return told(outcome);
        }
        tracing::info!(bot = name, "the engine isn't ready for the run before the close; it is asked again");
        time.clock().wait_until(time.now().plus_s(AGAIN_S)).await;
    }
}

fn told(outcome: Outcome) -> Result<Text, TaskError> {
    let Outcome { bot, ranked, failed, reply, placed } = outcome;
    match reply {
        Reply::Done => Ok(say::bot_ran((&bot, ranked, failed), placed)),
        Reply::NotPossible("already_run") => Ok(say::bot_ran_before(&bot)),
        Reply::NotPossible(code) => Err(TaskError(say::bot_not_run(&bot, code))),
        other => {
            tracing::error!(?other, bot, "the engine answered another question");
            Err(TaskError(say::bot_not_run(&bot, "internal")))
        }
    }
}

/// Gathers what the bot looks at and gives it to the engine.
async fn ask(seat: &Seat, bot: &BotPlan) -> Result<Outcome, TaskError> {
    let (id, kis, time) = (bot.config.id, &seat.plan.kis, &seat.plan.time);
    let lost = |error: &dyn std::fmt::Display| {
        tracing::error!(%error, bot = %id, "the run before the close has nothing to decide on");
        TaskError(say::bot_without_quotes(id.as_str()))
    };
    let taken_at = time.now();
    let held = held(&seat.desk.snapshot(), bot);
    let (quotes, mut failed, error) = quotes(kis, &bot.config.symbols).await;
    if let (true, Some(error)) = (quotes.is_empty(), error) {
        return Err(lost(&error));
    }
    let warm_up =
        fsts_strategies::build(&bot.strategy, &bot.params, bot.interval).map_err(|e| lost(&e))?.needs().warm_up;
    let past = (warm_up as usize * PAST_PER_WARM_UP).clamp(PAST_MIN, PAST_MAX);
    let mut ranked = Vec::new();
    for quote in chosen(quotes, bot, &held) {
        let Some(forming) = forming(&quote) else { continue };
        match closed_days(kis, quote.symbol, (taken_at, past)).await {
            Ok(past) => ranked.push(RankedDay { symbol: quote.symbol, past, forming }),
            Err(error) => {
                tracing::warn!(%error, symbol = %quote.symbol, "no closed days; the run goes on without the symbol");
                failed += 1;
            }
        }
    }
    let count = ranked.len();
    let asked = time.now();
    let command = Command::RunDaily(Box::new(DailyRun { bot: id, taken_at, ranked }));
    let reply = seat.desk.command(command).await.map_err(|e| lost(&e))?.reply;
    let placed = placed(&seat.desk.snapshot(), bot, asked);
    Ok(Outcome { bot: id.to_string(), ranked: count, failed, reply, placed })
}

/// What a bot holds of its symbols: looked at whatever its rank, or nothing would ever be sold.
fn held(picture: &Snapshot, bot: &BotPlan) -> BTreeSet<Symbol> {
    let id = bot.config.id.to_string();
    let is_mine = |p: &&fsts_server::views::PositionView| p.slices.iter().any(|s| s.bot == id && !s.qty.is_zero());
    picture.positions.iter().filter(is_mine).map(|p| p.symbol).collect()
}

/// The quotes that could be had, how many could not, and the last reason why.
async fn quotes(kis: &Kis, symbols: &[Symbol]) -> (Vec<Quote>, usize, Option<KisError>) {
    let (mut quotes, mut failed, mut last) = (Vec::with_capacity(symbols.len()), 0, None);
    for symbol in symbols {
        match kis.price(*symbol).await {
            Ok(quote) => quotes.push(quote),
            Err(error) => {
                tracing::warn!(%error, %symbol, "no quote; the run goes on without the symbol");
                failed += 1;
                last = Some(error);
            }
        }
    }
    (quotes, failed, last)
}

/// The best by the bot's ranking, then what it holds besides.
fn chosen(mut quotes: Vec<Quote>, bot: &BotPlan, held: &BTreeSet<Symbol>) -> Vec<Quote> {
    // The sort is stable: what ranks alike keeps the order of the settings.
    match bot.ranking.by {
        RankBy::Listed => {}
        RankBy::Value => quotes.sort_by_key(|q| Reverse(q.value)),
        RankBy::Volume => quotes.sort_by_key(|q| Reverse(q.volume)),
        RankBy::Change => quotes.sort_by_key(|q| Reverse(change(q))),
    }
    let top = bot.ranking.top.unwrap_or(usize::MAX);
    let is_chosen = |(n, quote): &(usize, Quote)| *n < top || held.contains(&quote.symbol);
    quotes.into_iter().enumerate().filter(is_chosen).map(|(_, quote)| quote).collect()
}

/// Change against the base price in millionths; a symbol without a price comes last.
fn change(quote: &Quote) -> i64 {
    let prices = quote.last.zip(quote.base);
    prices.map_or(i64::MIN, |(last, base)| (last.get() - base.get()).saturating_mul(1_000_000) / base.get())
}

/// Today so far; `None` before the first trade.
fn forming(quote: &Quote) -> Option<Bar> {
    let (open, high, low, last) = (quote.open?, quote.high?, quote.low?, quote.last?);
    (quote.volume > 0).then(|| Bar::enclosing(open, high, low, last, quote.volume))
}

/// The last closed days of a symbol in today's prices.
async fn closed_days(kis: &Kis, symbol: Symbol, (now, count): (Timestamp, usize)) -> Result<Vec<Bar>, KisError> {
    let to = now.kst_day().plus_days(-1);
    let calendar_days = count.div_ceil(7) * DAYS_OF_SEVEN + CLOSURE_DAYS;
    let from = to.plus_days(-i32::try_from(calendar_days).unwrap_or(i32::MAX));
    let bars = kis.daily_bars(symbol, Days { from, to }, BarPrices::Adjusted).await?;
    let skip = bars.len().saturating_sub(count);
    Ok(bars.into_iter().skip(skip).map(|(_, bar)| bar).collect())
}

/// Buys and sells of a bot since an instant.
fn placed(picture: &Snapshot, bot: &BotPlan, since: Timestamp) -> (usize, usize) {
    let id = bot.config.id.to_string();
    let orders = picture.open_orders.iter().chain(&picture.recent_orders);
    let mine = orders.filter(|o| o.bot == id && o.created_ns.timestamp() >= since);
    let (buys, sells): (Vec<_>, Vec<_>) = mine.partition(|o| o.side == fsts_domain::Side::Buy);
    (buys.len(), sells.len())
}
