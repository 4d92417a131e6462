//! A forward pass of fixed sequences through weights that are in memory one layer at a time.
//!
//! For what reads a model once from end to end: importance matrices and the comparison of a model with its quantised
//! form. Memory is one layer, the states of all tokens, and the last layer's states of the positions that are asked for.

use super::attention::Workplace;
use super::buffer::Buffer;
use super::element::{Bf16, ROWS, padded};
use super::forest::Forest;
use super::frozen::Frozen;
use super::head;
use super::isa::Isa;
use super::layer::{self, Frame, Saved, normed};
use super::linear::Step;
use super::load::{self, Weights};
use super::ops;
use super::product::Number;
use rayon::prelude::*;

use crate::batch::Sequence;
use crate::train::engine::EngineError;
use crate::train::estimate::Base;

/// Tokens that go through a layer together.
const BATCH_TOKENS: usize = 2048;

/// What goes into the products of a layer: the modules that read it share one input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input {
    /// Of q, k and v.
    Attention,
    /// Of o.
    Mixed,
    /// Of gate and up.
    FeedForward,
    /// Of down.
    Inner,
}

impl Input {
    /// All four.
    pub const ALL: [Self; 4] = [Self::Attention, Self::Mixed, Self::FeedForward, Self::Inner];

    /// The modules that read it.
    #[must_use]
    pub const fn modules(self) -> &'static [&'static str] {
        match self {
            Self::Attention => &["q_proj", "k_proj", "v_proj"],
            Self::Mixed => &["o_proj"],
            Self::FeedForward => &["gate_proj", "up_proj"],
            Self::Inner => &["down_proj"],
        }
    }
}

/// Watches a pass.
pub trait Watch {
    /// Sums of squares by column of an input of layer `layer`, `[columns]`, over `tokens` tokens; called any number of
    /// times per layer and input.
    fn squares(&mut self, layer: usize, input: Input, sums: &[f32], tokens: usize) {
        let _ = (layer, input, sums, tokens);
    }

    /// Whether [`Watch::squares`] is to be called at all.
    fn wants_squares(&self) -> bool {
        false
    }

    /// `done` of `total` layers; false ends the pass.
    fn progress(&mut self, done: usize, total: usize) -> bool {
        let _ = (done, total);
        true
    }
}

/// The last states of the positions that predict labels, with the head that turns them into logits.
pub trait Logits {
    /// Positions.
    fn positions(&self) -> usize;

    /// Tokens.
    fn vocabulary(&self) -> usize;

    /// Logits of positions `first ..`, as many as `out` has rows of [`Logits::vocabulary`] values.
    fn logits(&mut self, first: usize, out: &mut [f32]);
}

/// Sends `sequences` through a model. Positions are those whose next token is a label, in order, of one sequence after
/// the other; `share` lays common prefixes down once.
///
/// `None` when the watch ended the pass.
///
/// # Errors
/// Weights that cannot be read; a token that the model does not know; a sequence longer than it reads.
pub fn run(
    weights: &dyn Weights,
    base: Base,
    sequences: &[&Sequence],
    share: bool,
    watch: &mut dyn Watch,
) -> Result<Option<Box<dyn Logits>>, EngineError> {
    match Isa::best_bf16() {
        Some(isa) if base != Base::F32 => pass::<Bf16>(isa, weights, base, sequences, share, watch),
        _ => pass::<f32>(Isa::best_f32(), weights, base, sequences, share, watch),
    }
}

struct Batch {
    forest: Forest,
    states: Buffer<f32>,
}

fn pass<E: Number + Workplace>(
    isa: Isa,
    weights: &dyn Weights,
    base: Base,
    sequences: &[&Sequence],
    share: bool,
    watch: &mut dyn Watch,
) -> Result<Option<Box<dyn Logits>>, EngineError> {
    let config = weights.config();
    let frame = load::frame(config);
    let (h, layers) = (frame.hidden, config.num_hidden_layers);
    let embedding = weights.matrix("model.embed_tokens.weight", load::outer(base))?;
    let vocabulary = embedding.rows();
    let limit = config.context_limit();
    for sequence in sequences {
        let tokens = sequence.input_ids.len();
        if tokens > limit {
            return Err(EngineError::TooLong { tokens, limit });
        }
        if let Some(&id) = sequence.input_ids.iter().find(|&&id| id as usize >= vocabulary) {
            return Err(EngineError::Token { id, vocabulary });
        }
    }
    let mut batches: Vec<Batch> = cut(sequences).map(|part| Batch::new(part, share, &embedding, h)).collect();
    let head = load::head(weights, base)?;
    let mut work = layer::Work::<E>::default();
    let mut saved = Saved::<E>::default();
    let mut next = Buffer::<f32>::default();
    for i in 0..layers {
        if !watch.progress(i, layers) {
            return Ok(None);
        }
        let layer = load::layer(weights, base, i)?;
        for Batch { forest, states } in &mut batches {
            let m = forest.ids.len();
            let step = Step { isa, m, values: &[], noise: None };
            work.angles(&frame, &forest.positions);
            next.resize(states.len());
            layer::forward(step, &frame, &layer, forest, states, &mut next, &mut saved, &mut work);
            if watch.wants_squares() {
                tell::<E>(step, &frame, &layer, states, &saved, &mut work, &mut |input, sums| {
                    watch.squares(i, input, sums, m);
                });
            }
            std::mem::swap(states, &mut next);
        }
    }
    watch.progress(layers, layers);
    let positions = batches.iter().map(|b| b.forest.label_rows.len()).sum::<usize>();
    let mut last = Buffer::<f32>::zeros(positions * h);
    let mut rows = last.chunks_exact_mut(h);
    for Batch { forest, states } in &batches {
        for (&row, to) in forest.label_rows.iter().zip(&mut rows) {
            to.copy_from_slice(&states[row * h..][..h]);
        }
    }
    let norm = weights.vector("model.norm.weight")?;
    let head = head.unwrap_or(embedding);
    Ok(Some(Box::new(Final::<E> { isa, positions, last, norm, eps: frame.eps, head, scratch: Buffer::default() })))
}

/// Runs of sequences of about [`BATCH_TOKENS`].
fn cut<'a>(sequences: &'a [&'a Sequence]) -> impl Iterator<Item = &'a [&'a Sequence]> {
    let mut rest = sequences;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let mut tokens = 0;
        let more = rest.iter().take_while(|s| {
            let fits = tokens == 0 || tokens + s.input_ids.len() <= BATCH_TOKENS;
            tokens += s.input_ids.len();
            fits
        });
        let (part, after) = rest.split_at(more.count());
        rest = after;
        Some(part)
    })
}

impl Batch {
    fn new(part: &[&Sequence], share: bool, embedding: &Frozen, h: usize) -> Self {
        let forest = Forest::new(part, share);
        let mut states = Buffer::zeros(forest.ids.len().next_multiple_of(ROWS) * h);
        for (&id, row) in forest.ids.iter().zip(states.chunks_exact_mut(h)) {
            embedding.read_f32(id as usize, 0, row);
        }
        Self { forest, states }
    }
}

/// Sums up the squares of a layer's inputs after its forward pass.
fn tell<E: Number>(
    step: Step<'_>,
    frame: &Frame,
    layer: &layer::Layer,
    x: &[f32],
    saved: &Saved<E>,
    work: &mut layer::Work<E>,
    squares: &mut dyn FnMut(Input, &[f32]),
) {
    let mut sum = |input: Input, from: &[E], columns: usize| {
        let mut sums = vec![0.0f32; columns];
        sums.par_chunks_mut(256).enumerate().for_each(|(c, sums)| {
            for row in from.chunks(padded(columns)).take(step.m) {
                ops::add_squares(step.isa, sums, &row[c * 256..][..sums.len()]);
            }
        });
        squares(input, &sums);
    };
    // The input of the second half still lies in the working set; that of the first has been written over.
    sum(Input::FeedForward, work.input(), frame.hidden);
    sum(Input::Inner, work.product(), frame.inner);
    sum(Input::Mixed, saved.mixed(), frame.heads.queries * frame.heads.width);
    normed(step, frame, x, &layer.input_norm, work.input_mut());
    sum(Input::Attention, work.input(), frame.hidden);
}

struct Final<E> {
    isa: Isa,
    positions: usize,
    last: Buffer<f32>,
    norm: Vec<f32>,
    eps: f32,
    head: Frozen,
    scratch: Buffer<E>,
}

impl<E: Number> Logits for Final<E> {
    fn positions(&self) -> usize {
        self.positions
    }

    fn vocabulary(&self) -> usize {
        self.head.rows()
    }

    fn logits(&mut self, first: usize, out: &mut [f32]) {
        let count = out.len() / self.head.rows();
        let rows: Vec<usize> = (first..first + count).collect();
        head::logits(self.isa, &self.head, &self.norm, self.eps, &self.last, &rows, out, &mut self.scratch);
    }
}
