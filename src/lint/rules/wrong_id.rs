//! PRV001: an id that does not name its row.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::Value;

use super::prelude::*;
use crate::lint::text;

/// Flags ids that are missing, shared, or not the hash of the row.
pub(in crate::lint) struct WrongId;

static META: Meta = Meta {
    code: "PRV001",
    name: "wrong-id",
    severity: Severity::Error,
    fix: Some(Fix::Safe),
    kinds: &Kind::ALL,
    summary: "A row's id is missing, that of another row, or not the hash of its words",
    explanation: "
## Why it matters
Our ids are hashes of the trained fields: two versions of a dataset are compared by them, and stored token counts hold
only as long as the id does.
A row that was edited by hand keeps an id that says it was not.

## Example
After `response` was corrected, `id` is that of the old words.
In files of others an `id` is only looked at when every row has one and most differ: then two rows that say different
things may not share it.
Rows that say the same are DUP001's.

## How to fix
`--fix` writes the right hash.
In files of others give each row a number of its own.
",
};

impl Rule for WrongId {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn start<'a>(&self, _settings: &'a LintSettings, _cx: &Context<'a>) -> Box<dyn Check + 'a> {
        Box::new(Ids::default())
    }
}

/// Ids of one file that are remembered; in longer files of others the rest is not compared.
const MOST: usize = 1 << 21;

#[derive(Default)]
struct Ids {
    /// Whether the file is one of others.
    foreign: bool,
    /// Whether every row had an id so far.
    all: bool,
    rows: u64,
    /// Hash of an id → hash of what its first row says, and the row.
    first: HashMap<u64, (u64, RowRef)>,
    /// Rows that share their id with an earlier one.
    shared: Vec<(RowRef, RowRef)>,
}

/// Shared ids that are remembered until the end of their file.
const SHARED: usize = 1 << 16;

impl Check for Ids {
    fn table(&mut self, table: &Arc<TableInfo>, out: &mut Findings) {
        self.close(out);
        let foreign = !table.has_provenance() && table.has("id");
        *self = Self { foreign, all: true, ..Self::default() };
    }

    fn row(&self, row: &View<'_>, out: &mut Findings) {
        if !row.table.has_provenance() {
            return;
        }
        let Some(right) = row.content_id() else { return };
        // A row without its fields has no words to name.
        let fields = row.kind().map_or(&[][..], Kind::fields);
        if !fields.iter().all(|field| row.record.text(field).is_some()) || row.record.id() == Some(right.as_str()) {
            return;
        }
        let missing = row.record.id().is_none_or(|id| id.trim().is_empty());
        let message = if missing { "the row has no `id`" } else { "`id` is not the hash of what the row says" };
        let right = Edit::Set("id".to_owned(), Value::from(right.as_str()));
        out.push(row.finding(&META, message).field("id").safe(right));
    }

    fn remember(&mut self, row: &View<'_>, _out: &mut Findings) {
        if !self.foreign || !self.all {
            return;
        }
        self.rows += 1;
        let id = match row.record.values.get("id") {
            Some(Value::String(id)) if !id.trim().is_empty() => text::hash(id),
            Some(id @ Value::Number(_)) => text::hash(&id.to_string()),
            _ => {
                *self = Self { foreign: true, ..Self::default() };
                return;
            }
        };
        match self.first.get(&id) {
            // The same words are a duplicate row.
            Some((says, first)) if *says != row.hash() && self.shared.len() < SHARED => {
                self.shared.push((row.at, *first));
            }
            Some(_) => {}
            None if self.first.len() < MOST => {
                self.first.insert(id, (row.hash(), row.at));
            }
            None => {}
        }
    }

    fn finish(&mut self, out: &mut Findings) {
        self.close(out);
    }
}

impl Ids {
    /// Says which ids of the file that ends are shared.
    fn close(&mut self, out: &mut Findings) {
        // Where most rows share theirs it names a group of rows: a document, a conversation.
        let groups = 2 * self.shared.len() as u64 >= self.rows;
        if !self.all || groups {
            return;
        }
        for (row, first) in std::mem::take(&mut self.shared) {
            let message = format!("`id` is that of {} too, which says something else", out.name(first, row));
            out.push(Finding::at(&META, row, message).field("id"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::row::{Content, Cot};

    fn id(response: &str) -> String {
        let row = Cot {
            instruction: "Why?".into(),
            thought: "Ice.".into(),
            response: response.into(),
            evidence: String::new(),
        };
        Content::Cot(row).id().to_string()
    }

    #[test]
    fn ids_are_hashes_of_the_words() {
        let settings = LintSettings::default();
        let check = |response: &str, id: &str, expected: usize| {
            let mut check = WrongId.start(&settings, &Context::default());
            let fields = [
                ("id", id),
                ("instruction", "Why?"),
                ("thought", "Ice."),
                ("response", response),
                ("source", "log.md"),
                ("teacher", "replay"),
                ("template", "cot"),
            ];
            let out = crate::lint::tests::findings(check.as_mut(), Kind::Cot, &fields);
            assert_eq!(out.len(), expected, "{id}");
        };
        check("Ice did it.", &id("Ice did it."), 0);
        check("Ice did it!", &id("Ice did it."), 1);
        check("Ice did it.", "", 1);
        check("Ice did it.", "row-1", 1);
    }

    #[test]
    fn ids_of_others_only_have_to_differ() {
        let settings = LintSettings { min_rows: 0, select: vec!["PRV001".to_owned()], ..LintSettings::default() };
        let check = |ids: &[&str], expected: usize| {
            let rows = ids.iter().enumerate().map(|(i, id)| {
                let id = if id.is_empty() { "null".to_owned() } else { format!("\"{id}\"") };
                format!("{{\"id\":{id},\"question\":\"Number {i}?\",\"answer\":\"{i}\"}}\n")
            });
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("a.jsonl");
            std::fs::write(&path, rows.collect::<String>()).unwrap();
            let cx = Context::default();
            let mut linter = crate::lint::Linter::new(&settings, &cx).unwrap();
            linter.file(crate::dataset::open(&path).unwrap(), &mut |_| {});
            assert_eq!(linter.finish().findings.len(), expected, "{ids:?}");
        };
        check(&["a", "b", "c"], 0);
        check(&["a", "b", "a"], 1);
        check(&["a", "b", "a", ""], 0);
        check(&["a", "a", "a", "b"], 0);
    }

    /// Writes ids into fixtures whose rows have `"id": "FILL"`, and hashes into manifests that say `FILL:FILE`.
    #[test]
    #[ignore = "writes fixtures"]
    fn fill_ids_of_fixtures() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/lint");
        let mut paths: Vec<_> = std::fs::read_dir(&folder)
            .unwrap()
            .flat_map(|folder| std::fs::read_dir(folder.unwrap().path()).unwrap())
            .map(|file| file.unwrap().path())
            .collect();
        // Manifests name the hashes of datasets that are filled before.
        paths.sort_by_key(|path| path.extension().is_some_and(|e| e == "json"));
        for path in paths.iter().filter(|path| path.extension().is_some_and(|e| e == "json" || e == "jsonl")) {
            let text = std::fs::read_to_string(path).unwrap();
            let mut out = String::new();
            for line in text.split_inclusive('\n') {
                let mut line = line.to_owned();
                if line.contains("\"id\": \"FILL\"") {
                    let record = Value::Object(serde_json::from_str(&line).unwrap());
                    let kind =
                        Kind::ALL.iter().find(|kind| kind.fields().iter().all(|f| record.get(*f).is_some())).unwrap();
                    let fields = kind.fields().iter().map(|field| record[*field].as_str().unwrap_or_default());
                    let hash =
                        fields.fold(crate::id::Hasher::new().text(kind.name()), crate::id::Hasher::text).finish();
                    line = line.replace("\"id\": \"FILL\"", &format!("\"id\": \"{hash}\""));
                }
                if let Some((_, rest)) = line.split_once("\"FILL:") {
                    let name = rest.split('"').next().unwrap().to_owned();
                    let hash = crate::id::ContentHash::of(&std::fs::read(path.with_file_name(&name)).unwrap());
                    line = line.replace(&format!("FILL:{name}"), hash.as_str());
                }
                out.push_str(&line);
            }
            if out != text {
                std::fs::write(path, out).unwrap();
            }
        }
    }
}
