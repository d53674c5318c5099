//! One number that tells two books apart.

use crate::book::{Book, Line};

impl Book {
    /// Digest of what the account owns and has working; equal books give equal digests in backtest, paper and live.
    pub fn digest(&self) -> blake3::Hash {
        let mut hasher = blake3::Hasher::new();
        let mut put = |value: i64| {
            hasher.update(&value.to_le_bytes());
        };
        put(self.cash.get());
        let mut held: Vec<&Line> = self.lines.iter().filter(|l| !l.total.qty.is_zero()).collect();
        held.sort_by_key(|l| l.symbol);
        for line in held {
            line.symbol.as_str().bytes().for_each(|b| put(i64::from(b)));
            put(line.total.qty.get());
            put(line.total.cost.get());
        }
        for order in self.open.iter().filter(|o| !o.open_qty().is_zero()) {
            put(order.id.0 as i64);
            put(order.qty.get());
            put(order.filled_qty.get());
            put(order.filled_amount.get());
        }
        hasher.finalize()
    }
}
