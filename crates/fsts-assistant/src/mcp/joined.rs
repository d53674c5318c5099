//! Our tools and foreign ones as one host. Our names win.

use std::collections::BTreeSet;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use serde_json::Value;

use crate::tool::{CallContext, ToolHost, ToolOutcome, ToolSpec, ToolStatus};

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

    fn server_of(&self, name: &str) -> Option<String> {
        self.hosts.iter().find(|host| host.tools().iter().any(|tool| tool.name == name))?.server_of(name)
    }

    fn call<'a>(&'a self, name: &'a str, arguments: Value) -> BoxFuture<'a, ToolOutcome> {
        self.call_within(name, arguments, CallContext::default())
    }

    fn call_within<'a>(&'a self, name: &'a str, arguments: Value, context: CallContext) -> BoxFuture<'a, ToolOutcome> {
        let owner = self.hosts.iter().find(|host| host.tools().iter().any(|tool| tool.name == name));
        match owner {
            Some(host) => host.call_within(name, arguments, context),
            None => {
                let text = format!("There is no tool \"{name:.80}\"; use one of the list.");
                Box::pin(std::future::ready(ToolOutcome::failed(ToolStatus::Error, text)))
            }
        }
    }
}
