//! Objectives: log-probabilities of label tokens come in, a loss and its derivative go out.
//!
//! Every objective here is a function of the model's log-probabilities and of nothing else of the model. So an
//! objective never sees a tensor, an engine never sees an objective, and both can be checked alone.

mod pair;
mod preference;
mod sft;

pub use pair::{PairLogps, PairLoss};
pub use preference::{PairTotals, Preference};
pub use sft::{LikelihoodTotals, likelihood, sft};

use std::collections::BTreeMap;

/// Log-probabilities of the label tokens of several sequences, in order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LabelLogps {
    /// `[L]`: `log p(label | before)` in nats.
    pub logps: Vec<f32>,
    /// `[L]`: the label was the most likely token.
    pub hits: Vec<bool>,
    /// `[B + 1]`: sequence `i` has `offsets[i]..offsets[i + 1]`.
    pub offsets: Vec<usize>,
}

impl LabelLogps {
    /// How many sequences.
    #[must_use]
    pub fn len(&self) -> usize {
        self.offsets.len().saturating_sub(1)
    }

    /// True without sequences.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Sum over sequence `i`'s labels, in f64.
    #[must_use]
    pub fn sum(&self, i: usize) -> f64 {
        self.logps[self.range(i)].iter().map(|&l| f64::from(l)).sum()
    }

    /// Labels of sequence `i`.
    #[must_use]
    pub fn range(&self, i: usize) -> std::ops::Range<usize> {
        self.offsets[i]..self.offsets[i + 1]
    }
}

/// What an objective says about one micro-batch.
///
/// `loss` and `metrics` are contributions to the optimizer step: summed over its micro-batches they are the step's
/// own values, because every part was divided by the step's total and not by the micro-batch's.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Contribution {
    /// In nats.
    pub loss: f64,
    /// `[L]`: the derivative of the step's loss by each log-probability.
    pub upstream: Vec<f32>,
    /// Named as TRL names them.
    pub metrics: BTreeMap<&'static str, f64>,
}

impl Contribution {
    /// Adds another objective's part over the same labels, `weight` times.
    pub fn add(&mut self, other: &Self, weight: f64) {
        self.loss += weight * other.loss;
        self.upstream.resize(self.upstream.len().max(other.upstream.len()), 0.0);
        for (mine, theirs) in self.upstream.iter_mut().zip(&other.upstream) {
            *mine += (weight * f64::from(*theirs)) as f32;
        }
    }
}
