//! One file per kind of personal data. Adding one: a file with a [`Recognizer`], a line in [`RECOGNIZERS`], a file of
//! cases under `fixtures/mask/`.

use regex::Regex;

use super::lexicon::Entry;
use super::page::Page;
use super::span::Span;

mod address;
mod age;
pub(crate) mod anchor;
mod card;
mod date;
mod dob;
mod email;
mod handle;
mod host;
mod iban;
mod id;
mod ip;
mod mac;
mod personal;
mod phone;
mod secret;
mod table;
mod upi;
mod url;
mod wallet;

/// Finds personal data by its own shape.
pub(crate) trait Recognizer: Sync {
    /// Adds what it finds on `page`; spans may overlap, of one another too.
    fn find(&self, page: &Page<'_>, out: &mut Vec<Span>);
}

/// Every pattern recognizer. Names are not here: see [`person`](super::person).
pub(crate) const RECOGNIZERS: &[&dyn Recognizer] = &[
    EMAIL,
    &phone::Phone,
    &url::Url,
    &handle::Handle,
    &ip::Ip,
    &card::Card,
    &iban::Iban,
    &id::Id,
    &upi::Upi,
    &wallet::Wallet,
    &mac::Mac,
    &address::Address,
    &address::Birthplace,
    &dob::DateOfBirth,
    &age::Age,
    &personal::Personal,
    &secret::Secret,
];

/// What the lists of recognizers know of words, by the hash of each.
pub(crate) fn marks(mut take: impl FnMut(u64, Entry)) {
    address::roles(|hash, role| take(hash, Entry { marks: role, ..Entry::default() }));
    anchor::heads(|hash| take(hash, Entry { marks: Entry::ANCHOR, ..Entry::default() }));
}

/// For file names, where nothing else is looked for.
pub(crate) const EMAIL: &dyn Recognizer = &email::Email;

/// Compiles a pattern written in this module. A test compiles them all, so a wrong one never ships.
///
/// `\b` is read as the ASCII word boundary: the Unicode one keeps the engine from its automaton on any text that is
/// not ASCII, at thirty times the cost. Recognizers look at the characters around a match themselves.
#[expect(clippy::expect_used, reason = "only literals get here, and the fixtures exercise each")]
pub(crate) fn compile(pattern: &str) -> Regex {
    Regex::new(&pattern.replace(r"\b", r"(?-u:\b)")).expect("a pattern written in this module compiles")
}

/// What stands between a label and its value in plain text, tables, Markdown and JSON.
pub(crate) fn label_sign(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\u{a0}' | '\u{3000}' | ':' | '：' | '=' | '|' | '｜' | '*' | '_' | '"' | '\'')
}

/// The character that ends at byte `at`.
pub(crate) fn before(text: &str, at: usize) -> Option<char> {
    text.get(..at)?.chars().next_back()
}

/// The character that begins at byte `at`.
pub(crate) fn after(text: &str, at: usize) -> Option<char> {
    text.get(at..)?.chars().next()
}

/// The rest of the line to the left of byte `at`.
pub(crate) fn line_before(text: &str, at: usize) -> &str {
    let head = text.get(..at).unwrap_or_default();
    head.rfind('\n').map_or(head, |newline| &head[newline + 1..])
}

/// Up to `count` characters of the same line to the left of byte `at`, in lower case.
pub(crate) fn context(text: &str, at: usize, count: usize) -> String {
    let mut tail: Vec<char> = line_before(text, at).chars().rev().take(count).collect();
    tail.reverse();
    tail.into_iter().flat_map(char::to_lowercase).collect()
}

/// Whether `text` ends in one of `words`, as a whole word, spaces and label marks aside.
pub(crate) fn ends_in_word(text: &str, words: &[&str]) -> bool {
    let text = text.trim_end_matches(|c: char| {
        c.is_whitespace() || matches!(c, ':' | '#' | '.' | '=' | '(' | '*' | '"' | '-' | '№')
    });
    words.iter().any(|word| {
        text.strip_suffix(word).is_some_and(|rest| !rest.chars().next_back().is_some_and(char::is_alphanumeric))
    })
}
