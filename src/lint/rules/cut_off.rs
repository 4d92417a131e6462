//! LEN004: texts that end because the teacher had no tokens left.

use std::sync::Arc;

use super::prelude::*;

/// Flags sets in which many texts end in the middle near the cap, and rows that say so themselves.
pub(in crate::lint) struct CutOff;

static META: Meta = Meta {
    code: "LEN004",
    name: "cut-off-text",
    severity: Severity::Warning,
    fix: None,
    kinds: &Kind::ALL,
    summary: "Texts end in the middle of a sentence at the token cap, or the teacher stopped for length",
    explanation: "
## Why it matters
A teacher with too small a limit stops in the middle. The student learns to stop there as well, or never to come to an
end.

## Example
More than 5 % of all rows of a kind (and two at least) have an answer or thought of 95 % of the cap or more that ends with
a word: no closing mark, quotation mark, bracket or code fence.
A row with the column `finish_reason` (or `stop_reason`) of `length` or `max_tokens` is named by itself.

## How to fix
Raise the teacher's limit, or ask for fewer sentences, and generate these rows again.
",
};

impl Rule for CutOff {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn start<'a>(&self, settings: &'a LintSettings, _cx: &Context<'a>) -> Box<dyn Check + 'a> {
        let near = (settings.thresholds.near_cap * settings.cap as f64).ceil() as usize;
        Box::new(Ends { near, share: settings.thresholds.cut_share, groups: vec![], uncounted: 0 })
    }
}

struct Ends {
    /// Tokens from which a text is near the cap.
    near: usize,
    share: f64,
    groups: Vec<Group>,
    uncounted: u64,
}

/// Rows of one kind.
struct Group {
    kind: Kind,
    table: u32,
    rows: u64,
    cut: u64,
}

/// Fewest cut rows that are no accident.
const LEAST: u64 = 2;

impl Check for Ends {
    fn table(&mut self, table: &Arc<TableInfo>, _out: &mut Findings) {
        if let Some(kind) = table.kind().filter(|kind| self.groups.iter().all(|group| group.kind != *kind)) {
            self.groups.push(Group { kind, table: table.index, rows: 0, cut: 0 });
        }
    }

    fn row(&self, row: &View<'_>, out: &mut Findings) {
        for column in ["finish_reason", "stop_reason"] {
            if let Some("length" | "max_tokens") = row.record.text(column) {
                let message = format!("`{column}` says that the teacher stopped for length");
                out.push(row.finding(&META, message).field(column));
            }
        }
    }

    fn remember(&mut self, row: &View<'_>, _out: &mut Findings) {
        let Some(group) = row.kind().and_then(|kind| self.groups.iter_mut().find(|group| group.kind == kind)) else {
            return;
        };
        group.rows += 1;
        let said = |role: Role| matches!(role, Role::Thought | Role::Answer | Role::Chosen | Role::Rejected);
        // No tokenizer makes more tokens than there are bytes.
        let mut open = row.texts().filter(|text| said(text.role) && text.text.len() >= self.near && is_open(text.text));
        let mut unknown = false;
        let near = self.near;
        let cut = open.any(|text| match row.tokens(text) {
            Some(tokens) => tokens >= near,
            None => {
                unknown = true;
                false
            }
        });
        group.cut += u64::from(cut);
        self.uncounted += u64::from(unknown && !cut);
    }

    fn finish(&mut self, out: &mut Findings) {
        for group in &self.groups {
            let share = group.cut as f64 / group.rows.max(1) as f64;
            if group.cut >= LEAST && share > self.share {
                let message = format!(
                    "{} of {} {} rows end in the middle of a sentence with {} tokens or more: the teacher was cut off",
                    group.cut,
                    group.rows,
                    group.kind.name(),
                    self.near,
                );
                out.push(Finding::in_table(&META, group.table, message));
            }
        }
    }

    fn skipped(&self) -> Vec<Skipped> {
        let reason = format!(
            "no tokenizer was given and rows with an open end and without stored token counts: {}",
            self.uncounted
        );
        (self.uncounted > 0).then_some(Skipped { code: META.code, file: None, reason }).into_iter().collect()
    }
}

/// Whether a text ends with a word or a comma.
fn is_open(text: &str) -> bool {
    let text = text.trim_end();
    let word = text.rsplit(char::is_whitespace).next().unwrap_or_default();
    // Tags and addresses are ends as people write them.
    let named = word.starts_with(['#', '@']) || word.contains("://");
    text.chars().next_back().is_some_and(|c| c.is_alphanumeric() || matches!(c, ',' | '-' | '–' | '—' | '(' | '/'))
        && !named
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_are_open_or_closed() {
        let check = |text: &str, expected: bool| assert_eq!(is_open(text), expected, "{text}");
        check("and then we", true);
        check("first, ", true);
        check("он сказал", true);
        check("and then we slept.", false);
        check("\"and then we slept\"", false);
        check("“slept”", false);
        check("Really?!", false);
        check("*slept*", false);
        check("```\nlet x\n```", false);
        check("slept 😀", false);
        check("没有了。", false);
        check("more at https://example.com/rope", false);
        check("coffee was terrible #onCall", false);
        check("", false);
    }
}
