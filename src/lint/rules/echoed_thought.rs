//! COT001: a thought that is no thought.
use super::prelude::*;
use crate::lint::text::{alike, common};

/// Flags thoughts that repeat the response or the instruction.
pub(in crate::lint) struct EchoedThought;

static META: Meta = Meta {
    code: "COT001",
    name: "echoed-thought",
    severity: Severity::Error,
    fix: None,
    kinds: &[Kind::Cot],
    summary: "The thought repeats the response or the instruction instead of leading from one to the other",
    explanation: "
## Why it matters
The student learns to say everything twice, and half of the token budget teaches nothing.

## Example
Instruction `Why two buoys?`, thought `Two buoys are safer.`, response `Two buoys are safer, so we kept both.`
A thought may use the words of the answer as long as it also says where they come from.
Likeness is ROUGE-L over words: 0.9 with the response, 0.7 with the instruction,
or a single sentence of which nine words in ten stand in the response in that order.

## How to fix
Generate the row again and ask for the reason before the answer.
",
};

impl Rule for EchoedThought {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn start<'a>(&self, settings: &'a LintSettings, _cx: &Context<'a>) -> Box<dyn Check + 'a> {
        let thresholds = &settings.thresholds;
        Box::new(Echo { response: thresholds.thought_response, instruction: thresholds.thought_instruction })
    }
}

struct Echo {
    response: f64,
    instruction: f64,
}

impl Check for Echo {
    fn row(&self, row: &View<'_>, out: &mut Findings) {
        if let Some((thought, what)) = echo(row, self.response, self.instruction) {
            out.push(row.finding_in(&META, thought, format!("`{}` repeats the {what}", thought.name)));
        }
    }
}

/// The thought that says nothing of its own, and what it repeats, at these likenesses.
pub(super) fn echo<'v, 'r>(
    row: &'v View<'r>,
    response_likeness: f64,
    instruction_likeness: f64,
) -> Option<(&'v Text<'r>, &'static str)> {
    let thought = row.last(Role::Thought)?;
    let words = |text: Option<&'v Text<'r>>| text.map(Text::words).unwrap_or_default();
    let response = words(row.answer());
    let own = thought.words();
    let bare = sentences(thought.text) <= 1
        && !own.is_empty()
        && own.len() <= response.len()
        && common(own, response) as f64 >= 0.9 * own.len() as f64;
    if bare || alike(own, response, response_likeness) {
        Some((thought, "response"))
    } else {
        alike(own, words(row.prompt()), instruction_likeness).then_some((thought, "instruction"))
    }
}

/// Sentences, by closing punctuation before white space; at least one when there are words.
fn sentences(text: &str) -> usize {
    text.split_whitespace().rev().skip(1).filter(|word| word.ends_with(['.', '!', '?', ';', '…'])).count() + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn echoes_are_told_from_reasons() {
        let settings = LintSettings::default();
        let check = |thought: &str, expected: usize| {
            let mut check = EchoedThought.start(&settings, &Context::default());
            let fields = [
                ("instruction", "Why did you keep two buoys after the storm?"),
                ("thought", thought),
                ("response", "I kept two buoys because one of them always drifts."),
            ];
            let out = crate::lint::tests::findings(check.as_mut(), Kind::Cot, &fields);
            assert_eq!(out.len(), expected, "{thought}");
        };
        check("I kept two buoys because one of them always drifts.", 1);
        check("One of them always drifts.", 1);
        check("Why did I keep two buoys after the storm?", 1);
        check("One buoy always drifts. Losing the only one costs a day of data. So a second one pays.", 0);
        check("A spare costs less than a lost day, and one of them always drifts.", 0);
        check("", 0);
    }
}
