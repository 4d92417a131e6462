//! Addresses behind a word that announces them: a label, a post box, a code with its name.

use super::cores::{Core, Needs};
use super::tokens::{Kind, Role, Token};
use super::zone::Zone;

impl Zone<'_> {
    /// A post box and its number.
    pub(super) fn boxed(&self, at: usize) -> Option<Core> {
        let token = self.get(at)?;
        let spelt = self.spelt(at);
        let mut from = at;
        while from > 0 && at - from < 4 {
            let before = self.get(from - 1)?;
            let first = before.is_word() && before.role.any(Role::BOX_FIRST) && before.gap <= 1;
            let dot = before.is_sign('.') && from > 1 && self.role(from - 2).any(Role::BOX_FIRST);
            if !first && !dot || self.get(from).is_some_and(|token| token.gap == 2) {
                break;
            }
            from -= 1;
        }
        while self.sign(from) == Some('.') {
            from += 1;
        }
        if self.is_plain_box(at) && from == at {
            return None;
        }
        if token.letters <= 3 && !(token.capital || token.caseless) {
            return None;
        }
        // `ת"ד 2184`: the short form is two letters around a quote.
        if spelt == "ד" {
            let quoted = at >= 2 && matches!(self.sign(at - 1), Some('"' | '״' | '\'')) && self.spelt(at - 2) == "ת";
            if !quoted {
                return None;
            }
            from = at - 2;
        }
        let (number, worded) =
            self.skip_number_word(at + 1 + usize::from(matches!(self.sign(at + 1), Some('.' | ':'))));
        let value = self
            .get(number)
            .filter(|value| value.is_code() && value.gap <= 1 && value.letters <= 2 && value.digits <= 7)?;
        let short = token.letters <= 3 && from == at && !worded && spelt.chars().all(char::is_uppercase);
        if short && (value.digits < 2 || !self.bounded(number + 1)) {
            return None;
        }
        let mut to = number + 1;
        while self.dash(to) && self.tight(to) && self.tight(to + 1) && self.get(to + 1).is_some_and(Token::is_code) {
            to += 2;
        }
        while self
            .get(to)
            .is_some_and(|token| token.is_code() && token.gap == 1 && token.letters == 0 && token.digits <= 3)
            && to < number + 3
        {
            to += 1;
        }
        Some(Core { from, to, score: 0.85, rule: "post box", needs: if short { Needs::More } else { Needs::Nothing } })
    }

    /// `box`, `bag`, `locker`: nothing without `post` before them.
    fn is_plain_box(&self, at: usize) -> bool {
        let spelt = self.spelt(at);
        ["box", "bag", "locker", "postal", "pl", "ah", "caixa", "boks", "casilla"]
            .iter()
            .any(|word| spelt.eq_ignore_ascii_case(word))
            && !spelt.eq_ignore_ascii_case("casilla")
            && !spelt.eq_ignore_ascii_case("boks")
    }

    /// `Postcode: LS8 9ZZ`, `"postalCode": "7510000"`.
    pub(super) fn code_labelled(&self, at: usize) -> Option<Core> {
        let token = self.get(at)?;
        let spelt = self.spelt(at);
        let begin = (1..=2).fold(at, |from, _| {
            if from > 0
                && self.get(from - 1).is_some_and(|word| {
                    word.is_word() && word.gap <= 2 && word.role.any(Role::BOX_FIRST.or(Role::CODE))
                })
            {
                from - 1
            } else {
                from
            }
        });
        let starts = begin == 0
            || self.get(begin - 1).is_some_and(|before| {
                before.kind == Kind::Break
                    || before
                        .sign()
                        .is_some_and(|sign| matches!(sign, '|' | '"' | ',' | '•' | '·' | ';' | '{' | '>' | '-' | '–'))
            });
        if !starts
            || spelt.eq_ignore_ascii_case("pin")
            || spelt.eq_ignore_ascii_case("code") && begin == at
            || token.letters < 2
        {
            return None;
        }
        let mut next = at + 1;
        let mut colon = false;
        for _ in 0..5 {
            match self.sign(next) {
                Some(':' | '=' | '|' | '：') => colon = true,
                Some('"' | '.') => {}
                _ => {
                    let code = self.get(next).is_some_and(|word| {
                        word.is_word() && !colon && word.letters <= 6 && word.role.any(Role::CODE.or(Role::STOP))
                    });
                    if !code {
                        break;
                    }
                }
            }
            next += 1;
        }
        if !colon {
            return None;
        }
        let to = match self.postcode(next) {
            Some(code) => code.end,
            None => {
                let value = self
                    .get(next)
                    .filter(|value| value.is_code() && value.digits >= 3 && value.digits <= 10 && value.letters <= 4)?;
                debug_assert!(value.end > value.start);
                next + 1
            }
        };
        Some(Core { from: next, to, score: 0.8, rule: "code behind its label", needs: Needs::Nothing })
    }

    /// What stands behind a label.
    pub(super) fn labelled(&self, at: usize) -> Option<Core> {
        let token = self.get(at)?;
        let street = token.role.any(Role::STREET)
            && token.role.any(Role::LABEL_WEAK)
            && self.sign(at + 1).is_some_and(|sign| matches!(sign, ':' | '"'));
        let strong = token.role.any(Role::LABEL) || street;
        let before = at.checked_sub(1);
        let starts = before.is_none_or(|before| {
            self.get(before).is_some_and(|token| match token.kind {
                Kind::Break => true,
                Kind::Sign(sign) => !matches!(sign, '@' | '/' | '.' | '’' | '\''),
                _ => false,
            })
        }) || token.gap == 2;
        let other = before.is_some_and(|before| {
            self.role(before).any(Role::NOT_LABEL)
                || self.dash(before) && before > 0 && self.role(before - 1).any(Role::NOT_LABEL)
        });
        if other {
            return None;
        }
        let mut next = at + 1;
        let (mut colon, mut dots, mut words) = (false, 0, 0);
        loop {
            let found = self.get(next)?;
            match found.kind {
                Kind::Sign(':' | '=' | '：' | '|') => colon = true,
                Kind::Sign('"') => {}
                Kind::Sign('.') => {
                    dots += 1;
                    colon |= dots > 3;
                    // `Adr. Nansensgade 53`.
                    if dots == 1 && token.letters <= 4 && strong && self.get(next + 1).is_some_and(|next| next.gap == 1)
                    {
                        next += 1;
                        colon = true;
                        break;
                    }
                }
                // `addr – B-604 …`.
                Kind::Sign('-' | '–' | '—')
                    if !colon
                        && words == 0
                        && starts
                        && strong
                        && found.gap > 0
                        && self.get(next + 1).is_some_and(|next| next.gap > 0) =>
                {
                    colon = true;
                }
                Kind::Sign('/' | '(' | ')' | '…' | '-') if !colon => {}
                Kind::Sign('-' | '–' | '>') if colon => {}
                Kind::Break if (colon || starts && words == 0 && next == at + 1) && strong => {
                    if !self.is_break(next + 1) {
                        next += 1;
                        colon = true;
                        break;
                    }
                    return None;
                }
                Kind::Word if !colon && found.gap < 2 && words < 3 => {
                    if found.role.any(Role::NOT_LABEL) {
                        return None;
                    }
                    words += 1;
                }
                _ if found.gap == 2 && !colon && (starts || strong) => {
                    colon = true;
                    break;
                }
                _ => break,
            }
            next += 1;
            if next > at + 60 {
                return None;
            }
        }
        // `ठेगाना बौद्ध-६`: no colon in the middle of a sentence.
        if !colon && strong && token.caseless && self.get(at + 1).is_some_and(|next| next.caseless && next.gap == 1) {
            return Some(Core { from: at + 1, to: at + 1, score: 0.7, rule: "behind its label", needs: Needs::Proof });
        }
        // `adresa sat Brătieni nr. 17`, `correspondence address Trewarne House, …, PL23 1LX`: no colon.
        if !colon && strong && token.letters > 4 && !token.role.any(Role::AREA.or(Role::UNIT)) && !self.dash(at + 1) {
            let value = at + 1;
            let opens = self.get(value).is_some_and(|next| {
                next.gap == 1
                    && (next.is_word() && (next.capital || next.role.any(Role::BEFORE.or(Role::AREA).or(Role::HOME)))
                        || next.is_code())
                    && !next.role.any(Role::STOP.or(Role::LABEL).or(Role::NOT_LABEL))
            });
            if opens {
                return Some(Core {
                    from: value,
                    to: value,
                    score: 0.65,
                    rule: "behind its label",
                    needs: Needs::Proof,
                });
            }
        }
        // Words of a sentence between the label and its colon, or a label within a sentence.
        if !colon || !starts && !strong || words > 0 && !starts {
            return None;
        }
        let needs = if strong { Needs::Value } else { Needs::Proof };
        Some(Core { from: next, to: next, score: 0.85, rule: "behind its label", needs })
    }
}
