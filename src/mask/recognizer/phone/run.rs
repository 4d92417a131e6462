//! Digits of any script in a row, with what people put between them.

/// What stands between two groups of digits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Gap(u8);

impl Gap {
    pub(super) const SPACE: Self = Self(1);
    pub(super) const DASH: Self = Self(1 << 1);
    pub(super) const DOT: Self = Self(1 << 2);
    pub(super) const SLASH: Self = Self(1 << 3);
    pub(super) const OPEN: Self = Self(1 << 4);
    pub(super) const CLOSE: Self = Self(1 << 5);
    /// Two spaces or more, a tab, or a slash or dash with a space beside it: often the border of two numbers.
    pub(super) const WIDE: Self = Self(1 << 6);

    pub(super) const fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    fn add(&mut self, other: Self) {
        self.0 |= other.0;
    }
}

/// Digits without anything between them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Group {
    /// Its first digit in [`Run::digits`].
    pub(super) first: usize,
    pub(super) length: usize,
    /// Its bytes.
    pub(super) start: usize,
    pub(super) end: usize,
    /// What stands before it; for the first group only whether a bracket opens.
    pub(super) gap: Gap,
}

/// Groups of digits in a row.
#[derive(Debug, Default)]
pub(super) struct Run {
    pub(super) digits: Vec<u8>,
    pub(super) groups: Vec<Group>,
    /// First byte, with the plus and the bracket before the digits.
    pub(super) start: usize,
    /// Whether a plus stands before the digits.
    pub(super) plus: bool,
    /// Whether a space parts it from them, as in a sum.
    pub(super) apart: bool,
}

/// More than any two numbers have; what is longer is no number to call.
const LONGEST: usize = 48;

impl Run {
    /// Reads the run whose first digit is at byte `at` of `text`, and returns where it ends.
    pub(super) fn read(&mut self, text: &str, at: usize) -> usize {
        self.digits.clear();
        self.groups.clear();
        self.head(text, at);
        let mut gap = if text[self.start..at].contains(['(', '（']) { Gap::OPEN } else { Gap::default() };
        let mut next = at;
        loop {
            let (start, first) = (next, self.digits.len());
            while let Some((digit, length)) = digit(text, next) {
                self.digits.push(digit);
                next += length;
            }
            let length = self.digits.len() - first;
            self.groups.push(Group { first, length, start, end: next, gap });
            let Some((found, after)) = between(text, next) else { break };
            if self.digits.len() > LONGEST {
                break;
            }
            (gap, next) = (found, after);
        }
        self.groups.last().map_or(next, |group| group.end)
    }

    /// Notes the plus and the bracket before the digits.
    fn head(&mut self, text: &str, at: usize) {
        self.start = at;
        self.plus = false;
        let mut bracket = false;
        for (place, c) in text[..at].char_indices().rev().take(4) {
            match c {
                '+' | '＋' if !self.plus => {
                    self.plus = true;
                    self.start = place;
                }
                '(' | '（' if !bracket => {
                    bracket = true;
                    self.start = place;
                }
                ' ' | '\u{200e}' | '\u{202a}' | '\u{202d}' | '\u{2066}' if !self.plus => {}
                _ => break,
            }
        }
        self.apart = self.plus && text[self.start..at].contains(' ');
        // A bracket that a space parts from the digits belongs to the sentence.
        if !self.plus && text[self.start..at].ends_with(' ') {
            self.start = at;
        }
    }
}

/// The separators from byte `at` on, if a digit follows them: what they are, and where the digit is.
fn between(text: &str, at: usize) -> Option<(Gap, usize)> {
    let mut gap = Gap::default();
    let (mut spaces, mut marks) = (0, 0);
    let mut next = at;
    for _ in 0..6 {
        if text.as_bytes().get(next).is_some_and(u8::is_ascii_digit) {
            break;
        }
        let c = text.get(next..)?.chars().next()?;
        match c {
            ' ' | '\u{a0}' | '\u{202f}' | '\u{2009}' | '\u{3000}' => {
                gap.add(Gap::SPACE);
                spaces += 1;
            }
            '\t' => gap.add(Gap(Gap::SPACE.0 | Gap::WIDE.0)),
            '-' | '\u{2010}'..='\u{2015}' | '\u{2212}' | '－' | '\u{ad}' => {
                gap.add(Gap::DASH);
                marks += 1;
            }
            '.' | '·' => gap.add(Gap::DOT),
            '/' | '\\' | '／' => {
                gap.add(Gap::SLASH);
                marks += 1;
            }
            '(' | '（' => gap.add(Gap::OPEN),
            ')' | '）' => gap.add(Gap::CLOSE),
            '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {}
            _ => break,
        }
        next += c.len_utf8();
    }
    digit(text, next)?;
    if spaces > 1 || (spaces > 0 && marks > 0) {
        gap.add(Gap::WIDE);
    }
    Some((gap, next))
}

/// Where the next digit is.
pub(super) fn next_digit(text: &str, from: usize) -> Option<usize> {
    /// Digits of ASCII, and the first bytes of the others.
    static FRONT: [bool; 256] = {
        let mut table = [false; 256];
        let mut byte = 0;
        while byte < 256 {
            table[byte] = matches!(byte, 0x30..=0x39 | 0xd9 | 0xdb | 0xdf | 0xe0 | 0xe1 | 0xef);
            byte += 1;
        }
        table
    };
    let bytes = text.as_bytes();
    let mut at = from;
    loop {
        at += bytes.get(at..)?.iter().position(|byte| FRONT[usize::from(*byte)])?;
        if digit(text, at).is_some() {
            return Some(at);
        }
        at += 2;
    }
}

/// The digit at byte `at`, in the scripts that phone numbers are written in, and how many bytes it takes.
pub(super) fn digit(text: &str, at: usize) -> Option<(u8, usize)> {
    let byte = *text.as_bytes().get(at)?;
    if byte.is_ascii() {
        return byte.is_ascii_digit().then(|| (byte - b'0', 1));
    }
    if !matches!(byte, 0xd9 | 0xdb | 0xdf | 0xe0 | 0xe1 | 0xef) {
        return None;
    }
    let c = text.get(at..)?.chars().next()?;
    /// Zeros of Arabic, Persian, N'Ko, the scripts of India, Thai, Lao, Burmese, Khmer, and of full width.
    const ZEROS: [u32; 18] = [
        0x660, 0x6f0, 0x7c0, 0x966, 0x9e6, 0xa66, 0xae6, 0xb66, 0xbe6, 0xc66, 0xce6, 0xd66, 0xe50, 0xed0, 0xf20,
        0x1040, 0x17e0, 0xff10,
    ];
    let zero = ZEROS.into_iter().find(|zero| (*zero..*zero + 10).contains(&u32::from(c)))?;
    Some((u8::try_from(u32::from(c) - zero).unwrap_or(0), c.len_utf8()))
}
