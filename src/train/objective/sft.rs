use super::{Contribution, LabelLogps};

/// Negative log-likelihood of the labels, divided by all labels of the optimizer step.
///
/// `labels_in_step` is counted over every micro-batch of the step, so accumulation weighs tokens and not batches
/// (transformers 5.23 `trainer.py`, `num_items_in_batch`).
#[must_use]
pub fn sft(logps: &LabelLogps, labels_in_step: usize) -> Contribution {
    let n = labels_in_step.max(1) as f64;
    let loss = -logps.logps.iter().map(|&l| f64::from(l)).sum::<f64>() / n;
    let hits = logps.hits.iter().filter(|&&h| h).count() as f64 / n;
    Contribution {
        loss,
        upstream: vec![(-1.0 / n) as f32; logps.logps.len()],
        metrics: [("mean_token_accuracy", hits)].into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn micro_batches_add_up_to_the_batch() {
        let all = LabelLogps { logps: vec![-1.0, -2.0, -4.0], hits: vec![true, false, false], offsets: vec![0, 1, 3] };
        let first = LabelLogps { logps: vec![-1.0], hits: vec![true], offsets: vec![0, 1] };
        let second = LabelLogps { logps: vec![-2.0, -4.0], hits: vec![false, false], offsets: vec![0, 2] };
        let whole = sft(&all, 3);
        assert!((whole.loss - 7.0 / 3.0).abs() < 1e-12);
        assert!((sft(&first, 3).loss + sft(&second, 3).loss - whole.loss).abs() < 1e-12);
    }
}
