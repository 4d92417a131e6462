use super::device::{Table, memory_size};
use super::student::{Student, matches};
use super::*;
use crate::hub::LlamaConfig;

fn known(name: &str) -> Student {
    Student::known().unwrap().into_iter().find(|student| student.name == name).unwrap()
}

fn variant<'a>(student: &'a Student, name: &str) -> &'a Variant {
    student.variants.iter().find(|variant| variant.name == name).unwrap()
}

fn asked(place: Place, context: usize) -> Request {
    Request { students: Student::known().unwrap(), place, context, kv: KvType::F16, least_speed: 5.0 }
}

fn find<'a>(plan: &'a Plan, student: &str, quant: &str) -> &'a Row {
    plan.rows.iter().find(|row| row.student == student && row.quantisation == quant).unwrap()
}

#[test]
fn parameters_are_those_of_the_published_models() {
    // `total_params` of the published safetensors indices.
    for (name, parameters) in [
        ("Llama 3.1 8B", 8_030_261_248),
        ("Llama 3.2 3B", 3_212_749_824),
        ("Llama 3.2 1B", 1_235_814_400),
        ("Qwen3 4B", 4_022_468_096),
        ("Qwen3 1.7B", 1_720_574_976),
        ("Qwen3 0.6B", 596_049_920),
        ("Qwen2.5 3B", 3_085_938_688),
        ("Qwen2.5 1.5B", 1_543_714_304),
        ("Qwen2.5 0.5B", 494_032_768),
        ("SmolLM2 1.7B", 1_711_376_384),
        ("SmolLM2 360M", 361_821_120),
        ("SmolLM2 135M", 134_515_008),
    ] {
        assert_eq!(known(name).parameters, parameters, "{name}");
    }
}

#[test]
fn three_billion_at_four_bits_take_near_2_8_gb() {
    let student = known("Llama 3.2 3B");
    // Tensor data by the rules of llama-quantize, as the numerics sheet (9.4) has it.
    for (name, bytes) in [
        ("Q4_K_M", 2_011_539_712),
        ("Q5_K_M", 2_314_316_032),
        ("Q6_K", 2_636_015_872),
        ("Q8_0", 3_414_061_312),
        ("BF16", 6_425_850_112),
    ] {
        let found = variant(&student, name).weight_bytes;
        assert!([bytes, bytes + 256].contains(&found), "{name} {found}");
    }
    let small = variant(&student, "Q4_K_S");
    assert!([1_920_362_752, 1_920_362_752 + 256].contains(&small.weight_bytes), "{}", small.weight_bytes);
    let memory = memory::of(&student, small, 4096, KvType::F16, 0);
    // Keys and values of 28 layers with 8 heads of 128, two bytes each, 4096 tokens.
    assert_eq!(memory.kv_bytes, 2 * 28 * 8 * 128 * 2 * 4096);
    assert_eq!(memory.kv_bytes, 469_762_048);
    // 512 tokens with 128,256 logits and two states of 3072, f32, and one row of logits.
    assert_eq!(memory.working_bytes, 512 * (128_256 + 2 * 3072) * 4 + 128_256 * 4);
    assert_eq!(memory.total_bytes, memory.weight_bytes + memory.kv_bytes + memory.working_bytes + memory.runtime_bytes);
    assert!((2.7e9..2.85e9).contains(&(memory.total_bytes as f64)), "{memory:?}");
}

#[test]
fn buffers_are_those_that_llama_cpp_prints() {
    // llama-completion, CPU, -c 4096: "KV buffer size = 128.00 MiB", "compute buffer size = 258.50 MiB", "output buffer
    // size = 0.49 MiB" for the 1B shape; 90.00, 98.25 (98.2520) and 0.19 MiB for SmolLM2 135M.
    let mib = |bytes: u64| bytes as f64 / f64::from(1 << 20);
    for (name, kv, compute, output) in [("Llama 3.2 1B", 128.0, 258.5, 0.49), ("SmolLM2 135M", 90.0, 98.25, 0.1875)] {
        let student = known(name);
        let memory = memory::of(&student, variant(&student, "Q4_K_S"), 4096, KvType::F16, 0);
        assert_eq!(mib(memory.kv_bytes), kv, "{name}");
        assert!((mib(memory.working_bytes) - compute - output).abs() < 0.01, "{name} {}", mib(memory.working_bytes));
    }
    // The same at 512 tokens: 16 MiB and 11.25 MiB of keys and values.
    let student = known("SmolLM2 135M");
    let memory = memory::of(&student, variant(&student, "BF16"), 512, KvType::F16, 0);
    assert_eq!((mib(memory.kv_bytes), memory.weight_bytes), (11.25, 269_100_288));
}

#[test]
fn the_cache_grows_in_steps_and_shrinks_with_its_type() {
    let student = known("Llama 3.2 1B");
    let small = variant(&student, "Q4_K_S");
    let of = |context, kv| memory::of(&student, small, context, kv, 0).kv_bytes;
    assert_eq!(of(4000, KvType::F16), of(4096, KvType::F16));
    assert!(of(4097, KvType::F16) > of(4096, KvType::F16));
    assert_eq!(of(4096, KvType::Q8_0) * 32 * 2, of(4096, KvType::F16) * 34);
    assert!(of(usize::MAX / 2, KvType::F16) > 1 << 50, "saturates");
}

#[test]
fn an_embedding_that_is_not_the_head_is_not_read_per_token() {
    let student = known("Llama 3.1 8B");
    let exact = variant(&student, "BF16");
    assert_eq!(exact.weight_bytes - exact.read_bytes, 128_256 * 4096 * 2 + 64 * 4);
    let tied = known("Llama 3.2 1B");
    let exact = variant(&tied, "BF16");
    assert_eq!(exact.weight_bytes - exact.read_bytes, 32 * 4, "rope factors, which are nothing");
}

#[test]
fn six_gigabytes_recommend_three_billion() {
    let found = plan(&asked(Place::of_memory(memory_size("6GB").unwrap(), None), 4096));
    let first = &found.rows[0];
    assert_eq!(first.verdict, Verdict::Recommended);
    assert_eq!(first.student, "Llama 3.2 3B");
    assert!(first.quantisation.starts_with("Q4"), "{}", first.quantisation);
    assert!(first.tokens_per_second.is_none() && first.prompt_tokens_per_second.is_none());
    assert_eq!(find(&found, "Llama 3.2 3B", "Q8_0").verdict, Verdict::TooLarge);
    assert_eq!(find(&found, "Llama 3.1 8B", "Q4_K_S").verdict, Verdict::TooLarge);
    let one = found.rows.iter().filter(|row| row.verdict == Verdict::Recommended).count();
    assert_eq!(one, 1);
    // Better verdicts stand first.
    assert!(found.rows.is_sorted_by_key(|row| row.verdict as u8));
}

#[test]
fn speed_is_bandwidth_by_bytes() {
    let table = Table::new().unwrap();
    let place = table.place(table.find("raspberry pi 5 8gb").unwrap(), None).unwrap();
    let found = plan(&asked(place, 2048));
    let row = find(&found, "Llama 3.2 3B", "Q4_K_M");
    // 17.1 GB/s × 0.55 over 2.01 GB of weights and half of 0.23 GB of keys and values.
    assert!((row.tokens_per_second.unwrap() - 4.42).abs() < 0.05, "{row:?}");
    assert_eq!(row.verdict, Verdict::Slow);
    assert!(row.reason.as_ref().unwrap().contains("asked for 5"));
    // What is recommended is quick enough.
    assert_eq!(found.rows[0].verdict, Verdict::Recommended);
    assert!(found.rows[0].tokens_per_second.unwrap() >= 5.0);
}

#[test]
fn a_context_beyond_the_student_is_said() {
    let found = plan(&asked(Place::of_memory(64 << 30, None), 16_384));
    let row = find(&found, "SmolLM2 1.7B", "Q4_K_S");
    assert_eq!((row.verdict, row.reason.as_deref()), (Verdict::ShortContext, Some("made for 8192 tokens")));
}

#[test]
fn names_are_found_leniently() {
    let table = Table::new().unwrap();
    for (given, name) in [
        ("iphone 15 pro", "iPhone 15 Pro"),
        ("iPhone15ProMax", "iPhone 15 Pro"),
        ("T4", "ml.g4dn.xlarge"),
        ("g5.xlarge", "ml.g5.xlarge"),
        ("raspberry-pi-5-8gb", "Raspberry Pi 5 8GB"),
        ("jetson agx", "Jetson AGX Orin 64GB"),
        ("galaxy a", "Galaxy A55"),
    ] {
        assert_eq!(table.find(given).unwrap().name, name, "{given}");
    }
    let several = table.find("Raspberry Pi 5").err().unwrap().render();
    assert!(several.contains("several") && several.contains("Raspberry Pi 5 16GB"), "{several}");
    let near = table.find("iphone 51 pro").err().unwrap().render();
    assert!(near.contains("no device") && near.contains("iPhone 15 Pro"), "{near}");
    assert!(table.find("").is_err());
}

#[test]
fn the_table_is_sound() {
    let table = Table::new().unwrap();
    let mut names = std::collections::BTreeSet::new();
    for device in table.devices() {
        for name in std::iter::once(&device.name).chain(&device.also) {
            assert!(names.insert(name.to_lowercase()), "{name} twice");
            assert_eq!(table.find(name).unwrap().name, device.name);
        }
        assert_eq!(device.bandwidth.is_some(), device.from.is_some(), "{}: a bandwidth has a source", device.name);
        let place = table.place(device, None).unwrap();
        assert!(place.budget_bytes > 1 << 30 && place.budget_bytes < place.memory_bytes, "{}", device.name);
        // "LPDDR5-6400 × 64 bit" gives its own bandwidth.
        let Some(from) = device.from.as_deref().filter(|from| from.contains(" × ")) else { continue };
        let (memory, width) = from.split_once(" × ").unwrap();
        let rate: f64 = memory.rsplit('-').next().unwrap().parse().unwrap();
        let bits: f64 = width.split(' ').next().unwrap().parse().unwrap();
        let peak = rate * bits / 8.0 / 1000.0;
        assert!((peak - device.bandwidth.unwrap()).abs() < 0.1, "{}: {peak}", device.name);
    }
}

#[test]
fn amounts_of_memory() {
    for (text, bytes) in
        [("6GB", 6_u64 << 30), ("6 GiB", 6 << 30), ("6", 6 << 30), ("512M", 512 << 20), ("1.5g", 3 << 29)]
    {
        assert_eq!(memory_size(text).unwrap(), bytes, "{text}");
    }
    for text in ["", "GB", "6 pounds", "-1", "0", "1e9", "999999999999TB"] {
        assert!(memory_size(text).is_err(), "{text}");
    }
}

#[test]
fn own_folders_are_counted() {
    let dir = tempfile::tempdir().unwrap();
    let config = serde_json::json!({"model_type": "llama", "vocab_size": 512, "hidden_size": 256,
        "intermediate_size": 512, "num_hidden_layers": 2, "num_attention_heads": 4, "tie_word_embeddings": true,
        "bos_token_id": 0, "eos_token_id": 1});
    std::fs::write(dir.path().join("config.json"), config.to_string()).unwrap();
    let tokenizer = serde_json::json!({"model": {"vocab": {"ab": 0, "c": 1}, "merges": ["a b", ["c", "d"]]}});
    std::fs::write(dir.path().join("tokenizer.json"), tokenizer.to_string()).unwrap();
    let student = Student::open(dir.path()).unwrap();
    assert_eq!(student.parameters, LlamaConfig::from_value(&config).unwrap().parameter_count());
    assert_eq!(student.merges, 2);
    let exact = variant(&student, "BF16");
    // Matrices in bf16, the five norms in f32.
    assert_eq!(exact.weight_bytes, student.parameters * 2 + 5 * 256 * 2);
    assert_eq!(exact.file_bytes - exact.weight_bytes, 12 * 512 + 3 + 8 * 2 + 6 + 4096);
    assert!(Student::open(&dir.path().join("absent.gguf")).is_err());
    assert!(matches("Llama 3.2 3B", "llama-3.2-3b") && !matches("Llama 3.2 3B", "1b"));
}

#[test]
fn people_read_why() {
    let table = Table::new().unwrap();
    let place = table.place(table.find("iPhone 15").unwrap(), None).unwrap();
    let shown = text::text(&plan(&asked(place, 4096)), text::Rows::Best);
    assert!(shown.contains("→  Llama 3.2 3B"), "{shown}");
    assert!(shown.contains("too large") && shown.contains("GB too much"), "{shown}");
    assert!(shown.contains("GB weights + 0.47 GB keys and values"), "{shown}");
    // Of what is too slow the quickest is shown.
    let board = table.place(table.find("raspberry pi 5 8gb").unwrap(), None).unwrap();
    let slow = text::text(&plan(&asked(board, 2048)), text::Rows::Best);
    let line = slow.lines().find(|line| line.contains("Llama 3.1 8B")).unwrap();
    assert!(line.contains("Q4_0") || line.contains("IQ4_XS") || line.contains("Q4_K_S"), "{slow}");
    assert!(line.contains("slow"), "{slow}");
    // One line per student, apart from the sentence below.
    assert_eq!(shown.matches("Qwen3 4B").count(), 1, "{shown}");
    let json = serde_json::to_value(plan(&asked(Place::of_memory(6 << 30, None), 4096))).unwrap();
    assert_eq!(json["version"], 1);
    assert_eq!(json["kv_type"], "f16");
    assert_eq!(json["rows"][0]["verdict"], "recommended");
    assert!(json["rows"][0]["memory"]["total_bytes"].is_u64() && json["rows"][0].get("tokens_per_second").is_none());
}
