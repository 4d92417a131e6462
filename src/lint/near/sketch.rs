//! MinHash.

use super::hash::mix;

/// Bands of a sketch; two sets are compared when they agree in all hashes of one.
pub(super) const BANDS: usize = 14;
/// Hashes of a band: `1 − (1 − J^8)^14` of the pairs with a Jaccard index of `J` agree in one.
pub(super) const HASHES: usize = 8;
const BINS: usize = BANDS * HASHES;

/// 112 MinHashes of a set at the price of about 600 hashes, whatever its size up to there (Dahlgaard, Knudsen and
/// Thorup 2017, "Fast similarity sketching"): in each round every element is thrown into one bin, and the first thrown
/// into a bin, the one with the least hash within a round, is the bin's. From round 112 on a round has a bin of its
/// own, so that none stays empty.
#[derive(Debug)]
pub(super) struct Sketch([u64; BINS]);

impl Default for Sketch {
    fn default() -> Self {
        Self([u64::MAX; BINS])
    }
}

impl Sketch {
    /// One key per band, or none for the empty set.
    pub(super) fn bands(&mut self, set: &[u32], keys: &mut Vec<u64>) {
        if set.is_empty() {
            return;
        }
        let bins = &mut self.0;
        bins.fill(u64::MAX);
        let mut empty = BINS;
        for round in 0..2 * BINS as u64 {
            let seed = mix(round.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
            for element in set {
                let hash = mix(seed ^ u64::from(*element));
                // 8 bits for the round and 56 of hash; the bin is told by the upper half.
                let bin = match (round as usize).checked_sub(BINS) {
                    Some(bin) => bin,
                    None => (((hash >> 32) * BINS as u64) >> 32) as usize,
                };
                let value = round << 56 | (hash.wrapping_mul(0xd6e8_feb8_6659_fd93) >> 8);
                empty -= usize::from(bins[bin] == u64::MAX);
                bins[bin] = bins[bin].min(value);
            }
            if empty == 0 {
                break;
            }
        }
        for (band, hashes) in bins.as_chunks::<HASHES>().0.iter().enumerate() {
            keys.push(hashes.iter().fold(band as u64 + 1, |h, hash| mix(h.rotate_left(11) ^ hash)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Shares of equal bands against `J^8`, over many pairs of sets.
    #[test]
    fn bands_agree_as_often_as_theory_says() {
        for (size, shared) in [(60u64, 54u64), (60, 52), (600, 540), (8, 7), (20, 19)] {
            let (mut equal, pairs) = (0u32, 1500);
            let mut sketch = Sketch::default();
            for pair in 0..pairs {
                let set = |own: u64| -> Vec<u32> {
                    let element = |i| mix(pair << 32 | if i < shared { i } else { i + own * 10_000 }) as u32;
                    (0..size).map(element).collect()
                };
                let (mut a, mut b) = (vec![], vec![]);
                sketch.bands(&set(1), &mut a);
                sketch.bands(&set(2), &mut b);
                equal += a.iter().zip(&b).filter(|(a, b)| a == b).count() as u32;
            }
            let index = shared as f64 / (2 * size - shared) as f64;
            let (got, expected) = (f64::from(equal) / (pairs as f64 * BANDS as f64), index.powi(HASHES as i32));
            assert!((got - expected).abs() < 0.02 + 0.05 * expected, "{size} {shared}: {got} for {expected}");
        }
    }
}
