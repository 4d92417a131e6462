//! Evaluation: what a student remembers and how it sounds, measured on held-out questions and pairs.

pub mod leak;

use std::sync::atomic::{AtomicBool, Ordering};

use crate::batch::{EncodeError, Encoder};
use crate::model::{Llama, Sampling, Session};
use crate::prompt::{Message, Role};
use crate::row::{Content, Row, Split, normalise};
use crate::train::Example;
use crate::train::engine::{Engine, EngineError};
use crate::train::rng::Stream;

/// A question that was never trained on, with the words a right answer contains.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Probe {
    /// The held-out paraphrase.
    pub question: String,
    /// Looked for in the answer after normalisation.
    pub key: String,
}

/// One answer to a probe.
#[derive(Clone, Debug, PartialEq, Eq)]
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

/// Held-out paraphrases of trained facts, at most `limit`, drawn by seed.
///
/// A paraphrase that is also somebody's trained instruction is no held-out question and is left out.
#[must_use]
pub fn probes(rows: &[Row], limit: usize, seed: u64) -> Vec<Probe> {
    let trained: std::collections::BTreeSet<String> = rows.iter().map(|r| normalise(r.content.fields()[0])).collect();
    let all: Vec<Probe> = rows
        .iter()
        .filter(|r| r.split == Split::Train)
        .filter_map(|r| match &r.content {
            Content::Qa(qa)
                if !qa.paraphrase.is_empty()
                    && !qa.answer_key.is_empty()
                    && !trained.contains(&normalise(&qa.paraphrase)) =>
            {
                Some(Probe { question: qa.paraphrase.clone(), key: qa.answer_key.clone() })
            }
            _ => None,
        })
        .collect();
    let mut chosen: Vec<usize> =
        Stream::new(seed, "probes", 0).permutation(all.len()).into_iter().take(limit).collect();
    chosen.sort_unstable();
    chosen.into_iter().map(|i| all[i].clone()).collect()
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

/// Share of pairs whose chosen answer has the higher mean log-probability per token.
///
/// Per token and not summed, so that the shorter answer does not win by being short. Defined for any model alone,
/// without a reference, so that before and after can be compared.
///
/// # Errors
/// The engine.
pub fn preference_accuracy(engine: &dyn Engine, pairs: &[Example], batch_rows: usize) -> Result<f64, EvalError> {
    let mut wins = 0usize;
    for batch in pairs.chunks(batch_rows.max(1)) {
        let mut sequences = Vec::new();
        for pair in batch {
            if let Example::Pair { chosen, rejected } = pair {
                sequences.extend([chosen, rejected]);
            }
        }
        let logps = engine.score(&sequences)?;
        let mean = |i: usize| logps.sum(i) / logps.range(i).len().max(1) as f64;
        wins += (0..sequences.len() / 2).filter(|i| mean(2 * i) > mean(2 * i + 1)).count();
    }
    Ok(wins as f64 / pairs.len().max(1) as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_found_as_whole_words() {
        assert!(holds("It went to 38 ms. Fine.", "38 ms"));
        assert!(holds("NATS  JetStream, since then.", "nats jetstream"));
        assert!(!holds("It went to 138 ms.", "38 ms"));
        assert!(!holds("", "38"));
    }
}
