//! The keys of `config.json` with their types and ranges, and what is refused outright.

use serde_json::{Map, Value};

use super::{Family, HubError, Llama3Rope};

fn unsupported(what: String) -> HubError {
    HubError::Unsupported { what }
}

/// The architecture. Refuses what the forward pass does not implement, before any size is looked at.
pub(super) fn refuse_unsupported(raw: &Map<String, Value>) -> Result<Family, HubError> {
    let known = || Family::ALL.map(|family| format!("`{}`", family.name())).join(", ");
    let family = match raw.get("model_type").and_then(Value::as_str) {
        Some(name) => {
            Family::of(name).ok_or_else(|| unsupported(format!("model_type `{name}`; implemented are {}", known())))?
        }
        None => return Err(unsupported(format!("config.json names no model_type; implemented are {}", known()))),
    };
    for bias in ["attention_bias", "mlp_bias"] {
        if raw.get(bias).and_then(Value::as_bool) == Some(true) {
            return Err(unsupported(format!("`{bias}` is true")));
        }
    }
    if let Some(act) = raw.get("hidden_act").and_then(Value::as_str).filter(|&act| act != "silu") {
        return Err(unsupported(format!("hidden_act `{act}`, only `silu` is implemented")));
    }
    for key in ["dual_chunk_attention_config", "num_experts", "vision_config"] {
        if raw.get(key).is_some_and(|value| !value.is_null()) {
            return Err(unsupported(format!("`{key}` is set")));
        }
    }
    if raw.get("quantization_config").is_some_and(|value| !value.is_null()) {
        return Err(unsupported("the weights are already quantised (`quantization_config`)".to_owned()));
    }
    Ok(family)
}

/// Typed access to the raw keys, collecting problems instead of stopping at the first.
pub(super) struct Keys<'a> {
    raw: &'a Map<String, Value>,
    pub(super) problems: Vec<String>,
}

impl<'a> Keys<'a> {
    pub(super) fn new(raw: &'a Map<String, Value>) -> Self {
        Self { raw, problems: Vec::new() }
    }

    fn get(&self, key: &str) -> Option<&'a Value> {
        self.raw.get(key).filter(|value| !value.is_null())
    }

    /// A size in `1..=cap`. Out of range it is reported and read as 1, so that later arithmetic stays harmless.
    pub(super) fn size(&mut self, key: &str, default: Option<usize>, cap: usize) -> usize {
        let value = match self.get(key) {
            None => default.and_then(|n| u64::try_from(n).ok()),
            Some(value) => value.as_u64(),
        };
        match value.and_then(|n| usize::try_from(n).ok()) {
            Some(size) if (1..=cap).contains(&size) => size,
            _ => {
                let shown = self.get(key).map_or_else(|| "absent".to_owned(), Value::to_string);
                self.problems.push(format!("`{key}` is {shown}, expected a whole number from 1 to {cap}"));
                1
            }
        }
    }

    pub(super) fn positive(&mut self, key: &str, default: f64) -> f64 {
        let value = self.get(key).map_or(Some(default), Value::as_f64);
        self.check_positive(key, value)
    }

    fn check_positive(&mut self, key: &str, value: Option<f64>) -> f64 {
        match value {
            Some(number) if number.is_finite() && number > 0.0 => number,
            _ => {
                self.problems.push(format!("`{key}` is not a positive number"));
                1.0
            }
        }
    }

    pub(super) fn flag(&mut self, key: &str, default: bool) -> bool {
        match self.get(key).map(Value::as_bool) {
            None => default,
            Some(Some(flag)) => flag,
            Some(None) => {
                self.problems.push(format!("`{key}` is not true or false"));
                default
            }
        }
    }

    /// One id or a list of ids. Absent gives `default`, null gives none. Negative ids (Llama 2's pad -1) mean none.
    pub(super) fn ids(&mut self, key: &str, default: &[u32]) -> Vec<u32> {
        let Some(value) = self.raw.get(key) else { return default.to_vec() };
        let single = std::slice::from_ref(value);
        let list = match value {
            Value::Null => &[],
            Value::Array(list) => list.as_slice(),
            _ => single,
        };
        let mut ids = Vec::new();
        for item in list.iter().take(64) {
            match (item.as_u64().and_then(|id| u32::try_from(id).ok()), item.as_i64()) {
                (Some(id), _) => ids.push(id),
                (None, Some(negative)) if negative < 0 => {}
                _ => self.problems.push(format!("`{key}` holds {item}, which is not a token id")),
            }
        }
        ids
    }

    /// The window of attention where some layer has one; `None` where all layers see everything.
    pub(super) fn sliding_window(&mut self, family: Family, layers: usize) -> Option<usize> {
        let slides = match family {
            Family::Llama => false,
            // Absent means the default of 4096, null means none.
            Family::Mistral => self.raw.get("sliding_window").is_none_or(|value| !value.is_null()),
            Family::Qwen2 | Family::Qwen3 => {
                self.flag("use_sliding_window", false)
                    && match self.get("layer_types").and_then(Value::as_array) {
                        Some(types) => types.iter().any(|kind| kind == "sliding_attention"),
                        None => {
                            let full = self.get("max_window_layers").map_or(Some(28), Value::as_u64);
                            full.is_none_or(|full| full < layers as u64)
                        }
                    }
            }
        };
        slides.then(|| self.size("sliding_window", Some(4096), 1 << 28))
    }

    fn rope_object(&self) -> Option<&'a Map<String, Value>> {
        self.get("rope_parameters").or_else(|| self.get("rope_scaling")).and_then(Value::as_object)
    }

    pub(super) fn rope_theta(&mut self) -> f64 {
        let inside = self.rope_object().and_then(|rope| rope.get("rope_theta"));
        match inside.or_else(|| self.get("rope_theta")) {
            None => 10000.0,
            Some(value) => self.check_positive("rope_theta", value.as_f64()),
        }
    }

    pub(super) fn rope_scaling(&mut self) -> Result<Option<Llama3Rope>, HubError> {
        let Some(rope) = self.rope_object() else { return Ok(None) };
        if rope.get("partial_rotary_factor").and_then(Value::as_f64).is_some_and(|part| part != 1.0) {
            return Err(unsupported("rotary embedding over a part of the head".to_owned()));
        }
        match rope.get("rope_type").or_else(|| rope.get("type")).and_then(Value::as_str) {
            None | Some("default") => return Ok(None),
            Some("llama3") => {}
            Some(other) => {
                return Err(unsupported(format!("rope type `{other}`, only `default` and `llama3` are implemented")));
            }
        }
        let mut number = |key: &str| {
            let value = rope.get(key).and_then(Value::as_f64);
            self.check_positive(key, value)
        };
        let scaling = Llama3Rope {
            factor: number("factor"),
            low_freq_factor: number("low_freq_factor"),
            high_freq_factor: number("high_freq_factor"),
            original_max_position_embeddings: number("original_max_position_embeddings") as usize,
        };
        if scaling.high_freq_factor <= scaling.low_freq_factor {
            self.problems.push("`high_freq_factor` must exceed `low_freq_factor`".to_owned());
        }
        Ok(Some(scaling))
    }
}
