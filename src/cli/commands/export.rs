use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;

use crate::cli::size::file_size;
use crate::cli::{Global, Printer};
use crate::gguf::{GgufError, GgufModel, Quant};
use crate::hub::{Adapter, Folder};
use crate::package::{self, Description, Target};
use crate::pipeline::{
    Calibration, Check, Export, ExportJob, Limits, Model, dataset_files, export_model, open_student,
};
use crate::row::{Row, Split};
use crate::{Error, ExitKind, dataset, edge};

/// Write a GGUF, and measure what it cost.
///
/// Reads a folder, a folder with adapters on top, or another GGUF, and writes the quantised file in one pass. Rows
/// (`--calibrate`, `--check`) are read from datasets or folders of them; where they know a split, the trained ones
/// calibrate and the held-out ones check. See docs/export.md.
#[derive(Args, Debug)]
pub struct ExportArgs {
    /// A Hugging Face folder, a hub id, or a GGUF in f32, f16 or bf16
    #[arg(short, long)]
    model: String,
    /// A PEFT adapter to merge into the folder on the way; several in order
    #[arg(long)]
    adapter: Vec<PathBuf>,
    /// The file to write
    #[arg(short, long)]
    output: PathBuf,
    /// f32, f16, bf16, q8_0, q6_k, q5_k_m, q5_k_s, q4_k_m, q4_k_s, iq4_xs, iq4_nl, q4_0, q3_k_l, q3_k_m, q3_k_s
    #[arg(long, default_value = "q4_k_s")]
    quant: String,
    /// An importance matrix in llama.cpp's format
    #[arg(long, conflicts_with = "calibrate")]
    imatrix: Option<PathBuf>,
    /// Make an importance matrix from these rows, or from a .txt
    #[arg(long)]
    calibrate: Option<PathBuf>,
    /// Keep the importance matrix
    #[arg(long, requires = "calibrate")]
    save_imatrix: Option<PathBuf>,
    /// Compare the file with the model on these rows, or on a .txt in windows of 512 tokens
    #[arg(long)]
    check: Option<PathBuf>,
    /// Exit with 1 when the file does not keep the limits of `[export]`
    #[arg(long, requires = "check")]
    strict: bool,
    /// Write a set of files of at most this much tensor data each, for example 2GB
    #[arg(long, value_parser = split_size)]
    split_size: Option<u64>,
    /// Quantise a GGUF that is quantised already
    #[arg(long)]
    allow_requantize: bool,
    /// Write beside it what a program wants: ollama, lmstudio, llamacpp or vllm; several parted by commas
    #[arg(long = "for", value_delimiter = ',')]
    targets: Vec<Target>,
    /// Print what was written and measured as JSON
    #[arg(long)]
    json: bool,
}

fn split_size(text: &str) -> Result<u64, String> {
    file_size(text).and_then(|bytes| match bytes {
        0..1_000_000 => Err("a file holds at least 1MB".to_owned()),
        bytes => Ok(bytes),
    })
}

/// What may be opened as the model.
enum Opened {
    Folder(Box<Folder>, Vec<Adapter>),
    Gguf(Arc<GgufModel>),
}

/// Rows or a text.
enum Given {
    Rows(Vec<Row>),
    Text(String),
}

pub fn run(args: &ExportArgs, global: &Global, printer: &Printer) -> Result<ExitKind, Error> {
    let workspace = global.workspace(&global.layers()?)?;
    let quant: Quant = args.quant.parse().map_err(|e: GgufError| Error::new(e.to_string()).place("--quant"))?;
    let opened = open(args, workspace.settings.student.offline)?;
    let refused = |path: &Path, what: &str| Error::at(path, what).hint("give another file with `-o`");
    if std::fs::canonicalize(&args.output).is_ok_and(|out| std::fs::canonicalize(&args.model).is_ok_and(|m| m == out)) {
        return Err(refused(&args.output, "is read by this export"));
    }
    let calibrate = args.calibrate.as_deref().map(|path| given(path, Split::Train)).transpose()?;
    let check = args.check.as_deref().map(|path| given(path, Split::Test)).transpose()?;
    let job = ExportJob {
        model: match &opened {
            Opened::Folder(folder, adapters) => Model::Folder(folder, adapters),
            Opened::Gguf(file) => Model::Gguf(Arc::clone(file), args.allow_requantize),
        },
        out: &args.output,
        quant,
        calibration: match (&args.imatrix, &calibrate) {
            (Some(file), _) => Calibration::File(file),
            (None, Some(Given::Rows(rows))) => Calibration::Rows(rows),
            (None, Some(Given::Text(text))) => Calibration::Text(text),
            (None, None) => Calibration::None,
        },
        save_importance: args.save_imatrix.as_deref(),
        check: match &check {
            Some(Given::Rows(rows)) => Check::Rows(rows),
            Some(Given::Text(text)) => Check::Text(text),
            None => Check::None,
        },
        limits: Limits::from(&workspace.settings.export),
        max_file_bytes: args.split_size,
    };
    // What cannot be packaged is said before an hour of quantising, not after.
    if args.targets.contains(&Target::Vllm) && !matches!(&job.model, Model::Folder(_, [])) {
        return Err(Error::new("vLLM serves a merged folder").place("--for").hint("`distill merge`, then `-m FOLDER`"));
    }
    let name = package::name_of(&args.output)?;
    let export = export_model(&job, printer)?;
    tell(&export, args.json, quant, printer)?;
    for &target in &args.targets {
        let description = match (&opened, target) {
            (Opened::Folder(folder, _), Target::Vllm) => Description::of_folder(&name, folder)?,
            _ => Description::of_gguf(&name, &export.path)?,
        };
        let dir = args.output.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let written = package::write(target, &description, dir)?;
        for file in &written.files {
            printer.talk(&format!("{}: {}", target.name(), file.display()));
        }
        for note in &written.notes {
            printer.talk(&format!("{}: {note}", target.name()));
        }
    }
    let failed = export.quality.as_ref().is_some_and(|quality| !quality.failed.is_empty());
    Ok(if failed && args.strict { ExitKind::Data } else { ExitKind::Success })
}

fn open(args: &ExportArgs, offline: bool) -> Result<Opened, Error> {
    let path = Path::new(&args.model);
    if path.is_file() {
        if !args.adapter.is_empty() {
            return Err(Error::at(path, "a GGUF takes no adapter").hint("give the folder that it was made from"));
        }
        return Ok(Opened::Gguf(Arc::new(
            GgufModel::open(path).map_err(|e| Error::from(e).place(args.model.clone()))?,
        )));
    }
    let folder = open_student(&args.model, Path::new("."), offline)?;
    let load = |dir: &PathBuf| Adapter::load(dir).map_err(|e| Error::from(e).place(dir.display().to_string()));
    let adapters = args.adapter.iter().map(load).collect::<Result<_, _>>()?;
    Ok(Opened::Folder(Box::new(folder), adapters))
}

/// Rows of a dataset or of a folder of them: those of `split` where there are any, else all. A `.txt` is a text.
fn given(path: &Path, split: Split) -> Result<Given, Error> {
    if path.extension().is_some_and(|e| e.eq_ignore_ascii_case("txt")) {
        let bytes = edge::fs::read(path)?;
        return String::from_utf8(bytes).map(Given::Text).map_err(|_| Error::at(path, "is not UTF-8").data());
    }
    let mut rows = Vec::new();
    for file in dataset_files(&[path.to_owned()])? {
        rows.extend(dataset::rows(&dataset::read(&file)?)?);
    }
    if rows.iter().any(|row| row.split == split) {
        rows.retain(|row| row.split == split);
    }
    if rows.is_empty() {
        return Err(Error::at(path, "has no rows").data());
    }
    Ok(Given::Rows(rows))
}

fn tell(export: &Export, json: bool, quant: Quant, printer: &Printer) -> Result<(), Error> {
    let summary = &export.summary;
    if json {
        let said = serde_json::json!({
            "file": export.path,
            "files": summary.files,
            "bytes": summary.bytes,
            "quant": quant.name(),
            "bits_per_weight": summary.millibits_per_weight as f64 / 1000.0,
            "tensors": summary.tensors,
            "quality": export.quality,
        });
        return printer.data(&format!("{said}\n"));
    }
    let types: Vec<String> = summary.tensors.iter().map(|(name, n)| format!("{n} {name}")).collect();
    printer.talk(&format!(
        "{}: {:.1} MB, {:.2} bits a weight: {}",
        export.path.display(),
        summary.bytes as f64 / 1e6,
        summary.millibits_per_weight as f64 / 1000.0,
        types.join(", ")
    ));
    let Some(quality) = &export.quality else {
        printer.talk("not measured: `--check` with held-out rows says what quantisation cost");
        return Ok(());
    };
    printer.talk(&quality.line());
    for failed in &quality.failed {
        printer.talk(&format!("warning: {failed}"));
    }
    if let Some(better) = &quality.better {
        printer.talk(&format!("warning: the next better type is {better}: `--quant {}`", better.to_lowercase()));
    }
    Ok(())
}
