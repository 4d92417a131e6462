//! TXT001: text that was decoded with the wrong encoding.

use super::prelude::*;
use std::ops::Range;

/// Flags replacement characters and UTF-8 that was read as Windows-1252.
pub(in crate::lint) struct Mojibake;

static META: Meta = Meta {
    code: "TXT001",
    name: "mojibake",
    severity: Severity::Error,
    fix: Some(Fix::Safe),
    kinds: &Kind::ALL,
    summary: "Text was decoded with the wrong encoding: replacement characters or doubly encoded UTF-8",
    explanation: "
## Why it matters
Each broken character costs several tokens of the cap, and the student repeats it in its answers.

## Example
`It didnâ€™t start` was `It didn’t start`; `cafÃ©` was `café`; `caf\u{fffd}` has lost its letter for good.

## How to fix
Doubly encoded text can be turned back when the way back is valid, which is then offered as a safe fix.
Replacement characters cannot: extract the source again with the right encoding.
",
};

impl Rule for Mojibake {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn start<'a>(&self, _settings: &'a LintSettings, _cx: &Context<'a>) -> Box<dyn Check + 'a> {
        Box::new(Bytes)
    }
}

struct Bytes;

impl Check for Bytes {
    fn row(&self, row: &View<'_>, out: &mut Findings) {
        for text in row.texts() {
            if let Some(at) = text.text.find('\u{fffd}') {
                let message = format!("`{}` holds replacement characters, text is lost", text.name);
                out.mark(row.finding_in(&META, text, message), text.text, at..at + '\u{fffd}'.len_utf8());
            } else if let Some(range) = doubly_encoded(text.text) {
                let message = format!("`{}` holds UTF-8 that was read as Windows-1252", text.name);
                let finding = row.finding_in(&META, text, message);
                let finding = match repair(text.text) {
                    Some(_) => finding.safe(Edit::rewrite(&text.name, repair)),
                    None => finding,
                };
                out.mark(finding, text.text, range);
            }
        }
    }
}

/// The byte that a character stands for in Windows-1252, from 0x80 on; undefined bytes map to C1 controls.
fn byte(c: char) -> Option<u8> {
    const HIGH: [char; 32] = [
        '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}', '\u{90}', '‘',
        '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
    ];
    match u32::from(c) {
        code @ 0x80..=0xff => u8::try_from(code).ok(),
        _ => HIGH.iter().position(|high| *high == c).and_then(|i| u8::try_from(0x80 + i).ok()),
    }
}

/// The first place that reads like UTF-8 in Windows-1252 clothes, in bytes of the text.
pub(super) fn doubly_encoded(text: &str) -> Option<Range<usize>> {
    if text.is_ascii() {
        return None;
    }
    let high: Vec<(usize, char, Option<u8>)> = text.char_indices().map(|(at, c)| (at, c, byte(c))).collect();
    (0..high.len()).find_map(|i| {
        let length = sequence(&high[i..], i.checked_sub(1).map(|before| high[before].1))?;
        let end = high.get(i + length).map_or(text.len(), |(at, _, _)| *at);
        Some(high[i].0..end)
    })
}

/// Length in characters of a sequence that people do not write, 0x80 and up being what the bytes say.
fn sequence(chars: &[(usize, char, Option<u8>)], before: Option<char>) -> Option<usize> {
    let lead = chars.first()?.2?;
    let next = |i: usize| chars.get(i).and_then(|(_, _, byte)| *byte).filter(|byte| (0x80..0xc0).contains(byte));
    // Quotation marks, dashes and hard spaces may well follow an accented letter, so they prove nothing alone.
    let innocent = |byte: u8| matches!(byte, 0x82 | 0x84 | 0x85 | 0x91..=0x97 | 0xa0 | 0xab | 0xb7 | 0xbb);
    let capital = before.is_some_and(char::is_uppercase);
    match lead {
        // â€ opens all typographic punctuation; its third byte is often lost.
        0xe2 if next(1) == Some(0x80) => Some(if next(2).is_some() { 3 } else { 2 }),
        0xe2 => next(1).filter(|b| *b != 0xa0).and(next(2)).map(|_| 3),
        0xef => (next(1) == Some(0xbb) && next(2) == Some(0xbf)).then_some(3),
        0xf0 => next(1).filter(|b| *b == 0x9f).and(next(2)).and(next(3)).map(|_| 4),
        0xc2 | 0xc3 => next(1).filter(|b| !(innocent(*b) && capital)).map(|_| 2),
        0xc4 | 0xc5 => next(1).filter(|b| !innocent(*b)).map(|_| 2),
        // Greek, Cyrillic and others come in runs.
        0xc6..=0xdf => {
            let again = chars.get(2)?.2.filter(|byte| (0xc2..0xe0).contains(byte));
            next(1).and(again).and(next(3)).map(|_| 4)
        }
        _ => None,
    }
}

/// The text with every doubly encoded run turned back; `None` unless all of them turn back cleanly.
fn repair(text: &str) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    let mut run = String::new();
    for c in text.chars().map(Some).chain([None]) {
        match c {
            Some(c) if byte(c).is_some() => run.push(c),
            other => {
                if doubly_encoded(&run).is_some() {
                    let bytes: Vec<u8> = run.chars().filter_map(byte).collect();
                    out.push_str(std::str::from_utf8(&bytes).ok()?);
                } else {
                    out.push_str(&run);
                }
                run.clear();
                out.extend(other);
            }
        }
    }
    doubly_encoded(&out).is_none().then_some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn double_encoding_is_told_from_foreign_words() {
        let check = |text: &str, expected: bool| assert_eq!(doubly_encoded(text).is_some(), expected, "{text}");
        check("It didnâ€™t", true);
        check("cafÃ©", true);
        check("JÃ¼rgen", true);
        check("20Â°C", true);
        check("ÐŸÑ€Ð¸Ð²ÐµÑ‚", true);
        check("Å‚Ã³dka", true);
        check("ðŸ˜€", true);
        check("âœ“ done", true);
        check("café, São Paulo, NÃO, ÄÖÜ, Å, Ærø", false);
        check("voilà\u{a0}» dit-il, à « Paris »", false);
        check("„Ä“ und „Ö“, “Ñ”", false);
        check("AMANHÃ” e “MAÇÔ", false);
        check("20 °C ± 1 — fine… “ok” ½ € 5", false);
        check("Привет, 你好, 😀", false);
    }

    #[test]
    fn repair_is_offered_only_when_all_of_it_works() {
        let check = |text: &str, expected: Option<&str>| assert_eq!(repair(text).as_deref(), expected, "{text}");
        check("It didnâ€™t, café", Some("It didn’t, café"));
        check("ÐŸÑ€Ð¸Ð²ÐµÑ‚", Some("Привет"));
        check("lost byteâ€ here", None);
    }
}
