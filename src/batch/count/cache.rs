//! What was counted before, for each thread that counts at the moment.

use std::sync::{Mutex, PoisonError};

use super::bpe::{Bpe, Buffers, Map, fold};

/// Slots for short words, 16 bytes each: 1 MiB, which stays in a second-level cache.
const SLOT_BITS: u32 = 16;
/// Bytes of a short word: with its length and its count it fills 16 bytes.
const SHORT: usize = 15;
/// Longer words that are kept, and their bytes; words that are longer still are counted again.
const LONG_WORDS: usize = 1 << 14;
const LONG: usize = 96;
/// Buffers larger than this many bytes are not kept from one text to the next.
const KEPT: usize = 1 << 20;

/// Counts of words and the memory for counting.
pub(super) struct Cache {
    /// The word's bytes, and in the uppermost byte its length and its count; 0 is free. A word has one slot, and takes
    /// it from whoever had it.
    short: Box<[u128]>,
    long: Map<Box<[u8]>, usize>,
    buffers: Buffers,
}

impl Cache {
    fn new() -> Self {
        Self { short: vec![0; 1 << SLOT_BITS].into_boxed_slice(), long: Map::default(), buffers: Buffers::default() }
    }

    /// Tokens of the word at `start..end` of `bytes`.
    #[inline]
    pub(super) fn count(&mut self, bpe: &Bpe, bytes: &[u8], start: usize, end: usize) -> usize {
        let length = end - start;
        if length > SHORT {
            return self.count_long(bpe, &bytes[start..end]);
        }
        let mut key = [0; 16];
        match bytes.get(start..start + 16) {
            // A load of fixed size; what is behind the word is cut off below.
            Some(wide) => key.copy_from_slice(wide),
            None => key[..length].copy_from_slice(&bytes[start..end]),
        }
        let key = u128::from_le_bytes(key) & ((1 << (8 * length)) - 1) | (length as u128) << 124;
        let hash = fold(key as u64 ^ 0x9E37_79B9_7F4A_7C15, (key >> 64) as u64 ^ 0xD6E8_FEB8_6659_FD93);
        let slot = (hash >> (64 - SLOT_BITS)) as usize;
        let found = self.short[slot];
        if (found ^ key) & !(0xF << 120) == 0 {
            return (found >> 120 & 0xF) as usize;
        }
        // A token has a byte at least, so that 15 bytes are at most 15 tokens.
        let count = bpe.count(&bytes[start..end], &mut self.buffers);
        self.short[slot] = key | (count as u128 & 0xF) << 120;
        count
    }

    fn count_long(&mut self, bpe: &Bpe, word: &[u8]) -> usize {
        if word.len() > LONG {
            return bpe.count(word, &mut self.buffers);
        }
        if let Some(&count) = self.long.get(word) {
            return count;
        }
        let count = bpe.count(word, &mut self.buffers);
        if self.long.len() >= LONG_WORDS {
            self.long.clear();
        }
        self.long.insert(word.into(), count);
        count
    }
}

/// Caches that no thread is using. There are as many as threads ever counted at the same time.
#[derive(Default)]
pub(super) struct Pool(Mutex<Vec<Cache>>);

impl Pool {
    /// Lends a cache to `work`.
    pub(super) fn with<R>(&self, work: impl FnOnce(&mut Cache) -> R) -> R {
        let free = self.0.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut cache = free.unwrap_or_else(Cache::new);
        let result = work(&mut cache);
        cache.buffers.shrink(KEPT);
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(cache);
        result
    }
}
