//! People nobody introduced: runs of capitalised words, weighed by the lexicon and by what stands around them.
//!
//! A run gets a score for what its words are (given name, surname, both a name and a word, unknown), then more or less
//! for its surroundings: `Dear` before it, `said` after it, a line of its own at the top of a résumé, the same letters
//! in an e-mail address; an article before it, `Ltd` or `algorithm` after it. From one half up it is a person.

mod class;
mod files;
mod hints;
mod inflect;
mod known;
mod lists;
mod native;
mod position;
mod signature;

use std::collections::BTreeSet;
use std::ops::Range;

use super::lexicon::{Flags, LEXICON, PHRASE};
use super::page::Page;
use super::span::{Entity, Layer, Span};
use super::words::{Gap, Word};
use class::{Class, base, classify};
use known::{ending, is_toned};
use lists::{
    AND, ARTICLES, EPONYM_NOUNS, HEADS, JOINTS, PLACED, PLAIN_TAILS, STRONG_BEFORE, SURE_TAILS, THING_ENDINGS,
};

pub(crate) use hints::Hints;
pub(crate) use known::{Known, is_particle};
pub(crate) use signature::own_names;

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
    native::find(page, words, out);
    files::find(page, out);
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
            let class = if at < taken { Class::Block } else { classify(word, flags) };
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
            let short = class == Class::Block && at >= taken && sight.shortened(at);
            let class = if short { Class::WeakGiven } else { class };
            // `Ji-woo`, `Jean-pierre`.
            let half = class == Class::Lower
                && word.gap == Gap::Hyphen
                && at > 0
                && words[at - 1].capital
                && flags.any(Flags::GIVEN)
                && sight.flags[at - 1].any(Flags::GIVEN.or(Flags::SURNAME))
                && !flags.any(Flags::WORD);
            sight.classes[at] = if half { Class::Given } else { class };
        }
        sight.unknown();
        sight
    }

    /// What no list has: names in another case or script, compounds that are things, and how the rest is spelt.
    fn unknown(&mut self) {
        // Whether the text is in a language that puts endings to names.
        let mut cases: Option<bool> = None;
        for at in 0..self.words.len() {
            if self.classes[at] != Class::Unknown {
                continue;
            }
            let word = &self.words[at];
            let spoken = &self.text[word.range()];
            let first = spoken.chars().next().map_or(0, u32::from);
            let foreign = first >= 0x370 && !(0x1E00..0x1F00).contains(&first);
            if foreign || *cases.get_or_insert_with(|| self.flags.iter().filter(|f| f.any(Flags::CASES)).count() > 4) {
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
            if word.letters >= 8 && ends_as_a_thing(spoken) {
                self.classes[at] = Class::Block;
                self.flags[at] = self.flags[at].or(Flags::THING_AFTER);
            } else if LEXICON.spelt_like_a_name(spoken) {
                self.classes[at] = Class::Likely;
            }
        }
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
        if foreign && inflect::any_romanized(spoken, |hash| take(hash, &mut known)) {
            return (known, true);
        }
        let folded = inflect::folded(spoken);
        if inflect::any_nominative(&folded, 3, |guess| take(super::words::Hash::of(guess), &mut known)) {
            return (known, false);
        }
        if foreign {
            inflect::any_nominative(&folded, 3, |guess| inflect::any_romanized(guess, |hash| take(hash, &mut known)));
        }
        (known, false)
    }

    fn candidates(&self) -> Vec<Candidate> {
        let mut found = Vec::new();
        let mut at = 0;
        while at < self.words.len() {
            if !(self.classes[at].named() || self.classes[at] == Class::Initial) {
                at += 1;
                continue;
            }
            // `C/E Rodel Magbanua`: half of an abbreviation.
            let cut = self.classes[at] == Class::Initial && self.text[..self.words[at].start()].ends_with('/');
            if cut {
                at += 1;
                continue;
            }
            let end = self.run(at);
            // `AI Priya Raman`: what leads up to a given name is not part of it.
            let mut start = at;
            while end - start > 2
                && (matches!(self.classes[start], Class::Unknown | Class::Likely)
                    || (self.classes[start] != Class::Given && self.flags[start].any(Flags::JOB.or(Flags::ROLE))))
                && self.classes[start + 1] == Class::Given
                && self.classes[start + 2].named()
                && self.words[start + 1].gap == Gap::Space
            {
                start += 1;
            }
            if let Some(candidate) = self.weigh(start, end) {
                found.push(candidate);
            }
            at = end.max(at + 1);
        }
        self.reversed(&mut found);
        self.nicknamed(&mut found);
        for candidate in &mut found {
            self.suffixed(candidate);
        }
        found
    }

    /// Where the run of name-like words that begins at `at` ends.
    fn run(&self, at: usize) -> usize {
        let mut end = at + 1;
        let mut next = end;
        while let Some(word) = self.words.get(next) {
            let previous = &self.words[next - 1];
            // `F. v. Wangenheim`.
            if word.is_initial()
                && matches!(&self.text[word.range()], "v" | "d")
                && self.dotted(next)
                && self.classes.get(next + 1).is_some_and(|class| class.named())
                && self.words[next + 1].gap == Gap::Dot
            {
                next += 2;
                end = next;
                continue;
            }
            // `Sjoerd v/d Meulen`, `Thiruchelvam s/o Rajaratnam`.
            if let Some(after) = self.words.get(next + 1)
                && word.is_initial()
                && after.is_initial()
                && word.gap == Gap::Space
                && !word.capital
                && matches!(
                    &self.text[word.start()..after.end()],
                    "v/d" | "s/o" | "d/o" | "a/l" | "a/p" | "w/o" | "v/h"
                )
                && self.classes.get(next + 2).is_some_and(|class| class.named())
            {
                next += 3;
                end = next;
                continue;
            }
            let joined = match word.gap {
                Gap::Space | Gap::Hyphen => true,
                Gap::Apostrophe => word.letters > 1,
                Gap::Dot => {
                    self.classes[next - 1] == Class::Initial
                        || (previous.letters <= 3 && self.flags[next - 1].any(Flags::GIVEN))
                        || self.shortened(next - 1)
                }
                Gap::Comma | Gap::Other => false,
            };
            if !joined || next - at > 8 {
                break;
            }
            match self.classes[next] {
                // `Ortega y Gasset`, not `Ana y Luis`.
                Class::Particle if AND.contains(&&self.text[word.range()]) => {
                    let surname = |at: usize| {
                        self.classes.get(at).is_some_and(|class| matches!(class, Class::Surname | Class::WeakSurname))
                    };
                    if next - at < 2 || !surname(next - 1) || !surname(next + 1) {
                        break;
                    }
                    next += 1;
                }
                // `Smaranda Vîlcu de la Bitdefender`: from a company, not of a family.
                Class::Particle
                    if next - at >= 2
                        && matches!(&self.text[word.range()], "la" | "at" | "van")
                        && matches!(self.classes.get(next + 1), Some(Class::Unknown | Class::Likely))
                        && matches!(self.classes[at + 1], Class::Surname | Class::Likely)
                        && self.classes[next - 1] == Class::Particle =>
                {
                    break;
                }
                Class::Particle => next += 1,
                class if class.named() || class == Class::Initial => {
                    next += 1;
                    end = next;
                }
                _ => break,
            }
        }
        end
    }

    /// The run's range and score, when there is anything to say for it.
    fn weigh(&self, start: usize, end: usize) -> Option<Candidate> {
        let mut end = end;
        // An initial ends a name only with its stop: `Maria S.`, not `Plan B`.
        while end > start + 1 && self.classes[end - 1] == Class::Initial && !self.dotted(end - 1) {
            // `Petri Y-S`.
            if end > start + 2 && self.words[end - 1].gap == Gap::Hyphen && self.classes[end - 2] == Class::Initial {
                break;
            }
            end -= 1;
        }
        // `Sala Velázquez`: the first word says what kind of thing it is.
        let ship = self.words[start].shouted && end > start + 1 && !self.words[end - 1].shouted;
        if ship && self.flags[start].any(Flags::THING_BEFORE) {
            return None;
        }
        if end > start + 1 && self.classes[start] != Class::Given {
            const ALSO: &[&str] = &["park", "hall", "castle", "lake", "burg", "camp", "most", "see", "ring"];
            let spoken = self.text[self.words[start].range()].to_lowercase();
            let surname = ALSO.contains(&spoken.as_str()) && self.classes[start + 1] == Class::Given;
            let before = self.flags[start].any(Flags::THING_BEFORE) && !surname;
            let head = self.text[self.words[start].range()].to_lowercase();
            if before || (HEADS.contains(&head.as_str()) && !surname) {
                return None;
            }
        }
        // `Steve Irwin Way`, `Padma Seshadri Bala Bhavan`.
        if end > start + 2 {
            let tail = self.text[self.words[end - 1].range()].to_lowercase();
            if PLAIN_TAILS.contains(&tail.as_str()) {
                return None;
            }
        }
        if end > start + 1 {
            let tail = self.text[self.words[end - 1].range()].to_lowercase();
            if SURE_TAILS.contains(&tail.as_str()) {
                return None;
            }
        }
        // `Mein Lehrer`: a small word and a job.
        let small = self.flags[start].any(Flags::FOREIGN) && self.flags[start].any(Flags::ALSO_WORD);
        if small && end == start + 2 && self.flags[start + 1].any(Flags::JOB.or(Flags::ROLE)) {
            return None;
        }
        // `Staff Engineer`, `Staff Nurse`: every word is one of a job title.
        if (start..end).all(|at| self.flags[at].any(Flags::JOB) && self.classes[at] != Class::Given) {
            return None;
        }
        let units = self.units(start, end);
        let initials = (start..end).filter(|at| self.classes[*at] == Class::Initial).count();
        let base = base(
            &units,
            initials,
            (start..end).any(|at| {
                let half = at > start && self.words[at].gap == Gap::Hyphen && self.classes[at - 1] == Class::Initial;
                self.classes[at] == Class::Initial && (self.dotted(at) || half)
            }),
        );
        if base <= 0.0 {
            return None;
        }
        let (mut extra, context) = self.surroundings(start, end, units.len());
        // `FINANCIAL IDENTIFICATION FORM`: capitals alone make no name of words that no list has.
        let strong = units.iter().any(|class| matches!(class, Class::Given | Class::Surname));
        let shouted = (start..end).all(|at| self.words[at].shouted || self.words[at].is_initial());
        if shouted && !strong && units.len() > 1 && initials == 0 {
            extra -= 0.5;
        }
        let first = self.words[start].start();
        let mut last = self.words[end - 1].end();
        if self.classes[end - 1] == Class::Initial && self.dotted(end - 1) {
            last += 1;
        }
        let mut found = Candidate { words: start..end, range: first..last, score: base + extra, context };
        if units.len() < 4 && self.classes[end - 1] != Class::Initial {
            self.turned_initials(&mut found);
        }
        Some(found)
    }

    /// Takes in the initials of `Vasconcelos, M. C.` and `Pérez Aguirre, M. F.`
    fn turned_initials(&self, found: &mut Candidate) {
        let mut at = found.words.end;
        while let Some(word) = self.words.get(at) {
            let gap = match word.gap {
                Gap::Comma | Gap::Space => at == found.words.end,
                Gap::Dot | Gap::Hyphen => at > found.words.end,
                _ => false,
            };
            if !gap || !word.capital || !word.is_initial() || !self.dotted(at) || at > found.words.end + 3 {
                break;
            }
            at += 1;
        }
        if at > found.words.end && self.words[found.words.end].gap == Gap::Comma {
            found.words.end = at;
            found.range.end = self.words[at - 1].end() + 1;
            found.score += 0.45;
            found.context = true;
        }
    }

    /// Whether words before the run make it part of the name of a thing: `Lycée Jean Moulin`, `Spitalul Clinic „Dr.
    /// Gavril Curteanu`, `im. Karola Marcinkowskiego`, `Universidad Peruana Cayetano Heredia`.
    fn thing_before(&self, start: usize, line: usize) -> bool {
        let mut behind = self.words[start].start();
        // Whether only particles were passed: `théorème de Pythagore`.
        let mut joined = true;
        for step in 1..=5 {
            let Some(at) = start.checked_sub(step) else { return false };
            let word = &self.words[at];
            if word.start() < line {
                return false;
            }
            let gap = &self.text[word.end()..behind];
            let close = gap.len() <= 8
                && gap.chars().all(|c| {
                    matches!(
                        c,
                        ' ' | '\u{a0}'
                            | '„'
                            | '“'
                            | '”'
                            | '«'
                            | '»'
                            | '"'
                            | '\''
                            | '‘'
                            | '’'
                            | '.'
                            | '-'
                            | '*'
                            | '('
                    )
                });
            if !close || (gap.contains('(') && gap != " (") {
                return false;
            }
            behind = word.start();
            let flags = self.flags[at];
            // A stop ends a sentence, unless what it stands behind is an abbreviation.
            if gap.contains('.') && word.letters > 5 {
                return false;
            }
            let name = self.classes[at] == Class::Given || self.classes[at] == Class::Surname;
            let raised = word.capital || word.caseless;
            let spoken = &self.text[word.range()];
            // `Ms Quill` and `IM Quill` are people, `MS Roald Amundsen` is a ship, `St Andrew` a saint.
            let title =
                (flags.any(Flags::HONORIFIC) && !word.shouted && word.letters < 4 && !spoken.starts_with(['S', 'Á']))
                    || (word.shouted
                        && word.letters < 3
                        && !matches!(
                            spoken,
                            "MS" | "MV"
                                | "MT"
                                | "SS"
                                | "MF"
                                | "LO"
                                | "SP"
                                | "SD"
                                | "RS"
                                | "PT"
                                | "OŠ"
                                | "ZŠ"
                                | "SŠ"
                                | "MŠ"
                                | "ST"
                                | "СУ"
                                | "ОУ"
                        ));
            if flags.any(Flags::THING_BEFORE) && !name && !title && !(flags.any(Flags::ROLE) && !word.capital) {
                let small =
                    word.letters >= 4 || gap.contains('.') || matches!(spoken, "im" | "rue" | "via" | "rua" | "св");
                let vietnamese = spoken.contains(is_toned);
                if raised || (small && (joined || vietnamese)) || (small && gap.contains(['„', '«', '“', '"'])) {
                    return true;
                }
            }
            let tail = flags.any(Flags::ORGANISATION_TAIL) && word.letters > 3 && word.capital && !word.shouted;
            if tail && !name && !flags.any(Flags::JOB.or(Flags::ROLE).or(Flags::VERB).or(Flags::SUFFIX)) {
                return true;
            }
            let passed = raised && !flags.any(Flags::JOB.or(Flags::ROLE)) && !flags.any(Flags::VERB);
            let joint = flags.any(Flags::PARTICLE)
                || self.classes[at] == Class::Particle
                || flags.any(Flags::HONORIFIC)
                || JOINTS.contains(&spoken);
            if !passed && !joint {
                return false;
            }
            joined &= !word.capital && word.letters <= 3;
        }
        false
    }

    /// Whether words behind the run make it part of the name of a thing: `Tigran Petrosian Chess House`, `Haydn-Orchester`,
    /// `Balogun Harold & Co.`, `Moi Girls' High School`.
    fn thing_after(&self, end: usize, line: usize) -> bool {
        let mut before = self.words[end - 1].end();
        for step in 0..5 {
            let Some(word) = self.words.get(end + step).filter(|word| word.start() < line) else { return false };
            let gap = &self.text[before..word.start()];
            let joined = matches!(
                gap,
                " " | "-"
                    | "\u{2010}"
                    | "–"
                    | "\u{a0}"
                    | "'s "
                    | "’s "
                    | "' "
                    | "’ "
                    | " & "
                    | " + "
                    | "” "
                    | "\" "
                    | "“ "
                    | " -"
                    | "** "
            );
            // The `s` of a possessive is a word here.
            let possessive = matches!(gap, "'" | "’") && word.letters == 1;
            if possessive {
                before = word.end();
                continue;
            }
            if !joined {
                return false;
            }
            before = word.end();
            let flags = self.flags[end + step];
            let spoken = &self.text[word.range()];
            let name = matches!(self.classes[end + step], Class::Given | Class::Surname);
            let tail = flags.any(Flags::ORGANISATION_TAIL) || (flags.any(Flags::STREET) && word.letters > 2);
            if word.capital && !name && (tail || flags.any(Flags::THING_AFTER)) {
                return !self.a_role_follows(end + step, line) || flags.any(Flags::THING_AFTER);
            }
            let noun = |spoken: &str| EPONYM_NOUNS.contains(&spoken.to_lowercase().as_str());
            if step <= 1 && !name && (flags.any(Flags::THING_AFTER) || noun(spoken)) && word.letters > 2 {
                return !flags.any(Flags::FOREIGN) || word.capital || word.letters > 4;
            }
            if !word.capital || flags.any(Flags::JOB.or(Flags::SUFFIX)) {
                return false;
            }
        }
        false
    }

    /// `Ana Quill Software Engineer`: the words behind the run are a job.
    fn a_role_follows(&self, at: usize, line: usize) -> bool {
        (at..at + 4)
            .take_while(|at| self.words.get(*at).is_some_and(|word| word.start() < line && word.capital))
            .any(|at| self.flags[at].any(Flags::JOB))
    }

    /// `Md.`, `Mohd.`, `Ma.`: given names that are written short.
    fn shortened(&self, at: usize) -> bool {
        const SHORT: &[&str] =
            &["md", "mohd", "ma", "muh", "abd", "wm", "chas", "geo", "jos", "thos", "st", "fco", "ant"];
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

    /// What stands around a run, as a sum, and whether it spoke for the run.
    fn surroundings(&self, start: usize, end: usize, count: usize) -> (f32, bool) {
        let (first, last) = (&self.words[start], &self.words[end - 1]);
        let head = &self.text[..first.start()];
        let tail = &self.text[last.end()..];
        let line = &self.page.lines()[self.page.line_at(first.start())];
        let line_head = &self.text[line.start..first.start()];
        let line_tail = &self.text[last.end().min(line.end)..line.end];
        let mut extra = 0.0f32;
        let mut good = false;
        let mut add = |value: f32| {
            extra += value;
            good |= value > 0.0;
        };
        // Before.
        let previous = start.checked_sub(1).filter(|at| self.words[*at].end() >= line.start);
        let parted = previous.map_or("", |at| &self.text[self.words[at].end()..first.start()]);
        if let Some(at) = previous {
            let word = &self.words[at];
            let spoken = &self.text[word.range()];
            let close = parted.trim_matches([' ', '*', '_', '\u{a0}', '"', '“']);
            let thing = self.thing_before(start, line.start);
            // `Sir John A. Macdonald Public School`: the honorific is part of the house too.
            if thing || (self.flags[at].any(Flags::HONORIFIC) && self.thing_after(end, line.end)) {
                add(-0.7);
            } else if self.flags[at].any(Flags::HONORIFIC)
                && matches!(close, "" | ".")
                && word.letters >= 1
                && (word.capital || count > 1)
            {
                add(0.5);
            } else if self.flags[at].any(Flags::ROLE)
                && matches!(close, "" | ":" | "," | "(" | "–" | "-")
                && !(!close.is_empty() && self.flags[start].any(Flags::WORD) && count == 1)
            {
                add(if close == "," { 0.35 } else { 0.45 });
            } else if close.is_empty()
                && at > 0
                && self.flags[at - 1].any(Flags::ROLE)
                && matches!(spoken, "of" | "de" | "von" | "di" | "van" | "av" | "af" | "to" | "do" | "da" | "od")
            {
                add(0.4);
            } else if matches!(close, "" | ":" | "," | ".") {
                let lower = spoken.to_lowercase();
                let strong = STRONG_BEFORE.contains(&lower.as_str());
                let phrase = (2..=5).any(|count| {
                    at + 1 >= count && LEXICON.phrase(&self.words[at + 1 - count..=at]).any(Flags::BEFORE)
                });
                if close == "." {
                    // `geb. Schlüter`, `gez. Quill`.
                    add(if matches!(lower.as_str(), "geb" | "gez" | "née" | "attn" | "att" | "roz" | "z" | "ur") {
                        0.4
                    } else {
                        0.0
                    });
                } else if strong || phrase {
                    add(if close == "," { 0.2 } else { 0.35 });
                } else if close.is_empty() && self.flags[at].any(Flags::BEFORE) {
                    add(if count > 1 { 0.15 } else { 0.2 });
                } else if close.is_empty() && ARTICLES.contains(&lower.as_str()) {
                    add(-0.35);
                } else if close.is_empty() && PLACED.contains(&lower.as_str()) {
                    add(if count > 1 { -0.1 } else { -0.3 });
                }
                let of = close.is_empty() && matches!(lower.as_str(), "of" | "von" | "de" | "für" | "for" | "di");
                if of
                    && at > 0
                    && self.flags[at - 1].any(Flags::ORGANISATION_TAIL.or(Flags::ORGANISATION_HEAD))
                    && self.words[at - 1].capital
                {
                    add(-0.6);
                }
            }
            if !thing && close.is_empty() && HEADS.contains(&spoken.to_lowercase().as_str()) {
                add(-0.7);
            }
            // `St. Mary`, `Foster & Partners`.
            if close == "&" && count == 1 && self.words[at].capital {
                add(-0.2);
            }
            let honoured = self.flags[at].any(Flags::HONORIFIC);
            let role = self.flags[at].any(Flags::ROLE);
            if close.is_empty() && self.classes[at] == Class::Block && word.capital && count == 1 && !honoured && !role
            {
                add(-0.2);
            }
        }
        match head.chars().next_back() {
            Some('`' | '/' | '\\' | '<' | '=' | '$') => add(-0.6),
            Some('#' | '@') => add(-0.4),
            Some('.') if !head.ends_with("..") => add(-0.3),
            Some('-' | '\u{2010}') if previous.is_some_and(|at| self.words[at].end() + 1 >= first.start()) => add(-0.5),
            _ => {}
        }
        let counted = head.trim_end_matches(' ').chars().next_back().is_some_and(|c| c.is_ascii_digit());
        if counted && count == 1 && head.ends_with(' ') && !line_head.trim().ends_with('.') {
            add(-0.2);
        }
        // After.
        let mut after = tail.chars();
        match (after.next(), after.next()) {
            (Some('`' | '/' | '\\' | '=' | '>'), _) => add(-0.5),
            (Some('.'), Some(c)) if c.is_alphanumeric() => add(-0.6),
            (Some('-' | '\u{2010}'), Some(c)) if c.is_alphanumeric() => add(-0.6),
            (Some('\'' | '’'), Some('s' | 'S')) => add(0.1),
            (Some(' '), Some(c)) if c.is_ascii_digit() => add(if count == 1 { -0.5 } else { -0.1 }),
            (Some('('), Some(')')) => add(-0.6),
            _ => {}
        }
        if let Some(next) = self.words.get(end).filter(|next| next.start() < line.end) {
            let gap = self.text[last.end()..next.start()].trim_matches(['*', '_']);
            let flags = self.flags[end];
            let spoken = self.text[next.range()].to_lowercase();
            if matches!(
                gap,
                " " | "-"
                    | "\u{2010}"
                    | "–"
                    | "'"
                    | "’"
                    | "' "
                    | "’ "
                    | "'s "
                    | "’s "
                    | " & "
                    | "” "
                    | "“ "
                    | "\" "
                    | " -"
            ) {
                let thing = next.capital && HEADS.contains(&spoken.as_str()) && gap == " ";
                if thing || self.thing_after(end, line.end) {
                    add(-0.7);
                } else if flags.any(Flags::VERB) && !next.capital && gap == " " {
                    add(0.25);
                }
            }
            let role = matches!(gap.trim(), "," | "(" | "–" | "—" | "|" | "-" | "·" | "•")
                && flags.any(Flags::JOB.or(Flags::SUFFIX));
            if role && count > 1 {
                add(0.3);
            } else if role {
                add(0.1);
            }
            // `Wannes (man)`, `Anna, wife`.
            if flags.any(Flags::ROLE) && !next.capital && matches!(gap.trim(), "(" | ",") {
                add(0.4);
            }
            let and = gap.trim() == "&";
            if and && count == 1 && next.capital {
                add(-0.2);
            }
        }
        let mail = line_tail.trim_start_matches([' ', '*', '_', ',', '|', '"']);
        if mail.starts_with(['<', '(']) && mail.get(..mail.len().min(60)).unwrap_or(mail).contains('@') {
            add(0.4);
        }
        // The line.
        let key = line_head.trim_end_matches([' ', '*', '_', '"', '\t', '|']);
        let field = line_head.trim_end_matches([' ', '*', '_', '"']);
        let leader = field.len() < 80
            && (field.ends_with(['\t', '|', '…']) || field.ends_with("..") || line_head.ends_with("   "));
        let field = if leader { Some(field.trim_end_matches(['.', ' ', '\t', '|', '…', '_'])) } else { None };
        if let Some(key) = key.strip_suffix([':', '：', '=']).or(field).filter(|key| key.len() < 48)
            && position::is_person_label(key)
        {
            add(0.45);
        }
        let bare = |c: char| !c.is_alphanumeric();
        let alone = line_head.chars().all(bare) && line_tail.chars().all(bare);
        let leads = line_head.chars().all(bare);
        if alone && count > 1 {
            add(0.15);
        }
        if leads
            && count > 1
            && self.near_top(line.start)
            && line_tail.trim_start().starts_with([',', '|', '(', '–', '—', '•', '·', '-'])
        {
            add(0.25);
        }
        if alone && self.near_top(line.start) && count > 1 && count < 5 {
            add(0.3);
        }
        // The same letters in an address.
        if let Some(value) = self.hints.vouch(&self.words[start..end]) {
            add(value);
        }
        // In languages with cases nothing but a name has a capital within a sentence.
        if count == 1
            && previous.is_some_and(|at| self.flags[at].any(Flags::CASES) || !self.words[at].capital)
            && matches!(first.gap, Gap::Space | Gap::Comma)
            && self.inflected.contains(&start)
        {
            add(0.3);
        }
        // Every syllable of Vietnamese is a name of somebody.
        if count == 1 && self.text[first.range()].contains(is_toned) {
            add(-0.3);
        }
        // The title of a play, a school, a ship: `«Αντιγόνη»`.
        let opened = head.ends_with(['„', '«', '“', '"', '‚', '‘', '”']);
        if opened && tail.starts_with(['“', '»', '”', '"', '‘', '’']) && !context_of_nickname(line_head, line_tail)
        {
            add(-0.4);
        }
        if first.shouted && count == 1 && !alone && !line_head.ends_with(": ") {
            add(-0.2);
        }
        (extra, good)
    }

    /// Whether a line is among the first three that say anything.
    fn near_top(&self, start: usize) -> bool {
        start < 400 && self.text[..start].lines().filter(|line| line.contains(char::is_alphanumeric)).count() < 3
    }

    /// `Patel, Hetal`: joins a surname to the given name behind its comma.
    fn reversed(&self, found: &mut Vec<Candidate>) {
        let mut at = 0;
        while at + 1 < found.len() {
            let (left, right) = (&found[at], &found[at + 1]);
            let near = self.text.get(left.range.end..right.range.start) == Some(", ");
            let surname = self.units(left.words.start, left.words.end);
            let given = self.units(right.words.start, right.words.end);
            // `OMONDI, Felix Otieno`: capitals say which is the surname.
            let raised = self.words[left.words.start].shouted && !self.words[right.words.start].shouted;
            // `Van den Bossche` is one surname.
            let led = lists::PARTICLES.contains(&self.words[left.words.start].hash) && surname.len() <= 3;
            let family = |class: &Class| {
                raised || matches!(class, Class::Surname | Class::WeakSurname | Class::Likely | Class::Unknown)
            };
            let turned = near
                && (surname.len() == 1 || led)
                && (1..=2).contains(&given.len())
                && right.score > 0.2
                && surname.last().is_some_and(family);
            let line = &self.page.lines()[self.page.line_at(left.range.start)];
            let key = self.text[line.start..left.range.start].trim_end_matches(|c: char| !c.is_alphanumeric());
            let called = given.first() == Some(&Class::Given)
                || (left.context && key.len() < 48 && position::is_person_label(key));
            let turned = turned && called;
            let leads = raised
                || !self.text[line.start..left.range.start].contains(char::is_alphanumeric)
                || self.text[..left.range.start].ends_with(['"', '“', '(', ';'])
                || self.text[line.start..left.range.start].trim_end().ends_with([':', '|', ';']);
            let dotted = self.text[line.start..left.range.start].trim_end().ends_with(['.', '\t', '_']);
            let mut first = left.words.start;
            while first > 0 && self.classes[first - 1] == Class::Particle && self.words[first].gap == Gap::Space {
                first -= 1;
            }
            let start = self.words[first].start();
            let leads = leads
                || dotted
                || (first < left.words.start && {
                    let head = &self.text[line.start..start];
                    !head.contains(char::is_alphanumeric) || head.trim_end().ends_with(['"', ':', '|', ';', '.', '\t'])
                });
            if turned && leads {
                let end = right.range.end;
                let words = first..right.words.end;
                found[at].range.start = start;
                found[at].range.end = end;
                found[at].words = words;
                found[at].score = found[at].score.max(0.75);
                found.remove(at + 1);
            }
            at += 1;
        }
    }

    /// `DeShawn "Trey" Robinson`, `Oluwaseun (Seun) Bamgboye`: one name with another in it.
    fn nicknamed(&self, found: &mut Vec<Candidate>) {
        let gap = |a: &Candidate, b: &Candidate| self.text.get(a.range.end..b.range.start).unwrap_or("....").to_owned();
        let mut at = 0;
        while at + 1 < found.len() {
            let between = gap(&found[at], &found[at + 1]);
            let quoted = between.len() < 40
                && between.starts_with([' '])
                && between.ends_with([' '])
                && between.trim().chars().next().is_some_and(|c| matches!(c, '"' | '“' | '„' | '«' | '(' | '‘' | '\''))
                && between
                    .trim()
                    .chars()
                    .next_back()
                    .is_some_and(|c| matches!(c, '"' | '”' | '“' | '»' | ')' | '’' | '\''))
                && between.trim_matches(|c: char| !c.is_alphanumeric()).chars().all(|c| c.is_alphabetic() || c == '-')
                && between.chars().any(char::is_uppercase);
            let (end, words) = (found[at + 1].range.end, found[at].words.start..found[at + 1].words.end);
            let whole = base(&self.units(words.start, words.end), 0, false);
            let best = found[at].score.max(found[at + 1].score).max(whole);
            if quoted && best >= 0.5 {
                let score = best + 0.15;
                found[at].range.end = end;
                found[at].words = words;
                found[at].score = score;
                found.remove(at + 1);
            }
            at += 1;
        }
        // `Guadalupe Salas Orozco ("Lupita")`.
        for at in 1..found.len() {
            let between = gap(&found[at - 1], &found[at]);
            let close = self.text[found[at].range.end..].starts_with(['"', '”', '“', '»', '’']);
            if found[at - 1].score >= 0.5
                && close
                && matches!(between.as_str(), " (\"" | " (“" | " \"" | " “" | " («" | " («\u{a0}" | "\n\"" | " („")
            {
                found[at].score = found[at].score.max(0.6);
            }
        }
        at = 0;
        while at + 2 < found.len() {
            let opens = matches!(
                gap(&found[at], &found[at + 1]).as_str(),
                " (" | " \"" | " “" | " (\"" | " '" | " ‘" | " („" | " „"
            );
            let closes = matches!(
                gap(&found[at + 1], &found[at + 2]).as_str(),
                ") " | "\" " | "” " | "\") " | "' " | "’ " | "“ "
            );
            if opens && closes {
                let best = found[at].score.max(found[at + 2].score).max(found[at + 1].score);
                let (end, words) = (found[at + 2].range.end, found[at].words.start..found[at + 2].words.end);
                found[at].range.end = end;
                found[at].words = words;
                found[at].score = best.max(0.55) + 0.15;
                found.drain(at + 1..at + 3);
            }
            at += 1;
        }
    }

    /// Takes in `Jr.`, `III` and the like behind a name.
    fn suffixed(&self, found: &mut Candidate) {
        const SUFFIXES: &[&str] = &["jr", "sr", "ii", "iii", "iv", "ml", "st", "filho", "neto", "junior", "júnior"];
        let Some(next) = self.words.get(found.words.end) else { return };
        let gap = self.text.get(found.range.end..next.start()).unwrap_or("....");
        let word = &self.text[next.range()];
        // `Kojo Mensah, St. Augustine's`.
        let saint = word == "St" && self.text[next.end()..].starts_with(". ");
        let fits = matches!(gap, " " | ", ") && !saint && SUFFIXES.contains(&word.to_lowercase().as_str());
        if fits && (next.capital || word == "ml" || word == "st") {
            found.range.end = next.end() + usize::from(self.text[next.end()..].starts_with('.'));
        }
    }

    /// `Priya, Grace and Tomasz`: who stands in a list with people is one.
    fn lists(&self, found: &mut [Candidate]) {
        for _ in 0..2 {
            for at in 0..found.len() {
                if found[at].score >= 0.5 || found[at].score < 0.05 {
                    continue;
                }
                let sure = |at: usize| found.get(at).is_some_and(|found| found.score >= 0.5);
                let before = at
                    .checked_sub(1)
                    .filter(|at| sure(*at))
                    .map_or(0.0, |before| self.joint(&found[before], &found[at]));
                let behind = if sure(at + 1) { self.joint(&found[at], &found[at + 1]) } else { 0.0 };
                let joined = before.max(behind);
                if joined > 0.0 && found[at].score + joined >= 0.5 {
                    found[at].score += joined;
                    found[at].context = true;
                }
            }
        }
    }

    /// What it is worth to stand in a list with a person.
    fn joint(&self, a: &Candidate, b: &Candidate) -> f32 {
        const AND: &[&str] = &[
            "and", ", and", "&", "und", "et", "y", "e", "en", "och", "og", "i", "ve", "și", "a", "и", "і", "та", "και",
            "ja", "és", "ir", "un", "dan", "at", "na", "or", "plus", "ni", "ak", "eta",
        ];
        let gap = self.text.get(a.range.end..b.range.start).unwrap_or("....");
        if gap.len() > 24 || gap.contains('\n') {
            return 0.0;
        }
        // Ages of children stand between their names: `Zoë (12) & Lil`.
        let aged = gap.trim_start_matches([' ', ',', '(']);
        let rest = aged.trim_start_matches(|c: char| c.is_ascii_digit());
        let aged = rest.len() < aged.len() && gap.len() - rest.len() < 6;
        let rest = if aged { rest.trim_start_matches([')', ' ', ',']) } else { gap }.trim();
        if AND.contains(&rest) {
            return if aged { 0.45 } else { 0.42 };
        }
        match rest {
            "" | "," | ";" if aged => 0.45,
            "," | "/" => 0.3,
            _ => 0.0,
        }
    }
}

/// Whether the quotes around a name say how somebody is called, rather than what a thing is called.
fn context_of_nickname(before: &str, after: &str) -> bool {
    let word = before.trim_end_matches(|c: char| !c.is_alphanumeric());
    let word = word.rsplit(|c: char| !c.is_alphabetic()).next().unwrap_or_default().to_lowercase();
    let called = [
        "nickname",
        "called",
        "aka",
        "known",
        "as",
        "dit",
        "dite",
        "genannt",
        "alias",
        "apodado",
        "apodada",
        "vulgo",
        "detto",
        "detta",
        "zwana",
        "zwany",
        "přezdívka",
        "by",
        "von",
        "name",
        "me",
        "beaver",
    ];
    called.contains(&word.as_str()) || after.trim_start_matches(['"', '”', '“', '»', '’']).starts_with(" said")
}

/// `Gymnasieskole`, `Heinrich-Heine-Gesamtschule`: compounds whose end says what kind of thing they are.
fn ends_as_a_thing(word: &str) -> bool {
    let end = word.to_lowercase();
    THING_ENDINGS.iter().any(|ending| end.ends_with(ending))
}
