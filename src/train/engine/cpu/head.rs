//! The head: log-probabilities of labels, and their derivatives by the states that predict them.
//!
//! Runs on label rows only, in tiles of rows; the vocabulary is cut into chunks, each a task. A chunk leaves
//! `e^(logit − its maximum)` in the product's format with its maximum and sum in f32, so that the exponential is taken
//! once and logits are never kept in f32. The derivative by a state, `W_label − Σ p W`, does not depend on what the
//! objective makes of the log-probability: it is computed at once and scaled later.

use super::buffer::{Buffer, Shared};
use super::element::{NR, ROWS, padded};
use super::frozen::Frozen;
use super::isa::Isa;
use super::ops;
use super::product::{Block, Finish, Job, Number, Term, Touch, products};
use super::source::{Source, Way};

/// Columns of the vocabulary that one task takes.
const CHUNK: usize = 4 * NR;
/// Bytes that a tile of probabilities may take.
const TILE_BYTES: usize = 48 << 20;

/// Scratch of the head.
pub struct Scratch<E> {
    states: Buffer<E>,
    weights: Buffer<E>,
    tops: Buffer<f32>,
    sums: Buffer<f32>,
    chosen: Buffer<f32>,
}

impl<E: Number> Default for Scratch<E> {
    fn default() -> Self {
        Self {
            states: Buffer::default(),
            weights: Buffer::default(),
            tops: Buffer::default(),
            sums: Buffer::default(),
            chosen: Buffer::default(),
        }
    }
}

/// What the head says about the labels.
#[derive(Default)]
pub struct Said {
    /// `[L]`, nats.
    pub logps: Vec<f32>,
    /// `[L]`: no token was more likely.
    pub hits: Vec<bool>,
}

/// `x [M, H]` are the last layer's states; `rows` and `targets` are `[L]`. With `derivative`, `[L, H]` is filled with
/// the derivative of each log-probability by the normalised state it comes from.
#[allow(clippy::too_many_arguments, reason = "the whole of the head in one pass")]
pub fn labels<E: Number>(
    isa: Isa,
    weight: &Frozen,
    norm: &[f32],
    eps: f32,
    x: &[f32],
    rows: &[usize],
    targets: &[u32],
    mut derivative: Option<&mut Buffer<f32>>,
    scratch: &mut Scratch<E>,
) -> Said {
    let (vocabulary, hidden) = (weight.rows(), weight.columns());
    let (stride, weights_stride) = (padded(hidden), padded(vocabulary));
    let tile = (TILE_BYTES / (weights_stride * size_of::<E>()) / ROWS * ROWS).clamp(ROWS, 512);
    let chunks = vocabulary.div_ceil(CHUNK);
    if let Some(d) = derivative.as_deref_mut() {
        d.resize(rows.len().next_multiple_of(ROWS) * hidden);
    }
    let mut said = Said::default();
    for first in (0..rows.len()).step_by(tile) {
        let count = tile.min(rows.len() - first);
        let whole = count.next_multiple_of(ROWS);
        let Scratch { states, weights, tops, sums, chosen } = &mut *scratch;
        weights.resize(if derivative.is_some() { whole * weights_stride } else { 0 });
        tops.resize(count * chunks);
        sums.resize(count * chunks);
        chosen.resize(count);
        normed(isa, x, &rows[first..][..count], norm, eps, states);
        let (out, top_out, sum_out, chosen_out) =
            (Shared::new(weights), Shared::new(tops), Shared::new(sums), Shared::new(chosen));
        let keep = derivative.is_some();
        let targets = &targets[first..][..count];
        let finish = |mut block: Block<'_>| {
            for r in 0..block.rows {
                let (i, from, n) = (block.row + r, block.column, block.columns);
                let row = block.part(0, r);
                let target = targets[i] as usize;
                // SAFETY: places of this row and chunk are this task's.
                unsafe {
                    if (from..from + n).contains(&target) {
                        *chosen_out.get().add(i) = row[target - from];
                    }
                    let to = keep.then(|| out.part(i, weights_stride, from, n));
                    let (top, sum) = ops::exponentials(isa, row, to);
                    *top_out.get().add(i * chunks + from / CHUNK) = top;
                    *sum_out.get().add(i * chunks + from / CHUNK) = sum;
                }
            }
        };
        let touches = if keep { vec![Touch::write(out, weights_stride)] } else { Vec::new() };
        let job = Job {
            parts: vec![vec![Term { a: states.as_ptr(), stride, b: Source::Frozen(weight), way: Way::Transposed }]],
            n: vocabulary,
            align: CHUNK,
            finish: Finish::With(touches, Box::new(finish)),
        };
        // SAFETY: `whole` rows of states are there.
        unsafe { products(isa, count, &[job]) };
        for i in 0..count {
            let (tops, sums) = (&tops[i * chunks..][..chunks], &sums[i * chunks..][..chunks]);
            let top = tops.iter().copied().fold(f32::MIN, f32::max);
            let sum: f64 = tops.iter().zip(sums).map(|(t, s)| f64::from(*s) * f64::from(t - top).exp()).sum();
            let lse = f64::from(top) + sum.ln();
            said.logps.push((f64::from(chosen[i]) - lse) as f32);
            said.hits.push(chosen[i] >= top);
        }
        let Some(derivative) = derivative.as_deref_mut() else { continue };
        let logps = &said.logps[first..];
        let (tops, chosen) = (&*tops, &*chosen);
        ops::rows(count, |i| {
            let lse = chosen[i] - logps[i];
            // SAFETY: each row is one task's.
            let row = unsafe { out.row(i, weights_stride, weights_stride) };
            let (row, padding) = row.split_at_mut(vocabulary);
            for (chunk, part) in row.chunks_mut(CHUNK).enumerate() {
                ops::scale(isa, part, -(tops[i * chunks + chunk] - lse).exp());
            }
            let target = targets[i] as usize;
            row[target] = E::of(1.0 - logps[i].exp());
            padding.fill(E::default());
        });
        weights[count * weights_stride..].fill(E::default());
        let job = Job {
            parts: vec![vec![Term {
                a: weights.as_ptr(),
                stride: weights_stride,
                b: Source::Frozen(weight),
                way: Way::Plain,
            }]],
            n: hidden,
            align: 1,
            finish: Finish::Wide(Shared::new(&mut derivative[first * hidden..]), hidden),
        };
        // SAFETY: `whole` rows of weights are there.
        unsafe { products(isa, count, &[job]) };
    }
    said
}

/// The chosen rows of `x [M, H]`, normalised, as a left operand.
fn normed<E: Number>(isa: Isa, x: &[f32], rows: &[usize], norm: &[f32], eps: f32, states: &mut Buffer<E>) {
    let (hidden, stride) = (norm.len(), padded(norm.len()));
    let out = Shared::new(states.resize(rows.len().next_multiple_of(ROWS) * stride));
    ops::rows(rows.len(), |i| {
        let state = &x[rows[i] * hidden..][..hidden];
        // SAFETY: each row is one task's.
        ops::norm_row(isa, state, norm, eps, unsafe { out.row(i, stride, stride) });
    });
    states[rows.len() * stride..].fill(E::default());
}

/// Logits `[rows, vocabulary]` at each of `rows`.
#[allow(clippy::too_many_arguments, reason = "a head, its input and its output")]
pub fn logits<E: Number>(
    isa: Isa,
    weight: &Frozen,
    norm: &[f32],
    eps: f32,
    x: &[f32],
    rows: &[usize],
    out: &mut [f32],
    states: &mut Buffer<E>,
) {
    normed(isa, x, rows, norm, eps, states);
    assert_eq!(out.len(), rows.len() * weight.rows(), "a row of logits for every position");
    let term = Term { a: states.as_ptr(), stride: padded(norm.len()), b: Source::Frozen(weight), way: Way::Transposed };
    let finish = Finish::Wide(Shared::new(out), weight.rows());
    let job = Job { parts: vec![vec![term]], n: weight.rows(), align: 1, finish };
    // SAFETY: rows of states are padded to whole blocks, and `out` has a row for each.
    unsafe { products(isa, rows.len(), &[job]) };
}

/// The likeliest token at each of `rows`; of equals the first.
pub fn likeliest<E: Number>(
    isa: Isa,
    weight: &Frozen,
    norm: &[f32],
    eps: f32,
    x: &[f32],
    rows: &[usize],
    scratch: &mut Scratch<E>,
) -> Vec<u32> {
    let (vocabulary, chunks) = (weight.rows(), weight.rows().div_ceil(CHUNK));
    let Scratch { states, tops, sums, .. } = scratch;
    normed(isa, x, rows, norm, eps, states);
    let (top_out, place_out) =
        (Shared::new(tops.resize(rows.len() * chunks)), Shared::new(sums.resize(rows.len() * chunks)));
    let finish = |mut block: Block<'_>| {
        for r in 0..block.rows {
            let at = (block.row + r) * chunks + block.column / CHUNK;
            let (mut top, mut place) = (f32::MIN, 0);
            for (i, &x) in block.part(0, r).iter().enumerate() {
                if x > top {
                    (top, place) = (x, i);
                }
            }
            // SAFETY: places of this row and chunk are this task's.
            unsafe {
                *top_out.get().add(at) = top;
                *place_out.get().add(at) = place as f32;
            }
        }
    };
    let job = Job {
        parts: vec![vec![Term {
            a: states.as_ptr(),
            stride: padded(norm.len()),
            b: Source::Frozen(weight),
            way: Way::Transposed,
        }]],
        n: vocabulary,
        align: CHUNK,
        finish: Finish::With(Vec::new(), Box::new(finish)),
    };
    // SAFETY: rows of states are padded to whole blocks.
    unsafe { products(isa, rows.len(), &[job]) };
    (0..rows.len())
        .map(|i| {
            let (mut top, mut token) = (f32::MIN, 0);
            for chunk in 0..chunks {
                if tops[i * chunks + chunk] > top {
                    top = tops[i * chunks + chunk];
                    token = chunk * CHUNK + sums[i * chunks + chunk] as usize;
                }
            }
            token as u32
        })
        .collect()
}
