//! What each record changes in the rows.

use fsts_domain::{BotId, IntentId, OrderKind, OrderState, Position, Qty, Side, Symbol, Timestamp, Won};
use fsts_engine::{ApprovedOrder, Book, Entry, LiveOrder, Record};
use sqlx::AnyConnection;

use crate::StoreError;
use crate::chain::signed;
use crate::rows::word;

/// The rows of a stream inside a transaction.
pub(crate) struct Sheet<'a> {
    pub connection: &'a mut AnyConnection,
    pub stream: &'a str,
}

/// One execution as its row tells it.
struct FillLine<'a> {
    id: u64,
    order: Option<&'a LiveOrder>,
    order_number: Option<String>,
    symbol: Symbol,
    side: Side,
    qty: Qty,
    amount: Won,
    fee: Won,
    tax: Won,
    at: Timestamp,
}

/// How the text columns name the owner of shares that no bot bought.
pub(crate) fn owner_text(bot: Option<BotId>) -> String {
    bot.map(|bot| bot.as_str().to_owned()).unwrap_or_default()
}

/// The order that a record is about.
pub(crate) fn order_of(record: &Record) -> Option<IntentId> {
    match record {
        Record::Withdrawn { id, .. }
        | Record::Acked { id, .. }
        | Record::Refused { id, .. }
        | Record::Ambiguous { id, .. }
        | Record::Presumed { id }
        | Record::Disputed { id, .. }
        | Record::Filled { id, .. }
        | Record::Confirmed { id, .. }
        | Record::CancelRequested { id }
        | Record::Closed { id, .. } => Some(*id),
        Record::Approved(_)
        | Record::RunStarted { .. }
        | Record::AccountOpened { .. }
        | Record::DayOpened { .. }
        | Record::ExternalOrder { .. }
        | Record::ExternalFilled { .. }
        | Record::Adjusted { .. }
        | Record::Halted { .. }
        | Record::Resumed
        | Record::Frozen { .. }
        | Record::Unfrozen { .. }
        | Record::BotSet { .. }
        | Record::BotSwitched { .. }
        | Record::BotMade(_)
        | Record::BotDeleted { .. }
        | Record::DailyRun { .. }
        | Record::Requested { .. }
        | Record::DayClosed { .. } => None,
    }
}

/// The symbols whose holdings a record may change.
pub(crate) fn symbols_of(book: &Book, record: &Record, order: Option<&LiveOrder>) -> Vec<Symbol> {
    match record {
        Record::AccountOpened { holdings, .. } => holdings.iter().map(|(symbol, _, _)| *symbol).collect(),
        Record::ExternalFilled { symbol, .. } => vec![*symbol],
        Record::Filled { .. } | Record::Confirmed { .. } => {
            order.map(|o| book.line(o.symbol).symbol).into_iter().collect()
        }
        Record::Withdrawn { .. }
        | Record::Acked { .. }
        | Record::Refused { .. }
        | Record::Ambiguous { .. }
        | Record::Presumed { .. }
        | Record::Disputed { .. }
        | Record::CancelRequested { .. }
        | Record::Closed { .. }
        | Record::Approved(_)
        | Record::RunStarted { .. }
        | Record::DayOpened { .. }
        | Record::ExternalOrder { .. }
        | Record::Adjusted { .. }
        | Record::Halted { .. }
        | Record::Resumed
        | Record::Frozen { .. }
        | Record::Unfrozen { .. }
        | Record::BotSet { .. }
        | Record::BotSwitched { .. }
        | Record::BotMade(_)
        | Record::BotDeleted { .. }
        | Record::DailyRun { .. }
        | Record::Requested { .. }
        | Record::DayClosed { .. } => Vec::new(),
    }
}

/// Writes what an entry changed. `book` has it applied already, `before` is the order as it was.
pub(crate) async fn project(
    sheet: &mut Sheet<'_>,
    book: &Book,
    entry: &Entry,
    before: Option<&LiveOrder>,
) -> Result<(), StoreError> {
    match (&entry.record, before) {
        (Record::Approved(order), _) => sheet.insert_order(order, entry.at).await?,
        (Record::Filled { qty, amount, fee, tax, .. }, Some(order)) => {
            let line = FillLine {
                id: entry.seq,
                order: Some(order),
                order_number: order.number.map(|n| n.to_string()),
                symbol: book.line(order.symbol).symbol,
                side: order.side,
                qty: *qty,
                amount: *amount,
                fee: *fee,
                tax: *tax,
                at: entry.at,
            };
            sheet.insert_fill(line).await?;
        }
        (Record::ExternalFilled { number, symbol, side, qty, amount, fee, tax }, _) => {
            let line = FillLine {
                id: entry.seq,
                order: None,
                order_number: Some(number.to_string()),
                symbol: *symbol,
                side: *side,
                qty: *qty,
                amount: *amount,
                fee: *fee,
                tax: *tax,
                at: entry.at,
            };
            sheet.insert_fill(line).await?;
        }
        (Record::Confirmed { id, amount_delta, .. }, _) if *amount_delta != Won::ZERO => {
            sheet.correct_last_fill(*id, *amount_delta).await?;
        }
        _ => {}
    }
    match before {
        Some(before) => sheet.update_order(book, entry, before).await,
        None => Ok(()),
    }
}

/// What a record adds to an order's filled shares and amount.
fn filled_by(record: &Record) -> (Qty, Won) {
    match record {
        Record::Filled { qty, amount, .. } => (*qty, *amount),
        Record::Confirmed { amount_delta, .. } => (Qty::ZERO, *amount_delta),
        _ => (Qty::ZERO, Won::ZERO),
    }
}

/// What a record says in words about its order.
fn reason_of(record: &Record) -> Option<String> {
    match record {
        Record::Withdrawn { reason, .. } | Record::Ambiguous { reason, .. } => Some(reason.clone()),
        Record::Refused { code, message, .. } => Some(format!("{code} {message}").trim().to_owned()),
        Record::Disputed { candidates, .. } => {
            Some(candidates.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "))
        }
        _ => None,
    }
}

/// Where the order stands now. One that ended without a broker number has left the book; its last record tells.
fn state_after(book: &Book, record: &Record, before: &LiveOrder) -> OrderState {
    match (book.order_of_day(before.id), record) {
        (Some(order), _) => order.state,
        (None, Record::Closed { state, .. }) => *state,
        (None, Record::Filled { .. } | Record::Confirmed { .. }) => OrderState::Filled,
        (None, _) => OrderState::Refused,
    }
}

impl Sheet<'_> {
    async fn insert_order(&mut self, order: &ApprovedOrder, at: Timestamp) -> Result<(), StoreError> {
        let (kind, price) = match order.kind {
            OrderKind::Limit(price) => ("limit", Some(price.get())),
            OrderKind::Market => ("market", None),
        };
        let sql = "INSERT INTO orders (stream, id, symbol, side, kind, qty, price, state, is_open, order_number, \
                   filled_qty, filled_amount, bot, reason, created_ns, updated_ns) \
                   VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 1, NULL, 0, 0, $9, NULL, $10, $10)";
        let insert = sqlx::query(sql).bind(self.stream).bind(signed(order.id.0)).bind(word(&order.symbol));
        let insert = insert.bind(word(&order.side)).bind(kind).bind(order.qty.get()).bind(price);
        let insert = insert.bind(word(&OrderState::Sending)).bind(order.bot.as_str()).bind(at.ns());
        insert.execute(&mut *self.connection).await?;
        Ok(())
    }

    async fn update_order(&mut self, book: &Book, entry: &Entry, before: &LiveOrder) -> Result<(), StoreError> {
        let state = state_after(book, &entry.record, before);
        let number = book.order_of_day(before.id).and_then(|o| o.number).map(|n| n.to_string());
        let (qty, amount) = filled_by(&entry.record);
        let sql = "UPDATE orders SET state = $3, is_open = $4, order_number = COALESCE($5, order_number), \
                   filled_qty = filled_qty + $6, filled_amount = filled_amount + $7, reason = COALESCE($8, reason), \
                   updated_ns = $9 WHERE stream = $1 AND id = $2";
        let update = sqlx::query(sql).bind(self.stream).bind(signed(before.id.0)).bind(word(&state));
        let update = update.bind(i64::from(!state.is_terminal())).bind(number).bind(qty.get()).bind(amount.get());
        let updated = update.bind(reason_of(&entry.record)).bind(entry.at.ns()).execute(&mut *self.connection).await?;
        if updated.rows_affected() == 1 {
            return Ok(());
        }
        Err(StoreError::Damaged { what: format!("the row of order {} is missing: rebuild the read models", before.id) })
    }

    async fn insert_fill(&mut self, fill: FillLine<'_>) -> Result<(), StoreError> {
        let sql = "INSERT INTO fills (stream, id, order_id, order_number, symbol, side, qty, price, amount, fee, tax, \
                   bot, at_ns) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)";
        let price = fill.amount.get() / fill.qty.get().max(1);
        let insert = sqlx::query(sql).bind(self.stream).bind(signed(fill.id));
        let insert = insert.bind(fill.order.map(|o| signed(o.id.0))).bind(fill.order_number);
        let insert = insert.bind(word(&fill.symbol)).bind(word(&fill.side)).bind(fill.qty.get()).bind(price);
        let insert = insert.bind(fill.amount.get()).bind(fill.fee.get()).bind(fill.tax.get());
        let insert = insert.bind(owner_text(fill.order.map(|o| o.bot))).bind(fill.at.ns());
        insert.execute(&mut *self.connection).await?;
        Ok(())
    }

    /// The inquiry's amount differs from what the notices had given: the order's last fill takes the difference, so
    /// that its fills still sum to its amount.
    async fn correct_last_fill(&mut self, id: IntentId, delta: Won) -> Result<(), StoreError> {
        let sql = "UPDATE fills SET amount = amount + $3 WHERE stream = $1 AND id = \
                   (SELECT MAX(id) FROM fills WHERE stream = $1 AND order_id = $2)";
        let update = sqlx::query(sql).bind(self.stream).bind(signed(id.0)).bind(delta.get());
        update.execute(&mut *self.connection).await?;
        Ok(())
    }

    /// Replaces the slices of a symbol by those of the book.
    pub(crate) async fn put_position(&mut self, book: &Book, symbol: Symbol) -> Result<(), StoreError> {
        let sql = "DELETE FROM positions WHERE stream = $1 AND symbol = $2";
        sqlx::query(sql).bind(self.stream).bind(word(&symbol)).execute(&mut *self.connection).await?;
        let Some(ix) = book.ix(symbol) else { return Ok(()) };
        for slice in &book.line(ix).slices {
            let Position { qty, cost } = slice.position;
            let sql = "INSERT INTO positions (stream, symbol, owner, qty, cost) VALUES ($1, $2, $3, $4, $5)";
            let insert = sqlx::query(sql).bind(self.stream).bind(word(&symbol)).bind(owner_text(slice.bot));
            insert.bind(qty.get()).bind(cost.get()).execute(&mut *self.connection).await?;
        }
        Ok(())
    }

    /// Replaces the account's figures by those of the book.
    pub(crate) async fn put_account(&mut self, book: &Book, at: Timestamp) -> Result<(), StoreError> {
        let flows = book.flows();
        let figures = [
            ("cash", book.cash().get()),
            ("reserved", book.reserved().get()),
            ("realized", book.realized().get()),
            ("start", flows.start.get()),
            ("bought", flows.bought.get()),
            ("sold", flows.sold.get()),
            ("fees", flows.fees.get()),
            ("taxes", flows.taxes.get()),
            ("adjusted", flows.adjusted.get()),
            ("seq", signed(book.last_seq())),
            ("at_ns", at.ns()),
        ];
        let sql = "INSERT INTO account (stream, key, value) VALUES ($1, $2, $3) ON CONFLICT (stream, key) \
                   DO UPDATE SET value = excluded.value";
        for (key, value) in figures {
            sqlx::query(sql).bind(self.stream).bind(key).bind(value).execute(&mut *self.connection).await?;
        }
        Ok(())
    }
}
