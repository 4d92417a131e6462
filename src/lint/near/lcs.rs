//! The longest common subsequence of hashed words.

/// One list of words to be compared with many: a bit for each of its words, 64 at a time (Hyyrö 2004).
///
/// Unlike [`crate::row::rouge::Lcs`] it takes any numbers for words, so that nothing has to remember a vocabulary.
#[derive(Debug, Default)]
pub(super) struct Lcs {
    /// Words by hash, and where the bits of each are; 0 for none.
    words: Vec<u32>,
    slots: Vec<u32>,
    shift: u32,
    /// The bits of absent words, all zero, then those of each word.
    masks: Vec<u64>,
    blocks: usize,
    state: Vec<u64>,
}

impl Lcs {
    /// Takes the list that others are compared with.
    pub(super) fn load(&mut self, words: &[u32]) {
        let bits = (words.len() * 2).max(2).next_power_of_two().trailing_zeros();
        self.shift = 32 - bits;
        self.words.clear();
        self.words.resize(1 << bits, 0);
        self.slots.clear();
        self.slots.resize(1 << bits, 0);
        self.blocks = words.len().div_ceil(64).max(1);
        self.masks.clear();
        self.masks.resize(self.blocks, 0);
        for (at, word) in words.iter().enumerate() {
            let place = self.place(*word);
            if self.slots[place] == 0 {
                self.words[place] = *word;
                self.slots[place] = (self.masks.len() / self.blocks) as u32;
                self.masks.resize(self.masks.len() + self.blocks, 0);
            }
            self.masks[self.slots[place] as usize * self.blocks + at / 64] |= 1 << (at % 64);
        }
    }

    /// Where a word is, or would be: half of the places are free.
    fn place(&self, word: u32) -> usize {
        let mut place = (word.wrapping_mul(0x9e37_79b1) >> self.shift) as usize;
        while self.slots[place] != 0 && self.words[place] != word {
            place = (place + 1) & (self.slots.len() - 1);
        }
        place
    }

    /// Length of the longest common subsequence of the loaded list and this one.
    pub(super) fn common(&mut self, other: &[u32]) -> usize {
        if self.blocks == 1 {
            let mut state = u64::MAX;
            for word in other {
                let mask = self.masks[self.slots[self.place(*word)] as usize];
                state = state.wrapping_add(state & mask) | (state & !mask);
            }
            return (!state).count_ones() as usize;
        }
        self.state.clear();
        self.state.resize(self.blocks, u64::MAX);
        for word in other {
            let slot = self.slots[self.place(*word)] as usize;
            if slot == 0 {
                continue;
            }
            let mut carry = false;
            for (state, mask) in self.state.iter_mut().zip(&self.masks[slot * self.blocks..]) {
                let (sum, first) = state.overflowing_add(*state & mask);
                let (sum, second) = sum.overflowing_add(u64::from(carry));
                carry = first || second;
                *state = sum | (*state & !mask);
            }
        }
        self.state.iter().map(|state| (!state).count_ones() as usize).sum()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn plain(a: &[u32], b: &[u32]) -> usize {
        let mut row = vec![0; b.len() + 1];
        for x in a {
            let mut diagonal = 0;
            for (j, y) in b.iter().enumerate() {
                let above = row[j + 1];
                row[j + 1] = if x == y { diagonal + 1 } else { above.max(row[j]) };
                diagonal = above;
            }
        }
        row[b.len()]
    }

    proptest! {
        #[test]
        fn lengths_are_those_of_the_table(
            a in prop::collection::vec(0u32..40, 0..200),
            b in prop::collection::vec(0u32..40, 0..200),
            c in prop::collection::vec(0u32..8, 0..30),
        ) {
            let mut lcs = Lcs::default();
            for loaded in [&a, &c, &b] {
                lcs.load(loaded);
                for other in [&a, &b, &c] {
                    prop_assert_eq!(lcs.common(other), plain(loaded, other));
                }
            }
        }
    }
}
