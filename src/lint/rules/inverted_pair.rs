//! PRF008: the pair stands the wrong way round.

use regex::Regex;

use super::pattern;
use crate::dataset::Record;
use crate::lint::finding::Place;
use crate::lint::mention::quoted;
use crate::lint::text::count_words;
use crate::lint::{Check, Context, Finding, Fix, LintSettings, Meta, Rule, Severity, TableInfo};
use crate::row::Kind;

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

/// When the lists below were last looked over; phrases age, so reports name it.
const VERSION: &str = "2026-11";
/// Phrases that people rarely write and models often: one point each.
const STRONG: &[&str] = &[
    r"great question",
    r"excellent question",
    r"i(?:['’]d| would) be (?:happy|glad|delighted) to",
    r"i(?:['’]m| am) (?:thrilled|excited|delighted) to (?:share|announce)",
    r"i hope this (?:helps|message finds you|email finds you)",
    r"feel free to (?:reach out|ask|let)",
    r"let me know if you (?:have any|need any|would like)",
    r"it(?:['’]s| is) (?:important|worth|crucial|essential) (?:to note|noting|to remember|to understand|to recognize)",
    r"in today['’]s (?:fast-paced|digital|rapidly|ever|modern|competitive)",
    r"in the (?:ever-evolving|ever-changing|fast-paced|dynamic) (?:world|landscape|realm)",
    r"ever-(?:evolving|changing)",
    r"delv(?:e|es|ed|ing)",
    r"tapestry",
    r"testament to",
    r"game[- ]changer",
    r"embark(?:ed|ing)? on (?:a|an|this|my|our)",
    r"navigat(?:e|es|ing) the (?:complexities|challenges|landscape|intricacies)",
    r"unlock(?:s|ing)? (?:the|your|new|its) (?:full )?(?:potential|power|value|possibilities|opportunities)",
    r"(?:plays?|playing|played) an? (?:crucial|pivotal|vital|key|significant) role",
    r"seamless(?:ly)? integrat(?:e|es|ed|ing|ion)",
    r"in conclusion",
    r"to sum up",
    r"in summary",
    r"not only [a-z ,'’-]{3,60} but also",
    r"(?:isn['’]t|is not|wasn['’]t|was not) just (?:about )?[a-z ,'’-]{2,50}(?:—|–|;|,) it(?:['’]s| is| was)",
    r"underscor(?:e|es|ed|ing) the (?:importance|need|value|significance)",
    r"showcas(?:e|es|ed|ing) (?:the|my|our|a|how)",
    r"foster(?:s|ed|ing)? (?:a|an|collaboration|innovation|growth|resilience|trust|creativity)",
    r"valuable (?:lesson|insight|learning|experience)s?",
    r"invaluable",
    r"at the end of the day, it",
    r"treasure trove",
    r"beacon of",
    r"serves as a (?:reminder|testament|beacon|powerful)",
    r"key takeaways?",
    r"transformative",
    r"paradigm shift",
    r"deep dive into",
    r"as we (?:move forward|continue to|navigate)",
    r"journey of",
    r"truly (?:remarkable|inspiring|transformative|unique)",
];
/// Words that both use, models more: half a point each.
const WEAK: &[&str] = &[
    r"moreover",
    r"furthermore",
    r"additionally",
    r"consequently",
    r"ultimately",
    r"certainly",
    r"absolutely",
    r"leverag(?:e|es|ed|ing)",
    r"robust",
    r"seamless",
    r"seamlessly",
    r"holistic",
    r"synergy",
    r"synergies",
    r"cutting-edge",
    r"state-of-the-art",
    r"pivotal",
    r"crucial",
    r"multifaceted",
    r"nuanced",
    r"meticulous",
    r"meticulously",
    r"vibrant",
    r"comprehensive",
    r"empower(?:s|ed|ing)?",
    r"elevat(?:e|es|ed|ing)",
    r"streamlin(?:e|es|ed|ing)",
    r"foster(?:s|ed|ing)?",
    r"resonat(?:e|es|ed|ing)",
    r"harness(?:es|ed|ing)?",
    r"facilitat(?:e|es|ed|ing)",
    r"utiliz(?:e|es|ed|ing)",
    r"enhanc(?:e|es|ed|ing)",
    r"resilience",
    r"actionable",
    r"stakeholders",
    r"best practices",
    r"continuous improvement",
    r"proactive(?:ly)?",
    r"thrilled",
    r"inspiring",
    r"remarkable",
    r"exciting",
    r"passionate",
];

impl Rule for InvertedPair {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn start<'a>(&self, settings: &'a LintSettings, _cx: &Context<'a>) -> Box<dyn Check + 'a> {
        let weights = [(STRONG, 1.0), (WEAK, 0.5)];
        let lists = weights.into_iter().filter_map(|(list, weight)| Some((phrases(list)?, weight))).collect();
        Box::new(Markers { margin: settings.thresholds.marker_margin, lists })
    }
}

/// A list as one pattern: whole words, in any case.
fn phrases(list: &[&str]) -> Option<Regex> {
    pattern(&format!(r"(?i)\b(?:{})\b", list.join("|")))
}

struct Markers {
    margin: f64,
    lists: Vec<(Regex, f64)>,
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

impl Markers {
    fn side(&self, text: &str) -> Side {
        let mut points = 0.0;
        let mut seen: Vec<(usize, usize, String)> = vec![];
        for (list, weight) in &self.lists {
            for hit in list.find_iter(text).filter(|hit| !quoted(text, hit.start())) {
                // A word inside a phrase that counted already does not count again.
                if seen.iter().all(|(start, end, _)| hit.end() <= *start || hit.start() >= *end) {
                    points += weight;
                    seen.push((hit.start(), hit.end(), hit.as_str().to_lowercase()));
                }
            }
        }
        let first = seen.first().map(|(start, end, _)| *start..*end);
        let mut phrases: Vec<&str> = seen.iter().map(|(_, _, phrase)| phrase.as_str()).collect();
        phrases.sort_unstable();
        phrases.dedup();
        Side { points, phrases: phrases.len(), density: points / count_words(text).max(1) as f64, first }
    }
}

impl Check for Markers {
    fn row(&mut self, table: &TableInfo<'_>, record: &Record, out: &mut Vec<Finding>) {
        let (Some(chosen), Some(rejected)) = (record.text("chosen"), record.text("rejected")) else { return };
        let ours = self.side(chosen);
        if ours.phrases < 2 || ours.points < self.margin {
            return;
        }
        let theirs = self.side(rejected);
        if ours.points - theirs.points >= self.margin && ours.density >= 2.0 * theirs.density {
            let message = format!(
                "`chosen` has {:.1} points of stock phrases (list {VERSION}), `rejected` {:.1}: the sides may be swapped",
                ours.points, theirs.points
            );
            let finding = Finding::at(&META, &Place::of(table, record), message).field("chosen");
            out.push(finding.marking(chosen, ours.first.unwrap_or(0..0)));
        }
    }
}
