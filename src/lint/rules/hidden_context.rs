//! GRD004: the row speaks of a text that its reader never sees.

use std::ops::Range;
use std::sync::LazyLock;

use aho_corasick::AhoCorasick;

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
`--fix --unsafe-fixes` takes such a phrase out where the sentence stands without it, at its beginning, at its end or
between commas; it is unsafe because the question may have meant that source and no other.
Everything else (`What does the document say about rope?`) has to be written anew; a prompt that forbids such wording
keeps it from coming back.
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
        for text in row.texts().filter(|text| !seen(text.role) && may_refer(text.text)) {
            let used = |hit: &std::ops::Range<usize>| !quoted(text.text, hit.start) && !in_code(text.text, hit.start);
            if let Some(hit) = hidden_contexts(text.text).find(used) {
                let message = format!("`{}` refers to a text that its reader does not see", text.name);
                let finding = row.finding_in(&META, text, message);
                let finding = match without(text.text) {
                    Some(_) => finding.unsafely(Edit::rewrite(&text.name, without)),
                    None => finding,
                };
                out.mark(finding, text.text, hit);
            }
        }
    }
}

/// Whether a text has a word without which it refers to nothing unseen: most texts have none.
fn may_refer(text: &str) -> bool {
    static WORDS: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| {
        let words = [
            "text",
            "passage",
            "document",
            "excerpt",
            "extract",
            "snippet",
            "article",
            "post",
            "resume",
            "résumé",
            "RÉSUMÉ",
            "Résumé",
            "cv",
            "source material",
            "information",
            "above",
            "role",
            "position",
            "job",
            "company",
            "employer",
        ];
        AhoCorasick::builder().ascii_case_insensitive(true).build(words).ok()
    });
    WORDS.as_ref().is_none_or(|words| words.is_match(text))
}

/// The text without the phrases that refer to an unseen one; `None` where a sentence would not stand without its own.
fn without(text: &str) -> Option<String> {
    let mut text = text.to_owned();
    // Each turn takes one phrase out, so a text has at most as many as it has words.
    for _ in 0..8 {
        let used = |hit: &Range<usize>| !quoted(&text, hit.start) && !in_code(&text, hit.start);
        let Some(start) = hidden_contexts(&text).filter(used).map(|hit| hit.start).min() else {
            return (text.split_whitespace().count() > 1).then_some(text);
        };
        let end = hidden_contexts(&text).filter(|hit| hit.start == start).map(|hit| hit.end).max()?;
        text = cut(&text, start..end)?;
    }
    None
}

/// Takes one phrase out of a text.
fn cut(text: &str, phrase: Range<usize>) -> Option<String> {
    let starts = |text: &str, word: &str| text.get(..word.len()).is_some_and(|head| head.eq_ignore_ascii_case(word));
    let words = &text[phrase.clone()];
    let (mut before, after) = (&text[..phrase.start], &text[phrase.end..]);
    // `As mentioned in the article`: the small word goes with it.
    let led = before.len().checked_sub(3).filter(|at| {
        before.is_char_boundary(*at)
            && starts(&before[*at..], "as ")
            && !before[..*at].ends_with(|c: char| c.is_alphanumeric())
    });
    match led {
        Some(at) => before = &before[..at],
        None if ["according to", "based ", "as per", "given the", "per the"].iter().any(|head| starts(words, head)) => {
        }
        None => return None,
    }
    let said = before.trim_end_matches([' ', '\u{a0}']);
    let opens = said.is_empty() || said.ends_with(['.', '!', '?', '\n']);
    if let Some(rest) = after.strip_prefix(", ").filter(|_| opens) {
        let mut rest = rest.trim_start().chars();
        let first: String = rest.next()?.to_uppercase().collect();
        return Some(format!("{before}{first}{}", rest.as_str()));
    }
    let head = said.strip_suffix(',');
    if let (Some(head), Some(rest)) = (head, after.strip_prefix(", ")) {
        return Some(format!("{head} {}", rest.trim_start()));
    }
    let closes = after.is_empty() || after.starts_with(['.', '!', '?', '\n']);
    (closes && !opens).then(|| format!("{}{after}", head.unwrap_or(said)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phrases_are_taken_out_where_the_sentence_stands() {
        let check = |text: &str, expected: Option<&str>| {
            let fixed = without(text);
            assert_eq!(fixed.as_deref(), expected, "{text}");
            if let Some(fixed) = fixed {
                assert_eq!(hidden_contexts(&fixed).count(), 0, "{fixed}");
            }
        };
        check("According to the passage, who repaired the buoy?", Some("Who repaired the buoy?"));
        check("Based on the provided context, what broke?", Some("What broke?"));
        check("Who repaired the buoy, according to the text?", Some("Who repaired the buoy?"));
        check("Who repaired the buoy according to the text?", Some("Who repaired the buoy?"));
        check("Ice, according to the article, broke it.", Some("Ice broke it."));
        check("As mentioned in the article, ice broke it. As per the text, twice.", Some("Ice broke it. Twice."));
        check("Ice broke it, as stated in the document.", Some("Ice broke it."));
        check("Which tools are listed in the resume?", None);
        check("What does the text say about rope?", None);
        check("According to the passage who repaired it?", None);
        check("According to the text, what does the document say?", None);
        check("According to the text.", None);
    }

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
