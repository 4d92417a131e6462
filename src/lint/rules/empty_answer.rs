//! GRD005: an answer that says the question again, or copies its context where a person should speak.

use super::prelude::*;
use crate::lint::grounds;
use crate::lint::text::{alike, words};

/// Flags answers that add nothing.
pub(in crate::lint) struct EmptyAnswer;

static META: Meta = Meta {
    code: "GRD005",
    name: "empty-answer",
    severity: Severity::Warning,
    fix: None,
    kinds: &Kind::ALL,
    summary: "The answer only restates the question, or copies its context where it should speak in a person's voice",
    explanation: "
## Why it matters
Where the answer is the question, the student learns to say questions again.
Where it is the context word for word, it learns to copy instead of how the person speaks.

## Example
`Why did the old pump stop at night?` and `The old pump did stop at night.` have a likeness of 0.8 or more (ROUGE-L), and the
answer has no word of its own.
`Was it shut?` may be answered by `It was shut.`, and a request to rewrite a text by nearly the same text.
The second part is only judged when texts of the author are at hand: an answer of eight words or more that is for 90 %
one piece of its context or its source.
Sides of pairs that are the author's own words are fine.

## How to fix
Generate the row again; a prompt that asks for an answer in own words keeps it from coming back.
",
};

impl Rule for EmptyAnswer {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn start<'a>(&self, settings: &'a LintSettings, cx: &Context<'a>) -> Box<dyn Check + 'a> {
        let thresholds = &settings.thresholds;
        Box::new(Answers {
            restated: thresholds.restated,
            verbatim: thresholds.verbatim,
            persona: cx.profile.is_some(),
        })
    }
}

struct Answers {
    restated: f64,
    verbatim: f64,
    /// Whether answers should sound like somebody.
    persona: bool,
}

/// A shorter copy is a name, a number or a few words that cannot be said otherwise.
const COPIED_WORDS: usize = 8;
/// A longer text is no answer in somebody's voice.
const MOST_WORDS: usize = 2000;
/// Longer requests hold the text that is to be worked on.
const REQUEST_WORDS: usize = 25;

impl Check for Answers {
    fn row(&self, row: &View<'_>, out: &mut Findings) {
        let Some(answer) = row.answer() else { return };
        if let Some(prompt) = row.prompt()
            && alike(answer.words(), prompt.words(), self.restated)
            && asks(prompt.text)
            && adds_nothing(answer.text, prompt.text)
        {
            let message = format!("`{}` only restates `{}`", answer.name, prompt.name);
            return out.push(row.finding_in(&META, answer, message));
        }
        let own =
            answer.role == Role::Chosen && !matches!(row.record.text("chosen_source"), Some("teacher" | "student"));
        if !self.persona || own || !(COPIED_WORDS..=MOST_WORDS).contains(&answer.words().len()) {
            return;
        }
        let needed = (self.verbatim * answer.words().len() as f64).ceil() as usize;
        let context = row.last(Role::Context);
        let copied = context.is_some_and(|context| longest_run(answer.words(), context.words(), needed))
            || grounds::source(row).text().is_some_and(|text| longest_run(answer.words(), &words(text), needed));
        if copied {
            let message = format!("`{}` is one piece of its context, word for word", answer.name);
            out.push(row.finding_in(&META, answer, message));
        }
    }
}

/// Whether two lists share a run of at least `needed` words.
fn longest_run(a: &[u64], b: &[u64], needed: usize) -> bool {
    if needed == 0 || a.len() < needed || b.len() < needed {
        return false;
    }
    // A run of that length holds one of these words whichever part of the answer it is.
    let starts = a.len() - needed;
    b.iter().enumerate().any(|(j, word)| {
        (0..=starts).any(|i| a[i] == *word && b.len() - j >= needed && a[i..i + needed] == b[j..j + needed])
    })
}

/// Whether a prompt wants to be told something new: an open question, or a short request without a text to work on.
fn asks(prompt: &str) -> bool {
    let prompt = prompt.trim();
    let lower = prompt.to_lowercase().replace('’', "'");
    let words = || lower.split(|c: char| !c.is_alphanumeric() && c != '\'').filter(|word| !word.is_empty());
    if prompt.contains('\n') || prompt.contains(": ") || prompt.contains(['"', '“', '„', '«', '`']) {
        return false;
    }
    if prompt.ends_with('?') {
        return true;
    }
    words().count() <= REQUEST_WORDS && !words().any(|word| matches!(word, "repeat" | "say" | "rewrite" | "correct"))
}

/// Whether an answer has no word of its own: small words and those of the question, whatever their endings.
fn adds_nothing(answer: &str, prompt: &str) -> bool {
    let asked = grounds::content(prompt);
    let digits = |text: &str| text.chars().filter(char::is_ascii_digit).count();
    grounds::content(answer).iter().all(|word| asked.contains(word)) && digits(answer) <= digits(prompt)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::style::Profile;

    #[test]
    fn restating_is_no_answer() {
        let settings = LintSettings::default();
        let check = |question: &str, answer: &str, expected: usize| {
            let mut check = EmptyAnswer.start(&settings, &Context::default());
            let fields = [("instruction", question), ("response", answer)];
            let out = crate::lint::tests::findings(check.as_mut(), Kind::Qa, &fields);
            assert_eq!(out.len(), expected, "{answer}");
        };
        check("Why did the old pump stop at night?", "The old pump did stop at night.", 1);
        check("Why did the old pump stop at night?", "Why did the old pump stop at night?", 1);
        check("Tell me about the long rope.", "Tell me about the long rope.", 1);
        check("Why did the old pump stop at night?", "The old pump did stop at night because ice blocked it.", 0);
        check("Who fixed the pump on the north pier?", "Harbour master fixed the pump on the north pier.", 0);
        check("How many of the buoys lie a little at night?", "12 of the buoys lie a little at night.", 0);
        check("Was the old pier shut in winter?", "The old pier was shut in winter.", 1);
        check("Was the old pier shut in winter?", "It was, from November on.", 0);
        check("Correct this: the rope are wet today", "The rope is wet today.", 0);
        check("Repeat after me, the rope is wet.", "Repeat after me, the rope is wet.", 0);
    }

    #[test]
    fn copies_count_where_a_voice_is_wanted() {
        let settings = LintSettings::default();
        let profile = Profile::measure(&["i keep two of everything. one drifts off, always.", "no heroes, just rope."]);
        let context = "Responsible for two buoys and one ferry, including all repairs at night.";
        let check = |profile: Option<&Profile>, answer: &str, expected: usize| {
            let cx = Context { profile, ..Context::default() };
            let mut check = EmptyAnswer.start(&settings, &cx);
            let fields = [("instruction", "What do you do?"), ("context", context), ("response", answer)];
            let out = crate::lint::tests::findings(check.as_mut(), Kind::Qa, &fields);
            assert_eq!(out.len(), expected, "{answer}");
        };
        check(Some(&profile), context, 1);
        check(Some(&profile), "Responsible for two buoys and one ferry, including all repairs.", 1);
        check(None, context, 0);
        check(Some(&profile), "Two buoys and one ferry.", 0);
        check(Some(&profile), "I look after two buoys and a ferry, and after whatever breaks at night.", 0);
    }
}
