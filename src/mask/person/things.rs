//! Words around a run that make it part of the name of a thing.

use std::sync::LazyLock;

use super::Sight;
use super::class::Class;
use super::endings::{JOBS, NOUNS, THINGS};
use super::known::is_toned;
use super::lists::{EPONYM_NOUNS, JOINTS};
use crate::mask::lexicon::Flags;
use crate::mask::phrases::Phrases;
use crate::mask::words::Gap;

/// Two capitals before a name that make it that of a ship, a school, a firm.
const SHORT_HEADS: &[&str] = &[
    "MS", "MV", "MT", "SS", "MF", "MY", "SY", "FV", "RV", "SV", "TS", "LO", "SP", "SD", "RS", "PT", "OŠ", "ZŠ", "SŠ",
    "MŠ", "ST", "СУ", "ОУ", "IC", "IS", "EE", "SK", "LU", "BG", "NV", "BV", "CV", "UD", "CD", "FC", "SC", "CF", "AC",
];

impl Sight<'_> {
    /// Whether words before the run make it part of the name of a thing: `Lycée Jean Moulin`, `Spitalul Clinic „Dr.
    /// Gavril Curteanu`, `im. Karola Marcinkowskiego`, `Universidad Peruana Cayetano Heredia`.
    pub(super) fn thing_before(&self, start: usize, line: usize) -> bool {
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
            // A wide blank parts columns.
            if !close || (gap.contains('(') && gap != " (") || gap.contains("   ") {
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
            if word.is_initial() && word.capital && at > 0 && self.ships(at) {
                return true;
            }
            // `Ms Quill` and `IM Quill` are people, `MS Roald Amundsen` is a ship, `St Andrew` a saint.
            let title =
                (flags.any(Flags::HONORIFIC) && !word.shouted && word.letters < 4 && !spoken.starts_with(['S', 'Á']))
                    || (word.shouted && word.letters < 3 && !SHORT_HEADS.contains(&spoken));
            // `a nombre de Ana Quill` is in her name, `el número de Avogadro` is not.
            let named = spoken == "nombre" && at > 0 && matches!(&self.text[self.words[at - 1].range()], "a" | "en");
            if flags.any(Flags::THING_BEFORE) && !name && !title && !named && !(flags.any(Flags::ROLE) && !word.capital)
            {
                let small =
                    word.letters >= 4 || gap.contains('.') || matches!(spoken, "im" | "rue" | "via" | "rua" | "св");
                let vietnamese = spoken.contains(is_toned);
                if raised || (small && (joined || vietnamese)) || (small && gap.contains(['„', '«', '“', '"'])) {
                    return true;
                }
            }
            // `Gewerbeschule Heinrich Quill`: a compound that is a thing.
            if word.capital && word.letters >= 8 && !name && step <= 2 && ends_as_a_thing(spoken) {
                return true;
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
            // `Liceo artistico Vincenzo Quill`, `Škola úžitkového výtvarníctva Jozefa Quilla`: what kind of house, in small
            // letters.
            let small = |at: usize| {
                let (word, flags) = (&self.words[at], self.flags[at]);
                !word.capital
                    && word.letters >= 5
                    && self.words[at + 1].gap == Gap::Space
                    && !flags.any(Flags::WORD.or(Flags::VERB).or(Flags::BEFORE).or(Flags::ROLE).or(Flags::JOB))
            };
            let head = |at: usize| {
                let capital = self.words[at].capital && self.words[at + 1].gap == Gap::Space;
                capital && self.flags[at].any(Flags::THING_BEFORE) && self.classes[at] != Class::Given
            };
            let kind = gap == " " && small(at) && at > 0 && (head(at - 1) || (small(at - 1) && at > 1 && head(at - 2)));
            if kind {
                return true;
            }
            if !passed && !joint {
                return false;
            }
            joined &= !word.capital && word.letters <= 3;
        }
        false
    }

    /// `M/Y Lady Quill`, `S/S`, `R/V`: the letter at `at` ends what stands before the name of a ship.
    fn ships(&self, at: usize) -> bool {
        let (first, second) = (&self.words[at - 1], &self.words[at]);
        first.is_initial()
            && self.text.get(first.end()..second.start()) == Some("/")
            && matches!(
                &self.text[first.start()..second.end()],
                "M/Y"
                    | "M/V"
                    | "M/S"
                    | "M/T"
                    | "M/F"
                    | "S/Y"
                    | "S/V"
                    | "S/S"
                    | "F/V"
                    | "R/V"
                    | "T/S"
                    | "D/S"
                    | "K/V"
                    | "O/V"
            )
    }

    /// Whether words behind the run make it part of the name of a thing: `Tigran Petrosian Chess House`, `Haydn-Orchester`,
    /// `Balogun Harold & Co.`, `Moi Girls' High School`.
    pub(super) fn thing_after(&self, end: usize, line: usize) -> bool {
        let mut before = self.words[end - 1].end();
        let mut firm = false;
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
            firm |= gap == " & ";
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
            // `Curtis & Sloane Personal Management`: words of jobs stand in the names of firms.
            // So do they before what says that it is a house: `General Hospital`.
            let house = self.words.get(end + step + 1).is_some_and(|next| {
                let flags = self.flags[end + step + 1];
                next.gap == Gap::Space && next.capital && flags.any(Flags::ORGANISATION_TAIL) && !flags.any(Flags::JOB)
            });
            if !word.capital || (flags.any(Flags::JOB.or(Flags::SUFFIX)) && !firm && !house) {
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
}

/// `Gymnasieskole`, `Heinrich-Heine-Gesamtschule`: compounds whose end says what kind of thing they are.
pub(super) fn ends_as_a_thing(word: &str) -> bool {
    static ENDINGS: LazyLock<Phrases> = LazyLock::new(|| Phrases::of(THINGS.split(' ')));
    ENDINGS.ends(word)
}

/// Whether a compound that no list has is a job: `Fahrdienstleiter`, `buurtwerker`.
pub(super) fn ends_as_a_job(word: &str) -> bool {
    static ENDINGS: LazyLock<Phrases> = LazyLock::new(|| Phrases::of(JOBS.split(' ')));
    ENDINGS.ends(word)
}

/// Whether a word that no list has ends as only common nouns do: `Verantwortung`, `Responsabilidad`.
pub(super) fn ends_as_a_noun(word: &str) -> bool {
    static ENDINGS: LazyLock<Phrases> = LazyLock::new(|| Phrases::of(NOUNS.split(' ')));
    ENDINGS.ends(word)
}

/// `Quill & Sons`, `Quill Ltda`: behind the name of somebody follows what makes it that of the family's firm.
pub(super) fn names_a_firm(tail: &str) -> bool {
    const FIRMS: &[&str] = &[
        " & Sons",
        " & Son",
        " and Sons",
        " & Daughters",
        " & Partners",
        " & Co",
        " & Associates",
        " & Brothers",
        " & Söhne",
        " & Sohn",
        " & Partner",
        " & Fils",
        " et Fils",
        " & fils",
        " et fils",
        " & Figli",
        " e Figli",
        " & figli",
        " & Hijos",
        " e Hijos",
        " y Hijos",
        " & Filhos",
        " e Filhos",
        " & Zonen",
        " en Zonen",
        " & Zoon",
        " & Söner",
        " & Sønner",
        " & Synowie",
        " i Synowie",
        " a synové",
        " & synové",
        " és Fia",
        " és Társa",
        " & Asociados",
        " y Asociados",
        " e Associados",
        " & Associés",
        " e Associati",
        " Ltd",
        " Ltda",
        " LLP",
        " GmbH",
        " Oy",
        " Ky",
        " Tmi",
        " AB",
        " ApS",
        " BV",
        " B.V.",
        " s.r.o.",
        " Kft",
        " Bt.",
        " d.o.o.",
        " Inc",
        " Lda",
        " S.r.l.",
        " SRL",
        " Sp. z o.o.",
        " A/S",
    ];
    tail.starts_with(' ')
        && FIRMS.iter().any(|firm| tail.strip_prefix(firm).is_some_and(|rest| !rest.starts_with(char::is_alphanumeric)))
}
