//! `config.json` of an encoder with a token classifier on top.

use serde_json::Value;

use super::TaggerError;

/// What `model_type` may be.
pub(super) const MODEL_TYPES: [&str; 6] = ["bert", "roberta", "xlm-roberta", "camembert", "distilbert", "deberta-v2"];

/// How the tensors are named and put together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Family {
    Bert,
    /// XLM-RoBERTa and CamemBERT too: BERT whose positions begin behind the padding id.
    Roberta,
    DistilBert,
    DebertaV2,
}

/// What is between the two layers of the feed-forward part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Activation {
    Gelu,
    GeluTanh,
    Relu,
}

/// Sizes of an encoder, checked.
#[derive(Clone, Debug)]
pub(super) struct Config {
    pub(super) family: Family,
    pub(super) vocab: usize,
    pub(super) hidden: usize,
    pub(super) inner: usize,
    pub(super) layers: usize,
    pub(super) heads: usize,
    pub(super) positions: usize,
    /// The position of the first token.
    pub(super) first_position: usize,
    pub(super) types: usize,
    pub(super) epsilon: f64,
    pub(super) activation: Activation,
    /// By id.
    pub(super) labels: Vec<String>,
}

impl Config {
    pub(super) fn from_value(json: &Value) -> Result<Self, TaggerError> {
        let name = json.get("model_type").and_then(Value::as_str).unwrap_or_default();
        let family = match name {
            "bert" => Family::Bert,
            "roberta" | "xlm-roberta" | "camembert" => Family::Roberta,
            "distilbert" => Family::DistilBert,
            "deberta-v2" => Family::DebertaV2,
            _ => return Err(TaggerError::Unsupported(format!("`model_type` is `{name}`"))),
        };
        let classes: Vec<&str> = json
            .get("architectures")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        if !classes.is_empty() && !classes.iter().any(|class| class.ends_with("ForTokenClassification")) {
            return Err(TaggerError::Unsupported(format!("{} is no token classifier", classes.join(", "))));
        }
        let mut keys = Keys { json, problems: Vec::new() };
        let distil = family == Family::DistilBert;
        let named = |theirs: &'static str, distils: &'static str| if distil { distils } else { theirs };
        let hidden = keys.size(named("hidden_size", "dim"), None, 1 << 14);
        let heads = keys.size(named("num_attention_heads", "n_heads"), None, 1 << 10);
        let padding = keys.size("pad_token_id", Some(if family == Family::Roberta { 1 } else { 0 }), 1 << 22);
        let config = Self {
            family,
            vocab: keys.size("vocab_size", None, 1 << 22),
            hidden,
            inner: keys.size(named("intermediate_size", "hidden_dim"), None, 1 << 16),
            layers: keys.size(named("num_hidden_layers", "n_layers"), None, 256),
            heads,
            positions: keys.size("max_position_embeddings", Some(LONGEST), 1 << 17),
            first_position: if family == Family::Roberta { padding + 1 } else { 0 },
            types: if distil { 0 } else { keys.size("type_vocab_size", Some(2), 1 << 10) },
            epsilon: if distil { 1e-12 } else { keys.epsilon() },
            activation: match keys.text(named("hidden_act", "activation"), "gelu") {
                "gelu" => Activation::Gelu,
                "gelu_new" | "gelu_pytorch_tanh" => Activation::GeluTanh,
                "relu" => Activation::Relu,
                other => return Err(TaggerError::Unsupported(format!("activation `{other}`"))),
            },
            labels: keys.labels(),
        };
        if heads == 0 || hidden == 0 || !hidden.is_multiple_of(heads.max(1)) {
            keys.problems.push(format!("a width of {hidden} cannot be shared by {heads} heads"));
        }
        let position = keys.text("position_embedding_type", "absolute");
        if position != "absolute" || json.get("is_decoder").and_then(Value::as_bool) == Some(true) {
            return Err(TaggerError::Unsupported(format!("positions `{position}`, or a decoder")));
        }
        if keys.problems.is_empty() { Ok(config) } else { Err(TaggerError::Config(keys.problems)) }
    }

    /// How many tokens the model can read at once.
    pub(super) fn longest(&self) -> usize {
        self.positions.saturating_sub(self.first_position)
    }
}

/// What `max_position_embeddings` is where it is absent.
const LONGEST: usize = 512;

struct Keys<'j> {
    json: &'j Value,
    problems: Vec<String>,
}

impl<'j> Keys<'j> {
    /// A size up to `most`, so that nothing is allocated on a lying file.
    fn size(&mut self, key: &str, default: Option<usize>, most: usize) -> usize {
        let found = match self.json.get(key).filter(|value| !value.is_null()) {
            None => default,
            Some(value) => value.as_u64().and_then(|size| usize::try_from(size).ok()).filter(|size| *size <= most),
        };
        found.unwrap_or_else(|| {
            self.problems.push(format!("`{key}` is missing or no size"));
            0
        })
    }

    fn text(&self, key: &str, default: &'j str) -> &'j str {
        self.json.get(key).and_then(Value::as_str).unwrap_or(default)
    }

    fn epsilon(&mut self) -> f64 {
        let found = self.json.get("layer_norm_eps").map_or(Some(1e-12), Value::as_f64);
        found.filter(|eps| *eps > 0.0 && *eps < 1.0).unwrap_or_else(|| {
            self.problems.push("`layer_norm_eps` is no small number".to_owned());
            0.0
        })
    }

    /// `id2label`, whose ids count from 0 without a gap.
    fn labels(&mut self) -> Vec<String> {
        let Some(map) = self.json.get("id2label").and_then(Value::as_object).filter(|map| !map.is_empty()) else {
            self.problems.push("`id2label` is missing".to_owned());
            return Vec::new();
        };
        let labels: Option<Vec<String>> =
            (0..map.len()).map(|id| Some(map.get(&id.to_string())?.as_str()?.to_owned())).collect();
        labels.unwrap_or_else(|| {
            self.problems.push("`id2label` does not count from 0".to_owned());
            Vec::new()
        })
    }
}
