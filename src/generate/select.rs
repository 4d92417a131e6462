use std::collections::BTreeMap;

use crate::row::Row;

/// As many rows as were wanted, evenly over the passages, in reading order; and how many were left over.
pub(super) fn evenly(accepted: Vec<(usize, Row)>, wanted: usize) -> (Vec<Row>, usize) {
    let mut nth: BTreeMap<usize, usize> = BTreeMap::new();
    let mut ranked: Vec<(usize, usize, Row)> = accepted
        .into_iter()
        .map(|(i, row)| {
            let n = nth.entry(i).or_default();
            *n += 1;
            (*n, i, row)
        })
        .collect();
    // A passage of twice the length gives twice the rows: ranked by the share of its own that a row is.
    ranked.sort_by_key(|(n, i, _)| (n * 1000 / nth[i].max(1), *i, *n));
    let spare = ranked.len().saturating_sub(wanted);
    ranked.truncate(wanted);
    ranked.sort_by_key(|(n, i, _)| (*i, *n));
    (ranked.into_iter().map(|(_, _, row)| row).collect(), spare)
}
