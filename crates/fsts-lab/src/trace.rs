//! The trace hash: a digest of the data, the settings and every record of a run, the same on every machine and build.

use fsts_engine::Entry;

/// Collects records into a BLAKE3 hash.
#[derive(Debug)]
pub(crate) struct Trace {
    hasher: blake3::Hasher,
    buffer: Vec<u8>,
}

impl Trace {
    /// A trace over a data set and a description of the settings.
    pub fn new(data_hash: &[u8; 32], settings: &str) -> Self {
        let mut hasher = blake3::Hasher::new();
        hasher.update(b"fsts trace 1\n");
        hasher.update(data_hash);
        hasher.update(settings.as_bytes());
        Trace { hasher, buffer: Vec::with_capacity(66_560) }
    }

    /// Adds records in order.
    pub fn add(&mut self, entries: &[Entry]) {
        for entry in entries {
            let bytes = std::mem::take(&mut self.buffer);
            if let Ok(bytes) = postcard::to_extend(entry, bytes) {
                self.buffer = bytes;
            }
        }
        if self.buffer.len() >= 65_536 {
            self.hasher.update(&self.buffer);
            self.buffer.clear();
        }
    }

    /// The hash as 64 hexadecimal digits.
    pub fn finish(&mut self) -> String {
        self.hasher.update(&self.buffer);
        self.buffer.clear();
        self.hasher.finalize().to_hex().to_string()
    }
}
