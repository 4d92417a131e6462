use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use serde_json::{Value, json};

use super::written_over;
use super::{filter, review};
use crate::cli::{Global, Printer, flag};
use crate::document::Document;
use crate::mask::{MaskedDocument, Masker, Vault};
use crate::pipeline::{VAULT, VaultFile, mask_documents, name_model, read_documents};
use crate::report::{MaskedPage, render_masking};
use crate::settings::{Origin, Workspace, policy_key};
use crate::{Error, ExitKind, edge};

/// Turn documents into masked text.
#[derive(Args, Debug)]
pub struct MaskArgs {
    /// Files or folders
    #[arg(required_unless_present = "jsonl")]
    paths: Vec<PathBuf>,
    /// Write one file per document here instead of to standard output
    #[arg(short, long)]
    output: Option<PathBuf>,
    /// Keep placeholders and originals in this file (readable by you alone) and reuse those it has; without it, that
    /// of the workspace
    #[arg(long)]
    vault: Option<PathBuf>,
    /// What becomes of a kind's values, such as `phone=surrogate`: placeholder, redact, hash, surrogate, keep
    #[arg(long, value_name = "KIND=POLICY", value_delimiter = ',')]
    policy: Vec<String>,
    /// Say what was masked, where, why and how sure: text on standard error, json or html on standard output (or as
    /// mask-report.json or .html in the output folder)
    #[arg(long, value_enum, num_args = 0..=1, require_equals = true, default_missing_value = "text")]
    report: Option<ReportFormat>,
    /// Show the masked values in the report
    #[arg(long, requires = "report")]
    reveal: bool,
    /// Let a token classifier in this folder find more names (`[persona] ner`)
    #[arg(long, value_name = "DIR")]
    ner: Option<PathBuf>,
    /// Decide about the doubtful finds, one value after the other; the answers go to `[persona]` of the workspace's
    /// settings
    #[arg(long, conflicts_with_all = ["jsonl", "output", "report", "vault"])]
    review: bool,
    /// Review finds with a score below this
    #[arg(long, value_name = "SCORE", requires = "review", default_value_t = 0.7)]
    below: f32,
    /// Filter: lines of {"id","text"} in, lines of {"id","text","spans"} out
    #[arg(long, conflicts_with_all = ["paths", "output", "report"])]
    jsonl: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum ReportFormat {
    /// A line per value, and counts.
    Text,
    /// One object per document.
    Json,
    /// A page with the masked places marked.
    Html,
}

impl MaskArgs {
    /// Whether it waits for lines or answers, so that Ctrl-C has to be told rather than end it.
    pub const fn waits(&self) -> bool {
        self.jsonl || self.review
    }
}

pub fn run(args: &MaskArgs, global: &Global, printer: &Printer) -> Result<ExitKind, Error> {
    let mut layers = global.layers()?;
    // A flag is relative to where it is written, a setting to its file.
    let ner = args.ner.as_ref().map(|dir| std::path::absolute(dir).unwrap_or_else(|_| dir.clone()));
    if args.ner.as_ref().is_some_and(|dir| dir.as_os_str().is_empty()) {
        return Err(Error::new("`--ner` names no folder").hint("leave the flag away to mask without a model"));
    }
    flag(&mut layers, "persona.ner", ner.as_ref().map(|dir| dir.display()), "--ner")?;
    for pair in &args.policy {
        let (kind, policy) = pair.split_once('=').ok_or_else(|| {
            Error::new(format!("`--policy {pair}` has no `=`"))
                .hint("write a kind and a policy: `--policy phone=surrogate`")
        })?;
        layers.set_text(&policy_key(kind.trim()), policy.trim(), Origin::Flag("--policy".into()))?;
    }
    let workspace = global.workspace(&layers)?;
    let model = name_model(&workspace)?;
    let persona = workspace.settings.persona;
    if args.review {
        let sources = read_documents(&args.paths)?;
        for error in &sources.failed {
            printer.error(error);
        }
        return review::run(&sources.documents, &persona, args.below, global, printer);
    }
    let path = args.vault.clone().or_else(|| Workspace::is_at(&global.directory).then(|| global.directory.join(VAULT)));
    let (file, mut vault) = match path {
        Some(path) => VaultFile::open(&path).map(|(file, vault)| (Some(file), vault))?,
        None => (None, Vault::default()),
    };
    let keep = |vault: &Vault| file.as_ref().map_or(Ok(()), |file| file.store(vault));
    if args.jsonl {
        let filtered = filter::run(Masker::new(persona.policy(), &[]), model.as_deref(), &mut vault, printer);
        // Placeholders that are already out need their originals, also when a later line cannot be read.
        keep(&vault)?;
        return filtered.map(|()| ExitKind::Success);
    }
    let inputs = if args.output.is_some() { written_over(&args.paths) } else { BTreeSet::new() };
    let sources = read_documents(&args.paths)?;
    if let Some(line) = sources.skipped_line() {
        printer.talk(&line);
    }
    let masked = mask_documents(&sources.documents, sources.failed, &persona, model.as_deref(), vault)?;
    keep(&masked.vault)?;
    let mut taken = BTreeSet::new();
    let on_stdout = args.output.is_none() && matches!(args.report, Some(ReportFormat::Json | ReportFormat::Html));
    for document in masked.documents.iter().filter(|_| !on_stdout) {
        let text = format!("{}\n", document.text().trim_end());
        match &args.output {
            Some(dir) => {
                let name = document.name();
                let name = if name.ends_with(".md") { name.to_owned() } else { format!("{name}.md") };
                let path = dir.join(edge::fs::unique(&mut taken, name));
                edge::fs::not_over(&path, &inputs)?;
                edge::fs::write(&path, text.as_bytes())?;
            }
            None => printer.data(&text)?,
        }
    }
    if let Some(format) = args.report {
        report(format, args, &sources.documents, &masked.documents, printer)?;
    }
    for error in &masked.failed {
        printer.error(error);
    }
    Ok(if masked.failed.is_empty() { ExitKind::Success } else { ExitKind::Data })
}

/// What was masked, in the format asked for.
fn report(
    format: ReportFormat,
    args: &MaskArgs,
    sources: &[Document],
    masked: &[MaskedDocument],
    printer: &Printer,
) -> Result<(), Error> {
    let values = |index: usize, range: &std::ops::Range<usize>| {
        let text = sources.get(index).filter(|_| args.reveal)?.expose_text();
        text.get(range.clone())
    };
    let (name, text) = match format {
        ReportFormat::Text => {
            let mut totals: BTreeMap<&str, usize> = BTreeMap::new();
            for (index, document) in masked.iter().enumerate() {
                for find in document.finds() {
                    *totals.entry(find.entity.name()).or_default() += 1;
                    let line = 1 + document.text()[..find.range.start].matches('\n').count();
                    let value = values(index, &find.original).map(|value| format!("  {value}")).unwrap_or_default();
                    printer.talk(&format!(
                        "{}:{line}: {} {:.2} {} ({}){value}",
                        document.name(),
                        &document.text()[find.range.clone()],
                        find.score,
                        find.layer.name(),
                        find.rule,
                    ));
                }
            }
            for (entity, count) in totals {
                printer.talk(&format!("{entity:>16} {count}"));
            }
            return Ok(());
        }
        ReportFormat::Json => {
            let documents: Vec<Value> = masked
                .iter()
                .enumerate()
                .map(|(index, document)| {
                    let finds: Vec<Value> = document
                        .finds()
                        .iter()
                        .map(|find| {
                            let mut value = json!({
                                "placeholder": &document.text()[find.range.clone()],
                                "entity": find.entity.name(),
                                "score": find.score,
                                "layer": find.layer.name(),
                                "rule": find.rule,
                                "start": find.original.start,
                                "end": find.original.end,
                                "masked_start": find.range.start,
                                "masked_end": find.range.end,
                            });
                            if let (Some(object), Some(text)) = (value.as_object_mut(), values(index, &find.original)) {
                                object.insert("value".to_owned(), text.into());
                            }
                            value
                        })
                        .collect();
                    json!({ "name": document.name(), "finds": finds })
                })
                .collect();
            ("mask-report.json", format!("{:#}\n", Value::from(documents)))
        }
        ReportFormat::Html => {
            let pages: Vec<MaskedPage<'_>> = masked
                .iter()
                .enumerate()
                .map(|(index, document)| MaskedPage {
                    document,
                    original: sources.get(index).filter(|_| args.reveal).map(Document::expose_text),
                })
                .collect();
            ("mask-report.html", render_masking(&pages))
        }
    };
    match &args.output {
        Some(dir) if args.reveal => {
            let path = dir.join(name);
            edge::fs::write_private(&path, text.as_bytes()).map_err(|e| Error::io(&path, e))
        }
        Some(dir) => edge::fs::write(&dir.join(name), text.as_bytes()),
        None => printer.data(&text),
    }
}
