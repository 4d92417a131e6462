//! Payment card numbers: issuer, length and check digit.

use super::{Recognizer, after, before};
use crate::mask::page::Page;
use crate::mask::span::{Entity, Span};

pub(crate) struct Card;

impl Recognizer for Card {
    fn find(&self, page: &Page<'_>, out: &mut Vec<Span>) {
        let text = page.text();
        let mut taken = 0;
        for line in page.lines().iter().filter(|line| line.digits >= 12) {
            let bytes = &text.as_bytes()[..line.end];
            let mut next = line.start;
            while let Some(digit) = bytes[next..].iter().position(u8::is_ascii_digit) {
                let start = next + digit;
                next = start + bytes[start..].iter().take_while(|byte| byte.is_ascii_digit()).count();
                let left = before(text, start)
                    .is_none_or(|c| !c.is_alphanumeric() && !matches!(c, '_' | '.' | '+' | '/' | '='));
                // No issuer's numbers begin with these.
                if !left || start < taken || matches!(bytes[start], b'0' | b'7' | b'9') {
                    continue;
                }
                // The groups of a card in the middle of a row of figures.
                let row = start > taken + 1
                    && before(text, start) == Some(' ')
                    && before(text, start - 1).is_some_and(|c| c.is_ascii_digit());
                if row {
                    continue;
                }
                if let Some(end) = take(text, start) {
                    out.push(Span::new(start..end, Entity::Card, 0.98));
                    taken = end;
                }
            }
        }
    }
}

/// Where the longest card number that begins at `start` ends. Several may stand in a row, so every group's end counts.
fn take(text: &str, start: usize) -> Option<usize> {
    let mut digits = Vec::with_capacity(19);
    let mut best = None;
    let (mut gap, mut sign) = (0, None);
    for (at, c) in text.get(start..)?.char_indices() {
        if let Some(digit) = c.to_digit(10) {
            digits.push(digit);
            gap = 0;
        } else if gap < 2 && matches!(c, ' ' | '\u{a0}' | '.' | '-' | '\u{2010}'..='\u{2013}') {
            gap += 1;
            // Figures with decimals stand apart by spaces.
            if c == '.' && *sign.get_or_insert(c) != '.' || c != '.' && sign == Some('.') {
                break;
            }
            sign.get_or_insert(c);
        } else {
            break;
        }
        if digits.len() > 19 {
            break;
        }
        let end = start + at + c.len_utf8();
        let ends = after(text, end).is_none_or(|c| !c.is_alphanumeric() && !matches!(c, '_' | '/'));
        if gap == 0 && ends && issued(&digits) && luhn(&digits) {
            best = Some(end);
        }
    }
    best
}

/// Whether some issuer gives out numbers that begin so and are this long.
fn issued(digits: &[u32]) -> bool {
    let head = |count: usize| digits.iter().take(count).fold(0, |number, digit| number * 10 + digit);
    let (one, two, three, four) = (head(1), head(2), head(3), head(4));
    match digits.len() {
        13 => one == 4,
        14 => matches!(two, 36 | 38 | 39) || (300..=305).contains(&three),
        15 => matches!(two, 34 | 37) || matches!(four, 2014 | 2149 | 1800 | 2131),
        12 => matches!(two, 50 | 56..=58 | 63 | 67),
        16 => {
            one == 4
                || matches!(two, 50..=58 | 60..=69 | 35 | 36 | 81)
                || (2200..=2720).contains(&four)
                || matches!(two, 30 | 38 | 39)
        }
        17 => matches!(two, 50 | 56..=58 | 60..=69),
        18 => matches!(two, 50 | 56..=58 | 60..=69),
        19 => one == 4 || matches!(two, 35 | 36 | 50 | 56..=58 | 60..=69),
        _ => false,
    }
}

fn luhn(digits: &[u32]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(index, digit)| match index % 2 {
            0 => *digit,
            _ if *digit > 4 => digit * 2 - 9,
            _ => digit * 2,
        })
        .sum();
    sum.is_multiple_of(10)
}
