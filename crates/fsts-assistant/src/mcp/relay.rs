//! A running program's tools for a client that starts us as its child: what it calls here is called there. Without a
//! running program only the tools that need no account are offered.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use reqwest::Url;
use rmcp::model::JsonObject;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use super::config::{ForeignServer, Reach, Transport};
use super::connection::{CallError, Session};
use super::vetting::vet;
use crate::tool::{Tier, ToolHost, ToolOutcome, ToolSpec, ToolStatus};

/// Longest call.
const CALL_WITHIN: Duration = Duration::from_secs(60);

/// Where the running program is.
#[derive(Debug, Clone)]
pub struct RelayTarget {
    /// Its MCP address.
    pub url: Url,
    /// Its token.
    pub token: Option<SecretString>,
}

/// Tools of the running program, or those of `offline`.
pub struct Relay {
    line: Option<(Session, BTreeMap<String, ToolSpec>)>,
    offline: Arc<dyn ToolHost>,
}

impl std::fmt::Debug for Relay {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Relay").field("is_connected", &self.is_connected()).finish_non_exhaustive()
    }
}

impl Relay {
    /// Looks for the running program once.
    pub async fn open(target: &RelayTarget, offline: Arc<dyn ToolHost>) -> Self {
        let line = connect(target).await;
        if let Err(error) = &line {
            tracing::info!(error, "no running program; only tools without an account are offered");
        }
        Relay { line: line.ok(), offline }
    }

    /// Whether a running program was found.
    pub fn is_connected(&self) -> bool {
        self.line.is_some()
    }
}

async fn connect(target: &RelayTarget) -> Result<(Session, BTreeMap<String, ToolSpec>), String> {
    let mut server = ForeignServer::at("fsts", target.url.clone(), Transport::StreamableHttp);
    if let (Some(token), Reach::Http { headers, .. }) = (&target.token, &mut server.reach) {
        let bearer = format!("Bearer {}", token.expose_secret());
        headers.push(("authorization".to_owned(), bearer.into()));
    }
    let session = Session::open(&server, Arc::default()).await?;
    let listed = session.list().await.map_err(|e| e.to_string())?;
    let tools = listed.iter().filter_map(spec_of).map(|spec| (spec.name.clone(), spec)).collect();
    Ok((session, tools))
}

fn spec_of(raw: &Value) -> Option<ToolSpec> {
    let tool = vet("fsts", raw).ok()?;
    let reads = raw.pointer("/annotations/readOnlyHint").and_then(Value::as_bool) == Some(true);
    Some(ToolSpec {
        name: tool.name,
        description: tool.description,
        input_schema: tool.input_schema,
        output_schema: tool.output_schema,
        tier: if reads { Tier::Read } else { Tier::Trade },
    })
}

/// Our own program's result: neither cleaned nor cut, and tainted only where it says so.
fn relayed(result: &Value) -> ToolOutcome {
    let parts = result.get("content").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let texts = parts.iter().filter_map(|p| p.get("text").and_then(Value::as_str));
    let failed = result.get("isError").and_then(Value::as_bool) == Some(true);
    let tainted = result.pointer("/_meta/sb-fsts~1tainted").and_then(Value::as_bool) == Some(true);
    ToolOutcome {
        status: if failed { ToolStatus::Error } else { ToolStatus::Ok },
        text: texts.collect::<Vec<_>>().join("\n"),
        structured: result.get("structuredContent").cloned(),
        tainted,
    }
}

impl ToolHost for Relay {
    fn tools(&self) -> Vec<ToolSpec> {
        match &self.line {
            Some((_, tools)) => tools.values().cloned().collect(),
            None => self.offline.tools(),
        }
    }

    fn call<'a>(&'a self, name: &'a str, arguments: Value) -> BoxFuture<'a, ToolOutcome> {
        let Some((session, _)) = &self.line else {
            return self.offline.call(name, arguments);
        };
        let arguments = match arguments {
            Value::Object(map) => map,
            _ => JsonObject::new(),
        };
        Box::pin(async move {
            match session.call(name, arguments, CALL_WITHIN).await {
                Ok(result) => relayed(&result),
                Err(CallError::TimedOut) => ToolOutcome::failed(ToolStatus::Timeout, "fsts did not answer in time."),
                Err(CallError::Broken) => {
                    ToolOutcome::failed(ToolStatus::Error, "fsts does not run any more; start it with `fsts run`.")
                }
                Err(CallError::Refused(reason)) => ToolOutcome::failed(ToolStatus::Error, reason),
            }
        })
    }
}
