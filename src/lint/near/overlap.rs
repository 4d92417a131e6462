//! Held-out rows that a training row gives away.

use std::collections::HashMap;

use super::NONE;
use super::hash::{Counts, mix, sequence, short};
use super::index::Index;
use super::many::Many;
use super::measure::{Jaccard, MOST_WORDS, Marks, Measure, RougeL, possible, run_set, runs};
use super::store::{Sealed, Store};
use crate::Error;

/// Words of a row that are looked at.
const MOST: usize = 1 << 16;
/// Held-out prompts, or rows, that are looked up by one key when there are many.
const BUCKET: usize = 32;
/// Rows of which all runs are counted.
const COUNTED: usize = 20_000;
/// Pairs of prompts up to which all that have one of the rarest words in common are compared.
const EXACT: u64 = 100_000_000;

/// How held-out and training rows are compared.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OverlapSettings {
    /// Words in a row that are enough.
    pub run: usize,
    /// Whether those must be words of the held-out prompt; else any words of the held-out row.
    pub run_in_prompt: bool,
    /// The least Jaccard index of the rows' three-word runs.
    pub row: f64,
    /// The least ROUGE-L F of the prompts.
    pub prompt: f64,
    /// Memory in bytes, apart from some bytes per row.
    pub budget: usize,
}

impl Default for OverlapSettings {
    fn default() -> Self {
        Self { run: 12, run_in_prompt: false, row: 0.8, prompt: 0.7, budget: 96 << 20 }
    }
}

/// What a held-out and a training row have in common.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Shared {
    /// The prompt, with its ROUGE-L F.
    Prompt(f64),
    /// The row, with the Jaccard index.
    Row(f64),
    /// So many words in a row.
    Run(usize),
}

/// A held-out row and a training row that gives it away.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Given {
    /// The held-out row, by the caller's number.
    pub row: u64,
    /// The training row.
    pub by: u64,
    /// What they have in common: the prompt if it is that, else the row, else the run.
    pub shared: Shared,
}

/// Held-out and training rows, in any order.
///
/// Held-out rows that fit into half of the budget (about 20,000 of 60 words by default) are looked up in memory: long runs
/// and rows are found exactly, prompts too while held-out times training rows are up to 10^8, but for keys that more than
/// 32 different held-out rows share when there are more. Then, and for more held-out rows, prompts are found by the keys
/// of [`super::Prompts`]. More held-out rows are found by sorting the keys of both (`many.rs`): long runs exactly; rows and
/// prompts too but for keys that more than 16 different held-out ones share. Only keys that a held-out row has go to
/// disk, and the fifth or so of the others that a filter of a third of the budget takes for such.
#[derive(Debug)]
pub struct Overlap {
    settings: OverlapSettings,
    held: Store,
    trained: Store,
    words: Counts,
    runs: Counts,
}

impl Overlap {
    /// None yet.
    #[must_use]
    pub fn new(settings: OverlapSettings) -> Self {
        let sixth = settings.budget / 6;
        Self {
            settings,
            held: Store::new(sixth),
            trained: Store::new(sixth),
            words: Counts::new(usize::MAX),
            runs: Counts::new(usize::MAX),
        }
    }

    /// Adds a row: its number, whether it is held out, and the hashes of the words of its prompt and of all its text.
    ///
    /// # Errors
    /// The temporary file cannot be written, as when the disk is full.
    pub fn push(&mut self, row: u64, held_out: bool, prompt: &[u64], text: &[u64]) -> Result<(), Error> {
        let (prompt, text) = (&prompt[..prompt.len().min(MOST_WORDS)], &text[..text.len().min(MOST)]);
        if prompt.is_empty() && text.is_empty() {
            return Ok(());
        }
        let mut words = vec![prompt.len() as u32];
        words.extend(prompt.iter().chain(text).map(|word| short(*word)));
        words[1..=prompt.len()].iter().for_each(|word| self.words.add(*word));
        let store = if held_out { &mut self.held } else { &mut self.trained };
        // Of many rows some are enough to tell what is rare.
        if store.len() < COUNTED || store.len().is_multiple_of(8) {
            runs(&words[1 + prompt.len()..]).for_each(|run| self.runs.add(run));
        }
        store.push(row, words.into_iter())?;
        Ok(())
    }

    /// Compares, and hands over what was found in the order of the held-out rows.
    ///
    /// # Errors
    /// The temporary file cannot be written or read.
    pub fn finish(self, mut found: impl FnMut(Given)) -> Result<(), Error> {
        let Self { settings, held, trained, words, runs, .. } = self;
        let (mut held, mut trained) = (held.seal()?, trained.seal()?);
        let exact = held.len() as u64 * trained.len() as u64 <= EXACT;
        let mut few = Few::new(settings, exact);
        if few.fill(&mut held, &words, &runs)? {
            few.compare(&mut trained, &words)?;
            return few.tell(&mut held, &mut trained, &mut found);
        }
        drop(few);
        let mut many = Many::new(settings, &mut held)?;
        many.compare(&mut held, &mut trained, &words, &runs)?;
        many.tell(&mut held, &mut trained, &mut found)
    }
}

/// A row as it is stored: the words of its prompt, and of all its text.
pub(super) fn split(words: &[u32]) -> (&[u32], &[u32]) {
    let (count, words) = words.split_first().unwrap_or((&0, &[]));
    words.split_at(*count as usize)
}

/// The part of a held-out row whose runs count.
pub(super) fn run_words<'a>(settings: &OverlapSettings, row: &'a [u32]) -> &'a [u32] {
    let (prompt, text) = split(row);
    if settings.run_in_prompt { prompt } else { text }
}

/// Hashes of all runs of `width` words, each from the one before.
pub(super) fn long_runs(words: &[u32], width: usize) -> impl Iterator<Item = u64> {
    const BASE: u64 = 0x9e37_79b9_7f4a_7c15;
    let width = if width == 0 { usize::MAX } else { width };
    let leaving = (0..width.min(words.len())).fold(1u64, |power, _| power.wrapping_mul(BASE));
    let mut hash = 0u64;
    words.iter().enumerate().filter_map(move |(at, word)| {
        hash = hash.wrapping_mul(BASE).wrapping_add(u64::from(*word) + 1);
        if let Some(gone) = at.checked_sub(width) {
            hash = hash.wrapping_sub((u64::from(words[gone]) + 1).wrapping_mul(leaving));
        }
        (at + 1 >= width).then(|| mix(hash))
    })
}

/// Lists one after the other, each different one once.
#[derive(Debug, Default)]
struct Distinct {
    words: Vec<u32>,
    ends: Vec<usize>,
    numbers: HashMap<u64, u32>,
    marks: Vec<Marks>,
    /// The first training row that is like each, and how much.
    found: Vec<(u32, f64)>,
    /// The training row that each was last compared with.
    seen: Vec<u32>,
}

impl Distinct {
    /// The list's number, and whether it is new.
    fn put(&mut self, list: &[u32]) -> (u32, bool) {
        let hash = sequence(list.iter().map(|word| u64::from(*word)));
        let next = self.ends.len() as u32;
        let number = *self.numbers.entry(hash).or_insert(next);
        if number == next {
            self.words.extend_from_slice(list);
            self.ends.push(self.words.len());
            self.marks.push(Marks::default());
            self.found.push((NONE, 0.0));
            self.seen.push(NONE);
        }
        (number, number == next)
    }

    fn get(&self, number: u32) -> &[u32] {
        let end = |at: u32| self.ends[at as usize];
        &self.words[number.checked_sub(1).map_or(0, end)..end(number)]
    }

    /// Whether a list is to be compared with this training row: once, and only until one is found.
    fn open(&mut self, number: u32, row: u32) -> bool {
        self.found[number as usize].0 == NONE && std::mem::replace(&mut self.seen[number as usize], row) != row
    }
}

/// All held-out rows in memory, with what finds them.
struct Few {
    settings: OverlapSettings,
    exact: bool,
    /// The prompt and the set of short runs of each held-out row.
    rows: Vec<(Option<u32>, Option<u32>)>,
    prompts: Distinct,
    sets: Distinct,
    rouge: RougeL,
    jaccard: Jaccard,
    by_prompt: Index,
    by_set: Index,
    /// The first training row with each long run.
    by_run: Index,
}

impl Few {
    fn new(settings: OverlapSettings, exact: bool) -> Self {
        Self {
            settings,
            exact,
            rows: Vec::new(),
            prompts: Distinct::default(),
            sets: Distinct::default(),
            rouge: RougeL::new(settings.prompt),
            jaccard: Jaccard::new(settings.row),
            by_prompt: Index::default(),
            by_set: Index::default(),
            by_run: Index::default(),
        }
    }

    /// Takes the held-out rows, or says that they are too many.
    fn fill(&mut self, held: &mut Sealed, words: &Counts, runs: &Counts) -> Result<bool, Error> {
        /// Bytes of an entry of an index while it is built.
        const ENTRY: usize = 32;
        /// Bytes of a row and of what is kept of a list, apart from its words.
        const ROW: usize = 128;
        let (mut row, mut set, mut keys, mut order) = (vec![], vec![], vec![], vec![]);
        let (mut by_prompt, mut by_set, mut by_run) = (vec![], vec![], vec![]);
        for next in 0..held.len() as u32 {
            let entries = by_prompt.len() + by_set.len() + by_run.len();
            let lists = self.prompts.words.len() + self.sets.words.len();
            if self.rows.len() * ROW + lists * 4 + entries * ENTRY > self.settings.budget / 2 {
                return Ok(false);
            }
            held.get(next, &mut row)?;
            let (prompt, text) = split(&row);
            by_run.extend(long_runs(run_words(&self.settings, &row), self.settings.run).map(|run| (run, NONE)));
            let mut of_prompt = None;
            if !prompt.is_empty() {
                let (number, new) = self.prompts.put(prompt);
                of_prompt = Some(number);
                keys.clear();
                if new && self.exact {
                    let (tokens, looked_up) = self.rouge.rarest(prompt, words);
                    keys.extend(tokens[..looked_up.min(tokens.len())].iter().map(|token| mix(u64::from(*token))));
                } else if new {
                    self.rouge.keys(prompt, words, &mut keys);
                }
                if new {
                    self.prompts.marks[number as usize] = Marks::new(self.rouge.last_tokens());
                }
                by_prompt.extend(keys.iter().map(|key| (*key, number)));
            }
            run_set(text, &mut set);
            let mut of_set = None;
            if !set.is_empty() {
                let (number, new) = self.sets.put(&set);
                of_set = Some(number);
                if new {
                    self.sets.marks[number as usize] = Marks::new(&set);
                    runs.sort(&mut set, &mut order);
                    let looked_up = (set.len() + 1).saturating_sub(self.jaccard.least(set.len()));
                    by_set.extend(set.iter().take(looked_up).map(|run| (mix(u64::from(*run)), number)));
                }
            }
            self.rows.push((of_prompt, of_set));
        }
        let most = if self.exact { usize::MAX } else { BUCKET };
        self.by_prompt = Index::new(by_prompt, most);
        self.by_set = Index::new(by_set, most);
        self.by_run = Index::new(by_run, 1);
        Ok(true)
    }

    /// Looks every training row up.
    fn compare(&mut self, trained: &mut Sealed, words: &Counts) -> Result<(), Error> {
        let (mut row, mut set, mut keys) = (vec![], vec![], vec![]);
        for number in 0..trained.len() as u32 {
            trained.get(number, &mut row)?;
            let (prompt, text) = split(&row);
            for run in long_runs(text, self.settings.run) {
                for place in self.by_run.places(run) {
                    let first = &mut self.by_run.values_mut()[place];
                    *first = number.min(*first);
                }
            }
            let mut own = None;
            for run in runs(text) {
                for candidate in self.by_set.get(mix(u64::from(run))) {
                    if !self.sets.open(*candidate, number) {
                        continue;
                    }
                    let own = own.get_or_insert_with(|| {
                        run_set(text, &mut set);
                        self.jaccard.load(&set);
                        Marks::new(&set)
                    });
                    if !possible(&self.jaccard, own, &self.sets.marks[*candidate as usize]) {
                        continue;
                    }
                    let likeness = self.jaccard.likeness(self.sets.get(*candidate));
                    if likeness > 0.0 {
                        self.sets.found[*candidate as usize] = (number, likeness);
                    }
                }
            }
            keys.clear();
            if self.exact {
                let (tokens, _) = self.rouge.rarest(prompt, words);
                keys.extend(tokens.iter().map(|token| mix(u64::from(*token))));
            } else if !prompt.is_empty() {
                self.rouge.keys(prompt, words, &mut keys);
            }
            let (own, mut loaded) = (Marks::new(self.rouge.last_tokens()), false);
            for candidate in keys.iter().flat_map(|key| self.by_prompt.get(*key)) {
                let open = self.prompts.open(*candidate, number);
                if !open || !possible(&self.rouge, &own, &self.prompts.marks[*candidate as usize]) {
                    continue;
                }
                if !std::mem::replace(&mut loaded, true) {
                    self.rouge.load(prompt);
                }
                let likeness = self.rouge.likeness(self.prompts.get(*candidate));
                if likeness > 0.0 {
                    self.prompts.found[*candidate as usize] = (number, likeness);
                }
            }
        }
        Ok(())
    }

    fn tell(&self, held: &mut Sealed, trained: &mut Sealed, found: &mut impl FnMut(Given)) -> Result<(), Error> {
        let (mut row, mut other) = (vec![], vec![]);
        for (index, (prompt, set)) in (0..).zip(&self.rows) {
            let number = held.get(index, &mut row)?;
            let of = |number: &Option<u32>, lists: &Distinct| number.map_or((NONE, 0.0), |n| lists.found[n as usize]);
            let (by, shared) = match (of(prompt, &self.prompts), of(set, &self.sets)) {
                ((NONE, _), (NONE, _)) => {
                    let runs = long_runs(run_words(&self.settings, &row), self.settings.run);
                    let first = runs.flat_map(|run| self.by_run.get(run)).min();
                    (first.copied().unwrap_or(NONE), Shared::Run(self.settings.run))
                }
                ((NONE, _), (by, likeness)) => (by, Shared::Row(likeness)),
                ((by, likeness), _) => (by, Shared::Prompt(likeness)),
            };
            if by != NONE {
                found(Given { row: number, by: trained.get(by, &mut other)?, shared });
            }
        }
        Ok(())
    }
}
