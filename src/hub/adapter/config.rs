//! `adapter_config.json`: what PEFT wrote comes in, what this program can honour goes out.

use serde_json::{Map, Value, json};

use super::targets::{Layers, Pattern, TargetModules, is_suffix};
use crate::hub::{HubError, LlamaConfig};

/// One linear layer with a low-rank update.
#[derive(Debug, Clone, PartialEq)]
pub struct LoraModule {
    /// Its path, such as `model.layers.0.self_attn.q_proj`.
    pub path: String,
    /// `r`.
    pub rank: usize,
    /// What `B A` is multiplied with: `alpha / r`, or `alpha / sqrt(r)` with rsLoRA.
    pub scale: f64,
    /// Whether a magnitude per output is trained as well (DoRA).
    pub dora: bool,
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
    /// Weight-decomposed: every module has a magnitude per output (Liu et al. 2024, arXiv 2402.09353).
    pub use_dora: bool,
    /// Which modules.
    pub target_modules: TargetModules,
    /// Which of them not; `AllLinear` does not occur here.
    pub exclude_modules: Option<TargetModules>,
    /// On which layers.
    pub layers: Layers,
    /// Rank by module, first match counts.
    pub rank_pattern: Vec<(Pattern, usize)>,
    /// Alpha by module, first match counts.
    pub alpha_pattern: Vec<(Pattern, f64)>,
    /// Hub id or folder of the base model.
    pub base_model_name_or_path: Option<String>,
    /// Commit of the base model.
    pub revision: Option<String>,
    /// `CAUSAL_LM` in what we write.
    pub task_type: Option<String>,
    /// Keys of the file that change nothing here (`peft_version`, Unsloth's marks), for rewriting without loss.
    pub extra: Map<String, Value>,
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
            use_dora: false,
            target_modules: TargetModules::List(targets.iter().map(|&target| target.to_owned()).collect()),
            exclude_modules: None,
            layers: Layers::default(),
            rank_pattern: Vec::new(),
            alpha_pattern: Vec::new(),
            base_model_name_or_path: None,
            revision: None,
            task_type: Some("CAUSAL_LM".to_owned()),
            extra: Map::new(),
        }
    }

    /// Whether a module carries an update.
    #[must_use]
    pub fn targets(&self, module: &str) -> bool {
        if self.exclude_modules.as_ref().is_some_and(|excluded| excluded.matches(module)) {
            return false;
        }
        match &self.target_modules {
            TargetModules::List(list) => {
                list.iter().any(|target| target == module)
                    || (list.iter().any(|target| is_suffix(target, module)) && self.layers.hold(module))
            }
            named => named.matches(module),
        }
    }

    /// The updates that these settings put on `base`, in model order.
    ///
    /// # Errors
    /// [`HubError::Config`] when a target module names nothing in the base, or when all of them together do.
    pub fn modules(&self, base: &LlamaConfig) -> Result<Vec<LoraModule>, HubError> {
        let linear = base.linear_modules();
        let mut problems: Vec<String> = self
            .target_modules
            .unused(linear.iter().map(|(path, _)| path.as_str()))
            .into_iter()
            .map(|target| format!("the base has no linear layer `{target}`"))
            .collect();
        let modules: Vec<LoraModule> = linear
            .into_iter()
            .filter(|(path, _)| self.targets(path))
            .map(|(path, _)| LoraModule {
                rank: self.rank(&path),
                scale: f64::from(self.scale(&path)),
                dora: self.use_dora,
                path,
            })
            .collect();
        if modules.is_empty() && problems.is_empty() {
            problems.push("the settings name no linear layer of the base".to_owned());
        }
        if problems.is_empty() { Ok(modules) } else { Err(HubError::Config { file: "adapter_config.json", problems }) }
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
        // PEFT's own default for the Llama family.
        let target_modules = names(raw, "target_modules")?
            .unwrap_or_else(|| TargetModules::List(vec!["q_proj".to_owned(), "v_proj".to_owned()]));
        let exclude_modules = names(raw, "exclude_modules")?.filter(|n| *n != TargetModules::List(Vec::new()));
        if exclude_modules == Some(TargetModules::AllLinear) {
            return Err(broken("`exclude_modules` is `all-linear`".to_owned()));
        }
        let layers = layers(raw)?;
        if !layers.indices.is_empty() && !matches!(target_modules, TargetModules::List(_)) {
            return Err(broken("`layers_to_transform` needs a list of `target_modules`".to_owned()));
        }
        let flag = |key: &str| match raw.get(key) {
            None | Some(Value::Null) => Ok(false),
            Some(value) => value.as_bool().ok_or_else(|| broken(format!("`{key}` is {value}, not true or false"))),
        };
        let text = |key: &str| raw.get(key).and_then(Value::as_str).map(str::to_owned);
        let usual = usual();
        Ok(Self {
            r: rank_of(raw.get("r").unwrap_or(&json!(8)), "r")?,
            lora_alpha: number("lora_alpha", 8.0)?,
            lora_dropout: number("lora_dropout", 0.0)?,
            use_rslora: flag("use_rslora")?,
            use_dora: flag("use_dora")?,
            target_modules,
            exclude_modules,
            layers,
            rank_pattern: pattern(raw, "rank_pattern", rank_of)?,
            alpha_pattern: pattern(raw, "alpha_pattern", |value, key| {
                value.as_f64().ok_or_else(|| broken(format!("`{key}` is {value}, not a number")))
            })?,
            base_model_name_or_path: text("base_model_name_or_path"),
            revision: text("revision"),
            task_type: text("task_type"),
            extra: raw
                .iter()
                .filter(|(key, value)| !OWN.contains(&key.as_str()) && usual.get(key.as_str()) != Some(value))
                .map(|(key, value)| (key.clone(), value.clone()))
                .collect(),
        })
    }

    /// The file PEFT would write: every key it writes for such an adapter, sorted.
    #[must_use]
    pub fn to_value(&self) -> Value {
        // PEFT keeps whole numbers whole; 16.0 would be read back as a float and printed so everywhere.
        let whole = |value: f64| {
            if value.fract() == 0.0 && value.abs() < 1e15 { json!(value as i64) } else { json!(value) }
        };
        let ranks: Map<String, Value> =
            self.rank_pattern.iter().map(|(key, r)| (key.source().to_owned(), json!(r))).collect();
        let alphas: Map<String, Value> =
            self.alpha_pattern.iter().map(|(key, alpha)| (key.source().to_owned(), whole(*alpha))).collect();
        let layers = (!self.layers.indices.is_empty()).then_some(&self.layers.indices);
        let lists = (!self.layers.lists.is_empty()).then_some(&self.layers.lists);
        let own = json!({
            "alpha_pattern": alphas,
            "base_model_name_or_path": self.base_model_name_or_path,
            "bias": "none",
            "exclude_modules": self.exclude_modules.as_ref().map(TargetModules::to_value),
            "fan_in_fan_out": false,
            "layer_replication": null,
            "layers_pattern": lists,
            "layers_to_transform": layers,
            "lora_alpha": whole(self.lora_alpha),
            "lora_bias": false,
            "lora_dropout": self.lora_dropout,
            "megatron_config": null,
            "modules_to_save": null,
            "peft_type": "LORA",
            "r": self.r,
            "rank_pattern": ranks,
            "revision": self.revision,
            "target_modules": self.target_modules.to_value(),
            "task_type": self.task_type,
            "trainable_token_indices": null,
            "use_dora": self.use_dora,
            "use_rslora": self.use_rslora,
        });
        let usual = usual();
        // Later ones win: what the file said over what PEFT says by itself, and ours over both.
        let mut sorted = std::collections::BTreeMap::new();
        for part in [usual.as_object(), Some(&self.extra), own.as_object()].into_iter().flatten() {
            sorted.extend(part.iter().map(|(key, value)| (key.clone(), value.clone())));
        }
        Value::Object(sorted.into_iter().collect())
    }
}

/// What PEFT writes for any adapter and nobody reads here.
fn usual() -> Value {
    json!({
        "auto_mapping": null,
        "corda_config": null,
        "eva_config": null,
        "inference_mode": true,
        "init_lora_weights": true,
        "loftq_config": {},
        "megatron_core": "megatron.core",
    })
}

/// The keys that have a field of their own, or whose only allowed value is written again.
const OWN: [&str; 22] = [
    "alpha_pattern",
    "base_model_name_or_path",
    "bias",
    "exclude_modules",
    "fan_in_fan_out",
    "layer_replication",
    "layers_pattern",
    "layers_to_transform",
    "lora_alpha",
    "lora_bias",
    "lora_dropout",
    "megatron_config",
    "modules_to_save",
    "peft_type",
    "r",
    "rank_pattern",
    "revision",
    "target_modules",
    "task_type",
    "trainable_token_indices",
    "use_dora",
    "use_rslora",
];

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
    const REFUSED: [&str; 11] = [
        "modules_to_save",
        "fan_in_fan_out",
        "lora_bias",
        "layer_replication",
        "trainable_token_indices",
        "target_parameters",
        "alora_invocation_tokens",
        "arrow_config",
        "megatron_config",
        "monteclora_config",
        "kasa_config",
    ];
    for (key, value) in raw {
        let set = match value {
            Value::Null | Value::Bool(false) => false,
            Value::Array(list) => !list.is_empty(),
            Value::Object(map) => !map.is_empty(),
            _ => true,
        };
        // A switch that is on and that we never heard of changes something.
        let switch = key.starts_with("use_") && !matches!(key.as_str(), "use_dora" | "use_rslora");
        if set && (switch || REFUSED.contains(&key.as_str())) {
            return Err(unsupported(format!("`{key}` is set, which is not implemented")));
        }
    }
    // The others only choose where training starts; these also take the start out of the base's weights, so that the
    // adapter belongs to a base that is in no folder.
    match raw.get("init_lora_weights") {
        None | Some(Value::Null | Value::Bool(_)) => Ok(()),
        Some(Value::String(way)) if ["gaussian", "eva", "orthogonal"].contains(&way.as_str()) => Ok(()),
        Some(other) => Err(unsupported(format!(
            "`init_lora_weights` is {other}, whose base is not the one on disk; convert the adapter with PEFT's \
             `path_initial_model_for_weight_conversion`"
        ))),
    }
}

fn rank_of(value: &Value, key: &str) -> Result<usize, HubError> {
    match value.as_u64() {
        Some(rank @ 1..=4096) => Ok(rank as usize),
        _ => Err(broken(format!("`{key}` is {value}, expected a rank from 1 to 4096"))),
    }
}

/// `target_modules` or `exclude_modules`.
fn names(raw: &Map<String, Value>, key: &str) -> Result<Option<TargetModules>, HubError> {
    Ok(Some(match raw.get(key) {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::String(text)) if text.eq_ignore_ascii_case("all-linear") => TargetModules::AllLinear,
        Some(Value::String(source)) => TargetModules::Pattern(
            Pattern::whole(source).map_err(|why| unsupported(format!("`{key}` as a regular expression: {why}")))?,
        ),
        Some(value) => TargetModules::List(strings(value, key)?),
    }))
}

fn strings(value: &Value, key: &str) -> Result<Vec<String>, HubError> {
    let list: Option<Vec<String>> =
        value.as_array().and_then(|list| list.iter().map(|item| item.as_str().map(str::to_owned)).collect());
    list.ok_or_else(|| broken(format!("`{key}` is {value}, not a list of names")))
}

fn layers(raw: &Map<String, Value>) -> Result<Layers, HubError> {
    let indices = match raw.get("layers_to_transform") {
        None | Some(Value::Null) => Vec::new(),
        Some(value) => {
            let list = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
            let indices: Option<Vec<usize>> =
                list.iter().map(|item| item.as_u64().and_then(|n| usize::try_from(n).ok())).collect();
            indices.ok_or_else(|| broken(format!("`layers_to_transform` is {value}, not numbers of layers")))?
        }
    };
    let lists = match raw.get("layers_pattern") {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::String(name)) if name.is_empty() => Vec::new(),
        Some(Value::String(name)) => vec![name.clone()],
        Some(value) => strings(value, "layers_pattern")?,
    };
    if let Some(odd) = lists.iter().find(|name| !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')) {
        return Err(unsupported(format!("`layers_pattern` with the regular expression `{odd}`")));
    }
    Ok(Layers { indices, lists })
}

/// A `rank_pattern` or `alpha_pattern`, whose keys PEFT reads as regular expressions.
fn pattern<T>(
    raw: &Map<String, Value>,
    key: &str,
    read: impl Fn(&Value, &str) -> Result<T, HubError>,
) -> Result<Vec<(Pattern, T)>, HubError> {
    let Some(map) = raw.get(key).and_then(Value::as_object) else { return Ok(Vec::new()) };
    let mut entries = Vec::new();
    for (name, value) in map {
        let regex = Pattern::suffix(name)
            .map_err(|why| unsupported(format!("`{key}` with the regular expression `{name}`: {why}")))?;
        entries.push((regex, read(value, key)?));
    }
    Ok(entries)
}

fn first_match<T: Copy>(pattern: &[(Pattern, T)], module: &str) -> Option<T> {
    pattern.iter().find(|(name, _)| name.matches(module)).map(|(_, value)| *value)
}
