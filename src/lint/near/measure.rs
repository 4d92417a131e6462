//! What alike means: ROUGE-L F of two lists of words, and the Jaccard index of two sets of word runs.

use super::RUN;
use super::hash::{Counts, mix, sequence};
use super::lcs::Lcs;
use super::sketch::Sketch;

/// Words of a prompt that are compared.
pub(super) const MOST_WORDS: usize = 2048;
/// Runs of a row that are kept: the index of larger sets is estimated from their 1024 least hashes, to 0.013 (one
/// standard deviation) at 0.8.
pub(super) const MOST_RUNS: usize = 1024;

/// A likeness from 0 to 1 that cannot be reached without a number of common tokens.
pub(super) trait Measure {
    /// Words of all lists up to which comparing every pair takes seconds, however alike they are.
    const MOST: u64;
    /// Common tokens without which lists of these lengths are less alike than that.
    fn needed(&self, a: usize, b: usize) -> usize;
    /// Common tokens without which a list of this length is less alike than that to any other.
    fn least(&self, length: usize) -> usize;
    /// The tokens of a list: each once, the same for equal words.
    fn tokens(&self, list: &[u32], tokens: &mut Vec<u32>);
    /// Takes the list that others are compared with.
    fn load(&mut self, list: &[u32]);
    /// How alike the loaded list and this one are; 0 where it is less than the threshold.
    fn likeness(&mut self, other: &[u32]) -> f64;
    /// Keys of which two alike lists probably have one in common, and others probably none.
    fn keys(&mut self, list: &[u32], counts: &Counts, keys: &mut Vec<u64>);
}

/// What tells most lists apart without reading them: how many tokens there are, and a bit for each, turned as often as
/// one falls on it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Marks {
    length: u32,
    bits: [u64; 4],
}

impl Marks {
    pub(super) fn new(tokens: &[u32]) -> Self {
        let mut bits = [0; 4];
        for token in tokens {
            let at = token.wrapping_mul(0x85eb_ca6b) >> 24;
            bits[at as usize / 64] ^= 1 << (at % 64);
        }
        Self { length: tokens.len() as u32, bits }
    }

    pub(super) const fn length(&self) -> usize {
        self.length as usize
    }
}

/// Whether lists with these marks can have enough tokens in common: no more bits differ than there are tokens that only
/// one of them has (the bitmap filter of Sandes, Teodoro and Melo 2020).
pub(super) fn possible(measure: &impl Measure, a: &Marks, b: &Marks) -> bool {
    let needed = measure.needed(a.length(), b.length());
    if a.length().min(b.length()) < needed {
        return false;
    }
    let differing: u32 = a.bits.iter().zip(&b.bits).map(|(a, b)| (a ^ b).count_ones()).sum();
    (a.length() + b.length()).saturating_sub(differing as usize) / 2 >= needed
}

/// The least whole number not below; products that are whole but for their last bit are.
fn at_least(product: f64) -> usize {
    (product - 1e-9).ceil().max(1.0) as usize
}

/// ROUGE-L F, `2·LCS / (|a| + |b|)`.
#[derive(Debug, Default)]
pub(super) struct RougeL {
    threshold: f64,
    lcs: Lcs,
    loaded: usize,
    /// How many words of a long loaded list fall into each of 4,096 bins, and the bins that another one used up.
    bins: Vec<u16>,
    used: Vec<u16>,
    tokens: Vec<u32>,
    order: Vec<u64>,
    least: Vec<u64>,
}

impl RougeL {
    pub(super) fn new(threshold: f64) -> Self {
        Self { threshold, ..Self::default() }
    }

    /// No fewer than the words that the loaded list, if it is long, and this one have in common, in whatever order: a
    /// tenth of the work of the subsequence.
    fn bound(&mut self, other: &[u32]) -> usize {
        if self.bins.is_empty() {
            return usize::MAX;
        }
        self.used.clear();
        for word in other {
            let bin = (word.wrapping_mul(0x9e37_79b1) >> 20) as u16;
            let count = &mut self.bins[usize::from(bin)];
            if *count > 0 {
                *count -= 1;
                self.used.push(bin);
            }
        }
        self.used.iter().for_each(|bin| self.bins[usize::from(*bin)] += 1);
        self.used.len()
    }

    /// The tokens of the list that was last given to [`Self::rarest`] or [`Measure::keys`].
    pub(super) fn last_tokens(&self) -> &[u32] {
        &self.tokens
    }

    /// The tokens of a list, the rarest first, and how many of them an alike one has at least one of.
    pub(super) fn rarest<'a>(&'a mut self, list: &[u32], counts: &Counts) -> (&'a [u32], usize) {
        let mut tokens = std::mem::take(&mut self.tokens);
        self.tokens(list, &mut tokens);
        counts.sort(&mut tokens, &mut self.order);
        self.tokens = tokens;
        (&self.tokens, (list.len() + 1).saturating_sub(self.least(list.len())))
    }
}

/// Rarest words of a prompt whose pairs are keys.
const RAREST: usize = 5;
/// Prompts with more words have MinHashes too.
const SHORT: usize = 12;
/// Bands of theirs, and hashes of a band.
const PROMPT_BANDS: usize = 10;
const PROMPT_HASHES: usize = 3;

impl Measure for RougeL {
    const MOST: u64 = 600_000;

    fn needed(&self, a: usize, b: usize) -> usize {
        at_least(self.threshold * (a + b) as f64 / 2.0)
    }

    fn least(&self, length: usize) -> usize {
        // The other list is no shorter than what they have in common.
        at_least(self.threshold * length as f64 / (2.0 - self.threshold))
    }

    fn tokens(&self, list: &[u32], tokens: &mut Vec<u32>) {
        tokens.clear();
        tokens.extend_from_slice(list);
        tokens.sort_unstable();
        // The second "the" of a list is a token of its own: it can be matched once more.
        let (mut last, mut again) = (None, 0u32);
        for token in tokens.iter_mut() {
            again = if last == Some(*token) { again + 1 } else { 0 };
            last = Some(*token);
            if again > 0 {
                *token = mix(u64::from(again) << 32 | u64::from(*token)) as u32;
            }
        }
    }

    fn load(&mut self, list: &[u32]) {
        self.lcs.load(list);
        self.loaded = list.len();
        self.bins.clear();
        if list.len() > 64 {
            self.bins.resize(1 << 12, 0);
            list.iter().for_each(|word| self.bins[(word.wrapping_mul(0x9e37_79b1) >> 20) as usize] += 1);
        }
    }

    fn likeness(&mut self, other: &[u32]) -> f64 {
        let (a, b) = (self.loaded, other.len());
        let needed = self.needed(a, b);
        if a.min(b) < needed || self.bound(other) < needed {
            return 0.0;
        }
        let common = self.lcs.common(other);
        if common < needed { 0.0 } else { 2.0 * common as f64 / (a + b) as f64 }
    }

    /// Pairs of the rarest words. Of two lists of length `n`, each with `d` words that the other lacks, both have the
    /// two rarest common words among their `d + 2` rarest, so that prompts of up to 13 words are sure to have a key in
    /// common at 0.7 (where their lengths are the same). Longer ones have MinHashes of single words too.
    fn keys(&mut self, list: &[u32], counts: &Counts, keys: &mut Vec<u64>) {
        let missing = list.len() - self.least(list.len()).min(list.len());
        let (tokens, _) = self.rarest(list, counts);
        let rarest = &tokens[..tokens.len().min(missing + 2).min(RAREST)];
        if let [only] = rarest {
            keys.push(mix(u64::from(*only)));
        }
        for (at, a) in rarest.iter().enumerate() {
            for b in &rarest[at + 1..] {
                keys.push(mix(u64::from(*a) << 32 | u64::from(*b)));
            }
        }
        if list.len() <= SHORT {
            return;
        }
        self.least.clear();
        self.least.resize(PROMPT_BANDS * PROMPT_HASHES, u64::MAX);
        for token in &self.tokens {
            for (slot, seed) in self.least.iter_mut().zip(1u64..) {
                *slot = (*slot).min(mix(seed << 32 | u64::from(*token)));
            }
        }
        for (band, hashes) in self.least.chunks(PROMPT_HASHES).enumerate() {
            keys.push(sequence(std::iter::once(band as u64).chain(hashes.iter().copied())));
        }
    }
}

/// The Jaccard index of two sorted sets.
#[derive(Debug, Default)]
pub(super) struct Jaccard {
    threshold: f64,
    loaded: Vec<u32>,
    sketch: Sketch,
}

impl Jaccard {
    pub(super) fn new(threshold: f64) -> Self {
        Self { threshold, ..Self::default() }
    }
}

impl Measure for Jaccard {
    const MOST: u64 = 6_000_000;

    fn needed(&self, a: usize, b: usize) -> usize {
        if a.max(b) >= MOST_RUNS {
            // Only part of the union is looked at.
            return at_least(self.threshold * a.min(b) as f64);
        }
        at_least(self.threshold * (a + b) as f64 / (1.0 + self.threshold))
    }

    fn least(&self, length: usize) -> usize {
        at_least(self.threshold * length as f64)
    }

    fn tokens(&self, list: &[u32], tokens: &mut Vec<u32>) {
        tokens.clear();
        tokens.extend_from_slice(list);
    }

    fn load(&mut self, list: &[u32]) {
        self.loaded.clear();
        self.loaded.extend_from_slice(list);
    }

    fn likeness(&mut self, other: &[u32]) -> f64 {
        let (a, b) = (&self.loaded, other);
        if a.len().min(b.len()) < self.least(a.len().max(b.len())) || a.is_empty() {
            return 0.0;
        }
        let limit = if a.len().max(b.len()) >= MOST_RUNS { MOST_RUNS } else { usize::MAX };
        let (mut i, mut j, mut common) = (0, 0, 0);
        while i < a.len() && j < b.len() && i + j - common < limit {
            let (x, y) = (a[i], b[j]);
            i += usize::from(x <= y);
            j += usize::from(y <= x);
            common += usize::from(x == y);
        }
        let union = (a.len() + b.len() - common).min(limit);
        let index = common as f64 / union as f64;
        if index + 1e-9 < self.threshold { 0.0 } else { index }
    }

    fn keys(&mut self, list: &[u32], _counts: &Counts, keys: &mut Vec<u64>) {
        self.sketch.bands(list, keys);
    }
}

/// The runs of three words as a sorted set of hashes, the least [`MOST_RUNS`] of them; a shorter text is one run.
pub(super) fn run_set<W: Copy + Into<u64>>(words: &[W], set: &mut Vec<u32>) {
    set.clear();
    set.extend(runs(words));
    set.sort_unstable();
    set.dedup();
    set.truncate(MOST_RUNS);
}

/// Hashes of the runs of three words, in order; a shorter text is one run, an empty one none.
pub(super) fn runs<W: Copy + Into<u64>>(words: &[W]) -> impl Iterator<Item = u32> {
    let windows = words.windows(words.len().clamp(1, RUN));
    windows.map(|run| (sequence(run.iter().map(|word| (*word).into())) >> 32) as u32)
}
