//! Australia and New Zealand.

use super::Rule;
use super::check::{digit, number, varied, weighted};
use crate::mask::span::Entity::{DrivingLicence, NationalId, TaxId};

pub(super) const RULES: &[Rule] = &[
    Rule::checked(TaxId, "au tfn", &["9{3}~9{3}~9{3}"], &["tfn", "tax file number", "tax file no"], tfn),
    Rule::checked(
        NationalId,
        "au medicare",
        &["9{4} 9{5} 9", "9{10}", "9{4}-9{5}-9", "9{4} 9{5} 9/9", "9{4} 9{5} 9-9"],
        &["medicare", "medicare number", "medicare card"],
        medicare,
    ),
    Rule::labelled(
        NationalId,
        "au ihi",
        &["9{4} 9{4} 9{4} 9{4}", "9{16}"],
        &["ihi", "individual healthcare identifier"],
    ),
    Rule::checked(
        TaxId,
        "nz ird",
        &["9{2,3}-9{3}-9{3}", "9{8,9}", "9{2,3} 9{3} 9{3}"],
        &["ird", "ird number", "ird no"],
        ird,
    ),
    Rule::labelled(
        DrivingLicence,
        "nz licence",
        &["A{2}9{6}"],
        &["driver licence", "driver's licence", "drivers licence", "licence"],
    ),
    Rule::labelled(NationalId, "nz nhi", &["A{3}9{4}", "A{3}9{2}A{2}"], &["nhi", "nhi number"]),
];

/// Australian Taxation Office: weights 1, 4, 3, 7, 5, 8, 6, 9, 10, a multiple of eleven.
fn tfn(value: &[u8]) -> bool {
    varied(value) && weighted(value, &[1, 4, 3, 7, 5, 8, 6, 9, 10]).is_multiple_of(11)
}

/// Services Australia: first digit 2 to 6, weights 1379 1379, modulo 10, the ninth digit checks.
fn medicare(value: &[u8]) -> bool {
    (2..=6).contains(&digit(value, 0)) && weighted(value, &[1, 3, 7, 9, 1, 3, 7, 9]) % 10 == digit(value, 8)
}

/// Inland Revenue, IRD number validation: two rows of weights modulo 11.
fn ird(value: &[u8]) -> bool {
    let mut padded = vec![b'0'; 9usize.saturating_sub(value.len())];
    padded.extend_from_slice(value);
    let control = |weights: &[u32]| match weighted(&padded, weights) % 11 {
        0 => 0,
        rest => 11 - rest,
    };
    let first = control(&[3, 2, 7, 6, 5, 4, 3, 2]);
    let last = if first == 10 { control(&[7, 4, 3, 2, 5, 2, 7, 6]) } else { first };
    (10_000_000..=150_000_000).contains(&number(&padded, 0, 9)) && last == digit(&padded, 8)
}
