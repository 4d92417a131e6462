//! PRF001: a preference without a difference.

use crate::dataset::Record;
use crate::lint::finding::Place;
use crate::lint::text::fold;
use crate::lint::{Check, Context, Finding, Fix, LintSettings, Meta, Rule, Severity, TableInfo};
use crate::row::Kind;

/// Flags pairs whose sides are equal after folding of case, width and white space.
pub(in crate::lint) struct IdenticalPair;

static META: Meta = Meta {
    code: "PRF001",
    name: "identical-pair",
    severity: Severity::Error,
    fix: Some(Fix::Unsafe),
    kinds: &[Kind::Preference],
    summary: "`chosen` and `rejected` are the same text",
    explanation: "
## Why it matters
The gradient of such a pair is zero, so it costs time and teaches nothing; its reward margin drags every average.

## Example
`{\"chosen\": \"Two hours down.\", \"rejected\": \"two hours  down.\"}`.
A pair that differs in a single word is not identical.

## How to fix
Ask the teacher for the rejected side again, or drop the pair.
",
};

impl Rule for IdenticalPair {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn start<'a>(&self, _settings: &'a LintSettings, _cx: &Context<'a>) -> Box<dyn Check + 'a> {
        Box::new(Self)
    }
}

impl Check for IdenticalPair {
    fn row(&mut self, table: &TableInfo<'_>, record: &Record, out: &mut Vec<Finding>) {
        let (Some(chosen), Some(rejected)) = (record.text("chosen"), record.text("rejected")) else { return };
        let chosen = fold(chosen);
        // Two empty sides are `empty-field`, twice.
        if !chosen.is_empty() && chosen == fold(rejected) {
            let message = "`chosen` and `rejected` are the same text".to_owned();
            out.push(Finding::at(&META, &Place::of(table, record), message).field("rejected"));
        }
    }
}
