//! `fsts mcp`: the running program's tools over standard input and output, for a client that starts its servers itself.
//!
//! It opens neither journal nor database: whatever is called here is called at the running program's own address.

use std::sync::Arc;

use fsts_assistant::Tier;
use fsts_assistant::mcp::{Relay, RelayTarget, ToolServer, serve_stdio};
use fsts_assistant::retrieval::{DocumentTools, HashedEmbedder, Library, LibrarySettings};

use super::{Context, McpArgs};
use crate::exit::Failure;
use crate::messages::mcp as say;
use crate::output;
use crate::settings::Settings;

/// Runs the command until its client leaves.
pub async fn run(args: McpArgs, context: Context) -> Result<(), Failure> {
    let settings = Settings::load(args.config.as_deref()).await?;
    let address = args.server.unwrap_or_else(|| format!("http://{}", settings.listen));
    let url = format!("{}/mcp", address.trim_end_matches('/'));
    let url = url.parse().map_err(|_| Failure::input(say::address(&address)))?;
    let relay = Relay::open(&RelayTarget { url, token: settings.api_token }, help()).await;
    if !relay.is_connected() {
        output::note(say::offline(&address).get(context.lang));
    }
    // The running program decides what its token may use; nothing is held back here.
    let served = serve_stdio(ToolServer::new(Arc::new(relay), Tier::Trade)).await;
    served.map_err(|e| Failure::failed(crate::messages::system(&e.to_string())))
}

/// The help, which needs no running program.
fn help() -> Arc<DocumentTools> {
    let settings = LibrarySettings { folder: None, store: None, chroma: None, embedder: Arc::new(HashedEmbedder) };
    Arc::new(DocumentTools::new(Arc::new(Library::open(settings))))
}
