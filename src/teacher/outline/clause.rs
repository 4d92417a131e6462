//! One statement taken apart: who, what they did, to what, with which additions.

use super::place::Section;
use super::source::Unit;
use super::verbs;
use super::words::{bare, capital, inner, is_name, is_year, open_end, small, tidy, to_you, value};

/// An addition: `with NATS JetStream`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Addition {
    pub prep: String,
    pub words: Vec<String>,
}

impl Addition {
    pub(super) fn content(&self) -> String {
        self.words.join(" ")
    }
    fn whole(&self) -> String {
        format!("{} {}", self.prep, self.content())
    }
}

/// `you` `replace` `RabbitMQ` `with NATS JetStream`; in the second person throughout.
#[derive(Clone, Debug)]
pub(super) struct Clause {
    /// `you`, or whatever else did it.
    pub subject: String,
    /// `did`, `do`, `does`; empty for a copula.
    pub aux: &'static str,
    /// As it stands, small.
    pub verb: String,
    /// Base form.
    pub base: String,
    pub object: Vec<String>,
    pub additions: Vec<Addition>,
}

/// A number with what it counts, inside a list of words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Counted {
    /// Position of the number and words up to the end of the noun.
    pub at: usize,
    pub len: usize,
    /// `2,340`, `2.1 million`.
    pub number: String,
    /// `ocean buoys`.
    pub noun: String,
}

const PREPOSITIONS: &[&str] = &[
    "across", "after", "against", "at", "before", "between", "by", "during", "for", "from", "in", "into", "on", "onto",
    "out", "over", "through", "to", "towards", "under", "using", "via", "with", "within", "without",
];
const STOPS: &[&str] = &[
    "because", "but", "if", "so", "that", "then", "until", "when", "where", "which", "while", "who", "whose",
    "although", "as", "since", "than", "nobody",
];
/// Participles that open a second statement.
const RESULTS: &[&str] = &[
    "achieving",
    "boosting",
    "cutting",
    "enabling",
    "growing",
    "improving",
    "increasing",
    "leading",
    "reducing",
    "resulting",
    "saving",
    "serving",
    "including",
    "raising",
    "allowing",
    "ensuring",
    "making",
];
const PRONOUNS: &[&str] = &[
    "anybody",
    "everybody",
    "everyone",
    "he",
    "her",
    "him",
    "his",
    "it",
    "its",
    "nobody",
    "none",
    "nothing",
    "she",
    "somebody",
    "someone",
    "that",
    "their",
    "them",
    "there",
    "these",
    "they",
    "this",
    "those",
    "what",
    "which",
    "who",
    "one",
    "both",
    "some",
    "others",
    "all",
    "you",
    "something",
    "six",
    "two",
    "three",
    "four",
    "most",
];
const PLURALS: &[&str] =
    &["people", "percent", "ms", "staff", "children", "metres", "kg", "km", "gb", "tb", "mb", "degrees"];

/// Words of a sentence without its closing mark.
fn words(sentence: &str) -> Vec<&str> {
    open_end(sentence.trim_end_matches('?')).split_whitespace().collect()
}

fn lower(word: &str) -> String {
    bare(word).to_lowercase()
}

/// The statement in a sentence that starts with its verb: `Rebuilt the scheduler in Rust.`
pub(super) fn opening(sentence: &str) -> Option<Clause> {
    let words = words(sentence);
    let first = words.first()?;
    if !first.starts_with(char::is_uppercase) || first.ends_with([',', ':']) || words.len() < 3 {
        return None;
    }
    let (mut base, past) = verbs::opening(&lower(first))?;
    let mut verb = small(first);
    let mut rest = &words[1..];
    // `Designed and built`: both verbs are asked for.
    if let [and, second, after @ ..] = rest
        && matches!(*and, "and" | "&")
        && let Some((next, _)) = verbs::opening(&lower(second)).filter(|_| second.starts_with(char::is_lowercase))
    {
        base = format!("{base} and {next}");
        verb = format!("{verb} and {second}");
        rest = after;
    }
    finish("you", if past { "did" } else { "do" }, &verb, &base, rest)
}

/// The statement in a sentence with a subject: `The outage lasted 17 minutes.`
pub(super) fn spoken(sentence: &str, it: Option<&str>) -> Option<Clause> {
    let mut all = words(sentence);
    while all.first().is_some_and(|w| matches!(*w, "Then" | "So" | "And" | "But" | "Now" | "Later")) {
        all.remove(0);
    }
    let first = all.first().copied()?;
    let me = matches!(first, "I" | "We" | "we");
    let instead = it.filter(|_| first == "It");
    if !me
        && instead.is_none()
        && (PRONOUNS.contains(&lower(first).as_str())
            || PREPOSITIONS.contains(&lower(first).as_str())
            || STOPS.contains(&lower(first).as_str())
            || first.contains('"'))
    {
        return None;
    }
    let limit = if me || instead.is_some() { 2 } else { 6 };
    for (i, word) in all.iter().enumerate().take(limit + 1).skip(1) {
        let verb = lower(word);
        let previous = lower(all.get(i - 1)?);
        if all.get(i - 1)?.ends_with(',')
            || (PREPOSITIONS.contains(&previous.as_str())
                || matches!(previous.as_str(), "a" | "an" | "the" | "of" | "my" | "our" | "to" | "and"))
        {
            continue;
        }
        let copula = matches!(verb.as_str(), "was" | "were" | "is" | "are");
        let (base, aux) = if copula {
            (verb.clone(), "")
        } else if verb == "has" {
            ("have".to_owned(), "does")
        } else if let Some(base) = verbs::past(&verb) {
            (base, "did")
        } else if instead.is_some() {
            (verbs::third_person(&verb)?, "does")
        } else if me
            && i == 1
            && word.chars().all(|c| c.is_ascii_lowercase())
            && !matches!(
                verb.as_str(),
                "am" | "have"
                    | "had"
                    | "do"
                    | "did"
                    | "can"
                    | "could"
                    | "will"
                    | "would"
                    | "should"
                    | "must"
                    | "may"
                    | "might"
                    | "never"
                    | "still"
                    | "also"
                    | "always"
                    | "once"
                    | "just"
                    | "now"
                    | "only"
                    | "even"
                    | "wanted"
                    | "said"
                    | "asked"
                    | "both"
                    | "all"
                    | "cannot"
                    | "say"
            )
            && !verb.ends_with("ly")
        {
            (verb.clone(), "do")
        } else {
            continue;
        };
        let rest = all.get(i + 1..)?;
        let next = rest.first().map(|w| lower(w)).unwrap_or_default();
        let participle = matches!(verb.as_str(), "had" | "has")
            && (verbs::past(&next).is_some()
                || matches!(next.as_str(), "been" | "known" | "to" | "never" | "done" | "set"));
        if participle || matches!(next.as_str(), "not" | "never") || next.ends_with("n't") || next.ends_with("n’t") {
            return None;
        }
        if copula
            && !(matches!(next.as_str(), "a" | "an" | "the" | "about" | "my" | "our" | "minus")
                || value(&next).is_some())
        {
            return None;
        }
        // `The old one`, `Keyboard`: nothing that a question could call it.
        let named = all[..i].last().is_some_and(|w| {
            !matches!(
                lower(w).as_str(),
                "one" | "ones" | "other" | "others" | "rest" | "fifth" | "third" | "second" | "last"
            )
        });
        let alone =
            i == 1 && !me && instead.is_none() && is_name(&inner(first)) && first.chars().any(char::is_lowercase);
        let nested = all[..i].iter().any(|w| {
            matches!(lower(w).as_str(), "who" | "whoever" | "what" | "whatever" | "that" | "which" | "i" | "we")
                && !(me && i == 1)
                && i > 1
        });
        if !named || alone || nested {
            return None;
        }
        let subject = match instead {
            Some(it) => it.to_owned(),
            None if me => "you".to_owned(),
            None => to_you(&subject(&all[..i])),
        };
        return finish(&subject, aux, word, &base, rest);
    }
    None
}

/// A subject in the middle of a question: small unless it is a name, as far as that can be told.
fn subject(words: &[&str]) -> String {
    let text = words.join(" ");
    let second = words.get(1).is_some_and(|w| w.starts_with(char::is_lowercase));
    let plain = words.first().is_some_and(|w| w.chars().skip(1).all(char::is_lowercase));
    if second && plain { small(&text) } else { inner(&text) }
}

fn finish(subject: &str, aux: &'static str, verb: &str, base: &str, rest: &[&str]) -> Option<Clause> {
    let mut object: Vec<String> = Vec::new();
    let mut additions: Vec<Addition> = Vec::new();
    for (i, word) in rest.iter().enumerate() {
        let core = lower(word);
        let ended = i > 0 && rest.get(i - 1).is_some_and(|w| w.ends_with([',', ';', ':', '–', '—']));
        let hard = i > 0 && rest.get(i - 1).is_some_and(|w| w.ends_with([';', ':', '–', '—', '.']));
        let next = rest.get(i + 1).map(|w| lower(w)).unwrap_or_default();
        let second = matches!(core.as_str(), "and" | "or")
            && (verbs::opening(&next).is_some()
                || PRONOUNS.contains(&next.as_str())
                || matches!(next.as_str(), "i" | "we" | "has"));
        let stop = STOPS.contains(&core.as_str()) && !(core == "out" || core == "since" && is_year(&next));
        if core == "than" || core == "as" && next == "as" {
            return None;
        }
        if hard
            || word.starts_with(['(', '–', '—'])
            || stop
            || second
            || RESULTS.contains(&core.as_str())
            || ended
                && (core == "and"
                    || core == "with"
                    || core == "one"
                    || core.ends_with("ing")
                    || verbs::past(&core).is_some())
        {
            break;
        }
        let word = to_you(word);
        if PREPOSITIONS.contains(&core.as_str())
            && i + 1 < rest.len()
            && !(core == "to" && object.last().is_some_and(|w| w == "up") || core == "out")
        {
            // `used by 1,200 drivers` belongs to what was used.
            let open = additions.last().map_or(&object, |a| &a.words);
            if core == "by" && open.last().is_some_and(|w| w.ends_with("ed")) {
                additions.last_mut().map_or(&mut object, |a| &mut a.words).push(word);
            } else {
                additions.push(Addition { prep: core, words: Vec::new() });
            }
        } else if let Some(addition) = additions.last_mut() {
            addition.words.push(word);
        } else {
            object.push(word);
        }
    }
    for list in additions.iter_mut().map(|a| &mut a.words).chain([&mut object]) {
        if let Some(last) = list.last_mut() {
            *last = last.trim_end_matches([',', ';', ':', '–', '—']).to_owned();
        }
    }
    // `up to 90 seconds`, `from under 20 to over 80`: two prepositions in a row say one thing.
    while let Some(i) = additions.iter().position(|a| a.words.is_empty()) {
        let empty = additions.remove(i);
        if let Some(next) = additions.get_mut(i) {
            next.words.insert(0, std::mem::replace(&mut next.prep, empty.prep));
        } else {
            return None;
        }
    }
    let clause =
        Clause { subject: subject.to_owned(), aux, verb: verb.to_owned(), base: base.to_owned(), object, additions };
    let text = clause.say(None);
    if clause.object.iter().any(|w| matches!(w.as_str(), "it" | "them"))
        || clause.additions.iter().any(|a| {
            a.words.first().is_some_and(|w| matches!(w.as_str(), "it" | "them" | "whom" | "which" | "this" | "that"))
        })
    {
        return None;
    }
    (!text.contains(['(', ')', '"', '“', '”', ';', ':', '?']) && text.split_whitespace().count() <= 22)
        .then_some(clause)
}

impl Clause {
    /// What follows the verb, without one of the additions.
    pub(super) fn rest(&self, without: Option<usize>) -> String {
        let mut parts: Vec<String> = vec![self.object.join(" ")];
        parts.extend(self.additions.iter().enumerate().filter(|(i, _)| Some(*i) != without).map(|(_, a)| a.whole()));
        parts.retain(|p| !p.is_empty());
        parts.join(" ")
    }

    /// `you replaced RabbitMQ with NATS JetStream`.
    pub(super) fn say(&self, without: Option<usize>) -> String {
        tidy(&format!("{} {} {}", self.subject, self.verb, self.rest(without)))
    }

    /// The object alone: `the buoy decoder`.
    pub(super) fn thing(&self) -> String {
        self.object.join(" ")
    }

    /// Object and additions, each with its index and its words.
    pub(super) fn parts(&self) -> Vec<(Option<usize>, &[String])> {
        let mut out: Vec<(Option<usize>, &[String])> = vec![(None, &self.object)];
        out.extend(self.additions.iter().enumerate().map(|(i, a)| (Some(i), a.words.as_slice())));
        out
    }

    /// The question with one number asked for: `For how many ocean buoys do you run the ingest`.
    pub(super) fn how_many(&self, part: Option<usize>, counted: &Counted) -> String {
        let words = part.and_then(|i| self.additions.get(i)).map_or(&self.object, |a| &a.words);
        let noun = &counted.noun;
        let mut asked: Vec<String> = words.iter().take(counted.at).cloned().collect();
        asked.push(format!("how many {noun}"));
        asked.extend(words.iter().skip(counted.at + counted.len).cloned());
        let prep = part.and_then(|i| self.additions.get(i)).map(|a| format!("{} ", a.prep)).unwrap_or_default();
        // `six weeks calibrating meters`: what follows the noun goes behind the verb, unless it belongs to the noun.
        let next = words.get(counted.at + counted.len).map(String::as_str).unwrap_or_default();
        if part.is_none() && matches!(next, "and" | "or")
            || words.get(counted.at + counted.len - 1).is_some_and(|w| w.ends_with(','))
        {
            asked.truncate(counted.at + 1);
        }
        let behind = if part.is_none() && asked.len() > counted.at + 1 && !matches!(next, "of" | "a" | "an") {
            asked.split_off(counted.at + 1)
        } else {
            Vec::new()
        };
        let front = format!("{prep}{}", asked.join(" "));
        if self.aux.is_empty() {
            return capital(&tidy(&format!(
                "{front} {} {} {} {}",
                self.base,
                self.subject,
                behind.join(" "),
                self.additions.iter().map(Addition::whole).collect::<Vec<_>>().join(" ")
            )));
        }
        let mut others: Vec<String> = behind;
        if part.is_some() {
            others.push(self.thing());
        }
        others.extend(self.additions.iter().enumerate().filter(|(i, _)| Some(*i) != part).map(|(_, a)| a.whole()));
        capital(&tidy(&format!("{front} {} {} {} {}", self.aux, self.subject, self.base, others.join(" "))))
    }

    /// The statement with one number left open: `you run the ingest for a certain number of ocean buoys`.
    pub(super) fn uncounted(&self, part: Option<usize>, counted: &Counted) -> String {
        let mut copy = self.clone();
        let words = match part.and_then(|i| copy.additions.get_mut(i)) {
            Some(addition) => &mut addition.words,
            None => &mut copy.object,
        };
        let end = (counted.at + counted.len).min(words.len());
        if counted.at <= end {
            words.splice(counted.at..end, [format!("a certain number of {}", counted.noun)]);
        }
        copy.say(None)
    }
}

/// The first number that counts something.
pub(super) fn counted(words: &[String]) -> Option<Counted> {
    for (at, word) in words.iter().enumerate() {
        let Some(n) = value(word).filter(|n| *n > 0.0 && (*n - 1.0).abs() > f64::EPSILON) else { continue };
        let before = at.checked_sub(1).and_then(|i| words.get(i)).map(|w| lower(w)).unwrap_or_default();
        if is_year(word)
            || word.ends_with([',', '.'])
            || before == "to" && at > 1 && words.get(at - 2).is_some_and(|w| w == "up")
            || matches!(
                before.as_str(),
                "the" | "a" | "an" | "than" | "minus" | "every" | "first" | "last" | "your" | "next"
            )
            || n > 1e15
        {
            continue;
        }
        let mut number = word.clone();
        let mut next = at + 1;
        if let Some(large) =
            words.get(next).filter(|w| matches!(w.as_str(), "million" | "billion" | "thousand" | "hundred" | "dozen"))
        {
            number = format!("{number} {large}");
            next += 1;
        }
        if word.ends_with('%') {
            return Some(Counted { at, len: 1, number, noun: "percent".to_owned() });
        }
        for end in next..(next + 3).min(words.len()) {
            let noun = words.get(end).map(|w| lower(w)).unwrap_or_default();
            if PREPOSITIONS.contains(&noun.as_str())
                || matches!(
                    noun.as_str(),
                    "a" | "an" | "the" | "and" | "or" | "of" | "per" | "times" | "is" | "was" | "has"
                )
                || value(&noun).is_some()
            {
                break;
            }
            let plural = noun.len() > 2
                && noun.ends_with('s')
                && !noun.ends_with("ss")
                && !noun.ends_with("us")
                && !noun.ends_with("is");
            if plural || PLURALS.contains(&noun.as_str()) {
                let text = words.get(next..=end).map(|w| w.join(" ")).unwrap_or_default();
                return Some(Counted { at, len: end + 1 - at, number, noun: bare(&text).to_owned() });
            }
            if words.get(end).is_some_and(|w| w.ends_with(',')) {
                break;
            }
        }
    }
    None
}

/// A sentence as the person would say it: `Rebuilt …` becomes `I rebuilt …`, all else stays.
pub(super) fn voiced(unit: &Unit, sentence: &str) -> String {
    let first = words(sentence).first().map(|w| lower(w)).unwrap_or_default();
    if unit.place.section == Section::Projects && !unit.label.is_empty() {
        let label = &unit.label;
        return match first.as_str() {
            "a" | "an" | "the" | "used" => format!("{label} is {}", small(sentence)),
            _ if verbs::third_person(&first).is_some() && words(sentence).len() > 2 => {
                format!("{label} {}", small(sentence))
            }
            _ => sentence.to_owned(),
        };
    }
    if unit.place.section != Section::Prose
        && verbs::opening(&first).is_some()
        && (opening(sentence).is_some() || unit.bullet && words(sentence).len() > 2)
        && sentence.starts_with(char::is_uppercase)
    {
        return format!("I {}", small(sentence));
    }
    sentence.to_owned()
}
