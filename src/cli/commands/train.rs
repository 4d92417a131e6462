use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use serde_json::json;

use crate::batch::{EncodedRow, Encoder, IGNORE, Sequence};
use crate::cli::{Global, Printer, flag};
use crate::hub::Adapter;
use crate::model;
use crate::pipeline::{Phase, PhaseInput, STOP, Summary, Watch, encode_phase, open_student, run_phase, train_all};
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
    /// cpu or cuda
    #[arg(long)]
    device: Option<String>,
    /// Show what would be trained: tokens, labels and masks
    #[arg(long, requires = "phase")]
    dry_run: bool,
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
    if args.dry_run {
        let encoder = model::encoder(&folder)?;
        let examples = encode_phase(phase, settings, &encoder, &rows, &replay)?;
        return label_view(&encoder, &examples.train, phase, args.output_format, printer);
    }
    let adapter = args
        .adapter
        .as_ref()
        .map(|dir| Adapter::load(dir).map_err(|e| Error::from(e).place(dir.display().to_string())))
        .transpose()?;
    let out = args.out.clone().unwrap_or_else(|| PathBuf::from(phase.name()));
    let checkpoint = out.join("checkpoint.safetensors");
    if !args.resume && checkpoint.exists() {
        std::fs::remove_file(&checkpoint).map_err(|e| Error::io(&checkpoint, e))?;
    }
    printer.stage(phase.name(), false);
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
    };
    let done = run_phase(&input, &STOP, printer)?;
    let o = &done.outcome;
    let held_out = match (o.eval_before, o.eval_kept) {
        (Some(before), Some(kept)) => format!(", held-out loss {before:.4} → {kept:.4} (step {})", o.kept_step),
        _ => String::new(),
    };
    printer.talk(&format!(
        "{}: {} steps on {} rows, loss {:.4}{held_out}\nadapter: {}",
        phase.name(),
        o.steps,
        done.rows,
        o.last_loss,
        out.display()
    ));
    Ok(ExitKind::Success)
}

/// The label view: what the loss sees.
fn label_view(
    encoder: &Encoder,
    rows: &[EncodedRow],
    phase: Phase,
    format: OutputFormat,
    printer: &Printer,
) -> Result<ExitKind, Error> {
    for row in rows {
        let sides: Vec<(&str, &Sequence)> =
            std::iter::once(("chosen", &row.chosen)).chain(row.rejected.as_ref().map(|s| ("rejected", s))).collect();
        for (side, sequence) in sides {
            let text = match format {
                OutputFormat::Json if phase == Phase::Align => {
                    json!({ "id": row.id, "side": side, "input_ids": sequence.input_ids, "labels": sequence.labels })
                        .to_string()
                }
                OutputFormat::Json => {
                    json!({ "id": row.id, "input_ids": sequence.input_ids, "labels": sequence.labels }).to_string()
                }
                OutputFormat::Text => labelled(encoder, row, side, sequence, phase, printer.color()),
            };
            printer.data(&format!("{text}\n"))?;
        }
    }
    Ok(ExitKind::Success)
}

fn labelled(encoder: &Encoder, row: &EncodedRow, side: &str, sequence: &Sequence, phase: Phase, color: bool) -> String {
    let side = if phase == Phase::Align { format!(" {side}") } else { String::new() };
    let mut text =
        format!("{}{side}: {} tokens, {} with loss\n", row.id, sequence.input_ids.len(), sequence.label_count());
    for (&id, &label) in sequence.input_ids.iter().zip(&sequence.labels) {
        let token = encoder.tokenizer.decode(&[id], false).unwrap_or_default().replace('\n', "⏎");
        text.push_str(&match (color, label == IGNORE) {
            (true, true) => format!("\u{1b}[2m{token}\u{1b}[0m"),
            (true, false) => format!("\u{1b}[32m{token}\u{1b}[0m"),
            (false, true) => token,
            (false, false) => format!("[{token}]"),
        });
    }
    text.push('\n');
    text
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
    let percent = |share: f64| format!("{:.0} %", share * 100.0);
    line(
        "fact recall",
        format!(
            "{} → {}  ({} held-out paraphrases)",
            percent(e.recall_before),
            percent(e.recall_after),
            e.recall_questions
        ),
    );
    if e.trained_questions > 0 {
        line("trained questions", format!("{} right  ({} asked)", percent(e.trained_after), e.trained_questions));
    }
    if e.unknown_questions > 0 {
        line(
            "admits not knowing",
            format!(
                "{} → {}  ({} questions about facts it was never told)",
                percent(e.unknown_admitted_before),
                percent(e.unknown_admitted_after),
                e.unknown_questions
            ),
        );
    }
    line(
        "preference accuracy",
        format!(
            "{} → {}  ({} held-out pairs)",
            percent(e.preference_before),
            percent(e.preference_after),
            e.preference_pairs
        ),
    );
    line("answers that end", percent(e.stopped_after));
    if let Some(leak) = r.leak.as_ref().filter(|leak| leak.values > 0) {
        line("masked values said", format!("{} of {}, in {} answers", leak.said, leak.values, leak.outputs));
    }
    for (name, bytes) in &r.outputs {
        line(name, format!("{:.1} MB", *bytes as f64 / 1e6));
    }
    line("report", crate::error::shown(&summary.report_path));
    line("talk to it", format!("distill chat -m {}", crate::error::shown(&summary.gguf)));
    printer.data(&text)?;
    Ok(())
}
