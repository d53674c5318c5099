//! Files to pieces and back, never more than one piece in memory.

use std::path::Path;

use blake3::Hasher;
use object_store::{ObjectStoreExt, PutMode};
use tokio::fs;
use tokio::io::{AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::manifest::{File, Piece};
use super::{BackupError, Backups};

/// A piece of a file. Logs grow at their end, so all of their pieces but the last are in the target already.
const PIECE_BYTES: usize = 8 * 1024 * 1024;
/// Logs of lines that are being written: what follows the last whole line is left to the next backup.
const LINES: &str = ".ndjson";

impl Backups {
    /// Copies a file as long as it is now; `None` where it has gone meanwhile.
    pub(super) async fn put_file(&self, from: &Path, name: &str) -> Result<Option<File>, BackupError> {
        let mut file = match fs::File::open(from).await {
            Ok(file) => file,
            Err(gone) if gone.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(BackupError::file(from)(error)),
        };
        let mut left = file.metadata().await.map_err(BackupError::file(from))?.len();
        let (mut whole, mut bytes, mut pieces) = (Hasher::new(), 0, Vec::new());
        while left > 0 {
            let mut piece = Vec::with_capacity(PIECE_BYTES.min(usize::try_from(left).unwrap_or(PIECE_BYTES)));
            let limit = left.min(PIECE_BYTES as u64);
            let read = (&mut file).take(limit).read_to_end(&mut piece).await.map_err(BackupError::file(from))?;
            if (read as u64) < limit {
                // Somebody made it shorter; what was there is what there is.
                left = read as u64;
            }
            left -= read as u64;
            if left == 0 && name.ends_with(LINES) {
                cut_to_whole_lines(&mut piece);
            }
            if piece.is_empty() {
                break;
            }
            whole.update(&piece);
            bytes += piece.len() as u64;
            pieces.push(self.put_piece(piece).await?);
        }
        Ok(Some(File { path: name.to_owned(), bytes, blake3: whole.finalize().to_hex().to_string(), pieces }))
    }

    async fn put_piece(&self, bytes: Vec<u8>) -> Result<Piece, BackupError> {
        let piece = Piece { blake3: blake3::hash(&bytes).to_hex().to_string(), bytes: bytes.len() as u64 };
        let key = self.piece_key(&piece);
        match self.objects.head(&key).await {
            Ok(meta) if meta.size == piece.bytes => return Ok(piece),
            // A shorter one was cut off while it was written.
            Ok(_) | Err(object_store::Error::NotFound { .. }) => {}
            Err(error) => return Err(self.failed(&error)),
        }
        self.write(&key, bytes, PutMode::Overwrite).await.map_err(|e| self.failed(&e))?;
        Ok(piece)
    }

    /// Reads a file's pieces into `out`, each checked, and the whole too.
    pub(super) async fn get_file(
        &self,
        file: &File,
        out: &mut (impl AsyncWrite + Unpin),
        to: &Path,
    ) -> Result<(), BackupError> {
        let damaged = |what: &str| BackupError::Damaged { what: format!("{}: {what}", file.path) };
        let (mut whole, mut bytes) = (Hasher::new(), 0);
        for piece in &file.pieces {
            let found = match self.objects.get(&self.piece_key(piece)).await {
                Ok(found) if found.meta.size == piece.bytes => found.bytes().await.map_err(|e| self.failed(&e))?,
                Ok(_) => return Err(damaged("a piece has another length")),
                Err(object_store::Error::NotFound { .. }) => return Err(damaged("a piece is missing")),
                Err(error) => return Err(self.failed(&error)),
            };
            if blake3::hash(&found).to_hex().as_str() != piece.blake3 {
                return Err(damaged("a piece is not what was written"));
            }
            whole.update(&found);
            bytes += found.len() as u64;
            out.write_all(&found).await.map_err(BackupError::file(to))?;
        }
        out.flush().await.map_err(BackupError::file(to))?;
        if bytes != file.bytes || whole.finalize().to_hex().as_str() != file.blake3 {
            return Err(damaged("the pieces don't make the file"));
        }
        Ok(())
    }

    /// Writes a file of the backup to `to`, which must not be there, and to the disk.
    pub(super) async fn fetch_file(&self, file: &File, to: &Path) -> Result<(), BackupError> {
        if let Some(folder) = to.parent() {
            fs::create_dir_all(folder).await.map_err(BackupError::file(folder))?;
        }
        let mut out = fs::File::create_new(to).await.map_err(BackupError::file(to))?;
        self.get_file(file, &mut out, to).await?;
        out.sync_all().await.map_err(BackupError::file(to))
    }

    pub(super) fn piece_key(&self, piece: &Piece) -> object_store::path::Path {
        let shelf: String = piece.blake3.chars().take(2).collect();
        self.key(&["objects", &shelf, &piece.blake3])
    }
}

fn cut_to_whole_lines(piece: &mut Vec<u8>) {
    let end = piece.iter().rposition(|b| *b == b'\n').map_or(0, |at| at + 1);
    piece.truncate(end);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_is_being_written_is_left_to_the_next_backup() {
        for (text, kept) in [("a\nb\n", "a\nb\n"), ("a\nb", "a\n"), ("b", ""), ("", "")] {
            let mut piece = text.as_bytes().to_vec();
            cut_to_whole_lines(&mut piece);
            assert_eq!(piece, kept.as_bytes());
        }
    }
}
