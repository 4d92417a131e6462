//! PII003: a value that was masked stands in the dataset.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use aho_corasick::AhoCorasick;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use super::prelude::*;
use super::stray_placeholder::placeholders;
use crate::mask::{Entity, Vault, is_word};

/// Flags the originals behind the placeholders, wherever they turn up.
pub(in crate::lint) struct OriginalValue;

static META: Meta = Meta {
    code: "PII003",
    name: "original-value",
    severity: Severity::Error,
    fix: Some(Fix::Safe),
    kinds: &Kind::ALL,
    summary: "A value that masking replaced stands in a column or in the metadata of the file",
    explanation: "
## Why it matters
Masking is worth as much as its weakest column: one name in a file's metadata, in a document's name or in an example
that a teacher remembered undoes it.
The vault knows every value that was replaced, so these are no guesses.

## Example
With `[PERSON_1]` in the vault, each spelling of that name counts, in capitals, without accents, with other spaces or
with hyphens, in every column, also in ids and sources, and in the metadata of Parquet files.
A value counts when it stands by itself: a short name inside a longer word does not.
Ordinary words that are somebody's name and numbers of a few digits stand in any text and are passed over.
The finding names the kind of data and never the value.

## How to fix
`--fix` puts the value's placeholder in its place; names of documents and ids have to be changed by hand.
Then find out how it got there: rows should be made from masked documents alone.
",
};

impl Rule for OriginalValue {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn start<'a>(&self, settings: &'a LintSettings, cx: &Context<'a>) -> Box<dyn Check + 'a> {
        let finder = cx.originals.map(|vault| Arc::new(Finder::new(vault, settings.thresholds.original_chars)));
        Box::new(Originals { finder, placeholders: AtomicBool::new(false) })
    }
}

struct Originals {
    finder: Option<Arc<Finder>>,
    /// Whether there is no vault but something was masked.
    placeholders: AtomicBool,
}

impl Check for Originals {
    fn table(&mut self, table: &Arc<TableInfo>, out: &mut Findings) {
        let Some(finder) = &self.finder else { return };
        for (key, value) in &table.metadata {
            // The schema in the form of another library: bytes, not words.
            if key == "ARROW:schema" {
                continue;
            }
            if let Some(hit) = finder.find(value).first() {
                let message = format!("the metadata of the file holds a value that was masked: {}", finder.name(hit));
                out.push(Finding::in_table(&META, table.index, message).field(key));
            }
        }
    }

    fn row(&self, row: &View<'_>, out: &mut Findings) {
        let Some(finder) = &self.finder else {
            if !self.placeholders.load(Ordering::Relaxed)
                && row.said().iter().any(|said| placeholders(said.text).next().is_some())
            {
                self.placeholders.store(true, Ordering::Relaxed);
            }
            return;
        };
        let mut say = |field: &str, hits: &[Hit], fix: bool| {
            let mut kinds: Vec<&'static str> = vec![];
            for hit in hits {
                let name = finder.name(hit);
                if !kinds.contains(&name) {
                    kinds.push(name);
                }
            }
            if kinds.is_empty() {
                return;
            }
            let times = if hits.len() > kinds.len() { format!(", {} in all", hits.len()) } else { String::new() };
            let message = format!("`{field}` holds a value that was masked: {}{times}", kinds.join(", "));
            // Without the words around it: they are what must not be shown.
            let finding = row.finding(&META, message).field(field);
            out.push(if fix { finding.safe(edit(field, finder)) } else { finding });
        };
        for said in row.said() {
            // A new name for a document, or a new id, would break what refers to it.
            say(&said.field, &finder.find(said.text), !said.provenance);
        }
        for (column, value) in row.record.values.iter().filter(|(_, value)| value.is_number()) {
            let digits = value.to_string();
            if digits.len() > SHORT_NUMBER {
                say(column, &finder.find(&digits), false);
            }
        }
    }

    fn skipped(&self) -> Vec<Skipped> {
        let reason = "rows were masked, but there is no vault at hand that knows the originals".to_owned();
        let missing = self.placeholders.load(Ordering::Relaxed);
        missing.then_some(Skipped { code: META.code, file: None, reason }).into_iter().collect()
    }
}

fn edit(field: &str, finder: &Arc<Finder>) -> Edit {
    let finder = Arc::clone(finder);
    Edit::Rewrite(
        field.to_owned(),
        Arc::new(move |text: &str| {
            let mut out = String::with_capacity(text.len());
            let mut at = 0;
            for hit in finder.find(text) {
                out.push_str(text.get(at..hit.range.start)?);
                out.push_str(&finder.originals[hit.original].mark);
                at = hit.range.end;
            }
            out.push_str(text.get(at..)?);
            (at > 0).then_some(out)
        }),
    )
}

/// Bytes that are folded at once.
const PIECE: usize = 1 << 20;
/// Bytes that two pieces share: no value is as long.
const SEAM: usize = 1 << 12;

/// The last character boundary at or before a byte.
fn floor(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or_default()
}

/// As many digits stand in any text, as a year or a count.
const SHORT_NUMBER: usize = 5;
/// From here on a telephone number is the same with a country's code and without.
const TELLING_DIGITS: usize = 9;
/// Letters from which two names in one word are still those names.
const RUN_TOGETHER: usize = 8;

/// How close a text has to come to a value.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Likeness {
    /// Letter by letter; ordinary words that are a name only in this order and with these capitals.
    Exact,
    /// Everything but case, accents and spaces.
    Net,
    /// Letters and digits, whatever parts them.
    Code,
    /// The last digits of a telephone number.
    Phone,
    /// Words, whatever parts them.
    Words,
}

struct Original {
    entity: Entity,
    likeness: Likeness,
    /// The value without what surrounds it.
    value: String,
    /// The same without case, accents and spaces.
    net: String,
    /// Bytes of the folded letters and digits before which a new word begins.
    breaks: Vec<usize>,
    /// A user name that is a word, and is told from it by its sign.
    sign: bool,
    /// What stands for it.
    mark: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Hit {
    range: Range<usize>,
    original: usize,
}

/// Finds all values of a vault in one pass over the folded letters and digits of a text.
struct Finder {
    search: Option<AhoCorasick>,
    /// Originals by pattern: some differ in spaces or accents alone.
    by_pattern: Vec<Vec<usize>>,
    originals: Vec<Original>,
}

impl Finder {
    fn new(vault: &Vault, least: usize) -> Self {
        let (mut patterns, mut by_pattern, mut originals) = (Vec::<String>::new(), Vec::<Vec<usize>>::new(), vec![]);
        let mut known: HashMap<String, usize> = HashMap::new();
        let mut numbered = vault.clone();
        let mut last: Option<(Entity, String)> = None;
        for (entity, value) in vault.values() {
            let mark = numbered.placeholder(entity, value);
            // A spelling that by itself would be another value follows its own; what was redacted has no number.
            let mark = match &last {
                _ if vault.restore(&mark) != mark => mark,
                Some((of, mark)) if *of == entity => mark.clone(),
                _ => format!("[{}]", entity.stem()),
            };
            last = Some((entity, mark.clone()));
            let Some((pattern, original)) = original(entity, value, least, mark) else { continue };
            let at = *known.entry(pattern.clone()).or_insert_with(|| {
                patterns.push(pattern);
                by_pattern.push(vec![]);
                by_pattern.len() - 1
            });
            by_pattern[at].push(originals.len());
            originals.push(original);
        }
        let search = if patterns.is_empty() { None } else { AhoCorasick::new(&patterns).ok() };
        Self { search, by_pattern, originals }
    }

    fn name(&self, hit: &Hit) -> &'static str {
        self.originals[hit.original].entity.stem()
    }

    /// Where values stand, from left to right, the longest first.
    fn find(&self, text: &str) -> Vec<Hit> {
        let Some(search) = &self.search else { return vec![] };
        let mut hits: Vec<Hit> = vec![];
        // A text of any length, a piece at a time; values on a seam are in the next piece too.
        let mut from = 0;
        while from < text.len() {
            let to = floor(text, from.saturating_add(PIECE));
            let folded = Folded::of(&text[from..to]);
            for found in search.find_overlapping_iter(folded.text.as_bytes()) {
                let range = folded.range(found.start()..found.end());
                let range = range.start + from..range.end + from;
                let known = &self.by_pattern[found.pattern().as_usize()];
                let stands = known
                    .iter()
                    .find_map(|at| Some(Hit { range: self.originals[*at].stands(text, &range)?, original: *at }));
                hits.extend(stands);
            }
            from = if to == text.len() { to } else { floor(text, to - SEAM) };
        }
        hits.sort_by_key(|hit| (hit.range.start, std::cmp::Reverse(hit.range.end)));
        let mut end = 0;
        hits.retain(|hit| {
            let free = hit.range.start >= end;
            end = if free { hit.range.end } else { end };
            free
        });
        hits
    }
}

/// What to look for, and how; `None` where any text might hold it by chance.
fn original(entity: Entity, value: &str, least: usize, mark: String) -> Option<(String, Original)> {
    let value = value.trim();
    let mut rest = value;
    if entity == Entity::Url {
        rest = rest.split_once("://").map_or(rest, |(_, rest)| rest);
        rest = rest.strip_prefix("www.").unwrap_or(rest);
    }
    let rest = rest.trim_matches(|c: char| !c.is_alphanumeric());
    let folded = Folded::of(rest);
    let letters = folded.text.chars().count();
    let digits = folded.text.chars().filter(char::is_ascii_digit).count();
    if letters < least || (digits == letters && digits <= SHORT_NUMBER) {
        return None;
    }
    let ordinary = |word: &str| {
        let word = word.trim_matches(|c: char| !c.is_alphanumeric());
        is_word(word)
            || word.chars().count() < 2
            || word.len() <= SHORT_NUMBER && word.bytes().all(|b| b.is_ascii_digit())
    };
    let mut words = rest.split_whitespace();
    let all_ordinary = rest.split_whitespace().all(ordinary);
    let single = words.nth(1).is_none();
    let mut sign = false;
    if single && is_word(rest) {
        // A handle that is a word is told from the word by its sign alone.
        sign = entity == Entity::Handle && value.starts_with('@');
        if !sign {
            return None;
        }
    }
    let likeness = match entity {
        Entity::Secret => Likeness::Exact,
        Entity::Email | Entity::Url | Entity::Handle | Entity::Ip | Entity::Wallet => Likeness::Net,
        Entity::Phone if digits > SHORT_NUMBER => Likeness::Phone,
        Entity::Phone
        | Entity::Card
        | Entity::Iban
        | Entity::BankAccount
        | Entity::NationalId
        | Entity::TaxId
        | Entity::Passport
        | Entity::DrivingLicence
        | Entity::Plate
        | Entity::Mac
        | Entity::DateOfBirth => Likeness::Code,
        // `34 years`, `not married`: words that any row may have.
        Entity::Age | Entity::Nationality | Entity::MaritalStatus if all_ordinary => return None,
        Entity::Address if digits > 0 => Likeness::Words,
        _ if all_ordinary => Likeness::Exact,
        _ => Likeness::Words,
    };
    let pattern = if likeness == Likeness::Phone {
        let number = rest.split(char::is_alphabetic).next().unwrap_or_default();
        let digits: String = Folded::of(number).text.chars().filter(char::is_ascii_digit).collect();
        if digits.len() <= SHORT_NUMBER {
            return None;
        }
        digits[digits.len().saturating_sub(TELLING_DIGITS)..].to_owned()
    } else {
        folded.text.clone()
    };
    let breaks = folded.gaps(rest).map(|(at, _)| at).collect();
    Some((pattern, Original { entity, likeness, value: rest.to_owned(), net: net(rest), breaks, sign, mark }))
}

impl Original {
    /// Where the value stands in `text`, if its letters and digits at `range` are more than a coincidence.
    fn stands(&self, text: &str, range: &Range<usize>) -> Option<Range<usize>> {
        let here = &text[range.clone()];
        let (before, after) = (text[..range.start].chars().next_back(), text[range.end..].chars().next());
        let joined = |side: Option<char>, own: Option<char>| {
            let letter = |c: char| c.is_alphanumeric() && !unspaced(c);
            side.is_some_and(letter) && own.is_some_and(letter)
        };
        let open = self.likeness == Likeness::Phone;
        if joined(after, here.chars().next_back()) || (!open && joined(before, here.chars().next())) {
            return None;
        }
        match self.likeness {
            Likeness::Exact => {
                let squeezed = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
                (squeezed(here) == squeezed(&self.value)).then(|| range.clone())
            }
            Likeness::Net => {
                let mail = self.entity == Entity::Email;
                let goes_on = |c: char| matches!(c, '-' | '_') || mail && matches!(c, '.' | '+');
                let next = text[range.end..].chars().nth(1).is_some_and(char::is_alphanumeric);
                if net(here) != self.net || before.is_some_and(goes_on) || (next && after.is_some_and(goes_on)) {
                    return None;
                }
                let sign = before == Some('@') && self.entity == Entity::Handle;
                (sign || !self.sign).then(|| range.start - usize::from(sign)..range.end)
            }
            Likeness::Code => parted(here).then(|| range.clone()),
            Likeness::Phone => {
                if !parted(here) {
                    return None;
                }
                // The country's code belongs to it.
                let left = text[..range.start].trim_end_matches(|c: char| c.is_ascii_digit() || between(c) || c == '+');
                if left.ends_with(|c: char| c.is_alphabetic() && !unspaced(c))
                    && !text[left.len()..].starts_with(between)
                {
                    return None;
                }
                let lead = &text[left.len()..range.start];
                let lead = lead.trim_start_matches(|c: char| between(c) && c != '(');
                // More than a code is another number.
                (lead.bytes().filter(u8::is_ascii_digit).count() <= 6).then(|| range.start - lead.len()..range.end)
            }
            Likeness::Words => {
                let folded = Folded::of(here);
                let gaps: Vec<(usize, usize)> = folded.gaps(here).collect();
                let in_place = gaps.iter().all(|(at, length)| self.breaks.contains(at) && *length <= 4);
                // `Ann Other` is not `another`.
                let together = gaps.len() < self.breaks.len();
                let telling = !together || (folded.text.chars().count() >= RUN_TOGETHER && !is_word(here));
                (in_place && telling).then(|| range.clone())
            }
        }
    }
}

/// What may stand inside a number.
const fn between(c: char) -> bool {
    matches!(c, ' ' | '\u{a0}' | '\u{202f}' | '-' | '\u{2010}'..='\u{2014}' | '.' | '(' | ')' | '/' | ':' | '_' | '·')
}

/// Whether letters and digits are parted by nothing but what may stand inside a number.
fn parted(text: &str) -> bool {
    let mut run = 0;
    text.chars().all(|c| {
        run = if between(c) { run + 1 } else { 0 };
        run <= 3 && (c.is_alphanumeric() || between(c) || is_combining_mark(c))
    })
}

/// Scripts that put no spaces between words: Thai, kana, Han, and Hangul, whose particles follow without one.
const fn unspaced(c: char) -> bool {
    matches!(c, '\u{e00}'..='\u{e7f}' | '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{ac00}'..='\u{d7af}' | '\u{20000}'..='\u{3ffff}')
}

/// A character without case and accents.
fn fold(c: char, push: &mut impl FnMut(char)) {
    if c.is_ascii() {
        return push(c.to_ascii_lowercase());
    }
    for c in std::iter::once(c).nfkd().filter(|c| !is_combining_mark(*c)).flat_map(char::to_lowercase) {
        match c {
            'ß' => ['s', 's'].into_iter().for_each(&mut *push),
            'æ' => ['a', 'e'].into_iter().for_each(&mut *push),
            'œ' => ['o', 'e'].into_iter().for_each(&mut *push),
            'ø' => push('o'),
            'ł' => push('l'),
            'đ' | 'ð' => push('d'),
            'ı' => push('i'),
            c => push(c),
        }
    }
}

/// Folded characters but spaces.
fn net(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars().filter(|c| !c.is_whitespace()) {
        fold(c, &mut |c| out.push(c));
    }
    out
}

/// Folded letters and digits, each byte with the place of the character that it came from.
#[derive(Default)]
struct Folded {
    text: String,
    from: Vec<usize>,
    to: Vec<usize>,
}

impl Folded {
    fn of(text: &str) -> Self {
        let mut out = Self {
            text: String::with_capacity(text.len()),
            from: Vec::with_capacity(text.len()),
            to: Vec::with_capacity(text.len()),
        };
        for (at, c) in text.char_indices() {
            let end = at + c.len_utf8();
            if !c.is_ascii() && is_combining_mark(c) {
                if let Some(last) = out.to.last_mut() {
                    *last = end;
                }
                continue;
            }
            fold(c, &mut |c| {
                if c.is_alphanumeric() {
                    out.text.push(c);
                    out.from.extend(std::iter::repeat_n(at, c.len_utf8()));
                    out.to.extend(std::iter::repeat_n(end, c.len_utf8()));
                }
            });
        }
        out
    }

    /// Bytes of the text that bytes of the folded text came from.
    fn range(&self, folded: Range<usize>) -> Range<usize> {
        let start = self.from.get(folded.start).copied().unwrap_or_default();
        start..folded.end.checked_sub(1).and_then(|last| self.to.get(last)).copied().unwrap_or(start).max(start)
    }

    /// Where something else stands between two letters: the folded byte behind it, and how many characters it has.
    fn gaps<'f>(&'f self, text: &'f str) -> impl Iterator<Item = (usize, usize)> + 'f {
        (1..self.from.len()).filter_map(|at| {
            let between = text.get(self.to[at - 1]..self.from[at]).filter(|between| !between.is_empty())?;
            Some((at, between.chars().count()))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vault() -> Vault {
        let mut vault = Vault::with_salt([7; 32]);
        for (entity, value) in [
            (Entity::Person, "Zdénka Morvaille"),
            (Entity::Person, "Mark"),
            (Entity::Person, "Will Hope"),
            (Entity::Email, "z.morv@example.org"),
            (Entity::Phone, "+44 7700 900142"),
            (Entity::Handle, "@kettle"),
            (Entity::Handle, "@zmorv"),
            (Entity::Url, "https://www.example.org/zmorv/"),
            (Entity::Age, "34"),
            (Entity::Address, "12 Quenthold Lane"),
            (Entity::DateOfBirth, "12.03.1990"),
            (Entity::Address, "1010"),
        ] {
            vault.placeholder(entity, value);
        }
        vault
    }

    #[test]
    fn values_are_found_in_any_dress_and_nowhere_else() {
        let vault = vault();
        let finder = Arc::new(Finder::new(&vault, 4));
        let Edit::Rewrite(_, edit) = edit("response", &finder) else { panic!("a rewrite") };
        let check = |text: &str, expected: &str| {
            assert_eq!(edit(text).unwrap_or_else(|| text.to_owned()), expected, "{text}");
            assert_eq!(edit(expected), None, "{expected}");
        };
        check("I am Zdénka Morvaille.", "I am [PERSON_1].");
        check("I am ZDENKA  MORVAILLE, hi", "I am [PERSON_1], hi");
        check("zde\u{301}nka-morvaille.md", "[PERSON_1].md");
        check("ask zdenkamorvaille", "ask [PERSON_1]");
        check("Zdénka\nMorvaille's boat", "[PERSON_1]'s boat");
        check("Z.Morv@Example.org wrote", "[EMAIL_1] wrote");
        check("call 07700 900142 or 00447700900142", "call [PHONE_1] or [PHONE_1]");
        check("call (+44) 7700-900-142.", "call [PHONE_1].");
        check("@zmorv, zmorv and @kettle", "[HANDLE_2], [HANDLE_2] and [HANDLE_1]");
        check("see example.org/zmorv/", "see [URL_1]/");
        check("at 12 quenthold  lane", "at [ADDRESS_1]");
        check("born 12/03/1990", "born [DATE_OF_BIRTH_1]");
        check("I asked Will Hope.", "I asked [PERSON_3].");
        let long = format!("{}Zdénka Morvaille{}", "ä ".repeat(PIECE / 3 - 4), " ö".repeat(PIECE));
        assert_eq!(finder.find(&long).len(), 1);
        // Near misses: words, parts of words, other values, numbers that any text has.
        for text in [
            "I will hope so, and mark it.",
            "Mark the buoy with a kettle.",
            "Ask az.morv@example.org or z.morv@example.org.invalid",
            "The zmorvish way",
            "In 1010 there were 34 of them",
            "7700900142389 rows and 991117700900142389",
            "example.org is a domain",
            "[PERSON_1] and [PERSON_2]",
        ] {
            check(text, text);
        }
    }

    #[test]
    fn every_column_and_the_metadata_are_searched() {
        let (settings, vault) = (LintSettings::default(), vault());
        let cx = Context { originals: Some(&vault), ..Context::default() };
        let mut check = OriginalValue.start(&settings, &cx);
        let record = crate::lint::tests::record(
            0,
            &[("response", "fine"), ("source", "zdenka-morvaille.md"), ("note", "+447700900142")],
        );
        let metadata = [("author", "Zdenka Morvaille"), ("ARROW:schema", "Zdenka Morvaille")];
        let metadata = metadata.map(|(key, value)| (key.to_owned(), value.to_owned())).into_iter().collect();
        let out = crate::lint::tests::findings_with(check.as_mut(), Kind::Qa, metadata, &record, &cx);
        let found: Vec<_> = out.iter().map(|f| (f.row, f.field.as_deref().unwrap(), f.fix)).collect();
        assert_eq!(found, [(None, "author", None), (Some(0), "source", None), (Some(0), "note", Some(Fix::Safe))]);
        assert!(!format!("{out:?}").to_lowercase().contains("morvaille"));
    }

    #[test]
    fn without_a_vault_masked_rows_are_passed_over() {
        let settings = LintSettings::default();
        let check = |text: &str, expected: usize| {
            let mut check = OriginalValue.start(&settings, &Context::default());
            crate::lint::tests::findings(check.as_mut(), Kind::Qa, &[("response", text)]);
            assert_eq!(check.skipped().len(), expected, "{text}");
        };
        check("Ask [PERSON_1].", 1);
        check("Ask nobody [1].", 0);
    }
}
