//! PRF007: the sides of a pair say different things.

use super::claims::beyond;
use super::prelude::*;

/// Flags pairs in which one side has a number or a name that the other lacks.
pub(in crate::lint) struct FactualDrift;

static META: Meta = Meta {
    code: "PRF007",
    name: "factual-drift",
    severity: Severity::Warning,
    fix: None,
    kinds: &[Kind::Preference],
    summary: "The sides of a pair differ in their numbers or names, not only in tone",
    explanation: "
## Why it matters
A pair is meant to teach how something is said. When the sides also differ in what is said, the student learns that a
fact is preferred, or that invented ones are.

## Example
Chosen: `down for 2 hours on friday`; rejected: `The outage lasted three days.`
Numbers are compared by value and unit (`2 hours` is `two hours` is `120 minutes`), and what the prompt says is known
to both sides. The rejected side may leave a name out, but not bring one: stock answers are vague.
This is what `distill generate` checks too.

## How to fix
Ask the teacher to keep every number and name when it rewrites. For pairs that are meant to teach facts, ignore the rule.
",
};

impl Rule for FactualDrift {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn start<'a>(&self, _settings: &'a LintSettings, _cx: &Context<'a>) -> Box<dyn Check + 'a> {
        Box::new(Drift)
    }
}

struct Drift;

impl Check for Drift {
    fn row(&self, row: &View<'_>, out: &mut Findings) {
        let Some((chosen, rejected)) = row.pair() else { return };
        let known = |text: &&Text<'_>| matches!(text.role, Role::System | Role::Prompt | Role::Context);
        for (one, other, names) in [(rejected, chosen, true), (chosen, rejected, false)] {
            let support: Vec<&Text<'_>> = std::iter::once(other).chain(row.texts().filter(known)).collect();
            if let Some(claim) = beyond(one, &support, names).into_iter().next() {
                let what = claim.what.name();
                let message = format!("`{}` has a {what} that `{}` and the prompt lack", one.name, other.name);
                out.mark(row.finding_in(&META, one, message), one.text, claim.range);
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_may_not_differ() {
        let settings = LintSettings::default();
        let check = |chosen: &str, rejected: &str, expected: Option<&str>| {
            let mut check = FactualDrift.start(&settings, &Context::default());
            let fields = [("prompt", "Tell Karlsund about the 14 pumps."), ("chosen", chosen), ("rejected", rejected)];
            let out = crate::lint::tests::findings(check.as_mut(), Kind::Preference, &fields);
            assert_eq!(out.first().and_then(|finding| finding.field.as_deref()), expected, "{chosen} / {rejected}");
        };
        check("down for two hours. slept badly.", "The outage lasted 2 hours.", None);
        check("down for two hours.", "The outage lasted 120 minutes.", None);
        check("down for two hours.", "The outage lasted three hours.", Some("rejected"));
        check("down for 4 hours.", "The outage lasted a while.", Some("chosen"));
        check("down a while.", "The outage lasted 4 hours.", Some("rejected"));
        check("down in Ravnholm again.", "The outage occurred again.", None);
        check("down again.", "The outage in Ravnholm occurred again.", Some("rejected"));
        check("all of them went.", "All 14 pumps in Karlsund failed.", None);
        check("one of them went.", "One pump failed.", None);
        check("Sadly nobody saw it.", "Unfortunately nobody noticed.", None);
    }
}
