//! A stand-in where no language model is set up: it knows a few fixed questions, answers them from the tools, and says
//! that it is no more than that.

use futures_util::future::BoxFuture;
use serde_json::{Value, json};

use super::{ChatModel, ModelError, ModelReply, ModelRequest, TokenSink};
use crate::message::{Msg, Role, ToolCall, Usage};

/// Fixed rules.
#[derive(Debug, Clone, Copy, Default)]
pub struct RulesModel;

/// A question that the rules know, by words in it: tool, Korean words, English words.
const QUESTIONS: [(&str, &[&str]); 8] = [
    ("get_bot_status", &["봇", "상태", "bot", "status"]),
    ("get_trade_history", &["체결", "거래내역", "거래 내역", "trades", "history"]),
    ("list_orders", &["주문", "order"]),
    ("get_positions", &["보유", "포지션", "position", "holding"]),
    ("get_balance", &["잔고", "잔액", "예수금", "현금", "balance", "cash"]),
    ("get_holidays", &["휴장", "휴일", "holiday"]),
    ("get_trading_hours", &["장 시간", "거래시간", "거래 시간", "trading hours"]),
    ("get_current_time", &["시각", "시간", "몇 시", "몇시", "time", "date"]),
];
const PRICE_WORDS: [&str; 6] = ["현재가", "시세", "주가", "가격", "price", "quote"];

impl ChatModel for RulesModel {
    fn name(&self) -> Option<&str> {
        None
    }

    fn provider(&self) -> &'static str {
        "rules"
    }

    fn chat<'a>(
        &'a self,
        request: &'a ModelRequest,
        sink: &'a mut dyn TokenSink,
    ) -> BoxFuture<'a, Result<ModelReply, ModelError>> {
        Box::pin(async move {
            let reply = answer(request);
            if !reply.text.is_empty() {
                sink.token(&reply.text).await;
            }
            Ok(reply)
        })
    }
}

fn answer(request: &ModelRequest) -> ModelReply {
    let question = request.messages.iter().rev().find(|m| m.role == Role::User);
    let question = question.map(|m| m.content.as_str()).unwrap_or_default();
    let korean = question.chars().any(|c| ('가'..='힣').contains(&c));
    let usage = Some(Usage::default());
    match request.messages.last() {
        Some(last) if last.role == Role::Tool => follow(request, last, korean, usage),
        _ => match first_call(question, request) {
            Some((name, arguments)) => ModelReply { calls: vec![call(name, &arguments)], usage, ..Default::default() },
            None => ModelReply { text: help(korean), usage, ..Default::default() },
        },
    }
}

fn call(name: &str, arguments: &Value) -> ToolCall {
    ToolCall { id: format!("call_{}", crate::random_id()), name: name.to_owned(), arguments: arguments.to_string() }
}

fn first_call(question: &str, request: &ModelRequest) -> Option<(&'static str, Value)> {
    let asked = question.to_lowercase();
    let offered = |name: &str| request.tools.iter().any(|t| t.name == name);
    if let Some(symbol) = symbol_in(question).filter(|_| offered("get_quote")) {
        return Some(("get_quote", json!({"symbol": symbol})));
    }
    if PRICE_WORDS.iter().any(|w| asked.contains(w)) && offered("search_symbols") {
        let name = PRICE_WORDS.iter().fold(question.to_owned(), |text, word| text.replace(word, " "));
        let name = name.split(['?', '!', '.', ',']).next().unwrap_or_default();
        let particles = ["의", "은", "는", "이", "가"];
        let first = name.split_whitespace().next().unwrap_or_default();
        let bare = particles.iter().find_map(|p| first.strip_suffix(p)).filter(|b| b.chars().count() > 1);
        return Some(("search_symbols", json!({"query": bare.unwrap_or(first), "limit": 1})))
            .filter(|_| !first.is_empty());
    }
    let known = QUESTIONS.iter().find(|(tool, words)| offered(tool) && words.iter().any(|w| asked.contains(w)));
    known.map(|(tool, _)| (*tool, json!({})))
}

/// A six-digit code.
fn symbol_in(question: &str) -> Option<String> {
    let mut codes = question.split(|c: char| !c.is_ascii_alphanumeric());
    codes.find(|t| t.len() == 6 && t.bytes().all(|b| b.is_ascii_digit())).map(str::to_owned)
}

/// A found symbol leads to its quote; anything else is shown.
fn follow(request: &ModelRequest, last: &Msg, korean: bool, usage: Option<Usage>) -> ModelReply {
    let result: Option<Value> = serde_json::from_str(&last.content).ok();
    if last.name.as_deref() == Some("search_symbols") {
        let symbol = result.as_ref().and_then(|r| r.pointer("/symbols/0/symbol")).and_then(Value::as_str);
        if let Some(symbol) = symbol.filter(|_| request.tools.iter().any(|t| t.name == "get_quote")) {
            let calls = vec![call("get_quote", &json!({"symbol": symbol}))];
            return ModelReply { calls, usage, ..Default::default() };
        }
    }
    let notice = match korean {
        true => "(언어 모델이 설정되지 않아 정해진 규칙으로 답해요.)",
        false => "(No language model is set up; this answer comes from fixed rules.)",
    };
    let text = match result {
        Some(value) => format!("{notice}\n{}", lines(&value, 0).join("\n")),
        None => format!("{notice}\n{}", last.content),
    };
    ModelReply { text, usage, ..Default::default() }
}

/// A value as readable lines.
fn lines(value: &Value, depth: usize) -> Vec<String> {
    let pad = "  ".repeat(depth);
    match value {
        Value::Object(fields) => fields
            .iter()
            .filter(|(name, v)| !matches!(name.as_str(), "as_of" | "source") && !v.is_null())
            .flat_map(|(name, v)| match v {
                Value::Object(_) | Value::Array(_) => {
                    let mut out = vec![format!("{pad}- {name}:")];
                    out.extend(lines(v, depth + 1));
                    out
                }
                other => vec![format!("{pad}- {name}: {}", plain(other))],
            })
            .collect(),
        Value::Array(items) if items.is_empty() => vec![format!("{pad}(없음 / none)")],
        Value::Array(items) => items
            .iter()
            .map(|item| match item {
                Value::Object(fields) => {
                    let shown = fields.iter().filter(|(_, v)| !v.is_null() && !v.is_array() && !v.is_object());
                    let cells: Vec<String> = shown.map(|(n, v)| format!("{n} {}", plain(v))).collect();
                    format!("{pad}- {}", cells.join(", "))
                }
                other => format!("{pad}- {}", plain(other)),
            })
            .collect(),
        other => vec![format!("{pad}{}", plain(other))],
    }
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn help(korean: bool) -> String {
    if korean {
        "언어 모델이 설정되지 않아 정해진 질문에만 답할 수 있어요: 잔고, 보유 종목, 주문, 체결 내역, 봇 상태, \
         현재 시각, 거래시간, 휴장일, 종목 현재가(예: \"005930 현재가\"). 자유로운 대화는 OPENAI_API_KEY나 AZURE_* \
         변수를 정하면 돼요."
            .to_owned()
    } else {
        "No language model is set up, so only fixed questions are answered: balance, positions, orders, trades, bot \
         status, time, trading hours, holidays, the price of a symbol (\"005930 price\"). Set OPENAI_API_KEY or the \
         AZURE_* variables for free conversation."
            .to_owned()
    }
}
