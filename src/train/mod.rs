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

mod batches;
mod checkpoint;
mod events;
mod metrics;
mod step;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use crate::id::ContentHash;
use engine::{Engine, EngineError};
use objective::Preference;
use optim::{Optimizer, Schedule, clip};
use step::Loop;

pub use batches::Example;
pub use checkpoint::{Checkpoint, CheckpointError};
pub use metrics::{MetricsFile, StepMetrics};

/// What is minimised.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Objective {
    /// Likelihood of completions.
    Sft,
    /// Preference over pairs, against the parameters the run starts from; likelihood of what else is in the data.
    Preference(Preference),
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
    /// Rows per micro-batch. An update takes `batch_rows · gradient_accumulation` rows.
    pub batch_rows: usize,
    /// Micro-batches per update.
    pub gradient_accumulation: usize,
    /// Tokens that the engine reads in one call, whatever the rows: the update's rows are cut accordingly, which
    /// changes speed and memory but not the loss. 0 cuts by `batch_rows`.
    pub batch_tokens: usize,
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
    /// Keep the optimizer's moments in 8 bits; for full fine-tuning, where they are twice the model.
    pub eight_bit_moments: bool,
    /// Clipping threshold; 0 turns it off.
    pub max_grad_norm: f64,
    /// Share of the prompt's words that are left out of a completion, drawn anew every time it is seen.
    pub prompt_dropout: f64,
    /// Share of replayed rows in an epoch's data, in `[0, 1)`.
    pub replay: f64,
    /// Weight of the likelihood of completions beside a preference.
    pub replay_weight: f64,
    /// Weight of a token of a chain of thought beside one of the answer after it, in the likelihood of completions.
    pub thought_weight: f64,
    /// Updates between evaluations; 0 evaluates at the end of every epoch. The last update is always evaluated.
    pub eval_steps: u64,
    /// Ends the run after so many evaluations in a row without a lower held-out loss; 0 never does.
    pub patience: u64,
    /// Keep the parameters with the lowest held-out loss rather than the last.
    pub keep_best: bool,
    /// Updates between checkpoints.
    pub checkpoint_steps: u64,
}

impl Default for Recipe {
    /// SFT as TRL 1.16 has it by default, but for a rate that suits adapters.
    fn default() -> Self {
        Self {
            objective: Objective::Sft,
            learning_rate: 2e-4,
            epochs: 3.0,
            max_steps: 0,
            batch_rows: 8,
            gradient_accumulation: 1,
            batch_tokens: 1024,
            shuffle: true,
            seed: 0,
            schedule: Schedule::Linear,
            warmup_ratio: 0.0,
            weight_decay: 0.0,
            eight_bit_moments: false,
            max_grad_norm: 1.0,
            prompt_dropout: 0.0,
            replay: 0.0,
            replay_weight: 1.0,
            thought_weight: 1.0,
            eval_steps: 0,
            patience: 0,
            keep_best: false,
            checkpoint_steps: 25,
        }
    }
}

/// The data of a run.
#[derive(Clone, Copy, Debug, Default)]
pub struct Data<'a> {
    /// Trained on.
    pub train: &'a [Example],
    /// Mixed in by [`Recipe::replay`].
    pub replay: &'a [Example],
    /// Held out; may be empty.
    pub eval: &'a [Example],
    /// Token ids of prompts, up to where an answer begins, that are answered at every evaluation.
    pub samples: &'a [Vec<u32>],
    /// Tokens that end such an answer.
    pub stop_ids: &'a [u32],
}

/// An answer to one of [`Data::samples`], by the likeliest tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sample {
    /// The prompt.
    pub prompt: Vec<u32>,
    /// What follows, without the token that ended it; at most 48.
    pub ids: Vec<u32>,
    /// The model ended its answer itself.
    pub ended: bool,
}

/// What happened, for whoever shows it.
#[derive(Clone, Debug)]
pub enum Event<'a> {
    /// References are being computed: pairs done, of how many.
    Reference(usize, usize),
    /// One update was made, of how many.
    Step(&'a StepMetrics, u64),
    /// Answers of the model after so many updates.
    Samples(u64, &'a [Sample]),
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
    /// [`Recipe::patience`] ended the run.
    pub stopped_early: bool,
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
    /// The held-out loss is not a number: nothing could be chosen by it.
    #[error("the held-out loss became {loss}")]
    HeldOut {
        /// What it was.
        loss: f64,
    },
    /// The gradient is not a number.
    #[error("the norm of the gradient became {norm} at step {step}")]
    Exploded {
        /// At which update.
        step: u64,
        /// What it was.
        norm: f64,
    },
    /// A trained tensor is not part of the model's answer.
    #[error("`{name}` has a gradient of exactly zero at the first step: training would not change it")]
    Frozen {
        /// Which.
        name: String,
    },
    /// An update left a trained tensor as it was.
    #[error("`{name}` did not move in update {step}: it is not trained")]
    Unmoved {
        /// Which.
        name: String,
        /// In which update, from 1.
        step: u64,
    },
    /// Every update would be multiplied by zero.
    #[error("all {updates} updates have a learning rate of 0: nothing would be trained")]
    NoRate {
        /// How many.
        updates: u64,
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
    let steps_per_epoch = lp.steps_per_epoch();
    let total = if recipe.max_steps > 0 {
        recipe.max_steps
    } else {
        ((recipe.epochs * steps_per_epoch as f64).ceil() as u64).max(1)
    };
    // A warm-up that is the whole run would train nothing.
    let warmup = ((total as f64 * recipe.warmup_ratio).ceil() as u64).min(total - 1);
    let rate = |step: u64| recipe.learning_rate * recipe.schedule.factor(step, warmup, total);
    // The first update that moves anything: the one before it, in a warm-up, has rate 0.
    let Some(first) = (0..total).find(|&step| rate(step) > 0.0) else {
        return Err(TrainError::NoRate { updates: total });
    };
    let tensors: Vec<_> = groups.iter().map(|(range, _)| range.clone()).collect();
    let found = Checkpoint::load(&file, identity, &tensors)?;
    let resumed = found.is_some();
    let mut state = match found {
        Some(state) => {
            lp.engine.write(&state.parameters)?;
            lp.references.clone_from(&state.references);
            watch(Event::Resumed(state.optimizer.step()));
            state
        }
        None => {
            let parameters = lp.engine.read()?;
            // All pairs under the starting parameters, once.
            lp.references = lp.score_references(stop, watch)?;
            let mut state =
                Checkpoint::new(parameters, lp.references.clone(), Optimizer::new(tensors, recipe.eight_bit_moments));
            lp.check_reference()?;
            if let Some((loss, metrics)) = lp.evaluate()? {
                state.eval_before = Some(loss);
                state.judge(loss, metrics, true);
            }
            show_samples(&lp, 0, watch)?;
            state
        }
    };
    let mut metrics = MetricsFile::open(&dir.join("metrics.jsonl"), if resumed { state.optimizer.step() } else { 0 })?;
    let mut gradients = vec![0f32; state.parameters.len()];
    let mut epoch_batches: Option<(u64, Vec<Vec<usize>>)> = None;
    let out_of_patience = |state: &Checkpoint| recipe.patience > 0 && state.stale_evals >= recipe.patience;
    while state.optimizer.step() < total && !out_of_patience(&state) {
        let step = state.optimizer.step(); // updates made so far
        if stop.load(Ordering::Relaxed) {
            state.save(&file, identity)?;
            return Err(TrainError::Interrupted { step });
        }
        let started = Instant::now();
        let (epoch, in_epoch) = (step / steps_per_epoch, (step % steps_per_epoch) as usize);
        if epoch_batches.as_ref().is_none_or(|(e, _)| *e != epoch) {
            epoch_batches = Some((epoch, lp.epoch(epoch)));
        }
        let rows = epoch_batches.as_ref().map_or(&[][..], |(_, updates)| &updates[in_epoch]);
        gradients.fill(0.0);
        let sums = lp.accumulate(step, rows, &mut gradients)?;
        if !sums.loss.is_finite() {
            return Err(TrainError::Diverged { step: step + 1, loss: sums.loss });
        }
        if step == 0 {
            lp.check_first_loss(&sums)?;
            lp.check_connected(&gradients)?;
        }
        let grad_norm = clip(&mut gradients, recipe.max_grad_norm);
        if !grad_norm.is_finite() {
            // Before the moments have it: they would be saved, and every resumed run would fail.
            return Err(TrainError::Exploded { step: step + 1, norm: grad_norm });
        }
        let learning_rate = rate(step);
        // What the engine has, and not what the loop believes it has.
        let before = if step == first || step == first + 1 { Some(lp.engine.read()?) } else { None };
        state.optimizer.update(&mut state.parameters, &gradients, learning_rate, recipe.weight_decay, &groups);
        let made = step + 1;
        lp.engine.write(&state.parameters)?;
        if let Some(before) = before {
            lp.check_moved(&before, &gradients, learning_rate, made, step == first)?;
        }
        state.last_loss = sums.loss;
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
        let every = if recipe.eval_steps > 0 { recipe.eval_steps } else { steps_per_epoch };
        let evaluates = made % every == 0 || made == total;
        if evaluates && let Some((loss, values)) = lp.evaluate()? {
            line.eval_loss = Some(loss);
            line.values.extend(values.iter().map(|(k, v)| (format!("eval_{k}"), *v)));
            state.judge(loss, values, !recipe.keep_best);
        }
        state.elapsed_secs += started.elapsed().as_secs_f64();
        line.elapsed_secs = state.elapsed_secs;
        metrics.append(&line)?;
        watch(Event::Step(&line, total));
        if evaluates {
            show_samples(&lp, made, watch)?;
        }
        if made % recipe.checkpoint_steps.max(1) == 0 {
            state.save(&file, identity)?;
        }
    }
    let stopped_early = state.optimizer.step() < total;
    // Without held-out rows there is nothing to choose by.
    if !recipe.keep_best || state.eval_kept.is_none() {
        state.kept_step = state.optimizer.step();
        state.kept.clone_from(&state.parameters);
    }
    lp.engine.write(&state.kept)?;
    Ok(Outcome {
        steps: state.optimizer.step(),
        last_loss: state.last_loss,
        eval_before: state.eval_before,
        eval_kept: state.eval_kept,
        kept_step: state.kept_step,
        eval_metrics: state.eval_metrics,
        parameters: state.kept,
        stopped_early,
    })
}

fn show_samples(lp: &Loop<'_>, step: u64, watch: &mut dyn FnMut(Event<'_>)) -> Result<(), TrainError> {
    if lp.data.samples.is_empty() {
        return Ok(());
    }
    match lp.samples() {
        Ok(samples) => watch(Event::Samples(step, &samples)),
        Err(EngineError::Unsupported(_)) => {}
        Err(other) => return Err(other.into()),
    }
    Ok(())
}
