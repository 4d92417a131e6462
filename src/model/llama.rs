//! The Llama architecture and its close relatives, as transformers 5.23 computes them.
//!
//! Qwen2 has a bias on queries, keys and values (`models/qwen2/modeling_qwen2.py`), Qwen3 a norm over every head of
//! queries and keys before they are rotated (`models/qwen3/modeling_qwen3.py`); Mistral computes what Llama does as
//! long as its window holds the text. Checked in `tests/it/numerics.rs` and `tests/it/families.rs` (logits, gradients).

use candle_core::{D, DType, Device, Result, Tensor};

use super::linear::{Linear, Weight};
use crate::hub::LlamaConfig;

/// One decoder layer.
#[derive(Clone)]
pub struct Layer {
    /// `[H]`.
    pub input_norm: Tensor,
    /// `[H]`.
    pub post_norm: Tensor,
    /// `[D]`, over each query head; Qwen3 only.
    pub q_norm: Option<Tensor>,
    /// `[D]`, over each key head; Qwen3 only.
    pub k_norm: Option<Tensor>,
    /// q, k, v, o, gate, up, down: the order of [`super::TARGET_MODULES`].
    pub linears: [Linear; 7],
}

/// A decoder with its embedding and head.
#[derive(Clone)]
pub struct Llama {
    /// Sizes and rope.
    pub config: LlamaConfig,
    /// `[V, H]`.
    pub embedding: Tensor,
    /// In order.
    pub layers: Vec<Layer>,
    /// `[H]`.
    pub norm: Tensor,
    /// `[V, H]`; the embedding itself when tied.
    pub head: Linear,
    /// Rotary frequencies, `[D/2]`, f32.
    pub inv_freq: Tensor,
}

/// Keys and values of the positions seen so far, per layer `[B, KV, T, D]`.
#[derive(Clone, Default)]
pub struct Cache {
    layers: Vec<(Tensor, Tensor)>,
    length: usize,
}

impl Cache {
    /// Positions held.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.length
    }

    /// True before the first position.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// Forgets the positions from `length` on; nothing when there are fewer.
    ///
    /// # Errors
    /// The device.
    pub fn truncate(&mut self, length: usize) -> Result<()> {
        if length >= self.length {
            return Ok(());
        }
        if length == 0 {
            *self = Self::default();
            return Ok(());
        }
        for (keys, values) in &mut self.layers {
            *keys = keys.narrow(2, 0, length)?.contiguous()?;
            *values = values.narrow(2, 0, length)?.contiguous()?;
        }
        self.length = length;
        Ok(())
    }

    /// The same positions for `n` sequences that go on from them.
    ///
    /// # Errors
    /// The device.
    pub fn repeat(&self, n: usize) -> Result<Self> {
        let layers = self.layers.iter().map(|(k, v)| Ok((k.repeat((n, 1, 1, 1))?, v.repeat((n, 1, 1, 1))?)));
        Ok(Self { layers: layers.collect::<Result<_>>()?, length: self.length })
    }
}

impl Llama {
    /// Where the weights are.
    #[must_use]
    pub fn device(&self) -> &Device {
        self.embedding.device()
    }

    /// The same model outside the autograd graph, sharing storage.
    #[must_use]
    pub fn detached(&self) -> Self {
        let layers = self
            .layers
            .iter()
            .map(|l| Layer {
                input_norm: l.input_norm.detach(),
                post_norm: l.post_norm.detach(),
                q_norm: l.q_norm.as_ref().map(Tensor::detach),
                k_norm: l.k_norm.as_ref().map(Tensor::detach),
                linears: l.linears.each_ref().map(Linear::detached),
            })
            .collect();
        Self {
            config: self.config.clone(),
            embedding: self.embedding.detach(),
            layers,
            norm: self.norm.detach(),
            head: self.head.detached(),
            inv_freq: self.inv_freq.clone(),
        }
    }

    /// Final hidden states, after the last norm: `ids [B, T]` (u32) to `[B, T, H]`.
    ///
    /// Rows are causal and independent; right padding is harmless because no position looks to its right. With a
    /// cache, `B` is that of the cache (1 where it began here) and positions go on from where it ends.
    ///
    /// # Errors
    /// Shapes, an id outside the vocabulary, or a sequence that a sliding window would cut.
    pub fn hidden(&self, ids: &Tensor, mut cache: Option<&mut Cache>) -> Result<Tensor> {
        let (b, t) = ids.dims2()?;
        let c = &self.config;
        let (h, d, heads, kv) = (c.hidden_size, c.head_dim, c.num_attention_heads, c.num_key_value_heads);
        let (past, cached) = (cache.as_deref().map_or(0, Cache::len), cache.is_some());
        if let Some(window) = c.sliding_window.filter(|&window| past + t > window) {
            return Err(candle_core::Error::Msg(format!(
                "a sequence of {} tokens; this model attends over a window of {window}, and longer texts are not \
                 implemented for it",
                past + t
            )));
        }
        let (cos, sin) = self.rotary(past, t)?;
        let mask = causal_mask(t, past + t, heads / kv, self.device())?;
        let mut x = self.embedding.index_select(&ids.flatten_all()?, 0)?; // [B*T, H]
        if x.dtype() != DType::F32 && self.device().is_cpu() {
            x = x.to_dtype(DType::F32)?;
        }
        for (i, layer) in self.layers.iter().enumerate() {
            let [q, k, v, o, gate, up, down] = &layer.linears;
            let n = rms_norm(&x, &layer.input_norm, c.rms_norm_eps)?;
            let split = |y: Tensor, n: usize, norm: Option<&Tensor>| {
                let y = y.reshape((b, t, n, d))?;
                let y = norm.map_or(Ok(y.clone()), |norm| rms_norm(&y, norm, c.rms_norm_eps))?;
                y.transpose(1, 2)?.contiguous() // [B, n, T, D]
            };
            let queries = rotate(&split(q.forward(&n)?, heads, layer.q_norm.as_ref())?, &cos, &sin)?;
            let mut keys = rotate(&split(k.forward(&n)?, kv, layer.k_norm.as_ref())?, &cos, &sin)?;
            let mut values = split(v.forward(&n)?, kv, None)?;
            if let Some(cache) = cache.as_deref_mut() {
                if let Some((old_keys, old_values)) = cache.layers.get(i) {
                    keys = Tensor::cat(&[old_keys, &keys], 2)?;
                    values = Tensor::cat(&[old_values, &values], 2)?;
                    cache.layers[i] = (keys.clone(), values.clone());
                } else {
                    cache.layers.push((keys.clone(), values.clone()));
                }
            }
            // Query heads that share a key head are stacked along T, so keys and values are never repeated.
            let queries = queries.reshape((b, kv, heads / kv * t, d))?;
            // Turning all keys round for every new token would take longer than the token itself.
            let turned = keys.transpose(2, 3)?;
            let turned = if cached { turned } else { turned.contiguous()? };
            let scores = (queries.matmul(&turned)? * (d as f64).powf(-0.5))?;
            let scores = scores.to_dtype(DType::F32)?.broadcast_add(&mask)?;
            let weights = candle_nn::ops::softmax(&scores, D::Minus1)?.to_dtype(values.dtype())?;
            let mixed =
                weights.matmul(&values)?.reshape((b, heads, t, d))?.transpose(1, 2)?.reshape((b * t, heads * d))?;
            x = (x + o.forward(&mixed)?)?;
            let n = rms_norm(&x, &layer.post_norm, c.rms_norm_eps)?;
            let gated = (gate.forward(&n)?.silu()? * up.forward(&n)?)?;
            x = (x + down.forward(&gated)?)?;
        }
        if let Some(cache) = cache {
            cache.length += t;
        }
        rms_norm(&x, &self.norm, c.rms_norm_eps)?.reshape((b, t, h))
    }

    /// `[N, H]` to logits `[N, V]` in f32.
    ///
    /// # Errors
    /// Shapes.
    pub fn logits(&self, hidden: &Tensor) -> Result<Tensor> {
        self.head.forward(hidden)?.to_dtype(DType::F32)
    }

    /// The head's weight as a plain `[V, H]` tensor outside the graph; `None` when it is quantised.
    #[must_use]
    pub fn head_weight(&self) -> Option<Tensor> {
        match &self.head.weight {
            Weight::Frozen(w) | Weight::Trained(w) => Some(w.detach()),
            Weight::Quantized(_) => None,
        }
    }

    /// cos and sin, `[T, D/2]` in f32, of positions `past..past + t`.
    fn rotary(&self, past: usize, t: usize) -> Result<(Tensor, Tensor)> {
        let positions =
            Tensor::arange(past as u32, (past + t) as u32, self.device())?.to_dtype(DType::F32)?.reshape((t, 1))?;
        let angles = positions.matmul(&self.inv_freq.reshape((1, ()))?)?;
        Ok((angles.cos()?, angles.sin()?))
    }
}

/// `x · rsqrt(mean(x²) + eps)` in f32, back to the input's dtype, times `weight` `[H]`: `[…, H]` to `[…, H]`.
fn rms_norm(x: &Tensor, weight: &Tensor, eps: f64) -> Result<Tensor> {
    let wide = x.to_dtype(DType::F32)?;
    let scale = (wide.sqr()?.mean_keepdim(D::Minus1)? + eps)?.sqrt()?;
    wide.broadcast_div(&scale)?.to_dtype(x.dtype())?.broadcast_mul(&weight.to_dtype(x.dtype())?)
}

/// Rotates halves: `[B, n, T, D]` by the angles of `[T, D/2]`.
fn rotate(x: &Tensor, cos: &Tensor, sin: &Tensor) -> Result<Tensor> {
    let half = x.dim(D::Minus1)? / 2;
    let (cos, sin) = (cos.to_dtype(x.dtype())?, sin.to_dtype(x.dtype())?);
    let (left, right) = (x.narrow(D::Minus1, 0, half)?, x.narrow(D::Minus1, half, half)?);
    let first = (left.broadcast_mul(&cos)? - right.broadcast_mul(&sin)?)?;
    let second = (right.broadcast_mul(&cos)? + left.broadcast_mul(&sin)?)?;
    Tensor::cat(&[first, second], D::Minus1)
}

/// `[repeat · t, total]` in f32: 0 where a query may look, −∞ elsewhere.
fn causal_mask(t: usize, total: usize, repeat: usize, device: &Device) -> Result<Tensor> {
    let past = total - t;
    let one: Vec<f32> =
        (0..t).flat_map(|q| (0..total).map(move |k| if k <= past + q { 0.0 } else { f32::NEG_INFINITY })).collect();
    Tensor::from_vec(one, (t, total), device)?.repeat((repeat, 1))
}
