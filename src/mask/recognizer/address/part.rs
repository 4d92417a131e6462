//! Parts of an address: what stands between two separators, read as far as it may belong to one.

use super::tokens::{Kind, Role, Token};
use super::zone::{DASHES, Holds, PLACES, Part, QUOTES, Sure, Zone};
use crate::mask::lexicon::{Flags, LEXICON};

/// What numbers count, close behind them.
const MEASURES: &[&str] = &[
    "k", "K", "M", "GB", "MB", "TB", "KB", "kg", "km", "cm", "mm", "ms", "s", "h", "hr", "x", "X", "Hz", "MHz", "GHz",
    "kW", "MW", "kV", "V", "pm", "am", "PM", "AM", "bn", "m", "mg", "ml", "fps", "px", "pt", "yo", "yr", "min",
];

impl Zone<'_> {
    /// Reads the part that begins at `at`, as far as its tokens may belong to an address.
    pub(super) fn part(&self, start: usize) -> Part {
        let mut part = Part { end: start, clean: false, holds: Holds::default(), names: 0, people: 0 };
        let mut at = start;
        // A street word whose name may go on in small letters.
        let mut named = false;
        let mut small = 0;
        while at < start + 24 {
            let Some(token) = self.get(at) else {
                part.clean = true;
                break;
            };
            if at > start && token.gap == 2 && !matches!(token.kind, Kind::Sign(_)) {
                part.clean = true;
                break;
            }
            match token.kind {
                Kind::Break => {
                    part.clean = true;
                    break;
                }
                Kind::Sign(sign) => {
                    let inside = match sign {
                        '/' => true,
                        '.' => {
                            if self.ends_sentence(at) || self.is_break(at + 1) {
                                part.clean = true;
                                break;
                            }
                            true
                        }
                        '#' | '№' | '°' | 'º' | '`' => true,
                        '@' | '+' | '=' | '%' | '&' | '$' | '€' | '£' | '?' | '!' | '~' | '<' | '>' | '\\' => false,
                        ':' => {
                            at > start
                                && self.role(at - 1).any(Role::UNIT.or(Role::NUMBER).or(Role::CODE))
                                && !self.is_break(at + 1)
                        }
                        _ if DASHES.contains(&sign) => {
                            if !(self.tight(at) && self.tight(at + 1)) {
                                part.clean = true;
                                break;
                            }
                            true
                        }
                        '\'' | '’' | '׳' | '״' => self.tight(at) || self.tight(at + 1),
                        '"' | '„' | '“' | '”' | '«' | '»' => {
                            // Quotes that close within the part.
                            let opened = (at + 1..at + 6)
                                .find(|next| self.sign(*next).is_some_and(|sign| QUOTES.contains(&sign)));
                            let closes =
                                (start..at).any(|before| self.sign(before).is_some_and(|sign| QUOTES.contains(&sign)));
                            if !(closes || token.gap > 0 && opened.is_some() || at == start && opened.is_some()) {
                                part.clean = true;
                                break;
                            }
                            true
                        }
                        _ => {
                            part.clean = true;
                            break;
                        }
                    };
                    if sign == ':' && !inside
                        || matches!(
                            sign,
                            '@' | '+' | '=' | '%' | '&' | '$' | '€' | '£' | '?' | '!' | '~' | '<' | '>' | '\\'
                        )
                    {
                        break;
                    }
                    if !inside {
                        part.clean = true;
                        break;
                    }
                    at += 1;
                    if matches!(sign, '”' | '“' | '»' | '"') {
                        part.end = at;
                    }
                    continue;
                }
                Kind::Code => {
                    if let Some(code) = self.postcode(at) {
                        let beside = self.get(code.end).is_some_and(|next| next.name_like() && next.gap <= 1)
                            || at > start && self.get(at - 1).is_some_and(Token::name_like)
                            || at > start && self.dash(at - 1);
                        let year = token.year(self.text)
                            && code.end == at + 1
                            && !(at > start && self.role(at - 1).any(Role::STATE));
                        if year {
                            part.holds.add(Holds::YEAR);
                        } else {
                            part.holds.add(Holds::CODE);
                            if code.sure == Sure::High || beside {
                                part.holds.add(Holds::SURE_CODE);
                            }
                        }
                        at = code.end;
                        part.end = at;
                        continue;
                    }
                    if let Some(end) = self.house(at) {
                        part.holds.add(Holds::DIGIT);
                        at = end;
                        part.end = at;
                        continue;
                    }
                    // Israel: seven digits behind the city.
                    if token.digits == 7
                        && token.letters == 0
                        && part.names > 0
                        && !part.holds.any(Holds::DIGIT)
                        && self.get(at - 1).is_some_and(Token::is_word)
                    {
                        part.holds.add(Holds::CODE.or(Holds::SURE_CODE));
                        at += 1;
                        part.end = at;
                        continue;
                    }
                    // `3rd`, `5ºC`, `D7`, `12B`.
                    let coded = token.digits <= 4
                        && token.letters <= 3
                        && !MEASURES.contains(&self.spelt(at).trim_start_matches(char::is_numeric))
                        || at > start && self.role(at - 1).any(Role::CODE) && token.digits <= 10;
                    let labelled = at > start + 1 && self.role(at - 2).any(Role::CODE)
                        || at > start && self.role(at - 1).any(Role::CODE);
                    if labelled && token.digits <= 10 && token.letters == 0 {
                        part.holds.add(Holds::CODE.or(Holds::SURE_CODE));
                    } else if !coded {
                        break;
                    } else {
                        part.holds.add(Holds::DIGIT);
                    }
                    at += 1;
                    part.end = at;
                }
                Kind::Word => {
                    let role = token.role;
                    if token.name_like()
                        && let Some(end) = self.phrase_place(at)
                    {
                        part.holds.add(Holds::PLACE);
                        part.names = part.names.saturating_add(u8::try_from(end - at).unwrap_or(1));
                        at = end;
                        part.end = at;
                        continue;
                    }
                    // `Val-d'Or`, `Saint-Mars`: a part of a name.
                    let glued = at > start
                        && self.tight(at)
                        && self.sign(at - 1).is_some_and(|sign| matches!(sign, '\'' | '’' | '-') && self.tight(at - 1));
                    if role.any(Role::STOP)
                        && !glued
                        && !role.any(Role::STATE)
                        && !(token.shouted && role.any(Role::UNIT))
                    {
                        // `O`, `M`, `P` of names, and months of streets, are none.
                        let inside =
                            token.capital && token.letters > 1 && at > start && self.role(at - 1).any(Role::PARTICLE)
                                || token.letters <= 2 && role.any(Role::AREA.or(Role::UNIT).or(Role::PARTICLE));
                        if !inside {
                            break;
                        }
                    }
                    if let Some(code) = self.postcode(at) {
                        part.holds.add(Holds::CODE.or(Holds::SURE_CODE));
                        at = code.end;
                        part.end = at;
                        continue;
                    }
                    if let Some(end) = self.unit(at) {
                        if role.any(Role::UNIT) && self.role_is_unit(at) {
                            part.holds.add(Holds::UNIT);
                            if role.any(Role::HOME) {
                                part.holds.add(Holds::HOME);
                            }
                        }
                        part.holds.add(Holds::DIGIT);
                        at = end;
                        part.end = at;
                        continue;
                    }
                    if token.name_like() {
                        if role.any(Role::STRONG_STREET) {
                            part.holds.add(Holds::STREET);
                            named = true;
                        } else if (role.any(Role::BEFORE_WEAK) || role.any(Role::AFTER_WEAK) && part.names > 0)
                            && token.letters > 1
                        {
                            part.holds.add(Holds::WEAK);
                        }
                        if role.any(Role::AREA) && token.letters > 1 || role.any(Role::UNIT) && token.letters > 2 {
                            part.holds.add(Holds::AREA);
                        }
                        if role.any(Role::STATE) && (at > start || !self.get(at + 1).is_some_and(Token::is_word)) {
                            part.holds.add(Holds::STATE);
                        }
                        if role.any(Role::FLOOR) {
                            part.holds.add(Holds::FLOOR);
                        }
                        let flags = token.flags;
                        if flags.any(Flags::JOB.or(Flags::ORGANISATION_TAIL))
                            && role == Role::NONE
                            && !flags.any(PLACES)
                        {
                            part.holds.add(Holds::OTHER);
                        }
                        if flags.any(PLACES) && !token.caseless || token.caseless && flags.any(Flags::PLACE) {
                            part.holds.add(Holds::PLACE);
                        } else if flags.any(Flags::GIVEN.or(Flags::SURNAME)) && role == Role::NONE {
                            part.people = part.people.saturating_add(1);
                        }
                        if flags.any(Flags::WORD) {
                            part.holds.add(Holds::WORD);
                        }
                        if token.caseless {
                            part.holds.add(Holds::CASELESS);
                        }
                        part.names = part.names.saturating_add(1);
                        if part.names > 7 || token.caseless && part.names > 6 {
                            break;
                        }
                        at += 1;
                        part.end = at;
                        continue;
                    }
                    // `r/c dto.`: the ground floor in Portugal.
                    if token.letters == 1
                        && self.spelt(at).eq_ignore_ascii_case("r")
                        && self.joint(at + 1)
                        && matches!(self.spelt(at + 2), "c" | "C" | "ch" | "Ch")
                    {
                        part.holds.add(Holds::FLOOR);
                        at += 3;
                        part.end = at;
                        continue;
                    }
                    // `4265 Bohinjsko jezero`: the noun of a name that begins with an adjective, at the end of a line.
                    let noun = part.names == 1
                        && token.letters > 3
                        && self.is_break(at + 1)
                        && role == Role::NONE
                        && at > start
                        && at < start + 3
                        && (at > start + 1 && self.get(at - 2).is_some_and(Token::is_code)
                            || start > 0 && self.get(start - 1).is_some_and(Token::is_code));
                    if noun {
                        at += 1;
                        part.end = at;
                        continue;
                    }
                    // `Chavannes-près-Renens`.
                    // `Brno-střed`, not `Berlin-based`.
                    let ends = glued && self.dash(at - 1) && token.letters > 2 && !token.flags.any(Flags::WORD);
                    if glued && part.names > 0 && (ends || self.dash(at + 1) && self.tight(at + 1)) {
                        at += 1;
                        part.end = at;
                        continue;
                    }
                    // Small letters.
                    if role.any(Role::FLOOR) {
                        part.holds.add(Holds::FLOOR);
                    } else if role.any(Role::BEFORE) || role.any(Role::AFTER) && part.names > 0 || role.any(Role::FUSED)
                    {
                        part.holds.add(Holds::STREET);
                        named = true;
                    } else if role.any(Role::PARTICLE) || role.any(Role::AREA) || role.any(Role::CODE) {
                        let next = self.get(at + 1);
                        let goes_on = next.is_some_and(|next| {
                            next.name_like()
                                || next.is_code()
                                || next.role != Role::NONE && next.is_word()
                                || matches!(next.sign(), Some('.' | '\'' | '’' | '"' | '„' | '-' | ':'))
                        });
                        let area = role.any(Role::AREA) && !role.any(Role::PARTICLE);
                        // `Житомирська обл., 11599`: an abbreviation behind its name ends the part.
                        if area
                            && part.names > 0
                            && self.sign(at + 1) == Some('.')
                            && self.tight(at + 1)
                            && (self.is_break(at + 2) || self.sign(at + 2).is_some_and(super::zone::is_comma))
                        {
                            part.holds.add(Holds::AREA);
                            at += 2;
                            part.end = at;
                            continue;
                        }
                        if !goes_on && !(area && part.names > 0 && token.letters > 1) {
                            break;
                        }
                        if area {
                            part.holds.add(Holds::AREA);
                        }
                        at += 1;
                        if !goes_on {
                            part.end = at;
                        }
                        continue;
                    } else if role.any(Role::NUMBER)
                        || token.letters == 1
                            && at > start
                            && (self.tight(at) || self.get(at - 1).is_some_and(Token::is_code))
                    {
                    } else if role.any(Role::UNIT)
                        && self.get(at + 1).is_some_and(|next| next.is_code() || next.name_like())
                    {
                        part.holds.add(Holds::AREA);
                    } else if small < 2
                        && (at >= start + 2
                            && self.sign(at - 1) == Some('.')
                            && self.role(at - 2).any(Role::AREA)
                            && token.letters > 3
                            || named && token.letters > 2 && !token.flags.any(Flags::WORD))
                    {
                        small += 1;
                    } else {
                        break;
                    }
                    at += 1;
                    part.end = at;
                }
            }
        }
        part.clean |= part.end < at && self.only_signs(part.end, at) && self.closed(at);
        part
    }

    /// The token behind a place of several words that the lexicon has.
    pub(super) fn phrase_place(&self, at: usize) -> Option<usize> {
        let token = self.get(at).filter(|token| token.flags.any(Flags::HEAD))?;
        let mut hashes = vec![token.hash];
        let mut next = at + 1;
        let mut found = None;
        while hashes.len() < 4 {
            if matches!(self.sign(next), Some('-' | '\'' | '’' | '.')) {
                next += 1;
            }
            let Some(word) = self.get(next).filter(|word| word.is_word() && word.gap <= 1) else { break };
            hashes.push(word.hash);
            next += 1;
            if LEXICON.phrase_of(&hashes).any(Flags::PLACE) {
                found = Some(next);
            }
        }
        found
    }

    /// `No` alone is no unit.
    pub(super) fn role_is_unit(&self, at: usize) -> bool {
        !self.role(at).any(Role::NUMBER) || self.role(at).any(Role::HOME)
    }

    pub(super) fn only_signs(&self, from: usize, to: usize) -> bool {
        (from..to).all(|at| self.sign(at).is_some())
    }

    pub(super) fn closed(&self, at: usize) -> bool {
        self.get(at).is_none_or(|token| !matches!(token.kind, Kind::Word | Kind::Code))
    }
}
