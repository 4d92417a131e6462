//! TXT002: characters that nobody sees.

use std::ops::Range;

use super::mojibake::doubly_encoded;
use super::prelude::*;

/// Flags control characters, invisible characters, bidirectional controls and private-use characters.
pub(in crate::lint) struct InvisibleCharacter;

static META: Meta = Meta {
    code: "TXT002",
    name: "invisible-character",
    severity: Severity::Warning,
    fix: Some(Fix::Safe),
    kinds: &Kind::ALL,
    summary: "A text holds control, zero-width, bidirectional or private-use characters",
    explanation: "
## Why it matters
Such characters cost tokens, split words for the tokenizer and make equal rows different.
Some hide text from the reader of a row that a model reads all the same.

## Example
`zero\\u200bwidth`, a byte order mark in the middle, `\\u202e` that turns the line around, colour codes of a terminal,
bullets of an office font (`\\uf0b7`).
These are meant to be there and stay: line feeds and tabs, joiners in emoji and between letters of Arabic, Persian and
the Indic scripts, zero-width spaces between Thai, Lao, Khmer and Burmese words, direction marks in texts with letters
that are written from right to left, one variation selector after a character.
Carriage returns before a line feed are `untidy-text`, and a text of nothing else is `empty-field`.

## How to fix
The fix takes them out. Breaks such as form feeds become line feeds, office bullets become `•`.
",
};

impl Rule for InvisibleCharacter {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn start<'a>(&self, _settings: &'a LintSettings, _cx: &Context<'a>) -> Box<dyn Check + 'a> {
        Box::new(Characters)
    }
}

struct Characters;

impl Check for Characters {
    fn row(&self, row: &View<'_>, out: &mut Findings) {
        for text in row.texts().filter(|text| may_hold(text.text)) {
            let found = scan(text.text);
            let Some((first, what)) = found.first().cloned() else { continue };
            // What decodes as C1 controls is `mojibake`; a text without anything else is `empty-field`.
            if what == What::Control && !text.text[first.clone()].is_ascii() && doubly_encoded(text.text).is_some() {
                continue;
            }
            if clean(text.text).is_some_and(|rest| rest.trim().is_empty()) {
                continue;
            }
            let more = match found.len() {
                1 => String::new(),
                count => format!(", {count} such characters in all"),
            };
            let message = format!("`{}` holds {}{more}", text.name, what.name());
            out.mark(row.finding_in(&META, text, message).safe(Edit::rewrite(&text.name, clean)), text.text, first);
        }
    }
}

/// Kinds of characters that should not be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    Control,
    ZeroWidth,
    Bidi,
    PrivateUse,
    Selector,
}

impl What {
    const fn name(self) -> &'static str {
        match self {
            Self::Control => "a control character",
            Self::ZeroWidth => "an invisible character",
            Self::Bidi => "a character that changes the direction of the line",
            Self::PrivateUse => "a private-use character",
            Self::Selector => "a variation selector that selects nothing",
        }
    }
}

/// Whether a closer look is needed; most texts end here.
fn may_hold(text: &str) -> bool {
    text.bytes().fold(false, |found, b| found | (b < 0x20 && b != b'\n' && b != b'\t') | (b >= 0x7f))
}

/// The places that should not be there, in text order.
fn scan(text: &str) -> Vec<(Range<usize>, What)> {
    let mut out = vec![];
    if !text.is_ascii() {
        let right_to_left = text.chars().any(is_right_to_left);
        let overridden = text.contains(['\u{202d}', '\u{202e}']);
        let mut before: Option<char> = None;
        // The last character that is no selector and no skin tone: what joiners join.
        let mut base: Option<char> = None;
        let mut skip = 0;
        for (at, c) in text.char_indices() {
            if at < skip {
                continue;
            }
            let end = at + c.len_utf8();
            let next = || text[end..].chars().next();
            let what = match c {
                '\u{1b}' => {
                    skip = at + escape(&text[at..]);
                    out.push((at..skip, What::Control));
                    continue;
                }
                '\n' | '\t' => None,
                '\r' if next() == Some('\n') => None,
                '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{2028}' | '\u{2029}' => Some(What::Control),
                '\u{200c}' => {
                    let joins =
                        base.is_some_and(is_virama) || (base.is_some_and(joining) && next().is_some_and(joining));
                    (!joins).then_some(What::ZeroWidth)
                }
                '\u{200d}' => {
                    let emoji = base.is_some_and(pictographic) && next().is_some_and(pictographic);
                    (!emoji && !base.is_some_and(joining)).then_some(What::ZeroWidth)
                }
                '\u{200b}' => {
                    let words = base.is_some_and(unspaced) && next().is_some_and(unspaced);
                    (!words).then_some(What::ZeroWidth)
                }
                '\u{ad}' | '\u{2060}'..='\u{2065}' | '\u{206a}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' => {
                    Some(What::ZeroWidth)
                }
                '\u{3164}' | '\u{ffa0}' => Some(What::ZeroWidth),
                // Flags of regions are spelt with tags; anywhere else tags are text that nobody sees.
                '\u{e0000}'..='\u{e007f}' => {
                    let flag = before.is_some_and(|b| b == '🏴' || matches!(b, '\u{e0020}'..='\u{e007e}'));
                    (!flag).then_some(What::ZeroWidth)
                }
                '\u{180b}'..='\u{180f}' => {
                    let inside = before.is_some_and(mongolian) || next().is_some_and(mongolian);
                    (!inside).then_some(What::ZeroWidth)
                }
                '\u{202d}' | '\u{202e}' => Some(What::Bidi),
                '\u{202c}' if overridden => Some(What::Bidi),
                '\u{200e}' | '\u{200f}' | '\u{61c}' | '\u{202a}'..='\u{202c}' | '\u{2066}'..='\u{2069}' => {
                    (!right_to_left).then_some(What::Bidi)
                }
                '\u{fe00}'..='\u{fe0f}' | '\u{e0100}'..='\u{e01ef}' => {
                    let alone = before.is_none_or(|b| b.is_whitespace() || selector(b));
                    alone.then_some(What::Selector)
                }
                '\u{e000}'..='\u{f8ff}' | '\u{f0000}'.. | '\u{fdd0}'..='\u{fdef}' | '\u{fffe}' | '\u{ffff}' => {
                    Some(What::PrivateUse)
                }
                _ => None,
            };
            match what {
                Some(what) => out.push((at..end, what)),
                None => {
                    before = Some(c);
                    if !selector(c) && !matches!(c, '\u{1f3fb}'..='\u{1f3ff}' | '\u{200b}'..='\u{200d}') {
                        base = Some(c);
                    }
                }
            }
        }
        return out;
    }
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        let length = match bytes[at] {
            b'\n' | b'\t' => 0,
            b'\r' if bytes.get(at + 1) == Some(&b'\n') => 0,
            0x1b => escape(&text[at..]),
            ..0x20 | 0x7f => 1,
            _ => 0,
        };
        if length > 0 {
            out.push((at..at + length, What::Control));
        }
        at += length.max(1);
    }
    out
}

/// Bytes of a terminal sequence: escape, bracket, parameters, a letter.
fn escape(text: &str) -> usize {
    let bytes = text.as_bytes();
    if bytes.get(1) != Some(&b'[') {
        return 1;
    }
    let parameters = bytes[2..].iter().take(24).take_while(|b| matches!(b, 0x20..=0x3f)).count();
    match bytes.get(2 + parameters) {
        Some(0x40..=0x7e) => 3 + parameters,
        _ => 1,
    }
}

/// The text without them; `None` when there are none.
fn clean(text: &str) -> Option<String> {
    let mut now = once(text)?;
    // What stood between two characters may have been what made the next one fine.
    while let Some(next) = once(&now) {
        now = next;
    }
    Some(now)
}

fn once(text: &str) -> Option<String> {
    let found = scan(text);
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for (range, _) in &found {
        out.push_str(&text[at..range.start]);
        match &text[range.clone()] {
            "\r" | "\u{b}" | "\u{c}" | "\u{85}" | "\u{2028}" | "\u{2029}" => out.push('\n'),
            "\u{f0a7}" | "\u{f0b7}" => out.push('•'),
            _ => {}
        }
        at = range.end;
    }
    out.push_str(&text[at..]);
    (!found.is_empty()).then_some(out)
}

const fn selector(c: char) -> bool {
    matches!(c, '\u{fe00}'..='\u{fe0f}' | '\u{e0100}'..='\u{e01ef}')
}

const fn is_right_to_left(c: char) -> bool {
    matches!(c, '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdcf}' | '\u{fdf0}'..='\u{fdff}' | '\u{fe70}'..='\u{fefc}' | '\u{10800}'..='\u{10fff}' | '\u{1e800}'..='\u{1efff}')
}

/// Letters and signs of scripts in which joiners change how words are written.
const fn joining(c: char) -> bool {
    matches!(c, '\u{600}'..='\u{8ff}' | '\u{900}'..='\u{dff}' | '\u{f00}'..='\u{109f}' | '\u{1780}'..='\u{18af}' | '\u{1a20}'..='\u{1c4f}' | '\u{1cd0}'..='\u{1cff}' | '\u{a800}'..='\u{a8ff}' | '\u{a980}'..='\u{a9df}' | '\u{aae0}'..='\u{aaff}' | '\u{abc0}'..='\u{abff}' | '\u{fb50}'..='\u{fdcf}' | '\u{fdf0}'..='\u{fdfd}' | '\u{fe70}'..='\u{fefc}' | '\u{10a00}'..='\u{11fff}')
}

/// The sign that takes a consonant's vowel away, after which joiners choose the form.
const fn is_virama(c: char) -> bool {
    let code = c as u32;
    // In the blocks from Devanagari to Malayalam it stands at the same place.
    (code >= 0x900 && code < 0xd80 && code & 0x7f == 0x4d) || matches!(c, '\u{dca}' | '\u{1039}' | '\u{17d2}')
}

/// Letters of scripts that write no spaces between words.
const fn unspaced(c: char) -> bool {
    matches!(c, '\u{e00}'..='\u{fff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}' | '\u{1950}'..='\u{19ff}' | '\u{1a20}'..='\u{1aaf}' | '\u{1b00}'..='\u{1b7f}' | '\u{a980}'..='\u{a9ff}' | '\u{aa60}'..='\u{aadf}')
}

const fn mongolian(c: char) -> bool {
    matches!(c, '\u{1800}'..='\u{180a}' | '\u{1810}'..='\u{18af}')
}

/// Characters that emoji sequences are made of.
const fn pictographic(c: char) -> bool {
    matches!(c, '©' | '®' | '\u{203c}' | '\u{2049}' | '\u{2122}' | '\u{2139}' | '\u{2190}'..='\u{21ff}' | '\u{2300}'..='\u{23ff}' | '\u{2460}'..='\u{24ff}' | '\u{25a0}'..='\u{27bf}' | '\u{2900}'..='\u{297f}' | '\u{2b00}'..='\u{2bff}' | '\u{3030}' | '\u{303d}' | '\u{3297}' | '\u{3299}' | '\u{1f000}'..='\u{1faff}' | '\u{e0020}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_meant_stays() {
        let check = |text: &str, expected: &str| {
            let got = if may_hold(text) { clean(text) } else { None };
            assert_eq!(got.as_deref().unwrap_or(text), expected, "{text:?}");
            assert_eq!(got.is_some(), text != expected, "{text:?}");
            assert_eq!(clean(expected), None, "{expected:?}");
        };
        check("zero\u{200b}width", "zerowidth");
        check("\u{feff}start", "start");
        check("mid\u{feff}dle", "middle");
        check("soft\u{ad}hyphen", "softhyphen");
        check("bell\u{7} and nul\0", "bell and nul");
        check("page\u{c}break", "page\nbreak");
        check("old\rmac", "old\nmac");
        check("win\r\ndows", "win\r\ndows");
        check("\u{1b}[1;31mred\u{1b}[0m rope", "red rope");
        check("é \u{1b}[1;31mred\u{1b}[0m rope", "é red rope");
        check("\u{1b} alone", " alone");
        check("next\u{85}line and sep\u{2028}arator é", "next\nline and sep\narator é");
        check("if admin\u{202e} \u{2066}// check\u{2069} \u{2066}", "if admin // check ");
        check("left\u{200e}mark", "leftmark");
        check("\u{f0b7} first\n\u{f0b7} second", "• first\n• second");
        check("logo \u{f8ff}", "logo ");
        check("hidden\u{e0068}\u{e0069}", "hidden");
        check("star\u{fe0f}\u{fe0f}\u{fe0f}", "star\u{fe0f}");
        check("a\u{200d}\u{200d}b", "ab");
        check("latin\u{200d}joiner \u{200c}non", "latinjoiner non");
        // Legitimate.
        for text in [
            "tab\tand\nline",
            "family 👨‍👩‍👧‍👦, 👩🏽‍💻, ❤️‍🔥, 🏴‍☠️, 🏳️‍🌈, 🙂‍↔️",
            "flag 🏴\u{e0067}\u{e0062}\u{e0073}\u{e0063}\u{e0074}\u{e007f}",
            "می\u{200c}خواهم کتاب\u{200c}ها",
            "क\u{94d}\u{200d}ष and क\u{94d}\u{200c} end",
            "ന\u{d4d}\u{200d} at the end",
            "র\u{200d}\u{9cd}য",
            "ශ\u{dca}\u{200d}රී",
            "ภาษา\u{200b}ไทย",
            "שלום \u{200f}(123)\u{200e} abc",
            "عربي \u{202b}نص\u{202c}",
            "text style ☎\u{fe0e} and 葛\u{e0100}",
            "café, naïve, Привет, 你好, Ωμέγα",
            "keycap 1️⃣",
        ] {
            check(text, text);
        }
    }

    #[test]
    fn joiners_do_not_hide_behind_each_other() {
        assert_eq!(clean("ا\u{202e}ب\u{202c}").as_deref(), Some("اب"));
        assert_eq!(scan("a\u{200b}b\u{200b}c").len(), 2);
    }
}
