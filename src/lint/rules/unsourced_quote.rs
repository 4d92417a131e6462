//! GRD002: evidence that its source does not hold.

use std::sync::atomic::{AtomicU64, Ordering};

use super::prelude::*;
use crate::lint::grounds::{self, Source, holds};

/// Flags quotations that are none.
pub(in crate::lint) struct UnsourcedQuote;

static META: Meta = Meta {
    code: "GRD002",
    name: "unsourced-quote",
    severity: Severity::Error,
    fix: None,
    kinds: &Kind::ALL,
    summary: "The evidence is not in the source that it is said to be quoted from",
    explanation: "
## Why it matters
A row is worth what its evidence is worth.
A teacher that could not find words to quote writes some, and then the rest of the row is made up as well.

## Example
`The crew voted for a second buoy` as evidence is a finding when the document never says so.
Case, punctuation, line breaks, words left out between ellipses and slips in up to 15 % of the letters are forgiven
(`quote` sets how much has to be there).
The quotation is held against the document that `source` names, and for rows that name none against their context.

## How to fix
Generate the row again.
If the document was edited since, the rows that were made of it are stale: make them again too.
",
};

impl Rule for UnsourcedQuote {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn start<'a>(&self, settings: &'a LintSettings, _cx: &Context<'a>) -> Box<dyn Check + 'a> {
        Box::new(Quotes { least: settings.thresholds.quote, unseen: AtomicU64::new(0) })
    }
}

struct Quotes {
    least: f64,
    unseen: AtomicU64,
}

impl Check for Quotes {
    fn row(&self, row: &View<'_>, out: &mut Findings) {
        let Some(evidence) = row.last(Role::Evidence) else { return };
        let source = grounds::source(row);
        let found = match source {
            Source::Known { document, passage } => {
                passage.is_some_and(|(_, passage)| holds(evidence.text, passage, self.least))
                    || holds(evidence.text, document, self.least)
            }
            Source::Unnamed => match row.last(Role::Context) {
                Some(context) => holds(evidence.text, context.text, self.least),
                None => return,
            },
            Source::Unseen | Source::Unknown => {
                self.unseen.fetch_add(1, Ordering::Relaxed);
                return;
            }
        };
        if !found {
            let of = if source == Source::Unnamed { "the row's context" } else { "its source" };
            let message = format!("`{}` is not in {of}", evidence.name);
            out.mark(row.finding_in(&META, evidence, message), evidence.text, 0..evidence.text.len());
        }
    }

    fn skipped(&self) -> Vec<Skipped> {
        let unseen = self.unseen.load(Ordering::Relaxed);
        let quotes = if unseen == 1 { "1 quotation was".to_owned() } else { format!("{unseen} quotations were") };
        let reason = format!("{quotes} not checked: the documents that they are from are not at hand");
        (unseen > 0).then_some(Skipped { code: META.code, file: None, reason }).into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn quotes_are_held_against_source_or_context() {
        let settings = LintSettings::default();
        let document = "The crew met at noon.\n\nWe keep two buoys because\none always drifts off in autumn.\n";
        let sources = BTreeMap::from([("log.md".to_owned(), document.to_owned())]);
        let check = |evidence: &str, source: &str, context: &str, expected: (usize, usize)| {
            let cx = Context { sources: Some(&sources), ..Context::default() };
            let mut check = UnsourcedQuote.start(&settings, &cx);
            let fields = [("context", context), ("source", source), ("evidence", evidence)];
            let record = crate::lint::tests::record(0, &fields);
            let out = crate::lint::tests::findings_with(check.as_mut(), Kind::Qa, BTreeMap::new(), &record, &cx);
            assert_eq!((out.len(), check.skipped().len()), expected, "{evidence}");
        };
        check("We keep two buoys because one always drifts off", "log.md", "", (0, 0));
        check("we keep two bouys, because one allways drifts off in autumn", "log.md", "", (0, 0));
        check("The crew voted for a second buoy last winter", "log.md", "", (1, 0));
        check("The crew voted for a second buoy", "lost.md", "", (0, 1));
        check("Rope is kept dry.", "", "Rope is kept dry, always.", (0, 0));
        check("Rope is kept wet and salted.", "", "Nobody touches the kettle.", (1, 0));
        check("Rope is kept wet.", "", "", (0, 0));
        check(" ", "log.md", "", (0, 0));
    }
}
