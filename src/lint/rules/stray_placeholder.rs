//! PII004: a placeholder that stands for nothing.

use std::collections::BTreeSet;
use std::ops::Range;

use super::prelude::*;
use crate::lint::grounds::{self, Source};
use crate::lint::mention::in_code;
use crate::mask::{Entity, Vault};

/// Flags placeholders that are broken, that nobody gave out, or that an answer made up.
pub(in crate::lint) struct StrayPlaceholder;

static META: Meta = Meta {
    code: "PII004",
    name: "stray-placeholder",
    severity: Severity::Warning,
    fix: None,
    kinds: &Kind::ALL,
    summary: "A placeholder is broken, unknown to the vault, or only in the answer",
    explanation: "
## Why it matters
A placeholder stands for a person's own data and is put back when the model is used.
One that a teacher misspelt or made up is put back as nothing, and the student learns to make them up as well.

## Example
`[EMAIL_1]` is what masking writes; `[EMAIL-1]`, `[email_1]` and `[EMAIL_1` are what is left of one, and so is a bare
`PERSON_1` where the row has `[PERSON_1]` too.
`[PERSON_7]` is stray when the vault gave out six, and `[PERSON_2]` in an answer when question, context, evidence and
source have `[PERSON_1]` alone.
`[EMAIL]` stands for any address, and links, footnotes such as `[1]` and code are no placeholders.

## How to fix
Generate the row again, or write the placeholder as the source has it.
A prompt that shows one placeholder kept as it is in its example keeps teachers from changing them.
",
};

impl Rule for StrayPlaceholder {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn start<'a>(&self, _settings: &'a LintSettings, cx: &Context<'a>) -> Box<dyn Check + 'a> {
        Box::new(Strays { vault: cx.originals.filter(|vault| !vault.is_empty()) })
    }
}

struct Strays<'a> {
    vault: Option<&'a Vault>,
}

impl Check for Strays<'_> {
    fn row(&self, row: &View<'_>, out: &mut Findings) {
        // Kinds of data have names in capitals: most rows end here.
        let mut any = false;
        for text in row.texts() {
            any = any || memchr::memchr2(b'[', b'_', text.text.as_bytes()).is_some();
        }
        if !any {
            return;
        }
        let source = grounds::source(row);
        let mut whole: BTreeSet<&str> = BTreeSet::new();
        for text in row.texts() {
            let room = MOST.saturating_sub(whole.len());
            whole.extend(placeholders(text.text).take(room).map(|found| &text.text[found.range]));
        }
        for text in row.texts() {
            if let Some(range) = broken(text.text, &whole) {
                let message = format!("`{}` holds what is left of a placeholder", text.name);
                out.mark(row.finding_in(&META, text, message), text.text, range);
            }
        }
        if whole.is_empty() {
            return;
        }
        let in_source = |mark: &str| matches!(source, Source::Known { document, .. } if document.contains(mark));
        // What a text had of its own before it was masked is in the source, and nobody's.
        let unknown = |mark: &str| self.vault.is_some_and(|vault| vault.restore(mark) == mark) && !in_source(mark);
        let given = row.texts().any(|text| text.role == Role::Context && !text.text.trim().is_empty());
        // Rows that were made from a document may have it from there, when the document is not at hand.
        let judged = given || source.text().is_some() || !row.table.has_provenance();
        for (i, text) in row.texts().enumerate() {
            let answers = matches!(text.role, Role::Answer | Role::Chosen | Role::Thought);
            let seen = |mark: &str| {
                let before = |(n, other): (usize, &Text<'_>)| {
                    let support = n < i || matches!(other.role, Role::Evidence);
                    n != i && support && other.role != Role::Rejected && other.text.contains(mark)
                };
                row.texts().enumerate().any(before) || in_source(mark)
            };
            let said = placeholders(text.text).filter(|found| found.numbered).take(MOST);
            for found in said {
                let mark = &text.text[found.range.clone()];
                let why = if unknown(mark) {
                    "is unknown to the vault"
                } else if judged && answers && !seen(mark) {
                    "stands nowhere before the answer"
                } else {
                    continue;
                };
                let message = format!("a placeholder in `{}` {why}", text.name);
                out.mark(row.finding_in(&META, text, message), text.text, found.range);
                break;
            }
        }
    }
}

/// Placeholders of a text that are looked at: no row of use has more.
const MOST: usize = 128;

/// A placeholder as masking writes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Placeholder {
    /// Its bytes, brackets included.
    pub(super) range: Range<usize>,
    /// Whether it stands for a certain value, by number or hash.
    pub(super) numbered: bool,
}

/// The placeholders in a text: `[EMAIL_1]`, `[EMAIL_h3f9a1c]`, `[EMAIL]`.
pub(super) fn placeholders(text: &str) -> impl Iterator<Item = Placeholder> {
    memchr::memchr_iter(b'[', text.as_bytes()).filter_map(|open| {
        let inside = &text[open + 1..];
        let length = inside.bytes().take(96).position(|b| b == b']')?;
        let (_, mark) = parse(&inside[..length])?;
        Some(Placeholder { range: open..open + length + 2, numbered: mark != Mark::None })
    })
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mark {
    None,
    Number,
    Hash,
}

/// What stands between the brackets.
fn parse(inside: &str) -> Option<(Entity, Mark)> {
    let known = |stem: &str| Entity::ALL.into_iter().find(|entity| entity.stem() == stem);
    if !inside.starts_with(|c: char| c.is_ascii_uppercase()) {
        return None;
    }
    if let Some(entity) = known(inside) {
        return Some((entity, Mark::None));
    }
    let (stem, mark) = inside.rsplit_once('_')?;
    let entity = known(stem)?;
    let number = (1..=9).contains(&mark.len()) && mark.bytes().all(|b| b.is_ascii_digit());
    let hash = || {
        let hex = mark.strip_prefix('h')?;
        ((6..=64).contains(&hex.len()) && hex.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))).then_some(())
    };
    if number {
        return Some((entity, Mark::Number));
    }
    hash().map(|()| (entity, Mark::Hash))
}

/// Where a text holds what is left of a placeholder; `whole` are the good ones of the row.
fn broken(text: &str, whole: &BTreeSet<&str>) -> Option<Range<usize>> {
    let mut code = 0;
    for open in memchr::memchr_iter(b'[', text.as_bytes()) {
        let inside = &text[open + 1..];
        let length =
            inside.bytes().take(48).position(|b| !(b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b' ')));
        let length = length.unwrap_or(inside.len().min(48));
        let Some(name) = inside.get(..length).filter(|name| !name.is_empty()) else { continue };
        let closed = inside[length..].starts_with(']');
        let range = open..open + 1 + length + usize::from(closed);
        let bad =
            if closed { parse(name).is_none() && misspelt(name, whole) } else { open_ended(name, &inside[length..]) };
        if bad && !in_code(text, open) {
            return Some(range);
        }
        code += usize::from(bad);
        if code > MOST {
            return None;
        }
    }
    // A bare one is only told from other names with an underscore by its like in the same row.
    whole.iter().find_map(|mark| {
        let bare = mark.trim_matches(['[', ']']);
        if !bare.contains('_') || !bare.ends_with(|c: char| c.is_ascii_alphanumeric()) {
            return None;
        }
        text.match_indices(bare).find_map(|(at, _)| {
            let (before, after) = (text[..at].chars().next_back(), text[at + bare.len()..].chars().next());
            let goes_on = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
            let bracketed = before == Some('[') && after == Some(']');
            let numbered = parse(bare).is_some_and(|(_, mark)| mark != Mark::None);
            (numbered && !bracketed && !goes_on(before) && !goes_on(after) && before != Some('[') && !in_code(text, at))
                .then(|| at..at + bare.len())
        })
    })
}

/// `EMAIL-1`, `email_1`, `EMAIL_`, ` EMAIL_1`, `EMIAL_1`: no placeholder, and nothing else either.
fn misspelt(name: &str, whole: &BTreeSet<&str>) -> bool {
    let tidy = name.trim().to_ascii_uppercase().replace([' ', '-'], "_");
    let tidy = tidy.trim_end_matches('_');
    let digits = tidy.len() - tidy.trim_end_matches(|c: char| c.is_ascii_digit()).len();
    // `[EMAIL1]`
    let joined = (digits > 0).then(|| tidy.split_at(tidy.len() - digits));
    let joined = joined.filter(|(stem, _)| Entity::ALL.into_iter().any(|entity| entity.stem() == *stem));
    let Some((stem, mark)) = joined.or(tidy.rsplit_once('_')).or(Some((tidy, ""))) else { return false };
    let known = |stem: &str| Entity::ALL.into_iter().any(|entity| entity.stem() == stem);
    let numbered = !mark.is_empty() && mark.len() <= 9 && mark.bytes().all(|b| b.is_ascii_digit());
    if numbered && known(stem) {
        // `[Person 1]` may be a speaker, unless the row has `[PERSON_1]`.
        let shouted = !name.bytes().any(|b| b.is_ascii_lowercase());
        return shouted || name.contains('_') || whole.contains(format!("[{stem}_{mark}]").as_str());
    }
    let shouted = name.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_');
    // `[EMAIL_]`, `[EMAIL_X]`: a kind that we know, cut or marked with something else.
    let cut = shouted && name.contains('_') && !known(name) && (known(tidy) || known(stem) && mark.len() <= 2);
    // `[EMIAL_1]`, `[ADRESS_2]`.
    let slip = |entity: &Entity| {
        let own = entity.stem();
        own.len() >= 5 && own.len().abs_diff(stem.len()) <= 1 && one_slip(own.as_bytes(), stem.as_bytes())
    };
    cut || (shouted && numbered && Entity::ALL.iter().any(slip))
}

/// Whether two words differ by two neighbours exchanged, or by one letter changed, added or left out.
fn one_slip(a: &[u8], b: &[u8]) -> bool {
    let head = a.iter().zip(b).take_while(|(x, y)| x == y).count();
    let (a, b) = (&a[head..], &b[head..]);
    let tail = a.iter().rev().zip(b.iter().rev()).take_while(|(x, y)| x == y).count();
    let (a, b) = (&a[..a.len() - tail], &b[..b.len() - tail]);
    a.len() <= 1 && b.len() <= 1 || matches!((a, b), ([x, y], [u, v]) if x == v && y == u)
}

/// `[EMAIL_1` without its end: what follows is no list and no calculation, as it would be in code.
fn open_ended(name: &str, rest: &str) -> bool {
    // Spaces and hyphens end a name that has no bracket.
    let name = name.split([' ', '-']).next().unwrap_or_default();
    let goes_on =
        rest.starts_with(['+', '*', '/', '=', ':', '"', '\'', '(', '.']) && !rest.starts_with(". ") && rest != ".";
    !goes_on && parse(name).is_some_and(|(_, mark)| mark != Mark::None)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(fields: &[(&str, &str)], kind: Kind, vault: Option<&Vault>) -> Vec<String> {
        let settings = LintSettings::default();
        let cx = Context { originals: vault, ..Context::default() };
        let mut check = StrayPlaceholder.start(&settings, &cx);
        let record = crate::lint::tests::record(0, fields);
        let out = crate::lint::tests::findings_with(check.as_mut(), kind, Default::default(), &record, &cx);
        out.into_iter().map(|finding| finding.message).collect()
    }

    #[test]
    fn what_is_left_of_a_placeholder() {
        let check = |text: &str, expected: usize| {
            let given = "[PERSON_1] [PERSON_10] [EMAIL_1] [EMAIL_h3f9a1c] [BANK_ACCOUNT_2]";
            let given = if text.starts_with("See") { "Where?" } else { given };
            let found = row(&[("instruction", given), ("response", text)], Kind::Cot, None);
            assert_eq!(found.len(), expected, "{text}: {found:?}");
        };
        check("Write to [EMAIL-1].", 1);
        check("Write to [EMAIL 1].", 1);
        check("Write to [email_1].", 1);
        check("Write to [EMAIL_].", 1);
        check("Write to [EMAIL1].", 1);
        check("Write to [EMIAL_1].", 1);
        check("Write to [ EMAIL_1 ].", 1);
        check("Write to [EMAIL_1 before noon.", 1);
        check("Write to [EMAIL_1.", 1);
        check("Ask [PERSON_1], PERSON_1 knows.", 1);
        check("Ask [PERSON_1], or [Person 1].", 1);
        check("Write to [EMAIL_1], [EMAIL_h3f9a1c], [BANK_ACCOUNT_2] or [EMAIL].", 0);
        check("See [1], [email](mailto:x), [the url], [COLOUR_1] and [Person 1]: hello.", 0);
        check("The code has `[email_1]` and `urls[URL_1 + 2]`.", 0);
        check("Set PHONE_1 in the environment.", 0);
        check("[PERSON_10] met [PERSON_1].", 0);
    }

    #[test]
    fn what_the_vault_never_gave_out() {
        let mut vault = Vault::with_salt([7; 32]);
        vault.placeholder(Entity::Person, "Zdenka Morvaille");
        let check = |text: &str, expected: usize| {
            let fields = [("instruction", "Does [PERSON_1] know?"), ("response", text)];
            assert_eq!(row(&fields, Kind::Cot, Some(&vault)).len(), expected, "{text}");
        };
        check("Ask [PERSON_1].", 0);
        check("Ask [PERSON].", 0);
        check("Ask [PERSON_2].", 1);
        check("Write to [EMAIL_1].", 1);
    }

    #[test]
    fn what_only_the_answer_has() {
        let check = |question: &str, context: &str, response: &str, expected: usize| {
            let fields = [("instruction", question), ("context", context), ("response", response)];
            assert_eq!(row(&fields, Kind::Qa, None).len(), expected, "{response}");
        };
        let context = "The pump room is run by [PERSON_1].";
        check("Who runs the pump room?", context, "[PERSON_1] does.", 0);
        check("Who runs the pump room?", context, "[PERSON_2] does.", 1);
        check("Does [PERSON_2] run the pump room?", context, "No, [PERSON_2] does not.", 0);
        check("Who runs the pump room?", "", "[PERSON_2] does.", 1);
        check("Who runs the pump room?", context, "[PERSON] does.", 0);
    }
}
