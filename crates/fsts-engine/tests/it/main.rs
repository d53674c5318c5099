//! The engine as a broker, a journal and a person meet it: events in, records and effects out.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "helpers of tests panic as tests do: that is how they fail"
)]

mod account;
mod adoption;
mod allocation;
mod ambiguous;
mod bots;
mod broker_lies;
mod cancels;
mod daily;
mod days;
mod desk;
mod dice;
mod exchange;
mod external;
mod fills;
mod gate;
mod golden;
mod halt;
mod journal;
mod ledger;
mod order_states;
mod presumption;
mod prints;
mod proofs;
mod protection;
mod random;
mod recovery;
mod sharing;
mod stream;
