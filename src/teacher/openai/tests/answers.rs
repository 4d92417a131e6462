//! What is sent, how it changes with the endpoint, and how answers are read.

use serde_json::{Value, json};

use super::server::{Server, Step, answer};
use super::*;

#[tokio::test]
async fn the_first_request_asks_for_all_that_helps() {
    let server = Server::steps(&[Step::ok("{\"rows\":[]}")]);
    let mut settings = settings(&server);
    (settings.temperature, settings.seed) = (Some(0.5), Some(u64::MAX));
    let teacher = teacher_with(settings, None);
    let completion = teacher.answer(Call { sample: 1, ..call("the text") }).await.unwrap();
    assert_eq!((completion.text.as_str(), completion.finish), ("{\"rows\":[]}", Finish::Stop));
    assert_eq!(completion.usage, Usage { prompt_tokens: 100, completion_tokens: 20, cost_usd: 0.0 });
    let seen = &server.seen()[0];
    assert!(seen.head.starts_with("post /v1/chat/completions http/1.1"), "{}", seen.head);
    let expected = json!({
        "model": "test-model",
        "messages": [
            { "role": "system", "content": "You write questions." },
            { "role": "user", "content": "the text" },
        ],
        "max_tokens": 2048,
        "temperature": 0.5,
        "seed": 0,
        "response_format": { "type": "json_schema", "json_schema": { "name": "qa", "strict": true, "schema": call("").schema } },
        "stream": false,
    });
    assert_eq!(seen.body, expected);
    assert_eq!(teacher.name(), "openai:test-model");
    assert_eq!(teacher.parameters(), format!(r#"{{"temperature":0.5,"max_tokens":2048,"seed":{}}}"#, u64::MAX));
}

#[tokio::test]
async fn a_rejected_schema_becomes_json_mode_then_plain_and_is_remembered() {
    let server = Server::start(|_, body| match body["response_format"]["type"].as_str() {
        Some("json_schema") => {
            Step::error(400, json!({ "message": "'response_format.type' must be 'json_object'", "code": 400 }))
        }
        Some(_) => Step::new(422, "response_format: Extra inputs are not permitted"),
        None => Step::ok("{}"),
    });
    let teacher = teacher(&server);
    teacher.answer(call("first")).await.unwrap();
    teacher.answer(call("second")).await.unwrap();
    let formats: Vec<Value> = server.seen().iter().map(|s| s.body["response_format"]["type"].clone()).collect();
    assert_eq!(formats, [json!("json_schema"), json!("json_object"), Value::Null, Value::Null]);
    for seen in &server.seen()[1..] {
        let system = seen.body["messages"][0]["content"].as_str().unwrap();
        assert!(system.contains("JSON Schema") && system.contains("\"rows\""), "{system}");
    }
}

#[tokio::test]
async fn parameters_that_a_model_rejects_are_replaced_or_left_out() {
    let unsupported = |param: &str| {
        let message = format!("Unsupported parameter: '{param}' is not supported with this model.");
        Step::error(
            400,
            json!({ "message": message, "type": "invalid_request_error", "param": param, "code": "unsupported_parameter" }),
        )
    };
    let server = Server::start(move |_, body| match body {
        b if b.get("max_tokens").is_some() => unsupported("max_tokens"),
        b if b.get("temperature").is_some() => unsupported("temperature"),
        b if b.get("seed").is_some() => unsupported("seed"),
        _ => Step::ok("{}"),
    });
    let mut settings = settings(&server);
    (settings.temperature, settings.seed) = (Some(0.5), Some(7));
    let teacher = teacher_with(settings, None);
    teacher.answer(call("first")).await.unwrap();
    teacher.answer(call("second")).await.unwrap();
    let seen = server.seen();
    assert_eq!(seen.len(), 5);
    assert_eq!(seen[4].body["max_completion_tokens"], json!(2048));
    assert_eq!(seen[4].body["response_format"]["type"], json!("json_schema"), "the schema was never complained about");

    let server = Server::start(move |_, body| match body {
        b if b.get("max_tokens").is_some() => unsupported("max_tokens"),
        _ => unsupported("max_completion_tokens"),
    });
    failed_text(super::teacher(&server).answer(call("text")).await);
    assert_eq!(server.seen().len(), 2, "renaming ends");
}

#[tokio::test]
async fn cut_and_declined_answers_are_told_apart() {
    let declined = json!({ "choices": [{ "message": { "content": null, "refusal": "I can't do that" }, "finish_reason": "stop" }] });
    let server = Server::steps(&[
        Step::new(200, answer("{\"rows\":[", "length")),
        Step::new(200, declined),
        Step::new(200, answer("", "content_filter")),
        Step::error(400, json!({ "message": "The prompt was filtered", "code": "content_filter" })),
        Step::ok("<think>\nhm</think>\n{}"),
    ]);
    let teacher = teacher(&server);
    let mut ends = Vec::new();
    for _ in 0..5 {
        let completion = teacher.answer(call("text")).await.unwrap();
        ends.push((completion.finish, completion.text));
    }
    let expected = [
        (Finish::Length, "{\"rows\":["),
        (Finish::Refused, "I can't do that"),
        (Finish::Refused, "stopped by the endpoint's content filter"),
        (Finish::Refused, "The prompt was filtered"),
        (Finish::Stop, "{}"),
    ];
    assert_eq!(ends, expected.map(|(finish, text)| (finish, text.to_owned())));
}

#[tokio::test]
async fn missing_usage_is_estimated() {
    let bare = json!({ "choices": [{ "message": { "content": "one two three four five" } }] });
    let server = Server::steps(&[Step::new(200, bare)]);
    let usage = teacher(&server).answer(call("six seven eight nine ten")).await.unwrap().usage;
    assert_eq!(usage.completion_tokens, 5);
    assert!((20..100).contains(&usage.prompt_tokens), "{usage:?}");
}
