//! Where words stand: lists, quotations, table cells, terms. HTML and Markdown both write through this.

use super::builder::Builder;
use super::inline::{self, Inline, Unit};

/// The state between the start and the end of blocks.
#[derive(Default)]
pub(super) struct Flow {
    /// The words of the block being read.
    pub(super) inline: Inline,
    out: Builder,
    heading: Option<u8>,
    lists: Vec<List>,
    quotes: usize,
    tables: Vec<Table>,
    term: Option<String>,
    in_term: bool,
}

struct List {
    next: Option<u64>,
    /// Columns to the left of this list's markers.
    indent: usize,
    /// The marker of the item being read, until its first words take it.
    marker: Option<String>,
    width: usize,
}

#[derive(Default)]
struct Table {
    /// A table that only places blocks on a page: its cells are read one after another.
    layout: bool,
    cells: Vec<String>,
    cell: Option<String>,
}

impl Flow {
    /// Ends the block being read and writes it as what it is.
    pub(super) fn flush(&mut self) {
        if self.inline.is_empty() {
            return;
        }
        let lines = self.inline.take();
        let cell = self.tables.last_mut().filter(|table| !table.layout).and_then(|table| table.cell.as_mut());
        if let Some(cell) = cell {
            cell.push(' ');
            cell.push_str(&inline::joined(lines));
        } else if let Some(level) = self.heading {
            self.drop_marker();
            self.out.heading(level, &inline::joined(lines));
        } else if self.in_term {
            let term = self.term.get_or_insert_default();
            if !term.is_empty() {
                term.push_str(", ");
            }
            term.push_str(inline::joined(lines).trim().trim_end_matches(':'));
        } else if let Some(term) = self.term.take() {
            self.drop_marker();
            let line = format!("{term}: {}", inline::joined(lines));
            self.out.key_value(self.indent(), &term, &line);
        } else if let Some(marker) = self.lists.last_mut().and_then(|list| list.marker.take()) {
            let depth = self.lists.len() - 1;
            let indent = self.lists.last().map_or(0, |list| list.indent);
            self.out.item(depth, indent, &marker, &inline::joined(lines));
        } else {
            let indent = self.indent();
            let mark = if self.quotes > 0 { ">" } else { "" };
            for unit in inline::units(lines) {
                match unit {
                    Unit::KeyValue { key, line } if self.quotes == 0 => self.out.key_value(indent, &key, &line),
                    Unit::Row(row) if self.quotes == 0 && indent == 0 => self.out.row_as_written(&row),
                    Unit::KeyValue { line: words, .. } | Unit::Row(words) | Unit::Words(words) => {
                        self.out.paragraph(indent, mark, &words)
                    }
                }
            }
        }
    }

    /// A heading begins.
    pub(super) fn open_heading(&mut self, level: u8) {
        self.flush();
        self.heading = Some(level);
    }

    /// A heading ends.
    pub(super) fn close_heading(&mut self) {
        self.flush();
        self.heading = None;
    }

    /// A list begins; `start` is the first number of an ordered one.
    pub(super) fn open_list(&mut self, start: Option<u64>) {
        self.flush();
        if self.lists.is_empty() {
            self.out.gap();
        }
        let indent = self.indent();
        self.lists.push(List { next: start, indent, marker: None, width: 0 });
    }

    /// A list ends.
    pub(super) fn close_list(&mut self) {
        self.flush();
        self.lists.pop();
        if self.lists.is_empty() {
            self.out.gap();
        }
    }

    /// A list item begins; one outside any list stands in a list of its own kind.
    pub(super) fn open_item(&mut self) {
        self.flush();
        if self.lists.is_empty() {
            self.open_list(None);
        }
        if let Some(list) = self.lists.last_mut() {
            let marker = list.next.map_or("-".to_owned(), |number| format!("{number}."));
            list.next = list.next.map(|number| number.saturating_add(1));
            list.width = marker.len() + 1;
            list.marker = Some(marker);
        }
    }

    /// A list item ends.
    pub(super) fn close_item(&mut self) {
        self.flush();
        self.drop_marker();
    }

    /// A list item begins at a depth of its own, as formats without nested lists have it.
    pub(super) fn item_at(&mut self, depth: usize, marker: &str) {
        self.flush();
        if self.lists.is_empty() {
            self.out.gap();
        }
        self.lists.truncate(depth + 1);
        while self.lists.len() <= depth {
            self.lists.push(List { next: None, indent: self.indent(), marker: None, width: 2 });
        }
        if let Some(list) = self.lists.last_mut() {
            list.marker = Some(marker.to_owned());
            list.width = marker.chars().count() + 1;
        }
    }

    /// As [`Flow::item_at`], with the next number of that depth or a bullet.
    pub(super) fn next_item_at(&mut self, depth: usize, numbered: bool) {
        let last = self.lists.get(depth).and_then(|list| list.next).unwrap_or(0);
        let marker = if numbered { format!("{}.", last.saturating_add(1)) } else { "-".to_owned() };
        self.item_at(depth, &marker);
        if let Some(list) = self.lists.last_mut().filter(|_| numbered) {
            list.next = Some(last.saturating_add(1));
        }
    }

    /// Every list ends.
    pub(super) fn close_lists(&mut self) {
        while !self.lists.is_empty() {
            self.close_list();
        }
    }

    /// A quotation begins.
    pub(super) fn open_quote(&mut self) {
        self.flush();
        self.quotes += 1;
    }

    /// A quotation ends.
    pub(super) fn close_quote(&mut self) {
        self.flush();
        self.quotes = self.quotes.saturating_sub(1);
    }

    /// A table begins; one within a cell makes the outer one a layout.
    pub(super) fn open_table(&mut self) {
        self.break_table();
        self.flush();
        self.out.gap();
        self.tables.push(Table::default());
    }

    /// A table ends.
    pub(super) fn close_table(&mut self) {
        self.close_row();
        self.tables.pop();
        self.out.gap();
    }

    /// A cell begins.
    pub(super) fn open_cell(&mut self) {
        self.close_cell();
        if let Some(table) = self.tables.last_mut() {
            table.cell = Some(String::new());
        }
    }

    /// A cell ends.
    pub(super) fn close_cell(&mut self) {
        self.flush();
        if let Some(table) = self.tables.last_mut()
            && let Some(cell) = table.cell.take()
            && !table.layout
        {
            table.cells.push(cell);
        }
    }

    /// A row ends.
    pub(super) fn close_row(&mut self) {
        self.close_cell();
        if let Some(table) = self.tables.last_mut() {
            let cells = std::mem::take(&mut table.cells);
            // A lone cell is no row of anything.
            if let [only] = cells.as_slice() {
                self.out.paragraph(0, "", only);
            } else {
                self.out.row(&cells);
            }
        }
    }

    /// Blocks begin within a cell: the table was there to place them, so what was read of its row goes out as it is.
    pub(super) fn break_table(&mut self) {
        let Some(table) = self.tables.last_mut().filter(|table| !table.layout && table.cell.is_some()) else { return };
        table.layout = true;
        let cells = std::mem::take(&mut table.cells);
        let cell = table.cell.replace(String::new()).unwrap_or_default();
        for words in cells.iter().chain([&cell]) {
            self.out.paragraph(0, "", words);
        }
        self.flush();
    }

    /// The term of a description begins.
    pub(super) fn open_term(&mut self) {
        self.flush();
        self.in_term = true;
    }

    /// The term of a description ends; the next block is its value.
    pub(super) fn close_term(&mut self) {
        self.flush();
        self.in_term = false;
    }

    /// The list of descriptions ends; a term without a value is still words.
    pub(super) fn close_terms(&mut self) {
        self.close_term();
        if let Some(term) = self.term.take() {
            self.out.paragraph(self.indent(), "", &term);
        }
        self.out.gap();
    }

    /// A block of code; in a cell it is words like others.
    pub(super) fn code(&mut self, language: &str, code: &str) {
        if self.in_row() {
            self.inline.push(code);
            return;
        }
        self.flush();
        self.drop_marker();
        self.out.code(self.indent(), language, code);
    }

    /// Blocks from elsewhere, after what was read so far.
    pub(super) fn append(&mut self, other: Builder) {
        self.flush();
        self.out.append(other);
    }

    /// Whether the words read now go into a table row.
    pub(super) fn in_row(&self) -> bool {
        self.tables.last().is_some_and(|table| !table.layout && table.cell.is_some())
    }

    /// All blocks.
    pub(super) fn finish(mut self) -> Builder {
        while !self.tables.is_empty() {
            self.close_table();
        }
        self.close_terms();
        self.flush();
        self.out
    }

    fn drop_marker(&mut self) {
        if let Some(list) = self.lists.last_mut() {
            list.marker = None;
        }
    }

    /// Columns to the left of a block in the innermost item.
    fn indent(&self) -> usize {
        self.lists.last().map_or(0, |list| list.indent + list.width)
    }
}
