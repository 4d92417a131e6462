//! Numbers of any shape: groups of letters and digits as people write them.

use super::{ends, letter, wordy};

/// A number of any shape, in a text.
pub(super) struct Value {
    pub(super) end: usize,
    /// Digits without anything between, and none of them for a thousand.
    round: bool,
    /// The end where a comma may part the branch from the account.
    pub(super) account_end: usize,
    digits: usize,
    letters: usize,
    /// Digits of the longest group.
    longest: usize,
    groups: usize,
    /// A word of capitals before few digits: `CACES R486`.
    worded: bool,
}

impl Value {
    /// Whether it is long enough beside a label.
    pub(super) fn enough(&self) -> bool {
        !self.worded && (self.digits >= 5 && !self.round)
            || !self.worded && (self.digits >= 3 && self.letters > 0 && self.digits + self.letters >= 6)
    }

    /// Whether it is long enough to be no amount and no year.
    pub(super) fn long(&self) -> bool {
        !self.worded && (self.digits >= 6 && !self.round)
            || !self.worded && (self.digits >= 4 && self.letters > 0 && self.digits + self.letters >= 7)
    }
}

impl Value {
    /// Whether it is too long for nearly everything else.
    pub(super) fn very_long(&self) -> bool {
        (self.digits >= 9 && !self.round) || (self.groups == 1 && self.digits >= 6 && self.letters > 0)
    }

    /// Whether it is plainly a number of some register, even beside a label of two or three letters.
    pub(super) fn solid(&self) -> bool {
        let figures = self.letters == 0 && self.digits >= 8 && self.groups <= 5;
        self.long() && self.letters <= 4 && (self.longest >= 5 || figures)
    }
}

/// Letters and digits without anything between them.
struct Group {
    end: usize,
    digits: usize,
    letters: usize,
    small: bool,
}

fn group(text: &str, start: usize) -> Group {
    let mut group = Group { end: start, digits: 0, letters: 0, small: false };
    for c in text[start..].chars().take_while(|c| letter(*c)) {
        group.end += c.len_utf8();
        if c.is_ascii_digit() || (!c.is_ascii() && c.is_numeric()) {
            group.digits += 1;
        } else {
            group.letters += 1;
            group.small |= !c.is_uppercase();
        }
    }
    group
}

/// The number that begins at `start`, if groups with digits do: the longest, without dates and amounts.
pub(super) fn read(text: &str, start: usize) -> Option<Value> {
    let first = group(text, start);
    let fits = |group: &Group| {
        if group.digits > 0 {
            !group.small || group.letters <= 3 || group.digits >= 4
        } else {
            !group.small && group.letters <= 5
        }
    };
    if !fits(&first) || first.end == start {
        return None;
    }
    let mut value = Value {
        end: first.end,
        round: false,
        account_end: first.end,
        digits: first.digits,
        letters: first.letters,
        longest: first.digits,
        groups: 1,
        worded: false,
    };
    let mut last_digits = first.digits > 0;
    while let Some((gap, next)) = gap(text, value.end) {
        let found = group(text, next);
        if found.end == next || !fits(&found) || value.groups == 9 {
            break;
        }
        let year = found.letters == 0 && found.digits == 4 && text[next..].starts_with(['1', '2']);
        if gap == ' ' {
            // Behind a space only digits go on, and a letter or two that end the number or stand before digits.
            let next = text[found.end..].chars().next();
            let tail = found.digits == 0
                && found.letters <= 2
                && next.is_none_or(|c| matches!(c, ',' | ';' | ')' | '.' | '|' | '\t' | '\n' | '/' | '·'))
                && last_digits;
            let inner = found.digits == 0
                && found.letters == 1
                && !found.small
                && text[found.end..].starts_with(' ')
                && text[found.end + 1..].starts_with(|c: char| c.is_ascii_digit());
            let more = found.digits > 0 && (found.letters == 0 || (!found.small && found.letters <= 3));
            if !(tail || inner || more) || (year && value.digits >= 6 && value.groups == 1) {
                break;
            }
        }
        value.digits += found.digits;
        value.letters += found.letters;
        value.end = found.end;
        last_digits = found.digits > 0;
        value.groups += 1;
        value.longest = value.longest.max(found.digits);
    }
    value.worded = first.digits == 0 && first.letters >= 3 && text[first.end..].starts_with(' ') && value.digits < 6;
    value.account_end = value.end;
    let written = &text[start..value.end];
    let plain = written.bytes().all(|byte| byte.is_ascii_digit());
    value.round = plain && text[..value.end].ends_with("000");
    if value.digits + value.letters > 34
        || value.digits < 3
        || !(ends(text, value.end) || branched(text, &value))
        || dated(written)
        || machine(written)
    {
        return None;
    }
    // A clearing number or a branch, and the account behind a comma.
    if (4..=6).contains(&value.digits)
        && let Some(rest) = text[value.end..].strip_prefix(',')
        && let rest = rest.strip_prefix(' ').unwrap_or(rest)
        && rest.starts_with(|c: char| c.is_ascii_digit())
        && let Some(account) = read(text, text.len() - rest.len()).filter(|account| account.digits >= 6)
    {
        value.account_end = account.end;
        value.digits += account.digits;
    } else if branched(text, &value) {
        return None;
    }
    let amount = plain
        && text[value.end..].starts_with([',', '.'])
        && text[value.end + 1..].starts_with(|c: char| c.is_ascii_digit());
    (!amount).then_some(value)
}

/// Whether a comma parts a branch from its account.
fn branched(text: &str, value: &Value) -> bool {
    (4..=6).contains(&value.digits)
        && text[value.end..].strip_prefix(',').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
}

/// One separator before a letter or a digit, and where that is. A slash may have spaces around it.
fn gap(text: &str, at: usize) -> Option<(char, usize)> {
    let rest = &text[at..];
    let mut chars = rest.chars();
    let gap = chars.next()?;
    let next = at + gap.len_utf8();
    match gap {
        '-' | '/' | '.' | '\u{2010}'..='\u{2013}' => {}
        ' ' | '\u{a0}' | '\u{202f}' => {
            if let Some(rest) = rest.strip_prefix(" / ") {
                return rest.starts_with(|c: char| c.is_ascii_digit()).then_some(('/', at + 3));
            }
            return text[next..].starts_with(char::is_alphanumeric).then_some((' ', next));
        }
        _ => return None,
    }
    text[next..].starts_with(|c: char| wordy(c) && c != '_').then_some((gap, next))
}

/// Hashes, addresses of memory, numbers with decimals, names of weaknesses.
fn machine(value: &str) -> bool {
    let hash = value.len() >= 7
        && value.bytes().any(|byte| byte.is_ascii_lowercase())
        && value.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
    let decimals = value.split(' ').all(|part| {
        let mut parts = part.split('.');
        parts.next().is_some() && parts.next().is_some() && parts.next().is_none() && !part.contains(['-', '/'])
    });
    hash || decimals || value.starts_with("0x") || value.starts_with("CVE-")
}

/// Dates, ranges of years and versions.
pub(super) fn dated(value: &str) -> bool {
    let mut parts = [0_u32; 4];
    let mut lengths = [0; 4];
    let mut count = 0;
    for part in value.split(|c: char| !c.is_alphanumeric()) {
        let (Some(slot), Some(length)) = (parts.get_mut(count), lengths.get_mut(count)) else { return false };
        let Ok(number) = part.parse() else { return false };
        (*slot, *length) = (number, part.len());
        count += 1;
    }
    let year = |index: usize| lengths[index] == 4 && (1900..2100).contains(&parts[index]);
    let short = |index: usize, most: u32| lengths[index] <= 2 && (1..=most).contains(&parts[index]);
    match count {
        1 => year(0),
        2 => (year(0) && (year(1) || short(1, 99))) || (short(0, 12) && year(1)),
        3 => {
            (short(0, 31) && short(1, 31) && (year(2) || (short(2, 99) && value.contains(['.', '/']))))
                || (year(0) && short(1, 12) && short(2, 31))
        }
        4 => {
            (year(1) && year(3) && short(0, 12) && short(2, 12)) || (year(0) && year(2) && short(1, 12) && short(3, 12))
        }
        _ => false,
    }
}

/// Where an account with the branch before it begins: `reg. 9570 konto 0004471826`.
pub(super) fn branch(text: &str, start: usize) -> usize {
    let head = &text[..start];
    let rest = head.trim_end_matches([' ', '.', ':']);
    let word = rest.trim_end_matches(char::is_alphabetic);
    let Some(rest) = (word.len() < rest.len()).then(|| word.trim_end_matches([' ', ',', '/'])) else { return start };
    let before = rest.trim_end_matches(|c: char| c.is_ascii_digit());
    if !(3..=5).contains(&(rest.len() - before.len())) {
        return start;
    }
    let label = before.trim_end_matches([' ', '.', ':']);
    let label = ["nr", "no"]
        .iter()
        .find_map(|ending| label.strip_suffix(ending))
        .unwrap_or(label)
        .trim_end_matches(['.', ' ', '-']);
    let first = label.trim_end_matches(char::is_alphabetic).len();
    if label[first..].eq_ignore_ascii_case("reg") { first } else { start }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_end_where_they_do() {
        for (text, value) in [
            ("066-104 10447732\t", "066-104 10447732"),
            ("L8ZK4T71C1\n", "L8ZK4T71C1"),
            ("D2614-070389-06", "D2614-070389-06"),
            ("060217 / 4474, next", "060217 / 4474"),
            ("447182KE, x", "447182KE"),
            ("P4471029B exp 14 MAY", "P4471029B"),
            ("53 230479 S 515 |", "53 230479 S 515"),
            ("19-4471826309/0800.", "19-4471826309/0800"),
            ("PA0447102 valid 2030", "PA0447102"),
            ("ВХС 447102, кат", "ВХС 447102"),
        ] {
            let found = read(text, 0).map(|found| &text[..found.end]);
            assert_eq!(found, Some(value), "{text}");
        }
        for text in ["2014-2018", "12.05.2019", "03/2015", "of 12", "2019"] {
            assert!(read(text, 0).is_none_or(|value| !value.enough()), "{text}");
        }
        let text = "NemKonto reg. 9570 konto 0004471826";
        assert_eq!(branch(text, 25), 9);
    }
}
