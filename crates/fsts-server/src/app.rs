//! What every handler shares.

use std::sync::Arc;

use axum::http::StatusCode;
use fsts_domain::Symbol;
use fsts_store::{FillRow, OrderRow, StoreError};
use secrecy::SecretString;
use tokio::sync::{Semaphore, watch};

use crate::accounts::{Accounts, Seat};
use crate::archive::Archive;
use crate::desk::{Desk, Snapshot};
use crate::hub::Hub;
use crate::messages::{self, Language};
use crate::problem::Problem;
use crate::services::Services;
use crate::views::{AsOf, FillView, OrderView, StatusView};

/// Live connections that are served at once.
pub(crate) const READERS_MAX: usize = 32;

/// Ports, settings and the feed's hub; clones share them.
#[derive(Clone)]
pub(crate) struct App {
    /// The account that is spoken about.
    pub key: Arc<str>,
    pub accounts: Arc<Accounts>,
    pub desk: Arc<dyn Desk>,
    pub archive: Arc<dyn Archive>,
    pub token: Option<SecretString>,
    pub language: Language,
    pub allowed_hosts: Arc<[String]>,
    pub services: Services,
    pub hub: Hub,
    pub readers: Arc<Semaphore>,
    /// Places for calls of other programs' models.
    pub calls: Arc<Semaphore>,
    pub stopping: watch::Receiver<bool>,
}

impl App {
    /// The same server, speaking about another account. Its feed stays this one's.
    pub fn at(&self, seat: &Seat) -> App {
        let (desk, archive) = (Arc::clone(&seat.desk), Arc::clone(&seat.archive));
        App { key: seat.key.as_str().into(), desk, archive, ..self.clone() }
    }

    /// The status of a picture with the age of now and reasons in the reader's language.
    pub fn status(&self, snapshot: &Snapshot, language: Language) -> StatusView {
        let now = self.desk.now();
        let mut status = snapshot.status.clone();
        status.clock.now_ns = now.into();
        status.as_of = self.aged(status.as_of);
        for reason in &mut status.reasons {
            if messages::text(&reason.code).is_some() {
                reason.message = messages::words(&reason.code, language);
            }
        }
        for frozen in &mut status.frozen {
            frozen.reason = messages::words(&frozen.reason, language);
        }
        status.halt_reason = status.halt_reason.map(|reason| messages::words(&reason, language));
        status
    }

    /// The same mark with the age that it has now.
    pub fn aged(&self, as_of: AsOf) -> AsOf {
        AsOf::at(as_of.seq, as_of.at_ns.timestamp(), self.desk.now())
    }

    /// How recent the archive's rows are.
    pub async fn archive_as_of(&self) -> Result<AsOf, Problem> {
        let as_of = self.archive.as_of().await.map_err(archive_failed)?;
        Ok(AsOf::at(as_of.seq, as_of.at, self.desk.now()))
    }
}

/// Done when the server is to end.
pub(crate) async fn stopped(stopping: &mut watch::Receiver<bool>) {
    // A sender that is gone means the same.
    let _ = stopping.wait_for(|stop| *stop).await;
}

/// The cause goes to the log, the code to the client.
pub(crate) fn archive_failed(error: StoreError) -> Problem {
    tracing::error!(%error, "a read model could not be read");
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, "archive_failed")
}

/// An archived order as a view.
pub(crate) fn order_view(row: OrderRow, name: impl Fn(Symbol) -> String) -> OrderView {
    OrderView {
        id: row.id.to_string(),
        symbol: row.symbol,
        name: name(row.symbol),
        side: row.side,
        kind: row.kind.into(),
        qty: row.qty,
        price: match row.kind {
            fsts_domain::OrderKind::Limit(price) => Some(price),
            fsts_domain::OrderKind::Market => None,
        },
        state: row.state,
        order_number: row.order_number.map(|n| n.to_string()),
        filled_qty: row.filled_qty,
        filled_amount: row.filled_amount,
        bot: row.bot.to_string(),
        reason: row.reason,
        created_ns: row.created.into(),
        updated_ns: row.updated.into(),
    }
}

/// An archived execution as a view.
pub(crate) fn fill_view(row: FillRow, name: impl Fn(Symbol) -> String) -> FillView {
    FillView {
        id: row.id.to_string(),
        order_id: row.order_id.map(|id| id.to_string()),
        order_number: row.order_number.map(|n| n.to_string()),
        symbol: row.symbol,
        name: name(row.symbol),
        side: row.side,
        qty: row.qty,
        price: row.price,
        amount: row.amount,
        fee: row.fee,
        tax: row.tax,
        bot: row.bot.map_or_else(|| "External".to_owned(), |b| b.to_string()),
        at_ns: row.at.into(),
    }
}
