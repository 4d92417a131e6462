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
use distill::train::engine::{Engine, Portable, Trainable};
use distill::train::objective::{Dpo, DpoLoss, LabelLogps, PairLogps, sft};
use distill::train::optim::Schedule;
use distill::train::rng::Stream;
use distill::train::{self, Data, Event, Example, Objective, Outcome, Recipe, TrainError};
use serde_json::Value;

use crate::support::root;

// ------------------------------------------------------------------------------------------------------------- tools

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
    Sequence { input_ids, labels, prompt: 1..end.max(1) }
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
        max_steps: 0,
        batch_rows: 2,
        gradient_accumulation: 1,
        shuffle: false,
        seed: 5,
        schedule: Schedule::Linear,
        warmup_ratio: 0.0,
        weight_decay: 0.01,
        max_grad_norm: 1.0,
        prompt_dropout: 0.0,
        replay: 0.0,
        keep_best: false,
        checkpoint_steps: 1000,
    }
}

fn train(engine: &mut Portable, recipe: &Recipe, data: Data<'_>, dir: &Path) -> Outcome {
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

// ------------------------------------------------------------------------------------------------------------ model

#[test]
fn logits_match_transformers() {
    let (want, model) = (golden("logits.json"), llama());
    for config in ["tiny-llama/config.json", "tiny-llama-v5-config.json"] {
        let config = LlamaConfig::from_value(&golden(config)).unwrap();
        close(
            &format!("inverse frequencies by {config:?}"),
            &wide(&config.inv_freq()),
            &floats(&want["rope_inv_freq"]),
            0.0,
            1e-6,
        );
    }
    for case in want["cases"].as_array().unwrap() {
        let ids = ids(&case["ids"]);
        let rows = logits(&model, &ids);
        let mut worst = 0f64;
        for (position, row) in ids_of_positions(case).zip(case["logits"].as_array().unwrap()) {
            worst = worst.max(close(&format!("logits at {position}"), &rows[position], &floats(row), 1e-4, 0.0));
        }
        let logps: Vec<f64> = ids.windows(2).zip(&rows).map(|(pair, row)| log_softmax(row, pair[1])).collect();
        let logps_off = close("next-token logps", &logps, &floats(&case["next_token_logps"]), 1e-4, 0.0);
        println!("{} tokens: logits off by {worst:.2e}, logps by {logps_off:.2e}", ids.len());
        let best: Vec<u64> = rows.iter().map(|r| argmax(r)).collect();
        let wanted: Vec<u64> = case["argmax"].as_array().unwrap().iter().map(|v| v.as_u64().unwrap()).collect();
        assert_eq!(best, wanted);
    }
}

fn ids_of_positions(case: &Value) -> impl Iterator<Item = usize> {
    ids(&case["positions"]).into_iter().map(|p| p as usize)
}

#[test]
fn a_cache_changes_nothing() {
    let (model, ids) = (llama(), ids(&golden("logits.json")["cases"][1]["ids"]));
    let whole = logits(&model, &ids);
    let mut cache = Cache::default();
    let mut at = 0;
    // A prompt, single tokens, and a second prompt on top of a filled cache.
    for width in [40, 1, 1, 1, 30, 17] {
        let part = Tensor::from_slice(&ids[at..at + width], (1, width), &Device::Cpu).unwrap();
        let hidden = model.hidden(&part, Some(&mut cache)).unwrap().flatten(0, 1).unwrap();
        for (i, row) in model.logits(&hidden).unwrap().to_vec2::<f32>().unwrap().iter().enumerate() {
            close(&format!("position {}", at + i), &wide(row), &whole[at + i], 1e-4, 0.0);
        }
        at += width;
        assert_eq!(cache.len(), at);
    }
    assert_eq!(at, ids.len());
}

#[test]
fn adapter_logits_match_peft() {
    let case = &golden("lora_sft.json")["logits"];
    let mut model = llama();
    model::with_adapters(&mut model, &[adapter("tiny-llama-lora")]).unwrap();
    let rows = logits(&model, &ids(&case["ids"]));
    // The engine's own model, with the same adapter as parameters.
    let engine = adapted("tiny-llama-lora");
    let trained = logits(engine.student(), &ids(&case["ids"]));
    for (position, want) in ids_of_positions(case).zip(case["logits"].as_array().unwrap()) {
        close("adapted logits", &rows[position], &floats(want), 1e-4, 0.0);
        close("engine logits", &trained[position], &floats(want), 1e-4, 0.0);
    }
}

#[test]
fn merged_logits_match_peft() {
    let case = &golden("merged.json")["logits"];
    let (folder, adapter, mut model) = (folder(), adapter("tiny-llama-lora"), llama());
    let (ids, position) = (ids(&case["ids"]), case["position"].as_u64().unwrap() as usize);
    for (i, layer) in model.layers.iter_mut().enumerate() {
        for (linear, module) in layer.linears.iter_mut().zip(TARGET_MODULES) {
            let block = if module.ends_with("proj") && ["gate_proj", "up_proj", "down_proj"].contains(&module) {
                "mlp"
            } else {
                "self_attn"
            };
            let name = format!("model.layers.{i}.{block}.{module}.weight");
            let merged = merge::merged_f32(&folder, std::slice::from_ref(&adapter), &name).unwrap();
            linear.weight =
                Weight::Frozen(Tensor::from_vec(merged, folder.shape(&name).unwrap(), &Device::Cpu).unwrap());
        }
    }
    let want = floats(&case["logits"]);
    println!("merged logits off by {:.2e}", close("merged logits", &logits(&model, &ids)[position], &want, 1e-4, 0.0));
    // Through the file, rounded once to bf16: 8 bits of mantissa move logits of about 10 by some hundredths.
    let out = tempfile::tempdir().unwrap();
    merge::merge(&folder, std::slice::from_ref(&adapter), &out.path().join("merged")).unwrap();
    let saved = model::llama_from_folder(&Folder::open(&out.path().join("merged")).unwrap(), &Device::Cpu).unwrap();
    let rounded = logits(&saved, &ids);
    println!("after bf16 off by {:.2e}", close("rounded logits", &rounded[position], &want, 0.25, 0.0));
}

// -------------------------------------------------------------------------------------------------------------- SFT

fn micro_batches(want: &Value) -> Vec<Vec<Sequence>> {
    let labels = |v: &Value| v.as_array().unwrap().iter().map(|l| l.as_i64().unwrap()).collect();
    let rows = |m: &Value| {
        m["input_ids"]
            .as_array()
            .unwrap()
            .iter()
            .zip(m["labels"].as_array().unwrap())
            .map(|(i, l)| sequence(ids(i), labels(l)))
            .collect()
    };
    want["micro_batches"].as_array().unwrap().iter().map(rows).collect()
}

#[test]
fn sft_loss_and_gradients_match_trl() {
    let want = golden("lora_sft.json");
    let (batches, mut engine) = (micro_batches(&want), adapted("tiny-llama-lora"));
    let counted: Vec<f64> = batches.iter().map(|b| b.iter().map(Sequence::label_count).sum::<usize>() as f64).collect();
    assert_eq!(counted, floats(&want["counted_labels"]));
    let rows: Vec<&Sequence> = batches.iter().flatten().collect();
    let alone: Vec<f64> = rows.iter().map(|r| -engine.score(&[r]).unwrap().sum(0)).collect();
    close("sums by row", &alone, &floats(&want["row_nll_sums"]), 0.0, 1e-5);

    let (losses, gradients) = sft_step(&mut engine, &batches);
    close("micro-batch losses", &losses, &floats(&want["micro_losses"]), 0.0, 1e-5);
    close("loss", &[losses.iter().sum()], &[number(&want["loss"])], 0.0, 1e-5);
    let norm = wide(&gradients).iter().map(|g| g * g).sum::<f64>().sqrt();
    close("gradient norm", &[norm], &[number(&want["gradient_norm"])], 0.0, 1e-5);
    // Ten times the noise of the golden itself for the entries that are nearly zero.
    let worst = check_tensors("gradient", &engine, &gradients, &want["gradients"], 6e-6, 1e-4);
    let mut full_worst = 0f64;
    for (name, full) in want["full_gradients"].as_object().unwrap() {
        let p = engine.parameters().iter().find(|p| peft_name(&p.name) == *name).unwrap();
        full_worst = full_worst.max(close(name, &wide(&gradients[p.range.clone()]), &floats(full), 6e-6, 1e-4));
    }
    println!("norm {norm:.4}; gradients off by {worst:.2e} (first values), {full_worst:.2e} (whole tensors)");
}

#[test]
fn five_updates_match_torch_and_trl() {
    let want = golden("lora_sft.json");
    let training = &want["training"];
    let rows: Vec<Example> = micro_batches(&want).into_iter().flatten().map(Example::Completion).collect();
    let mut engine = adapted("tiny-llama-lora");
    let dir = tempfile::tempdir().unwrap();
    // Rows 0 and 1, then row 2: one update is one epoch of three rows.
    let recipe = Recipe { max_steps: 5, gradient_accumulation: 2, warmup_ratio: 0.2, ..recipe(Objective::Sft) };
    let outcome = train(&mut engine, &recipe, Data { train: &rows, replay: &[], eval: &[] }, dir.path());
    assert_eq!(outcome.steps, 5);
    assert_eq!(engine.read().unwrap(), outcome.parameters);
    for (steps, absolute) in [("steps", 2e-5), ("trl_steps", 1e-3)] {
        let column =
            |key: &str| training[steps].as_array().unwrap().iter().map(|s| number(&s[key])).collect::<Vec<f64>>();
        let ours = |key: &str| metrics(dir.path()).iter().map(|s| number(&s[key])).collect::<Vec<f64>>();
        let loss = close("loss", &ours("loss"), &column("loss"), absolute, 1e-5);
        let norm = close("grad_norm", &ours("grad_norm"), &column("grad_norm"), absolute, 1e-4);
        close("learning_rate", &ours("learning_rate"), &column("learning_rate"), 1e-10, 1e-8);
        println!("against {steps}: losses off by {loss:.2e}, gradient norms by {norm:.2e}");
    }
    let worst = check_tensors("final", &engine, &outcome.parameters, &training["final"], 2e-5, 1e-4);
    println!("adapter after five updates off by {worst:.2e}");
}

// -------------------------------------------------------------------------------------------------------------- DPO

fn dpo_of(case: &Value) -> Dpo {
    let names: Vec<&str> = case["loss_type"].as_array().unwrap().iter().map(|v| v.as_str().unwrap()).collect();
    let loss = match names[0] {
        "sigmoid" => DpoLoss::Sigmoid,
        "ipo" => DpoLoss::Ipo,
        "hinge" => DpoLoss::Hinge,
        "robust" => DpoLoss::Robust,
        other => panic!("{other}"),
    };
    let nll_weight = if names.contains(&"sft") { number(&case["loss_weights"][1]) } else { 0.0 };
    Dpo {
        loss,
        beta: number(&case["beta"]),
        label_smoothing: case["label_smoothing"].as_f64().unwrap_or(0.0),
        nll_weight,
    }
}

#[test]
fn dpo_losses_and_derivatives_match_trl() {
    let pure = &golden("dpo.json")["pure"];
    let [pc, pr, rc, rr, nc, nr] = [
        "policy_chosen",
        "policy_rejected",
        "reference_chosen",
        "reference_rejected",
        "chosen_tokens",
        "rejected_tokens",
    ]
    .map(|k| floats(&pure[k]));
    // The first token of each answer carries the whole sum, as in the golden.
    let mut logps = LabelLogps { offsets: vec![0], ..LabelLogps::default() };
    for i in 0..pc.len() {
        for (sum, n) in [(pc[i], nc[i]), (pr[i], nr[i])] {
            logps.logps.push(sum as f32);
            logps.logps.resize(logps.logps.len() + n as usize - 1, 0.0);
            logps.offsets.push(logps.logps.len());
        }
    }
    logps.hits = vec![false; logps.logps.len()];
    let references: Vec<PairLogps> =
        rc.iter().zip(&rr).map(|(&chosen, &rejected)| PairLogps { chosen, rejected }).collect();
    let labels = nc.iter().sum::<f64>() as usize;
    for case in pure["cases"].as_array().unwrap() {
        let (dpo, name) = (dpo_of(case), case["name"].as_str().unwrap());
        let pairs: Vec<f64> = (0..pc.len())
            .map(|i| {
                dpo.pair(PairLogps { chosen: pc[i], rejected: pr[i] }, references[i], (nc[i] as usize, nr[i] as usize))
                    .0
            })
            .collect();
        close(&format!("{name}: pairs"), &pairs, &floats(&case["per_pair"]), 1e-6, 1e-5);
        let whole = dpo.contribution(&logps, &references, pc.len(), labels);
        close(&format!("{name}: loss"), &[whole.loss], &[number(&case["loss"])], 1e-6, 1e-5);
        let upstream = |side: usize| {
            (0..pc.len()).map(|i| f64::from(whole.upstream[logps.offsets[2 * i + side]])).collect::<Vec<f64>>()
        };
        close(&format!("{name}: by chosen"), &upstream(0), &floats(&case["d_loss_d_policy_chosen"]), 1e-8, 1e-5);
        close(&format!("{name}: by rejected"), &upstream(1), &floats(&case["d_loss_d_policy_rejected"]), 1e-8, 1e-5);
        for (key, want) in case["rewards"].as_object().unwrap() {
            close(&format!("{name}: {key}"), &[whole.metrics[key.as_str()]], &[number(want)], 1e-6, 1e-5);
        }
        if let Some(nll) = case.get("nll") {
            close(&format!("{name}: nll"), &[whole.metrics["nll_loss"]], &[number(nll)], 1e-6, 1e-5);
        }
    }
}

#[test]
fn dpo_on_the_model_matches_trl() {
    let want = &golden("dpo.json")["model"];
    let side = |row: &Value, key: &str| {
        let prompt = ids(&row["prompt"]);
        let input_ids: Vec<u32> = prompt.iter().copied().chain(ids(&row[key])).collect();
        let labels = input_ids
            .iter()
            .enumerate()
            .map(|(i, &id)| if i < prompt.len() { IGNORE } else { i64::from(id) })
            .collect();
        sequence(input_ids, labels)
    };
    let rows: Vec<Sequence> =
        want["rows"].as_array().unwrap().iter().flat_map(|r| [side(r, "chosen"), side(r, "rejected")]).collect();
    let rows: Vec<&Sequence> = rows.iter().collect();
    let pairs = rows.len() / 2;
    let labels: usize = rows.iter().step_by(2).map(|r| r.label_count()).sum();

    let scored = adapted("tiny-llama-lora-ref").score(&rows).unwrap();
    let references: Vec<PairLogps> =
        (0..pairs).map(|i| PairLogps { chosen: scored.sum(2 * i), rejected: scored.sum(2 * i + 1) }).collect();
    let sums = |logps: &LabelLogps, side: usize| (0..pairs).map(|i| logps.sum(2 * i + side)).collect::<Vec<f64>>();
    close("reference, chosen", &sums(&scored, 0), &floats(&want["reference_logps_chosen"]), 1e-4, 1e-6);
    close("reference, rejected", &sums(&scored, 1), &floats(&want["reference_logps_rejected"]), 1e-4, 1e-6);

    let mut engine = adapted("tiny-llama-lora");
    for case in want["cases"].as_array().unwrap() {
        let (dpo, name) = (dpo_of(case), case["name"].as_str().unwrap());
        let logps = engine.forward(&rows).unwrap();
        close(&format!("{name}: chosen"), &sums(&logps, 0), &floats(&case["logps_chosen"]), 1e-4, 1e-6);
        close(&format!("{name}: rejected"), &sums(&logps, 1), &floats(&case["logps_rejected"]), 1e-4, 1e-6);
        let part = dpo.contribution(&logps, &references, pairs, labels);
        close(&format!("{name}: loss"), &[part.loss], &[number(&case["loss"])], 1e-5, 1e-5);
        for (key, value) in case["metrics"].as_object().unwrap() {
            close(&format!("{name}: {key}"), &[part.metrics[key.as_str()]], &[number(value)], 1e-4, 1e-5);
        }
        let mut gradients = vec![0f32; engine.read().unwrap().len()];
        engine.backward(&part.upstream, &mut gradients).unwrap();
        let norm = wide(&gradients).iter().map(|g| g * g).sum::<f64>().sqrt();
        close(&format!("{name}: gradient norm"), &[norm], &[number(&case["gradient_norm"])], 1e-6, 1e-4);
        let absolute = 10.0 * number(&case["noise"]["gradients"]).max(1e-7);
        let worst = check_tensors(name, &engine, &gradients, &case["gradients"], absolute, 1e-4);
        println!("{name}: gradients off by {worst:.2e} at a norm of {norm:.3}");
    }
}

#[test]
fn dpo_starts_at_ln_2() {
    let (rows, dir) = (pairs(4, 60), tempfile::tempdir().unwrap());
    let dpo = Dpo { loss: DpoLoss::Sigmoid, beta: 0.1, label_smoothing: 0.0, nll_weight: 0.0 };
    train(
        &mut stirred(),
        &Recipe { max_steps: 2, batch_rows: 4, ..recipe(Objective::Dpo(dpo)) },
        Data { train: &rows, replay: &[], eval: &rows[..2] },
        dir.path(),
    );
    let lines = metrics(dir.path());
    close("first loss", &[number(&lines[0]["loss"])], &[std::f64::consts::LN_2], 1e-9, 0.0);
    assert_eq!(lines[0]["rewards/accuracies"], 0.0);
    assert!(number(&lines[1]["loss"]) < std::f64::consts::LN_2, "{}", lines[1]);
}

// ------------------------------------------------------------------------------------------- schedules and templates

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

// ------------------------------------------------------------------------------------------------------- properties

#[test]
fn a_batch_is_the_sum_of_its_rows() {
    let engine = stirred();
    let rows = [random_sequence(1, 20, 9), random_sequence(2, 13, 8), random_sequence(3, 31, 12)];
    let together = engine.score(&rows.iter().collect::<Vec<_>>()).unwrap();
    for (i, row) in rows.iter().enumerate() {
        let alone = engine.score(&[row]).unwrap();
        assert_eq!(alone.logps.len(), row.label_count());
        close(&format!("row {i}"), &wide(&together.logps[together.range(i)]), &wide(&alone.logps), 1e-5, 1e-6);
        assert_eq!(together.hits[together.range(i)], alone.hits);
    }
    // A row without an answer has no log-probabilities, alone or among others.
    let mute = random_sequence(4, 9, 9);
    assert!(engine.score(&[&mute]).unwrap().logps.is_empty());
    assert_eq!(engine.score(&[&rows[0], &mute]).unwrap().offsets, [0, 11, 11]);
}

#[test]
fn accumulation_is_one_batch() {
    let mut engine = stirred();
    let rows: Vec<Sequence> = (0..4).map(|i| random_sequence(40 + i, 9 + 4 * i as usize, 4)).collect();
    let (whole_loss, whole) = sft_step(&mut engine, std::slice::from_ref(&rows));
    let (losses, parts) = sft_step(&mut engine, &rows.into_iter().map(|r| vec![r]).collect::<Vec<_>>());
    close("loss", &[losses.iter().sum()], &whole_loss, 1e-6, 0.0);
    println!("gradients off by {:.2e}", close("gradients", &wide(&parts), &wide(&whole), 1e-6, 1e-6));
}

#[test]
fn accumulated_updates_are_those_of_one_batch() {
    let rows = sft_rows(8, 300);
    let outcome = |batch_rows, gradient_accumulation| {
        let dir = tempfile::tempdir().unwrap();
        let recipe = Recipe { batch_rows, gradient_accumulation, epochs: 2.0, shuffle: true, ..recipe(Objective::Sft) };
        let outcome = train(&mut stirred(), &recipe, Data { train: &rows, replay: &[], eval: &[] }, dir.path());
        assert_eq!(outcome.steps, 4);
        outcome.parameters
    };
    // Four updates of 0.01 by Adam, which magnifies noise in small gradients.
    println!("off by {:.2e}", close("parameters", &wide(&outcome(1, 4)), &wide(&outcome(4, 1)), 5e-4, 0.0));
}

#[test]
fn a_fresh_adapter_is_the_base() {
    let base = Portable::new(llama(), &Trainable::Lora { modules: Vec::new(), seed: 7 }).unwrap();
    assert!(base.parameters().is_empty());
    let row = random_sequence(9, 30, 4);
    assert_eq!(fresh().score(&[&row]).unwrap(), base.score(&[&row]).unwrap());
    assert_ne!(stirred().score(&[&row]).unwrap(), base.score(&[&row]).unwrap());
}

#[test]
fn masked_positions_have_no_part_in_the_loss() {
    let mut engine = stirred();
    // Loss in the middle only: positions 6 to 11 of 18.
    let full = random_sequence(12, 18, 0);
    let mut masked = full.clone();
    for (t, label) in masked.labels.iter_mut().enumerate() {
        if !(6..12).contains(&t) {
            *label = IGNORE;
        }
    }
    let all = engine.score(&[&full]).unwrap();
    let some = engine.score(&[&masked]).unwrap();
    // Label t is entry t − 1 of the whole, since position 0 is predicted by nothing.
    close("the labels that are left", &wide(&some.logps), &wide(&all.logps[5..11]), 1e-6, 0.0);
    let (loss, gradients) = sft_step(&mut engine, &[vec![masked.clone()]]);
    let mut other_end = masked.clone();
    other_end.input_ids[12..].iter_mut().for_each(|id| *id = 3 + (*id + 17) % 125);
    let (other_loss, other_gradients) = sft_step(&mut engine, &[vec![other_end]]);
    assert_eq!((loss[0], &gradients), (other_loss[0], &other_gradients), "what comes after the last label");
    let mut other_prompt = masked;
    other_prompt.input_ids[3] = 3 + (other_prompt.input_ids[3] + 17) % 125;
    assert_ne!(loss, sft_step(&mut engine, &[vec![other_prompt]]).0, "what comes before a label is read");
}

/// Central differences against the engine's gradients, tensor by tensor.
///
/// Along a unit direction the loss is evaluated at ±h. Its f32 noise is about 1e-6 (log-probabilities of size 10 with
/// a relative error of some 1e-7, averaged), which gives 1e-6 / 2h; the third derivative gives h²/6 of itself. With
/// h = 4e-3 both are near 1e-4, so the bound is 1e-3 plus 1 % of the derivative.
fn finite_differences(mut engine: Portable) -> f64 {
    const H: f64 = 4e-3;
    let rows = [random_sequence(21, 20, 5), random_sequence(22, 14, 4)];
    let labels = rows.iter().map(Sequence::label_count).sum();
    let start = engine.read().unwrap();
    let (_, gradients) = sft_step(&mut engine, &[rows.to_vec()]);
    let parameters = engine.parameters().to_vec();
    let mut loss_at = |range: &std::ops::Range<usize>, direction: &[f64], step: f64| {
        let mut values = start.clone();
        values[range.clone()].iter_mut().zip(direction).for_each(|(v, d)| *v += (step * d) as f32);
        engine.write(&values).unwrap();
        sft(&engine.score(&rows.iter().collect::<Vec<_>>()).unwrap(), labels).loss
    };
    let mut worst = 0f64;
    for (n, p) in parameters.iter().enumerate() {
        let gradient = wide(&gradients[p.range.clone()]);
        let unit = |v: Vec<f64>| {
            let norm = v.iter().map(|x| x * x).sum::<f64>().sqrt();
            v.into_iter().map(|x| x / norm).collect::<Vec<f64>>()
        };
        let mut stream = Stream::new(17, "direction", n as u64);
        let largest = gradient.iter().enumerate().max_by(|a, b| a.1.abs().total_cmp(&b.1.abs())).unwrap().0;
        let single: Vec<f64> = (0..gradient.len()).map(|i| if i == largest { 1.0 } else { 0.0 }).collect();
        let random: Vec<f64> = gradient.iter().map(|_| stream.normal()).collect();
        for (kind, direction) in
            [("along the gradient", unit(gradient.clone())), ("one entry", single), ("anywhere", unit(random))]
        {
            let slope: f64 = gradient.iter().zip(&direction).map(|(g, d)| g * d).sum();
            let measured = (loss_at(&p.range, &direction, H) - loss_at(&p.range, &direction, -H)) / (2.0 * H);
            worst = worst.max(close(&format!("{} {kind}", p.name), &[measured], &[slope], 1e-3, 1e-2));
        }
    }
    worst
}

#[test]
fn adapter_gradients_match_finite_differences() {
    println!("off by {:.2e}", finite_differences(stirred()));
}

#[test]
fn full_gradients_match_finite_differences() {
    // Tied head: its gradient has two parts, one through the graph and one in closed form.
    println!("off by {:.2e}", finite_differences(Portable::new(llama(), &Trainable::Full).unwrap()));
}

// ----------------------------------------------------------------------------------------------------------- resuming

/// Interrupts a run by Ctrl-C after updates 2 and 5, and crashes another between checkpoints: both end as one that was
/// left alone, bit for bit.
fn resumes(recipe: &Recipe, data: Data<'_>) {
    let timeless = |dir: &Path| {
        let mut lines = metrics(dir);
        for line in &mut lines {
            for key in ["tokens_per_second", "elapsed_secs", "peak_rss_bytes"] {
                line.as_object_mut().unwrap().shift_remove(key).unwrap();
            }
        }
        lines
    };
    let whole_dir = tempfile::tempdir().unwrap();
    let whole = train(&mut fresh(), recipe, data, whole_dir.path());
    assert!(whole.steps > 6, "{} steps", whole.steps);
    let identity = ContentHash::of(b"test");
    let same = |outcome: &Outcome, dir: &Path| {
        let bits = |o: &Outcome| o.parameters.iter().map(|p| p.to_bits()).collect::<Vec<u32>>();
        assert!(bits(outcome) == bits(&whole), "parameters differ");
        assert_eq!(outcome, &whole);
        assert_eq!(timeless(dir), timeless(whole_dir.path()));
    };

    let dir = tempfile::tempdir().unwrap();
    for at in [Some(2), Some(5), None] {
        let stop = AtomicBool::new(false);
        let mut resumed = 0;
        let done = train::run(&mut fresh(), recipe, data, dir.path(), &identity, &stop, &mut |event| match event {
            Event::Step(line, _) if Some(line.step) == at => stop.store(true, Ordering::Relaxed),
            Event::Resumed(step) => resumed = step,
            _ => {}
        });
        match (done, at) {
            (Err(TrainError::Interrupted { step }), Some(k)) => assert_eq!(step, k),
            (Ok(outcome), None) => {
                assert_eq!(resumed, 5);
                same(&outcome, dir.path());
            }
            (other, at) => panic!("{other:?} at {at:?}"),
        }
    }

    // A crash after update 5, which the metrics have and the checkpoint of update 4 has not.
    let recipe = Recipe { checkpoint_steps: 2, ..recipe.clone() };
    let dir = tempfile::tempdir().unwrap();
    let crash = catch_unwind(AssertUnwindSafe(|| {
        let stop = AtomicBool::new(false);
        let mut engine = fresh();
        train::run(&mut engine, &recipe, data, dir.path(), &identity, &stop, &mut |event| {
            if let Event::Step(line, _) = event {
                assert!(line.step < 5, "the crash of this test");
            }
        })
    }));
    assert!(crash.is_err());
    assert_eq!(metrics(dir.path()).len(), 5);
    same(&train(&mut fresh(), &recipe, data, dir.path()), dir.path());
}

#[test]
fn an_interrupted_sft_run_ends_the_same() {
    let (rows, replay, eval) = (sft_rows(7, 100), sft_rows(6, 200), sft_rows(2, 250));
    let recipe = Recipe {
        gradient_accumulation: 2,
        shuffle: true,
        replay: 0.4,
        prompt_dropout: 0.3,
        keep_best: true,
        epochs: 3.0,
        warmup_ratio: 0.1,
        schedule: Schedule::Cosine,
        ..recipe(Objective::Sft)
    };
    resumes(&recipe, Data { train: &rows, replay: &replay, eval: &eval });
}

#[test]
fn an_interrupted_dpo_run_ends_the_same() {
    let (rows, eval) = (pairs(6, 400), pairs(2, 450));
    let dpo = Dpo { loss: DpoLoss::Sigmoid, beta: 0.1, label_smoothing: 0.0, nll_weight: 0.1 };
    let recipe = Recipe { shuffle: true, epochs: 3.0, ..recipe(Objective::Dpo(dpo)) };
    resumes(&recipe, Data { train: &rows, replay: &[], eval: &eval });
}

#[test]
fn a_checkpoint_of_another_run_is_not_continued() {
    let (rows, dir) = (sft_rows(4, 500), tempfile::tempdir().unwrap());
    let (recipe, data) = (
        Recipe { max_steps: 3, checkpoint_steps: 1, ..recipe(Objective::Sft) },
        Data { train: &rows, replay: &[], eval: &[] },
    );
    let first = train(&mut fresh(), &recipe, data, dir.path());
    let mut resumed = false;
    let again = train::run(
        &mut fresh(),
        &recipe,
        data,
        dir.path(),
        &ContentHash::of(b"other"),
        &AtomicBool::new(false),
        &mut |e| resumed |= matches!(e, Event::Resumed(_)),
    )
    .unwrap();
    assert!(!resumed);
    assert_eq!(first, again);
    assert_eq!(metrics(dir.path()).len(), 3, "metrics start anew");
}

#[test]
fn runs_without_anything_to_learn_say_so() {
    let dir = tempfile::tempdir().unwrap();
    let mute = vec![Example::Completion(random_sequence(1, 9, 9))];
    let run = |rows: &[Example], lr: f64| {
        train::run(
            &mut fresh(),
            &Recipe { learning_rate: lr, max_steps: 9, max_grad_norm: 0.0, ..recipe(Objective::Sft) },
            Data { train: rows, replay: &[], eval: &[] },
            dir.path(),
            &ContentHash::of(b"x"),
            &AtomicBool::new(false),
            &mut |_| {},
        )
    };
    assert!(matches!(run(&mute, 1e-2), Err(TrainError::NoData)));
    assert!(matches!(run(&sft_rows(2, 1), 1e30), Err(TrainError::Diverged { .. })));
}
