//! Which groups of digits are numbers to call, by the plans of the countries.

use super::run::{Gap, Group};

/// Some groups of a run in a row.
#[derive(Clone, Copy)]
pub(super) struct Number<'r> {
    /// All digits of the groups.
    pub(super) digits: &'r [u8],
    pub(super) groups: &'r [Group],
}

/// How much a shape says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Shape {
    /// No number to call, whatever stands beside it.
    Never,
    /// Only with a label.
    Labelled,
    /// With other contact details around it.
    Weak,
    /// By itself.
    Strong,
}

impl Number<'_> {
    fn sizes(&self) -> ([u8; 8], usize) {
        let mut sizes = [0; 8];
        for (slot, group) in sizes.iter_mut().zip(self.groups) {
            *slot = u8::try_from(group.length).unwrap_or(u8::MAX);
        }
        (sizes, self.groups.len())
    }

    /// The gaps between the groups.
    fn gaps(&self) -> impl Iterator<Item = Gap> {
        self.groups.iter().skip(1).map(|group| group.gap)
    }

    /// What the digits of group `index` say.
    fn value(&self, index: usize) -> u32 {
        let Some(group) = self.groups.get(index) else { return 0 };
        let base = self.groups.first().map_or(0, |first| first.first);
        let digits = self.digits.get(group.first - base..group.first - base + group.length).unwrap_or_default();
        digits.iter().fold(0, |value, digit| value.saturating_mul(10).saturating_add(u32::from(*digit)))
    }

    fn year(&self, index: usize) -> bool {
        self.groups.get(index).is_some_and(|group| group.length == 4) && (1900..2100).contains(&self.value(index))
    }

    /// Days, months, years and ranges of them, with an hour behind at most.
    pub(super) fn dates(&self) -> bool {
        let count = self.groups.len();
        let short = |index: usize, most: u32| {
            self.groups.get(index).is_some_and(|group| group.length <= 2) && (1..=most).contains(&self.value(index))
        };
        let mut at = 0;
        let mut seen = false;
        while at < count {
            let triple = short(at, 31) && short(at + 1, 31) && (short(at, 12) || short(at + 1, 12));
            // Two digits for the year are a date only where nothing but dates stands.
            let brief = triple
                && count == 3
                && self.groups.get(at + 2).is_some_and(|group| group.length == 2)
                && !self.groups[at + 1].gap.has(Gap::SPACE);
            let dated = self.year(at) && short(at + 1, 12) && short(at + 2, 31);
            if triple && self.year(at + 2) || brief || dated {
                at += 3;
            } else if (self.year(at) && short(at + 1, 12)) || (short(at, 31) && self.year(at + 1)) {
                at += 2;
            } else if self.year(at) {
                at += 1;
            } else if seen && at + 1 == count && self.groups[at].length <= 2 {
                return true;
            } else if at == 0 && count == 1 && self.digits.len() == 8 {
                // 20190412
                return self.compact();
            } else {
                return false;
            }
            seen = true;
        }
        seen
    }

    /// A whole date among other groups: `20.0.0 (2020-01-21`.
    fn dated(&self) -> bool {
        let short = |index: usize, most: u32| {
            self.groups.get(index).is_some_and(|group| group.length <= 2) && (1..=most).contains(&self.value(index))
        };
        let joined = |index: usize| self.groups.get(index).is_some_and(|group| group.gap == Gap::DASH);
        (0..self.groups.len())
            .any(|at| self.year(at) && joined(at + 1) && joined(at + 2) && short(at + 1, 12) && short(at + 2, 31))
    }

    /// Two hours: `09.00–15.00`.
    fn hours(&self) -> bool {
        let hour = |at: usize| self.groups[at].length == 2 && self.value(at) <= 24 && self.value(at + 1) < 60;
        self.groups.len() == 4
            && self.pairs()
            && hour(0)
            && hour(2)
            && self.groups[1].gap == Gap::DOT
            && self.groups[2].gap.has(Gap::DASH)
            && self.groups[3].gap == Gap::DOT
    }

    /// Pages: two numbers of four digits, the second a little further on.
    fn pages(&self) -> bool {
        self.groups.len() == 2
            && self.groups.iter().all(|group| group.length == 4)
            && self.groups[1].gap.has(Gap::DASH)
            && (1..=150).contains(&self.value(1).wrapping_sub(self.value(0)))
    }

    /// `2509.14543`: a paper on arXiv.
    fn paper(&self) -> bool {
        self.groups.len() == 2
            && self.groups[0].length == 4
            && (4..=5).contains(&self.groups[1].length)
            && self.groups[1].gap == Gap::DOT
            && (700..3000).contains(&self.value(0))
    }

    /// A year in brackets behind it, which belongs to the sentence: `200-301 (2019`.
    fn year_behind(&self) -> bool {
        let last = self.groups.len() - 1;
        last > 0 && self.groups[last].gap.has(Gap::OPEN) && self.year(last)
    }

    /// Numbers with decimals in a row: `449.816 634.17`.
    fn decimals(&self) -> bool {
        let mut dots = 0;
        let even = self.groups.iter().skip(1).enumerate().all(|(index, group)| {
            dots += usize::from(group.gap == Gap::DOT);
            (group.gap == Gap::DOT) == (index % 2 == 0)
        });
        even && dots > 1 && self.groups.len() == 2 * dots && self.digits.first() != Some(&0)
    }

    /// `YYYYMMDD` in one piece.
    fn compact(&self) -> bool {
        let value = self.value(0);
        (1900..2100).contains(&(value / 10_000))
            && (1..=12).contains(&(value / 100 % 100))
            && (1..=31).contains(&(value % 100))
    }

    /// `1 200 000`, `1.200.000`.
    fn thousands(&self) -> bool {
        let rest = self.groups.get(1..).unwrap_or_default();
        let Some(gap) = rest.first().map(|group| group.gap) else { return false };
        let first = self.groups.first().map_or(0, |group| group.length);
        (gap == Gap::SPACE || gap == Gap::DOT)
            && first <= 3
            && self.digits.first() != Some(&0)
            && rest.iter().all(|group| group.length == 3 && group.gap == gap)
    }

    /// Whether the first group stands in brackets, or at least closes one.
    fn area(&self) -> bool {
        self.groups.get(1).is_some_and(|group| group.gap.has(Gap::CLOSE))
    }

    /// The shape of a number without a plus.
    pub(super) fn shape(&self) -> Shape {
        let count = self.digits.len();
        let (sizes, groups) = self.sizes();
        let sizes = &sizes[..groups.min(8)];
        let first = self.digits.first().copied().unwrap_or(0);
        let second = self.digits.get(1).copied().unwrap_or(0);
        if !(6..=16).contains(&count)
            || groups > 8
            || self.dates()
            || self.dated()
            || self.hours()
            || self.pages()
            || self.paper()
            || self.year_behind()
            || self.decimals()
            || self.digits.iter().all(|digit| *digit == first)
        {
            return Shape::Never;
        }
        let ones = sizes.iter().filter(|size| **size == 1).count();
        // 0.123456, 1.5-2.5
        if sizes[0] == 1 && self.groups[1..].first().is_some_and(|group| group.gap == Gap::DOT) {
            return if groups == 2 || first == 0 { Shape::Never } else { Shape::Labelled };
        }
        if self.thousands() {
            // Nine digits in threes are a number in Spain and Poland, and an amount elsewhere; amounts are round.
            let round = self.value(groups - 1).is_multiple_of(10) && self.value(groups - 1).is_multiple_of(100);
            let spaced = self.groups[1].gap == Gap::SPACE;
            return match count {
                9 if spaced && first >= 6 && !round => Shape::Strong,
                9 if first >= 2 && !round => Shape::Weak,
                _ => Shape::Labelled,
            };
        }
        if groups == 1 {
            return self.bare(first, second);
        }
        // Bytes as programs print them. Five pairs are a French number.
        if groups > 4 && sizes.iter().all(|size| *size == 2) && (groups > 5 || first != 0 || second == 0) {
            return Shape::Labelled;
        }
        if first == 0 && second == 0 {
            // 00 and the code of a country.
            return if (10..=16).contains(&count) && self.digits[2] != 0 { Shape::Strong } else { Shape::Labelled };
        }
        // A postcode of the United States with its four further digits.
        if *sizes == [5, 4] && self.groups[1].gap == Gap::DASH {
            return Shape::Labelled;
        }
        if first == 0 {
            let fits = ones <= 1 || (ones == 2 && sizes[0] == 1);
            let dotted = self.gaps().all(|gap| gap == Gap::DOT);
            return match count {
                9..=12 if fits && !(dotted && sizes[0] == 1) => Shape::Strong,
                // Argentina: the 0 of the area and the 15 of a mobile.
                13 if fits && groups > 2 && sizes.contains(&2) => Shape::Strong,
                7..=8 if ones == 0 && !self.year(1) => Shape::Weak,
                _ => Shape::Labelled,
            };
        }
        // The 8 that Russia and Lithuania dial before an area in brackets.
        if sizes[0] == 1 && self.groups[1].gap.has(Gap::OPEN) {
            return if first == 8 && (9..=11).contains(&count) { Shape::Strong } else { Shape::Labelled };
        }
        if self.area() {
            let year = self.year(0);
            return match count {
                _ if year || sizes[0] > 5 => Shape::Labelled,
                8..=12
                    if sizes.iter().skip(1).all(|size| *size > 1) || *sizes == [2, 1, 4, 4] && self.value(1) == 9 =>
                {
                    Shape::Strong
                }
                7 => Shape::Weak,
                _ => Shape::Labelled,
            };
        }
        let strong = match *sizes {
            [3, 3, 4] | [3, 7] if first >= 2 => {
                (sizes[1] == 3 && !self.mixed()) || first == 3 || self.groups[0].gap.has(Gap::OPEN)
            }
            [1, 3, 3, 4] | [1, 10] => first == 1 && second >= 2,
            [1, 3, 3, 2, 2] | [1, 3, 2, 2, 3] | [1, 3, 7] => first == 8 && second >= 3,
            [3, 2, 2, 2] => first >= 6,
            [3, 3, 3] => first >= 5 && self.gaps().all(|gap| gap == Gap::DASH),
            [2, 3, 2, 2] => first >= 8,
            // Argentina: an area, the 15 of a mobile, and the number.
            [2..=4, 2, 2..=4, 4] if first >= 1 => self.value(1) == 15,
            [5, 5] => first >= 6,
            [3, 4, 4] => (first == 1 && second >= 3) || self.code(),
            // Brazil: an area, and the 9 of a mobile by itself.
            [2, 1, 4, 4] => first >= 1 && self.value(1) == 9,
            [2, 4, 4] => first >= 2 && !self.year(1),
            [2, 5, 4] => first >= 1,
            [4, 3, 3] => first == 2 && !self.year(0),
            [3, 2, 3] => matches!(first, 4 | 9) && self.gaps().all(|gap| gap == Gap::SPACE),
            _ => false,
        };
        let even = self.gaps().all(|gap| !gap.has(Gap::WIDE));
        if (strong || self.code()) && even {
            return Shape::Strong;
        }
        let weak = match *sizes {
            [4, 4] => !self.year(0) && !self.year(1) && !self.groups[1].gap.has(Gap::SLASH),
            [3, 4] => first >= 2 && !self.year(1) && self.gaps().all(|gap| gap == Gap::SPACE || gap == Gap::DASH),
            [2, 2, 3] | [2, 3, 2] | [3, 2, 2] | [4, 2, 2] => false,
            [2, 2, 2, 2] => first >= 2 && !self.tens(),
            _ => (8..=12).contains(&count) && ones <= usize::from(sizes[0] == 1) && groups <= 6,
        };
        let year = (0..groups).any(|index| self.year(index)) && self.gaps().all(|gap| gap == Gap::DASH);
        if weak && even && !year && !(self.year(groups - 1) && count <= 9) { Shape::Weak } else { Shape::Labelled }
    }

    /// A dot and a dash between three groups.
    fn mixed(&self) -> bool {
        self.gaps().any(|gap| gap == Gap::DOT) && self.gaps().any(|gap| gap == Gap::DASH)
    }

    /// All groups of three, spaces between.
    pub(super) fn figures(&self) -> bool {
        self.groups.iter().all(|group| group.length == 3) && self.gaps().all(|gap| gap == Gap::SPACE)
    }

    /// All groups of two.
    pub(super) fn pairs(&self) -> bool {
        self.groups.iter().all(|group| group.length == 2)
    }

    /// All groups end in 0: figures of a table.
    fn tens(&self) -> bool {
        (0..self.groups.len()).all(|index| self.value(index).is_multiple_of(10))
    }

    fn bare(&self, first: u8, second: u8) -> Shape {
        match self.digits.len() {
            10..=11 if first == 0 && second > 0 => Shape::Strong,
            11 if first == 1 && second >= 3 => Shape::Weak,
            10..=14 if first == 0 && second == 0 && self.digits[2] != 0 => Shape::Strong,
            8 if first >= 2 => Shape::Weak,
            9 if first >= 4 => Shape::Weak,
            10 if first >= 2 => Shape::Weak,
            11 if matches!(first, 7 | 8) => Shape::Weak,
            12 if self.code() => Shape::Weak,
            _ => Shape::Labelled,
        }
    }

    /// Whether it begins with the code of a country, and is as long as numbers there.
    fn code(&self) -> bool {
        let first = self.groups.first().map_or(0, |group| group.length);
        let length = code_length(self.digits);
        // Groups of three after a code are more often an amount.
        let amount = first <= 3 && self.groups.iter().skip(1).all(|group| group.length == 3);
        length >= 2
            && self.groups.iter().all(|group| group.length > 1)
            && (first == length || self.groups.len() == 1)
            && !amount
            && matches!(
                (usize::from(most(&self.digits[..length])) + length).checked_sub(self.digits.len()),
                Some(0 | 1)
            )
    }
}

/// How many digits of the front are the code of a country: ITU-T E.164, the zones of one and two digits.
fn code_length(digits: &[u8]) -> usize {
    match *digits {
        [1 | 7, ..] => 1,
        [2, 0 | 7, ..]
        | [3, 0..=4 | 6 | 9, ..]
        | [4, 0 | 1 | 3..=9, ..]
        | [5, 1..=8, ..]
        | [6, 0..=6, ..]
        | [8, 1 | 2 | 4 | 6, ..]
        | [9, 0..=5 | 8, ..] => 2,
        [2..=9, ..] => 3,
        _ => 0,
    }
}

/// How many digits numbers of a country have at most, without its code and the 0 before the area.
fn most(code: &[u8]) -> u8 {
    match *code {
        [4, 5 | 7] | [5, 3] | [6, 5] | [8, 5, 2 | 3] | [3, 7, _] | [9, 6, 1 | 5 | 8] | [9, 7, 3 | 4] | [5, 0, _] => 8,
        [2, 7] | [3, 1..=4 | 6] | [4, 0 | 1 | 8] | [5, 1 | 6] | [6, 1 | 6] | [9, 3 | 4] => 9,
        [2, 1 | 2 | 5, _]
        | [3, 5, 1..=3]
        | [3, 8, _]
        | [4, 2, _]
        | [8, 5, 5]
        | [8, 8, 6]
        | [9, 6 | 7, _]
        | [5, 9, _] => 9,
        [3, 9] | [5, 2 | 4 | 5] | [8, 6] => 11,
        [4, 9] | [6, 2] => 12,
        [4, 3] => 13,
        _ => 10,
    }
}

/// How many groups from the front are a number with a plus before it: as many digits as its country has.
pub(super) fn international(digits: &[u8], groups: &[Group]) -> Option<usize> {
    if digits.first().is_none_or(|first| *first == 0) {
        return None;
    }
    let length = code_length(digits);
    let most = usize::from(most(digits.get(..length)?)) + length;
    let base = groups.first()?.first;
    let mut best = None;
    for (index, group) in groups.iter().enumerate() {
        // The 0 of the area does not count.
        let trunk = groups[..=index].iter().skip(1).any(|group| {
            digits.get(group.first - base) == Some(&0) && (group.length == 1 || group.first - base == length)
        });
        let inner = groups[0].length > length && digits.get(length) == Some(&0);
        let count = group.first - base + group.length;
        let beyond = count > most + usize::from(trunk || inner) || (index > 0 && group.gap.has(Gap::WIDE));
        if (beyond && best.is_some()) || count > 16 {
            break;
        }
        if count >= 7 {
            best = Some(index + 1);
        }
    }
    let taken = best?;
    let round = groups[1..taken].iter().all(|group| {
        group.length == 3 && digits[group.first - base..group.first - base + 3].iter().all(|digit| *digit == 0)
    });
    (taken == 1 || !round).then_some(taken)
}
