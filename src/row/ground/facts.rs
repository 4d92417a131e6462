//! The numbers and names of a text, small enough to keep for every row.

use super::entity::{Names, key};
use super::number::read;
use super::units::Unit;

/// The numbers and names of a text, as sorted hashes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    numbers: Box<[u64]>,
    names: Box<[u64]>,
}

/// How two answers to one question contradict each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Disagreement {
    /// Each has a number that the other lacks.
    Numbers,
    /// They have names, and none in common.
    Names,
    /// They share hardly a word.
    Words,
}

impl Facts {
    /// Reads the facts of a text. Numbers are kept by value, in the smallest unit of what they measure; small number
    /// words that only carry a sentence are no facts.
    #[must_use]
    pub fn of(text: &str) -> Self {
        let numbers = read(text, false).numbers.into_iter().filter(|n| !n.idle).filter_map(|n| {
            let times = match n.unit {
                Unit::Measure(_, times) => times,
                _ => 1.0,
            };
            // Six digits: turning one unit into another may round.
            Some(hash(&format!("{:.5e}", n.values.first()? * times)))
        });
        // A name by its words: one of them is often left out.
        let names = Names::default().missing(text).into_iter().flat_map(|range| {
            let words = text[range].split_whitespace().map(key).filter(|word| word.len() > 2);
            words.map(|word| hash(&word)).collect::<Vec<_>>()
        });
        let sorted = |hashes: Vec<u64>| {
            let mut hashes = hashes;
            hashes.sort_unstable();
            hashes.dedup();
            hashes.into_boxed_slice()
        };
        Self { numbers: sorted(numbers.collect()), names: sorted(names.collect()) }
    }

    /// Whether two answers name different things; `alike` is how much their words are (ROUGE-L), below `least` of
    /// which they disagree even where neither has a number or a name.
    #[must_use]
    pub fn disagreement(&self, other: &Self, alike: f64, least: f64) -> Option<Disagreement> {
        let lacks = |a: &[u64], b: &[u64]| a.iter().any(|x| b.binary_search(x).is_err());
        let apart = |a: &[u64], b: &[u64]| a.iter().all(|x| b.binary_search(x).is_err());
        if !self.numbers.is_empty() && !other.numbers.is_empty() {
            let both = lacks(&self.numbers, &other.numbers) && lacks(&other.numbers, &self.numbers);
            return both.then_some(Disagreement::Numbers);
        }
        if !self.names.is_empty() && !other.names.is_empty() {
            return apart(&self.names, &other.names).then_some(Disagreement::Names);
        }
        (alike < least).then_some(Disagreement::Words)
    }
}

fn hash(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |h: u64, b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3))
}
