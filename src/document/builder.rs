//! Appends blocks to the text and keeps their spans right.

use super::{Block, BlockKind};

/// The widest indentation written: nesting is kept in [`BlockKind`], and the text must stay linear in the input.
const MAX_INDENT: usize = 24;

/// Text and blocks under construction.
///
/// Only white space is ever written outside a block, so the spans cover every word; words are cleaned here and
/// nowhere else.
#[derive(Default)]
pub(super) struct Builder {
    text: String,
    blocks: Vec<Block>,
    gap: bool,
    people: Vec<String>,
}

impl Builder {
    /// Asks for a blank line before the next block even where its kind would follow closely.
    pub(super) fn gap(&mut self) {
        self.gap = true;
    }

    /// A heading of level 1 to 6, on one line.
    pub(super) fn heading(&mut self, level: u8, words: &str) {
        let level = level.clamp(1, 6);
        let words = one_line(words);
        self.push(BlockKind::Heading { level }, 0, &"#".repeat(level.into()), " ", &words);
    }

    /// A paragraph; its lines stay lines. `mark` is `>` for a quotation.
    pub(super) fn paragraph(&mut self, indent: usize, mark: &str, words: &str) {
        self.push(BlockKind::Paragraph, indent, mark, " ", &lines(words));
    }

    /// A list item with its marker (`-`, `3.`).
    pub(super) fn item(&mut self, depth: usize, indent: usize, marker: &str, words: &str) {
        let depth = u8::try_from(depth).unwrap_or(u8::MAX);
        self.push(BlockKind::ListItem { depth }, indent, marker, " ", &lines(words));
    }

    /// A `Label: value` line; `line` holds both.
    pub(super) fn key_value(&mut self, indent: usize, key: &str, line: &str) {
        self.push(BlockKind::KeyValue { key: one_line(key) }, indent, "", "", &one_line(line));
    }

    /// One row of a table.
    pub(super) fn row(&mut self, cells: &[String]) {
        let cells: Vec<String> = cells.iter().map(|cell| one_line(cell).replace('|', "\\|")).collect();
        if cells.iter().any(|cell| !cell.is_empty()) {
            self.push(BlockKind::TableRow, 0, "", "", &format!("| {} |", cells.join(" | ")));
        }
    }

    /// One row of a table that has its bars already.
    pub(super) fn row_as_written(&mut self, row: &str) {
        self.push(BlockKind::TableRow, 0, "", "", &one_line(row));
    }

    /// A block of code between fences longer than any within it.
    pub(super) fn code(&mut self, indent: usize, language: &str, code: &str) {
        let code: String = code.chars().filter(|c| matches!(c, '\n' | '\t') || !is_noise(*c)).collect();
        let code = code.trim_matches('\n').trim_end();
        if code.trim().is_empty() {
            return;
        }
        let longest = code.split(|c| c != '`').map(str::len).max().unwrap_or(0);
        let fence = "`".repeat(longest.max(2) + 1);
        let language = one_line(language).replace('`', "");
        self.push(BlockKind::Code, indent, "", "", &format!("{fence}{language}\n{code}\n{fence}"));
    }

    /// Puts the blocks of `other` after those of `self`.
    pub(super) fn append(&mut self, mut other: Self) {
        self.people.append(&mut other.people);
        let Some(first) = other.blocks.first() else { return };
        self.separate(&first.kind);
        let offset = self.text.len();
        self.text.push_str(&other.text);
        self.blocks.extend(
            other
                .blocks
                .into_iter()
                .map(|block| Block { kind: block.kind, span: block.span.start + offset..block.span.end + offset }),
        );
        self.gap = other.gap;
    }

    /// Keeps a name that the file itself says is a person's.
    pub(super) fn person(&mut self, name: String) {
        self.people.push(name);
    }

    /// The names kept, sorted, each once.
    pub(super) fn take_people(&mut self) -> Vec<String> {
        let mut people = std::mem::take(&mut self.people);
        people.sort_unstable();
        people.dedup();
        people
    }

    /// Whether no block was written.
    pub(super) fn is_empty(&self) -> bool {
        self.blocks.is_empty()
    }

    /// The text so far.
    pub(super) fn words(&self) -> &str {
        &self.text
    }

    /// Whether a heading of this wording is there.
    pub(super) fn has_heading(&self, words: &str) -> bool {
        let words = one_line(words);
        self.headings().any(|block| self.text[block.span.clone()].trim_start_matches('#').trim_start() == words)
    }

    /// Whether the document names itself.
    pub(super) fn has_title(&self) -> bool {
        self.headings().any(|block| block.kind == BlockKind::Heading { level: 1 })
    }

    /// The Markdown with a final line end, and its blocks.
    pub(super) fn finish(mut self) -> (String, Vec<Block>) {
        if !self.text.is_empty() {
            self.text.push('\n');
        }
        (self.text, self.blocks)
    }

    fn headings(&self) -> impl Iterator<Item = &Block> {
        self.blocks.iter().filter(|block| matches!(block.kind, BlockKind::Heading { .. }))
    }

    fn push(&mut self, kind: BlockKind, indent: usize, mark: &str, space: &str, words: &str) {
        if words.is_empty() {
            return;
        }
        self.separate(&kind);
        let indent = " ".repeat(indent.min(MAX_INDENT));
        // A quotation repeats its mark on every line; an item's further lines stand under its first word.
        let quoted = mark == ">";
        let hang = " ".repeat(if quoted || mark.is_empty() { 0 } else { mark.len() + space.len() });
        self.text.push_str(&indent);
        let start = self.text.len();
        for (idx, line) in words.split('\n').enumerate() {
            if idx > 0 {
                self.text.push('\n');
                if !line.is_empty() {
                    self.text.push_str(&indent);
                    self.text.push_str(&hang);
                }
            }
            if (idx == 0 || quoted) && !mark.is_empty() {
                self.text.push_str(mark);
                self.text.push_str(space);
            }
            self.text.push_str(line);
        }
        self.blocks.push(Block { kind, span: start..self.text.len() });
    }

    fn separate(&mut self, kind: &BlockKind) {
        let gap = std::mem::take(&mut self.gap);
        let Some(last) = self.blocks.last() else { return };
        let close = matches!(
            (&last.kind, kind),
            (BlockKind::ListItem { .. }, BlockKind::ListItem { .. })
                | (BlockKind::TableRow, BlockKind::TableRow)
                | (BlockKind::KeyValue { .. }, BlockKind::KeyValue { .. })
        );
        self.text.push_str(if close && !gap { "\n" } else { "\n\n" });
    }
}

/// Characters without a word in them: control characters, and invisible ones that would hide a name from the masker.
/// The joiners of emoji and of Persian and Indic scripts stay.
fn is_noise(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{AD}' | '\u{200B}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{2064}'
            | '\u{2066}'..='\u{206F}' | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}' | '\u{E0000}'..='\u{E007F}')
}

/// Runs of white space become one space, noise goes.
pub(super) fn one_line(words: &str) -> String {
    let mut line = String::with_capacity(words.len());
    for c in words.chars() {
        if c.is_whitespace() {
            if !line.is_empty() && !line.ends_with(' ') {
                line.push(' ');
            }
        } else if !is_noise(c) {
            line.push(c);
        }
    }
    line.truncate(line.trim_end().len());
    line
}

/// As [`one_line`], line by line; lines left empty go.
fn lines(words: &str) -> String {
    let mut kept = String::with_capacity(words.len());
    for line in words.lines().map(one_line).filter(|line| !line.is_empty()) {
        if !kept.is_empty() {
            kept.push('\n');
        }
        kept.push_str(&line);
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(build: impl FnOnce(&mut Builder), expected: &str) {
        let mut builder = Builder::default();
        build(&mut builder);
        assert_eq!(builder.finish().0, expected);
    }

    #[test]
    fn close_kinds_stand_close() {
        check(
            |b| {
                b.heading(1, "A\nB");
                b.item(0, 0, "-", "one\ntwo");
                b.item(1, 2, "1.", "three");
                b.gap();
                b.item(0, 0, "-", "four");
                b.row(&["a|b".to_owned(), String::new()]);
            },
            "# A B\n\n- one\n  two\n  1. three\n\n- four\n\n| a\\|b |  |\n",
        );
    }

    #[test]
    fn invisible_characters_go() {
        check(|b| b.paragraph(0, "", "jo\u{AD}hn\u{200B}@\u{202E}x\u{A0} y\0"), "john@x y\n");
        check(|b| b.paragraph(0, "", "\u{200B} "), "");
    }

    #[test]
    fn fences_outgrow_the_code() {
        check(|b| b.code(2, "rust", "\n```\n\n  x\n"), "  ````rust\n  ```\n\n    x\n  ````\n");
    }

    #[test]
    fn appended_spans_move() {
        let mut first = Builder::default();
        first.key_value(0, "A", "A: é");
        let mut second = Builder::default();
        second.key_value(0, "B", "B: 2");
        first.append(second);
        let (text, blocks) = first.finish();
        assert_eq!(text, "A: é\nB: 2\n");
        assert_eq!(&text[blocks[1].span.clone()], "B: 2");
    }
}
