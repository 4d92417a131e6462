//! The decoder against the portable model on the tiny student: prompts, single tokens, prompts after others, and a
//! conversation that goes on.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use candle_core::{Device, Tensor};

use super::*;
use crate::gguf::{ExportOptions, FolderSource, GgufModel, Quant, export};
use crate::hub::Folder;
use crate::model::{Llama, llama_from_folder};
use crate::train::estimate::Base;

fn folder() -> Folder {
    Folder::open(&Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/tiny-student")).unwrap()
}

fn ids(n: usize) -> Vec<u32> {
    (0..n as u32).map(|i| i.wrapping_mul(2_654_435_761) % 3840).collect()
}

/// Logits at every position, `[T, V]`.
fn reference(model: &Llama, ids: &[u32]) -> Vec<Vec<f32>> {
    let hidden = model.hidden(&Tensor::new(ids, &Device::Cpu).unwrap().unsqueeze(0).unwrap(), None).unwrap();
    model.logits(&hidden.flatten(0, 1).unwrap()).unwrap().to_vec2().unwrap()
}

/// Mean squared difference over mean square.
fn nmse(got: &[f32], want: &[f32]) -> f64 {
    let sum = |f: &dyn Fn(f64, f64) -> f64| -> f64 {
        got.iter().zip(want).map(|(&g, &w)| f(f64::from(g), f64::from(w))).sum()
    };
    sum(&|g, w| (g - w).powi(2)) / sum(&|_, w| w * w)
}

fn read(decoder: &Decoder, cache: &mut Cache, ids: &[u32]) -> Vec<f32> {
    let mut logits = Vec::new();
    assert!(decoder.read(cache, ids, &mut logits, &mut |_| true).unwrap());
    logits
}

/// Tokens one by one, three at a time, all at once, and a prompt behind a prompt.
fn check(decoder: &Decoder, want: &[Vec<f32>], ids: &[u32], steps: f64, prompt: f64) {
    let mut cache = decoder.cache();
    for (t, &id) in ids.iter().enumerate() {
        let got = read(decoder, &mut cache, &[id]);
        assert!(nmse(&got, &want[t]) < steps, "token {t}: {:e}", nmse(&got, &want[t]));
    }
    let mut cache = decoder.cache();
    for (i, three) in ids.chunks(3).enumerate() {
        let (got, last) = (read(decoder, &mut cache, three), i * 3 + three.len() - 1);
        assert!(nmse(&got, &want[last]) < steps, "three {i}: {:e}", nmse(&got, &want[last]));
    }
    let got = read(decoder, &mut decoder.cache(), ids);
    assert!(nmse(&got, &want[ids.len() - 1]) < prompt, "prompt: {:e}", nmse(&got, &want[ids.len() - 1]));
    let mut cache = decoder.cache();
    for (from, to) in [(0, 20), (20, 21), (21, 33), (33, ids.len())] {
        let got = read(decoder, &mut cache, &ids[from..to]);
        assert!(nmse(&got, &want[to - 1]) < prompt, "prompt after {from}: {:e}", nmse(&got, &want[to - 1]));
    }
    // What was forgotten is read again with the same result.
    cache.truncate(21);
    let again = read(decoder, &mut cache, &ids[21..33]);
    assert!(nmse(&again, &want[32]) < prompt);
}

fn gguf(dir: &Path, folder: &Folder, quant: Quant) -> PathBuf {
    let out = dir.join(format!("{}.gguf", quant.name()));
    let source = FolderSource::new(folder, &[]).unwrap();
    export(&source, &out, &ExportOptions::new(quant), &mut |_, _| true).unwrap().commit().unwrap();
    out
}

#[test]
fn a_folder_answers_as_the_portable_model_does() {
    let (folder, ids) = (folder(), ids(60));
    let want = reference(&llama_from_folder(&folder, &Device::Cpu).unwrap(), &ids);
    let decoder = Decoder::new(&folder, Base::Bf16, 2, PathBuf::new()).unwrap();
    // Keys and values are kept in f16; prompts are read in bf16 where the machine has it.
    check(&decoder, &want, &ids, 1e-6, 1e-3);
}

#[test]
fn a_gguf_answers_as_its_own_values_do() {
    let dir = tempfile::tempdir().unwrap();
    let (folder, ids) = (folder(), ids(60));
    // 256 columns and 768: whole blocks of every kind.
    for (quant, steps, prompt) in [
        (Quant::F32, 1e-6, 1e-3),
        (Quant::F16, 1e-6, 1e-3),
        (Quant::BF16, 1e-6, 1e-3),
        // Activations are quantised to eight bits.
        (Quant::Q8_0, 1e-3, 2e-3),
        (Quant::Q4KS, 2e-3, 2e-3),
        (Quant::Q5KM, 2e-3, 2e-3),
        (Quant::Q6K, 2e-3, 2e-3),
    ] {
        let path = gguf(dir.path(), &folder, quant);
        let file = Arc::new(GgufModel::open(&path).unwrap());
        let mut model = llama_from_folder(&folder, &Device::Cpu).unwrap();
        // The portable model with the file's values, in f32 throughout.
        let tensor = |name: &str, like: &Tensor| {
            Tensor::from_vec(file.load_f32(name).unwrap(), like.shape(), &Device::Cpu).unwrap()
        };
        let embedding = tensor("model.embed_tokens.weight", &model.embedding);
        model.head = crate::model::Linear::frozen(embedding.clone());
        model.embedding = embedding;
        for (i, layer) in model.layers.iter_mut().enumerate() {
            for (linear, module) in layer.linears.iter_mut().zip(crate::model::TARGET_MODULES) {
                let name = format!("{}.weight", crate::model::module_path(i, module));
                let crate::model::Weight::Frozen(old) = &linear.weight else { panic!("a folder's weights are frozen") };
                *linear = crate::model::Linear::frozen(tensor(&name, old));
            }
        }
        let want = reference(&model, &ids);
        let decoder = Decoder::of_gguf(&file, 2, path).unwrap();
        check(&decoder, &want, &ids, steps, prompt);
    }
}

#[test]
fn the_number_of_threads_changes_nothing() {
    let (folder, ids) = (folder(), ids(40));
    let logits: Vec<Vec<Vec<f32>>> = [1, 2, 3]
        .map(|threads| {
            let decoder = Decoder::new(&folder, Base::Bf16, threads, PathBuf::new()).unwrap();
            let mut cache = decoder.cache();
            vec![read(&decoder, &mut cache, &ids), read(&decoder, &mut cache, &ids[..2])]
        })
        .into();
    assert!(logits[0] == logits[1] && logits[0] == logits[2]);
}

#[test]
fn a_conversation_goes_on_where_it_was() {
    let folder = folder();
    let decoder = Decoder::new(&folder, Base::Bf16, 2, PathBuf::new()).unwrap();
    let greedy = Sampling::greedy(12);
    let all = ids(70);
    let mut talk = Talk::new(&decoder, &[]);
    let first = talk.answer(&all[..30], &greedy, &mut |_| true).unwrap();
    assert_eq!((first.ids.len(), first.read, first.stopped), (12, 30, false));
    let mut longer = [&all[..30], &first.ids[..]].concat();
    longer.extend(&all[30..40]);
    let second = talk.answer(&longer, &greedy, &mut |_| true).unwrap();
    // The last token that was drawn was never read.
    assert_eq!(second.read, 11);
    let fresh = Talk::new(&decoder, &[]).answer(&longer, &greedy, &mut |_| true).unwrap();
    assert_eq!(fresh.read, longer.len());
    let other = Talk::new(&decoder, &[second.ids[3]]).answer(&longer, &greedy, &mut |_| true).unwrap();
    assert!(other.stopped && other.ids.len() <= 3, "a stop id ends the turn and is not told");
    // Stopped from outside, while reading and while answering.
    let ended = talk.answer(&all, &greedy, &mut |id| id.is_some()).unwrap();
    assert!(ended.ids.is_empty());
    let mut told = 0;
    let ended = talk.answer(&all, &greedy, &mut |id| {
        told += usize::from(id.is_some());
        told < 3
    });
    assert_eq!(ended.unwrap().ids.len(), 3);
}

/// The tiny student as Q8_0 with one tensor's scales made the NaN with the longest payload.
fn poisoned(dir: &Path, tensor: &str) -> PathBuf {
    let path = gguf(dir, &folder(), Quant::Q8_0);
    let bytes = std::fs::read(&path).unwrap();
    let file = GgufModel::open(&path).unwrap();
    let (_, values) = file.gguf().tensor(tensor).unwrap();
    let at = bytes.windows(values.len()).position(|window| window == values).unwrap();
    let mut broken = bytes;
    for block in broken[at..at + values.len()].chunks_mut(34) {
        block[..2].copy_from_slice(&[0xFF, 0x7F]);
    }
    let out = dir.join("broken.gguf");
    std::fs::write(&out, broken).unwrap();
    out
}

#[test]
fn a_broken_weight_anywhere_is_told() {
    let dir = tempfile::tempdir().unwrap();
    for tensor in ["blk.0.attn_q.weight", "blk.1.attn_k.weight", "blk.0.attn_v.weight", "blk.2.ffn_down.weight"] {
        let path = poisoned(dir.path(), tensor);
        let file = Arc::new(GgufModel::open(&path).unwrap());
        let decoder = Decoder::of_gguf(&file, 2, path).unwrap();
        for n in [1, 3, 40] {
            let read = decoder.read(&mut decoder.cache(), &ids(n), &mut Vec::new(), &mut |_| true);
            assert!(matches!(read, Err(DecodeError::NotFinite { .. })), "{tensor}, {n} tokens");
        }
    }
}

#[test]
fn what_cannot_be_read_is_refused() {
    let folder = folder();
    let decoder = Decoder::new(&folder, Base::Bf16, 1, PathBuf::from("tiny")).unwrap();
    let mut logits = Vec::new();
    let mut read =
        |ids: &[u32]| decoder.read(&mut decoder.cache(), ids, &mut logits, &mut |_| true).map_err(|e| e.to_string());
    assert!(read(&[1, 4096]).unwrap_err().contains("4096"));
    assert!(read(&vec![1; 2049]).unwrap_err().contains("2048"));
    assert!(read(&[]).unwrap());
}
