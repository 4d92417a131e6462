//! PII005: perhaps personal data.

use super::leaked_data::each;
use super::prelude::*;
use crate::mask::{Entity, Span};

/// Flags texts in which the mask's recognizers see what may be personal data.
pub(in crate::lint) struct DoubtfulData;

static META: Meta = Meta {
    code: "PII005",
    name: "doubtful-personal-data",
    severity: Severity::Warning,
    fix: None,
    kinds: &Kind::ALL,
    summary: "A text column holds what may be personal data or a secret",
    explanation: "
## Why it matters
Some values have the shape of personal data without a check digit or a label that settles it.
A person sees at once what a recognizer can only suspect.

## Example
A password behind a label, or an age in a sentence about a person, scores between 0.5 and 0.85: PII001 and PII002 pass
it over and this rule names it.
What is surer than that is theirs.

## How to fix
Look at the row.
If it is personal data, add the value to the texts that are always masked and mask again; if not, add it to those that
never are, or raise `pii_doubt`.
",
};

impl Rule for DoubtfulData {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn start<'a>(&self, settings: &'a LintSettings, _cx: &Context<'a>) -> Box<dyn Check + 'a> {
        let thresholds = &settings.thresholds;
        Box::new(Doubts { from: thresholds.pii_doubt, below: thresholds.pii_score })
    }
}

struct Doubts {
    from: f32,
    below: f32,
}

impl Check for Doubts {
    fn row(&self, row: &View<'_>, out: &mut Findings) {
        // Numbers after words such as `at` are hours and amounts far more often than ages, and secrets are told of by
        // `leaked-secret`.
        let doubtful = |entity: Entity| !matches!(entity, Entity::Age | Entity::Secret);
        let wanted = |span: &Span| span.score >= self.from && span.score < self.below && doubtful(span.entity);
        each(row, &wanted, &mut |said, entity, range, times| {
            let message = format!("`{}` may hold personal data: {}{times}", said.field, entity.stem());
            out.mark(row.finding(&META, message).field(&said.field), said.text, range);
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_doubts_count() {
        let settings = LintSettings::default();
        let check = |text: &str, expected: usize| {
            let mut check = DoubtfulData.start(&settings, &Context::default());
            let out = crate::lint::tests::findings(check.as_mut(), Kind::Cot, &[("response", text)]);
            let spans = crate::mask::scan(text);
            assert_eq!(out.len(), expected, "{text}: {spans:?}");
        };
        check("Write to a.person@example.com.", 0);
        check("The password is long and nobody knows it.", 0);
        check("In 2024 there were 1200 rows.", 0);
        check("The token expires at midnight, so I renew it at eleven.", 0);
    }
}
