//! Students by shape: what they weigh in every quantisation.
//!
//! Bytes follow from the list of tensors and the rules that the exporter itself goes by ([`Quant::tensor_type`]).

use std::path::Path;

use serde_json::{Value as Json, json};

use crate::edge;
use crate::error::Error;
use crate::gguf::names::to_gguf;
use crate::gguf::{GgufModel, Quant};
use crate::hub::LlamaConfig;

/// One student in one quantisation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variant {
    /// llama.cpp's name of the mix.
    pub name: String,
    /// Tensor data.
    pub weight_bytes: u64,
    /// The file: tensor data, settings, vocabulary and merges.
    pub file_bytes: u64,
    /// What generating one token reads of it: an embedding that is not the head too is looked up, not read.
    pub read_bytes: u64,
}

/// A shape with its quantisations.
#[derive(Debug, Clone)]
pub struct Student {
    /// For people.
    pub name: String,
    /// Sizes.
    pub shape: LlamaConfig,
    /// Weights, a tied head counted once.
    pub parameters: u64,
    /// Tokens it was made for.
    pub context: usize,
    /// Merges of its tokenizer.
    pub merges: usize,
    /// Largest first.
    pub variants: Vec<Variant>,
}

/// A tokenizer family: merges, and bytes that vocabulary, merges and settings take in a GGUF.
#[derive(Clone, Copy)]
struct Vocabulary {
    size: usize,
    merges: usize,
    metadata_bytes: u64,
}

// Llama 3.2 1B as Q4_K_M is a file of 807,694,464 bytes of which 799,862,912 are tensors; the others are estimated
// from vocabulary and merges at the same rate.
const LLAMA3: Vocabulary = Vocabulary { size: 128_256, merges: 280_147, metadata_bytes: 7_831_552 };
const QWEN: Vocabulary = Vocabulary { size: 151_936, merges: 151_387, metadata_bytes: 5_950_000 };
const SMOLLM2: Vocabulary = Vocabulary { size: 49_152, merges: 48_900, metadata_bytes: 1_780_000 };

/// Name, family, hidden, inner, layers, heads, key/value heads, head width, tied, context: from each `config.json`.
type Line = (&'static str, &'static str, [usize; 6], bool, usize, Vocabulary);

#[rustfmt::skip]
const KNOWN: [Line; 12] = [
    ("Llama 3.1 8B", "llama", [4096, 14_336, 32, 32, 8, 128], false, 131_072, LLAMA3),
    ("Llama 3.2 3B", "llama", [3072, 8192, 28, 24, 8, 128], true, 131_072, LLAMA3),
    ("Llama 3.2 1B", "llama", [2048, 8192, 16, 32, 8, 64], true, 131_072, LLAMA3),
    ("Qwen3 4B", "qwen3", [2560, 9728, 36, 32, 8, 128], true, 40_960, QWEN),
    ("Qwen3 1.7B", "qwen3", [2048, 6144, 28, 16, 8, 128], true, 40_960, QWEN),
    ("Qwen3 0.6B", "qwen3", [1024, 3072, 28, 16, 8, 128], true, 40_960, QWEN),
    ("Qwen2.5 3B", "qwen2", [2048, 11_008, 36, 16, 2, 128], true, 32_768, QWEN),
    ("Qwen2.5 1.5B", "qwen2", [1536, 8960, 28, 12, 2, 128], true, 32_768, QWEN),
    ("Qwen2.5 0.5B", "qwen2", [896, 4864, 24, 14, 2, 64], true, 32_768, QWEN),
    ("SmolLM2 1.7B", "llama", [2048, 8192, 24, 32, 32, 64], true, 8192, SMOLLM2),
    ("SmolLM2 360M", "llama", [960, 2560, 32, 15, 5, 64], true, 8192, SMOLLM2),
    ("SmolLM2 135M", "llama", [576, 1536, 30, 9, 3, 64], true, 8192, SMOLLM2),
];

impl Student {
    /// The students that this program is made for, in all quantisations it writes.
    ///
    /// # Errors
    /// None for the table that ships; a shape that does not add up.
    pub fn known() -> Result<Vec<Self>, Error> {
        KNOWN.iter().map(Self::from_line).collect()
    }

    fn from_line(line: &Line) -> Result<Self, Error> {
        let (name, family, [hidden, inner, layers, heads, kv_heads, head_dim], tied, context, vocabulary) = *line;
        let mut config = json!({
            "model_type": family, "vocab_size": vocabulary.size, "hidden_size": hidden, "intermediate_size": inner,
            "num_hidden_layers": layers, "num_attention_heads": heads, "num_key_value_heads": kv_heads,
            "head_dim": head_dim, "tie_word_embeddings": tied, "max_position_embeddings": context,
            "bos_token_id": 0, "eos_token_id": 0,
        });
        if vocabulary.size == LLAMA3.size {
            // A GGUF holds its factors as one more tensor; their values do not matter here.
            config["rope_scaling"] = json!({"rope_type": "llama3", "factor": 32.0, "low_freq_factor": 1.0,
                "high_freq_factor": 4.0, "original_max_position_embeddings": 8192});
        }
        let shape = LlamaConfig::from_value(&config).map_err(|e| Error::new(format!("{name}: {e}")))?;
        Ok(Self::from_shape(name.to_owned(), shape, vocabulary.merges, vocabulary.metadata_bytes))
    }

    /// A shape in all quantisations of four bits and more but f32 and f16. `metadata_bytes` is what a GGUF holds besides tensors.
    #[must_use]
    pub fn from_shape(name: String, shape: LlamaConfig, merges: usize, metadata_bytes: u64) -> Self {
        // Merged folders are bf16, and f16 is as large: nobody needs either of the others. And under four bits a smaller
        // student says more.
        let left_out = |quant: &Quant| {
            matches!(quant, Quant::F32 | Quant::F16) || quant.name().starts_with("Q2") || quant.name().starts_with("Q3")
        };
        let quants = Quant::ALL.into_iter().filter(|quant| !left_out(quant));
        let mut variants: Vec<Variant> = quants.map(|quant| variant(quant, &shape, metadata_bytes)).collect();
        variants.sort_by_key(|variant| std::cmp::Reverse(variant.weight_bytes));
        Self { name, parameters: shape.parameter_count(), context: shape.context_limit(), shape, merges, variants }
    }

    /// The user's own: a Hugging Face folder (in every quantisation that could be written of it), or a GGUF as it is.
    ///
    /// # Errors
    /// What cannot be read, or is no student.
    pub fn open(path: &Path) -> Result<Self, Error> {
        if path.is_dir() { Self::from_folder(path) } else { Self::from_gguf(path) }
    }

    fn from_folder(dir: &Path) -> Result<Self, Error> {
        let read = |name: &str| -> Result<Json, Error> {
            let path = dir.join(name);
            let bytes = edge::fs::read_capped(&path, 256 << 20)?;
            serde_json::from_slice(&bytes).map_err(|e| Error::at(&path, e.to_string()))
        };
        let shape = LlamaConfig::from_value(&read("config.json")?)
            .map_err(|e| Error::at(&dir.join("config.json"), e.to_string()).maybe_hint(e.hint()))?;
        let tokenizer = read("tokenizer.json").unwrap_or(Json::Null);
        let (merges, metadata_bytes) = tokenizer_sizes(&tokenizer, shape.vocab_size);
        Ok(Self::from_shape(folder_name(dir), shape, merges, metadata_bytes))
    }

    fn from_gguf(path: &Path) -> Result<Self, Error> {
        std::fs::metadata(path).map_err(|e| Error::io(path, e))?;
        let model = GgufModel::open(path).map_err(|e| Error::at(path, e.to_string()).maybe_hint(e.hint()))?;
        let gguf = model.gguf();
        let merges = gguf.get("tokenizer.ggml.merges").and_then(|value| value.as_array()).map_or(0, <[_]>::len);
        let tied = gguf.tensor("output.weight").is_none();
        let (mut weight_bytes, mut read_bytes) = (0_u64, 0_u64);
        for entry in gguf.tensors() {
            let bytes = gguf.tensor(&entry.name).map_or(0, |(_, bytes)| bytes.len() as u64);
            weight_bytes += bytes;
            read_bytes += if tied || entry.name != "token_embd.weight" { bytes } else { 0 };
        }
        let file_type = gguf.get("general.file_type").and_then(crate::gguf::Value::as_u64);
        let quant = Quant::ALL.into_iter().find(|quant| Some(u64::from(quant.file_type())) == file_type);
        let name = quant.map_or_else(|| "as it is".to_owned(), |quant| quant.name().to_owned());
        let shape = model.config().clone();
        Ok(Self {
            name: path.file_stem().map_or_else(|| "model".to_owned(), |stem| stem.to_string_lossy().into_owned()),
            parameters: shape.parameter_count(),
            context: shape.context_limit(),
            shape,
            merges,
            variants: vec![Variant { name, weight_bytes, file_bytes: gguf.file_bytes(), read_bytes }],
        })
    }
}

/// Name of a folder as it was given, also for `.`.
fn folder_name(dir: &Path) -> String {
    let whole = dir.canonicalize().unwrap_or_else(|_| dir.to_owned());
    whole.file_name().map_or_else(|| "model".to_owned(), |name| name.to_string_lossy().into_owned())
}

/// Bytes of a shape in a mix.
fn variant(quant: Quant, shape: &LlamaConfig, metadata_bytes: u64) -> Variant {
    let (mut weight_bytes, mut read_bytes) = (0_u64, 0_u64);
    for (hf_name, dimensions) in shape.expected_tensors() {
        // What has no name there is one-dimensional, and those stay f32 whatever they are called.
        let name = to_gguf(&hf_name).unwrap_or(hf_name);
        let ggml_type = quant.tensor_type(&name, &dimensions, shape, false);
        let columns = dimensions.last().copied().unwrap_or(0);
        let rows: usize = dimensions.iter().rev().skip(1).product();
        let bytes = ggml_type.bytes_of(columns).unwrap_or(columns * 4) as u64 * rows as u64;
        weight_bytes += bytes;
        let looked_up = name == "token_embd.weight" && !shape.tie_word_embeddings;
        read_bytes += if looked_up { 0 } else { bytes };
    }
    if let Some(factors) = shape.rope_freqs() {
        weight_bytes += 4 * factors.len() as u64;
    }
    Variant { name: quant.name().to_owned(), weight_bytes, file_bytes: weight_bytes + metadata_bytes, read_bytes }
}

/// Merges, and bytes of the metadata: an 8-byte length and the text per token and merge, 4 bytes of type per token,
/// and some 4 kB for the settings and the chat template.
fn tokenizer_sizes(tokenizer: &Json, vocab_size: usize) -> (usize, u64) {
    let model = tokenizer.get("model").unwrap_or(&Json::Null);
    let texts = model.get("vocab").and_then(Json::as_object).map_or(0, |vocab| vocab.keys().map(String::len).sum());
    let merges = model.get("merges").and_then(Json::as_array).map_or(&[][..], Vec::as_slice);
    let merge_text = |merge: &Json| match merge {
        Json::String(text) => text.len(),
        Json::Array(parts) => parts.iter().filter_map(Json::as_str).map(str::len).sum::<usize>() + 1,
        _ => 0,
    };
    let merge_texts: usize = merges.iter().map(merge_text).sum();
    (merges.len(), (12 * vocab_size + texts + 8 * merges.len() + merge_texts + 4096) as u64)
}

/// Whether `name` is the one meant by `wanted`: letters and digits only, in any case.
#[must_use]
pub fn matches(name: &str, wanted: &str) -> bool {
    let plain = |text: &str| text.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_lowercase();
    plain(name).contains(&plain(wanted))
}
