//! Vectors by the hash of their text, in a file, so that a service is asked once for each text.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use super::embedding::{EmbedError, Embedder};
use super::passages::Passage;

/// First bytes of the file; another form has others.
const MAGIC: &[u8; 8] = b"fstsvec1";
const CHECK: usize = 32;

/// The vectors of one embedder.
#[derive(Debug, Default)]
pub(super) struct Vectors {
    path: Option<PathBuf>,
    of_hash: BTreeMap<String, Vec<f32>>,
}

impl Vectors {
    /// Reads the file of an embedder in `folder`; a damaged one is made anew.
    pub(super) fn open(folder: Option<&Path>, embedder: &str) -> Self {
        let name: String = embedder.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
        let path = folder.map(|f| f.join(format!("vectors-{name}.bin")));
        let read = path.as_ref().and_then(|p| std::fs::read(p).ok());
        let of_hash = match read.as_deref().map(decode) {
            Some(Some(vectors)) => vectors,
            Some(None) => {
                tracing::warn!("the file of vectors is damaged and made anew");
                BTreeMap::new()
            }
            None => BTreeMap::new(),
        };
        Vectors { path, of_hash }
    }

    /// Makes what is missing and forgets what no passage needs.
    pub(super) async fn complete(&mut self, passages: &[Passage], embedder: &dyn Embedder) -> Result<(), EmbedError> {
        let mut missing: Vec<&Passage> = passages.iter().filter(|p| !self.of_hash.contains_key(&p.hash)).collect();
        missing.sort_by(|a, b| a.hash.cmp(&b.hash));
        missing.dedup_by(|a, b| a.hash == b.hash);
        let texts: Vec<String> = missing.iter().map(|p| p.text.clone()).collect();
        if !texts.is_empty() {
            let made = embedder.embed(&texts).await?;
            self.of_hash.extend(missing.iter().map(|p| p.hash.clone()).zip(made));
        }
        let before = self.of_hash.len();
        let wanted: std::collections::BTreeSet<&str> = passages.iter().map(|p| p.hash.as_str()).collect();
        self.of_hash.retain(|hash, _| wanted.contains(hash.as_str()));
        if !texts.is_empty() || before != self.of_hash.len() {
            self.save();
        }
        Ok(())
    }

    pub(super) fn get(&self, hash: &str) -> Option<&[f32]> {
        self.of_hash.get(hash).map(Vec::as_slice)
    }

    /// Whole or not at all. A full disk costs the next start some requests, no more.
    fn save(&self) {
        let Some(path) = &self.path else {
            return;
        };
        let fresh = path.with_extension("new");
        let write = || -> std::io::Result<()> {
            if let Some(folder) = path.parent() {
                std::fs::create_dir_all(folder)?;
            }
            let mut file = std::fs::File::create(&fresh)?;
            file.write_all(&encode(&self.of_hash))?;
            file.sync_all()?;
            std::fs::rename(&fresh, path)
        };
        if let Err(error) = write() {
            tracing::warn!(%error, "the vectors could not be written");
        }
    }
}

/// Magic, a hash of the rest, then each: 64 letters of a hash, the vector's length, its numbers.
fn encode(vectors: &BTreeMap<String, Vec<f32>>) -> Vec<u8> {
    let mut rest = Vec::new();
    for (hash, vector) in vectors {
        rest.extend_from_slice(hash.as_bytes());
        rest.extend_from_slice(&(vector.len() as u32).to_le_bytes());
        vector.iter().for_each(|n| rest.extend_from_slice(&n.to_le_bytes()));
    }
    [MAGIC.as_slice(), blake3::hash(&rest).as_bytes(), &rest].concat()
}

fn decode(bytes: &[u8]) -> Option<BTreeMap<String, Vec<f32>>> {
    let (check, mut rest) = bytes.strip_prefix(MAGIC.as_slice())?.split_at_checked(CHECK)?;
    if blake3::hash(rest).as_bytes().as_slice() != check {
        return None;
    }
    let mut vectors = BTreeMap::new();
    while !rest.is_empty() {
        let (hash, after) = rest.split_at_checked(64)?;
        let (length, after) = after.split_first_chunk::<4>()?;
        let (numbers, after) = after.split_at_checked(u32::from_le_bytes(*length) as usize * 4)?;
        let numbers = numbers.chunks_exact(4).filter_map(|n| n.try_into().ok()).map(f32::from_le_bytes);
        vectors.insert(std::str::from_utf8(hash).ok()?.to_owned(), numbers.collect());
        rest = after;
    }
    Some(vectors)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vectors_survive_the_file_and_damage_is_noticed() {
        let hash = blake3::hash(b"text").to_hex().to_string();
        let vectors = BTreeMap::from([(hash, vec![0.5, -1.0])]);
        let mut bytes = encode(&vectors);
        assert_eq!(decode(&bytes), Some(vectors));
        for cut in [0, 7, 20, bytes.len() - 1] {
            assert_eq!(decode(&bytes[..cut]), None, "{cut}");
        }
        *bytes.last_mut().unwrap() ^= 1;
        assert_eq!(decode(&bytes), None);
    }
}
