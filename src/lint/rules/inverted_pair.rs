//! PRF008: the pair stands the wrong way round.

use super::prelude::*;
use crate::lint::mention::quoted;
use crate::lint::text::count_words;
use crate::style::{MARKERS_VERSION, Marker, phrases};

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

## How to fix
Swap the sides when both are otherwise sound, or drop the pair.
",
};

impl Rule for InvertedPair {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn start<'a>(&self, settings: &'a LintSettings, _cx: &Context<'a>) -> Box<dyn Check + 'a> {
        Box::new(Markers { margin: settings.thresholds.marker_margin })
    }
}

struct Markers {
    margin: f64,
}

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

impl Check for Markers {
    fn row(&self, row: &View<'_>, out: &mut Findings) {
        let Some((chosen, rejected)) = row.pair() else { return };
        let ours = side(chosen.text);
        if ours.phrases < 2 || ours.points < self.margin {
            return;
        }
        let theirs = side(rejected.text);
        if ours.points - theirs.points >= self.margin && ours.density >= 2.0 * theirs.density {
            let message = format!(
                "`{}` has {:.1} points of stock phrases (list {MARKERS_VERSION}), `{}` {:.1}: the sides may be swapped",
                chosen.name, ours.points, rejected.name, theirs.points
            );
            let finding = row.finding_in(&META, chosen, message).unsafely(Edit::Swap);
            out.mark(finding, chosen.text, ours.first.unwrap_or(0..0));
        }
    }
}
