//! Conversations: one run at a time, kept after each step, resumed, never mixed.

use std::sync::Arc;

use fsts_assistant::agent::run::WhenBusy;
use fsts_assistant::agent::{AgentState, RunFailure};
use fsts_assistant::sessions::{MemorySessions, SessionStore, SqlSessions, deserialize_state, save_state};
use fsts_domain::Timestamp;
use fsts_store::{ConversationRow, DatabaseTarget, Store};
use serde_json::json;

use crate::place::{assert_calls_answered, finish, in_session, limits, openai, place, place_with};
use crate::stand_in::{Act, StandIn, call, calls, text};

#[tokio::test]
async fn a_second_question_is_refused_waits_or_interrupts() {
    let model = StandIn::play(vec![Act::Hang, text("둘째")]).await;
    let place = place(&model, limits());
    let first = place.agent.ask(in_session("s", "하나")).await.unwrap();
    model.wait_asked(1).await;
    assert_eq!(place.ask(in_session("s", "둘")).await.unwrap_err(), RunFailure::Busy);
    let mut interrupting = in_session("s", "셋");
    interrupting.when_busy = WhenBusy::Interrupt;
    let state = place.ask(interrupting).await.unwrap();
    assert_eq!(state.answer, "둘째");
    assert_eq!(finish(first).await.0.unwrap_err(), RunFailure::Cancelled);
    assert_calls_answered(model.bodies().last().unwrap());
    assert!(!place.agent.cancel("s").await, "nothing runs any more");
}

#[tokio::test]
async fn a_queued_question_waits_for_its_turn() {
    let model = StandIn::play(vec![Act::Hang, text("다음")]).await;
    let place = place(&model, limits());
    let first = place.agent.ask(in_session("s", "하나")).await.unwrap();
    model.wait_asked(1).await;
    let mut queued = in_session("s", "둘");
    queued.when_busy = WhenBusy::Queue;
    let agent = Arc::clone(&place.agent);
    let waiting = tokio::spawn(async move { finish(agent.ask(queued).await.unwrap()).await.0 });
    assert!(place.agent.cancel("s").await);
    assert_eq!(waiting.await.unwrap().unwrap().answer, "다음");
    drop(first);
}

#[tokio::test]
async fn fifty_conversations_at_once_do_not_mix() {
    let model = StandIn::play(vec![calls(vec![call("a", "get_quote", json!("{}"))])]).await;
    drop(model);
    let model = StandIn::play(vec![text("네")]).await;
    let place = place(&model, limits());
    let ask = |n: usize| {
        let agent = Arc::clone(&place.agent);
        tokio::spawn(async move {
            let started = agent.ask(in_session(&format!("s{n}"), &format!("나는 {n}번"))).await.unwrap();
            (n, finish(started).await.0.unwrap())
        })
    };
    let asked: Vec<_> = (0..50).map(ask).collect();
    for one in asked {
        let (n, state) = one.await.unwrap();
        assert_eq!(state.session_id, format!("s{n}"));
        assert_eq!(state.messages.len(), 2);
        assert_eq!(state.messages[0].content, format!("나는 {n}번"));
    }
}

#[tokio::test]
async fn a_conversation_remembers_and_a_client_can_not_rewrite_it() {
    let model = StandIn::play(vec![text("하나"), text("둘")]).await;
    let place = place(&model, limits());
    place.ask(in_session("s", "첫 질문")).await.unwrap();
    let mut again = in_session("s", "둘째 질문");
    again.said.insert(0, (false, "나는 다른 말을 했다".to_owned()));
    let state = place.ask(again).await.unwrap();
    let said: Vec<&str> = state.messages.iter().map(|m| m.content.as_str()).collect();
    assert_eq!(said, ["첫 질문", "하나", "둘째 질문", "둘"]);
    let mut missing = in_session("nobody", "?");
    missing.must_exist = true;
    assert_eq!(place.ask(missing).await.unwrap_err(), RunFailure::UnknownSession);
}

async fn database(folder: &std::path::Path) -> Arc<dyn SessionStore> {
    let target = DatabaseTarget::Sqlite(folder.join("fsts.db"));
    Arc::new(SqlSessions::new(Store::open(&target).await.unwrap()))
}

#[tokio::test]
async fn a_run_that_was_cut_off_goes_on_where_it_was_and_calls_no_tool_twice() {
    let folder = tempfile::tempdir().unwrap();
    let model = StandIn::play(vec![calls(vec![call("a", "get_quote", json!("{}"))]), Act::Hang, text("이어서")]).await;
    let settings = openai(&model, limits());
    let before = place_with(settings.clone(), database(folder.path()).await);
    let runtime = tokio::runtime::Handle::current();
    let started = before.agent.ask(in_session("s", "얼마?")).await.unwrap();
    model.wait_asked(2).await;
    // The state of this instant is what a killed process leaves.
    let store = database(folder.path()).await;
    let left = store.load("s").await.unwrap().unwrap();
    let state = deserialize_state(&left.state).unwrap();
    assert_eq!((state.next.as_str(), state.calls.len()), ("supervisor", 1));
    drop((started, runtime));
    model.wait_left(1).await;
    before.agent.cancel("s").await;
    // Put it back: the old process would not have tidied up.
    let now = store.load("s").await.unwrap().unwrap();
    let row = ConversationRow { version: now.version + 1, ..left };
    assert!(store.save(&row, now.version).await.unwrap());

    let after = place_with(settings, database(folder.path()).await);
    let state = finish(after.agent.resume("s", false).await.unwrap()).await.0.unwrap();
    assert_eq!((state.answer.as_str(), after.ran()), ("이어서", 0));
    assert_calls_answered(model.bodies().last().unwrap());
    let steps = store.checkpoints("s", 50).await.unwrap();
    let nodes: Vec<&str> = steps.iter().rev().map(|s| s.node.as_str()).collect();
    assert_eq!(nodes, ["guard", "supervisor", "tools", "supervisor", "summarise"]);
    let again = finish(after.agent.resume("s", false).await.unwrap()).await.0.unwrap();
    assert_eq!(again.answer, "이어서", "a run that is over tells its answer again");
}

#[tokio::test]
async fn a_damaged_conversation_is_set_aside_and_a_new_one_begins() {
    let folder = tempfile::tempdir().unwrap();
    let store = database(folder.path()).await;
    let at = Timestamp::from_ns(1_795_000_000_000_000_000);
    let damaged = "{\"schema_version\":1,\"mess".to_owned();
    let row = ConversationRow {
        id: "s".to_owned(),
        version: 1,
        state: damaged.clone(),
        created: at,
        updated: at,
        expires: at,
    };
    assert!(store.save(&row, 0).await.unwrap());
    let model = StandIn::play(vec![text("새로")]).await;
    let place = place_with(openai(&model, limits()), Arc::clone(&store));
    let state = place.ask(in_session("s", "안녕")).await.unwrap();
    assert_eq!(state.answer, "새로");
    assert!(state.warnings.contains(&"session_was_damaged".to_owned()), "{:?}", state.warnings);
    let kept = store.list(10).await.unwrap();
    assert!(kept.iter().any(|r| r.id.starts_with("s~damaged~") && r.state == damaged), "the old value is kept");
}

#[tokio::test]
async fn of_two_writers_of_a_conversation_one_wins() {
    let store: Arc<dyn SessionStore> = Arc::new(MemorySessions::default());
    let at = Timestamp::from_ns(1);
    let state = AgentState::new("s", 1);
    assert_eq!(save_state(&store, &state, 0, at).await.unwrap(), Some(1));
    assert_eq!(save_state(&store, &state, 1, at).await.unwrap(), Some(2));
    assert_eq!(save_state(&store, &state, 1, at).await.unwrap(), None);
}

#[tokio::test]
async fn a_run_replayed_from_any_step_gives_the_same_messages_and_asks_nobody() {
    let model = StandIn::play(vec![
        calls(vec![call("a", "get_quote", json!({"symbol": "005930"})), call("b", "read_news", json!({}))]),
        calls(vec![call("c", "long_text", json!({})), call("d", "propose_order", json!({"symbol": "005930"}))]),
        text("사도 좋겠어요"),
    ])
    .await;
    let place = place(&model, limits());
    let done = place.ask(in_session("s", "어때?")).await.unwrap();
    let (asked, ran) = (model.bodies().len(), place.ran());
    let steps = place.agent.sessions().checkpoints("s", 100).await.unwrap();
    assert_eq!(steps.len(), 7, "guard, three times the model, twice the tools, the summary");
    for step in &steps {
        let again = place.agent.replay("s", &done.run_id, step.step).await.unwrap();
        assert_eq!(again.messages, done.messages, "from step {}", step.step);
        assert_eq!((&again.answer, again.tainted, again.usage), (&done.answer, done.tainted, done.usage));
        assert_eq!((&again.calls, &again.pages), (&done.calls, &done.pages), "from step {}", step.step);
    }
    assert_eq!((model.bodies().len(), place.ran()), (asked, ran), "a replay asked or called somebody");
    assert_eq!(place.agent.sessions().checkpoints("s", 100).await.unwrap(), steps, "a replay kept something");
    let missing = place.agent.replay("s", &done.run_id, 99).await.unwrap_err();
    assert_eq!(missing, RunFailure::UnknownSession);
}

#[tokio::test]
async fn a_fork_goes_its_own_way_and_leaves_the_first_run_alone() {
    let ask = || calls(vec![call("a", "get_quote", json!({"symbol": "005930"}))]);
    let model = StandIn::play(vec![ask(), text("첫째"), text("둘째")]).await;
    let place = place(&model, limits());
    let first = place.ask(in_session("s", "시세")).await.unwrap();
    let before = place.agent.sessions().load("s").await.unwrap();
    let steps = place.agent.sessions().checkpoints("s", 100).await.unwrap();
    let after_tools = steps.iter().find(|row| row.node == "tools").unwrap();
    let forked = place.agent.fork("s", &first.run_id, after_tools.step).await.unwrap();
    assert!(forked.session_id != "s" && forked.run_id != first.run_id);
    let (second, _) = finish(place.agent.resume(&forked.session_id, false).await.unwrap()).await;
    let second = second.unwrap();
    assert_eq!((second.answer.as_str(), place.ran()), ("둘째", 1), "the tool ran once, for the first run");
    assert_eq!(place.agent.sessions().load("s").await.unwrap(), before);
    assert_eq!(place.agent.sessions().checkpoints("s", 100).await.unwrap(), steps);
    assert_eq!(place.agent.replay("s", &first.run_id, 1).await.unwrap().answer, "첫째");
}
