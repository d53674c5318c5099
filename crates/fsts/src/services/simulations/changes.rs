//! Last closes against those of the day before: from the prices of now where a symbol is watched, from bars otherwise.

use std::collections::BTreeMap;

use fsts_domain::{Price, Symbol, TradingDay};
use fsts_lake::{LoadError, LoadOptions};
use fsts_server::simulations::PriceChangeView;

use super::bars::{Bars, Wanted};

/// Days of bars that are looked at: a long holiday lies between two of them.
const LOOK_BACK: i32 = 31;

/// Changes of symbols in code order; symbols without two days are left out.
///
/// # Errors
/// [`LoadError`] when there are bars that can't be read.
pub fn of(bars: &Bars, wanted: &Wanted) -> Result<Vec<PriceChangeView>, LoadError> {
    let quoted = |symbol: &Symbol| {
        let quote = bars.quotes.as_ref()?(*symbol)?;
        let day = quote.at_ns.timestamp().kst_day();
        Some(change((*symbol, quote.name), day, (quote.last, quote.prev_close?)))
    };
    let asked = match wanted {
        Wanted::All => bars.names.keys().copied().collect(),
        Wanted::Some(symbols) => symbols.clone(),
    };
    let mut changes: BTreeMap<Symbol, PriceChangeView> =
        asked.iter().filter_map(|symbol| Some((*symbol, quoted(symbol)?))).collect();
    let rest: Option<Vec<Symbol>> = match wanted {
        Wanted::All => None,
        Wanted::Some(symbols) => Some(symbols.iter().copied().filter(|s| !changes.contains_key(s)).collect()),
    };
    let needed = rest.as_ref().is_none_or(|symbols| !symbols.is_empty());
    if needed {
        for row in stored(bars, rest)? {
            changes.entry(row.symbol).or_insert(row);
        }
    }
    for row in changes.values_mut() {
        if let Some(listed) = bars.listed.get(&row.symbol) {
            row.market = listed.market.map(|m| m.to_owned()).or(row.market.take());
            row.industry.clone_from(&listed.industry);
            row.themes.clone_from(&listed.themes);
        }
    }
    Ok(changes.into_values().collect())
}

fn change((symbol, name): (Symbol, String), day: TradingDay, (close, before): (Price, Price)) -> PriceChangeView {
    let (close, prev_close) = (close.get(), before.get());
    let change_pct = (close - prev_close) as f64 / prev_close as f64 * 100.0;
    let (market, industry, themes) = (None, None, Vec::new());
    PriceChangeView { symbol, name, day, close, prev_close, change_pct, market, industry, themes }
}

fn stored(bars: &Bars, symbols: Option<Vec<Symbol>>) -> Result<Vec<PriceChangeView>, LoadError> {
    let options = LoadOptions { symbols, threads: 1, ..LoadOptions::default() };
    let data = match bars.some_of(&options, None) {
        Ok(data) => data,
        // Nothing is known of any of them, which is an answer; so is a source without any bars.
        Err(LoadError::UnknownSymbols { .. }) => return Ok(Vec::new()),
        Err(LoadError::NoFiles { .. } | LoadError::Empty { .. }) if !bars.has_files() => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let Some((_, last_day)) = data.span() else { return Ok(Vec::new()) };
    let since = last_day.plus_days(-LOOK_BACK);
    let mut closes: BTreeMap<u32, (Option<Price>, TradingDay, Price)> = BTreeMap::new();
    for row in data.rows.iter().filter(|row| row.day() >= since) {
        let day = row.day();
        let seen = closes.entry(row.symbol).or_insert((None, day, row.bar.close));
        *seen = if seen.1 == day { (seen.0, day, row.bar.close) } else { (Some(seen.2), day, row.bar.close) };
    }
    let row = |(symbol, (before, day, close)): (u32, (Option<Price>, TradingDay, Price))| {
        let instrument = data.symbols.get(symbol as usize)?;
        let name = bars.names.get(&instrument.symbol).unwrap_or(&instrument.name).clone();
        Some(change((instrument.symbol, name), day, (close, before?)))
    };
    Ok(closes.into_iter().filter_map(row).collect())
}
