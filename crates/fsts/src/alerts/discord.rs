//! The Discord webhook: one message out, and what the answer means.

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use fsts_domain::NS_PER_S;
use fsts_store::{Alert, Severity};
use reqwest::header::{CONTENT_TYPE, HeaderMap};
use reqwest::{Client, Response, StatusCode, Url};
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;

use crate::messages::{Lang, Text};

/// The service takes 2,000 characters; in UTF-16 units nothing is longer than it counts.
const CONTENT_MAX: usize = 1_990;
/// One alert; so that no line fills a message.
const LINE_MAX: usize = 600;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// One message, answer included. Real time.
const POST_TIMEOUT: Duration = Duration::from_secs(15);
/// An answer is a small JSON text; more is not read.
const ANSWER_MAX: usize = 16 * 1024;
/// A wait that the target names is believed up to this.
const WAIT_MAX_S: f64 = 3_600.0;
/// When it names none.
const WAIT_UNNAMED_NS: i64 = 5 * NS_PER_S;
/// Do not show link previews.
const SUPPRESS_EMBEDS: u32 = 4;

/// Why a webhook address is not used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WebhookError {
    /// Not a URL: correct the setting.
    #[error("DISCORD_WEBHOOK_URL is not an address")]
    NotAnAddress,
    /// It would travel in clear: use https.
    #[error("DISCORD_WEBHOOK_URL must begin with https://; http:// is for loopback only")]
    NotHttps,
    /// It points into a private network: use the address that Discord gave.
    #[error("DISCORD_WEBHOOK_URL must not point into a private network")]
    PrivateNetwork,
    /// The program was put together without TLS.
    #[error("no TLS provider is installed")]
    Bug,
}

impl WebhookError {
    /// The sentence for the operator.
    pub fn text(self) -> Text {
        let ko = match self {
            WebhookError::NotAnAddress => "DISCORD_WEBHOOK_URL 값이 주소가 아닙니다",
            WebhookError::NotHttps => "DISCORD_WEBHOOK_URL은 https://로 시작해야 합니다 (http://는 루프백만)",
            WebhookError::PrivateNetwork => "DISCORD_WEBHOOK_URL은 사설망을 가리킬 수 없습니다",
            WebhookError::Bug => "TLS 제공자가 설치되지 않았습니다",
        };
        Text::new(ko, self.to_string())
    }
}

/// What became of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Delivery {
    /// Taken; the next may follow after `pause_ns`.
    Taken { pause_ns: i64 },
    /// Not taken, because too many came: again after `wait_ns`.
    Later { wait_ns: i64 },
    /// Not taken; it may work later.
    Down { reason: String },
    /// Nobody knows: the message may show.
    Lost { reason: String },
    /// It will never be taken as it is; others may.
    Unwelcome { status: u16 },
    /// The webhook itself is refused: wrong address, deleted, moved.
    Closed { status: u16 },
}

/// A webhook; its address is a secret.
#[derive(Clone)]
pub struct Webhook {
    /// `None` tells the screens only: whatever is kept counts as told.
    target: Option<(Url, Client)>,
}

impl fmt::Debug for Webhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Webhook(***)")
    }
}

impl Webhook {
    /// No webhook: alerts are kept for the screens.
    pub fn screens_only() -> Self {
        Webhook { target: None }
    }

    /// A webhook at an address from the settings.
    ///
    /// # Errors
    /// [`WebhookError`] unless it is `https`, or `http` on loopback, and in no private network.
    pub fn new(address: &SecretString) -> Result<Self, WebhookError> {
        let mut url = Url::parse(address.expose_secret().trim()).map_err(|_| WebhookError::NotAnAddress)?;
        let host = url.host_str().ok_or(WebhookError::NotAnAddress)?;
        let ip = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>().ok();
        let loopback = host == "localhost" || ip.is_some_and(|ip| ip.is_loopback());
        if !(url.scheme() == "https" || (url.scheme() == "http" && loopback)) {
            return Err(WebhookError::NotHttps);
        }
        if ip.is_some_and(is_private) {
            return Err(WebhookError::PrivateNetwork);
        }
        // Without it the service answers before it knows whether it takes the message.
        if !url.query_pairs().any(|(key, _)| key == "wait") {
            url.query_pairs_mut().append_pair("wait", "true");
        }
        let builder = Client::builder()
            .retry(reqwest::retry::never())
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .http1_only()
            .connect_timeout(CONNECT_TIMEOUT);
        let client = builder.build().map_err(|_| WebhookError::Bug)?;
        Ok(Webhook { target: Some((url, client)) })
    }

    /// Sends a message once, with a chart where there is one.
    pub async fn post(&self, content: &str, chart: Option<&[u8]>) -> Delivery {
        let Some((url, client)) = &self.target else { return Delivery::Taken { pause_ns: 0 } };
        let body = json!({
            "content": content,
            "allowed_mentions": { "parse": [] },
            "flags": SUPPRESS_EMBEDS,
        });
        let answered = async {
            let request = match chart {
                None => client.post(url.clone()).json(&body),
                Some(png) => {
                    let (kind, parts) = multipart(&body.to_string(), png);
                    client.post(url.clone()).header(CONTENT_TYPE, kind).body(parts)
                }
            };
            match request.send().await {
                Ok(response) => judge(response).await,
                Err(error) if error.is_connect() || error.is_builder() => {
                    Delivery::Down { reason: "no connection".to_owned() }
                }
                Err(_) => Delivery::Lost { reason: "the connection broke".to_owned() },
            }
        };
        let lost = Delivery::Lost { reason: "no answer in time".to_owned() };
        tokio::time::timeout(POST_TIMEOUT, answered).await.unwrap_or(lost)
    }
}

/// A message with a picture: content type and body. The boundary is made of the picture, so it can't occur in it.
fn multipart(payload: &str, png: &[u8]) -> (String, Vec<u8>) {
    let boundary = format!("fsts-{}", &blake3::hash(png).to_hex()[..32]);
    let head = format!(
        "--{boundary}\r\nContent-Disposition: form-data; name=\"payload_json\"\r\n\
         Content-Type: application/json\r\n\r\n{payload}\r\n--{boundary}\r\n\
         Content-Disposition: form-data; name=\"files[0]\"; filename=\"chart.png\"\r\nContent-Type: image/png\r\n\r\n"
    );
    let mut body = head.into_bytes();
    body.extend_from_slice(png);
    body.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
    (format!("multipart/form-data; boundary={boundary}"), body)
}

fn is_private(ip: IpAddr) -> bool {
    match ip.to_canonical() {
        IpAddr::V4(v4) => v4.is_private() || v4.is_link_local() || v4.is_unspecified() || v4.is_broadcast(),
        IpAddr::V6(v6) => v6.is_unique_local() || v6.is_unicast_link_local() || v6.is_unspecified(),
    }
}

async fn judge(response: Response) -> Delivery {
    let status = response.status();
    if status.is_success() {
        let spent = seconds(response.headers(), "x-ratelimit-remaining").is_some_and(|left| left < 1.0);
        let pause = seconds(response.headers(), "x-ratelimit-reset-after").filter(|_| spent);
        return Delivery::Taken { pause_ns: pause.map_or(0, to_ns) };
    }
    if status == StatusCode::TOO_MANY_REQUESTS {
        let named = ["retry-after", "x-ratelimit-reset-after"].map(|name| seconds(response.headers(), name));
        let longest = named.into_iter().chain([retry_after(response).await]).flatten().max_by(f64::total_cmp);
        return Delivery::Later { wait_ns: longest.map_or(WAIT_UNNAMED_NS, to_ns) };
    }
    let status_number = status.as_u16();
    match status_number {
        400 | 413 | 422 => Delivery::Unwelcome { status: status_number },
        408 | 425 | 500.. => Delivery::Down { reason: format!("status {status_number}") },
        _ => Delivery::Closed { status: status_number },
    }
}

/// A number of seconds from a header; a date, which the service never sends, counts as none.
fn seconds(headers: &HeaderMap, name: &str) -> Option<f64> {
    let value: f64 = headers.get(name)?.to_str().ok()?.trim().parse().ok()?;
    (value.is_finite() && value >= 0.0).then_some(value)
}

/// The wait in the body of a refusal, which is more exact than its header.
async fn retry_after(mut response: Response) -> Option<f64> {
    let mut body = Vec::new();
    while let Ok(Some(chunk)) = response.chunk().await {
        if body.len() + chunk.len() > ANSWER_MAX {
            return None;
        }
        body.extend_from_slice(&chunk);
    }
    let answer: serde_json::Value = serde_json::from_slice(&body).ok()?;
    answer.get("retry_after")?.as_f64().filter(|s| s.is_finite() && *s >= 0.0)
}

fn to_ns(seconds: f64) -> i64 {
    // Bounded above, so the product fits.
    (seconds.min(WAIT_MAX_S) * NS_PER_S as f64).ceil() as i64
}

/// An alert that is to be sent, and whether an earlier try may already show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The alert.
    pub alert: Alert,
    /// True when the answer to an earlier try was lost.
    pub again: bool,
}

/// As many lines as fit into one message, and how many these are; at least one where there is one.
pub fn compose(lines: &[Line], lang: Lang) -> (String, usize) {
    let (mut content, mut taken, mut room) = (String::new(), 0, CONTENT_MAX);
    for line in lines {
        let text = shown(line, lang);
        let need = text.encode_utf16().count() + 1;
        if need > room {
            break;
        }
        if taken > 0 {
            content.push('\n');
        }
        content.push_str(&text);
        room -= need;
        taken += 1;
    }
    (content, taken)
}

/// What is told where the service refuses the words of an alert.
pub fn placeholder(line: &Line) -> Line {
    let kind = &line.alert.kind;
    let text = Text::new(format!("표시할 수 없는 알림 ({kind})"), format!("an alert that cannot be shown ({kind})"));
    let alert = Alert { message_ko: text.ko, message_en: text.en, ..line.alert.clone() };
    Line { alert, again: line.again }
}

/// `11-20 09:00:03 #12 🚨 text`: Korean time and the record's number, by which a reader can tell one sent twice.
fn shown(line: &Line, lang: Lang) -> String {
    let Line { alert, again } = line;
    let (text, sent_again) = match lang {
        Lang::Ko => (&alert.message_ko, "(재전송) "),
        Lang::En => (&alert.message_en, "(sent again) "),
    };
    let mark = match alert.severity {
        Severity::Info => "🔹",
        Severity::Warning => "⚠️",
        Severity::Error => "🚨",
    };
    let time = alert.at.to_string();
    let time = time.get(5..19).unwrap_or(&time);
    let again = if *again { sent_again } else { "" };
    let full = format!("`{time} #{}` {mark} {again}{}", alert.seq, escaped(text));
    cut(&full)
}

/// Cut at a character, with a sign that it was.
fn cut(text: &str) -> String {
    let mut units = 0;
    let fits = text.chars().take_while(|c| {
        units += c.len_utf16();
        units < LINE_MAX
    });
    let mut kept: String = fits.collect();
    if kept.len() < text.len() {
        kept.push('…');
    }
    kept
}

/// Nothing in it formats, links or mentions.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match c {
            '\\' | '*' | '_' | '~' | '`' | '|' | '>' | '#' | '<' | '[' | ']' => out.extend(['\\', c]),
            // The zero-width space keeps `@everyone` from being a word of the service.
            '@' => out.push_str("@\u{200b}"),
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alerts::messages::Fact;
    use crate::alerts::outbox::alert;
    use crate::alerts::tests::story::{at, names};

    fn line(seq: u64, text: &str) -> Line {
        let text = text.to_owned();
        let told = alert("s", &names(), (seq, at(3)), &Fact::Resumed);
        Line { alert: Alert { message_ko: text.clone(), message_en: text, ..told }, again: false }
    }

    fn webhook(address: &str) -> Result<Webhook, WebhookError> {
        let _ = rustls::crypto::ring::default_provider().install_default();
        Webhook::new(&SecretString::from(address))
    }

    #[test]
    fn only_tls_or_loopback_addresses_outside_private_networks_are_taken() {
        for good in
            ["https://discord.com/api/webhooks/1/x", "http://127.0.0.1:1/x", "http://localhost:1", "http://[::1]:1"]
        {
            assert!(webhook(good).is_ok(), "{good}");
        }
        for (bad, why) in [
            ("nonsense", WebhookError::NotAnAddress),
            ("http://discord.com/api/webhooks/1/x", WebhookError::NotHttps),
            ("http://127.0.0.1.example.com/x", WebhookError::NotHttps),
            ("file:///etc/passwd", WebhookError::NotAnAddress),
            ("https://10.0.0.1/x", WebhookError::PrivateNetwork),
            ("https://[::ffff:192.168.0.1]/x", WebhookError::PrivateNetwork),
            ("https://169.254.169.254/latest", WebhookError::PrivateNetwork),
        ] {
            assert_eq!(webhook(bad).unwrap_err(), why, "{bad}");
        }
    }

    #[test]
    fn the_address_is_never_shown() {
        let hook = webhook("https://discord.com/api/webhooks/1/canary").unwrap();
        assert_eq!(format!("{hook:?}"), "Webhook(***)");
        let refused = webhook("http://discord.com/canary").unwrap_err();
        assert!(!format!("{refused} {refused:?} {:?}", refused.text()).contains("canary"));
    }

    #[test]
    fn nothing_in_an_alert_formats_links_or_mentions() {
        let (content, _) = compose(&[line(12, "@everyone <@1> **굵게** [a](b) `x`\n# 제목")], Lang::Ko);
        assert_eq!(
            content,
            "`11-20 09:00:03 #12` 🔹 @\u{200b}everyone \\<@\u{200b}1\\> \\*\\*굵게\\*\\* \\[a\\](b) \\`x\\` \\# 제목"
        );
    }

    #[test]
    fn a_message_holds_as_many_alerts_as_fit() {
        let lines: Vec<Line> = (1..=300).map(|seq| line(seq, "삼성전자 005930 매수 10주 체결 · 71,500원")).collect();
        let (content, taken) = compose(&lines, Lang::En);
        assert!(taken > 25 && content.lines().count() == taken, "{taken}");
        assert!(content.encode_utf16().count() <= 2_000);
        let (content, taken) = compose(&[line(1, &"가*".repeat(5_000)), line(2, "x")], Lang::Ko);
        assert!(taken == 2 && content.contains('…') && content.chars().count() < 700);
        assert_eq!(compose(&[], Lang::Ko), (String::new(), 0));
    }

    #[test]
    fn an_alert_that_may_show_already_says_so() {
        let again = Line { again: true, ..line(1, "x") };
        assert!(compose(std::slice::from_ref(&again), Lang::Ko).0.contains("(재전송) x"));
        assert!(compose(&[placeholder(&again)], Lang::En).0.contains("(sent again) an alert that cannot be shown"));
    }
}
