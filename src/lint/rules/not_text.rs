//! SCH002: a text column holds something else.

use super::prelude::*;
use crate::dataset::Shape;
use serde_json::Value;

/// Flags nulls in required columns and values that are not strings in any text column.
pub(in crate::lint) struct NotText;

static META: Meta = Meta {
    code: "SCH002",
    name: "not-text",
    severity: Severity::Error,
    fix: None,
    kinds: &Kind::ALL,
    summary: "A text column holds null, a number, a list or an object",
    explanation: "
## Why it matters
Tokenizers take strings. A null becomes the word `None` in one trainer and a crash in the next.

## Example
`{\"instruction\": \"How old is the boat?\", \"context\": null, \"response\": 12}` has two findings.
An empty context is written as `\"\"`. Columns that are never trained on may be null, but not numbers or lists.

## How to fix
Write the value as a string, or drop the row.
",
};

impl Rule for NotText {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn start<'a>(&self, _settings: &'a LintSettings, _cx: &Context<'a>) -> Box<dyn Check + 'a> {
        Box::new(Types)
    }
}

struct Types;

impl Check for Types {
    fn row(&self, row: &View<'_>, out: &mut Findings) {
        let Some(layout) = &row.table.layout else { return };
        for (role, column) in &layout.columns {
            let required =
                role.is_trained() && (layout.shape == Shape::Native || !matches!(role, Role::Context | Role::System));
            let found = match row.record.values.get(column) {
                // A column that the row or the whole table lacks is `missing-column`.
                None => continue,
                Some(Value::Null) if required => "null",
                Some(Value::Null | Value::String(_)) => continue,
                Some(Value::Bool(_)) => "a boolean",
                Some(Value::Number(_)) => "a number",
                // Others' rows are made of messages.
                Some(Value::Array(_) | Value::Object(_)) if layout.shape != Shape::Native => continue,
                Some(Value::Array(_)) => "a list",
                Some(Value::Object(_)) => "an object",
            };
            let message = format!("`{column}` is {found}, expected text");
            out.push(row.finding(&META, message).field(column));
        }
        if layout.shape == Shape::Native {
            return;
        }
        for (_, column) in &layout.columns {
            let value = row.record.values.get(column);
            let messages = match value {
                Some(Value::Object(held)) => held.get("messages"),
                value => value,
            };
            match messages {
                Some(Value::Array(messages)) => {
                    if let Some((i, why)) = messages.iter().enumerate().find_map(|(i, m)| Some((i, ill(m)?))) {
                        let finding = row.finding(&META, format!("message {i} of `{column}` {why}"));
                        out.push(finding.field(&format!("{column}[{i}]")));
                    }
                }
                Some(Value::String(_)) if matches!(layout.shape, Shape::Messages | Shape::ShareGpt) => {
                    let message = format!("`{column}` is text, expected a list of messages");
                    out.push(row.finding(&META, message).field(column));
                }
                _ => {}
            }
        }
    }
}

/// Who speaks in the formats of OpenAI, TRL and ShareGPT.
const SPEAKERS: [&str; 16] = [
    "system",
    "developer",
    "user",
    "human",
    "prompter",
    "assistant",
    "gpt",
    "chatgpt",
    "model",
    "bot",
    "tool",
    "function",
    "function_call",
    "observation",
    "function_response",
    "ipython",
];

/// What is wrong with a message of a conversation.
fn ill(message: &Value) -> Option<String> {
    let Value::Object(held) = message else { return Some("is no object".to_owned()) };
    let speaker = held.get("role").or_else(|| held.get("from"));
    match speaker {
        None => return Some("has no `role`".to_owned()),
        Some(Value::String(role)) if SPEAKERS.contains(&role.as_str()) => {}
        Some(Value::String(_)) => return Some("has a `role` that no format knows".to_owned()),
        Some(_) => return Some("has a `role` that is no text".to_owned()),
    }
    let calls = ["tool_calls", "function_call", "audio", "refusal"]
        .iter()
        .any(|key| held.get(*key).is_some_and(|v| !v.is_null()));
    match held.get("content").or_else(|| held.get("value")) {
        None | Some(Value::Null) if calls => None,
        None => Some("has no `content`".to_owned()),
        Some(Value::Null) => Some("has `content` null and calls no tool".to_owned()),
        Some(Value::String(_) | Value::Array(_)) => None,
        Some(_) => Some("has `content` that is neither text nor a list of parts".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_well_formed_or_not() {
        let check = |json: &str, expected: Option<&str>| {
            let value: Value = serde_json::from_str(json).unwrap();
            assert_eq!(ill(&value).as_deref(), expected, "{json}");
        };
        check(r#"{"role":"user","content":"hi"}"#, None);
        check(r#"{"from":"gpt","value":"hi"}"#, None);
        check(r#"{"role":"assistant","content":null,"tool_calls":[{}]}"#, None);
        check(r#"{"role":"assistant","content":null}"#, Some("has `content` null and calls no tool"));
        check(r#"{"role":"narrator","content":"hi"}"#, Some("has a `role` that no format knows"));
        check(r#"{"content":"hi"}"#, Some("has no `role`"));
        check(r#"{"role":"user","content":7}"#, Some("has `content` that is neither text nor a list of parts"));
        check("7", Some("is no object"));
    }
}
