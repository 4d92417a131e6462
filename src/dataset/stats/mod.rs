//! What a dataset consists of: counts, lengths, duplicates, sources and cost, gathered in one pass.
//!
//! Keeps counters, histograms and one hash per row, never a text.

mod histogram;
mod page;
mod text;

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher as _};

use rayon::iter::ParallelIterator;
use rayon::slice::ParallelSlice;
use serde::Serialize;
use serde_json::Value;

use super::{Head, Item, Layout, Reader, Record, Role, layout_of};
use crate::row::shape::question_type;
use crate::row::{Kind, TokenCounter};

pub use histogram::{Bin, Histogram};
pub use page::page;
pub use text::text;

/// Rows that one thread looks at before it asks for more.
const CHUNK: usize = 32;
/// Values of a column that are counted one by one; the rest is counted together.
const VALUES: usize = 2000;
/// The name under which the rest is counted.
pub const OTHERS: &str = "(others)";
/// The name of a value that is not there.
pub const NONE: &str = "(none)";

/// What was gathered of some files.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Stats {
    /// Each file, in the order of looking.
    pub files: Vec<FileStats>,
    /// Rows of all files.
    pub rows: u64,
    /// Rows that could not be read.
    pub bad_rows: u64,
    /// Rows by kind, and by split, teacher, and prompt template with its version, where rows say so.
    pub kinds: BTreeMap<String, u64>,
    /// See [`Stats::kinds`].
    pub splits: BTreeMap<String, u64>,
    /// See [`Stats::kinds`].
    pub teachers: BTreeMap<String, u64>,
    /// See [`Stats::kinds`].
    pub templates: BTreeMap<String, u64>,
    /// Lengths by kind and field.
    pub fields: Vec<FieldStats>,
    /// Rows that say the same.
    pub duplicates: Duplicates,
    /// Prompts by what they ask for, by English wording.
    pub question_types: BTreeMap<String, u64>,
    /// Documents that rows name, most rows first.
    pub sources: Vec<SourceStats>,
    /// Sum of the costs that rows carry; `None` where none does.
    pub cost_usd: Option<f64>,
}

/// One file.
#[derive(Clone, Debug, Serialize)]
pub struct FileStats {
    /// As it was named.
    pub file: String,
    /// The kind of its rows, where that is known.
    pub kind: Option<&'static str>,
    /// How its columns spell a row.
    pub layout: Option<&'static str>,
    /// Rows.
    pub rows: u64,
    /// Rows that could not be read.
    pub bad_rows: u64,
    /// The file's own metadata.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub metadata: BTreeMap<String, String>,
}

/// Lengths of one field of a kind.
#[derive(Clone, Debug, Serialize)]
pub struct FieldStats {
    /// `qa`, `cot`, `preference`.
    pub kind: &'static str,
    /// Column, or role where texts stand in lists.
    pub field: String,
    /// What is counted: `tokens` where every text has a count, else `characters`.
    pub unit: &'static str,
    /// Texts; a conversation has several of a role.
    pub texts: u64,
    /// Texts without words.
    pub empty: u64,
    /// Shortest.
    pub min: u64,
    /// Half are not longer.
    pub median: u64,
    /// Nineteen of twenty are not longer.
    pub p95: u64,
    /// Longest.
    pub max: u64,
    /// All together.
    pub total: u64,
    /// How many are how long.
    pub histogram: Vec<Bin>,
}

/// Rows that say the same.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Duplicates {
    /// Rows whose texts an earlier row has, all of them.
    pub rows: u64,
    /// Different rows that occur more than once.
    pub groups: u64,
    /// Rows whose prompt and context an earlier row has.
    pub prompts: u64,
    /// Different prompts that occur more than once.
    pub prompt_groups: u64,
}

/// One document.
#[derive(Clone, Debug, Default, Serialize)]
pub struct SourceStats {
    /// Its name in the rows.
    pub source: String,
    /// Rows made from it.
    pub rows: u64,
    /// Bytes of it that rows are grounded in.
    pub covered_bytes: u64,
    /// The last byte that any row is grounded in: the document is at least so long.
    pub to_byte: u64,
}

/// Gathers [`Stats`].
#[derive(Default)]
pub struct Gather<'c> {
    counter: Option<(&'c dyn TokenCounter, String)>,
    stats: Stats,
    fields: BTreeMap<(Kind, Role, String), Lengths>,
    seen: HashMap<u64, u32>,
    prompts: HashMap<u64, u32>,
    sources: BTreeMap<String, Covered>,
}

#[derive(Default)]
struct Lengths {
    characters: Histogram,
    tokens: Histogram,
    empty: u64,
}

#[derive(Default)]
struct Covered {
    rows: u64,
    /// Start and end of what is covered, apart from each other.
    parts: BTreeMap<u64, u64>,
}

/// What is taken from a row.
struct Facts<'r> {
    texts: Vec<Length<'r>>,
    hash: u64,
    prompt: Option<u64>,
    question: Option<&'static str>,
}

struct Length<'r> {
    role: Role,
    name: Cow<'r, str>,
    characters: u64,
    tokens: Option<u64>,
    empty: bool,
}

impl<'c> Gather<'c> {
    /// Begins; with a counter, texts are counted by it, else counts that rows carry are believed.
    #[must_use]
    pub fn new(counter: Option<&'c dyn TokenCounter>) -> Self {
        Self { counter: counter.map(|counter| (counter, counter.hash().to_string())), ..Self::default() }
    }

    /// Takes in a file. `progress` hears of rows done. Returns the first thing that could not be read.
    pub fn file(&mut self, mut reader: Reader, progress: &mut dyn FnMut(u64)) -> Option<super::BadRow> {
        let head = reader.head().clone();
        let sample: Vec<&Record> = reader.sample().take(64).collect();
        let layout = layout_of(&head.columns, &head.metadata, &sample, None);
        let mut file = FileStats {
            file: head.path.display().to_string(),
            kind: layout.as_ref().map(|layout| layout.kind.name()),
            layout: layout.as_ref().map(|layout| layout.shape.name()),
            rows: 0,
            bad_rows: 0,
            metadata: head.metadata.clone(),
        };
        let mut bad_row = None;
        while let Some(batch) = reader.batch() {
            let mut records = Vec::with_capacity(batch.len());
            for item in batch {
                match item {
                    Item::Row(record) => records.push(record),
                    Item::Bad(bad) => {
                        file.bad_rows += 1;
                        bad_row.get_or_insert(bad);
                    }
                }
            }
            file.rows += records.len() as u64;
            self.rows(&head, layout.as_ref(), &records);
            progress(file.rows);
        }
        self.stats.rows += file.rows;
        self.stats.bad_rows += file.bad_rows;
        self.stats.files.push(file);
        bad_row
    }

    fn rows(&mut self, head: &Head, layout: Option<&Layout>, records: &[Record]) {
        // Counts in the rows are as good as counting again when the same tokenizer made them.
        let stored = match &self.counter {
            None => true,
            Some((_, hash)) => head.metadata.get("distill.tokenizer_hash") == Some(hash),
        };
        let counter = self.counter.as_ref().map(|(counter, _)| *counter);
        let facts: Vec<Facts<'_>> = records
            .par_chunks(CHUNK)
            .flat_map_iter(|chunk| chunk.iter().map(|record| facts(record, layout, counter, stored)))
            .collect();
        let kind = layout.map(|layout| layout.kind);
        for (record, facts) in records.iter().zip(facts) {
            add(&mut self.stats.kinds, kind.map_or(NONE, Kind::name));
            add(&mut self.stats.splits, record.text("split").unwrap_or(NONE));
            if let Some(teacher) = record.text("teacher") {
                add(&mut self.stats.teachers, teacher);
            }
            if let Some(template) = record.text("template") {
                let version = record.text("template_version").unwrap_or_default();
                add(&mut self.stats.templates, format!("{template} {version}").trim_end());
            }
            if let Some(cost) = record.values.get("cost_usd").and_then(Value::as_f64).filter(|cost| cost.is_finite()) {
                *self.stats.cost_usd.get_or_insert(0.0) += cost;
            }
            if let Some(source) = record.text("source").filter(|source| !source.is_empty()) {
                self.source(source, record.values.get("span"));
            }
            if let Some(question) = facts.question {
                add(&mut self.stats.question_types, question);
            }
            *self.seen.entry(facts.hash).or_default() += 1;
            if let Some(prompt) = facts.prompt {
                *self.prompts.entry(prompt).or_default() += 1;
            }
            for text in facts.texts {
                let Some(kind) = kind else { continue };
                let lengths = self.fields.entry((kind, text.role, text.name.into_owned())).or_default();
                lengths.empty += u64::from(text.empty);
                lengths.characters.add(text.characters);
                if let Some(tokens) = text.tokens {
                    lengths.tokens.add(tokens);
                }
            }
        }
    }

    fn source(&mut self, name: &str, span: Option<&Value>) {
        let known = self.sources.contains_key(name) || self.sources.len() < VALUES;
        let covered = self.sources.entry(if known { name } else { OTHERS }.to_owned()).or_default();
        covered.rows += 1;
        let number = |at: usize| span.and_then(|span| span.get(at)).and_then(Value::as_u64);
        if let (true, Some(start), Some(end)) = (known, number(0), number(1))
            && start < end
        {
            covered.cover(start, end);
        }
    }

    /// What was gathered.
    #[must_use]
    pub fn finish(mut self) -> Stats {
        let mut stats = self.stats;
        for ((kind, _, field), lengths) in std::mem::take(&mut self.fields) {
            let counted = lengths.tokens.count() == lengths.characters.count();
            let (unit, lengths_of) =
                if counted { ("tokens", &lengths.tokens) } else { ("characters", &lengths.characters) };
            stats.fields.push(FieldStats {
                kind: kind.name(),
                field,
                unit,
                texts: lengths_of.count(),
                empty: lengths.empty,
                min: lengths_of.min(),
                median: lengths_of.quantile(0.5),
                p95: lengths_of.quantile(0.95),
                max: lengths_of.max(),
                total: lengths_of.total(),
                histogram: lengths_of.bins(),
            });
        }
        let repeated = |seen: &HashMap<u64, u32>| {
            seen.values()
                .filter(|times| **times > 1)
                .fold((0, 0), |(rows, groups), times| (rows + u64::from(*times) - 1, groups + 1))
        };
        let (rows, groups) = repeated(&self.seen);
        let (prompts, prompt_groups) = repeated(&self.prompts);
        stats.duplicates = Duplicates { rows, groups, prompts, prompt_groups };
        stats.sources = self.sources.into_iter().map(|(source, covered)| covered.finish(source)).collect();
        stats.sources.sort_by(|a, b| b.rows.cmp(&a.rows).then_with(|| a.source.cmp(&b.source)));
        stats
    }
}

impl Covered {
    fn cover(&mut self, mut start: u64, mut end: u64) {
        // Swallow what touches: the parts before the new end, backwards.
        while let Some((&from, &to)) = self.parts.range(..=end).next_back() {
            if to < start {
                break;
            }
            start = start.min(from);
            end = end.max(to);
            self.parts.remove(&from);
        }
        self.parts.insert(start, end);
    }

    fn finish(self, source: String) -> SourceStats {
        SourceStats {
            source,
            rows: self.rows,
            covered_bytes: self.parts.iter().map(|(start, end)| end - start).sum(),
            to_byte: self.parts.last_key_value().map_or(0, |(_, end)| *end),
        }
    }
}

fn add(counts: &mut BTreeMap<String, u64>, value: &str) {
    if let Some(count) = counts.get_mut(value) {
        *count += 1;
        return;
    }
    let value = if counts.len() < VALUES { value } else { OTHERS };
    *counts.entry(value.to_owned()).or_default() += 1;
}

fn facts<'r>(
    record: &'r Record,
    layout: Option<&Layout>,
    counter: Option<&dyn TokenCounter>,
    stored: bool,
) -> Facts<'r> {
    let spoken = layout.map(|layout| layout.texts(record)).unwrap_or_default();
    let (mut hash, mut asked) = (DefaultHasher::new(), DefaultHasher::new());
    let (mut prompt, mut has_prompt) = (None, false);
    let mut texts = Vec::with_capacity(spoken.len());
    if spoken.is_empty() {
        record.values.iter().for_each(|(name, value)| (name, value.to_string()).hash(&mut hash));
    }
    for one in spoken {
        let trained = one.role.is_trained();
        if trained {
            (one.role, one.text).hash(&mut hash);
        }
        if matches!(one.role, Role::System | Role::Prompt | Role::Context) {
            (one.role, one.text).hash(&mut asked);
        }
        if one.role == Role::Prompt && !one.text.trim().is_empty() {
            prompt = Some(one.text);
            has_prompt = true;
        }
        let kept = stored.then(|| record.values.get(&format!("tokens_{}", one.name)).and_then(Value::as_u64)).flatten();
        let tokens = kept.or_else(|| counter.map(|counter| counter.count(one.text) as u64));
        texts.push(Length {
            role: one.role,
            characters: one.text.chars().count() as u64,
            tokens,
            empty: one.text.trim().is_empty(),
            name: if one.name.contains(['[', '.']) { Cow::Borrowed(one.role.name()) } else { one.name },
        });
    }
    Facts {
        texts,
        hash: hash.finish(),
        prompt: has_prompt.then(|| asked.finish()),
        question: prompt.map(|prompt| question_type(prompt).name()),
    }
}

#[cfg(test)]
mod tests;
