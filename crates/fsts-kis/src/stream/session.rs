//! One connection: registrations paced and answered, heartbeats echoed, frames decoded, until it ends.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use secrecy::{ExposeSecret, SecretString};
use tokio::net::TcpStream;
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error as WsError, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async_with_config};

use super::registry::{Answered, Item, Registry, Step, names, notice_channel};
use super::{DownReason, Stream, StreamEvent, stopped};
use crate::clock::real_now;
use crate::decode::{Frame, FrameError, SessionKey, each_book, each_notice, each_trade};
use crate::envelope::clean;
use crate::wire::stream::{
    BOOK, KEY_IN_USE, NOTICE_MOCK, NOTICE_REAL, PINGPONG, REGISTER, REMOVE, Registration, RegistrationBody,
    RegistrationHeader, RegistrationInput, ServerText, TRADE,
};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// A goodbye that the peer does not take must not keep us.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);
/// No frame of the broker comes near this size.
const FRAME_MAX: usize = 1024 * 1024;
/// Far enough to stand for never, near enough for the timer.
const NEVER: Duration = Duration::from_secs(86_400);

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// How a session ended.
pub(super) enum End {
    Stopped,
    Down(DownReason),
}

pub(super) struct Session<'a> {
    stream: &'a mut Stream,
    approval: SecretString,
    registry: Registry,
    keys: BTreeMap<String, SessionKey>,
    /// Not before this may the next registration leave.
    send_at: Instant,
    /// Until this the answer to the registration under way must be there.
    answer_by: Instant,
    /// Until this some frame must have come.
    silent_at: Instant,
}

impl<'a> Session<'a> {
    pub fn new(stream: &'a mut Stream, approval: SecretString) -> Self {
        let desired = stream.desired.borrow_and_update().clone();
        let now = real_now();
        Session {
            registry: Registry::new(&desired),
            keys: BTreeMap::new(),
            send_at: now,
            answer_by: now,
            silent_at: now + stream.settings.silence_max.unwrap_or(NEVER),
            stream,
            approval,
        }
    }

    pub async fn run(mut self, sink: &mut (impl FnMut(StreamEvent) + Send)) -> End {
        let mut socket = match self.connect().await {
            Ok(socket) => socket,
            Err(end) => return end,
        };
        let end = self.serve(&mut socket, sink).await;
        // An unclean end keeps the broker's side of the session alive and the key in use.
        let _ = tokio::time::timeout(CLOSE_TIMEOUT, socket.close(None)).await;
        end
    }

    async fn connect(&mut self) -> Result<Socket, End> {
        let limits = WebSocketConfig::default().max_message_size(Some(FRAME_MAX)).max_frame_size(Some(FRAME_MAX));
        let connecting = connect_async_with_config(self.stream.access.endpoints.ws(), Some(limits), true);
        let unreachable = |why: &str| End::Down(DownReason::Unreachable(why.to_owned()));
        tokio::select! {
            biased;
            () = stopped(&mut self.stream.stop) => Err(End::Stopped),
            connected = tokio::time::timeout(CONNECT_TIMEOUT, connecting) => match connected {
                Ok(Ok((socket, _))) => Ok(socket),
                Ok(Err(_)) => Err(unreachable("no connection")),
                Err(_elapsed) => Err(unreachable("no connection in time")),
            },
        }
    }

    async fn serve(&mut self, socket: &mut Socket, sink: &mut (impl FnMut(StreamEvent) + Send)) -> End {
        loop {
            if let Some((confirmed, refused)) = self.registry.settled() {
                sink(StreamEvent::Up { confirmed, refused });
            }
            let timer = self.next_timer();
            let step = tokio::select! {
                biased;
                () = stopped(&mut self.stream.stop) => return End::Stopped,
                message = socket.next() => self.take(socket, message, sink).await,
                Ok(()) = self.stream.desired.changed() => {
                    let desired = self.stream.desired.borrow_and_update().clone();
                    self.registry.desire(&desired);
                    Ok(())
                }
                () = tokio::time::sleep_until(timer) => self.on_timer(socket).await,
            };
            if let Err(reason) = step {
                return End::Down(reason);
            }
        }
    }

    fn next_timer(&self) -> Instant {
        let due = if self.registry.awaits_answer() {
            self.answer_by
        } else if self.registry.is_ready() {
            self.send_at
        } else {
            self.silent_at
        };
        due.min(self.silent_at)
    }

    async fn on_timer(&mut self, socket: &mut Socket) -> Result<(), DownReason> {
        let now = real_now();
        if self.stream.settings.silence_max.is_some() && now >= self.silent_at {
            return Err(DownReason::Silent);
        }
        if self.registry.awaits_answer() && now >= self.answer_by {
            return Err(DownReason::NoAnswer);
        }
        if now < self.send_at {
            return Ok(());
        }
        let Some(step) = self.registry.next() else {
            return Ok(());
        };
        self.send_at = now + self.stream.settings.pace;
        self.answer_by = now + self.stream.settings.answer_timeout;
        socket
            .send(Message::text(self.registration(step)))
            .await
            .map_err(|_| DownReason::Closed("cannot be written to"))
    }

    fn registration(&self, step: Step) -> String {
        let (tr_id, tr_key) = names(&self.stream.access, step.item);
        let registration = Registration {
            header: RegistrationHeader {
                approval_key: self.approval.expose_secret().to_owned(),
                custtype: "P".to_owned(),
                tr_type: if step.remove { REMOVE } else { REGISTER }.to_owned(),
                content_type: "utf-8".to_owned(),
            },
            body: RegistrationBody { input: RegistrationInput { tr_id: tr_id.to_owned(), tr_key } },
        };
        serde_json::to_string(&registration).expect("invariant: a registration is plain text fields")
    }

    async fn take(
        &mut self,
        socket: &mut Socket,
        message: Option<Result<Message, WsError>>,
        sink: &mut (impl FnMut(StreamEvent) + Send),
    ) -> Result<(), DownReason> {
        self.silent_at = real_now() + self.stream.settings.silence_max.unwrap_or(NEVER);
        match message {
            Some(Ok(Message::Text(text))) if text.starts_with('{') => self.control(socket, text.as_str()).await,
            Some(Ok(Message::Text(text))) => {
                self.data(text.as_str(), sink);
                Ok(())
            }
            // Control frames are answered by the socket itself.
            Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => Ok(()),
            Some(Ok(Message::Binary(_))) => {
                sink(StreamEvent::BadFrame { tr_id: String::new(), error: FrameError::NotAFrame });
                Ok(())
            }
            Some(Ok(Message::Close(_))) | None => Err(DownReason::Closed("by the broker")),
            Some(Err(_)) => Err(DownReason::Closed("broken")),
        }
    }

    /// A JSON text: heartbeat, or the answer to a registration.
    async fn control(&mut self, socket: &mut Socket, text: &str) -> Result<(), DownReason> {
        let Ok(parsed) = serde_json::from_str::<ServerText>(text) else {
            tracing::warn!("a control text of the stream cannot be read");
            return Ok(());
        };
        if parsed.header.tr_id.trimmed() == PINGPONG {
            let echo = Message::text(text.to_owned());
            return socket.send(echo).await.map_err(|_| DownReason::Closed("cannot be written to"));
        }
        let body = parsed.body.clone().unwrap_or_default();
        if body.msg_cd.trimmed() == KEY_IN_USE {
            return Err(DownReason::KeyInUse);
        }
        // Documented answers say `encrypt: N` for the notices although their frames are encrypted: keep any keys.
        if let Some(key) = body.output.and_then(|o| SessionKey::new(o.key.trimmed(), o.iv.trimmed())) {
            self.keys.insert(parsed.header.tr_id.trimmed().to_owned(), key);
        }
        match self.registry.answer(&self.stream.access, &parsed) {
            Answered::Refused { step: Step { item: Item::Notices, .. }, code } => {
                Err(DownReason::NoticesRefused { code, message: clean(body.msg1.trimmed()) })
            }
            Answered::Refused { step: Step { item: Item::Data(subscription), remove }, code } => {
                tracing::warn!(%code, remove, "registration refused: {subscription:?}");
                Ok(())
            }
            Answered::Nothing | Answered::Done(_) => Ok(()),
        }
    }

    /// A data frame: all of its records, or one `BadFrame`; then its end.
    fn data(&mut self, text: &str, sink: &mut (impl FnMut(StreamEvent) + Send)) {
        let tr_id = Frame::split(text).map(|frame| frame.tr_id.to_owned()).unwrap_or_default();
        if let Err(error) = self.decode(text, sink) {
            tracing::warn!("a frame was refused: {error}");
            sink(StreamEvent::BadFrame { tr_id: clean(&tr_id), error });
        }
        let frames = 1 + self.stream.frames.fetch_add(1, Ordering::AcqRel);
        sink(StreamEvent::FrameEnd { frames });
    }

    fn decode(&self, text: &str, sink: &mut (impl FnMut(StreamEvent) + Send)) -> Result<(), FrameError> {
        let frame = Frame::split(text)?;
        let plain;
        let frame = if frame.encrypted {
            plain = self.keys.get(frame.tr_id).ok_or(FrameError::NoKey)?.decrypt(frame.payload)?;
            Frame { encrypted: false, payload: &plain, ..frame }
        } else {
            frame
        };
        match frame.tr_id {
            TRADE => each_trade(&frame, |trade| sink(StreamEvent::Trade(trade))),
            BOOK => {
                let today = self.stream.clock.now().kst_day();
                each_book(&frame, today, |book| sink(StreamEvent::Book(Box::new(book))))
            }
            NOTICE_REAL | NOTICE_MOCK if frame.tr_id == notice_channel(self.stream.access.environment) => {
                let own = self.stream.access.account.number;
                each_notice(&frame, |record| {
                    if record.account == own {
                        sink(StreamEvent::Notice(record.notice));
                    }
                })
            }
            _ => Err(FrameError::UnknownChannel),
        }
    }
}
