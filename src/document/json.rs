//! Which kind of JSON a file is, and lists of any length read entry by entry.
//!
//! A list of posts can be a hundred times as large as the words in it, so entries are read and dropped one at a time.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

use super::DocumentError;

/// How deep `serde_json` follows values into one another before it refuses.
const MAX_DEPTH: usize = 127;

/// What the top level of a file shows.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// A list.
    List,
    /// An object, with its keys.
    Object(Vec<String>),
    /// A single value.
    Other,
}

/// Looks at the top level and checks the rest.
pub(super) fn shape(text: &str) -> Result<Shape, DocumentError> {
    check_depth(text)?;
    let mut source = serde_json::Deserializer::from_str(text);
    let shape = (&mut source).deserialize_any(ShapeVisitor).map_err(|error| not_json(&error))?;
    source.end().map_err(|error| not_json(&error))?;
    Ok(shape)
}

/// Gives every entry of a list to `each`: of the list that is the file, or of the one under `key` in the object that is.
pub(super) fn entries(text: &str, key: Option<&str>, each: &mut dyn FnMut(Value)) -> Result<(), DocumentError> {
    check_depth(text)?;
    let mut source = serde_json::Deserializer::from_str(text);
    Entries { key, each }.deserialize(&mut source).map_err(|error| not_json(&error))
}

/// What the reader says, as an error of ours.
pub(super) fn not_json(error: &serde_json::Error) -> DocumentError {
    let message = error.to_string();
    let reason = message.split(" at line ").next().unwrap_or_default().to_owned();
    DocumentError::Json { line: error.line(), column: error.column(), reason }
}

/// Refuses before parsing, so that the error says what is wrong.
pub(super) fn check_depth(text: &str) -> Result<(), DocumentError> {
    let (mut depth, mut quoted, mut escaped) = (0usize, false, false);
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'[' | b'{' if !quoted => depth += 1,
            b']' | b'}' if !quoted => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > MAX_DEPTH {
            return Err(DocumentError::TooDeep { limit: MAX_DEPTH });
        }
    }
    Ok(())
}

struct ShapeVisitor;

impl<'de> Visitor<'de> for ShapeVisitor {
    type Value = Shape;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut entries: A) -> Result<Shape, A::Error> {
        while entries.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Shape::List)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Shape, A::Error> {
        let mut keys = Vec::new();
        while let Some((key, IgnoredAny)) = fields.next_entry::<String, IgnoredAny>()? {
            keys.push(key);
        }
        Ok(Shape::Object(keys))
    }

    fn visit_str<E>(self, _: &str) -> Result<Shape, E> {
        Ok(Shape::Other)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Shape, E> {
        Ok(Shape::Other)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Shape, E> {
        Ok(Shape::Other)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Shape, E> {
        Ok(Shape::Other)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Shape, E> {
        Ok(Shape::Other)
    }

    fn visit_unit<E>(self) -> Result<Shape, E> {
        Ok(Shape::Other)
    }
}

struct Entries<'e> {
    key: Option<&'e str>,
    each: &'e mut dyn FnMut(Value),
}

impl<'de> DeserializeSeed<'de> for Entries<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, source: D) -> Result<(), D::Error> {
        source.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Entries<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of posts")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        while let Some(entry) = entries.next_element::<Value>()? {
            (self.each)(entry);
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<(), A::Error> {
        while let Some(key) = fields.next_key::<String>()? {
            if Some(key.as_str()) == self.key {
                fields.next_value_seed(Entries { key: None, each: &mut *self.each })?;
            } else {
                fields.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes() {
        assert_eq!(shape("[1, {}]"), Ok(Shape::List));
        assert_eq!(shape("{\"a\": [], \"b\": 1}"), Ok(Shape::Object(vec!["a".to_owned(), "b".to_owned()])));
        assert_eq!(shape("1"), Ok(Shape::Other));
        assert!(matches!(shape("[1] x"), Err(DocumentError::Json { .. })));
        assert!(matches!(shape(&"[".repeat(1_000)), Err(DocumentError::TooDeep { .. })));
    }

    #[test]
    fn entries_of_a_list_within() {
        let mut got = Vec::new();
        entries("{\"x\": [9], \"items\": [1, \"a\"]}", Some("items"), &mut |entry| got.push(entry.to_string()))
            .unwrap();
        assert_eq!(got, ["1", "\"a\""]);
        assert!(entries("7", None, &mut |_| {}).is_err());
    }
}
