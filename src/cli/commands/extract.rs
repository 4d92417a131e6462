use std::path::PathBuf;

use clap::{Args, ValueEnum};
use serde_json::json;

use crate::cli::Printer;
use crate::document::{BlockKind, Document};
use crate::pipeline::read_documents;
use crate::{Error, ExitKind, edge};

/// Turn documents into Markdown text.
#[derive(Args, Debug)]
pub struct ExtractArgs {
    /// Files or folders
    #[arg(required = true)]
    paths: Vec<PathBuf>,
    /// Write one file per document here instead of to standard output
    #[arg(short, long)]
    output: Option<PathBuf>,
    /// What to write
    #[arg(long, value_enum, default_value = "md")]
    format: OutputFormat,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum OutputFormat {
    /// Markdown.
    Md,
    /// Text with block kinds and byte spans.
    Json,
}

pub fn run(args: &ExtractArgs, printer: &Printer) -> Result<ExitKind, Error> {
    let sources = read_documents(&args.paths)?;
    let mut taken = std::collections::BTreeSet::new();
    for document in &sources.documents {
        let text = match args.format {
            OutputFormat::Md => format!("{}\n", document.expose_text().trim_end()),
            OutputFormat::Json => format!("{}\n", to_json(document)),
        };
        match &args.output {
            Some(dir) => edge::fs::write(
                &dir.join(edge::fs::unique(&mut taken, output_name(document.name(), args.format))),
                text.as_bytes(),
            )?,
            None => printer.data(&text)?,
        }
    }
    if let Some(line) = sources.skipped_line() {
        printer.talk(&line);
    }
    for error in &sources.failed {
        printer.error(error);
    }
    Ok(if sources.failed.is_empty() { ExitKind::Success } else { ExitKind::Data })
}

/// The document's own name with the ending of what is written; the old ending stays, so that `a.md` and `a.html` do
/// not meet.
fn output_name(name: &str, format: OutputFormat) -> String {
    match format {
        OutputFormat::Md if name.ends_with(".md") => name.to_owned(),
        OutputFormat::Md => format!("{name}.md"),
        OutputFormat::Json => format!("{name}.json"),
    }
}

fn to_json(document: &Document) -> serde_json::Value {
    let blocks: Vec<serde_json::Value> = document
        .blocks()
        .iter()
        .map(|block| {
            let (kind, extra) = match &block.kind {
                BlockKind::Heading { level } => ("heading", json!({ "level": level })),
                BlockKind::Paragraph => ("paragraph", json!({})),
                BlockKind::ListItem { depth } => ("list_item", json!({ "depth": depth })),
                BlockKind::TableRow => ("table_row", json!({})),
                BlockKind::KeyValue { key } => ("key_value", json!({ "key": key })),
                BlockKind::Code => ("code", json!({})),
            };
            let mut value = json!({ "kind": kind, "start": block.span.start, "end": block.span.end });
            if let (Some(map), Some(more)) = (value.as_object_mut(), extra.as_object()) {
                map.extend(more.clone());
            }
            value
        })
        .collect();
    json!({ "name": document.name(), "text": document.expose_text(), "blocks": blocks })
}
