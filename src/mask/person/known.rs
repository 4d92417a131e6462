//! Every way one person's name is written.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::{BuildHasherDefault, Hasher};
use std::ops::Range;
use std::sync::LazyLock;

use super::inflect;
use crate::mask::lexicon::{Flags, LEXICON};
use crate::mask::span::{Entity, Layer, Span};
use crate::mask::words::{Hash, Word, words};

/// Words that belong to a surname and are no name alone.
pub(super) const PARTICLES: &[&str] = &[
    "van", "von", "der", "den", "de", "del", "della", "di", "da", "dos", "das", "do", "du", "la", "le", "ter", "ten",
    "zu", "zur", "bin", "ibn", "al", "el", "y", "e", "af", "av", "st", "o", "mc", "mac", "d", "l",
];

/// Whether a folded word is one of those.
pub(crate) fn is_particle(word: &str) -> bool {
    PARTICLES.contains(&word)
}

static PARTICLE_HASHES: LazyLock<HashSet<u64>> =
    LazyLock::new(|| PARTICLES.iter().map(|word| Hash::of(word)).collect());

/// Keys that are hashes already.
#[derive(Clone, Copy, Debug, Default)]
struct Same(u64);

impl Hasher for Same {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, value: u64) {
        self.0 = value;
    }
}

type ByHash<T> = HashMap<u64, T, BuildHasherDefault<Same>>;

/// The people known by name and their user names.
#[derive(Clone, Debug, Default)]
pub(crate) struct Known {
    people: Vec<String>,
    /// First word of a form → each whole form as hashes of its words → whose it is.
    forms: ByHash<BTreeMap<Vec<u64>, Form>>,
    /// The first three letters of each single name → the names, for their cases and short forms.
    parts: ByHash<Vec<Part>>,
    /// The first letter of names in scripts that part no words → the names.
    unparted: HashMap<char, Vec<(String, usize)>>,
    /// Hashes of user names, told or made from names.
    users: HashSet<u64, BuildHasherDefault<Same>>,
    user_heads: HeadBytes,
}

/// One name of a person, folded.
#[derive(Clone, Debug)]
struct Part {
    name: String,
    person: usize,
    given: bool,
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
        self.add_unparted(person, name);
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
        let whole = [all.clone(), last.clone()].concat();
        // `Will` alone is a name with its capital only: `I will go`.
        let word = Flags::WORD.or(Flags::ALSO_WORD).or(Flags::FOREIGN).or(Flags::JOB).or(Flags::PLACE);
        let also = matches!(whole.as_slice(), [only] if LEXICON.word(Hash::of(only)).any(word));
        let kind = if also { Kind::Alone } else { Kind::Full };
        self.insert(person, whole, kind);
        // Vietnamese are called by the last of their names, and the others are words of every sentence.
        let vietnamese = given.len() > 1 && self.people[person].contains(is_toned);
        for (at, name) in given.iter().chain(surname).enumerate() {
            if vietnamese && at + 1 < given.len() + surname.len() {
                continue;
            }
            for half in name {
                self.add_part(person, half, at < given.len());
            }
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
                self.insert_user(&user);
            }
        }
    }

    /// Learns a user name; it is masked as a word wherever it stands.
    pub(crate) fn add_user_name(&mut self, user: &str) {
        // Short ones are words, and one that reads as a name is found as such.
        if user.chars().count() >= 4 && user.chars().any(char::is_alphabetic) {
            self.insert_user(user);
        }
    }

    fn insert_user(&mut self, user: &str) {
        self.users.insert(Hash::exact(user));
        self.user_heads.insert(user.bytes().next().unwrap_or_default());
    }

    /// `王思远`, `박서연`, `大和田 紀子`: the whole and what people are called by, found without blanks around.
    fn add_unparted(&mut self, person: usize, name: &str) {
        let han = |c: char| matches!(c, '\u{3040}'..='\u{30FF}' | '\u{3400}'..='\u{9FFF}' | '\u{AC00}'..='\u{D7A3}');
        let thai = |c: char| matches!(c, '\u{0E00}'..='\u{0E7F}');
        let bare: Vec<char> = name.chars().filter(|c| han(*c) || thai(*c)).collect();
        if bare.len() < 2 || name.chars().any(|c| !c.is_whitespace() && !han(c) && !thai(c)) {
            return;
        }
        let mut keep = |form: String| {
            let Some(first) = form.chars().next() else { return };
            let known = self.unparted.entry(first).or_default();
            if form.chars().count() >= 2 && !known.iter().any(|(other, _)| *other == form) {
                known.push((form, person));
            }
        };
        keep(bare.iter().collect());
        let parts: Vec<&str> = name.split_whitespace().collect();
        if parts.len() > 1 && parts.iter().all(|part| part.chars().count() == 1) {
            keep(name.to_owned());
        } else if parts.len() > 1 {
            keep(name.to_owned());
            parts.iter().filter(|part| part.chars().count() >= 2).for_each(|part| keep((*part).to_owned()));
        }
        // Three syllables are a surname and a given name of two; Thai names are parted by blanks.
        if parts.len() == 1 && bare.len() == 3 && !thai(bare[0]) {
            keep(bare[1..].iter().collect());
        }
    }

    fn add_part(&mut self, person: usize, name: &str, given: bool) {
        if name.chars().count() < 3 {
            return;
        }
        let parts = self.parts.entry(head_of(name.chars())).or_default();
        if !parts.iter().any(|part| part.name == name) {
            parts.push(Part { name: name.to_owned(), person, given });
        }
    }

    /// Whose name a word is in another case, or shortened: `Radku`, `Megs`.
    fn related(&self, spoken: &str, flags: Flags) -> Option<usize> {
        let folded = spoken.chars().flat_map(crate::mask::words::fold);
        let parts = self.parts.get(&head_of(folded))?;
        let other = Flags::WORD.or(Flags::ALSO_WORD).or(Flags::JOB).or(Flags::PLACE).or(Flags::ORGANISATION);
        let thing = Flags::THING_AFTER.or(Flags::THING_BEFORE).or(Flags::ORGANISATION_TAIL).or(Flags::FOREIGN);
        let name = flags.any(Flags::GIVEN.or(Flags::SURNAME));
        if flags.any(other) || (flags.any(thing) && !name) {
            return None;
        }
        let word = inflect::folded(spoken);
        let mut found = None;
        inflect::any_nominative(&word, 2, |guess| {
            found = parts.iter().find(|part| part.name == guess).map(|part| part.person);
            found.is_some()
        });
        if found.is_some() || name {
            return found;
        }
        // What people are called: the beginning of the name, and an ending that names of pets and children have.
        const TAILS: &[&str] = &["", "s", "y", "ie", "i", "o", "ey", "ko", "ka", "inha", "inho", "ito", "ita", "ek"];
        let short = |part: &&Part| {
            part.given
                && TAILS.iter().any(|tail| {
                    word.strip_suffix(tail).is_some_and(|stem| {
                        stem.chars().count() >= 3
                            && part.name.starts_with(stem)
                            && part.name.chars().count() >= stem.chars().count() + 2
                    })
                })
        };
        parts.iter().find(short).map(|part| part.person)
    }

    fn insert(&mut self, person: usize, form: Vec<String>, kind: Kind) {
        // Two letters of a script without capitals are a word as a rule: `من`.
        let short = |word: &String| {
            word.chars().count() < 3
                && word.chars().all(|c| matches!(c, '\u{590}'..='\u{DFF}' | '\u{1200}'..='\u{137F}'))
        };
        let lone = kind == Kind::Alone
            && form.iter().all(|word| word.chars().count() < 2 || short(word) || PARTICLES.contains(&word.as_str()));
        let form = hashes(&form);
        // `Dr`, `Engineer` and what is no name of anybody stand for nobody alone.
        let plain = kind == Kind::Alone
            && form.first().is_some_and(|word| {
                let flags = LEXICON.word(*word);
                let title = flags
                    .any(Flags::HONORIFIC.or(Flags::SUFFIX).or(Flags::JOB).or(Flags::PLACE).or(Flags::ORGANISATION));
                let small = flags.any(Flags::FOREIGN) && flags.any(Flags::ALSO_WORD);
                let plain = title || small || flags.any(Flags::ROLE);
                form.len() == 1 && plain && !flags.any(Flags::GIVEN.or(Flags::SURNAME))
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
        // Endings behind an apostrophe: `Defne'nin`.
        let tails = (0..all.len()).find_map(|start| self.lookup(&all[start..]));
        let person = tails
            .or_else(|| (1..all.len()).rev().find_map(|end| self.lookup(&all[..end])))
            .map(|found| found.person)
            .or_else(|| found.iter().find_map(|word| self.related(&form[word.range()], word.entry.flags)))
            .or_else(|| self.unparted(form.trim()));
        person.and_then(|person| self.people.get(person)).map(String::as_str)
    }

    /// Whose unparted name begins `text`.
    fn unparted(&self, text: &str) -> Option<usize> {
        let forms = self.unparted.get(&text.chars().next()?)?;
        let longest =
            forms.iter().filter(|(form, _)| text.starts_with(form.as_str())).max_by_key(|(form, _)| form.len());
        longest.map(|(_, person)| *person)
    }

    /// Finds names written without blanks in the word at `range`.
    fn find_unparted(&self, text: &str, range: Range<usize>, out: &mut Vec<Span>) {
        let word = &text[range.clone()];
        let mut next = 0;
        for (at, c) in word.char_indices() {
            if at < next {
                continue;
            }
            let Some(forms) = self.unparted.get(&c) else { continue };
            let rest = &text[range.start + at..];
            let found =
                forms.iter().filter(|(form, _)| rest.starts_with(form.as_str())).max_by_key(|(form, _)| form.len());
            if let Some((form, _)) = found {
                next = at + form.len();
                let found = range.start + at..range.start + next;
                out.push(Span::new(found, Entity::Person, 0.95).by(Layer::Known, "a form of a known name"));
            }
        }
    }

    /// Finds every form of every known name.
    pub(crate) fn find(&self, text: &str, words: &[Word], out: &mut Vec<Span>) {
        if self.forms.is_empty() && self.users.is_empty() {
            return;
        }
        for (index, word) in words.iter().enumerate() {
            if word.caseless && !self.unparted.is_empty() {
                self.find_unparted(text, word.range(), out);
            }
            let Some(forms) = self.forms.get(&word.hash) else {
                let unmarked = word.caseless && text[word.range()].starts_with(has_no_capitals);
                if unmarked && self.behind_a_prefix(&text[word.range()]) {
                    let first = text[word.range()].chars().next().map_or(0, char::len_utf8);
                    let range = word.start() + first..word.end();
                    out.push(Span::new(range, Entity::Person, 0.85).by(Layer::Known, "a form of a known name"));
                    continue;
                }
                if (word.capital || unmarked)
                    && word.letters >= 3
                    && !word.coded
                    && (!word.shouted || word.letters > 4)
                    && self.related(&text[word.range()], word.entry.flags).is_some()
                {
                    let range = word.start()..word.end();
                    out.push(Span::new(range, Entity::Person, 0.85).by(Layer::Known, "a form of a known name"));
                }
                continue;
            };
            for (form, found) in forms {
                let Some(run) = words.get(index..index + form.len()) else { continue };
                if run.iter().zip(form).any(|(word, hash)| word.hash != *hash) || !joined(text, run) {
                    continue;
                }
                let spelt = |word: &Word| self.spelt_so(&text[word.range()], found.person);
                if let Some(mut range) = accept(text, run, *found).filter(|_| run.iter().all(spelt)) {
                    range.end += ending(&text[range.end..]);
                    out.push(Span::new(range, Entity::Person, 0.95).by(Layer::Known, "a form of a known name"));
                }
            }
        }
        self.find_users(text, out);
    }

    /// `ולאבישי`, `لسامح`: a known name behind a small word that is written together with it.
    fn behind_a_prefix(&self, word: &str) -> bool {
        let mut letters = word.chars();
        let prefix = letters
            .next()
            .is_some_and(|c| matches!(c, 'ו' | 'ל' | 'ב' | 'ה' | 'מ' | 'ש' | 'כ' | 'و' | 'ل' | 'ب' | 'ف'));
        prefix
            && letters.as_str().chars().count() >= 3
            && self.lookup(&[Hash::of(letters.as_str())]).is_some_and(|form| form.kind == Kind::Alone)
    }

    /// In Vietnamese the tone is all that tells `Nhân` from `nhận`.
    fn spelt_so(&self, word: &str, person: usize) -> bool {
        if !word.contains(is_toned) {
            return true;
        }
        let lower = word.to_lowercase();
        self.people.get(person).is_none_or(|name| {
            let mut parts = name.split(|c: char| !c.is_alphabetic());
            name.is_ascii() || parts.any(|part| part.to_lowercase() == lower)
        })
    }

    fn find_users(&self, text: &str, out: &mut Vec<Span>) {
        if self.users.is_empty() {
            return;
        }
        let sign = |c: char| matches!(c, '_' | '-' | '.');
        let mut rest = text;
        while let Some(start) = rest.find(|c: char| sign(c) || alphanumeric(c)) {
            let length = rest[start..].find(|c: char| !(sign(c) || alphanumeric(c))).unwrap_or(rest.len() - start);
            let token = rest[start..start + length].trim_matches(['.', '-']);
            rest = &rest[start + length..];
            // Most words do not begin as any of the names does.
            if !token.split('.').any(|part| part.bytes().next().is_some_and(|byte| self.user_heads.has(byte))) {
                continue;
            }
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

/// Bytes that words begin with, whatever their case; those past ASCII are not told apart.
#[derive(Clone, Copy, Debug, Default)]
struct HeadBytes([u64; 2]);

impl HeadBytes {
    const fn bit(byte: u8) -> (usize, u64) {
        let byte = if byte < 0x80 { byte.to_ascii_lowercase() } else { 0 };
        (byte as usize >> 6, 1 << (byte & 63))
    }

    const fn insert(&mut self, byte: u8) {
        let (at, bit) = Self::bit(byte);
        self.0[at] |= bit;
    }

    const fn has(self, byte: u8) -> bool {
        let (at, bit) = Self::bit(byte);
        self.0[at] & bit != 0
    }
}

/// [`char::is_alphanumeric`], quick for what most texts are made of.
fn alphanumeric(c: char) -> bool {
    match u8::try_from(c) {
        Ok(byte) if byte < 0x80 => byte.is_ascii_alphanumeric(),
        _ => c.is_alphanumeric(),
    }
}

/// A letter that only Vietnamese has.
pub(super) fn is_toned(c: char) -> bool {
    matches!(c, '\u{1EA0}'..='\u{1EF9}' | 'đ' | 'Đ' | 'ư' | 'Ư' | 'ơ' | 'Ơ')
}

/// Letters of Hebrew, Arabic, Georgian and Ethiopic.
const fn has_no_capitals(c: char) -> bool {
    matches!(c, '\u{590}'..='\u{6FF}' | '\u{10A0}'..='\u{10FF}' | '\u{1200}'..='\u{137F}')
}

/// How long a case ending behind an apostrophe is that `tail` begins with: Turkish, and Polish behind foreign names.
pub(super) fn ending(tail: &str) -> usize {
    const ENDINGS: &[&str] = &[
        "nin", "nın", "nun", "nün", "in", "ın", "un", "ün", "e", "a", "ye", "ya", "i", "ı", "u", "ü", "yi", "yı", "yu",
        "yü", "de", "da", "te", "ta", "den", "dan", "ten", "tan", "le", "la", "yle", "yla", "h", "ego", "owi", "em",
    ];
    let Some(rest) = tail.strip_prefix(['\'', '’']) else { return 0 };
    let length = rest.find(|c: char| !c.is_alphabetic()).unwrap_or(rest.len());
    if length > 0 && length <= 4 && ENDINGS.contains(&&rest[..length]) { tail.len() - rest.len() + length } else { 0 }
}

/// A hash of the first three letters.
fn head_of(letters: impl Iterator<Item = char>) -> u64 {
    let mut hash = Hash::default();
    letters.take(3).for_each(|c| hash.push(u32::from(c)));
    hash.finish()
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
