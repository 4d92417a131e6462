//! Hashes and how often they come.

/// Spreads the bits of a number (the finaliser of SplitMix64).
pub(super) const fn mix(h: u64) -> u64 {
    let h = (h ^ (h >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let h = (h ^ (h >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    h ^ (h >> 31)
}

/// A word as it is kept: 32 bits of its hash. Of 100,000 different words about two share theirs and count as the same.
pub(super) const fn short(word: u64) -> u32 {
    (mix(word) >> 32) as u32
}

/// One hash for a list.
pub(super) fn sequence(words: impl Iterator<Item = u64>) -> u64 {
    words.fold(0x9e37_79b9_7f4a_7c15, |h, word| mix(h.rotate_left(17) ^ word))
}

/// About how often each token came: a count of its own for most, a shared one for some. What is rare by these counts
/// is looked up first; a wrong count costs time, never a result of an exact comparison.
#[derive(Debug)]
pub(super) struct Counts {
    counts: Vec<u32>,
    shift: u32,
}

impl Counts {
    /// For about so many tokens; at most 4 MiB.
    pub(super) fn new(tokens: usize) -> Self {
        let bits = tokens.saturating_mul(2).clamp(1 << 8, 1 << 20).next_power_of_two().trailing_zeros();
        Self { counts: vec![0; 1 << bits], shift: 32 - bits }
    }

    const fn at(&self, token: u32) -> usize {
        (token.wrapping_mul(0x9e37_79b1) >> self.shift) as usize
    }

    pub(super) fn add(&mut self, token: u32) {
        let count = &mut self.counts[(token.wrapping_mul(0x9e37_79b1) >> self.shift) as usize];
        *count = count.saturating_add(1);
    }

    /// Sorts tokens, the rarest first; the same tokens come in the same order in all lists.
    pub(super) fn sort(&self, tokens: &mut [u32], keys: &mut Vec<u64>) {
        keys.clear();
        keys.extend(tokens.iter().map(|t| u64::from(self.counts[self.at(*t)]) << 32 | u64::from(*t)));
        keys.sort_unstable();
        for (token, key) in tokens.iter_mut().zip(keys) {
            *token = *key as u32;
        }
    }
}
