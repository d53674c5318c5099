//! Small made-up markets as CSV: on the tick grid, inside their limits, on weekdays of 2024.

use std::fmt::Write;

/// One line of a file.
#[derive(Debug, Clone)]
pub struct Row {
    pub code: &'static str,
    pub day: String,
    pub open: i64,
    pub high: i64,
    pub low: i64,
    pub close: i64,
    pub volume: i64,
}

/// The lines of a file.
pub fn csv(rows: &[Row]) -> String {
    let mut text = "code,date,open,high,low,close,volume\n".to_owned();
    for Row { code, day, open, high, low, close, volume } in rows {
        writeln!(text, "{code},{day},{open},{high},{low},{close},{volume}").unwrap();
    }
    text
}

/// Three symbols on 230 weekdays, a seeded walk in steps of 100 won between 20,000 and 50,000.
pub fn bars() -> Vec<Row> {
    let mut rows = Vec::new();
    for (seed, code) in ["000660", "005930", "035420"].into_iter().enumerate() {
        let mut state = seed as u64 + 1;
        let mut draw = |below: u64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            ((state >> 33) % below) as i64
        };
        let mut last = 30_000;
        for n in 0..230 {
            let open = (last + (draw(11) - 5) * 100).clamp(20_000, 49_900);
            let close = (open + (draw(21) - 10) * 100).clamp(20_000, 49_900);
            let (high, low) = (open.max(close) + draw(3) * 100, open.min(close) - draw(3) * 100);
            rows.push(Row { code, day: weekday(n), open, high, low, close, volume: 1_000 + draw(9_000) });
            last = close;
        }
    }
    rows
}

/// The `n`th weekday of 2024.
fn weekday(n: usize) -> String {
    let first: fsts_domain::TradingDay = "2024-01-01".parse().unwrap();
    first.plus_days((n / 5 * 7 + n % 5) as i32).to_string()
}

/// Days from Monday 2024-03-04 on.
fn day(n: usize) -> String {
    let first: fsts_domain::TradingDay = "2024-03-04".parse().unwrap();
    first.plus_days((n / 5 * 7 + n % 5) as i32).to_string()
}

/// Days that open where they close and move 50 won around it.
pub fn steady(code: &'static str, closes: &[i64]) -> Vec<Row> {
    let bars: Vec<[i64; 4]> = closes.iter().map(|c| [*c, c + 50, c - 50, *c]).collect();
    rows_from(code, 0, &bars)
}

/// Days of (open, high, low, close) from the `first`th on.
pub fn rows_from(code: &'static str, first: usize, bars: &[[i64; 4]]) -> Vec<Row> {
    let row = |(n, [open, high, low, close]): (usize, &[i64; 4])| Row {
        code,
        day: day(first + n),
        open: *open,
        high: *high,
        low: *low,
        close: *close,
        volume: 1_000,
    };
    bars.iter().enumerate().map(row).collect()
}
