use std::ops::Range;

use super::{Contribution, LabelLogps};

/// Negative log-likelihood of the labels, divided by all labels of the optimizer step.
///
/// `labels_in_step` is counted over every micro-batch of the step, so accumulation weighs tokens and not batches
/// (transformers 5.23 `trainer.py`, `num_items_in_batch`).
#[must_use]
pub fn sft(logps: &LabelLogps, labels_in_step: usize) -> Contribution {
    let totals = LikelihoodTotals { weight: labels_in_step as f64, labels: labels_in_step };
    likelihood(logps, 0..logps.len(), &vec![1.0; logps.logps.len()], &totals)
}

/// What the completions of an optimizer step add up to, over all its micro-batches.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct LikelihoodTotals {
    /// Sum of the weights of all labels.
    pub weight: f64,
    /// Label tokens.
    pub labels: usize,
}

/// Weighted negative log-likelihood of some sequences of a micro-batch: `Σ w·(−log p) / Σ w`, the latter over the step.
///
/// `weights` are those of the labels of `sequences`, in order. Labels of other sequences get no derivative.
#[must_use]
pub fn likelihood(
    logps: &LabelLogps,
    sequences: Range<usize>,
    weights: &[f32],
    totals: &LikelihoodTotals,
) -> Contribution {
    let total = if totals.weight > 0.0 { totals.weight } else { 1.0 };
    let labels = match (logps.offsets.get(sequences.start), logps.offsets.get(sequences.end)) {
        (Some(&from), Some(&to)) => from..to,
        _ => 0..0,
    };
    let mut upstream = vec![0.0; logps.logps.len()];
    let mut loss = 0.0;
    for (i, &weight) in labels.clone().zip(weights) {
        loss -= f64::from(weight) * f64::from(logps.logps[i]);
        upstream[i] = (-f64::from(weight) / total) as f32;
    }
    let hits = logps.hits[labels].iter().filter(|&&h| h).count() as f64 / totals.labels.max(1) as f64;
    Contribution { loss: loss / total, upstream, metrics: [("mean_token_accuracy", hits)].into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn three() -> LabelLogps {
        LabelLogps { logps: vec![-1.0, -2.0, -4.0], hits: vec![true, false, false], offsets: vec![0, 1, 3] }
    }

    #[test]
    fn micro_batches_add_up_to_the_batch() {
        let all = three();
        let first = LabelLogps { logps: vec![-1.0], hits: vec![true], offsets: vec![0, 1] };
        let second = LabelLogps { logps: vec![-2.0, -4.0], hits: vec![false, false], offsets: vec![0, 2] };
        let whole = sft(&all, 3);
        assert!((whole.loss - 7.0 / 3.0).abs() < 1e-12);
        assert!((sft(&first, 3).loss + sft(&second, 3).loss - whole.loss).abs() < 1e-12);
    }

    #[test]
    fn weights_are_shares_of_the_loss() {
        // (½·1 + ½·2 + 1·4) / 2
        let totals = LikelihoodTotals { weight: 2.0, labels: 3 };
        let c = likelihood(&three(), 0..2, &[0.5, 0.5, 1.0], &totals);
        assert!((c.loss - 2.75).abs() < 1e-12);
        assert_eq!(c.upstream, [-0.25, -0.25, -0.5]);
        // Of the second sequence alone.
        let c = likelihood(&three(), 1..2, &[1.0, 1.0], &totals);
        assert!((c.loss - 3.0).abs() < 1e-12);
        assert_eq!(c.upstream, [0.0, -0.5, -0.5]);
    }
}
