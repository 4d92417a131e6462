//! A text cut into lines, with what each line holds: which recognizers are worth running on it.
//!
//! Thirty patterns over a whole text are what makes maskers slow. One pass over the bytes tells that most lines have
//! no `@`, few digits and no colon, and every recognizer asks only for the lines that can hold what it looks for.

use std::cell::OnceCell;
use std::ops::Range;

use regex::{Match, Regex};

use super::recognizer::anchor::{Anchor, anchors};
use super::words::{Word, words_in};

/// Properties of a line, as bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Cues(u16);

impl Cues {
    /// `@`.
    pub(crate) const AT: Self = Self(1);
    /// `:` or `=`.
    pub(crate) const COLON: Self = Self(1 << 1);
    /// `/`.
    pub(crate) const SLASH: Self = Self(1 << 2);
    /// `.`.
    pub(crate) const DOT: Self = Self(1 << 3);
    /// An ASCII digit.
    pub(crate) const DIGIT: Self = Self(1 << 4);
    /// `A` to `Z`.
    pub(crate) const CAPITAL: Self = Self(1 << 5);
    /// Any byte past ASCII.
    pub(crate) const WIDE: Self = Self(1 << 6);
    /// An opening bracket of any kind.
    pub(crate) const BRACKET: Self = Self(1 << 7);
    /// `-` or `_`.
    pub(crate) const DASH: Self = Self(1 << 8);
    /// Anything at all.
    pub(crate) const ANY: Self = Self(1 << 9);

    const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether all of `wanted` are there.
    pub(crate) const fn has(self, wanted: Self) -> bool {
        self.0 & wanted.0 == wanted.0
    }
}

impl std::ops::BitOr for Cues {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        self.and(other)
    }
}

/// What a byte says about its line.
static CLASS: [u16; 256] = {
    let mut table = [Cues::ANY.0; 256];
    let mut byte = 0;
    while byte < 256 {
        #[expect(clippy::cast_possible_truncation, reason = "below 256")]
        let cue = match byte as u8 {
            b'@' => Cues::AT,
            b':' | b'=' => Cues::COLON,
            b'/' => Cues::SLASH,
            b'.' => Cues::DOT,
            b'0'..=b'9' => Cues::DIGIT,
            b'A'..=b'Z' => Cues::CAPITAL,
            b'(' | b'[' | b'{' | b'<' => Cues::BRACKET,
            b'-' | b'_' => Cues::DASH,
            0x80.. => Cues::WIDE,
            _ => Cues(0),
        };
        table[byte] |= cue.0;
        byte += 1;
    }
    table
};

/// One line, without its line end.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    /// First byte.
    pub(crate) start: usize,
    /// Byte of the line end.
    pub(crate) end: usize,
    /// What is in it.
    pub(crate) cues: Cues,
    /// How many ASCII digits, and characters past ASCII, which may be digits of other scripts.
    pub(crate) digits: u32,
}

/// A text and its lines.
#[derive(Debug)]
pub(crate) struct Page<'t> {
    text: &'t str,
    lines: Vec<Line>,
    /// Whether every line says what it holds.
    whole: bool,
    words: OnceCell<Vec<Word>>,
    anchors: OnceCell<Vec<Anchor>>,
}

impl<'t> Page<'t> {
    /// Reads the lines of `text`. Linear, one pass.
    pub(crate) fn new(text: &'t str) -> Self {
        let bytes = text.as_bytes();
        let mut lines = Vec::with_capacity(bytes.len() / 48 + 1);
        let mut start = 0;
        for line in bytes.split(|byte| *byte == b'\n') {
            let mut cues = 0;
            let mut digits = 0;
            for byte in line {
                let class = CLASS[usize::from(*byte)];
                cues |= class;
                digits += u32::from(class & (Cues::DIGIT.0 | Cues::WIDE.0) != 0);
            }
            lines.push(Line { start, end: start + line.len(), cues: Cues(cues), digits });
            start += line.len() + 1;
        }
        Self { text, lines, whole: true, words: OnceCell::new(), anchors: OnceCell::new() }
    }

    /// The page of a text in which `changed` has just been blanked. Lines further than [`REACH`](Self::REACH) lines
    /// away from a change say that nothing is in them: they were read before.
    pub(crate) fn near(text: &'t str, changed: &[Range<usize>]) -> Self {
        let mut page = Self::new(text);
        page.whole = false;
        let mut keep = vec![false; page.lines.len()];
        for range in changed {
            let (first, last) = (page.line_at(range.start), page.line_at(range.end));
            keep[first.saturating_sub(Self::REACH)..=(last + Self::REACH).min(page.lines.len() - 1)].fill(true);
        }
        for (line, keep) in page.lines.iter_mut().zip(keep) {
            if !keep {
                line.cues = Cues::default();
                line.digits = 0;
            }
        }
        page
    }

    /// How many lines away from a value something else may be told by it.
    const REACH: usize = 3;

    /// The whole text.
    pub(crate) fn text(&self) -> &'t str {
        self.text
    }

    /// Whether every line says what it holds.
    pub(crate) fn is_whole(&self) -> bool {
        self.whole
    }

    /// Runs of lines that say what they hold, with the line ends between them.
    pub(crate) fn kept(&self, mut take: impl FnMut(Range<usize>)) {
        if self.whole {
            return take(0..self.text.len());
        }
        self.windows(0, |line| line.cues.has(Cues::ANY)).for_each(&mut take);
    }

    /// The words of the lines that say what they hold, read at first use.
    pub(crate) fn words(&self) -> &[Word] {
        self.words.get_or_init(|| {
            let mut all = Vec::new();
            self.kept(|range| words_in(self.text, range, &mut all));
            all
        })
    }

    /// The places where something may begin, in order; found at the first call.
    pub(crate) fn anchors(&self) -> &[Anchor] {
        self.anchors.get_or_init(|| anchors(self))
    }

    /// The lines in order.
    pub(crate) fn lines(&self) -> &[Line] {
        &self.lines
    }

    /// Which line byte `at` is in.
    pub(crate) fn line_at(&self, at: usize) -> usize {
        self.lines.partition_point(|line| line.end < at).min(self.lines.len().saturating_sub(1))
    }

    /// Runs of lines that each satisfy `wanted`, and `below` further lines after each run.
    pub(crate) fn windows(&self, below: usize, wanted: impl Fn(&Line) -> bool) -> impl Iterator<Item = Range<usize>> {
        let mut next = 0;
        std::iter::from_fn(move || {
            while next < self.lines.len() && !wanted(&self.lines[next]) {
                next += 1;
            }
            let first = next;
            if first == self.lines.len() {
                return None;
            }
            while next < self.lines.len() && wanted(&self.lines[next]) {
                next += 1;
            }
            let last = (next - 1 + below).min(self.lines.len() - 1);
            Some(self.lines[first].start..self.lines[last].end)
        })
    }

    /// Matches of `pattern` in the lines that have `cues`, and that begin in one of them.
    pub(crate) fn find<'p>(
        &'p self,
        pattern: &'p Regex,
        wanted: impl Fn(&Line) -> bool + 'p,
    ) -> impl Iterator<Item = Match<'t>> + 'p {
        self.find_below(pattern, 0, wanted)
    }

    /// The same with `below` more lines after each run, for what is written over several lines.
    pub(crate) fn find_below<'p>(
        &'p self,
        pattern: &'p Regex,
        below: usize,
        wanted: impl Fn(&Line) -> bool + 'p,
    ) -> impl Iterator<Item = Match<'t>> + 'p {
        self.windows(below, wanted).flat_map(move |window| Found { text: self.text, pattern, window })
    }
}

struct Found<'t, 'p> {
    text: &'t str,
    pattern: &'p Regex,
    window: Range<usize>,
}

impl<'t> Iterator for Found<'t, '_> {
    type Item = Match<'t>;

    fn next(&mut self) -> Option<Match<'t>> {
        if self.window.start > self.window.end {
            return None;
        }
        let found = self.pattern.find_at(&self.text[..self.window.end], self.window.start)?;
        self.window.start = past(self.text, found.start(), found.end());
        Some(found)
    }
}

/// Where to look on after a match; one character further when it is empty.
fn past(text: &str, start: usize, end: usize) -> usize {
    if end > start {
        return end;
    }
    end + text.get(end..).and_then(|rest| rest.chars().next()).map_or(1, char::len_utf8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_say_what_they_hold() {
        let page = Page::new("ab\na@b 12\n\nÉ");
        let lines: Vec<_> = page.lines().iter().map(|line| (line.start, line.end, line.digits)).collect();
        assert_eq!(lines, [(0, 2, 0), (3, 9, 2), (10, 10, 0), (11, 13, 2)]);
        assert!(page.lines()[1].cues.has(Cues::AT | Cues::DIGIT) && !page.lines()[0].cues.has(Cues::AT));
        assert_eq!((page.line_at(0), page.line_at(2), page.line_at(3), page.line_at(12)), (0, 0, 1, 3));
    }

    #[test]
    fn matches_come_from_the_lines_asked_for() {
        let page = Page::new("x1\nx\nx2\nx3\nx");
        let pattern = Regex::new("x").expect("a pattern");
        let at = |below| page.find_below(&pattern, below, |line| line.cues.has(Cues::DIGIT)).map(|m| m.start());
        assert_eq!(at(0).collect::<Vec<_>>(), [0, 5, 8]);
        assert_eq!(at(1).collect::<Vec<_>>(), [0, 3, 5, 8, 11]);
    }

    #[test]
    fn lines_far_from_a_change_hold_nothing() {
        let page = Page::near("x1\nx1\nx1\nx1\nx1\nx1", std::slice::from_ref(&(0..1)));
        assert_eq!(page.lines().iter().filter(|line| line.cues.has(Cues::DIGIT)).count(), 4);
    }
}
