//! Students beyond Llama and adapters beyond plain LoRA against transformers and PEFT.
//!
//! The goldens are made by `tests/parity/make_families.py`; weights follow from tensor names by the same formula there
//! and here, so that no weight file is stored.

use std::path::Path;

use candle_core::{Device, Tensor};
use distill::batch::{IGNORE, Sequence};
use distill::hub::{Adapter, Folder, LlamaConfig, SaveOptions, write_weights};
use distill::merge;
use distill::model::{self, Cache, Llama};
use distill::train::engine::{Engine, Portable, Trainable, adapter_of, adapter_values};
use distill::train::objective::sft;
use safetensors::Dtype;
use safetensors::tensor::TensorView;
use serde_json::Value;

use crate::support::root;

// ------------------------------------------------------------------------------------------------------------- tools

fn fixtures() -> std::path::PathBuf {
    root("fixtures/numeric/families")
}

fn golden() -> Value {
    serde_json::from_slice(&std::fs::read(fixtures().join("golden.json")).unwrap()).unwrap()
}

fn floats(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect()
}

fn ids(value: &Value) -> Vec<u32> {
    value.as_array().unwrap().iter().map(|v| v.as_u64().unwrap() as u32).collect()
}

#[track_caller]
fn close(what: &str, got: &[f64], want: &[f64], absolute: f64, relative: f64) {
    assert_eq!(got.len(), want.len(), "{what}");
    for (i, (g, w)) in got.iter().zip(want).enumerate() {
        let off = (g - w).abs();
        assert!(off <= absolute + relative * w.abs(), "{what}[{i}]: {g} instead of {w}, off by {off:.3e}");
    }
}

/// Numbers in [-1, 1) that depend on the name: SplitMix64 from an FNV-1a hash, 24 bits of each.
fn uniform(name: &str, count: usize) -> impl Iterator<Item = f64> {
    let mut state =
        name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |h, b| (h ^ u64::from(b)).wrapping_mul(0x100_0000_01b3));
    (0..count).map(move |_| {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^= z >> 31;
        (z >> 40) as f64 / f64::from(1 << 23) - 1.0
    })
}

/// A tensor of the base; its values are bf16 numbers.
fn weight(name: &str, count: usize) -> Vec<f32> {
    let (spread, mean) = match name {
        _ if name.ends_with("norm.weight") => (0.2, 1.0),
        _ if name.ends_with(".bias") || name.contains("embed") => (0.5, 0.0),
        _ => (0.25, 0.0),
    };
    uniform(name, count).map(|u| half::bf16::from_f32((u * spread + mean) as f32).to_f32()).collect()
}

/// The model as a folder: bf16 in shards.
fn folder(dir: &Path, name: &str) -> Folder {
    let config = &golden()["models"][name]["config"];
    std::fs::write(dir.join("config.json"), config.to_string()).unwrap();
    let parsed = LlamaConfig::from_value(config).unwrap();
    let shapes: std::collections::BTreeMap<_, _> = parsed.expected_tensors().into_iter().collect();
    write_weights(dir, &parsed, Some(40_000), &mut |name| {
        let values = weight(name, shapes[name].iter().product());
        Ok::<_, distill::hub::HubError>(
            values.iter().flat_map(|&v| half::bf16::from_f32(v).to_le_bytes()).collect::<Vec<u8>>(),
        )
    })
    .unwrap();
    Folder::open(dir).unwrap()
}

fn load(folder: &Folder) -> Llama {
    model::llama_from_folder(folder, &Device::Cpu).unwrap()
}

fn logits(model: &Llama, ids: &[u32]) -> Vec<Vec<f64>> {
    let hidden = model.hidden(&Tensor::from_slice(ids, (1, ids.len()), &Device::Cpu).unwrap(), None).unwrap();
    rows(model, &hidden)
}

fn rows(model: &Llama, hidden: &Tensor) -> Vec<Vec<f64>> {
    let rows = model.logits(&hidden.flatten(0, 1).unwrap()).unwrap().to_vec2::<f32>().unwrap();
    rows.iter().map(|r| r.iter().map(|&v| f64::from(v)).collect()).collect()
}

#[track_caller]
fn check_logits(what: &str, model: &Llama, case: &Value, want: &Value) {
    let rows = logits(model, &ids(&case["ids"]));
    for (position, want) in ids(&case["positions"]).into_iter().zip(want.as_array().unwrap()) {
        close(&format!("{what}: logits at {position}"), &rows[position as usize], &floats(want), 1e-4, 1e-5);
    }
}

fn batch() -> Vec<Sequence> {
    let batch = golden()["batch"].clone();
    let labels = batch["labels"].as_array().unwrap().iter();
    let rows = batch["input_ids"].as_array().unwrap().iter().zip(labels);
    rows.map(|(row, labels)| {
        let labels: Vec<i64> = labels.as_array().unwrap().iter().map(|l| l.as_i64().unwrap()).collect();
        let end = labels.iter().position(|&l| l != IGNORE).unwrap();
        Sequence { input_ids: ids(row), labels, prompt: 1..end, thought: 0..0 }
    })
    .collect()
}

/// Loss and gradients of one step against the golden, every trained tensor.
fn check_step(what: &str, engine: &mut Portable, golden: &Value) {
    let rows = batch();
    let mut gradients = vec![0f32; engine.read().unwrap().len()];
    let logps = engine.forward(&rows.iter().collect::<Vec<_>>()).unwrap();
    let part = sft(&logps, rows.iter().map(Sequence::label_count).sum());
    engine.backward(&part.upstream, &mut gradients).unwrap();
    close(&format!("{what}: loss"), &[part.loss], &[golden["loss"].as_f64().unwrap()], 0.0, 1e-5);
    let wanted = golden["gradients"].as_object().unwrap();
    assert_eq!(wanted.len(), engine.parameters().len(), "{what}: every tensor is trained");
    for p in engine.parameters() {
        let want = wanted.get(&p.name).or_else(|| wanted.get(&format!("{}.weight", p.name)));
        let want = want.unwrap_or_else(|| panic!("{what}: no golden of {}", p.name));
        let got: Vec<f64> = gradients[p.range.clone()].iter().map(|&g| f64::from(g)).collect();
        assert_eq!(p.shape, ids(&want["shape"]).iter().map(|&n| n as usize).collect::<Vec<_>>(), "{}", p.name);
        let norm = got.iter().map(|g| g * g).sum::<f64>().sqrt();
        let name = |part: &str| format!("{what}: {part} of {}", p.name);
        let wanted_norm = want["norm"].as_f64().unwrap();
        close(&name("norm"), &[norm], &[wanted_norm], 1e-6, 1e-4);
        close(&name("sum"), &[got.iter().sum()], &[want["sum"].as_f64().unwrap()], 1e-5 + 1e-4 * norm, 1e-4);
        close(&name("first"), &got[..8.min(got.len())], &floats(&want["first"]), 1e-6 + 1e-5 * norm, 1e-4);
    }
}

// ------------------------------------------------------------------------------------------------------------ models

const MODELS: [&str; 3] = ["qwen2", "qwen3", "mistral"];

#[test]
fn logits_and_all_gradients_match_transformers() {
    let golden = golden();
    for name in MODELS {
        let (dir, want) = (tempfile::tempdir().unwrap(), &golden["models"][name]);
        let folder = folder(dir.path(), name);
        assert!(dir.path().join("model.safetensors.index.json").exists());
        check_logits(name, &load(&folder), &want["logits"], &want["logits"]["logits"]);
        check_step(name, &mut Portable::new(load(&folder), &Trainable::Full).unwrap(), want);
    }
}

#[test]
fn a_cache_changes_nothing() {
    for name in MODELS {
        let dir = tempfile::tempdir().unwrap();
        let model = load(&folder(dir.path(), name));
        let ids = ids(&golden()["models"][name]["logits"]["ids"]);
        let whole = logits(&model, &ids);
        let (mut cache, mut at) = (Cache::default(), 0);
        for width in [25, 1, 14] {
            let part = Tensor::from_slice(&ids[at..at + width], (1, width), &Device::Cpu).unwrap();
            for (i, row) in rows(&model, &model.hidden(&part, Some(&mut cache)).unwrap()).iter().enumerate() {
                close(&format!("{name} at {}", at + i), row, &whole[at + i], 1e-4, 0.0);
            }
            at += width;
        }
    }
}

#[test]
fn a_window_holds_what_fits_and_refuses_more() {
    let dir = tempfile::tempdir().unwrap();
    let model = load(&folder(dir.path(), "mistral"));
    assert_eq!(model.config.context_limit(), 40);
    let long = Tensor::zeros((1, 41), candle_core::DType::U32, &Device::Cpu).unwrap();
    assert!(model.hidden(&long.narrow(1, 0, 40).unwrap(), None).is_ok());
    assert!(model.hidden(&long, None).unwrap_err().to_string().contains("window of 40"));
    let mut cache = Cache::default();
    model.hidden(&long.narrow(1, 0, 40).unwrap(), Some(&mut cache)).unwrap();
    assert!(model.hidden(&long.narrow(1, 0, 1).unwrap(), Some(&mut cache)).is_err());
}

#[test]
fn one_file_of_any_type_reads_the_same() {
    let dir = tempfile::tempdir().unwrap();
    let (bf16, single) = (dir.path().join("bf16"), dir.path().join("single"));
    std::fs::create_dir_all(&bf16).unwrap();
    std::fs::create_dir_all(&single).unwrap();
    let bf16 = folder(&bf16, "qwen3");
    std::fs::copy(bf16.dir().join("config.json"), single.join("config.json")).unwrap();
    for dtype in [Dtype::F32, Dtype::F16] {
        let stored: Vec<(String, Vec<usize>, Vec<u8>)> = bf16
            .tensor_names()
            .iter()
            .map(|name| {
                let values = bf16.load_f32(name).unwrap();
                let bytes = match dtype {
                    Dtype::F32 => values.iter().flat_map(|v| v.to_le_bytes()).collect(),
                    _ => values.iter().flat_map(|&v| half::f16::from_f32(v).to_le_bytes()).collect(),
                };
                (name.clone(), bf16.shape(name).unwrap().to_vec(), bytes)
            })
            .collect();
        let views = stored
            .iter()
            .map(|(name, shape, bytes)| (name.clone(), TensorView::new(dtype, shape.clone(), bytes).unwrap()));
        safetensors::serialize_to_file(views, None, &single.join("model.safetensors")).unwrap();
        let folder = Folder::open(&single).unwrap();
        for name in bf16.tensor_names() {
            // bf16 has fewer digits than f16 and these numbers are near 1, so nothing is lost but the smallest ones.
            let (a, b) = (bf16.load_f32(name).unwrap(), folder.load_f32(name).unwrap());
            assert!(a.iter().zip(&b).all(|(a, b)| (a - b).abs() <= 1e-7), "{name} as {dtype:?}");
        }
    }
}

#[test]
fn settings_survive_a_copy_and_foreign_tensors_do_not() {
    for name in MODELS {
        let dir = tempfile::tempdir().unwrap();
        let (source, out) = (dir.path().join("in"), dir.path().join("out"));
        std::fs::create_dir_all(&source).unwrap();
        let source = folder(&source, name);
        let copy = &mut |name: &str| Ok::<_, distill::hub::HubError>(source.raw(name)?.0.to_vec());
        distill::hub::save_folder(&source, &out, &SaveOptions::default(), copy).unwrap();
        let copy = Folder::open(&out).unwrap();
        let written: Value = serde_json::from_slice(&std::fs::read(out.join("config.json")).unwrap()).unwrap();
        for (key, value) in golden()["models"][name]["config"].as_object().unwrap() {
            assert_eq!(&written[key], value, "{name}: {key}");
        }
        let mut config = copy.config().clone();
        config.raw = source.config().raw.clone();
        assert_eq!(&config, source.config());
        // The same weights under another family's name: the biases or the norms are too many.
        if name != "mistral" {
            let mut other = written;
            other["model_type"] = "mistral".into();
            std::fs::write(out.join("config.json"), other.to_string()).unwrap();
            let error = Folder::open(&out).unwrap_err().to_string();
            assert!(error.contains("is not part of a `mistral` model"), "{error}");
        }
    }
}

// ---------------------------------------------------------------------------------------------------------- adapters

const ADAPTERS: [&str; 4] = ["qwen2-lora", "qwen2-dora", "qwen3-rslora", "mistral-dora"];

#[test]
fn pefts_adapters_load_train_and_merge_as_in_peft() {
    let golden = golden();
    for name in ADAPTERS {
        let (dir, want) = (tempfile::tempdir().unwrap(), &golden["adapters"][name]);
        let folder = folder(dir.path(), want["base"].as_str().unwrap());
        let adapter = Adapter::load(&fixtures().join(name)).unwrap();
        let mut frozen = load(&folder);
        model::with_adapters(&mut frozen, std::slice::from_ref(&adapter)).unwrap();
        check_logits(name, &frozen, &want["logits"], &want["logits"]["logits"]);

        let trainable = Trainable::lora(&adapter.config, folder.config(), 7).unwrap();
        let mut engine = Portable::new(load(&folder), &trainable).unwrap();
        let values = adapter_values(&adapter, engine.parameters()).unwrap();
        engine.write(&values).unwrap();
        check_logits(&format!("{name} trained"), engine.student(), &want["logits"], &want["logits"]["logits"]);
        check_step(name, &mut engine, want);
        assert_eq!(adapter_of(&adapter.config, engine.parameters(), &engine.read().unwrap()), adapter);

        // Merged in f32, then through a file in bf16: 8 bits of mantissa move logits by some hundredths.
        let mut merged = load(&folder);
        for (i, layer) in merged.layers.iter_mut().enumerate() {
            for (linear, module) in layer.linears.iter_mut().zip(model::TARGET_MODULES) {
                let block = if ["gate_proj", "up_proj", "down_proj"].contains(&module) { "mlp" } else { "self_attn" };
                let tensor = format!("model.layers.{i}.{block}.{module}.weight");
                let values = merge::merged_f32(&folder, std::slice::from_ref(&adapter), &tensor).unwrap();
                let shape = folder.shape(&tensor).unwrap();
                linear.weight = model::Weight::Frozen(Tensor::from_vec(values, shape, &Device::Cpu).unwrap());
            }
        }
        check_logits(&format!("{name} merged"), &merged, &want["logits"], &want["merged"]);
        let out = dir.path().join("merged");
        merge::merge(&folder, std::slice::from_ref(&adapter), &out).unwrap();
        let saved = load(&Folder::open(&out).unwrap());
        let row = &logits(&saved, &ids(&want["logits"]["ids"]))[ids(&want["logits"]["positions"])[1] as usize];
        close(&format!("{name} rounded"), row, &floats(&want["merged"][1]), 0.3, 0.0);
    }
}

#[test]
fn an_adapter_survives_a_round_trip_with_all_its_keys() {
    for name in ADAPTERS {
        let (dir, source) = (tempfile::tempdir().unwrap(), fixtures().join(name));
        let adapter = Adapter::load(&source).unwrap();
        adapter.save(&dir.path().join("out"), false).unwrap();
        assert_eq!(Adapter::load(&dir.path().join("out")).unwrap(), adapter);
        let read = |dir: &Path| -> Value {
            serde_json::from_slice(&std::fs::read(dir.join("adapter_config.json")).unwrap()).unwrap()
        };
        let (before, after) = (read(&source), read(&dir.path().join("out")));
        for (key, value) in before.as_object().unwrap() {
            assert_eq!(&after[key], value, "{name}: {key}");
        }
    }
}

#[test]
fn a_new_dora_changes_nothing_and_every_part_of_it_learns() {
    let dir = tempfile::tempdir().unwrap();
    let folder = folder(dir.path(), "qwen2");
    let mut config = distill::hub::AdapterConfig::new(2, 4.0, &["q_proj", "down_proj"]);
    config.use_dora = true;
    let trainable = Trainable::lora(&config, folder.config(), 3).unwrap();
    let mut engine = Portable::new(load(&folder), &trainable).unwrap();
    let ids = ids(&golden()["models"]["qwen2"]["logits"]["ids"]);
    let (base, start) = (logits(&load(&folder), &ids), logits(engine.student(), &ids));
    base.iter().zip(&start).for_each(|(b, s)| close("before training", s, b, 1e-4, 0.0));
    let rows = batch();
    let mut values = engine.read().unwrap();
    for step in 0..2 {
        let mut gradients = vec![0f32; values.len()];
        let logps = engine.forward(&rows.iter().collect::<Vec<_>>()).unwrap();
        engine.backward(&sft(&logps, 10).upstream, &mut gradients).unwrap();
        for p in engine.parameters() {
            let moves = gradients[p.range.clone()].iter().any(|&g| g != 0.0);
            // With B at zero nothing reaches A yet.
            assert_eq!(moves, step == 1 || !p.name.ends_with("lora_A"), "{} in step {step}", p.name);
            assert!(p.decay);
        }
        values.iter_mut().zip(&gradients).for_each(|(v, g)| *v -= 0.05 * g);
        engine.write(&values).unwrap();
    }
    // What was trained is what is saved, loaded and merged: the norms followed the weights.
    let adapter = adapter_of(&config, engine.parameters(), &values);
    let mut frozen = load(&folder);
    model::with_adapters(&mut frozen, std::slice::from_ref(&adapter)).unwrap();
    let (trained, loaded) = (logits(engine.student(), &ids), logits(&frozen, &ids));
    assert!((trained[9][5] - base[9][5]).abs() > 1e-3);
    trained.iter().zip(&loaded).for_each(|(t, l)| close("loaded", l, t, 1e-5, 1e-5));
}

#[test]
fn a_stack_with_dora_is_what_merging_in_order_gives() {
    let dir = tempfile::tempdir().unwrap();
    let folder = folder(dir.path(), "qwen2");
    let stack = ["qwen2-lora", "qwen2-dora"].map(|name| Adapter::load(&fixtures().join(name)).unwrap());
    let module = "model.layers.1.self_attn.q_proj";
    let mut model = load(&folder);
    model::with_adapters(&mut model, &stack).unwrap();
    let merged = merge::merged_f32(&folder, &stack, &format!("{module}.weight")).unwrap();
    let x: Vec<f32> = uniform("x", 64).map(|u| u as f32).collect();
    let mut layer = model.layers[1].linears[0].clone();
    layer.bias = None;
    let y = layer.forward(&Tensor::from_slice(&x, (1, 64), &Device::Cpu).unwrap()).unwrap();
    let y: Vec<f64> = y.flatten_all().unwrap().to_vec1::<f32>().unwrap().iter().map(|&v| f64::from(v)).collect();
    let want: Vec<f64> =
        merged.chunks(64).map(|row| row.iter().zip(&x).map(|(w, x)| f64::from(*w) * f64::from(*x)).sum()).collect();
    close("a stack", &y, &want, 1e-5, 1e-5);
}
