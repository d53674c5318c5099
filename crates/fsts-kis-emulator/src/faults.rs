//! Faults on request: what a test wants to go wrong, call by call.

use std::time::Duration;

use serde::Deserialize;

/// How long a connection whose reply was swallowed is held open when the fault does not say.
const HOLD_MS: u64 = 2_000;

/// A fault as `POST /_emulator/faults` describes it; several keys make several faults.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct FaultOrder {
    /// The call is processed, its reply never sent.
    pub(crate) drop_reply: Option<String>,
    /// The call is not processed, and there is no reply.
    pub(crate) drop_request: Option<String>,
    /// The call is not processed and answered with HTTP 500 and EGW00002.
    pub(crate) http_500: Option<String>,
    /// Real milliseconds by which the reply to `call` is late.
    pub(crate) delay_ms: Option<u64>,
    pub(crate) call: Option<String>,
    /// How often; 1 when left out.
    pub(crate) count: Option<u32>,
    /// Real milliseconds for which a connection without a reply is held open.
    pub(crate) hold_ms: Option<u64>,
    /// Ends all stream sessions.
    pub(crate) close_stream: Option<u32>,
    /// No data frames leave while true.
    pub(crate) mute_stream: Option<bool>,
    /// Voids all tokens.
    pub(crate) revoke_token: Option<bool>,
    /// Forgets the faults that are still waiting.
    pub(crate) clear: Option<bool>,
}

/// What goes wrong with a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Process, then hold the connection and close it.
    DropReply { hold: Duration },
    /// Hold the connection and close it.
    DropRequest { hold: Duration },
    /// Answer with HTTP 500, do nothing.
    Http500,
    /// Process, reply late.
    Delay { by: Duration },
}

/// Faults that wait for their call.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    waiting: Vec<(String, Fault, u32)>,
}

impl Faults {
    /// Adds the faults of calls; the others are the caller's to do.
    pub(crate) fn add(&mut self, order: &FaultOrder) {
        let hold = Duration::from_millis(order.hold_ms.unwrap_or(HOLD_MS));
        let count = order.count.unwrap_or(1);
        let by_call = [
            (&order.drop_reply, Fault::DropReply { hold }),
            (&order.drop_request, Fault::DropRequest { hold }),
            (&order.http_500, Fault::Http500),
        ];
        for (call, fault) in by_call {
            if let Some(call) = call {
                self.waiting.push((call.clone(), fault, count));
            }
        }
        if let (Some(ms), Some(call)) = (order.delay_ms, &order.call) {
            self.waiting.push((call.clone(), Fault::Delay { by: Duration::from_millis(ms) }, count));
        }
    }

    /// The fault that this call meets, if any; it counts down.
    pub(crate) fn take(&mut self, call: &str) -> Option<Fault> {
        let index = self.waiting.iter().position(|(of, _, count)| of == call && *count > 0)?;
        let (_, fault, count) = self.waiting.get_mut(index)?;
        *count -= 1;
        let fault = *fault;
        self.waiting.retain(|(_, _, count)| *count > 0);
        Some(fault)
    }

    pub(crate) fn clear(&mut self) {
        self.waiting.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_strikes_as_often_as_ordered_and_only_its_call() {
        let mut faults = Faults::default();
        let order: FaultOrder = serde_json::from_str(r#"{"drop_reply":"order-cash","count":2,"hold_ms":5}"#).unwrap();
        faults.add(&order);
        let dropped = Some(Fault::DropReply { hold: Duration::from_millis(5) });
        assert_eq!(faults.take("inquire-balance"), None);
        assert_eq!(
            (faults.take("order-cash"), faults.take("order-cash"), faults.take("order-cash")),
            (dropped, dropped, None)
        );
        assert!(
            serde_json::from_str::<FaultOrder>(r#"{"drop_replies":"x"}"#).is_err(),
            "a typo is not a fault-free run"
        );
    }
}
