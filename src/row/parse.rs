use serde::Deserialize;
use serde_json::Value;

use super::{Content, Cot, Kind, Preference, Qa, Reject, TokenCounter};
use crate::mask::Surrogates;

/// A row, or the reason it is none with the value that was offered.
pub type ParsedRow = Result<Content, (Reject, Value)>;

/// Reads a teacher's answer into rows: each is content, or the reason it is not with the value that was offered.
///
/// Tolerates what endpoints without structured output do: code fences, words before and after, a bare array, one
/// row without the wrapper. A single bad row does not spoil its neighbours.
///
/// # Errors
/// [`Reject::Unparsable`] when there is no JSON of the right shape at all.
pub fn parse(kind: Kind, text: &str) -> Result<Vec<ParsedRow>, Reject> {
    let value = repair_json(text)?;
    let rows = match value {
        Value::Array(rows) => rows,
        Value::Object(mut map) => match map.shift_remove("rows") {
            Some(Value::Array(rows)) => rows,
            Some(other) => return Err(unparsable(&format!("`rows` is {}, not an array", type_name(&other)))),
            None if map.contains_key(kind.fields()[0]) => vec![Value::Object(map)],
            None => return Err(unparsable("there is no `rows`")),
        },
        other => return Err(unparsable(&format!("{} instead of an object", type_name(&other)))),
    };
    Ok(rows.into_iter().map(|row| content(kind, row)).collect())
}

fn unparsable(reason: &str) -> Reject {
    Reject::Unparsable { reason: reason.to_owned() }
}

const fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

/// Finds the JSON in an answer.
///
/// # Errors
/// What the JSON parser says about the most promising stretch.
pub fn repair_json(text: &str) -> Result<Value, Reject> {
    let text = text.trim().trim_start_matches('\u{feff}');
    let first = match serde_json::from_str(text) {
        Ok(value) => return Ok(value),
        Err(e) => e,
    };
    // The outermost braces or brackets, whatever stands around them.
    for (open, close) in [('{', '}'), ('[', ']')] {
        if let (Some(start), Some(end)) = (text.find(open), text.rfind(close))
            && start < end
            && let Ok(value) = serde_json::from_str(&text[start..=end])
        {
            return Ok(value);
        }
    }
    Err(unparsable(&first.to_string()))
}

fn content(kind: Kind, mut row: Value) -> Result<Content, (Reject, Value)> {
    // Models without structured output add fields of their own; those that the row has no place for are dropped.
    if let Some(map) = row.as_object_mut() {
        let known: Vec<String> =
            super::row_schema(kind)["properties"].as_object().map(|p| p.keys().cloned().collect()).unwrap_or_default();
        map.retain(|key, _| known.contains(key));
    }
    let typed = match kind {
        Kind::Qa => Qa::deserialize(&row).map(Content::Qa),
        Kind::Cot => Cot::deserialize(&row).map(Content::Cot),
        Kind::Preference => Preference::deserialize(&row).map(Content::Preference),
    };
    typed.map(trimmed).map_err(|e| (unparsable(&e.to_string()), row))
}

fn trimmed(content: Content) -> Content {
    let trim = |s: String| s.trim().to_owned();
    match content {
        Content::Qa(r) => Content::Qa(Qa {
            instruction: trim(r.instruction),
            context: trim(r.context),
            response: trim(r.response),
            paraphrase: trim(r.paraphrase),
            answer_key: trim(r.answer_key),
            evidence: trim(r.evidence),
        }),
        Content::Cot(r) => Content::Cot(Cot {
            instruction: trim(r.instruction),
            thought: trim(r.thought),
            response: trim(r.response),
            evidence: trim(r.evidence),
        }),
        Content::Preference(r) => Content::Preference(Preference {
            prompt: trim(r.prompt),
            chosen: trim(r.chosen),
            rejected: trim(r.rejected),
            evidence: trim(r.evidence),
        }),
    }
}

/// Lower case, letters and digits only, single spaces: how two texts are compared.
#[must_use]
pub fn normalise(text: &str) -> String {
    use unicode_normalization::UnicodeNormalization;
    let mut out = String::with_capacity(text.len());
    for c in text.nfkc().flat_map(char::to_lowercase) {
        if c.is_alphanumeric() {
            out.push(c);
        } else if !out.ends_with(' ') && !out.is_empty() {
            out.push(' ');
        }
    }
    out.truncate(out.trim_end().len());
    out
}

/// Checks a row's content against its passage and the cap; returns the tokens of each field. What masking invented may
/// have the shape of personal data, nothing else may.
///
/// # Errors
/// The first fault found, the too-long ones last, because those can be cured by asking for less.
pub fn validate(
    content: &Content,
    passage: &str,
    counter: &dyn TokenCounter,
    cap: usize,
    surrogates: &Surrogates,
) -> Result<[u32; 3], Reject> {
    let kind = content.kind();
    let named = || kind.fields().iter().copied().zip(content.fields());
    for (field, text) in named() {
        if text.is_empty() && field != "context" {
            return Err(Reject::Empty { field });
        }
    }
    for (field, text) in kind.probe_fields().iter().copied().zip(content.probe_fields()) {
        if text.is_empty() {
            return Err(Reject::Empty { field });
        }
    }
    let evidence = normalise(content.evidence());
    if evidence.is_empty() {
        return Err(Reject::Empty { field: "evidence" });
    }
    if !normalise(passage).contains(&evidence) {
        return Err(Reject::Ungrounded);
    }
    match content {
        Content::Qa(row) if !normalise(&row.response).contains(&normalise(&row.answer_key)) => {
            return Err(Reject::KeyMissing);
        }
        Content::Preference(row) if normalise(&row.chosen) == normalise(&row.rejected) => {
            return Err(Reject::IdenticalPair);
        }
        _ => {}
    }
    for (field, text) in named()
        .chain(kind.probe_fields().iter().copied().zip(content.probe_fields()))
        .chain([("evidence", content.evidence())])
    {
        if let Some(span) = surrogates.scan(text).into_iter().next() {
            return Err(Reject::PersonalData { field, entity: span.entity.name().to_owned() });
        }
    }
    let mut tokens = [0u32; 3];
    for (slot, (field, text)) in tokens.iter_mut().zip(named()) {
        let count = counter.count(text);
        if count > cap {
            return Err(Reject::TooLong { field, tokens: count, cap });
        }
        *slot = u32::try_from(count).unwrap_or(u32::MAX);
    }
    Ok(tokens)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::ContentHash;

    struct Words;
    impl TokenCounter for Words {
        fn count(&self, text: &str) -> usize {
            text.split_whitespace().count()
        }
        fn hash(&self) -> ContentHash {
            ContentHash::of(b"words")
        }
    }

    const ROW: &str = r#"{"instruction":"What did you build?","thought":"It was slow.","response":"A queue.","evidence":"built a queue"}"#;

    #[test]
    fn answers_are_found_in_what_surrounds_them() {
        for text in [
            format!("{{\"rows\":[{ROW}]}}"),
            format!("```json\n{{\"rows\": [{ROW}]}}\n```"),
            format!("Sure!\n[{ROW}]\nDone."),
            ROW.to_owned(),
        ] {
            let rows = parse(Kind::Cot, &text).unwrap();
            assert!(matches!(rows.as_slice(), [Ok(Content::Cot(_))]), "{text}");
        }
    }

    #[test]
    fn a_bad_row_does_not_spoil_its_neighbour() {
        let rows = parse(Kind::Cot, &format!("{{\"rows\":[{{\"instruction\":1}},{ROW}]}}")).unwrap();
        assert!(rows[0].is_err() && rows[1].is_ok());
        assert!(parse(Kind::Cot, "{\"rows\": [").is_err());
        assert!(parse(Kind::Cot, "no").is_err());
    }

    #[test]
    fn validation_names_the_first_fault() {
        let row = |evidence: &str, response: &str| {
            Content::Cot(Cot {
                instruction: "Why a queue?".into(),
                thought: "Because.".into(),
                response: response.into(),
                evidence: evidence.into(),
            })
        };
        let check =
            |content: &Content| validate(content, "In 2020 I built a Queue, twice.", &Words, 4, &Surrogates::default());
        assert_eq!(check(&row("built a queue", "Two queues.")), Ok([3, 1, 2]));
        assert_eq!(check(&row("bought a queue", "Two.")), Err(Reject::Ungrounded));
        assert_eq!(check(&row("built a queue", "")), Err(Reject::Empty { field: "response" }));
        assert_eq!(
            check(&row("built a queue", "one two three four five")),
            Err(Reject::TooLong { field: "response", tokens: 5, cap: 4 })
        );
    }
}
