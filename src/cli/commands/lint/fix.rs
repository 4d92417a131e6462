//! `--fix` and `--diff`.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use super::Job;
use crate::dataset::{self, Done, Item, Manifest};
use crate::lint::{Beside, Context, Repairs, Report};
use crate::row::Kind;
use crate::{Error, edge};

/// A repair may make room for another one; more rounds than this mean that two rules disagree.
const ROUNDS: usize = 8;

/// What was repaired, and what is left.
pub(super) struct Fixed {
    pub(super) report: Report,
    done: Done,
    without: usize,
    files: usize,
    stale_tokens: bool,
    /// Files that could not be rewritten, and why; the others were.
    pub(super) failed: Vec<Error>,
}

impl Fixed {
    pub(super) fn line(&self) -> String {
        let mut line = match self.files {
            0 => "nothing to repair".to_owned(),
            files => format!(
                "repaired: {} rows changed, {} dropped, {} columns dropped in {files} files",
                self.done.changed, self.done.dropped, self.without
            ),
        };
        if self.stale_tokens {
            line.push_str("; token counts of changed rows are those of the old text: `--tokenizer` counts them again");
        }
        line
    }
}

/// Repairs, and looks again until nothing is left to repair.
pub(super) fn fix(
    job: &Job<'_>,
    cx: &Context<'_>,
    beside: &mut BTreeMap<String, Beside>,
    mut report: Report,
    unsafe_too: bool,
) -> Result<Fixed, Error> {
    let (mut done, mut without, mut touched) = (Done::default(), 0, std::collections::BTreeSet::new());
    let mut stale_tokens = false;
    let mut failed: std::collections::BTreeMap<usize, Error> = std::collections::BTreeMap::new();
    for _ in 0..ROUNDS {
        let mut dropped: BTreeMap<PathBuf, u64> = BTreeMap::new();
        let repairs = Repairs::of(&report, unsafe_too);
        let mut anything = false;
        for (index, repair) in repairs.files() {
            let Some(path) = job.files.get(index) else { continue };
            let kind = native(&report, index);
            if failed.contains_key(&index) {
                continue;
            }
            let change = |record: &dataset::Record| repair.change(record, kind, job.counter);
            let round = match dataset::rewrite(path, &repair.without, change) {
                Ok(round) => round,
                Err(error) => {
                    failed.insert(index, error);
                    continue;
                }
            };
            *dropped.entry(path.clone()).or_default() += round.dropped;
            anything |= round.anything() || !repair.without.is_empty();
            if round.anything() || !repair.without.is_empty() {
                touched.insert(index);
            }
            done.changed += round.changed;
            done.dropped += round.dropped;
            without += repair.without.len();
            stale_tokens |= round.changed > 0 && kind.is_some() && job.counter.is_none() && has_tokens(path);
        }
        if !anything {
            break;
        }
        follow(job, beside, &dropped)?;
        let cx = Context { beside: cx.beside.map(|_| &*beside), ..cx.clone() };
        report = job.run(&cx)?;
    }
    let failed = failed.into_values().collect();
    Ok(Fixed { report, done, without, files: touched.len(), stale_tokens, failed })
}

/// Repaired files are others now: a manifest that named them as they were names them as they are, with their rows.
fn follow(job: &Job<'_>, beside: &mut BTreeMap<String, Beside>, dropped: &BTreeMap<PathBuf, u64>) -> Result<(), Error> {
    for (folder, entry) in beside {
        let folder = Path::new(folder);
        let path = folder.join("manifest.json");
        let mut manifest: Option<Manifest> = entry.manifest.as_deref().and_then(|json| serde_json::from_str(json).ok());
        for (name, hash) in &mut entry.hashes {
            let file = folder.join(name);
            if !job.files.contains(&file) {
                continue;
            }
            let now = edge::fs::hash(&file)?;
            if let Some(manifest) = &mut manifest
                && let Some(named) = manifest.files.get_mut(name)
                && *named == *hash
            {
                named.clone_from(&now);
                let stem = name.split('.').next().unwrap_or_default();
                let rows = manifest.figures.get_mut(stem).and_then(|figures| figures.get_mut("rows"));
                if let Some((rows, count)) = rows.and_then(|rows| rows.as_u64().map(|count| (rows, count))) {
                    *rows = count.saturating_sub(dropped.get(&file).copied().unwrap_or_default()).into();
                }
            }
            *hash = now;
        }
        if let Some(manifest) = manifest
            && entry.manifest.as_deref().and_then(|json| serde_json::from_str(json).ok()).as_ref() != Some(&manifest)
        {
            manifest.commit(&path)?;
            entry.manifest = Some(edge::fs::read_text(&path)?);
        }
    }
    Ok(())
}

/// The kind of a file of our own shape.
fn native(report: &Report, index: usize) -> Option<Kind> {
    let file = report.rows.get(index)?;
    file.kind.filter(|_| file.layout == Some(dataset::Shape::Native.name()))
}

fn has_tokens(path: &Path) -> bool {
    dataset::open(path).is_ok_and(|reader| reader.head().columns.iter().any(|column| column.starts_with("tokens_")))
}

/// What would be repaired.
pub(super) struct Shown {
    pub(super) text: String,
    rows: usize,
}

impl Shown {
    pub(super) const fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    pub(super) fn line(&self) -> String {
        match self.rows {
            0 if self.is_empty() => "nothing to repair".to_owned(),
            rows => format!("{rows} rows would change; nothing was written, personal data is masked"),
        }
    }
}

/// Shows each row that would change, before and after.
pub(super) fn diff(job: &Job<'_>, report: &Report, unsafe_too: bool) -> Result<Shown, Error> {
    let mut shown = Shown { text: String::new(), rows: 0 };
    for (index, repair) in Repairs::of(report, unsafe_too).files() {
        let Some(path) = job.files.get(index) else { continue };
        let kind = native(report, index);
        let name = path.display();
        for column in &repair.without {
            // Writing to a string cannot fail.
            let _ = writeln!(shown.text, "{name}: column `{column}`\n- dropped");
        }
        let mut reader = dataset::open(path)?;
        while let Some(batch) = reader.batch() {
            for item in batch {
                let Item::Row(record) = item else { continue };
                let Some(difference) = repair.difference(&record, kind) else { continue };
                shown.rows += 1;
                let _ = writeln!(shown.text, "{name}:{}", difference.row);
                if difference.dropped {
                    let _ = writeln!(shown.text, "- the row");
                }
                for (field, old, new) in &difference.fields {
                    let _ = writeln!(shown.text, "- {field}: {old}\n+ {field}: {new}");
                }
            }
        }
    }
    Ok(shown)
}
