use std::path::Path;

use serde_json::{Value, json};

use super::*;
use crate::hub::Folder;
use crate::model::from_folder;
use crate::prompt::{Message, Role};

fn student() -> Student {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/tiny-student");
    from_folder(&Folder::open(&dir).unwrap(), &candle_core::Device::Cpu).unwrap()
}

fn prompt(student: &Student, text: &str) -> Vec<u32> {
    student.encoder.ids(&[Message { role: Role::User, content: text.to_owned() }], true).unwrap()
}

fn schema() -> Value {
    let text = json!({ "type": "string" });
    json!({ "type": "object", "properties": { "rows": { "type": "array", "items": {
        "type": "object",
        "properties": { "instruction": text, "response": text, "sure": { "type": "boolean" }, "n": { "type": "integer" } },
    } } } })
}

fn drawing(temperature: f64, seed: u64) -> Drawing {
    Drawing { temperature, top_p: 0.95, seed, field_tokens: 24, max_tokens: 600 }
}

/// A random stretch of what the model could be asked.
const QUESTIONS: [&str; 4] = [
    "What did you build at the harbour office?",
    "Write one row about this passage.\n\n---\nIn 2019 I moved the ticket system to a queue. It took two months and 38 ms a call.",
    "Ünïcode → 🦀, please.",
    "Tell me about your work. ",
];

#[test]
fn every_answer_is_the_json_asked_for() {
    let student = student();
    let vocabulary = Vocabulary::new(&student.encoder.tokenizer);
    let grammar = Grammar::new(&schema(), 2).unwrap();
    let mut memory = Memory::default();
    let mut complete = 0;
    for (i, question) in QUESTIONS.iter().enumerate() {
        for temperature in [0.0, 0.8, 3.0] {
            let ids = prompt(&student, question);
            let drawing = drawing(temperature, i as u64);
            let got = answer(&student, &vocabulary, &mut memory, &ids, &grammar, &drawing, &|| false).unwrap();
            let value: Value = serde_json::from_str(&got.text).unwrap_or_else(|e| panic!("{e}: {}", got.text));
            let rows = value["rows"].as_array().unwrap();
            assert_eq!(rows.len(), 2, "{}", got.text);
            let whole = rows.iter().filter(|r| r["n"].is_i64() && r["sure"].is_boolean()).count();
            assert_eq!((whole, got.rows + got.cut), (got.rows, 2), "{}", got.text);
            assert!(got.spent.drawn > 0 && got.spent.fed > 0, "{got:?}");
            complete += got.rows;
        }
    }
    assert!(complete > 0);
}

#[test]
fn the_same_request_gives_the_same_answer_whatever_came_before() {
    let student = student();
    let vocabulary = Vocabulary::new(&student.encoder.tokenizer);
    let grammar = Grammar::new(&schema(), 1).unwrap();
    // Longer than one piece, so that something is reused.
    let long = format!("{} {}", QUESTIONS[1].repeat(6), QUESTIONS[0]);
    let asked = [long.clone(), format!("{long} Again?"), QUESTIONS[0].to_owned(), long.clone()];
    let one = |memory: &mut Memory, text: &str| {
        let ids = prompt(&student, text);
        answer(&student, &vocabulary, memory, &ids, &grammar, &drawing(0.9, 7), &|| false).unwrap()
    };
    let alone: Vec<Guided> = asked.iter().map(|text| one(&mut Memory::default(), text)).collect();
    let mut memory = Memory::default();
    let together: Vec<Guided> = asked.iter().map(|text| one(&mut memory, text)).collect();
    let texts = |answers: &[Guided]| answers.iter().map(|a| a.text.clone()).collect::<Vec<_>>();
    assert_eq!(texts(&alone), texts(&together));
    assert!(together[1].spent.read + 2 * PIECE < alone[1].spent.read, "{:?}", together[1].spent);
    let other =
        answer(&student, &vocabulary, &mut memory, &prompt(&student, &long), &grammar, &drawing(0.9, 8), &|| false);
    assert_ne!(other.unwrap().text, alone[0].text);
}

#[test]
fn what_was_read_is_what_the_tokenizer_says() {
    let student = student();
    let tokenizer = &student.encoder.tokenizer;
    let vocabulary = Vocabulary::new(tokenizer);
    let grammar = Grammar::new(&schema(), 2).unwrap();
    for (seed, temperature) in [(0, 0.0), (1, 1.0), (2, 3.0)] {
        let ids = prompt(&student, QUESTIONS[1]);
        let mut memory = Memory::default();
        let drawing = drawing(temperature, seed);
        let got = answer(&student, &vocabulary, &mut memory, &ids, &grammar, &drawing, &|| false).unwrap();
        let whole = tokenizer.encode_plain(&got.text).unwrap();
        assert_eq!(tokenizer.decode(&whole, false).unwrap(), got.text);
        // The cache holds the prompt and the answer up to the last joint; the tokens up to there are the tokenizer's
        // for the whole text, although tokens were drawn one by one.
        let joint = got.text.rfind("\"n\":").unwrap();
        let until = tokenizer.encode_plain(&got.text[..joint]).unwrap().len() - 1;
        assert_eq!(memory.seen[..ids.len()], ids);
        assert_eq!(memory.seen[ids.len()..ids.len() + until], whole[..until], "{}", got.text);
        // And what the model says there is what it says when it reads the text in one go.
        let target: Vec<u32> = ids.iter().chain(&whole[..until]).copied().collect();
        let input = Tensor::from_slice(&target, (1, target.len()), &candle_core::Device::Cpu).unwrap();
        let hidden = student.model.hidden(&input, None).unwrap();
        let last = hidden.narrow(1, target.len() - 1, 1).unwrap().flatten(0, 1).unwrap();
        let scored: Vec<f32> = student.model.logits(&last).unwrap().squeeze(0).unwrap().to_vec1().unwrap();
        memory.keep(target.len()).unwrap();
        let (logits, _) = memory.logits(&student, &ids, &whole[..until], &|| false).unwrap();
        let far = scored.iter().zip(&logits).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(far < 1e-3, "{far}");
    }
}

#[test]
fn boundaries_are_the_models_own() {
    let student = student();
    let tokenizer = &student.encoder.tokenizer;
    let vocabulary = Vocabulary::new(tokenizer);
    let grammar =
        Grammar::new(&json!({ "type": "object", "properties": { "a": { "enum": ["xy", "xz"] } } }), 1).unwrap();
    // `{"a":"x` is fixed up to the last letter, and a token may go on beyond it.
    let mut writer = Writer {
        grammar: &grammar,
        vocabulary: &vocabulary,
        text: Vec::new(),
        states: vec![grammar.start()],
        ids: Vec::new(),
        healed: 0,
        field: Field::default(),
        cut: 0,
    };
    writer.fixed_text(&student).unwrap();
    let text = String::from_utf8(writer.text.clone()).unwrap();
    let fed: Vec<u8> = writer.ids.iter().flat_map(|id| vocabulary.bytes(*id)).copied().collect();
    assert_eq!(fed, writer.text);
    assert!(r#"{"a":"x"#.starts_with(&text));
    let mut next = Vec::new();
    vocabulary
        .allowed(&grammar, writer.state(), |id| next.push(String::from_utf8_lossy(vocabulary.bytes(id)).into_owned()));
    let rest = &r#"{"a":"x"#[text.len()..];
    assert!(next.iter().all(|t| rest.starts_with(t.as_str()) || t.starts_with(rest)), "{next:?}");
    if !rest.is_empty() {
        assert_eq!(writer.healed, r#"{"a":"x"#.len());
        assert!(next.iter().any(|t| t.len() > rest.len()), "{next:?}");
    }
}

#[test]
fn long_strings_end_with_their_sentence_or_not_at_all() {
    let text = b"It took 3. And 3.5 days. Then";
    assert_eq!(sentence_end(text, 0, 0), Some(10));
    assert_eq!(sentence_end(text, 0, 11), Some(24));
    assert_eq!(sentence_end(b"It took 3.", 0, 0), None);
    assert_eq!(sentence_end(b"It took 3", 0, 0), None);
    assert_eq!(sentence_end("长。短".as_bytes(), 0, 0), Some(6));
    let student = student();
    let vocabulary = Vocabulary::new(&student.encoder.tokenizer);
    let grammar = Grammar::new(&schema(), 3).unwrap();
    let ids = prompt(&student, QUESTIONS[0]);
    let short = Drawing { field_tokens: 2, ..drawing(1.5, 3) };
    let got = answer(&student, &vocabulary, &mut Memory::default(), &ids, &grammar, &short, &|| false).unwrap();
    let value: Value = serde_json::from_str(&got.text).unwrap();
    assert_eq!(value["rows"].as_array().unwrap().len(), 3);
    assert!(got.cut > 0 && got.complete == (got.rows > 0), "{got:?}");
    // A limit of the whole answer closes it.
    let few = Drawing { max_tokens: 40, ..drawing(0.8, 3) };
    let got = answer(&student, &vocabulary, &mut Memory::default(), &ids, &grammar, &few, &|| false).unwrap();
    serde_json::from_str::<Value>(&got.text).unwrap();
    assert!(got.tokens < 60 && got.cut == 1, "{got:?}");
}

#[test]
fn what_cannot_be_answered_says_why() {
    let student = student();
    let vocabulary = Vocabulary::new(&student.encoder.tokenizer);
    let grammar = Grammar::new(&schema(), 1).unwrap();
    let mut memory = Memory::default();
    let long = prompt(&student, &"far too long ".repeat(1500));
    let error = answer(&student, &vocabulary, &mut memory, &long, &grammar, &drawing(0.0, 0), &|| false).unwrap_err();
    assert!(error.to_string().contains("reads 2048"), "{error}");
    let ids = prompt(&student, QUESTIONS[0]);
    let count = std::cell::Cell::new(0);
    let stop = || {
        count.set(count.get() + 1);
        count.get() > 5
    };
    let error = answer(&student, &vocabulary, &mut memory, &ids, &grammar, &drawing(0.0, 0), &stop).unwrap_err();
    assert!(matches!(error, GuidedError::Interrupted));
    // The memory is sound afterwards.
    let again = answer(&student, &vocabulary, &mut memory, &ids, &grammar, &drawing(0.0, 0), &|| false).unwrap();
    let fresh = answer(&student, &vocabulary, &mut Memory::default(), &ids, &grammar, &drawing(0.0, 0), &|| false);
    assert_eq!(again.text, fresh.unwrap().text);
}
