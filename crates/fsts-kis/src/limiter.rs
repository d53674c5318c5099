//! The call budget of one app key: a sliding second over market time, orders first, the inquiry lane never starved.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use fsts_domain::{NS_PER_S, Timestamp};
use tokio::sync::Notify;

use crate::clock::MarketClock;

/// The broker counts arrivals, we count departures: a little more than a second keeps its second below the limit too.
const WINDOW_NS: i64 = NS_PER_S + 50_000_000;
/// After so many orders in a row a waiting inquiry goes next: without it nobody learns what became of the orders.
const ORDERS_IN_A_ROW: u32 = 3;

/// What a call is for; it decides who goes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lane {
    /// Orders and cancels.
    Order,
    /// Broker truth: daily orders, balance, buying power.
    Inquiry,
    /// Quotes, bars, login.
    Read,
}

/// A sliding-window limiter that all tasks of one app key share.
pub struct Limiter {
    capacity: usize,
    clock: Arc<dyn MarketClock>,
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Default)]
struct State {
    granted: VecDeque<Timestamp>,
    waiting: [VecDeque<u64>; 3],
    next_ticket: u64,
    orders_in_a_row: u32,
}

impl Limiter {
    /// A limiter for `per_second` calls; 0 switches it off.
    pub fn new(per_second: u32, clock: Arc<dyn MarketClock>) -> Self {
        Limiter { capacity: per_second as usize, clock, state: Mutex::default(), changed: Notify::new() }
    }

    /// Waits for a place in the budget. Dropping the future gives the place in the queue back.
    pub async fn acquire(&self, lane: Lane) {
        if self.capacity == 0 {
            return;
        }
        let ticket = Ticket { limiter: self, lane, number: self.enter(lane) };
        loop {
            // Registered before the look, so that a grant between look and wait is not missed.
            let changed = self.changed.notified();
            match self.look(lane, ticket.number) {
                Look::Granted => return,
                Look::RoomAt(at) => {
                    tokio::select! {
                        () = self.clock.wait_until(at) => {}
                        () = changed => {}
                    }
                }
                Look::NotNext => changed.await,
            }
        }
    }

    fn enter(&self, lane: Lane) -> u64 {
        let mut state = self.lock();
        let number = state.next_ticket;
        state.next_ticket += 1;
        state.queue(lane).push_back(number);
        drop(state);
        // The head of a lower lane has to see that it is no longer next.
        self.changed.notify_waiters();
        number
    }

    fn look(&self, lane: Lane, number: u64) -> Look {
        let now = self.clock.now();
        let mut state = self.lock();
        state.forget_before(now);
        if state.next() != Some((lane, number)) {
            return Look::NotNext;
        }
        if let Some(oldest) = state.granted.front().copied().filter(|_| state.granted.len() >= self.capacity) {
            return Look::RoomAt(oldest.plus_ns(WINDOW_NS));
        }
        state.granted.push_back(now);
        state.queue(lane).pop_front();
        state.orders_in_a_row = if lane == Lane::Order { state.orders_in_a_row + 1 } else { 0 };
        drop(state);
        self.changed.notify_waiters();
        Look::Granted
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

enum Look {
    Granted,
    RoomAt(Timestamp),
    NotNext,
}

impl State {
    fn queue(&mut self, lane: Lane) -> &mut VecDeque<u64> {
        let [orders, inquiries, reads] = &mut self.waiting;
        match lane {
            Lane::Order => orders,
            Lane::Inquiry => inquiries,
            Lane::Read => reads,
        }
    }

    fn next(&self) -> Option<(Lane, u64)> {
        let [orders, inquiries, reads] = &self.waiting;
        let head = |queue: &VecDeque<u64>, lane| queue.front().map(|number| (lane, *number));
        let order = head(orders, Lane::Order);
        let inquiry = head(inquiries, Lane::Inquiry);
        let first_two = if self.orders_in_a_row >= ORDERS_IN_A_ROW { inquiry.or(order) } else { order.or(inquiry) };
        first_two.or_else(|| head(reads, Lane::Read))
    }

    fn forget_before(&mut self, now: Timestamp) {
        // After the clock was set back a grant lies in the future; counted from now it still ends within a window.
        for granted in self.granted.iter_mut().filter(|granted| **granted > now) {
            *granted = now;
        }
        while self.granted.front().is_some_and(|oldest| now.since(*oldest) >= WINDOW_NS) {
            self.granted.pop_front();
        }
    }
}

struct Ticket<'a> {
    limiter: &'a Limiter,
    lane: Lane,
    number: u64,
}

impl Drop for Ticket<'_> {
    fn drop(&mut self) {
        let mut state = self.limiter.lock();
        let before = state.queue(self.lane).len();
        state.queue(self.lane).retain(|number| *number != self.number);
        let left = before != state.queue(self.lane).len();
        drop(state);
        if left {
            self.limiter.changed.notify_waiters();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SteppedClock;
    use futures_util::FutureExt;
    use std::pin::pin;

    fn limiter(per_second: u32) -> (Limiter, SteppedClock) {
        let clock = SteppedClock::new(Timestamp::from_ns(0));
        (Limiter::new(per_second, Arc::new(clock.clone())), clock)
    }

    fn is_granted(limiter: &Limiter, lane: Lane) -> bool {
        limiter.acquire(lane).now_or_never().is_some()
    }

    #[test]
    fn no_second_ever_holds_more_than_the_limit() {
        let (limiter, clock) = limiter(18);
        let mut grants = Vec::new();
        for at_ms in (0..10_000).step_by(7) {
            let now = Timestamp::from_ns(at_ms * 1_000_000);
            clock.set(now);
            while is_granted(&limiter, Lane::Read) {
                grants.push(now);
            }
        }
        assert!(grants.len() > 150, "{}", grants.len());
        for pair in grants.windows(19) {
            assert!(pair[18].since(pair[0]) >= NS_PER_S);
        }
    }

    #[tokio::test]
    async fn orders_go_first_but_never_starve_the_inquiry() {
        let (limiter, clock) = limiter(1);
        let limiter = Arc::new(limiter);
        limiter.acquire(Lane::Read).await;
        let (done, mut order_of) = tokio::sync::mpsc::unbounded_channel();
        for lane in [Lane::Read, Lane::Inquiry, Lane::Order, Lane::Order, Lane::Order, Lane::Order, Lane::Order] {
            let (limiter, done) = (Arc::clone(&limiter), done.clone());
            tokio::spawn(async move {
                limiter.acquire(lane).await;
                done.send(lane).unwrap();
            });
        }
        let mut seen = Vec::new();
        for second in 1..=7 {
            while limiter.lock().waiting.iter().map(VecDeque::len).sum::<usize>() != 8 - second {
                tokio::task::yield_now().await;
            }
            clock.set(Timestamp::from_ns(second as i64 * 2 * NS_PER_S));
            seen.push(order_of.recv().await.unwrap());
        }
        use Lane::{Inquiry, Order, Read};
        assert_eq!(seen, [Order, Order, Order, Inquiry, Order, Order, Read]);
    }

    #[test]
    fn giving_up_leaves_the_queue() {
        let (limiter, clock) = limiter(1);
        assert!(is_granted(&limiter, Lane::Order));
        {
            let mut waiting = pin!(limiter.acquire(Lane::Order));
            assert!(waiting.as_mut().now_or_never().is_none());
        }
        clock.set(Timestamp::from_ns(2 * NS_PER_S));
        assert!(is_granted(&limiter, Lane::Read));
    }

    #[test]
    fn a_clock_that_is_set_back_does_not_block_for_longer_than_a_window() {
        let (limiter, clock) = limiter(1);
        clock.set(Timestamp::from_ns(3600 * NS_PER_S));
        assert!(is_granted(&limiter, Lane::Read));
        clock.set(Timestamp::from_ns(0));
        assert!(!is_granted(&limiter, Lane::Read));
        clock.set(Timestamp::from_ns(2 * NS_PER_S));
        assert!(is_granted(&limiter, Lane::Read));
    }

    #[test]
    fn a_limit_of_zero_is_no_limit() {
        let (limiter, _clock) = limiter(0);
        assert!((0..1000).all(|_| is_granted(&limiter, Lane::Read)));
    }
}
