//! STY001: an answer in the stock wording of language models.

use super::prelude::*;
use crate::lint::mention::{in_code, quoted};
use crate::style::{MARKERS_VERSION, Marker, Rate, Tier, phrases};

/// Flags answers with several stock phrases, or with far more stock wording than the author has.
pub(in crate::lint) struct StockPhrases;

static META: Meta = Meta {
    code: "STY001",
    name: "stock-phrases",
    severity: Severity::Warning,
    fix: None,
    kinds: &Kind::ALL,
    summary: "An answer holds two stock phrases of language models, or far more such wording than the author uses",
    explanation: "
## Why it matters
The student repeats what it hears most. A few answers that `delve into the ever-evolving landscape` are enough
for the person's tone to be lost, and no later phase brings it back.

## Example
`It's important to note that the outage was a testament to the team.` has two phrases that people rarely write.
One such phrase alone is no finding: people write `game changer` now and then. Quoted words and code do not count.
When the author's own texts are at hand, weaker words such as `robust` count too: a finding takes two different ones
and more per word than the author's rate and three standard deviations of it, so an author who likes `robust` keeps it.
Of a pair only the chosen side is looked at; a pair that stands the wrong way round is `inverted-pair`.

## How to fix
Generate the row again with samples of the author's writing in the prompt, or rewrite the sentence.
",
};

/// Words that an author's rate is drawn towards the usual one by: nobody is without stock words, some have little text.
const DOUBT: f64 = 500.0;
/// Stock phrases and words per word of ordinary prose.
const USUAL: f64 = 0.004;

impl Rule for StockPhrases {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn start<'a>(&self, settings: &'a LintSettings, cx: &Context<'a>) -> Box<dyn Check + 'a> {
        let rate = cx
            .profile
            .filter(|profile| profile.words > 0)
            .map(|profile| (profile.count(Rate::Marker) as f64 + DOUBT * USUAL) / (profile.words as f64 + DOUBT));
        let t = &settings.thresholds;
        Box::new(Stock { rate, deviations: t.marker_deviations, margin: t.marker_margin })
    }
}

struct Stock {
    /// The author's stock wording per word.
    rate: Option<f64>,
    deviations: f64,
    margin: f64,
}

/// Stock wording that is used, not mentioned.
fn used(text: &str) -> Vec<Marker> {
    let mut hits = phrases(text);
    hits.retain(|hit| !quoted(text, hit.span.start) && !in_code(text, hit.span.start));
    hits
}

fn different<'m>(hits: impl Iterator<Item = &'m Marker>) -> usize {
    let mut names: Vec<&str> = hits.map(|hit| hit.name).collect();
    names.sort_unstable();
    names.dedup();
    names.len()
}

/// Whether the chosen side has so much more stock wording than the rejected one that the pair is upside down, which is
/// for [`inverted_pair`](super::inverted_pair) to say.
pub(super) fn upside_down(row: &View<'_>, margin: f64) -> bool {
    let Some((chosen, rejected)) = row.pair() else { return false };
    let points = |text: &str| used(text).iter().map(|hit| hit.tier.points()).sum::<f64>();
    points(chosen.text) - points(rejected.text) >= margin
}

impl Check for Stock {
    fn row(&self, row: &View<'_>, out: &mut Findings) {
        for text in row.texts().filter(|text| text.role.is_answer()) {
            let hits = used(text.text);
            if hits.len() < 2 {
                continue;
            }
            let strong = different(hits.iter().filter(|hit| hit.tier == Tier::Phrase));
            let message = if strong >= 2 {
                format!("`{}` has {strong} different stock phrases (list {MARKERS_VERSION})", text.name)
            } else if let Some(rate) = self.rate
                && different(hits.iter()) >= 2
            {
                // Counts of rare things scatter by the root of what is expected.
                let words = text.text.split_whitespace().count().max(1) as f64;
                let most = rate * words + self.deviations * (rate * words).sqrt();
                if hits.len() as f64 <= most {
                    continue;
                }
                let density = 100.0 * hits.len() as f64 / words;
                format!(
                    "`{}` has {density:.1} stock phrases and words per 100 words (list {MARKERS_VERSION}), the author {:.1}",
                    text.name,
                    100.0 * rate
                )
            } else {
                continue;
            };
            if text.role == Role::Chosen && upside_down(row, self.margin) {
                continue;
            }
            out.mark(row.finding_in(&META, text, message), text.text, hits[0].span.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::style::Profile;

    fn count(rule: &StockPhrases, cx: &Context<'_>, kind: Kind, fields: &[(&str, &str)]) -> usize {
        let settings = LintSettings::default();
        let mut check = rule.start(&settings, cx);
        let record = crate::lint::tests::record(0, fields);
        crate::lint::tests::findings_with(check.as_mut(), kind, std::collections::BTreeMap::new(), &record, cx).len()
    }

    #[test]
    fn two_phrases_are_too_many() {
        let check = |text: &str, expected: usize| {
            assert_eq!(count(&StockPhrases, &Context::default(), Kind::Qa, &[("response", text)]), expected, "{text}");
        };
        check("It's important to note that we delve into queues.", 1);
        check("A game changer and a testament to patience.", 1);
        check("In conclusion, it was a treasure trove.", 1);
        check("Honestly a game changer: we unplugged it.", 0);
        check("We delved and delved, and delving helped.", 0);
        check("They wrote \"delve into\" and 'a testament to' on the slide.", 0);
        check("The linter looks for `delve` and `tapestry`.", 0);
        check("A robust and seamless queue, moreover elegant.", 0);
    }

    #[test]
    fn weak_words_are_held_against_the_author() {
        let plain = Profile::measure(
            &["We moved the boat on Sunday. Nobody saw it. The rope was wet and the pier was cold."; 30],
        );
        let fond = "A robust queue is an elegant queue. We leverage it. It is remarkable, and a comprehensive one too.";
        let fond = Profile::measure(&[fond; 30]);
        let check = |profile: &Profile, text: &str, expected: usize| {
            let cx = Context { profile: Some(profile), ..Context::default() };
            assert_eq!(count(&StockPhrases, &cx, Kind::Qa, &[("response", text)]), expected, "{text}");
        };
        check(&plain, "A robust and seamless queue, moreover elegant.", 1);
        check(&plain, "A robust queue that we can leverage holds.", 1);
        check(&plain, "A robust queue is a robust queue, we found.", 0);
        check(&fond, "A robust queue that we can leverage holds.", 0);
    }

    #[test]
    fn pairs_upside_down_are_another_matter() {
        let check = |chosen: &str, rejected: &str, expected: usize| {
            let fields = [("prompt", "Why?"), ("chosen", chosen), ("rejected", rejected)];
            assert_eq!(count(&StockPhrases, &Context::default(), Kind::Preference, &fields), expected, "{chosen}");
        };
        let stock = "It's important to note that it was a testament to the team.";
        check(stock, "two hours down", 0);
        check(stock, "In conclusion, a truly remarkable journey of learning.", 1);
        check("two hours down", stock, 0);
    }
}
