//! Dates of birth. Only words around tell them from the dates a career is made of.

use super::anchor::{Anchor, Kind, SIDE, behind, onward, unspaced};
use super::date::{Date, date_at, digit};
use super::{Recognizer, before, label_sign};
use crate::mask::lexicon::{Flags, LEXICON};
use crate::mask::page::{Line, Page};
use crate::mask::span::{Entity, Layer, Span};
use crate::mask::words::Hash;

pub(crate) struct DateOfBirth;

/// How far behind its word a date may stand, in characters.
const REACH: usize = 72;
/// What stands where something is masked already.
const BLANK: char = '\u{1}';

impl Recognizer for DateOfBirth {
    fn find(&self, page: &Page<'_>, out: &mut Vec<Span>) {
        let text = page.text();
        lives(page, out);
        for anchor in page.anchors() {
            match anchor.kind {
                Kind::Birth => {
                    if let Some((at, date)) = near(page, anchor) {
                        push(text, at, date, "date behind a word for birth", out);
                    } else {
                        column(page, anchor, out);
                    }
                }
                Kind::BirthTight => {
                    if let Some((at, date)) = at_once(page, anchor) {
                        push(text, at, date, "date behind a short word for birth", out);
                    }
                }
                Kind::BirthYear => {
                    let at = skip_marks(text, anchor.end());
                    let word = &text[anchor.start()..anchor.end()];
                    // `classe 2008` of a school: only a grown-up's year, at the end of its clause.
                    if word.eq_ignore_ascii_case("classe")
                        && !date_at(text, at, false).is_some_and(|date| {
                            date.year.is_some_and(|year| (1920..=2006).contains(&year))
                                && text[date.end..].trim_start_matches(' ').starts_with([',', '.', ';', ')', '\n', '|'])
                        })
                    {
                        continue;
                    }
                    // `Jahrgang '78`, `Jg. 78`.
                    let rest = text.get(at..).unwrap_or_default();
                    let short = rest.trim_start_matches(['\'', '’']);
                    let begin = at + rest.len() - short.len();
                    let two = short.bytes().take_while(u8::is_ascii_digit).count() == 2 && at - anchor.end() <= 3;
                    if two
                        && matches!(word.get(..1), Some("j" | "J" | "r" | "R"))
                        && !short[2..].starts_with(['.', '-', '/', ','])
                    {
                        let year = Date { end: begin + 2, year: None, day: false };
                        push(text, at, year, "year of birth", out);
                        continue;
                    }
                    if let Some(date) =
                        date_at(text, at, false).filter(|date| born_in(date) && !text[anchor.end()..at].contains('\n'))
                    {
                        push(text, at, date, "year of birth", out);
                    } else if let Some((at, date)) = near(page, anchor) {
                        push(text, at, date, "date behind a word for birth", out);
                    }
                }
                Kind::Papers => {
                    papers(page, anchor, out);
                    below_papers(page, anchor, out);
                }
                Kind::Number => {
                    let line = &page.lines()[page.line_at(anchor.start())];
                    if text[..anchor.start()].ends_with(", ") {
                        row(text, line, anchor.start(), true, out);
                    } else if let Some(date) = life(&text[..line.end], anchor.start()) {
                        push(text, anchor.start(), date, "the first of two dates of a life", out);
                    }
                }
                _ => {}
            }
            if anchor.kind == Kind::BirthBehind
                && let Some((at, date)) = ahead(page, anchor)
            {
                push(text, at, date, "date before a word for birth", out);
            }
        }
    }
}

fn push(text: &str, at: usize, date: Date, rule: &'static str, out: &mut Vec<Span>) {
    out.push(Span::new(at..date.end, Entity::DateOfBirth, 0.9).by(Layer::Context, rule));
    beside_age(text, &date, out);
    // The same day in another calendar: `12/04/1405 H (4 Jan 1985)`.
    let rest = text.get(date.end..).unwrap_or_default();
    let gap = rest.len() - rest.trim_start_matches([' ', '(', '/', '=', '（', '-', '–']).len();
    let parted = rest.get(..gap).is_some_and(|gap| gap.contains(['(', '/', '=', '（']) && gap.len() <= 5);
    if parted && let Some(other) = date_at(text, date.end + gap, false).filter(|date| date.day && date.year.is_some()) {
        out.push(Span::new(date.end + gap..other.end, Entity::DateOfBirth, 0.85).by(Layer::Context, rule));
    }
}

/// `12.03.1978 (46)`, `geb. 5. 9. 1954   # 70`, `3. Juni 1973, 52 Jahre`: the years that the date of birth makes.
fn beside_age(text: &str, date: &Date, out: &mut Vec<Span>) {
    let Some(year) = date.year.filter(|year| (1900..=2016).contains(year)) else { return };
    let rest = text.get(date.end..).unwrap_or_default();
    let trimmed = rest.trim_start_matches([' ', ',', '(', '#', '–', '—', '/', '=', '→', '|', '\t', '~']);
    let gap = rest.len() - trimmed.len();
    if !(2..=10).contains(&gap) || rest.get(..gap).is_some_and(|gap| gap.trim().is_empty()) {
        return;
    }
    let count = trimmed.bytes().take_while(u8::is_ascii_digit).count();
    let Some(age) = trimmed.get(..count).filter(|_| count == 2).and_then(|age| age.parse::<u32>().ok()) else { return };
    // Whenever it was written, between these years.
    let plausible = (2016..=2032).contains(&(year + age));
    let tail = trimmed.get(count..).unwrap_or_default();
    let over = !tail.starts_with(['.', '/', '-', ':', '%']) && !tail.starts_with(|c: char| c.is_alphanumeric());
    if plausible && over {
        let start = date.end + gap;
        out.push(Span::new(start..start + count, Entity::Age, 0.75).by(Layer::Context, "years beside a date of birth"));
    }
}

/// Whether a year may be one of a birth: nobody who writes a résumé was born last year.
fn born_in(date: &Date) -> bool {
    date.year.is_some_and(|year| matches!(year, 0..=99 | 1300..=1460 | 1880..=2016 | 2420..=2580))
}

/// The date behind a label or a verb: up to a place and a label in two languages may stand between.
fn near(page: &Page<'_>, anchor: &Anchor) -> Option<(usize, Date)> {
    let text = page.text();
    let line = page.line_at(anchor.end());
    let here = page.lines().get(line)?;
    let mut end = here.end;
    let rest = text.get(anchor.end()..here.end)?;
    if onward(rest, 0, 4 * REACH).contains(BLANK) {
        return None;
    }
    // Alone on its line, or with signs and the same in a second language.
    let short = rest.len() < 40 && !rest.chars().any(|c| digit(c).is_some());
    if short {
        let blank = |line: &&Line| text[line.start..line.end].trim().is_empty();
        let below = page.lines().get(line + 1)?;
        let below = if blank(&below) { page.lines().get(line + 2).unwrap_or(below) } else { below };
        if rest.trim_matches(|c: char| !c.is_alphanumeric()).is_empty() {
            end = below.end;
        }
    }
    let reach = text.get(anchor.end()..end)?;
    let reach = &reach[..reach.char_indices().nth(REACH).map_or(reach.len(), |(at, _)| at)];
    let word = &text[anchor.start()..anchor.end()];
    let bare = word.eq_ignore_ascii_case("born");
    let (mut letters, mut words, mut inside) = (0, 0, false);
    for (at, c) in reach.char_indices() {
        let number = digit(c).is_some();
        let starts = !inside && c.is_alphabetic();
        if number || starts || unspaced(c) {
            let place = anchor.end() + at;
            if let Some(date) = date_at(text, place, letters == 0).filter(|_| number || starts || !c.is_ascii()) {
                let full = date.day && date.year.is_some();
                let year = !date.day && date.year.is_some();
                let tight = letters == 0;
                let between = &reach[..at];
                let good = if full {
                    !bare || born_in(&date) || person_before(text, anchor.start())
                } else if date.year.is_none() {
                    // `Birthday: June 3`.
                    number_or_month(text, place, date.end)
                        && (tight && between.contains([':', '|', '\t', '：']) || small_words(between))
                        && !thing_before(text, anchor.start())
                } else if year && is_plain_year(text, place, date.end) {
                    // `Née à Vierzon en 1979`, `urodzona w Łomży w 1979 roku`.
                    let last = between.trim_end().rsplit(' ').next().unwrap_or_default();
                    let told = !bare
                        && words <= 7
                        && !between.contains(['.', ',', ';', ':'])
                        && matches!(
                            last,
                            "en" | "w"
                                | "em"
                                | "nel"
                                | "im"
                                | "in"
                                | "i"
                                | "v"
                                | "у"
                                | "в"
                                | "în"
                                | "anno"
                                | "año"
                                | "roku"
                        )
                        && between.starts_with(' ');
                    born_in(&date)
                        && (told
                            || tight && !bare && (!between.trim().is_empty() || between.len() <= 1)
                            || person_before(text, anchor.start())
                                && words <= 4
                                && (tight || between.trim_start().starts_with("in ") || !bare))
                } else {
                    (tight || words <= 3 && !between.contains(':')) && (!bare || person_before(text, anchor.start()))
                };
                return good.then_some((place, date));
            }
            if number {
                return None;
            }
        }
        if c.is_alphanumeric() {
            letters += 1;
            words += usize::from(!inside);
        }
        inside = c.is_alphanumeric();
        let sentence =
            c == '.' && reach[at + 1..].starts_with(' ') && !reach[at + 1..].starts_with("  ") && letters > 6;
        if letters > 40 || words > 7 || sentence {
            return None;
        }
    }
    None
}

/// Whether nothing but small words stand between a birthday and its date: `falls on`, `ist der`, `est le`, `è il`.
fn small_words(between: &str) -> bool {
    const SMALL: &[&str] = &[
        "is", "on", "falls", "was", "s", "the", "to", "me", "ist", "der", "am", "den", "est", "le", "es", "el", "é",
        "em", "no", "dia", "día", "è", "il", "op", "de", "mam", "mám", "är", "er", "on", "this", "each", "every",
        "year", "to", "ist", "am", "mine", "i", "jest", "je", "to", "va", "у", "меня", "у", "мене",
    ];
    let mut count = 0;
    between.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).all(|word| {
        count += 1;
        SMALL.iter().any(|small| word.eq_ignore_ascii_case(small)) && count <= 4
    }) && count > 0
        && !between.contains(['.', ';', '?', '\n'])
}

/// `the product's birthday`: whose birthday it is stands before it in small letters and is no relative.
fn thing_before(text: &str, at: usize) -> bool {
    let head = behind(text, at, SIDE).trim_end();
    let Some(owner) = head.strip_suffix("'s").or_else(|| head.strip_suffix("’s")) else { return false };
    let word = owner.rsplit(|c: char| !c.is_alphabetic()).next().unwrap_or_default();
    let flags = LEXICON.word(Hash::of(word));
    word.starts_with(char::is_lowercase) && !flags.any(Flags::ROLE)
}

fn is_plain_year(text: &str, start: usize, end: usize) -> bool {
    text[start..end].chars().filter(|c| digit(*c).is_some()).count() == 4
        && text[start..end].chars().next().is_some_and(|c| digit(c).is_some())
}

fn number_or_month(text: &str, start: usize, end: usize) -> bool {
    text[start..end].chars().any(|c| digit(c).is_some())
}

/// Whether a person is what the verb before byte `at` is about: `I was born`, `Ana, born`.
fn person_before(text: &str, at: usize) -> bool {
    const SUBJECTS: &[&str] = &["i", "he", "she", "they", "who", "was", "were", "ich", "je", "eu", "yo"];
    let head = behind(text, at, SIDE).trim_end();
    let comma = head.ends_with([',', '(', '–', '—', '-', '·', '|', '•']);
    let mut words =
        head.rsplit(|c: char| !(c.is_alphanumeric() || c == '\'' || c == '’')).filter(|word| !word.is_empty());
    let Some(mut word) = words.next() else {
        return at == 0 || text.get(at..).is_some_and(|rest| rest.starts_with(char::is_uppercase));
    };
    if matches!(word, "was" | "were" | "am") {
        let Some(subject) = words.next() else { return false };
        word = subject;
    }
    let name = word.chars().next().is_some_and(char::is_uppercase) && {
        let flags = LEXICON.word(Hash::of(word));
        flags.any(Flags::GIVEN.or(Flags::SURNAME)) && !flags.any(Flags::ORGANISATION)
    };
    SUBJECTS.iter().any(|subject| word.eq_ignore_ascii_case(subject))
        || (name && (comma || text[at..].starts_with("born")))
        || (head.ends_with('.') && text.get(at..).is_some_and(|rest| rest.starts_with(char::is_uppercase)))
}

/// The byte behind blanks, signs of a label and the marks of emphasis.
pub(super) fn skip_marks(text: &str, at: usize) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    at + rest.len()
        - rest
            .trim_start_matches(|c: char| {
                label_sign(c) || matches!(c, '.' | '…' | '(' | '→' | '-' | '–' | '—' | '>' | '،' | ',')
            })
            .len()
}

/// The date right behind a short word, of which only a blank, a colon or a full stop parts it.
fn at_once(page: &Page<'_>, anchor: &Anchor) -> Option<(usize, Date)> {
    let text = page.text();
    let word = &text[anchor.start()..anchor.end()];
    let rest = text.get(anchor.end()..)?;
    let gap = rest.len() - rest.trim_start_matches([' ', '\t', ':', '.', '"', '|', '=', '*', '：', '\u{a0}']).len();
    let between = &rest[..gap];
    let mut at = anchor.end() + gap;
    // `birth: {date: 1990-06-02, …}`, also with the date in a line of its own.
    if word.eq_ignore_ascii_case("birth") && between.contains(':') {
        let inner = rest[gap..].trim_start_matches([' ', '{', '\n', '"', '\'']);
        if let Some(key) = inner.strip_prefix("date") {
            let value = key.trim_start_matches([' ', ':', '"', '\'', '=']);
            at = text.len() - value.len();
        }
    }
    let date = date_at(text, at, false)?;
    let signed = between.contains([':', '=', '|', '\t']);
    let head = behind(text, anchor.start(), SIDE);
    let letter = word.trim_end_matches('.').chars().count() == 1;
    let full = date.day && date.year.is_some() && born_in(&date);
    if word.starts_with(['*', '∗']) {
        // A star is a birth only in brackets or behind a name: `(* 17.03.1987)`; a list item begins so too.
        let open = head.trim_end().ends_with(['(', ',', ';', '|', '·', '/']);
        let named =
            head.trim_end().chars().next_back().is_some_and(char::is_alphabetic) && head.contains(char::is_uppercase);
        let year = !date.day && is_plain_year(text, at, date.end) && born_in(&date);
        return ((full || year) && (open || named)).then_some((at, date));
    }
    if !letter && (word.len() > 3 || signed) {
        return (full || signed && born_in(&date)).then_some((at, date));
    }
    // One letter: `b. 3.IX.1931`, `f. 1961` in brackets or behind a name.
    let dotted = word.ends_with('.') || between.starts_with('.');
    let open =
        head.trim_end().ends_with(['(', ',', ';', '|', '·', '•', '/', '–', '—', '-', '.']) || head.trim().is_empty();
    let year = !date.day && is_plain_year(text, at, date.end) && born_in(&date) && dotted;
    ((full && (dotted || signed) && (open || dotted)) || (year && open && !head.trim().is_empty()))
        .then_some((at, date))
}

/// The date that ends right before a word: `平成5年4月12日生`, `am 3. Mai 1990 geboren`.
fn ahead(page: &Page<'_>, anchor: &Anchor) -> Option<(usize, Date)> {
    let text = page.text();
    let head = behind(text, anchor.start(), SIDE);
    let trimmed = head.trim_end_matches([' ', '\u{a0}', '\u{3000}', ',', '（', '(']);
    let last = trimmed.chars().next_back()?;
    if digit(last).is_none() && !last.is_alphabetic() && !matches!(last, '.' | '\'' | '’') {
        return None;
    }
    let from = anchor.start() - head.len();
    // The earliest place from which a date ends here.
    let window = trimmed.char_indices().rev().nth(31).map_or(0, |(at, _)| at);
    let mut inside = trimmed.get(..window).and_then(|head| head.chars().next_back()).is_some_and(char::is_alphanumeric);
    for (at, c) in trimmed.get(window..)?.char_indices() {
        let start = !inside || unspaced(c);
        inside = c.is_alphanumeric();
        if !start || !(digit(c).is_some() || c.is_alphabetic()) {
            continue;
        }
        let place = from + window + at;
        let Some(date) = date_at(text, place, false) else { continue };
        // `1990. május 3-án született`: an ending may stand between.
        let end = from + trimmed.len();
        let close = date.end >= end
            || text.get(date.end..end).is_some_and(|gap| {
                gap.len() <= 8 && !gap.contains(['.', ';', ':']) && !gap.chars().any(|c| digit(c).is_some())
            });
        let year = is_plain_year(text, place, date.end.min(end));
        if close
            && born_in(&date)
            && (date.day
                || trimmed.ends_with(['月', '월'])
                || (year
                    && before(text, place).is_none_or(|c| !matches!(c, '/' | '-' | '–'))
                    && text[anchor.start()..].starts_with(['г', 'g', 'd', '生', '년', 's', '年'])))
        {
            return Some((place, Date { end: date.end, ..date }));
        }
    }
    None
}

/// A table whose heading has the word: the same column of the rows below.
fn column(page: &Page<'_>, anchor: &Anchor, out: &mut Vec<Span>) {
    const ROWS: usize = 400;
    let text = page.text();
    let line = page.line_at(anchor.start());
    let Some(heading) = page.lines().get(line).map(|line| (line.start, &text[line.start..line.end])) else { return };
    if heading.1.len() > 1024 {
        return;
    }
    let Some(sign) = ['|', '\t', ';', ','].into_iter().find(|sign| heading.1.contains(*sign)) else { return };
    let before = line.checked_sub(1).and_then(|above| page.lines().get(above));
    let first = before.is_none_or(|above| !text[above.start..above.end].contains(sign));
    if !first || heading.1.chars().any(|c| digit(c).is_some() || c == BLANK) {
        return;
    }
    let index = heading.1[..anchor.start() - heading.0].matches(sign).count();
    let columns = heading.1.matches(sign).count();
    for row in page.lines().iter().skip(line + 1).take(ROWS) {
        let cells = &text[row.start..row.end];
        if cells.contains(BLANK) && !cells.contains(sign) {
            break;
        }
        if cells.matches(sign).count() < columns.min(index.max(1)) {
            break;
        }
        let Some(cell) = cells.split(sign).nth(index) else { break };
        let start = cell.as_ptr() as usize - text.as_ptr() as usize;
        let at = skip_marks(text, start);
        if let Some(date) = date_at(text, at, false).filter(|date| date.day && date.end <= start + cell.len()) {
            push(text, at, date, "date in a column of dates of birth", out);
        }
    }
}

/// A person's row beside their papers: `Marta Sobczak, EJ4410927, 29.01.1988`.
fn papers(page: &Page<'_>, anchor: &Anchor, out: &mut Vec<Span>) {
    let text = page.text();
    let Some(line) = page.lines().get(page.line_at(anchor.start())) else { return };
    if line.digits < 6 || line.end - line.start > 480 {
        return;
    }
    for (comma, _) in text[line.start..line.end].match_indices(", ") {
        row(text, line, line.start + comma + 2, false, out);
    }
}

/// A full date alone on the line beside one with a number of papers, as in `licence EK442718`.
fn below_papers(page: &Page<'_>, anchor: &Anchor, out: &mut Vec<Span>) {
    let text = page.text();
    let here = page.line_at(anchor.start());
    if !behind(text, anchor.start(), SIDE).trim_matches([' ', '\t', '-', '–', '•', '*']).is_empty() {
        return;
    }
    let numbered = |line: &Line| text[line.start..line.end].bytes().filter(u8::is_ascii_digit).count() >= 6;
    for near in [here.wrapping_sub(1), here + 1] {
        let Some(line) = page.lines().get(near) else { continue };
        let whole = &text[line.start..line.end];
        let body = whole.trim_matches([' ', '\t', '-', '–', '•', '*', ',', ';']);
        let at = line.start + (body.as_ptr() as usize - whole.as_ptr() as usize);
        let alone = |date: &Date| {
            date.day && date.year.is_some_and(|year| (1900..2012).contains(&year)) && date.end == at + body.len()
        };
        if let Some(date) = date_at(text, at, false).filter(alone)
            && page.lines().get(here).is_some_and(numbered)
        {
            out.push(
                Span::new(at..date.end, Entity::DateOfBirth, 0.6).by(Layer::Context, "date beside a number of papers"),
            );
        }
    }
}

/// The longest line that may be nothing but two dates.
const TWO_DATES: usize = 64;

/// The first of two full dates with a dash between and nothing behind them but a bracket, so far apart that only a
/// life is so long: `3.4.1931 – 12.9.2023`. A post is held for forty years at most.
fn life(text: &str, at: usize) -> Option<Date> {
    const LEAST: u32 = 45;
    let first = date_at(text, at, false).filter(|date| date.day)?;
    let born = first.year.filter(|year| (1850..2010).contains(year))?;
    let rest = text.get(first.end..)?;
    let next = rest.trim_start_matches([' ', '\u{a0}', '\u{2009}', '–', '—', '-', '†', ',', ';', '✝', '+']);
    let gap = &rest[..rest.len() - next.len()];
    if !gap.contains(['–', '—', '-', '†', '✝']) || gap.len() > 12 {
        return None;
    }
    let last = date_at(text, text.len() - next.len(), false).filter(|date| date.day)?;
    let died = last.year.filter(|year| (born + 1..=born + 115).contains(year))?;
    let over = text.get(last.end..)?.trim_start_matches([')', ' ', '.', '*', '_', ',']);
    let long = died - born >= LEAST || gap.contains(['†', '✝']);
    (long && (over.is_empty() || text[last.end..].starts_with([')', '）']))).then_some(first)
}

/// Lines that are nothing but the two dates of a life, as below the name in an obituary.
fn lives(page: &Page<'_>, out: &mut Vec<Span>) {
    let text = page.text();
    for line in page.lines().iter().filter(|line| line.digits >= 8 && line.end - line.start <= TWO_DATES) {
        let whole = &text[line.start..line.end];
        let body = whole.trim_start_matches([' ', '\t', '*', '(', '_', '★', '⭐', '>', '∗']);
        let at = line.end - body.len();
        if let Some(date) = life(&text[..line.end], at) {
            push(text, at, date, "the first of two dates of a life", out);
        }
    }
}

/// A full date at `at`, behind a comma and a name that begins its clause.
fn row(text: &str, line: &Line, at: usize, code: bool, out: &mut Vec<Span>) {
    let full = |date: &Date| date.day && date.year.is_some_and(|year| year > 31) && born_in(date);
    let Some(date) = date_at(text, at, false).filter(full) else { return };
    let tail = text.get(date.end..line.end).unwrap_or_default();
    if !(tail.trim().is_empty() || tail.starts_with([',', ';', '.', ')'])) {
        return;
    }
    // What stands between the name and the date is a number of papers at most.
    let head = behind(text, at, SIDE).trim_end_matches([' ', ',']);
    let clause = head.rsplit([':', '"', '“', ';', '(', '.']).next().unwrap_or_default();
    // `It's the missus, Effie Papanikolaou, 30/11/71.`: right behind the name, of a grown-up.
    let grown =
        date_at(text, at, false).and_then(|date| date.year).is_some_and(|year| matches!(year, 32..=99 | 1925..=2004));
    let clause = match clause.rsplit_once(", ") {
        Some((_, last)) if grown && !last.contains(|c: char| c.is_ascii_digit()) => last,
        _ => clause,
    };
    let mut parts = clause.split(", ");
    let name = parts.next().unwrap_or_default().trim();
    let count = name.split_whitespace().count();
    let named = (2..=4).contains(&count)
        && name.split_whitespace().all(|word| word.starts_with(char::is_uppercase))
        && name.split_whitespace().any(|word| LEXICON.word(Hash::of(word)).any(Flags::GIVEN.or(Flags::SURNAME)));
    let codes = parts.clone().count();
    let coded = parts.all(|part| !part.contains(' ') && part.chars().any(|c| c.is_ascii_digit()));
    if named && coded && (codes > 0 || !code || grown) {
        out.push(Span::new(at..date.end, Entity::DateOfBirth, 0.7).by(Layer::Context, "date in a row about a person"));
    }
}
