//! Tools about the account: money, holdings, orders, executions, bots, alerts. The account is only ever shown masked.

use fsts_domain::OrderKind;
use fsts_store::OrderFilter;
use serde_json::{Map, Value, json};

use super::in_words;
use super::toolbox::{Outcome, ProgramTools, count_of, symbol_of};

impl ProgramTools {
    pub(super) fn balance(&self) -> Outcome {
        let snapshot = self.desk.snapshot();
        let b = snapshot.balance;
        Ok(self.marked(
            json!({
                "account": snapshot.status.account, "mode": snapshot.status.mode, "currency": "KRW",
                "cash": b.cash, "orderable_cash": b.orderable_cash, "reserved_cash": b.reserved_cash,
                "positions_value": b.positions_value, "equity": b.equity, "realized_pnl": b.realized_pnl,
                "unrealized_pnl": b.unrealized_pnl, "fees": b.fees, "taxes": b.taxes,
            }),
            "books",
        ))
    }

    pub(super) fn positions(&self) -> Outcome {
        let snapshot = self.desk.snapshot();
        let row = |p: &fsts_server::views::PositionView| {
            json!({
                "symbol": p.symbol, "name": p.name, "qty": p.qty, "sellable_qty": p.sellable_qty,
                "avg_price": p.avg_price, "last_price": p.last_price, "value": p.value,
                "unrealized_pnl": p.unrealized_pnl,
            })
        };
        let rows: Vec<Value> = snapshot.positions.iter().map(row).collect();
        Ok(self.marked(json!({"positions": rows, "currency": "KRW"}), "books"))
    }

    pub(super) async fn orders(&self, fields: &Map<String, Value>) -> Outcome {
        let open = match fields.get("status").and_then(Value::as_str) {
            Some("open") => Some(true),
            Some("ended") => Some(false),
            _ => None,
        };
        let filter = OrderFilter { open, symbol: None, limit: count_of(fields, "limit", 20) };
        let rows = self.archive.orders(filter).await.map_err(|_| "the orders can't be read now".to_owned())?;
        let snapshot = self.desk.snapshot();
        let row = |o: fsts_store::OrderRow| {
            let price = match o.kind {
                OrderKind::Limit(price) => Some(price),
                OrderKind::Market => None,
            };
            json!({
                "id": o.id.to_string(), "symbol": o.symbol, "name": snapshot.name(o.symbol), "side": o.side,
                "price": price, "qty": o.qty, "filled_qty": o.filled_qty, "state": o.state,
                "by": o.bot.to_string(), "at": in_words(o.created),
            })
        };
        let rows: Vec<Value> = rows.into_iter().map(row).collect();
        Ok(self.marked(json!({"orders": rows}), "journal"))
    }

    pub(super) async fn trades(&self, fields: &Map<String, Value>) -> Outcome {
        let symbol = if fields.contains_key("symbol") { Some(symbol_of(fields)?) } else { None };
        let rows = self.archive.fills(symbol, count_of(fields, "limit", 20)).await;
        let rows = rows.map_err(|_| "the executions can't be read now".to_owned())?;
        let snapshot = self.desk.snapshot();
        let row = |f: fsts_store::FillRow| {
            json!({
                "symbol": f.symbol, "name": snapshot.name(f.symbol), "side": f.side, "qty": f.qty,
                "price": f.price, "amount": f.amount, "fee": f.fee, "tax": f.tax, "at": in_words(f.at),
            })
        };
        let rows: Vec<Value> = rows.into_iter().map(row).collect();
        Ok(self.marked(json!({"trades": rows, "currency": "KRW"}), "journal"))
    }

    pub(super) fn bot_status(&self) -> Outcome {
        let snapshot = self.desk.snapshot();
        let status = &snapshot.status;
        let bot = |b: &fsts_server::views::BotView| {
            let symbols: Vec<String> = b.symbols.iter().map(ToString::to_string).collect();
            json!({"id": b.id, "strategy": b.strategy, "state": b.state, "symbols": symbols.join(" ")})
        };
        let bots: Vec<Value> = status.bots.iter().map(bot).collect();
        let reasons: Vec<&str> = status.reasons.iter().map(|r| r.code.as_str()).collect();
        Ok(self.marked(
            json!({
                "mode": status.mode, "ready": status.ready, "not_ready_because": reasons,
                "halted": status.halted, "halt_reason": status.halt_reason, "bots": bots,
            }),
            "engine",
        ))
    }

    pub(super) async fn alerts(&self, fields: &Map<String, Value>) -> Outcome {
        let rows = self.archive.alerts(count_of(fields, "limit", 10)).await;
        let rows = rows.map_err(|_| "the alerts can't be read now".to_owned())?;
        let row = |a: fsts_store::Outgoing| {
            json!({
                "kind": a.alert.kind, "message_ko": a.alert.message_ko, "message_en": a.alert.message_en,
                "at": in_words(a.alert.at), "delivered": a.delivered.is_some(),
            })
        };
        let rows: Vec<Value> = rows.into_iter().map(row).collect();
        Ok(self.marked(json!({"alerts": rows}), "outbox"))
    }
}
