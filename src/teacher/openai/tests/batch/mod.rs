//! The batch teacher against a Batch API on this machine.

mod ends;
mod restart;
mod service;

use std::path::Path;
use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::server::answer;
use super::*;
use service::{Fault, Plan, Service, all_good, good, id, line, said};

fn endpoint(service: &Service) -> OpenAiSettings {
    let mut settings = OpenAiSettings::new(&service.base_url, ApiKey::new(&test_key()), "test-model");
    (settings.max_retries, settings.timeout_secs) = (2, 5);
    settings
}

/// With waits some thousand times shorter than a person's.
fn fast() -> BatchSettings {
    BatchSettings { poll: Duration::from_millis(6), quiet: Duration::from_millis(100), ..BatchSettings::default() }
}

fn batches_with(settings: OpenAiSettings, batch: BatchSettings, folder: &Path) -> BatchTeacher {
    let pace = Pace { first: Duration::from_millis(5), longest: Duration::from_millis(20), ..Pace::default() };
    BatchTeacher::with_pace(settings, &folder.join("cache.db"), batch, pace).unwrap()
}

fn batches(service: &Service, folder: &Path) -> BatchTeacher {
    batches_with(endpoint(service), fast(), folder)
}

fn texts(range: std::ops::Range<usize>) -> Vec<String> {
    range.map(|n| format!("text {n:02}")).collect()
}

async fn ask(teacher: &BatchTeacher, texts: &[String]) -> Vec<Result<Completion, TeacherError>> {
    join_all(texts.iter().map(|text| teacher.answer(call(text)))).await
}

/// Asserts that each text got its own answer.
fn assert_answered(texts: &[String], answers: &[Result<Completion, TeacherError>]) {
    assert_eq!(texts.len(), answers.len());
    for (text, answer) in texts.iter().zip(answers) {
        assert_eq!(answer.as_ref().unwrap().text, json!({ "said": text }).to_string());
    }
}

#[tokio::test]
async fn a_round_is_one_batch_at_half_the_price() {
    let folder = tempfile::tempdir().unwrap();
    let service = Service::start(|_, lines| all_good(lines));
    let mut settings = endpoint(&service);
    settings.price = Some(Price::new(1.0, 10.0));
    settings.seed = Some(7);
    let teacher = batches_with(settings.clone(), fast(), folder.path());
    assert!(Teacher::concurrency(&teacher) >= 50_000 && Teacher::tally(&teacher).waiting.is_none());
    let mut asked = texts(0..30);
    asked.extend(texts(0..5)); // the same paragraph in two documents
    let answers = ask(&teacher, &asked).await;
    assert_answered(&asked, &answers);
    assert_eq!((service.count("POST /files"), service.count("POST /batches")), (1, 1));
    let half = (100.0 + 20.0 * 10.0) / 1e6 / 2.0;
    assert!((answers[0].as_ref().unwrap().usage.cost_usd - half).abs() < 1e-12);
    let tally = teacher.tally();
    assert_eq!((tally.sent, tally.answered, tally.cached), (30, 30, 0));
    assert!((tally.spent_usd - 30.0 * half).abs() < 1e-9);
    assert_eq!(service.files(), 0, "nothing is left at the service");
    {
        let state = service.state();
        assert!(state.upload.contains("name=\"purpose\"\r\n\r\nbatch\r\n"), "{}", state.upload);
        assert!(state.heads[0].contains("content-type: multipart/form-data; boundary="));
        assert!(state.heads.iter().all(|h| h.contains(&format!("authorization: bearer {}", test_key()))));
        let lines = &state.lines[0];
        assert_eq!(lines.len(), 30, "equal requests are one line");
        let first = lines.iter().find(|l| said(l) == "text 00").unwrap();
        assert_eq!((&first["method"], &first["url"]), (&json!("POST"), &json!("/v1/chat/completions")));
        let shape = Shape::first(&settings.clone().checked().unwrap().1);
        let live = serde_json::to_value(Request::new(&settings, &call("text 00"), shape)).unwrap();
        assert_eq!(first["body"], live, "the body is what the live teacher sends");
    }
    // Live or in batches, the answers are the same ones, and paid once.
    let calls = service.state().calls.len();
    let live = teacher_with(settings.clone(), Some(ResponseCache::open(&folder.path().join("cache.db")).unwrap()));
    let batched = Completion { cached: true, ..answers[7].clone().unwrap() };
    assert_eq!(live.answer(call("text 07")).await.unwrap(), batched);
    assert_answered(&asked, &ask(&batches_with(settings, fast(), folder.path()), &asked).await);
    assert_eq!(service.state().calls.len(), calls);
}

#[tokio::test]
async fn answers_lead_to_a_next_batch() {
    let folder = tempfile::tempdir().unwrap();
    let service = Service::start(|_, lines| all_good(lines));
    let teacher = batches(&service, folder.path());
    // A repair turn follows an answer within the same round.
    let ended = join_all(texts(0..6).into_iter().map(async |text| {
        teacher.answer(call(&text)).await.unwrap();
        teacher.answer(call(&format!("repair {text}"))).await.unwrap().text
    }))
    .await;
    assert_eq!(ended[3], json!({ "said": "repair text 03" }).to_string());
    assert_eq!(service.count("POST /batches"), 2);
    // The collector has ended with its last call, and starts anew.
    tokio::time::sleep(Duration::from_millis(50)).await;
    teacher.answer(call("one more")).await.unwrap();
    assert_eq!(service.count("POST /batches"), 3);
}

#[tokio::test]
async fn large_rounds_are_several_batches() {
    let folder = tempfile::tempdir().unwrap();
    let service = Service::start(|_, lines| all_good(lines));
    let teacher = batches_with(endpoint(&service), BatchSettings { most_lines: 4, ..fast() }, folder.path());
    let asked = texts(0..10);
    assert_answered(&asked, &ask(&teacher, &asked).await);
    let sizes: Vec<usize> = service.state().lines.iter().map(Vec::len).collect();
    assert_eq!(sizes, [4, 4, 2]);

    let line_bytes = service.state().lines[0][0].to_string().len();
    let most_bytes = 3 * line_bytes + line_bytes / 2;
    let teacher = batches_with(endpoint(&service), BatchSettings { most_bytes, ..fast() }, folder.path());
    let asked = texts(10..17);
    assert_answered(&asked, &ask(&teacher, &asked).await);
    let sizes: Vec<usize> = service.state().lines[3..].iter().map(Vec::len).collect();
    assert_eq!(sizes, [3, 3, 1]);
    let large = failed_text(teacher.answer(call(&"x".repeat(most_bytes))).await);
    assert!(large.contains("larger"), "{large}");
}

#[tokio::test]
async fn a_batch_is_cut_to_what_the_budget_allows() {
    let folder = tempfile::tempdir().unwrap();
    let service = Service::start(|_, lines| all_good(lines));
    let mut settings = endpoint(&service);
    // At most 1000 tokens at half of $1 per thousand: $0.50 set aside; 20 really written: $0.01.
    settings.price = Some(Price::new(0.0, 1000.0));
    (settings.max_tokens, settings.max_usd) = (1000, Some(1.6));
    let teacher = batches_with(settings.clone(), fast(), folder.path());
    let asked = texts(0..7);
    assert_answered(&asked, &ask(&teacher, &asked).await);
    let sizes: Vec<usize> = service.state().lines.iter().map(Vec::len).collect();
    assert_eq!(sizes, [3, 3, 1], "$1.50 of $1.60, again after $0.03, and the rest");
    assert!((teacher.tally().spent_usd - 0.07).abs() < 1e-9);

    settings.max_usd = Some(0.506);
    let teacher = batches_with(settings, fast(), folder.path());
    let answers = ask(&teacher, &texts(7..10)).await;
    let answered: Vec<&Completion> = answers.iter().filter_map(|a| a.as_ref().ok()).collect();
    assert_eq!(answered.len(), 1, "after $0.01 no further one fits: {answers:?}");
    for answer in answers.into_iter().filter(Result::is_err) {
        let text = fatal_text(answer);
        assert!(text.contains("$0.51") && text.contains("$0.0100 spent") && text.contains("kept"), "{text}");
    }
    assert_eq!(service.count("POST /batches"), 4);
}

#[tokio::test]
async fn control_calls_are_tried_again() {
    let folder = tempfile::tempdir().unwrap();
    let service = Service::start(|_, lines| all_good(lines));
    let busy = Fault::Status(429, "retry-after-ms: 30", "slow down".to_owned());
    let hiccup = Fault::Status(503, "", "<html><title>503</title></html>".to_owned());
    service.faults("POST /files", &[busy.clone(), hiccup.clone()]);
    service.faults("POST /batches", &[hiccup.clone(), busy.clone()]);
    service.faults("GET /batches/", &[hiccup.clone(), Fault::Silence, busy.clone(), Fault::Half]);
    service.faults("GET /files/", &[Fault::Silence, Fault::Half]);
    let teacher = batches(&service, folder.path());
    let asked = texts(0..40);
    assert_answered(&asked, &ask(&teacher, &asked).await);
    assert_eq!((service.count("POST /files"), service.state().lines.len()), (3, 1));
    let tally = teacher.tally();
    assert_eq!((tally.sent, tally.answered), (40, 40), "the file that broke off is read once more");

    service.faults("POST /files", &[hiccup.clone(), hiccup.clone(), hiccup]);
    let text = fatal_text(teacher.answer(call("more")).await);
    assert!(text.contains("503") && text.contains("3 times"), "{text}");
}

#[tokio::test]
async fn errors_that_concern_everybody_end_the_run_with_a_hint() {
    let folder = tempfile::tempdir().unwrap();
    let service = Service::start(|_, lines| all_good(lines));
    let teacher = batches(&service, folder.path());
    let wrong = json!({ "error": { "message": format!("Incorrect API key provided: {}", test_key()) } });
    service.faults("POST /files", &[Fault::Status(401, "", wrong.to_string())]);
    let text = fatal_text(teacher.answer(call("a")).await);
    assert!(text.contains("401") && text.contains("[key]") && text.contains("OPENAI_API_KEY"), "{text}");

    let poor = json!({ "error": { "message": "You exceeded your quota", "code": "insufficient_quota" } });
    service.faults("POST /batches", &[Fault::Status(429, "", poor.to_string())]);
    let text = fatal_text(teacher.answer(call("a")).await);
    assert!(text.contains("credit"), "{text}");

    service.faults("POST /files", &[Fault::Status(404, "", "Not Found".to_owned())]);
    let text = fatal_text(teacher.answer(call("a")).await);
    assert!(text.contains("no Batch API"), "{text}");
    assert_eq!(service.state().lines.len(), 0);
    // None of that is remembered: the next run begins anew.
    assert!(batches(&service, folder.path()).answer(call("a")).await.is_ok());
    assert_eq!((service.count("GET /batches?"), service.state().lines.len()), (0, 1));

    let nobody =
        OpenAiSettings { max_retries: 1, ..OpenAiSettings::new("http://127.0.0.1:9/v1", ApiKey::default(), "m") };
    let text = fatal_text(batches_with(nobody, fast(), folder.path()).answer(call("a")).await);
    assert!(text.contains("cannot connect") && text.contains("running"), "{text}");
}

#[tokio::test]
async fn thousands_of_requests_take_seconds() {
    let folder = tempfile::tempdir().unwrap();
    let service = Service::start(|_, lines| all_good(lines));
    let teacher =
        batches_with(endpoint(&service), BatchSettings { quiet: Duration::from_millis(500), ..fast() }, folder.path());
    let (asked, start) = (texts(0..5000), std::time::Instant::now());
    assert_answered(&asked, &ask(&teacher, &asked).await);
    let took = start.elapsed();
    assert_eq!(service.count("POST /batches"), 1);
    assert!(took < Duration::from_secs(30), "{took:?}");
    println!("5000 requests in one batch: {took:?}");
}
