//! COT002: the answer ends on something that was never reasoned about.

use super::claims::is_literal;
use super::prelude::*;
use crate::row::{Arithmetic, Support, unsupported};

/// Flags answers whose last number or name stands neither in the thought nor in the question nor in the context.
pub(in crate::lint) struct UnbackedConclusion;

static META: Meta = Meta {
    code: "COT002",
    name: "unbacked-conclusion",
    severity: Severity::Error,
    fix: None,
    kinds: &[Kind::Cot],
    summary: "The last number or name of the answer appears neither in the thought nor in what the thought is about",
    explanation: "
## Why it matters
The student learns that a thought and its answer need not agree, and invents the end of its own reasoning.

## Example
Thought `Two of the three pumps failed in March, so one is left.`, response `Seven pumps are left.`
Only the last number or name of the response counts. Numbers are compared by value (`twelve` is `12`), may be rounded,
turned into another unit, or be worked out in one step from two numbers of the thought, the question, the context,
the evidence, or the masked document where it is at hand.
An answer without a number or a name (`No, keep it.`) has nothing to look for.

## How to fix
Generate the row again. A thought that leads to another answer is not repaired by changing the answer.
",
};

/// Support with more numbers than this yields every number by some step: nothing can be told of it.
const MOST_NUMBERS: usize = 120;

impl Rule for UnbackedConclusion {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn start<'a>(&self, _settings: &'a LintSettings, _cx: &Context<'a>) -> Box<dyn Check + 'a> {
        Box::new(Conclusion)
    }
}

struct Conclusion;

impl Check for Conclusion {
    fn row(&self, row: &View<'_>, out: &mut Findings) {
        let (Some(answer), Some(_)) = (row.last(Role::Answer), row.last(Role::Thought)) else { return };
        let backs = |role: Role| {
            matches!(
                role,
                Role::Prompt | Role::Context | Role::Thought | Role::System | Role::Evidence | Role::Paraphrase
            )
        };
        let support: Vec<&Text<'_>> = row.texts().filter(|text| backs(text.role)).collect();
        if is_literal(answer, &support, true) {
            return;
        }
        let mut claims = unsupported(answer.text, &[], Arithmetic::Strict);
        // Placeholders are PII004's, and words in quotation marks are somebody else's.
        claims.retain(|claim| !claim.text.starts_with('[') && !in_quotes(answer.text, &claim.range));
        let Some(last) = claims.pop() else { return };
        let mut support: Vec<&str> = support.into_iter().map(|text| text.text).collect();
        let source = row.record.text("source").and_then(|name| row.cx().sources?.get(name));
        support.extend(source.map(String::as_str));
        let read = Support::read(&support);
        let open = |arithmetic| {
            let claims = read.unsupported(answer.text, arithmetic);
            claims.iter().any(|c| c.range.start < last.range.end && last.range.start < c.range.end)
        };
        if !open(Arithmetic::Strict) || support.iter().map(|text| numbers(text)).sum::<usize>() > MOST_NUMBERS {
            return;
        }
        if open(Arithmetic::Allowed) {
            let what = last.what.name();
            let message =
                format!("the last {what} of `{}` appears neither in the thought nor in the question", answer.name);
            out.mark(row.finding_in(&META, answer, message), answer.text, last.range);
        }
    }
}

/// Whether a piece of a text stands between quotation marks of one line.
fn in_quotes(text: &str, range: &std::ops::Range<usize>) -> bool {
    let line = text[..range.start].rfind('\n').map_or(0, |at| at + 1);
    let before = &text[line..range.start];
    let curly = before.matches(['“', '„']).count() > before.matches('”').count();
    curly || (before.matches('"').count() % 2 == 1 && text[range.end..].contains('"'))
}

/// Runs of digits.
fn numbers(text: &str) -> usize {
    text.split(|c: char| !c.is_ascii_digit()).filter(|run| !run.is_empty()).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_came_from_nowhere_counts() {
        let settings = LintSettings::default();
        let check = |thought: &str, response: &str, expected: usize| {
            let mut check = UnbackedConclusion.start(&settings, &Context::default());
            let fields = [
                ("instruction", "How long do the 13 pumps of Ravnholm run on one tank?"),
                ("thought", thought),
                ("response", response),
            ];
            let out = crate::lint::tests::findings(check.as_mut(), Kind::Cot, &fields);
            assert_eq!(out.len(), expected, "{thought} / {response}");
        };
        let thought = "Each pump takes 4 minutes of fuel. 13 times 4 is 52.";
        check(thought, "52 minutes.", 0);
        check(thought, "Fifty-two minutes, a bit less than an hour.", 0);
        check(thought, "About 50 minutes.", 0);
        check(thought, "71 minutes.", 1);
        check("Each pump takes 4 minutes of fuel.", "52 minutes at most.", 0);
        check(thought, "52 minutes, says the log of Karlsund.", 1);
        check(thought, "They ran in Karlsund too, for 52 minutes.", 0);
        check(thought, "Not long. Buy a second tank.", 0);
        check(thought, "One of them runs longer than the others.", 0);
        check(thought, "The pumps in Ravnholm run for 52 minutes.", 0);
        check("", "71 minutes.", 0);
        check("The tank holds 3 hours and 20 minutes of fuel.", "200 minutes.", 0);
        check("The bill fell by a third, from 90 to 60.", "By 33 percent.", 0);
        check(&format!("{} So be it.", "1 2 3 4 5 6 7 8 9 10 ".repeat(13)), "471 minutes.", 0);
    }
}
