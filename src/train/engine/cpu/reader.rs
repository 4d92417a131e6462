//! Reading a prompt into a cache: the same layers, with keys and values of earlier positions brought along.

use super::attention::Workplace;
use super::buffer::Buffer;
use super::element::{Bf16, ROWS, padded};
use super::forest::Forest;
use super::isa::Isa;
use super::layer::{self, Frame, Layer, Saved};
use super::linear::Step;
use super::product::Number;

/// Tokens that go through the layers together.
const CHUNK: usize = 512;

/// Keys and values of the positions so far, `[key heads · width]` each.
pub trait Memory {
    /// Reads those of a position.
    fn load(&self, layer: usize, position: usize, keys: &mut [f32], values: &mut [f32]);

    /// Keeps those of a position.
    fn store(&mut self, layer: usize, position: usize, keys: &[f32], values: &[f32]);
}

/// Reads prompts.
pub trait Reader: Send {
    /// Sends `ids`, whose embeddings are `states [m, H]`, through all layers. The last layer's states of the last token
    /// come back, `[H]`. `past` positions are in `memory`, which then holds these too. `go_on` says no to stop: `None`.
    #[allow(clippy::too_many_arguments, reason = "a model, a prompt and a memory")]
    fn read(
        &mut self,
        frame: &Frame,
        layers: &[Layer],
        ids: &[u32],
        states: &mut dyn FnMut(u32, &mut [f32]),
        past: usize,
        memory: &mut dyn Memory,
        go_on: &mut dyn FnMut(usize) -> bool,
    ) -> Option<Vec<f32>>;
}

/// The best reader for this machine.
#[must_use]
pub fn reader() -> Box<dyn Reader> {
    match Isa::best_bf16() {
        Some(isa) => Box::new(Through::<Bf16>::new(isa)),
        None => Box::new(Through::<f32>::new(Isa::best_f32())),
    }
}

struct Through<E> {
    isa: Isa,
    work: layer::Work<E>,
    saved: Saved<E>,
    states: [Buffer<f32>; 2],
}

impl<E: Number> Through<E> {
    fn new(isa: Isa) -> Self {
        Self { isa, work: layer::Work::default(), saved: Saved::default(), states: Default::default() }
    }
}

impl<E: Number + Workplace> Reader for Through<E> {
    fn read(
        &mut self,
        frame: &Frame,
        layers: &[Layer],
        ids: &[u32],
        embed: &mut dyn FnMut(u32, &mut [f32]),
        past: usize,
        memory: &mut dyn Memory,
        go_on: &mut dyn FnMut(usize) -> bool,
    ) -> Option<Vec<f32>> {
        let h = frame.hidden;
        let heads = frame.heads;
        let (width, stride) = (heads.keys * heads.width, padded(heads.keys * heads.width));
        let mut last = None;
        for (c, chunk) in ids.chunks(CHUNK).enumerate() {
            if !go_on(c * CHUNK) {
                return None;
            }
            let past = past + c * CHUNK;
            let forest = Forest::continuing(chunk, past);
            let m = chunk.len();
            let [x, y] = &mut self.states;
            x.resize(m.next_multiple_of(ROWS) * h);
            for (&id, row) in chunk.iter().zip(x.chunks_exact_mut(h)) {
                embed(id, row);
            }
            let step = Step { isa: self.isa, m, values: &[], noise: None };
            self.work.angles(frame, &forest.positions);
            for (i, layer) in layers.iter().enumerate() {
                self.work.put_before(heads, past, |row, keys, values| memory.load(i, row, keys, values));
                y.resize(x.len());
                layer::forward(step, frame, layer, &forest, x, y, &mut self.saved, &mut self.work);
                let [_, keys, values] = self.saved.qkv();
                let mut wide = [vec![0.0; width], vec![0.0; width]];
                for row in 0..m {
                    for (wide, from) in wide.iter_mut().zip([keys, values]) {
                        for (to, from) in wide.iter_mut().zip(&from[row * stride..]) {
                            *to = from.wide();
                        }
                    }
                    memory.store(i, past + row, &wide[0], &wide[1]);
                }
                std::mem::swap(x, y);
            }
            last = Some(x[(m - 1) * h..][..h].to_vec());
        }
        last
    }
}
