//! Tables as text: CSV of any kind.

use csv::{ReaderBuilder, StringRecord};

use super::DocumentError;
use super::builder::{Builder, one_line};
use super::people;

/// What may part the cells of a row.
const DELIMITERS: &[u8] = b",;\t|";

/// The most cells in a row; a spreadsheet saved whole can have thousands of empty ones.
const MAX_CELLS: usize = 16_384;

/// Columns that hold how to reach somebody.
const REACH: &[&str] = &["email", "emailaddress", "mail", "phone", "mobile", "telephone", "email1value", "phone1value"];

/// Rows under a header.
pub(super) struct Table {
    /// The header's names in lower case, letters and digits only.
    keys: Vec<String>,
    /// The header as it is written.
    pub(super) header: Vec<String>,
    rows: Vec<StringRecord>,
}

impl Table {
    /// Reads a table. `Notes:` before the header, as some exports have them, are passed over.
    pub(super) fn parse(text: &str) -> Result<Self, DocumentError> {
        check_quotes(text)?;
        let text = skip_notes(text);
        let first = text.lines().next().unwrap_or_default();
        let count = |byte: u8| first.bytes().filter(|other| *other == byte).count();
        // Of equal ones the first: max_by_key would take the last.
        let delimiter = DELIMITERS.iter().rev().max_by_key(|byte| count(**byte)).copied().unwrap_or(b',');
        let mut reader =
            ReaderBuilder::new().has_headers(false).flexible(true).delimiter(delimiter).from_reader(text.as_bytes());
        let mut rows = Vec::new();
        for row in reader.records() {
            // Nothing but the encoding can be wrong, and that was seen to.
            let Ok(row) = row else { continue };
            if row.len() > MAX_CELLS {
                return Err(DocumentError::TooManyElements { limit: MAX_CELLS });
            }
            rows.push(row);
        }
        let header: Vec<String> =
            if rows.is_empty() { Vec::new() } else { rows.remove(0).iter().map(one_line).collect() };
        Ok(Self { keys: header.iter().map(|name| key(name)).collect(), header, rows })
    }

    /// Whether the header has all these columns.
    pub(super) fn has(&self, columns: &[&str]) -> bool {
        columns.iter().all(|column| self.keys.iter().any(|known| *known == key(column)))
    }

    /// The rows under the header.
    pub(super) fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        self.rows.iter().map(|cells| Row { table: self, cells })
    }

    /// Whether this is an address book: names of several people and how to reach them.
    pub(super) fn is_contacts(&self) -> bool {
        let named = self.has(&["First Name", "Last Name"]) || self.has(&["Given Name", "Family Name"]);
        let reached = self.keys.iter().any(|key| REACH.contains(&key.as_str()));
        named && reached && self.rows.len() > 1
    }

    /// First and last names in each row.
    pub(super) fn full_names(&self) -> Vec<String> {
        let names = self.rows().filter_map(|row| {
            let first = row.get("First Name").or_else(|| row.get("Given Name")).unwrap_or_default();
            let last = row.get("Last Name").or_else(|| row.get("Family Name")).unwrap_or_default();
            people::name(&format!("{first} {last}"), true)
        });
        names.collect()
    }

    /// All rows as they are.
    pub(super) fn write(&self, out: &mut Builder) {
        out.row(&self.header);
        for row in &self.rows {
            out.row(&row.iter().map(str::to_owned).collect::<Vec<_>>());
        }
    }
}

/// One row.
#[derive(Clone, Copy)]
pub(super) struct Row<'t> {
    table: &'t Table,
    cells: &'t StringRecord,
}

impl<'t> Row<'t> {
    /// The cell under a column, if anything is in it.
    pub(super) fn get(self, column: &str) -> Option<&'t str> {
        let column = key(column);
        let idx = self.table.keys.iter().position(|known| *known == column)?;
        self.cells.get(idx).map(str::trim).filter(|cell| !cell.is_empty())
    }

    /// All cells with something in them, with their columns as the header writes them.
    pub(super) fn cells(self) -> impl Iterator<Item = (&'t str, &'t str)> {
        let filled = self.cells.iter().map(str::trim).enumerate().filter(|(_, cell)| !cell.is_empty());
        filled.map(|(idx, cell)| (self.table.header.get(idx).map_or("", String::as_str), cell))
    }
}

/// A column's name without case, spaces and marks.
pub(super) fn key(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// A quotation mark that is never closed would make one cell of everything behind it.
fn check_quotes(text: &str) -> Result<(), DocumentError> {
    let (mut quoted, mut line, mut opened, mut start) = (false, 1u64, 0u64, true);
    for byte in text.bytes() {
        match byte {
            b'"' if quoted => quoted = false,
            // A second mark right after the closing one opens again: it was doubled.
            b'"' if start => {
                quoted = true;
                opened = line;
            }
            _ => {}
        }
        line += u64::from(byte == b'\n');
        start = DELIMITERS.contains(&byte) || matches!(byte, b'\n' | b'"');
    }
    if quoted { Err(DocumentError::Table { line: opened }) } else { Ok(()) }
}

/// The text from the header on.
fn skip_notes(text: &str) -> &str {
    let trimmed = text.trim_start();
    if !trimmed.get(..6).is_some_and(|start| start.eq_ignore_ascii_case("notes:")) {
        return trimmed;
    }
    trimmed.split_once("\n\n").map_or(trimmed, |(_, rest)| rest.trim_start())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let mut out = Builder::default();
        Table::parse(text).unwrap().write(&mut out);
        assert_eq!(out.finish().0, expected);
    }

    #[test]
    fn rows() {
        check("a,b\n\"c\nd\",\"say \"\"e\"\"\"\n,\nf\n", "| a | b |\n| c d | say \"e\" |\n| f |\n");
        check("a;b,c;d\n1;2;3\n", "| a | b,c | d |\n| 1 | 2 | 3 |\n");
        check("Notes:\n\"When, why\"\n\nFirst,Last\nA,B\n", "| First | Last |\n| A | B |\n");
        check("", "");
    }

    #[test]
    fn an_open_quotation_is_an_error() {
        assert_eq!(Table::parse("a,b\n1,\"x\n2,y\n").err(), Some(DocumentError::Table { line: 2 }));
        assert!(Table::parse("a,5\" nail\n").is_ok());
        assert!(Table::parse("a,\"\"\n").is_ok());
    }

    #[test]
    fn contacts() {
        let table = Table::parse("First Name,Last Name,E-mail\nAda,Quill,a@e.example\nBo,,b@e.example\n").unwrap();
        assert!(!table.is_contacts() || table.full_names() == ["Ada Quill", "Bo"]);
        let table = Table::parse("First Name,Last Name,Email Address\nAda,Quill,x\nBo,,y\n").unwrap();
        assert!(table.is_contacts());
        assert_eq!(table.full_names(), ["Ada Quill", "Bo"]);
    }
}
