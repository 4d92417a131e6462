//! Held-out preference pairs: which side a student prefers, alone and against a reference.

use std::sync::atomic::{AtomicBool, Ordering};

use serde::{Deserialize, Serialize};

use super::EvalError;
use super::figure::{Figure, round};
use crate::batch::Sequence;
use crate::train::engine::Engine;

/// Log-probabilities of one pair, summed over the answers' tokens, in nats.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct PairScore {
    /// Of the chosen answer.
    pub chosen: f64,
    /// Its tokens, end of turn included.
    pub chosen_tokens: usize,
    /// Of the rejected answer.
    pub rejected: f64,
    /// Its tokens.
    pub rejected_tokens: usize,
}

/// Labels whose logits are held at once: with a vocabulary of 128,000, 256 take 131 MB a copy.
const TOGETHER: usize = 256;

/// Log-probability of each sequence's labels, summed, in nats, with their number.
///
/// # Errors
/// The engine, or `stop`.
pub(super) fn score(
    engine: &dyn Engine,
    sequences: &[&Sequence],
    stop: &AtomicBool,
) -> Result<Vec<(f64, usize)>, EvalError> {
    let mut out = Vec::with_capacity(sequences.len());
    let mut rest = sequences;
    while !rest.is_empty() {
        if stop.load(Ordering::Relaxed) {
            return Err(EvalError::Interrupted);
        }
        let mut labels = 0;
        let fits = |sequence: &&&Sequence| {
            labels += sequence.label_count();
            labels <= TOGETHER
        };
        let (batch, after) = rest.split_at(rest.iter().take_while(fits).count().max(1));
        let logps = engine.score(batch)?;
        out.extend((0..batch.len()).map(|i| (logps.sum(i), logps.range(i).len())));
        rest = after;
    }
    Ok(out)
}

/// Scores pairs of chosen and rejected answers.
///
/// # Errors
/// The engine, or `stop`.
pub fn score_pairs(
    engine: &dyn Engine,
    pairs: &[(Sequence, Sequence)],
    stop: &AtomicBool,
    progress: &mut dyn FnMut(usize),
) -> Result<Vec<PairScore>, EvalError> {
    let mut out = Vec::with_capacity(pairs.len());
    for (chosen, rejected) in pairs {
        let scores = score(engine, &[chosen, rejected], stop)?;
        if let [(chosen, chosen_tokens), (rejected, rejected_tokens)] = scores[..] {
            let (chosen, rejected) = (round(chosen), round(rejected));
            out.push(PairScore { chosen, chosen_tokens, rejected, rejected_tokens });
        }
        progress(out.len());
    }
    Ok(out)
}

/// Share of pairs whose chosen answer has the higher mean log-probability per token.
///
/// Per token and not summed, so that the shorter answer does not win by being short. Defined for any model alone,
/// without a reference, so that before and after can be compared.
#[must_use]
pub fn by_likelihood(scores: &[PairScore]) -> Option<Figure> {
    let mean = |sum: f64, tokens: usize| sum / tokens.max(1) as f64;
    let wins = scores.iter().filter(|s| mean(s.chosen, s.chosen_tokens) > mean(s.rejected, s.rejected_tokens));
    Figure::share(wins.count(), scores.len())
}

/// Share of pairs with the higher implicit reward on the chosen side, and the mean margin (Rafailov et al. 2023).
///
/// The reward of an answer is `beta` times what its summed log-probability gained over the reference. A tie is no win,
/// as in TRL. `None` where the two did not score the same tokens.
#[must_use]
pub fn by_reward(scores: &[PairScore], reference: &[PairScore], beta: f64) -> Option<(Figure, Figure)> {
    let tokens = |s: &PairScore| (s.chosen_tokens, s.rejected_tokens);
    if !scores.iter().map(tokens).eq(reference.iter().map(tokens)) {
        return None;
    }
    let margin = |(s, r): (&PairScore, &PairScore)| beta * ((s.chosen - r.chosen) - (s.rejected - r.rejected));
    let margins: Vec<f64> = scores.iter().zip(reference).map(margin).collect();
    let wins = margins.iter().filter(|margin| **margin > 0.0).count();
    Some((Figure::share(wins, margins.len())?, Figure::mean(&margins)?))
}

/// Mean log-probability per token of the chosen answers, over all their tokens.
#[must_use]
pub fn chosen_logp(scores: &[PairScore]) -> Option<Figure> {
    let (sum, tokens) = scores.iter().fold((0.0, 0), |all, s| (all.0 + s.chosen, all.1 + s.chosen_tokens));
    Figure::plain(sum / tokens as f64, tokens)
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn pair(chosen: f64, chosen_tokens: usize, rejected: f64, rejected_tokens: usize) -> PairScore {
        PairScore { chosen, chosen_tokens, rejected, rejected_tokens }
    }

    #[test]
    fn a_short_answer_does_not_win_by_being_short() {
        let scores = [pair(-20.0, 20, -4.0, 2), pair(-20.0, 10, -4.0, 4)];
        assert_eq!(by_likelihood(&scores).unwrap().value, 0.5);
        assert_eq!(chosen_logp(&scores).map(|f| (f.value, f.of)), Some((round(-40.0 / 30.0), 30)));
        assert_eq!((by_likelihood(&[]), chosen_logp(&[])), (None, None));
    }

    #[test]
    fn rewards_are_what_was_gained_over_the_reference() {
        let before = [pair(-20.0, 20, -10.0, 10), pair(-30.0, 9, -8.0, 8), pair(-5.0, 5, -5.0, 5)];
        let after = [pair(-16.0, 20, -11.0, 10), pair(-31.0, 9, -6.0, 8), pair(-4.0, 5, -4.0, 5)];
        let (wins, margin) = by_reward(&after, &before, 0.1).unwrap();
        // Margins 0.1 · (5, −3, 0): the tie is no win.
        assert_eq!((wins.value, wins.of), (round(1.0 / 3.0), 3));
        assert!((margin.value - round(0.2 / 3.0)).abs() < 1e-9, "{margin:?}");
        let (wins, margin) = by_reward(&before, &before, 0.1).unwrap();
        assert_eq!((wins.value, margin.value), (0.0, 0.0));
        assert_eq!(by_reward(&after, &before[..2], 0.1), None);
    }
}
