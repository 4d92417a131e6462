//! North and South America.

use super::Rule;
use super::check::{counted, day, ddmmyy, digit, letter, luhn, number, one_of, varied, weighted, yymmdd};
use crate::mask::span::Entity::{DrivingLicence, NationalId, Passport, TaxId};

pub(super) const RULES: &[Rule] = &[
    Rule::checked(
        NationalId,
        "us ssn",
        &["9{3}-9{2}-9{4}"],
        &["ssn", "social security", "social security number", "social", "soc sec", "ss#", "taxpayer id"],
        ssn_written,
    )
    .alone(0.85),
    Rule::checked(
        NationalId,
        "us ssn",
        &["9{3}~9{2}~9{4}"],
        &["ssn", "social security", "social security number", "social security no", "soc sec", "ss#", "taxpayer id"],
        ssn,
    ),
    Rule::checked(NationalId, "us itin", &["9{3}~9{2}~9{4}"], &["itin", "individual taxpayer", "tax id"], itin),
    Rule::checked(NationalId, "us itin", &["9{3}-9{2}-9{4}"], &["itin"], itin).alone(0.8),
    Rule::labelled(TaxId, "us ein", &["9{2}-9{7}"], &["ein", "fein", "employer identification number", "employer id"]),
    Rule::checked(
        NationalId,
        "us mbi",
        &["9AX9-AX9-AA99", "9AX9AX9AA99"],
        &["mbi", "medicare", "medicare number", "medicare beneficiary identifier"],
        mbi,
    )
    .strict(),
    Rule::checked(NationalId, "us mbi", &["9AX9-AX9-AA99"], &["mbi"], mbi).alone(0.85).strict(),
    Rule::labelled(NationalId, "us npi", &["9{10}"], &["npi", "national provider identifier"]),
    Rule::labelled(NationalId, "us dea", &["AX9{7}"], &["dea", "dea number", "dea registration"]),
    Rule::labelled(Passport, "us passport", &["A?9{8,9}"], &["us passport", "travel document", "passport book"]),
    Rule::checked(
        NationalId,
        "ca sin",
        &["9{3}~9{3}~9{3}"],
        &["sin", "nas", "social insurance number", "numéro d'assurance sociale", "assurance sociale"],
        sin,
    ),
    Rule::labelled(
        NationalId,
        "ca health",
        &["9{4}~9{3}~9{3}~A{0,2}", "A{4}~9{4}~9{4}"],
        &["health card", "ohip", "ramq", "phn", "personal health number", "assurance maladie", "carte soleil"],
    ),
    // Ontario, Quebec: a letter of the surname, and the date of birth at the end; months of women count from 51.
    Rule::checked(
        DrivingLicence,
        "ca licence",
        &["A9{4}-9{5}-9{5}"],
        &["driver's licence", "driving licence"],
        |value| day(number(value, 11, 2) % 50, number(value, 13, 2)),
    )
    .alone(0.8)
    .strict(),
    Rule::checked(DrivingLicence, "ca licence", &["A9{4}-9{6}-9{2}"], &["permis de conduire"], |value| {
        ddmmyy(value, 5)
    })
    .alone(0.7)
    .strict(),
    Rule::labelled(
        DrivingLicence,
        "ca licence",
        &["A9{4}-9{5}-9{5}", "A9{4}-9{6}-9{2}"],
        &["permis de conduire", "licence", "driver's licence", "driving licence"],
    ),
    // Receita Federal, two check digits modulo 11.
    Rule::checked(
        TaxId,
        "br cpf",
        &["9{3}.9{3}.9{3}-9{2}", "9{11}", "9{9}-9{2}"],
        &["cpf", "cpf/mf", "cadastro de pessoa física"],
        cpf,
    )
    .plain(),
    Rule::checked(TaxId, "br cpf", &["9{3}.9{3}.9{3}-9{2}"], &["cpf"], cpf).alone(0.9),
    Rule::labelled(TaxId, "br cnpj", &["9{2}.9{3}.9{3}/9{4}-9{2}", "9{14}"], &["cnpj", "mei"]),
    Rule::labelled(
        NationalId,
        "br rg",
        &[
            "9{1,2}.9{3}.9{3}-X",
            "9{7,10}",
            "9{1,2}.9{3}.9{3}-X A{3,6}/A{2}",
            "9{1,2}.9{3}.9{3}",
            "9{1,2}.9{3}.9{3} A{2,4}/A{2}",
            "9{1,2}.9{3}.9{3}-X A{2,4}/A{2}",
            "9{7,9} A{2,4}/A{2}",
            "9{7,9}-X",
        ],
        &["rg", "registro geral", "identidade", "carteira de identidade"],
    ),
    Rule::labelled(NationalId, "br pis", &["9{3}.9{5}.9{2}-9", "9{11}"], &["pis", "pasep", "pis/pasep", "nis", "nit"]),
    Rule::labelled(NationalId, "br titulo", &["9{4} 9{4} 9{4}", "9{12}"], &["título de eleitor", "titulo eleitoral"]),
    Rule::labelled(DrivingLicence, "br cnh", &["9{11}", "9{9}"], &["cnh", "carteira de habilitação", "habilitação"]),
    Rule::checked(TaxId, "ar cuil", &["9{2}-9{8}-9", "9{11}"], &["cuil", "cuit", "cuit/cuil", "cuil/cuit"], cuil),
    Rule::checked(TaxId, "ar cuil", &["9{2}-9{8}-9"], &["cuil"], cuil).alone(0.8),
    Rule::labelled(
        NationalId,
        "ar dni",
        &["9{1,2}.9{3}.9{3}", "9{7,8}"],
        &["dni", "d.n.i.", "documento", "documento nacional de identidad", "libreta"],
    ),
    Rule::checked(
        NationalId,
        "cl rut",
        &["9{1,2}.9{3}.9{3}-X", "9{7,8}-X"],
        &["rut", "run", "rol único", "r.u.t.", "cédula de identidad"],
        rut,
    ),
    Rule::checked(NationalId, "cl rut", &["9{1,2}.9{3}.9{3}-X"], &["rut"], rut).alone(0.8),
    Rule::labelled(
        NationalId,
        "co cedula",
        &["9{1,2}.9{3}.9{3}", "9{1}.9{3}.9{3}.9{3}", "9{6,10}"],
        &["cédula", "c.c.", "cedula de ciudadania", "cédula de ciudadanía", "cc"],
    ),
    Rule::labelled(TaxId, "co nit", &["9{3}.9{3}.9{3}-9", "9{9}-9"], &["nit"]),
    Rule::checked(NationalId, "mx curp", &["A{4}9{6}A{6}X9"], &["curp"], curp).alone(0.95),
    Rule::checked(TaxId, "mx rfc", &["A{4}9{6}X{3}", "A{4}-9{6}-X{3}"], &["rfc", "r.f.c."], rfc).alone(0.75),
    Rule::labelled(
        NationalId,
        "mx nss",
        &["9{2} 9{2} 9{2} 9{4} 9", "9{11}", "9{2}-9{2}-9{2}-9{4}-9"],
        &["nss", "imss", "número de seguridad social", "seguro social"],
    ),
    Rule::labelled(
        NationalId,
        "mx elector",
        &["A{6}9{8}A9{3}", "9{13}"],
        &["clave de elector", "ine", "credencial de elector"],
    ),
    Rule::labelled(NationalId, "pe dni", &["9{8}", "9{8}-X"], &["dni", "documento de identidad"]),
    Rule::labelled(TaxId, "pe ruc", &["9{11}", "9{13}"], &["ruc"]),
    Rule::checked(
        NationalId,
        "uy ci",
        &["9.9{3}.9{3}-9", "9{7}-9"],
        &["ci", "c.i.", "cédula", "cédula de identidad"],
        uruguay,
    ),
    Rule::labelled(NationalId, "ve ci", &["A-?9{1,2}.?9{3}.?9{3}"], &["ci", "c.i.", "cédula", "cédula de identidad"]),
    Rule::checked(
        NationalId,
        "ec cedula",
        &["9{10}", "9{9}-9"],
        &["cédula", "ci", "c.i.", "cédula de identidad", "cédula de ciudadanía"],
        ecuador,
    ),
];

/// Social Security Administration, POMS RM 10201.035: no area 000, 666 or 900 to 999, no group 00, no serial 0000.
fn ssn(value: &[u8]) -> bool {
    let (area, group, serial) = (number(value, 0, 3), number(value, 3, 2), number(value, 5, 4));
    area != 0 && area != 666 && area < 900 && group != 0 && serial != 0 && !counted(value) && value != b"078051120"
}

/// The same as people write it down, in examples too: areas from 900 on are only no serial of zeros.
fn ssn_written(value: &[u8]) -> bool {
    let (area, group, serial) = (number(value, 0, 3), number(value, 3, 2), number(value, 5, 4));
    area != 0
        && area != 666
        && group != 0
        && serial != 0
        && value != b"078051120"
        && (area < 900 || value == b"987654321" || value == b"999999999")
}

/// IRS Publication 1915: area 9xx, group 50 to 65, 70 to 88, 90 to 92 or 94 to 99.
fn itin(value: &[u8]) -> bool {
    value.first() == Some(&b'9') && matches!(number(value, 3, 2), 50..=65 | 70..=88 | 90..=92 | 94..=99)
}

/// CMS, Understanding the MBI format: letters without S, L, O, I, B and Z, a first digit of 1 to 9.
fn mbi(value: &[u8]) -> bool {
    digit(value, 0) > 0 && value.iter().all(|byte| !b"SLOIBZ".contains(byte))
}

fn sin(value: &[u8]) -> bool {
    luhn(value) && varied(value) && !matches!(value.first(), Some(b'0' | b'8'))
}

fn cpf(value: &[u8]) -> bool {
    let control = |weights: &[u32]| match weighted(value, weights) * 10 % 11 {
        10 => 0,
        rest => rest,
    };
    varied(value)
        && control(&[10, 9, 8, 7, 6, 5, 4, 3, 2]) == digit(value, 9)
        && control(&[11, 10, 9, 8, 7, 6, 5, 4, 3, 2]) == digit(value, 10)
}

/// ANSES and AFIP: weights 5432765432 modulo 11.
fn cuil(value: &[u8]) -> bool {
    matches!(number(value, 0, 2), 20 | 23 | 24 | 27 | 30 | 33 | 34)
        && (11 - weighted(value, &[5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11) % 11 == digit(value, 10)
}

/// Servicio de Registro Civil: weights 2 to 7 from the right, modulo 11, K for ten.
fn rut(value: &[u8]) -> bool {
    let Some(last) = value.len().checked_sub(1) else { return false };
    let sum: u32 =
        (0..last).rev().zip([2, 3, 4, 5, 6, 7].into_iter().cycle()).map(|(at, weight)| digit(value, at) * weight).sum();
    let control = match 11 - sum % 11 {
        11 => b'0',
        10 => b'K',
        rest => u8::try_from(rest).map_or(b'0', |rest| b'0' + rest),
    };
    value.last() == Some(&control)
}

/// RENAPO, instructivo normativo para la asignación de la CURP: date, sex, and a digit over all 17 signs.
fn curp(value: &[u8]) -> bool {
    let sign = |byte: u8| match byte {
        b'0'..=b'9' => u32::from(byte - b'0'),
        b'A'..=b'N' => u32::from(byte - b'A') + 10,
        _ => u32::from(byte.wrapping_sub(b'A')) + 11,
    };
    let sum: u32 = value.iter().take(17).zip((2..=18).rev()).map(|(byte, weight)| sign(*byte) * weight).sum();
    yymmdd(value, 4) && one_of(value, 10, "HMX") && (10 - sum % 10) % 10 == digit(value, 17)
}

fn rfc(value: &[u8]) -> bool {
    yymmdd(value, 4) && letter(value, 1) < 26
}

/// Dirección Nacional de Identificación Civil: weights 2987634 modulo 10.
fn uruguay(value: &[u8]) -> bool {
    (10 - weighted(value, &[2, 9, 8, 7, 6, 3, 4]) % 10) % 10 == digit(value, 7)
}

/// Registro Civil: province 01 to 24 or 30, third digit below 6, Luhn.
fn ecuador(value: &[u8]) -> bool {
    matches!(number(value, 0, 2), 1..=24 | 30) && digit(value, 2) < 6 && luhn(value)
}
