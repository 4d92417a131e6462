use std::path::Path;
use std::sync::LazyLock;

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use serde_json::{Value, json};
use tokenizers::Tokenizer;
use tokenizers::models::TrainerWrapper;
use tokenizers::models::bpe::BpeTrainer;
use tokenizers::pre_tokenizers::byte_level::ByteLevel as ByteLevelPreTokenizer;

use super::*;

/// As published with Meta-Llama-3-8B.
const LLAMA3: &str = r#"{"type":"Sequence","pretokenizers":[{"type":"Split","pattern":{"Regex":"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"},"behavior":"Isolated","invert":false},{"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true,"use_regex":false}]}"#;
/// As published with Qwen2-7B.
const QWEN2: &str = r#"{"type":"Sequence","pretokenizers":[{"type":"Split","pattern":{"Regex":"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"},"behavior":"Isolated","invert":false},{"type":"ByteLevel","add_prefix_space":false,"trim_offsets":false,"use_regex":false}]}"#;
/// As published with gpt-oss-20b.
const O200K: &str = r#"{"type":"Sequence","pretokenizers":[{"type":"Split","pattern":{"Regex":"[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]*[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]+[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"},"behavior":"Isolated","invert":false},{"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true,"use_regex":false}]}"#;
/// As published with gpt2.
const GPT2: &str = r#"{"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true}"#;
/// As published with SmolLM2-135M.
const SMOLLM: &str = r#"{"type":"Sequence","pretokenizers":[{"type":"Digits","individual_digits":true},{"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true,"use_regex":true}]}"#;

/// Texts of all fixtures, also of those that are not text.
static FIXTURES: LazyLock<Vec<String>> = LazyLock::new(|| {
    let mut texts = Vec::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.metadata().unwrap().len() < 60_000 {
                texts.push(String::from_utf8_lossy(&std::fs::read(path).unwrap()).into_owned());
            }
        }
    }
    texts.sort();
    assert!(texts.len() > 100);
    texts
});

fn parse(json: &str) -> Value {
    serde_json::from_str(json).unwrap()
}

fn edited(tokenizer: &Value, edit: impl FnOnce(&mut Value)) -> Value {
    let mut tokenizer = tokenizer.clone();
    edit(&mut tokenizer);
    tokenizer
}

/// A tokenizer of 800 tokens, trained on the fixtures.
fn train(pre_tokenizer: &str, normalizer: Value) -> Value {
    let empty = json!({
        "version": "1.0", "truncation": null, "padding": null, "added_tokens": [],
        "normalizer": normalizer, "pre_tokenizer": parse(pre_tokenizer), "post_processor": null, "decoder": null,
        "model": {"type": "BPE", "vocab": {}, "merges": []},
    });
    let mut tokenizer = Tokenizer::from_bytes(empty.to_string()).unwrap();
    let mut trainer = TrainerWrapper::BpeTrainer(
        BpeTrainer::builder()
            .vocab_size(800)
            .min_frequency(2)
            .show_progress(false)
            .initial_alphabet(ByteLevelPreTokenizer::alphabet().into_iter().collect())
            .build(),
    );
    let samples = FIXTURES.iter().filter(|text| text.len() < 3000);
    let hard = ["Don't DON'T we'll WE'LL déjà vu e\u{301}te\u{301} 中文字 12345 ٣٤٥ \u{1F468}\u{200D}\u{1F469}\r\n\r\n   \t ";
        40];
    tokenizer.train(&mut trainer, samples.map(String::as_str).chain(hard)).unwrap();
    parse(&tokenizer.to_string(false).unwrap())
}

fn add(tokenizer: &mut Value, content: &str, special: bool, normalized: bool) {
    let list = tokenizer["added_tokens"].as_array_mut().unwrap();
    list.push(json!({
        "id": 1200 + list.len(), "content": content, "single_word": false, "lstrip": false, "rstrip": false,
        "normalized": normalized, "special": special,
    }));
}

/// Counts by the splitters, and by `tokenizers`.
struct Pair {
    name: &'static str,
    fast: Box<dyn TokenCounter>,
    slow: StudentTokenizer,
}

impl Pair {
    fn new(name: &'static str, tokenizer: &Value) -> Self {
        let json = tokenizer.to_string().into_bytes();
        assert!(file::read(&json).is_some(), "{name} is left to tokenizers");
        Self { name, slow: StudentTokenizer::from_bytes(&json).unwrap(), fast: counter_from_bytes(json).unwrap() }
    }

    fn check(&self, text: &str) {
        let shown = || text.chars().take(200).collect::<String>();
        assert_eq!(self.fast.count(text), self.slow.count(text), "{}: {:?}", self.name, shown());
    }
}

/// One tokenizer for each thing that a tokenizer may have.
static PAIRS: LazyLock<Vec<Pair>> = LazyLock::new(|| {
    let student = std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/tiny-student/tokenizer.json"));
    let student: Value = serde_json::from_slice(&student.unwrap()).unwrap();
    let (llama, qwen) = (train(LLAMA3, Value::Null), train(QWEN2, json!({"type": "NFC"})));
    let (gpt2, o200k, smollm) = (train(GPT2, Value::Null), train(O200K, Value::Null), train(SMOLLM, Value::Null));
    let ignoring = |tokenizer: &Value| edited(tokenizer, |t| t["model"]["ignore_merges"] = json!(true));
    // A model that lacks bytes, as SmolLM's does: those of é, of most emoji and of all of Arabic.
    let lacking = edited(&gpt2, |t| {
        let letters: Vec<char> = [0xC3, 0xA9, 0xF0, 0xD9].into_iter().filter_map(letter).collect();
        let lacks = |text: &str| text.contains(letters.as_slice());
        t["model"]["vocab"].as_object_mut().unwrap().retain(|token, _| !lacks(token));
        t["model"]["merges"].as_array_mut().unwrap().retain(|m| {
            let parts = [m[0].as_str().unwrap(), m[1].as_str().unwrap()];
            !lacks(parts[0]) && !lacks(parts[1])
        });
        t["model"]["vocab"]["<unk>"] = json!(5000);
    });
    vec![
        Pair::new("tiny student", &student),
        Pair::new("Llama 3", &llama),
        Pair::new("Llama 3, whole words first", &ignoring(&llama)),
        Pair::new("Qwen 2", &qwen),
        Pair::new("GPT-2", &gpt2),
        Pair::new("o200k", &o200k),
        Pair::new("o200k, whole words first", &ignoring(&o200k)),
        Pair::new("SmolLM", &smollm),
        Pair::new("a space in front", &edited(&gpt2, |t| t["pre_tokenizer"]["add_prefix_space"] = json!(true))),
        Pair::new("no pattern", &edited(&gpt2, |t| t["pre_tokenizer"]["use_regex"] = json!(false))),
        Pair::new(
            "matches that are kept by taking away what is not one",
            &edited(&llama, |t| {
                t["pre_tokenizer"]["pretokenizers"][0]["behavior"] = json!("Removed");
                t["pre_tokenizer"]["pretokenizers"][0]["invert"] = json!(true);
            }),
        ),
        Pair::new(
            "patterns of tiktoken",
            &edited(&llama, |t| {
                t["pre_tokenizer"]["pretokenizers"][0]["pattern"]["Regex"] = json!(
                    r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*+|\s++$|\s*[\r\n]|\s+(?!\S)|\s"
                );
            }),
        ),
        Pair::new(
            "merges as lines, no type",
            &edited(&gpt2, |t| {
                let merges = t["model"]["merges"].as_array().unwrap();
                let line = |m: &Value| format!("{} {}", m[0].as_str().unwrap(), m[1].as_str().unwrap());
                let lines: Vec<String> =
                    std::iter::once("#version: 0.2".to_owned()).chain(merges.iter().map(line)).collect();
                t["model"]["merges"] = json!(lines);
                t["model"].as_object_mut().unwrap().remove("type");
                t["model"]["continuing_subword_prefix"] = json!("");
            }),
        ),
        Pair::new(
            "added tokens",
            &edited(&qwen, |t| {
                // The second starts inside the first, which is not looked at but hides it.
                for (content, special) in
                    [("<|eot_id|>", true), ("_id|>s", false), ("  ", false), ("<tool_call>", false)]
                {
                    add(t, content, special, false);
                }
                // The second is normalised to the letter with its accent.
                for content in ["The", "e\u{301}t", "日本"] {
                    add(t, content, false, true);
                }
                t["post_processor"] = json!({"type": "Sequence", "processors": [
                    {"type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true, "use_regex": true},
                    {"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "<|eot_id|>", "type_id": 0}},
                        {"Sequence": {"id": "A", "type_id": 0}}], "pair": [{"Sequence": {"id": "A", "type_id": 0}},
                        {"Sequence": {"id": "B", "type_id": 0}}],
                        "special_tokens": {"<|eot_id|>": {"id": "<|eot_id|>", "ids": [1200], "tokens": ["<|eot_id|>"]}}},
                ]});
            }),
        ),
        Pair::new("bytes that are missing", &lacking),
        Pair::new("with a token for them", &edited(&lacking, |t| t["model"]["unk_token"] = json!("<unk>"))),
        Pair::new(
            "with one token for several",
            &edited(&lacking, |t| {
                t["model"]["unk_token"] = json!("<unk>");
                t["model"]["fuse_unk"] = json!(true);
            }),
        ),
    ]
});

fn letter(byte: u8) -> Option<char> {
    ('\0'..='\u{1FF}').find(|&c| crate::batch::encode::byte_of(c) == Some(byte))
}

const PIECES: [&str; 98] = [
    "'s",
    "'S",
    "'\u{17F}",
    "'LL",
    "'Ll",
    "'Ve",
    "'re",
    "'d",
    "'x",
    "'",
    "''",
    "\u{2019}s",
    "a",
    "B",
    "\u{DF}",
    "\u{17F}",
    "\u{1C5}",
    "\u{2B0}",
    "中",
    "文字",
    "日本",
    "\u{301}",
    "\u{308}",
    "\u{93C}",
    "\u{345}",
    "क",
    "कि",
    "\u{958}",
    "한국",
    "\u{1100}\u{1161}",
    "1",
    "12",
    "1234",
    "٣",
    "\u{2167}",
    "\u{BD}",
    "\u{B2}",
    "०",
    "𝟘",
    "௧",
    " ",
    "  ",
    "   ",
    "\t",
    "\n",
    "\r\n",
    "\n\n",
    "\r",
    "\u{B}",
    "\u{C}",
    "\u{A0}",
    "\u{3000}",
    "\u{2028}",
    "\u{85}",
    "\u{200B}",
    ".",
    "...",
    "/",
    "//",
    "\\",
    "(",
    "_",
    "-",
    "\u{2014}",
    "\u{1F468}\u{200D}\u{1F469}\u{200D}\u{1F467}",
    "😀",
    "\u{200D}",
    "\u{FE0F}",
    "the",
    "The",
    " The",
    "HTTPServer",
    "camelCase",
    "ABC",
    "<|begin_of_text|>",
    "<|eot_id|>",
    "_id|>s",
    "<tool_call>",
    "<unk>",
    "\0",
    "\u{7F}",
    "é",
    "e\u{301}",
    "e\u{301}t",
    "ñ",
    "\u{C5}",
    "\u{212B}",
    "\u{130}",
    "\u{212A}",
    "\u{11382}",
    "\u{1E5EE}",
    "\u{16D68}\u{16D67}",
    "\u{F8FF}",
    "\u{10FFFF}",
    "Ａ",
    "\u{AA}",
    "𝐀",
    "Ωmega",
];

fn piece() -> impl Strategy<Value = String> {
    prop_oneof![
        8 => proptest::sample::select(&PIECES[..]).prop_map(str::to_owned),
        1 => any::<char>().prop_map(String::from),
        1 => proptest::char::range('\0', '\u{24FF}').prop_map(String::from),
        1 => (proptest::sample::select(&PIECES[..]), 2..90_usize).prop_map(|(piece, n)| piece.repeat(n)),
        1 => "[a-zA-Z]{1,120}",
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(160))]
    #[test]
    fn counts_are_those_of_tokenizers(pieces in proptest::collection::vec(piece(), 0..14)) {
        let text = pieces.concat();
        for pair in PAIRS.iter() {
            pair.check(&text);
        }
    }
}

#[test]
fn fixtures_count_as_with_tokenizers() {
    for (i, text) in FIXTURES.iter().enumerate() {
        // Everything for everybody takes minutes; each tokenizer sees every sixth fixture, the student all of them.
        PAIRS[0].check(text);
        PAIRS.iter().skip(1 + i % 6).step_by(6).for_each(|pair| pair.check(text));
    }
}

#[test]
fn every_character_counts_as_with_tokenizers() {
    // 64 characters a text, in front of and behind letters, numbers, spaces and newlines.
    let characters: Vec<char> = ('\0'..='\u{323AF}').chain('\u{E0000}'..='\u{E01FF}').collect();
    for (i, some) in characters.chunks(64).enumerate() {
        let text: String = some.iter().map(|c| format!("{c}a A{c}'s {c}\n {c}1{c}{c} ")).collect();
        PAIRS[1 + i % (PAIRS.len() - 1)].check(&text);
    }
}

#[test]
fn long_words_and_long_white_space() {
    let letters: String =
        (0..60_000_u32).map(|i| char::from(b'a' + (i.wrapping_mul(2_654_435_761) >> 24) as u8 % 26)).collect();
    for pair in PAIRS.iter() {
        pair.check("");
        pair.check(&letters);
        pair.check(&"\u{301}".repeat(5000));
        pair.check(&format!("a{}b", " \n".repeat(5000)));
    }
    // The engine of tokenizers stops at a million characters of white space, and what is left is one word.
    let text = format!("before{}there are words behind", " ".repeat(1_000_100));
    PAIRS[1].check(&text);
    assert!(has_long_space(&text) && !has_long_space(&" x".repeat(LONG_TEXT)));
}

#[test]
fn threads_count_the_same() {
    let expected: Vec<usize> = FIXTURES.iter().map(|text| PAIRS[1].fast.count(text)).collect();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let counted: Vec<usize> = FIXTURES.iter().map(|text| PAIRS[1].fast.count(text)).collect();
                assert_eq!(counted, expected);
            });
        }
    });
}

#[test]
fn what_is_not_known_is_left_to_tokenizers() {
    let llama = train(LLAMA3, Value::Null);
    let check = |name: &str, edit: fn(&mut Value)| {
        let json = edited(&llama, edit).to_string().into_bytes();
        assert!(file::read(&json).is_none(), "{name}");
        match (counter_from_bytes(json.clone()), StudentTokenizer::from_bytes(&json)) {
            (Ok(counter), Ok(reference)) => {
                for text in ["", "Déjà vu: don't 12345", "  the\n\n The end "] {
                    assert_eq!(counter.count(text), reference.count(text), "{name}");
                }
                assert_eq!(counter.hash(), reference.hash());
            }
            (counter, reference) => assert!(counter.is_err() && reference.is_err(), "{name}"),
        }
    };
    check("another pattern", |t| {
        t["pre_tokenizer"]["pretokenizers"][0]["pattern"]["Regex"] = json!(r"\p{N}{1,3}|\s+|[^\s\p{N}]+");
    });
    check("a string", |t| t["pre_tokenizer"]["pretokenizers"][0]["pattern"] = json!({"String": " "}));
    check("another behaviour", |t| {
        t["pre_tokenizer"]["pretokenizers"][0]["behavior"] = json!("MergedWithNext");
    });
    check("matches taken away", |t| t["pre_tokenizer"]["pretokenizers"][0]["behavior"] = json!("Removed"));
    check("a space before every word", |t| {
        t["pre_tokenizer"]["pretokenizers"][1]["add_prefix_space"] = json!(true);
    });
    check("two patterns", |t| t["pre_tokenizer"]["pretokenizers"][1]["use_regex"] = json!(true));
    check("not byte-level", |t| t["pre_tokenizer"] = json!({"type": "Whitespace"}));
    check("no pre-tokenizer", |t| t["pre_tokenizer"] = Value::Null);
    check("another normaliser", |t| t["normalizer"] = json!({"type": "Lowercase"}));
    check("NFC and another", |t| {
        t["normalizer"] = json!({"type": "Sequence", "normalizers": [{"type": "NFC"}, {"type": "Lowercase"}]});
    });
    check("an added token that takes spaces along", |t| {
        add(t, "the", false, true);
        t["added_tokens"][0]["lstrip"] = json!(true);
    });
    check("the text twice", |t| {
        let text = json!({"Sequence": {"id": "A", "type_id": 0}});
        t["post_processor"] = json!({"type": "TemplateProcessing", "single": [text, text], "pair": [text,
            {"Sequence": {"id": "B", "type_id": 0}}], "special_tokens": {}});
    });
    check("a suffix", |t| t["model"]["end_of_word_suffix"] = json!("</w>"));
    check("chance", |t| t["model"]["dropout"] = json!(1.0));
    check("another model", |t| {
        t["model"] = json!({"type": "WordLevel", "vocab": {"the": 0, "<unk>": 1}, "unk_token": "<unk>"});
    });
    check("bytes by another name", |t| {
        t["model"]["byte_fallback"] = json!(true);
        t["model"]["vocab"].as_object_mut().unwrap().retain(|token, _| token.chars().count() > 1 || token == "a");
        t["model"]["merges"] = json!([]);
    });
    check("an id with two texts", |t| t["model"]["vocab"]["zzzzz"] = json!(7));
    check("a merge of what is not a token", |t| t["model"]["merges"] = json!([["a", "zzzzzzzz"]]));
    check("another version", |t| t["version"] = json!("2.0"));
    check("no model", |t| t["model"] = Value::Null);
}

#[test]
fn names_and_paths_open() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/tiny-student");
    let file = folder.join("tokenizer.json");
    let counters = [&folder, &file].map(|path| open_counter(path.to_str().unwrap()).unwrap());
    let reference = super::super::Encoder::counter(&file).unwrap();
    for counter in &counters {
        assert_eq!(counter.count("Read the docs."), reference.count("Read the docs."));
        assert_eq!(counter.hash(), reference.hash());
    }
    let error = |spec: &str| open_counter(spec).err().map(|e| e.render()).unwrap_or_default();
    assert!(error("cl100k").contains("did you mean `cl100k_base`?"), "{}", error("cl100k"));
    assert!(error("O200K-base").contains("did you mean `o200k_base`?"), "{}", error("O200K-base"));
    assert!(error("models/nowhere").contains("no tokenizer `models/nowhere`"));
    assert!(error("models/nowhere").contains("give a tokenizer.json"));
    let config = folder.join("config.json");
    assert!(error(config.to_str().unwrap()).contains("config.json"));
    let empty = tempfile::tempdir().unwrap();
    assert!(error(empty.path().to_str().unwrap()).contains("no such file"));
}

#[cfg(not(feature = "tiktoken"))]
#[test]
fn an_encoding_needs_its_feature() {
    let error = open_counter("o200k_base").err().map(|e| e.render()).unwrap_or_default();
    assert!(error.contains("feature `tiktoken`"), "{error}");
}

#[cfg(feature = "tiktoken")]
#[test]
fn encodings_count_as_tiktoken() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let texts = proptest::collection::vec(piece(), 0..200);
    let generated: Vec<String> = (0..40).map(|_| texts.new_tree(&mut runner).unwrap().current().concat()).collect();
    let mut hashes = std::collections::BTreeSet::new();
    for name in TIKTOKEN {
        let core = match name {
            "o200k_base" => tiktoken_rs::o200k_base_singleton(),
            "o200k_harmony" => tiktoken_rs::o200k_harmony_singleton(),
            "cl100k_base" => tiktoken_rs::cl100k_base_singleton(),
            "p50k_base" => tiktoken_rs::p50k_base_singleton(),
            "p50k_edit" => tiktoken_rs::p50k_edit_singleton(),
            _ => tiktoken_rs::r50k_base_singleton(),
        };
        let counter = open_counter(name).unwrap();
        for text in FIXTURES.iter().step_by(9).chain(&generated) {
            assert_eq!(counter.count(text), core.encode_ordinary(text).len(), "{name}: {text:?}");
        }
        hashes.insert(counter.hash());
    }
    assert_eq!(hashes.len(), TIKTOKEN.len());
}
