//! Chat Completions as they go over the wire: our own small structs, since typed clients break on servers that leave
//! fields out or invent values.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::ladder::{Format, LimitName, Shape};
use super::price::Tokens;
use super::settings::OpenAiSettings;
use super::tokens::{Size, Sizes};
use crate::id::ContentHash;
use crate::prompt::{Message, Prompt, Role};
use crate::row::{self, Kind};
use crate::teacher::Finish;

/// What is taken from a prompt: nothing else of it can reach the endpoint.
pub(super) struct Call {
    pub(super) name: String,
    pub(super) messages: Vec<Message>,
    pub(super) schema: Value,
    pub(super) sample: u32,
    pub(super) hash: ContentHash,
    /// The rows asked for; `None` where something else is.
    pub(super) rows: Option<Kind>,
}

impl Call {
    pub(super) fn new(prompt: &Prompt) -> Self {
        Self {
            name: schema_name(prompt.template()),
            messages: prompt.messages().to_vec(),
            schema: prompt.schema().clone(),
            sample: prompt.sample(),
            hash: prompt.hash(),
            rows: (prompt.template() != "judge").then(|| prompt.kind()),
        }
    }

    /// Whether an answer can be read as what was asked for.
    pub(super) fn accepts(&self, text: &str) -> bool {
        match self.rows {
            Some(kind) => row::values(kind, text).is_ok(),
            None => row::repair_json(text).is_ok(),
        }
    }
}

/// The endpoint allows 64 characters of `[A-Za-z0-9_-]`.
fn schema_name(template: &str) -> String {
    let allowed = |c: char| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' };
    let name: String = template.chars().map(allowed).take(64).collect();
    if name.is_empty() { "answer".to_owned() } else { name }
}

#[derive(Serialize)]
pub(super) struct Request<'a> {
    model: &'a str,
    messages: Cow<'a, [Message]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_tokens: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_completion_tokens: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<f32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seed: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_format: Option<ResponseFormat<'a>>,
    stream: bool,
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum ResponseFormat<'a> {
    JsonSchema { json_schema: Named<'a> },
    JsonObject,
}

#[derive(Serialize)]
struct Named<'a> {
    name: &'a str,
    strict: bool,
    schema: &'a Value,
}

impl<'a> Request<'a> {
    pub(super) fn new(settings: &'a OpenAiSettings, call: &'a Call, shape: Shape) -> Self {
        let response_format = match shape.format {
            Format::Schema => {
                let json_schema = Named { name: &call.name, strict: true, schema: &call.schema };
                Some(ResponseFormat::JsonSchema { json_schema })
            }
            Format::Object => Some(ResponseFormat::JsonObject),
            Format::Plain => None,
        };
        let mut messages = Cow::from(&call.messages);
        if shape.format != Format::Schema {
            say_schema(messages.to_mut(), &call.schema);
        }
        // Signed on many servers.
        let seed = settings.seed.map(|seed| seed.wrapping_add(u64::from(call.sample)) & (i64::MAX as u64));
        Self {
            model: &settings.model,
            messages,
            max_tokens: (shape.limit_name == LimitName::Old).then_some(settings.max_tokens),
            max_completion_tokens: (shape.limit_name == LimitName::New).then_some(settings.max_tokens),
            temperature: settings.temperature.filter(|_| shape.with_temperature),
            seed: seed.filter(|_| shape.with_seed),
            response_format,
            stream: false,
        }
    }
}

impl Request<'_> {
    /// The same with another limit.
    pub(super) fn with_limit(mut self, tokens: u32) -> Self {
        for limit in [&mut self.max_tokens, &mut self.max_completion_tokens] {
            *limit = limit.map(|_| tokens);
        }
        self
    }
}

/// Puts the schema into words. JSON mode without them is rejected by OpenAI, and elsewhere gives any JSON at all.
fn say_schema(messages: &mut Vec<Message>, schema: &Value) {
    let words = format!("Answer with one JSON object that follows this JSON Schema, and with nothing else:\n{schema}");
    match messages.first_mut() {
        Some(first) if first.role == Role::System => {
            first.content.push_str("\n\n");
            first.content.push_str(&words);
        }
        _ => messages.insert(0, Message { role: Role::System, content: words }),
    }
}

/// An answer, with nothing required that any server is known to leave out.
#[derive(Debug, Deserialize)]
pub(super) struct Reply {
    #[serde(default)]
    choices: Vec<Choice>,
    #[serde(default)]
    usage: Value,
    /// Sent with status 200 by gateways whose upstream failed.
    #[serde(default)]
    pub(super) error: Value,
}

#[derive(Debug, Deserialize)]
struct Choice {
    #[serde(default)]
    message: Value,
    #[serde(default)]
    finish_reason: Value,
}

impl Reply {
    /// Whether there is an answer at all.
    pub(super) fn has_answer(&self) -> bool {
        self.choices.first().is_some_and(|c| c.message.is_object())
    }

    /// The text and why it ended.
    pub(super) fn answer(&self) -> (String, Finish) {
        let Some(choice) = self.choices.first() else { return (String::new(), Finish::Stop) };
        if let Some(refusal) = choice.message.get("refusal").and_then(Value::as_str).filter(|r| !r.is_empty()) {
            return (refusal.to_owned(), Finish::Refused);
        }
        let text = content_text(choice.message.get("content").unwrap_or(&Value::Null));
        match choice.finish_reason.as_str().unwrap_or_default() {
            "length" | "max_tokens" => (without_thinking(&text), Finish::Length),
            "content_filter" | "refusal" if text.trim().is_empty() => {
                ("stopped by the endpoint's content filter".to_owned(), Finish::Refused)
            }
            "content_filter" | "refusal" => (text, Finish::Refused),
            _ => (without_thinking(&text), Finish::Stop),
        }
    }

    /// Tokens as the server counted them, or as estimated where it did not.
    pub(super) fn tokens(&self, sizes: &Sizes, size: Size) -> Tokens {
        // More than any model reads or writes is no count.
        let count = |name: &str| self.usage.get(name).and_then(Value::as_u64).filter(|n| *n <= MOST_TOKENS);
        let completion = count("completion_tokens").unwrap_or_else(|| {
            let content = self.choices.first().and_then(|c| c.message.get("content"));
            sizes.counter.text(&content_text(content.unwrap_or(&Value::Null)))
        });
        let details = self.usage.get("prompt_tokens_details");
        let cached = details.and_then(|d| d.get("cached_tokens")).and_then(Value::as_u64).unwrap_or(0).min(MOST_TOKENS);
        Tokens { prompt: count("prompt_tokens").unwrap_or(size.expected), cached, completion }
    }

    /// Whether the server counts tokens.
    pub(super) fn has_usage(&self) -> bool {
        self.usage.get("completion_tokens").is_some_and(Value::is_u64)
    }
}

/// A count above this is a server's mistake.
const MOST_TOKENS: u64 = 100_000_000;

/// Content is a string, or a list of parts of which the text ones count.
fn content_text(content: &Value) -> String {
    match content {
        Value::String(text) => text.clone(),
        Value::Array(parts) => parts.iter().filter_map(|p| p.get("text").and_then(Value::as_str)).collect(),
        _ => String::new(),
    }
}

/// The answer without the reasoning that some servers leave in front of it.
fn without_thinking(text: &str) -> String {
    let trimmed = text.trim_start();
    for (open, close) in [("<think>", "</think>"), ("<thinking>", "</thinking>")] {
        if let Some(thought) = trimmed.strip_prefix(open) {
            // No end: the limit cut the reasoning, and there is no answer.
            return thought.split_once(close).map_or_else(String::new, |(_, answer)| answer.trim().to_owned());
        }
        // Templates that write the opening tag themselves leave only the closing one in the answer. Inside JSON the
        // tag would be part of a value.
        if !trimmed.starts_with(['{', '[', '`'])
            && let Some((_, answer)) = trimmed.split_once(close)
        {
            return answer.trim().to_owned();
        }
    }
    text.to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn reply(json: Value) -> Reply {
        serde_json::from_value(json).unwrap()
    }

    #[test]
    fn reasoning_in_front_of_the_answer_is_cut() {
        for (text, answer) in [
            ("{\"rows\":[]}", "{\"rows\":[]}"),
            ("\n<think>\n{not this}\n</think>\n\n{\"rows\":[]}", "{\"rows\":[]}"),
            ("Let me see.</think>{}", "{}"),
            ("<think>and then the limit", ""),
            ("<thinking>x</thinking> {}", "{}"),
            (r#"{"a":"the </think> tag"}"#, r#"{"a":"the </think> tag"}"#),
        ] {
            assert_eq!(without_thinking(text), answer, "{text}");
        }
    }

    #[test]
    fn sparse_and_odd_answers_are_read() {
        let check = |message: Value, reason: Value, expected: (&str, Finish)| {
            let r = reply(json!({ "choices": [{ "message": message, "finish_reason": reason }] }));
            assert_eq!(r.answer(), (expected.0.to_owned(), expected.1));
        };
        check(json!({ "content": "{}" }), json!("stop"), ("{}", Finish::Stop));
        check(json!({ "content": "{}" }), json!("eos_token"), ("{}", Finish::Stop));
        check(json!({ "content": "{}" }), Value::Null, ("{}", Finish::Stop));
        check(json!({ "content": "{\"ro" }), json!("length"), ("{\"ro", Finish::Length));
        check(json!({ "content": null, "refusal": "I can't" }), json!("stop"), ("I can't", Finish::Refused));
        check(
            json!({ "content": [{ "type": "text", "text": "a" }, { "text": "b" }] }),
            json!("stop"),
            ("ab", Finish::Stop),
        );
        check(json!({}), json!(7), ("", Finish::Stop));
        let (text, finish) =
            reply(json!({ "choices": [{ "message": {}, "finish_reason": "content_filter" }] })).answer();
        assert!(finish == Finish::Refused && !text.is_empty());
        assert!(!reply(json!({ "choices": [] })).has_answer());
        assert!(!reply(json!({})).has_answer());
    }

    #[test]
    fn names_fit_the_endpoint() {
        assert_eq!(schema_name("qa.v1/ü"), "qa_v1__");
        assert_eq!(schema_name(&"x".repeat(80)).len(), 64);
    }
}
