//! Our tools and foreign ones as one host. Our names win.

use std::collections::BTreeSet;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use serde_json::Value;

use crate::tool::{ToolHost, ToolOutcome, ToolSpec, ToolStatus};

/// Most tools that a model is shown.
const TOOLS_MAX: usize = 128;

/// Several hosts in order of precedence.
#[derive(Clone)]
pub struct Tools {
    hosts: Arc<[Arc<dyn ToolHost>]>,
}

impl std::fmt::Debug for Tools {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tools").field("hosts", &self.hosts.len()).finish()
    }
}

impl Tools {
    /// Joins hosts; of two tools with one name the earlier host's is meant.
    pub fn new(hosts: impl IntoIterator<Item = Arc<dyn ToolHost>>) -> Self {
        Tools { hosts: hosts.into_iter().collect() }
    }
}

impl ToolHost for Tools {
    fn tools(&self) -> Vec<ToolSpec> {
        let mut names = BTreeSet::new();
        let all = self.hosts.iter().flat_map(|host| host.tools());
        all.filter(|tool| names.insert(tool.name.clone())).take(TOOLS_MAX).collect()
    }

    fn call<'a>(&'a self, name: &'a str, arguments: Value) -> BoxFuture<'a, ToolOutcome> {
        let owner = self.hosts.iter().find(|host| host.tools().iter().any(|tool| tool.name == name));
        match owner {
            Some(host) => host.call(name, arguments),
            None => {
                let text = format!("There is no tool \"{name:.80}\"; use one of the list.");
                Box::pin(std::future::ready(ToolOutcome::failed(ToolStatus::Error, text)))
            }
        }
    }
}
