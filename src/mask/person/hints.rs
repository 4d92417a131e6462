//! What the addresses of a document say about names: `a.quill@…` vouches for `Ada Quill` nearby.

use std::collections::HashSet;

use super::class::{Class, classify};
use crate::mask::lexicon::{Flags, LEXICON};
use crate::mask::span::{Entity, Span};
use crate::mask::words::{Hash, Word, words};

/// Letters of e-mail addresses, user names and profile addresses.
#[derive(Debug, Default)]
pub(crate) struct Hints {
    /// Whole words between dots, digits and dashes.
    parts: HashSet<u64>,
    /// Each of them as letters, for names written together.
    joined: Vec<String>,
}

impl Hints {
    /// Reads the addresses found in `text`.
    pub(crate) fn new(text: &str, spans: &[Span]) -> Self {
        let mut hints = Self::default();
        for span in spans {
            let value = &text[span.range.clone()];
            let user = match span.entity {
                Entity::Email => value.split(['@', '＠', '(', '[', ' ']).next().unwrap_or_default(),
                Entity::Handle => value,
                Entity::Url => value.split_once("://").map_or(value, |(_, rest)| rest),
                _ => continue,
            };
            for part in words(user).iter().filter(|part| part.letters >= 3) {
                let flags = LEXICON.word(part.hash);
                let name = flags.any(Flags::GIVEN.or(Flags::SURNAME));
                if flags.any(Flags::WORD.or(Flags::ORGANISATION)) && !name {
                    continue;
                }
                if hints.parts.insert(part.hash) && part.letters >= 5 {
                    hints.joined.push(user[part.range()].to_lowercase());
                }
            }
        }
        hints
    }

    /// How much the addresses speak for a run of words, if they do.
    pub(super) fn vouch(&self, run: &[Word]) -> Option<f32> {
        if self.parts.is_empty() {
            return None;
        }
        let full = run.iter().filter(|word| word.letters > 2);
        let hit = full.clone().filter(|word| self.parts.contains(&word.hash)).count();
        if hit > 0 {
            let weak = run.len() == 1 && classify(&run[0], "", LEXICON.word(run[0].hash)) == Class::Block;
            return (!weak).then_some(0.45);
        }
        // `aquill`, `quilla`, `adaquill`: an initial and a name, or both names.
        let (first, last) = (run.first()?, run.last()?);
        (run.len() > 1 && self.holds(first, last)).then_some(0.5)
    }

    /// Whether an address is made of a given name and a surname, the one or the other shortened to a letter.
    pub(super) fn holds(&self, first: &Word, last: &Word) -> bool {
        self.joined.iter().any(|joined| {
            let mut chars = joined.chars();
            let (head, rest) = (chars.next(), chars.as_str());
            let mut back = joined.chars();
            let (tail, front) = (back.next_back(), back.as_str());
            (head == Some(first.first) && Hash::of(rest) == last.hash)
                || (tail == Some(first.first) && Hash::of(front) == last.hash)
                || joined.char_indices().any(|(at, _)| {
                    at > 1
                        && Hash::of(&joined[..at]) == first.hash
                        && joined[at..].len() > 1
                        && (Hash::of(&joined[at..]) == last.hash || joined[at..].starts_with(last.first))
                })
        })
    }
}
