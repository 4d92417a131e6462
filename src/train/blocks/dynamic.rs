use std::sync::OnceLock;

use super::magnitude_bits;

/// The 8-bit dynamic map of bitsandbytes (Dettmers 2015, arXiv 1511.04561; Dettmers et al. 2022, arXiv 2110.02861): 256
/// values in `[-1, 1]` or `[0, 1]`, seven decades with twice as many steps in each as in the one below.
///
/// Bit-equal to `create_dynamic_map` where torch's vectors multiply and add in one rounding (x86 with AVX2 and later).
pub struct DynamicMap {
    values: [f32; 256],
    /// Half way between neighbours; infinity after the last.
    bounds: [f32; 256],
    /// The code of the smallest number whose upper 16 bits are the index. No two bounds share those bits, so the code
    /// of any other such number is that or the next.
    lowest: Box<[u8]>,
}

impl DynamicMap {
    /// Values per block.
    pub const BLOCK: usize = 256;

    /// With both signs: for first moments, and for the scales of [`Nf4`](super::Nf4).
    #[must_use]
    pub fn signed() -> &'static Self {
        static MAP: OnceLock<DynamicMap> = OnceLock::new();
        MAP.get_or_init(|| DynamicMap::new(true))
    }

    /// Without sign: for second moments.
    #[must_use]
    pub fn unsigned() -> &'static Self {
        static MAP: OnceLock<DynamicMap> = OnceLock::new();
        MAP.get_or_init(|| DynamicMap::new(false))
    }

    fn new(signed: bool) -> Self {
        let mut positive = Vec::with_capacity(256);
        for decade in 0..7 {
            let steps = 1usize << (decade + usize::from(!signed));
            let power = 10f64.powi(decade as i32 - 6) as f32;
            let edge = |i| edge(i, steps);
            positive.extend((0..steps).map(|i| power * ((edge(i) + edge(i + 1)) / 2.0)));
        }
        let mut values: Vec<f32> = positive.iter().copied().chain([0.0, 1.0]).collect();
        if signed {
            values.extend(positive.iter().map(|value| -value));
        }
        values.sort_by(f32::total_cmp);
        let values: [f32; 256] = std::array::from_fn(|i| values.get(i).copied().unwrap_or(1.0));
        let bounds: [f32; 256] =
            std::array::from_fn(|i| values.get(i + 1).map_or(f32::INFINITY, |next| (values[i] + next) / 2.0));
        let lowest = (0..1u32 << 16).map(|upper| {
            let smallest = f32::from_bits(if upper < 1 << 15 { upper << 16 } else { upper << 16 | 0xffff });
            bounds[..255].partition_point(|&bound| bound < smallest) as u8
        });
        Self { values, bounds, lowest: lowest.collect() }
    }

    /// The 256 values, ascending.
    #[must_use]
    pub fn values(&self) -> &[f32; 256] {
        &self.values
    }

    /// The code of the nearest value to `x` in `[-1, 1]`, the lower one half way between two.
    #[must_use]
    #[inline]
    pub fn nearest(&self, x: f32) -> u8 {
        let lowest = self.lowest[(x.to_bits() >> 16) as usize];
        lowest + u8::from(x > self.bounds[usize::from(lowest)])
    }

    /// Quantises one block; returns its scale, the largest magnitude.
    ///
    /// Values are divided by the scale as bitsandbytes' reference operation does it: times the reciprocal in a whole
    /// block of 256, by division in a shorter one. NaN and infinity give codes without meaning.
    pub fn quantize(&self, x: &[f32], codes: &mut [u8]) -> f32 {
        let absmax = f32::from_bits(magnitude_bits(x));
        if x.len() == Self::BLOCK {
            let inverse = 1.0 / absmax.max(1e-38);
            x.iter().zip(codes).for_each(|(x, code)| *code = self.nearest((x * inverse).clamp(-1.0, 1.0)));
            return absmax;
        }
        let absmax = absmax.max(1e-38);
        x.iter().zip(codes).for_each(|(x, code)| *code = self.nearest((x / absmax).clamp(-1.0, 1.0)));
        absmax
    }

    /// `value · scale` of one block.
    pub fn dequantize(&self, codes: &[u8], scale: f32, out: &mut [f32]) {
        codes.iter().zip(out).for_each(|(&code, out)| *out = self.values[usize::from(code)] * scale);
    }
}

/// Edge `i` of `steps` equal steps from 0.1 to 1, as torch's `linspace` computes it: from the nearer end, with one
/// rounding.
fn edge(i: usize, steps: usize) -> f32 {
    let (start, end) = (0.1f32, 1.0f32);
    let step = (end - start) / steps as f32;
    if i < steps.div_ceil(2) { step.mul_add(i as f32, start) } else { (-step).mul_add((steps - i) as f32, end) }
}

#[cfg(test)]
mod tests {
    use super::super::golden;
    use super::*;

    fn by_search(map: &DynamicMap, x: f32) -> u8 {
        map.bounds[..255].iter().filter(|&&bound| bound < x).count() as u8
    }

    #[test]
    fn the_table_finds_what_a_search_finds() {
        for map in [DynamicMap::signed(), DynamicMap::unsigned()] {
            assert!(map.values.is_sorted() && map.bounds.is_sorted());
            let around = map.bounds[..255].iter().flat_map(|b| [b.next_down(), *b, b.next_up()]);
            let edges = (0..1u32 << 16).flat_map(|upper| [upper << 16, upper << 16 | 0xffff]).map(f32::from_bits);
            for x in around.chain(edges).filter(|x| x.abs() <= 1.0) {
                assert_eq!(map.nearest(x), by_search(map, x), "{x:e}");
            }
        }
    }

    #[test]
    fn values_are_those_of_bitsandbytes() {
        let golden = golden::read();
        for (map, name) in [(DynamicMap::signed(), "signed"), (DynamicMap::unsigned(), "unsigned")] {
            let want = golden::floats(&golden["dynamic_maps"][name]);
            assert_eq!(map.values.map(f32::to_bits).to_vec(), want.iter().map(|v| v.to_bits()).collect::<Vec<_>>());
        }
    }

    #[test]
    fn values_come_back_and_zero_is_zero() {
        for map in [DynamicMap::signed(), DynamicMap::unsigned()] {
            for (code, &value) in map.values.iter().enumerate() {
                assert_eq!(usize::from(map.nearest(value)), code);
            }
            let (mut codes, mut out) = ([1; 256], [1.0; 256]);
            assert_eq!(map.quantize(&[0.0; 256], &mut codes).to_bits(), 0);
            map.dequantize(&codes, 0.0, &mut out);
            assert_eq!(out, [0.0; 256]);
        }
        assert_eq!(DynamicMap::signed().values[127].to_bits(), 0);
        assert_eq!(DynamicMap::unsigned().values[0].to_bits(), 0);
    }
}
