//! A person's commands: the same queue, the same gate and the same journal as a strategy's orders.

use fsts_domain::{BotId, OrderKind, OrderState, Qty, Side, Symbol};

use crate::decide::Wish;
use crate::effect::{Effects, Reply};
use crate::engine::Engine;
use crate::event::{Command, SymbolIx};
use crate::intent::Purpose;
use crate::record::Record;
use crate::risk::Blocked;
use crate::strategy::{Interval, Strategy, Target};

impl<S: Strategy> Engine<S> {
    /// Carries a command out and tells its recorded outcome.
    pub(crate) fn on_command(&mut self, id: u64, command: &Command, fx: &mut Effects) {
        let reply = match command {
            Command::Place { key, body, symbol, side, qty, kind } => {
                self.place_by_hand((key, body), (*symbol, *side, *qty, *kind), fx)
            }
            Command::Cancel { intent } => match self.book.order(*intent) {
                Some(order) if order.number.is_some() => {
                    let (bot, symbol) = (order.bot, order.symbol);
                    self.forget_entries(bot, symbol);
                    self.request_cancel(*intent, fx);
                    Reply::Done
                }
                Some(_) => Reply::NotPossible("no_order_number_yet"),
                None => Reply::NotPossible("not_open"),
            },
            Command::Halt { reason } => {
                if self.book.halted().is_none() {
                    self.emit(Record::Halted { reason: reason.clone() }, fx);
                }
                Reply::Done
            }
            Command::Resume => {
                if self.book.halted().is_some() {
                    self.emit(Record::Resumed, fx);
                }
                Reply::Done
            }
            Command::Bind { intent, number } if self.bind_by_hand(*intent, *number, fx) => Reply::Done,
            Command::Bind { .. } => Reply::NotPossible("not_disputed"),
            Command::Release { symbol } => self.release_symbol(*symbol, fx),
            Command::SwitchBot { bot, to } => self.switch_bot(*bot, *to, fx),
            Command::CreateBot(definition) => self.create_bot(definition, fx),
            Command::DeleteBot { bot } => self.delete_bot(*bot, fx),
            Command::RunDaily(run) => self.run_daily(run, fx),
            Command::Reconcile => {
                self.reconcile_now();
                Reply::Done
            }
        };
        if id != 0 {
            fx.replies.push((id, reply));
        }
    }

    /// The same key with the same body gives the same answer; with another body it is refused.
    fn place_by_hand(
        &mut self,
        (key, body): (&str, &str),
        (symbol, side, qty, kind): (Symbol, Side, Qty, OrderKind),
        fx: &mut Effects,
    ) -> Reply {
        if let Some(earlier) = self.book.request(key) {
            return match earlier.id {
                _ if earlier.body != body => Reply::KeyReused,
                Some(id) => Reply::Placed(id),
                None => Reply::NotPossible("blocked_before"),
            };
        }
        let known = self.book.ix(symbol).filter(|ix| self.views.get(*ix).is_some());
        let outcome = match known {
            None => Err(Blocked::UnknownSymbol),
            Some(ix) => self.place(
                Wish {
                    bot: BotId::MANUAL,
                    symbol: ix,
                    side,
                    qty,
                    kind,
                    bracket: None,
                    purpose: Purpose::Operator,
                    interval: Interval::Minute,
                },
                fx,
            ),
        };
        let (key, body) = (key.to_owned(), body.to_owned());
        match outcome {
            Ok(id) => {
                self.emit(Record::Requested { key, body, id: Some(id), blocked: None }, fx);
                Reply::Placed(id)
            }
            // A blocked request is not kept: the same press may succeed a minute later.
            Err(blocked) => Reply::Blocked(blocked),
        }
    }

    /// Who cancels by hand wants no new order in its place; a target that only reduces stays.
    fn forget_entries(&mut self, bot: BotId, symbol: SymbolIx) {
        let bot = self.bots.iter().position(|b| b.config.id == bot);
        self.goals.retain(|g| g.symbol != symbol || Some(g.bot) != bot || g.target == Target::Exit);
    }

    fn release_symbol(&mut self, symbol: Symbol, fx: &mut Effects) -> Reply {
        let Some(ix) = self.book.ix(symbol) else { return Reply::NotPossible("unknown_symbol") };
        let open = self.book.open_orders().iter().filter(|o| o.symbol == ix);
        let unresolved: Vec<_> = open.filter(|o| o.state.is_unresolved()).map(|o| (o.id, o.state)).collect();
        if unresolved.iter().any(|(_, state)| *state != OrderState::PresumedNotPlaced) {
            return Reply::NotPossible("order_still_unknown");
        }
        for (id, _) in unresolved {
            self.close(id, OrderState::Expired, fx);
        }
        if self.book.line(ix).frozen.is_some() {
            self.emit(Record::Unfrozen { symbol }, fx);
        }
        Reply::Done
    }
}
