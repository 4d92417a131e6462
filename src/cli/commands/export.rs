use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;

use crate::cli::size::file_size;
use crate::cli::{Global, Printer};
use crate::gguf::importance::Importance;
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
    /// f32, f16, bf16, q8_0, q6_k, q5_k_m, q5_k_s, q4_k_m, q4_k_s, iq4_xs, iq4_nl, q4_0, q3_k_l, q3_k_m, q3_k_s, q2_k
    #[arg(long, default_value = "q4_k_s")]
    quant: String,
    /// An importance matrix in llama.cpp's format
    #[arg(long, conflicts_with = "calibrate")]
    imatrix: Option<PathBuf>,
    /// Make an importance matrix from these rows, or from a .txt
    #[arg(long, num_args = 1..)]
    calibrate: Vec<PathBuf>,
    /// Keep the importance matrix
    #[arg(long, requires = "calibrate")]
    save_imatrix: Option<PathBuf>,
    /// Compare the file with the model on these rows, or on a .txt in windows of 512 tokens
    #[arg(long, num_args = 1..)]
    check: Vec<PathBuf>,
    /// Exit with 1 when the file does not keep the limits of `[export]`
    #[arg(long, requires = "check")]
    strict: bool,
    /// Write a set of files of at most this much tensor data each, for example 2GB
    #[arg(long, value_parser = split_size)]
    split_size: Option<u64>,
    /// Quantise a GGUF that is quantised already
    #[arg(long)]
    allow_requantize: bool,
    /// Write to a folder beside it what a program wants: ollama, lmstudio, llamacpp or vllm; several parted by commas
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
    check_output(args)?;
    let calibrate = given(&args.calibrate, Some(Split::Train))?;
    let check = given(&args.check, None)?;
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
    let wants_one = |target: &&Target| matches!(target, Target::Ollama | Target::LmStudio);
    if let (Some(target), Some(_)) = (args.targets.iter().find(wants_one), args.split_size) {
        return Err(Error::new(format!("`{}` wants one file", target.name())).place("--split-size"));
    }
    if args.targets.contains(&Target::Vllm) && !matches!(&job.model, Model::Folder(_, [])) {
        return Err(Error::new("vLLM serves a merged folder").place("--for").hint("`distill merge`, then `-m FOLDER`"));
    }
    let name = package::name_of(&args.output);
    let export = export_model(&job, printer)?;
    tell(&export, args.json, quant, printer)?;
    for &target in &args.targets {
        let description = match (&opened, target) {
            (Opened::Folder(folder, _), Target::Vllm) => Description::of_folder(&name, folder)?,
            _ => Description::of_gguf(&name, &export.path)?,
        };
        // A folder of its own: what lies beside the file is somebody's.
        let dir = args.output.with_file_name(format!("{name}-{}", target.name()));
        let written = package::write(target, &description, &dir)?;
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

/// Refuses to write over what is read, and over anything that is no GGUF: weights are all there is of a model.
fn check_output(args: &ExportArgs) -> Result<(), Error> {
    let out = &args.output;
    let refused = |what: &str| Err(Error::at(out, what).hint("give another file with `-o`"));
    let same = |a: &Path, b: &Path| a.canonicalize().is_ok_and(|a| b.canonicalize().is_ok_and(|b| a == b));
    if same(out, Path::new(&args.model)) {
        return refused("is read by this export");
    }
    // A set is read by the name of its first file, and written under its stem.
    let stem = |path: &Path| path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let (read, written) = (Path::new(&args.model), stem(out));
    if let Some((set, _)) = set_of(&stem(read))
        && read.is_file()
        && read.parent().zip(out.parent()).is_some_and(|(a, b)| same(&whole(a), &whole(b)))
        && (written == set || set_of(&written).is_some_and(|(other, _)| other == set))
    {
        return refused("would be written over the set that is read");
    }
    replaceable(out, "GGUF", is_gguf)?;
    let Some(kept) = &args.save_imatrix else { return Ok(()) };
    if same(kept, Path::new(&args.model)) || kept == out || same(kept, out) {
        return Err(Error::at(kept, "is read or written by this export").hint("give another file to `--save-imatrix`"));
    }
    replaceable(kept, "importance matrix", |path| Importance::open(path).is_ok())
}

/// Whether a file may be written there: nothing, or something of its kind.
fn replaceable(path: &Path, kind: &str, is_one: impl Fn(&Path) -> bool) -> Result<(), Error> {
    let refused = |what: String| Err(Error::at(path, what).hint("give another name"));
    match std::fs::metadata(path) {
        Ok(there) if there.is_dir() => refused("is a folder".to_owned()),
        Ok(there) if !there.is_file() => refused("is no ordinary file".to_owned()),
        Ok(there) if there.len() > 0 && !is_one(path) => refused(format!("exists and is no {kind}")),
        _ => Ok(()),
    }
}

/// `name-00001-of-00003` is part 1 of `name`.
fn set_of(stem: &str) -> Option<(&str, u32)> {
    let (rest, count) = stem.rsplit_once("-of-")?;
    let (name, no) = rest.rsplit_once('-')?;
    let number = |text: &str| (text.len() == 5).then(|| text.parse::<u32>().ok()).flatten();
    Some((name, number(no).filter(|_| number(count).is_some())?))
}

fn whole(dir: &Path) -> PathBuf {
    if dir.as_os_str().is_empty() { PathBuf::from(".") } else { dir.to_owned() }
}

fn is_gguf(path: &Path) -> bool {
    use std::io::Read;
    let mut magic = [0; 4];
    std::fs::File::open(path).and_then(|mut file| file.read_exact(&mut magic)).is_ok() && magic == *b"GGUF"
}

/// Rows of datasets or of folders of them: of `split` those where there are any. A `.txt` is a text.
fn given(paths: &[PathBuf], split: Option<Split>) -> Result<Option<Given>, Error> {
    let [path, ..] = paths else { return Ok(None) };
    if let [path] = paths
        && path.extension().is_some_and(|e| e.eq_ignore_ascii_case("txt"))
    {
        let bytes = edge::fs::read(path)?;
        return match String::from_utf8(bytes) {
            Ok(text) => Ok(Some(Given::Text(text))),
            Err(_) => Err(Error::at(path, "is not UTF-8").data()),
        };
    }
    let mut rows = Vec::new();
    for file in dataset_files(paths)? {
        rows.extend(dataset::rows(&dataset::read(&file)?)?);
    }
    if let Some(split) = split.filter(|split| rows.iter().any(|row| row.split == *split)) {
        rows.retain(|row| row.split == split);
    }
    if rows.is_empty() {
        return Err(Error::at(path, "has no rows").data());
    }
    Ok(Some(Given::Rows(rows)))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_its_own_kind_is_written_over() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        std::fs::write(at("a.gguf"), b"GGUF and more").unwrap();
        std::fs::write(at("notes.txt"), b"mine").unwrap();
        std::fs::write(at("empty"), b"").unwrap();
        let told = |name: &str| replaceable(&at(name), "GGUF", is_gguf).map_err(|e| e.to_string());
        assert!(["a.gguf", "new.gguf", "empty"].into_iter().all(|name| told(name).is_ok()));
        assert!(told("notes.txt").unwrap_err().contains("is no GGUF"));
        assert!(told("").unwrap_err().contains("is a folder"));
        #[cfg(target_os = "linux")]
        assert!(replaceable(Path::new("/dev/null"), "GGUF", is_gguf).is_err());
    }

    #[test]
    fn parts_of_a_set_are_known_by_their_names() {
        assert_eq!(set_of("me-00001-of-00003"), Some(("me", 1)));
        assert_eq!(set_of("a-of-b-00002-of-00002"), Some(("a-of-b", 2)));
        for other in ["me", "me-1-of-3", "me-00001-of-3", "me-00001"] {
            assert_eq!(set_of(other), None, "{other}");
        }
    }
}
