use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use serde_json::Value;

use crate::dataset::{Layout, Record, Role};

/// What is kept of a row.
pub(super) struct Entry {
    pub(super) row: u64,
    /// All its values; columns that are null or absent say the same.
    pub(super) whole: u64,
    /// The value of the key column.
    pub(super) key: Option<u64>,
    /// What is asked, with the source and the place in it that the row was made from.
    pub(super) place: Option<u64>,
    /// What is asked: system text, prompts and context.
    pub(super) prompt: Option<u64>,
    /// Each value: the column's number, and a hash. In order of the numbers.
    values: Box<[(u32, u32)]>,
}

/// Columns by number.
#[derive(Default)]
pub(super) struct Names {
    numbers: HashMap<String, u32>,
    names: Vec<String>,
}

impl Names {
    fn number(&mut self, name: &str) -> u32 {
        if let Some(number) = self.numbers.get(name) {
            return *number;
        }
        let number = u32::try_from(self.names.len()).unwrap_or(u32::MAX);
        self.names.push(name.to_owned());
        self.numbers.insert(name.to_owned(), number);
        number
    }

    fn name(&self, number: u32) -> &str {
        self.names.get(number as usize).map_or("?", String::as_str)
    }
}

impl Entry {
    pub(super) fn of(record: &Record, layout: Option<&Layout>, key: Option<&str>, names: &mut Names) -> Self {
        let mut values: Vec<(u32, u32)> = vec![];
        let mut whole = 0_u64;
        for (column, value) in record.values.iter().filter(|(_, value)| !value.is_null()) {
            let number = names.number(column);
            let hash = hash(value);
            // A sum does not depend on the order of columns.
            whole = whole.wrapping_add(mixed(number, hash));
            values.push((number, (hash >> 32) as u32));
        }
        values.sort_unstable();
        let key = key.and_then(|column| record.values.get(column)).filter(|value| !value.is_null()).map(hash);
        let mut asked = DefaultHasher::new();
        let mut asks = false;
        for spoken in layout.map(|layout| layout.texts(record)).unwrap_or_default() {
            if matches!(spoken.role, Role::System | Role::Prompt | Role::Context) {
                asks |= spoken.role == Role::Prompt;
                (spoken.role, spoken.text).hash(&mut asked);
            }
        }
        let prompt = asks.then(|| asked.finish());
        let place = prompt.zip(record.text("source")).map(|(prompt, source)| {
            let mut place = DefaultHasher::new();
            (prompt, source).hash(&mut place);
            record.values.get("span").map(hash).hash(&mut place);
            place.finish()
        });
        Self { row: record.row, whole, key, place, prompt, values: values.into() }
    }

    /// The columns whose values differ, in order of name.
    pub(super) fn differing(&self, other: &Self, names: &Names) -> Vec<String> {
        let mine: HashMap<u32, u32> = self.values.iter().copied().collect();
        let theirs: HashMap<u32, u32> = other.values.iter().copied().collect();
        let mut numbers: Vec<u32> = mine.keys().chain(theirs.keys()).copied().collect();
        numbers.sort_unstable();
        numbers.dedup();
        let differs = |number: &u32| mine.get(number) != theirs.get(number);
        let mut out: Vec<String> = numbers.into_iter().filter(differs).map(|n| names.name(n).to_owned()).collect();
        out.sort();
        out
    }
}

fn mixed(number: u32, hash: u64) -> u64 {
    let mut hasher = DefaultHasher::new();
    (number, hash).hash(&mut hasher);
    hasher.finish()
}

fn hash(value: &Value) -> u64 {
    let mut hasher = DefaultHasher::new();
    feed(value, &mut hasher);
    hasher.finish()
}

/// What a value says, however its file writes it: 1 and 1.0 are the same, and so is any order of keys.
fn feed(value: &Value, hasher: &mut DefaultHasher) {
    match value {
        Value::Null => 0_u8.hash(hasher),
        Value::Bool(yes) => (1_u8, yes).hash(hasher),
        Value::Number(number) => match (number.as_i64(), number.as_u64(), number.as_f64()) {
            (Some(whole), ..) => (2_u8, whole).hash(hasher),
            (_, Some(whole), _) => (3_u8, whole).hash(hasher),
            (.., Some(real)) if real.fract() == 0.0 && real.abs() < 9e15 => (2_u8, real as i64).hash(hasher),
            (.., real) => (4_u8, real.unwrap_or(f64::NAN).to_bits()).hash(hasher),
        },
        Value::String(text) => (5_u8, text).hash(hasher),
        Value::Array(items) => {
            (6_u8, items.len()).hash(hasher);
            items.iter().for_each(|item| feed(item, hasher));
        }
        Value::Object(held) => {
            let mut keys: Vec<(&String, &Value)> = held.iter().filter(|(_, value)| !value.is_null()).collect();
            keys.sort_by_key(|(key, _)| *key);
            (7_u8, keys.len()).hash(hasher);
            for (key, value) in keys {
                key.hash(hasher);
                feed(value, hasher);
            }
        }
    }
}
