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
