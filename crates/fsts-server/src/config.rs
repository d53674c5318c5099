//! What the server is started with, and why it may not start.

use std::net::SocketAddr;

use secrecy::SecretString;

use crate::messages::Language;
use crate::services::Services;

/// What the server is started with.
#[derive(Debug, Clone)]
pub struct ServerConfig {
    /// Address to listen on; loopback only. Port 0 takes a free one.
    pub listen: SocketAddr,
    /// Token that writes must carry; without one there are no writes.
    pub api_token: Option<SecretString>,
    /// Language of answers to readers who name none.
    pub language: Language,
    /// Names besides the loopback ones under which a browser may call the server, `name` or `name:port`.
    pub allowed_hosts: Vec<String>,
    /// What is offered besides the account.
    pub services: Services,
}

impl ServerConfig {
    /// Settings for an address: Korean, loopback names only, no writes.
    pub fn new(listen: SocketAddr) -> Self {
        ServerConfig {
            listen,
            api_token: None,
            language: Language::Korean,
            allowed_hosts: Vec::new(),
            services: Services::default(),
        }
    }
}

/// Why the server could not start or go on.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// Change the address: nothing but loopback is served without TLS.
    #[error("refusing to listen on {0}: only loopback addresses (127.0.0.1, ::1) are served; use a tunnel from afar")]
    NotLoopback(SocketAddr),
    /// Take another token: a short one can be guessed.
    #[error("refusing a write token of fewer than {0} characters")]
    WeakToken(usize),
    /// Free the address or take another one.
    #[error("could not listen on {address}: {source}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system said.
        source: std::io::Error,
    },
}
