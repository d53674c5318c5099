//! What is desired and what is confirmed: one registration under way at a time, each answer awaited.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::env::{Access, Environment};
use crate::stream::Subscription;
use crate::wire::stream::{
    ALREADY_SUBSCRIBED, NOT_SUBSCRIBED, NOTICE_MOCK, NOTICE_REAL, SUBSCRIBED, ServerText, UNSUBSCRIBED,
};

/// One registration: the notices, or something that is desired.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Item {
    Notices,
    Data(Subscription),
}

/// What is to be sent next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Step {
    pub item: Item,
    pub remove: bool,
}

/// What an answer changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Answered {
    /// Not an answer to what is under way.
    Nothing,
    Done(Step),
    Refused {
        step: Step,
        code: String,
    },
}

/// Desired against confirmed.
#[derive(Debug, Default)]
pub(super) struct Registry {
    queue: VecDeque<Step>,
    under_way: Option<Step>,
    confirmed: BTreeSet<Item>,
    refused: BTreeMap<Item, String>,
    reported: bool,
}

impl Registry {
    /// Notices first, then what is desired.
    pub fn new(desired: &[Subscription]) -> Self {
        let mut registry = Registry::default();
        registry.queue.push_back(Step { item: Item::Notices, remove: false });
        registry.desire(desired);
        registry
    }

    /// Plans the way from what is confirmed (or under way) to what is desired; removals first, they make room.
    pub fn desire(&mut self, desired: &[Subscription]) {
        self.queue.retain(|step| step.item == Item::Notices);
        self.refused.clear();
        self.reported = false;
        let under_way = self.under_way;
        let wanted = |item: &Item| match item {
            Item::Notices => true,
            Item::Data(subscription) => desired.contains(subscription),
        };
        let pending = under_way.filter(|step| !step.remove).map(|step| step.item);
        let held = self.confirmed.iter().copied().chain(pending);
        let removals: Vec<Step> = held.filter(|item| !wanted(item)).map(|item| Step { item, remove: true }).collect();
        self.queue.extend(removals);
        let leaving = under_way.filter(|step| step.remove).map(|step| step.item);
        for item in desired.iter().map(|subscription| Item::Data(*subscription)) {
            let is_held = self.confirmed.contains(&item) || pending == Some(item);
            let queued = self.queue.contains(&Step { item, remove: false });
            if (!is_held || leaving == Some(item)) && !queued {
                self.queue.push_back(Step { item, remove: false });
            }
        }
    }

    /// The next registration, when none is under way.
    pub fn next(&mut self) -> Option<Step> {
        if self.under_way.is_none() {
            self.under_way = self.queue.pop_front();
            return self.under_way;
        }
        None
    }

    /// True when something waits to be sent and nothing is under way.
    pub fn is_ready(&self) -> bool {
        self.under_way.is_none() && !self.queue.is_empty()
    }

    /// True while an answer is awaited.
    pub fn awaits_answer(&self) -> bool {
        self.under_way.is_some()
    }

    /// Takes the broker's answer to what is under way.
    pub fn answer(&mut self, access: &Access, text: &ServerText) -> Answered {
        let Some(step) = self.under_way else {
            return Answered::Nothing;
        };
        let (tr_id, tr_key) = names(access, step.item);
        let body = text.body.as_ref();
        let (Some(body), true) = (body, text.header.tr_id.trimmed() == tr_id) else {
            return Answered::Nothing;
        };
        // A refusal may leave the key out; an answer for another key is not ours.
        if !text.header.tr_key.is_empty() && text.header.tr_key.trimmed() != tr_key {
            return Answered::Nothing;
        }
        self.under_way = None;
        match (body.msg_cd.trimmed(), step.remove) {
            (SUBSCRIBED | ALREADY_SUBSCRIBED, false) => {
                self.confirmed.insert(step.item);
                Answered::Done(step)
            }
            (UNSUBSCRIBED | NOT_SUBSCRIBED, true) => {
                self.confirmed.remove(&step.item);
                Answered::Done(step)
            }
            (code, remove) => {
                if !remove {
                    self.refused.insert(step.item, code.to_owned());
                }
                Answered::Refused { step, code: code.to_owned() }
            }
        }
    }

    /// Confirmed count and refusals, once, when everything is answered.
    pub fn settled(&mut self) -> Option<(usize, Vec<(Subscription, String)>)> {
        if self.reported || self.under_way.is_some() || !self.queue.is_empty() {
            return None;
        }
        self.reported = true;
        let refused = self.refused.iter().filter_map(|(item, code)| match item {
            Item::Notices => None,
            Item::Data(subscription) => Some((*subscription, code.clone())),
        });
        Some((self.confirmed.len(), refused.collect()))
    }
}

/// The broker's names of a registration.
pub(super) fn names(access: &Access, item: Item) -> (&'static str, String) {
    match item {
        Item::Notices => (notice_channel(access.environment), access.account.hts_id.clone()),
        Item::Data(subscription) => (subscription.tr_id(), subscription.symbol().as_str().to_owned()),
    }
}

pub(super) const fn notice_channel(environment: Environment) -> &'static str {
    match environment {
        Environment::Real => NOTICE_REAL,
        Environment::Mock => NOTICE_MOCK,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::env::{Account, Endpoints, KeyPair};
    use crate::wire::stream::ServerBody;

    fn access() -> Access {
        Access {
            environment: Environment::Mock,
            endpoints: Endpoints::broker(Environment::Mock),
            keys: KeyPair { app_key: "k".into(), app_secret: "s".into() },
            account: Account { number: "1234567801".parse().unwrap(), hts_id: "someone".to_owned() },
        }
    }

    fn answer(registry: &mut Registry, item: Item, code: &str) -> Answered {
        let access = access();
        let (tr_id, tr_key) = names(&access, item);
        let mut text = ServerText::default();
        text.header.tr_id = tr_id.into();
        text.header.tr_key = tr_key.into();
        text.body = Some(ServerBody { msg_cd: code.into(), ..ServerBody::default() });
        registry.answer(&access, &text)
    }

    fn trades(code: &str) -> Subscription {
        Subscription::Trades(code.parse().unwrap())
    }

    #[test]
    fn notices_come_first_and_nothing_is_up_before_every_answer() {
        let mut registry = Registry::new(&[trades("005930"), trades("000660")]);
        let mut order = Vec::new();
        while let Some(step) = registry.next() {
            assert_eq!(registry.next(), None, "one at a time");
            assert_eq!(registry.settled(), None);
            order.push(step.item);
            let code = if step.item == Item::Data(trades("000660")) { "OPSP0008" } else { SUBSCRIBED };
            answer(&mut registry, step.item, code);
        }
        assert_eq!(order, [Item::Notices, Item::Data(trades("005930")), Item::Data(trades("000660"))]);
        let refused = vec![(trades("000660"), "OPSP0008".to_owned())];
        assert_eq!(registry.settled(), Some((2, refused)));
        assert_eq!(registry.settled(), None, "told once");
    }

    #[test]
    fn a_change_removes_first_and_registers_only_what_is_missing() {
        let mut registry = Registry::new(&[trades("005930")]);
        while let Some(step) = registry.next() {
            answer(&mut registry, step.item, SUBSCRIBED);
        }
        registry.desire(&[trades("005930"), trades("000660")]);
        assert_eq!(registry.next(), Some(Step { item: Item::Data(trades("000660")), remove: false }));
        registry.desire(&[]);
        answer(&mut registry, Item::Data(trades("000660")), SUBSCRIBED);
        for symbol in ["005930", "000660"] {
            let item = Item::Data(trades(symbol));
            assert_eq!(registry.next(), Some(Step { item, remove: true }));
            answer(&mut registry, item, UNSUBSCRIBED);
        }
        assert_eq!(registry.settled(), Some((1, vec![])));
    }

    #[test]
    fn an_answer_for_something_else_is_not_taken() {
        let mut registry = Registry::new(&[]);
        registry.next();
        assert_eq!(answer(&mut registry, Item::Data(trades("005930")), SUBSCRIBED), Answered::Nothing);
        assert!(registry.awaits_answer());
    }
}
