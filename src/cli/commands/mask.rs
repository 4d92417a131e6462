use std::collections::{BTreeMap, BTreeSet};
use std::io::BufRead;
use std::path::PathBuf;

use clap::Args;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::cli::{Global, Printer};
use crate::mask::{Masker, Policy, Vault};
use crate::pipeline::{mask_documents, read_documents};
use crate::settings::Persona;
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
    /// Keep placeholders and originals in this file (readable by you alone) and reuse those it has
    #[arg(long)]
    vault: Option<PathBuf>,
    /// Add counts per entity, on standard error
    #[arg(long)]
    report: bool,
    /// Filter: lines of {"id","text"} in, lines of {"id","text","spans"} out
    #[arg(long, conflicts_with_all = ["paths", "output"])]
    jsonl: bool,
}

#[derive(Deserialize)]
struct Line {
    id: Value,
    text: String,
}

pub fn run(args: &MaskArgs, global: &Global, printer: &Printer) -> Result<ExitKind, Error> {
    let persona = global.workspace(&global.layers()?)?.settings.persona;
    let mut vault = match &args.vault {
        Some(path) if path.exists() => {
            serde_json::from_slice(&edge::fs::read(path)?).map_err(|e| Error::at(path, "is no mask vault").cause(e))?
        }
        _ => Vault::default(),
    };
    if args.jsonl {
        let filtered = filter(persona, &mut vault, printer);
        // Placeholders that are already out need their originals, also when a later line cannot be read.
        keep(args, &vault)?;
        return filtered.map(|()| ExitKind::Success);
    }
    let sources = read_documents(&args.paths)?;
    if let Some(line) = sources.skipped_line() {
        printer.talk(&line);
    }
    let masked = mask_documents(&sources.documents, sources.failed, &persona, vault);
    keep(args, &masked.vault)?;
    let mut totals: BTreeMap<&str, usize> = BTreeMap::new();
    let mut taken = BTreeSet::new();
    for document in &masked.documents {
        for (entity, n) in document.counts() {
            *totals.entry(entity.name()).or_default() += n;
        }
        let text = format!("{}\n", document.text().trim_end());
        match &args.output {
            Some(dir) => {
                let name = document.name();
                let name = if name.ends_with(".md") { name.to_owned() } else { format!("{name}.md") };
                edge::fs::write(&dir.join(edge::fs::unique(&mut taken, name)), text.as_bytes())?;
            }
            None => printer.data(&text)?,
        }
    }
    if args.report {
        for (entity, n) in totals {
            printer.talk(&format!("{entity:>16} {n}"));
        }
    }
    for error in &masked.failed {
        printer.error(error);
    }
    Ok(if masked.failed.is_empty() { ExitKind::Success } else { ExitKind::Data })
}

/// Lines of `{"id","text"}` in, lines of `{"id","text","spans"}` out, in order.
fn filter(persona: Persona, vault: &mut Vault, printer: &Printer) -> Result<(), Error> {
    let policy = Policy { names: persona.names, allow: persona.allow, deny: persona.deny, off: Vec::new() };
    let masker = Masker::new(policy, &[]);
    for (number, line) in std::io::stdin().lock().lines().enumerate() {
        let place = || format!("standard input, line {}", number + 1);
        let line = line.map_err(|e| Error::new(e.to_string()).place(place()).data())?;
        if line.trim().is_empty() {
            continue;
        }
        let line: Line = serde_json::from_str(&line)
            .map_err(|e| Error::new("not an object with `id` and `text`").place(place()).cause(e).data())?;
        let (text, spans) = masker.mask_text(&line.text, vault);
        let spans: Vec<Value> = spans
            .iter()
            .map(|s| json!({ "start": s.range.start, "end": s.range.end, "entity": s.entity.name(), "score": s.score }))
            .collect();
        printer.data(&format!("{}\n", json!({ "id": line.id, "text": text, "spans": spans })))?;
    }
    Ok(())
}

/// Stores the vault where the caller asked for it.
fn keep(args: &MaskArgs, vault: &Vault) -> Result<(), Error> {
    let Some(path) = &args.vault else { return Ok(()) };
    let json = serde_json::to_vec_pretty(vault).map_err(|e| Error::at(path, e.to_string()))?;
    edge::fs::write_private(path, &json).map_err(|e| Error::io(path, e))
}
