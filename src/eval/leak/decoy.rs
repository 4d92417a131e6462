//! Invented values of the same shape as a true one: what a student that has never seen the true one would as soon say.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use crate::mask::{self, Entity};
use crate::train::rng::Stream;

/// Fewer than this rank nothing.
const FEWEST: usize = 4;

/// Up to `count` different values of the shape of `value`, none of them `value`; none where the shape leaves nothing
/// to vary, or where it is of letters that no list here has.
pub(super) fn decoys(entity: Entity, value: &str, count: usize, stream: &mut Stream) -> Vec<String> {
    let mut seen = BTreeSet::from([value.to_owned()]);
    let mut out = Vec::new();
    // A short value has few neighbours: after some tries in vain there are no more.
    for _ in 0..4 * count {
        if out.len() == count {
            break;
        }
        let decoy = vary(entity, value, stream);
        if seen.insert(decoy.clone()) {
            out.push(decoy);
        }
    }
    if out.len() < FEWEST.min(count) { Vec::new() } else { out }
}

fn vary(entity: Entity, value: &str, stream: &mut Stream) -> String {
    match entity {
        Entity::Person => names(value, stream),
        Entity::Email => match value.rsplit_once('@') {
            Some((user, host)) => format!("{}@{}", words(user, stream, false), domain(host, stream)),
            None => words(value, stream, false),
        },
        Entity::Handle | Entity::Url => words(value, stream, false),
        Entity::Address => words(value, stream, true),
        Entity::Phone => {
            // Country and area are what any number of the place has.
            let digits = value.chars().filter(char::is_ascii_digit).count();
            tail(value, digits - (digits - digits / 3).min(7), stream)
        }
        Entity::Card => tail(value, 6.min(value.len() / 2), stream),
        Entity::DateOfBirth => numbers(value, stream, |digits, stream| match digits {
            4 => (1950..2004, stream).draw(),
            _ => (1..13, stream).draw(),
        }),
        Entity::Age => numbers(value, stream, |_, stream| (18..80, stream).draw()),
        Entity::Ip if !value.contains(':') => numbers(value, stream, |_, stream| (1..255, stream).draw()),
        Entity::Ip | Entity::Mac => characters(value, 0, true, stream),
        Entity::Secret if value.chars().count() >= 12 => characters(value, 4, false, stream),
        Entity::Iban => characters(value, 2, false, stream),
        Entity::Wallet => characters(value, 3, false, stream),
        Entity::Secret
        | Entity::BankAccount
        | Entity::NationalId
        | Entity::TaxId
        | Entity::Passport
        | Entity::DrivingLicence
        | Entity::Plate => characters(value, 0, false, stream),
        Entity::PlaceOfBirth | Entity::Nationality | Entity::MaritalStatus => value.to_owned(),
    }
}

/// A number of a range, as it is written.
trait Draw {
    fn draw(self) -> String;
}

impl Draw for (std::ops::Range<usize>, &mut Stream) {
    fn draw(self) -> String {
        (self.0.start + self.1.below(self.0.len())).to_string()
    }
}

/// Another digit for each behind the first `keep`.
fn tail(value: &str, keep: usize, stream: &mut Stream) -> String {
    let mut seen = 0;
    value
        .chars()
        .map(|c| {
            seen += usize::from(c.is_ascii_digit());
            if c.is_ascii_digit() && seen > keep { digit(stream) } else { c }
        })
        .collect()
}

/// Another character of the same sort for each behind the first `keep`.
fn characters(value: &str, keep: usize, hex: bool, stream: &mut Stream) -> String {
    let pick = |set: &str, stream: &mut Stream| char::from(set.as_bytes()[stream.below(set.len())]);
    value
        .chars()
        .enumerate()
        .map(|(at, c)| match c {
            _ if at < keep => c,
            '0'..='9' | 'a'..='f' if hex => pick("0123456789abcdef", stream),
            'A'..='F' if hex => pick("0123456789ABCDEF", stream),
            '0'..='9' => digit(stream),
            'a'..='z' => pick("abcdefghijklmnopqrstuvwxyz", stream),
            'A'..='Z' => pick("ABCDEFGHIJKLMNOPQRSTUVWXYZ", stream),
            _ => c,
        })
        .collect()
}

fn digit(stream: &mut Stream) -> char {
    char::from(b'0' + u8::try_from(stream.below(10)).unwrap_or_default())
}

/// Another number for each, as wide as it was where it began with a zero; everything else stays.
fn numbers(value: &str, stream: &mut Stream, mut draw: impl FnMut(usize, &mut Stream) -> String) -> String {
    runs(value, |c| c.is_ascii_digit())
        .map(|(run, number)| {
            if !number {
                return run.to_owned();
            }
            let drawn = draw(run.len(), stream);
            if run.starts_with('0') { format!("{drawn:0>width$}", width = run.len()) } else { drawn }
        })
        .collect()
}

/// Other names, other initials; `von` and `de` stay.
fn names(value: &str, stream: &mut Stream) -> String {
    let last = runs(value, char::is_alphabetic).filter(|(run, word)| *word && run.chars().count() > 1).count();
    let mut at = 0;
    runs(value, char::is_alphabetic)
        .map(|(run, word)| {
            let long = run.chars().count() > 1;
            at += usize::from(word && long);
            match (word, long) {
                (false, _) => run.to_owned(),
                (true, false) => initial(run, stream),
                _ if run.len() <= 3 && run.chars().all(char::is_lowercase) => run.to_owned(),
                // The last of several is the surname in most of the world; alone it is a first name.
                _ => name(run, usize::from(at == last && last > 1), stream),
            }
        })
        .collect()
}

/// Other words but for ordinary ones, other digits; in an `address` capitals that are a code get other capitals.
fn words(value: &str, stream: &mut Stream, address: bool) -> String {
    runs(value, char::is_alphabetic)
        .map(|(run, word)| {
            if !word {
                return runs(run, |c| c.is_ascii_digit())
                    .map(|(run, number)| if number { figure(run, stream) } else { run.to_owned() })
                    .collect();
            }
            let short = run.chars().count() <= 3;
            match address {
                true if short && run.chars().all(|c| c.is_ascii_uppercase()) => characters(run, 0, false, stream),
                true if mask::is_word(run) || run.chars().all(char::is_lowercase) => run.to_owned(),
                false if short || mask::is_word(run) || FIXED.contains(&run) => run.to_owned(),
                _ => name(run, 1, stream),
            }
        })
        .collect()
}

/// A host of a person's own gets another name; one that everybody has, and the ending, stay.
fn domain(host: &str, stream: &mut Stream) -> String {
    match host.rsplit_once('.') {
        Some((name, ending)) => format!("{}.{ending}", words(name, stream, false)),
        None => host.to_owned(),
    }
}

/// Parts of addresses of the net that everybody has.
const FIXED: [&str; 12] = [
    "https",
    "http",
    "gmail",
    "googlemail",
    "outlook",
    "hotmail",
    "yahoo",
    "icloud",
    "proton",
    "protonmail",
    "linkedin",
    "github",
];

/// A number of as many digits.
fn figure(run: &str, stream: &mut Stream) -> String {
    let drawn: String = run.chars().map(|_| digit(stream)).collect();
    match drawn.strip_prefix('0') {
        Some(rest) if !run.starts_with('0') => format!("{}{rest}", 1 + stream.below(9)),
        _ => drawn,
    }
}

fn initial(run: &str, stream: &mut Stream) -> String {
    match run.chars().next() {
        Some('A'..='Z' | 'a'..='z') => characters(run, 0, false, stream),
        _ => run.to_owned(),
    }
}

/// Names by given or surname, number of letters, and whether all of them are ASCII.
type Names = BTreeMap<(usize, usize, bool), Vec<&'static str>>;

static NAMES: LazyLock<Names> = LazyLock::new(|| {
    let mut out = BTreeMap::<_, Vec<_>>::new();
    for (kind, names) in mask::names().into_iter().enumerate() {
        for name in names.filter(|name| name.chars().all(char::is_alphabetic)) {
            out.entry((kind, name.chars().count(), name.is_ascii())).or_default().push(name);
        }
    }
    out
});

/// A name of the lists about as long as `run`, in its case. Letters of other scripts stay as they are.
fn name(run: &str, kind: usize, stream: &mut Stream) -> String {
    if !run.chars().all(|c| c < '\u{250}') {
        return run.to_owned();
    }
    let length = run.chars().count();
    let near: Vec<&Vec<&str>> = (length.saturating_sub(1)..=length + 1)
        .filter_map(|length| NAMES.get(&(kind, length, run.is_ascii())))
        .collect();
    let all: usize = near.iter().map(|names| names.len()).sum();
    let at = stream.below(all);
    let Some(name) = near.into_iter().flatten().nth(at) else { return run.to_owned() };
    if run.chars().all(char::is_lowercase) {
        name.to_lowercase()
    } else if length > 1 && run.chars().all(char::is_uppercase) {
        name.to_uppercase()
    } else {
        (*name).to_owned()
    }
}

/// The text in runs of characters that are `one` and runs that are not.
fn runs(text: &str, one: impl Fn(char) -> bool) -> impl Iterator<Item = (&str, bool)> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let is = one(rest.chars().next()?);
        let end = rest.find(|c| one(c) != is).unwrap_or(rest.len());
        let (run, tail) = rest.split_at(end);
        rest = tail;
        Some((run, is))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(entity: Entity, value: &str) -> Vec<String> {
        decoys(entity, value, 20, &mut Stream::new(1, "test", 0))
    }

    #[test]
    fn decoys_keep_the_shape_and_never_the_value() {
        for (entity, value, shape) in [
            (Entity::Phone, "+44 7700 900142", r"^\+44 77\d\d \d{6}$"),
            (Entity::Email, "zdenka.morvaille@gmail.com", r"^[a-z]{5,7}\.[a-z]{8,10}@gmail\.com$"),
            (Entity::Email, "hello@morvaille.example", r"^hello@[a-z]{8,10}\.example$"),
            (Entity::Person, "Zdenka von Morvaille", r"^[A-Z]\w+ von [A-Z]\w+$"),
            (Entity::Person, "Z. Morvaille", r"^[A-Z]\. [A-Z]\w+$"),
            (
                Entity::Address,
                "12 Harbour Lane, Ullapool IV26 2ZZ",
                r"^[1-9]\d Harbour Lane, [A-Z]\w+ [A-Z]{2}\d\d \d[A-Z]{2}$",
            ),
            (Entity::DateOfBirth, "3 May 1990", r"^\d{1,2} May (19|20)\d\d$"),
            (Entity::DateOfBirth, "03/05/1990", r"^\d\d/\d\d/(19|20)\d\d$"),
            (Entity::Age, "34", r"^\d\d$"),
            (Entity::Ip, "203.0.113.77", r"^\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}$"),
            (Entity::Iban, "GB29 NWBK 6016 1331 9268 19", r"^GB\d\d [A-Z]{4}( \d{4}){3} \d\d$"),
            (Entity::Passport, "C01X00T47", r"^[A-Z]\d\d[A-Z]\d\d[A-Z]\d\d$"),
            (Entity::Passport, "7", r"^\d$"),
        ] {
            let shape = regex::Regex::new(shape).unwrap();
            let decoys = of(entity, value);
            assert!(decoys.len() >= 9, "{value}: {decoys:?}");
            let distinct: BTreeSet<&String> = decoys.iter().collect();
            assert_eq!(distinct.len(), decoys.len());
            for decoy in &decoys {
                assert!(shape.is_match(decoy) && decoy != value, "{decoy} for {value}");
            }
        }
    }

    #[test]
    fn what_cannot_be_varied_has_no_decoys() {
        for (entity, value) in [
            (Entity::Nationality, "British"),
            (Entity::Person, "王小明"),
            (Entity::Person, ""),
            (Entity::Phone, ""),
            (Entity::Phone, "none"),
            (Entity::Email, "hello@gmail.com"),
        ] {
            assert_eq!(of(entity, value), Vec::<String>::new(), "{value}");
        }
    }

    #[test]
    fn the_same_seed_gives_the_same() {
        assert_eq!(of(Entity::Email, "ada.quill@example.org"), of(Entity::Email, "ada.quill@example.org"));
    }
}
