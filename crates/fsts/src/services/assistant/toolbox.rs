//! Our own services as tools: a table of what is offered, and one place that calls it.

use std::sync::Arc;

use fsts_assistant::agent::Redactor;
use fsts_assistant::{CallContext, Tier, ToolHost, ToolOutcome, ToolSpec, ToolStatus};
use fsts_domain::Symbol;
use fsts_krx::SessionCalendar;
use fsts_server::{Archive, Desk, StoreArchive};
use fsts_store::Store;
use futures_util::future::BoxFuture;
use serde_json::{Map, Value, json};

use super::in_words;
use crate::clock::MarketTime;
use crate::services::Ground;

/// Our own services as tools.
pub struct ProgramTools {
    pub(super) desk: Arc<dyn Desk>,
    pub(super) archive: Arc<dyn Archive>,
    pub(super) store: Store,
    pub(super) time: MarketTime,
    pub(super) calendar: SessionCalendar,
    pub(super) redactor: Redactor,
}

/// What a tool comes to: its result, or one sentence that says what to fix.
pub(super) type Outcome = Result<Value, String>;

impl ProgramTools {
    /// Over the running account.
    pub fn new(ground: &Ground, redactor: Redactor) -> Self {
        ProgramTools {
            desk: Arc::clone(&ground.desk) as Arc<dyn Desk>,
            archive: Arc::new(StoreArchive::new(ground.store.clone(), ground.stream.clone())),
            store: ground.store.clone(),
            time: ground.time.clone(),
            calendar: SessionCalendar::krx(),
            redactor,
        }
    }

    /// Puts the time and the source into a result.
    pub(super) fn marked(&self, mut result: Value, source: &str) -> Value {
        if let Some(fields) = result.as_object_mut() {
            fields.insert("as_of".to_owned(), in_words(self.time.now()).into());
            fields.insert("source".to_owned(), source.into());
        }
        result
    }

    async fn called(&self, name: &str, fields: &Map<String, Value>, context: CallContext) -> Outcome {
        match name {
            "get_current_time" => self.current_time(),
            "get_trading_hours" => self.trading_hours(fields),
            "get_holidays" => self.holidays(fields),
            "search_symbols" => self.search_symbols(fields),
            "get_quote" => self.quote(fields),
            "get_daily_bars" => self.bars(fields, fsts_server::views::BarInterval::Day).await,
            "get_minute_bars" => self.bars(fields, fsts_server::views::BarInterval::Minute).await,
            "get_balance" => self.balance(),
            "get_positions" => self.positions(),
            "list_orders" => self.orders(fields).await,
            "get_trade_history" => self.trades(fields).await,
            "get_bot_status" => self.bot_status(),
            "list_alerts" => self.alerts(fields).await,
            "propose_order" => self.propose(fields, context).await,
            _ => Err("there is no tool of that name".to_owned()),
        }
    }
}

impl ToolHost for ProgramTools {
    fn tools(&self) -> Vec<ToolSpec> {
        specs()
    }

    fn call<'a>(&'a self, name: &'a str, arguments: Value) -> BoxFuture<'a, ToolOutcome> {
        self.call_within(name, arguments, CallContext::default())
    }

    fn call_within<'a>(&'a self, name: &'a str, arguments: Value, context: CallContext) -> BoxFuture<'a, ToolOutcome> {
        Box::pin(async move {
            let empty = Map::new();
            match self.called(name, arguments.as_object().unwrap_or(&empty), context).await {
                Ok(result) => ToolOutcome::ok(result),
                Err(reason) if name == "propose_order" => ToolOutcome::failed(ToolStatus::Denied, reason),
                Err(reason) => ToolOutcome::failed(ToolStatus::Error, reason),
            }
        })
    }
}

/// The symbol of a call.
pub(super) fn symbol_of(fields: &Map<String, Value>) -> Result<Symbol, String> {
    let text = fields.get("symbol").and_then(Value::as_str).unwrap_or_default();
    text.trim().parse().map_err(|_| "symbol must be a six-character KRX code; search_symbols finds it".to_owned())
}

/// A count of a call.
pub(super) fn count_of(fields: &Map<String, Value>, name: &str, otherwise: u32) -> u32 {
    fields.get(name).and_then(Value::as_u64).and_then(|n| u32::try_from(n).ok()).unwrap_or(otherwise)
}

fn spec(name: &str, description: &str, properties: Value, required: &[&str], tier: Tier) -> ToolSpec {
    ToolSpec {
        name: name.to_owned(),
        description: description.to_owned(),
        input_schema: json!({
            "type": "object", "properties": properties, "required": required, "additionalProperties": false,
        }),
        output_schema: Some(json!({"type": "object", "properties": {
            "as_of": {"type": "string"}, "source": {"type": "string"},
        }})),
        tier,
    }
}

fn specs() -> Vec<ToolSpec> {
    let symbol = || json!({"type": "string", "description": "six-character KRX code", "minLength": 6, "maxLength": 6});
    let day = || json!({"type": "string", "description": "YYYY-MM-DD"});
    let count = |most: u32| json!({"type": "integer", "minimum": 1, "maximum": most});
    let read =
        |name, description, properties, required: &[&str]| spec(name, description, properties, required, Tier::Read);
    vec![
        read("get_current_time", "Now in Korea: date, weekday, part of the session, next opening.", json!({}), &[]),
        read(
            "get_trading_hours",
            "Opening and close of the Korean exchange on a day.",
            json!({"market": {"enum": ["KRX"]}, "date": day()}),
            &[],
        ),
        read(
            "get_holidays",
            "Weekdays on which the Korean exchange is closed.",
            json!({"market": {"enum": ["KRX"]}, "from": day(), "to": day()}),
            &[],
        ),
        read(
            "search_symbols",
            "Finds codes of tradable companies by a part of their name or code.",
            json!({"query": {"type": "string", "minLength": 1, "maxLength": 60}, "limit": count(20)}),
            &["query"],
        ),
        read(
            "get_quote",
            "Last price and the day so far of one symbol, won.",
            json!({"symbol": symbol()}),
            &["symbol"],
        ),
        read(
            "get_daily_bars",
            "Daily bars of one symbol, oldest first, won.",
            json!({"symbol": symbol(), "count": count(600)}),
            &["symbol"],
        ),
        read(
            "get_minute_bars",
            "Minute bars of one symbol, oldest first, won.",
            json!({"symbol": symbol(), "count": count(400)}),
            &["symbol"],
        ),
        read("get_balance", "Cash, holdings and profit of the account, won.", json!({}), &[]),
        read("get_positions", "What the account holds.", json!({}), &[]),
        read(
            "list_orders",
            "Orders of the account, newest first.",
            json!({"status": {"enum": ["all", "open", "ended"]}, "limit": count(50)}),
            &[],
        ),
        read(
            "get_trade_history",
            "Executions of the account, newest first.",
            json!({"symbol": symbol(), "limit": count(100)}),
            &[],
        ),
        read("get_bot_status", "Bots with their state, and whether trading is ready or halted.", json!({}), &[]),
        read("list_alerts", "The latest alerts.", json!({"limit": count(50)}), &[]),
        propose_order(),
    ]
}

fn propose_order() -> ToolSpec {
    let symbol = json!({"type": "string", "description": "six-character KRX code", "minLength": 6, "maxLength": 6});
    spec(
        "propose_order",
        "Proposes an order. Nothing is sent: a person has to approve it on another screen within 15 minutes.",
        json!({
            "symbol": symbol,
            "side": {"enum": ["buy", "sell"]},
            "order_type": {"enum": ["limit", "market"]},
            "quantity": {"type": "integer", "minimum": 1, "maximum": 1_000_000_000},
            "price": {"type": "integer", "minimum": 1, "maximum": 1_000_000_000, "description": "won, for a limit order"},
            "reason": {"type": "string", "maxLength": 500},
        }),
        &["symbol", "side", "order_type", "quantity", "reason"],
        Tier::Trade,
    )
}
