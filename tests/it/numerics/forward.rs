//! Logits of the base, with an adapter and merged, and what a batch may not change.

use super::*;

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
fn a_fresh_adapter_is_the_base() {
    let base = Portable::new(llama(), &Trainable::Lora { modules: Vec::new(), seed: 7 }).unwrap();
    assert!(base.parameters().is_empty());
    let row = random_sequence(9, 30, 4);
    assert_eq!(fresh().score(&[&row]).unwrap(), base.score(&[&row]).unwrap());
    assert_ne!(stirred().score(&[&row]).unwrap(), base.score(&[&row]).unwrap());
}
