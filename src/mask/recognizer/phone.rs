//! Telephone numbers: a run of digits that is shaped, dialled or labelled like one.

use std::sync::LazyLock;

use regex::Regex;

use super::{Recognizer, after, before, compile, context, ends_in_word};
use crate::mask::page::Page;
use crate::mask::span::{Entity, Span};

pub(crate) struct Phone;

/// Digits with what people put between them, on one line; then an extension.
static RUN: LazyLock<Regex> = LazyLock::new(|| {
    compile(
        r"[+＋]?[(（]?[+＋]?\p{Nd}(?:[ \t\u{a0}\u{202f}\u{2009}.()（）/\-\u{2010}-\u{2015}\u{2212}\u{ad}\u{200b}－]{0,3}\p{Nd}){5,18}(?:(?i)[ \t]*(?:,|;)?[ \t]*(?:ext(?:ension|n)?\.?|x|#|durchwahl|poste|;ext=)[ \t:=]*\p{Nd}{1,6}\b)?",
    )
});

/// National shapes that no label needs to vouch for, over the run with every digit in ASCII and every gap one sign.
static NATIONAL: LazyLock<Vec<Regex>> = LazyLock::new(|| {
    [
        // North America.
        r"^(?:1[ .-]?)?(?:\([1-9]\d{2}\)[ -]?|[2-9]\d{2}[ ./-])\d{3}[ .-]\d{4}$",
        r"^\([2-9]\d{2}\)\d{7}$",
        // United Kingdom and Ireland: trunk 0.
        r"^\(?0[12378]\d{1,4}\)?[ -]\d{3,4}[ -]?\d{3,4}$",
        r"^\(?0[12378]\d{1,4}\)?[ -]\d{5,8}$",
        r"^07\d{9}$",
        // Germany, Austria, Switzerland.
        r"^\(?0[1-9]\d{1,4}\)?[ /-]{1,3}\d{3,8}(?:[ -]\d{1,5}){0,4}$",
        // France, Belgium.
        r"^0[1-9](?:[ .-]?\d{2}){4}$",
        // Spain, Portugal, Poland: nine digits in groups.
        r"^[6-9]\d{2} \d{3} \d{3}$",
        r"^[6-9]\d{2} \d{2} \d{2} \d{2}$",
        r"^[89]\d \d{3} \d{2} \d{2}$",
        // Italy.
        r"^3\d{2}[ .-]\d{3}[ .-]?\d{3,4}$",
        r"^0\d{1,3}[ .-]\d{6,8}$",
        // India.
        r"^0?[6-9]\d{4}[ -]\d{5}$",
        // Brazil.
        r"^\(?\d{2}\)? ?9?\d{4}-\d{4}$",
        // A trunk 0 and three to five groups.
        r"^\(?0\d{1,4}\)?[ /.-]{1,3}\d{2,4}(?:[ .-]\d{2,4}){1,3}(?:-\d)?$",
        r"^0 \d{3} \d{3} \d{2} \d{2}$",
        r"^0[789]\d{8,9}$",
        r"^0\d-\d{3} \d{4}$",
        // Denmark, Norway.
        r"^[2-9]\d \d{2} \d{2} \d{2}$",
        r"^[49]\d{2} \d{2} \d{3}$",
        // Area code without trunk 0: Poland, Mexico, Greece.
        r"^\(\d{2}\) \d{3}-\d{2}-\d{2}$",
        r"^\d{2} \d{4} \d{4}$",
        r"^2\d{3} \d{3} \d{3}$",
        // A country's code without its sign.
        r"^(?:852|853|886|971|966|972|254|234|233)[ -]\d{3,4}[ -]\d{4}$",
        // Japan, Korea, China.
        r"^0\d{1,3}-\d{3,4}-\d{4}$",
        r"^1[3-9]\d[ -]\d{4}[ -]\d{4}$",
        // Australia, New Zealand.
        r"^\(?0[2-478]\)? ?\d{4} ?\d{4}$",
        r"^04\d{2} \d{3} \d{3}$",
    ]
    .into_iter()
    .map(compile)
    .collect()
});

/// Shapes that are dates, ranges of years or times.
static DATE: LazyLock<Regex> = LazyLock::new(|| {
    compile(
        r"^(?:\d{1,2}[./-]\d{1,2}[./-](?:\d{2}|\d{4})|\d{4}[./-]\d{1,2}[./-]\d{1,2}(?:[ T.-]\d.*)?|(?:19|20)\d{2}(?:[ ./-]+\d{1,2})?[ ./-]+(?:19|20)\d{2}(?:[ ./-]\d{1,2})?|\d{1,2}[./-](?:19|20)\d{2}[ -]+\d{1,2}[./-](?:19|20)\d{2}|\d{1,2}[./-]\d{1,2}[./-]\d{4}[ -]+\d{1,2}[./-]\d{1,2}[./-]\d{4})$",
    )
});

const LABELS: &[&str] = &[
    "phone",
    "phones",
    "telephone",
    "tel",
    "mobile",
    "mob",
    "cell",
    "cellphone",
    "fax",
    "call",
    "call me at",
    "call me on",
    "whatsapp",
    "sms",
    "text",
    "text me at",
    "dial",
    "ring",
    "hotline",
    "landline",
    "home",
    "handy",
    "telefon",
    "telefonnummer",
    "mobil",
    "telefax",
    "tél",
    "téléphone",
    "portable",
    "teléfono",
    "telefono",
    "móvil",
    "movil",
    "cellulare",
    "celular",
    "telefone",
    "telefoon",
    "phone number",
    "phone no",
    "mobile number",
    "contact number",
    "contact no",
    "number is",
    "reach me at",
    "reach me on",
    "reached at",
    "ph",
    "電話",
    "电话",
    "手机",
    "전화",
    "signal",
];

const OTHERS: &[&str] = &[
    "isbn",
    "isbn-13",
    "isbn-10",
    "issn",
    "doi",
    "order",
    "order no",
    "order number",
    "invoice",
    "invoice no",
    "ticket",
    "case",
    "case no",
    "serial",
    "serial no",
    "part",
    "part no",
    "part number",
    "sku",
    "ref",
    "reference",
    "ref no",
    "id",
    "no",
    "nr",
    "number",
    "po",
    "purchase order",
    "version",
    "ver",
    "build",
    "release",
    "ean",
    "upc",
    "gtin",
    "tax",
    "vat",
    "account",
    "acct",
    "account number",
    "routing",
    "orcid",
    "rfc",
    "iso",
    "patent",
    "batch",
    "lot",
    "model",
    "timestamp",
    "commit",
    "tracking",
    "tracking number",
    "zip",
    "postcode",
    "iban",
    "ssn",
    "card",
    "card number",
    "bsn",
    "nhs",
    "nhs number",
    "pesel",
    "aadhaar",
    "sort code",
    "port",
    "from",
    "between",
];

impl Recognizer for Phone {
    fn find(&self, page: &Page<'_>, out: &mut Vec<Span>) {
        let text = page.text();
        for run in page.find(&RUN, |line| line.digits >= 6) {
            let parts = split(run.as_str());
            let whole = std::iter::once((0, run.as_str()));
            for (offset, part) in whole.chain(parts) {
                let start = run.start() + offset;
                if let Some(score) = score(text, start, part) {
                    out.push(Span::new(start..start + part.len(), Entity::Phone, score));
                }
            }
        }
    }
}

/// Two numbers with ` / `, ` - ` or two spaces between them.
fn split(run: &str) -> Vec<(usize, &str)> {
    static GAP: LazyLock<Regex> = LazyLock::new(|| compile(r" [/–—-] ?|[ \t]{2,}"));
    let mut parts = Vec::new();
    let mut start = 0;
    for gap in GAP.find_iter(run) {
        parts.push((start, &run[start..gap.start()]));
        start = gap.end();
    }
    if !parts.is_empty() {
        parts.push((start, &run[start..]));
    }
    parts
}

/// How sure, if it is a number to call at all.
fn score(text: &str, start: usize, run: &str) -> Option<f32> {
    let left = before(text, start);
    let right = after(text, start + run.len());
    let next = text.get(start + run.len()..).and_then(|rest| rest.chars().nth(1));
    let context = context(text, start, 28);
    let tel = context.ends_with("tel:") || context.ends_with("callto:") || context.ends_with("wa.me/");
    let joined = left.is_some_and(|c| {
        c.is_alphanumeric()
            || matches!(c, '_' | '$' | '£' | '€' | '¥' | '%' | '@' | '&' | '\\')
            || (!tel && matches!(c, '/' | '.' | ',' | '-' | '=' | '+'))
    });
    let goes_on = right.is_some_and(|c| c.is_alphanumeric() || matches!(c, '_' | '%' | '€' | '$' | '£' | '@' | '°'))
        || (right.is_some_and(|c| matches!(c, ',' | '.' | '-' | '/' | ':')) && next.is_some_and(char::is_numeric));
    if joined || goes_on {
        return None;
    }
    let plain = plain(run);
    let number = plain.split(['x', '#']).next().unwrap_or_default().trim();
    let digits: Vec<char> = number.chars().filter(char::is_ascii_digit).collect();
    let count = digits.len();
    if DATE.is_match(number) || digits.iter().all(|digit| *digit == '0') {
        return None;
    }
    let labelled = tel || ends_in_word(&context, LABELS);
    let international = number.starts_with('+') || number.starts_with("(+");
    if international && (8..=15).contains(&count) && digits.first() != Some(&'0') {
        return Some(0.95);
    }
    if labelled && (6..=15).contains(&count) {
        return Some(0.9);
    }
    if international || ends_in_word(&context, OTHERS) || context.ends_with('#') {
        return None;
    }
    if number.starts_with("00") && (10..=16).contains(&count) && !digits.starts_with(&['0', '0', '0']) {
        return Some(0.8);
    }
    // Ten digits in a row are an Indian or American number only among other contact details.
    let bare = count == number.len()
        && ((count == 10 && matches!(digits[0], '2'..='9')) || (count == 9 && matches!(digits[0], '4'..='9')))
        && among_contacts(text, start);
    let pairs =
        count == 8 && number.len() == 9 && matches!(digits[0], '3' | '6' | '8' | '9') && among_contacts(text, start);
    if bare || pairs {
        return Some(0.6);
    }
    let extension = plain.len() > number.len() + 1;
    let shaped = (8..=13).contains(&count) && NATIONAL.iter().any(|shape| shape.is_match(number));
    (shaped || (extension && (7..=13).contains(&count))).then_some(0.7)
}

/// Whether the line has other contact details, or is in a list of people.
fn among_contacts(text: &str, at: usize) -> bool {
    let start = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
    let end = text[at..].find('\n').map_or(text.len(), |newline| at + newline);
    let line = text[start..end].to_lowercase();
    line.contains(['@', '|', '•', '·', '—'])
        || LABELS.iter().any(|label| label.len() > 3 && line.contains(label))
        || line.trim().len() <= 20
        || line.contains("number") && !OTHERS.iter().any(|other| other.len() > 4 && line.contains(other))
}

/// ASCII digits, `x` for an extension, and for every gap one of ` .-/()`.
fn plain(run: &str) -> String {
    let mut plain = String::with_capacity(run.len());
    let mut extension = false;
    for c in run.chars() {
        let c = match c {
            c if c.is_ascii_digit() => c,
            // Digits of other scripts count as digits; which ones does not matter to a shape.
            c if c.is_numeric() => char::from_digit(u32::from(c) % 10, 10).unwrap_or('5'),
            '+' | '＋' => '+',
            '(' | '（' => '(',
            ')' | '）' => ')',
            '.' => '.',
            '/' => '/',
            '\u{2010}'..='\u{2015}' | '\u{2212}' | '－' | '-' => '-',
            '\u{ad}' | '\u{200b}' => continue,
            c if c.is_alphabetic() || matches!(c, '#' | ',' | ';' | ':' | '=') => {
                if !extension {
                    plain.push('x');
                }
                extension = true;
                continue;
            }
            _ => ' ',
        };
        if c != ' ' || !plain.ends_with(' ') {
            plain.push(c);
        }
    }
    plain
}
