use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::AtomicBool;

use serde_json::{Value, json};

use super::{Calibration, Forbidden, Job, OnPolicy, Outcome, generate};
use crate::document::extract;
use crate::id::ContentHash;
use crate::mask::{Masker, Policy, Vault};
use crate::prompt::{Passage, Prompt, Templates, passages};
use crate::row::{Kind, Side, Split, TokenCounter};
use crate::settings::{Layers, RowSettings, Settings};
use crate::teacher::{Answer, Completion, Finish, Kept, Teacher, TeacherError, Usage};

struct Words;
impl TokenCounter for Words {
    fn count(&self, text: &str) -> usize {
        text.split_whitespace().count()
    }
    fn hash(&self) -> ContentHash {
        ContentHash::of(b"words")
    }
}

/// A teacher by script: what it says to the n-th request (from 0), given the rows of an honest one.
struct Scripted<F> {
    script: F,
    asked: Mutex<Vec<Prompt>>,
    kept: Mutex<BTreeMap<ContentHash, Completion>>,
}

impl<F: Fn(usize, &Prompt) -> Result<String, TeacherError> + Send + Sync> Scripted<F> {
    fn new(script: F) -> Self {
        Self { script, asked: Mutex::default(), kept: Mutex::default() }
    }
}

impl<F: Fn(usize, &Prompt) -> Result<String, TeacherError> + Send + Sync> Teacher for Scripted<F> {
    fn name(&self) -> String {
        "scripted".into()
    }
    fn parameters(&self) -> String {
        "{}".into()
    }
    fn request_hash(&self, prompt: &Prompt) -> ContentHash {
        prompt.hash()
    }
    fn complete<'a>(&'a self, prompt: &'a Prompt) -> Answer<'a> {
        let usage = Usage { prompt_tokens: 10, completion_tokens: 5, cost_usd: 0.01 };
        if let Some(completion) = self.kept.lock().unwrap().get(&prompt.hash()).cloned() {
            return Box::pin(std::future::ready(Ok(Completion { cached: true, ..completion })));
        }
        let mut asked = self.asked.lock().unwrap();
        asked.push(prompt.clone());
        let answer = (self.script)(asked.len() - 1, prompt);
        let answer = answer.map(|text| Completion { text, finish: Finish::Stop, usage, cached: false });
        Box::pin(std::future::ready(answer))
    }
    fn keep<'a>(&'a self, prompt: &'a Prompt, completion: &'a Completion) -> Kept<'a> {
        self.kept.lock().unwrap().insert(prompt.hash(), completion.clone());
        Box::pin(std::future::ready(Ok(())))
    }
}

const SUBJECTS: [&str; 8] = ["kiln", "ferry", "orchard", "printer", "harbour", "archive", "bakery", "tannery"];
/// Words that tell the questions about them apart.
const TAILS: [&str; 8] = [
    "with all that fire around",
    "while the tide was out",
    "under those old apple trees",
    "among ink and loud rollers",
    "facing ships from far away",
    "between shelves of brittle paper",
    "when nobody else was awake",
    "despite its smell of hides",
];
const VERBS: [&str; 6] = ["repaired", "measured", "painted", "sold", "rebuilt", "documented"];

/// A section of sentences that all say something else.
fn section(subject: &str, from: usize) -> String {
    let line = |n: usize| {
        let verb = VERBS[n % VERBS.len()];
        format!("I {verb} the {subject} gate number {} with {} helpers before winter came.", from + n * 7 + 11, n + 4)
    };
    format!("## About the {subject}\n\n{}\n", (0..8).map(line).collect::<Vec<_>>().join(" "))
}

struct World {
    passages: Vec<Passage>,
    vault: Vault,
    masker: Masker,
    settings: RowSettings,
    templates: Templates,
}

fn world(sections: usize) -> World {
    let text: String = SUBJECTS.iter().take(sections).enumerate().map(|(i, s)| section(s, 100 * i)).collect();
    let document = extract("work.md", text.as_bytes()).unwrap();
    let masker = Masker::new(Policy::default(), std::slice::from_ref(&document));
    let mut vault = Vault::default();
    let passages = passages(&masker.mask(&document, &mut vault));
    assert_eq!(passages.len(), sections, "a passage for each section");
    let settings = Settings::resolve(&Layers::defaults().unwrap()).unwrap().rows;
    World { passages, vault, masker, settings, templates: Templates::embedded().unwrap() }
}

/// Rows as an honest teacher writes them: a sentence each, going on behind those of earlier requests.
fn honest(prompt: &Prompt) -> Vec<Value> {
    let sentences: Vec<&str> =
        prompt.passage().text().split(['\n', '.']).map(str::trim).filter(|s| s.starts_with("I ")).collect();
    let numbered = |s: &str| s.split_whitespace().find(|w| w.parse::<u32>().is_ok()).unwrap_or_default().to_owned();
    sentences
        .iter()
        .enumerate()
        .skip(prompt.offset())
        .take(prompt.wanted())
        .map(|(n, s)| {
            let (subject, number) = (s.split(" gate").next().unwrap().rsplit(' ').next().unwrap(), numbered(s));
            let verb = s.split_whitespace().nth(1).unwrap();
            let question = [
                format!("What became of number {number} at your {subject}?"),
                format!("How many people stood by you for {subject} job {number}?"),
                format!("Tell me about {number}, the {subject} one."),
                format!("Which {subject} work, {number} I believe, came before winter?"),
                format!("{subject}: did anybody help with {number}?"),
                format!("Name what you did to {number} in the {subject} year."),
                format!("I hear {number} was yours. Was it a {subject} thing?"),
                format!("Before the cold, {number} got done. By whom, at the {subject}?"),
            ][n % 8]
                .clone();
            let place = TAILS[SUBJECTS.iter().position(|s| *s == subject).unwrap()];
            let question = format!("{}, {place}?", question.trim_end_matches(['?', '.']));
            match prompt.kind() {
                Kind::Qa => json!({
                    "instruction": question, "context": format!("{s}."), "response": format!("{s}."),
                    "paraphrase": format!("Name the {subject} gate that was {verb}."),
                    "answer_key": number, "evidence": s,
                }),
                Kind::Cot => json!({
                    "instruction": question,
                    "thought": format!("Gate {number} was in my care and winter came near. Leaving it another year would have cost me more than I had."),
                    "response": format!("Yes. {s}."), "evidence": s,
                }),
                Kind::Preference => json!({
                    "prompt": question, "chosen": format!("{s}."),
                    "rejected": format!("Truly, {s}, together."), "evidence": s,
                }),
            }
        })
        .collect()
}

fn answer(rows: &[Value]) -> String {
    json!({ "rows": rows }).to_string()
}

fn run(world: &World, kind: Kind, wanted: usize, teacher: &dyn Teacher) -> Result<Outcome, super::GenerateError> {
    run_with(world, kind, wanted, teacher, None, None)
}

fn run_with(
    world: &World,
    kind: Kind,
    wanted: usize,
    teacher: &dyn Teacher,
    judge: Option<&dyn Teacher>,
    student: Option<&dyn OnPolicy>,
) -> Result<Outcome, super::GenerateError> {
    let job = Job {
        kind,
        wanted,
        passages: &world.passages,
        templates: &world.templates,
        teacher,
        judge,
        student,
        own_prose: &world.passages.iter().map(Passage::id).collect(),
        profile: None,
        counter: &Words,
        settings: &world.settings,
        forbidden: &Forbidden::new(&[]),
        masker: &world.masker,
        surrogates: world.vault.surrogates(),
        stop: &AtomicBool::new(false),
    };
    tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(generate(&job, &mut |_| {}))
}

fn codes(outcome: &Outcome) -> Vec<&'static str> {
    outcome.rejected.iter().map(|r| r.code).collect()
}

#[test]
fn every_passage_is_asked_before_any_is_asked_twice() {
    let world = world(6);
    let teacher = Scripted::new(|_, prompt| Ok(answer(&honest(prompt))));
    let outcome = run(&world, Kind::Qa, 40, &teacher).unwrap();
    assert_eq!(outcome.rows.len(), 40, "{:?}", outcome.rejected);
    let asked = teacher.asked.lock().unwrap();
    let first: std::collections::BTreeSet<usize> = asked.iter().take(6).map(|p| p.passage().span().start).collect();
    assert_eq!(first.len(), 6);
    assert!(outcome.passages.iter().all(|p| p.accepted > 0));
    assert!(outcome.rows.iter().any(|r| r.split == Split::Test), "some passages are held out");
    let kinds: std::collections::BTreeSet<&str> = asked
        .iter()
        .filter_map(|p| p.messages()[1].content.lines().find(|l| l.starts_with("Kinds of question")))
        .collect();
    assert!(kinds.len() > 3, "different passages are asked for different kinds");
}

#[test]
fn few_rows_take_few_requests() {
    let teacher = Scripted::new(|_, prompt| Ok(answer(&honest(prompt))));
    let outcome = run(&world(8), Kind::Qa, 3, &teacher).unwrap();
    assert_eq!(outcome.rows.len(), 3);
    assert!(teacher.asked.lock().unwrap().len() <= 4);
}

#[test]
fn what_was_answered_is_never_asked_again_and_gives_the_same_rows() {
    let world = world(4);
    let teacher = Scripted::new(|n, prompt| {
        Ok(match n % 3 {
            0 => answer(&honest(prompt)).split_at(8).0.to_owned(),
            _ => answer(&honest(prompt)),
        })
    });
    let first = run(&world, Kind::Qa, 12, &teacher).unwrap();
    let asked = teacher.asked.lock().unwrap().len();
    let second = run(&world, Kind::Qa, 12, &teacher).unwrap();
    assert_eq!(teacher.asked.lock().unwrap().len(), asked, "a mended answer stands for the one that was broken");
    assert_eq!(first.rows, second.rows);
}

#[test]
fn a_broken_answer_is_not_kept() {
    let world = world(2);
    let teacher = Scripted::new(|_, _| Ok("I would rather write a poem.".into()));
    let outcome = run(&world, Kind::Qa, 4, &teacher).unwrap();
    assert!(outcome.rows.is_empty() && codes(&outcome).iter().all(|c| *c == "unparsable"));
    assert!(teacher.kept.lock().unwrap().is_empty());
    let asked = teacher.asked.lock().unwrap().len();
    assert!(asked <= 2 * 2 * 3, "three barren answers are enough: {asked}");
}

#[test]
fn personal_data_is_counted_and_never_kept() {
    let world = world(4);
    let address = ["someone", "mail.example"].join("@");
    let planted = address.clone();
    let teacher = Scripted::new(move |n, prompt| {
        let mut rows = honest(prompt);
        if let Some(row) = rows.first_mut().filter(|_| n < 4) {
            row["context"] = format!("Write to {planted}.").into();
        }
        Ok(answer(&rows))
    });
    let first = run(&world, Kind::Qa, 12, &teacher).unwrap();
    assert_eq!(first.rows.len(), 12);
    assert_eq!(codes(&first).iter().filter(|c| **c == "personal-data").count(), 4);
    assert!(!teacher.kept.lock().unwrap().values().any(|c| c.text.contains(&address)));
    assert!(!format!("{:?}", first.rejected).contains(&address));
    let second = run(&world, Kind::Qa, 12, &teacher).unwrap();
    assert_eq!((codes(&first), &first.rows), (codes(&second), &second.rows), "the account of a second run is the same");
}

#[test]
fn a_teacher_that_gives_up_leaves_the_rows_it_gave() {
    let world = world(6);
    let fatal = || TeacherError::Fatal { reason: "no credit".into(), hint: "pay".into() };
    let teacher = Scripted::new(move |n, prompt| if n < 3 { Ok(answer(&honest(prompt))) } else { Err(fatal()) });
    let outcome = run(&world, Kind::Qa, 40, &teacher).unwrap();
    assert!(!outcome.rows.is_empty() && outcome.rows.len() < 40);
    assert!(matches!(outcome.ended, Some(TeacherError::Fatal { .. })));
    let never = Scripted::new(move |_, _| Err(fatal()));
    assert!(run(&world, Kind::Qa, 40, &never).is_err(), "without any row it is an error");
}

#[test]
fn invented_facts_foreign_voices_and_hidden_contexts_are_rejected() {
    let world = world(1);
    let spoil = |field: &str, text: &str| {
        let (field, text) = (field.to_owned(), text.to_owned());
        let teacher = Scripted::new(move |_, prompt| {
            let mut rows = honest(prompt);
            rows.truncate(1);
            rows.iter_mut().for_each(|row| row[&field] = text.clone().into());
            Ok(answer(&rows))
        });
        let outcome = run(&world, Kind::Qa, 1, &teacher).unwrap();
        codes(&outcome).first().copied()
    };
    assert_eq!(spoil("response", "I repaired gate number 11 with 912 helpers."), Some("unsupported"));
    assert_eq!(spoil("context", "It went live in 1987."), Some("unsupported"));
    assert_eq!(spoil("response", "Great question! I'd be happy to help: number 11."), Some("voice"));
    assert_eq!(spoil("instruction", "According to the passage, which gate was repaired?"), Some("hidden-context"));
    assert_eq!(spoil("evidence", "I went to the moon with my seven cats"), Some("ungrounded"));
    assert_eq!(spoil("answer_key", "a word that is not there"), None, "a key is found where it is missing");
}

#[test]
fn own_words_are_the_chosen_side() {
    let world = world(3);
    let teacher = Scripted::new(|_, prompt| Ok(answer(&honest(prompt))));
    let outcome = run(&world, Kind::Preference, 9, &teacher).unwrap();
    assert_eq!(outcome.rows.len(), 9, "{:?}", outcome.rejected);
    assert!(
        outcome.rows.iter().all(|r| r.sides.is_some_and(|s| s.chosen == Side::Post && s.rejected == Side::Teacher))
    );
    let asked = teacher.asked.lock().unwrap();
    assert!(asked[0].messages()[1].content.contains("This person's own words"));
}

struct Parrot;
impl OnPolicy for Parrot {
    fn rejected(&self, prompt: &str, chosen: &str) -> Result<Option<String>, crate::Error> {
        // Much too long for some of them.
        let times = if prompt.contains("kiln") { 9 } else { 1 };
        Ok(Some(format!("{} As a student.", format!("{chosen} ").repeat(times).trim_end())))
    }
}

#[test]
fn the_student_writes_the_rejected_side_where_it_may_stand() {
    let mut world = world(3);
    world.settings.rejected = "student".into();
    let teacher = Scripted::new(|_, prompt| Ok(answer(&honest(prompt))));
    let outcome = run_with(&world, Kind::Preference, 9, &teacher, None, Some(&Parrot)).unwrap();
    for row in &outcome.rows {
        let by = row.sides.unwrap().rejected;
        let expected = if row.content.fields()[0].contains("kiln") { Side::Teacher } else { Side::Student };
        assert_eq!(by, expected);
        assert_eq!(by == Side::Student, row.content.fields()[2].ends_with("As a student."));
        assert_eq!(row.id, row.content.id());
    }
}

/// A judge that looks whether the answer's numbers are in the passage, or one that has its mind made up.
fn judge(always: Option<bool>) -> impl Teacher {
    Scripted::new(move |_, prompt: &Prompt| {
        let text = prompt.passage().text().to_owned();
        let rows = prompt.messages()[1].content.lines().filter_map(|l| serde_json::from_str::<Value>(l).ok());
        let verdicts: Vec<Value> = rows
            .map(|row| {
                let said = row["response"].as_str().unwrap_or_default().trim_end_matches('.').to_owned();
                let good = always.unwrap_or_else(|| text.contains(&said) && !said.contains("number 11 "));
                json!({ "id": row["id"], "supported": good, "answers": true, "self_contained": true })
            })
            .collect();
        Ok(json!({ "verdicts": verdicts }).to_string())
    })
}

#[test]
fn a_judge_filters_only_after_it_has_proved_itself() {
    let world = world(6);
    let teacher = Scripted::new(|_, prompt| Ok(answer(&honest(prompt))));
    let with = |judge: &dyn Teacher| run_with(&world, Kind::Qa, 30, &teacher, Some(judge), None).unwrap();
    let says_yes = with(&judge(Some(true)));
    assert!(says_yes.judge.is_some_and(|c| c.is_complete() && !c.is_trusted()));
    assert!(!codes(&says_yes).contains(&"judged"));
    let says_no = with(&judge(Some(false)));
    assert!(!says_no.judge.unwrap().is_trusted() && !codes(&says_no).contains(&"judged"));
    let sharp = with(&judge(None));
    let Some(Calibration { good, bad, bad_caught, .. }) = sharp.judge else { panic!() };
    assert!(good >= 8 && bad >= 8 && bad_caught == bad);
    assert!(sharp.judge.unwrap().is_trusted());
    assert_eq!(codes(&sharp).iter().filter(|c| **c == "judged").count(), 1, "the row it says no to");
    assert!(sharp.rows.iter().all(|r| !r.content.fields()[2].contains("number 11 ")));
}
