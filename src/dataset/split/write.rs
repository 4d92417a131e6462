//! Files with their rows split.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, RecordBatch, StringArray};
use arrow::compute::{cast, filter_record_batch};
use arrow::datatypes::{DataType, Field, Schema};

use super::{Output, side};
use crate::dataset::rewrite::rewrite_to;
use crate::dataset::sink::{ParquetSink, without_keys};
use crate::dataset::stream::{self, Format};
use crate::dataset::{Change, Record, open};
use crate::{Error, edge};

/// Writes the rows of a file; `test` tells of each row on which side it is.
pub(super) fn write(file: &Path, test: &[bool], output: &Output) -> Result<Vec<PathBuf>, Error> {
    Ok(match output {
        Output::Nowhere => vec![],
        Output::Same => {
            edge::fs::rewrite_with(file, |out| to(file, out, test, None))?;
            vec![file.to_owned()]
        }
        Output::Copy(path) => {
            edge::fs::create_with(path, |out| to(file, out, test, None))?;
            vec![path.clone()]
        }
        Output::Parts { train, test: held } => {
            for (path, side) in [(train, false), (held, true)] {
                edge::fs::create_with(path, |out| to(file, out, test, Some(side)))?;
            }
            vec![train.clone(), held.clone()]
        }
    })
}

fn to(file: &Path, out: &mut File, test: &[bool], only: Option<bool>) -> Result<(), Error> {
    let (format, has_split) = {
        let head = open(file)?.head().clone();
        (head.format, head.columns.iter().any(|column| column == "split"))
    };
    // Files that are a side each need no column that says so; one that is there stays true.
    let names = only.is_none() || has_split;
    if format == Format::Parquet {
        return parquet(file, out, test, only, names);
    }
    rewrite_to(file, out, &[], |record: &Record| {
        let test = usize::try_from(record.row).ok().and_then(|row| test.get(row)).copied().unwrap_or(false);
        match only {
            Some(only) if only != test => Change::Drop,
            _ if !names || record.text("split") == Some(side(test)) => Change::Keep,
            _ => Change::Set(vec![("split".to_owned(), side(test).into())]),
        }
    })
    .map(|_| ())
}

fn parquet(file: &Path, out: &mut File, test: &[bool], only: Option<bool>, names: bool) -> Result<(), Error> {
    let fault = |why: String| Error::at(file, "cannot be split").cause(why).data();
    let arrow = |e: arrow::error::ArrowError| Error::at(file, "cannot be split").cause(e).data();
    let (_, mut batches) = stream::parquet::open(file, File::open(file).map_err(|e| Error::io(file, e))?)?;
    let schema = Arc::clone(batches.schema());
    let there = schema.index_of("split").ok();
    let as_text = |data_type: &DataType| {
        let text =
            |data_type: &DataType| matches!(data_type, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View);
        text(data_type) || matches!(data_type, DataType::Dictionary(_, values) if text(values))
    };
    let mut fields: Vec<Field> = schema.fields().iter().map(|field| field.as_ref().clone()).collect();
    match there.map(|at| &mut fields[at]) {
        Some(field) if as_text(field.data_type()) => {}
        Some(field) => *field = Field::new("split", DataType::Utf8, false),
        None if names => fields.push(Field::new("split", DataType::Utf8, false)),
        None => {}
    }
    // What `datasets` wrote there names the columns, and would be believed.
    let stale: &[&str] = if fields.len() > schema.fields().len() { &["huggingface"] } else { &[] };
    let written = Schema::new_with_metadata(fields, schema.metadata().clone());
    let (written, metadata) = without_keys(written, batches.metadata.clone(), stale);
    let mut sink = ParquetSink::new(out, Arc::clone(&written), metadata).map_err(fault)?;
    let mut row = 0;
    while let Some(batch) = batches.arrow() {
        let batch = batch.map_err(|bad| fault(bad.why))?;
        let sides = test.get(row..row + batch.num_rows()).unwrap_or_default();
        row += batch.num_rows();
        let mut columns = batch.columns().to_vec();
        if names {
            let split: ArrayRef = Arc::new(StringArray::from_iter_values(sides.iter().map(|test| side(*test))));
            match there {
                Some(at) => columns[at] = cast(&split, written.field(at).data_type()).map_err(arrow)?,
                None => columns.push(split),
            }
        }
        let mut batch = RecordBatch::try_new(Arc::clone(&written), columns).map_err(arrow)?;
        if let Some(only) = only {
            let wanted: BooleanArray = sides.iter().map(|test| Some(*test == only)).collect();
            batch = filter_record_batch(&batch, &wanted).map_err(arrow)?;
        }
        sink.batch(&batch).map_err(fault)?;
    }
    sink.finish().map_err(fault)
}
