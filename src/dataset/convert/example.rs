//! A row as what it says: turns, and one answer or two. Every shape is read into this and written from it.

use serde_json::{Map, Value};

use crate::dataset::layout::{ASSISTANT, HUMAN, REASONING, think_tags};
use crate::dataset::{Layout, Record, Role, Shape};

/// Who speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Speaker {
    User,
    Assistant,
}

/// One turn of a conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Turn {
    pub speaker: Speaker,
    /// Reasoning before the text; empty when there is none.
    pub thought: String,
    pub text: String,
}

/// How a row ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    Answer { thought: String, text: String },
    Pair { chosen: String, rejected: String },
}

/// A row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Example {
    /// Instructions that stand before the conversation; empty when there are none.
    pub system: String,
    /// Turns before the ending, the user's last.
    pub turns: Vec<Turn>,
    /// What the answer may draw on; empty when there is nothing.
    pub context: String,
    pub ending: Ending,
    /// What the row holds beside: keys of messages that no shape keeps.
    pub aside: Vec<String>,
}

/// Why a row cannot be read; one of few sentences, so that rows can be counted by them.
pub(super) type Why = String;

/// Messages as they stand, before they are turns.
struct Message {
    role: &'static str,
    thought: String,
    text: String,
}

/// Reads a row.
///
/// # Errors
/// Why it is no example of the layout.
pub(super) fn read(layout: &Layout, record: &Record) -> Result<Example, Why> {
    let mut aside = vec![];
    let mut column = |role: Role| -> Result<Option<Held>, Why> {
        let Some(column) = layout.column(role) else { return Ok(None) };
        held(layout, role, column, record, &mut aside)
    };
    let mut texts = vec![];
    for role in [Role::System, Role::Context, Role::Thought] {
        texts.push(match column(role)? {
            None => String::new(),
            Some(Held::Text(text)) => text,
            Some(Held::Messages(_)) => return Err(format!("`{}` is a list, text was expected", name(layout, role))),
        });
    }
    let [mut system, context, thought] = <[String; 3]>::try_from(texts).unwrap_or_default();
    let prompt = column(Role::Prompt)?;
    let (chosen, rejected) = (column(Role::Chosen)?, column(Role::Rejected)?);
    let answer = column(Role::Answer)?;
    let mut turns = match prompt {
        Some(Held::Text(text)) => vec![Message { role: "user", thought: String::new(), text }],
        Some(Held::Messages(messages)) => messages,
        None => vec![],
    };
    let last = |messages: &mut Vec<Message>| match messages.last() {
        Some(message) if message.role == "assistant" => Ok(messages.pop()),
        _ => Err("does not end in an answer".to_owned()),
    };
    let ending = if matches!(layout.shape, Shape::ImplicitPreference) || chosen.is_some() || rejected.is_some() {
        let (Some(chosen), Some(rejected)) = (chosen, rejected) else {
            return Err("lacks one side of the pair".to_owned());
        };
        let mut sides = vec![];
        for side in [chosen, rejected] {
            let mut messages = match side {
                Held::Text(text) if layout.shape != Shape::ImplicitPreference => {
                    vec![Message { role: "assistant", thought: String::new(), text }]
                }
                Held::Text(text) => spoken(&text)?,
                Held::Messages(messages) => messages,
            };
            // Reasoning stays in the side that it belongs to.
            let answer = last(&mut messages)?.map(|message| joined(&message.thought, &message.text));
            if !messages.is_empty() {
                if !turns.is_empty() && !same_as(&messages, &turns) {
                    return Err("its sides differ before the last answer".to_owned());
                }
                // The sides may have a system prompt that the prompt lacks.
                if turns.first().is_none_or(|turn| turn.role != "system") {
                    turns = messages;
                }
            }
            sides.push(answer.unwrap_or_default());
        }
        let [chosen, rejected] = <[String; 2]>::try_from(sides).unwrap_or_default();
        Ending::Pair { chosen, rejected }
    } else {
        let message = match (layout.column(Role::Answer), answer) {
            (Some(_), Some(Held::Text(text))) => Message { role: "assistant", thought: String::new(), text },
            (Some(_), Some(Held::Messages(messages))) => {
                turns.extend(messages);
                last(&mut turns)?.unwrap_or(Message { role: "assistant", thought: String::new(), text: String::new() })
            }
            (Some(column), None) => return Err(format!("`{column}` is missing or not text")),
            (None, _) => match last(&mut turns)? {
                Some(message) => message,
                None => return Err("does not end in an answer".to_owned()),
            },
        };
        // A native response is what it is; elsewhere tags are how a thought is spelt.
        let splits = layout.shape != Shape::Native && thought.is_empty() && message.thought.is_empty();
        match thought_of(&message.text).filter(|_| splits) {
            Some((thought, text)) => Ending::Answer { thought: thought.to_owned(), text: text.to_owned() },
            None if thought.is_empty() => Ending::Answer { thought: message.thought, text: message.text },
            None => Ending::Answer { thought, text: message.text },
        }
    };
    if turns.first().is_some_and(|message| message.role == "system") {
        let first = turns.remove(0).text;
        if system.is_empty() {
            system = first;
        } else if system != first {
            system = format!("{system}\n\n{first}");
        }
    }
    let mut said = Vec::with_capacity(turns.len());
    for message in turns {
        let speaker = match message.role {
            "user" => Speaker::User,
            "assistant" => Speaker::Assistant,
            "system" => return Err("has a system prompt in the middle".to_owned()),
            _ => return Err("has turns of tools".to_owned()),
        };
        said.push(Turn { speaker, thought: message.thought, text: message.text });
    }
    match said.last() {
        Some(turn) if turn.speaker == Speaker::User && !turn.text.trim().is_empty() => {}
        Some(turn) if turn.speaker == Speaker::User => return Err("asks nothing".to_owned()),
        Some(_) => return Err("answers twice in a row".to_owned()),
        None => return Err(format!("`{}` is missing or not text", name(layout, Role::Prompt))),
    }
    aside.sort();
    aside.dedup();
    Ok(Example { system, turns: said, context, ending, aside })
}

fn name(layout: &Layout, role: Role) -> &str {
    layout.column(role).unwrap_or("prompt")
}

enum Held {
    Text(String),
    Messages(Vec<Message>),
}

fn held(
    layout: &Layout,
    role: Role,
    column: &str,
    record: &Record,
    aside: &mut Vec<String>,
) -> Result<Option<Held>, Why> {
    Ok(match record.values.get(column) {
        None | Some(Value::Null) => None,
        Some(Value::String(text)) if role == Role::Prompt && matches!(layout.shape, Shape::Messages) => {
            let messages: Vec<Value> =
                serde_json::from_str(text).map_err(|_| format!("`{column}` is text, a list was expected"))?;
            Some(Held::Messages(messages_of(column, &messages, aside)?))
        }
        Some(Value::String(text)) => Some(Held::Text(text.clone())),
        Some(Value::Array(messages)) => Some(Held::Messages(messages_of(column, messages, aside)?)),
        Some(Value::Object(held)) => match held.get("messages") {
            Some(Value::Array(messages)) => {
                if held.get("tools").and_then(Value::as_array).is_some_and(|tools| !tools.is_empty()) {
                    return Err("has tools".to_owned());
                }
                Some(Held::Messages(messages_of(column, messages, aside)?))
            }
            _ => Some(Held::Messages(vec![message(column, held, aside)?])),
        },
        Some(_) => return Err(format!("`{column}` is neither text nor a list")),
    })
}

fn messages_of(column: &str, messages: &[Value], aside: &mut Vec<String>) -> Result<Vec<Message>, Why> {
    let one = |value: &Value| match value {
        Value::Object(held) => message(column, held, aside),
        _ => Err(format!("`{column}` holds something that is no message")),
    };
    messages.iter().map(one).collect()
}

fn message(column: &str, held: &Map<String, Value>, aside: &mut Vec<String>) -> Result<Message, Why> {
    let text_at = |key: &str| held.get(key).and_then(Value::as_str).filter(|text| !text.is_empty());
    let role = match ["role", "from"].into_iter().find_map(text_at).unwrap_or_default() {
        "system" | "developer" => "system",
        "user" | "human" | "prompter" => "user",
        "assistant" | "gpt" | "chatgpt" | "model" | "bot" => "assistant",
        "" => return Err(format!("`{column}` has a message without a role")),
        _ => "tool",
    };
    if ["tool_calls", "function_call"].iter().any(|key| match held.get(*key) {
        None | Some(Value::Null) => false,
        Some(Value::Array(calls)) => !calls.is_empty(),
        Some(_) => true,
    }) {
        return Err("calls tools".to_owned());
    }
    let text = match ["content", "value", "text"].iter().find_map(|key| held.get(*key)) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(parts)) => {
            let texts: Option<Vec<&str>> = parts.iter().map(|part| part.get("text").and_then(Value::as_str)).collect();
            texts.ok_or_else(|| "has a message that is not only text".to_owned())?.concat()
        }
        _ => return Err("has a message without text".to_owned()),
    };
    let mut thought = String::new();
    for (key, value) in held {
        let empty = match value {
            Value::Null => true,
            Value::String(text) => text.is_empty(),
            Value::Array(items) => items.is_empty(),
            Value::Object(held) => held.is_empty(),
            _ => false,
        };
        if empty || ["role", "from", "content", "value", "text"].contains(&key.as_str()) {
            continue;
        }
        match value {
            Value::String(text) if role == "assistant" && thought.is_empty() && REASONING.contains(&key.as_str()) => {
                thought.clone_from(text);
            }
            _ => aside.push(format!("{column}[].{key}")),
        }
    }
    Ok(Message { role, thought, text })
}

fn same_as(a: &[Message], b: &[Message]) -> bool {
    // A system prompt may stand in one of them only.
    let said = |messages: &[Message]| -> Vec<(&'static str, String)> {
        messages.iter().filter(|m| m.role != "system").map(|m| (m.role, m.text.trim().to_owned())).collect()
    };
    said(a) == said(b)
}

/// The turns of a conversation in one text, `\n\nHuman: …\n\nAssistant: …`.
fn spoken(text: &str) -> Result<Vec<Message>, Why> {
    let text = text.trim();
    let (human, assistant) = (HUMAN.trim_start(), ASSISTANT.trim_start());
    let mut marks: Vec<(usize, usize, &'static str)> = vec![];
    for (mark, full, role) in [(human, HUMAN, "user"), (assistant, ASSISTANT, "assistant")] {
        if text.starts_with(mark) {
            marks.push((0, mark.len(), role));
        }
        marks.extend(text.match_indices(full).map(|(at, _)| (at, at + full.len(), role)));
    }
    marks.sort_unstable();
    if marks.first().is_none_or(|(at, ..)| *at != 0) {
        return Err("has a side that does not begin with `Human:`".to_owned());
    }
    let ends = marks.iter().skip(1).map(|mark| mark.0).chain([text.len()]);
    let turn = |((_, from, role), to): (&(usize, usize, &'static str), usize)| Message {
        role,
        thought: String::new(),
        text: text[*from..to].trim().to_owned(),
    };
    Ok(marks.iter().zip(ends).map(turn).collect())
}

/// An answer with its thought in tags, as reasoning models write it.
pub(super) fn joined(thought: &str, text: &str) -> String {
    if thought.is_empty() { text.to_owned() } else { format!("<think>\n{thought}\n</think>\n\n{text}") }
}

/// A thought in tags and the answer behind it, when a text begins with one: to the letter where [`joined`] wrote it,
/// else without the white space around them.
fn thought_of(text: &str) -> Option<(&str, &str)> {
    let (inner, rest) = think_tags(text)?;
    let ours = text[inner.clone()].strip_prefix('\n').and_then(|thought| thought.strip_suffix('\n'));
    match (ours, text[rest..].strip_prefix("\n\n")) {
        (Some(thought), Some(answer)) => Some((thought, answer)),
        _ => Some((text[inner].trim(), text[rest..].trim())),
    }
}
