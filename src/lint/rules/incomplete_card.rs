//! PRV005: a dataset without a card, or with one that leaves out what its users have to know.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::mixed_versions::folder;
use super::prelude::*;
use crate::lint::Beside;

/// Flags folders whose card is missing or lacks something.
pub(in crate::lint) struct IncompleteCard;

static META: Meta = Meta {
    code: "PRV005",
    name: "incomplete-card",
    severity: Severity::Warning,
    fix: None,
    kinds: &Kind::ALL,
    summary: "The dataset card is missing, or lacks its licence, language, size, task, origin or teacher",
    explanation: "
## Why it matters
Whoever gets the dataset has to know whether they may use it, and that a machine wrote it.
The Hub reads the header of `README.md` to say so and to let people find the dataset.

## Example
The header needs `license`, `language`, `size_categories` and `task_categories`, and has to say that the rows are
machine-generated: in `annotations_creators` or `language_creators`, or by a tag `synthetic`.
The text has to name each teacher that wrote rows, and the terms that what it writes comes under.
Only folders with files that carry provenance are judged, not the data of a workspace that has no card yet, and one finding lists all that a card lacks.

## How to fix
`distill card` writes one from the files; the licence is the person's to choose.
",
};

impl Rule for IncompleteCard {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn start<'a>(&self, _settings: &'a LintSettings, cx: &Context<'a>) -> Box<dyn Check + 'a> {
        Box::new(Cards { beside: cx.beside, folders: BTreeMap::new(), last: None })
    }
}

struct Cards<'a> {
    beside: Option<&'a BTreeMap<String, Beside>>,
    folders: BTreeMap<String, Folder>,
    last: Option<String>,
}

struct Folder {
    /// Its first file with provenance.
    table: u32,
    /// Who wrote the rows: a handful.
    teachers: BTreeSet<String>,
}

/// Teachers of a folder that a card has to name.
const MOST: usize = 16;

impl Check for Cards<'_> {
    fn table(&mut self, table: &Arc<TableInfo>, _out: &mut Findings) {
        let folder = folder(&table.file);
        self.last = None;
        if table.has_provenance() && self.beside.is_some_and(|beside| beside.contains_key(folder)) {
            self.folders
                .entry(folder.to_owned())
                .or_insert_with(|| Folder { table: table.index, teachers: BTreeSet::new() });
            self.last = Some(folder.to_owned());
        }
    }

    fn remember(&mut self, row: &View<'_>, _out: &mut Findings) {
        let Some(folder) = self.last.as_deref().and_then(|last| self.folders.get_mut(last)) else { return };
        let Some(teacher) = row.record.text("teacher").map(str::trim).filter(|teacher| !teacher.is_empty()) else {
            return;
        };
        if folder.teachers.len() < MOST && !folder.teachers.contains(teacher) {
            folder.teachers.insert(teacher.to_owned());
        }
    }

    fn finish(&mut self, out: &mut Findings) {
        for (name, folder) in &self.folders {
            let Some(beside) = self.beside.and_then(|beside| beside.get(name)) else { continue };
            let message = match &beside.card {
                // What stays in its workspace has no users who would have to know.
                None if beside.private => continue,
                None => "the folder has no dataset card; `distill card` writes one".to_owned(),
                Some(card) => {
                    let lacking = lacking(card, &folder.teachers);
                    if lacking.is_empty() {
                        continue;
                    }
                    format!("the dataset card lacks {}", lacking.join(", "))
                }
            };
            out.push(Finding::in_table(&META, folder.table, message));
        }
    }
}

/// What a card does not say, in words.
fn lacking(card: &str, teachers: &BTreeSet<String>) -> Vec<&'static str> {
    let (header, text) = parts(card);
    let value = |key: &str| header_value(header, key);
    let mut out = vec![];
    for (key, name) in [
        ("license", "`license`"),
        ("language", "`language`"),
        ("size_categories", "`size_categories`"),
        ("task_categories", "`task_categories`"),
    ] {
        if value(key).is_none_or(|value| value.is_empty()) {
            out.push(name);
        }
    }
    let says = |key: &str, words: &[&str]| {
        value(key).is_some_and(|value| words.iter().any(|word| value.to_lowercase().contains(word)))
    };
    let made = says("annotations_creators", &["machine-generated"])
        || says("language_creators", &["machine-generated"])
        || says("tags", &["synthetic", "machine-generated", "machine generated"]);
    if !made {
        out.push("that its rows are machine-generated");
    }
    let text = text.to_lowercase();
    // `openai:MODEL`: the model's name is enough; a teacher that is no model need not be called by our name for it.
    let named = |teacher: &String| match teacher.split_once(':') {
        Some((_, model)) => {
            let model = model.to_lowercase();
            text.contains(model.rsplit('/').next().unwrap_or(&model))
        }
        None => text.contains(&teacher.to_lowercase()) || text.contains("teacher"),
    };
    let nobody = teachers.is_empty() && !text.contains("teacher");
    if nobody || !teachers.iter().all(named) {
        out.push("the name of each teacher");
    }
    let terms = |line: &str| {
        ["terms", "licence", "license", "conditions", "policy", "policies"].iter().any(|word| line.contains(word))
    };
    let about = |line: &str| {
        line.contains("teacher")
            || line.contains("output")
            || teachers.iter().any(|teacher| {
                let teacher = teacher.to_lowercase();
                let (host, model) = teacher.split_once(':').unwrap_or(("", &teacher));
                line.contains(model) || (!host.is_empty() && line.contains(host))
            })
    };
    if !text.split("\n\n").any(|part| terms(part) && about(part)) {
        out.push("the terms of the teacher");
    }
    out
}

/// The header between two lines of three hyphens, and what follows.
fn parts(card: &str) -> (&str, &str) {
    let card = card.trim_start_matches('\u{feff}');
    let Some(rest) = card.strip_prefix("---").filter(|rest| rest.starts_with(['\n', '\r'])) else { return ("", card) };
    match rest.find("\n---") {
        Some(end) => (&rest[..end], &rest[end + 4..]),
        None => ("", card),
    }
}

/// What the header has under a key of its first level: behind the colon, or in the lines below.
fn header_value(header: &str, key: &str) -> Option<String> {
    let mut lines = header.lines();
    let first = lines.by_ref().find_map(|line| line.strip_prefix(key)?.trim_start().strip_prefix(':'))?;
    let mut value = uncommented(first).to_owned();
    for line in lines.take_while(|line| line.trim().is_empty() || line.starts_with([' ', '\t', '-', '#'])) {
        value.push(' ');
        value.push_str(uncommented(line).trim_start_matches('-').trim());
    }
    let value = value.trim();
    let empty = ["", "[]", "null", "~", "\"\"", "''", "unknown", "todo", "[more information needed]"];
    Some(if empty.contains(&value.to_lowercase().as_str()) { String::new() } else { value.to_owned() })
}

fn uncommented(line: &str) -> &str {
    line.split(" #").next().unwrap_or_default().trim_start_matches('#').trim()
}

#[cfg(test)]
mod tests {
    use super::*;

    const CARD: &str = "---\nlicense: cc-by-4.0\nlanguage:\n- en\nsize_categories:\n  - n<1K\n\
                        task_categories: [question-answering]\nannotations_creators:\n- machine-generated\n---\n\
                        # Harbour\n\nThe teacher was `gull-7b`; what it writes may be used under its licence, Apache-2.0.\n";

    #[test]
    fn cards_say_what_their_users_have_to_know() {
        let teachers = BTreeSet::from(["openai:gull-7b".to_owned()]);
        let check = |from: &str, to: &str, expected: &[&str]| {
            assert!(CARD.contains(from), "{from}");
            assert_eq!(lacking(&CARD.replace(from, to), &teachers), expected, "{from} -> {to}");
        };
        check("---", "---", &[]);
        check("license: cc-by-4.0\n", "", &["`license`"]);
        check("cc-by-4.0", "unknown", &["`license`"]);
        check("cc-by-4.0", "# to choose", &["`license`"]);
        check("\n- en", "", &["`language`"]);
        check("  - n<1K\n", "", &["`size_categories`"]);
        check("[question-answering]", "[]", &["`task_categories`"]);
        check("annotations_creators:\n- machine-generated", "tags:\n- synthetic", &[]);
        check("machine-generated", "expert-generated", &["that its rows are machine-generated"]);
        check("gull-7b", "gull-8b", &["the name of each teacher"]);
        check("under its licence, Apache-2.0", "by anyone", &["the terms of the teacher"]);
        let all = lacking("# Harbour\n", &teachers);
        assert_eq!(all.len(), 7, "{all:?}");
    }
}
