//! What an update is made of, and how its rows are cut into calls of the engine.

use std::ops::Range;

use super::Data;
use crate::batch::{IGNORE, Sequence};

/// One thing to train on.
#[derive(Clone, Debug, PartialEq)]
pub enum Example {
    /// A prompt with its answer.
    Completion(Sequence),
    /// Two answers to one prompt.
    Pair {
        /// The person's.
        chosen: Sequence,
        /// The machine's.
        rejected: Sequence,
    },
}

impl Example {
    /// Token ids of the prompt, up to where the answer begins.
    #[must_use]
    pub fn prompt(&self) -> Vec<u32> {
        let (Self::Completion(sequence) | Self::Pair { chosen: sequence, .. }) = self;
        let end = sequence.labels.iter().position(|&label| label != IGNORE).unwrap_or(sequence.input_ids.len());
        sequence.input_ids[..end].to_vec()
    }

    /// Label tokens that the likelihood counts: all of a completion, the chosen side of a pair.
    pub(super) fn likelihood_labels(&self) -> usize {
        self.answer().label_count()
    }

    /// The completion, or the chosen side of a pair.
    pub(super) const fn answer(&self) -> &Sequence {
        match self {
            Self::Completion(sequence) | Self::Pair { chosen: sequence, .. } => sequence,
        }
    }

    /// Both sides of a pair.
    pub(super) const fn pair(&self) -> Option<(&Sequence, &Sequence)> {
        match self {
            Self::Completion(_) => None,
            Self::Pair { chosen, rejected } => Some((chosen, rejected)),
        }
    }
}

/// All examples of a run have one numbering: trained, replayed, held out.
impl<'a> Data<'a> {
    pub(super) const fn len(&self) -> usize {
        self.train.len() + self.replay.len() + self.eval.len()
    }

    /// Where the held-out ones lie.
    pub(super) fn held_out(&self) -> Vec<usize> {
        (self.train.len() + self.replay.len()..self.len()).collect()
    }

    fn part_of(&self, i: usize) -> (&'a [Example], usize) {
        let (trained, replayed) = (self.train.len(), self.replay.len());
        if i < trained {
            (self.train, 0)
        } else if i < trained + replayed {
            (self.replay, trained)
        } else {
            (self.eval, trained + replayed)
        }
    }

    pub(super) fn example(&self, i: usize) -> &'a Example {
        let (part, start) = self.part_of(i);
        &part[i - start]
    }

    /// Answers to another prompt under the prompt of pair `i`: chosen and rejected of the next pair of the same part.
    ///
    /// Fixed for the run, whatever the order of the rows, so that the reference scores them once.
    pub(super) fn mismatched(&self, i: usize) -> Option<[Sequence; 2]> {
        let (part, start) = self.part_of(i);
        let (prompt, _) = part[i - start].pair()?;
        let (chosen, rejected) = (1..=part.len()).find_map(|step| part[(i - start + step) % part.len()].pair())?;
        Some([chosen, rejected].map(|answer| answered(prompt, answer)))
    }
}

/// The prompt of one sequence with the answer of another.
fn answered(prompt: &Sequence, answer: &Sequence) -> Sequence {
    let start = |s: &Sequence| s.labels.iter().position(|&l| l != IGNORE).unwrap_or(s.labels.len());
    let (words, from) = (start(prompt), start(answer));
    let mut out = Sequence {
        input_ids: prompt.input_ids[..words].to_vec(),
        labels: vec![IGNORE; words],
        prompt: prompt.prompt.clone(),
        thought: 0..0,
    };
    out.input_ids.extend_from_slice(&answer.input_ids[from..]);
    out.labels.extend_from_slice(&answer.labels[from..]);
    out
}

/// Cuts rows of so many tokens into runs for one call of the engine each, keeping their order.
///
/// With a `budget` of tokens a run has as many rows as fit, and at least one; without (0) it has `rows`. The runs are
/// as few as the order allows, and then as even: a short last one would pay the cost of a call for little work.
pub(super) fn cut(tokens: &[usize], rows: usize, budget: usize) -> Vec<Range<usize>> {
    if budget == 0 {
        let rows = rows.max(1);
        return (0..tokens.len()).step_by(rows).map(|at| at..(at + rows).min(tokens.len())).collect();
    }
    let fewest = fill(tokens, budget);
    // The lowest budget that needs no more runs.
    let (mut low, mut high) = (tokens.iter().sum::<usize>().div_ceil(fewest.len().max(1)).min(budget), budget);
    while low < high {
        let middle = usize::midpoint(low, high);
        if fill(tokens, middle).len() > fewest.len() { low = middle + 1 } else { high = middle }
    }
    fill(tokens, high)
}

fn fill(tokens: &[usize], budget: usize) -> Vec<Range<usize>> {
    let mut out = Vec::new();
    let (mut from, mut sum) = (0, 0);
    for (i, &n) in tokens.iter().enumerate() {
        if i > from && sum + n > budget {
            out.push(from..i);
            (from, sum) = (i, 0);
        }
        sum += n;
    }
    if from < tokens.len() {
        out.push(from..tokens.len());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_keep_order_and_budget() {
        for tokens in [vec![], vec![5], vec![10, 90, 20, 20, 20, 500, 1, 1, 1], vec![30; 33]] {
            for budget in [0, 1, 40, 64, 100, 10_000] {
                let runs = cut(&tokens, 4, budget);
                let rows: Vec<usize> = runs.iter().cloned().flatten().collect();
                assert_eq!(rows, (0..tokens.len()).collect::<Vec<_>>(), "{budget}");
                for run in runs {
                    let sum: usize = tokens[run.clone()].iter().sum();
                    assert!(!run.is_empty());
                    assert!(if budget == 0 { run.len() <= 4 } else { run.len() == 1 || sum <= budget });
                }
            }
        }
    }

    #[test]
    fn runs_are_even() {
        // Filled to the brim these would be 1000 and 100.
        assert_eq!(cut(&[100; 11], 1, 1000), [0..6, 6..11]);
        assert_eq!(cut(&[100; 10], 1, 1000), std::slice::from_ref(&(0..10)));
    }

    #[test]
    fn a_mismatched_answer_stands_under_the_own_prompt() {
        let sequence = |ids: &[u32], start: usize| Sequence {
            input_ids: ids.to_vec(),
            labels: ids.iter().enumerate().map(|(i, &id)| if i < start { IGNORE } else { i64::from(id) }).collect(),
            prompt: 1..start,
            thought: 0..0,
        };
        let pair = |p: u32, c: u32, r: u32| Example::Pair {
            chosen: sequence(&[1, p, c, 2], 2),
            rejected: sequence(&[1, p, r, r, 2], 2),
        };
        let train = [pair(10, 11, 12), Example::Completion(sequence(&[1, 9, 9], 2)), pair(20, 21, 22)];
        let data = Data { train: &train, eval: &train[2..], ..Data::default() };
        let ids = |i: usize| data.mismatched(i).map(|m| m.map(|s| s.input_ids));
        assert_eq!(ids(0), Some([vec![1, 10, 21, 2], vec![1, 10, 22, 22, 2]]));
        assert_eq!(ids(1), None);
        assert_eq!(ids(2), Some([vec![1, 20, 11, 2], vec![1, 20, 12, 12, 2]]));
        // A pair alone has no other: its own answers.
        assert_eq!(ids(3), Some([vec![1, 20, 21, 2], vec![1, 20, 22, 22, 2]]));
        assert_eq!(data.mismatched(0).unwrap()[1].labels, [IGNORE, IGNORE, 22, 22, 2]);
    }
}
