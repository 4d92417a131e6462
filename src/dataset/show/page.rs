use std::fmt::Write as _;

use serde_json::Value;

use super::Look;
use crate::dataset::terminal::{cell, fit, width};
use crate::dataset::{Layout, Record, Role, value_at};

/// The narrowest column of text that is worth its place.
const NARROW: usize = 10;
/// Columns are not looked at for longer than this: no terminal is wider.
const WIDEST: usize = 400;
/// Characters of an id that tell rows apart.
const ID: usize = 8;

/// A table of rows. Its columns are chosen and measured by the first rows, so that any number can follow.
pub struct Page<'a> {
    look: Look,
    layout: Option<&'a Layout>,
    heads: Vec<Head>,
    /// Columns that the terminal has no room for.
    left_out: usize,
}

struct Head {
    name: String,
    holds: Holds,
    width: usize,
}

enum Holds {
    Row,
    Split,
    Id,
    /// The last text of a role, with the number of texts where there are several.
    Texts(Role),
    /// A column, or a path.
    Value(String),
}

impl<'a> Page<'a> {
    /// Chooses columns: those that are asked for, else the texts of the layout, else all. `last` is the highest row
    /// number that may come.
    #[must_use]
    pub fn new(
        layout: Option<&'a Layout>,
        columns: &[String],
        known: &[String],
        rows: &[Record],
        last: u64,
        look: Look,
    ) -> Self {
        let mut heads = vec![Head { name: "row".to_owned(), holds: Holds::Row, width: last.to_string().len().max(3) }];
        let measured = |name: &str, holds: Holds| {
            let longest = rows.iter().map(|record| width(&fit(&text(record, layout, &holds), WIDEST))).max();
            let width = longest.unwrap_or(0).max(width(&fit(name, WIDEST)));
            Head { name: name.to_owned(), holds, width }
        };
        if rows.iter().any(|record| record.text("split").is_some()) {
            heads.push(measured("split", Holds::Split));
        }
        if rows.iter().any(|record| record.values.get("id").is_some_and(|id| !id.is_null())) {
            heads.push(measured("id", Holds::Id));
        }
        let fixed = heads.len();
        let mut add = |name: &str, holds: Holds| heads.push(measured(name, holds));
        if !columns.is_empty() {
            for column in columns {
                let is_role = !known.contains(column) && rows.iter().all(|record| value_at(record, column).is_none());
                match Role::of_name(column).filter(|_| is_role && layout.is_some()) {
                    Some(role) => add(column, Holds::Texts(role)),
                    None => add(column, Holds::Value(column.clone())),
                }
            }
        } else if let Some(layout) = layout {
            for (role, name) in texts(layout, rows) {
                add(&name, Holds::Texts(role));
            }
        } else {
            for column in known.iter().filter(|column| !["split", "id"].contains(&column.as_str())) {
                add(column, Holds::Value(column.clone()));
            }
        }
        let mut page = Self { look, layout, heads, left_out: 0 };
        page.share(fixed);
        page
    }

    /// Gives the columns of text what room is left, short ones what they need and long ones the same; the last ones go
    /// when there is too little for all.
    fn share(&mut self, fixed: usize) {
        let taken: usize = self.heads[..fixed].iter().map(|head| head.width + 2).sum();
        // The last column of a terminal is left alone: some break the line there.
        let room = self.look.width.saturating_sub(taken + 1);
        let mut needed = 0;
        let fitting = self.heads[fixed..].iter().take_while(|head| {
            needed += head.width.min(NARROW) + 2;
            needed <= room + 2
        });
        let fitting = fitting.count().max(1);
        self.left_out = (self.heads.len() - fixed).saturating_sub(fitting);
        self.heads.truncate(fixed + fitting);
        let texts = &mut self.heads[fixed..];
        let mut left = room.saturating_sub(texts.len().saturating_sub(1) * 2);
        let mut order: Vec<usize> = (0..texts.len()).collect();
        order.sort_by_key(|at| texts[*at].width);
        for (done, at) in order.iter().enumerate() {
            let fair = left / (order.len() - done);
            texts[*at].width = texts[*at].width.min(fair).max(1);
            left -= texts[*at].width.min(left);
        }
    }

    /// The names of the columns.
    #[must_use]
    pub fn head(&self) -> String {
        let (strong, end) = self.look.strong();
        let mut line = String::new();
        for head in &self.heads {
            line.push_str(&cell(&head.name, head.width));
            line.push_str("  ");
        }
        format!("{strong}{}{end}\n", line.trim_end())
    }

    /// A line for a row.
    #[must_use]
    pub fn line(&self, record: &Record) -> String {
        let mut line = String::new();
        for head in &self.heads {
            let text = text(record, self.layout, &head.holds);
            // Writing to a string cannot fail.
            let _ = match head.holds {
                Holds::Row => write!(line, "{text:>width$}  ", width = head.width),
                Holds::Split | Holds::Id => {
                    let (soft, end) = self.look.soft();
                    write!(line, "{soft}{}{end}  ", cell(&text, head.width))
                }
                _ => write!(line, "{}  ", cell(&text, head.width)),
            };
        }
        format!("{}\n", line.trim_end())
    }

    /// How many columns did not fit.
    #[must_use]
    pub const fn left_out(&self) -> usize {
        self.left_out
    }
}

/// The roles of some rows with their names, in reading order: those that are trained on and say something.
fn texts(layout: &Layout, rows: &[Record]) -> Vec<(Role, String)> {
    let mut found: Vec<(Role, String)> = vec![];
    for record in rows {
        for spoken in layout.texts(record) {
            if !spoken.role.is_trained() || spoken.text.trim().is_empty() {
                continue;
            }
            if !found.iter().any(|(role, _)| *role == spoken.role) {
                let in_list = spoken.name.contains(['[', '.']);
                found.push((
                    spoken.role,
                    if in_list { spoken.role.name().to_owned() } else { spoken.name.into_owned() },
                ));
            }
        }
    }
    found.sort();
    // A completion that holds thought and answer gives its name to both.
    for at in 1..found.len() {
        if found[..at].iter().any(|(_, name)| *name == found[at].1) {
            found[at].1 = found[at].0.name().to_owned();
        }
    }
    found
}

fn text(record: &Record, layout: Option<&Layout>, holds: &Holds) -> String {
    match holds {
        Holds::Row => record.row.to_string(),
        Holds::Split => record.text("split").unwrap_or_default().to_owned(),
        Holds::Id => record.values.get("id").map(plain).unwrap_or_default().chars().take(ID).collect(),
        Holds::Texts(role) => {
            let texts = layout.map(|layout| layout.texts(record)).unwrap_or_default();
            let of_role = || texts.iter().filter(|spoken| spoken.role == *role);
            let last = of_role().next_back().map(|spoken| spoken.text).unwrap_or_default();
            match of_role().count() {
                0 | 1 => last.to_owned(),
                several => format!("({several}) {last}"),
            }
        }
        Holds::Value(column) => value_at(record, column).map(plain).unwrap_or_default(),
    }
}

/// A value as text: strings as they are, nothing for null.
pub(super) fn plain(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
