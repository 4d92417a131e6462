//! `adapter_config.json`: what PEFT wrote comes in, what this program can honour goes out.

use serde_json::{Map, Value, json};

use super::HubError;

/// Which layers carry an adapter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TargetModules {
    /// Every linear layer except the output head, PEFT's `"all-linear"`.
    AllLinear,
    /// Suffixes (`q_proj`) or full paths.
    List(Vec<String>),
}

impl TargetModules {
    /// Whether a module path is targeted: equal to an entry, or ending in `.entry`.
    #[must_use]
    pub fn matches(&self, module: &str) -> bool {
        match self {
            Self::AllLinear => module != "lm_head",
            Self::List(list) => list.iter().any(|target| is_suffix(target, module)),
        }
    }

    /// The entries that match none of `modules`.
    pub(super) fn unused<'a>(&self, modules: impl Iterator<Item = &'a str> + Clone) -> Vec<String> {
        match self {
            Self::AllLinear => Vec::new(),
            Self::List(list) => {
                list.iter().filter(|target| !modules.clone().any(|module| is_suffix(target, module))).cloned().collect()
            }
        }
    }
}

/// Settings of a LoRA adapter, after PEFT's `LoraConfig`.
#[derive(Debug, Clone, PartialEq)]
pub struct AdapterConfig {
    /// Rank where `rank_pattern` says nothing else.
    pub r: usize,
    /// Numerator of the scale where `alpha_pattern` says nothing else.
    pub lora_alpha: f64,
    /// Dropout on the adapter's input while training.
    pub lora_dropout: f64,
    /// Divide by `sqrt(r)` instead of `r`.
    pub use_rslora: bool,
    /// Which layers.
    pub target_modules: TargetModules,
    /// Rank by module suffix, first match counts.
    pub rank_pattern: Vec<(String, usize)>,
    /// Alpha by module suffix, first match counts.
    pub alpha_pattern: Vec<(String, f64)>,
    /// Hub id or folder of the base model.
    pub base_model_name_or_path: Option<String>,
    /// Commit of the base model.
    pub revision: Option<String>,
    /// `CAUSAL_LM` in what we write.
    pub task_type: Option<String>,
}

impl AdapterConfig {
    /// The settings for a plain adapter on every block-linear layer named by `targets`.
    #[must_use]
    pub fn new(r: usize, lora_alpha: f64, targets: &[&str]) -> Self {
        Self {
            r,
            lora_alpha,
            lora_dropout: 0.0,
            use_rslora: false,
            target_modules: TargetModules::List(targets.iter().map(|&target| target.to_owned()).collect()),
            rank_pattern: Vec::new(),
            alpha_pattern: Vec::new(),
            base_model_name_or_path: None,
            revision: None,
            task_type: Some("CAUSAL_LM".to_owned()),
        }
    }

    /// Rank of one module.
    #[must_use]
    pub fn rank(&self, module: &str) -> usize {
        first_match(&self.rank_pattern, module).unwrap_or(self.r)
    }

    /// `alpha / r`, or `alpha / sqrt(r)` with rsLoRA. Computed in f64 and rounded once, as Python does.
    #[must_use]
    pub fn scale(&self, module: &str) -> f32 {
        let alpha = first_match(&self.alpha_pattern, module).unwrap_or(self.lora_alpha);
        let rank = self.rank(module) as f64;
        (if self.use_rslora { alpha / rank.sqrt() } else { alpha / rank }) as f32
    }

    /// Reads `adapter_config.json`. Keys we do not know are left alone, as PEFT does, unless they change the maths.
    ///
    /// # Errors
    /// [`HubError::Unsupported`] naming the setting; [`HubError::Config`] for values out of range.
    pub fn from_value(value: &Value) -> Result<Self, HubError> {
        let raw = value.as_object().ok_or_else(|| broken("the top level is not an object".to_owned()))?;
        refuse_unsupported(raw)?;
        let number = |key: &str, default: f64| match raw.get(key) {
            None | Some(Value::Null) => Ok(default),
            Some(value) => value
                .as_f64()
                .filter(|number| number.is_finite())
                .ok_or_else(|| broken(format!("`{key}` is {value}, not a number"))),
        };
        let target_modules = match raw.get("target_modules") {
            Some(Value::String(text)) if text == "all-linear" => TargetModules::AllLinear,
            Some(Value::String(pattern)) => {
                return Err(unsupported(format!("target_modules as a regular expression (`{pattern}`)")));
            }
            Some(Value::Array(list)) => {
                let names: Option<Vec<String>> = list.iter().map(|item| item.as_str().map(str::to_owned)).collect();
                TargetModules::List(names.ok_or_else(|| broken("`target_modules` holds a non-string".to_owned()))?)
            }
            // PEFT's own default for the Llama family.
            None | Some(Value::Null) => TargetModules::List(vec!["q_proj".to_owned(), "v_proj".to_owned()]),
            Some(other) => return Err(broken(format!("`target_modules` is {other}"))),
        };
        let text = |key: &str| raw.get(key).and_then(Value::as_str).map(str::to_owned);
        Ok(Self {
            r: rank_of(raw.get("r").unwrap_or(&json!(8)), "r")?,
            lora_alpha: number("lora_alpha", 8.0)?,
            lora_dropout: number("lora_dropout", 0.0)?,
            use_rslora: raw.get("use_rslora").and_then(Value::as_bool).unwrap_or(false),
            target_modules,
            rank_pattern: pattern(raw, "rank_pattern", rank_of)?,
            alpha_pattern: pattern(raw, "alpha_pattern", |value, key| {
                value.as_f64().ok_or_else(|| broken(format!("`{key}` is {value}, not a number")))
            })?,
            base_model_name_or_path: text("base_model_name_or_path"),
            revision: text("revision"),
            task_type: text("task_type"),
        })
    }

    /// The file PEFT would write: every key it writes for such an adapter, sorted.
    #[must_use]
    pub fn to_value(&self) -> Value {
        let targets = match &self.target_modules {
            TargetModules::AllLinear => json!("all-linear"),
            TargetModules::List(list) => json!(list),
        };
        // PEFT keeps whole numbers whole; 16.0 would be read back as a float and printed so everywhere.
        let whole = |value: f64| {
            if value.fract() == 0.0 && value.abs() < 1e15 { json!(value as i64) } else { json!(value) }
        };
        let ranks: Map<String, Value> = self.rank_pattern.iter().map(|(key, r)| (key.clone(), json!(r))).collect();
        let alphas: Map<String, Value> =
            self.alpha_pattern.iter().map(|(key, alpha)| (key.clone(), whole(*alpha))).collect();
        json!({
            "alpha_pattern": alphas,
            "auto_mapping": null,
            "base_model_name_or_path": self.base_model_name_or_path,
            "bias": "none",
            "corda_config": null,
            "eva_config": null,
            "exclude_modules": null,
            "fan_in_fan_out": false,
            "inference_mode": true,
            "init_lora_weights": true,
            "layer_replication": null,
            "layers_pattern": null,
            "layers_to_transform": null,
            "loftq_config": {},
            "lora_alpha": whole(self.lora_alpha),
            "lora_bias": false,
            "lora_dropout": self.lora_dropout,
            "megatron_config": null,
            "megatron_core": "megatron.core",
            "modules_to_save": null,
            "peft_type": "LORA",
            "r": self.r,
            "rank_pattern": ranks,
            "revision": self.revision,
            "target_modules": targets,
            "task_type": self.task_type,
            "trainable_token_indices": null,
            "use_dora": false,
            "use_rslora": self.use_rslora,
        })
    }
}

fn broken(problem: String) -> HubError {
    HubError::Config { file: "adapter_config.json", problems: vec![problem] }
}

fn unsupported(what: String) -> HubError {
    HubError::Unsupported { what: format!("adapter: {what}") }
}

/// Everything that changes what `W + s B A` means, or that adds weights we would drop.
fn refuse_unsupported(raw: &Map<String, Value>) -> Result<(), HubError> {
    match raw.get("peft_type").and_then(Value::as_str) {
        Some("LORA") => {}
        other => return Err(unsupported(format!("peft_type {other:?}, only LORA is implemented"))),
    }
    if let Some(bias) = raw.get("bias").and_then(Value::as_str).filter(|&bias| bias != "none") {
        return Err(unsupported(format!("bias `{bias}`, only `none` is implemented")));
    }
    const REFUSED: [&str; 15] = [
        "use_dora",
        "modules_to_save",
        "fan_in_fan_out",
        "lora_bias",
        "layers_to_transform",
        "layers_pattern",
        "layer_replication",
        "exclude_modules",
        "trainable_token_indices",
        "target_parameters",
        "alora_invocation_tokens",
        "use_qalora",
        "use_bdlora",
        "arrow_config",
        "megatron_config",
    ];
    for key in REFUSED {
        let set = match raw.get(key) {
            None | Some(Value::Null | Value::Bool(false)) => false,
            Some(Value::Array(list)) => !list.is_empty(),
            Some(Value::Object(map)) => !map.is_empty(),
            Some(_) => true,
        };
        if set {
            return Err(unsupported(format!("`{key}` is set, which is not implemented")));
        }
    }
    Ok(())
}

fn rank_of(value: &Value, key: &str) -> Result<usize, HubError> {
    match value.as_u64() {
        Some(rank @ 1..=4096) => Ok(rank as usize),
        _ => Err(broken(format!("`{key}` is {value}, expected a rank from 1 to 4096"))),
    }
}

/// A `rank_pattern` or `alpha_pattern`. PEFT reads its keys as regular expressions; plain names with an optional
/// leading `^` cover what people write, and anything else is refused rather than misread.
fn pattern<T>(
    raw: &Map<String, Value>,
    key: &str,
    read: impl Fn(&Value, &str) -> Result<T, HubError>,
) -> Result<Vec<(String, T)>, HubError> {
    let Some(map) = raw.get(key).and_then(Value::as_object) else { return Ok(Vec::new()) };
    let mut entries = Vec::new();
    for (name, value) in map {
        let plain = name.strip_prefix('^').unwrap_or(name);
        if !plain.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-')) {
            return Err(unsupported(format!("`{key}` with the regular expression `{name}`")));
        }
        entries.push((name.clone(), read(value, key)?));
    }
    Ok(entries)
}

fn first_match<T: Copy>(pattern: &[(String, T)], module: &str) -> Option<T> {
    let matches = |name: &str| match name.strip_prefix('^') {
        Some(whole) => whole == module,
        None => is_suffix(name, module),
    };
    pattern.iter().find(|(name, _)| matches(name)).map(|(_, value)| *value)
}

/// `q_proj` and `self_attn.q_proj` match `model.layers.0.self_attn.q_proj`; `proj` does not.
fn is_suffix(suffix: &str, module: &str) -> bool {
    module.strip_suffix(suffix).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}
