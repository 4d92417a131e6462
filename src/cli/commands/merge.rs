use std::path::PathBuf;

use clap::Args;

use crate::cli::{Global, Printer};
use crate::hub::{Adapter, SaveOptions};
use crate::pipeline::{Watch, open_student};
use crate::{Error, ExitKind, merge};

/// Merge an adapter into its base.
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
}

pub fn run(args: &MergeArgs, global: &Global, printer: &Printer) -> Result<ExitKind, Error> {
    let workspace = global.workspace(&global.layers()?)?;
    let folder = open_student(&args.student, std::path::Path::new("."), workspace.settings.student.offline)?;
    let adapters = args
        .adapter
        .iter()
        .map(|dir| Adapter::load(dir).map_err(|e| Error::from(e).place(dir.display().to_string())))
        .collect::<Result<Vec<_>, _>>()?;
    // Replacing what is read would lose it: the student or the adapter is all there is of them.
    let same = |a: &std::path::Path, b: &std::path::Path| match (a.canonicalize(), b.canonicalize()) {
        (Ok(a), Ok(b)) => a == b,
        _ => false,
    };
    if std::iter::once(folder.dir()).chain(args.adapter.iter().map(PathBuf::as_path)).any(|d| same(d, &args.output)) {
        return Err(Error::at(&args.output, "is read by this merge").hint("give another folder with `-o`"));
    }
    let options = SaveOptions { replace: args.force, ..SaveOptions::default() };
    merge::merge_with(&folder, &adapters, &args.output, &options, &mut |done, total| {
        printer.progress(done, total, "merging")
    })
    .map_err(|e| Error::at(&args.output, e.to_string()).maybe_hint(e.hint()))?;
    printer.finish();
    printer.talk(&format!("{}", args.output.display()));
    Ok(ExitKind::Success)
}
