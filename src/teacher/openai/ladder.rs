//! What an endpoint accepts, found out by asking.
//!
//! "OpenAI-compatible" covers servers that reject `json_schema`, models that reject `max_tokens` or `temperature`,
//! and strict gateways that reject what they do not know. A request starts with everything that helps; on a
//! complaint the part complained about is replaced by the next best. The shape that first succeeds is kept for all
//! later requests.

use super::retry::ErrorBody;
use super::settings::Endpoint;

/// How the answer's form is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    /// `json_schema`, strict: the endpoint enforces the schema.
    Schema,
    /// `json_object`: the endpoint enforces JSON, the schema is in the prompt.
    Object,
    /// No `response_format`; the schema is in the prompt.
    Plain,
}

/// How the token limit is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LimitName {
    /// `max_tokens`.
    Old,
    /// `max_completion_tokens`.
    New,
}

/// The parts of a request that vary between endpoints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shape {
    pub(super) format: Format,
    pub(super) limit_name: LimitName,
    /// Changed once; it is not changed back.
    is_limit_renamed: bool,
    pub(super) with_temperature: bool,
    pub(super) with_seed: bool,
}

impl Shape {
    /// The first shape to try. Ollama ignores `max_completion_tokens` without a word and would run unlimited, so the
    /// old name goes first everywhere but at OpenAI, whose reasoning models reject it.
    pub(super) fn first(endpoint: &Endpoint) -> Self {
        Self {
            format: Format::Schema,
            limit_name: if endpoint.is_openai { LimitName::New } else { LimitName::Old },
            is_limit_renamed: false,
            with_temperature: true,
            with_seed: true,
        }
    }

    /// The shape as one number, to be kept on disk.
    pub(super) fn code(self) -> i64 {
        let format = match self.format {
            Format::Schema => 0,
            Format::Object => 1,
            Format::Plain => 2,
        };
        let flags = [self.limit_name == LimitName::New, self.is_limit_renamed, self.with_temperature, self.with_seed];
        flags.into_iter().rev().fold(format, |code, flag| code * 2 + i64::from(flag))
    }

    /// The shape behind a number of [`Shape::code`].
    pub(super) fn from_code(code: i64) -> Self {
        let flag = |bit: u32| (code >> bit) & 1 == 1;
        Self {
            format: match code >> 4 {
                0 => Format::Schema,
                1 => Format::Object,
                _ => Format::Plain,
            },
            limit_name: if flag(0) { LimitName::New } else { LimitName::Old },
            is_limit_renamed: flag(1),
            with_temperature: flag(2),
            with_seed: flag(3),
        }
    }

    /// The next shape to try after a rejection, or `None` if it complains about something else.
    pub(super) fn after(self, complaint: &ErrorBody) -> Option<Self> {
        let text = complaint.message.to_lowercase();
        // Too long a prompt is often worded with the limit's name; renaming the limit would not help.
        if ["too large", "context length", "context window", "maximum context", "too long"]
            .iter()
            .any(|w| text.contains(w))
        {
            return None;
        }
        let param = complaint.param.as_deref().unwrap_or_default();
        let about = |names: &[&str]| {
            if param.is_empty() {
                names.iter().any(|name| has_word(&text, name))
            } else {
                names.iter().any(|name| param.starts_with(name))
            }
        };
        let format =
            ["response_format", "response format", "json_schema", "json_object", "structured output", "grammar"];
        if about(&format) || (param.is_empty() && text.contains("guided")) {
            return match self.format {
                Format::Schema => Some(Self { format: Format::Object, ..self }),
                Format::Object => Some(Self { format: Format::Plain, ..self }),
                Format::Plain => None,
            };
        }
        if about(&["max_tokens", "max_completion_tokens"]) {
            let limit_name = match self.limit_name {
                LimitName::Old => LimitName::New,
                LimitName::New => LimitName::Old,
            };
            return (!self.is_limit_renamed).then_some(Self { limit_name, is_limit_renamed: true, ..self });
        }
        if self.with_temperature && about(&["temperature"]) {
            return Some(Self { with_temperature: false, ..self });
        }
        if self.with_seed && about(&["seed"]) {
            return Some(Self { with_seed: false, ..self });
        }
        None
    }
}

/// Whether `word` stands in `text` on its own: "seed" is not in "proceed" or "seeded".
fn has_word(text: &str, word: &str) -> bool {
    let inside = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(word).any(|(at, found)| {
        let before = text[..at].chars().next_back();
        let after = text[at + found.len()..].chars().next();
        !before.is_some_and(inside) && !after.is_some_and(inside)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_complaint_changes_the_part_it_names() {
        let endpoint = Endpoint { base_url: String::new(), is_loopback: true, is_openai: false };
        let first = Shape::first(&endpoint);
        let after = |shape: Shape, body: &str| shape.after(&ErrorBody::parse(body.as_bytes()));

        let object = after(first, "This model does not support response_format json_schema").unwrap();
        assert_eq!(object, Shape { format: Format::Object, ..first });
        let plain = after(object, r#"{"error":{"message":"bad value","param":"response_format"}}"#).unwrap();
        assert_eq!(plain, Shape { format: Format::Plain, ..first });
        assert_eq!(after(plain, "response_format is not supported"), None);

        let limit = r#"{"error":{"message":"Unsupported parameter: 'max_tokens'","param":"max_tokens"}}"#;
        let renamed = after(first, limit).unwrap();
        assert_eq!(renamed.limit_name, LimitName::New);
        assert_eq!(after(renamed, limit), None, "renaming back and forth would never end");

        assert!(!after(first, "temperature: extra inputs are not permitted").unwrap().with_temperature);
        assert!(!after(first, "Unknown argument `seed`").unwrap().with_seed);
        assert_eq!(after(first, "could not proceed: the parameters were seeded wrongly"), None);
        assert_eq!(after(first, "max_tokens is too large: the context length is 4096"), None);
    }

    #[test]
    fn a_shape_is_its_number() {
        let shapes: Vec<Shape> = (0..48).map(Shape::from_code).collect();
        for (n, shape) in shapes.iter().enumerate() {
            assert_eq!(shape.code(), n as i64);
            assert_eq!(shapes.iter().filter(|s| *s == shape).count(), 1, "{shape:?}");
        }
    }
}
