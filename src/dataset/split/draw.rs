//! Groups of rows, and which of them are held out.

use std::collections::HashMap;

use super::Options;
use super::gather::{Gathered, Together};

/// Rows that stay together.
pub(super) struct Groups {
    /// The group of each row.
    pub of: Vec<u32>,
    /// Rows of each group.
    pub sizes: Vec<u32>,
    /// What the rows of each say, as one number that does not depend on their order.
    keys: Vec<u64>,
    /// Rows of each by stratum.
    strata: Vec<Vec<(u32, u32)>>,
}

pub(super) fn groups(gathered: &Gathered) -> Groups {
    let mut together = Together::clone(&gathered.together);
    let mut numbers: HashMap<u32, u32> = HashMap::new();
    let mut out = Groups { of: vec![], sizes: vec![], keys: vec![], strata: vec![] };
    for (i, row) in gathered.rows.iter().enumerate() {
        let root = together.of(u32::try_from(i).unwrap_or(u32::MAX));
        let next = u32::try_from(out.sizes.len()).unwrap_or(u32::MAX);
        let group = *numbers.entry(root).or_insert(next);
        if group == next {
            out.sizes.push(0);
            out.keys.push(0);
            out.strata.push(vec![]);
        }
        let at = group as usize;
        out.of.push(group);
        out.sizes[at] += 1;
        out.keys[at] = out.keys[at].wrapping_add(mixed(row.key));
        match out.strata[at].iter_mut().find(|(stratum, _)| *stratum == row.stratum) {
            Some((_, count)) => *count += 1,
            None => out.strata[at].push((row.stratum, 1)),
        }
    }
    out
}

/// Spreads the bits of a number (the finaliser of SplitMix64).
const fn mixed(h: u64) -> u64 {
    let h = h.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let h = (h ^ (h >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let h = (h ^ (h >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    h ^ (h >> 31)
}

/// What a group must not do to be taken.
#[derive(Clone, Copy)]
enum Care {
    Room,
    Strata,
    Whole,
    Nearer,
}

/// Shares of rows are sums of fractions.
const SLACK: f64 = 1e-9;

/// Whether each group is held out.
///
/// Groups are visited in the order of their hashes, each time with less care: those for which every stratum has room,
/// those that bring the strata nearer to the share, those that bring the whole nearer, and at last also those that go
/// past it if it is nearer then.
pub(super) fn draw(groups: &Groups, strata: usize, rows: usize, options: &Options) -> Vec<bool> {
    let mut order: Vec<usize> = (0..groups.sizes.len()).collect();
    let seed = mixed(options.seed);
    order.sort_by_key(|group| (mixed(groups.keys[*group] ^ seed), groups.keys[*group]));
    let mut missing = vec![0.0; strata];
    for (stratum, count) in groups.strata.iter().flatten() {
        missing[*stratum as usize] += options.test * f64::from(*count);
    }
    let mut whole = options.test * rows as f64;
    let mut held = vec![false; groups.sizes.len()];
    for care in [Care::Room, Care::Strata, Care::Whole, Care::Nearer] {
        for group in &order {
            if held[*group] {
                continue;
            }
            let size = f64::from(groups.sizes[*group]);
            let counts =
                || groups.strata[*group].iter().map(|(stratum, count)| (missing[*stratum as usize], f64::from(*count)));
            let strata: f64 =
                counts().map(|(missing, count): (f64, f64)| (missing - count).abs() - missing.abs()).sum();
            let fits = size <= whole.round();
            let takes = match care {
                Care::Room => fits && counts().all(|(missing, count)| count <= missing + SLACK),
                Care::Strata => fits && strata < -SLACK,
                Care::Whole => fits && strata - size < -SLACK,
                Care::Nearer => strata + (whole - size).abs() - whole.abs() < -SLACK,
            };
            if takes {
                held[*group] = true;
                whole -= size;
                for (stratum, count) in &groups.strata[*group] {
                    missing[*stratum as usize] -= f64::from(*count);
                }
            }
        }
    }
    // With groups that are all too large one is held out rather than nothing.
    let smallest = order.iter().min_by_key(|group| groups.sizes[**group]);
    if let (false, Some(smallest)) = (held.contains(&true) || groups.sizes.len() < 2, smallest) {
        held[*smallest] = true;
    }
    held
}
