//! What is found out about endpoints of several kinds.

use serde_json::{Value, json};

use super::server::{Server, Step};
use super::*;

fn listed(names: &[&str]) -> Step {
    let data: Vec<Value> = names.iter().map(|id| json!({ "id": id, "object": "model" })).collect();
    Step::new(200, json!({ "object": "list", "data": data }))
}

async fn examined(server: &Server) -> Diagnosis {
    examine(settings(server)).await.unwrap()
}

#[tokio::test]
async fn an_endpoint_with_everything() {
    let server = Server::start(|_, body| match body {
        Value::Null => listed(&["other", "test-model"]),
        _ => Step::ok("{\"colour\": \"red\"}")
            .header("x-ratelimit-limit-requests", "500")
            .header("x-ratelimit-remaining-requests", "499")
            .header("x-ratelimit-reset-requests", "120ms")
            .header("x-ratelimit-limit-tokens", "200000"),
    });
    let mut settings = settings(&server);
    settings.price = Some(Price::new(1.0, 2.0));
    let found = examine(settings).await.unwrap();
    assert!(found.usable && found.reachable && found.key_sent, "{found:?}");
    assert_eq!((found.key_accepted, found.model_listed), (Some(true), Some(true)));
    assert_eq!((found.format, found.schema_followed), (Some("json_schema"), Some(true)));
    assert_eq!((found.limit_parameter, found.temperature), (Some("max_tokens"), Some(true)));
    assert_eq!((found.seed, found.usage, found.requests), (Some(true), Some(true), 3));
    let limit = |of, limit, remaining| LimitSeen { of, limit: Some(limit), window_secs: Some(60), remaining };
    assert_eq!(found.limits, [limit("requests", 500, Some(499)), limit("tokens", 200_000, None)]);
    assert!(found.latency_secs.is_some() && found.tokens_per_second.is_some());
    assert!((found.cost_usd.unwrap() - 2.0 * (100.0 + 2.0 * 20.0) / 1e6).abs() < 1e-12);
    assert!(server.seen()[0].head.starts_with("get /v1/models"));
    assert!(!format!("{found:?} {}", json!(found)).contains(&test_key()));
}

#[tokio::test]
async fn an_endpoint_with_little() {
    let server = Server::start(|_, body| match body {
        Value::Null => Step::new(404, "404 page not found"),
        b if b.get("seed").is_some() => Step::error(400, json!({ "message": "unknown field seed", "param": "seed" })),
        b if b.get("response_format").is_some() => Step::new(422, "response_format: extra inputs are not permitted"),
        _ => Step::new(200, json!({ "choices": [{ "message": { "content": "Ripe tomatoes are red." } }] })),
    });
    let found = examined(&server).await;
    assert!(found.usable, "{found:?}");
    assert_eq!((found.model_listed, found.format, found.schema_followed), (None, Some("plain"), Some(false)));
    assert_eq!((found.seed, found.temperature, found.usage), (Some(false), Some(true), Some(false)));
    assert_eq!((found.limits.len(), found.price), (0, None));
}

#[tokio::test]
async fn endpoints_that_cannot_be_used_are_told_apart() {
    let check = |found: Diagnosis, word: &str| {
        let said = format!("{} | {}", found.cause.unwrap(), found.hint.unwrap());
        assert!(!found.usable && said.contains(word) && !said.contains(&test_key()), "{said}");
    };
    let key = test_key();
    let server = Server::start(move |_, _| Step::error(401, json!({ "message": format!("Incorrect key {key}") })));
    let found = examined(&server).await;
    assert_eq!(found.key_accepted, Some(false));
    check(found, "OPENAI_API_KEY");

    let server = Server::start(|_, body| match body {
        Value::Null => listed(&["test-model-2"]),
        _ => Step::error(404, json!({ "message": "no such model", "code": "model_not_found" })),
    });
    let found = examined(&server).await;
    assert_eq!((found.model_listed, found.models.as_deref()), (Some(false), Some(&["test-model-2".to_owned()][..])));
    check(found, "--model");

    let quota = json!({ "message": "You exceeded your quota", "code": "insufficient_quota" });
    let server = Server::start(move |_, body| match body {
        Value::Null => listed(&["test-model"]),
        _ => Step::error(429, quota.clone()),
    });
    check(examined(&server).await, "billing");

    let server = Server::start(|_, _| Step::new(429, "later").header("retry-after", "3600"));
    check(examined(&server).await, "3600 s");

    let server = Server::start(|_, _| Step::new(200, "<html><title>Welcome</title></html>"));
    check(examined(&server).await, "Welcome");

    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let nobody = format!("http://{}/v1", listener.local_addr().unwrap());
    drop(listener);
    let found = examine(OpenAiSettings::new(&nobody, ApiKey::default(), "m")).await.unwrap();
    assert!(!found.reachable);
    check(found, "cannot connect");
}
