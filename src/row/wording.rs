//! Wording that gives away a passage which the reader never sees.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

/// Nouns for what the teacher was shown.
const NOUN: &str = r"(?:text|passage|document|excerpt|extract|snippet|article|blog post|post|resume|résumé|cv|context|source material|provided information)";
/// What the passage does with what it holds.
const PARTICIPLE: &str = r"(?:stated|mentioned|described|noted|discussed|outlined|listed|provided|presented)";
/// Words that may follow such a noun without making it part of another name (`the document store`).
const FOLLOWS: [&str; 46] = [
    "a", "about", "above", "all", "an", "and", "are", "as", "at", "below", "can", "did", "do", "does", "for", "from",
    "given", "had", "has", "have", "he", "how", "if", "in", "is", "it", "of", "on", "or", "provided", "she", "that",
    "the", "there", "they", "this", "to", "was", "were", "what", "when", "where", "which", "who", "why", "would",
];

/// Patterns, each with what must hold where it ends.
static PATTERNS: LazyLock<Vec<(Regex, Needs)>> = LazyLock::new(|| {
    let determiner = r"(?:the|this) (?:(?:given|provided|above|following) )?";
    let verbs = "says|states|mentions|describes|notes|indicates|suggests|explains|does not|doesn['’]t";
    let shown = "text|passage|excerpt|snippet|document|resume|résumé";
    let sources = [
        (format!(r"(?i)\b(?:according to|based (?:only |solely )?on) {determiner}{NOUN}\b"), Needs::WholeName),
        (format!(r"(?i)\b{PARTICIPLE} (?:in|by) {determiner}{NOUN}\b"), Needs::WholeName),
        (format!(r"(?i)\b(?:the|this) (?:provided|given|above|aforementioned) {NOUN}\b"), Needs::WholeName),
        (format!(r"(?i)\b(?:the|this) {NOUN} (?:provided|given|above|shown)\b"), Needs::Nothing),
        (format!(r"(?i)\bas per {determiner}{NOUN}\b"), Needs::WholeName),
        (
            r"(?i)\b(?:the |this |given |provided )?(?:information|details?|facts?|words) (?:in|from|of|given in|provided in) (?:the|this) (?:context|text|passage|excerpt|document|resume|résumé)\b".to_owned(),
            Needs::WholeName,
        ),
        (r"(?i)\b(?:given|based on|from|using|per) (?:the|this) (?:provided |given )?(?:context|information)\b".to_owned(), Needs::WholeName),
        (format!(r"(?i)\b(?:the|this) (?:{shown}) (?:{verbs})\b"), Needs::Nothing),
        (
            format!(r"(?i)\b(?:does|did) (?:the|this) (?:{shown}) (?:say|state|mention|describe|suggest|explain)\b"),
            Needs::Nothing,
        ),
        (r"(?i)\b(?:mentioned|described|listed|stated|quoted) above\b".to_owned(), Needs::WholeName),
        (
            r"(?i)\b(?:in|at|during|from|for) this (?:role|position|job|company|employer)\b".to_owned(),
            Needs::NoNameBefore,
        ),
    ];
    sources.iter().filter_map(|(source, needs)| Some((Regex::new(source).ok()?, *needs))).collect()
});

#[derive(Clone, Copy, PartialEq, Eq)]
enum Needs {
    Nothing,
    /// The noun is not the first half of another name.
    WholeName,
    /// Nothing before it says which one is meant.
    NoNameBefore,
}

/// Where a text refers to a passage, or to a role without its name, that its reader does not see: `according to the
/// resume`, `mentioned above`, `in this role`. Quoted words count too; see [`hidden_context`].
pub fn hidden_contexts(text: &str) -> impl Iterator<Item = Range<usize>> {
    let hits = PATTERNS.iter().flat_map(move |(pattern, needs)| pattern.find_iter(text).map(move |hit| (hit, *needs)));
    let real = hits.filter(move |(hit, needs)| match needs {
        Needs::Nothing => true,
        Needs::WholeName => ends_the_name(&text[hit.end()..]),
        Needs::NoNameBefore => !named(&text[..hit.start()]),
    });
    real.map(|(hit, _)| hit.range())
}

/// The first place of [`hidden_contexts`] that is not a quotation.
#[must_use]
pub fn hidden_context(text: &str) -> Option<Range<usize>> {
    let quoted = |at: usize| text[..at].ends_with(['"', '\'', '“', '‘', '„', '«', '`']);
    hidden_contexts(text).filter(|range| !quoted(range.start)).min_by_key(|range| range.start)
}

/// Whether what follows a noun lets it stand alone: punctuation, the end, or a small word.
fn ends_the_name(rest: &str) -> bool {
    match rest.strip_prefix([' ', '\n', '\u{a0}']) {
        None => !rest.starts_with(['-', '_', '/']),
        Some(rest) => {
            let word = rest.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default().to_lowercase();
            word.is_empty() || FOLLOWS.contains(&word.as_str())
        }
    }
}

/// Whether a name stands in a text: a capital inside a sentence, or a role with its article.
fn named(text: &str) -> bool {
    let mut words = text.split_whitespace();
    let mut before = words.next().unwrap_or_default();
    for word in words {
        let inside = !before.ends_with(['.', '!', '?', ':']);
        let pronoun = word == "I" || word.starts_with("I'") || word.starts_with("I’");
        if inside && !pronoun && word.trim_start_matches(['(', '[', '"']).starts_with(char::is_uppercase) {
            return true;
        }
        before = word;
    }
    // A text of some length has said before what it is about.
    text.split_whitespace().count() > 12
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_reader_cannot_see() {
        let check = |text: &str, expected: Option<&str>| {
            assert_eq!(hidden_context(text).map(|range| &text[range]), expected, "{text}");
        };
        check("According to the resume, where did you work?", Some("According to the resume"));
        check("What is described in the post about kettles?", Some("described in the post"));
        check("Which tools are mentioned above?", Some("mentioned above"));
        check("What did you do in this role?", Some("in this role"));
        check("What did you build at Tidewrack, and what did you learn in this role?", None);
        check("People say \"according to the text\" too often.", None);
        check("Who runs the post office described in the post office rules?", None);
        check("What did you write in your resume?", None);
    }
}
