//! PRF002: a preference with hardly a difference.

use super::prelude::*;
use crate::lint::text::{fold, hash};

/// Flags pairs whose sides differ in a word or two.
pub(in crate::lint) struct ClosePair;

static META: Meta = Meta {
    code: "PRF002",
    name: "close-pair",
    severity: Severity::Warning,
    fix: Some(Fix::Unsafe),
    kinds: &[Kind::Preference],
    summary: "`chosen` and `rejected` are nearly the same text",
    explanation: "
## Why it matters
When both sides share nearly all tokens, pushing one down pushes the other down too: training moves the likelihood
away from both (Razin et al. 2024, arXiv:2410.08847).

## Example
Two sides of twenty words with one of them replaced. Likeness is one less the share of tokens that have to be edited
(words and punctuation marks, capitals count); from 0.90 on the sides are too close.
Short sides never are: one word of nine is more than a tenth. Equal sides are `identical-pair`.

## How to fix
Ask the teacher for a rejected side in another tone, or drop the pair.
",
};

/// Longer sides are not compared token by token.
const MOST: usize = 4096;

impl Rule for ClosePair {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn start<'a>(&self, settings: &'a LintSettings, _cx: &Context<'a>) -> Box<dyn Check + 'a> {
        Box::new(Close { least: settings.thresholds.sides_close })
    }
}

struct Close {
    least: f64,
}

impl Check for Close {
    fn row(&self, row: &View<'_>, out: &mut Findings) {
        let Some((chosen, rejected)) = row.pair() else { return };
        // A token changes at most its own letters: very different lengths are told at once.
        let (short, long) = (chosen.text.len().min(rejected.text.len()), chosen.text.len().max(rejected.text.len()));
        if 2 * short < long {
            return;
        }
        let Some(likeness) = likeness(&tokens(chosen.text), &tokens(rejected.text), self.least) else { return };
        if fold(chosen.text) != fold(rejected.text) {
            let percent = (100.0 * likeness).floor();
            let message = format!("`{}` and `{}` share {percent} % of their tokens", chosen.name, rejected.name);
            out.push(row.finding_in(&META, rejected, message).unsafely(Edit::Drop));
        }
    }
}

/// Words and marks, hashed as they are written.
fn tokens(text: &str) -> Vec<u64> {
    let mut out = Vec::with_capacity(text.len() / 4);
    let mut word = None;
    for (at, c) in text.char_indices() {
        if c.is_alphanumeric() {
            word.get_or_insert(at);
            continue;
        }
        if let Some(from) = word.take() {
            out.push(hash(&text[from..at]));
        }
        if !c.is_whitespace() {
            out.push(hash(&text[at..at + c.len_utf8()]));
        }
    }
    if let Some(from) = word {
        out.push(hash(&text[from..]));
    }
    out
}

/// One less the edits over the longer list; `None` below `least`.
fn likeness(a: &[u64], b: &[u64], least: f64) -> Option<f64> {
    let longer = a.len().max(b.len());
    if longer == 0 || longer > MOST {
        return None;
    }
    // Rounding must not cost the last edit that is allowed.
    let most = ((1.0 - least) * longer as f64 + 1e-9).floor().max(0.0) as usize;
    let edits = edits(a, b, most)?;
    Some(1.0 - edits as f64 / longer as f64)
}

/// Levenshtein distance when it is at most `most`: only cells that near to the diagonal are looked at.
fn edits(a: &[u64], b: &[u64], most: usize) -> Option<usize> {
    let head = a.iter().zip(b).take_while(|(x, y)| x == y).count();
    let (a, b) = (&a[head..], &b[head..]);
    let tail = a.iter().rev().zip(b.iter().rev()).take_while(|(x, y)| x == y).count();
    let (a, b) = (&a[..a.len() - tail], &b[..b.len() - tail]);
    if a.len().abs_diff(b.len()) > most {
        return None;
    }
    let far = most + 1;
    let mut row: Vec<usize> = (0..=b.len()).map(|j| j.min(far)).collect();
    for (i, x) in a.iter().enumerate() {
        let (from, to) = ((i + 1).saturating_sub(most).max(1), (i + 1 + most).min(b.len()));
        let mut diagonal = row[from - 1];
        row[from - 1] = if from == 1 { (i + 1).min(far) } else { far };
        let mut least = row[from - 1];
        for j in from..=to {
            // Beyond the band above this cell nothing was worked out.
            let above = if j > i + most { far } else { row[j] };
            let cell = (diagonal + usize::from(*x != b[j - 1])).min(above + 1).min(row[j - 1] + 1).min(far);
            diagonal = row[j];
            row[j] = cell;
            least = least.min(cell);
        }
        if least > most {
            return None;
        }
    }
    row.last().copied().filter(|edits| *edits <= most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edits_within_the_band_are_exact() {
        let letters = |text: &str| text.bytes().map(u64::from).collect::<Vec<_>>();
        let check = |a: &str, b: &str, most: usize, expected: Option<usize>| {
            assert_eq!(edits(&letters(a), &letters(b), most), expected, "{a} {b} {most}");
            assert_eq!(edits(&letters(b), &letters(a), most), expected, "{b} {a} {most}");
        };
        check("kitten", "sitting", 3, Some(3));
        check("kitten", "sitting", 2, None);
        check("kitten", "sitting", 9, Some(3));
        check("abcdef", "bcdefa", 2, Some(2));
        check("xabcdefy", "abcdef", 2, Some(2));
        check("abc", "abc", 0, Some(0));
        check("abc", "abd", 0, None);
        check("", "ab", 2, Some(2));
        // Against the plain recurrence, over many small strings.
        let words: Vec<Vec<u64>> = (0..3_u64.pow(5)).map(|n| (0..5).map(|i| n / 3_u64.pow(i) % 3).collect()).collect();
        for a in words.iter().step_by(7) {
            for b in words.iter().step_by(5).map(|b| &b[..4]) {
                let mut plain: Vec<usize> = (0..=b.len()).collect();
                for (i, x) in a.iter().enumerate() {
                    let mut next = vec![i + 1];
                    for (j, y) in b.iter().enumerate() {
                        next.push((plain[j] + usize::from(x != y)).min(plain[j + 1] + 1).min(next[j] + 1));
                    }
                    plain = next;
                }
                for most in 0..5 {
                    assert_eq!(edits(a, b, most), Some(plain[4]).filter(|e| *e <= most), "{a:?} {b:?} {most}");
                }
            }
        }
    }

    #[test]
    fn one_word_of_ten_is_too_little() {
        let check = |a: &str, b: &str, expected: bool| {
            assert_eq!(likeness(&tokens(a), &tokens(b), 0.9).is_some(), expected, "{a} / {b}");
        };
        check(
            "the old pump broke again on a cold sunday night",
            "the old pump failed again on a cold sunday night",
            true,
        );
        check("the pump broke on a cold sunday night", "the pump failed on a cold sunday night", false);
        check("old, like us", "Old. Like us!", false);
        check("one two three four five", "five four three two one", false);
        check("", "", false);
    }
}
