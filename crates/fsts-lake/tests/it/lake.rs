//! Bars at rest: what goes in comes out, nothing counts by half, and nobody's bars are lost.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use fsts_domain::{Bar, Market, Price, Symbol, Timestamp, TradingDay};
use fsts_krx::{Instrument, SessionCalendar};
use fsts_lake::{
    Batch, Conflicts, DataSet, Days, Interval, Lake, LakeError, LakeQuery, LoadError, LoadOptions, PriceKind, Put, Row,
    load,
};
use object_store::local::LocalFileSystem;
use object_store::memory::InMemory;
use proptest::prelude::*;

use crate::fragile::Fragile;
use crate::scratch::{Scratch, ints, read, shown, texts};

const DAYS: [&str; 5] = ["2023-12-28", "2024-01-02", "2024-01-03", "2024-01-04", "2024-01-05"];

fn in_memory() -> Lake {
    Lake::new(Arc::new(InMemory::new()), "prefix/of/it".into(), "memory")
}

fn in_folder(folder: &Path) -> Lake {
    Lake::new(Arc::new(LocalFileSystem::new_with_prefix(folder).unwrap()), "".into(), "folder")
}

fn symbol(code: &str) -> Symbol {
    code.parse().unwrap()
}

fn day(text: &str) -> TradingDay {
    text.parse().unwrap()
}

fn days(from: &str, to: &str) -> Days {
    Days { from: day(from), to: day(to) }
}

/// Daily bars `(code, index into DAYS, close)`.
fn daily(rows: &[(&str, usize, i64)]) -> DataSet {
    of_kind(rows, PriceKind::Traded)
}

fn of_kind(rows: &[(&str, usize, i64)], kind: PriceKind) -> DataSet {
    let mut codes: Vec<&str> = rows.iter().map(|r| r.0).collect();
    codes.sort_unstable();
    codes.dedup();
    let instrument =
        |code: &&str| Instrument { symbol: symbol(code), name: format!("회사 {code}"), market: Market::Kosdaq };
    let price = |won| Price::new(won).unwrap();
    let row = |(code, n, close): &(&str, usize, i64)| Row {
        at: Timestamp::from_kst(day(DAYS[*n]), 15 * 3600 + 1800).ns(),
        symbol: codes.iter().position(|c| c == code).unwrap() as u32,
        bar: Bar::enclosing(price(*close), price(close + 10), price(close - 10), price(*close), 5),
    };
    DataSet::from_rows(codes.iter().map(instrument).collect(), rows.iter().map(row).collect(), Interval::Day, kind)
}

async fn put(lake: &Lake, data: &DataSet) -> Put {
    lake.put(&Batch { data, source: "test", conflicts: Conflicts::Refuse, covered: &[] }).await.unwrap()
}

async fn replace(lake: &Lake, data: &DataSet) -> Put {
    lake.put(&Batch { data, source: "other", conflicts: Conflicts::Replace, covered: &[] }).await.unwrap()
}

fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut waiting = vec![folder.to_path_buf()];
    while let Some(next) = waiting.pop() {
        for entry in std::fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                waiting.push(path);
            } else {
                found.insert(path.strip_prefix(folder).unwrap().display().to_string(), std::fs::read(&path).unwrap());
            }
        }
    }
    found
}

fn same(a: &DataSet, b: &DataSet) {
    assert_eq!((&a.symbols, &a.rows, &a.base_prices, a.hash), (&b.symbols, &b.rows, &b.base_prices, b.hash));
}

/// The full-market layout over two years, with base prices and a halt.
fn full_market(scratch: &Scratch) -> std::path::PathBuf {
    let columns = vec![
        ("date", texts(&["2023-12-28", "2023-12-28", "2024-01-02", "2024-01-02", "2024-01-03"])),
        ("code", texts(&["000250", "005930", "000250", "005930", "005930"])),
        ("name", texts(&["삼천당제약", "삼성전자", "삼천당제약", "삼성전자", "삼성전자"])),
        ("market", texts(&["KOSDAQ GLOBAL", "KOSPI", "KOSDAQ GLOBAL", "KOSPI", "KOSPI"])),
        ("open", ints(&[70_000, 78_200, 0, 78_200, 79_000])),
        ("high", ints(&[70_100, 79_800, 0, 79_800, 79_100])),
        ("low", ints(&[69_000, 78_200, 0, 78_200, 78_900])),
        ("close", ints(&[69_500, 78_500, 69_500, 79_600, 79_000])),
        ("volume", ints(&[1, 2, 0, 3, 4])),
        ("change", ints(&[-500, 1_100, 0, 1_100, -600])),
        ("marcap", ints(&[1, 2, 3, 4, 5])),
    ];
    scratch.parquet("market.parquet", columns)
}

#[tokio::test]
async fn imported_bars_come_back_as_the_data_set_of_their_file_whatever_is_selected() {
    let scratch = Scratch::new();
    let path = full_market(&scratch);
    let lake = in_memory();
    assert_eq!(put(&lake, &read(&path)).await.added, 4);
    let selections = [
        (None, None, None),
        (Some(vec![symbol("005930")]), None, None),
        (None, Some(day("2024-01-01")), None),
        (None, None, Some(day("2023-12-31"))),
        (Some(vec![symbol("000250"), symbol("005930")]), Some(day("2023-12-28")), Some(day("2024-01-02"))),
    ];
    for (symbols, from, to) in selections {
        let options = LoadOptions { symbols: symbols.clone(), from, to, ..LoadOptions::default() };
        let query = LakeQuery { symbols, from, to, ..LakeQuery::all(Interval::Day) };
        same(&lake.read(&query).await.unwrap(), &load(&path, &options).unwrap());
    }
    let catalog = lake.catalog().await.unwrap();
    let line =
        |s: &fsts_lake::Series| format!("{} {} {} {} {:?} {:?}", s.symbol, s.name, s.rows, s.days, s.first, s.last);
    let lines: Vec<String> = catalog.iter().map(line).collect();
    assert_eq!(
        lines,
        [
            "000250 삼천당제약 1 1 Some(2023-12-28) Some(2023-12-28)",
            "005930 삼성전자 3 3 Some(2023-12-28) Some(2024-01-03)"
        ]
    );
    assert_eq!(catalog[0].market, Market::Kosdaq);
}

#[tokio::test]
async fn minute_bars_come_back_day_by_day() {
    let scratch = Scratch::new();
    let mut text = "code,ts,open,high,low,close,volume,src\n".to_owned();
    for (day, code) in [("2025-09-01", "005930"), ("2025-09-01", "000660"), ("2025-09-02", "005930")] {
        for minute in 0..120 {
            let (hour, minute) = (9 + minute / 60, minute % 60);
            text.push_str(&format!("{code},{day} {hour:02}:{minute:02}:00,70000,70100,69900,70000,{}\n", minute + 1));
        }
    }
    let path = scratch.csv("minutes.csv", &text);
    let lake = in_memory();
    put(&lake, &read(&path)).await;
    same(&lake.read(&LakeQuery::all(Interval::Minute)).await.unwrap(), &read(&path));
    let second = Some(day("2025-09-02"));
    let query = LakeQuery { from: second, to: second, ..LakeQuery::all(Interval::Minute) };
    let read = lake.read(&query).await.unwrap();
    assert_eq!((read.rows.len(), read.symbols.len()), (120, 1));
    let catalog = lake.catalog().await.unwrap();
    let counts: Vec<(u64, u64)> = catalog.iter().map(|s| (s.rows, s.days)).collect();
    assert_eq!(counts, [(120, 1), (240, 2)]);
}

#[tokio::test]
async fn the_same_bars_a_second_time_change_no_byte() {
    let folder = tempfile::tempdir().unwrap();
    let lake = in_folder(folder.path());
    let data = daily(&[("000660", 0, 100), ("005930", 0, 200), ("005930", 1, 210)]);
    let first = put(&lake, &data).await;
    assert_eq!((first.added, first.same, first.files, first.generation), (3, 0, 2, 1));
    let before = files(folder.path());
    let again = put(&lake, &data).await;
    assert_eq!((again.added, again.same, again.files, again.generation), (0, 3, 0, 1));
    let part_of_it = put(&lake, &daily(&[("005930", 1, 210)])).await;
    assert_eq!((part_of_it.same, part_of_it.generation), (1, 1));
    assert_eq!(files(folder.path()), before);
}

#[tokio::test]
async fn a_file_of_the_lake_is_a_bar_file_for_everybody() {
    let folder = tempfile::tempdir().unwrap();
    let data = daily(&[("000660", 1, 100), ("005930", 1, 200), ("005930", 3, 210)]);
    put(&in_folder(folder.path()), &data).await;
    let name = files(folder.path()).into_keys().find(|name| name.ends_with(".parquet")).unwrap();
    assert!(name.starts_with("daily/price_kind=traded/year=2024/"), "{name}");
    assert_eq!(shown(&read(&folder.path().join(name))), shown(&data));
}

#[tokio::test]
async fn another_price_is_refused_by_name_and_nothing_of_its_batch_is_stored() {
    let lake = in_memory();
    put(&lake, &daily(&[("000660", 1, 100), ("005930", 1, 200)])).await;
    let other = daily(&[("000660", 2, 110), ("005930", 1, 201), ("005930", 2, 205)]);
    let batch = Batch { data: &other, source: "other", conflicts: Conflicts::Refuse, covered: &[] };
    let refused = lake.put(&batch).await.unwrap_err();
    assert!(
        refused.to_string().contains("1 bars differ from those in the lake, first 005930 at 2024-01-02"),
        "{refused}"
    );
    assert_eq!(lake.read(&LakeQuery::all(Interval::Day)).await.unwrap().rows.len(), 2);
    let replaced = replace(&lake, &other).await;
    assert_eq!((replaced.added, replaced.replaced), (2, 1));
    let all = daily(&[("000660", 1, 100), ("000660", 2, 110), ("005930", 1, 201), ("005930", 2, 205)]);
    same(&lake.read(&LakeQuery::all(Interval::Day)).await.unwrap(), &all);
    let sources: Vec<String> = lake.catalog().await.unwrap().into_iter().flat_map(|s| s.sources).collect();
    assert_eq!(sources, ["other", "test", "other", "test"]);
}

#[tokio::test]
async fn adjusted_prices_of_two_adjustments_never_stand_in_one_series() {
    let lake = in_memory();
    let kind = PriceKind::Adjusted;
    put(&lake, &of_kind(&[("000660", 0, 100), ("005930", 0, 5_000), ("005930", 1, 5_100)], kind)).await;
    // After a split all earlier prices are others; the first day is not in the new file.
    replace(&lake, &of_kind(&[("005930", 1, 102), ("005930", 2, 103)], kind)).await;
    let expected = of_kind(&[("000660", 0, 100), ("005930", 1, 102), ("005930", 2, 103)], kind);
    same(&lake.read(&LakeQuery::all(Interval::Day)).await.unwrap(), &expected);
    let catalog = lake.catalog().await.unwrap();
    assert_eq!(catalog.iter().map(|s| s.rows).collect::<Vec<_>>(), [1, 2]);
}

#[tokio::test]
async fn stored_bars_may_be_kept_and_a_strange_adjustment_then_stays_outside_whole() {
    let keep = async |lake: &Lake, data: &DataSet| {
        let batch = Batch { data, source: "other", conflicts: Conflicts::Keep, covered: &[] };
        lake.put(&batch).await.unwrap()
    };
    let lake = in_memory();
    put(&lake, &daily(&[("005930", 1, 200)])).await;
    let kept = keep(&lake, &daily(&[("005930", 1, 201), ("005930", 2, 202)])).await;
    assert_eq!((kept.added, kept.kept, kept.replaced), (1, 1, 0));
    same(&lake.read(&LakeQuery::all(Interval::Day)).await.unwrap(), &daily(&[("005930", 1, 200), ("005930", 2, 202)]));

    let kind = PriceKind::Adjusted;
    let lake = in_memory();
    put(&lake, &of_kind(&[("005930", 1, 5_000)], kind)).await;
    let kept = keep(&lake, &of_kind(&[("000660", 1, 70), ("005930", 1, 100), ("005930", 2, 101)], kind)).await;
    assert_eq!((kept.added, kept.kept), (1, 2));
    same(
        &lake.read(&LakeQuery::all(Interval::Day)).await.unwrap(),
        &of_kind(&[("000660", 1, 70), ("005930", 1, 5_000)], kind),
    );
}

#[tokio::test]
async fn the_kind_that_has_the_symbols_is_read_and_traded_before_adjusted() {
    let lake = in_memory();
    put(&lake, &daily(&[("005930", 0, 200)])).await;
    put(&lake, &of_kind(&[("000660", 0, 100), ("005930", 0, 40)], PriceKind::Adjusted)).await;
    let of = async |symbols: &[&str], kind| {
        let symbols = Some(symbols.iter().map(|s| symbol(s)).collect());
        let query = LakeQuery { symbols, price_kind: kind, ..LakeQuery::all(Interval::Day) };
        lake.read(&query).await.map(|data| (data.price_kind, data.rows.len()))
    };
    assert_eq!(of(&["005930"], None).await.unwrap(), (PriceKind::Traded, 1));
    assert_eq!(of(&["005930"], Some(PriceKind::Adjusted)).await.unwrap(), (PriceKind::Adjusted, 1));
    assert_eq!(of(&["000660", "005930"], None).await.unwrap(), (PriceKind::Adjusted, 2));
    let unknown = of(&["005930", "035420"], None).await.unwrap_err();
    assert!(
        matches!(&unknown, LakeError::Rows(LoadError::UnknownSymbols { symbols, .. }) if symbols[0] == symbol("035420"))
    );
    assert!(!lake.has(&LakeQuery::all(Interval::Minute)).await.unwrap());
}

#[tokio::test]
async fn writers_at_once_lose_nobodys_bars() {
    let lake = in_memory();
    let codes: Vec<String> = (0..8).map(|n| format!("00000{n}")).collect();
    let writers = codes.iter().map(|code| {
        let (lake, data) = (lake.clone(), daily(&[(code, 0, 100), (code, 1, 101)]));
        tokio::spawn(async move { put(&lake, &data).await })
    });
    for writer in writers.collect::<Vec<_>>() {
        assert_eq!(writer.await.unwrap().added, 2);
    }
    let rows: Vec<(&str, usize, i64)> =
        codes.iter().flat_map(|c| [(c.as_str(), 0, 100), (c.as_str(), 1, 101)]).collect();
    same(&lake.read(&LakeQuery::all(Interval::Day)).await.unwrap(), &daily(&rows));
}

#[tokio::test]
async fn a_commit_that_is_cut_at_any_write_leaves_the_lake_as_it_was() {
    let (before, after) = (daily(&[("005930", 0, 200)]), daily(&[("005930", 1, 210), ("000660", 0, 100)]));
    let mut cut = 0;
    loop {
        let objects = Arc::new(Fragile::default());
        let lake = Lake::new(objects.clone(), "".into(), "fragile");
        put(&lake, &before).await;
        objects.break_after(cut);
        let batch = Batch { data: &after, source: "cut", conflicts: Conflicts::Refuse, covered: &[] };
        let done = lake.put(&batch).await;
        objects.mend();
        if done.is_ok() {
            break;
        }
        same(&lake.read(&LakeQuery::all(Interval::Day)).await.unwrap(), &before);
        // The next run stores it all.
        assert_eq!(put(&lake, &after).await.added, 2);
        assert_eq!(lake.read(&LakeQuery::all(Interval::Day)).await.unwrap().rows.len(), 3);
        cut += 1;
    }
    assert_eq!(cut, 3, "two files and the manifest");
}

#[tokio::test]
async fn files_that_no_recent_manifest_names_are_removed() {
    let folder = tempfile::tempdir().unwrap();
    let lake = in_folder(folder.path());
    for close in 0..10 {
        replace(&lake, &daily(&[("005930", 1, 200 + close)])).await;
    }
    let names: Vec<String> = files(folder.path()).into_keys().collect();
    let count = |end: &str| names.iter().filter(|n| n.ends_with(end)).count();
    assert!(count(".json") <= 5 && count(".parquet") <= 5, "{names:?}");
}

#[tokio::test]
async fn damaged_files_are_named_and_never_a_panic() {
    let folder = tempfile::tempdir().unwrap();
    let lake = in_folder(folder.path());
    put(&lake, &daily(&[("000660", 1, 100), ("005930", 1, 200)])).await;
    let (name, whole) = files(folder.path()).into_iter().find(|(name, _)| name.ends_with(".parquet")).unwrap();
    let path = folder.path().join(&name);
    let mut damaged = 0;
    for cut in (0..whole.len()).step_by(97) {
        std::fs::write(&path, &whole[..cut]).unwrap();
        let error = lake.read(&LakeQuery::all(Interval::Day)).await.unwrap_err();
        assert!(matches!(&error, LakeError::Damaged { object, .. } if *object == name), "{error}");
        let mut flipped = whole.clone();
        flipped[cut] ^= 0x55;
        std::fs::write(&path, &flipped).unwrap();
        damaged += usize::from(lake.read(&LakeQuery::all(Interval::Day)).await.is_err());
    }
    assert!(damaged > 5, "{damaged}");
    std::fs::remove_file(&path).unwrap();
    assert!(lake.read(&LakeQuery::all(Interval::Day)).await.is_err());
}

#[tokio::test]
async fn gaps_are_open_days_without_a_bar_that_no_source_answered_for() {
    let lake = in_memory();
    put(&lake, &daily(&[("005930", 0, 200), ("005930", 1, 201), ("005930", 4, 204)])).await;
    let calendar = SessionCalendar::krx();
    let query = LakeQuery::all(Interval::Day);
    let gaps = lake.gaps(&query, &calendar).await.unwrap();
    // 2023-12-29 and 2024-01-01 are closed; the third and the fourth of January are missing.
    let shown: Vec<String> = gaps.iter().map(|g| format!("{} {} {} {}", g.symbol, g.from, g.to, g.days)).collect();
    assert_eq!(shown, ["005930 2024-01-03 2024-01-04 2"]);
    let nothing = DataSet::from_rows(Vec::new(), Vec::new(), Interval::Day, PriceKind::Traded);
    let covered = [(symbol("005930"), days("2024-01-01", "2024-01-03"))];
    let batch = Batch { data: &nothing, source: "kis", conflicts: Conflicts::Refuse, covered: &covered };
    lake.put(&batch).await.unwrap();
    let gaps = lake.gaps(&query, &calendar).await.unwrap();
    assert_eq!(gaps.iter().map(|g| (g.from, g.days)).collect::<Vec<_>>(), [(day("2024-01-04"), 1)]);
    assert!(lake.catalog().await.unwrap()[0].covers(days("2024-01-02", "2024-01-03")));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]
    #[test]
    fn bars_that_come_in_pieces_in_any_order_are_the_whole(
        picks in proptest::collection::btree_map((0..4usize, 0..5usize), 100..200i64, 1..16),
        cuts in proptest::collection::vec(0..16usize, 0..4),
        turn in any::<bool>(),
    ) {
        const CODES: [&str; 4] = ["000020", "000660", "005930", "0Z1010"];
        let rows: Vec<(&str, usize, i64)> = picks.iter().map(|((c, d), close)| (CODES[*c], *d, *close)).collect();
        let mut pieces: Vec<Vec<_>> = vec![Vec::new(); cuts.len() + 1];
        for (n, row) in rows.iter().enumerate() {
            let piece = cuts.iter().filter(|cut| **cut <= n).count();
            pieces[(piece + n) % (cuts.len() + 1)].push(*row);
        }
        if turn {
            pieces.reverse();
        }
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let lake = in_memory();
            for piece in pieces.iter().filter(|p| !p.is_empty()) {
                put(&lake, &daily(piece)).await;
            }
            let whole = daily(&rows);
            same(&lake.read(&LakeQuery::all(Interval::Day)).await.unwrap(), &whole);
            for series in lake.catalog().await.unwrap() {
                let own: Vec<&Row> = whole.rows.iter().filter(|r| whole.symbols[r.symbol as usize].symbol == series.symbol).collect();
                let span = (own.first().map(|r| r.day()), own.last().map(|r| r.day()));
                assert_eq!((series.rows, series.days, (series.first, series.last)), (own.len() as u64, own.len() as u64, span));
            }
        });
    }
}

#[tokio::test]
async fn real_files_come_back_as_they_were_loaded() {
    let Some(folder) = std::env::var_os("FSTS_TEST_DATA") else {
        println!("skipped: FSTS_TEST_DATA not set");
        return;
    };
    // Five of forty days of minutes: the rest only costs time.
    let last = Some(day("2025-09-05"));
    for (name, to) in [
        ("daily/krx_full_market_2023_jan_feb.parquet", None),
        ("daily/large_caps_2000_2024.parquet", None),
        ("minute/kis_1m_2025_09_10_and_12.parquet", last),
    ] {
        let data = load(&Path::new(&folder).join(name), &LoadOptions { to, ..LoadOptions::default() }).unwrap();
        let lake = in_memory();
        put(&lake, &data).await;
        let back = lake.read(&LakeQuery::all(data.interval)).await.unwrap();
        assert_eq!((back.rows.len(), back.hash_hex()), (data.rows.len(), data.hash_hex()), "{name}");
        assert_eq!(back.symbols, data.symbols, "{name}");
    }
}
