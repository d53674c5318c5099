//! Only the risk gate approves.

use fsts_engine::{Intent, RiskApproved};

fn approve(intent: Intent) -> RiskApproved<Intent> {
    RiskApproved(intent)
}

fn approve_as_the_gate_does(intent: Intent) -> RiskApproved<Intent> {
    RiskApproved::by_risk_gate(intent)
}

fn approve_by_conversion(intent: Intent) -> RiskApproved<Intent> {
    intent.into()
}

fn main() {}
