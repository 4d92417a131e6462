//! COT004: a thought that keeps looking back.

use super::prelude::*;
use crate::lint::mention::{in_code, quoted};
use regex::Regex;
use std::sync::LazyLock;

/// Flags thoughts with the self-corrections of long reasoning traces.
pub(in crate::lint) struct ReflectionWords;

static META: Meta = Meta {
    code: "COT004",
    name: "reflection-words",
    severity: Severity::Warning,
    fix: None,
    kinds: &[Kind::Cot],
    summary: "A thought stops and corrects itself again and again",
    explanation: "
## Why it matters
`Wait`, `Hmm` and `Let me re-check` work in large models that can use the detour. Small students copy the words and
loop (Li et al. 2025, arXiv:2502.12143).

## Example
`The pump takes 4 hours. Wait, no, 5. Hmm, let me re-check.` has three; a finding needs two.
`Wait for the tide`, `we wait, then`, and quoted words are no reflections.

## How to fix
Generate the row again with a teacher that does not think aloud, or ask for the shortest way to the answer.
",
};

static REFLECTION: LazyLock<Option<Regex>> = LazyLock::new(|| {
    super::pattern(concat!(
        r"(?i)(?:(?:^|[.!?…,;:(—–]\s*|\n\s*|\s-\s|(?-u:\b)(?:but|oh|and|so|or),?\s+)",
        r"(?P<words>wait(?:\s*[,!?…—–]|\.\.|\s+-|\s+(?:no|but|a (?:minute|second|sec|moment)|maybe|actually|what|let me|i (?:think|need|made|missed|should|must|forgot))(?-u:\b))",
        r"|hmm+|hold on(?:\s*[,.!?…—–]|\s+a (?:minute|second|sec|moment))|actually,? (?:no|wait)(?-u:\b)|alternatively(?-u:\b)|scratch that(?-u:\b)",
        r"|let['’]?s (?:re-?check|double[- ]check|reconsider|re-?think)(?-u:\b))",
        r"|(?-u:\b)(?:let me (?:re-?check|double[- ]check|reconsider|re-?think|re-?examine|think again|verify|check again|start over)|on second thought)|(?:^|[.!?…]\s+)wait\.(?:\s|$))"
    ))
});

impl Rule for ReflectionWords {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn start<'a>(&self, settings: &'a LintSettings, _cx: &Context<'a>) -> Box<dyn Check + 'a> {
        Box::new(Reflections { least: settings.thresholds.reflections.max(1) })
    }
}

struct Reflections {
    least: usize,
}

impl Check for Reflections {
    fn row(&self, row: &View<'_>, out: &mut Findings) {
        for text in row.texts().filter(|text| text.role == Role::Thought) {
            let hits: Vec<_> = reflections(text.text).collect();
            if hits.len() >= self.least {
                let message = format!("`{}` looks back at itself {} times", text.name, hits.len());
                out.mark(row.finding_in(&META, text, message), text.text, hits[0].clone());
            }
        }
    }
}

/// The words by which a thought turns round.
fn reflections(text: &str) -> impl Iterator<Item = std::ops::Range<usize>> + '_ {
    let hits = REFLECTION.iter().flat_map(move |pattern| pattern.captures_iter(text));
    let words = hits.filter_map(|hit| hit.name("words").or_else(|| hit.get(0)).map(|words| words.range()));
    words.filter(move |hit| !quoted(text, hit.start) && !in_code(text, hit.start))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reflections_are_counted() {
        let check = |text: &str, expected: usize| assert_eq!(reflections(text).count(), expected, "{text}");
        check("The pump takes 4 hours. Wait, no, 5. Hmm, let me re-check.", 3);
        check("Wait. That is wrong. Actually, no, it holds.", 2);
        check("It leaks. But wait, the seal is new. Alternatively, the pipe.", 2);
        check("On second thought the seal is fine. Hold on, is it?", 2);
        check("It is four... wait... five", 1);
        check("Let me double-check the log. Let's reconsider.", 2);
        check("Wait for the tide. Wait until noon. Wait times doubled.", 0);
        check("We wait, then we sail. They can't wait, either.", 0);
        check("Nothing to do but wait. The tide turns at six.", 0);
        check("He said \"wait, no\" and \"hmm\".", 0);
        check("Alternative routes are longer. Hold on to the rope.", 0);
        check("Let me think: the pump is old.", 0);
        check("", 0);
    }
}
