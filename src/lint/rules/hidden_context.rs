//! GRD004: the row speaks of a text that its reader never sees.

use regex::Regex;

use super::pattern;
use crate::dataset::Record;
use crate::lint::finding::Place;
use crate::lint::mention::{in_code, quoted};
use crate::lint::rule::written;
use crate::lint::{Check, Context, Finding, Fix, LintSettings, Meta, Rule, Severity, TableInfo};
use crate::row::Kind;

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

/// Nouns for what the teacher was shown.
const NOUN: &str = r"(?:text|passage|document|excerpt|extract|snippet|article|resume|résumé|context|source material|provided information)";
/// What the passage does with what it holds.
const PARTICIPLE: &str = r"(?:stated|mentioned|described|noted|discussed|outlined|listed|provided|presented)";
/// Words that may follow such a noun without making it part of another name (`the document store`).
const FOLLOWS: [&str; 44] = [
    "a", "above", "all", "an", "and", "are", "as", "at", "below", "can", "did", "do", "does", "for", "given", "had",
    "has", "have", "he", "how", "if", "in", "is", "it", "of", "on", "or", "provided", "she", "that", "the", "there",
    "they", "this", "to", "was", "were", "what", "when", "where", "which", "who", "why", "would",
];

impl Rule for HiddenContext {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn start<'a>(&self, _settings: &'a LintSettings, _cx: &Context<'a>) -> Box<dyn Check + 'a> {
        let determiner = r"(?:the|this) (?:(?:given|provided|above|following) )?";
        let verbs = "says|states|mentions|describes|notes|indicates|suggests|explains|does not|doesn['’]t";
        let shown = "text|passage|excerpt|snippet|document|resume|résumé";
        // Each with whether it ends on the noun, which then must not be the first half of another name.
        let sources = [
            (format!(r"(?i)\b(?:according to|based (?:only |solely )?on) {determiner}{NOUN}\b"), true),
            (format!(r"(?i)\b{PARTICIPLE} (?:in|by) {determiner}{NOUN}\b"), true),
            (format!(r"(?i)\b(?:the|this) (?:provided|given|above|aforementioned) {NOUN}\b"), true),
            (format!(r"(?i)\b(?:the|this) (?:{shown}) (?:{verbs})\b"), false),
            (
                format!(
                    r"(?i)\b(?:does|did) (?:the|this) (?:{shown}) (?:say|state|mention|describe|suggest|explain)\b"
                ),
                false,
            ),
            (r"(?i)\b(?:mentioned|described|listed|stated|quoted) above\b".to_owned(), true),
        ];
        let patterns = sources.iter().filter_map(|(source, noun)| Some((pattern(source)?, *noun))).collect();
        Box::new(Wording { patterns })
    }
}

struct Wording {
    /// Pattern, and whether it ends on the noun.
    patterns: Vec<(Regex, bool)>,
}

impl Check for Wording {
    fn row(&mut self, table: &TableInfo<'_>, record: &Record, out: &mut Vec<Finding>) {
        // The context and the evidence are the passage; the rejected side is not to be learned.
        let fields = written(table, record).filter(|(field, _)| !matches!(*field, "context" | "evidence" | "rejected"));
        for (field, text) in fields {
            let hits =
                self.patterns.iter().flat_map(|(pattern, noun)| pattern.find_iter(text).map(move |hit| (hit, noun)));
            let hit = hits
                .filter(|(hit, _)| !quoted(text, hit.start()) && !in_code(text, hit.start()))
                .find(|(hit, noun)| !**noun || ends_the_name(&text[hit.end()..]));
            if let Some((hit, _)) = hit {
                let message = format!("`{field}` refers to a text that its reader does not see");
                let finding = Finding::at(&META, &Place::of(table, record), message).field(field);
                out.push(finding.marking(text, hit.range()));
            }
        }
    }
}

/// Whether what follows a noun lets it stand alone: punctuation, the end, or a small word.
fn ends_the_name(rest: &str) -> bool {
    match rest.strip_prefix([' ', '\n', '\u{a0}']) {
        None => !rest.starts_with(['-', '_', '/']),
        Some(rest) => {
            let word = rest.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default().to_lowercase();
            word.is_empty() || FOLLOWS.contains(&word.as_str())
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
    }
}
