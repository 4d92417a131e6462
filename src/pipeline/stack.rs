use std::collections::{BTreeMap, BTreeSet};

use crate::hub::{Adapter, AdapterConfig, LoraPair};

/// The sum of two adapters without DoRA as one with their ranks side by side: `A = [A₁; A₂]`, `B = [B₁ B₂]`.
///
/// `s (B A) = s₁ B₁ A₁ + s₂ B₂ A₂` where `B₂` was multiplied by `s₂ / s`; PEFT 0.21 does the same for
/// `combination_type="cat"`. The scale `s` is the first adapter's, so its factors stay as they are, and with equal
/// scales the second's do too. Where one of them has a smaller rank or nothing at all, zeros fill up: the sum has one
/// rank and one scale throughout, which every reader understands.
#[must_use]
pub(super) fn sum(first: &Adapter, second: &Adapter) -> Adapter {
    let paths: BTreeSet<&String> = first.tensors.keys().chain(second.tensors.keys()).collect();
    let rank_in = |adapter: &Adapter, path: &String| adapter.tensors.get(path).map_or(0, |pair| pair.r);
    let r = paths.iter().map(|path| rank_in(first, path) + rank_in(second, path)).max().unwrap_or(1);
    let scale = first.config.scale("");
    let mut tensors = BTreeMap::new();
    for &path in &paths {
        let Some(sizes) = first.tensors.get(path).or_else(|| second.tensors.get(path)) else { continue };
        let mut sum = LoraPair {
            a: Vec::with_capacity(r * sizes.in_features),
            b: vec![0.0; sizes.out_features * r],
            r,
            in_features: sizes.in_features,
            out_features: sizes.out_features,
            magnitude: None,
        };
        let mut column = 0;
        for adapter in [first, second] {
            let Some(pair) = adapter.tensors.get(path) else { continue };
            let own = adapter.scale(path);
            let factor = f64::from(own) / f64::from(scale);
            sum.a.extend(&pair.a);
            for (to, from) in sum.b.chunks_exact_mut(r).zip(pair.b.chunks_exact(pair.r)) {
                for (to, &from) in to[column..].iter_mut().zip(from) {
                    *to = if own == scale { from } else { (f64::from(from) * factor) as f32 };
                }
            }
            column += pair.r;
        }
        sum.a.resize(r * sizes.in_features, 0.0);
        tensors.insert(path.clone(), sum);
    }
    let targets = targets(&paths);
    let names: Vec<&str> = targets.iter().map(String::as_str).collect();
    // Exact: a scale has 24 bits and a rank at most 13.
    let config = AdapterConfig::new(r, f64::from(scale) * r as f64, &names);
    Adapter { config, tensors }
}

/// Names of modules where every layer has them, whole paths where not.
fn targets(paths: &BTreeSet<&String>) -> Vec<String> {
    let name = |path: &str| path.rsplit('.').next().unwrap_or(path).to_owned();
    let layer = |path: &str| path.split('.').nth(2).map(str::to_owned);
    let names: BTreeSet<String> = paths.iter().map(|path| name(path)).collect();
    let layers: BTreeSet<_> = paths.iter().map(|path| layer(path)).collect();
    if paths.len() == names.len() * layers.len() {
        names.into_iter().collect()
    } else {
        paths.iter().map(|path| (*path).clone()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hub::{Folder, TargetModules};
    use crate::model;
    use crate::train::rng::Stream;

    /// Values that f32 has exactly, so that sums of products are exact in any order.
    fn adapter(r: usize, alpha: f64, rslora: bool, paths: &[&str], seed: i64) -> Adapter {
        let mut config = AdapterConfig::new(r, alpha, &["q_proj", "up_proj"]);
        config.use_rslora = rslora;
        let mut next = seed;
        let mut values = |n: usize| {
            let mut out = Vec::new();
            for _ in 0..n {
                next = (next * 37 + 11) % 101;
                out.push((next - 50) as f32 / 8.0);
            }
            out
        };
        let mut tensors = BTreeMap::new();
        for path in paths {
            let (out_features, in_features) = if path.ends_with("q_proj") { (3, 4) } else { (5, 4) };
            let (a, b) = (values(r * in_features), values(out_features * r));
            let pair = LoraPair { a, b, r, in_features, out_features, magnitude: None };
            tensors.insert((*path).to_owned(), pair);
        }
        Adapter { config, tensors }
    }

    fn delta(adapter: &Adapter, path: &str) -> Vec<f64> {
        let Some(pair) = adapter.tensors.get(path) else { return vec![0.0; 12] };
        let scale = f64::from(adapter.scale(path));
        let mut out = Vec::new();
        for row in pair.b.chunks_exact(pair.r) {
            for column in 0..pair.in_features {
                let product = |k: usize| f64::from(row[k]) * f64::from(pair.a[k * pair.in_features + column]);
                out.push(scale * (0..pair.r).map(product).sum::<f64>());
            }
        }
        out
    }

    const Q0: &str = "model.layers.0.self_attn.q_proj";
    const U0: &str = "model.layers.0.mlp.up_proj";
    const Q1: &str = "model.layers.1.self_attn.q_proj";
    const U1: &str = "model.layers.1.mlp.up_proj";

    #[test]
    fn equal_scales_are_exact() {
        let (first, second) =
            (adapter(2, 4.0, false, &[Q0, U0, Q1, U1], 3), adapter(3, 6.0, false, &[Q0, U0, Q1, U1], 8));
        let sum = sum(&first, &second);
        assert_eq!((sum.config.r, sum.config.lora_alpha), (5, 10.0));
        assert_eq!(sum.config.target_modules, TargetModules::List(vec!["q_proj".into(), "up_proj".into()]));
        for path in [Q0, U0, Q1, U1] {
            let wanted: Vec<f64> = delta(&first, path).iter().zip(delta(&second, path)).map(|(a, b)| a + b).collect();
            assert_eq!(delta(&sum, path), wanted, "{path}");
        }
    }

    #[test]
    fn other_scales_ranks_and_modules() {
        let mut first = adapter(2, 3.0, true, &[Q0, U0, Q1, U1], 5);
        // One layer of another rank and scale.
        first.config = AdapterConfig::from_value(&serde_json::json!({
            "peft_type": "LORA", "r": 2, "lora_alpha": 3.0, "use_rslora": true,
            "target_modules": ["q_proj", "up_proj"],
            "rank_pattern": { "model.layers.1.self_attn.q_proj": 4 },
            "alpha_pattern": { "model.layers.1.self_attn.q_proj": 7.0 },
        }))
        .unwrap();
        let wide = adapter(4, 1.0, false, &[Q1], 9).tensors.remove(Q1).unwrap();
        first.tensors.insert(Q1.into(), wide);
        let second = adapter(3, 5.0, false, &[Q0, Q1], 8);
        let sum = sum(&first, &second);
        assert_eq!(sum.config.r, 7);
        for path in [Q0, Q1] {
            for (got, (a, b)) in delta(&sum, path).iter().zip(delta(&first, path).iter().zip(delta(&second, path))) {
                assert!((got - a - b).abs() <= 1e-5 * (a.abs() + b.abs()).max(1.0), "{path}: {got} {a} {b}");
            }
        }
        assert_eq!(delta(&sum, U0), delta(&first, U0));
        assert!(sum.tensors.values().all(|pair| pair.a.len() == 28 && pair.b.len() == 7 * pair.out_features));
    }

    #[test]
    fn modules_of_some_layers_are_named_by_their_paths() {
        let sum = sum(&adapter(1, 1.0, false, &[Q0], 1), &adapter(1, 1.0, false, &[Q0, Q1, U1], 2));
        assert_eq!(sum.config.target_modules, TargetModules::List(vec![Q0.into(), U1.into(), Q1.into()]));
        assert_eq!(sum.tensors.len(), 3);
    }

    /// Random adapters on every linear layer of a student: the saved sum answers as the stack does.
    #[test]
    fn the_sum_has_the_logits_of_the_stack() {
        let folder =
            Folder::open(&std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/numeric/tiny-llama"))
                .unwrap();
        let random = |r: usize, alpha: f64, seed: u64| {
            let mut stream = Stream::new(seed, "test", 0);
            let mut values = |n: usize| (0..n).map(|_| (stream.uniform() as f32 - 0.5) * 0.2).collect::<Vec<f32>>();
            let modules = folder.config().linear_modules();
            let pairs = modules.into_iter().map(|(path, [out_features, in_features])| {
                let (a, b) = (values(r * in_features), values(out_features * r));
                (path, LoraPair { a, b, r, in_features, out_features, magnitude: None })
            });
            let names = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"];
            Adapter { config: AdapterConfig::new(r, alpha, &names), tensors: pairs.collect() }
        };
        let logits = |adapters: &[Adapter]| {
            let mut llama = model::llama_from_folder(&folder, &candle_core::Device::Cpu).unwrap();
            model::with_adapters(&mut llama, adapters).unwrap();
            let ids = candle_core::Tensor::new(&[[1u32, 5, 9, 2, 30]], llama.device()).unwrap();
            let hidden = llama.hidden(&ids, None).unwrap().flatten(0, 1).unwrap();
            llama.logits(&hidden).unwrap().flatten_all().unwrap().to_vec1::<f32>().unwrap()
        };
        let (first, second) = (random(4, 8.0, 1), random(3, 9.0, 2));
        let sum = sum(&first, &second);
        let (base, below) = (logits(&[]), logits(std::slice::from_ref(&first)));
        let (stacked, summed) = (logits(&[first, second]), logits(&[sum]));
        let apart = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0f32, f32::max);
        assert!(apart(&base, &below) > 1e-2 && apart(&below, &stacked) > 1e-2, "both adapters do something");
        assert!(apart(&stacked, &summed) < 1e-5, "{}", apart(&stacked, &summed));
    }
}
