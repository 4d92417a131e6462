use serde::{Deserialize, Serialize};

use super::{Contribution, LabelLogps};

/// Which function of the margin is minimised.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DpoLoss {
    /// `−log σ(β d)` (Rafailov et al. 2023, arXiv 2305.18290, eq. 7).
    Sigmoid,
    /// Per-token averages towards `1 / 2β` (Azar et al. 2023, arXiv 2310.12036).
    Ipo,
    /// `max(0, 1 − β d)` (Zhao et al. 2023, arXiv 2305.10425).
    Hinge,
    /// Sigmoid with a share of flipped labels (Chowdhury et al. 2024, arXiv 2403.00409).
    Robust,
}

/// Summed log-probabilities of one pair under the frozen reference.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct PairLogps {
    /// Of the chosen answer.
    pub chosen: f64,
    /// Of the rejected answer.
    pub rejected: f64,
}

/// Direct preference optimisation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Dpo {
    /// The loss on the margin.
    pub loss: DpoLoss,
    /// No unit.
    pub beta: f64,
    /// Share of flipped labels; used by [`DpoLoss::Robust`] alone.
    pub label_smoothing: f64,
    /// Weight of the mean negative log-likelihood of the chosen tokens; 0 turns it off.
    pub nll_weight: f64,
}

fn log_sigmoid(x: f64) -> f64 {
    // The form that never takes the log of 0.
    x.min(0.0) - (-x.abs()).exp().ln_1p()
}

fn sigmoid(x: f64) -> f64 {
    log_sigmoid(x).exp()
}

impl Dpo {
    /// Loss of one pair in nats, and its derivatives by the policy's two *summed* log-probabilities.
    ///
    /// `lengths` are the label tokens of chosen and rejected. Where policy equals reference, sigmoid gives ln 2.
    #[must_use]
    pub fn pair(&self, policy: PairLogps, reference: PairLogps, lengths: (usize, usize)) -> (f64, f64, f64) {
        let (c, r) = (policy.chosen - reference.chosen, policy.rejected - reference.rejected);
        let (b, d) = (self.beta, c - r);
        match self.loss {
            DpoLoss::Sigmoid => {
                let slope = -b * sigmoid(-b * d);
                (-log_sigmoid(b * d), slope, -slope)
            }
            DpoLoss::Robust => {
                let e = self.label_smoothing;
                let scale = 1.0 - 2.0 * e;
                let loss = (-(1.0 - e) * log_sigmoid(b * d) + e * log_sigmoid(-b * d)) / scale;
                let slope = b * (-(1.0 - e) * sigmoid(-b * d) - e * sigmoid(b * d)) / scale;
                (loss, slope, -slope)
            }
            DpoLoss::Hinge => {
                let gap = 1.0 - b * d;
                if gap > 0.0 { (gap, -b, b) } else { (0.0, 0.0, 0.0) }
            }
            DpoLoss::Ipo => {
                let (nc, nr) = (lengths.0.max(1) as f64, lengths.1.max(1) as f64);
                let miss = c / nc - r / nr - 1.0 / (2.0 * b);
                (miss * miss, 2.0 * miss / nc, -2.0 * miss / nr)
            }
        }
    }

    /// One micro-batch of pairs.
    ///
    /// `logps` holds chosen and rejected of each pair in turn: sequence `2i` is pair `i`'s chosen answer. The margin
    /// loss is divided by `pairs_in_step`, the likelihood term by `chosen_labels_in_step`.
    #[must_use]
    pub fn contribution(
        &self,
        logps: &LabelLogps,
        references: &[PairLogps],
        pairs_in_step: usize,
        chosen_labels_in_step: usize,
    ) -> Contribution {
        let (pairs, labels) = (pairs_in_step.max(1) as f64, chosen_labels_in_step.max(1) as f64);
        let mut out = Contribution { upstream: vec![0.0; logps.logps.len()], ..Contribution::default() };
        for (i, reference) in references.iter().enumerate() {
            let (chosen, rejected) = (logps.range(2 * i), logps.range(2 * i + 1));
            let policy = PairLogps { chosen: logps.sum(2 * i), rejected: logps.sum(2 * i + 1) };
            let (loss, by_chosen, by_rejected) = self.pair(policy, *reference, (chosen.len(), rejected.len()));
            let nll = -policy.chosen / labels;
            out.loss += loss / pairs + self.nll_weight * nll;
            out.upstream[chosen.clone()].fill((by_chosen / pairs - self.nll_weight / labels) as f32);
            out.upstream[rejected].fill((by_rejected / pairs) as f32);
            let rewards =
                (self.beta * (policy.chosen - reference.chosen), self.beta * (policy.rejected - reference.rejected));
            let hits = logps.hits[chosen].iter().filter(|&&h| h).count() as f64;
            for (name, value) in [
                ("rewards/chosen", rewards.0 / pairs),
                ("rewards/rejected", rewards.1 / pairs),
                ("rewards/margins", (rewards.0 - rewards.1) / pairs),
                // A tie is no win: before the first update this is 0 and not one half.
                ("rewards/accuracies", if rewards.0 > rewards.1 { 1.0 / pairs } else { 0.0 }),
                ("logps/chosen", policy.chosen / pairs),
                ("logps/rejected", policy.rejected / pairs),
                ("mean_token_accuracy", hits / labels),
                ("dpo_loss", loss / pairs),
                ("nll_loss", nll),
            ] {
                *out.metrics.entry(name).or_default() += value;
            }
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dpo(loss: DpoLoss) -> Dpo {
        Dpo { loss, beta: 0.1, label_smoothing: 0.1, nll_weight: 0.0 }
    }

    #[test]
    fn values_match_trl() {
        // TRL 1.16: means over two pairs, see shared goldens in fixtures/numeric/dpo.json for more.
        let policy = [PairLogps { chosen: -10.0, rejected: -12.0 }, PairLogps { chosen: -20.0, rejected: -15.0 }];
        let reference = [PairLogps { chosen: -11.0, rejected: -11.0 }, PairLogps { chosen: -21.0, rejected: -16.0 }];
        for (loss, want) in [(DpoLoss::Sigmoid, 0.645_643), (DpoLoss::Hinge, 0.9), (DpoLoss::Robust, 0.633_143)] {
            let mean = (0..2).map(|i| dpo(loss).pair(policy[i], reference[i], (1, 1)).0).sum::<f64>() / 2.0;
            assert!((mean - want).abs() < 1e-6, "{loss:?} {mean}");
        }
    }

    #[test]
    fn derivatives_match_finite_differences() {
        let reference = PairLogps { chosen: -11.0, rejected: -14.5 };
        for loss in [DpoLoss::Sigmoid, DpoLoss::Ipo, DpoLoss::Hinge, DpoLoss::Robust] {
            let f = |c: f64, r: f64| dpo(loss).pair(PairLogps { chosen: c, rejected: r }, reference, (7, 5)).0;
            let (_, by_chosen, by_rejected) =
                dpo(loss).pair(PairLogps { chosen: -10.0, rejected: -13.0 }, reference, (7, 5));
            let h = 1e-5;
            assert!((by_chosen - (f(-10.0 + h, -13.0) - f(-10.0 - h, -13.0)) / (2.0 * h)).abs() < 1e-7, "{loss:?}");
            assert!((by_rejected - (f(-10.0, -13.0 + h) - f(-10.0, -13.0 - h)) / (2.0 * h)).abs() < 1e-7, "{loss:?}");
        }
    }

    #[test]
    fn equal_policy_and_reference_give_ln_2_and_no_win() {
        let logps = LabelLogps { logps: vec![-1.5, -0.5, -3.0], hits: vec![true, true, false], offsets: vec![0, 2, 3] };
        let c = dpo(DpoLoss::Sigmoid).contribution(&logps, &[PairLogps { chosen: -2.0, rejected: -3.0 }], 1, 2);
        assert!((c.loss - std::f64::consts::LN_2).abs() < 1e-12);
        assert_eq!(c.metrics["rewards/accuracies"], 0.0);
    }
}
