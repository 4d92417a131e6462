//! PII001: personal data in a row.

use std::sync::Arc;

use serde_json::Value;

use super::prelude::*;
use crate::mask::{self, Entity};

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
pub(super) const PROVENANCE: [&str; 10] =
    ["id", "source", "span", "split", "teacher", "template", "template_version", "parameters", "request_hash", "hash"];

impl Rule for LeakedData {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn start<'a>(&self, settings: &'a LintSettings, _cx: &Context<'a>) -> Box<dyn Check + 'a> {
        Box::new(Leaks { score: settings.thresholds.pii_score })
    }
}

struct Leaks {
    score: f32,
}

impl Check for Leaks {
    fn row(&self, row: &View<'_>, out: &mut Findings) {
        said(row, &mut |field, text| {
            let mut kinds: Vec<(Entity, std::ops::Range<usize>, usize)> = vec![];
            let spans = row.personal(text).into_iter();
            for span in spans.filter(|span| span.score >= self.score && span.entity != Entity::Secret) {
                match kinds.iter_mut().find(|(known, _, _)| *known == span.entity) {
                    Some((_, _, count)) => *count += 1,
                    None => kinds.push((span.entity, span.range, 1)),
                }
            }
            for (entity, range, count) in kinds {
                let times = if count > 1 { format!(", {count} times") } else { String::new() };
                let message = format!("`{field}` holds personal data: {}{times}", entity.stem());
                let finding = row.finding(&META, message).field(field);
                out.mark(finding.safe(masking(field, self.score)), text, range);
            }
        });
    }
}

/// Puts placeholders in the place of what masking is sure of.
pub(super) fn masking(field: &str, score: f32) -> Edit {
    Edit::Rewrite(
        field.to_owned(),
        Arc::new(move |text: &str| {
            let spans: Vec<mask::Span> = mask::scan(text).into_iter().filter(|span| span.score >= score).collect();
            let mut seen: Vec<(Entity, &str)> = vec![];
            let mut out = String::with_capacity(text.len());
            let mut at = 0;
            for span in &spans {
                let value = text.get(span.range.clone())?;
                let known = seen.iter().position(|(entity, known)| *entity == span.entity && *known == value);
                let number = match known {
                    Some(i) => seen[..=i].iter().filter(|(entity, _)| *entity == span.entity).count(),
                    None => {
                        seen.push((span.entity, value));
                        seen.iter().filter(|(entity, _)| *entity == span.entity).count()
                    }
                };
                out.push_str(text.get(at..span.range.start)?);
                out.push_str(&format!("[{}_{number}]", span.entity.stem()));
                at = span.range.end;
            }
            out.push_str(text.get(at..)?);
            (!spans.is_empty()).then_some(out)
        }),
    )
}

/// Shows every text of a row that is no provenance, also those inside lists and objects such as chat messages, with
/// the column or path that it stands in.
pub(super) fn said(row: &View<'_>, see: &mut dyn FnMut(&str, &str)) {
    for (column, value) in &row.record.values {
        if !PROVENANCE.contains(&column.as_str()) {
            within(column, value, see);
        }
    }
}

fn within(path: &str, value: &Value, see: &mut dyn FnMut(&str, &str)) {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
        Value::String(text) => see(path, text),
        Value::Array(items) => {
            for (i, item) in items.iter().enumerate() {
                within(&format!("{path}[{i}]"), item, see);
            }
        }
        Value::Object(items) => {
            for (key, item) in items {
                within(&format!("{path}.{key}"), item, see);
            }
        }
    }
}
