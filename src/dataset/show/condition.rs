use std::cmp::Ordering;
use std::str::FromStr;

use serde_json::Value;

use crate::dataset::{Layout, Record, Role, value_at};

/// What a row has to fulfil to be shown: `FIELD~TEXT`, `FIELD=VALUE`, `FIELD>N` and their opposites.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    /// A column, a path such as `messages[1].content`, or a role such as `prompt`.
    pub field: String,
    is: Is,
    /// Text to find, in lower case for [`Is::Like`]; or a number.
    value: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Is {
    Like,
    NotLike,
    Equal,
    NotEqual,
    Greater,
    AtLeast,
    Less,
    AtMost,
}

/// Longer signs first: `>=` begins with `>`.
const SIGNS: [(&str, Is); 8] = [
    ("!~", Is::NotLike),
    ("!=", Is::NotEqual),
    (">=", Is::AtLeast),
    ("<=", Is::AtMost),
    ("~", Is::Like),
    ("=", Is::Equal),
    (">", Is::Greater),
    ("<", Is::Less),
];

impl FromStr for Condition {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is no condition: write FIELD~TEXT, FIELD=VALUE or FIELD>N");
        let at = text.find(['~', '=', '>', '<', '!']).filter(|at| *at > 0).ok_or_else(wrong)?;
        let (field, rest) = text.split_at(at);
        let (sign, is) = SIGNS.into_iter().find(|(sign, _)| rest.starts_with(sign)).ok_or_else(wrong)?;
        let value = rest[sign.len()..].trim();
        match is {
            Is::Like | Is::NotLike if value.is_empty() => return Err(format!("`{text}` names no text to look for")),
            Is::Greater | Is::AtLeast | Is::Less | Is::AtMost if value.parse::<f64>().is_err() => {
                return Err(format!("`{value}` in `{text}` is no number"));
            }
            _ => {}
        }
        let value = if matches!(is, Is::Like | Is::NotLike) { value.to_lowercase() } else { value.to_owned() };
        Ok(Self { field: field.trim().to_owned(), is, value })
    }
}

impl Condition {
    /// Whether a row has the field at all.
    #[must_use]
    pub fn applies(&self, record: &Record, layout: Option<&Layout>) -> bool {
        value_at(record, &self.field).is_some() || !self.spoken(record, layout).is_empty()
    }

    /// Whether a row fulfils it. Texts of a role fulfil it when one of them does; lists are as great as they are long.
    #[must_use]
    pub fn holds(&self, record: &Record, layout: Option<&Layout>) -> bool {
        let texts = match value_at(record, &self.field) {
            Some(_) => vec![],
            None => self.spoken(record, layout),
        };
        let any = |test: &dyn Fn(&Value) -> bool| match value_at(record, &self.field) {
            Some(value) => test(value),
            None if texts.is_empty() => test(&Value::Null),
            None => texts.iter().any(|text| test(&Value::from(*text))),
        };
        let like = |value: &Value| match value {
            Value::Null => false,
            Value::String(text) => text.to_lowercase().contains(&self.value),
            other => other.to_string().to_lowercase().contains(&self.value),
        };
        let equal = |value: &Value| match value {
            Value::Null => self.value.is_empty(),
            Value::String(text) => *text == self.value,
            Value::Number(number) => self.value.parse().is_ok_and(|wanted: f64| number.as_f64() == Some(wanted)),
            other => {
                // As JSON spells it: `true`, `[1,2]`.
                let spelt = other.to_string();
                spelt == self.value
            }
        };
        let compared = |wanted: &[Ordering]| {
            any(&|value| {
                let order = self.value.parse().ok().and_then(|limit: f64| number(value)?.partial_cmp(&limit));
                order.is_some_and(|order| wanted.contains(&order))
            })
        };
        match self.is {
            Is::Like => any(&like),
            Is::NotLike => !any(&like),
            Is::Equal => any(&equal),
            Is::NotEqual => !any(&equal),
            Is::Greater => compared(&[Ordering::Greater]),
            Is::AtLeast => compared(&[Ordering::Greater, Ordering::Equal]),
            Is::Less => compared(&[Ordering::Less]),
            Is::AtMost => compared(&[Ordering::Less, Ordering::Equal]),
        }
    }

    fn spoken<'r>(&self, record: &'r Record, layout: Option<&Layout>) -> Vec<&'r str> {
        let role = Role::of_name(&self.field);
        let texts = layout.map(|layout| layout.texts(record)).unwrap_or_default();
        texts.into_iter().filter(|spoken| Some(spoken.role) == role).map(|spoken| spoken.text).collect()
    }
}

fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok(),
        Value::Array(items) => Some(items.len() as f64),
        _ => None,
    }
}
