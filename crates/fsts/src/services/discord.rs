//! Discord beside the trading loop: slash commands by signed interactions, messages of programs through the outbox of
//! alerts, and a stand-in channel for the demo.

pub mod commands;
mod interactions;
pub mod rights;
pub mod standin;

use std::sync::Arc;

use fsts_domain::Timestamp;
use fsts_server::{Discord, DiscordMessage, Interaction, ShownMessage};
use fsts_store::{Alert, Enqueued, Outgoing, Store, StoreError};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::Ground;
use crate::alerts::{Bell, MESSAGE, real_clock};
use interactions::Interactions;
use rights::Rights;
use standin::Shown;

/// How Discord is used; the default takes no interaction and sends nowhere.
#[derive(Debug, Clone, Default)]
pub struct DiscordSettings {
    /// The application's public key, with which the service signs interactions.
    pub public_key: Option<[u8; 32]>,
    /// Who may do what.
    pub rights: Rights,
    /// The demo's own channel.
    pub stand_in: Option<Shown>,
    /// Alerts go to a web hook.
    pub has_webhook: bool,
}

/// The server's port.
pub struct DiscordDesk {
    store: Store,
    stream: String,
    bell: Arc<Bell>,
    ground: Ground,
    interactions: Option<Interactions>,
    stand_in: Option<Shown>,
}

/// The port for the server.
pub fn assemble(ground: &Ground) -> Arc<dyn Discord> {
    let settings = &ground.settings.discord;
    let interactions = settings.public_key.map(|key| {
        let (desk, accounts) = (Arc::clone(&ground.desk), Arc::clone(&ground.accounts));
        let commands = commands::Commands { desk, accounts, rights: settings.rights.clone() };
        Interactions::new(key, commands, real_clock())
    });
    Arc::new(DiscordDesk {
        store: ground.store.clone(),
        stream: ground.stream.clone(),
        bell: Arc::clone(&ground.bell),
        ground: ground.clone(),
        interactions,
        stand_in: settings.stand_in.clone(),
    })
}

impl DiscordDesk {
    /// A message as an alert that cites the newest journal record; its id is made of its key.
    fn alert(&self, message: DiscordMessage) -> Alert {
        use fsts_server::Desk as _;
        let seq = self.ground.desk.snapshot().status.as_of.seq;
        let digest = blake3::hash(message.key.as_bytes()).to_hex();
        let at: Timestamp = self.ground.desk.now();
        Alert {
            id: format!("{}-{MESSAGE}-{}", self.stream, &digest[..24]),
            stream: self.stream.clone(),
            seq,
            kind: MESSAGE.to_owned(),
            severity: message.level,
            message_ko: message.text.clone(),
            message_en: message.text,
            at,
            channel: message.channel,
            symbol: message.symbol,
        }
    }
}

impl Discord for DiscordDesk {
    fn interaction<'a>(&'a self, signature: &'a str, timestamp: &'a str, body: &'a [u8]) -> BoxFuture<'a, Interaction> {
        match &self.interactions {
            Some(interactions) => interactions.answer(signature, timestamp, body).boxed(),
            // Without a key nothing can be known to come from the service.
            None => std::future::ready(Interaction::Unsigned).boxed(),
        }
    }

    fn send(&self, message: DiscordMessage) -> BoxFuture<'_, Result<(String, Enqueued), StoreError>> {
        async move {
            let alert = self.alert(message);
            let taken = self.store.enqueue_alert(&alert).await?;
            self.bell.ring();
            Ok((alert.id, taken))
        }
        .boxed()
    }

    fn message<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<Option<Outgoing>, StoreError>> {
        self.store.alert(id).boxed()
    }

    fn shown(&self) -> Option<Vec<ShownMessage>> {
        self.stand_in.as_ref().map(Shown::messages)
    }
}
