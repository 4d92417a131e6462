//! Questions in nearly the same words: every pair whose ROUGE-L F reaches the threshold, and no other.

use std::collections::{HashMap, HashSet};

use super::gather::Together;
use crate::row::rouge::Lcs;

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
    /// A word and how often it stood there before, as a number: lists with repeated words are sets of these.
    numbers: HashMap<(String, u32), u32>,
    frequency: Vec<u32>,
}

impl Prompts {
    /// Adds the question of a row, folded, with its hash.
    pub(super) fn push(&mut self, row: u32, hash: u64, folded: &str) {
        if !self.known.insert(hash) {
            return;
        }
        let mut times: HashMap<&str, u32> = HashMap::new();
        let mut words = vec![];
        for word in folded.split(' ').filter(|word| !word.is_empty()).take(MOST_WORDS) {
            let nth = times.entry(word).or_default();
            let next = u32::try_from(self.numbers.len()).unwrap_or(u32::MAX);
            let number = *self.numbers.entry((word.to_owned(), *nth)).or_insert(next);
            if number as usize == self.frequency.len() {
                self.frequency.push(0);
            }
            self.frequency[number as usize] += 1;
            *nth += 1;
            words.push(number);
        }
        self.rows.push(row);
        self.words.push(words.into_boxed_slice());
    }

    /// Joins the rows of alike questions.
    ///
    /// Two lists that are alike share at least `least / (2 - least)` of the longer one, so they share one of its rarest
    /// words (the prefix filter of all-pairs search, Bayardo, Ma and Srikant 2007).
    pub(super) fn join(self, together: &mut Together) {
        let share = LEAST / (2.0 - LEAST);
        let mut order: Vec<usize> = (0..self.words.len()).collect();
        order.sort_by_key(|i| self.words[*i].len());
        let mut lists: HashMap<u32, Vec<u32>> = HashMap::new();
        let mut lcs = Lcs::default();
        lcs.room(self.frequency.len());
        let mut compared: Vec<u32> = vec![u32::MAX; self.words.len()];
        let mut rarest: Vec<u32> = vec![];
        for i in order {
            let words = &self.words[i];
            rarest.clear();
            rarest.extend_from_slice(words);
            rarest.sort_unstable_by_key(|word| (self.frequency[*word as usize], *word));
            let needed = (share * words.len() as f64).ceil() as usize;
            rarest.truncate(words.len() + 1 - needed.clamp(1, words.len().max(1)));
            for word in &rarest {
                let list = lists.entry(*word).or_default();
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
