//! Rows for people: some of them as a table that fits the terminal, or one of them in full.

mod condition;
mod one;
mod page;

pub use condition::Condition;
pub use one::{Passage, one};
pub use page::Page;

use serde_json::{Map, Value};

use super::{Record, value_at};

/// How something is printed.
#[derive(Clone, Copy, Debug)]
pub struct Look {
    /// Columns of the terminal.
    pub width: usize,
    /// Whether it takes colour.
    pub color: bool,
}

impl Look {
    const fn strong(self) -> (&'static str, &'static str) {
        if self.color { ("\u{1b}[1m", "\u{1b}[0m") } else { ("", "") }
    }

    const fn soft(self) -> (&'static str, &'static str) {
        if self.color { ("\u{1b}[2m", "\u{1b}[0m") } else { ("", "") }
    }

    const fn mark(self) -> (&'static str, &'static str) {
        if self.color { ("\u{1b}[1;4;33m", "\u{1b}[0m") } else { ("»", "«") }
    }
}

/// A row as a line of JSON, all of it or some columns and paths.
#[must_use]
pub fn json(record: &Record, columns: &[String]) -> String {
    let values = if columns.is_empty() {
        Value::Object(record.values.clone())
    } else {
        let value = |column: &String| (column.clone(), value_at(record, column).cloned().unwrap_or_default());
        Value::Object(columns.iter().map(value).collect::<Map<_, _>>())
    };
    escaped(&values.to_string())
}

/// JSON in which what would steer a terminal is escaped, which means the same to whoever reads it. Its own line breaks
/// stay: inside of texts they are escaped already.
#[must_use]
pub fn escaped(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        if c == '\n' || super::terminal::harmless(c) == c {
            out.push(c);
        } else {
            // All of them are of the basic plane.
            out.push_str(&format!("\\u{:04x}", u32::from(c)));
        }
    }
    out
}

#[cfg(test)]
mod tests;
