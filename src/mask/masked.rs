//! The result of masking.

use std::collections::BTreeMap;
use std::ops::Range;

use super::span::{Entity, Layer};
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
    pub(super) finds: Vec<Find>,
}

/// One masked value: where, what and why, without the value.
#[derive(Clone, Debug, PartialEq)]
pub struct Find {
    /// What it is.
    pub entity: Entity,
    /// How sure, from 0 to 1.
    pub score: f32,
    /// What found it.
    pub layer: Layer,
    /// The rule within the layer.
    pub rule: &'static str,
    /// Bytes of the placeholder in the masked text.
    pub range: Range<usize>,
    /// Bytes of the value in the document's own text.
    pub original: Range<usize>,
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

    /// What was masked, in order.
    #[must_use]
    pub fn finds(&self) -> &[Find] {
        &self.finds
    }

    /// How many values were masked, by kind; kinds that were not found are absent.
    #[must_use]
    pub fn counts(&self) -> &BTreeMap<Entity, usize> {
        &self.counts
    }
}
