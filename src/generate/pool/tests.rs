use std::collections::HashSet;

use proptest::prelude::*;

use super::*;
use crate::row::{Cot, Preference, Qa};

fn qa(question: &str, context: &str, response: &str) -> Content {
    Content::Qa(Qa {
        instruction: question.into(),
        context: context.into(),
        response: response.into(),
        paraphrase: String::new(),
        answer_key: String::new(),
        evidence: String::new(),
    })
}

fn cot(question: &str, thought: &str, response: &str) -> Content {
    let [instruction, thought, response] = [question, thought, response].map(str::to_owned);
    Content::Cot(Cot { instruction, thought, response, evidence: String::new() })
}

fn words(text: &str) -> Vec<String> {
    normalise(text).split(' ').filter(|w| !w.is_empty()).map(str::to_owned).collect()
}

fn plain_rouge(a: &str, b: &str) -> f64 {
    let (a, b) = (words(a), words(b));
    let mut table = vec![vec![0usize; b.len() + 1]; a.len() + 1];
    for i in 0..a.len() {
        for j in 0..b.len() {
            table[i + 1][j + 1] = if a[i] == b[j] { table[i][j] + 1 } else { table[i][j + 1].max(table[i + 1][j]) };
        }
    }
    if a.is_empty() || b.is_empty() { 0.0 } else { 2.0 * table[a.len()][b.len()] as f64 / (a.len() + b.len()) as f64 }
}

fn plain_jaccard(a: &Content, b: &Content) -> f64 {
    let runs = |c: &Content| -> HashSet<Vec<String>> {
        let fields = c.fields().map(words);
        fields.iter().flat_map(|f| f.windows(f.len().clamp(1, 3)).map(<[String]>::to_vec).collect::<Vec<_>>()).collect()
    };
    let (a, b) = (runs(a), runs(b));
    let both = a.intersection(&b).count();
    let all = a.len() + b.len() - both;
    if all == 0 { 0.0 } else { both as f64 / all as f64 }
}

/// The verdict by comparing with every accepted row.
fn plain(accepted: &[Content], offered: &Content, t: Thresholds) -> Result<(), Near> {
    let mut best: Option<Near> = None;
    for (of, row) in accepted.iter().enumerate().filter(|(_, r)| r.kind() == offered.kind()) {
        let (a, b) = (row.fields(), offered.fields());
        let n = answer_field(row.kind());
        let question = plain_rouge(a[0], b[0]);
        let response = plain_rouge(a[n], b[n]);
        let runs = plain_jaccard(row, offered);
        let (why, score) = if a.map(words) == b.map(words) {
            (Why::Exact, 1.0)
        } else if question >= t.instruction {
            (Why::Instruction, question)
        } else if runs >= t.row {
            (Why::Row, runs)
        } else if response >= t.response && question >= t.reworded {
            (Why::Response, response)
        } else {
            continue;
        };
        if best.is_none_or(|b| (b.why, -b.score) > (why, -score)) {
            best = Some(Near { of, why, score });
        }
    }
    best.map_or(Ok(()), Err)
}

#[test]
fn duplicates_are_told_apart_from_relatives() {
    let mut pool = Pool::new(Thresholds::default());
    let first =
        qa("What replaced RabbitMQ at Tidewrack?", "We replaced RabbitMQ.", "NATS JetStream. I never looked back.");
    assert_eq!(pool.check(&first), Ok(()));
    assert_eq!((pool.insert(&first), pool.len(), pool.is_empty()), (0, 1, false));
    let check = |pool: &mut Pool, row: &Content, expected: Option<Why>| {
        let got = pool.check(row);
        assert_eq!(got.map_err(|near| (near.of, near.why)), expected.map_or(Ok(()), |why| Err((0, why))), "{row:?}");
    };
    let q = "What replaced RabbitMQ at Tidewrack?";
    let a = "NATS JetStream. I never looked back.";
    check(
        &mut pool,
        &qa("what replaced RabbitMQ at tidewrack", "We replaced RabbitMQ.", "NATS JetStream - I never looked back"),
        Some(Why::Exact),
    );
    check(&mut pool, &qa(q, "", "JetStream, which is part of NATS."), Some(Why::Instruction));
    check(&mut pool, &qa("So what replaced RabbitMQ at Tidewrack?", "", "JetStream."), Some(Why::Instruction));
    check(&mut pool, &qa("What did replace the RabbitMQ you ran at Tidewrack?", "", a), Some(Why::Response));
    check(&mut pool, &qa("Which queue did you choose?", "", a), None);
    check(&mut pool, &qa("Why did you leave RabbitMQ?", "", "It lost messages."), None);
    // Another kind may ask the same.
    check(&mut pool, &cot(q, "It lost messages.", a), None);
    assert_eq!(pool.conflicts(), []);
}

#[test]
fn one_question_with_two_answers_is_a_conflict() {
    let mut pool = Pool::new(Thresholds::default());
    let accepted = [
        qa("How long did the outage last?", "", "17 minutes, start to finish."),
        qa("Where did the survey boat sail from?", "", "We sailed from Stornoway every week."),
        qa("What hid in the logs?", "", "A moss documentary."),
    ];
    for row in &accepted {
        assert_eq!(pool.check(row), Ok(()));
        pool.insert(row);
    }
    let offered = [
        ("How long did the outage last?", "It took seventeen minutes."),
        ("How long did the outage last?", "It took 0.5 hours."),
        ("Where did the survey boat sail from?", "It sailed from Ullapool."),
        ("Where did the survey boat sail from?", "From Stornoway, always."),
        ("What hid in the logs?", "Card numbers of strangers."),
        ("What hid in the logs?", "A documentary about moss."),
    ];
    for (question, response) in offered {
        assert!(pool.check(&qa(question, "", response)).is_err());
    }
    let found: Vec<_> = pool.conflicts().iter().map(|c| (c.a, c.offer, c.why)).collect();
    assert_eq!(found, [(0, 4, Disagreement::Numbers), (1, 5, Disagreement::Names), (2, 7, Disagreement::Words)]);
    assert_eq!(pool.conflicts()[1].question, "Where did the survey boat sail from?");
}

#[test]
fn long_fields_are_compared_to_the_end() {
    let long: Vec<String> = (0..300).map(|i| format!("word{}", i * i % 171)).collect();
    let mut other = long.clone();
    other.drain(100..140);
    let (a, b) = (long.join(" "), other.join(" "));
    let mut ids = HashMap::new();
    let mut id = |text: &str| -> Vec<u32> {
        words(text)
            .into_iter()
            .map(|w| {
                let next = ids.len() as u32;
                *ids.entry(w).or_insert(next)
            })
            .collect()
    };
    let (x, y) = (id(&a), id(&b));
    assert!((rouge(&x, &y) - plain_rouge(&a, &b)).abs() < 1e-12);
    assert!((rouge(&y, &x) - plain_rouge(&a, &b)).abs() < 1e-12);
}

/// Few words, so that rows resemble each other.
fn text(words: std::ops::Range<usize>) -> impl Strategy<Value = String> {
    prop::collection::vec(0u32..12, words)
        .prop_map(|ids| ids.iter().map(|id| format!("w{id}")).collect::<Vec<_>>().join(" "))
}

fn content() -> impl Strategy<Value = Content> {
    (0..3, text(1..8), text(0..9), text(1..12)).prop_map(|(kind, a, b, c)| match kind {
        0 => qa(&a, &b, &c),
        1 => cot(&a, &b, &c),
        _ => Content::Preference(Preference { prompt: a, chosen: b, rejected: c, evidence: String::new() }),
    })
}

/// A row, and one with some words changed, so that every reason comes up.
fn rows() -> impl Strategy<Value = Vec<Content>> {
    prop::collection::vec((content(), 0usize..40), 1..60).prop_map(|pairs| {
        let mut out: Vec<Content> = Vec::new();
        for (row, back) in pairs {
            if let Some(old) = out.len().checked_sub(back + 1).map(|i| out[i].clone()) {
                let mixed = match (&old, &row) {
                    (Content::Qa(a), Content::Qa(b)) => qa(&b.instruction, &a.context, &a.response),
                    (Content::Cot(a), Content::Cot(b)) => cot(&a.instruction, &b.thought, &b.response),
                    _ => row,
                };
                out.push(mixed);
            } else {
                out.push(row);
            }
        }
        out
    })
}

proptest! {
    #[test]
    fn verdicts_are_those_of_comparing_all(rows in rows(), all in any::<bool>()) {
        let mut pool = Pool::new(Thresholds::default());
        let mut accepted = Vec::new();
        for row in rows {
            let expected = plain(&accepted, &row, Thresholds::default());
            prop_assert_eq!(pool.check(&row), expected, "{:?}", row);
            if expected.is_ok() || all {
                prop_assert_eq!(pool.insert(&row), accepted.len());
                accepted.push(row);
            }
        }
    }

    /// Past the exact size nothing is called a duplicate that is none, and equal rows and questions are still found.
    #[test]
    fn past_the_exact_size_no_verdict_is_invented(rows in rows()) {
        let thresholds = Thresholds { exact_up_to: 5, ..Thresholds::default() };
        let mut pool = Pool::new(thresholds);
        let mut accepted: Vec<Content> = Vec::new();
        for row in rows {
            let expected = plain(&accepted, &row, thresholds);
            let got = pool.check(&row);
            prop_assert!(got.is_ok() || expected.is_err());
            let same = accepted.iter().any(|a| a.kind() == row.kind() && words(a.fields()[0]) == words(row.fields()[0]) && !words(row.fields()[0]).is_empty());
            prop_assert!(!same || got.is_err());
            pool.insert(&row);
            accepted.push(row);
        }
    }
}
