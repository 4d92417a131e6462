use std::path::{Path, PathBuf};

use clap::Args;

use super::{read_aloud, written_over};

use crate::batch::{Encoder, StudentTokenizer};
use crate::cli::{Global, Printer, flag};
use crate::generate::OnPolicy;
use crate::mask::Vault;
use crate::pipeline::{
    Masked, RowMaker, VAULT, VaultFile, choose_teacher, default_output, generate_file, mask_documents, name_model,
};
use crate::prompt::{Prompt, Templates};
use crate::row::Kind;
use crate::settings::Workspace;
use crate::{Error, ExitKind, edge};

/// Ask the teacher for rows.
#[derive(Args, Debug)]
pub struct GenerateArgs {
    /// Documents: files or folders; in a workspace its sources/ when left out
    paths: Vec<PathBuf>,
    /// Accepted rows wanted
    #[arg(long)]
    rows: Option<usize>,
    /// Where to write
    #[arg(short, long)]
    output: Option<PathBuf>,
    /// openai, local:PATH, replay:FILE or outline
    #[arg(long)]
    teacher: Option<String>,
    /// Model of the endpoint
    #[arg(long)]
    model: Option<String>,
    /// Model of the same endpoint that judges rows before they are accepted
    #[arg(long, value_name = "MODEL")]
    judge: Option<String>,
    /// Who writes the rejected side of pairs: teacher, student or mix
    #[arg(long, value_name = "WHO")]
    rejected: Option<String>,
    /// Ask through the endpoint's batch service: half the price, within a day
    #[arg(long)]
    batch: bool,
    /// Requests a minute
    #[arg(long)]
    rpm: Option<u32>,
    /// Tokens a minute
    #[arg(long)]
    tpm: Option<u32>,
    /// Requests in flight
    #[arg(long)]
    concurrency: Option<usize>,
    /// Stop before more than this is spent
    #[arg(long)]
    max_usd: Option<f64>,
    /// Show the plan, its cost and one prompt; ask nothing
    #[arg(long)]
    dry_run: bool,
    /// Seeds the split
    #[arg(long)]
    seed: Option<u64>,
    /// The student's tokenizer.json, or a folder with one
    #[arg(long)]
    tokenizer: Option<PathBuf>,
}

/// The tokenizer of the tiny student: what is counted with when no student is at hand.
const BUILT_IN: &[u8] = include_bytes!("../../../fixtures/tiny-student/tokenizer.json");

pub fn run(kind: Kind, args: &GenerateArgs, global: &Global, printer: &Printer) -> Result<ExitKind, Error> {
    let mut layers = global.layers()?;
    flag(&mut layers, &format!("rows.{}", kind.name()), args.rows, "--rows")?;
    flag(&mut layers, "teacher.spec", args.teacher.as_ref(), "--teacher")?;
    flag(&mut layers, "teacher.model", args.model.as_ref(), "--model")?;
    flag(&mut layers, "teacher.judge", args.judge.as_ref(), "--judge")?;
    flag(&mut layers, "teacher.batch", args.batch.then_some(true), "--batch")?;
    flag(&mut layers, "rows.rejected", args.rejected.as_ref(), "--rejected")?;
    flag(&mut layers, "teacher.rpm", args.rpm, "--rpm")?;
    flag(&mut layers, "teacher.tpm", args.tpm, "--tpm")?;
    flag(&mut layers, "teacher.concurrency", args.concurrency, "--concurrency")?;
    flag(&mut layers, "teacher.max_usd", args.max_usd, "--max-usd")?;
    flag(&mut layers, "rows.seed", args.seed, "--seed")?;
    let workspace = global.workspace(&layers)?;
    let settings = &workspace.settings;
    let wanted = settings.rows.wanted(kind);
    if wanted == 0 {
        return Err(Error::new("no rows are wanted").hint("`--rows N` is at least 1"));
    }
    let in_workspace = Workspace::is_at(&workspace.root);
    let paths =
        if args.paths.is_empty() && in_workspace { vec![workspace.path("sources")] } else { args.paths.clone() };
    if paths.is_empty() {
        return Err(
            Error::new("no documents were named").hint(format!("for example `distill {} resume.md`", command(kind)))
        );
    }
    let Prepared { masked, file, templates, counter } =
        prepare(&paths, args.tokenizer.as_deref(), &workspace, printer)?;
    if let Some(file) = file.filter(|_| !args.dry_run) {
        file.store(&masked.vault)?;
    }
    let cache = workspace.path(".distill/responses.sqlite");
    let kept_in = (!args.dry_run).then_some(cache.as_path());
    let choice = choose_teacher(&settings.teacher, &workspace.root, kept_in, masked.may_keep())?;
    let out = args.output.clone().unwrap_or_else(|| default_output(&workspace.root, kind));
    let student = student(kind, args.dry_run, &workspace)?;
    let maker = RowMaker {
        masked: &masked,
        templates: &templates,
        choice: &choice,
        student: student.as_deref(),
        counter: &counter,
        settings: &settings.rows,
        watch: printer,
    };
    refuse_sources(&out, &paths)?;
    if args.dry_run {
        return dry_run(kind, wanted, &maker, printer);
    }
    generate_file(kind, wanted, &maker, &out)?;
    printer.talk(&format!("{} ({wanted} rows)", out.display()));
    Ok(ExitKind::Success)
}

/// Nothing that was read is written over: a slip with `-o` would cost the document. Datasets beside documents are no
/// documents, so that a second run may replace what the first one wrote.
fn refuse_sources(out: &Path, sources: &[PathBuf]) -> Result<(), Error> {
    if out.is_dir() {
        return Err(Error::at(out, "is a folder").hint("name a file, for example `-o rows.parquet`"));
    }
    if out.extension().is_some_and(|e| e.eq_ignore_ascii_case("parquet")) {
        return Ok(());
    }
    edge::fs::not_over(out, &written_over(sources))
}

const fn command(kind: Kind) -> &'static str {
    match kind {
        Kind::Qa => "gen-qa",
        Kind::Cot => "gen-cot",
        Kind::Preference => "gen-dpo",
    }
}

/// Who writes the rejected sides in the teacher's place, if the settings want anybody to.
#[cfg(feature = "train")]
fn student(kind: Kind, dry_run: bool, workspace: &Workspace) -> Result<Option<Box<dyn OnPolicy>>, Error> {
    let settings = &workspace.settings;
    if kind != Kind::Preference || settings.rows.rejected == "teacher" || dry_run {
        return Ok(None);
    }
    let sampler = crate::pipeline::StudentSampler::open(&settings.student, &workspace.root, None, settings.rows.seed)?;
    Ok(Some(Box::new(sampler)))
}

#[cfg(not(feature = "train"))]
fn student(kind: Kind, dry_run: bool, workspace: &Workspace) -> Result<Option<Box<dyn OnPolicy>>, Error> {
    if kind != Kind::Preference || workspace.settings.rows.rejected == "teacher" || dry_run {
        return Ok(None);
    }
    Err(Error::new("this build runs no models, so no student can write rejected answers")
        .hint("build with `--features train`, or use `--rejected teacher`"))
}

/// What is needed to ask about documents.
pub(super) struct Prepared {
    pub(super) masked: Masked,
    /// The workspace's vault, to be stored before anything is asked.
    pub(super) file: Option<VaultFile>,
    pub(super) templates: Templates,
    pub(super) counter: StudentTokenizer,
}

/// Reads and masks documents; says what was passed over.
pub(super) fn prepare(
    paths: &[PathBuf],
    tokenizer: Option<&Path>,
    workspace: &Workspace,
    printer: &Printer,
) -> Result<Prepared, Error> {
    let counter = counter(tokenizer, workspace, printer)?;
    let model = name_model(workspace)?;
    let sources = read_aloud(paths, printer)?;
    // In a workspace a value has one placeholder, whichever command masks it.
    let (file, vault) = match Workspace::is_at(&workspace.root) {
        true => VaultFile::open(&workspace.path(VAULT)).map(|(file, vault)| (Some(file), vault))?,
        false => (None, Vault::default()),
    };
    let persona = &workspace.settings.persona;
    let masked = mask_documents(&sources.documents, sources.failed, persona, model.as_deref(), vault)?;
    let templates = Templates::with_overrides(&workspace.path("prompts"))?;
    Ok(Prepared { masked, file, templates, counter })
}

/// The student's tokenizer, or the built-in one with a word about it.
fn counter(flag: Option<&Path>, workspace: &Workspace, printer: &Printer) -> Result<StudentTokenizer, Error> {
    let local = workspace.path(&workspace.settings.student.id);
    let named = flag.map(Path::to_owned).or_else(|| local.is_dir().then_some(local));
    match named {
        Some(path) if path.is_dir() => Encoder::counter(&path.join("tokenizer.json")),
        Some(path) => Encoder::counter(&path),
        None => {
            printer.talk("counting tokens with the built-in tokenizer, which is stricter than Llama's; `--tokenizer PATH` takes the student's own");
            StudentTokenizer::from_bytes(BUILT_IN).map_err(|e| Error::new(e.to_string()))
        }
    }
}

/// Shows what would be asked, and what it would cost; asks nothing.
fn dry_run(kind: Kind, wanted: usize, maker: &RowMaker<'_>, printer: &Printer) -> Result<ExitKind, Error> {
    let plan = maker.dry_run(kind, wanted)?;
    for line in &plan.lines {
        printer.talk(line);
    }
    if let Some(first) = plan.samples.first() {
        printer.data(&written(first))?;
    }
    Ok(ExitKind::Success)
}

/// A prompt as text: a heading per message.
pub(super) fn written(prompt: &Prompt) -> String {
    let mut out = String::new();
    for message in prompt.messages() {
        out.push_str(&format!("[{:?}]\n{}\n\n", message.role, message.content));
    }
    out
}
