//! COT001: a thought that is no thought.

use super::prelude::*;
use crate::lint::text::{alike, common, hash};
use std::collections::HashSet;
use std::sync::LazyLock;

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
or a single sentence of which nine words in ten stand in the response in that order. A single sentence that holds the
whole response and else only words of the instruction and of grammar (`So the answer is two hours.`) is no thought
either; one that brings a number or a word of its own is.

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
    if bare || alike(own, response, response_likeness) || restates(row, thought) {
        Some((thought, "response"))
    } else {
        alike(own, words(row.prompt()), instruction_likeness).then_some((thought, "instruction"))
    }
}

/// Words in which a sentence can dress an answer without a reason for it.
const DRESS: &str = "the a an so thus hence therefore answer answers response result is was are were be been has have \
                     had it that this my i we you your our in of to for would will correct right question here clearly";

static DRESSES: LazyLock<HashSet<u64>> = LazyLock::new(|| DRESS.split_whitespace().map(hash).collect());

/// Whether a thought is one sentence that says the response and only asks the question again around it.
fn restates(row: &View<'_>, thought: &Text<'_>) -> bool {
    let (Some(response), Some(prompt)) = (row.answer(), row.prompt()) else { return false };
    let (own, said, asked) = (thought.words(), response.words(), prompt.words());
    if said.is_empty() || own.len() <= said.len() || own.len() > 40 {
        return false;
    }
    let new = |word: &u64| !said.contains(word) && !asked.contains(word) && !DRESSES.contains(word);
    !own.iter().any(new)
        && sentences(thought.text) <= 1
        && common(own, said) == said.len()
        // Figures that the answer lacks are a calculation.
        && figures(thought.text).all(|figure| figures(response.text).any(|known| known == figure))
}

/// Runs of digits.
fn figures(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_ascii_digit()).filter(|run| !run.is_empty())
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
        let check = |instruction: &str, thought: &str, response: &str, expected: usize| {
            let mut check = EchoedThought.start(&settings, &Context::default());
            let fields = [("instruction", instruction), ("thought", thought), ("response", response)];
            let out = crate::lint::tests::findings(check.as_mut(), Kind::Cot, &fields);
            assert_eq!(out.len(), expected, "{instruction} / {thought} / {response}");
        };
        check("How long was the outage?", "The outage was two hours long.", "Two hours.", 1);
        check("How long was the outage?", "So the answer is two hours.", "Two hours.", 1);
        check("How long was the outage?", "It began at four and ended at six, so two hours.", "Two hours.", 0);
        check("How long was the outage?", "It was two hours. I have the log.", "Two hours.", 0);
        check("How long is 13 times 4 minutes?", "13 times 4 minutes is 52 minutes.", "52 minutes.", 0);
        check("Which pump?", "The older pump leaks.", "The older pump.", 0);
    }
}
