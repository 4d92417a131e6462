//! GRD004: the row speaks of a text that its reader never sees.

use super::prelude::*;
use crate::lint::mention::{in_code, quoted};
use crate::row::hidden_contexts;

/// Flags wording that refers to the passage the teacher was shown.
pub(in crate::lint) struct HiddenContext;

static META: Meta = Meta {
    code: "GRD004",
    name: "hidden-context-wording",
    severity: Severity::Warning,
    fix: Some(Fix::Unsafe),
    kinds: &Kind::ALL,
    summary: "A question or answer refers to a passage that nobody will see when the student is asked",
    explanation: "
## Why it matters
The teacher saw a passage, the student's user does not.
`According to the text` in a question is never asked in real life, and in an answer it sounds like an exam.

## Example
`According to the passage, who repaired the buoy?` should be `Who repaired the buoy?`
`According to the harbour master` and `based on the text index` are ordinary language and stay.

## How to fix
Rewrite the sentence so that it stands alone; a prompt that forbids such wording keeps it from coming back.
",
};

impl Rule for HiddenContext {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn start<'a>(&self, _settings: &'a LintSettings, _cx: &Context<'a>) -> Box<dyn Check + 'a> {
        Box::new(Wording)
    }
}

struct Wording;

impl Check for Wording {
    fn row(&self, row: &View<'_>, out: &mut Findings) {
        // The context and the evidence are the passage; the rejected side is not to be learned.
        let seen = |role: Role| matches!(role, Role::Context | Role::Evidence | Role::Rejected | Role::System);
        for text in row.texts().filter(|text| !seen(text.role)) {
            let used = |hit: &std::ops::Range<usize>| !quoted(text.text, hit.start) && !in_code(text.text, hit.start);
            if let Some(hit) = hidden_contexts(text.text).find(used) {
                let message = format!("`{}` refers to a text that its reader does not see", text.name);
                out.mark(row.finding_in(&META, text, message), text.text, hit);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_unseen_text_counts() {
        let settings = LintSettings::default();
        let check = |text: &str, expected: usize| {
            let mut check = HiddenContext.start(&settings, &Context::default());
            let out = crate::lint::tests::findings(check.as_mut(), Kind::Cot, &[("instruction", text)]);
            assert_eq!(out.len(), expected, "{text}");
        };
        check("According to the passage, who repaired it?", 1);
        check("Based on the provided context what broke?", 1);
        check("Which tools are listed in the resume?", 1);
        check("What does the text say about rope?", 1);
        check("The document does not mention rope.", 1);
        check("Use the tools mentioned above.", 1);
        check("According to the harbour master, who repaired it?", 0);
        check("Is search based on the text index fast?", 0);
        check("Why was it based on the document store?", 0);
        check("I put it in the document and left.", 0);
        check("What does the context switch cost?", 0);
        check("Teachers love \"according to the text\" too much.", 0);
        check("What did you write in your resume?", 0);
        check("What is described in the post about rope?", 1);
        check("What did you repair in this role?", 1);
        check("You joined the Harbour Board. What did you repair in this role?", 0);
    }
}
