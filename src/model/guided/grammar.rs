//! A JSON Schema and a number of rows come in, an automaton over bytes goes out: what may stand next in the answer.
//!
//! Answers are flat, so the schema is unrolled once into a list of steps: literal text that nobody has a say in, and
//! between it what the model is asked for. The automaton's state is a small value that can be kept per byte.

use serde_json::Value;

/// Items of an array whose length the model decides, at most.
const MOST_ITEMS: usize = 8;
/// Deeper schemas are no answer schemas.
const MOST_DEPTH: usize = 8;
/// Digits of a number; more say nothing in an answer and some parsers lose them.
const MOST_DIGITS: u8 = 12;

/// One step of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    /// Exactly these bytes.
    Text(Vec<u8>),
    /// What a string holds, up to its closing quote. The opening one is in the text before.
    Str,
    /// A number; with a fraction or without.
    Number { fraction: bool },
    /// One of these, each with the step that follows it. At most 64.
    Choice(Vec<(Vec<u8>, usize)>),
    /// A row begins: the steps that follow its end, and that close the array around it.
    Row { after: usize, close: usize },
    /// The next property of a row begins.
    Field,
    /// A row ends.
    RowEnd,
}

/// Where inside a value the next byte lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Inside {
    /// Between two characters of a string; at the start of anything else.
    Plain,
    /// Behind a backslash.
    Escape,
    /// `\u` wants its digits: how many were there, and what the first ones allow.
    Hex { seen: u8, kind: Hex },
    /// A character wants that many more bytes, the next of them in this range.
    Char { left: u8, low: u8, high: u8 },
    /// Behind a minus sign.
    Minus,
    /// Behind a leading zero.
    Zero,
    /// Behind so many digits before the point.
    Whole(u8),
    /// Behind the point.
    Point,
    /// Behind so many digits after the point.
    Fraction(u8),
}

/// What the digits of `\u` may still become: neither half a surrogate pair nor a control character.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hex {
    Free,
    /// `0`: with another one, the third digit decides whether it is a control character.
    Zero,
    /// `d`: 8 and above are surrogates.
    Surrogate,
}

/// How far an answer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct State {
    step: usize,
    /// Bytes of the step's literal that are there.
    at: usize,
    /// Options of a choice that still fit.
    live: u64,
    inside: Inside,
    /// The string holds more than white space.
    filled: bool,
    /// Bytes of the answer.
    length: usize,
    /// Where the open row's property begins, and where to go on without the row's rest.
    row: Option<OpenRow>,
    /// Rows that are complete.
    rows: usize,
}

/// A row that has begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct OpenRow {
    after: usize,
    close: usize,
    field: usize,
}

impl State {
    /// Which step it is: changes when the model is asked for something else.
    pub const fn step(&self) -> usize {
        self.step
    }

    /// Complete rows.
    pub const fn rows(&self) -> usize {
        self.rows
    }

    /// Where the answer has to be cut for the open row to end with the properties that are complete; `None` outside
    /// rows.
    pub fn cut_at(&self) -> Option<usize> {
        self.row.map(|row| row.field)
    }
}

/// A schema cannot be decoded by.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the answer's schema is not supported: {0}")]
pub struct GrammarError(String);

/// The automaton of one answer.
#[derive(Clone, Debug)]
pub struct Grammar {
    steps: Vec<Step>,
}

impl Grammar {
    /// An answer by `schema` in which the outermost arrays have `rows` items each.
    ///
    /// Objects have all their properties, in the schema's order, and strings are never empty. Inner arrays have one
    /// to eight items (or what `minItems` and `maxItems` say), as the model decides.
    ///
    /// # Errors
    /// What the schema asks for beyond objects, arrays, strings, numbers, booleans and listed values.
    pub fn new(schema: &Value, rows: usize) -> Result<Self, GrammarError> {
        let mut grammar = Self { steps: Vec::new() };
        grammar.value(schema, 0, Some(rows.max(1)))?;
        Ok(grammar)
    }

    /// The state before the first byte.
    pub fn start(&self) -> State {
        self.settled(State {
            step: 0,
            at: 0,
            live: 0,
            inside: Inside::Plain,
            filled: false,
            length: 0,
            row: None,
            rows: 0,
        })
    }

    /// Whether the answer is complete.
    pub fn is_finished(&self, state: &State) -> bool {
        state.step >= self.steps.len()
    }

    /// Whether the model is in a string, between two characters.
    pub fn in_string(&self, state: &State) -> bool {
        state.inside == Inside::Plain && matches!(self.steps.get(state.step), Some(Step::Str))
    }

    /// The only byte that may follow, where there is no choice.
    pub fn forced(&self, state: &State) -> Option<u8> {
        match self.steps.get(state.step)? {
            Step::Text(text) => text.get(state.at).copied(),
            Step::Choice(options) => {
                let mut next = live(options, state.live).map(|(text, _)| text.get(state.at).copied());
                let first = next.next()??;
                next.all(|byte| byte == Some(first)).then_some(first)
            }
            _ => None,
        }
    }

    /// The state after one more byte; `None` where it may not stand.
    pub fn next(&self, state: &State, byte: u8) -> Option<State> {
        let mut next = State { length: state.length + 1, ..*state };
        match self.steps.get(state.step)? {
            Step::Text(text) => {
                if *text.get(state.at)? != byte {
                    return None;
                }
                next.at += 1;
                if next.at == text.len() {
                    next = self.at_step(next, state.step + 1);
                }
                Some(next)
            }
            Step::Str => self.in_text(next, byte),
            Step::Number { fraction } => {
                let inside = number(state.inside, byte, *fraction);
                if let Some(inside) = inside {
                    next.inside = inside;
                    return Some(next);
                }
                let complete = matches!(state.inside, Inside::Zero | Inside::Whole(_) | Inside::Fraction(_));
                if complete { self.next(&self.at_step(*state, state.step + 1), byte) } else { None }
            }
            Step::Choice(options) => {
                next.live = 0;
                for (i, (text, _)) in options.iter().enumerate() {
                    if state.live & (1 << i) != 0 && text.get(state.at) == Some(&byte) {
                        next.live |= 1 << i;
                    }
                }
                if next.live == 0 {
                    // An option that is complete, and a longer one that it was not.
                    let (_, target) = live(options, state.live).find(|(text, _)| text.len() == state.at)?;
                    return self.next(&self.at_step(*state, *target), byte);
                }
                next.at += 1;
                let mut left = live(options, next.live);
                if let (Some((text, target)), None) = (left.next(), left.next())
                    && text.len() == next.at
                {
                    next = self.at_step(next, *target);
                }
                Some(next)
            }
            // Marks take no byte; `settled` has gone past them.
            Step::Row { .. } | Step::Field | Step::RowEnd => None,
        }
    }

    /// The state after several bytes.
    pub fn after(&self, state: &State, bytes: &[u8]) -> Option<State> {
        bytes.iter().try_fold(*state, |state, &byte| self.next(&state, byte))
    }

    /// The state behind the closing brace of a row that was cut at [`State::cut_at`]: before the next row, or with
    /// `last` before the array's end. The row does not count as complete.
    pub fn without_rest(&self, state: &State, last: bool) -> Option<State> {
        let row = state.row?;
        let cut = State { length: row.field + 1, row: None, ..*state };
        Some(self.at_step(cut, if last { row.close } else { row.after }))
    }

    fn at_step(&self, state: State, step: usize) -> State {
        self.settled(State { step, at: 0, live: 0, inside: Inside::Plain, filled: false, ..state })
    }

    /// Goes past the marks and opens a choice.
    fn settled(&self, mut state: State) -> State {
        loop {
            match self.steps.get(state.step) {
                Some(Step::Row { after, close }) => {
                    // The brace is one byte, and without a property it is followed by its end.
                    state.row = Some(OpenRow { after: *after, close: *close, field: state.length + 1 });
                }
                Some(Step::Field) => {
                    if let Some(row) = &mut state.row {
                        row.field = state.length;
                    }
                }
                Some(Step::RowEnd) => {
                    state.row = None;
                    state.rows += 1;
                }
                Some(Step::Choice(options)) => {
                    state.live = if options.len() >= 64 { u64::MAX } else { (1 << options.len()) - 1 };
                    return state;
                }
                _ => return state,
            }
            state.step += 1;
        }
    }

    /// One byte in a string: escapes that a parser reads and that stand for a readable character, UTF-8 that is
    /// complete, no control characters, and the closing quote behind some text.
    fn in_text(&self, mut next: State, byte: u8) -> Option<State> {
        let hex = |byte: u8| byte.is_ascii_hexdigit();
        next.inside = match next.inside {
            Inside::Plain => match byte {
                b'"' if next.filled => return Some(self.at_step(next, next.step + 1)),
                b'"' | 0..0x20 | 0x7F => return None,
                b'\\' => Inside::Escape,
                _ => {
                    next.filled |= byte != b' ';
                    character(byte)?
                }
            },
            Inside::Escape => {
                next.filled |= matches!(byte, b'"' | b'\\' | b'/');
                match byte {
                    b'"' | b'\\' | b'/' | b'n' | b't' => Inside::Plain,
                    b'u' => Inside::Hex { seen: 0, kind: Hex::Free },
                    _ => return None,
                }
            }
            Inside::Hex { seen: 0, .. } if hex(byte) => {
                let kind = match byte {
                    b'0' => Hex::Zero,
                    b'd' | b'D' => Hex::Surrogate,
                    _ => Hex::Free,
                };
                Inside::Hex { seen: 1, kind }
            }
            Inside::Hex { seen: 1, kind } if hex(byte) => match kind {
                Hex::Surrogate if !(b'0'..=b'7').contains(&byte) => return None,
                Hex::Zero if byte == b'0' => Inside::Hex { seen: 2, kind: Hex::Zero },
                _ => Inside::Hex { seen: 2, kind: Hex::Free },
            },
            Inside::Hex { seen: 2, kind } if hex(byte) => match (kind, byte) {
                (Hex::Zero, b'0' | b'1' | b'7'..=b'9') => return None,
                _ => Inside::Hex { seen: 3, kind: Hex::Free },
            },
            Inside::Hex { seen: 3, .. } if hex(byte) => {
                next.filled = true;
                Inside::Plain
            }
            Inside::Char { left, low, high } if (low..=high).contains(&byte) => match left {
                1 => Inside::Plain,
                _ => Inside::Char { left: left - 1, low: 0x80, high: 0xBF },
            },
            _ => return None,
        };
        Some(next)
    }

    fn text(&mut self, text: &str) {
        self.steps.push(Step::Text(text.as_bytes().to_vec()));
    }

    /// `rows` is given down to the outermost arrays.
    fn value(&mut self, schema: &Value, depth: usize, rows: Option<usize>) -> Result<(), GrammarError> {
        if depth > MOST_DEPTH {
            return Err(GrammarError("it is nested too deeply".to_owned()));
        }
        if let Some(value) = schema.get("const") {
            self.text(&value.to_string());
            return Ok(());
        }
        if let Some(values) = schema.get("enum") {
            let texts: Vec<String> = values.as_array().into_iter().flatten().map(Value::to_string).collect();
            return self.one_of(&texts);
        }
        match type_of(schema) {
            Some("object") => self.object(schema, depth, rows, false),
            Some("array") => self.array(schema, depth, rows),
            Some("string") => {
                self.text("\"");
                self.steps.push(Step::Str);
                Ok(())
            }
            Some("integer") => {
                self.steps.push(Step::Number { fraction: false });
                Ok(())
            }
            Some("number") => {
                self.steps.push(Step::Number { fraction: true });
                Ok(())
            }
            Some("boolean") => self.one_of(&["true".to_owned(), "false".to_owned()]),
            Some("null") => {
                self.text("null");
                Ok(())
            }
            Some(other) => Err(GrammarError(format!("type `{other}`"))),
            None => Err(GrammarError("a value without a type".to_owned())),
        }
    }

    fn object(&mut self, schema: &Value, depth: usize, rows: Option<usize>, row: bool) -> Result<(), GrammarError> {
        self.text("{");
        for (i, (name, property)) in
            schema.get("properties").and_then(Value::as_object).into_iter().flatten().enumerate()
        {
            if row {
                self.steps.push(Step::Field);
            }
            let comma = if i > 0 { "," } else { "" };
            self.text(&format!("{comma}{}:", Value::from(name.as_str())));
            self.value(property, depth + 1, rows)?;
        }
        self.text("}");
        Ok(())
    }

    fn array(&mut self, schema: &Value, depth: usize, rows: Option<usize>) -> Result<(), GrammarError> {
        let items = schema.get("items").ok_or_else(|| GrammarError("an array without `items`".to_owned()))?;
        let bound =
            |key: &str| schema.get(key).and_then(Value::as_u64).map(|n| usize::try_from(n).unwrap_or(usize::MAX));
        let most = bound("maxItems").unwrap_or(usize::MAX).max(1);
        let least = bound("minItems").unwrap_or(1).clamp(1, most);
        self.text("[");
        if let Some(rows) = rows {
            let is_object = type_of(items) == Some("object");
            let mut open = Vec::new();
            for i in 0..rows.clamp(least, most) {
                if i > 0 {
                    self.text(",");
                }
                if is_object {
                    let at = self.steps.len();
                    self.steps.push(Step::Row { after: 0, close: 0 });
                    self.object(items, depth + 1, None, true)?;
                    self.steps.push(Step::RowEnd);
                    open.push((at, self.steps.len()));
                } else {
                    self.value(items, depth + 1, None)?;
                }
            }
            let close = self.steps.len();
            for (at, after) in open {
                self.steps[at] = Step::Row { after, close };
            }
            self.text("]");
            return Ok(());
        }
        let most = most.min(MOST_ITEMS.max(least));
        let mut choices = Vec::new();
        for i in 1..=most {
            self.value(items, depth + 1, None)?;
            if i < least {
                self.text(",");
            } else if i < most {
                choices.push(self.steps.len());
                self.steps.push(Step::Choice(Vec::new()));
            }
        }
        self.text("]");
        let end = self.steps.len();
        for at in choices {
            self.steps[at] = Step::Choice(vec![(b",".to_vec(), at + 1), (b"]".to_vec(), end)]);
        }
        Ok(())
    }

    fn one_of(&mut self, texts: &[String]) -> Result<(), GrammarError> {
        match texts {
            [] => Err(GrammarError("an empty `enum`".to_owned())),
            [only] => {
                self.text(only);
                Ok(())
            }
            _ if texts.len() > 64 => Err(GrammarError("an `enum` of more than 64 values".to_owned())),
            _ => {
                let after = self.steps.len() + 1;
                self.steps.push(Step::Choice(texts.iter().map(|t| (t.as_bytes().to_vec(), after)).collect()));
                Ok(())
            }
        }
    }
}

fn live(options: &[(Vec<u8>, usize)], mask: u64) -> impl Iterator<Item = &(Vec<u8>, usize)> {
    options.iter().enumerate().filter(move |(i, _)| mask & (1 << i) != 0).map(|(_, option)| option)
}

/// The type of a schema; of several the first that is not `null`.
fn type_of(schema: &Value) -> Option<&str> {
    match schema.get("type")? {
        Value::String(name) => Some(name),
        Value::Array(names) => names.iter().filter_map(Value::as_str).find(|name| *name != "null"),
        _ => None,
    }
}

/// What the first byte of a character asks for (Unicode 16, table 3-7: no overlong forms, no surrogates).
const fn character(byte: u8) -> Option<Inside> {
    Some(match byte {
        0..=0x7F => Inside::Plain,
        0xC2..=0xDF => Inside::Char { left: 1, low: 0x80, high: 0xBF },
        0xE0 => Inside::Char { left: 2, low: 0xA0, high: 0xBF },
        0xED => Inside::Char { left: 2, low: 0x80, high: 0x9F },
        0xE1..=0xEF => Inside::Char { left: 2, low: 0x80, high: 0xBF },
        0xF0 => Inside::Char { left: 3, low: 0x90, high: 0xBF },
        0xF1..=0xF3 => Inside::Char { left: 3, low: 0x80, high: 0xBF },
        0xF4 => Inside::Char { left: 3, low: 0x80, high: 0x8F },
        _ => return None,
    })
}

/// One more byte of a number; `None` where it ends.
const fn number(inside: Inside, byte: u8, fraction: bool) -> Option<Inside> {
    Some(match (inside, byte) {
        (Inside::Plain, b'-') => Inside::Minus,
        (Inside::Plain | Inside::Minus, b'0') => Inside::Zero,
        (Inside::Plain | Inside::Minus, b'1'..=b'9') => Inside::Whole(1),
        (Inside::Whole(n), b'0'..=b'9') if n < MOST_DIGITS => Inside::Whole(n + 1),
        (Inside::Zero | Inside::Whole(_), b'.') if fraction => Inside::Point,
        (Inside::Point, b'0'..=b'9') => Inside::Fraction(1),
        (Inside::Fraction(n), b'0'..=b'9') if n < MOST_DIGITS => Inside::Fraction(n + 1),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn object(properties: Value) -> Value {
        json!({ "type": "object", "properties": properties })
    }

    fn rows(item: Value) -> Value {
        object(json!({ "rows": { "type": "array", "items": item } }))
    }

    fn accepts(grammar: &Grammar, text: &str) -> bool {
        grammar.after(&grammar.start(), text.as_bytes()).is_some_and(|state| grammar.is_finished(&state))
    }

    /// Everything that is forced, with `value` where the model has a say.
    fn filled(grammar: &Grammar, values: &[&str]) -> String {
        let mut state = grammar.start();
        let mut values = values.iter();
        let mut text = Vec::new();
        while !grammar.is_finished(&state) {
            let bytes = match grammar.forced(&state) {
                Some(byte) => vec![byte],
                None => values.next().expect("a value is asked for").as_bytes().to_vec(),
            };
            state = grammar.after(&state, &bytes).unwrap_or_else(|| panic!("{bytes:?} after {text:?}"));
            text.extend(bytes);
        }
        String::from_utf8(text).unwrap()
    }

    #[test]
    fn rows_have_all_their_properties_in_order() {
        let schema = rows(object(json!({ "b": { "type": "string" }, "a": { "type": "string" } })));
        let text = filled(&Grammar::new(&schema, 2).unwrap(), &["x\"", "y\"", "z\"", "\\\"\""]);
        assert_eq!(text, r#"{"rows":[{"b":"x","a":"y"},{"b":"z","a":"\""}]}"#);
    }

    #[test]
    fn every_kind_of_value() {
        let schema = object(json!({
            "verdict": { "enum": ["yes", "no", "not sure"] },
            "good": { "type": "boolean" },
            "score": { "type": "integer" },
            "share": { "type": ["number", "null"] },
            "version": { "const": 1 },
            "nothing": { "type": "null" },
        }));
        let grammar = Grammar::new(&schema, 1).unwrap();
        // `n` leaves two options with `o` and `ot` behind it.
        for (verdict, rest) in [("y", r"es"), ("no\"", ""), ("not", " sure")] {
            let text = filled(&grammar, &[verdict, "t", "-12", ",", "0.5", ","]);
            let verdict = format!("{}{rest}", verdict.trim_end_matches('"'));
            assert_eq!(
                text,
                format!(r#"{{"verdict":"{verdict}","good":true,"score":-12,"share":0.5,"version":1,"nothing":null}}"#)
            );
            serde_json::from_str::<Value>(&text).unwrap();
        }
        assert!(!accepts(&grammar, r#"{"verdict":"maybe"#));
    }

    #[test]
    fn inner_arrays_are_as_long_as_the_model_likes() {
        let schema =
            rows(object(json!({ "tags": { "type": "array", "items": { "type": "integer" }, "maxItems": 3 } })));
        let grammar = Grammar::new(&schema, 1).unwrap();
        assert!(accepts(&grammar, r#"{"rows":[{"tags":[1]}]}"#));
        assert!(accepts(&grammar, r#"{"rows":[{"tags":[1,20,3]}]}"#));
        for wrong in ["[]", "[1,2,3,4]", "[01]", "[1.5]", "[-]"] {
            assert!(!accepts(&grammar, &format!(r#"{{"rows":[{{"tags":{wrong}}}]}}"#)), "{wrong}");
        }
        // A number that is a beginning of another one.
        let either = Grammar::new(&object(json!({ "n": { "enum": [1, 12] } })), 1).unwrap();
        assert!(accepts(&either, r#"{"n":1}"#) && accepts(&either, r#"{"n":12}"#) && !accepts(&either, r#"{"n":13}"#));
    }

    #[test]
    fn whatever_is_accepted_in_a_string_is_json() {
        let grammar = Grammar::new(&object(json!({ "s": { "type": "string" } })), 1).unwrap();
        let whole = |inner: &[u8]| [br#"{"s":""#, inner, br#""}"#].concat();
        for good in [&b"a"[..], b"\\n\\t a", "ß→🦀".as_bytes(), b"\\u00e9", b"\\ud7ff", b"\\u0041", b"\\\\", b" a/\\/"]
        {
            let text = whole(good);
            let end = grammar.after(&grammar.start(), &text).unwrap_or_else(|| panic!("{good:?}"));
            assert!(grammar.is_finished(&end));
            serde_json::from_slice::<Value>(&text).unwrap();
        }
        for bad in [
            &b""[..],
            b"  ",
            b"a\nb",
            b"\t",
            b"\\x",
            b"\\u12",
            b"\\ud800",
            b"\\uDc00",
            b"\\u0007",
            b"\\u001f",
            b"\\u007f",
            b"\\b",
            b"\xC0\xAF",
            b"\xED\xA0\x80",
            b"\xF5\x80\x80\x80",
            b"\xE2\x86",
            b"\x80",
            b"\\",
        ] {
            let end = grammar.after(&grammar.start(), &whole(bad));
            assert!(end.is_none_or(|state| !grammar.is_finished(&state)), "{bad:?}");
        }
    }

    #[test]
    fn a_row_can_end_early() {
        let schema = rows(object(json!({ "a": { "type": "string" }, "b": { "type": "string" } })));
        let grammar = Grammar::new(&schema, 2).unwrap();
        let text = br#"{"rows":[{"a":"x","b":"yyy"#;
        let state = grammar.after(&grammar.start(), text).unwrap();
        let at = state.cut_at().unwrap();
        assert_eq!(&text[at..], br#","b":"yyy"#);
        let next = grammar.without_rest(&state, false).unwrap();
        let end = grammar.after(&next, br#",{"a":"x","b":"y"}]}"#).unwrap();
        assert!(grammar.is_finished(&end) && end.rows() == 1);
        let last = grammar.without_rest(&state, true).unwrap();
        assert!(grammar.is_finished(&grammar.after(&last, b"]}").unwrap()));
        // In the first property nothing is left but the braces.
        let first = grammar.after(&grammar.start(), br#"{"rows":[{"a":"x"#).unwrap();
        assert_eq!(first.cut_at(), Some(br#"{"rows":[{"#.len()));
    }

    #[test]
    fn what_is_not_flat_is_refused() {
        let wrong = |schema: Value| Grammar::new(&schema, 1).unwrap_err().to_string();
        assert!(wrong(json!({ "$ref": "#/x" })).contains("without a type"));
        assert!(wrong(json!({ "enum": [] })).contains("empty"));
        assert!(wrong(json!({ "type": "array" })).contains("items"));
    }
}
