//! Whether answers can be told from the author's: a small classifier is trained to do it, on texts that it is not
//! tested on.
//!
//! Logistic regression on character n-grams of two and three letters, marks and case included, and on words of up to
//! four letters, most of which are function words. Each answer is paired with the author's to the same prompt, and both
//! fall into the same fold, so that what a text is about tells nothing.

use super::figure::Figure;
use crate::row::normalise;
use crate::train::rng::Stream;

/// Pairs of texts from which on a classifier says something.
const FEWEST: usize = 20;
/// Parts of the pairs, each tested by what the others taught.
const FOLDS: usize = 5;
/// Places of a text's vector. N-grams share them by hash.
const WIDTH: usize = 8192;
/// Passes over the training texts.
const PASSES: usize = 30;
/// Weight of the squared weights.
const DECAY: f64 = 1e-3;

/// A text as sparse counts: square roots, so that repetition counts less, and of length 1, so that size does not.
fn vector(text: &str) -> Vec<(usize, f64)> {
    let mut counts = std::collections::BTreeMap::<usize, f64>::new();
    let mut add = |kind: u8, bytes: &mut dyn Iterator<Item = u8>| {
        // FNV-1a, which is the same on every machine.
        let hash = std::iter::once(kind)
            .chain(bytes)
            .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
        *counts.entry((hash ^ (hash >> 32)) as usize % WIDTH).or_default() += 1.0;
    };
    let letters: Vec<char> = text.chars().collect();
    for n in [2usize, 3] {
        for gram in letters.windows(n) {
            add(n as u8, &mut gram.iter().flat_map(|c| u32::from(*c).to_le_bytes()));
        }
    }
    for word in normalise(text).split(' ').filter(|w| !w.is_empty() && w.chars().count() <= 4) {
        add(1, &mut word.bytes());
    }
    let norm = counts.values().sum::<f64>().sqrt().max(1.0);
    counts.into_iter().map(|(at, count)| (at, count.sqrt() / norm)).collect()
}

/// Weights and bias after stochastic gradient descent on labelled vectors.
fn train(texts: &[(&[(usize, f64)], bool)], seed: u64) -> (Vec<f64>, f64) {
    let (mut weights, mut bias) = (vec![0.0; WIDTH], 0.0);
    for pass in 0..PASSES {
        let rate = 4.0 / (1.0 + pass as f64 / 4.0);
        for at in Stream::new(seed, "tell", pass as u64).permutation(texts.len()) {
            let (text, is_answer) = texts[at];
            let score = dot(&weights, text) + bias;
            let error = f64::from(u8::from(is_answer)) - 1.0 / (1.0 + (-score).exp());
            // Decay where the text is: the other weights wait for a text that has them.
            for (place, value) in text {
                weights[*place] += rate * (error * value - DECAY * weights[*place]);
            }
            bias += 0.1 * rate * error;
        }
    }
    (weights, bias)
}

fn dot(weights: &[f64], text: &[(usize, f64)]) -> f64 {
    text.iter().map(|(place, value)| weights[*place] * value).sum()
}

/// The area under the ROC curve of telling answers (the first of each pair) from the author's texts, five-fold; none
/// for less than 20 pairs with words on both sides.
///
/// 0.5: no better than chance; 1: always. The interval is by Hanley and McNeil (1982) with the pairs as sample.
pub(super) fn told_apart(pairs: &[(&str, &str)], seed: u64) -> Option<Figure> {
    let pairs: Vec<_> = pairs.iter().filter(|(a, b)| !a.trim().is_empty() && !b.trim().is_empty()).collect();
    if pairs.len() < FEWEST {
        return None;
    }
    let vectors: Vec<_> = pairs.iter().map(|(said, own)| (vector(said), vector(own))).collect();
    let mut fold_of = vec![0; pairs.len()];
    for (nth, at) in Stream::new(seed, "folds", 0).permutation(pairs.len()).into_iter().enumerate() {
        fold_of[at] = nth % FOLDS;
    }
    let (mut above, mut compared) = (0.0, 0.0);
    for fold in 0..FOLDS {
        let with =
            |test: bool| vectors.iter().zip(&fold_of).filter(move |(_, f)| (**f == fold) == test).map(|(v, _)| v);
        let known: Vec<(&[(usize, f64)], bool)> =
            with(false).flat_map(|(said, own)| [(said.as_slice(), true), (own.as_slice(), false)]).collect();
        let (weights, _) = train(&known, seed);
        // Scores of two folds come from two classifiers and are not compared.
        let said: Vec<f64> = with(true).map(|(said, _)| dot(&weights, said)).collect();
        let own: Vec<f64> = with(true).map(|(_, own)| dot(&weights, own)).collect();
        for a in &said {
            for b in &own {
                compared += 1.0;
                above += match a.total_cmp(b) {
                    std::cmp::Ordering::Greater => 1.0,
                    std::cmp::Ordering::Equal => 0.5,
                    std::cmp::Ordering::Less => 0.0,
                };
            }
        }
    }
    let (area, n) = (above / compared, pairs.len() as f64);
    let (q1, q2) = (area / (2.0 - area), 2.0 * area * area / (1.0 + area));
    let spread = area * (1.0 - area) + (n - 1.0) * (q1 - area * area) + (n - 1.0) * (q2 - area * area);
    Some(Figure::plain(area, pairs.len())?.within(1.96 * (spread.max(0.0) / (n * n)).sqrt()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(endings: &[&str], seed: u64) -> Vec<String> {
        let words = ["boat", "queue", "kettle", "tide", "server", "morning", "letter", "harbour", "ferry", "clock"];
        let mut stream = Stream::new(seed, "texts", 0);
        let mut word = || words[stream.below(words.len())];
        (0..40)
            .map(|i| format!("I took the {} to the {} and left {}", word(), word(), endings[i % endings.len()]))
            .collect()
    }

    fn area(a: &[String], b: &[String]) -> Figure {
        let pairs: Vec<(&str, &str)> = a.iter().zip(b).map(|(a, b)| (a.as_str(), b.as_str())).collect();
        told_apart(&pairs, 3).unwrap()
    }

    #[test]
    fn one_hand_is_not_told_from_itself_and_another_one_is() {
        let plain = ["early.", "again, as ever.", "it there."];
        let (own, same) = (texts(&plain, 1), texts(&plain, 2));
        let stock = texts(&["— a truly pivotal journey!", "and, moreover, it was a testament to grit!"], 4);
        let same = area(&same, &own);
        assert!((0.3..0.7).contains(&same.value) && same.low < Some(0.5) && same.high > Some(0.5), "{same:?}");
        let other = area(&stock, &own);
        assert!(other.value > 0.95 && other.low > Some(0.8), "{other:?}");
    }

    #[test]
    fn few_or_empty_texts_say_nothing() {
        let pairs = vec![("a", "b"); FEWEST - 1];
        assert_eq!(told_apart(&pairs, 0), None);
        assert_eq!(told_apart(&vec![("", "b"); 50], 0), None);
    }
}
