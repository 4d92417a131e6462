//! The accepted rows of one kind, and which of them an offered row may resemble.

use std::collections::HashMap;

use super::Thresholds;
use super::likeness::{Folded, jaccard, mix, mixed};
use crate::row::Facts;

/// Bands of MinHashes; rows that agree in all hashes of one band are compared.
pub(super) const BANDS: usize = 14;
/// Hashes of a band: `1 − (1 − J^8)^14` of the pairs with a Jaccard index of `J` are found.
const HASHES: usize = 8;
/// Past the exact size, words in more rows than this name no candidates.
const RARE: usize = 200;

/// One accepted row.
#[derive(Debug)]
pub(super) struct Stored {
    /// Its number in the pool.
    pub number: usize,
    pub question: Box<[u32]>,
    pub answer: Box<[u32]>,
    pub grams: Box<[u64]>,
    pub facts: Facts,
}

type Buckets = HashMap<u64, Vec<u32>, mixed::Build>;

/// Rows of one kind with what finds them.
#[derive(Debug)]
pub(super) struct Shelf {
    thresholds: Thresholds,
    rows: Vec<Stored>,
    whole: HashMap<u64, u32, mixed::Build>,
    /// Rows by the hash of their question's words.
    questions: HashMap<u64, u32, mixed::Build>,
    /// Rows by the words of their question, and of their answer.
    asked: Postings,
    answered: Postings,
    /// Rows by the first of their runs; see [`Shelf::overlapping`].
    runs: Buckets,
    /// Rows by band, once there are too many to compare all.
    bands: Option<Buckets>,
    /// When a row was last named, so that none is compared twice.
    seen: Vec<u32>,
    round: u32,
}

impl Shelf {
    pub(super) fn new(thresholds: Thresholds) -> Self {
        Self {
            thresholds,
            rows: Vec::new(),
            whole: HashMap::default(),
            questions: HashMap::default(),
            asked: Postings::default(),
            answered: Postings::default(),
            runs: HashMap::default(),
            bands: None,
            seen: Vec::new(),
            round: 0,
        }
    }

    pub(super) fn row(&self, local: u32) -> &Stored {
        &self.rows[local as usize]
    }

    /// The row with the same words in every field.
    pub(super) fn same(&self, whole: u64) -> Option<u32> {
        self.whole.get(&whole).copied()
    }

    pub(super) fn put(&mut self, row: Stored, whole: u64) {
        let local = u32::try_from(self.rows.len()).unwrap_or(u32::MAX);
        self.whole.entry(whole).or_insert(local);
        self.questions.entry(words_hash(&row.question)).or_insert(local);
        self.asked.put(local, &row.question);
        self.answered.put(local, &row.answer);
        for gram in &row.grams[..prefix(row.grams.len(), self.thresholds.row)] {
            self.runs.entry(*gram).or_default().push(local);
        }
        if let Some(bands) = &mut self.bands {
            enter(bands, local, &row.grams);
        }
        self.rows.push(row);
        self.seen.push(0);
        if self.bands.is_none() && self.rows.len() > self.thresholds.exact_up_to {
            let mut bands = Buckets::default();
            for (local, row) in self.rows.iter().enumerate() {
                enter(&mut bands, local as u32, &row.grams);
            }
            self.bands = Some(bands);
            self.runs = Buckets::default();
        }
    }

    /// Rows whose question may be like this one.
    pub(super) fn asking(&mut self, row: &Folded) -> Vec<u32> {
        let mut out = self.sharing(false, &row.question, self.thresholds.instruction);
        if self.bands.is_some() {
            if let Some(same) = self.questions.get(&words_hash(&row.question)).copied()
                && self.seen[same as usize] != self.round
            {
                self.seen[same as usize] = self.round;
                out.push(same);
            }
            self.banded(row, &mut out);
        }
        out
    }

    /// Rows whose answer may be like this one.
    pub(super) fn answering(&mut self, row: &Folded) -> Vec<u32> {
        let mut out = self.sharing(true, &row.answer, self.thresholds.response);
        if self.bands.is_some() {
            self.banded(row, &mut out);
        }
        out
    }

    /// Rows whose runs are alike, with the likeness.
    ///
    /// Sets with a Jaccard index of `t` have at least `t·|A|` runs in common, so that of the first `|A| − t·|A| + 1`
    /// of each, in one order for all, at least one is the same (the prefix filter of all-pairs search).
    pub(super) fn overlapping(&mut self, row: &Folded) -> Vec<(u32, f64)> {
        let least = self.thresholds.row;
        let mut candidates = Vec::new();
        self.turn();
        if self.bands.is_some() {
            self.banded(row, &mut candidates);
        } else {
            for gram in &row.grams[..prefix(row.grams.len(), least)] {
                for local in self.runs.get(gram).into_iter().flatten() {
                    let seen = &mut self.seen[*local as usize];
                    if *seen != self.round {
                        *seen = self.round;
                        candidates.push(*local);
                    }
                }
            }
        }
        let score = |local: u32| jaccard(&row.grams, &self.rows[local as usize].grams);
        candidates.into_iter().map(|local| (local, score(local))).filter(|(_, score)| *score >= least).collect()
    }

    fn turn(&mut self) {
        self.round = self.round.wrapping_add(1);
        if self.round == 0 {
            self.seen.fill(0);
            self.round = 1;
        }
    }

    /// Rows that share one of the rarest words, of which so many are looked up that a row without any of them has
    /// too few words in common.
    fn sharing(&mut self, answers: bool, words: &[u32], least: f64) -> Vec<u32> {
        self.turn();
        let needed = needed(words.len(), least);
        let postings = if answers { &self.answered } else { &self.asked };
        let mut rare: Vec<(usize, u32)> = words.iter().map(|w| (postings.of(*w).len(), *w)).collect();
        rare.sort_unstable();
        rare.truncate((words.len() + 1).saturating_sub(needed));
        let mut last = None;
        let mut out = Vec::new();
        for (at, (rows, word)) in rare.into_iter().enumerate() {
            if last == Some(word) || (self.bands.is_some() && rows > RARE) {
                continue;
            }
            last = Some(word);
            for local in postings.of(word) {
                let seen = &mut self.seen[*local as usize];
                if *seen != self.round {
                    *seen = self.round;
                    // The rarer words before this one are not shared.
                    if postings.comparable(*local, words.len(), words.len() - at, least) {
                        out.push(*local);
                    }
                }
            }
        }
        out
    }

    /// Rows with a band in common that were not named in this round.
    fn banded(&mut self, row: &Folded, out: &mut Vec<u32>) {
        let Some(bands) = &self.bands else { return };
        for key in row.bands.get_or_init(|| signature(&row.grams)) {
            for local in bands.get(key).into_iter().flatten() {
                let seen = &mut self.seen[*local as usize];
                if *seen != self.round {
                    *seen = self.round;
                    out.push(*local);
                }
            }
        }
    }
}

/// Rows by the words they have.
#[derive(Debug, Default)]
struct Postings {
    rows: Vec<Vec<u32>>,
    /// Words of each row's text: most candidates end at their length.
    lengths: Vec<u32>,
}

impl Postings {
    fn put(&mut self, local: u32, words: &[u32]) {
        self.lengths.push(words.len() as u32);
        for word in words {
            let at = *word as usize;
            if self.rows.len() <= at {
                self.rows.resize_with(at + 1, Vec::new);
            }
            // A word that comes twice in a row counts once.
            if self.rows[at].last() != Some(&local) {
                self.rows[at].push(local);
            }
        }
    }

    /// Whether a text of `length` words, at most `shared` of which it has in common with a row's, can be as alike as
    /// `least`.
    fn comparable(&self, local: u32, length: usize, shared: usize, least: f64) -> bool {
        let other = self.lengths[local as usize] as usize;
        2.0 * shared.min(other) as f64 >= least * (length + other) as f64
    }

    fn of(&self, word: u32) -> &[u32] {
        self.rows.get(word as usize).map_or(&[], Vec::as_slice)
    }
}

/// Words that a list of `length` must have in common with another for a ROUGE-L F1 of `least`: the other one is not
/// shorter than the words in common, and `2·c / (length + c) ≥ least`.
fn needed(length: usize, least: f64) -> usize {
    ((least * length as f64 / (2.0 - least) - 1e-9).ceil() as usize).max(1)
}

/// How many of `length` sorted runs are looked up for a Jaccard index of `least`.
fn prefix(length: usize, least: f64) -> usize {
    let common = ((least * length as f64 - 1e-9).ceil() as usize).max(1);
    (length + 1).saturating_sub(common).min(length)
}

fn words_hash(words: &[u32]) -> u64 {
    words.iter().fold(words.len() as u64, |h, word| mix(h.rotate_left(17) ^ u64::from(*word)))
}

/// One key per band.
fn signature(grams: &[u64]) -> [u64; BANDS] {
    let mut least = [u64::MAX; BANDS * HASHES];
    for gram in grams {
        for (slot, seed) in least.iter_mut().zip(1u64..) {
            *slot = (*slot).min(mix(gram ^ seed.wrapping_mul(0x9e37_79b9_7f4a_7c15)));
        }
    }
    std::array::from_fn(|band| {
        let hashes = &least[band * HASHES..(band + 1) * HASHES];
        hashes.iter().fold(band as u64, |h, hash| mix(h.rotate_left(11) ^ hash))
    })
}

fn enter(bands: &mut Buckets, local: u32, grams: &[u64]) {
    for key in signature(grams) {
        bands.entry(key).or_default().push(local);
    }
}
