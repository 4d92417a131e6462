//! The student's numbers against transformers, PEFT, TRL and torch, and properties that need no golden.
//!
//! The goldens are made by `tests/parity/make_goldens.py`; their `noise` entries say how far the same f32 computation
//! moves when torch uses another attention kernel (about 1e-5 for logits, 6e-7 for gradients, 2e-6 for the adapter
//! after five updates). Every tolerance here is at least ten times that.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use candle_core::{Device, Tensor};
use distill::batch::{ChatTemplate, IGNORE, Sequence};
use distill::hub::{Adapter, AdapterConfig, Folder, LlamaConfig};
use distill::id::ContentHash;
use distill::merge;
use distill::model::{self, Cache, Llama, TARGET_MODULES, Weight};
use distill::prompt::{Message, Role};
use distill::train::engine::{Engine, EngineError, Parameter, Portable, Trainable};
use distill::train::objective::{LabelLogps, PairLogps, PairLoss, PairTotals, Preference, sft};
use distill::train::optim::Schedule;
use distill::train::rng::Stream;
use distill::train::{self, Data, Event, Example, Objective, Outcome, Recipe, TrainError};
use serde_json::Value;

use crate::support::root;

mod forward;
mod preference;
mod resume;
mod sft;

fn golden(name: &str) -> Value {
    serde_json::from_slice(&std::fs::read(root("fixtures/numeric").join(name)).unwrap()).unwrap()
}

fn floats(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect()
}

fn ids(value: &Value) -> Vec<u32> {
    value.as_array().unwrap().iter().map(|v| v.as_u64().unwrap() as u32).collect()
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap()
}

/// The largest distance beyond `relative · |want|`, and a stop when it is over `absolute`.
#[track_caller]
fn close(what: &str, got: &[f64], want: &[f64], absolute: f64, relative: f64) -> f64 {
    assert_eq!(got.len(), want.len(), "{what}");
    let mut worst = 0f64;
    for (i, (g, w)) in got.iter().zip(want).enumerate() {
        let off = (g - w).abs();
        assert!(off <= absolute + relative * w.abs(), "{what}[{i}]: {g} instead of {w}, off by {off:.3e}");
        worst = worst.max(off);
    }
    worst
}

fn wide(values: &[f32]) -> Vec<f64> {
    values.iter().map(|&v| f64::from(v)).collect()
}

fn folder() -> Folder {
    Folder::open(&root("fixtures/numeric/tiny-llama")).unwrap()
}

fn llama() -> Llama {
    model::llama_from_folder(&folder(), &Device::Cpu).unwrap()
}

fn logits(model: &Llama, ids: &[u32]) -> Vec<Vec<f64>> {
    let hidden = model.hidden(&Tensor::from_slice(ids, (1, ids.len()), &Device::Cpu).unwrap(), None).unwrap();
    let rows = model.logits(&hidden.flatten(0, 1).unwrap()).unwrap().to_vec2::<f32>().unwrap();
    rows.iter().map(|r| wide(r)).collect()
}

fn log_softmax(row: &[f64], id: u32) -> f64 {
    let max = row.iter().copied().fold(f64::MIN, f64::max);
    row[id as usize] - max - row.iter().map(|v| (v - max).exp()).sum::<f64>().ln()
}

fn argmax(row: &[f64]) -> u64 {
    row.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1)).unwrap().0 as u64
}

fn adapter(name: &str) -> Adapter {
    Adapter::load(&root("fixtures/numeric").join(name)).unwrap()
}

fn lora(modules: &[&str]) -> Trainable {
    Trainable::lora(&AdapterConfig::new(4, 8.0, modules), folder().config(), 7).unwrap()
}

/// A fresh adapter on the tiny model: A random, B zero.
fn fresh() -> Portable {
    Portable::new(llama(), &lora(&TARGET_MODULES)).unwrap()
}

/// The tiny model with a stored adapter as its trained parameters.
fn adapted(name: &str) -> Portable {
    let adapter = adapter(name);
    let mut engine = fresh();
    let mut values = engine.read().unwrap();
    for p in engine.parameters() {
        let (path, half) = p.name.rsplit_once('.').unwrap();
        let pair = &adapter.tensors[path];
        assert_eq!(adapter.scale(path), 2.0);
        values[p.range.clone()].copy_from_slice(if half == "lora_A" { &pair.a } else { &pair.b });
    }
    engine.write(&values).unwrap();
    engine
}

/// The adapter moved by noise, so that nothing is zero and nothing is a stored golden.
fn stirred() -> Portable {
    let mut engine = fresh();
    let mut stream = Stream::new(3, "stir", 0);
    let values: Vec<f32> = engine.read().unwrap().iter().map(|v| v + (0.05 * stream.normal()) as f32).collect();
    engine.write(&values).unwrap();
    engine
}

fn peft_name(name: &str) -> String {
    format!("base_model.model.{name}.weight")
}

fn sequence(input_ids: Vec<u32>, labels: Vec<i64>) -> Sequence {
    let end = labels.iter().position(|&l| l != IGNORE).unwrap_or(labels.len());
    Sequence { input_ids, labels, prompt: 1..end.max(1), thought: 0..0 }
}

/// Random ids after a BOS, the first `prompt` of them without loss.
fn random_sequence(seed: u64, length: usize, prompt: usize) -> Sequence {
    let mut stream = Stream::new(seed, "sequence", 0);
    let input_ids: Vec<u32> = std::iter::once(1).chain((1..length).map(|_| 3 + stream.below(125) as u32)).collect();
    let labels = input_ids.iter().enumerate().map(|(i, &id)| if i < prompt { IGNORE } else { i64::from(id) }).collect();
    sequence(input_ids, labels)
}

fn sft_rows(count: u64, seed: u64) -> Vec<Example> {
    (0..count)
        .map(|i| Example::Completion(random_sequence(seed + i, 8 + (i as usize * 5) % 13, 3 + i as usize % 3)))
        .collect()
}

fn pairs(count: u64, seed: u64) -> Vec<Example> {
    (0..count)
        .map(|i| {
            let prompt = random_sequence(seed + i, 5, 5);
            let side = |salt: u64, length: usize| {
                let tail = random_sequence(seed + i + salt, length, 0);
                let input_ids: Vec<u32> = prompt.input_ids.iter().chain(&tail.input_ids[1..]).copied().collect();
                let labels =
                    input_ids.iter().enumerate().map(|(t, &id)| if t < 5 { IGNORE } else { i64::from(id) }).collect();
                sequence(input_ids, labels)
            };
            Example::Pair { chosen: side(1000, 6 + i as usize % 4), rejected: side(2000, 9 - i as usize % 3) }
        })
        .collect()
}

fn recipe(objective: Objective) -> Recipe {
    Recipe {
        objective,
        learning_rate: 1e-2,
        epochs: 1.0,
        batch_rows: 2,
        shuffle: false,
        seed: 5,
        schedule: Schedule::Linear,
        weight_decay: 0.01,
        max_grad_norm: 1.0,
        checkpoint_steps: 1000,
        ..Recipe::default()
    }
}

/// A student whose gradients can be looked at, and spoilt.
struct Watched {
    inner: Portable,
    /// The buffer after the last backward pass: the whole update's, when it is the only one.
    gradients: Vec<f32>,
    forwards: usize,
    /// A tensor whose gradient is lost.
    cut: Option<String>,
    /// Writes are lost.
    deaf: bool,
}

impl Watched {
    fn new(inner: Portable) -> Self {
        Self { inner, gradients: Vec::new(), forwards: 0, cut: None, deaf: false }
    }
}

impl Engine for Watched {
    fn parameters(&self) -> &[Parameter] {
        self.inner.parameters()
    }
    fn read(&self) -> Result<Vec<f32>, EngineError> {
        self.inner.read()
    }
    fn write(&mut self, values: &[f32]) -> Result<(), EngineError> {
        if self.deaf { Ok(()) } else { self.inner.write(values) }
    }
    fn forward(&mut self, sequences: &[&Sequence]) -> Result<LabelLogps, EngineError> {
        self.forwards += 1;
        self.inner.forward(sequences)
    }
    fn backward(&mut self, upstream: &[f32], gradients: &mut [f32]) -> Result<(), EngineError> {
        self.inner.backward(upstream, gradients)?;
        for p in self.inner.parameters().iter().filter(|p| Some(&p.name) == self.cut.as_ref()) {
            gradients[p.range.clone()].fill(0.0);
        }
        self.gradients = gradients.to_vec();
        Ok(())
    }
    fn score(&self, sequences: &[&Sequence]) -> Result<LabelLogps, EngineError> {
        self.inner.score(sequences)
    }
    fn next_tokens(&self, sequences: &[&[u32]]) -> Result<Vec<u32>, EngineError> {
        self.inner.next_tokens(sequences)
    }
}

fn train(engine: &mut dyn Engine, recipe: &Recipe, data: Data<'_>, dir: &Path) -> Outcome {
    train::run(engine, recipe, data, dir, &ContentHash::of(b"test"), &AtomicBool::new(false), &mut |_| {}).unwrap()
}

fn metrics(dir: &Path) -> Vec<Value> {
    std::fs::read_to_string(dir.join("metrics.jsonl"))
        .unwrap()
        .lines()
        .map(|l| serde_json::from_str(l).unwrap())
        .collect()
}

/// Loss and gradients of one optimizer step over these micro-batches.
fn sft_step(engine: &mut Portable, micro_batches: &[Vec<Sequence>]) -> (Vec<f64>, Vec<f32>) {
    let labels = micro_batches.iter().flatten().map(Sequence::label_count).sum();
    let mut gradients = vec![0f32; engine.read().unwrap().len()];
    let losses = micro_batches
        .iter()
        .map(|batch| {
            let logps = engine.forward(&batch.iter().collect::<Vec<_>>()).unwrap();
            let part = sft(&logps, labels);
            engine.backward(&part.upstream, &mut gradients).unwrap();
            part.loss
        })
        .collect();
    (losses, gradients)
}

/// A flat buffer against summaries of every tensor: norm, sum, first values.
fn check_tensors(what: &str, engine: &Portable, flat: &[f32], want: &Value, absolute: f64, relative: f64) -> f64 {
    assert_eq!(want.as_object().unwrap().len(), engine.parameters().len(), "{what}: every tensor is trained");
    let mut worst = 0f64;
    for p in engine.parameters() {
        let (got, want) = (wide(&flat[p.range.clone()]), &want[peft_name(&p.name)]);
        let shape: Vec<usize> =
            want["shape"].as_array().unwrap().iter().map(|v| v.as_u64().unwrap() as usize).collect();
        assert_eq!(p.shape, shape, "{what} {}", p.name);
        let norm = got.iter().map(|g| g * g).sum::<f64>().sqrt();
        let name = |part: &str| format!("{what} {part} of {}", p.name);
        close(&name("norm"), &[norm], &[number(&want["norm"])], absolute, relative);
        // Errors of n entries add up to at most n times one, and to about √n times one when they are noise.
        let spread = (got.len() as f64).sqrt();
        close(
            &name("sum"),
            &[got.iter().sum()],
            &[number(&want["sum"])],
            absolute * spread + relative * norm,
            relative,
        );
        worst = worst.max(close(&name("first"), &got[..8], &floats(&want["first"]), absolute, relative));
    }
    worst
}

#[test]
fn schedules_match_transformers() {
    for case in golden("schedule.json")["cases"].as_array().unwrap() {
        let name = case["name"].as_str().unwrap();
        let schedule = match name {
            "linear" => Schedule::Linear,
            "cosine" => Schedule::Cosine,
            "constant" => Schedule::Constant,
            other => panic!("{other}"),
        };
        let (steps, warmup) = (case["steps"].as_u64().unwrap(), case["warmup"].as_u64().unwrap());
        let factors: Vec<f64> = (0..steps).map(|k| schedule.factor(k, warmup, steps)).collect();
        close(name, &factors, &floats(&case["factors"]), 1e-8, 0.0);
    }
}

#[test]
fn the_plain_template_renders_as_transformers_does() {
    let file = golden("templates.json");
    let on_disk = std::fs::read_to_string(root("fixtures/numeric/llama3_plain.jinja")).unwrap();
    let tokens = || [("bos_token".to_owned(), file["bos_token"].as_str().unwrap().to_owned())].into();
    for source in [ChatTemplate::PLAIN_LLAMA3, on_disk.as_str()] {
        let template = ChatTemplate::new(source, tokens()).unwrap();
        for case in file["cases"].as_array().unwrap() {
            let messages: Vec<Message> = case["messages"]
                .as_array()
                .unwrap()
                .iter()
                .map(|m| serde_json::from_value(m.clone()).unwrap())
                .collect();
            assert!(messages.iter().all(|m| matches!(m.role, Role::System | Role::User | Role::Assistant)));
            let text = template.render(&messages, case["add_generation_prompt"].as_bool().unwrap()).unwrap();
            assert_eq!(text, case["plain"].as_str().unwrap(), "{}", case["name"]);
        }
    }
}
