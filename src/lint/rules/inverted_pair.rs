//! PRF008: the pair stands the wrong way round.

use super::prelude::*;
use crate::lint::mention::quoted;
use crate::lint::text::count_words;
use crate::style::{MARKERS_VERSION, Marker, Profile, phrases};

/// Flags pairs whose chosen side sounds more like a stock language model than the rejected one.
pub(in crate::lint) struct InvertedPair;

static META: Meta = Meta {
    code: "PRF008",
    name: "inverted-pair",
    severity: Severity::Error,
    fix: Some(Fix::Unsafe),
    kinds: &[Kind::Preference],
    summary: "`chosen` sounds clearly more like a stock language model than `rejected`",
    explanation: "
## Why it matters
Preference training follows the labels. A pair that stands the wrong way round pulls the student
back to the tone that it is meant to lose, and the chosen side weighs most.

## Example
Chosen: `Great question! It's important to note that outages foster resilience.`
Rejected: `two hours down. we slept badly.`
Stock phrases are counted on both sides, two kinds of weight (list of 2026-11).
A finding needs two points more on the chosen side, at least two different phrases, and twice the density per word:
one `leverage` in a good post is no finding.
Where enough texts of the author are at hand, a pair also stands the wrong way round when the chosen side lies outside the
author's style (a distance above 1, as `distill style` shows it) and the rejected one is clearly nearer.
Sides of fewer than 12 words, and chosen sides that are the author's own words, are not measured.

## How to fix
Swap the sides when both are otherwise sound, or drop the pair.
",
};

impl Rule for InvertedPair {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn start<'a>(&self, settings: &'a LintSettings, cx: &Context<'a>) -> Box<dyn Check + 'a> {
        let profile = cx.profile.filter(|profile| profile.is_reliable());
        Box::new(Inverted { margin: settings.thresholds.marker_margin, profile })
    }
}

struct Inverted<'a> {
    margin: f64,
    profile: Option<&'a Profile>,
}

/// How much nearer to the author the rejected side has to be; distances of short texts waver.
const NEARER: f64 = 0.25;
/// Sides with fewer words have no style to measure.
const LEAST_WORDS: usize = 12;

/// What one side says.
struct Side {
    points: f64,
    /// Different phrases.
    phrases: usize,
    /// Points per word.
    density: f64,
    first: Option<std::ops::Range<usize>>,
}

/// What the wording of one side comes to: words count half of phrases.
fn side(text: &str) -> Side {
    let hits: Vec<Marker> = phrases(text).into_iter().filter(|hit| !quoted(text, hit.span.start)).collect();
    let points: f64 = hits.iter().map(|hit| hit.tier.points()).sum();
    let first = hits.first().map(|hit| hit.span.clone());
    let mut names: Vec<&str> = hits.iter().map(|hit| hit.name).collect();
    names.sort_unstable();
    names.dedup();
    Side { points, phrases: names.len(), density: points / count_words(text).max(1) as f64, first }
}

impl Check for Inverted<'_> {
    fn row(&self, row: &View<'_>, out: &mut Findings) {
        let Some((chosen, rejected)) = row.pair() else { return };
        let ours = side(chosen.text);
        let stock = ours.phrases >= 2 && ours.points >= self.margin;
        if !stock && self.profile.is_none() {
            return;
        }
        let theirs = side(rejected.text);
        if stock && ours.points - theirs.points >= self.margin && ours.density >= 2.0 * theirs.density {
            let message = format!(
                "`{}` has {:.1} points of stock phrases (list {MARKERS_VERSION}), `{}` {:.1}: the sides may be swapped",
                chosen.name, ours.points, rejected.name, theirs.points
            );
            let finding = row.finding_in(&META, chosen, message).unsafely(Edit::Swap);
            return out.mark(finding, chosen.text, ours.first.unwrap_or(0..0));
        }
        if let Some((far, near)) = self.distances(row, chosen, rejected, &ours, &theirs) {
            let message = format!(
                "`{}` is {far:.2} from the author's style, `{}` {near:.2}: the sides may be swapped",
                chosen.name, rejected.name
            );
            out.push(row.finding_in(&META, chosen, message).unsafely(Edit::Swap));
        }
    }
}

impl Inverted<'_> {
    /// How far both sides are from the author, when that is the wrong way round.
    fn distances(
        &self,
        row: &View<'_>,
        chosen: &Text<'_>,
        rejected: &Text<'_>,
        ours: &Side,
        theirs: &Side,
    ) -> Option<(f64, f64)> {
        let profile = self.profile?;
        let own = row.record.text("chosen_source").is_some_and(|source| source == crate::row::Side::Post.name());
        let short = chosen.words().len().min(rejected.words().len()) < LEAST_WORDS;
        // Stock phrases know better: the nearer side is not the author's when it is full of them.
        if own || short || theirs.points > ours.points {
            return None;
        }
        let far = profile.distance(chosen.text);
        if far <= 1.0 {
            return None;
        }
        let near = profile.distance(rejected.text);
        (near + NEARER <= far).then_some((far, near))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The posts of the fixture's author, in paragraphs.
    fn author() -> Profile {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/persona/posts");
        let mut posts: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        posts.sort();
        let texts: Vec<String> = posts.iter().map(|path| std::fs::read_to_string(path).unwrap()).collect();
        let texts: Vec<&str> = texts.iter().flat_map(|text| text.split("\n\n")).collect();
        Profile::measure(&texts)
    }

    #[test]
    fn the_author_is_not_the_rejected_side() {
        let settings = LintSettings::default();
        let profile = author();
        assert!(profile.is_reliable());
        let own = "The terminals sang. All of the north of England, in the same second. One question. The server fell \
                   over. They waited. They asked again, together. Nobody had booked a hall. Fine.";
        let stock = "When every card terminal in the north of England asked the same question in the same second, \
                     our server was unable to handle the load, which had a considerable impact on operations, \
                     and several mitigations were consequently evaluated by the responsible stakeholders";
        let check = |profile: Option<&Profile>, chosen: &str, rejected: &str, from: &str, expected: usize| {
            let cx = Context { profile, ..Context::default() };
            let mut check = InvertedPair.start(&settings, &cx);
            let fields = [("prompt", "Write."), ("chosen", chosen), ("rejected", rejected), ("chosen_source", from)];
            let record = crate::lint::tests::record(0, &fields);
            let out = crate::lint::tests::findings_with(
                check.as_mut(),
                Kind::Preference,
                std::collections::BTreeMap::new(),
                &record,
                &cx,
            );
            assert_eq!(out.len(), expected, "{chosen} / {rejected}");
        };
        check(Some(&profile), own, stock, "", 0);
        check(Some(&profile), stock, own, "", 1);
        check(Some(&profile), stock, own, "post", 0);
        check(Some(&profile), stock, "The server fell over. Fine.", "", 0);
        check(None, stock, own, "", 0);
    }
}
