//! What a change of numbers costs a model: its distributions beside those of the model it was made from.
//!
//! The figures are those of llama.cpp's `llama-perplexity --kl-divergence` (`tools/perplexity/perplexity.cpp`):
//! the Kullback-Leibler divergence of the reference from the other at every position whose next token is known, the
//! share of positions where both hold the same token the likeliest, and the ratio of their perplexities. There the
//! reference's log-probabilities pass through a file in 16 bits; here nothing is rounded.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::batch::{IGNORE, Sequence};
use crate::train::engine::cpu::stream::Logits;

/// Bytes that the logits of both models may take at a time.
const TILE_BYTES: usize = 64 << 20;

/// One position whose next token is known.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Position {
    /// `Σ p (ln p − ln q)`, nats, never below 0 but for rounding.
    pub kld: f64,
    /// Both hold the same token the likeliest.
    pub same_top: bool,
    /// `−ln p` of the token that follows: reference, other.
    pub nll: [f64; 2],
    /// No token is likelier than the one that follows: reference, other.
    pub hit: [bool; 2],
}

/// Figures over all positions.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Divergence {
    /// Positions compared.
    pub positions: usize,
    /// Mean Kullback-Leibler divergence, nats.
    #[serde(deserialize_with = "number")]
    pub mean_kld: f64,
    /// Its standard error.
    #[serde(deserialize_with = "number")]
    pub mean_kld_error: f64,
    /// 99 of 100 positions lie below.
    #[serde(deserialize_with = "number")]
    pub kld_99: f64,
    /// The worst position.
    #[serde(deserialize_with = "number")]
    pub max_kld: f64,
    /// Share of positions with the same likeliest token, `[0, 1]`.
    #[serde(deserialize_with = "number")]
    pub same_top: f64,
    /// Perplexity of the reference.
    #[serde(deserialize_with = "number")]
    pub reference_perplexity: f64,
    /// Perplexity of the other over that of the reference.
    #[serde(deserialize_with = "number")]
    pub perplexity_ratio: f64,
}

/// JSON has no NaN: it is written as null.
fn number<'de, D: serde::Deserializer<'de>>(from: D) -> Result<f64, D::Error> {
    Option::<f64>::deserialize(from).map(|number| number.unwrap_or(f64::NAN))
}

/// The tokens that follow the positions of [`Logits`] for these sequences, in their order.
#[must_use]
pub fn targets(sequences: &[&Sequence]) -> Vec<u32> {
    let labels = sequences.iter().flat_map(|s| s.labels.iter().skip(1));
    labels.filter(|&&label| label != IGNORE).map(|&label| u32::try_from(label).unwrap_or(0)).collect()
}

/// Positions at a time. Blocks of 32 rows are what products are made in.
fn tile(vocabulary: usize) -> usize {
    (TILE_BYTES / (8 * vocabulary.max(1)) / 32 * 32).clamp(32, 512)
}

/// Compares position by position. `None` when `go_on(done, total)` says no, or when vocabularies or positions differ.
pub fn compare(
    reference: &mut dyn Logits,
    other: &mut dyn Logits,
    targets: &[u32],
    go_on: &mut dyn FnMut(usize, usize) -> bool,
) -> Option<Vec<Position>> {
    let vocabulary = reference.vocabulary();
    if other.vocabulary() != vocabulary || [reference.positions(), other.positions()] != [targets.len(); 2] {
        return None;
    }
    let tile = tile(vocabulary);
    let (mut p, mut q) = (Vec::new(), Vec::new());
    let mut out = Vec::with_capacity(targets.len());
    for (i, targets_here) in targets.chunks(tile).enumerate() {
        if !go_on(i * tile, targets.len()) {
            return None;
        }
        p.resize(targets_here.len() * vocabulary, 0.0);
        q.resize(targets_here.len() * vocabulary, 0.0);
        reference.logits(i * tile, &mut p);
        other.logits(i * tile, &mut q);
        let rows = p.par_chunks(vocabulary).zip(q.par_chunks(vocabulary)).zip(targets_here);
        out.par_extend(rows.map(|((p, q), &target)| position(p, q, target as usize)));
    }
    Some(out)
}

/// `−ln p` of the tokens that follow, in nats, position by position. `None` when `go_on(done, total)` says no, or when
/// positions differ.
pub fn nlls(logits: &mut dyn Logits, targets: &[u32], go_on: &mut dyn FnMut(usize, usize) -> bool) -> Option<Vec<f64>> {
    let vocabulary = logits.vocabulary();
    if logits.positions() != targets.len() {
        return None;
    }
    let tile = tile(vocabulary);
    let mut p = Vec::new();
    let mut out = Vec::with_capacity(targets.len());
    for (i, targets_here) in targets.chunks(tile).enumerate() {
        if !go_on(i * tile, targets.len()) {
            return None;
        }
        p.resize(targets_here.len() * vocabulary, 0.0);
        logits.logits(i * tile, &mut p);
        let rows = p.par_chunks(vocabulary).zip(targets_here);
        out.par_extend(rows.map(|(p, &target)| nll(p, normaliser(p).1, target as usize)));
    }
    Some(out)
}

/// One position from two rows of logits.
#[must_use]
pub fn position(p: &[f32], q: &[f32], target: usize) -> Position {
    let (p_top, p_norm) = normaliser(p);
    let (q_top, q_norm) = normaliser(q);
    let kld: f64 = p
        .iter()
        .zip(q)
        .map(|(&p, &q)| {
            let ln_p = p - p_norm;
            f64::from(ln_p.exp()) * f64::from(ln_p - (q - q_norm))
        })
        .sum();
    Position {
        kld,
        same_top: p_top == q_top,
        nll: [nll(p, p_norm, target), nll(q, q_norm, target)],
        hit: [p_top == target, q_top == target],
    }
}

fn nll(logits: &[f32], norm: f32, target: usize) -> f64 {
    logits.get(target).map_or(f64::NAN, |&x| f64::from(norm - x))
}

/// The likeliest token, of equals the first, and `ln Σ e^x`.
fn normaliser(logits: &[f32]) -> (usize, f32) {
    let mut top = 0;
    for (i, x) in logits.iter().enumerate() {
        if *x > logits[top] {
            top = i;
        }
    }
    let Some(&max) = logits.get(top) else { return (0, f32::NAN) };
    let sum: f64 = logits.iter().map(|&x| f64::from((x - max).exp())).sum();
    (top, (f64::from(max) + sum.ln()) as f32)
}

/// The figures of some positions; all zero for none.
#[must_use]
pub fn summary(positions: &[Position]) -> Divergence {
    let n = positions.len() as f64;
    if positions.is_empty() {
        return Divergence::default();
    }
    let mean = |of: &dyn Fn(&Position) -> f64| positions.iter().map(of).sum::<f64>() / n;
    let mean_kld = mean(&|p| p.kld);
    let variance = positions.iter().map(|p| (p.kld - mean_kld).powi(2)).sum::<f64>() / (n - 1.0).max(1.0);
    let mut sorted: Vec<f64> = positions.iter().map(|p| p.kld).collect();
    sorted.sort_by(f64::total_cmp);
    Divergence {
        positions: positions.len(),
        mean_kld,
        mean_kld_error: (variance / n).sqrt(),
        kld_99: quantile(&sorted, 0.99),
        max_kld: sorted.last().copied().unwrap_or(0.0),
        same_top: mean(&|p| f64::from(u8::from(p.same_top))),
        reference_perplexity: mean(&|p| p.nll[0]).exp(),
        perplexity_ratio: mean(&|p| p.nll[1] - p.nll[0]).exp(),
    }
}

/// Between the two values around place `share · (n − 1)`.
fn quantile(sorted: &[f64], share: f64) -> f64 {
    let at = share * (sorted.len().saturating_sub(1)) as f64;
    let (low, high) = (at.floor() as usize, at.ceil() as usize);
    match (sorted.get(low), sorted.get(high)) {
        (Some(a), Some(b)) => a + (b - a) * at.fract(),
        _ => 0.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_tokens_by_hand() {
        // p = (3/4, 1/4), q = (1/2, 1/2): 3/4 ln 3/2 + 1/4 ln 1/2.
        let found = position(&[3f32.ln(), 0.0], &[5.0, 5.0], 1);
        assert!((found.kld - (0.75 * 1.5f64.ln() + 0.25 * 0.5f64.ln())).abs() < 1e-6, "{found:?}");
        assert!((found.nll[0] - 4f64.ln()).abs() < 1e-6 && (found.nll[1] - 2f64.ln()).abs() < 1e-6);
        assert!(found.same_top && found.hit == [false, false], "of equals the first");
        let away = position(&[3.0, 0.0], &[0.0, 3.0], 0);
        assert!(!away.same_top && away.hit == [true, false]);
    }

    #[test]
    fn figures_over_positions() {
        let at = |kld: f64, same_top| Position { kld, same_top, nll: [1.0, 1.0 + kld], hit: [true; 2] };
        let all: Vec<Position> = (0..101).map(|i| at(f64::from(i) / 100.0, i < 91)).collect();
        let found = summary(&all);
        assert!((found.mean_kld - 0.5).abs() < 1e-12 && (found.kld_99 - 0.99).abs() < 1e-12);
        assert!((found.max_kld - 1.0).abs() < 1e-12 && (found.same_top - 91.0 / 101.0).abs() < 1e-12);
        assert!((found.reference_perplexity - 1f64.exp()).abs() < 1e-12);
        assert!((found.perplexity_ratio - 0.5f64.exp()).abs() < 1e-12);
        assert_eq!(summary(&[]), Divergence::default());
    }

    #[test]
    fn logits_that_are_no_numbers_do_not_pass_for_good() {
        let found = position(&[f32::NAN, 1.0], &[1.0, 1.0], 0);
        assert!(found.kld.is_nan(), "{found:?}");
        let figures = summary(&[found]);
        let again: Divergence = serde_json::from_str(&serde_json::to_string(&figures).unwrap()).unwrap();
        assert!(again.mean_kld.is_nan() && again.positions == 1, "{again:?}");
    }
}
