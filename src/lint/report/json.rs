//! One JSON array, one finding per line.

use crate::lint::Report;

/// Renders `[{"code","name","severity","file","row","id","field","message","fix"}, …]`.
///
/// `row` counts from 0 and is null for findings about the whole file; `fix` is null, `"safe"` or `"unsafe"`.
#[must_use]
pub fn render(report: &Report) -> String {
    // A finding is strings and numbers: writing it to memory cannot fail.
    let lines: Vec<String> =
        report.findings.iter().map(|finding| serde_json::to_string(finding).unwrap_or_default()).collect();
    if lines.is_empty() { "[]\n".to_owned() } else { format!("[\n  {}\n]\n", lines.join(",\n  ")) }
}
