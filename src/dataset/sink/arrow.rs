//! JSON values as Arrow arrays, and the Arrow types that JSON can spell.

use std::sync::Arc;

use arrow::array::cast::AsArray;
use arrow::array::{
    Array, ArrayRef, BooleanArray, Float64Array, Int64Array, ListArray, NullArray, StringArray, StructArray,
    UInt64Array,
};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::{DataType, Field, FieldRef, Float16Type, Float32Type, Float64Type};
use serde_json::Value;

/// The type as which JSON holds values of an Arrow type: the same for text, numbers, lists and objects of them, text
/// for dates, times and decimals, and `None` for bytes, maps and others that JSON has no word for.
pub(in crate::dataset) fn spelled(data_type: &DataType) -> Option<DataType> {
    let item =
        |field: &FieldRef| Some(Arc::new(Field::new(field.name(), spelled(field.data_type())?, field.is_nullable())));
    Some(match data_type {
        DataType::Null
        | DataType::Boolean
        | DataType::Utf8
        | DataType::LargeUtf8
        | DataType::Utf8View
        | DataType::Float16
        | DataType::Float32
        | DataType::Float64 => data_type.clone(),
        integer if integer.is_integer() => integer.clone(),
        DataType::Date32
        | DataType::Date64
        | DataType::Time32(_)
        | DataType::Time64(_)
        | DataType::Timestamp(..)
        | DataType::Decimal32(..)
        | DataType::Decimal64(..)
        | DataType::Decimal128(..)
        | DataType::Decimal256(..) => DataType::Utf8,
        DataType::Dictionary(_, values) => spelled(values)?,
        DataType::List(field) => DataType::List(item(field)?),
        DataType::LargeList(field) => DataType::LargeList(item(field)?),
        DataType::FixedSizeList(field, length) => DataType::FixedSizeList(item(field)?, *length),
        DataType::Struct(fields) => DataType::Struct(fields.iter().map(item).collect::<Option<_>>()?),
        _ => return None,
    })
}

/// Numbers of an array that are none (`NaN`) or infinite, for which JSON has no word.
pub(in crate::dataset) fn not_numbers(array: &ArrayRef) -> usize {
    match array.data_type() {
        DataType::Float16 => {
            array.as_primitive::<Float16Type>().iter().flatten().filter(|n| !f32::from(*n).is_finite()).count()
        }
        DataType::Float32 => array.as_primitive::<Float32Type>().iter().flatten().filter(|n| !n.is_finite()).count(),
        DataType::Float64 => array.as_primitive::<Float64Type>().iter().flatten().filter(|n| !n.is_finite()).count(),
        DataType::List(_) => not_numbers(array.as_list::<i32>().values()),
        DataType::LargeList(_) => not_numbers(array.as_list::<i64>().values()),
        DataType::FixedSizeList(..) => not_numbers(array.as_fixed_size_list().values()),
        DataType::Struct(_) => array.as_struct().columns().iter().map(not_numbers).sum(),
        _ => 0,
    }
}

/// The type that JSON values are first read as on their way to a type.
fn plain(data_type: &DataType) -> DataType {
    let item = |field: &FieldRef| Arc::new(Field::new(field.name(), plain(field.data_type()), field.is_nullable()));
    match data_type {
        DataType::Null | DataType::Boolean | DataType::UInt64 => data_type.clone(),
        integer if integer.is_integer() => DataType::Int64,
        float if float.is_floating() => DataType::Float64,
        DataType::Dictionary(_, values) => plain(values),
        DataType::List(field) | DataType::LargeList(field) | DataType::FixedSizeList(field, _) => {
            DataType::List(item(field))
        }
        DataType::Struct(fields) => DataType::Struct(fields.iter().map(item).collect()),
        _ => DataType::Utf8,
    }
}

/// JSON values as an array of a type; absent ones are null.
///
/// # Errors
/// A value that is of another type, or null where none may be.
pub(in crate::dataset) fn array(values: &[Option<&Value>], data_type: &DataType) -> Result<ArrayRef, String> {
    let first = plain(data_type);
    let made = build(values, &first)?;
    if first == *data_type {
        return Ok(made);
    }
    let options = CastOptions { safe: false, ..CastOptions::default() };
    cast_with_options(&made, data_type, &options).map_err(|e| e.to_string())
}

fn build(values: &[Option<&Value>], data_type: &DataType) -> Result<ArrayRef, String> {
    fn cells<'v, T>(
        values: &[Option<&'v Value>],
        what: &str,
        read: impl Fn(&'v Value) -> Option<T>,
    ) -> Result<Vec<Option<T>>, String> {
        let one = |value: &Option<&'v Value>| match value {
            None | Some(Value::Null) => Ok(None),
            Some(value) => read(value).map(Some).ok_or_else(|| format!("{} where {what} was expected", named(value))),
        };
        values.iter().map(one).collect()
    }
    Ok(match data_type {
        DataType::Null => match values.iter().flatten().find(|value| !value.is_null()) {
            Some(value) => return Err(format!("{} where nothing was expected", named(value))),
            None => Arc::new(NullArray::new(values.len())),
        },
        DataType::Boolean => Arc::new(BooleanArray::from(cells(values, "a boolean", Value::as_bool)?)),
        DataType::Int64 => Arc::new(Int64Array::from(cells(values, "a whole number", Value::as_i64)?)),
        DataType::UInt64 => Arc::new(UInt64Array::from(cells(values, "a whole number", Value::as_u64)?)),
        DataType::Float64 => Arc::new(Float64Array::from(cells(values, "a number", Value::as_f64)?)),
        DataType::Utf8 => {
            fn read(value: &Value) -> Option<&str> {
                match value {
                    Value::String(text) => Some(text),
                    Value::Object(held) if held.is_empty() => Some("{}"),
                    _ => None,
                }
            }
            Arc::new(StringArray::from(cells(values, "text", read)?))
        }
        DataType::List(field) => {
            let lists = cells(values, "a list", Value::as_array)?;
            let items: Vec<Option<&Value>> = lists.iter().flatten().copied().flatten().map(Some).collect();
            i32::try_from(items.len()).map_err(|_| "more list items than a batch may have".to_owned())?;
            let lengths = lists.iter().map(|list| list.map_or(0, Vec::len));
            let nulls: NullBuffer = lists.iter().map(Option::is_some).collect();
            let nulls = (nulls.null_count() > 0).then_some(nulls);
            let items = build(&items, field.data_type()).map_err(|why| format!("an item is {why}"))?;
            let made = ListArray::try_new(Arc::clone(field), OffsetBuffer::from_lengths(lengths), items, nulls);
            Arc::new(made.map_err(|e| e.to_string())?)
        }
        DataType::Struct(fields) => {
            let objects = cells(values, "an object", Value::as_object)?;
            let mut columns = Vec::with_capacity(fields.len());
            for field in fields {
                let held: Vec<Option<&Value>> =
                    objects.iter().map(|object| object.and_then(|object| object.get(field.name()))).collect();
                columns.push(build(&held, field.data_type()).map_err(|why| format!("`{}` is {why}", field.name()))?);
            }
            let nulls: NullBuffer = objects.iter().map(Option::is_some).collect();
            let nulls = (nulls.null_count() > 0).then_some(nulls);
            let made = StructArray::try_new_with_length(fields.clone(), columns, nulls, values.len());
            Arc::new(made.map_err(|e| e.to_string())?)
        }
        other => return Err(format!("of a type that JSON has no word for ({other})")),
    })
}

const fn named(value: &Value) -> &'static str {
    match value {
        Value::Null => "nothing",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}
