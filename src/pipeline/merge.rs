//! The merge with what surrounds it: which base an adapter was trained on, whether the merged model still does what the
//! adapter did there, and what the folder says of itself.

mod widened;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use serde::Serialize;
use serde_json::json;

use super::engine::{EngineRequest, load_engine};
use super::{Watch, fit};
use crate::batch::{ChatTemplate, ContextPolicy, Encoder, Sequence, encode_row};
use crate::eval::divergence;
use crate::hub::{Adapter, Chat, Folder, HubError, SaveOptions};
use crate::merge::{self, About, MergeError, Merged};
use crate::model;
use crate::row::{Row, Split};
use crate::train::engine::Trainable;
use crate::train::engine::cpu::{Weights, stream};
use crate::train::estimate::Base;
use crate::{Error, dataset};
use widened::Widened;

/// The most, in nats a token, by which the held-out loss of a merged model may lie above that of the adapter on the
/// base that it was trained on.
pub const MERGE_LIMIT: f64 = 0.005;

/// Held-out rows that are measured at most, evenly drawn.
const MAX_ROWS: usize = 64;

/// Sequences that an engine scores together.
const AT_ONCE: usize = 8;

/// The record beside the weights.
const RECORD: &str = "merge.json";

/// The base's weights that the adapters were summed into.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum MergedInto {
    /// Those of the base's folder.
    Original,
    /// Linear layers, embedding and head as they were stored while the adapter was trained, widened again.
    Dequantised,
}

/// Mean negative log-likelihood of held-out answers, in nats a token.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MergeLoss {
    /// Rows.
    pub rows: usize,
    /// Tokens of their answers.
    pub tokens: usize,
    /// Of the adapters on the base they were trained on.
    pub adapter_on_base: f64,
    /// Merged into the base's own weights.
    pub merged: f64,
    /// Merged into the quantised ones; only measured where the first is not good enough.
    pub merged_dequantised: Option<f64>,
    /// The most that the loss may rise by.
    pub limit: f64,
}

impl MergeLoss {
    /// The loss of what is kept.
    #[must_use]
    pub fn kept(&self) -> f64 {
        self.merged_dequantised.map_or(self.merged, |other| other.min(self.merged))
    }

    /// Whether the merged model does what the adapter did.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.kept() - self.adapter_on_base <= self.limit
    }
}

/// What is merged, and how it is looked at.
pub struct MergeInput<'a> {
    /// The base.
    pub folder: &'a Folder,
    /// In order.
    pub adapters: &'a [Adapter],
    /// How the base was stored in training; `None` where nobody knows, which is taken for its own type.
    pub trained_on: Option<Base>,
    /// Rows to measure on; none for no measurement. Test rows only, if there are any.
    pub rows: &'a [Row],
    /// `cpu` or `cuda`: where an adapter on a base in 16 bits is scored.
    pub device: &'a str,
    /// The folder to write.
    pub out: &'a Path,
    /// How.
    pub options: SaveOptions,
    /// Sentences for the card on how it was trained.
    pub trained: &'a [String],
    /// A quantised form that the card names.
    pub gguf: Option<&'a str>,
}

/// What became of it.
#[derive(Clone, Debug, PartialEq)]
pub struct MergeOutcome {
    /// Which weights the adapters are in.
    pub into: MergedInto,
    /// What was measured.
    pub loss: Option<MergeLoss>,
}

impl From<MergeError> for Error {
    fn from(error: MergeError) -> Self {
        if matches!(error, MergeError::Hub(HubError::Stopped)) {
            return stopped();
        }
        Self::new(error.to_string()).maybe_hint(error.hint())
    }
}

/// How the base was stored while the adapter in this folder was trained, if training left its plan there.
#[must_use]
pub fn trained_on(adapter: &Path) -> Option<Base> {
    fit::plan_of(adapter).map(|plan| plan.base)
}

/// Merges, measures first if there is anything to measure on, and writes folder, card and record.
///
/// # Errors
/// An adapter that does not fit; rows that cannot be encoded; memory; the file system.
pub fn merge_student(input: &MergeInput<'_>, stop: &AtomicBool, watch: &dyn Watch) -> Result<MergeOutcome, Error> {
    if input.adapters.is_empty() {
        return Err(MergeError::NoAdapter.into());
    }
    let merged = Merged::new(input.folder, input.adapters)?;
    // What fails for its name alone should fail before the measurement.
    if !input.options.replace && occupied(input.out) {
        return Err(HubError::Exists { path: input.out.to_owned() }.into());
    }
    let encoder = input.folder.tokenizer_path().exists().then(|| model::encoder(input.folder)).transpose()?;
    let quantised = Widened::new(input.folder, input.trained_on.unwrap_or(Base::Bf16));
    let mut outcome = MergeOutcome { into: MergedInto::Original, loss: None };
    if let Some(encoder) = encoder.as_ref().filter(|_| !input.rows.is_empty()) {
        outcome = measure(input, encoder, &merged, quantised.as_ref(), stop, watch)?;
    }
    let merged = match (&outcome.into, &quantised) {
        (MergedInto::Dequantised, Some(weights)) => merged.on(weights),
        _ => merged,
    };
    let stop_ids = encoder.as_ref().map(end_of_turn).transpose()?.flatten();
    let own_template = input.folder.chat_template()?.is_some();
    let chat = Chat {
        template: (encoder.is_some() && !own_template).then_some(ChatTemplate::PLAIN_LLAMA3),
        stop_ids: stop_ids.as_slice(),
    };
    // Before the work: the base's card may be a file that cannot be read.
    let (card, record) = (card(input, &outcome)?, record(input, &outcome)?);
    let progress = &mut |done, total| {
        watch.progress(done, total, "merging");
        !stop.load(Ordering::Relaxed)
    };
    let draft = merge::draft(&merged, input.out, &input.options, &chat, progress)?;
    watch.finish();
    draft.add("README.md", card.as_bytes())?;
    draft.add(RECORD, &record)?;
    draft.commit()?;
    Ok(outcome)
}

fn occupied(out: &Path) -> bool {
    match std::fs::read_dir(out) {
        Ok(mut entries) => entries.next().is_some(),
        Err(_) => out.exists(),
    }
}

/// Held-out rows of files and folders: their test rows, or all where none is one.
///
/// # Errors
/// A dataset that cannot be read.
pub fn held_out(paths: &[PathBuf]) -> Result<Vec<Row>, Error> {
    let mut all = Vec::new();
    for file in super::dataset_files(paths)? {
        let table = dataset::read(&file)?;
        if table.kind.is_some() {
            all.extend(dataset::rows(&table)?);
        }
    }
    if all.is_empty() {
        let places: Vec<String> = paths.iter().map(|path| path.display().to_string()).collect();
        return Err(Error::new("there are no rows to measure on").place(places.join(", ")).data());
    }
    Ok(all)
}

/// The token that ends an answer in the template: the last control token of what is trained on.
fn end_of_turn(encoder: &Encoder) -> Result<Option<u32>, Error> {
    let sequence = encoder.sequence("a", "b").map_err(|e| Error::new(e.to_string()))?;
    let trained = sequence.labels.iter().rev().filter_map(|&label| u32::try_from(label).ok());
    Ok(trained.into_iter().find(|&id| encoder.tokenizer.is_control(id)))
}

/// Compares the adapters on their base with the merged model, and chooses what to merge into.
fn measure(
    input: &MergeInput<'_>,
    encoder: &Encoder,
    merged: &Merged<'_>,
    quantised: Option<&Widened<'_>>,
    stop: &AtomicBool,
    watch: &dyn Watch,
) -> Result<MergeOutcome, Error> {
    let sequences = sequences(encoder, input.rows)?;
    let sequences: Vec<&Sequence> = sequences.iter().collect();
    let tokens = sequences.iter().map(|s| s.label_count()).sum();
    let base = input.trained_on.unwrap_or(Base::Bf16);
    let adapter_on_base = score_adapter(input, base, &sequences, stop, watch)?;
    let merged_loss = score(merged, &sequences, stop, watch)?;
    let mut loss = MergeLoss {
        rows: sequences.len(),
        tokens,
        adapter_on_base,
        merged: merged_loss,
        merged_dequantised: None,
        limit: MERGE_LIMIT,
    };
    let mut into = MergedInto::Original;
    if let Some(weights) = quantised.filter(|_| !loss.holds()) {
        let other = score(&Merged::new(input.folder, input.adapters)?.on(weights), &sequences, stop, watch)?;
        loss.merged_dequantised = Some(other);
        if other < merged_loss || merged_loss.is_nan() {
            into = MergedInto::Dequantised;
        }
    }
    watch.say(&line(&loss, base, into));
    Ok(MergeOutcome { into, loss: Some(loss) })
}

/// What the measurement says.
fn line(loss: &MergeLoss, base: Base, into: MergedInto) -> String {
    let rise = |value: f64| format!("{value:.4} ({:+.4})", value - loss.adapter_on_base);
    let mut text = format!(
        "held-out loss of {} rows: {:.4} with the adapter on {base}, {} merged",
        loss.rows,
        loss.adapter_on_base,
        rise(loss.merged)
    );
    if let Some(other) = loss.merged_dequantised {
        text.push_str(&format!(
            ", {} merged into the widened {base}; the first rises by more than {}, and the {} is kept",
            rise(other),
            loss.limit,
            if into == MergedInto::Dequantised { "second" } else { "first" }
        ));
    }
    if !loss.holds() {
        text.push_str(&format!(
            "; warning: the merged model is worse than the adapter by more than {}: train on a base in 16 bits",
            loss.limit
        ));
    }
    text
}

/// The answers of at most [`MAX_ROWS`] rows, of a pair the chosen one.
fn sequences(encoder: &Encoder, rows: &[Row]) -> Result<Vec<Sequence>, Error> {
    let test: Vec<&Row> = rows.iter().filter(|row| row.split == Split::Test).collect();
    let rows = if test.is_empty() { rows.iter().collect() } else { test };
    let every = rows.len().div_ceil(MAX_ROWS).max(1);
    rows.into_iter()
        .step_by(every)
        .map(|row| {
            let encoded = encode_row(encoder, row, ContextPolicy::Auto);
            encoded.map(|row| row.chosen).map_err(|e| Error::new(e.to_string()).place(format!("row {}", row.id)))
        })
        .collect()
}

/// Mean loss of the adapters on the base as it was stored in training, by the engine that trained them.
fn score_adapter(
    input: &MergeInput<'_>,
    base: Base,
    sequences: &[&Sequence],
    stop: &AtomicBool,
    watch: &dyn Watch,
) -> Result<f64, Error> {
    // DoRA has only been trained by candle, in f32 on the CPU.
    let dora = input.adapters.iter().any(fit::has_dora);
    let cpu = base != Base::Bf16 || input.device == "cpu";
    let request = EngineRequest {
        device: if cpu { "cpu" } else { input.device },
        base: if dora && cpu { Base::F32 } else { base },
        checkpoint_layers: false,
        dropout: 0.0,
    };
    let nothing = Trainable::Lora { modules: Vec::new(), seed: 0 };
    let engine = load_engine(input.folder, &nothing, input.adapters, request)?;
    let (mut sum, mut count) = (0.0, 0usize);
    for (nth, part) in sequences.chunks(AT_ONCE).enumerate() {
        stop_here(stop)?;
        let logps = engine.score(part).map_err(|e| Error::new(e.to_string()))?.logps;
        sum -= logps.iter().map(|&logp| f64::from(logp)).sum::<f64>();
        count += logps.len();
        watch.progress(((nth + 1) * AT_ONCE).min(sequences.len()) as u64, sequences.len() as u64, "measuring");
    }
    watch.finish();
    Ok(sum / count.max(1) as f64)
}

/// Mean loss of a model that is read one layer at a time.
fn score(weights: &dyn Weights, sequences: &[&Sequence], stop: &AtomicBool, watch: &dyn Watch) -> Result<f64, Error> {
    let nlls = nlls(weights, sequences, stop, watch)?;
    Ok(nlls.iter().sum::<f64>() / nlls.len().max(1) as f64)
}

/// The loss of every label.
fn nlls(
    weights: &dyn Weights,
    sequences: &[&Sequence],
    stop: &AtomicBool,
    watch: &dyn Watch,
) -> Result<Vec<f64>, Error> {
    let mut layers = Layers { stop, watch };
    let mut logits = stream::run(weights, Base::Bf16, sequences, true, &mut layers)
        .map_err(|e| Error::new(e.to_string()))?
        .ok_or_else(stopped)?;
    watch.finish();
    // One position for every label, so that only who stops it gets nothing.
    divergence::nlls(&mut *logits, &divergence::targets(sequences), &mut |_, _| !stop.load(Ordering::Relaxed))
        .ok_or_else(stopped)
}

struct Layers<'a> {
    stop: &'a AtomicBool,
    watch: &'a dyn Watch,
}

impl stream::Watch for Layers<'_> {
    fn progress(&mut self, done: usize, total: usize) -> bool {
        self.watch.progress(done as u64, total as u64, "measuring");
        !self.stop.load(Ordering::Relaxed)
    }
}

fn stop_here(stop: &AtomicBool) -> Result<(), Error> {
    if stop.load(Ordering::Relaxed) { Err(stopped()) } else { Ok(()) }
}

fn stopped() -> Error {
    Error::interrupted("the merge was stopped; nothing was written")
}

/// The base's id on the hub, as the hub's cache spells it in the path. A folder of one's own has none: its path may
/// have somebody's name in it, and nobody else has the folder.
fn base_id(input: &MergeInput<'_>) -> Option<String> {
    input.folder.dir().components().rev().find_map(|part| {
        let name = part.as_os_str().to_str()?.strip_prefix("models--")?;
        name.split_once("--").map(|(org, name)| format!("{org}/{name}"))
    })
}

fn card(input: &MergeInput<'_>, outcome: &MergeOutcome) -> Result<String, Error> {
    let mut trained = input.trained.to_vec();
    if let Some(base) = input.trained_on.filter(|base| matches!(base, Base::Nf4 | Base::Q8_0)) {
        trained.push(match outcome.into {
            MergedInto::Original => {
                format!("the base was stored as {base} while training; the merge is into its original weights")
            }
            MergedInto::Dequantised => {
                format!("the base was stored as {base} while training; the merge is into those weights, widened again")
            }
        });
    }
    let mut figures = Vec::new();
    if let Some(loss) = &outcome.loss {
        let nats = |value: f64| format!("{value:.4}");
        figures.push((format!("held-out loss of {} rows, adapter on its base", loss.rows), nats(loss.adapter_on_base)));
        figures.push(("the same, this model".to_owned(), nats(loss.kept())));
    }
    let name = input.out.file_name().map_or_else(|| "merged".to_owned(), |name| name.to_string_lossy().into_owned());
    let id = base_id(input);
    let about = About {
        name: &name,
        base_id: id.as_deref(),
        trained: &trained,
        figures: &figures,
        languages: &[],
        gguf: input.gguf,
    };
    Ok(merge::card(input.folder, input.adapters, &about)?)
}

/// What a program may want to know of the merge.
fn record(input: &MergeInput<'_>, outcome: &MergeOutcome) -> Result<Vec<u8>, Error> {
    let adapters: Vec<_> = input
        .adapters
        .iter()
        .map(|adapter| {
            let config = &adapter.config;
            json!({
                "r": config.r,
                "lora_alpha": config.lora_alpha,
                "use_rslora": config.use_rslora,
                "use_dora": config.use_dora,
                "modules": adapter.tensors.len(),
            })
        })
        .collect();
    let value = json!({
        "distill": env!("CARGO_PKG_VERSION"),
        "base": base_id(input),
        "adapters": adapters,
        "trained_on": input.trained_on.map(Base::name),
        "merged_into": outcome.into,
        "loss": outcome.loss,
    });
    let mut text = serde_json::to_vec_pretty(&value).map_err(|e| Error::new(e.to_string()))?;
    text.push(b'\n');
    Ok(text)
}
