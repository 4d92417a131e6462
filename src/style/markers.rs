//! Wording of stock language models.

use std::ops::Range;
use std::sync::LazyLock;

use regex::{Regex, RegexSet};

/// The list, with the day it was last looked over.
const LIST: &str = include_str!("lists/markers.txt");

/// When the list was last looked over, as year and month. Phrases age, so reports show it.
pub const MARKERS_VERSION: &str = "2026-11";

/// How much a marker says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tier {
    /// A phrase that people rarely write and models often.
    Phrase,
    /// A word that both use, models more.
    Word,
    /// A turn that everybody uses; only its number tells.
    Turn,
}

impl Tier {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Phrase, Self::Word, Self::Turn];

    /// 1, 2 or 3.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::Phrase => 1,
            Self::Word => 2,
            Self::Turn => 3,
        }
    }

    /// What one is worth when markers are added up: a word half a phrase, a turn a tenth.
    #[must_use]
    pub const fn points(self) -> f64 {
        match self {
            Self::Phrase => 1.0,
            Self::Word => 0.5,
            Self::Turn => 0.1,
        }
    }
}

/// A marker in a text.
#[derive(Clone, Debug, PartialEq)]
pub struct Marker {
    /// How much it says.
    pub tier: Tier,
    /// Bytes of the text.
    pub span: Range<usize>,
    /// Its name in the list.
    pub name: &'static str,
}

/// The list of one tier: all patterns at once, and each from end to end for the names of hits.
struct List {
    tier: Tier,
    any: Option<Regex>,
    each: Option<RegexSet>,
    names: Vec<&'static str>,
}

static LISTS: LazyLock<[List; 3]> = LazyLock::new(|| Tier::ALL.map(list));

fn list(tier: Tier) -> List {
    let mut inside = false;
    let (mut names, mut sources) = (Vec::new(), Vec::new());
    for line in LIST.lines().map(str::trim).filter(|line| !line.is_empty()) {
        if let Some(heading) = line.strip_prefix("# ") {
            inside = heading.strip_prefix("tier ").is_some_and(|rest| rest.starts_with(&tier.number().to_string()));
        } else if inside {
            let (name, source) = line.split_once(" = ").unwrap_or((line, line));
            names.push(name);
            sources.push(source);
        }
    }
    let any = Regex::new(&bounded(&sources.join("|")));
    let each = RegexSet::new(sources.iter().map(|source| format!("(?i)^(?:{source})$")));
    debug_assert!(any.is_ok() && each.is_ok(), "a pattern of tier {} does not compile", tier.number());
    List { tier, any: any.ok(), each: each.ok(), names }
}

/// Whole words; a mark at the end needs no boundary behind it.
fn bounded(source: &str) -> String {
    format!(r"(?i)(?-u:\b)(?:{source})(?:(?-u:\b)|$|\s)")
}

/// Markers of one tier, in order of their place, never overlapping.
fn find(text: &str, list: &'static List, out: &mut Vec<Marker>) {
    let (Some(any), Some(each)) = (&list.any, &list.each) else { return };
    for hit in any.find_iter(text) {
        let words = hit.as_str().trim_end();
        let span = hit.start()..hit.start() + words.len();
        // A word inside a phrase that counted already does not count again.
        let taken = out.iter().any(|other: &Marker| span.start < other.span.end && other.span.start < span.end);
        // The first that fits the hit from end to end gave it.
        let name = each.matches(words).iter().next().and_then(|at| list.names.get(at));
        if let Some(name) = name.filter(|_| !taken) {
            out.push(Marker { tier: list.tier, span, name });
        }
    }
}

/// Markers of tiers 1 and 2 in a text, by place.
#[must_use]
pub fn phrases(text: &str) -> Vec<Marker> {
    let mut out = Vec::new();
    let [first, second, _] = &*LISTS;
    find(text, first, &mut out);
    find(text, second, &mut out);
    out.sort_by_key(|marker| marker.span.start);
    out
}

/// All markers in a text, by place. A marker that lies within one of a lower tier is not counted again.
#[must_use]
pub fn markers(text: &str) -> Vec<Marker> {
    let mut out = Vec::new();
    LISTS.iter().for_each(|list| find(text, list, &mut out));
    out.sort_by_key(|marker| marker.span.start);
    out
}

/// Points of markers per 100 words ([`Tier::points`]); 0 for a text without words.
#[must_use]
pub fn density(text: &str) -> f64 {
    let words = text.split_whitespace().filter(|word| word.contains(char::is_alphanumeric)).count();
    let points: f64 = markers(text).iter().map(|marker| marker.tier.points()).sum();
    if words == 0 { 0.0 } else { 100.0 * points / words as f64 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_whole() {
        assert!(LIST.contains(&format!("\nversion {MARKERS_VERSION}\n")));
        let written = LIST.lines().filter(|l| !l.trim().is_empty() && !l.starts_with('#') && !l.starts_with("version"));
        assert_eq!(LISTS.iter().map(|list| list.names.len()).sum::<usize>(), written.count());
        assert!(LISTS.iter().all(|list| list.any.is_some() && list.each.is_some()));
    }

    #[test]
    fn wording_is_named() {
        let check = |text: &str, expected: &[(&str, u8)]| {
            let found: Vec<(&str, u8)> = markers(text).iter().map(|m| (m.name, m.tier.number())).collect();
            assert_eq!(found, expected, "{text}");
        };
        check(
            "Great question! I'd be happy to delve into it.",
            &[("great question", 1), ("I'd be happy to", 1), ("delve", 1)],
        );
        check(
            "In today’s fast-paced world, resilience matters.",
            &[("in today's fast-paced world", 1), ("resilience", 2)],
        );
        check("It's not just a fix, it's a masterclass!", &[("isn't just X, it's Y", 1)]);
        check("Observability isn't about charts, it's about listening.", &[("isn't about X, it's about Y", 1)]);
        check("It taught us courage, humility and teamwork.", &[("triad", 3)]);
        check("Not a bug but a feature. What has failure taught you?", &[("not X but Y", 3), ("closing question", 3)]);
        check("A testament to the team", &[("testament to", 1)]);
        check("We leveraged it. The certainty grew.", &[("leverage", 2)]);
        check("The outage lasted 17 minutes. Storage never complains. Fine.", &[]);
        check("Zusammenfassend lässt sich sagen: gut.", &[("Zusammenfassend", 1)]);
    }

    #[test]
    fn spans_and_density() {
        let text = "So — we delved in.";
        let found = markers(text);
        assert_eq!(&text[found[0].span.clone()], "delved");
        assert_eq!(density(text), 25.0);
        assert_eq!(density("—"), 0.0);
    }
}
