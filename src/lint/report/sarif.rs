//! SARIF 2.1.0, for code scanning: <https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html>.
//!
//! GitHub refuses a run of more than 25,000 results and matches alerts between runs by `primaryLocationLineHash`,
//! which it cannot work out for Parquet.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use super::common::{Found, Repeats, begin, by_rule, described, line, more, relative, sentence};
use crate::lint::{Finding, Meta, Report, Severity};

/// Most results of one run.
const RESULTS: usize = 25_000;
/// Most results of one rule; the rest is one result that says how many.
const OF_RULE: u64 = 1000;
/// Stands for the folder that paths begin at.
const ROOT: &str = "%SRCROOT%";
/// Where the documentation is, once the package says so.
const REPOSITORY: &str = env!("CARGO_PKG_REPOSITORY");

/// Renders one run as one line of JSON.
///
/// `rules` are those that ran (see [`crate::lint::selected`]). A rule has at most 1000 results and a run 25,000, the
/// worst of them; what is left out is counted in one note per rule. `startLine` is the line of a text file, or the row
/// counted from 1; the logical location is `rows/<id or row>/<field>`.
#[must_use]
pub fn render(report: &Report, rules: &[&'static Meta]) -> String {
    let rules = described(report, rules);
    let index: BTreeMap<&str, usize> = rules.iter().enumerate().map(|(i, meta)| (meta.code, i)).collect();
    let mut driver = json!({
        "name": "distill",
        "version": env!("CARGO_PKG_VERSION"),
        "semanticVersion": env!("CARGO_PKG_VERSION"),
        "rules": rules.iter().map(|meta| rule(meta)).collect::<Vec<_>>(),
        "notifications": [{"id": "rule-skipped", "shortDescription": {"text": "A rule could not run."}}],
    });
    if !REPOSITORY.is_empty() {
        driver["informationUri"] = REPOSITORY.into();
    }
    let notifications: Vec<Value> = report
        .skipped
        .iter()
        .map(|skip| {
            let mut notification = json!({
                "descriptor": {"id": "rule-skipped", "index": 0},
                "associatedRule": reference(skip.code, &index),
                "level": "warning",
                "message": {"text": text(&format!("{} could not run: {}", skip.code, line(&skip.reason)))},
            });
            if let Some(file) = &skip.file {
                notification["locations"] = json!([{"physicalLocation": {"artifactLocation": artifact(file)}}]);
            }
            notification
        })
        .collect();
    let log = json!({
        "$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": driver},
            "invocations": [{"executionSuccessful": true, "toolConfigurationNotifications": notifications}],
            "originalUriBaseIds": {ROOT: {"description": {"text": "The folder in which distill ran."}}},
            "properties": {"rows": report.total_rows(), "baselined": report.baselined},
            "results": results(report, &index),
        }],
    });
    format!("{log}\n")
}

fn results(report: &Report, index: &BTreeMap<&str, usize>) -> Vec<Value> {
    let mut listed: BTreeMap<&str, u64> = BTreeMap::new();
    let found = by_rule(report);
    // Every rule may need a note.
    let mut room = RESULTS.saturating_sub(found.len());
    let mut order: Vec<(usize, &Finding)> = report.findings.iter().enumerate().collect();
    order.sort_by_key(|(_, finding)| Reverse(finding.severity));
    order.retain(|(_, finding)| {
        let of_rule = listed.entry(finding.code).or_default();
        let fits = room > 0 && *of_rule < OF_RULE;
        if fits {
            *of_rule += 1;
            room -= 1;
        }
        fits
    });
    order.sort_by_key(|(place, _)| *place);
    let mut repeats = Repeats::default();
    let mut results: Vec<Value> =
        order.into_iter().map(|(_, finding)| result(finding, repeats.of(finding), index)).collect();
    for found in &found {
        let rest = found.count - listed.get(found.code).copied().unwrap_or_default();
        if rest > 0 {
            results.push(note(found, rest, index));
        }
    }
    results
}

fn result(finding: &Finding, occurrence: u64, index: &BTreeMap<&str, usize>) -> Value {
    let mut location = json!({
        "physicalLocation": {
            "artifactLocation": artifact(&finding.file),
            "region": {"startLine": begin(finding).unwrap_or(1)},
        },
    });
    if let Some(logical) = logical(finding) {
        location["logicalLocations"] = json!([logical]);
    }
    let mut properties = Map::new();
    properties.extend(finding.row.map(|row| ("row".to_owned(), row.into())));
    properties.extend(finding.field.as_deref().map(|field| ("field".to_owned(), line(field).into())));
    properties.extend(finding.fix.map(|fix| ("fix".to_owned(), fix.name().into())));
    let fingerprint = format!("{}:{occurrence}", finding.fingerprint);
    let mut result = json!({"ruleId": finding.code});
    if let Some(at) = index.get(finding.code) {
        result["ruleIndex"] = (*at).into();
    }
    result["level"] = level(finding.severity).into();
    result["message"] = json!({"text": text(&sentence(finding))});
    result["locations"] = json!([location]);
    result["partialFingerprints"] =
        json!({"primaryLocationLineHash": fingerprint, "distillFingerprint/v1": fingerprint});
    result["properties"] = properties.into();
    result
}

/// Says how many findings of a rule are not listed, at the file of its first.
fn note(found: &Found<'_>, rest: u64, index: &BTreeMap<&str, usize>) -> Value {
    let fingerprint = format!("{}:more", found.code);
    let mut note = reference(found.code, index);
    let id = note["id"].take();
    let mut result = json!({"ruleId": id});
    if let Some(at) = note.get_mut("index") {
        result["ruleIndex"] = at.take();
    }
    result["level"] = "note".into();
    result["message"] = json!({"text": more(rest, found.name)});
    result["locations"] = json!([{"physicalLocation": {
        "artifactLocation": artifact(&found.first.file), "region": {"startLine": 1},
    }}]);
    result["partialFingerprints"] =
        json!({"primaryLocationLineHash": fingerprint, "distillFingerprint/v1": fingerprint});
    result["properties"] = json!({"omitted": rest});
    result
}

fn reference(code: &str, index: &BTreeMap<&str, usize>) -> Value {
    match index.get(code) {
        Some(at) => json!({"id": code, "index": at}),
        None => json!({"id": code}),
    }
}

const fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "note",
    }
}

fn rule(meta: &Meta) -> Value {
    let why = meta.explanation.trim().trim_start_matches("## Why it matters").trim_start();
    let why = why.split("\n\n").next().unwrap_or_default().replace('\n', " ");
    let severity = match meta.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "recommendation",
    };
    let mut rule = json!({
        "id": meta.code,
        "name": meta.name,
        "shortDescription": {"text": format!("{}.", meta.summary)},
        "fullDescription": {"text": if why.is_empty() { format!("{}.", meta.summary) } else { why }},
        "help": {"text": meta.explanation.trim(), "markdown": meta.explanation.trim()},
        "defaultConfiguration": {"level": level(meta.severity)},
        "properties": {"tags": ["dataset", group(meta.code)], "problem.severity": severity},
    });
    if !REPOSITORY.is_empty() {
        let anchor = format!("{}-{}", meta.code.to_lowercase(), meta.name);
        rule["helpUri"] = format!("{REPOSITORY}/blob/main/docs/lint-rules.md#{anchor}").into();
    }
    rule
}

/// What the first letters of a code stand for.
fn group(code: &str) -> &str {
    match code.get(..3).unwrap_or(code) {
        "SCH" => "schema",
        "TXT" => "text",
        "LEN" => "length",
        "PII" => "privacy",
        "GRD" => "grounding",
        "DUP" => "duplicates",
        "COT" => "reasoning",
        "PRF" => "preference",
        "STY" => "style",
        "BAL" => "balance",
        "PRV" => "provenance",
        other => other,
    }
}

/// A row and its column, or the column of a whole file.
fn logical(finding: &Finding) -> Option<Value> {
    let row = finding.row.map(|row| finding.id.as_deref().map_or_else(|| row.to_string(), line));
    let field = finding.field.as_deref().map(line);
    Some(match (row, field) {
        (Some(row), Some(field)) => {
            json!({"name": field, "fullyQualifiedName": format!("rows/{row}/{field}"), "kind": "property"})
        }
        (Some(row), None) => json!({"name": row, "fullyQualifiedName": format!("rows/{row}"), "kind": "object"}),
        (None, Some(field)) => {
            json!({"name": field, "fullyQualifiedName": format!("columns/{field}"), "kind": "property"})
        }
        (None, None) => return None,
    })
}

/// A file as a URI: relative to the root, or absolute, or relative to nothing when it lies above the root.
fn artifact(path: &str) -> Value {
    let path = relative(path);
    let uri = encode(&path);
    match path.as_bytes() {
        [b'/', ..] => json!({"uri": format!("file://{uri}")}),
        [drive, b':', b'/', ..] if cfg!(windows) && drive.is_ascii_alphabetic() => {
            json!({"uri": format!("file:///{}:{}", char::from(*drive), encode(&path[2..]))})
        }
        _ if path.split('/').any(|part| part == "..") => json!({"uri": uri}),
        _ => json!({"uri": uri, "uriBaseId": ROOT}),
    }
}

/// Percent-encodes everything but slashes and what RFC 3986 calls unreserved.
fn encode(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'/' | b'-' | b'.' | b'_' | b'~' => out.push(char::from(byte)),
            byte if byte.is_ascii_alphanumeric() => out.push(char::from(byte)),
            // Writing to a string cannot fail.
            byte => {
                let _ = write!(out, "%{byte:02X}");
            }
        }
    }
    out
}

/// A message in which nothing is a link or a placeholder (sections 3.11.5 and 3.11.6).
fn text(message: &str) -> String {
    let mut out = String::with_capacity(message.len());
    let mut rest = message;
    while let Some(at) = rest.find(['{', ']']) {
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        let digits = from.bytes().skip(1).take_while(u8::is_ascii_digit).count();
        let end = digits + 1;
        if from.starts_with("](") {
            out.push_str("\\]");
            rest = &from[1..];
        } else if from.starts_with('{') && digits > 0 && from[end..].starts_with('}') {
            let _ = write!(out, "{{{}}}", &from[..=end]);
            rest = &from[end + 1..];
        } else {
            out.push_str(&from[..1]);
            rest = &from[1..];
        }
    }
    out.push_str(rest);
    out
}
