//! How the columns of a file spell a row: ours, or one of the shapes that others' datasets have.
//!
//! Shapes follow the dataset formats of TRL (prompt-completion, conversational, preference with explicit and implicit
//! prompt), Alpaca, ShareGPT, OpenAI's fine-tuning files and the question-answer columns of public sets.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::Record;
use crate::row::Kind;

/// What a text is in its row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Instructions to the assistant that stand before the conversation.
    System,
    /// What is asked.
    Prompt,
    /// What the answer may draw on, earlier answers of a conversation and results of tools included.
    Context,
    /// Reasoning before the answer.
    Thought,
    /// What is trained to be said.
    Answer,
    /// The preferred answer.
    Chosen,
    /// The dispreferred answer.
    Rejected,
    /// The words of the source that ground the row.
    Evidence,
    /// The question in other words, never trained on.
    Paraphrase,
    /// What a right answer has to contain, never trained on.
    Key,
}

impl Role {
    /// Whether a trainer reads it.
    #[must_use]
    pub const fn is_trained(self) -> bool {
        !matches!(self, Self::Evidence | Self::Paraphrase | Self::Key)
    }

    /// Whether it is one of the things a student learns to say.
    #[must_use]
    pub const fn is_answer(self) -> bool {
        matches!(self, Self::Answer | Self::Chosen)
    }

    /// The name that `--column NAME=COLUMN` and our own files have for it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Prompt => "prompt",
            Self::Context => "context",
            Self::Thought => "thought",
            Self::Answer => "response",
            Self::Chosen => "chosen",
            Self::Rejected => "rejected",
            Self::Evidence => "evidence",
            Self::Paraphrase => "paraphrase",
            Self::Key => "answer_key",
        }
    }

    /// The role of a name; `instruction` and `question` are prompts, `answer` and `completion` responses.
    #[must_use]
    pub fn of_name(name: &str) -> Option<Self> {
        Some(match name {
            "system" => Self::System,
            "prompt" | "instruction" | "question" => Self::Prompt,
            "context" => Self::Context,
            "thought" => Self::Thought,
            "response" | "answer" | "completion" => Self::Answer,
            "chosen" => Self::Chosen,
            "rejected" => Self::Rejected,
            "evidence" => Self::Evidence,
            "paraphrase" => Self::Paraphrase,
            "answer_key" => Self::Key,
            _ => return None,
        })
    }
}

/// The shapes that are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Shape {
    /// The columns of `schemas/` and of our own files.
    Native,
    /// TRL: `prompt`, `completion`.
    PromptCompletion,
    /// TRL and OpenAI: `messages` of `role` and `content`.
    Messages,
    /// TRL: `prompt` (or `question`), `chosen`, `rejected` as messages or texts.
    Preference,
    /// TRL: `chosen` and `rejected` that both begin with the prompt.
    ImplicitPreference,
    /// Alpaca: `instruction`, `input`, `output`.
    Alpaca,
    /// ShareGPT: `conversations` of `from` and `value`.
    ShareGpt,
    /// OpenAI: `input`, `preferred_output`, `non_preferred_output`.
    OpenAiPreference,
    /// `question` and `answer`, or other words for them.
    QuestionAnswer,
    /// One column `text`.
    Text,
    /// Columns that the person named.
    Mapped,
}

impl Shape {
    /// The name in reports and for `distill convert --to`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Native => "distill",
            Self::PromptCompletion => "prompt-completion",
            Self::Messages => "messages",
            Self::Preference => "preference",
            Self::ImplicitPreference => "implicit-preference",
            Self::Alpaca => "alpaca",
            Self::ShareGpt => "sharegpt",
            Self::OpenAiPreference => "openai-preference",
            Self::QuestionAnswer => "question-answer",
            Self::Text => "text",
            Self::Mapped => "mapped",
        }
    }
}

/// A shape with the columns that spell it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    /// The shape.
    pub shape: Shape,
    /// The kind of its rows.
    pub kind: Kind,
    /// What each column is; a column of messages holds texts of several roles.
    pub columns: Vec<(Role, String)>,
}

/// One text of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spoken<'r> {
    /// What it is.
    pub role: Role,
    /// Where it stands: the column, or a path such as `messages[1].content`.
    pub name: Cow<'r, str>,
    /// What it says.
    pub text: &'r str,
}

/// Columns for the question, the reasoning and the answer that public datasets use.
const QUESTIONS: [&str; 7] = ["question", "problem", "query", "input", "prompt", "instruction", "user"];
const ANSWERS: [&str; 8] =
    ["answer", "response", "output", "completion", "final_answer", "solution", "assistant", "target"];
const THOUGHTS: [&str; 9] = [
    "thought",
    "thinking",
    "reasoning",
    "rationale",
    "chain_of_thought",
    "cot",
    "reasoning_content",
    "explanation",
    "solution",
];

impl Layout {
    /// Our own columns for a kind.
    #[must_use]
    pub fn native(kind: Kind) -> Self {
        let fields = kind.fields().iter().chain(kind.probe_fields()).chain(&["evidence"]);
        let mut columns: Vec<(Role, String)> =
            fields.filter_map(|field| Some((Role::of_name(field)?, (*field).to_owned()))).collect();
        columns.push((Role::Evidence, "_evidence".to_owned()));
        Self { shape: Shape::Native, kind, columns }
    }

    /// A layout from columns named by hand, `(role, column)`.
    #[must_use]
    pub fn mapped(kind: Option<Kind>, columns: Vec<(Role, String)>) -> Self {
        let has = |role: Role| columns.iter().any(|(known, _)| *known == role);
        let kind = kind.unwrap_or(match () {
            () if has(Role::Chosen) || has(Role::Rejected) => Kind::Preference,
            () if has(Role::Thought) => Kind::Cot,
            () => Kind::Qa,
        });
        Self { shape: Shape::Mapped, kind, columns }
    }

    /// Tells the layout by columns, and by some rows where columns alone do not tell; `None` when nothing fits.
    #[must_use]
    pub fn detect<'r>(columns: &[String], rows: impl Iterator<Item = &'r Record> + Clone) -> Option<Self> {
        let has = |column: &str| columns.iter().any(|known| known == column);
        let all = |wanted: &[&str]| wanted.iter().all(|column| has(column));
        let of = |shape: Shape, kind: Kind, columns: &[(Role, &str)]| {
            let columns = columns.iter().filter(|(_, column)| has(column));
            Some(Self { shape, kind, columns: columns.map(|(role, column)| (*role, (*column).to_owned())).collect() })
        };
        let lists = |column: &str| {
            let mut cells = rows.clone().filter_map(|record| record.values.get(column)).filter(|cell| !cell.is_null());
            cells.next().is_some_and(|cell| cell.is_array() || cell.is_object())
        };
        if all(Kind::Cot.fields()) {
            return Some(Self::native(Kind::Cot));
        }
        if all(&["preferred_output", "non_preferred_output"]) {
            let columns =
                [(Role::Prompt, "input"), (Role::Chosen, "preferred_output"), (Role::Rejected, "non_preferred_output")];
            return of(Shape::OpenAiPreference, Kind::Preference, &columns);
        }
        if all(&["chosen", "rejected"]) {
            let sides = [(Role::Chosen, "chosen"), (Role::Rejected, "rejected")];
            let prompt = ["prompt", "question", "instruction", "input"].into_iter().find(|column| has(column));
            return match prompt {
                Some("prompt") if !lists("chosen") && !lists("prompt") && !has("system") => {
                    Some(Self::native(Kind::Preference))
                }
                Some(prompt) => {
                    let columns = [(Role::System, "system"), (Role::Prompt, prompt), sides[0], sides[1]];
                    of(Shape::Preference, Kind::Preference, &columns)
                }
                None if rows.clone().take(64).filter(|record| implicit(record)).count() * 2
                    > rows.clone().take(64).count() =>
                {
                    of(Shape::ImplicitPreference, Kind::Preference, &sides)
                }
                None => None,
            };
        }
        if has("messages") {
            return of(Shape::Messages, thinking(rows), &[(Role::Prompt, "messages")]);
        }
        if let Some(column) = ["conversations", "conversation"].into_iter().find(|column| has(column) && lists(column))
        {
            return of(Shape::ShareGpt, thinking(rows), &[(Role::System, "system"), (Role::Prompt, column)]);
        }
        if all(&["prompt", "completion"]) {
            return of(
                Shape::PromptCompletion,
                thinking(rows),
                &[(Role::Prompt, "prompt"), (Role::Answer, "completion")],
            );
        }
        if all(&["instruction", "output"]) {
            let columns = [
                (Role::System, "system"),
                (Role::Prompt, "instruction"),
                (Role::Context, "input"),
                (Role::Answer, "output"),
            ];
            return of(Shape::Alpaca, Kind::Qa, &columns);
        }
        if all(&["instruction", "response"]) {
            return Some(Self::native(Kind::Qa));
        }
        // A native file that lost a column is a native file that lost a column.
        let native = Kind::ALL
            .iter()
            .any(|kind| kind.fields().iter().filter(|field| has(field)).count() + 1 == kind.fields().len());
        let question = QUESTIONS.into_iter().find(|column| has(column));
        let answer = ANSWERS.into_iter().find(|column| has(column) && Some(*column) != question);
        if let (Some(question), Some(answer)) = (question, answer) {
            let thought = THOUGHTS.into_iter().find(|column| has(column) && *column != answer);
            let kind = if thought.is_some() { Kind::Cot } else { Kind::Qa };
            let columns = [
                (Role::System, "system"),
                (Role::Prompt, question),
                (Role::Context, "context"),
                (Role::Thought, thought.unwrap_or_default()),
                (Role::Answer, answer),
            ];
            return of(Shape::QuestionAnswer, kind, &columns);
        }
        if has("text") && !native {
            return of(Shape::Text, Kind::Qa, &[(Role::Answer, "text")]);
        }
        None
    }

    /// Whether a column is the layout's own.
    #[must_use]
    pub fn reads(&self, column: &str) -> bool {
        self.columns.iter().any(|(_, known)| known == column)
    }

    /// The column that holds a role, when one does.
    #[must_use]
    pub fn column(&self, role: Role) -> Option<&str> {
        self.columns.iter().find(|(known, _)| *known == role).map(|(_, column)| column.as_str())
    }

    /// The texts of a row in reading order. What is not text is left out.
    #[must_use]
    pub fn texts<'r>(&self, record: &'r Record) -> Vec<Spoken<'r>> {
        let mut out = Vec::with_capacity(self.columns.len());
        for (role, column) in &self.columns {
            let Some((column, value)) = record.values.get_key_value(column) else { continue };
            match (self.shape, value) {
                (Shape::ImplicitPreference, Value::String(text)) => implied(*role, column, text, &mut out),
                (Shape::Text, Value::String(text)) if text.contains(GUANACO.1) => guanaco(column, text, &mut out),
                (_, Value::String(text)) => {
                    let column = Cow::Borrowed(column.as_str());
                    if *role == Role::Answer && self.kind == Kind::Cot && self.shape != Shape::Native {
                        thought_and_answer(*role, column, text, &mut out);
                    } else {
                        out.push(Spoken { role: *role, name: column, text });
                    }
                }
                // A native column of another type is no text, and lint says so.
                (Shape::Native, _) => {}
                (_, Value::Array(messages)) => conversation(*role, column, messages, &mut out),
                (_, Value::Object(held)) => {
                    if let Some(Value::Array(messages)) = held.get("messages") {
                        conversation(*role, &format!("{column}.messages"), messages, &mut out);
                    } else {
                        message(*role, column, held, &mut out);
                    }
                }
                _ => {}
            }
        }
        out
    }
}

/// Whether most answers of some conversations think aloud first.
fn thinking<'r>(rows: impl Iterator<Item = &'r Record> + Clone) -> Kind {
    let thinks = |record: &&Record| {
        ["messages", "conversations", "conversation", "completion"].iter().any(|column| {
            match record.values.get(*column) {
                Some(Value::String(text)) => think_tags(text).is_some(),
                Some(Value::Array(messages)) => messages.iter().any(|message| {
                    let text = ["content", "value"].iter().find_map(|key| message.get(key)).and_then(Value::as_str);
                    text.is_some_and(|text| think_tags(text).is_some())
                        || REASONING
                            .iter()
                            .any(|key| message.get(key).and_then(Value::as_str).is_some_and(|text| !text.is_empty()))
                }),
                _ => false,
            }
        })
    };
    let rows = rows.take(64);
    if rows.clone().filter(thinks).count() * 2 > rows.count() { Kind::Cot } else { Kind::Qa }
}

/// Keys under which messages carry their reasoning.
pub(super) const REASONING: [&str; 3] = ["thinking", "reasoning_content", "reasoning"];

/// The bytes between `<think>` at the start of a text and `</think>`, and where the answer begins.
pub(super) fn think_tags(text: &str) -> Option<(std::ops::Range<usize>, usize)> {
    let start = text.len() - text.trim_start().len();
    let inner = start + text[start..].strip_prefix("<think>").map(|_| "<think>".len())?;
    let end = inner + text[inner..].find("</think>")?;
    Some((inner..end, end + "</think>".len()))
}

fn thought_and_answer<'r>(role: Role, name: Cow<'r, str>, text: &'r str, out: &mut Vec<Spoken<'r>>) {
    match think_tags(text) {
        Some((thought, rest)) => {
            out.push(Spoken { role: Role::Thought, name: name.clone(), text: text[thought].trim() });
            out.push(Spoken { role, name, text: text[rest..].trim() });
        }
        None => out.push(Spoken { role, name, text }),
    }
}

/// The texts of one message under its path.
fn message<'r>(role: Role, path: &str, held: &'r Map<String, Value>, out: &mut Vec<Spoken<'r>>) {
    if role == Role::Answer {
        for key in REASONING {
            if let Some(text) = held.get(key).and_then(Value::as_str).filter(|text| !text.is_empty()) {
                out.push(Spoken { role: Role::Thought, name: Cow::Owned(format!("{path}.{key}")), text });
            }
        }
    }
    for key in ["content", "value", "text"] {
        let path = format!("{path}.{key}");
        match held.get(key) {
            // A call of a tool needs no words.
            Some(Value::String(text)) if text.trim().is_empty() && held.contains_key("tool_calls") => return,
            Some(Value::String(text)) if role == Role::Answer => {
                return thought_and_answer(role, Cow::Owned(path), text, out);
            }
            Some(Value::String(text)) => return out.push(Spoken { role, name: Cow::Owned(path), text }),
            // Parts of a message: texts, and images that hold none.
            Some(Value::Array(parts)) => {
                for (i, part) in parts.iter().enumerate() {
                    if let Some(text) = part.get("text").and_then(Value::as_str) {
                        out.push(Spoken { role, name: Cow::Owned(format!("{path}[{i}].text")), text });
                    }
                }
                return;
            }
            _ => {}
        }
    }
}

/// The texts of a column of messages. `holder` is what the column as a whole is: sides of a pair end in their answer.
fn conversation<'r>(holder: Role, column: &str, messages: &'r [Value], out: &mut Vec<Spoken<'r>>) {
    let side = matches!(holder, Role::Chosen | Role::Rejected);
    let has_prompt = out.iter().any(|spoken| spoken.role == Role::Prompt);
    for (i, held) in messages.iter().enumerate() {
        let Value::Object(held) = held else { continue };
        let speaker =
            ["role", "from"].iter().find_map(|key| held.get(*key)).and_then(Value::as_str).unwrap_or_default();
        let last = i + 1 == messages.len();
        let role = match speaker {
            "system" | "developer" => Role::System,
            "user" | "human" | "prompter" => Role::Prompt,
            "assistant" | "gpt" | "chatgpt" | "model" | "bot" if side && last => holder,
            "assistant" | "gpt" | "chatgpt" | "model" | "bot" if side || holder == Role::System => Role::Context,
            "assistant" | "gpt" | "chatgpt" | "model" | "bot" => Role::Answer,
            _ => Role::Context,
        };
        // The turns before the answer are said once, by the chosen side, or by a column of their own.
        if side && role != holder && (holder == Role::Rejected || has_prompt) {
            continue;
        }
        message(role, &format!("{column}[{i}]"), held, out);
    }
}

pub(super) const HUMAN: &str = "\n\nHuman:";
pub(super) const ASSISTANT: &str = "\n\nAssistant:";

/// Whether the sides of a pair begin with the same prompt.
fn implicit(record: &Record) -> bool {
    match (record.values.get("chosen"), record.values.get("rejected")) {
        (Some(Value::Array(a)), Some(Value::Array(b))) => a.len() > 1 && !b.is_empty(),
        (Some(Value::String(a)), Some(Value::String(b))) => {
            [a, b].iter().all(|text| text.contains(HUMAN.trim_start()) && text.contains(ASSISTANT))
        }
        _ => false,
    }
}

/// Marks of the turns in Guanaco's texts, and in those that follow them.
const GUANACO: (&str, &str) = ("### Human:", "### Assistant:");

/// A conversation in one text: the last question and the last answer.
fn guanaco<'r>(column: &'r str, text: &'r str, out: &mut Vec<Spoken<'r>>) {
    let name = Cow::Borrowed(column);
    let Some(at) = text.rfind(GUANACO.1) else { return out.push(Spoken { role: Role::Answer, name, text }) };
    let asked = &text[..at];
    let asked = asked.rfind(GUANACO.0).map_or(asked, |i| &asked[i + GUANACO.0.len()..]);
    let answer = &text[at + GUANACO.1.len()..];
    let answer = answer.find(GUANACO.0).map_or(answer, |end| &answer[..end]);
    out.push(Spoken { role: Role::Prompt, name: name.clone(), text: asked.trim() });
    out.push(Spoken { role: Role::Answer, name, text: answer.trim() });
}

/// A side that holds a conversation as text: the last answer, and for the chosen side what was asked.
fn implied<'r>(role: Role, column: &'r str, text: &'r str, out: &mut Vec<Spoken<'r>>) {
    let name = Cow::Borrowed(column);
    let Some(at) = text.rfind(ASSISTANT) else { return out.push(Spoken { role, name, text }) };
    if role == Role::Chosen {
        let asked = &text[..at];
        let asked = asked.rfind(HUMAN.trim_start()).map_or(asked, |i| &asked[i + HUMAN.trim_start().len()..]);
        out.push(Spoken { role: Role::Prompt, name: name.clone(), text: asked.trim() });
    }
    out.push(Spoken { role, name, text: text[at + ASSISTANT.len()..].trim() });
}

#[cfg(test)]
mod tests;
