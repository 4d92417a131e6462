//! Which rows are alike, by comparing every pair that can be (up to some 20,000 rows).

use super::NONE;
use super::hash::Counts;
use super::measure::{Marks, Measure, possible};
use super::store::Sealed;
use crate::Error;

/// A row in the list of one of its tokens.
#[derive(Clone, Copy, Debug, Default)]
struct Posting {
    row: u32,
    /// Where the token is among the row's tokens, the rarest first.
    at: u16,
    length: u16,
}

/// The rows by their rarest tokens. Two alike rows have at least one of those in common (the prefix filter of all-pairs
/// search, Bayardo, Ma and Srikant 2007), and what follows the first common one must suffice (the positional filter of
/// PPJoin, Xiao et al. 2008).
struct Lists {
    /// Tokens that are among the rarest of at least two rows, sorted.
    tokens: Vec<u32>,
    /// Where the list of each begins.
    starts: Vec<u32>,
    /// Each list has room for all its rows. Rows that are like no earlier one are entered from its front, the others
    /// from its back.
    postings: Vec<Posting>,
    firsts: Vec<u32>,
    others: Vec<u32>,
}

impl Lists {
    /// From all rarest tokens of all rows.
    fn new(mut all: Vec<u32>) -> Self {
        all.sort_unstable();
        let (mut tokens, mut starts, mut end) = (vec![], vec![0], 0);
        for same in all.chunk_by(|a, b| a == b).filter(|same| same.len() > 1) {
            end += same.len() as u32;
            tokens.push(same[0]);
            starts.push(end);
        }
        let count = tokens.len();
        let postings = vec![Posting::default(); end as usize];
        Self { tokens, starts, postings, firsts: vec![0; count], others: vec![0; count] }
    }

    fn of(&self, token: u32) -> Option<usize> {
        self.tokens.binary_search(&token).ok()
    }

    fn enter(&mut self, list: usize, posting: Posting, first: bool) {
        let (start, end) = (self.starts[list], self.starts[list + 1]);
        let at = if first { start + self.firsts[list] } else { end - 1 - self.others[list] };
        self.postings[at as usize] = posting;
        let count = if first { &mut self.firsts[list] } else { &mut self.others[list] };
        *count += 1;
    }

    fn rows(&self, list: usize, first: bool) -> &[Posting] {
        let (start, end) = (self.starts[list] as usize, self.starts[list + 1] as usize);
        if first {
            &self.postings[start..start + self.firsts[list] as usize]
        } else {
            &self.postings[end - self.others[list] as usize..end]
        }
    }
}

/// Enters for every row the earliest that it is like: one that is like no earlier one itself where there is such a
/// row, else another. Rows that have an entry (they equal an earlier row) are left out.
pub(super) fn join<M: Measure>(measure: &mut M, rows: &mut Sealed, of: &mut [u32]) -> Result<(), Error> {
    let count = of.len() as u32;
    let (mut list, mut other, mut tokens, mut order) = (vec![], vec![], vec![], vec![]);
    let mut counts = Counts::new(usize::try_from(rows.words()).unwrap_or(usize::MAX));
    for row in (0..count).filter(|row| of[*row as usize] == NONE) {
        rows.get(row, &mut list)?;
        measure.tokens(&list, &mut tokens);
        tokens.iter().for_each(|token| counts.add(*token));
    }
    // The rarest tokens of each row, one row after the other, and where they end.
    let (mut rarest, mut ends, mut marks) = (vec![], vec![], vec![]);
    for row in 0..count {
        if of[row as usize] == NONE {
            rows.get(row, &mut list)?;
            measure.tokens(&list, &mut tokens);
            counts.sort(&mut tokens, &mut order);
            let looked_up = (tokens.len() + 1).saturating_sub(measure.least(tokens.len())).min(tokens.len());
            rarest.extend_from_slice(&tokens[..looked_up]);
            marks.push(Marks::new(&tokens));
        } else {
            marks.push(Marks::default());
        }
        ends.push(rarest.len());
    }
    let mut lists = Lists::new(rarest.clone());
    let (mut seen, mut round, mut candidates, mut mine) = (vec![0u32; of.len()], 0, vec![], vec![]);
    let mut start = 0;
    for row in 0..count {
        let own = marks[row as usize];
        let length = own.length();
        mine.clear();
        let range = std::mem::replace(&mut start, ends[row as usize])..ends[row as usize];
        mine.extend(rarest[range].iter().enumerate().filter_map(|(at, token)| Some((at, lists.of(*token)?))));
        if of[row as usize] != NONE {
            continue;
        }
        let mut found = None;
        let mut loaded = false;
        for first in [true, false] {
            round += 1;
            candidates.clear();
            for (at, list) in &mine {
                for posting in lists.rows(*list, first) {
                    let mark = &mut seen[posting.row as usize];
                    if *mark == round {
                        continue;
                    }
                    *mark = round;
                    let theirs = usize::from(posting.length);
                    let left = (length - at).min(theirs - usize::from(posting.at));
                    if left >= measure.needed(length, theirs) && possible(measure, &own, &marks[posting.row as usize]) {
                        candidates.push(posting.row);
                    }
                }
            }
            candidates.sort_unstable();
            for candidate in &candidates {
                if !std::mem::replace(&mut loaded, true) {
                    rows.get(row, &mut list)?;
                    measure.load(&list);
                }
                rows.get(*candidate, &mut other)?;
                if measure.likeness(&other) > 0.0 {
                    found = Some(*candidate);
                    break;
                }
            }
            if found.is_some() {
                break;
            }
        }
        of[row as usize] = found.unwrap_or(NONE);
        for (at, list) in &mine {
            lists.enter(*list, Posting { row, at: *at as u16, length: length as u16 }, found.is_none());
        }
    }
    Ok(())
}
