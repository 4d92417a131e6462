//! From its core an address grows to both sides, part by part, while the parts look like parts of an address.

use std::ops::Range;

use super::cores::{Core, Needs};
use super::tokens::{Kind, Role, Token};
use super::zone::{Holds, Part, Parting, Zone, is_comma};
use crate::mask::lexicon::Flags;

const STRONG: Holds =
    Holds::CODE.or(Holds::PLACE).or(Holds::UNIT).or(Holds::FLOOR).or(Holds::STREET).or(Holds::AREA).or(Holds::STATE);

/// How far an address reached, and what it holds.
#[derive(Clone, Copy, Default)]
pub(super) struct Reach {
    pub(super) end: usize,
    pub(super) holds: Holds,
    pub(super) parts: usize,
    pub(super) homes: usize,
    pub(super) names: bool,
}

impl Reach {
    pub(super) fn take(&mut self, part: &Part) {
        // `near City Mall` is no company.
        let place = part.holds.any(Holds::STREET.or(Holds::UNIT).or(Holds::AREA));
        self.holds = self.holds.or(if place { part.holds.without(Holds::OTHER) } else { part.holds });
        self.parts += 1;
        self.names |= part.names > 0;
        self.homes += usize::from(part.holds.any(Holds::UNIT));
    }
}

impl Zone<'_> {
    /// The tokens of the whole address around a core; none when the core asked for more than there is.
    pub(super) fn grown(&self, core: &Core) -> Option<Range<usize>> {
        let labelled = core.from == core.to;
        let mut reach = self.right(core, labelled);
        if labelled && reach.end == core.from {
            return None;
        }
        let from = if labelled { core.from } else { self.left(core, &mut reach) };
        let holds = reach.holds;
        let fits = match core.needs {
            Needs::Nothing => true,
            Needs::More if core.rule == "post box" => holds.any(STRONG),
            Needs::More => {
                reach.homes >= 1 && holds.any(Holds::STREET.or(Holds::CODE).or(Holds::PLACE)) && reach.parts >= 1
                    || core.rule == "home and place" && holds.any(Holds::SURE_CODE) && reach.parts >= 1
                    || reach.homes >= 2 && reach.parts >= 2
                    || holds.any(Holds::AREA.or(Holds::WEAK)) && reach.parts >= 2
            }
            Needs::Whole => {
                reach.parts >= 3
                    && !holds.any(Holds::YEAR.or(Holds::OTHER))
                    && (self.get(reach.end).is_none_or(|token| token.kind == Kind::Break || token.gap == 2)
                        || self.sign(reach.end).is_some_and(|sign| matches!(sign, '|' | '•' | '·' | ';' | '.' | '"')))
                    && holds.any(Holds::DIGIT.or(Holds::CODE))
                    && (holds.any(Holds::STREET.or(Holds::HOME).or(Holds::AREA).or(Holds::WEAK))
                        && holds.any(Holds::SURE_CODE)
                        || holds.any(Holds::STREET.or(Holds::HOME)) && holds.any(Holds::PLACE)
                        || holds.any(Holds::AREA.or(Holds::WEAK)) && holds.any(Holds::UNIT) && holds.any(Holds::PLACE)
                        || holds.any(Holds::AREA)
                            && holds.any(Holds::DIGIT)
                            && (holds.any(Holds::SURE_CODE) || self.plain_house(core.from).is_some()))
            }
            Needs::Parts => {
                reach.parts >= 2
                    && holds.any(Holds::STREET.or(Holds::AREA).or(Holds::WEAK).or(Holds::UNIT).or(Holds::DIGIT))
            }
            Needs::Value => {
                holds.any(Holds::STREET.or(Holds::UNIT).or(Holds::SURE_CODE).or(Holds::WEAK))
                    || holds.any(Holds::DIGIT.or(Holds::CODE))
                        && (reach.parts >= 2 || holds.any(Holds::AREA.or(Holds::PLACE).or(Holds::CASELESS)))
                    || holds.any(Holds::DIGIT) && reach.names
                    || reach.parts >= 2 && holds.any(Holds::AREA.or(Holds::PLACE))
            }
            Needs::Proof => {
                holds.any(Holds::DIGIT.or(Holds::CODE))
                    && (holds.any(Holds::STREET.or(Holds::SURE_CODE).or(Holds::UNIT)) && reach.parts >= 1
                        || holds.any(Holds::AREA) && reach.parts >= 3)
            }
        };
        fits.then_some(from..reach.end)
    }

    fn right(&self, core: &Core, labelled: bool) -> Reach {
        let start = Reach { end: core.to, holds: core.holds(), ..Reach::default() };
        let mut reach = self.onward(core, labelled, labelled, start);
        for _ in 0..3 {
            let first = labelled && reach.end == core.from;
            let told = labelled && core.needs == Needs::Value;
            let Some((end, holds)) = self.bridge(reach.end, first, told, reach.holds) else { break };
            reach.holds = reach.holds.or(holds);
            reach.parts += 1;
            reach.names = true;
            reach.end = end;
            reach = self.onward(core, labelled, false, reach);
        }
        reach
    }

    /// To the right, over parts that are known.
    fn onward(&self, core: &Core, labelled: bool, first: bool, start: Reach) -> Reach {
        let mut reach = start;
        let mut at = reach.end;
        let mut plain = 0;
        let mut lines = 0;
        // Lines held back.
        let mut waiting = 0;
        let mut first = first;
        // What is only taken if something sure follows.
        let mut held: Option<Reach> = None;
        for _ in 0..24 {
            let (parting, next) = if first { (Parting::Comma, at) } else { self.parting(at) };
            if parting == Parting::End {
                // `Gartenstr. 3 · 50667 Köln`.
                let cell =
                    matches!(self.sign(at), Some('·' | '•' | '|')) && !reach.holds.any(Holds::CODE) && held.is_none();
                let part = self.part(at + 1);
                if cell
                    && self.postcode(at + 1).is_some_and(|code| code.end < part.end)
                    && part.clean
                    && part.holds.any(Holds::SURE_CODE)
                    && part.names <= 4
                {
                    reach.take(&part);
                    reach.end = part.end;
                    at = part.end;
                    continue;
                }
                let country = reach.holds.any(Holds::SURE_CODE).then(|| self.country_cell(at)).flatten();
                if let Some(end) = country.filter(|_| held.is_none()) {
                    reach.end = end;
                }
                break;
            }
            if parting == Parting::Bracket {
                let complete = reach.holds.any(Holds::SURE_CODE) || core.rule == "postcode";
                let Some((end, part)) = self.bracket(next, complete) else { break };
                at = end;
                let target = held.as_mut().unwrap_or(&mut reach);
                target.take(&part);
                target.end = at;
                continue;
            }
            if matches!(parting, Parting::Line | Parting::CommaLine) {
                lines += 1;
                if lines > 5 || self.is_break(next) {
                    break;
                }
                let Some(found) =
                    self.line(next, parting == Parting::CommaLine || labelled && core.needs == Needs::Value && first)
                else {
                    break;
                };
                let sure = found.holds.any(STRONG);
                let code = found.holds.any(Holds::SURE_CODE.or(Holds::STATE));
                let whole =
                    self.is_break(found.end) || self.sign(found.end).is_some_and(|sign| is_comma(sign) || sign == '.');
                let mut base = held.unwrap_or(reach);
                base.holds = base.holds.or(found.holds);
                base.parts += found.parts;
                base.homes += found.homes;
                base.end = found.end;
                at = found.end;
                if code || sure && (parting == Parting::CommaLine || whole && found.parts <= 4) {
                    reach = base;
                    held = None;
                } else if whole && waiting < 2 {
                    waiting += 1;
                    held = Some(base);
                } else {
                    break;
                }
                continue;
            }
            // `La Serena, 1720170`: seven digits in Chile.
            let named = held.unwrap_or(reach);
            if parting == Parting::Comma
                && (named.parts >= 1 || named.holds.any(Holds::PLACE))
                && (!reach.holds.any(Holds::SURE_CODE) || labelled && self.is_break(next + 1))
                && self.get(next).is_some_and(|code| code.is_code() && code.digits == 7 && code.letters == 0)
                && self.parting(next + 1).0 != Parting::None
            {
                reach = named;
                held = None;
                reach.holds = reach.holds.or(Holds::CODE).or(Holds::SURE_CODE);
                reach.end = next + 1;
                at = next + 1;
                continue;
            }
            // `PB "C", (S2919) Villa Constitución`: a code in brackets before its place.
            if parting == Parting::Comma
                && self.sign(next) == Some('(')
                && self.postcode(next + 1).is_some_and(|code| self.sign(code.end) == Some(')'))
                && self.get(next + 3).is_some_and(|place| place.name_like() && place.gap == 1)
            {
                let place = self.part(next + 3);
                if place.names > 0 && place.names <= 4 {
                    reach.take(&place);
                    reach.holds = reach.holds.or(Holds::CODE).or(Holds::SURE_CODE);
                    reach.end = place.end;
                    at = place.end;
                    continue;
                }
            }
            let part = self.part(next);
            if part.end == next {
                break;
            }
            let strong = part.holds.any(STRONG);
            let dated = part.holds.any(Holds::YEAR) && !part.holds.any(Holds::CODE) && !labelled && part.names == 0;
            let only_digits = part.names == 0 && part.holds.any(Holds::DIGIT) && !strong;
            if dated && !self.southern_code(&reach, part.end) {
                break;
            }
            let labelled = labelled && core.needs != Needs::Whole;
            let doubtful = part.holds.any(Holds::OTHER)
                && !part.holds.any(Holds::CODE.or(Holds::STREET).or(Holds::UNIT).or(Holds::AREA))
                || part.personal() && !labelled;
            let complete = reach.holds.any(Holds::SURE_CODE);
            // A name right behind a postcode is its city.
            let city = parting == Parting::None
                && self
                    .get(at.wrapping_sub(1))
                    .is_some_and(|token| token.is_code() && token.digits >= 2 && token.letters == 0)
                && (core.rule == "postcode" && at == core.to || complete && reach.end == at)
                && part.names > 0
                && part.names <= 5
                && (part.clean || part.names <= 3);
            let quarter = parting == Parting::Dash
                && complete
                && part.clean
                && part.names == 1
                && !part.holds.any(Holds::WORD.or(Holds::YEAR).or(Holds::OTHER));
            if city || quarter {
                let mut base = held.unwrap_or(reach);
                base.take(&part);
                base.end = part.end;
                at = part.end;
                reach = base;
                held = None;
                first = false;
                if part.clean {
                    continue;
                }
                break;
            }
            if doubtful
                && part.clean
                && matches!(parting, Parting::Comma | Parting::Dash)
                && !complete
                && (held.is_none() || parting == Parting::Dash || core.rule == "home and place" && plain < 2)
                && reach.parts + usize::from(!labelled) >= 1
            {
                let mut base = held.unwrap_or(reach);
                base.take(&part);
                base.end = part.end;
                at = part.end;
                held = Some(base);
                first = false;
                plain += 1;
                continue;
            }
            if doubtful && !labelled {
                break;
            }
            let taken = match parting {
                Parting::Comma => {
                    if part.clean {
                        strong
                            || only_digits
                            || part.names > 0 && part.names <= 5 && (labelled || !part.personal()) && plain < 3
                    } else {
                        (!complete || part.holds.any(STRONG)) && self.prefix_fits(&part, next)
                    }
                }
                Parting::Dash
                    if part.clean
                        && complete
                        && part.names > 0
                        && part.names <= 2
                        && part.people == 0
                        && !part.holds.any(Holds::WORD.or(Holds::YEAR)) =>
                {
                    true
                }
                Parting::Dash => {
                    if part.clean
                        && !strong
                        && part.names > 0
                        && part.names <= 4
                        && !part.personal()
                        && !part.holds.any(Holds::YEAR)
                    {
                        let mut base = held.unwrap_or(reach);
                        base.take(&part);
                        base.end = part.end;
                        at = part.end;
                        held = Some(base);
                        continue;
                    }
                    (part.clean || part.holds.any(Holds::SURE_CODE))
                        && part.holds.any(
                            Holds::CODE
                                .or(Holds::PLACE)
                                .or(Holds::UNIT)
                                .or(Holds::FLOOR)
                                .or(Holds::AREA)
                                .or(Holds::STATE),
                        )
                        && !part.holds.any(Holds::YEAR)
                }
                Parting::Wide => {
                    part.clean
                        && (part.holds.any(Holds::SURE_CODE)
                            || self.postcode(next).is_some_and(|code| code.sure > super::zone::Sure::Low))
                }
                Parting::None => {
                    let near = part.names <= 3 && !part.personal();
                    strong && (part.clean || self.prefix_fits(&part, next))
                        || part.clean && only_digits && part.end <= next + 3
                        || part.clean && near && part.names > 0 && !part.holds.any(Holds::WORD.or(Holds::YEAR))
                        || part.clean && part.names == 1 && part.holds.any(Holds::DIGIT) && !part.holds.any(Holds::YEAR)
                }
                _ => false,
            };
            if !taken {
                break;
            }
            first = false;
            plain = if strong || only_digits { 0 } else { plain + 1 };
            let mut base = held.unwrap_or(reach);
            base.take(&part);
            base.end = part.end;
            at = part.end;
            if held.is_some() && !strong {
                held = Some(base);
            } else {
                reach = base;
                held = None;
            }
            if !part.clean {
                break;
            }
        }
        reach
    }

    /// Four digits that end an address in Australia, New Zealand and South Africa.
    fn southern_code(&self, reach: &Reach, end: usize) -> bool {
        reach.holds.any(Holds::STATE) && self.is_break(end)
    }

    /// Whether the beginning of a part that reads on as a sentence belongs to the address.
    fn prefix_fits(&self, part: &Part, start: usize) -> bool {
        if part.holds.any(Holds::YEAR) && !part.holds.any(Holds::CODE) || part.personal() {
            return false;
        }
        part.holds.any(Holds::PLACE.or(Holds::SURE_CODE).or(Holds::UNIT).or(Holds::STATE))
            || part.holds.any(Holds::FLOOR.or(Holds::STREET)) && part.holds.any(Holds::DIGIT)
            || part.names > 0
                && part.names <= 2
                && !part.holds.any(Holds::CASELESS)
                && (start..part.end).all(|at| {
                    self.get(at).is_some_and(|token| {
                        token.is_word()
                            && !token.flags.any(
                                Flags::WORD.or(Flags::FOREIGN).or(Flags::GIVEN).or(Flags::JOB).or(Flags::ORGANISATION),
                            )
                    })
                })
                && self.get(part.end).is_some_and(Token::is_word)
    }

    /// What stands in brackets behind an address: a province, a floor, a code.
    fn bracket(&self, at: usize, complete: bool) -> Option<(usize, Part)> {
        let close = (at..at + 10).find(|at| matches!(self.sign(*at), Some(')' | '）')))?;
        let part = self.part(at);
        let weak = (at..close).any(|at| {
            self.role(at).any(Role::LABEL_WEAK.or(Role::STOP)) && !self.role(at).any(Role::FLOOR.or(Role::STATE))
        });
        let fits = part.end == close
            && !weak
            && part.names <= 4
            && !part.holds.any(Holds::YEAR)
            && (part.holds.any(STRONG)
                || part.names > 0 && (!part.personal() || complete && part.names == 1)
                || part.holds.any(Holds::DIGIT)
                    && close == at + 1
                    && self.get(at).is_some_and(|code| code.digits <= 3));
        fits.then_some((close + 1, part))
    }

    /// A line that is a part of an address as a whole.
    pub(super) fn line(&self, start: usize, lenient: bool) -> Option<Reach> {
        let mut reach = Reach { end: start, ..Reach::default() };
        let mut at = start;
        if self.get(start).is_some_and(|token| token.year(self.text))
            && self.postcode(start).is_none_or(|code| code.end == start + 1)
        {
            let place = self.get(start + 1).is_some_and(|place| place.flags.any(super::zone::PLACES))
                && self.is_break(start + 2);
            if !place {
                return None;
            }
        }
        for count in 0..8 {
            let part = self.part(at);
            // A number alone in a line is a telephone.
            let bare = part.holds.any(Holds::CODE) && part.names == 0 && !part.holds.any(Holds::SURE_CODE);
            if part.end == at
                || !part.clean
                || part.names > 5
                || part.personal() && part.names > 1 && !(lenient && count > 0)
                || part.holds.any(Holds::YEAR) && part.names == 0
                || bare && count == 0 && self.get(at).is_some_and(|token| token.digits < 4 || token.year(self.text))
            {
                break;
            }
            // `Skills`, `Education`: a heading.
            if count == 0
                && part.names == 1
                && !part.holds.any(STRONG)
                && part.holds.any(Holds::WORD)
                && self.is_break(part.end)
            {
                break;
            }
            reach.take(&part);
            reach.end = part.end;
            let (parting, next) = self.parting(part.end);
            match parting {
                Parting::Comma | Parting::None => at = next,
                Parting::Wide if self.postcode(next).is_some_and(|code| code.sure > super::zone::Sure::Low) => {
                    at = next
                }
                Parting::Dash if self.part(next).holds.any(STRONG) => at = next,
                Parting::Bracket => {
                    let Some((end, part)) = self.bracket(next, reach.holds.any(Holds::SURE_CODE)) else { break };
                    reach.take(&part);
                    reach.end = end;
                    // `Val-d'Or (Québec)  J9P 2K7`.
                    let code = self.postcode(end).is_some_and(|code| code.sure > super::zone::Sure::Low);
                    if !self.sign(end).is_some_and(is_comma) && !code {
                        break;
                    }
                    at = if code { end } else { end + 1 };
                }
                _ => break,
            }
        }
        // It ends where the line does, or where contact details are parted.
        let ended = self.get(reach.end).is_none_or(|token| {
            token.kind == Kind::Break
                || token.gap == 2
                || token.sign().is_some_and(|sign| matches!(sign, '|' | '•' | '·' | ',' | '.' | ';' | '"' | '☎' | '✉'))
        });
        (reach.parts > 0 && ended).then_some(reach)
    }
}
