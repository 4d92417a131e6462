//! The whole model, forward and backward, in one number format.

use super::attention::Workplace;
use super::buffer::Buffer;
use super::element::ROWS;
use super::forest::Forest;
use super::frozen::Frozen;
use super::head;
use super::isa::Isa;
use super::layer::{self, Frame, Layer, Saved};
use super::linear::{Noise, Step};
use super::ops;
use super::product::Number;
use super::profile::{Part, timed};

/// A student with frozen weights and adapters.
pub struct Model {
    /// What the layers share.
    pub frame: Frame,
    /// `[V, H]`.
    pub embedding: Frozen,
    /// In order.
    pub layers: Vec<Layer>,
    /// `[H]`.
    pub norm: Vec<f32>,
    /// `[V, H]`; `None` when the embedding is the head.
    pub head: Option<Frozen>,
}

impl Model {
    pub fn head(&self) -> &Frozen {
        self.head.as_ref().unwrap_or(&self.embedding)
    }
}

/// Buffers of a step.
pub struct Work<E> {
    forest: Forest,
    /// Inputs of all layers, and the last one's output.
    states: Vec<Buffer<f32>>,
    saved: Vec<Saved<E>>,
    layer: layer::Work<E>,
    head: head::Scratch<E>,
    /// Derivatives of log-probabilities by normalised states, `[L, H]`.
    by_states: Buffer<f32>,
    d: Buffer<f32>,
    by_final: Buffer<f32>,
    /// Of the last forward pass.
    noise: Option<Noise>,
    pending: bool,
}

impl<E: Number> Default for Work<E> {
    fn default() -> Self {
        Self {
            forest: Forest::default(),
            states: Vec::new(),
            saved: Vec::new(),
            layer: layer::Work::default(),
            head: head::Scratch::default(),
            by_states: Buffer::default(),
            d: Buffer::default(),
            by_final: Buffer::default(),
            noise: None,
            pending: false,
        }
    }
}

impl<E: Number + Workplace> Work<E> {
    fn run(&mut self, isa: Isa, model: &Model, values: &[f32], keep: Keep, noise: Option<Noise>) {
        let m = self.forest.ids.len();
        let h = model.frame.hidden;
        let states = if keep == Keep::Nothing { 2 } else { model.layers.len() + 1 };
        self.states.resize_with(states.max(self.states.len()), Buffer::default);
        let whole = m.next_multiple_of(ROWS);
        let first = self.states[0].resize(whole * h);
        for (row, &id) in self.forest.ids.iter().enumerate() {
            model.embedding.read_f32(id as usize, 0, &mut first[row * h..][..h]);
        }
        self.layer.angles(&model.frame, &self.forest.positions);
        let kept = if keep == Keep::All { model.layers.len() } else { 1 };
        self.saved.resize_with(kept.max(self.saved.len()), Saved::default);
        for (i, layer) in model.layers.iter().enumerate() {
            let (from, to) = if keep == Keep::Nothing { (i % 2, (i + 1) % 2) } else { (i, i + 1) };
            self.states[to].resize(whole * h);
            let [x, y] = both(&mut self.states, from, to);
            let saved = &mut self.saved[if keep == Keep::All { i } else { 0 }];
            let step = Step { isa, m, values, noise: noise.map(|n| n.part(i as u64)) };
            layer::forward(step, &model.frame, layer, &self.forest, x, y, saved, &mut self.layer);
        }
    }

    fn last(&self, model: &Model, keep: Keep) -> usize {
        if keep == Keep::Nothing { model.layers.len() % 2 } else { model.layers.len() }
    }

    /// Log-probabilities of all labels of a batch; with anything kept, [`Self::backward`] may follow.
    pub fn forward(
        &mut self,
        isa: Isa,
        model: &Model,
        values: &[f32],
        forest: Forest,
        keep: Keep,
        noise: Option<Noise>,
    ) -> head::Said {
        self.forest = forest;
        self.pending = keep != Keep::Nothing;
        self.noise = noise;
        self.run(isa, model, values, keep, noise);
        let last = self.last(model, keep);
        timed(Part::Head, || {
            head::labels(
                isa,
                model.head(),
                &model.norm,
                model.frame.eps,
                &self.states[last],
                &self.forest.label_rows,
                &self.forest.targets,
                self.pending.then_some(&mut self.by_states),
                &mut self.head,
            )
        })
    }

    /// The likeliest token after every label row of a batch.
    pub fn likeliest(&mut self, isa: Isa, model: &Model, values: &[f32], forest: Forest) -> Vec<u32> {
        self.forest = forest;
        self.pending = false;
        self.run(isa, model, values, Keep::Nothing, None);
        let last = self.last(model, Keep::Nothing);
        let rows = &self.forest.label_rows;
        head::likeliest(isa, model.head(), &model.norm, model.frame.eps, &self.states[last], rows, &mut self.head)
    }

    /// Adds `Σ upstream · ∂ logp / ∂ θ`; false when there was no forward pass to go back from.
    pub fn backward(
        &mut self,
        isa: Isa,
        model: &Model,
        values: &[f32],
        upstream: &[f32],
        gradients: &mut [f32],
        keep: Keep,
    ) -> bool {
        if !std::mem::take(&mut self.pending) {
            return false;
        }
        let m = self.forest.ids.len();
        let h = model.frame.hidden;
        let plain = Step { isa, m, values, noise: None };
        let whole = m.next_multiple_of(ROWS);
        self.by_final.resize(whole * h).fill(0.0);
        for ((&row, &u), by) in self.forest.label_rows.iter().zip(upstream).zip(self.by_states.chunks_exact(h)) {
            ops::add_scaled(isa, &mut self.by_final[row * h..][..h], by, u);
        }
        self.d.resize(whole * h).fill(0.0);
        let last = &self.states[model.layers.len()];
        layer::norm_back(plain, &model.frame, last, &model.norm, &self.by_final, &mut self.d);
        for (i, layer) in model.layers.iter().enumerate().rev() {
            let step = Step { noise: self.noise.map(|n| n.part(i as u64)), ..plain };
            if keep == Keep::Inputs {
                // The output is of no use any more; it is written where the next layer's input lay.
                let [x, y] = both(&mut self.states, i, i + 1);
                layer::forward(step, &model.frame, layer, &self.forest, x, y, &mut self.saved[0], &mut self.layer);
            }
            let saved = &self.saved[if keep == Keep::All { i } else { 0 }];
            layer::backward(
                step,
                &model.frame,
                layer,
                &self.forest,
                &self.states[i],
                &mut self.d,
                i == 0,
                gradients,
                saved,
                &mut self.layer,
            );
        }
        true
    }
}

/// What a forward pass leaves behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// Scoring.
    Nothing,
    /// The layers' inputs; everything else is computed again on the way back.
    Inputs,
    /// All that the way back reads.
    All,
}

fn both<T>(items: &mut [T], a: usize, b: usize) -> [&mut T; 2] {
    let (low, high) = items.split_at_mut(a.max(b));
    if a < b { [&mut low[a], &mut high[0]] } else { [&mut high[0], &mut low[b]] }
}
