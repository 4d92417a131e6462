//! Causal attention over a forest, forward and backward.
//!
//! One task is one node and one key head. Keys and values of the node and of what stands above it are laid side by
//! side once and serve all query heads of the group. Blocks of 32 queries see only the blocks of keys they may look
//! at. In the backward pass scores are recomputed the other way round, keys by queries, because every product that
//! follows takes them so without being transposed.

use std::cell::RefCell;
use std::ops::Range;

use rayon::prelude::*;

use super::buffer::{Buffer, Shared};
use super::element::{NR, ROWS, STEP, padded};
use super::forest::{Forest, Node};
use super::isa::Isa;
use super::kernel::Tiles;
use super::ops;
use super::pack;
use super::product::{Number, Term, pack_all, product_here};
use super::source::{Source, Way};

/// Sizes of attention.
#[derive(Clone, Copy, Debug)]
pub struct Heads {
    /// Query heads.
    pub queries: usize,
    /// Key and value heads.
    pub keys: usize,
    /// Width of a head.
    pub width: usize,
}

impl Heads {
    const fn group(&self) -> usize {
        self.queries / self.keys
    }

    fn scale(&self) -> f32 {
        (self.width as f32).powf(-0.5)
    }
}

/// Rows of activations of all heads, `stride` apart, with [`ROWS`] rows to spare after the last.
#[derive(Clone, Copy)]
pub struct View<E> {
    pub data: *const E,
    pub stride: usize,
}

// SAFETY: only read.
unsafe impl<E> Sync for View<E> {}
// SAFETY: as above.
unsafe impl<E> Send for View<E> {}

impl<E> View<E> {
    /// From `row` and `column` on.
    pub fn at(&self, row: usize, column: usize) -> *const E {
        // SAFETY: inside the buffer; the extents are the engine's own.
        unsafe { self.data.add(row * self.stride + column) }
    }
}

struct Work<E> {
    keys: Buffer<E>,
    values: Buffer<E>,
    keys_turned: Buffer<E>,
    key_panels: Buffer<E>,
    value_panels: Buffer<E>,
    query_panels: Buffer<E>,
    by_panels: Buffer<E>,
    scores: Buffer<f32>,
    by_scores: Buffer<f32>,
    weights: Buffer<E>,
    by_weights: Buffer<E>,
    mixed: Buffer<f32>,
    turned: Buffer<f32>,
    by_keys: Buffer<f32>,
    by_values: Buffer<f32>,
}

impl<E: Number> Work<E> {
    fn new() -> Self {
        Self {
            keys: Buffer::default(),
            values: Buffer::default(),
            keys_turned: Buffer::default(),
            key_panels: Buffer::default(),
            value_panels: Buffer::default(),
            query_panels: Buffer::default(),
            by_panels: Buffer::default(),
            scores: Buffer::default(),
            by_scores: Buffer::default(),
            weights: Buffer::default(),
            by_weights: Buffer::default(),
            mixed: Buffer::default(),
            turned: Buffer::default(),
            by_keys: Buffer::default(),
            by_values: Buffer::default(),
        }
    }
}

/// What a thread keeps for attention.
pub trait Workplace: Sized {
    fn with_work<R>(f: impl FnOnce(&mut WorkOf<Self>) -> R) -> R;
}

/// Opaque to everybody but this module.
pub struct WorkOf<E>(Work<E>);

macro_rules! workplace {
    ($element:ty) => {
        impl Workplace for $element {
            fn with_work<R>(f: impl FnOnce(&mut WorkOf<Self>) -> R) -> R {
                thread_local! {
                    static WORK: RefCell<WorkOf<$element>> = RefCell::new(WorkOf(Work::new()));
                }
                WORK.with_borrow_mut(f)
            }
        }
    };
}

workplace!(f32);
workplace!(super::element::Bf16);

/// Keys and values that stand before all nodes of a forest.
#[derive(Clone, Copy)]
pub struct Before<E> {
    /// Rows.
    pub len: usize,
    /// Keys and values.
    pub views: [View<E>; 2],
}

/// Copies what stands before all nodes, the rows above a node and its own, padded with zeros to whole blocks.
#[allow(clippy::too_many_arguments, reason = "two places rows come from, and where they go")]
fn gather<E: Number>(
    node: &Node,
    before: (usize, View<E>),
    from: View<E>,
    column: usize,
    width: usize,
    stride: usize,
    out: &mut Buffer<E>,
) {
    let total = before.0 + node.past() + node.rows.len();
    let out = out.resize(total.next_multiple_of(ROWS) * stride);
    let own = node.above.iter().chain([&node.rows]).cloned().flatten().map(|row| from.at(row, column));
    let rows = (0..before.0).map(|row| before.1.at(row, column)).chain(own);
    let mut filled = 0;
    for row in rows {
        let to = &mut out[filled * stride..][..stride];
        // SAFETY: the row is inside its buffer.
        to[..width].copy_from_slice(unsafe { std::slice::from_raw_parts(row, width) });
        to[width..].fill(E::default());
        filled += 1;
    }
    out[filled * stride..].fill(E::default());
}

/// Attention of all nodes: `out [M, queries · width]`, `lse [queries, M]`. What stands `before` is seen by all.
pub fn forward<E: Number + Workplace>(
    isa: Isa,
    heads: Heads,
    forest: &Forest,
    [q, k, v]: [View<E>; 3],
    before: Option<Before<E>>,
    out: (&mut [E], usize),
    lse: &mut [f32],
) {
    let (earlier, [keys_before, values_before]) = before.map_or((0, [k, v]), |b| (b.len, b.views));
    let m = forest.ids.len();
    let (stride, out) = (out.1, Shared::new(out.0));
    let lse = Shared::new(lse);
    each(forest, heads, |node, key_head| {
        let _tiles = Tiles::configure(isa);
        E::with_work(|WorkOf(work)| {
            let (width, deep) = (heads.width, padded(heads.width));
            let depth = heads.width.next_multiple_of(STEP);
            let past = earlier + node.past();
            let total = past + node.rows.len();
            let whole = total.next_multiple_of(NR);
            gather(node, (earlier, keys_before), k, key_head * width, width, deep, &mut work.keys);
            gather(node, (earlier, values_before), v, key_head * width, width, deep, &mut work.values);
            let rows_of =
                |data: &Buffer<E>| Source::Rows { data: data.as_ptr(), rows: whole, columns: deep, stride: deep };
            work.key_panels.resize(whole * depth);
            pack_all(isa, &rows_of(&work.keys), Way::Transposed, whole, depth, &mut work.key_panels);
            work.value_panels.resize(whole * depth);
            pack_all(isa, &rows_of(&work.values), Way::Plain, depth, whole, &mut work.value_panels);
            let weights_stride = padded(whole);
            work.scores.resize(ROWS * whole);
            work.weights.resize(ROWS * weights_stride);
            work.mixed.resize(ROWS * depth);
            for first in (0..node.rows.len()).step_by(ROWS) {
                let count = ROWS.min(node.rows.len() - first);
                let seen = (past + first + count).next_multiple_of(NR);
                for head in key_head * heads.group()..(key_head + 1) * heads.group() {
                    let scores = Term {
                        a: q.at(node.rows.start + first, head * width),
                        stride: q.stride,
                        b: Source::Panels { data: work.key_panels.as_ptr(), depth, pitch: depth * NR },
                        way: Way::Transposed,
                    };
                    // SAFETY: 32 rows of queries can be read (rows to spare), 32 rows of scores written.
                    unsafe { product_here(isa, ROWS, seen, &scores, work.scores.as_mut_ptr(), whole, false) };
                    for i in 0..count {
                        let visible = past + first + i + 1;
                        let lse_of = ops::softmax_row(
                            isa,
                            &mut work.scores[i * whole..][..visible],
                            heads.scale(),
                            &mut work.weights[i * weights_stride..][..seen],
                        );
                        // SAFETY: this node's rows of this head are this task's.
                        unsafe { *lse.get().add(head * m + node.rows.start + first + i) = lse_of };
                    }
                    let mixed = Term {
                        a: work.weights.as_ptr(),
                        stride: weights_stride,
                        b: Source::Panels { data: work.value_panels.as_ptr(), depth: seen, pitch: whole * NR },
                        way: Way::Plain,
                    };
                    // SAFETY: 32 rows of weights and of the result.
                    unsafe { product_here(isa, ROWS, depth, &mixed, work.mixed.as_mut_ptr(), depth, false) };
                    for i in 0..count {
                        // SAFETY: as for `lse`.
                        let to = unsafe {
                            std::slice::from_raw_parts_mut(
                                out.get().add((node.rows.start + first + i) * stride + head * width),
                                width,
                            )
                        };
                        pack::narrow(isa, &work.mixed[i * depth..][..width], to);
                    }
                }
            }
        });
    });
}

/// What the backward pass reads.
pub struct Kept<'a, E> {
    /// Queries, keys, values after rotation.
    pub qkv: [View<E>; 3],
    /// What attention gave.
    pub out: View<E>,
    /// `[queries, M]`.
    pub lse: &'a [f32],
    /// The derivative by what attention gave.
    pub by: View<E>,
}

/// Derivatives by queries, keys and values: three `[M, …]` f32 buffers, written whole. `parts` is scratch.
pub fn backward<E: Number + Workplace>(
    isa: Isa,
    heads: Heads,
    forest: &Forest,
    kept: &Kept<'_, E>,
    [dq, dk, dv]: [&mut [f32]; 3],
    parts: &mut Buffer<f32>,
) {
    let m = forest.ids.len();
    let (width, key_width) = (heads.width, heads.keys * heads.width);
    // Derivatives by rows above a node are added up afterwards in the order of the nodes: however tasks are shared
    // out, the sums are the same.
    let mut offsets = vec![0];
    for node in &forest.nodes {
        offsets.push(offsets[offsets.len() - 1] + node.past());
    }
    let above = offsets[offsets.len() - 1] * key_width;
    parts.resize(2 * above);
    let parts_out = Shared::new(parts);
    let (dq_out, dk_out, dv_out) = (Shared::new(dq), Shared::new(dk), Shared::new(dv));
    let query_stride = heads.queries * width;
    each_indexed(forest, heads, |index, node, key_head| {
        let _tiles = Tiles::configure(isa);
        E::with_work(|WorkOf(work)| {
            let deep = padded(width);
            let depth = width.next_multiple_of(STEP);
            let past = node.past();
            let own = node.rows.len();
            let whole = (past + own).next_multiple_of(NR);
            let own_whole = own.next_multiple_of(NR);
            gather(node, (0, kept.qkv[1]), kept.qkv[1], key_head * width, width, deep, &mut work.keys);
            gather(node, (0, kept.qkv[2]), kept.qkv[2], key_head * width, width, deep, &mut work.values);
            let turned_stride = padded(whole);
            work.keys_turned.resize(depth * turned_stride);
            // SAFETY: keys are padded to whole blocks on both sides.
            unsafe {
                let to = work.keys_turned.as_mut_ptr();
                pack::turn(isa, work.keys.as_ptr(), deep, whole, depth, to, turned_stride);
            }
            let weights_stride = padded(own_whole);
            work.scores.resize(whole * NR);
            work.by_scores.resize(whole * NR);
            work.weights.resize(whole * weights_stride);
            work.by_weights.resize(whole * weights_stride);
            work.query_panels.resize(own_whole * depth);
            work.by_panels.resize(own_whole * depth);
            work.by_keys.resize(whole * depth);
            work.by_values.resize(whole * depth);
            work.mixed.resize(depth * own_whole);
            work.turned.resize(depth * own_whole);
            for head in key_head * heads.group()..(key_head + 1) * heads.group() {
                let at = |view: View<E>| view.at(node.rows.start, head * width);
                let rows_of =
                    |view: View<E>| Source::Rows { data: at(view), rows: own, columns: width, stride: view.stride };
                let (queries, by) = (rows_of(kept.qkv[0]), rows_of(kept.by));
                pack_all(isa, &queries, Way::Transposed, own_whole, depth, &mut work.query_panels);
                pack_all(isa, &by, Way::Transposed, own_whole, depth, &mut work.by_panels);
                for first in (0..own).step_by(NR) {
                    let count = NR.min(own - first);
                    let seen = (past + first + count).next_multiple_of(ROWS);
                    let against = |a: &Buffer<E>, panels: &Buffer<E>, c: &mut Buffer<f32>| {
                        let term = Term {
                            a: a.as_ptr(),
                            stride: deep,
                            b: Source::Panels { data: panels[first * depth..].as_ptr(), depth, pitch: depth * NR },
                            way: Way::Transposed,
                        };
                        // SAFETY: `seen` rows are there on both sides, padded to whole blocks.
                        unsafe { product_here(isa, seen, NR, &term, c.as_mut_ptr(), NR, false) };
                    };
                    against(&work.keys, &work.query_panels, &mut work.scores);
                    against(&work.values, &work.by_panels, &mut work.by_scores);
                    let (mut lse, mut delta) = ([0f32; NR], [0f32; NR]);
                    for i in 0..count {
                        let row = node.rows.start + first + i;
                        lse[i] = kept.lse[head * m + row];
                        let (a, b) = (kept.by.at(row, head * width), kept.out.at(row, head * width));
                        // SAFETY: one head of one row of each.
                        let (a, b) =
                            unsafe { (std::slice::from_raw_parts(a, width), std::slice::from_raw_parts(b, width)) };
                        delta[i] = ops::dot_narrow(isa, a, b);
                    }
                    for t in 0..whole {
                        let p = &mut work.weights[t * weights_stride + first..][..NR];
                        let ds = &mut work.by_weights[t * weights_stride + first..][..NR];
                        if t >= seen {
                            p.fill(E::default());
                            ds.fill(E::default());
                            continue;
                        }
                        // Query `first + i` sees key `t` when `t ≤ past + first + i`.
                        let masked = t.saturating_sub(past + first);
                        ops::attention_row_back(
                            isa,
                            &work.scores[t * NR..][..count],
                            &work.by_scores[t * NR..][..count],
                            &lse[..count],
                            &delta[..count],
                            heads.scale(),
                            masked,
                            (&mut p[..count], &mut ds[..count]),
                        );
                        p[count..].fill(E::default());
                        ds[count..].fill(E::default());
                    }
                }
                let sum = |a: &Buffer<E>, b: Source<'_, E>, c: &mut Buffer<f32>| {
                    let term = Term { a: a.as_ptr(), stride: weights_stride, b, way: Way::Plain };
                    let add = head > key_head * heads.group();
                    // SAFETY: `whole` rows on both sides; the operand ends with the node's own rows.
                    unsafe { product_here(isa, whole, depth, &term, c.as_mut_ptr(), depth, add) };
                };
                sum(&work.by_weights, queries, &mut work.by_keys);
                sum(&work.weights, by, &mut work.by_values);
                // Derivatives by queries, turned: [width, queries].
                let term = Term {
                    a: work.keys_turned.as_ptr(),
                    stride: turned_stride,
                    b: Source::Rows {
                        data: work.by_weights.as_ptr(),
                        rows: whole,
                        columns: own_whole,
                        stride: weights_stride,
                    },
                    way: Way::Plain,
                };
                // SAFETY: `depth` rows of turned keys, a multiple of 32.
                unsafe {
                    product_here(isa, depth, own_whole, &term, work.mixed.as_mut_ptr(), own_whole, false);
                    pack::turn(isa, work.mixed.as_ptr(), own_whole, depth, own_whole, work.turned.as_mut_ptr(), depth);
                }
                for i in 0..own {
                    // SAFETY: this node's rows of this head are this task's.
                    let to = unsafe {
                        std::slice::from_raw_parts_mut(
                            dq_out.get().add((node.rows.start + i) * query_stride + head * width),
                            width,
                        )
                    };
                    to.copy_from_slice(&work.turned[i * depth..][..width]);
                }
            }
            let hand_out = |sums: &Buffer<f32>, to: Shared<f32>, part: usize| {
                for t in 0..past + own {
                    let from = &sums[t * depth..][..width];
                    // SAFETY: own rows of this head, or this node's and head's place among the parts.
                    unsafe {
                        let at = if t < past {
                            parts_out.get().add(part * above + (offsets[index] + t) * key_width + key_head * width)
                        } else {
                            to.get().add((node.rows.start + t - past) * key_width + key_head * width)
                        };
                        std::ptr::copy_nonoverlapping(from.as_ptr(), at, width);
                    }
                }
            };
            hand_out(&work.by_keys, dk_out, 0);
            hand_out(&work.by_values, dv_out, 1);
        });
    });
    for (index, node) in forest.nodes.iter().enumerate() {
        for (t, row) in (offsets[index]..).zip(node.above.iter().cloned().flatten()) {
            let to = row * key_width..(row + 1) * key_width;
            ops::add_row(isa, &mut dk[to.clone()], &parts[t * key_width..][..key_width]);
            ops::add_row(isa, &mut dv[to], &parts[above + t * key_width..][..key_width]);
        }
    }
}

fn each(forest: &Forest, heads: Heads, f: impl Fn(&Node, usize) + Sync) {
    each_indexed(forest, heads, |_, node, head| f(node, head));
}

/// Every node with every key head, long nodes first so that threads end together.
fn each_indexed(forest: &Forest, heads: Heads, f: impl Fn(usize, &Node, usize) + Sync) {
    let mut order: Range<usize> = 0..forest.nodes.len();
    let mut tasks: Vec<(usize, usize)> = order.by_ref().flat_map(|n| (0..heads.keys).map(move |h| (n, h))).collect();
    tasks.sort_by_key(|&(n, _)| {
        std::cmp::Reverse((forest.nodes[n].past() + forest.nodes[n].rows.len()) * forest.nodes[n].rows.len())
    });
    tasks.par_iter().with_max_len(1).for_each(|&(n, head)| f(n, &forest.nodes[n], head));
}
