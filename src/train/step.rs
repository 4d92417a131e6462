//! One update's loss and gradient, held-out loss, references and samples.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};

use super::batches::cut;
use super::engine::{Engine, EngineError};
use super::objective::{Contribution, LabelLogps, LikelihoodTotals, PairLogps, PairTotals, Preference, likelihood};
use super::rng::Stream;
use super::{Data, Event, Objective, Recipe, Sample, TrainError};
use crate::batch::Sequence;

/// Tokens that a sample has at most.
const SAMPLE_TOKENS: usize = 48;

pub(super) struct Loop<'a> {
    pub engine: &'a mut dyn Engine,
    pub recipe: &'a Recipe,
    pub data: Data<'a>,
    /// Log-probabilities of every example's answers under the starting parameters, zeros for completions; then, where
    /// the loss estimates a divergence, as many of the mismatched answers. Empty where there is no reference.
    pub references: Vec<PairLogps>,
}

/// Held-out loss and metrics.
pub(super) type HeldOut = (f64, BTreeMap<String, f64>);

/// What an update adds up to.
#[derive(Default)]
pub(super) struct Sums {
    pub loss: f64,
    pub values: BTreeMap<String, f64>,
    pub label_tokens: usize,
    pub tokens: usize,
}

impl Sums {
    fn add(&mut self, part: Contribution) {
        self.loss += part.loss;
        for (name, value) in part.metrics {
            *self.values.entry(name.to_owned()).or_default() += value;
        }
    }
}

/// What an update's losses are divided by.
#[derive(Clone, Copy, Default)]
struct Totals {
    pairs: PairTotals,
    likelihood: LikelihoodTotals,
    tokens: usize,
}

/// Rows of one call of the engine: pairs first, two sequences each, then completions.
struct Call<'a> {
    pairs: Vec<usize>,
    sequences: Vec<Cow<'a, Sequence>>,
}

impl Call<'_> {
    fn sequences(&self) -> Vec<&Sequence> {
        self.sequences.iter().map(|s| &**s).collect()
    }
}

/// The sequence without a random share of its prompt's words (word dropout; Iyyer et al. 2015, ACL).
///
/// A question that is asked in other words shares some of its words with the trained one and lacks others; a model
/// that has seen gaps leans less on any one wording.
fn thin(sequence: &Sequence, share: f64, stream: &mut Stream) -> Sequence {
    let mut out = Sequence { input_ids: Vec::new(), labels: Vec::new(), ..sequence.clone() };
    for (i, (&id, &label)) in sequence.input_ids.iter().zip(&sequence.labels).enumerate() {
        if sequence.prompt.contains(&i) && stream.uniform() < share {
            out.prompt.end -= 1;
            out.thought.start = out.thought.start.saturating_sub(1);
            out.thought.end = out.thought.end.saturating_sub(1);
        } else {
            out.input_ids.push(id);
            out.labels.push(label);
        }
    }
    out
}

impl<'a> Loop<'a> {
    pub fn replayed_rows(&self) -> usize {
        let share = self.recipe.replay.clamp(0.0, 0.95);
        let wanted = (self.data.train.len() as f64 * share / (1.0 - share)).round() as usize;
        wanted.min(self.data.replay.len())
    }

    fn rows_per_step(&self) -> usize {
        self.recipe.batch_rows.max(1) * self.recipe.gradient_accumulation.max(1)
    }

    pub fn steps_per_epoch(&self) -> u64 {
        (self.data.train.len() + self.replayed_rows()).div_ceil(self.rows_per_step()).max(1) as u64
    }

    /// The rows of every update of one epoch.
    pub fn epoch(&self, epoch: u64) -> Vec<Vec<usize>> {
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

    const fn preference(&self) -> Option<Preference> {
        match self.recipe.objective {
            Objective::Sft => None,
            Objective::Preference(preference) => Some(preference),
        }
    }

    /// Both answers of a row whose preference counts.
    fn pair(&self, i: usize) -> Option<(&'a Sequence, &'a Sequence)> {
        self.preference().and_then(|_| self.data.example(i).pair())
    }

    /// Tokens that the engine reads of a row.
    fn tokens(&self, i: usize) -> usize {
        self.pair(i).map_or_else(
            || self.data.example(i).answer().input_ids.len(),
            |(chosen, rejected)| chosen.input_ids.len() + rejected.input_ids.len(),
        )
    }

    fn calls(&self, rows: &[usize]) -> Vec<Range<usize>> {
        let tokens: Vec<usize> = rows.iter().map(|&i| self.tokens(i)).collect();
        cut(&tokens, self.recipe.batch_rows, self.recipe.batch_tokens)
    }

    fn call(&self, rows: &[usize]) -> Call<'a> {
        let (pairs, rest): (Vec<usize>, Vec<usize>) = rows.iter().partition(|&&i| self.pair(i).is_some());
        let mut sequences: Vec<Cow<'a, Sequence>> = Vec::new();
        for (chosen, rejected) in pairs.iter().filter_map(|&i| self.pair(i)) {
            sequences.extend([Cow::Borrowed(chosen), Cow::Borrowed(rejected)]);
        }
        sequences.extend(rest.iter().map(|&i| Cow::Borrowed(self.data.example(i).answer())));
        Call { pairs, sequences }
    }

    fn totals(&self, rows: &[usize]) -> Totals {
        let mut totals = Totals::default();
        for &i in rows {
            let answer = self.data.example(i).answer();
            totals.tokens += self.tokens(i);
            if self.pair(i).is_some() {
                totals.pairs.pairs += 1;
                totals.pairs.chosen_labels += answer.label_count();
            } else {
                let weights = answer.label_weights(self.recipe.thought_weight as f32);
                totals.likelihood.labels += weights.len();
                totals.likelihood.weight += weights.into_iter().map(f64::from).sum::<f64>();
            }
        }
        totals
    }

    fn part(&self, logps: &LabelLogps, call: &Call<'_>, totals: &Totals) -> Contribution {
        let pairs = call.pairs.len();
        let mut out = match self.preference() {
            Some(preference) if pairs > 0 => {
                let references: Vec<PairLogps> =
                    call.pairs.iter().map(|&i| self.references.get(i).copied().unwrap_or_default()).collect();
                preference.contribution(logps, &references, &totals.pairs)
            }
            _ => Contribution { upstream: vec![0.0; logps.logps.len()], ..Contribution::default() },
        };
        if 2 * pairs < logps.len() {
            let thought = self.recipe.thought_weight as f32;
            let weights: Vec<f32> = call.sequences[2 * pairs..].iter().flat_map(|s| s.label_weights(thought)).collect();
            let rest = likelihood(logps, 2 * pairs..logps.len(), &weights, &totals.likelihood);
            if self.preference().is_some() {
                out.add(&rest, self.recipe.replay_weight);
                *out.metrics.entry("replay_loss").or_default() += rest.loss;
            } else {
                out.add(&rest, 1.0);
                out.metrics = rest.metrics;
            }
        }
        out
    }

    /// Adds the gradient of an update over `rows` to `gradients`.
    ///
    /// Every part of the loss is divided by the update's own total, so how the rows are cut into calls changes rounding
    /// and nothing else.
    pub fn accumulate(&mut self, step: u64, rows: &[usize], gradients: &mut [f32]) -> Result<Sums, TrainError> {
        let mut totals = self.totals(rows);
        totals.pairs.divergence = self.divergence(rows)?;
        let mut sums = Sums {
            label_tokens: totals.likelihood.labels + totals.pairs.chosen_labels,
            tokens: totals.tokens,
            ..Sums::default()
        };
        let mut drop = Stream::new(self.recipe.seed, "prompt-dropout", step);
        self.engine.begin(step);
        for range in self.calls(rows) {
            let mut call = self.call(&rows[range]);
            if self.recipe.prompt_dropout > 0.0 && self.recipe.objective == Objective::Sft {
                for sequence in &mut call.sequences {
                    *sequence = Cow::Owned(thin(sequence, self.recipe.prompt_dropout, &mut drop));
                }
            }
            let logps = self.engine.forward(&call.sequences())?;
            let part = self.part(&logps, &call, &totals);
            self.engine.backward(&part.upstream, gradients)?;
            sums.add(part);
        }
        Ok(sums)
    }

    /// How far the policy has gone from the reference, on answers to other prompts: at least 0, in nats.
    fn divergence(&self, rows: &[usize]) -> Result<f64, EngineError> {
        if !self.preference().is_some_and(|p| p.loss.needs_divergence()) {
            return Ok(0.0);
        }
        let pairs: Vec<usize> = rows.iter().copied().filter(|&i| self.pair(i).is_some()).collect();
        let mut sum = 0.0;
        for range in self.calls(&pairs) {
            for (&i, policy) in pairs[range.clone()].iter().zip(self.score_mismatched(&pairs[range])?) {
                let reference = self.references.get(self.data.len() + i).copied().unwrap_or_default();
                sum += policy.chosen - reference.chosen + policy.rejected - reference.rejected;
            }
        }
        Ok((sum / (2 * pairs.len().max(1)) as f64).max(0.0))
    }

    fn score_mismatched(&self, pairs: &[usize]) -> Result<Vec<PairLogps>, EngineError> {
        let sequences: Vec<Sequence> = pairs.iter().filter_map(|&i| self.data.mismatched(i)).flatten().collect();
        Ok(sums_of_pairs(&self.engine.score(&sequences.iter().collect::<Vec<_>>())?, pairs.len()))
    }

    /// Scores every pair under the current parameters: the reference, by construction.
    pub fn score_references(
        &self,
        stop: &AtomicBool,
        watch: &mut dyn FnMut(Event<'_>),
    ) -> Result<Vec<PairLogps>, TrainError> {
        let Some(preference) = self.preference().filter(|p| p.loss.needs_reference()) else { return Ok(Vec::new()) };
        let n = self.data.len();
        let twice = preference.loss.needs_divergence();
        let mut out = vec![PairLogps::default(); if twice { 2 * n } else { n }];
        let pairs = self.pairs();
        for range in self.calls(&pairs) {
            if stop.load(Ordering::Relaxed) {
                return Err(TrainError::Interrupted { step: 0 });
            }
            let (done, rows) = (range.end, &pairs[range]);
            let logps = self.engine.score(&self.call(rows).sequences())?;
            for (&i, sums) in rows.iter().zip(sums_of_pairs(&logps, rows.len())) {
                out[i] = sums;
            }
            if twice {
                for (&i, sums) in rows.iter().zip(self.score_mismatched(rows)?) {
                    out[n + i] = sums;
                }
            }
            watch(Event::Reference(done, pairs.len()));
        }
        Ok(out)
    }

    /// All rows with a preference, held-out ones too.
    fn pairs(&self) -> Vec<usize> {
        (0..self.data.len()).filter(|&i| self.pair(i).is_some()).collect()
    }

    /// Where policy equals reference the loss is a known number: ln 2 for sigmoid.
    pub fn check_reference(&self) -> Result<(), TrainError> {
        let Some(preference) = self.preference() else { return Ok(()) };
        let pairs = self.pairs();
        let (Some(expected), Some(range)) = (preference.loss_at_start(), self.calls(&pairs).into_iter().next()) else {
            return Ok(());
        };
        // The same rows as in the first call for the references, so that not even rounding differs.
        let call = self.call(&pairs[range]);
        let logps = self.engine.score(&call.sequences())?;
        let totals =
            Totals { pairs: PairTotals { pairs: call.pairs.len(), ..PairTotals::default() }, ..Totals::default() };
        let found = self.part(&logps, &call, &totals).metrics["preference_loss"];
        if (found - expected).abs() > 1e-3 * expected.max(1.0) {
            return Err(TrainError::Reference { found, expected });
        }
        Ok(())
    }

    /// The same for the first update itself, which goes through the engine's other pass.
    pub fn check_first_loss(&self, sums: &Sums) -> Result<(), TrainError> {
        match (self.preference().and_then(|p| p.loss_at_start()), sums.values.get("preference_loss")) {
            (Some(expected), Some(&found)) if (found - expected).abs() > 5e-3 * expected.max(1.0) => {
                Err(TrainError::Reference { found, expected })
            }
            _ => Ok(()),
        }
    }

    /// A module that no gradient reaches would be saved, merged and shipped as it was: better to stop.
    pub fn check_connected(&self, gradients: &[f32]) -> Result<(), TrainError> {
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

    /// Whether an update really changed what it should have.
    ///
    /// A stays where it is in the first update of a new adapter, since B is zero; in the second it has to move.
    pub fn check_moved(
        &self,
        before: &[f32],
        gradients: &[f32],
        learning_rate: f64,
        made: u64,
        first: bool,
    ) -> Result<(), TrainError> {
        // A loss that is satisfied, such as hinge beyond its margin, has no gradient and moves nothing.
        if gradients.iter().all(|&g| g == 0.0) {
            return Ok(());
        }
        let after = self.engine.read()?;
        for p in self.engine.parameters() {
            if first && p.name.ends_with("lora_A") {
                continue;
            }
            let (before, after) = (&before[p.range.clone()], &after[p.range.clone()]);
            // Below the resolution of f32 nothing can move: a long warm-up begins there.
            let largest = before.iter().fold(0f32, |m, v| m.max(v.abs()));
            let resolvable = learning_rate > f64::from(f32::EPSILON) * f64::from(largest);
            let idle = gradients[p.range.clone()].iter().all(|&g| g == 0.0) || before == after;
            if resolvable && idle {
                return Err(TrainError::Unmoved { name: p.name.clone(), step: made });
            }
        }
        Ok(())
    }

    /// Held-out loss and metrics; `None` without held-out rows.
    pub fn evaluate(&self) -> Result<Option<HeldOut>, TrainError> {
        let rows = self.data.held_out();
        if rows.is_empty() {
            return Ok(None);
        }
        let mut totals = self.totals(&rows);
        totals.pairs.divergence = self.divergence(&rows)?;
        let mut sums = Sums::default();
        for range in self.calls(&rows) {
            let call = self.call(&rows[range]);
            let logps = self.engine.score(&call.sequences())?;
            sums.add(self.part(&logps, &call, &totals));
        }
        if !sums.loss.is_finite() {
            return Err(TrainError::HeldOut { loss: sums.loss });
        }
        Ok(Some((sums.loss, sums.values)))
    }

    /// What the model answers now, by its likeliest tokens.
    pub fn samples(&self) -> Result<Vec<Sample>, EngineError> {
        let mut out: Vec<Sample> = self
            .data
            .samples
            .iter()
            .map(|prompt| Sample { prompt: prompt.clone(), ids: Vec::new(), ended: false })
            .collect();
        let mut texts = self.data.samples.to_vec();
        for _ in 0..SAMPLE_TOKENS {
            let open: Vec<usize> = (0..out.len()).filter(|&i| !out[i].ended && !texts[i].is_empty()).collect();
            if open.is_empty() {
                break;
            }
            let next = self.engine.next_tokens(&open.iter().map(|&i| texts[i].as_slice()).collect::<Vec<_>>())?;
            for (&i, id) in open.iter().zip(next) {
                if self.data.stop_ids.contains(&id) {
                    out[i].ended = true;
                } else {
                    out[i].ids.push(id);
                    texts[i].push(id);
                }
            }
        }
        Ok(out)
    }
}

/// Log-probabilities of the pairs that a call begins with.
fn sums_of_pairs(logps: &LabelLogps, pairs: usize) -> Vec<PairLogps> {
    (0..pairs).map(|i| PairLogps { chosen: logps.sum(2 * i), rejected: logps.sum(2 * i + 1) }).collect()
}
