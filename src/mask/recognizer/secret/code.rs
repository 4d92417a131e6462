//! Short codes: `gate code 7741#`, `PIN: 4471`, `482913 is your login code`.

use super::super::anchor::{Anchor, behind, onward};
use super::push;
use super::walk::{Told, value};
use crate::mask::page::Page;
use crate::mask::span::Span;

/// Labels that say nothing of what is opened.
const PLAIN: &[&str] = &[
    "code",
    "código",
    "codigo",
    "codice",
    "kod",
    "kode",
    "koden",
    "koodi",
    "kód",
    "koda",
    "cod",
    "codul",
    "код",
    "kodu",
    "combo",
    "combination",
    "kombination",
    "combinaison",
    "combinación",
    "combinazione",
    "combinação",
    "combinatie",
    "door",
    "gate",
    "puerta",
    "portail",
    "porte",
    "brama",
    "bramka",
    "furtka",
    "tor",
    "haustür",
    "tür",
    "deur",
    "poort",
    "cancello",
    "portone",
    "portão",
    "dveře",
    "alarm",
    "alarma",
    "alarme",
    "allarme",
    "padlock",
    "lock",
    "κωδικός",
    "κωδικος",
    "קוד",
    "رمز",
    "कोड",
    "mã",
    "รหัส",
    "kodas",
    "kods",
];

/// What a code opens.
const OPENED: &[&str] = &[
    "alarma",
    "alarme",
    "allarme",
    "alarmu",
    "larm",
    "panel",
    "gate",
    "door",
    "lock",
    "shed",
    "bike",
    "safe",
    "locker",
    "box",
    "alarm",
    "phone",
    "ipad",
    "iphone",
    "tablet",
    "card",
    "garage",
    "building",
    "entry",
    "entrance",
    "key",
    "gym",
    "cabinet",
    "suitcase",
    "luggage",
    "sim",
    "voicemail",
    "keypad",
    "intercom",
    "barrier",
    "flat",
    "house",
    "office",
    "lift",
    "elevator",
    "pool",
    "laundry",
    "bin",
    "letterbox",
    "mailbox",
    "lobby",
    "parking",
    "wifi",
    "tor",
    "tür",
    "haus",
    "keller",
    "garten",
    "tresor",
    "schloss",
    "spind",
    "fahrrad",
    "handy",
    "karte",
    "einfahrt",
    "eingang",
    "safe",
    "briefkasten",
    "schlüssel",
    "porte",
    "portail",
    "immeuble",
    "entrée",
    "garage",
    "coffre",
    "cadenas",
    "vélo",
    "téléphone",
    "carte",
    "boîte",
    "interphone",
    "puerta",
    "portal",
    "edificio",
    "garaje",
    "caja",
    "candado",
    "bici",
    "bicicleta",
    "móvil",
    "tarjeta",
    "finca",
    "verja",
    "taquilla",
    "portone",
    "cancello",
    "porta",
    "garage",
    "cassaforte",
    "lucchetto",
    "telefono",
    "carta",
    "citofono",
    "portão",
    "porta",
    "prédio",
    "garagem",
    "cofre",
    "cadeado",
    "cartão",
    "celular",
    "cancela",
    "deur",
    "poort",
    "slot",
    "kluis",
    "fiets",
    "kaart",
    "telefoon",
    "hek",
    "brama",
    "bramy",
    "drzwi",
    "furtka",
    "furtki",
    "domofon",
    "domofonu",
    "klatki",
    "sejf",
    "sejfu",
    "kłódka",
    "kłódki",
    "rower",
    "karty",
    "telefonu",
    "garaż",
    "garażu",
    "brána",
    "brány",
    "bráně",
    "vrata",
    "dveře",
    "dveří",
    "dveřím",
    "zámek",
    "trezor",
    "trezoru",
    "kolo",
    "dörr",
    "dörren",
    "port",
    "porten",
    "grind",
    "kassaskåp",
    "cykel",
    "cykeln",
    "kort",
    "kortet",
    "dør",
    "døren",
    "døra",
    "porten",
    "låge",
    "hengelås",
    "hængelås",
    "hänglås",
    "ovi",
    "oven",
    "portti",
    "portin",
    "lukko",
    "pyörä",
    "kapu",
    "ajtó",
    "lakat",
    "széf",
    "bicikli",
    "poarta",
    "poartă",
    "ușa",
    "ușă",
    "interfon",
    "seif",
    "lacăt",
    "kapı",
    "kapısı",
    "kasa",
    "kilit",
    "bisiklet",
    "дверь",
    "двери",
    "дверей",
    "калитка",
    "калитки",
    "ворота",
    "ворот",
    "подъезд",
    "подъезда",
    "домофон",
    "домофона",
    "замок",
    "замка",
    "сейф",
    "сейфа",
    "карты",
    "телефона",
    "двері",
    "дверей",
    "брама",
    "брами",
    "під'їзд",
    "під'їзду",
    "сейфу",
    "πόρτα",
    "πόρτας",
    "γκαράζ",
    "שער",
    "דלת",
    "הדלת",
    "הבניין",
    "باب",
    "الباب",
    "البوابة",
    "गेट",
    "दरवाज़े",
    "cổng",
    "cửa",
    "pintu",
    "pagar",
    "gerbang",
    "login",
    "sign-in",
    "verification",
    "confirmation",
    "security",
    "access",
];

/// Adds the code that a label announces.
pub(super) fn pin(page: &Page<'_>, anchor: &Anchor, out: &mut Vec<Span>) {
    let text = page.text();
    let line = page.lines().get(page.line_at(anchor.end())).map_or(text.len(), |line| line.end);
    let end = anchor.end() + onward(text, anchor.end(), 96).len().min(line - anchor.end().min(line));
    let label = text[anchor.start()..anchor.end()].to_lowercase();
    let plain = PLAIN.contains(&label.as_str());
    if let Some((start, stop)) = before_label(text, anchor) {
        return push(start, stop, 0.7, out);
    }
    let Some(value) = value(text, anchor.end(), end, 5) else {
        if !plain || opens(behind(text, anchor.start(), 48)) {
            answer(text, anchor.end(), line, out);
        }
        return;
    };
    let length = value
        .text
        .find(|c: char| !(c.is_ascii_alphanumeric() || c.is_uppercase() || matches!(c, '#' | '*' | '-')))
        .unwrap_or(value.text.len());
    // The marks of Markdown are no part of it.
    let bold = value.gap.ends_with('*') || value.text.contains("**");
    let token = value.text[..length].trim_end_matches('-');
    let token = if bold { token.trim_matches('*') } else { token };
    let digits = token.bytes().filter(u8::is_ascii_digit).count();
    let letters = token.chars().filter(|c| c.is_alphabetic()).count();
    // `482 913`, `0 4 4 1`.
    if !plain && letters == 0 && matches!(digits, 1 | 3) && digits == token.len() {
        let row = &text[value.start..end.max(value.start)];
        let groups =
            row.split(' ').take_while(|group| group.len() == digits && group.bytes().all(|byte| byte.is_ascii_digit()));
        let count = groups.count().max(1);
        let length = count * (digits + 1) - 1;
        let ends = !row[length..].starts_with(|c: char| c.is_alphanumeric() || c == '-')
            && !row[length..].strip_prefix(' ').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
        if (4..=8).contains(&(count * digits)) && ends && value.apart == 0 {
            push(value.start, value.start + length, 0.75, out);
        }
        if count > 1 || digits == 1 {
            return;
        }
    }
    // A hash before a number counts things.
    let sign = token.contains(['#', '*']) && !(plain && token.starts_with('#'));
    let opened = !plain || opens(behind(text, anchor.start(), 48)) || opens(value.gap);
    let size = (3..=10).contains(&token.len())
        && digits >= 3
        && (letters == 0 || letters <= 2 && (value.told > Told::Nothing || letters == 1));
    let rest = &text[value.start + token.len()..];
    // A year, and the start of a longer number.
    let cut = rest.starts_with(|c: char| c.is_alphanumeric() || matches!(c, '/' | '_' | '%'))
        || rest.starts_with(['-', '.', ':', ',']) && rest[1..].starts_with(|c: char| c.is_ascii_digit())
        || rest.starts_with(' ') && rest[1..].starts_with(|c: char| c.is_ascii_digit()) && digits < 4;
    // `24-8-31`, as the dial of a safe has it.
    let dial = token.split('-').count() == 3 && token.split('-').all(|part| matches!(part.len(), 1 | 2)) && digits >= 3;
    let dashed = token.contains('-') && !dial && !(token.len() == 7 && token.as_bytes()[3] == b'-');
    let unit = ["lines", "characters", "users", "times", "digits", "points", "zeichen", "stellen"]
        .iter()
        .any(|unit| rest.trim_start().starts_with(unit));
    let alone = value.told > Told::Nothing
        || digits >= 4
        || (digits == 3 && matches!(label.as_str(), "cvv" | "cvc" | "cvv2" | "csc"));
    let year = token.len() == 4
        && (token.starts_with("19") || token.starts_with("20"))
        && value.apart > 0
        && value.told == Told::Mark;
    if size && !year && !cut && !dashed && !unit && value.apart <= 3 && (sign || (opened && alone)) {
        push(value.start, value.start + token.len(), 0.75, out);
    }
}

/// The answer to a question for a code: the first thing that the next message says.
fn answer(text: &str, from: usize, line: usize, out: &mut Vec<Span>) {
    let asked = onward(text, from, 64);
    if line > from + 48 && !asked.contains('?') {
        return;
    }
    let next = onward(text, line, 160).trim_start();
    let next = &next[..next.find('\n').unwrap_or(next.len())];
    // Behind the time and the speaker.
    let said = next.rfind(": ").map_or(next, |at| &next[at + 2..]);
    let length = said.find(|c: char| !(c.is_ascii_digit() || matches!(c, '#' | '*'))).unwrap_or(said.len());
    let digits = said[..length].bytes().filter(u8::is_ascii_digit).count();
    let rest = &said[length..];
    let ends = !rest.starts_with(|c: char| c.is_alphanumeric() || matches!(c, '/' | '_' | '%' | ':' | '-'))
        && !(rest.starts_with([' ', '.', ',']) && rest[1..].starts_with(|c: char| c.is_ascii_digit()));
    if (4..=8).contains(&digits) && ends {
        let start = said.as_ptr() as usize - text.as_ptr() as usize;
        push(start, start + length, 0.65, out);
    }
}

/// Whether a word of `text` is something that a code opens.
fn opens(text: &str) -> bool {
    let mut words = text.split(|c: char| !c.is_alphabetic()).filter(|word| word.len() > 2);
    words.any(|word| OPENED.contains(&word.to_lowercase().as_str()))
}

/// `482913 is your login code`, `use 884201 as your code`: digits before the label.
fn before_label(text: &str, anchor: &Anchor) -> Option<(usize, usize)> {
    let head = behind(text, anchor.start(), 48);
    const JOINTS: &[&str] = &[
        "is your",
        "as your",
        "ist ihr",
        "ist dein",
        "est votre",
        "est ton",
        "es tu",
        "es su",
        "è il tuo",
        "è il suo",
        "é o seu",
        "is je",
        "is uw",
        "to twój",
        "je váš",
        "är din",
        "er din",
        "on sinun",
        "это ваш",
        "ваш",
    ];
    let lower = head.to_lowercase();
    let joint = JOINTS.iter().filter_map(|joint| lower.rfind(joint)).max()?;
    // Folding may change lengths; only plain digits are read.
    let front = head.get(..joint)?.trim_end_matches([' ', '—', '-', ',']);
    let count = front.bytes().rev().take_while(u8::is_ascii_digit).count();
    let start = anchor.start() - head.len() + front.len() - count;
    let free = !front[..front.len() - count].ends_with(|c: char| c.is_alphanumeric() || matches!(c, '.' | ',' | '/'));
    ((4..=8).contains(&count) && free).then_some((start, start + count))
}
