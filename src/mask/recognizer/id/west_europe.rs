//! Western and southern Europe.

use super::Rule;
use super::check::{day, ddmmyy, digit, letter, luhn, mod11_10, number, one_of, varied, weighted};
use crate::mask::span::Entity::{DrivingLicence, NationalId, Passport, TaxId};

pub(super) const RULES: &[Rule] = &[
    Rule::checked(
        NationalId,
        "uk nino",
        &["A{2}~9{2}~9{2}~9{2}~A", "A{2} 9{6}A", "A{2} 9{6} A", "A{2} 9{3} 9{3} A"],
        &["ni", "ni number", "ni no", "nino", "national insurance", "national insurance number"],
        nino,
    )
    .alone(0.8)
    .strict(),
    Rule::labelled(
        NationalId,
        "uk trn",
        &["99A99999", "99 A 99999", "99A 99999", "99 A 999 99"],
        &["trn", "temporary reference number", "paye temp number", "ni", "national insurance number"],
    ),
    Rule::checked(NationalId, "uk nhs", &["9{3}~9{3}~9{4}"], &["nhs", "nhs number", "nhs no", "chi number"], nhs),
    Rule::labelled(TaxId, "uk utr", &["9{5} 9{5}", "9{10}"], &["utr", "unique taxpayer reference", "unique taxpayer"]),
    Rule::labelled(Passport, "uk passport", &["9{9}", "A{2}9{7}"], &["uk passport", "british passport"]),
    // DVLA, driver number: surname, birth date with the decade in front, initials.
    Rule::checked(
        DrivingLicence,
        "uk licence",
        &["AX{4} ?9{3} ?9{3} ?AXXXX", "AX{4} ?9{3} ?9{3} ?AXXXX ?9{2}"],
        &["driving licence", "driver number", "dvla", "dvla no", "licence"],
        dvla,
    )
    .alone(0.85)
    .strict(),
    Rule::checked(
        NationalId,
        "ie pps",
        &["9{7}A{1,2}"],
        &["pps", "ppsn", "pps no", "pps number", "personal public service", "rsi"],
        pps,
    ),
    // Bundeszentralamt für Steuern: ISO/IEC 7064 MOD 11,10, one digit twice or thrice.
    Rule::checked(
        TaxId,
        "de tax",
        &["9{11}", "9{2} 9{3} 9{3} 9{3}"],
        &[
            "steuer id",
            "steueridentifikationsnummer",
            "steuerid",
            "idnr",
            "IdNr",
            "tin",
            "steuerliche identifikationsnummer",
            "tax id",
            "steuer identifikationsnummer",
        ],
        de_tax,
    )
    .plain(),
    Rule::labelled(
        TaxId,
        "de tax number",
        &["9{2,3}/9{3,4}/9{4,5}", "9{10,13}"],
        &["steuernummer", "st nr", "StNr", "steuer nr"],
    ),
    Rule::labelled(
        TaxId,
        "vat",
        &["A{2} ?9{8,12}", "A{2}-9{9}"],
        &["ust idnr", "ust id", "umsatzsteuer id", "ustidnr"],
    ),
    Rule::checked(
        NationalId,
        "de pension",
        &["9{8}A9{3}", "9{2} 9{6} A 9{3}", "9{2} 9{6} A9{3}"],
        &[
            "sv nummer",
            "sv nr",
            "rv nummer",
            "rv nr",
            "sozialversicherungsnummer",
            "rentenversicherungsnummer",
            "rvnr",
            "versicherungsnummer",
            "svnr",
            "sozialversicherungs nr",
            "sv ausweis",
        ],
        de_pension,
    ),
    Rule::checked(
        NationalId,
        "de id card",
        &["AX{8}", "AX{9}"],
        &["personalausweis", "ausweis", "ausweisnummer", "personalausweisnummer", "ausweis nr", "perso"],
        de_document,
    ),
    Rule::checked(
        Passport,
        "de passport",
        &["AX{8}", "AX{9}"],
        &["reisepass", "passnummer", "pass nr", "reisepassnummer"],
        de_document,
    ),
    Rule::labelled(NationalId, "de residence", &["A{2}9{7}"], &["aufenthaltstitel", "aufenthaltskarte"]),
    Rule::checked(
        NationalId,
        "de health",
        &["A9{9}"],
        &[
            "krankenkasse",
            "kvnr",
            "krankenversicherungsnummer",
            "versichertennummer",
            "krankenkassen nr",
            "egk",
            "e gk nummer",
            "egk nummer",
        ],
        de_health,
    ),
    Rule::labelled(
        DrivingLicence,
        "de licence",
        &["XX?X?9{8}X", "X9{2}X{6}9X"],
        &["führerschein", "fuehrerschein", "führerscheinnummer", "fahrerlaubnis"],
    ),
    Rule::checked(
        NationalId,
        "at svnr",
        &["9{4} 9{6}", "9{10}", "9{4}/9{6}", "9{4}-9{6}"],
        &["svnr", "sv nummer", "sv nr", "sozialversicherungsnummer", "versicherungsnummer"],
        at_svnr,
    ),
    // Federal Office of Social Insurance: an EAN-13 that begins with 756.
    Rule::checked(
        NationalId,
        "ch ahv",
        &["9{3}.9{4}.9{4}.9{2}", "9{13}", "9{3} 9{4} 9{4} 9{2}"],
        &["ahv", "ahv nr", "avs", "no avs", "oasi", "ahvn13"],
        ahv,
    )
    .alone(0.9),
    Rule::checked(
        NationalId,
        "fr nir",
        &[
            "9{15}",
            "9 9{2} 9{2} 9X 9{3} 9{3} 9{2}",
            "9 9{2} 9{2} 9X 9{3} 9{3} ?/? ?9{2}",
            "9{13} 9{2}",
            "9{5}9X9{6} ?9{2}",
        ],
        &["sécu", "n° sécu", "sécurité sociale", "nir", "n° ss", "num secu", "insee"],
        nir,
    )
    .alone(0.85),
    Rule::labelled(
        TaxId,
        "fr spi",
        &["9{13}", "9{2} 9{2} 9{3} 9{3} 9{3}"],
        &["spi", "numéro fiscal", "n° fiscal", "référence fiscale", "identifiant fiscal"],
    ),
    Rule::labelled(
        NationalId,
        "fr cni",
        &["9{12}", "X{9}"],
        &["cni", "carte d'identité", "carte nationale d'identité"],
    ),
    Rule::checked(
        NationalId,
        "be nrn",
        &["9{2}.9{2}.9{2}-9{3}.9{2}", "9{11}", "9{6}-9{3}-9{2}", "9{6} 9{3} 9{2}", "9{2}.9{2}.9{2}.9{3}.9{2}"],
        &[
            "rijksregisternummer",
            "rijksregisternr",
            "rijksregister",
            "registre national",
            "numéro national",
            "nrn",
            "niss",
            "insz",
            "nn",
        ],
        nrn,
    ),
    Rule::checked(NationalId, "be nrn", &["9{2}.9{2}.9{2}-9{3}.9{2}"], &["niss"], nrn).alone(0.9),
    Rule::checked(
        NationalId,
        "nl bsn",
        &["9{9}", "9{4}.9{2}.9{3}", "9{3} 9{3} 9{3}", "9{3}.9{3}.9{3}"],
        &["bsn", "burgerservicenummer", "sofinummer", "sofi nummer", "sofi"],
        bsn,
    ),
    Rule::labelled(DrivingLicence, "nl licence", &["9{10}"], &["rijbewijs", "rijbewijsnummer"]),
    Rule::checked(
        NationalId,
        "es dni",
        &["9{7,8}-?A", "9{1,2}.9{3}.9{3}-?A", "9{8} A"],
        &["dni", "nif", "d.n.i.", "n.i.f.", "documento nacional de identidad"],
        dni,
    )
    .alone(0.75),
    Rule::checked(
        NationalId,
        "es nie",
        &["A-?9{7}-?A"],
        &["nie", "n.i.e.", "número de identificación de extranjero", "identidad de extranjero"],
        nie,
    )
    .alone(0.85),
    Rule::labelled(
        NationalId,
        "es nuss",
        &["9{2}/9{8}/9{2}", "9{2}/9{10}", "9{12}", "9{2} 9{8} 9{2}", "9{2}-9{8}-9{2}"],
        &[
            "nuss",
            "seguridad social",
            "n.º afiliación s.s.",
            "afiliación",
            "naf",
            "n.º ss",
            "número de la seguridad social",
        ],
    ),
    Rule::labelled(Passport, "es passport", &["A{3}9{6}"], &["pasaporte", "número de pasaporte"]),
    Rule::checked(
        TaxId,
        "pt nif",
        &["9{9}", "9{3} 9{3} 9{3}"],
        &["nif", "contribuinte", "número de contribuinte", "n.º contribuinte"],
        pt_nif,
    ),
    Rule::labelled(
        NationalId,
        "pt cc",
        &["9{8} ?9 ?A{2}9", "9{8} 9", "9{8}"],
        &["cartão de cidadão", "cartão do cidadão", "bilhete de identidade", "cc", "bi"],
    ),
    Rule::labelled(NationalId, "pt niss", &["9{11}"], &["niss", "segurança social"]),
    // Decreto ministeriale 12 marzo 1974: a letter over the fifteen signs before it.
    Rule::checked(
        TaxId,
        "it fiscal code",
        &["A{6}X{2}AX{2}AX{3}A", "A{3} A{3} X{2}AX{2} AX{3}A"],
        &["codice fiscale", "c.f.", "cod fisc", "cf"],
        codice_fiscale,
    )
    .alone(0.95)
    .strict(),
    // Mistyped or invented, beside its label it is still one.
    Rule::labelled(
        TaxId,
        "it fiscal code as written",
        &["A{6}9{2}A9{2}A9{3}A", "A{3} A{3} 9{2}A9{2} A9{3}A"],
        &["codice fiscale", "c.f.", "cod fisc", "cf", "cod fiscale"],
    ),
    Rule::labelled(TaxId, "it vat", &["9{11}", "A{2}9{11}"], &["p.iva", "p. iva", "partita iva"]),
    Rule::labelled(
        NationalId,
        "it id card",
        &["A{2} ?9{7}", "A{2}9{5}A{2}", "9{7}A{2}"],
        &["carta d'identità", "carta di identità", "c.i.", "ci", "carta identità"],
    ),
    Rule::labelled(
        DrivingLicence,
        "it licence",
        &["A{2}9{7}A", "A9X{7}A", "A9X{6}A"],
        &["patente", "patente di guida", "n. patente"],
    ),
    Rule::checked(DrivingLicence, "it licence", &["A9X{7}A"], &["license"], it_licence),
    Rule::checked(TaxId, "gr afm", &["9{9}"], &["αφμ", "α.φ.μ.", "afm", "a.f.m."], afm),
    Rule::checked(NationalId, "gr amka", &["9{11}"], &["αμκα", "α.μ.κ.α.", "amka"], amka),
    Rule::labelled(
        NationalId,
        "gr id card",
        &["A{1,2} ?9{6}", "A{1,2}-9{6}"],
        &["αδτ", "α.δ.τ.", "αρ. ταυτότητας", "ταυτότητα", "δελτίο ταυτότητας", "adt"],
    ),
];

/// HMRC, NIM39110: letters that no prefix has, prefixes never given out, a suffix of A to D.
fn nino(value: &[u8]) -> bool {
    let never = [b"BG", b"GB", b"KN", b"NK", b"NT", b"TN", b"ZZ"];
    let head = value.get(..2).unwrap_or_default();
    !head.iter().any(|byte| b"DFIQUV".contains(byte))
        && head.get(1) != Some(&b'O')
        && !never.iter().any(|prefix| prefix.as_slice() == head)
        && one_of(value, 8, "ABCD")
}

/// NHS Data Dictionary, NHS number: weights 10 to 2, modulo 11.
fn nhs(value: &[u8]) -> bool {
    let control = 11 - weighted(value, &[10, 9, 8, 7, 6, 5, 4, 3, 2]) % 11;
    varied(value) && control % 11 == digit(value, 9) && control != 10
}

fn dvla(value: &[u8]) -> bool {
    let surname = value.get(..5).unwrap_or_default();
    let nines = surname.iter().skip_while(|byte| byte.is_ascii_uppercase());
    let month = number(value, 6, 2);
    surname.first().is_some_and(u8::is_ascii_uppercase)
        && nines.clone().all(|byte| *byte == b'9')
        && value.iter().skip(5).take(6).all(u8::is_ascii_digit)
        && day(if month > 50 { month - 50 } else { month }, number(value, 8, 2))
        && value.iter().skip(11).take(1).all(u8::is_ascii_uppercase)
}

/// Department of Social Protection: weights 8 to 2, the second letter times 9, modulo 23.
fn pps(value: &[u8]) -> bool {
    let second = value.get(8).map_or(0, |byte| if *byte == b'W' { 0 } else { letter(&[*byte], 0) + 1 });
    let rest = (weighted(value, &[8, 7, 6, 5, 4, 3, 2]) + second * 9) % 23;
    letter(value, 7) == (rest + 22) % 23
}

fn de_tax(value: &[u8]) -> bool {
    let mut counts = [0; 10];
    for index in 0..10 {
        counts[digit(value, index) as usize % 10] += 1;
    }
    digit(value, 0) > 0 && counts.iter().all(|count| *count < 4) && mod11_10(value)
}

/// Deutsche Rentenversicherung, VKVV § 2: digit sums of the number with its letter as two digits.
fn de_pension(value: &[u8]) -> bool {
    let number_of_letter = letter(value, 8) + 1;
    let mut digits: Vec<u32> = (0..8).map(|index| digit(value, index)).collect();
    digits.extend([number_of_letter / 10, number_of_letter % 10, digit(value, 9), digit(value, 10)]);
    let sum: u32 = digits
        .iter()
        .zip([2, 1, 2, 5, 7, 1, 2, 1, 2, 1, 2, 1])
        .map(|(digit, weight)| digit * weight)
        .map(|product| product / 10 + product % 10)
        .sum();
    // From 51 on, the day of birth says that one number had to be given twice.
    let born = number(value, 2, 2);
    day(number(value, 4, 2), if born > 50 { born - 50 } else { born }) && sum % 10 == digit(value, 11)
}

/// ICAO Doc 9303, part 3: weights 7, 3, 1, letters from ten. Without the check digit, letters that documents have.
fn de_document(value: &[u8]) -> bool {
    let letters = value.iter().filter(|byte| byte.is_ascii_uppercase());
    let taken =
        letters.clone().all(|byte| b"CFGHJKLMNPRTVWXYZ".contains(byte)) && one_of(value, 0, "CFGHJKLMNPRTVWXYZ");
    taken && value.iter().filter(|byte| byte.is_ascii_digit()).count() >= 4 && icao(value)
}

fn icao(value: &[u8]) -> bool {
    let Some(last) = value.len().checked_sub(1) else { return false };
    let sum: u32 = value[..last]
        .iter()
        .zip([7, 3, 1].into_iter().cycle())
        .map(|(byte, weight)| weight * char::from(*byte).to_digit(36).unwrap_or(0))
        .sum();
    value[last].is_ascii_digit() && sum % 10 == digit(value, last)
}

/// GKV-Spitzenverband: the letter as two digits, weights 1 and 2, digit sums.
fn de_health(value: &[u8]) -> bool {
    let first = letter(value, 0) + 1;
    let digits = [first / 10, first % 10].into_iter().chain((1..9).map(|index| digit(value, index)));
    let sum: u32 = digits
        .zip([1, 2].into_iter().cycle())
        .map(|(digit, weight)| digit * weight)
        .map(|product| product / 10 + product % 10)
        .sum();
    sum % 10 == digit(value, 9)
}

/// Dachverband der Sozialversicherungsträger: weights 379 5842 16, modulo 11, the fourth digit checks.
fn at_svnr(value: &[u8]) -> bool {
    let sum: u32 = [0, 1, 2, 4, 5, 6, 7, 8, 9]
        .into_iter()
        .zip([3, 7, 9, 5, 8, 4, 2, 1, 6])
        .map(|(index, weight)| digit(value, index) * weight)
        .sum();
    digit(value, 0) > 0 && number(value, 6, 2) <= 15 && sum % 11 == digit(value, 3)
}

fn ahv(value: &[u8]) -> bool {
    let sum = weighted(value, &[1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1, 3]);
    value.starts_with(b"756") && (10 - sum % 10) % 10 == digit(value, 12)
}

/// INSEE: 97 less the rest of the first thirteen digits, Corsica's letters counted as 19 and 18.
fn nir(value: &[u8]) -> bool {
    let mut plain = value.to_vec();
    if let Some(letter) = plain.get_mut(6).filter(|byte| byte.is_ascii_uppercase()) {
        let corsica = *letter == b'A';
        *letter = if corsica { b'9' } else { b'8' };
        plain[5] = b'1';
    }
    let month = number(&plain, 3, 2);
    plain.len() == 15
        && matches!(plain[0], b'1' | b'2' | b'7' | b'8')
        && (matches!(month, 1..=12 | 20..=42 | 50..=99))
        && 97 - number(&plain, 0, 13) % 97 == number(&plain, 13, 2)
}

/// Rijksregister: 97 less the rest of the first nine digits, with a 2 in front for those born from 2000 on.
fn nrn(value: &[u8]) -> bool {
    let (head, control) = (number(value, 0, 9), number(value, 9, 2));
    let month = number(value, 2, 2) % 20;
    day(month, number(value, 4, 2)) && (97 - head % 97 == control || 97 - (2_000_000_000 + head) % 97 == control)
}

/// RvIG, elfproef: weights 9 to 2 and minus 1, modulo 11.
fn bsn(value: &[u8]) -> bool {
    (weighted(value, &[9, 8, 7, 6, 5, 4, 3, 2]) + 10 * digit(value, 8)).is_multiple_of(11) && varied(value)
}

const DNI: &[u8] = b"TRWAGMYFPDXBNJZSQVHLCKE";

/// Ministerio del Interior: the number modulo 23 is a place in a row of letters.
fn dni(value: &[u8]) -> bool {
    let Some(last) = value.len().checked_sub(1) else { return false };
    value.get(last) == usize::try_from(number(value, 0, last) % 23).ok().and_then(|rest| DNI.get(rest))
}

/// The same with X, Y, Z as 0, 1, 2.
fn nie(value: &[u8]) -> bool {
    let Some(head) = b"XYZ".iter().position(|byte| value.first() == Some(byte)) else { return false };
    let head = u64::try_from(head).unwrap_or(0) * 10_000_000;
    value.get(8) == usize::try_from((head + number(value, 1, 7)) % 23).ok().and_then(|rest| DNI.get(rest))
}

/// Autoridade Tributária: weights 9 to 2, modulo 11, ten and eleven being 0.
fn pt_nif(value: &[u8]) -> bool {
    let control = 11 - weighted(value, &[9, 8, 7, 6, 5, 4, 3, 2]) % 11;
    one_of(value, 0, "1235689") && (if control > 9 { 0 } else { control }) == digit(value, 8)
}

fn codice_fiscale(value: &[u8]) -> bool {
    const ODD: [u32; 26] =
        [1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23];
    let place = |byte: u8| usize::from(if byte.is_ascii_digit() { byte - b'0' } else { byte.wrapping_sub(b'A') });
    let sum: u32 = value
        .iter()
        .take(15)
        .enumerate()
        .map(|(index, byte)| {
            let place = place(*byte);
            if index % 2 == 0 { ODD.get(place).copied().unwrap_or(0) } else { u32::try_from(place).unwrap_or(0) }
        })
        .sum();
    one_of(value, 8, "ABCDEHLMPRST") && letter(value, 15) == sum % 26
}

fn it_licence(value: &[u8]) -> bool {
    value.starts_with(b"U1") && value.iter().skip(2).take(7).all(|byte| !b"AEIOQ".contains(byte))
}

/// AADE: powers of two from the right, modulo 11, modulo 10.
fn afm(value: &[u8]) -> bool {
    weighted(value, &[256, 128, 64, 32, 16, 8, 4, 2]) % 11 % 10 == digit(value, 8) && varied(value)
}

fn amka(value: &[u8]) -> bool {
    ddmmyy(value, 0) && luhn(value)
}
