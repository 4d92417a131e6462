//! Identity by content: every artifact, row, request and stage is named by what it holds.

use std::fmt;

use serde::{Deserialize, Serialize};

/// BLAKE3 of some content, shown as 32 lower-case hex digits (the first 128 bits).
///
/// Two values with the same hash are taken to be the same content everywhere in `distill`.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(transparent)]
pub struct ContentHash(String);

impl ContentHash {
    /// Hashes one byte string.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Hasher::new().bytes(bytes).finish()
    }

    /// The 32 hex digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The first eight hex digits: enough to name a run for a person.
    #[must_use]
    pub fn short(&self) -> &str {
        self.0.get(..8).unwrap_or(&self.0)
    }
}

impl fmt::Display for ContentHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for ContentHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Builds a [`ContentHash`] from several parts.
///
/// Each part goes in with its length, so that `("ab", "c")` and `("a", "bc")` differ.
#[derive(Default)]
pub struct Hasher(blake3::Hasher);

impl Hasher {
    /// An empty hasher.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds one part.
    #[must_use]
    pub fn bytes(mut self, part: &[u8]) -> Self {
        self.0.update(&(part.len() as u64).to_le_bytes());
        self.0.update(part);
        self
    }

    /// Adds one part of `len` bytes that comes in pieces; the same as [`Self::bytes`] of the whole.
    #[must_use]
    pub fn pieces<'a>(mut self, len: usize, pieces: impl IntoIterator<Item = &'a [u8]>) -> Self {
        self.0.update(&(len as u64).to_le_bytes());
        for piece in pieces {
            self.0.update(piece);
        }
        self
    }

    /// Adds one text part.
    #[must_use]
    pub fn text(self, part: &str) -> Self {
        self.bytes(part.as_bytes())
    }

    /// Adds a serialisable part in its JSON form.
    #[must_use]
    pub fn json<T: Serialize>(self, part: &T) -> Self {
        // Serialising our own plain types to memory cannot fail; an empty part still keeps the order.
        self.bytes(&serde_json::to_vec(part).unwrap_or_default())
    }

    /// The hash of all parts.
    #[must_use]
    pub fn finish(self) -> ContentHash {
        ContentHash(self.0.finalize().to_hex().as_str()[..32].to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_do_not_run_into_each_other() {
        assert_ne!(Hasher::new().text("ab").text("c").finish(), Hasher::new().text("a").text("bc").finish());
        assert_eq!(ContentHash::of(b"x").as_str().len(), 32);
    }
}
