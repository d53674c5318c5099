//! `[mcp]`: what is offered to other programs' models, and whose tools ours may use.

use std::collections::BTreeMap;

use fsts_assistant::mcp::{ForeignServer, read_servers};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::messages::{Text, mcp as say};
use crate::services::mcp::Offer;

/// `[mcp]`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RawMcp {
    pub offer: Offer,
    pub servers: Vec<RawMcpServer>,
}

/// One of `[[mcp.servers]]`. Secrets are never written here: `headers_from` and `env_from` name variables.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawMcpServer {
    pub name: String,
    #[serde(default)]
    pub transport: RawTransport,
    pub url: Option<String>,
    pub command: Option<String>,
    #[serde(default)]
    pub args: Vec<String>,
    #[serde(default)]
    pub headers_from: BTreeMap<String, String>,
    #[serde(default)]
    pub env_from: BTreeMap<String, String>,
    pub tier: Option<RawTier>,
    pub allow: Option<Vec<String>>,
    #[serde(default)]
    pub deny: Vec<String>,
    pub prefix: Option<String>,
}

/// `transport`.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RawTransport {
    #[default]
    Auto,
    Http,
    Sse,
    Stdio,
}

impl RawTransport {
    const fn word(self) -> &'static str {
        match self {
            RawTransport::Auto => "auto",
            RawTransport::Http => "streamable_http",
            RawTransport::Sse => "sse",
            RawTransport::Stdio => "stdio",
        }
    }
}

/// `tier`; nobody else's tool may propose orders.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RawTier {
    Read,
    Simulate,
}

impl RawTier {
    const fn word(self) -> &'static str {
        match self {
            RawTier::Read => "read",
            RawTier::Simulate => "simulate",
        }
    }
}

/// The servers of the file; `lookup` gives the variables that hold their secrets.
///
/// # Errors
/// A sentence that names the server, or the variable that is missing.
pub fn servers(raw: &[RawMcpServer], lookup: impl Fn(&str) -> Option<String>) -> Result<Vec<ForeignServer>, Text> {
    let mut all = Map::new();
    for server in raw {
        let values = |from: &BTreeMap<String, String>| -> Result<Map<String, Value>, Text> {
            let value = |(name, variable): (&String, &String)| {
                let value = lookup(variable).ok_or_else(|| say::secret_missing(&server.name, variable))?;
                Ok((name.clone(), Value::String(value)))
            };
            from.iter().map(value).collect()
        };
        let mut entry = json!({
            "transport": server.transport.word(), "args": server.args, "headers": values(&server.headers_from)?,
            "env": values(&server.env_from)?, "deny": server.deny, "allow": server.allow, "url": server.url,
            "command": server.command, "prefix": server.prefix,
        });
        if let (Some(tier), Some(fields)) = (server.tier, entry.as_object_mut()) {
            fields.insert("tier".to_owned(), tier.word().into());
        }
        if all.insert(server.name.clone(), entry).is_some() {
            return Err(say::twice(&server.name));
        }
    }
    read_servers(None, Some(&Value::Object(all).to_string())).map_err(|e| say::servers(&e))
}

#[cfg(test)]
mod tests {
    use fsts_assistant::mcp::Reach;
    use secrecy::ExposeSecret;

    use super::*;

    fn read(text: &str) -> Result<Vec<ForeignServer>, Text> {
        let raw: RawMcp =
            figment::Figment::from(<figment::providers::Toml as figment::providers::Format>::string(text))
                .extract()
                .unwrap();
        servers(&raw.servers, |name| (name == "NEWS_AUTH").then(|| "Bearer canary".to_owned()))
    }

    #[test]
    fn a_servers_secret_comes_from_the_variable_that_it_names() {
        let text = "[[servers]]\nname = \"news\"\ntransport = \"http\"\nurl = \"https://news.example/mcp\"\n\
            headers_from = { Authorization = \"NEWS_AUTH\" }\n[[servers]]\nname = \"files\"\ncommand = \"files\"\n";
        let found = read(text).unwrap();
        let names: Vec<&str> = found.iter().map(|s| s.name.as_str()).collect();
        assert_eq!(names, ["files", "news"]);
        let Reach::Http { headers, .. } = &found[1].reach else { panic!("{found:?}") };
        assert_eq!((headers[0].0.as_str(), headers[0].1.expose_secret()), ("Authorization", "Bearer canary"));
        assert!(!format!("{found:?}").contains("canary"));
    }

    #[test]
    fn mistakes_name_the_server_or_the_variable() {
        let missing = read("[[servers]]\nname = \"a\"\nurl = \"http://x\"\nheaders_from = { K = \"NO_SUCH\" }\n");
        assert!(missing.unwrap_err().en.contains("NO_SUCH"));
        let twice = "[[servers]]\nname = \"a\"\nurl = \"http://x\"\n".repeat(2);
        assert!(read(&twice).unwrap_err().en.contains("`a`"));
        assert!(read("[[servers]]\nname = \"a\"\n").unwrap_err().en.contains("\"a\""));
    }
}
