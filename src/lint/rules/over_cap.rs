//! LEN001: more tokens than the student is trained with.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::prelude::*;

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

impl Rule for OverCap {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn start<'a>(&self, settings: &'a LintSettings, _cx: &Context<'a>) -> Box<dyn Check + 'a> {
        Box::new(Lengths { cap: settings.cap, uncounted: BTreeMap::new() })
    }
}

struct Lengths {
    cap: usize,
    /// Rows per file that could not be measured.
    uncounted: BTreeMap<Arc<str>, u64>,
}

impl Check for Lengths {
    fn row(&self, row: &View<'_>, out: &mut Findings) {
        for text in row.trained().filter(|text| text.role != Role::System) {
            if let Some(tokens) = row.tokens(text).filter(|tokens| *tokens > self.cap) {
                let message = format!("`{}` has {tokens} tokens, the cap is {}", text.name, self.cap);
                out.push(row.finding_in(&META, text, message));
            }
        }
    }

    fn remember(&mut self, row: &View<'_>, _out: &mut Findings) {
        if !row.has_tokens() {
            *self.uncounted.entry(Arc::clone(&row.table.file)).or_default() += 1;
        }
    }

    fn skipped(&self) -> Vec<Skipped> {
        let skipped = |(file, rows): (&Arc<str>, &u64)| Skipped {
            code: META.code,
            file: Some(file.to_string()),
            reason: format!("no tokenizer was given and rows without stored token counts: {rows}"),
        };
        self.uncounted.iter().map(skipped).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::ContentHash;
    use crate::lint::tests::{findings_with, record};
    use crate::row::TokenCounter;

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

    fn check(counter: Option<&dyn TokenCounter>, row: &crate::dataset::Record, hash: &str, expected: (usize, usize)) {
        let settings = LintSettings::default();
        let cx = Context::with_counter(counter);
        let mut check = OverCap.start(&settings, &cx);
        let metadata = BTreeMap::from([("distill.tokenizer_hash".to_owned(), hash.to_owned())]);
        let out = findings_with(check.as_mut(), Kind::Cot, metadata, row, &cx);
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
        check(Some(&Many), &row, &many, (3, 0)); // no id: counted again
        let content = crate::row::Content::Cot(crate::row::Cot {
            instruction: long.clone(),
            thought: "t".to_owned(),
            response: "r".to_owned(),
            evidence: String::new(),
        });
        row.values.insert("id".to_owned(), content.id().to_string().into());
        row.values.insert("instruction_tokens".to_owned(), 81.into());
        row.values.insert("thought_tokens".to_owned(), 1.into());
        check(Some(&Many), &row, &many, (0, 0)); // same tokenizer and same words: stored counts hold
        check(Some(&Many), &row, "other", (3, 0));
    }
}
