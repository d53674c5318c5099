//! Chroma over its REST interface, version 2. We always send our own vectors: its default would fetch a model.

use std::time::Duration;

use reqwest::{Client, Method, Url};
use serde_json::{Value, json};

use super::passages::Passage;
use super::vectors::Vectors;

const BASE: &str = "api/v2/tenants/default_tenant/databases/default_database/collections";
/// Passages of one request.
const BATCH: usize = 200;
const CONNECT_WITHIN: Duration = Duration::from_secs(2);
const ANSWER_WITHIN: Duration = Duration::from_secs(10);

/// Why Chroma did not answer; the embedded store does instead.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum ChromaError {
    #[error("Chroma can't be reached")]
    Unreachable,
    #[error("Chroma answered {0}")]
    Status(u16),
    #[error("Chroma answered something else")]
    Malformed,
}

/// A collection of one embedder's vectors.
#[derive(Debug)]
pub(super) struct Chroma {
    client: Client,
    base: Url,
    embedder: String,
}

impl Chroma {
    pub(super) fn new(url: &Url, embedder: &str) -> Option<Self> {
        let builder = Client::builder().redirect(reqwest::redirect::Policy::none()).connect_timeout(CONNECT_WITHIN);
        let client = builder.timeout(ANSWER_WITHIN).no_proxy().build().ok()?;
        let mut base = url.clone();
        base.set_path(&format!("{}/{BASE}", url.path().trim_end_matches('/')));
        Some(Chroma { client, base, embedder: embedder.to_owned() })
    }

    async fn ask(&self, method: Method, path: &str, body: &Value) -> Result<Value, ChromaError> {
        let mut url = self.base.clone();
        url.set_path(&format!("{}{path}", self.base.path()));
        let sent = self.client.request(method, url).json(body).send().await;
        let response = sent.map_err(|_| ChromaError::Unreachable)?;
        if !response.status().is_success() {
            return Err(ChromaError::Status(response.status().as_u16()));
        }
        response.json().await.map_err(|_| ChromaError::Malformed)
    }

    /// The collection's id. Its name holds model and dimension, so that vectors of two models never mix.
    async fn collection(&self, dimension: usize) -> Result<String, ChromaError> {
        let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
        let model: String = self.embedder.chars().map(plain).take(40).collect();
        let name = format!("fsts-{model}-{dimension}");
        let body = json!({ "name": name, "get_or_create": true, "configuration": { "hnsw": { "space": "cosine" } } });
        let made = self.ask(Method::POST, "", &body).await?;
        made.get("id").and_then(Value::as_str).map(str::to_owned).ok_or(ChromaError::Malformed)
    }

    /// Makes the collection hold exactly these passages.
    pub(super) async fn fill(&self, passages: &[Passage], vectors: &Vectors) -> Result<(), ChromaError> {
        let known: Vec<(&Passage, &[f32])> = passages.iter().filter_map(|p| Some((p, vectors.get(&p.hash)?))).collect();
        let Some((_, first)) = known.first() else {
            return Ok(());
        };
        let id = self.collection(first.len()).await?;
        for batch in known.chunks(BATCH) {
            let body = json!({
                "ids": batch.iter().map(|(p, _)| &p.hash).collect::<Vec<_>>(),
                "embeddings": batch.iter().map(|(_, v)| v).collect::<Vec<_>>(),
                "documents": batch.iter().map(|(p, _)| &p.text).collect::<Vec<_>>(),
            });
            self.ask(Method::POST, &format!("/{id}/upsert"), &body).await?;
        }
        let wanted: std::collections::BTreeSet<&str> = known.iter().map(|(p, _)| p.hash.as_str()).collect();
        let there = self.ask(Method::POST, &format!("/{id}/get"), &json!({ "include": [] })).await?;
        let ids = there.get("ids").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let old: Vec<&str> = ids.iter().filter_map(Value::as_str).filter(|id| !wanted.contains(id)).collect();
        if !old.is_empty() {
            self.ask(Method::POST, &format!("/{id}/delete"), &json!({ "ids": old })).await?;
        }
        Ok(())
    }

    /// Hashes of the nearest passages with their likeness, best first.
    pub(super) async fn nearest(&self, vector: &[f32], most: usize) -> Result<Vec<(String, f32)>, ChromaError> {
        let id = self.collection(vector.len()).await?;
        let body = json!({ "query_embeddings": [vector], "n_results": most, "include": ["distances"] });
        let found = self.ask(Method::POST, &format!("/{id}/query"), &body).await?;
        let row = |name: &str| found.get(name)?.get(0)?.as_array().cloned();
        let (ids, distances) = row("ids").zip(row("distances")).ok_or(ChromaError::Malformed)?;
        let pair = |(id, distance): (&Value, &Value)| Some((id.as_str()?.to_owned(), 1.0 - distance.as_f64()? as f32));
        Ok(ids.iter().zip(&distances).filter_map(pair).collect())
    }
}
