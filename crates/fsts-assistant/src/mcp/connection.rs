//! One connection to one foreign server, over whichever transport it speaks.

use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, Url};
use rmcp::model::{
    CallToolRequest, CallToolRequestParams, ClientCapabilities, ClientConfig, ClientRequest, Implementation,
    JsonObject, ListToolsRequest, PaginatedRequestParams, ProtocolVersion, ServerResult,
};
use rmcp::service::{NotificationContext, PeerRequestOptions, RunningService, ServiceError};
use rmcp::transport::streamable_http_client::StreamableHttpClientTransportConfig;
use rmcp::transport::{StreamableHttpClientTransport, TokioChildProcess};
use rmcp::{ClientHandler, ClientLifecycleMode, ClientServiceExt, RoleClient};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use tokio::process::Command;
use tokio::sync::Notify;
use tokio::time::timeout;

use super::config::{ForeignServer, Reach, Transport, is_old};
use super::sse::SseTransport;

/// Time for connecting and saying hello, asking for the era included.
const HELLO_WITHIN: Duration = Duration::from_secs(30);
/// Time to reach a host.
const CONNECT_WITHIN: Duration = Duration::from_secs(5);
/// Time for the list of tools.
const LIST_WITHIN: Duration = Duration::from_secs(20);
/// Time that notices of progress can stretch a call to.
const STRETCHED_MAX: Duration = Duration::from_secs(120);
/// Pages of a list; a server that goes on for ever is cut off.
const PAGES_MAX: usize = 50;
/// Time for a clean goodbye.
const GOODBYE: Duration = Duration::from_secs(3);

/// What a child process keeps of our environment: enough to be found and to speak the language, and no secret.
const INHERITED: [&str; 6] = ["PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "TZ"];

/// Why a call has no result.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum CallError {
    /// The connection is gone; it may come back.
    #[error("the server can't be reached")]
    Broken,
    /// It did not answer in time.
    #[error("the server did not answer in time")]
    TimedOut,
    /// It refused the call.
    #[error("the server refused: {0}")]
    Refused(String),
}

/// Hears what the server says by itself.
#[derive(Clone)]
pub(super) struct Listener {
    changed: Arc<Notify>,
}

impl ClientHandler for Listener {
    fn get_info(&self) -> ClientConfig {
        // The version is the one offered to servers of the session era; newer ones are asked first.
        ClientConfig::new(ClientCapabilities::default(), Implementation::new("sb-fsts", env!("CARGO_PKG_VERSION")))
            .with_protocol_version(ProtocolVersion::V_2025_11_25)
    }

    async fn on_tool_list_changed(&self, _context: NotificationContext<RoleClient>) {
        self.changed.notify_one();
    }
}

/// A connection in use.
pub(super) struct Session {
    running: RunningService<RoleClient, Listener>,
}

impl Session {
    /// Connects; `changed` is told when the server's list of tools changes.
    ///
    /// # Errors
    /// One sentence, without addresses or secrets.
    pub(super) async fn open(server: &ForeignServer, changed: Arc<Notify>) -> Result<Session, String> {
        let listener = Listener { changed };
        let opening = async {
            match &server.reach {
                Reach::Process { command, args, env } => open_process(listener, command, args, env).await,
                Reach::Http { url, headers, transport } => {
                    let headers = header_map(headers)?;
                    open_address(listener, url, &headers, *transport).await
                }
            }
        };
        let opened = timeout(HELLO_WITHIN, opening).await.map_err(|_| "it did not say hello in time".to_owned())?;
        opened.map(|running| Session { running })
    }

    /// Revision of the protocol that both speak.
    pub(super) fn era(&self) -> String {
        let info = self.running.peer_info();
        info.map_or_else(|| "unknown".to_owned(), |i| i.protocol_version.as_str().to_owned())
    }

    /// Whether the connection is gone.
    pub(super) fn is_gone(&self) -> bool {
        self.running.is_closed() || self.running.is_transport_closed()
    }

    /// All tools as the server sent them, malformed ones too.
    pub(super) async fn list(&self) -> Result<Vec<Value>, CallError> {
        let mut tools = Vec::new();
        let mut cursor = None;
        for _ in 0..PAGES_MAX {
            let params = PaginatedRequestParams::default().with_cursor(cursor.take());
            let request =
                ListToolsRequest { method: Default::default(), params: Some(params), extensions: Default::default() };
            let options = PeerRequestOptions::with_timeout(LIST_WITHIN);
            let page = self.ask(ClientRequest::ListToolsRequest(request), options).await?;
            // Read by hand: one bad tool must not hide the others.
            tools.extend(page.get("tools").and_then(Value::as_array).cloned().unwrap_or_default());
            cursor = page.get("nextCursor").and_then(Value::as_str).filter(|c| !c.is_empty()).map(str::to_owned);
            if cursor.is_none() {
                break;
            }
        }
        Ok(tools)
    }

    /// Calls a tool; the result is as the server sent it.
    pub(super) async fn call(&self, tool: &str, arguments: JsonObject, within: Duration) -> Result<Value, CallError> {
        let params = CallToolRequestParams::new(tool.to_owned()).with_arguments(arguments);
        let options = PeerRequestOptions::with_timeout(within)
            .reset_timeout_on_progress()
            .with_max_total_timeout(STRETCHED_MAX.max(within));
        let result = self.ask(ClientRequest::CallToolRequest(CallToolRequest::new(params)), options).await?;
        match result.get("resultType").and_then(Value::as_str) {
            Some("input_required") => {
                Err(CallError::Refused("it asks for input, which nobody can give here".to_owned()))
            }
            _ => Ok(result),
        }
    }

    async fn ask(&self, request: ClientRequest, options: PeerRequestOptions) -> Result<Value, CallError> {
        let handle = self.running.send_cancellable_request(request, options).await.map_err(call_error)?;
        let result: ServerResult = handle.await_response().await.map_err(call_error)?;
        Ok(serde_json::to_value(result).unwrap_or_else(|_| json!({})))
    }

    /// Says goodbye; a child process is ended.
    pub(super) async fn close(mut self) {
        // One that doesn't leave in time is killed when it is dropped.
        let _ = self.running.close_with_timeout(GOODBYE).await;
    }
}

fn call_error(error: ServiceError) -> CallError {
    match error {
        ServiceError::McpError(refused) => CallError::Refused(refused.message.chars().take(500).collect()),
        ServiceError::Timeout { .. } => CallError::TimedOut,
        ServiceError::Cancelled { .. } | ServiceError::TransportSend(_) | ServiceError::TransportClosed => {
            CallError::Broken
        }
        other => CallError::Refused(other.to_string()),
    }
}

fn either_era() -> ClientLifecycleMode {
    ClientLifecycleMode::Auto {
        preferred_versions: vec![ProtocolVersion::V_2026_07_28],
        legacy_version: Some(ProtocolVersion::V_2025_11_25),
    }
}

type Running = RunningService<RoleClient, Listener>;

async fn open_process(
    listener: Listener,
    program: &str,
    args: &[String],
    env: &[(String, SecretString)],
) -> Result<Running, String> {
    let mut command = Command::new(program);
    command.args(args).env_clear();
    for name in INHERITED {
        if let Some(value) = std::env::var_os(name) {
            command.env(name, value);
        }
    }
    for (name, value) in env {
        command.env(name, value.expose_secret());
    }
    let built = TokioChildProcess::builder(command).stderr(Stdio::null()).spawn();
    let (process, _) = built.map_err(|e| format!("its program can't be started: {e}"))?;
    listener.serve_with_lifecycle(process, either_era()).await.map_err(|e| hello(&e))
}

async fn open_address(
    listener: Listener,
    url: &Url,
    headers: &HeaderMap,
    transport: Transport,
) -> Result<Running, String> {
    let old = transport == Transport::Sse || (transport == Transport::Auto && is_old(url));
    if old {
        return open_sse(listener, url, headers).await;
    }
    match open_streamable(listener.clone(), url, headers).await {
        Ok(running) => Ok(running),
        Err(error) if transport == Transport::Auto => open_sse(listener, url, headers).await.map_err(|_| error),
        Err(error) => Err(error),
    }
}

async fn open_streamable(listener: Listener, url: &Url, headers: &HeaderMap) -> Result<Running, String> {
    let custom = headers.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
    let config = StreamableHttpClientTransportConfig::with_uri(url.as_str()).custom_headers(custom);
    let transport = StreamableHttpClientTransport::with_client(client(url)?, config);
    listener.serve_with_lifecycle(transport, either_era()).await.map_err(|e| hello(&e))
}

async fn open_sse(listener: Listener, url: &Url, headers: &HeaderMap) -> Result<Running, String> {
    let opened = SseTransport::open(client(url)?, url.clone(), headers.clone()).await;
    let transport = opened.map_err(|e| e.to_string())?;
    // This transport is older than the question for the era.
    listener.serve_with_lifecycle(transport, ClientLifecycleMode::Initialize).await.map_err(|e| hello(&e))
}

/// No redirects: they would carry the headers to somebody else.
fn client(url: &Url) -> Result<Client, String> {
    let builder = Client::builder().redirect(reqwest::redirect::Policy::none()).connect_timeout(CONNECT_WITHIN);
    let loopback = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
    let builder = if loopback { builder.no_proxy() } else { builder };
    builder.build().map_err(|_| "no HTTP client can be made".to_owned())
}

/// An error of the protocol may quote addresses and headers; its first words are enough.
fn hello(error: &rmcp::service::ClientInitializeError) -> String {
    tracing::debug!(%error, "an MCP server did not say hello");
    "it does not speak MCP at its address, or refused us".to_owned()
}

fn header_map(headers: &[(String, SecretString)]) -> Result<HeaderMap, String> {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        let name: HeaderName = name.parse().map_err(|_| "a header has no valid name".to_owned())?;
        let value = HeaderValue::from_str(value.expose_secret()).map_err(|_| "a header has no valid value".to_owned());
        let mut value = value?;
        value.set_sensitive(true);
        map.insert(name, value);
    }
    Ok(map)
}
