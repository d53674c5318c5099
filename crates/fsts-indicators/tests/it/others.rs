//! Values of TA-Lib and pandas over one series, from the environment `talib` in the folder that `FSTS_TEST_PYTHON` names.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use fsts_indicators::{Bollinger, Ema, Macd, Mfi, Rsi, SimpleRsi, Sma, Stochastic, Wma};
use serde_json::{Value, json};

const SCRIPT: &str = r#"
import json, sys
import numpy as np, pandas as pd, talib
bars = json.load(sys.stdin)
h, l, c, v = (np.array(bars[k], dtype=float) for k in "hlcv")
s = pd.Series(c)
ewm = lambda x, n: x.ewm(span=n, adjust=True).mean()
macd, signal, hist = talib.MACD(c, 12, 26, 9)
k, d = talib.STOCH(h, l, c, fastk_period=14, slowk_period=3, slowk_matype=0, slowd_period=3, slowd_matype=0)
upper, middle, lower = talib.BBANDS(c, 20, 2, 2)
pmacd = ewm(s, 12) - ewm(s, 26)
hh, ll = pd.Series(h).rolling(14).max(), pd.Series(l).rolling(14).min()
raw = (100 * (s - ll) / (hh - ll)).dropna()
pk = ewm(raw, 3).reindex(s.index)
pd_ = ewm(ewm(raw, 3), 3).reindex(s.index)
delta = s.diff()
gain, loss = delta.clip(lower=0).rolling(25).mean(), (-delta.clip(upper=0)).rolling(25).mean()
out = {
    "sma": talib.SMA(c, 20), "ema": talib.EMA(c, 20), "wma": talib.WMA(c, 20), "rsi": talib.RSI(c, 14),
    "macd": macd, "signal": signal, "histogram": hist, "k": k, "d": d, "mfi": talib.MFI(h, l, c, v, 14),
    "upper": upper, "middle": middle, "lower": lower,
    "pandas_ema": ewm(s, 20), "pandas_macd": pmacd, "pandas_signal": ewm(pmacd, 9), "pandas_k": pk, "pandas_d": pd_,
    "pandas_rsi": 100 * gain / (gain + loss),
}
json.dump({name: [None if np.isnan(x) else float(x) for x in line] for name, line in out.items()}, sys.stdout)
"#;

type Lines = BTreeMap<&'static str, Vec<Option<f64>>>;

/// Two years of days that wander as prices do, in whole won.
fn bars() -> Vec<[f64; 4]> {
    let mut state = 7u64;
    let mut draw = |below: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((state >> 33) % below) as f64
    };
    let mut close = 70_000.0;
    let mut bar = || {
        close += (draw(2_001) - 1_000.0).round();
        [close + draw(800), close - draw(800), close, 1_000.0 + draw(1_000_000)]
    };
    (0..500).map(|_| bar()).collect()
}

fn ours(bars: &[[f64; 4]]) -> Lines {
    let mut lines = Lines::new();
    let (mut sma, mut ema, mut wma, mut rsi) = (Sma::new(20), Ema::new(20), Wma::new(20), Rsi::new(14));
    let (mut macd, mut stochastic) = (Macd::new(12, 26, 9), Stochastic::new(14, 3, 3));
    let (mut mfi, mut bands) = (Mfi::new(14), Bollinger::new(20, 2.0));
    let (mut pandas_ema, mut pandas_macd) = (Ema::adjusted(20), Macd::adjusted(12, 26, 9));
    let (mut pandas_stochastic, mut pandas_rsi) = (Stochastic::exponential(14, 3, 3), SimpleRsi::new(25));
    for [high, low, close, volume] in bars.iter().copied() {
        let (m, s) = (macd.update(close), stochastic.update(high, low, close));
        let (b, pm) = (bands.update(close), pandas_macd.update(close));
        let ps = pandas_stochastic.update(high, low, close);
        for (name, value) in [
            ("sma", sma.update(close)),
            ("ema", ema.update(close)),
            ("wma", wma.update(close)),
            ("rsi", rsi.update(close)),
            ("macd", m.map(|v| v.macd)),
            ("signal", m.map(|v| v.signal)),
            ("histogram", m.map(|v| v.histogram)),
            ("k", s.map(|v| v.k)),
            ("d", s.map(|v| v.d)),
            ("mfi", mfi.update(high, low, close, volume)),
            ("upper", b.map(|v| v.upper)),
            ("middle", b.map(|v| v.middle)),
            ("lower", b.map(|v| v.lower)),
            ("pandas_ema", pandas_ema.update(close)),
            ("pandas_macd", pm.map(|v| v.macd)),
            ("pandas_signal", pm.map(|v| v.signal)),
            ("pandas_k", ps.map(|v| v.k)),
            ("pandas_d", ps.map(|v| v.d)),
            ("pandas_rsi", pandas_rsi.update(close)),
        ] {
            lines.entry(name).or_default().push(value);
        }
    }
    lines
}

fn theirs(program: &PathBuf, bars: &[[f64; 4]]) -> Value {
    let column = |n: usize| bars.iter().map(|bar| bar[n]).collect::<Vec<f64>>();
    let input = json!({ "h": column(0), "l": column(1), "c": column(2), "v": column(3) }).to_string();
    let mut command = Command::new(program);
    let mut child = command.args(["-c", SCRIPT]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{output:?}");
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn every_indicator_has_the_values_of_ta_lib_and_of_pandas_where_it_follows_them() {
    let Some(folder) = std::env::var_os("FSTS_TEST_PYTHON").filter(|f| !f.is_empty()) else {
        println!("skipped: FSTS_TEST_PYTHON not set");
        return;
    };
    let bars = bars();
    let theirs = theirs(&PathBuf::from(folder).join("talib/bin/python"), &bars);
    for (name, ours) in ours(&bars) {
        let theirs: Vec<Option<f64>> = theirs[name].as_array().unwrap().iter().map(Value::as_f64).collect();
        assert_eq!(ours.len(), theirs.len(), "{name}");
        for (n, (ours, theirs)) in ours.iter().zip(&theirs).enumerate() {
            let equal = match (ours, theirs) {
                (Some(ours), Some(theirs)) => (ours - theirs).abs() <= 1e-6 * theirs.abs().max(1.0),
                (None, None) => true,
                _ => false,
            };
            assert!(equal, "{name} at {n}: ours {ours:?}, theirs {theirs:?}");
        }
    }
}
