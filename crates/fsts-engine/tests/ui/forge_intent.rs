//! An intent can't be written down: only the rebalancer and a parsed command make one.

use fsts_domain::{BotId, IntentId, OrderKind, Qty, Side};
use fsts_engine::{Intent, Purpose};

fn main() {
    let _ = Intent {
        id: IntentId(1),
        bot: BotId::MANUAL,
        symbol: "005930".parse().unwrap(),
        side: Side::Buy,
        qty: Qty::new(1).unwrap(),
        kind: OrderKind::Market,
        bracket: None,
        purpose: Purpose::Operator,
    };
}
