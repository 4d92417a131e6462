//! Where numbers begin and end in a line, and what is a word, a year or a part of something longer.

use super::shape::Class;

/// Where the next digit of a script that shapes know is.
pub(super) fn next_digit(text: &str, from: usize) -> Option<usize> {
    /// Digits of ASCII, and the first bytes of the others.
    static FRONT: [bool; 256] = {
        let mut table = [false; 256];
        let mut byte = 0;
        while byte < 256 {
            table[byte] = matches!(byte, 0x30..=0x39 | 0xd9 | 0xdb | 0xe0 | 0xef);
            byte += 1;
        }
        table
    };
    let bytes = text.as_bytes();
    let mut at = from;
    loop {
        at += bytes.get(at..)?.iter().position(|byte| FRONT[usize::from(*byte)])?;
        if bytes[at].is_ascii() || text[at..].chars().next().and_then(Class::of) == Some(Class::Digit) {
            return Some(at);
        }
        at += 2;
    }
}

/// Where the word around byte `at` begins.
pub(super) fn begin(text: &str, at: usize) -> usize {
    let mut start = at;
    while let Some(c) = text[..start].chars().next_back().filter(|c| wordy(*c)) {
        start -= c.len_utf8();
    }
    start
}

/// Where a word of a few capitals begins that one separator parts from what begins at `at`.
pub(super) fn capitals_before(text: &str, at: usize) -> Option<usize> {
    let gap = text[..at].chars().next_back()?;
    if !matches!(gap, ' ' | '-' | '.' | '/' | '\u{a0}' | '\u{202f}' | '\u{2010}'..='\u{2013}') {
        return None;
    }
    let end = at - gap.len_utf8();
    let mut start = end;
    for _ in 0..7 {
        match text[..start].chars().next_back() {
            Some(c) if !c.is_ascii_lowercase() && Class::of(c) == Some(Class::Letter) => start -= c.len_utf8(),
            Some(c) if wordy(c) => return None,
            _ => break,
        }
    }
    let count = text[start..end].chars().count();
    (1..=6).contains(&count).then_some(start)
}

/// Whether `c` is a letter or a digit: the common alphabets without a look into tables.
pub(super) fn letter(c: char) -> bool {
    match c {
        c if c.is_ascii() => c.is_ascii_alphanumeric(),
        '\u{c0}'..='\u{d6}'
        | '\u{d8}'..='\u{f6}'
        | '\u{f8}'..='\u{24f}'
        | '\u{388}'..='\u{3ff}'
        | '\u{400}'..='\u{481}' => true,
        '\u{5d0}'..='\u{5ea}' | '\u{620}'..='\u{64a}' | '\u{660}'..='\u{669}' | '\u{671}'..='\u{6d3}' => true,
        '\u{904}'..='\u{939}' | '\u{985}'..='\u{9a8}' | '\u{4e00}'..='\u{9fff}' | '\u{ac00}'..='\u{d7a3}' => true,
        '\u{2000}'..='\u{206f}' => false,
        c => c.is_alphanumeric(),
    }
}

/// Whether a value is no word: three digits at least, or capitals throughout.
pub(super) fn telling(value: &str) -> bool {
    value.chars().filter(|c| Class::of(*c) == Some(Class::Digit)).count() >= 3 || !value.contains(char::is_lowercase)
}

/// A year alone, or behind a short word: `2019`, `May 2019`.
pub(super) fn worded_year(value: &str) -> bool {
    let word = value.trim_end_matches(|c: char| c.is_ascii_digit());
    let year = &value[word.len()..];
    year.len() == 4
        && (year.starts_with("19") || year.starts_with("20"))
        && (word.is_empty() || word.contains(char::is_lowercase))
}

/// Whether digits are a time in seconds or thousandths since 1970.
pub(super) fn stamp(value: &str) -> bool {
    matches!(value.len(), 10 | 13) && value.starts_with("1") && value.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether at least three characters are digits, of any script that shapes know.
pub(super) fn enough_digits(text: &str) -> bool {
    let mut at = 0;
    (0..3).all(|_| next_digit(text, at).inspect(|digit| at = digit + 1).is_some())
}

/// Up to three digits, or a year, with nothing behind that could go on with a number.
pub(super) fn lone(bytes: &[u8], at: usize) -> bool {
    let count = bytes[at..].iter().take(5).take_while(|byte| byte.is_ascii_digit()).count();
    let year = count == 4 && matches!(bytes[at..at + 2], [b'1', b'9'] | [b'2', b'0']);
    let Some(next) = bytes.get(at + count) else { return count < 4 || year };
    let goes_on = match next {
        b' ' | b'-' | b'.' | b'/' | b':' | b'(' | b')' => bytes
            .get(at + count + 1)
            .is_some_and(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase() || *byte >= 0x80),
        _ => next.is_ascii_alphanumeric() || *next >= 0x80,
    };
    (1..4).contains(&count) && !goes_on || year && !goes_on
}

/// The character as checks have it.
pub(super) fn plain(c: char, class: Class) -> u8 {
    if class == Class::Digit {
        return match c {
            '0'..='9' => c as u8,
            _ => {
                let zero = match c {
                    '\u{660}'..='\u{669}' => 0x660,
                    '\u{6f0}'..='\u{6f9}' => 0x6f0,
                    '\u{966}'..='\u{96f}' => 0x966,
                    '\u{9e6}'..='\u{9ef}' => 0x9e6,
                    _ => 0xff10,
                };
                u8::try_from(u32::from(c) - zero).map_or(b'0', |digit| b'0' + digit)
            }
        };
    }
    if c.is_ascii() { c.to_ascii_uppercase() as u8 } else { b'@' }
}

/// Whether `c` goes on with a word, so that no number begins or ends beside it. Scripts without spaces do not.
pub(super) fn wordy(c: char) -> bool {
    c == '_' || (letter(c) && !matches!(c, '\u{e00}'..='\u{e7f}' | '\u{3040}'..='\u{9fff}' | '\u{ac00}'..='\u{d7a3}'))
}

/// Whether a number may end at byte `end`.
pub(super) fn ends(text: &str, end: usize) -> bool {
    let mut rest = text[end..].chars();
    match rest.next() {
        None => true,
        Some('-' | '/' | '@' | '\u{2013}' | '+') => !rest.next().is_some_and(|c| c.is_alphanumeric()),
        Some('.' | ':' | ',') => !rest.next().is_some_and(|c| c.is_ascii_digit()),
        Some('%' | '°' | '€' | '$' | '£') => false,
        Some(c) => !wordy(c),
    }
}

/// Whether what begins at `start` is the tail of something longer: a part number, a path, a sum of money.
pub(super) fn glued(text: &str, start: usize) -> bool {
    let mut head = text[..start].chars().rev();
    match head.next() {
        Some('$' | '€' | '£' | '\\' | '%' | '@' | '+') => true,
        Some('-' | '.' | '/' | '\u{2013}' | '=' | '#' | '&' | '?') => head.next().is_some_and(|c| !c.is_whitespace()),
        _ => false,
    }
}
