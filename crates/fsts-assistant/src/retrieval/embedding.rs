//! Texts as vectors: hashed pieces of words by default, or an embeddings service.

use std::time::Duration;

use futures_util::future::BoxFuture;
use reqwest::{Client, Url};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::json;

use super::words::terms;

/// Numbers of a hashed vector.
const HASHED: usize = 256;
/// Texts of one request.
const BATCH: usize = 64;
/// Time for one request.
const ANSWER_WITHIN: Duration = Duration::from_secs(20);
const CONNECT_WITHIN: Duration = Duration::from_secs(5);

/// Why there are no vectors.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EmbedError {
    /// The service can't be reached, or refuses; keywords alone still work.
    #[error("the embeddings service does not answer: {0}")]
    Unavailable(String),
    /// Its answer has another number of vectors, or vectors of another length.
    #[error("the embeddings service answered something else")]
    Malformed,
}

/// Makes vectors of length one.
pub trait Embedder: Send + Sync + 'static {
    /// Names the model; vectors of two names are never compared.
    fn name(&self) -> &str;

    /// A vector for each text.
    fn embed<'a>(&'a self, texts: &'a [String]) -> BoxFuture<'a, Result<Vec<Vec<f32>>, EmbedError>>;
}

/// Words and their pieces, hashed: the same on each machine, and without any model.
#[derive(Debug, Clone, Copy, Default)]
pub struct HashedEmbedder;

impl Embedder for HashedEmbedder {
    fn name(&self) -> &str {
        "hashed-v1"
    }

    fn embed<'a>(&'a self, texts: &'a [String]) -> BoxFuture<'a, Result<Vec<Vec<f32>>, EmbedError>> {
        Box::pin(std::future::ready(Ok(texts.iter().map(|text| hashed(text)).collect())))
    }
}

fn hashed(text: &str) -> Vec<f32> {
    let mut vector = vec![0.0; HASHED];
    let words = terms(text);
    let pairs = words.windows(2).map(|pair| pair.join(" "));
    let pieces = words.iter().flat_map(|word| {
        let letters: Vec<char> = word.chars().collect();
        letters.windows(3).map(|three| three.iter().collect::<String>()).collect::<Vec<_>>()
    });
    for feature in words.iter().cloned().chain(pairs).chain(pieces) {
        let hash = blake3::hash(feature.as_bytes());
        let [low, high, sign, ..] = *hash.as_bytes();
        let place = (usize::from(low) | usize::from(high) << 8) % HASHED;
        if let Some(number) = vector.get_mut(place) {
            *number += if sign & 1 == 0 { 1.0 } else { -1.0 };
        }
    }
    unit(vector)
}

/// The vector with length one; zeros stay.
pub(super) fn unit(mut vector: Vec<f32>) -> Vec<f32> {
    let length = vector.iter().map(|n| n * n).sum::<f32>().sqrt();
    if length > f32::EPSILON {
        vector.iter_mut().for_each(|n| *n /= length);
    }
    vector
}

/// A service that speaks the OpenAI form.
pub struct RemoteEmbedder {
    client: Client,
    url: Url,
    key: Option<SecretString>,
    model: String,
}

impl std::fmt::Debug for RemoteEmbedder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RemoteEmbedder").field("model", &self.model).finish_non_exhaustive()
    }
}

#[derive(Deserialize)]
struct Answer {
    data: Vec<Row>,
}

#[derive(Deserialize)]
struct Row {
    #[serde(default)]
    index: Option<usize>,
    embedding: Vec<f32>,
}

impl RemoteEmbedder {
    /// A service at `base`, to which `/embeddings` is appended.
    ///
    /// # Errors
    /// [`EmbedError::Unavailable`] where `base` is no address.
    pub fn new(base: &str, key: Option<SecretString>, model: &str) -> Result<Self, EmbedError> {
        let wrong = |_| EmbedError::Unavailable("its address is none".to_owned());
        let url: Url = format!("{}/embeddings", base.trim_end_matches('/')).parse().map_err(wrong)?;
        Ok(RemoteEmbedder { client: client()?, url, key, model: model.to_owned() })
    }

    async fn batch(&self, texts: &[String]) -> Result<Vec<Vec<f32>>, EmbedError> {
        let body = json!({ "model": self.model, "input": texts, "encoding_format": "float" });
        let mut request = self.client.post(self.url.clone()).json(&body).timeout(ANSWER_WITHIN);
        if let Some(key) = &self.key {
            request = request.bearer_auth(key.expose_secret());
        }
        let unavailable = |e: reqwest::Error| EmbedError::Unavailable(e.without_url().to_string());
        let response = request.send().await.map_err(unavailable)?;
        if !response.status().is_success() {
            return Err(EmbedError::Unavailable(format!("it answered {}", response.status().as_u16())));
        }
        let mut rows = response.json::<Answer>().await.map_err(|_| EmbedError::Malformed)?.data;
        rows.sort_by_key(|row| row.index);
        let length = rows.first().map(|r| r.embedding.len()).unwrap_or_default();
        let fits = rows.len() == texts.len() && length > 0 && rows.iter().all(|r| r.embedding.len() == length);
        if !fits || rows.iter().any(|r| r.embedding.iter().any(|n| !n.is_finite())) {
            return Err(EmbedError::Malformed);
        }
        Ok(rows.into_iter().map(|row| unit(row.embedding)).collect())
    }
}

impl Embedder for RemoteEmbedder {
    fn name(&self) -> &str {
        &self.model
    }

    fn embed<'a>(&'a self, texts: &'a [String]) -> BoxFuture<'a, Result<Vec<Vec<f32>>, EmbedError>> {
        Box::pin(async move {
            let mut vectors = Vec::with_capacity(texts.len());
            for batch in texts.chunks(BATCH) {
                vectors.extend(self.batch(batch).await?);
            }
            Ok(vectors)
        })
    }
}

fn client() -> Result<Client, EmbedError> {
    let builder = Client::builder().redirect(reqwest::redirect::Policy::none()).connect_timeout(CONNECT_WITHIN);
    builder.build().map_err(|_| EmbedError::Unavailable("no HTTP client can be made".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn likeness(a: &str, b: &str) -> f32 {
        hashed(a).iter().zip(hashed(b)).map(|(x, y)| x * y).sum()
    }

    #[test]
    fn like_texts_have_like_vectors() {
        assert!(likeness("삼성전자 배당금", "삼성전자의 배당금은") > 0.9);
        assert!(likeness("삼성전자 배당금", "삼성전자 배당") > likeness("삼성전자 배당금", "코스닥 지수 하락") + 0.3);
        assert!((likeness("같은 글", "같은 글") - 1.0).abs() < 1e-5);
        assert_eq!(hashed("").iter().sum::<f32>(), 0.0);
    }
}
