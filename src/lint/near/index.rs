//! Which rows have a key, for keys that are hashes and all known before the first is looked up.

/// Keys with the numbers that belong to each. About 15 bytes per entry.
#[derive(Debug, Default)]
pub(super) struct Index {
    keys: Vec<u64>,
    values: Vec<u32>,
    /// Where the keys with the same upper bits begin.
    starts: Vec<u32>,
    /// A bit for each key, by other bits of it: most keys that are looked up are not there.
    filter: Vec<u64>,
    bits: u32,
}

impl Index {
    /// Of a key's values, the `most` least are kept.
    pub(super) fn new(mut entries: Vec<(u64, u32)>, most: usize) -> Self {
        entries.sort_unstable();
        entries.dedup();
        let bits = entries.len().max(2).next_power_of_two().trailing_zeros();
        let mut index = Self { filter: vec![0; (entries.len() / 8 + 1).next_power_of_two()], bits, ..Self::default() };
        for same in entries.chunk_by(|a, b| a.0 == b.0) {
            for (key, value) in same.iter().take(most) {
                index.keys.push(*key);
                index.values.push(*value);
            }
            let bit = index.bit(same[0].0);
            index.filter[bit / 64] |= 1 << (bit % 64);
        }
        index.starts.push(0);
        let mut at = 0;
        for bucket in 0..1u64 << bits {
            while index.keys.get(at).is_some_and(|key| key >> (64 - bits) == bucket) {
                at += 1;
            }
            index.starts.push(at as u32);
        }
        index
    }

    fn bit(&self, key: u64) -> usize {
        (key as usize) & (self.filter.len() * 64 - 1)
    }

    /// The places of a key's entries.
    pub(super) fn places(&self, key: u64) -> std::ops::Range<usize> {
        if self.keys.is_empty() {
            return 0..0;
        }
        let bit = self.bit(key);
        if self.filter[bit / 64] >> (bit % 64) & 1 == 0 {
            return 0..0;
        }
        let bucket = (key >> (64 - self.bits)) as usize;
        let (start, end) = (self.starts[bucket] as usize, self.starts[bucket + 1] as usize);
        let keys = &self.keys[start..end];
        let first = keys.partition_point(|k| *k < key);
        let count = keys[first..].partition_point(|k| *k == key);
        start + first..start + first + count
    }

    /// A key's values, the least first.
    pub(super) fn get(&self, key: u64) -> &[u32] {
        &self.values[self.places(key)]
    }

    /// All values, to be written over.
    pub(super) fn values_mut(&mut self) -> &mut [u32] {
        &mut self.values
    }
}

#[cfg(test)]
mod tests {
    use super::super::hash::mix;
    use super::*;

    #[test]
    fn what_was_put_in_is_found_and_nothing_else() {
        for count in [0u64, 1, 2, 100, 5000] {
            let entries =
                (0..count).flat_map(|i| [(mix(i), 3), (mix(i), i as u32), (mix(i / 50), 1000 - i as u32 % 7)]);
            let index = Index::new(entries.clone().collect(), 4);
            for i in 0..2 * count + 2 {
                let mut expected: Vec<u32> = entries.clone().filter(|e| e.0 == mix(i)).map(|e| e.1).collect();
                expected.sort_unstable();
                expected.dedup();
                expected.truncate(4);
                assert_eq!(index.get(mix(i)), expected, "{i} of {count}");
                if i > 300 && count == 5000 && i < 4990 {
                    break;
                }
            }
        }
    }
}
