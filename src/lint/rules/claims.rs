//! Numbers and names that a text has and others lack: read word by word first, in earnest only where that is not enough.

use crate::lint::Text;
use crate::lint::text::hash;
use crate::row::{Arithmetic, Claim, What, unsupported};
use std::sync::LazyLock;

/// Words that are numbers; what stands for one alone (`one of them`) claims nothing.
static NUMBERS: LazyLock<Vec<&str>> = LazyLock::new(|| {
    "two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen \
     nineteen twenty thirty forty fifty sixty seventy eighty ninety hundred thousand million billion dozen half halves \
     quarter twice double triple third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth hundredth"
        .split_whitespace()
        .collect()
});

/// Units by their singular: a number with another one is another value.
static UNITS: LazyLock<Vec<&str>> = LazyLock::new(|| {
    "percent percentage permille point second sec minute min hour day week month year decade ms s h metre meter m km \
     cm mm mile foot feet inch kilo kilometre kilometer kg g gram tonne ton litre liter l byte kb mb gb tb kilobyte \
     megabyte gigabyte terabyte pound dollar euro degree volt watt"
        .split_whitespace()
        .collect()
});

/// What a text claims that none of the others holds, names only if `names`; see [`unsupported`].
pub(super) fn beyond(text: &Text<'_>, others: &[&Text<'_>], names: bool) -> Vec<Claim> {
    if is_literal(text, others, names) {
        return vec![];
    }
    let others: Vec<&str> = others.iter().map(|other| other.text).collect();
    let claims = unsupported(text.text, &others, Arithmetic::Strict);
    claims.into_iter().filter(|claim| names || claim.what != What::Entity).collect()
}

/// Whether every word of a text that could be a number or a name stands in one of the others as it is, and so do the
/// units of numbers. Tools in small letters (`docker`) are not seen.
pub(super) fn is_literal(text: &Text<'_>, others: &[&Text<'_>], names: bool) -> bool {
    let stands = |word: &str| {
        let word = hash(word);
        others.iter().any(|other| other.words().contains(&word))
    };
    let holds = |word: &str| {
        let word = word.to_lowercase();
        let one = word.strip_suffix('s').unwrap_or(&word);
        stands(&word) || stands(one) || stands(&format!("{one}s"))
    };
    let (mut opens, mut counted, mut last) = (true, false, 0);
    for (at, word) in runs(text.text) {
        let between = &text.text[last..at];
        let begins = last == 0;
        last = at + word.len();
        opens |= between.contains(['.', '!', '?', ':', '\n', '"', '“', '…']);
        let number = word.bytes().any(|b| b.is_ascii_digit()) || is_number(word);
        let unit = counted && !opens && is_unit(word);
        // The first word of a sentence has its capital from there, unless the text answers with it alone.
        let made = word.chars().skip(1).any(char::is_uppercase);
        let alone = begins && text.text[last..].starts_with('.') && !matches!(word, "Yes" | "No");
        // `Node.js`, `snake_case`.
        let joined = matches!(between, "." | "_" | "&");
        let name = (made || joined || (!opens || alone) && word.starts_with(char::is_uppercase))
            && word.chars().nth(1).is_some();
        if (number || unit || name && names) && !holds(word) {
            return false;
        }
        (opens, counted) = (false, number);
    }
    true
}

fn is_unit(word: &str) -> bool {
    UNITS.iter().any(|unit| {
        let head = word.get(..unit.len()).is_some_and(|head| head.eq_ignore_ascii_case(unit));
        head && matches!(&word[unit.len()..], "" | "s" | "S")
    })
}

/// Runs of letters and digits with their places.
fn runs(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let start = text.as_ptr() as usize;
    text.split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(move |word| (word.as_ptr() as usize - start, word))
}

fn is_number(word: &str) -> bool {
    (3..=10).contains(&word.len()) && NUMBERS.iter().any(|number| number.eq_ignore_ascii_case(word))
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
        assert_eq!(is_literal(chosen, &[rejected], true), literal, "{text} / {other}");
        assert_eq!(beyond(chosen, &[rejected], true).len(), claims, "{text} / {other}");
    }

    #[test]
    fn the_quick_look_misses_no_number_and_no_name() {
        check("The pump ran for 12 hours.", "it ran 12 hours, that pump", true, 0);
        check("The 12 pumps ran. Hours passed.", "all 12 of them ran", true, 0);
        check("It ran for 12 hours.", "It ran for 12 minutes.", false, 1);
        check("It ran for 13 hours.", "It ran for 12 hours.", false, 1);
        check("It ran for twelve hours.", "It ran for 12 hours.", false, 0);
        check("It took us to Ravnholm.", "It took us there.", false, 1);
        check("Sadly it broke. Nobody saw.", "it broke and we missed it", true, 0);
        check("we fixed it. Nobody saw.", "it broke and we missed it", true, 0);
        check("Boron.", "It is argon.", false, 1);
    }
}
