//! Finding passages in documents: the program's own help and a folder of the operator's. Keywords and vectors are asked
//! together; without any service the vectors are made here.
//!
//! - [`Library`]: the documents, kept up to date with their folder; [`Library::search`]
//! - [`DocumentTools`]: the same as tools
//!
//! What is not built in was written by others: it is data and marked as such.

mod bm25;
mod chroma;
mod document;
mod embedding;
mod library;
mod passages;
mod tools;
mod vectors;
mod words;

pub use document::{Document, built_in};
pub use embedding::{EmbedError, Embedder, HashedEmbedder, RemoteEmbedder};
pub use library::{Found, Hit, Library, LibrarySettings, LibraryStatus};
pub use tools::DocumentTools;
