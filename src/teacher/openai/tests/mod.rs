//! The teacher against a scripted server on this machine. No test reaches the network.

mod answers;
mod batch;
mod doctor;
mod failures;
mod outages;
mod server;
mod spending;

use std::time::Duration;

use serde_json::json;

use super::breaker::Probing;
use super::*;
use crate::prompt::{Message, Role};
use server::Server;

/// A prompt about `text`, as [`Call::new`] takes it out of a `Prompt`.
fn call(text: &str) -> Call {
    let message = |role, content: &str| Message { role, content: content.to_owned() };
    let messages = vec![message(Role::System, "You write questions."), message(Role::User, text)];
    let schema = json!({
        "type": "object",
        "properties": { "rows": { "type": "array", "items": { "type": "string" } } },
        "required": ["rows"],
        "additionalProperties": false,
    });
    let hash = Hasher::new().json(&messages).json(&schema).finish();
    Call { name: "qa".to_owned(), messages, schema, sample: 0, hash, rows: None }
}

/// Put together at run time, so that no scanner takes the source for a leak.
fn test_key() -> String {
    ["not", "a", "real", "key", "0123456789"].join("-")
}

fn settings(server: &Server) -> OpenAiSettings {
    let mut settings = OpenAiSettings::new(&server.base_url, ApiKey::new(&test_key()), "test-model");
    settings.max_retries = 2;
    settings.timeout_secs = 5;
    settings
}

/// Waits a hundred times shorter than a person's.
fn fast() -> Pace {
    let ms = Duration::from_millis;
    Pace {
        first: ms(5),
        longest: ms(20),
        longest_for_all: ms(20),
        cooldown: ms(50),
        probing: Probing { first: ms(20), longest: ms(100), looks: 6 },
        ..Pace::default()
    }
}

fn teacher_with(settings: OpenAiSettings, cache: Option<ResponseCache>) -> OpenAiTeacher {
    OpenAiTeacher::with_pace(settings, cache, fast()).unwrap()
}

fn teacher(server: &Server) -> OpenAiTeacher {
    teacher_with(settings(server), None)
}

/// Asserts that the run would end, and returns the message with its hint.
fn fatal_text(result: Result<Completion, TeacherError>) -> String {
    match result {
        Err(TeacherError::Fatal { reason, hint }) => format!("{reason} | {hint}"),
        other => panic!("expected a fatal error, got {other:?}"),
    }
}

/// Asserts that only this request failed, and returns the message.
fn failed_text(result: Result<Completion, TeacherError>) -> String {
    match result {
        Err(TeacherError::Failed { reason }) => reason,
        other => panic!("expected a failed request, got {other:?}"),
    }
}
