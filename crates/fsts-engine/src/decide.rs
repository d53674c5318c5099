//! Decision points: strategies see the slice, targets become intents, sells first.

use fsts_domain::{BotId, Market, OrderKind, Price, Qty, Side, Timestamp, Won};
use fsts_krx::{DayRules, PriceBand, SessionPart};

use crate::config::{Context, OrderStyle, Sizing};
use crate::effect::{DecisionLine, Effects, IntentLine};
use crate::engine::{CancelWatch, Engine, Goal};
use crate::event::{SymbolBar, SymbolIx};
use crate::exits;
use crate::intent::{Bracket, CancelIntent, Intent, Purpose, RiskApproved};
use crate::record::{ApprovedOrder, Record};
use crate::risk::{self, Blocked, GateView};
use crate::strategy::{BarView, Decision, Interval, Strategy, Target, Watch};

/// Where and under which rules an order of now would trade.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Venue {
    pub rules: DayRules,
    pub band: Option<PriceBand>,
    pub part: SessionPart,
    pub market: Market,
    pub reference: Price,
    pub reference_at: Timestamp,
}

/// An order as somebody wants it, before it has an id.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wish {
    pub bot: BotId,
    pub symbol: SymbolIx,
    pub side: Side,
    pub qty: Qty,
    pub kind: OrderKind,
    pub bracket: Option<Bracket>,
    pub purpose: Purpose,
    pub interval: Interval,
}

impl<S: Strategy> Engine<S> {
    /// Lets every bot decide on a slice, then turns the targets into orders, sells before buys.
    pub(crate) fn decide(&mut self, at: Timestamp, bars: &[SymbolBar], fx: &mut Effects) {
        for bot in 0..self.bots.len() {
            if self.takes_slices(bot) {
                self.decide_as(bot, at, bars, fx);
            }
        }
        self.hand_over_lines(fx);
    }

    pub(crate) fn hand_over_lines(&mut self, fx: &mut Effects) {
        if !self.lines.is_empty() {
            fx.decisions.append(&mut self.lines);
        }
    }

    /// Lets one bot decide on a slice; its buys are placed in the order of the bars.
    pub(crate) fn decide_as(&mut self, bot: usize, at: Timestamp, bars: &[SymbolBar], fx: &mut Effects) {
        if !self.ask_strategy(bot, bars) || self.warming || !self.decides(bot) {
            return;
        }
        let decisions = self.bots.get_mut(bot).map(|b| std::mem::take(&mut b.decisions)).unwrap_or_default();
        if let Some(b) = self.bots.get_mut(bot) {
            let said = decisions.iter().find(|d| d.target.is_some()).or(decisions.last());
            b.last_decision = said.map(|d| (at, d.signal));
        }
        let first_line = self.log_decisions(at, bot, &decisions, bars);
        if !self.goals.is_empty() {
            decisions.iter().for_each(|decision| self.supersede(bot, decision));
        }
        let sides: &[Side] = match decisions.iter().any(|d| d.target.is_some()) {
            true => &[Side::Sell, Side::Buy],
            false => &[],
        };
        for wanted in sides.iter().copied() {
            for (n, decision) in decisions.iter().enumerate() {
                if let Some(goal) = self.goal_of(bot, n, decision) {
                    self.follow(goal, (wanted, first_line.map(|l| l + n)), fx);
                }
            }
        }
        if let Some(b) = self.bots.get_mut(bot) {
            b.decisions = decisions;
        }
    }

    /// Fills the bot's views of the slice and its decisions. False when none of its symbols has a bar.
    fn ask_strategy(&mut self, bot: usize, bars: &[SymbolBar]) -> bool {
        let Some(bot) = self.bots.get_mut(bot) else { return false };
        bot.views.clear();
        bot.decisions.clear();
        bot.protective.clear();
        for SymbolBar { symbol, bar } in bars {
            let Some(slot) = bot.slots.get(*symbol as usize).copied().flatten() else { continue };
            let line = self.book.line(*symbol);
            let held = if line.total.qty.is_zero() { Default::default() } else { line.slice(Some(bot.config.id)) };
            let factor = self.views.get(*symbol).map_or(1.0, |v| v.factor);
            bot.views.push(BarView { slot, bar: *bar, factor, held: held.qty, cost: held.cost });
        }
        if bot.views.is_empty() {
            return false;
        }
        bot.strategy.on_slice(&bot.views, &mut bot.decisions);
        bot.seen = bot.seen.saturating_add(1);
        let Some(protection) = bot.needs.protection else { return true };
        let at_close = protection.watch == Watch::Close;
        if !at_close && protection.trail.is_none() {
            return true;
        }
        bot.protective.resize(bot.decisions.len(), false);
        let decisions = bot.decisions.iter_mut().zip(&mut bot.protective);
        for (view, (decision, protective)) in bot.views.iter().zip(decisions) {
            let held = fsts_domain::Position { qty: view.held, cost: view.cost };
            let peak = bot.peaks.get_mut(view.slot as usize);
            if peak.is_some_and(|peak| exits::trails(&protection, held, view.bar.close, peak)) {
                *decision = Decision { target: Some(Target::Exit), signal: "trailing_profit", ..*decision };
                *protective = true;
            }
            if !at_close || held.qty.is_zero() || !exits::may_be_reached(&protection, held, view.bar.close) {
                continue;
            }
            let Some(symbol) = bot.symbols.get(view.slot as usize) else { continue };
            let market = self.views.get(*symbol).map_or(Market::Kospi, |v| v.market);
            let levels = exits::levels(&protection, held, market, &self.rules);
            if let Some(word) = exits::reached(&levels, view.bar.close) {
                *decision = Decision { target: Some(Target::Exit), signal: word, ..*decision };
                *protective = true;
            }
        }
        true
    }

    /// What the n-th decision of a bot wants, if anything.
    fn goal_of(&self, bot: usize, n: usize, decision: &Decision) -> Option<Goal> {
        let target = decision.target?;
        let b = self.bots.get(bot)?;
        let symbol = *b.symbols.get(decision.slot as usize)?;
        let is_protective = b.protective.get(n).copied().unwrap_or(false);
        let purpose = if is_protective { Purpose::Protection } else { Purpose::Target };
        Some(Goal { bot, symbol, target, purpose, behind: false })
    }

    /// Brings one symbol to its target as far as `wanted` orders go, and notes the result on its decision line.
    fn follow(&mut self, goal: Goal, (wanted, line): (Side, Option<usize>), fx: &mut Effects) {
        let Some(difference) = self.difference(&goal).filter(|(side, _)| *side == wanted) else { return };
        let outcome = self.rebalance(goal, difference, fx);
        let Some(line) = line.and_then(|l| self.lines.get_mut(l)) else { return };
        match outcome {
            Ok(intent) => line.intent = Some(intent),
            Err(blocked) => line.blocked_by = Some(blocked.code()),
        }
    }

    /// What is missing to the target: target − position − working orders. No shares mean that only what works against
    /// the target has to go.
    fn difference(&self, goal: &Goal) -> Option<(Side, Qty)> {
        let Goal { bot, symbol, target, .. } = *goal;
        let held = self.held(bot, symbol);
        let id = self.bots.get(bot)?.config.id;
        let working = |side: Side| -> Qty {
            let ours =
                |o: &&crate::LiveOrder| o.symbol == symbol && o.bot == id && o.side == side && o.bracket.is_none();
            self.book.open_orders().iter().filter(ours).map(|o| o.open_qty()).sum()
        };
        let (buying, selling) = match self.book.line(symbol).open_orders {
            0 => (Qty::ZERO, Qty::ZERO),
            _ => (working(Side::Buy), working(Side::Sell)),
        };
        let desired = match target {
            Target::Exit => Qty::ZERO,
            Target::Enter if !held.is_zero() || !buying.is_zero() => return None,
            Target::Add if !buying.is_zero() => return None,
            Target::Enter | Target::Add => return Some((Side::Buy, self.entry_size(bot, symbol))),
            Target::Shares(qty) => qty,
        };
        let sell = held.saturating_sub(desired).saturating_sub(selling);
        let buy = desired.saturating_sub(held).saturating_sub(buying);
        let buys_too_much = !buying.is_zero() && held + buying > desired;
        let sells_too_much = !selling.is_zero() && held.saturating_sub(selling) < desired;
        if !sell.is_zero() || buys_too_much {
            Some((Side::Sell, sell))
        } else if !buy.is_zero() || sells_too_much {
            Some((Side::Buy, buy))
        } else {
            None
        }
    }

    fn entry_size(&self, bot: usize, symbol: SymbolIx) -> Qty {
        let price = self.views.get(symbol).and_then(|v| v.last);
        let Some((config, price)) = self.bots.get(bot).map(|b| &b.config).zip(price) else { return Qty::ZERO };
        let shares = |won: Won| Qty::new(won.max_zero().get() / price.get()).unwrap_or(Qty::ZERO);
        match config.sizing {
            Sizing::Shares(qty) => qty,
            Sizing::Notional(won) => shares(won),
            Sizing::Equity(rate) => shares(rate.of(self.equity())),
            Sizing::EquityAtLeast(rate, least) => shares(rate.of(self.equity()).max(least)),
        }
    }

    /// Places the missing order, or first cancels what is in its way and remembers the target.
    fn rebalance(&mut self, goal: Goal, (side, qty): (Side, Qty), fx: &mut Effects) -> Result<IntentLine, Blocked> {
        let Goal { bot, symbol, purpose, .. } = goal;
        let config = self.bots.get(bot).map(|b| (b.config.id, b.needs.interval, b.config.style));
        let (id, interval, style) = config.ok_or(Blocked::UnknownSymbol)?;
        let must_wait = self.clear_the_way((id, symbol, side), fx);
        // A stop-loss does not wait for a cancel unless the two orders could meet.
        if must_wait.is_some_and(|has_bracket| has_bracket || purpose != Purpose::Protection || qty.is_zero()) {
            self.remember(goal);
            return Err(Blocked::AwaitingCancel);
        }
        if qty.is_zero() {
            // What works against the target has no known outcome yet.
            return Err(Blocked::Unresolved);
        }
        let venue = self.trading_context(symbol, interval).ok_or(Blocked::NoPrice)?;
        let kind = order_kind(style, side, &venue);
        let wish = Wish { bot: id, symbol, side, qty, kind, bracket: None, purpose, interval };
        match self.place(wish, fx) {
            Ok(_) => Ok(IntentLine { side, qty, kind }),
            Err(Blocked::Crossing) => {
                self.wait_behind(goal, fx);
                Err(if must_wait.is_some() { Blocked::AwaitingCancel } else { Blocked::Crossing })
            }
            Err(blocked) => Err(blocked),
        }
    }

    /// Cancels a bot's own orders that work against a side. `None` when there are none, else whether one is a bracket.
    fn clear_the_way(&mut self, (bot, symbol, side): (BotId, SymbolIx, Side), fx: &mut Effects) -> Option<bool> {
        if self.book.line(symbol).open_orders == 0 {
            return None;
        }
        let in_the_way = |o: &&crate::LiveOrder| {
            o.symbol == symbol && o.bot == bot && (o.bracket.is_some() || o.side != side) && !o.state.is_unresolved()
        };
        let open = self.book.open_orders().iter().filter(in_the_way).filter(|o| !o.open_qty().is_zero());
        let orders: Vec<_> = open.map(|o| (o.id, o.bracket.is_some())).collect();
        orders.iter().for_each(|(order, _)| self.request_cancel(*order, fx));
        (!orders.is_empty()).then(|| orders.iter().any(|(_, is_bracket)| *is_bracket))
    }

    /// Two own orders that could trade with each other are never both sent: the second waits until the first has ended.
    /// Entries of other bots give way to a stop-loss; a person's order does not.
    fn wait_behind(&mut self, goal: Goal, fx: &mut Effects) {
        self.remember(Goal { behind: true, ..goal });
        if goal.purpose != Purpose::Protection {
            return;
        }
        let gives_way = |o: &&crate::LiveOrder| {
            o.symbol == goal.symbol && o.side == Side::Buy && o.bot != BotId::MANUAL && !o.state.is_unresolved()
        };
        let orders: Vec<_> = self.book.open_orders().iter().filter(gives_way).map(|o| o.id).collect();
        orders.into_iter().for_each(|order| self.request_cancel(order, fx));
    }

    /// A bot decides anew about a symbol: what it wanted before and still waits for is over, save its way out.
    fn supersede(&mut self, bot: usize, decision: &Decision) {
        let symbols = self.bots.get(bot).map(|b| &b.symbols);
        let Some(symbol) = symbols.and_then(|s| s.get(decision.slot as usize).copied()) else { return };
        self.goals.retain(|g| {
            let is_out = g.purpose == Purpose::Protection || (g.target == Target::Exit && decision.target.is_none());
            (g.bot, g.symbol) != (bot, symbol) || is_out || (decision.target.is_none() && !g.behind)
        });
    }

    fn remember(&mut self, goal: Goal) {
        self.goals.retain(|g| (g.bot, g.symbol) != (goal.bot, goal.symbol));
        self.goals.push(goal);
    }

    /// The only road from a wish to an approved order: the gate, then the record, then the batch that must commit.
    pub(crate) fn place(&mut self, wish: Wish, fx: &mut Effects) -> Result<fsts_domain::IntentId, Blocked> {
        let intent = Intent {
            id: self.book.next_id(),
            bot: wish.bot,
            symbol: self.book.line(wish.symbol).symbol,
            side: wish.side,
            qty: wish.qty,
            kind: wish.kind,
            bracket: wish.bracket,
            purpose: wish.purpose,
        };
        let venue = self.trading_context(wish.symbol, wish.interval).ok_or(Blocked::NoPrice)?;
        let mut rate = std::mem::take(&mut self.rate);
        let view = self.gate_view(&intent, wish.symbol, &venue);
        let checked = risk::check(intent, &self.book, &view, &mut rate);
        self.rate = rate;
        let (approved, reserved) = checked?;
        let order = approved.get();
        let record = ApprovedOrder {
            id: order.id,
            bot: order.bot,
            symbol: order.symbol,
            side: order.side,
            qty: order.qty,
            kind: order.kind,
            bracket: order.bracket,
            purpose: order.purpose,
            reserved,
            reference: venue.reference,
        };
        let id = record.id;
        self.emit(Record::Approved(record), fx);
        self.staged.intents.push(approved);
        Ok(id)
    }

    pub(crate) fn gate_view<'v>(&'v self, intent: &Intent, symbol: SymbolIx, venue: &'v Venue) -> GateView<'v> {
        let opens = intent.side == Side::Buy;
        let bot = self.bots.iter().find(|b| b.config.id == intent.bot).filter(|_| opens);
        GateView {
            rules: &venue.rules,
            limits: &self.config.limits,
            part: venue.part,
            ready: self.ready(),
            journal_ok: !self.journal_stalled && !self.journal_failed,
            now: self.now,
            symbol,
            market: venue.market,
            band: venue.band,
            reference: venue.reference,
            reference_at: venue.reference_at,
            capital: bot.and_then(|b| self.fence_left(&b.config)),
            fenced: if opens { self.fenced() } else { Won::ZERO },
        }
    }

    /// Asks for a cancel once; a second one only after an inquiry shows a remainder.
    pub(crate) fn request_cancel(&mut self, id: fsts_domain::IntentId, fx: &mut Effects) {
        let again = self.cancels.get(&id).is_some_and(|w| w.remainder_shown);
        let Some(order) = self.book.order(id).filter(|o| !o.cancelling || again) else { return };
        let Some(number) = order.number else { return };
        let symbol = self.book.line(order.symbol).symbol;
        let cancel = CancelIntent { intent: id, number, branch: order.branch, symbol, kind: order.kind };
        self.emit(Record::CancelRequested { id }, fx);
        self.staged.cancels.push(RiskApproved::by_risk_gate(cancel));
        if self.is_connected() {
            let tries = self.cancels.get(&id).map_or(0, |w| w.tries) + 1;
            self.cancels.insert(id, CancelWatch { tries, ..CancelWatch::default() });
        }
    }

    /// Takes up targets that waited for a symbol's orders to end.
    pub(crate) fn take_up_goals(&mut self, symbol: SymbolIx, fx: &mut Effects) {
        if self.goals.is_empty() {
            return;
        }
        let waiting: Vec<Goal> = self.goals.iter().filter(|g| g.symbol == symbol).copied().collect();
        self.goals.retain(|g| g.symbol != symbol);
        for goal in waiting {
            let Some(difference) = self.difference(&goal) else { continue };
            match self.rebalance(goal, difference, fx) {
                // In the way again: `rebalance` has remembered it.
                Ok(_) | Err(Blocked::AwaitingCancel | Blocked::Crossing) => {}
                // An exit is not given up because of a moment in which nothing may be sent.
                Err(Blocked::NotReady | Blocked::JournalStalled | Blocked::Unresolved)
                    if goal.target == Target::Exit =>
                {
                    self.remember(goal);
                }
                // No longer allowed: the strategy decides anew at its next bar.
                Err(_) => {}
            }
        }
    }

    /// Takes up what waited for the engine to be ready.
    pub(crate) fn take_up_all_goals(&mut self, fx: &mut Effects) {
        let symbols: std::collections::BTreeSet<SymbolIx> = self.goals.iter().map(|g| g.symbol).collect();
        symbols.into_iter().for_each(|symbol| self.take_up_goals(symbol, fx));
    }

    /// Watches protective levels between bars: an order at once when connected to a broker.
    pub(crate) fn watch_exits(&mut self, symbol: SymbolIx, price: Price, fx: &mut Effects) {
        if self.warming || self.book.line(symbol).total.qty.is_zero() {
            return;
        }
        for bot in (0..self.bots.len()).filter(|bot| self.decides(*bot)).collect::<Vec<_>>() {
            let Some(b) = self.bots.get(bot) else { continue };
            let Some(protection) = b.needs.protection.filter(|p| p.watch == Watch::Intrabar) else { continue };
            let held = self.book.line(symbol).slice(Some(b.config.id));
            if held.qty.is_zero() || !exits::may_be_reached(&protection, held, price) {
                continue;
            }
            let market = self.views.get(symbol).map_or(Market::Kospi, |v| v.market);
            if exits::reached(&exits::levels(&protection, held, market, &self.rules), price).is_some() {
                self.sell_protected(bot, symbol, fx);
            }
        }
    }

    fn sell_protected(&mut self, bot: usize, symbol: SymbolIx, fx: &mut Effects) {
        let purpose = Purpose::Protection;
        let goal = Goal { bot, symbol, target: Target::Exit, purpose, behind: false };
        if let Some(difference) = self.difference(&goal) {
            // A blocked protective order is tried again at the next print.
            let _ = self.rebalance(goal, difference, fx);
        }
    }

    /// In a bar backtest the simulated broker watches the levels, since it alone knows the path within the bar.
    pub(crate) fn protect_entry(&mut self, id: BotId, symbol: SymbolIx, fx: &mut Effects) {
        if self.config.context != Context::Simulated {
            return;
        }
        let Some(b) = self.bots.iter().find(|b| b.config.id == id) else { return };
        let Some(protection) = b.needs.protection.filter(|p| p.watch == Watch::Intrabar) else { return };
        let held = self.book.line(symbol).slice(Some(id));
        let market = self.views.get(symbol).map_or(Market::Kospi, |v| v.market);
        let levels = exits::levels(&protection, held, market, &self.rules);
        let wish = Wish {
            bot: id,
            symbol,
            side: Side::Sell,
            qty: held.qty,
            kind: OrderKind::Market,
            bracket: Some(levels),
            purpose: Purpose::Protection,
            interval: b.needs.interval,
        };
        let _ = self.place(wish, fx);
    }

    /// Adds a line for each decision and returns the index of the first.
    fn log_decisions(
        &mut self,
        at: Timestamp,
        bot: usize,
        decisions: &[Decision],
        bars: &[SymbolBar],
    ) -> Option<usize> {
        if !self.config.decision_log {
            return None;
        }
        let first = self.lines.len();
        let book_hash = self.book.digest().to_hex()[..16].to_owned();
        let b = self.bots.get(bot)?;
        for decision in decisions {
            let symbol = b.symbols.get(decision.slot as usize).copied().unwrap_or_default();
            let Some(bar) = bars.iter().find(|s| s.symbol == symbol).map(|s| s.bar) else { continue };
            self.decision_seq += 1;
            self.lines.push(DecisionLine {
                seq: self.decision_seq,
                at,
                bot: b.config.id,
                symbol: self.book.line(symbol).symbol,
                ohlcv: [bar.open.get(), bar.high.get(), bar.low.get(), bar.close.get(), bar.volume],
                indicators: b.needs.indicators.iter().copied().zip(decision.indicators).collect(),
                signal: decision.signal,
                intent: None,
                blocked_by: None,
                book_hash: book_hash.clone(),
            });
        }
        Some(first)
    }
}

fn order_kind(style: OrderStyle, side: Side, venue: &Venue) -> OrderKind {
    match style {
        OrderStyle::Market => OrderKind::Market,
        OrderStyle::MarketableLimit { collar_ticks } => {
            let ticks = match side {
                Side::Buy => collar_ticks,
                Side::Sell => -collar_ticks,
            };
            OrderKind::Limit(venue.rules.ticks_away(venue.market, venue.reference, ticks, venue.band).get())
        }
    }
}
