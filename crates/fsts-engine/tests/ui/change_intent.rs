//! What was approved stays as it was.

use fsts_domain::Qty;
use fsts_engine::{Intent, Journaled};

fn twice(order: &mut Journaled<Intent>) {
    order.get().qty = Qty::new(2).unwrap();
}

fn main() {}
