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
            let mut at = 0;
            while at < bytes.len() {
                // The first mark behind a pair or a group of four decides; most groups are words and fail at once.
                let length = bytes[at..].iter().take(5).take_while(|byte| byte.is_ascii_hexdigit()).count();
                let mark = bytes.get(at + length).copied();
                let size = match (length, mark) {
                    (2, Some(b':' | b'-')) => 17,
                    (4, Some(b'.')) => 14,
                    _ => 0,
                };
                // Twelve signs in one piece, which only a label tells.
                if length == 5
                    && (at == 0 || !wordy(bytes[at - 1]))
                    && let Some(value) = bytes.get(at..at + 12)
                    && value.iter().all(u8::is_ascii_hexdigit)
                    && telling(value)
                    && !bytes.get(at + 12).is_some_and(|byte| wordy(*byte))
                    && LABELS.iter().any(|label| context(text, line.start + at, 24).contains(label))
                {
                    out.push(Span::new(line.start + at..line.start + at + 12, Entity::Mac, 0.85));
                    at += 12;
                    continue;
                }
                if size > 0
                    && let Some(value) = bytes.get(at..at + size)
                    && address(value, length, mark)
                    && !bytes.get(at + size).is_some_and(|byte| joined(*byte, bytes.get(at + size + 1)))
                    && (telling(value) || LABELS.iter().any(|label| context(text, line.start + at, 40).contains(label)))
                {
                    out.push(Span::new(line.start + at..line.start + at + size, Entity::Mac, 0.95));
                    at += size;
                    continue;
                }
                // On to where the next group of letters and digits begins; one that is glued to another is none.
                at += bytes[at..].iter().take_while(|byte| wordy(**byte)).count();
                at += bytes[at..].iter().take_while(|byte| !wordy(**byte)).count();
                while at > 1 && at < bytes.len() && matches!(bytes[at - 1], b':' | b'-' | b'.') && wordy(bytes[at - 2])
                {
                    at += bytes[at..].iter().take_while(|byte| wordy(**byte)).count();
                    at += bytes[at..].iter().take_while(|byte| !wordy(**byte)).count();
                }
            }
        }
    }
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
