//! Turkey, Israel, the Gulf and their neighbours.

use super::Rule;
use super::check::{digit, luhn, number, one_of, varied, yymmdd};
use crate::mask::span::Entity::NationalId;

pub(super) const RULES: &[Rule] = &[
    Rule::checked(
        NationalId,
        "tr kimlik",
        &["9{11}"],
        &["tc kimlik", "t.c. kimlik", "tckn", "kimlik", "kimlik no", "tc no", "t.c. no", "turkish id", "tc"],
        kimlik,
    )
    .plain(),
    Rule::checked(
        NationalId,
        "il id",
        &["9{9}", "9{8}-9"],
        &["ת\"ז", "תז", "ת.ז.", "תעודת זהות", "מספר זהות", "teudat zehut", "israeli id", "tz"],
        israel,
    ),
    Rule::checked(
        NationalId,
        "ae id",
        &["9{3}-9{4}-9{7}-9", "9{15}"],
        &["emirates id", "eid", "الهوية", "رقم الهوية"],
        emirates,
    )
    .alone(0.9),
    Rule::labelled(
        NationalId,
        "sa id",
        &["9{10}"],
        &["iqama", "saudi id", "رقم الهوية", "الهوية الوطنية", "هوية", "الإقامة", "national id"],
    ),
    Rule::checked(NationalId, "eg id", &["9{14}"], &["الرقم القومي", "رقم قومي", "national id", "egyptian id"], egypt),
    Rule::labelled(
        NationalId,
        "gulf civil id",
        &["9{9,12}"],
        &["civil id", "cpr", "qid", "qatar id", "الرقم المدني", "resident card"],
    ),
    Rule::labelled(NationalId, "ir code", &["9{10}", "9{3}-9{6}-9"], &["کد ملی", "کدملی", "code melli"]),
];

/// NVI: the tenth digit from odd and even places, the eleventh from all, modulo 10.
fn kimlik(value: &[u8]) -> bool {
    let sum =
        |first: usize, last: usize, step: usize| (first..last).step_by(step).map(|at| digit(value, at)).sum::<u32>();
    digit(value, 0) > 0
        && (sum(0, 9, 2) * 7 + sum(1, 8, 2) * 9) % 10 == digit(value, 9)
        && sum(0, 10, 1) % 10 == digit(value, 10)
}

fn israel(value: &[u8]) -> bool {
    luhn(value) && varied(value)
}

/// Federal Authority for Identity: 784, year of birth, Luhn. Cards with another last digit are about, so 784 and the
/// year are what counts.
fn emirates(value: &[u8]) -> bool {
    value.starts_with(b"784") && (1900..=2030).contains(&number(value, 3, 4))
}

/// Civil Registry: century 2 or 3, birth date, governorate.
fn egypt(value: &[u8]) -> bool {
    one_of(value, 0, "23") && yymmdd(value, 1) && matches!(number(value, 7, 2), 1..=35 | 88)
}
