//! A decoder layer, forward and backward, closed form: nothing is recorded but what the backward pass reads.

use super::attention::{self, Before, Heads, View, Workplace};
use super::buffer::{Buffer, Shared};
use super::element::padded;
use super::forest::Forest;
use super::isa::Isa;
use super::linear::{self, Linear, Step, Use, spare};
use super::ops;
use super::pack;
use super::product::{Block, Finish, Number, Touch};
use super::profile::{Part, timed};

/// Modules in the order of [`crate::model::TARGET_MODULES`].
pub struct Layer {
    /// `[H]`.
    pub input_norm: Vec<f32>,
    /// `[H]`.
    pub post_norm: Vec<f32>,
    /// `[D]` each, for queries and keys, where the family has them.
    pub head_norms: Option<[Vec<f32>; 2]>,
    /// q, k, v, o, gate, up, down.
    pub linears: [Linear; 7],
}

/// What all layers share.
pub struct Frame {
    /// H.
    pub hidden: usize,
    /// F.
    pub inner: usize,
    /// Heads of attention.
    pub heads: Heads,
    /// Of the norms.
    pub eps: f32,
    /// `[D / 2]`.
    pub inv_freq: Vec<f32>,
}

impl Frame {
    /// cos and sin of the angles by which queries and keys at `positions` are rotated, `[positions, D / 2]` each.
    pub fn angles(&self, positions: impl Iterator<Item = u32>, cos: &mut Vec<f32>, sin: &mut Vec<f32>) {
        cos.clear();
        sin.clear();
        for position in positions {
            for f in &self.inv_freq {
                let angle = position as f32 * f;
                cos.push(angle.cos());
                sin.push(angle.sin());
            }
        }
    }
}

/// What one layer keeps for its backward pass, beside its input.
pub struct Saved<E> {
    qkv: [Buffer<E>; 3],
    /// Before the head norms, where there are any.
    raw: [Buffer<E>; 2],
    mixed: Buffer<E>,
    lse: Buffer<f32>,
    mid: Buffer<f32>,
    gate: Buffer<E>,
    up: Buffer<E>,
    low: [Buffer<E>; 4],
}

impl<E: Number> Default for Saved<E> {
    fn default() -> Self {
        Self {
            qkv: Default::default(),
            raw: Default::default(),
            mixed: Buffer::default(),
            lse: Buffer::default(),
            mid: Buffer::default(),
            gate: Buffer::default(),
            up: Buffer::default(),
            low: Default::default(),
        }
    }
}

/// One layer's working set, shared by all layers.
pub struct Work<E> {
    input: Buffer<E>,
    wide: [Buffer<f32>; 3],
    by_input: Buffer<f32>,
    product: Buffer<E>,
    by_gate: Buffer<E>,
    by_up: Buffer<E>,
    by: Buffer<E>,
    by_qkv: [Buffer<E>; 3],
    by_mixed: Buffer<E>,
    parts: Buffer<f32>,
    /// Keys and values that stand before the batch, and how many; for reading on, never with a backward pass.
    before: [Buffer<E>; 2],
    earlier: usize,
    cos: Vec<f32>,
    sin: Vec<f32>,
    scratch: linear::Scratch<E>,
}

impl<E: Number> Default for Work<E> {
    fn default() -> Self {
        Self {
            input: Buffer::default(),
            wide: Default::default(),
            by_input: Buffer::default(),
            product: Buffer::default(),
            by_gate: Buffer::default(),
            by_up: Buffer::default(),
            by: Buffer::default(),
            by_qkv: Default::default(),
            by_mixed: Buffer::default(),
            parts: Buffer::default(),
            before: Default::default(),
            earlier: 0,
            cos: Vec::new(),
            sin: Vec::new(),
            scratch: linear::Scratch::default(),
        }
    }
}

impl<E> Saved<E> {
    /// The input of o, as a left operand.
    pub const fn mixed(&self) -> &Buffer<E> {
        &self.mixed
    }

    /// Queries, keys and values after norms and rotation, as left operands.
    pub const fn qkv(&self) -> &[Buffer<E>; 3] {
        &self.qkv
    }
}

impl<E> Work<E> {
    /// After a forward pass the input of gate and up, as a left operand.
    pub const fn input(&self) -> &Buffer<E> {
        &self.input
    }

    /// The same, to be written.
    pub const fn input_mut(&mut self) -> &mut Buffer<E> {
        &mut self.input
    }

    /// After a forward pass the input of down, as a left operand.
    pub const fn product(&self) -> &Buffer<E> {
        &self.product
    }
}

impl<E: Number> Work<E> {
    /// Puts `len` keys and values before everything that is computed from now on; `fill(row, keys, values)` gives them.
    pub fn put_before(&mut self, heads: Heads, len: usize, mut fill: impl FnMut(usize, &mut [f32], &mut [f32])) {
        let width = heads.keys * heads.width;
        let stride = padded(width);
        self.earlier = len;
        let (mut keys, mut values) = (vec![0.0; width], vec![0.0; width]);
        let [to_keys, to_values] = &mut self.before;
        to_keys.resize(len * stride);
        to_values.resize(len * stride);
        for row in 0..len {
            fill(row, &mut keys, &mut values);
            for (to, from) in [(&mut *to_keys, &keys), (&mut *to_values, &values)] {
                for (to, &x) in to[row * stride..].iter_mut().zip(from) {
                    *to = E::of(x);
                }
            }
        }
    }

    /// Sets the angles of a batch's positions.
    pub fn angles(&mut self, frame: &Frame, positions: &[u32]) {
        frame.angles(positions.iter().copied(), &mut self.cos, &mut self.sin);
    }
}

fn view<E>(buffer: &[E], width: usize) -> View<E> {
    View { data: buffer.as_ptr(), stride: padded(width) }
}

/// Rows of `x [m, H]`, normalised, as a left operand.
pub fn normed<E: Number>(step: Step<'_>, frame: &Frame, x: &[f32], weight: &[f32], out: &mut Buffer<E>) {
    let (h, stride) = (frame.hidden, padded(frame.hidden));
    let out = Shared::new(out.resize(spare(step.m) * stride));
    ops::rows(step.m, |r| {
        // SAFETY: each row is one task's.
        ops::norm_row(step.isa, &x[r * h..][..h], weight, frame.eps, unsafe { out.row(r, stride, stride) });
    });
}

/// `x [m, H]` to `y [m, H]`, both f32.
#[allow(clippy::too_many_arguments, reason = "a layer with its surroundings")]
pub fn forward<E: Number + Workplace>(
    step: Step<'_>,
    frame: &Frame,
    layer: &Layer,
    forest: &Forest,
    x: &[f32],
    y: &mut [f32],
    saved: &mut Saved<E>,
    work: &mut Work<E>,
) {
    let (isa, m) = (step.isa, step.m);
    let (h, f, heads) = (frame.hidden, frame.inner, frame.heads);
    let widths = [heads.queries * heads.width, heads.keys * heads.width, heads.keys * heads.width];
    let [q, k, v, o, gate, up, down] = &layer.linears;
    // Each input of a layer has a mask of its own.
    let of = |group| Step { noise: step.noise.map(|n| n.part(group)), ..step };

    normed(step, frame, x, &layer.input_norm, &mut work.input);
    let half = heads.width / 2;
    let uses = [q, k, v].into_iter().enumerate().map(|(i, linear)| {
        let stride = padded(widths[i]);
        let norm = layer.head_norms.as_ref().filter(|_| i < 2).map(|n| n[i].as_slice());
        let raw = norm.map(|norm| (norm, Shared::new(saved.raw[i].resize(spare(m) * stride))));
        let out = Shared::new(saved.qkv[i].resize(spare(m) * stride));
        let (cos, sin) = (&work.cos, &work.sin);
        let finish = move |mut block: Block<'_>| {
            for r in 0..block.rows {
                let (row, column, columns) = (block.row + r, block.column, block.columns);
                let x = block.part(0, r);
                if let Some(bias) = &linear.bias {
                    ops::add_row(isa, x, &bias[column..][..columns]);
                }
                if let Some((norm, raw)) = raw {
                    // SAFETY: these rows and columns are this task's.
                    let raw = unsafe { raw.part(row, stride, column, columns) };
                    pack::narrow(isa, x, raw);
                    pack::widen(isa, raw, x);
                    for head in x.chunks_exact_mut(heads.width) {
                        ops::norm_in_place(isa, head, norm, frame.eps);
                    }
                }
                if i < 2 {
                    ops::rotate_row(isa, x, &cos[row * half..][..half], &sin[row * half..][..half], 1.0);
                }
                // SAFETY: as above.
                pack::narrow(isa, x, unsafe { out.part(row, stride, column, columns) });
            }
        };
        Use {
            layers: i..i + 1,
            align: heads.width,
            finish: Finish::With(vec![Touch::write(out, stride)], Box::new(finish)),
        }
    });
    let uses = uses.collect();
    linear::forward(of(0), &[q, k, v], view(&work.input, h), &mut saved.low[0], uses, &mut work.scratch);

    let mixed_stride = padded(widths[0]);
    saved.mixed.resize(spare(m) * mixed_stride);
    saved.lse.resize(heads.queries * m);
    let qkv = [0, 1, 2].map(|i| view(&saved.qkv[i], widths[i]));
    timed(Part::Attention, || {
        let before = (work.earlier > 0).then(|| Before {
            len: work.earlier,
            views: [view(&work.before[0], widths[1]), view(&work.before[1], widths[2])],
        });
        attention::forward(isa, heads, forest, qkv, before, (&mut saved.mixed, mixed_stride), &mut saved.lse);
    });
    let uses = residual(isa, h, x, saved.mid.resize(m * h));
    linear::forward(of(1), &[o], view(&saved.mixed, widths[0]), &mut saved.low[1], uses, &mut work.scratch);

    normed(step, frame, &saved.mid, &layer.post_norm, &mut work.input);
    let stride = padded(f);
    let keep = [Shared::new(saved.gate.resize(m * f)), Shared::new(saved.up.resize(m * f))];
    let out = Shared::new(work.product.resize(spare(m) * stride));
    let finish = move |mut block: Block<'_>| {
        for r in 0..block.rows {
            let (row, column, columns) = (block.row + r, block.column, block.columns);
            // SAFETY: these rows and columns are this task's.
            let (keep, out) =
                unsafe { (keep.map(|k| k.part(row, f, column, columns)), out.part(row, stride, column, columns)) };
            let (gate, up) = block.pair(r);
            ops::swiglu_row(isa, gate, up, keep, out);
        }
    };
    let touches = vec![Touch::write(keep[0], f), Touch::write(keep[1], f), Touch::write(out, stride)];
    let uses = vec![Use { layers: 0..2, align: 1, finish: Finish::With(touches, Box::new(finish)) }];
    linear::forward(of(2), &[gate, up], view(&work.input, h), &mut saved.low[2], uses, &mut work.scratch);
    let uses = residual(isa, h, &saved.mid, y);
    linear::forward(of(3), &[down], view(&work.product, f), &mut saved.low[3], uses, &mut work.scratch);
}

/// `to = from + sums`, `[m, H]` each.
fn residual<'a, E: Number>(isa: Isa, h: usize, from: &'a [f32], to: &'a mut [f32]) -> Vec<Use<'a, E>> {
    let out = Shared::new(to);
    let finish = move |mut block: Block<'_>| {
        for r in 0..block.rows {
            let (row, column, columns) = (block.row + r, block.column, block.columns);
            let sums = block.part(0, r);
            ops::add_row(isa, sums, &from[row * h + column..][..columns]);
            // SAFETY: these rows and columns are this task's.
            unsafe { out.part(row, h, column, columns) }.copy_from_slice(sums);
        }
    };
    let touches = vec![Touch::read(from, h), Touch::write(out, h)];
    vec![Use { layers: 0..1, align: 1, finish: Finish::With(touches, Box::new(finish)) }]
}

/// Turns `d [m, H]`, the derivative by a layer's output, into that by its input, and adds the adapters' gradients.
///
/// The lowest layer's input is not trained: nothing goes back to it, and `d` is left as it is.
#[allow(clippy::too_many_arguments, reason = "a layer with its surroundings")]
pub fn backward<E: Number + Workplace>(
    step: Step<'_>,
    frame: &Frame,
    layer: &Layer,
    forest: &Forest,
    x: &[f32],
    d: &mut [f32],
    lowest: bool,
    gradients: &mut [f32],
    saved: &Saved<E>,
    work: &mut Work<E>,
) {
    let (isa, m) = (step.isa, step.m);
    let (h, f, heads) = (frame.hidden, frame.inner, frame.heads);
    let widths = [heads.queries * heads.width, heads.keys * heads.width, heads.keys * heads.width];
    let [q, k, v, o, gate, up, down] = &layer.linears;
    // Each input of a layer has a mask of its own.
    let of = |group| Step { noise: step.noise.map(|n| n.part(group)), ..step };
    let Work { input, wide, by_input, product, by_gate, by_up, by, by_qkv, by_mixed, parts, cos, sin, scratch, .. } =
        work;
    let (stride_h, stride_f) = (padded(h), padded(f));

    // The feed-forward half.
    ops::narrow_rows(isa, m, h, (d, h), (by.resize(spare(m) * stride_h), stride_h));
    let outs = [&mut *by_gate, &mut *by_up, &mut *product].map(|b| Shared::new(b.resize(spare(m) * stride_f)));
    let finish = |mut block: Block<'_>| {
        for r in 0..block.rows {
            let (row, column, columns) = (block.row + r, block.column, block.columns);
            // SAFETY: these rows and columns are this task's.
            let outs = unsafe { outs.map(|o| o.part(row, stride_f, column, columns)) };
            let at = row * f + column;
            let (gate, up) = (&saved.gate[at..][..columns], &saved.up[at..][..columns]);
            ops::swiglu_row_back(isa, gate, up, block.part(0, r), outs);
        }
    };
    let mut touches = vec![Touch::read(&saved.gate, f), Touch::read(&saved.up, f)];
    touches.extend(outs.map(|o| Touch::write(o, stride_f)));
    linear::backward(of(3), &[down], &[view(by, h)], Some(Finish::With(touches, Box::new(finish))), scratch);
    linear::accumulate(of(3), &[down], view(product, f), &saved.low[3], &[view(by, h)], gradients, scratch);

    let views = [view(by_gate, f), view(by_up, f)];
    let to = Shared::new(by_input.resize(m * h));
    linear::backward(of(2), &[gate, up], &views, Some(Finish::Wide(to, h)), scratch);
    normed(step, frame, &saved.mid, &layer.post_norm, input);
    linear::accumulate(of(2), &[gate, up], view(input, h), &saved.low[2], &views, gradients, scratch);
    norm_back(step, frame, &saved.mid, &layer.post_norm, by_input, d);

    // The attention half.
    ops::narrow_rows(isa, m, h, (d, h), (by, stride_h));
    let [by_q, by_k, by_v] = wide;
    let mixed_stride = padded(widths[0]);
    let mixed = view(&saved.mixed, widths[0]);
    let to = Shared::new(by_mixed.resize(spare(m) * mixed_stride));
    linear::backward(of(1), &[o], &[view(by, h)], Some(Finish::Narrow(to, mixed_stride)), scratch);
    linear::accumulate(of(1), &[o], mixed, &saved.low[1], &[view(by, h)], gradients, scratch);
    let kept = attention::Kept {
        qkv: [0, 1, 2].map(|i| view(&saved.qkv[i], widths[i])),
        out: mixed,
        lse: &saved.lse,
        by: view(by_mixed, widths[0]),
    };
    let by_wide = [by_q.resize(m * widths[0]), by_k.resize(m * widths[1]), by_v.resize(m * widths[2])];
    timed(Part::Attention, || attention::backward(isa, heads, forest, &kept, by_wide, parts));
    for i in 0..3 {
        let width = widths[i];
        let stride = padded(width);
        let half = heads.width / 2;
        let norm = layer.head_norms.as_ref().filter(|_| i < 2).map(|n| n[i].as_slice());
        let from = Shared::new(match i {
            0 => &mut *by_q,
            1 => &mut *by_k,
            _ => &mut *by_v,
        });
        let out = Shared::new(by_qkv[i].resize(spare(m) * stride));
        ops::rows(m, |r| {
            // SAFETY: each row is one task's.
            let (row, out) = unsafe { (from.row(r, width, width), out.row(r, stride, stride)) };
            if i < 2 {
                ops::rotate_row(isa, row, &cos[r * half..][..half], &sin[r * half..][..half], -1.0);
            }
            if let Some(norm) = norm {
                let raw = &saved.raw[i][r * stride..][..width];
                for (head, raw) in row.chunks_exact_mut(heads.width).zip(raw.chunks_exact(heads.width)) {
                    ops::norm_back_in_place(isa, raw, norm, frame.eps, head);
                }
            }
            let (values, padding) = out.split_at_mut(width);
            pack::narrow(isa, row, values);
            padding.fill(E::default());
        });
    }
    let views = [0, 1, 2].map(|i| view(&by_qkv[i], widths[i]));
    let dx = if lowest { None } else { Some(Finish::Wide(Shared::new(by_input), h)) };
    linear::backward(of(0), &[q, k, v], &views, dx, scratch);
    normed(step, frame, x, &layer.input_norm, input);
    linear::accumulate(of(0), &[q, k, v], view(input, h), &saved.low[0], &views, gradients, scratch);
    if !lowest {
        norm_back(step, frame, x, &layer.input_norm, by_input, d);
    }
}

/// Adds to `d` what comes back through a norm.
pub fn norm_back(step: Step<'_>, frame: &Frame, x: &[f32], weight: &[f32], by: &[f32], d: &mut [f32]) {
    let h = frame.hidden;
    let out = Shared::new(d);
    ops::rows(step.m, |r| {
        // SAFETY: each row is one task's.
        let d = unsafe { out.row(r, h, h) };
        ops::norm_row_back(step.isa, &x[r * h..][..h], weight, frame.eps, &by[r * h..][..h], d);
    });
}
