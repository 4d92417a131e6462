use std::collections::BTreeMap;

use serde::Serialize;

/// Lengths below this are counted one by one; above, those that agree in their first eleven binary digits together.
const EXACT: u64 = 1 << 11;
/// Bars that a histogram is drawn with.
const BARS: u64 = 12;

/// How many lengths there are of each size, in bounded memory: quantiles are exact up to 2047 and within a thousandth
/// above.
#[derive(Clone, Debug, Default)]
pub struct Histogram {
    pub(super) counts: BTreeMap<u64, u64>,
    count: u64,
    total: u64,
    min: u64,
    max: u64,
}

/// One bar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Bin {
    /// The shortest length of it.
    pub from: u64,
    /// The longest.
    pub to: u64,
    /// How many.
    pub count: u64,
}

impl Histogram {
    /// Counts a length.
    pub fn add(&mut self, length: u64) {
        let shift = (u64::BITS - length.leading_zeros()).saturating_sub(EXACT.trailing_zeros());
        *self.counts.entry(length >> shift << shift).or_default() += 1;
        self.min = if self.count == 0 { length } else { self.min.min(length) };
        self.max = self.max.max(length);
        self.total = self.total.saturating_add(length);
        self.count += 1;
    }

    /// How many lengths were counted.
    #[must_use]
    pub const fn count(&self) -> u64 {
        self.count
    }

    /// The shortest; 0 when there is none.
    #[must_use]
    pub const fn min(&self) -> u64 {
        self.min
    }

    /// The longest.
    #[must_use]
    pub const fn max(&self) -> u64 {
        self.max
    }

    /// The sum.
    #[must_use]
    pub const fn total(&self) -> u64 {
        self.total
    }

    /// The least length that at least this share does not exceed.
    #[must_use]
    pub fn quantile(&self, share: f64) -> u64 {
        let needed = (share * self.count as f64).ceil() as u64;
        let mut below = 0;
        for (length, count) in &self.counts {
            below += count;
            if below >= needed {
                return *length;
            }
        }
        self.max
    }

    /// About a dozen bars of the same width, the last one open where a few lengths are far longer than the rest.
    #[must_use]
    pub fn bins(&self) -> Vec<Bin> {
        if self.count == 0 {
            return vec![];
        }
        let usual = self.quantile(0.99);
        let reach = if self.max > usual.saturating_mul(2) { usual } else { self.max };
        let width = nice((reach + 1).div_ceil(BARS));
        let bars = (reach / width + 1).max(1);
        let mut bins: Vec<Bin> =
            (0..bars).map(|bar| Bin { from: bar * width, to: (bar + 1) * width - 1, count: 0 }).collect();
        if reach < self.max && self.max >= bars * width {
            bins.push(Bin { from: bars * width, to: self.max, count: 0 });
        }
        for (length, count) in &self.counts {
            let at = usize::try_from(length / width).unwrap_or(usize::MAX).min(bins.len() - 1);
            bins[at].count += count;
        }
        let first = bins.iter().position(|bin| bin.count > 0).unwrap_or(0);
        bins.split_off(first)
    }
}

/// The least of 1, 2, 5 times a power of ten that is not below `rough`.
fn nice(rough: u64) -> u64 {
    let mut power = 1;
    loop {
        for step in [1, 2, 5] {
            if step * power >= rough || power > u64::MAX / 100 {
                return step * power;
            }
        }
        power *= 10;
    }
}
