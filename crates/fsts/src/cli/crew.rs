//! The accounts of one run: started side by side, each with its own engine and alerts, and none in the way of another.

use std::sync::{Arc, OnceLock, Weak};

use fsts_domain::Symbol;
use fsts_engine::{Condition, Entry};
use fsts_server::{Accounts, FailedSeat, StoreArchive};
use fsts_store::{Alert, Channel, Severity, Store};

use super::plan_of::start_failure;
use super::serving::Serving;
use crate::alerts::{AlertSetup, Alerts, Charts, real_clock};
use crate::exit::Failure;
use crate::messages::{Text, run as say};
use crate::runtime::crossing::Crossing;
use crate::runtime::desk::AccountDesk;
use crate::runtime::engine_loop::Witness;
use crate::runtime::{Plan, Prepared, Running, Seat, start};
use crate::services;

/// One running account.
pub struct Member {
    /// For the parts beside its loop.
    pub seat: Seat,
    /// Its alerts.
    pub alerts: Arc<Alerts>,
    running: Running,
}

/// All accounts of a run.
pub struct Crew {
    /// Those that run, in the order of the settings.
    pub members: Vec<Member>,
    failed: Vec<FailedSeat>,
}

/// Facts go to the alerts.
struct AlertWitness(Arc<Alerts>);

impl Witness for AlertWitness {
    fn facts(&self, entries: Arc<[Entry]>) {
        self.0.facts(&entries);
    }
    fn condition(&self, condition: &Condition, seq: u64) {
        self.0.condition(condition, seq);
    }
}

impl Crew {
    /// Recovers all accounts, then starts them.
    ///
    /// # Errors
    /// The first account's [`Failure`] when none can start.
    pub async fn start(plans: Vec<Plan>, store: &Store, serving: &Serving) -> Result<Crew, Failure> {
        let is_one = plans.len() == 1;
        let crossing = Crossing::default();
        let mut crew = Crew { members: Vec::new(), failed: Vec::new() };
        let mut first: Option<Failure> = None;
        let mut prepared: Vec<(Plan, Prepared)> = Vec::new();
        // All books are read before anybody trades: what one account has working stands in the way of the others.
        for plan in plans {
            match start::prepare(plan.clone(), store.clone(), &crossing).await {
                Ok(ready) => prepared.push((plan, ready)),
                Err(error) => {
                    let failure = start_failure(error);
                    crew.note_failed(&plan, &failure);
                    first.get_or_insert(failure);
                }
            }
        }
        for (plan, ready) in prepared {
            match member((plan.clone(), is_one), ready, store, serving).await {
                Ok(member) => crew.members.push(member),
                Err(failure) => {
                    crew.note_failed(&plan, &failure);
                    first.get_or_insert(failure);
                }
            }
        }
        match (crew.members.first(), first) {
            (None, Some(failure)) => return Err(failure),
            (None, None) => return Err(Failure::failed(say::engine_ended())),
            (Some(leader), _) => crew.tell_of_failed(leader, store).await,
        }
        Ok(crew)
    }

    fn note_failed(&mut self, plan: &Plan, failure: &Failure) {
        tracing::error!(account = plan.key, reason = failure.text.en, "an account could not be started");
        let why = (failure.text.ko.clone(), failure.text.en.clone());
        let (key, account) = (plan.key.clone(), plan.account.to_string());
        self.failed.push(FailedSeat { key, account, mode: plan.mode, kis_env: plan.kis_env, why });
    }

    /// An account that stands still can't say so itself: another one's channel does.
    async fn tell_of_failed(&self, teller: &Member, store: &Store) {
        for failed in &self.failed {
            let stream = teller.seat.plan.stream.clone();
            let at = teller.seat.plan.time.now();
            let Text { ko, en } = say::account_failed((&failed.key, &failed.account), (&failed.why.0, &failed.why.1));
            let alert = Alert {
                id: format!("{stream}-account_failed-{}-{}", failed.key, at.ns()),
                stream,
                // No record of the journal states it.
                seq: 0,
                kind: "account_failed".to_owned(),
                severity: Severity::Error,
                message_ko: ko,
                message_en: en,
                at,
                channel: Channel::Alarm,
                symbol: None,
            };
            match store.enqueue_alert(&alert).await {
                Ok(_) => teller.alerts.bell().ring(),
                Err(error) => tracing::warn!(%error, "the alert of an account that failed can't be kept"),
            }
        }
    }

    /// All accounts for the server.
    pub fn offered(&self, first: String, store: &Store) -> Accounts {
        let seat = |m: &Member| fsts_server::Seat {
            key: m.seat.plan.key.clone(),
            desk: m.seat.desk.clone(),
            archive: Arc::new(StoreArchive::new(store.clone(), m.seat.plan.stream.clone())),
        };
        Accounts::several(first, self.members.iter().map(seat).collect(), self.failed.clone())
    }

    /// True when no engine runs any more.
    pub fn has_ended(&self) -> bool {
        self.members.iter().all(|m| m.running.has_ended())
    }

    /// Ends all accounts: what is queued is committed, the leases are given back.
    pub async fn stop(self) {
        for Member { seat, alerts, running } in self.members {
            drop(seat);
            running.stop().await;
            if let Ok(alerts) = Arc::try_unwrap(alerts) {
                alerts.stop().await;
            }
        }
    }
}

async fn member(
    (plan, is_one): (Plan, bool),
    ready: Prepared,
    store: &Store,
    serving: &Serving,
) -> Result<Member, Failure> {
    let desk_slot: DeskSlot = Arc::default();
    let setup = AlertSetup {
        store: store.clone(),
        webhooks: serving.webhooks.clone(),
        charts: Some(charts(Arc::clone(&desk_slot))),
        lang: serving.lang,
        stream: plan.stream.clone(),
        label: (!is_one).then(|| format!("{} {}", plan.key, plan.account)),
        names: names(&plan),
        market_clock: plan.time.clock(),
        real_clock: real_clock(),
    };
    let alerts = Arc::new(Alerts::start(setup).map_err(|e| Failure::config(e.text()))?);
    let witness = Box::new(AlertWitness(Arc::clone(&alerts)));
    let running = start::start(ready, witness).await.map_err(start_failure)?;
    let _first_and_only = desk_slot.set(Arc::downgrade(&running.desk));
    let seat = Seat { plan, desk: Arc::clone(&running.desk), bell: alerts.bell() };
    Ok(Member { seat, alerts, running })
}

/// The desk, once the run has started; the alerts don't keep it.
type DeskSlot = Arc<OnceLock<Weak<AccountDesk>>>;

/// The minutes of an instrument's day so far as a picture.
fn charts(slot: DeskSlot) -> Charts {
    Arc::new(move |symbol| {
        let slot = Arc::clone(&slot);
        Box::pin(async move {
            let desk = slot.get().and_then(Weak::upgrade)?;
            services::chart::of_the_day(desk.as_ref(), symbol).await
        })
    })
}

fn names(plan: &Plan) -> Arc<dyn Fn(Symbol) -> String + Send + Sync> {
    let universe = plan.universe.clone();
    Arc::new(move |symbol| {
        let found = universe.iter().find(|i| i.symbol == symbol);
        found.map_or_else(|| symbol.to_string(), |i| i.name.clone())
    })
}
