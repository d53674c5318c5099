//! Seeded ids: tokens, keys, request numbers.

use fsts_sim::Stream;

/// Makes texts out of a seeded stream.
#[derive(Debug, Clone)]
pub(crate) struct Mint {
    dice: Stream,
}

impl Mint {
    /// `life` tells the lives of one data folder apart, so that a restart does not hand out the same keys again.
    pub(crate) fn new(seed: u64, life: u64) -> Self {
        Mint { dice: Stream::new(seed, "ids", life) }
    }

    /// `len` characters out of `alphabet`.
    pub(crate) fn text(&mut self, len: usize, alphabet: &[u8]) -> String {
        let mut letter = || alphabet.get(self.dice.below(alphabet.len() as u64) as usize).copied();
        (0..len).map(|_| letter().map_or('0', char::from)).collect()
    }

    /// Lower-case hexadecimal digits.
    pub(crate) fn hex(&mut self, len: usize) -> String {
        self.text(len, b"0123456789abcdef")
    }

    /// The form of a UUID.
    pub(crate) fn uuid(&mut self) -> String {
        [8, 4, 4, 4, 12].map(|len| self.hex(len)).join("-")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_repeat_with_their_seed_and_differ_between_lives() {
        let uuid = |life| Mint::new(7, life).uuid();
        assert_eq!(uuid(0), uuid(0));
        assert_ne!(uuid(0), uuid(1));
        assert_eq!(uuid(0).len(), 36);
    }
}
