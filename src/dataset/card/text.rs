//! The text below the header, in blocks that are written anew.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::{Known, WHOLE, header};
use crate::dataset::terminal::{counted, harmless, thousands};

/// Teachers, templates and rules that are listed.
const LISTED: usize = 40;

/// A part of the text that is made from the files.
pub(super) struct Block {
    pub(super) name: &'static str,
    pub(super) body: String,
}

pub(super) fn begin(name: &str) -> String {
    format!("<!-- distill:begin {name} -->")
}

pub(super) fn end(name: &str) -> String {
    format!("<!-- distill:end {name} -->")
}

impl Block {
    pub(super) fn render(&self) -> String {
        format!("{}\n{}\n{}\n", begin(self.name), self.body.trim(), end(self.name))
    }
}

/// A card that nobody has written in yet.
pub(super) fn first(name: &str, blocks: &[Block]) -> String {
    let mut out = format!("\n# {}\n\n", plain(name));
    out.push_str("<!-- What stands between `distill:begin` and `distill:end` is written anew by `distill card`. Write anywhere else: it stays. -->\n\n");
    for (at, block) in blocks.iter().enumerate() {
        out.push_str(&block.render());
        if at == 0 {
            out.push_str("\n## About\n\n**TODO** Whose documents the rows were made from, what they are for, and what they should not be used for.\n");
        }
        out.push('\n');
    }
    format!("{}\n", out.trim_end())
}

/// Words from a file in running text: on one line, and no markup.
fn plain(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars().map(harmless).take(200) {
        if "\\`*_[]<>|#".contains(c) {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

/// Words from a file as code.
fn code(text: &str) -> String {
    let text: String = text.chars().map(harmless).filter(|c| !"`|<>\n".contains(*c)).take(200).collect();
    format!("`{text}`")
}

pub(super) fn blocks(known: &Known<'_>, license: Option<&str>) -> Vec<Block> {
    let mut blocks = vec![
        Block { name: "summary", body: summary(known) },
        Block { name: "rows", body: rows(known) },
        Block { name: "making", body: making(known) },
        Block { name: "limits", body: limits(known) },
        Block { name: "use", body: terms(known, license) },
    ];
    if let Some(findings) = known.findings {
        blocks.push(Block { name: "lint", body: lint(findings) });
    }
    blocks
}

fn summary(known: &Known<'_>) -> String {
    let configs: Vec<String> = known
        .configs
        .iter()
        .map(|config| {
            let rows = config.parts.iter().map(|part| part.rows).sum();
            format!("{} ({})", code(&config.name), thousands(rows))
        })
        .collect();
    let made = if known.stats.teachers.is_empty() { "" } else { " Their texts are machine-generated (synthetic)." };
    let sources = match known.stats.sources.len() as u64 {
        0 => String::new(),
        sources => format!(" They name {}.", counted(sources, "source document")),
    };
    format!(
        "{} in {}: {}.{made}{sources}",
        counted(known.stats.rows, "row"),
        if configs.len() == 1 { "one configuration" } else { "several configurations" },
        configs.join(", ")
    )
}

/// What a column of ours holds.
fn meaning(column: &str) -> &'static str {
    match column {
        "id" => "hash of the trained texts",
        "instruction" => "the question",
        "prompt" => "what is asked for",
        "context" => "a passage that grounds the answer; may be empty",
        "thought" => "the reasoning before the answer",
        "response" => "the answer",
        "chosen" => "the preferred answer",
        "rejected" => "the dispreferred answer",
        "paraphrase" => "the question in other words, for evaluation only",
        "answer_key" => "what a right answer contains, for evaluation only",
        "source" => "name of the document",
        "span" => "bytes of the masked document that ground the row",
        "evidence" => "the words of the document that support the row",
        "split" => "train or test",
        "chosen_source" | "rejected_source" => "who wrote that side: post, teacher or student",
        "teacher" => "who wrote the row",
        "template" | "template_version" => "the prompt template, and its version with a hash",
        "parameters" => "sampling parameters",
        "request_hash" => "hash of the request that was answered",
        "cost_usd" => "the row's share of what the request cost",
        _ if column.starts_with("tokens_") => "tokens of that column",
        _ => "",
    }
}

fn rows(known: &Known<'_>) -> String {
    let mut out = "## Rows\n\n| configuration | files | rows | splits |\n| --- | --- | ---: | --- |\n".to_owned();
    let mut mixed = false;
    for config in known.configs {
        let mut splits = std::collections::BTreeMap::new();
        for (split, count) in config.parts.iter().flat_map(|part| &part.splits) {
            *splits.entry(split.as_str()).or_insert(0) += count;
        }
        mixed |= config.parts.iter().any(|part| part.rows > 0 && part.split() == WHOLE);
        let splits: Vec<String> =
            splits.iter().map(|(split, n)| format!("{} {}", plain(split), thousands(*n))).collect();
        let files: Vec<String> = config.parts.iter().take(LISTED).map(|part| code(&part.path)).collect();
        let more = config.parts.len().saturating_sub(LISTED);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        let rows: u64 = config.parts.iter().map(|part| part.rows).sum();
        // Writing to a string cannot fail, here and below.
        let _ = writeln!(
            out,
            "| {} | {}{more} | {} | {} |",
            code(&config.name),
            files.join(", "),
            thousands(rows),
            splits.join(", ")
        );
    }
    if mixed {
        let _ = writeln!(
            out,
            "\nFiles that hold rows of several splits are loaded as one split, {}: filter by the column `split` before training. `distill split` writes a file for each.",
            code(WHOLE)
        );
    }
    let mut seen = BTreeSet::new();
    let mut table = String::new();
    for config in known.configs {
        let features = header::features(config);
        for column in config.parts.iter().flat_map(|part| &part.columns) {
            if seen.insert(column) {
                let feature = features.and_then(|features| features.iter().find(|(name, _)| name == column));
                let of_type = feature.map(|(_, feature)| plain(&feature.name())).unwrap_or_default();
                let _ = writeln!(table, "| {} | {of_type} | {} |", code(column), meaning(column));
            }
        }
    }
    let _ = write!(out, "\n| column | type | holds |\n| --- | --- | --- |\n{table}");
    if !known.stats.fields.is_empty() {
        out.push_str("\n| text | unit | median | p95 | longest |\n| --- | --- | ---: | ---: | ---: |\n");
        for field in &known.stats.fields {
            let _ = writeln!(
                out,
                "| {} {} | {} | {} | {} | {} |",
                field.kind,
                code(&field.field),
                field.unit,
                thousands(field.median),
                thousands(field.p95),
                thousands(field.max)
            );
        }
    }
    out
}

fn making(known: &Known<'_>) -> String {
    let mut out = "## How they were made\n\n".to_owned();
    let stats = known.stats;
    if stats.teachers.is_empty() {
        out.push_str("**TODO** The rows do not say who wrote them. Say how they came to be.\n");
        return out;
    }
    out.push_str("| teacher | rows |\n| --- | ---: |\n");
    for (teacher, count) in stats.teachers.iter().take(LISTED) {
        let _ = writeln!(out, "| {} | {} |", code(teacher), thousands(*count));
    }
    if !stats.templates.is_empty() {
        out.push_str("\n| prompt template | rows |\n| --- | ---: |\n");
        for (template, count) in stats.templates.iter().take(LISTED) {
            let _ = writeln!(out, "| {} | {} |", code(template), thousands(*count));
        }
    }
    let facts = [
        ("distill.tool_version", "Version of `distill`"),
        ("distill.schema_version", "Version of the columns"),
        ("distill.mask_policy", "Mask policy (hash)"),
        ("distill.tokenizer_hash", "Tokenizer that counted (hash)"),
        ("distill.cap", "Tokens that a text may have"),
    ];
    let mut list = String::new();
    for (key, name) in facts {
        let values: BTreeSet<&String> = stats.files.iter().filter_map(|file| file.metadata.get(key)).collect();
        if !values.is_empty() {
            let values: Vec<String> = values.into_iter().take(LISTED).map(|value| code(value)).collect();
            let _ = writeln!(list, "- {name}: {}", values.join(", "));
        }
    }
    if let Some(cost) = stats.cost_usd.filter(|cost| *cost > 0.0) {
        let _ = writeln!(list, "- Cost of the requests: {cost:.2} USD");
    }
    if !list.is_empty() {
        let _ = write!(out, "\n{list}");
    }
    if stats.files.iter().any(|file| file.metadata.contains_key("distill.mask_policy")) {
        out.push_str("\nPersonal data was masked in the documents before a prompt was made of them.\n");
    }
    out
}

fn limits(known: &Known<'_>) -> String {
    let mut out = "## Known limits\n\n".to_owned();
    let stats = known.stats;
    let mut list = vec![];
    if !stats.teachers.is_empty() {
        list.push("What a machine wrote can be wrong, and repeats the habits of the model that wrote it.".to_owned());
    }
    if stats.files.iter().any(|file| file.metadata.contains_key("distill.mask_policy")) {
        list.push("Masking finds personal data by rules and lists; what they do not know stays. Look through the rows before you publish them.".to_owned());
    }
    let d = stats.duplicates;
    if d.rows > 0 {
        list.push(format!("{} with the same texts as an earlier row.", counted(d.rows, "row")));
    }
    if d.prompts > d.rows {
        list.push(format!("{} with the same prompt and context as an earlier row.", counted(d.prompts, "row")));
    }
    if stats.bad_rows > 0 {
        list.push(format!("{} cannot be read and counts nowhere.", counted(stats.bad_rows, "row")));
    }
    for item in &list {
        let _ = writeln!(out, "- {item}");
    }
    if list.is_empty() {
        out.push_str("None that the files tell of.\n");
    }
    out
}

/// Under what the rows may be used. Where that is not known, the words that would say so are avoided, in the names of
/// blocks too, or the linter (PRV005) took a TODO for an answer.
fn terms(known: &Known<'_>, license: Option<&str>) -> String {
    let mut out = "## Terms\n\n".to_owned();
    match license {
        Some(license) => {
            let _ = writeln!(out, "These rows are offered under {}.", code(license));
        }
        None => out.push_str("**TODO** Nobody has said yet what may be done with these rows.\n"),
    }
    if let Some(terms) = &known.told.teacher_terms {
        let _ = writeln!(out, "\nTerms of the teacher: {}", plain(terms));
        return out;
    }
    let mut asked: Vec<String> = vec![];
    let mut unknown: Vec<String> = vec![];
    let mut outline = false;
    for teacher in known.stats.teachers.keys().take(LISTED) {
        match teacher.split_once(':') {
            Some(("openai", model)) => asked.push(code(model)),
            _ if teacher == "outline" => outline = true,
            _ => unknown.push(code(teacher)),
        }
    }
    if !asked.is_empty() {
        let _ = writeln!(
            out,
            "\nThe teacher {} was asked over an interface that OpenAI and many other providers offer. The provider's terms say what may be done with its output: those of OpenAI, for example, have forbidden to use output for developing models that compete with OpenAI's (https://openai.com/policies/). Read the terms of the provider that was asked, as they were at that time. This is a pointer, not legal advice.",
            asked.join(", ")
        );
    }
    if outline {
        out.push_str("\nThe teacher `outline` is no model: it builds rows from the words of the documents, so no terms of a provider apply, and the rights in the documents do.\n");
    }
    if !unknown.is_empty() {
        let _ = writeln!(
            out,
            "\n**TODO** What the makers of {} allow to be done with what it wrote is not known here. Say it in this place.",
            unknown.join(", ")
        );
    }
    out
}

fn lint(findings: &super::Findings) -> String {
    let [errors, warnings, notes] = findings.by_severity;
    let mut out = format!(
        "## Lint\n\n`distill lint` {} found {}, {} and {}.\n",
        env!("CARGO_PKG_VERSION"),
        counted(errors, "error"),
        counted(warnings, "warning"),
        counted(notes, "note")
    );
    if !findings.by_rule.is_empty() {
        out.push_str("\n| rule | findings |\n| --- | ---: |\n");
        for (rule, count) in findings.by_rule.iter().take(LISTED) {
            let _ = writeln!(out, "| {rule} | {} |", thousands(*count));
        }
    }
    out
}
