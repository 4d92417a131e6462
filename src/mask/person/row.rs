//! Where on the page a run stands: in which section, in a row with a period, within a title, behind a quotation.

use super::class::Class;
use super::{Sight, position};
use crate::mask::lexicon::{Flags, LEXICON};
use crate::mask::page::Cues;
use crate::mask::words::Gap;

/// How many lines above a run its heading may stand.
const SECTION: usize = 40;

/// How many bytes a row of a document may have besides the run.
pub(super) const WIDEST: usize = 320;

impl Sight<'_> {
    /// What the place of a run in its row is worth: employers and schools begin rows with periods, and works, roles and
    /// ships the rows of their sections.
    pub(super) fn row(&self, start: usize, end: usize, head: &str, tail: &str) -> f32 {
        // Rows are short; prose is not.
        if head.len() + tail.len() > WIDEST {
            return 0.0;
        }
        // `Lady Beatrice (60 m)`: the title belongs to what it is before.
        let title = start > 0 && self.flags[start - 1].any(Flags::HONORIFIC);
        let bare = if title { head.trim_end().trim_end_matches(char::is_alphabetic) } else { head };
        let begins = !bare.contains(char::is_alphabetic);
        let field = head.trim_end_matches([' ', '*', '_']);
        let cell = !begins && (field.ends_with("..") || field.ends_with(['|', '…', '\t']));
        if !begins && !cell {
            return 0.0;
        }
        let number = self.page.line_at(self.words[start].start());
        let line = &self.page.lines()[number];
        let row = &self.text[line.start..line.end];
        let section = self.section(number);
        if section.any(Flags::WORKS) {
            return match (begins, title) {
                (true, true) => -0.7,
                (true, false) => -0.45,
                _ => -0.3,
            };
        }
        if cell {
            return 0.0;
        }
        // Who is named with what they are is a person all the same.
        let next = self.words.get(end).filter(|word| word.start() < line.end);
        let role = next.is_some_and(|_| self.flags[end].any(Flags::JOB.or(Flags::ROLE).or(Flags::SUFFIX)));
        if role || self.near_top(line.start) {
            return 0.0;
        }
        let parted = tail.is_empty() || tail.starts_with([',', '\t', '|', ';', ':']) || {
            [" –", " —", " -", " (", " |", " ·", " •", "  "].iter().any(|sign| tail.starts_with(sign))
        };
        let mut worth = 0.0;
        if parted && line.cues.has(Cues::DIGIT) && has_period(row) {
            worth -= 0.25;
        }
        if parted && section.any(Flags::POSTS) {
            worth -= 0.2;
        }
        worth
    }

    /// Whether the head of the column that the word at `start` stands in says that it holds names.
    pub(super) fn in_a_column_of_names(&self, start: usize) -> bool {
        let number = self.page.line_at(self.words[start].start());
        let lines = self.page.lines();
        let row = |at: usize| &self.text[lines[at].start..lines[at].end];
        let sign = if row(number).contains('|') { '|' } else { '\t' };
        let column = self.text[lines[number].start..self.words[start].start()].matches(sign).count();
        let mut top = number;
        while top > 0 && number - top < 30 && row(top - 1).contains(sign) {
            top -= 1;
        }
        // Two cells are a key and its value.
        let cells = row(top).split(sign).filter(|cell| cell.contains(char::is_alphabetic)).count();
        top < number
            && cells > 2
            && !row(top).contains(|c: char| c.is_ascii_digit())
            && row(number).matches(sign).count() == row(top).matches(sign).count()
            && row(top).split(sign).nth(column).is_some_and(|head| {
                let head = head.trim_matches([' ', '*', '_', '"', ':']);
                !head.is_empty() && head.len() < 40 && position::is_person_label(head)
            })
    }

    /// What the heading above line `number` says of the rows below it.
    pub(super) fn section(&self, number: usize) -> Flags {
        let lines = &self.page.lines()[..number];
        for line in lines.iter().rev().take(SECTION) {
            let length = line.end - line.start;
            if !(3..=56).contains(&length) || line.cues.has(Cues::AT) {
                continue;
            }
            let row = self.text[line.start..line.end].trim();
            if row.contains([',', '.', '|', ';', '?'])
                || row.starts_with(['-', '•', '·', '"']) && !row.starts_with("--")
            {
                continue;
            }
            let first = self.words.partition_point(|word| word.start() < line.start);
            let words = || self.words[first..].iter().take_while(|word| word.start() < line.end);
            let count = words().count();
            if !(1..=6).contains(&count) {
                continue;
            }
            let kind = words().map(|word| LEXICON.word(word.hash)).fold(Flags::default(), |all, flags| {
                let kept = if flags.any(Flags::WORKS) { Flags::WORKS } else { Flags::default() };
                all.or(if flags.any(Flags::POSTS) { Flags::POSTS } else { kept })
            });
            let marked = row.starts_with(['#', '*', '=', '[']) || row.ends_with(':') || row.ends_with("--");
            let shouted = words().all(|word| word.shouted || word.letters == 1);
            let capital = words().next().is_some_and(|word| word.capital);
            if kind != Flags::default() && (marked || shouted || (capital && count <= 3 && !line.cues.has(Cues::DIGIT)))
            {
                return kind;
            }
            if (marked && !row.ends_with(':')) || (shouted && words().any(|word| word.letters > 3)) {
                return Flags::default();
            }
        }
        Flags::default()
    }

    /// `Phys. Rev. Lett.`: one short word with its stop behind another.
    pub(super) fn abbreviated(&self, start: usize, end: usize) -> bool {
        let (first, last) = (&self.words[start], end - 1);
        let Some(at) = start.checked_sub(1) else { return false };
        let before = &self.words[at];
        first.letters <= 5
            && self.dotted(last)
            && first.gap == Gap::Dot
            && (2..=6).contains(&before.letters)
            && before.capital
            // `Phys. Rev. Lett.`, but `the Rev. Lett`.
            && (!self.flags[at].any(Flags::HONORIFIC)
                || (before.gap == Gap::Dot && at > 0 && (3..=6).contains(&self.words[at - 1].letters)))
            && !matches!(self.classes[at], Class::Given | Class::Surname | Class::WeakSurname)
    }

    /// `"She ships." (Quill)`, `“She ships.” — Quill`: whose words those were.
    pub(super) fn quoted_by(&self, start: usize, line: usize, tail: &str) -> bool {
        let head = &self.text[line..self.words[start].start()];
        let ends = tail.is_empty() || tail.starts_with([')', ',', ';', '.', ':', '(']) || tail.starts_with(" (");
        if !ends {
            return false;
        }
        let closes = |text: &str| {
            let text = text.trim_end();
            text.strip_suffix(['.', ',']).unwrap_or(text).ends_with(['"', '”', '»', '“', '’', '›']) && text.len() > 8
        };
        if let Some(rest) = head.strip_suffix('(') {
            return closes(rest);
        }
        let bare = head.trim_end_matches(' ');
        let rest = bare.trim_end_matches(['—', '–', '-', '―', '~']);
        if rest.len() == bare.len() {
            return false;
        }
        if rest.contains(char::is_alphanumeric) {
            return closes(rest);
        }
        // On the line below the quotation.
        let above = self.text[..line].trim_end();
        closes(&above[above.rfind('\n').map_or(0, |at| at + 1)..])
    }

    /// `"Salt for Eleanor"`: the run is within a title in quotes or in italics, not within what somebody says.
    pub(super) fn titled(&self, start: usize, end: usize, head: &str, tail: &str) -> bool {
        if head.len() > WIDEST || !head.contains(['"', '„', '«', '“', '*', '_', '‘']) {
            return false;
        }
        const PAIRS: &[(char, &[char])] = &[
            ('"', &['"']),
            ('„', &['“', '”']),
            ('“', &['”']),
            ('«', &['»']),
            ('‘', &['’']),
            ('*', &['*']),
            ('_', &['_']),
        ];
        PAIRS.iter().any(|(open, close)| {
            let inner = match open {
                // Marks that open and close: an odd number of them is open.
                '"' | '*' | '_' => (head.matches(*open).count() % 2 == 1).then(|| head.rfind(*open)).flatten(),
                _ => head.rfind(*open).filter(|at| !head[*at..].contains(*close)),
            };
            let Some(at) = inner else { return false };
            let inner = &head[at + open.len_utf8()..];
            let Some(stop) = tail.find(*close) else { return false };
            let behind = &tail[..stop];
            // Bold text and whole sentences are no titles.
            let bold = *open == '*' && (head[..at].ends_with('*') || tail[stop..].starts_with("**"));
            let said = [inner, behind].iter().any(|part| part.contains(['.', '!', '?', ';', '…']));
            let number =
                self.words[..start].partition_point(|word| word.start() < self.words[start].start() - inner.len());
            let words = start - number + tail_words(behind) + (end - start);
            let verb = (number..start).any(|at| self.flags[at].any(Flags::VERB) && !self.words[at].capital)
                || self.words[end..]
                    .iter()
                    .zip(&self.flags[end..])
                    .take(tail_words(behind))
                    .any(|(word, flags)| flags.any(Flags::VERB) && !word.capital);
            let begins = inner.chars().next().is_none_or(|c| c.is_uppercase() || c.is_ascii_digit());
            !bold && !said && !verb && begins && (2..=8).contains(&words) && words > end - start
        })
    }
}

fn tail_words(text: &str) -> usize {
    text.split_whitespace().filter(|word| word.contains(char::is_alphabetic)).count()
}

/// `2010 – 2015`, `2019–`, `03/2019 - now`: a year with a dash beside it.
fn has_period(row: &str) -> bool {
    let bytes = row.as_bytes();
    let dash = |text: &str, end: bool| {
        let text = text.trim_matches([' ', '/', '.', '\'']);
        let text = text.trim_matches(|c: char| c.is_ascii_digit() || c == '/' || c == '.' || c == ' ');
        if end { text.ends_with(['-', '–', '—']) } else { text.starts_with(['-', '–', '—']) }
    };
    let mut at = 0;
    while at + 4 <= bytes.len() {
        let century = matches!(&bytes[at..at + 2], b"19" | b"20");
        let year = century
            && bytes[at + 2..at + 4].iter().all(u8::is_ascii_digit)
            && !at.checked_sub(1).and_then(|at| bytes.get(at)).is_some_and(u8::is_ascii_digit)
            && !bytes.get(at + 4).is_some_and(u8::is_ascii_digit);
        if year {
            return dash(&row[..at], true) || dash(&row[at + 4..], false);
        }
        at += 1;
    }
    false
}
