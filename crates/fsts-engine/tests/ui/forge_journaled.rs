//! Only a commit makes an approved order sendable.

use fsts_engine::{Intent, Journaled, RiskApproved};

fn skip_the_journal(intent: RiskApproved<Intent>) -> Journaled<Intent> {
    Journaled::by_release(intent)
}

fn skip_the_gate_too(intent: Intent) -> Journaled<Intent> {
    Journaled(intent)
}

fn main() {}
