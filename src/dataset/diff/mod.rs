//! Two versions of a dataset: rows that came, went, or say something else now.
//!
//! Of every row only hashes are kept; a second look at the files fetches what is listed.

mod rows;
mod text;
mod words;

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::path::Path;
use std::str::FromStr;

use serde::Serialize;
use serde_json::Value;

use super::{BadRow, Head, Item, Record, layout_of, open};
use crate::Error;
use rows::{Entry, Names};
pub use text::text;
pub use words::{Piece, words};

/// What makes a row of the new file the same row as one of the old.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Key {
    /// By what the files offer: the same words, the id, the prompt with its source and span, the prompt.
    Auto,
    /// The same prompt, system text and context included.
    Prompt,
    /// The same value of a column, `id` for example.
    Column(String),
}

impl FromStr for Key {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(match text {
            "auto" => Self::Auto,
            "prompt" => Self::Prompt,
            column => Self::Column(column.to_owned()),
        })
    }
}

/// What differs.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Diff {
    /// Whether nothing does. The order of rows is no difference.
    pub equal: bool,
    /// Rows of the old and the new file.
    pub rows: [u64; 2],
    /// Rows that cannot be read, old and new.
    pub bad_rows: [u64; 2],
    /// Rows that are the same.
    pub same: u64,
    /// Of those, rows that stand elsewhere among the others.
    pub moved: u64,
    /// Rows that only the new file has.
    pub added: u64,
    /// Rows that only the old file has.
    pub removed: u64,
    /// Rows that both have, with other values.
    pub changed: u64,
    /// How many changed rows were matched by what.
    pub matched_by: BTreeMap<&'static str, u64>,
    /// How many changed rows have another value of a column.
    pub changed_columns: BTreeMap<String, u64>,
    /// Rows of the old and the new file by kind, and by split.
    pub kinds: BTreeMap<String, [u64; 2]>,
    /// See [`Diff::kinds`].
    pub splits: BTreeMap<String, [u64; 2]>,
    /// Columns that only the new file has.
    pub columns_added: Vec<String>,
    /// Columns that only the old file has.
    pub columns_removed: Vec<String>,
    /// Metadata that differs: key, old, new. Only when both files can hold some.
    pub metadata: Vec<Metadata>,
    /// The differences, in file order: removed and changed by the old file's, then added ones.
    pub changes: Vec<Change>,
}

/// A piece of metadata that differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Metadata {
    /// Its name.
    pub key: String,
    /// What it was.
    pub old: Option<String>,
    /// What it is.
    pub new: Option<String>,
}

/// One row that differs.
#[derive(Clone, Debug, Serialize)]
pub struct Change {
    /// `added`, `removed` or `changed`.
    pub change: &'static str,
    /// Its number in the old file.
    pub old_row: Option<u64>,
    /// Its number in the new file.
    pub new_row: Option<u64>,
    /// Its id: the new one, where both have one.
    pub id: Option<String>,
    /// Columns with other values.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<String>,
    /// The values of these columns, old and new; only when they were asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<Values>,
}

/// The values of a column in both versions of a row.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Values {
    /// The column.
    pub field: String,
    /// Its old value.
    pub old: Value,
    /// Its new value.
    pub new: Value,
}

/// How two files are compared.
#[derive(Clone, Debug)]
pub struct Options {
    /// What makes rows the same.
    pub key: Key,
    /// Differences that are listed of each sort; the rest is counted.
    pub list: usize,
    /// Whether values are fetched for those.
    pub values: bool,
}

/// One side, read once.
struct Side {
    head: Head,
    entries: Vec<Entry>,
    columns: BTreeSet<String>,
    bad: Vec<BadRow>,
    bad_rows: u64,
    /// Columns that hold the texts of a row; none when the layout is not known.
    texts: Vec<String>,
}

/// Compares two files of any format and layout.
///
/// # Errors
/// A file that cannot be opened, or a key column that neither file has.
pub fn diff(old: &Path, new: &Path, options: &Options) -> Result<(Diff, Vec<(usize, BadRow)>), Error> {
    let mut names = Names::default();
    let mut out = Diff::default();
    let sides = [side(old, 0, options, &mut names, &mut out)?, side(new, 1, options, &mut names, &mut out)?];
    if let Key::Column(column) = &options.key
        && let Some(lacking) = sides.iter().position(|side| !side.entries.is_empty() && !side.columns.contains(column))
    {
        let path = if lacking == 0 { old } else { new };
        let known = sides[lacking].columns.iter().take(40).cloned().collect::<Vec<_>>().join(", ");
        return Err(Error::at(path, format!("there is no column `{column}`"))
            .hint(format!("its columns are {}", super::terminal::fit(&known, 1000))));
    }
    for (at, side) in sides.iter().enumerate() {
        out.rows[at] = side.entries.len() as u64;
        out.bad_rows[at] = side.bad_rows;
    }
    out.columns_added = sides[1].columns.difference(&sides[0].columns).cloned().collect();
    out.columns_removed = sides[0].columns.difference(&sides[1].columns).cloned().collect();
    out.metadata = metadata(&sides[0].head, &sides[1].head);
    let pairs = pair(&sides[0].entries, &sides[1].entries, options);
    compare(&mut out, &sides, &pairs, &names, options.list);
    out.equal = out.added + out.removed + out.changed == 0
        && out.bad_rows == [0, 0]
        && out.metadata.is_empty()
        && out.columns_added.is_empty()
        && out.columns_removed.is_empty();
    fetch(&mut out.changes, [old, new], [&sides[0].texts, &sides[1].texts], options.values)?;
    let bad = sides.into_iter().enumerate().flat_map(|(at, side)| side.bad.into_iter().map(move |bad| (at, bad)));
    Ok((out, bad.collect()))
}

fn side(path: &Path, at: usize, options: &Options, names: &mut Names, out: &mut Diff) -> Result<Side, Error> {
    let mut reader = open(path)?;
    let head = reader.head().clone();
    let sample: Vec<&Record> = reader.sample().take(64).collect();
    let layout = layout_of(&head.columns, &head.metadata, &sample, None);
    let texts = layout.iter().flat_map(|layout| &layout.columns).map(|(_, column)| column.clone()).collect();
    let columns = head.columns.iter().cloned().collect();
    let mut side = Side { columns, head, entries: vec![], bad: vec![], bad_rows: 0, texts };
    // The ids of our own rows are hashes of their words: equal ids say that only the provenance differs.
    let column = match &options.key {
        Key::Column(column) => Some(column.as_str()),
        Key::Auto => Some("id"),
        Key::Prompt => None,
    };
    let kind = layout.as_ref().map_or("unknown", |layout| layout.kind.name());
    while let Some(batch) = reader.batch() {
        for item in batch {
            match item {
                Item::Row(record) => {
                    out.kinds.entry(kind.to_owned()).or_default()[at] += 1;
                    if let Some(split) = record.text("split") {
                        out.splits.entry(split.to_owned()).or_default()[at] += 1;
                    }
                    for column in record.values.keys() {
                        if !side.columns.contains(column) {
                            side.columns.insert(column.clone());
                        }
                    }
                    side.entries.push(Entry::of(&record, layout.as_ref(), column, names));
                }
                Item::Bad(bad) => {
                    side.bad_rows += 1;
                    if side.bad.len() < 5 {
                        side.bad.push(bad);
                    }
                }
            }
        }
    }
    Ok(side)
}

fn metadata(old: &Head, new: &Head) -> Vec<Metadata> {
    // JSON holds none: there is nothing to compare.
    if old.format != super::stream::Format::Parquet || new.format != super::stream::Format::Parquet {
        return vec![];
    }
    let keys: BTreeSet<&String> = old.metadata.keys().chain(new.metadata.keys()).collect();
    let differing = keys.into_iter().filter(|key| old.metadata.get(*key) != new.metadata.get(*key));
    differing
        .map(|key| Metadata {
            key: key.clone(),
            old: old.metadata.get(key).cloned(),
            new: new.metadata.get(key).cloned(),
        })
        .collect()
}

/// A name, and what rows have in common that are matched by it.
type Way = (&'static str, fn(&Entry) -> Option<u64>);

/// How rows are matched, in this order: each way takes what the ones before left over, in file order.
fn ways(key: &Key) -> Vec<Way> {
    let whole: Way = ("all values", |entry| Some(entry.whole));
    let by_column: fn(&Entry) -> Option<u64> = |entry| entry.key;
    match key {
        Key::Prompt => vec![whole, ("prompt", |entry| entry.prompt)],
        // With a key that is said, rows of another key are other rows whatever they say.
        Key::Column(_) => vec![("column", by_column)],
        Key::Auto => {
            vec![whole, ("id", by_column), ("prompt and span", |entry| entry.place), ("prompt", |entry| entry.prompt)]
        }
    }
}

/// The partner of each old row, with the way it was found by.
fn pair(old: &[Entry], new: &[Entry], options: &Options) -> Vec<Option<(usize, &'static str)>> {
    let mut pairs: Vec<Option<(usize, &'static str)>> = vec![None; old.len()];
    let mut taken = vec![false; new.len()];
    for (name, key) in ways(&options.key) {
        let mut waiting: HashMap<u64, VecDeque<usize>> = HashMap::new();
        for (at, entry) in new.iter().enumerate().filter(|(at, _)| !taken[*at]) {
            if let Some(key) = key(entry) {
                waiting.entry(key).or_default().push_back(at);
            }
        }
        for (entry, pair) in old.iter().zip(&mut pairs).filter(|(_, pair)| pair.is_none()) {
            let Some(queue) = key(entry).and_then(|key| waiting.get_mut(&key)) else { continue };
            if let Some(at) = queue.pop_front() {
                *pair = Some((at, name));
                taken[at] = true;
            }
        }
    }
    pairs
}

fn compare(out: &mut Diff, sides: &[Side; 2], pairs: &[Option<(usize, &'static str)>], names: &Names, list: usize) {
    let mut partnered = vec![false; sides[1].entries.len()];
    let (mut removed, mut changed, mut same) = (vec![], vec![], vec![]);
    let limit = if list == 0 { usize::MAX } else { list };
    for (old, pair) in sides[0].entries.iter().zip(pairs) {
        let Some((at, way)) = pair else {
            out.removed += 1;
            if removed.len() < limit {
                removed.push(Change::new("removed", Some(old.row), None, vec![]));
            }
            continue;
        };
        partnered[*at] = true;
        let new = &sides[1].entries[*at];
        if old.whole == new.whole {
            out.same += 1;
            same.push(*at);
            continue;
        }
        out.changed += 1;
        *out.matched_by.entry(way).or_default() += 1;
        let fields = old.differing(new, names);
        for field in &fields {
            *out.changed_columns.entry(field.clone()).or_default() += 1;
        }
        if changed.len() < limit {
            changed.push(Change::new("changed", Some(old.row), Some(new.row), fields));
        }
    }
    let mut added = vec![];
    for (new, _) in sides[1].entries.iter().zip(&partnered).filter(|(_, partnered)| !**partnered) {
        out.added += 1;
        if added.len() < limit {
            added.push(Change::new("added", None, Some(new.row), vec![]));
        }
    }
    out.moved = (same.len() - longest_rise(&same)) as u64;
    out.changes = removed.into_iter().chain(changed).chain(added).collect();
}

/// Length of the longest increasing subsequence: what is not in it moved.
fn longest_rise(places: &[usize]) -> usize {
    let mut ends: Vec<usize> = vec![];
    for place in places {
        let at = ends.partition_point(|end| end < place);
        if at == ends.len() {
            ends.push(*place);
        } else {
            ends[at] = *place;
        }
    }
    ends.len()
}

impl Change {
    const fn new(change: &'static str, old_row: Option<u64>, new_row: Option<u64>, fields: Vec<String>) -> Self {
        Self { change, old_row, new_row, id: None, fields, values: vec![] }
    }
}

/// Looks again at the rows that are listed, for their ids and, when asked for, their values.
fn fetch(changes: &mut [Change], paths: [&Path; 2], texts: [&Vec<String>; 2], values: bool) -> Result<(), Error> {
    let wanted = |row: fn(&Change) -> Option<u64>| -> HashMap<u64, usize> {
        changes.iter().enumerate().filter_map(|(at, change)| Some((row(change)?, at))).collect()
    };
    let (of_old, of_new) = (wanted(|change| change.old_row), wanted(|change| change.new_row));
    for (at, wanted) in [of_old, of_new].into_iter().enumerate() {
        let (path, texts, is_new) = (paths[at], texts[at], at == 1);
        let Some(last) = wanted.keys().max() else { continue };
        each(path, *last, |record| {
            let Some(change) = wanted.get(&record.row).and_then(|at| changes.get_mut(*at)) else { return };
            change.id = record.values.get("id").filter(|id| !id.is_null()).map(plain).or_else(|| change.id.take());
            if !values {
                return;
            }
            if change.change != "changed" {
                // What came or went is told by its texts; by everything where nobody knows which they are.
                let shown = |column: &&String| texts.is_empty() || texts.contains(column);
                change.fields = record.values.keys().filter(shown).cloned().collect();
            }
            if change.values.is_empty() {
                let empty = |field: &String| Values { field: field.clone(), old: Value::Null, new: Value::Null };
                change.values = change.fields.iter().map(empty).collect();
            }
            for held in &mut change.values {
                let value = record.values.get(&held.field).cloned().unwrap_or_default();
                *(if is_new { &mut held.new } else { &mut held.old }) = value;
            }
        })?;
    }
    if values {
        // Which columns a row has is not what differs in a row that came or went.
        changes.iter_mut().filter(|change| change.change != "changed").for_each(|change| change.fields.clear());
    }
    Ok(())
}

/// Every row of a file up to the last one that is wanted.
fn each(path: &Path, last: u64, mut look: impl FnMut(&Record)) -> Result<(), Error> {
    let mut reader = open(path)?;
    while let Some(batch) = reader.batch() {
        for item in &batch {
            if let Item::Row(record) = item {
                look(record);
                if record.row >= last {
                    return Ok(());
                }
            }
        }
    }
    Ok(())
}

/// A value as text: strings as they are.
fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests;
