//! Numbers that look like any other, and that only the word before them gives away, in twenty languages.

use super::Rule;
use crate::mask::span::Entity::{DrivingLicence, NationalId, Passport, Plate};

pub(super) const RULES: &[Rule] = &[
    Rule::labelled(
        Passport,
        "passport",
        &["A{0,3}9{5,9}A?", "A9{2}A9{5}", "A{1,2} 9{6,8}", "A9{3}A9{4}", "AX{8}", "A9A9{6}", "9{2} ?A{2} ?9{5}", "9{2}A{2}9{5}"],
        &[
            "passport", "passport no", "passport number", "passport #", "travel document", "travel passport",
            "reisepass", "pass-nr", "passnummer", "reisepassnummer", "passeport", "n° passeport", "numéro de passeport",
            "pasaporte", "número de pasaporte", "passaporte", "número do passaporte", "passaporto", "numero passaporto",
            "paspoort", "paspoortnummer", "paszport", "nr paszportu", "paszportu", "cestovní pas", "číslo pasu",
            "útlevél", "útlevélszám", "pașaport", "pasaport", "pasaport no", "паспорт", "διαβατήριο", "pas", "pasnummer",
            "passnr", "passi", "passin numero", "vegabréf", "דרכון", "מספר דרכון", "جواز السفر", "رقم جواز السفر", "جواز سفر",
            "パスポート番号", "パスポート", "旅券番号", "护照", "护照号码", "護照", "護照號碼", "여권번호", "여권", "หนังสือเดินทาง", "hộ chiếu",
            "số hộ chiếu", "paspor", "no. paspor", "pasport", "पासपोर्ट", "passport card", "biometric passport",
        ],
    ),
    Rule::labelled(
        DrivingLicence,
        "licence",
        &[
            "A{0,3}9{5,13}A{0,2}", "A9{3}-9{4}-9{4}", "A9{3}-9{3}-9{2}-9{3}-9", "A9{4}-9{5}-9{5}", "A9{2}-9{2}-9{4}",
            "9{3}-9{2}-9{4}", "A9{3} 9{3} 9{3} 9{3}", "A{2} 9{6}", "9{3} 9{3} 9{3}", "9{2} 9{2} 9{6}", "A9X{7}A", "A9X{6}A",
            "9{5}/9{2}/9{4}", "X{1,3}9{7}X{2}",
        ],
        &[
            "driver's license", "drivers license", "driver license", "driver's licence", "drivers licence", "driver licence",
            "driving licence", "driving license", "driver's license number", "license", "licence", "license number",
            "driver's license no", "dl", "dl no", "dl number", "dl#", "lost his license", "führerschein", "führerscheinnummer",
            "permis de conduire", "n° permis", "licencia de conducir", "permiso de conducir", "licencia de conducción",
            "carnet de conducir", "carta de condução", "carteira de motorista", "patente di guida", "patente", "rijbewijs",
            "prawo jazdy", "řidičský průkaz", "vodičský preukaz", "jogosítvány", "vezetői engedély", "permis auto",
            "permis conducere", "vozačka dozvola", "vozniško dovoljenje", "ehliyet", "sürücü belgesi", "kørekort", "körkort",
            "førerkort", "ajokortti", "δίπλωμα οδήγησης", "άδεια οδήγησης", "водительское удостоверение", "רישיון נהיגה",
            "رخصة القيادة", "رخصة قيادة", "运照", "驾驶证", "驾照", "駕照", "運転免許証番号", "운전면허번호", "ใบขับขี่", "giấy phép lái xe",
            "gplx", "sim", "no. sim", "lesen memandu", "ड्राइविंग लाइसेंस",
        ],
    ),
    Rule::labelled(
        NationalId,
        "identity number",
        &["A{0,3}9{6,14}A{0,2}", "9{3}-9{3}-9{3}", "9{2}.9{3}.9{3}", "9{1,3}.9{3}.9{3}", "A{2} 9{6,7}", "9{4} 9{4} 9{4}"],
        &[
            "national id", "national id number", "national id no", "national identity number", "national identity",
            "identity number", "identity card", "id card", "id card number", "identity no", "id number", "id no", "citizen id",
            "personal identification number", "personal number", "social security", "social insurance", "carte d'identité",
            "documento de identidad", "documento de identidade", "cédula", "bilhete de identidade", "identiteitskaart",
            "identiteitsbewijs", "id-kaart", "personalausweis", "ausweisnummer", "carta d'identità", "dowód osobisty",
            "občanský průkaz", "személyi igazolvány", "carte de identitate", "osobna iskaznica", "lična karta",
            "osebna izkaznica", "лична карта", "nüfus cüzdanı", "удостоверение личности", "ταυτότητα", "תעודת זהות",
            "بطاقة الهوية", "身份证号", "身份證", "신분증", "số cmnd", "residence permit", "brp", "visa number", "visa no",
        ],
    ),
    Rule::labelled(
        NationalId,
        "student or employee number",
        &["A{0,4}9{4,10}A?", "A{1,4}-9{3,8}", "9{2,4}-9{3,7}", "9{2}A{2,4}9{3,5}", "9{4}/9{3,6}"],
        &[
            "student id", "student number", "student no", "matriculation number", "matric no", "matric number",
            "enrolment number", "enrollment no", "enrolment no", "roll no", "roll number", "registration number",
            "employee id", "employee number", "employee no", "emp id", "staff id", "staff number", "staff no", "badge number",
            "payroll number", "personnel number", "matrikelnummer", "matrikel-nr", "matr.-nr.", "personalnummer",
            "personal-nr", "numéro étudiant", "matricule", "matrícula", "número de empleado", "numero di matricola", "matricola",
            "studentnummer", "personeelsnummer", "numer albumu", "nr albumu", "neptun", "学号", "工号", "学籍番号", "社員番号",
            "학번", "사번", "mssv", "öğrenci no", "sicil no", "service number", "membership no", "membership number",
        ],
    ),
    Rule::labelled(
        NationalId,
        "health or insurance number",
        &["A{0,3}9{6,13}A?", "9{3} 9{3} 9{3,4}", "9{3}-9{3}-9{3,4}", "A{2} 9{2} 9{2} 9{2} A"],
        &[
            "health insurance number", "health number", "insurance number", "medical record number", "mrn", "patient id",
            "patient number", "ehic", "versichertennummer", "numéro d'assuré", "tessera sanitaria", "tarjeta sanitaria",
            "policy number", "member id", "medical record", "voter id", "voter number", "voter no",
        ],
    ),
    Rule::labelled(
        Plate,
        "plate",
        &[
            "A{1,3}-A{1,2} ?9{1,4}", "A{2}9{2} A{3}", "A{2}9{2}A{3}", "A{2}-9{3}-A{2}", "A{2} 9{3} A{2}", "9{4} A{3}",
            "A{1,3} 9{1,4}", "A{1,3}-9{3,4}", "A{2}~9{2}~A{1,2}~9{4}", "A{3}-9{3}-A{2}", "A{2} 9{3} A{3}", "A{3}9{3,4}",
            "A{3} 9{3,4}", "A{3} 9A9{2}", "A{3}9A9{2}", "9{3}-A{3}", "9A{3}9{3}", "9{2} A{1,3} 9{2,4}", "9{2}-A{2}-9{2}",
            "A{2}-9{2}-A{2}", "9{1}-A{3}-9{2,3}", "9{3} A{2}", "A{1,3}9{1,4}A{1,3}",
        ],
        &[
            "plate", "license plate", "licence plate", "number plate", "registration plate", "plate number", "plate no",
            "reg", "reg.", "vehicle", "vehicle reg", "tag", "kennzeichen", "kfz-kennzeichen", "immatriculation",
            "plaque", "matrícula", "placa", "targa", "kenteken", "nr rejestracyjny", "rejestracja", "spz", "rendszám", "plaka",
            "registreringsnummer", "rekisteritunnus", "госномер", "номерной знак", "车牌", "车牌号", "車牌", "차량번호", "plat nomor",
            "no. polisi", "biển số",
        ],
    ),
];
