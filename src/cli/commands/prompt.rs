use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::generate::{Prepared, prepare, written};
use crate::cli::{Global, Printer, flag};
use crate::pipeline::{RowMaker, TeacherChoice};
use crate::row::Kind;
use crate::settings::Workspace;
use crate::{Error, ExitKind};

/// Look at the prompts.
#[derive(Args, Debug)]
pub struct PromptArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand, Debug)]
enum What {
    /// A prompt as it would be sent: nothing is
    Show(ShowArgs),
}

#[derive(Args, Debug)]
struct ShowArgs {
    /// Which
    #[arg(value_enum)]
    kind: Kind,
    /// Documents: files or folders; in a workspace its sources/ when left out
    #[arg(long, value_name = "PATH")]
    source: Vec<PathBuf>,
    /// Which passage, from 1; all when 0
    #[arg(short = 'n', long, default_value_t = 1)]
    number: usize,
    /// Accepted rows wanted, which decides how many each prompt asks for
    #[arg(long)]
    rows: Option<usize>,
    /// The student's tokenizer.json, or a folder with one
    #[arg(long)]
    tokenizer: Option<PathBuf>,
}

pub fn run(args: &PromptArgs, global: &Global, printer: &Printer) -> Result<ExitKind, Error> {
    let What::Show(args) = &args.what;
    let mut layers = global.layers()?;
    flag(&mut layers, &format!("rows.{}", args.kind.name()), args.rows, "--rows")?;
    let workspace = global.workspace(&layers)?;
    let settings = &workspace.settings;
    let paths = match args.source.is_empty() {
        true if Workspace::is_at(&workspace.root) => vec![workspace.path("sources")],
        true => return Err(Error::new("no documents were named").hint("add `--source resume.md`")),
        false => args.source.clone(),
    };
    let Prepared { masked, templates, counter, .. } = prepare(&paths, args.tokenizer.as_deref(), &workspace, printer)?;
    let choice = TeacherChoice::nobody();
    let maker = RowMaker {
        masked: &masked,
        templates: &templates,
        choice: &choice,
        student: None,
        counter: &counter,
        settings: &settings.rows,
        watch: printer,
    };
    let plan = maker.dry_run(args.kind, settings.rows.wanted(args.kind))?;
    let all = plan.samples.len();
    let shown: Vec<_> = match args.number {
        0 => plan.samples.iter().enumerate().collect(),
        n => plan.samples.iter().enumerate().skip(n - 1).take(1).collect(),
    };
    if shown.is_empty() {
        return Err(Error::new(format!("there are {all} prompts and no number {}", args.number)));
    }
    for (i, prompt) in shown {
        let span = prompt.passage().span();
        printer.talk(&format!(
            "prompt {} of {all}: {} {}..{}, {} rows, template {} {}",
            i + 1,
            prompt.passage().source(),
            span.start,
            span.end,
            prompt.wanted(),
            prompt.template(),
            prompt.template_version()
        ));
        printer.data(&written(prompt))?;
    }
    Ok(ExitKind::Success)
}
