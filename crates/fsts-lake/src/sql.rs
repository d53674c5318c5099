//! SQL over the lake: the wanted bars are put into an in-memory SQLite, and one read-only statement runs there.
//!
//! Tables: `daily` (symbol, day, open, high, low, close, volume, base_price, name, market, price_kind, source), `minute` (the same
//! with ts, the Korean start of the minute) and `catalog` (one row a series). Decided in `docs/decisions/0012-lake-sql.md`.

use std::fmt::Write;

use futures_util::TryStreamExt;
use sqlx::sqlite::{SqliteConnectOptions, SqliteRow};
use sqlx::{
    AssertSqlSafe, Column, ConnectOptions, Executor, Row, SqlSafeStr, SqliteConnection, Statement, TypeInfo, ValueRef,
};

use crate::lake::{LakeTable, market_word};
use crate::{Interval, Lake, LakeError, LakeQuery, PriceKind, Series};

/// Bars that are put into memory for one statement; some 150 bytes each.
const BARS_MAX: usize = 5_000_000;
/// Rows of one INSERT.
const ROWS_AT_ONCE: usize = 500;
/// SQLite asks us after so many steps of its machine, and is told to give up after so many times: some minutes.
const STEPS: i32 = 1_000_000;
const STEPS_MAX: u32 = 20_000;

const SCHEMA: &str = "
CREATE TABLE abouts (id INTEGER PRIMARY KEY, name TEXT NOT NULL, market TEXT NOT NULL, source TEXT NOT NULL);
CREATE TABLE daily_rows (symbol TEXT NOT NULL, day TEXT NOT NULL, open INTEGER NOT NULL, high INTEGER NOT NULL,
    low INTEGER NOT NULL, close INTEGER NOT NULL, volume INTEGER NOT NULL, base_price INTEGER, price_kind TEXT NOT NULL,
    about INTEGER NOT NULL);
CREATE TABLE minute_rows (symbol TEXT NOT NULL, ts TEXT NOT NULL, open INTEGER NOT NULL, high INTEGER NOT NULL,
    low INTEGER NOT NULL, close INTEGER NOT NULL, volume INTEGER NOT NULL, base_price INTEGER, price_kind TEXT NOT NULL,
    about INTEGER NOT NULL);
CREATE TABLE catalog (interval TEXT NOT NULL, price_kind TEXT NOT NULL, symbol TEXT NOT NULL, name TEXT NOT NULL,
    market TEXT NOT NULL, first_day TEXT, last_day TEXT, rows INTEGER NOT NULL, days INTEGER NOT NULL, sources TEXT NOT NULL);
CREATE VIEW daily AS SELECT r.symbol, r.day, r.open, r.high, r.low, r.close, r.volume, r.base_price, a.name, a.market,
    r.price_kind, a.source FROM daily_rows r LEFT JOIN abouts a ON a.id = r.about;
CREATE VIEW minute AS SELECT r.symbol, substr(r.ts, 1, 10) AS day, r.ts, r.open, r.high, r.low, r.close, r.volume, r.base_price,
    a.name, a.market, r.price_kind, a.source FROM minute_rows r LEFT JOIN abouts a ON a.id = r.about;
";

/// A statement with what it may see.
#[derive(Debug, Clone)]
pub struct SqlQuery<'a> {
    /// One statement that begins with SELECT, WITH or VALUES.
    pub sql: &'a str,
    /// Bars that are put before it; its interval is not looked at. Without a price kind both kinds are there.
    pub bars: LakeQuery,
    /// Most rows of the answer.
    pub rows_max: usize,
}

/// A cell of an answer.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
#[serde(untagged)]
pub enum SqlCell {
    /// NULL.
    Nothing,
    /// A whole number.
    Whole(i64),
    /// A number with a fraction.
    Real(f64),
    /// Text; bytes as hexadecimal digits.
    Text(String),
}

/// An answer.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct SqlTable {
    /// Names of the columns.
    pub columns: Vec<String>,
    /// Rows, each as long as the names.
    pub rows: Vec<Vec<SqlCell>>,
    /// There were more rows than asked for.
    pub truncated: bool,
}

/// Why a statement has no answer. `Display` is English, [`SqlError::korean`] Korean.
#[derive(Debug, thiserror::Error)]
pub enum SqlError {
    /// It is not one statement that only reads; write it so.
    #[error("only one statement that reads (SELECT, WITH or VALUES) is run")]
    NotARead,
    /// It would need more bars than are put into memory; name symbols or days.
    #[error("more than {max} bars would be read into memory; narrow them with --symbols, --from or --to")]
    TooMuch {
        /// The limit.
        max: usize,
    },
    /// SQLite refuses it.
    #[error("SQL: {0}")]
    Sql(String),
    /// The lake.
    #[error(transparent)]
    Lake(#[from] LakeError),
}

impl SqlError {
    /// The message in Korean.
    pub fn korean(&self) -> String {
        match self {
            SqlError::NotARead => "읽기만 하는 문장 하나(SELECT, WITH, VALUES)만 실행합니다".to_owned(),
            SqlError::TooMuch { max } => {
                format!("봉 {max}개보다 많이 읽어야 합니다. --symbols, --from, --to로 줄이십시오")
            }
            SqlError::Sql(reason) => format!("SQL 오류: {reason}"),
            SqlError::Lake(error) => error.korean(),
        }
    }
}

impl From<sqlx::Error> for SqlError {
    fn from(error: sqlx::Error) -> Self {
        SqlError::Sql(match error {
            sqlx::Error::Database(error) => error.message().to_owned(),
            other => other.to_string(),
        })
    }
}

impl Lake {
    /// Runs one statement that reads.
    ///
    /// # Errors
    /// [`SqlError`]; nothing of the lake can change.
    pub async fn query(&self, query: &SqlQuery<'_>) -> Result<SqlTable, SqlError> {
        let words = words_of(query.sql).ok_or(SqlError::NotARead)?;
        let mut connection = SqliteConnectOptions::new().in_memory(true).disable_statement_logging().connect().await?;
        connection.execute(SCHEMA).await?;
        let names = |word: &str| words.iter().any(|w| w == word);
        let mut left = BARS_MAX;
        for (interval, table) in [(Interval::Day, "daily"), (Interval::Minute, "minute")] {
            if names(table) || names(&format!("{table}_rows")) {
                self.fill(&mut connection, query, interval, &mut left).await?;
            }
        }
        fill_catalog(&mut connection, &self.catalog().await?).await?;
        connection.execute("PRAGMA query_only = ON").await?;
        let mut asked = 0;
        connection.lock_handle().await?.set_progress_handler(STEPS, move || {
            asked += 1;
            asked < STEPS_MAX
        });
        answer(&mut connection, query).await
    }

    async fn fill(
        &self,
        connection: &mut SqliteConnection,
        query: &SqlQuery<'_>,
        interval: Interval,
        left: &mut usize,
    ) -> Result<(), SqlError> {
        let asked = LakeQuery { interval, ..query.bars.clone() };
        for kind in [PriceKind::Traded, PriceKind::Adjusted] {
            if query.bars.price_kind.is_some_and(|only| only != kind) {
                continue;
            }
            let asked = LakeQuery { price_kind: Some(kind), ..asked.clone() };
            let Some(table) = self.table(&asked, *left).await? else { return Err(SqlError::TooMuch { max: BARS_MAX }) };
            *left -= table.rows();
            insert(connection, &table, kind).await?;
        }
        Ok(())
    }
}

async fn insert(connection: &mut SqliteConnection, table: &LakeTable, kind: PriceKind) -> Result<(), SqlError> {
    connection.execute("BEGIN").await?;
    let into = match table.interval() {
        Interval::Day => "daily_rows",
        Interval::Minute => "minute_rows",
    };
    for part in table.parts() {
        let mut ids = Vec::with_capacity(part.abouts.len());
        for about in &part.abouts {
            let add = sqlx::query("INSERT INTO abouts (name, market, source) VALUES ($1, $2, $3)");
            let add = add.bind(&about.name).bind(market_word(about.market)).bind(&about.source);
            ids.push(add.execute(&mut *connection).await?.last_insert_rowid());
        }
        for rows in part.rows.chunks(ROWS_AT_ONCE) {
            // Numbers, codes and dates of our own making: nothing in here is anybody's text.
            let mut sql = format!("INSERT INTO {into} VALUES ");
            for (n, row) in rows.iter().enumerate() {
                let comma = if n > 0 { "," } else { "" };
                let (bar, at) = (&row.bar, table.shown(row.slot));
                let base = if row.base > 0 { row.base.to_string() } else { "NULL".to_owned() };
                let about = ids.get(row.about as usize).copied().unwrap_or_default();
                // Writing into a text does not fail.
                let _ = write!(
                    sql,
                    "{comma}('{}','{at}',{},{},{},{},{},{base},'{}',{about})",
                    row.symbol,
                    bar.open,
                    bar.high,
                    bar.low,
                    bar.close,
                    bar.volume,
                    kind.as_str()
                );
            }
            connection.execute(AssertSqlSafe(sql)).await?;
        }
    }
    connection.execute("COMMIT").await?;
    Ok(())
}

async fn fill_catalog(connection: &mut SqliteConnection, catalog: &[Series]) -> Result<(), SqlError> {
    connection.execute("BEGIN").await?;
    for series in catalog {
        let add = sqlx::query("INSERT INTO catalog VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)");
        let day = |day: Option<fsts_domain::TradingDay>| day.map(|d| d.to_string());
        let add = add.bind(series.interval.as_str()).bind(series.price_kind.as_str()).bind(series.symbol.to_string());
        let add =
            add.bind(&series.name).bind(market_word(series.market)).bind(day(series.first)).bind(day(series.last));
        let add = add.bind(series.rows as i64).bind(series.days as i64).bind(series.sources.join(" "));
        add.execute(&mut *connection).await?;
    }
    connection.execute("COMMIT").await?;
    Ok(())
}

async fn answer(connection: &mut SqliteConnection, query: &SqlQuery<'_>) -> Result<SqlTable, SqlError> {
    let statement = connection.prepare(AssertSqlSafe(query.sql.to_owned()).into_sql_str()).await?;
    let columns = statement.columns().iter().map(|c| c.name().to_owned()).collect();
    let mut table = SqlTable { columns, rows: Vec::new(), truncated: false };
    let mut rows = statement.query().fetch(connection);
    while let Some(row) = rows.try_next().await? {
        if table.rows.len() == query.rows_max {
            table.truncated = true;
            break;
        }
        let cells: Result<Vec<SqlCell>, SqlError> = (0..row.len()).map(|index| cell(&row, index)).collect();
        table.rows.push(cells?);
    }
    Ok(table)
}

fn cell(row: &SqliteRow, index: usize) -> Result<SqlCell, SqlError> {
    let raw = row.try_get_raw(index)?;
    if raw.is_null() {
        return Ok(SqlCell::Nothing);
    }
    let kind = raw.type_info();
    Ok(match kind.name() {
        "INTEGER" | "BOOLEAN" => SqlCell::Whole(row.try_get_unchecked(index)?),
        "REAL" => SqlCell::Real(row.try_get_unchecked(index)?),
        "BLOB" => {
            let bytes: Vec<u8> = row.try_get_unchecked(index)?;
            SqlCell::Text(bytes.iter().map(|b| format!("{b:02x}")).collect())
        }
        _ => SqlCell::Text(row.try_get_unchecked(index)?),
    })
}

/// The words of a statement in lower case, without texts and comments; `None` unless it is one statement that reads.
fn words_of(sql: &str) -> Option<Vec<String>> {
    let mut plain = String::with_capacity(sql.len());
    let mut chars = sql.chars().peekable();
    while let Some(c) = chars.next() {
        match (c, chars.peek()) {
            ('\'' | '"' | '`', _) => {
                // A quoted name may be a table; a quoted text does no harm as one.
                plain.push(' ');
                plain.extend(chars.by_ref().take_while(|next| *next != c));
                plain.push(' ');
            }
            ('[', _) => {
                plain.push(' ');
                plain.extend(chars.by_ref().take_while(|next| *next != ']'));
                plain.push(' ');
            }
            ('-', Some('-')) => {
                chars.by_ref().take_while(|next| *next != '\n').for_each(drop);
                plain.push(' ');
            }
            ('/', Some('*')) => {
                chars.next();
                let mut star = false;
                for next in chars.by_ref() {
                    if star && next == '/' {
                        break;
                    }
                    star = next == '*';
                }
                plain.push(' ');
            }
            (';', _) => {
                // Nothing may come after the end.
                let rest: String = chars.collect();
                return if rest.trim().is_empty() { reading(&plain) } else { None };
            }
            // Nothing is ever bound, and some forms of a variable may hold quotes, behind which a second statement could hide.
            ('$' | '@' | ':' | '#' | '?', _) => return None,
            _ => plain.push(c),
        }
    }
    reading(&plain)
}

fn reading(plain: &str) -> Option<Vec<String>> {
    let words: Vec<String> = plain
        .split(|c: char| !c.is_alphanumeric() && c != '_')
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect();
    words.first().is_some_and(|first| ["select", "with", "values"].contains(&first.as_str())).then_some(words)
}

#[cfg(test)]
mod tests {
    use super::words_of;

    #[test]
    fn only_one_statement_that_reads_is_taken() {
        for sql in [
            "SELECT 1",
            " select ';' from daily ; ",
            "-- note; \nWITH a AS (SELECT 1) SELECT * FROM a",
            "/* ; */ VALUES (1)",
            "SELECT \"a;b\" FROM minute",
        ] {
            assert!(words_of(sql).is_some(), "{sql}");
        }
        for sql in [
            "",
            "DELETE FROM daily",
            "SELECT 1; DROP TABLE daily",
            "ATTACH 'x.db' AS x",
            "PRAGMA query_only = OFF",
            "/* SELECT */ DROP VIEW daily",
            "EXPLAIN SELECT 1",
            "SELECT $1('); PRAGMA query_only=OFF; VACUUM INTO '/tmp/x",
            "SELECT ?1",
        ] {
            assert!(words_of(sql).is_none(), "{sql}");
        }
        assert!(words_of("SELECT * FROM \"Daily\"").unwrap().contains(&"daily".to_owned()));
    }
}
