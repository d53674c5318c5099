//! A small HTTP/1.1 reader and writer whose header spelling is exactly the broker's.
//!
//! Real clients depend on it: they crash on a lower-case `content-type` and lose paging on `Tr-Cont`. The usual
//! server libraries write all names in one style, so the bytes are written here.

use std::fmt::Write as _;

use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncReadExt};

const HEAD_BYTES_MAX: usize = 32 * 1024;
const BODY_BYTES_MAX: usize = 1024 * 1024;

/// One request as it came off the socket.
#[derive(Debug, Default)]
pub(crate) struct HttpRequest {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) query: Vec<(String, String)>,
    /// Names in lower case: clients write them in any case.
    headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    pub(crate) keep_alive: bool,
}

impl HttpRequest {
    /// The first header of that (lower-case) name.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// A query parameter, whatever the case of its name.
    pub(crate) fn query(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// The last part of the path: the name a call is known by.
    pub(crate) fn call_name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or_default()
    }
}

/// One reply. Empty optional headers are left out.
#[derive(Debug, Default, Clone)]
pub(crate) struct HttpReply {
    pub(crate) status: u16,
    pub(crate) body: String,
    pub(crate) tr_id: Option<String>,
    pub(crate) tr_cont: Option<&'static str>,
    pub(crate) gt_uid: Option<String>,
}

impl HttpReply {
    /// A reply with a JSON body and none of the broker's own headers.
    pub(crate) fn json(status: u16, body: String) -> Self {
        HttpReply { status, body, ..HttpReply::default() }
    }

    /// The bytes of the reply, header names spelled as the broker spells them.
    pub(crate) fn to_bytes(&self, keep_alive: bool) -> Vec<u8> {
        let mut head = format!("HTTP/1.1 {} {}\r\n", self.status, reason(self.status));
        head.push_str("Content-Type: application/json; charset=utf-8\r\n");
        // Writing to a String can't fail.
        let _ = write!(head, "Content-Length: {}\r\n", self.body.len());
        head.push_str(if keep_alive { "Connection: keep-alive\r\n" } else { "Connection: close\r\n" });
        let own = [("tr_id", self.tr_id.as_deref()), ("tr_cont", self.tr_cont), ("gt_uid", self.gt_uid.as_deref())];
        for (name, value) in own {
            if let Some(value) = value {
                let _ = write!(head, "{name}: {value}\r\n");
            }
        }
        head.push_str("\r\n");
        head.push_str(&self.body);
        head.into_bytes()
    }
}

/// Why no request could be read.
#[derive(Debug)]
pub(crate) enum ReadFailure {
    /// The peer went away.
    Closed,
    /// What came is not a request we take; answer with this status and close.
    Refuse(u16),
}

impl From<std::io::Error> for ReadFailure {
    fn from(_: std::io::Error) -> Self {
        ReadFailure::Closed
    }
}

/// Reads the next request of a connection.
pub(crate) async fn read_request<R>(reader: &mut R) -> Result<HttpRequest, ReadFailure>
where
    R: AsyncBufRead + Unpin,
{
    let mut request = HttpRequest::default();
    let mut left = HEAD_BYTES_MAX;
    // Empty lines before a request are allowed by the protocol.
    let mut line = read_line(reader, &mut left).await?;
    while line.is_empty() {
        line = read_line(reader, &mut left).await?;
    }
    let is_http_11 = parse_request_line(&line, &mut request)?;
    loop {
        let line = read_line(reader, &mut left).await?;
        if line.is_empty() {
            break;
        }
        let (name, value) = line.split_once(':').ok_or(ReadFailure::Refuse(400))?;
        request.headers.push((name.trim().to_ascii_lowercase(), value.trim().to_owned()));
    }
    let connection = request.header("connection").unwrap_or_default().to_ascii_lowercase();
    request.keep_alive = if is_http_11 { connection != "close" } else { connection == "keep-alive" };
    if request.header("transfer-encoding").is_some() {
        return Err(ReadFailure::Refuse(411));
    }
    let length = match request.header("content-length") {
        Some(text) => text.parse::<usize>().map_err(|_| ReadFailure::Refuse(400))?,
        None => 0,
    };
    if length > BODY_BYTES_MAX {
        return Err(ReadFailure::Refuse(413));
    }
    request.body = vec![0; length];
    reader.read_exact(&mut request.body).await?;
    Ok(request)
}

async fn read_line<R>(reader: &mut R, left: &mut usize) -> Result<String, ReadFailure>
where
    R: AsyncBufRead + Unpin,
{
    let mut bytes = Vec::new();
    let read = (&mut *reader).take(*left as u64).read_until(b'\n', &mut bytes).await?;
    *left -= read;
    if bytes.pop() != Some(b'\n') {
        return Err(if *left == 0 { ReadFailure::Refuse(431) } else { ReadFailure::Closed });
    }
    if bytes.last() == Some(&b'\r') {
        bytes.pop();
    }
    String::from_utf8(bytes).map_err(|_| ReadFailure::Refuse(400))
}

/// Fills method, path and query; says whether the client speaks HTTP/1.1.
fn parse_request_line(line: &str, request: &mut HttpRequest) -> Result<bool, ReadFailure> {
    let mut parts = line.split(' ');
    let (Some(method), Some(target), Some(version), None) = (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(ReadFailure::Refuse(400));
    };
    if !version.starts_with("HTTP/1.") || !target.starts_with('/') {
        return Err(ReadFailure::Refuse(400));
    }
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    request.method = method.to_owned();
    request.path = path.to_owned();
    request.query = query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (percent_decoded(name), percent_decoded(value))
        })
        .collect();
    Ok(version == "HTTP/1.1")
}

fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        match byte {
            b'+' => bytes.push(b' '),
            b'%' => {
                let mut ahead = rest.clone();
                let digits = [ahead.next(), ahead.next()].map(|digit| digit.and_then(|d| char::from(d).to_digit(16)));
                if let [Some(high), Some(low)] = digits {
                    bytes.push((high * 16 + low) as u8);
                    rest = ahead;
                } else {
                    bytes.push(b'%');
                }
            }
            other => bytes.push(other),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

const fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        400 => "Bad Request",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        409 => "Conflict",
        411 => "Length Required",
        413 => "Content Too Large",
        431 => "Request Header Fields Too Large",
        500 => "Internal Server Error",
        _ => "Unknown",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn read(bytes: &[u8]) -> Result<HttpRequest, ReadFailure> {
        read_request(&mut &*bytes).await
    }

    #[tokio::test]
    async fn a_request_is_read_with_its_query_headers_and_body() {
        let bytes =
            b"POST /uapi/x/order-cash?A=1%202&b=%EA%B0%80 HTTP/1.1\r\nAppKey: k\r\ncontent-length: 2\r\n\r\n{}rest";
        let request = read(bytes).await.unwrap();
        assert_eq!((request.method.as_str(), request.call_name()), ("POST", "order-cash"));
        assert_eq!((request.query("a"), request.query("B")), (Some("1 2"), Some("가")));
        assert_eq!((request.header("appkey"), request.body.as_slice()), (Some("k"), b"{}".as_slice()));
        assert!(request.keep_alive);
    }

    #[tokio::test]
    async fn what_is_not_a_request_is_refused_and_a_closed_socket_is_not_an_error_reply() {
        assert!(matches!(read(b"hello\r\n\r\n").await, Err(ReadFailure::Refuse(400))));
        assert!(matches!(read(b"").await, Err(ReadFailure::Closed)));
        assert!(matches!(
            read(b"GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n").await,
            Err(ReadFailure::Refuse(411))
        ));
        assert!(matches!(
            read(b"GET / HTTP/1.1\r\nContent-Length: 9999999\r\n\r\n").await,
            Err(ReadFailure::Refuse(413))
        ));
        let long = format!("GET /{} HTTP/1.1\r\n\r\n", "a".repeat(HEAD_BYTES_MAX));
        assert!(matches!(read(long.as_bytes()).await, Err(ReadFailure::Refuse(431))));
    }

    #[test]
    fn header_names_are_spelled_as_the_broker_spells_them() {
        let reply = HttpReply {
            status: 200,
            body: "{}".to_owned(),
            tr_id: Some("TTTC8434R".to_owned()),
            tr_cont: Some("F"),
            gt_uid: Some("u".repeat(32)),
        };
        let text = String::from_utf8(reply.to_bytes(true)).unwrap();
        for line in
            ["\r\nContent-Type: ", "\r\nContent-Length: 2\r\n", "\r\ntr_id: TTTC8434R\r\n", "\r\ntr_cont: F\r\n"]
        {
            assert!(text.contains(line), "{text}");
        }
        assert!(text.contains("\r\ngt_uid: uuuu"));
    }
}
