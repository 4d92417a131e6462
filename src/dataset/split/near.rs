//! Questions in nearly the same words: every pair whose ROUGE-L F reaches the threshold, and no other.

use std::collections::{HashMap, HashSet};

use super::gather::Together;
use crate::row::rouge::{Lcs, Numbered};

/// How alike two questions are that stay together.
const LEAST: f64 = 0.8;
/// Words of a question that are compared.
const MOST_WORDS: usize = 256;

/// Different questions with the first row of each.
#[derive(Default)]
pub(super) struct Prompts {
    rows: Vec<u32>,
    words: Vec<Box<[u32]>>,
    known: HashSet<u64>,
    numbered: Numbered,
}

/// A word and how often it stood in the list before: lists with repeated words are sets of these.
type Token = (u32, u32);

impl Prompts {
    /// Adds the question of a row, folded, with its hash.
    pub(super) fn push(&mut self, row: u32, hash: u64, folded: &str) {
        if self.known.insert(hash) {
            let mut words = self.numbered.words(folded);
            words.truncate(MOST_WORDS);
            self.rows.push(row);
            self.words.push(words.into_boxed_slice());
        }
    }

    fn tokens(&self, list: usize, out: &mut Vec<Token>) {
        out.clear();
        let words = &self.words[list];
        out.extend(words.iter().enumerate().map(|(i, word)| {
            let before = words[..i].iter().filter(|other| *other == word).count();
            (*word, u32::try_from(before).unwrap_or(u32::MAX))
        }));
    }

    /// Joins the rows of alike questions.
    ///
    /// Two lists that are alike share at least `least / (2 - least)` of the longer one, so they share one of its rarest
    /// words (the prefix filter of all-pairs search, Bayardo, Ma and Srikant 2007).
    pub(super) fn join(self, together: &mut Together) {
        let share = LEAST / (2.0 - LEAST);
        let mut order: Vec<usize> = (0..self.words.len()).collect();
        order.sort_by_key(|i| self.words[*i].len());
        let mut frequency: HashMap<Token, u32> = HashMap::new();
        let mut rarest: Vec<Token> = vec![];
        for i in 0..self.words.len() {
            self.tokens(i, &mut rarest);
            rarest.iter().for_each(|token| *frequency.entry(*token).or_default() += 1);
        }
        let mut lists: HashMap<Token, Vec<u32>> = HashMap::new();
        let mut lcs = Lcs::default();
        let words = self.words.iter().flatten().max().map_or(0, |word| *word as usize + 1);
        lcs.room(words);
        let mut compared: Vec<u32> = vec![u32::MAX; self.words.len()];
        for i in order {
            let words = &self.words[i];
            self.tokens(i, &mut rarest);
            rarest.sort_unstable_by_key(|token| (frequency[token], *token));
            let needed = (share * words.len() as f64).ceil() as usize;
            rarest.truncate(words.len() + 1 - needed.clamp(1, words.len().max(1)));
            for token in &rarest {
                let list = lists.entry(*token).or_default();
                for other in list.iter() {
                    let (at, other_words) = (*other as usize, &self.words[*other as usize]);
                    if (other_words.len() as f64) < share * words.len() as f64
                        || std::mem::replace(&mut compared[at], i as u32) == i as u32
                        || together.of(self.rows[i]) == together.of(self.rows[at])
                    {
                        continue;
                    }
                    if lcs.rouge(words, other_words, LEAST) >= LEAST {
                        together.join(self.rows[i], self.rows[at]);
                    }
                }
                list.push(i as u32);
            }
        }
    }
}
