//! `distill doctor` through the binary.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;

use serde_json::{Value, json};

use crate::support::{Done, command};

fn doctor(args: &[&str], url: Option<&str>, dir: &std::path::Path) -> Done {
    let all: Vec<&str> = ["doctor"].iter().chain(args).copied().collect();
    let mut command = command(&all, dir);
    command.env_remove("OPENAI_API_KEY").env_remove("OPENAI_BASE_URL");
    if let Some(url) = url {
        command.env("OPENAI_BASE_URL", url);
    }
    command.output().unwrap().into()
}

#[test]
fn the_machine_and_the_workspace() {
    let dir = tempfile::tempdir().unwrap();
    let done = doctor(&[], None, dir.path()).expect(0);
    for word in ["distill ", "workspace", "outline", "vault", "answers", "student"] {
        assert!(done.out.contains(word), "{word}: {}", done.out);
    }
    let done = doctor(&["--output-format", "json"], None, dir.path()).expect(0);
    let json: Value = serde_json::from_str(&done.out).unwrap();
    assert_eq!(json["usable"], json!(true));
    assert!(json["checks"].as_array().unwrap().iter().all(|c| c["state"] != "bad"));

    std::fs::create_dir(dir.path().join(".distill")).unwrap();
    std::fs::write(dir.path().join(".distill/responses.sqlite"), "no database ".repeat(100)).unwrap();
    std::fs::create_dir(dir.path().join("pupil")).unwrap();
    std::fs::write(dir.path().join("distill.toml"), "[student]\nid = \"pupil\"\n[teacher]\nspec = \"openai\"\n")
        .unwrap();
    let done = doctor(&[], None, dir.path()).expect(2);
    for word in ["is damaged", "no config.json", "set OPENAI_API_KEY"] {
        assert!(done.out.contains(word), "{word}: {}", done.out);
    }
}

/// Lists models and knows one of them.
fn server() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/v1", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let mut reader = BufReader::new(&stream);
            let mut head = String::new();
            while !head.ends_with("\r\n\r\n") && reader.read_line(&mut head).unwrap() > 0 {}
            let length = head
                .to_lowercase()
                .lines()
                .find_map(|l| l.strip_prefix("content-length: ").map(|v| v.parse().unwrap()));
            let mut body = vec![0; length.unwrap_or(0)];
            reader.read_exact(&mut body).unwrap();
            let asked: Value = serde_json::from_slice(&body).unwrap_or_default();
            let (status, answer) = if head.starts_with("GET") {
                (200, json!({ "data": [{ "id": "small-model-mini" }, { "id": "something-else" }] }))
            } else if asked["model"] == "small-model-mini" {
                let message = json!({ "role": "assistant", "content": "{\"colour\": \"red\"}" });
                (
                    200,
                    json!({ "choices": [{ "message": message, "finish_reason": "stop" }], "usage": { "prompt_tokens": 9, "completion_tokens": 9 } }),
                )
            } else {
                (404, json!({ "error": { "message": "no such model", "code": "model_not_found" } }))
            };
            let answer = answer.to_string();
            write!(
                &stream,
                "HTTP/1.1 {status} X\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{answer}",
                answer.len()
            )
            .unwrap();
        }
    });
    url
}

#[test]
fn an_endpoint_that_works_and_a_model_that_is_misspelt() {
    let (dir, url) = (tempfile::tempdir().unwrap(), server());
    let done = doctor(&["--model", "small-model-mini"], Some(&url), dir.path()).expect(0);
    for word in ["json_schema", "usable (3 requests)", "tokens are reported", "on this machine"] {
        assert!(done.out.contains(word), "{word}: {}", done.out);
    }
    let done = doctor(&["--teacher", "--model", "smal-model-mini"], Some(&url), dir.path()).expect(2);
    assert!(done.out.contains("did you mean `small-model-mini`?"), "{}", done.out);
    let done = doctor(&["--teacher", "--output-format", "json"], Some(&url), dir.path()).expect(2);
    let json: Value = serde_json::from_str(&done.out).unwrap();
    assert_eq!((&json["usable"], &json["teacher"]["model_listed"]), (&json!(false), &json!(false)));
}
