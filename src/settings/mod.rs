//! Settings: flags over environment over `distill.toml` over defaults, each value with where it came from.
//!
//! The defaults are one TOML file ([`DEFAULTS`]), which is also the set of known keys: a key that is not in it is an
//! error with a suggestion, wherever it is written.

mod layers;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::Error;
use crate::error::distance;
use crate::lint::LintSettings;

pub use layers::{Layers, Origin, policy_key};

/// Every setting with its default and a comment: what `distill init` writes.
pub const DEFAULTS: &str = include_str!("defaults.toml");

/// All settings, resolved.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Who the documents are about.
    pub persona: Persona,
    /// Who writes the rows.
    pub teacher: TeacherSettings,
    /// How many rows, and what they have to be.
    pub rows: RowSettings,
    /// What is checked before training.
    pub lint: LintSettings,
    /// What is trained.
    pub student: StudentSettings,
    /// How it is trained, per phase.
    pub train: Phases,
    /// What is measured.
    pub eval: EvalSettings,
    /// What comes out.
    pub export: ExportSettings,
}

/// Who the documents are about.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Persona {
    /// Names, nicknames and handles to mask, beside those found in the documents.
    pub names: Vec<String>,
    /// Texts that are never masked.
    pub allow: Vec<String>,
    /// Texts that are always masked.
    pub deny: Vec<String>,
    /// Kinds of personal data left readable.
    pub keep: Vec<crate::mask::Entity>,
    /// Kinds masked beside the usual: those of [`Entity::OPTIONAL`](crate::mask::Entity::OPTIONAL).
    pub also: Vec<crate::mask::Entity>,
    /// Folder of a name model, relative to the workspace; empty is none. Not written anywhere: what a model finds
    /// depends on what is in the folder, which has a hash of its own.
    #[serde(default, skip_serializing)]
    pub ner: String,
    /// Finds of the name model that are less sure are dropped.
    #[serde(default, skip_serializing)]
    pub ner_threshold: f64,
    /// What becomes of a kind's values, where it is no placeholder. Before `keep` and `also` where they disagree.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub policy: BTreeMap<crate::mask::Entity, crate::mask::Treatment>,
}

impl Persona {
    /// The masking policy these settings ask for.
    #[must_use]
    pub fn policy(&self) -> crate::mask::Policy {
        let optional = crate::mask::Entity::OPTIONAL.into_iter().filter(|entity| !self.also.contains(entity));
        crate::mask::Policy {
            names: self.names.clone(),
            allow: self.allow.clone(),
            deny: self.deny.clone(),
            // Who says what becomes of a kind wants it looked for.
            off: optional.chain(self.keep.iter().copied()).filter(|entity| !self.policy.contains_key(entity)).collect(),
            treatments: self.policy.clone(),
        }
    }
}

/// Who writes the rows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TeacherSettings {
    /// `openai`, `local:PATH`, `replay:FILE`, `outline`; empty chooses `openai` when a key or an address is set, else `outline`.
    pub spec: String,
    /// Address of an OpenAI-compatible endpoint, with `/v1`.
    pub base_url: String,
    /// Model name.
    pub model: String,
    /// Model of the same endpoint that judges rows; empty is none.
    pub judge: String,
    /// Sampling temperature; negative leaves it to the endpoint.
    pub temperature: f64,
    /// Nucleus of a `local:` model; 1 keeps every token.
    pub top_p: f64,
    /// Seeds the draws of a `local:` model.
    pub seed: u64,
    /// Where a `local:` model runs: `cpu` or `cuda`.
    pub device: String,
    /// Limit of one answer.
    pub max_tokens: u32,
    /// Limit of one more try when an answer was cut; 0 takes the cut answer.
    pub max_tokens_if_cut: u32,
    /// Requests a minute; 0 is no limit.
    pub rpm: u32,
    /// Tokens a minute; 0 is no limit.
    pub tpm: u32,
    /// Requests in flight.
    pub concurrency: usize,
    /// Time for one answer.
    pub timeout_secs: u64,
    /// Tries after the first.
    pub max_retries: u32,
    /// Spend at most this; 0 is no limit.
    pub max_usd: f64,
    /// Price of a million prompt tokens; 0 looks the model up.
    pub input_usd_per_million: f64,
    /// Price of a million answer tokens.
    pub output_usd_per_million: f64,
    /// Ask in batches: cheaper, and within a day instead of at once.
    pub batch: bool,
    /// Between two looks at a batch.
    pub batch_poll_secs: u64,
    /// What a batch costs less than the same requests one by one, as a share of their price.
    pub batch_discount: f64,
    /// Prices by model, before those two.
    #[serde(default)]
    pub prices: BTreeMap<String, ModelPrice>,
}

/// What a model costs, in US dollars per million tokens.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelPrice {
    /// Tokens read.
    pub input: f64,
    /// Tokens written.
    pub output: f64,
    /// Tokens read that the server had at hand; `input` where it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cached_input: Option<f64>,
}

/// How many rows, and what they have to be.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RowSettings {
    /// Accepted rows of each kind.
    pub qa: usize,
    /// Accepted rows.
    pub cot: usize,
    /// Accepted rows.
    pub preference: usize,
    /// Tokens allowed per field.
    pub cap: usize,
    /// Rows asked for in one request.
    pub per_request: usize,
    /// How often a passage is asked again at most.
    pub max_rounds: u32,
    /// A question this like an accepted one (ROUGE-L F1) is a near duplicate; 1 or more looks for equal ones only.
    pub similarity: f64,
    /// Who writes the rejected side of preference pairs: `teacher`, `student`, or `mix` for both by turns.
    pub rejected: String,
    /// Passages shown to the teacher as samples of the person's writing.
    pub voice_samples: usize,
    /// Share of the passages that are held out.
    pub test_ratio: f64,
    /// Seeds splits and sampling.
    pub seed: u64,
}

impl RowSettings {
    /// Accepted rows wanted of a kind.
    #[must_use]
    pub const fn wanted(&self, kind: crate::row::Kind) -> usize {
        match kind {
            crate::row::Kind::Qa => self.qa,
            crate::row::Kind::Cot => self.cot,
            crate::row::Kind::Preference => self.preference,
        }
    }
}

/// What is trained.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StudentSettings {
    /// A Hugging Face folder or hub id.
    pub id: String,
    /// `cpu` or `cuda`.
    pub device: String,
    /// Use the hub's cache only.
    pub offline: bool,
}

/// One phase, resolved: `[train]` under `[train.<phase>]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PhaseSettings {
    /// Peak learning rate.
    pub learning_rate: f64,
    /// Passes over the data.
    pub epochs: f64,
    /// Stops after this many updates; 0 goes by epochs.
    pub max_steps: u64,
    /// Rows in one micro-batch.
    pub batch_rows: usize,
    /// Micro-batches in one update.
    pub gradient_accumulation: usize,
    /// Tokens in one call of the engine; 0 goes by `batch_rows`.
    pub batch_tokens: usize,
    /// A new order every epoch.
    pub shuffle: bool,
    /// Seeds initial adapter, order and replay.
    pub seed: u64,
    /// `constant`, `linear`, `cosine`.
    pub schedule: String,
    /// Share of the updates that warm up.
    pub warmup_ratio: f64,
    /// Decoupled decay.
    pub weight_decay: f64,
    /// `adamw`, or `adamw_8bit` with moments in 8 bits.
    pub optimizer: String,
    /// Gradient clipping; 0 is off.
    pub max_grad_norm: f64,
    /// `lora` trains an adapter, `full` all weights.
    pub method: String,
    /// LoRA rank.
    pub rank: usize,
    /// LoRA alpha; the update is scaled by alpha / rank.
    pub alpha: f64,
    /// Scale by alpha / √rank instead (Kalajdzievski 2023, arXiv 2312.03732).
    pub use_rslora: bool,
    /// A magnitude per output beside the direction (Liu et al. 2024, arXiv 2402.09353).
    pub use_dora: bool,
    /// Dropout on the adapter's input.
    pub dropout: f64,
    /// Modules with an adapter.
    pub target_modules: Vec<String>,
    /// Storage of the frozen weights: `f32`, `bf16`, `q8_0`, `nf4`, or `auto` for the best that fits.
    pub base: String,
    /// Compute the layers' inner values again in the backward pass: `on`, `off`, or `auto` when memory is short.
    pub checkpoint_layers: String,
    /// Use at most this much memory, in GiB; 0 is what is free. Not written anywhere: it says something of a machine
    /// and nothing of a result.
    #[serde(default, skip_serializing)]
    pub memory_gib: f64,
    /// Share of the training rows held out when the data has no test split.
    pub eval_ratio: f64,
    /// `best` keeps the parameters with the lowest held-out loss, `last` the last ones.
    pub keep: String,
    /// Updates between evaluations; 0 is every epoch.
    pub eval_steps: u64,
    /// Ends the phase after so many evaluations without a lower held-out loss; 0 never does.
    pub patience: u64,
    /// Updates between checkpoints.
    pub checkpoint_steps: u64,
    /// Learn: `auto`, `always` or `never` put the context into the prompt.
    pub context: String,
    /// Learn and mimic: share of a prompt's words left out each time it is seen.
    pub prompt_dropout: f64,
    /// Mimic and align: share of rows of earlier phases in the data.
    pub replay: f64,
    /// Align: weight of their likelihood beside the preference.
    pub replay_weight: f64,
    /// Mimic: weight of a token of the thought beside one of the answer.
    pub thought_weight: f64,
    /// Align: train a new adapter on the frozen one, instead of the same one on.
    pub stack: bool,
    /// Align: strength of the preference.
    pub beta: f64,
    /// Align: a name of [`PAIR_LOSSES`].
    pub loss: String,
    /// Align: weight of the likelihood of the chosen answers.
    pub nll_weight: f64,
    /// Align: share of flipped labels, for `robust`, `exo_pair` and `simpo`.
    pub label_smoothing: f64,
    /// Align: the margin that `simpo` asks for.
    pub simpo_gamma: f64,
    /// Align: weight of chosen answers, for `kto`.
    pub desirable_weight: f64,
    /// Align: weight of rejected answers, for `kto`.
    pub undesirable_weight: f64,
}

/// Losses of align, as TRL names them. The likelihood of chosen answers is `nll_weight`, beside any of them.
///
/// Here and not in `train`, which a build without training does not have; a test there holds them together.
pub const PAIR_LOSSES: [&str; 15] = [
    "sigmoid",
    "sigmoid_norm",
    "ipo",
    "hinge",
    "robust",
    "exo_pair",
    "nca_pair",
    "bco_pair",
    "sppo_hard",
    "apo_zero",
    "apo_down",
    "discopop",
    "orpo",
    "simpo",
    "kto",
];

/// The three phases.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Phases {
    /// SFT on QA.
    pub learn: PhaseSettings,
    /// SFT on CoT.
    pub mimic: PhaseSettings,
    /// DPO on pairs.
    pub align: PhaseSettings,
}

/// What is measured.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EvalSettings {
    /// Recall questions asked at most.
    pub questions: usize,
    /// Longest answer.
    pub max_tokens: usize,
    /// Held-out prompts that are answered at most.
    pub prompts: usize,
    /// Held-out pairs that are scored at most.
    pub pairs: usize,
    /// Tokens of held-out text in the author's voice that are read at most.
    pub text_tokens: usize,
    /// Ask the fixed questions about ordinary things too.
    pub general: bool,
    /// Measure after every phase, not only before the first one and at the end.
    pub phases: bool,
    /// Try to make the finished model say what was masked.
    pub leak: bool,
    /// Answers drawn for each such prompt, beside the likeliest one.
    pub leak_samples: usize,
    /// Masked values that are attacked and ranked one by one; 0 is all.
    pub leak_values: usize,
}

/// What comes out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExportSettings {
    /// Name of the files; empty takes the workspace folder's.
    pub name: String,
    /// Quantisation of the GGUF.
    pub quant: String,
    /// Make an importance matrix from the rows that were trained on.
    pub calibrate: bool,
    /// Mean Kullback-Leibler divergence, in nats, that quantisation may cost.
    pub max_kld: f64,
    /// Share of positions at which model and GGUF have to agree on the likeliest token.
    pub min_same_top: f64,
    /// Share of facts that quantisation may lose.
    pub max_recall_loss: f64,
}

impl Settings {
    /// Resolves the layers.
    ///
    /// # Errors
    /// A value of the wrong type or outside its range, with its key and where it was written.
    pub fn resolve(layers: &Layers) -> Result<Self, Error> {
        let settings: Self = layers
            .resolved()?
            .try_into()
            .map_err(|e: toml::de::Error| Error::new(e.message().to_owned()).place("settings"))?;
        for (name, phase) in
            [("learn", &settings.train.learn), ("mimic", &settings.train.mimic), ("align", &settings.train.align)]
        {
            phase.check(&format!("train.{name}"))?;
        }
        let rows = &settings.rows;
        let fault = |key: &str, why: &str| Err(Error::new(format!("`{key}` {why}")).place("settings"));
        if rows.cap == 0 || rows.per_request == 0 {
            return fault("rows", "needs a `cap` and a `per_request` of at least 1");
        }
        if rows.similarity.is_nan() || rows.similarity <= 0.0 {
            return fault("rows.similarity", "is a share above 0, usually 0.7");
        }
        if !matches!(rows.rejected.as_str(), "teacher" | "student" | "mix") {
            return fault("rows.rejected", "is `teacher`, `student` or `mix`");
        }
        if !(0.0..=0.5).contains(&rows.test_ratio) {
            return fault("rows.test_ratio", "is a share from 0 to 0.5");
        }
        if !(0.0..=1.0).contains(&settings.teacher.batch_discount) {
            return fault("teacher.batch_discount", "is a share from 0 to 1");
        }
        if settings.teacher.batch_poll_secs == 0 {
            return fault("teacher.batch_poll_secs", "is at least 1");
        }
        let export = &settings.export;
        if export.max_kld.is_nan() || export.max_kld < 0.0 {
            return fault("export.max_kld", "is a divergence in nats, 0 or more");
        }
        for (key, share) in
            [("export.min_same_top", export.min_same_top), ("export.max_recall_loss", export.max_recall_loss)]
        {
            if !(0.0..=1.0).contains(&share) {
                return fault(key, "is a share from 0 to 1");
            }
        }
        if !(0.0..=1.0).contains(&settings.persona.ner_threshold) {
            return fault("persona.ner_threshold", "is a score from 0 to 1");
        }
        for (key, device) in
            [("student.device", &settings.student.device), ("teacher.device", &settings.teacher.device)]
        {
            if !matches!(device.as_str(), "cpu" | "cuda") {
                return fault(key, "is `cpu` or `cuda`");
            }
        }
        if !(settings.teacher.top_p > 0.0 && settings.teacher.top_p <= 1.0) {
            return fault("teacher.top_p", "is a share above 0, at most 1");
        }
        let teacher = &settings.teacher;
        if teacher.concurrency == 0 || teacher.timeout_secs == 0 || teacher.max_tokens == 0 {
            return fault("teacher", "needs `concurrency`, `timeout_secs` and `max_tokens` of at least 1");
        }
        let prices = teacher.prices.values().flat_map(|p| [p.input, p.output, p.cached_input.unwrap_or(0.0)]);
        if prices.into_iter().any(|usd| !usd.is_finite() || usd < 0.0) {
            return fault("teacher.prices", "are dollars per million tokens, from 0");
        }
        Ok(settings)
    }
}

impl PhaseSettings {
    fn check(&self, prefix: &str) -> Result<(), Error> {
        let fault = |key: &str, why: &str| Err(Error::new(format!("`{prefix}.{key}` {why}")).place("settings"));
        if !self.learning_rate.is_finite() || self.learning_rate < 0.0 {
            return fault("learning_rate", "is a number of at least 0");
        }
        if !(0.0..=1000.0).contains(&self.epochs) {
            return fault("epochs", "is a number from 0 to 1000");
        }
        if self.batch_rows == 0 || self.gradient_accumulation == 0 {
            return fault("batch_rows", "and `gradient_accumulation` are at least 1");
        }
        if !matches!(self.schedule.as_str(), "constant" | "linear" | "cosine") {
            return fault("schedule", "is `constant`, `linear` or `cosine`");
        }
        if !(0.0..1.0).contains(&self.warmup_ratio)
            || !(0.0..1.0).contains(&self.prompt_dropout)
            || !(0.0..1.0).contains(&self.replay)
            || !(0.0..1.0).contains(&self.eval_ratio)
        {
            return fault("warmup_ratio", "`replay`, `prompt_dropout` and `eval_ratio` are shares from 0 to below 1");
        }
        if self.rank == 0 || self.rank > 1024 {
            return fault("rank", "is from 1 to 1024");
        }
        if !(0.0..1.0).contains(&self.dropout) {
            return fault("dropout", "is a share from 0 to below 1");
        }
        if !matches!(self.method.as_str(), "lora" | "full") {
            return fault("method", "is `lora` or `full`");
        }
        if !matches!(self.base.as_str(), "auto" | "f32" | "bf16" | "q8_0" | "nf4") {
            return fault("base", "is `auto`, `f32`, `bf16`, `q8_0` or `nf4`");
        }
        if !matches!(self.checkpoint_layers.as_str(), "auto" | "on" | "off") {
            return fault("checkpoint_layers", "is `auto`, `on` or `off`");
        }
        if !self.memory_gib.is_finite() || self.memory_gib < 0.0 {
            return fault("memory_gib", "is a number of at least 0");
        }
        if !matches!(self.keep.as_str(), "best" | "last") {
            return fault("keep", "is `best` or `last`");
        }
        if !matches!(self.context.as_str(), "auto" | "always" | "never") {
            return fault("context", "is `auto`, `always` or `never`");
        }
        if !matches!(self.optimizer.as_str(), "adamw" | "adamw_8bit") {
            return fault("optimizer", "is `adamw` or `adamw_8bit`");
        }
        if !PAIR_LOSSES.contains(&self.loss.as_str()) {
            let near = PAIR_LOSSES.into_iter().min_by_key(|name| distance(name, &self.loss)).unwrap_or_default();
            return Err(Error::new(format!("`{prefix}.loss` is one of {}", PAIR_LOSSES.join(", ")))
                .place("settings")
                .hint(format!("`{}` is not known; did you mean `{near}`?", self.loss)));
        }
        if self.loss == "exo_pair" && self.label_smoothing == 0.0 {
            return fault("label_smoothing", "is above 0 for `exo_pair`, usually 0.001");
        }
        let weights = [self.replay_weight, self.thought_weight, self.nll_weight, self.desirable_weight];
        if weights.into_iter().chain([self.undesirable_weight]).any(|w| !w.is_finite() || w < 0.0) {
            return fault(
                "replay_weight",
                "`thought_weight`, `nll_weight`, `desirable_weight` and `undesirable_weight` are numbers from 0",
            );
        }
        if !(0.0..0.5).contains(&self.label_smoothing) || self.beta <= 0.0 {
            return fault("beta", "is above 0 and `label_smoothing` from 0 to below 0.5");
        }
        const MODULES: [&str; 7] = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"];
        if self.target_modules.is_empty() || self.target_modules.iter().any(|m| !MODULES.contains(&m.as_str())) {
            return fault("target_modules", &format!("are some of {}", MODULES.join(", ")));
        }
        Ok(())
    }
}

/// A workspace: its folder and its settings.
#[derive(Clone, Debug)]
pub struct Workspace {
    /// The folder.
    pub root: PathBuf,
    /// Its resolved settings.
    pub settings: Settings,
}

impl Workspace {
    /// `distill.toml`.
    pub const FILE: &'static str = "distill.toml";

    /// A path inside.
    #[must_use]
    pub fn path(&self, inside: &str) -> PathBuf {
        self.root.join(inside)
    }

    /// Name of the exported files.
    #[must_use]
    pub fn name(&self) -> String {
        let from_folder = || {
            std::path::absolute(&self.root)
                .ok()
                .and_then(|p| p.file_name().map(|n| n.to_string_lossy().into_owned()))
                .filter(|n| !n.is_empty())
        };
        let name = if self.settings.export.name.is_empty() {
            from_folder().unwrap_or_else(|| "student".into())
        } else {
            self.settings.export.name.clone()
        };
        name.chars().map(|c| if c.is_alphanumeric() || matches!(c, '-' | '_' | '.') { c } else { '-' }).collect()
    }

    /// True when the folder has a `distill.toml`.
    #[must_use]
    pub fn is_at(root: &Path) -> bool {
        root.join(Self::FILE).is_file()
    }
}
