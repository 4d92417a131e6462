//! The result of masking.

use std::collections::BTreeMap;

use super::span::Entity;
use crate::document::Block;
use crate::id::ContentHash;

/// A document in which every detected value is a placeholder. There is no way back from it but a
/// [`Vault`](super::Vault).
#[derive(Clone, Debug)]
pub struct MaskedDocument {
    pub(super) name: String,
    pub(super) hash: ContentHash,
    pub(super) text: String,
    pub(super) blocks: Vec<Block>,
    pub(super) counts: BTreeMap<Entity, usize>,
}

impl MaskedDocument {
    /// The document's name, its author's names in it replaced by `person`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Hash of the masked text: a change that masking hides changes nothing downstream.
    #[must_use]
    pub fn hash(&self) -> &ContentHash {
        &self.hash
    }

    /// The masked Markdown.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Blocks in reading order; their spans are those of [`text`](Self::text).
    #[must_use]
    pub fn blocks(&self) -> &[Block] {
        &self.blocks
    }

    /// How many values were masked, by kind; kinds that were not found are absent.
    #[must_use]
    pub fn counts(&self) -> &BTreeMap<Entity, usize> {
        &self.counts
    }
}
