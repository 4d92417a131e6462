//! International bank account numbers: country, length and check digits.

use std::sync::LazyLock;

use regex::Regex;

use super::{Recognizer, before, compile};
use crate::mask::page::Page;
use crate::mask::span::{Entity, Span};

pub(crate) struct Iban;

static START: LazyLock<Regex> = LazyLock::new(|| compile(r"(?i)[a-z]{2}[0-9]{2}[ \u{a0}.-]?[a-z0-9]"));

/// How long numbers of each country are, from the registry that SWIFT keeps.
const LENGTHS: &[(&str, usize)] = &[
    ("AD", 24),
    ("AE", 23),
    ("AL", 28),
    ("AT", 20),
    ("AZ", 28),
    ("BA", 20),
    ("BE", 16),
    ("BG", 22),
    ("BH", 22),
    ("BI", 27),
    ("BR", 29),
    ("BY", 28),
    ("CH", 21),
    ("CR", 22),
    ("CY", 28),
    ("CZ", 24),
    ("DE", 22),
    ("DJ", 27),
    ("DK", 18),
    ("DO", 28),
    ("EE", 20),
    ("EG", 29),
    ("ES", 24),
    ("FI", 18),
    ("FK", 18),
    ("FO", 18),
    ("FR", 27),
    ("GB", 22),
    ("GE", 22),
    ("GI", 23),
    ("GL", 18),
    ("GR", 27),
    ("GT", 28),
    ("HR", 21),
    ("HU", 28),
    ("IE", 22),
    ("IL", 23),
    ("IQ", 23),
    ("IS", 26),
    ("IT", 27),
    ("JO", 30),
    ("KW", 30),
    ("KZ", 20),
    ("LB", 28),
    ("LC", 32),
    ("LI", 21),
    ("LT", 20),
    ("LU", 20),
    ("LV", 21),
    ("LY", 25),
    ("MC", 27),
    ("MD", 24),
    ("ME", 22),
    ("MK", 19),
    ("MN", 20),
    ("MR", 27),
    ("MT", 31),
    ("MU", 30),
    ("NI", 28),
    ("NL", 18),
    ("NO", 15),
    ("OM", 23),
    ("PK", 24),
    ("PL", 28),
    ("PS", 29),
    ("PT", 25),
    ("QA", 29),
    ("RO", 24),
    ("RS", 22),
    ("RU", 33),
    ("SA", 24),
    ("SC", 31),
    ("SD", 18),
    ("SE", 24),
    ("SI", 19),
    ("SK", 24),
    ("SM", 27),
    ("SO", 23),
    ("ST", 25),
    ("SV", 28),
    ("TL", 23),
    ("TN", 24),
    ("TR", 26),
    ("UA", 29),
    ("VA", 22),
    ("VG", 24),
    ("XK", 20),
    ("YE", 30),
];

impl Recognizer for Iban {
    fn find(&self, page: &Page<'_>, out: &mut Vec<Span>) {
        let text = page.text();
        for found in page.find(&START, |line| line.digits >= 8) {
            if before(text, found.start()).is_some_and(char::is_alphanumeric) {
                continue;
            }
            let country = found.as_str().get(..2).unwrap_or_default().to_ascii_uppercase();
            let Some((_, length)) = LENGTHS.iter().find(|(code, _)| *code == country) else { continue };
            if let Some((end, valid)) = take(text, found.start(), *length) {
                out.push(Span::new(found.start()..end, Entity::Iban, if valid { 0.98 } else { 0.7 }));
            }
        }
    }
}

/// Where the number ends, and whether its check digits are right, if the next `length` letters and digits are one. Exactly so many are taken: the words that
/// follow are never swallowed.
fn take(text: &str, start: usize, length: usize) -> Option<(usize, bool)> {
    let mut kept = Vec::with_capacity(length);
    let mut gap = 0;
    for (at, c) in text.get(start..)?.char_indices() {
        if c.is_ascii_alphanumeric() {
            kept.push(c.to_ascii_uppercase());
            gap = 0;
        } else if gap == 0 && matches!(c, ' ' | '\u{a0}' | '-' | '.') {
            gap = 1;
        } else {
            return None;
        }
        if kept.len() == length {
            let end = start + at + 1;
            let ends = !text[end..].chars().next().is_some_and(char::is_alphanumeric);
            // Small letters throughout are typed by hand; a mixture is two words.
            let letters = || text[start..end].chars().filter(char::is_ascii_alphabetic);
            let one_case = letters().all(|c| c.is_ascii_uppercase()) || letters().all(|c| c.is_ascii_lowercase());
            let valid = mod97(&kept);
            return (ends && one_case && (valid || fours(&text[start..end]))).then_some((end, valid));
        }
    }
    None
}

/// Whether a number is written in groups of four, as nothing else of that length and country is: people mistype it.
fn fours(number: &str) -> bool {
    let mut groups = number.split([' ', '\u{a0}']).peekable();
    let mut count = 0;
    while let Some(group) = groups.next() {
        count += 1;
        let last = groups.peek().is_none();
        if group.len() != 4 && !(last && group.len() < 4) {
            return false;
        }
    }
    count >= 4
}

fn mod97(number: &[char]) -> bool {
    let (head, tail) = number.split_at(4.min(number.len()));
    let rest = tail
        .iter()
        .chain(head)
        .filter_map(|c| c.to_digit(36))
        .fold(0, |rest, value| if value < 10 { (rest * 10 + value) % 97 } else { (rest * 100 + value) % 97 });
    rest == 1
}
