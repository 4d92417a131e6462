//! PRV002: a row that cannot be traced to its source.

use std::sync::atomic::{AtomicBool, Ordering};

use super::prelude::*;
use crate::lint::grounds::{self, Source, holds};

/// Flags sources and spans that lead nowhere.
pub(in crate::lint) struct LostSource;

static META: Meta = Meta {
    code: "PRV002",
    name: "lost-source",
    severity: Severity::Error,
    fix: None,
    kinds: &Kind::ALL,
    summary: "A row's source or span is missing, or does not lead to its evidence",
    explanation: "
## Why it matters
`source` and `span` say which bytes of which masked document a row was made of.
Splits are kept apart by them, coverage is counted by them, and whoever doubts a row looks there first.

## Example
A span of `[120, 90]`, a span past the end of the document, a source that is no document of the workspace, and a span
whose bytes no longer hold the evidence though the document still does: something was put in before it.
Evidence that is nowhere in the document is GRD002's.
Without the documents only what is missing is found.

## How to fix
Make the rows again from the documents as they are now.
",
};

impl Rule for LostSource {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn start<'a>(&self, settings: &'a LintSettings, _cx: &Context<'a>) -> Box<dyn Check + 'a> {
        Box::new(Places { least: settings.thresholds.quote, unseen: AtomicBool::new(false) })
    }
}

struct Places {
    least: f64,
    unseen: AtomicBool,
}

impl Check for Places {
    fn row(&self, row: &View<'_>, out: &mut Findings) {
        if !row.table.has_provenance() {
            return;
        }
        let mut say = |field: &str, message: &str| out.push(row.finding(&META, message).field(field));
        let source = grounds::source(row);
        let span = row.record.values.get("span").filter(|span| !span.is_null());
        match (span, grounds::span(span)) {
            (None, _) => say("span", "the row has no `span`"),
            (Some(_), None) => say("span", "`span` is not two numbers in order"),
            _ => {}
        }
        match source {
            Source::Unnamed => say("source", "the row has no `source`"),
            Source::Unknown => say("source", "`source` is none of the documents"),
            Source::Unseen => self.unseen.store(true, Ordering::Relaxed),
            Source::Known { passage: None, .. } => {
                if grounds::span(span).is_some() {
                    say("span", "`span` is no part of its document");
                }
            }
            Source::Known { document, passage: Some((_, passage)) } => {
                let Some(evidence) = row.last(Role::Evidence) else { return };
                if !holds(evidence.text, passage, self.least) && holds(evidence.text, document, self.least) {
                    say("span", "`span` does not hold the row's evidence, which stands elsewhere in the document");
                }
            }
        }
    }

    fn skipped(&self) -> Vec<Skipped> {
        let reason = "spans were not looked up: the documents are not at hand".to_owned();
        let unseen = self.unseen.load(Ordering::Relaxed);
        unseen.then_some(Skipped { code: META.code, file: None, reason }).into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};
    use std::collections::BTreeMap;

    #[test]
    fn spans_lead_to_the_evidence() {
        let settings = LintSettings::default();
        let document = "The crew met at noon.\n\nWe keep two buoys because one always drifts off.\n";
        let sources = BTreeMap::from([("log.md".to_owned(), document.to_owned())]);
        let check = |source: &str, span: Value, evidence: &str, known: bool, expected: (usize, usize)| {
            let cx = Context { sources: known.then_some(&sources), ..Context::default() };
            let mut check = LostSource.start(&settings, &cx);
            let fields = [("source", source), ("evidence", evidence), ("teacher", "replay"), ("template", "qa")];
            let mut record = crate::lint::tests::record(0, &fields);
            record.values.insert("span".to_owned(), span.clone());
            let out = crate::lint::tests::findings_with(check.as_mut(), Kind::Qa, BTreeMap::new(), &record, &cx);
            assert_eq!((out.len(), check.skipped().len()), expected, "{source} {span} {evidence}");
        };
        let buoys = "We keep two buoys";
        check("log.md", json!([23, 71]), buoys, true, (0, 0));
        check("log.md", json!([0, 21]), buoys, true, (1, 0));
        check("log.md", json!([0, 21]), "a second kettle was never bought by anyone", true, (0, 0));
        check("log.md", json!([23, 7100]), buoys, true, (1, 0));
        check("log.md", json!([23, 23]), buoys, true, (1, 0));
        check("log.md", Value::Null, buoys, true, (1, 0));
        check("lost.md", json!([23, 71]), buoys, true, (1, 0));
        check("", json!([23, 71]), buoys, true, (1, 0));
        check("log.md", json!([23, 7100]), buoys, false, (0, 1));
        check("", json!("23-71"), buoys, false, (2, 0));
    }
}
