//! One engine: a day in the backtest and the same day over the broker's sockets give the same decisions.

use std::path::Path;

use serde_json::{Value, json};

use crate::market_day::{BARS, CASH, MarketDay};
use crate::rig::{Rig, Site, lines};

const SEED: u64 = 20_261_120;
/// Lines of a log that are shown when logs differ.
const SHOWN: usize = 10;

/// A strategy with the parameters that make it trade often within a day.
#[derive(Clone, Copy)]
pub struct Trader {
    pub strategy: &'static str,
    pub params: &'static [(&'static str, i64)],
    pub terms: Terms,
}

/// Size and style of its orders, as the command line and as the settings have them.
#[derive(Clone, Copy)]
pub struct Terms {
    size: [&'static str; 2],
    style: [&'static str; 2],
}

const NOTIONAL: Terms = Terms {
    size: ["won:3000000", "{ notional = 3_000_000 }"],
    style: ["limit:3", "{ marketable_limit = { collar_ticks = 3 } }"],
};
const AT_MARKET: Terms = Terms { size: ["equity:12", "{ equity_percent = 12 }"], style: ["market", "\"market\""] };
/// Most orders of these rest for a while, and some to the end of the day.
const RESTING: Terms =
    Terms { size: ["shares:50", "{ shares = 50 }"], style: ["limit:0", "{ marketable_limit = { collar_ticks = 0 } }"] };

pub const SMA: Trader = Trader { strategy: "sma_cross", params: &[("fast", 5), ("slow", 15)], terms: NOTIONAL };
pub const RSI: Trader = Trader {
    strategy: "rsi_reversion",
    params: &[("period", 7), ("oversold", 35), ("overbought", 65), ("stop_loss_pct", 1), ("take_profit_pct", 2)],
    terms: NOTIONAL,
};

impl Trader {
    /// Its `[[bots]]` block over all symbols of a day.
    pub fn block(&self, day: &MarketDay) -> String {
        self.block_of(&day.symbols.iter().map(|s| s.symbol.to_string()).collect::<Vec<_>>())
    }

    /// Its `[[bots]]` block over some symbols.
    pub fn block_of(&self, codes: &[String]) -> String {
        let params: String = self.params.iter().map(|(name, value)| format!("{name} = {value}\n")).collect();
        format!(
            "[[bots]]\nid = \"{}\"\nstrategy = \"{}\"\nsymbols = {codes:?}\nsizing = {}\nstyle = {}\n\
             [bots.params]\n{params}",
            self.strategy.replace('_', "-"),
            self.strategy,
            self.terms.size[1],
            self.terms.style[1],
        )
    }

    /// The backtest over the same bars, with the same size, style, parameters and cash: report and decisions.
    pub fn backtest(&self, day: &MarketDay, dir: &Path) -> (Value, Vec<Value>) {
        let (data, log) = (day.write_csv(dir), dir.join("backtest.ndjson"));
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_fsts"));
        command.current_dir(dir).args(["backtest", self.strategy, "--json"]);
        command.args(["--rules", "krx", "--price-kind", "traded"]);
        command.arg("--data").arg(data).arg("--decisions").arg(&log).arg("--fills").arg(dir.join("fills.csv"));
        command.args(["--cash", &CASH.to_string(), "--size", self.terms.size[0], "--style", self.terms.style[0]]);
        command.args(self.params.iter().flat_map(|(name, value)| ["--param".to_owned(), format!("{name}={value}")]));
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        (serde_json::from_slice(&output.stdout).unwrap(), parsed(&lines(&log)))
    }
}

/// Decisions with the bot's name taken out: the one thing in which a backtest may differ.
pub fn parsed(lines: &[String]) -> Vec<Value> {
    let parse = |line: &String| {
        let mut decision: Value = serde_json::from_str(line).unwrap();
        decision["bot"] = json!("-");
        decision
    };
    lines.iter().map(parse).collect()
}

fn distinct(log: &[Value], field: &str) -> usize {
    let mut seen: Vec<String> = log.iter().map(|d| d[field].to_string()).collect();
    seen.sort_unstable();
    seen.dedup();
    seen.len()
}

fn differences(backtest: &[Value], paper: &[Value]) -> Vec<String> {
    let longest = backtest.len().max(paper.len());
    let differs = |n: &usize| backtest.get(*n) != paper.get(*n);
    let shown = |log: &[Value], n: usize| log.get(n).map_or_else(|| "-".to_owned(), Value::to_string);
    let pair = |n: usize| format!("line {}\n  backtest {}\n  paper    {}", n + 1, shown(backtest, n), shown(paper, n));
    (0..longest).filter(differs).map(pair).collect()
}

/// Backtest and paper of one strategy over the same day. Answers the number of orders.
async fn compare(trader: &Trader, seed: u64) -> usize {
    let day = MarketDay::generate(seed);
    let scratch = tempfile::tempdir().unwrap();
    let (report, backtest) = trader.backtest(&day, scratch.path());

    let mut rig = Rig::start(Site::new(day.config()).bots(&trader.block(&day))).await;
    rig.go_to_end().await;
    let truth = rig.truth();
    assert_eq!(rig.book_differences().await, Vec::<String>::new(), "books and broker at the end of the day");
    rig.stop().await;
    let replayed = rig.run(&["replay", &day.day.to_string(), "--json"]);
    assert!(replayed.status.success(), "{}", String::from_utf8_lossy(&replayed.stderr));
    let paper = parsed(&rig.decisions(day.day));

    let different = differences(&backtest, &paper);
    let first: Vec<&String> = different.iter().take(SHOWN).collect();
    assert!(different.is_empty(), "{} lines differ:\n{}", different.len(), text(&first));
    assert_eq!(json!(truth.cash), report["cash"], "cash at the end of the day");
    assert!(distinct(&paper, "symbol") >= 5, "symbols");
    assert!(distinct(&paper, "at") >= BARS, "bars");
    let intents = paper.iter().filter(|d| !d["intent"].is_null()).count();
    let blocked = paper.iter().filter(|d| !d["blocked_by"].is_null()).count();
    let unfilled = truth.orders.iter().filter(|o| o.filled_qty < o.qty).count();
    let strategy = trader.strategy;
    println!("{strategy}: {} decisions, {intents} intents, {blocked} blocked, {unfilled} unfilled", paper.len());
    intents
}

fn text(lines: &[&String]) -> String {
    lines.iter().map(|l| l.as_str()).collect::<Vec<_>>().join("\n")
}

#[tokio::test(flavor = "multi_thread")]
async fn sma_cross_decides_in_paper_as_in_the_backtest() {
    assert!(compare(&SMA, SEED).await >= 20);
}

#[tokio::test(flavor = "multi_thread")]
async fn rsi_reversion_decides_in_paper_as_in_the_backtest() {
    assert!(compare(&RSI, SEED).await >= 20);
}

#[tokio::test(flavor = "multi_thread")]
async fn other_days_sizes_styles_and_default_parameters_decide_alike() {
    if std::env::var_os("FSTS_NIGHT").is_none() {
        println!("skipped: FSTS_NIGHT not set");
        return;
    }
    let usual = [Trader { params: &[], ..SMA }, Trader { params: &[], ..RSI }];
    let traders: Vec<Trader> = [SMA, RSI].into_iter().chain(usual).collect();
    let mut orders = 0;
    for (n, terms) in [NOTIONAL, AT_MARKET, RESTING].into_iter().enumerate() {
        for (m, trader) in traders.iter().enumerate() {
            orders += compare(&Trader { terms, ..*trader }, SEED + 10 + (4 * n + m) as u64).await;
        }
    }
    assert!(orders > 500, "{orders} orders");
}
