//! A folder's weights and a description of what is trained come in, an engine goes out.

use super::attention::{Heads, Workplace};
use super::buffer::Buffer;
use super::core::{Keep, Model};
use super::element::Bf16;
use super::frozen::Frozen;
use super::layer::{Frame, Layer};
use super::linear::{Factors, Linear, LowRank};
use super::product::Number;
use super::{Cpu, Isa};
use crate::hub::{Adapter, Dtype, Folder, LlamaConfig};
use crate::model::{TARGET_MODULES, module_path};
use crate::train::blocks::{Nf4, Q8_0};
use crate::train::engine::{Engine, EngineError, LoraPart, Parameter, Trainable};
use crate::train::estimate::Base;
use crate::train::rng::Stream;

/// How an engine works.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Options {
    /// Storage of the frozen weights. Products are made in f32 for [`Base::F32`] and wherever the machine has no
    /// instructions for bf16, else in bf16 with f32 sums. With NF4 embedding and head are in Q8_0.
    pub base: Base,
    /// Keep the layers' inputs only and compute the rest again on the way back.
    pub checkpoint_layers: bool,
    /// Lay common prefixes down once.
    pub share_prefixes: bool,
    /// Share of the adapters' input that is dropped while training, in `[0, 1)`.
    pub dropout: f32,
    /// Instead of the best that the machine has. Levels without bf16 make products in f32.
    pub isa: Option<Isa>,
}

impl Default for Options {
    fn default() -> Self {
        Self { base: Base::Bf16, checkpoint_layers: false, share_prefixes: true, dropout: 0.0, isa: None }
    }
}

/// Loads the fast engine. `fixed` adapters lie below the trained ones and stay as they are.
///
/// # Errors
/// The folder; a module that the model does not have; [`EngineError::Unsupported`] for full tuning and DoRA, which the
/// portable engine does.
pub fn engine(
    folder: &Folder,
    trainable: &Trainable,
    fixed: &[Adapter],
    options: Options,
) -> Result<Box<dyn Engine>, EngineError> {
    let best = || if options.base == Base::F32 { None } else { Isa::best_bf16() };
    match options.isa.or_else(best) {
        Some(isa @ (Isa::Amx | Isa::Avx512Bf16)) if options.base != Base::F32 => {
            Ok(Box::new(build::<Bf16>(folder, trainable, fixed, options, isa)?))
        }
        Some(isa) => Ok(Box::new(build::<f32>(folder, trainable, fixed, options, isa)?)),
        None => Ok(Box::new(build::<f32>(folder, trainable, fixed, options, Isa::best_f32())?)),
    }
}

fn build<E: Number + Workplace>(
    folder: &Folder,
    trainable: &Trainable,
    fixed: &[Adapter],
    options: Options,
    isa: Isa,
) -> Result<Cpu<E>, EngineError> {
    let Trainable::Lora { modules, seed } = trainable else {
        return Err(EngineError::Unsupported("full fine-tuning"));
    };
    if modules.iter().any(|m| m.dora) || fixed.iter().any(|a| a.tensors.values().any(|p| p.magnitude.is_some())) {
        return Err(EngineError::Unsupported("DoRA"));
    }
    if !isa.available() {
        return Err(EngineError::Unsupported("this level of instructions"));
    }
    let config = folder.config();
    for adapter in fixed {
        adapter.check_base(config)?;
    }
    if modules.iter().any(|m| m.rank == 0) {
        return Err(EngineError::Unsupported("an adapter of rank 0"));
    }
    let mut draw = Stream::new(*seed, "lora-init", 0);
    let (mut values, mut parameters, mut layers) = (Vec::new(), Vec::new(), Vec::new());
    let mut attached = 0;
    for i in 0..config.num_hidden_layers {
        let mut layer = layer(folder, options.base, i)?;
        for (linear, name) in layer.linears.iter_mut().zip(TARGET_MODULES) {
            let path = module_path(i, name);
            let (rows, columns) = (linear.weight.rows(), linear.weight.columns());
            linear.adapters.extend(fixed.iter().filter_map(|adapter| {
                let pair = adapter.tensors.get(&path)?;
                let factors = Factors::Fixed { a: pair.a.clone(), b: pair.b.clone() };
                Some(LowRank { rank: pair.r, scale: adapter.scale(&path), factors })
            }));
            if let Some(module) = modules.iter().find(|m| m.path == path) {
                attached += 1;
                // As PEFT: A uniform within 1 / √in, B zero.
                let bound = 1.0 / (columns as f64).sqrt();
                let a = values.len()..values.len() + module.rank * columns;
                values.extend(a.clone().map(|_| ((draw.uniform() * 2.0 - 1.0) * bound) as f32));
                let b = a.end..a.end + rows * module.rank;
                values.resize(b.end, 0.0);
                for (part, shape, range) in
                    [(LoraPart::A, [module.rank, columns], &a), (LoraPart::B, [rows, module.rank], &b)]
                {
                    parameters.push(Parameter {
                        name: part.name(&path),
                        shape: shape.to_vec(),
                        range: range.clone(),
                        decay: true,
                    });
                }
                linear.adapters.push(LowRank {
                    rank: module.rank,
                    scale: module.scale as f32,
                    factors: Factors::Trained { a, b },
                });
            }
        }
        layers.push(layer);
    }
    if attached != modules.len() {
        return Err(EngineError::Modules { found: attached, wanted: modules.len() });
    }
    let model = Model {
        frame: frame(config),
        embedding: folder.matrix("model.embed_tokens.weight", outer(options.base))?,
        layers,
        norm: folder.vector("model.norm.weight")?,
        head: head(folder, options.base)?,
    };
    Ok(Cpu {
        isa,
        model,
        parameters,
        values,
        keep: if options.checkpoint_layers { Keep::Inputs } else { Keep::All },
        share: options.share_prefixes,
        dropout: (options.dropout, *seed),
        at: (0, 0),
        work: Default::default(),
    })
}

/// Storage of embedding and head.
pub const fn outer(base: Base) -> Base {
    match base {
        Base::Nf4 => Base::Q8_0,
        base => base,
    }
}

/// A head of its own; `None` when the embedding serves.
pub fn head(weights: &dyn Weights, base: Base) -> Result<Option<Frozen>, EngineError> {
    (!weights.config().tie_word_embeddings).then(|| weights.matrix("lm_head.weight", outer(base))).transpose()
}

/// What the settings say of every layer.
pub fn frame(config: &LlamaConfig) -> Frame {
    Frame {
        hidden: config.hidden_size,
        inner: config.intermediate_size,
        heads: Heads { queries: config.num_attention_heads, keys: config.num_key_value_heads, width: config.head_dim },
        eps: config.rms_norm_eps as f32,
        inv_freq: config.inv_freq(),
    }
}

/// Layer `i` without adapters.
pub fn layer(weights: &dyn Weights, base: Base, i: usize) -> Result<Layer, EngineError> {
    let config = weights.config();
    let mut linears = Vec::with_capacity(TARGET_MODULES.len());
    for name in TARGET_MODULES {
        let path = module_path(i, name);
        let weight = weights.matrix(&format!("{path}.weight"), base)?;
        let bias = (config.qkv_bias && matches!(name, "q_proj" | "k_proj" | "v_proj"))
            .then(|| weights.vector(&format!("{path}.bias")))
            .transpose()?;
        linears.push(Linear { weight, bias, adapters: Vec::new() });
    }
    let linears = linears.try_into().map_err(|_| EngineError::Unsupported("a layer without seven modules"))?;
    let norm = |name: &str| weights.vector(&format!("model.layers.{i}.{name}.weight"));
    Ok(Layer {
        input_norm: norm("input_layernorm")?,
        post_norm: norm("post_attention_layernorm")?,
        head_norms: if config.qk_norm { Some([norm("self_attn.q_norm")?, norm("self_attn.k_norm")?]) } else { None },
        linears,
    })
}

/// Where a model's weights are. Names are Hugging Face's, rows in Hugging Face's order.
pub trait Weights {
    /// Sizes and rope.
    fn config(&self) -> &LlamaConfig;

    /// A weight with two dimensions. What is already in blocks stays as it is, whatever `base` says.
    ///
    /// # Errors
    /// An unknown name, a file that cannot be read, a value that is no number.
    fn matrix(&self, name: &str, base: Base) -> Result<Frozen, EngineError>;

    /// A weight with one dimension.
    ///
    /// # Errors
    /// As [`Weights::matrix`].
    fn vector(&self, name: &str) -> Result<Vec<f32>, EngineError>;
}

impl<W: Weights + ?Sized> Weights for &W {
    fn config(&self) -> &LlamaConfig {
        (**self).config()
    }

    fn matrix(&self, name: &str, base: Base) -> Result<Frozen, EngineError> {
        (**self).matrix(name, base)
    }

    fn vector(&self, name: &str) -> Result<Vec<f32>, EngineError> {
        (**self).vector(name)
    }
}

impl Weights for Folder {
    fn config(&self) -> &LlamaConfig {
        Self::config(self)
    }

    fn matrix(&self, name: &str, base: Base) -> Result<Frozen, EngineError> {
        frozen(self, name, base)
    }

    fn vector(&self, name: &str) -> Result<Vec<f32>, EngineError> {
        Ok(self.load_f32(name)?)
    }
}

fn frozen(folder: &Folder, name: &str, base: Base) -> Result<Frozen, EngineError> {
    let shape = folder.shape(name)?;
    let &[rows, columns] = shape else { return Err(EngineError::Unsupported("a weight that is no matrix")) };
    let (bytes, dtype) = folder.raw(name)?;
    let fill = |range: std::ops::Range<usize>, out: &mut [f32]| {
        dtype.decode(&bytes[range.start * dtype.size()..range.end * dtype.size()], out);
    };
    let blocks = |source| EngineError::Blocks { name: name.to_owned(), source };
    let weight = match base {
        Base::F32 => Frozen::F32 { data: folder.load_f32(name)?, rows, columns },
        // Rows that do not hold whole blocks of Q8_0 are kept in bf16.
        Base::Q8_0 if columns.is_multiple_of(Q8_0::BLOCK) => {
            Frozen::Q8_0(Q8_0::quantize_from(rows, columns, &fill).map_err(blocks)?)
        }
        Base::Nf4 => Frozen::Nf4(Nf4::quantize_from(rows, columns, true, &fill).map_err(blocks)?),
        Base::Bf16 | Base::Q8_0 => {
            let mut data = Buffer::<Bf16>::zeros(rows * columns);
            if dtype == Dtype::BF16 {
                for (to, from) in data.iter_mut().zip(bytes.chunks_exact(2)) {
                    *to = Bf16(u16::from_le_bytes([from[0], from[1]]));
                }
            } else {
                let mut wide = vec![0f32; columns];
                for (row, to) in data.chunks_exact_mut(columns).enumerate() {
                    fill(row * columns..(row + 1) * columns, &mut wide);
                    for (to, &x) in to.iter_mut().zip(&wide) {
                        *to = Bf16::from_f32(x);
                    }
                }
            }
            Frozen::Bf16 { data, rows, columns }
        }
    };
    folder.forget(name);
    if !weight.is_finite() {
        return Err(EngineError::NotFinite { name: name.to_owned() });
    }
    Ok(weight)
}
