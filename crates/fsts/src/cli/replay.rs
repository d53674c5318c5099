//! `fsts replay DAY`: folds a recorded day again and compares every decision.

use std::ops::Range;

use fsts_domain::{Timestamp, TradingDay};
use fsts_engine::{Effects, Engine};

use super::plan_of::{Aim, plan, start_failure};
use super::{Context, ReplayArgs};
use crate::exit::{Exit, Failure};
use crate::messages::run as say;
use crate::output;
use crate::runtime::Plan;
use crate::runtime::logbook::plan_digest;
use crate::runtime::recovery::{self, AnyStrategy, RecoveryError};
use crate::runtime::tape::{TapeLine, decision_folder, read_day, read_lines, tape_folder};
use crate::settings::Settings;

/// Runs the command.
pub async fn run(args: ReplayArgs, context: Context) -> Result<(), Failure> {
    let day: TradingDay = args.day.parse().map_err(|_| Failure::input(say::bad_day(&args.day)))?;
    let settings = Settings::load(args.config.as_deref()).await?;
    // A recorded day needs no broker and no clock of the broker's.
    let settings = Settings { clock: crate::settings::ClockSetting::System, ..settings };
    let plan = plan(&settings, args.account.as_deref(), Aim::Look).await?;
    let missing = |e: std::io::Error| Failure::input(say::no_tape(&args.day, &e.to_string()));
    let tape = Tape::read(&plan, day).map_err(missing)?;
    let recorded = read_day(&decision_folder(&plan.data_dir, &plan.stream), day).unwrap_or_default();
    let runs = Fold::new(&plan, day).all(&tape)?;
    let unrecorded = compare(&runs, &recorded)?;
    let decisions: usize = runs.iter().map(|run| run.decisions.len()).sum();
    let is_intent = |line: &&String| !line.contains("\"intent\":null");
    let intents: usize = runs.iter().map(|run| run.decisions.iter().filter(is_intent).count()).sum();
    if context.json {
        let counts = serde_json::json!({ "day": args.day, "runs": runs.len(), "decisions": decisions,
            "intents": intents, "unrecorded": unrecorded, "equal": true });
        output::line(&counts.to_string());
    } else {
        output::line(say::replay_same(decisions, intents, unrecorded).get(context.lang));
    }
    Ok(())
}

/// The lines of a day, and of the days before on which its first run had begun.
struct Tape {
    lines: Vec<String>,
    /// Lines of each day's file.
    files: Vec<Range<usize>>,
}

impl Tape {
    /// A run may have begun days ago; what its strategies had seen since then is part of what they decide.
    fn read(plan: &Plan, day: TradingDay) -> std::io::Result<Tape> {
        let folder = tape_folder(&plan.data_dir, &plan.stream);
        let mut days = vec![read_lines(&folder, day)?];
        let mut earlier = recorded_days(&folder)?.into_iter().filter(|d| *d < day).rev();
        while !days.last().and_then(|lines| lines.first()).is_some_and(|line| is_run(line)) {
            let Some(before) = earlier.next() else { break };
            days.push(read_lines(&folder, before)?);
        }
        let (mut lines, mut files) = (Vec::new(), Vec::new());
        for day in days.into_iter().rev() {
            files.push(lines.len()..lines.len() + day.len());
            lines.extend(day);
        }
        Ok(Tape { lines, files })
    }

    /// The lines of the same file before a line: what a run that begins there had been shown.
    fn shown_before(&self, n: usize) -> &[String] {
        let file = self.files.iter().find(|file| file.contains(&n)).map_or(0, |file| file.start);
        self.lines.get(file..n).unwrap_or_default()
    }

    fn line(&self, n: usize) -> Option<TapeLine<'_>> {
        self.lines.get(n).and_then(|line| serde_json::from_str(line).ok())
    }
}

/// Days in a folder of `<day>.ndjson`, ascending.
fn recorded_days(folder: &std::path::Path) -> std::io::Result<Vec<TradingDay>> {
    let mut days = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let day = path.file_stem().and_then(|name| name.to_str()).and_then(|name| name.parse::<TradingDay>().ok());
        days.extend(day);
    }
    days.sort_unstable();
    Ok(days)
}

fn is_run(line: &str) -> bool {
    matches!(serde_json::from_str(line), Ok(TapeLine::Run { .. }))
}

/// What one run decided on the day, folded again.
struct ReplayedRun {
    /// Where its decisions begin in the day's decision log, in bytes.
    from: u64,
    decisions: Vec<String>,
    /// False for a run that was killed: its last decisions may not have reached the log.
    ended: bool,
}

/// The fold over a tape.
struct Fold<'p> {
    plan: &'p Plan,
    day: TradingDay,
    engine: Option<Engine<AnyStrategy>>,
    fx: Effects,
    /// Sequence of the last event of the run.
    seq: u64,
    runs: Vec<ReplayedRun>,
}

impl<'p> Fold<'p> {
    fn new(plan: &'p Plan, day: TradingDay) -> Self {
        Fold { plan, day, engine: None, fx: Effects::default(), seq: 0, runs: Vec::new() }
    }

    fn all(mut self, tape: &Tape) -> Result<Vec<ReplayedRun>, Failure> {
        for n in 0..tape.lines.len() {
            match tape.line(n) {
                Some(TapeLine::Run { plan: digest, book, run_id, decisions_from }) => {
                    if digest != plan_digest(&recovery::engine_config(self.plan), &self.plan.bots) {
                        return Err(Failure::input(say::other_plan()));
                    }
                    let mut engine =
                        recovery::fresh_engine(self.plan).map_err(|e: RecoveryError| start_failure(e.into()))?;
                    engine.restore(*book);
                    engine.raise_bots().map_err(|e| start_failure(RecoveryError::from(e).into()))?;
                    show(&mut engine, tape.shown_before(n), &mut self.fx);
                    engine.start(run_id, env!("CARGO_PKG_VERSION").to_owned(), started_at(tape, n), &mut self.fx);
                    self.fx.clear();
                    self.engine = Some(engine);
                    self.seq = 0;
                    // A run of an earlier day goes on at the top of this day's log.
                    let on_the_day = tape.files.last().is_some_and(|file| file.contains(&n));
                    let from = if on_the_day { decisions_from } else { 0 };
                    self.runs.push(ReplayedRun { from, decisions: Vec::new(), ended: false });
                }
                Some(TapeLine::Event(event)) => {
                    // What is lost of a tape can't be folded; a difference would say nothing about the engine.
                    if self.engine.is_none() || event.seq != self.seq + 1 {
                        return Err(Failure::input(say::tape_damaged(n + 1)));
                    }
                    self.seq = event.seq;
                    self.step(&event);
                }
                Some(TapeLine::End) => {
                    self.engine = None;
                    self.runs.last_mut().into_iter().for_each(|run| run.ended = true);
                }
                // A cut line is where a run was killed.
                None if tape.lines.get(n + 1).is_none_or(|line| is_run(line)) => {}
                None => return Err(Failure::input(say::tape_damaged(n + 1))),
            }
        }
        Ok(self.runs)
    }

    fn step(&mut self, event: &fsts_engine::Event<'_>) {
        let (Some(engine), Some(run)) = (self.engine.as_mut(), self.runs.last_mut()) else { return };
        engine.step(event, &mut self.fx);
        let of_the_day = self.fx.decisions.iter().filter(|line| line.at.kst_day() == self.day);
        run.decisions.extend(of_the_day.filter_map(|line| serde_json::to_string(line).ok()));
        self.fx.clear();
    }
}

fn show(engine: &mut Engine<AnyStrategy>, earlier: &[String], fx: &mut Effects) {
    engine.warm(true);
    for line in earlier {
        if let Ok(TapeLine::Event(event)) = serde_json::from_str::<TapeLine<'_>>(line)
            && recovery::is_market(&event)
        {
            engine.step(&event, fx);
            fx.clear();
        }
    }
    engine.warm(false);
}

/// Market time at which the run began: that of its first event.
fn started_at(tape: &Tape, run: usize) -> Timestamp {
    match tape.line(run + 1) {
        Some(TapeLine::Event(event)) => event.at,
        Some(TapeLine::Run { .. } | TapeLine::End) | None => Timestamp::default(),
    }
}

/// Compares run by run. Answers how many decisions of killed runs are not on record.
fn compare(runs: &[ReplayedRun], log: &[u8]) -> Result<usize, Failure> {
    let (mut before, mut unrecorded) = (0, 0);
    for (n, run) in runs.iter().enumerate() {
        let end = runs.get(n + 1).map_or(log.len(), |next| next.from as usize);
        let part = String::from_utf8_lossy(log.get(run.from as usize..end).unwrap_or_default()).into_owned();
        let mut recorded: Vec<&str> = part.lines().filter(|line| !line.is_empty()).collect();
        let was_cut = !run.ended && !part.ends_with('\n');
        recorded.truncate(recorded.len() - usize::from(was_cut && !recorded.is_empty()));
        let lost = if run.ended { 0 } else { run.decisions.len().saturating_sub(recorded.len()) };
        let expected = run.decisions.get(..run.decisions.len() - lost).unwrap_or_default();
        let at = |n: usize| (recorded.get(n).copied(), expected.get(n).map(String::as_str));
        let different = |n: &usize| at(*n).0 != at(*n).1;
        if let Some(n) = (0..recorded.len().max(expected.len())).find(different) {
            let (recorded, replayed) = at(n);
            let text = say::replay_differs(before + n + 1, recorded.unwrap_or("-"), replayed.unwrap_or("-"));
            return Err(Failure::new(Exit::Differs, text));
        }
        before += recorded.len();
        unrecorded += lost;
    }
    Ok(unrecorded)
}
