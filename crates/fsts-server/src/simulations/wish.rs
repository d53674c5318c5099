//! What a client wants simulated, and whether it can be meant.

use std::collections::BTreeMap;

use fsts_domain::TradingDay;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::views::SimulationKind;
use crate::input::Body;
use crate::messages::grouped;
use crate::problem::Problem;

/// Cash at the start when none is named.
const CASH_DEFAULT: i64 = 10_000_000;
/// Most cash: sums of amounts stay far inside `i64`.
const CASH_MAX: i64 = 1_000_000_000_000;
/// Most codes and set names of a wish.
const SYMBOLS_MAX: usize = 4_000;
/// Longest word of a wish.
const WORD_MAX: usize = 64;
/// Most parameters.
const PARAMS_MAX: usize = 64;
/// Widest stop-loss and take-profit, per cent.
const STOP_MAX: f64 = 99.0;
const TARGET_MAX: f64 = 10_000.0;

const FIELDS: [&str; 15] = [
    "kind",
    "strategy",
    "params",
    "symbols",
    "from",
    "to",
    "cash",
    "size",
    "style",
    "rules",
    "price_kind",
    "interval",
    "stop_loss",
    "take_profit",
    "add_to_holding",
];

/// A simulation as a client asks for it.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct SimulationRequest {
    /// One symbol, or several that share the cash.
    pub kind: SimulationKind,
    /// Id of the strategy.
    #[schema(example = "rsi_reversion")]
    pub strategy: String,
    /// Its parameters; missing ones take their defaults.
    pub params: Option<BTreeMap<String, f64>>,
    /// Codes and names of sets; `all` is every symbol of the data. Exactly one code for `single`.
    #[schema(example = json!(["005930"]))]
    pub symbols: Vec<String>,
    /// First day; the data's first unless told.
    #[schema(example = "2023-01-01")]
    pub from: Option<String>,
    /// Last day; the data's last unless told.
    pub to: Option<String>,
    /// Won at the start; 10,000,000 unless told.
    #[schema(minimum = 1, maximum = 1_000_000_000_000_i64)]
    pub cash: Option<i64>,
    /// Size of an entry: `won:1000000`, `equity:5` (per cent of all assets), `equity:5:500000` (but at least so many won) or
    /// `shares:10`; `equity:5` unless told.
    pub size: Option<String>,
    /// Orders: `market` or `limit:TICKS`.
    pub style: Option<String>,
    /// Exchange rules; `krx` for traded prices and `ideal` for adjusted ones unless told.
    pub rules: Option<RulesWord>,
    /// What the prices are, where the files don't say.
    pub price_kind: Option<PriceKindWord>,
    /// Length of the bars: weeks and months are made of daily bars; `day` and `minute` are refused when the data have other ones.
    pub interval: Option<IntervalWord>,
    /// Stop-loss; the strategy's own unless told.
    pub stop_loss: Option<LevelWish>,
    /// Take-profit; the strategy's own unless told.
    pub take_profit: Option<LevelWish>,
    /// Buy more of what is held at a further buy signal, when the close is farther from the mean cost than `ratio`; never unless
    /// told.
    pub add_to_holding: Option<LevelWish>,
}

/// Which rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RulesWord {
    /// Neither grid nor limits.
    Ideal,
    /// The exchange's.
    Krx,
}

/// Which prices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PriceKindWord {
    /// As they were traded.
    Traded,
    /// Adjusted for later splits.
    Adjusted,
}

/// Length of a bar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum IntervalWord {
    /// A day.
    Day,
    /// A minute.
    Minute,
    /// A week, from its first trading day to its last.
    Week,
    /// A month, likewise.
    Month,
}

/// A stop-loss or a take-profit.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct LevelWish {
    /// False switches it off, whatever the strategy says.
    #[serde(rename = "use")]
    pub used: bool,
    /// Per cent of the mean entry price; needed when used.
    #[serde(default)]
    pub ratio: f64,
    /// Take-profit only: once the gain has reached `ratio`, the highest close is followed, and a close that lies below it by as
    /// much sells.
    #[serde(default)]
    pub trailing: bool,
}

/// A wish in words of the domain; what only the strategies and the data know is not checked yet.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SimulationWish {
    /// One symbol, or several that share the cash.
    pub kind: SimulationKind,
    /// Id of the strategy.
    pub strategy: String,
    /// Its parameters.
    pub params: BTreeMap<String, f64>,
    /// Codes and names of sets.
    pub symbols: Vec<String>,
    /// First day.
    #[schema(value_type = Option<String>)]
    pub from: Option<TradingDay>,
    /// Last day.
    #[schema(value_type = Option<String>)]
    pub to: Option<TradingDay>,
    /// Won at the start.
    pub cash: i64,
    /// Size of an entry.
    pub size: Option<String>,
    /// Order style.
    pub style: Option<String>,
    /// Exchange rules.
    pub rules: Option<RulesWord>,
    /// What the prices are.
    pub price_kind: Option<PriceKindWord>,
    /// Length of the bars.
    pub interval: Option<IntervalWord>,
    /// Stop-loss.
    pub stop_loss: Option<LevelWish>,
    /// Take-profit.
    pub take_profit: Option<LevelWish>,
    /// Buying more of what is held.
    pub add_to_holding: Option<LevelWish>,
}

impl TryFrom<&Body> for SimulationWish {
    type Error = Problem;
    fn try_from(body: &Body) -> Result<Self, Problem> {
        body.only(&FIELDS)?;
        let kind = match body.get("kind").and_then(Value::as_str) {
            Some("single") => SimulationKind::Single,
            Some("bulk") => SimulationKind::Bulk,
            _ => return Err(Problem::bad("bad_simulation_kind")),
        };
        SimulationWish::of(body, kind)
    }
}

impl SimulationWish {
    /// The wish of a JSON object, by the same checks as a request's; otherwise why not, in Korean and English.
    ///
    /// # Errors
    /// The two sentences.
    pub fn from_json(value: &Value) -> Result<Self, (String, String)> {
        let body = Body(value.as_object().cloned().unwrap_or_default());
        SimulationWish::try_from(&body).map_err(|problem| problem.texts())
    }

    /// The wish of a body whose fields are known.
    pub(crate) fn of(body: &Body, kind: SimulationKind) -> Result<Self, Problem> {
        let (from, to) = (day(body, "from")?, day(body, "to")?);
        if let (Some(from), Some(to)) = (from, to)
            && from > to
        {
            return Err(Problem::bad("days_reversed").with("from", from).with("to", to));
        }
        let symbols = symbols(body)?;
        if kind == SimulationKind::Single && symbols.len() != 1 {
            return Err(Problem::bad("one_symbol_needed"));
        }
        Ok(SimulationWish {
            kind,
            strategy: word(body, "strategy")?.ok_or_else(|| Problem::bad("strategy_missing"))?,
            params: params(body)?,
            symbols,
            from,
            to,
            cash: cash(body)?,
            size: word(body, "size")?,
            style: word(body, "style")?,
            rules: choice(body, "rules", "ideal, krx")?,
            price_kind: choice(body, "price_kind", "traded, adjusted")?,
            interval: choice(body, "interval", "day, minute, week, month")?,
            stop_loss: level(body, "stop_loss", STOP_MAX)?,
            take_profit: level(body, "take_profit", TARGET_MAX)?,
            add_to_holding: level(body, "add_to_holding", TARGET_MAX)?,
        })
    }
}

/// Fields of a wish besides its kind.
pub(crate) fn wish_fields() -> Vec<&'static str> {
    FIELDS.into_iter().filter(|field| *field != "kind").collect()
}

fn word(body: &Body, field: &'static str) -> Result<Option<String>, Problem> {
    match body.get(field) {
        None => Ok(None),
        Some(Value::String(text)) if (1..=WORD_MAX).contains(&text.len()) && !text.contains(char::is_control) => {
            Ok(Some(text.clone()))
        }
        Some(_) => Err(Problem::bad("bad_word").with("field", field).with("limit", WORD_MAX)),
    }
}

fn choice<T: serde::de::DeserializeOwned>(
    body: &Body,
    field: &'static str,
    known: &'static str,
) -> Result<Option<T>, Problem> {
    let Some(value) = body.get(field) else { return Ok(None) };
    let refused = |_| Problem::bad("not_among").with("field", field).with("known", known);
    serde_json::from_value(value.clone()).map(Some).map_err(refused)
}

fn day(body: &Body, field: &'static str) -> Result<Option<TradingDay>, Problem> {
    let Some(value) = body.get(field) else { return Ok(None) };
    let parsed = value.as_str().and_then(|text| text.parse().ok());
    parsed.map(Some).ok_or_else(|| Problem::bad("bad_day").with("field", field))
}

fn cash(body: &Body) -> Result<i64, Problem> {
    let Some(value) = body.get("cash") else { return Ok(CASH_DEFAULT) };
    let refused = || Problem::bad("bad_cash").with("limit", grouped(CASH_MAX));
    value.as_i64().filter(|won| (1..=CASH_MAX).contains(won)).ok_or_else(refused)
}

pub(crate) fn symbols(body: &Body) -> Result<Vec<String>, Problem> {
    let refused = || Problem::bad("bad_simulation_symbols").with("limit", SYMBOLS_MAX);
    let list = body.get("symbols").and_then(Value::as_array).ok_or_else(refused)?;
    let name = |value: &Value| {
        let text = value.as_str()?.trim();
        let plain = !text.is_empty() && text.len() <= WORD_MAX && !text.contains(char::is_control);
        plain.then(|| text.to_owned())
    };
    let mut symbols: Vec<String> = list.iter().map(name).collect::<Option<_>>().ok_or_else(refused)?;
    symbols.sort_unstable();
    symbols.dedup();
    if (1..=SYMBOLS_MAX).contains(&symbols.len()) { Ok(symbols) } else { Err(refused()) }
}

fn params(body: &Body) -> Result<BTreeMap<String, f64>, Problem> {
    let Some(value) = body.get("params") else { return Ok(BTreeMap::new()) };
    let refused = || Problem::bad("bad_params").with("limit", PARAMS_MAX);
    let fields = value.as_object().filter(|fields| fields.len() <= PARAMS_MAX).ok_or_else(refused)?;
    let number = |(name, value): (&String, &Value)| Some((name.clone(), value.as_f64().filter(|n| n.is_finite())?));
    fields.iter().map(number).collect::<Option<_>>().ok_or_else(refused)
}

fn level(body: &Body, field: &'static str, most: f64) -> Result<Option<LevelWish>, Problem> {
    let Some(value) = body.get(field) else { return Ok(None) };
    let refused = || Problem::bad("bad_level").with("field", field).with("limit", most);
    let fields = value.as_object().ok_or_else(refused)?;
    let known = |name: &str| matches!(name, "use" | "ratio") || (name == "trailing" && field == "take_profit");
    if fields.keys().any(|name| !known(name)) {
        return Err(refused());
    }
    let trailing =
        fields.get("trailing").filter(|v| !v.is_null()).map_or(Ok(false), |v| v.as_bool().ok_or_else(refused))?;
    let used = fields.get("use").and_then(Value::as_bool).ok_or_else(refused)?;
    let ratio = fields.get("ratio").filter(|v| !v.is_null()).map_or(Ok(0.0), |v| v.as_f64().ok_or_else(refused))?;
    // What is switched off needs no ratio, and a wrong one there harms nobody.
    let fits = !used || (ratio > 0.0 && ratio <= most);
    if fits { Ok(Some(LevelWish { used, ratio, trailing })) } else { Err(refused()) }
}
