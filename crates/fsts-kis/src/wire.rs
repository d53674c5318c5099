//! The broker's words: field names and record layouts, each with its Korean label. Nothing outside `wire` knows them.
//!
//! All values are text on the wire. Unknown fields are ignored, absent ones read as empty.

pub mod inquiry;
pub mod login;
pub mod order;
pub mod quote;
pub mod stream;
mod text;

pub use text::{Text, Unreadable};
