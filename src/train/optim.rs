//! AdamW, clipping and learning-rate schedules over one flat f32 buffer.

use std::ops::Range;

use rayon::iter::{IndexedParallelIterator, ParallelIterator};
use rayon::slice::{ParallelSlice, ParallelSliceMut};
use serde::{Deserialize, Serialize};

use super::blocks::AdamW8;

/// Parameters that a thread takes at a time. Fixed, so that sums do not depend on the number of threads.
const SPAN: usize = 1 << 16;

/// How moments are kept between updates.
#[derive(Clone, Debug, PartialEq)]
pub enum Optimizer {
    /// f32: 8 bytes per parameter.
    Full(AdamW),
    /// 8-bit codes in blocks: 2.03 bytes per parameter, for full fine-tuning.
    EightBit(AdamW8),
}

impl Optimizer {
    /// Zero moments for tensors at these places of the flat buffers, which they fill.
    #[must_use]
    pub fn new(tensors: Vec<Range<usize>>, eight_bit: bool) -> Self {
        if eight_bit {
            Self::EightBit(AdamW8::new(tensors))
        } else {
            Self::Full(AdamW::new(tensors.iter().map(|t| t.end).max().unwrap_or(0)))
        }
    }

    /// Updates made.
    #[must_use]
    pub fn step(&self) -> u64 {
        match self {
            Self::Full(adam) => adam.step,
            Self::EightBit(adam) => adam.step(),
        }
    }

    /// As [`AdamW::update`].
    pub fn update(
        &mut self,
        parameters: &mut [f32],
        gradients: &[f32],
        learning_rate: f64,
        weight_decay: f64,
        decay: &[(Range<usize>, bool)],
    ) {
        match self {
            Self::Full(adam) => adam.update(parameters, gradients, learning_rate, weight_decay, decay),
            Self::EightBit(adam) => adam.update(parameters, gradients, learning_rate, weight_decay, decay),
        }
    }
}

/// AdamW (Loshchilov and Hutter 2019), in torch's form.
///
/// `θ ← θ (1 − lr·wd)`, `m ← β₁ m + (1−β₁) g`, `v ← β₂ v + (1−β₂) g²`, `θ ← θ − lr · m̂ / (√v̂ + ε)` with
/// `β = (0.9, 0.999)` and `ε = 1e-8`. Moments are f32. Checked against torch 2.15 in `tests/it/numerics.rs`.
#[derive(Clone, Debug, PartialEq)]
pub struct AdamW {
    /// First moments, one per parameter.
    pub m: Vec<f32>,
    /// Second moments.
    pub v: Vec<f32>,
    /// Updates made.
    pub step: u64,
}

const BETA1: f64 = 0.9;
const BETA2: f64 = 0.999;
const EPSILON: f64 = 1e-8;

impl AdamW {
    /// Zero moments for `n` parameters.
    #[must_use]
    pub fn new(n: usize) -> Self {
        Self { m: vec![0.0; n], v: vec![0.0; n], step: 0 }
    }

    /// One update in place. `decay[i]` says whether weight decay applies to parameter `i`'s group.
    pub fn update(
        &mut self,
        parameters: &mut [f32],
        gradients: &[f32],
        learning_rate: f64,
        weight_decay: f64,
        decay: &[(Range<usize>, bool)],
    ) {
        self.step += 1;
        let exponent = i32::try_from(self.step).unwrap_or(i32::MAX);
        let step_size = (learning_rate / (1.0 - BETA1.powi(exponent))) as f32;
        let correction = (1.0 - BETA2.powi(exponent)).sqrt() as f32;
        let (beta1, beta2, epsilon) = (BETA1 as f32, BETA2 as f32, EPSILON as f32);
        for (range, decays) in decay {
            let shrink = if *decays { (1.0 - learning_rate * weight_decay) as f32 } else { 1.0 };
            let parts = parameters[range.clone()]
                .par_chunks_mut(SPAN)
                .zip(gradients[range.clone()].par_chunks(SPAN))
                .zip(self.m[range.clone()].par_chunks_mut(SPAN).zip(self.v[range.clone()].par_chunks_mut(SPAN)));
            parts.for_each(|((p, g), (m, v))| {
                for ((p, &g), (m, v)) in p.iter_mut().zip(g).zip(m.iter_mut().zip(v)) {
                    *p *= shrink;
                    *m += (g - *m) * (1.0 - beta1);
                    *v = beta2 * *v + (1.0 - beta2) * g * g;
                    *p -= step_size * *m / (v.sqrt() / correction + epsilon);
                }
            });
        }
    }
}

/// Scales gradients so that their L2 norm is at most `max_norm`; returns the norm before.
///
/// The factor is `min(1, max_norm / (norm + 1e-6))`, as torch's `clip_grad_norm_`. `max_norm` of 0 leaves them alone.
pub fn clip(gradients: &mut [f32], max_norm: f64) -> f64 {
    let squares = |part: &[f32]| part.iter().map(|&g| f64::from(g) * f64::from(g)).sum::<f64>();
    let parts: Vec<f64> = gradients.par_chunks(SPAN).map(squares).collect();
    let norm = parts.into_iter().sum::<f64>().sqrt();
    let factor = max_norm / (norm + 1e-6);
    if max_norm > 0.0 && factor < 1.0 {
        gradients.par_chunks_mut(SPAN).for_each(|part| part.iter_mut().for_each(|g| *g *= factor as f32));
    }
    norm
}

/// How the learning rate moves after the warm-up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Schedule {
    /// Stays.
    Constant,
    /// Falls to 0 in a straight line.
    Linear,
    /// Falls to 0 along half a cosine.
    Cosine,
}

impl Schedule {
    /// The factor on the learning rate of update `k` (from 0) of `total`, after `warmup` updates that rise from 0.
    ///
    /// transformers 5.23 `optimization.py`; the first update of a warm-up has rate 0.
    #[must_use]
    pub fn factor(self, k: u64, warmup: u64, total: u64) -> f64 {
        if k < warmup {
            return k as f64 / warmup.max(1) as f64;
        }
        let span = total.saturating_sub(warmup).max(1) as f64;
        match self {
            Self::Constant => 1.0,
            Self::Linear => (total.saturating_sub(k) as f64 / span).max(0.0),
            Self::Cosine => 0.5 * (1.0 + (std::f64::consts::PI * (k - warmup) as f64 / span).cos()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schedules_match_transformers() {
        let linear: Vec<f64> = (0..10).map(|k| Schedule::Linear.factor(k, 2, 10)).collect();
        assert_eq!(linear, [0.0, 0.5, 1.0, 0.875, 0.75, 0.625, 0.5, 0.375, 0.25, 0.125]);
        let cosine = [0.0, 0.5, 1.0, 0.961_94, 0.853_553, 0.691_342, 0.5, 0.308_658, 0.146_447, 0.038_06];
        for (k, want) in cosine.into_iter().enumerate() {
            assert!((Schedule::Cosine.factor(k as u64, 2, 10) - want).abs() < 1e-5);
        }
    }

    #[test]
    fn clipping_keeps_the_direction() {
        let mut g = [3.0, 4.0];
        assert!((clip(&mut g, 1.0) - 5.0).abs() < 1e-9);
        assert!((g[0] - 0.6).abs() < 1e-6 && (g[1] - 0.8).abs() < 1e-6);
    }

    #[test]
    fn first_update_moves_by_the_learning_rate() {
        // With zero moments m̂/√v̂ is the gradient's sign, so every parameter moves by lr.
        let mut p = [1.0f32, -1.0];
        AdamW::new(2).update(&mut p, &[0.3, -20.0], 0.01, 0.0, &[(0..2, false)]);
        assert!((p[0] - 0.99).abs() < 1e-6 && (p[1] + 0.99).abs() < 1e-6, "{p:?}");
    }
}
