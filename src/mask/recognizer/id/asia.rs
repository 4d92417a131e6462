//! South, east and south-east Asia.

use super::Rule;
use super::check::{day, digit, letter, number, one_of, verhoeff, weighted, yymmdd, yyyymmdd};
use crate::mask::span::Entity::{DrivingLicence, NationalId, Passport, TaxId};

pub(super) const RULES: &[Rule] = &[
    Rule::checked(
        NationalId,
        "in aadhaar",
        &["9{12}", "9{4} 9{4} 9{4}", "9{4}-9{4}-9{4}", "9{4}:9{4}:9{4}"],
        &["aadhaar", "aadhar", "adhaar", "adhar", "uidai", "आधार", "आधार संख्या", "ஆதார்", "aadhaar card"],
        aadhaar,
    )
    .plain(),
    Rule::checked(TaxId, "in pan", &["A{5}9{4}A"], &["pan", "pan card", "permanent account number", "पैन"], pan)
        .alone(0.85),
    Rule::labelled(
        NationalId,
        "in voter",
        &["A{3}9{7}"],
        &["voter", "voter id", "epic", "voter card", "election card", "vote"],
    ),
    Rule::labelled(TaxId, "in gstin", &["9{2}A{5}9{4}AXAX"], &["gstin", "gst", "gst no"]),
    Rule::labelled(Passport, "in passport", &["A9{7}"], &["passport", "indian passport"]),
    Rule::labelled(
        DrivingLicence,
        "in licence",
        &["A{2}~9{2}~9{11}", "A{2}9{13}", "A{2}-9{13}", "A{2}9{2} 9{11}"],
        &["dl", "dl no", "driving licence", "driving license", "license", "licence"],
    ),
    Rule::labelled(NationalId, "in uan", &["9{12}", "9{4} 9{4} 9{4}"], &["uan", "epf", "pf no", "uan no"]),
    Rule::labelled(NationalId, "pf account", &["9{8}"], &["epf", "epf no", "kwsp", "socso"]),
    Rule::checked(
        NationalId,
        "pk cnic",
        &["9{5}-9{7}-9", "9{13}"],
        &["cnic", "nicop", "شناختی کارڈ", "cnic no"],
        |value| one_of(value, 0, "1234567"),
    ),
    Rule::checked(NationalId, "pk cnic", &["9{5}-9{7}-9"], &["cnic"], |value| one_of(value, 0, "1234567"))
        .alone(0.75)
        .strict(),
    Rule::labelled(
        NationalId,
        "bd nid",
        &["9{10}", "9{13}", "9{17}", "9{3} 9{3} 9{4}"],
        &["nid", "national id", "জাতীয় পরিচয়পত্র", "জাতীয় পরিচয়পত্র নং", "এনআইডি", "nid no", "smart card"],
    ),
    Rule::checked(
        NationalId,
        "lk nic",
        &["9{9}A", "9{12}"],
        &["nic", "nic no", "old", "national identity card", "new nic"],
        sri_lanka,
    )
    .strict(),
    Rule::labelled(
        NationalId,
        "np citizenship",
        &["9{2}-9{2}-9{2}-9{5}"],
        &["citizenship no", "nagarikta", "नागरिकता"],
    ),
    // GB 11643-1999: region, birth date, and ISO/IEC 7064 MOD 11-2.
    Rule::checked(
        NationalId,
        "cn id",
        &["9{17}X", "9{6} 9{8} 9{3}X"],
        &["身份证", "身份证号", "身份证号码", "身分证", "id card", "identity card", "公民身份号码", "resident id"],
        china,
    )
    .alone(0.9),
    Rule::labelled(Passport, "cn passport", &["A{1,2}9{7,8}"], &["护照", "护照号", "护照号码", "passport"]),
    Rule::checked(
        NationalId,
        "tw id",
        &["A9{9}"],
        &["身分證", "身分證字號", "身份證字號", "統一編號", "national id", "taiwan id", "身份證"],
        taiwan,
    ),
    Rule::checked(
        NationalId,
        "hk id",
        &["A{1,2}9{6}(X)", "A{1,2}9{6}X", "A{1,2} 9{6}(X)", "A{1,2}9{6} (X)"],
        &["hkid", "hong kong id", "身份證號碼", "身份證", "hk id"],
        hong_kong,
    ),
    Rule::checked(NationalId, "hk id", &["A{1,2}9{6}(X)"], &["hkid"], hong_kong).alone(0.85).strict(),
    Rule::checked(NationalId, "sg nric", &["A9{7}A"], &["nric", "fin", "nric no", "nric/fin", "singapore id"], nric)
        .alone(0.75),
    Rule::checked(
        NationalId,
        "my ic",
        &["9{6}-9{2}-9{4}", "9{12}"],
        &["ic", "ic no", "i/c", "mykad", "nric", "no. kp", "no kad pengenalan", "kad pengenalan", "no k/p"],
        mykad,
    ),
    Rule::checked(NationalId, "my ic", &["9{6}-9{2}-9{4}"], &["mykad"], mykad).alone(0.75).strict(),
    Rule::checked(
        NationalId,
        "th id",
        &["9-9{4}-9{5}-9{2}-9", "9{13}", "9 9{4} 9{5} 9{2} 9"],
        &["เลขประจำตัวประชาชน", "บัตรประชาชน", "เลขบัตรประชาชน", "thai national id", "thai id", "tnin", "national id"],
        thailand,
    )
    .plain(),
    Rule::checked(NationalId, "th id", &["9-9{4}-9{5}-9{2}-9"], &["thai id"], thailand).alone(0.9),
    Rule::checked(
        NationalId,
        "id nik",
        &["9{16}"],
        &["nik", "no. ktp", "ktp", "nomor induk kependudukan", "no ktp", "no. nik"],
        nik,
    ),
    Rule::labelled(TaxId, "id npwp", &["9{2}.9{3}.9{3}.9-9{3}.9{3}", "9{15,16}"], &["npwp", "no. npwp"]),
    Rule::labelled(
        TaxId,
        "ph tin",
        &["9{3}-9{3}-9{3}", "9{3}-9{3}-9{3}-9{3}", "9{3}-9{3}-9{3}-9{5}", "9{9}", "9{12}"],
        &["tin", "bir tin", "tin no", "tax id", "tax identification number", "as your id"],
    ),
    Rule::labelled(NationalId, "ph sss", &["9{2}-9{7}-9", "9{10}"], &["sss", "sss no"]),
    Rule::labelled(NationalId, "ph health", &["9{2}-9{9}-9", "9{12}"], &["philhealth", "PhilHealth", "phic"]),
    Rule::labelled(
        NationalId,
        "ph housing",
        &["9{4}-9{4}-9{4}", "9{12}"],
        &["pag-ibig", "pagibig", "hdmf", "PagIBIG", "umid", "philsys", "PhilSys", "psn"],
    ),
    Rule::labelled(
        NationalId,
        "vn id",
        &["9{12}", "9{9}"],
        &["cccd", "cmnd", "căn cước", "căn cước công dân", "chứng minh nhân dân", "số cccd", "số cmnd"],
    ),
    Rule::labelled(TaxId, "vn tax", &["9{10}", "9{10}-9{3}", "9{13}"], &["mã số thuế", "mst", "mst cá nhân"]),
    Rule::checked(
        NationalId,
        "kr rrn",
        &["9{6}-9{7}", "9{13}"],
        &["주민등록번호", "주민번호", "rrn", "frn", "외국인등록번호", "resident registration"],
        rrn,
    ),
    Rule::checked(NationalId, "kr rrn", &["9{6}-9{7}"], &["rrn"], rrn).alone(0.85).strict(),
    Rule::labelled(Passport, "kr passport", &["A9{3}A9{4}", "A9{8}"], &["여권", "여권번호", "korean passport"]),
    Rule::checked(
        DrivingLicence,
        "kr licence",
        &["9{2}-9{2}-9{6}-9{2}", "9{12}", "9{2} 9{2} 9{6} 9{2}"],
        &["운전면허", "운전면허번호", "면허번호", "license", "licence", "driver's license"],
        |value| matches!(number(value, 0, 2), 11..=26 | 28) && number(value, 2, 2) > 0,
    )
    .strict(),
    Rule::checked(DrivingLicence, "kr licence", &["9{2}-9{2}-9{6}-9{2}"], &["운전면허"], |value| {
        matches!(number(value, 0, 2), 11..=26 | 28)
    })
    .alone(0.7)
    .strict(),
    Rule::checked(
        NationalId,
        "jp my number",
        &["9{12}", "9{4} 9{4} 9{4}", "9{4}-9{4}-9{4}"],
        &["マイナンバー", "個人番号", "my number", "mynumber"],
        my_number,
    ),
    Rule::labelled(
        DrivingLicence,
        "jp licence",
        &["9{12}", "9{11}"],
        &["免許", "免許証番号", "運転免許証", "運転免許", "免許番号", "自動車免許"],
    ),
    Rule::labelled(Passport, "jp passport", &["A{2}9{7}"], &["旅券番号", "パスポート番号", "パスポート", "旅券"]),
    Rule::labelled(
        NationalId,
        "jp insurance",
        &["9{8}", "9{4}-9{6}"],
        &["保険証番号", "被保険者番号", "基礎年金番号", "年金番号"],
    ),
];

/// UIDAI: Verhoeff, and never a first digit of 0 or 1.
fn aadhaar(value: &[u8]) -> bool {
    digit(value, 0) > 1 && verhoeff(value) && value.iter().rev().ne(value.iter())
}

/// Income Tax Department: the fourth letter says what the holder is; only persons and families count.
fn pan(value: &[u8]) -> bool {
    one_of(value, 3, "PH")
}

/// Department for Registration of Persons: day of the year, 500 more for women.
fn sri_lanka(value: &[u8]) -> bool {
    let days = if value.len() == 10 { number(value, 2, 3) } else { number(value, 4, 3) };
    let ending = value.len() == 12 || one_of(value, 9, "VX");
    let year = value.len() == 10 || (1900..=2030).contains(&number(value, 0, 4));
    ending && year && matches!(days, 1..=366 | 501..=866)
}

fn china(value: &[u8]) -> bool {
    let sum = weighted(value, &[7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]) % 11;
    digit(value, 0) > 0 && yyyymmdd(value, 6) && b"10X98765432".get(sum as usize) == value.get(17)
}

/// Ministry of the Interior: the letter as two digits, weights 1, 9 to 1 and 1, modulo 10.
fn taiwan(value: &[u8]) -> bool {
    const PLACES: [u32; 26] =
        [10, 11, 12, 13, 14, 15, 16, 17, 34, 18, 19, 20, 21, 22, 35, 23, 24, 25, 26, 27, 28, 29, 32, 30, 31, 33];
    let place = PLACES.get(letter(value, 0) as usize).copied().unwrap_or(0);
    let rest: u32 = (1..9).map(|at| digit(value, at) * (9 - u32::try_from(at).unwrap_or(0))).sum();
    one_of(value, 1, "1289") && (place / 10 + place % 10 * 9 + rest + digit(value, 9)).is_multiple_of(10)
}

/// Immigration Department: letters from ten, a space as 36, weights 9 to 1, modulo 11, A for ten.
fn hong_kong(value: &[u8]) -> bool {
    let padded = if value.len() == 8 { 36 } else { 0 };
    let sum: u32 = value
        .iter()
        .rev()
        .enumerate()
        .map(|(index, byte)| (u32::try_from(index).unwrap_or(0) + 1) * char::from(*byte).to_digit(36).unwrap_or(0))
        .sum();
    (sum + padded * 9).is_multiple_of(11)
}

/// ICA: weights 2765432, 4 more for T and G, 3 more for M, letters by the rest of eleven.
fn nric(value: &[u8]) -> bool {
    let sum = weighted(value.get(1..).unwrap_or_default(), &[2, 7, 6, 5, 4, 3, 2]);
    let (more, letters) = match value.first() {
        Some(b'S') => (0, b"JZIHGFEDCBA"),
        Some(b'T') => (4, b"JZIHGFEDCBA"),
        Some(b'F') => (0, b"XWUTRQPNMLK"),
        Some(b'G') => (4, b"XWUTRQPNMLK"),
        Some(b'M') => (3, b"XWUTRQPNJLK"),
        _ => return false,
    };
    letters.get(((sum + more) % 11) as usize) == value.get(8)
}

/// Jabatan Pendaftaran Negara: birth date and place code.
fn mykad(value: &[u8]) -> bool {
    yymmdd(value, 0) && !matches!(number(value, 6, 2), 0 | 17..=20 | 69 | 70 | 73 | 80 | 81 | 94..=97)
}

/// Department of Provincial Administration: weights 13 to 2, modulo 11.
fn thailand(value: &[u8]) -> bool {
    let sum = weighted(value, &[13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2]);
    digit(value, 0) > 0 && digit(value, 1) > 0 && (11 - sum % 11) % 10 == digit(value, 12)
}

/// Dukcapil: province, birth date with 40 more in the day of women.
fn nik(value: &[u8]) -> bool {
    (11..=97).contains(&number(value, 0, 2)) && day(number(value, 8, 2), number(value, 6, 2) % 40)
}

/// Ministry of the Interior and Safety: birth date and century. Since 2020 the rest is random.
fn rrn(value: &[u8]) -> bool {
    yymmdd(value, 0) && (1..=8).contains(&digit(value, 6))
}

/// Ordinance 85 of 2014, article 5: weights 6 to 2 and 7 to 2, modulo 11.
fn my_number(value: &[u8]) -> bool {
    let rest = weighted(value, &[6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11;
    (if rest < 2 { 0 } else { 11 - rest }) == digit(value, 11)
}
