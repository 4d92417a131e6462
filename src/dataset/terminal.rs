//! Text that fits a terminal and cannot steer it.
//!
//! Widths are those of the East Asian width property, one character after the other, so that a joined emoji may be
//! taken for wider than it is, but no line for narrower.

use std::ops::Range;

use unicode_width::UnicodeWidthChar;

/// Marks that may stand on one letter; more are left out, or a cell could grow into the lines around it.
const MARKS: usize = 4;

/// The columns that a character takes.
pub(super) fn width_of(c: char) -> usize {
    c.width().unwrap_or(0)
}

/// The columns that a text takes.
pub(super) fn width(text: &str) -> usize {
    text.chars().map(width_of).sum()
}

/// The character as it may go to a terminal: what steers it, or turns the direction of writing, is a dot.
pub(super) const fn harmless(c: char) -> char {
    match c {
        '\u{200e}' | '\u{200f}' | '\u{61c}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => '·',
        '\u{2028}' | '\u{2029}' => ' ',
        '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}' => '·',
        c => c,
    }
}

/// A text on one line of at most so many columns: white space is one space, what does not fit is `…`.
pub(super) fn fit(text: &str, columns: usize) -> String {
    let (mut out, mut used, mut marks) = (String::new(), 0, 0);
    // Where to cut when it turns out that not all fits.
    let mut cut = 0;
    let mut space = false;
    for c in text.chars() {
        if c.is_whitespace() {
            space = !out.is_empty();
            continue;
        }
        let c = harmless(c);
        let wide = width_of(c) + usize::from(space);
        marks = if width_of(c) == 0 { marks + 1 } else { 0 };
        if marks > MARKS {
            continue;
        }
        if used + wide > columns {
            out.truncate(cut);
            if columns > 0 {
                out.push('…');
            }
            return out;
        }
        if std::mem::take(&mut space) {
            out.push(' ');
        }
        out.push(c);
        used += wide;
        if used < columns {
            cut = out.len();
        }
    }
    out
}

/// [`fit`], filled up with spaces.
pub(super) fn cell(text: &str, columns: usize) -> String {
    let mut out = fit(text, columns);
    let missing = columns.saturating_sub(width(&out));
    out.extend(std::iter::repeat_n(' ', missing));
    out
}

/// Breaks a text into lines of at most so many columns, between words where that is possible. Its own line breaks
/// stay. What lies in `mark` (bytes) stands between `around.0` and `around.1` on each of its lines.
pub(super) fn wrap(text: &str, mark: &Range<usize>, columns: usize, around: (&str, &str)) -> Vec<String> {
    let columns = columns.max(8);
    let mut lines: Vec<Vec<(char, bool)>> = vec![];
    let (mut line, mut used, mut marks): (Vec<(char, bool)>, usize, usize) = (vec![], 0, 0);
    for (at, c) in text.char_indices() {
        let marked = mark.contains(&at);
        match c {
            '\r' if text[at..].starts_with("\r\n") => continue,
            '\n' => {
                lines.push(std::mem::take(&mut line));
                used = 0;
                continue;
            }
            '\t' => {
                for _ in 0..4 - used % 4 {
                    line.push((' ', marked));
                    used += 1;
                }
                continue;
            }
            _ => {}
        }
        let c = harmless(c);
        let wide = width_of(c);
        marks = if wide == 0 { marks + 1 } else { 0 };
        if marks > MARKS {
            continue;
        }
        if used + wide > columns {
            // Whole words move to the next line; one that is longer than a line is cut.
            let word = line.iter().rposition(|(c, _)| *c == ' ').map_or(0, |space| space + 1);
            let moved = if c == ' ' || word == 0 { vec![] } else { line.split_off(word) };
            lines.push(std::mem::replace(&mut line, moved));
            used = line.iter().map(|(c, _)| width_of(*c)).sum();
            if c == ' ' {
                continue;
            }
        }
        line.push((c, marked));
        used += wide;
    }
    lines.push(line);
    lines.into_iter().map(|line| dress(&line, around)).collect()
}

fn dress(line: &[(char, bool)], (open, close): (&str, &str)) -> String {
    let end = line.iter().rposition(|(c, _)| *c != ' ').map_or(0, |last| last + 1);
    let mut out = String::new();
    let mut inside = false;
    for (c, marked) in &line[..end] {
        if *marked != inside {
            out.push_str(if *marked { open } else { close });
            inside = *marked;
        }
        out.push(*c);
    }
    if inside {
        out.push_str(close);
    }
    out
}

/// Numbers as people write them: `12,345`.
pub(super) use crate::report::thousands;

/// A count with its noun.
pub(super) fn counted(number: u64, noun: &str) -> String {
    format!("{} {noun}{}", thousands(number), if number == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_fit() {
        let check = |text: &str, columns: usize, expected: &str| {
            let got = fit(text, columns);
            assert_eq!(got, expected, "{text:?} in {columns}");
            assert!(width(&got) <= columns);
        };
        check("  one\n two\t", 10, "one two");
        check("abcdef", 6, "abcdef");
        check("abcdefg", 6, "abcde…");
        check("日本語です", 6, "日本…"); // three wide characters are 6 columns, two and the dots 5
        check("日本語", 6, "日本語");
        check("a\u{1b}[2J\u{9b}b\u{202e}", 20, "a·[2J·b·");
        check("e\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}x", 2, "e\u{301}\u{301}\u{301}\u{301}x");
        check("abc", 0, "");
        check("", 3, "");
        assert_eq!(cell("日", 4), "日  ");
    }

    #[test]
    fn lines_break_between_words() {
        let check = |text: &str, mark: Range<usize>, expected: &[&str]| {
            assert_eq!(wrap(text, &mark, 10, ("[", "]")), expected, "{text:?}");
        };
        check("one two three four", 0..0, &["one two", "three four"]);
        check("abcdefghijklmn op", 0..0, &["abcdefghij", "klmn op"]);
        check("a\n\nb", 0..0, &["a", "", "b"]);
        check("one two three four", 4..13, &["one [two]", "[three] four"]);
        check("日本語日本語", 0..0, &["日本語日本", "語"]);
        check("\u{1b}[31mred", 0..0, &["·[31mred"]);
        check("", 0..0, &[""]);
    }
}
