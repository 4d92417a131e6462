//! PII001: personal data in a row.

use serde_json::Value;

use crate::dataset::Record;
use crate::lint::finding::Place;
use crate::lint::{Check, Context, Finding, Fix, LintSettings, Meta, Rule, Severity, TableInfo};
use crate::mask::{self, Surrogates};
use crate::row::Kind;

/// Flags texts in which the mask's recognizers are sure of personal data.
pub(in crate::lint) struct LeakedData;

static META: Meta = Meta {
    code: "PII001",
    name: "leaked-personal-data",
    severity: Severity::Error,
    fix: Some(Fix::Safe),
    kinds: &Kind::ALL,
    summary: "A text column holds personal data that the mask would have replaced",
    explanation: "
## Why it matters
What stands in a row is sent to a trainer, stored in adapters and can be asked out of the student by anyone.

## Example
`Write to a.person@example.com` has one finding that names the kind of data and never the value.
Placeholders such as `[EMAIL_1]` are what masking leaves behind and are fine, and so are the surrogates that the
workspace's vault invented.
All text columns are searched, also those that are not trained on and those of tables of unknown kind;
hashes, ids and other provenance are not.

## How to fix
Mask the sources (`distill mask`) and generate the row again, or replace the value by a placeholder.
",
};

/// Columns that name things instead of saying something.
const PROVENANCE: [&str; 10] =
    ["id", "source", "span", "split", "teacher", "template", "template_version", "parameters", "request_hash", "hash"];

impl Rule for LeakedData {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn start<'a>(&self, settings: &'a LintSettings, cx: &Context<'a>) -> Box<dyn Check + 'a> {
        Box::new(Leaks { score: settings.thresholds.pii_score, surrogates: cx.surrogates })
    }
}

struct Leaks<'a> {
    score: f32,
    surrogates: Option<&'a Surrogates>,
}

impl Check for Leaks<'_> {
    fn row(&mut self, table: &TableInfo<'_>, record: &Record, out: &mut Vec<Finding>) {
        for (column, value) in &record.values {
            if !PROVENANCE.contains(&column.as_str()) {
                self.value(table, record, (column, value), out);
            }
        }
    }
}

impl Leaks<'_> {
    /// Searches the texts of a value, also those inside lists and objects such as chat messages.
    fn value(&self, table: &TableInfo<'_>, record: &Record, cell: (&str, &Value), out: &mut Vec<Finding>) {
        let (column, value) = cell;
        match value {
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
            Value::Array(items) => items.iter().for_each(|item| self.value(table, record, (column, item), out)),
            Value::Object(items) => items.values().for_each(|item| self.value(table, record, (column, item), out)),
            Value::String(text) => {
                let mut kinds: Vec<(String, std::ops::Range<usize>, usize)> = vec![];
                let spans = self.surrogates.map_or_else(|| mask::scan(text), |surrogates| surrogates.scan(text));
                for span in spans.into_iter().filter(|span| span.score >= self.score) {
                    let stem = span.entity.stem().to_string();
                    match kinds.iter_mut().find(|(known, _, _)| *known == stem) {
                        Some((_, _, count)) => *count += 1,
                        None => kinds.push((stem, span.range, 1)),
                    }
                }
                for (stem, range, count) in kinds {
                    let times = if count > 1 { format!(", {count} times") } else { String::new() };
                    let message = format!("`{column}` holds personal data: {stem}{times}");
                    let finding = Finding::at(&META, &Place::of(table, record), message).field(column);
                    out.push(finding.marking(text, range));
                }
            }
        }
    }
}
