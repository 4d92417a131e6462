//! The YAML header.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::keep::Card;
use super::{Config, Feature, Known};

pub(super) struct Header {
    pub(super) text: String,
    pub(super) name: String,
    pub(super) license: Option<String>,
}

/// Keys that come from the files and are written anew each time.
const OURS: [&str; 4] = ["size_categories", "task_categories", "configs", "dataset_info"];

pub(super) fn render(known: &Known<'_>, old: Option<&Card<'_>>) -> Header {
    let mut out = String::new();
    let kept = |key: &str| old.and_then(|old| old.key(key));
    let mut written: BTreeSet<&str> = OURS.into_iter().collect();
    // What was written by hand wins over what we would write, and what is said now over both.
    let mut license = known.told.license.clone();
    match (&license, kept("license")) {
        (Some(license), _) => list(&mut out, "license", &[license], true),
        (None, Some(block)) => {
            out.push_str(block);
            license = block.split_once(':').map(|(_, value)| value.trim().to_owned());
        }
        (None, None) => {
            out.push_str("# license: TODO, choose one: https://huggingface.co/docs/hub/repositories-licenses\n")
        }
    }
    let languages: Vec<&String> = known.told.languages.iter().collect();
    match (languages.is_empty(), kept("language")) {
        (false, _) => list(&mut out, "language", &languages, false),
        (true, Some(block)) => out.push_str(block),
        (true, None) => out.push_str("# language: TODO, the ISO code of the rows' language, for example `en`\n"),
    }
    let name = match (&known.told.name, kept("pretty_name")) {
        (Some(name), _) => name.clone(),
        (None, Some(block)) => {
            let value = block.split_once(':').map_or("", |(_, value)| value.trim());
            serde_json::from_str(value).unwrap_or_else(|_| value.to_owned())
        }
        (None, None) => known.fallback_name.to_owned(),
    };
    list(&mut out, "pretty_name", &[&name], true);
    list(&mut out, "size_categories", &[&size(known.stats.rows).to_owned()], false);
    let tasks: Vec<String> = tasks(known).into_iter().map(str::to_owned).collect();
    match tasks.is_empty() {
        false => list(&mut out, "task_categories", &tasks.iter().collect::<Vec<_>>(), false),
        true => out.push_str("# task_categories: TODO, what the rows are for, for example `text-generation`\n"),
    }
    let made = !known.stats.teachers.is_empty();
    match (kept("annotations_creators"), made) {
        (Some(block), _) => out.push_str(block),
        (None, true) => list(&mut out, "annotations_creators", &[&"machine-generated".to_owned()], false),
        (None, false) => out.push_str("# annotations_creators: TODO, `machine-generated` or who wrote the rows\n"),
    }
    match kept("tags") {
        Some(block) => out.push_str(block),
        None => {
            let mut tags = if made { vec!["synthetic".to_owned(), "distill".to_owned()] } else { vec![] };
            tags.extend(known.stats.kinds.keys().filter(|kind| *kind == "preference").cloned());
            if !tags.is_empty() {
                list(&mut out, "tags", &tags.iter().collect::<Vec<_>>(), false);
            }
        }
    }
    written.extend(["license", "language", "pretty_name", "annotations_creators", "tags"]);
    for (_, block) in old.iter().flat_map(|old| old.keys()).filter(|(key, _)| !written.contains(key)) {
        out.push_str(block);
    }
    if filled(known.configs).next().is_some() {
        configs(&mut out, known.configs);
        info(&mut out, known.configs);
    }
    Header { text: out, name, license }
}

/// The Hub's name for a number of rows.
pub(super) const fn size(rows: u64) -> &'static str {
    match rows {
        0..1_000 => "n<1K",
        1_000..10_000 => "1K<n<10K",
        10_000..100_000 => "10K<n<100K",
        100_000..1_000_000 => "100K<n<1M",
        1_000_000..10_000_000 => "1M<n<10M",
        10_000_000..100_000_000 => "10M<n<100M",
        100_000_000..1_000_000_000 => "100M<n<1B",
        _ => "n>1B",
    }
}

fn tasks(known: &Known<'_>) -> Vec<&'static str> {
    let has = |kind: &str| known.stats.kinds.contains_key(kind);
    let mut tasks = vec![];
    if has("qa") || has("cot") || has("preference") {
        tasks.push("text-generation");
    }
    if has("qa") {
        tasks.push("question-answering");
    }
    tasks
}

/// A key with one value, or with a list of them.
fn list(out: &mut String, key: &str, values: &[&String], single: bool) {
    // Writing to a string cannot fail, here and below.
    if let (true, [value]) = (single, values) {
        let _ = writeln!(out, "{key}: {}", scalar(value));
        return;
    }
    let _ = writeln!(out, "{key}:");
    for value in values {
        let _ = writeln!(out, "- {}", scalar(value));
    }
}

/// A value as YAML: bare where nothing else can be meant, else quoted as in JSON, which YAML reads alike.
pub(super) fn scalar(text: &str) -> String {
    let bare = text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "_./<>-".contains(c));
    let taken = ["true", "false", "yes", "no", "on", "off", "null", "y", "n"];
    if bare && !taken.iter().any(|word| text.eq_ignore_ascii_case(word)) {
        return text.to_owned();
    }
    serde_json::Value::from(text).to_string()
}

/// The files of a split.
#[derive(Default)]
struct Files<'p> {
    rows: u64,
    memory: u64,
    paths: Vec<&'p str>,
}

/// The files of each split of a configuration; those without rows would be no split.
fn splits(config: &Config) -> BTreeMap<&str, Files<'_>> {
    let mut splits: BTreeMap<&str, Files<'_>> = BTreeMap::new();
    for part in config.parts.iter().filter(|part| part.rows > 0) {
        let split = splits.entry(part.split()).or_default();
        split.rows += part.rows;
        split.memory += part.memory;
        split.paths.push(&part.path);
    }
    splits
}

/// Training first, as readers expect it.
fn in_order<T>(splits: BTreeMap<&str, T>) -> Vec<(&str, T)> {
    let mut splits: Vec<(&str, T)> = splits.into_iter().collect();
    splits.sort_by_key(|(name, _)| (*name != "train", *name != "validation"));
    splits
}

/// Configurations with rows: the loader stumbles over others.
fn filled(configs: &[Config]) -> impl Iterator<Item = &Config> {
    configs.iter().filter(|config| config.parts.iter().any(|part| part.rows > 0))
}

fn configs(out: &mut String, configs: &[Config]) {
    out.push_str("configs:\n");
    for config in filled(configs) {
        let _ = writeln!(out, "- config_name: {}\n  data_files:", scalar(&config.name));
        for (split, files) in in_order(splits(config)) {
            let _ = writeln!(out, "  - split: {}", scalar(split));
            match files.paths.as_slice() {
                [file] => {
                    let _ = writeln!(out, "    path: {}", scalar(file));
                }
                files => {
                    out.push_str("    path:\n");
                    for file in files {
                        let _ = writeln!(out, "    - {}", scalar(file));
                    }
                }
            }
        }
    }
}

fn info(out: &mut String, configs: &[Config]) {
    out.push_str("dataset_info:\n");
    for config in filled(configs) {
        let _ = writeln!(out, "- config_name: {}", scalar(&config.name));
        if let Some(features) = features(config) {
            out.push_str("  features:\n");
            for (name, feature) in features {
                field(out, name, feature, 2);
            }
        }
        out.push_str("  splits:\n");
        let mut memory = 0;
        for (split, files) in in_order(splits(config)) {
            memory += files.memory;
            let (name, bytes, rows) = (scalar(split), files.memory, files.rows);
            let _ = writeln!(out, "  - name: {name}\n    num_bytes: {bytes}\n    num_examples: {rows}");
        }
        let bytes: u64 = config.parts.iter().map(|part| part.bytes).sum();
        let _ = writeln!(out, "  download_size: {bytes}\n  dataset_size: {memory}");
    }
}

/// The columns of a configuration, when all its files agree.
pub(super) fn features(config: &Config) -> Option<&Vec<(String, Feature)>> {
    let first = config.parts.first()?.features.as_ref()?;
    config.parts.iter().all(|part| part.features.as_ref() == Some(first)).then_some(first)
}

fn field(out: &mut String, name: &str, feature: &Feature, indent: usize) {
    let _ = writeln!(out, "{:indent$}- name: {}", "", scalar(name));
    of_type(out, feature, indent + 2);
}

fn of_type(out: &mut String, feature: &Feature, indent: usize) {
    let fields_of = |out: &mut String, fields: &[(String, Feature)]| {
        fields.iter().for_each(|(name, feature)| field(out, name, feature, indent));
    };
    match feature {
        Feature::Value(name) => {
            let _ = writeln!(out, "{:indent$}dtype: {}", "", scalar(name));
        }
        Feature::Struct(fields) => {
            let _ = writeln!(out, "{:indent$}struct:", "");
            fields_of(out, fields);
        }
        Feature::List(of) => match &**of {
            Feature::Value(name) => {
                let _ = writeln!(out, "{:indent$}list: {}", "", scalar(name));
            }
            Feature::Struct(fields) => {
                let _ = writeln!(out, "{:indent$}list:", "");
                fields_of(out, fields);
            }
            inner @ Feature::List(_) => {
                let _ = writeln!(out, "{:indent$}list:", "");
                of_type(out, inner, indent + 2);
            }
        },
    }
}
