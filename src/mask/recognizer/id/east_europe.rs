//! Central and eastern Europe.

use super::Rule;
use super::check::{day, ddmmyy, digit, mod11_10, number, varied, weighted, yymmdd};
use crate::mask::span::Entity::{DrivingLicence, NationalId, Passport, TaxId};

pub(super) const RULES: &[Rule] = &[
    Rule::checked(NationalId, "pl pesel", &["9{11}"], &["pesel", "nr pesel"], pesel).plain(),
    Rule::checked(TaxId, "pl nip", &["9{3}-9{3}-9{2}-9{2}", "9{3}-9{2}-9{2}-9{3}", "9{10}"], &["nip"], nip),
    Rule::labelled(
        NationalId,
        "pl id card",
        &["A{3} ?9{6}"],
        &["dowód", "dowód osobisty", "nr dowodu", "dowodu", "seria i numer", "dowodu osobistego"],
    ),
    Rule::labelled(DrivingLicence, "pl licence", &["9{5}/9{2}/9{4}"], &["prawo jazdy", "kat. b", "prawa jazdy"]),
    Rule::checked(
        NationalId,
        "cz birth number",
        &["9{6}/9{3,4}", "9{9,10}", "9{6} 9{4}"],
        &["rodné číslo", "rč", "r.č.", "rc", "r. č.", "rodne cislo", "rodného čísla"],
        birth_number,
    ),
    Rule::checked(NationalId, "cz birth number", &["9{6}/9{4}"], &["rodné číslo"], birth_number).alone(0.85).strict(),
    Rule::labelled(
        NationalId,
        "cz id card",
        &["9{9}", "A{2} ?9{6}"],
        &["č. op", "op", "číslo op", "občanský průkaz", "občanského průkazu", "občiansky preukaz", "č.op"],
    ),
    Rule::labelled(
        NationalId,
        "hu taj",
        &["9{3} 9{3} 9{3}", "9{3}-9{3}-9{3}", "9{9}"],
        &["taj", "taj szám", "tajszám", "társadalombiztosítási"],
    ),
    Rule::labelled(TaxId, "hu tax", &["9{10}"], &["adóazonosító", "adóazonosító jel", "adójel"]),
    Rule::labelled(
        NationalId,
        "hu id",
        &["9-9{6}-9{4}", "9 ?9{6} ?9{4}", "9{6}A{2}"],
        &["személyi szám", "személyi azonosító", "személyi igazolvány", "szig", "személyi igazolványszám"],
    ),
    Rule::checked(NationalId, "ro cnp", &["9{13}"], &["cnp", "cod numeric personal"], cnp),
    Rule::labelled(
        NationalId,
        "ro id card",
        &["A{2} ?9{6}"],
        &["ci seria", "ci", "c.i.", "carte de identitate", "buletin", "seria"],
    ),
    Rule::checked(NationalId, "bg egn", &["9{10}"], &["егн", "egn", "единен граждански номер"], egn),
    Rule::checked(TaxId, "hr oib", &["9{11}"], &["oib", "osobni identifikacijski broj"], mod11_10),
    Rule::checked(NationalId, "jmbg", &["9{13}"], &["jmbg", "emšo", "emso", "јмбг", "ембг", "matični broj"], jmbg),
    Rule::labelled(TaxId, "si tax", &["9{8}"], &["davčna", "davčna številka"]),
    Rule::checked(TaxId, "ua rnokpp", &["9{10}"], &["рнокпп", "іпн", "ідентифікаційний код", "іпн/рнокпп"], ukraine),
    Rule::checked(TaxId, "ru inn", &["9{12}"], &["инн", "inn"], inn),
    Rule::checked(
        NationalId,
        "ru snils",
        &["9{3}-9{3}-9{3} 9{2}", "9{11}", "9{3}-9{3}-9{3}-9{2}"],
        &["снилс", "snils"],
        snils,
    ),
    Rule::checked(NationalId, "ru snils", &["9{3}-9{3}-9{3} 9{2}"], &["снилс"], snils).alone(0.85).strict(),
    Rule::labelled(
        Passport,
        "ru passport",
        &["9{4} ?9{6}", "9{2} 9{2} 9{6}", "A{2} ?9{6}", "9{9}", "9{2} 9{7}"],
        &["паспорт", "паспорт серия", "серия", "паспорта", "загранпаспорт", "passport series"],
    ),
    Rule::labelled(
        DrivingLicence,
        "cyrillic licence",
        &["9{2} ?9{2} ?9{6}", "9{2}A{2} ?9{6}", "A{3} ?9{6}"],
        &["водительское удостоверение", "в/у", "права", "посвідчення водія", "ву"],
    ),
    Rule::labelled(NationalId, "ru policy", &["9{16}", "9{4} 9{4} 9{4} 9{4}"], &["полис", "омс", "полис омс"]),
];

/// Ministerstwo Cyfryzacji: century in the month, weights 1379, modulo 10.
fn pesel(value: &[u8]) -> bool {
    let sum = weighted(value, &[1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1]);
    sum.is_multiple_of(10) && day(number(value, 2, 2) % 20, number(value, 4, 2))
}

/// Ministerstwo Finansów: weights 657234567, modulo 11.
fn nip(value: &[u8]) -> bool {
    varied(value) && weighted(value, &[6, 5, 7, 2, 3, 4, 5, 6, 7]) % 11 == digit(value, 9)
}

/// Zákon 133/2000 Sb.: 50 more in the month of women, 20 more when a day ran out, a multiple of eleven since 1954.
fn birth_number(value: &[u8]) -> bool {
    let month = number(value, 2, 2) % 50;
    let dated = day(if month > 20 { month - 20 } else { month }, number(value, 4, 2));
    let long = value.len() == 10;
    dated
        && (!long
            || number(value, 0, 10).is_multiple_of(11)
            || (number(value, 0, 9) % 11 == 10 && digit(value, 9) == 0))
}

/// Legea 105/1996: sex and century, date, county, weights 279146358279, modulo 11.
fn cnp(value: &[u8]) -> bool {
    let rest = weighted(value, &[2, 7, 9, 1, 4, 6, 3, 5, 8, 2, 7, 9]) % 11;
    digit(value, 0) > 0 && yymmdd(value, 1) && (if rest == 10 { 1 } else { rest }) == digit(value, 12)
}

/// GRAO: 20 or 40 more in the month by century, powers of two modulo 11.
fn egn(value: &[u8]) -> bool {
    day(number(value, 2, 2) % 20, number(value, 4, 2))
        && weighted(value, &[2, 4, 8, 5, 10, 9, 7, 3, 6]) % 11 % 10 == digit(value, 9)
}

/// Zakon o uvođenju jedinstvenog matičnog broja: weights 765432765432, modulo 11.
fn jmbg(value: &[u8]) -> bool {
    let rest = weighted(value, &[7, 6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11;
    ddmmyy(value, 0) && (if rest == 0 { 0 } else { 11 - rest }) == digit(value, 12)
}

/// State Tax Service of Ukraine: weights -1, 5, 7, 9, 4, 6, 10, 5, 7, modulo 11, modulo 10.
fn ukraine(value: &[u8]) -> bool {
    weighted(value, &[10, 5, 7, 9, 4, 6, 10, 5, 7]) % 11 % 10 == digit(value, 9)
}

/// Federal Tax Service of Russia: two check digits modulo 11, modulo 10.
fn inn(value: &[u8]) -> bool {
    weighted(value, &[7, 2, 4, 10, 3, 5, 9, 4, 6, 8]) % 11 % 10 == digit(value, 10)
        && weighted(value, &[3, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8]) % 11 % 10 == digit(value, 11)
}

/// Pension Fund of Russia: weights 9 to 1, modulo 101, modulo 100.
fn snils(value: &[u8]) -> bool {
    let sum = weighted(value, &[9, 8, 7, 6, 5, 4, 3, 2, 1]);
    varied(value) && u64::from(sum % 101 % 100) == number(value, 9, 2)
}
