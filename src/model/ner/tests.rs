//! Against transformers: `tests/parity/make_ner.py` made the models and the numbers.

use std::path::PathBuf;

use serde_json::{Value, json};

use super::*;
use crate::mask::{Entity, Layer};

const FOLDERS: [&str; 4] = ["bert", "distilbert", "roberta", "deberta"];

fn folder(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures/numeric/ner").join(name)
}

fn golden(name: &str) -> Vec<Value> {
    let all: Value = serde_json::from_slice(&std::fs::read(folder("golden.json")).unwrap()).unwrap();
    all["models"][name].as_array().unwrap().clone()
}

fn numbers(value: &Value) -> Vec<usize> {
    value.as_array().unwrap().iter().map(|v| v.as_u64().unwrap() as usize).collect()
}

#[test]
fn tokens_lie_where_transformers_says() {
    for name in FOLDERS {
        let tagger = Tagger::open(&folder(name), 0.0).unwrap();
        for case in golden(name) {
            let text = case["text"].as_str().unwrap();
            let tokens = windows::tokens(&tagger.tokenizer, text).unwrap();
            let (before, behind) = &tagger.around;
            let ids: Vec<usize> = before
                .iter()
                .copied()
                .chain(tokens.iter().map(|t| t.id))
                .chain(behind.iter().copied())
                .map(|id| id as usize)
                .collect();
            assert_eq!(ids, numbers(&case["ids"]), "{name}: {text}");
            for (token, want) in tokens.iter().zip(case["offsets"].as_array().unwrap()) {
                // Blanks alone have no place worth comparing.
                if token.start < token.end {
                    assert_eq!(vec![token.start, token.end], numbers(want), "{name}: {text}");
                }
            }
        }
    }
}

#[test]
fn logits_are_those_of_transformers() {
    for name in FOLDERS {
        let tagger = Tagger::open(&folder(name), 0.0).unwrap();
        let mut worst = 0f64;
        for case in golden(name) {
            let ids: Vec<u32> = numbers(&case["ids"]).into_iter().map(|id| id as u32).collect();
            let got = tagger.encoder.logits(&ids).unwrap().to_vec2::<f32>().unwrap();
            let want = case["logits"].as_array().unwrap();
            assert_eq!(got.len(), want.len());
            for (got, want) in got.iter().zip(want) {
                for (got, want) in got.iter().zip(want.as_array().unwrap()) {
                    worst = worst.max((f64::from(*got) - want.as_f64().unwrap()).abs());
                }
            }
        }
        assert!(worst < 1e-4, "{name}: {worst:.2e}");
        println!("{name}: {worst:.2e}");
    }
}

#[test]
fn spans_are_the_entities_of_the_pipeline() {
    let tagger = Tagger::open(&folder("bert"), 0.0).unwrap();
    for case in golden("bert") {
        let text = case["text"].as_str().unwrap();
        let people = case["entities"].as_array().unwrap().iter().filter(|entity| entity["group"] == "PER");
        let mut want: Vec<(usize, usize, f64)> = people
            .map(|e| {
                let at = |key: &str| e[key].as_u64().unwrap() as usize;
                (at("start"), at("end"), e["score"].as_f64().unwrap())
            })
            .collect();
        // One difference is meant: what a hyphen alone parts is one name.
        if let Some(at) = text.find("pimurak-grytil") {
            let score = want.iter().filter(|span| span.0 >= at).map(|span| span.2).sum::<f64>() / 2.0;
            want.retain(|span| span.0 < at);
            want.push((at, at + "pimurak-grytil".len(), score));
        }
        let got = tagger.spans(text).unwrap();
        assert_eq!(got.len(), want.len(), "{text}: {got:?}");
        for (got, want) in got.iter().zip(&want) {
            assert_eq!((got.range.start, got.range.end), (want.0, want.1), "{text}");
            assert!((f64::from(got.score) - want.2).abs() < 1e-4, "{text}");
            assert_eq!((got.entity, got.layer), (Entity::Person, Layer::Model));
        }
    }
}

#[test]
fn nothing_is_lost_between_windows() {
    let tagger = Tagger::open(&folder("bert"), 0.5).unwrap();
    assert_eq!(tagger.room, 62);
    for (line, name) in [
        ("we had lunch with qoreska velundo near the harbour.\n", "qoreska velundo"),
        ("ask pimzzo, not the helpdesk; ", "pimzzo"),
        ("vélkash: the old notes\n\n", "vélkash"),
    ] {
        let text = line.repeat(40);
        let spans = tagger.spans(&text).unwrap();
        assert!(spans.windows(2).all(|two| two[0].range.end <= two[1].range.start));
        // A model this small now and then begins a name anew with its second word; a word that was lost or read twice
        // would be the windows' fault.
        let found: String = spans.iter().map(|span| &text[span.range.clone()]).collect();
        let bare = |text: &str| text.replace(' ', "");
        assert_eq!(bare(&found), bare(name).repeat(40));
        assert!(spans.len() < 44, "{}", spans.len());
    }
    assert_eq!(tagger.spans("").unwrap(), []);
    assert_eq!(tagger.spans(" \n\u{200b}\u{a0}").unwrap(), []);
}

#[test]
fn a_threshold_drops_what_is_less_sure() {
    let text = "we had lunch with qoreska velundo near the harbour";
    let all = Tagger::open(&folder("bert"), 0.0).unwrap();
    let none = Tagger::open(&folder("bert"), 1.0).unwrap();
    assert_eq!((all.spans(text).unwrap().len(), none.spans(text).unwrap().len()), (1, 0));
    assert_ne!(all.hash(), none.hash());
    assert_eq!(all.hash(), Tagger::open(&folder("bert"), 0.0).unwrap().hash());
}

/// A copy of the folder in which `change` has edited config.json.
fn changed(name: &str, change: impl FnOnce(&mut Value)) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for file in ["config.json", "tokenizer.json", "model.safetensors"] {
        std::fs::copy(folder(name).join(file), dir.path().join(file)).unwrap();
    }
    let path = dir.path().join("config.json");
    let mut config: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    change(&mut config);
    std::fs::write(&path, config.to_string()).unwrap();
    dir
}

#[test]
fn what_is_not_understood_is_refused() {
    let refused = |dir: &Path| Tagger::open(dir, 0.5).unwrap_err();
    assert!(matches!(refused(Path::new("no/such/folder")), TaggerError::NoFolder(_)));
    for file in ["config.json", "tokenizer.json", "model.safetensors"] {
        let dir = changed("bert", |_| {});
        std::fs::remove_file(dir.path().join(file)).unwrap();
        let error = refused(dir.path());
        assert!(error.to_string().contains(file) && error.hint().is_some(), "{error}");
    }
    let dir = changed("bert", |config| config["model_type"] = json!("llama"));
    assert!(refused(dir.path()).to_string().contains("llama"));
    let dir = changed("bert", |config| config["architectures"] = json!(["BertForMaskedLM"]));
    assert!(refused(dir.path()).to_string().contains("BertForMaskedLM"));
    let dir = changed("bert", |config| config["num_hidden_layers"] = json!(3));
    assert!(refused(dir.path()).to_string().contains("bert.encoder.layer.2"));
    let dir = changed("bert", |config| config["intermediate_size"] = json!(65));
    assert!(refused(dir.path()).to_string().contains("intermediate"));
    let dir = changed("bert", |config| config["num_attention_heads"] = json!(5));
    assert!(matches!(refused(dir.path()), TaggerError::Config(_)));
    let dir = changed("bert", |config| config["hidden_act"] = json!("swish"));
    assert!(matches!(refused(dir.path()), TaggerError::Unsupported(_)));
    let dir = changed("bert", |config| {
        config["id2label"] = json!({"0": "O", "1": "B-LOC", "2": "I-LOC", "3": "B-ORG", "4": "x"})
    });
    assert!(refused(dir.path()).to_string().contains("B-ORG"));
    let dir = changed("bert", |config| config["id2label"] = json!({"0": "O", "2": "B-PER"}));
    assert!(matches!(refused(dir.path()), TaggerError::Config(_)));
    let dir = changed("bert", |config| config["id2label"] = json!({"0": "O", "1": "B-PER"}));
    assert!(refused(dir.path()).to_string().contains("classifier"));
    let dir = changed("bert", |config| config["vocab_size"] = json!(10));
    assert!(matches!(refused(dir.path()), TaggerError::Tokenizer(_)));
    let dir = changed("bert", |config| config["max_position_embeddings"] = json!(4));
    assert!(matches!(refused(dir.path()), TaggerError::Config(_)));
    for vocab in [json!(-1), json!("many"), json!(1e300), Value::Null] {
        let dir = changed("bert", |config| config["vocab_size"] = vocab);
        assert!(matches!(refused(dir.path()), TaggerError::Config(_)));
    }
    let dir = changed("deberta", |config| config["num_hidden_layers"] = json!(3));
    assert!(refused(dir.path()).to_string().contains("deberta.encoder.layer.2"));
    let dir = changed("bert", |_| {});
    let path = dir.path().join("model.safetensors");
    let bytes = std::fs::read(&path).unwrap();
    std::fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
    assert!(matches!(refused(dir.path()), TaggerError::Hub(HubError::SafeTensors { .. })));
}

#[test]
fn weights_that_are_no_numbers_are_an_error_not_silence() {
    let dir = changed("bert", |_| {});
    let path = dir.path().join("model.safetensors");
    let mut bytes = std::fs::read(&path).unwrap();
    let end = bytes.len();
    bytes[end - 4096..].copy_from_slice(&f32::NAN.to_le_bytes().repeat(1024));
    std::fs::write(&path, &bytes).unwrap();
    let tagger = Tagger::open(dir.path(), 0.5).unwrap();
    assert!(tagger.find("we had lunch with qoreska").is_err());
}

#[test]
fn names_of_models_and_of_their_parts() {
    // XLM-RoBERTa is RoBERTa with another tokenizer.
    let dir = changed("roberta", |config| config["model_type"] = json!("xlm-roberta"));
    assert!(Tagger::open(dir.path(), 0.5).is_ok());
    // Labels of another scheme on the same weights.
    let labels = json!({"0": "O", "1": "B-GIVENNAME", "2": "B-SURNAME", "3": "B-private_email", "4": "I-LOC"});
    let dir = changed("bert", |config| config["id2label"] = labels);
    let tagger = Tagger::open(dir.path(), 0.5).unwrap();
    let text = "we had lunch with qoreska velundo near drelmouth";
    let found: Vec<_> = tagger.spans(text).unwrap().into_iter().map(|span| (span.entity, &text[span.range])).collect();
    assert_eq!(found, [(Entity::Person, "qoreska velundo"), (Entity::Email, "drelmouth")]);
}
