//! Which foreign servers there are: `MCP_SSE_URL`, one address, and `MCP_SERVERS`, a JSON object of them.

use std::collections::BTreeMap;

use reqwest::Url;
use secrecy::SecretString;
use serde::Deserialize;

use crate::tool::Tier;

/// Most servers.
const SERVERS_MAX: usize = 32;
/// Name of the server of `MCP_SSE_URL`.
const OLD_NAME: &str = "mcp";

/// How an address is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Transport {
    /// Found out: an address that ends in `/sse` is the old one, others are tried as the new one first.
    #[default]
    Auto,
    /// HTTP with an event stream and an address for messages.
    Sse,
    /// One address for both.
    #[serde(alias = "http")]
    StreamableHttp,
    /// A child process.
    Stdio,
}

/// Where a server is.
#[derive(Debug, Clone)]
pub enum Reach {
    /// Behind an address.
    Http {
        /// The address.
        url: Url,
        /// Sent with every request.
        headers: Vec<(String, SecretString)>,
        /// How it is spoken to.
        transport: Transport,
    },
    /// A program that we start.
    Process {
        /// The program.
        command: String,
        /// Its arguments.
        args: Vec<String>,
        /// Its environment besides the search path.
        env: Vec<(String, SecretString)>,
    },
}

/// A server whose tools may be used.
#[derive(Debug, Clone)]
pub struct ForeignServer {
    /// Its name here.
    pub name: String,
    /// Where it is.
    pub reach: Reach,
    /// What its tools may do; never [`Tier::Trade`].
    pub tier: Tier,
    /// Only these tools, where given.
    pub allow: Option<Vec<String>>,
    /// Not these.
    pub deny: Vec<String>,
    /// Put before the names of its tools, with two underscores; empty for none.
    pub prefix: String,
}

impl ForeignServer {
    /// A server at an address, with its tools under their own names.
    pub fn at(name: &str, url: Url, transport: Transport) -> Self {
        ForeignServer {
            name: name.to_owned(),
            reach: Reach::Http { url, headers: Vec::new(), transport },
            tier: Tier::Read,
            allow: None,
            deny: Vec::new(),
            prefix: String::new(),
        }
    }

    /// Whether the operator wants this tool.
    pub(super) fn wants(&self, tool: &str) -> bool {
        let allowed = self.allow.as_ref().is_none_or(|names| names.iter().any(|n| n == tool));
        allowed && !self.deny.iter().any(|n| n == tool)
    }

    /// The transport's name for people.
    pub(super) fn transport_name(&self) -> &'static str {
        match &self.reach {
            Reach::Process { .. } => "stdio",
            Reach::Http { transport: Transport::Sse, .. } => "sse",
            Reach::Http { url, transport: Transport::Auto, .. } if is_old(url) => "sse",
            Reach::Http { .. } => "streamable_http",
        }
    }
}

/// Whether an address is one of the old transport by its name.
pub(super) fn is_old(url: &Url) -> bool {
    url.path().trim_end_matches('/').ends_with("/sse")
}

/// Why the servers can't be used. The value itself may hold a token and is never part of it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// Write an http or https address.
    #[error("{0} is no http or https address")]
    Address(String),
    /// Write a JSON object of servers, each with the documented fields.
    #[error("MCP_SERVERS can't be read: {0}")]
    Json(String),
    /// Use letters, digits, `_` and `-`, at most 32.
    #[error("\"{0}\" is no name for a server: letters, digits, _ and -, at most 32")]
    Name(String),
    /// Give `url` or `command`, and a transport that goes with it.
    #[error("server \"{0}\" needs either a url or a command, and a transport that goes with it")]
    Reach(String),
    /// Foreign tools may not trade.
    #[error("server \"{0}\" asks for the tier trade: only tools of this program may propose orders")]
    Tier(String),
    /// Remove some.
    #[error("more than {SERVERS_MAX} servers")]
    TooMany,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawServer {
    url: Option<String>,
    command: Option<String>,
    #[serde(default)]
    args: Vec<String>,
    #[serde(default)]
    env: BTreeMap<String, SecretString>,
    #[serde(default)]
    headers: BTreeMap<String, SecretString>,
    #[serde(default)]
    transport: Transport,
    tier: Option<Tier>,
    allow: Option<Vec<String>>,
    #[serde(default)]
    deny: Vec<String>,
    prefix: Option<String>,
}

/// Reads both variables.
///
/// # Errors
/// [`ConfigError`], which names the server and never shows its secrets.
pub fn read_servers(sse_url: Option<&str>, servers: Option<&str>) -> Result<Vec<ForeignServer>, ConfigError> {
    let mut found = Vec::new();
    if let Some(text) = sse_url.map(str::trim).filter(|t| !t.is_empty()) {
        found.push(ForeignServer::at(OLD_NAME, address("MCP_SSE_URL", text)?, Transport::Auto));
    }
    if let Some(text) = servers.map(str::trim).filter(|t| !t.is_empty()) {
        let raw: BTreeMap<String, RawServer> =
            serde_json::from_str(text).map_err(|e| ConfigError::Json(place_of(&e)))?;
        for (name, server) in raw {
            found.push(checked(name, server)?);
        }
    }
    if found.len() > SERVERS_MAX {
        return Err(ConfigError::TooMany);
    }
    Ok(found)
}

/// Where JSON goes wrong, without the text there.
fn place_of(error: &serde_json::Error) -> String {
    format!("line {}, column {}", error.line(), error.column())
}

fn address(whose: &str, text: &str) -> Result<Url, ConfigError> {
    let wrong = || ConfigError::Address(whose.to_owned());
    let url: Url = text.parse().map_err(|_| wrong())?;
    if matches!(url.scheme(), "http" | "https") && url.has_host() { Ok(url) } else { Err(wrong()) }
}

fn checked(name: String, raw: RawServer) -> Result<ForeignServer, ConfigError> {
    let plain = |text: &str| text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
    if name.is_empty() || name.len() > 32 || !plain(&name) || name == OLD_NAME {
        return Err(ConfigError::Name(name));
    }
    if raw.tier == Some(Tier::Trade) {
        return Err(ConfigError::Tier(name));
    }
    let prefix = raw.prefix.unwrap_or_else(|| name.clone());
    if prefix.len() > 32 || !plain(&prefix) {
        return Err(ConfigError::Name(prefix));
    }
    let reach = match (raw.url, raw.command, raw.transport) {
        (Some(url), None, transport) if transport != Transport::Stdio => {
            Reach::Http { url: address(&name, &url)?, headers: raw.headers.into_iter().collect(), transport }
        }
        (None, Some(command), Transport::Auto | Transport::Stdio) => {
            Reach::Process { command, args: raw.args, env: raw.env.into_iter().collect() }
        }
        _ => return Err(ConfigError::Reach(name)),
    };
    let tier = raw.tier.unwrap_or(Tier::Read);
    Ok(ForeignServer { name, reach, tier, allow: raw.allow, deny: raw.deny, prefix })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_variables_are_read() {
        let json = r#"{ "news": { "url": "https://news.example/mcp", "headers": { "X-Key": "canary-1" } },
            "files": { "command": "server", "args": ["--read"], "env": { "KEY": "canary-2" }, "tier": "simulate" } }"#;
        let servers = read_servers(Some("http://127.0.0.1:9/sse"), Some(json)).unwrap();
        let names: Vec<_> = servers.iter().map(|s| (s.name.as_str(), s.transport_name(), s.prefix.as_str())).collect();
        assert_eq!(names, [("mcp", "sse", ""), ("files", "stdio", "files"), ("news", "streamable_http", "news")]);
        assert_eq!(servers[1].tier, Tier::Simulate);
        assert!(!format!("{servers:?}").contains("canary"), "a secret in the debug form");
        assert!(read_servers(None, None).unwrap().is_empty());
        assert!(read_servers(Some(" "), Some("")).unwrap().is_empty());
    }

    #[test]
    fn mistakes_name_the_server_and_show_no_secret() {
        let error = |json: &str| read_servers(None, Some(json)).unwrap_err();
        assert_eq!(error(r#"{"a":{"url":"http://x","command":"y"}}"#), ConfigError::Reach("a".to_owned()));
        assert_eq!(error(r#"{"a":{"url":"ftp://x"}}"#), ConfigError::Address("a".to_owned()));
        assert_eq!(error(r#"{"a":{"url":"http://x","tier":"trade"}}"#), ConfigError::Tier("a".to_owned()));
        assert_eq!(error(r#"{"a b":{"url":"http://x"}}"#), ConfigError::Name("a b".to_owned()));
        let text = error(r#"{"a":{"url":"http://x","headers":{"X":"canary"},"tire":1}}"#).to_string();
        assert!(text.starts_with("MCP_SERVERS can't be read: line 1") && !text.contains("canary"), "{text}");
        assert!(read_servers(Some("not an address"), None).is_err());
    }
}
