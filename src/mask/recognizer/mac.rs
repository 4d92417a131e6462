//! Hardware addresses of network interfaces: six pairs with colons or dashes, or three groups of four with dots.

use super::{Recognizer, context};
use crate::mask::page::{Cues, Page};
use crate::mask::span::{Entity, Span};

pub(crate) struct Mac;

/// Words that vouch for an address of digits only, or of letters only.
const LABELS: &[&str] =
    &["mac", "hardware", "hwaddr", "ether", "physical", "bssid", "lladdr", "wlan", "wifi", "wi-fi", "bluetooth"];

impl Recognizer for Mac {
    fn find(&self, page: &Page<'_>, out: &mut Vec<Span>) {
        let text = page.text();
        for line in page.lines() {
            if !(line.cues.has(Cues::COLON) || line.cues.has(Cues::DASH) || line.cues.has(Cues::DOT)) {
                continue;
            }
            let bytes = &text.as_bytes()[line.start..line.end];
            let mut taken = 0;
            for place in memchr::memchr3_iter(b':', b'-', b'.', bytes) {
                // The same mark behind the next pair or group of four decides; hardly any text has it.
                let mark = bytes[place];
                let (length, size) = if mark == b'.' { (4, 14) } else { (2, 17) };
                let next = bytes.get(place + length + 1);
                if next != Some(&mark) || place < taken + length {
                    continue;
                }
                let at = place - length;
                if let Some(value) = bytes.get(at..at + size)
                    && address(value, length, Some(mark))
                    && !begins_inside(bytes, at)
                    && !bytes.get(at + size).is_some_and(|byte| joined(*byte, bytes.get(at + size + 1)))
                    && (telling(value) || LABELS.iter().any(|label| context(text, line.start + at, 40).contains(label)))
                {
                    out.push(Span::new(line.start + at..line.start + at + size, Entity::Mac, 0.95));
                    taken = at + size;
                }
            }
            if line.digits > 0 {
                in_one_piece(text, line.start, bytes, out);
            }
        }
    }
}

/// Twelve signs in one piece, which only a label tells.
fn in_one_piece(text: &str, start: usize, line: &[u8], out: &mut Vec<Span>) {
    const SIZE: usize = 12;
    let mut at = 0;
    while let Some(value) = line.get(at..at + SIZE) {
        // Where such a piece cannot begin is skipped at once.
        if let Some(other) = value.iter().rposition(|byte| !byte.is_ascii_hexdigit()) {
            at += other + 1;
            continue;
        }
        let whole = (at == 0 || !wordy(line[at - 1])) && !line.get(at + SIZE).is_some_and(|byte| wordy(*byte));
        if whole && telling(value) && LABELS.iter().any(|label| context(text, start + at, 24).contains(label)) {
            out.push(Span::new(start + at..start + at + SIZE, Entity::Mac, 0.85));
        }
        at += SIZE;
    }
}

/// Whether what begins at byte `at` goes on a word, or is glued to one by a mark.
fn begins_inside(bytes: &[u8], at: usize) -> bool {
    let word = |back: usize| at.checked_sub(back).and_then(|at| bytes.get(at)).is_some_and(|byte| wordy(*byte));
    let mark = at.checked_sub(1).and_then(|at| bytes.get(at)).is_some_and(|byte| matches!(byte, b':' | b'-' | b'.'));
    word(1) || (mark && word(2))
}

fn wordy(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

/// Whether what follows makes the address a part of something longer.
fn joined(byte: u8, next: Option<&u8>) -> bool {
    wordy(byte) || (matches!(byte, b':' | b'-' | b'.') && next.is_some_and(u8::is_ascii_hexdigit))
}

fn address(value: &[u8], group: usize, mark: Option<u8>) -> bool {
    let regular = value
        .iter()
        .enumerate()
        .all(|(index, byte)| if index % (group + 1) == group { Some(*byte) == mark } else { byte.is_ascii_hexdigit() });
    let signs = || value.iter().filter(|byte| byte.is_ascii_alphanumeric());
    regular && !signs().all(|byte| byte.eq_ignore_ascii_case(&b'f')) && !signs().all(|byte| *byte == b'0')
}

/// Both letters and digits: no date, no word.
fn telling(value: &[u8]) -> bool {
    value.iter().any(u8::is_ascii_digit) && value.iter().any(u8::is_ascii_alphabetic)
}
