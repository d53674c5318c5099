//! After every change: first to disk, then to the sockets.

use std::time::Duration;

use fsts_domain::Timestamp;

use crate::config::{ClockMode, EmulatorError};
use crate::exchange::Exchange;
use crate::persist::{AccountImage, AccountsImage, ClockImage, MarketImage};

/// Real time that simulated time may run on without its mark being renewed.
const MARK_AHEAD: Duration = Duration::from_secs(2);
const MARKET_SPACING_S: i64 = 60;

impl Exchange {
    /// Saves what changed and lets the queued frames go.
    pub(crate) fn commit(&mut self) {
        self.release_notices();
        let dirty = self.take_accounts_dirty();
        if let Err(fault) = self.save_changes(dirty) {
            // The market goes on: a full disk costs the resume, not the run.
            tracing::error!(%fault, "emulator state is not saved");
        }
        self.streams.release();
    }

    fn save_changes(&mut self, accounts: bool) -> Result<(), EmulatorError> {
        if self.store.is_none() {
            return Ok(());
        }
        if accounts {
            self.save_accounts(false)?;
        }
        if self.now > self.mark {
            let ahead = match self.clock.mode() {
                ClockMode::Stepped => 0,
                ClockMode::Real | ClockMode::Accelerated { .. } => self.clock.market_ns(MARK_AHEAD),
            };
            self.save_clock(self.now.plus_ns(ahead))?;
        }
        if self.now >= self.market_saved.plus_s(MARKET_SPACING_S) {
            self.save_market()?;
        }
        Ok(())
    }

    /// Saves everything at the end of a run.
    pub(crate) fn save_all(&mut self) -> Result<(), EmulatorError> {
        self.save_accounts(true)?;
        self.save_clock(self.now)?;
        self.save_market()
    }

    /// Puts the finished day's orders into a file of their own.
    pub(crate) fn archive_day(&mut self) {
        let Some(store) = &self.store else { return };
        if let Err(fault) = store.archive(self.day, self.orders.today()) {
            tracing::error!(%fault, "the day's orders are not archived");
        }
    }

    fn save_accounts(&self, synced: bool) -> Result<(), EmulatorError> {
        let Some(store) = &self.store else { return Ok(()) };
        let accounts = self
            .accounts
            .iter()
            .map(|account| AccountImage { no: account.no.reveal().to_owned(), ledger: account.ledger.clone() });
        let image = AccountsImage {
            env: self.config.env,
            session: self.config.session,
            seed: self.config.seed,
            day: self.day,
            now: self.now,
            made: self.orders.made(),
            accounts: accounts.collect(),
            orders: self.orders.today().to_vec(),
            keys: self.keys.clone(),
        };
        store.save_accounts(&image, synced)
    }

    fn save_clock(&mut self, mark: Timestamp) -> Result<(), EmulatorError> {
        let Some(store) = &self.store else { return Ok(()) };
        self.mark = mark;
        store.save_clock(&ClockImage { now: self.now, mark, lives: self.lives })
    }

    fn save_market(&mut self) -> Result<(), EmulatorError> {
        let Some(store) = &self.store else { return Ok(()) };
        self.market_saved = self.now;
        let quotes = self.board.all().iter().map(|quote| quote.image()).collect();
        store.save_market(&MarketImage { day: self.day, quotes })
    }
}
