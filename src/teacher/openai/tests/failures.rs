//! Errors that pass, errors that stay, and what is said about them.

use std::time::{Duration, Instant};

use serde_json::json;

use super::server::{Server, Step};
use super::*;

/// Runs one prompt against these steps; all of them have to be used up.
async fn ask(steps: &[Step]) -> Result<Completion, TeacherError> {
    let server = Server::steps(steps);
    let result = teacher(&server).answer(call("text")).await;
    assert_eq!(server.seen().len(), steps.len(), "requests sent");
    result
}

#[tokio::test]
async fn a_rate_limit_is_waited_out() {
    let limited =
        Step::error(429, json!({ "message": "slow down", "type": "requests", "code": "rate_limit_exceeded" }));
    let start = Instant::now();
    let result = ask(&[limited.clone().header("retry-after", "1"), Step::ok("{}")]).await;
    assert_eq!(result.unwrap().text, "{}");
    assert!(start.elapsed() >= Duration::from_secs(1));

    let start = Instant::now();
    ask(&[limited.header("retry-after-ms", "60").header("retry-after", "30"), Step::ok("{}")]).await.unwrap();
    assert!(start.elapsed() >= Duration::from_millis(60) && start.elapsed() < Duration::from_secs(3));
}

#[tokio::test]
async fn a_pause_holds_for_all_requests() {
    let server = Server::start(|n, _| match n {
        0 => Step::new(429, "slow").header("retry-after-ms", "400"),
        _ => Step::ok("{}"),
    });
    let teacher = teacher(&server);
    let late = async {
        tokio::time::sleep(Duration::from_millis(150)).await;
        teacher.answer(call("second")).await
    };
    let (first, second) = tokio::join!(teacher.answer(call("first")), late);
    first.unwrap();
    second.unwrap();
    let seen = server.seen();
    assert!(seen[1..].iter().all(|s| s.at - seen[0].at >= Duration::from_millis(390)), "sent during the pause");
}

#[tokio::test]
async fn errors_that_pass_are_tried_again() {
    let html = "<!DOCTYPE html><html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>";
    for step in [
        Step::new(429, "Too many requests, please slow down."),
        Step::new(500, html),
        Step::new(503, ""),
        Step::new(408, "timeout"),
        Step::new(409, "conflict"),
        Step::error(429, json!({ "message": "slots busy", "type": "unavailable_error", "code": 429 })),
        Step::error(503, json!({ "message": "Loading model", "type": "unavailable_error", "code": 503 })),
        Step::new(200, json!({ "error": { "message": "upstream failed", "code": 502 } })),
        Step::new(200, r#"{"choices":[{"message":{"role":"assistant","cont"#),
        Step::new(200, r#"{"choices":[{"message":{"role":"assistant","content":"{}"}}]}"#).cut(),
        Step::new(200, json!({ "choices": [] })),
        Step::new(200, html),
    ] {
        assert_eq!(ask(&[step, Step::ok("{}")]).await.unwrap().text, "{}");
    }
}

#[tokio::test]
async fn a_timeout_is_tried_again() {
    let server = Server::steps(&[Step::ok("late").after(Duration::from_millis(1500)), Step::ok("in time")]);
    let mut settings = settings(&server);
    settings.timeout_secs = 1;
    assert_eq!(teacher_with(settings, None).answer(call("text")).await.unwrap().text, "in time");
}

#[tokio::test]
async fn retries_end() {
    let text = failed_text(ask(&vec![Step::new(500, "<html><title>Oops</title></html>"); 3]).await);
    assert!(text.contains("500: Oops") && text.contains("tried 3 times"), "{text}");
    let text = failed_text(ask(&vec![Step::new(200, "{\"choices\":["); 3]).await);
    assert!(text.contains("no complete JSON"), "{text}");
    let text = fatal_text(ask(&[Step::new(429, "daily limit").header("retry-after", "86400")]).await);
    assert!(text.contains("86400") && text.contains("kept"), "{text}");
}

#[tokio::test]
async fn errors_that_stay_end_the_run_at_once() {
    let quota =
        json!({ "message": "You exceeded your quota", "type": "insufficient_quota", "code": "insufficient_quota" });
    let missing = json!({ "message": "model \"test-model\" not found, try pulling it first" });
    for (step, word) in [
        (Step::error(429, quota), "billing"),
        (
            Step::error(401, json!({ "message": "Incorrect API key provided", "code": "invalid_api_key" })),
            "OPENAI_API_KEY",
        ),
        (Step::new(401, "Unauthorized"), "OPENAI_API_KEY"),
        (Step::new(403, "<html>forbidden</html>"), "OPENAI_API_KEY"),
        (Step::error(404, missing), "--model"),
        (Step::error(404, json!({ "message": "The model `x` does not exist", "code": "model_not_found" })), "--model"),
        (Step::new(404, "404 page not found"), "/v1"),
        (Step::new(302, "").header("location", "http://127.0.0.1:1/elsewhere"), "moved"),
        (Step::error(402, json!({ "message": "Insufficient credits", "code": 402 })), "billing"),
    ] {
        let text = fatal_text(ask(&[step]).await);
        assert!(text.contains(word), "{text}");
    }
}

#[tokio::test]
async fn a_rejected_request_fails_alone() {
    let text = failed_text(ask(&[Step::error(400, json!({ "message": "messages: too long", "code": 400 }))]).await);
    assert!(text.contains("messages: too long"), "{text}");
    failed_text(ask(&[Step::new(422, "unprocessable")]).await);
    failed_text(ask(&[Step::new(413, "payload")]).await);
    failed_text(
        ask(&[Step::error(400, json!({ "message": "max_tokens is too large: maximum context length is 512" }))]).await,
    );
}

#[tokio::test]
async fn a_server_that_is_not_there_is_named() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let base_url = format!("http://{}/v1", listener.local_addr().unwrap());
    drop(listener);
    let mut settings = OpenAiSettings::new(&base_url, ApiKey::default(), "test-model");
    settings.max_retries = 1;
    let text = fatal_text(teacher_with(settings, None).answer(call("text")).await);
    assert!(text.contains("cannot connect") && text.contains("refused") && text.contains("running"), "{text}");
}

#[tokio::test]
async fn the_key_goes_to_the_server_and_nowhere_else() {
    let key = test_key();
    let echo = format!("Incorrect key {key} provided");
    let mut said = Vec::new();
    let cut_key = format!("{}{key}", ". ".repeat(145));
    for step in [
        Step::new(500, &cut_key),
        Step::error(401, json!({ "message": echo })),
        Step::new(401, &echo),
        Step::new(400, &echo),
        Step::new(500, &echo),
        Step::new(200, &echo),
    ] {
        let server = Server::start(move |_, _| step.clone());
        let teacher = teacher(&server);
        let error = teacher.answer(call("text")).await.unwrap_err();
        said.push(format!("{error} {error:?} {:?} {}", teacher.settings, teacher.parameters()));
        assert!(server.seen()[0].head.contains(&format!("authorization: bearer {key}")));
    }
    let said = said.join("\n");
    assert!(said.contains("[key]") && said.contains("ApiKey(hidden)"), "{said}");
    assert!(!said.contains(&key[..8]), "{said}");

    let refused = Step::error(400, json!({ "message": echo, "code": "content_filter" }));
    assert!(!ask(&[refused]).await.unwrap().text.contains(&key));

    let server = Server::steps(&[Step::ok("{}")]);
    let mut settings = settings(&server);
    settings.api_key = ApiKey::new(" \n");
    teacher_with(settings, None).answer(call("text")).await.unwrap();
    assert!(!server.seen()[0].head.contains("authorization"), "an empty key is not sent");
}

#[test]
fn settings_that_cannot_work_are_refused() {
    let check = |change: &dyn Fn(&mut OpenAiSettings), word: &str| {
        let mut settings = OpenAiSettings::new("http://localhost:1/v1/", ApiKey::default(), "m");
        change(&mut settings);
        let text = match OpenAiTeacher::new(settings, None).err() {
            Some(TeacherError::Fatal { reason, .. }) => reason,
            other => panic!("{word}: {other:?}"),
        };
        assert!(text.contains(word), "{text}");
    };
    check(&|s| s.base_url = "localhost:11434".to_owned(), "http://");
    check(&|s| s.base_url = "https://me:secret@host/v1".to_owned(), "password");
    check(&|s| s.base_url = "https://host/v1?key=1".to_owned(), "query");
    check(&|s| s.base_url = "https://host/v1/chat/completions".to_owned(), "/chat/completions");
    check(&|s| s.model = " ".to_owned(), "model");
    check(&|s| s.api_key = ApiKey::new("two words"), "API key");
    check(&|s| s.concurrency = 0, "concurrency");
    check(&|s| s.rpm = Some(0), "rpm");
    check(&|s| s.max_usd = Some(f64::NAN), "max_usd");
    check(&|s| s.temperature = Some(-1.0), "temperature");
    check(&|s| (s.base_url, s.max_usd) = ("https://host/v1".to_owned(), Some(1.0)), "max_usd");
    let free =
        OpenAiSettings { max_usd: Some(1.0), ..OpenAiSettings::new("http://localhost:1/v1/", ApiKey::default(), "m") };
    assert!(OpenAiTeacher::new(free, None).is_ok(), "a server on this machine costs nothing");
}
