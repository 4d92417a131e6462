//! Near duplicates among any number of rows, in bounded memory: what the rules about duplicates stand on.
//!
//! | what | answers | alike means | keeps in memory per row | on disk per row |
//! | --- | --- | --- | --- | --- |
//! | [`Prompts`] | which prompts are like an earlier one | ROUGE-L F of the words | 5 bytes | 28 + 4·words; 16 per key |
//! | [`Rows`] | which rows are like an earlier one | Jaccard index of the sets of three-word runs | 5 bytes | 28 + 4·runs; 224 |
//! | [`Grouped`] | which rows have a key but not a value in common | equal | nothing | 24 |
//! | [`Overlap`] | which held-out rows a training row gives away | both, or a long run of words | 1 byte, 21 for a held-out one | 16 + 4·words; 16 per key |
//!
//! Beyond that each takes its budget, and goes to disk ([`crate::edge::spill`]) only when that is spent. Words are hashes
//! of 64 bits, of which 32 are kept. Results depend on the rows and their order alone, not on the budget (but see
//! [`Overlap`]). The callers' row numbers may be anything that grows. Rows without words are like nothing.
//!
//! # Few rows
//! Up to [`Settings::exact_up_to`] rows (20,000), unless they are long (prompts with more than 600,000 words in all, 30
//! each; rows with more than 6,000,000), the result is that of comparing every pair: those that are passed over cannot
//! reach the threshold (prefix, positional and bitmap filters in `join.rs`).
//!
//! # Many rows
//! Rows that have a key in common are compared, by the real measure, so that nothing is found that is not alike. Keys of
//! rows are 14 bands of 8 MinHashes: 92 % of the pairs with a Jaccard index of 0.8 have one in common, 97 % of those with
//! 0.83, 99.9 % of those with 0.9. Keys of prompts are the pairs of their five rarest words, and 10 bands of 3 MinHashes of
//! single words for those of more than 12 words. In a bucket of a thousand rows that are not alike, each is compared with
//! the first 16 (and with 4 that are like a row of another bucket), so that nothing is quadratic.
//! What of the exact result was found, at 0.7 for prompts and 0.8 for rows, among 20,000 (4,000 in the last two lines):
//!
//! | words | prompts | rows |
//! | --- | --- | --- |
//! | drawn as in a language, 3 % changed copies | 100 % of 621 | 98.8 % of 505 |
//! | six of twelve words are the same in all | 98.3 % of 4,990 | |
//! | seven of twelve, or 40 of 60 | 99.5 % of 19,854 | 98.8 % of 491 |
//! | fifty templates with two blanks | 99.99 % of 19,950 | |
//! | a vocabulary of 50 words, of 20 for rows | 98.2 % of 114 | 99 % of 100 |
//! | 100 words, 600 for rows | 100 % of 123 | 100 % of 123 |
//!
//! What is missed is close to the threshold: of the prompts and rows with a likeness of 0.9 or more all were found
//! (in the vocabulary of 50 words: 97 %).
//!
//! # Long texts
//! The first 2,048 words of a prompt and the first 65,536 of a row in [`Overlap`] are looked at. Of more than 1,024 runs
//! the 1,024 with the least hashes are kept, which gives the Jaccard index to 0.013 (one standard deviation).

mod buckets;
mod grouped;
mod hash;
mod index;
mod join;
mod lcs;
mod many;
mod measure;
mod overlap;
mod sketch;
mod store;

#[cfg(test)]
mod tests;

use crate::Error;
use crate::edge::spill::Sorter;
pub use grouped::{Grouped, Member};
pub use overlap::{Given, Overlap, OverlapSettings, Shared};

use hash::short;
use measure::{Jaccard, MOST_WORDS, Measure, RougeL};
use store::Sealed;
pub use store::Store;

/// No row.
const NONE: u32 = u32::MAX;

/// Words of a short run.
const RUN: usize = 3;

/// How rows are compared.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Settings {
    /// The least likeness that counts, above 0 and up to 1.
    pub threshold: f64,
    /// Rows up to which every pair is compared.
    pub exact_up_to: usize,
    /// Whether rows with the same words as an earlier one are found too.
    pub equal: bool,
    /// Memory in bytes, apart from some bytes per row.
    pub budget: usize,
}

impl Settings {
    /// The usual ones for a threshold.
    #[must_use]
    pub const fn new(threshold: f64) -> Self {
        Self { threshold, exact_up_to: 20_000, equal: true, budget: 32 << 20 }
    }
}

/// A row that is like an earlier one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Near {
    /// The row, by the caller's number.
    pub row: u64,
    /// The earlier row.
    pub of: u64,
    /// How alike they are, from the threshold to 1.
    pub likeness: f64,
}

/// Prompts that are like an earlier one: ROUGE-L F of their words.
#[derive(Debug)]
pub struct Prompts(Engine<RougeL>);

impl Prompts {
    /// None yet.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        Self(Engine::new(RougeL::new(settings.threshold), settings))
    }

    /// Adds a prompt: its row's number, larger than those before, and the hashes of its words.
    ///
    /// # Errors
    /// The temporary file cannot be written, as when the disk is full.
    pub fn push(&mut self, row: u64, words: &[u64]) -> Result<(), Error> {
        let whole = hash::sequence(words.iter().copied());
        let kept = &words[..words.len().min(MOST_WORDS)];
        self.0.push(row, whole, kept.iter().map(|word| short(*word)))
    }

    /// Compares.
    ///
    /// # Errors
    /// As [`Self::push`].
    pub fn finish(self) -> Result<impl Matches, Error> {
        self.0.finish()
    }
}

/// Rows that are like an earlier one: the Jaccard index of their three-word runs.
#[derive(Debug)]
pub struct Rows {
    engine: Engine<Jaccard>,
    set: Vec<u32>,
}

impl Rows {
    /// None yet.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        Self { engine: Engine::new(Jaccard::new(settings.threshold), settings), set: Vec::new() }
    }

    /// Adds a row: its number, larger than those before, and the hashes of its words.
    ///
    /// # Errors
    /// The temporary file cannot be written, as when the disk is full.
    pub fn push(&mut self, row: u64, words: &[u64]) -> Result<(), Error> {
        let whole = hash::sequence(words.iter().copied());
        measure::run_set(words, &mut self.set);
        self.engine.push(row, whole, self.set.iter().copied())
    }

    /// Compares.
    ///
    /// # Errors
    /// As [`Self::push`].
    pub fn finish(self) -> Result<impl Matches, Error> {
        self.engine.finish()
    }
}

/// The rows that are like an earlier one, in their order.
pub trait Matches: Iterator<Item = Result<Near, Error>> + Send {
    /// How many there are in all.
    fn total(&self) -> u64;
}

/// What prompts and rows have in common.
#[derive(Debug)]
struct Engine<M> {
    measure: M,
    settings: Settings,
    store: Store,
    /// The hash of all words of each row, and its number in the store.
    whole: Sorter<2>,
}

impl<M: Measure + Send> Engine<M> {
    fn new(measure: M, settings: Settings) -> Self {
        let half = settings.budget / 2;
        Self { measure, settings, store: Store::new(half), whole: Sorter::new(half) }
    }

    fn push(&mut self, row: u64, whole: u64, list: impl ExactSizeIterator<Item = u32>) -> Result<(), Error> {
        if list.len() == 0 {
            return Ok(());
        }
        let index = self.store.push(row, list)?;
        self.whole.push([whole, u64::from(index)])
    }

    fn finish(self) -> Result<Found<M>, Error> {
        let Self { mut measure, settings, store, whole } = self;
        let mut rows = store.seal()?;
        let mut of = vec![NONE; rows.len()];
        let mut copies = Flags::new(rows.len());
        let mut first = None;
        for record in whole.finish()? {
            let [hash, index] = record?;
            match first {
                Some((same, row)) if same == hash => {
                    of[index as usize] = row;
                    copies.set(index as usize);
                }
                _ => first = Some((hash, index as u32)),
            }
        }
        if rows.len() <= settings.exact_up_to && rows.words() <= M::MOST {
            join::join(&mut measure, &mut rows, &mut of)?;
        } else {
            buckets::compare(&mut measure, &mut rows, &mut of, settings.budget / 2)?;
        }
        let mut found =
            Found { measure, rows, of, copies, equal: settings.equal, next: 0, total: 0, lists: <_>::default() };
        found.total = (0..found.of.len()).filter(|row| found.wanted(*row)).count() as u64;
        Ok(found)
    }
}

/// The result of an [`Engine`].
#[derive(Debug)]
struct Found<M> {
    measure: M,
    rows: Sealed,
    /// By row, the earlier one that it is like.
    of: Vec<u32>,
    copies: Flags,
    equal: bool,
    next: usize,
    total: u64,
    lists: (Vec<u32>, Vec<u32>),
}

impl<M: Measure + Send> Matches for Found<M> {
    fn total(&self) -> u64 {
        self.total
    }
}

impl<M: Measure> Found<M> {
    fn wanted(&self, row: usize) -> bool {
        self.of[row] != NONE && (self.equal || !self.copies.get(row))
    }

    fn near(&mut self, index: usize) -> Result<Near, Error> {
        let mut direct = self.of[index];
        if self.copies.get(index) && self.of[direct as usize] != NONE {
            direct = self.of[direct as usize];
        }
        let mut root = direct;
        while self.of[root as usize] != NONE {
            root = self.of[root as usize];
        }
        let row = self.rows.get(index as u32, &mut self.lists.0)?;
        self.measure.load(&self.lists.0);
        // The first of the cluster, if the row is like it as well.
        if root != direct {
            let of = self.rows.get(root, &mut self.lists.1)?;
            let likeness = self.measure.likeness(&self.lists.1);
            if likeness > 0.0 {
                return Ok(Near { row, of, likeness });
            }
        }
        let of = self.rows.get(direct, &mut self.lists.1)?;
        Ok(Near { row, of, likeness: self.measure.likeness(&self.lists.1) })
    }
}

impl<M: Measure> Iterator for Found<M> {
    type Item = Result<Near, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        while self.next < self.of.len() {
            let index = self.next;
            self.next += 1;
            if self.wanted(index) {
                return Some(self.near(index));
            }
        }
        None
    }
}

/// One bit per row.
#[derive(Debug)]
struct Flags(Vec<u64>);

impl Flags {
    fn new(rows: usize) -> Self {
        Self(vec![0; rows.div_ceil(64)])
    }

    fn set(&mut self, row: usize) {
        self.0[row / 64] |= 1 << (row % 64);
    }

    fn get(&self, row: usize) -> bool {
        self.0[row / 64] >> (row % 64) & 1 == 1
    }
}
