//! The documents, searched: keywords and vectors fused by rank, the same text once.

use std::collections::{BTreeSet, HashMap};
use std::path::PathBuf;
use std::sync::Arc;

use reqwest::Url;
use serde::Serialize;
use tokio::sync::{Mutex, RwLock};

use super::bm25::{Keywords, best};
use super::chroma::Chroma;
use super::document::{Document, Listed, built_in, list, read};
use super::embedding::Embedder;
use super::passages::{Passage, cut};
use super::vectors::Vectors;

/// Ranks that each way of searching gives.
const DEPTH: usize = 50;
/// Constant of reciprocal rank fusion.
const FUSION: f32 = 60.0;
/// Likeness below which a vector's neighbour is none.
const LIKE_MIN: f32 = 0.1;
/// Longest query that is looked at, characters.
const QUERY_MAX: usize = 2_000;

/// What a library is made of.
#[derive(Clone)]
pub struct LibrarySettings {
    /// Folder with the operator's documents.
    pub folder: Option<PathBuf>,
    /// Folder for the store.
    pub store: Option<PathBuf>,
    /// Address of Chroma.
    pub chroma: Option<Url>,
    /// Makes the vectors.
    pub embedder: Arc<dyn Embedder>,
}

impl std::fmt::Debug for LibrarySettings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LibrarySettings")
            .field("folder", &self.folder)
            .field("store", &self.store)
            .finish_non_exhaustive()
    }
}

/// A passage that was found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Hit {
    /// Its document.
    pub doc_id: String,
    /// The document's title.
    pub title: String,
    /// `help` or `document`.
    pub kind: String,
    /// The passage.
    pub passage: String,
    /// Rank as a number: higher is better; not comparable between queries.
    pub score: f32,
    /// It came with the program and not from somebody else.
    pub built_in: bool,
}

/// What a search found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Found {
    /// Best first.
    pub passages: Vec<Hit>,
    /// What did not work: the answer is then made without it.
    pub warnings: Vec<String>,
}

/// How the library is, for a reader.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LibraryStatus {
    /// `embedded` or `chroma`.
    pub store: &'static str,
    /// `filling` until the documents were read once, then `ready`; `away` while Chroma does not answer and the embedded
    /// store stands in.
    pub state: &'static str,
    /// Documents.
    pub documents: usize,
    /// Passages that they were cut into.
    pub passages: usize,
}

/// The documents as they were read, made anew whenever one changed.
#[derive(Default)]
struct Texts {
    listed: Vec<Listed>,
    documents: Vec<Document>,
    passages: Vec<Passage>,
    keywords: Keywords,
}

/// All that is searched.
#[derive(Clone, Default)]
struct Shelf {
    texts: Arc<Texts>,
    /// The vectors are there.
    has_vectors: bool,
    /// Chroma holds these passages.
    in_chroma: bool,
}

/// Documents that can be searched.
pub struct Library {
    settings: LibrarySettings,
    chroma: Option<Chroma>,
    shelf: RwLock<Shelf>,
    vectors: RwLock<Vectors>,
    renewing: Mutex<()>,
}

impl std::fmt::Debug for Library {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Library").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl Library {
    /// Opens the store; documents are read at the first search.
    pub fn open(settings: LibrarySettings) -> Self {
        let vectors = Vectors::open(settings.store.as_deref(), settings.embedder.name());
        let chroma = settings.chroma.as_ref().and_then(|url| Chroma::new(url, settings.embedder.name()));
        Library { settings, chroma, shelf: RwLock::default(), vectors: RwLock::new(vectors), renewing: Mutex::new(()) }
    }

    /// Reads the documents and fills the stores, so that the first search need not.
    pub async fn fill(&self) {
        let mut warnings = Vec::new();
        self.renewed(&mut warnings).await;
        warnings.iter().for_each(|warning| tracing::warn!(warning, "the documents are not all in their store"));
    }

    /// How it is now; asks nobody.
    pub fn status(&self) -> LibraryStatus {
        // Whoever writes is done in a moment; a reader of a status page need not wait for it.
        let shelf = self.shelf.try_read().map(|shelf| shelf.clone()).unwrap_or_default();
        let filled = !shelf.texts.documents.is_empty();
        let complete = shelf.has_vectors && (shelf.in_chroma || self.chroma.is_none());
        LibraryStatus {
            store: if self.chroma.is_some() { "chroma" } else { "embedded" },
            state: match (filled, complete) {
                (false, _) => "filling",
                (true, true) => "ready",
                (true, false) => "away",
            },
            documents: shelf.texts.documents.len(),
            passages: shelf.texts.passages.len(),
        }
    }

    /// Passages for a query; `kinds` empty for all.
    pub async fn search(&self, query: &str, kinds: &[String], limit: usize) -> Found {
        let mut warnings = Vec::new();
        let shelf = self.renewed(&mut warnings).await;
        let query: String = super::document::compose(query).chars().take(QUERY_MAX).collect();
        let words = shelf.texts.keywords.search(&query, DEPTH);
        let like = self.alike(&shelf, &query, &mut warnings).await;
        let mut scores: HashMap<usize, f32> = HashMap::new();
        for ranking in [words, like] {
            for (rank, (place, _)) in ranking.into_iter().enumerate() {
                *scores.entry(place).or_default() += 1.0 / (FUSION + rank as f32 + 1.0);
            }
        }
        let mut seen = BTreeSet::new();
        let hits = best(scores.into_iter().collect(), usize::MAX).into_iter().filter_map(|(place, score)| {
            let passage = shelf.texts.passages.get(place)?;
            let document = shelf.texts.documents.get(passage.document)?;
            let wanted = kinds.is_empty() || kinds.iter().any(|k| k == document.kind);
            (wanted && seen.insert(passage.hash.clone())).then(|| hit(document, passage, score))
        });
        let passages = hits.take(limit).collect();
        Found { passages, warnings }
    }

    /// One document by its id.
    pub async fn document(&self, id: &str) -> Option<Document> {
        let shelf = self.renewed(&mut Vec::new()).await;
        shelf.texts.documents.iter().find(|d| d.id == id).cloned()
    }

    /// The nearest passages by vector: of Chroma where it answers, else of our own store.
    async fn alike(&self, shelf: &Shelf, query: &str, warnings: &mut Vec<String>) -> Vec<(usize, f32)> {
        if !shelf.has_vectors {
            return Vec::new();
        }
        let asked = match self.settings.embedder.embed(&[query.to_owned()]).await {
            Ok(mut vectors) => vectors.pop().unwrap_or_default(),
            Err(error) => {
                warnings.push(format!("{error}; searched by keywords only"));
                return Vec::new();
            }
        };
        if let Some(chroma) = self.chroma.as_ref().filter(|_| shelf.in_chroma) {
            match chroma.nearest(&asked, DEPTH).await {
                Ok(found) => return places(shelf, found),
                Err(error) => {
                    warnings.push(format!("{error}; searched in the embedded store"));
                    // It may come back empty.
                    self.forget_chroma().await;
                }
            }
        }
        let vectors = self.vectors.read().await;
        let like = |(place, passage): (usize, &Passage)| {
            let vector = vectors.get(&passage.hash).filter(|v| v.len() == asked.len())?;
            let likeness: f32 = vector.iter().zip(&asked).map(|(a, b)| a * b).sum();
            (likeness > LIKE_MIN).then_some((place, likeness))
        };
        best(shelf.texts.passages.iter().enumerate().filter_map(like).collect(), DEPTH)
    }

    async fn forget_chroma(&self) {
        self.shelf.write().await.in_chroma = false;
    }

    /// The shelf as the folder is now; made anew when a document changed, or Chroma is to be filled.
    async fn renewed(&self, warnings: &mut Vec<String>) -> Shelf {
        let listed = self.listed().await;
        let is_done = |shelf: &Shelf| {
            let complete = shelf.has_vectors && (shelf.in_chroma || self.chroma.is_none());
            complete && shelf.texts.listed == listed
        };
        let shelf = self.shelf.read().await.clone();
        if is_done(&shelf) {
            return shelf;
        }
        // One at a time; the others wait for it instead of doing it again.
        let _turn = self.renewing.lock().await;
        let mut shelf = self.shelf.read().await.clone();
        if is_done(&shelf) {
            return shelf;
        }
        if shelf.texts.listed != listed || shelf.texts.documents.is_empty() {
            shelf = Shelf { texts: Arc::new(self.read(listed).await), ..Shelf::default() };
        }
        let shelf = self.complete(shelf, warnings).await;
        *self.shelf.write().await = shelf.clone();
        shelf
    }

    async fn listed(&self) -> Vec<Listed> {
        let Some(folder) = self.settings.folder.clone() else {
            return Vec::new();
        };
        tokio::task::spawn_blocking(move || list(&folder)).await.unwrap_or_default()
    }

    async fn read(&self, listed: Vec<Listed>) -> Texts {
        let folder = self.settings.folder.clone().unwrap_or_default();
        let made = tokio::task::spawn_blocking(move || {
            let mut documents = built_in();
            documents.extend(read(&folder, &listed));
            let passages = cut(&documents);
            let keywords = Keywords::of(passages.iter().map(|p| p.text.as_str()));
            Texts { listed, documents, passages, keywords }
        });
        made.await.unwrap_or_default()
    }

    async fn complete(&self, mut shelf: Shelf, warnings: &mut Vec<String>) -> Shelf {
        let mut vectors = self.vectors.write().await;
        match vectors.complete(&shelf.texts.passages, self.settings.embedder.as_ref()).await {
            Ok(()) => shelf.has_vectors = true,
            Err(error) => warnings.push(format!("{error}; searched by keywords only")),
        }
        if let (Some(chroma), true, false) = (&self.chroma, shelf.has_vectors, shelf.in_chroma) {
            match chroma.fill(&shelf.texts.passages, &vectors).await {
                Ok(()) => shelf.in_chroma = true,
                Err(error) => warnings.push(format!("{error}; searched in the embedded store")),
            }
        }
        shelf
    }
}

fn places(shelf: &Shelf, found: Vec<(String, f32)>) -> Vec<(usize, f32)> {
    let place = |hash: &str| shelf.texts.passages.iter().position(|p| p.hash == hash);
    let close = found.into_iter().filter(|(_, likeness)| *likeness > LIKE_MIN);
    close.filter_map(|(hash, likeness)| Some((place(&hash)?, likeness))).collect()
}

fn hit(document: &Document, passage: &Passage, score: f32) -> Hit {
    Hit {
        doc_id: document.id.clone(),
        title: document.title.clone(),
        kind: document.kind.to_owned(),
        passage: passage.text.clone(),
        score,
        built_in: document.built_in,
    }
}
