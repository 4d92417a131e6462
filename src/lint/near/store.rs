//! Lists of words by number, in memory up to a budget and beyond it in a temporary file.

use crate::Error;
use crate::edge::spill::Scratch;

/// Rows after which a position is kept: one byte of memory per row.
const STRIDE: usize = 8;
/// Words of a row's head: their number, and both halves of the caller's row number.
const HEAD: usize = 3;
/// Words gathered before they are written, and read at a time, once there is a file.
const PIECE: usize = 1 << 16;

/// Rows in the order in which they came.
#[derive(Debug)]
pub struct Store {
    /// Words that may be kept in memory.
    most: usize,
    /// The rows, or what was not written yet.
    memory: Vec<u32>,
    scratch: Option<Scratch>,
    /// Where every eighth row starts, in words.
    starts: Vec<u64>,
    /// Words in the file.
    written: u64,
    rows: usize,
    words: u64,
}

impl Store {
    pub const fn new(budget: usize) -> Self {
        Self { most: budget / 4, memory: Vec::new(), scratch: None, starts: Vec::new(), written: 0, rows: 0, words: 0 }
    }

    pub(super) const fn len(&self) -> usize {
        self.rows
    }

    /// Adds a row and gives its number here.
    pub fn push(&mut self, row: u64, words: impl ExactSizeIterator<Item = u32>) -> Result<u32, Error> {
        let index = u32::try_from(self.rows).ok().filter(|i| *i < u32::MAX);
        let index = index.ok_or_else(|| Error::new("more than 4,294,967,294 rows cannot be compared"))?;
        if self.rows.is_multiple_of(STRIDE) {
            self.starts.push(self.written + self.memory.len() as u64);
        }
        let count = words.len();
        let limit = if self.scratch.is_some() { PIECE } else { self.most };
        if self.memory.len() + count + HEAD > limit {
            self.flush()?;
        }
        self.memory.extend([count as u32, row as u32, (row >> 32) as u32]);
        self.memory.extend(words);
        self.rows += 1;
        self.words += count as u64;
        Ok(index)
    }

    fn flush(&mut self) -> Result<(), Error> {
        let scratch = match &mut self.scratch {
            Some(scratch) => scratch,
            empty => empty.insert(Scratch::new()?),
        };
        let mut bytes = Vec::with_capacity(PIECE * 4);
        for words in self.memory.chunks(PIECE) {
            bytes.clear();
            words.iter().for_each(|word| bytes.extend_from_slice(&word.to_le_bytes()));
            scratch.append(&bytes)?;
        }
        self.written += self.memory.len() as u64;
        self.memory.clear();
        self.memory.shrink_to(PIECE);
        Ok(())
    }

    /// No more rows: they can be read now.
    pub fn seal(mut self) -> Result<Sealed, Error> {
        if self.scratch.is_some() {
            self.flush()?;
        }
        let end = self.written + self.memory.len() as u64;
        self.starts.push(end);
        Ok(Sealed { store: self, block: usize::MAX, bytes: Vec::new() })
    }
}

/// A [`Store`] to read from.
#[derive(Debug)]
pub struct Sealed {
    store: Store,
    /// The eight rows that were read last.
    block: usize,
    bytes: Vec<u8>,
}

impl Sealed {
    pub(super) const fn len(&self) -> usize {
        self.store.rows
    }

    /// Words of all rows.
    pub(super) const fn words(&self) -> u64 {
        self.store.words
    }

    /// Reads a row's words and gives the caller's number of it.
    pub fn get(&mut self, index: u32, words: &mut Vec<u32>) -> Result<u64, Error> {
        words.clear();
        let (block, within) = (index as usize / STRIDE, index as usize % STRIDE);
        let (start, end) = (self.store.starts[block], self.store.starts[block + 1]);
        let length = (end - start) as usize;
        if let Some(scratch) = &self.store.scratch {
            if self.block != block {
                self.block = usize::MAX;
                self.bytes.resize(length * 4, 0);
                scratch.read_at(start * 4, &mut self.bytes)?;
                self.block = block;
            }
            let all = self.bytes.as_chunks::<4>().0;
            let mut at = 0;
            for _ in 0..within {
                at += HEAD + u32::from_le_bytes(all[at]) as usize;
            }
            let count = u32::from_le_bytes(all[at]) as usize;
            words.extend(all[at + HEAD..at + HEAD + count].iter().map(|b| u32::from_le_bytes(*b)));
            return Ok(u64::from(u32::from_le_bytes(all[at + 1])) | u64::from(u32::from_le_bytes(all[at + 2])) << 32);
        }
        let all = &self.store.memory[start as usize..end as usize];
        let mut at = 0;
        for _ in 0..within {
            at += HEAD + all[at] as usize;
        }
        words.extend_from_slice(&all[at + HEAD..at + HEAD + all[at] as usize]);
        Ok(u64::from(all[at + 1]) | u64::from(all[at + 2]) << 32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_come_back_from_memory_and_from_disk() {
        for budget in [0, 300, 40_000, 1 << 24] {
            let mut store = Store::new(budget);
            let row = |i: u32| (0..i * 7 % 50 + if i == 33 { 100_000 } else { 0 }).map(move |k| k ^ i << 20);
            for i in 0..1000 {
                assert_eq!(store.push(u64::from(i) << 40 | 5, row(i).collect::<Vec<_>>().into_iter()).unwrap(), i);
            }
            assert_eq!(store.scratch.is_some(), budget < 1 << 20);
            let mut sealed = store.seal().unwrap();
            let mut words = vec![];
            for i in (0..1000).chain([999, 0, 33, 34, 32, 500]) {
                assert_eq!(sealed.get(i, &mut words).unwrap(), u64::from(i) << 40 | 5);
                assert!(words.iter().copied().eq(row(i)), "{i}");
            }
        }
    }
}
