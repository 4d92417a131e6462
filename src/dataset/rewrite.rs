//! Changing single rows of a file and leaving the rest as it is: bytes of JSON, values and schema of Parquet.

mod json;
mod parquet;

use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Read, Write};
use std::path::Path;

use serde_json::Value;

pub(super) use json::Entries;

use super::stream::{Format, Packing};
use super::{Head, Record, open};
use crate::{Error, edge};

/// What becomes of a row.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// It stays as it is.
    Keep,
    /// It goes.
    Drop,
    /// Some values are others now: column or path (`messages[1].content`), and value.
    Set(Vec<(String, Value)>),
}

/// What was done to a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Done {
    /// Rows with other values.
    pub changed: u64,
    /// Rows that are gone.
    pub dropped: u64,
}

impl Done {
    /// Whether the file is another one.
    #[must_use]
    pub const fn anything(self) -> bool {
        self.changed + self.dropped > 0
    }
}

/// Rewrites a dataset in place, whole or not at all: what `change` says of each row, and without some columns.
///
/// Rows that cannot be read stay where they are. Untouched rows keep their bytes (JSON) or values (Parquet, which keeps
/// schema, metadata and compression too); the file keeps its packing, its permissions and, when it is a link, its place.
///
/// # Errors
/// Names the file: reading, writing, or a value that does not fit its Parquet column.
pub fn rewrite(path: &Path, without: &[String], change: impl FnMut(&Record) -> Change) -> Result<Done, Error> {
    let mut done = Done::default();
    edge::fs::rewrite_with(path, |out| {
        done = rewrite_to(path, out, without, change)?;
        Ok(())
    })?;
    Ok(done)
}

/// As [`rewrite`], into another file.
///
/// # Errors
/// As [`rewrite`].
pub(super) fn rewrite_to(
    path: &Path,
    out: &mut File,
    without: &[String],
    mut change: impl FnMut(&Record) -> Change,
) -> Result<Done, Error> {
    let head = open(path)?.head().clone();
    let mut done = Done::default();
    let mut counted = |record: &Record| {
        let change = change(record);
        match &change {
            Change::Keep => {}
            Change::Drop => done.dropped += 1,
            Change::Set(_) => done.changed += 1,
        }
        change
    };
    match head.format {
        Format::Parquet => parquet::rewrite(path, out, without, &mut counted)?,
        Format::JsonLines | Format::JsonArray => text(path, &head, out, without, &mut counted)?,
    }
    Ok(done)
}

type Decide<'a> = &'a mut dyn FnMut(&Record) -> Change;

fn text(path: &Path, head: &Head, out: &mut File, without: &[String], change: Decide<'_>) -> Result<(), Error> {
    let io = |e: io::Error| Error::io(path, e);
    let file = File::open(path).map_err(io)?;
    let bytes: Box<dyn Read> = match head.packing {
        Packing::Plain => Box::new(file),
        Packing::Gzip => Box::new(flate2::read::MultiGzDecoder::new(BufReader::new(file))),
        Packing::Zstd => Box::new(zstd::stream::read::Decoder::new(file).map_err(io)?),
    };
    let mut rows = BufReader::with_capacity(1 << 17, bytes);
    let mut write = |sink: &mut dyn Write| match head.format {
        Format::JsonArray => json::array(&mut rows, sink, without, change),
        _ => json::lines(&mut rows, sink, without, change),
    };
    let out = BufWriter::with_capacity(1 << 17, out);
    let written: io::Result<()> = (|| match head.packing {
        Packing::Plain => {
            let mut out = out;
            write(&mut out)?;
            out.flush()
        }
        Packing::Gzip => {
            let mut out = flate2::write::GzEncoder::new(out, flate2::Compression::default());
            write(&mut out)?;
            out.finish()?.flush()
        }
        Packing::Zstd => {
            let mut out = zstd::stream::write::Encoder::new(out, 3)?;
            write(&mut out)?;
            out.finish()?.flush()
        }
    })();
    written.map_err(io)
}

/// Splits a path into its column and the way to the value in it: `messages[1].content`.
fn way<'p>(path: &'p str, record: &Record) -> (&'p str, Vec<Step<'p>>) {
    if record.values.contains_key(path) {
        return (path, vec![]);
    }
    let end = path.find(['[', '.']).unwrap_or(path.len());
    let (column, mut rest) = path.split_at(end);
    let mut steps = vec![];
    while !rest.is_empty() {
        if let Some(inner) = rest.strip_prefix('[') {
            let Some((index, after)) = inner.split_once(']') else { break };
            let Ok(index) = index.parse() else { break };
            steps.push(Step::Item(index));
            rest = after;
        } else {
            let inner = rest.strip_prefix('.').unwrap_or(rest);
            let end = inner.find(['[', '.']).unwrap_or(inner.len());
            steps.push(Step::Key(&inner[..end]));
            rest = &inner[end..];
        }
    }
    (column, steps)
}

/// One step into a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step<'p> {
    Key(&'p str),
    Item(usize),
}

/// The value at the end of a way.
fn at<'v>(value: &'v mut Value, steps: &[Step<'_>]) -> Option<&'v mut Value> {
    steps.iter().try_fold(value, |value, step| match step {
        Step::Key(key) => value.get_mut(*key),
        Step::Item(index) => value.get_mut(*index),
    })
}

/// The value that a column or path names.
#[must_use]
pub fn value_at<'r>(record: &'r Record, path: &str) -> Option<&'r Value> {
    let (column, steps) = way(path, record);
    steps.iter().try_fold(record.values.get(column)?, |value, step| match step {
        Step::Key(key) => value.get(*key),
        Step::Item(index) => value.get(*index),
    })
}

/// Whether bytes are all white space.
fn blank(line: &[u8]) -> bool {
    line.iter().all(u8::is_ascii_whitespace)
}

/// Reads up to and with the next line end; `false` at the end.
fn next_line(rows: &mut dyn BufRead, line: &mut Vec<u8>) -> io::Result<bool> {
    line.clear();
    rows.read_until(b'\n', line).map(|read| read > 0)
}

#[cfg(test)]
mod tests;
