use std::ops::Range;

use crate::document::BlockKind;
use crate::id::{ContentHash, Hasher};
use crate::mask::{MaskedDocument, is_mark};

/// A stretch of one masked document that one request asks about.
///
/// Made by [`passages`] and nowhere else, so its text is masked. Splits are drawn by passage: a held-out passage is
/// in no training row of any kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Passage {
    source: String,
    span: Range<usize>,
    heading: String,
    text: String,
}

/// Passages longer than this are parted at a block.
const MAX_WORDS: usize = 190;
/// A heading opens a new passage once the one before has this many words.
const MIN_WORDS: usize = 30;
/// Less than this, placeholders not counted, says nothing worth asking about.
const WORTH_ASKING: usize = 12;

impl Passage {
    /// Name of the masked document.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Bytes of the masked document.
    #[must_use]
    pub fn span(&self) -> Range<usize> {
        self.span.clone()
    }

    /// The headings above it, outermost first, parted by ` › `.
    #[must_use]
    pub fn heading(&self) -> &str {
        &self.heading
    }

    /// The masked text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Words that are no placeholders.
    #[must_use]
    pub fn words(&self) -> usize {
        words(&self.text)
    }

    /// Identity by source and text; moves when either changes.
    #[must_use]
    pub fn id(&self) -> ContentHash {
        Hasher::new().text(&self.source).text(&self.text).finish()
    }
}

fn words(text: &str) -> usize {
    // Chinese, Japanese and Thai put no spaces between words; these have about two characters.
    let unspaced = |w: &str| {
        w.chars()
            .filter(|c| matches!(c, '\u{e00}'..='\u{e7f}' | '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}'))
            .count()
    };
    text.split_whitespace()
        .filter(|w| w.chars().any(char::is_alphanumeric) && !(w.contains('[') && (w.contains('_') || is_mark(w))))
        .map(|w| unspaced(w).div_ceil(2).max(1))
        .sum()
}

/// Cuts a masked document into passages, in reading order.
///
/// Blocks are never torn. A heading of level 1 to 3 opens a new passage when there is enough before it; passages
/// with fewer than a dozen words besides placeholders (a contact block, say) are left out.
#[must_use]
pub fn passages(document: &MaskedDocument) -> Vec<Passage> {
    let text = document.text();
    let mut out = Vec::new();
    let mut open: Option<(Range<usize>, String, usize)> = None;
    let mut path: Vec<(u8, String)> = Vec::new();
    let mut close = |open: &mut Option<(Range<usize>, String, usize)>| {
        if let Some((span, heading, _)) = open.take() {
            let passage = Passage {
                source: document.name().to_owned(),
                text: text[span.clone()].trim().to_owned(),
                span,
                heading,
            };
            if passage.words() >= WORTH_ASKING {
                out.push(passage);
            }
        }
    };
    for block in document.blocks() {
        let block_words = words(&text[block.span.clone()]);
        let heading = match &block.kind {
            BlockKind::Heading { level } => {
                path.retain(|(l, _)| l < level);
                path.push((*level, text[block.span.clone()].trim_matches(['#', ' ', '\n', '=', '-']).to_owned()));
                *level <= 3
            }
            _ => false,
        };
        let full = open.as_ref().is_some_and(|(_, _, n)| n + block_words > MAX_WORDS || (heading && *n >= MIN_WORDS));
        if full {
            close(&mut open);
        }
        match &mut open {
            Some((span, _, n)) => {
                span.end = block.span.end;
                *n += block_words;
            }
            None => {
                let heading = path.iter().map(|(_, h)| h.as_str()).collect::<Vec<_>>().join(" › ");
                open = Some((block.span.clone(), heading, block_words));
            }
        }
    }
    close(&mut open);
    out
}
