//! Parts that no list knows, between parts that are sure: `Storgata 5, leil. H0302, 0157 Oslo`.
//!
//! Words for floors, wings, back buildings and hamlets are without number. Where the address goes on behind one with a
//! code and its place, what stands between belongs to it, whatever it is called.

use super::cores::Core;
use super::tokens::{Kind, Role};
use super::zone::{Holds, PLACES, Zone, is_comma};
use crate::mask::lexicon::Flags;

/// Unknown parts that one address may go over at once.
const PARTS: usize = 3;

impl Zone<'_> {
    /// Whether a sign parts cells of one line: `·`, `|`.
    pub(super) fn cell(&self, at: usize) -> bool {
        matches!(self.sign(at), Some('·' | '•' | '|' | '∙' | '▪' | '●' | '◦' | '‧'))
            && !self.is_break(at + 1)
            && self.get(at + 1).is_some_and(|next| next.gap > 0)
    }

    fn separator(&self, at: usize) -> bool {
        self.sign(at).is_some_and(is_comma)
            || self.dash(at)
                && self.get(at).is_some_and(|sign| sign.gap > 0)
                && self.get(at + 1).is_some_and(|next| next.gap > 0)
            || self.cell(at)
    }

    /// The end of a short part that may be anything but the words of a sentence or other details of a person.
    fn unknown(&self, start: usize) -> Option<usize> {
        let (mut words, mut codes, mut small) = (0, 0, 0);
        for at in start..start + 9 {
            let token = self.get(at)?;
            if self.separator(at) {
                return (words + codes > 0).then_some(at);
            }
            match token.kind {
                // `Vesterbrogade 118, baghuset` above `1620 København V`.
                Kind::Break => return (words + codes > 0 && start > 0).then_some(at),
                _ if token.gap == 2 && at > start => return None,
                Kind::Sign(
                    '.' | '/' | '-' | '&' | '°' | 'º' | 'ª' | '\'' | '’' | '(' | ')' | '#' | '"' | '«' | '»',
                ) => {
                    // A sentence ends.
                    if token.is_sign('.')
                        && self.get(at + 1).is_some_and(|next| next.gap > 0 && next.is_word() && next.capital)
                        && self.get(at.wrapping_sub(1)).is_some_and(|before| before.letters > 5)
                    {
                        return None;
                    }
                }
                Kind::Sign(_) => return None,
                Kind::Code => {
                    codes += 1;
                    if token.digits > 5 || codes > 2 || token.year(self.text) {
                        return None;
                    }
                }
                Kind::Word => {
                    words += 1;
                    let plain = !token.capital && !token.caseless;
                    small += usize::from(plain && token.flags.any(Flags::WORD));
                    // `Behind Mobil Filling Station`: a name.
                    let name = token.capital
                        && self.get(at + 1).is_some_and(|next| next.is_word() && next.capital && next.gap == 1);
                    let stops = token.role.any(Role::STOP)
                        && !name
                        && token.letters > 2
                        && !token.role.any(Role::AREA.or(Role::UNIT).or(Role::FLOOR));
                    let other = token.flags.any(Flags::JOB.or(Flags::ORGANISATION_TAIL)) && token.role == Role::NONE;
                    if words > 4 || small > 1 || stops || other {
                        return None;
                    }
                }
            }
        }
        None
    }

    /// From `end`, where an address stops at something unknown, to the end of a sure part behind it.
    pub(super) fn bridge(&self, end: usize, first: bool, labelled: bool, holds: Holds) -> Option<(usize, Holds)> {
        if holds.any(Holds::SURE_CODE) && !labelled {
            return None;
        }
        // `casa 2 (fundos), CEP …`, `Sok. No:18 (fırının üstü) 34710 Kadıköy`: brackets first.
        let mut bracket = 0;
        let mut at = if first { end } else { end + 1 };
        if matches!(self.sign(end), Some('(' | '（')) {
            let close = (end + 1..end + 10).find(|at| matches!(self.sign(*at), Some(')' | '）')))?;
            let plain = (end + 1..close).all(|at| {
                self.get(at).is_some_and(|token| match token.kind {
                    Kind::Break => false,
                    Kind::Sign(sign) => matches!(sign, ':' | '.' | ',' | '-' | '/' | '\'' | '’' | '#'),
                    Kind::Code => token.digits <= 4 && !token.year(self.text),
                    Kind::Word => !token.role.any(Role::STOP) || token.letters <= 2,
                })
            });
            if !plain {
                return None;
            }
            let behind = close + 1;
            if labelled && (self.is_break(behind) || self.sign(behind) == Some('|')) {
                return Some((behind, Holds::default()));
            }
            at = if self.separator(behind) { behind + 1 } else { behind };
            bracket = 1;
        } else if !first && !self.separator(end) {
            return None;
        }
        for count in bracket..=PARTS {
            let part = self.part(at);
            let bounded = part.clean && !part.holds.any(Holds::YEAR.or(Holds::OTHER));
            let code = bounded && part.holds.any(Holds::SURE_CODE) && part.names <= 5;
            let line = self.sign(at.wrapping_sub(1)).is_none();
            // `Plot 17B, Behind Mobil Filling Station, off Ada George Road`.
            let street = bounded
                && !line
                && count == 1
                && part.holds.any(Holds::STREET)
                && part.names <= 4
                && holds.any(Holds::UNIT.or(Holds::STREET).or(Holds::DIGIT));
            // A place alone says less: what is between is short, or a label tells that it is an address.
            let place = bounded
                && part.names <= 3
                && !part.personal()
                && (labelled
                    && part
                        .holds
                        .any(Holds::PLACE.or(Holds::UNIT).or(Holds::FLOOR).or(Holds::STREET).or(Holds::STATE))
                    || count == 1
                        && part.holds.any(Holds::PLACE)
                        && holds.any(Holds::STREET)
                        && self.sign(at - 1).is_some_and(is_comma));
            if count > 0 && (code || place && !line || street) {
                return Some((part.end, part.holds));
            }
            let next = self.unknown(at)?;
            at = next + 1;
        }
        None
    }

    /// A name and its number to the left of a code and its place, with unknown parts between: `Gollierhof 7, Rgb., 80339`.
    pub(super) fn bridge_left(&self, core: &Core, from: usize) -> Option<usize> {
        if core.rule != "postcode" {
            return None;
        }
        let mut end = from.checked_sub(1).filter(|end| self.separator(*end))?;
        for _ in 0..PARTS {
            let mut begin = self.part_begin(end);
            // `ligplaats 4 (groene brievenbus)`.
            if self.sign(end.wrapping_sub(1)) == Some(')')
                && let Some(open) = (end.saturating_sub(8)..end).rev().find(|open| self.sign(*open) == Some('('))
            {
                begin = self.part_begin(open);
            }
            if begin == end {
                return None;
            }
            // `Keulsekade t/o nr. 218`: a street and a number with more between them.
            let whole = self.part(begin);
            let street = (begin..end).any(|at| self.role(at).any(Role::FUSED.or(Role::AFTER)))
                && (begin..end).any(|at| self.get(at).is_some_and(|token| token.is_code() && token.digits <= 4));
            if street && self.opens(begin) && end - begin <= 9 && whole.names > 0 {
                return Some(begin);
            }
            // `Lagoa Seca, s/n`: without a number.
            let numberless =
                self.spelt(begin).eq_ignore_ascii_case("s") && self.sign(begin + 1) == Some('/') && end == begin + 3;
            if let Some((house, _)) = self.named_house(end)
                && self.opens(house)
            {
                return Some(house);
            }
            let before = begin.checked_sub(1).filter(|before| self.separator(*before))?;
            if numberless {
                let name = self.part_begin(before);
                let part = self.part(name);
                return (part.end == before && part.names > 0 && part.names <= 5 && self.opens(name)).then_some(name);
            }
            if self.unknown(begin) != Some(end) {
                return None;
            }
            end = before;
        }
        None
    }

    /// Whether a line, a cell, a value or the rest of a sentence behind a small word begins here.
    fn opens(&self, at: usize) -> bool {
        at == 0
            || self.get(at - 1).is_some_and(|before| match before.kind {
                Kind::Break => true,
                Kind::Sign(sign) => !matches!(sign, '/' | '@' | '\'' | '’' | '.'),
                Kind::Word => !before.capital && !before.caseless,
                Kind::Code => false,
            })
            || self.get(at).is_some_and(|token| token.gap == 2)
    }

    /// A line that is nothing but a name and a house number: `Achter de Waag 5`, `Ved Skoven 7`.
    pub(super) fn house_line(&self, begin: usize, end: usize) -> bool {
        let words = (begin..end).filter(|at| self.get(*at).is_some_and(|token| token.is_word())).count();
        (1..=6).contains(&words)
            && self
                .get(begin)
                .is_some_and(|token| token.is_word() && (token.capital || token.caseless || token.role != Role::NONE))
            && !(begin..end).any(|at| {
                self.get(at).is_some_and(|token| {
                    token.is_word() && token.role.any(Role::STOP.or(Role::LABEL)) && token.letters > 2
                        || matches!(token.kind, Kind::Sign(':' | '=' | '@' | '+' | '(' | '|' | '%'))
                        || token.flags.any(Flags::JOB.or(Flags::ORGANISATION_TAIL))
                            && token.role == Role::NONE
                            && token.is_word()
                })
            })
            && self.named_house(end).is_some_and(|(house, _)| house <= begin + 1)
    }

    /// A cell that names a country or a region and nothing more, behind a code and its place.
    pub(super) fn country_cell(&self, at: usize) -> Option<usize> {
        let part = self.part(at + 1);
        let known = (at + 1..part.end).all(|at| {
            self.get(at)
                .is_some_and(|token| !token.is_word() || token.flags.any(PLACES) || token.role.any(Role::PARTICLE))
        });
        (self.cell(at)
            && part.clean
            && part.names > 0
            && part.names <= 3
            && part.holds.any(Holds::PLACE)
            && known
            && !part.holds.any(Holds::YEAR.or(Holds::WORD).or(Holds::DIGIT)))
        .then_some(part.end)
    }
}
