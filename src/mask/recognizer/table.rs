//! Labels that stand above a value: the head of its column, or a short line of its own.

use crate::mask::page::Page;

/// Where the head of the last table was.
#[derive(Debug, Default)]
pub(super) struct Heads {
    /// The last row asked for, its separator and the line of its head.
    last: Option<(usize, u8, usize)>,
    /// The last line asked for, and what was found.
    asked: Option<usize>,
    head: Option<(u8, usize)>,
}

/// Rows that a table may have above a value and its head still be looked for.
const ROWS: usize = 200;

/// Bytes that a row of a table may have.
const WIDEST: usize = 4096;

impl Heads {
    /// The cell that heads the column of what begins at byte `start` of line `index`.
    pub(super) fn column<'t>(&mut self, page: &Page<'t>, index: usize, start: usize) -> Option<&'t str> {
        let lines = page.lines();
        let text = page.text();
        let row = |line: usize| &text.as_bytes()[lines[line].start..lines[line].end];
        let here = row(index);
        if self.asked != Some(index) {
            self.asked = Some(index);
            self.head = self.find(index, row);
        }
        let (mark, head) = self.head?;
        let cell = here[..start - lines[index].start].iter().filter(|byte| **byte == mark).count();
        text[lines[head].start..lines[head].end].split(char::from(mark)).nth(cell)
    }

    /// The separator of the table that line `index` is a row of, and the line of its head.
    fn find<'b>(&mut self, index: usize, row: impl Fn(usize) -> &'b [u8]) -> Option<(u8, usize)> {
        let here = row(index);
        // No table has such rows, and every number of one would read it again.
        if here.len() > WIDEST {
            return None;
        }
        let mark = [b'|', b'\t', b';', b','].into_iter().find(|mark| here.contains(mark))?;
        let cells = |line: usize| row(line).iter().filter(|byte| **byte == mark).count();
        let wide = cells(index);
        let head = match self.last {
            Some((last, sign, head)) if sign == mark && last + 1 >= index && index >= last => head,
            _ => {
                let first = (index.saturating_sub(ROWS)..index).rev().find(|line| cells(*line) != wide);
                first.map_or_else(|| index.saturating_sub(ROWS), |line| line + 1)
            }
        };
        if head >= index || cells(head) != wide {
            return None;
        }
        self.last = Some((index, mark, head));
        Some((mark, head))
    }

    /// The short line above, when the value is the first thing on its own line.
    pub(super) fn line<'t>(page: &Page<'t>, index: usize, start: usize) -> Option<&'t str> {
        let lines = page.lines();
        let text = page.text();
        if text[lines[index].start..start].chars().any(char::is_alphanumeric) {
            return None;
        }
        let above = (index.saturating_sub(2)..index).rev().map(|line| text[lines[line].start..lines[line].end].trim());
        let above = above.into_iter().find(|line| !line.is_empty())?;
        (above.len() <= 48 && !above.contains(|c: char| c.is_ascii_digit())).then_some(above)
    }

    /// Either.
    pub(super) fn above<'t>(&mut self, page: &Page<'t>, index: usize, start: usize) -> Option<&'t str> {
        Self::line(page, index, start).or_else(|| self.column(page, index, start))
    }
}
