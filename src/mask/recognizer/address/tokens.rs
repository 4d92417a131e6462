//! Lines cut into words, numbers and signs, each with what the lists know of it.

use std::ops::Range;

use crate::mask::lexicon::{Flags, LEXICON};
use crate::mask::words::{Hash, Word};

/// What a word is in an address, as bits; the groups of `words.txt`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Role(u32);

impl Role {
    pub(super) const NONE: Self = Self(0);
    /// A street whose name follows.
    pub(super) const BEFORE: Self = Self(1);
    /// The same, but the word has other meanings.
    pub(super) const BEFORE_WEAK: Self = Self(1 << 1);
    /// A street whose name stands before it.
    pub(super) const AFTER: Self = Self(1 << 2);
    /// The same, but the word has other meanings.
    pub(super) const AFTER_WEAK: Self = Self(1 << 3);
    /// A part of a building, with a number.
    pub(super) const UNIT: Self = Self(1 << 4);
    /// One that people live in.
    pub(super) const HOME: Self = Self(1 << 5);
    /// A floor or a side of one.
    pub(super) const FLOOR: Self = Self(1 << 6);
    /// `No.`.
    pub(super) const NUMBER: Self = Self(1 << 7);
    /// A post box.
    pub(super) const BOX: Self = Self(1 << 8);
    /// What stands before `box`.
    pub(super) const BOX_FIRST: Self = Self(1 << 9);
    /// A postcode follows.
    pub(super) const CODE: Self = Self(1 << 10);
    /// A quarter, a village, a landmark.
    pub(super) const AREA: Self = Self(1 << 11);
    /// A small word inside names of places.
    pub(super) const PARTICLE: Self = Self(1 << 12);
    /// A state that stands beside a code, in capitals.
    pub(super) const STATE: Self = Self(1 << 13);
    /// Never in an address.
    pub(super) const STOP: Self = Self(1 << 14);
    /// An address follows.
    pub(super) const LABEL: Self = Self(1 << 15);
    /// An address may follow.
    pub(super) const LABEL_WEAK: Self = Self(1 << 16);
    /// Before a label: it is not one.
    pub(super) const NOT_LABEL: Self = Self(1 << 17);
    /// The end of the word is one of a street: `Hauptstraße`.
    pub(super) const FUSED: Self = Self(1 << 18);

    pub(super) const STREET: Self =
        Self(Self::BEFORE.0 | Self::BEFORE_WEAK.0 | Self::AFTER.0 | Self::AFTER_WEAK.0 | Self::FUSED.0);
    /// What no other kind of text has in such numbers.
    pub(super) const STRONG_STREET: Self = Self(Self::BEFORE.0 | Self::AFTER.0 | Self::FUSED.0);

    pub(super) const fn any(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    pub(super) const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// The roles of the words in the list, as bits, by the hash of each.
pub(crate) fn roles(mut take: impl FnMut(u64, u32)) {
    let mut role = Role::NONE;
    for line in include_str!("words.txt").lines() {
        match line.strip_prefix("# ") {
            Some(group) => role = group_role(group),
            None => line.split_whitespace().for_each(|word| take(Hash::of(word), role.0)),
        }
    }
}

fn group_role(group: &str) -> Role {
    match group {
        "before" => Role::BEFORE,
        "before, weak" => Role::BEFORE_WEAK,
        "after" => Role::AFTER,
        "after, weak" => Role::AFTER_WEAK,
        "unit" => Role::UNIT,
        "home" => Role::HOME.or(Role::UNIT),
        "floor" => Role::FLOOR,
        "number" => Role::NUMBER,
        "box" => Role::BOX,
        "box, first" => Role::BOX_FIRST,
        "code" => Role::CODE,
        "area" => Role::AREA,
        "particles" => Role::PARTICLE,
        "states" => Role::STATE,
        "stop" => Role::STOP,
        "label" => Role::LABEL,
        "label, weak" => Role::LABEL_WEAK,
        _ => Role::NOT_LABEL,
    }
}

/// What the lists say of the word with this hash.
pub(super) fn role(hash: u64) -> Role {
    Role(LEXICON.entry_of(hash).marks)
}

/// The same of a word that was read.
pub(super) fn role_of(word: &Word) -> Role {
    Role(word.entry.marks)
}

/// Ends of words that are streets, by their last letter.
pub(super) fn fused(word: &str) -> bool {
    let Some(last) = word.as_bytes().last() else { return false };
    if word.len() <= 9 && ["brigade", "renegade", "bergamot"].iter().any(|other| word.eq_ignore_ascii_case(other)) {
        return false;
    }
    let ends: &[&str] = match last | 0x20 {
        b'e' => &[
            "straße", "strasse", "gasse", "allee", "chaussee", "kade", "gade", "stræde", "steige", "lände", "zeile",
            "twiete",
        ],
        b'g' => &["weg", "steeg", "väg", "stieg"],
        b'z' => &["platz"],
        b't' => &["straat", "gracht", "braut"],
        b'n' => &["laan", "plein", "gatan", "vägen", "veien", "vegen", "gränden", "stigen", "plassen", "dreven"],
        b'f' => &["dreef"],
        b'd' => &["pfad", "allé", "kaj"],
        b'a' => &["gata", "utca", "kuja"],
        b'j' => &["vej"],
        b'u' => &["katu", "polku", "aukio"],
        b'i' => &["stræti", "raitti", "cesti"],
        b'r' => &["vegur", "str"],
        b'l' => &["singel"],
        b's' => &["plads"],
        b'k' => &["dijk"],
        _ => &[],
    };
    ends.iter().any(|end| {
        let Some(at) = word.len().checked_sub(end.len()).filter(|at| *at >= 3) else { return false };
        word.get(at..).is_some_and(|tail| tail.eq_ignore_ascii_case(end))
    })
}

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Letters.
    Word,
    /// Digits, or digits and letters.
    Code,
    /// Anything else.
    Sign(char),
    /// The end of a line.
    Break,
}

/// The order of digits (`9`), capitals (`A`) and small letters (`a`) of a code; empty when longer than ten.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Shape([u8; 10]);

impl Shape {
    pub(super) fn is(&self, shape: &str) -> bool {
        let shape = shape.as_bytes();
        self.0.get(..shape.len()) == Some(shape) && self.0.get(shape.len()).is_none_or(|next| *next == 0)
    }

    fn of(text: &str) -> Self {
        let mut shape = [0; 10];
        for (at, c) in text.chars().enumerate() {
            let Some(slot) = shape.get_mut(at) else { return Self::default() };
            *slot = match c {
                _ if c.is_numeric() => b'9',
                _ if c.is_lowercase() => b'a',
                _ => b'A',
            };
        }
        Self(shape)
    }
}

/// A piece of a line.
#[derive(Clone, Copy, Debug)]
pub(super) struct Token {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) kind: Kind,
    /// Blanks before it: none, one, or more (a tab counts as more).
    pub(super) gap: u8,
    pub(super) role: Role,
    /// What the lexicon knows of it.
    pub(super) flags: Flags,
    pub(super) hash: u64,
    pub(super) letters: u8,
    pub(super) digits: u8,
    pub(super) capital: bool,
    pub(super) shouted: bool,
    pub(super) caseless: bool,
    pub(super) shape: Shape,
}

impl Token {
    fn new(range: Range<usize>, kind: Kind, gap: u8) -> Self {
        Self {
            start: range.start,
            end: range.end,
            kind,
            gap,
            role: Role::NONE,
            flags: Flags::default(),
            hash: 0,
            letters: 0,
            digits: 0,
            capital: false,
            shouted: false,
            caseless: false,
            shape: Shape::default(),
        }
    }

    pub(super) fn is_word(&self) -> bool {
        self.kind == Kind::Word
    }

    pub(super) fn is_code(&self) -> bool {
        self.kind == Kind::Code
    }

    pub(super) fn is_sign(&self, sign: char) -> bool {
        self.kind == Kind::Sign(sign)
    }

    pub(super) fn sign(&self) -> Option<char> {
        match self.kind {
            Kind::Sign(sign) => Some(sign),
            _ => None,
        }
    }

    /// A word that begins with a capital, or whose script has none.
    pub(super) fn name_like(&self) -> bool {
        self.is_word() && (self.capital || self.caseless)
    }

    /// Four digits that are as well a year of somebody's life.
    pub(super) fn year(&self, text: &str) -> bool {
        self.shape.is("9999")
            && text
                .get(self.start..self.end)
                .and_then(|year| year.parse::<u16>().ok())
                .is_some_and(|year| (1900..=2039).contains(&year))
    }
}

/// Reads the tokens of a range of text, which holds no part of a word at its borders.
pub(super) fn read(text: &str, range: Range<usize>, words: &[Word], out: &mut Vec<Token>) {
    let mut next = words.partition_point(|word| word.start() < range.start);
    let bytes = text.as_bytes();
    let mut at = range.start;
    let mut gap = 0u8;
    while at < range.end {
        while words.get(next).is_some_and(|word| word.start() < at) {
            next += 1;
        }
        let word = words.get(next).filter(|word| word.start() == at && word.end() <= range.end);
        if let Some(word) = word.filter(|word| !touches_digit(text, word)) {
            let near = gap == 2 && word.capital && behind_code(text, at, out);
            push_word(text, word, if near { 1 } else { gap }, out);
            at = word.end();
            next += 1;
            gap = 0;
            continue;
        }
        let byte = bytes[at];
        match byte {
            b' ' => {
                gap = (gap + 1).min(2);
                at += 1;
            }
            b'\t' => {
                gap = 2;
                at += 1;
            }
            b'\r' => at += 1,
            _ => {
                let Some(c) = text[at..].chars().next() else { break };
                if c.is_whitespace() {
                    gap = if c == '\u{3000}' { 2 } else { (gap + 1).min(2) };
                    at += c.len_utf8();
                } else if c.is_alphanumeric() {
                    let end = code_end(text, at, range.end);
                    push_code(text, at..end, gap, out);
                    at = end;
                    gap = 0;
                } else {
                    let end = at + c.len_utf8();
                    // Marks of emphasis and marks that join letters say nothing.
                    if !matches!(c, '*' | '_' | '`' | '\u{200b}'..='\u{200f}' | '\u{fe0f}') {
                        out.push(Token::new(at..end, Kind::Sign(c), gap));
                        gap = 0;
                    }
                    at = end;
                }
            }
        }
    }
}

fn touches_digit(text: &str, word: &Word) -> bool {
    word.coded && {
        let before = text[..word.start()].chars().next_back();
        let after = text[word.end()..].chars().next();
        before.is_some_and(char::is_numeric) || after.is_some_and(char::is_numeric)
    }
}

/// The end of a run of letters and digits.
fn code_end(text: &str, start: usize, limit: usize) -> usize {
    text[start..limit]
        .char_indices()
        .find(|(_, c)| !c.is_alphanumeric() && !unicode_normalization::char::is_combining_mark(*c))
        .map_or(limit, |(at, _)| start + at)
}

/// Whether two blanks stand between a code and its place, as the posts of some countries want it:
/// `3581 PT  UTRECHT`, `903 26  UMEÅ`. More blanks part columns.
fn behind_code(text: &str, at: usize, tokens: &[Token]) -> bool {
    let [.., first, last] = tokens else { return false };
    let dutch = first.is_code() && first.digits == 4 && last.is_word() && last.shouted && last.letters == 2;
    let swedish = first.is_code() && first.digits == 3 && last.is_code() && last.digits == 2;
    (dutch || swedish) && last.gap == 1 && last.end + 2 == at && text.get(last.end..at) == Some("  ")
}

fn push_word(text: &str, word: &Word, gap: u8, out: &mut Vec<Token>) {
    let mut token = Token::new(word.range(), Kind::Word, gap);
    token.hash = word.hash;
    token.role = role_of(word);
    token.flags = word.entry.flags;
    token.letters = word.letters;
    // `eMalahleni`, `hAbhann`.
    token.capital = word.capital || word.mixed && text[word.range()].chars().nth(1).is_some_and(char::is_uppercase);
    token.shouted = word.shouted;
    token.caseless = word.caseless;
    // `P.O.` and `H.No.` are one word.
    if gap == 0
        && let [.., head, dot] = out.as_slice()
        && dot.is_sign('.')
        && dot.gap == 0
        && head.is_word()
        && token.letters <= 4
        && (head.letters == 1 || text[head.start..head.end].contains('.'))
    {
        token.start = head.start;
        token.gap = head.gap;
        token.letters = token.letters.saturating_add(head.letters);
        token.capital = head.capital;
        token.shouted = false;
        token.hash = Hash::of(&text[token.start..token.end]);
        token.role = role(token.hash);
        token.flags = LEXICON.word(token.hash);
        out.truncate(out.len() - 2);
    }
    if token.letters > 5 && fused(&text[token.start..token.end]) && !token.role.any(Role::STOP) {
        token.role = token.role.or(Role::FUSED);
    }
    // Two letters are a state only in capitals.
    if token.role.any(Role::STATE) && !token.shouted {
        token.role = Role(token.role.0 & !Role::STATE.0);
    }
    // `PR #88` is a change of software; as a street `pr.` is small.
    if token.shouted && token.letters == 2 && &text[token.start..token.end] == "PR" {
        token.role = Role(token.role.0 & !Role::STREET.0);
    }
    out.push(token);
}

fn push_code(text: &str, range: Range<usize>, gap: u8, out: &mut Vec<Token>) {
    let spelt = &text[range.clone()];
    let mut token = Token::new(range, Kind::Code, gap);
    let count = |test: fn(char) -> bool| u8::try_from(spelt.chars().filter(|c| test(*c)).count()).unwrap_or(u8::MAX);
    token.digits = count(char::is_numeric);
    token.letters = count(char::is_alphabetic);
    token.capital = spelt.starts_with(char::is_uppercase);
    token.shape = Shape::of(spelt);
    if token.digits == 0 {
        // A single sign such as `ª`, which the words leave out.
        token.kind = Kind::Word;
        token.hash = Hash::of(spelt);
        token.role = role(token.hash);
        token.caseless = true;
    }
    out.push(token);
}

/// Marks the end of a line at byte `at`.
pub(super) fn end_line(at: usize, out: &mut Vec<Token>) {
    out.push(Token::new(at..at, Kind::Break, 0));
}
