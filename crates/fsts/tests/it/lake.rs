//! Bars at rest over the program: import, catalogue, gaps, SQL, and backtests that read them.

use std::path::Path;

use serde_json::{Value, json};

use crate::backtest::market::{bars, csv};
use crate::program::{Ended, fsts};

fn run(folder: &Path, arguments: &[&str]) -> Ended {
    fsts(folder, arguments, &[("FSTS_LANG", "en")])
}

fn said(folder: &Path, arguments: &[&str]) -> Value {
    let ended = run(folder, &[arguments, &["--json"]].concat());
    assert_eq!(ended.code, 0, "{ended:?}");
    ended.json()
}

fn write(folder: &Path, name: &str, text: &str) {
    std::fs::write(folder.join(name), text).unwrap();
}

const SMA: [&str; 8] = ["backtest", "sma_cross", "--size", "won:3000000", "--param", "fast=5", "--param", "slow=20"];

#[test]
fn a_backtest_decides_the_same_over_the_lake_as_over_the_file_it_was_filled_from() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    write(folder, "bars.csv", &csv(&bars()));
    let nothing = run(folder, &SMA);
    assert_eq!(nothing.code, 2, "{nothing:?}");
    assert!(!folder.join("data").exists(), "looking makes no folder");
    let of_file = said(folder, &[&SMA[..], &["--data", "bars.csv"]].concat());
    let imported = said(folder, &["data", "import", "bars.csv"]);
    assert_eq!((&imported["files"][0]["added"], &imported["files"][0]["price_kind"]), (&json!(690), &json!("traded")));
    for data in [&["--data", "lake"][..], &[]] {
        let of_lake = said(folder, &[&SMA[..], data].concat());
        for key in ["trace_hash", "final_equity", "trades", "fees", "taxes", "rules", "price_kind"] {
            assert_eq!(of_lake[key], of_file[key], "{key} with {data:?}");
        }
    }
    let some = ["--symbols", "005930", "--from", "2024-03-01", "--to", "2024-08-30"];
    let of_file = said(folder, &[&SMA[..], &some, &["--data", "bars.csv"]].concat());
    assert_eq!(said(folder, &[&SMA[..], &some].concat())["trace_hash"], of_file["trace_hash"]);
    let unknown = run(folder, &[&SMA[..], &["--data", "lake", "--symbols", "999999"]].concat());
    assert!(unknown.code == 4 && unknown.err.contains("no bars of 999999"), "{unknown:?}");

    // A simulation reads the same bars without being told of them.
    let line =
        ["simulate", "run", "sma_cross", "--size", "won:3000000", "--param", "fast=5", "--param", "slow=20", "--wait"];
    let whole = said(folder, &[&SMA[..], &["--data", "bars.csv"]].concat());
    assert_eq!(said(folder, &line)["report"]["trace_hash"], whole["trace_hash"]);
}

#[test]
fn the_same_file_twice_changes_nothing_and_another_price_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    write(folder, "bars.csv", &csv(&bars()));
    let first = said(folder, &["data", "import", "bars.csv"]);
    let again = said(folder, &["data", "import", "bars.csv"]);
    assert_eq!((&again["files"][0]["added"], &again["files"][0]["same"]), (&json!(0), &json!(690)));
    assert_eq!(again["files"][0]["generation"], first["files"][0]["generation"]);
    let mut other = bars();
    other[5].high += 100;
    write(folder, "other.csv", &csv(&other));
    let refused = run(folder, &["data", "import", "other.csv"]);
    assert!(
        refused.code == 4 && refused.err.contains("1 bars differ from those in the lake, first 000660 at"),
        "{refused:?}"
    );
    assert!(refused.err.contains("--on-conflict keep"), "{refused:?}");
    let replaced = said(folder, &["data", "import", "other.csv", "--on-conflict", "replace"]);
    assert_eq!(replaced["files"][0]["replaced"], 1);
}

#[test]
fn a_folder_of_days_and_minutes_of_several_kinds_is_taken_file_by_file() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    std::fs::create_dir(folder.join("bars")).unwrap();
    write(folder, "bars/daily.csv", &csv(&bars()));
    let adjusted = "date,code,open,high,low,close,volume\n2024-01-02,005930,1000.5,1001.25,999.5,1000,3\n";
    write(folder, "bars/adjusted.csv", adjusted);
    let minutes: String =
        (0..60).map(|m| format!("005930,2024-01-02 09:{m:02}:00,70000,70100,69900,70000,5\n")).collect();
    write(folder, "bars/minutes.csv", &format!("code,ts,open,high,low,close,volume\n{minutes}"));
    let imported = said(folder, &["data", "import", "bars"]);
    assert_eq!(imported["files"].as_array().unwrap().len(), 3, "{imported}");
    let catalog = said(folder, &["data", "catalog"]);
    let line =
        |s: &Value| format!("{} {} {} {}", s["interval"], s["price_kind"], s["symbol"], s["rows"]).replace('"', "");
    let lines: Vec<String> = catalog["series"].as_array().unwrap().iter().map(line).collect();
    assert_eq!(
        lines,
        [
            "day adjusted 005930 1",
            "day traded 000660 230",
            "day traded 005930 230",
            "day traded 035420 230",
            "minute traded 005930 60"
        ]
    );
    let text = run(folder, &["data", "catalog", "--symbols", "005930", "--interval", "minute"]);
    assert!(text.out.contains("minutes") && text.out.contains("minutes.csv"), "{text:?}");
    let wrong = run(folder, &["data", "import", "bars/minutes.csv", "--layout", "daily"]);
    assert!(wrong.code == 4 && wrong.err.contains("minute bars, not daily"), "{wrong:?}");
}

#[test]
fn columns_of_any_name_are_imported_by_a_mapping() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    write(folder, "strange.csv", "Tag,WKN,O,H,L,Last,Stk\n2024-01-02,005930,70000,70100,69900,70000,5\n");
    let unread = run(folder, &["data", "import", "strange.csv"]);
    assert!(unread.code == 4 && unread.err.contains("has no column `date`"), "{unread:?}");
    let columns = "date=Tag,code=WKN,open=O,high=H,low=L,close=Last,volume=Stk";
    let line = ["data", "import", "strange.csv", "--columns", columns, "--price-kind", "traded", "--source", "mine"];
    assert_eq!(said(folder, &line)["files"][0]["added"], 1);
    let catalog = said(folder, &["data", "catalog"]);
    assert_eq!(catalog["series"][0]["sources"], json!(["mine"]));
    let wrong = run(folder, &["data", "import", "strange.csv", "--columns", "last=Last"]);
    assert!(wrong.code == 2 && wrong.err.contains("`last=Last` is not NAME=COLUMN"), "{wrong:?}");
}

#[test]
fn gaps_and_sql_answer_for_people_and_scripts() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    assert!(run(folder, &["data", "catalog"]).out.contains("no bars in data/lake"));
    let rows = bars();
    let kept: Vec<_> = rows.into_iter().filter(|r| !("2024-03-05"..="2024-03-07").contains(&r.day.as_str())).collect();
    write(folder, "bars.csv", &csv(&kept));
    said(folder, &["data", "import", "bars.csv"]);
    let gaps = said(folder, &["data", "gaps", "--symbols", "005930"]);
    assert_eq!(
        gaps["gaps"],
        json!([{"symbol": "005930", "price_kind": "traded", "from": "2024-03-05", "to": "2024-03-07", "days": 3}])
    );
    let sql =
        "SELECT symbol, count(*) AS days, min(day) AS first FROM daily WHERE symbol <> '000660' GROUP BY 1 ORDER BY 1";
    let answer = said(folder, &["data", "query", sql]);
    assert_eq!(answer["columns"], json!(["symbol", "days", "first"]));
    assert_eq!(answer["rows"], json!([["005930", 227, "2024-01-01"], ["035420", 227, "2024-01-01"]]));
    let csv = run(folder, &["data", "query", sql, "--csv"]);
    assert_eq!(csv.out, "symbol,days,first\n005930,227,2024-01-01\n035420,227,2024-01-01\n");
    let text = run(folder, &["data", "query", sql, "--limit", "1"]);
    assert!(
        text.out.contains("005930") && !text.out.contains("035420") && text.err.contains("cut at 1 rows"),
        "{text:?}"
    );
    let refused = run(folder, &["data", "query", "DROP TABLE daily_rows"]);
    assert!(refused.code == 4 && refused.err.contains("only one statement that reads"), "{refused:?}");
}

#[test]
fn real_layouts_are_imported_and_decide_the_same() {
    let Some(data) = std::env::var_os("FSTS_TEST_DATA") else {
        println!("skipped: FSTS_TEST_DATA not set");
        return;
    };
    let here = tempfile::tempdir().unwrap();
    let folder = here.path();
    let daily = Path::new(&data).join("daily/krx_full_market_2023_jan_feb.parquet").display().to_string();
    let imported = said(folder, &["data", "import", &daily, "--layout", "daily"]);
    assert_eq!(imported["files"][0]["rows_read"], 80_799);
    let line = [
        "backtest",
        "sma_cross",
        "--param",
        "fast=5",
        "--param",
        "slow=20",
        "--cash",
        "100000000",
        "--size",
        "equity:2",
    ];
    let of_file = said(folder, &[&line[..], &["--data", &daily]].concat());
    let of_lake = said(folder, &[&line[..], &["--data", "lake"]].concat());
    assert_eq!(of_lake["trace_hash"], of_file["trace_hash"]);
    let minutes = Path::new(&data).join("minute/kis_1m_2025_09_10_and_12.parquet").display().to_string();
    let week = ["--from", "2025-09-01", "--to", "2025-09-05"];
    let imported = said(folder, &[&["data", "import", &minutes, "--layout", "minute"], &week[..]].concat());
    assert!(imported["files"][0]["symbols"].as_u64().unwrap() > 10, "{imported}");
    let of_file = said(folder, &[&SMA[..], &week, &["--data", &minutes]].concat());
    let of_lake = said(folder, &[&SMA[..], &week, &["--data", "lake", "--interval", "minute"]].concat());
    assert_eq!(of_lake["trace_hash"], of_file["trace_hash"]);
}

#[tokio::test]
async fn a_bucket_is_as_good_a_place_as_a_folder() {
    let Some(server) = crate::aws_server::AwsServer::start() else { return };
    server.make_bucket("bars").await;
    let here = tempfile::tempdir().unwrap();
    let folder = here.path();
    write(folder, "bars.csv", &csv(&bars()));
    let environment = server.environment();
    let mut variables: Vec<(&str, &str)> = environment.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    variables.extend([("FSTS_LANG", "en"), ("FSTS_LAKE_URL", "s3://bars/krx")]);
    let said = |arguments: &[&str]| {
        let ended = fsts(folder, &[arguments, &["--json"]].concat(), &variables);
        assert_eq!(ended.code, 0, "{ended:?}");
        ended.json()
    };
    let imported = said(&["data", "import", "bars.csv"]);
    assert_eq!((&imported["place"], &imported["files"][0]["added"]), (&json!("s3://bars/krx"), &json!(690)));
    assert_eq!(said(&["data", "import", "bars.csv"])["files"][0]["generation"], 1);
    // A second commit needs the next number of the manifest, which the bucket gives to one writer.
    let mut other = bars();
    other[5].high += 100;
    write(folder, "other.csv", &csv(&other));
    assert_eq!(said(&["data", "import", "other.csv", "--on-conflict", "replace"])["files"][0]["generation"], 2);
    let of_file = said(&[&SMA[..], &["--data", "other.csv"]].concat());
    assert_eq!(said(&[&SMA[..], &["--data", "lake"]].concat())["trace_hash"], of_file["trace_hash"]);
    assert!(!folder.join("data/lake").exists());
}
