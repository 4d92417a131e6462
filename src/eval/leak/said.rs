//! Whether an answer says a value: in another case, with other separators, or with a part of a name alone.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use regex::Regex;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use crate::mask::{self, Entity};

/// Fewer letters or digits than this stand in any text by chance.
const SHORTEST: usize = 4;
/// A number of as many digits as a year says nothing.
const SHORTEST_NUMBER: usize = 5;
/// From here on a run of digits is told from another one wherever it stands, so `0` or `+44` before it does not matter.
const TELLING_DIGITS: usize = 9;
/// A secret longer than two of these is said when one of them is.
const CHUNK: usize = 24;

/// One thing to look for in an answer.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Needle {
    shape: Shape,
    /// Not the whole value: a first name, a postcode.
    pub(super) part: bool,
}

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Shape {
    /// Words in a row, a blank on either side of each.
    Words(String),
    /// The same in a script that does not part its words.
    Within(String),
    /// Letters and digits in a row, whatever separators stand between them; `open`: also inside a longer run.
    Code { chars: Vec<char>, open: bool },
    /// Everything but blanks, as in an address of the net.
    Net { chars: Vec<char>, mail: bool },
    /// Letter by letter.
    Exact(String),
}

/// An answer, ready to be searched.
pub(super) struct Heard<'a> {
    text: &'a str,
    chars: Vec<char>,
    words: String,
    /// Folded letters and digits, each with its place in `chars`.
    code: Vec<(char, usize)>,
    /// Folded characters but blanks, of the text in which ` at ` is `@`.
    net: Vec<(char, usize)>,
}

static AT: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(?i)\s*[\[({<]\s*(?:at|@)\s*[\])}>]\s*|\s+at\s+").ok());
static DOT: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(?i)\s*[\[({<]\s*(?:dot|\.)\s*[\])}>]\s*|\s+dot\s+").ok());

impl<'a> Heard<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        let chars: Vec<char> = text.chars().collect();
        Self {
            text,
            words: format!(" {} ", words(text)),
            code: each_folded(text).filter(|(c, _)| c.is_alphanumeric()).collect(),
            net: each_folded(&spelt_out(text)).filter(|(c, _)| !c.is_whitespace()).collect(),
            chars,
        }
    }

    pub(super) fn says(&self, needle: &Needle) -> bool {
        match &needle.shape {
            Shape::Words(words) => self.words.contains(&format!(" {words} ")),
            Shape::Within(words) => self.words.contains(words.as_str()),
            Shape::Exact(text) => self.text.contains(text.as_str()),
            Shape::Code { chars, open } => {
                let joined = |a: usize, b: usize| {
                    let between = self.chars.get(a + 1..b).unwrap_or_default();
                    between.len() <= 3 && between.iter().all(|c| is_separator(*c))
                };
                found(&self.code, chars, joined, |before, after| {
                    *open || !(before.is_some_and(char::is_alphanumeric) || after.is_some_and(char::is_alphanumeric))
                })
            }
            Shape::Net { chars, mail } => found(
                &self.net,
                chars,
                |a, b| b - a <= 2,
                |before, after| {
                    let goes_on = |c: char| c.is_alphanumeric() || c == '_';
                    let begins = !before.is_some_and(|c| goes_on(c) || *mail && matches!(c, '.' | '-' | '+'));
                    begins && !after.is_some_and(|c| goes_on(c) || c == '-')
                },
            ),
        }
    }
}

/// Whether `needle` stands in `text`: its characters in a row, two neighbours being `joined`, and what touches the
/// two ends being `free`.
fn found(
    text: &[(char, usize)],
    needle: &[char],
    joined: impl Fn(usize, usize) -> bool,
    free: impl Fn(Option<char>, Option<char>) -> bool,
) -> bool {
    if needle.is_empty() || text.len() < needle.len() {
        return false;
    }
    (0..=text.len() - needle.len()).any(|start| {
        let here = &text[start..start + needle.len()];
        if !here.iter().zip(needle).all(|((c, _), wanted)| c == wanted) {
            return false;
        }
        if !here.windows(2).all(|pair| pair[0].1 == pair[1].1 || joined(pair[0].1, pair[1].1)) {
            return false;
        }
        let touching = |a: usize, b: usize| b - a <= 1;
        let before = start.checked_sub(1).and_then(|at| text.get(at)).filter(|(_, at)| touching(*at, here[0].1));
        let last = here[needle.len() - 1].1;
        let after = text.get(start + needle.len()).filter(|(_, at)| touching(last, *at));
        free(before.map(|(c, _)| *c), after.map(|(c, _)| *c))
    })
}

/// What to look for to know whether a value was said. Empty where any text might say it by chance.
pub(super) fn needles(entity: Entity, spellings: &[String]) -> Vec<Needle> {
    let mut out = BTreeSet::new();
    for value in spellings {
        let mut add = |shape: Option<Shape>, part: bool| out.extend(shape.map(|shape| Needle { shape, part }));
        match entity {
            Entity::Secret => {
                let value = value.trim();
                add((weight(value) >= SHORTEST).then(|| Shape::Exact(value.to_owned())), false);
                chunks(value).for_each(|chunk| add(Some(Shape::Exact(chunk)), true));
            }
            Entity::Phone => add(phone(value), false),
            Entity::Card
            | Entity::Iban
            | Entity::BankAccount
            | Entity::Wallet
            | Entity::NationalId
            | Entity::TaxId
            | Entity::Passport
            | Entity::DrivingLicence
            | Entity::Plate
            | Entity::Mac => add(code(value), false),
            Entity::Email | Entity::Url | Entity::Handle => add(net(entity, value), false),
            Entity::Person => {
                add(full_name(value), false);
                words(value).split(' ').for_each(|word| add(single(word), true));
            }
            Entity::Address => {
                add(phrase(value), false);
                for part in value.split([',', ';', '\n']) {
                    // A line with a number in it is a house or a postcode; a town alone is none.
                    let telling = part.chars().any(|c| c.is_ascii_digit()) && weight(part) >= 7;
                    add(phrase(part).filter(|_| telling), true);
                }
            }
            _ => add(phrase(value), false),
        }
    }
    // What is looked for as a whole need not be looked for as a part.
    let whole: BTreeSet<Shape> = out.iter().filter(|n| !n.part).map(|n| n.shape.clone()).collect();
    out.into_iter().filter(|n| !n.part || !whole.contains(&n.shape)).collect()
}

fn phone(value: &str) -> Option<Shape> {
    let number = value.split(|c: char| c.is_alphabetic()).find(|part| part.chars().any(|c| c.is_ascii_digit()))?;
    let digits: Vec<char> = each_folded(number).map(|(c, _)| c).filter(char::is_ascii_digit).collect();
    // The last nine digits are the same with a country's code and without.
    let from = digits.len().saturating_sub(if digits.len() > TELLING_DIGITS { TELLING_DIGITS } else { digits.len() });
    let open = digits.len() >= TELLING_DIGITS;
    (digits.len() >= SHORTEST_NUMBER).then(|| Shape::Code { chars: digits[from..].to_vec(), open })
}

fn code(value: &str) -> Option<Shape> {
    let chars: Vec<char> = each_folded(value).map(|(c, _)| c).filter(|c| c.is_alphanumeric()).collect();
    let shortest = if chars.iter().all(char::is_ascii_digit) { SHORTEST_NUMBER } else { SHORTEST };
    let open = chars.len() >= TELLING_DIGITS;
    (chars.len() >= shortest).then_some(Shape::Code { chars, open })
}

fn net(entity: Entity, value: &str) -> Option<Shape> {
    let folded: String = each_folded(&spelt_out(value)).map(|(c, _)| c).filter(|c| !c.is_whitespace()).collect();
    let mut text = folded.as_str();
    if entity == Entity::Url {
        text = text.split_once("://").map_or(text, |(_, rest)| rest);
        text = text.strip_prefix("www.").unwrap_or(text).trim_end_matches('/');
    }
    if entity == Entity::Handle {
        let bare = text.trim_start_matches('@');
        // A handle that is a word is told from the word by its sign alone.
        text = if mask::is_word(bare) { text } else { bare };
        if !text.starts_with('@') && mask::is_word(text) {
            return None;
        }
    }
    (weight(text) >= SHORTEST).then(|| Shape::Net { chars: text.chars().collect(), mail: entity == Entity::Email })
}

/// Two words of two letters at least: `A. Stone` would be found in "a stone". A name made of ordinary words has to
/// stand as it is written: `Will Hope` would be found in "I will hope so".
fn full_name(value: &str) -> Option<Shape> {
    let words = words(value);
    if unspaced(value) {
        return within(words);
    }
    let long: Vec<&str> = words.split(' ').filter(|word| weight(word) >= 2).collect();
    match long.as_slice() {
        [] | [_] => None,
        ordinary if ordinary.iter().all(|word| mask::is_word(word)) => Some(Shape::Exact(value.trim().to_owned())),
        _ => Some(Shape::Words(words)),
    }
}

fn phrase(value: &str) -> Option<Shape> {
    let words = words(value);
    if unspaced(value) {
        within(words)
    } else if words.contains(' ') {
        (weight(&words) >= SHORTEST).then_some(Shape::Words(words))
    } else {
        single(&words)
    }
}

/// One word that is no ordinary one.
fn single(word: &str) -> Option<Shape> {
    let number = word.chars().all(|c| c.is_ascii_digit());
    let shortest = if number { SHORTEST_NUMBER } else { SHORTEST };
    (weight(word) >= shortest && !mask::is_word(word) && !unspaced(word)).then(|| Shape::Words(word.to_owned()))
}

fn within(words: String) -> Option<Shape> {
    (words.chars().count() >= 2).then_some(Shape::Within(words))
}

/// Pieces of a long secret that are no words of its frame.
fn chunks(value: &str) -> impl Iterator<Item = String> {
    let long = value.chars().count() > 2 * CHUNK;
    let pieces = value.split_whitespace().filter(move |_| long).flat_map(|line| {
        let chars: Vec<char> = line.chars().collect();
        chars.chunks_exact(CHUNK).map(|chunk| chunk.iter().collect::<String>()).collect::<Vec<_>>()
    });
    pieces.filter(|p| p.chars().any(|c| c.is_ascii_digit()) && p.chars().any(char::is_alphabetic))
}

/// Letters and digits; one of a script without spaces counts as two.
fn weight(text: &str) -> usize {
    text.chars().filter(|c| c.is_alphanumeric()).map(|c| if unspaced_char(c) { 2 } else { 1 }).sum()
}

fn unspaced(text: &str) -> bool {
    text.chars().any(unspaced_char)
}

/// Thai, kana, Han, Hangul.
const fn unspaced_char(c: char) -> bool {
    matches!(c, '\u{e00}'..='\u{e7f}' | '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{ac00}'..='\u{d7af}' | '\u{20000}'..='\u{3ffff}')
}

const fn is_separator(c: char) -> bool {
    matches!(c, ' ' | '\u{a0}' | '\u{202f}' | '-' | '\u{2010}'..='\u{2014}' | '.' | '(' | ')' | '/' | ':' | '_' | '·')
}

/// Lower case without diacritics, each character with the place of the one it came from.
fn each_folded(text: &str) -> impl Iterator<Item = (char, usize)> {
    text.chars().enumerate().flat_map(|(at, c)| {
        std::iter::once(c).nfkd().filter(|c| !is_combining_mark(*c)).flat_map(char::to_lowercase).map(move |c| (c, at))
    })
}

/// Folded words, one blank between them.
fn words(text: &str) -> String {
    let folded: String = each_folded(text).map(|(c, _)| if c.is_alphanumeric() { c } else { ' ' }).collect();
    folded.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// `ada (at) example dot org` as it is meant.
fn spelt_out(text: &str) -> String {
    let (Some(at), Some(dot)) = (&*AT, &*DOT) else { return text.to_owned() };
    dot.replace_all(&at.replace_all(text, "@"), ".").into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether the text says the value: nothing, a part, or the whole.
    fn said(entity: Entity, value: &str, text: &str) -> Option<&'static str> {
        let heard = Heard::new(text);
        let found: Vec<bool> =
            needles(entity, &[value.to_owned()]).iter().filter(|n| heard.says(n)).map(|n| n.part).collect();
        match found.as_slice() {
            [] => None,
            parts if parts.contains(&false) => Some("whole"),
            _ => Some("part"),
        }
    }

    #[test]
    fn other_spellings_are_heard() {
        for (entity, value, text) in [
            (Entity::Phone, "+44 7700 900142", "Call me on 07700-900-142."),
            (Entity::Phone, "+44 7700 900142", "(0044) 7700 900142"),
            (Entity::Phone, "+44 7700 900142 ext. 3", "+447700900142"),
            (Entity::Phone, "555-0142", "It is 555 0142, I think"),
            (Entity::Email, "Ada.Quill@example.org", "to ADA.QUILL@EXAMPLE.ORG."),
            (Entity::Email, "ada.quill@example.org", "ada.quill (at) example dot org"),
            (Entity::Email, "ada.quill [at] example.org", "<ada.quill@example.org>"),
            (Entity::Url, "https://www.github.com/adaquill/", "see github.com/adaquill."),
            (Entity::Handle, "@adaquill", "I am adaquill there"),
            (Entity::Handle, "@will", "ask @will"),
            (Entity::Person, "Zdeňka Morvaille", "it was zdenka  MORVAILLE"),
            (Entity::Person, "王小明", "我叫王小明。"),
            (Entity::Person, "Will Hope", "Yours, Will Hope"),
            (Entity::Address, "4 Net Loft Wynd, Ullapool", "At 4 Net Loft Wynd\nUllapool"),
            (Entity::DateOfBirth, "3 May 1990", "born 3 May, 1990"),
            (Entity::Iban, "GB29 NWBK 6016 1331 9268 19", "gb29nwbk60161331926819"),
            (Entity::Ip, "203.0.113.77", "from 203.0.113.77, twice"),
            (Entity::Secret, "hunter2!", "it is hunter2!"),
        ] {
            assert_eq!(said(entity, value, text), Some("whole"), "{value} in {text}");
        }
    }

    #[test]
    fn parts_are_told_from_the_whole() {
        let part = Some("part");
        assert_eq!(said(Entity::Person, "Zdenka Morvaille", "Zdenka did."), part);
        assert_eq!(said(Entity::Person, "Morvaille, Z.", "by Morvaille"), part);
        assert_eq!(said(Entity::Address, "12 Harbour Lane, Ullapool IV26 2ZZ", "Ullapool IV26 2ZZ"), part);
        let key = format!("{}{}", "a1b2c3d4e5f6", "g7h8i9j0".repeat(6));
        assert_eq!(said(Entity::Secret, &key, &key[1..30]), None);
        assert_eq!(said(Entity::Secret, &key, &key[20..50]), part);
    }

    #[test]
    fn what_any_text_says_is_not_looked_for() {
        for (entity, value, text) in [
            (Entity::Person, "Will Hope", "I will hope so"),
            (Entity::Person, "A. Stone", "a stone"),
            (Entity::Person, "X", "x"),
            (Entity::Person, "", ""),
            (Entity::Age, "34", "34 tests"),
            (Entity::DateOfBirth, "1990", "in 1990"),
            (Entity::PlaceOfBirth, "London", "in London"),
            (Entity::Phone, "7", "7"),
            (Entity::Phone, "no digits", "no digits"),
            (Entity::Secret, "x", "x"),
            (Entity::Secret, "pass", "Pass"),
            (Entity::Phone, "555-0142", "15550142"),
            (Entity::Phone, "+44 7700 900142", "in 2019: 770 of 900142"),
            (Entity::Email, "ada@example.org", "grada@example.org, ada@example.organic"),
            (Entity::Handle, "@will", "I will"),
            (Entity::Handle, "@adaq", "adaquill"),
            (Entity::Address, "Ullapool", "Ullapools"),
            (Entity::Address, "Flat 2, Oban", "Flat 2"),
        ] {
            assert_eq!(said(entity, value, text), None, "{value} in {text}");
        }
    }
}
