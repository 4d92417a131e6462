use std::path::Path;

use serde_json::Value;

use super::stream::Format;
use super::{Item, Record, Shape, Table, layout_of, open};
use crate::Error;
use crate::id::ContentHash;
use crate::row::{Content, Cot, Kind, Preference, Provenance, Qa, Row, Side, Sides, Split};

/// Reads a dataset into memory, Parquet or JSON by its first bytes.
///
/// # Errors
/// Names the file, and the row that cannot be read.
pub fn read(path: &Path) -> Result<Table, Error> {
    let mut reader = open(path)?;
    let head = reader.head().clone();
    let mut columns = head.columns;
    let mut records: Vec<Record> = vec![];
    while let Some(batch) = reader.batch() {
        for item in batch {
            match item {
                Item::Row(record) => {
                    if head.format != Format::Parquet {
                        columns.extend(
                            record.values.keys().filter(|key| !columns.contains(key)).cloned().collect::<Vec<_>>(),
                        );
                    }
                    records.push(record);
                }
                Item::Bad(bad) => {
                    let place = match (bad.line, bad.row) {
                        (Some(line), _) => format!("line {line} "),
                        (None, Some(row)) => format!("row {row}: "),
                        (None, None) => String::new(),
                    };
                    return Err(Error::at(path, format!("{place}{}", bad.why))
                        .data()
                        .hint("datasets are Parquet files, JSON arrays or JSON lines, one object per line"));
                }
            }
        }
    }
    let rows: Vec<&Record> = records.iter().take(64).collect();
    let layout = layout_of(&columns, &head.metadata, &rows, None);
    let kind = layout.filter(|layout| layout.shape == Shape::Native).map(|layout| layout.kind);
    Ok(Table { path: path.to_owned(), kind, columns, metadata: head.metadata, records })
}

/// The rows of a table, typed: those of our own files whole, those of others with what they have.
///
/// # Errors
/// Names file, row and field of the first value that is missing or has the wrong type.
pub fn rows(table: &Table) -> Result<Vec<Row>, Error> {
    let kind = table.kind.ok_or_else(|| {
        Error::at(&table.path, format!("the columns ({}) are those of no known kind", table.columns.join(", "))).data().hint("qa has instruction, context, response; cot has instruction, thought, response; preference has prompt, chosen, rejected")
    })?;
    table.records.iter().map(|record| row(table, kind, record)).collect()
}

fn row(table: &Table, kind: Kind, record: &Record) -> Result<Row, Error> {
    let need = |field: &str| {
        record.text(field).map(str::to_owned).ok_or_else(|| {
            Error::at(&table.path, format!("row {}: `{field}` is missing or not text", record.row))
                .data()
                .hint(format!("run `distill lint {}` to list every such row", table.path.display()))
        })
    };
    let maybe = |field: &str| record.text(field).unwrap_or_default().to_owned();
    let content = match kind {
        Kind::Qa => Content::Qa(Qa {
            instruction: need("instruction")?,
            context: maybe("context"),
            response: need("response")?,
            paraphrase: maybe("paraphrase"),
            answer_key: maybe("answer_key"),
            evidence: maybe("evidence"),
        }),
        Kind::Cot => Content::Cot(Cot {
            instruction: need("instruction")?,
            thought: need("thought")?,
            response: need("response")?,
            evidence: maybe("evidence"),
        }),
        Kind::Preference => Content::Preference(Preference {
            prompt: need("prompt")?,
            chosen: need("chosen")?,
            rejected: need("rejected")?,
            evidence: maybe("evidence"),
        }),
    };
    let number = |value: Option<&Value>| value.and_then(Value::as_u64).unwrap_or_default();
    let span =
        record.values.get("span").and_then(Value::as_array).map_or((0, 0), |s| (number(s.first()), number(s.get(1))));
    let mut tokens = [0; 3];
    for (slot, field) in tokens.iter_mut().zip(kind.fields()) {
        *slot = u32::try_from(number(record.values.get(&format!("tokens_{field}")))).unwrap_or(u32::MAX);
    }
    Ok(Row {
        id: content.id(),
        content,
        source: maybe("source"),
        span,
        split: if matches!(record.text("split"), Some("test" | "eval" | "validation")) {
            Split::Test
        } else {
            Split::Train
        },
        tokens,
        sides: side(record.text("chosen_source")).zip(side(record.text("rejected_source"))).map(sides),
        provenance: Provenance {
            teacher: maybe("teacher"),
            template: maybe("template"),
            template_version: maybe("template_version"),
            parameters: maybe("parameters"),
            request_hash: ContentHash::of(maybe("request_hash").as_bytes()),
            cost_usd: record.values.get("cost_usd").and_then(Value::as_f64).unwrap_or_default(),
        },
    })
}

fn side(name: Option<&str>) -> Option<Side> {
    [Side::Post, Side::Teacher, Side::Student].into_iter().find(|side| Some(side.name()) == name)
}

const fn sides((chosen, rejected): (Side, Side)) -> Sides {
    Sides { chosen, rejected }
}
