//! A stand-in where no language model is set up: it knows a few fixed questions, answers them from the tools, and says
//! that it is no more than that.

mod words;

use futures_util::future::BoxFuture;
use serde_json::{Value, json};

use super::{ChatModel, ModelError, ModelReply, ModelRequest, TokenSink};
use crate::agent::citations::SEARCH_TOOL;
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
/// Words of a question about the program itself, which its help answers.
const HELP_WORDS: [&str; 14] = [
    "어떻게",
    "무엇",
    "뭐야",
    "설명",
    "설정",
    "방법",
    "백테스트",
    "손절",
    "how",
    "what",
    "explain",
    "setting",
    "backtest",
    "why",
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
    if let Some((tool, _)) = known {
        return Some((*tool, json!({})));
    }
    let about_help = HELP_WORDS.iter().any(|w| asked.contains(w)) && offered(SEARCH_TOOL);
    about_help.then(|| (SEARCH_TOOL, json!({"query": question, "kinds": ["help"], "limit": 1})))
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
    let shown = match &result {
        Some(found) if last.name.as_deref() == Some(SEARCH_TOOL) => passage(found).unwrap_or_else(|| help(korean)),
        Some(value) => lines(value, 0, korean).join("\n"),
        None => last.content.clone(),
    };
    ModelReply { text: format!("{notice}\n{shown}"), usage, ..Default::default() }
}

/// The best passage of the documents, with its mark.
fn passage(found: &Value) -> Option<String> {
    let best = found.pointer("/passages/0")?;
    let text = |name: &str| best.get(name).and_then(Value::as_str).unwrap_or_default();
    Some(format!("{} {}", text("passage").trim(), text("cite_as")))
}

/// A value as readable lines.
fn lines(value: &Value, depth: usize, korean: bool) -> Vec<String> {
    let pad = "  ".repeat(depth);
    match value {
        Value::Object(fields) => fields
            .iter()
            .filter(|(name, v)| !is_hidden(name) && !v.is_null())
            .flat_map(|(name, v)| match v {
                Value::Object(_) | Value::Array(_) => {
                    let mut out = vec![format!("{pad}- {}:", words::field(name, korean))];
                    out.extend(lines(v, depth + 1, korean));
                    out
                }
                other => vec![format!("{pad}- {}", pair(name, other, korean))],
            })
            .collect(),
        Value::Array(items) if items.is_empty() => {
            vec![format!("{pad}{}", if korean { "(없음)" } else { "(none)" })]
        }
        Value::Array(items) => items
            .iter()
            .map(|item| match item {
                Value::Object(fields) => {
                    let shown = fields.iter().filter(|(n, v)| !is_hidden(n) && is_plain(v) && fits(n, korean));
                    let cells: Vec<String> = shown.map(|(n, v)| pair(n, v, korean)).collect();
                    format!("{pad}- {}", cells.join(", "))
                }
                other => format!("{pad}- {}", words::value("", other, korean)),
            })
            .collect(),
        other => vec![format!("{pad}{}", words::value("", other, korean))],
    }
}

fn pair(name: &str, value: &Value, korean: bool) -> String {
    let name = match name {
        // Of a day's hours, not of its prices.
        "open" if value.is_string() => "opens_at",
        "close" if value.is_string() => "closes_at",
        other => other,
    };
    format!("{} {}", words::field(name, korean), words::value(name, value, korean))
}

fn is_plain(value: &Value) -> bool {
    !value.is_null() && !value.is_array() && !value.is_object()
}

/// Fields for programs: where a result is from, its currency, and long ids.
fn is_hidden(name: &str) -> bool {
    matches!(name, "as_of" | "source" | "currency" | "id" | "delivered" | "kind")
}

/// Of a message in two languages one is read.
fn fits(name: &str, korean: bool) -> bool {
    !name.ends_with(if korean { "_en" } else { "_ko" })
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
