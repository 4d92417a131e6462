//! The shapes of public datasets.

use super::*;
use crate::dataset::Record;

fn record(json: &str) -> Record {
    let values = serde_json::from_str(json).unwrap_or_else(|e| panic!("{json}: {e}"));
    Record { row: 0, line: None, values }
}

/// A text of a row: role, name, words.
type Said<'a> = (Role, &'a str, &'a str);

/// Detects the layout of one row and spells it as `role name text`.
fn check(json: &str, expected: Option<(Shape, Kind, &[Said<'_>])>) {
    let record = record(json);
    let columns: Vec<String> = record.values.keys().cloned().collect();
    let layout = Layout::detect(&columns, std::iter::once(&record));
    let Some((shape, kind, texts)) = expected else {
        assert_eq!(layout, None, "{json}");
        return;
    };
    let layout = layout.unwrap_or_else(|| panic!("no layout for {json}"));
    assert_eq!((layout.shape, layout.kind), (shape, kind), "{json}");
    let spoken = layout.texts(&record);
    let got: Vec<Said<'_>> = spoken.iter().map(|s| (s.role, s.name.as_ref(), s.text)).collect();
    assert_eq!(got, texts, "{json}");
}

#[test]
fn our_own_columns() {
    use Role::{Answer, Chosen, Context, Evidence, Prompt, Rejected, Thought};
    check(
        r#"{"instruction":"q","context":"c","response":"r","evidence":"e"}"#,
        Some((
            Shape::Native,
            Kind::Qa,
            &[
                (Prompt, "instruction", "q"),
                (Context, "context", "c"),
                (Answer, "response", "r"),
                (Evidence, "evidence", "e"),
            ],
        )),
    );
    check(
        r#"{"instruction":"q","thought":"t","response":"r"}"#,
        Some((
            Shape::Native,
            Kind::Cot,
            &[(Prompt, "instruction", "q"), (Thought, "thought", "t"), (Answer, "response", "r")],
        )),
    );
    check(
        r#"{"prompt":"p","chosen":"c","rejected":"r"}"#,
        Some((
            Shape::Native,
            Kind::Preference,
            &[(Prompt, "prompt", "p"), (Chosen, "chosen", "c"), (Rejected, "rejected", "r")],
        )),
    );
}

#[test]
fn shapes_of_others() {
    use Role::{Answer, Chosen, Context, Prompt, Rejected, System, Thought};
    check(
        r#"{"prompt":"p","completion":"c"}"#,
        Some((Shape::PromptCompletion, Kind::Qa, &[(Prompt, "prompt", "p"), (Answer, "completion", "c")])),
    );
    check(
        r#"{"prompt":[{"role":"user","content":"p"}],"completion":[{"role":"assistant","content":"c"}]}"#,
        Some((
            Shape::PromptCompletion,
            Kind::Qa,
            &[(Prompt, "prompt[0].content", "p"), (Answer, "completion[0].content", "c")],
        )),
    );
    check(
        r#"{"messages":[{"role":"system","content":"s"},{"role":"user","content":"p"},{"role":"assistant","content":"a","weight":1}]}"#,
        Some((
            Shape::Messages,
            Kind::Qa,
            &[
                (System, "messages[0].content", "s"),
                (Prompt, "messages[1].content", "p"),
                (Answer, "messages[2].content", "a"),
            ],
        )),
    );
    check(
        r#"{"messages":[{"role":"user","content":"p"},{"role":"assistant","content":"<think>\nt\n</think>\n\na"}]}"#,
        Some((
            Shape::Messages,
            Kind::Cot,
            &[
                (Prompt, "messages[0].content", "p"),
                (Thought, "messages[1].content", "t"),
                (Answer, "messages[1].content", "a"),
            ],
        )),
    );
    check(
        r#"{"conversations":[{"from":"human","value":"p"},{"from":"gpt","value":"a"}]}"#,
        Some((
            Shape::ShareGpt,
            Kind::Qa,
            &[(Prompt, "conversations[0].value", "p"), (Answer, "conversations[1].value", "a")],
        )),
    );
    check(
        r#"{"instruction":"i","input":"c","output":"o"}"#,
        Some((
            Shape::Alpaca,
            Kind::Qa,
            &[(Prompt, "instruction", "i"), (Context, "input", "c"), (Answer, "output", "o")],
        )),
    );
    check(
        r#"{"system":"s","question":"q","chosen":"c","rejected":"r"}"#,
        Some((
            Shape::Preference,
            Kind::Preference,
            &[(System, "system", "s"), (Prompt, "question", "q"), (Chosen, "chosen", "c"), (Rejected, "rejected", "r")],
        )),
    );
    check(
        r#"{"prompt":"p","prompt_id":"x","chosen":[{"content":"p","role":"user"},{"content":"c","role":"assistant"}],"rejected":[{"content":"p","role":"user"},{"content":"r","role":"assistant"}]}"#,
        Some((
            Shape::Preference,
            Kind::Preference,
            &[(Prompt, "prompt", "p"), (Chosen, "chosen[1].content", "c"), (Rejected, "rejected[1].content", "r")],
        )),
    );
    check(
        r#"{"chosen":[{"content":"p","role":"user"},{"content":"c","role":"assistant"}],"rejected":[{"content":"p","role":"user"},{"content":"r","role":"assistant"}]}"#,
        Some((
            Shape::ImplicitPreference,
            Kind::Preference,
            &[
                (Prompt, "chosen[0].content", "p"),
                (Chosen, "chosen[1].content", "c"),
                (Rejected, "rejected[1].content", "r"),
            ],
        )),
    );
    check(
        r#"{"chosen":"\n\nHuman: p\n\nAssistant: c","rejected":"\n\nHuman: p\n\nAssistant: r"}"#,
        Some((
            Shape::ImplicitPreference,
            Kind::Preference,
            &[(Prompt, "chosen", "p"), (Chosen, "chosen", "c"), (Rejected, "rejected", "r")],
        )),
    );
    check(
        r#"{"input":{"messages":[{"role":"user","content":"p"}]},"preferred_output":[{"role":"assistant","content":"c"}],"non_preferred_output":[{"role":"assistant","content":"r"}]}"#,
        Some((
            Shape::OpenAiPreference,
            Kind::Preference,
            &[
                (Prompt, "input.messages[0].content", "p"),
                (Chosen, "preferred_output[0].content", "c"),
                (Rejected, "non_preferred_output[0].content", "r"),
            ],
        )),
    );
    check(
        r#"{"question":"q","answer":"a"}"#,
        Some((Shape::QuestionAnswer, Kind::Qa, &[(Prompt, "question", "q"), (Answer, "answer", "a")])),
    );
    check(
        r#"{"problem":"q","solution":"t","answer":"a"}"#,
        Some((
            Shape::QuestionAnswer,
            Kind::Cot,
            &[(Prompt, "problem", "q"), (Thought, "solution", "t"), (Answer, "answer", "a")],
        )),
    );
    check(
        r####"{"text":"### Human: q### Assistant: a"}"####,
        Some((Shape::Text, Kind::Qa, &[(Prompt, "text", "q"), (Answer, "text", "a")])),
    );
    check(r#"{"text":"t"}"#, Some((Shape::Text, Kind::Qa, &[(Answer, "text", "t")])));
}

#[test]
fn files_that_lost_a_column_fit_nothing() {
    check(r#"{"chosen":"c","rejected":"r"}"#, None);
    check(r#"{"prompt":"p","chosen":"c"}"#, None);
    check(r#"{"instruction":"i","thought":"t"}"#, None);
    check(r#"{"context":"c","response":"r"}"#, None);
    check(r#"{"thought":"t","response":"r"}"#, None);
    check("{}", None);
}
