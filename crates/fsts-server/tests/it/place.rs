//! A running server on a free port, with its store in a folder that goes away with it.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::mpsc::channel;

use fsts_server::{ServerConfig, StoreArchive, bind};
use fsts_store::{DatabaseTarget, Holder, JournalSetup, JournalWriter, ReadModel, Store, take_lease};
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode};
use serde_json::Value;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::desk::{InlineDesk, Shared, morning};

pub const STREAM: &str = "test-stream";
pub const TOKEN: &str = "0123456789abcdef0123456789abcdef";

pub struct Place {
    pub desk: Arc<InlineDesk>,
    pub store: Store,
    pub address: SocketAddr,
    pub client: Client,
    stop: Option<oneshot::Sender<()>>,
    serving: Option<JoinHandle<()>>,
    _folder: tempfile::TempDir,
}

pub fn loopback() -> SocketAddr {
    (Ipv4Addr::LOCALHOST, 0).into()
}

pub async fn open() -> Place {
    open_with(ServerConfig { api_token: Some(TOKEN.into()), ..ServerConfig::new(loopback()) }).await
}

pub async fn open_with(config: ServerConfig) -> Place {
    open_on(async |_: &Store| config).await
}

/// A place whose settings need its store.
pub async fn open_on(settings: impl AsyncFnOnce(&Store) -> ServerConfig) -> Place {
    let folder = tempfile::tempdir().unwrap();
    let target = DatabaseTarget::Sqlite(folder.path().join("fsts.db"));
    let store = Store::open(&target).await.unwrap();
    let holder = Holder { pid: 1, host: "test".to_owned(), run_id: "run-1".to_owned(), since: morning() };
    let lease = take_lease(&store, STREAM, holder).await.unwrap();
    let rows = ReadModel::open(&store, STREAM).await.unwrap();
    let (sender, durable) = channel();
    let setup = JournalSetup::new(target, lease);
    let start = move || JournalWriter::start(setup, move |outcome| sender.send(outcome).unwrap()).unwrap();
    let journal = tokio::task::spawn_blocking(start).await.unwrap();
    let desk = InlineDesk::open(journal, durable, rows).await;
    let bound = bind(settings(&store).await).await.unwrap();
    let address = bound.address();
    let archive = Arc::new(StoreArchive::new(store.clone(), STREAM));
    let (stop, stopped) = oneshot::channel();
    let shared = Arc::new(Shared(Arc::clone(&desk)));
    let serving = tokio::spawn(async move {
        bound.serve(shared, archive, async { drop(stopped.await) }).await;
    });
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = Client::builder().no_proxy().build().unwrap();
    Place { desk, store, address, client, stop: Some(stop), serving: Some(serving), _folder: folder }
}

impl Place {
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub async fn get(&self, path: &str) -> Response {
        self.client.get(self.url(path)).send().await.unwrap()
    }

    /// The body of a GET that must succeed.
    pub async fn read(&self, path: &str) -> Value {
        let response = self.get(path).await;
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        response.json().await.unwrap()
    }

    /// A write with everything that it needs but a body.
    pub fn write(&self, method: Method, path: &str, key: &str) -> RequestBuilder {
        self.client.request(method, self.url(path)).bearer_auth(TOKEN).header("Idempotency-Key", key)
    }

    pub async fn post(&self, path: &str, key: &str, body: Value) -> (StatusCode, Value) {
        let response = self.write(Method::POST, path, key).json(&body).send().await.unwrap();
        let status = response.status();
        (status, response.json().await.unwrap())
    }

    pub async fn delete(&self, path: &str, key: &str) -> (StatusCode, Value) {
        let response = self.write(Method::DELETE, path, key).send().await.unwrap();
        let status = response.status();
        (status, response.json().await.unwrap())
    }

    /// Ends the server and starts another one on the same account and store.
    pub async fn restart(&mut self, config: ServerConfig) {
        self.close().await;
        let bound = bind(config).await.unwrap();
        self.address = bound.address();
        let archive = Arc::new(StoreArchive::new(self.store.clone(), STREAM));
        let (stop, stopped) = oneshot::channel();
        let shared = Arc::new(Shared(Arc::clone(&self.desk)));
        let serving = async move { bound.serve(shared, archive, async { drop(stopped.await) }).await };
        self.serving = Some(tokio::spawn(serving));
        self.stop = Some(stop);
    }

    /// Ends the server and waits for it.
    pub async fn close(&mut self) {
        drop(self.stop.take());
        self.serving.take().unwrap().await.unwrap();
    }
}
