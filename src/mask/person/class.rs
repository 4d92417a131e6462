//! What each word of a run may be in a name, and what a run of such words is worth alone.

use super::lists::is_spelt_as_a_stop;
use crate::mask::lexicon::{Entry, Flags};
use crate::mask::words::Word;

/// What a word may be in a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    /// No part of a name, or taken by the name of something else.
    Block,
    /// In small letters, and no particle.
    Lower,
    /// `van`, `de`, `bin`.
    Particle,
    /// One capital.
    Initial,
    /// A given name that is nothing else.
    Given,
    /// A given name that is a word, a place or a product too.
    WeakGiven,
    /// A surname that is nothing else.
    Surname,
    /// A surname that is something else too.
    WeakSurname,
    /// A capitalised word that no list has, spelt as names are.
    Likely,
    /// A capitalised word that no list has.
    Unknown,
}

impl Class {
    pub(super) const fn named(self) -> bool {
        matches!(self, Self::Given | Self::WeakGiven | Self::Surname | Self::WeakSurname | Self::Likely | Self::Unknown)
    }
}

const NOT_A_NAME: Flags = Flags::WORD
    .or(Flags::FOREIGN)
    .or(Flags::JOB)
    .or(Flags::PLACE)
    .or(Flags::ORGANISATION)
    .or(Flags::ORGANISATION_TAIL)
    .or(Flags::STREET)
    .or(Flags::EPONYM)
    .or(Flags::HONORIFIC)
    .or(Flags::THING_BEFORE)
    .or(Flags::THING_AFTER)
    .or(Flags::ROLE)
    .or(Flags::SUFFIX);
/// What makes a name a doubtful one.
const ALSO: Flags = Flags::WORD
    .or(Flags::PLACE)
    .or(Flags::ORGANISATION)
    .or(Flags::ALSO_PLACE)
    .or(Flags::ALSO_PRODUCT)
    .or(Flags::EPONYM_HEAD)
    .or(Flags::JOB)
    .or(Flags::ROLE)
    .or(Flags::ORGANISATION_TAIL);
/// What the word `spoken` may be in a name.
pub(super) fn classify(word: &Word, spoken: &str, flags: Flags) -> Class {
    let particle = word.entry.is(Entry::PARTICLE);
    let stop = word.capital && word.entry.is(Entry::STOP) && !word.is_initial();
    // `Úna` is no `una`.
    if word.coded || (stop && (spoken.is_ascii() || is_spelt_as_a_stop(spoken))) {
        return if particle { Class::Particle } else { Class::Block };
    }
    if !word.capital {
        return if particle { Class::Particle } else { Class::Lower };
    }
    if word.is_initial() {
        return Class::Initial;
    }
    let (given, surname) = (flags.any(Flags::GIVEN), flags.any(Flags::SURNAME));
    // The lists of words of many languages hold each other's names; only those that meet twice count.
    let foreign = flags.any(Flags::FOREIGN) && flags.any(Flags::ALSO_WORD);
    let weak = foreign || flags.any(ALSO) || word.letters <= 2;
    let other = flags.any(NOT_A_NAME);
    if flags.any(Flags::HONORIFIC) && !(given || surname) {
        return Class::Block;
    }
    match (given, surname, weak) {
        (true, _, false) => Class::Given,
        (false, true, false) => Class::Surname,
        (true, _, true) => Class::WeakGiven,
        (false, true, true) => Class::WeakSurname,
        (false, false, _) if particle => Class::Particle,
        (false, false, _) if other => Class::Block,
        (false, false, _) if flags.any(Flags::ALSO_WORD) => Class::WeakSurname,
        // An abbreviation, or a brand.
        _ if (word.shouted && word.letters <= 4) || (word.mixed && !joined(word, spoken)) => Class::Block,
        _ => Class::Unknown,
    }
}

/// `McKay`, `MacLeod`, `DeShawn`, `LaToya`, `DiCaprio`, `FitzGerald`, `AlMheiri`, `BenAli`: capitals within names.
fn joined(word: &Word, spoken: &str) -> bool {
    let article = ["Al", "El", "Ben", "Bin", "Abu", "Abdel", "Abdul", "Ould", "Ter", "Van", "Vande", "Ver"]
        .iter()
        .any(|head| spoken.strip_prefix(head).is_some_and(|rest| rest.starts_with(char::is_uppercase)));
    word.letters >= 5 && (matches!(word.first, 'm' | 'd' | 'l' | 'f') || article)
}

/// What the words of a run are worth alone.
pub(super) fn base(units: &[Class], initials: usize, dotted: bool) -> f32 {
    use Class::{Given, Likely, Surname, Unknown, WeakGiven, WeakSurname};
    match units {
        [] => 0.0,
        [only] if initials > 0 && dotted => {
            let more = if initials > 1 { 0.15 } else { 0.0 };
            match only {
                Given | Surname => 0.75,
                WeakGiven | WeakSurname => 0.5 + more,
                _ => 0.45 + more,
            }
        }
        // `C L VAN WYK`.
        [Surname] if initials > 1 => 0.55,
        [Likely | Unknown | WeakSurname] if initials > 1 => 0.4,
        [only] => match only {
            Given => 0.55,
            WeakGiven => 0.22,
            Surname => 0.22,
            Likely => 0.15,
            WeakSurname => 0.1,
            _ => 0.08,
        },
        [first, .., last] => {
            let pair = match (first, last) {
                (Given, Surname) => 0.9,
                (Given, WeakSurname | Given | WeakGiven | Likely) => 0.85,
                (Given, _) => 0.75,
                (WeakGiven, Surname) => 0.7,
                (WeakGiven, Given) => 0.7,
                (WeakGiven, WeakSurname | WeakGiven) => 0.42,
                (WeakGiven, Likely) => 0.5,
                (WeakGiven, _) => 0.38,
                (Surname, Given) => 0.85,
                (WeakSurname | Unknown | Likely, Given) => 0.65,
                (Surname, Surname) => 0.55,
                (Surname, WeakGiven) => 0.55,
                (Surname, WeakSurname) | (WeakSurname, Surname) => 0.42,
                (Unknown | Likely, Surname) => 0.55,
                (Surname, Likely) => 0.5,
                (Likely, Likely) => 0.42,
                (Likely, WeakSurname | WeakGiven) | (WeakSurname, Likely) => 0.38,
                (Likely, Unknown) | (Unknown, Likely) => 0.28,
                (Surname, _) => 0.4,
                (Unknown, WeakSurname | WeakGiven) => 0.3,
                (WeakSurname, _) => 0.22,
                _ => 0.2,
            };
            let middle = &units[1..units.len() - 1];
            let strong = middle.iter().filter(|class| matches!(class, Given | Surname)).count();
            let long: f32 = if units.len() > 4 { 0.15 } else { 0.0 };
            pair + if strong > 0 { 0.15 } else { 0.0 } + if dotted { 0.1 } else { 0.0 } - long
        }
    }
}
