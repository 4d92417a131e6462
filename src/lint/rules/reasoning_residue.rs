//! COT003: the dress of a reasoning trace.

use super::prelude::*;
use crate::lint::mention::{in_code, quoted};
use regex::Regex;
use std::ops::Range;
use std::sync::LazyLock;

/// Flags reasoning tags and the words that any thought could begin with.
pub(in crate::lint) struct ReasoningResidue;

static META: Meta = Meta {
    code: "COT003",
    name: "reasoning-residue",
    severity: Severity::Warning,
    fix: Some(Fix::Safe),
    kinds: &Kind::ALL,
    summary: "Tags or stock phrases of a reasoning trace are left in a thought or an answer",
    explanation: "
## Why it matters
Tags come back as text in the student's answers, and a phrase that stands before every thought costs tokens
and says nothing.

## Example
`<think>`, `</reasoning>`, `Let's think step by step.`, `Thought: …`, or a line that is only `Step 1:`.
`Step 1: drain the tank` says what the step is and stays; so do tags in backticks, and a file whose layout keeps
the thought in `<think>` at the start of the answer.

## How to fix
Take them out; that is safe for tags around a thought and for sentences of their own.
Whole reasoning inside an answer is taken out as an unsafe fix: it may be the only thought that the row has.
",
};

static TAG: LazyLock<Option<Regex>> = LazyLock::new(|| {
    super::pattern(
        r"(?i)</?(?:think|thinking|thoughts?|reasoning|reflection|scratchpad|answer|final_answer|chain_of_thought)>",
    )
});
/// A whole piece of reasoning.
static BLOCK: LazyLock<Option<Regex>> = LazyLock::new(|| {
    super::pattern(
        r"(?is)<(?:think|thinking|thoughts?|reasoning|reflection|scratchpad|chain_of_thought)>(.*?)</(?:think|thinking|thoughts?|reasoning|reflection|scratchpad|chain_of_thought)>\s*",
    )
});
const BY_STEP: &str = r"(?:(?:let['’]?s|let us|let me)\s+(?:think|reason|work|go|walk|break|approach|solve|tackle|analy[sz]e)\b[^.!?\n]{0,40}?\bstep[ -]by[ -]step\b|(?:i|we)(?:['’]ll| will| need to| should| must)?\s+(?:think|reason)\b[^.!?\n]{0,20}?\bstep[ -]by[ -]step\b|(?:let['’]?s|let us|let me)\s+break\s+(?:this|it|that|the (?:problem|question|task))\s+down\b)";
/// Words that any thought could begin with.
static PHRASE: LazyLock<Option<Regex>> = LazyLock::new(|| super::pattern(&format!(r"(?i)\b{BY_STEP}")));
/// The same as a sentence of its own, with what stands before it.
static SENTENCE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    super::pattern(&format!(
        r"(?i)(?P<before>^\s*|[.!?:]\s+|\n\s*)(?:(?:okay|ok|alright|first|so|now|well)[,.]?\s+)*{BY_STEP}(?:\s+(?:about|and|to|here|together|into|as)\b[^.!?\n,;:]{{0,40}})?\s*(?:[.!?:…]+[ \t]*|\n|$)"
    ))
});
/// A line's heading with its number, whatever follows.
static STEP: LazyLock<Option<Regex>> = LazyLock::new(|| {
    super::pattern(
        r"(?i)^\s*(?:[-*][ \t]+)?(?:\*\*|__)?(?:step|schritt|étape|paso)[ \t]+\d{1,2}[ \t]*(?:\*\*|__)?[ \t]*[:.)](?:\*\*|__)?[ \t]*",
    )
});
/// A heading that says nothing but its number.
static HEADING: LazyLock<Option<Regex>> = LazyLock::new(|| {
    super::pattern(
        r"(?im)^[ \t]*(?:#{1,6}[ \t]*|[-*][ \t]+)?(?:\*\*|__)?(?:step|schritt|étape|paso)[ \t]+\d{1,2}[ \t]*[:.)]?(?:\*\*|__)?[ \t]*[:.)]?[ \t]*$\n?",
    )
});
static LABEL: LazyLock<Option<Regex>> = LazyLock::new(|| {
    super::pattern(
        r"(?i)^\s*(?:\*\*|__)?(?:thoughts?|reasoning|thinking|chain of thought|thought process)(?:\*\*|__)?\s*:(?:\*\*|__)?[ \t]*\n?",
    )
});

impl Rule for ReasoningResidue {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn start<'a>(&self, _settings: &'a LintSettings, _cx: &Context<'a>) -> Box<dyn Check + 'a> {
        Box::new(Residue)
    }
}

struct Residue;

impl Check for Residue {
    fn row(&self, row: &View<'_>, out: &mut Findings) {
        for text in row.texts().filter(|text| matches!(text.role, Role::Thought | Role::Answer | Role::Chosen)) {
            let thought = text.role == Role::Thought;
            let Some((range, what)) = find(text.text, thought) else { continue };
            let finding = row.finding_in(&META, text, format!("`{}` holds {what}", text.name));
            // Where thought and answer are one text, the tags that part them have to stay.
            let shared = row.texts().filter(|other| other.name == text.name).count() > 1;
            let mended = |repair: fn(&str) -> Option<String>| {
                !shared
                    && text.text.len() <= MENDED
                    && repair(text.text).is_some_and(|mended| find(&mended, thought).is_none())
            };
            let finding = if thought && mended(bare_thought) {
                finding.safe(Edit::rewrite(&text.name, bare_thought))
            } else if !thought && reasons(text.text) && mended(without_reasoning) {
                finding.unsafely(Edit::rewrite(&text.name, without_reasoning))
            } else if !thought && mended(untagged) {
                finding.safe(Edit::rewrite(&text.name, untagged))
            } else {
                finding
            };
            out.mark(finding, text.text, range);
        }
    }
}

/// Bytes of a text up to which it is mended.
const MENDED: usize = 1 << 15;
/// Hits of a pattern that are looked at.
const MOST_HITS: usize = 256;

/// Hits that are used and not only mentioned.
fn used<'t>(pattern: &'t LazyLock<Option<Regex>>, text: &'t str) -> impl Iterator<Item = Range<usize>> + 't {
    let hits = pattern.iter().flat_map(move |pattern| pattern.find_iter(text)).map(|hit| hit.range()).take(MOST_HITS);
    hits.filter(move |hit| !quoted(text, hit.start) && !in_code(text, hit.start))
}

/// The first heading of a text in which every line begins with `Step N:`, and there are several.
fn numbered(text: &str) -> Option<Range<usize>> {
    let lines = || text.lines().filter(|line| !line.trim().is_empty());
    if lines().count() < 2 {
        return None;
    }
    let heading = |line: &str| STEP.as_ref().and_then(|step| step.find(line)).map(|hit| hit.range());
    let first = heading(text)?;
    lines().all(|line| heading(line).is_some()).then_some(first)
}

/// The first trace of a trace; phrases and headings only count in thoughts.
fn find(text: &str, thought: bool) -> Option<(Range<usize>, &'static str)> {
    if text.contains('<')
        && let Some(tag) = used(&TAG, text).next()
    {
        return Some((tag, "a reasoning tag"));
    }
    if !thought {
        return None;
    }
    if let Some(range) = numbered(text) {
        return Some((range, "nothing but numbered steps"));
    }
    let phrase = used(&PHRASE, text).next().map(|hit| (hit, "a stock phrase of reasoning"));
    let label = || used(&LABEL, text).next().map(|hit| (hit, "a label for what its field says already"));
    let heading = || used(&HEADING, text).next().map(|hit| (hit, "a heading without words"));
    phrase.or_else(label).or_else(heading)
}

/// Whether an answer has reasoning with words in it, tags and all.
fn reasons(text: &str) -> bool {
    let blocks = BLOCK.iter().flat_map(|block| block.captures_iter(text));
    blocks.filter_map(|block| block.get(1)).any(|inner| !inner.as_str().trim().is_empty())
}

/// A text without some stretches; `None` when that changes nothing or leaves nothing.
fn without(text: &str, cuts: &[Range<usize>]) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    let mut from = 0;
    for cut in cuts {
        out.push_str(text.get(from..cut.start)?);
        from = cut.end;
    }
    out.push_str(text.get(from..)?);
    let out = out.trim();
    (!cuts.is_empty() && !out.is_empty()).then(|| out.to_owned())
}

fn untagged(text: &str) -> Option<String> {
    without(text, &used(&TAG, text).collect::<Vec<_>>())
}

fn without_reasoning(text: &str) -> Option<String> {
    let kept = without(text, &used(&BLOCK, text).collect::<Vec<_>>())?;
    untagged(&kept).or(Some(kept))
}

fn bare_thought(text: &str) -> Option<String> {
    let mut out = untagged(text).unwrap_or_else(|| text.to_owned());
    let sentence = |text: &str| -> Vec<Range<usize>> {
        let hits = SENTENCE.iter().flat_map(|pattern| pattern.captures_iter(text));
        let cut = |hit: regex::Captures<'_>| Some(hit.name("before")?.end()..hit.get(0)?.end());
        hits.filter_map(cut).filter(|cut| !quoted(text, cut.start) && !in_code(text, cut.start)).collect()
    };
    for cuts in [|text: &str| used(&LABEL, text).collect(), sentence, |text: &str| used(&HEADING, text).collect()] {
        if let Some(cut) = without(&out, &cuts(&out)) {
            out = cut;
        }
    }
    if numbered(&out).is_some()
        && let Some(step) = STEP.as_ref()
    {
        out = out.lines().map(|line| step.replace(line, "")).collect::<Vec<_>>().join("\n");
    }
    (out != text && !out.trim().is_empty()).then_some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn traces_are_told_from_talk_about_steps() {
        let check = |text: &str, expected: Option<&str>| {
            let fixed = find(text, true).map(|_| bare_thought(text).unwrap_or_default());
            assert_eq!(fixed.as_deref(), expected, "{text}");
            if let Some(fixed) = fixed.filter(|fixed| !fixed.is_empty()) {
                assert_eq!(bare_thought(&fixed), None, "{text}");
            }
        };
        check("<think>The pump leaks.</think>", Some("The pump leaks."));
        check("The pump leaks.\n</reasoning>", Some("The pump leaks."));
        check("Let's think step by step. The pump leaks.", Some("The pump leaks."));
        check("Okay, let’s think about this step-by-step:\nThe pump leaks.", Some("The pump leaks."));
        check("The pump leaks. Let me break this down. It is old.", Some("The pump leaks. It is old."));
        check("Let's think step by step, the pump leaks.", Some(""));
        check("Let's think step by step.", Some(""));
        check("Step 1:\nThe pump leaks.\n\n**Step 2:**\nIt is old.", Some("The pump leaks.\n\nIt is old."));
        check("Thought: the pump leaks.", Some("the pump leaks."));
        check("Step 1: drain the tank. Step 2: dry it.", None);
        check("Step 1: Drain the tank.\nStep 2: Dry it.", Some("Drain the tank.\nDry it."));
        check("Step 3 failed, so I looked at step 2.", None);
        check("We took the mast down step by step.", None);
        check("The prompt said \"let's think step by step\" and it helped.", None);
        check("The parser looks for `<think>` first.", None);
        check("We think the valve fails first.", None);
        check("if a <think and b> c", None);
        check("Reasoning about tides is hard: the moon moves.", None);
    }

    #[test]
    fn answers_keep_their_words() {
        assert_eq!(find("Let's think step by step: drain it first.", false), None);
        let empty = "<think>\n\n</think>\n\nIt leaks.";
        assert!(find(empty, false).is_some() && !reasons(empty));
        assert_eq!(untagged(empty).as_deref(), Some("It leaks."));
        let full = "<think>It is old.</think>\n\nIt <b>leaks</b>.</answer>";
        assert!(reasons(full));
        assert_eq!(without_reasoning(full).as_deref(), Some("It <b>leaks</b>."));
        assert_eq!(without_reasoning("<think>It is old.</think>"), None);
    }
}
