//! redact-core behind the interface of `distill mask --jsonl`: lines of `{"id","text"}` in, lines of `{"id","spans"}`
//! out, offsets in bytes.

use std::error::Error;
use std::io::{BufRead, Write};

use redact_core::AnalyzerEngine;
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
struct Line {
    id: Value,
    text: String,
}

fn main() -> Result<(), Box<dyn Error>> {
    let engine = AnalyzerEngine::new();
    let mut out = std::io::stdout().lock();
    for line in std::io::stdin().lock().lines() {
        let line: Line = serde_json::from_str(&line?)?;
        let found = engine.analyze(&line.text, None)?.detected_entities;
        let spans: Vec<Value> = found
            .iter()
            .map(|span| json!({ "start": span.start, "end": span.end, "entity": span.entity_type.as_str() }))
            .collect();
        writeln!(out, "{}", json!({ "id": line.id, "spans": spans }))?;
    }
    Ok(())
}
