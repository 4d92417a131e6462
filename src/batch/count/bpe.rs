//! Byte pair encoding of one word, down to how many tokens it becomes.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::hash::{BuildHasherDefault, Hasher};

/// No token, no rank.
pub(super) const NONE: u32 = u32::MAX;

/// Symbols up to which looking for the best pair from the start again is quicker than a heap.
const SHORT_WORD: usize = 48;

/// A map whose keys come from the tokenizer or are bounded in number.
pub(super) type Map<K, V> = HashMap<K, V, BuildHasherDefault<Fold>>;

/// Multiplies and folds, eight bytes at a time: words are short, and a hash for each is much of the work.
#[derive(Clone, Copy, Default)]
pub(super) struct Fold(u64);

/// Both halves of a product, one upon the other.
#[inline]
pub(super) fn fold(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    (product as u64) ^ ((product >> 64) as u64)
}

impl Hasher for Fold {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.write_u64(u64::from_le_bytes(word));
        }
    }

    fn write_u64(&mut self, word: u64) {
        self.0 = fold(self.0 ^ word ^ 0x9E37_79B9_7F4A_7C15, 0xD6E8_FEB8_6659_FD93);
    }

    fn write_usize(&mut self, word: usize) {
        self.write_u64(word as u64);
    }
}

/// What stands for a byte that the vocabulary lacks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Unknown {
    pub(super) id: u32,
    /// Whether neighbours share one.
    pub(super) fuse: bool,
}

/// Which pairs of symbols become one.
pub(super) enum Merges {
    /// Rank and result of a pair of ids, the first id in the upper half of the key.
    Pairs(Map<u64, (u32, u32)>),
    /// Every pair whose bytes together are a token; the token's id is the rank (tiktoken).
    #[cfg_attr(not(feature = "tiktoken"), expect(dead_code, reason = "only tiktoken's encodings are so"))]
    Bytes,
}

/// The model.
pub(super) struct Bpe {
    /// Symbols of the bytes, [`NONE`] for those that the vocabulary lacks.
    pub(super) bytes: [u32; 256],
    /// Without it, bytes that the vocabulary lacks disappear.
    pub(super) unknown: Option<Unknown>,
    /// Tokens that are one token as a whole word, whatever the merges say.
    pub(super) tokens: Map<Box<[u8]>, u32>,
    pub(super) merges: Merges,
}

/// Memory that one word after the other uses.
#[derive(Default)]
pub(super) struct Buffers {
    symbols: Vec<Symbol>,
    ranks: Vec<(u32, u32)>,
    links: Vec<(u32, u32)>,
    queue: BinaryHeap<Reverse<(u32, u32)>>,
}

#[derive(Clone, Copy)]
struct Symbol {
    id: u32,
    /// Its bytes in the word.
    start: u32,
    end: u32,
}

impl Bpe {
    /// Tokens of one word of less than 4 GiB.
    pub(super) fn count(&self, word: &[u8], buffers: &mut Buffers) -> usize {
        if self.tokens.contains_key(word) {
            return 1;
        }
        self.start(word, &mut buffers.symbols);
        if buffers.symbols.len() <= SHORT_WORD {
            self.merge_short(word, buffers)
        } else {
            self.merge_long(word, buffers)
        }
    }

    fn start(&self, word: &[u8], symbols: &mut Vec<Symbol>) {
        symbols.clear();
        let mut after_unknown = false;
        for (i, &byte) in (0_u32..).zip(word) {
            let id = self.bytes[usize::from(byte)];
            let symbol = |id| Symbol { id, start: i, end: i + 1 };
            match self.unknown {
                _ if id != NONE => symbols.push(symbol(id)),
                Some(unknown) if !(unknown.fuse && after_unknown) => symbols.push(symbol(unknown.id)),
                _ => {}
            }
            after_unknown = id == NONE;
        }
    }

    #[inline]
    fn merged(&self, word: &[u8], left: Symbol, right: Symbol) -> (u32, u32) {
        match &self.merges {
            Merges::Pairs(pairs) => pairs.get(&(u64::from(left.id) << 32 | u64::from(right.id))).copied(),
            Merges::Bytes => {
                word.get(left.start as usize..right.end as usize).and_then(|b| self.tokens.get(b)).map(|&id| (id, id))
            }
        }
        .unwrap_or((NONE, NONE))
    }

    /// Merges the pair of the lowest rank, the leftmost of equals, until there is none.
    fn merge_short(&self, word: &[u8], Buffers { symbols, ranks, .. }: &mut Buffers) -> usize {
        ranks.clear();
        ranks.extend(symbols.windows(2).map(|pair| self.merged(word, pair[0], pair[1])));
        while let Some((at, &(rank, id))) = ranks.iter().enumerate().min_by_key(|(_, (rank, _))| *rank)
            && rank != NONE
        {
            symbols[at] = Symbol { id, end: symbols[at + 1].end, ..symbols[at] };
            symbols.remove(at + 1);
            ranks.remove(at);
            if at < ranks.len() {
                ranks[at] = self.merged(word, symbols[at], symbols[at + 1]);
            }
            if at > 0 {
                ranks[at - 1] = self.merged(word, symbols[at - 1], symbols[at]);
            }
        }
        symbols.len()
    }

    /// The same in `n log n`: pairs wait in a heap, symbols are linked. A pair in the heap that is no longer there is
    /// known by its rank, for the pair that starts at a place never gets the rank of an earlier, shorter one.
    fn merge_long(&self, word: &[u8], Buffers { symbols, links, queue, .. }: &mut Buffers) -> usize {
        let count = symbols.len() as u32;
        links.clear();
        links.extend((0..count).map(|i| (i.checked_sub(1).unwrap_or(NONE), if i + 1 < count { i + 1 } else { NONE })));
        queue.clear();
        queue.extend((0..).zip(symbols.windows(2)).filter_map(|(at, pair)| {
            let (rank, _) = self.merged(word, pair[0], pair[1]);
            (rank != NONE).then_some(Reverse((rank, at)))
        }));
        let mut left = symbols.len();
        while let Some(Reverse((rank, at))) = queue.pop() {
            let (previous, next) = links[at as usize];
            let current = symbols[at as usize];
            if next == NONE || current.id == NONE {
                continue;
            }
            let (rank_now, id) = self.merged(word, current, symbols[next as usize]);
            if rank_now != rank {
                continue;
            }
            let current = Symbol { id, end: symbols[next as usize].end, ..current };
            symbols[at as usize] = current;
            symbols[next as usize].id = NONE;
            left -= 1;
            let (_, after) = links[next as usize];
            links[at as usize].1 = after;
            if after != NONE {
                links[after as usize].0 = at;
                let (rank, _) = self.merged(word, current, symbols[after as usize]);
                if rank != NONE {
                    queue.push(Reverse((rank, at)));
                }
            }
            if previous != NONE {
                let (rank, _) = self.merged(word, symbols[previous as usize], current);
                if rank != NONE {
                    queue.push(Reverse((rank, previous)));
                }
            }
        }
        left
    }
}

impl Buffers {
    /// Gives back the memory of a word that was much longer than others.
    pub(super) fn shrink(&mut self, bytes: usize) {
        if self.symbols.capacity().saturating_mul(size_of::<Symbol>()) > bytes {
            *self = Self::default();
        }
    }
}
