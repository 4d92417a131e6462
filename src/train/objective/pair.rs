//! Losses on one pair of answers, as functions of their log-probabilities, with derivatives in closed form.

use serde::{Deserialize, Serialize};

/// What is minimised over a pair.
///
/// `c` and `r` are the log-ratios of policy to reference of the chosen and the rejected answer, each summed over the
/// answer's tokens; `d = c − r`; `β` is [`Preference::beta`](super::Preference), `ε` its `label_smoothing`, `σ` the
/// logistic function. A bar is an average over the answer's tokens. All as TRL 1.16 computes them (`dpo_trainer.py`,
/// `kto_trainer.py`, `experimental/orpo`, `experimental/cpo`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PairLoss {
    /// `−log σ(β d)` (Rafailov et al. 2023, arXiv 2305.18290, eq. 7).
    Sigmoid,
    /// `−log σ(β (c̄ − r̄))`: the same by averages, so that long answers do not weigh more.
    SigmoidNorm,
    /// `(c̄ − r̄ − 1/2β)²` (Azar et al. 2023, arXiv 2310.12036).
    Ipo,
    /// `max(0, 1 − β d)` (Zhao et al. 2023, arXiv 2305.10425).
    Hinge,
    /// Sigmoid with a share `ε` of flipped labels (Chowdhury et al. 2024, arXiv 2403.00409).
    Robust,
    /// Divergence of `(σ(β d), σ(−β d))` from `(1 − ε, ε)` (Ji et al. 2024, arXiv 2402.00856, eq. 16).
    ExoPair,
    /// `−log σ(β c) − ½ log σ(−β c) − ½ log σ(−β r)` (Chen et al. 2024, arXiv 2402.05369).
    NcaPair,
    /// `−log σ(β c) − log σ(−β r)` (Jung et al. 2024, arXiv 2404.04656).
    BcoPair,
    /// `(c − 1/2β)² + (r + 1/2β)²` (Wu et al. 2024, arXiv 2405.00675).
    SppoHard,
    /// `1 − σ(β c) + σ(β r)` (D'Oosterlinck et al. 2024, arXiv 2408.06266, eq. 7).
    ApoZero,
    /// `σ(β c) + 1 − σ(β d)` (the same, eq. 8).
    ApoDown,
    /// A blend of `−log σ(β d)` and `exp(−β d)` (Lu et al. 2024, arXiv 2406.08414, eq. 5).
    Discopop,
    /// `−β log σ(log-odds ratio)` of the averages, without a reference (Hong et al. 2024, arXiv 2403.07691).
    Orpo,
    /// `−log σ(β (l̄c − l̄r) − γ)` of the averages, without a reference (Meng et al. 2024, arXiv 2405.14734).
    Simpo,
    /// Each answer by itself against the divergence from the reference (Ethayarajh et al. 2024, arXiv 2402.01306).
    Kto,
}

impl PairLoss {
    /// All, with the names that settings know them by: TRL's.
    pub const ALL: [(&'static str, Self); 15] = [
        ("sigmoid", Self::Sigmoid),
        ("sigmoid_norm", Self::SigmoidNorm),
        ("ipo", Self::Ipo),
        ("hinge", Self::Hinge),
        ("robust", Self::Robust),
        ("exo_pair", Self::ExoPair),
        ("nca_pair", Self::NcaPair),
        ("bco_pair", Self::BcoPair),
        ("sppo_hard", Self::SppoHard),
        ("apo_zero", Self::ApoZero),
        ("apo_down", Self::ApoDown),
        ("discopop", Self::Discopop),
        ("orpo", Self::Orpo),
        ("simpo", Self::Simpo),
        ("kto", Self::Kto),
    ];

    /// The loss of a name in [`PairLoss::ALL`].
    #[must_use]
    pub fn of(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(n, _)| *n == name).map(|(_, loss)| *loss)
    }

    /// False where the policy alone is looked at: then no reference is scored before the run.
    #[must_use]
    pub const fn needs_reference(self) -> bool {
        !matches!(self, Self::Orpo | Self::Simpo)
    }

    /// True where the step's divergence has to be estimated from answers to other prompts.
    #[must_use]
    pub const fn needs_divergence(self) -> bool {
        matches!(self, Self::Kto)
    }
}

/// Summed log-probabilities of the two answers of a pair, in nats.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PairLogps {
    /// Of the chosen answer.
    pub chosen: f64,
    /// Of the rejected answer.
    pub rejected: f64,
}

/// Constants of the losses; [`Preference`](super::Preference) documents them.
pub(super) struct Constants {
    pub beta: f64,
    pub smoothing: f64,
    pub gamma: f64,
    pub desirable: f64,
    pub undesirable: f64,
    /// The step's divergence, for [`PairLoss::Kto`].
    pub divergence: f64,
}

/// Temperature of the blend in [`PairLoss::Discopop`].
const DISCOPOP_TAU: f64 = 0.05;
/// A probability of exactly 1 has no odds; f32 log-probabilities have no smaller step below 0 that matters.
const NEARLY_ONE: f64 = -1e-7;

pub(super) fn log_sigmoid(x: f64) -> f64 {
    // The form that never takes the log of 0.
    x.min(0.0) - (-x.abs()).exp().ln_1p()
}

fn sigmoid(x: f64) -> f64 {
    log_sigmoid(x).exp()
}

/// `σ'(x)`.
fn bump(x: f64) -> f64 {
    sigmoid(x) * sigmoid(-x)
}

/// `log(p / (1 − p))` of a log-probability, and its derivative.
pub(super) fn log_odds(logp: f64) -> (f64, f64) {
    let logp = logp.min(NEARLY_ONE);
    let rest = -logp.exp_m1();
    (logp - rest.ln(), 1.0 / rest)
}

/// Loss of one pair in nats, and its derivatives by the two summed log-probabilities of the policy.
///
/// `c` and `r` are the log-ratios, or the policy's own sums where the loss has no reference; `lengths` the label
/// tokens of both answers.
pub(super) fn pair(loss: PairLoss, c: f64, r: f64, lengths: (usize, usize), k: &Constants) -> (f64, f64, f64) {
    let (b, e, d) = (k.beta, k.smoothing, c - r);
    let (nc, nr) = (lengths.0.max(1) as f64, lengths.1.max(1) as f64);
    // A function of the margin alone has opposite slopes for its two sides.
    let by_margin = |loss: f64, slope: f64| (loss, slope, -slope);
    match loss {
        PairLoss::Sigmoid => by_margin(-log_sigmoid(b * d), -b * sigmoid(-b * d)),
        PairLoss::SigmoidNorm => {
            let z = b * (c / nc - r / nr);
            (-log_sigmoid(z), -b * sigmoid(-z) / nc, b * sigmoid(-z) / nr)
        }
        PairLoss::Robust => {
            let scale = 1.0 - 2.0 * e;
            let loss = (-(1.0 - e) * log_sigmoid(b * d) + e * log_sigmoid(-b * d)) / scale;
            by_margin(loss, b * (-(1.0 - e) * sigmoid(-b * d) - e * sigmoid(b * d)) / scale)
        }
        PairLoss::Hinge => {
            let gap = 1.0 - b * d;
            if gap > 0.0 { by_margin(gap, -b) } else { (0.0, 0.0, 0.0) }
        }
        PairLoss::Ipo => {
            let miss = c / nc - r / nr - 1.0 / (2.0 * b);
            (miss * miss, 2.0 * miss / nc, -2.0 * miss / nr)
        }
        PairLoss::ExoPair => {
            let z = b * d;
            let (win, lose) = (log_sigmoid(z) - (-e).ln_1p(), log_sigmoid(-z) - e.ln());
            by_margin(sigmoid(z) * win + sigmoid(-z) * lose, b * bump(z) * (win - lose))
        }
        PairLoss::NcaPair => (
            -log_sigmoid(b * c) - 0.5 * log_sigmoid(-b * c) - 0.5 * log_sigmoid(-b * r),
            b * (0.5 * sigmoid(b * c) - sigmoid(-b * c)),
            0.5 * b * sigmoid(b * r),
        ),
        PairLoss::BcoPair => (-log_sigmoid(b * c) - log_sigmoid(-b * r), -b * sigmoid(-b * c), b * sigmoid(b * r)),
        PairLoss::SppoHard => {
            let (won, lost) = (c - 0.5 / b, r + 0.5 / b);
            (won * won + lost * lost, 2.0 * won, 2.0 * lost)
        }
        PairLoss::ApoZero => (sigmoid(-b * c) + sigmoid(b * r), -b * bump(b * c), b * bump(b * r)),
        PairLoss::ApoDown => (sigmoid(b * c) + sigmoid(-b * d), b * (bump(b * c) - bump(b * d)), b * bump(b * d)),
        PairLoss::Discopop => {
            let z = b * d;
            let (mix, rest) = (sigmoid(z / DISCOPOP_TAU), sigmoid(-z / DISCOPOP_TAU));
            // `mix · exp(−z)` as one exponential: apart they are 0 · ∞ for a pair that is far off.
            let steep = (log_sigmoid(z / DISCOPOP_TAU) - z).exp();
            let slope = rest / DISCOPOP_TAU * (mix * log_sigmoid(z) + steep) - rest * sigmoid(-z) - steep;
            by_margin(-rest * log_sigmoid(z) + steep, b * slope)
        }
        PairLoss::Orpo => {
            let ((oc, by_c), (or, by_r)) = (log_odds(c / nc), log_odds(r / nr));
            let slope = b * sigmoid(or - oc);
            (-b * log_sigmoid(oc - or), -slope * by_c / nc, slope * by_r / nr)
        }
        PairLoss::Simpo => {
            let z = b * (c / nc - r / nr) - k.gamma;
            let loss = -(1.0 - e) * log_sigmoid(z) - e * log_sigmoid(-z);
            let slope = b * (e * sigmoid(z) - (1.0 - e) * sigmoid(-z));
            (loss, slope / nc, -slope / nr)
        }
        PairLoss::Kto => {
            // TRL takes the mean over answers, of which a pair has two.
            let (won, lost) = (b * (c - k.divergence), b * (k.divergence - r));
            (
                0.5 * (k.desirable * sigmoid(-won) + k.undesirable * sigmoid(-lost)),
                -0.5 * k.desirable * b * bump(won),
                0.5 * k.undesirable * b * bump(lost),
            )
        }
    }
}
