//! TXT005: the teacher speaks about its task instead of doing it.

use super::pattern;
use super::prelude::*;
use crate::lint::mention::{in_code, quoted};
use crate::lint::text::runs;
use regex::Regex;

/// Flags refusals, talk about being a model, and announcements of the answer.
pub(in crate::lint) struct TeacherMetaText;

static META: Meta = Meta {
    code: "TXT005",
    name: "teacher-meta-text",
    severity: Severity::Error,
    fix: None,
    kinds: &Kind::ALL,
    summary: "The teacher refuses, calls itself a model, announces its answer or repeats its instructions",
    explanation: "
## Why it matters
The student is meant to speak as the person. One `As an AI language model` in a hundred rows is enough to hear it again.

## Example
`Sure, here is the rewritten post:`, `I'm sorry, but I can't help with that.`, `Here is the JSON you asked for`.
Quoted words are left alone, and so is `Here is how I did it`: people write that.
The `rejected` side may open like an assistant, for that is its part; refusals and talk of models count there too.
Where a row has a system prompt, an answer with 12 words in a row of it repeats its instructions.

## How to fix
Drop the row and ask again; the prompt should demand the bare answer.
",
};

/// Anywhere in a text.
const MODEL: &[&str] = &[
    r"(?-u:\b)as an? (?:ai|artificial intelligence|large) language model(?-u:\b)",
    r"(?-u:\b)as an? (?:ai|artificial intelligence)(?: model| assistant| chatbot| system)?, (?:i|my)(?-u:\b)",
    r"(?-u:\b)(?:i am|i['’]m) (?:just |only )?an? (?:ai|artificial intelligence)(?: language)? (?:model|assistant|chatbot)(?-u:\b)",
    r"(?-u:\b)my (?:knowledge cutoff|training data (?:only goes|goes|ends|does not|doesn['’]t))(?-u:\b)",
];
/// At the start: no answer at all.
const REFUSAL: &[&str] = &[
    r"^\W*(?:i['’]m sorry|i am sorry|sorry|i apologi[sz]e|unfortunately)?[,.]?\s*(?:but )?i (?:can['’]t|cannot|can not|am unable to|am not able to|am unable|won['’]t)\s+(?:(?:to )?answer\s*(?:[.!,]|$|that\b|this\b)|(?:help|assist)(?: you)? with (?:that\b|this\b|your request)|(?:fulfil+|complete|comply with|answer|process) (?:that|this|your|the) (?:request|prompt|instruction)|comply\b|(?:generate|provide|create|produce) (?:that|this|such|the requested)\b)",
];
/// At the start: the answer is announced.
const OPENER: &[&str] = &[
    r"^\W*(?:sure|certainly|absolutely|of course|no problem|okay|ok)\b(?: thing)?[,!.:*_]*\s+(?:here['’]?s\b|here (?:is|are)\b|below (?:is|are)\b|i(?:['’]ll| can| will) (?:help|provide|generate|write|rewrite)\b)",
];
/// At the start: what was asked for is named.
const LABEL: &[&str] = &[
    r"^\W*(?:here['’]s|here (?:is|are)|below (?:is|are)|the following (?:is|are)) (?:the |your |a |an |my |some |\d+ )*(?:json|requested|rewritten|revised|generated|training (?:data|example|row)s?|(?:question|q)s? ?(?:and|&) ?(?:answer|a)s?\b|(?:answer|response|rewrite|output|summary)s?\s*:)",
    r"^[\s*_#]*(?:response|rewritten (?:post|text|version))\s*:[\s*_]",
];

impl Rule for TeacherMetaText {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn start<'a>(&self, settings: &'a LintSettings, _cx: &Context<'a>) -> Box<dyn Check + 'a> {
        let kinds = [
            (MODEL, "calls its author a language model", true),
            (REFUSAL, "is a refusal", true),
            (OPENER, "announces the answer", false),
            (LABEL, "names what the teacher was asked for", true),
        ];
        let compile = |list: &[&str]| pattern(&format!("(?i)(?:{})", list.join("|")));
        let patterns =
            kinds.into_iter().filter_map(|(list, what, always)| Some((compile(list)?, what, always))).collect();
        Box::new(MetaText { patterns, echoed: settings.thresholds.echoed_words })
    }
}

struct MetaText {
    /// Pattern, what it means, and whether it also counts in `rejected`.
    patterns: Vec<(Regex, &'static str, bool)>,
    /// Words of a system prompt in a row that an answer may not repeat.
    echoed: usize,
}

impl MetaText {
    /// The answer that repeats the system prompt, when one does.
    fn echo<'v, 'r>(&self, row: &'v View<'r>) -> Option<&'v Text<'r>> {
        // Twelve words take more than twelve bytes; most rows have no system prompt at all.
        let long = |text: &&Text<'_>| self.echoed > 0 && text.text.len() > 2 * self.echoed;
        let mut prompts: Vec<u64> = vec![];
        for text in row.texts().filter(|text| text.role == Role::System).filter(long) {
            prompts.extend(runs(text.words(), self.echoed));
        }
        if prompts.is_empty() {
            return None;
        }
        prompts.sort_unstable();
        let said = |role: Role| role.is_answer() || matches!(role, Role::Rejected | Role::Thought);
        row.texts()
            .filter(|text| said(text.role))
            .filter(long)
            .find(|text| runs(text.words(), self.echoed).any(|run| prompts.binary_search(&run).is_ok()))
    }
}

impl Check for MetaText {
    fn row(&self, row: &View<'_>, out: &mut Findings) {
        if let Some(text) = self.echo(row) {
            let message = format!("`{}` repeats {} words of the system prompt", text.name, self.echoed);
            out.push(row.finding_in(&META, text, message));
        }
        // Evidence, context and instructions are not the teacher's words; probes are never trained on but still asked.
        let words_of_others = |role: Role| matches!(role, Role::Evidence | Role::Context | Role::System);
        for text in row.texts().filter(|text| !words_of_others(text.role)) {
            let patterns = self.patterns.iter().filter(|(_, _, always)| *always || text.role != Role::Rejected);
            let used = |hit: &regex::Match<'_>| {
                !quoted(text.text, hit.start()) && !in_code(text.text, hit.start()) && !opens_with_quote(hit.as_str())
            };
            let mut hits =
                patterns.flat_map(|(pattern, what, _)| pattern.find_iter(text.text).map(move |hit| (hit, what)));
            if let Some((hit, what)) = hits.find(|(hit, _)| used(hit)) {
                out.mark(row.finding_in(&META, text, format!("`{}` {what}", text.name)), text.text, hit.range());
            }
        }
    }
}

/// Patterns for the start of a text run over marks such as `**`; a quotation mark among them means a mention.
fn opens_with_quote(hit: &str) -> bool {
    hit.starts_with(['"', '“', '‘', '„', '«', '\'', '`'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn teachers_and_people_are_told_apart() {
        let settings = LintSettings::default();
        let check = |field: &'static str, text: &str, expected: usize| {
            let mut check = TeacherMetaText.start(&settings, &Context::default());
            let out = crate::lint::tests::findings(check.as_mut(), Kind::Preference, &[(field, text)]);
            assert_eq!(out.len(), expected, "{text}");
        };
        check("chosen", "As an AI language model, I have no boat.", 1);
        check("chosen", "I'm just an AI assistant and have no boat.", 1);
        check("chosen", "I’m sorry, but I can’t help with that request.", 1);
        check("chosen", "I cannot assist with this.", 1);
        check("chosen", "Sure! Here's the post you wanted.", 1);
        check("chosen", "**Certainly!** Below is a version.", 1);
        check("chosen", "Here is the JSON:\n{}", 1);
        check("chosen", "Here are 3 training examples", 1);
        check("rejected", "Certainly! Here is a warm welcome.", 0);
        check("rejected", "As an AI language model, I cannot feel.", 1);
        check("chosen", "Here is how I did it: one retry, then sleep.", 0);
        check("chosen", "Sure, here and there it leaked.", 0);
        check("chosen", "Sure, we lost two hours.", 0);
        check("chosen", "I'm an AI engineer at a ferry company.", 0);
        check("chosen", "I can't help with the move on Friday, back hurts.", 0);
        check("chosen", "It opened with \"As an AI language model\" and I laughed.", 0);
        check("chosen", "I'm sorry about the noise last night.", 0);
        check("chosen", "**Response:** less code.", 1);
        check("chosen", "The answer: less code.", 0);
    }

    #[test]
    fn instructions_are_not_said_aloud() {
        let settings = LintSettings { min_rows: 0, select: vec!["TXT005".to_owned()], ..LintSettings::default() };
        let system =
            "You are the harbour assistant. Answer in two short sentences and never mention the price of rope.";
        let check = |answer: &str, expected: usize| {
            let row = format!(
                r#"{{"messages":[{{"role":"system","content":"{system}"}},{{"role":"user","content":"Hi"}},{{"role":"assistant","content":"{answer}"}}]}}"#
            );
            let tables = [crate::lint::tests::table("t.jsonl", &row)];
            let report = crate::lint::lint(tables.iter(), &settings, &Context::default()).unwrap();
            assert_eq!(report.findings.len(), expected, "{answer}");
        };
        check("I was told: answer in two short sentences, and never mention the price of rope.", 1);
        check("I am to answer in two short sentences and never mention the price.", 0); // eleven words
        check("The harbour opens at six.", 0);
    }
}
