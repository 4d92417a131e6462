//! LEN005: texts whose length is unlike that of all the others.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use super::prelude::*;
use crate::dataset::Shape;

/// Flags texts that are far longer or shorter than others of their kind, and texts of strangely many tokens.
pub(in crate::lint) struct OddLength;

static META: Meta = Meta {
    code: "LEN005",
    name: "odd-length",
    severity: Severity::Info,
    fix: None,
    kinds: &Kind::ALL,
    summary: "A text is far longer or shorter than others, or has fewer than 1.5 characters per token",
    explanation: "
## Why it matters
One text of a hundred that is ten times as long is mostly not an answer at all: a whole page, a dump, a lost separator.
Text of which the tokenizer makes nearly a token per character is no language that the student knows.

## Example
Questions of 12 tokens and one of 120. The distance from the median, in units of the median distance (scaled to a
standard deviation), has to exceed 5, and 3 on the scale of logarithms: a long tail is natural for texts.
Judged from 30 texts on, by tokens where they are known, else by characters; of each role the 1,000 longest are named.
`q8#zL0@x!v7…` has one character per token. Only texts from 20 tokens on are judged, and only those of letters that are
mostly Latin, Greek or Cyrillic: others have few characters per token by nature.

## How to fix
Look at the rows. What is meant to be long is fine.
",
};

/// Fewest texts on which lengths are judged.
const LEAST: u64 = 30;
/// Texts remembered at the long and at the short end.
const KEPT: usize = 1000;
/// Distance that is needed on the scale of logarithms.
const LOG_Z: f64 = 3.0;
/// Fewest tokens on which characters per token are judged.
const LEAST_TOKENS: usize = 20;

impl Rule for OddLength {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn start<'a>(&self, settings: &'a LintSettings, _cx: &Context<'a>) -> Box<dyn Check + 'a> {
        let t = &settings.thresholds;
        Box::new(Lengths { z: t.length_z, chars: t.chars_per_token, groups: BTreeMap::new() })
    }
}

struct Lengths {
    z: f64,
    chars: f64,
    /// By kind and role.
    groups: BTreeMap<(&'static str, Role), Group>,
}

/// Lengths of one role: how often each occurs, and which texts have the extreme ones.
#[derive(Default)]
struct Group {
    counts: BTreeMap<u32, u64>,
    long: BinaryHeap<Reverse<Known>>,
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Known {
    length: u32,
    at: Reverse<RowRef>,
    field: Box<str>,
}

impl Check for Lengths {
    fn row(&self, row: &View<'_>, out: &mut Findings) {
        for text in row.trained().filter(|text| text.text.len() >= LEAST_TOKENS) {
            let Some(tokens) = row.tokens(text).filter(|tokens| *tokens >= LEAST_TOKENS) else { continue };
            // Bytes are no fewer than characters.
            if text.text.len() as f64 >= self.chars * 4.0 * tokens as f64 {
                continue;
            }
            let chars = text.text.chars().count();
            // Capitals are dear to every tokenizer, and what is shouted is said all the same.
            let shouted = text.text.chars().filter(|c| c.is_uppercase()).count() * 2 > chars;
            if (chars as f64) < self.chars * tokens as f64 && !shouted && is_alphabet(text.text) {
                let message = format!("`{}` has {tokens} tokens for {chars} characters", text.name);
                out.push(row.finding_in(&META, text, message));
            }
        }
    }

    fn remember(&mut self, row: &View<'_>, _out: &mut Findings) {
        let Some(kind) = row.kind() else { return };
        let native = row.table.layout.as_ref().is_some_and(|layout| layout.shape == Shape::Native);
        for text in row.trained() {
            let given = text.role == Role::System || (text.role == Role::Context && !native);
            if given || text.text.trim().is_empty() {
                continue;
            }
            // Characters, so that what a tokenizer makes of capitals is no length.
            let length = u32::try_from(text.text.chars().count()).unwrap_or(u32::MAX);
            self.groups.entry((kind.name(), text.role)).or_default().add(length, row.at, &text.name);
        }
    }

    fn finish(&mut self, out: &mut Findings) {
        for group in std::mem::take(&mut self.groups).into_values() {
            let Some(usual) = group.usual() else { continue };
            // Short ones are `too-short`, when they are.
            let long = group.long.into_iter().map(|Reverse(known)| known);
            let long = long.filter(|known| f64::from(known.length) > usual.median);
            let mut odd: Vec<Known> = long.filter(|known| usual.is_odd(known.length, self.z)).collect();
            odd.sort_unstable_by_key(|known| known.at.0);
            odd.dedup();
            for known in odd {
                let message =
                    format!("`{}` has {} characters, the median is {:.0}", known.field, known.length, usual.median);
                out.push(Finding::at(&META, known.at.0, message).field(&known.field));
            }
        }
    }
}

impl Group {
    fn add(&mut self, length: u32, at: RowRef, field: &str) {
        *self.counts.entry(rounded(length)).or_default() += 1;
        let known = || Known { length, at: Reverse(at), field: field.into() };
        if self.long.len() < KEPT {
            self.long.push(Reverse(known()));
        } else if self.long.peek().is_some_and(|Reverse(least)| least.length < length) {
            self.long.pop();
            self.long.push(Reverse(known()));
        }
    }

    /// Median and spread; `None` for too few texts.
    fn usual(&self) -> Option<Usual> {
        let total: u64 = self.counts.values().sum();
        if total < LEAST {
            return None;
        }
        let lengths = || self.counts.iter().map(|(length, count)| (f64::from(*length), *count));
        let median = middle(lengths().collect(), total);
        let spread = middle(lengths().map(|(length, count)| ((length - median).abs(), count)).collect(), total);
        let log_median = (median + 1.0).ln();
        let logs = lengths().map(|(length, count)| (((length + 1.0).ln() - log_median).abs(), count));
        let log_spread = middle(logs.collect(), total);
        // Nearly equal lengths would make a few tokens stand out: half or double is no other length.
        let (spread, log_spread) = (SIGMA * spread, SIGMA * log_spread);
        Some(Usual { median, spread: spread.max(0.1 * median).max(1.0), log_spread: log_spread.max(0.3) })
    }
}

/// Median distance of a normal distribution in standard deviations, inverted.
const SIGMA: f64 = 1.4826;

struct Usual {
    median: f64,
    spread: f64,
    log_spread: f64,
}

impl Usual {
    fn is_odd(&self, length: u32, z: f64) -> bool {
        let length = f64::from(length);
        let log = ((length + 1.0) / (self.median + 1.0)).ln().abs();
        (length - self.median).abs() > z * self.spread && log > LOG_Z * self.log_spread
    }
}

/// Long lengths are counted together, 64 to a doubling, so that there are few of them.
fn rounded(length: u32) -> u32 {
    let bits = (32 - length.leading_zeros()).saturating_sub(10);
    (length >> bits) << bits
}

/// The median of values that occur so often.
fn middle(mut values: Vec<(f64, u64)>, total: u64) -> f64 {
    values.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    let mut seen = 0;
    for (value, count) in values {
        seen += count;
        if seen * 2 >= total {
            return value;
        }
    }
    0.0
}

/// Whether most letters are of a script that writes words and not syllables or pictures.
fn is_alphabet(text: &str) -> bool {
    let (mut letters, mut known) = (0_usize, 0_usize);
    for c in text.chars().filter(|c| !c.is_ascii_digit() && !c.is_whitespace()) {
        letters += 1;
        // Of scripts without spaces, and of pictures, every character is a token or two.
        let dense = matches!(c as u32, 0xe00..=0xeff | 0x1000..=0x109f | 0x1780..=0x17ff | 0x2e80..=0x9fff | 0xa960..=0xa97f | 0xac00..=0xd7ff | 0xf900..=0xfaff | 0xff00..=0xffef | 0x1f000..);
        known += usize::from(!dense);
    }
    known * 5 >= letters * 4
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::ContentHash;
    use crate::lint::tests::{Words, table};
    use crate::row::TokenCounter;

    /// A token for every character.
    struct Letters;

    impl TokenCounter for Letters {
        fn count(&self, text: &str) -> usize {
            text.chars().count()
        }

        fn hash(&self) -> ContentHash {
            ContentHash::of(b"letters")
        }
    }

    fn found(rows: &str, counter: Option<&dyn TokenCounter>) -> Vec<(Option<u64>, Option<String>)> {
        let settings = LintSettings { min_rows: 0, select: vec!["LEN005".to_owned()], ..LintSettings::default() };
        let cx = Context::with_counter(counter);
        let report = crate::lint::lint([table("t.jsonl", rows)].iter(), &settings, &cx).unwrap();
        report.findings.into_iter().map(|finding| (finding.row, finding.field)).collect()
    }

    fn rows(lengths: &[usize]) -> String {
        let row = |length: &usize| {
            format!("{{\"instruction\":\"Why so?\",\"context\":\"\",\"response\":\"{}\"}}\n", "word ".repeat(*length))
        };
        lengths.iter().map(row).collect()
    }

    #[test]
    fn a_length_stands_out_from_thirty_others() {
        let check = |lengths: &[usize], expected: &[u64]| {
            for counter in [Some(&Words as &dyn TokenCounter), None] {
                let rows: Vec<u64> = found(&rows(lengths), counter).into_iter().filter_map(|(row, _)| row).collect();
                assert_eq!(rows, expected, "{lengths:?}");
            }
        };
        let natural: Vec<usize> = (0..40).map(|i| 8 + i * 7 % 13).collect();
        check(&natural, &[]);
        check(&[natural.as_slice(), &[120]].concat(), &[40]);
        check(&[natural.as_slice(), &[30]].concat(), &[]);
        check(&[&natural[..20], &[120]].concat(), &[]); // too few to tell
        check(&[vec![10; 40], vec![12]].concat(), &[]); // nearly equal
        check(&[vec![100; 40], vec![5]].concat(), &[]); // short ones are `too-short`
        // A long tail is no defect.
        let tail: Vec<usize> = (0..40).map(|i| 4 + (1.2_f64.powi(i)) as usize % 300).collect();
        check(&tail, &[]);
    }

    #[test]
    fn tokens_should_hold_more_than_a_letter() {
        let row = |text: &str| format!("{{\"instruction\":\"Why so?\",\"context\":\"\",\"response\":\"{text}\"}}");
        let check =
            |text: &str, expected: usize| assert_eq!(found(&row(text), Some(&Letters)).len(), expected, "{text}");
        check("q8#zL0@x!v7q8#zL0@x!v7", 1);
        check("q8#zL0@x", 0); // too short to tell
        check("这是一个很长的句子这是一个很长的句子这是一个", 0);
        assert_eq!(found(&row("an ordinary sentence of ordinary words, twenty tokens"), Some(&Words)).len(), 0);
    }

    #[test]
    fn lengths_are_counted_in_few_places() {
        for (length, expected) in [(0, 0), (1023, 1023), (1024, 1024), (1025, 1024), (u32::MAX, 0xffc0_0000)] {
            assert_eq!(rounded(length), expected);
        }
        assert_eq!(middle(vec![(1.0, 2), (5.0, 2), (9.0, 1)], 5), 5.0);
    }
}
