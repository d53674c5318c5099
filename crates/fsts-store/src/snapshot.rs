//! A consistent copy of the whole database while others write to it, and a database made from such a copy.
//!
//! SQLite copies itself into a new file. PostgreSQL is read in one transaction and written as lines of JSON: a head with the
//! schema version, then for each table its columns and its rows, then a foot that counts them. Such lines can be read into
//! PostgreSQL and into SQLite, because the schema is the same.

use std::collections::BTreeMap;
use std::path::Path;

use futures_util::TryStreamExt;
use serde::{Deserialize, Serialize};
use sqlx::{AnyConnection, AssertSqlSafe, Connection, Executor, Row};
use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncWrite, AsyncWriteExt};

use crate::{DatabaseTarget, Store, StoreError, connect, schema};

/// Format of the lines.
const FORMAT: u32 = 1;
/// SQLite takes at most this many parameters in one statement on its oldest builds.
const PARAMETERS_MAX: usize = 900;
/// The migrator makes this table itself.
const OWN_OF_MIGRATOR: &str = "_sqlx_migrations";
/// A row longer than this is not one of ours.
const LINE_MAX: usize = 64 * 1024 * 1024;

/// A line that is not a row.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Mark {
    Head { format: u32, schema: i64 },
    Table { name: String, columns: Vec<Column> },
    Foot { tables: u64, rows: u64 },
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Column {
    name: String,
    kind: String,
}

/// What of the lines to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tables {
    /// Every table.
    All,
    /// Only what a journal's proof needs.
    Journal,
}

impl Tables {
    fn has(self, table: &str) -> bool {
        self == Tables::All || matches!(table, "journal" | "lease")
    }
}

impl Store {
    /// Every stream that anybody ever held or wrote, sorted.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn streams(&self) -> Result<Vec<String>, StoreError> {
        let sql = "SELECT stream FROM lease UNION SELECT DISTINCT stream FROM journal ORDER BY 1";
        let rows = sqlx::query(sql).fetch_all(self.pool()).await?;
        Ok(rows.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>()?)
    }

    /// Version of the schema that the database has.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn schema_version(&self) -> Result<i64, StoreError> {
        schema_version(&mut connect::connect(self.target()).await?).await
    }

    /// Copies a SQLite database, as it is at one instant, into a new file at `path`.
    ///
    /// # Errors
    /// [`StoreError::Misuse`] on PostgreSQL; other variants when the copy fails, for a full disk too.
    pub async fn copy_into(&self, path: &Path) -> Result<(), StoreError> {
        let DatabaseTarget::Sqlite(_) = self.target() else {
            return Err(StoreError::Misuse { what: "only a SQLite database is copied as a file".to_owned() });
        };
        let Some(path) = path.to_str() else {
            return Err(StoreError::Misuse { what: "the path of the copy is not valid Unicode".to_owned() });
        };
        let mut connection = connect::connect(self.target()).await?;
        sqlx::query("VACUUM INTO $1").bind(path).execute(&mut connection).await?;
        Ok(connection.close().await?)
    }

    /// Writes every row of a PostgreSQL database, as they are at one instant, and gives their number.
    ///
    /// # Errors
    /// [`StoreError::Misuse`] on SQLite; other variants when the database fails or nothing more can be written.
    pub async fn write_rows(&self, out: &mut (impl AsyncWrite + Unpin + Send)) -> Result<u64, StoreError> {
        let DatabaseTarget::Postgres(_) = self.target() else {
            return Err(StoreError::Misuse { what: "only a PostgreSQL database is written as rows".to_owned() });
        };
        let mut connection = connect::connect(self.target()).await?;
        // Dropped half-way, the connection ends and the transaction with it.
        connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?;
        let head = Mark::Head { format: FORMAT, schema: schema_version(&mut connection).await? };
        write_line(out, &head).await?;
        let tables = tables(&mut connection).await?;
        let mut rows = 0;
        for (name, columns) in &tables {
            write_line(out, &Mark::Table { name: name.clone(), columns: columns.clone() }).await?;
            rows += write_table(&mut connection, (name, columns), out).await?;
        }
        write_line(out, &Mark::Foot { tables: tables.len() as u64, rows }).await?;
        out.flush().await.map_err(unwritten)?;
        connection.execute("COMMIT").await?;
        connection.close().await?;
        Ok(rows)
    }

    /// Makes a database at `target`, which must be empty, from the lines of [`Store::write_rows`].
    ///
    /// # Errors
    /// [`StoreError::Misuse`] where something is there already, [`StoreError::NewerSchema`] for a newer program's copy,
    /// [`StoreError::Damaged`] where lines are missing or changed; a failed one leaves tables without rows behind.
    pub async fn from_rows(
        target: &DatabaseTarget,
        lines: &mut (impl AsyncBufRead + Unpin + Send),
        wanted: Tables,
    ) -> Result<Store, StoreError> {
        Store::must_be_empty(target).await?;
        let Some(Mark::Head { format: FORMAT, schema }) = next_line(lines).await?.map(|l| mark(&l)).transpose()? else {
            return Err(damaged("the copy does not begin as this program writes it"));
        };
        let mut connection = connect::connect(target).await?;
        schema::migrate_to(&mut connection, schema).await?;
        let is_postgres = connection.backend_name() == "PostgreSQL";
        let mut transaction = connection.begin().await?;
        let mut reader = RowReader { wanted, is_postgres, table: None, waiting: Vec::new(), tables: 0, rows: 0 };
        loop {
            let Some(line) = next_line(lines).await? else {
                return Err(damaged("the copy ends before its foot"));
            };
            if reader.line(&line, &mut transaction).await? {
                break;
            }
        }
        transaction.commit().await?;
        connection.close().await?;
        Store::open(target).await
    }

    /// Refuses a database that holds anything.
    ///
    /// # Errors
    /// [`StoreError::Misuse`] where something is there; other variants when the database can't be asked.
    pub async fn must_be_empty(target: &DatabaseTarget) -> Result<(), StoreError> {
        let occupied = || StoreError::Misuse { what: format!("{target} is not empty") };
        match target {
            DatabaseTarget::Sqlite(path) if path.exists() => Err(occupied()),
            DatabaseTarget::Sqlite(_) => Ok(()),
            DatabaseTarget::Postgres(_) => {
                let mut connection = connect::connect(target).await?;
                let found = tables(&mut connection).await?;
                connection.close().await?;
                if found.is_empty() { Ok(()) } else { Err(occupied()) }
            }
        }
    }
}

async fn schema_version(connection: &mut AnyConnection) -> Result<i64, StoreError> {
    let row = sqlx::query("SELECT CAST(MAX(version) AS BIGINT) AS newest FROM _sqlx_migrations");
    Ok(row.fetch_one(connection).await?.try_get("newest")?)
}

/// The tables of a PostgreSQL schema with their columns, those that others refer to first.
async fn tables(connection: &mut AnyConnection) -> Result<Vec<(String, Vec<Column>)>, StoreError> {
    let sql = "SELECT CAST(c.table_name AS TEXT) AS tbl, CAST(c.column_name AS TEXT) AS col, CAST(c.data_type AS TEXT) AS kind \
               FROM information_schema.columns c JOIN information_schema.tables t \
               ON t.table_schema = c.table_schema AND t.table_name = c.table_name \
               WHERE c.table_schema = current_schema() AND t.table_type = 'BASE TABLE' AND c.is_generated = 'NEVER' \
               AND c.table_name <> $1 ORDER BY c.table_name, c.ordinal_position";
    let mut found: BTreeMap<String, Vec<Column>> = BTreeMap::new();
    for row in sqlx::query(sql).bind(OWN_OF_MIGRATOR).fetch_all(&mut *connection).await? {
        let column = Column { name: row.try_get("col")?, kind: row.try_get("kind")? };
        found.entry(row.try_get("tbl")?).or_default().push(column);
    }
    let sql = "SELECT CAST(a.relname AS TEXT) AS child, CAST(b.relname AS TEXT) AS parent FROM pg_constraint k \
               JOIN pg_class a ON a.oid = k.conrelid JOIN pg_class b ON b.oid = k.confrelid \
               JOIN pg_namespace n ON n.oid = a.relnamespace \
               WHERE k.contype = 'f' AND n.nspname = current_schema() AND a.oid <> b.oid";
    let mut references: Vec<(String, String)> = Vec::new();
    for row in sqlx::query(sql).fetch_all(&mut *connection).await? {
        references.push((row.try_get("child")?, row.try_get("parent")?));
    }
    Ok(parents_first(found, &references))
}

fn parents_first(
    mut tables: BTreeMap<String, Vec<Column>>,
    references: &[(String, String)],
) -> Vec<(String, Vec<Column>)> {
    let mut ordered = Vec::with_capacity(tables.len());
    while !tables.is_empty() {
        let waits =
            |name: &String| references.iter().any(|(child, parent)| child == name && tables.contains_key(parent));
        // Tables that refer to each other in a circle have no order; the database will say so when they are read back.
        let next = tables.keys().find(|name| !waits(name)).or_else(|| tables.keys().next()).cloned();
        let Some(entry) = next.and_then(|name| tables.remove_entry(&name)) else { break };
        ordered.push(entry);
    }
    ordered
}

async fn write_table(
    connection: &mut AnyConnection,
    (name, columns): (&str, &[Column]),
    out: &mut (impl AsyncWrite + Unpin + Send),
) -> Result<u64, StoreError> {
    let list: Vec<String> =
        columns.iter().map(|c| Ok(format!("CAST({} AS TEXT)", quoted(&c.name)?))).collect::<Result<_, StoreError>>()?;
    let sql = format!("SELECT {} FROM {}", list.join(", "), quoted(name)?);
    let mut rows = sqlx::query(AssertSqlSafe(sql)).fetch(connection);
    let mut count = 0;
    while let Some(row) = rows.try_next().await? {
        let cells = (0..columns.len()).map(|ix| row.try_get(ix)).collect::<Result<Vec<Option<String>>, _>>()?;
        write_line(out, &cells).await?;
        count += 1;
    }
    Ok(count)
}

async fn write_line<T: Serialize>(out: &mut (impl AsyncWrite + Unpin + Send), line: &T) -> Result<(), StoreError> {
    let mut text = serde_json::to_vec(line).map_err(|e| StoreError::Failed { reason: e.to_string() })?;
    text.push(b'\n');
    out.write_all(&text).await.map_err(unwritten)
}

fn unwritten(error: std::io::Error) -> StoreError {
    StoreError::Failed { reason: format!("the copy can't be written: {error}") }
}

/// The next line without its end; `None` at the end.
async fn next_line(lines: &mut (impl AsyncBufRead + Unpin + Send)) -> Result<Option<String>, StoreError> {
    let mut line = Vec::new();
    let read = tokio::io::AsyncReadExt::take(&mut *lines, LINE_MAX as u64).read_until(b'\n', &mut line).await;
    read.map_err(|e| StoreError::Failed { reason: format!("the copy can't be read: {e}") })?;
    if line.is_empty() {
        return Ok(None);
    }
    if line.pop() != Some(b'\n') {
        return Err(damaged("a line of the copy has no end"));
    }
    String::from_utf8(line).map(Some).map_err(|_| damaged("a line of the copy is no text"))
}

fn mark(line: &str) -> Result<Mark, StoreError> {
    let mark: Mark = serde_json::from_str(line).map_err(|_| damaged("a line of the copy is not understood"))?;
    match mark {
        Mark::Head { format, .. } if format != FORMAT => Err(damaged("the copy has another format")),
        other => Ok(other),
    }
}

fn damaged(what: &str) -> StoreError {
    StoreError::Damaged { what: what.to_owned() }
}

/// Names come from a file that somebody may have changed: only what our own migrations could have made is taken.
fn quoted(name: &str) -> Result<String, StoreError> {
    let fits = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if fits { Ok(format!("\"{name}\"")) } else { Err(damaged("the copy names a table or column that is none of ours")) }
}

/// Puts lines back into tables.
struct RowReader {
    wanted: Tables,
    is_postgres: bool,
    /// Name and columns of the table whose rows come; `None` where they are left out.
    table: Option<(String, Vec<Column>)>,
    waiting: Vec<Vec<Option<String>>>,
    tables: u64,
    rows: u64,
}

impl RowReader {
    /// Takes a line; true after the foot.
    async fn line(&mut self, line: &str, connection: &mut AnyConnection) -> Result<bool, StoreError> {
        if line.starts_with('[') {
            self.rows += 1;
            let Some((_, columns)) = &self.table else { return Ok(false) };
            let row: Vec<Option<String>> =
                serde_json::from_str(line).map_err(|_| damaged("a row is not understood"))?;
            if row.len() != columns.len() {
                return Err(damaged("a row has another number of columns than its table"));
            }
            let full = (self.waiting.len() + 2) * columns.len() > PARAMETERS_MAX;
            self.waiting.push(row);
            if full {
                self.insert(connection).await?;
            }
            return Ok(false);
        }
        self.insert(connection).await?;
        match mark(line)? {
            Mark::Head { .. } => Err(damaged("a second head")),
            Mark::Table { name, columns } => {
                self.tables += 1;
                self.table = self.wanted.has(&name).then_some((name, columns));
                Ok(false)
            }
            Mark::Foot { tables, rows } if (tables, rows) == (self.tables, self.rows) => Ok(true),
            Mark::Foot { .. } => Err(damaged("rows of the copy are missing")),
        }
    }

    async fn insert(&mut self, connection: &mut AnyConnection) -> Result<(), StoreError> {
        let rows = std::mem::take(&mut self.waiting);
        let (Some((name, columns)), false) = (&self.table, rows.is_empty()) else {
            return Ok(());
        };
        let names: Vec<String> = columns.iter().map(|c| quoted(&c.name)).collect::<Result<_, _>>()?;
        let mut values = Vec::with_capacity(rows.len());
        for row in 0..rows.len() {
            let first = row * columns.len() + 1;
            let cells: Vec<String> =
                columns.iter().zip(first..).map(|(c, n)| self.placeholder(&c.kind, n)).collect::<Result<_, _>>()?;
            values.push(format!("({})", cells.join(", ")));
        }
        let sql = format!("INSERT INTO {} ({}) VALUES {}", quoted(name)?, names.join(", "), values.join(", "));
        let mut query = sqlx::query(AssertSqlSafe(sql));
        for cell in rows.into_iter().flatten() {
            query = query.bind(cell);
        }
        query.execute(connection).await?;
        Ok(())
    }

    /// Cells are texts; the cast makes them what the column is.
    fn placeholder(&self, kind: &str, number: usize) -> Result<String, StoreError> {
        match kind {
            "text" => Ok(format!("${number}")),
            "bigint" => Ok(format!("CAST(${number} AS BIGINT)")),
            kind if self.is_postgres && kind.chars().all(|c| c.is_ascii_alphanumeric() || c == ' ') => {
                Ok(format!("CAST(CAST(${number} AS TEXT) AS {kind})"))
            }
            _ => Err(damaged("the copy has a column that this database can't hold")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_comes_after_those_it_refers_to() {
        let tables: BTreeMap<String, Vec<Column>> =
            ["a", "b", "c"].iter().map(|name| ((*name).to_owned(), Vec::new())).collect();
        let references = [("a".to_owned(), "c".to_owned()), ("c".to_owned(), "b".to_owned())];
        let order: Vec<String> = parents_first(tables, &references).into_iter().map(|(name, _)| name).collect();
        assert_eq!(order, ["b", "c", "a"]);
    }

    #[test]
    fn a_name_from_a_copy_cannot_carry_a_statement() {
        assert_eq!(quoted("journal").unwrap(), "\"journal\"");
        assert!(quoted("journal\"; DROP TABLE journal; --").is_err());
        assert!(quoted("").is_err());
    }
}
