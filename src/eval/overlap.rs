//! How near answers are to reference answers, by words (ROUGE-L) and by characters (chrF).

use std::collections::HashMap;

use super::figure::Figure;
use crate::row::rouge::{Lcs, Numbered};

/// Mean ROUGE-L F1 of answers with their references (Lin 2004); case and punctuation aside.
pub(super) fn rouge_l(pairs: &[(&str, &str)]) -> Option<Figure> {
    let mut numbered = Numbered::default();
    let words: Vec<(Vec<u32>, Vec<u32>)> =
        pairs.iter().map(|(said, wanted)| (numbered.words(wanted), numbered.words(said))).collect();
    let mut lcs = Lcs::default();
    lcs.room(words.iter().flat_map(|(a, b)| a.iter().chain(b)).max().map_or(0, |id| *id as usize + 1));
    let scores: Vec<f64> = words.iter().map(|(wanted, said)| lcs.rouge(wanted, said, 0.0)).collect();
    Figure::mean(&scores)
}

/// Longest n-grams that chrF counts.
const ORDER: usize = 6;
/// Recall weighs this much more than precision, squared.
const BETA2: f64 = 4.0;

/// chrF2 over all answers at once (Popović 2015), as sacreBLEU 2 computes it with its defaults, divided by 100: counts
/// of n-grams of 1 to 6 characters without white space are summed over the answers, precision and recall are averaged
/// over the orders.
pub(super) fn chrf(pairs: &[(&str, &str)]) -> Option<Figure> {
    let mut sums = [(0usize, 0usize, 0usize); ORDER];
    for (said, wanted) in pairs {
        let bare = |text: &str| -> Vec<char> { text.chars().filter(|c| !c.is_whitespace()).collect() };
        let (said, wanted) = (bare(said), bare(wanted));
        for (n, (found, known, both)) in sums.iter_mut().enumerate() {
            let count = |text: &[char]| -> HashMap<Vec<char>, usize> {
                let mut out = HashMap::new();
                for gram in text.windows(n + 1) {
                    *out.entry(gram.to_vec()).or_default() += 1;
                }
                out
            };
            let (a, b) = (count(&said), count(&wanted));
            // As there: n-grams of an answer count where the reference has some of that order.
            *found += if wanted.len() > n { said.len().saturating_sub(n) } else { 0 };
            *known += wanted.len().saturating_sub(n);
            *both += a.iter().map(|(gram, count)| (*count).min(b.get(gram).copied().unwrap_or(0))).sum::<usize>();
        }
    }
    let used: Vec<_> = sums.into_iter().filter(|(found, known, _)| *found > 0 && *known > 0).collect();
    let orders = used.len().max(1) as f64;
    let precision = used.iter().map(|(found, _, both)| *both as f64 / *found as f64).sum::<f64>() / orders;
    let recall = used.iter().map(|(_, known, both)| *both as f64 / *known as f64).sum::<f64>() / orders;
    let under = BETA2 * precision + recall;
    Figure::plain(if under > 0.0 { (1.0 + BETA2) * precision * recall / under } else { 0.0 }, pairs.len())
}

/// Different n-grams of words over all of them (Li et al. 2016); rests on words.
pub(super) fn distinct(texts: &[&str], n: usize) -> Option<Figure> {
    let mut numbered = Numbered::default();
    let (mut seen, mut all) = (std::collections::HashSet::new(), 0usize);
    for text in texts {
        for gram in numbered.words(text).windows(n) {
            all += 1;
            seen.insert(gram.to_vec());
        }
    }
    Figure::plain(seen.len() as f64 / all as f64, all)
}

/// Words of the answers over words of the references.
pub(super) fn length_ratio(pairs: &[(&str, &str)]) -> Option<Figure> {
    let words = |text: &str| text.split_whitespace().count();
    let (said, wanted) = pairs.iter().fold((0, 0), |sum, (said, wanted)| (sum.0 + words(said), sum.1 + words(wanted)));
    Figure::plain(said as f64 / wanted as f64, pairs.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chrf_is_sacrebleus() {
        let near = |pairs: &[(&str, &str)], wanted: f64| {
            let got = chrf(pairs).unwrap().value;
            assert!((got - wanted).abs() < 2e-6, "{got}, not {wanted}");
        };
        near(&[("I moved it to NATS.", "I moved it to NATS.")], 1.0);
        near(&[("xyz", "abc")], 0.0);
        near(&[("", "abc")], 0.0);
        // sacreBLEU 2.6.0, CHRF().corpus_score.
        let pairs = [
            ("I moved it to a queue.", "I moved it to NATS JetStream."),
            ("The door was bluish, I think.", "The door was blue."),
            ("ä ö 38 ms", "38 ms"),
        ];
        for (pair, wanted) in pairs.iter().zip([0.398_123_9, 0.740_834_1, 0.846_774_2]) {
            near(&[*pair], wanted);
        }
        near(&pairs, 0.551_944_6);
    }

    #[test]
    fn rouge_l_is_the_mean() {
        let score = rouge_l(&[("the cat sat", "the cat sat"), ("a dog ran off", "the dog ran home")]).unwrap();
        assert!((score.value - 0.75).abs() < 1e-9 && score.of == 2, "{score:?}");
        assert_eq!(rouge_l(&[]), None);
    }

    #[test]
    fn repetition_and_length_show() {
        assert_eq!(distinct(&["a b a b", "a b"], 1).unwrap().value, round3(2.0 / 6.0));
        assert_eq!(distinct(&["a b a b", "a b"], 2).unwrap().value, 0.5);
        assert_eq!(distinct(&["a"], 2), None);
        assert_eq!(length_ratio(&[("one two three", "one two"), ("", "four")]).unwrap().value, 1.0);
        assert_eq!(length_ratio(&[("x", "")]), None);
    }

    fn round3(value: f64) -> f64 {
        super::super::figure::round(value)
    }
}
