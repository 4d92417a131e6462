//! Check digit schemes that several countries share. Values come without separators, letters in capitals.

/// For rules whose numbers have no check digit.
pub(super) fn any(_: &[u8]) -> bool {
    true
}

/// The digit at `index`; 0 where there is none.
pub(super) fn digit(value: &[u8], index: usize) -> u32 {
    value.get(index).map_or(0, |byte| u32::from(byte.wrapping_sub(b'0')) % 10)
}

/// The number that the digits of `value[start..start + count]` make.
pub(super) fn number(value: &[u8], start: usize, count: usize) -> u64 {
    (start..start + count).fold(0, |number, index| number * 10 + u64::from(digit(value, index)))
}

/// The sum of the first digits, each times its weight.
pub(super) fn weighted(value: &[u8], weights: &[u32]) -> u32 {
    weights.iter().enumerate().map(|(index, weight)| digit(value, index) * weight).sum()
}

/// Not all digits the same.
pub(super) fn varied(value: &[u8]) -> bool {
    value.iter().any(|byte| Some(byte) != value.first())
}

/// No run such as 123456789, which examples have.
pub(super) fn counted(value: &[u8]) -> bool {
    value.windows(2).all(|pair| pair[1] == pair[0] + 1 || (pair[0] == b'9' && pair[1] == b'0'))
}

/// ISO/IEC 7812-1, annex B.
pub(super) fn luhn(value: &[u8]) -> bool {
    let sum: u32 = (0..value.len())
        .rev()
        .enumerate()
        .map(|(place, index)| match (place % 2, digit(value, index)) {
            (0, digit) => digit,
            (_, digit) if digit > 4 => digit * 2 - 9,
            (_, digit) => digit * 2,
        })
        .sum();
    sum.is_multiple_of(10)
}

/// ISO/IEC 7064, MOD 11,10.
pub(super) fn mod11_10(value: &[u8]) -> bool {
    let Some(last) = value.len().checked_sub(1) else { return false };
    let product = (0..last).fold(10, |product, index| {
        let sum = (product + digit(value, index)) % 10;
        (if sum == 0 { 10 } else { sum }) * 2 % 11
    });
    (11 - product) % 10 == digit(value, last)
}

/// J. Verhoeff, Error detecting decimal codes, 1969: the dihedral group of ten elements.
pub(super) fn verhoeff(value: &[u8]) -> bool {
    const SHIFT: [u32; 10] = [1, 5, 7, 6, 2, 8, 3, 0, 9, 4];
    let times = |a: u32, b: u32| match (a < 5, b < 5) {
        (true, true) => (a + b) % 5,
        (true, false) => 5 + (a + b) % 5,
        (false, true) => 5 + (a + 5 - b) % 5,
        (false, false) => (a + 5 - b) % 5,
    };
    let sum = (0..value.len()).rev().enumerate().fold(0, |sum, (place, index)| {
        let moved = (0..place % 8).fold(digit(value, index), |digit, _| SHIFT[digit as usize % 10]);
        times(sum, moved)
    });
    sum == 0
}

/// Whether there is such a day in some year.
pub(super) fn day(month: u64, day: u64) -> bool {
    let last = match month {
        2 => 29,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => 0,
    };
    (1..=last).contains(&day)
}

/// Whether `YYMMDD` begins at `start`.
pub(super) fn yymmdd(value: &[u8], start: usize) -> bool {
    day(number(value, start + 2, 2), number(value, start + 4, 2))
}

/// Whether `DDMMYY` begins at `start`.
pub(super) fn ddmmyy(value: &[u8], start: usize) -> bool {
    day(number(value, start + 2, 2), number(value, start, 2))
}

/// Whether `YYYYMMDD` of somebody who may live begins at `start`.
pub(super) fn yyyymmdd(value: &[u8], start: usize) -> bool {
    (1900..=2030).contains(&number(value, start, 4)) && yymmdd(value, start + 2)
}

/// The letter at `index` counted from A, which is 0.
pub(super) fn letter(value: &[u8], index: usize) -> u32 {
    value.get(index).map_or(0, |byte| u32::from(byte.wrapping_sub(b'A')))
}

/// Whether a letter at `index` is one of `wanted`.
pub(super) fn one_of(value: &[u8], index: usize, wanted: &str) -> bool {
    value.get(index).is_some_and(|byte| wanted.as_bytes().contains(byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schemes_agree_with_their_examples() {
        assert!(luhn(b"79927398713") && !luhn(b"79927398710"));
        assert!(mod11_10(b"07945") && !mod11_10(b"07944"));
        assert!(verhoeff(b"2363") && !verhoeff(b"2364"));
        assert!(yymmdd(b"960229", 0) && !yymmdd(b"960230", 0) && ddmmyy(b"311299", 0));
    }
}
