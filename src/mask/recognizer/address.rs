//! Postal addresses: a street with its number and what follows it, a postcode, or a line that says it is one.

use std::sync::LazyLock;

use regex::Regex;

use super::{Recognizer, after, before, compile};
use crate::mask::page::{Cues, Line, Page};
use crate::mask::span::{Entity, Span};

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
        r"(?im)(?:^[\s>*_#-]*|[|•·;][ \t]*)(?:(?:home|postal|mailing|street|permanent|current|private|my|residential|billing|shipping)[ \t]+)?(?:address|adresse|anschrift|adres|dirección|direccion|domicilio|indirizzo|endereço|residence|domicile|wohnhaft|wohnort|住所|地址)[*_]*[ \t]*[:：|][*_ \t]*([^\n|•·\p{Cc}]{4,140})",
    )
});

impl Recognizer for Address {
    fn entity(&self) -> Entity {
        Entity::Address
    }

    fn find(&self, page: &Page<'_>, out: &mut Vec<Span>) {
        let text = page.text();
        let numbered = |line: &Line| line.cues.has(Cues::DIGIT);
        for (pattern, score) in
            [(&*NUMBER_FIRST, 0.8), (&*NAME_FIRST, 0.8), (&*NEEDS_CODE, 0.75), (&*BOX, 0.85), (&*CITY_CODE, 0.75)]
        {
            for found in page.find_below(pattern, 3, numbered) {
                let joined = before(text, found.start())
                    .is_some_and(|c| c.is_alphanumeric() || matches!(c, '.' | ',' | '$' | '£' | '€' | '-' | '_' | '/'));
                let range = trimmed(text, found.start(), found.end());
                if !joined && !after(text, range.end).is_some_and(char::is_alphanumeric) {
                    out.push(Span::new(range, Entity::Address, score));
                }
            }
        }
        for found in page.find(&JAPAN, |line| line.cues.has(Cues::WIDE)) {
            out.push(Span::new(found.range(), Entity::Address, 0.85));
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

/// Without the blanks and the full stop at the end.
fn trimmed(text: &str, start: usize, end: usize) -> std::ops::Range<usize> {
    let value =
        text[start..end].trim_end_matches(|c: char| c.is_whitespace() || matches!(c, '.' | ',' | '*' | '_' | '"'));
    start..start + value.len()
}
