//! Statements with what is known about them.

use super::clause::{Clause, counted, opening, spoken, voiced};
use super::place::{Place, Section};
use super::source::Unit;
use super::verbs;
use super::words::{bare, count, is_name, is_year, open_end, small, value};

/// One sentence of a unit.
#[derive(Debug)]
pub(super) struct Fact {
    /// As it stands.
    pub raw: String,
    /// As the person says it.
    pub voiced: String,
    /// Taken apart, where that works.
    pub clause: Option<Clause>,
}

/// A unit with its sentences understood.
#[derive(Debug)]
pub(super) struct Topic<'a> {
    /// Where it comes from.
    pub unit: &'a Unit,
    /// In order.
    pub facts: Vec<Fact>,
}

impl<'a> Topic<'a> {
    pub(super) fn of(unit: &'a Unit) -> Self {
        let listed = listed(unit.place.section);
        let mut facts: Vec<Fact> = Vec::new();
        let mut lead: Option<String> = None;
        for (i, raw) in unit.sentences.iter().enumerate() {
            let project = unit.place.section == Section::Projects && !unit.label.is_empty();
            let clause = if project {
                let first = raw.split_whitespace().next().map(|w| bare(w).to_lowercase()).unwrap_or_default();
                let sentence = match first.as_str() {
                    "a" | "an" | "the" => format!("It is {}", small(raw)),
                    _ if verbs::third_person(&first).is_some() => format!("It {}", small(raw)),
                    _ => raw.clone(),
                };
                spoken(&sentence, Some(&unit.label))
            } else if listed && i == 0 {
                None
            } else {
                let opened = if unit.place.section == Section::Prose && !unit.bullet { None } else { opening(raw) };
                opened.or_else(|| spoken(raw, lead.as_deref()))
            };
            // `It` in the next sentence of a bullet is what this one was about, when that is one thing.
            lead = None;
            if i == 0 && unit.bullet {
                lead = clause.as_ref().filter(|c| c.subject == "you").map(Clause::thing).and_then(|t| {
                    t.split_once(' ')
                        .filter(|(d, _)| matches!(*d, "a" | "an" | "the"))
                        .map(|(_, noun)| format!("the {noun}"))
                });
            }
            facts.push(Fact { raw: raw.clone(), voiced: voiced(unit, raw), clause });
        }
        Self { unit, facts }
    }

    /// The headings above.
    pub(super) fn place(&self) -> &Place {
        &self.unit.place
    }

    /// What the person did, if the first sentence says so.
    pub(super) fn lead(&self) -> Option<&Clause> {
        self.facts.first().and_then(|f| f.clause.as_ref()).filter(|c| c.subject == "you" && !c.aux.is_empty())
    }

    /// The sentences after the first, as they stand.
    pub(super) fn after(&self) -> String {
        self.facts.iter().skip(1).map(|f| f.voiced.as_str()).collect::<Vec<_>>().join(" ")
    }

    /// Everything, as the person says it.
    pub(super) fn told(&self) -> String {
        self.facts.iter().map(|f| f.voiced.as_str()).collect::<Vec<_>>().join(" ")
    }

    /// What a question about it can call it: `the buoy decoder`.
    pub(super) fn name(&self) -> Option<String> {
        if !self.unit.label.is_empty() {
            return Some(self.unit.label.clone());
        }
        if listed(self.place().section) {
            let name = fields(self.unit.sentences.first()?)
                .split_first()
                .filter(|(_, rest)| !rest.is_empty())
                .map(|(f, _)| definite(f))?;
            return Some(if self.place().section == Section::Talks {
                format!("the talk “{name}”")
            } else {
                format!("your {name}")
            });
        }
        let clause = self.facts.iter().find_map(|f| f.clause.as_ref())?;
        let thing = if clause.subject == "you" { clause.thing() } else { clause.subject.clone() };
        let words = count(&thing);
        let first = thing.split_whitespace().next().unwrap_or_default().to_lowercase();
        (words > 0
            && words <= 7
            && !clausal(&first)
            && first != "every"
            && value(&first).is_none()
            && (words > 1 || is_name(&thing) || thing.ends_with('s') || thing.len() > 6)
            && !verbs::light(&clause.base.replace("have", "own")))
        .then(|| definite(&thing))
    }
}

/// Words that no thing's name starts with.
pub(super) fn clausal(word: &str) -> bool {
    matches!(
        word,
        "it" | "them"
            | "him"
            | "her"
            | "you"
            | "that"
            | "this"
            | "again"
            | "together"
            | "over"
            | "down"
            | "back"
            | "off"
            | "out"
            | "up"
            | "away"
            | "what"
            | "how"
            | "nothing"
            | "everything"
            | "very"
            | "badly"
            | "one"
            | "not"
            | "home"
            | "daily"
            | "on"
            | "at"
            | "twice"
            | "more"
            | "less"
    )
}

/// `a transcode farm` → `the transcode farm`.
pub(super) fn definite(thing: &str) -> String {
    match thing.split_once(' ') {
        Some(("a" | "an" | "A" | "An", rest)) => format!("the {rest}"),
        _ => thing.trim_matches('"').to_owned(),
    }
}

/// Without its article.
pub(super) fn keyed(thing: &str) -> &str {
    let thing = open_end(thing);
    match thing.split_once(' ') {
        Some(("a" | "an" | "the" | "A" | "An" | "The" | "my" | "our" | "your" | "every", rest)) => rest,
        _ => thing,
    }
}

/// Sections whose bullets start with fields: `MSc, University of St Andrews, 2009.`
pub(super) const fn listed(section: Section) -> bool {
    matches!(section, Section::Education | Section::Certificates | Section::Talks)
}

/// The fields of such a bullet.
pub(super) fn fields(sentence: &str) -> Vec<String> {
    open_end(sentence)
        .split(", ")
        .map(|f| f.trim().trim_matches(['"', '“', '”']).to_owned())
        .filter(|f| !f.is_empty())
        .collect()
}

/// The leading names of an addition: `Iridium` of `Iridium satellite links`.
pub(super) fn names(words: &[String]) -> Option<String> {
    let run: Vec<&str> = words
        .iter()
        .map(String::as_str)
        .skip_while(|w| matches!(*w, "a" | "an" | "the" | "one"))
        .take_while(|w| is_name(w) || value(w).is_none() && w.chars().any(|c| c.is_ascii_digit()))
        .collect();
    let text = run.join(" ");
    (!run.is_empty() && !run.iter().all(|w| is_year(w))).then(|| bare(&text).to_owned())
}

/// Names of things in a sentence, its first word aside.
pub(super) fn all_names(sentence: &str) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    let words: Vec<String> = open_end(sentence).split_whitespace().map(str::to_owned).collect();
    let mut i = 1;
    while i < words.len() {
        let rest = words.get(i..).unwrap_or_default();
        // A name ends where punctuation does, and none starts after a full stop.
        let upto = rest.iter().position(|w| w.ends_with([',', '.', ';', ':'])).map_or(rest.len(), |p| p + 1);
        let sentence_start = words.get(i - 1).is_some_and(|w| w.ends_with(['.', '!', '?', ':', '"']));
        match names(rest.get(..upto).unwrap_or_default())
            .filter(|_| !sentence_start && words.get(i).is_some_and(|w| is_name(w)))
        {
            Some(name) => {
                i += count(&name).max(1);
                if !out.contains(&name) && !name.contains(['"', '“']) {
                    out.push(name);
                }
            }
            None => i += 1,
        }
    }
    out
}

/// Words that no key starts with.
const LINKS: &[&str] = &[
    "a", "an", "and", "are", "as", "at", "be", "but", "by", "did", "do", "does", "for", "from", "had", "has", "have",
    "i", "in", "is", "it", "its", "my", "not", "of", "on", "or", "our", "so", "than", "that", "the", "their", "them",
    "they", "to", "was", "we", "were", "which", "who", "with", "you",
];

/// The words that a right answer cannot do without: a number, a name, or else how the sentence ends.
pub(super) fn distinctive(sentence: &str, asked: &str) -> String {
    let words: Vec<String> = open_end(sentence).split_whitespace().map(str::to_owned).collect();
    if let Some(c) = counted(&words) {
        let text =
            if c.noun == "percent" && c.len == 1 { c.number.clone() } else { format!("{} {}", c.number, c.noun) };
        if !asked.contains(&c.number) {
            return text;
        }
    }
    if let Some(name) = all_names(sentence).into_iter().find(|n| !asked.contains(n.as_str())) {
        return name;
    }
    // A bare number to the end: `three`, `94 out of 100`.
    if let Some(i) = words
        .iter()
        .rposition(|w| value(w).is_some_and(|n| n > 1.0))
        .filter(|i| i + 4 > words.len() && !asked.contains(words[*i].as_str()))
    {
        return words.get(i..).unwrap_or_default().join(" ");
    }
    let mut from = words.len().saturating_sub(4).max(usize::from(words.len() > 2));
    while from + 1 < words.len()
        && words.get(from).is_some_and(|w| LINKS.contains(&bare(w).to_lowercase().as_str()) || w.ends_with(['.', ',']))
    {
        from += 1;
    }
    words.get(from..).unwrap_or_default().join(" ")
}
