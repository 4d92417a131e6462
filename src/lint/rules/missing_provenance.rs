//! PRV003: nobody can tell how a row was made.

use serde_json::Value;

use super::prelude::*;

/// Flags rows that do not say who wrote them and how.
pub(in crate::lint) struct MissingProvenance;

static META: Meta = Meta {
    code: "PRV003",
    name: "missing-provenance",
    severity: Severity::Warning,
    fix: None,
    kinds: &Kind::ALL,
    summary: "A row does not say its teacher, template version, parameters, request or cost",
    explanation: "
## Why it matters
Whether rows may be used depends on the terms of the teacher that wrote them, and a bad batch can only be taken out
when rows say which request they came from.

## Example
A row with `source` and `span` but an empty `teacher`, or a file in which the column `request_hash` was dropped.
A cost of 0 is a cost.
Only files that carry provenance are judged: ours, and what became of them.

## How to fix
Make the rows again, or take the columns from the file that the rows were copied from.
",
};

const FIELDS: [&str; 6] = ["teacher", "template", "template_version", "parameters", "request_hash", "cost_usd"];

impl Rule for MissingProvenance {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn start<'a>(&self, _settings: &'a LintSettings, _cx: &Context<'a>) -> Box<dyn Check + 'a> {
        Box::new(Provenance)
    }
}

struct Provenance;

impl Check for Provenance {
    fn table(&mut self, table: &std::sync::Arc<TableInfo>, out: &mut Findings) {
        if !table.has_provenance() {
            return;
        }
        let missing = list(FIELDS.into_iter().filter(|field| !table.has(field)));
        if !missing.is_empty() {
            out.push(Finding::in_table(&META, table.index, format!("the file has no {missing}")));
        }
    }

    fn row(&self, row: &View<'_>, out: &mut Findings) {
        if !row.table.has_provenance() {
            return;
        }
        let empty = |field: &&str| match row.record.values.get(*field) {
            None | Some(Value::Null) => true,
            Some(Value::String(text)) => text.trim().is_empty() || *field == "cost_usd",
            Some(value) => *field == "cost_usd" && !value.as_f64().is_some_and(|cost| cost >= 0.0),
        };
        let mut missing = FIELDS.into_iter().filter(|field| row.table.has(field)).filter(empty);
        if let Some(first) = missing.next() {
            let message = format!("the row says nothing of {}", list(std::iter::once(first).chain(missing)));
            out.push(row.finding(&META, message).field(first));
        }
    }
}

/// Names of fields, marked as such.
fn list<'f>(fields: impl Iterator<Item = &'f str>) -> String {
    fields.map(|field| format!("`{field}`")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn each_row_says_how_it_was_made() {
        let settings = LintSettings::default();
        let check = |field: &str, value: Value, expected: usize| {
            let mut check = MissingProvenance.start(&settings, &Context::default());
            let mut record = crate::lint::tests::record(
                0,
                &[
                    ("source", "log.md"),
                    ("template", "qa"),
                    ("teacher", "openai:model"),
                    ("template_version", "1-4be0c2d1"),
                    ("parameters", "{}"),
                    ("request_hash", "f00d"),
                ],
            );
            record.values.insert("cost_usd".to_owned(), json!(0.0));
            record.values.insert(field.to_owned(), value.clone());
            let cx = Context::default();
            let out = crate::lint::tests::findings_with(check.as_mut(), Kind::Qa, Default::default(), &record, &cx);
            assert_eq!(out.len(), expected, "{field} {value}");
        };
        check("cost_usd", json!(0), 0);
        check("cost_usd", json!("cheap"), 1);
        check("cost_usd", Value::Null, 1);
        check("teacher", json!(" "), 1);
        check("request_hash", json!(""), 1);
        check("split", json!(""), 0);
        let mut check = MissingProvenance.start(&settings, &Context::default());
        let out = crate::lint::tests::findings(
            check.as_mut(),
            Kind::Qa,
            &[("source", "a"), ("teacher", "b"), ("template", "qa")],
        );
        assert_eq!((out.len(), out[0].row), (1, None));
        let mut check = MissingProvenance.start(&settings, &Context::default());
        assert!(crate::lint::tests::findings(check.as_mut(), Kind::Qa, &[("teacher", "")]).is_empty());
    }
}
