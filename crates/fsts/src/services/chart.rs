//! A day of an instrument as a small PNG for chat: candles in Korean colours, volume, the range in figures.
//!
//! Letters are drawn from a table of our own: a picture needs digits and codes only, and no font has to be installed.

mod canvas;
mod glyphs;

use fsts_domain::{NS_PER_S, Symbol, Timestamp};
use fsts_server::Desk;
use fsts_server::views::{BarInterval, BarView};

use canvas::{Canvas, Colour};

const WIDTH: usize = 640;
const HEIGHT: usize = 320;
/// Minutes shown: a regular session has 390.
const BARS_MAX: usize = 390;
const LEFT: usize = 12;
const RIGHT: usize = 84;
const TOP: usize = 28;
const VOLUME_HEIGHT: usize = 52;
const BOTTOM: usize = 22;
/// A young day keeps its candles narrow instead of filling the picture with one.
const SLOTS_MIN: usize = 60;

/// Rise, in Korea, is red.
const UP: Colour = [0xc8, 0x20, 0x2f];
/// Fall is blue.
const DOWN: Colour = [0x1a, 0x5f, 0xd0];
const FLAT: Colour = [0x5b, 0x64, 0x72];
const INK: Colour = [0x1b, 0x1f, 0x24];
const GRID: Colour = [0xe4, 0xe7, 0xeb];

/// The minutes of the last day that a desk knows; `None` before its first bar.
pub async fn of_the_day(desk: &dyn Desk, symbol: Symbol) -> Option<Vec<u8>> {
    let bars = desk.bars(symbol, BarInterval::Minute, BARS_MAX).await.ok()?;
    let day = start(bars.last()?).kst_day();
    let today: Vec<BarView> = bars.into_iter().filter(|bar| start(bar).kst_day() == day).collect();
    png(symbol, &today)
}

fn start(bar: &BarView) -> Timestamp {
    Timestamp::from_ns(bar.t.saturating_mul(NS_PER_S))
}

/// `09:01` in Korean time.
fn clock(bar: &BarView) -> String {
    let second = start(bar).kst_second();
    format!("{:02}:{:02}", second / 3_600, second / 60 % 60)
}

/// Draws bars, oldest first; `None` without any.
pub fn png(symbol: Symbol, bars: &[BarView]) -> Option<Vec<u8>> {
    let (first, last) = (bars.first()?, bars.last()?);
    let high = bars.iter().map(|b| b.h).max()?;
    let low = bars.iter().map(|b| b.l).min()?;
    let scale = Scale { low, span: (high - low).max(1) };
    let mut canvas = Canvas::new(WIDTH, HEIGHT);
    let day = start(first).kst_day();
    let title = format!("{symbol}  {day} {}-{} KST  {}", clock(first), clock(last), grouped(last.c));
    canvas.text((LEFT, 8), &title, INK);
    let change = (last.c - first.o).saturating_mul(10_000) / first.o.max(1);
    let sign = if change < 0 { '-' } else { '+' };
    let change = format!("{sign}{}.{:02}%", change.abs() / 100, change.abs() % 100);
    canvas.text((WIDTH - RIGHT + 8, 8), &change, trend(first.o, last.c));
    for step in 0..=4 {
        let price = low + (high - low) * step / 4;
        let y = scale.y(price);
        canvas.fill((LEFT, y), (WIDTH - RIGHT, y + 1), GRID);
        canvas.text((WIDTH - RIGHT + 8, y.saturating_sub(3)), &grouped(price), FLAT);
    }
    let volume_max = bars.iter().map(|b| b.v).max()?.max(1);
    let slots = bars.len().max(SLOTS_MIN);
    let edge = |n: usize| LEFT + n * (WIDTH - RIGHT - LEFT) / slots;
    for (n, bar) in bars.iter().enumerate() {
        candle(&mut canvas, &scale, bar, (edge(n), edge(n + 1)), volume_max);
    }
    canvas.png()
}

/// Price to pixel.
struct Scale {
    low: i64,
    span: i64,
}

impl Scale {
    fn y(&self, price: i64) -> usize {
        let height = (HEIGHT - TOP - VOLUME_HEIGHT - BOTTOM) as i64;
        let up = (price - self.low) * height / self.span;
        TOP + usize::try_from(height - up).unwrap_or_default()
    }
}

fn candle(canvas: &mut Canvas, scale: &Scale, bar: &BarView, (from, to): (usize, usize), volume_max: i64) {
    let colour = trend(bar.o, bar.c);
    let to = to.saturating_sub(1).max(from + 1);
    let middle = usize::midpoint(from, to - 1);
    canvas.fill((middle, scale.y(bar.h)), (middle + 1, scale.y(bar.l) + 1), colour);
    canvas.fill((from, scale.y(bar.o.max(bar.c))), (to, scale.y(bar.o.min(bar.c)) + 1), colour);
    let base = HEIGHT - BOTTOM / 2;
    // Shares of a bar may be many: the ratio first, in floating point, is exact enough for a pixel.
    let height = (bar.v.max(0) as f64 / volume_max as f64 * (VOLUME_HEIGHT - 6) as f64) as usize;
    canvas.fill((from, base - height.min(VOLUME_HEIGHT)), (to, base), colour);
}

fn trend(from: i64, to: i64) -> Colour {
    match to.cmp(&from) {
        std::cmp::Ordering::Greater => UP,
        std::cmp::Ordering::Less => DOWN,
        std::cmp::Ordering::Equal => FLAT,
    }
}

/// `70600` as `70,600`.
pub fn grouped(won: i64) -> String {
    let digits = won.unsigned_abs().to_string();
    let mut out = String::from(if won < 0 { "-" } else { "" });
    for (n, digit) in digits.chars().enumerate() {
        if n > 0 && (digits.len() - n).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bar(minute: i64, (o, h, l, c): (i64, i64, i64, i64), v: i64) -> BarView {
        BarView { t: 1_793_577_600 + minute * 60, o, h, l, c, v }
    }

    fn pixels(file: &[u8]) -> Vec<u8> {
        let mut reader = png::Decoder::new(std::io::Cursor::new(file)).read_info().unwrap();
        let mut out = vec![0; reader.output_buffer_size().unwrap()];
        reader.next_frame(&mut out).unwrap();
        out
    }

    fn count(pixels: &[u8], colour: Colour) -> usize {
        pixels.chunks_exact(3).filter(|p| *p == colour).count()
    }

    #[test]
    fn rises_are_red_and_falls_are_blue() {
        let symbol: Symbol = "005930".parse().unwrap();
        let up = png(symbol, &[bar(0, (100, 120, 100, 110), 5), bar(1, (110, 130, 110, 130), 9)]).unwrap();
        let down = png(symbol, &[bar(0, (130, 130, 100, 110), 5), bar(1, (110, 110, 90, 95), 9)]).unwrap();
        let (up, down) = (pixels(&up), pixels(&down));
        assert!(count(&up, UP) > 100 && count(&up, DOWN) == 0);
        assert!(count(&down, DOWN) > 100 && count(&down, UP) == 0);
    }

    #[test]
    fn any_bars_make_a_picture_and_none_make_none() {
        let symbol: Symbol = "0Z1010".parse().unwrap();
        assert!(png(symbol, &[]).is_none());
        let flat = bar(0, (1, 1, 1, 1), 0);
        let huge = bar(1, (999_999_999, 999_999_999, 1, 1), i64::MAX);
        for bars in [vec![flat], vec![flat, huge], (0..390).map(|n| bar(n, (5, 9, 1, 4), n)).collect()] {
            let drawn = png(symbol, &bars).unwrap();
            assert_eq!(pixels(&drawn).len(), WIDTH * HEIGHT * 3);
        }
    }
}
