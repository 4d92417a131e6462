//! What the splitting patterns ask of a character, as one byte for each code point.

use std::sync::LazyLock;

/// `\p{L}`.
pub(super) const LETTER: u8 = 1;
/// `\p{N}`.
pub(super) const NUMBER: u8 = 1 << 1;
/// `\s`.
pub(super) const SPACE: u8 = 1 << 2;
/// `[^\s\p{L}\p{N}]`.
pub(super) const OTHER: u8 = 1 << 3;
/// `[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]`.
pub(super) const UPPER: u8 = 1 << 4;
/// `[\p{Ll}\p{Lm}\p{Lo}\p{M}]`.
pub(super) const LOWER: u8 = 1 << 5;

/// A byte for each code point, 1.1 MB, of which a text touches a few pages.
///
/// The ranges come from the crate that also reads the patterns of `tokenizers`, so that both know the same version of
/// Unicode.
static TABLE: LazyLock<Box<[u8]>> = LazyLock::new(|| {
    let mut table = vec![0; char::MAX as usize + 1];
    mark(&mut table, r"\p{L}", LETTER);
    mark(&mut table, r"\p{N}", NUMBER);
    mark(&mut table, r"\s", SPACE);
    mark(&mut table, r"[^\s\p{L}\p{N}]", OTHER);
    mark(&mut table, r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]", UPPER);
    mark(&mut table, r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]", LOWER);
    table.into_boxed_slice()
});

fn mark(table: &mut [u8], pattern: &str, bit: u8) {
    // Six constant patterns that a test reads: there is nothing to report.
    let Ok(hir) = regex_syntax::parse(pattern) else { return };
    let regex_syntax::hir::HirKind::Class(regex_syntax::hir::Class::Unicode(class)) = hir.kind() else { return };
    for range in class.ranges() {
        if let Some(slots) = table.get_mut(range.start() as usize..=range.end() as usize) {
            slots.iter_mut().for_each(|slot| *slot |= bit);
        }
    }
}

/// Classes of all characters; fetched once for a text.
#[derive(Clone, Copy)]
pub(super) struct Classes(&'static [u8]);

impl Classes {
    pub(super) fn get() -> Self {
        Self(&TABLE)
    }

    /// Class and length in bytes of the character at `at`; `(0, 0)` at the end. `bytes` is UTF-8, `at` a boundary.
    #[inline]
    pub(super) fn at(self, bytes: &[u8], at: usize) -> (u8, usize) {
        let Some(&first) = bytes.get(at) else { return (0, 0) };
        if first < 0x80 {
            return (self.0[usize::from(first)], 1);
        }
        self.wide(bytes, at, first)
    }

    fn wide(self, bytes: &[u8], at: usize, first: u8) -> (u8, usize) {
        let tail = |i: usize| usize::from(bytes.get(at + i).copied().unwrap_or_default() & 0x3F);
        let first = usize::from(first);
        let (code, length) = match first {
            0xF0.. => ((first & 7) << 18 | tail(1) << 12 | tail(2) << 6 | tail(3), 4),
            0xE0.. => ((first & 0xF) << 12 | tail(1) << 6 | tail(2), 3),
            _ => ((first & 0x1F) << 6 | tail(1), 2),
        };
        (self.0.get(code).copied().unwrap_or_default(), length)
    }

    /// Where the run of characters of any class in `mask` ends that starts at `at`.
    #[inline]
    pub(super) fn run(self, bytes: &[u8], mut at: usize, mask: u8) -> usize {
        loop {
            let (class, length) = self.at(bytes, at);
            if class & mask == 0 {
                return at;
            }
            at += length;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_character_is_decoded_and_has_one_class() {
        let classes = Classes::get();
        let mut buffer = [0; 4];
        for c in '\0'..=char::MAX {
            let text = c.encode_utf8(&mut buffer).as_bytes();
            let (class, length) = classes.at(text, 0);
            assert_eq!(length, c.len_utf8(), "{c:?}");
            assert_eq!((class & (LETTER | NUMBER | SPACE | OTHER)).count_ones(), 1, "{c:?}");
            assert_eq!(class & SPACE != 0, c.is_whitespace(), "{c:?}");
        }
    }
}
