//! Rows that have a key in common.

use crate::Error;
use crate::edge::spill::Sorter;

/// Rows by a key, such as the hash of their question, each with a number of the caller's, such as the hash of its
/// answer. No memory per row; 24 bytes of disk per row once the budget is spent.
#[derive(Debug)]
pub struct Grouped {
    sorter: Sorter<3>,
}

/// A row of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Member {
    /// The row, by the caller's number.
    pub row: u64,
    /// What the caller gave with it.
    pub value: u64,
}

impl Grouped {
    /// None yet; `budget` is in bytes.
    #[must_use]
    pub fn new(budget: usize) -> Self {
        Self { sorter: Sorter::new(budget) }
    }

    /// Adds a row.
    ///
    /// # Errors
    /// The temporary file cannot be written, as when the disk is full.
    pub fn push(&mut self, key: u64, row: u64, value: u64) -> Result<(), Error> {
        self.sorter.push([key, row, value])
    }

    /// Hands over every group with at least two different values: the first row of each value in the order of rows, the
    /// first `most` (up to 256) of them. Groups come in the order of their keys.
    ///
    /// # Errors
    /// The temporary file cannot be read.
    pub fn finish(self, most: usize, mut found: impl FnMut(u64, &[Member])) -> Result<(), Error> {
        let most = most.clamp(2, 256);
        let (mut bucket, mut members) = (None, Vec::<Member>::new());
        let mut tell = |key: Option<u64>, members: &[Member]| match key {
            Some(key) if members.len() > 1 => found(key, members),
            _ => {}
        };
        for record in self.sorter.finish()? {
            let [key, row, value] = record?;
            if bucket != Some(key) {
                tell(bucket, &members);
                bucket = Some(key);
                members.clear();
            }
            // Few enough to look through.
            if members.len() < most && members.iter().all(|member| member.value != value) {
                members.push(Member { row, value });
            }
        }
        tell(bucket, &members);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_hold_the_first_row_of_each_value() {
        for budget in [0, 1 << 20] {
            let mut grouped = Grouped::new(budget);
            for row in 0..1000u64 {
                grouped.push(row % 4, row, if row % 4 == 1 { row / 300 } else { u64::from(row == 998) }).unwrap();
            }
            grouped.push(u64::MAX, 5, 5).unwrap();
            let mut groups = vec![];
            grouped
                .finish(3, |key, members| {
                    groups.push((key, members.iter().map(|m| (m.row, m.value)).collect::<Vec<_>>()));
                })
                .unwrap();
            assert_eq!(groups, [(1, vec![(1, 0), (301, 1), (601, 2)]), (2, vec![(2, 0), (998, 1)])]);
        }
    }
}
