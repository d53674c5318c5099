//! SQL over the lake.

use std::sync::Arc;

use fsts_lake::{Batch, Conflicts, Interval, Lake, LakeQuery, SqlCell, SqlError, SqlQuery, SqlTable};
use object_store::memory::InMemory;

use crate::scratch::{Scratch, read};

const DAILY: &str = "date,code,name,market,open,high,low,close,volume\n\
    2024-01-02,005930,삼성전자,KOSPI,78200,79800,78200,79600,10\n\
    2024-01-03,005930,삼성전자,KOSPI,78500,78800,77000,77000,30\n\
    2024-01-02,000660,하이닉스 'it''s,KOSPI,140000,142000,139500,141500,5\n";

async fn lake() -> Lake {
    let scratch = Scratch::new();
    let lake = Lake::new(Arc::new(InMemory::new()), "".into(), "memory");
    let minutes = "ts,code,open,high,low,close,volume,src\n2024-01-02 09:01:00,005930,78200,78300,78200,78300,7\n";
    for (name, text) in [("daily.csv", DAILY), ("minutes.csv", minutes)] {
        let data = read(&scratch.csv(name, text));
        let batch = Batch { data: &data, source: "test", conflicts: Conflicts::Refuse, covered: &[] };
        lake.put(&batch).await.unwrap();
    }
    lake
}

async fn ask(lake: &Lake, sql: &str) -> Result<SqlTable, SqlError> {
    lake.query(&SqlQuery { sql, bars: LakeQuery::all(Interval::Day), rows_max: 2 }).await
}

fn text(text: &str) -> SqlCell {
    SqlCell::Text(text.to_owned())
}

#[tokio::test]
async fn a_statement_reads_daily_minute_and_catalog() {
    let lake = lake().await;
    let sql = "SELECT symbol, name, max(close) AS top, avg(volume) AS mean FROM daily GROUP BY symbol ORDER BY symbol";
    let table = ask(&lake, sql).await.unwrap();
    assert_eq!(table.columns, ["symbol", "name", "top", "mean"]);
    let hynix = vec![text("000660"), text("하이닉스 'it''s"), SqlCell::Whole(141_500), SqlCell::Real(5.0)];
    assert_eq!(
        table.rows,
        [hynix, vec![text("005930"), text("삼성전자"), SqlCell::Whole(79_600), SqlCell::Real(20.0)]]
    );
    let table = ask(&lake, "SELECT ts, day, price_kind, base_price FROM minute").await.unwrap();
    assert_eq!(table.rows, [vec![text("2024-01-02 09:01:00"), text("2024-01-02"), text("traded"), SqlCell::Nothing]]);
    let table = ask(&lake, "SELECT symbol, rows FROM catalog WHERE interval = 'day' ORDER BY 1").await.unwrap();
    assert_eq!(table.rows[1], [text("005930"), SqlCell::Whole(2)]);
}

#[tokio::test]
async fn days_and_symbols_bound_what_a_statement_sees() {
    let lake = lake().await;
    let day = Some("2024-01-03".parse().unwrap());
    let symbols = Some(vec!["005930".parse().unwrap(), "035420".parse().unwrap()]);
    let bars = LakeQuery { from: day, symbols, ..LakeQuery::all(Interval::Day) };
    let query = SqlQuery { sql: "SELECT symbol, day FROM daily", bars, rows_max: 10 };
    let table = lake.query(&query).await.unwrap();
    assert_eq!(table.rows, [vec![text("005930"), text("2024-01-03")]]);
}

#[tokio::test]
async fn an_answer_is_cut_and_says_so() {
    let table = ask(&lake().await, "SELECT * FROM daily").await.unwrap();
    assert!(table.truncated && table.rows.len() == 2);
}

#[tokio::test]
async fn nothing_is_written_attached_or_run_for_ever() {
    let lake = lake().await;
    for sql in ["DELETE FROM daily_rows", "SELECT 1; SELECT 2", "ATTACH 'x.db' AS x", "PRAGMA query_only = 0"] {
        assert!(matches!(ask(&lake, sql).await, Err(SqlError::NotARead)), "{sql}");
    }
    let hidden = "WITH a AS (SELECT 1) DELETE FROM daily_rows";
    assert!(matches!(ask(&lake, hidden).await, Err(SqlError::Sql(_))));
    let wrong = ask(&lake, "SELECT clos FROM daily").await.unwrap_err();
    assert!(wrong.to_string().contains("no such column: clos"), "{wrong}");
}
