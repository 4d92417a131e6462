//! Postal addresses: a street with its number and what follows it, a postcode, or a line that says it is one.

use std::sync::LazyLock;

use regex::Regex;

use super::{Recognizer, after, before, compile};
use crate::mask::lexicon::{Flags, LEXICON};
use crate::mask::page::{Cues, Line, Page};
use crate::mask::span::{Entity, Layer, Span};
use crate::mask::words::words;

pub(crate) struct Address;

macro_rules! uk_code {
    () => {
        r"(?:GIR ?0AA|[A-PR-UWYZ][A-HK-Y]?[0-9][A-Z0-9]? ?[0-9][ABD-HJLNP-UW-Z]{2})"
    };
}
macro_rules! us_code {
    () => { r"(?:A[KLRZ]|C[AOT]|D[CE]|FL|GA|HI|I[ADLN]|K[SY]|LA|M[ADEINOST]|N[CDEHJMVY]|O[HKR]|PA|RI|S[CD]|T[NX]|UT|V[AT]|W[AIVY]|PR),?[ \t]+[0-9]{5}(?:-[0-9]{4})?" };
}
/// A capitalised word or an ordinal.
macro_rules! cap {
    () => {
        r"(?:\p{Lu}[\p{L}\p{M}'’.-]*|[0-9]{1,3}(?:st|nd|rd|th))"
    };
}
macro_rules! place {
    () => { r"(?:\p{Lu}[\p{L}\p{M}'’-]*(?:[ \t]+(?:(?:upon|on|am|an der|im|sur|de|la|del|di|of|the|in)[ \t]+)?\p{Lu}[\p{L}\p{M}'’-]*){0,3})" };
}
macro_rules! unit {
    () => {
        r"(?:,?[ \t]+(?i:apt|apartment|suite|ste|unit|flat|floor|room|rm|#)\.?[ \t]*#?[0-9A-Za-z-]{1,6}\b)?"
    };
}
/// Up to three places, then a code; or one place.
macro_rules! tail {
    () => { concat!(
        r"(?:(?:(?:,?[ \t]*\n?|,)[ \t]*", place!(), r"){0,3}(?:,?[ \t]*\n?[ \t]*)(?:", us_code!(), "|", uk_code!(), r"|(?:[A-Z]{1,2}-)?[0-9]{4,5}(?:[ \t]?[A-Z]{2}\b)?[ \t]+", place!(), r"|[A-Z][0-9][A-Z][ ]?[0-9][A-Z][0-9]|[0-9]{6}\b|[0-9]{2}-[0-9]{3}[ \t]+", place!(), r")(?:,[ \t]*(?:USA|U\.S\.A\.|UK|United Kingdom|United States|England|Scotland|Wales|Ireland|Germany|Deutschland|France|Canada|India|Netherlands))?|,[ \t]*", place!(), r")?"
    ) };
}

/// Number first: English and French.
static NUMBER_FIRST: LazyLock<Regex> = LazyLock::new(|| {
    compile(concat!(
        r"(?:(?i:flat|apt|apartment|unit|suite|house)[ \t]+[0-9A-Za-z]{1,4},?[ \t]+)?[0-9]{1,5}[A-Za-z]?(?:[-–/][0-9]{1,5})?,?[ \t]+(?:",
        r"(?:(?:North|South|East|West|[NSEW]\.?|[NS][EW])[ \t]+)?(?:",
        cap!(),
        r"[ \t]+){1,4}(?:Street|St|Road|Rd|Avenue|Ave|Av|Lane|Ln|Drive|Dr|Boulevard|Blvd|Court|Ct|Close|Cl|Crescent|Cres|Terrace|Ter|Gardens|Gdns|Grove|Mews|Row|Square|Sq|Hill|Quay|Wynd|Way|Walk|Rise|Place|Pl|Parkway|Pkwy|Highway|Hwy|Circle|Cir|Trail|Trl|Pike|Loop|Vale|Vennel|Brae|Parade|Park|Green|Alley|Plaza|Turnpike|Marg|Nagar|Path)\b\.?(?:[ \t]+(?:[NSEW]|[NS][EW]|North|South|East|West)\b\.?)?",
        r"|(?i:bis[ \t]+|ter[ \t]+)?(?i:rue|avenue|boulevard|bd|place|impasse|allée|chemin|quai|cours|route|passage|faubourg)[ \t]+(?:(?i:du|de|des|la|le|les|l['’]|d['’]|à|et)[ \t]*)*\p{Lu}[\p{L}\p{M}'’-]*(?:[ \t]+(?:(?:du|de|des|la|le|les|et)[ \t]+)*\p{Lu}[\p{L}\p{M}'’-]*){0,4}",
        r")",
        unit!(),
        tail!()
    ))
});

/// Name first: German, Dutch, Nordic, Spanish, Italian, Portuguese, Polish.
static NAME_FIRST: LazyLock<Regex> = LazyLock::new(|| {
    compile(concat!(
        r"(?:",
        r"\p{Lu}[\p{L}\p{M}.-]*(?:straße|strasse|str\.|weg|platz|allee|gasse|chaussee|straat|laan|plein|gracht|kade|gatan|vägen|gata|veien|vej|gade|katu|tie)",
        r"|(?:\p{Lu}[\p{L}\p{M}-]*[ \t-])+(?:Straße|Strasse|Str\.|Weg|Platz|Allee|Gasse|Damm|Ufer|Ring)",
        r"|(?:Calle|C/|Avenida|Avda\.?|Plaza|Paseo|Carrera|Rua|Avenida|Travessa|Via|Viale|Piazza|Corso|Largo|Vicolo|ul\.|al\.|os\.|Rue)[ \t]*(?:(?:de|del|della|di|da|do|dos|das|la|las|los|el|dei|delle)[ \t]+)*\p{Lu}[\p{L}\p{M}.'’-]*(?:[ \t]+(?:(?:de|del|della|di|da|do|dos|la|las|los|y|e)[ \t]+)*\p{Lu}[\p{L}\p{M}.'’-]*){0,3}",
        r"),?[ \t]+(?:n[º°.]?[ \t]*)?[0-9]{1,4}(?:[ \t]?[a-hA-H]\b)?(?:[-–/][0-9]{1,4})?(?:,[ \t]*[0-9]º?[ \t]*[A-Za-z]\b)?",
        tail!()
    ))
});

/// Street names too much like other words, or without a street word, need a code behind the number.
static NEEDS_CODE: LazyLock<Regex> = LazyLock::new(|| {
    compile(concat!(
        r"(?:\p{Lu}[\p{L}\p{M}-]*(?:ring|hof|ufer|damm|graben|steig|berg|markt|tor)|(?:Am|An der|Auf dem|Auf der|Unter den|Zum|Zur|Im|In der)[ \t]+\p{Lu}[\p{L}\p{M}-]*(?:[ \t]\p{Lu}[\p{L}\p{M}-]*)?)[ \t]+[0-9]{1,4}[ \t]?[a-h]?(?:,?[ \t]*\n?[ \t]*)(?:D-|A-|CH-)?[0-9]{4,5}[ \t]+",
        place!()
    ))
});

static BOX: LazyLock<Regex> = LazyLock::new(|| {
    compile(concat!(
        r"\b(?:P\.?[ ]?O\.?[ ]?Box|PO Box|Postfach|Apartado|BP|Casella Postale)[ \t]+[0-9]{1,6}\b",
        tail!()
    ))
});

/// `Springfield, IL 62704`.
static CITY_CODE: LazyLock<Regex> = LazyLock::new(|| compile(concat!(r"\b", place!(), r",[ \t]*", us_code!(), r"\b")));

/// `Burntisland, KY3 0ZZ`; the code alone too, as it names a few houses.
static UK: LazyLock<Regex> =
    LazyLock::new(|| compile(r"\b(?:GIR 0AA|[A-PR-UWYZ][A-HK-Y]?[0-9][A-Z0-9]? [0-9][ABD-HJLNP-UW-Z]{2})\b"));
static UK_CLOSED: LazyLock<Regex> = LazyLock::new(|| {
    compile(
        r"(?i)(?:post ?code|postal code|zip(?: code)?|plz|code postal|c\.?p\.?|cep|pin ?code)[*_]*[ \t]*[:=|][*_]*[ \t]*([A-Z0-9][A-Z0-9 -]{2,9}[A-Z0-9])\b",
    )
});
static JAPAN: LazyLock<Regex> = LazyLock::new(|| {
    compile(r"〒[ ]?[0-9]{3}-?[0-9]{4}(?:[ \u{3000}]*[\p{Han}\p{Hiragana}\p{Katakana}0-90-9ー−-]{2,40})?")
});

/// A line that says it is an address, to its end.
static LABELLED: LazyLock<Regex> = LazyLock::new(|| {
    compile(
        r"(?im)(?:^[\s>*_#-]*|[|•·;][ \t]*)(?:(?:home|postal|mailing|street|permanent|current|private|my|residential|billing|shipping)[ \t]+)?(?:address|adresse|anschrift|adres|dirección|direccion|domicilio|indirizzo|endereço|residence|domicile|wohnhaft|wohnort|住所|地址|主소|주소|住址|địa chỉ|alamat|adresa|cím|lakcím|osoite|adresse|διεύθυνση|адрес|адреса|العنوان|کتובת|כתובת|पता|ঠিকানা|ที่อยู่|முகவரி|morada|domicílio|domicili|dom\.|adres|add)[*_]*[ \t]*[:：|][*_ \t]*([^\n|•·\p{Cc}]{4,140})",
    )
});

impl Recognizer for Address {
    fn find(&self, page: &Page<'_>, out: &mut Vec<Span>) {
        let text = page.text();
        let numbered = |line: &Line| line.cues.has(Cues::DIGIT);
        for (pattern, score) in [
            (&*NUMBER_FIRST, 0.8),
            (&*NAME_FIRST, 0.8),
            (&*NEEDS_CODE, 0.75),
            (&*NUMBER_AND_CODE, 0.75),
            (&*BOX, 0.85),
            (&*CITY_CODE, 0.75),
        ] {
            for found in page.find_below(pattern, 3, numbered) {
                let joined = before(text, found.start())
                    .is_some_and(|c| c.is_alphanumeric() || matches!(c, '.' | ',' | '$' | '£' | '€' | '-' | '_' | '/'));
                let range = trimmed(text, found.start(), found.end());
                if !joined && !after(text, range.end).is_some_and(char::is_alphanumeric) {
                    let range = grown(page, range);
                    out.push(Span::new(range, Entity::Address, score));
                }
            }
        }
        for found in page.find(&JAPAN, |line| line.cues.has(Cues::WIDE)) {
            out.push(Span::new(found.range(), Entity::Address, 0.85));
        }
        streets(page, out);
        for found in page.find(&EAST_ASIA, |line| line.cues.has(Cues::WIDE) && line.digits >= 2) {
            out.push(Span::new(found.range(), Entity::Address, 0.75));
        }
        for found in page.find(&UK, |line| line.cues.has(Cues::DIGIT | Cues::CAPITAL)).filter(|found| {
            !["GB", "MB", "KB", "TB", "AM", "PM", "HZ"].iter().any(|unit| found.as_str().ends_with(unit))
        }) {
            out.push(Span::new(found.range(), Entity::Address, 0.7));
        }
        for found in page
            .captures(&UK_CLOSED, 0, |line| line.cues.has(Cues::DIGIT))
            .filter_map(|found| found.get(1))
            .filter(|found| found.as_str().contains(|c: char| c.is_ascii_digit()))
        {
            out.push(Span::new(found.range(), Entity::Address, 0.8));
        }
        for found in page
            .captures(&LABELLED, 0, |line| line.cues.has(Cues::COLON) || line.cues.has(Cues::WIDE))
            .filter_map(|found| found.get(1))
        {
            let value = found.as_str();
            let postal = value.contains(char::is_alphabetic)
                && (value.contains(char::is_numeric) || value.contains(','))
                && !value.contains(['@', '＠'])
                && !value.contains("://");
            if postal {
                out.push(Span::new(trimmed(text, found.start(), found.end()), Entity::Address, 0.85));
            }
        }
    }
}

/// Chinese and Japanese: from the largest unit to the house; Korean: city, road, number.
static EAST_ASIA: LazyLock<Regex> = LazyLock::new(|| {
    compile(
        r"\p{Han}{1,6}(?:省|市|区|區|都|道|府|縣|县|県)[\p{Han}\p{Katakana}\p{Hiragana}ー]{0,14}(?:市|区|區|镇|鎮|町|村|路|街|巷|大道)[\p{Han}\p{Katakana}\p{Hiragana}ー0-9A-Za-z０-９－-]{0,24}(?:号|號|室|楼|樓|番地?|丁目|F|階)(?:[\p{Han}\p{Katakana}ー0-9A-Za-z ・-]{0,24}(?:号室|室|楼|樓|F|階|号))?|\p{Hangul}{1,6}(?:특별시|광역시|특별자치시|시|도)[ ]\p{Hangul}{1,6}(?:구|군|시)[ ][\p{Hangul}0-9]{1,12}(?:로|길|동)[ ]?[0-9-]{1,8}(?:,?[ ][0-9]{1,4}동)?(?:[ ][0-9]{1,5}호)?(?:[ ]?\((?:우[ ]?)?[0-9]{5}\))?",
    )
});

/// A word for a street beside a number, in any of the lexicon's languages.
fn streets(page: &Page<'_>, out: &mut Vec<Span>) {
    const COMMON: &[&str] = &[
        "way", "court", "hill", "park", "green", "row", "place", "places", "cross", "block", "close", "drive", "house",
        "bridge", "gate", "square", "market", "station", "circle", "loop", "walk", "rise", "path", "point", "garden",
        "gardens", "center", "centre", "building", "floor", "level", "room", "unit", "side", "line", "pass", "run",
        "view", "end", "bar", "port", "as", "no", "nr", "cap", "capt", "flat", "suite", "corso", "bat", "vak", "geb",
        "abs", "art", "ring", "villa", "plan", "tower", "estate", "club", "field", "fields", "trail", "track", "cours",
        "course", "passage", "key", "well", "top", "step", "ter", "al", "os", "st", "dr", "ct", "pl",
    ];
    let text = page.text();
    for line in page.lines().iter().filter(|line| line.cues.has(Cues::DIGIT)) {
        let bytes = &text[line.start..line.end];
        for word in words(bytes) {
            let spelt = &bytes[word.range()];
            let flags = LEXICON.word(word.hash);
            let suffix = word.letters > 6 && SUFFIXES.iter().any(|end| spelt.to_lowercase().ends_with(end));
            let short = word.letters < 3 && !matches!(spelt, "Rd" | "Av" | "Jl" | "ul" | "Ul");
            if word.coded
                || short
                || !(flags.any(Flags::STREET) || suffix)
                || COMMON.contains(&spelt.to_lowercase().as_str())
            {
                continue;
            }
            let tail = &bytes[word.end()..];
            let head = &bytes[..word.start()];
            // The number behind the street, or before it.
            let behind = BEHIND.find(tail).map(|found| word.end() + found.end());
            let ahead = AHEAD.find(head).map(|found| found.start());
            let named = |from: usize, to: usize| bytes[from..to].contains(|c: char| c.is_uppercase()) || suffix;
            let range = match (behind, ahead) {
                (Some(end), _) if named(word.start(), end) || NAMED_BEFORE.find(head).is_some() => {
                    let start = NAMED_BEFORE
                        .find(head)
                        .filter(|_| word.letters > 1)
                        .map_or(word.start(), |found| found.start());
                    start..end
                }
                (None, Some(start)) if word.capital || head.ends_with(", ") || head.ends_with(' ') => {
                    let end = NAME_BEHIND.find(tail).map_or(word.end(), |found| word.end() + found.end());
                    if !named(start, end) {
                        continue;
                    }
                    start..end
                }
                _ => continue,
            };
            let range = line.start + range.start..line.start + range.end;
            let joined =
                before(text, range.start).is_some_and(|c| c.is_alphanumeric() || matches!(c, '$' | '€' | '£' | '.'));
            if !joined && !after(text, range.end).is_some_and(char::is_alphanumeric) {
                out.push(
                    Span::new(grown(page, range), Entity::Address, 0.7)
                        .by(Layer::Lexicon, "word for a street beside a number"),
                );
            }
        }
    }
}

/// Endings of street names in one word.
const SUFFIXES: &[&str] = &[
    "straße", "strasse", "gasse", "straat", "gracht", "laan", "plein", "gatan", "vägen", "katu", "gata", "veien",
    "vej", "gade", "utca", "singel", "kade", "dreef", "platz", "allee",
];

/// Behind a word for a street: its name, if any, and a number.
static BEHIND: LazyLock<Regex> = LazyLock::new(|| {
    compile(
        r"^\.?(?:[ \t]+(?:(?:de|del|della|di|da|do|dos|das|la|las|los|du|des|le|el|al|r\.)[ \t]+)*(?:\p{Lu}[\p{L}\p{M}.'’-]*|[a-z]{1,3})){0,5},?[ \t]*(?i:no\.?[ \t]?:?|nr\.?|n[º°]\.?|num\.?|č\.?)?[ \t:]*[0-9]{1,5}(?:[/-][0-9]{1,5}){0,2}(?:[ ]?[A-Za-z]\b)?(?:[/-][0-9A-Za-z]{1,4})*(?:[ ](?:m\.|lok\.|bus|bis|rosso)[ ]?[0-9]{0,4})?",
    )
});
/// Before one: a number and at most a few words.
static AHEAD: LazyLock<Regex> = LazyLock::new(|| {
    compile(
        r"[0-9]{1,5}(?:[-/][0-9]{1,5})?[A-Za-z]?(?:[ ](?:bis|ter))?,?[ \t]+(?:(?:\p{Lu}[\p{L}\p{M}.'’-]*|[0-9]{1,3}(?:st|nd|rd|th))[ \t]+){0,4}$",
    )
});
/// The name of a street that its word ends.
static NAMED_BEFORE: LazyLock<Regex> = LazyLock::new(|| compile(r"(?:\p{Lu}[\p{L}\p{M}.'’-]*[ \t]+){1,4}$"));
static NAME_BEHIND: LazyLock<Regex> = LazyLock::new(|| {
    compile(
        r"^(?:[ \t]+(?:(?:de|del|du|des|la|le|les|da|do|di|del|l['’]|d['’]|of)[ \t]*)*\p{Lu}[\p{L}\p{M}.'’-]*){0,4}",
    )
});

/// Houses, floors, districts and codes beside a street: an address goes on over commas, to the left and to the right,
/// and over the next line when that begins with a code and a place.
fn grown(page: &Page<'_>, range: std::ops::Range<usize>) -> std::ops::Range<usize> {
    let text = page.text();
    let line = &page.lines()[page.line_at(range.start)];
    let mut start = range.start;
    // Leftwards: parts between commas, up to the line's beginning or a sign that parts contact details.
    let floor = text[line.start..start]
        .rfind(['|', '•', '·', ';', ':', '(', '：', '—'])
        .map_or(line.start, |at| line.start + at + text[line.start + at..].chars().next().map_or(1, char::len_utf8));
    while let Some(comma) = text[floor..start].trim_end().strip_suffix(',') {
        let from = comma.rfind(',').map_or(floor, |at| floor + at + 1);
        let part = &text[from..floor + comma.len()];
        if !part_of_address(part, true) {
            break;
        }
        start = from + part.len() - part.trim_start().len();
    }
    start += text[start..range.start].len()
        - text[start..range.start].trim_start_matches([' ', '*', '_', '-', '#', '>']).len();
    let mut end = range.end;
    let last = &page.lines()[page.line_at(range.end)];
    loop {
        let rest = &text[end..last.end];
        let sign = rest.trim_start_matches([' ', '\t']);
        let sign = sign.strip_prefix('.').filter(|more| more.starts_with(',')).unwrap_or(sign);
        let Some(next) = sign.strip_prefix(',').or_else(|| sign.strip_prefix("– ")).or_else(|| sign.strip_prefix("- "))
        else {
            break;
        };
        let from = last.end - next.len();
        let stop = next.find([',', '|', '•', '·', ';', '(', '—', '：', '@']).unwrap_or(next.len());
        let stop = next[..stop]
            .find(" – ")
            .or_else(|| next[..stop].find(" - "))
            .or_else(|| next[..stop].find(". ").filter(|at| *at > 12))
            .unwrap_or(stop);
        if !part_of_address(&next[..stop], false) || next[stop..].starts_with('@') {
            break;
        }
        end = from + next[..stop].trim_end_matches([' ', '.', '*', '_']).len();
    }
    // `m. 17`, `D:7`, `C 58`, `bus 4`, and what follows it.
    if let Some(unit) = UNIT_BEHIND.find(&text[end..last.end]) {
        end += unit.end();
        if let Some(more) = PLACE_BEHIND.find(&text[end..last.end]) {
            end += more.end();
        }
    }
    // `S(560482)`, `CEP 80060-010` and the next line.
    if let Some(code) = CODE_AFTER.find(&text[end..last.end]) {
        end += code.end();
    }
    if let Some(next) = page.lines().get(page.line_at(end) + 1)
        && text[end..page.lines()[page.line_at(end)].end].trim_matches([',', ' ', '*', '_']).is_empty()
        && let Some(found) = CODE_LINE.find(&text[next.start..next.end])
    {
        end = next.start + found.end();
    }
    // `Unit 5/`, `Blk 4 Lot`, `Sint-`: what a street's number or name begins with.
    if let Some(head) = HOUSE_BEFORE.find(&text[line.start..start]) {
        start = line.start + head.start() + head.as_str().len() - head.as_str().trim_start().len();
    }
    start.min(range.start)..end.max(range.end)
}

static HOUSE_BEFORE: LazyLock<Regex> = LazyLock::new(|| {
    compile(
        r"(?:(?:^|[ \t|•·:;,(])(?i:unit|blk|block|lot|flat|apt|plot|house|no|door|h\.?no|#)\.?[ ]?#?[0-9A-Za-z/-]{1,8}(?:[ ,]{1,2}(?i:lot|unit|flat|floor)[ ]?[0-9A-Za-z-]{0,4})?[ ,/]{1,2}|\b\p{Lu}\p{L}+-)$",
    )
});
static UNIT_BEHIND: LazyLock<Regex> = LazyLock::new(|| {
    compile(
        r"^[ .,]{1,2}(?:(?i:m|lok|bus|bte|apt|d|daire|kat|th|tv|et|as|lgh|app)[.:]?[ ]?#?[0-9]{1,5}\b|[A-H][ ][0-9]{1,3}\b|#[0-9]{2}-[0-9]{2,5}\b)",
    )
});
static PLACE_BEHIND: LazyLock<Regex> = LazyLock::new(|| {
    compile(
        r"^,?[ ](?:(?:[A-Z]{1,2}-)?[0-9]{2,5}(?:[ -][0-9]{2,4})?[ ])?\p{Lu}[\p{L}\p{M}'’-]+(?:/\p{Lu}[\p{L}\p{M}-]+)?(?:[ ]\p{Lu}[\p{L}\p{M}'’-]+){0,2}(?:[ ][0-9]{1,2}\b)?",
    )
});

/// A name and a number, whatever the street is called, with a code and a place behind it.
static NUMBER_AND_CODE: LazyLock<Regex> = LazyLock::new(|| {
    compile(
        r"(?:\p{Lu}[\p{L}\p{M}.'’-]*[ ])(?:(?:\p{Lu}|\p{Ll})[\p{L}\p{M}.'’-]*[ ]){0,3}[0-9]{1,4}[ ]?[A-Za-z]?(?:[/-][0-9A-Za-z]{1,5})?(?:[ ][0-9]{1,3})?,[ ]?(?:[A-Z]{1,2}-)?(?:[0-9]{3}[ ][0-9]{2}|[0-9]{2}-[0-9]{3}|[0-9]{5}|[0-9]{4}(?:[ ][A-Z]{2})?)[ ]\p{Lu}[\p{L}\p{M}'’-]+(?:[ ](?:[0-9]{1,2}\b|[A-Z]\b))?(?:[ ][–-][ ]\p{Lu}[\p{L}\p{M}-]+)?",
    )
});

/// A code of a few signs right behind an address.
static CODE_AFTER: LazyLock<Regex> = LazyLock::new(|| {
    compile(
        r"^[ \t,–-]{0,3}(?:(?:CEP|C\.?P\.?|PLZ|PIN)?[ \t:–-]{0,3}[0-9]{3,6}(?:[ -][0-9]{2,4})?\b(?:[ \t]+\p{Lu}[\p{L}\p{M}-]+)?|S\([0-9]{6}\))",
    )
});

/// A code and a place on a line of their own.
static CODE_LINE: LazyLock<Regex> = LazyLock::new(|| {
    compile(
        r"^[ \t>*_]*(?:(?:[A-Z]{1,2}-)?[0-9]{3}[ ]?[0-9]{2}|[0-9]{2}-[0-9]{3}|[0-9]{5}(?:-[0-9]{3})?|[0-9]{4}(?:[ ][A-Z]{2})?)[ \t]+\p{Lu}[\p{L}\p{M} .'’()/-]{1,40}[0-9]{0,2}[ \t]*$|^[ \t]*\p{Lu}[\p{L}\p{M} .'’-]{1,30},?[ -]+[0-9]{3}[ ]?[0-9]{2,3}(?:, \p{Lu}[\p{L} ]+)?[ \t]*$",
    )
});

/// Whether what stands between two commas may belong to an address: few words, each with a capital or a digit.
fn part_of_address(part: &str, left: bool) -> bool {
    let part = part.trim();
    let words: Vec<&str> = part.split_whitespace().collect();
    if words.is_empty()
        || words.len() > 6
        || part.len() > 48
        || part.contains(['@', ':', '=', '"']) && !part.contains("\"")
    {
        return false;
    }
    const SMALL: &[&str] = &[
        "de", "del", "la", "le", "di", "da", "do", "dos", "das", "of", "the", "and", "am", "an", "der", "im", "bei",
        "sur", "upon", "no", "no.", "nr", "nr.", "n°", "nº", "floor", "flat", "apt", "apt.", "apto", "ap.", "ap",
        "app.", "bl.", "sc.", "bis", "ter", "lgh", "tv.", "th.", "piso", "esq.", "dto.", "et.", "st.", "m.", "by",
        "near", "opp.", "et", "y", "e", "cross", "rue", "bus", "rosso", "kat", "daire",
    ];
    let digits = part.chars().any(|c| c.is_ascii_digit());
    let shaped = words.iter().all(|word| {
        word.chars().next().is_some_and(|c| c.is_uppercase() || c.is_numeric() || matches!(c, '#' | '('))
            || SMALL.contains(word)
    });
    // To the left of a street only houses and flats: a name stands there too.
    let house = || {
        let lower = part.to_lowercase();
        digits
            || [
                "house",
                "building",
                "flat",
                "apartment",
                "tower",
                "block",
                "unit",
                "mansion",
                "residency",
                "court",
                "villa",
                "floor",
                "estate",
                "bldg",
            ]
            .iter()
            .any(|word| lower.contains(word))
    };
    // Years and dates are no part of an address.
    let dated = words.iter().any(|word| {
        word.len() == 4
            && (word.starts_with("19") || word.starts_with("20"))
            && word.chars().all(|c| c.is_ascii_digit())
    }) && words.len() <= 2;
    shaped && !dated && (!left || house())
}

/// Without the blanks and the full stop at the end.
fn trimmed(text: &str, start: usize, end: usize) -> std::ops::Range<usize> {
    let value =
        text[start..end].trim_end_matches(|c: char| c.is_whitespace() || matches!(c, '.' | ',' | '*' | '_' | '"'));
    start..start + value.len()
}
