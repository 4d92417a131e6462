//! What is known of each row, and which rows hang together.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::near::Prompts;
use super::{By, Options, Stratify};
use crate::Error;
use crate::dataset::{Item, Layout, Record, Role, layout_of, open, value_at};
use crate::row::normalise;
use crate::row::shape::row_type;

use crate::row::Kind;

/// One row.
pub(super) struct Seen {
    pub file: u32,
    pub stratum: u32,
    /// Hash of what it says.
    pub key: u64,
    /// Whether it was held out before; `None` when it had no split.
    pub was_test: Option<bool>,
}

/// One file.
pub(super) struct FileInfo {
    pub kind: Option<Kind>,
}

/// All rows of all files.
pub(super) struct Gathered {
    pub rows: Vec<Seen>,
    pub files: Vec<FileInfo>,
    pub strata: Vec<String>,
    pub by: By,
    pub together: Together,
}

/// Sets of rows that only ever grow together (union by smaller number, paths halved).
#[derive(Clone, Default)]
pub(super) struct Together(Vec<u32>);

impl Together {
    fn add(&mut self) -> u32 {
        let row = u32::try_from(self.0.len()).unwrap_or(u32::MAX);
        self.0.push(row);
        row
    }

    pub(super) fn of(&mut self, mut row: u32) -> u32 {
        while self.0[row as usize] != row {
            self.0[row as usize] = self.0[self.0[row as usize] as usize];
            row = self.0[row as usize];
        }
        row
    }

    pub(super) fn join(&mut self, a: u32, b: u32) {
        let (a, b) = (self.of(a), self.of(b));
        let (small, large) = (a.min(b), a.max(b));
        self.0[large as usize] = small;
    }
}

pub(super) fn hash(text: &str) -> u64 {
    let hash = blake3::hash(text.as_bytes());
    u64::from_le_bytes(hash.as_bytes()[..8].try_into().unwrap_or_default())
}

/// Names as numbers.
#[derive(Default)]
struct Names {
    all: Vec<String>,
    places: HashMap<String, u32>,
}

impl Names {
    fn of(&mut self, name: &str) -> u32 {
        if let Some(place) = self.places.get(name) {
            return *place;
        }
        let place = u32::try_from(self.all.len()).unwrap_or(u32::MAX);
        self.all.push(name.to_owned());
        self.places.insert(name.to_owned(), place);
        place
    }
}

/// Where a row comes from.
struct Passage {
    source: u32,
    span: Option<(u64, u64)>,
    row: u32,
}

pub(super) fn gather(files: &[PathBuf], options: &Options) -> Result<Gathered, Error> {
    let mut out = Gathered { rows: vec![], files: vec![], strata: vec![], by: By::Row, together: Together::default() };
    let (mut strata, mut sources) = (Names::default(), Names::default());
    let mut passages: Vec<Passage> = vec![];
    let mut prompts = Prompts::default();
    let mut first: HashMap<u64, u32> = HashMap::new();
    let mut values: HashMap<u64, u32> = HashMap::new();
    let mut by = options.by.clone();
    for (number, file) in files.iter().enumerate() {
        let mut reader = open(file)?;
        let head = reader.head().clone();
        let sample: Vec<&Record> = reader.sample().take(64).collect();
        let layout = layout_of(&head.columns, &head.metadata, &sample, None);
        // A name and where in it: without the latter the name may be that of the dataset it was taken from.
        let tells = sample.iter().any(|record| record.text("source").is_some_and(|source| !source.is_empty()))
            && head.columns.iter().any(|column| column == "span");
        if options.by.is_none() && tells {
            by = Some(By::Passage);
        }
        for column in [
            if let Some(By::Column(column)) = &options.by { Some(column) } else { None },
            if let Stratify::Column(column) = &options.stratify { Some(column) } else { None },
        ]
        .into_iter()
        .flatten()
        {
            if !head.columns.contains(column) && !sample.iter().any(|record| value_at(record, column).is_some()) {
                return Err(Error::at(file, format!("has no column `{column}`"))
                    .hint(format!("its columns are {}", head.columns.join(", "))));
            }
        }
        if options.by == Some(By::Passage) && !tells && !sample.is_empty() {
            return Err(Error::at(file, "tells of no row which passage it comes from").hint(
                "passages are told by `source` and `span`; `--by COLUMN` takes another column, `--by row` none",
            ));
        }
        out.files.push(FileInfo { kind: layout.as_ref().map(|layout| layout.kind) });
        while let Some(batch) = reader.batch() {
            for item in batch {
                let record = match item {
                    Item::Row(record) => record,
                    Item::Bad(bad) => return Err(unreadable(file, bad.row, bad.line, &bad.why)),
                };
                let row = out.together.add();
                if row == u32::MAX {
                    return Err(Error::new("there are more rows than can be split at once").data());
                }
                let said = Said::of(layout.as_ref(), &record);
                let stratum = strata.of(&stratum(options, layout.as_ref(), &record, &said));
                out.rows.push(Seen {
                    file: u32::try_from(number).unwrap_or(u32::MAX),
                    stratum,
                    key: said.key,
                    was_test: record.text("split").filter(|split| !split.is_empty()).map(is_test),
                });
                let mut alone = true;
                match &options.by {
                    Some(By::Column(column)) => {
                        let value = value_at(&record, column).filter(|value| !value.is_null());
                        if let Some(value) = value.filter(|value| value.as_str() != Some("")) {
                            alone = false;
                            let other = *values.entry(hash(&value.to_string())).or_insert(row);
                            out.together.join(row, other);
                        }
                    }
                    Some(By::Row) => {}
                    _ => {
                        let source = record.text("source").filter(|source| !source.is_empty());
                        if let Some(source) = source.filter(|_| tells) {
                            alone = false;
                            passages.push(Passage { source: sources.of(source), span: span(&record), row });
                        }
                    }
                }
                // The same question on both sides is one that was trained on, wherever it comes from.
                if !said.asked.is_empty() {
                    let asked = hash(&said.asked);
                    match first.get(&asked) {
                        Some(other) => out.together.join(row, *other),
                        None => {
                            first.insert(asked, row);
                        }
                    }
                    if alone {
                        prompts.push(row, asked, &said.asked);
                    }
                }
            }
        }
    }
    out.by = by.unwrap_or(By::Row);
    join_passages(&mut passages, &mut out.together);
    prompts.join(&mut out.together);
    out.strata = strata.all;
    Ok(out)
}

fn unreadable(file: &Path, row: Option<u64>, line: Option<u64>, why: &str) -> Error {
    let place = match (line, row) {
        (Some(line), _) => format!("line {line} "),
        (None, Some(row)) => format!("row {row}: "),
        (None, None) => String::new(),
    };
    Error::at(file, format!("{place}{why}"))
        .data()
        .hint(format!("`distill lint {}` lists every such row", file.display()))
}

/// What a row says, as far as it matters here.
struct Said {
    key: u64,
    /// Its question, folded; empty when there is none.
    asked: String,
    question: String,
    answer: String,
}

impl Said {
    fn of(layout: Option<&Layout>, record: &Record) -> Self {
        let texts = layout.map(|layout| layout.texts(record)).unwrap_or_default();
        let text = |role: Role| texts.iter().find(|text| text.role == role).map_or("", |text| text.text);
        let question = text(Role::Prompt).to_owned();
        let mut whole = String::new();
        for text in texts.iter().filter(|text| text.role.is_trained()) {
            whole.push_str(text.role.name());
            whole.push('\0');
            whole.push_str(text.text);
            whole.push('\0');
        }
        if whole.is_empty() {
            // Nothing that is known: the row as it is, but for the split that it has.
            let values: Vec<(&String, &Value)> = record.values.iter().filter(|(key, _)| *key != "split").collect();
            whole = format!("{values:?}");
        }
        Self { key: hash(&whole), asked: normalise(&question), answer: text(Role::Answer).to_owned(), question }
    }
}

fn stratum(options: &Options, layout: Option<&Layout>, record: &Record, said: &Said) -> String {
    let kind = layout.map_or("rows", |layout| layout.kind.name());
    match &options.stratify {
        Stratify::Kind => kind.to_owned(),
        Stratify::QuestionType if layout.is_some_and(|layout| layout.kind == Kind::Preference) => kind.to_owned(),
        Stratify::QuestionType => row_type(&said.question, &said.answer).name().to_owned(),
        Stratify::Column(column) => match value_at(record, column) {
            Some(Value::String(text)) => text.clone(),
            Some(Value::Null) | None => "none".to_owned(),
            Some(other) => other.to_string(),
        },
    }
}

fn is_test(split: &str) -> bool {
    !split.eq_ignore_ascii_case("train")
}

fn span(record: &Record) -> Option<(u64, u64)> {
    let ends = record.values.get("span")?.as_array()?;
    let (start, end) = (ends.first()?.as_u64()?, ends.get(1)?.as_u64()?);
    (start < end).then_some((start, end))
}

fn join_passages(passages: &mut [Passage], together: &mut Together) {
    // Rows without a span come first in their source: they may be from anywhere in it.
    passages.sort_unstable_by_key(|passage| (passage.source, passage.span));
    for source in passages.chunk_by(|a, b| a.source == b.source) {
        let whole = source[0].span.is_none();
        let mut end = 0;
        for pair in source.windows(2) {
            end = end.max(pair[0].span.map_or(0, |span| span.1));
            if whole || pair[1].span.is_some_and(|span| span.0 < end) {
                together.join(pair[0].row, pair[1].row);
            }
        }
    }
}
