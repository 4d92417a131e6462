//! Lists of words and phrases that texts are compared with in any case.
//!
//! A phrase is kept as the hash of its letters from last to first, so that one walk back from the end of a text tells
//! whether it ends in any of them. A list costs nothing to speak of at the start of the program; the same list as a
//! pattern costs thousands of times as much.

use super::words::Hash;

/// A list; an entry may be a word or a phrase with any signs in it.
pub(crate) struct Phrases {
    /// In order.
    hashes: Vec<u64>,
    /// A bit for each hash, by its lowest bits: most of what is looked up is told apart by it.
    sieve: [u64; 64],
    /// Bytes of the longest entry, whatever case its letters have in a text.
    longest: usize,
}

impl Phrases {
    /// Reads a list that has `|` between its entries.
    pub(crate) fn new(list: &str) -> Self {
        Self::of(list.split('|'))
    }

    /// Of entries that are apart already.
    pub(crate) fn of<'l>(entries: impl Iterator<Item = &'l str>) -> Self {
        let mut hashes = Vec::new();
        let mut longest = 0;
        for entry in entries {
            let mut hash = Hash::default();
            entry.chars().rev().for_each(|c| push(&mut hash, c));
            hashes.push(hash.finish());
            // A capital may take a byte more than its small letter: `ẞ`.
            longest = longest.max(entry.len() + entry.chars().filter(|c| !c.is_ascii()).count());
        }
        hashes.sort_unstable();
        let mut sieve = [0; 64];
        for hash in &hashes {
            let (at, bit) = sieve_bit(*hash);
            sieve[at] |= bit;
        }
        Self { hashes, sieve, longest }
    }

    /// Whether `text` is one of them.
    pub(crate) fn has(&self, text: &str) -> bool {
        if text.is_empty() || text.len() > self.longest {
            return false;
        }
        let mut hash = Hash::default();
        text.chars().rev().for_each(|c| push(&mut hash, c));
        self.holds(hash)
    }

    /// Whether `text` ends in one of them, and begins there or has an `edge` before it.
    pub(crate) fn end(&self, text: &str, edge: impl Fn(char) -> bool) -> bool {
        let mut hash = Hash::default();
        for (at, c) in text.char_indices().rev() {
            if text.len() - at - c.len_utf8() > self.longest {
                return false;
            }
            if edge(c) && self.holds(hash) {
                return true;
            }
            push(&mut hash, c);
        }
        !text.is_empty() && self.holds(hash)
    }

    /// Whether a word ends in one of them, whatever stands before.
    pub(crate) fn ends(&self, word: &str) -> bool {
        self.end(word, |_| true)
    }

    fn holds(&self, hash: Hash) -> bool {
        let hash = hash.finish();
        let (at, bit) = sieve_bit(hash);
        self.sieve[at] & bit != 0 && self.hashes.binary_search(&hash).is_ok()
    }
}

const fn sieve_bit(hash: u64) -> (usize, u64) {
    ((hash >> 6) as usize & 63, 1 << (hash & 63))
}

fn push(hash: &mut Hash, c: char) {
    match c {
        // The small letter at the end of a word has the same capital as the one inside words.
        'ς' => hash.push(u32::from('σ')),
        c if c.is_ascii() => hash.push(u32::from(c.to_ascii_lowercase())),
        c => c.to_lowercase().for_each(|c| hash.push(u32::from(c))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_texts_are_compared_in_any_case() {
        let list = Phrases::new("name|next of kin|viele grüße|επώνυμος");
        for text in ["name", "NAME", "Next of Kin", "Viele Grüße", "VIELE GRÜẞE", "ΕΠΏΝΥΜΟΣ", "Επώνυμος"]
        {
            assert!(list.has(text), "{text}");
        }
        for text in ["", "nam", "names", "next  of kin", "of kin", "viele grüsse", "eman", " name"] {
            assert!(!list.has(text), "{text}");
        }
    }

    #[test]
    fn ends_are_compared_behind_an_edge() {
        let list = Phrases::new("name|next of kin|имя");
        let ends = |text: &str| list.end(text, |c| !c.is_alphabetic());
        for text in
            ["name", "full name", "sur-name", "4name", "the next of kin", "Ваше ИМЯ", "„имя", "name next of kin"]
        {
            assert!(ends(text), "{text}");
        }
        for text in ["", "surname", "name ", "name of", "of kin", "ёимя", "a much longer text that has no such end"]
        {
            assert!(!ends(text), "{text}");
        }
    }
}
