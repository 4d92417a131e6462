//! PRF005: one side of the pairs is longer too often.

use super::prelude::*;
use crate::lint::text::count_words;

/// Flags preference files in which length alone tells chosen from rejected.
pub(in crate::lint) struct LengthBias;

static META: Meta = Meta {
    code: "PRF005",
    name: "length-bias",
    severity: Severity::Error,
    fix: None,
    kinds: &[Kind::Preference],
    summary: "Over all pairs one side is longer too often or by too much",
    explanation: "
## Why it matters
Preference training takes the easiest difference. People write short and models write long,
so an unbalanced dataset teaches the student to be brief or to ramble, and the tone is never learned
(Park et al. 2024, arXiv:2403.19159).

## Example
In 50 of 60 pairs `rejected` is the longer side. All pairs of a run are judged together, from 50 on: among the pairs of
unequal length one side must be longer in more than 60 % with a two-sided binomial p below 0.01,
or the mean difference must exceed 15 tokens.
Pairs whose tokens nobody counts are judged apart, in words (a word is taken for 1.25 tokens).

## How to fix
Ask the teacher to keep the length of the original when it rewrites, or leave out the most unequal pairs.
",
};

/// Most likely chance of a false alarm.
const P: f64 = 0.01;
/// Words to a token of English, about.
const WORDS_PER_TOKEN: f64 = 0.8;

impl Rule for LengthBias {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn start<'a>(&self, settings: &'a LintSettings, _cx: &Context<'a>) -> Box<dyn Check + 'a> {
        let t = &settings.thresholds;
        let tally = |unit, gap| Tally { unit, gap, first: 0, pairs: 0, longer_chosen: 0, longer_rejected: 0, sum: 0.0 };
        Box::new(Bias {
            pairs: t.length_pairs.into(),
            share: t.length_share,
            tokens: tally("tokens", t.length_gap),
            words: tally("words", t.length_gap * WORDS_PER_TOKEN),
        })
    }
}

struct Bias {
    pairs: u64,
    share: f64,
    tokens: Tally,
    words: Tally,
}

/// What is known of all pairs that were measured in one unit.
struct Tally {
    unit: &'static str,
    /// Largest mean difference.
    gap: f64,
    /// The table of the first pair.
    first: u32,
    pairs: u64,
    longer_chosen: u64,
    longer_rejected: u64,
    /// Lengths of `chosen` less lengths of `rejected`.
    sum: f64,
}

impl Check for Bias {
    fn remember(&mut self, row: &View<'_>, _out: &mut Findings) {
        let Some((chosen, rejected)) = row.pair() else { return };
        let (tally, chosen, rejected) = match (row.tokens(chosen), row.tokens(rejected)) {
            (Some(chosen), Some(rejected)) => (&mut self.tokens, chosen, rejected),
            _ => (&mut self.words, count_words(chosen.text), count_words(rejected.text)),
        };
        if tally.pairs == 0 {
            tally.first = row.table.index;
        }
        tally.pairs += 1;
        tally.longer_chosen += u64::from(chosen > rejected);
        tally.longer_rejected += u64::from(rejected > chosen);
        tally.sum += chosen as f64 - rejected as f64;
    }

    fn finish(&mut self, out: &mut Findings) {
        for tally in [&self.tokens, &self.words].into_iter().filter(|t| t.pairs > 0 && t.pairs >= self.pairs) {
            let unequal = tally.longer_chosen + tally.longer_rejected;
            let more = tally.longer_chosen.max(tally.longer_rejected);
            let side = if tally.longer_chosen > tally.longer_rejected { "chosen" } else { "rejected" };
            let often = more as f64 > self.share * unequal as f64 && chance(more, unequal) < P;
            let gap = tally.sum / tally.pairs as f64;
            let message = if often {
                format!("`{side}` is the longer side in {more} of {} pairs", tally.pairs)
            } else if gap.abs() > tally.gap {
                let side = if gap > 0.0 { "chosen" } else { "rejected" };
                format!("`{side}` is longer by {:.0} {} on average", gap.abs(), tally.unit)
            } else {
                continue;
            };
            out.push(Finding::in_table(&META, tally.first, message));
        }
    }
}

/// Two-sided probability that a fair coin shows one face at least `k` of `n` times, for `k` from half of `n` on.
fn chance(k: u64, n: u64) -> f64 {
    // ln C(n, i) is built up from i = 0; each term is C(n, i) / 2^n.
    let mut choose = 0.0;
    let mut sum = 0.0;
    for i in 0..=n {
        if i >= k {
            sum += (choose - n as f64 * std::f64::consts::LN_2).exp();
        }
        choose += ((n - i) as f64 / (i + 1) as f64).ln();
    }
    (2.0 * sum).min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coin_tosses_are_counted_exactly() {
        let check = |k: u64, n: u64, expected: f64| assert!((chance(k, n) - expected).abs() < 1e-9, "{k} of {n}");
        check(10, 10, 2.0 / 1024.0);
        check(9, 10, 22.0 / 1024.0); // 2 · (C(10,9) + C(10,10)) / 2^10
        check(5, 10, 1.0);
        check(0, 0, 1.0);
        assert!(chance(600_300, 1_000_000) < 1e-9);
        assert!(chance(500_300, 1_000_000) > 0.5);
    }
}
