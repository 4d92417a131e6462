//! The words of a text, folded and hashed, with what stands between them.

use std::ops::Range;
use std::sync::LazyLock;

use super::lexicon::{Entry, LEXICON};
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// What parts a word from the one before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Gap {
    /// One or two blanks.
    Space,
    /// A hyphen.
    Hyphen,
    /// An apostrophe.
    Apostrophe,
    /// A full stop, blanks or none behind it.
    Dot,
    /// A comma and a blank.
    Comma,
    /// Anything else, or nothing: the word begins the text.
    Other,
}

/// One run of letters.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Word {
    start: u32,
    end: u32,
    /// Of the folded letters.
    pub(crate) hash: u64,
    /// How many letters.
    pub(crate) letters: u8,
    /// Between this word and the one before it.
    pub(crate) gap: Gap,
    /// The first letter is a capital.
    pub(crate) capital: bool,
    /// Every letter is a capital.
    pub(crate) shouted: bool,
    /// Capitals and small letters beyond the first, as in `GitHub`.
    pub(crate) mixed: bool,
    /// The letters have no case: Han, Arabic, Hebrew, Devanagari …
    pub(crate) caseless: bool,
    /// A digit or `_` touches it: a part of a code, not a word.
    pub(crate) coded: bool,
    /// A letter of it may belong to a script without spaces, where another word may begin anywhere.
    pub(crate) loose: bool,
    /// The first letter, folded.
    pub(crate) first: char,
    /// What the lists know of it.
    pub(crate) entry: Entry,
}

impl Word {
    /// Bytes of the text.
    pub(crate) fn range(&self) -> Range<usize> {
        self.start as usize..self.end as usize
    }

    /// First byte.
    pub(crate) fn start(&self) -> usize {
        self.start as usize
    }

    /// Byte behind the last letter.
    pub(crate) fn end(&self) -> usize {
        self.end as usize
    }

    /// Whether it is one letter.
    pub(crate) fn is_initial(&self) -> bool {
        self.letters == 1
    }
}

/// The words of `text` with what the lists know of each; texts of more than 4 GiB do not get here.
pub(crate) fn words(text: &str) -> Vec<Word> {
    let mut words = Vec::new();
    words_in(text, 0..text.len(), &mut words);
    words
}

/// Adds those of some lines of `text`.
pub(crate) fn words_in(text: &str, range: Range<usize>, words: &mut Vec<Word>) {
    let first = words.len();
    cut(text, range, words);
    let lexicon = &*LEXICON;
    for word in &mut words[first..] {
        word.entry = lexicon.entry_of(word.hash);
    }
}

/// The words of `text` alone: the lists themselves are read with these.
pub(crate) fn bare_words(text: &str) -> Vec<Word> {
    let mut words = Vec::new();
    cut(text, 0..text.len(), &mut words);
    words
}

fn cut(text: &str, range: Range<usize>, words: &mut Vec<Word>) {
    words.reserve(range.len() / 6 + 1);
    let first = words.len();
    let bytes = &text.as_bytes()[..range.end];
    let mut at = range.start;
    // Where the gap before the next word begins.
    let mut gap = at;
    let mut coded = false;
    while let Some(byte) = bytes.get(at) {
        match CLASS[usize::from(*byte)] {
            Class::Letter => {}
            Class::Code => {
                if at == gap
                    && let Some(last) = words[first..].last_mut()
                {
                    last.coded = true;
                }
                coded = true;
                at += 1;
                continue;
            }
            Class::Sign => {
                coded = false;
                at += 1;
                continue;
            }
            Class::Wide => {
                let Some(c) = text.get(at..).and_then(|rest| rest.chars().next()) else { break };
                if !Sign::of(c).is(Sign::LETTER) {
                    coded = c.is_numeric();
                    at += c.len_utf8();
                    continue;
                }
            }
        }
        let mut word = read(text, at);
        word.coded = coded;
        if words.len() > first {
            word.gap = gap_of(&bytes[gap..at]);
        }
        at = word.end();
        gap = at;
        words.push(word);
        coded = false;
    }
}

/// What a byte may be in a text that is cut into words.
#[derive(Clone, Copy)]
enum Class {
    Sign,
    Letter,
    /// A digit or an underscore.
    Code,
    /// Of a character past ASCII.
    Wide,
}

static CLASS: [Class; 256] = {
    let mut table = [Class::Sign; 256];
    let mut byte = 0;
    while byte < 256 {
        #[expect(clippy::cast_possible_truncation, reason = "below 256")]
        let class = match byte as u8 {
            b'a'..=b'z' | b'A'..=b'Z' => Class::Letter,
            b'0'..=b'9' | b'_' => Class::Code,
            0x80.. => Class::Wide,
            _ => Class::Sign,
        };
        table[byte] = class;
        byte += 1;
    }
    table
};

/// The word that begins at `start`; what stands before it is told later.
fn read(text: &str, start: usize) -> Word {
    // Most words are ASCII to their end.
    let mut hash = Hash::default();
    let (mut length, mut capitals) = (0usize, 0usize);
    for byte in &text.as_bytes()[start..] {
        let low = byte | 0x20;
        if !low.is_ascii_lowercase() {
            break;
        }
        hash.push(u32::from(low));
        capitals += usize::from(byte & 0x20 == 0);
        length += 1;
    }
    let end = start + length;
    let bytes = text.as_bytes();
    let capital = bytes.get(start).is_some_and(u8::is_ascii_uppercase);
    let mut letters = Letters {
        count: u8::try_from(length).unwrap_or(u8::MAX),
        upper: u8::try_from(capitals).unwrap_or(u8::MAX),
        capital,
        lower: capitals < length,
        caseless: false,
        loose: false,
        first: if length > 0 { char::from(bytes[start] | 0x20) } else { '\0' },
    };
    let end = if bytes.get(end).is_some_and(|byte| *byte >= 0x80) { letters.read(text, end, &mut hash) } else { end };
    // Texts come from files of at most some dozen megabytes; a longer one would lose its tail, never panic.
    let place = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
    Word {
        start: place(start),
        end: place(end),
        hash: hash.finish(),
        letters: letters.count,
        gap: Gap::Other,
        capital: letters.capital,
        shouted: letters.upper >= 2 && !letters.lower,
        mixed: letters.upper > u8::from(letters.capital) && letters.lower,
        caseless: letters.caseless,
        coded: false,
        loose: letters.loose,
        first: letters.first,
        entry: Entry::default(),
    }
}

/// What the letters of a word so far are.
struct Letters {
    count: u8,
    upper: u8,
    capital: bool,
    lower: bool,
    caseless: bool,
    loose: bool,
    first: char,
}

impl Letters {
    /// Goes on at byte `at` with letters of any script; gives the byte behind the last.
    fn read(&mut self, text: &str, at: usize, hash: &mut Hash) -> usize {
        for (length, c) in text[at..].char_indices() {
            // Persian and the scripts of India join and part letters within a word by characters of no width.
            if matches!(c, '\u{200c}' | '\u{200d}') {
                continue;
            }
            let sign = Sign::of(c);
            if !sign.is(Sign::LETTER | Sign::MARK) {
                return at + length;
            }
            self.loose |= !c.is_ascii() && unspaced(c);
            if !sign.is(Sign::MARK) {
                let (up, low) = (sign.is(Sign::UPPER), sign.is(Sign::LOWER));
                self.upper = self.upper.saturating_add(u8::from(up));
                self.lower |= low;
                self.caseless |= !up && !low;
                if self.count == 0 {
                    self.capital = up;
                }
                self.count = self.count.saturating_add(1);
            }
            if self.first == '\0' {
                self.first = sign.folded[0];
            }
            hash.push_sign(sign);
        }
        text.len()
    }
}

/// Whether a script is written without spaces, so that a word may begin anywhere.
pub(crate) fn unspaced(c: char) -> bool {
    matches!(c, '\u{e00}'..='\u{eff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}' | '\u{3040}'..='\u{9fff}' | '\u{ac00}'..='\u{d7a3}')
}

fn gap_of(gap: &[u8]) -> Gap {
    match gap {
        b" " | b"\t" | b"  " => Gap::Space,
        b"-" => Gap::Hyphen,
        b"'" | b"`" => Gap::Apostrophe,
        b"." | b". " | b".-" => Gap::Dot,
        b", " => Gap::Comma,
        // The longest that says something has three bytes.
        [] | [_, _, _, _, ..] => Gap::Other,
        _ => match std::str::from_utf8(gap).unwrap_or_default() {
            "\u{a0}" | "\u{202f}" => Gap::Space,
            "\u{2010}" | "\u{2011}" => Gap::Hyphen,
            "’" | "ʼ" => Gap::Apostrophe,
            ".\u{a0}" => Gap::Dot,
            _ => Gap::Other,
        },
    }
}

/// A hash of folded letters that is the same for a word of a text and a word of a list.
#[derive(Clone, Copy, Default)]
pub(crate) struct Hash(u64);

impl Hash {
    /// Adds a letter, or the hash of a word.
    pub(crate) fn push(&mut self, value: u32) {
        self.0 = (self.0.rotate_left(5) ^ u64::from(value)).wrapping_mul(0x517c_c1b7_2722_0a95);
    }

    /// Adds what a character is folded to.
    fn push_sign(&mut self, sign: Sign) {
        for c in sign.folded {
            if c != '\0' {
                self.push(u32::from(c));
            }
        }
    }

    /// The whole.
    pub(crate) fn finish(self) -> u64 {
        let mixed = (self.0 ^ (self.0 >> 32)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        mixed ^ (mixed >> 29)
    }

    /// Of the letters of `word`, folded.
    pub(crate) fn of(word: &str) -> u64 {
        let mut hash = Self::default();
        let plain = word.bytes().position(|byte| byte >= 0x80).unwrap_or(word.len());
        for byte in word.bytes().take(plain).filter(u8::is_ascii_alphabetic) {
            hash.push(u32::from(byte | 0x20));
        }
        for c in word[plain..].chars() {
            let sign = Sign::of(c);
            if sign.is(Sign::LETTER | Sign::MARK) {
                hash.push_sign(sign);
            }
        }
        hash.finish()
    }

    /// Of a user name: letters in lower case, everything else as it is.
    pub(crate) fn exact(user: impl Iterator<Item = char>) -> u64 {
        let mut hash = Self(0x75);
        for c in user {
            if c.is_ascii() {
                hash.push(u32::from(c.to_ascii_lowercase()));
            } else {
                c.to_lowercase().for_each(|c| hash.push(u32::from(c)));
            }
        }
        hash.finish()
    }

    /// Of several words, by their hashes.
    pub(crate) fn joined(words: impl IntoIterator<Item = u64>) -> u64 {
        let mut hash = Self(0x1db3);
        for word in words {
            #[expect(clippy::cast_possible_truncation, reason = "both halves are pushed")]
            {
                hash.push((word >> 32) as u32);
                hash.push(word as u32);
            }
        }
        hash.finish()
    }
}

/// Lower case without diacritics, so that `Zdeňka` and `Zdenka` are one.
pub(crate) fn fold(c: char) -> impl Iterator<Item = char> {
    Sign::of(c).folded()
}

/// What a character is in a word.
#[derive(Clone, Copy)]
pub(crate) struct Sign {
    folded: [char; 2],
    kinds: u8,
}

impl Sign {
    pub(crate) const LETTER: u8 = 1;
    /// A mark on the letter before it.
    pub(crate) const MARK: u8 = 1 << 1;
    /// Georgian has capitals in Unicode that nobody writes names with; they are neither.
    pub(crate) const UPPER: u8 = 1 << 2;
    pub(crate) const LOWER: u8 = 1 << 3;

    /// Looked up for ASCII and everything up to the end of Kana.
    pub(crate) fn of(c: char) -> Self {
        if matches!(c, '\u{4E00}'..='\u{9FFF}' | '\u{AC00}'..='\u{D7A3}') {
            return Self { folded: [c, '\0'], kinds: Self::LETTER };
        }
        usize::try_from(u32::from(c)).ok().and_then(|at| SIGNS.get(at)).copied().unwrap_or_else(|| Self::read(c))
    }

    fn read(c: char) -> Self {
        let georgian = matches!(c, '\u{10A0}'..='\u{10FF}' | '\u{1C90}'..='\u{1CBF}');
        let kind = |is: bool, kind: u8| if is { kind } else { 0 };
        let kinds = kind(c.is_alphabetic(), Self::LETTER)
            | kind(is_combining_mark(c), Self::MARK)
            | kind(c.is_uppercase() && !georgian, Self::UPPER)
            | kind(c.is_lowercase() && !georgian, Self::LOWER);
        Self { folded: if c.is_ascii() { [c.to_ascii_lowercase(), '\0'] } else { slow_fold(c) }, kinds }
    }

    /// Whether it is any of these.
    pub(crate) const fn is(self, kinds: u8) -> bool {
        self.kinds & kinds != 0
    }

    /// In lower case without diacritics: none, one or two characters.
    pub(crate) fn folded(self) -> impl Iterator<Item = char> {
        self.folded.into_iter().filter(|c| *c != '\0')
    }
}

static SIGNS: LazyLock<Vec<Sign>> = LazyLock::new(|| ('\0'..'\u{3100}').map(Sign::read).collect());

fn slow_fold(c: char) -> [char; 2] {
    let special = match c {
        'ß' | 'ẞ' => Some(['s', 's']),
        'æ' | 'Æ' => Some(['a', 'e']),
        'œ' | 'Œ' => Some(['o', 'e']),
        'þ' | 'Þ' => Some(['t', 'h']),
        'ø' | 'Ø' => Some(['o', '\0']),
        'ð' | 'Ð' | 'đ' | 'Đ' => Some(['d', '\0']),
        'ł' | 'Ł' => Some(['l', '\0']),
        'ı' => Some(['i', '\0']),
        'ħ' | 'Ħ' => Some(['h', '\0']),
        'ə' | 'Ə' => Some(['a', '\0']),
        _ => None,
    };
    if let Some(special) = special {
        return special;
    }
    // A syllable of Hangul is one letter here; taken apart it would be three.
    if matches!(c, '\u{AC00}'..='\u{D7A3}') {
        return [c, '\0'];
    }
    // Marks above and below letters of alphabets go; those of Indian and Thai scripts are vowels and stay.
    let accent = |c: &char| is_combining_mark(*c) && (*c < '\u{900}' || matches!(c, '\u{1AB0}'..='\u{20FF}'));
    let mut out = ['\0'; 2];
    let letters = std::iter::once(c).nfkd().filter(|c| !accent(c)).flat_map(char::to_lowercase).filter(|c| {
        // The dot that lower-casing `İ` leaves behind.
        !accent(c)
    });
    for (slot, letter) in out.iter_mut().zip(letters) {
        *slot = letter;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_what_parts_them() {
        let text = "Zdeňka O'Neill-Šmíd, A. von X9 ÅB 王小明";
        let found: Vec<(&str, Gap)> = words(text).iter().map(|word| (&text[word.range()], word.gap)).collect();
        assert_eq!(
            found,
            [
                ("Zdeňka", Gap::Other),
                ("O", Gap::Space),
                ("Neill", Gap::Apostrophe),
                ("Šmíd", Gap::Hyphen),
                ("A", Gap::Comma),
                ("von", Gap::Dot),
                ("X", Gap::Space),
                ("ÅB", Gap::Other),
                ("王小明", Gap::Space),
            ]
        );
        let all = words(text);
        assert!(all[6].coded && !all[5].coded && all[7].shouted && all[8].caseless && all[3].first == 's');
    }

    #[test]
    fn spellings_meet() {
        for (a, b) in [("Zdeňka", "zdenka"), ("STRASSE", "Straße"), ("Łukasz", "lukasz"), ("İbrahim", "ibrahim")] {
            assert_eq!(Hash::of(a), Hash::of(b), "{a} {b}");
            assert_eq!(words(a)[0].hash, Hash::of(b));
        }
        assert_ne!(Hash::of("ab"), Hash::of("ba"));
    }
}
