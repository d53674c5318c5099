//! Stream frames to records without allocating: `flag|tr_id|count|cells`, width by `cells / count`, never a fixed one.
//!
//! A frame is taken whole or not at all: every record is read before the first is handed out.

mod book;
mod cipher;
mod notice;
mod trade;

pub use book::{BookRecord, Level, each_book};
pub use cipher::SessionKey;
pub use notice::{NoticeRecord, each_notice};
pub use trade::{MarketClass, TradeRecord, each_trade};

use fsts_domain::{Price, Qty};

/// Why a frame was refused; its content is never part of the message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// Not `flag|tr_id|count|cells`.
    #[error("not a data frame")]
    NotAFrame,
    /// The cells cannot be shared out evenly to the records that the frame claims.
    #[error("{cells} cells do not make {count} records")]
    Uneven {
        /// Cells found.
        cells: usize,
        /// Records claimed.
        count: usize,
    },
    /// Records with fewer cells than were ever seen.
    #[error("a record has {width} cells, at least {min} are needed")]
    TooNarrow {
        /// Cells per record.
        width: usize,
        /// Fewest known.
        min: usize,
    },
    /// A cell that does not hold what it should.
    #[error("cell {cell} of record {record} is not readable")]
    Cell {
        /// Which cell, from 0.
        cell: usize,
        /// Which record, from 0.
        record: usize,
    },
    /// An encrypted frame without a key for it in this session.
    #[error("encrypted, and the session has no key for it")]
    NoKey,
    /// An encrypted frame that its key does not open.
    #[error("cannot be decrypted")]
    Cipher,
    /// A channel that was not asked for.
    #[error("not a channel of ours")]
    UnknownChannel,
}

/// The parts of a data frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Frame<'a> {
    /// True when the cells are Base64 of AES-256-CBC.
    pub encrypted: bool,
    /// The channel.
    pub tr_id: &'a str,
    /// Records claimed, ≥ 1.
    pub count: usize,
    /// The cells.
    pub payload: &'a str,
}

impl<'a> Frame<'a> {
    /// Splits a text frame at its first three `|`.
    ///
    /// # Errors
    /// [`FrameError::NotAFrame`] for anything else.
    pub fn split(text: &'a str) -> Result<Frame<'a>, FrameError> {
        let mut parts = text.splitn(4, '|');
        let (Some(flag), Some(tr_id), Some(count), Some(payload)) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(FrameError::NotAFrame);
        };
        let encrypted = match flag {
            "0" => false,
            "1" => true,
            _ => return Err(FrameError::NotAFrame),
        };
        let well_formed = (1..=4).contains(&count.len()) && count.bytes().all(|b| b.is_ascii_digit());
        let count: usize = count.parse().unwrap_or(0);
        if !well_formed || count == 0 || tr_id.is_empty() {
            return Err(FrameError::NotAFrame);
        }
        Ok(Frame { encrypted, tr_id, count, payload: payload.trim_end_matches(['\r', '\n']) })
    }
}

/// The first `N` cells of each record of a payload.
struct Records<'a, const N: usize> {
    cells: std::slice::Split<'a, u8, fn(&u8) -> bool>,
    width: usize,
    count: usize,
}

impl<'a, const N: usize> Records<'a, N> {
    fn of(payload: &'a str, count: usize, min: usize) -> Result<Self, FrameError> {
        let bytes = payload.as_bytes();
        let cells = 1 + bytes.iter().filter(|b| **b == b'^').count();
        if count == 0 || cells % count != 0 {
            return Err(FrameError::Uneven { cells, count });
        }
        let width = cells / count;
        if width < min {
            return Err(FrameError::TooNarrow { width, min });
        }
        let is_separator: fn(&u8) -> bool = |b| *b == b'^';
        Ok(Records { cells: bytes.split(is_separator), width, count })
    }

    /// Hands every record to `read`, with its number. Cells beyond the record's width are empty.
    fn each<T>(
        mut self,
        mut read: impl FnMut(&Cells<'a, N>) -> Result<T, FrameError>,
        mut take: impl FnMut(T),
    ) -> Result<(), FrameError> {
        for record in 0..self.count {
            let mut cells = [&b""[..]; N];
            let known = self.width.min(N);
            for cell in cells.iter_mut().take(known) {
                *cell = self.cells.next().unwrap_or_default();
            }
            if self.width > known {
                self.cells.nth(self.width - known - 1);
            }
            take(read(&Cells { cells, record })?);
        }
        Ok(())
    }
}

/// Reads all records, and only if all are readable hands them out.
fn all_or_nothing<'a, const N: usize, T>(
    frame: &Frame<'a>,
    min: usize,
    read: impl Fn(&Cells<'a, N>) -> Result<T, FrameError>,
    take: impl FnMut(T),
) -> Result<(), FrameError> {
    if frame.count > 1 {
        Records::<N>::of(frame.payload, frame.count, min)?.each(&read, drop)?;
    }
    Records::<N>::of(frame.payload, frame.count, min)?.each(&read, take)
}

/// The cells of one record.
struct Cells<'a, const N: usize> {
    cells: [&'a [u8]; N],
    record: usize,
}

impl<'a, const N: usize> Cells<'a, N> {
    fn bytes(&self, cell: usize) -> &'a [u8] {
        self.cells.get(cell).copied().unwrap_or_default()
    }

    fn text(&self, cell: usize) -> Result<&'a str, FrameError> {
        std::str::from_utf8(self.bytes(cell)).map_err(|_| self.unreadable(cell))
    }

    fn unreadable(&self, cell: usize) -> FrameError {
        FrameError::Cell { cell, record: self.record }
    }

    /// A whole number ≥ 0 with or without zero padding; an empty cell is 0.
    fn whole(&self, cell: usize) -> Result<i64, FrameError> {
        digits(self.bytes(cell)).ok_or(self.unreadable(cell))
    }

    fn qty(&self, cell: usize) -> Result<Qty, FrameError> {
        Qty::new(self.whole(cell)?).map_err(|_| self.unreadable(cell))
    }

    fn price(&self, cell: usize) -> Result<Price, FrameError> {
        Price::new(self.whole(cell)?).map_err(|_| self.unreadable(cell))
    }

    /// A price where 0 stands for none.
    fn price_or_none(&self, cell: usize) -> Result<Option<Price>, FrameError> {
        match self.whole(cell)? {
            0 => Ok(None),
            won => Price::new(won).map(Some).map_err(|_| self.unreadable(cell)),
        }
    }

    /// HHMMSS as second of the day.
    fn second_of_day(&self, cell: usize) -> Result<i64, FrameError> {
        let text = self.bytes(cell);
        let number = digits(text).filter(|_| text.len() == 6).ok_or(self.unreadable(cell))?;
        let (h, m, s) = (number / 10_000, number / 100 % 100, number % 100);
        if h < 24 && m < 60 && s < 60 { Ok(h * 3600 + m * 60 + s) } else { Err(self.unreadable(cell)) }
    }
}

/// Up to 18 digits as a number; empty is 0.
fn digits(text: &[u8]) -> Option<i64> {
    if text.len() > 18 {
        return None;
    }
    let mut number = 0i64;
    for b in text {
        if !b.is_ascii_digit() {
            return None;
        }
        number = number * 10 + i64::from(b - b'0');
    }
    Some(number)
}
