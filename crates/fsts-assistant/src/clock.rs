//! The only place that asks the machine for the time: deadlines of real peers are real time.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// Now, for deadlines and durations.
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// UTC seconds since 1970; `None` for a clock before that.
pub(crate) fn epoch_s() -> Option<i64> {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).ok()?;
    i64::try_from(since.as_secs()).ok()
}
