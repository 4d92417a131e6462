//! The project's own lexicon: names of people, and words, places and organisations that look like names.
//!
//! Text files, a group under each line that begins with `# `, so that a person can read and extend them. They are
//! read once, into one table of hashes with what the recognizers' own lists say, so that each word of a text is looked up
//! once.

use std::sync::LazyLock;

use super::person::marks as name_marks;
use super::recognizer::marks;
use super::words::{Hash, Sign, Word, bare_words};

/// What is known of a word, as bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Flags(u32);

impl Flags {
    pub(crate) const GIVEN: Self = Self(1);
    pub(crate) const SURNAME: Self = Self(1 << 1);
    /// An ordinary word of some language.
    pub(crate) const WORD: Self = Self(1 << 2);
    /// A name that is an ordinary word, a month or the like, too.
    pub(crate) const ALSO_WORD: Self = Self(1 << 3);
    /// A name that is a place too.
    pub(crate) const ALSO_PLACE: Self = Self(1 << 4);
    /// A name that is a company or a product too.
    pub(crate) const ALSO_PRODUCT: Self = Self(1 << 5);
    pub(crate) const PLACE: Self = Self(1 << 6);
    pub(crate) const ORGANISATION: Self = Self(1 << 7);
    pub(crate) const EPONYM: Self = Self(1 << 8);
    /// Somebody everybody knows.
    pub(crate) const FIGURE: Self = Self(1 << 9);
    pub(crate) const ORGANISATION_TAIL: Self = Self(1 << 10);
    pub(crate) const ORGANISATION_HEAD: Self = Self(1 << 11);
    pub(crate) const STREET: Self = Self(1 << 12);
    pub(crate) const HONORIFIC: Self = Self(1 << 13);
    pub(crate) const PARTICLE: Self = Self(1 << 14);
    pub(crate) const SUFFIX: Self = Self(1 << 15);
    pub(crate) const JOB: Self = Self(1 << 16);
    /// A verb whose subject is a person.
    pub(crate) const VERB: Self = Self(1 << 17);
    /// A person follows.
    pub(crate) const BEFORE: Self = Self(1 << 18);
    /// A section about referees.
    pub(crate) const REFERENCES: Self = Self(1 << 19);
    /// An ordinary word of a language other than English.
    pub(crate) const FOREIGN: Self = Self(1 << 21);
    /// An eponym begins with this word.
    pub(crate) const EPONYM_HEAD: Self = Self(1 << 22);
    /// A noun for who somebody is to somebody, before a name: `daughter`, `colleague`, `mentor`.
    pub(crate) const ROLE: Self = Self(1 << 23);
    /// Makes the name behind it that of a house, a ship, a prize, a law.
    pub(crate) const THING_BEFORE: Self = Self(1 << 24);
    /// Makes the name before it that of a thing.
    pub(crate) const THING_AFTER: Self = Self(1 << 25);
    /// A small word of a language that puts endings to names.
    pub(crate) const CASES: Self = Self(1 << 26);
    /// In the heading of a list of works: roles, films, ships, games, records.
    pub(crate) const WORKS: Self = Self(1 << 27);
    /// In the heading of a list of posts and schools.
    pub(crate) const POSTS: Self = Self(1 << 28);
    /// Some phrase begins with this word.
    pub(crate) const HEAD: Self = Self(1 << 20);

    /// Whether any of `other` is there.
    pub(crate) const fn any(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// Both.
    pub(crate) const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// What is known of a word.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Entry {
    /// Names, words, places, organisations.
    pub(crate) flags: Flags,
    /// What it is to recognizers: bits of their own.
    pub(crate) marks: u32,
}

impl Entry {
    /// Of `marks`: a key of the anchors begins with this word.
    pub(crate) const ANCHOR: u32 = 1 << 31;
    /// Of `marks`: a small word within a name.
    pub(crate) const PARTICLE: u32 = 1 << 30;
    /// Of `marks`: never a name.
    pub(crate) const STOP: u32 = 1 << 29;

    /// Whether `marks` has any of these.
    pub(crate) const fn is(self, marks: u32) -> bool {
        self.marks & marks != 0
    }
}

/// Hashes and entries, open addressing: one slot is sixteen bytes.
#[derive(Default)]
struct Table {
    slots: Vec<(u64, Entry)>,
    used: usize,
}

impl Table {
    fn with_capacity(entries: usize) -> Self {
        Self { slots: vec![(0, Entry::default()); (entries * 2).next_power_of_two()], used: 0 }
    }

    fn slot(&self, hash: u64) -> usize {
        let mask = self.slots.len() - 1;
        #[expect(clippy::cast_possible_truncation, reason = "masked")]
        let mut at = hash as usize & mask;
        while self.slots[at].0 != 0 && self.slots[at].0 != hash {
            at = (at + 1) & mask;
        }
        at
    }

    fn insert(&mut self, hash: u64, flags: Flags) {
        self.merge(hash, Entry { flags, marks: 0 });
    }

    fn merge(&mut self, hash: u64, entry: Entry) {
        // A table that fills up is doubled: the capacity was a guess from the size of the files.
        if self.used * 3 > self.slots.len() * 2 {
            let old = std::mem::replace(self, Self::with_capacity(self.slots.len()));
            for (hash, entry) in old.slots.into_iter().filter(|(hash, _)| *hash != 0) {
                self.merge(hash, entry);
            }
        }
        let at = self.slot(hash);
        self.used += usize::from(self.slots[at].0 == 0);
        let known = self.slots[at].1;
        self.slots[at] = (hash, Entry { flags: known.flags.or(entry.flags), marks: known.marks | entry.marks });
    }

    fn get(&self, hash: u64) -> Entry {
        self.slots[self.slot(hash)].1
    }
}

/// Longest phrase, in words.
pub(crate) const PHRASE: usize = 6;

/// The lexicon.
pub(crate) struct Lexicon {
    words: Table,
    phrases: Table,
}

macro_rules! list {
    ($name:literal) => {
        include_str!(concat!($name, ".txt"))
    };
}

/// The lexicon, read at first use.
pub(crate) static LEXICON: LazyLock<Lexicon> = LazyLock::new(Lexicon::read);

impl Lexicon {
    fn read() -> Self {
        let mut lexicon = Self { words: Table::with_capacity(1 << 17), phrases: Table::with_capacity(1 << 13) };
        for list in [list!("given_west"), list!("given_east"), list!("given_world")] {
            lexicon.words_of(list, |_| Flags::GIVEN);
        }
        for list in [list!("surnames_west"), list!("surnames_east"), list!("surnames_world")] {
            lexicon.words_of(list, |_| Flags::SURNAME);
        }
        lexicon.words_of(list!("words"), |group| match group.to_ascii_lowercase().starts_with("english") {
            true => Flags::WORD,
            false => Flags::FOREIGN,
        });
        lexicon.words_of(list!("ambiguous"), |group| match group {
            "place" => Flags::ALSO_PLACE,
            "company or product" => Flags::ALSO_PRODUCT,
            _ => Flags::ALSO_WORD,
        });
        lexicon.lines_of(list!("places"), |_| Flags::PLACE);
        lexicon.lines_of(list!("organisations"), |_| Flags::ORGANISATION);
        lexicon.lines_of(list!("eponyms"), |group| match group {
            "public figures" => Flags::FIGURE,
            _ => Flags::EPONYM,
        });
        lexicon.context(list!("context"));
        lexicon.words_of(list!("around"), |group| match group {
            "roles" => Flags::ROLE,
            "heads" => Flags::THING_BEFORE,
            "things" => Flags::THING_AFTER,
            "headings of works" => Flags::WORKS,
            "headings of posts" => Flags::POSTS,
            "small words in languages with cases" => Flags::CASES.or(Flags::FOREIGN).or(Flags::ALSO_WORD),
            // Words that make a name of the same letters a doubtful one.
            _ => Flags::FOREIGN.or(Flags::ALSO_WORD),
        });
        marks(|hash, entry| lexicon.words.merge(hash, entry));
        name_marks(|hash, marks| lexicon.words.merge(hash, Entry { marks, ..Entry::default() }));
        lexicon
    }

    /// Counts groups of three letters in the names and in the words, and gives the logarithm of their ratio: naive
    /// Bayes over trigrams. A test compares it with what is kept in `spelling.bin`, as counting takes too long for the
    /// start of a program; `BLESS=1` writes it anew.
    #[cfg(test)]
    fn spelling() -> Vec<i8> {
        let mut counts = vec![[1.0f32; 2]; SPELLINGS];
        let mut totals = [0.0f32; 2];
        let lists = [
            (0, list!("given_west")),
            (0, list!("given_east")),
            (0, list!("given_world")),
            (0, list!("surnames_west")),
            (0, list!("surnames_east")),
            (0, list!("surnames_world")),
            (1, list!("words")),
            (1, list!("organisations")),
        ];
        for (side, list) in lists {
            each(list, |_, line| {
                for word in line.split_ascii_whitespace() {
                    each_trigram(word, |at| {
                        counts[at][side] += 1.0;
                        totals[side] += 1.0;
                    });
                }
            });
        }
        let base = (totals[0] / totals[1].max(1.0)).ln();
        #[expect(clippy::cast_possible_truncation, reason = "clamped")]
        let odds = |[name, word]: [f32; 2]| (((name / word).ln() - base) * 16.0).clamp(-120.0, 120.0) as i8;
        counts.into_iter().map(odds).collect()
    }

    /// Whether a word that no list has is spelt as names are rather than as words are.
    pub(crate) fn spelt_like_a_name(&self, word: &str) -> bool {
        let (mut sum, mut count) = (0i32, 0i32);
        each_trigram(word, |at| {
            sum += i32::from(SPELLING[at].cast_signed());
            count += 1;
        });
        count >= 3 && sum > 6 * count
    }

    /// What is known of the word with this hash.
    pub(crate) fn word(&self, hash: u64) -> Flags {
        self.words.get(hash).flags
    }

    /// All that is known of it.
    pub(crate) fn entry_of(&self, hash: u64) -> Entry {
        self.words.get(hash)
    }

    /// What is known of these words in a row.
    pub(crate) fn phrase(&self, words: &[Word]) -> Flags {
        self.phrases.get(Hash::joined(words.iter().map(|word| word.hash))).flags
    }

    /// The same, by their hashes.
    pub(crate) fn phrase_of(&self, hashes: &[u64]) -> Flags {
        self.phrases.get(Hash::joined(hashes.iter().copied())).flags
    }

    /// Words parted by blanks.
    fn words_of(&mut self, list: &str, flags: impl Fn(&str) -> Flags) {
        each(list, |group, line| {
            let flags = flags(group);
            for word in line.split_ascii_whitespace() {
                self.words.insert(Hash::of(word), flags);
            }
        });
    }

    /// One entry a line.
    fn lines_of(&mut self, list: &str, flags: impl Fn(&str) -> Flags) {
        each(list, |group, line| self.entry(line, flags(group)));
    }

    /// The groups of small words; those that hold phrases have one entry a line.
    fn context(&mut self, list: &str) {
        each(list, |group, line| {
            let (flags, phrases) = match group {
                "organisation tails" => (Flags::ORGANISATION_TAIL, false),
                "organisation heads" => (Flags::ORGANISATION_HEAD, true),
                "street words" => (Flags::STREET, false),
                "honorifics" => (Flags::HONORIFIC, false),
                "particles" => (Flags::PARTICLE, false),
                "suffixes" => (Flags::SUFFIX, false),
                "job titles" => (Flags::JOB, false),
                "person verbs" => (Flags::VERB, false),
                "before a person" => (Flags::BEFORE, true),
                "reference headings" => (Flags::REFERENCES, true),
                _ => return,
            };
            if phrases {
                self.entry(line, flags);
            } else {
                line.split_whitespace().for_each(|word| self.entry(word, flags));
            }
        });
    }

    fn entry(&mut self, entry: &str, flags: Flags) {
        let found = bare_words(entry);
        match found.as_slice() {
            [] => {}
            [word] => self.words.insert(word.hash, flags),
            [head, ..] => {
                let eponym = if flags.any(Flags::EPONYM) { Flags::EPONYM_HEAD } else { Flags::HEAD };
                self.words.insert(head.hash, Flags::HEAD.or(eponym));
                self.phrases.insert(Hash::joined(found.iter().map(|word| word.hash)), flags);
            }
        }
    }
}

/// Slots for groups of three letters, by hash.
const SPELLINGS: usize = 1 << 14;

/// How much each group of three letters speaks for a name, in sixteenths of a natural logarithm.
static SPELLING: &[u8; SPELLINGS] = include_bytes!("spelling.bin");

/// Groups of three letters of a folded word, its ends included.
fn each_trigram(word: &str, mut take: impl FnMut(usize)) {
    let mut last = (u32::from('^'), u32::from('^'));
    let mut push = |c: u32| {
        let key = (last.0.wrapping_mul(0x9E37) ^ last.1.wrapping_mul(0x79B1) ^ c).wrapping_mul(0x85EB_CA6B);
        take((key >> 18) as usize);
        last = (last.1, c);
    };
    for c in word.chars() {
        if c.is_ascii_alphabetic() {
            push(u32::from(c.to_ascii_lowercase()));
        } else if !c.is_ascii() {
            let sign = Sign::of(c);
            sign.folded().filter(|_| sign.is(Sign::LETTER)).for_each(|c| push(u32::from(c)));
        }
    }
    push(u32::from('$'));
}

/// Given names and surnames of the lists in Latin letters, in the order of the files; short and pet names, which the
/// lists have in small letters, aside.
#[cfg(feature = "train")]
pub(crate) fn names() -> [impl Iterator<Item = &'static str>; 2] {
    let words = |lists: [&'static str; 3]| {
        let lines = lists.into_iter().flat_map(str::lines).filter(|line| !line.starts_with('#'));
        lines.flat_map(str::split_whitespace).filter(|name| name.starts_with(char::is_uppercase))
    };
    [
        words([list!("given_west"), list!("given_east"), list!("given_world")]),
        words([list!("surnames_west"), list!("surnames_east"), list!("surnames_world")]),
    ]
}

fn each(list: &str, mut take: impl FnMut(&str, &str)) {
    let mut group = "";
    for line in list.lines() {
        match line.strip_prefix('#') {
            Some(heading) => group = heading.trim(),
            None => take(group, line),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_spelling_that_is_kept_is_that_of_the_lists() {
        let bytes: Vec<u8> = Lexicon::spelling().into_iter().map(i8::cast_unsigned).collect();
        if std::env::var_os("BLESS").is_some() {
            let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/mask/lexicon/spelling.bin");
            std::fs::write(path, &bytes).expect("the file can be written");
        } else {
            assert!(bytes == SPELLING, "the lists have changed: run `BLESS=1 cargo test --lib lexicon` and commit it");
        }
    }
}
