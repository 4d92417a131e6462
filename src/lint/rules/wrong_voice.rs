//! STY003: somebody else speaks.

use super::pattern;
use super::prelude::*;
use super::stock_phrases::upside_down;
use crate::row::shape::{Voice, voice};
use regex::Regex;
use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{LazyLock, Mutex, PoisonError};

/// Flags answers in the voice of a helper, and answers about the person where the others are by the person.
pub(in crate::lint) struct WrongVoice;

static META: Meta = Meta {
    code: "STY003",
    name: "wrong-voice",
    severity: Severity::Warning,
    fix: None,
    kinds: &Kind::ALL,
    summary: "A helper speaks, or an answer speaks about the person although the others are in the first person",
    explanation: "
## Why it matters
The student is to speak as the person. `I'd be happy to help` is the voice of a helper,
and `The author replaced the queue` is somebody who read about the person.

## Example
`Great question! We replaced it in March.` and `NATS. Let me know if you need more.` are a helper's.
`What did you replace?` — `He replaced the queue.` is about the person.
That second kind is only looked for where most answers of the run that have a speaker say `I` or `we`,
and only when the question asks `you` and names nobody else: `What did your boss say?` — `He said no.` is fine.
Quoted words do not count. Refusals and `As an AI language model` are `teacher-meta-text`.
Data for a general assistant has this voice on purpose: put `STY003` into `ignore` there.

## How to fix
Generate the row again in the first person, or drop the opening and closing courtesies.
",
};

/// Rows that are remembered until it is known who speaks in the others.
const MOST: usize = 100_000;
/// Fewest answers in the first person that make it the voice of the set.
const LEAST: u64 = 8;

impl Rule for WrongVoice {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn start<'a>(&self, settings: &'a LintSettings, _cx: &Context<'a>) -> Box<dyn Check + 'a> {
        Box::new(Voices {
            margin: settings.thresholds.marker_margin,
            first: AtomicU64::new(0),
            others: AtomicU64::new(0),
            about: Mutex::new(BTreeSet::new()),
        })
    }
}

/// Filled on all cores in no order: sums and the first rows are the same in every order.
struct Voices {
    margin: f64,
    /// Answers in the first person.
    first: AtomicU64,
    /// Answers by a helper or about somebody.
    others: AtomicU64,
    /// Texts that speak about the person, if the set is the person's.
    about: Mutex<BTreeSet<(RowRef, Box<str>)>>,
}

impl Check for Voices {
    fn row(&self, row: &View<'_>, out: &mut Findings) {
        for text in row.texts().filter(|text| text.role.is_answer() || text.role == Role::Thought) {
            let spoken = match voice(text.text) {
                Voice::Assistant => voice(&unquoted(text.text)),
                spoken => spoken,
            };
            match spoken {
                Voice::Neutral => {}
                Voice::FirstPerson => {
                    self.first.fetch_add(1, Ordering::Relaxed);
                }
                Voice::Assistant => {
                    self.others.fetch_add(1, Ordering::Relaxed);
                    let inverted = text.role == Role::Chosen && upside_down(row, self.margin);
                    if let Some(range) = helper(text.text).filter(|_| !inverted) {
                        let message = format!("`{}` is in the voice of a helper", text.name);
                        out.mark(row.finding_in(&META, text, message), text.text, range);
                    }
                }
                Voice::ThirdPersonSelf => {
                    self.others.fetch_add(1, Ordering::Relaxed);
                    let asked = row.prompt().map_or("", |prompt| prompt.text);
                    if about_the_asked(asked, text.text) {
                        let mut about = self.about.lock().unwrap_or_else(PoisonError::into_inner);
                        about.insert((row.at, text.name.as_ref().into()));
                        if about.len() > MOST {
                            about.pop_last();
                        }
                    }
                }
            }
        }
    }

    fn finish(&mut self, out: &mut Findings) {
        let (first, others) = (*self.first.get_mut(), *self.others.get_mut());
        if first < LEAST || first <= others {
            return;
        }
        for (row, field) in self.about.get_mut().unwrap_or_else(PoisonError::into_inner).iter() {
            let message = format!("`{field}` speaks about the person; {first} other texts are in the first person");
            out.push(Finding::at(&META, *row, message).field(field));
        }
    }
}

/// A text without what is quoted in it, code included.
fn unquoted(text: &str) -> String {
    static QUOTED: LazyLock<Option<Regex>> = LazyLock::new(|| {
        pattern("\"[^\"\n]*\"|“[^”\n]*”|„[^“”\n]*[“”]|«[^»\n]*»|`[^`]*`|(?:^|[\\s(])'[^'\n]*'(?:$|[\\s.,;:!?)])")
    });
    QUOTED.as_ref().map_or_else(|| text.to_owned(), |quoted| quoted.replace_all(text, " … ").into_owned())
}

/// The words of a helper that are not for `teacher-meta-text` to find: the sentence that has them, else the whole text.
fn helper(text: &str) -> Option<Range<usize>> {
    static META_TEXT: LazyLock<Option<Regex>> = LazyLock::new(|| {
        pattern(concat!(
            r"(?i)\bas an? (?:ai|artificial intelligence|large|language)\b[^,.!?]*|\bmy (?:training data|knowledge cutoff)\b",
            r"|\b(?:was|were|been) (?:\w+ )?(?:happy|glad|pleased|delighted) to\b",
            r"|^\W*(?:sure|certainly|absolutely|of course)[!,.]+ (?:here|i can|i['’]ll|below)\b",
        ))
    });
    let is_helper = |text: &str| {
        let plain = unquoted(text);
        let own = META_TEXT.as_ref().map(|meta| meta.replace_all(&plain, " … "));
        voice(own.as_deref().unwrap_or(&plain)) == Voice::Assistant
    };
    if !is_helper(text) {
        return None;
    }
    let mut at = 0;
    for sentence in text.split_inclusive(['.', '!', '?', '\n']) {
        let start = at;
        at += sentence.len();
        if is_helper(sentence) {
            let lead = sentence.len() - sentence.trim_start().len();
            return Some(start + lead..start + sentence.trim_end().len());
        }
    }
    Some(0..text.len())
}

/// Whether an answer in the third person is about the one who was asked: the question says `you` and names nobody
/// who could be meant.
fn about_the_asked(question: &str, answer: &str) -> bool {
    static YOU: LazyLock<Option<Regex>> = LazyLock::new(|| pattern(r"(?i)\b(?:you|your|yours|yourself)\b"));
    // Somebody else: pronouns, placeholders, and words for people after an article or a possessive.
    static SOMEBODY: LazyLock<Option<Regex>> = LazyLock::new(|| {
        pattern(concat!(
            r"(?i)\b(?:he|she|him|her|his|hers|they|them|who|whom|whose|people|someone|somebody|anyone|everyone)\b|\[PERSON_",
            r"|\b(?:author|candidate|applicant|writer|narrator|speaker|interviewee|respondent|subject|individual)s?\b",
            r"|\b(?:the|a|an|your|that|this|their|its|one|another|any|each|every|first|last|new|old|best) (?:[a-z-]+ )?(?:[a-z-]+(?:er|or|ist|ian|man|woman|ant|ent|ee|eur|ess|ster|mate|tor)|boss|chief|friend|colleague|mother|father|brother|sister|son|aunt|uncle|wife|husband|partner|nurse|captain|skipper|cook|clerk|guard|judge|pilot|boy|girl|kid|child|lady|guy|team|crew|lead|head|hero|guest|intern|ceo|cto|dog|cat)s?\b",
        ))
    });
    static THE_PERSON: LazyLock<Option<Regex>> = LazyLock::new(|| {
        pattern(concat!(
            r"(?i)\b(?:the|this) (?:author|candidate|applicant|writer|narrator|interviewee|respondent)(?:['’]s)?\b",
            r"|^\W*(?:he|she)(?:['’](?:s|d))?\b|^\W*\[PERSON_\d+\](?:['’]s)? \w+|^\W*(?:his|her) [a-z]+\b",
        ))
    });
    let is = |pattern: &LazyLock<Option<Regex>>, text: &str| pattern.as_ref().is_some_and(|p| p.is_match(text));
    is(&YOU, question) && is(&THE_PERSON, answer) && !is(&SOMEBODY, question)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn helpers_are_told_from_people() {
        let settings = LintSettings::default();
        let check = |text: &str, expected: usize| {
            let mut check = WrongVoice.start(&settings, &Context::default());
            let out = crate::lint::tests::findings(check.as_mut(), Kind::Qa, &[("response", text)]);
            assert_eq!(out.len(), expected, "{text}");
        };
        check("I'd be happy to help with the queue.", 1);
        check("NATS. Let me know if you need more.", 1);
        check("Great question! We replaced it in March.", 1);
        check("It holds. I hope this helps.", 1);
        check("They wrote \"I'd be happy to help\" under every post.", 0);
        check("My least favourite words are “let me know if you need anything”.", 0);
        check("The form letter began with `Thank you for reaching out`.", 0);
        check("As an AI language model, I have no boat.", 0);
        check("Sure! Here's the post.", 0);
        check("I'd be happy with one spare buoy.", 0);
        check("I was happy to help the baker.", 0);
        check("A great question is half of the fix.", 0);
        check("He replaced the queue.", 0);
    }

    #[test]
    fn the_person_is_told_from_others() {
        let check = |question: &str, answer: &str, expected: bool| {
            assert_eq!(about_the_asked(question, answer), expected, "{question} {answer}");
        };
        check("What did you replace?", "He replaced the queue.", true);
        check("Where do you live?", "The author lives by the sea.", true);
        check("Why did you leave the yard?", "[PERSON_1] wanted quieter nights.", true);
        check("What did your boss say?", "He said no.", false);
        check("What did you tell the auditor?", "She got the short version.", false);
        check("Who fixed it with you?", "[PERSON_2] did.", false);
        check("What did [PERSON_1] teach you?", "He taught patience.", false);
        check("What are your buoys like?", "They are big.", false);
        check("Who wrote the decoder?", "The author is unknown.", false);
        check("What did the harbour master do?", "He repaired the buoy.", false);
    }

    #[test]
    fn the_third_person_needs_a_set_in_the_first() {
        let check = |answers: &[&str], expected: usize| {
            let rows: Vec<String> = answers
                .iter()
                .map(|answer| {
                    let row = serde_json::json!({"instruction": "What did you do?", "context": "", "response": answer});
                    row.to_string()
                })
                .collect();
            let mut reader = crate::dataset::Table {
                path: "t".into(),
                kind: None,
                columns: ["instruction", "context", "response"].map(str::to_owned).to_vec(),
                metadata: std::collections::BTreeMap::new(),
                records: vec![],
            };
            for (row, line) in (0..).zip(&rows) {
                let values = serde_json::from_str(line).unwrap();
                reader.records.push(crate::dataset::Record { row, line: None, values });
            }
            let settings = LintSettings { select: vec!["STY003".to_owned()], ..LintSettings::default() };
            let report = crate::lint::lint([&reader].into_iter(), &settings, &Context::default()).unwrap();
            assert_eq!(report.findings.len(), expected, "{answers:?}");
        };
        let (mine, his) = ("I fixed the pump.", "He fixed the pump.");
        check(&[&[mine; 9][..], &[his]].concat(), 1);
        check(&[&[mine; 9][..], &[his; 9]].concat(), 0);
        check(&[&[mine; 3][..], &[his]].concat(), 0);
    }
}
