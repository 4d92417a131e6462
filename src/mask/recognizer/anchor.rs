//! Where in a page something may begin: the words that recognizers wait for, `@`, `://`, dots inside words, and small
//! numbers behind a comma or a bracket.
//!
//! Found in one pass over the bytes and kept with the page, so that a recognizer looks at the few places that concern
//! it and no pattern runs over whole lines. The words are in `anchors.txt`, a group under each line that begins with
//! `# `, so that a person can read and extend them.

use std::collections::HashMap;
use std::sync::LazyLock;

use unicode_normalization::char::is_combining_mark;

use crate::mask::lexicon::Entry;
use crate::mask::page::Page;
pub(crate) use crate::mask::words::unspaced;
use crate::mask::words::{Hash, Word, bare_words, fold};

/// What an [`Anchor`] is; the groups of `anchors.txt` and a few signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A date of birth follows, near: `date of birth`, `born`.
    Birth,
    /// A date of birth follows at once: `b.`, `f.`, `birth`.
    BirthTight,
    /// A date of birth stands before it: `生`, `г.р.`.
    BirthBehind,
    /// A year of birth follows at once: `Jahrgang`.
    BirthYear,
    /// An age follows behind a sign: `age`, `wiek`.
    AgeLabel,
    /// An age follows, with or without a sign: `aged`, `満`.
    Aged,
    /// An age stands before it: `years old`, `歳`.
    Old,
    /// Years stand before it, of a person or of anything: `ans`, `лет`.
    Years,
    /// A person is what follows: `I am`, `turned`.
    IsNow,
    /// A relative: `daughter`.
    Kin,
    /// What details of a person are about: `married`.
    Detail,
    /// The name of a site, behind which a user name follows after a sign.
    Platform,
    /// The same, or after a blank: `WeChat`.
    Messenger,
    /// `user name`, `nick`.
    User,
    /// `posted by`: who wrote it follows.
    By,
    /// The heading of a list of comments.
    Comments,
    /// `password`.
    Password,
    /// `api key`, `token`.
    Key,
    /// `gate code`, `PIN`.
    Pin,
    /// A network, a service or a machine, whose user and password may follow.
    Wifi,
    /// A program that takes a password as an argument.
    Command,
    /// `recovery codes`, `seed phrase`.
    Phrase,
    /// The first letters of a key, as its provider has them; case counts.
    Prefix,
    /// `at` as it is written out in addresses.
    At,
    /// `dot` as it is written out in addresses.
    Dot,
    /// `website`: an address follows.
    Site,
    /// `passport`, `ID`: papers of a person.
    Papers,
    /// `@` or `＠`.
    Sign,
    /// `://`.
    Scheme,
    /// A full stop between letters or digits.
    Point,
    /// A number of one or two digits behind a comma or an opening bracket.
    Number,
    /// A colon between a digit and a letter or digit.
    Colon,
    /// An opening bracket that is closed soon behind.
    Bracket,
}

/// A place in the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Anchor {
    /// What it is.
    pub(crate) kind: Kind,
    start: u32,
    end: u32,
}

impl Anchor {
    /// First byte.
    pub(crate) fn start(&self) -> usize {
        self.start as usize
    }

    /// The byte behind it.
    pub(crate) fn end(&self) -> usize {
        self.end as usize
    }
}

/// One word or phrase of the list.
struct Key {
    /// Folded; a space stands for any blank, dash or underscore, or none.
    text: Vec<char>,
    kind: Kind,
    /// Compared as it is, and more letters may follow.
    exact: bool,
    /// What follows its first word, blanks aside, where that is a plain letter or digit; else 0.
    next: u8,
}

/// The list: keys that begin with a word by the hash of that word, everything else by its first two bytes.
struct Keys {
    by_word: HashMap<u64, Vec<Key>>,
    by_bytes: Heads,
    /// Beginnings of keys of providers, whose case counts.
    prefixes: Heads,
}

/// Keys by their first two bytes.
struct Heads {
    /// For each two bytes whether any key begins so: small enough to stay near the processor.
    any: Box<[u64; 1024]>,
    heads: Box<[u16]>,
    lists: Vec<Vec<Key>>,
}

static KEYS: LazyLock<Keys> = LazyLock::new(Keys::read);

fn kind_of(group: &str) -> Option<Kind> {
    Some(match group {
        "birth" => Kind::Birth,
        "birth, at once" => Kind::BirthTight,
        "birth, behind" => Kind::BirthBehind,
        "year of birth" => Kind::BirthYear,
        "age" => Kind::AgeLabel,
        "aged" => Kind::Aged,
        "old" => Kind::Old,
        "years" => Kind::Years,
        "is now" => Kind::IsNow,
        "kin" => Kind::Kin,
        "detail" => Kind::Detail,
        "platform" => Kind::Platform,
        "messenger" => Kind::Messenger,
        "user" => Kind::User,
        "by" => Kind::By,
        "comments" => Kind::Comments,
        "password" => Kind::Password,
        "key" => Kind::Key,
        "pin" => Kind::Pin,
        "wifi" => Kind::Wifi,
        "command" => Kind::Command,
        "phrase" => Kind::Phrase,
        "prefix" => Kind::Prefix,
        "at" => Kind::At,
        "dot" => Kind::Dot,
        "site" => Kind::Site,
        "papers" => Kind::Papers,
        _ => return None,
    })
}

/// Hashes of the words that keys begin with, for the lexicon: a word without its mark begins none.
pub(crate) fn heads(mut take: impl FnMut(u64)) {
    entries(|entry, kind| {
        if let Some(word) = head_word(entry, kind) {
            take(word);
        }
    });
}

/// The list's entries, with the kind of each.
fn entries(mut take: impl FnMut(&'static str, Kind)) {
    let mut kind = None;
    for line in include_str!("anchors.txt").lines() {
        if let Some(group) = line.strip_prefix("# ") {
            kind = kind_of(group.trim());
        } else if let Some(kind) = kind {
            line.split('|').map(str::trim).filter(|entry| !entry.is_empty()).for_each(|entry| take(entry, kind));
        }
    }
}

/// The hash of the word that `entry` begins with; none where it begins with a sign or in a script without spaces,
/// or goes on at once with more letters of any kind.
fn head_word(entry: &str, kind: Kind) -> Option<u64> {
    let word = bare_words(entry).into_iter().next().filter(|word| word.start() == 0)?;
    (kind != Kind::Prefix && !entry[word.range()].contains(unspaced)).then_some(word.hash)
}

impl Keys {
    fn read() -> Self {
        let mut keys = Self { by_word: HashMap::new(), by_bytes: Heads::new(), prefixes: Heads::new() };
        entries(|entry, kind| match head_word(entry, kind) {
            Some(word) => keys.by_word.entry(word).or_default().push(Key::new(entry, kind)),
            None if kind == Kind::Prefix => keys.prefixes.add(entry, kind),
            None => keys.by_bytes.add(entry, kind),
        });
        let lists = keys.by_word.values_mut().chain(&mut keys.by_bytes.lists).chain(&mut keys.prefixes.lists);
        lists.for_each(|list| list.sort_by_key(|key| std::cmp::Reverse(key.text.len())));
        keys
    }

    /// Adds what begins with the word `word`; gives the byte where to go on, if something did.
    fn look_up(&self, text: &str, word: &Word, out: &mut Vec<Anchor>) -> Option<usize> {
        let marked = word.entry.is(Entry::ANCHOR);
        let list = marked.then(|| self.by_word.get(&word.hash)).flatten();
        let found = list.and_then(|list| {
            let next = next_sign(text.as_bytes(), word.end());
            let blank = matches!(text.as_bytes().get(word.end()), None | Some(b' '));
            // One letter is a key only before a blank.
            let likely =
                |key: &&Key| (key.next == 0 || key.next == next || next >= 0x80) && (blank || key.text.len() > 1);
            longest(list.iter().filter(likely), text, word.start(), out)
        });
        found.or_else(|| self.prefixes.look(text, word.start(), out))
    }

    /// The same for what begins inside a word, as in `dateOfBirth` and in scripts without spaces.
    fn look(&self, text: &str, at: usize, out: &mut Vec<Anchor>) -> Option<usize> {
        let first = text[at..].chars().next()?;
        if first.is_alphabetic() && !unspaced(first) {
            let end = text[at..].char_indices().skip(1).find(|(_, c)| !(c.is_lowercase() || is_combining_mark(*c)));
            let word = &text[at..end.map_or(text.len(), |(length, _)| at + length)];
            let list = self.by_word.get(&Hash::of(word));
            if let Some(end) = list.and_then(|list| longest(list.iter(), text, at, out)) {
                return Some(end);
            }
            return self.prefixes.look(text, at, out);
        }
        self.by_bytes.look(text, at, out)
    }
}

/// The byte at `at` or behind the blanks there, made small.
fn next_sign(bytes: &[u8], at: usize) -> u8 {
    let rest = bytes.get(at..).unwrap_or_default();
    let sign = rest.iter().find(|byte| !matches!(byte, b' ' | b'\t' | b'_' | b'-' | b'/'));
    sign.map_or(0, u8::to_ascii_lowercase)
}

/// Adds those of `list` that begin at byte `at` and are the longest; gives the byte where to go on, if there are any.
fn longest<'k>(list: impl Iterator<Item = &'k Key>, text: &str, at: usize, out: &mut Vec<Anchor>) -> Option<usize> {
    let mut longest = 0;
    for key in list {
        if longest > 0 && key.text.len() < longest {
            break;
        }
        if let Some(end) = key.end(text, at) {
            longest = key.text.len();
            push(out, key.kind, at, end);
        }
    }
    (longest > 0).then(|| out.last().map_or(at + 1, Anchor::end))
}

impl Heads {
    fn new() -> Self {
        Self { any: Box::new([0; 1024]), heads: vec![0; 1 << 16].into_boxed_slice(), lists: vec![Vec::new()] }
    }

    fn add(&mut self, entry: &str, kind: Kind) {
        // Every way the first two letters may be written: small or capital, with or without their accents.
        let mut chars = entry.chars();
        let (Some(first), second) = (chars.next(), chars.next()) else { return };
        let mut heads: Vec<u16> = Vec::new();
        let spellings = |c| if kind == Kind::Prefix { vec![c] } else { spellings(c) };
        for first in spellings(first) {
            for second in second.map_or(vec![' '], spellings) {
                let spelt: String = [first, second].iter().collect();
                if let [one, two, ..] = *spelt.as_bytes() {
                    heads.push(head(one, two));
                }
            }
        }
        heads.sort_unstable();
        heads.dedup();
        for head in heads {
            let slot = &mut self.heads[usize::from(head)];
            if *slot == 0 {
                *slot = u16::try_from(self.lists.len()).unwrap_or(0);
                self.lists.push(Vec::new());
                self.any[usize::from(head >> 6)] |= 1 << (head & 63);
            }
            self.lists[usize::from(*slot)].push(Key::new(entry, kind));
        }
    }

    /// Adds what begins at byte `at`; gives the byte where to go on, if something did.
    fn look(&self, text: &str, at: usize, out: &mut Vec<Anchor>) -> Option<usize> {
        let bytes = text.as_bytes();
        let head = head(bytes[at], bytes.get(at + 1).copied().unwrap_or(b' '));
        if self.any[usize::from(head >> 6)] & (1 << (head & 63)) == 0 {
            return None;
        }
        longest(self.lists[usize::from(self.heads[usize::from(head)])].iter(), text, at, out)
    }
}

impl Key {
    fn new(entry: &str, kind: Kind) -> Self {
        let exact = kind == Kind::Prefix;
        let text = if exact { entry.chars().collect() } else { entry.chars().flat_map(lower).collect() };
        let text: Vec<char> = text;
        let rest = text.iter().skip_while(|c| c.is_alphabetic() || is_combining_mark(**c));
        let next = rest.copied().find(|c| *c != ' ').unwrap_or('\0');
        let blank = text.iter().find(|c| !c.is_alphabetic() && !is_combining_mark(**c)) == Some(&' ');
        let next = u8::try_from(next).ok().filter(|byte| blank && byte.is_ascii_alphanumeric()).unwrap_or(0);
        Self { text, kind, exact, next }
    }

    /// Where this key ends when it begins at byte `at`.
    fn end(&self, text: &str, at: usize) -> Option<usize> {
        let rest = text.get(at..)?;
        if self.exact {
            let mut chars = rest.chars();
            return self
                .text
                .iter()
                .all(|wanted| chars.next() == Some(*wanted))
                .then(|| text.len() - chars.as_str().len());
        }
        let mut chars = rest.chars();
        let mut wanted = self.text.iter().peekable();
        let mut last = ' ';
        while let Some(want) = wanted.peek() {
            if **want == ' ' {
                wanted.next();
                let mut ahead = chars.clone();
                let mut blanks = 0;
                while ahead.next().is_some_and(|c| matches!(c, ' ' | '\t' | '_' | '-' | '\u{a0}' | '\u{3000}' | '/')) {
                    chars = ahead.clone();
                    blanks += 1;
                    if blanks > 3 {
                        return None;
                    }
                }
                continue;
            }
            let c = chars.next()?;
            last = c;
            for folded in lower(c) {
                if wanted.next() != Some(&folded) {
                    return None;
                }
            }
        }
        // A mark on the last letter belongs to it.
        let mut ahead = chars.clone();
        while ahead.next().is_some_and(|c| !c.is_ascii() && is_combining_mark(c)) {
            chars = ahead.clone();
        }
        let goes_on = chars.clone().next().is_some_and(|c| c.is_alphanumeric() && !unspaced(c));
        (!goes_on || !last.is_alphanumeric() || unspaced(last)).then(|| text.len() - chars.as_str().len())
    }
}

/// A small letter without its accents; scripts without case stay as they are.
fn lower(c: char) -> impl Iterator<Item = char> {
    let plain = if c < '\u{1f00}' { None } else { Some(c) };
    plain.into_iter().chain(plain.is_none().then(|| fold(c)).into_iter().flatten())
}

fn spellings(c: char) -> Vec<char> {
    let mut all = vec![c];
    all.extend(c.to_uppercase());
    all.extend(c.to_lowercase());
    for folded in lower(c) {
        all.push(folded);
        all.extend(folded.to_uppercase());
    }
    all
}

/// How many bytes of a line recognizers look back over.
pub(crate) const SIDE: usize = 192;

/// At most `most` bytes of the same line to the left of byte `at`: lines may be as long as a text.
pub(crate) fn behind(text: &str, at: usize, most: usize) -> &str {
    let mut from = at.saturating_sub(most);
    while !text.is_char_boundary(from) {
        from += 1;
    }
    let head = text.get(from..at).unwrap_or_default();
    head.rfind('\n').map_or(head, |newline| &head[newline + 1..])
}

/// At most `most` bytes from byte `at` on.
pub(crate) fn onward(text: &str, at: usize, most: usize) -> &str {
    let mut end = at.saturating_add(most).min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(at..end).unwrap_or_default()
}

/// Two bytes as one number.
fn head(one: u8, two: u8) -> u16 {
    u16::from(one) << 8 | u16::from(two)
}

fn push(out: &mut Vec<Anchor>, kind: Kind, start: usize, end: usize) {
    // A longer text would lose its tail, never panic.
    if let (Ok(start), Ok(end)) = (u32::try_from(start), u32::try_from(end)) {
        out.push(Anchor { kind, start, end });
    }
}

const LETTER: u8 = 1;
const DIGIT: u8 = 2;
const SIGN: u8 = 3;
/// The first byte of a character past ASCII.
const LEAD: u8 = 4;
/// The first byte of one that is no letter, or a letter of a script without spaces.
const LOOSE: u8 = 5;

static CLASS: [u8; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        #[expect(clippy::cast_possible_truncation, reason = "below 256")]
        let class = match byte as u8 {
            b'a'..=b'z' | b'A'..=b'Z' => LETTER,
            b'0'..=b'9' => DIGIT,
            b'@' | b':' | b'.' | b'*' | b'(' | b'[' | b'{' | b'<' | b'&' | b'%' => SIGN,
            0xc3..=0xe1 => LEAD,
            0xc2 | 0xe2..=0xff => LOOSE,
            _ => 0,
        };
        table[byte] = class;
        byte += 1;
    }
    table
};

/// Every anchor of the page, by its place.
pub(crate) fn anchors(page: &Page<'_>) -> Vec<Anchor> {
    let keys = &*KEYS;
    let text = page.text();
    let bytes = text.as_bytes();
    let words = page.words();
    let mut out = Vec::new();
    let mut word = 0;
    for line in page.lines() {
        if !line.cues.has(crate::mask::page::Cues::ANY) {
            continue;
        }
        let mut at = line.start;
        // Whether a letter or digit stands right before.
        let mut inside = false;
        while at < line.end {
            while words.get(word).is_some_and(|word| word.start() < at) {
                word += 1;
            }
            if let Some(word) = words.get(word).filter(|word| word.start() == at && !word.loose) {
                let unit = at > line.start && bytes[at - 1].is_ascii_digit();
                let count = out.len();
                let mut end = keys.look_up(text, word, &mut out);
                // `34yo`, `68letý`: only a unit may touch its number.
                if unit && !out[count..].iter().any(|anchor| matches!(anchor.kind, Kind::Old | Kind::Years)) {
                    out.truncate(count);
                    end = None;
                }
                if end.is_none() && word.mixed {
                    // `dateOfBirth`.
                    let mut small = false;
                    for (place, c) in text[word.range()].char_indices() {
                        if small && c.is_ascii_uppercase() && at + place >= end.unwrap_or(0) {
                            end = keys.look(text, at + place, &mut out).or(end);
                        }
                        small = c.is_ascii_lowercase();
                    }
                }
                at = end.unwrap_or(0).max(word.end());
                inside = !bytes[at - 1].is_ascii() || bytes[at - 1].is_ascii_alphanumeric();
                continue;
            }
            let byte = bytes[at];
            let mut next = at + 1;
            match CLASS[usize::from(byte)] {
                LETTER => {
                    let last = if at > line.start { bytes[at - 1] } else { b' ' };
                    let hump = inside && byte.is_ascii_uppercase() && last.is_ascii_lowercase();
                    if !inside || hump {
                        next = keys.look(text, at, &mut out).unwrap_or(next);
                    } else if last.is_ascii_digit() {
                        // `34yo`, `68letý`: only a unit may touch its number.
                        let count = out.len();
                        if let Some(end) = keys.look(text, at, &mut out) {
                            let unit = out[count..].iter().any(|anchor| matches!(anchor.kind, Kind::Old | Kind::Years));
                            if unit {
                                next = end;
                            } else {
                                out.truncate(count);
                            }
                        }
                    }
                    inside = !bytes[next - 1].is_ascii() || bytes[next - 1].is_ascii_alphanumeric();
                }
                DIGIT => {
                    if !inside && let Some(end) = number(bytes, line.start, at) {
                        push(&mut out, Kind::Number, at, end);
                    } else if !inside {
                        // `2FA codes`.
                        next = keys.look(text, at, &mut out).unwrap_or(next);
                    }
                    inside = true;
                }
                LEAD => {
                    let two = bytes.get(at + 1).copied().unwrap_or(0);
                    // Thai, Lao and Burmese have no spaces.
                    let loose = matches!((byte, two), (0xe0, 0xb8..=0xbb) | (0xe1, 0x80..=0x82 | 0x9e..=0x9f));
                    let length = if byte < 0xe0 { 2 } else { 3 };
                    next = at + length;
                    if (!inside || loose)
                        && let Some(end) = keys.look(text, at, &mut out)
                    {
                        next = end;
                    }
                    inside = !loose;
                }
                LOOSE => {
                    let length = if byte < 0xe0 {
                        2
                    } else if byte < 0xf0 {
                        3
                    } else {
                        4
                    };
                    next = at + length;
                    if byte == 0xef && text[at..].starts_with(['＠', '﹫']) {
                        push(&mut out, Kind::Sign, at, next);
                    } else if let Some(end) = keys.look(text, at, &mut out) {
                        next = end;
                    }
                    inside = false;
                }
                SIGN => {
                    let follows = bytes.get(at + 1).copied().unwrap_or(b' ');
                    let word = follows.is_ascii_alphanumeric() || follows >= 0xc3;
                    match byte {
                        b'@' => push(&mut out, Kind::Sign, at, next),
                        b'.' if inside && word => push(&mut out, Kind::Point, at, next),
                        b':' if bytes[next..line.end].starts_with(b"//") => push(&mut out, Kind::Scheme, at, next + 2),
                        b':' if inside && word && at > line.start && bytes[at - 1].is_ascii_digit() => {
                            push(&mut out, Kind::Colon, at, next);
                        }
                        b'*' => next = keys.look(text, at, &mut out).unwrap_or(next),
                        // `(at)`, `&#64;`, `%40`: signs written out.
                        b'(' | b'[' | b'{' | b'<' if closes(&bytes[next..line.end]) => {
                            push(&mut out, Kind::Bracket, at, next);
                        }
                        b'&' if follows == b'#' || bytes[next..line.end].starts_with(b"commat;") => {
                            push(&mut out, Kind::Sign, at, next);
                        }
                        b'%' if bytes[next..line.end].starts_with(b"40") => push(&mut out, Kind::Sign, at, next),
                        _ => {}
                    }
                    inside = false;
                }
                _ => inside = false,
            }
            at = next.max(at + 1);
        }
    }
    out
}

/// Whether a bracket is closed after a word or two.
fn closes(rest: &[u8]) -> bool {
    rest.iter().take(24).any(|byte| matches!(byte, b')' | b']' | b'}' | b'>'))
}

/// The end of a number of one or two digits at `at` that stands behind a comma or an opening bracket.
fn number(bytes: &[u8], from: usize, at: usize) -> Option<usize> {
    let before = bytes.get(from..at)?;
    if !(before.ends_with(b"(") || before.ends_with(b", ")) {
        return None;
    }
    let mut end = at + 1;
    while bytes.get(end).is_some_and(u8::is_ascii_digit) {
        end += 1;
    }
    let next = bytes.get(end).copied().unwrap_or(b' ');
    (end - at <= 2 && !next.is_ascii_alphanumeric()).then_some(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<(Kind, &str)> {
        anchors(&Page::new(text)).iter().map(|anchor| (anchor.kind, &text[anchor.start()..anchor.end()])).collect()
    }

    #[test]
    fn words_begin_where_words_begin() {
        assert_eq!(
            found("Date of  birth, dateOfBirth, DATE_OF_BIRTH"),
            [(Kind::Birth, "of  birth"), (Kind::Birth, "OfBirth"), (Kind::Birth, "OF_BIRTH")]
        );
        assert_eq!(found("stubborn, packages"), []);
        assert_eq!(found("his生年月日は"), [(Kind::Birth, "生年月日")]);
        assert_eq!(found("Née, NÉE, née"), [(Kind::Birth, "Née"), (Kind::Birth, "NÉE"), (Kind::Birth, "née")]);
        assert_eq!(found("ДАТА РОЖДЕНИЯ"), [(Kind::Birth, "РОЖДЕНИЯ")]);
    }

    #[test]
    fn marks_and_units_belong() {
        let text = "आयु ३४ and อายุ ๓๒ and 34yo";
        let all = found(text);
        assert!(
            all.contains(&(Kind::Aged, "आयु")) && all.contains(&(Kind::Aged, "อายุ")) && all.contains(&(Kind::Old, "yo")),
            "{all:?}"
        );
    }

    #[test]
    fn signs_and_numbers() {
        assert_eq!(found("a.q c. x@y"), [(Kind::Point, "."), (Kind::Sign, "@")]);
        let numbers = found("Zed (34), Zed, 34, 134, (345)");
        assert_eq!(numbers.iter().filter(|(kind, _)| *kind == Kind::Number).count(), 2, "{numbers:?}");
    }

    #[test]
    fn every_group_of_the_list_is_known() {
        for line in include_str!("anchors.txt").lines().filter(|line| line.starts_with('#')) {
            assert!(kind_of(line.trim_start_matches("# ").trim()).is_some(), "{line}");
        }
    }
}
