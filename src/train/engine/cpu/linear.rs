//! Linear layers that read the same input, with their adapters, forward and backward.
//!
//! An adapter costs the product of its layer one more term: `y = x Wᵀ + h (s B)ᵀ` with `h = x Aᵀ` runs over the same
//! sums as `x Wᵀ` alone, and so does `dx = dy W + dh A` with `dh = dy (s B)`.

use std::ops::Range;

use rayon::prelude::*;

use super::attention::View;
use super::buffer::{Buffer, Shared};
use super::element::{NR, ROWS, padded};
use super::frozen::Frozen;
use super::isa::Isa;
use super::ops;
use super::pack;
use super::product::{Block, Finish, Job, Number, Term, Touch, products};
use super::profile::{Part, timed};
use super::source::{Source, Way};

/// Where an adapter's factors are.
pub enum Factors {
    /// Trained: ranges of the flat parameters.
    Trained {
        /// `A [r, in]`.
        a: Range<usize>,
        /// `B [out, r]`.
        b: Range<usize>,
    },
    /// Part of the model that the run starts from.
    Fixed {
        /// `A [r, in]`.
        a: Vec<f32>,
        /// `B [out, r]`.
        b: Vec<f32>,
    },
}

/// One low-rank update.
pub struct LowRank {
    /// r.
    pub rank: usize,
    /// `alpha / r` or `alpha / √r`.
    pub scale: f32,
    /// A and B.
    pub factors: Factors,
}

impl LowRank {
    fn a<'a>(&'a self, values: &'a [f32]) -> &'a [f32] {
        match &self.factors {
            Factors::Trained { a, .. } => &values[a.clone()],
            Factors::Fixed { a, .. } => a,
        }
    }

    fn b<'a>(&'a self, values: &'a [f32]) -> &'a [f32] {
        match &self.factors {
            Factors::Trained { b, .. } => &values[b.clone()],
            Factors::Fixed { b, .. } => b,
        }
    }

    const fn slot(&self) -> usize {
        self.rank.next_multiple_of(NR)
    }
}

/// A layer `y = x Wᵀ (+ bias) + Σ scale · (x Aᵀ) Bᵀ`; the bias is added by whoever reads `y`.
pub struct Linear {
    /// `[out, in]`.
    pub weight: Frozen,
    /// `[out]`.
    pub bias: Option<Vec<f32>>,
    /// In any number.
    pub adapters: Vec<LowRank>,
}

/// What all products of a step have in common.
#[derive(Clone, Copy)]
pub struct Step<'a> {
    /// Level of instructions.
    pub isa: Isa,
    /// Rows of the batch.
    pub m: usize,
    /// The trained parameters, flat.
    pub values: &'a [f32],
    /// Dropout of the adapters' input.
    pub noise: Option<Noise>,
}

/// Which values of an input the adapters do not see. The layer itself sees all of them.
///
/// One mask for all adapters that read the input; PEFT draws one for each. Rows that share a prefix share its mask.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Noise {
    /// Share of values that are dropped, in `[0, 1)`.
    pub share: f32,
    /// Names update, call, layer and input.
    pub key: u64,
}

impl Noise {
    /// The mask of part `index` of what this one names.
    #[must_use]
    pub fn part(self, index: u64) -> Self {
        Self { key: mix(self.key ^ mix(index.wrapping_add(0x9E37_79B9_7F4A_7C15))), ..self }
    }
}

/// SplitMix64's finaliser (Steele, Lea and Flood 2014).
fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// Scratch of this module, kept between steps.
pub struct Scratch<E> {
    by_low: Buffer<E>,
    turned: Buffer<E>,
    by_turned: Buffer<E>,
    thinned: Buffer<E>,
    by_thinned: Buffer<f32>,
}

impl<E: Number> Default for Scratch<E> {
    fn default() -> Self {
        Self {
            by_low: Buffer::default(),
            turned: Buffer::default(),
            by_turned: Buffer::default(),
            thinned: Buffer::default(),
            by_thinned: Buffer::default(),
        }
    }
}

/// What the adapters see of `x [m, columns]`.
fn thinned<E: Number>(step: Step<'_>, x: View<E>, columns: usize, out: &mut Buffer<E>) -> View<E> {
    let Some(noise) = step.noise else { return x };
    let to = Shared::new(out.resize(spare(step.m) * x.stride));
    ops::rows(step.m, |r| {
        // SAFETY: each row is one task's; `x` has as many rows of this stride.
        let (from, to) = unsafe { (std::slice::from_raw_parts(x.at(r, 0), x.stride), to.row(r, x.stride, x.stride)) };
        to.copy_from_slice(from);
        ops::thin(step.isa, noise, r, 0, &mut to[..columns]);
    });
    View { data: out.as_ptr(), stride: x.stride }
}

/// What becomes of the outputs of some layers of a group, which are computed side by side.
pub struct Use<'a, E> {
    /// Which layers of the group; all of one width.
    pub layers: Range<usize>,
    /// See [`Job::align`].
    pub align: usize,
    /// What becomes of them.
    pub finish: Finish<'a, E>,
}

/// Adapters of a group with the columns of `h` that are theirs.
fn slots<'a>(group: &'a [&Linear]) -> impl Iterator<Item = (usize, &'a LowRank, usize)> {
    let mut at = 0;
    group.iter().enumerate().flat_map(|(l, linear)| linear.adapters.iter().map(move |adapter| (l, adapter))).map(
        move |(l, adapter)| {
            let slot = at;
            at += adapter.slot();
            (l, adapter, slot)
        },
    )
}

/// Columns of `h`.
fn low_width(group: &[&Linear]) -> usize {
    group.iter().flat_map(|l| &l.adapters).map(LowRank::slot).sum()
}

/// Rows that a buffer of left operands has to have for `m` rows of a batch.
pub const fn spare(m: usize) -> usize {
    m.next_multiple_of(ROWS) + ROWS
}

fn a_of<'a, E>(adapter: &'a LowRank, inner: usize, step: Step<'a>) -> Source<'a, E> {
    Source::Dense { data: adapter.a(step.values), rows: adapter.rank, columns: inner, scale: 1.0 }
}

fn b_of<'a, E>(adapter: &'a LowRank, rows: usize, step: Step<'a>) -> Source<'a, E> {
    Source::Dense { data: adapter.b(step.values), rows, columns: adapter.rank, scale: adapter.scale }
}

/// Computes the layers of a group. `h`, the adapters' inner states, is kept for the way back.
pub fn forward<E: Number>(
    step: Step<'_>,
    group: &[&Linear],
    x: View<E>,
    h: &mut Buffer<E>,
    uses: Vec<Use<'_, E>>,
    scratch: &mut Scratch<E>,
) {
    let (isa, m) = (step.isa, step.m);
    let width = low_width(group);
    let stride = padded(width);
    if width > 0 {
        let out = Shared::new(h.resize(spare(m) * stride));
        let x = thinned(step, x, group[0].weight.columns(), &mut scratch.thinned);
        let jobs: Vec<Job<'_, E>> = slots(group)
            .map(|(l, adapter, slot)| Job {
                parts: vec![vec![Term {
                    a: x.data,
                    stride: x.stride,
                    b: a_of(adapter, group[l].weight.columns(), step),
                    way: Way::Transposed,
                }]],
                n: adapter.slot(),
                align: 1,
                finish: Finish::Narrow(out.from(slot), stride),
            })
            .collect();
        // SAFETY: operands have the extents of the model, results their slots.
        timed(Part::Adapters, || unsafe { products(isa, m, &jobs) });
    }
    let mut parts: Vec<Vec<Term<'_, E>>> = group
        .iter()
        .map(|linear| {
            vec![Term { a: x.data, stride: x.stride, b: Source::Frozen(&linear.weight), way: Way::Transposed }]
        })
        .collect();
    for (l, adapter, slot) in slots(group) {
        parts[l].push(Term {
            a: h[slot..].as_ptr(),
            stride,
            b: b_of(adapter, group[l].weight.rows(), step),
            way: Way::Transposed,
        });
    }
    let jobs: Vec<Job<'_, E>> = uses
        .into_iter()
        .map(|Use { layers, align, finish }| Job {
            n: group[layers.start].weight.rows(),
            parts: parts[layers].to_vec(),
            align,
            finish,
        })
        .collect();
    // SAFETY: as above.
    timed(Part::Products, || unsafe { products(isa, m, &jobs) });
}

/// Goes back through a group: from the derivatives by its outputs to that by its input, unless that is not needed.
pub fn backward<E: Number>(
    step: Step<'_>,
    group: &[&Linear],
    by: &[View<E>],
    dx: Option<Finish<'_, E>>,
    scratch: &mut Scratch<E>,
) {
    let (isa, m) = (step.isa, step.m);
    let width = low_width(group);
    let stride = padded(width);
    if width > 0 {
        let out = Shared::new(scratch.by_low.resize(spare(m) * stride));
        let jobs: Vec<Job<'_, E>> = slots(group)
            .map(|(l, adapter, slot)| Job {
                parts: vec![vec![Term {
                    a: by[l].data,
                    stride: by[l].stride,
                    b: b_of(adapter, group[l].weight.rows(), step),
                    way: Way::Plain,
                }]],
                n: adapter.slot(),
                align: 1,
                finish: Finish::Narrow(out.from(slot), stride),
            })
            .collect();
        // SAFETY: operands have the extents of the model, results their slots.
        timed(Part::Adapters, || unsafe { products(isa, m, &jobs) });
    }
    let Some(finish) = dx else { return };
    let inner = group[0].weight.columns();
    let mut terms: Vec<Term<'_, E>> = group
        .iter()
        .zip(by)
        .map(|(linear, by)| Term { a: by.data, stride: by.stride, b: Source::Frozen(&linear.weight), way: Way::Plain })
        .collect();
    let adapters = slots(group).map(|(_, adapter, slot)| Term {
        a: scratch.by_low[slot..].as_ptr(),
        stride,
        b: a_of(adapter, inner, step),
        way: Way::Plain,
    });
    let finish = match step.noise.filter(|_| width > 0) {
        None => {
            terms.extend(adapters);
            finish
        }
        // What comes back through the adapters is dropped where their input was.
        Some(noise) => {
            let to = Shared::new(scratch.by_thinned.resize(m * inner));
            let masked = move |mut block: Block<'_>| {
                for r in 0..block.rows {
                    let (row, column, columns) = (block.row + r, block.column, block.columns);
                    let sums = block.part(0, r);
                    ops::thin(isa, noise, row, column, sums);
                    // SAFETY: these rows and columns are this task's.
                    unsafe { to.part(row, inner, column, columns) }.copy_from_slice(sums);
                }
            };
            let finish_masked = Finish::With(vec![Touch::write(to, inner)], Box::new(masked));
            let job = Job { parts: vec![adapters.collect()], n: inner, align: 1, finish: finish_masked };
            // SAFETY: as above.
            timed(Part::Adapters, || unsafe { products(isa, m, &[job]) });
            let masked = &scratch.by_thinned;
            Finish::With(
                finish.touches(),
                Box::new(move |mut block: Block<'_>| {
                    for r in 0..block.rows {
                        let at = (block.row + r) * inner + block.column;
                        let columns = block.columns;
                        ops::add_row(isa, block.part(0, r), &masked[at..][..columns]);
                    }
                    finish.apply(isa, block);
                }),
            )
        }
    };
    let job = Job { parts: vec![terms], n: inner, align: 1, finish };
    // SAFETY: as above.
    timed(Part::Products, || unsafe { products(isa, m, &[job]) });
}

/// `dB += s · dyᵀ h` and `dA += dhᵀ x` for every trained adapter; [`backward`] went before.
pub fn accumulate<E: Number>(
    step: Step<'_>,
    group: &[&Linear],
    x: View<E>,
    h: &Buffer<E>,
    by: &[View<E>],
    gradients: &mut [f32],
    scratch: &mut Scratch<E>,
) {
    let (isa, m) = (step.isa, step.m);
    let width = low_width(group);
    if width == 0 {
        return;
    }
    timed(Part::Gradients, || {
        let x = thinned(step, x, group[0].weight.columns(), &mut scratch.thinned);
        let stride = padded(width);
        let turned_stride = padded(m);
        turn(isa, h, stride, m, width, scratch.turned.resize(width * turned_stride), turned_stride);
        turn(isa, &scratch.by_low, stride, m, width, scratch.by_turned.resize(width * turned_stride), turned_stride);
        let inner = group[0].weight.columns();
        let out = Shared::new(gradients);
        // B: each adapter against the derivative of its own layer; those of one size in one go.
        let mut sizes: Vec<usize> = slots(group).map(|(_, adapter, _)| adapter.slot()).collect();
        sizes.sort_unstable();
        sizes.dedup();
        for size in sizes {
            let jobs: Vec<Job<'_, E>> = slots(group)
                .filter(|(_, adapter, _)| adapter.slot() == size)
                .filter_map(|(l, adapter, slot)| {
                    let Factors::Trained { b, .. } = &adapter.factors else { return None };
                    let (rank, scale, first) = (adapter.rank, adapter.scale, b.start);
                    let rows = group[l].weight.rows();
                    Some(Job {
                        parts: vec![vec![Term {
                            a: scratch.turned[slot * turned_stride..].as_ptr(),
                            stride: turned_stride,
                            b: Source::Rows { data: by[l].data, rows: m, columns: rows, stride: by[l].stride },
                            way: Way::Plain,
                        }]],
                        n: rows,
                        align: 1,
                        finish: Finish::With(
                            Vec::new(),
                            Box::new(move |mut block| {
                                for r in 0..block.rows.min(rank.saturating_sub(block.row)) {
                                    let (row, column) = (block.row + r, block.column);
                                    for (i, &sum) in block.part(0, r).iter().enumerate() {
                                        // SAFETY: rows of B that are this task's.
                                        unsafe { *out.get().add(first + (column + i) * rank + row) += scale * sum };
                                    }
                                }
                            }),
                        ),
                    })
                })
                .collect();
            // SAFETY: `size` rows of the turned states, a multiple of 32.
            unsafe { products(isa, size, &jobs) };
        }
        // A: all adapters of the group against the one input.
        let places: Vec<Option<usize>> = slots(group)
            .flat_map(|(_, adapter, _)| {
                let first = match &adapter.factors {
                    Factors::Trained { a, .. } => Some(a.start),
                    Factors::Fixed { .. } => None,
                };
                (0..adapter.slot()).map(move |r| first.filter(|_| r < adapter.rank).map(|f| f + r * inner))
            })
            .collect();
        let job = Job {
            parts: vec![vec![Term {
                a: scratch.by_turned.as_ptr(),
                stride: turned_stride,
                b: Source::Rows { data: x.data, rows: m, columns: inner, stride: x.stride },
                way: Way::Plain,
            }]],
            n: inner,
            align: 1,
            finish: Finish::With(
                Vec::new(),
                Box::new(move |mut block| {
                    for r in 0..block.rows {
                        let Some(place) = places[block.row + r] else { continue };
                        // SAFETY: columns of A that are this task's.
                        let to = unsafe { out.part(0, 0, place + block.column, block.columns) };
                        ops::add_row(isa, to, block.part(0, r));
                    }
                }),
            ),
        };
        // SAFETY: `width` rows, a multiple of 32.
        unsafe { products(isa, width, &[job]) };
    });
}

/// `[m, width]` to `[width, m]`, zeros up to the stride.
fn turn<E: Number>(isa: Isa, from: &[E], stride: usize, m: usize, width: usize, to: &mut [E], to_stride: usize) {
    let out = Shared::new(to);
    (0..width / 32).into_par_iter().for_each(|block| {
        // SAFETY: rows of the buffer are padded to 32, columns are slots of 32; these rows of the result are this
        // task's.
        unsafe {
            let to = out.get().add(block * 32 * to_stride);
            pack::turn(isa, from.as_ptr().add(block * 32), stride, m, 32, to, to_stride);
        }
        for r in block * 32..(block + 1) * 32 {
            // SAFETY: as above.
            let row = unsafe { out.row(r, to_stride, to_stride) };
            row[m..].fill(E::default());
        }
    });
}
