use schemars::{JsonSchema, SchemaGenerator, generate::SchemaSettings};
use serde_json::{Value, json};

use super::{Cot, Kind, Preference, Qa};

fn object<T: JsonSchema>() -> Value {
    let settings = SchemaSettings::draft2020_12().with(|s| {
        s.inline_subschemas = true;
        s.meta_schema = None;
    });
    let mut schema = SchemaGenerator::new(settings).into_root_schema_for::<T>().to_value();
    if let Some(map) = schema.as_object_mut() {
        map.shift_remove("title");
    }
    schema
}

/// The JSON Schema of one row of a kind, as the teacher writes it.
///
/// In the strict subset of structured outputs: every property required, no others allowed, no length keywords.
#[must_use]
pub fn row_schema(kind: Kind) -> Value {
    match kind {
        Kind::Qa => object::<Qa>(),
        Kind::Cot => object::<Cot>(),
        Kind::Preference => object::<Preference>(),
    }
}

/// The JSON Schema of a teacher's whole answer: `{"rows": [...]}`.
#[must_use]
pub fn answer_schema(kind: Kind) -> Value {
    json!({
        "type": "object",
        "properties": { "rows": { "type": "array", "items": row_schema(kind) } },
        "required": ["rows"],
        "additionalProperties": false
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_up_to_date() {
        for kind in Kind::ALL {
            let path = format!("{}/schemas/{}.json", env!("CARGO_MANIFEST_DIR"), kind.name());
            let want = format!("{}\n", serde_json::to_string_pretty(&answer_schema(kind)).unwrap());
            if std::env::var_os("BLESS").is_some() {
                std::fs::write(&path, &want).unwrap();
            }
            assert_eq!(
                std::fs::read_to_string(&path).unwrap_or_default(),
                want,
                "schemas/{}.json is stale: run `just bless`",
                kind.name()
            );
        }
    }

    #[test]
    fn every_property_is_required() {
        for kind in Kind::ALL {
            let schema = row_schema(kind);
            let properties: Vec<&String> = schema["properties"].as_object().unwrap().keys().collect();
            let required: Vec<&str> =
                schema["required"].as_array().unwrap().iter().map(|v| v.as_str().unwrap()).collect();
            assert_eq!(properties, required);
            assert_eq!(schema["additionalProperties"], false);
        }
    }
}
