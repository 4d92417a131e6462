//! Duplicates inside the loop: what was accepted, and whether an offered row says it again.

mod likeness;
mod shelf;

use std::collections::HashMap;

use crate::row::rouge::{Lcs, rouge};
use crate::row::{Content, Disagreement, Facts, Kind, normalise};
use likeness::{Folded, hash, mixed};
use shelf::{Shelf, Stored};

/// How alike two rows may be. All are shares from 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Thresholds {
    /// ROUGE-L F1 of two questions from which they are one (self-instruct's 0.7).
    pub instruction: f64,
    /// Jaccard index of the three-word runs of two rows from which they are one.
    pub row: f64,
    /// ROUGE-L F1 of two answers from which they are one, if their questions are `reworded`.
    pub response: f64,
    /// ROUGE-L F1 of the questions of such answers.
    pub reworded: f64,
    /// ROUGE-L F1 of two questions from which their answers must agree.
    pub same_question: f64,
    /// ROUGE-L F1 of two answers without numbers and names below which they disagree.
    pub other_answer: f64,
    /// Rows of a kind up to which every pair is compared; past it MinHash finds the candidates.
    pub exact_up_to: usize,
}

impl Default for Thresholds {
    fn default() -> Self {
        Self {
            instruction: 0.7,
            row: 0.8,
            response: 0.9,
            reworded: 0.5,
            same_question: 0.9,
            other_answer: 0.3,
            exact_up_to: 20_000,
        }
    }
}

/// Why a row is a duplicate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Why {
    /// The same words in every field.
    Exact,
    /// The same question.
    Instruction,
    /// The same row with a few words changed.
    Row,
    /// The same answer to a reworded question.
    Response,
}

/// An accepted row that says the same.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Near {
    /// Its number, as [`Pool::insert`] gave it.
    pub of: usize,
    /// What is alike.
    pub why: Why,
    /// How much, 0 to 1.
    pub score: f64,
}

/// Two answers to one question that cannot both be right.
#[derive(Clone, Debug, PartialEq)]
pub struct Conflict {
    /// The accepted row.
    pub a: usize,
    /// The row offered later, by the number of its [`Pool::check`], from 0.
    pub offer: usize,
    /// What the later one asked.
    pub question: String,
    /// Where they differ.
    pub why: Disagreement,
}

/// Everything accepted so far, as numbers and hashes: no text is kept but the questions of conflicts.
///
/// Rows are compared within their kind. Up to [`Thresholds::exact_up_to`] rows of a kind, the answers are those of
/// comparing every pair; what is skipped cannot reach the threshold. Past it, candidates come from 14 bands of 8
/// MinHashes over three-word runs (65 % of the pairs with a Jaccard index of 0.72 are found, 92 % of those with 0.8, 99 %
/// of those with 0.87) and from rare words, and are compared like the others.
#[derive(Debug)]
pub struct Pool {
    thresholds: Thresholds,
    ids: HashMap<u64, u32, mixed::Build>,
    shelves: [Shelf; Kind::ALL.len()],
    lcs: Lcs,
    accepted: usize,
    offers: usize,
    conflicts: Vec<Conflict>,
}

impl Pool {
    /// An empty pool.
    #[must_use]
    pub fn new(thresholds: Thresholds) -> Self {
        Self {
            thresholds,
            ids: HashMap::default(),
            shelves: std::array::from_fn(|_| Shelf::new(thresholds)),
            lcs: Lcs::default(),
            accepted: 0,
            offers: 0,
            conflicts: Vec::new(),
        }
    }

    /// Rows inserted.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.accepted
    }

    /// Whether nothing was inserted.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.accepted == 0
    }

    /// Whether a row says something that no accepted one says. Notes a conflict when it asks what one asks and answers
    /// otherwise, also when it is turned down for that.
    ///
    /// # Errors
    /// The accepted row that it repeats: for the first reason of [`Why`] that holds, the one most alike, the earliest
    /// of several.
    pub fn check(&mut self, content: &Content) -> Result<(), Near> {
        let offer = self.offers;
        self.offers += 1;
        let folded = self.fold(content);
        let shelf = &mut self.shelves[slot(content.kind())];
        let exact = shelf.same(folded.whole);
        if let Some(local) = exact {
            return Err(Near { of: shelf.row(local).number, why: Why::Exact, score: 1.0 });
        }
        let thresholds = self.thresholds;
        let mut best: Option<Near> = None;
        let mut take = |of: usize, why: Why, score: f64| {
            let better = best.as_ref().is_none_or(|b| (b.why, -b.score, b.of) > (why, -score, of));
            if better {
                best = Some(Near { of, why, score });
            }
        };
        let facts = std::cell::OnceCell::new();
        for local in shelf.asking(&folded) {
            let row = shelf.row(local);
            let score = self.lcs.rouge(&folded.question, &row.question, thresholds.instruction);
            if score >= thresholds.instruction {
                take(row.number, Why::Instruction, score);
            }
            if score >= thresholds.same_question {
                let facts = facts.get_or_init(|| Facts::of(answer(content)));
                let alike = rouge(&folded.answer, &row.answer);
                if let Some(why) = facts.disagreement(&row.facts, alike, thresholds.other_answer) {
                    let question = content.fields()[0].to_owned();
                    self.conflicts.push(Conflict { a: row.number, offer, question, why });
                }
            }
        }
        for (local, score) in shelf.overlapping(&folded) {
            take(shelf.row(local).number, Why::Row, score);
        }
        for local in shelf.answering(&folded) {
            let row = shelf.row(local);
            let score = self.lcs.rouge(&folded.answer, &row.answer, thresholds.response);
            if score >= thresholds.response && rouge(&folded.question, &row.question) >= thresholds.reworded {
                take(row.number, Why::Response, score);
            }
        }
        best.map_or(Ok(()), Err)
    }

    /// Takes a row in and gives it its number, from 0 in the order of insertion. Nothing is checked.
    pub fn insert(&mut self, content: &Content) -> usize {
        let number = self.accepted;
        self.accepted += 1;
        let folded = self.fold(content);
        let facts = Facts::of(answer(content));
        let stored = Stored { number, question: folded.question, answer: folded.answer, grams: folded.grams, facts };
        self.shelves[slot(content.kind())].put(stored, folded.whole);
        number
    }

    /// Rows that asked the same and answered otherwise, in the order they were offered.
    #[must_use]
    pub fn conflicts(&self) -> &[Conflict] {
        &self.conflicts
    }

    fn fold(&mut self, content: &Content) -> Folded {
        let mut word_ids = |text: &str| -> Box<[u32]> {
            let folded = normalise(text);
            let words = folded.split(' ').filter(|w| !w.is_empty());
            words
                .map(|w| {
                    let next = u32::try_from(self.ids.len()).unwrap_or(u32::MAX);
                    *self.ids.entry(hash(w)).or_insert(next)
                })
                .collect()
        };
        let fields = content.fields().map(&mut word_ids);
        let folded = Folded::new(fields, answer_field(content.kind()));
        self.lcs.room(self.ids.len());
        folded
    }
}

const fn slot(kind: Kind) -> usize {
    match kind {
        Kind::Qa => 0,
        Kind::Cot => 1,
        Kind::Preference => 2,
    }
}

/// Which of a row's fields answers its first.
const fn answer_field(kind: Kind) -> usize {
    match kind {
        Kind::Qa | Kind::Cot => 2,
        Kind::Preference => 1,
    }
}

fn answer(content: &Content) -> &str {
    content.fields()[answer_field(content.kind())]
}

#[cfg(test)]
mod tests;
