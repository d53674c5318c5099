//! Stream sessions: who listens to what, and the frames that wait to leave.

use std::collections::{BTreeMap, BTreeSet};

use fsts_domain::Timestamp;
use serde_json::json;
use tokio::sync::{mpsc, oneshot};

use crate::auth::KeyRing;
use crate::board::Board;
use crate::config::{EmuAccount, Environment, RecordWidth};
use crate::frames::{Notice, sealed_frame};
use crate::mint::Mint;

/// Registrations of a session, all channels together.
const REGISTRATIONS_MAX: usize = 41;
/// Frames that may wait for a slow reader; beyond that the session is cut, as a broker would.
pub(crate) const WAITING_MAX: usize = 65_536;

/// What a session's writer is told.
#[derive(Debug)]
pub(crate) enum Outgoing {
    Text(String),
    /// Answer once everything before has left the socket.
    Flush(oneshot::Sender<()>),
    /// End the session.
    Close,
}

/// A connected session.
#[derive(Debug)]
struct Listener {
    writer: mpsc::Sender<Outgoing>,
    app_key: Option<String>,
    registered: BTreeSet<(String, String)>,
    key: String,
    iv: String,
}

/// A registration as the client sends it.
#[derive(Debug, Clone)]
pub(crate) struct Registration {
    pub(crate) approval_key: String,
    pub(crate) custtype: String,
    pub(crate) tr_type: String,
    pub(crate) tr_id: String,
    pub(crate) tr_key: String,
}

/// What registrations are checked against.
pub(crate) struct Gate<'a> {
    pub(crate) env: Environment,
    pub(crate) keys: &'a KeyRing,
    pub(crate) board: &'a Board,
    pub(crate) accounts: &'a [EmuAccount],
    pub(crate) now: Timestamp,
}

/// All sessions.
#[derive(Debug, Default)]
pub(crate) struct Streams {
    listeners: BTreeMap<u64, Listener>,
    connected: u64,
    outbox: Vec<(u64, String)>,
    /// Data frames handed to sockets since the start.
    frames: u64,
    muted: bool,
}

/// Code and text of an answer.
type Verdict = (&'static str, &'static str);
const REGISTERED: Verdict = ("OPSP0000", "SUBSCRIBE SUCCESS");
const REMOVED: Verdict = ("OPSP0001", "UNSUBSCRIBE SUCCESS");
const ALREADY_REGISTERED: Verdict = ("OPSP0002", "ALREADY IN SUBSCRIBE");
const NOT_REGISTERED: Verdict = ("OPSP0003", "UNSUBSCRIBE ERROR(not found!)");
const UNKNOWN_HTS_ID: Verdict = ("OPSP0007", "SUBSCRIBE INTERNAL ERROR");
const TOO_MANY: Verdict = ("OPSP0008", "MAX SUBSCRIBE OVER");
const APPROVAL_UNKNOWN: Verdict = ("OPSP0011", "invalid approval : NOT FOUND");
const TR_ID_INVALID: Verdict = ("OPSP8991", "invalid tr_id : NOT FOUND");
const TR_KEY_INVALID: Verdict = ("OPSP8993", "invalid tr_key : NOT FOUND");
const KEY_IN_USE: Verdict = ("OPSP8996", "ALREADY IN USE appkey");
const TR_TYPE_INVALID: Verdict = ("OPSP8997", "invalid tr_type : NOT FOUND");
const CUSTTYPE_INVALID: Verdict = ("OPSP8998", "invalid custtype : NOT FOUND");
const BODY_MALFORMED: Verdict = ("OPSP9990", "JSON PARSING ERROR");

impl Streams {
    /// Takes a session in and returns its id.
    pub(crate) fn connect(&mut self, writer: mpsc::Sender<Outgoing>, mint: &mut Mint) -> u64 {
        self.connected += 1;
        let listener = Listener {
            writer,
            app_key: None,
            registered: BTreeSet::new(),
            key: mint.text(32, b"abcdefghijklmnopqrstuvwxyz"),
            iv: mint.hex(16),
        };
        self.listeners.insert(self.connected, listener);
        self.connected
    }

    /// Lets a session go.
    pub(crate) fn disconnect(&mut self, id: u64) {
        self.listeners.remove(&id);
    }

    /// Answers a registration or removal.
    pub(crate) fn register(&mut self, id: u64, registration: &Registration, gate: &Gate<'_>) {
        let verdict = self.verdict(id, registration, gate);
        self.answer(id, registration, verdict);
        if verdict == KEY_IN_USE {
            self.cut(id);
        }
    }

    /// Answers what could not be read.
    pub(crate) fn refuse_malformed(&mut self, id: u64) {
        let nobody = Registration {
            approval_key: String::new(),
            custtype: String::new(),
            tr_type: String::new(),
            tr_id: "(null)".to_owned(),
            tr_key: String::new(),
        };
        self.answer(id, &nobody, BODY_MALFORMED);
    }

    fn verdict(&mut self, id: u64, registration: &Registration, gate: &Gate<'_>) -> Verdict {
        let Some(app_key) = gate.keys.approved(&registration.approval_key, gate.now) else {
            return APPROVAL_UNKNOWN;
        };
        let others = self.listeners.iter().filter(|(other, _)| **other != id);
        if others.into_iter().any(|(_, listener)| listener.app_key.as_ref() == Some(&app_key)) {
            return KEY_IN_USE;
        }
        let Some(listener) = self.listeners.get_mut(&id) else {
            return APPROVAL_UNKNOWN;
        };
        listener.app_key = Some(app_key);
        if !matches!(registration.custtype.as_str(), "P" | "B") {
            return CUSTTYPE_INVALID;
        }
        let entry = (registration.tr_id.clone(), registration.tr_key.clone());
        match registration.tr_type.as_str() {
            "1" if listener.registered.contains(&entry) => ALREADY_REGISTERED,
            "1" => match refusal(registration, gate) {
                Some(refused) => refused,
                None if listener.registered.len() >= REGISTRATIONS_MAX => TOO_MANY,
                None => {
                    listener.registered.insert(entry);
                    REGISTERED
                }
            },
            "2" if listener.registered.remove(&entry) => REMOVED,
            "2" => NOT_REGISTERED,
            _ => TR_TYPE_INVALID,
        }
    }

    fn answer(&mut self, id: u64, registration: &Registration, (code, text): Verdict) {
        let Some(listener) = self.listeners.get(&id) else {
            return;
        };
        let is_success = matches!(code, "OPSP0000" | "OPSP0001" | "OPSP0002");
        let encrypt = if is_notice(&registration.tr_id) { "Y" } else { "N" };
        let mut body = json!({"rt_cd": if is_success { "0" } else { "1" }, "msg_cd": code, "msg1": text});
        if let (true, Some(fields)) = (is_success, body.as_object_mut()) {
            fields.insert("output".to_owned(), json!({"iv": listener.iv, "key": listener.key}));
        }
        let header = json!({"tr_id": registration.tr_id, "tr_key": registration.tr_key, "encrypt": encrypt});
        self.outbox.push((id, json!({"header": header, "body": body}).to_string()));
    }

    /// True when somebody listens to a channel.
    pub(crate) fn has_listener(&self, tr_id: &str, tr_key: &str) -> bool {
        let entry = (tr_id.to_owned(), tr_key.to_owned());
        self.listeners.values().any(|listener| listener.registered.contains(&entry))
    }

    /// Queues a data frame for all who listen to a channel.
    pub(crate) fn publish(&mut self, tr_id: &str, tr_key: &str, frame: &str) {
        let entry = (tr_id.to_owned(), tr_key.to_owned());
        let Streams { listeners, outbox, .. } = self;
        let listening = listeners.iter().filter(|(_, listener)| listener.registered.contains(&entry));
        outbox.extend(listening.map(|(id, _)| (*id, frame.to_owned())));
    }

    /// Queues a notice for its owner's sessions, each with its own key.
    pub(crate) fn notify(&mut self, notice: &Notice, env: Environment, width: RecordWidth) {
        let entry = (notice_channel(env).to_owned(), notice.hts_id.clone());
        let cells = notice.cells(width);
        let Streams { listeners, outbox, .. } = self;
        for (id, listener) in listeners.iter().filter(|(_, listener)| listener.registered.contains(&entry)) {
            outbox.push((*id, sealed_frame(&entry.0, &cells, &listener.key, &listener.iv)));
        }
    }

    /// Hands all queued frames to the sessions' writers.
    pub(crate) fn release(&mut self) {
        for (id, frame) in std::mem::take(&mut self.outbox) {
            let is_data = frame.starts_with(['0', '1']);
            let Some(listener) = self.listeners.get(&id) else {
                continue;
            };
            if is_data && self.muted {
                continue;
            }
            if listener.writer.try_send(Outgoing::Text(frame)).is_err() {
                self.listeners.remove(&id);
            } else if is_data {
                self.frames += 1;
            }
        }
    }

    /// Data frames handed to sockets since the start.
    pub(crate) fn frames(&self) -> u64 {
        self.frames
    }

    /// Stops or resumes data frames; frames that are due meanwhile are lost.
    pub(crate) fn mute(&mut self, muted: bool) {
        self.muted = muted;
    }

    /// Ends a session after what is queued.
    fn cut(&mut self, id: u64) {
        self.release();
        if let Some(listener) = self.listeners.remove(&id) {
            // A full queue cuts the session too: its writer ends with the channel.
            let _ = listener.writer.try_send(Outgoing::Close);
        }
    }

    /// Ends all sessions.
    pub(crate) fn cut_all(&mut self) {
        let ids: Vec<u64> = self.listeners.keys().copied().collect();
        for id in ids {
            self.cut(id);
        }
    }

    /// Asks every writer to answer once all frames handed to it have left.
    pub(crate) fn flush(&mut self) -> Vec<oneshot::Receiver<()>> {
        let mut flushed = Vec::new();
        for listener in self.listeners.values() {
            let (sender, receiver) = oneshot::channel();
            if listener.writer.try_send(Outgoing::Flush(sender)).is_ok() {
                flushed.push(receiver);
            }
        }
        flushed
    }

    /// Number of sessions and of registrations.
    pub(crate) fn count(&self) -> (usize, usize) {
        let registrations = self.listeners.values().map(|listener| listener.registered.len()).sum();
        (self.listeners.len(), registrations)
    }
}

fn refusal(registration: &Registration, gate: &Gate<'_>) -> Option<Verdict> {
    let tr_id = registration.tr_id.as_str();
    if tr_id == notice_channel(gate.env) {
        let known = gate.accounts.iter().any(|account| account.hts_id == registration.tr_key);
        return (!known).then_some(UNKNOWN_HTS_ID);
    }
    match tr_id {
        "H0STCNT0" | "H0STASP0" => gate.board.find(&registration.tr_key).is_none().then_some(TR_KEY_INVALID),
        _ => Some(TR_ID_INVALID),
    }
}

/// The notice channel of an environment.
pub(crate) const fn notice_channel(env: Environment) -> &'static str {
    match env {
        Environment::Real => "H0STCNI0",
        Environment::Mock => "H0STCNI9",
    }
}

fn is_notice(tr_id: &str) -> bool {
    matches!(tr_id, "H0STCNI0" | "H0STCNI9")
}
