//! Numbers and names that a text has and others lack: read word by word first, in earnest only where that is not enough.

use crate::lint::Text;
use crate::lint::text::hash;
use crate::row::{Arithmetic, Claim, unsupported};

/// Words that are numbers; what stands for one alone (`one of them`) claims nothing.
const NUMBERS: [&str; 33] = [
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
    "twenty",
    "thirty",
    "forty",
    "fifty",
    "sixty",
    "seventy",
    "eighty",
    "ninety",
    "hundred",
    "thousand",
    "million",
    "billion",
    "dozen",
    "half",
    "quarter",
];

/// What a text claims that none of the others holds; see [`unsupported`].
pub(super) fn beyond(text: &Text<'_>, others: &[&Text<'_>], arithmetic: Arithmetic) -> Vec<Claim> {
    if is_literal(text, others) {
        return vec![];
    }
    let others: Vec<&str> = others.iter().map(|other| other.text).collect();
    unsupported(text.text, &others, arithmetic)
}

/// Whether every word of a text that could be a number or a name stands in one of the others as it is, numbers with
/// the word after them. Tools in small letters (`docker`) are not seen.
pub(super) fn is_literal(text: &Text<'_>, others: &[&Text<'_>]) -> bool {
    let holds = |word: &str| {
        let word = hash(&word.to_lowercase());
        others.iter().any(|other| other.words().contains(&word))
    };
    let (mut opens, mut counts, mut last) = (true, false, 0);
    let mut first = true;
    for (at, word) in runs(text.text) {
        let between = &text.text[last..at];
        last = at + word.len();
        opens |= between.contains(['.', '!', '?', ':', '\n', '"', '“', '…']);
        let number = word.bytes().any(|b| b.is_ascii_digit()) || is_number(word);
        let capital = word.chars().any(char::is_uppercase);
        // The first word of a sentence has its capital from there, unless it is all that the text's first one says.
        let made = word.chars().skip(1).any(char::is_uppercase);
        let name = capital && word.chars().nth(1).is_some() && (made || !opens || first && text.text[last..].starts_with('.'));
        if (number || name || counts) && !holds(word) {
            return false;
        }
        (opens, counts, first) = (false, number, false);
    }
    true
}

/// Runs of letters and digits with their places.
fn runs(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let start = text.as_ptr() as usize;
    text.split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(move |word| (word.as_ptr() as usize - start, word))
}

fn is_number(word: &str) -> bool {
    (3..=9).contains(&word.len()) && NUMBERS.iter().any(|number| number.eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::{Layout, Record};
    use crate::lint::{Context, TableInfo, View};
    use crate::row::Kind;
    use std::collections::BTreeMap;

    fn check(text: &str, other: &str, literal: bool, claims: usize) {
        let values = [("prompt", "-"), ("chosen", text), ("rejected", other)];
        let values = values.into_iter().map(|(name, text)| (name.to_owned(), text.into())).collect();
        let record = Record { row: 0, line: None, values };
        let table = TableInfo::new(0, "t", vec![], BTreeMap::new(), Some(Layout::native(Kind::Preference)));
        let cx = Context::default();
        let view = View::new(&table, &record, &cx);
        let (chosen, rejected) = view.pair().unwrap();
        assert_eq!(is_literal(chosen, &[rejected]), literal, "{text} / {other}");
        assert_eq!(beyond(chosen, &[rejected], Arithmetic::Strict).len(), claims, "{text} / {other}");
    }

    #[test]
    fn the_quick_look_misses_no_number_and_no_name() {
        check("The pump ran for 12 hours.", "it ran 12 hours, that pump", true, 0);
        check("It ran for 12 hours.", "It ran for 12 minutes.", false, 1);
        check("It ran for 13 hours.", "It ran for 12 hours.", false, 1);
        check("It ran for twelve hours.", "It ran for 12 hours.", false, 0);
        check("It took us to Ravnholm.", "It took us there.", false, 1);
        check("Sadly it broke. Nobody saw.", "it broke and we missed it", true, 0);
        check("we fixed it. Nobody saw.", "it broke and we missed it", true, 0);
        check("Boron.", "It is argon.", false, 1);
    }
}
