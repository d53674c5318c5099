//! Alerts on their way out: written once per journaled fact, sent until delivered.

use fsts_domain::{Symbol, Timestamp};
use serde::{Deserialize, Serialize};
use sqlx::Row;
use sqlx::any::AnyRow;

use crate::chain::{signed, unsigned};
use crate::rows::{from_word, from_word_or_null, word};
use crate::{Store, StoreError};

/// Undelivered alerts that are kept; more would only bury the operator when the target comes back.
const WAITING_MAX: i64 = 10_000;
/// Back-off after a failed attempt: 2 s, 4 s, 8 s … up to this.
const BACK_OFF_MAX_S: i64 = 300;

/// How much an alert matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Good to know.
    Info,
    /// Look at it today.
    Warning,
    /// Look at it now.
    Error,
}

/// Where an alert is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    /// Trouble, and what has no channel of its own.
    #[default]
    Alarm,
    /// Orders and fills.
    Trading,
    /// Results of simulations.
    Simulation,
}

impl Channel {
    /// All of them.
    pub const ALL: [Channel; 3] = [Channel::Alarm, Channel::Trading, Channel::Simulation];
}

/// An alert about a journaled fact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alert {
    /// Made of the fact alone (stream, sequence, kind), so that telling it again changes nothing.
    pub id: String,
    /// The stream of the fact.
    pub stream: String,
    /// The record that states the fact.
    pub seq: u64,
    /// What kind of fact.
    pub kind: String,
    /// How much it matters.
    pub severity: Severity,
    /// Korean text.
    pub message_ko: String,
    /// English text.
    pub message_en: String,
    /// Time of the fact.
    pub at: Timestamp,
    /// Where it is told.
    pub channel: Channel,
    /// The instrument whose chart goes with it.
    pub symbol: Option<Symbol>,
}

impl Alert {
    /// The id of the alert of this kind about a record.
    pub fn id_of(stream: &str, seq: u64, kind: &str) -> String {
        format!("{stream}-{seq}-{kind}")
    }
}

/// An alert with the state of its delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outgoing {
    /// The alert.
    pub alert: Alert,
    /// Failed attempts so far.
    pub attempts: u32,
    /// When it was delivered.
    pub delivered: Option<Timestamp>,
}

/// What became of an alert that was handed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Enqueued {
    /// It waits for delivery.
    New,
    /// The fact was told before.
    Known,
    /// Too many wait already; it was dropped, and the caller counts it.
    Full,
}

const COLUMNS: &str = "SELECT id, stream, seq, kind, severity, message_ko, message_en, at_ns, attempts, delivered_ns, \
                       channel, symbol FROM outbox";

impl Store {
    /// Puts an alert into the outbox, once per id.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn enqueue_alert(&self, alert: &Alert) -> Result<Enqueued, StoreError> {
        let sql = "INSERT INTO outbox (id, stream, seq, kind, severity, message_ko, message_en, at_ns, attempts, \
                   next_try_ns, delivered_ns, channel, symbol) SELECT $1, $2, $3, $4, $5, $6, $7, $8, 0, 0, 0, $10, \
                   $11 WHERE (SELECT COUNT(*) FROM outbox WHERE delivered_ns = 0) < $9 ON CONFLICT (id) DO NOTHING";
        let insert = sqlx::query(sql).bind(&alert.id).bind(&alert.stream).bind(signed(alert.seq)).bind(&alert.kind);
        let insert = insert.bind(word(&alert.severity)).bind(&alert.message_ko).bind(&alert.message_en);
        let insert = insert.bind(alert.at.ns()).bind(WAITING_MAX).bind(word(&alert.channel));
        let inserted = insert.bind(alert.symbol.map(|s| s.to_string())).execute(self.pool()).await?;
        if inserted.rows_affected() == 1 {
            return Ok(Enqueued::New);
        }
        let known = sqlx::query("SELECT id FROM outbox WHERE id = $1").bind(&alert.id);
        let known = known.fetch_optional(self.pool()).await?.is_some();
        Ok(if known { Enqueued::Known } else { Enqueued::Full })
    }

    /// A stream's alerts to these channels whose next attempt is due, in the order of their facts.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn due_alerts(
        &self,
        (stream, channels): (&str, &[Channel]),
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<Outgoing>, StoreError> {
        let sql = format!(
            "{COLUMNS} WHERE delivered_ns = 0 AND next_try_ns <= $1 AND stream = $2 AND channel IN ($3, $4, $5) \
             ORDER BY seq, id LIMIT $6"
        );
        let mut rows = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(now.ns()).bind(stream);
        for place in 0..Channel::ALL.len() {
            rows = rows.bind(channels.get(place).map(word));
        }
        let rows = rows.bind(i64::from(limit));
        rows.fetch_all(self.pool()).await?.iter().map(outgoing).collect()
    }

    /// The latest alerts, newest first, delivered or not.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn alerts(&self, limit: u32) -> Result<Vec<Outgoing>, StoreError> {
        let sql = format!("{COLUMNS} ORDER BY at_ns DESC, seq DESC, id DESC LIMIT $1");
        let rows = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(i64::from(limit));
        rows.fetch_all(self.pool()).await?.iter().map(outgoing).collect()
    }

    /// One alert.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn alert(&self, id: &str) -> Result<Option<Outgoing>, StoreError> {
        let sql = format!("{COLUMNS} WHERE id = $1");
        let row = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(id).fetch_optional(self.pool()).await?;
        row.as_ref().map(outgoing).transpose()
    }

    /// Alerts that the target has not taken yet.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn alerts_waiting(&self) -> Result<u64, StoreError> {
        let row = sqlx::query("SELECT COUNT(*) AS waiting FROM outbox WHERE delivered_ns = 0");
        crate::chain::unsigned(&row.fetch_one(self.pool()).await?, "waiting")
    }

    /// How many alerts the target has not taken yet, and when the oldest of them came up.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn waiting_alerts(&self) -> Result<(u64, Option<Timestamp>), StoreError> {
        let sql = "SELECT COUNT(*) AS waiting, MIN(at_ns) AS oldest FROM outbox WHERE delivered_ns = 0";
        let row = sqlx::query(sql).fetch_one(self.pool()).await?;
        let oldest: Option<i64> = row.try_get("oldest")?;
        Ok((crate::chain::unsigned(&row, "waiting")?, oldest.map(Timestamp::from_ns)))
    }

    /// Notes that the target took the alert.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails; the alert may then be sent a second time.
    pub async fn alert_delivered(&self, id: &str, now: Timestamp) -> Result<(), StoreError> {
        let sql = "UPDATE outbox SET delivered_ns = $2 WHERE id = $1 AND delivered_ns = 0";
        sqlx::query(sql).bind(id).bind(now.ns().max(1)).execute(self.pool()).await?;
        Ok(())
    }

    /// Notes a failed attempt. The next one comes after `wait_s` when the target named it, else after a back-off.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn alert_failed(&self, sent: &Outgoing, now: Timestamp, wait_s: Option<i64>) -> Result<(), StoreError> {
        let back_off = 2i64.saturating_pow(sent.attempts.saturating_add(1)).min(BACK_OFF_MAX_S);
        let next = now.plus_s(wait_s.unwrap_or(back_off).clamp(1, 24 * 3600));
        let sql = "UPDATE outbox SET attempts = attempts + 1, next_try_ns = $2 WHERE id = $1 AND delivered_ns = 0";
        sqlx::query(sql).bind(&sent.alert.id).bind(next.ns()).execute(self.pool()).await?;
        Ok(())
    }
}

fn outgoing(row: &AnyRow) -> Result<Outgoing, StoreError> {
    let delivered: i64 = row.try_get("delivered_ns")?;
    let alert = Alert {
        id: row.try_get("id")?,
        stream: row.try_get("stream")?,
        seq: unsigned(row, "seq")?,
        kind: row.try_get("kind")?,
        severity: from_word(row, "severity")?,
        message_ko: row.try_get("message_ko")?,
        message_en: row.try_get("message_en")?,
        at: Timestamp::from_ns(row.try_get("at_ns")?),
        channel: from_word(row, "channel")?,
        symbol: from_word_or_null(row, "symbol")?,
    };
    Ok(Outgoing {
        alert,
        attempts: u32::try_from(unsigned(row, "attempts")?).unwrap_or(u32::MAX),
        delivered: (delivered != 0).then(|| Timestamp::from_ns(delivered)),
    })
}
