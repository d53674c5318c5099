//! `propose_order`: a row that a person decides elsewhere. Nothing here can send it.

use fsts_assistant::CallContext;
use fsts_domain::Symbol;
use fsts_store::{PENDING, ProposalRow};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::toolbox::{Outcome, ProgramTools, symbol_of};

/// How long a proposal can be approved.
pub const VALID_S: i64 = 15 * 60;
/// Real money above this needs a second confirmation, won.
const CONFIRM_ABOVE_WON: i64 = 1_000_000;
/// An order above this part of the cash is pointed out, percent.
const LARGE_PERCENT: i64 = 50;

/// What is proposed; its digest is what is approved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProposalBody {
    /// The conversation.
    pub session_id: String,
    /// The run.
    pub run_id: String,
    /// The instrument.
    pub symbol: String,
    /// Its name.
    pub name: String,
    /// `buy` or `sell`.
    pub side: String,
    /// `limit` or `market`.
    pub order_type: String,
    /// Shares.
    pub qty: i64,
    /// Limit price, won.
    pub price: Option<i64>,
    /// Paper or live, with the masked account.
    pub account: String,
    /// Last price when proposed.
    pub last_price: Option<i64>,
    /// Estimated amount.
    pub amount: Option<i64>,
    /// The model's reason.
    pub reason: String,
    /// What to look at.
    pub flags: Vec<String>,
    /// What has to be typed to approve it.
    pub confirmation: Option<String>,
}

impl ProposalBody {
    /// In words, Korean and English.
    pub fn summary(&self) -> (String, String) {
        let name = format!("{}({})", self.name, self.symbol);
        let price_ko = self.price.map_or_else(|| "시장가".to_owned(), |p| format!("{}원", grouped(p)));
        let price_en = self.price.map_or_else(|| "market".to_owned(), |p| format!("KRW {}", grouped(p)));
        let (side_ko, side_en) = if self.side == "buy" { ("매수", "buy") } else { ("매도", "sell") };
        let qty = grouped(self.qty);
        (format!("{name} {qty}주 {side_ko} @ {price_ko}"), format!("{side_en} {qty} sh of {name} @ {price_en}"))
    }
}

fn grouped(number: i64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (n, digit) in digits.chars().enumerate() {
        if n > 0 && (digits.len() - n).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

impl ProgramTools {
    pub(super) async fn propose(&self, fields: &Map<String, Value>, context: CallContext) -> Outcome {
        let symbol = symbol_of(fields)?;
        let body = self.body(symbol, fields, &context)?;
        let text = serde_json::to_string(&body).map_err(|_| "the proposal can't be written".to_owned())?;
        let now = self.time.now();
        let id = format!("ap-{}", fsts_assistant::random_id());
        let call_key = match context.call_id.is_empty() {
            true => id.clone(),
            false => format!("{}/{}/{}", context.session_id, context.run_id, context.call_id),
        };
        let row = ProposalRow {
            id,
            call_key,
            hash: blake3::hash(text.as_bytes()).to_hex().to_string(),
            body: text,
            state: PENDING.to_owned(),
            tainted: context.tainted,
            created: now,
            expires: now.plus_s(VALID_S),
            decided: None,
            decided_by: String::new(),
            order_id: String::new(),
            outcome: String::new(),
        };
        // The same call, made again after a crash, is the same proposal.
        let kept = self.store.write_proposal(&row).await.map_err(|_| "the proposal can't be kept now".to_owned())?;
        let (summary_ko, summary_en) = body.summary();
        Ok(self.marked(
            json!({
                "status": kept.state, "approval_id": kept.id, "hash": kept.hash,
                "summary_ko": summary_ko, "summary_en": summary_en, "flags": body.flags,
                "tainted": kept.tainted, "expires_ns": kept.expires.ns().to_string(),
                "note": "nothing was sent; a person has to approve it on another screen",
            }),
            "proposals",
        ))
    }

    fn body(&self, symbol: Symbol, fields: &Map<String, Value>, context: &CallContext) -> Result<ProposalBody, String> {
        let text = |name: &str| fields.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let (side, order_type) = (text("side"), text("order_type"));
        let price = fields.get("price").and_then(Value::as_i64);
        if (order_type == "limit") != price.is_some() {
            return Err("a limit order needs a price, and a market order must not have one".to_owned());
        }
        let snapshot = self.desk.snapshot();
        if !snapshot.names.contains_key(&symbol) {
            return Err("that symbol can't be traded here; search_symbols finds those that can".to_owned());
        }
        let name = snapshot.name(symbol);
        if context.tainted && !is_named(&context.user_text, symbol, &name) {
            // Text of strangers was read, and the person never spoke of this company.
            return Err(
                "denied: only companies that the user named can be proposed after reading outside text".to_owned()
            );
        }
        let qty = fields.get("quantity").and_then(Value::as_i64).unwrap_or(0);
        let last_price = self.desk.quote(symbol).map(|q| q.last.get());
        let amount = price.or(last_price).map(|p| p.saturating_mul(qty));
        let live = snapshot.status.mode == fsts_server::views::Mode::Live;
        let needs = context.tainted || context.outside || (live && amount.is_none_or(|a| a > CONFIRM_ABOVE_WON));
        let mut flags = Vec::new();
        if context.tainted {
            flags.push("outside_text".to_owned());
        }
        if context.outside {
            flags.push("outside_program".to_owned());
        }
        if last_price.is_none() {
            flags.push("no_price".to_owned());
        }
        let cash = snapshot.balance.orderable_cash.get();
        if side == "buy" && amount.is_some_and(|a| a.saturating_mul(100) > cash.saturating_mul(LARGE_PERCENT)) {
            flags.push("large_part_of_cash".to_owned());
        }
        let mode = if live { "live" } else { "paper" };
        Ok(ProposalBody {
            session_id: context.session_id.clone(),
            run_id: context.run_id.clone(),
            symbol: symbol.to_string(),
            name,
            side,
            order_type,
            qty,
            price,
            account: format!("{mode} {}", snapshot.status.account),
            last_price,
            amount,
            reason: self.redactor.clean(&text("reason")),
            flags,
            confirmation: needs.then(|| format!("{symbol} {qty}")),
        })
    }
}

fn is_named(user_text: &str, symbol: Symbol, name: &str) -> bool {
    user_text.contains(symbol.as_str()) || (!name.is_empty() && user_text.contains(name))
}
