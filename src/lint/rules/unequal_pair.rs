//! PRF004: one side is much longer than the other.

use super::prelude::*;
use crate::lint::text::count_words;

/// Flags pairs whose sides differ much in length.
pub(in crate::lint) struct UnequalPair;

static META: Meta = Meta {
    code: "PRF004",
    name: "unequal-pair",
    severity: Severity::Warning,
    fix: None,
    kinds: &[Kind::Preference],
    summary: "One side of a pair is more than half as long again as the other",
    explanation: "
## Why it matters
Length is the easiest thing to learn from a pair, and preference training takes what is easiest
(Park et al. 2024, arXiv:2403.19159).

## Example
Chosen has 20 tokens, rejected 60. The shorter side needs 0.67 of the longer one, to two digits.
A side of fewer than 12 tokens counts as 12: `Two hours down.` beside a sentence is no bias.
Words are counted where there is no tokenizer and no stored count.

## How to fix
Ask the teacher to keep the length when it rewrites.
",
};

/// Shorter sides count as this long: between single words ratios say nothing.
const SHORT: usize = 12;

impl Rule for UnequalPair {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn start<'a>(&self, settings: &'a LintSettings, _cx: &Context<'a>) -> Box<dyn Check + 'a> {
        Box::new(Unequal { least: settings.thresholds.side_ratio })
    }
}

struct Unequal {
    least: f64,
}

impl Unequal {
    /// Whether the shorter of two lengths is too short. Two digits: 20 and 30 tokens are 0.67.
    fn is_apart(&self, a: usize, b: usize) -> bool {
        let (short, long) = (a.min(b).max(SHORT), a.max(b));
        (100.0 * short as f64 / long.max(1) as f64).round() < 100.0 * self.least
    }
}

impl Check for Unequal {
    fn row(&self, row: &View<'_>, out: &mut Findings) {
        let Some((chosen, rejected)) = row.pair() else { return };
        let (a, b, unit) = match (row.tokens(chosen), row.tokens(rejected)) {
            (Some(a), Some(b)) => (a, b, "tokens"),
            _ => (count_words(chosen.text), count_words(rejected.text), "words"),
        };
        if self.is_apart(a, b) {
            let message = format!("`{}` has {a} {unit}, `{}` {b}", chosen.name, rejected.name);
            let longer = if a > b { chosen } else { rejected };
            out.push(row.finding_in(&META, longer, message));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_as_long_again_is_the_end() {
        let rule = Unequal { least: LintSettings::default().thresholds.side_ratio };
        let check = |a: usize, b: usize, expected: bool| {
            assert_eq!((rule.is_apart(a, b), rule.is_apart(b, a)), (expected, expected), "{a} {b}");
        };
        check(20, 30, false);
        check(20, 31, true);
        check(30, 45, false);
        check(2, 18, false);
        check(2, 19, true);
        check(0, 0, false);
        check(40, 40, false);
    }
}
