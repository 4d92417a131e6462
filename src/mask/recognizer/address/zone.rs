//! A few lines of tokens, and the small shapes that addresses are made of: house numbers, postcodes, parts.

use super::tokens::{Kind, Role, Token};
use crate::mask::lexicon::Flags;

/// The tokens of neighbouring lines.
pub(super) struct Zone<'t> {
    pub(super) text: &'t str,
    pub(super) tokens: Vec<Token>,
}

/// How sure a postcode is by its shape alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Sure {
    /// Four to six digits.
    Low,
    /// Digits parted as few other numbers are.
    Middle,
    /// A shape that nothing else has.
    High,
}

/// A postcode.
#[derive(Clone, Copy, Debug)]
pub(super) struct Postcode {
    /// The token behind it.
    pub(super) end: usize,
    pub(super) sure: Sure,
}

/// What a part of an address holds, as bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Holds(u16);

impl Holds {
    pub(super) const CODE: Self = Self(1);
    pub(super) const PLACE: Self = Self(1 << 1);
    pub(super) const UNIT: Self = Self(1 << 2);
    pub(super) const FLOOR: Self = Self(1 << 3);
    pub(super) const STREET: Self = Self(1 << 4);
    pub(super) const AREA: Self = Self(1 << 5);
    pub(super) const STATE: Self = Self(1 << 6);
    pub(super) const DIGIT: Self = Self(1 << 7);
    pub(super) const YEAR: Self = Self(1 << 8);
    pub(super) const HOME: Self = Self(1 << 9);
    /// A weak word for a street.
    pub(super) const WEAK: Self = Self(1 << 10);
    /// An ordinary word of the lexicon.
    pub(super) const WORD: Self = Self(1 << 11);
    /// A code that is sure, or that stands beside a name.
    pub(super) const SURE_CODE: Self = Self(1 << 12);
    /// A word of some script without capitals.
    pub(super) const CASELESS: Self = Self(1 << 13);
    /// A job or a company.
    pub(super) const OTHER: Self = Self(1 << 14);

    pub(super) const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(super) const fn any(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    pub(super) const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    pub(super) fn add(&mut self, other: Self) {
        self.0 |= other.0;
    }
}

/// What stands between two separators.
#[derive(Clone, Copy, Debug)]
pub(super) struct Part {
    /// The token behind the last one that fits.
    pub(super) end: usize,
    /// Whether a separator follows there.
    pub(super) clean: bool,
    pub(super) holds: Holds,
    /// Words of names.
    pub(super) names: u8,
    /// Given names and surnames among them.
    pub(super) people: u8,
}

impl Part {
    /// It is spelt as a name of a person is.
    pub(super) fn personal(&self) -> bool {
        self.people > 0
            && self.names <= 4
            && self.people * 2 >= self.names
            && !self
                .holds
                .any(Holds::CODE.or(Holds::PLACE).or(Holds::UNIT).or(Holds::STREET).or(Holds::AREA).or(Holds::DIGIT))
    }
}

/// What parts one part from the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Parting {
    /// Nothing: the part goes on.
    None,
    Comma,
    /// A comma at the end of a line.
    CommaLine,
    Dash,
    Line,
    Wide,
    Bracket,
    /// No address goes on over it.
    End,
}

pub(super) const DASHES: [char; 5] = ['-', '–', '—', '‑', '―'];
pub(super) const QUOTES: [char; 10] = ['"', '„', '“', '”', '«', '»', '\'', '’', '׳', '״'];

pub(super) fn is_comma(sign: char) -> bool {
    matches!(sign, ',' | '،' | '，' | '、')
}

impl<'t> Zone<'t> {
    pub(super) fn get(&self, at: usize) -> Option<&Token> {
        self.tokens.get(at)
    }

    pub(super) fn role(&self, at: usize) -> Role {
        self.get(at).map_or(Role::NONE, |token| token.role)
    }

    pub(super) fn sign(&self, at: usize) -> Option<char> {
        self.get(at).and_then(Token::sign)
    }

    pub(super) fn spelt(&self, at: usize) -> &'t str {
        self.get(at).map_or("", |token| &self.text[token.start..token.end])
    }

    pub(super) fn is_break(&self, at: usize) -> bool {
        self.get(at).is_none_or(|token| token.kind == Kind::Break)
    }

    /// Nothing between this token and the one before it.
    pub(super) fn tight(&self, at: usize) -> bool {
        self.get(at).is_some_and(|token| token.gap == 0 && token.kind != Kind::Break)
    }

    fn shape(&self, at: usize, shape: &str) -> bool {
        self.get(at).is_some_and(|token| token.is_code() && token.shape.is(shape))
    }

    /// `-` or `/` with nothing around it.
    pub(super) fn joint(&self, at: usize) -> bool {
        self.sign(at).is_some_and(|sign| sign == '/' || DASHES.contains(&sign)) && self.tight(at) && self.tight(at + 1)
    }

    pub(super) fn dash(&self, at: usize) -> bool {
        self.sign(at).is_some_and(|sign| DASHES.contains(&sign))
    }

    /// The token behind a house number that begins here: `12`, `12a`, `12-14`, `61/2/14`, `47/VI`.
    pub(super) fn house(&self, at: usize) -> Option<usize> {
        let token = self.get(at).filter(|token| token.is_code() && token.digits <= 5 && token.digits > 0)?;
        let spelt = self.spelt(at);
        let lettered = match token.letters {
            0 | 1 => true,
            3 => spelt.ends_with("bis") || spelt.ends_with("ter"),
            _ => false,
        };
        if !lettered || !spelt.starts_with(char::is_numeric) {
            return None;
        }
        // A sum, a share, a decimal.
        let before = at.checked_sub(1);
        if before.and_then(|before| self.sign(before)).is_some_and(|sign| {
            matches!(sign, '$' | '€' | '£' | '¥' | '₹' | '+' | '~' | '<' | '>' | '@' | '=' | '%' | '₦' | '×')
        }) || before.is_some_and(|before| {
            self.sign(before).is_some_and(|sign| matches!(sign, '.' | ','))
                && self.tight(at)
                && self.tight(before)
                && before.checked_sub(1).and_then(|digits| self.get(digits)).is_some_and(Token::is_code)
        }) {
            return None;
        }
        let mut end = at + 1;
        for _ in 0..4 {
            let fits = self.joint(end)
                && self.get(end + 1).is_some_and(|next| {
                    next.is_code() && next.digits <= 5 && next.letters <= 2 || next.is_word() && next.letters <= 3
                });
            if !fits {
                break;
            }
            end += 2;
        }
        if end > at + 1 && token.year(self.text) && self.get(at + 2).is_some_and(|token| token.year(self.text)) {
            return None;
        }
        let behind = self.sign(end);
        let decimal = matches!(behind, Some('.' | ',' | ':'))
            && self.tight(end)
            && self.tight(end + 1)
            && self.get(end + 1).is_some_and(Token::is_code);
        let share =
            matches!(behind, Some('%' | '+' | '°' | '€' | '×' | '–' | '-')) && self.tight(end) && !self.tight(end + 1)
                || matches!(behind, Some('%' | '€' | '°'));
        // `11. ledna 2025`: a day.
        let day = behind == Some('.')
            && end == at + 1
            && token.digits <= 2
            && self.get(end + 1).is_some_and(|month| {
                month.is_word() && month.letters > 3 && crate::mask::recognizer::date::is_month(self.spelt(end + 1))
            });
        (!decimal && !share && !day).then_some(end)
    }

    /// A house number that is no year.
    pub(super) fn plain_house(&self, at: usize) -> Option<usize> {
        self.house(at).filter(|end| *end > at + 1 || !self.get(at).is_some_and(|token| token.year(self.text)))
    }

    /// The token that begins a house number which ends before `end`, with the `No.` before it.
    pub(super) fn house_before(&self, end: usize) -> Option<usize> {
        let mut at = end.checked_sub(1)?;
        for _ in 0..4 {
            if at >= 2
                && self.joint(at - 1)
                && self.get(at - 2).is_some_and(|token| token.is_code() || token.is_word() && token.letters <= 2)
            {
                at -= 2;
            }
        }
        if self.get(at).is_some_and(Token::is_word) && at + 2 < end {
            // `B-12`.
            self.house(at + 2).filter(|found| *found == end)?;
        } else {
            self.plain_house(at).filter(|found| *found == end)?;
        }
        Some(self.number_before(at))
    }

    /// Where the `No.` before a number begins, if there is one.
    pub(super) fn number_before(&self, mut at: usize) -> usize {
        let begin = at;
        while at > 0 && matches!(self.sign(at - 1), Some('#' | '№' | '.' | ':' | '°' | '-')) && begin - at < 2 {
            at -= 1;
        }
        if at > 0 && self.role(at - 1).any(Role::NUMBER) && self.get(at - 1).is_some_and(Token::is_word) {
            let mut start = at - 1;
            if start > 0
                && self.get(start - 1).is_some_and(Token::is_word)
                && self.role(start - 1).any(Role::HOME)
                && self.role(start - 1).any(Role::UNIT)
            {
                start -= 1;
            }
            return start;
        }
        match self.sign(at) {
            Some('#' | '№') => at,
            _ => begin,
        }
    }

    /// Skips `No.`, `n.º`, `#` and the like; also says whether there was one.
    pub(super) fn skip_number_word(&self, mut at: usize) -> (usize, bool) {
        let mut seen = false;
        for _ in 0..4 {
            match self.get(at) {
                Some(token) if token.is_word() && token.role.any(Role::NUMBER) && !seen => seen = true,
                Some(token) if token.is_word() && token.letters == 1 && token.gap == 0 && seen => {}
                Some(token) if matches!(token.sign(), Some('#' | '№')) => seen = true,
                Some(token) if seen && matches!(token.sign(), Some('.' | ':' | '°' | '-' | '–')) => {}
                _ => break,
            }
            at += 1;
        }
        (at, seen)
    }

    /// A postcode that begins here.
    pub(super) fn postcode(&self, at: usize) -> Option<Postcode> {
        let token = self.get(at)?;
        let found = |end, sure| Some(Postcode { end, sure });
        if token.is_word() {
            // `CH-6454`, `GA-118-4471`, `S(560417)`.
            if !token.capital || token.letters > 3 {
                return None;
            }
            if self.joint(at + 1) && self.dash(at + 1) {
                let digits = self.get(at + 2).filter(|code| code.is_code() && code.letters == 0)?;
                if digits.digits == 3
                    && token.letters == 2
                    && self.joint(at + 3)
                    && (self.shape(at + 4, "9999") || self.shape(at + 4, "999"))
                {
                    return found(at + 5, Sure::High);
                }
                let spelt = self.spelt(at);
                if (4..=6).contains(&digits.digits) && COUNTRY_CODES.contains(&spelt) {
                    let end = at + 3;
                    let more = digits.digits == 3 && self.shape(end, "99");
                    return found(end + usize::from(more), Sure::Middle);
                }
                if digits.digits == 3 && COUNTRY_CODES.contains(&spelt) && self.shape(at + 3, "99") {
                    return found(at + 4, Sure::Middle);
                }
                return None;
            }
            if self.spelt(at) == "S" && self.sign(at + 1) == Some('(') && self.shape(at + 2, "999999") {
                return found(at + 4, Sure::High);
            }
            return None;
        }
        if !token.is_code() {
            return None;
        }
        let next = self.get(at + 1);
        let close = next.is_some_and(|next| next.gap <= 1 && next.kind != Kind::Break);
        let before = at.checked_sub(1);
        // `New Delhi-110075`.
        let city = before.is_some_and(|before| {
            self.sign(before) == Some('-')
                && self.tight(before)
                && token.letters == 0
                && token.digits >= 4
                && before.checked_sub(1).and_then(|word| self.get(word)).is_some_and(|word| {
                    word.is_word() && word.capital && word.letters > 3 && word.flags.any(PLACES.or(Flags::HEAD))
                })
        });
        let joined = !city
            && before.is_some_and(|before| {
                self.tight(at)
                    && self
                        .sign(before)
                        .is_some_and(|sign| !matches!(sign, '(' | ',' | '"' | '„' | '，' | '〒' | '|' | ':'))
            });
        if token.letters > 0 && token.capital && !joined {
            const OUTWARD: [&str; 6] = ["A9", "A99", "AA9", "AA99", "A9A", "AA9A"];
            if OUTWARD.iter().any(|shape| token.shape.is(shape)) && close && next.is_some_and(|next| next.gap == 1) {
                if self.shape(at + 1, "9AA") {
                    let unit = self.spelt(at + 1).get(1..).unwrap_or_default();
                    let first = self.spelt(at).as_bytes().first().copied().unwrap_or_default();
                    let measure = ["GB", "MB", "KB", "TB", "AM", "PM", "HZ", "KM", "CM", "MM"].contains(&unit);
                    if !measure && !matches!(first, b'Q' | b'V' | b'X') {
                        return found(at + 2, Sure::High);
                    }
                }
                // Irish.
                if (token.shape.is("A99") || token.shape.is("A9A"))
                    && ["AA99", "A9A9", "AA9A", "A999", "A99A", "A9AA", "9AAA", "9AA9", "99AA"]
                        .iter()
                        .any(|shape| self.shape(at + 1, shape))
                {
                    return found(at + 2, Sure::High);
                }
            }
            if token.shape.is("A9A")
                && (close && self.shape(at + 1, "9A9") || self.joint(at + 1) && self.shape(at + 2, "9A9"))
            {
                return found(if self.joint(at + 1) { at + 3 } else { at + 2 }, Sure::High);
            }
            return match () {
                () if token.shape.is("A9A9A9") || token.shape.is("A9999AAA") => found(at + 1, Sure::High),
                () if token.shape.is("AAAA9999") || token.shape.is("A9999") => found(at + 1, Sure::Low),
                () => None,
            };
        }
        if token.letters > 0 || joined {
            return None;
        }
        let grouped = |first: &str, second: &str| {
            token.shape.is(first) && next.is_some_and(|next| next.gap == 1) && self.shape(at + 1, second)
        };
        let hyphened = |first: &str, second: &str| {
            token.shape.is(first) && self.joint(at + 1) && self.dash(at + 1) && self.shape(at + 2, second)
        };
        let hyphened_end = at + 3;
        let follows = |end: usize| {
            // A third group of digits makes it another number.
            self.get(end).is_some_and(|token| token.is_code() && token.letters == 0 && token.gap <= 1)
                || self.joint(end) && self.get(end + 1).is_some_and(Token::is_code)
        };
        let preceded = before.is_some_and(|before| {
            self.get(before).is_some_and(|token| token.is_code() && token.letters == 0 && token.digits > 1)
                && token.gap == 1
        });
        if [("99", "999"), ("99999", "999"), ("9999", "999"), ("999", "9999"), ("99999", "9999")]
            .iter()
            .any(|(first, second)| hyphened(first, second))
        {
            return if follows(hyphened_end) { None } else { found(hyphened_end, Sure::Middle) };
        }
        if (grouped("999", "99") || grouped("999", "999")) && !follows(at + 2) && !preceded {
            return found(at + 2, Sure::Middle);
        }
        if follows(at + 1) || preceded {
            return None;
        }
        if token.shape.is("9999")
            && let Some(letters) =
                next.filter(|next| next.is_word() && next.letters == 2 && next.shouted && next.gap <= 1)
        {
            let _ = letters;
            let named = self.get(at + 2).is_some_and(|place| place.is_word() && place.capital && place.gap == 1);
            if !token.year(self.text) {
                return found(at + 2, if named { Sure::High } else { Sure::Middle });
            }
            if named {
                return found(at + 2, Sure::Low);
            }
        }
        match token.digits {
            4..=6 => found(at + 1, Sure::Low),
            _ => None,
        }
    }

    /// The token behind a unit with its number: `Flat 12`, `apt. 3B`, `No:42`, `кв. 5`, `#03-07`.
    pub(super) fn unit(&self, at: usize) -> Option<usize> {
        let token = self.get(at)?;
        if token.is_sign('#') {
            // `PR #88` is in no state.
            let change = at > 0
                && matches!(
                    self.spelt(at - 1),
                    "PR" | "MR" | "CL" | "Issue" | "issue" | "Bug" | "bug" | "Ticket" | "ticket"
                );
            return if change { None } else { self.house(at + 1) };
        }
        if !token.is_word() || !token.role.any(Role::UNIT.or(Role::NUMBER)) {
            return None;
        }
        let mut next = at + 1;
        for _ in 0..3 {
            let skip = matches!(self.sign(next), Some('.' | ':' | '#' | '-' | '№' | '–' | '°'))
                || self.get(next).is_some_and(|word| {
                    // `bât. C`: the letter itself, not `č.` before a number.
                    let letter = word.letters == 1 && word.capital && self.sign(next + 1) != Some('.');
                    word.is_word() && word.role.any(Role::NUMBER) && word.gap <= 1 && word.letters < 8 && !letter
                });
            if !skip {
                break;
            }
            next += 1;
        }
        let value = self.get(next).filter(|value| value.gap <= 1)?;
        if value.is_code() && value.digits <= 5 && value.letters <= 2 {
            if value.year(self.text) && !self.joint(next + 1) {
                return None;
            }
            let mut end = next + 1;
            while end < next + 7
                && (self.joint(end) || self.sign(end) == Some('.') && self.tight(end) && self.tight(end + 1))
                && self.get(end + 1).is_some_and(|more| more.is_code() || more.is_word() && more.letters <= 2)
            {
                end += 2;
            }
            return Some(end);
        }
        // `Flat C`, `Block C-II`, `em. III`.
        let roman = value.letters <= 4 && self.spelt(next).bytes().all(|byte| matches!(byte, b'I' | b'V' | b'X'));
        if value.is_word() && (value.letters == 1 && (value.capital || value.caseless) || roman) {
            let mut end = next + 1;
            // `כניסה ב'`.
            if matches!(self.sign(end), Some('\'' | '׳')) && self.tight(end) && value.caseless {
                return Some(end + 1);
            }
            for _ in 0..3 {
                let more = (self.joint(end) || self.sign(end) == Some('.') && self.tight(end) && self.tight(end + 1))
                    && self.get(end + 1).is_some_and(|more| more.is_code() || more.is_word() && more.letters <= 3);
                if !more {
                    break;
                }
                end += 2;
            }
            return Some(end);
        }
        None
    }

    /// Whether the full stop at `at` ends a sentence rather than a short form.
    pub(super) fn ends_sentence(&self, at: usize) -> bool {
        let Some(before) = at.checked_sub(1).and_then(|before| self.get(before)) else { return true };
        let next = self.get(at + 1);
        if next.is_none_or(|next| next.kind == Kind::Break) {
            return before.letters > 4 || before.is_code();
        }
        if self.tight(at + 1) {
            return false;
        }
        if before.is_code() {
            // `47. II. em.`, `999. II/4.`
            let roman = next.is_some_and(|next| next.is_word() && next.letters <= 4)
                && self.spelt(at + 1).bytes().all(|byte| matches!(byte, b'I' | b'V' | b'X'))
                && (self.sign(at + 2) == Some('.')
                    || self.joint(at + 2) && self.get(at + 3).is_some_and(Token::is_code));
            // `4. th.`, `3. OG`, `2. em.`; not `at number 12. Then`.
            return !roman
                && !next.is_some_and(|next| {
                    next.is_word()
                        && (next.role.any(Role::FLOOR.or(Role::UNIT).or(Role::AFTER)) && !next.role.any(Role::STOP))
                });
        }
        if !before.is_word() {
            return true;
        }
        let spelt = self.spelt(at - 1);
        let short = before.letters <= 2
            || spelt.contains('.')
            || spelt.len() <= 5 && spelt.bytes().all(|byte| matches!(byte, b'I' | b'V' | b'X'))
            || before.letters <= 5
                && before.role != Role::NONE
                && !before.role.any(Role::STOP)
                && vowels(self.spelt(at - 1)) <= 1
                && !WHOLE.contains(&self.spelt(at - 1))
            || before.letters == 3
                && vowels(self.spelt(at - 1)) <= 1
                && before.capital
                && !before.flags.any(Flags::PLACE);
        !short
    }

    /// What parts the part that ends before `at` from the next, and where that begins.
    pub(super) fn parting(&self, at: usize) -> (Parting, usize) {
        let Some(token) = self.get(at) else { return (Parting::End, at) };
        match token.kind {
            Kind::Break => (Parting::Line, at + 1),
            _ if token.gap == 2 && !matches!(token.kind, Kind::Sign(_)) => (Parting::Wide, at),
            Kind::Sign(sign) if is_comma(sign) => {
                if self.get(at + 1).is_some_and(|next| next.kind == Kind::Break) {
                    (Parting::CommaLine, at + 2)
                } else {
                    (Parting::Comma, at + 1)
                }
            }
            Kind::Sign(sign) if DASHES.contains(&sign) && !self.is_break(at + 1) => {
                if self.tight(at) && self.tight(at + 1) { (Parting::None, at + 1) } else { (Parting::Dash, at + 1) }
            }
            Kind::Sign('(' | '（') => (Parting::Bracket, at + 1),
            Kind::Sign('/') => (Parting::None, at + 1),
            Kind::Sign('.') => {
                if self.ends_sentence(at) {
                    (Parting::End, at)
                } else if self.sign(at + 1).is_some_and(is_comma) {
                    self.parting(at + 1)
                } else if self.is_break(at + 1) {
                    (Parting::Line, at + 2)
                } else {
                    (Parting::None, at + 1)
                }
            }
            Kind::Sign('#' | '№') => (Parting::None, at),
            // A letter in quotes: `6º "B"`.
            Kind::Sign('"' | '“' | '„' | '«')
                if token.gap == 1
                    && self.tight(at + 1)
                    && self.get(at + 1).is_some_and(|token| token.letters == 1 || token.is_code())
                    && self.sign(at + 2).is_some_and(|sign| QUOTES.contains(&sign)) =>
            {
                (Parting::None, at)
            }
            Kind::Sign(_) => (Parting::End, at),
            Kind::Word | Kind::Code => (Parting::None, at),
        }
    }
}

pub(super) const PLACES: Flags = Flags::PLACE.or(Flags::ALSO_PLACE);

/// Short words that are whole.
const WHOLE: &[&str] =
    &["Road", "Lane", "Park", "Hill", "Row", "Way", "Walk", "Rise", "York", "Path", "Gate", "Loop", "Farm"];

/// What stands before a code and a hyphen.
const COUNTRY_CODES: &[&str] = &[
    "A", "AT", "AD", "AX", "B", "BE", "BG", "BY", "CH", "CY", "CZ", "D", "DE", "DK", "E", "EE", "ES", "EST", "F", "FI",
    "FIN", "FL", "FO", "FR", "GL", "GR", "H", "HR", "HU", "I", "IS", "IT", "L", "LI", "LT", "LU", "LV", "MC", "MD",
    "ME", "MK", "MT", "N", "NL", "NO", "P", "PL", "PT", "RO", "RS", "S", "SE", "SI", "SK", "SLO", "TR", "UA", "VA",
    "AZ", "GE", "TN", "MA",
];

fn vowels(word: &str) -> usize {
    word.chars().filter(|c| matches!(c.to_ascii_lowercase(), 'a' | 'e' | 'i' | 'o' | 'u')).count()
}
