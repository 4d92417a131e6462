//! A dataset card: the header that the Hugging Face Hub reads, and what a reader has to know of the rows.
//!
//! Everything in it comes from the files or from the person. What neither tells is left as a TODO that can be seen,
//! and is missing from the header, so that the linter says so too.

mod features;
mod header;
mod keep;
mod text;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::stats::Stats;
use super::{Item, Record, Shape, layout_of, open};
use crate::Error;
pub use features::Feature;

/// The name of a split whose files hold rows of several: the Hub cannot take a file apart.
pub const WHOLE: &str = "full";

/// What the person says.
#[derive(Clone, Debug, Default)]
pub struct Told {
    /// Licence of the rows, by the Hub's name for it.
    pub license: Option<String>,
    /// Languages of the rows, by their ISO codes.
    pub languages: Vec<String>,
    /// The name of the dataset.
    pub name: Option<String>,
    /// Under which terms the teacher's texts may be used.
    pub teacher_terms: Option<String>,
}

/// What the linter found.
#[derive(Clone, Debug, Default)]
pub struct Findings {
    /// Findings by severity, the worst first: errors, warnings, notes.
    pub by_severity: [u64; 3],
    /// Findings by rule: code and name.
    pub by_rule: Vec<(String, u64)>,
}

/// One file of the dataset.
#[derive(Clone, Debug)]
pub struct Part {
    /// Its path from the card, with `/`.
    pub path: String,
    /// The name of the configuration it belongs to.
    pub config: String,
    /// Rows by the split that they are in.
    pub splits: BTreeMap<String, u64>,
    /// Rows.
    pub rows: u64,
    /// Size on disk.
    pub bytes: u64,
    /// Size of its values in memory, as Arrow holds them.
    pub memory: u64,
    /// Its columns with their types; `None` where a type has no name on the Hub, or the rows disagree.
    pub features: Option<Vec<(String, Feature)>>,
    /// All columns.
    pub columns: Vec<String>,
}

/// Files that are loaded together.
#[derive(Clone, Debug)]
pub struct Config {
    /// Its name.
    pub name: String,
    /// Its files.
    pub parts: Vec<Part>,
}

/// All that a card is made of.
#[derive(Clone, Copy, Debug)]
pub struct Known<'a> {
    /// See [`Told`].
    pub told: &'a Told,
    /// The name when nobody says one.
    pub fallback_name: &'a str,
    /// The files by configuration.
    pub configs: &'a [Config],
    /// What they consist of.
    pub stats: &'a Stats,
    /// What the linter found; `None` when it was not asked.
    pub findings: Option<&'a Findings>,
}

/// Looks at a file for a card. `path` is its name from the card.
///
/// # Errors
/// A file that cannot be opened, and what makes it no dataset.
pub fn look(file: &Path, path: String) -> Result<Part, Error> {
    let mut reader = open(file)?;
    let head = reader.head().clone();
    let sample: Vec<&Record> = reader.sample().take(64).collect();
    let layout = layout_of(&head.columns, &head.metadata, &sample, None);
    let config = match &layout {
        Some(layout) if matches!(layout.shape, Shape::Native) => layout.kind.name(),
        Some(layout) => layout.shape.name(),
        None => "default",
    };
    let mut types = match head.format {
        super::stream::Format::Parquet => features::Types::of_parquet(file)?,
        _ => features::Types::default(),
    };
    let by_name = split_of_name(&path);
    let (mut splits, mut rows, mut memory) = (BTreeMap::new(), 0, 0);
    let mut columns = head.columns.clone();
    while let Some(batch) = reader.batch() {
        for item in batch {
            let Item::Row(record) = item else { continue };
            rows += 1;
            memory += record.values.values().map(features::size).sum::<u64>();
            // A split's name becomes part of a header: what is none there is none.
            let split = record.text("split").filter(|split| is_word(split)).unwrap_or(by_name);
            *splits.entry(split.to_owned()).or_insert(0) += 1;
            types.row(&record);
            for column in record.values.keys() {
                if !columns.contains(column) {
                    columns.push(column.clone());
                }
            }
        }
    }
    let bytes = std::fs::metadata(file).map_err(|e| Error::io(file, e))?.len();
    Ok(Part { path, config: config.to_owned(), splits, rows, bytes, memory, features: types.finish(), columns })
}

/// The split that a file's name tells; training where it tells none.
fn split_of_name(path: &str) -> &'static str {
    let name = path.rsplit('/').next().unwrap_or(path).to_lowercase();
    let words: BTreeSet<&str> = name.split(['.', '-', '_']).collect();
    [("test", "test"), ("validation", "validation"), ("valid", "validation"), ("eval", "test"), ("dev", "validation")]
        .into_iter()
        .find(|(word, _)| words.contains(word))
        .map_or("train", |(_, split)| split)
}

fn is_word(text: &str) -> bool {
    !text.is_empty() && text.len() <= 60 && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

impl Part {
    /// The split that the Hub is told.
    #[must_use]
    pub fn split(&self) -> &str {
        match (self.splits.len(), self.splits.keys().next()) {
            (1, Some(split)) if split != "all" => split,
            _ => WHOLE,
        }
    }
}

/// Puts files that have the same columns together, by what they hold.
#[must_use]
pub fn configs(parts: Vec<Part>) -> Vec<Config> {
    let mut out: Vec<Config> = vec![];
    for part in parts {
        let columns: BTreeSet<&String> = part.columns.iter().collect();
        let fits = |config: &Config| {
            config
                .parts
                .iter()
                .all(|other| part.config == other.config && other.columns.iter().collect::<BTreeSet<_>>() == columns)
        };
        if let Some(config) = out.iter_mut().find(|config| fits(config)) {
            config.parts.push(part);
            continue;
        }
        let stem: String = part.path.split('.').next().unwrap_or_default().to_owned();
        let stem: String = stem.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
        let mut name = part.config.clone();
        let mut more = 1;
        while out.iter().any(|config| config.name == name) {
            more += 1;
            name = if more == 2 { format!("{}-{stem}", part.config) } else { format!("{}-{stem}-{more}", part.config) };
        }
        out.push(Config { name, parts: vec![part] });
    }
    out
}

/// Writes the card. `before` is the card that is there: what was written by hand stays, in the header and in the text.
///
/// # Errors
/// A card that is there and was not made by this.
pub fn render(known: &Known<'_>, before: Option<&str>) -> Result<String, String> {
    let old = before.map(keep::Card::read).transpose()?;
    let header = header::render(known, old.as_ref());
    let license = header.license;
    let blocks = text::blocks(known, license.as_deref());
    let body = match &old {
        Some(old) => old.renewed(&blocks),
        None => text::first(&header.name, &blocks),
    };
    Ok(format!("---\n{}---\n{body}", header.text))
}

#[cfg(test)]
mod tests;
