//! A log file a day, of which the newest stay.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::PathBuf;

use fsts_domain::TradingDay;

use crate::clock::real_now;

/// A day's file takes no more than this; a program that says more says it to standard error alone.
const DAY_BYTES_MAX: u64 = 256 * 1024 * 1024;
const ENDING: &str = "log";

/// The files of a folder: `2026-11-20.log`, by the day in Korea.
#[derive(Debug)]
pub struct DayFiles {
    folder: PathBuf,
    keep: usize,
    open: Option<(TradingDay, File, u64)>,
}

impl DayFiles {
    /// Files in `folder`, of which `keep` stay. Nothing is written yet.
    pub fn new(folder: PathBuf, keep: usize) -> DayFiles {
        DayFiles { folder, keep, open: None }
    }

    /// Writes a line with its end. A disk that is full or gone loses it: nobody stops trading for a log.
    pub fn append(&mut self, line: &str) {
        self.append_on(real_now().kst_day(), line);
    }

    fn append_on(&mut self, day: TradingDay, line: &str) {
        if self.open.as_ref().is_none_or(|(of, _, _)| *of != day) {
            self.open = self.begin(day).ok();
        }
        let Some((_, file, bytes)) = &mut self.open else { return };
        if *bytes + line.len() as u64 <= DAY_BYTES_MAX && file.write_all(line.as_bytes()).is_ok() {
            *bytes += line.len() as u64;
        }
    }

    /// Opens a day's file, and lets go of the oldest ones.
    fn begin(&self, day: TradingDay) -> std::io::Result<(TradingDay, File, u64)> {
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&self.folder)?;
        let path = self.folder.join(format!("{day}.{ENDING}"));
        let file = OpenOptions::new().create(true).append(true).mode(0o600).open(path)?;
        let bytes = file.metadata()?.len();
        self.retain();
        Ok((day, file, bytes))
    }

    fn retain(&self) {
        let Ok(entries) = std::fs::read_dir(&self.folder) else { return };
        let is_ours = |path: &PathBuf| {
            let stem = path.file_stem().and_then(|s| s.to_str()).and_then(|s| s.parse::<TradingDay>().ok());
            stem.is_some() && path.extension().is_some_and(|e| e == ENDING)
        };
        let mut files: Vec<PathBuf> = entries.filter_map(Result::ok).map(|e| e.path()).filter(is_ours).collect();
        files.sort();
        for old in files.iter().take(files.len().saturating_sub(self.keep)) {
            // What can't be removed today is tried again tomorrow.
            let _ = std::fs::remove_file(old);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_day_has_a_file_and_the_oldest_go() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("notes.log"), "not ours").unwrap();
        let mut files = DayFiles::new(folder.path().to_path_buf(), 2);
        let days: Vec<TradingDay> = (0..4).map(|n| TradingDay::from_epoch_days(20_777 + n)).collect();
        for day in &days {
            files.append_on(*day, "one\n");
            files.append_on(*day, "two\n");
        }
        // A restart on the same day goes on in its file.
        DayFiles::new(folder.path().to_path_buf(), 2).append_on(days[3], "three\n");
        let mut left: Vec<String> =
            std::fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        left.sort();
        assert_eq!(left, [format!("{}.log", days[2]), format!("{}.log", days[3]), "notes.log".to_owned()]);
        let text = std::fs::read_to_string(folder.path().join(&left[1])).unwrap();
        assert_eq!(text, "one\ntwo\nthree\n");
    }
}
