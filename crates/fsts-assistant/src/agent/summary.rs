//! The last words of a run: what the reader is told when a limit was hit, or when the model wanted deeds.

use serde_json::Value;

use super::state::{AgentState, Limit, Locale};
use crate::tool::ToolStatus;

/// Words by which a model would claim that a deed was done.
const CLAIMS_KO: [&str; 10] =
    ["완료", "체결되", "체결했", "매수했", "매도했", "주문했", "주문을 넣", "접수되", "접수했", "실행했"];
const CLAIMS_EN: [&str; 11] = [
    "has been placed",
    "was placed",
    "have placed",
    "i placed",
    "executed",
    "has been filled",
    "bought",
    "sold",
    "successfully",
    "submitted",
    "order is in",
];

/// The answer of a run that asked for deeds: our own words about them first, then the model's unless they claim success.
pub fn about_deeds(state: &AgentState, said: &str) -> String {
    let mut lines: Vec<String> = Vec::new();
    for call in state.calls.iter().filter(|c| c.deed) {
        let summary = |name: &str| {
            call.structured.as_ref().and_then(|s| s.get(name)).and_then(Value::as_str).unwrap_or_default().to_owned()
        };
        let pending = call.status == ToolStatus::Ok;
        lines.push(match (state.locale, pending) {
            (Locale::Ko, true) => {
                format!("승인을 기다리는 주문 제안이에요. 아직 주문은 나가지 않았어요: {}", summary("summary_ko"))
            }
            (Locale::En, true) => {
                format!("This is a proposal that waits for approval; no order was sent: {}", summary("summary_en"))
            }
            (Locale::Ko, false) => format!("주문은 나가지 않았어요: {} 호출이 거절됐어요.", call.name),
            (Locale::En, false) => format!("No order was sent: the call of {} was refused.", call.name),
        });
    }
    lines.dedup();
    let lower = said.to_lowercase();
    let claims = CLAIMS_KO.iter().chain(&CLAIMS_EN).any(|c| lower.contains(c));
    if !claims && !said.trim().is_empty() {
        lines.push(String::new());
        lines.push(said.trim().to_owned());
    }
    lines.join("\n")
}

/// The answer of a run that hit a limit, from what is known.
pub fn about_limit(state: &AgentState, limit: Limit) -> String {
    let reason = match (state.locale, limit) {
        (Locale::Ko, Limit::Steps) => "모델에 물을 수 있는 횟수를 다 써서 여기까지만 답해요.",
        (Locale::En, Limit::Steps) => "The number of questions to the model is used up; this is what is known.",
        (Locale::Ko, Limit::ToolCalls) => "도구를 부를 수 있는 횟수를 다 써서 여기까지만 답해요.",
        (Locale::En, Limit::ToolCalls) => "The number of tool calls is used up; this is what is known.",
        (Locale::Ko, Limit::RepeatedCall) => "모델이 같은 도구를 되풀이해서 불러 멈췄어요. 여기까지만 답해요.",
        (Locale::En, Limit::RepeatedCall) => "The model kept repeating one tool call, so it was stopped.",
        (Locale::Ko, Limit::Deadline) => "정해진 시간이 지나 여기까지만 답해요.",
        (Locale::En, Limit::Deadline) => "Time is up; this is what is known.",
        (Locale::Ko, Limit::Tokens) => "토큰 한도를 다 써서 여기까지만 답해요.",
        (Locale::En, Limit::Tokens) => "The token budget is used up; this is what is known.",
        (Locale::Ko, Limit::CutStream) => "언어 모델의 답이 중간에 끊겼어요.",
        (Locale::En, Limit::CutStream) => "The language model was cut off in the middle of its answer.",
    };
    let mut lines = vec![reason.to_owned()];
    let mut told: Vec<&str> = Vec::new();
    for call in state.calls.iter().rev().filter(|c| c.status == ToolStatus::Ok && !c.tainted && !c.deed) {
        if told.len() < 3 && !told.contains(&call.preview.as_str()) {
            told.push(&call.preview);
            lines.push(format!("- {}: {}", call.name, call.preview));
        }
    }
    lines.join("\n")
}
