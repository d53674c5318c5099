//! Tape and decision log of a run: what is needed to replay a day.

use std::path::PathBuf;

use fsts_domain::TradingDay;
use fsts_engine::EngineConfig;
use fsts_engine::{Book, DecisionLine, Event};
use serde::Serialize;

use crate::runtime::tape::{LineWriter, Log, TapeLine, decision_folder, tape_folder};
use crate::runtime::{BotPlan, Plan};

/// Writes tape and decisions.
#[derive(Debug)]
pub struct Logbook {
    lines: LineWriter,
    decisions: PathBuf,
}

impl Logbook {
    /// Opens the folders of a plan.
    ///
    /// # Errors
    /// When the data folder can't be written.
    pub fn open(plan: &Plan) -> std::io::Result<Self> {
        let (tape, decisions) =
            (tape_folder(&plan.data_dir, &plan.stream), decision_folder(&plan.data_dir, &plan.stream));
        Ok(Logbook { lines: LineWriter::start(tape, decisions.clone())?, decisions })
    }

    /// A run begins.
    pub fn run(&self, day: TradingDay, run_id: &str, plan: &str, book: &Book) {
        // This run has written nothing yet, so the file is as the last one left it.
        let file = self.decisions.join(format!("{day}.ndjson"));
        let decisions_from = std::fs::metadata(file).map_or(0, |m| m.len());
        let (run_id, plan, book) = (run_id.to_owned(), plan.to_owned(), Box::new(book.clone()));
        self.line(day, &TapeLine::Run { run_id, plan, book, decisions_from });
    }

    /// The run ends by itself.
    pub fn end(&self, day: TradingDay) {
        self.line(day, &TapeLine::End);
    }

    /// An event, before the engine takes it.
    pub fn event(&self, event: &Event<'_>) {
        // The borrowed event is written as it is; a line is never read back within the run.
        #[derive(Serialize)]
        #[serde(rename_all = "snake_case")]
        enum Line<'e> {
            Event(&'e Event<'e>),
        }
        self.line(event.at.kst_day(), &Line::Event(event));
    }

    /// A decision.
    pub fn decision(&self, line: &DecisionLine) {
        if let Ok(text) = serde_json::to_string(line) {
            self.lines.append(Log::Decisions, line.at.kst_day(), text);
        }
    }

    /// Lines of the tape that were lost.
    pub fn lost(&self) -> u64 {
        self.lines.lost()
    }

    fn line<T: Serialize>(&self, day: TradingDay, line: &T) {
        if let Ok(text) = serde_json::to_string(line) {
            self.lines.append(Log::Tape, day, text);
        }
    }
}

/// Digest of everything besides events that decides: a replay under other settings is another run.
pub fn plan_digest(config: &EngineConfig, bots: &[BotPlan]) -> String {
    let text = format!("{:?} {:?} {:?} {bots:?}", config.universe, config.limits, config.timers);
    blake3::hash(text.as_bytes()).to_hex().chars().take(16).collect()
}
