//! How alike two lists of words are.

use std::cell::OnceCell;

use super::shelf::BANDS;

/// Maps keyed by hashes need no second hash.
pub(super) mod mixed {
    use std::hash::{BuildHasherDefault, Hasher};

    #[derive(Clone, Copy, Debug, Default)]
    pub struct Passed(u64);

    impl Hasher for Passed {
        fn finish(&self) -> u64 {
            self.0
        }
        fn write(&mut self, bytes: &[u8]) {
            for byte in bytes {
                self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
            }
        }
        fn write_u64(&mut self, value: u64) {
            self.0 = value;
        }
    }

    pub type Build = BuildHasherDefault<Passed>;
}

/// A 64-bit hash of a word: FNV-1a with a final mix.
pub(super) fn hash(word: &str) -> u64 {
    mix(word.bytes().fold(0xcbf2_9ce4_8422_2325, |h: u64, b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3)))
}

/// Spreads the bits of a number (the finaliser of SplitMix64).
pub(super) const fn mix(h: u64) -> u64 {
    let h = (h ^ (h >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let h = (h ^ (h >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    h ^ (h >> 31)
}

/// One hash for a sequence of words.
fn sequence(words: &[u32]) -> u64 {
    words.iter().fold(words.len() as u64, |h, word| mix(h.rotate_left(17) ^ u64::from(*word).wrapping_add(1)))
}

/// A row as it is compared.
#[derive(Debug)]
pub(super) struct Folded {
    pub question: Box<[u32]>,
    pub answer: Box<[u32]>,
    /// Hashes of the three-word runs of every field, sorted, each once.
    pub grams: Box<[u64]>,
    /// One key per band of MinHashes, worked out when first needed.
    pub bands: OnceCell<[u64; BANDS]>,
    /// Hash of all fields.
    pub whole: u64,
}

impl Folded {
    pub(super) fn new(fields: [Box<[u32]>; 3], answer: usize) -> Self {
        let mut grams: Vec<u64> = Vec::new();
        for field in &fields {
            // A field of one or two words is its own run.
            let runs = field.windows(field.len().clamp(1, 3));
            grams.extend(runs.map(sequence));
        }
        grams.sort_unstable();
        grams.dedup();
        let whole = fields.iter().fold(0, |h: u64, field| mix(h ^ sequence(field)).wrapping_add(1));
        let answer = fields[answer].clone();
        let [question, ..] = fields;
        Self { question, answer, grams: grams.into_boxed_slice(), bands: OnceCell::new(), whole }
    }
}

/// Jaccard index of two sorted sets.
pub(super) fn jaccard(a: &[u64], b: &[u64]) -> f64 {
    let (mut i, mut j, mut both) = (0, 0, 0usize);
    while i < a.len() && j < b.len() {
        match a[i].cmp(&b[j]) {
            std::cmp::Ordering::Less => i += 1,
            std::cmp::Ordering::Greater => j += 1,
            std::cmp::Ordering::Equal => (i, j, both) = (i + 1, j + 1, both + 1),
        }
    }
    let all = a.len() + b.len() - both;
    if all == 0 { 0.0 } else { both as f64 / all as f64 }
}

/// ROUGE-L F1 of one pair.
pub(in crate::generate) fn rouge(a: &[u32], b: &[u32]) -> f64 {
    let mut lcs = Lcs::default();
    lcs.room(a.iter().chain(b).max().map_or(0, |id| *id as usize + 1));
    lcs.rouge(a, b, 0.0)
}

/// Length of the longest common subsequence of one pair.
pub(in crate::generate) fn common(a: &[u32], b: &[u32]) -> usize {
    // The score is twice the length over the sum, and both are whole.
    (rouge(a, b) * (a.len() + b.len()) as f64 / 2.0).round() as usize
}

/// Longest common subsequences of one list with many: 64 words of it at a time, one bit each (Hyyrö 2004).
#[derive(Debug, Default)]
pub(super) struct Lcs {
    /// Where a word's bits are, by its id; 0 for words that the list lacks.
    slots: Vec<u32>,
    /// The bits of absent words, all zero, then those of each word of the list.
    masks: Vec<u64>,
    loaded: Vec<u32>,
    blocks: usize,
    state: Vec<u64>,
}

impl Lcs {
    /// Makes room for word ids below `ids`.
    pub(super) fn room(&mut self, ids: usize) {
        if self.slots.len() < ids {
            self.slots.resize(ids, 0);
        }
    }

    fn load(&mut self, words: &[u32]) {
        for word in self.loaded.drain(..) {
            self.slots[word as usize] = 0;
        }
        self.blocks = words.len().div_ceil(64).max(1);
        self.masks.clear();
        self.masks.resize(self.blocks, 0);
        for (at, word) in words.iter().enumerate() {
            let slot = &mut self.slots[*word as usize];
            if *slot == 0 {
                *slot = u32::try_from(self.masks.len() / self.blocks).unwrap_or(0);
                self.masks.resize(self.masks.len() + self.blocks, 0);
            }
            self.masks[*slot as usize * self.blocks + at / 64] |= 1 << (at % 64);
        }
        self.loaded.extend_from_slice(words);
    }

    /// ROUGE-L F1, `2·LCS / (|a| + |b|)`; 0 where it cannot reach `least`. Quickest when `a` stays the same.
    pub(super) fn rouge(&mut self, a: &[u32], b: &[u32], least: f64) -> f64 {
        let sum = (a.len() + b.len()) as f64;
        // No subsequence is longer than the shorter list.
        if a.is_empty() || b.is_empty() || 2.0 * (a.len().min(b.len()) as f64) < least * sum {
            return 0.0;
        }
        if self.loaded != a {
            self.load(a);
        }
        let common = if self.blocks == 1 { self.short(b) } else { self.long(b) };
        2.0 * common as f64 / sum
    }

    fn short(&self, b: &[u32]) -> usize {
        let mut state = u64::MAX;
        for word in b {
            let mask = self.masks[self.slots[*word as usize] as usize];
            let hit = state & mask;
            state = state.wrapping_add(hit) | (state & !mask);
        }
        (!state).count_ones() as usize
    }

    fn long(&mut self, b: &[u32]) -> usize {
        self.state.clear();
        self.state.resize(self.blocks, u64::MAX);
        for word in b {
            let at = self.slots[*word as usize] as usize * self.blocks;
            let mut carry = false;
            for (state, mask) in self.state.iter_mut().zip(&self.masks[at..at + self.blocks]) {
                let (sum, first) = state.overflowing_add(*state & mask);
                let (sum, second) = sum.overflowing_add(u64::from(carry));
                carry = first || second;
                *state = sum | (*state & !mask);
            }
        }
        self.state.iter().map(|state| (!state).count_ones() as usize).sum()
    }
}
