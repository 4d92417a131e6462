//! From a model to a GGUF that is known to be undamaged: an importance matrix from rows that were trained on, one pass
//! of writing, and the finished file beside the model it was made from on rows that were not.

mod calibrate;
mod gate;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{STOP, Watch};
use crate::Error;
use crate::batch::Encoder;
use crate::gguf::importance::Importance;
use crate::gguf::{
    ExportOptions, ExportSummary, FileSource, FolderSource, GgufError, GgufModel, Quant, Source, Value, export,
};
use crate::hub::{Adapter, Folder};
use crate::merge::Merged;
use crate::model;
use crate::row::Row;
use crate::settings::ExportSettings;
use crate::train::engine::EngineError;
use crate::train::engine::cpu::Weights;

pub use gate::{Facts, Limits, Quality};

/// The model that is exported.
pub enum Model<'a> {
    /// A folder with adapters on top, in order; merged on the way.
    Folder(&'a Folder, &'a [Adapter]),
    /// A GGUF; whether quantised weights may be quantised again.
    Gguf(Arc<GgufModel>, bool),
}

impl Model<'_> {
    fn source(&self) -> Result<Box<dyn Source + '_>, GgufError> {
        Ok(match self {
            Self::Folder(folder, adapters) => Box::new(FolderSource::new(folder, adapters)?),
            Self::Gguf(file, again) => Box::new(FileSource::new(file, *again)?),
        })
    }

    fn weights(&self) -> Result<Box<dyn Weights + '_>, GgufError> {
        Ok(match self {
            Self::Folder(folder, []) => Box::new(*folder),
            Self::Folder(folder, adapters) => Box::new(Merged::new(folder, adapters)?),
            Self::Gguf(file, _) => Box::new(Arc::clone(file)),
        })
    }

    fn encoder(&self) -> Result<Encoder, Error> {
        Ok(match self {
            Self::Folder(folder, _) => model::encoder(folder)?,
            Self::Gguf(file, _) => model::encoder_of_gguf(file)?,
        })
    }
}

/// Where the importance matrix comes from.
pub enum Calibration<'a> {
    /// Without one.
    None,
    /// llama.cpp's file.
    File(&'a Path),
    /// Made from these rows, best those that were trained on.
    Rows(&'a [Row]),
    /// Made from a text, in windows.
    Text(&'a str),
}

/// What the finished file is measured on.
pub enum Check<'a> {
    /// Nothing.
    None,
    /// Answers of the held-out ones among these rows, and trained facts in words that were not trained on.
    Rows(&'a [Row]),
    /// A text in the windows of `llama-perplexity`.
    Text(&'a str),
}

/// What is to be done.
pub struct ExportJob<'a> {
    /// From.
    pub model: Model<'a>,
    /// The file.
    pub out: &'a Path,
    /// The mix of types.
    pub quant: Quant,
    /// How much columns matter.
    pub calibration: Calibration<'a>,
    /// Where the importance matrix is kept too.
    pub save_importance: Option<&'a Path>,
    /// What the file is measured on.
    pub check: Check<'a>,
    /// What is good enough.
    pub limits: Limits,
    /// Most bytes of tensors in one file.
    pub max_file_bytes: Option<u64>,
}

/// What came out.
#[derive(Clone, Debug)]
pub struct Export {
    /// The file to open.
    pub path: PathBuf,
    /// What is in it.
    pub summary: ExportSummary,
    /// What quantisation cost; `None` when nothing was measured.
    pub quality: Option<Quality>,
}

impl From<GgufError> for Error {
    fn from(error: GgufError) -> Self {
        match &error {
            GgufError::Stopped => Self::interrupted("interrupted while exporting").hint("nothing was written"),
            _ => Self::new(error.to_string()).maybe_hint(error.hint()),
        }
    }
}

impl From<EngineError> for Error {
    fn from(error: EngineError) -> Self {
        Self::new(error.to_string())
    }
}

/// Writes the file, measured, under its name. One that fails its limits is written all the same, with a warning: the
/// figures are in [`Export::quality`] and in the file.
///
/// # Errors
/// Whatever cannot be read, expressed or written, and Ctrl-C; then there is no file.
pub fn export_model(job: &ExportJob<'_>, watch: &dyn Watch) -> Result<Export, Error> {
    let source = job.model.source()?;
    let importance = match job.calibration {
        Calibration::None => None,
        Calibration::File(path) => Some(Importance::open(path).map_err(|e| Error::from(e).place(shown(path)))?),
        Calibration::Rows(rows) => calibrate::rows(&job.model, rows, watch)?,
        Calibration::Text(text) => calibrate::text(&job.model, text, watch)?,
    };
    if let (Some(importance), Some(path)) = (&importance, job.save_importance) {
        importance.save(path).map_err(|e| Error::from(e).place(shown(path)))?;
        watch.say(&format!("importance matrix: {}", path.display()));
    }
    if let Some(importance) = &importance {
        // Embedding and head are left out by llama.cpp too.
        let matrices: Vec<_> =
            source.parts()?.into_iter().filter(|p| p.shape.len() > 1 && p.name.starts_with("blk.")).collect();
        let covered = matrices.iter().filter(|part| importance.get(&part.name).is_some()).count();
        if covered < matrices.len() {
            watch.say(&format!(
                "warning: the importance matrix knows {covered} of {} matrices; the others are quantised without",
                matrices.len()
            ));
        }
    }
    let check = gate::Prepared::new(&job.model, &job.check)?;
    let mut notes = Vec::new();
    if let Some(importance) = &importance {
        notes.extend(provenance(importance, &job.calibration));
    }
    if check.is_some() {
        notes.extend(Quality::unknown().notes());
    }
    let options =
        ExportOptions { quant: job.quant, importance: importance.as_ref(), max_file_bytes: job.max_file_bytes, notes };
    let mut exported = export(&*source, job.out, &options, &mut |done, total| {
        watch.progress(done, total, "quantising");
        !stopped()
    })
    .map_err(|e| Error::from(e).place(shown(job.out)))?;
    watch.finish();
    let quality = match check {
        None => None,
        Some(check) => {
            let quality = gate::measure(&job.model, exported.path(), &check, job, watch)?;
            for (key, value) in quality.notes() {
                exported.set(&key, value)?;
            }
            Some(quality)
        }
    };
    let (path, summary) = exported.commit().map_err(|e| Error::from(e).place(shown(job.out)))?;
    Ok(Export { path, summary, quality })
}

/// The keys under which llama-quantize tells what it used.
fn provenance(importance: &Importance, calibration: &Calibration<'_>) -> Vec<(String, Value)> {
    let file = match calibration {
        Calibration::File(path) => path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
        _ => "made by distill".to_owned(),
    };
    let number = |n: usize| Value::I32(i32::try_from(n).unwrap_or(i32::MAX));
    let mut notes = vec![("quantize.imatrix.file".to_owned(), Value::String(file))];
    if let Some(dataset) = importance.datasets().first() {
        notes.push(("quantize.imatrix.dataset".to_owned(), Value::String(dataset.clone())));
    }
    notes.push(("quantize.imatrix.entries_count".to_owned(), number(importance.len())));
    notes.push(("quantize.imatrix.chunks_count".to_owned(), number(importance.chunks() as usize)));
    notes
}

/// At most `most` rows, of all kinds and sources alike: in the order of their ids, which are hashes.
fn spread<'a>(rows: impl IntoIterator<Item = &'a Row>, most: usize) -> Vec<&'a Row> {
    let mut order: Vec<&Row> = rows.into_iter().collect();
    order.sort_by(|a, b| a.id.cmp(&b.id));
    order.truncate(most);
    order
}

fn stopped() -> bool {
    STOP.load(std::sync::atomic::Ordering::Relaxed)
}

fn interrupted() -> Error {
    Error::interrupted("interrupted while exporting").hint("nothing was written")
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}

/// The limits of the settings.
impl From<&ExportSettings> for Limits {
    fn from(settings: &ExportSettings) -> Self {
        Self {
            max_kld: settings.max_kld,
            min_same_top: settings.min_same_top,
            max_recall_loss: settings.max_recall_loss,
        }
    }
}
