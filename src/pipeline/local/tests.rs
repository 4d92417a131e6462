use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::*;
use crate::gguf::{self, Quant};
use crate::row::{Kind, answer_schema, parse};
use crate::settings::{Layers, Settings};

fn tiny() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/tiny-student")
}

fn settings() -> TeacherSettings {
    Settings::resolve(&Layers::defaults().unwrap()).unwrap().teacher
}

fn teacher(path: &Path, cache: &Path) -> Result<LocalTeacher, Error> {
    LocalTeacher::open(path, &settings(), &cache.join("responses.sqlite"))
}

fn request(kind: Kind, text: &str, rows: usize) -> Request {
    let message = |role, content: &str| Message { role, content: content.to_owned() };
    let messages = vec![message(Role::System, "You write rows. Answer with JSON only."), message(Role::User, text)];
    let schema = answer_schema(kind);
    let hash = Hasher::new().json(&messages).json(&schema).finish();
    Request { hash, messages, schema, rows }
}

/// The tiny student without its chat template, and with `model_type` if that is given.
fn copy(to: &Path, template: bool, model_type: Option<&str>) {
    for entry in std::fs::read_dir(tiny()).unwrap() {
        let from = entry.unwrap().path();
        let name = from.file_name().unwrap().to_string_lossy().into_owned();
        let out = to.join(&name);
        let mut json: Value = match name.as_str() {
            "chat_template.jinja" if !template => continue,
            "tokenizer_config.json" | "config.json" => serde_json::from_slice(&std::fs::read(&from).unwrap()).unwrap(),
            _ => {
                std::fs::copy(&from, &out).unwrap();
                continue;
            }
        };
        if !template && let Some(map) = json.as_object_mut() {
            map.remove("chat_template");
        }
        if let (Some(kind), "config.json") = (model_type, name.as_str()) {
            json["model_type"] = kind.into();
            json["architectures"] = json!(["OtherForCausalLM"]);
        }
        std::fs::write(out, json.to_string()).unwrap();
    }
}

const PASSAGE: &str = "In 2019 I moved the ticket system to a queue. It took two months and 38 ms a call.";

#[test]
fn folders_and_ggufs_answer_in_rows() {
    let dir = tempfile::tempdir().unwrap();
    let gguf = dir.path().join("tiny.gguf");
    let folder = Folder::open(&tiny()).unwrap();
    let source = gguf::FolderSource::new(&folder, &[]).unwrap();
    gguf::export(&source, &gguf, &gguf::ExportOptions::new(Quant::Q8_0), &mut |_, _| true).unwrap().commit().unwrap();
    for (path, name) in [(tiny(), "local:tiny-student"), (gguf, "local:tiny.gguf")] {
        let teacher = teacher(&path, dir.path()).unwrap();
        assert_eq!(teacher.name(), name);
        assert!(teacher.notice().contains("nothing leaves the machine"));
        let mut complete = 0;
        for kind in Kind::ALL {
            let request = request(kind, PASSAGE, 2);
            let completion = teacher.0.answer(&request, &|| false).unwrap();
            let rows = parse(kind, &completion.text).unwrap();
            assert_eq!(rows.len(), 2, "{}", completion.text);
            let sound = rows.iter().filter(|r| r.is_ok()).count();
            complete += sound;
            assert_eq!(completion.finish == Finish::Stop, sound > 0, "{}", completion.text);
            assert!(completion.usage.prompt_tokens > 20 && completion.usage.completion_tokens > 5);
        }
        assert!(complete > 0);
        let tally = teacher.tally();
        assert_eq!((tally.answered, tally.cached), (3, 0));
        let seconds = |d: std::time::Duration| d.as_secs_f64();
        let s = tally.spent;
        println!(
            "{name}: read {} in {:.2} s; drawn {} in {:.2} s ({:.0}/s); fed {} in {:.2} s ({:.0}/s); cut {}",
            s.read,
            seconds(s.prompt),
            s.drawn,
            seconds(s.free),
            s.drawn as f64 / seconds(s.free),
            s.fed,
            seconds(s.forced),
            s.fed as f64 / seconds(s.forced).max(1e-9),
            tally.cut
        );
    }
}

#[test]
fn another_process_gives_the_same_answers() {
    let dir = tempfile::tempdir().unwrap();
    let first = teacher(&tiny(), dir.path()).unwrap();
    let second = teacher(&tiny(), dir.path()).unwrap();
    assert_eq!(first.identity(), second.identity());
    let (a, b) = (request(Kind::Cot, PASSAGE, 1), request(Kind::Qa, "Another passage. It is short.", 1));
    let at_once = second.0.answer(&b, &|| false).unwrap();
    first.0.answer(&a, &|| false).unwrap();
    assert_eq!(first.0.answer(&b, &|| false).unwrap(), at_once);
    let mut other = settings();
    other.seed = 1;
    let other = LocalTeacher::open(&tiny(), &other, &dir.path().join("responses.sqlite")).unwrap();
    assert_ne!(first.identity(), other.identity());
}

#[cfg(feature = "teacher")]
#[test]
fn what_was_kept_is_not_asked_again() {
    let dir = tempfile::tempdir().unwrap();
    let first = teacher(&tiny(), dir.path()).unwrap();
    let request = request(Kind::Cot, PASSAGE, 1);
    let answer = first.0.answer(&request, &|| false).unwrap();
    first.0.cache.put(&request.hash, &first.name(), &answer).unwrap();
    let second = teacher(&tiny(), dir.path()).unwrap();
    let again = second.0.answer(&request, &|| false).unwrap();
    assert!(again.cached && !answer.cached);
    assert_eq!(again.text, answer.text);
    let tally = second.tally();
    assert_eq!((tally.answered, tally.cached), (0, 1));
    // Nothing was loaded for it.
    assert!(second.0.at_work.lock().unwrap().is_none());
}

#[test]
fn an_interrupted_answer_is_none() {
    let dir = tempfile::tempdir().unwrap();
    let teacher = teacher(&tiny(), dir.path()).unwrap();
    let request = request(Kind::Qa, PASSAGE, 3);
    let looked = std::cell::Cell::new(0);
    let stop = || {
        looked.set(looked.get() + 1);
        looked.get() > 9
    };
    let error = teacher.0.answer(&request, &stop).unwrap_err();
    assert!(matches!(&error, TeacherError::Interrupted { .. }), "{error}");
    assert_eq!(teacher.tally().answered, 0);
    teacher.0.answer(&request, &|| false).unwrap();
}

#[test]
fn prompts_that_do_not_fit_cost_that_request_alone() {
    let dir = tempfile::tempdir().unwrap();
    let teacher = teacher(&tiny(), dir.path()).unwrap();
    let error = teacher.0.answer(&request(Kind::Qa, &"word ".repeat(3000), 1), &|| false).unwrap_err();
    assert!(matches!(&error, TeacherError::Failed { reason } if reason.contains("reads 2048")), "{error}");
    let mut odd = request(Kind::Qa, PASSAGE, 1);
    odd.schema = json!({ "$ref": "#" });
    assert!(matches!(teacher.0.answer(&odd, &|| false), Err(TeacherError::Fatal { .. })));
    teacher.0.answer(&request(Kind::Cot, PASSAGE, 1), &|| false).unwrap();
}

#[test]
fn what_is_no_model_is_named_with_what_to_do() {
    let dir = tempfile::tempdir().unwrap();
    let d = dir.path();
    let fails = |path: &Path, words: &[&str]| {
        let error = teacher(path, d).err().unwrap();
        let said = format!("{error} {}", error.render());
        for word in words {
            assert!(said.contains(word), "`{word}` is not in: {said}");
        }
    };
    fails(&d.join("absent.gguf"), &["no such file or folder", "GGUF or a Hugging Face folder"]);
    let empty = d.join("empty");
    std::fs::create_dir(&empty).unwrap();
    fails(&empty, &["no model in this folder", "takes a GGUF"]);
    std::fs::write(empty.join("a.gguf"), "no GGUF").unwrap();
    fails(&empty, &["no model in this folder", "a.gguf"]);
    fails(&empty.join("a.gguf"), &["not a sound GGUF"]);
    let other = d.join("other");
    std::fs::create_dir(&other).unwrap();
    copy(&other, true, Some("gemma3_text"));
    fails(&other, &["unsupported model", "gemma3_text", "`llama`"]);
    let mut cuda = settings();
    cuda.device = "cuda".into();
    if !cfg!(feature = "cuda") {
        assert!(LocalTeacher::open(&tiny(), &cuda, &d.join("c.sqlite")).is_err());
    }
}

#[test]
fn a_model_without_a_template_is_asked_in_a_plain_one() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("plain");
    std::fs::create_dir(&folder).unwrap();
    copy(&folder, false, None);
    let teacher = teacher(&folder, dir.path()).unwrap();
    assert!(teacher.notice().contains("no chat template"), "{}", teacher.notice());
    teacher.0.answer(&request(Kind::Cot, PASSAGE, 1), &|| false).unwrap();
}

#[test]
fn a_template_without_a_system_turn_gets_its_words_in_the_first_request() {
    let json = std::fs::read(tiny().join("tokenizer.json")).unwrap();
    let source = "{% for m in messages %}{% if m.role == 'system' %}{{ raise_exception('no system') }}{% endif %}\
                  <{{ m.role }}>{{ m.content }}{% endfor %}";
    let encoder = Encoder::new(&json, Some(source), std::collections::BTreeMap::new()).unwrap();
    let request = request(Kind::Cot, "Now.", 1);
    let ids = prompt_ids(&encoder, &request.messages).unwrap();
    let text = encoder.tokenizer.decode(&ids, false).unwrap();
    assert_eq!(text, "<user>You write rows. Answer with JSON only.\n\nNow.");
    let wrong = Encoder::new(&json, Some("{{ raise_exception('never') }}"), std::collections::BTreeMap::new()).unwrap();
    assert!(prompt_ids(&wrong, &request.messages).is_err());
}
