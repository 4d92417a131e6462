use serde::Deserialize;
use serde_json::Value;

use super::{Content, Cot, Kind, Preference, Qa, Reject, TokenCounter};

/// A row, or the reason it is none with the value that was offered.
pub type ParsedRow = Result<Content, (Reject, Value)>;

/// Reads a teacher's answer into rows: each is content, or the reason it is not with the value that was offered.
///
/// # Errors
/// As [`values`].
pub fn parse(kind: Kind, text: &str) -> Result<Vec<ParsedRow>, Reject> {
    Ok(values(kind, text)?.into_iter().map(|row| content(kind, row)).collect())
}

/// The rows of an answer as they came.
///
/// Tolerates what endpoints without structured output do: code fences, words before and after, a bare array, one
/// row without the wrapper, another name for `rows`.
///
/// # Errors
/// [`Reject::Unparsable`] when there is no JSON of the right shape at all.
pub fn values(kind: Kind, text: &str) -> Result<Vec<Value>, Reject> {
    match repair_json(text)? {
        Value::Array(rows) => Ok(rows),
        Value::Object(mut map) => match map.shift_remove("rows") {
            Some(Value::Array(rows)) => Ok(rows),
            Some(row @ Value::Object(_)) => Ok(vec![row]),
            Some(other) => Err(unparsable(&format!("`rows` is {}, not an array", type_name(&other)))),
            None if map.contains_key(kind.fields()[0]) => Ok(vec![Value::Object(map)]),
            None => {
                let is_rows = |v: &Value| v.as_array().is_some_and(|rows| rows.iter().any(Value::is_object));
                match map.into_iter().map(|(_, v)| v).find(is_rows) {
                    Some(Value::Array(rows)) => Ok(rows),
                    _ => Err(unparsable("there is no `rows`")),
                }
            }
        },
        other => Err(unparsable(&format!("{} instead of an object", type_name(&other)))),
    }
}

/// What stands in the place of a row with personal data in what is kept of an answer.
const WITHHELD: &str = "personal_data";

/// An answer's rows as text that may be kept: a row in which `fault` finds personal data, given as field and kind, is
/// replaced by a note of that, which [`parse`] reads as the same rejection.
#[must_use]
pub fn withhold(rows: &[Value], fault: impl Fn(&str) -> Option<String>) -> String {
    let keep = |row: &Value| match in_strings(row, "row", &fault) {
        Some((field, entity)) => serde_json::json!({ WITHHELD: { "field": field, "entity": entity } }),
        None => row.clone(),
    };
    serde_json::json!({ "rows": rows.iter().map(keep).collect::<Vec<_>>() }).to_string()
}

/// The first string, at any depth, in which `fault` finds something, with the name of its field.
fn in_strings(value: &Value, name: &str, fault: &impl Fn(&str) -> Option<String>) -> Option<(String, String)> {
    match value {
        Value::String(text) => fault(text).map(|entity| (name.to_owned(), entity)),
        Value::Array(items) => items.iter().find_map(|v| in_strings(v, name, fault)),
        Value::Object(map) => map.iter().find_map(|(key, v)| {
            let hidden = fault(key).map(|entity| ("a field's name".to_owned(), entity));
            hidden.or_else(|| in_strings(v, key, fault))
        }),
        Value::Null | Value::Bool(_) => None,
        Value::Number(n) => fault(&n.to_string()).map(|entity| (name.to_owned(), entity)),
    }
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

/// Finds the JSON in an answer: whole, between what surrounds it, as a row a line, or with the slips that models make
/// (a comma too many, a line break inside a string). What is cut off stays unread.
///
/// # Errors
/// What the JSON parser says about the most promising stretch.
pub fn repair_json(text: &str) -> Result<Value, Reject> {
    let text = text.trim().trim_start_matches('\u{feff}');
    let first = match serde_json::from_str(text) {
        Ok(value) => return Ok(value),
        Err(e) => e,
    };
    // The outermost braces or brackets, whatever stands around them. What comes first is outside: an array of objects
    // begins with its bracket.
    let mut pairs = [('{', '}'), ('[', ']')];
    pairs.sort_by_key(|(open, _)| text.find(*open).unwrap_or(usize::MAX));
    for (open, close) in pairs {
        if let (Some(start), Some(end)) = (text.find(open), text.rfind(close))
            && start < end
        {
            let inner = &text[start..=end];
            let whole = serde_json::from_str(inner).or_else(|_| serde_json::from_str(&without_slips(inner)));
            // Brackets stand in prose too.
            let holds_rows = |v: &Value| v.is_object() || v.as_array().is_some_and(|a| a.iter().any(Value::is_object));
            if let Ok(value) = whole
                && holds_rows(&value)
            {
                return Ok(value);
            }
            let lines: Result<Vec<Value>, _> = serde_json::Deserializer::from_str(inner).into_iter().collect();
            if let Ok(rows) = lines
                && open == '{'
                && rows.iter().all(Value::is_object)
            {
                return Ok(Value::Array(rows));
            }
        }
    }
    Err(unparsable(&first.to_string()))
}

/// JSON without commas before a closing bracket and with the control characters inside strings escaped.
fn without_slips(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    let (mut in_string, mut escaped) = (false, false);
    for c in json.chars() {
        if in_string {
            let ends = c == '"' && !escaped;
            escaped = c == '\\' && !escaped;
            in_string = !ends;
            match c {
                '\n' => out.push_str("\\n"),
                '\t' => out.push_str("\\t"),
                '\r' => {}
                c => out.push(c),
            }
            continue;
        }
        match c {
            '"' => in_string = true,
            '}' | ']' => {
                let kept = out.trim_end();
                if let Some(before) = kept.strip_suffix(',') {
                    out.truncate(before.len());
                }
            }
            _ => {}
        }
        out.push(c);
    }
    out
}

fn content(kind: Kind, mut row: Value) -> ParsedRow {
    if let Some(note) = row.get(WITHHELD).filter(|note| note.is_object()) {
        let word = |name: &str| note.get(name).and_then(Value::as_str).unwrap_or_default();
        let named = kind.fields().iter().chain(kind.probe_fields()).chain(&["evidence"]);
        let field = named.into_iter().copied().find(|f| *f == word("field")).unwrap_or("row");
        return Err((Reject::PersonalData { field, entity: word("entity").to_owned() }, Value::Null));
    }
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
    let trim = |s: String| printable(&s).trim().to_owned();
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

/// The text without what no reader sees and a terminal obeys: control characters but line breaks and tabs, marks that
/// turn the direction of writing, and characters without a width but the joiner inside emoji.
fn printable(text: &str) -> String {
    let hidden = |c: char| {
        (c.is_control() && !matches!(c, '\n' | '\t'))
            || matches!(c, '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
    };
    if text.chars().any(hidden) { text.chars().filter(|c| !hidden(*c)).collect() } else { text.to_owned() }
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

/// Checks a row's form, its evidence and the cap; returns the tokens of each field.
///
/// # Errors
/// The first fault found, the too-long ones last, because those can be cured by asking for less.
pub fn validate(content: &Content, passage: &str, counter: &dyn TokenCounter, cap: usize) -> Result<[u32; 3], Reject> {
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
            format!("{{\"rows\": [{ROW},],}}"),
            format!("{{\"data\": [{ROW}]}}"),
            format!("{{\"rows\": {ROW}}}"),
            format!("{ROW}\n{ROW}").replace(&format!("\n{ROW}"), ""),
        ] {
            let rows = parse(Kind::Cot, &text).unwrap();
            assert!(matches!(rows.as_slice(), [Ok(Content::Cot(_))]), "{text}");
        }
    }

    #[test]
    fn slips_are_read_and_cuts_are_not() {
        assert_eq!(parse(Kind::Cot, &format!("{ROW}\n{ROW}\n")).map(|r| r.len()), Ok(2), "a row a line");
        let broken = ROW.replace("It was slow.", "It was\nslow, \\\"really\\\".");
        let rows = parse(Kind::Cot, &format!("Here: {{\"rows\":[{broken}]}}")).unwrap();
        assert!(matches!(&rows[0], Ok(Content::Cot(row)) if row.thought == "It was\nslow, \"really\"."), "{rows:?}");
        for cut in [format!("{{\"rows\":[{ROW},{{\"instruction\":\"Wh"), "{'rows': []}".to_owned(), String::new()] {
            assert!(parse(Kind::Cot, &cut).is_err(), "{cut}");
        }
    }

    #[test]
    fn what_is_kept_of_an_answer_holds_no_personal_data() {
        let at = |text: &str| text.contains('@').then(|| "email".to_owned());
        let bad = ROW.replace("A queue.", "Ask a@b.example.");
        let rows = values(Kind::Cot, &format!("[{ROW},{bad},{{\"x@y\":1}}]")).unwrap();
        let kept = withhold(&rows, at);
        assert!(!kept.contains('@'), "{kept}");
        let again = parse(Kind::Cot, &kept).unwrap();
        assert!(again[0].is_ok());
        let expected = Reject::PersonalData { field: "response", entity: "email".into() };
        assert!(matches!(&again[1], Err((reject, Value::Null)) if *reject == expected), "{again:?}");
        assert!(matches!(&again[2], Err((Reject::PersonalData { field: "row", .. }, _))));
    }

    #[test]
    fn what_a_terminal_obeys_is_dropped() {
        assert_eq!(printable("a\u{1b}[2J\u{0}b\u{202e}c\r\nd\te\u{200b}"), "a[2Jbc\nd\te");
        assert_eq!(printable("👩\u{200d}🔧"), "👩\u{200d}🔧");
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
        let check = |content: &Content| validate(content, "In 2020 I built a Queue, twice.", &Words, 4);
        assert_eq!(check(&row("built a queue", "Two queues.")), Ok([3, 1, 2]));
        assert_eq!(check(&row("bought a queue", "Two.")), Err(Reject::Ungrounded));
        assert_eq!(check(&row("built a queue", "")), Err(Reject::Empty { field: "response" }));
        assert_eq!(
            check(&row("built a queue", "one two three four five")),
            Err(Reject::TooLong { field: "response", tokens: 5, cap: 4 })
        );
    }
}
