//! Our tools for other programs' models: what the server offers at `/mcp`.

use std::sync::Arc;

use fsts_assistant::agent::Redactor;
use fsts_assistant::mcp::HttpDoor;
use fsts_assistant::{CallContext, Tier, ToolHost, ToolOutcome, ToolSpec};
use fsts_server::mcp::{McpAnswer, McpPort, McpRequest};
use futures_util::future::BoxFuture;
use serde::Deserialize;
use serde_json::Value;

/// What other programs' models may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Offer {
    /// Nothing.
    Off,
    /// What only looks.
    #[default]
    Read,
    /// Also proposals, which a person must approve.
    Propose,
}

impl Offer {
    /// The word of the settings.
    pub const fn name(self) -> &'static str {
        match self {
            Offer::Off => "off",
            Offer::Read => "read",
            Offer::Propose => "propose",
        }
    }
}

/// The door of these tools; `None` when nothing is offered.
pub fn door(tools: Arc<dyn ToolHost>, redactor: Redactor, offer: Offer) -> Option<Arc<dyn McpPort>> {
    let highest = match offer {
        Offer::Off => return None,
        Offer::Read => Tier::Read,
        Offer::Propose => Tier::Trade,
    };
    let outside = Arc::new(Outside { tools, redactor });
    Some(Arc::new(Door(HttpDoor::guarded(outside, highest))))
}

struct Door(HttpDoor);

impl McpPort for Door {
    fn answer(&self, request: McpRequest) -> BoxFuture<'_, McpAnswer> {
        // The one token has all rights; what is offered to it is the operator's choice.
        Box::pin(self.0.answer(request, Tier::Trade))
    }
}

/// Our tools as somebody else's model calls them: without secrets, and marked as such.
struct Outside {
    tools: Arc<dyn ToolHost>,
    redactor: Redactor,
}

impl ToolHost for Outside {
    fn tools(&self) -> Vec<ToolSpec> {
        self.tools.tools()
    }

    fn call<'a>(&'a self, name: &'a str, arguments: Value) -> BoxFuture<'a, ToolOutcome> {
        Box::pin(async move {
            let context = CallContext { outside: true, ..CallContext::default() };
            let outcome = self.tools.call_within(name, arguments, context).await;
            ToolOutcome {
                text: self.redactor.clean(&outcome.text),
                structured: outcome.structured.as_ref().map(|v| self.redactor.clean_value(v)),
                ..outcome
            }
        })
    }
}
