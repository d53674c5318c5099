//! The rule book: one value that knows every dated rule, and the rules of one day taken out of it.

use std::fmt;

use fsts_domain::{Market, OrderKind, Price, Qty, Rate, Timestamp, TradingDay, Won};
use serde::{Deserialize, Serialize};

use crate::calendar::SessionCalendar;
use crate::dated::{Provenance, day, in_force, provenance};
use crate::fees::FeeSchedule;
use crate::price_limit::{self, LimitPrice, PriceBand, PriceError};
use crate::session::{HOURS, Hours, SessionPart, Shift, hours_on};
use crate::tax::{SaleTax, TAXES};
use crate::tick_size::{self, TickTable};

/// How strictly the exchange's rules are applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Profile {
    /// No grid, no band, always open: for adjusted prices, which lie off the grid.
    Ideal,
    /// The exchange's rules.
    Krx,
}

/// Every rule by day, market and kind. Cheap to clone.
///
/// ```
/// use fsts_domain::{Market, Price, TradingDay};
/// use fsts_krx::{FeeSchedule, RuleBook};
///
/// let day: TradingDay = "2026-11-20".parse()?;
/// let rules = RuleBook::krx(FeeSchedule::KIS_BANKIS).on(day);
/// let band = rules.band(Market::Kospi, Price::new(9_750)?);
/// assert_eq!(rules.tick(Market::Kospi, Price::new(9_750)?), 10);
/// assert!(rules.limit_price(Market::Kospi, Price::new(9_755)?, band).is_err());
/// # Ok::<(), fsts_domain::ParseError>(())
/// ```
#[derive(Clone, Debug)]
pub struct RuleBook {
    profile: Profile,
    fees: FeeSchedule,
    calendar: SessionCalendar,
    /// The bench profile pins ticks and taxes instead of dating them.
    pinned: bool,
}

impl RuleBook {
    /// The exchange's rules and calendar with a broker's commission.
    pub fn krx(fees: FeeSchedule) -> Self {
        RuleBook { profile: Profile::Krx, fees, calendar: SessionCalendar::krx(), pinned: false }
    }

    /// Profile ideal: grid and band checks off, always open; fees and dated taxes stay.
    pub fn ideal(fees: FeeSchedule) -> Self {
        RuleBook { profile: Profile::Ideal, fees, calendar: SessionCalendar::always_open(), pinned: false }
    }

    /// The bench profile: commission 0.015 %, sales tax 0.20 % in one cut, the ticks of 2023, always open.
    pub fn ideal_won() -> Self {
        let fee = Rate::per_billion(150_000);
        RuleBook { pinned: true, ..RuleBook::ideal(FeeSchedule { shares: fee, etp: fee }) }
    }

    /// The same rules on another calendar.
    pub fn with_calendar(self, calendar: SessionCalendar) -> Self {
        RuleBook { calendar, ..self }
    }

    /// How strictly the rules are applied.
    pub fn profile(&self) -> Profile {
        self.profile
    }

    /// Days and hours.
    pub fn calendar(&self) -> &SessionCalendar {
        &self.calendar
    }

    /// The commission rates.
    pub fn fees(&self) -> FeeSchedule {
        self.fees
    }

    /// Where each row of each table comes from, table by table, oldest first.
    pub fn sources() -> impl Iterator<Item = Provenance> {
        let prices = tick_size::sources().chain(price_limit::sources());
        prices.chain(provenance("hours", &HOURS)).chain(provenance("sales tax", &TAXES))
    }

    /// The first day on which every rule table has a row of its own. Earlier days use the tables' first rows, and
    /// reports say so.
    pub fn earliest(&self) -> TradingDay {
        let mut table = "";
        let firsts = RuleBook::sources().filter(|row| std::mem::replace(&mut table, row.table) != row.table);
        firsts.map(|row| row.from).max().unwrap_or_default()
    }

    /// The rules of one day.
    pub fn on(&self, day: TradingDay) -> DayRules {
        let market = |market| self.market_on(market, day);
        DayRules {
            day,
            profile: self.profile,
            hours: match (&self.profile, &self.calendar) {
                (Profile::Ideal, _) | (_, SessionCalendar::AlwaysOpen) => DayHours::AlwaysOpen,
                (Profile::Krx, SessionCalendar::Krx(_)) => match self.calendar.shift(day) {
                    Some(shift) => DayHours::Hours(hours_on(day), shift),
                    None => DayHours::Closed,
                },
            },
            kospi: market(Market::Kospi),
            kosdaq: market(Market::Kosdaq),
            konex: market(Market::Konex),
            etf: market(Market::Etf),
            etn: market(Market::Etn),
            elw: market(Market::Elw),
        }
    }

    /// The part of the day at an instant, as [`DayRules::part_at`] sees it.
    pub fn part_at(&self, at: Timestamp) -> SessionPart {
        match self.profile {
            Profile::Ideal => SessionPart::AlwaysOpen,
            Profile::Krx => self.calendar.part_at(at),
        }
    }

    /// The first instant after `at` at which the part changes; `None` when it never does.
    pub fn next_change(&self, at: Timestamp) -> Option<Timestamp> {
        match self.profile {
            Profile::Ideal => None,
            Profile::Krx => self.calendar.next_change(at),
        }
    }

    fn market_on(&self, market: Market, day: TradingDay) -> MarketRules {
        let tick_day = if self.pinned { TICKS_OF_2023 } else { day };
        let is_share = matches!(market, Market::Kospi | Market::Kosdaq | Market::Konex);
        MarketRules {
            ticks: tick_size::table_on(market, tick_day),
            limit_percent: match self.profile {
                Profile::Ideal => 0,
                Profile::Krx => price_limit::percent_on(market, day),
            },
            commission: self.fees.rate(market),
            tax: match self.pinned {
                true if is_share => SaleTax { transaction: Rate::per_billion(2_000_000), rural: Rate::ZERO },
                true => SaleTax { transaction: Rate::ZERO, rural: Rate::ZERO },
                false => in_force(&TAXES, day).of(market),
            },
        }
    }
}

const TICKS_OF_2023: TradingDay = day(2023, 12, 31);

#[derive(Copy, Clone)]
enum DayHours {
    AlwaysOpen,
    Closed,
    Hours(Hours, Shift),
}

#[derive(Copy, Clone)]
struct MarketRules {
    ticks: &'static TickTable,
    /// 0: no limit.
    limit_percent: i64,
    commission: Rate,
    tax: SaleTax,
}

/// The rules of one day, looked up once and asked often: no heap, no search by date.
#[derive(Copy, Clone)]
pub struct DayRules {
    day: TradingDay,
    profile: Profile,
    hours: DayHours,
    kospi: MarketRules,
    kosdaq: MarketRules,
    konex: MarketRules,
    etf: MarketRules,
    etn: MarketRules,
    elw: MarketRules,
}

impl fmt::Debug for DayRules {
    /// Day and profile; the tables behind them would fill pages.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DayRules").field("day", &self.day).field("profile", &self.profile).finish_non_exhaustive()
    }
}

impl DayRules {
    /// The day these rules are of.
    pub fn day(&self) -> TradingDay {
        self.day
    }

    /// The tick of the price's band, in won.
    #[inline]
    pub fn tick(&self, market: Market, price: Price) -> i64 {
        self.of(market).ticks.tick(price.get())
    }

    /// The nearest grid price at or below; the lowest grid price when there is none.
    #[inline]
    pub fn round_down(&self, market: Market, price: Price) -> Price {
        price_limit::price(self.of(market).ticks.round_down(price.get()))
    }

    /// The nearest grid price at or above.
    #[inline]
    pub fn round_up(&self, market: Market, price: Price) -> Price {
        price_limit::price(self.of(market).ticks.round_up(price.get()))
    }

    /// The day's limits around the base price; `None` where there is no limit (ELW, ideal profile).
    ///
    /// ETF and ETN are taken as unleveraged; see [`DayRules::leveraged_band`].
    #[inline]
    pub fn band(&self, market: Market, base: Price) -> Option<PriceBand> {
        self.leveraged_band(market, base, 1)
    }

    /// The limits of an ETF or ETN that moves `factor` times its index (2 for 2x and -2x): so much wider.
    #[inline]
    pub fn leveraged_band(&self, market: Market, base: Price, factor: u8) -> Option<PriceBand> {
        let rules = self.of(market);
        let percent = rules.limit_percent * i64::from(factor);
        if percent == 0 { None } else { Some(price_limit::band(rules.ticks, base, percent)) }
    }

    /// Proves that a price may stand in an order.
    ///
    /// # Errors
    /// [`PriceError::OffTick`] with both neighbours, [`PriceError::OutOfBand`] with both limits. Never under the
    /// ideal profile.
    #[inline]
    pub fn limit_price(&self, market: Market, price: Price, band: Option<PriceBand>) -> Result<LimitPrice, PriceError> {
        match self.profile {
            Profile::Ideal => Ok(LimitPrice::proven(price)),
            Profile::Krx if !self.of(market).ticks.on_grid(price.get()) => Err(PriceError::OffTick {
                price,
                below: self.round_down(market, price),
                above: self.round_up(market, price),
            }),
            Profile::Krx => match band {
                Some(PriceBand { lower, upper }) if price < lower || price > upper => {
                    Err(PriceError::OutOfBand { price, lower, upper })
                }
                Some(_) | None => Ok(LimitPrice::proven(price)),
            },
        }
    }

    /// The grid price `n` ticks above (`n > 0`) or below (`n < 0`) `price`, held inside the band.
    ///
    /// A price off the grid is first rounded in the direction of movement, for `n = 0` down.
    pub fn ticks_away(&self, market: Market, price: Price, n: i32, band: Option<PriceBand>) -> LimitPrice {
        let ticks = self.of(market).ticks;
        let moved = if n > 0 {
            ticks.up(ticks.round_up(price.get()), i64::from(n))
        } else {
            ticks.down(ticks.round_down(price.get()), -i64::from(n))
        };
        // A band built by hand may have limits off the grid: they are read inwards.
        let held = band
            .map_or(moved, |band| moved.max(ticks.round_up(band.lower.get())).min(ticks.round_down(band.upper.get())));
        LimitPrice::proven(price_limit::price(held))
    }

    /// The commission on a cumulative amount, cut to whole won.
    #[inline]
    pub fn commission(&self, market: Market, amount: Won) -> Won {
        self.of(market).commission.of(amount)
    }

    /// Transaction and rural tax on a cumulative sale amount, each cut to whole won; none for ETF, ETN and ELW.
    #[inline]
    pub fn sell_tax(&self, market: Market, amount: Won) -> Won {
        let tax = self.of(market).tax;
        tax.transaction.of(amount) + tax.rural.of(amount)
    }

    /// The smallest quantity an order may have, of which every quantity is a multiple.
    pub fn lot(&self, market: Market) -> Qty {
        let shares = match (self.profile, market) {
            (Profile::Krx, Market::Elw) => 10,
            (Profile::Ideal, Market::Elw)
            | (_, Market::Kospi | Market::Kosdaq | Market::Konex | Market::Etf | Market::Etn) => 1,
        };
        Qty::new(shares).expect("invariant: a lot is positive")
    }

    /// The part of the KRX day that a second of the Korean day belongs to.
    pub fn part_at(&self, second_of_day: i64) -> SessionPart {
        match self.hours {
            DayHours::AlwaysOpen => SessionPart::AlwaysOpen,
            DayHours::Closed => SessionPart::Closed,
            DayHours::Hours(hours, shift) => hours.part_at(second_of_day, shift),
        }
    }

    /// True when an order of this kind is taken in that part.
    pub fn accepts(&self, part: SessionPart, kind: OrderKind) -> bool {
        part.accepts(kind)
    }

    #[inline]
    fn of(&self, market: Market) -> &MarketRules {
        match market {
            Market::Kospi => &self.kospi,
            Market::Kosdaq => &self.kosdaq,
            Market::Konex => &self.konex,
            Market::Etf => &self.etf,
            Market::Etn => &self.etn,
            Market::Elw => &self.elw,
        }
    }
}
