//! Runs of words that may be one name, and what they are worth.

use super::class::{Class, base};
use super::lists::{AND, HEADS, PLAIN_TAILS, SURE_TAILS, VIETNAMESE_WORDS};
use super::things::names_a_firm;
use super::{Candidate, Sight};
use crate::mask::lexicon::Flags;
use crate::mask::words::Gap;

/// What is no half of a surname: `Max Planck-Institut`.
const THINGS: Flags = Flags::THING_AFTER
    .or(Flags::ORGANISATION_TAIL)
    .or(Flags::ORGANISATION_HEAD)
    .or(Flags::STREET)
    .or(Flags::ROLE)
    .or(Flags::SUFFIX)
    .or(Flags::WORKS)
    .or(Flags::JOB);

impl Sight<'_> {
    pub(super) fn candidates(&self) -> Vec<Candidate> {
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
            // `Van 't Hof`.
            let short = word.letters == 1
                && matches!(&self.text[word.range()], "t" | "s")
                && (self.classes[next - 1] == Class::Particle
                    || self.text[previous.range()].eq_ignore_ascii_case("van"))
                && matches!(&self.text[previous.end()..word.start()], " '" | " ’" | " ‘")
                && self.classes.get(next + 1).is_some_and(|class| class.named());
            // `Quaresma d'Eça`, `Paola dell'Orto`.
            let elided = !word.capital
                && matches!(&self.text[word.range()], "d" | "l" | "dell" | "dall" | "degl" | "nell")
                && (word.gap == Gap::Space || (word.gap == Gap::Dot && self.classes[next - 1] == Class::Initial))
                && self.words.get(next + 1).is_some_and(|after| after.gap == Gap::Apostrophe && after.capital)
                && self.classes.get(next + 1).is_some_and(|class| class.named());
            if short || elided {
                next += 1;
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
                // `Latifa Quill-Saab`, `Bogna Quill-Wąs`: the second half of a surname may be anything but a thing.
                _ if word.gap == Gap::Hyphen
                    && word.capital
                    && !word.coded
                    && word.shouted == previous.shouted
                    && previous.gap == Gap::Space
                    && end > at + 1
                    && matches!(self.classes[at], Class::Given | Class::WeakGiven)
                    && matches!(
                        self.classes[next - 1],
                        Class::Surname | Class::WeakSurname | Class::Likely | Class::Unknown
                    )
                    && !self.flags[next].any(THINGS) =>
                {
                    next += 1;
                    end = next;
                }
                _ => break,
            }
        }
        end
    }

    /// Whether the syllable at `at` and the small one behind it are a word that a sentence, a heading or a job begins with.
    fn begins_a_vietnamese_word(&self, at: usize) -> bool {
        let next = self.words.get(at + 1).filter(|next| next.gap == Gap::Space && !next.capital && next.letters <= 6);
        next.is_some_and(|next| {
            let pair = &self.text[self.words[at].start()..next.end()];
            !pair.is_ascii() && VIETNAMESE_WORDS.contains(&pair)
        })
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
        // `Byggmester Quill AS`, `Andrés Quill S.A.`: what only firms have, but not within a line of capitals.
        let firm = |at: usize| names_a_firm(&self.text[self.words[at - 1].end()..]);
        if end > start + 1 && (start + 1..end).any(firm) && !(start..end).all(|at| self.words[at].shouted) {
            return None;
        }
        // `P.H.U. Jan Quill`: what stands before the names of Polish shops.
        let shop = ["P.H.U.", "F.H.U.", "P.P.H.U.", "P.P.U.H.", "Z.P.H.", "Z.U.H.", "P.U.H.", "P.H.", "F.H."];
        if self.classes[start] == Class::Initial
            && end - start > 3
            && shop.iter().any(|head| {
                self.text[self.words[start].start()..].strip_prefix(head).is_some_and(|rest| rest.starts_with(' '))
            })
        {
            return None;
        }
        // `Giáo viên`, `Trung tâm`: the first syllable of a word, and the next has no capital.
        if end == start + 1 && self.begins_a_vietnamese_word(start) {
            return None;
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
        // `B.Ed`, `H.Dip`, `P.IVA`: a degree or an abbreviation, without a blank behind the stop.
        if end == start + 2
            && self.classes[start] == Class::Initial
            && self.words[end - 1].letters <= 4
            && self.words[start].end() + 1 == self.words[end - 1].start()
            && !matches!(self.classes[end - 1], Class::Given | Class::Surname)
        {
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
        // `C. d'Hautefeuille`, `J. van Quill`: a small word of names behind an initial.
        let noble = self.classes[start] == Class::Initial
            && (start + 1..end).any(|at| !self.words[at].capital && self.words[at].letters <= 4);
        let base = if noble { base + 0.1 } else { base };
        let (mut extra, context) = self.surroundings(start, end, units.len());
        // `s Vítem Sedlákem`: only people have two names that both are in another case.
        if units.len() > 1 && self.inflected.contains(&start) && end - start <= 3 {
            extra += 0.15;
        }
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
        // `Aurelio Nez` beside `anez@…`, where the surname is a word elsewhere.
        if units.len() == 1 && matches!(self.classes[start], Class::Given | Class::WeakGiven) && end == start + 1 {
            let next = self.words.get(end).filter(|next| next.gap == Gap::Space && next.capital && !next.shouted);
            if next.is_some_and(|next| self.hints.holds(&self.words[start], next)) {
                end += 1;
                last = self.words[end - 1].end();
                extra += 0.3;
            }
        }
        // `M.ª Nekane Urrutia`.
        let head = &self.text[..first];
        let short = ["M.ª ", "Mª ", "M.ª\u{a0}", "M.a "].iter().find(|short| head.ends_with(**short));
        let first = first - short.map_or(0, |short| short.len());
        let mut found = Candidate { words: start..end, range: first..last, score: base + extra, context };
        // `H. Quill, Y. Morvaille`: the initials behind the comma are of the next name.
        if units.len() < 4 && self.classes[end - 1] != Class::Initial && self.classes[start] != Class::Initial {
            self.turned_initials(&mut found);
            self.bare_initials(&mut found);
        }
        Some(found)
    }

    /// Takes in the initials of `Quill TD, Morvaille PS.`, as journals of medicine write them: beside another such name.
    fn bare_initials(&self, found: &mut Candidate) {
        let Some(word) = self.words.get(found.words.end).filter(|word| word.gap == Gap::Space && word.shouted) else {
            return;
        };
        let family = !self.words[found.words.start].shouted && found.words.len() <= 3;
        let tail = &self.text[word.end()..];
        if !family
            || word.letters > 3
            || !tail.starts_with([',', '.', ';', ':'])
            || self.flags[found.words.end].any(Flags::SUFFIX)
        {
            return;
        }
        let bare = |text: &str| (1..=3).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_uppercase());
        // `Morvaille PS` behind the comma, or `PS,` before the name.
        let rest = tail[1..].trim_start_matches(' ');
        let mut parts = rest.splitn(3, [' ', ',', '.', ';']);
        let next = parts
            .next()
            .is_some_and(|name| name.starts_with(char::is_uppercase) && name.chars().any(char::is_lowercase))
            && parts.next().is_some_and(bare);
        let before = self.text[..found.range.start].trim_end_matches(' ');
        let before = before.strip_suffix(',').map(|before| before.rsplit(' ').next().unwrap_or_default());
        if (next && tail.starts_with(',')) || before.is_some_and(bare) {
            found.words.end += 1;
            found.range.end = word.end();
            found.score += 0.5;
            found.context = true;
        }
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
        // `Dilara Quill, O. Morvaille`: they are of the next name.
        let next = self.classes[found.words.start] == Class::Given
            && found.words.len() > 1
            && self.words.get(at).is_some_and(|word| word.gap == Gap::Dot && word.capital && self.classes[at].named());
        if !next && at > found.words.end && self.words[found.words.end].gap == Gap::Comma {
            found.words.end = at;
            found.range.end = self.words[at - 1].end() + 1;
            found.score += 0.45;
            found.context = true;
        }
    }
}
