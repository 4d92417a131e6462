//! PRF005: one side of the pairs is longer too often.

use super::prelude::*;
use crate::lint::text::count_words;
use std::sync::Arc;

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
        Box::new(Bias { pairs: t.length_pairs, share: t.length_share, gap: t.length_gap, files: vec![] })
    }
}

struct Bias {
    pairs: u32,
    share: f64,
    gap: f64,
    files: Vec<Tally>,
}

/// One file's counts.
struct Tally {
    table: u32,
    pairs: u32,
    longer_chosen: u32,
    longer_rejected: u32,
    /// Tokens of `chosen` less tokens of `rejected`, summed; words where nobody counts tokens.
    difference: f64,
    unit: &'static str,
}

impl Check for Bias {
    fn table(&mut self, table: &Arc<TableInfo>, _out: &mut Findings) {
        let tally = Tally {
            table: table.index,
            pairs: 0,
            longer_chosen: 0,
            longer_rejected: 0,
            difference: 0.0,
            unit: "tokens",
        };
        self.files.push(tally);
    }

    fn remember(&mut self, row: &View<'_>, _out: &mut Findings) {
        let (Some((chosen, rejected)), Some(tally)) = (row.pair(), self.files.last_mut()) else { return };
        let (chosen, rejected) = match (row.tokens(chosen), row.tokens(rejected)) {
            (Some(chosen), Some(rejected)) => (chosen, rejected),
            _ => {
                tally.unit = "words";
                (count_words(chosen.text), count_words(rejected.text))
            }
        };
        tally.pairs += 1;
        tally.longer_chosen += u32::from(chosen > rejected);
        tally.longer_rejected += u32::from(rejected > chosen);
        tally.difference += chosen as f64 - rejected as f64;
    }

    fn finish(&mut self, out: &mut Findings) {
        for tally in self.files.iter().filter(|tally| tally.pairs > 0 && tally.pairs >= self.pairs) {
            let unequal = tally.longer_chosen + tally.longer_rejected;
            let more = tally.longer_chosen.max(tally.longer_rejected);
            let side = if tally.longer_chosen > tally.longer_rejected { "chosen" } else { "rejected" };
            let often = f64::from(more) > self.share * f64::from(unequal) && chance(more, unequal) < P;
            let gap = tally.difference / f64::from(tally.pairs);
            let message = if often {
                format!("`{side}` is the longer side in {more} of {} pairs", tally.pairs)
            } else if gap.abs() > self.gap {
                let side = if gap > 0.0 { "chosen" } else { "rejected" };
                format!("`{side}` is longer by {:.0} {} on average", gap.abs(), tally.unit)
            } else {
                continue;
            };
            out.push(Finding::in_table(&META, tally.table, message));
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
