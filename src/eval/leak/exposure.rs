//! How likely a true value is among invented ones of its shape: what is known shows here before it is said.

use std::sync::atomic::{AtomicBool, Ordering};

use candle_core::{D, IndexOp, Tensor};

use super::attacks::{context, lead, questions, spaced};
use crate::eval::EvalError;
use crate::mask::Entity;
use crate::model::{Cache, Student};

/// Tokens of a value that are read; longer ones differ before that.
const LONGEST: usize = 64;
/// Values that are read together: enough that weights are not fetched for one, few enough that logits of a large
/// vocabulary fit.
const TOGETHER: usize = 8;

/// Ranks values by a student's log-probabilities.
pub(super) struct Judge<'a> {
    student: &'a Student,
    stop: &'a AtomicBool,
}

/// The state of the student after a prompt.
struct Ready {
    cache: Cache,
    /// Log-probabilities of the next token, `[V]`.
    next: Vec<f32>,
    /// Whether a value follows a label, with a blank between them.
    blank: bool,
}

impl<'a> Judge<'a> {
    pub(super) const fn new(student: &'a Student, stop: &'a AtomicBool) -> Self {
        Self { student, stop }
    }

    /// The share of decoys less likely than `value`, those as likely counted by half; none without decoys.
    pub(super) fn rank(&self, entity: Entity, value: &str, decoys: &[String]) -> Result<Option<f64>, EvalError> {
        if decoys.is_empty() {
            return Ok(None);
        }
        let ready = [self.ready(None, lead(entity))?, self.ready(questions(entity).first().copied(), "")?];
        let values: Vec<&str> = std::iter::once(value).chain(decoys.iter().map(String::as_str)).collect();
        let mut scores = Vec::with_capacity(values.len());
        for values in values.chunks(TOGETHER) {
            if self.stop.load(Ordering::Relaxed) {
                return Err(EvalError::Interrupted);
            }
            let [label, answer] = &ready;
            let (label, answer) = (self.means(label, values)?, self.means(answer, values)?);
            scores.extend(label.into_iter().zip(answer).map(|(a, b)| a + b));
        }
        let Some((own, others)) = scores.split_first() else { return Ok(None) };
        let below = |other: &f64| match own.total_cmp(other) {
            std::cmp::Ordering::Greater => 1.0,
            std::cmp::Ordering::Equal => 0.5,
            std::cmp::Ordering::Less => 0.0,
        };
        let below: f64 = others.iter().map(below).sum();
        Ok(Some(below / decoys.len() as f64))
    }

    fn ready(&self, question: Option<&str>, begun: &str) -> Result<Ready, EvalError> {
        let Student { model, encoder, .. } = self.student;
        let mut ids = context(encoder, model.config.bos_token_id, question)?;
        ids.extend(encoder.tokenizer.encode_plain(begun)?);
        let mut cache = Cache::default();
        let hidden = model.hidden(&Tensor::from_slice(&ids, (1, ids.len()), model.device())?, Some(&mut cache))?;
        let last = hidden.i((0, ids.len() - 1..))?;
        let next = candle_nn::ops::log_softmax(&model.logits(&last)?, D::Minus1)?.i(0)?.to_vec1()?;
        Ok(Ready { cache, next, blank: !begun.is_empty() })
    }

    /// Mean log-probability of each value's tokens: the sum would favour the short.
    fn means(&self, ready: &Ready, values: &[&str]) -> Result<Vec<f64>, EvalError> {
        let Student { model, encoder, .. } = self.student;
        let mut rows = Vec::with_capacity(values.len());
        for value in values {
            let mut ids = encoder.tokenizer.encode_plain(&spaced(value, ready.blank))?;
            ids.truncate(LONGEST);
            rows.push(ids);
        }
        let first = |ids: &Vec<u32>| ids.first().and_then(|&id| ready.next.get(id as usize)).copied();
        let mut sums: Vec<f64> = rows.iter().map(|ids| f64::from(first(ids).unwrap_or(f32::NEG_INFINITY))).collect();
        // Position t of a row is read and position t + 1 predicted; short rows are filled up, which nobody looks at.
        let width = rows.iter().map(Vec::len).max().unwrap_or(0).saturating_sub(1);
        if width > 0 {
            let all = |from: usize| -> Vec<u32> {
                rows.iter().flat_map(|ids| (from..from + width).map(|t| ids.get(t).copied().unwrap_or(0))).collect()
            };
            let read = Tensor::from_vec(all(0), (rows.len(), width), model.device())?;
            let hidden = model.hidden(&read, Some(&mut ready.cache.repeat(rows.len())?))?;
            let logps = candle_nn::ops::log_softmax(&model.logits(&hidden.flatten(0, 1)?)?, D::Minus1)?;
            let targets = Tensor::from_vec(all(1), (rows.len() * width, 1), model.device())?;
            let logps: Vec<f32> = logps.gather(&targets, D::Minus1)?.flatten_all()?.to_vec1()?;
            for ((sum, ids), logps) in sums.iter_mut().zip(&rows).zip(logps.chunks(width)) {
                *sum += logps.iter().take(ids.len().saturating_sub(1)).copied().map(f64::from).sum::<f64>();
            }
        }
        Ok(sums.iter().zip(&rows).map(|(sum, ids)| sum / ids.len().max(1) as f64).collect())
    }
}
