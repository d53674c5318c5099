//! Orders and cancels: one proof, one transmission, and an outcome that says what is proven.
//!
//! | seen                                                                  | outcome     |
//! |-----------------------------------------------------------------------|-------------|
//! | no token, no place in the call budget, no connection                  | `Refused`, code `not_sent` |
//! | success code and an order number                                      | `Acked`     |
//! | refusal whose code is on the list of proven refusals                  | `Refused`   |
//! | anything else: other codes, no number, time-out, cut or foreign body  | `Ambiguous` |

use std::time::Duration;

use fsts_domain::{OrderKind, OrderNumber, Qty, Side, Symbol, Timestamp};
use fsts_engine::{Branch, CancelIntent, CancelOutcome, Intent, Journaled, SubmitOutcome};
use reqwest::{Client, Method};
use serde::Serialize;

use crate::call::Call;
use crate::clock::MarketClock;
use crate::code::{Reaction, proves_not_placed, reaction, refuses_cancel};
use crate::envelope::{Envelope, NoEnvelope};
use crate::http::{Unanswered, exchange};
use crate::inquiry::second_of_day;
use crate::limiter::Lane;
use crate::rest::Rest;
use crate::tally;
use crate::token::AccessToken;
use crate::wire::Text;
use crate::wire::order::{CANCEL, CashOrder, KRX, LIMIT, MARKET, NORMAL_SELL, OrderAnswer, ReviseOrCancel};

/// Code of an order that never left this machine.
pub const NOT_SENT: &str = "not_sent";

/// How long an order may wait for a token and a place in the budget: later it is another order than was decided.
const START_TIMEOUT: Duration = Duration::from_secs(5);

/// What an order says, before it is written in the broker's words.
struct OrderFields {
    symbol: Symbol,
    side: Side,
    qty: Qty,
    kind: OrderKind,
}

/// What a cancel names.
struct CancelFields {
    number: OrderNumber,
    branch: Branch,
    kind: OrderKind,
}

/// The sender of orders: a connection of its own for each.
pub(crate) struct OrderDesk {
    pub client: Client,
    pub answer_timeout: Duration,
}

/// What one transmission showed.
enum Sent {
    Nothing(String),
    Unknown(String),
    Answer(Envelope),
}

impl OrderDesk {
    /// Transmits an order, once.
    pub async fn submit(&self, rest: &Rest, clock: &dyn MarketClock, proof: Journaled<Intent>) -> SubmitOutcome {
        let intent = proof.get();
        if intent.bracket().is_some() {
            let message = "the broker has no bracket orders".to_owned();
            return SubmitOutcome::Refused { code: NOT_SENT.to_owned(), message };
        }
        let order =
            OrderFields { symbol: intent.symbol(), side: intent.side(), qty: intent.qty(), kind: intent.kind() };
        self.place(rest, clock, order).await
    }

    /// Transmits a cancel, once.
    pub async fn cancel(&self, rest: &Rest, proof: Journaled<CancelIntent>) -> CancelOutcome {
        let cancel = proof.get();
        let fields = CancelFields { number: cancel.number(), branch: cancel.branch(), kind: cancel.kind() };
        self.withdraw(rest, fields).await
    }

    async fn place(&self, rest: &Rest, clock: &dyn MarketClock, order: OrderFields) -> SubmitOutcome {
        let account = &rest.access.account.number;
        let (ord_dvsn, ord_unpr) = kind_and_price(order.kind);
        let (call, sll_type) = match order.side {
            Side::Buy => (Call::Buy, ""),
            Side::Sell => (Call::Sell, NORMAL_SELL),
        };
        let body = CashOrder {
            cano: account.number().into(),
            acnt_prdt_cd: account.product().into(),
            pdno: order.symbol.as_str().into(),
            ord_dvsn: ord_dvsn.into(),
            ord_qty: order.qty.to_string().into(),
            ord_unpr: ord_unpr.into(),
            cndt_pric: Text::default(),
            sll_type: sll_type.into(),
            excg_id_dvsn_cd: KRX.into(),
        };
        match self.transmit(rest, call, &body).await {
            Sent::Nothing(message) => SubmitOutcome::Refused { code: NOT_SENT.to_owned(), message },
            Sent::Unknown(reason) => SubmitOutcome::Ambiguous { reason },
            Sent::Answer(answer) => placed(rest, clock.now(), &answer),
        }
    }

    async fn withdraw(&self, rest: &Rest, cancel: CancelFields) -> CancelOutcome {
        let account = &rest.access.account.number;
        let body = ReviseOrCancel {
            cano: account.number().into(),
            acnt_prdt_cd: account.product().into(),
            krx_fwdg_ord_orgno: cancel.branch.as_str().into(),
            orgn_odno: cancel.number.to_string().into(),
            ord_dvsn: kind_and_price(cancel.kind).0.into(),
            rvse_cncl_dvsn_cd: CANCEL.into(),
            ord_qty: "0".into(),
            ord_unpr: "0".into(),
            qty_all_ord_yn: "Y".into(),
            excg_id_dvsn_cd: KRX.into(),
        };
        match self.transmit(rest, Call::Cancel, &body).await {
            Sent::Nothing(message) => CancelOutcome::Refused { code: NOT_SENT.to_owned(), message },
            Sent::Unknown(reason) => CancelOutcome::Unknown { reason },
            Sent::Answer(answer) if answer.ok => CancelOutcome::Accepted,
            Sent::Answer(Envelope { code, message, .. }) => {
                if refuses_cancel(&code, rest.access.environment) {
                    CancelOutcome::Refused { code, message }
                } else {
                    CancelOutcome::Unknown { reason: format!("{code} {message}") }
                }
            }
        }
    }

    /// Sends `body` once. Everything before the first byte may fail harmlessly; nothing after it is repeated.
    async fn transmit<B: Serialize>(&self, rest: &Rest, call: Call, body: &B) -> Sent {
        let started = tokio::time::timeout(START_TIMEOUT, async {
            let token = rest.tokens.token().await?;
            rest.limiter.acquire(Lane::Order).await;
            Ok::<AccessToken, crate::KisError>(token)
        });
        let token = match started.await {
            Ok(Ok(token)) => token,
            Ok(Err(error)) => return Sent::Nothing(error.to_string()),
            Err(_elapsed) => return Sent::Nothing("no token or no place in the call budget in time".to_owned()),
        };
        let mut request = match rest.request(Method::POST, call, &token) {
            Ok(request) => request,
            Err(error) => return Sent::Nothing(error.to_string()),
        };
        match serde_json::to_vec(body) {
            Ok(bytes) => *request.body_mut() = Some(bytes.into()),
            Err(_) => return Sent::Nothing("the order could not be written".to_owned()),
        }
        let answer = match exchange(&self.client, request, self.answer_timeout).await {
            Ok(answer) => answer,
            Err(Unanswered::NotSent(reason)) => return Sent::Nothing(reason.to_owned()),
            Err(Unanswered::Unknown(reason)) => {
                tally::note(call, None);
                return Sent::Unknown(reason.to_owned());
            }
        };
        let parsed = Envelope::parse(&answer.body);
        tally::note(call, parsed.as_ref().ok().map(|e| (e.ok, e.code.as_str())));
        match parsed {
            Ok(envelope) => {
                if !envelope.ok && reaction(&envelope.code) == Reaction::Reauthenticate {
                    rest.tokens.invalidate(&token);
                }
                Sent::Answer(envelope)
            }
            Err(NoEnvelope(what)) => Sent::Unknown(format!("{what} (HTTP {})", answer.status)),
        }
    }
}

/// What a well-formed answer proves about an order.
fn placed(rest: &Rest, now: Timestamp, answer: &Envelope) -> SubmitOutcome {
    let output: OrderAnswer = answer.one("output").unwrap_or_default();
    let number = output.odno.trimmed().parse::<OrderNumber>().ok().filter(|number| number.value() > 0);
    match (answer.ok, number) {
        (true, Some(number)) => SubmitOutcome::Acked {
            number,
            branch: Branch::from(output.krx_fwdg_ord_orgno.trimmed()),
            at: second_of_day(&output.ord_tmd)
                .map_or(now, |second_of_day| Timestamp::from_kst(now.kst_day(), second_of_day)),
        },
        (true, None) => SubmitOutcome::Ambiguous { reason: "success without an order number".to_owned() },
        // A refusal that names an order contradicts itself and proves nothing.
        (false, _) if names_no_order(&output) && proves_not_placed(&answer.code, rest.access.environment) => {
            SubmitOutcome::Refused { code: answer.code.clone(), message: answer.message.clone() }
        }
        (false, _) => SubmitOutcome::Ambiguous { reason: format!("{} {}", answer.code, answer.message) },
    }
}

fn names_no_order(output: &OrderAnswer) -> bool {
    output.odno.trimmed().bytes().all(|b| b == b'0')
}

fn kind_and_price(kind: OrderKind) -> (&'static str, String) {
    match kind {
        OrderKind::Limit(price) => (LIMIT, price.to_string()),
        OrderKind::Market => (MARKET, "0".to_owned()),
    }
}
