//! Means and quantiles.

/// How a length is spread.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Spread {
    /// How many were measured.
    pub count: usize,
    /// Arithmetic mean; 0 when nothing was measured, as everything below.
    pub mean: f64,
    /// Standard deviation, with `count` in the denominator.
    pub sd: f64,
    /// The length that a tenth stays under.
    pub p10: f64,
    /// The length that a quarter stays under.
    pub p25: f64,
    /// The length in the middle.
    pub median: f64,
    /// The length that three quarters stay under.
    pub p75: f64,
    /// The length that nine tenths stay under.
    pub p90: f64,
    /// The longest.
    pub max: f64,
}

impl Spread {
    /// Measures lengths, in any order.
    #[must_use]
    pub fn of(mut values: Vec<f64>) -> Self {
        if values.is_empty() {
            return Self::default();
        }
        values.sort_by(f64::total_cmp);
        let n = values.len() as f64;
        let mean = values.iter().sum::<f64>() / n;
        let sd = (values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / n).sqrt();
        let at = |q| quantile(&values, q);
        let [p10, p25, median, p75, p90] = [0.1, 0.25, 0.5, 0.75, 0.9].map(at);
        Self { count: values.len(), mean, sd, p10, p25, median, p75, p90, max: values.last().copied().unwrap_or(0.0) }
    }
}

/// The quantile of sorted values, between neighbours in proportion; 0 when there are none.
pub(super) fn quantile(sorted: &[f64], q: f64) -> f64 {
    let place = q * (sorted.len().max(1) - 1) as f64;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and the length")]
    let low = place.floor() as usize;
    let at = |i: usize| sorted.get(i).or(sorted.last()).copied().unwrap_or(0.0);
    at(low) + (at(low + 1) - at(low)) * (place - low as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_lie_between_neighbours() {
        let spread = Spread::of(vec![4.0, 1.0, 3.0, 2.0, 5.0]);
        assert_eq!((spread.mean, spread.median, spread.p10, spread.p90, spread.max), (3.0, 3.0, 1.4, 4.6, 5.0));
        assert!((spread.sd - 2.0_f64.sqrt()).abs() < 1e-12);
        assert_eq!(Spread::of(vec![]), Spread::default());
        assert_eq!(Spread::of(vec![7.0]).p90, 7.0);
    }
}
