mod labels;

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use crate::cli::{Global, Printer, flag};
use crate::hub::Adapter;
use crate::model;
use crate::pipeline::{
    MODEL, Phase, PhaseInput, STOP, Summary, Watch, encode_phase, fit_phase, open_student, run_phase, train_all,
};
use crate::report::CellReport;
use crate::settings::Workspace;
use crate::{Error, ExitKind, dataset};

/// Train the student.
#[derive(Args, Debug)]
pub struct TrainArgs {
    /// Every stage of the workspace that is not up to date, from sources to GGUF and report
    #[arg(long, conflicts_with = "phase")]
    all: bool,
    /// One phase alone
    #[arg(long, value_enum, required_unless_present = "all")]
    phase: Option<PhaseArg>,
    /// Rows of the phase's kind: Parquet or JSONL
    #[arg(long, requires = "phase", required_unless_present = "all")]
    data: Option<PathBuf>,
    /// Rows of an earlier phase to replay during mimic or align
    #[arg(long, requires = "phase")]
    replay_data: Option<PathBuf>,
    /// The base: a Hugging Face folder or hub id
    #[arg(long)]
    student: Option<String>,
    /// PEFT adapter to start from; for align also the reference
    #[arg(long, requires = "phase")]
    adapter: Option<PathBuf>,
    /// Where adapter, metrics and checkpoint go
    #[arg(long, requires = "phase")]
    out: Option<PathBuf>,
    /// Go on from the checkpoint in --out
    #[arg(long, requires = "phase")]
    resume: bool,
    /// Stop every phase after this many updates (`--set train.max_steps=N`)
    #[arg(long, value_name = "N")]
    max_steps: Option<u64>,
    /// cpu or cuda
    #[arg(long)]
    device: Option<String>,
    /// Show what would be trained, tokens, labels and masks, and how much memory that takes
    #[arg(long, requires = "phase")]
    dry_run: bool,
    /// Rows that --dry-run shows, 0: all
    #[arg(long, value_name = "N", default_value_t = 5, requires = "dry_run")]
    rows: usize,
    /// How --dry-run prints
    #[arg(long, value_enum, default_value = "text", requires = "dry_run")]
    output_format: OutputFormat,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum PhaseArg {
    /// SFT on QA rows.
    #[value(alias = "sft")]
    Learn,
    /// SFT on CoT rows.
    #[value(alias = "rkd")]
    Mimic,
    /// DPO on preference rows.
    #[value(alias = "dpo")]
    Align,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum OutputFormat {
    /// Tokens in colour.
    Text,
    /// One line per sequence.
    Json,
}

pub fn run(args: &TrainArgs, global: &Global, printer: &Printer) -> Result<ExitKind, Error> {
    let mut layers = global.layers()?;
    flag(&mut layers, "student.device", args.device.as_ref(), "--device")?;
    flag(&mut layers, "student.id", args.student.as_ref(), "--student")?;
    flag(&mut layers, "train.max_steps", args.max_steps, "--max-steps")?;
    let workspace = global.workspace(&layers)?;
    if args.all {
        if !Workspace::is_at(&workspace.root) {
            return Err(
                Error::at(&workspace.root, "is no workspace").hint("`distill init` makes one; `-C DIR` names one")
            );
        }
        let summary = train_all(&workspace, printer)?;
        summarise(&summary, printer)?;
        return Ok(ExitKind::Success);
    }
    let phase = match args.phase {
        Some(PhaseArg::Learn) => Phase::Learn,
        Some(PhaseArg::Mimic) => Phase::Mimic,
        Some(PhaseArg::Align) => Phase::Align,
        None => return Err(Error::new("name `--all` or `--phase`")),
    };
    one_phase(phase, args, &workspace, printer)
}

fn one_phase(phase: Phase, args: &TrainArgs, workspace: &Workspace, printer: &Printer) -> Result<ExitKind, Error> {
    let data = args.data.as_ref().ok_or_else(|| Error::new("`--data` is missing"))?;
    let load = |path: &Path| -> Result<_, Error> {
        let table = dataset::read(path)?;
        let rows = dataset::rows(&table)?;
        Ok((table.kind, rows))
    };
    let (kind, rows) = load(data)?;
    if kind != Some(phase.kind()) {
        return Err(Error::at(
            data,
            format!(
                "{} is trained on {} rows, these are {}",
                phase.name(),
                phase.kind().name(),
                kind.map_or("unknown", crate::row::Kind::name)
            ),
        )
        .data());
    }
    let replay = match &args.replay_data {
        Some(path) => load(path)?.1,
        None => Vec::new(),
    };
    let settings = phase.settings(&workspace.settings.train);
    let id = &workspace.settings.student.id;
    let folder = open_student(id, Path::new("."), workspace.settings.student.offline)?;
    let adapter = args
        .adapter
        .as_ref()
        .map(|dir| Adapter::load(dir).map_err(|e| Error::from(e).place(dir.display().to_string())))
        .transpose()?;
    let out = args.out.clone().unwrap_or_else(|| PathBuf::from(phase.name()));
    let checkpoint = out.join("checkpoint.safetensors");
    let input = PhaseInput {
        phase,
        settings,
        folder: &folder,
        device: &workspace.settings.student.device,
        adapter: adapter.as_ref(),
        rows: &rows,
        replay: &replay,
        base_name: id,
        out: &out,
        resume: args.resume && checkpoint.exists(),
    };
    if args.dry_run {
        return dry_run(&input, args, printer);
    }
    if !args.resume && checkpoint.exists() {
        printer.talk(&format!("{}: starting from the beginning; `--resume` would have gone on", phase.name()));
        std::fs::remove_file(&checkpoint).map_err(|e| Error::io(&checkpoint, e))?;
    }
    if args.resume && !checkpoint.exists() {
        printer.talk(&format!("{}: no checkpoint in {}, starting from the beginning", phase.name(), out.display()));
    }
    printer.stage(phase.name(), false);
    let lock = lock(&out)?;
    // A killed run leaves half a checkpoint.
    crate::edge::fs::sweep(&out);
    let done = run_phase(&input, &STOP, printer).map_err(|error| match error.exit() {
        ExitKind::Interrupted => error.hint("run the same command with `--resume` to go on from here"),
        _ => error,
    })?;
    let _ = std::fs::remove_file(out.join(LOCK));
    drop(lock);
    let o = &done.outcome;
    let held_out = match (o.eval_before, o.eval_kept) {
        (Some(before), Some(kept)) => format!(", held-out loss {before:.4} → {kept:.4} (step {})", o.kept_step),
        _ => String::new(),
    };
    let made = match &done.adapter {
        Some(_) => format!("adapter: {}", out.display()),
        None => format!("model: {}", out.join(MODEL).display()),
    };
    printer.talk(&format!(
        "{}: {} steps on {} rows, loss {:.4}{held_out}\n{made}",
        phase.name(),
        o.steps,
        done.rows,
        o.last_loss
    ));
    Ok(ExitKind::Success)
}

/// What would be trained, and what that takes; nothing is written.
fn dry_run(input: &PhaseInput<'_>, args: &TrainArgs, printer: &Printer) -> Result<ExitKind, Error> {
    let encoder = model::encoder(input.folder)?;
    let examples = encode_phase(input.phase, input.settings, &encoder, input.rows, input.replay)?;
    match args.output_format {
        OutputFormat::Json => labels::json_lines(&examples.train, input.phase, printer)?,
        OutputFormat::Text => labels::Labels::new(input.folder, &encoder.tokenizer, printer.color())?.text(
            &examples.train,
            input.phase,
            args.rows,
            printer,
        )?,
    }
    let fit = fit_phase(input, &examples)?;
    printer.talk(&fit.line());
    if let Some(changed) = &fit.changed {
        printer.talk(changed);
    }
    Ok(ExitKind::Success)
}

/// What a person wants to read at the end.
pub(super) fn summarise(summary: &Summary, printer: &Printer) -> Result<(), Error> {
    let r = &summary.report;
    let mut text = String::from("\n");
    let mut line = |name: &str, value: String| text.push_str(&format!("{name:>22}  {value}\n"));
    for d in &r.datasets {
        line(&format!("{} rows", d.kind), format!("{} for training, {} held out", d.train, d.test));
    }
    for p in &r.phases {
        let (first, last) = (p.loss.first().map_or(f64::NAN, |l| l.1), p.loss.last().map_or(f64::NAN, |l| l.1));
        line(
            &p.phase,
            format!(
                "loss {first:.3} → {last:.3} in {} steps, {:.0} s, {:.0} tokens/s",
                p.steps, p.seconds, p.tokens_per_second
            ),
        );
    }
    let e = &r.evaluation;
    let shown = |cell: Option<CellReport>, is_share: bool| match cell {
        Some(cell) if is_share => format!("{:.0} %", cell.value * 100.0),
        Some(cell) => format!("{:.1}", cell.value),
        None => "?".to_owned(),
    };
    let kinds = [
        ("fact recall", "recall", "held-out paraphrases"),
        ("trained questions", "trained", "asked in their own words"),
        ("admits not knowing", "honesty", "questions about facts it was never told"),
        ("preference accuracy", "preference_likelihood", "held-out pairs"),
        ("author's text", "persona_perplexity", "held-out tokens, perplexity"),
        ("general knowledge", "general", "fixed questions"),
        ("answers that end", "stopped", "answers"),
    ];
    for (title, name, of) in kinds {
        if let (Some(metric), Some(after)) = (e.metric(name), e.last(name)) {
            let (before, after_words) = (shown(e.first(name), metric.is_share), shown(Some(after), metric.is_share));
            line(title, format!("{before} → {after_words}  ({} {of})", after.of));
        }
    }
    if let Some(leak) = r.leak.as_ref().filter(|leak| leak.values > 0) {
        line("masked values said", format!("{} of {}, in {} answers", leak.said, leak.values, leak.outputs));
    }
    for (name, bytes) in &r.outputs {
        line(name, format!("{:.1} MB", *bytes as f64 / 1e6));
    }
    for warning in &e.warnings {
        line("warning", warning.clone());
    }
    line("report", crate::error::shown(&summary.report_path));
    line("talk to it", format!("distill chat -m {}", crate::error::shown(&summary.gguf)));
    printer.data(&text)?;
    Ok(())
}

/// One run at a time in a folder: two would write each other's files. The lock ends with the process, whatever ends it.
fn lock(folder: &std::path::Path) -> Result<std::fs::File, Error> {
    crate::edge::fs::create_dir(folder)?;
    let path = folder.join(LOCK);
    let file = std::fs::File::options().create(true).truncate(false).write(true).open(&path);
    let file = file.map_err(|e| Error::io(&path, e))?;
    file.try_lock().map_err(|_| {
        Error::at(folder, "another `distill` is training in this folder")
            .hint("wait for it, or give another folder with `--out`")
    })?;
    Ok(file)
}

/// Its name in the folder; removed at the end.
const LOCK: &str = ".lock";
