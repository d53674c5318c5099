//! What a run leaves on disk, so that the next one goes on from there.
//!
//! | file                   | what                                        | written                                     |
//! |------------------------|---------------------------------------------|---------------------------------------------|
//! | `accounts.json`        | accounts, today's orders, tokens            | before a reply or notice of a change leaves |
//! | `orders-YYYYMMDD.json` | orders of an earlier day                    | when the day ends                           |
//! | `clock.json`           | simulated time, and how far it may have run | before time passes the mark                 |
//! | `market.json`          | prices and charts                           | every minute, and at the end                |
//!
//! Each file is replaced whole (written beside, then renamed), so a killed emulator leaves the old or the new one.

use std::fs::{self, File, TryLockError};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use fsts_domain::{Timestamp, TradingDay};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::account::Ledger;
use crate::auth::KeyRing;
use crate::board::QuoteImage;
use crate::config::{EmulatorError, Environment, Session};
use crate::orders::Order;

const ACCOUNTS: &str = "accounts.json";
const CLOCK: &str = "clock.json";
const MARKET: &str = "market.json";
const LOCK: &str = "emulator.lock";

/// An account on disk.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct AccountImage {
    /// Ten digits.
    pub(crate) no: String,
    pub(crate) ledger: Ledger,
}

/// `accounts.json`.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct AccountsImage {
    pub(crate) env: Environment,
    pub(crate) session: Session,
    pub(crate) seed: u64,
    pub(crate) day: TradingDay,
    pub(crate) now: Timestamp,
    pub(crate) made: u64,
    pub(crate) accounts: Vec<AccountImage>,
    pub(crate) orders: Vec<Order>,
    pub(crate) keys: KeyRing,
}

/// `clock.json`.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct ClockImage {
    /// What lies before has happened.
    pub(crate) now: Timestamp,
    /// Time may have run until here; a later start begins here, so that time never goes back.
    pub(crate) mark: Timestamp,
    /// Starts of this data folder so far.
    pub(crate) lives: u64,
}

/// `market.json`.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct MarketImage {
    pub(crate) day: TradingDay,
    pub(crate) quotes: Vec<QuoteImage>,
}

/// All that an earlier run left.
#[derive(Debug)]
pub(crate) struct Kept {
    pub(crate) accounts: AccountsImage,
    pub(crate) past: Vec<Order>,
    pub(crate) clock: ClockImage,
    pub(crate) market: Option<MarketImage>,
}

/// A data folder, locked while this value lives.
#[derive(Debug)]
pub(crate) struct Store {
    dir: PathBuf,
    _lock: File,
}

impl Store {
    /// Opens and locks a folder; `fresh` removes what an earlier run left.
    pub(crate) fn open(dir: &Path, fresh: bool) -> Result<Self, EmulatorError> {
        let wrong = |path: &Path| {
            let path = path.to_owned();
            move |source| EmulatorError::DataDir { path, source }
        };
        fs::create_dir_all(dir).map_err(wrong(dir))?;
        let lock_path = dir.join(LOCK);
        let lock = File::create(&lock_path).map_err(wrong(&lock_path))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(EmulatorError::Locked(dir.to_owned())),
            Err(TryLockError::Error(source)) => return Err(wrong(&lock_path)(source)),
        }
        let store = Store { dir: dir.to_owned(), _lock: lock };
        if fresh {
            store.forget()?;
        }
        Ok(store)
    }

    fn forget(&self) -> Result<(), EmulatorError> {
        let mut files: Vec<PathBuf> = [ACCOUNTS, CLOCK, MARKET].iter().map(|name| self.dir.join(name)).collect();
        files.extend(self.archives()?);
        for path in files.into_iter().filter(|path| path.exists()) {
            fs::remove_file(&path).map_err(|source| EmulatorError::DataDir { path, source })?;
        }
        Ok(())
    }

    /// The order files of earlier days, oldest first.
    fn archives(&self) -> Result<Vec<PathBuf>, EmulatorError> {
        let wrong = |source| EmulatorError::DataDir { path: self.dir.clone(), source };
        let mut paths = Vec::new();
        for entry in fs::read_dir(&self.dir).map_err(wrong)? {
            let entry = entry.map_err(wrong)?;
            let name = entry.file_name();
            let name = name.to_string_lossy();
            if name.starts_with("orders-") && name.ends_with(".json") {
                paths.push(entry.path());
            }
        }
        paths.sort();
        Ok(paths)
    }

    /// What an earlier run left; `None` in an empty folder.
    pub(crate) fn load(&self) -> Result<Option<Kept>, EmulatorError> {
        let Some(accounts) = self.read::<AccountsImage>(ACCOUNTS)? else {
            return Ok(None);
        };
        let mut past = Vec::new();
        for path in self.archives()? {
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            past.extend(self.read::<Vec<Order>>(&name)?.unwrap_or_default());
        }
        // A kill between archiving a day and saving the next leaves its orders in both places.
        past.retain(|order| order.day < accounts.day);
        let clock = self.read::<ClockImage>(CLOCK)?;
        let clock = clock.unwrap_or(ClockImage { now: accounts.now, mark: accounts.now, lives: 0 });
        Ok(Some(Kept { accounts, past, clock, market: self.read(MARKET)? }))
    }

    fn read<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, EmulatorError> {
        let path = self.dir.join(name);
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(source) if source.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(EmulatorError::DataDir { path, source }),
        };
        serde_json::from_slice(&bytes).map(Some).map_err(|fault| EmulatorError::DataDir { path, source: fault.into() })
    }

    fn write<T: Serialize>(&self, name: &str, value: &T, synced: bool) -> Result<(), EmulatorError> {
        let path = self.dir.join(name);
        let beside = self.dir.join(format!("{name}.new"));
        let written = || -> std::io::Result<()> {
            let mut file = private_file(&beside)?;
            file.write_all(&serde_json::to_vec(value)?)?;
            if synced {
                file.sync_all()?;
            }
            fs::rename(&beside, &path)
        };
        written().map_err(|source| EmulatorError::DataDir { path: path.clone(), source })
    }

    pub(crate) fn save_accounts(&self, image: &AccountsImage, synced: bool) -> Result<(), EmulatorError> {
        self.write(ACCOUNTS, image, synced)
    }

    pub(crate) fn save_clock(&self, image: &ClockImage) -> Result<(), EmulatorError> {
        self.write(CLOCK, image, false)
    }

    pub(crate) fn save_market(&self, image: &MarketImage) -> Result<(), EmulatorError> {
        self.write(MARKET, image, false)
    }

    pub(crate) fn archive(&self, day: TradingDay, orders: &[Order]) -> Result<(), EmulatorError> {
        self.write(&format!("orders-{}.json", day.compact()), &orders, true)
    }
}

/// A file that only its owner reads: tokens are in it.
fn private_file(path: &Path) -> std::io::Result<File> {
    let mut options = File::options();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_has_one_emulator_and_a_damaged_file_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path(), false).unwrap();
        assert!(matches!(Store::open(dir.path(), false), Err(EmulatorError::Locked(_))));
        assert!(store.load().unwrap().is_none());
        fs::write(dir.path().join(ACCOUNTS), "{").unwrap();
        let fault = store.load().unwrap_err().to_string();
        assert!(fault.contains(ACCOUNTS), "{fault}");
        drop(store);
        assert!(Store::open(dir.path(), true).unwrap().load().unwrap().is_none());
    }
}
