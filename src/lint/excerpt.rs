//! The words around a defect, with personal data masked before anything is kept.

use std::ops::Range;

use crate::mask;

/// Characters shown before and after the mark.
const AROUND: usize = 48;
/// Characters shown of the mark itself.
const MARKED: usize = 96;
/// Bytes looked at on each side: enough for detectors, bounded for very long fields.
const WINDOW: usize = 4096;

/// A masked piece of a field: what comes before the defect, the defect, what follows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Excerpt {
    /// Words before.
    pub before: String,
    /// The defect itself.
    pub marked: String,
    /// Words after.
    pub after: String,
}

impl Excerpt {
    /// Cuts an excerpt out of a field. The range is in bytes and may be off: it is moved to whole characters.
    #[must_use]
    pub fn around(text: &str, range: Range<usize>) -> Self {
        let window = floor(text, range.start.saturating_sub(WINDOW))..floor(text, range.end.saturating_add(WINDOW));
        let text = &text[window.clone()];
        let mut start = floor(text, range.start.saturating_sub(window.start));
        let mut end = floor(text, range.end.saturating_sub(window.start)).max(start);
        let spans = spans(text);
        // A value is never cut in two: half of it would not be recognised.
        for (span, _) in &spans {
            if span.start < start && start < span.end {
                start = span.start;
            }
            if span.start < end && end < span.end {
                end = span.end;
            }
        }
        Self {
            before: tail(&redact(text, 0..start, &spans), AROUND),
            marked: head(&redact(text, start..end, &spans), MARKED),
            after: head(&redact(text, end..text.len(), &spans), AROUND),
        }
    }
}

/// A short text with every detected value replaced by its kind.
pub(super) fn masked(text: &str) -> String {
    head(&redact(text, 0..text.len(), &spans(text)), MARKED)
}

/// Detected values in text order, without overlaps.
fn spans(text: &str) -> Vec<(Range<usize>, String)> {
    let mut found: Vec<_> = mask::scan(text).into_iter().map(|s| (s.range, format!("[{}]", s.entity.stem()))).collect();
    found.sort_by_key(|(range, _)| (range.start, std::cmp::Reverse(range.end)));
    let mut merged: Vec<(Range<usize>, String)> = vec![];
    for (range, label) in found {
        match merged.last_mut() {
            Some((last, _)) if range.start < last.end => last.end = last.end.max(range.end),
            _ => merged.push((range, label)),
        }
    }
    merged
}

fn redact(text: &str, part: Range<usize>, spans: &[(Range<usize>, String)]) -> String {
    let mut out = String::new();
    let mut at = part.start;
    for (span, label) in spans.iter().filter(|(span, _)| span.start >= part.start && span.end <= part.end) {
        out.push_str(text.get(at..span.start).unwrap_or_default());
        out.push_str(label);
        at = span.end;
    }
    out.push_str(text.get(at..part.end).unwrap_or_default());
    out.chars().map(printable).collect()
}

/// One line, and nothing that could steer a terminal.
pub(super) fn printable(c: char) -> char {
    match c {
        '\n' | '\r' | '\t' | '\u{2028}' | '\u{2029}' => ' ',
        '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => '·',
        '\u{ad}' | '\u{200b}'..='\u{200d}' | '\u{2060}'..='\u{2064}' | '\u{feff}' => '·',
        '\u{e000}'..='\u{f8ff}' | '\u{f0000}'..='\u{10ffff}' => '·',
        c if c.is_control() => '·',
        c => c,
    }
}

fn head(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((cut, _)) => format!("{}…", &text[..cut]),
        None => text.to_owned(),
    }
}

fn tail(text: &str, most: usize) -> String {
    match text.char_indices().rev().nth(most.saturating_sub(1)) {
        Some((cut, _)) if cut > 0 => format!("…{}", &text[cut..]),
        _ => text.to_owned(),
    }
}

/// The last character boundary at or before a byte.
fn floor(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, range: Range<usize>, expected: (&str, &str, &str)) {
        let got = Excerpt::around(text, range);
        assert_eq!((got.before.as_str(), got.marked.as_str(), got.after.as_str()), expected);
    }

    #[test]
    fn personal_data_is_masked_on_every_side() {
        let text = "ask a.person@example.com or b.person@example.com today";
        check(text, 28..48, ("ask [EMAIL] or ", "[EMAIL]", " today"));
        // A mark that cuts a value grows to hold all of it.
        check(text, 10..12, ("ask ", "[EMAIL]", " or [EMAIL] today"));
        assert_eq!(masked("id-of a.person@example.com"), "id-of [EMAIL]");
    }

    #[test]
    fn odd_ranges_and_controls_are_harmless() {
        check("añb\u{1b}[2J", 2..99, ("a", "ñb·[2J", ""));
        check("", 5..9, ("", "", ""));
        let long = "x".repeat(500);
        let got = Excerpt::around(&long, 200..400);
        assert_eq!((got.before.chars().count(), got.marked.chars().count()), (AROUND + 1, MARKED + 1));
    }
}
