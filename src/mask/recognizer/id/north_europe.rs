//! The Nordic and Baltic countries.

use super::Rule;
use super::check::{day, ddmmyy, digit, luhn, number, weighted, yymmdd};
use crate::mask::span::Entity::{DrivingLicence, NationalId};

pub(super) const RULES: &[Rule] = &[
    Rule::checked(
        NationalId,
        "se personnummer",
        &["9{6}-9{4}", "9{8}-9{4}", "9{10}", "9{12}"],
        &[
            "personnummer",
            "personnr",
            "pnr",
            "person nr",
            "samordningsnummer",
            "personal identity code",
            "personal id",
            "swedish id",
        ],
        personnummer,
    )
    .plain(),
    Rule::checked(NationalId, "se personnummer", &["9{8}-9{4}"], &["personnummer"], personnummer_past).alone(0.75),
    Rule::checked(
        NationalId,
        "no birth number",
        &["9{6} ?9{5}"],
        &["fødselsnummer", "fnr", "f.nr.", "personnummer", "fødselsnr", "d-nummer"],
        norway,
    )
    .plain(),
    Rule::checked(
        NationalId,
        "dk cpr",
        &["9{6}-?9{4}", "9{6} 9{4}"],
        &["cpr", "cpr-nr", "cpr nummer", "personnummer", "cpr.nr"],
        |value| ddmmyy(value, 0),
    ),
    Rule::labelled(
        DrivingLicence,
        "nordic licence",
        &["9{8,11}", "9{2} 9{2} 9{6} 9"],
        &["kørekort", "førerkort", "førarkort", "körkort", "ajokortti", "ajokortin"],
    ),
    Rule::checked(
        NationalId,
        "fi hetu",
        &["9{6}-9{3}X", "9{6}A9{3}X"],
        &["henkilötunnus", "hetu", "personal identity code", "sotu"],
        hetu,
    )
    .alone(0.85)
    .strict(),
    Rule::checked(NationalId, "is kennitala", &["9{6}-?9{4}"], &["kennitala", "kt", "kt."], iceland),
    Rule::checked(
        NationalId,
        "baltic code",
        &["9{11}"],
        &["isikukood", "asmens kodas", "a.k.", "a. k.", "asm. kodas", "asmens kodo", "isikukoodi"],
        baltic,
    ),
    Rule::labelled(NationalId, "lv code", &["9{6}-9{5}", "9{11}"], &["personas kods", "p.k.", "personas kodu"]),
];

/// Skatteverket, SKV 704: a date, 60 more in the day of a coordination number, Luhn over the last ten digits.
fn personnummer(value: &[u8]) -> bool {
    let short = &value[value.len().saturating_sub(10)..];
    let born = number(short, 4, 2);
    let century = value.len() == 10 || matches!(number(value, 0, 2), 18..=20);
    century && day(number(short, 2, 2), if born > 60 { born - 60 } else { born }) && luhn(short)
}

/// The same for who was born before 2010: a later date with four digits is rather a point of time.
fn personnummer_past(value: &[u8]) -> bool {
    number(value, 0, 4) < 2010 && personnummer(value)
}

/// Skatteetaten: two check digits modulo 11; 40 more in the day of a D number.
fn norway(value: &[u8]) -> bool {
    let born = number(value, 0, 2);
    day(number(value, 2, 2) % 40, if born > 40 { born - 40 } else { born })
        && weighted(value, &[3, 7, 6, 1, 8, 9, 4, 5, 2, 1]).is_multiple_of(11)
        && weighted(value, &[5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1]).is_multiple_of(11)
}

/// Digital and Population Data Services Agency: the nine digits modulo 31 are a place in a row of signs.
fn hetu(value: &[u8]) -> bool {
    let dashed = value.len() == 10;
    let serial = if dashed { 6 } else { 7 };
    let century = dashed || value.get(6).is_some_and(|byte| b"ABCDEFYXWVU".contains(byte));
    let rest = (number(value, 0, 6) * 1000 + number(value, serial, 3)) % 31;
    let sign = usize::try_from(rest).ok().and_then(|rest| b"0123456789ABCDEFHJKLMNPRSTUVWXY".get(rest));
    century && ddmmyy(value, 0) && number(value, serial, 3) >= 2 && value.last() == sign
}

/// Þjóðskrá: weights 3, 2, 7 to 2, modulo 11.
fn iceland(value: &[u8]) -> bool {
    ddmmyy(value, 0) && (weighted(value, &[3, 2, 7, 6, 5, 4, 3, 2]) + digit(value, 8)).is_multiple_of(11)
}

/// EVS 585 and Lithuanian law alike: weights 1 to 9 and 1, then 3 to 9 and 1 to 3, modulo 11.
fn baltic(value: &[u8]) -> bool {
    let first = weighted(value, &[1, 2, 3, 4, 5, 6, 7, 8, 9, 1]) % 11;
    let second = weighted(value, &[3, 4, 5, 6, 7, 8, 9, 1, 2, 3]) % 11 % 10;
    (1..=8).contains(&digit(value, 0))
        && yymmdd(value, 1)
        && (if first < 10 { first } else { second }) == digit(value, 10)
}
