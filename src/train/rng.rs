//! A counter-based random stream: the value at an index depends on the seed and the index alone.
//!
//! Nothing is carried from step to step, so a resumed run draws what the uninterrupted one would have drawn.

use crate::id::Hasher;

/// One named stream of a seed. SplitMix64 (Steele, Lea and Flood 2014) over a hashed key.
#[derive(Clone, Copy, Debug)]
pub struct Stream(u64);

impl Stream {
    /// The stream of a seed and a purpose, for example `("shuffle", epoch)`.
    #[must_use]
    pub fn new(seed: u64, purpose: &str, index: u64) -> Self {
        let hash = Hasher::new().text(purpose).bytes(&seed.to_le_bytes()).bytes(&index.to_le_bytes()).finish();
        Self(u64::from_str_radix(hash.as_str().get(..16).unwrap_or("0"), 16).unwrap_or(0))
    }

    /// The next 64 bits.
    #[allow(clippy::should_implement_trait, reason = "an endless stream of numbers is no iterator over items")]
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// Uniform in `[0, 1)`.
    pub fn uniform(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Standard normal (Box and Muller 1958).
    pub fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.uniform()).ln()).sqrt();
        radius * (std::f64::consts::TAU * self.uniform()).cos()
    }

    /// Uniform below `n`; 0 when `n` is 0.
    pub fn below(&mut self, n: usize) -> usize {
        if n == 0 { 0 } else { ((u128::from(self.next()) * n as u128) >> 64) as usize }
    }

    /// `0..n` in random order (Fisher and Yates).
    #[must_use]
    pub fn permutation(mut self, n: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..n).collect();
        for i in (1..n).rev() {
            order.swap(i, self.below(i + 1));
        }
        order
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn permutations_are_permutations_and_repeat() {
        let a = Stream::new(0, "shuffle", 3).permutation(100);
        let mut sorted = a.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, (0..100).collect::<Vec<_>>());
        assert_eq!(a, Stream::new(0, "shuffle", 3).permutation(100));
        assert_ne!(a, Stream::new(0, "shuffle", 4).permutation(100));
        assert_ne!(a, Stream::new(1, "shuffle", 3).permutation(100));
    }

    #[test]
    fn normals_have_unit_variance() {
        let mut s = Stream::new(7, "x", 0);
        let xs: Vec<f64> = (0..20_000).map(|_| s.normal()).collect();
        let mean = xs.iter().sum::<f64>() / 20_000.0;
        let var = xs.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / 20_000.0;
        assert!(mean.abs() < 0.03 && (var - 1.0).abs() < 0.04, "{mean} {var}");
    }
}
