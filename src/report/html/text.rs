//! Text for the page: escaping, numbers for people, and the key inside an answer.

use std::ops::Range;

/// What stands where a figure is missing.
pub(super) const NOT_MEASURED: &str = "not measured";

/// Text that is safe between tags and inside quoted attributes.
///
/// Control characters and bidirectional overrides become U+FFFD: a student's answer must not change what the page
/// around it says.
pub(crate) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 8);
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\n' | '\r' | '\t' => out.push(c),
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => out.push('\u{fffd}'),
            _ if c.is_control() => out.push('\u{fffd}'),
            _ => out.push(c),
        }
    }
    out
}

/// `1234567` as `1,234,567`.
pub(crate) fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() * 4 / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// [`thousands`] for a count.
pub(super) fn count(number: usize) -> String {
    thousands(number as u64)
}

/// A count with its noun, `1 row` or `2 rows`.
pub(super) fn counted(number: usize, noun: &str) -> String {
    format!("{} {noun}{}", count(number), if number == 1 { "" } else { "s" })
}

/// A share as a percentage without decimals; never says 0 or 100 of what is only near. Not escaped.
pub(super) fn percent(share: f64) -> String {
    if !share.is_finite() {
        NOT_MEASURED.to_owned()
    } else if share > 0.0 && share < 0.005 {
        "<1%".to_owned()
    } else if (0.995..1.0).contains(&share) {
        ">99%".to_owned()
    } else {
        format!("{:.0}%", share * 100.0 + 0.0)
    }
}

/// Three significant digits, an exponent for the very large and the very small.
pub(super) fn decimal(value: f64) -> String {
    let size = value.abs();
    let digits = match size {
        _ if !value.is_finite() => return NOT_MEASURED.to_owned(),
        0.0 => "0".to_owned(),
        _ if !(1e-3..1e9).contains(&size) => format!("{size:.1e}"),
        _ if size >= 999.5 => thousands(size.round() as u64),
        _ if size >= 99.95 => format!("{size:.0}"),
        _ if size >= 9.995 => format!("{size:.1}"),
        _ if size >= 0.9995 => format!("{size:.2}"),
        _ => format!("{size:.3}"),
    };
    if value < 0.0 { format!("−{digits}") } else { digits }
}

/// A size in megabytes of a million bytes. Not escaped.
pub(super) fn megabytes(bytes: u64) -> String {
    match bytes {
        0 => "0 MB".to_owned(),
        1..50_000 => "<0.1 MB".to_owned(),
        50_000..9_950_000 => format!("{:.1} MB", bytes as f64 / 1e6),
        _ => format!("{} MB", thousands(bytes.saturating_add(500_000) / 1_000_000)),
    }
}

/// Seconds as people say them.
pub(super) fn duration(seconds: f64) -> String {
    if !seconds.is_finite() || seconds < 0.0 {
        return NOT_MEASURED.to_owned();
    }
    if seconds < 9.95 {
        return format!("{seconds:.1} s");
    }
    let whole = seconds.round() as u64;
    match (whole / 3600, whole / 60 % 60, whole % 60) {
        (0, 0, s) => format!("{s} s"),
        (0, m, s) => format!("{m} min {s:02} s"),
        (h, m, _) => format!("{} h {m:02} min", thousands(h)),
    }
}

/// `text`, escaped, with `key` in `<mark>` wherever it stands, compared without case, punctuation and line breaks.
///
/// Whole words win: only where there are none, parts of words are marked.
pub(super) fn highlight(text: &str, key: &str) -> String {
    let (folded, needle) = (fold(text), fold(key));
    let needle: Vec<char> = needle.into_iter().map(|(c, _)| c).collect();
    let needle = needle.strip_suffix(&[' ']).unwrap_or(&needle);
    if needle.is_empty() {
        return escape(text);
    }
    let joins = |at: Option<usize>| at.and_then(|i| folded.get(i)).is_some_and(|(c, _)| *c != ' ');
    let (mut whole, mut parts): (Vec<Range<usize>>, Vec<Range<usize>>) = (vec![], vec![]);
    for (at, window) in folded.windows(needle.len()).enumerate() {
        let range = match window {
            [(_, first), .., (_, last)] => first.start..last.end,
            [(_, only)] => only.clone(),
            [] => continue,
        };
        if window.iter().map(|(c, _)| c).ne(needle) {
            continue;
        }
        let in_word = joins(at.checked_sub(1)) || joins(at.checked_add(needle.len()));
        let list = if in_word { &mut parts } else { &mut whole };
        if list.last().is_none_or(|last| last.end <= range.start) {
            list.push(range);
        }
    }
    // Brackets and the like belong to a key that has them.
    let punctuation = |c: char| !c.is_alphanumeric();
    let opening = key.trim().split(|c| !punctuation(c)).next().unwrap_or_default();
    let closing = key.trim().rsplit(|c| !punctuation(c)).next().unwrap_or_default();
    let (mut out, mut from) = (String::new(), 0);
    for mut range in if whole.is_empty() { parts } else { whole } {
        if text.get(from..range.start).is_some_and(|before| before.ends_with(opening)) {
            range.start -= opening.len();
        }
        if text.get(range.end..).is_some_and(|rest| rest.starts_with(closing)) {
            range.end += closing.len();
        }
        if let (Some(before), Some(found)) = (text.get(from..range.start), text.get(range.clone())) {
            out.push_str(&format!("{}<mark>{}</mark>", escape(before), escape(found)));
            from = range.end;
        }
    }
    out + &escape(text.get(from..).unwrap_or_default())
}

/// Lower-case letters and digits with the bytes they came from; everything between them is one space.
fn fold(text: &str) -> Vec<(char, Range<usize>)> {
    let mut out: Vec<(char, Range<usize>)> = Vec::with_capacity(text.len());
    for (at, c) in text.char_indices() {
        let range = at..at + c.len_utf8();
        if c.is_alphanumeric() {
            out.extend(c.to_lowercase().map(|lower| (lower, range.clone())));
        } else if out.last().is_some_and(|(last, _)| *last != ' ') {
            out.push((' ', range));
        }
    }
    out
}
