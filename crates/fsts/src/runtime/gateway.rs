//! The engine's broker port over the KIS client: each request is a task, each answer an event in the queue.

use std::sync::Arc;

use fsts_engine::{Broker, CancelIntent, EventKind, Inquiry, Intent, Journaled};
use fsts_kis::{Kis, OrderFilter};
use tokio::runtime::Handle;

use crate::clock::MarketTime;
use crate::runtime::crossing::Lane;
use crate::runtime::fault::{Fault, Place};
use crate::runtime::input::Inputs;

/// Sends orders and questions to the broker.
pub struct Gateway {
    /// Where the tasks run.
    pub tasks: Handle,
    /// The broker.
    pub kis: Kis,
    /// Market time of the answers.
    pub time: MarketTime,
    /// The engine's queue.
    pub inputs: Inputs,
    /// Planned death.
    pub fault: Option<Arc<Fault>>,
    /// Orders of the owner's other accounts.
    pub lane: Lane,
}

impl Broker for Gateway {
    fn submit(&mut self, intent: Journaled<Intent>) {
        let (kis, time, inputs, fault) = (self.kis.clone(), self.time.clone(), self.inputs.clone(), self.fault.clone());
        let id = intent.get().id();
        if let Err(outcome) = self.lane.claim(intent.get()) {
            inputs.event(time.now(), EventKind::Submitted { intent: id, outcome });
            return;
        }
        self.tasks.spawn(async move {
            let outcome = kis.submit(intent).await;
            if let Some(fault) = fault {
                fault.reach(Place::AfterSend);
            }
            inputs.event(time.now(), EventKind::Submitted { intent: id, outcome });
        });
    }

    fn cancel(&mut self, cancel: Journaled<CancelIntent>) {
        let (kis, time, inputs) = (self.kis.clone(), self.time.clone(), self.inputs.clone());
        let intent = cancel.get().intent();
        self.tasks.spawn(async move {
            let outcome = kis.cancel(cancel).await;
            inputs.event(time.now(), EventKind::CancelAnswered { intent, outcome });
        });
    }

    fn inquire(&mut self, inquiry: Inquiry) {
        let (kis, time, inputs) = (self.kis.clone(), self.time.clone(), self.inputs.clone());
        self.tasks.spawn(async move {
            let asked_at = time.now();
            let answer = match inquiry {
                Inquiry::Orders => kis
                    .daily_orders(asked_at.kst_day(), OrderFilter::default())
                    .await
                    .map(|orders| EventKind::Orders { asked_at, orders }),
                Inquiry::Account => kis.balance().await.map(|report| EventKind::Account { asked_at, report }),
            };
            let kind = answer.unwrap_or_else(|e| EventKind::InquiryFailed { inquiry, reason: e.to_string() });
            inputs.event(time.now(), kind);
        });
    }
}
