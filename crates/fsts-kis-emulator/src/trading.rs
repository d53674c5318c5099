//! Placing, revising and cancelling orders.

use fsts_domain::{AccountNo, OrderKind, Price, Qty, Side, Symbol, Won};
use fsts_krx::{PriceError, SessionPart};

use crate::calls::ApiCall;
use crate::config::Environment;
use crate::exchange::Exchange;
use crate::frames::NoticeKind;
use crate::market::Incoming;
use crate::orders::{Action, BRANCH, Condition, Division, Draft, Order};
use crate::replies::{Output, Refusal, Reply, Row};
use crate::text::hhmmss;

/// Type and price of an order as asked for.
struct Wish {
    division: Division,
    condition: Condition,
    kind: OrderKind,
}

/// `order-cash`.
pub(crate) fn order_cash(exchange: &mut Exchange, call: &ApiCall<'_>) -> Result<Reply, Refusal> {
    // 0012U and 0802U buy, 0011U and 0801U sell.
    let side = if call.tr_id.ends_with("2U") { Side::Buy } else { Side::Sell };
    let account = exchange.account_of(call)?;
    let symbol = exchange.board.find(call.param("PDNO")).ok_or(Refusal::SymbolUnknown)?;
    let wish = exchange.wish(symbol, call)?;
    let qty = shares(call.param("ORD_QTY"))?;
    let lot = exchange.today.lot(exchange.board.get(symbol).market).get();
    if qty.is_zero() || qty.get() % lot != 0 {
        return Err(Refusal::Malformed);
    }
    exchange.check_means(account, symbol, side, wish.kind, qty)?;
    let draft = Draft {
        original: None,
        action: Action::New,
        account,
        symbol: exchange.board.get(symbol).symbol,
        side,
        kind: wish.kind,
        division: wish.division,
        condition: wish.condition,
        qty,
    };
    Ok(exchange.enter(draft))
}

/// `order-rvsecncl`.
pub(crate) fn revise_or_cancel(exchange: &mut Exchange, call: &ApiCall<'_>) -> Result<Reply, Refusal> {
    let account = exchange.account_of(call)?;
    let branch = call.param("KRX_FWDG_ORD_ORGNO");
    let number = call.param("ORGN_ODNO").parse().map_err(|_| Refusal::OriginalUnknown)?;
    let original = exchange.orders.numbered(account, number).cloned().ok_or(Refusal::OriginalUnknown)?;
    if !(branch.is_empty() || branch == BRANCH) || original.action == Action::Cancel {
        return Err(Refusal::OriginalUnknown);
    }
    let qty = match call.param("QTY_ALL_ORD_YN") {
        "Y" => original.remaining(),
        _ => shares(call.param("ORD_QTY"))?,
    };
    if original.remaining().is_zero() || qty.is_zero() || qty > original.remaining() {
        return Err(Refusal::NothingLeft);
    }
    match call.param("RVSE_CNCL_DVSN_CD") {
        "01" => revise(exchange, &original, qty, call),
        "02" => {
            exchange.check_session(original.kind)?;
            Ok(exchange.cancel(&original, qty))
        }
        _ => Err(Refusal::Malformed),
    }
}

fn revise(exchange: &mut Exchange, original: &Order, qty: Qty, call: &ApiCall<'_>) -> Result<Reply, Refusal> {
    let symbol = exchange.board.index_of(original.symbol).ok_or(Refusal::SymbolUnknown)?;
    let wish = exchange.wish(symbol, call)?;
    if original.side == Side::Buy {
        let freed = exchange.reserve(original) - exchange.need(symbol, original.kind, original.remaining() - qty);
        if exchange.need(symbol, wish.kind, qty) > exchange.available(original.account) + freed {
            return Err(Refusal::CashShort);
        }
    }
    exchange.take_out(original, qty);
    let draft = Draft {
        original: Some(original.number),
        action: Action::Revise,
        account: original.account,
        symbol: original.symbol,
        side: original.side,
        kind: wish.kind,
        division: wish.division,
        condition: wish.condition,
        qty,
    };
    Ok(exchange.enter(draft))
}

fn shares(text: &str) -> Result<Qty, Refusal> {
    text.parse().ok().and_then(|shares| Qty::new(shares).ok()).ok_or(Refusal::Malformed)
}

impl Exchange {
    /// The account a call names, if it belongs to the caller's key.
    pub(crate) fn account_of(&self, call: &ApiCall<'_>) -> Result<AccountNo, Refusal> {
        let (number, product) = (call.param("CANO"), call.param("ACNT_PRDT_CD"));
        let no: AccountNo = format!("{number}{product}").parse().map_err(|_| Refusal::AccountUnknown)?;
        let is_own = number.len() == 8 && self.account(no).is_some_and(|account| account.app_key == call.app_key);
        if is_own { Ok(no) } else { Err(Refusal::AccountUnknown) }
    }

    /// Type and price of an order, checked against environment, session, grid and band.
    fn wish(&self, symbol: usize, call: &ApiCall<'_>) -> Result<Wish, Refusal> {
        let (division, priced, condition) =
            Division::parse(call.param("ORD_DVSN")).ok_or(Refusal::OrderTypeUnsupported)?;
        let is_plain = condition == Condition::Day;
        if self.config.env == Environment::Mock && !is_plain {
            return Err(Refusal::OrderTypeUnsupported);
        }
        match (call.param("EXCG_ID_DVSN_CD"), self.config.env) {
            ("" | "KRX", _) | ("SOR", Environment::Real) => {}
            _ => return Err(Refusal::VenueUnsupported),
        }
        let won = call.param("ORD_UNPR");
        let kind = match (priced, won) {
            (true, won) => {
                let price = won.parse().ok().and_then(|won| Price::new(won).ok()).ok_or(Refusal::Malformed)?;
                OrderKind::Limit(price)
            }
            (false, "" | "0") => OrderKind::Market,
            (false, _) => return Err(Refusal::Malformed),
        };
        self.check_session(kind)?;
        if !is_plain && !matches!(self.part(), SessionPart::Continuous | SessionPart::AlwaysOpen) {
            return Err(Refusal::OrderTypeUnsupported);
        }
        if let OrderKind::Limit(price) = kind {
            let quote = self.board.get(symbol);
            self.today.limit_price(quote.market, price, quote.band).map_err(|error| match error {
                PriceError::OffTick { .. } => Refusal::OffTick,
                PriceError::OutOfBand { .. } => Refusal::OutOfBand,
            })?;
        }
        Ok(Wish { division, condition, kind })
    }

    /// Whether an order of this kind is taken now.
    fn check_session(&self, kind: OrderKind) -> Result<(), Refusal> {
        if self.today.accepts(self.part(), kind) && !self.done {
            return Ok(());
        }
        let calendar = self.rules.calendar();
        let today = self.now.kst_day();
        match calendar.regular_open(today) {
            None => Err(Refusal::NoBusinessDay),
            Some(open) if self.now < open => Err(Refusal::NotOpenYet),
            Some(_) => Err(Refusal::Closed),
        }
    }

    /// Whether the account has the cash or the shares.
    fn check_means(
        &self,
        account: AccountNo,
        symbol: usize,
        side: Side,
        kind: OrderKind,
        qty: Qty,
    ) -> Result<(), Refusal> {
        match side {
            Side::Buy if self.need(symbol, kind, qty) > self.available(account) => Err(Refusal::CashShort),
            Side::Sell if qty > self.sellable(account, self.board.get(symbol).symbol) => Err(Refusal::HoldingShort),
            Side::Buy | Side::Sell => Ok(()),
        }
    }

    /// The price at which cash is held back: an order without one is held back at the upper limit.
    pub(crate) fn reserve_price(&self, symbol: usize, kind: OrderKind) -> Price {
        let quote = self.board.get(symbol);
        match (kind, quote.band) {
            (OrderKind::Limit(price), _) => price,
            (OrderKind::Market, Some(band)) => band.upper,
            // No limit (ELW): what the limit of a share would be.
            (OrderKind::Market, None) => Price::new(quote.last.get() * 13 / 10).unwrap_or(quote.last),
        }
    }

    /// Cash that a buy needs, commission included.
    pub(crate) fn need(&self, symbol: usize, kind: OrderKind, qty: Qty) -> Won {
        let amount = self.reserve_price(symbol, kind) * qty;
        amount + self.today.commission(self.board.get(symbol).market, amount)
    }

    /// Cash held back for a working order.
    fn reserve(&self, order: &Order) -> Won {
        match (order.side, self.board.index_of(order.symbol)) {
            (Side::Buy, Some(symbol)) => self.need(symbol, order.kind, order.remaining()),
            (Side::Buy, None) | (Side::Sell, _) => Won::ZERO,
        }
    }

    /// Cash an account can buy with.
    pub(crate) fn available(&self, no: AccountNo) -> Won {
        let cash = self.account(no).map_or(Won::ZERO, |account| account.ledger.cash);
        let working = self.orders.open().filter(|order| order.account == no);
        cash - working.map(|order| self.reserve(order)).sum::<Won>()
    }

    /// Shares an account can sell.
    pub(crate) fn sellable(&self, no: AccountNo, symbol: Symbol) -> Qty {
        let held = self.account(no).map_or(Qty::ZERO, |account| account.ledger.held(symbol));
        let selling = self
            .orders
            .open()
            .filter(|order| order.account == no && order.symbol == symbol && order.side == Side::Sell)
            .map(Order::remaining);
        held.saturating_sub(selling.sum())
    }

    /// Numbers an order, tells its owner and gives it to the market.
    fn enter(&mut self, draft: Draft) -> Reply {
        let (action, qty) = (draft.action, draft.qty);
        let id = self.orders.add(draft, self.day, self.now);
        self.accounts_changed();
        self.notify(id, NoticeKind::Accepted);
        if action == Action::Revise {
            self.notify(id, NoticeKind::Confirmed { qty });
        }
        let Some(order) = self.orders.get(id).cloned() else {
            return Refusal::Malformed.reply(self.config.env);
        };
        self.send_to_market(&order);
        self.transmitted(&order)
    }

    /// Gives what remains of an order to the market.
    pub(crate) fn send_to_market(&mut self, order: &Order) {
        let Some(incoming) = self.incoming(order) else { return };
        let mut happenings = Vec::new();
        self.market.submit(&incoming, self.now, &mut happenings);
        self.absorb(&happenings);
    }

    fn incoming(&self, order: &Order) -> Option<Incoming> {
        Some(Incoming {
            id: order.id,
            symbol: self.board.index_of(order.symbol)?,
            side: order.side,
            kind: order.kind,
            condition: order.condition,
            qty: order.remaining(),
        })
    }

    fn cancel(&mut self, original: &Order, qty: Qty) -> Reply {
        self.take_out(original, qty);
        let draft = Draft {
            original: Some(original.number),
            action: Action::Cancel,
            account: original.account,
            symbol: original.symbol,
            side: original.side,
            kind: original.kind,
            division: original.division,
            condition: Condition::Day,
            qty,
        };
        let id = self.orders.add(draft, self.day, self.now);
        self.notify(id, NoticeKind::Accepted);
        self.notify(id, NoticeKind::Confirmed { qty });
        match self.orders.get(id).cloned() {
            Some(order) => self.transmitted(&order),
            None => Refusal::Malformed.reply(self.config.env),
        }
    }

    /// Takes shares of a working order out of the market.
    fn take_out(&mut self, original: &Order, qty: Qty) {
        self.accounts_changed();
        if let Some(order) = self.orders.get_mut(original.id) {
            order.cancelled_qty += qty;
        }
        let Some(symbol) = self.board.index_of(original.symbol) else {
            return;
        };
        let left = self.orders.get(original.id).map_or(Qty::ZERO, Order::remaining);
        if left.is_zero() {
            self.market.cancel(original.id, symbol);
            return;
        }
        let smaller = self.orders.get(original.id).and_then(|order| self.incoming(order));
        if let Some(smaller) = smaller {
            let mut happenings = Vec::new();
            self.market.reduce(&smaller, self.now, &mut happenings);
            self.absorb(&happenings);
        }
    }

    /// The answer to an order that was taken.
    fn transmitted(&self, order: &Order) -> Reply {
        let row =
            Row::new().with("KRX_FWDG_ORD_ORGNO", BRANCH).with("ODNO", order.number).with("ORD_TMD", hhmmss(order.at));
        let (code, text) = match (self.config.env, order.action, order.side) {
            (Environment::Real, _, _) => ("APBK0013", "주문 전송 완료 되었습니다."),
            (Environment::Mock, Action::New, Side::Buy) => ("40600000", "모의투자 매수주문이 완료 되었습니다."),
            (Environment::Mock, Action::New, Side::Sell) => ("40600000", "모의투자 매도주문이 완료 되었습니다."),
            (Environment::Mock, Action::Revise, _) => ("40600000", "모의투자 정정주문이 완료 되었습니다."),
            (Environment::Mock, Action::Cancel, _) => ("40600000", "모의투자 취소주문이 완료 되었습니다."),
        };
        Reply::done(code, text).with("output", Output::One(row))
    }
}
