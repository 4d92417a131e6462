//! The patterns that cut a text into the words of a byte-level tokenizer, written out by hand.
//!
//! Each is a regular expression with a look-ahead, which an engine with backtracking tries alternative by alternative
//! at every word. Here the alternatives are asked in the same order, but each looks at a character once.

use super::classes::{Classes, LETTER, LOWER, NUMBER, OTHER, SPACE, UPPER};

/// GPT-2's, which `ByteLevel` of `tokenizers` has built in.
const GPT2: &str = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";
/// The same as `tiktoken` writes it now.
const GPT2_POSSESSIVE: &str = r"'(?:[sdmt]|ll|ve|re)| ?\p{L}++| ?\p{N}++| ?[^\s\p{L}\p{N}]++|\s++$|\s+(?!\S)|\s";
/// Llama 3's and cl100k's.
const LLAMA3: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
/// cl100k's as `tiktoken` writes it now: spaces at the end stay together also when there are newlines among them.
const CL100K_POSSESSIVE: &str = r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*+|\s++$|\s*[\r\n]|\s+(?!\S)|\s";
/// Qwen 2's: every digit by itself.
const QWEN2: &str =
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
/// o200k's.
const O200K: &str = r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+";

/// How a text becomes words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pattern {
    /// The text is one word.
    Whole,
    /// GPT-2.
    Gpt2,
    /// GPT-2 between characters with a numeric value, each of which is a word (StarCoder, SmolLM).
    DigitsThenGpt2,
    /// cl100k, Llama 3, Qwen 2.
    Cl100k {
        /// Digits that make a word at most.
        digits: usize,
        /// Whether white space at the end of the text is one word also when there are newlines in it.
        keeps_end: bool,
    },
    /// o200k.
    O200k,
}

impl Pattern {
    /// The splitter for a pattern, known by its exact words.
    pub(super) fn of_regex(regex: &str) -> Option<Self> {
        match regex {
            GPT2 | GPT2_POSSESSIVE => Some(Self::Gpt2),
            LLAMA3 => Some(Self::Cl100k { digits: 3, keeps_end: false }),
            CL100K_POSSESSIVE => Some(Self::Cl100k { digits: 3, keeps_end: true }),
            QWEN2 => Some(Self::Cl100k { digits: 1, keeps_end: false }),
            O200K => Some(Self::O200k),
            _ => None,
        }
    }

    /// Calls `word` with the bytes of a part of the text and the range of each word in them, in order.
    #[inline]
    pub(super) fn each(self, text: &str, mut word: impl FnMut(&[u8], usize, usize)) {
        let classes = Classes::get();
        let bytes = text.as_bytes();
        match self {
            Self::Whole if bytes.is_empty() => {}
            Self::Whole => word(bytes, 0, bytes.len()),
            Self::Gpt2 => walk(bytes, |at| gpt2(classes, bytes, at), &mut word),
            Self::Cl100k { digits, keeps_end } => {
                walk(bytes, |at| cl100k(classes, bytes, at, digits, keeps_end), &mut word);
            }
            Self::O200k => walk(bytes, |at| o200k(classes, bytes, at), &mut word),
            Self::DigitsThenGpt2 => {
                let mut rest = text;
                while !rest.is_empty() {
                    let (before, digit) = rest.split_at(rest.find(char::is_numeric).unwrap_or(rest.len()));
                    walk(before.as_bytes(), |at| gpt2(classes, before.as_bytes(), at), &mut word);
                    let length = digit.chars().next().map_or(0, char::len_utf8);
                    if length > 0 {
                        word(digit.as_bytes(), 0, length);
                    }
                    rest = &digit[length..];
                }
            }
        }
    }
}

#[inline]
fn walk(bytes: &[u8], next: impl Fn(usize) -> usize, word: &mut impl FnMut(&[u8], usize, usize)) {
    let mut at = 0;
    while at < bytes.len() {
        // Every alternative takes a character at least; the bound keeps a mistake in one from becoming an endless loop.
        let end = next(at).max(at + 1);
        word(bytes, at, end);
        at = end;
    }
}

fn gpt2(classes: Classes, bytes: &[u8], at: usize) -> usize {
    let first = bytes[at];
    if first == b'\'' {
        match bytes.get(at + 1..).unwrap_or_default() {
            [b's' | b't' | b'm' | b'd', ..] => return at + 2,
            [b'r' | b'v', b'e', ..] | [b'l', b'l', ..] => return at + 3,
            _ => {}
        }
    }
    let from = at + usize::from(first == b' ');
    let (class, length) = classes.at(bytes, from);
    match class & (LETTER | NUMBER | OTHER) {
        0 => spaces(classes, bytes, at, false, false),
        same => classes.run(bytes, from + length, same),
    }
}

fn cl100k(classes: Classes, bytes: &[u8], at: usize, digits: usize, keeps_end: bool) -> usize {
    let first = bytes[at];
    let (class, length) = classes.at(bytes, at);
    if class & LETTER != 0 {
        return classes.run(bytes, at + length, LETTER);
    }
    if class & NUMBER != 0 {
        return numbers(classes, bytes, at, digits);
    }
    if first == b'\'' {
        let end = contraction(bytes, at);
        if end > at {
            return end;
        }
    }
    if !is_newline(first) {
        let (class, next) = classes.at(bytes, at + length);
        if class & LETTER != 0 {
            return classes.run(bytes, at + length + next, LETTER);
        }
    }
    others(classes, bytes, at, is_newline).unwrap_or_else(|| spaces(classes, bytes, at, true, keeps_end))
}

fn o200k(classes: Classes, bytes: &[u8], at: usize) -> usize {
    let first = bytes[at];
    let (class, length) = classes.at(bytes, at);
    if class & NUMBER != 0 {
        return numbers(classes, bytes, at, 3);
    }
    // What is neither letter nor number may stand before a word, once. A mark may also be the word's first character.
    let behind = (class & LETTER == 0 && !is_newline(first)).then_some(at + length);
    let here = (class & (UPPER | LOWER) != 0).then_some(at);
    let word = behind
        .and_then(|from| ends_low(classes, bytes, from))
        .or_else(|| here.and_then(|from| ends_low(classes, bytes, from)))
        .or_else(|| behind.and_then(|from| ends_high(classes, bytes, from)))
        .or_else(|| here.and_then(|from| ends_high(classes, bytes, from)));
    if let Some(end) = word {
        return contraction(bytes, end);
    }
    others(classes, bytes, at, |byte| is_newline(byte) || byte == b'/')
        .unwrap_or_else(|| spaces(classes, bytes, at, true, false))
}

/// `[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+`.
fn ends_low(classes: Classes, bytes: &[u8], from: usize) -> Option<usize> {
    let mut at = from;
    // Where the last character ends that both classes know: so far the first class gives back what it took when
    // nothing of the second follows.
    let mut shared = None;
    loop {
        let (class, length) = classes.at(bytes, at);
        if class & UPPER == 0 {
            return if class & LOWER == 0 { shared } else { Some(classes.run(bytes, at + length, LOWER)) };
        }
        at += length;
        if class & LOWER != 0 {
            shared = Some(at);
        }
    }
}

/// `[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*`.
fn ends_high(classes: Classes, bytes: &[u8], from: usize) -> Option<usize> {
    let end = classes.run(bytes, from, UPPER);
    (end > from).then(|| classes.run(bytes, end, LOWER))
}

/// `\p{N}{1,most}`.
fn numbers(classes: Classes, bytes: &[u8], mut at: usize, most: usize) -> usize {
    for _ in 0..most {
        let (class, length) = classes.at(bytes, at);
        if class & NUMBER == 0 {
            break;
        }
        at += length;
    }
    at
}

/// ` ?[^\s\p{L}\p{N}]+` and then all bytes of `tail`.
fn others(classes: Classes, bytes: &[u8], at: usize, tail: impl Fn(u8) -> bool) -> Option<usize> {
    let from = at + usize::from(bytes[at] == b' ');
    let mut end = classes.run(bytes, from, OTHER);
    if end == from {
        return None;
    }
    while bytes.get(end).is_some_and(|&byte| tail(byte)) {
        end += 1;
    }
    Some(end)
}

/// White space when nothing else takes it: `\s*[\r\n]+` (if newlines count), `\s+(?!\S)`, `\s+`.
fn spaces(classes: Classes, bytes: &[u8], from: usize, newlines: bool, keeps_end: bool) -> usize {
    let mut at = from;
    let mut last = from;
    let mut newline = None;
    loop {
        let (class, length) = classes.at(bytes, at);
        if class & SPACE == 0 {
            break;
        }
        last = at;
        at += length;
        if newlines && is_newline(bytes[last]) {
            newline = Some(at);
        }
    }
    let at_end = at == bytes.len();
    match newline {
        _ if at_end && keeps_end => at,
        Some(end) => end,
        // The last one belongs to the word behind, unless it is the only one.
        None if !at_end && last > from => last,
        None => at,
    }
}

/// The end of `(?i:'s|'t|'re|'ve|'m|'ll|'d)?` at `at`. To a pattern that ignores case, `ſ` is an `s`.
fn contraction(bytes: &[u8], at: usize) -> usize {
    let Some([b'\'', rest @ ..]) = bytes.get(at..) else { return at };
    match rest {
        [b's' | b'S' | b't' | b'T' | b'm' | b'M' | b'd' | b'D', ..] => at + 2,
        [b'r' | b'R' | b'v' | b'V', b'e' | b'E', ..] | [b'l' | b'L', b'l' | b'L', ..] | [0xC5, 0xBF, ..] => at + 3,
        _ => at,
    }
}

const fn is_newline(byte: u8) -> bool {
    matches!(byte, b'\r' | b'\n')
}
