//! The tools of all foreign servers under the names that the model knows, and how each server is.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::Value;

use super::config::ForeignServer;
use super::names::model_name;
use super::vetting::{Pins, Vetted, vet};
use crate::tool::{Tier, ToolSpec};

/// Most tools of one server.
const TOOLS_MAX: usize = 256;

/// How a server is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ServerState {
    /// We haven't heard from it yet.
    Connecting,
    /// Its tools can be used.
    Ready,
    /// Its tools can be used, but its list could not be read again.
    Stale,
    /// It can't be reached; its tools are absent.
    Down,
}

/// A tool that is not offered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Refusal {
    /// The server's name for it.
    pub tool: String,
    /// Why.
    pub reason: String,
}

/// One server for a reader.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ServerStatus {
    /// Its name.
    pub name: String,
    /// `stdio`, `sse` or `streamable_http`.
    pub transport: String,
    /// Revision of the protocol, once it is known.
    pub era: Option<String>,
    /// Tools that are offered.
    pub tools: usize,
    /// Tools that are not.
    pub refused: Vec<Refusal>,
    /// How it is.
    pub state: ServerState,
    /// Why it is down.
    pub error: Option<String>,
    /// Seconds since this was found out.
    pub age_s: u64,
}

/// A tool that is offered.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub server: usize,
    pub original: String,
    pub spec: ToolSpec,
}

/// What a server's list came to.
#[derive(Debug, Default)]
pub(super) struct Vetting {
    pub tools: Vec<Vetted>,
    pub refused: Vec<Refusal>,
}

/// Vets a server's list; the operator's own lists come first, then the pins.
pub(super) fn vet_all(server: &ForeignServer, raw: &[Value], pins: &mut Pins) -> Vetting {
    let mut vetting = Vetting::default();
    let mut seen = BTreeSet::new();
    for entry in raw {
        let verdict = vet(&server.name, entry).and_then(|tool| {
            let refuse = |reason: &'static str| Err((tool.name.clone(), reason));
            if !server.wants(&tool.name) {
                return refuse("the settings leave it out");
            }
            if !seen.insert(tool.name.clone()) {
                return refuse("the server lists it twice");
            }
            if seen.len() > TOOLS_MAX {
                return refuse("the server has too many tools");
            }
            if !pins.is_as_seen(&server.name, &tool) {
                return refuse(
                    "it changed since it was first seen; remove it from the list of known tools to accept it",
                );
            }
            Ok(tool)
        });
        match verdict {
            Ok(tool) => vetting.tools.push(tool),
            Err((tool, reason)) => {
                tracing::warn!(server = server.name, tool, reason, "a foreign tool is left out");
                vetting.refused.push(Refusal { tool, reason: reason.to_owned() });
            }
        }
    }
    pins.save();
    vetting
}

/// Names all tools: `reserved` names are never given away.
pub(super) fn name_all(
    servers: &[(ForeignServer, Vec<Vetted>)],
    reserved: &BTreeSet<String>,
) -> BTreeMap<String, Entry> {
    let mut taken = reserved.clone();
    let mut entries = BTreeMap::new();
    for (index, (server, tools)) in servers.iter().enumerate() {
        for tool in tools {
            let name = model_name(&server.prefix, &tool.name, &taken);
            if !taken.insert(name.clone()) {
                continue;
            }
            let spec = ToolSpec {
                name: name.clone(),
                description: tool.description.clone(),
                input_schema: tool.input_schema.clone(),
                output_schema: tool.output_schema.clone(),
                tier: server.tier.min(Tier::Simulate),
            };
            entries.insert(name, Entry { server: index, original: tool.name.clone(), spec });
        }
    }
    entries
}
