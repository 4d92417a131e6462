//! Examples in the shapes that are written.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Fields};
use serde_json::{Map, Value, json};

use super::example::{Ending, Example, Speaker, Why, joined};
use super::{Options, Thinking, To};
use crate::batch::question;
use crate::dataset::{Layout, Record, Role};
use crate::id::Hasher;
use crate::row::Kind;

type Row = Map<String, Value>;

/// Writes an example in a shape of others.
///
/// # Errors
/// Why the shape cannot hold it.
pub(super) fn foreign(to: To, example: &Example, options: &Options, lost: &mut dyn FnMut(&str)) -> Result<Row, Why> {
    let mut row = Row::new();
    let single = example.turns.len() == 1;
    let prompt = || {
        let asked = example.turns.last().map_or("", |turn| turn.text.as_str());
        // Where there is nothing to put together nothing is trimmed either.
        if example.context.trim().is_empty() { asked.to_owned() } else { question(asked, &example.context) }
    };
    let answer = |lost: &mut dyn FnMut(&str)| match &example.ending {
        Ending::Answer { thought, text } => {
            if options.thought == Thinking::Omit && !thought.is_empty() {
                lost("thought");
            }
            Ok(if options.thought == Thinking::Tags { joined(thought, text) } else { text.clone() })
        }
        Ending::Pair { .. } => Err("has two answers, and the shape one".to_owned()),
    };
    let pair = || match &example.ending {
        Ending::Pair { chosen, rejected } => Ok((chosen, rejected)),
        Ending::Answer { .. } => Err("has one answer, and the shape two".to_owned()),
    };
    let one_turn = || if single { Ok(()) } else { Err(super::SEVERAL.to_owned()) };
    let said = |text: &str| json!([{ "role": "assistant", "content": text }]);
    match to {
        To::Distill => {}
        To::PromptCompletion if options.conversational => {
            row.insert("prompt".into(), Value::Array(messages(example, options, lost)));
            let Ending::Answer { thought, .. } = &example.ending else { return answer(lost).map(|_| row) };
            row.insert("completion".into(), Value::Array(vec![assistant(thought, &answer(lost)?, options)]));
        }
        To::PromptCompletion => {
            one_turn()?;
            system_lost(example, lost);
            row.insert("prompt".into(), prompt().into());
            row.insert("completion".into(), answer(lost)?.into());
        }
        To::Messages | To::OpenAi => {
            let mut turns = messages(example, options, lost);
            let Ending::Answer { thought, .. } = &example.ending else { return answer(lost).map(|_| row) };
            turns.push(assistant(thought, &answer(lost)?, options));
            row.insert("messages".into(), Value::Array(turns));
        }
        To::ShareGpt => {
            let mut turns = messages(example, options, lost);
            turns.push(json!({ "role": "assistant", "content": answer(lost)? }));
            let turns = turns.into_iter().map(|turn| {
                let from = match turn["role"].as_str() {
                    Some("user") => "human",
                    Some("assistant") => "gpt",
                    _ => "system",
                };
                json!({ "from": from, "value": turn["content"] })
            });
            row.insert("conversations".into(), turns.collect());
        }
        To::Alpaca => {
            one_turn()?;
            if !example.system.is_empty() {
                row.insert("system".into(), example.system.clone().into());
            }
            row.insert("instruction".into(), example.turns[0].text.clone().into());
            row.insert("input".into(), example.context.clone().into());
            row.insert("output".into(), answer(lost)?.into());
        }
        To::Preference if options.conversational => {
            let (chosen, rejected) = pair()?;
            row.insert("prompt".into(), Value::Array(messages(example, options, lost)));
            row.insert("chosen".into(), said(chosen));
            row.insert("rejected".into(), said(rejected));
        }
        To::Preference => {
            let (chosen, rejected) = pair()?;
            one_turn()?;
            system_lost(example, lost);
            row.insert("prompt".into(), prompt().into());
            row.insert("chosen".into(), chosen.clone().into());
            row.insert("rejected".into(), rejected.clone().into());
        }
        To::ImplicitPreference => {
            let (chosen, rejected) = pair()?;
            for (side, text) in [("chosen", chosen), ("rejected", rejected)] {
                let mut turns = messages(example, options, lost);
                turns.push(json!({ "role": "assistant", "content": text }));
                row.insert(side.into(), Value::Array(turns));
            }
        }
        To::OpenAiPreference => {
            let (chosen, rejected) = pair()?;
            row.insert("input".into(), json!({ "messages": messages(example, options, lost) }));
            row.insert("preferred_output".into(), said(chosen));
            row.insert("non_preferred_output".into(), said(rejected));
        }
    }
    Ok(row)
}

fn system_lost(example: &Example, lost: &mut dyn FnMut(&str)) {
    if !example.system.is_empty() {
        lost("system prompt");
    }
}

/// What stands before the ending.
fn messages(example: &Example, options: &Options, lost: &mut dyn FnMut(&str)) -> Vec<Value> {
    let mut out = Vec::with_capacity(example.turns.len() + 2);
    if !example.system.is_empty() {
        out.push(json!({ "role": "system", "content": example.system }));
    }
    for (i, turn) in example.turns.iter().enumerate() {
        out.push(match turn.speaker {
            Speaker::User if i + 1 == example.turns.len() && !example.context.trim().is_empty() => {
                json!({ "role": "user", "content": question(&turn.text, &example.context) })
            }
            Speaker::User => json!({ "role": "user", "content": turn.text }),
            Speaker::Assistant => {
                if options.thought == Thinking::Omit && !turn.thought.is_empty() {
                    lost("thought");
                }
                let tags = options.thought == Thinking::Tags;
                let text = if tags { joined(&turn.thought, &turn.text) } else { turn.text.clone() };
                assistant(&turn.thought, &text, options)
            }
        });
    }
    out
}

fn assistant(thought: &str, text: &str, options: &Options) -> Value {
    let mut out = json!({ "role": "assistant", "content": text });
    if options.thought == Thinking::Field && !thought.is_empty() {
        out["reasoning_content"] = thought.into();
    }
    out
}

/// Our own columns in their order.
pub(super) fn native_fields(kind: Kind) -> Fields {
    let text = |name: &str| Field::new(name, DataType::Utf8, false);
    let mut fields = vec![text("id")];
    fields.extend(kind.fields().iter().chain(kind.probe_fields()).map(|name| text(name)));
    let item = Arc::new(Field::new("item", DataType::Int64, false));
    fields.extend([text("source"), Field::new("span", DataType::List(item), false), text("evidence"), text("split")]);
    if kind == Kind::Preference {
        fields.extend([text("chosen_source"), text("rejected_source")]);
    }
    fields.extend(kind.fields().iter().map(|name| Field::new(format!("tokens_{name}"), DataType::UInt32, false)));
    fields.extend(["teacher", "template", "template_version", "parameters", "request_hash"].map(text));
    fields.push(Field::new("cost_usd", DataType::Float64, false));
    fields.into()
}

/// Writes an example in our own columns. What the row has under their names stays; the id is made anew.
///
/// # Errors
/// Why no row of the kind can be made of it.
pub(super) fn native(
    layout: &Layout,
    example: &Example,
    record: &Record,
    import: &str,
    lost: &mut dyn FnMut(&str),
) -> Result<Row, Why> {
    let kind = layout.kind;
    let [asked] = example.turns.as_slice() else { return Err(super::SEVERAL.to_owned()) };
    system_lost(example, lost);
    let with_context = || {
        if example.context.trim().is_empty() { asked.text.clone() } else { question(&asked.text, &example.context) }
    };
    let texts: [String; 3] = match (kind, &example.ending) {
        (Kind::Qa, Ending::Answer { thought, text }) => {
            [asked.text.clone(), example.context.clone(), joined(thought, text)]
        }
        (Kind::Cot, Ending::Answer { thought, .. }) if thought.trim().is_empty() => {
            return Err("has no thought before its answer".to_owned());
        }
        (Kind::Cot, Ending::Answer { thought, text }) => [with_context(), thought.clone(), text.clone()],
        (Kind::Preference, Ending::Pair { chosen, rejected }) => [with_context(), chosen.clone(), rejected.clone()],
        (Kind::Preference, Ending::Answer { .. }) => return Err("has one answer, and the shape two".to_owned()),
        (_, Ending::Pair { .. }) => return Err("has two answers, and the shape one".to_owned()),
    };
    let id = texts.iter().fold(Hasher::new().text(kind.name()), |hash, text| hash.text(text)).finish();
    let mut row = Row::new();
    for field in &native_fields(kind) {
        let name = field.name();
        let named = Role::of_name(name).and_then(|role| layout.column(role));
        let there = record.values.get(named.unwrap_or(name));
        let trained = kind.fields().iter().position(|field| field == name);
        let value = match (name.as_str(), trained) {
            ("id", _) => id.to_string().into(),
            (_, Some(i)) => texts[i].clone().into(),
            ("span", _) => match there {
                Some(Value::Array(ends)) if ends.len() == 2 && ends.iter().all(Value::is_u64) => ends.clone().into(),
                _ => json!([0, 0]),
            },
            ("split", _) => there.filter(|value| value.is_string()).cloned().unwrap_or_else(|| "train".into()),
            ("teacher", _) => match there {
                Some(Value::String(teacher)) if !teacher.is_empty() => teacher.clone().into(),
                _ => format!("import:{import}").into(),
            },
            ("cost_usd", _) => there.filter(|value| value.is_number()).cloned().unwrap_or_else(|| 0.0.into()),
            (count, _) if count.starts_with("tokens_") => {
                let count = there.and_then(Value::as_u64).filter(|count| *count <= u64::from(u32::MAX));
                count.unwrap_or(0).into()
            }
            _ => there.filter(|value| value.is_string()).cloned().unwrap_or_else(|| "".into()),
        };
        row.insert(name.clone(), value);
    }
    Ok(row)
}

/// The columns that a shape always has, for files without rows.
pub(super) fn fields(to: To, kind: Kind, conversational: bool) -> Fields {
    let text = |name: &str| Field::new(name, DataType::Utf8, true);
    match to {
        To::Distill => native_fields(kind),
        To::PromptCompletion if !conversational => vec![text("prompt"), text("completion")].into(),
        To::Preference if !conversational => vec![text("prompt"), text("chosen"), text("rejected")].into(),
        // The others have lists whose keys the rows tell.
        _ => Fields::empty(),
    }
}
