//! GRD003: an answer that has little to do with its context.

use super::prelude::*;
use crate::dataset::Shape;
use crate::lint::grounds::{self, Source, content, partial_ratio};
use crate::lint::text::{count_words, fold};

/// Flags answers whose words are not those of their context and that quote nothing either.
pub(in crate::lint) struct OffContext;

static META: Meta = Meta {
    code: "GRD003",
    name: "off-context-answer",
    severity: Severity::Warning,
    fix: None,
    kinds: &Kind::ALL,
    summary: "The answer shares few words with its context and cites nothing of it",
    explanation: "
## Why it matters
An answer that was not made from its context comes from what the teacher knew, or thought it knew.
The student then learns that contexts need not be read.

## Example
A context about rope and an answer about the weather share no word.
Words that hold a sentence together do not count, endings do not matter, and the passage that the row was made of counts
like its context.
An answer in its own words is fine when the row quotes: the citation score, from 0 to 100, is 70 times the part of the
evidence that stands in the context or the source, and 30 times the part of it that stands in the answer.
Both have to be low: coverage under 0.5 and score under 60.
Contexts of fewer than twenty words, answers of fewer than six telling words, and the input of Alpaca rows are not
judged.

## How to fix
Generate the row again, or give it the context that its answer is about.
",
};

/// A shorter context is a hint.
const CONTEXT_WORDS: usize = 10;
/// A shorter answer says too little to be measured.
const ANSWER_WORDS: usize = 6;

impl Rule for OffContext {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn start<'a>(&self, settings: &'a LintSettings, _cx: &Context<'a>) -> Box<dyn Check + 'a> {
        let thresholds = &settings.thresholds;
        Box::new(Coverage { coverage: thresholds.coverage, citation: thresholds.citation / 100.0 })
    }
}

struct Coverage {
    coverage: f64,
    citation: f64,
}

impl Check for Coverage {
    fn row(&self, row: &View<'_>, out: &mut Findings) {
        let alpaca = row.table.layout.as_ref().is_some_and(|layout| layout.shape == Shape::Alpaca);
        let Some(answer) = row.answer().filter(|_| !alpaca && !row.is_conversation()) else { return };
        let given = row.texts().filter(|text| text.role == Role::Context);
        let mut support: Vec<&str> = given.map(|text| text.text).collect();
        if support.iter().map(|text| count_words(text)).sum::<usize>() < CONTEXT_WORDS {
            return;
        }
        let source = grounds::source(row);
        // What was made from a document may well say more of it than its context shows.
        let made = row.table.has_provenance() || row.last(Role::Evidence).is_some();
        if made && matches!(source, Source::Unseen | Source::Unknown) {
            return;
        }
        support.extend(source.text());
        let said = content(answer.text);
        // Another script is another language: no word of the answer could be in the context.
        if said.len() < ANSWER_WORDS || latin(answer.text) != support.iter().any(|text| latin(text)) {
            return;
        }
        let mut known: Vec<u64> = support.iter().flat_map(|text| content(text)).collect();
        known.sort_unstable();
        let covered = said.iter().filter(|word| known.binary_search(word).is_ok()).count();
        let coverage = covered as f64 / said.len() as f64;
        if coverage >= self.coverage {
            return;
        }
        let evidence = row.last(Role::Evidence).map(|evidence| evidence.text);
        let score = evidence.map_or(0.0, |evidence| {
            let whole = |text: &&str| text.contains(evidence.trim()) || fold(text).contains(&fold(evidence));
            let within = if support.iter().any(whole) {
                1.0
            } else {
                support.iter().map(|text| partial_ratio(evidence, text)).fold(0.0, f64::max)
            };
            // Seven tenths of a quotation that is there are enough by themselves.
            if 0.7 * within >= self.citation { 0.7 } else { 0.7 * within + 0.3 * partial_ratio(evidence, answer.text) }
        });
        if score < self.citation {
            let message = format!(
                "`{}` has {:.0} % of its words from the context, with a citation score of {:.0}",
                answer.name,
                100.0 * coverage,
                100.0 * score
            );
            out.push(row.finding_in(&META, answer, message));
        }
    }
}

/// Whether most letters of a text are Latin.
fn latin(text: &str) -> bool {
    let (mut own, mut all) = (0, 0);
    for c in text.chars().filter(|c| c.is_alphabetic()).take(200) {
        all += 1;
        own += usize::from(u32::from(c) < 0x250);
    }
    2 * own >= all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_made_of_their_context() {
        let settings = LintSettings::default();
        let context = "We keep two buoys because one always drifts off in autumn, and the crew wrote that into the \
                       runbook after the storm that tore the first one loose.";
        let check = |context: &str, evidence: &str, response: &str, expected: usize| {
            let mut check = OffContext.start(&settings, &Context::default());
            let fields = [("context", context), ("response", response), ("evidence", evidence)];
            let out = crate::lint::tests::findings(check.as_mut(), Kind::Qa, &fields);
            assert_eq!(out.len(), expected, "{response}");
        };
        let off = "Kettles boil faster at sea level, so tea tastes better down there.";
        check(context, "", off, 1);
        check(context, "kettles boil at lower heat on high mountains", off, 1);
        check(context, "one always drifts off in autumn", off, 0);
        check(context, "", "Because one of the buoys drifted each autumn, and a storm tore one loose.", 0);
        check(context, "", "No idea.", 0);
        check("Two buoys.", "", off, 0);
        check(context, "", "Мы держим два буя, потому что один всегда уносит осенью.", 0);
    }
}
