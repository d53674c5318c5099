//! The wire of interactions: signature, age, kinds; and the second step of what can't be undone.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use fsts_domain::{NS_PER_S, Timestamp};
use fsts_kis::MarketClock;
use fsts_server::Interaction;
use ring::signature::{ED25519, UnparsedPublicKey};
use serde::Deserialize;
use serde_json::{Value, json};

use super::commands::{Commands, Said};
use super::rights::unhex;
use crate::messages::Lang;

/// A signed time may differ from ours by this much: an old interaction is somebody's recording.
const AGE_MAX_S: i64 = 300;
/// A confirmation is good for this long.
const CONFIRM_S: i64 = 60;
/// Confirmations that may be open at once.
const OPEN_MAX: usize = 100;
/// Only the person who asked sees the answer.
const EPHEMERAL: u32 = 64;
const PING: u8 = 1;
const COMMAND: u8 = 2;
const BUTTON: u8 = 3;
const REPLY: u8 = 4;
const REPLACE: u8 = 7;
const RED: u8 = 4;
const GREY: u8 = 2;

/// What is read of an interaction.
#[derive(Debug, Deserialize)]
struct Asked {
    #[serde(rename = "type")]
    kind: u8,
    data: Option<Data>,
    guild_id: Option<String>,
    member: Option<Member>,
    user: Option<User>,
    locale: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Data {
    name: Option<String>,
    custom_id: Option<String>,
    #[serde(default)]
    options: Vec<Choice>,
}

#[derive(Debug, Deserialize)]
struct Choice {
    name: String,
    #[serde(default)]
    value: Value,
}

#[derive(Debug, Deserialize)]
struct Member {
    user: User,
}

#[derive(Debug, Deserialize)]
struct User {
    id: String,
}

/// A command that waits for its button.
struct Open {
    user: String,
    until: Timestamp,
}

/// The answering side.
pub struct Interactions {
    key: UnparsedPublicKey<[u8; 32]>,
    commands: Commands,
    clock: Arc<dyn MarketClock>,
    open: Mutex<BTreeMap<String, Open>>,
}

impl Interactions {
    /// Answers what `key` signed.
    pub fn new(key: [u8; 32], commands: Commands, clock: Arc<dyn MarketClock>) -> Self {
        Interactions { key: UnparsedPublicKey::new(&ED25519, key), commands, clock, open: Mutex::default() }
    }

    /// One interaction; nothing of it is looked at before its signature holds.
    pub async fn answer(&self, signature: &str, timestamp: &str, body: &[u8]) -> Interaction {
        if !self.is_signed(signature, timestamp, body) {
            return Interaction::Unsigned;
        }
        let Ok(asked) = serde_json::from_slice::<Asked>(body) else { return Interaction::Malformed };
        if asked.kind == PING {
            return Interaction::Reply(json!({ "type": PING }));
        }
        let lang = match asked.locale.as_deref() {
            Some(locale) if !locale.starts_with("ko") => Lang::En,
            Some(_) | None => Lang::Ko,
        };
        let person = asked.member.map(|m| m.user).or(asked.user).map(|u| u.id).unwrap_or_default();
        let right = self.commands.rights.of(&person, asked.guild_id.as_deref());
        let Some(right) = right else {
            return Interaction::Reply(reply(REPLY, super::commands::stranger().get(lang), None));
        };
        match (asked.kind, asked.data) {
            (COMMAND, Some(Data { name: Some(name), options, .. })) => {
                let options = options.into_iter().map(|o| (o.name, text_of(o.value))).collect();
                let said = self.commands.run((&name, options), right, lang).await;
                Interaction::Reply(self.first_step(said, &person, lang))
            }
            (BUTTON, Some(Data { custom_id: Some(id), .. })) => {
                let words = self.second_step(&id, &person, right).await;
                Interaction::Reply(reply(REPLACE, words.get(lang), Some(json!([]))))
            }
            _ => Interaction::Malformed,
        }
    }

    fn is_signed(&self, signature: &str, timestamp: &str, body: &[u8]) -> bool {
        let Some(signature) = unhex(signature) else { return false };
        let Ok(at) = timestamp.parse::<i64>() else { return false };
        let age = self.clock.now().ns().div_euclid(NS_PER_S).saturating_sub(at);
        let message = [timestamp.as_bytes(), body].concat();
        age.abs() <= AGE_MAX_S && self.key.verify(&message, &signature).is_ok()
    }

    /// An answer, or the question whether it is really meant.
    fn first_step(&self, said: Said, person: &str, lang: Lang) -> Value {
        let words = match said {
            Said::Done(words) => return reply(REPLY, words.get(lang), None),
            Said::Confirm(words) => words,
        };
        let Some(nonce) = self.remember(person) else {
            return reply(REPLY, super::commands::busy().get(lang), None);
        };
        let (yes, no) = super::commands::buttons();
        let button =
            |style: u8, label: &str, id: String| json!({ "type": 2, "style": style, "label": label, "custom_id": id });
        let row = json!([{ "type": 1, "components": [
            button(RED, yes.get(lang), format!("stop:yes:{nonce}")),
            button(GREY, no.get(lang), format!("stop:no:{nonce}")),
        ]}]);
        reply(REPLY, words.get(lang), Some(row))
    }

    /// A button of ours, pressed once by who asked for it.
    async fn second_step(&self, id: &str, person: &str, right: super::rights::Right) -> crate::messages::Text {
        let mut parts = id.splitn(3, ':');
        let (Some("stop"), Some(answer), Some(nonce)) = (parts.next(), parts.next(), parts.next()) else {
            return super::commands::stale();
        };
        if !self.take(nonce, person) {
            return super::commands::stale();
        }
        if answer != "yes" {
            return super::commands::left_alone();
        }
        self.commands.stop(right, person).await
    }

    fn remember(&self, person: &str) -> Option<String> {
        let mut bytes = [0u8; 16];
        getrandom::fill(&mut bytes).ok()?;
        let nonce: String = bytes.iter().map(|b| format!("{b:02x}")).collect();
        let now = self.clock.now();
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.retain(|_, waiting| waiting.until > now);
        if open.len() >= OPEN_MAX {
            return None;
        }
        open.insert(nonce.clone(), Open { user: person.to_owned(), until: now.plus_s(CONFIRM_S) });
        Some(nonce)
    }

    /// True once, in time, for the same person; somebody else's press changes nothing.
    fn take(&self, nonce: &str, person: &str) -> bool {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.clock.now();
        if open.get(nonce).is_none_or(|waiting| waiting.user != person) {
            return false;
        }
        open.remove(nonce).is_some_and(|waiting| waiting.until > now)
    }
}

fn text_of(value: Value) -> String {
    match value {
        Value::String(text) => text,
        other => other.to_string(),
    }
}

fn reply(kind: u8, words: &str, components: Option<Value>) -> Value {
    let mut data = json!({ "content": words, "flags": EPHEMERAL, "allowed_mentions": { "parse": [] } });
    if let (Some(components), Some(fields)) = (components, data.as_object_mut()) {
        fields.insert("components".to_owned(), components);
    }
    json!({ "type": kind, "data": data })
}
