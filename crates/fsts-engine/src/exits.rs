//! Stop-loss and take-profit: where a position's protective levels lie, and when they are reached.

use fsts_domain::{Market, Position, Price, Rate, Won};
use fsts_krx::DayRules;

use crate::intent::Bracket;
use crate::strategy::Protection;

const BILLION: i128 = 1_000_000_000;

/// The levels of a position: the stop is rounded down to the tick, the target up, so that neither acts early.
pub(crate) fn levels(protection: &Protection, held: Position, market: Market, rules: &DayRules) -> Bracket {
    let level = |numerator: i128, up: bool| -> Option<Price> {
        let denominator = i128::from(held.qty.get()) * BILLION;
        if denominator == 0 {
            return None;
        }
        let scaled = i128::from(held.cost.get()) * numerator;
        let won = if up { (scaled + denominator - 1) / denominator } else { scaled / denominator };
        let price = Price::new(i64::try_from(won).ok()?).ok()?;
        Some(if up { rules.round_up(market, price) } else { rules.round_down(market, price) })
    };
    Bracket {
        stop: protection.stop.and_then(|r: Rate| level(BILLION - i128::from(r.get()), false)),
        target: protection.target.and_then(|r: Rate| level(BILLION + i128::from(r.get()), true)),
    }
}

/// Which level a price reaches; the stop first.
pub(crate) fn reached(levels: &Bracket, price: Price) -> Option<&'static str> {
    if levels.stop.is_some_and(|stop| price <= stop) {
        Some("stop_loss")
    } else if levels.target.is_some_and(|target| price >= target) {
        Some("take_profit")
    } else {
        None
    }
}

/// Follows the highest close of a position, and answers whether this close lies far enough below it. A level that nothing is
/// followed for costs nothing.
pub(crate) fn trails(protection: &Protection, held: Position, close: Price, peak: &mut Option<Price>) -> bool {
    let Some(rate) = protection.trail else { return false };
    if held.qty.is_zero() {
        *peak = None;
        return false;
    }
    let highest = peak.map_or(close, |before| before.max(close));
    *peak = Some(highest);
    let (rate, shares) = (i128::from(rate.get()), i128::from(held.qty.get()));
    let gained = i128::from(highest.get()) * shares * BILLION >= i128::from(held.cost.get()) * (BILLION + rate);
    gained && i128::from(close.get()) * BILLION <= i128::from(highest.get()) * (BILLION - rate)
}

/// True when a position may have reached a level; cheaper than computing the levels on every bar.
pub(crate) fn may_be_reached(protection: &Protection, held: Position, price: Price) -> bool {
    let value = i128::from((price * held.qty).get()) * BILLION;
    let cost = i128::from(Won::get(held.cost));
    protection.stop.is_some_and(|r| value <= cost * (BILLION - i128::from(r.get())))
        || protection.target.is_some_and(|r| value >= cost * (BILLION + i128::from(r.get())))
}
