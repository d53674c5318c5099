//! The exchange's closures on weekdays, read from a text file that a person can check and extend.

use std::sync::{Arc, LazyLock};

use fsts_domain::TradingDay;

use crate::calendar::ClosedReason;
use crate::dated::day;

const TEXT: &str = include_str!("closures.txt");
/// First and last day that the file covers.
pub(crate) const COVERED: (TradingDay, TradingDay) = (day(2000, 1, 1), day(2027, 12, 31));

static KRX: LazyLock<Arc<Closures>> = LazyLock::new(|| Arc::new(Closures::parse(TEXT)));

/// Weekday closures of the exchange, ascending by day.
#[derive(Debug)]
pub struct Closures {
    days: Vec<(TradingDay, ClosedReason)>,
    verified_until: TradingDay,
}

impl Closures {
    /// The built-in table.
    pub(crate) fn krx() -> Arc<Closures> {
        Arc::clone(&KRX)
    }

    fn parse(text: &str) -> Closures {
        let (mut days, mut verified_until) = (Vec::new(), COVERED.1);
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let mut words = line.split(' ');
            let day = words.next().and_then(|word| word.parse().ok());
            let day: TradingDay = day.expect("invariant: a closure line begins with a date");
            let reason = match words.next() {
                Some("holiday") => ClosedReason::Holiday,
                Some("year_end") => ClosedReason::YearEnd,
                other => panic!("invariant: a closure is holiday or year_end, not {other:?}"),
            };
            if words.next() == Some("unverified") && verified_until == COVERED.1 {
                // The year of the first unverified line is unverified from its first day.
                let (year, _, _) = day.ymd();
                verified_until = TradingDay::from_ymd(year - 1, 12, 31).expect("invariant: December has 31 days");
            }
            days.push((day, reason));
        }
        Closures { days, verified_until }
    }

    /// Why the exchange is closed on this weekday, if it is.
    pub(crate) fn reason(&self, day: TradingDay) -> Option<ClosedReason> {
        let found = self.days.binary_search_by_key(&day, |(closed, _)| *closed).ok()?;
        self.days.get(found).map(|(_, reason)| *reason)
    }

    /// The last day whose closures a published list confirms; later ones are computed from the law.
    pub fn verified_until(&self) -> TradingDay {
        self.verified_until
    }
}
