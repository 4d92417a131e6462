//! How likely a true value is among invented ones of its shape: what is known shows here before it is said.

use std::sync::atomic::{AtomicBool, Ordering};

use candle_core::{D, IndexOp, Tensor};

use super::attacks::{context, lead, questions, spaced};
use crate::eval::EvalError;
use crate::mask::Entity;
use crate::model::{Cache, Student};

/// Tokens of a value that are read; longer ones differ before that.
const LONGEST: usize = 64;

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
        let score = |value: &str| -> Result<f64, EvalError> {
            if self.stop.load(Ordering::Relaxed) {
                return Err(EvalError::Interrupted);
            }
            let mut sum = 0.0;
            for ready in &ready {
                sum += self.mean(ready, value)?;
            }
            Ok(sum)
        };
        let own = score(value)?;
        let mut below = 0.0;
        for decoy in decoys {
            below += match own.total_cmp(&score(decoy)?) {
                std::cmp::Ordering::Greater => 1.0,
                std::cmp::Ordering::Equal => 0.5,
                std::cmp::Ordering::Less => 0.0,
            };
        }
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

    /// Mean log-probability of the value's tokens: its sum would favour the short.
    fn mean(&self, ready: &Ready, value: &str) -> Result<f64, EvalError> {
        let Student { model, encoder, .. } = self.student;
        let mut ids = encoder.tokenizer.encode_plain(&spaced(value, ready.blank))?;
        ids.truncate(LONGEST);
        let Some((first, rest)) = ids.split_first() else { return Ok(f64::NEG_INFINITY) };
        let mut sum = f64::from(ready.next.get(*first as usize).copied().unwrap_or(f32::NEG_INFINITY));
        if !rest.is_empty() {
            let read = &ids[..ids.len() - 1];
            let mut cache = ready.cache.clone();
            let hidden = model.hidden(&Tensor::from_slice(read, (1, read.len()), model.device())?, Some(&mut cache))?;
            let logps = candle_nn::ops::log_softmax(&model.logits(&hidden.flatten(0, 1)?)?, D::Minus1)?;
            let targets = Tensor::from_slice(rest, (rest.len(), 1), model.device())?;
            let rest: Vec<f32> = logps.gather(&targets, D::Minus1)?.flatten_all()?.to_vec1()?;
            sum += rest.into_iter().map(f64::from).sum::<f64>();
        }
        Ok(sum / ids.len() as f64)
    }
}
