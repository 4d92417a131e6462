//! What got worse on the way, and floors that a figure has to hold.

use serde::{Deserialize, Serialize};

use super::figure::{Figures, Metric, Unit, metric_of};

/// Something that got worse and should be looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Warning {
    /// `recall-lost`, `likelihood-lost`, `general-lost`, `endless`; stable.
    pub code: String,
    /// In a sentence, with figures.
    pub text: String,
}

/// Points of recall that a later phase, or the export, may cost.
const RECALL_POINTS: f64 = 0.02;
/// Nats per token that the author's answers may become less likely by over Align.
const CHOSEN_NATS: f64 = 0.3;
/// Points of general knowledge that the whole way may cost.
const GENERAL_POINTS: f64 = 0.03;
/// Share of answers that have to end by themselves.
const STOPPED: f64 = 0.9;

/// Regressions among stages in order: the first is the student before, `reference` the one before Align.
///
/// Recall and the likelihood of the author's answers are compared with the stage before, from the first trained one on;
/// general knowledge with the first stage of all.
#[must_use]
pub fn warnings(stages: &[(&str, &Figures)]) -> Vec<Warning> {
    let mut out = Vec::new();
    let value = |figures: &Figures, name: &str| figures.get(name).map(|f| (f.value, f.of));
    let points = |share: f64| share * 100.0;
    let mut warn = |code: &str, text: String| out.push(Warning { code: code.to_owned(), text });
    for pair in stages.windows(2) {
        let [(from, before), (to, after)] = pair else { continue };
        if let (Some((was, _)), Some((is, of))) = (value(before, "recall"), value(after, "recall"))
            && was - is > RECALL_POINTS + 1e-9
        {
            let lost = points(was - is);
            warn(
                "recall-lost",
                format!("Fact recall falls by {lost:.1} points from {from} to {to}, on {of} questions (2 are fine)."),
            );
        }
        if let (Some((was, _)), Some((is, _))) = (value(before, "chosen_logp"), value(after, "chosen_logp"))
            && was - is > CHOSEN_NATS
        {
            let lost = was - is;
            warn(
                "likelihood-lost",
                format!(
                    "The author's own answers become less likely from {from} to {to}, by {lost:.2} nats a token (0.3 is fine): a weaker `beta`, a lower rate or a larger `train.align.nll_weight` holds them."
                ),
            );
        }
    }
    if let (Some((first, before)), Some((last, after))) = (stages.first(), stages.last()) {
        if let (Some((was, _)), Some((is, of))) = (value(before, "general"), value(after, "general"))
            && was - is > GENERAL_POINTS + 1e-9
        {
            let lost = points(was - is);
            warn(
                "general-lost",
                format!(
                    "General knowledge falls by {lost:.1} points from {first} to {last}, on {of} questions (3 are fine)."
                ),
            );
        }
        if let Some((share, of)) = value(after, "stopped")
            && share < STOPPED
        {
            warn("endless", format!("{:.0} % of {of} answers run into the token limit.", points(1.0 - share)));
        }
    }
    out
}

/// A bound that the last stage has to keep.
#[derive(Clone, Debug, PartialEq)]
pub struct Bound {
    /// Which figure.
    pub metric: &'static Metric,
    /// The bound.
    pub value: f64,
    /// Whether it is a floor; else a ceiling.
    pub floor: bool,
}

/// Why a bound is not kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Broken {
    /// The figure is on the wrong side.
    Missed(String),
    /// It was not measured.
    Missing(String),
}

impl Bound {
    /// Reads `recall=0.8`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str, floor: bool) -> Result<Self, String> {
        let (name, value) = text.split_once('=').ok_or_else(|| format!("`{text}` is no `name=number`"))?;
        let metric = metric_of(name.trim()).ok_or_else(|| format!("nothing is called `{}`", name.trim()))?;
        let number: f64 = value.trim().parse().map_err(|_| format!("`{}` is no number", value.trim()))?;
        if !number.is_finite() {
            return Err(format!("`{}` is no number", value.trim()));
        }
        if metric.unit == Unit::Share && !(0.0..=1.0).contains(&number) {
            return Err(format!("`{}` is a share from 0 to 1", metric.name));
        }
        Ok(Self { metric, value: number, floor })
    }

    /// Whether the figures keep it.
    ///
    /// # Errors
    /// How it is broken.
    pub fn check(&self, figures: &Figures) -> Result<(), Broken> {
        let Self { metric, value, floor } = self;
        let Some(figure) = figures.get(metric.name) else {
            return Err(Broken::Missing(format!("`{}` was not measured", metric.name)));
        };
        let is = figure.value;
        if (*floor && is < *value) || (!*floor && is > *value) {
            let side = if *floor { "under" } else { "over" };
            return Err(Broken::Missed(format!("`{}` is {is}, {side} {value}", metric.name)));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::eval::figure::Figure;

    fn figures(values: &[(&str, f64)]) -> Figures {
        values.iter().map(|(name, value)| ((*name).to_owned(), Figure::plain(*value, 100).unwrap())).collect()
    }

    #[test]
    fn what_got_worse_is_said() {
        let base = figures(&[("recall", 0.0), ("chosen_logp", -4.0), ("general", 0.60), ("stopped", 1.0)]);
        let mimic = figures(&[("recall", 0.80), ("chosen_logp", -2.0), ("general", 0.58), ("stopped", 1.0)]);
        let fine = figures(&[("recall", 0.78), ("chosen_logp", -2.3), ("general", 0.57), ("stopped", 0.9)]);
        let worse = figures(&[("recall", 0.77), ("chosen_logp", -2.31), ("general", 0.56), ("stopped", 0.8)]);
        assert_eq!(warnings(&[("base", &base), ("mimic", &mimic), ("align", &fine)]), []);
        let found = warnings(&[("base", &base), ("mimic", &mimic), ("align", &worse)]);
        let codes: Vec<&str> = found.iter().map(|w| w.code.as_str()).collect();
        assert_eq!(codes, ["recall-lost", "likelihood-lost", "general-lost", "endless"]);
        assert!(found[0].text.contains("3.0 points from mimic to align"), "{found:?}");
        assert_eq!(warnings(&[("base", &base)]), []);
        assert_eq!(warnings(&[]), []);
    }

    #[test]
    fn bounds_are_kept_or_not() {
        let last = figures(&[("recall", 0.8), ("persona_perplexity", 12.0)]);
        let check = |text: &str, floor: bool| Bound::parse(text, floor).unwrap().check(&last);
        assert_eq!(check("recall=0.8", true), Ok(()));
        assert!(matches!(check("recall=0.81", true), Err(Broken::Missed(_))));
        assert!(matches!(check("persona_perplexity = 11.5", false), Err(Broken::Missed(_))));
        assert_eq!(check("persona_perplexity=12", false), Ok(()));
        assert!(matches!(check("general=0.1", true), Err(Broken::Missing(_))));
        for wrong in ["recall", "recal=0.8", "recall=80", "recall=lots", "recall=NaN"] {
            assert!(Bound::parse(wrong, true).is_err(), "{wrong}");
        }
    }
}
