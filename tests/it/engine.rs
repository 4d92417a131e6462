//! The fast engine against the portable one, which is checked against transformers, PEFT and TRL.

use std::path::Path;

use candle_core::Device;
use distill::batch::{IGNORE, Sequence};
use distill::hub::{Adapter, AdapterConfig, Folder, LoraPair};
use distill::model::{self, TARGET_MODULES};
use distill::train::engine::cpu::{self, Base, Isa, Options};
use distill::train::engine::{Engine, Portable, Trainable, adapter_of};
use distill::train::rng::Stream;

use crate::support::root;

fn folder() -> Folder {
    Folder::open(&root("fixtures/numeric/tiny-llama")).unwrap()
}

fn trainable(rank: usize) -> Trainable {
    Trainable::lora(&AdapterConfig::new(rank, 2.0 * rank as f64, &TARGET_MODULES), folder().config(), 7).unwrap()
}

/// Rows with a common header, two pairs with a common prompt, one row that is the beginning of another.
fn batch() -> Vec<Sequence> {
    let mut stream = Stream::new(11, "batch", 0);
    let mut draw = |n: usize| (0..n).map(|_| 3 + stream.below(120) as u32).collect::<Vec<u32>>();
    let header: Vec<u32> = std::iter::once(1).chain(draw(4)).collect();
    let prompts: Vec<Vec<u32>> = (0..5).map(|i| [header.clone(), draw(3 + 9 * i)].concat()).collect();
    let mut out = Vec::new();
    for (i, prompt) in prompts.iter().enumerate() {
        for _ in 0..if i > 2 { 2 } else { 1 } {
            let answer = draw(5 + 11 * i);
            let input_ids = [prompt.clone(), answer].concat();
            let labels = input_ids
                .iter()
                .enumerate()
                .map(|(t, &id)| if t < prompt.len() { IGNORE } else { i64::from(id) })
                .collect();
            out.push(Sequence { input_ids, labels, prompt: header.len()..prompt.len(), ..Sequence::default() });
        }
    }
    let mut short = out[6].clone();
    short.input_ids.truncate(60);
    short.labels.truncate(60);
    out.push(short);
    out
}

/// Moves the parameters away from their start, so that no gradient is zero.
fn stir(engine: &mut dyn Engine) {
    let mut stream = Stream::new(3, "stir", 0);
    let values: Vec<f32> = engine.read().unwrap().iter().map(|v| v + (0.05 * stream.normal()) as f32).collect();
    engine.write(&values).unwrap();
}

fn upstream(n: usize) -> Vec<f32> {
    (0..n).map(|i| ((i * 7) % 5) as f32 * 0.03 - 0.05).collect()
}

/// Log-probabilities, hits and gradients of one batch.
fn measure(engine: &mut dyn Engine) -> (Vec<f32>, Vec<bool>, Vec<f32>) {
    let sequences = batch();
    let sequences: Vec<&Sequence> = sequences.iter().collect();
    let logps = engine.forward(&sequences).unwrap();
    let mut gradients = vec![0f32; engine.read().unwrap().len()];
    engine.backward(&upstream(logps.logps.len()), &mut gradients).unwrap();
    let scored = engine.score(&sequences).unwrap();
    assert_eq!(logps.offsets, scored.offsets);
    assert!(distance(&logps.logps, &scored.logps) < 1e-6);
    (logps.logps, logps.hits, gradients)
}

/// ‖a − b‖ / ‖b‖.
fn distance(a: &[f32], b: &[f32]) -> f64 {
    assert_eq!(a.len(), b.len());
    let norm = |v: &mut dyn Iterator<Item = f64>| v.map(|x| x * x).sum::<f64>().sqrt();
    let off = norm(&mut a.iter().zip(b).map(|(a, b)| f64::from(a - b)));
    off / norm(&mut b.iter().map(|&b| f64::from(b)))
}

fn portable(trainable: &Trainable, fixed: &[Adapter]) -> Portable {
    let mut model = model::llama_from_folder(&folder(), &Device::Cpu).unwrap();
    model::with_adapters(&mut model, fixed).unwrap();
    Portable::new(model, trainable).unwrap()
}

/// The largest distance of one tensor's gradient.
fn worst_tensor(engine: &dyn Engine, a: &[f32], b: &[f32]) -> f64 {
    engine.parameters().iter().map(|p| distance(&a[p.range.clone()], &b[p.range.clone()])).fold(0.0, f64::max)
}

#[test]
fn f32_agrees_with_the_portable_engine_on_every_level() {
    let adapter = Adapter::load(&root("fixtures/numeric/tiny-llama-lora")).unwrap();
    for fixed in [&[][..], std::slice::from_ref(&adapter)] {
        let mut oracle = portable(&trainable(5), fixed);
        let start = oracle.read().unwrap();
        stir(&mut oracle);
        let (logps, hits, gradients) = measure(&mut oracle);
        for isa in [Isa::Avx512, Isa::Avx2, Isa::Plain].into_iter().filter(|isa| isa.available()) {
            for (share_prefixes, checkpoint_layers) in [(false, false), (true, false), (true, true)] {
                let options =
                    Options { base: Base::F32, checkpoint_layers, share_prefixes, dropout: 0.0, isa: Some(isa) };
                let mut engine = cpu::engine(&folder(), &trainable(5), fixed, options).unwrap();
                assert_eq!(engine.parameters(), oracle.parameters());
                assert_eq!(engine.read().unwrap(), start, "both start with the same numbers");
                stir(&mut *engine);
                let (l, h, g) = measure(&mut *engine);
                let off = (distance(&l, &logps), worst_tensor(&*engine, &g, &gradients));
                println!("{options:?}: log-probabilities {:.1e}, gradients {:.1e}", off.0, off.1);
                assert!(off.0 < 2e-6 && off.1 < 2e-5, "{options:?}: {off:?}");
                assert_eq!(h, hits);
            }
        }
    }
}

/// A folder with every weight of the layers as `base` keeps it, widened, so that the oracle trains the same model.
fn widened(source: &Folder, base: Base, dir: &Path) -> Folder {
    use distill::train::blocks::{Nf4, Q8_0};
    let round = |x: f32| half::bf16::from_f32(x).to_f32();
    distill::hub::save_folder(source, dir, &Default::default(), &mut |name| {
        let mut values = source.load_f32(name)?;
        if let &[rows, columns] = source.shape(name)? {
            let inner = name.contains("_proj");
            match base {
                Base::Nf4 if inner => {
                    let blocks = Nf4::quantize(&values, rows, columns, true).unwrap();
                    blocks.dequantize_into(0..rows * columns, &mut values);
                }
                Base::Q8_0 | Base::Nf4 => {
                    let blocks = Q8_0::quantize(&values, rows, columns).unwrap();
                    blocks.dequantize_into(0..rows * columns, &mut values);
                }
                _ => {}
            }
        }
        Ok::<_, distill::hub::HubError>(
            values.iter().flat_map(|&x| half::bf16::from_f32(round(x)).to_le_bytes()).collect(),
        )
    })
    .unwrap();
    Folder::open(dir).unwrap()
}

#[test]
fn narrow_products_stay_near_the_portable_engine_on_the_same_weights() {
    let dir = tempfile::tempdir().unwrap();
    // A folder of bf16, norms included, so that both sides start from the same numbers.
    let source = widened(&folder(), Base::Bf16, &dir.path().join("source"));
    for base in [Base::Bf16, Base::Q8_0, Base::Nf4] {
        let wide = widened(&source, base, &dir.path().join(format!("{base:?}")));
        let model = model::llama_from_folder(&wide, &Device::Cpu).unwrap();
        let mut oracle = Portable::new(model, &trainable(5)).unwrap();
        stir(&mut oracle);
        let (logps, _, gradients) = measure(&mut oracle);
        for isa in [None, Some(Isa::Avx512Bf16), Some(Isa::Avx512), Some(Isa::Plain)] {
            if isa.is_some_and(|isa| !isa.available()) {
                continue;
            }
            let options = Options { base, isa, ..Options::default() };
            let mut engine = cpu::engine(&source, &trainable(5), &[], options).unwrap();
            stir(&mut *engine);
            let (l, _, g) = measure(&mut *engine);
            let off = (distance(&l, &logps), distance(&g, &gradients));
            println!("{options:?}: log-probabilities {:.1e}, gradients {:.1e}", off.0, off.1);
            let narrow = isa.map_or(Isa::best_bf16().is_some(), |isa| isa == Isa::Avx512Bf16);
            let bound = match base {
                // torch's own bf16 is off by 5e-3 and 3e-2 from its f32 on this student (tests/parity/bf16_spread.py).
                _ if narrow => (5e-3, 3e-2),
                Base::Q8_0 | Base::Nf4 => (3e-3, 2e-2), // the oracle's weights were rounded to bf16 once more
                _ => (2e-6, 2e-5),
            };
            assert!(off.0 < bound.0 && off.1 < bound.1, "{options:?}: {off:?}");
        }
    }
}

#[test]
fn any_number_of_threads_gives_the_same_bits() {
    for base in [Base::F32, Base::Bf16, Base::Nf4] {
        let run = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| {
                let options = Options { base, ..Options::default() };
                let mut engine = cpu::engine(&folder(), &trainable(8), &[], options).unwrap();
                stir(&mut *engine);
                let (l, _, g) = measure(&mut *engine);
                (l.iter().map(|x| x.to_bits()).collect::<Vec<_>>(), g.iter().map(|x| x.to_bits()).collect::<Vec<_>>())
            })
        };
        let one = run(1);
        for threads in [2, 3, 7] {
            assert!(run(threads) == one, "{base:?} with {threads} threads");
        }
    }
}

#[test]
fn ranks_and_modules_may_differ_by_layer() {
    let config = folder();
    let mut pairs = std::collections::BTreeMap::new();
    let mut stream = Stream::new(5, "pairs", 0);
    for (path, [rows, columns]) in config.config().linear_modules() {
        let r = if path.contains(".0.") { 3 } else { 40 };
        if path.ends_with("v_proj") && path.contains(".1.") {
            continue;
        }
        let mut draw = |n: usize| (0..n).map(|_| (0.05 * stream.normal()) as f32).collect::<Vec<f32>>();
        pairs.insert(
            path,
            LoraPair {
                a: draw(r * columns),
                b: draw(rows * r),
                r,
                in_features: columns,
                out_features: rows,
                ..Default::default()
            },
        );
    }
    let modules: Vec<_> = pairs
        .iter()
        .map(|(path, pair)| distill::hub::LoraModule { path: path.clone(), rank: pair.r, scale: 0.7, dora: false })
        .collect();
    let trainable = Trainable::Lora { modules, seed: 1 };
    let mut oracle = portable(&trainable, &[]);
    stir(&mut oracle);
    let (logps, _, gradients) = measure(&mut oracle);
    let options = Options { base: Base::F32, ..Options::default() };
    let mut engine = cpu::engine(&config, &trainable, &[], options).unwrap();
    stir(&mut *engine);
    let (l, _, g) = measure(&mut *engine);
    assert!(distance(&l, &logps) < 2e-6 && worst_tensor(&*engine, &g, &gradients) < 2e-5);
    let adapter = adapter_of(&AdapterConfig::new(8, 8.0, &["q_proj"]), engine.parameters(), &engine.read().unwrap());
    assert_eq!(adapter.tensors.len(), pairs.len());
}

#[test]
fn what_it_cannot_do_is_said() {
    let full = cpu::engine(&folder(), &Trainable::Full, &[], Options::default());
    assert!(full.err().unwrap().to_string().contains("full fine-tuning"));
    let engine = cpu::engine(&folder(), &trainable(2), &[], Options::default()).unwrap();
    let foreign = Sequence { input_ids: vec![1, 9999], labels: vec![IGNORE, 9999], ..Sequence::default() };
    assert!(engine.score(&[&foreign]).unwrap_err().to_string().contains("9999"));
}

#[test]
fn dropout_is_differentiated_as_it_was_drawn() {
    let options = Options { base: Base::F32, dropout: 0.3, ..Options::default() };
    let mut engine = cpu::engine(&folder(), &trainable(6), &[], options).unwrap();
    stir(&mut *engine);
    let sequences = batch();
    let sequences: Vec<&Sequence> = sequences.iter().collect();
    let values = engine.read().unwrap();
    let mut stream = Stream::new(8, "direction", 0);
    let direction: Vec<f32> = values.iter().map(|_| stream.normal() as f32).collect();
    let n = engine.score(&sequences).unwrap().logps.len();
    let weights = upstream(n);
    let at = |engine: &mut dyn Engine, step: f32| {
        let moved: Vec<f32> = values.iter().zip(&direction).map(|(v, d)| v + step * d).collect();
        engine.write(&moved).unwrap();
        engine.begin(4);
        let logps = engine.forward(&sequences).unwrap().logps;
        logps.iter().zip(&weights).map(|(l, w)| f64::from(*l) * f64::from(*w)).sum::<f64>()
    };
    let h = 2e-3f32;
    let near = at(&mut *engine, h) - at(&mut *engine, -h);
    let far = at(&mut *engine, 2.0 * h) - at(&mut *engine, -2.0 * h);
    let numeric = (8.0 * near - far) / (12.0 * f64::from(h));
    let there = at(&mut *engine, 0.0);
    let mut gradients = vec![0f32; values.len()];
    engine.backward(&weights, &mut gradients).unwrap();
    let closed: f64 = gradients.iter().zip(&direction).map(|(g, d)| f64::from(*g) * f64::from(*d)).sum();
    assert!((closed - numeric).abs() < 2e-3 * numeric.abs().max(1.0), "{closed} {numeric}");
    assert_eq!(at(&mut *engine, 0.0).to_bits(), there.to_bits(), "an update draws the same again");
    engine.begin(5);
    let other = engine.forward(&sequences).unwrap().logps;
    let scored = engine.score(&sequences).unwrap().logps;
    assert!(distance(&other, &scored) > 1e-3, "nothing was dropped");
}
