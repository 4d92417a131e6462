//! PRF005: one side of the pairs is longer too often.

use std::sync::Arc;

use crate::dataset::Record;
use crate::lint::text::count_words;
use crate::lint::{Check, Context, Finding, Fix, LintSettings, Meta, Rule, Severity, TableInfo};
use crate::row::Kind;

/// Flags preference files in which length alone tells chosen from rejected.
pub(in crate::lint) struct LengthBias;

static META: Meta = Meta {
    code: "PRF005",
    name: "length-bias",
    severity: Severity::Warning,
    fix: Some(Fix::Unsafe),
    kinds: &[Kind::Preference],
    summary: "Over the whole file one side of the pairs is longer too often or by too much",
    explanation: "
## Why it matters
Preference training takes the easiest difference. People write short and models write long,
so an unbalanced file teaches the student to be brief or to ramble, and the tone is never learned.

## Example
In 50 of 60 pairs `rejected` is the longer side. A file is judged from 50 pairs on: the share of the longer side must lie
outside 40 to 60 % with a two-sided binomial p below 0.01, or the mean difference must exceed 12 words
(about 15 tokens; words are counted so that no tokenizer is needed).

## How to fix
Ask the teacher to keep the length of the original when it rewrites, or leave out the most unequal pairs.
",
};

/// Most likely chance of a false alarm.
const P: f64 = 0.01;

impl Rule for LengthBias {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn start<'a>(&self, settings: &'a LintSettings, _cx: &Context<'a>) -> Box<dyn Check + 'a> {
        let t = &settings.thresholds;
        Box::new(Bias { pairs: t.length_pairs, share: t.length_share, gap_words: t.length_gap_words, files: vec![] })
    }
}

struct Bias {
    pairs: u32,
    share: f64,
    gap_words: f64,
    files: Vec<Tally>,
}

/// One file's counts.
struct Tally {
    file: Arc<str>,
    pairs: u32,
    longer_chosen: u32,
    longer_rejected: u32,
    /// Words of `chosen` less words of `rejected`, summed.
    words: f64,
}

impl Check for Bias {
    fn table(&mut self, table: &TableInfo<'_>, _out: &mut Vec<Finding>) {
        let file = Arc::clone(&table.file);
        self.files.push(Tally { file, pairs: 0, longer_chosen: 0, longer_rejected: 0, words: 0.0 });
    }

    fn row(&mut self, _table: &TableInfo<'_>, record: &Record, _out: &mut Vec<Finding>) {
        let (Some(chosen), Some(rejected)) = (record.text("chosen"), record.text("rejected")) else { return };
        let Some(tally) = self.files.last_mut() else { return };
        let (chosen, rejected) = (count_words(chosen), count_words(rejected));
        tally.pairs += 1;
        tally.longer_chosen += u32::from(chosen > rejected);
        tally.longer_rejected += u32::from(rejected > chosen);
        tally.words += chosen as f64 - rejected as f64;
    }

    fn finish(&mut self, out: &mut Vec<Finding>) {
        for tally in self.files.iter().filter(|tally| tally.pairs > 0 && tally.pairs >= self.pairs) {
            let unequal = tally.longer_chosen + tally.longer_rejected;
            let more = tally.longer_chosen.max(tally.longer_rejected);
            let side = if tally.longer_chosen > tally.longer_rejected { "chosen" } else { "rejected" };
            let often = f64::from(more) > self.share * f64::from(unequal) && chance(more, unequal) < P;
            let gap = tally.words / f64::from(tally.pairs);
            let message = if often {
                format!("`{side}` is the longer side in {more} of {} pairs", tally.pairs)
            } else if gap.abs() > self.gap_words {
                let side = if gap > 0.0 { "chosen" } else { "rejected" };
                format!("`{side}` is longer by {:.0} words on average", gap.abs())
            } else {
                continue;
            };
            out.push(Finding::in_file(&META, &tally.file, message));
        }
    }
}

/// Two-sided probability that a fair coin shows one face at least `k` of `n` times, for `k` from half of `n` on.
fn chance(k: u32, n: u32) -> f64 {
    // ln C(n, i) is built up from i = 0; each term is C(n, i) / 2^n.
    let mut choose = 0.0;
    let mut sum = 0.0;
    for i in 0..=n {
        if i >= k {
            sum += (choose - f64::from(n) * std::f64::consts::LN_2).exp();
        }
        choose += (f64::from(n - i) / f64::from(i + 1)).ln();
    }
    (2.0 * sum).min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coin_tosses_are_counted_exactly() {
        let check = |k: u32, n: u32, expected: f64| assert!((chance(k, n) - expected).abs() < 1e-9, "{k} of {n}");
        check(10, 10, 2.0 / 1024.0);
        check(9, 10, 22.0 / 1024.0); // 2 · (C(10,9) + C(10,10)) / 2^10
        check(5, 10, 1.0);
        check(0, 0, 1.0);
    }
}
