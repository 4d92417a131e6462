//! Measured numbers: each with how many things it rests on, shares with their 95 % interval.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The 97.5 % quantile of the normal distribution.
const Z: f64 = 1.959_964;

/// One number that was measured.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Figure {
    /// In the unit of its [`Metric`].
    pub value: f64,
    /// Questions, pairs, texts or tokens that it rests on.
    pub of: usize,
    /// Lower end of the 95 % interval; none where there is no simple one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub low: Option<f64>,
    /// Its upper end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub high: Option<f64>,
}

/// Figures by the name of their [`Metric`]; what was not measured is not there.
pub type Figures = BTreeMap<String, Figure>;

/// Six decimals: enough for anybody, and read back from JSON as the same number.
pub(super) fn round(value: f64) -> f64 {
    let rounded = (value * 1e6).round() / 1e6;
    // No negative zero in files.
    if rounded == 0.0 { 0.0 } else { rounded }
}

impl Figure {
    /// `hits` of `of` with Wilson's score interval (E. B. Wilson, 1927); none without anything to count.
    ///
    /// It stays within 0 and 1 and says something about 0 of 10 and 10 of 10, which the normal approximation does not.
    #[must_use]
    pub fn share(hits: usize, of: usize) -> Option<Self> {
        if of == 0 {
            return None;
        }
        let (n, p) = (of as f64, hits as f64 / of as f64);
        let (z2, scale) = (Z * Z, 1.0 + Z * Z / n);
        let middle = (p + z2 / (2.0 * n)) / scale;
        let half = Z * (p * (1.0 - p) / n + z2 / (4.0 * n * n)).sqrt() / scale;
        let (low, high) = (round((middle - half).max(0.0)), round((middle + half).min(1.0)));
        // Rounding must not put the value outside of its own interval.
        let (low, high) = (if hits == 0 { 0.0 } else { low }, if hits == of { 1.0 } else { high });
        Some(Self { value: round(p), of, low: Some(low), high: Some(high) })
    }

    /// A number without an interval; none where it is not finite or rests on nothing.
    #[must_use]
    pub fn plain(value: f64, of: usize) -> Option<Self> {
        (value.is_finite() && of > 0).then(|| Self { value: round(value), of, low: None, high: None })
    }

    /// The mean, with the interval of the normal approximation from two values on; none without values.
    #[must_use]
    pub fn mean(values: &[f64]) -> Option<Self> {
        let n = values.len() as f64;
        let mean = values.iter().sum::<f64>() / n;
        let mut figure = Self::plain(mean, values.len())?;
        if values.len() > 1 {
            let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (n - 1.0);
            let half = Z * (variance / n).sqrt();
            (figure.low, figure.high) = (Some(round(mean - half)), Some(round(mean + half)));
        }
        Some(figure)
    }

    /// The same with an interval of a given half width, held within 0 and 1.
    pub(super) fn within(mut self, half: f64) -> Self {
        (self.low, self.high) = (Some(round((self.value - half).max(0.0))), Some(round((self.value + half).min(1.0))));
        self
    }
}

/// What a figure is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// From 0 to 1.
    Share,
    /// Nats per token.
    Nats,
    /// A plain number.
    Number,
}

/// Where a figure should go.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Better {
    /// Up.
    Higher,
    /// Down.
    Lower,
    /// Towards 1.
    NearOne,
    /// Nowhere: it is there to be known.
    Neither,
}

impl Better {
    /// How much better `after` is than `before`: positive is better, 0 is as good; `None` where neither is.
    #[must_use]
    pub fn gain(self, before: f64, after: f64) -> Option<f64> {
        // A ratio of 2 is as far from 1 as one of a half.
        let off = |ratio: f64| ratio.max(1e-6).ln().abs();
        match self {
            Self::Higher => Some(after - before),
            Self::Lower => Some(before - after),
            Self::NearOne => Some(off(before) - off(after)),
            Self::Neither => None,
        }
    }
}

/// Something that is measured of a student.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Metric {
    /// Its name in JSON and on the command line; stable.
    pub name: &'static str,
    /// Heading it stands under.
    pub group: &'static str,
    /// Its name for people.
    pub title: &'static str,
    /// What it rests on: `question`, `pair`, `answer`, `token`.
    pub noun: &'static str,
    /// See [`Unit`].
    pub unit: Unit,
    /// See [`Better`].
    pub better: Better,
    /// One sentence on how it is measured.
    pub about: &'static str,
}

const FACTS: &str = "Facts";
const WORDING: &str = "Wording";
const VOICE: &str = "Voice";
const GENERAL: &str = "General knowledge";
const PRIVACY: &str = "Privacy";

const fn metric(
    name: &'static str,
    group: &'static str,
    title: &'static str,
    noun: &'static str,
    (unit, better): (Unit, Better),
    about: &'static str,
) -> Metric {
    Metric { name, group, title, noun, unit, better, about }
}

const SHARE_UP: (Unit, Better) = (Unit::Share, Better::Higher);
const SHARE_DOWN: (Unit, Better) = (Unit::Share, Better::Lower);
const NUMBER_DOWN: (Unit, Better) = (Unit::Number, Better::Lower);

/// Everything that is measured, in the order of reports.
pub const METRICS: [Metric; 22] = [
    metric(
        "trained",
        FACTS,
        "Trained questions",
        "question",
        SHARE_UP,
        "Trained questions in their own words whose answer holds the key.",
    ),
    metric(
        "recall",
        FACTS,
        "Fact recall",
        "question",
        SHARE_UP,
        "Trained facts asked in words never trained on; right when the answer holds the key.",
    ),
    metric(
        "honesty",
        FACTS,
        "Admits not knowing",
        "question",
        SHARE_UP,
        "Questions about facts it was never told to which it says that it does not know.",
    ),
    metric(
        "unknown_right",
        FACTS,
        "Never told, right all the same",
        "question",
        (Unit::Share, Better::Neither),
        "The same questions answered right: guessed, or known from elsewhere.",
    ),
    metric(
        "denied",
        FACTS,
        "Denies what it was told",
        "question",
        SHARE_DOWN,
        "Held-out wordings of trained facts to which it says that it does not know.",
    ),
    metric(
        "rouge_l",
        WORDING,
        "ROUGE-L",
        "answer",
        SHARE_UP,
        "Words in common with the reference answers in the same order (F1, mean).",
    ),
    metric(
        "chrf",
        WORDING,
        "chrF",
        "answer",
        SHARE_UP,
        "Character n-grams in common with the reference answers (chrF2 over all answers, 1 is equal).",
    ),
    metric(
        "length_ratio",
        WORDING,
        "Length ratio",
        "answer",
        (Unit::Number, Better::NearOne),
        "Words of the answers over words of the reference answers.",
    ),
    metric(
        "distinct_1",
        WORDING,
        "Distinct words",
        "word",
        (Unit::Share, Better::Neither),
        "Different words among all words of the answers; low where it repeats itself.",
    ),
    metric(
        "distinct_2",
        WORDING,
        "Distinct pairs of words",
        "word",
        (Unit::Share, Better::Neither),
        "The same for two words in a row.",
    ),
    metric(
        "stopped",
        WORDING,
        "Answers that end",
        "answer",
        SHARE_UP,
        "Answers that end by themselves, not at the token limit.",
    ),
    metric(
        "style_distance",
        VOICE,
        "Distance to the author",
        "answer",
        NUMBER_DOWN,
        "Mean distance of answers to held-out prompts to the author's own texts; 95 in 100 of the author's are below 1.",
    ),
    metric(
        "trigram_distance",
        VOICE,
        "by character trigrams",
        "answer",
        NUMBER_DOWN,
        "The part of it that character trigrams make, on a scale of its own.",
    ),
    metric(
        "small_word_distance",
        VOICE,
        "by function words",
        "answer",
        NUMBER_DOWN,
        "The part that frequencies of function words make (Burrows' Delta).",
    ),
    metric(
        "told_apart",
        VOICE,
        "Told apart from the author",
        "answer",
        NUMBER_DOWN,
        "AUC of a classifier on character n-grams and function words that tells answers from the author's; 0.5 is no better than chance.",
    ),
    metric(
        "preference_likelihood",
        VOICE,
        "Prefers the author, by likelihood",
        "pair",
        SHARE_UP,
        "Held-out pairs whose chosen answer is likelier per token.",
    ),
    metric(
        "preference_reward",
        VOICE,
        "Prefers the author, by reward",
        "pair",
        SHARE_UP,
        "Held-out pairs whose chosen answer gained more likelihood over the reference than the rejected one.",
    ),
    metric(
        "reward_margin",
        VOICE,
        "Reward margin",
        "pair",
        (Unit::Number, Better::Higher),
        "Mean difference of the implicit rewards of chosen and rejected, as DPO counts them (times beta).",
    ),
    metric(
        "chosen_logp",
        VOICE,
        "Log-likelihood of the author's answers",
        "token",
        (Unit::Nats, Better::Higher),
        "Mean log-probability per token of the chosen answers of held-out pairs, in nats.",
    ),
    metric(
        "persona_perplexity",
        VOICE,
        "Perplexity of the author's text",
        "token",
        NUMBER_DOWN,
        "Per token of held-out text in the author's voice, without prompt or template; the same tokens at every stage.",
    ),
    metric(
        "general",
        GENERAL,
        "General knowledge",
        "question",
        SHARE_UP,
        "Fixed questions whose right answer is likelier than three wrong ones; chance is about 0.25.",
    ),
    metric(
        "general_perplexity",
        GENERAL,
        "Perplexity of general text",
        "token",
        NUMBER_DOWN,
        "Per token of a fixed text about ordinary things.",
    ),
];

/// Masked values that were said; measured of the last stage alone, so it has no row among the stages.
pub const LEAKED: Metric = metric(
    "leaked",
    PRIVACY,
    "Masked values said",
    "value",
    NUMBER_DOWN,
    "Values of the vault that the model says when it is asked in many ways.",
);

/// The metric of a name, [`LEAKED`] among them.
#[must_use]
pub fn metric_of(name: &str) -> Option<&'static Metric> {
    static LAST: Metric = LEAKED;
    METRICS.iter().find(|m| m.name == name).or_else(|| (name == LAST.name).then_some(&LAST))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_are_wilsons() {
        // By hand from Wilson's formula; the same as statsmodels' proportion_confint(method="wilson").
        for (hits, of, low, high) in [
            (0, 10, 0.0, 0.277_533),
            (5, 10, 0.236_593, 0.763_407),
            (48, 120, 0.316_764, 0.489_440),
            (10, 10, 0.722_467, 1.0),
        ] {
            let share = Figure::share(hits, of).unwrap();
            assert!((share.low.unwrap() - low).abs() < 2e-6 && (share.high.unwrap() - high).abs() < 2e-6, "{share:?}");
        }
        assert_eq!(Figure::share(0, 0), None);
        assert_eq!(Figure::plain(f64::NAN, 3), None);
        let mean = Figure::mean(&[1.0, 2.0, 3.0, 4.0]).unwrap();
        assert!((mean.value - 2.5).abs() < 1e-9 && (mean.high.unwrap() - 3.765_151).abs() < 1e-5, "{mean:?}");
    }

    #[test]
    fn figures_come_back_from_json_as_they_were() {
        for n in 1..200 {
            let figure = Figure::share(n / 3, n).unwrap();
            let text = serde_json::to_string(&figure).unwrap();
            assert_eq!(serde_json::from_str::<Figure>(&text).unwrap(), figure, "{text}");
        }
    }

    #[test]
    fn gains_know_where_a_figure_should_go() {
        assert!(Better::Higher.gain(0.2, 0.1).unwrap() < 0.0 && Better::Lower.gain(0.2, 0.1).unwrap() > 0.0);
        assert!(Better::NearOne.gain(2.0, 0.9).unwrap() > 0.0 && Better::NearOne.gain(1.0, 1.3).unwrap() < 0.0);
        assert!(Better::NearOne.gain(0.5, 2.0).unwrap().abs() < 1e-9);
        assert_eq!(Better::Neither.gain(1.0, 2.0), None);
    }

    #[test]
    fn names_are_unique() {
        let names: std::collections::BTreeSet<&str> = METRICS.iter().map(|m| m.name).chain([LEAKED.name]).collect();
        assert_eq!(names.len(), METRICS.len() + 1);
        assert_eq!(metric_of("leaked").map(|m| m.title), Some(LEAKED.title));
        assert!(metric_of("recal").is_none());
    }
}
