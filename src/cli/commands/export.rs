use std::path::PathBuf;

use clap::Args;

use crate::cli::{Global, Printer};
use crate::gguf::{self, GgufError, Quant};
use crate::pipeline::{Watch, open_student};
use crate::{Error, ExitKind};

/// Write a GGUF.
#[derive(Args, Debug)]
pub struct ExportArgs {
    /// A merged Hugging Face folder, or a hub id
    #[arg(long)]
    model: String,
    /// The file to write
    #[arg(short, long)]
    output: PathBuf,
    /// f32, f16, bf16, q8_0, q6_k, q5_k_m, q5_k_s, q4_k_m, q4_k_s
    #[arg(long, default_value = "q4_k_s")]
    quant: String,
}

pub fn run(args: &ExportArgs, global: &Global, printer: &Printer) -> Result<ExitKind, Error> {
    let workspace = global.workspace(&global.layers()?)?;
    let quant: Quant = args.quant.parse().map_err(|e: GgufError| Error::new(e.to_string()))?;
    let folder = open_student(&args.model, std::path::Path::new("."), workspace.settings.student.offline)?;
    let summary =
        gguf::export(&folder, &args.output, quant, &mut |done, total| printer.progress(done, total, "quantising"))
            .map_err(|e| Error::at(&args.output, e.to_string()))?;
    printer.finish();
    let types: Vec<String> = summary.tensors.iter().map(|(name, n)| format!("{n} {name}")).collect();
    printer.talk(&format!("{}: {:.1} MB, {}", args.output.display(), summary.bytes as f64 / 1e6, types.join(", ")));
    Ok(ExitKind::Success)
}
