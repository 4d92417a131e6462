//! The fast engine: forward and backward by hand on the CPU, with kernels of our own.
//!
//! Rows of a batch are laid end to end and common prefixes once ([`forest`]); products run on tiles, on bf16 pairs or
//! in f32, whatever the machine has ([`isa`], [`kernel`]), from weights in f32, bf16, Q8_0 or NF4 that are widened while
//! panels are packed ([`frozen`], [`source`], [`product`]); the head runs on label rows only ([`head`]). Buffers are
//! taken in the first step and reused. [`super::Portable`] is the oracle.

#[macro_use]
pub(crate) mod simd;

mod attention;
mod buffer;
mod core;
mod element;
mod forest;
pub(crate) mod frozen;
mod head;
pub(crate) mod isa;
mod kernel;
pub(crate) mod layer;
mod linear;
pub(crate) mod load;
mod merged;
pub(crate) mod ops;
mod pack;
mod product;
pub mod profile;
pub mod reader;
mod source;
mod stored;
pub mod stream;

use std::cell::RefCell;

use self::core::{Keep, Model, Work};
use attention::Workplace;
use forest::Forest;
use linear::Noise;
use product::Number;

use super::{Engine, EngineError, Parameter};
use crate::batch::{IGNORE, Sequence};
use crate::train::objective::LabelLogps;

pub use crate::train::estimate::Base;
pub(crate) use frozen::Frozen;
pub use isa::Isa;
pub(crate) use layer::{Frame, Layer};
pub use load::{Options, Weights, engine};
pub(crate) use simd::simd as simd_call;

/// A student with its adapters in one number format.
struct Cpu<E> {
    isa: Isa,
    model: Model,
    parameters: Vec<Parameter>,
    values: Vec<f32>,
    keep: Keep,
    share: bool,
    /// Share of dropped values, and what the draws start from.
    dropout: (f32, u64),
    /// The update, and forward passes in it so far.
    at: (u64, u64),
    work: RefCell<Work<E>>,
}

impl<E: Number + Workplace> Cpu<E> {
    fn lay(&self, sequences: &[&Sequence]) -> Result<Forest, EngineError> {
        let vocabulary = self.model.embedding.rows();
        for sequence in sequences {
            let labels = sequence.labels.iter().filter(|&&label| label != IGNORE);
            let labels = labels.map(|&label| u32::try_from(label).unwrap_or(u32::MAX));
            if let Some(id) = sequence.input_ids.iter().copied().chain(labels).find(|&id| id as usize >= vocabulary) {
                return Err(EngineError::Token { id, vocabulary });
            }
        }
        Ok(Forest::new(sequences, self.share))
    }

    fn run(&self, sequences: &[&Sequence], keep: Keep, noise: Option<Noise>) -> Result<LabelLogps, EngineError> {
        let forest = self.lay(sequences)?;
        let offsets = forest.offsets.clone();
        if forest.targets.is_empty() {
            return Ok(LabelLogps { offsets, ..LabelLogps::default() });
        }
        let said = self.work.borrow_mut().forward(self.isa, &self.model, &self.values, forest, keep, noise);
        Ok(LabelLogps { logps: said.logps, hits: said.hits, offsets })
    }
}

impl<E: Number + Workplace> Engine for Cpu<E> {
    fn parameters(&self) -> &[Parameter] {
        &self.parameters
    }

    fn read(&self) -> Result<Vec<f32>, EngineError> {
        Ok(self.values.clone())
    }

    fn write(&mut self, values: &[f32]) -> Result<(), EngineError> {
        self.values.copy_from_slice(values);
        Ok(())
    }

    fn begin(&mut self, update: u64) {
        self.at = (update, 0);
    }

    fn forward(&mut self, sequences: &[&Sequence]) -> Result<LabelLogps, EngineError> {
        let (share, seed) = self.dropout;
        let noise = Noise { share, key: seed }.part(self.at.0).part(self.at.1);
        self.at.1 += 1;
        self.run(sequences, self.keep, (share > 0.0).then_some(noise))
    }

    fn backward(&mut self, upstream: &[f32], gradients: &mut [f32]) -> Result<(), EngineError> {
        if upstream.is_empty() {
            return Ok(());
        }
        assert_eq!(gradients.len(), self.values.len(), "a gradient for every parameter");
        let work = self.work.get_mut();
        if work.backward(self.isa, &self.model, &self.values, upstream, gradients, self.keep) {
            Ok(())
        } else {
            Err(EngineError::NoForward)
        }
    }

    fn score(&self, sequences: &[&Sequence]) -> Result<LabelLogps, EngineError> {
        self.run(sequences, Keep::Nothing, None)
    }

    fn next_tokens(&self, sequences: &[&[u32]]) -> Result<Vec<u32>, EngineError> {
        // A label behind the last token asks for the state of that token.
        let asked: Vec<Sequence> = sequences
            .iter()
            .map(|ids| {
                let labels = (0..=ids.len()).map(|t| if t < ids.len() { IGNORE } else { 0 }).collect();
                Sequence { input_ids: ids.to_vec(), labels, prompt: 0..0, thought: 0..0 }
            })
            .collect();
        let forest = self.lay(&asked.iter().collect::<Vec<_>>())?;
        Ok(self.work.borrow_mut().likeliest(self.isa, &self.model, &self.values, forest))
    }
}
