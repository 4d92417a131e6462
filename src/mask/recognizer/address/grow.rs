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
struct Reach {
    end: usize,
    holds: Holds,
    parts: usize,
    homes: usize,
    names: bool,
}

impl Reach {
    fn take(&mut self, part: &Part) {
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
                reach.parts >= 2 && holds.any(Holds::STREET.or(Holds::AREA).or(Holds::WEAK).or(Holds::UNIT).or(Holds::DIGIT))
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
                && !reach.holds.any(Holds::SURE_CODE)
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
    fn line(&self, start: usize, lenient: bool) -> Option<Reach> {
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
                Parting::Wide if self.postcode(next).is_some_and(|code| code.sure > super::zone::Sure::Low) => at = next,
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

    /// Where the address begins.
    fn left(&self, core: &Core, reach: &mut Reach) -> usize {
        let mut from = core.from;
        let mut tentative = core.from;
        let mut lines = 0;
        for _ in 0..10 {
            let at = tentative;
            let Some(before) = at.checked_sub(1) else { break };
            let Some(token) = self.get(before) else { break };
            // `Dorset, ON  P0A 1E0`: a wide blank before the code.
            if core.rule == "postcode" && at == core.from && token.role.any(Role::STATE) && token.is_word() && before > 0
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
                    let state = !is_comma(sign) && self.role(at).any(Role::STATE) && self.sign(at + 1).is_some_and(is_comma);
                    let comma = is_comma(sign) || state;
                    let begin = self.part_begin(before);
                    if begin == before {
                        break;
                    }
                    let part = self.part(begin);
                    if part.end == before && part.clean {
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
                    // The end of a sentence's part: `meet at Flat 3`.
                    if let Some(start) = (begin + 1..before).find(|start| self.suffix_fits(*start, before)) {
                        let part = self.part(start);
                        reach.take(&part);
                        from = start;
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
