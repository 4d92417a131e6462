//! Training: an engine and token sequences come in, trained parameters go out. Never sees text.
//!
//! There is one loop, [`run`]. An [`objective`] is a function of log-probabilities, an [`engine`] is a model; the loop
//! owns the order of the data, the optimizer, the checkpoints and the metrics.

pub mod blocks;
pub mod engine;
pub mod estimate;
pub mod objective;
pub mod optim;
pub mod rng;

mod checkpoint;
mod events;
mod metrics;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use crate::batch::Sequence;
use crate::id::ContentHash;
use engine::{Engine, EngineError};
use objective::{Contribution, Dpo, LabelLogps, PairLogps, sft};
use optim::{Schedule, clip};
use rng::Stream;

pub use checkpoint::{Checkpoint, CheckpointError};
pub use metrics::{MetricsFile, StepMetrics};

/// One thing to train on.
#[derive(Clone, Debug, PartialEq)]
pub enum Example {
    /// A prompt with its answer.
    Completion(Sequence),
    /// Two answers to one prompt.
    Pair {
        /// The person's.
        chosen: Sequence,
        /// The machine's.
        rejected: Sequence,
    },
}

impl Example {
    fn push<'a>(&'a self, out: &mut Vec<&'a Sequence>) {
        match self {
            Self::Completion(sequence) => out.push(sequence),
            Self::Pair { chosen, rejected } => out.extend([chosen, rejected]),
        }
    }

    /// Label tokens that the likelihood counts: all of a completion, the chosen side of a pair.
    fn likelihood_labels(&self) -> usize {
        match self {
            Self::Completion(sequence) | Self::Pair { chosen: sequence, .. } => sequence.label_count(),
        }
    }

    fn tokens(&self) -> usize {
        match self {
            Self::Completion(sequence) => sequence.input_ids.len(),
            Self::Pair { chosen, rejected } => chosen.input_ids.len() + rejected.input_ids.len(),
        }
    }
}

/// What is minimised.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Objective {
    /// Likelihood of completions.
    Sft,
    /// Preference over pairs, against the parameters the run starts from.
    Dpo(Dpo),
}

/// Everything that defines a run apart from data and model.
#[derive(Clone, Debug, PartialEq)]
pub struct Recipe {
    /// What is minimised.
    pub objective: Objective,
    /// Peak learning rate.
    pub learning_rate: f64,
    /// Passes over the data.
    pub epochs: f64,
    /// Stops after this many updates when not 0, whatever `epochs` says.
    pub max_steps: u64,
    /// Rows per micro-batch.
    pub batch_rows: usize,
    /// Micro-batches per update.
    pub gradient_accumulation: usize,
    /// Draw a new order every epoch.
    pub shuffle: bool,
    /// Seeds order and replay.
    pub seed: u64,
    /// Shape of the learning rate.
    pub schedule: Schedule,
    /// Share of the updates that warm up.
    pub warmup_ratio: f64,
    /// Decoupled decay.
    pub weight_decay: f64,
    /// Clipping threshold; 0 turns it off.
    pub max_grad_norm: f64,
    /// Share of the prompt's words that are left out of a completion, drawn anew every time it is seen.
    pub prompt_dropout: f64,
    /// Share of replayed rows in an epoch's data, in `[0, 1)`.
    pub replay: f64,
    /// Keep the parameters with the lowest held-out loss rather than the last.
    pub keep_best: bool,
    /// Updates between checkpoints.
    pub checkpoint_steps: u64,
}

/// The data of a run.
#[derive(Clone, Copy, Debug)]
pub struct Data<'a> {
    /// Trained on.
    pub train: &'a [Example],
    /// Mixed in by [`Recipe::replay`].
    pub replay: &'a [Example],
    /// Held out; may be empty.
    pub eval: &'a [Example],
}

/// What happened, for whoever shows it.
#[derive(Clone, Debug)]
pub enum Event<'a> {
    /// References are being computed: pairs done, of how many.
    Reference(usize, usize),
    /// One update was made.
    Step(&'a StepMetrics, u64),
    /// The run goes on from this update.
    Resumed(u64),
}

/// What a run ended with.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// The kept parameters, flat.
    pub parameters: Vec<f32>,
    /// Updates made.
    pub steps: u64,
    /// Loss of the last update.
    pub last_loss: f64,
    /// Held-out loss before the first update.
    pub eval_before: Option<f64>,
    /// Held-out loss of what was kept.
    pub eval_kept: Option<f64>,
    /// The update whose parameters were kept.
    pub kept_step: u64,
    /// Held-out metrics of what was kept.
    pub eval_metrics: BTreeMap<String, f64>,
}

/// A run could not start, go on or end.
#[derive(Debug, thiserror::Error)]
pub enum TrainError {
    /// The engine.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The checkpoint.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// The metrics file.
    #[error("metrics: {0}")]
    Metrics(#[from] std::io::Error),
    /// There is nothing to train on.
    #[error("no training rows with an answer to learn from")]
    NoData,
    /// The loss is not a number.
    #[error("the loss became {loss} at step {step}")]
    Diverged {
        /// At which update.
        step: u64,
        /// What it was.
        loss: f64,
    },
    /// A trained tensor is not part of the model's answer.
    #[error("`{name}` has a gradient of exactly zero at the first step: training would not change it")]
    Frozen {
        /// Which.
        name: String,
    },
    /// The reference is not the model the run starts from.
    #[error(
        "the preference loss starts at {found:.6} instead of {expected:.6}: policy and reference differ before the first update"
    )]
    Reference {
        /// Measured.
        found: f64,
        /// By the loss and its settings.
        expected: f64,
    },
    /// Somebody asked the run to stop; its checkpoint is on disk.
    #[error("interrupted at step {step}")]
    Interrupted {
        /// Where it goes on.
        step: u64,
    },
}

struct Loop<'a> {
    engine: &'a mut dyn Engine,
    recipe: &'a Recipe,
    data: Data<'a>,
    references: Vec<PairLogps>,
}

/// Runs one phase, from its checkpoint in `dir` when there is one of the same `identity`.
///
/// `identity` names data, settings and starting parameters: a checkpoint of another identity is not continued.
/// Writes `checkpoint.safetensors` and `metrics.jsonl` into `dir`. Interrupted by `stop` or by anything harsher and
/// called again, it ends with the same parameters, bit for bit, as an uninterrupted run.
///
/// # Errors
/// See [`TrainError`].
pub fn run(
    engine: &mut dyn Engine,
    recipe: &Recipe,
    data: Data<'_>,
    dir: &Path,
    identity: &ContentHash,
    stop: &AtomicBool,
    watch: &mut dyn FnMut(Event<'_>),
) -> Result<Outcome, TrainError> {
    if data.train.iter().map(Example::likelihood_labels).sum::<usize>() == 0 {
        return Err(TrainError::NoData);
    }
    let groups: Vec<_> = engine.parameters().iter().map(|p| (p.range.clone(), p.decay)).collect();
    let file = dir.join("checkpoint.safetensors");
    let mut lp = Loop { engine, recipe, data, references: Vec::new() };
    let found = Checkpoint::load(&file, identity)?;
    let resumed = found.is_some();
    let mut state = match found {
        Some(state) => {
            lp.engine.write(&state.parameters)?;
            lp.references.clone_from(&state.references);
            watch(Event::Resumed(state.optimizer.step));
            state
        }
        None => {
            let parameters = lp.engine.read()?;
            // Held-out pairs after the training pairs: all of them under the starting parameters, once.
            let mut references = lp.score_references(data.train, stop, watch)?;
            references.extend(lp.score_references(data.eval, stop, watch)?);
            lp.references = references;
            let mut state = Checkpoint::new(parameters, lp.references.clone());
            lp.check_reference()?;
            if let Some((loss, metrics)) = lp.evaluate()? {
                state.eval_before = Some(loss);
                state.keep(loss, metrics);
            }
            state
        }
    };
    let mut metrics = MetricsFile::open(&dir.join("metrics.jsonl"), if resumed { state.optimizer.step } else { 0 })?;
    let steps_per_epoch = lp.steps_per_epoch();
    let total = if recipe.max_steps > 0 {
        recipe.max_steps
    } else {
        ((recipe.epochs * steps_per_epoch as f64).ceil() as u64).max(1)
    };
    let warmup = (total as f64 * recipe.warmup_ratio).ceil() as u64;
    let mut gradients = vec![0f32; state.parameters.len()];
    let mut epoch_batches: Option<(u64, Vec<Vec<usize>>)> = None;
    while state.optimizer.step < total {
        let step = state.optimizer.step; // updates made so far
        if stop.load(Ordering::Relaxed) {
            state.save(&file, identity)?;
            return Err(TrainError::Interrupted { step });
        }
        let started = Instant::now();
        let (epoch, in_epoch) = (step / steps_per_epoch, (step % steps_per_epoch) as usize);
        if epoch_batches.as_ref().is_none_or(|(e, _)| *e != epoch) {
            epoch_batches = Some((epoch, lp.epoch(epoch)));
        }
        let micro_batches: Vec<&[usize]> =
            epoch_batches.iter().flat_map(|(_, rows)| rows[in_epoch].chunks(recipe.batch_rows.max(1))).collect();
        gradients.fill(0.0);
        let sums = lp.accumulate(step, &micro_batches, &mut gradients)?;
        if !sums.loss.is_finite() {
            return Err(TrainError::Diverged { step: step + 1, loss: sums.loss });
        }
        if step == 0 {
            lp.check_connected(&gradients)?;
        }
        let grad_norm = clip(&mut gradients, recipe.max_grad_norm);
        let learning_rate = recipe.learning_rate * recipe.schedule.factor(step, warmup, total);
        state.optimizer.update(&mut state.parameters, &gradients, learning_rate, recipe.weight_decay, &groups);
        lp.engine.write(&state.parameters)?;
        state.last_loss = sums.loss;
        let made = step + 1;
        let mut line = StepMetrics {
            step: made,
            epoch: made as f64 / steps_per_epoch as f64,
            loss: sums.loss,
            grad_norm,
            learning_rate,
            values: sums.values,
            ..StepMetrics::default()
        };
        (line.label_tokens, line.tokens) = (sums.label_tokens, sums.tokens);
        line.tokens_per_second = sums.tokens as f64 / started.elapsed().as_secs_f64().max(1e-9);
        if (made % steps_per_epoch == 0 || made == total)
            && let Some((loss, values)) = lp.evaluate()?
        {
            line.eval_loss = Some(loss);
            line.values.extend(values.iter().map(|(k, v)| (format!("eval_{k}"), *v)));
            if state.eval_kept.is_none_or(|best| loss < best) || !recipe.keep_best {
                state.keep(loss, values);
            }
        }
        state.elapsed_secs += started.elapsed().as_secs_f64();
        line.elapsed_secs = state.elapsed_secs;
        metrics.append(&line)?;
        watch(Event::Step(&line, total));
        if made % recipe.checkpoint_steps.max(1) == 0 {
            state.save(&file, identity)?;
        }
    }
    // Without held-out rows there is nothing to choose by.
    if !recipe.keep_best || state.eval_kept.is_none() {
        state.kept_step = state.optimizer.step;
        state.kept.clone_from(&state.parameters);
    }
    lp.engine.write(&state.kept)?;
    Ok(Outcome {
        steps: state.optimizer.step,
        last_loss: state.last_loss,
        eval_before: state.eval_before,
        eval_kept: state.eval_kept,
        kept_step: state.kept_step,
        eval_metrics: state.eval_metrics,
        parameters: state.kept,
    })
}

/// The sequence without a random share of its prompt's words (word dropout; Iyyer et al. 2015, ACL).
///
/// A question that is asked in other words shares some of its words with the trained one and lacks others; a model
/// that has seen gaps leans less on any one wording.
fn thin(sequence: &Sequence, share: f64, stream: &mut Stream) -> Sequence {
    let mut out = Sequence { input_ids: Vec::new(), labels: Vec::new(), prompt: sequence.prompt.clone() };
    for (i, (&id, &label)) in sequence.input_ids.iter().zip(&sequence.labels).enumerate() {
        if sequence.prompt.contains(&i) && stream.uniform() < share {
            out.prompt.end -= 1;
        } else {
            out.input_ids.push(id);
            out.labels.push(label);
        }
    }
    out
}

/// Held-out loss and metrics.
type HeldOut = (f64, BTreeMap<String, f64>);

#[derive(Default)]
struct Sums {
    loss: f64,
    values: BTreeMap<String, f64>,
    label_tokens: usize,
    tokens: usize,
}

impl Loop<'_> {
    /// Index `i` is a training row; `i - train.len()` a replayed one.
    fn example(&self, i: usize) -> &Example {
        self.data.train.get(i).unwrap_or_else(|| &self.data.replay[i - self.data.train.len()])
    }

    fn replayed_rows(&self) -> usize {
        let share = self.recipe.replay.clamp(0.0, 0.95);
        let wanted = (self.data.train.len() as f64 * share / (1.0 - share)).round() as usize;
        wanted.min(self.data.replay.len())
    }

    fn rows_per_step(&self) -> usize {
        self.recipe.batch_rows.max(1) * self.recipe.gradient_accumulation.max(1)
    }

    fn steps_per_epoch(&self) -> u64 {
        (self.data.train.len() + self.replayed_rows()).div_ceil(self.rows_per_step()).max(1) as u64
    }

    /// The rows of every update of one epoch.
    fn epoch(&self, epoch: u64) -> Vec<Vec<usize>> {
        let (seed, n) = (self.recipe.seed, self.data.train.len());
        let mut rows: Vec<usize> = (0..n).collect();
        rows.extend(
            Stream::new(seed, "replay", epoch)
                .permutation(self.data.replay.len())
                .into_iter()
                .take(self.replayed_rows())
                .map(|i| n + i),
        );
        if self.recipe.shuffle {
            rows = Stream::new(seed, "shuffle", epoch).permutation(rows.len()).into_iter().map(|i| rows[i]).collect();
        }
        rows.chunks(self.rows_per_step()).map(<[usize]>::to_vec).collect()
    }

    fn accumulate(&mut self, step: u64, micro_batches: &[&[usize]], gradients: &mut [f32]) -> Result<Sums, TrainError> {
        let rows = || micro_batches.iter().flat_map(|b| b.iter());
        let labels_in_step: usize = rows().map(|&i| self.example(i).likelihood_labels()).sum();
        let rows_in_step = rows().count();
        let mut sums = Sums { label_tokens: labels_in_step, ..Sums::default() };
        let mut drop = Stream::new(self.recipe.seed, "prompt-dropout", step);
        for batch in micro_batches {
            let mut sequences = Vec::new();
            // Borrowed from the data and not from `self`, so that the engine can be borrowed beside it.
            let data = self.data;
            for &i in *batch {
                let example = data.train.get(i).unwrap_or_else(|| &data.replay[i - data.train.len()]);
                example.push(&mut sequences);
                sums.tokens += example.tokens();
            }
            let thinned: Vec<Sequence>;
            if self.recipe.prompt_dropout > 0.0 && self.recipe.objective == Objective::Sft {
                thinned = sequences.iter().map(|s| thin(s, self.recipe.prompt_dropout, &mut drop)).collect();
                sequences = thinned.iter().collect();
            }
            let logps = self.engine.forward(&sequences)?;
            let part = self.contribution(&logps, batch, rows_in_step, labels_in_step);
            self.engine.backward(&part.upstream, gradients)?;
            sums.loss += part.loss;
            for (name, value) in part.metrics {
                *sums.values.entry(name.to_owned()).or_default() += value;
            }
        }
        Ok(sums)
    }

    fn contribution(
        &self,
        logps: &LabelLogps,
        rows: &[usize],
        rows_in_step: usize,
        labels_in_step: usize,
    ) -> Contribution {
        match self.recipe.objective {
            Objective::Sft => sft(logps, labels_in_step),
            Objective::Dpo(dpo) => {
                let references: Vec<PairLogps> = rows.iter().map(|&i| self.references[i]).collect();
                dpo.contribution(logps, &references, rows_in_step, labels_in_step)
            }
        }
    }

    /// Summed log-probabilities of every pair under the current parameters: the reference, by construction.
    fn score_references(
        &mut self,
        examples: &[Example],
        stop: &AtomicBool,
        watch: &mut dyn FnMut(Event<'_>),
    ) -> Result<Vec<PairLogps>, TrainError> {
        let Objective::Dpo(_) = self.recipe.objective else { return Ok(Vec::new()) };
        let mut out = Vec::with_capacity(examples.len());
        for batch in examples.chunks(self.recipe.batch_rows.max(1)) {
            if stop.load(Ordering::Relaxed) {
                return Err(TrainError::Interrupted { step: 0 });
            }
            let mut sequences = Vec::new();
            batch.iter().for_each(|e| e.push(&mut sequences));
            let logps = self.engine.score(&sequences)?;
            out.extend(
                (0..batch.len()).map(|i| PairLogps { chosen: logps.sum(2 * i), rejected: logps.sum(2 * i + 1) }),
            );
            watch(Event::Reference(out.len(), examples.len()));
        }
        Ok(out)
    }

    /// Where policy equals reference the margin is 0 and the loss is a known number: ln 2 for sigmoid.
    fn check_reference(&mut self) -> Result<(), TrainError> {
        let Objective::Dpo(dpo) = self.recipe.objective else { return Ok(()) };
        let rows: Vec<usize> = (0..self.data.train.len().min(self.recipe.batch_rows.max(1))).collect();
        let mut sequences = Vec::new();
        rows.iter().for_each(|&i| self.data.train[i].push(&mut sequences));
        let logps = self.engine.score(&sequences)?;
        let margin_only = Dpo { nll_weight: 0.0, ..dpo };
        let references: Vec<PairLogps> = rows.iter().map(|&i| self.references[i]).collect();
        let found = margin_only.contribution(&logps, &references, rows.len(), 1).loss;
        let zero = PairLogps { chosen: 0.0, rejected: 0.0 };
        let expected = margin_only.pair(zero, zero, (1, 1)).0;
        if (found - expected).abs() > 1e-3 * expected.max(1.0) {
            return Err(TrainError::Reference { found, expected });
        }
        Ok(())
    }

    /// A module that no gradient reaches would be saved, merged and shipped as it was: better to stop.
    fn check_connected(&self, gradients: &[f32]) -> Result<(), TrainError> {
        // With B at zero the gradient of A is zero by definition, so A says nothing yet.
        match self
            .engine
            .parameters()
            .iter()
            .find(|p| !p.name.ends_with("lora_A") && gradients[p.range.clone()].iter().all(|&g| g == 0.0))
        {
            Some(dead) => Err(TrainError::Frozen { name: dead.name.clone() }),
            None => Ok(()),
        }
    }

    /// Held-out loss and metrics; `None` without held-out rows.
    fn evaluate(&mut self) -> Result<Option<HeldOut>, TrainError> {
        let data = self.data;
        if data.eval.is_empty() {
            return Ok(None);
        }
        let labels: usize = data.eval.iter().map(Example::likelihood_labels).sum();
        let (mut loss, mut values) = (0.0, BTreeMap::new());
        for (n, batch) in data.eval.chunks(self.recipe.batch_rows.max(1)).enumerate() {
            let mut sequences = Vec::new();
            batch.iter().for_each(|e| e.push(&mut sequences));
            let logps = self.engine.score(&sequences)?;
            let part = match self.recipe.objective {
                Objective::Sft => sft(&logps, labels),
                Objective::Dpo(dpo) => dpo.contribution(
                    &logps,
                    &self.references[data.train.len() + n * self.recipe.batch_rows.max(1)..][..batch.len()],
                    data.eval.len(),
                    labels,
                ),
            };
            loss += part.loss;
            for (name, value) in part.metrics {
                *values.entry(name.to_owned()).or_default() += value;
            }
        }
        Ok(Some((loss, values)))
    }
}
