//! The words of an answer that a right answer must contain.

use std::ops::Range;

use super::claim::{Match, compare};
use super::entity::Names;
use super::number::{Number, read};
use super::units::Unit;
use super::words::{FUNCTION, contains};
use crate::row::normalise;

/// Longest run of words that is still a key.
const LONGEST: usize = 4;

/// The shortest telling words of a response: a number with its unit or a name that the evidence holds and the
/// question does not give away; failing that the longest run of words shared with the evidence, then the same with the
/// passage. None when the response shares nothing with either.
#[must_use]
pub fn derive_key(question: &str, response: &str, evidence: &str, passage: &str) -> Option<Range<usize>> {
    [evidence, passage].into_iter().find_map(|source| {
        let number = || key_number(question, response, source);
        let name = || key_name(question, response, source);
        let found = if asks_for_a_number(question) { number().or_else(name) } else { name().or_else(number) };
        found.or_else(|| key_words(question, response, source))
    })
}

/// Whether a question's wording wants a quantity or a time.
fn asks_for_a_number(question: &str) -> bool {
    const WORDS: [&str; 26] = [
        "how many",
        "how much",
        "how long",
        "how often",
        "how fast",
        "how big",
        "how large",
        "how old",
        "how far",
        "how high",
        "how late",
        "how soon",
        "how small",
        "number",
        "percent",
        "what year",
        "which year",
        "when",
        "count",
        "total",
        "cost",
        "size",
        "length",
        "rate",
        "wie viele",
        "combien",
    ];
    let question = normalise(question);
    WORDS.iter().any(|w| holds(&question, w))
}

/// Whether normalised words stand in a normalised text as words.
fn holds(text: &str, words: &str) -> bool {
    !words.is_empty()
        && text.match_indices(words).any(|(at, _)| {
            let end = at + words.len();
            (at == 0 || text[..at].ends_with(' ')) && (end == text.len() || text[end..].starts_with(' '))
        })
}

fn key_number(question: &str, response: &str, source: &str) -> Option<Range<usize>> {
    let (asked, own) = (read(question, true), read(source, true));
    let same = |list: &[Number], n: &Number| list.iter().find(|o| compare(n, o) == Match::Yes).cloned();
    let numbers = read(response, false).numbers;
    let mut found: Vec<(bool, Range<usize>)> = Vec::new();
    for n in &numbers {
        let Some(origin) = same(&own.numbers, n) else { continue };
        if same(&asked.numbers, n).is_some() || n.values.iter().all(|v| *v <= 1.0 && n.idle) {
            continue;
        }
        let mut range = n.range.clone();
        // What is counted belongs to the number where the source says it in the same words.
        if n.unit == Unit::Counted
            && let Some(noun) = following(response, range.end)
            && following(source, origin.range.end)
                .is_some_and(|o| source[o].eq_ignore_ascii_case(&response[noun.clone()]))
        {
            range.end = noun.end;
        }
        found.push((n.idle, range));
    }
    found.sort_by_key(|(idle, range)| (*idle, range.start));
    found.into_iter().map(|(_, range)| range).next()
}

/// The word right after a byte.
fn following(text: &str, at: usize) -> Option<Range<usize>> {
    let rest = text.get(at..)?;
    let word = rest.strip_prefix([' ', '-', '\u{a0}'])?;
    let start = at + rest.len() - word.len();
    let length = word.find(|c: char| !c.is_alphanumeric()).unwrap_or(word.len());
    (length > 0).then_some(start..start + length)
}

fn key_name(question: &str, response: &str, source: &str) -> Option<Range<usize>> {
    let asked = normalise(question);
    let mut found: Vec<Range<usize>> = Vec::new();
    for name in Names::default().missing(source) {
        let name = &source[name];
        let words: Vec<&str> = name.split_whitespace().collect();
        // The longest part of the name that the response has and the question does not.
        let parts = (1..=words.len()).rev().flat_map(|n| words.windows(n)).map(|part| part.join(" "));
        let hit = parts
            .filter(|part| {
                let folded = normalise(part);
                folded.len() > 1 && !contains(&FUNCTION, &folded) && !holds(&asked, &folded)
            })
            .find_map(|part| find_words(response, &part));
        found.extend(hit);
    }
    found.into_iter().min_by_key(|range| (range.start, std::cmp::Reverse(range.len())))
}

/// Where words stand by themselves in a text, whatever their case.
fn find_words(text: &str, words: &str) -> Option<Range<usize>> {
    let lower = |s: &str| s.to_lowercase();
    let starts = text
        .char_indices()
        .filter(|(at, c)| c.is_alphanumeric() && !text[..*at].chars().next_back().is_some_and(char::is_alphanumeric));
    starts.map(|(at, _)| at).find_map(|at| {
        let end = at + words.len();
        let piece = text.get(at..end)?;
        let alone = !text[end..].chars().next().is_some_and(char::is_alphanumeric);
        (alone && lower(piece) == lower(words)).then_some(at..end)
    })
}

fn key_words(question: &str, response: &str, source: &str) -> Option<Range<usize>> {
    let asked = normalise(question);
    let asked: Vec<&str> = asked.split(' ').collect();
    let folded = normalise(source);
    let own: Vec<&str> = folded.split(' ').collect();
    let words = ranges(response);
    let fold: Vec<String> = words.iter().map(|r| normalise(&response[r.clone()])).collect();
    let telling = |w: &str| w.chars().count() > 1 && !contains(&FUNCTION, w) && !asked.contains(&w);
    let mut best: Option<(usize, Range<usize>)> = None;
    for start in 0..words.len() {
        if !telling(&fold[start]) {
            continue;
        }
        for at in (0..own.len()).filter(|at| own[*at] == fold[start]) {
            let run = own[at..].iter().zip(&fold[start..]).take(LONGEST).take_while(|(a, b)| *a == b).count();
            let Some(last) = (start..start + run).rev().find(|i| telling(&fold[*i])) else { continue };
            let score = (start..=last).filter(|i| telling(&fold[*i])).count();
            if best.as_ref().is_none_or(|(most, _)| score > *most) {
                best = Some((score, words[start].start..words[last].end));
            }
        }
    }
    best.map(|(_, range)| range)
}

/// Words of a text, by their bytes.
fn ranges(text: &str) -> Vec<Range<usize>> {
    let mut out = Vec::new();
    let mut start = None;
    for (at, c) in text.char_indices() {
        match (c.is_alphanumeric(), start) {
            (true, None) => start = Some(at),
            (false, Some(begin)) => {
                out.push(begin..at);
                start = None;
            }
            _ => {}
        }
    }
    out.extend(start.map(|begin| begin..text.len()));
    out
}
