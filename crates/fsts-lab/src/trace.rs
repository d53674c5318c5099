//! The trace hash: a digest of the data, the settings and every record of a run, the same on every machine and build.

use fsts_engine::Entry;
use postcard::ser_flavors::Flavor;

/// Collects records into a BLAKE3 hash.
#[derive(Debug)]
pub(crate) struct Trace {
    hasher: blake3::Hasher,
    buffer: Vec<u8>,
}

/// Appends whole slices; postcard's own flavor for `Extend` appends byte by byte, which cost a quarter of a run with orders.
struct Appended<'b>(&'b mut Vec<u8>);

impl Flavor for Appended<'_> {
    type Output = ();

    #[inline]
    fn try_push(&mut self, byte: u8) -> postcard::Result<()> {
        self.0.push(byte);
        Ok(())
    }

    #[inline]
    fn try_extend(&mut self, bytes: &[u8]) -> postcard::Result<()> {
        self.0.extend_from_slice(bytes);
        Ok(())
    }

    fn finalize(self) -> postcard::Result<()> {
        Ok(())
    }
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
            // A vector never refuses bytes, and records hold nothing that postcard can't write.
            let _infallible = postcard::serialize_with_flavor(entry, Appended(&mut self.buffer));
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
