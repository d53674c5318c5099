//! A KIS look-alike on loopback: the same calls, field names, header spelling, limits and errors, over real sockets.
//!
//! Entry points: [`EmulatorConfig`] and [`start`]. The market behind it is a seeded order flow into a matching book, or
//! a replay of bars; its clock is the system's, a faster one, or one that moves only when told to.
//!
//! - `calls` is the list of what can be asked; `trading`, `inquiry`, `quotes`, `charts`, `holidays` answer
//! - `auth` and `limits` are the gateway, `streams` and `frames` the WebSocket's side
//! - `exchange` is the one state; `schedule` is the order of time; `market` makes prints and fills
//! - `control` is `/_emulator/*`: clock, steps, faults and the truth to compare with
//!
//! Everything happens under one lock and in one order, so that a stepped run repeats itself exactly. What changes is
//! on disk before any reply or frame tells of it.

mod account;
mod auth;
mod board;
mod calls;
mod charts;
mod clock;
mod commit;
mod config;
mod control;
mod emulator;
mod exchange;
mod faults;
mod frames;
mod holidays;
mod http;
mod hub;
mod inquiry;
mod limits;
mod market;
mod mint;
mod orders;
mod persist;
mod quotes;
mod replies;
mod schedule;
mod server;
mod startup;
mod stream;
mod streams;
mod symbols;
mod text;
mod trading;
mod truth;

pub use config::{
    ClockMode, EmuAccount, EmuSymbol, EmulatorConfig, EmulatorError, Environment, FeeRounding, MarketSource,
    RecordWidth, ReplayBar, Session,
};
pub use emulator::{Emulator, start};
pub use market::history::demo_history;
pub use symbols::demo_symbols;
pub use truth::{AccountTruth, OrderTruth};
