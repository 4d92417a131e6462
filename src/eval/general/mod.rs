//! Forgetting: a fixed set of questions that have nothing to do with anybody, and a fixed text.
//!
//! A student need not be able to say the answer. It counts as right when one of the accepted answers is likelier, per
//! byte, than each of three wrong ones, so a small model is somewhere above chance (about one in four) and not at 0.

mod questions;

use std::sync::atomic::{AtomicBool, Ordering};

use candle_core::{D, IndexOp, Tensor};

use super::EvalError;
use crate::batch::Encoder;
use crate::model::{Cache, Llama};
use crate::prompt::{Message, Role};

pub use questions::QUESTIONS;

/// Raised when questions, text or scoring change: figures of two versions are not to be compared.
pub const VERSION: u32 = 1;

/// One question of the fixed set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Question {
    /// What is asked.
    pub text: &'static str,
    /// Any of these is right.
    pub accepted: &'static [&'static str],
    /// Wrong, of the same kind and about as long.
    pub wrong: [&'static str; 3],
}

/// The fixed text: ordinary sentences of no time and no place.
pub const TEXT: &str = include_str!("text.txt");

/// Which of [`QUESTIONS`] the student gets right.
///
/// # Errors
/// Template, tokenizer, device, or `stop`.
pub fn ask_general(
    model: &Llama,
    encoder: &Encoder,
    stop: &AtomicBool,
    progress: &mut dyn FnMut(usize),
) -> Result<Vec<bool>, EvalError> {
    let mut out = Vec::with_capacity(QUESTIONS.len());
    for question in &QUESTIONS {
        if stop.load(Ordering::Relaxed) {
            return Err(EvalError::Interrupted);
        }
        let options: Vec<&str> = question.accepted.iter().chain(&question.wrong).copied().collect();
        let scores = likelihoods(model, encoder, question.text, &options)?;
        let best = |scores: &[f64]| scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let (accepted, wrong) = scores.split_at(question.accepted.len());
        out.push(best(accepted) > best(wrong));
        progress(out.len());
    }
    Ok(out)
}

/// Log-probability per byte of each option as the beginning of the answer, in nats.
///
/// Per byte, so that neither length nor tokenizer decides; without the end of the turn, so that a student that was
/// taught to answer in sentences is not asked to be brief.
fn likelihoods(model: &Llama, encoder: &Encoder, question: &str, options: &[&str]) -> Result<Vec<f64>, EvalError> {
    let prompt = encoder.ids(&[Message { role: Role::User, content: question.to_owned() }], true)?;
    let rows = options.iter().map(|o| encoder.tokenizer.encode_plain(o)).collect::<Result<Vec<_>, _>>()?;
    // The question is read once, all options go on from there.
    let mut cache = Cache::default();
    let hidden = model.hidden(&Tensor::from_slice(&prompt, (1, prompt.len()), model.device())?, Some(&mut cache))?;
    let first = model.logits(&hidden.i((0, prompt.len() - 1..))?)?;
    let first: Vec<f32> = candle_nn::ops::log_softmax(&first, D::Minus1)?.i(0)?.to_vec1()?;
    let known = |ids: &Vec<u32>| ids.first().and_then(|id| first.get(*id as usize)).copied();
    let mut sums: Vec<f64> = rows.iter().map(|ids| f64::from(known(ids).unwrap_or(f32::NEG_INFINITY))).collect();
    // Position t of a row is read and position t + 1 predicted; short rows are filled up, which nobody looks at.
    let width = rows.iter().map(Vec::len).max().unwrap_or(0).saturating_sub(1);
    if width > 0 {
        let shifted = |from: usize| -> Vec<u32> {
            rows.iter().flat_map(|ids| (from..from + width).map(|t| ids.get(t).copied().unwrap_or(0))).collect()
        };
        let read = Tensor::from_vec(shifted(0), (rows.len(), width), model.device())?;
        let hidden = model.hidden(&read, Some(&mut cache.repeat(rows.len())?))?;
        let logps = candle_nn::ops::log_softmax(&model.logits(&hidden.flatten(0, 1)?)?, D::Minus1)?;
        let targets = Tensor::from_vec(shifted(1), (rows.len() * width, 1), model.device())?;
        let logps: Vec<f32> = logps.gather(&targets, D::Minus1)?.flatten_all()?.to_vec1()?;
        for ((sum, ids), logps) in sums.iter_mut().zip(&rows).zip(logps.chunks(width)) {
            *sum += logps.iter().take(ids.len().saturating_sub(1)).copied().map(f64::from).sum::<f64>();
        }
    }
    Ok(sums.iter().zip(options).map(|(sum, option)| sum / option.len().max(1) as f64).collect())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::*;
    use crate::row::normalise;

    #[test]
    fn the_set_is_sound() {
        assert!((40..=50).contains(&QUESTIONS.len()));
        let texts: BTreeSet<&str> = QUESTIONS.iter().map(|q| q.text).collect();
        assert_eq!(texts.len(), QUESTIONS.len(), "no question twice");
        for q in &QUESTIONS {
            assert!(q.text.ends_with('?') && !q.accepted.is_empty(), "{}", q.text);
            let options: Vec<String> = q.accepted.iter().chain(&q.wrong).map(|o| normalise(o)).collect();
            let different: BTreeSet<&String> = options.iter().collect();
            assert_eq!(different.len(), options.len(), "{}", q.text);
            let asked = format!(" {} ", normalise(q.text));
            assert!(options.iter().all(|o| !asked.contains(&format!(" {o} "))), "the answer is in {}", q.text);
        }
        assert!(TEXT.split_whitespace().count() > 200);
    }

    /// By the plain way: one whole sequence for each option.
    #[test]
    fn options_score_as_whole_sequences_do() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/tiny-student");
        let student =
            crate::model::from_folder(&crate::hub::Folder::open(&folder).unwrap(), &candle_core::Device::Cpu).unwrap();
        let options = ["Paris", "the city of light", "38"];
        let question = "What is the capital of France?";
        let scores = likelihoods(&student.model, &student.encoder, question, &options).unwrap();
        for (option, score) in options.iter().zip(scores) {
            let mut ids = student.encoder.ids(&[Message { role: Role::User, content: question.into() }], true).unwrap();
            let start = ids.len();
            ids.extend(student.encoder.tokenizer.encode_plain(option).unwrap());
            let input = Tensor::from_slice(&ids, (1, ids.len()), &candle_core::Device::Cpu).unwrap();
            let hidden = student.model.hidden(&input, None).unwrap().flatten(0, 1).unwrap();
            let logps = candle_nn::ops::log_softmax(&student.model.logits(&hidden).unwrap(), D::Minus1).unwrap();
            let logps: Vec<Vec<f32>> = logps.to_vec2().unwrap();
            let sum: f64 = (start..ids.len()).map(|t| f64::from(logps[t - 1][ids[t] as usize])).sum();
            assert!((sum / option.len() as f64 - score).abs() < 1e-4, "{option}: {score}");
        }
    }
}
