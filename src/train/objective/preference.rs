use super::pair::{Constants, PairLogps, PairLoss, log_odds, log_sigmoid, pair};
use super::{Contribution, LabelLogps};

/// Preference of one answer over another: DPO and its relatives.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Preference {
    /// The loss on a pair.
    pub loss: PairLoss,
    /// Strength of the preference; no unit.
    pub beta: f64,
    /// Share of flipped labels; used by [`PairLoss::Robust`], [`PairLoss::ExoPair`] and [`PairLoss::Simpo`].
    pub label_smoothing: f64,
    /// Weight of the mean negative log-likelihood of the chosen tokens; 0 turns it off.
    pub nll_weight: f64,
    /// The margin that [`PairLoss::Simpo`] asks for.
    pub gamma: f64,
    /// Weight of chosen answers in [`PairLoss::Kto`].
    pub desirable_weight: f64,
    /// Weight of rejected answers in [`PairLoss::Kto`].
    pub undesirable_weight: f64,
}

impl Default for Preference {
    /// TRL's: sigmoid, β 0.1, no smoothing, no likelihood term, γ 0.5, weights 1.
    fn default() -> Self {
        Self {
            loss: PairLoss::Sigmoid,
            beta: 0.1,
            label_smoothing: 0.0,
            nll_weight: 0.0,
            gamma: 0.5,
            desirable_weight: 1.0,
            undesirable_weight: 1.0,
        }
    }
}

/// What the pairs of an optimizer step add up to, over all its micro-batches.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct PairTotals {
    /// Pairs.
    pub pairs: usize,
    /// Label tokens of chosen answers.
    pub chosen_labels: usize,
    /// Estimate of the divergence from the reference in nats, at least 0; [`PairLoss::Kto`] alone reads it.
    ///
    /// The mean of `log π/π_ref` over answers to other prompts, and a constant to the gradient.
    pub divergence: f64,
}

impl Preference {
    /// Loss of one pair in nats, and its derivatives by the policy's two *summed* log-probabilities.
    ///
    /// `lengths` are the label tokens of chosen and rejected. Where policy equals reference, sigmoid gives ln 2.
    #[must_use]
    pub fn pair(
        &self,
        policy: PairLogps,
        reference: PairLogps,
        lengths: (usize, usize),
        divergence: f64,
    ) -> (f64, f64, f64) {
        let reference = if self.loss.needs_reference() { reference } else { PairLogps::default() };
        let (c, r) = (policy.chosen - reference.chosen, policy.rejected - reference.rejected);
        let constants = Constants {
            beta: self.beta,
            smoothing: self.label_smoothing,
            gamma: self.gamma,
            desirable: self.desirable_weight,
            undesirable: self.undesirable_weight,
            divergence,
        };
        pair(self.loss, c, r, lengths, &constants)
    }

    /// The loss that every pair has while policy and reference are the same; `None` without a reference.
    #[must_use]
    pub fn loss_at_start(&self) -> Option<f64> {
        let zero = PairLogps::default();
        self.loss.needs_reference().then(|| self.pair(zero, zero, (1, 1), 0.0).0)
    }

    /// One micro-batch, which begins with the pairs of `references`.
    ///
    /// `logps` holds chosen and rejected of each pair in turn: sequence `2i` is pair `i`'s chosen answer; what follows
    /// the pairs is left alone. The loss on pairs is divided by the step's pairs, the likelihood term by the step's
    /// chosen labels.
    #[must_use]
    pub fn contribution(&self, logps: &LabelLogps, references: &[PairLogps], totals: &PairTotals) -> Contribution {
        let (pairs, labels) = (totals.pairs.max(1) as f64, totals.chosen_labels.max(1) as f64);
        let mut out = Contribution { upstream: vec![0.0; logps.logps.len()], ..Contribution::default() };
        for (i, reference) in references.iter().enumerate() {
            let (chosen, rejected) = (logps.range(2 * i), logps.range(2 * i + 1));
            let policy = PairLogps { chosen: logps.sum(2 * i), rejected: logps.sum(2 * i + 1) };
            let lengths = (chosen.len(), rejected.len());
            let (loss, by_chosen, by_rejected) = self.pair(policy, *reference, lengths, totals.divergence);
            let nll = -policy.chosen / labels;
            out.loss += loss / pairs + self.nll_weight * nll;
            out.upstream[chosen.clone()].fill((by_chosen / pairs - self.nll_weight / labels) as f32);
            out.upstream[rejected].fill((by_rejected / pairs) as f32);
            let averages = (policy.chosen / lengths.0.max(1) as f64, policy.rejected / lengths.1.max(1) as f64);
            // Without a reference TRL calls the averages rewards, and logs them as `logps` too.
            let by_average = !self.loss.needs_reference();
            let rewards = if by_average {
                (self.beta * averages.0, self.beta * averages.1)
            } else {
                (self.beta * (policy.chosen - reference.chosen), self.beta * (policy.rejected - reference.rejected))
            };
            let shown = if by_average { averages } else { (policy.chosen, policy.rejected) };
            let hits = logps.hits[chosen].iter().filter(|&&h| h).count() as f64;
            let mut note = |name: &'static str, value: f64| *out.metrics.entry(name).or_default() += value;
            note("rewards/chosen", rewards.0 / pairs);
            note("rewards/rejected", rewards.1 / pairs);
            note("rewards/margins", (rewards.0 - rewards.1) / pairs);
            // A tie is no win: before the first update this is 0 and not one half.
            note("rewards/accuracies", if rewards.0 > rewards.1 { 1.0 / pairs } else { 0.0 });
            note("logps/chosen", shown.0 / pairs);
            note("logps/rejected", shown.1 / pairs);
            note("mean_token_accuracy", hits / labels);
            note("preference_loss", loss / pairs);
            note("nll_loss", nll);
            match self.loss {
                PairLoss::Orpo => {
                    let odds = log_odds(averages.0).0 - log_odds(averages.1).0;
                    note("log_odds_chosen", odds / pairs);
                    note("log_odds_ratio", log_sigmoid(odds) / pairs);
                }
                PairLoss::Kto => note("kl", totals.divergence / pairs),
                _ => {}
            }
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(loss: PairLoss) -> Preference {
        Preference { loss, label_smoothing: 0.1, ..Preference::default() }
    }

    #[test]
    fn values_match_trl() {
        // TRL 1.16: means over two pairs; fixtures/numeric/{dpo,objectives}.json have more.
        let policy = [PairLogps { chosen: -10.0, rejected: -12.0 }, PairLogps { chosen: -20.0, rejected: -15.0 }];
        let reference = [PairLogps { chosen: -11.0, rejected: -11.0 }, PairLogps { chosen: -21.0, rejected: -16.0 }];
        for (loss, want) in [
            (PairLoss::Sigmoid, 0.645_643),
            (PairLoss::Hinge, 0.9),
            (PairLoss::Robust, 0.633_143),
            (PairLoss::ApoZero, 0.975_020_8),
            (PairLoss::SppoHard, 42.0),
            (PairLoss::BcoPair, 1.338_793_3),
        ] {
            let mean = (0..2).map(|i| of(loss).pair(policy[i], reference[i], (1, 1), 0.0).0).sum::<f64>() / 2.0;
            assert!((mean - want).abs() < 1e-6, "{loss:?} {mean}");
        }
    }

    #[test]
    fn derivatives_match_finite_differences() {
        let reference = PairLogps { chosen: -11.0, rejected: -14.5 };
        for (name, loss) in PairLoss::ALL {
            for (chosen, rejected) in [(-10.0, -13.0), (-13.5, -12.0), (-0.02, -15.0), (-11.0, -14.5)] {
                let f = |c: f64, r: f64| of(loss).pair(PairLogps { chosen: c, rejected: r }, reference, (7, 5), 0.4).0;
                let (_, by_chosen, by_rejected) = of(loss).pair(PairLogps { chosen, rejected }, reference, (7, 5), 0.4);
                let h = 1e-5;
                let measured = (
                    (f(chosen + h, rejected) - f(chosen - h, rejected)) / (2.0 * h),
                    (f(chosen, rejected + h) - f(chosen, rejected - h)) / (2.0 * h),
                );
                let near = |a: f64, b: f64| (a - b).abs() < 2e-7 * (1.0 + a.abs());
                assert!(near(by_chosen, measured.0), "{name} at {chosen}: {by_chosen} {}", measured.0);
                assert!(near(by_rejected, measured.1), "{name} at {rejected}: {by_rejected} {}", measured.1);
            }
        }
    }

    #[test]
    fn nothing_overflows() {
        for (name, loss) in PairLoss::ALL {
            for (c, r) in [(0.0, 0.0), (0.0, -9e4), (-9e4, 0.0), (-9e4, -9e4)] {
                let reference = PairLogps { chosen: -100.0, rejected: -100.0 };
                let got = of(loss).pair(PairLogps { chosen: c, rejected: r }, reference, (3, 4), 0.0);
                assert!(got.0.is_finite() && got.1.is_finite() && got.2.is_finite(), "{name} at {c}, {r}: {got:?}");
            }
        }
    }

    #[test]
    fn equal_policy_and_reference_give_ln_2_and_no_win() {
        let logps = LabelLogps { logps: vec![-1.5, -0.5, -3.0], hits: vec![true, true, false], offsets: vec![0, 2, 3] };
        let totals = PairTotals { pairs: 1, chosen_labels: 2, divergence: 0.0 };
        let sigmoid = of(PairLoss::Sigmoid);
        let c = sigmoid.contribution(&logps, &[PairLogps { chosen: -2.0, rejected: -3.0 }], &totals);
        assert!((c.loss - std::f64::consts::LN_2).abs() < 1e-12);
        assert_eq!(sigmoid.loss_at_start(), Some(std::f64::consts::LN_2));
        assert_eq!(c.metrics["rewards/accuracies"], 0.0);
        assert_eq!(of(PairLoss::Orpo).loss_at_start(), None);
    }

    #[test]
    fn names_are_those_of_the_files() {
        for (name, loss) in PairLoss::ALL {
            assert_eq!(serde_json::to_value(loss).unwrap(), name);
            assert_eq!(PairLoss::of(name), Some(loss));
        }
        assert_eq!(PairLoss::of("dpo"), None);
    }
}
