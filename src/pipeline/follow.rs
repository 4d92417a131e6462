//! What a person sees of the training loop.

use std::time::Instant;

use super::Watch;
use crate::edge;
use crate::train::estimate::{bytes, span};
use crate::train::{Event, Sample, StepMetrics};

/// Updates that are left out before the pace is told: buffers are made in the first.
const WARM: u64 = 1;
/// The pace is told after so many updates and so many seconds.
const ENOUGH: (u64, f64) = (4, 2.0);
/// A wait that is worth telling, in seconds.
const LONG: f64 = 20.0;

/// Turns the loop's events into lines and a bar.
pub(super) struct Follow<'a> {
    phase: &'static str,
    watch: &'a dyn Watch,
    /// The bytes of every token: all that is left of the tokenizer while a model is trained.
    words: Vec<Option<Vec<u8>>>,
    /// What the samples answer: the person's words of their prompts.
    questions: Vec<Vec<u32>>,
    /// When the measured updates began, and how many there were.
    since: Option<Instant>,
    steps: u64,
    tokens: usize,
    told: bool,
    /// The run went on from a checkpoint.
    pub resumed: bool,
}

impl<'a> Follow<'a> {
    pub(super) fn new(
        phase: &'static str,
        words: Vec<Option<Vec<u8>>>,
        questions: Vec<Vec<u32>>,
        watch: &'a dyn Watch,
    ) -> Self {
        Self { phase, watch, words, questions, since: None, steps: 0, tokens: 0, told: false, resumed: false }
    }

    pub(super) fn event(&mut self, event: Event<'_>) {
        match event {
            Event::Reference(done, of) => {
                self.watch.progress(done as u64, of as u64, "reference log-probabilities");
            }
            Event::Resumed(step) => {
                self.resumed = true;
                self.watch.say(&format!("{}: going on from step {step}", self.phase));
            }
            Event::Step(line, total) => self.step(line, total),
            Event::Samples(step, samples) => self.samples(step, samples),
        }
    }

    /// One answer, so that a person sees what the figures mean.
    fn samples(&self, step: u64, samples: &[Sample]) {
        let (Some(sample), Some(question)) = (samples.first(), self.questions.first()) else { return };
        let (question, answer) = (self.text(question), self.text(&sample.ids));
        let end = if sample.ended { "" } else { " …" };
        self.watch.say(&format!("{}: after {step} steps \"{question}\" is answered \"{answer}{end}\"", self.phase));
    }

    /// Ids as one line, without control tokens.
    fn text(&self, ids: &[u32]) -> String {
        let bytes = ids.iter().filter_map(|&id| self.words.get(id as usize)?.as_deref()).flatten();
        let bytes: Vec<u8> = bytes.copied().collect();
        // A model may say what would move the cursor.
        let text: String =
            String::from_utf8_lossy(&bytes).chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    fn step(&mut self, line: &StepMetrics, total: u64) {
        self.steps += 1;
        if self.steps <= WARM {
            self.since = Some(Instant::now());
        } else {
            self.tokens += line.tokens;
        }
        let left = total.saturating_sub(line.step);
        let seconds = self.since.map_or(0.0, |since| since.elapsed().as_secs_f64());
        let measured = self.steps.saturating_sub(WARM);
        let to_go = if measured > 0 { seconds / measured as f64 * left as f64 } else { 0.0 };
        let pace = if measured > 0 { self.tokens as f64 / seconds.max(1e-9) } else { line.tokens_per_second };
        let mut words = format!("loss {:.4}, {pace:.0} tokens/s", line.loss);
        if let Some(accuracy) = line.values.get("rewards/accuracies") {
            words.push_str(&format!(", accuracy {accuracy:.2}"));
        }
        let resident = edge::peak_rss_bytes();
        if resident > 0 {
            words.push_str(&format!(", {}", bytes(resident)));
        }
        self.watch.progress(line.step, total, &words);
        if !self.told && measured >= ENOUGH.0 && seconds >= ENOUGH.1 {
            self.told = true;
            if to_go >= LONG {
                self.watch.say(&format!(
                    "{}: {pace:.0} tokens/s, {left} steps left, about {}",
                    self.phase,
                    span(to_go)
                ));
            }
        }
        if let Some(eval) = line.eval_loss {
            let more = if to_go >= LONG { format!(", {} left", span(to_go)) } else { String::new() };
            self.watch.say(&format!(
                "{}: step {}/{total}, loss {:.4}, held-out loss {eval:.4}{more}",
                self.phase, line.step, line.loss
            ));
        }
    }
}
