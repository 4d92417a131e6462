//! PEFT LoRA adapters on disk: a folder comes in, checked f32 pairs go out, and back.
//!
//! PEFT itself only warns about a tensor whose name it does not know and leaves that layer untouched, so a misspelt
//! adapter silently does nothing. Here unknown, missing and misshapen tensors are errors, all reported at once.

mod config;
mod targets;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use safetensors::SafeTensors;

use super::dtype::Dtype;
use super::files::{Staged, map_file, read_json, write_json};
use super::save::write_safetensors;
use super::{HubError, LlamaConfig};

pub use config::{AdapterConfig, LoraModule};
pub use targets::{Layers, Pattern, TargetModules};

const CONFIG_FILE: &str = "adapter_config.json";
const WEIGHTS_FILE: &str = "adapter_model.safetensors";
const PREFIX: &str = "base_model.model.";

/// The update of one layer: `W + scale * B A`, and with DoRA every row of that brought to its magnitude.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct LoraPair {
    /// `lora_A.weight`, `[r, in]` row-major.
    pub a: Vec<f32>,
    /// `lora_B.weight`, `[out, r]` row-major.
    pub b: Vec<f32>,
    /// `lora_magnitude_vector`, `[out]`: the lengths that DoRA gives the rows of the sum.
    pub magnitude: Option<Vec<f32>>,
    /// Rank.
    pub r: usize,
    /// Columns of the base weight.
    pub in_features: usize,
    /// Rows of the base weight.
    pub out_features: usize,
}

/// A LoRA adapter: its settings and one pair per module path, such as `model.layers.0.self_attn.q_proj`.
#[derive(Debug, Clone, PartialEq)]
pub struct Adapter {
    /// `adapter_config.json`.
    pub config: AdapterConfig,
    /// Sorted by module path, which is also the order on disk.
    pub tensors: BTreeMap<String, LoraPair>,
}

impl Adapter {
    /// Reads a PEFT adapter folder.
    ///
    /// # Errors
    /// [`HubError::Missing`], [`HubError::Json`], [`HubError::SafeTensors`]; [`HubError::Unsupported`] for
    /// trained biases and the like; [`HubError::Tensors`] listing every tensor that is unknown, alone, of the wrong
    /// type or rank, or not finite.
    pub fn load(dir: &Path) -> Result<Self, HubError> {
        let missing = |file: &str| HubError::Missing { dir: dir.to_owned(), file: file.to_owned() };
        let config = read_json(&dir.join(CONFIG_FILE))?.ok_or_else(|| missing(CONFIG_FILE))?;
        let config = AdapterConfig::from_value(&config)?;
        let path = dir.join(WEIGHTS_FILE);
        if !path.exists() {
            return Err(missing(WEIGHTS_FILE));
        }
        let map = map_file(&path)?;
        let file = SafeTensors::deserialize(&map)
            .map_err(|error| HubError::SafeTensors { path: path.clone(), reason: error.to_string() })?;

        let mut problems = Vec::new();
        let mut parts: BTreeMap<String, Parts> = BTreeMap::new();
        for (name, view) in file.tensors() {
            let Some((module, part)) = split_name(&name) else {
                if name.contains(".lora_embedding_") {
                    problems.push(format!("`{name}` updates an embedding; only linear layers of the blocks can be"));
                    continue;
                }
                problems.push(format!(
                    "`{name}` is not `{PREFIX}<module>` and one of `.lora_A.weight`, `.lora_B.weight`, \
                     `.lora_magnitude_vector`"
                ));
                continue;
            };
            let Some(dtype) = Dtype::from_safetensors(view.dtype()) else {
                problems.push(format!("`{name}` is {:?}, expected F32, F16 or BF16", view.dtype()));
                continue;
            };
            let (rows, columns) = match (part, view.shape()) {
                (Part::Magnitude, &[rows]) => (rows, 1),
                (Part::A | Part::B, &[rows, columns]) => (rows, columns),
                (_, shape) => {
                    let expected = if part == Part::Magnitude { "one dimension" } else { "two dimensions" };
                    problems.push(format!("`{name}` is {shape:?}, expected {expected}"));
                    continue;
                }
            };
            let mut values = Vec::with_capacity(rows * columns);
            dtype.decode_into(view.data(), &mut values);
            if values.iter().any(|value| !value.is_finite()) {
                problems.push(format!("`{name}` holds a value that is not finite"));
            }
            let matrix = Some(Matrix { rows, columns, values });
            let found = parts.entry(module.to_owned()).or_default();
            match part {
                Part::A => found.a = matrix,
                Part::B => found.b = matrix,
                Part::Magnitude => found.magnitude = matrix,
            }
        }
        let mut tensors = BTreeMap::new();
        for (module, parts) in parts {
            if let Some(pair) = join(&module, parts, &config, &mut problems) {
                tensors.insert(module, pair);
            }
        }
        if tensors.is_empty() && problems.is_empty() {
            problems.push("no tensors at all".to_owned());
        }
        for target in config.target_modules.unused(tensors.keys().map(String::as_str)) {
            problems.push(format!("target module `{target}` has no tensors"));
        }
        finish(&path, problems)?;
        Ok(Self { config, tensors })
    }

    /// Compares the adapter with a base model: every targeted layer present, every shape right.
    ///
    /// # Errors
    /// [`HubError::Tensors`] listing all mismatches.
    pub fn check_base(&self, base: &LlamaConfig) -> Result<(), HubError> {
        let mut problems = Vec::new();
        let linear: BTreeMap<String, [usize; 2]> = base.linear_modules().into_iter().collect();
        for (module, pair) in &self.tensors {
            match linear.get(module) {
                None if matches!(module.as_str(), "lm_head" | "model.embed_tokens") => problems.push(format!(
                    "`{module}` is updated; only linear layers of the blocks can be, neither head nor embedding"
                )),
                None => problems.push(format!("the base has no linear layer `{module}`")),
                Some(&[rows, columns]) if [rows, columns] != [pair.out_features, pair.in_features] => {
                    problems.push(format!(
                        "`{module}` is {rows} x {columns} in the base, {} x {} in the adapter",
                        pair.out_features, pair.in_features
                    ))
                }
                Some(_) => {}
            }
        }
        for module in linear.keys() {
            if self.config.targets(module) && !self.tensors.contains_key(module) {
                problems.push(format!("`{module}` is targeted but has no tensors"));
            }
        }
        finish(Path::new(WEIGHTS_FILE), problems)
    }

    /// What `B A` is multiplied with for one module: `alpha / r`, or `alpha / sqrt(r)` with rsLoRA.
    #[must_use]
    pub fn scale(&self, module: &str) -> f32 {
        self.config.scale(module)
    }

    /// Writes the adapter as PEFT would: sorted f32 tensors, all or nothing.
    ///
    /// # Errors
    /// [`HubError::Exists`] when `dir` is not empty and `replace` is false; [`HubError::Io`].
    pub fn save(&self, dir: &Path, replace: bool) -> Result<(), HubError> {
        let staged = Staged::dir(dir, replace)?;
        self.write_into(staged.path())?;
        staged.commit()
    }

    /// Writes the two files into an existing folder, for callers that stage a larger output themselves.
    ///
    /// # Errors
    /// [`HubError::Io`], [`HubError::TensorBytes`] when a pair contradicts its own sizes.
    pub fn write_into(&self, dir: &Path) -> Result<(), HubError> {
        fs::create_dir_all(dir).map_err(HubError::io(dir))?;
        write_json(&dir.join(CONFIG_FILE), &self.config.to_value())?;
        let mut listed = Vec::new();
        let mut values = BTreeMap::new();
        for (module, pair) in &self.tensors {
            let (name_a, name_b) = (Part::A.name(module), Part::B.name(module));
            listed.push((name_a.clone(), vec![pair.r, pair.in_features]));
            listed.push((name_b.clone(), vec![pair.out_features, pair.r]));
            values.insert(name_a, &pair.a);
            values.insert(name_b, &pair.b);
            if let Some(magnitude) = &pair.magnitude {
                listed.push((Part::Magnitude.name(module), vec![pair.out_features]));
                values.insert(Part::Magnitude.name(module), magnitude);
            }
        }
        write_safetensors(&dir.join(WEIGHTS_FILE), "F32", 4, &listed, &mut |name| {
            let values = values.get(name).ok_or_else(|| HubError::NoTensor { name: name.to_owned() })?;
            Ok::<_, HubError>(values.iter().flat_map(|value| value.to_le_bytes()).collect())
        })
    }
}

/// One half as it lies in the file.
struct Matrix {
    rows: usize,
    columns: usize,
    values: Vec<f32>,
}

/// What a tensor of the file is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    A,
    B,
    Magnitude,
}

impl Part {
    /// What stands after the module's path, first as PEFT writes it (it leaves the adapter's own name out, and the
    /// `weight` of a magnitude), then as its older releases did.
    const fn endings(self) -> &'static [&'static str] {
        match self {
            Self::A => &[".lora_A.weight"],
            Self::B => &[".lora_B.weight"],
            Self::Magnitude => &[".lora_magnitude_vector", ".lora_magnitude_vector.weight"],
        }
    }

    fn name(self, module: &str) -> String {
        format!("{PREFIX}{module}{}", self.endings()[0])
    }
}

/// The tensors of one module.
#[derive(Default)]
struct Parts {
    a: Option<Matrix>,
    b: Option<Matrix>,
    magnitude: Option<Matrix>,
}

/// Module path and what of it.
fn split_name(name: &str) -> Option<(&str, Part)> {
    let rest = name.strip_prefix(PREFIX)?;
    [Part::A, Part::B, Part::Magnitude].into_iter().find_map(|part| {
        let module = part.endings().iter().find_map(|ending| rest.strip_suffix(ending))?;
        (!module.is_empty()).then_some((module, part))
    })
}

fn join(module: &str, parts: Parts, config: &AdapterConfig, problems: &mut Vec<String>) -> Option<LoraPair> {
    let (a, b) = match (parts.a, parts.b) {
        (Some(a), Some(b)) => (a, b),
        (None, _) => {
            problems.push(format!("`{module}` has no lora_A"));
            return None;
        }
        (_, None) => {
            problems.push(format!("`{module}` has no lora_B"));
            return None;
        }
    };
    let rank = config.rank(module);
    if a.rows != rank || b.columns != rank {
        problems.push(format!(
            "`{module}`: lora_A is {} x {} and lora_B {} x {}, but the rank is {rank}",
            a.rows, a.columns, b.rows, b.columns
        ));
        return None;
    }
    if !config.targets(module) {
        problems.push(format!("`{module}` is not among the target modules"));
        return None;
    }
    let magnitude = match (parts.magnitude, config.use_dora) {
        (None, false) => None,
        (Some(m), true) if m.rows == b.rows => Some(m.values),
        (Some(m), true) => {
            problems.push(format!("`{module}`: {} magnitudes for {} outputs", m.rows, b.rows));
            return None;
        }
        (None, true) => {
            problems.push(format!("`{module}` has no lora_magnitude_vector, and `use_dora` is true"));
            return None;
        }
        (Some(_), false) => {
            problems.push(format!("`{module}` has a lora_magnitude_vector, and `use_dora` is false"));
            return None;
        }
    };
    Some(LoraPair { a: a.values, b: b.values, magnitude, r: rank, in_features: a.columns, out_features: b.rows })
}

fn finish(path: &Path, mut problems: Vec<String>) -> Result<(), HubError> {
    problems.sort();
    if problems.is_empty() { Ok(()) } else { Err(HubError::Tensors { path: path.to_owned(), problems }) }
}

#[cfg(test)]
mod tests;
