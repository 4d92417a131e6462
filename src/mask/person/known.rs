//! Every way one person's name is written.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasherDefault, Hasher};
use std::ops::Range;
use std::sync::LazyLock;

use super::inflect;
use super::widen::widened;
use crate::mask::lexicon::{Flags, LEXICON};
use crate::mask::page::Page;
use crate::mask::span::{Entity, Layer, Span};
use crate::mask::words::{Gap, Hash, Word, words};

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
    forms: ByHash<Vec<(Box<[u64]>, Form)>>,
    /// The first three letters of each single name → the names, for their cases and short forms.
    parts: ByHash<Vec<Part>>,
    /// The first letter of names in scripts that part no words → the names.
    unparted: HashMap<char, Vec<(String, usize)>>,
    /// Hashes of user names, told or made from names.
    users: HashSet<u64, BuildHasherDefault<Same>>,
    user_heads: HeadBytes,
    /// Of the first words of `forms`.
    heads: Sieve,
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
    /// How much is known: grows with every name and user name.
    pub(crate) fn size(&self) -> usize {
        self.people.len() + self.users.len()
    }

    /// Learns a person; a name whose every word a known person has is the same person.
    pub(crate) fn add(&mut self, name: &str) {
        let groups: Vec<Vec<Piece>> =
            name.split_whitespace().map(spelt).filter(|group| !group.is_empty() && !is_honorific(group)).collect();
        let flat: Vec<u64> = groups.iter().flatten().map(|piece| piece.hash).collect();
        if groups.iter().flatten().all(|piece| piece.letters < 2) || self.lookup(&flat).is_some() {
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
            .position(|group| matches!(group.as_slice(), [only] if only.particle))
            .map_or(groups.len().saturating_sub(1), |at| at + 1);
        let (given, surname) = groups.split_at(start.min(groups.len()));
        let (given, surname) = if given.is_empty() { (surname, given) } else { (given, surname) };
        self.add_forms(person, given, surname);
    }

    fn add_forms(&mut self, person: usize, given: &[Vec<Piece>], surname: &[Vec<Piece>]) {
        let last: Vec<&Piece> = surname.iter().flatten().collect();
        let all: Vec<&Piece> = given.iter().flatten().collect();
        // `Will` alone is a name with its capital only: `I will go`.
        let word = Flags::WORD.or(Flags::ALSO_WORD).or(Flags::FOREIGN).or(Flags::JOB).or(Flags::PLACE);
        let also = matches!((all.as_slice(), last.as_slice()), ([only], []) | ([], [only]) if only.flags.any(word));
        let kind = if also { Kind::Alone } else { Kind::Full };
        self.insert(person, &[&all, &last], kind);
        // Vietnamese are called by the last of their names, and the others are words of every sentence.
        let vietnamese = given.len() > 1 && self.people[person].contains(is_toned);
        for (at, name) in given.iter().chain(surname).enumerate() {
            if vietnamese && at + 1 < given.len() + surname.len() {
                continue;
            }
            for half in name {
                self.add_part(person, &half.name, at < given.len());
            }
            // `O` of `O'Neill`, `van`, and an initial are no names alone; each half of a double name is.
            let halves: Vec<&Piece> = name.iter().collect();
            self.insert(person, &[&halves], Kind::Alone);
            if halves.len() > 1 {
                for half in halves {
                    self.insert(person, &[&[half]], Kind::Alone);
                }
            }
        }
        self.insert(person, &[&last], Kind::Alone);
        let (Some(first), false) = (given.first(), last.is_empty()) else { return };
        let first: Vec<&Piece> = first.iter().collect();
        let initials: Vec<Piece> = all.iter().filter_map(|piece| piece.initial()).collect();
        let letters: Vec<&Piece> = initials.iter().collect();
        let Some(first_letter) = letters.first().copied() else { return };
        self.insert(person, &[&first, &last], Kind::Full);
        self.insert(person, &[&last, &first], Kind::Full);
        self.insert(person, &[&last, &all], Kind::Full);
        // People drop the particles of a surname.
        let core: Vec<&Piece> = last.iter().copied().filter(|piece| !piece.particle).collect();
        if !core.is_empty() && core.len() != last.len() {
            self.insert(person, &[&first, &core], Kind::Full);
            self.insert(person, &[&all, &core], Kind::Full);
            self.insert(person, &[&[first_letter], &core], Kind::Initials);
        }
        self.insert(person, &[&[first_letter], &last], Kind::Initials);
        self.insert(person, &[&letters, &last], Kind::Initials);
        self.insert(person, &[&last, &[first_letter]], Kind::Initials);
        // Middle names shortened.
        self.insert(person, &[&first, letters.get(first.len()..).unwrap_or_default(), &last], Kind::Initials);
        if let Some(last_letter) = core.last().and_then(|piece| piece.initial()) {
            let last_letter: &[&Piece] = &[&last_letter];
            self.insert(person, &[&first, last_letter], Kind::Initials);
            self.insert(person, &[&[first_letter], last_letter], Kind::Letters);
            self.insert(person, &[&letters, last_letter], Kind::Letters);
        }
        let join = |pieces: &[&Piece]| pieces.iter().map(|piece| piece.name.as_str()).collect::<String>();
        let (first, last) = (join(&first), join(&last));
        let head = |name: &str| name.chars().next().map_or(0, char::len_utf8);
        let (one, other) = (&first[..head(&first)], &last[..head(&last)]);
        for user in [[one, &last], [&first, &last], [&last, &first], [&last, one], [&first, other]] {
            self.insert_user(user.iter().flat_map(|part| part.chars()), 5);
        }
    }

    /// Learns a user name; it is masked as a word wherever it stands.
    pub(crate) fn add_user_name(&mut self, user: &str) {
        // Short ones are words, and one that reads as a name is found as such.
        if user.chars().any(char::is_alphabetic) {
            self.insert_user(user.chars(), 4);
        }
    }

    /// Adds the user name with these letters where they are no fewer than `least`.
    fn insert_user(&mut self, user: impl Iterator<Item = char> + Clone, least: usize) {
        let Some(first) = user.clone().next().filter(|_| user.clone().count() >= least) else { return };
        self.users.insert(Hash::exact(user));
        self.user_heads.insert(first.encode_utf8(&mut [0; 4]).as_bytes()[0]);
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
        let folded = || spoken.chars().flat_map(crate::mask::words::fold);
        // `Rädyn` is of Räty: in Finnish the third letter may be another before an ending.
        let strong = || {
            let graded = folded().enumerate().map(|(at, c)| match (at, c) {
                (2, 'd') => 't',
                (2, 'v') => 'p',
                _ => c,
            });
            self.parts.get(&head_of(graded)).filter(|_| spoken.ends_with(['n', 'a', 'e', 'i', 't']))
        };
        let parts = self.parts.get(&head_of(folded())).or_else(strong)?;
        let other = Flags::WORD.or(Flags::ALSO_WORD).or(Flags::JOB).or(Flags::PLACE).or(Flags::ORGANISATION);
        let thing = Flags::THING_AFTER.or(Flags::THING_BEFORE).or(Flags::ORGANISATION_TAIL).or(Flags::FOREIGN);
        let name = flags.any(Flags::GIVEN.or(Flags::SURNAME));
        if flags.any(other) || (flags.any(thing) && !name) {
            return None;
        }
        let word = inflect::folded(spoken);
        let mut found = None;
        inflect::any_nominative(&word, 2, |guess| {
            // Where the name itself was met in another case only: `Gergővel`, and now `Gergőnek`.
            let also = |part: &&Part| {
                let cut = guess.char_indices().next_back().map_or(0, |(at, _)| at);
                cut >= 3
                    && part.name.starts_with(&guess[..cut])
                    && part.name.chars().count() <= guess.chars().count() + 4
                    && LEXICON.word(Hash::of(guess)).any(Flags::GIVEN)
            };
            let same = parts.iter().find(|part| part.name == guess).or_else(|| parts.iter().find(also));
            found = same.map(|part| part.person);
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

    /// Learns a form: these groups of words, one behind another.
    fn insert(&mut self, person: usize, form: &[&[&Piece]], kind: Kind) {
        let pieces = || form.iter().copied().flatten();
        let Some(first) = pieces().next() else { return };
        if kind == Kind::Alone {
            let lone = pieces().all(|piece| piece.letters < 2 || piece.short || piece.particle);
            // `Dr`, `Engineer` and what is no name of anybody stand for nobody alone.
            let flags = first.flags;
            let title = Flags::HONORIFIC.or(Flags::SUFFIX).or(Flags::JOB).or(Flags::PLACE).or(Flags::ORGANISATION);
            let small = flags.any(Flags::FOREIGN) && flags.any(Flags::ALSO_WORD);
            let plain = (flags.any(title.or(Flags::ROLE)) || small) && !flags.any(Flags::GIVEN.or(Flags::SURNAME));
            if lone || (plain && pieces().count() == 1) {
                return;
            }
        }
        let key: Box<[u64]> = pieces().map(|piece| piece.hash).collect();
        self.heads.insert(first.hash);
        let forms = self.forms.entry(first.hash).or_default();
        // The first person to use a form keeps it: documents come in a fixed order. What counts as the form does not
        // depend on who that is.
        match forms.binary_search_by(|(known, _)| known.cmp(&key)) {
            Ok(at) => {
                let known = &mut forms[at].1.kind;
                *known = match (*known, kind) {
                    (Kind::Letters, Kind::Initials) | (Kind::Initials, Kind::Letters) => Kind::Letters,
                    (one, other) => one.min(other),
                };
            }
            Err(at) => forms.insert(at, (key, Form { person, kind })),
        }
    }

    fn lookup(&self, form: &[u64]) -> Option<Form> {
        let forms = self.forms.get(form.first()?)?;
        forms.iter().find(|(known, _)| **known == *form).map(|(_, form)| *form)
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
    ///
    /// In the lines of `page` that hold anything; in all of the text when it is read as a `whole`.
    pub(crate) fn find(&self, page: &Page<'_>, whole: bool, out: &mut Vec<Span>) {
        if self.forms.is_empty() && self.users.is_empty() {
            return;
        }
        let text = page.text();
        let all;
        let words = if whole && !page.is_whole() {
            all = words(text);
            &all
        } else {
            page.words()
        };
        for (index, word) in words.iter().enumerate() {
            if word.caseless && !self.unparted.is_empty() {
                self.find_unparted(text, word.range(), out);
            }
            let forms = if self.heads.has(word.hash) { self.forms.get(&word.hash) } else { None };
            let Some(forms) = forms else {
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
                // `Ada Quill, Ada Hart` are two people, not `Quill, Ada`.
                if run.iter().skip(1).any(|word| word.gap == Gap::Comma) && in_a_list(words, index..index + form.len())
                {
                    continue;
                }
                let spelt = |word: &Word| self.spelt_so(&text[word.range()], found.person);
                if let Some(mut range) = accept(text, run, *found).filter(|_| run.iter().all(spelt)) {
                    range.end += ending(&text[range.end..]);
                    if found.kind == Kind::Alone {
                        // The lexicon says which, as it says the same in whatever order people became known.
                        let given = form.len() == 1 && word.entry.flags.any(Flags::GIVEN);
                        let all = widened(text, words, index..index + form.len(), given);
                        range = range.start.min(all.start)..range.end.max(all.end);
                    }
                    out.push(Span::new(range, Entity::Person, 0.95).by(Layer::Known, "a form of a known name"));
                }
            }
        }
        if whole {
            self.find_users(text, 0, out);
        } else {
            page.kept(|range| self.find_users(&text[range.clone()], range.start, out));
        }
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

    /// In `text`, which begins at byte `origin` of the page.
    fn find_users(&self, text: &str, origin: usize, out: &mut Vec<Span>) {
        if self.users.is_empty() {
            return;
        }
        let mut at = 0;
        while let Some(start) = text[at..].bytes().position(user_byte).map(|start| at + start) {
            at = start + user_length(&text[start..]);
            let token = text[start..at].trim_matches(['.', '-']);
            at += text[at..].chars().next().map_or(0, char::len_utf8);
            // Most words do not begin as any of the names does.
            let begins = |part: &str| part.bytes().next().is_some_and(|byte| self.user_heads.has(byte));
            if !begins(token) && !(token.contains('.') && token.split('.').any(begins)) {
                continue;
            }
            // `zmorvaille.example.net` is the site of whoever `zmorvaille` is.
            let known = |user: &str| user.len() >= 4 && self.users.contains(&Hash::exact(user.chars()));
            let site = !known(token) && token.contains('.') && token.split('.').any(known);
            if site || known(token) {
                let start = origin + (token.as_ptr() as usize - text.as_ptr() as usize);
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
        self.find_users(path, 0, out);
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

/// Whether a user name may have this byte, or one past ASCII.
fn user_byte(byte: u8) -> bool {
    static TABLE: [bool; 256] = {
        let mut table = [false; 256];
        let mut at = 0;
        while at < 256 {
            let ascii = at < 0x80;
            #[expect(clippy::cast_possible_truncation, reason = "below 256")]
            let byte = at as u8;
            table[at] = !ascii || byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
            at += 1;
        }
        table
    };
    TABLE[usize::from(byte)]
}

/// How many bytes of `text` from its start may be a user name.
fn user_length(text: &str) -> usize {
    let plain = text.bytes().position(|byte| byte >= 0x80 || !user_byte(byte)).unwrap_or(text.len());
    let wide = |(_, c): &(usize, char)| if c.is_ascii() { !user_byte(*c as u8) } else { !c.is_alphanumeric() };
    text[plain..].char_indices().find(wide).map_or(text.len(), |(length, _)| plain + length)
}

/// A filter of hashes: what it does not have was never put in.
#[derive(Clone, Copy, Debug)]
struct Sieve([u64; 64]);

impl Default for Sieve {
    fn default() -> Self {
        Self([0; 64])
    }
}

impl Sieve {
    const fn insert(&mut self, hash: u64) {
        self.0[(hash >> 6) as usize & 63] |= 1 << (hash & 63);
    }

    const fn has(&self, hash: u64) -> bool {
        self.0[(hash >> 6) as usize & 63] & (1 << (hash & 63)) != 0
    }
}

/// Whether a run of words with a comma within goes on to either side, as the names of a list do.
fn in_a_list(words: &[Word], run: Range<usize>) -> bool {
    let named = |word: &Word| word.capital && !word.is_initial() && !word.entry.flags.any(Flags::HONORIFIC);
    let before = run.start.checked_sub(1).map(|at| &words[at]);
    let after = words.get(run.end);
    before.is_some_and(|word| named(word) && words[run.start].gap == Gap::Space)
        || after.is_some_and(|word| named(word) && word.gap == Gap::Space)
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
            ((capital && !doubtful && !super::things::names_a_firm(&text[range.end..])) || small).then_some(range)
        }
    }
}

fn is_honorific(group: &[Piece]) -> bool {
    const HONORIFICS: &[&str] = &["dr", "prof", "mr", "mrs", "ms", "phd", "msc", "bsc", "jr"];
    matches!(group, [word] if HONORIFICS.contains(&word.name.as_str()))
}

/// One word of a name, folded.
#[derive(Debug)]
struct Piece {
    name: String,
    hash: u64,
    letters: usize,
    flags: Flags,
    /// Belongs to a surname and is no name alone.
    particle: bool,
    /// Two letters of a script without capitals are a word as a rule: `من`.
    short: bool,
}

impl Piece {
    fn new(name: String, hash: u64, flags: Flags) -> Self {
        let letters = name.chars().count();
        let small = |c| matches!(c, '\u{590}'..='\u{DFF}' | '\u{1200}'..='\u{137F}');
        let particle = PARTICLES.contains(&name.as_str());
        Self { hash, letters, flags, particle, short: letters < 3 && name.chars().all(small), name }
    }

    /// Its first letter, as a word of its own.
    fn initial(&self) -> Option<Self> {
        let name: String = self.name.chars().take(1).collect();
        let hash = Hash::of(&name);
        (!name.is_empty()).then(|| Self::new(name, hash, LEXICON.word(hash)))
    }
}

/// The words of one group between blanks: `O'Neill` gives `o` and `neill`.
fn spelt(group: &str) -> Vec<Piece> {
    let folded = |word: &Word| group[word.range()].chars().flat_map(crate::mask::words::fold).collect();
    words(group).iter().map(|word| Piece::new(folded(word), word.hash, word.entry.flags)).collect()
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
