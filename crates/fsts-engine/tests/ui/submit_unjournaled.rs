//! A broker takes nothing that is not durable.

use fsts_engine::{Broker, Intent, RiskApproved};

fn send(broker: &mut dyn Broker, order: RiskApproved<Intent>) {
    broker.submit(order);
}

fn main() {}
