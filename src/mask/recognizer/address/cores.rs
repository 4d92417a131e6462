//! What an address is told by: a street with a number, a postcode with a place, a post box, homes and floors, a label.

use super::tokens::{Kind, Role, Token};
use super::zone::{Holds, PLACES, Parting, Sure, Zone, is_comma};
use crate::mask::lexicon::Flags;

/// Tokens that are an address by themselves.
#[derive(Clone, Copy, Debug)]
pub(super) struct Core {
    pub(super) from: usize,
    pub(super) to: usize,
    pub(super) score: f32,
    pub(super) rule: &'static str,
    /// What must be in the address once it has grown; nothing when the core says enough.
    pub(super) needs: Needs,
}

/// What a core asks of its surroundings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Needs {
    Nothing,
    /// More homes, a street or a place.
    More,
    /// Two more parts, one of them a street, a home or a number.
    Parts,
    /// Parts of an address, after a label that always has one.
    Value,
    /// A street or a code, after a label that may have something else.
    Proof,
    /// A street or a home, and a place or a code, with nothing else from one end of a line or cell to the other.
    Whole,
}

impl Core {
    /// What its rule says that it holds.
    pub(super) fn holds(&self) -> Holds {
        match self.rule {
            "postcode" => Holds::CODE.or(Holds::SURE_CODE),
            "street and number" => Holds::STREET.or(Holds::DIGIT),
            _ => Holds::default(),
        }
    }
}

/// The states that a code of five digits follows.
const AMERICAN: &[&str] = &[
    "AL", "AK", "AZ", "AR", "CA", "CO", "CT", "DE", "DC", "FL", "GA", "HI", "ID", "IL", "IN", "IA", "KS", "KY", "LA",
    "ME", "MD", "MA", "MI", "MN", "MS", "MO", "MT", "NE", "NV", "NH", "NJ", "NM", "NY", "NC", "ND", "OH", "OK", "OR",
    "PA", "RI", "SC", "SD", "TN", "TX", "UT", "VT", "VA", "WA", "WV", "WI", "WY", "PR",
];

impl Zone<'_> {
    /// Whether a core may begin at this token: cheap, asked of every token of a line.
    pub(super) fn hint(&self, at: usize) -> bool {
        let Some(token) = self.get(at) else { return false };
        match token.kind {
            Kind::Word => {
                token
                    .role
                    .any(Role::STREET.or(Role::HOME).or(Role::BOX).or(Role::LABEL).or(Role::LABEL_WEAK).or(Role::CODE))
                    || token.capital && token.letters <= 3 && self.postcode(at).is_some()
            }
            Kind::Code => !token.year(self.text) && token.digits >= 1 && self.postcode(at).is_some(),
            _ => false,
        }
    }

    /// The core that is told by this token.
    pub(super) fn core(&self, at: usize) -> Option<Core> {
        let token = self.get(at)?;
        if token.is_code() {
            return self.coded(at);
        }
        if !token.is_word() {
            return None;
        }
        let role = token.role;
        None.or_else(|| role.any(Role::LABEL.or(Role::LABEL_WEAK)).then(|| self.labelled(at)).flatten())
            .or_else(|| role.any(Role::BOX).then(|| self.boxed(at)).flatten())
            .or_else(|| role.any(Role::CODE).then(|| self.code_labelled(at)).flatten())
            .or_else(|| role.any(Role::STREET).then(|| self.street(at)).flatten())
            .or_else(|| role.any(Role::HOME).then(|| self.home(at)).flatten())
            .or_else(|| (token.capital && token.letters <= 3).then(|| self.coded(at)).flatten())
    }

    /// A word for a street beside a number.
    fn street(&self, at: usize) -> Option<Core> {
        let token = self.get(at)?;
        let role = token.role;
        let core = |from, to, score| Some(Core { from, to, score, rule: "street and number", needs: Needs::Nothing });
        if role.any(Role::BEFORE.or(Role::BEFORE_WEAK)) {
            let dotted = self.sign(at + 1) == Some('.') && self.tight(at + 1);
            // `C. R. Acad. Sci. 358`.
            let shortened = |word: &Token| {
                word.is_word()
                    && word.capital
                    && (word.letters == 1 || word.letters > 2 && !word.flags.any(Flags::HONORIFIC.or(Flags::GIVEN)))
            };
            if dotted && token.letters == 1 && self.sign(at + 3) == Some('.') && self.get(at + 2).is_some_and(shortened)
            {
                return None;
            }
            let slashed = token.letters == 1 && self.sign(at + 1) == Some('/') && self.tight(at + 1);
            let strong = role.any(Role::BEFORE);
            // `14 TV-L`: two capitals without a full stop are more often an abbreviation of something else.
            if !strong && token.letters == 2 && token.shouted && !dotted && self.dash(at + 1) {
                return None;
            }
            // `r 5` and `c 3` say nothing; `r. Augusta 5`, `C/ Mayor 5` do.
            let plain = token.letters > 2
                || token.capital && token.letters == 2
                || dotted
                || slashed
                || strong && token.letters == 2;
            let (end, names) = self.name_right(at, strong);
            if plain && names > 0 {
                let before =
                    at.checked_sub(1).map(|before| if self.sign(before).is_some_and(is_comma) { before } else { at });
                // `52 v. Nyt`: years, not a street.
                let years =
                    token.letters == 1 && !matches!(self.spelt(at), "r" | "c" | "R" | "C" | "r." | "г" | "L" | "l");
                let ahead = before
                    .and_then(|before| self.house_ahead(before))
                    .filter(|from| !years && self.dashes(*from, at) < 3)
                    // `091/600 48 27, via Roma`: the end of a telephone.
                    .filter(|from| {
                        let code = |back: usize| {
                            from.checked_sub(back).and_then(|at| self.get(at)).is_some_and(Token::is_code)
                        };
                        !(code(1) && code(2))
                    });
                if let Some(from) = ahead {
                    // `rue X 12` after a number would be a second number.
                    return core(from, end, if strong { 0.8 } else { 0.7 });
                }
                let abbreviated = self.sign(end) == Some('.') && self.tight(end);
                let end = end + usize::from(abbreviated);
                let comma = self.sign(end).is_some_and(is_comma);
                // `s/n`: without a number.
                let bare = end + usize::from(comma);
                if strong
                    && self.spelt(bare).eq_ignore_ascii_case("s")
                    && self.sign(bare + 1) == Some('/')
                    && self.spelt(bare + 2).eq_ignore_ascii_case("n")
                {
                    return core(at, bare + 3, 0.7);
                }
                // `شارع الملك فهد، مبنى 12`.
                if strong
                    && self.role(bare).any(Role::UNIT)
                    && let Some(to) = self.unit(bare)
                {
                    return core(at, to, 0.75);
                }
                let (number, worded) = self.skip_number_word(end + usize::from(comma));
                if let Some(to) = self.house(number).filter(|_| self.get(number).is_some_and(|number| number.gap <= 1))
                {
                    let single = to == number + 1;
                    let year = single && self.get(number).is_some_and(|number| number.year(self.text));
                    let named = self.get(to).is_some_and(|next| next.name_like() && next.gap == 1 && next.letters > 1);
                    let code = comma
                        && !worded
                        && single
                        && self.get(number).is_some_and(|number| number.digits >= 5 || number.digits == 4 && named);
                    let weak = !strong && !worded && year;
                    let ordinary = !strong && !worded && !token.capital && !dotted && !slashed && !token.caseless;
                    // `Corso Cisco CCNA 200`: no name of a street.
                    let shouted = !strong
                        && !token.shouted
                        && (at..end).any(|at| {
                            self.get(at).is_some_and(|word| word.is_word() && word.shouted && word.letters > 2)
                        });
                    let dated = self.get(to).is_some_and(|next| {
                        next.is_word() && next.letters > 2 && next.role.any(Role::STOP) && next.gap == 1
                    });
                    if !dated && !(year && comma && !worded) && !code && !weak && !ordinary && !shouted {
                        return core(at, to, if strong { 0.8 } else { 0.7 });
                    }
                }
            }
            // `Cra. 24 # 63C-47`, `Calle 12 No. 3-4`.
            let number = at + 1 + usize::from(dotted);
            if plain
                && names == 0
                && self.get(number).is_some_and(|number| number.is_code() && number.digits <= 3 && number.letters <= 1)
            {
                let mut next = number + 1;
                if self.get(next).is_some_and(|word| {
                    word.is_word()
                        && word.letters <= 3
                        && (word.capital && word.letters == 1 || word.role.any(Role::FLOOR))
                }) {
                    next += 1;
                }
                let (house, worded) = self.skip_number_word(next);
                if worded && let Some(to) = self.house(house) {
                    // `Blk 417 Bedok North Ave 2 #08-122`: the name stands before it.
                    let (begin, names) =
                        if role.any(Role::AFTER.or(Role::AFTER_WEAK)) { self.name_left(at) } else { (at, 0) };
                    let from = if names > 0 { self.house_ahead(begin).unwrap_or(begin) } else { at };
                    return core(from, to, 0.8);
                }
            }
        }
        if !role.any(Role::AFTER.or(Role::AFTER_WEAK).or(Role::FUSED)) {
            return None;
        }
        let fused = role.any(Role::FUSED) && token.capital;
        let strong = role.any(Role::AFTER) || fused;
        let (begin, names) = self.name_left(at);
        if names == 0 && !fused {
            return None;
        }
        // A person's name before a street in one word is not part of it.
        let begin = if fused { self.fused_begin(at, begin) } else { begin };
        let mut end = at + 1;
        if self.sign(end) == Some('.') && self.tight(end) {
            end += 1;
        }
        let comma = begin.checked_sub(1).filter(|before| self.sign(*before).is_some_and(is_comma));
        if let Some(from) = self.house_ahead(comma.unwrap_or(begin)).filter(|from| self.dashes(*from, begin) < 3) {
            let behind = self.house(self.skip_number_word(end).0).is_some();
            let code = comma.is_some() && behind && self.get(from).is_some_and(|number| number.digits >= 4);
            let bounded = !code && (strong || token.capital && self.bounded(end));
            if bounded && (token.capital || token.caseless || strong) {
                // `Ave 10` behind a number and a name.
                let number = self
                    .plain_house(end)
                    .filter(|to| *to == end + 1 && self.get(end).is_some_and(|number| number.digits <= 3));
                let to = number.filter(|to| strong && self.bounded(*to)).unwrap_or(end);
                return core(from, to, if strong { 0.8 } else { 0.7 });
            }
        }
        let (number, worded) = self.skip_number_word(end);
        if self.get(number).is_none_or(|number| number.gap > 1) {
            return None;
        }
        let to = self.house(number)?;
        let year = to == number + 1 && self.get(number).is_some_and(|number| number.year(self.text));
        let postal = year && self.sign(to).is_some_and(is_comma) && self.postcode(to + 1).is_some();
        if year && !worded && !postal {
            return None;
        }
        let small = self.get(number).is_some_and(|number| number.digits <= 3);
        let weak = worded
            || token.capital
                && small
                && self.sign(to).is_some_and(is_comma)
                && self.get(to + 1).is_some_and(Token::name_like);
        // `g. 5`, `u. 47/A`, `tn 3` are short and small; they need a name before them and an end behind the number.
        let short = token.letters <= 2 && !token.capital && !token.caseless && !self.bounded(to) && !worded;
        // `Wall Street 500` is no house unless something parts it from what follows.
        let english = !fused && token.capital && !worded && !self.bounded(to);
        ((strong || weak) && !short && !english).then_some(())?;
        core(begin, to, if strong { 0.8 } else { 0.65 })
    }

    /// How many dashes are between two tokens.
    fn dashes(&self, from: usize, to: usize) -> usize {
        (from..to).filter(|at| self.dash(*at)).count()
    }

    /// Where a street in one word begins: a hyphen or an adjective may stand before it.
    fn fused_begin(&self, at: usize, begin: usize) -> usize {
        let mut from = at;
        while from > begin + 1 && self.dash(from - 1) && self.tight(from) {
            from -= 2;
        }
        // `Prins Hendrikkade`, `Sint Jansstraat`: who gave the name to the street.
        const TITLES: &[&str] = &[
            "Prins",
            "Prinses",
            "Koning",
            "Koningin",
            "Keizer",
            "Graaf",
            "Gravin",
            "Sint",
            "Burgemeester",
            "Admiraal",
            "Generaal",
            "Kapitein",
            "Pater",
            "Pastoor",
            "Meester",
            "Dokter",
            "Professor",
            "Kaiser",
            "König",
            "Prinz",
            "Graf",
            "Sankt",
            "Bürgermeister",
            "General",
            "Kung",
            "Drottning",
            "Biskop",
            "Kong",
            "Dronning",
            "Dronningens",
        ];
        if from == begin + 1 && TITLES.contains(&self.spelt(begin)) {
            return begin;
        }
        if from == begin + 1
            && self.get(begin).is_some_and(|word| !word.flags.any(Flags::GIVEN.or(Flags::SURNAME)) && word.gap <= 1)
        {
            from = begin;
        }
        from
    }

    /// The number before a street: `12`, `23 bis`, `12 B`, `No. 118/5`.
    fn house_ahead(&self, end: usize) -> Option<usize> {
        let last = end.checked_sub(1)?;
        if self.get(end).is_some_and(|token| token.gap == 2) {
            return None;
        }
        let token = self.get(last)?;
        if token.is_word() {
            let behind = token.role.any(Role::FLOOR) && token.letters <= 4 || token.letters == 1 && token.capital;
            if behind && last > 0 && self.get(last - 1).is_some_and(Token::is_code) {
                return self.house_before(last);
            }
        }
        self.house_before(end)
    }

    /// Whether nothing that reads on stands here: an end, a separator, a unit, a code, a place.
    pub(super) fn bounded(&self, at: usize) -> bool {
        let Some(token) = self.get(at) else { return true };
        match token.kind {
            Kind::Break => true,
            Kind::Sign(sign) => {
                !matches!(sign, '-' | '+' | '%' | '&' | '=' | '\'' | '’' | ':') || self.parting(at).0 == Parting::Dash
            }
            Kind::Code => token.gap == 2 || self.postcode(at).is_some(),
            Kind::Word => {
                token.gap == 2
                    || token.role.any(Role::FLOOR.or(Role::UNIT).or(Role::STATE).or(Role::CODE))
                    || token.capital && token.flags.any(PLACES)
                    || self.postcode(at).is_some()
                    || !token.capital && !token.caseless
            }
        }
    }

    /// A postcode with what makes it one.
    fn coded(&self, at: usize) -> Option<Core> {
        let token = self.get(at)?;
        let code = self.postcode(at)?;
        let core = |from, to, score| Some(Core { from, to, score, rule: "postcode", needs: Needs::Nothing });
        let before = at.checked_sub(1);
        // `ID 83704`, `NSW 2000`.
        if let Some(state) =
            before.filter(|before| self.role(*before).any(Role::STATE) && token.gap == 1 && token.letters == 0)
        {
            // `Editorial Lagos, BA 12417`, `SAQA ID 66417`: another country's state, or no comma before it.
            let comma = state > 0 && self.sign(state - 1).is_some_and(is_comma);
            let american = self.get(at).is_some_and(|token| token.digits == 5)
                && AMERICAN.contains(&self.spelt(state))
                && (comma || state > 0 && self.get(state - 1).is_some_and(|city| city.flags.any(PLACES)));
            let australian = token.shape.is("9999") && self.get(state).is_some_and(|state| state.letters >= 2);
            if american || australian {
                let mut from = state;
                if from > 0 && self.sign(from - 1).is_some_and(is_comma) {
                    from -= 1;
                }
                let (city, names) = self.name_left(from);
                if names > 0 && names <= 4 && (american || !token.year(self.text)) {
                    return core(city, code.end, 0.75);
                }
            }
        }
        // The city behind it.
        let beside =
            self.get(code.end).is_some_and(|next| next.name_like() && next.gap <= 1 && !next.role.any(Role::STOP));
        let place = beside
            && (self.get(code.end).is_some_and(|next| next.flags.any(PLACES) && next.letters > 2)
                || self.phrase_place(code.end).is_some());
        if code.sure == Sure::High {
            let (from, names) = self.name_left(at);
            let city = names > 0
                && names <= 3
                && (from == 0
                    || self.get(from - 1).is_some_and(|token| matches!(token.kind, Kind::Break | Kind::Sign(_))));
            return core(if city { from } else { at }, code.end, 0.7);
        }
        let year = token.year(self.text) && code.end == at + 1;
        // A name and a number before it, in the same line or at the end of the one above.
        let after_house = before.and_then(|before| {
            let parted = match self.get(before)?.kind {
                Kind::Sign(sign) if is_comma(sign) => before,
                Kind::Break => {
                    let end = before;
                    if end > 0 && self.sign(end - 1).is_some_and(is_comma) { end - 1 } else { end }
                }
                Kind::Sign('–' | '—' | '-') if token.gap > 0 => before,
                // `Am Alten Hof 7 • 86150 Augsburg`.
                Kind::Sign(_) if self.cell(before) => {
                    return self.named_house(before).filter(|(from, _)| {
                        *from == 0
                            || self.is_break(from - 1)
                            || self.get(from - 1).is_some_and(|sign| sign.sign().is_some())
                    });
                }
                _ => return None,
            };
            self.named_house(parted).or_else(|| self.house_behind_floors(parted))
        });
        if let Some((from, sure)) = after_house
            && beside
            && (!year || place || sure)
        {
            return core(from, code.end, 0.75);
        }
        // A line of a code and a place.
        let line_starts = before.is_none_or(|before| {
            self.get(before).is_some_and(|token| token.kind == Kind::Break) || self.sign(before) == Some('|')
        });
        let (parting, _) = self.after_names(code.end);
        let line_ends =
            matches!(parting, Parting::Line | Parting::End | Parting::Comma | Parting::CommaLine | Parting::Bracket);
        if beside
            && place
            && !year
            && line_starts
            && line_ends
            && (token.digits != 4 || parting == Parting::Line)
            && code.end == at + 1
        {
            return core(at, code.end, 0.6);
        }
        if beside
            && place
            && !year
            && line_ends
            && (code.sure == Sure::Middle || token.digits == 5)
            && !self.counts(before)
        {
            return core(at, code.end, 0.6);
        }
        // `Chennai – 600 020`, `Kyoto 606-0807`.
        let city = before.is_some_and(|before| {
            let dash = self.dash(before);
            let name = if dash { before.checked_sub(1) } else { Some(before) };
            name.and_then(|name| self.get(name))
                .is_some_and(|name| name.is_word() && name.capital && name.flags.any(PLACES))
        });
        // `zona rural, Quixadá-CE, 63900-000`: a code that few other numbers look like, behind a comma.
        if code.sure == Sure::Middle
            && !beside
            && before.is_some_and(|before| self.sign(before).is_some_and(is_comma))
            && self.bounded(code.end)
        {
            return Some(Core { from: at, to: code.end, score: 0.6, rule: "postcode", needs: Needs::Parts });
        }
        // `Kothrud, Pune 411038`: six digits behind a city say enough where more of an address stands before it.
        if city && code.end == at + 1 && token.digits == 6 && self.bounded(code.end) {
            let dash = before.is_some_and(|before| self.dash(before));
            let (from, names) = self.name_left(at - usize::from(dash));
            let comma = from > 0 && (self.sign(from - 1).is_some_and(is_comma) || self.is_break(from - 1));
            if names <= 3 && comma {
                return Some(Core { from, to: code.end, score: 0.65, rule: "postcode", needs: Needs::Parts });
            }
        }
        if city && code.sure == Sure::Middle && self.bounded(code.end) {
            let dash = before.is_some_and(|before| self.dash(before));
            let (from, _) = self.name_left(at - usize::from(dash));
            return core(from, code.end, 0.65);
        }
        None
    }

    /// A name and a number with floors and doors between them and `end`: `Gran Vía 28, 4º izq.`.
    fn house_behind_floors(&self, mut end: usize) -> Option<(usize, bool)> {
        for _ in 0..3 {
            let begin = self.part_begin(end);
            let part = self.part(begin);
            let floor = part.end + 1 >= end
                && part.clean
                && (part.names == 0 || part.holds.any(Holds::UNIT.or(Holds::FLOOR)))
                && !part.holds.any(Holds::YEAR);
            if !floor || begin == 0 || !self.sign(begin - 1).is_some_and(is_comma) {
                return None;
            }
            end = begin - 1;
            if let Some(found) = self.named_house(end) {
                return Some(found);
            }
        }
        None
    }

    /// Whether what stands before a number says that it counts or costs.
    fn counts(&self, before: Option<usize>) -> bool {
        before.and_then(|before| self.get(before)).is_some_and(|token| match token.kind {
            Kind::Break => false,
            Kind::Sign(sign) => !matches!(sign, ',' | '|' | '(' | '–' | '—' | '-' | ':' | '"'),
            _ => true,
        })
    }

    /// What follows the words of a name.
    fn after_names(&self, mut at: usize) -> (Parting, usize) {
        for _ in 0..6 {
            match self.get(at) {
                Some(token)
                    if token.is_word() && token.gap <= 1 && (token.name_like() || token.role.any(Role::PARTICLE)) =>
                {
                    at += 1
                }
                Some(token) if self.dash(at) && self.tight(at) && token.gap == 0 => at += 1,
                Some(token) if token.is_code() && token.digits <= 2 && token.gap <= 1 => at += 1,
                _ => break,
            }
        }
        self.parting(at)
    }

    /// Words with capitals and a house number right before `end`; also whether they hold a word for a street.
    pub(super) fn named_house(&self, end: usize) -> Option<(usize, bool)> {
        let mut number = end;
        // `31 B`, `14 b`.
        if number > 0
            && self.get(number - 1).is_some_and(|token| token.is_word() && token.letters == 1)
            && number > 1
            && self.get(number - 2).is_some_and(Token::is_code)
        {
            number -= 1;
        }
        // `14 A 12`.
        if number == end
            && end >= 3
            && self.get(end - 1).is_some_and(|token| token.is_code() && token.digits <= 3)
            && self.get(end - 2).is_some_and(|token| token.is_word() && token.letters == 1 && token.capital)
            && self.get(end - 3).is_some_and(Token::is_code)
        {
            number = end - 2;
        }
        let from = self.house_before(number)?;
        // `978-605-0000-41-7`: a number of something else.
        if self.dashes(from, number) > 2 {
            return None;
        }
        if from == 0 || self.get(from).is_some_and(|token| token.gap != 1) && !self.sign(from - 1).is_some_and(is_comma)
        {
            return None;
        }
        let name_end = if self.sign(from - 1).is_some_and(is_comma) { from - 1 } else { from };
        let (mut begin, mut names, mut small) = (name_end, 0, 0);
        let mut street = false;
        let mut at = name_end;
        while at > 0 && name_end - at < 8 {
            let token = self.get(at - 1)?;
            match token.kind {
                Kind::Word if token.name_like() && !(token.role.any(Role::STOP) && token.letters > 2) && names < 4 => {
                    names += 1;
                    begin = at - 1;
                    street |= token.role.any(Role::STREET);
                }
                // `el disco LaCie a Gabriela Mistral 417`.
                Kind::Word
                    if token.letters == 1 && !token.capital && matches!(self.spelt(at - 1), "a" | "e" | "y" | "o") =>
                {
                    break;
                }
                // `Pod gradom`, `Am alten Markt`: small words inside.
                Kind::Word
                    if small < 2 && !token.name_like() && !token.flags.any(Flags::WORD)
                        || token.is_word() && token.role.any(Role::PARTICLE) =>
                {
                    small += 1
                }
                // The full stop of a short form, not of a sentence.
                Kind::Sign('.')
                    if at > 1 && self.tight(at - 1) && self.get(at - 2).is_some_and(|word| word.letters <= 3) => {}
                Kind::Sign('-' | '\'' | '’') if self.tight(at - 1) => {}
                _ => break,
            }
            if token.gap == 2 {
                break;
            }
            at -= 1;
        }
        (names > 0).then_some((begin, street))
    }

    /// `B-604`, `C-12/3`: a flat by its block.
    pub(super) fn flat_code(&self, at: usize) -> bool {
        self.get(at).is_some_and(|token| token.is_word() && token.capital && token.letters <= 2)
            && self.dash(at + 1)
            && self.tight(at + 1)
            && self.tight(at + 2)
            && self.get(at + 2).is_some_and(|token| token.is_code() && token.digits <= 4)
    }

    /// A part of a building where people live: needs more of an address beside it.
    fn home(&self, at: usize) -> Option<Core> {
        let token = self.get(at)?;
        let core = |from, to, needs| Some(Core { from, to, score: 0.7, rule: "home and place", needs });
        if !(token.capital || token.caseless || token.letters > 1) {
            return None;
        }
        let to = self.unit(at)?;
        // `Los Leones 1447, depto 91`.
        let comma = at.checked_sub(1).filter(|before| self.sign(*before).is_some_and(is_comma));
        if let Some((from, _)) = self.named_house(comma.unwrap_or(at)) {
            return core(from, to, Needs::Nothing);
        }
        (token.capital || token.caseless).then_some(())?;
        core(at, to, Needs::More)
    }
}
