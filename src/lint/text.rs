//! Comparing texts: folding, hashed words, word runs, likeness.

use unicode_normalization::UnicodeNormalization;

/// Folds what should not tell two texts apart: NFKC, lower case, single spaces, no invisible characters.
pub(super) fn fold(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut gap = false;
    let mut push = |c: char| {
        if c.is_whitespace() {
            gap = !out.is_empty();
        } else if !invisible(c) {
            if std::mem::take(&mut gap) {
                out.push(' ');
            }
            out.push(c);
        }
    };
    if text.is_ascii() {
        text.bytes().for_each(|b| push(char::from(b.to_ascii_lowercase())));
    } else {
        text.nfkc().flat_map(char::to_lowercase).for_each(&mut push);
    }
    out
}

/// Zero-width characters and the soft hyphen.
pub(super) const fn invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}'..='\u{200d}' | '\u{2060}' | '\u{feff}')
}

/// The words of a text, folded and hashed: runs of letters and digits.
pub(super) fn words(text: &str) -> Vec<u64> {
    fold(text).split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(hash).collect()
}

/// As [`words`], without those that hold a digit.
pub(super) fn words_without_numbers(text: &str) -> Vec<u64> {
    let folded = fold(text);
    let words = folded.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.filter(|word| !word.contains(|c: char| c.is_ascii_digit())).map(hash).collect()
}

/// Number of words, as [`words`] would give.
pub(super) fn count_words(text: &str) -> usize {
    text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).count()
}

/// A 64-bit hash that is the same in every run (FNV-1a with a final mix).
pub(super) fn hash(word: &str) -> u64 {
    let h = word.bytes().fold(0xcbf2_9ce4_8422_2325, |h: u64, b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3));
    let h = (h ^ (h >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let h = (h ^ (h >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    h ^ (h >> 31)
}

/// One hash for two.
pub(super) const fn mix(hash: u64, next: u64) -> u64 {
    (hash.rotate_left(23) ^ next).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

/// One hash for a sequence of words.
pub(super) fn sequence(words: &[u64]) -> u64 {
    words.iter().fold(0, |hash, word| mix(hash, *word))
}

/// Hashes of all runs of `n` words; none when the text is shorter or `n` is 0.
pub(super) fn runs(words: &[u64], n: usize) -> impl Iterator<Item = u64> {
    let windows = if n == 0 { None } else { Some(words.windows(n)) };
    windows.into_iter().flatten().map(sequence)
}

/// Longest fields that are compared word by word; the rest of a longer one is not looked at.
const MOST_WORDS: usize = 512;

/// Length of the longest common subsequence of words.
pub(super) fn common(a: &[u64], b: &[u64]) -> usize {
    let (a, b) = (&a[..a.len().min(MOST_WORDS)], &b[..b.len().min(MOST_WORDS)]);
    let mut row = vec![0; b.len() + 1];
    for x in a {
        let mut diagonal = 0;
        for (j, y) in b.iter().enumerate() {
            let above = row[j + 1];
            row[j + 1] = if x == y { diagonal + 1 } else { above.max(row[j]) };
            diagonal = above;
        }
    }
    row.last().copied().unwrap_or_default()
}

/// Whether two word lists are at least this alike by ROUGE-L F, `2·LCS / (|a| + |b|)`.
pub(super) fn alike(a: &[u64], b: &[u64], threshold: f64) -> bool {
    let (a, b) = (&a[..a.len().min(MOST_WORDS)], &b[..b.len().min(MOST_WORDS)]);
    let needed = threshold * (a.len() + b.len()) as f64 / 2.0;
    // The subsequence cannot be longer than the shorter list: most pairs end here.
    !a.is_empty() && !b.is_empty() && a.len().min(b.len()) as f64 >= needed && common(a, b) as f64 >= needed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folding_keeps_words_and_drops_dress() {
        let check = |text: &str, expected: &str| assert_eq!(fold(text), expected);
        check("  Ünder\u{a0}the\n\nＨＯＯＤ ", "ünder the hood");
        check("zero\u{200b}width", "zerowidth");
        check("ASCII  only\t", "ascii only");
        check(" \u{feff} ", "");
    }

    #[test]
    fn likeness_is_rouge_l() {
        let check = |a: &str, b: &str, threshold: f64, expected: bool| {
            assert_eq!(alike(&words(a), &words(b), threshold), expected, "{a} / {b}");
        };
        check("the cat sat", "The cat sat!", 1.0, true);
        check("a b c d", "a b x d", 0.75, true); // LCS 3 of 4 and 4: F = 0.75
        check("a b c d", "a b x d", 0.76, false);
        check("", "", 0.0, false);
    }

    #[test]
    fn runs_are_found_anywhere() {
        let long = words("one two three four five");
        let run = words("two three four");
        assert!(runs(&long, 3).any(|h| h == sequence(&run)));
        assert_eq!(runs(&run, 4).count() + runs(&run, 0).count(), 0);
    }
}
