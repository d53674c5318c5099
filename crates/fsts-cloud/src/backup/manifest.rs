//! The list of a backup: its files, their pieces, and what its journals prove.

use std::path::{Component, Path};

use serde::{Deserialize, Serialize};

use super::BackupError;

/// Format that this program writes.
const FORMAT: u32 = 1;

/// One backup.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Manifest {
    pub format: u32,
    pub id: String,
    /// UTC nanoseconds.
    pub created_ns: i64,
    /// Version of the program that made it.
    pub program: String,
    pub database: Database,
    pub journals: Vec<JournalProof>,
    pub files: Vec<File>,
}

/// How the database was copied; its file is the first of the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Database {
    /// A SQLite file.
    Sqlite,
    /// Lines of rows.
    Rows,
}

/// What a journal's chain proves at the moment of the copy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JournalProof {
    /// The stream.
    pub stream: String,
    /// Records in it.
    pub records: u64,
    /// Link of the last one.
    pub last_hash: String,
}

/// A file as a list of pieces.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct File {
    /// `database/…`, or a folder's name and the path in it.
    pub path: String,
    pub bytes: u64,
    /// BLAKE3 of the whole, hex.
    pub blake3: String,
    pub pieces: Vec<Piece>,
}

/// A piece of a file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Piece {
    /// BLAKE3, hex; also its name in the target.
    pub blake3: String,
    pub bytes: u64,
}

/// The first line: the hash of the second one, so that a changed list is seen before anything is read by it.
#[derive(Serialize, Deserialize)]
struct Seal {
    blake3: String,
}

impl Manifest {
    /// An empty one of this program.
    pub fn new(id: String, created_ns: i64, database: Database) -> Manifest {
        let program = env!("CARGO_PKG_VERSION").to_owned();
        Manifest { format: FORMAT, id, created_ns, program, database, journals: Vec::new(), files: Vec::new() }
    }

    /// Its two lines: seal and list.
    pub fn to_bytes(&self) -> Result<Vec<u8>, BackupError> {
        let broken = |e: serde_json::Error| BackupError::Damaged { what: e.to_string() };
        let list = serde_json::to_string(self).map_err(broken)?;
        let seal = Seal { blake3: blake3::hash(list.as_bytes()).to_hex().to_string() };
        Ok(format!("{}\n{list}\n", serde_json::to_string(&seal).map_err(broken)?).into_bytes())
    }

    /// The manifest of a text: its seal holds, and nothing in it leads out of the folders.
    pub fn parse(id: &str, bytes: &[u8]) -> Result<Manifest, BackupError> {
        let damaged = |what: &str| BackupError::Damaged { what: format!("manifest {id}: {what}") };
        let text = std::str::from_utf8(bytes).map_err(|_| damaged("it is no text"))?;
        let (seal, text) = text.trim_end().split_once('\n').ok_or_else(|| damaged("it has no list"))?;
        let seal: Seal = serde_json::from_str(seal).map_err(|_| damaged("it has no seal"))?;
        if blake3::hash(text.as_bytes()).to_hex().as_str() != seal.blake3 {
            return Err(damaged("its seal is broken"));
        }
        #[derive(Deserialize)]
        struct Format {
            format: u32,
        }
        let Format { format } = serde_json::from_str(text).map_err(|_| damaged("it has no format"))?;
        if format > FORMAT {
            return Err(BackupError::Newer { found: format, known: FORMAT });
        }
        let manifest: Manifest = serde_json::from_str(text).map_err(|_| damaged("it is not understood"))?;
        if manifest.id != id || manifest.files.is_empty() {
            return Err(damaged("it is another one's"));
        }
        let sound = |file: &File| is_inside(&file.path) && file.pieces.iter().all(|p| is_hash(&p.blake3));
        if !manifest.files.iter().all(sound) {
            return Err(damaged("a file's path or piece is not one this program writes"));
        }
        Ok(manifest)
    }

    /// Names of all pieces, each once.
    pub fn pieces(&self) -> impl Iterator<Item = &Piece> {
        self.files.iter().flat_map(|f| &f.pieces)
    }
}

/// Whether a path stays in the folder it is joined to.
fn is_inside(path: &str) -> bool {
    !path.is_empty() && Path::new(path).components().all(|c| matches!(c, Component::Normal(_)))
}

fn is_hash(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|b| b.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest(path: &str) -> Manifest {
        let file = File { path: path.to_owned(), bytes: 0, blake3: String::new(), pieces: Vec::new() };
        Manifest { files: vec![file], ..Manifest::new("a".to_owned(), 1, Database::Sqlite) }
    }

    #[test]
    fn a_changed_manifest_is_refused() {
        let bytes = manifest("database/fsts.db").to_bytes().unwrap();
        assert!(Manifest::parse("a", &bytes).is_ok());
        assert!(Manifest::parse("b", &bytes).is_err());
        let text = String::from_utf8(bytes).unwrap().replace("fsts.db", "fsts.xx");
        assert!(Manifest::parse("a", text.as_bytes()).unwrap_err().to_string().contains("seal"));
    }

    #[test]
    fn a_path_that_leads_out_is_refused_with_its_seal_intact() {
        for path in ["../etc/passwd", "/etc/passwd", "lake/../../x", ""] {
            let bytes = manifest(path).to_bytes().unwrap();
            assert!(Manifest::parse("a", &bytes).is_err(), "{path}");
        }
    }

    #[test]
    fn a_newer_format_is_named() {
        let newer = Manifest { format: 9, ..manifest("database/fsts.db") };
        let refused = Manifest::parse("a", &newer.to_bytes().unwrap()).unwrap_err();
        assert!(matches!(refused, BackupError::Newer { found: 9, known: FORMAT }));
    }
}
