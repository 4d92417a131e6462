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

/// A row as a line of JSON, all of it or some columns and paths. What would steer a terminal is escaped, which means
/// the same to whoever reads the JSON.
#[must_use]
pub fn json(record: &Record, columns: &[String]) -> String {
    let values = if columns.is_empty() {
        Value::Object(record.values.clone())
    } else {
        let value = |column: &String| (column.clone(), value_at(record, column).cloned().unwrap_or_default());
        Value::Object(columns.iter().map(value).collect::<Map<_, _>>())
    };
    let mut out = String::new();
    for c in values.to_string().chars() {
        if super::terminal::harmless(c) == c {
            out.push(c);
        } else {
            // All of them are of the basic plane, and JSON's own are escaped already.
            out.push_str(&format!("\\u{:04x}", u32::from(c)));
        }
    }
    out
}

#[cfg(test)]
mod tests;
