use candle_core::{D, DType, Tensor, Var};

use super::{Engine, EngineError, LoraPart, Parameter, Trainable};
use crate::batch::{IGNORE, Sequence};
use crate::hub::LoraModule;
use crate::model::{Dora, Linear, Llama, Lora, TARGET_MODULES, Weight, module_path};
use crate::train::objective::LabelLogps;
use crate::train::rng::Stream;

/// The engine on candle's operations: any device, gradients by candle's tape.
///
/// Sequences are padded on the right to the longest of the micro-batch; causal attention makes padding harmless. The
/// head runs on label positions only, and its gradient is written in closed form (`softmax − onehot`), so candle
/// never keeps a `[L, V]` graph.
pub struct Portable {
    model: Llama,
    /// The same storages outside the graph.
    frozen: Llama,
    vars: Vec<Var>,
    parameters: Vec<Parameter>,
    /// What DoRA divides by, renewed whenever the weights change.
    norms: Vec<RowNorms>,
    /// Index of the parameter that is the head's weight, when that is trained.
    head: Option<usize>,
    pending: Option<Pending>,
}

struct Pending {
    hidden: Tensor,  // [L, H], in the graph
    logits: Tensor,  // [L, V], f32, outside
    lse: Tensor,     // [L, 1]
    targets: Tensor, // [L, 1], u32
}

/// The row norms of one adapted layer, `[out]`: constants of the graph, functions of the weights.
struct RowNorms {
    layer: usize,
    linear: usize,
    lora: usize,
    values: Var,
}

impl Portable {
    /// Wraps a model whose weights are all frozen and makes the chosen tensors trainable.
    ///
    /// LoRA: `A` is uniform in `±1/√in`, `B` is zero, as PEFT (`tuners/lora/layer.py`, kaiming with a = √5); with
    /// DoRA the magnitudes are the lengths of the rows, so that the model starts as it was. Frozen adapters that are
    /// already on the model stay beneath.
    ///
    /// # Errors
    /// The device; a module that the model does not have.
    pub fn new(mut model: Llama, trainable: &Trainable) -> Result<Self, EngineError> {
        let mut vars = Vec::new();
        let mut names = Vec::new();
        let (mut head, mut norms) = (None, Vec::new());
        match trainable {
            Trainable::Lora { modules, seed } => {
                norms = attach(&mut model, modules, *seed, &mut vars, &mut names)?;
            }
            Trainable::Full => head = release(&mut model, &mut vars, &mut names)?,
        }
        let mut at = 0;
        let parameters = vars
            .iter()
            .zip(names)
            .map(|(var, name)| {
                let range = at..at + var.elem_count();
                at = range.end;
                let decay = var.rank() > 1 || LoraPart::of(&name).is_some();
                Parameter { name, shape: var.dims().to_vec(), range, decay }
            })
            .collect();
        Ok(Self { frozen: model.detached(), model, vars, parameters, norms, head, pending: None })
    }

    /// The model outside the graph, for generation and evaluation; it follows every update.
    #[must_use]
    pub const fn student(&self) -> &Llama {
        &self.frozen
    }

    fn label_hidden(model: &Llama, sequences: &[&Sequence]) -> Result<(Tensor, Vec<u32>, Vec<usize>), EngineError> {
        let longest = sequences.iter().map(|s| s.input_ids.len()).max().unwrap_or(0);
        let mut ids = vec![0u32; sequences.len() * longest];
        let (mut positions, mut targets, mut offsets) = (Vec::new(), Vec::new(), vec![0]);
        for (row, sequence) in sequences.iter().enumerate() {
            ids[row * longest..][..sequence.input_ids.len()].copy_from_slice(&sequence.input_ids);
            for (t, &label) in sequence.labels.iter().enumerate().skip(1) {
                if label != IGNORE {
                    // The hidden state of position t − 1 predicts the label at t.
                    positions.push((row * longest + t - 1) as u32);
                    targets.push(u32::try_from(label).unwrap_or(0));
                }
            }
            offsets.push(targets.len());
        }
        let device = model.device();
        let hidden = model.hidden(&Tensor::from_vec(ids, (sequences.len(), longest), device)?, None)?.flatten(0, 1)?;
        let hidden = hidden.index_select(&Tensor::new(positions, device)?, 0)?;
        Ok((hidden, targets, offsets))
    }
}

/// logits `[L, V]`, log-sum-exp `[L, 1]` and what the loop needs to know of them.
fn measure(
    model: &Llama,
    hidden: &Tensor,
    targets: &[u32],
    offsets: Vec<usize>,
) -> Result<(Tensor, Tensor, Tensor, LabelLogps), EngineError> {
    let logits = model.logits(&hidden.detach())?;
    let targets = Tensor::from_vec(targets.to_vec(), (targets.len(), 1), model.device())?;
    let max = logits.max_keepdim(D::Minus1)?;
    let lse = (logits.broadcast_sub(&max)?.exp()?.sum_keepdim(D::Minus1)?.log()? + max)?;
    let chosen = logits.gather(&targets, D::Minus1)?;
    let logps = (chosen - &lse)?.flatten_all()?.to_vec1::<f32>()?;
    let best = logits.argmax(D::Minus1)?.to_vec1::<u32>()?;
    let hits = best.iter().zip(targets.flatten_all()?.to_vec1::<u32>()?).map(|(&b, t)| b == t).collect();
    Ok((logits, lse, targets, LabelLogps { logps, hits, offsets }))
}

impl Engine for Portable {
    fn parameters(&self) -> &[Parameter] {
        &self.parameters
    }

    fn read(&self) -> Result<Vec<f32>, EngineError> {
        let mut out = Vec::with_capacity(self.parameters.last().map_or(0, |p| p.range.end));
        for var in &self.vars {
            out.extend(var.flatten_all()?.to_vec1::<f32>()?);
        }
        Ok(out)
    }

    fn write(&mut self, values: &[f32]) -> Result<(), EngineError> {
        for (var, parameter) in self.vars.iter().zip(&self.parameters) {
            var.set(&Tensor::from_slice(&values[parameter.range.clone()], parameter.shape.as_slice(), var.device())?)?;
        }
        for norms in &self.norms {
            norms.values.set(&self.frozen.layers[norms.layer].linears[norms.linear].row_norms(norms.lora)?)?;
        }
        Ok(())
    }

    fn forward(&mut self, sequences: &[&Sequence]) -> Result<LabelLogps, EngineError> {
        let (hidden, targets, offsets) = Self::label_hidden(&self.model, sequences)?;
        if targets.is_empty() {
            return Ok(LabelLogps { offsets, ..LabelLogps::default() });
        }
        let (logits, lse, targets, logps) = measure(&self.frozen, &hidden, &targets, offsets)?;
        self.pending = Some(Pending { hidden, logits, lse, targets });
        Ok(logps)
    }

    fn backward(&mut self, upstream: &[f32], gradients: &mut [f32]) -> Result<(), EngineError> {
        if upstream.is_empty() {
            return Ok(());
        }
        let Pending { hidden, logits, lse, targets } = self.pending.take().ok_or(EngineError::NoForward)?;
        let upstream = Tensor::from_slice(upstream, (upstream.len(), 1), hidden.device())?;
        // d logp / d logits = onehot − softmax, each row times its upstream.
        let softmax = logits.broadcast_sub(&lse)?.exp()?;
        drop(logits);
        let by_logits = softmax.broadcast_mul(&upstream.neg()?)?.scatter_add(&targets, &upstream, D::Minus1)?;
        let weight = self.frozen.head_weight().ok_or(EngineError::NoForward)?;
        let by_hidden = by_logits.to_dtype(weight.dtype())?.matmul(&weight)?;
        let grads = (&hidden * by_hidden.to_dtype(hidden.dtype())?)?.sum_all()?.backward()?;
        for (i, (var, parameter)) in self.vars.iter().zip(&self.parameters).enumerate() {
            let slot = &mut gradients[parameter.range.clone()];
            let mut add = |gradient: &Tensor| -> Result<(), EngineError> {
                let values = gradient.to_dtype(DType::F32)?.flatten_all()?.to_vec1::<f32>()?;
                slot.iter_mut().zip(values).for_each(|(s, v)| *s += v);
                Ok(())
            };
            let is_head = self.head == Some(i);
            match grads.get(var.as_tensor()) {
                Some(gradient) => add(gradient)?,
                None if is_head => {}
                None => return Err(EngineError::NoGradient { name: parameter.name.clone() }),
            }
            if is_head {
                add(&by_logits.t()?.matmul(&hidden.detach().to_dtype(DType::F32)?)?)?;
            }
        }
        Ok(())
    }

    fn score(&self, sequences: &[&Sequence]) -> Result<LabelLogps, EngineError> {
        let (hidden, targets, offsets) = Self::label_hidden(&self.frozen, sequences)?;
        if targets.is_empty() {
            return Ok(LabelLogps { offsets, ..LabelLogps::default() });
        }
        Ok(measure(&self.frozen, &hidden, &targets, offsets)?.3)
    }

    fn next_tokens(&self, sequences: &[&[u32]]) -> Result<Vec<u32>, EngineError> {
        let longest = sequences.iter().map(|s| s.len()).max().unwrap_or(0);
        if longest == 0 {
            return Ok(Vec::new());
        }
        let mut ids = vec![0u32; sequences.len() * longest];
        let mut last = Vec::with_capacity(sequences.len());
        for (row, sequence) in sequences.iter().enumerate() {
            ids[row * longest..][..sequence.len()].copy_from_slice(sequence);
            last.push((row * longest + sequence.len().saturating_sub(1)) as u32);
        }
        let device = self.frozen.device();
        let ids = Tensor::from_vec(ids, (sequences.len(), longest), device)?;
        let hidden = self.frozen.hidden(&ids, None)?.flatten(0, 1)?.index_select(&Tensor::new(last, device)?, 0)?;
        Ok(self.frozen.logits(&hidden)?.argmax(D::Minus1)?.to_vec1::<u32>()?)
    }
}

/// The path of linear module `m` in layer `layer`, as Hugging Face names it.
fn attach(
    model: &mut Llama,
    modules: &[LoraModule],
    seed: u64,
    vars: &mut Vec<Var>,
    names: &mut Vec<String>,
) -> Result<Vec<RowNorms>, EngineError> {
    let device = model.device().clone();
    let mut init = Stream::new(seed, "lora-init", 0);
    let mut norms = Vec::new();
    let mut attached = 0;
    for (i, layer) in model.layers.iter_mut().enumerate() {
        for (m, (linear, name)) in layer.linears.iter_mut().zip(TARGET_MODULES).enumerate() {
            let path = module_path(i, name);
            let Some(module) = modules.iter().find(|module| module.path == path) else { continue };
            attached += 1;
            let (out, inner) = match &linear.weight {
                Weight::Frozen(w) | Weight::Trained(w) => w.dims2()?,
                Weight::Quantized(_) => {
                    return Err(candle_core::Error::Msg(
                        "a GGUF cannot be trained: start from a Hugging Face folder".into(),
                    )
                    .into());
                }
            };
            let bound = 1.0 / (inner as f64).sqrt();
            let rank = module.rank;
            let a: Vec<f32> = (0..rank * inner).map(|_| ((init.uniform() * 2.0 - 1.0) * bound) as f32).collect();
            let a = Var::from_tensor(&Tensor::from_vec(a, (rank, inner), &device)?)?;
            let b = Var::zeros((out, rank), DType::F32, &device)?;
            let (scale, lora) = (module.scale, linear.loras.len());
            linear.loras.push(Lora { a: a.as_tensor().clone(), b: b.as_tensor().clone(), scale, dora: None });
            names.extend([LoraPart::A.name(&path), LoraPart::B.name(&path)]);
            vars.extend([a, b]);
            if module.dora {
                let rows = linear.row_norms(lora)?;
                let (magnitude, values) = (Var::from_tensor(&rows)?, Var::from_tensor(&rows)?);
                let norm = values.as_tensor().detach();
                linear.loras[lora].dora = Some(Dora { magnitude: magnitude.as_tensor().clone(), norm });
                names.push(LoraPart::Magnitude.name(&path));
                vars.push(magnitude);
                norms.push(RowNorms { layer: i, linear: m, lora, values });
            }
        }
    }
    if attached != modules.len() {
        return Err(candle_core::Error::Msg(format!(
            "the model has {attached} of the {} modules that are to be trained",
            modules.len()
        ))
        .into());
    }
    Ok(norms)
}

/// Makes every weight a `Var`; returns which one is the head's.
fn release(model: &mut Llama, vars: &mut Vec<Var>, names: &mut Vec<String>) -> Result<Option<usize>, EngineError> {
    let mut own = |tensor: &Tensor, name: String| -> Result<Tensor, EngineError> {
        let var = Var::from_tensor(&tensor.to_dtype(DType::F32)?)?;
        let shared = var.as_tensor().clone();
        vars.push(var);
        names.push(name);
        Ok(shared)
    };
    let trained = |linear: &Linear,
                   name: String,
                   own: &mut dyn FnMut(&Tensor, String) -> Result<Tensor, EngineError>|
     -> Result<Weight, EngineError> {
        match &linear.weight {
            Weight::Frozen(w) | Weight::Trained(w) => Ok(Weight::Trained(own(w, name)?)),
            Weight::Quantized(_) => Err(candle_core::Error::Msg("a quantised weight cannot be trained".into()).into()),
        }
    };
    model.embedding = own(&model.embedding, "model.embed_tokens.weight".into())?;
    for (i, layer) in model.layers.iter_mut().enumerate() {
        let attention = format!("model.layers.{i}.self_attn");
        if let Some(norm) = &mut layer.q_norm {
            *norm = own(norm, format!("{attention}.q_norm.weight"))?;
        }
        if let Some(norm) = &mut layer.k_norm {
            *norm = own(norm, format!("{attention}.k_norm.weight"))?;
        }
        layer.input_norm = own(&layer.input_norm, format!("model.layers.{i}.input_layernorm.weight"))?;
        layer.post_norm = own(&layer.post_norm, format!("model.layers.{i}.post_attention_layernorm.weight"))?;
        for (linear, module) in layer.linears.iter_mut().zip(TARGET_MODULES) {
            linear.weight = trained(linear, format!("{}.weight", module_path(i, module)), &mut own)?;
            if let Some(bias) = &mut linear.bias {
                *bias = own(bias, format!("{}.bias", module_path(i, module)))?;
            }
        }
    }
    model.norm = own(&model.norm, "model.norm.weight".into())?;
    if model.config.tie_word_embeddings {
        model.head.weight = Weight::Trained(model.embedding.clone());
        return Ok(Some(0));
    }
    model.head.weight = trained(&model.head, "lm_head.weight".into(), &mut own)?;
    Ok(Some(vars.len() - 1))
}
