//! What can be traded: code, name and market section.

use fsts_domain::{Market, Symbol};
use serde::{Deserialize, Serialize};

/// One line of a symbol master. The kind comes from the master file, never from the code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Instrument {
    /// Short code.
    pub symbol: Symbol,
    /// Name as the exchange writes it.
    pub name: String,
    /// Market section and kind.
    pub market: Market,
}
