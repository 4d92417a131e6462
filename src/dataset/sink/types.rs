//! The Arrow types that JSON rows need.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Fields, Schema, SchemaRef};
use serde_json::{Map, Value};

/// Whole numbers up to here are exact as floating-point numbers.
const EXACT: u64 = 1 << 53;

/// What was seen of a value.
#[derive(Clone, Debug, PartialEq)]
enum Type {
    Null,
    Bool,
    Int {
        negative: bool,
        /// Beyond [`EXACT`].
        large: bool,
        /// Beyond `i64`.
        huge: bool,
    },
    Float,
    Text,
    List(Box<Self>),
    Object(Entries),
}

/// Keys in the order in which they were met, with where each is.
#[derive(Clone, Debug, Default, PartialEq)]
struct Entries {
    all: Vec<(String, Type)>,
    places: HashMap<String, usize>,
}

impl Entries {
    fn of(&mut self, key: &str) -> &mut Type {
        let place = match self.places.get(key) {
            Some(place) => *place,
            None => {
                self.places.insert(key.to_owned(), self.all.len());
                self.all.push((key.to_owned(), Type::Null));
                self.all.len() - 1
            }
        };
        &mut self.all[place].1
    }
}

impl Type {
    const fn name(&self) -> &'static str {
        match self {
            Self::Null => "nothing",
            Self::Bool => "a boolean",
            Self::Int { .. } => "a whole number",
            Self::Float => "a number",
            Self::Text => "text",
            Self::List(_) => "a list",
            Self::Object(_) => "an object",
        }
    }

    /// Makes room for a value; says where it does not fit what was seen before.
    fn widen(&mut self, value: &Value) -> Result<(), String> {
        let clash = |this: &Self, other: &Self| Err(format!(" holds {} here and {} before", other.name(), this.name()));
        match (&mut *self, value) {
            (_, Value::Null) | (Self::Bool, Value::Bool(_)) | (Self::Text, Value::String(_)) => Ok(()),
            (Self::Null, _) => {
                *self = match value {
                    Value::Null => Self::Null,
                    Value::Bool(_) => Self::Bool,
                    Value::Number(number) if number.is_f64() => Self::Float,
                    Value::Number(_) => Self::Int { negative: false, large: false, huge: false },
                    Value::String(_) => Self::Text,
                    Value::Array(_) => Self::List(Box::new(Self::Null)),
                    Value::Object(_) => Self::Object(Entries::default()),
                };
                match self {
                    Self::Int { .. } | Self::List(_) | Self::Object(_) => self.widen(value),
                    _ => Ok(()),
                }
            }
            (Self::Int { negative, large, huge }, Value::Number(number)) if !number.is_f64() => {
                *negative |= number.as_i64().is_some_and(|n| n < 0);
                *large |= number.as_i64().map_or(u64::MAX, i64::unsigned_abs) > EXACT;
                *huge |= number.as_i64().is_none();
                if *negative && *huge { Err(" holds whole numbers that no type holds".to_owned()) } else { Ok(()) }
            }
            (Self::Int { large: false, .. }, Value::Number(_)) => {
                *self = Self::Float;
                Ok(())
            }
            (Self::Float, Value::Number(number))
                if number.is_f64() || number.as_i64().is_some_and(|n| n.unsigned_abs() <= EXACT) =>
            {
                Ok(())
            }
            (Self::Int { .. } | Self::Float, Value::Number(_)) => {
                Err(" holds whole numbers too large for a column with fractions".to_owned())
            }
            (Self::List(item), Value::Array(values)) => {
                values.iter().try_for_each(|value| item.widen(value)).map_err(|why| format!("[]{why}"))
            }
            (Self::Object(entries), Value::Object(values)) => values
                .iter()
                .try_for_each(|(key, value)| entries.of(key).widen(value).map_err(|why| format!(".{key}{why}"))),
            (this, Value::Bool(_)) => clash(this, &Self::Bool),
            (this, Value::String(_)) => clash(this, &Self::Text),
            (this, Value::Number(number)) if number.is_f64() => clash(this, &Self::Float),
            (this, Value::Number(_)) => clash(this, &Self::Int { negative: false, large: false, huge: false }),
            (this, Value::Array(_)) => clash(this, &Self::List(Box::new(Self::Null))),
            (this, Value::Object(_)) => clash(this, &Self::Object(Entries::default())),
        }
    }

    fn arrow(&self) -> DataType {
        match self {
            Self::Null => DataType::Null,
            Self::Bool => DataType::Boolean,
            Self::Int { huge: true, .. } => DataType::UInt64,
            Self::Int { .. } => DataType::Int64,
            Self::Float => DataType::Float64,
            Self::Text => DataType::Utf8,
            Self::List(item) => DataType::List(Arc::new(Field::new("item", item.arrow(), true))),
            // Parquet has no objects without keys: `array` writes them as the text `{}`.
            Self::Object(entries) if entries.all.is_empty() => DataType::Utf8,
            Self::Object(entries) => {
                DataType::Struct(entries.all.iter().map(|(key, held)| Field::new(key, held.arrow(), true)).collect())
            }
        }
    }

    fn empty_objects(&self, path: &str, out: &mut Vec<String>) {
        match self {
            Self::Object(entries) if entries.all.is_empty() => out.push(path.to_owned()),
            Self::Object(entries) => {
                entries.all.iter().for_each(|(key, held)| held.empty_objects(&format!("{path}.{key}"), out));
            }
            Self::List(item) => item.empty_objects(&format!("{path}[]"), out),
            _ => {}
        }
    }
}

/// The columns of some rows, by what is in them or by what they are known to be.
#[derive(Clone, Debug, Default)]
pub(in crate::dataset) struct Columns {
    seen: Entries,
    known: HashMap<String, Field>,
}

impl Columns {
    /// Those of a schema, which stay as they are; others may come.
    pub(in crate::dataset) fn known(fields: &Fields) -> Self {
        let mut out = Self::default();
        for field in fields {
            out.seen.of(field.name());
            out.known.insert(field.name().clone(), field.as_ref().clone());
        }
        out
    }

    /// The type of a column, if it comes; does not make it come.
    pub(in crate::dataset) fn hint(&mut self, field: Field) {
        self.known.insert(field.name().clone(), field);
    }

    /// Makes room for a row.
    ///
    /// # Errors
    /// Names the column and says what does not fit.
    pub(in crate::dataset) fn widen(&mut self, row: &Map<String, Value>) -> Result<(), String> {
        for (column, value) in row {
            let held = self.seen.of(column);
            if !self.known.contains_key(column) {
                held.widen(value).map_err(|why| format!("`{column}`{why}"))?;
            }
        }
        Ok(())
    }

    /// The schema.
    pub(in crate::dataset) fn schema(&self) -> SchemaRef {
        let field = |(name, held): &(String, Type)| {
            self.known.get(name).cloned().unwrap_or_else(|| Field::new(name, held.arrow(), true))
        };
        Arc::new(Schema::new(self.seen.all.iter().map(field).collect::<Vec<_>>()))
    }

    /// Paths at which all objects are empty.
    pub(in crate::dataset) fn empty_objects(&self) -> Vec<String> {
        let mut out = vec![];
        for (name, held) in self.seen.all.iter().filter(|(name, _)| !self.known.contains_key(name)) {
            held.empty_objects(name, &mut out);
        }
        out
    }
}
