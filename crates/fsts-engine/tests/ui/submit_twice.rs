//! One proof, one transmission: sending consumes it.

use fsts_engine::{Broker, Intent, Journaled};

fn send(broker: &mut dyn Broker, order: Journaled<Intent>) {
    broker.submit(order);
    broker.submit(order);
}

fn main() {}
