//! A broker takes nothing that skipped the risk gate.

use fsts_engine::{Broker, Intent};

fn send(broker: &mut dyn Broker, order: Intent) {
    broker.submit(order);
}

fn main() {}
