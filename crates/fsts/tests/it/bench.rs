//! `fsts bench`: one workload, its answer and its time.

use crate::program::fsts;

const BARS: usize = 2_000;

/// A file as the benchmark generator writes it: six columns one after another, eight bytes a number.
fn series(seed: u64, bars: usize) -> Vec<u8> {
    let mut state = seed;
    let mut draw = |below: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((state >> 33) % below) as i64
    };
    let start_ns: i64 = 1_704_153_600_000_000_000;
    let mut columns: [Vec<[u8; 8]>; 6] = Default::default();
    let mut last = 50_000i64;
    for n in 0..bars {
        let open = last;
        let close = (open + draw(401) - 200).max(10_000);
        let prices = [open, open.max(close) + 50, open.min(close) - 50, close, 1_000];
        columns[0].push((start_ns + n as i64 * 60_000_000_000).to_le_bytes());
        for (column, price) in columns[1..].iter_mut().zip(prices) {
            column.push((price as f64).to_le_bytes());
        }
        last = close;
    }
    columns.concat().concat()
}

#[test]
fn a_benchmark_prints_its_answer_and_its_time() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("one.bin"), series(1, BARS)).unwrap();
    for workload in ["w2", "w7"] {
        let line = ["bench", workload, "--bars", "1500", "--data", "one.bin", "--runs", "2", "--lang", "en"];
        let text = fsts(folder.path(), &line, &[]);
        assert_eq!(text.code, 0, "{text:?}");
        let timed = text.out.lines().filter_map(|l| l.strip_suffix(" ns/bar")).filter(|n| n.parse::<f64>().is_ok());
        assert_eq!(timed.count(), 1, "{text:?}");
        let json = fsts(folder.path(), &[&line[..], &["--json"]].concat(), &[]).json();
        assert_eq!((&json["bars"], &json["runs"], &json["workload"]), (&1_500.into(), &2.into(), &workload.into()));
        assert!(json["fills"].as_u64().unwrap() > 0 && json["ns_per_bar"].as_f64().unwrap() > 0.0, "{json}");
        assert!(text.out.contains(json["trace_hash"].as_str().unwrap()), "two programs, one trace");
    }
}

#[test]
fn a_panel_is_one_account_over_many_series() {
    let folder = tempfile::tempdir().unwrap();
    let panel: Vec<u8> = (1..=4).flat_map(|seed| series(seed, 500)).collect();
    std::fs::write(folder.path().join("panel.bin"), panel).unwrap();
    let line = ["bench", "w2", "--panel", "4", "--data", "panel.bin", "--runs", "1", "--json"];
    let json = fsts(folder.path(), &line, &[]).json();
    assert_eq!((&json["bars"], &json["symbols"]), (&2_000.into(), &4.into()));
    assert!(json["fills"].as_u64().unwrap() > 20, "{json}");
}
