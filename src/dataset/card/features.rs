//! Column types by the names that the Hub's loader has for them.

use std::fs::File;
use std::path::Path;

use arrow::datatypes::{DataType, TimeUnit};
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions};
use serde_json::Value;

use crate::Error;
use crate::dataset::Record;

/// The type of a column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Feature {
    /// One value: `string`, `int64`, `float64`, …
    Value(String),
    /// Any number of the same.
    List(Box<Self>),
    /// Named values.
    Struct(Vec<(String, Self)>),
}

impl Feature {
    /// The type in words.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::Value(name) => name.clone(),
            Self::List(of) => format!("list of {}", of.name()),
            Self::Struct(fields) => {
                let fields: Vec<&str> = fields.iter().map(|(name, _)| name.as_str()).collect();
                format!("object ({})", fields.join(", "))
            }
        }
    }
}

/// The types of a file's columns, as far as they are known.
#[derive(Debug, Default)]
pub(super) struct Types {
    /// From the schema; nothing else is asked then.
    schema: Option<Option<Vec<(String, Feature)>>>,
    /// From the values.
    seen: Vec<(String, Seen)>,
}

/// What values of a column have been.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Seen {
    Nothing,
    Bool,
    Whole,
    Real,
    Text,
    List(Box<Self>),
    Struct(Vec<(String, Self)>),
    Mixed,
}

impl Types {
    /// By the schema of a Parquet file.
    ///
    /// # Errors
    /// Names the file.
    pub(super) fn of_parquet(path: &Path) -> Result<Self, Error> {
        let file = File::open(path).map_err(|e| Error::io(path, e))?;
        let meta = ArrowReaderMetadata::load(&file, ArrowReaderOptions::default())
            .map_err(|e| Error::at(path, "is not a readable Parquet file").cause(e).data())?;
        let fields = meta.schema().fields();
        let features = fields.iter().map(|field| Some((field.name().clone(), of_arrow(field.data_type())?)));
        Ok(Self { schema: Some(features.collect()), seen: vec![] })
    }

    /// Learns from a row.
    pub(super) fn row(&mut self, record: &Record) {
        if self.schema.is_some() {
            return;
        }
        for (column, value) in &record.values {
            match self.seen.iter_mut().find(|(known, _)| known == column) {
                Some((_, seen)) => *seen = both(std::mem::replace(seen, Seen::Mixed), of_value(value)),
                None => self.seen.push((column.clone(), of_value(value))),
            }
        }
    }

    pub(super) fn finish(self) -> Option<Vec<(String, Feature)>> {
        match self.schema {
            Some(features) => features,
            None => self.seen.into_iter().map(|(column, seen)| Some((column, feature(seen)?))).collect(),
        }
    }
}

/// Bytes that a value takes in memory: numbers eight, texts and lists their length and an offset.
pub(super) fn size(value: &Value) -> u64 {
    match value {
        Value::Null => 0,
        Value::Bool(_) => 1,
        Value::Number(_) => 8,
        Value::String(text) => text.len() as u64 + 4,
        Value::Array(items) => 4 + items.iter().map(size).sum::<u64>(),
        Value::Object(held) => held.values().map(size).sum(),
    }
}

fn of_arrow(data: &DataType) -> Option<Feature> {
    let named = |name: &str| Some(Feature::Value(name.to_owned()));
    match data {
        DataType::Utf8 | DataType::Utf8View => named("string"),
        DataType::LargeUtf8 => named("large_string"),
        DataType::Boolean => named("bool"),
        DataType::Int8 => named("int8"),
        DataType::Int16 => named("int16"),
        DataType::Int32 => named("int32"),
        DataType::Int64 => named("int64"),
        DataType::UInt8 => named("uint8"),
        DataType::UInt16 => named("uint16"),
        DataType::UInt32 => named("uint32"),
        DataType::UInt64 => named("uint64"),
        DataType::Float16 => named("float16"),
        DataType::Float32 => named("float32"),
        DataType::Float64 => named("float64"),
        DataType::Binary => named("binary"),
        DataType::Date32 => named("date32"),
        DataType::Timestamp(unit, None) => named(match unit {
            TimeUnit::Second => "timestamp[s]",
            TimeUnit::Millisecond => "timestamp[ms]",
            TimeUnit::Microsecond => "timestamp[us]",
            TimeUnit::Nanosecond => "timestamp[ns]",
        }),
        DataType::List(item) => Some(Feature::List(Box::new(of_arrow(item.data_type())?))),
        DataType::Struct(fields) => {
            let fields = fields.iter().map(|field| Some((field.name().clone(), of_arrow(field.data_type())?)));
            fields.collect::<Option<_>>().map(Feature::Struct)
        }
        _ => None,
    }
}

fn of_value(value: &Value) -> Seen {
    match value {
        Value::Null => Seen::Nothing,
        Value::Bool(_) => Seen::Bool,
        Value::Number(number) if number.is_i64() => Seen::Whole,
        Value::Number(_) => Seen::Real,
        Value::String(_) => Seen::Text,
        Value::Array(items) => Seen::List(Box::new(items.iter().map(of_value).fold(Seen::Nothing, both))),
        Value::Object(held) => Seen::Struct(held.iter().map(|(key, value)| (key.clone(), of_value(value))).collect()),
    }
}

/// What both are.
fn both(a: Seen, b: Seen) -> Seen {
    match (a, b) {
        (a, b) if a == b => a,
        (Seen::Nothing, other) | (other, Seen::Nothing) => other,
        (Seen::Whole, Seen::Real) | (Seen::Real, Seen::Whole) => Seen::Real,
        (Seen::List(a), Seen::List(b)) => Seen::List(Box::new(both(*a, *b))),
        (Seen::Struct(mut a), Seen::Struct(b)) => {
            for (key, seen) in b {
                match a.iter_mut().find(|(known, _)| *known == key) {
                    Some((_, known)) => *known = both(std::mem::replace(known, Seen::Mixed), seen),
                    None => a.push((key, seen)),
                }
            }
            Seen::Struct(a)
        }
        _ => Seen::Mixed,
    }
}

fn feature(seen: Seen) -> Option<Feature> {
    let named = |name: &str| Some(Feature::Value(name.to_owned()));
    match seen {
        Seen::Nothing | Seen::Mixed => None,
        Seen::Bool => named("bool"),
        Seen::Whole => named("int64"),
        Seen::Real => named("float64"),
        Seen::Text => named("string"),
        Seen::List(of) => Some(Feature::List(Box::new(feature(*of)?))),
        Seen::Struct(fields) => {
            let fields = fields.into_iter().map(|(name, seen)| Some((name, feature(seen)?)));
            fields.collect::<Option<_>>().map(Feature::Struct)
        }
    }
}
