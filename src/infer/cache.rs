//! Keys and values of the positions so far, in f16 as llama.cpp keeps them.

use half::f16;

use crate::train::engine::cpu::reader::Memory;

/// Positions that room is made for at a time.
const STEP: usize = 256;

/// Keys and values of one conversation.
///
/// Per layer and key head a run of `capacity · width` values, so that one head's keys lie end to end.
#[derive(Clone, Debug)]
pub struct Cache {
    layers: Vec<[Vec<u16>; 2]>,
    heads: usize,
    width: usize,
    capacity: usize,
    len: usize,
}

impl Cache {
    /// An empty cache.
    #[must_use]
    pub fn new(layers: usize, heads: usize, width: usize) -> Self {
        Self { layers: vec![[Vec::new(), Vec::new()]; layers], heads, width, capacity: 0, len: 0 }
    }

    /// Positions held.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.len
    }

    /// True before the first position.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Forgets the positions from `len` on.
    pub fn truncate(&mut self, len: usize) {
        self.len = self.len.min(len);
    }

    /// Says that positions below `len` are stored.
    pub(super) fn grown(&mut self, len: usize) {
        self.len = self.len.max(len);
    }

    /// Makes room for `positions` in all.
    pub(super) fn reserve(&mut self, positions: usize) {
        if positions <= self.capacity {
            return;
        }
        // By halves more, so that moving the old ones costs little all in all.
        let capacity = positions.max(self.capacity + self.capacity / 2).next_multiple_of(STEP);
        let (old, width) = (self.capacity * self.width, self.width);
        for values in self.layers.iter_mut().flatten() {
            let mut larger = vec![0u16; self.heads * capacity * width];
            if old > 0 {
                for (to, from) in larger.chunks_exact_mut(capacity * width).zip(values.chunks_exact(old)) {
                    to[..old].copy_from_slice(from);
                }
            }
            *values = larger;
        }
        self.capacity = capacity;
    }

    /// Keys and values of one head, `[positions, width]` f16.
    pub(super) fn head(&self, layer: usize, head: usize, positions: usize) -> [&[u16]; 2] {
        let start = head * self.capacity * self.width;
        self.layers[layer].each_ref().map(|values| &values[start..start + positions * self.width])
    }

    fn place(&self, head: usize, position: usize) -> std::ops::Range<usize> {
        let start = (head * self.capacity + position) * self.width;
        start..start + self.width
    }
}

impl Memory for Cache {
    fn load(&self, layer: usize, position: usize, keys: &mut [f32], values: &mut [f32]) {
        for (out, from) in [keys, values].into_iter().zip(&self.layers[layer]) {
            for (head, out) in out.chunks_exact_mut(self.width).enumerate() {
                for (to, &bits) in out.iter_mut().zip(&from[self.place(head, position)]) {
                    *to = f16::from_bits(bits).to_f32();
                }
            }
        }
    }

    fn store(&mut self, layer: usize, position: usize, keys: &[f32], values: &[f32]) {
        self.reserve(position + 1);
        for (kind, from) in [keys, values].into_iter().enumerate() {
            for (head, from) in from.chunks_exact(self.width).enumerate() {
                let place = self.place(head, position);
                for (to, &x) in self.layers[layer][kind][place].iter_mut().zip(from) {
                    *to = f16::from_f32(x).to_bits();
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn growing_keeps_what_is_there() {
        let mut cache = Cache::new(2, 3, 4);
        let row = |p: usize, k: usize| -> Vec<f32> { (0..12).map(|i| (p * 100 + k * 50 + i) as f32).collect() };
        for p in 0..600 {
            for layer in 0..2 {
                cache.store(layer, p, &row(p, layer), &row(p, 1 - layer));
            }
            cache.grown(p + 1);
        }
        assert_eq!(cache.len(), 600);
        let (mut keys, mut values) = (vec![0.0; 12], vec![0.0; 12]);
        for p in [0, 255, 256, 599] {
            cache.load(1, p, &mut keys, &mut values);
            let want = |x: Vec<f32>| -> Vec<f32> { x.iter().map(|&x| f16::from_f32(x).to_f32()).collect() };
            assert_eq!((&keys, &values), (&want(row(p, 1)), &want(row(p, 0))));
            let [head, _] = cache.head(1, 2, p + 1);
            assert_eq!(f16::from_bits(head[p * 4]).to_f32(), keys[8]);
        }
        cache.truncate(10);
        assert_eq!(cache.len(), 10);
    }
}
