//! Africa south of the Sahara, and the Maghreb.

use super::Rule;
use super::check::{luhn, one_of, yymmdd};
use crate::mask::span::Entity::{DrivingLicence, NationalId, Passport, TaxId};

pub(super) const RULES: &[Rule] = &[
    Rule::checked(
        NationalId,
        "za id",
        &["9{13}", "9{6} 9{4} 9{3}", "9{6} 9{4} 9{2} 9"],
        &["id", "identity number", "id number", "rsa id", "south african id", "sa id", "id no", "permanent resident"],
        south_africa,
    )
    .strict()
    .plain(),
    Rule::labelled(
        NationalId,
        "ng nin",
        &["9{11}", "9{4} 9{3} 9{4}", "9{4}-9{3}-9{4}"],
        &["nin", "national identification number"],
    ),
    Rule::labelled(NationalId, "ng bvn", &["9{11}"], &["bvn", "bank verification number"]),
    Rule::labelled(Passport, "african passport", &["A{1,2}9{7,8}"], &["passport"]),
    Rule::labelled(NationalId, "ke id", &["9{7,9}"], &["national id", "id no", "id number", "kitambulisho", "huduma"]),
    Rule::checked(TaxId, "ke pin", &["A9{9}A"], &["kra pin", "kra", "pin", "itax", "tax"], |value| {
        one_of(value, 0, "AP")
    })
    .strict(),
    Rule::checked(NationalId, "gh card", &["A{3}-9{9}-9"], &["ghana card", "ghanacard"], |value| {
        value.starts_with(b"GHA")
    })
    .alone(0.9)
    .strict(),
    Rule::labelled(NationalId, "gh voter", &["9{10}"], &["voter id", "voters id", "voter's id"]),
    Rule::labelled(
        DrivingLicence,
        "ng licence",
        &["A{3}9{5}A{2}9{2}"],
        &["driver's licence", "drivers license", "driving licence"],
    ),
    Rule::labelled(
        NationalId,
        "maghreb id",
        &["9{8}", "A{1,2}9{5,6}", "9{18}"],
        &["cin", "cnie", "carte nationale", "nin", "بطاقة التعريف", "البطاقة الوطنية"],
    ),
];

/// Department of Home Affairs: birth date, citizenship 0 to 2, Luhn.
fn south_africa(value: &[u8]) -> bool {
    yymmdd(value, 0) && one_of(value, 10, "012") && luhn(value)
}
