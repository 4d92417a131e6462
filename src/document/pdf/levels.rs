//! Which blocks are headings, and of which level.

use std::collections::BTreeMap;

use super::blocks::{Block, own, tenths};
use crate::document::label;

/// How much larger than the text a heading is.
const LARGER: f64 = 1.12;

/// The longest heading that is larger than the text.
const MAX_HEADING_CHARS: usize = 120;

/// The longest heading that only its weight or its capitals set off.
const MAX_PLAIN_HEADING_CHARS: usize = 90;

/// The longest line with a label that is no heading though all of it is bold.
const MAX_LABELLED_CHARS: usize = 50;

/// Which headings are of which level: by size, then capitals before bold.
pub(super) struct Levels {
    body: f64,
    ranks: Vec<(i64, bool)>,
    /// The level of the largest.
    first: usize,
}

impl Levels {
    /// Ranks the headings among these blocks, where most letters are of the size `body`.
    pub(super) fn of<'b>(blocks: impl Iterator<Item = &'b Block>, body: f64) -> Self {
        let mut found: BTreeMap<(i64, bool), usize> = BTreeMap::new();
        for block in blocks {
            if let Some(rank) = rank(block, body) {
                *found.entry(rank).or_default() += 1;
            }
        }
        // What is largest and stands once is the title.
        let titled = found.iter().next_back().is_some_and(|((size, _), count)| *count == 1 && *size > tenths(body));
        let mut ranks: Vec<(i64, bool)> = Vec::new();
        for rank in found.into_keys().rev() {
            // Sizes a hair apart are one level.
            if ranks.last().is_none_or(|last| last.0 - rank.0 > 3 || last.1 != rank.1) {
                ranks.push(rank);
            }
        }
        Self { body, ranks, first: if titled { 1 } else { 2 } }
    }

    /// The level of a block; `None` for what is no heading.
    pub(super) fn level(&self, block: &Block) -> Option<u8> {
        let rank = rank(block, self.body)?;
        let place =
            self.ranks.iter().position(|known| known.0 - rank.0 <= 3 && known.1 == rank.1 && known.0 >= rank.0)?;
        u8::try_from(place + self.first).ok().map(|level| level.min(6))
    }
}

/// How a heading stands among others: its size in tenths of a point, and whether it is in capitals; `None` for what
/// is no heading.
fn rank(block: &Block, body: f64) -> Option<(i64, bool)> {
    let words = || block.lines.iter().flat_map(own);
    let letters = words().map(|word| word.text.chars().count() + 1).sum::<usize>();
    let hard = block.hard.iter().skip(1).any(|hard| *hard);
    let lettered = words().any(|word| word.text.chars().any(char::is_alphabetic));
    if block.item.is_some() || !lettered || letters > MAX_HEADING_CHARS || hard {
        return None;
    }
    let larger = block.size >= LARGER * body && block.lines.len() <= 3;
    let text = words().map(|word| word.text.as_str()).collect::<Vec<_>>().join(" ");
    let count = text.chars().filter(|c| c.is_alphabetic()).count();
    let capitals = count >= 4 && !text.chars().any(char::is_lowercase);
    let near_body = block.size > 0.9 * body && block.lines.len() <= 2 && letters <= MAX_PLAIN_HEADING_CHARS;
    // A title may have a colon; what is short and has one is a label with its value.
    let labelled = label::label(&text).is_some() && !(block.bold && letters > MAX_LABELLED_CHARS);
    let sentence = text.ends_with(['.', ',', ';', '?']) || labelled;
    let single = block.lines.len() == 1 && block.lines.iter().all(|line| line.cells.len() == 1);
    let plain = near_body && !sentence && (block.bold || (capitals && single));
    (larger || plain).then(|| (tenths(if larger { block.size } else { body.min(block.size) }), capitals && !larger))
}
