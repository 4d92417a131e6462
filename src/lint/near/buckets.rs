//! Which rows are alike, among those that have a key in common.

use super::NONE;
use super::hash::{Counts, mix};
use super::measure::Measure;
use super::store::Sealed;
use crate::Error;
use crate::edge::spill::Sorter;

/// Rows of a bucket that the others are compared with: the first that are like no earlier one…
const FIRSTS: usize = 16;
/// …and the first that are, by another bucket.
const OTHERS: usize = 4;

/// A row that the later ones of its bucket are compared with.
#[derive(Debug, Default)]
pub(super) struct Lead {
    pub row: u32,
    pub mark: u32,
    /// Read when first needed.
    pub list: Vec<u32>,
}

/// The leads of one bucket; their room is used again for the next.
#[derive(Debug, Default)]
pub(super) struct Leads {
    leads: Vec<Lead>,
    count: usize,
}

impl Leads {
    pub(super) const fn clear(&mut self) {
        self.count = 0;
    }

    pub(super) fn iter_mut(&mut self) -> std::slice::IterMut<'_, Lead> {
        self.leads[..self.count].iter_mut()
    }

    /// Takes a row while there are fewer than `most`.
    pub(super) fn push(&mut self, row: u32, mark: u32, most: usize) {
        if self.count == most {
            return;
        }
        if self.count == self.leads.len() {
            self.leads.push(Lead::default());
        }
        let lead = &mut self.leads[self.count];
        (lead.row, lead.mark) = (row, mark);
        lead.list.clear();
        self.count += 1;
    }
}

/// Length of a list, up to 255, and a bit for each token, turned as often as one falls on it.
pub(super) fn mark(tokens: &[u32]) -> u32 {
    let turned = tokens.iter().fold(0, |bits: u32, token| bits ^ 1 << ((u64::from(token.rotate_left(13)) * 24) >> 32));
    (tokens.len().min(255) as u32) << 24 | turned
}

/// Whether lists with these marks can have enough tokens in common.
pub(super) fn possible(measure: &impl Measure, a: u32, b: u32) -> bool {
    let (longer, shorter) = ((a >> 24).max(b >> 24) as usize, (a >> 24).min(b >> 24) as usize);
    if longer == 255 {
        return true;
    }
    let differing = ((a ^ b) & 0xff_ffff).count_ones() as usize;
    ((longer + shorter).saturating_sub(differing) / 2).min(shorter) >= measure.needed(longer, shorter)
}

/// Enters for every row an earlier one that it is like. Rows that have an entry (they equal an earlier row) are left
/// out.
pub(super) fn compare(
    measure: &mut impl Measure,
    rows: &mut Sealed,
    of: &mut [u32],
    budget: usize,
) -> Result<(), Error> {
    let (mut list, mut tokens, mut keys) = (vec![], vec![], vec![]);
    let mut counts = Counts::new(usize::try_from(rows.words()).unwrap_or(usize::MAX));
    let alone = |of: &[u32], row: &u32| of[*row as usize] == NONE;
    for row in (0..of.len() as u32).filter(|row| alone(of, row)) {
        rows.get(row, &mut list)?;
        measure.tokens(&list, &mut tokens);
        tokens.iter().for_each(|token| counts.add(*token));
    }
    let mut sorter = Sorter::<2>::new(budget);
    for row in (0..of.len() as u32).filter(|row| alone(of, row)) {
        rows.get(row, &mut list)?;
        measure.tokens(&list, &mut tokens);
        let value = u64::from(row) << 32 | u64::from(mark(&tokens));
        keys.clear();
        measure.keys(&list, &counts, &mut keys);
        for key in &keys {
            sorter.push([*key, value])?;
        }
    }
    drop(counts);
    // Pairs with several keys in common are compared once, unless it is too long ago.
    let mut compared = vec![u64::MAX; 1 << 16];
    let (mut firsts, mut others, mut bucket) = (Leads::default(), Leads::default(), None);
    for record in sorter.finish()? {
        let [key, value] = record?;
        let (row, mark) = ((value >> 32) as u32, value as u32);
        if bucket != Some(key) {
            bucket = Some(key);
            firsts.clear();
            others.clear();
        }
        if of[row as usize] != NONE {
            others.push(row, mark, OTHERS);
            continue;
        }
        let mut loaded = false;
        for lead in firsts.iter_mut().chain(others.iter_mut()) {
            if lead.row == row || !possible(measure, mark, lead.mark) {
                continue;
            }
            let pair = u64::from(row) << 32 | u64::from(lead.row);
            if std::mem::replace(&mut compared[(mix(pair) >> 48) as usize], pair) == pair {
                continue;
            }
            if !std::mem::replace(&mut loaded, true) {
                rows.get(row, &mut list)?;
                measure.load(&list);
            }
            if lead.list.is_empty() {
                rows.get(lead.row, &mut lead.list)?;
            }
            if measure.likeness(&lead.list) > 0.0 {
                of[row as usize] = lead.row;
                break;
            }
        }
        if of[row as usize] == NONE {
            firsts.push(row, mark, FIRSTS);
        }
    }
    Ok(())
}
