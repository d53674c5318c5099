//! Log lines: one per event, without secrets, to standard error and to a file a day.
//!
//! Whoever logs waits for nobody: lines go through a bounded queue to a thread of their own, and those that find it full are
//! counted and told of. Each line passes the [`Redactor`] there, whatever wrote it.

mod files;
mod redact;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use secrecy::SecretString;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::exit::Failure;
use crate::messages::settings as say;
use files::DayFiles;
pub use redact::Redactor;

/// Lines that may wait; a burst longer than this loses its rest.
const WAITING_MAX: usize = 8_192;
/// Longest line; what is longer is cut.
const LINE_BYTES_MAX: usize = 16 * 1024;
/// Folder of the files in the data folder.
pub const FOLDER: &str = "logs";

static LOST: AtomicU64 = AtomicU64::new(0);

/// How a line is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object.
    Json,
}

impl LogFormat {
    /// The name in the settings.
    pub const fn name(self) -> &'static str {
        match self {
            LogFormat::Text => "text",
            LogFormat::Json => "json",
        }
    }
}

/// What is logged, and how.
#[derive(Debug, Clone)]
pub struct LogSettings {
    /// Least level, or levels by module, as `tracing` reads them.
    pub level: String,
    /// How a line is written.
    pub format: LogFormat,
    /// Files that stay, one a day; 0 for none.
    pub keep: u32,
}

impl Default for LogSettings {
    fn default() -> Self {
        LogSettings { level: "info".to_owned(), format: LogFormat::Text, keep: 30 }
    }
}

impl LogSettings {
    /// Whether a level can be understood.
    pub fn is_level(text: &str) -> bool {
        // A misspelt level alone would be taken for the name of a module, and nothing be logged.
        let is_word = |part: &str| ["error", "warn", "info", "debug", "trace", "off"].contains(&part.trim());
        text.split(',').all(|part| part.contains('=') || is_word(part)) && EnvFilter::try_new(text).is_ok()
    }
}

/// Where lines go.
#[derive(Debug, Clone)]
pub struct LogPlaces {
    /// Standard error too.
    pub terminal: bool,
    /// The data folder that gets the files.
    pub data_dir: PathBuf,
}

/// The running log. Lines of after its end are lost.
#[derive(Debug)]
pub struct Logging {
    queue: SyncSender<Message>,
    thread: Option<JoinHandle<()>>,
}

enum Message {
    Line(Vec<u8>),
    End,
}

/// Starts logging; the first of a process is its only one.
///
/// # Errors
/// A [`Failure`] for a level that can't be understood, or where no thread can be had.
pub fn start(settings: &LogSettings, places: LogPlaces, hidden: Vec<SecretString>) -> Result<Logging, Failure> {
    let filter = EnvFilter::try_new(&settings.level).map_err(|_| Failure::config(say::log_level()))?;
    let (queue, lines) = sync_channel(WAITING_MAX);
    let sink = Sink {
        redactor: Redactor::new(hidden),
        terminal: places.terminal,
        files: (settings.keep > 0).then(|| DayFiles::new(folder_of(&places.data_dir), settings.keep as usize)),
        format: settings.format,
    };
    let thread = std::thread::Builder::new().name("log".to_owned()).spawn(move || sink.run(&lines));
    let thread = thread.map_err(|e| Failure::failed(crate::messages::system(&e.to_string())))?;
    let layer = tracing_subscriber::fmt::layer().with_ansi(false).with_writer(Queue(queue.clone()));
    let registry = tracing_subscriber::registry().with(filter);
    // A second start in one process keeps the first one's places; only tests of this crate would do that.
    let _first = match settings.format {
        LogFormat::Text => registry.with(layer).try_init(),
        LogFormat::Json => registry.with(layer.json().flatten_event(true)).try_init(),
    };
    Ok(Logging { queue, thread: Some(thread) })
}

/// The folder of the log files.
pub fn folder_of(data_dir: &Path) -> PathBuf {
    data_dir.join(FOLDER)
}

/// Lines that found the queue full since the start.
pub fn lost() -> u64 {
    LOST.load(Ordering::Relaxed)
}

impl Drop for Logging {
    /// Writes what waits.
    fn drop(&mut self) {
        let asked = self.queue.send(Message::End).is_ok();
        if let (Some(thread), true) = (self.thread.take(), asked) {
            // Its panic was reported by its hook.
            let _ = thread.join();
        }
    }
}

/// Takes lines from whoever logs.
struct Queue(SyncSender<Message>);

impl<'a> MakeWriter<'a> for Queue {
    type Writer = QueueWriter<'a>;

    fn make_writer(&'a self) -> QueueWriter<'a> {
        QueueWriter { queue: &self.0, line: Vec::new() }
    }
}

/// One line on its way into the queue.
struct QueueWriter<'a> {
    queue: &'a SyncSender<Message>,
    line: Vec<u8>,
}

impl Write for QueueWriter<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.line.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Drop for QueueWriter<'_> {
    fn drop(&mut self) {
        let line = std::mem::take(&mut self.line);
        if !line.is_empty() && self.queue.try_send(Message::Line(line)).is_err() {
            LOST.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// The thread's own.
struct Sink {
    redactor: Redactor,
    terminal: bool,
    files: Option<DayFiles>,
    format: LogFormat,
}

impl Sink {
    fn run(mut self, lines: &Receiver<Message>) {
        let mut told = 0;
        while let Ok(Message::Line(line)) = lines.recv() {
            self.write(&String::from_utf8_lossy(&line));
            let lost = lost();
            if lost > told {
                told = lost;
                self.write(&lost_line(lost, self.format));
            }
        }
    }

    /// One event is one line, whatever it quotes.
    fn write(&mut self, line: &str) {
        let mut line = single(&self.redactor.clean(line.trim_end_matches('\n')));
        line.push('\n');
        if self.terminal {
            // Nobody is left to tell when standard error is closed.
            let _ = std::io::stderr().lock().write_all(line.as_bytes());
        }
        if let Some(files) = &mut self.files {
            files.append(&line);
        }
    }
}

fn lost_line(lost: u64, format: LogFormat) -> String {
    match format {
        LogFormat::Text => format!("WARN fsts::logging: log lines were lost lost={lost}"),
        LogFormat::Json => {
            serde_json::json!({ "level": "WARN", "message": "log lines were lost", "lost": lost }).to_string()
        }
    }
}

/// The text without line ends and terminal codes, cut to a bound.
fn single(text: &str) -> String {
    let mut out = String::with_capacity(text.len().min(LINE_BYTES_MAX) + 1);
    for c in text.chars() {
        if out.len() >= LINE_BYTES_MAX {
            out.push('…');
            break;
        }
        match c {
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push('\t'),
            c if c.is_control() => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_event_quotes_cannot_begin_a_line_or_move_a_cursor() {
        assert_eq!(single("a\nERROR b\r\u{1b}[31mc"), "a\\nERROR b\\r\u{fffd}[31mc");
        assert_eq!(single(&"x".repeat(LINE_BYTES_MAX * 2)).chars().count(), LINE_BYTES_MAX + 1);
    }

    #[test]
    fn a_level_is_a_word_or_a_list_by_module() {
        for good in ["info", "warn,fsts=debug", "off"] {
            assert!(LogSettings::is_level(good), "{good}");
        }
        for bad in ["", " ", "inof", "fsts=loud", "=="] {
            assert!(!LogSettings::is_level(bad), "{bad}");
        }
    }
}
