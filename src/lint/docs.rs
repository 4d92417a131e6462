//! Rule documentation, generated from [`super::Meta`].

use std::fmt::Write as _;

use super::registry::RULES;
use super::rule::Meta;
use crate::row::Kind;

/// Explains one rule, by code or name, as Markdown; `None` when there is no such rule.
#[must_use]
pub fn explain(code: &str) -> Option<String> {
    let wanted = code.trim();
    let rule = RULES.iter().find(|rule| {
        let meta = rule.meta();
        wanted.eq_ignore_ascii_case(meta.code) || wanted.eq_ignore_ascii_case(meta.name)
    })?;
    Some(section(rule.meta(), "#"))
}

/// All rules as one page: the text of `docs/lint-rules.md`.
#[must_use]
pub fn docs() -> String {
    let mut page = String::from(
        "# Lint rules\n\n\
         <!-- Generated from src/lint/rules; `BLESS=1 cargo test lint` rewrites it. -->\n\n\
         `distill lint --explain CODE` prints one of these sections.\n\
         Errors and warnings make `distill lint` exit with 1; information never does.\n\
         Select or ignore rules by code, by the beginning of a code, or by name.\n\n\
         | code | name | severity | fix | what |\n| --- | --- | --- | --- | --- |\n",
    );
    for rule in RULES {
        let meta = rule.meta();
        let fix = meta.fix.map_or("–", super::Fix::name);
        // Writing to a string cannot fail.
        let _ = writeln!(
            page,
            "| [{code}](#{anchor}-{name}) | `{name}` | {severity} | {fix} | {summary} |",
            code = meta.code,
            anchor = meta.code.to_lowercase(),
            name = meta.name,
            severity = meta.severity.name(),
            summary = meta.summary.replace('|', "\\|"),
        );
    }
    for rule in RULES {
        page.push('\n');
        page.push_str(&section(rule.meta(), "##"));
    }
    page
}

/// One rule under a heading of the given depth; the headings of the explanation go one deeper.
fn section(meta: &Meta, depth: &str) -> String {
    let kinds = if meta.kinds == Kind::ALL {
        "all kinds".to_owned()
    } else {
        meta.kinds.iter().map(|kind| format!("`{}`", kind.name())).collect::<Vec<_>>().join(", ")
    };
    let fix = match meta.fix {
        None => "none by machine".to_owned(),
        Some(fix) => format!("{} by nature", fix.name()),
    };
    let body: String = meta
        .explanation
        .trim()
        .lines()
        .map(|line| match line.strip_prefix("## ") {
            Some(heading) => format!("{depth}# {heading}\n\n"),
            None => format!("{line}\n"),
        })
        .collect();
    format!(
        "{depth} {code} {name}\n\n{summary}.\n\nSeverity: {severity}. Rows: {kinds}. Fix: {fix}.\n\n{body}",
        code = meta.code,
        name = meta.name,
        summary = meta.summary,
        severity = meta.severity.name(),
    )
}
