//! SCH003: a trained column without words.
use super::prelude::*;
use crate::lint::text::invisible;

/// Flags trained columns that are empty once white space and invisible characters are gone.
pub(in crate::lint) struct EmptyField;

static META: Meta = Meta {
    code: "SCH003",
    name: "empty-field",
    severity: Severity::Error,
    fix: Some(Fix::Unsafe),
    kinds: &Kind::ALL,
    summary: "A trained column is empty or holds only white space; `context` may be empty",
    explanation: "
## Why it matters
A row with an empty answer teaches the student to stop at once; an empty question teaches it to answer anything.

## Example
`{\"instruction\": \"What broke the buoy?\", \"context\": \"\", \"response\": \" \"}`: the response is a space.
The empty context is fine, the question stands on its own.

## How to fix
Generate the row again or drop it.
",
};

impl Rule for EmptyField {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn start<'a>(&self, settings: &'a LintSettings, _cx: &Context<'a>) -> Box<dyn Check + 'a> {
        Box::new(Empty { context_optional: settings.context_optional })
    }
}

struct Empty {
    context_optional: bool,
}

impl Check for Empty {
    fn row(&self, row: &View<'_>, out: &mut Findings) {
        let may_be = |role: Role| match role {
            Role::Context => self.context_optional,
            // Instructions to the assistant may well be none.
            Role::System => true,
            _ => false,
        };
        for text in row.trained().filter(|text| !may_be(text.role)) {
            if text.text.chars().all(|c| c.is_whitespace() || invisible(c)) {
                let finding = row.finding_in(&META, text, format!("`{}` is empty", text.name));
                out.push(finding.unsafely(Edit::Drop));
            }
        }
    }
}
