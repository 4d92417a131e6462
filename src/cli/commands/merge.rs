use std::path::{Path, PathBuf};

use clap::Args;

use crate::cli::size::file_size;
use crate::cli::{Global, Printer};
use crate::hub::{Adapter, SaveOptions};
use crate::pipeline::{MergeInput, STOP, held_out, merge_student, open_student, trained_on};
use crate::train::estimate::Base;
use crate::{Error, ExitKind};

/// Merge adapters into their base.
///
/// Everything is summed in f32 and rounded once, to bf16. With --measure the held-out loss of the merged model is
/// compared with that of the adapter on the base it was trained on; where that base was stored in few bits and the
/// loss rises by more than 0.005, the merge is into those weights, widened again, if that is better.
#[derive(Args, Debug)]
pub struct MergeArgs {
    /// The base: a Hugging Face folder or hub id
    #[arg(long)]
    student: String,
    /// The PEFT adapter; several are summed
    #[arg(long, required = true)]
    adapter: Vec<PathBuf>,
    /// The merged folder
    #[arg(short, long)]
    output: PathBuf,
    /// Replace the folder if there is one
    #[arg(long)]
    force: bool,
    /// Largest weight file, such as 2GB or 500MB; one file if left out
    #[arg(long, value_name = "SIZE", value_parser = file_size)]
    shard_size: Option<u64>,
    /// Held-out rows to compare losses on: datasets, or a folder of them such as data/
    #[arg(long, value_name = "PATH", num_args = 1..)]
    measure: Vec<PathBuf>,
    /// How the base was stored while the adapter was trained: f32, bf16, q8_0, nf4; read from plan.json beside the
    /// adapter if left out
    #[arg(long, value_name = "TYPE", value_parser = base)]
    trained_on: Option<Base>,
}

fn base(text: &str) -> Result<Base, String> {
    text.parse().map_err(|()| format!("one of {}", Base::ALL.map(Base::name).join(", ")))
}

pub fn run(args: &MergeArgs, global: &Global, printer: &Printer) -> Result<ExitKind, Error> {
    let workspace = global.workspace(&global.layers()?)?;
    let folder = open_student(&args.student, Path::new("."), workspace.settings.student.offline)?;
    let adapters = args
        .adapter
        .iter()
        .map(|dir| Adapter::load(dir).map_err(|e| Error::from(e).place(dir.display().to_string())))
        .collect::<Result<Vec<_>, _>>()?;
    let read = std::iter::once(folder.dir()).chain(args.adapter.iter().chain(&args.measure).map(PathBuf::as_path));
    check_output(&args.output, args.force, read)?;
    let rows = if args.measure.is_empty() { Vec::new() } else { held_out(&args.measure)? };
    let trained_on = args.trained_on.or_else(|| args.adapter.iter().rev().find_map(|dir| trained_on(dir)));
    let input = MergeInput {
        folder: &folder,
        adapters: &adapters,
        trained_on,
        rows: &rows,
        device: &workspace.settings.student.device,
        out: &args.output,
        options: SaveOptions { max_shard_bytes: args.shard_size, replace: args.force },
        trained: &[],
        gguf: None,
    };
    merge_student(&input, &STOP, printer).map_err(|e| e.place(args.output.display().to_string()))?;
    if let Some(base) = trained_on.filter(|base| matches!(base, Base::Nf4 | Base::Q8_0) && rows.is_empty()) {
        printer.talk(&format!(
            "the adapter was trained on the base in {base} and is merged into its original weights, which it has not \
             seen; `--measure data/` compares"
        ));
    }
    printer.talk(&format!("{}", args.output.display()));
    Ok(ExitKind::Success)
}

/// Replacing what is read would lose it: the student or the adapter is all there is of them. And what `--force` removes
/// has to be a model.
fn check_output<'a>(output: &Path, force: bool, mut read: impl Iterator<Item = &'a Path>) -> Result<(), Error> {
    let Ok(there) = output.canonicalize() else { return Ok(()) };
    if read.any(|path| path.canonicalize().is_ok_and(|path| path.starts_with(&there))) {
        return Err(Error::at(output, "is read by this merge").hint("give another folder with `-o`"));
    }
    if !force {
        return Ok(());
    }
    let refused = |what: String| Err(Error::at(output, what).hint("give another folder with `-o`"));
    if !there.is_dir() {
        return refused("is no folder, and is not replaced".to_owned());
    }
    let names: Vec<String> = std::fs::read_dir(&there)
        .map_err(|e| Error::io(&there, e))?
        .filter_map(|entry| Some(entry.ok()?.file_name().to_string_lossy().into_owned()))
        .collect();
    // The folder goes as a whole: whatever is no part of a model would go with it.
    match names.iter().find(|name| !of_a_model(name)) {
        Some(name) => refused(format!("holds `{}` beside a model, and is not replaced", crate::error::printable(name))),
        None if !names.is_empty() && !there.join("config.json").is_file() => {
            refused("holds no whole model, and is not replaced".to_owned())
        }
        None => Ok(()),
    }
}

/// Whether a file is one of those that models are made of.
fn of_a_model(name: &str) -> bool {
    let ending = |ending: &str| name.ends_with(ending);
    ending(".safetensors")
        || ending(".json")
        || ending(".jinja")
        || matches!(name, "README.md" | "merges.txt" | "tokenizer.model" | ".gitattributes")
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::cli::{Cli, Command};

    /// A shell makes several files of `--measure *.parquet`.
    #[test]
    fn several_files_are_measured_on() {
        let line =
            "distill merge --student s --adapter a -o out --measure a.parquet b.parquet --force --measure c.jsonl";
        let Command::Merge(args) = Cli::try_parse_from(line.split(' ')).unwrap().command else { unreachable!() };
        assert_eq!(args.measure, ["a.parquet", "b.parquet", "c.jsonl"].map(PathBuf::from));
        assert!(args.force && Command::Merge(args).resumes(), "Ctrl-C lets it clear up");
    }

    #[test]
    fn what_is_read_or_no_model_is_not_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let (out, adapter) = (dir.path().join("out"), dir.path().join("out/learn"));
        std::fs::create_dir_all(&adapter).unwrap();
        let check = |read: &Path| check_output(&out, true, std::iter::once(read)).map_err(|e| e.to_string());
        assert!(check(&adapter).unwrap_err().contains("is read by this merge"));
        assert!(check(dir.path()).unwrap_err().contains("holds `learn`"));
        std::fs::remove_dir(&adapter).unwrap();
        assert!(check(dir.path()).is_ok(), "an empty folder is nobody's");
        std::fs::write(out.join("tokenizer.json"), "{}").unwrap();
        assert!(check(dir.path()).unwrap_err().contains("no whole model"));
        std::fs::write(out.join("config.json"), "{}").unwrap();
        assert!(check(dir.path()).is_ok());
        std::fs::write(out.join("notes.txt"), "mine").unwrap();
        assert!(check(dir.path()).unwrap_err().contains("holds `notes.txt`"));
    }
}
