//! From one shape and container of rows to another.
//!
//! A file that keeps its shape is copied column by column. Otherwise each row is read as what it says
//! (`example`) and written in the other shape (`spell`); what has no place there is counted and reported.

mod example;
mod spell;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, BooleanArray, RecordBatch};
use arrow::compute::{cast, filter_record_batch};
use arrow::datatypes::{DataType, Field, Fields, Schema, SchemaRef};
use parquet::file::metadata::KeyValue;
use serde_json::{Map, Value};

use super::sink::{Columns, Form, ParquetSink, TextSink, not_numbers, spelled, without_keys};
use super::stream::{self, Format, Packing};
use super::{BadRow, Item, Layout, Record, Role, SCHEMA_VERSION, Shape, layout_of, open};
use crate::row::Kind;
use crate::{Error, edge};

/// Why a shape of one question and one answer refuses a row.
const SEVERAL: &str = "has several turns, and the shape one question and one answer";

/// The shapes that can be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum To {
    /// Our own columns
    Distill,
    /// TRL: `prompt`, `completion`
    PromptCompletion,
    /// TRL: `messages` of `role` and `content`
    Messages,
    /// TRL: `prompt`, `chosen`, `rejected`
    Preference,
    /// TRL: `chosen` and `rejected`, both with the prompt
    ImplicitPreference,
    /// `instruction`, `input`, `output`
    Alpaca,
    /// `conversations` of `from` and `value`
    #[value(name = "sharegpt")]
    ShareGpt,
    /// OpenAI's files for fine-tuning: `messages`
    #[value(name = "openai")]
    OpenAi,
    /// OpenAI's files for preference tuning
    #[value(name = "openai-preference")]
    OpenAiPreference,
}

impl To {
    /// The name of the shape.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Distill => Shape::Native.name(),
            Self::PromptCompletion => Shape::PromptCompletion.name(),
            Self::Messages => Shape::Messages.name(),
            Self::Preference => Shape::Preference.name(),
            Self::ImplicitPreference => Shape::ImplicitPreference.name(),
            Self::Alpaca => Shape::Alpaca.name(),
            Self::ShareGpt => Shape::ShareGpt.name(),
            Self::OpenAi => "openai",
            Self::OpenAiPreference => Shape::OpenAiPreference.name(),
        }
    }

    const fn is_preference(self) -> bool {
        matches!(self, Self::Preference | Self::ImplicitPreference | Self::OpenAiPreference)
    }
}

/// Where a thought goes in shapes without a place for one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Thinking {
    /// Before the answer, between `<think>` and `</think>`
    #[default]
    #[value(name = "tags")]
    Tags,
    /// Into the key `reasoning_content` of the message
    #[value(name = "reasoning_content")]
    Field,
    /// Nowhere
    Omit,
}

/// What is asked for.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The shape; `None` keeps it.
    pub to: Option<To>,
    /// The kind of the rows, where the file does not tell.
    pub kind: Option<Kind>,
    /// What the columns are, where they do not tell.
    pub columns: Vec<(Role, String)>,
    /// Only rows of this split.
    pub split: Option<String>,
    /// Columns that go along beside those of the shape.
    pub keep: Vec<String>,
    /// Columns that do not.
    pub drop: Vec<String>,
    /// Where thoughts go.
    pub thought: Thinking,
    /// Messages where texts would do.
    pub conversational: bool,
}

/// Rows that were left out for one reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// The reason, without words of a row.
    pub why: String,
    /// How many.
    pub count: u64,
    /// The first of them, counted from 0.
    pub rows: Vec<u64>,
}

/// What was done.
#[derive(Clone, Debug, Default)]
pub struct Converted {
    /// Rows written.
    pub rows: u64,
    /// Rows of other splits.
    pub other_splits: u64,
    /// The kind of the rows, when there is one.
    pub kind: Option<Kind>,
    /// The shape before, `columns` when it is none that is known.
    pub from: &'static str,
    /// The shape now.
    pub to: &'static str,
    /// What the shape has no place for, with the number of rows that had it.
    pub lost: BTreeMap<String, u64>,
    /// Keys of file metadata that are gone.
    pub metadata_lost: Vec<String>,
    /// Columns that have another type in JSON, with the old one.
    pub retyped: Vec<(String, String)>,
    /// Numbers that are `null` now, being none (`NaN`) or infinite.
    pub not_numbers: usize,
    /// Paths whose objects are all empty: they are the text `{}` now, which is the most that Parquet holds of them.
    pub empty_objects: Vec<String>,
    /// Whether token counts of our own columns are 0 for want of a tokenizer.
    pub uncounted: bool,
    /// Rows that were left out.
    pub refused: Vec<Refused>,
    /// Rows that could not be read.
    pub unreadable: Vec<BadRow>,
}

impl Converted {
    /// Whether rows are missing that should be there.
    #[must_use]
    pub fn is_partial(&self) -> bool {
        !self.refused.is_empty() || !self.unreadable.is_empty()
    }

    fn refuse(&mut self, row: u64, why: String) {
        let place = self.refused.iter().position(|refused| refused.why == why).unwrap_or_else(|| {
            self.refused.push(Refused { why, count: 0, rows: vec![] });
            self.refused.len() - 1
        });
        let refused = &mut self.refused[place];
        refused.count += 1;
        if refused.rows.len() < 5 {
            refused.rows.push(row);
        }
    }
}

/// What is to be done with each row.
struct Plan<'o> {
    options: &'o Options,
    /// `None` copies.
    to: Option<To>,
    layout: Option<Layout>,
    kind: Option<Kind>,
    /// The file's name, for provenance.
    import: String,
    /// Whether the file has all of our own columns.
    native: bool,
    format: Format,
}

/// Converts a file; `output` says by its ending what is written, whole or not at all.
///
/// # Errors
/// Options that do not fit each other or the file, a damaged file, rows none of which can be converted, a column whose
/// values have no common Parquet type, the file system.
pub fn convert(input: &Path, output: &Path, options: &Options) -> Result<Converted, Error> {
    let form = Form::of(output)?;
    if matches!(options.to, Some(To::OpenAi | To::OpenAiPreference))
        && form != (Form { format: Format::JsonLines, packing: Packing::Plain })
    {
        return Err(Error::at(output, "OpenAI takes plain JSON lines").hint("name a file that ends in .jsonl"));
    }
    let plan = plan(input, options)?;
    let mut done = plan.account();
    if form.format == Format::Parquet {
        edge::fs::create_with(output, |out| parquet(&plan, input, output, out, &mut done))?;
    } else {
        edge::fs::create_with(output, |out| text(&plan, input, out, form, output, &mut done))?;
    }
    Ok(done)
}

/// Converts a file to JSON lines in a stream.
///
/// # Errors
/// As [`convert`].
pub fn convert_to(input: &Path, out: impl Write, options: &Options) -> Result<Converted, Error> {
    let plan = plan(input, options)?;
    let mut done = plan.account();
    let form = Form { format: Format::JsonLines, packing: Packing::Plain };
    text(&plan, input, out, form, Path::new("-"), &mut done)?;
    Ok(done)
}

fn plan<'o>(input: &Path, options: &'o Options) -> Result<Plan<'o>, Error> {
    let reader = open(input)?;
    let head = reader.head();
    let missing = |column: &String| !head.columns.contains(column);
    let named = options.columns.iter().map(|(_, column)| column);
    if let Some(column) = named.chain(&options.keep).chain(&options.drop).find(|column| missing(column)) {
        return Err(Error::at(input, format!("has no column `{column}`"))
            .hint(format!("its columns are {}", head.columns.join(", "))));
    }
    if options.split.is_some() && missing(&"split".to_owned()) {
        return Err(Error::at(input, "has no column `split`").hint("`distill split` makes one"));
    }
    let rows: Vec<&Record> = reader.sample().take(64).collect();
    let layout = if options.columns.is_empty() {
        let looks = layout_of(&head.columns, &head.metadata, &rows, None);
        match (looks, options.kind) {
            // The same shapes hold thoughts or not: whoever says which is right.
            (Some(looks), Some(kind))
                if looks.shape != Shape::Native && (looks.kind == Kind::Preference) == (kind == Kind::Preference) =>
            {
                Some(Layout { kind, ..looks })
            }
            (looks, None) => looks,
            (_, kind) => layout_of(&head.columns, &head.metadata, &rows, kind),
        }
    } else {
        Some(Layout::mapped(options.kind, options.columns.clone()))
    };
    let kind = layout.as_ref().map(|layout| layout.kind);
    let native = layout.as_ref().is_some_and(|layout| {
        layout.shape == Shape::Native
            && spell::native_fields(layout.kind).iter().all(|field| head.columns.contains(field.name()))
    });
    let usage = |message: &str, hint: &str| Err(Error::at(input, message).hint(hint));
    let Some(to) = options.to else {
        if !options.columns.is_empty() || !options.keep.is_empty() || options.conversational {
            return usage("is copied with all its columns", "`--to SHAPE` says which shape it is to have");
        }
        return Ok(Plan { options, to: None, layout, kind, import: String::new(), native, format: head.format });
    };
    let Some(layout) = layout else {
        return usage(
            &format!("has no shape that is known; its columns are {}", head.columns.join(", ")),
            "`--column prompt=COLUMN --column response=COLUMN` says what they are",
        );
    };
    if layout.shape == Shape::Text {
        return usage("holds bare text, in which nothing is asked", "without `--to` it is copied as it is");
    }
    let lists = |role| {
        let cell = layout.column(role).and_then(|column| rows.iter().find_map(|row| row.values.get(column)));
        cell.is_some_and(|cell| cell.is_array() || cell.is_object())
    };
    let as_asked = |roles: &[Role]| roles.iter().all(|role| lists(*role) == options.conversational);
    let same = match layout.shape {
        Shape::Native => to == To::Distill && native,
        Shape::PromptCompletion => to == To::PromptCompletion && as_asked(&[Role::Prompt, Role::Answer]),
        Shape::Preference => to == To::Preference && as_asked(&[Role::Prompt, Role::Chosen, Role::Rejected]),
        Shape::Messages => to == To::Messages,
        shape => to != To::OpenAi && to.name() == shape.name(),
    };
    if same && options.thought == Thinking::Tags && options.keep.is_empty() {
        return Ok(Plan {
            options,
            to: None,
            layout: Some(layout),
            kind,
            import: String::new(),
            native,
            format: head.format,
        });
    }
    if to != To::Distill && to.is_preference() != (layout.kind == Kind::Preference) {
        let (have, want) = if to.is_preference() { ("one answer", "two") } else { ("two answers", "one") };
        return usage(
            &format!("its {} rows have {have}, and {} has {want}", layout.kind.name(), to.name()),
            "the shapes for pairs are preference, implicit-preference and openai-preference",
        );
    }
    let has_messages =
        matches!(to, To::Messages | To::OpenAi) || (to == To::PromptCompletion && options.conversational);
    if options.thought == Thinking::Field && !has_messages {
        return usage(
            &format!("{} has no message that could hold `reasoning_content`", to.name()),
            "messages, and prompt-completion with `--conversational`, have one",
        );
    }
    if options.conversational && !matches!(to, To::PromptCompletion | To::Preference) {
        return usage(
            &format!("`--conversational` is for prompt-completion and preference; {} has one form", to.name()),
            "leave it out",
        );
    }
    let own: Vec<String> = match to {
        To::Distill => spell::native_fields(layout.kind).iter().map(|field| field.name().clone()).collect(),
        To::PromptCompletion => vec!["prompt".into(), "completion".into()],
        To::Messages | To::OpenAi => vec!["messages".into()],
        To::Preference => ["prompt", "chosen", "rejected"].map(String::from).into(),
        To::ImplicitPreference => vec!["chosen".into(), "rejected".into()],
        To::Alpaca => ["system", "instruction", "input", "output"].map(String::from).into(),
        To::ShareGpt => vec!["conversations".into()],
        To::OpenAiPreference => ["input", "preferred_output", "non_preferred_output"].map(String::from).into(),
    };
    if let Some(column) = options.keep.iter().find(|column| own.contains(column)) {
        return usage(
            &format!("column `{column}` cannot be kept beside the one that {} has", to.name()),
            "leave it out",
        );
    }
    let import = input.file_name().unwrap_or_default().to_string_lossy().into_owned();
    Ok(Plan { options, to: Some(to), layout: Some(layout), kind, import, native, format: head.format })
}

impl Plan<'_> {
    fn account(&self) -> Converted {
        let from = self.layout.as_ref().map_or("columns", |layout| layout.shape.name());
        let uncounted = self.to == Some(To::Distill) && !self.native;
        Converted { kind: self.kind, from, to: self.to.map_or(from, To::name), uncounted, ..Converted::default() }
    }

    fn wanted(&self, split: Option<&str>) -> bool {
        let Some(wanted) = &self.options.split else { return true };
        split.is_some_and(|split| split.eq_ignore_ascii_case(wanted))
    }

    /// The row in its new shape; `Ok(None)` when it is of another split.
    fn row(&self, mut record: Record, done: &mut Converted) -> Result<Option<Map<String, Value>>, String> {
        if !self.wanted(record.text("split")) {
            done.other_splits += 1;
            return Ok(None);
        }
        for column in &self.options.drop {
            record.values.shift_remove(column);
        }
        let (Some(to), Some(layout)) = (self.to, &self.layout) else { return Ok(Some(record.values)) };
        let example = example::read(layout, &record)?;
        let mut gone: Vec<String> = example.aside.clone();
        let mut lost = |what: &str| {
            if gone.iter().all(|known| known != what) {
                gone.push(what.to_owned());
            }
        };
        let mut row = if to == To::Distill {
            spell::native(layout, &example, &record, &self.import, &mut lost)?
        } else {
            spell::foreign(to, &example, self.options, &mut lost)?
        };
        for (column, value) in record.values {
            let empty = match &value {
                Value::Null => true,
                Value::String(text) => text.is_empty(),
                Value::Array(items) => items.is_empty(),
                Value::Object(held) => held.is_empty(),
                _ => false,
            };
            let stays = match to {
                To::Distill => layout.reads(&column) || row.get(&column) == Some(&value),
                // Texts that are not trained on have no place in other shapes.
                _ => layout.columns.iter().any(|(role, known)| *known == column && role.is_trained()),
            };
            if self.options.keep.contains(&column) {
                row.insert(column, value);
            } else if !empty && !stays {
                gone.push(column);
            }
        }
        for what in gone {
            *done.lost.entry(what).or_default() += 1;
        }
        done.rows += 1;
        Ok(Some(row))
    }

    /// Refuses a split that no row is of.
    fn some(&self, input: &Path, done: &Converted) -> Result<(), Error> {
        match &self.options.split {
            Some(split) if done.rows == 0 && done.other_splits > 0 && done.refused.is_empty() => {
                Err(Error::at(input, format!("no row is of the split `{split}`")).data())
            }
            _ => Ok(()),
        }
    }

    /// Takes every row in its new shape to `sink`, with its number.
    fn each(
        &self,
        input: &Path,
        done: &mut Converted,
        sink: &mut dyn FnMut(u64, Map<String, Value>) -> Result<(), Error>,
    ) -> Result<Option<Source>, Error> {
        let copies = self.to.is_none();
        let mut take = |item: Item, done: &mut Converted| match item {
            Item::Bad(bad) if bad.ends => Err(damaged(input, &bad)),
            Item::Bad(bad) => {
                done.unreadable.push(bad);
                Ok(())
            }
            Item::Row(record) => {
                let number = record.row;
                match self.row(record, done) {
                    Ok(Some(row)) => {
                        done.rows += u64::from(copies);
                        sink(number, row)
                    }
                    Ok(None) => Ok(()),
                    Err(why) => {
                        done.refuse(number, why);
                        Ok(())
                    }
                }
            }
        };
        let source = if self.format == Format::Parquet {
            let mut source = Source::open(input, &self.options.drop, copies)?;
            while let Some((batch, first)) = source.next(input)? {
                for item in stream::parquet::records(&batch, &source.columns, first) {
                    take(item, done)?;
                }
            }
            done.not_numbers = source.not_numbers;
            for (column, data_type) in &source.unspelled {
                done.lost.insert(format!("{column} ({data_type})"), source.batches.row());
            }
            Some(source)
        } else {
            let mut reader = open(input)?;
            while let Some(batch) = reader.batch() {
                for item in batch {
                    take(item, done)?;
                }
            }
            None
        };
        self.some(input, done)?;
        let Some(refused) = done.refused.first() else { return Ok(source) };
        if done.rows == 0 {
            let what = format!("no row can be converted: row {} {}", refused.rows[0], refused.why);
            return Err(Error::at(input, what).data());
        }
        Ok(source)
    }
}

fn damaged(input: &Path, bad: &BadRow) -> Error {
    let place = match (bad.line, bad.row) {
        (Some(line), _) => format!("line {line} "),
        (None, Some(row)) => format!("row {row} "),
        (None, None) => String::new(),
    };
    Error::at(input, format!("{place}{}", bad.why)).data()
}

/// A Parquet file whose columns are of types that JSON can spell.
struct Source {
    batches: stream::parquet::Batches,
    columns: Vec<String>,
    /// Column numbers with the type that each is read as.
    read: Vec<(usize, DataType)>,
    not_numbers: usize,
    unspelled: Vec<(String, DataType)>,
}

impl Source {
    fn open(input: &Path, drop: &[String], copies: bool) -> Result<Self, Error> {
        let file = File::open(input).map_err(|e| Error::io(input, e))?;
        let (_, batches) = stream::parquet::open(input, file)?;
        let (mut columns, mut read, mut unspelled) = (vec![], vec![], vec![]);
        for (i, field) in batches.schema().fields().iter().enumerate().filter(|(_, f)| !drop.contains(f.name())) {
            match spelled(field.data_type()) {
                Some(data_type) => {
                    columns.push(field.name().clone());
                    read.push((i, data_type));
                }
                None if copies => {
                    let what =
                        format!("column `{}` is of type {}, which JSON cannot spell", field.name(), field.data_type());
                    return Err(Error::at(input, what)
                        .data()
                        .hint(format!("`--drop-columns {}` leaves it out", field.name())));
                }
                None => unspelled.push((field.name().clone(), field.data_type().clone())),
            }
        }
        Ok(Self { batches, columns, read, not_numbers: 0, unspelled })
    }

    fn next(&mut self, input: &Path) -> Result<Option<(RecordBatch, u64)>, Error> {
        let first = self.batches.row();
        let Some(batch) = self.batches.arrow() else { return Ok(None) };
        let batch = batch.map_err(|bad| damaged(input, &bad))?;
        let fault = |e: arrow::error::ArrowError| Error::at(input, "cannot be read").cause(e).data();
        let (mut fields, mut arrays) = (vec![], vec![]);
        for ((i, data_type), name) in self.read.iter().zip(&self.columns) {
            let array: &ArrayRef = batch.column(*i);
            let array = if array.data_type() == data_type {
                Arc::clone(array)
            } else {
                cast(array, data_type).map_err(fault)?
            };
            self.not_numbers += not_numbers(&array);
            fields.push(Field::new(name, array.data_type().clone(), true));
            arrays.push(array);
        }
        let options = arrow::array::RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        let batch =
            RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), arrays, &options).map_err(fault)?;
        Ok(Some((batch, first)))
    }
}

fn text(
    plan: &Plan<'_>,
    input: &Path,
    out: impl Write,
    form: Form,
    output: &Path,
    done: &mut Converted,
) -> Result<(), Error> {
    let io = |e: std::io::Error| if output == Path::new("-") { Error::stdout(e) } else { Error::io(output, e) };
    let mut sink = TextSink::new(out, form).map_err(io)?;
    let source = plan.each(input, done, &mut |_, row| sink.row(&row).map_err(io))?;
    sink.finish().map_err(io)?;
    let Some(source) = source else { return Ok(()) };
    // Which shape or kind it is can be seen; the rest is gone.
    let told = ["distill.kind", "distill.schema_version", "distill.tool_version"];
    done.metadata_lost =
        source.batches.metadata.iter().map(|kv| kv.key.clone()).filter(|key| !told.contains(&key.as_str())).collect();
    let own = if plan.native { plan.kind.map(spell::native_fields).unwrap_or_default() } else { Fields::empty() };
    for field in source.batches.schema().fields() {
        let column = field.name();
        let there = plan.to.is_none() && source.columns.contains(column) || plan.options.keep.contains(column);
        let as_native = own.find(column).is_some_and(|(_, own)| own.data_type() == field.data_type());
        if there && !as_native && !comes_back(field.data_type()) {
            done.retyped.push((column.clone(), field.data_type().to_string()));
        }
    }
    Ok(())
}

/// Whether a type is the one that its values have when they are read from JSON.
fn comes_back(data_type: &DataType) -> bool {
    match data_type {
        DataType::Null | DataType::Boolean | DataType::Int64 | DataType::Float64 | DataType::Utf8 => true,
        DataType::List(item) => comes_back(item.data_type()),
        DataType::Struct(fields) => fields.iter().all(|field| comes_back(field.data_type())),
        _ => false,
    }
}

fn parquet(plan: &Plan<'_>, input: &Path, output: &Path, out: &mut File, done: &mut Converted) -> Result<(), Error> {
    let fault = |why: String| Error::at(output, "cannot be written").cause(why).data();
    if plan.to.is_none() && plan.format == Format::Parquet {
        return copy(plan, input, output, out, done);
    }
    let to = plan.to;
    let mut columns = match (to, plan.kind) {
        (Some(to), Some(kind)) => Columns::known(&spell::fields(to, kind, plan.options.conversational)),
        _ => Columns::default(),
    };
    // Our own columns have their own types, where all rows have what these ask for.
    let mut own: Vec<Field> = match plan.kind {
        Some(kind) if plan.native && to.is_none() => {
            spell::native_fields(kind).iter().map(|field| field.as_ref().clone()).collect()
        }
        _ => vec![],
    };
    let source = plan.each(input, done, &mut |number, row| {
        own.retain(|field| fits(field, row.get(field.name())));
        columns.widen(&row).map_err(|why| {
            Error::at(input, format!("row {number}: {why}, and a Parquet column has one type"))
                .data()
                .hint("`--drop-columns COLUMN` leaves it out; .jsonl holds it")
        })
    })?;
    own.into_iter().for_each(|field| columns.hint(field));
    for field in source.iter().flat_map(|source| source.batches.schema().fields()) {
        if plan.options.keep.contains(field.name()) {
            columns.hint(field.as_ref().clone().with_nullable(true));
        }
    }
    done.empty_objects = columns.empty_objects();
    let metadata = match plan.kind {
        Some(kind) if plan.native || to == Some(To::Distill) => {
            let there = source.map(|source| source.batches.metadata).unwrap_or_default();
            let known = |key: &str| there.iter().any(|kv| kv.key == key);
            let told = [
                ("distill.schema_version", SCHEMA_VERSION.to_string()),
                ("distill.kind", kind.name().to_owned()),
                ("distill.tool_version", env!("CARGO_PKG_VERSION").to_owned()),
            ];
            let told: Vec<KeyValue> = told
                .into_iter()
                .filter(|(key, _)| !known(key))
                .map(|(key, value)| KeyValue::new(key.to_owned(), value))
                .collect();
            if to.is_none_or(|to| to == To::Distill) { told.into_iter().chain(there).collect() } else { vec![] }
        }
        _ => vec![],
    };
    let mut sink = ParquetSink::new(out, columns.schema(), metadata).map_err(fault)?;
    plan.each(input, &mut plan.account(), &mut |_, row| sink.row(row).map_err(fault))?;
    sink.finish().map_err(fault)
}

/// Whether a value can stand in one of our own columns.
fn fits(field: &Field, value: Option<&Value>) -> bool {
    let Some(value) = value else { return false };
    match field.data_type() {
        DataType::Utf8 => value.is_string(),
        DataType::UInt32 => value.as_u64().is_some_and(|n| u32::try_from(n).is_ok()),
        DataType::Float64 => value.is_number(),
        DataType::List(_) => value.as_array().is_some_and(|items| items.iter().all(Value::is_i64)),
        _ => false,
    }
}

/// Parquet as Parquet: the same columns, types and metadata.
fn copy(plan: &Plan<'_>, input: &Path, output: &Path, out: &mut File, done: &mut Converted) -> Result<(), Error> {
    let fault = |why: String| Error::at(output, "cannot be written").cause(why).data();
    let arrow = |e: arrow::error::ArrowError| Error::at(input, "cannot be read").cause(e).data();
    let file = File::open(input).map_err(|e| Error::io(input, e))?;
    let (_, mut batches) = stream::parquet::open(input, file)?;
    let schema: SchemaRef = Arc::clone(batches.schema());
    let kept: Vec<usize> =
        (0..schema.fields().len()).filter(|i| !plan.options.drop.contains(schema.field(*i).name())).collect();
    let split = schema.index_of("split").ok();
    let (written, metadata) = (schema.project(&kept).map_err(arrow)?, batches.metadata.clone());
    // What pandas and `datasets` wrote there names the columns, and would be believed.
    let stale: &[&str] = if kept.len() < schema.fields().len() { &["pandas", "huggingface"] } else { &[] };
    let (written, metadata) = without_keys(written, metadata, stale);
    let mut sink = ParquetSink::new(out, written, metadata).map_err(fault)?;
    while let Some(batch) = batches.arrow() {
        let mut batch = batch.map_err(|bad| damaged(input, &bad))?;
        let before = batch.num_rows();
        if let (Some(split), Some(_)) = (split, &plan.options.split) {
            let names = cast(batch.column(split), &DataType::Utf8).map_err(arrow)?;
            let names = arrow::array::cast::AsArray::as_string::<i32>(&names);
            let wanted: BooleanArray =
                (0..before).map(|i| Some(plan.wanted((!names.is_null(i)).then(|| names.value(i))))).collect();
            batch = filter_record_batch(&batch, &wanted).map_err(arrow)?;
        }
        done.rows += batch.num_rows() as u64;
        done.other_splits += (before - batch.num_rows()) as u64;
        sink.batch(&batch.project(&kept).map_err(arrow)?).map_err(fault)?;
    }
    plan.some(input, done)?;
    sink.finish().map_err(fault)
}

#[cfg(test)]
mod tests;
