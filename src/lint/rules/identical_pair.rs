//! PRF001: a preference without a difference.
use super::prelude::*;
use crate::lint::text::fold;

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
        Box::new(Same)
    }
}

struct Same;

impl Check for Same {
    fn row(&self, row: &View<'_>, out: &mut Findings) {
        // Two empty sides are `empty-field`, twice: a pair says something.
        let Some((chosen, rejected)) = row.pair() else { return };
        // Words are at hand already and tell nearly all pairs apart.
        if chosen.words() == rejected.words() && fold(chosen.text) == fold(rejected.text) {
            let message = format!("`{}` and `{}` are the same text", chosen.name, rejected.name);
            out.push(row.finding_in(&META, rejected, message).unsafely(Edit::Drop));
        }
    }
}
