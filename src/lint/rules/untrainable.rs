//! LEN003: a row that a trainer cuts, or of which it learns nothing.

use serde_json::Value;

use super::prelude::*;
use crate::dataset::Shape;

/// Flags rows that are too long for the model with their template, and rows without a token to learn.
pub(in crate::lint) struct Untrainable;

static META: Meta = Meta {
    code: "LEN003",
    name: "untrainable-row",
    severity: Severity::Error,
    fix: Some(Fix::Unsafe),
    kinds: &Kind::ALL,
    summary: "The row is longer than the model takes (`max_length`, 2048 tokens), or nothing in it is trained",
    explanation: "
## Why it matters
Trainers cut what is too long at the end, which is where the answer stands. A row in which all is masked has a loss of
zero divided by zero: it costs time, and in some trainers it breaks the batch.

## Example
A chat without a turn of the assistant, a chat in which all turns of the assistant have the weight 0, an assistant with
neither words nor tool calls, a pair whose `chosen` side ends with the user.
A length is that of all trained texts (of a pair the longer side) and 5 tokens per text for the template.
Empty columns of files with plain columns are `empty-field`, absent ones `missing-column`.

## How to fix
Drop the row, or raise `max_length` in `[lint.thresholds]` to what the model takes.
",
};

/// Tokens that a chat template puts around each turn: start, role, line feed, end, line feed.
const TURN: usize = 5;

impl Rule for Untrainable {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn start<'a>(&self, settings: &'a LintSettings, _cx: &Context<'a>) -> Box<dyn Check + 'a> {
        Box::new(Trained { most: settings.thresholds.max_length, uncounted: 0 })
    }
}

struct Trained {
    most: usize,
    /// Rows of many bytes of which nobody counted the tokens.
    uncounted: u64,
}

impl Trained {
    /// Whether the row may be too long: no tokenizer makes more tokens than there are bytes.
    fn may_exceed(&self, row: &View<'_>) -> bool {
        row.trained().map(|text| text.text.len() + TURN).sum::<usize>() > self.most
    }
}

impl Check for Trained {
    fn row(&self, row: &View<'_>, out: &mut Findings) {
        if self.may_exceed(row)
            && let Some(tokens) = length(row).filter(|tokens| *tokens > self.most)
        {
            let message = format!("the row has {tokens} tokens with its template, the model takes {}", self.most);
            out.push(row.finding(&META, message).unsafely(Edit::Drop));
        }
        if let Some((column, why)) = untrained(row) {
            let message = format!("nothing of `{column}` is trained: {why}");
            out.push(row.finding(&META, message).field(column).unsafely(Edit::Drop));
        }
    }

    fn remember(&mut self, row: &View<'_>, _out: &mut Findings) {
        if row.cx().counter.is_none() && self.may_exceed(row) && length(row).is_none() {
            self.uncounted += 1;
        }
    }

    fn skipped(&self) -> Vec<Skipped> {
        let reason = format!("no tokenizer was given and long rows without stored token counts: {}", self.uncounted);
        (self.uncounted > 0).then_some(Skipped { code: META.code, file: None, reason }).into_iter().collect()
    }
}

/// Tokens of the templated row; `None` when nobody can tell.
fn length(row: &View<'_>) -> Option<usize> {
    let (mut common, mut side) = (0, 0);
    for text in row.trained() {
        let tokens = row.tokens(text)? + TURN;
        if matches!(text.role, Role::Chosen | Role::Rejected) {
            side = side.max(tokens);
        } else {
            common += tokens;
        }
    }
    Some(common + side)
}

/// The column of messages that holds nothing to learn, and why.
fn untrained<'v>(row: &'v View<'_>) -> Option<(&'v str, &'static str)> {
    let layout = row.table.layout.as_ref().filter(|layout| layout.shape != Shape::Native)?;
    layout.columns.iter().find_map(|(role, column)| {
        let Some(Value::Array(messages)) = row.record.values.get(column) else { return None };
        let why = match (role, layout.shape) {
            (Role::Chosen | Role::Rejected, _) => match messages.last() {
                Some(last) if is_assistant(last) => (!says(last)).then_some("the assistant says nothing"),
                _ => Some("it does not end with a turn of the assistant"),
            },
            (Role::Prompt, Shape::Messages | Shape::ShareGpt) | (Role::Answer, _) => nothing(messages),
            _ => None,
        };
        why.map(|why| (column.as_str(), why))
    })
}

/// Why a conversation teaches nothing.
fn nothing(messages: &[Value]) -> Option<&'static str> {
    let own = || messages.iter().filter(|message| is_assistant(message));
    let weighs = |message: &&Value| message.get("weight").and_then(Value::as_f64) != Some(0.0);
    if own().next().is_none() {
        Some("there is no turn of the assistant")
    } else if !own().any(|message| weighs(&message)) {
        Some("all turns of the assistant have the weight 0")
    } else if !own().any(|message| weighs(&message) && says(message)) {
        Some("the assistant says nothing")
    } else {
        None
    }
}

fn is_assistant(message: &Value) -> bool {
    let speaker = ["role", "from"].iter().find_map(|key| message.get(key)).and_then(Value::as_str);
    matches!(speaker, Some("assistant" | "gpt" | "chatgpt" | "model" | "bot"))
}

/// Whether a turn has anything in it. An empty text counts here: it is `empty-field`.
fn says(message: &Value) -> bool {
    ["content", "value", "text", "tool_calls", "function_call", "refusal", "audio"].iter().any(|key| {
        message.get(key).is_some_and(|held| !held.is_null() && held.as_array().is_none_or(|a| !a.is_empty()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lint::tests::{Words, table};

    fn check(row: &str, part: &str) {
        let settings = LintSettings { min_rows: 0, select: vec!["LEN003".to_owned()], ..LintSettings::default() };
        let cx = Context::with_counter(Some(&Words));
        let report = crate::lint::lint([table("t.jsonl", row)].iter(), &settings, &cx).unwrap();
        let found: Vec<&str> = report.findings.iter().map(|finding| finding.message.as_str()).collect();
        assert_eq!(found.len(), usize::from(!part.is_empty()), "{row} {found:?}");
        assert!(found.iter().all(|message| message.contains(part)), "{found:?}");
    }

    #[test]
    fn something_must_be_learned() {
        let chat = |turns: &str| format!(r#"{{"messages":[{{"role":"user","content":"Why two?"}}{turns}]}}"#);
        check(&chat(""), "no turn of the assistant");
        check(&chat(r#",{"role":"assistant","content":"One drifts."}"#), "");
        check(&chat(r#",{"role":"assistant","content":"One drifts.","weight":0}"#), "weight 0");
        check(
            &chat(
                r#",{"role":"assistant","content":"No.","weight":0},{"role":"assistant","content":"Yes.","weight":1}"#,
            ),
            "",
        );
        check(&chat(r#",{"role":"assistant","content":null}"#), "says nothing");
        check(&chat(r#",{"role":"assistant","content":null,"tool_calls":[{"id":"a"}]}"#), "");
        check(&chat(r#",{"role":"assistant","content":""}"#), "");
        check(r#"{"messages":[]}"#, "no turn");
        let pair = |side: &str| {
            let turn = |speaker: &str| format!(r#"[{{"role":"{speaker}","content":"Two of them."}}]"#);
            let prompt = turn("user");
            format!(r#"{{"prompt":{prompt},"chosen":{},"rejected":{}}}"#, turn("assistant"), turn(side))
        };
        check(&pair("assistant"), "");
        check(&pair("user"), "`rejected` is trained: it does not end");
        check(r#"{"conversations":[{"from":"human","value":"Why?"}]}"#, "no turn of the assistant");
        check(r#"{"conversations":[{"from":"human","value":"Why?"},{"from":"gpt","value":"Ice."}]}"#, "");
        check(r#"{"instruction":"Why?","context":"","response":""}"#, "");
    }

    #[test]
    fn long_rows_are_measured_with_their_template() {
        let row = |words: usize| format!(r#"{{"prompt":"Why?","chosen":"{}","rejected":"no"}}"#, "so ".repeat(words));
        // One word of prompt and five tokens for each of two turns.
        check(&row(2048 - 11), "");
        check(&row(2048 - 10), "2049 tokens");
    }
}
