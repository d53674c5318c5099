//! The server over streamable HTTP. Both eras share the address, and neither has a session: each request stands alone,
//! so that a restart loses nobody.

use std::convert::Infallible;
use std::sync::Arc;

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, WWW_AUTHENTICATE};
use http::{HeaderValue, Request, Response, StatusCode};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full};
use rmcp::transport::streamable_http_server::session::never::NeverSessionManager;
use rmcp::transport::{StreamableHttpServerConfig, StreamableHttpService};
use serde_json::{Value, json};

use super::server::ToolServer;
use crate::tool::{Tier, ToolHost};

/// Largest request, bytes.
pub const BODY_MAX: usize = 1024 * 1024;
/// Pages that may call from a browser: only those of this machine, and they need the token as well.
const ORIGINS: [&str; 6] = [
    "http://localhost:*",
    "http://127.0.0.1:*",
    "http://[::1]:*",
    "https://localhost:*",
    "https://127.0.0.1:*",
    "https://[::1]:*",
];

/// The answer of the door.
pub type Answer = Response<BoxBody<Bytes, Infallible>>;

/// An MCP server behind HTTP. Who asks was checked before.
#[derive(Clone)]
pub struct HttpDoor {
    server: ToolServer,
    service: StreamableHttpService<ToolServer, NeverSessionManager>,
}

impl std::fmt::Debug for HttpDoor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HttpDoor").field("server", &self.server).finish_non_exhaustive()
    }
}

impl HttpDoor {
    /// Offers the tools of `host` up to `highest`; `hosts` are names besides the loopback ones.
    pub fn new(host: Arc<dyn ToolHost>, highest: Tier, hosts: &[String]) -> Self {
        let mut config = config().with_allowed_origins(ORIGINS).enforce_origin_validation();
        config.allowed_hosts.extend(hosts.iter().cloned());
        HttpDoor::with(ToolServer::new(host, highest), config)
    }

    /// The same behind a server that has checked host and origin by its own lists.
    pub fn guarded(host: Arc<dyn ToolHost>, highest: Tier) -> Self {
        HttpDoor::with(ToolServer::new(host, highest), config().disable_allowed_hosts().disable_allowed_origins())
    }

    fn with(server: ToolServer, config: StreamableHttpServerConfig) -> Self {
        let each = server.clone();
        let service = StreamableHttpService::new(move || Ok(each.clone()), Arc::default(), config);
        HttpDoor { server, service }
    }

    /// Answers one request of a caller who may use tools up to `allowed`.
    pub async fn answer(&self, mut request: Request<Bytes>, allowed: Tier) -> Answer {
        if let Some(needed) = self.forbidden(request.body(), allowed) {
            return insufficient_scope(needed);
        }
        request.extensions_mut().insert(allowed);
        self.service.handle(request.map(Full::new)).await
    }

    /// The tier of the called tool where it is above the caller's. Anything unreadable is the protocol's to refuse.
    fn forbidden(&self, body: &[u8], allowed: Tier) -> Option<Tier> {
        let message: Value = serde_json::from_slice(body).ok()?;
        if message.get("method")?.as_str()? != "tools/call" {
            return None;
        }
        let tier = self.server.spec(message.get("params")?.get("name")?.as_str()?)?.tier;
        (tier > allowed).then_some(tier)
    }
}

fn config() -> StreamableHttpServerConfig {
    StreamableHttpServerConfig::default()
        .with_legacy_session_mode(false)
        .with_json_response(true)
        .with_max_request_body_bytes(BODY_MAX)
}

/// The name of a tier as a scope of a token.
fn scope(tier: Tier) -> &'static str {
    match tier {
        Tier::Read => "read",
        Tier::Simulate => "simulate",
        Tier::Trade => "trade",
    }
}

fn insufficient_scope(needed: Tier) -> Answer {
    let body = json!({ "error": "insufficient_scope", "scope": scope(needed) }).to_string();
    let challenge = format!("Bearer error=\"insufficient_scope\", scope=\"{}\"", scope(needed));
    let mut answer = Response::new(Full::new(Bytes::from(body.clone())).boxed());
    *answer.status_mut() = StatusCode::FORBIDDEN;
    let headers = answer.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(CONTENT_LENGTH, HeaderValue::from(body.len()));
    if let Ok(challenge) = HeaderValue::from_str(&challenge) {
        headers.insert(WWW_AUTHENTICATE, challenge);
    }
    answer
}
