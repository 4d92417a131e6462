//! A model that answers: prompts by the tiled products of the training engine, single tokens by products of quantised
//! rows with quantised activations, straight from the file.

use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::attend::{self, attend};
use super::cache::Cache;
use super::dot::{Activations, DotError, Matrix, Part, Team, products};
use crate::gguf::names::RowOrder;
use crate::gguf::{GgmlType, GgufModel};
use crate::hub::LlamaConfig;
use crate::train::engine::EngineError;
use crate::train::engine::cpu::reader::{Reader, reader};
use crate::train::engine::cpu::{Frame, Frozen, Isa, Layer, Weights, load, ops};
use crate::train::estimate::Base;

/// From this many tokens on a prompt goes through tiles: each weight is then widened once for all of them.
const PROMPT: usize = 9;

/// A decoder could not be made or asked.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// The weights.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// Formats that do not fit.
    #[error(transparent)]
    Dot(#[from] DotError),
    /// More tokens than the model reads.
    #[error("the conversation has {tokens} tokens, the model reads {limit}")]
    TooLong {
        /// Asked for.
        tokens: usize,
        /// What is possible.
        limit: usize,
    },
    /// A token that the model does not know.
    #[error("token {id} is not among the model's {vocabulary}: the tokenizer belongs to another model")]
    Token {
        /// Which.
        id: u32,
        /// Rows of the embedding.
        vocabulary: usize,
    },
    /// The weights or what comes of them are no numbers.
    #[error("the model's answer is no number: `{}` is damaged or its training diverged", path.display())]
    NotFinite {
        /// Where the weights are from.
        path: PathBuf,
    },
}

/// A model on the CPU, ready to answer.
pub struct Decoder {
    config: LlamaConfig,
    frame: Frame,
    embedding: Frozen,
    layers: Vec<Layer>,
    norm: Vec<f32>,
    head: Option<Frozen>,
    isa: Isa,
    team: Team,
    scratch: Mutex<Scratch>,
    path: PathBuf,
}

#[derive(Default)]
struct Scratch {
    reader: Option<Box<dyn Reader>>,
    acts: Activations,
    x: Vec<f32>,
    normed: Vec<f32>,
    parts: [Vec<f32>; 3],
    mixed: Vec<f32>,
    turned: Vec<f32>,
    cos: Vec<f32>,
    sin: Vec<f32>,
    attend: Vec<Mutex<attend::Scratch>>,
}

impl Decoder {
    /// Loads all layers. What is stored in ggml's blocks is read where the file has it; a folder's weights are held in
    /// bf16, or in f32 where `base` says so. `threads` of 0 are as many as there are processors.
    ///
    /// # Errors
    /// Weights that cannot be read.
    pub fn new(weights: &dyn Weights, base: Base, threads: usize, path: PathBuf) -> Result<Self, DecodeError> {
        let config = weights.config().clone();
        let layers =
            (0..config.num_hidden_layers).map(|i| load::layer(weights, base, i)).collect::<Result<Vec<_>, _>>()?;
        let threads = if threads == 0 { std::thread::available_parallelism().map_or(1, usize::from) } else { threads };
        Ok(Self {
            frame: load::frame(&config),
            embedding: weights.matrix("model.embed_tokens.weight", base)?,
            layers,
            norm: weights.vector("model.norm.weight")?,
            head: load::head(weights, base)?,
            isa: Isa::best_f32(),
            team: Team::new(threads),
            scratch: Mutex::default(),
            config,
            path,
        })
    }

    /// A GGUF.
    ///
    /// # Errors
    /// As [`Decoder::new`].
    pub fn of_gguf(file: &Arc<GgufModel>, threads: usize, path: PathBuf) -> Result<Self, DecodeError> {
        Self::new(file, Base::Bf16, threads, path)
    }

    /// Sizes and rope.
    #[must_use]
    pub const fn config(&self) -> &LlamaConfig {
        &self.config
    }

    /// Threads that work on a token.
    #[must_use]
    pub fn threads(&self) -> usize {
        self.team.threads()
    }

    /// An empty cache for this model.
    #[must_use]
    pub fn cache(&self) -> Cache {
        Cache::new(self.layers.len(), self.frame.heads.keys, self.frame.heads.width)
    }

    /// Reads `ids`, which follow what `cache` holds, and writes the logits of the token after the last, `[V]`.
    ///
    /// `go_on(tokens read)` is asked between parts of a long prompt; when it says no the cache keeps what it had and
    /// false comes back.
    ///
    /// # Errors
    /// A text longer than the model reads, a token that it does not know, an answer that is no number.
    pub fn read(
        &self,
        cache: &mut Cache,
        ids: &[u32],
        logits: &mut Vec<f32>,
        go_on: &mut dyn FnMut(usize) -> bool,
    ) -> Result<bool, DecodeError> {
        let (past, limit) = (cache.len(), self.config.context_limit());
        if past + ids.len() > limit {
            return Err(DecodeError::TooLong { tokens: past + ids.len(), limit });
        }
        let vocabulary = self.embedding.rows();
        if let Some(&id) = ids.iter().find(|&&id| id as usize >= vocabulary) {
            return Err(DecodeError::Token { id, vocabulary });
        }
        if ids.is_empty() {
            return Ok(true);
        }
        let mut scratch = self.scratch.lock().unwrap_or_else(PoisonError::into_inner);
        let scratch = &mut *scratch;
        let last = if ids.len() >= PROMPT {
            let reader = scratch.reader.get_or_insert_with(reader);
            let mut embed = |id: u32, to: &mut [f32]| self.embedding.read_f32(id as usize, 0, to);
            match reader.read(&self.frame, &self.layers, ids, &mut embed, past, cache, go_on) {
                Some(last) => last,
                None => return Ok(false),
            }
        } else {
            self.step(cache, ids, scratch)?
        };
        cache.grown(past + ids.len());
        self.head(&last, scratch, logits)?;
        Ok(true)
    }

    /// A few tokens, all layers; the last layer's state of the last of them.
    fn step(&self, cache: &mut Cache, ids: &[u32], scratch: &mut Scratch) -> Result<Vec<f32>, DecodeError> {
        let (m, h, f) = (ids.len(), self.frame.hidden, self.frame.inner);
        let heads = self.frame.heads;
        let (past, width) = (cache.len(), heads.width);
        let half = width / 2;
        cache.reserve(past + m);
        scratch.x.resize(m * h, 0.0);
        for (&id, x) in ids.iter().zip(scratch.x.chunks_exact_mut(h)) {
            self.embedding.read_f32(id as usize, 0, x);
        }
        self.frame.angles((past..past + m).map(|p| p as u32), &mut scratch.cos, &mut scratch.sin);
        let (cos, sin) = (&scratch.cos, &scratch.sin);
        for (i, layer) in self.layers.iter().enumerate() {
            let [q, k, v, o, gate, up, down] = &layer.linears;
            // The attention half.
            self.normed(&scratch.x, &layer.input_norm, &mut scratch.normed);
            self.products(
                [q, k, v].map(|linear| &linear.weight),
                h,
                &scratch.normed,
                &mut scratch.acts,
                &mut scratch.parts,
            )?;
            for (n, linear) in [q, k, v].into_iter().enumerate() {
                let rows = linear.weight.rows();
                for (t, y) in scratch.parts[n].chunks_exact_mut(rows).enumerate() {
                    // Into Hugging Face's order, in which halves are rotated.
                    let order = linear.weight.order();
                    if !order.is_identity() {
                        turn(order, y, &mut scratch.turned);
                    }
                    if let Some(bias) = &linear.bias {
                        ops::add_row(self.isa, y, bias);
                    }
                    if n == 2 {
                        continue;
                    }
                    if let Some(norms) = &layer.head_norms {
                        for head in y.chunks_exact_mut(width) {
                            ops::norm_in_place(self.isa, head, &norms[n], self.frame.eps);
                        }
                    }
                    ops::rotate_row(self.isa, y, &cos[t * half..][..half], &sin[t * half..][..half], 1.0);
                }
            }
            let kv = heads.keys * width;
            for t in 0..m {
                use crate::train::engine::cpu::reader::Memory;
                let [_, keys, values] = &scratch.parts;
                cache.store(i, past + t, &keys[t * kv..][..kv], &values[t * kv..][..kv]);
            }
            let group = heads.queries / heads.keys;
            scratch.mixed.resize(m * heads.queries * width, 0.0);
            scratch.attend.resize_with(self.team.threads().max(scratch.attend.len()), Mutex::default);
            {
                let (queries, own, cache) = (&scratch.parts[0], &scratch.attend, &*cache);
                let out = Pieces::new(&mut scratch.mixed, group * width);
                let (tasks, next) = (m * heads.keys, AtomicUsize::new(0));
                self.team.share(&|worker, _| {
                    let mut own = own[worker].lock().unwrap_or_else(PoisonError::into_inner);
                    loop {
                        let task = next.fetch_add(1, Ordering::Relaxed);
                        if task >= tasks {
                            return;
                        }
                        let (t, head) = (task / heads.keys, task % heads.keys);
                        let [keys, values] = cache.head(i, head, past + t + 1);
                        // SAFETY: every task is one worker's, and pieces of different tasks do not overlap.
                        let out = unsafe { out.piece(task) };
                        let queries = &queries[task * group * width..][..group * width];
                        attend(self.isa, width, queries, keys, values, out, &mut own);
                    }
                });
            }
            let [y, ..] = &mut scratch.parts;
            self.products(
                [&o.weight],
                heads.queries * width,
                &scratch.mixed,
                &mut scratch.acts,
                std::slice::from_mut(y),
            )?;
            ops::add_row(self.isa, &mut scratch.x, y);
            // The feed-forward half.
            self.normed(&scratch.x, &layer.post_norm, &mut scratch.normed);
            self.products(
                [gate, up].map(|linear| &linear.weight),
                h,
                &scratch.normed,
                &mut scratch.acts,
                &mut scratch.parts,
            )?;
            let [y, up, inner] = &mut scratch.parts;
            inner.resize(m * f, 0.0);
            ops::swiglu(self.isa, y, up, inner);
            self.products([&down.weight], f, inner, &mut scratch.acts, std::slice::from_mut(y))?;
            ops::add_row(self.isa, &mut scratch.x, y);
        }
        Ok(scratch.x[(m - 1) * h..].to_vec())
    }

    /// Logits of one state, `[V]`.
    fn head(&self, state: &[f32], scratch: &mut Scratch, logits: &mut Vec<f32>) -> Result<(), DecodeError> {
        self.normed(state, &self.norm, &mut scratch.normed);
        let weight = self.head.as_ref().unwrap_or(&self.embedding);
        let h = self.frame.hidden;
        self.products([weight], h, &scratch.normed, &mut scratch.acts, std::slice::from_mut(logits))?;
        // One bad value anywhere in the layers reaches every logit.
        if logits.first().is_some_and(|x| x.is_finite()) {
            Ok(())
        } else {
            Err(DecodeError::NotFinite { path: self.path.clone() })
        }
    }

    fn normed(&self, x: &[f32], weight: &[f32], out: &mut Vec<f32>) {
        let h = weight.len();
        out.resize(x.len(), 0.0);
        for (x, out) in x.chunks_exact(h).zip(out.chunks_exact_mut(h)) {
            ops::norm_row(self.isa, x, weight, self.frame.eps, out);
        }
    }

    /// Several matrices times the same rows: `out[n]` is `[m, rows of n]`.
    fn products<const N: usize>(
        &self,
        weights: [&Frozen; N],
        columns: usize,
        x: &[f32],
        acts: &mut Activations,
        out: &mut [Vec<f32>],
    ) -> Result<(), DecodeError> {
        let m = x.len() / columns;
        let mut jobs = Vec::with_capacity(N);
        for (weight, out) in weights.into_iter().zip(out) {
            out.resize(m * weight.rows(), 0.0);
            let (ggml_type, bytes) = weight.blocks().ok_or(EngineError::Unsupported("answering from NF4"))?;
            jobs.push(Part { matrix: Matrix::new(ggml_type, bytes, weight.rows(), columns)?, out });
        }
        let types: Vec<GgmlType> = jobs.iter().map(|part| part.matrix.ggml_type()).collect();
        acts.set(x, columns, &types)?;
        products(&self.team, &mut jobs, acts)?;
        Ok(())
    }
}

/// Puts the rows of a product into Hugging Face's order.
fn turn(order: RowOrder, y: &mut [f32], turned: &mut Vec<f32>) {
    turned.clear();
    turned.extend((0..y.len()).map(|row| y[order.gguf_row(row)]));
    y.copy_from_slice(turned);
}

/// A buffer cut into pieces that different threads write.
struct Pieces {
    first: *mut f32,
    len: usize,
}

// SAFETY: whoever takes a piece answers for being the only one.
unsafe impl Sync for Pieces {}

impl Pieces {
    fn new(buffer: &mut [f32], len: usize) -> Self {
        Self { first: buffer.as_mut_ptr(), len }
    }

    /// # Safety
    /// The piece lies in the buffer, which outlives it, and nobody else has it.
    #[allow(clippy::mut_from_ref, reason = "each piece is handed out once")]
    unsafe fn piece(&self, index: usize) -> &mut [f32] {
        // SAFETY: the caller's promise.
        unsafe { std::slice::from_raw_parts_mut(self.first.add(index * self.len), self.len) }
    }
}
