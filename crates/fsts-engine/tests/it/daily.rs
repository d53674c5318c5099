//! The run before the close: a bot on daily bars decides on the day as it stands, once a day, in the order of its ranking.

use fsts_domain::*;
use fsts_engine::*;

use crate::desk::*;

fn setup() -> Setup {
    Setup { interval: Interval::Day, ..Setup::default() }
}

fn bar(won: i64) -> Bar {
    Bar { open: price(won), high: price(won), low: price(won), close: price(won), volume: 100 }
}

/// A run with two closed days, the symbols in this order.
fn run(desk: &Desk, ranked: &[(&str, i64)]) -> Command {
    let day = |(code, won): &(&str, i64)| RankedDay {
        symbol: symbol(code),
        past: vec![bar(won - 200), bar(won - 100)],
        forming: bar(*won),
    };
    Command::RunDaily(Box::new(DailyRun {
        bot: bot("alpha"),
        taken_at: desk.at,
        ranked: ranked.iter().map(day).collect(),
    }))
}

/// A new trading day, on which everything is read again.
fn begin_day(desk: &mut Desk) {
    desk.step(EventKind::DayOpened(desk.at.kst_day()));
    desk.quote_all();
    desk.answer_all(&[]);
}

fn want(desk: &Desk, targets: &[(u32, Target)]) {
    desk.wants[0].borrow_mut().extend(targets.iter().copied());
}

/// What was sent, as symbol and side.
fn sent(desk: &Desk) -> Vec<(Symbol, Side)> {
    desk.submits.iter().map(|order| (order.get().symbol(), order.get().side())).collect()
}

const BOTH: [(&str, i64); 2] = [(HYNIX, 200_000), (SAMSUNG, 70_000)];

#[test]
fn a_bot_on_daily_bars_ignores_minutes_and_decides_when_it_is_run() {
    let mut desk = setup().open();
    desk.decide(0, Target::Enter);
    let of_alpha = |desk: &Desk| desk.decisions.iter().filter(|d| d.bot == bot("alpha")).cloned().collect::<Vec<_>>();
    assert!(of_alpha(&desk).is_empty() && desk.submits.is_empty());

    want(&desk, &[(0, Target::Enter)]);
    let command = run(&desk, &BOTH);
    assert_eq!(desk.command(command), Reply::Done);
    let lines = of_alpha(&desk);
    let shown: Vec<_> = lines.iter().map(|l| (l.symbol, l.ohlcv[3], l.signal)).collect();
    assert_eq!(
        shown,
        [(symbol(HYNIX), 200_000, "hold"), (symbol(SAMSUNG), 70_000, "want")],
        "in the order of the ranking"
    );
    assert_eq!((lines[1].at, lines[1].intent.map(|i| i.qty)), (desk.at, Some(qty(10))));
    assert_eq!(sent(&desk), [(symbol(SAMSUNG), Side::Buy)], "it trades at once, in the running session");
    let shown_days = desk.engine.bots().next().unwrap();
    assert!(!shown_days.warming_up, "two closed days and today are the three bars it needs");
}

#[test]
fn buys_follow_the_ranking_until_the_money_of_the_bot_is_used_up() {
    // Ten shares of the first take 2 million and some; what is left buys nothing of the second.
    let fence = Some(won(2_300_000));
    for (ranked, first) in [(BOTH, HYNIX), ([BOTH[1], BOTH[0]], SAMSUNG)] {
        let mut desk = Setup { capital: fence, ..setup() }.open();
        want(&desk, &[(0, Target::Enter), (1, Target::Enter)]);
        let command = run(&desk, &ranked);
        desk.command(command);
        assert_eq!(sent(&desk), [(symbol(first), Side::Buy)]);
        let second = desk.decisions.iter().rfind(|d| d.bot == bot("alpha")).unwrap();
        assert_eq!((second.intent, second.blocked_by), (None, Some("capital")), "{second:?}");
    }
}

#[test]
fn sells_come_before_buys_whatever_the_ranking() {
    let mut desk = setup().open();
    want(&desk, &[(1, Target::Enter)]);
    let command = run(&desk, &BOTH);
    desk.command(command);
    let row = desk.row(IntentId(1), 7);
    desk.ack(IntentId(1), 7);
    desk.next_orders(&[row.filled(10, 2_000_000)]);
    desk.at = desk.at.plus_s(86_400 * 3);
    begin_day(&mut desk);
    want(&desk, &[(0, Target::Enter), (1, Target::Exit)]);
    let command = run(&desk, &[BOTH[1], BOTH[0]]);
    assert_eq!(desk.command(command), Reply::Done, "another day, another run");
    assert_eq!(sent(&desk)[1..], [(symbol(HYNIX), Side::Sell), (symbol(SAMSUNG), Side::Buy)]);
}

#[test]
fn a_day_has_one_run_also_after_a_crash() {
    let mut desk = setup().open();
    want(&desk, &[(0, Target::Enter)]);
    let command = run(&desk, &BOTH);
    assert_eq!(desk.command(command.clone()), Reply::Done);
    assert_eq!(desk.command(command.clone()), Reply::NotPossible("already_run"));
    assert_eq!(desk.records(|r| matches!(r, Record::DailyRun { .. })), 1);

    let mut desk = desk.crash(setup());
    desk.quote_all();
    desk.connect();
    want(&desk, &[(0, Target::Enter)]);
    assert_eq!(desk.command(command), Reply::NotPossible("already_run"));
    assert!(sent(&desk).is_empty(), "what the run before the crash sent is not sent again");
}

#[test]
fn a_crash_before_the_commit_leaves_neither_the_run_nor_its_orders() {
    let mut desk = setup().open();
    desk.journal_answers = false;
    want(&desk, &[(0, Target::Enter)]);
    let command = run(&desk, &BOTH);
    desk.command(command.clone());
    assert!(sent(&desk).is_empty(), "nothing leaves before it is durable");
    let mut desk = desk.crash(setup());
    desk.quote_all();
    desk.connect();
    want(&desk, &[(0, Target::Enter)]);
    assert_eq!(desk.command(command), Reply::Done);
    assert_eq!(sent(&desk), [(symbol(SAMSUNG), Side::Buy)]);
}

#[test]
fn a_run_that_can_not_trade_is_refused_and_not_used_up() {
    let mut desk = setup().closed();
    desk.start();
    desk.quote_all();
    let early = run(&desk, &BOTH);
    assert_eq!(desk.command(early), Reply::NotPossible("not_ready"));
    desk.connect();
    let stopped = Command::SwitchBot { bot: bot("alpha"), to: BotSwitch::Stopped };
    desk.command(stopped);
    let command = run(&desk, &BOTH);
    assert_eq!(desk.command(command.clone()), Reply::NotPossible("bot_stopped"));
    desk.command(Command::SwitchBot { bot: bot("alpha"), to: BotSwitch::Running });
    desk.command(Command::Halt { reason: "test".to_owned() });
    assert_eq!(desk.command(command.clone()), Reply::NotPossible("halted"));
    desk.command(Command::Resume);
    assert_eq!(desk.command(command.clone()), Reply::Done);

    let Command::RunDaily(mut of_minutes) = command else { unreachable!() };
    of_minutes.bot = bot("beta");
    assert_eq!(desk.command(Command::RunDaily(of_minutes.clone())), Reply::NotPossible("not_on_daily_bars"));
    of_minutes.bot = bot("nobody");
    assert_eq!(desk.command(Command::RunDaily(of_minutes)), Reply::NotPossible("unknown_bot"));
}

#[test]
fn the_quote_of_a_run_is_the_price_of_a_symbol_that_is_not_streamed() {
    let mut desk = setup().closed();
    desk.start();
    desk.connect();
    want(&desk, &[(0, Target::Enter)]);
    let command = run(&desk, &[(SAMSUNG, 71_000)]);
    assert_eq!(desk.command(command), Reply::Done);
    assert_eq!(desk.engine.last_price(0), Some((price(71_000), desk.at)));
    assert_eq!(sent(&desk), [(symbol(SAMSUNG), Side::Buy)]);
}
