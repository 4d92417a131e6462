//! People nobody introduced: runs of capitalised words, weighed by the lexicon and by what stands around them.
//!
//! A run gets a score for what its words are (given name, surname, both a name and a word, unknown), then more or less
//! for its surroundings: `Dear` before it, `said` after it, a line of its own at the top of a résumé, the same letters
//! in an e-mail address; an article before it, `Ltd` or `algorithm` after it. From one half up it is a person.

mod around;
mod chat;
mod class;
mod endings;
mod files;
mod hints;
mod inflect;
mod join;
mod known;
mod lists;
mod native;
mod position;
mod references;
mod row;
mod run;
mod scan;
mod signature;
mod surnames;
mod things;
mod viet;
mod widen;

use std::collections::BTreeSet;
use std::ops::Range;

use super::lexicon::{Flags, LEXICON, PHRASE};
use super::page::Page;
use super::span::{Entity, Layer, Span};
use super::words::{Gap, Word};
use class::{Class, classify};
use known::ending;

pub(crate) use chat::{is_somebody, is_written};
pub(crate) use hints::Hints;
pub(crate) use known::{Known, is_particle};
pub(crate) use lists::marks;
pub(crate) use signature::own_names;
use things::{ends_as_a_job, ends_as_a_noun, ends_as_a_thing};

/// Of a phrase: what keeps its words from being a person.
const TAKEN: Flags = Flags::PLACE
    .or(Flags::ORGANISATION)
    .or(Flags::EPONYM)
    .or(Flags::FIGURE)
    .or(Flags::ORGANISATION_HEAD)
    .or(Flags::REFERENCES);

struct Candidate {
    words: Range<usize>,
    range: Range<usize>,
    score: f32,
    context: bool,
}

/// Adds the people found on `page`.
pub(crate) fn find(page: &Page<'_>, words: &[Word], hints: &Hints, out: &mut Vec<Span>) {
    position::find(page, out);
    chat::find(page, out);
    references::find(page, out);
    native::find(page, words, out);
    files::find(page, out);
    viet::find(page, out);
    weighed(page, words, hints, 0.5..f32::INFINITY, out);
}

/// Adds the people that are missed by little on `page`, by their scores from `least` to below 0.5.
pub(crate) fn near(page: &Page<'_>, words: &[Word], hints: &Hints, least: f32, out: &mut Vec<Span>) {
    weighed(page, words, hints, least..0.5, out);
}

fn weighed(page: &Page<'_>, words: &[Word], hints: &Hints, scores: Range<f32>, out: &mut Vec<Span>) {
    let sight = Sight::new(page, words, hints);
    let mut candidates = sight.candidates();
    sight.lists(&mut candidates);
    for mut found in candidates.into_iter().filter(|found| scores.contains(&found.score)) {
        found.range.end += ending(&page.text()[found.range.end..]);
        let (layer, rule) = match found.context {
            true => (Layer::Context, "name in its surroundings"),
            false => (Layer::Lexicon, "name in the lexicon"),
        };
        out.push(Span::new(found.range, Entity::Person, found.score.min(0.95)).by(layer, rule));
    }
}

/// Everything a decision looks at.
struct Sight<'a> {
    page: &'a Page<'a>,
    text: &'a str,
    words: &'a [Word],
    hints: &'a Hints,
    classes: Vec<Class>,
    flags: Vec<Flags>,
    /// Words that are given names in another case, in order.
    inflected: BTreeSet<usize>,
}

impl<'a> Sight<'a> {
    fn new(page: &'a Page<'a>, words: &'a [Word], hints: &'a Hints) -> Self {
        let text = page.text();
        let mut sight = Self {
            page,
            text,
            words,
            hints,
            classes: vec![Class::Lower; words.len()],
            flags: vec![Flags::default(); words.len()],
            inflected: BTreeSet::new(),
        };
        let lexicon = &*LEXICON;
        let mut line = 0;
        let mut taken = 0;
        for at in 0..words.len() {
            let word = &words[at];
            while page.lines().get(line).is_some_and(|line| line.end < word.start()) {
                line += 1;
            }
            // Nothing is new in this line.
            if !page.lines().get(line).is_some_and(|line| line.cues.has(super::page::Cues::ANY)) {
                sight.classes[at] = Class::Block;
                continue;
            }
            if word.caseless {
                sight.classes[at] = Class::Block;
                continue;
            }
            let flags = lexicon.word(word.hash);
            sight.flags[at] = flags;
            if flags.any(Flags::HEAD) && word.capital {
                for count in (2..=PHRASE).rev() {
                    let Some(run) = words.get(at..at + count) else { continue };
                    let close = run.windows(2).all(|pair| pair[1].start() - pair[0].end() <= 3)
                        && !text[run[0].end()..run[count - 1].start()].contains('\n');
                    if close && lexicon.phrase(run).any(TAKEN) {
                        taken = taken.max(at + count);
                        break;
                    }
                }
            }
            let class = if at < taken { Class::Block } else { classify(word, &text[word.range()], flags) };
            // `BEng`, `PhD`: two capitals and then small letters begin no name.
            let degree = word.mixed && text[word.range()].chars().nth(1).is_some_and(char::is_uppercase);
            let class = if degree { Class::Block } else { class };
            // `Barr. Hadiza Sule`, `Eng. Edgar Cardoso`.
            let titled = flags.any(Flags::HONORIFIC) && (2..=5).contains(&word.letters) && sight.dotted(at);
            // `Kollegen Herrn Branko Jurić`: before a capital, and not itself behind one.
            let next = words.get(at + 1).is_some_and(|next| next.gap == Gap::Space && next.capital);
            let behind = at > 0 && words[at - 1].capital && word.gap == Gap::Space && sight.classes[at - 1].named();
            let bare = flags.any(Flags::HONORIFIC) && !flags.any(Flags::GIVEN) && word.letters <= 6 && next && !behind;
            let title = titled || bare;
            let class = if title { Class::Block } else { class };
            // `Md Zeeshan Quill`: the same without its stop, before a given name.
            let bare = || {
                matches!(&text[word.range()], "Md" | "Mohd" | "Muhd" | "Mst" | "Sk" | "Syed" | "Smt" | "Kh" | "Abd")
                    && words.get(at + 1).is_some_and(|next| {
                        let known = lexicon.word(next.hash);
                        let third = words.get(at + 2).is_some_and(|third| third.capital && third.gap == Gap::Space);
                        next.gap == Gap::Space
                            && next.capital
                            && !next.shouted
                            && (known.any(Flags::GIVEN) || known == Flags::default() && third)
                    })
            };
            let short = class == Class::Block && at >= taken && (sight.shortened(at) || bare());
            let class = if short { Class::WeakGiven } else { class };
            // `Ji-woo`, `Jean-pierre`.
            let half = class == Class::Lower
                && word.gap == Gap::Hyphen
                && at > 0
                && words[at - 1].capital
                && flags.any(Flags::GIVEN)
                && sight.flags[at - 1].any(Flags::GIVEN.or(Flags::SURNAME))
                && !flags.any(Flags::WORD);
            let class = if half { Class::Given } else { class };
            sight.classes[at] = sight.part(at, class, at < taken);
        }
        sight.unknown();
        sight
    }

    /// What a word is that only its neighbours make part of a name: `St-Onge`, `Mac an tSaoir`; `taken` within the name of
    /// something else.
    fn part(&self, at: usize, class: Class, taken: bool) -> Class {
        let word = &self.words[at];
        let before = |test: fn(&str) -> bool| at > 0 && test(&self.text[self.words[at - 1].range()]);
        let saint = word.capital
            && matches!(
                &self.text[word.range()],
                "St" | "Ste" | "ST" | "STE" | "Saint" | "Sainte" | "SAINT" | "SAINTE"
            )
            && self.words.get(at + 1).is_some_and(|next| next.gap == Gap::Hyphen && next.capital);
        if saint && at > 0 && word.gap == Gap::Space {
            return Class::Particle;
        }
        if class == Class::Block
            && word.capital
            && word.gap == Gap::Hyphen
            && at > 0
            && self.classes[at - 1] == Class::Particle
            && self.flags[at] == Flags::default()
        {
            return Class::Likely;
        }
        // `Mirko Hahnemann`: what a thing is called after is a surname behind a given name.
        let eponym = self.flags[at].any(Flags::EPONYM) && !self.flags[at].any(Flags::WORD.or(Flags::PLACE));
        if class == Class::Block
            && eponym
            && word.capital
            && word.gap == Gap::Space
            && at > 0
            && self.classes[at - 1] == Class::Given
        {
            return Class::WeakSurname;
        }
        let led = !taken && at > 0 && word.capital && !word.shouted && {
            let gap = &self.text[self.words[at - 1].end()..word.start()];
            let next = self.words.get(at + 1).is_some_and(|next| next.capital && next.gap == Gap::Space);
            let title = self.flags[at - 1].any(Flags::HONORIFIC) && matches!(gap, " " | ". ");
            // `Đ. Q. Khoa`, `Mrs Una Quill`, `Mr. Al Mheiri`.
            let initial = gap == ". "
                && at > 1
                && self.classes[at - 1] == Class::Initial
                && self.classes[at - 2] == Class::Initial
                && self.words[at - 2].end() + 2 == self.words[at - 1].start();
            match class {
                Class::Block => self.flags[at].any(Flags::GIVEN) && (title && next || initial),
                Class::Particle => title && next && self.words[at - 1].capital,
                _ => false,
            }
        };
        // `Minha filha Ravenna`: whose child it is told, so it is no town.
        if led || (!taken && class == Class::Block && self.is_kin_called(at)) {
            return Class::WeakGiven;
        }
        // `Chua Siew Eng`: behind a name it is no title.
        let behind = at > 0 && word.gap == Gap::Space && word.capital && class == Class::Block;
        if behind && &self.text[word.range()] == "Eng" && self.classes[at - 1].named() && !self.dotted(at) {
            return Class::WeakGiven;
        }
        // A capital behind the small letter that Irish puts before it.
        let irish = word.mixed
            && !word.capital
            && word.letters > 4
            && before(|word| matches!(word, "an" | "na" | "Mac" | "Nic" | "Mhic" | "Ó" | "Ní" | "Uí" | "de"));
        // `Остап'юк`: within a word of Ukrainian an apostrophe stands.
        let inner = word.gap == Gap::Apostrophe
            && !word.capital
            && !word.caseless
            && word.letters > 1
            && at > 0
            && self.words[at - 1].capital
            && self.text[word.range()].starts_with(|c: char| matches!(c, '\u{400}'..='\u{4FF}'));
        if irish || inner { Class::Likely } else { class }
    }

    /// Whether `my daughter`, `minha filha` stands before the word at `at`, and that is a place of the lists and no more.
    fn is_kin_called(&self, at: usize) -> bool {
        const MY: &[&str] = &[
            "my", "our", "his", "her", "mein", "meine", "meiner", "meinem", "meinen", "unsere", "unserer", "unser",
            "mon", "ma", "mes", "notre", "sa", "mi", "mis", "nuestra", "nuestro", "su", "minha", "meu", "nossa",
            "nosso", "mia", "mio", "nostra", "nostro", "sua", "suo", "mijn", "onze", "min", "mitt", "vår", "vores",
            "moja", "mój", "moją", "mojej", "moje", "můj", "môj", "mojí", "mea", "meu", "noastră", "moji", "moj",
        ];
        let word = &self.words[at];
        let other = Flags::WORD.or(Flags::FOREIGN).or(Flags::JOB).or(Flags::ORGANISATION_HEAD).or(Flags::HONORIFIC);
        let place = word.capital
            && !word.shouted
            && word.gap == Gap::Space
            && at > 1
            && self.flags[at].any(Flags::PLACE)
            && !self.flags[at].any(other);
        place && {
            let (kin, my) = (&self.words[at - 1], &self.words[at - 2]);
            kin.gap == Gap::Space
                && !kin.capital
                && self.flags[at - 1].any(Flags::ROLE)
                && MY.iter().any(|word| self.text[my.range()].eq_ignore_ascii_case(word))
        }
    }

    /// What no list has: names in another case or script, compounds that are things, and how the rest is spelt.
    fn unknown(&mut self) {
        // Whether the text is in a language that puts endings to names.
        let mut cases: Option<bool> = None;
        for at in 0..self.words.len() {
            let word = &self.words[at];
            // `Мар'яна`, `В'ячеслава`: both parts of a word of Ukrainian are one name.
            if word.gap == Gap::Apostrophe
                && self.classes[at] == Class::Likely
                && at > 0
                && self.text[word.range()].starts_with(|c: char| matches!(c, '\u{400}'..='\u{4FF}'))
            {
                let mut whole = self.text[self.words[at - 1].range()].to_owned();
                whole.push_str(&self.text[word.range()]);
                let given = self.nominative(&whole, true).0.any(Flags::GIVEN);
                let class = if given { Class::Given } else { Class::Likely };
                (self.classes[at - 1], self.classes[at]) = (class, class);
                continue;
            }
            if self.classes[at] != Class::Unknown {
                continue;
            }
            let spoken = &self.text[word.range()];
            let first = spoken.chars().next().map_or(0, u32::from);
            let foreign = first >= 0x370 && !(0x1E00..0x1F00).contains(&first);
            if foreign || *cases.get_or_insert_with(|| self.flags.iter().filter(|f| f.any(Flags::CASES)).count() > 3) {
                let (known, same) = self.nominative(spoken, foreign);
                if known.any(Flags::GIVEN.or(Flags::SURNAME)) {
                    let other = Flags::WORD.or(Flags::PLACE).or(Flags::ORGANISATION).or(Flags::FOREIGN);
                    // A guess at an ending is worth less than the name itself.
                    let weak = known.any(other) || word.letters < 4 || (!same && known.any(Flags::GIVEN));
                    self.flags[at] = self.flags[at].or(known);
                    if !same && known.any(Flags::GIVEN) && !known.any(other) {
                        self.inflected.insert(at);
                    }
                    self.classes[at] = match (known.any(Flags::GIVEN), weak) {
                        (true, false) => Class::Given,
                        (true, true) => Class::WeakGiven,
                        (false, false) => Class::Surname,
                        (false, true) => Class::WeakSurname,
                    };
                    continue;
                }
            }
            if self.genitive(at) {
                self.classes[at] = Class::WeakGiven;
                self.inflected.insert(at);
            } else if word.letters >= 8 && ends_as_a_thing(spoken) {
                self.classes[at] = Class::Block;
                self.flags[at] = self.flags[at].or(Flags::THING_AFTER);
            } else if word.letters >= 9 && ends_as_a_job(spoken) {
                self.classes[at] = Class::Block;
                self.flags[at] = self.flags[at].or(Flags::JOB);
            } else if surnames::is_surname(spoken) && !word.coded {
                self.classes[at] = Class::Surname;
            } else if word.letters >= 8 && ends_as_a_noun(spoken) {
                self.classes[at] = Class::Block;
            } else if LEXICON.spelt_like_a_name(spoken) {
                self.classes[at] = Class::Likely;
            }
        }
    }

    /// `Monikas Tank`, `Päivis stuga`: a given name with the `s` that says whose something is.
    fn genitive(&self, at: usize) -> bool {
        let word = &self.words[at];
        let Some(stem) = self.text[word.range()].strip_suffix('s').filter(|_| word.letters > 4) else { return false };
        let behind = self.words.get(at + 1).is_some_and(|next| next.gap == Gap::Space);
        let flags = LEXICON.word(super::words::Hash::of(stem));
        let other = Flags::WORD.or(Flags::FOREIGN).or(Flags::PLACE).or(Flags::ORGANISATION).or(Flags::ALSO_PRODUCT);
        behind && flags.any(Flags::GIVEN) && !flags.any(other.or(Flags::ALSO_WORD).or(Flags::ALSO_PLACE).or(Flags::JOB))
    }

    /// What is known of a word once its ending is off, or once it is in Latin letters, and whether it had no ending.
    fn nominative(&self, spoken: &str, foreign: bool) -> (Flags, bool) {
        let name = Flags::GIVEN.or(Flags::SURNAME);
        let mut known = Flags::default();
        let take = |hash: u64, known: &mut Flags| {
            let flags = LEXICON.word(hash);
            if flags.any(name) {
                *known = flags;
            }
            flags.any(name)
        };
        let read = foreign && inflect::any_romanized(spoken, |hash| take(hash, &mut known));
        if known.any(Flags::GIVEN) {
            return (known, true);
        }
        let folded = inflect::folded(spoken);
        if read {
            // `Χάρη` is Χάρης rather than somebody Chari.
            let mut given = Flags::default();
            let found = inflect::any_nominative(&folded, 3, |guess| {
                let flags = LEXICON.word(super::words::Hash::of(guess));
                given = flags;
                flags.any(Flags::GIVEN)
            });
            return if found { (given, false) } else { (known, true) };
        }
        if inflect::any_nominative(&folded, 3, |guess| take(super::words::Hash::of(guess), &mut known)) {
            return (known, false);
        }
        if foreign {
            inflect::any_nominative(&folded, 3, |guess| inflect::any_romanized(guess, |hash| take(hash, &mut known)));
        }
        (known, false)
    }

    /// `Md.`, `Mohd.`, `Ma.`: given names that are written short.
    fn shortened(&self, at: usize) -> bool {
        const SHORT: &[&str] = &[
            "md", "mohd", "ma", "muh", "abd", "wm", "chas", "geo", "jos", "thos", "st", "fco", "ant", "sk", "mst",
            "moh", "mhd", "zb", "wł", "benj", "robt", "jas", "jno", "joh", "wilh", "friedr", "gust", "kaz", "zs", "sz",
            "gy", "cs", "chr", "kr", "yu", "kh", "dž", "lj", "στ", "χρ", "κων", "γεωρ", "δημ",
        ];
        let word = &self.words[at];
        word.letters <= 4 && self.dotted(at) && SHORT.contains(&self.text[word.range()].to_lowercase().as_str())
    }

    fn dotted(&self, at: usize) -> bool {
        self.text[self.words[at].end()..].starts_with('.')
    }

    /// Classes of the full words, a double name counted once.
    fn units(&self, start: usize, end: usize) -> Vec<Class> {
        let mut units: Vec<Class> = Vec::with_capacity(4);
        for at in start..end {
            let class = self.classes[at];
            if !class.named() {
                continue;
            }
            let joined = at > start && matches!(self.words[at].gap, Gap::Hyphen | Gap::Apostrophe);
            match units.last_mut().filter(|_| joined) {
                Some(last)
                    if matches!(*last, Class::Unknown | Class::Likely)
                        || (class == Class::Given && *last != Class::Surname) =>
                {
                    *last = class
                }
                Some(_) => {}
                None => units.push(class),
            }
        }
        units
    }
}
