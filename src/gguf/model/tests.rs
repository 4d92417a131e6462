//! Models that lie about themselves: every one is a typed error, and small files stay cheap.

use std::collections::BTreeMap;

use super::super::value::Value;
use super::super::write::{TensorSpec, Writer};
use super::*;

type Keys = BTreeMap<String, Value>;

/// Keys and tensors of a whole small model.
fn sample(arch: &str) -> (Keys, Vec<TensorSpec>) {
    let mut keys: Keys = [
        ("general.architecture", Value::String(arch.to_owned())),
        ("tokenizer.ggml.model", Value::String("gpt2".to_owned())),
        ("tokenizer.ggml.pre", Value::String("gpt-2".to_owned())),
        ("tokenizer.ggml.tokens", Value::strings(["a", "b", "ab", "<|im_end|>"].map(str::to_owned))),
        ("tokenizer.ggml.token_type", Value::i32s([1, 1, 1, 3])),
        ("tokenizer.ggml.merges", Value::strings(["a b".to_owned()])),
        ("tokenizer.ggml.eos_token_id", Value::U32(3)),
    ]
    .map(|(key, value)| (key.to_owned(), value))
    .into();
    for (key, value) in [
        ("block_count", Value::U32(1)),
        ("context_length", Value::U32(64)),
        ("embedding_length", Value::U32(8)),
        ("feed_forward_length", Value::U32(12)),
        ("attention.head_count", Value::U32(2)),
        ("attention.head_count_kv", Value::U32(1)),
        ("attention.layer_norm_rms_epsilon", Value::F32(1e-5)),
        ("rope.freq_base", Value::F32(10_000.0)),
    ] {
        keys.insert(format!("{arch}.{key}"), value);
    }
    if arch == "qwen3" {
        keys.insert("qwen3.attention.key_length".to_owned(), Value::U32(6));
    }
    let head = if arch == "qwen3" { 6 } else { 4 };
    let mut shapes = vec![
        ("token_embd.weight", vec![4, 8]),
        ("blk.0.attn_norm.weight", vec![8]),
        ("blk.0.attn_q.weight", vec![2 * head, 8]),
        ("blk.0.attn_k.weight", vec![head, 8]),
        ("blk.0.attn_v.weight", vec![head, 8]),
        ("blk.0.attn_output.weight", vec![8, 2 * head]),
        ("blk.0.ffn_norm.weight", vec![8]),
        ("blk.0.ffn_gate.weight", vec![12, 8]),
        ("blk.0.ffn_up.weight", vec![12, 8]),
        ("blk.0.ffn_down.weight", vec![8, 12]),
        ("output_norm.weight", vec![8]),
    ];
    match arch {
        "qwen2" => shapes.extend([
            ("blk.0.attn_q.bias", vec![8]),
            ("blk.0.attn_k.bias", vec![4]),
            ("blk.0.attn_v.bias", vec![4]),
        ]),
        "qwen3" => shapes.extend([("blk.0.attn_q_norm.weight", vec![6]), ("blk.0.attn_k_norm.weight", vec![6])]),
        _ => {}
    }
    let specs =
        shapes.into_iter().map(|(name, shape)| TensorSpec { name: name.to_owned(), shape, ggml_type: GgmlType::F32 });
    (keys, specs.collect())
}

/// The bytes of a file whose every tensor counts upwards.
fn file(keys: &Keys, specs: &[TensorSpec]) -> Vec<u8> {
    let keys: Vec<(String, Value)> = keys.clone().into_iter().collect();
    let mut writer = Writer::start(Vec::new(), &keys, specs).unwrap();
    for spec in specs {
        let n = spec.bytes().unwrap() / 4;
        writer.data(&(0..n).flat_map(|i| (i as f32).to_le_bytes()).collect::<Vec<u8>>()).unwrap();
    }
    writer.finish().unwrap().0
}

fn open(keys: &Keys, specs: &[TensorSpec]) -> Result<GgufModel, GgufError> {
    GgufModel::new(Gguf::from_bytes(file(keys, specs))?)
}

#[test]
fn three_architectures_are_read() {
    for (arch, family, head_dim) in
        [("llama", Family::Llama, 4), ("qwen2", Family::Qwen2, 4), ("qwen3", Family::Qwen3, 6)]
    {
        let (keys, specs) = sample(arch);
        let model = open(&keys, &specs).unwrap();
        let config = model.config();
        assert_eq!((config.family, config.head_dim, config.vocab_size), (family, head_dim, 4));
        assert_eq!((config.tie_word_embeddings, model.stop_ids()), (true, &[3][..]));
        assert_eq!(model.tensor("model.norm.weight").unwrap().shape, [8]);
        assert!(model.tensor("lm_head.weight").is_err());
        // Rows of q move for llama only: its row 1 holds what transformers keeps in row 2.
        let q = model.load_f32("model.layers.0.self_attn.q_proj.weight").unwrap();
        assert_eq!(q[8], if arch == "llama" { 16.0 } else { 8.0 });
        assert_eq!(model.tokenizer_json().unwrap()["model"]["merges"][0][1], "b");
    }
    let (keys, specs) = sample("qwen2");
    let bias = open(&keys, &specs).unwrap().load_f32("model.layers.0.self_attn.q_proj.bias").unwrap();
    assert_eq!(bias, (0..8).map(|i| i as f32).collect::<Vec<f32>>());
}

#[test]
fn lies_in_the_settings() {
    let (keys, specs) = sample("llama");
    let text = |text: &str| Value::String(text.to_owned());
    for (key, value, part) in [
        ("general.architecture", text("gemma3"), "gemma3"),
        ("general.architecture", Value::U32(1), "architecture None"),
        ("llama.block_count", Value::U32(1 << 31), "announces 2147483648 blocks"),
        ("llama.block_count", Value::U64(u64::MAX), "announces"),
        ("llama.block_count", Value::U32(0), "num_hidden_layers"),
        ("llama.block_count", Value::I32(-1), "block_count"),
        ("llama.embedding_length", Value::U32(0), "hidden_size"),
        ("llama.embedding_length", Value::U64(1 << 60), "hidden_size"),
        ("llama.embedding_length", text("8"), "embedding_length"),
        ("llama.embedding_length", Value::U32(12), "expected [4, 12]"),
        ("llama.feed_forward_length", Value::U32(13), "`blk.0.ffn_gate.weight` is [12, 8], expected [13, 8]"),
        ("llama.attention.head_count", Value::U32(0), "num_attention_heads"),
        ("llama.attention.head_count", Value::U32(3), "expected [6, 8]"),
        ("llama.attention.head_count", Value::i32s([2]), "head_count"),
        ("llama.attention.head_count_kv", Value::U32(0), "num_key_value_heads"),
        ("llama.attention.head_count_kv", Value::U64(1 << 40), "num_key_value_heads"),
        ("llama.attention.key_length", Value::U32(0), "`head_dim` is 0"),
        ("llama.attention.value_length", Value::U32(8), "differs from the key length"),
        ("llama.attention.layer_norm_rms_epsilon", Value::F32(f32::NAN), "is NaN"),
        ("llama.attention.layer_norm_rms_epsilon", Value::F32(0.0), "is 0"),
        ("llama.attention.layer_norm_rms_epsilon", Value::U32(1), "is not a number"),
        ("llama.rope.freq_base", Value::F32(f32::INFINITY), "is inf"),
        ("llama.rope.freq_base", Value::F64(-1.0), "is -1"),
        ("llama.rope.scaling.type", text("yarn"), "yarn"),
        ("llama.context_length", Value::U32(0), "max_position_embeddings"),
        ("tokenizer.ggml.tokens", Value::strings(["a".to_owned()]), "1 entries for 4 embedding rows"),
        ("tokenizer.ggml.tokens", Value::i32s([1, 2, 3, 4]), "not an array of strings"),
    ] {
        let mut lying = keys.clone();
        lying.insert(key.to_owned(), value.clone());
        let error = open(&lying, &specs).map(|_| ()).unwrap_err();
        assert!(error.to_string().contains(part), "{key} {value:?}: {error}");
    }
    for key in keys.keys().filter(|key| !key.ends_with("kv") && !key.contains("rope") && !key.starts_with("tok")) {
        let mut fewer = keys.clone();
        fewer.remove(key);
        assert!(open(&fewer, &specs).is_err(), "{key}");
    }
}

#[test]
fn lies_in_the_tensors() {
    let (keys, specs) = sample("llama");
    let refused = |change: &dyn Fn(&mut Vec<TensorSpec>), part: &str| {
        let mut lying = specs.clone();
        change(&mut lying);
        let error = open(&keys, &lying).map(|_| ()).unwrap_err().to_string();
        assert!(error.contains(part), "{error}");
    };
    refused(&|specs| specs.truncate(10), "`output_norm.weight` [8] is missing");
    refused(&|specs| specs[2].shape = vec![8, 2, 4], "is [8, 2, 4], expected [8, 8]");
    refused(&|specs| specs[0].shape = vec![4], "token_embd.weight` is [4]");
    refused(
        &|specs| specs.push(TensorSpec { name: "blk.0.attn_q.bias".to_owned(), ..specs[1].clone() }),
        "not part of",
    );
    refused(
        &|specs| specs.push(TensorSpec { name: "blk.1.attn_norm.weight".to_owned(), ..specs[1].clone() }),
        "not part",
    );
    refused(
        &|specs| specs.push(TensorSpec { name: "rope_freqs.weight".to_owned(), ..specs[1].clone() }),
        "per frequency",
    );
    // The right number of factors, but the first of them is 0.
    refused(
        &|specs| {
            specs.push(TensorSpec { name: "rope_freqs.weight".to_owned(), shape: vec![2], ggml_type: GgmlType::F32 });
        },
        "per frequency",
    );
}

#[test]
fn the_linear_rule_divides_all_frequencies() {
    let (mut keys, specs) = sample("qwen2");
    keys.insert("qwen2.rope.scaling.type".to_owned(), Value::String("linear".to_owned()));
    keys.insert("qwen2.rope.scaling.factor".to_owned(), Value::F32(4.0));
    assert_eq!(open(&keys, &specs).unwrap().config().rope_factors, Some(vec![4.0, 4.0]));
    keys.insert("qwen2.rope.scaling.factor".to_owned(), Value::F32(f32::NAN));
    assert!(open(&keys, &specs).is_err());
}

#[test]
fn lies_in_the_tokenizer() {
    let (keys, specs) = sample("llama");
    let texts = |texts: [&str; 4]| Value::strings(texts.map(str::to_owned));
    for (key, value, part) in [
        ("tokenizer.ggml.model", Value::String("llama".to_owned()), "only `gpt2`"),
        ("tokenizer.ggml.pre", Value::String("bloom".to_owned()), "bloom"),
        ("tokenizer.ggml.tokens", texts(["a", "a", "ab", "x"]), "`a` at 0 and at 1"),
        ("tokenizer.ggml.token_type", Value::i32s([1]), "1 entries for 4"),
        ("tokenizer.ggml.token_type", Value::i32s([1, 1, 1, -3]), "not a type"),
        ("tokenizer.ggml.token_type", Value::strings(["x".to_owned()]), "token_type"),
        ("tokenizer.ggml.merges", Value::strings(["ab".to_owned()]), "merges"),
        ("tokenizer.ggml.merges", Value::strings(["a zz".to_owned()]), "not in the vocabulary"),
        ("tokenizer.ggml.merges", Value::U32(1), "merges"),
    ] {
        let mut lying = keys.clone();
        lying.insert(key.to_owned(), value.clone());
        let error = open(&lying, &specs).unwrap().tokenizer_json().unwrap_err().to_string();
        assert!(error.contains(part), "{key}: {error}");
    }
    // Ids outside the vocabulary are as good as none; an empty text is an unused row.
    let mut odd = keys.clone();
    odd.insert("tokenizer.ggml.bos_token_id".to_owned(), Value::U32(4));
    odd.insert("tokenizer.ggml.eos_token_id".to_owned(), Value::I32(-1));
    odd.insert("tokenizer.ggml.add_bos_token".to_owned(), Value::Bool(true));
    odd.insert("tokenizer.ggml.tokens".to_owned(), texts(["a", "b", "ab", ""]));
    let model = open(&odd, &specs).unwrap();
    assert_eq!((model.config().bos_token_id, model.stop_ids()), (None, &[][..]));
    let library = tokenizers::Tokenizer::from_bytes(model.tokenizer_json().unwrap().to_string()).unwrap();
    assert_eq!(library.encode("ab", true).unwrap().get_ids(), [2]);
}

/// Bytes changed a few at a time all over whole files; whatever is still opened has to work. `MUTATIONS` in the
/// environment asks for more of them.
#[test]
fn changed_files_are_refused_or_work() {
    let mut state = 0x2545_F491_4F6C_DD1Du64;
    let mut random = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    let rounds = std::env::var("MUTATIONS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(4000);
    let (mut opened, mut refused) = (0, 0);
    for arch in ["llama", "qwen2", "qwen3"] {
        let (keys, specs) = sample(arch);
        let whole = file(&keys, &specs);
        for _ in 0..rounds {
            let mut bytes = whole.clone();
            for _ in 0..=random() % 3 {
                // Mostly in the header: data may be anything.
                let at = random() as usize % if random() % 8 == 0 { bytes.len() } else { 1400.min(bytes.len()) };
                let change = [random() as u8, 0, 0xFF, 0x7F, 1][random() as usize % 5];
                let len = [1, 2, 4, 8][random() as usize % 4].min(bytes.len() - at);
                bytes[at..at + len].fill(change);
            }
            // A piece is gone, stands twice, or is all that there is.
            let at = random() as usize % 1400.min(bytes.len());
            let piece = at..(at + random() as usize % 64).min(bytes.len());
            match random() % 8 {
                0 | 1 => bytes.truncate(random() as usize % bytes.len()),
                2 => drop(bytes.drain(piece)),
                3 => {
                    let again = bytes[piece].to_vec();
                    bytes.splice(at..at, again);
                }
                _ => {}
            }
            let Ok(model) = Gguf::from_bytes(bytes).and_then(GgufModel::new) else {
                refused += 1;
                continue;
            };
            opened += 1;
            for (name, shape) in model.config().expected_tensors() {
                assert_eq!(model.load_f32(&name).unwrap().len(), shape.iter().product::<usize>());
            }
            if let Ok(json) = model.tokenizer_json() {
                let _ = tokenizers::Tokenizer::from_bytes(json.to_string()).map(|library| library.encode("ab b", true));
            }
        }
    }
    assert!(opened > 100 && refused > 1000, "{opened} {refused}");
}
