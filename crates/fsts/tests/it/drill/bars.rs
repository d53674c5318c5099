//! Minute bars that make a crossing strategy trade almost every minute, from a seed.

use fsts_domain::{Bar, Price, Timestamp};
use fsts_kis_emulator::{EmuSymbol, MarketSource, ReplayBar};

use crate::drill::day;

/// 09:00 in Korea.
pub const OPEN_S: i64 = 9 * 3600;
/// A tick of 100 won is on the grid of every price up to 200,000 won.
const TICK: i64 = 100;

/// `minutes` bars of each symbol: closes swing up and down by a few ticks, each print carries `shares`.
pub fn swinging(symbols: &[EmuSymbol], minutes: i64, shares: i64, seed: u64) -> MarketSource {
    let mut dice = Dice(seed);
    let mut bars = Vec::new();
    for (index, symbol) in symbols.iter().enumerate() {
        let base = symbol.base.get() / TICK * TICK;
        let mut close = base;
        for minute in 0..minutes {
            let open = close;
            // Back to the base from afar, so that price limits are never near.
            let drift = (base - open).signum() * i64::from((base - open).abs() > base / 20);
            close = open + (drift * 3 + dice.below(7) - 3) * TICK;
            let (high, low) = (open.max(close) + TICK, open.min(close) - TICK);
            bars.push(ReplayBar {
                at_ns: Timestamp::from_kst(day(), OPEN_S + minute * 60).ns(),
                symbol: index,
                bar: Bar {
                    open: price(open),
                    high: price(high),
                    low: price(low),
                    close: price(close),
                    volume: shares * 4,
                },
            });
        }
    }
    MarketSource::Replay(bars)
}

/// Minute bars that open at the close before and go straight to theirs; one list of closes a symbol.
pub fn closing_at(closes: &[&[i64]]) -> MarketSource {
    let mut bars = Vec::new();
    for (index, closes) in closes.iter().enumerate() {
        let mut open = closes[0];
        for (minute, close) in (0..).zip(closes.iter().copied()) {
            bars.push(ReplayBar {
                at_ns: Timestamp::from_kst(day(), OPEN_S + minute * 60).ns(),
                symbol: index,
                bar: Bar {
                    open: price(open),
                    high: price(open.max(close)),
                    low: price(open.min(close)),
                    close: price(close),
                    volume: 4_000,
                },
            });
            open = close;
        }
    }
    MarketSource::Replay(bars)
}

fn price(won: i64) -> Price {
    Price::new(won).unwrap()
}

/// SplitMix64: the same numbers for the same seed.
pub struct Dice(pub u64);

impl Dice {
    /// A number from 0 to `n` − 1.
    pub fn below(&mut self, n: u64) -> i64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) % n) as i64
    }
}
