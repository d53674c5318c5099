//! The tape: every event given to the engine, a line each, a file a day. Not synced; losses are counted.

use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use fsts_domain::TradingDay;
use fsts_engine::{Book, Event};
use serde::{Deserialize, Serialize};

/// Lines that may wait for the disk; beyond it they are lost and counted.
const WAITING_MAX: usize = 100_000;
/// Bytes that may wait for one write.
const WRITE_MAX: usize = 1 << 20;

/// One line of a tape.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TapeLine<'a> {
    /// A run begins: the book that it recovered and the settings that decide.
    Run {
        /// The run.
        run_id: String,
        /// Digest of universe, bots and limits.
        plan: String,
        /// The recovered book.
        book: Box<Book>,
        /// Length of the day's decision log so far: this run's decisions come after it.
        decisions_from: u64,
    },
    /// An event.
    #[serde(borrow)]
    Event(Event<'a>),
    /// The run ended by itself: its logs are whole.
    End,
}

/// The two logs of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Log {
    /// Every event.
    Tape,
    /// Every decision.
    Decisions,
}

struct Line {
    log: Log,
    day: TradingDay,
    text: String,
}

/// Appends lines to the files of a day. A decision never reaches its file before the event that it answers: whatever
/// moment a run is killed at, a replay of its tape makes every decision that is on record.
#[derive(Debug)]
pub struct LineWriter {
    queue: Option<SyncSender<Line>>,
    thread: Option<JoinHandle<()>>,
    lost: Arc<AtomicU64>,
}

impl LineWriter {
    /// Starts the thread that writes `<folder>/<day>.ndjson` in the folders of tape and decisions.
    ///
    /// # Errors
    /// When a folder can't be made or the thread not started.
    pub fn start(tape: PathBuf, decisions: PathBuf) -> std::io::Result<Self> {
        std::fs::create_dir_all(&tape)?;
        std::fs::create_dir_all(&decisions)?;
        let (queue, lines) = sync_channel(WAITING_MAX);
        let lost = Arc::new(AtomicU64::new(0));
        let (tape, decisions) = (DayFile::new(tape, &lost), DayFile::new(decisions, &lost));
        let work = move || write(&lines, tape, decisions);
        let thread = std::thread::Builder::new().name("tape".to_owned()).spawn(work)?;
        Ok(LineWriter { queue: Some(queue), thread: Some(thread), lost })
    }

    /// Queues a line. Never blocks; a full queue loses the line and counts it.
    pub fn append(&self, log: Log, day: TradingDay, text: String) {
        let taken = self.queue.as_ref().is_some_and(|q| q.try_send(Line { log, day, text }).is_ok());
        if !taken {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Lines lost so far.
    pub fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }
}

impl Drop for LineWriter {
    /// Writes what is queued and ends the thread.
    fn drop(&mut self) {
        self.queue = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Everything that waits goes out in one write, so that a busy day costs few calls and a quiet line leaves at once.
fn write(lines: &Receiver<Line>, mut tape: DayFile, mut decisions: DayFile) {
    while let Ok(first) = lines.recv() {
        let mut next = Some(first);
        while let Some(line) = next {
            let file = match line.log {
                Log::Tape => &mut tape,
                Log::Decisions => &mut decisions,
            };
            if file.takes(line.day) {
                file.add(&line);
            } else {
                tape.flush();
                decisions.flush();
                match line.log {
                    Log::Tape => tape.add(&line),
                    Log::Decisions => decisions.add(&line),
                }
            }
            next = lines.try_recv().ok();
        }
        tape.flush();
        decisions.flush();
    }
}

/// The file of a day, and the lines that are not written yet.
struct DayFile {
    folder: PathBuf,
    day: TradingDay,
    waiting: String,
    count: u64,
    open: Option<(TradingDay, File)>,
    lost: Arc<AtomicU64>,
}

impl DayFile {
    fn new(folder: PathBuf, lost: &Arc<AtomicU64>) -> Self {
        let (day, waiting) = (TradingDay::default(), String::new());
        DayFile { folder, day, waiting, count: 0, open: None, lost: Arc::clone(lost) }
    }

    /// False when lines of another day, or very many, must be written first.
    fn takes(&self, day: TradingDay) -> bool {
        self.count == 0 || (self.day == day && self.waiting.len() < WRITE_MAX)
    }

    fn add(&mut self, line: &Line) {
        self.day = line.day;
        self.waiting.push_str(&line.text);
        self.waiting.push('\n');
        self.count += 1;
    }

    fn flush(&mut self) {
        if self.count == 0 {
            return;
        }
        if self.open.as_ref().is_none_or(|(day, _)| *day != self.day) {
            self.open = file(&self.folder, self.day).ok().map(|f| (self.day, f));
        }
        let written = self.open.as_mut().is_some_and(|(_, f)| f.write_all(self.waiting.as_bytes()).is_ok());
        if !written {
            // A full disk loses tape, never orders: the journal is elsewhere and says so itself.
            self.lost.fetch_add(self.count, Ordering::Relaxed);
        }
        self.waiting.clear();
        self.count = 0;
    }
}

/// Opens a day's file at its end. What a killed run left of a line is closed, so that the next line is whole.
fn file(folder: &Path, day: TradingDay) -> std::io::Result<File> {
    let path = folder.join(format!("{day}.ndjson"));
    let mut file = OpenOptions::new().create(true).append(true).read(true).open(path)?;
    if file.seek(SeekFrom::End(0))? > 0 {
        file.seek(SeekFrom::End(-1))?;
        let mut last = [0u8];
        file.read_exact(&mut last)?;
        if last != *b"\n" {
            file.write_all(b"\n")?;
        }
    }
    Ok(file)
}

/// Folder of the tapes of a stream.
pub fn tape_folder(data_dir: &Path, stream: &str) -> PathBuf {
    data_dir.join("tape").join(stream)
}

/// Folder of the decision logs of a stream.
pub fn decision_folder(data_dir: &Path, stream: &str) -> PathBuf {
    data_dir.join("decisions").join(stream)
}

/// Reads the file of a day.
///
/// # Errors
/// When it can't be read.
pub fn read_day(folder: &Path, day: TradingDay) -> std::io::Result<Vec<u8>> {
    std::fs::read(folder.join(format!("{day}.ndjson")))
}

/// Reads the lines of a day. What a kill left of a line is among them, as text that is no event and no decision.
///
/// # Errors
/// When the file can't be read.
pub fn read_lines(folder: &Path, day: TradingDay) -> std::io::Result<Vec<String>> {
    let bytes = read_day(folder, day)?;
    let lines = bytes.split(|b| *b == b'\n').filter(|line| !line.is_empty());
    Ok(lines.map(|line| String::from_utf8_lossy(line).into_owned()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day() -> TradingDay {
        "2026-11-20".parse().unwrap()
    }

    fn folders(root: &Path) -> (PathBuf, PathBuf) {
        (root.join("tape"), root.join("decisions"))
    }

    #[test]
    fn lines_go_to_the_file_of_their_log_and_day() {
        let root = tempfile::tempdir().unwrap();
        let (tape, decisions) = folders(root.path());
        let writer = LineWriter::start(tape.clone(), decisions.clone()).unwrap();
        let tomorrow = day().plus_days(1);
        writer.append(Log::Tape, day(), "event 1".to_owned());
        writer.append(Log::Decisions, day(), "decision 1".to_owned());
        writer.append(Log::Tape, tomorrow, "event 2".to_owned());
        assert_eq!(writer.lost(), 0);
        drop(writer);
        assert_eq!(read_lines(&tape, day()).unwrap(), ["event 1"]);
        assert_eq!(read_lines(&tape, tomorrow).unwrap(), ["event 2"]);
        assert_eq!(read_lines(&decisions, day()).unwrap(), ["decision 1"]);
    }

    #[test]
    fn a_line_cut_by_a_kill_does_not_spoil_the_next_one() {
        let root = tempfile::tempdir().unwrap();
        let (tape, decisions) = folders(root.path());
        std::fs::create_dir_all(&tape).unwrap();
        // Cut within a letter of three bytes.
        std::fs::write(tape.join(format!("{}.ndjson", day())), b"event 1\n{\"event\":\"\xea\xb0").unwrap();
        let writer = LineWriter::start(tape.clone(), decisions).unwrap();
        writer.append(Log::Tape, day(), "run 2".to_owned());
        drop(writer);
        let lines = read_lines(&tape, day()).unwrap();
        assert_eq!(lines.len(), 3);
        assert_eq!((lines[0].as_str(), lines[2].as_str()), ("event 1", "run 2"));
    }
}
