//! What of a conversation a model gets: the newest turns whole, and a short word about those before.

use super::redact::plain_text;
use super::state::AgentState;
use crate::message::{Msg, Role, estimated_tokens};

/// Tokens of history that one request may carry.
pub const HISTORY_TOKENS: u64 = 24_000;
/// Characters of the word about turns that no longer fit.
const SUMMARY_MAX: usize = 2_000;
/// Characters of each of those turns in it.
const TURN_MAX: usize = 120;

/// The messages for a request: system text, the word about what no longer fits, the newest turns within the limit. The
/// running turn is always whole, and a call and its result are never parted because turns are kept or dropped whole.
pub fn for_model(state: &AgentState, system: &str, tokens_max: u64) -> Vec<Msg> {
    let turns = turns(&state.messages);
    let mut left = tokens_max;
    let mut kept_from = turns.len();
    for (n, turn) in turns.iter().enumerate().rev() {
        let size: u64 = turn.iter().map(message_tokens).sum();
        let running = n + 1 == turns.len();
        if size > left && !running {
            break;
        }
        left = left.saturating_sub(size);
        kept_from = n;
    }
    let dropped = turns.get(..kept_from).unwrap_or_default();
    let mut system = system.to_owned();
    let word = word_about(&state.summary, dropped);
    if !word.is_empty() {
        system.push_str("\n\nEarlier in this conversation:\n");
        system.push_str(&word);
    }
    let mut messages = vec![Msg::new("system", Role::System, system)];
    messages.extend(turns.get(kept_from..).unwrap_or_default().iter().flat_map(|t| t.iter().cloned()));
    messages
}

fn message_tokens(message: &Msg) -> u64 {
    let calls: u64 = message.tool_calls.iter().map(|c| estimated_tokens(&c.arguments) + 8).sum();
    estimated_tokens(&message.content) + calls + 4
}

/// A turn begins with what the user says.
fn turns(messages: &[Msg]) -> Vec<&[Msg]> {
    let starts: Vec<usize> =
        messages.iter().enumerate().filter(|(n, m)| *n == 0 || m.role == Role::User).map(|(n, _)| n).collect();
    let ends = starts.iter().skip(1).copied().chain(std::iter::once(messages.len()));
    starts.iter().zip(ends).filter_map(|(start, end)| messages.get(*start..end)).collect()
}

/// Made from user and assistant text, never from results: those may be a stranger's.
fn word_about(before: &str, dropped: &[&[Msg]]) -> String {
    let mut word = before.to_owned();
    for message in dropped.iter().flat_map(|t| t.iter()) {
        if matches!(message.role, Role::User | Role::Assistant) && !message.content.is_empty() {
            let start: String = plain_text(&message.content).chars().take(TURN_MAX).collect();
            word.push_str(&format!("- {}: {}\n", message.role.word(), start.replace('\n', " ")));
        }
    }
    let count = word.chars().count();
    if count > SUMMARY_MAX { word.chars().skip(count - SUMMARY_MAX).collect() } else { word }
}

/// Drops the oldest turns of a state that got too large to keep, and remembers them in its summary.
pub fn shrink(state: &mut AgentState, bytes_max: usize) {
    let size = |state: &AgentState| state.messages.iter().map(|m| m.content.len() + 200).sum::<usize>();
    while size(state) > bytes_max {
        let (first_turn, summary) = {
            let turns = turns(&state.messages);
            if turns.len() < 2 {
                return;
            }
            (turns.first().map_or(0, |t| t.len()), word_about(&state.summary, turns.get(..1).unwrap_or_default()))
        };
        state.summary = summary;
        state.messages.drain(..first_turn.min(state.messages.len()));
        state.run_from = state.run_from.saturating_sub(first_turn);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::ToolCall;

    fn conversation(turns: usize) -> AgentState {
        let mut state = AgentState::new("s", 0);
        for n in 0..turns {
            state.put(Msg::new(format!("u{n}"), Role::User, format!("질문 {n} {}", "가".repeat(400))));
            let mut asks = Msg::new(format!("a{n}"), Role::Assistant, "");
            let (id, name, arguments) = (format!("c{n}"), "get_quote".to_owned(), "{}".to_owned());
            asks.tool_calls.push(ToolCall { id: id.clone(), name, arguments });
            state.put(asks);
            let mut result = Msg::new(format!("t{n}"), Role::Tool, "결과");
            result.tool_call_id = Some(id);
            state.put(result);
            state.put(Msg::new(format!("e{n}"), Role::Assistant, format!("답 {n}")));
        }
        state
    }

    #[test]
    fn the_newest_turns_are_kept_whole_and_the_rest_is_a_word() {
        let messages = for_model(&conversation(10), "system", 1_200);
        assert_eq!(messages.first().unwrap().role, Role::System);
        assert!(messages[0].content.contains("질문 0") && !messages[0].content.contains("결과"));
        assert_eq!(messages[1].role, Role::User, "a turn begins with its question");
        assert!(messages.len() < 20);
        assert_eq!(messages.last().unwrap().content, "답 9");
        for message in &messages {
            for call in &message.tool_calls {
                let results = messages.iter().filter(|m| m.tool_call_id.as_ref() == Some(&call.id)).count();
                assert_eq!(results, 1, "a call has its result");
            }
        }
    }

    #[test]
    fn the_running_turn_is_there_however_long_it_is() {
        let messages = for_model(&conversation(3), "system", 1);
        assert_eq!(messages.len(), 5);
        assert!(messages[1].content.contains("질문 2"));
    }

    #[test]
    fn a_state_that_is_too_large_loses_its_oldest_turns_and_remembers_them() {
        let mut state = conversation(10);
        shrink(&mut state, 8_000);
        assert!(state.messages.len() < 40 && state.messages[0].role == Role::User);
        assert!(state.summary.contains("질문 0"));
    }
}
