//! ROUGE-L (Lin 2004): how much of two lists of words stands in both in the same order. Words are numbers.

use std::collections::HashMap;

use super::normalise;

/// Numbers for words: the same word has the same one in all texts that were numbered together.
#[derive(Debug, Default)]
pub struct Numbered(HashMap<String, u32>);

impl Numbered {
    /// The words of a text as numbers, case and punctuation aside.
    pub fn words(&mut self, text: &str) -> Vec<u32> {
        let folded = normalise(text);
        let words = folded.split(' ').filter(|w| !w.is_empty());
        words
            .map(|w| {
                let next = u32::try_from(self.0.len()).unwrap_or(u32::MAX);
                *self.0.entry(w.to_owned()).or_insert(next)
            })
            .collect()
    }
}

/// ROUGE-L F1 of one pair.
#[must_use]
pub fn rouge(a: &[u32], b: &[u32]) -> f64 {
    let mut lcs = Lcs::default();
    lcs.room(a.iter().chain(b).max().map_or(0, |id| *id as usize + 1));
    lcs.rouge(a, b, 0.0)
}

/// Length of the longest common subsequence of one pair.
#[must_use]
pub fn common(a: &[u32], b: &[u32]) -> usize {
    // The score is twice the length over the sum, and both are whole.
    (rouge(a, b) * (a.len() + b.len()) as f64 / 2.0).round() as usize
}

/// Longest common subsequences of one list with many: 64 words of it at a time, one bit each (Hyyrö 2004).
#[derive(Debug, Default)]
pub struct Lcs {
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
    pub fn room(&mut self, ids: usize) {
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
    pub fn rouge(&mut self, a: &[u32], b: &[u32], least: f64) -> f64 {
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
