//! GRD001: a number, a date or a name that nothing holds up.

use std::sync::atomic::{AtomicU64, Ordering};

use super::prelude::*;
use crate::dataset::Shape;
use crate::lint::grounds::{self, Source};
use crate::lint::text::count_words;
use crate::mask::is_word;
use crate::row::{Arithmetic, Claim, Support, What};

/// Flags answers and thoughts that say more than their context and their source.
pub(in crate::lint) struct UnsupportedClaim;

static META: Meta = Meta {
    code: "GRD001",
    name: "unsupported-claim",
    severity: Severity::Error,
    fix: None,
    kinds: &Kind::ALL,
    summary: "A number, date or name of the answer is neither in the context nor in the source",
    explanation: "
## Why it matters
Numbers and names are what teachers make up, and what a student repeats most readily.
A model that was trained on made-up facts about a person invents more of them.

## Example
With a context that says `the ingest serves 2,340 buoys`, the answer `about 2,400 buoys in Oslo` has two findings in
one: a number that is not there and a place that is not there.
`twelve` is `12`, `1.5 h` is `90 minutes`, months and first words of sentences claim nothing, and what the question says
may be said again.
A thought may calculate: sums, differences, ratios and percentages of numbers that are there are fine.
The support is the context, the passage that `source` and `span` name when the documents are at hand, with its headings,
and the evidence.
Rows of other shapes are judged when they carry a context of twenty words; what Alpaca calls input is what a task is
done to and no support.

## How to fix
Generate the row again, or correct the answer by its source.
A rule in the prompt that forbids facts from outside the passage keeps them from coming back.
",
};

impl Rule for UnsupportedClaim {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn start<'a>(&self, _settings: &'a LintSettings, _cx: &Context<'a>) -> Box<dyn Check + 'a> {
        Box::new(Claims { nothing: Support::read(&[]), unseen: AtomicU64::new(0) })
    }
}

struct Claims {
    /// Holds up nothing: what claims nothing against it claims nothing.
    nothing: Support,
    /// Rows whose source is not at hand.
    unseen: AtomicU64,
}

/// Words of a context that is more than a label, in the shapes of others.
const PASSAGE_WORDS: usize = 20;

impl Check for Claims {
    fn row(&self, row: &View<'_>, out: &mut Findings) {
        let native = row.table.native_kind().is_some();
        let answer = row.answer().filter(|_| {
            // The person's own words need nobody's support.
            row.record.text("chosen_source") != Some("post")
        });
        let thought = row.last(Role::Thought);
        let texts = [thought, answer];
        if texts.iter().flatten().all(|text| text.text.trim().is_empty()) {
            return;
        }
        let source = grounds::source(row);
        let mut support: Vec<&str> = source.text().into_iter().chain(source.headings()).collect();
        let alpaca = row.table.layout.as_ref().is_some_and(|layout| layout.shape == Shape::Alpaca);
        if !alpaca && (native || !row.is_conversation()) {
            let given = row.texts().filter(|text| text.role == Role::Context && !text.text.trim().is_empty());
            let given: Vec<&str> = given.map(|text| text.text).collect();
            let words: usize = if native { PASSAGE_WORDS } else { given.iter().map(|text| count_words(text)).sum() };
            if words >= PASSAGE_WORDS {
                support.extend(given);
            }
        }
        // What was made from a document may well say more of it than its context shows.
        let made = row.table.has_provenance() || row.last(Role::Evidence).is_some();
        let elsewhere = made && matches!(source, Source::Unseen | Source::Unknown);
        // A word that stands for a context is none.
        let blank = support.iter().all(|text| super::template_residue::is_placeholder(text));
        if support.is_empty() || elsewhere || blank {
            if native && matches!(source, Source::Unseen | Source::Unknown) {
                self.unseen.fetch_add(1, Ordering::Relaxed);
            }
            return;
        }
        let more = |role: &Role| matches!(role, Role::Prompt | Role::System | Role::Evidence);
        support.extend(row.texts().filter(|text| more(&text.role)).map(|text| text.text));
        let strict = native && thought.is_none();
        let arithmetic = if strict { Arithmetic::Strict } else { Arithmetic::Allowed };
        let mut read: Option<Support> = None;
        for text in texts.into_iter().flatten() {
            // Most of what is read is the support: only when there is something to hold against it.
            let claims = self.nothing.unsupported(text.text, Arithmetic::Strict);
            if claims.iter().any(|claim| !stands(claim, &support)) {
                let support = read.get_or_insert_with(|| Support::read(&support));
                let claims = support.unsupported(text.text, arithmetic).into_iter();
                // Placeholders are PII004's.
                let claims = claims.filter(|claim| !claim.text.starts_with('['));
                let claims: Vec<_> = claims.filter(|claim| !is_whole_answer(claim, text.text)).collect();
                if let Some(first) = claims.first() {
                    let claimed: Vec<What> = claims.iter().map(|claim| claim.what).collect();
                    let unseen = matches!(source, Source::Unseen | Source::Unknown);
                    let by = if unseen { "its context does not support" } else { "nothing supports" };
                    let message = format!("`{}` has {} that {by}", text.name, counted(&claimed));
                    out.mark(row.finding_in(&META, text, message), text.text, first.range.clone());
                }
            }
            // The answer follows from the thought.
            if text.role == Role::Thought {
                support.push(text.text);
                read = None;
            }
        }
    }

    fn skipped(&self) -> Vec<Skipped> {
        let unseen = self.unseen.load(Ordering::Relaxed);
        let rows = if unseen == 1 { "1 row was".to_owned() } else { format!("{unseen} rows were") };
        let reason = format!("{rows} not checked: the documents that they name are not at hand");
        (unseen > 0).then_some(Skipped { code: META.code, file: None, reason }).into_iter().collect()
    }
}

/// Whether a claim stands in the support letter by letter: then it need not be read. A day may still contradict another.
fn stands(claim: &Claim, support: &[&str]) -> bool {
    let part = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || matches!(c, '.' | ',' | ':' | '-' | '%'));
    claim.what != What::Date
        && support.iter().any(|text| {
            text.match_indices(&claim.text).any(|(at, words)| {
                let mut after = text[at + words.len()..].chars();
                let next = after.next();
                // A comma or a full stop that ends a clause is no part of a number.
                let goes_on = part(next) && (next.is_some_and(char::is_alphanumeric) || part(after.next()));
                !part(text[..at].chars().next_back()) && !goes_on
            })
        })
}

/// Whether a claim is an ordinary word that has its capital because the answer begins with it: `Short.`
fn is_whole_answer(claim: &Claim, text: &str) -> bool {
    claim.what == What::Entity && text[..claim.range.start].trim().is_empty() && is_word(&claim.text)
}

/// `a number and 2 names`.
fn counted(claims: &[What]) -> String {
    let mut counts: Vec<(What, usize)> = vec![];
    for what in claims {
        match counts.iter_mut().find(|(known, _)| known == what) {
            Some((_, count)) => *count += 1,
            None => counts.push((*what, 1)),
        }
    }
    let one = |what: What| if what.name().starts_with(['a', 'e', 'i', 'o']) { "an" } else { "a" };
    let said = counts.into_iter().map(|(what, count)| match count {
        1 => format!("{} {}", one(what), what.name()),
        _ => format!("{count} {}s", what.name()),
    });
    said.collect::<Vec<_>>().join(" and ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn numbers_and_names_need_support() {
        let settings = LintSettings::default();
        let check = |question: &str, context: &str, response: &str, expected: Option<&str>| {
            let mut check = UnsupportedClaim.start(&settings, &Context::default());
            let fields = [("instruction", question), ("context", context), ("response", response)];
            let out = crate::lint::tests::findings(check.as_mut(), Kind::Qa, &fields);
            let message = out.first().map(|finding| finding.message.as_str());
            assert_eq!(message, expected, "{response}");
        };
        let context = "The ingest serves 2,340 buoys, and I moved it from RabbitMQ to NATS in 2021.";
        check("How many?", context, "2340 buoys, all on NATS.", None);
        check("How many?", context, "About 3,900 buoys.", Some("`response` has a number that nothing supports"));
        check(
            "How many?",
            context,
            "2,340, with Kafka behind them.",
            Some("`response` has a name that nothing supports"),
        );
        check("When?", context, "It moved in 2019.", Some("`response` has a date that nothing supports"));
        check("Why not Kafka?", context, "Kafka was too much for 2,340 buoys.", None);
        check("How?", context, "[PERSON_1] moved it.", None);
        check("How was it?", context, "Short.", None);
        check("How many?", "", "About 3,900 buoys in Oslo.", None);
    }

    #[test]
    fn thoughts_lean_on_the_source_and_calculate() {
        let settings = LintSettings::default();
        let document = "# Harbour\n\nNobody was there.\n\nThe pump ran 12 hours a day for 3 days.\n";
        let sources = BTreeMap::from([("log.md".to_owned(), document.to_owned())]);
        let check = |thought: &str, span: (usize, usize), known: bool, expected: (usize, usize)| {
            let cx = Context { sources: known.then_some(&sources), ..Context::default() };
            let mut check = UnsupportedClaim.start(&settings, &cx);
            let mut record = crate::lint::tests::record(
                0,
                &[("instruction", "How long?"), ("thought", thought), ("response", "36 hours."), ("source", "log.md")],
            );
            record.values.insert("span".to_owned(), serde_json::json!([span.0, span.1]));
            let out = crate::lint::tests::findings_with(check.as_mut(), Kind::Cot, BTreeMap::new(), &record, &cx);
            assert_eq!((out.len(), check.skipped().len()), expected, "{thought}");
        };
        let all = (30, document.len());
        check("It ran 12 hours on 3 days, 36 hours in all.", all, true, (0, 0));
        check("It ran 14 hours on 5 days.", all, true, (1, 0));
        check("It ran 12 hours on 3 days, 36 hours in all.", (11, 29), true, (1, 0));
        check("It ran 14 hours on 5 days.", all, false, (0, 1));
    }
}
