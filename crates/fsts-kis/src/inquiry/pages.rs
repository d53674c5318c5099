//! Lists page by page: to the last page, anew when the list moved, or an error.

use std::collections::BTreeSet;

use fsts_engine::{Complete, PageWalk};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::call::Call;
use crate::code::says_list_changed;
use crate::envelope::Envelope;
use crate::error::KisError;
use crate::limiter::Lane;
use crate::rest::{Continuation, Read, Rest, unreadable};
use crate::wire::Text;
use crate::wire::inquiry::{BalanceQuery, DailyOrdersQuery};

/// A list longer than this is taken for a loop: 20,000 orders in the real environment.
const PAGES_MAX: usize = 200;
/// How often a list that moved under the reader is begun anew.
const RESTARTS_MAX: u32 = 3;

impl Rest {
    /// All pages of a list, begun anew when it moved; two rows of one key mean that it did.
    pub(super) async fn all_pages<Q, T, K>(
        &self,
        call: Call,
        first: Q,
        key: impl Fn(&T) -> K,
    ) -> Result<(Complete<T>, Envelope), KisError>
    where
        Q: Paged,
        T: DeserializeOwned,
        K: Ord,
    {
        for _ in 0..=RESTARTS_MAX {
            if let Some((rows, last_page)) = self.walk::<Q, T>(call, first.clone()).await? {
                let mut seen = BTreeSet::new();
                if rows.rows().iter().all(|row| seen.insert(key(row))) {
                    return Ok((rows, last_page));
                }
            }
            tracing::warn!("{}: the list changed while it was read; reading it again", call.name());
        }
        Err(KisError::Retry { call: call.name(), after_ms: 1_000, reason: "the list keeps changing".to_owned() })
    }

    /// One walk through the pages; `None` when the broker says that the list changed since its first page.
    async fn walk<Q: Paged, T: DeserializeOwned>(
        &self,
        call: Call,
        mut query: Q,
    ) -> Result<Option<(Complete<T>, Envelope)>, KisError> {
        let mut walk = PageWalk::new();
        let lost = |what: &str| KisError::Decode { call: call.name(), what: what.to_owned() };
        for page in 0..PAGES_MAX {
            let read = Read { call, lane: Lane::Inquiry, query: &query, next_page: page > 0 };
            let (envelope, continuation) = match self.get(read).await {
                Err(KisError::Refused { message, .. }) if says_list_changed(&message) => return Ok(None),
                other => other?,
            };
            if says_list_changed(&envelope.message) {
                return Ok(None);
            }
            let rows = envelope.rows("output1").map_err(unreadable(call))?;
            if continuation == Continuation::Last {
                return Ok(Some((walk.last(rows), envelope)));
            }
            let keys = [envelope.verbatim("ctx_area_fk100"), envelope.verbatim("ctx_area_nk100")];
            if keys.iter().all(|key| key.trim().is_empty()) || !query.turn(keys) {
                return Err(lost("more pages are announced, but their key does not move on"));
            }
            walk.more(rows);
        }
        Err(lost("the pages do not end"))
    }
}

/// A query that goes from page to page.
pub(super) trait Paged: Serialize + Sync + Clone {
    /// Takes over the continuation keys; false when they are the ones it had.
    fn turn(&mut self, keys: [String; 2]) -> bool;
}

fn turn(fk: &mut Text, nk: &mut Text, [new_fk, new_nk]: [String; 2]) -> bool {
    let moved = fk.0 != new_fk || nk.0 != new_nk;
    (fk.0, nk.0) = (new_fk, new_nk);
    moved
}

impl Paged for DailyOrdersQuery {
    fn turn(&mut self, keys: [String; 2]) -> bool {
        turn(&mut self.ctx_area_fk100, &mut self.ctx_area_nk100, keys)
    }
}

impl Paged for BalanceQuery {
    fn turn(&mut self, keys: [String; 2]) -> bool {
        turn(&mut self.ctx_area_fk100, &mut self.ctx_area_nk100, keys)
    }
}
