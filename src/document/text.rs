//! Plain text, read the way people lay out text: blank lines, capitals, rules under headings, bullets.

use super::builder::Builder;
use super::inline::{self, Line, Unit};
use super::label;

/// A line at least this long was broken by the margin, not by the author.
const FULL_LINE_CHARS: usize = 50;

/// The longest line of capitals that is a heading.
const MAX_HEADING_CHARS: usize = 60;

/// Reads plain text.
pub(super) fn extract(text: &str) -> Builder {
    let mut reader = Reader::default();
    let mut lines = text.split(['\n', '\u{C}', '\u{2028}', '\u{2029}']).peekable();
    while let Some(line) = lines.next() {
        let words = line.trim();
        let next = lines.peek().map_or("", |line| line.trim());
        if words.is_empty() || rule(words).is_some() {
            reader.flush();
        } else if let Some(level) = heading(words, next, reader.is_fresh(), reader.titled) {
            reader.heading(level, words.trim_start_matches('#'));
        } else if let Some((marker, rest)) = bullet(words) {
            reader.item(width(line), marker, rest);
        } else {
            reader.line(width(line), words);
        }
    }
    reader.flush();
    reader.out
}

#[derive(Default)]
struct Reader {
    out: Builder,
    lines: Vec<Line>,
    /// The item being read: its depth, marker and words.
    item: Option<(usize, String, String)>,
    /// Columns of the markers of the items around the next line.
    columns: Vec<usize>,
    /// Whether the document has its title.
    titled: bool,
}

impl Reader {
    fn heading(&mut self, level: u8, words: &str) {
        self.flush();
        self.columns.clear();
        self.titled |= level == 1;
        self.out.heading(level, words);
    }

    fn item(&mut self, column: usize, marker: String, words: &str) {
        self.flush();
        while self.columns.last().is_some_and(|last| *last > column) {
            self.columns.pop();
        }
        if self.columns.last() != Some(&column) {
            self.columns.push(column);
        }
        self.item = Some((self.columns.len() - 1, marker, words.to_owned()));
    }

    fn line(&mut self, column: usize, words: &str) {
        if let Some((_, _, item)) = &mut self.item {
            // Under the item's words, or broken in the middle of a sentence.
            let within = self.columns.last().is_some_and(|marker| column > *marker);
            if label::label(words).is_none() && (within || words.starts_with(char::is_lowercase)) {
                item.push(' ');
                item.push_str(words);
                return;
            }
            self.flush();
        }
        if self.columns.last().is_some_and(|marker| column <= *marker) {
            self.columns.clear();
        }
        let hard = self.lines.last().is_none_or(|last| last.text.chars().nth(FULL_LINE_CHARS).is_none());
        self.lines.push(Line { text: words.to_owned(), hard, bold: 0 });
    }

    fn flush(&mut self) {
        if let Some((depth, marker, words)) = self.item.take() {
            self.out.item(depth, 2 * depth, &marker, &words);
        }
        for unit in inline::units(std::mem::take(&mut self.lines)) {
            match unit {
                Unit::KeyValue { key, line } => self.out.key_value(0, &key, &line),
                Unit::Row(row) => self.out.row_as_written(&row),
                Unit::Words(words) => self.out.paragraph(0, "", &words),
            }
        }
    }

    /// Whether the next line begins a block.
    fn is_fresh(&self) -> bool {
        self.lines.is_empty() && self.item.is_none()
    }
}

/// The level of a heading: `#` marks, a rule below, or capitals alone at the start of a block.
fn heading(words: &str, next: &str, fresh: bool, titled: bool) -> Option<u8> {
    let marks = words.bytes().take_while(|byte| *byte == b'#').count();
    if (1..=6).contains(&marks) && words[marks..].starts_with(' ') {
        return u8::try_from(marks).ok();
    }
    let short = words.chars().nth(MAX_HEADING_CHARS).is_none();
    if !short || bullet(words).is_some() {
        return None;
    }
    if let Some(mark) = rule(next) {
        return Some(if mark == '=' { 1 } else { 2 });
    }
    let letters = words.chars().filter(|c| c.is_alphabetic()).count();
    let capitals = letters >= 4
        && words.chars().all(|c| c.is_uppercase() || matches!(c, ' ' | '&' | '-' | '/' | '\'' | '’' | '(' | ')' | ':'));
    (fresh && capitals && label::label(words).is_none()).then_some(if titled { 2 } else { 1 })
}

/// Whether a character at the start of a line can be nothing but the mark of an item.
pub(super) fn is_bullet(c: char) -> bool {
    matches!(c, '•' | '‣' | '▪' | '◦' | '●' | '○' | '■' | '\u{F0B7}' | '\u{F0A7}')
}

/// The character that a line of nothing else repeats.
fn rule(words: &str) -> Option<char> {
    let first = words.chars().next().filter(|c| matches!(c, '=' | '-' | '_' | '~' | '*' | '–' | '—' | '─' | '═'))?;
    (words.chars().all(|c| c == first) && words.chars().nth(2).is_some()).then_some(first)
}

/// A marker as Markdown writes it, and the words after it.
fn bullet(words: &str) -> Option<(String, &str)> {
    let mut rest = words.chars();
    if matches!(rest.next()?, '-' | '*' | '•' | '–' | '·' | '‣' | '▪' | '◦' | '●' | '○' | '■' | '\u{F0B7}')
    {
        let after = rest.as_str();
        // A bullet may touch its word; a dash or an asterisk that does is part of it.
        let spaced = after.starts_with(char::is_whitespace) || !words.starts_with(['-', '*', '–', '·']);
        let item = after.trim_start();
        return (spaced && !item.is_empty()).then(|| ("-".to_owned(), item));
    }
    let open = words.strip_prefix('(').unwrap_or(words);
    let digits = open.bytes().take_while(u8::is_ascii_digit).count();
    let after = open.get(digits..)?;
    let item = after.strip_prefix([')', '.'])?;
    let numbered = (1..=3).contains(&digits) && item.starts_with(char::is_whitespace) && !item.trim().is_empty();
    numbered.then(|| (format!("{}.", &open[..digits]), item.trim_start()))
}

/// The column of a line's first word; a tab counts as four.
fn width(line: &str) -> usize {
    line.chars().take_while(|c| c.is_whitespace()).map(|c| if c == '\t' { 4 } else { 1 }).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(source: &str, expected: &str) {
        assert_eq!(extract(source).finish().0, expected);
    }

    #[test]
    fn headings() {
        check(
            "JO DOE\n\nWORK HISTORY\nShe sailed.\n\nSkills\n------\nKnots\n",
            "# JO DOE\n\n## WORK HISTORY\n\nShe sailed.\n\n## Skills\n\nKnots\n",
        );
        check("KY3 0ZZ\n\nSQL, AWS\n\nNASA said\n", "KY3 0ZZ\n\nSQL, AWS\n\nNASA said\n");
        check("Title\n=====\ntext\n\n----\n\n## Sub\nmore", "# Title\n\ntext\n\n## Sub\n\nmore\n");
    }

    #[test]
    fn items() {
        check(
            "• one\n  goes on\n• two\n    - inner\n    – inner\n* three\nbroken here\n\n1) first\n2. second\n\n-- Jo\n",
            "- one goes on\n- two\n  - inner\n  - inner\n- three broken here\n1. first\n2. second\n\n-- Jo\n",
        );
        check("-5 degrees\n*starred* words\n2019. A year\n", "-5 degrees\n*starred* words\n2019. A year\n");
    }

    #[test]
    fn labels_and_lines() {
        check(
            "Jo Doe\nEmail: jo@e.example\ntel:+44 1\n\n2 Quay\nLeith\n",
            "Jo Doe\n\nEmail: jo@e.example\ntel:+44 1\n\n2 Quay\nLeith\n",
        );
        check("Nights:\n| a | b |\n| c | d |\n", "Nights:\n\n| a | b |\n| c | d |\n");
    }

    #[test]
    fn wrapped_lines_join() {
        let long = "words that were broken by the margin of the editor and";
        check(
            &format!("{long}\nthat go on here.\n\nNew   block\there\n"),
            &format!("{long} that go on here.\n\nNew block here\n"),
        );
    }
}
