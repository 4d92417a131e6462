use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use candle_core::Device;

use super::engine::{EngineRequest, load_engine};
use super::follow::Follow;
use super::{Watch, fit, stack};
use crate::batch::{ContextPolicy, EncodedRow, Encoder, Sequence, encode_probe, encode_row};
use crate::hub::{self, Adapter, AdapterConfig, Folder, HubError, SaveOptions};
use crate::id::{ContentHash, Hasher};
use crate::model::{self, LoadError, Student};
use crate::row::{Kind, Row, Split};
use crate::settings::{PhaseSettings, Phases};
use crate::train::engine::{Parameter, Trainable, adapter_of, adapter_values};
use crate::train::estimate::Plan;
use crate::train::objective::{PairLoss, Preference};
use crate::train::optim::Schedule;
use crate::train::rng::Stream;
use crate::train::{self, Checkpoint, Data, Event, Example, Objective, Outcome, Recipe, TrainError};
use crate::{Error, edge};

/// The three phases of training.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// SFT on questions and answers: the facts.
    Learn,
    /// SFT on the teacher's chains of thought: the reasoning.
    Mimic,
    /// DPO on preference pairs: the voice.
    Align,
}

impl Phase {
    /// In order.
    pub const ALL: [Self; 3] = [Self::Learn, Self::Mimic, Self::Align];

    /// Name of folder and settings table.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Learn => "learn",
            Self::Mimic => "mimic",
            Self::Align => "align",
        }
    }

    /// Its own among the settings of all phases.
    #[must_use]
    pub const fn settings(self, phases: &Phases) -> &PhaseSettings {
        match self {
            Self::Learn => &phases.learn,
            Self::Mimic => &phases.mimic,
            Self::Align => &phases.align,
        }
    }

    /// The rows it is trained on.
    #[must_use]
    pub const fn kind(self) -> Kind {
        match self {
            Self::Learn => Kind::Qa,
            Self::Mimic => Kind::Cot,
            Self::Align => Kind::Preference,
        }
    }
}

/// What one phase starts from.
pub struct PhaseInput<'a> {
    /// Which.
    pub phase: Phase,
    /// How.
    pub settings: &'a PhaseSettings,
    /// The base.
    pub folder: &'a Folder,
    /// `cpu` or `cuda`.
    pub device: &'a str,
    /// The adapter to go on from, or for align to stand on; there it is also the reference.
    pub adapter: Option<&'a Adapter>,
    /// Rows of the phase's kind, both splits.
    pub rows: &'a [Row],
    /// Rows to replay.
    pub replay: &'a [Row],
    /// Name of the base in the adapter's settings.
    pub base_name: &'a str,
    /// Where adapter, metrics and checkpoint go.
    pub out: &'a Path,
    /// A checkpoint of another run is an error, and not written over.
    pub resume: bool,
}

impl PhaseInput<'_> {
    /// Whether a new adapter is trained on top of the frozen one.
    ///
    /// DoRA is no sum of weights: what stands on it could not be saved with it as one adapter.
    #[must_use]
    pub fn stacks(&self) -> bool {
        self.phase == Phase::Align && self.settings.stack && self.adapter.is_some_and(|a| !fit::has_dora(a))
    }
}

/// Where a phase that trains all weights leaves them, as a Hugging Face folder.
pub const MODEL: &str = "model";

/// The state of a phase that is not finished.
pub(super) const CHECKPOINT: &str = "checkpoint.safetensors";

/// What one phase ended with.
pub struct PhaseOutcome {
    /// The adapter, also on disk; `None` when all weights were trained, which lie in [`MODEL`].
    pub adapter: Option<Adapter>,
    /// Figures of the loop.
    pub outcome: Outcome,
    /// Rows trained on.
    pub rows: usize,
}

/// Training, replayed and held-out examples of a phase.
pub struct PhaseExamples {
    /// Trained on, with their rows' ids.
    pub train: Vec<EncodedRow>,
    /// Mixed in.
    pub replay: Vec<EncodedRow>,
    /// Held out.
    pub eval: Vec<Example>,
}

impl From<LoadError> for Error {
    fn from(error: LoadError) -> Self {
        let hint = match &error {
            LoadError::Hub(inner) => inner.hint(),
            _ => None,
        };
        Self::new(error.to_string()).maybe_hint(hint)
    }
}

impl From<HubError> for Error {
    fn from(error: HubError) -> Self {
        Self::new(error.to_string()).maybe_hint(error.hint())
    }
}

impl From<TrainError> for Error {
    fn from(error: TrainError) -> Self {
        match &error {
            TrainError::Interrupted { .. } => {
                Self::interrupted(error.to_string()).hint("run the same command again to go on from here")
            }
            TrainError::NoData => Self::new(error.to_string()).data(),
            TrainError::Diverged { .. } | TrainError::Exploded { .. } | TrainError::HeldOut { .. } => {
                Self::new(error.to_string()).hint("lower `learning_rate`, or raise `warmup_ratio`")
            }
            _ => Self::new(error.to_string()),
        }
    }
}

/// The device that a setting names.
///
/// # Errors
/// CUDA in a build without it, or without a card.
pub fn device(name: &str) -> Result<Device, Error> {
    if name == "cpu" {
        return Ok(Device::Cpu);
    }
    if !cfg!(feature = "cuda") {
        return Err(Error::new("this build runs on the CPU only")
            .hint("build with `--features cuda` (needs nvcc), or set student.device to `cpu`"));
    }
    Device::new_cuda(0).map_err(|e| Error::new("no usable CUDA device").cause(e))
}

/// Opens a student by hub id or folder.
///
/// # Errors
/// What the hub or the folder says.
pub fn open_student(id: &str, root: &Path, offline: bool) -> Result<Folder, Error> {
    let beside = root.join(id);
    let path: PathBuf = if beside.is_dir() { beside } else { hub::resolve(id, offline)? };
    Folder::open(&path).map_err(|e| Error::from(e).place(path.display().to_string()))
}

/// Loads a student with adapters on top.
///
/// # Errors
/// As [`open_student`]; an adapter that does not fit.
pub fn load_student(folder: &Folder, adapters: &[Adapter], device_name: &str) -> Result<Student, Error> {
    let mut student = model::from_folder(folder, &device(device_name)?)?;
    model::with_adapters(&mut student.model, adapters)?;
    Ok(student)
}

/// The loop's recipe from a phase's settings.
#[must_use]
pub fn recipe(phase: Phase, s: &PhaseSettings) -> Recipe {
    let objective = match phase {
        Phase::Learn | Phase::Mimic => Objective::Sft,
        Phase::Align => {
            let loss = PairLoss::of(&s.loss).unwrap_or(PairLoss::Sigmoid); // settings are checked
            Objective::Preference(Preference {
                loss,
                beta: s.beta,
                label_smoothing: s.label_smoothing,
                // The likelihood is a part of ORPO, and of weight 1 there.
                nll_weight: if loss == PairLoss::Orpo { 1.0 } else { s.nll_weight },
                gamma: s.simpo_gamma,
                desirable_weight: s.desirable_weight,
                undesirable_weight: s.undesirable_weight,
            })
        }
    };
    Recipe {
        objective,
        learning_rate: s.learning_rate,
        epochs: s.epochs,
        max_steps: s.max_steps,
        batch_rows: s.batch_rows,
        gradient_accumulation: s.gradient_accumulation,
        batch_tokens: s.batch_tokens,
        shuffle: s.shuffle,
        seed: s.seed,
        schedule: match s.schedule.as_str() {
            "constant" => Schedule::Constant,
            "linear" => Schedule::Linear,
            _ => Schedule::Cosine,
        },
        warmup_ratio: s.warmup_ratio,
        weight_decay: s.weight_decay,
        eight_bit_moments: s.optimizer == "adamw_8bit",
        max_grad_norm: s.max_grad_norm,
        prompt_dropout: s.prompt_dropout,
        replay: if phase == Phase::Learn { 0.0 } else { s.replay },
        replay_weight: s.replay_weight,
        thought_weight: s.thought_weight,
        eval_steps: s.eval_steps,
        patience: s.patience,
        keep_best: s.keep == "best",
        checkpoint_steps: s.checkpoint_steps,
    }
}

/// Held-out prompts that are answered at every evaluation, for a person to read.
const SAMPLES: usize = 1;

/// Held-out wordings that Learn is measured on at most.
const MAX_PROBES: usize = 100;

fn example(row: EncodedRow) -> Example {
    match row.rejected {
        Some(rejected) => Example::Pair { chosen: row.chosen, rejected },
        None => Example::Completion(row.chosen),
    }
}

/// Encodes the rows of a phase and chooses what is held out.
///
/// Learn is measured on held-out wordings of the facts it is trained on, because a fact that was never trained
/// cannot be known; the others on held-out rows. Data without either gives up `eval_ratio` of its training rows.
///
/// # Errors
/// The row that cannot be encoded.
pub fn encode_phase(
    phase: Phase,
    settings: &PhaseSettings,
    encoder: &Encoder,
    rows: &[Row],
    replay: &[Row],
) -> Result<PhaseExamples, Error> {
    let context = match settings.context.as_str() {
        "always" => ContextPolicy::Always,
        "never" => ContextPolicy::Never,
        _ => ContextPolicy::Auto,
    };
    let encode = |row: &Row| {
        encode_row(encoder, row, context).map_err(|e| Error::new(e.to_string()).place(format!("row {}", row.id)))
    };
    let mut train = rows.iter().filter(|r| r.split == Split::Train).map(encode).collect::<Result<Vec<_>, _>>()?;
    let mut eval = Vec::new();
    if phase == Phase::Learn {
        for row in rows.iter().filter(|r| r.split == Split::Train) {
            let probe: Option<Sequence> = encode_probe(encoder, row).map_err(|e| Error::new(e.to_string()))?;
            eval.extend(probe.map(Example::Completion));
        }
        // Held-out wordings are measured after every epoch: a sample, evenly drawn, is enough to choose by.
        let every = eval.len().div_ceil(MAX_PROBES).max(1);
        eval = eval.into_iter().step_by(every).collect();
    }
    if eval.is_empty() {
        eval =
            rows.iter().filter(|r| r.split == Split::Test).map(|r| encode(r).map(example)).collect::<Result<_, _>>()?;
    }
    if eval.is_empty() {
        let held = (train.len() as f64 * settings.eval_ratio).floor() as usize;
        let mut order = Stream::new(settings.seed, "eval", 0).permutation(train.len());
        order.truncate(held);
        order.sort_unstable_by(|a, b| b.cmp(a));
        eval = order.into_iter().map(|i| example(train.remove(i))).collect();
    }
    let replay = replay.iter().filter(|r| r.split == Split::Train).map(encode).collect::<Result<_, _>>()?;
    Ok(PhaseExamples { train, replay, eval })
}

/// Trains one phase and leaves its adapter in PEFT format in `out`.
///
/// # Errors
/// See [`TrainError`]; also a student or an adapter that cannot be loaded.
pub fn run_phase(input: &PhaseInput<'_>, stop: &AtomicBool, watch: &dyn Watch) -> Result<PhaseOutcome, Error> {
    let s = input.settings;
    edge::fs::create_dir(input.out)?;
    if let Some(adapter) = input.adapter {
        adapter.check_base(input.folder.config())?;
    }
    let encoder = model::encoder(input.folder)?;
    let examples = encode_phase(input.phase, s, &encoder, input.rows, input.replay)?;
    let words = encoder.tokenizer.token_bytes();
    drop(encoder);
    // Before anything large is in memory.
    check_window(input.folder, &examples)?;
    let fit = fit::fit_phase(input, &examples)?;
    fit::begin(input, &fit, watch)?;
    // Mimic goes on with Learn's adapter; what Align adds lies on top, so that what it starts from is its reference.
    let beneath = if input.stacks() { input.adapter.map_or(&[][..], std::slice::from_ref) } else { &[] };
    let continued = input.adapter.filter(|_| !input.stacks());
    let config = match continued {
        Some(adapter) => {
            adapter.check_base(input.folder.config())?;
            adapter.config.clone()
        }
        None => {
            let targets: Vec<&str> = s.target_modules.iter().map(String::as_str).collect();
            let config = AdapterConfig::new(s.rank, s.alpha, &targets);
            AdapterConfig { use_rslora: s.use_rslora, use_dora: s.use_dora, ..config }
        }
    };
    let trainable = match s.method.as_str() {
        "full" => Trainable::Full,
        _ => Trainable::lora(&config, input.folder.config(), s.seed)?,
    };
    let request = EngineRequest {
        device: input.device,
        base: fit.plan.base,
        checkpoint_layers: fit.plan.checkpoint_layers,
        // A preference compares with a reference that has none; TRL's `disable_dropout`.
        dropout: if input.phase == Phase::Align { 0.0 } else { s.dropout },
    };
    let mut engine = load_engine(input.folder, &trainable, beneath, request)?;
    if let Some(adapter) = continued {
        let values = adapter_values(adapter, engine.parameters()).map_err(Error::new)?;
        engine.write(&values).map_err(TrainError::from)?;
    }
    let start = engine.read().map_err(TrainError::from)?;
    let recipe = Recipe {
        batch_rows: fit.plan.batch_rows,
        gradient_accumulation: fit.plan.gradient_accumulation,
        batch_tokens: fit.plan.batch_tokens,
        ..recipe(input.phase, s)
    };
    let train: Vec<Example> = examples.train.into_iter().map(example).collect();
    let replay: Vec<Example> = examples.replay.into_iter().map(example).collect();
    let identity = identity(input, &fit.plan, &recipe, &trainable, &start, [&train, &replay, &examples.eval])?;
    drop(start);
    let samples: Vec<Vec<u32>> = examples.eval.iter().take(SAMPLES).map(Example::prompt).collect();
    let stop_ids = input.folder.generation_eos_ids()?;
    let data = Data { train: &train, replay: &replay, eval: &examples.eval, samples: &samples, stop_ids: &stop_ids };
    let tensors: Vec<_> = engine.parameters().iter().map(|p| p.range.clone()).collect();
    let checkpoint = || Checkpoint::load(&input.out.join(CHECKPOINT), &identity, &tensors).map_err(TrainError::from);
    if input.resume && checkpoint()?.is_none() {
        return Err(Error::at(
            &input.out.join(CHECKPOINT),
            "is of another run: other rows, settings, student or adapter",
        )
        .hint("give the same as when it was begun, or leave `--resume` out to start from the beginning"));
    }
    let questions: Vec<Vec<u32>> = examples.eval.iter().take(SAMPLES).map(question).collect();
    let mut follow = Follow::new(input.phase.name(), words, questions, watch);
    let mut show = |event: Event<'_>| follow.event(event);
    let outcome = train::run(&mut *engine, &recipe, data, input.out, &identity, stop, &mut show)
        .map_err(|e| Error::from(e).place(input.out.display().to_string()))?;
    watch.finish();
    if outcome.kept_step == 0 && outcome.steps > 0 && outcome.eval_kept.is_some() {
        watch.say(&format!(
            "{}: no update made the held-out loss lower, so what is kept is the start; `keep = \"last\"` keeps the end",
            input.phase.name()
        ));
    }
    if trainable == Trainable::Full {
        save_model(input, engine.parameters(), &outcome.parameters)?;
        return Ok(PhaseOutcome { adapter: None, outcome, rows: train.len() });
    }
    let trained = adapter_of(&config, engine.parameters(), &outcome.parameters);
    let mut adapter = match input.adapter {
        Some(beneath) if input.stacks() => stack::sum(beneath, &trained),
        _ => trained,
    };
    adapter.config.base_model_name_or_path = Some(input.base_name.to_owned());
    adapter.write_into(input.out)?;
    Ok(PhaseOutcome { adapter: Some(adapter), outcome, rows: train.len() })
}

/// Refuses rows that a sliding window would cut: no engine has one, and full attention would train another model.
fn check_window(folder: &Folder, examples: &PhaseExamples) -> Result<(), Error> {
    let limit = folder.config().context_limit();
    let rows = examples.train.iter().chain(&examples.replay);
    let trained = rows.flat_map(|row| std::iter::once(&row.chosen).chain(&row.rejected).map(|s| (row.id.as_str(), s)));
    let held_out = examples.eval.iter().flat_map(|example| match example {
        Example::Completion(sequence) => vec![("held out", sequence)],
        Example::Pair { chosen, rejected } => vec![("held out", chosen), ("held out", rejected)],
    });
    let all = trained.chain(held_out);
    match all.map(|(id, sequence)| (sequence.input_ids.len(), id)).max() {
        Some((tokens, id)) if tokens > limit => Err(Error::new(format!(
            "a row of {tokens} tokens; this student reads {limit} at a time, by its context or its sliding window"
        ))
        .hint("shorten or remove the row")
        .place(format!("row {id}"))
        .data()),
        _ => Ok(()),
    }
}

/// The person's words of a prompt, without what the template puts around them.
fn question(example: &Example) -> Vec<u32> {
    let (Example::Completion(s) | Example::Pair { chosen: s, .. }) = example;
    s.input_ids.get(s.prompt.clone()).unwrap_or(&[]).to_vec()
}

/// Writes all weights in bf16, each rounded once.
fn save_model(input: &PhaseInput<'_>, parameters: &[Parameter], values: &[f32]) -> Result<(), Error> {
    let options = SaveOptions { replace: true, ..SaveOptions::default() };
    let ranges: BTreeMap<&str, _> = parameters.iter().map(|p| (p.name.as_str(), p.range.clone())).collect();
    hub::save_folder(input.folder, &input.out.join(MODEL), &options, &mut |name| {
        let range = ranges.get(name).ok_or_else(|| HubError::NoTensor { name: name.to_owned() })?;
        Ok::<_, HubError>(values[range.clone()].iter().flat_map(|v| half::bf16::from_f32(*v).to_le_bytes()).collect())
    })?;
    Ok(())
}

/// Names a run by everything that decides its result.
fn identity(
    input: &PhaseInput<'_>,
    plan: &Plan,
    recipe: &Recipe,
    trainable: &Trainable,
    start: &[f32],
    examples: [&[Example]; 3],
) -> Result<ContentHash, Error> {
    let start: Vec<u8> = start.iter().flat_map(|v| v.to_le_bytes()).collect();
    let mut hasher = Hasher::new()
        .text("phase/3")
        .text(input.phase.name())
        .text(plan.base.name())
        .text(&input.settings.dropout.to_string())
        .text(&format!("{recipe:?}"))
        .text(&format!("{trainable:?}"))
        .text(input.folder.content_hash()?.as_str())
        .bytes(&start);
    if let Some(beneath) = input.adapter.filter(|_| input.stacks()) {
        hasher = hasher.text("on").text(&format!("{:?}", beneath.config));
        for (path, pair) in &beneath.tensors {
            let values: Vec<u8> = pair.a.iter().chain(&pair.b).flat_map(|v| v.to_le_bytes()).collect();
            hasher = hasher.text(path).bytes(&values);
        }
    }
    for part in examples {
        hasher = hasher.text("part").text(&format!("{part:?}"));
    }
    Ok(hasher.finish())
}
