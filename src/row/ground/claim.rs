//! What a text claims and its support does not hold.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::entity::Names;
use super::number::{Date, Form, Hedge, Number, Numbers, read};
use super::units::Unit;

/// What kind of thing is not supported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// A number.
    Number,
    /// A year, a day, a month with its year.
    Date,
    /// A share in percent.
    Percent,
    /// An amount of money.
    Money,
    /// A name, a tool, a placeholder.
    Entity,
    /// The number stands there, with another unit.
    Unit,
}

impl What {
    /// In words, for a reason.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Number => "number",
            Self::Date => "date",
            Self::Percent => "percentage",
            Self::Money => "amount",
            Self::Entity => "name",
            Self::Unit => "unit",
        }
    }
}

/// Something in a text that its support does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// Bytes of the text.
    pub range: Range<usize>,
    /// Those bytes. Never to be logged: they are the teacher's words about a person.
    pub text: String,
    /// What it is.
    pub what: What,
}

/// Whether numbers may be worked out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arithmetic {
    /// Every number must stand in the support.
    Strict,
    /// Sums, differences, products, ratios and percentages of two supported numbers count too, within rounding, and
    /// so do those worked out before in the same text: a chain of thought may calculate.
    Allowed,
}

/// Texts that may hold up a claim, read once.
#[derive(Clone, Debug)]
pub struct Support {
    texts: Vec<String>,
    numbers: Numbers,
    names: Names,
}

/// Numbers that calendars, clocks and percentages put into a calculation.
const CONSTANTS: [f64; 12] = [2.0, 4.0, 7.0, 10.0, 12.0, 24.0, 30.0, 52.0, 60.0, 100.0, 365.0, 1000.0];

impl Support {
    /// Reads the support: the passage, and whatever else the row may lean on, such as its own question.
    #[must_use]
    pub fn read(support: &[&str]) -> Self {
        let mut numbers = Numbers::default();
        for text in support {
            let mut one = read(text, true);
            for placeholder in placeholders(text) {
                one.numbers.retain(|n| n.range.end <= placeholder.start || n.range.start >= placeholder.end);
            }
            // `3 minutes 50 seconds` is also 230 seconds.
            let sums: Vec<Number> =
                one.numbers.windows(2).filter_map(|pair| summed(text, &pair[0], &pair[1])).flatten().collect();
            numbers.numbers.extend(one.numbers);
            numbers.numbers.extend(sums);
            numbers.dates.extend(one.dates);
            numbers.nothing |= one.nothing;
        }
        Self { texts: support.iter().map(|t| (*t).to_owned()).collect(), numbers, names: Names::read(support) }
    }

    /// What `text` says beyond the support, in the order of the text: numbers by value (`12k` is `twelve thousand`),
    /// units, dates, and names whatever their case. Small number words, weekdays, months and first words of sentences
    /// claim nothing. A placeholder such as `[PERSON_1]` must stand in the support as it is.
    #[must_use]
    pub fn unsupported(&self, text: &str, arithmetic: Arithmetic) -> Vec<Claim> {
        let mut out: Vec<(Range<usize>, What)> = Vec::new();
        let placeholders = placeholders(text);
        for range in &placeholders {
            if !self.texts.iter().any(|t| t.contains(&text[range.clone()])) {
                out.push((range.clone(), What::Entity));
            }
        }
        let apart = |range: &Range<usize>| placeholders.iter().all(|p| range.end <= p.start || range.start >= p.end);
        let read = read(text, false);
        let mut known: Vec<f64> = Vec::new();
        if arithmetic == Arithmetic::Allowed {
            known.extend(self.numbers.numbers.iter().flat_map(|n| n.values.iter().copied()));
            // Quantities of different size are compared in their smallest unit.
            known.extend(self.numbers.numbers.iter().filter_map(|n| match n.unit {
                Unit::Measure(_, times) if times != 1.0 => Some(n.values.first()? * times),
                _ => None,
            }));
        }
        for number in read.numbers.iter().filter(|n| apart(&n.range)) {
            let fault = self.fault(number);
            if arithmetic == Arithmetic::Allowed {
                let worked_out = fault.is_some() && worked_out(number, &known);
                if fault.is_none() || worked_out {
                    known.extend(number.values.first());
                    continue;
                }
            }
            if let Some(what) = fault {
                out.push((number.range.clone(), of_date(number, &read.dates).unwrap_or(what)));
            }
        }
        for date in read.dates.iter().filter(|d| apart(&d.range)) {
            let told = out.iter().any(|(r, _)| r.start < date.range.end && date.range.start < r.end);
            if !told && self.contradicts(date) {
                out.push((date.range.clone(), What::Date));
            }
        }
        out.extend(self.names.missing(text).into_iter().filter(apart).map(|range| (range, What::Entity)));
        out.sort_by_key(|(range, _)| (range.start, range.end));
        out.into_iter().map(|(range, what)| Claim { text: text[range.clone()].to_owned(), range, what }).collect()
    }

    /// What is wrong with a number, if anything.
    fn fault(&self, claim: &Number) -> Option<What> {
        if claim.idle || (claim.values.contains(&0.0) && self.numbers.nothing) {
            return None;
        }
        let mut near = false;
        for own in &self.numbers.numbers {
            match compare(claim, own) {
                Match::Yes => return None,
                Match::OtherUnit => near = true,
                Match::No => {}
            }
        }
        Some(match claim.unit {
            Unit::Percent => What::Percent,
            Unit::Money(_) => What::Money,
            Unit::Measure(..) if near => What::Unit,
            _ if year(claim) || matches!(claim.form, Form::Clock(..) | Form::Decade) => What::Date,
            _ => What::Number,
        })
    }

    /// Whether the support dates the same year or day otherwise.
    fn contradicts(&self, claim: &Date) -> bool {
        let dates = &self.numbers.dates;
        let same = |a: Option<u32>, b: Option<u32>| a.is_none() || b.is_none() || a == b;
        let alike = |d: &&Date| d.month == claim.month && same(d.day, claim.day) && same(d.year, claim.year);
        if dates.iter().any(|d| alike(&d)) {
            return false;
        }
        let of_year = claim.year.is_some() && dates.iter().any(|d| d.year == claim.year);
        let of_day = claim.day.is_some() && dates.iter().any(|d| d.month == claim.month && d.day.is_some());
        of_year || of_day
    }
}

/// What `text` says beyond `support`: see [`Support::unsupported`], which reads the support once for many texts.
#[must_use]
pub fn unsupported(text: &str, support: &[&str], arithmetic: Arithmetic) -> Vec<Claim> {
    Support::read(support).unsupported(text, arithmetic)
}

/// Masked values: capitals, an underscore and a number in brackets.
fn placeholders(text: &str) -> Vec<Range<usize>> {
    let mut out = Vec::new();
    for (open, _) in text.match_indices('[') {
        let Some(close) = text[open..].find(']').map(|i| open + i) else { break };
        let name = &text[open + 1..close];
        let shaped = name.rsplit_once('_').is_some_and(|(kind, n)| {
            !kind.is_empty()
                && kind.bytes().all(|b| b.is_ascii_uppercase() || b == b'_')
                && !n.is_empty()
                && n.bytes().all(|b| b.is_ascii_digit())
        });
        if shaped {
            out.push(open..close + 1);
        }
    }
    out
}

/// Two neighbours that measure one thing together.
fn summed(text: &str, a: &Number, b: &Number) -> Option<[Number; 2]> {
    let (Unit::Measure(quantity, big), Unit::Measure(other, small)) = (a.unit, b.unit) else { return None };
    let between = text.get(a.range.end..b.range.start)?.trim_matches([' ', ',', '\u{a0}']);
    if quantity != other || big <= small || !matches!(between, "" | "and" | "und" | "et" | "y") {
        return None;
    }
    let (whole, part) = (*a.values.first()?, *b.values.first()?);
    let range = a.range.start..b.range.end;
    let sum = Number { range, values: vec![(whole * big + part * small) / small], unit: b.unit, ..a.clone() };
    // Written with a colon they look like a time of day.
    let form = Form::Clock((60.0 * whole + part) as u32, false);
    Some([Number { form, unit: Unit::None, ..sum.clone() }, sum])
}

fn equal(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-9 * a.abs().max(b.abs())
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Match {
    Yes,
    OtherUnit,
    No,
}

pub(super) fn compare(claim: &Number, own: &Number) -> Match {
    match (&claim.form, &own.form) {
        (Form::Version(a), Form::Version(b)) => {
            let yes = a == b || b.strip_prefix(a.as_str()).is_some_and(|rest| rest.starts_with('.'));
            return if yes { Match::Yes } else { Match::No };
        }
        (Form::Clock(a, exact), Form::Clock(b, other)) => {
            let yes = a == b || !(*exact && *other) && a % 720 == b % 720;
            return if yes { Match::Yes } else { Match::No };
        }
        (Form::Clock(minutes, _), _) | (_, Form::Clock(minutes, _)) => {
            let hour = f64::from(minutes / 60);
            let other = if matches!(claim.form, Form::Clock(..)) { own } else { claim };
            let loose = matches!(other.unit, Unit::None | Unit::Counted);
            let yes = loose
                && minutes % 60 == 0
                && other.values.iter().any(|v| equal(*v, hour) || equal(*v, hour % 12.0) || equal(*v, hour - 12.0));
            // `3:50` may be minutes and seconds.
            let parts = loose && other.values.iter().any(|v| equal(*v, hour) || equal(*v, f64::from(minutes % 60)));
            return if yes || (parts && matches!(own.form, Form::Clock(..))) { Match::Yes } else { Match::No };
        }
        (Form::Decade, _) | (_, Form::Decade) => {
            let (decade, year) = if claim.form == Form::Decade { (claim, own) } else { (own, claim) };
            let yes = decade.values.iter().any(|d| {
                year.values.iter().any(|y| {
                    [*y, y - 1900.0, y - 2000.0].iter().any(|y| *d <= *y && *y < d + 10.0) || equal(y % 100.0, *d)
                })
            });
            // A decade does not hold up a year of its own.
            return if yes && (claim.form == Form::Decade) { Match::Yes } else { Match::No };
        }
        _ => {}
    }
    let values = claim.values.iter().flat_map(|a| own.values.iter().map(move |b| (*a, *b)));
    let mut outcome = Match::No;
    for (a, b) in values {
        // Turned into one unit.
        if let (Unit::Measure(q, f), Unit::Measure(r, g)) = (claim.unit, own.unit)
            && q == r
        {
            let off = (a * f - b * g).abs() / (b * g).abs().max(f64::MIN_POSITIVE);
            // Rounding happens when units change.
            if off <= if equal(f, g) { 1e-9 } else { 0.02 } || hedged(claim.hedge, a, b * g / f) {
                return Match::Yes;
            }
            if equal(a, b) {
                outcome = Match::OtherUnit;
            }
            continue;
        }
        let share = |percent: f64, part: f64| part < 1.0 && equal(percent, 100.0 * part);
        match (claim.unit, own.unit) {
            (Unit::Percent, Unit::None | Unit::Counted) if share(a, b) => return Match::Yes,
            (Unit::None | Unit::Counted, Unit::Percent) if share(b, a) => return Match::Yes,
            _ => {}
        }
        if equal(a, b) || hedged(claim.hedge, a, b) {
            let fits = match (claim.unit, own.unit) {
                (Unit::None | Unit::Counted, _) | (_, Unit::None) => true,
                (x, y) => x == y,
            };
            if fits {
                return Match::Yes;
            }
            outcome = Match::OtherUnit;
        }
    }
    outcome
}

/// Whether a number that is not meant to be exact is near enough to another.
fn hedged(hedge: Hedge, claimed: f64, own: f64) -> bool {
    let off = (claimed - own) / own.abs().max(f64::MIN_POSITIVE);
    let rounded = equal(claimed, rounded_like(claimed, own)) && claimed.abs() >= 10.0;
    match hedge {
        Hedge::Exact => false,
        Hedge::About => off.abs() <= 0.05 || rounded,
        Hedge::Over => (-0.2..=0.0).contains(&off),
        Hedge::Under => (0.0..=0.2).contains(&off),
    }
}

/// `own`, rounded to as many leading digits as `like` has.
fn rounded_like(like: f64, own: f64) -> f64 {
    let mut step = 1e-3;
    while step < 1e15 && equal((like / (step * 10.0)).round() * step * 10.0, like) {
        step *= 10.0;
    }
    (own / step).round() * step
}

/// Whether a number is the outcome of one step with two known ones.
fn worked_out(claim: &Number, known: &[f64]) -> bool {
    if matches!(claim.form, Form::Version(_)) {
        return false;
    }
    let near = |value: f64| {
        claim.values.iter().any(|claimed| {
            let off = (value - claimed).abs() / claimed.abs().max(f64::MIN_POSITIVE);
            off <= 1e-6
                || (off <= 0.05 && equal(rounded_like(*claimed, value), *claimed))
                || (off <= 0.1 && hedged(claim.hedge, *claimed, value))
        })
    };
    let ratio = |a: f64, b: f64| if b == 0.0 { f64::NAN } else { a / b };
    for (i, a) in known.iter().enumerate() {
        for constant in CONSTANTS {
            if near(*a * constant)
                || near(ratio(*a, constant))
                || near(constant)
                || near(100.0 - a)
                || near(constant - a)
            {
                return true;
            }
        }
        for (j, b) in known.iter().enumerate() {
            let percent = a * b / 100.0;
            let change = 100.0 * ratio(a - b, *b);
            if i != j && (near(a + b) || near(a - b) || near(percent) || near(a - percent) || near(a + percent))
                || near(a * b)
                || near(ratio(*a, *b))
                || near(100.0 * ratio(*a, *b))
                || near(1000.0 * ratio(*a, *b))
                || near(change.abs())
            {
                return true;
            }
        }
    }
    false
}

/// Four digits that are a year.
fn year(number: &Number) -> bool {
    number.form == Form::Digits
        && matches!(number.unit, Unit::None | Unit::Counted)
        && number.range.len() == 4
        && number.values.first().is_some_and(|v| (1900.0..2100.0).contains(v))
}

fn of_date(number: &Number, dates: &[Date]) -> Option<What> {
    dates.iter().any(|d| d.range.start <= number.range.start && number.range.start < d.range.end).then_some(What::Date)
}
