//! Every way one person's name is written.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::ops::Range;
use std::sync::LazyLock;

use crate::mask::lexicon::{Flags, LEXICON};
use crate::mask::span::{Entity, Layer, Span};
use crate::mask::words::{Hash, Word, words};

/// Words that belong to a surname and are no name alone.
pub(super) const PARTICLES: &[&str] = &[
    "van", "von", "der", "den", "de", "del", "della", "di", "da", "dos", "das", "do", "du", "la", "le", "ter", "ten",
    "zu", "zur", "bin", "ibn", "al", "el", "y", "e", "af", "av", "st", "o", "mc", "mac", "d", "l",
];

static PARTICLE_HASHES: LazyLock<HashSet<u64>> =
    LazyLock::new(|| PARTICLES.iter().map(|word| Hash::of(word)).collect());

/// The people known by name and their user names.
#[derive(Clone, Debug, Default)]
pub(crate) struct Known {
    people: Vec<String>,
    /// First word of a form → each whole form as hashes of its words → whose it is.
    forms: HashMap<u64, BTreeMap<Vec<u64>, Form>>,
    /// Hashes of user names, told or made from names.
    users: HashSet<u64>,
}

#[derive(Clone, Copy, Debug)]
struct Form {
    person: usize,
    kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    /// Several words: safe in any case.
    Full,
    /// With initials: capitals required.
    Initials,
    /// `Z.M.`: capitals and a dot required, or the two alone on a line.
    Letters,
    /// One word: a capital required.
    Alone,
}

impl Known {
    /// Learns a person; a name whose every word a known person has is the same person.
    pub(crate) fn add(&mut self, name: &str) {
        let groups: Vec<Vec<String>> =
            name.split_whitespace().map(spelt).filter(|group| !group.is_empty() && !is_honorific(group)).collect();
        let flat: Vec<String> = groups.concat();
        if flat.is_empty() || flat.iter().all(|word| word.chars().count() < 2) {
            return;
        }
        if self.lookup(&hashes(&flat)).is_some() {
            return;
        }
        if let Some((last, first)) = name.split_once(',') {
            return self.add(&format!("{} {}", first.trim(), last.trim().replace(',', " ")));
        }
        let person = self.people.len();
        self.people.push(name.split_whitespace().collect::<Vec<_>>().join(" "));
        let start = groups
            .iter()
            .skip(1)
            .position(|group| PARTICLES.contains(&group.concat().as_str()))
            .map_or(groups.len().saturating_sub(1), |at| at + 1);
        let (given, surname) = groups.split_at(start.min(groups.len()));
        let (given, surname) = if given.is_empty() { (surname, given) } else { (given, surname) };
        self.add_forms(person, given, surname);
    }

    fn add_forms(&mut self, person: usize, given: &[Vec<String>], surname: &[Vec<String>]) {
        let last: Vec<String> = surname.concat();
        let all: Vec<String> = given.concat();
        self.insert(person, [all.clone(), last.clone()].concat(), Kind::Full);
        for name in given.iter().chain(surname) {
            // `O` of `O'Neill`, `van`, and an initial are no names alone; each half of a double name is.
            self.insert(person, name.clone(), Kind::Alone);
            if name.len() > 1 {
                for half in name {
                    self.insert(person, vec![half.clone()], Kind::Alone);
                }
            }
        }
        self.insert(person, last.clone(), Kind::Alone);
        let (Some(first), false) = (given.first(), last.is_empty()) else { return };
        let letters: Vec<String> = all.iter().filter_map(|word| initial(word)).collect();
        let Some(first_letter) = letters.first().cloned() else { return };
        let last_letter =
            last.iter().rev().find(|word| !PARTICLES.contains(&word.as_str())).and_then(|word| initial(word));
        self.insert(person, [first.clone(), last.clone()].concat(), Kind::Full);
        self.insert(person, [last.clone(), first.clone()].concat(), Kind::Full);
        self.insert(person, [last.clone(), all.clone()].concat(), Kind::Full);
        // People drop the particles of a surname.
        let core: Vec<String> = last.iter().filter(|word| !PARTICLES.contains(&word.as_str())).cloned().collect();
        if !core.is_empty() && core != last {
            self.insert(person, [first.clone(), core.clone()].concat(), Kind::Full);
            self.insert(person, [all.clone(), core.clone()].concat(), Kind::Full);
            self.insert(person, [vec![first_letter.clone()], core.clone()].concat(), Kind::Initials);
        }
        self.insert(person, [vec![first_letter.clone()], last.clone()].concat(), Kind::Initials);
        self.insert(person, [letters.clone(), last.clone()].concat(), Kind::Initials);
        self.insert(person, [last.clone(), vec![first_letter.clone()]].concat(), Kind::Initials);
        // Middle names shortened.
        let middle: Vec<String> = letters.iter().skip(first.len()).cloned().collect();
        self.insert(person, [first.clone(), middle, last.clone()].concat(), Kind::Initials);
        if let Some(last_letter) = last_letter {
            self.insert(person, [first.clone(), vec![last_letter.clone()]].concat(), Kind::Initials);
            self.insert(person, vec![first_letter.clone(), last_letter.clone()], Kind::Letters);
            self.insert(person, [letters, vec![last_letter]].concat(), Kind::Letters);
        }
        let (first, last) = (first.concat(), last.concat());
        for user in [
            format!("{first_letter}{last}"),
            format!("{first}{last}"),
            format!("{last}{first}"),
            format!("{last}{first_letter}"),
            format!("{first}{first_last}", first_last = last.chars().next().map(String::from).unwrap_or_default()),
        ] {
            if user.chars().count() >= 5 {
                self.users.insert(Hash::exact(&user));
            }
        }
    }

    /// Learns a user name; it is masked as a word wherever it stands.
    pub(crate) fn add_user_name(&mut self, user: &str) {
        // Short ones are words, and one that reads as a name is found as such.
        if user.chars().count() >= 4 && user.chars().any(char::is_alphabetic) {
            self.users.insert(Hash::exact(user));
        }
    }

    fn insert(&mut self, person: usize, form: Vec<String>, kind: Kind) {
        let lone = kind == Kind::Alone
            && form.iter().all(|word| word.chars().count() < 2 || PARTICLES.contains(&word.as_str()));
        let form = hashes(&form);
        // `Dr`, `Engineer` and what is no name of anybody stand for nobody alone.
        let plain = kind == Kind::Alone
            && form.first().is_some_and(|word| {
                let flags = LEXICON.word(*word);
                let title = flags
                    .any(Flags::HONORIFIC.or(Flags::SUFFIX).or(Flags::JOB).or(Flags::PLACE).or(Flags::ORGANISATION));
                form.len() == 1 && title && !flags.any(Flags::GIVEN.or(Flags::SURNAME))
            });
        let Some(first) = form.first().filter(|_| !lone && !plain).copied() else { return };
        // The first person to use a form keeps it: documents come in a fixed order.
        self.forms.entry(first).or_default().entry(form).or_insert(Form { person, kind });
    }

    fn lookup(&self, form: &[u64]) -> Option<Form> {
        self.forms.get(form.first()?)?.get(form).copied()
    }

    /// The full name behind a form of it.
    pub(crate) fn canonical(&self, entity: Entity, form: &str) -> Option<&str> {
        if entity != Entity::Person || self.people.is_empty() {
            return None;
        }
        let mut found = words(form);
        let all: Vec<u64> = found.iter().map(|word| word.hash).collect();
        if let Some(found) = self.lookup(&all) {
            return self.people.get(found.person).map(String::as_str);
        }
        // `Zdenka Q. Morvaille`, `Dr Morvaille`: what is between or before counts for nothing.
        found.retain(|word| word.letters > 1);
        let all: Vec<u64> = found.iter().map(|word| word.hash).collect();
        (0..all.len())
            .find_map(|start| self.lookup(&all[start..]))
            .and_then(|found| self.people.get(found.person))
            .map(String::as_str)
    }

    /// Finds every form of every known name.
    pub(crate) fn find(&self, text: &str, words: &[Word], out: &mut Vec<Span>) {
        if self.forms.is_empty() && self.users.is_empty() {
            return;
        }
        for (index, word) in words.iter().enumerate() {
            let Some(forms) = self.forms.get(&word.hash) else { continue };
            for (form, found) in forms {
                let Some(run) = words.get(index..index + form.len()) else { continue };
                if run.iter().zip(form).any(|(word, hash)| word.hash != *hash) || !joined(text, run) {
                    continue;
                }
                if let Some(range) = accept(text, run, *found) {
                    out.push(Span::new(range, Entity::Person, 0.95).by(Layer::Known, "a form of a known name"));
                }
            }
        }
        self.find_users(text, out);
    }

    fn find_users(&self, text: &str, out: &mut Vec<Span>) {
        if self.users.is_empty() {
            return;
        }
        for token in text.split(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '-' | '.'))) {
            let token = token.trim_matches(['.', '-']);
            // `zmorvaille.example.net` is the site of whoever `zmorvaille` is.
            let known = |user: &str| user.len() >= 4 && self.users.contains(&Hash::exact(user));
            let site = !known(token) && token.contains('.') && token.split('.').any(known);
            if site || known(token) {
                let start = token.as_ptr() as usize - text.as_ptr() as usize;
                let entity = if site { Entity::Url } else { Entity::Handle };
                out.push(
                    Span::new(start..start + token.len(), entity, 0.8)
                        .by(Layer::Known, "a user name of a known person"),
                );
            }
        }
    }

    /// The same in a path, where case means nothing and words are joined by anything.
    pub(crate) fn find_in_path(&self, path: &str, out: &mut Vec<Span>) {
        let words = words(path);
        for (index, word) in words.iter().enumerate() {
            for (form, found) in self.forms.get(&word.hash).into_iter().flatten() {
                let Some(run) = words.get(index..index + form.len()).filter(|_| found.kind != Kind::Letters) else {
                    continue;
                };
                let close = run
                    .windows(2)
                    .all(|pair| path[pair[0].end()..pair[1].start()].chars().all(|c| c != '/' && !c.is_alphanumeric()));
                if close && run.iter().zip(form).all(|(word, folded)| word.hash == *folded) {
                    let end = run.last().map_or(word.end(), Word::end);
                    out.push(Span::new(word.start()..end, Entity::Person, 0.9));
                }
            }
        }
        self.find_users(path, out);
    }
}

/// Whether a run of words that spells a form is one here, and its bytes.
fn accept(text: &str, run: &[Word], form: Form) -> Option<Range<usize>> {
    let (first, last) = (run.first()?, run.last()?);
    let range = first.start()..last.end();
    let upper = |word: &Word| (word.capital || word.caseless) && !word.coded;
    let capital = run.iter().all(|word| upper(word) || PARTICLE_HASHES.contains(&word.hash));
    let dotted = text[range.end..].starts_with('.');
    let full = if dotted && last.is_initial() { range.start..range.end + 1 } else { range.clone() };
    match form.kind {
        Kind::Full => Some(range),
        Kind::Initials => capital.then_some(full),
        Kind::Letters => {
            let inner = &text[range.clone()];
            (capital && ((inner.contains('.') && dotted) || alone_on_line(text, &range))).then_some(full)
        }
        Kind::Alone => {
            let other = Flags::WORD.or(Flags::ALSO_WORD).or(Flags::JOB).or(Flags::PLACE).or(Flags::ORGANISATION);
            let doubtful = run.len() == 1
                && LEXICON.word(first.hash).any(other)
                && starts_sentence(text, range.start)
                && !possessive(text, range.end);
            // In a chat nobody writes capitals; only what is a name and nothing else counts without one.
            let small = run.len() == 1 && !first.capital && first.letters >= 4 && !first.coded && {
                let flags = LEXICON.word(first.hash);
                let also = Flags::FOREIGN.or(Flags::ALSO_PLACE).or(Flags::ALSO_PRODUCT).or(Flags::ALSO_WORD);
                flags.any(Flags::GIVEN.or(Flags::SURNAME)) && !flags.any(other.or(also))
            };
            ((capital && !doubtful) || small).then_some(range)
        }
    }
}

fn is_honorific(group: &[String]) -> bool {
    matches!(group, [word] if ["dr", "prof", "mr", "mrs", "ms", "phd", "msc", "bsc", "jr"].contains(&word.as_str()))
}

fn hashes(form: &[String]) -> Vec<u64> {
    form.iter().map(|word| Hash::of(word)).collect()
}

/// The words of one group between blanks, folded: `O'Neill` gives `o` and `neill`.
fn spelt(group: &str) -> Vec<String> {
    words(group).iter().map(|word| group[word.range()].chars().flat_map(crate::mask::words::fold).collect()).collect()
}

fn initial(word: &str) -> Option<String> {
    word.chars().next().map(String::from)
}

/// Whether only what parts the words of a name stands between them.
fn joined(text: &str, run: &[Word]) -> bool {
    run.windows(2).all(|pair| {
        let gap = &text[pair[0].end()..pair[1].start()];
        let joint = gap
            .chars()
            .all(|c| c.is_whitespace() || matches!(c, '.' | ',' | '-' | '\u{2010}' | '\u{2011}' | '\'' | '’' | '_'));
        joint && !gap.is_empty() && gap.chars().filter(|c| *c == '\n').count() <= 1 && gap.chars().count() <= 4
    })
}

fn alone_on_line(text: &str, range: &Range<usize>) -> bool {
    let start = text[..range.start].rfind('\n').map_or(0, |at| at + 1);
    let end = text[range.end..].find('\n').map_or(text.len(), |at| range.end + at);
    let rest = text[start..range.start].chars().chain(text[range.end..end].chars());
    let mut dashes = 0;
    for c in rest {
        if c.is_alphanumeric() {
            return false;
        }
        dashes += usize::from(matches!(c, '-' | '–' | '—'));
    }
    dashes > 0
}

fn starts_sentence(text: &str, at: usize) -> bool {
    let head = text[..at].trim_end_matches([' ', '\t', '"', '*', '_', '“', '(']);
    head.chars().next_back().is_none_or(|c| matches!(c, '.' | '!' | '?' | '\n' | ':' | '-' | '#'))
}

fn possessive(text: &str, at: usize) -> bool {
    ["'s", "’s"].iter().any(|tail| text[at..].starts_with(tail))
}
