use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use candle_core::quantized::{GgmlDType, QMatMul, QStorage, QTensor};
use candle_core::{DType, Device, Tensor};

use super::linear::{Dora, Linear, Lora, Weight};
use super::llama::{Layer, Llama};
use super::{TARGET_MODULES, module_path};
use crate::batch::{EncodeError, Encoder};
use crate::gguf::{GgmlType, GgufModel};
use crate::hub::{Adapter, Folder, HubError, LlamaConfig};

/// A student could not be loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The folder or the adapter.
    #[error(transparent)]
    Hub(#[from] HubError),
    /// The GGUF.
    #[error(transparent)]
    Gguf(#[from] crate::gguf::GgufError),
    /// Tokenizer or template.
    #[error(transparent)]
    Encode(#[from] EncodeError),
    /// The device.
    #[error("{0}")]
    Candle(#[from] candle_core::Error),
    /// The file system.
    #[error("`{path}`: {source}")]
    Io {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

/// A model with everything that is needed to talk to it.
pub struct Student {
    /// Weights, frozen.
    pub model: Llama,
    /// Tokenizer and template.
    pub encoder: Encoder,
    /// Ids that end a turn.
    pub stop_ids: Vec<u32>,
}

/// Loads a Hugging Face folder. Weights are widened to f32 on the CPU and kept as bf16 on a GPU.
///
/// # Errors
/// See [`LoadError`].
pub fn from_folder(folder: &Folder, device: &Device) -> Result<Student, LoadError> {
    Ok(Student {
        model: llama_from_folder(folder, device)?,
        encoder: encoder(folder)?,
        stop_ids: folder.generation_eos_ids()?,
    })
}

/// Weights alone, as [`from_folder`] loads them: the folder needs no tokenizer.
///
/// # Errors
/// See [`LoadError`].
pub fn llama_from_folder(folder: &Folder, device: &Device) -> Result<Llama, LoadError> {
    let dtype = if device.is_cpu() { DType::F32 } else { DType::BF16 };
    assemble(folder.config(), device, |name| {
        let tensor = Tensor::from_vec(folder.load_f32(name)?, folder.shape(name)?, device)?;
        Ok(Weight::Frozen(tensor.to_dtype(dtype)?))
    })
}

/// Tokenizer and template of a folder, without its weights.
///
/// # Errors
/// Files that are missing or cannot be read.
pub fn encoder(folder: &Folder) -> Result<Encoder, LoadError> {
    let path = folder.tokenizer_path();
    let json = std::fs::read(&path).map_err(|source| LoadError::Io { path, source })?;
    let tokens = folder.special_tokens()?;
    let tokens: BTreeMap<String, String> =
        [("bos_token", tokens.bos), ("eos_token", tokens.eos), ("pad_token", tokens.pad)]
            .into_iter()
            .filter_map(|(k, v)| Some((k.to_owned(), v?)))
            .collect();
    Ok(Encoder::new(&json, folder.chat_template()?.as_deref(), tokens)?)
}

/// Loads a GGUF: linear layers and head stay quantised, embedding and norms are widened.
///
/// # Errors
/// See [`LoadError`].
pub fn from_gguf(path: &Path, device: &Device) -> Result<Student, LoadError> {
    let file = GgufModel::open(path)?;
    let model = assemble(file.config(), device, |name| {
        let tensor = file.tensor(name)?;
        let (bytes, dtype) = match candle_dtype(tensor.ggml_type) {
            Some(dtype) => (tensor.bytes, dtype),
            // Exact, if wide: candle has no blocks of uneven levels.
            None => {
                let values = file.load_f32(name)?;
                (values.into_iter().flat_map(f32::to_le_bytes).collect::<Vec<u8>>().into(), GgmlDType::F32)
            }
        };
        let storage = QStorage::from_data(bytes, device, dtype)?;
        let blocks = Arc::new(QTensor::new(storage, tensor.shape)?);
        // Norms and biases.
        Ok(if blocks.shape().rank() == 1 {
            Weight::Frozen(blocks.dequantize(device)?)
        } else {
            Weight::Quantized(QMatMul::from_arc(blocks)?)
        })
    })?;
    Ok(Student { model, encoder: encoder_of_gguf(&file)?, stop_ids: file.stop_ids().to_vec() })
}

/// Tokenizer and template of a GGUF, without its weights.
///
/// # Errors
/// A tokenizer or a template that cannot be read.
pub fn encoder_of_gguf(file: &GgufModel) -> Result<Encoder, LoadError> {
    let json = serde_json::to_vec(&file.tokenizer_json()?).map_err(|e| EncodeError::Tokenizer(e.to_string()))?;
    let tokenizer = crate::batch::StudentTokenizer::from_bytes(&json)?;
    let name = |id: Option<u32>| id.and_then(|id| tokenizer.token_of(id));
    let config = file.config();
    let tokens = [("bos_token", name(config.bos_token_id)), ("eos_token", name(config.eos_token_ids.first().copied()))];
    let tokens = tokens.into_iter().filter_map(|(k, v)| Some((k.to_owned(), v?))).collect();
    Ok(Encoder::new(&json, file.chat_template(), tokens)?)
}

/// Puts frozen adapters on top of a model.
///
/// # Errors
/// A module that the model does not have, or that has another shape.
pub fn with_adapters(model: &mut Llama, adapters: &[Adapter]) -> Result<(), LoadError> {
    let device = model.device().clone();
    for adapter in adapters {
        adapter.check_base(&model.config)?;
        for (i, layer) in model.layers.iter_mut().enumerate() {
            for (linear, module) in layer.linears.iter_mut().zip(TARGET_MODULES) {
                let path = module_path(i, module);
                if let Some(pair) = adapter.tensors.get(&path) {
                    let index = linear.loras.len();
                    linear.loras.push(Lora {
                        a: Tensor::from_slice(&pair.a, (pair.r, pair.in_features), &device)?,
                        b: Tensor::from_slice(&pair.b, (pair.out_features, pair.r), &device)?,
                        scale: f64::from(adapter.scale(&path)),
                        dora: None,
                    });
                    if let Some(magnitude) = &pair.magnitude {
                        let magnitude = Tensor::from_slice(magnitude, pair.out_features, &device)?;
                        linear.loras[index].dora = Some(Dora { magnitude, norm: linear.row_norms(index)? });
                    }
                }
            }
        }
    }
    Ok(())
}

/// Builds the model from tensors by their Hugging Face names.
fn assemble(
    config: &LlamaConfig,
    device: &Device,
    mut weight: impl FnMut(&str) -> Result<Weight, LoadError>,
) -> Result<Llama, LoadError> {
    let plain = |weight: &Weight| match weight {
        Weight::Frozen(tensor) | Weight::Trained(tensor) => Ok(tensor.clone()),
        Weight::Quantized(QMatMul::QTensor(blocks)) => blocks.dequantize(device),
        Weight::Quantized(QMatMul::Tensor(tensor) | QMatMul::TensorF16(tensor)) => tensor.to_dtype(DType::F32),
    };
    let embedding = weight("model.embed_tokens.weight")?;
    let norm = plain(&weight("model.norm.weight")?)?;
    let mut norms = Vec::new();
    for i in 0..config.num_hidden_layers {
        norms.push((
            plain(&weight(&format!("model.layers.{i}.input_layernorm.weight"))?)?,
            plain(&weight(&format!("model.layers.{i}.post_attention_layernorm.weight"))?)?,
        ));
    }
    let mut layers = Vec::new();
    for (i, (input_norm, post_norm)) in norms.into_iter().enumerate() {
        let mut linears = Vec::with_capacity(TARGET_MODULES.len());
        for module in TARGET_MODULES {
            let path = module_path(i, module);
            let bias = config.qkv_bias && matches!(module, "q_proj" | "k_proj" | "v_proj");
            let bias = if bias { Some(plain(&weight(&format!("{path}.bias"))?)?) } else { None };
            linears.push(Linear { weight: weight(&format!("{path}.weight"))?, bias, loras: Vec::new() });
        }
        let linears =
            linears.try_into().map_err(|_| candle_core::Error::Msg("a layer has seven linear modules".into()))?;
        let mut head_norm = |name: &str| -> Result<Option<Tensor>, LoadError> {
            let path = format!("model.layers.{i}.self_attn.{name}.weight");
            if config.qk_norm { Ok(Some(plain(&weight(&path)?)?)) } else { Ok(None) }
        };
        let (q_norm, k_norm) = (head_norm("q_norm")?, head_norm("k_norm")?);
        layers.push(Layer { input_norm, post_norm, q_norm, k_norm, linears });
    }
    let rows = plain(&embedding)?;
    let head = if config.tie_word_embeddings { embedding } else { weight("lm_head.weight")? };
    let inv_freq = Tensor::new(config.inv_freq(), device)?;
    Ok(Llama {
        config: config.clone(),
        embedding: rows,
        layers,
        norm,
        head: Linear { weight: head, bias: None, loras: Vec::new() },
        inv_freq,
    })
}

/// Candle's name for the blocks, if it has them.
const fn candle_dtype(kind: GgmlType) -> Option<GgmlDType> {
    Some(match kind {
        GgmlType::F32 => GgmlDType::F32,
        GgmlType::F16 => GgmlDType::F16,
        GgmlType::BF16 => GgmlDType::BF16,
        GgmlType::Q4_0 => GgmlDType::Q4_0,
        GgmlType::Q4_1 => GgmlDType::Q4_1,
        GgmlType::Q5_0 => GgmlDType::Q5_0,
        GgmlType::Q5_1 => GgmlDType::Q5_1,
        GgmlType::Q8_0 => GgmlDType::Q8_0,
        GgmlType::Q2K => GgmlDType::Q2K,
        GgmlType::Q3K => GgmlDType::Q3K,
        GgmlType::Q4K => GgmlDType::Q4K,
        GgmlType::Q5K => GgmlDType::Q5K,
        GgmlType::Q6K => GgmlDType::Q6K,
        GgmlType::IQ4NL | GgmlType::IQ4XS => return None,
    })
}
