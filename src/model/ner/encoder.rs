//! The forward pass: ids of one window to logits, `[T]` to `[T, labels]` in f32.
//!
//! candle-transformers' BERT family computes DistilBERT's GELU by its approximation, which moves logits by 1e-3, and
//! pads and masks what is never padded here. One forward for three families is shorter than three wrappers. DeBERTa's
//! attention is another matter, and theirs agrees with transformers.

use std::collections::HashMap;

use candle_core::{DType, Device, Module, Tensor};
use candle_nn::{LayerNorm, Linear, VarBuilder, ops};
use candle_transformers::models::debertav2;
use serde_json::{Map, Value, json};

use super::TaggerError;
use super::config::{Activation, Config, Family};
use crate::hub::Weights;

/// An encoder with its classifier.
pub(super) struct Encoder {
    body: Body,
    classifier: Linear,
}

enum Body {
    Bert(Bert),
    Deberta(Box<debertav2::DebertaV2Model>),
}

struct Bert {
    words: Tensor,
    /// Row 0 is that of the first token.
    positions: Tensor,
    /// What every token of a first and only segment gets.
    segment: Option<Tensor>,
    norm: LayerNorm,
    layers: Vec<Layer>,
    heads: usize,
    activation: Activation,
}

struct Layer {
    query: Linear,
    key: Linear,
    value: Linear,
    output: Linear,
    attention_norm: LayerNorm,
    inner: Linear,
    outer: Linear,
    norm: LayerNorm,
}

/// Gives a tensor by name and shape.
type Take<'t> = dyn FnMut(&str, &[usize]) -> Result<Tensor, TaggerError> + 't;

impl Encoder {
    /// Loads the weights that `config` asks for; others in the file, a pooler or a head of pretraining, do not matter.
    pub(super) fn load(config: &Config, json: &Value, weights: &Weights, device: &Device) -> Result<Self, TaggerError> {
        // Once to see what is wrong, all of it, before anything large is read.
        let mut problems = Vec::new();
        parts(config, &mut |name, shape| {
            match stored(weights, name).and_then(|name| weights.info(&name)) {
                None => problems.push(format!("`{name}` is missing")),
                Some(info) if info.shape != shape => {
                    problems.push(format!("`{name}` is {:?}, not {shape:?}", info.shape));
                }
                Some(_) => {}
            }
            let rank = vec![1; shape.len()];
            Ok(Tensor::zeros(rank, DType::F32, device)?)
        })?;
        if !problems.is_empty() {
            return Err(TaggerError::Tensors(problems));
        }
        let (bert, classifier) = parts(config, &mut |name, shape| {
            let name = stored(weights, name).unwrap_or_else(|| name.to_owned());
            Ok(Tensor::from_vec(weights.load_f32(&name)?, shape, device)?)
        })?;
        let body = match bert {
            Some(bert) => Body::Bert(bert),
            None => Body::Deberta(Box::new(deberta(json, weights, device)?)),
        };
        Ok(Self { body, classifier })
    }

    /// Logits of every position: `[T]` ids to `[T, labels]`.
    pub(super) fn logits(&self, ids: &[u32]) -> candle_core::Result<Tensor> {
        let device = self.classifier.weight().device();
        let ids = Tensor::new(ids, device)?;
        let hidden = match &self.body {
            Body::Bert(bert) => bert.hidden(&ids)?,
            Body::Deberta(body) => body.forward(&ids.unsqueeze(0)?, None, None)?.squeeze(0)?,
        };
        self.classifier.forward(&hidden)?.to_dtype(DType::F32)
    }
}

/// The stored name of a tensor: checkpoints of TensorFlow's time call the two vectors of a norm gamma and beta.
fn stored(weights: &Weights, name: &str) -> Option<String> {
    let old = || {
        let base = name.strip_suffix("LayerNorm.weight").map(|base| (base, "LayerNorm.gamma"));
        let (base, end) = base.or_else(|| Some((name.strip_suffix("LayerNorm.bias")?, "LayerNorm.beta")))?;
        Some(format!("{base}{end}"))
    };
    Some(name.to_owned()).into_iter().chain(old()).find(|name| weights.info(name).is_some())
}

/// What is read by name: the classifier, and the body where it is ours.
fn parts(config: &Config, take: &mut Take<'_>) -> Result<(Option<Bert>, Linear), TaggerError> {
    let bert = match config.family {
        Family::DebertaV2 => None,
        Family::Bert => Some(Bert::build(config, "bert", take)?),
        Family::Roberta => Some(Bert::build(config, "roberta", take)?),
        Family::DistilBert => Some(Bert::build(config, "distilbert", take)?),
    };
    Ok((bert, linear(take, "classifier", config.hidden, config.labels.len())?))
}

impl Bert {
    fn build(config: &Config, prefix: &str, take: &mut Take<'_>) -> Result<Self, TaggerError> {
        let (h, inner) = (config.hidden, config.inner);
        let embeddings = format!("{prefix}.embeddings");
        let words = take(&format!("{embeddings}.word_embeddings.weight"), &[config.vocab, h])?;
        let positions = take(&format!("{embeddings}.position_embeddings.weight"), &[config.positions, h])?;
        // The first pass over the names has no rows to cut.
        let first = config.first_position.min(positions.dim(0)? - 1);
        let positions = positions.narrow(0, first, positions.dim(0)? - first)?;
        let segment = match config.types {
            0 => None,
            types => Some(take(&format!("{embeddings}.token_type_embeddings.weight"), &[types, h])?.narrow(0, 0, 1)?),
        };
        let norm = self::norm(take, &format!("{embeddings}.LayerNorm"), config)?;
        let distil = config.family == Family::DistilBert;
        let mut layers = Vec::new();
        for at in 0..config.layers {
            let layer = if distil {
                format!("{prefix}.transformer.layer.{at}")
            } else {
                format!("{prefix}.encoder.layer.{at}")
            };
            let name = |theirs: &str, distils: &str| format!("{layer}.{}", if distil { distils } else { theirs });
            layers.push(Layer {
                query: linear(take, &name("attention.self.query", "attention.q_lin"), h, h)?,
                key: linear(take, &name("attention.self.key", "attention.k_lin"), h, h)?,
                value: linear(take, &name("attention.self.value", "attention.v_lin"), h, h)?,
                output: linear(take, &name("attention.output.dense", "attention.out_lin"), h, h)?,
                attention_norm: self::norm(take, &name("attention.output.LayerNorm", "sa_layer_norm"), config)?,
                inner: linear(take, &name("intermediate.dense", "ffn.lin1"), h, inner)?,
                outer: linear(take, &name("output.dense", "ffn.lin2"), inner, h)?,
                norm: self::norm(take, &name("output.LayerNorm", "output_layer_norm"), config)?,
            });
        }
        Ok(Self { words, positions, segment, norm, layers, heads: config.heads, activation: config.activation })
    }

    /// `[T]` ids to `[T, H]`. One window at a time: nothing is padded, so nothing is masked.
    fn hidden(&self, ids: &Tensor) -> candle_core::Result<Tensor> {
        let t = ids.dim(0)?;
        let mut x = (self.words.index_select(ids, 0)? + self.positions.narrow(0, 0, t)?)?;
        if let Some(segment) = &self.segment {
            x = x.broadcast_add(segment)?;
        }
        x = self.norm.forward(&x)?;
        let h = x.dim(1)?;
        let d = h / self.heads;
        for layer in &self.layers {
            let split = |y: Tensor| y.reshape((t, self.heads, d))?.transpose(0, 1)?.contiguous(); // [n, T, D]
            let query = split(layer.query.forward(&x)?)?;
            let key = split(layer.key.forward(&x)?)?;
            let value = split(layer.value.forward(&x)?)?;
            let scores = (query.matmul(&key.transpose(1, 2)?)? * (d as f64).powf(-0.5))?;
            let mixed = ops::softmax_last_dim(&scores)?.matmul(&value)?.transpose(0, 1)?.reshape((t, h))?;
            x = layer.attention_norm.forward(&(x + layer.output.forward(&mixed)?)?)?;
            let inner = layer.inner.forward(&x)?;
            let inner = match self.activation {
                Activation::Gelu => inner.gelu_erf()?,
                Activation::GeluTanh => inner.gelu()?,
                Activation::Relu => inner.relu()?,
            };
            x = layer.norm.forward(&(x + layer.outer.forward(&inner)?)?)?;
        }
        Ok(x)
    }
}

fn linear(take: &mut Take<'_>, name: &str, inputs: usize, outputs: usize) -> Result<Linear, TaggerError> {
    let weight = take(&format!("{name}.weight"), &[outputs, inputs])?;
    Ok(Linear::new(weight, Some(take(&format!("{name}.bias"), &[outputs])?)))
}

fn norm(take: &mut Take<'_>, name: &str, config: &Config) -> Result<LayerNorm, TaggerError> {
    let weight = take(&format!("{name}.weight"), &[config.hidden])?;
    Ok(LayerNorm::new(weight, take(&format!("{name}.bias"), &[config.hidden])?, config.epsilon))
}

/// DeBERTa without its classifier.
fn deberta(json: &Value, weights: &Weights, device: &Device) -> Result<debertav2::DebertaV2Model, TaggerError> {
    // transformers leaves nothing out when it writes the file; people do.
    let defaults = json!({
        "hidden_act": "gelu", "hidden_dropout_prob": 0.1, "attention_probs_dropout_prob": 0.1,
        "max_position_embeddings": 512, "type_vocab_size": 0, "initializer_range": 0.02, "layer_norm_eps": 1e-7,
        "relative_attention": false, "max_relative_positions": -1, "pad_token_id": 0, "position_biased_input": true,
        "pos_att_type": [],
    });
    let mut settings = Map::new();
    for (key, value) in [&defaults, json].into_iter().filter_map(Value::as_object).flatten() {
        // The classifier and its labels are ours.
        if !value.is_null() && !matches!(key.as_str(), "id2label" | "label2id") {
            settings.insert(key.clone(), value.clone());
        }
    }
    let config: debertav2::Config =
        serde_json::from_value(settings.into()).map_err(|error| TaggerError::Config(vec![error.to_string()]))?;
    let mut tensors = HashMap::new();
    for name in weights.names().filter(|name| name.starts_with("deberta.")) {
        let shape = weights.info(name).map(|info| info.shape.clone()).unwrap_or_default();
        tensors.insert(name.to_owned(), Tensor::from_vec(weights.load_f32(name)?, shape, device)?);
    }
    let tensors = VarBuilder::from_tensors(tensors, DType::F32, device);
    Ok(debertav2::DebertaV2Model::load(tensors.pp("deberta"), &config)?)
}
