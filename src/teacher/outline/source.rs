//! A passage's statements, with the headings they stand under.

use super::place::{Place, Section};
use super::words::{count, tidy};

/// A bullet or a paragraph, or the part of one between two sentences that are left out.
#[derive(Clone, Debug)]
pub(super) struct Unit {
    /// What the headings above say.
    pub place: Place,
    /// `kettlewatch` of `kettlewatch (2019). Times kettles.`; `Czech` of `Czech: fluent`.
    pub label: String,
    /// The sentences, each with its closing mark, in order and next to each other.
    pub sentences: Vec<String>,
    /// Whether it is a list item.
    pub bullet: bool,
}

impl Unit {
    /// All its words.
    pub(super) fn text(&self) -> String {
        self.sentences.join(" ")
    }
}

/// A passage taken apart.
#[derive(Debug, Default)]
pub(super) struct Source {
    /// In reading order.
    pub units: Vec<Unit>,
    /// The jobs whose headings are in the passage itself.
    pub jobs: Vec<Place>,
}

/// Longest sentence that is still one statement.
const MAX_WORDS: usize = 40;

struct Reader {
    path: Vec<(usize, String)>,
    place: Place,
    open: Option<(bool, String)>,
    out: Source,
}

/// Takes a passage apart; `heading` are the headings above it, parted by ` › `.
pub(super) fn read(text: &str, heading: &str) -> Source {
    let mut path: Vec<(usize, String)> =
        heading.split('›').map(tidy).filter(|h| !h.is_empty()).enumerate().map(|(i, h)| (i + 1, h)).collect();
    // A passage that opens with its own heading would have it twice.
    let first = text
        .lines()
        .map(str::trim)
        .find(|l| !l.is_empty())
        .filter(|l| l.starts_with('#'))
        .map(|l| tidy(l.trim_matches('#')));
    if first.is_some() && path.last().map(|(_, h)| h) == first.as_ref() {
        path.pop();
    }
    let mut reader = Reader { path, place: Place::default(), open: None, out: Source::default() };
    reader.enter();
    let mut fence = false;
    for raw in text.lines() {
        let line = raw.trim();
        if line.starts_with("```") || line.starts_with("~~~") {
            reader.close();
            fence = !fence;
        } else if fence || line.starts_with(['|', '>']) || !line.chars().any(char::is_alphanumeric) {
            reader.close();
        } else if let Some(title) = title(line) {
            reader.close();
            let level = line.chars().take_while(|c| *c == '#').count();
            reader.path.retain(|(l, _)| *l < level);
            reader.path.push((level, tidy(title)));
            reader.enter();
            if !reader.place.quote.is_empty() && reader.place.quote == tidy(title) {
                reader.out.jobs.push(reader.place.clone());
            }
        } else if let Some(item) = item(line) {
            reader.close();
            reader.open = Some((true, item.to_owned()));
        } else if reader.open.is_none() && reader.place.dates(line, line) {
            let place = reader.place.clone();
            if let Some(job) = reader.out.jobs.last_mut().filter(|job| job.quote == place.quote) {
                *job = place;
            }
        } else {
            match &mut reader.open {
                // `Email: …` under `Phone: …` are two lines, not a sentence.
                Some((_, open)) if key_value(line).is_none_or(|(key, _)| key == "Rule") => {
                    open.push(' ');
                    open.push_str(line);
                }
                _ => {
                    reader.close();
                    reader.open = Some((false, line.to_owned()));
                }
            }
        }
    }
    reader.close();
    reader.out
}

fn title(line: &str) -> Option<&str> {
    let rest = line.trim_start_matches('#');
    let level = line.len() - rest.len();
    ((1..=6).contains(&level) && rest.starts_with(' ')).then(|| rest.trim().trim_end_matches('#').trim())
}

fn item(line: &str) -> Option<&str> {
    if let Some(rest) = line.strip_prefix(['-', '*', '+', '•', '–']).and_then(|r| r.strip_prefix(' ')) {
        return Some(rest.trim());
    }
    let digits = line.chars().take_while(char::is_ascii_digit).count();
    (1..=3)
        .contains(&digits)
        .then(|| line[digits..].strip_prefix(['.', ')']).and_then(|r| r.strip_prefix(' ')).map(str::trim))
        .flatten()
}

/// `Label: value` with a short label.
pub(super) fn key_value(line: &str) -> Option<(&str, &str)> {
    let (key, value) = line.split_once(": ")?;
    (count(key) <= 4 && key.starts_with(char::is_uppercase) && !key.contains(['.', ',', '"', '“']))
        .then(|| (key.trim(), value.trim()))
}

impl Reader {
    fn enter(&mut self) {
        let path: Vec<&str> = self.path.iter().map(|(_, h)| h.as_str()).collect();
        let before = std::mem::take(&mut self.place);
        self.place = Place::of(&path);
        // A heading below the job's own (`Achievements`) keeps its dates.
        if self.place.quote == before.quote && self.place.from.is_empty() {
            self.place.from = before.from;
            self.place.to = before.to;
            self.place.dates_quote = before.dates_quote;
        }
    }

    fn close(&mut self) {
        let Some((bullet, text)) = self.open.take() else { return };
        if self.place.section == Section::Skip {
            return;
        }
        let text = tidy(&text);
        let mut label = String::new();
        let mut rest = text.as_str();
        if let Some((key, value)) = key_value(&text).filter(|(key, _)| bullet && !key.contains('[')) {
            if matches!(self.place.section, Section::Prose | Section::About) && key != "Rule" {
                return;
            }
            if matches!(self.place.section, Section::Skills | Section::Languages) {
                key.clone_into(&mut label);
                rest = value;
            }
        } else if !bullet && key_value(&text).is_some_and(|(key, _)| key != "Rule") {
            return;
        }
        let mut run: Vec<String> = Vec::new();
        for sentence in sentences(rest) {
            if count(sentence) > MAX_WORDS || unusable(sentence) {
                self.push(&mut run, &label, bullet);
            } else if label.is_empty()
                && run.is_empty()
                && bullet
                && self.place.section == Section::Projects
                && count(sentence) <= 4
            {
                sentence.split(['(', '.', ',']).next().unwrap_or_default().trim().clone_into(&mut label);
            } else {
                run.push(sentence.to_owned());
            }
        }
        self.push(&mut run, &label, bullet);
    }

    fn push(&mut self, run: &mut Vec<String>, label: &str, bullet: bool) {
        let sentences = std::mem::take(run);
        if !sentences.is_empty() {
            self.out.units.push(Unit { place: self.place.clone(), label: label.to_owned(), sentences, bullet });
        }
    }
}

/// Sentences with placeholders, links, code or table remains are left alone.
fn unusable(sentence: &str) -> bool {
    sentence.contains(['[', ']', '`', '|', '<', '>', '{', '}', '\\', '@', '_', '\u{fffd}'])
        || sentence.contains("://")
        || sentence.contains("www.")
}

const ABBREVIATIONS: &[&str] = &[
    "e.g", "i.e", "dr", "mr", "mrs", "ms", "prof", "st", "no", "vs", "approx", "inc", "ltd", "co", "corp", "etc",
    "fig", "jr", "sr",
];

/// Cuts a paragraph at its closing marks.
pub(super) fn sentences(text: &str) -> Vec<&str> {
    let mut out = Vec::new();
    let mut start = 0;
    let mut chars = text.char_indices().peekable();
    while let Some((i, c)) = chars.next() {
        if !matches!(c, '.' | '!' | '?') {
            continue;
        }
        let mut end = i + c.len_utf8();
        while let Some((at, mark)) =
            chars.peek().copied().filter(|(_, m)| matches!(m, '.' | '!' | '?' | '"' | '”' | ')' | '\''))
        {
            end = at + mark.len_utf8();
            chars.next();
        }
        let word =
            text[start..i].rsplit(|c: char| c.is_whitespace() || c == '(').next().unwrap_or_default().to_lowercase();
        let abbreviated = c == '.'
            && (ABBREVIATIONS.contains(&word.as_str())
                || (word.chars().count() == 1 && word.chars().all(char::is_alphabetic) && word != "i"));
        let mut after = text[end..].chars();
        let parted = after.next().is_some_and(char::is_whitespace)
            && after.find(|c| !c.is_whitespace()).is_some_and(|c| !c.is_lowercase());
        if parted && !abbreviated {
            out.push(text[start..end].trim());
            start = end;
        }
    }
    out.push(text[start..].trim());
    out.retain(|s| s.chars().any(char::is_alphanumeric));
    out
}
