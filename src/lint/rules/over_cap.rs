//! LEN001: more tokens than the student is trained with.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::dataset::Record;
use crate::id::Hasher;
use crate::lint::finding::Place;
use crate::lint::rule::trained;
use crate::lint::{Check, Context, Finding, LintSettings, Meta, Rule, Severity, Skipped, TableInfo};
use crate::row::{Kind, TokenCounter};

/// Flags trained columns with more tokens than the cap, by the student's tokenizer.
pub(in crate::lint) struct OverCap;

static META: Meta = Meta {
    code: "LEN001",
    name: "over-token-cap",
    severity: Severity::Error,
    fix: None,
    kinds: &Kind::ALL,
    summary: "A trained column has more tokens than `cap` (150)",
    explanation: "
## Why it matters
Text is never cut: a cut answer teaches the student to stop in the middle.
A longer field would break the memory budget of training or, cut by another trainer, lose its end.

## Example
A `response` of 151 tokens with `cap = 150`. Exactly 150 is fine.
Tokens are counted by the student's tokenizer when one is given; otherwise the counts stored in the rows are believed,
and rows without them are listed as skipped.

## How to fix
Ask the teacher for fewer sentences and generate the row again.
",
};

/// File metadata that names the tokenizer of the stored counts.
const TOKENIZER: &str = "distill.tokenizer_hash";

impl Rule for OverCap {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn start<'a>(&self, settings: &'a LintSettings, cx: &Context<'a>) -> Box<dyn Check + 'a> {
        let counter = cx.counter.map(|counter| (counter, counter.hash().to_string()));
        Box::new(Lengths { cap: settings.cap, counter, uncounted: BTreeMap::new() })
    }
}

struct Lengths<'a> {
    cap: usize,
    /// The tokenizer and its hash.
    counter: Option<(&'a dyn TokenCounter, String)>,
    /// Rows per file that could not be measured.
    uncounted: BTreeMap<String, u64>,
}

impl Lengths<'_> {
    /// Tokens of a field; `None` when nobody can tell.
    fn count(&self, stored_holds: bool, record: &Record, field: &str, text: &str) -> Option<usize> {
        match &self.counter {
            Some((counter, _)) => {
                if stored_holds && let Some(count) = stored(record, field) {
                    return Some(count);
                }
                // No tokenizer makes more tokens than bytes of plain ASCII, give or take its own prefix.
                let surely_short = text.is_ascii() && text.len() + 8 <= self.cap;
                Some(if surely_short { text.len() } else { counter.count(text) })
            }
            None => stored(record, field),
        }
    }

    /// Whether the stored counts are by this tokenizer and the words are still those that were counted.
    fn stored_holds(&self, table: &TableInfo<'_>, record: &Record) -> bool {
        let Some((_, hash)) = &self.counter else { return false };
        let Some(kind) = table.kind else { return false };
        table.metadata.get(TOKENIZER) == Some(hash) && record.id() == Some(content_id(kind, record).as_str())
    }
}

impl Check for Lengths<'_> {
    fn row(&mut self, table: &TableInfo<'_>, record: &Record, out: &mut Vec<Finding>) {
        let stored_holds = self.stored_holds(table, record);
        let mut unknown = false;
        for (field, text) in trained(table, record) {
            match self.count(stored_holds, record, field, text) {
                Some(tokens) if tokens > self.cap => {
                    let message = format!("`{field}` has {tokens} tokens, the cap is {}", self.cap);
                    out.push(Finding::at(&META, &Place::of(table, record), message).field(field));
                }
                Some(_) => {}
                None => unknown = true,
            }
        }
        if unknown {
            *self.uncounted.entry(table.file.to_string()).or_default() += 1;
        }
    }

    fn skipped(&self) -> Vec<Skipped> {
        let skipped = |(file, rows): (&String, &u64)| Skipped {
            code: META.code,
            file: Some(file.clone()),
            reason: format!("no tokenizer was given and rows without stored token counts: {rows}"),
        };
        self.uncounted.iter().map(skipped).collect()
    }
}

/// The count stored beside a field: `FIELD_tokens`, `tokens_FIELD`, or `FIELD` inside `tokens`.
fn stored(record: &Record, field: &str) -> Option<usize> {
    let beside = [format!("{field}_tokens"), format!("tokens_{field}")];
    let value = beside.iter().find_map(|name| record.values.get(name).filter(|value| value.is_number()));
    let value = value.or_else(|| record.values.get("tokens").and_then(|tokens| tokens.get(field)));
    value.and_then(Value::as_u64).and_then(|count| usize::try_from(count).ok())
}

/// The id that the row's words would have; see [`crate::row::Content::id`].
fn content_id(kind: Kind, record: &Record) -> crate::id::ContentHash {
    let fields = kind.fields().iter().map(|field| record.text(field).unwrap_or_default());
    fields.fold(Hasher::new().text(kind.name()), Hasher::text).finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::ContentHash;
    use crate::lint::tests::record;

    /// Counts every text as 500 tokens.
    struct Many;

    impl TokenCounter for Many {
        fn count(&self, _text: &str) -> usize {
            500
        }

        fn hash(&self) -> ContentHash {
            ContentHash::of(b"many")
        }
    }

    fn check(counter: Option<&dyn TokenCounter>, row: &Record, hash: &str, expected: (usize, usize)) {
        let settings = LintSettings::default();
        let mut check = OverCap.start(&settings, &Context { counter, ..Context::default() });
        let metadata = BTreeMap::from([(TOKENIZER.to_owned(), hash.to_owned())]);
        let table = TableInfo { file: "t".into(), kind: Some(Kind::Cot), columns: &[], metadata: &metadata };
        let mut out = vec![];
        check.row(&table, row, &mut out);
        assert_eq!((out.len(), check.skipped().len()), expected);
    }

    #[test]
    fn stored_counts_are_believed_only_while_they_hold() {
        let many = Many.hash().to_string();
        let long = "ä".repeat(80);
        let fields = [("instruction", long.as_str()), ("thought", "t"), ("response", "r")];
        let mut row = record(0, &fields);
        check(None, &row, "", (0, 1)); // nobody counted
        for (field, tokens) in [("instruction", 80), ("thought", 151), ("response", 150)] {
            row.values.insert(format!("{field}_tokens"), tokens.into());
        }
        check(None, &row, "", (1, 0)); // stored: only the thought is too long
        check(Some(&Many), &row, &many, (1, 0)); // no id: counted again, short ASCII is not asked about
        let id = content_id(Kind::Cot, &row).to_string();
        row.values.insert("id".to_owned(), id.into());
        row.values.insert("instruction_tokens".to_owned(), 81.into());
        row.values.insert("thought_tokens".to_owned(), 1.into());
        check(Some(&Many), &row, &many, (0, 0)); // same tokenizer and same words: stored counts hold
        check(Some(&Many), &row, "other", (1, 0));
    }

    #[test]
    fn the_id_is_that_of_the_row() {
        let content = crate::row::Content::Cot(crate::row::Cot {
            instruction: "a".to_owned(),
            thought: "b".to_owned(),
            response: "c".to_owned(),
            evidence: "d".to_owned(),
        });
        let row = record(0, &[("instruction", "a"), ("thought", "b"), ("response", "c")]);
        assert_eq!(content.id(), content_id(Kind::Cot, &row));
    }
}
