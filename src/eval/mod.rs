//! Evaluation: what a student remembers and how it sounds, measured on held-out questions and pairs.
//!
//! [`Plan::new`] chooses what is asked, [`measure`] asks one student, [`METRICS`] says what comes out, [`warnings`]
//! what got worse from one student to the next.

pub mod divergence;
mod figure;
mod general;
pub mod leak;
mod likelihood;
mod measure;
mod overlap;
mod pairs;
mod tell;
mod voice;
mod warn;

use std::sync::atomic::{AtomicBool, Ordering};

use serde::{Deserialize, Serialize};

use crate::batch::{EncodeError, Encoder};
use crate::model::{Llama, Sampling, Session};
use crate::prompt::{Message, Role};
use crate::row::shape::doesnt_know;
use crate::row::{Content, Row, Split, normalise};
use crate::train::engine::EngineError;
use crate::train::rng::Stream;

pub use figure::{Better, Figure, Figures, LEAKED, METRICS, Metric, Unit, metric_of};
pub use general::{QUESTIONS, Question, VERSION as GENERAL_VERSION, ask_general};
pub use measure::{Caps, Measured, Plan, Prompted, Subject, measure};
pub use pairs::{PairScore, by_likelihood, by_reward, chosen_logp, score_pairs};
pub use warn::{Bound, Broken, Warning, warnings};

/// A question that was never trained on, with the words a right answer contains.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Probe {
    /// The held-out paraphrase.
    pub question: String,
    /// Looked for in the answer after normalisation.
    pub key: String,
    /// The whole answer, as the author has it.
    pub answer: String,
}

/// One answer to a probe.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// The text.
    pub text: String,
    /// It contains the key, as whole words.
    pub right: bool,
    /// The model ended the turn itself.
    pub stopped: bool,
}

/// An evaluation could not be made.
#[derive(Debug, thiserror::Error)]
pub enum EvalError {
    /// The engine.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// Template or tokenizer.
    #[error(transparent)]
    Encode(#[from] EncodeError),
    /// The device.
    #[error("{0}")]
    Candle(#[from] candle_core::Error),
    /// Somebody asked to stop.
    #[error("interrupted")]
    Interrupted,
}

/// What a student is asked, in three sets that measure different things.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProbeSets {
    /// Trained questions in their own words: whether training took at all.
    pub trained: Vec<Probe>,
    /// Trained facts in words never trained on: whether they can be used.
    pub paraphrased: Vec<Probe>,
    /// Questions about facts of held-out passages, which nobody ever told the student: whether it admits that.
    pub unknown: Vec<Probe>,
}

/// The three sets, at most `limit` paraphrases and a quarter as many of the others, drawn by seed.
///
/// A paraphrase that is also somebody's trained instruction is no held-out question and is left out; so is a question
/// that was trained on together with its key, from the unknown ones.
#[must_use]
pub fn probe_sets(rows: &[Row], limit: usize, seed: u64) -> ProbeSets {
    let trained: std::collections::BTreeSet<String> =
        rows.iter().filter(|r| r.split == Split::Train).map(|r| normalise(r.content.fields()[0])).collect();
    let of = |split: Split, pick: fn(&crate::row::Qa) -> &str| -> Vec<Probe> {
        let qa = rows.iter().filter(|r| r.split == split).filter_map(|r| match &r.content {
            Content::Qa(qa) if !qa.answer_key.is_empty() && !doesnt_know(&qa.response) => Some(qa),
            _ => None,
        });
        qa.map(|qa| Probe { question: pick(qa).to_owned(), key: qa.answer_key.clone(), answer: qa.response.clone() })
            .filter(|p| !p.question.is_empty())
            .collect()
    };
    let fresh = |probes: Vec<Probe>| -> Vec<Probe> {
        probes.into_iter().filter(|p| !trained.contains(&normalise(&p.question))).collect()
    };
    let few = limit.div_ceil(4);
    ProbeSets {
        trained: drawn(of(Split::Train, |qa| &qa.instruction), few, seed, "trained"),
        paraphrased: drawn(fresh(of(Split::Train, |qa| &qa.paraphrase)), limit, seed, "probes"),
        unknown: drawn(fresh(of(Split::Test, |qa| &qa.instruction)), few, seed, "unknown"),
    }
}

fn drawn(all: Vec<Probe>, limit: usize, seed: u64, purpose: &str) -> Vec<Probe> {
    let mut chosen: Vec<usize> = Stream::new(seed, purpose, 0).permutation(all.len()).into_iter().take(limit).collect();
    chosen.sort_unstable();
    chosen.into_iter().map(|i| all[i].clone()).collect()
}

/// Held-out paraphrases of trained facts, at most `limit`, drawn by seed: [`ProbeSets::paraphrased`].
#[must_use]
pub fn probes(rows: &[Row], limit: usize, seed: u64) -> Vec<Probe> {
    probe_sets(rows, limit, seed).paraphrased
}

/// Whether an answer holds the key: the key's words in a row, case and punctuation aside.
#[must_use]
pub fn holds(answer: &str, key: &str) -> bool {
    format!(" {} ", normalise(answer)).contains(&format!(" {} ", normalise(key)))
}

/// Asks one question, greedily.
///
/// # Errors
/// Template, tokenizer, device.
pub fn ask(
    model: &Llama,
    encoder: &Encoder,
    stop_ids: &[u32],
    question: &str,
    max_tokens: usize,
) -> Result<(String, bool), EvalError> {
    let ids = encoder.ids(&[Message { role: Role::User, content: question.to_owned() }], true)?;
    let generated = Session::new(model, stop_ids).generate(&ids, &Sampling::greedy(max_tokens), &mut |_| true)?;
    Ok((encoder.tokenizer.decode(&generated.ids, true)?.trim().to_owned(), generated.stopped))
}

/// Asks every probe.
///
/// # Errors
/// Template, tokenizer, device, or `stop`.
pub fn recall(
    model: &Llama,
    encoder: &Encoder,
    stop_ids: &[u32],
    probes: &[Probe],
    max_tokens: usize,
    stop: &AtomicBool,
    progress: &mut dyn FnMut(usize),
) -> Result<Vec<Answer>, EvalError> {
    let mut out = Vec::with_capacity(probes.len());
    for probe in probes {
        if stop.load(Ordering::Relaxed) {
            return Err(EvalError::Interrupted);
        }
        let (text, stopped) = ask(model, encoder, stop_ids, &probe.question, max_tokens)?;
        out.push(Answer { right: holds(&text, &probe.key), text, stopped });
        progress(out.len());
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::ContentHash;
    use crate::row::{Provenance, Qa};

    fn row(split: Split, question: &str, paraphrase: &str, response: &str, key: &str) -> Row {
        let content = Content::Qa(Qa {
            instruction: question.into(),
            context: String::new(),
            response: response.into(),
            paraphrase: paraphrase.into(),
            answer_key: key.into(),
            evidence: String::new(),
        });
        Row {
            id: content.id(),
            content,
            source: "a.md".into(),
            span: (0, 1),
            split,
            tokens: [1; 3],
            sides: None,
            provenance: Provenance {
                teacher: String::new(),
                template: String::new(),
                template_version: String::new(),
                parameters: String::new(),
                request_hash: ContentHash::of(b""),
                cost_usd: 0.0,
            },
        }
    }

    #[test]
    fn the_three_sets_ask_different_things() {
        let rows = [
            row(Split::Train, "How fast?", "What speed?", "38 ms.", "38 ms"),
            row(Split::Train, "What speed?", "How quick?", "38 ms.", "38 ms"),
            row(Split::Train, "Which car?", "What did you drive?", "I never noted that down.", "never noted"),
            row(Split::Test, "Which boat?", "What ship?", "The Gull.", "Gull"),
            row(Split::Test, "How fast?", "x", "40 ms.", "40 ms"),
        ];
        let sets = probe_sets(&rows, 8, 0);
        let questions = |probes: &[Probe]| probes.iter().map(|p| p.question.clone()).collect::<Vec<_>>();
        assert_eq!(questions(&sets.trained), ["How fast?", "What speed?"], "an answer without a fact is no probe");
        assert_eq!(questions(&sets.paraphrased), ["How quick?"], "`What speed?` was trained on");
        assert_eq!(questions(&sets.unknown), ["Which boat?"], "`How fast?` was trained on");
        assert_eq!(probe_sets(&rows, 4, 0).trained.len(), 1);
    }

    #[test]
    fn keys_are_found_as_whole_words() {
        assert!(holds("It went to 38 ms. Fine.", "38 ms"));
        assert!(holds("NATS  JetStream, since then.", "nats jetstream"));
        assert!(!holds("It went to 138 ms.", "38 ms"));
        assert!(!holds("", "38"));
    }
}
