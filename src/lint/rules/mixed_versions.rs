//! PRV004: rows that do not belong together, or are not those that the manifest names.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use serde_json::Value;

use super::prelude::*;
use crate::dataset::Manifest;
use crate::lint::{Beside, text};

/// Flags files whose rows were made in different ways under one name, and files that changed behind their manifest.
pub(in crate::lint) struct MixedVersions;

static META: Meta = Meta {
    code: "PRV004",
    name: "mixed-versions",
    severity: Severity::Error,
    fix: None,
    kinds: &Kind::ALL,
    summary: "Rows of one template have several versions, files of one folder differ in tokenizer or mask, or a manifest no longer fits",
    explanation: "
## Why it matters
A dataset that was resumed after its prompt was edited is two datasets, and nothing measured on it says anything of
either.
Token counts of two tokenizers cannot be compared, and two mask policies leave different things readable.
A manifest that names another hash or number of rows says that somebody changed the file afterwards.

## Example
Rows of template `qa` with versions `1-4be0c2d1` and `2-9a7f3c55` in one file are a finding; rows of `qa` and `cot` each
with their own version are not, and several teachers are fine.
`distill.tokenizer_hash`, `distill.mask_policy` and `distill.schema_version` are compared among the files of one folder.

## How to fix
Make the rows again with one version, or keep the versions in folders of their own.
After an edit on purpose run `distill rows` again, or take the file out of the manifest.
",
};

/// File metadata that has to agree within a folder, in words.
const AGREE: [(&str, &str); 3] = [
    ("distill.tokenizer_hash", "tokenizer"),
    ("distill.mask_policy", "mask policy"),
    ("distill.schema_version", "version of the columns"),
];

impl Rule for MixedVersions {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn start<'a>(&self, _settings: &'a LintSettings, cx: &Context<'a>) -> Box<dyn Check + 'a> {
        let manifests = cx.beside.into_iter().flatten().filter_map(|(folder, beside)| {
            // Other tools have files of that name too.
            let manifest = serde_json::from_str::<Manifest>(beside.manifest.as_deref()?).ok()?;
            Some((folder.as_str(), (manifest, beside)))
        });
        Box::new(Versions { manifests: manifests.collect(), ..Versions::default() })
    }
}

#[derive(Default)]
struct Versions<'a> {
    manifests: BTreeMap<&'a str, (Manifest, &'a Beside)>,
    /// Folder and key of metadata → hash of the first value.
    agreed: HashMap<(String, &'static str), u64>,
    table: Option<Arc<TableInfo>>,
    rows: u64,
    /// Hash of a template → hashes of its versions, with the first row of each.
    templates: BTreeMap<u64, Vec<(u64, RowRef)>>,
}

/// Templates of one file that are told apart, and versions of one that are counted.
const MOST: usize = 64;

impl Check for Versions<'_> {
    fn table(&mut self, table: &Arc<TableInfo>, out: &mut Findings) {
        self.close(out);
        let folder = folder(&table.file);
        for (key, name) in AGREE {
            let Some(value) = table.metadata.get(key).map(|value| text::hash(value)) else { continue };
            if *self.agreed.entry((folder.to_owned(), key)).or_insert(value) != value {
                let message = format!("the file has another {name} than files before it in the same folder");
                out.push(Finding::in_table(&META, table.index, message).field(key));
            }
        }
        let name = base(&table.file);
        if let Some((manifest, beside)) = self.manifests.get(folder)
            && let Some(written) = manifest.files.get(name)
            && beside.hashes.get(name).is_some_and(|now| now != written)
        {
            out.push(Finding::in_table(
                &META,
                table.index,
                "the file is not the one that the manifest names: its hash differs",
            ));
        }
        self.table = Some(Arc::clone(table));
    }

    fn remember(&mut self, row: &View<'_>, _out: &mut Findings) {
        self.rows += 1;
        if !row.table.has_provenance() {
            return;
        }
        let version = row.record.text("template_version").filter(|version| !version.trim().is_empty());
        let (Some(template), Some(version)) = (row.record.text("template"), version) else { return };
        let (template, version) = (text::hash(template), text::hash(version));
        if self.templates.len() >= MOST && !self.templates.contains_key(&template) {
            return;
        }
        let versions = self.templates.entry(template).or_default();
        if versions.len() < MOST && !versions.iter().any(|(known, _)| *known == version) {
            versions.push((version, row.at));
        }
    }

    fn finish(&mut self, out: &mut Findings) {
        self.close(out);
    }
}

impl Versions<'_> {
    /// Says what is known once a file has ended.
    fn close(&mut self, out: &mut Findings) {
        let (templates, rows) = (std::mem::take(&mut self.templates), std::mem::take(&mut self.rows));
        let Some(table) = self.table.take() else { return };
        for versions in templates.values() {
            if let [_, (_, second), ..] = versions.as_slice() {
                let message = format!(
                    "rows of one template have {} versions, the second from row {} on",
                    versions.len(),
                    second.row()
                );
                out.push(Finding::in_table(&META, table.index, message).field("template_version"));
            }
        }
        let name = base(&table.file);
        let stem = name.split('.').next().unwrap_or_default();
        let written = self.manifests.get(folder(&table.file)).filter(|(manifest, _)| manifest.files.contains_key(name));
        let counted = written.and_then(|(manifest, _)| manifest.figures.get(stem)?.get("rows").and_then(Value::as_u64));
        if let Some(counted) = counted.filter(|counted| *counted != rows) {
            let message = format!("the file has {rows} rows, but {counted} by the manifest");
            out.push(Finding::in_table(&META, table.index, message));
        }
    }
}

/// The folder of a file as it was named; empty for none.
pub(super) fn folder(file: &str) -> &str {
    file.rfind(['/', '\\']).map_or("", |at| &file[..at])
}

fn base(file: &str) -> &str {
    file.rsplit(['/', '\\']).next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::{Layout, Table};
    use crate::id::ContentHash;
    use crate::lint::{Linter, tests::record};
    use std::path::PathBuf;

    fn table(path: &str, versions: &[(&str, &str)], tokenizer: &str) -> Table {
        let rows = versions.iter().enumerate().map(|(i, (template, version))| {
            let said = format!("Number {i}.");
            let fields = [
                ("instruction", said.as_str()),
                ("thought", "t"),
                ("response", "r"),
                ("source", "a.md"),
                ("template", template),
                ("template_version", version),
            ];
            record(i as u64, &fields)
        });
        let records: Vec<_> = rows.collect();
        let columns = records.first().map(|row| row.values.keys().cloned().collect()).unwrap_or_default();
        let metadata = BTreeMap::from([("distill.tokenizer_hash".to_owned(), tokenizer.to_owned())]);
        let kind = Layout::native(Kind::Cot).kind;
        Table { path: PathBuf::from(path), kind: Some(kind), columns, metadata, records }
    }

    fn messages(tables: &[Table], beside: &BTreeMap<String, Beside>) -> Vec<(String, String)> {
        let settings = LintSettings { min_rows: 0, select: vec!["PRV004".to_owned()], ..LintSettings::default() };
        let cx = Context { beside: Some(beside), ..Context::default() };
        let mut linter = Linter::new(&settings, &cx).unwrap();
        tables.iter().for_each(|table| linter.table(table));
        linter.finish().findings.into_iter().map(|finding| (finding.file, finding.message)).collect()
    }

    #[test]
    fn one_version_per_template_and_one_tokenizer_per_folder() {
        let check = |tables: &[Table], expected: &[&str]| {
            let found = messages(tables, &BTreeMap::new());
            assert_eq!(found.iter().map(|(file, _)| file.as_str()).collect::<Vec<_>>(), expected, "{found:?}");
        };
        let mix = [("qa", "1-aa"), ("cot", "2-bb"), ("qa", "1-aa")];
        check(&[table("d/a.jsonl", &mix, "t1"), table("d/b.jsonl", &mix, "t1"), table("e/c.jsonl", &mix, "t2")], &[]);
        check(&[table("d/a.jsonl", &mix, "t1"), table("d/b.jsonl", &mix, "t2")], &["d/b.jsonl"]);
        let resumed = [("qa", "1-aa"), ("cot", "2-bb"), ("qa", "2-cc")];
        check(&[table("d/a.jsonl", &resumed, "t1")], &["d/a.jsonl"]);
        // Each file may have its own version.
        check(&[table("a.jsonl", &[("qa", "1-aa")], "t1"), table("b.jsonl", &[("qa", "2-cc")], "t1")], &[]);
    }

    #[test]
    fn manifests_name_what_is_there() {
        let check = |hash: &str, rows: u64, expected: usize| {
            let manifest = Manifest {
                version: 1,
                stage: "rows".to_owned(),
                inputs: ContentHash::of(b"x"),
                files: BTreeMap::from([("cot.jsonl".to_owned(), ContentHash::of(hash.as_bytes()))]),
                figures: serde_json::json!({ "cot": { "rows": rows } }).as_object().cloned().unwrap(),
            };
            let beside = Beside {
                card: None,
                private: false,
                manifest: serde_json::to_string(&manifest).ok(),
                hashes: BTreeMap::from([("cot.jsonl".to_owned(), ContentHash::of(b"now"))]),
            };
            let beside = BTreeMap::from([("d".to_owned(), beside)]);
            let found = messages(&[table("d/cot.jsonl", &[("cot", "1-aa"), ("cot", "1-aa")], "t1")], &beside);
            assert_eq!(found.len(), expected, "{found:?}");
        };
        check("now", 2, 0);
        check("then", 2, 1);
        check("now", 3, 1);
        check("then", 3, 2);
        let foreign = Beside { manifest: Some("{\"name\":\"app\"}".to_owned()), ..Beside::default() };
        let beside = BTreeMap::from([("d".to_owned(), foreign)]);
        assert!(messages(&[table("d/cot.jsonl", &[("cot", "1-aa")], "t1")], &beside).is_empty());
    }
}
