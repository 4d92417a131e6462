//! Names of people, places, products and tools: by their capitals, digits and dots, without a list of the world.

use std::collections::HashSet;
use std::ops::Range;

use unicode_normalization::UnicodeNormalization;

use super::words::{ALIASES, CONNECTORS, FUNCTION, GENERIC, KNOWN, WEEKDAYS, contains, month};

/// One written word with what belongs to its name: `Node.js`, `C++`, `VERBOSE_TILL`.
#[derive(Debug)]
struct Term<'a> {
    raw: &'a str,
    range: Range<usize>,
    /// A sentence, line or quotation begins with it: its capital says nothing.
    initial: bool,
    /// Only a space or a hyphen stands before it.
    follows: bool,
}

fn terms(text: &str) -> Vec<Term<'_>> {
    let mut out: Vec<Term<'_>> = Vec::new();
    let mut at = 0;
    let mut last = 0;
    while let Some(c) = text[at..].chars().next() {
        if !c.is_alphanumeric() && c != '_' {
            at += c.len_utf8();
            continue;
        }
        let mut end = at;
        let mut chars = text[at..].char_indices().peekable();
        while let Some((i, c)) = chars.next() {
            let inside = c.is_alphanumeric() || c == '_' || unicode_normalization::char::is_combining_mark(c);
            let joins =
                matches!(c, '.' | '\'' | '’' | '&') && chars.peek().is_some_and(|(_, next)| next.is_alphanumeric());
            let tail = matches!(c, '+' | '#') && i > 0 && !chars.peek().is_some_and(|(_, next)| next.is_alphanumeric());
            if !inside && !joins && !tail {
                break;
            }
            end = at + i + c.len_utf8();
        }
        let between = &text[last..at];
        let before = between.trim_end_matches([' ', '\t']);
        let opened = before.is_empty() && out.is_empty()
            || before.ends_with([
                '.', '!', '?', ':', ';', '…', '\n', '"', '“', '„', '«', '‘', '(', '*', '•', '-', '—', '–', '|', '>',
                '¿', '¡', '\'', '`',
            ]) && (between.len() > 1 || !before.ends_with(['-', '\'']));
        let opened = opened || between.contains('\n');
        let raw = &text[at..end];
        // A hashtag or a handle is no name in a sentence.
        if !before.ends_with(['#', '@']) || between.ends_with(' ') {
            out.push(Term { raw, range: at..end, initial: opened, follows: matches!(between, " " | "-") });
        }
        last = end;
        at = end;
    }
    out
}

/// How a word's letters say that it is a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Look {
    Plain,
    /// One capital, at the beginning.
    Capital,
    /// Capitals inside, digits, dots, underscores: no ordinary word looks so.
    Made,
}

fn look(term: &Term<'_>) -> Look {
    let raw = bare(term.raw);
    let letters = raw.chars().filter(|c| c.is_alphabetic()).count();
    let upper = raw.chars().filter(|c| c.is_uppercase()).count();
    let digits = raw.chars().filter(char::is_ascii_digit).count();
    let first_upper = raw.starts_with(char::is_uppercase);
    if letters == 0 || raw.starts_with(|c: char| c.is_ascii_digit()) && !made_of_digits(raw) {
        return Look::Plain;
    }
    let plus = raw.ends_with(['+', '#']) && letters <= 3 && upper > 0;
    let dotted = raw.split('.').count() > 1
        && raw.split('.').all(|p| !p.is_empty())
        && raw.split('.').any(|p| p.chars().count() > 1)
        && raw
            .split('.')
            .next_back()
            .is_some_and(|p| p.starts_with(|c: char| c.is_lowercase() || c.is_ascii_digit() || upper > 2));
    if plus || raw.contains('_') && letters > 1 || dotted || digits > 0 || (raw.contains('&') && upper > 1) {
        return Look::Made;
    }
    if letters == 1 || roman(raw) {
        return Look::Plain;
    }
    // A plural's small s is no reason against an acronym.
    let stem = raw.strip_suffix('s').unwrap_or(raw);
    if upper >= 2 && stem.chars().all(|c| !c.is_lowercase()) {
        return Look::Made;
    }
    let inner = raw.chars().zip(raw.chars().skip(1)).any(|(a, b)| a.is_lowercase() && b.is_uppercase());
    if inner {
        return Look::Made;
    }
    if first_upper { Look::Capital } else { Look::Plain }
}

/// `3D`, `4K`, `2FA`: a digit first, then capitals that are no unit.
fn made_of_digits(raw: &str) -> bool {
    let tail = raw.trim_start_matches(|c: char| c.is_ascii_digit());
    !tail.is_empty()
        && tail.chars().all(|c| c.is_ascii_uppercase())
        && super::units::unit(&tail.to_lowercase(), true).is_none()
        && !matches!(tail, "M" | "B" | "AM" | "PM" | "X" | "C" | "F" | "TH" | "ST")
        && (tail != "K" || raw == "4K" || raw == "8K")
}

fn roman(raw: &str) -> bool {
    raw.len() < 5 && raw.bytes().all(|b| matches!(b, b'I' | b'V' | b'X'))
}

/// Without a possessive ending and an elided article.
fn bare(raw: &str) -> &str {
    let raw = raw.strip_suffix("'s").or_else(|| raw.strip_suffix("’s")).unwrap_or(raw);
    match raw.char_indices().find(|(_, c)| matches!(c, '\'' | '’')) {
        Some((at, c)) if at == 1 && raw[..1].contains(['l', 'd', 'j', 'n', 's', 'c', 'm', 't', 'L', 'D']) => {
            &raw[at + c.len_utf8()..]
        }
        _ => raw,
    }
}

/// How a name is compared: letters and digits in lower case, with the signs that tell C from C++.
pub(super) fn key(raw: &str) -> String {
    bare(raw).nfkc().flat_map(char::to_lowercase).filter(|c| c.is_alphanumeric() || matches!(c, '+' | '#')).collect()
}

fn singular(key: &str) -> &str {
    key.strip_suffix('s').filter(|k| k.len() > 2).unwrap_or(key)
}

/// The names that stand in the support.
#[derive(Clone, Debug, Default)]
pub(super) struct Names {
    /// Words, and neighbours written together, by their keys.
    keys: HashSet<String>,
    /// Words of five letters and more, sorted.
    long: Vec<String>,
    /// First letters of neighbouring words.
    initials: HashSet<String>,
    german: bool,
}

impl Names {
    pub(super) fn read(support: &[&str]) -> Self {
        let mut names = Self { german: support.iter().any(|text| german(text)), ..Self::default() };
        for text in support {
            let words: Vec<(String, &str)> =
                terms(text).iter().map(|t| (key(t.raw), t.raw)).filter(|(k, _)| !k.is_empty()).collect();
            for (i, (word, raw)) in words.iter().enumerate() {
                names.keys.insert(singular(word).to_owned());
                names.keys.insert(word.clone());
                // Parts of a made name stand for themselves too: `Node.js` is `Node`.
                for part in raw.split(['.', '_', '&']).filter(|p| p.len() > 1) {
                    names.keys.insert(key(part));
                }
                if let Some((a, b)) = ALIASES.iter().find(|(a, b)| a == word || b == word) {
                    names.keys.extend([(*a).to_owned(), (*b).to_owned()]);
                }
                if word.chars().count() >= 4 {
                    names.long.push(word.clone());
                }
                let mut together = word.clone();
                for (next, _) in words.iter().skip(i + 1).take(2) {
                    together.push_str(next);
                    names.keys.insert(together.clone());
                }
                let mut first = String::new();
                for (next, _) in words.iter().skip(i).filter(|(w, _)| !CONNECTORS.contains(&w.as_str())).take(5) {
                    first.extend(next.chars().next());
                    if first.chars().count() >= 2 {
                        names.initials.insert(first.clone());
                    }
                }
            }
        }
        names
    }

    fn hold(&self, raw: &str) -> bool {
        let word = key(raw);
        if word.is_empty() || self.keys.contains(&word) || self.keys.contains(singular(&word)) {
            return true;
        }
        if ALIASES.iter().any(|(a, b)| (*a == word && self.keys.contains(*b)) || (*b == word && self.keys.contains(*a)))
        {
            return true;
        }
        // `Dockerised` is Docker, `Postgres` is PostgreSQL.
        let letters = word.chars().count();
        let begins = |long: &str, short: &str| {
            long.starts_with(short) && long.len() - short.len() <= 3 && !long.contains(|c: char| c.is_ascii_digit())
        };
        if letters >= 4 && self.long.iter().any(|w| begins(w, &word) || begins(&word, w)) {
            return true;
        }
        // An acronym of words that stand there.
        let capitals = raw.chars().filter(|c| c.is_uppercase()).count();
        capitals >= 2 && letters <= 5 && self.initials.contains(&word)
    }

    /// Whether the first letters of a name are an acronym that stands there.
    fn abbreviate(&self, words: &[&str]) -> bool {
        let first: String = words.iter().filter_map(|w| w.chars().next()).flat_map(char::to_lowercase).collect();
        words.len() >= 3 && self.keys.contains(&first)
    }

    /// Names in a text that the support lacks.
    pub(super) fn missing(&self, text: &str) -> Vec<Range<usize>> {
        let terms = terms(text);
        // Where every noun or every word of a heading has a capital, capitals say nothing.
        let silent = self.german || german(text);
        let shouted = |term: &Term<'_>| {
            let line = line(text, &term.range);
            line.split_whitespace().count() >= 3 && !line.contains(char::is_lowercase)
        };
        let mut out = Vec::new();
        let mut at = 0;
        while at < terms.len() {
            let term = &terms[at];
            let kind = look(term);
            if kind == Look::Plain {
                let word = key(term.raw);
                if contains(&KNOWN, &word) && !self.hold(term.raw) {
                    out.push(term.range.clone());
                }
                at += 1;
                continue;
            }
            let mut end = at + 1;
            while end < terms.len() && terms[end].follows {
                if look(&terms[end]) != Look::Plain {
                    end += 1;
                } else if CONNECTORS.contains(&terms[end].raw)
                    && terms.get(end + 1).is_some_and(|t| t.follows && look(t) != Look::Plain)
                {
                    end += 2;
                } else {
                    break;
                }
            }
            let run = &terms[at..end];
            at = end;
            let quiet = silent || title_case(line(text, &term.range));
            let counts = |t: &&Term<'_>| {
                let word = key(t.raw);
                let known = contains(&KNOWN, &word);
                let lower = t.raw.to_lowercase();
                if look(t) == Look::Plain || contains(&FUNCTION, &lower) || pronoun(&lower) {
                    return false;
                }
                if WEEKDAYS.contains(&word.as_str()) || month(&word).is_some() || contains(&GENERIC, singular(&word)) {
                    return false;
                }
                // Units and currencies belong to their numbers.
                if super::units::code(t.raw).is_some() || super::units::unit(&lower, false).is_some() {
                    return false;
                }
                match look(t) {
                    Look::Made => known || !shouted(t) && !contains(&FUNCTION, &word),
                    _ => known || !(t.initial || quiet) || (!silent && answers_alone(text, t)),
                }
            };
            let counted: Vec<&Term<'_>> = run.iter().filter(counts).collect();
            if counted.iter().all(|t| self.hold(t.raw)) {
                continue;
            }
            let words: Vec<&str> = run.iter().filter(|t| look(t) != Look::Plain).map(|t| t.raw).collect();
            if self.abbreviate(&words) || self.keys.contains(&words.iter().map(|w| key(w)).collect::<String>()) {
                continue;
            }
            // The first word of a sentence belongs to the name when it is no word of grammar and no word of the text.
            let first = &run[0];
            let leads = first.initial && run.len() > 1 && !contains(&FUNCTION, &first.raw.to_lowercase());
            let from = if leads && !quiet { first } else { counted[0] };
            let to = counted[counted.len() - 1];
            out.push(from.range.start..to.range.end);
        }
        out
    }
}

/// Whether a text begins with a sentence of this word alone: it is what was asked for, and may be a name.
fn answers_alone(text: &str, term: &Term<'_>) -> bool {
    const SAID: [&str; 24] = [
        "absolutely",
        "always",
        "badly",
        "careful",
        "correct",
        "definitely",
        "everything",
        "exactly",
        "false",
        "fine",
        "good",
        "half",
        "hardly",
        "hello",
        "honestly",
        "never",
        "nobody",
        "no",
        "patience",
        "probably",
        "sadly",
        "true",
        "twice",
        "yes",
    ];
    let lower = term.raw.to_lowercase();
    !text[..term.range.start].contains(char::is_alphanumeric)
        && text[term.range.end..].starts_with('.')
        && !lower.ends_with("ly")
        && !SAID.contains(&lower.as_str())
        && super::words::small(&lower).is_none()
        && super::words::tens(&lower).is_none()
}

/// `I`, `I'm`, `I’d`.
fn pronoun(lower: &str) -> bool {
    lower == "i" || lower.starts_with("i'") || lower.starts_with("i’")
}

fn line<'a>(text: &'a str, range: &Range<usize>) -> &'a str {
    let start = text[..range.start].rfind('\n').map_or(0, |i| i + 1);
    let end = text[range.end..].find('\n').map_or(text.len(), |i| range.end + i);
    &text[start..end]
}

/// Whether a line is a heading in which every word but the small ones has a capital.
fn title_case(line: &str) -> bool {
    let words: Vec<&str> =
        line.split(|c: char| !c.is_alphanumeric()).filter(|w| w.starts_with(char::is_alphabetic)).collect();
    words.len() >= 4
        && !line.trim_end().ends_with(['.', '!'])
        && words.iter().all(|w| w.starts_with(char::is_uppercase) || contains(&FUNCTION, w) || w.len() < 4)
        && 2 * words.iter().filter(|w| w.starts_with(char::is_uppercase)).count() > words.len()
}

/// Whether a text is in a language that writes every noun with a capital.
pub(super) fn german(text: &str) -> bool {
    const GERMAN: [&str; 36] = [
        "der", "die", "das", "und", "ist", "nicht", "ich", "ein", "eine", "einen", "einem", "einer", "mit", "auf",
        "für", "den", "dem", "des", "im", "zu", "von", "wir", "habe", "hat", "hatte", "sind", "wie", "bei", "nach",
        "aus", "zum", "zur", "wurde", "werden", "auch", "über",
    ];
    const OTHER: [&str; 22] = [
        "the", "and", "is", "of", "to", "a", "it", "my", "with", "that", "for", "le", "la", "les", "et", "est", "el",
        "los", "y", "en", "que", "i",
    ];
    let (mut yes, mut no) = (0, 0);
    for word in text.split(|c: char| !c.is_alphabetic()).filter(|w| !w.is_empty()) {
        let word = word.to_lowercase();
        yes += usize::from(GERMAN.contains(&word.as_str()));
        no += usize::from(OTHER.contains(&word.as_str()));
    }
    yes > no
}
