//! LEN002: a question, thought or answer with next to nothing in it.

use super::echoed_thought::echo;
use super::prelude::*;
use super::template_residue::is_placeholder;
use crate::dataset::Shape;
use crate::lint::text::{count_words, invisible};

/// Flags questions, thoughts and answers of very few tokens.
pub(in crate::lint) struct TooShort;

static META: Meta = Meta {
    code: "LEN002",
    name: "too-short",
    severity: Severity::Warning,
    fix: None,
    kinds: &Kind::ALL,
    summary: "A question has fewer than 4 tokens, a thought fewer than 12, or an answer fewer than 3",
    explanation: "
## Why it matters
`Why?` cannot be answered without what stood around it, a thought of five words leads nowhere, and an answer of one word
teaches the student little but to stop.

## Example
`{\"instruction\": \"Why?\", …}`; `\"thought\": \"It is cold.\"`; `\"response\": \"Ice.\"`.
Of a conversation only the first question and the longest answer count: later turns may well be `Thanks.`
In files of others a short instruction is fine when it comes with an input (`Summarize:` and a text).
Empty texts are `empty-field`, words such as `N/A` `template-residue`, thoughts that only repeat `echoed-thought`. A text of enough words has enough tokens; others are left out without a tokenizer.

## How to fix
Ask the teacher for whole sentences, or drop the row.
",
};

impl Rule for TooShort {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn start<'a>(&self, settings: &'a LintSettings, _cx: &Context<'a>) -> Box<dyn Check + 'a> {
        let t = &settings.thresholds;
        Box::new(Short {
            prompt: t.least_prompt,
            thought: t.least_thought,
            answer: t.least_answer,
            echo: (t.thought_response, t.thought_instruction),
            uncounted: 0,
        })
    }
}

struct Short {
    prompt: usize,
    thought: usize,
    answer: usize,
    /// Likenesses from which a thought only repeats.
    echo: (f64, f64),
    /// Texts of few words of which nobody counted the tokens.
    uncounted: u64,
}

impl Short {
    /// The texts that are judged, with what they need.
    fn judged<'v, 'r>(&self, row: &'v View<'r>) -> impl Iterator<Item = (&'v Text<'r>, usize)> {
        let native = row.table.layout.as_ref().is_some_and(|layout| layout.shape == Shape::Native);
        let prompt = row.texts().find(|text| text.role == Role::Prompt);
        let input = !native && row.last(Role::Context).is_some();
        let answers = || row.texts().filter(|text| text.role.is_answer());
        let answer =
            if row.is_conversation() { answers().max_by_key(|text| text.text.len()) } else { answers().last() };
        let thoughts = row.texts().filter(|text| text.role == Role::Thought && !row.is_conversation());
        let (least_prompt, least_thought, least_answer) = (self.prompt, self.thought, self.answer);
        prompt
            .filter(|_| !input)
            .map(move |text| (text, least_prompt))
            .into_iter()
            .chain(thoughts.map(move |text| (text, least_thought)))
            .chain(answer.map(move |text| (text, least_answer)))
            .filter(|(text, least)| {
                // Tokens do not reach over spaces, so words are the least there can be; long texts are no question.
                !text.text.chars().all(|c| c.is_whitespace() || invisible(c))
                    && !is_placeholder(text.text)
                    && text.text.len() < 24 * least
                    && few_words(text.text, *least)
            })
    }
}

fn few_words(text: &str, least: usize) -> bool {
    text.len() < 2 * least || count_words(text) < least
}

impl Check for Short {
    fn row(&self, row: &View<'_>, out: &mut Findings) {
        for (text, least) in self.judged(row) {
            if let Some(tokens) = row.tokens(text).filter(|tokens| *tokens < least) {
                // A thought that repeats its answer is `echoed-thought`, however short.
                if text.role == Role::Thought && echo(row, self.echo.0, self.echo.1).is_some() {
                    continue;
                }
                let message = format!("`{}` has {tokens} tokens, {least} are the least", text.name);
                out.push(row.finding_in(&META, text, message));
            }
        }
    }

    fn remember(&mut self, row: &View<'_>, _out: &mut Findings) {
        if row.cx().counter.is_none() {
            let uncounted = self.judged(row).filter(|(text, _)| row.tokens(text).is_none()).count();
            self.uncounted += uncounted as u64;
        }
    }

    fn skipped(&self) -> Vec<Skipped> {
        let reason = format!("no tokenizer was given and short texts without stored token counts: {}", self.uncounted);
        (self.uncounted > 0).then_some(Skipped { code: META.code, file: None, reason }).into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::Table;
    use crate::lint::tests::{Words, table};

    fn check(rows: &str, counted: bool, expected: &[&str], skipped: usize) {
        let settings = LintSettings { min_rows: 0, select: vec!["LEN002".to_owned()], ..LintSettings::default() };
        let cx = Context::with_counter(counted.then_some(&Words));
        let tables: [Table; 1] = [table("t.jsonl", rows)];
        let report = crate::lint::lint(tables.iter(), &settings, &cx).unwrap();
        let found: Vec<&str> = report.findings.iter().filter_map(|finding| finding.field.as_deref()).collect();
        assert_eq!((found.as_slice(), report.skipped.len()), (expected, skipped), "{rows}");
    }

    #[test]
    fn only_what_stands_alone_is_judged() {
        let qa = r#"{"instruction":"Why two?","context":"","response":"Ice."}"#;
        check(qa, true, &["instruction", "response"], 0);
        check(qa, false, &[], 1);
        check(r#"{"instruction":"Why two of them?","context":"","response":"One always drifts."}"#, true, &[], 0);
        check(r#"{"instruction":"Why two of them?","context":"","response":"One always drifts."}"#, false, &[], 0);
        check(r#"{"instruction":"Why two of them?","context":"","response":" "}"#, true, &[], 0);
        check(
            r#"{"instruction":"Why two of them?","thought":"Ropes are old.","response":"One always drifts."}"#,
            true,
            &["thought"],
            0,
        );
        // An input belongs to its instruction.
        check(r#"{"instruction":"Summarize:","input":"A long story.","output":"It was a story."}"#, true, &[], 0);
        check(r#"{"instruction":"Summarize:","input":"","output":"It was a story."}"#, true, &["instruction"], 0);
        // Later turns may be short.
        let chat = r#"{"messages":[{"role":"user","content":"Why two of them, really?"},{"role":"assistant","content":"One always drifts off."},{"role":"user","content":"Thanks."},{"role":"assistant","content":"Sure."}]}"#;
        check(chat, true, &[], 0);
    }
}
