//! Where an address begins: from its core to the left and over the lines above.

use super::cores::{Core, Needs};
use super::grow::Reach;
use super::tokens::{Kind, Role};
use super::zone::{Holds, Parting, Zone, is_comma};
use crate::mask::lexicon::Flags;

impl Zone<'_> {
    /// Where the address begins.
    pub(super) fn left(&self, core: &Core, reach: &mut Reach) -> usize {
        let mut from = core.from;
        let mut tentative = core.from;
        let mut lines = 0;
        // Townlands before the county: `Gortnamona, Clonbur, Co. Galway`.
        let mut towns = 0;
        for _ in 0..10 {
            let at = tentative;
            let Some(before) = at.checked_sub(1) else { break };
            let Some(token) = self.get(before) else { break };
            // `Dorset, ON  P0A 1E0`: a wide blank before the code.
            if core.rule == "postcode"
                && at == core.from
                && token.role.any(Role::STATE)
                && token.is_word()
                && before > 0
                && self.sign(before - 1).is_some_and(is_comma)
            {
                reach.holds = reach.holds.or(Holds::STATE);
                from = before;
                tentative = before;
                continue;
            }
            match token.kind {
                Kind::Sign(sign)
                    if is_comma(sign)
                        || self.dash(before) && self.get(at).is_some_and(|token| token.gap > 0) && token.gap > 0 =>
                {
                    // `Florianópolis – SC, 88032-005`: the state behind its city.
                    let state =
                        !is_comma(sign) && self.role(at).any(Role::STATE) && self.sign(at + 1).is_some_and(is_comma);
                    let comma = is_comma(sign) || state;
                    let begin = self.part_begin(before);
                    if begin == before {
                        break;
                    }
                    let part = self.part(begin);
                    // `The Old Smithy, Wharf Lane`, `"Shivkrupa", Plot No. 22`: houses with names.
                    if comma && !is_comma(self.sign(begin).unwrap_or('"')) {
                        let the = self.spelt(begin) == "The"
                            && (2..=4).contains(&(before - begin))
                            && (begin + 1..before)
                                .all(|at| self.get(at).is_some_and(|word| word.is_word() && word.capital))
                            && !(begin..before).any(|at| self.role(at).any(Role::STOP));
                        let quoted = self.quote(begin)
                            && self.quote(before - 1)
                            && (3..=5).contains(&(before - begin))
                            && (begin + 1..before - 1)
                                .all(|at| self.get(at).is_some_and(|word| word.is_word() && word.capital));
                        let quoted = quoted && comma;
                        let the =
                            the && (core.rule == "street and number" || reach.holds.any(Holds::STREET.or(Holds::UNIT)));
                        if the || quoted {
                            reach.parts += 1;
                            from = begin;
                            tentative = begin;
                            continue;
                        }
                    }
                    if part.end == before && part.clean {
                        let irish = matches!(self.spelt(from), "Co" | "County") || towns > 0;
                        if irish
                            && comma
                            && towns < 2
                            && (1..=2).contains(&part.names)
                            && part.people == 0
                            && !part.personal()
                        {
                            towns += 1;
                            reach.take(&part);
                            from = begin;
                            tentative = begin;
                            continue;
                        }
                        let sure = part.holds.any(
                            Holds::UNIT
                                .or(Holds::FLOOR)
                                .or(Holds::STREET)
                                .or(Holds::AREA)
                                .or(Holds::SURE_CODE)
                                .or(Holds::WEAK),
                        ) || part.holds.any(Holds::CODE) && part.names == 0
                            || part.holds.any(Holds::PLACE)
                                && core.rule != "postcode"
                                && !part.personal()
                                && comma
                                && part.names <= 3
                            || part.names == 0
                                && part.holds.any(Holds::DIGIT)
                                && !part.holds.any(Holds::YEAR)
                                && before <= begin + 5
                            || (self.plain_house(begin).is_some() || self.flat_code(begin)) && part.names <= 4 && comma;
                        if sure
                            && (comma || part.holds.any(Holds::UNIT.or(Holds::STREET)))
                            && !part.holds.any(Holds::YEAR)
                            && part.names <= 5
                        {
                            reach.take(&part);
                            from = begin;
                            tentative = begin;
                            continue;
                        }
                        if comma
                            && !part.personal()
                            && part.names > 0
                            && part.names <= 4
                            && (part.holds.any(Holds::WORD) || tentative == from || core.needs == Needs::Parts)
                            && !part.holds.any(Holds::YEAR)
                        {
                            tentative = begin;
                            if part.holds.any(Holds::WORD)
                                && part.people == 0
                                && self.begins_segment(begin)
                                && part.names > 1
                            {
                                from = begin;
                            }
                            continue;
                        }
                        break;
                    }
                    // `lives at Gortnamona, Clonbur, Co. Galway`.
                    let town = before.checked_sub(1).and_then(|last| self.get(last));
                    if towns > 0
                        && comma
                        && town.is_some_and(|town| {
                            town.is_word() && town.capital && !town.flags.any(Flags::GIVEN.or(Flags::SURNAME))
                        })
                        && before >= 2
                        && self.get(before - 2).is_some_and(|word| word.is_word() && !word.capital)
                    {
                        from = before - 1;
                        break;
                    }
                    // The end of a sentence's part: `meet at Flat 3`.
                    if let Some(start) = (begin + 1..before).find(|start| self.suffix_fits(*start, before)) {
                        let part = self.part(start);
                        reach.take(&part);
                        from = start;
                        // `woont Spinozahof 3, 5612 AB Eindhoven`: the street has no word for one.
                        if core.rule == "postcode"
                            && self.get(start).is_some_and(|token| token.is_code())
                            && let Some((named, _)) = self.named_house(before)
                            && named < start
                            && start - named <= 3
                        {
                            from = named;
                        }
                    }
                    break;
                }
                Kind::Break => {
                    lines += 1;
                    if lines > 4 {
                        break;
                    }
                    let mut end = before;
                    if end > 0 && self.sign(end - 1).is_some_and(is_comma) {
                        end -= 1;
                    }
                    let begin = self.line_begin(end);
                    // `Achter de Waag 5` above `8911 KE Leeuwarden`.
                    if core.rule == "postcode" && tentative == from && self.house_line(begin, end) {
                        reach.parts += 1;
                        reach.holds = reach.holds.or(Holds::DIGIT);
                        from = begin;
                        tentative = begin;
                        continue;
                    }
                    let Some(found) = self
                        .line(begin, false)
                        .filter(|found| found.end == end || found.end + 1 == end && self.sign(found.end) == Some('.'))
                    else {
                        break;
                    };
                    let holds = found.holds;
                    let house = found.parts == 1
                        && found.names
                        && holds.any(Holds::WORD)
                        && self.spelt(begin) == "The"
                        && reach.holds.any(Holds::STREET);
                    if house
                        || holds.any(Holds::STREET.or(Holds::UNIT).or(Holds::HOME))
                        || holds.any(Holds::WEAK.or(Holds::AREA)) && found.parts <= 3
                    {
                        from = begin;
                        tentative = begin;
                        reach.parts += found.parts;
                        reach.homes += found.homes;
                        reach.holds = reach.holds.or(holds);
                    } else if tentative == from && found.parts == 1 && core.rule == "postcode" {
                        tentative = begin;
                    } else {
                        break;
                    }
                }
                Kind::Word | Kind::Code if self.get(at).is_some_and(|token| token.gap <= 1) => {
                    // `Flat 3 14 Elm Road`, `Unit 4/29`.
                    let start = (1..=6).filter_map(|back| at.checked_sub(back)).find(|start| {
                        self.unit(*start).is_some_and(|end| (at..=core.to).contains(&end))
                            && self.role(*start).any(Role::UNIT)
                    });
                    let Some(start) = start else { break };
                    from = start;
                    tentative = start;
                    reach.parts += 1;
                    reach.homes += 1;
                }
                Kind::Sign('.')
                    if before > 0 && self.role(before - 1).any(Role::AREA.or(Role::BEFORE)) && self.tight(before) =>
                {
                    // `Hisarüstü Mah. 3. Sok.`
                    let (begin, names) = self.name_left(before - 1);
                    if names == 0 || names > 3 {
                        break;
                    }
                    from = begin;
                    tentative = begin;
                }
                Kind::Sign('/') => {
                    // `Unit 5/118 Sydney Rd`, `C/- 144`.
                    let start = (1..=5).filter_map(|back| before.checked_sub(back)).find(|start| {
                        self.unit(*start).is_some_and(|end| end >= before) && self.role(*start).any(Role::UNIT)
                    });
                    let Some(start) = start else { break };
                    from = start;
                    tentative = start;
                }
                Kind::Sign('-') if before > 1 && self.sign(before - 1) == Some('/') && self.tight(before) => {
                    from = before - 2;
                    break;
                }
                Kind::Sign(')') => {
                    // `House-27 (4th floor)`, `(03925) 서울`.
                    let open =
                        (1..=8).filter_map(|back| before.checked_sub(back)).find(|open| self.sign(*open) == Some('('));
                    let Some(open) = open else { break };
                    if self.part(open + 1).end != before || !self.part(open + 1).holds.any(Holds::CODE.or(Holds::FLOOR))
                    {
                        break;
                    }
                    from = open;
                    tentative = open;
                }
                _ => break,
            }
        }
        if let Some(begin) = self.bridge_left(core, from) {
            reach.parts += 2;
            reach.holds = reach.holds.or(Holds::DIGIT);
            from = begin;
        }
        from
    }

    fn quote(&self, at: usize) -> bool {
        self.sign(at).is_some_and(|sign| matches!(sign, '"' | '„' | '“' | '”' | '«' | '»' | '\'' | '’'))
    }

    /// Where the part that ends before `end` begins: behind a separator.
    pub(super) fn part_begin(&self, end: usize) -> usize {
        let mut at = end;
        while at > 0 && end - at < 24 {
            let before = at - 1;
            let here = self.get(at);
            if here.is_some_and(|here| here.gap == 2 && at < end) {
                break;
            }
            let Some(token) = self.get(before) else { break };
            let parts = match token.kind {
                Kind::Break => true,
                Kind::Sign('.') => !self.tight(at) && !matches!(self.parting(before), (Parting::None, _)),
                Kind::Sign(':') => !self.role(before.saturating_sub(1)).any(Role::UNIT.or(Role::NUMBER)),
                Kind::Sign('-' | '–' | '—') => token.gap > 0 && here.is_some_and(|here| here.gap > 0),
                Kind::Sign('"' | '„' | '“' | '”' | '\'' | '’' | '/' | '#' | '№' | '°' | '«' | '»') => {
                    false
                }
                Kind::Sign(_) => true,
                _ => false,
            };
            if parts {
                break;
            }
            at = before;
        }
        at
    }

    fn line_begin(&self, end: usize) -> usize {
        let mut at = end;
        while at > 0 {
            let hard = match self.get(at - 1).map(|token| token.kind) {
                Some(Kind::Break) | None => true,
                Some(Kind::Sign(sign)) => matches!(sign, ':' | '|' | '•' | '·' | ';' | '：' | '>' | '='),
                _ => false,
            };
            if hard {
                break;
            }
            at -= 1;
        }
        at
    }

    /// Whether a line, a cell or a value begins here.
    fn begins_segment(&self, at: usize) -> bool {
        at == 0
            || self.get(at - 1).is_some_and(|before| match before.kind {
                Kind::Break => true,
                Kind::Sign(sign) => matches!(sign, '|' | '•' | '·' | ';' | ':' | '>' | '"' | '：' | '='),
                _ => false,
            })
    }

    /// Whether the tokens from `start` to `end` are the last part of a sentence, and one of an address.
    fn suffix_fits(&self, start: usize, end: usize) -> bool {
        let Some(token) = self.get(start) else { return false };
        let opens = token.is_word()
            && (token.capital || token.caseless || token.role.any(Role::BEFORE) || self.sign(start + 1) == Some('.'))
            && token.role.any(Role::UNIT.or(Role::STREET).or(Role::AREA))
            && token.letters > 1
            || token.is_code() && self.plain_house(start).is_some()
            || token.is_word()
                && token.capital
                && token.letters == 1
                && self.plain_house(start + 2).is_some()
                && self.dash(start + 1)
            || token.is_sign('#');
        if !opens {
            return false;
        }
        let part = self.part(start);
        part.end == end
            && part.clean
            && part.holds.any(Holds::UNIT.or(Holds::STREET).or(Holds::FLOOR).or(Holds::AREA).or(Holds::DIGIT))
            && !part.holds.any(Holds::YEAR)
    }
}
