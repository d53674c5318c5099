//! The bars that simulations are folded over, and which symbols a wish means.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use fsts_domain::{NS_PER_S, Symbol, Timestamp, TradingDay};
use fsts_krx::Instrument;
use fsts_lake::{DataSet, Interval, LoadError, LoadOptions, PriceKind, Row};
use fsts_server::simulations::{FailedSymbolView, IntervalWord, PriceKindWord, SimulationError, SimulationWish};
use fsts_server::views::QuoteView;
use tokio::runtime::Handle;

use super::wide::{Span, widened};
use super::{BarsFrom, Listings};
use crate::services::lake;

/// The set that means every symbol of the data.
const ALL: &str = "all";
/// Sets whose names are shown when one is not known.
const SETS_SHOWN: usize = 20;
/// The regular close, at which daily bars are stamped.
const CLOSE_S: i64 = 15 * 3600 + 30 * 60;
/// A core is left to what trades.
const THREADS: usize = 1;

type Quotes = Arc<dyn Fn(Symbol) -> Option<QuoteView> + Send + Sync>;

/// A source of bars with the names that go with it.
#[derive(Clone)]
pub struct Bars {
    pub(super) from: BarsFrom,
    sets: BTreeMap<String, Vec<Symbol>>,
    pub(super) names: BTreeMap<Symbol, String>,
    pub(super) quotes: Option<Quotes>,
    pub(super) listed: Listings,
    /// Readers are on threads of their own; the lake answers on these.
    tasks: Option<Handle>,
}

/// What a wish means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    /// Every symbol of the data.
    All,
    /// These, in code order.
    Some(Vec<Symbol>),
}

impl Bars {
    /// Bars of a source, and sets of symbols.
    pub fn new(from: BarsFrom, sets: BTreeMap<String, Vec<Symbol>>) -> Bars {
        Bars {
            from,
            sets,
            names: BTreeMap::new(),
            quotes: None,
            listed: Listings::default(),
            tasks: Handle::try_current().ok(),
        }
    }

    /// With names for instruments whose files have none.
    pub fn named(self, names: BTreeMap<Symbol, String>) -> Bars {
        Bars { names, ..self }
    }

    /// With what a symbol master says, for price changes.
    pub fn listed(self, listed: Listings) -> Bars {
        Bars { listed, ..self }
    }

    /// With the prices of now, for price changes.
    pub fn with_quotes(self, quotes: Quotes) -> Bars {
        Bars { quotes: Some(quotes), ..self }
    }

    /// The symbols that codes and names of sets mean.
    ///
    /// # Errors
    /// [`SimulationError::Refused`] for a word that is neither.
    pub fn wanted(&self, words: &[String]) -> Result<Wanted, SimulationError> {
        let mut symbols = BTreeSet::new();
        let mut all = false;
        for word in words {
            match (word.as_str(), self.sets.get(word), word.parse()) {
                (ALL, _, _) => all = true,
                (_, Some(set), _) => symbols.extend(set.iter().copied()),
                (_, None, Ok(symbol)) => drop(symbols.insert(symbol)),
                (_, None, Err(_)) => {
                    let known: Vec<&str> =
                        std::iter::once(ALL).chain(self.sets.keys().map(String::as_str)).take(SETS_SHOWN).collect();
                    let values = vec![("name", word.clone()), ("known", known.join(", "))];
                    return Err(SimulationError::Refused { code: "unknown_symbol_set", values });
                }
            }
        }
        Ok(if all { Wanted::All } else { Wanted::Some(symbols.into_iter().collect()) })
    }

    /// True when somebody named files, so that nothing in them is an error.
    pub(super) fn has_files(&self) -> bool {
        matches!(self.from, BarsFrom::Files(_))
    }

    /// True when there is a source with anything in it.
    pub async fn is_set_up(&self) -> bool {
        match &self.from {
            BarsFrom::Nowhere => false,
            BarsFrom::Files(_) | BarsFrom::Generated { .. } => true,
            // A lake that can't be read says so when it is.
            BarsFrom::Lake(door) => door.has(&lake::Wanted::default()).await.unwrap_or(true),
        }
    }

    /// The bars of a wish, and the symbols that have none.
    ///
    /// # Errors
    /// [`LoadError`] when nothing can be folded.
    pub fn load(&self, wish: &SimulationWish, wanted: &Wanted) -> Result<(DataSet, Vec<FailedSymbolView>), LoadError> {
        let asked = match wanted {
            Wanted::All => None,
            Wanted::Some(symbols) => Some(symbols.clone()),
        };
        let price_kind = wish.price_kind.map(|kind| match kind {
            PriceKindWord::Traded => PriceKind::Traded,
            PriceKindWord::Adjusted => PriceKind::Adjusted,
        });
        let options = LoadOptions {
            symbols: asked,
            from: wish.from,
            to: wish.to,
            price_kind,
            threads: THREADS,
            ..LoadOptions::default()
        };
        let interval = wish.interval.map(|interval| match interval {
            // Weeks and months are made of days.
            IntervalWord::Day | IntervalWord::Week | IntervalWord::Month => Interval::Day,
            IntervalWord::Minute => Interval::Minute,
        });
        let mut data = self.some_of(&options, interval)?;
        for instrument in &mut data.symbols {
            // Files without a name column call an instrument by its code.
            if let Some(name) = self.names.get(&instrument.symbol)
                && (instrument.name.is_empty() || instrument.name == instrument.symbol.as_str())
            {
                instrument.name.clone_from(name);
            }
        }
        let has_bars = |symbol: &Symbol| data.symbols.binary_search_by_key(symbol, |i| i.symbol).is_ok();
        let missing = options.symbols.iter().flatten().filter(|symbol| !has_bars(symbol));
        let failed = missing.map(|s| FailedSymbolView { symbol: s.to_string(), reason: "no_bars".to_owned() });
        let failed = failed.collect();
        let data = match wish.interval {
            Some(IntervalWord::Week) => widened(data, Span::Week),
            Some(IntervalWord::Month) => widened(data, Span::Month),
            Some(IntervalWord::Day | IntervalWord::Minute) | None => data,
        };
        Ok((data, failed))
    }

    /// The bars of the options, without the symbols that the source doesn't know. To be called off the runtime's threads.
    pub(super) fn some_of(&self, options: &LoadOptions, interval: Option<Interval>) -> Result<DataSet, LoadError> {
        match self.load_from(options, interval) {
            Err(LoadError::UnknownSymbols { symbols, path }) => {
                let asked = options.symbols.iter().flatten().copied();
                let known: Vec<Symbol> = asked.filter(|symbol| !symbols.contains(symbol)).collect();
                if known.is_empty() {
                    return Err(LoadError::UnknownSymbols { symbols, path });
                }
                self.load_from(&LoadOptions { symbols: Some(known), ..options.clone() }, interval)
            }
            loaded => loaded,
        }
    }

    fn load_from(&self, options: &LoadOptions, interval: Option<Interval>) -> Result<DataSet, LoadError> {
        match &self.from {
            BarsFrom::Nowhere => Err(LoadError::NoFiles { path: String::new() }),
            BarsFrom::Generated { seed, before } => Ok(generated(*seed, *before, options)),
            BarsFrom::Files(path) => fsts_lake::load(path, options),
            BarsFrom::Lake(door) => {
                let Some(tasks) = &self.tasks else { return Err(LoadError::NoFiles { path: door.to_string() }) };
                let LoadOptions { symbols, from, to, price_kind, .. } = options.clone();
                let wanted = lake::Wanted { symbols, from, to, price_kind, interval };
                tasks.block_on(door.read(&wanted)).map_err(lake::as_load_error)
            }
        }
    }
}

/// The demo's companies on the days before its first: the same bars as on its daily charts.
fn generated(seed: u64, before: TradingDay, options: &LoadOptions) -> DataSet {
    let wanted = |symbol: Symbol| options.symbols.as_ref().is_none_or(|list| list.contains(&symbol));
    let in_period =
        |day: TradingDay| options.from.is_none_or(|from| day >= from) && options.to.is_none_or(|to| day <= to);
    let mut history = fsts_kis_emulator::demo_history(seed, before);
    history.retain(|(company, days)| wanted(company.symbol) && days.iter().any(|(day, _)| in_period(*day)));
    history.sort_by_key(|(company, _)| company.symbol);
    let mut rows = Vec::new();
    for (symbol, (_, days)) in (0u32..).zip(&history) {
        let days = days.iter().filter(|(day, _)| in_period(*day));
        rows.extend(days.map(|(day, bar)| Row { at: Timestamp::from_kst(*day, CLOSE_S).ns(), symbol, bar: *bar }));
    }
    let instrument = |(company, _): (fsts_kis_emulator::EmuSymbol, Vec<_>)| Instrument {
        symbol: company.symbol,
        name: company.name,
        market: company.market,
    };
    let symbols = history.into_iter().map(instrument).collect();
    DataSet::from_rows(symbols, rows, Interval::Day, PriceKind::Traded)
}

/// Trading days of a data set.
pub fn days_of(data: &DataSet) -> u32 {
    let day = |at: i64| (at + 9 * 3600 * NS_PER_S).div_euclid(86_400 * NS_PER_S);
    let changes = data.rows.chunk_by(|a, b| day(a.at) == day(b.at)).count();
    u32::try_from(changes).unwrap_or(u32::MAX)
}
