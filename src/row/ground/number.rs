//! Numbers as people write them: read by value, with their unit.

use std::ops::Range;

use super::units::{Unit, unit};
use super::words::{FUNCTION, contains, month, ordinal, small, spelled_abroad, tens};

/// How a number is written.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Form {
    /// `12`, `12,000`, `1.5k`.
    Digits,
    /// `twelve`, `a dozen`, `two thirds`.
    Words,
    /// `3rd`, `fourth`.
    Ordinal,
    /// `3.11.4`: compared by its parts.
    Version(String),
    /// `03:40`, `3 am`: minutes after midnight, and whether it is known which half of the day.
    Clock(u32, bool),
    /// `1980s`.
    Decade,
}

/// How exact it wants to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hedge {
    Exact,
    About,
    Over,
    Under,
}

/// One number in a text.
#[derive(Clone, Debug)]
pub(super) struct Number {
    /// Its bytes, with the unit.
    pub range: Range<usize>,
    /// What it may mean: `1.500` is 1.5 or 1500.
    pub values: Vec<f64>,
    pub unit: Unit,
    pub form: Form,
    pub hedge: Hedge,
    /// Says nothing that could be wrong: `one of the`, a list's `1.`, `24/7`.
    pub idle: bool,
}

/// A day, a month, a year, as far as they are given together.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Date {
    pub range: Range<usize>,
    pub day: Option<u32>,
    pub month: u32,
    pub year: Option<u32>,
}

/// Numbers and dates of a text.
#[derive(Clone, Debug, Default)]
pub(super) struct Numbers {
    pub numbers: Vec<Number>,
    pub dates: Vec<Date>,
    /// Whether something is said to be nothing.
    pub nothing: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sort {
    /// Digits with their separators.
    Digits,
    Word,
    /// A letter-first mix such as `EC2`, or `snake_case`: no number.
    Mixed,
    Mark,
}

struct Token<'a> {
    raw: &'a str,
    lower: String,
    range: Range<usize>,
    sort: Sort,
    /// No white space before it.
    glued: bool,
}

impl Token<'_> {
    fn is(&self, text: &str) -> bool {
        self.lower == text
    }

    fn capital(&self) -> bool {
        self.raw.starts_with(char::is_uppercase)
    }
}

fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut out: Vec<Token<'_>> = Vec::new();
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        if c.is_whitespace() {
            at += c.len_utf8();
            continue;
        }
        let rest = &text[at..];
        let (length, sort) = if c.is_ascii_digit() {
            (digits(rest), Sort::Digits)
        } else if c.is_alphabetic() {
            let mut length = run(rest, |c| c.is_alphanumeric() || c == '_');
            // An apostrophe inside a word is of the word.
            while let Some(mark @ ('\'' | '’')) = rest[length..].chars().next() {
                let more = run(&rest[length + mark.len_utf8()..], char::is_alphabetic);
                if more == 0 {
                    break;
                }
                length += mark.len_utf8() + more;
            }
            let mixed = rest[..length].contains(|c: char| c.is_ascii_digit() || c == '_');
            (length, if mixed { Sort::Mixed } else { Sort::Word })
        } else {
            (c.len_utf8(), Sort::Mark)
        };
        let range = at..at + length;
        let raw = &text[range.clone()];
        let glued = out.last().is_some_and(|t| t.range.end == at);
        out.push(Token { raw, lower: raw.to_lowercase(), range, sort, glued });
        at += length;
    }
    out
}

fn run(text: &str, of: impl Fn(char) -> bool) -> usize {
    text.find(|c| !of(c)).unwrap_or(text.len())
}

/// Length of a number with its separators.
fn digits(text: &str) -> usize {
    let mut length = run(text, |c| c.is_ascii_digit());
    let head = length;
    loop {
        let mut chars = text[length..].chars();
        let Some(mark) = chars.next() else { return length };
        let more = run(chars.as_str(), |c| c.is_ascii_digit());
        let takes = match mark {
            '.' | ',' | ':' => more > 0,
            // French, Swiss and ISO groups of three.
            ' ' | '\u{a0}' | '\u{202f}' | '\u{2009}' | '\'' | '’' => {
                head <= 3 && more == 3 && !chars.as_str()[more..].starts_with(char::is_alphabetic)
            }
            _ => false,
        };
        if !takes {
            return length;
        }
        length += mark.len_utf8() + more;
    }
}

/// What a run of digits and separators may mean, the likelier first, or that it is a version.
fn meaning(raw: &str) -> (Vec<f64>, Form) {
    let clean: String =
        raw.chars().filter(|c| !matches!(c, ' ' | '\u{a0}' | '\u{202f}' | '\u{2009}' | '\'' | '’')).collect();
    let number = |s: &str| s.parse::<f64>().ok();
    if let Some((hours, minutes)) = clean.split_once(':') {
        if let (Ok(h), Ok(m)) = (hours.parse::<u32>(), minutes.parse::<u32>())
            && h < 25
            && m < 60
            && minutes.len() == 2
        {
            return (vec![f64::from(h * 60 + m)], Form::Clock(h * 60 + m, h > 12 || h == 0 || hours.starts_with('0')));
        }
        return (clean.split(':').filter_map(number).collect(), Form::Version(clean));
    }
    let marks: Vec<char> = clean.chars().filter(|c| !c.is_ascii_digit()).collect();
    let groups: Vec<&str> = clean.split(['.', ',']).collect();
    let grouped = groups[0].len() <= 3 && groups[0] != "0" && groups[1..].iter().all(|g| g.len() == 3);
    let bare = |s: &str| number(&s.replace(['.', ','], ""));
    let values = match marks.as_slice() {
        [] => number(&clean).into_iter().collect(),
        [mark] => {
            let decimal = number(&clean.replace(',', "."));
            let whole = if grouped { bare(&clean) } else { None };
            let order = if *mark == ',' { [whole, decimal] } else { [decimal, whole] };
            order.into_iter().flatten().collect()
        }
        [first, .., last] if first != last => {
            let at = clean.rfind(*last).unwrap_or_default();
            let value = format!("{}.{}", clean[..at].replace(['.', ','], ""), &clean[at + 1..]);
            number(&value).into_iter().collect()
        }
        [',', ..] => bare(&clean).into_iter().collect(),
        _ if grouped => bare(&clean).into_iter().collect(),
        _ => return (groups.iter().filter_map(|g| number(g)).collect(), Form::Version(clean)),
    };
    (values, Form::Digits)
}

/// What a word or a letter behind a number multiplies it by.
fn multiplier(word: &str, glued: bool) -> Option<f64> {
    Some(match word {
        "k" if glued => 1e3,
        "hundred" => 1e2,
        "thousand" | "tausend" | "mille" | "mil" => 1e3,
        "million" | "millions" | "mio" | "millionen" | "millones" | "mn" => 1e6,
        "billion" | "billions" | "bn" | "mrd" | "milliarden" | "milliards" => 1e9,
        "trillion" | "tn" => 1e12,
        "dozen" => 12.0,
        _ => return None,
    })
}

/// Reads the numbers of a text. `support` also reads the number words of other languages, which in a claim could be
/// ordinary words.
pub(super) fn read(text: &str, support: bool) -> Numbers {
    let tokens = tokens(text);
    let mut out = Numbers::default();
    let mut at = 0;
    while at < tokens.len() {
        let token = &tokens[at];
        if matches!(token.lower.as_str(), "nothing" | "none" | "no" | "zero" | "null" | "nichts" | "rien" | "nada") {
            out.nothing = true;
        }
        let next = match token.sort {
            Sort::Digits => read_digits(text, &tokens, at, &mut out),
            Sort::Word => read_words(&tokens, at, support, &mut out),
            Sort::Mark if matches!(token.raw, "½" | "¼" | "¾") => {
                let value = if token.raw == "½" {
                    0.5
                } else if token.raw == "¼" {
                    0.25
                } else {
                    0.75
                };
                // `2½` is two and a half.
                if token.glued
                    && let Some(last) = out.numbers.last_mut().filter(|n| n.range.end == token.range.start)
                {
                    last.values.iter_mut().for_each(|v| *v += value);
                    last.range.end = token.range.end;
                    at + 1
                } else {
                    finish(&tokens, at, at + 1, vec![value], Form::Words, &mut out)
                }
            }
            _ => at + 1,
        };
        at = next.max(at + 1);
    }
    dates(&tokens, &mut out);
    out
}

fn read_digits(text: &str, tokens: &[Token<'_>], at: usize, out: &mut Numbers) -> usize {
    let token = &tokens[at];
    let (mut values, mut form) = meaning(token.raw);
    let glued_to_word = at > 0 && token.glued && tokens[at - 1].sort == Sort::Mixed;
    if glued_to_word || values.is_empty() {
        return at + 1;
    }
    let mut next = at + 1;
    // A fraction, a date with strokes, or an idiom.
    if let [slash, below, ..] = &tokens[next.min(tokens.len())..]
        && slash.raw == "/"
        && slash.glued
        && below.glued
        && below.sort == Sort::Digits
        && let (Some(a), Some(b)) = (values.first().copied(), meaning(below.raw).0.first().copied())
    {
        let further = tokens.get(next + 2).is_some_and(|t| t.raw == "/" && t.glued);
        let idiom = matches!((token.raw, below.raw), ("24", "7") | ("50", "50") | ("80", "20") | ("20", "20"));
        if idiom || (a < b && b <= 100.0 && !further) {
            let from = out.numbers.len();
            let end = finish(tokens, at, next + 2, vec![a / b], Form::Words, out);
            if idiom && let Some(n) = out.numbers.get_mut(from) {
                n.idle = true;
            }
            return end;
        }
    }
    if let Some(suffix) = tokens.get(next).filter(|t| t.glued && matches!(t.sort, Sort::Word | Sort::Mixed)) {
        let s = suffix.lower.as_str();
        match s {
            "st" | "nd" | "rd" | "th" | "er" | "ème" | "e" => (form, next) = (Form::Ordinal, next + 1),
            "am" | "pm" | "uhr" => {}
            "m" if suffix.raw == "M" => {
                values.iter_mut().for_each(|v| *v *= 1e6);
                next += 1;
            }
            // Metres, minutes or millions.
            "m" => {
                let more: Vec<f64> = values.iter().map(|v| v * 1e6).collect();
                values.extend(more);
                next += 1;
            }
            "b" if suffix.raw == "B" => {
                let more: Vec<f64> = values.iter().map(|v| v * 1e9).collect();
                values.extend(more);
                next += 1;
            }
            "x" => next += 1,
            "s" if values[0] >= 20.0
                && values[0] % 10.0 == 0.0
                && (values[0] >= 1000.0 || values[0] < 100.0)
                && (values[0] >= 1000.0 || preceded(tokens, at, &["the", "'", "’", "early", "late", "mid"])) =>
            {
                (form, next) = (Form::Decade, next + 1);
            }
            _ if multiplier(s, true).is_some() => {}
            _ if unit(s, true).is_some() => {}
            // `3D`, `4K`, `2FA`: a name.
            _ => return at + 2,
        }
    }
    // A list's own numbers: `1.` or `2)` where a line begins, `Step 1`, `[1]`, `#1`.
    let line =
        text[..token.range.start].rsplit('\n').next().unwrap_or_default().trim_start_matches(['*', '#', ' ', '(', '-']);
    let closes = tokens.get(next).is_some_and(|t| t.glued && matches!(t.raw, "." | ")" | ":"));
    let listed = (line.is_empty() && closes && values[0] < 100.0 && tokens.get(next + 1).is_some_and(|t| !t.glued))
        || preceded(tokens, at, &["step", "point", "item", "option", "reason", "schritt", "#", "["]);
    let from = out.numbers.len();
    if form == Form::Digits && at > 0 {
        let before = &tokens[at - 1];
        let named = before.sort == Sort::Word
            && !contains(&FUNCTION, &before.lower)
            && (before.capital() || matches!(before.lower.as_str(), "version" | "v"));
        if named && token.raw.contains('.') && month(&before.lower).is_none() {
            form = Form::Version(token.raw.to_owned());
        }
    }
    let end = finish(tokens, at, next, values, form, out);
    if let Some(n) = out.numbers.get_mut(from) {
        n.idle |= listed;
    }
    end
}

/// A number in words that begins at `at`.
fn read_words(tokens: &[Token<'_>], at: usize, support: bool, out: &mut Numbers) -> usize {
    let word = |i: usize| tokens.get(i).filter(|t| t.sort == Sort::Word).map(|t| t.lower.as_str()).unwrap_or_default();
    let hyphen =
        |i: usize| tokens.get(i).is_some_and(|t| t.glued && t.raw == "-") && tokens.get(i + 1).is_some_and(|t| t.glued);
    let skip = |i: usize| if hyphen(i) { i + 1 } else { i };
    let first = word(at);
    // Fractions that stand by themselves.
    if first == "half" {
        if hyphen(at + 1) && !matches!(word(at + 2), "hour" | "dozen" | "million" | "day" | "year") {
            return at + 1;
        }
        let mut next = skip(at + 1);
        let article = matches!(word(next), "a" | "an");
        next += usize::from(article);
        if let Some(times) = multiplier(word(next), false) {
            return finish(tokens, at, next + 1, vec![0.5 * times], Form::Words, out);
        }
        let measured = unit(word(next), false).is_some();
        let from = out.numbers.len();
        let end = finish(tokens, at, if measured { next } else { at + 1 }, vec![0.5], Form::Words, out);
        // `half` alone is a manner of speaking.
        if let Some(n) = out.numbers.get_mut(from) {
            n.idle = !measured;
        }
        return end;
    }
    if matches!(first, "a" | "an") {
        let Some(times) =
            multiplier(word(at + 1), false).filter(|t| !matches!(word(at + 1), "mil" | "mille") && *t > 1.0)
        else {
            return at + 1;
        };
        let mut end = at + 2;
        let mut value = times;
        if times == 1e2
            && let Some(more) = multiplier(word(end), false)
        {
            value *= more;
            end += 1;
        }
        let from = out.numbers.len();
        let end = finish(tokens, at, end, vec![value], Form::Words, out);
        // A hundred times, a thousand small things.
        if let Some(n) = out.numbers.get_mut(from) {
            n.idle = value != 12.0 && matches!(n.unit, Unit::None | Unit::Counted);
        }
        return end;
    }
    if let Some(value) = ordinal(first) {
        let from = out.numbers.len();
        let end = finish(tokens, at, at + 1, vec![value], Form::Ordinal, out);
        if let Some(n) = out.numbers.get_mut(from) {
            n.idle = value <= 3.0 || n.idle;
        }
        return end;
    }
    let Some((mut value, mut next)) = below_hundred(tokens, at) else {
        if support {
            for value in spelled_abroad(first) {
                finish(tokens, at, at + 1, vec![value], Form::Words, out);
            }
        }
        return at + 1;
    };
    let mut total = 0.0;
    loop {
        let at_multiplier = skip(next);
        match multiplier(word(at_multiplier), false) {
            Some(times) if times == 1e2 || times == 12.0 => {
                value *= times;
                next = at_multiplier + 1;
                let and = usize::from(word(next) == "and");
                if let Some((more, end)) = below_hundred(tokens, next + and) {
                    (value, next) = (value + more, end);
                }
            }
            Some(times) => {
                total += value * times;
                value = 0.0;
                next = at_multiplier + 1;
                let and = usize::from(word(next) == "and");
                match below_hundred(tokens, next + and) {
                    Some((more, end)) => (value, next) = (more, end),
                    None => break,
                }
            }
            None => break,
        }
    }
    total += value;
    // Two thirds, three quarters, two and a half, two point five.
    let part = skip(next);
    let below = match word(part) {
        "half" | "halves" => 2.0,
        "third" | "thirds" => 3.0,
        "quarter" | "quarters" => 4.0,
        w => ordinal(w.strip_suffix('s').unwrap_or_default()).unwrap_or_default(),
    };
    if below > 1.0 && total < below {
        let from = out.numbers.len();
        let end = finish(tokens, at, part + 1, vec![total / below], Form::Words, out);
        // One half of a keyboard.
        if let Some(n) = out.numbers.get_mut(from) {
            n.idle = below == 2.0 && matches!(n.unit, Unit::None | Unit::Counted);
        }
        return end;
    }
    if word(next) == "and" && word(next + 1) == "a" && matches!(word(next + 2), "half" | "quarter") {
        let more = if word(next + 2) == "half" { 0.5 } else { 0.25 };
        return finish(tokens, at, next + 3, vec![total + more], Form::Words, out);
    }
    if word(next) == "point"
        && let Some(digit) = small(word(next + 1)).filter(|d| *d < 10.0)
    {
        return finish(tokens, at, next + 2, vec![total + digit / 10.0], Form::Words, out);
    }
    let from = out.numbers.len();
    let end = finish(tokens, at, next, vec![total], Form::Words, out);
    if let Some(n) = out.numbers.get_mut(from) {
        let loose = matches!(n.unit, Unit::None | Unit::Counted);
        // `one day`, `one second`: told, not measured.
        let told = total == 1.0 && !matches!(n.unit, Unit::Percent | Unit::Money(_));
        n.idle = total == 0.0 || (total <= 3.0 && (loose || told));
    }
    end
}

/// `seven`, `seventeen`, `seventy-seven`.
fn below_hundred(tokens: &[Token<'_>], at: usize) -> Option<(f64, usize)> {
    let word = |i: usize| tokens.get(i).filter(|t| t.sort == Sort::Word).map(|t| t.lower.as_str());
    if let Some(value) = tens(word(at)?) {
        let next = if tokens.get(at + 1).is_some_and(|t| t.glued && t.raw == "-") { at + 2 } else { at + 1 };
        return match word(next).and_then(small).filter(|v| *v > 0.0 && *v < 10.0) {
            Some(one) => Some((value + one, next + 1)),
            None => Some((value, at + 1)),
        };
    }
    small(word(at)?).map(|value| (value, at + 1))
}

fn preceded(tokens: &[Token<'_>], at: usize, by: &[&str]) -> bool {
    at > 0 && by.iter().any(|w| tokens[at - 1].is(w))
}

/// Reads multiplier, unit and hedge around a number whose own tokens are `at..next`; returns where to go on.
fn finish(
    tokens: &[Token<'_>],
    at: usize,
    mut next: usize,
    mut values: Vec<f64>,
    mut form: Form,
    out: &mut Numbers,
) -> usize {
    let mut start = tokens[at].range.start;
    let mut unit_found = Unit::None;
    if at > 0
        && let Some(money) = super::units::sign(tokens[at - 1].raw).or_else(|| super::units::code(tokens[at - 1].raw))
    {
        unit_found = money;
        start = tokens[at - 1].range.start;
    }
    if matches!(form, Form::Digits | Form::Version(_))
        && values.len() <= 2
        && let Some(t) = tokens.get(next)
        && let Some(times) = multiplier(&t.lower, t.glued)
    {
        form = Form::Digits;
        values.iter_mut().for_each(|v| *v *= times);
        next += 1;
    }
    // `17-minute`
    let joined = tokens.get(next).is_some_and(|t| t.glued && t.raw == "-")
        && tokens.get(next + 1).is_some_and(|t| t.glued && t.sort == Sort::Word);
    let first = next + usize::from(joined);
    let lower = |i: usize| tokens.get(i).map(|t| t.lower.as_str()).unwrap_or_default();
    let alphabetic = |i: usize| tokens.get(i).is_some_and(|t| t.sort == Sort::Word);
    let glued = tokens.get(first).is_some_and(|t| t.glued);
    let clock = |t: &str| match t {
        "am" | "a" => Some(false),
        "pm" | "p" => Some(true),
        _ => None,
    };
    if unit_found == Unit::None {
        if matches!(form, Form::Digits | Form::Clock(..))
            && values[0] <= 1440.0
            && let Some(late) = clock(lower(first))
            && (lower(first).len() == 2 || (lower(first + 1) == "." && matches!(lower(first + 2), "m")))
        {
            let minutes = match form {
                Form::Clock(m, _) => m,
                _ => (values[0] * 60.0) as u32,
            };
            let half = minutes % 720 + if late { 720 } else { 0 };
            (form, next) = (Form::Clock(half, true), first + 1);
        } else if let [a, b, ..] = &tokens[first.min(tokens.len())..]
            && matches!((a.lower.as_str(), b.lower.as_str()), ("per", "cent") | ("pour", "cent") | ("por", "ciento"))
        {
            (unit_found, next) = (Unit::Percent, first + 2);
        } else if let Some(found) = unit(lower(first), glued || joined) {
            (unit_found, next) = (found, first + 1);
        } else if lower(first) == "of" {
            unit_found = Unit::Counted;
        } else if alphabetic(first) && !contains(&FUNCTION, lower(first)) {
            unit_found = match unit(lower(first + 1), false) {
                Some(found) if !glued && !joined && lower(first + 1).len() > 2 => found,
                _ => Unit::Counted,
            };
        }
    }
    if form != Form::Words
        && matches!(unit_found, Unit::Percent | Unit::Money(_) | Unit::Measure(..))
        && values.len() == 1
    {
        form = match form {
            Form::Version(_) => Form::Digits,
            other => other,
        };
    }
    let end = tokens[next - 1].range.end;
    let mut hedge = Hedge::Exact;
    for back in 1..=3 {
        let Some(i) = at.checked_sub(back) else { break };
        let before = if i > 0 { lower(i - 1) } else { "" };
        hedge = match (before, lower(i)) {
            ("more" | "better" | "greater", "than") | (_, "over" | "above" | "least" | "beyond") => Hedge::Over,
            ("less" | "fewer", "than") | (_, "under" | "almost" | "nearly" | "below" | "barely" | "most") => {
                Hedge::Under
            }
            (
                _,
                "about" | "around" | "roughly" | "approximately" | "some" | "ca" | "circa" | "say" | "maybe" | "close",
            )
            | (_, "~" | "≈") => Hedge::About,
            _ => continue,
        };
        break;
    }
    out.numbers.push(Number { range: start..end, values, unit: unit_found, form, hedge, idle: false });
    next
}

/// Dates with a month: `17 March 1987`, `March 17th, 2019`, `March 2019`, `2019-03-17`.
fn dates(tokens: &[Token<'_>], out: &mut Numbers) {
    let value = |i: usize| {
        let t = tokens.get(i).filter(|t| t.sort == Sort::Digits)?;
        t.raw.parse::<u32>().ok()
    };
    for (at, token) in tokens.iter().enumerate() {
        let mark = |i: usize, raw: &str| tokens.get(i).is_some_and(|t| t.glued && t.raw == raw);
        if let Some(year) = value(at).filter(|y| (1900..2100).contains(y))
            && token.raw.len() == 4
            && mark(at + 1, "-")
            && let Some(month) = value(at + 2).filter(|m| (1..=12).contains(m) && tokens[at + 2].raw.len() == 2)
        {
            let day = if mark(at + 3, "-") { value(at + 4).filter(|d| (1..=31).contains(d)) } else { None };
            let last = at + if day.is_some() { 4 } else { 2 };
            let range = token.range.start..tokens[last].range.end;
            // The parts of such a date are no numbers of their own.
            out.numbers
                .retain(|n| n.range.start < range.start || n.range.start >= range.end || n.range.start == range.start);
            out.dates.push(Date { range, day, month, year: Some(year) });
            continue;
        }
        let Some(month) = month(&token.lower).filter(|_| token.capital() || token.lower.chars().count() > 5) else {
            continue;
        };
        let mut range = token.range.clone();
        let mut day = None;
        let mut back = at;
        // `17 March`, `17th of March`, `17. März`
        while back > 0
            && at - back < 3
            && matches!(tokens[back - 1].lower.as_str(), "of" | "." | "th" | "st" | "nd" | "rd" | "de")
        {
            back -= 1;
        }
        if back > 0
            && let Some(d) = value(back - 1).filter(|d| (1..=31).contains(d))
        {
            day = Some(d);
            range.start = tokens[back - 1].range.start;
        }
        let mut next = at + 1;
        if day.is_none()
            && let Some(d) = value(next).filter(|d| (1..=31).contains(d))
        {
            day = Some(d);
            range.end = tokens[next].range.end;
            next += 1;
        }
        while next < tokens.len()
            && next < at + 5
            && matches!(tokens[next].lower.as_str(), "," | "th" | "st" | "nd" | "rd" | "of" | "de" | ".")
        {
            next += 1;
        }
        let year = value(next).filter(|y| (1900..2100).contains(y));
        if year.is_some() {
            range.end = tokens[next].range.end;
        }
        if day.is_some() || year.is_some() {
            out.dates.push(Date { range, day, month, year });
        }
    }
}
