//! How old a person is.

mod beside;
mod cues;
mod kin;
mod label;
mod lists;
mod more;
mod prose;
mod spelt;
mod verbs;

use self::kin::{behind_name, beside_detail, called_before, kin, named_before};
use self::label::labelled;
use self::lists::{
    adjective_of_thing, follows, follows_old, is_nominal, is_person_noun, is_strong, thing_before, unit, unit_whole,
};
use super::Recognizer;
use super::anchor::{Anchor, Kind, SIDE, behind, unspaced};
use super::date::digit;
use crate::mask::lexicon::{Flags, LEXICON};
use crate::mask::page::Page;
use crate::mask::span::{Entity, Layer, Span};
use crate::mask::words::Hash;

pub(crate) struct Age;

impl Recognizer for Age {
    fn find(&self, page: &Page<'_>, out: &mut Vec<Span>) {
        let text = page.text();
        let anchors = page.anchors();
        let first = out.len();
        for (index, anchor) in anchors.iter().enumerate() {
            match anchor.kind {
                Kind::AgeLabel => labelled(page, anchor, out),
                Kind::Aged => aged(text, anchor, out),
                Kind::Old => old(page, anchors, index, out),
                Kind::Years => years(page, anchors, index, out),
                Kind::IsNow => is_now(text, anchor, out),
                Kind::Kin => kin(page, anchor, out),
                Kind::Number => behind_name(page, anchors, index, out),
                Kind::Detail => beside_detail(page, anchors, index, out),
                _ => {}
            }
        }
        prose::find(page, out);
        more::joined(text, first, out);
    }
}

fn push(text: &str, start: usize, end: usize, score: f32, rule: &'static str, out: &mut Vec<Span>) {
    if text.is_char_boundary(start) && text.is_char_boundary(end) {
        out.push(Span::new(start..end, Entity::Age, score).by(Layer::Context, rule));
    }
}

/// The end of a number from `least` to 110 at byte `at`, in digits of any script.
fn age_at(text: &str, at: usize, least: u32) -> Option<usize> {
    let rest = text.get(at..)?;
    let (mut value, mut count, mut end) = (0, 0, at);
    for c in rest.chars() {
        let Some(digit) = digit(c) else { break };
        value = value * 10 + digit;
        count += 1;
        end += c.len_utf8();
        if count > 3 {
            return None;
        }
    }
    let next = text.get(end..)?.chars().next();
    let mut after = text.get(end..)?.chars().skip(1);
    let second = after.next();
    let goes_on = match next {
        Some('.' | ',' | ':' | '/' | '\'') => second.is_some_and(|c| digit(c).is_some()),
        Some('-' | '–') => second.is_some_and(|c| digit(c).is_some()),
        Some('%' | '+' | '°' | '€' | '$' | '_' | '#') => true,
        _ => false,
    };
    (count > 0 && (least..=110).contains(&value) && !goes_on && !(count > 1 && rest.starts_with('0'))).then_some(end)
}

/// Whether a label's value is over: its line or cell ends, or a unit or a sign follows.
fn label_ends(text: &str, end: usize) -> bool {
    let rest = text.get(end..).unwrap_or_default();
    let next = rest.trim_start_matches([' ', '\t', '\u{a0}']);
    let gap = rest.len() - next.len();
    next.starts_with(|c: char| !c.is_alphanumeric())
        || next.is_empty()
        || gap >= 2
        || rest.starts_with('\t')
        || unit(next)
        || gap > 0 && next.starts_with(unspaced)
}

/// Whether a word at `at` begins its line, cell or clause, so that it can be a label.
fn starts_clause(text: &str, at: usize) -> bool {
    let head = behind(text, at, SIDE);
    let trimmed = head.trim_end_matches([' ', '\t', '*', '_', '"', '\u{a0}', '\u{3000}', '#', '>']);
    trimmed.is_empty()
        || head.ends_with("  ")
        || trimmed.ends_with(['|', '·', '•', ',', ';', '/', '-', '–', '—', '(', '.', '{', '｜', '，', '。', ')', ':'])
        || trimmed.chars().next_back().is_some_and(|c| digit(c).is_some() || unspaced(c))
}

/// `aged 34`, `at the age of 34`, `満31歳`.
fn aged(text: &str, anchor: &Anchor, out: &mut Vec<Span>) {
    let rest = text.get(anchor.end()..).unwrap_or_default();
    let gap = rest.len() - rest.trim_start_matches([' ', '\u{a0}', ':', '\t']).len();
    if gap > 3 {
        return;
    }
    let at = anchor.end() + gap;
    let word = &text[anchor.start()..anchor.end()];
    let sure = word.eq_ignore_ascii_case("aged") || word.contains(' ') || word.contains('â');
    let Some(end) = age_at(text, at, 1) else { return };
    let next = text.get(end..).unwrap_or_default().trim_start_matches([' ', '\u{a0}']);
    let ends = next.is_empty() || next.starts_with(['.', ',', ';', ')', '\n', '!', '?', '|', '·']);
    let number = text[at..end].chars().filter(|c| digit(*c).is_some()).count();
    // `אני בן 34 מחיפה`.
    let hebrew = matches!(word, "בן" | "בת")
        && number == 2
        && ["אני", "הוא", "היא", "הייתי", "היה", "הייתה", "היתה"]
            .iter()
            .any(|who| behind(text, anchor.start(), SIDE).trim_end().ends_with(who));
    let sure = sure || hebrew;
    let ends = ends || hebrew;
    if unit(next) || (sure && (ends || follows(next))) || (number == 2 && ends && starts_clause(text, anchor.start())) {
        push(text, at, end, 0.8, "years of a person", out);
    }
}

/// The number right before an anchor: where it begins and ends, and its value.
fn number_before(text: &str, at: usize) -> Option<(usize, usize, u32)> {
    let head = behind(text, at, SIDE);
    let trimmed = head.trim_end_matches([' ', '\u{a0}', '-', '‑', '\u{202f}']);
    if head.len() - trimmed.len() > 3 {
        return None;
    }
    let end = at - (head.len() - trimmed.len());
    let mut start = end;
    for c in trimmed.chars().rev() {
        if digit(c).is_none() && !is_han_number(c) {
            break;
        }
        start -= c.len_utf8();
    }
    let number = text.get(start..end)?;
    if number.is_empty() || number.chars().count() > 3 {
        return None;
    }
    let value = number.chars().fold(0u32, |sum, c| match digit(c) {
        Some(digit) => sum * 10 + digit,
        None => 30,
    });
    let before = text.get(..start)?.chars().next_back();
    let cut = before.is_some_and(|c| {
        (c.is_alphanumeric() && !unspaced(c))
            || matches!(c, '.' | '/' | '-' | '–' | '#' | '_' | '+' | '$' | '€' | '~' | '<' | '>')
    });
    (!cut && (1..=110).contains(&value)).then_some((start, end, value))
}

fn is_han_number(c: char) -> bool {
    matches!(c, '一' | '二' | '三' | '四' | '五' | '六' | '七' | '八' | '九' | '十' | '廿' | '卅')
}

/// Whether what stands before an age is a person's place in a sentence or the start of a clause.
fn of_person(page: &Page<'_>, anchors: &[Anchor], index: usize, at: usize) -> bool {
    let text = page.text();
    let head = behind(text, at, SIDE).trim_end_matches([' ', '\u{a0}', '*', '_', '"', '~']);
    if head.is_empty() || head.ends_with(['(', '|', '·', '•', '–', '—', ';', '（', '，', '、', '。', '/']) {
        return true;
    }
    // `The bridge, 90 years old`: a thing in small letters.
    if let Some(noun) = head.strip_suffix(',') {
        let word = noun.rsplit(|c: char| !c.is_alphabetic()).next().unwrap_or_default();
        let flags = LEXICON.word(Hash::of(word));
        return !word.starts_with(|c: char| c.is_ascii_lowercase())
            || flags.any(Flags::ROLE.or(Flags::JOB).or(Flags::GIVEN))
            || is_person_noun(word)
            || anchors[..index].iter().rev().take_while(|anchor| anchor.end() + 8 > at).any(|anchor| {
                anchor.kind == Kind::IsNow
                    && text.get(anchor.start()..anchor.end()).is_some_and(|verb| verb.eq_ignore_ascii_case(word))
            });
    }
    if head.ends_with(['.', '-', ':', '،', '!']) {
        return true;
    }
    // `I am`, `he's just`: an anchor of that kind at most two words back.
    let subject = anchors[..index].iter().rev().take_while(|anchor| anchor.end() + 24 > at).any(|anchor| {
        matches!(anchor.kind, Kind::IsNow | Kind::Aged | Kind::Kin | Kind::AgeLabel)
            && anchor.start() >= at - behind(text, at, SIDE).len()
            && text
                .get(anchor.end()..at)
                .is_some_and(|gap| gap.split_whitespace().count() <= 2 && !gap.contains(['.', ';']))
    });
    subject || named_before(head).is_some() || {
        let mut words = head.rsplit(' ');
        let verb =
            matches!(words.next(), Some("is" | "was" | "est" | "ist" | "es" | "è" | "é" | "jest" | "je" | "är" | "er"));
        verb && named_before(&words.rev().collect::<Vec<_>>().join(" ")).is_some()
    }
}

/// `34 years old`, `34歳`.
fn old(page: &Page<'_>, anchors: &[Anchor], index: usize, out: &mut Vec<Span>) {
    let text = page.text();
    let anchor = &anchors[index];
    let Some((start, end, value)) = number_before(text, anchor.start()) else { return };
    let word = &text[anchor.start()..anchor.end()];
    let next = text.get(anchor.end()..).unwrap_or_default();
    let east = word.chars().next().is_some_and(|c| c >= '\u{3000}');
    let adjective = text[end..anchor.start()].contains('-') || word.ends_with("jährige") || word.ends_with("jähriger");
    // `als 45-Jähriger`: a noun of its own, with its capital.
    let german_noun = word.starts_with('J') && word.contains("ährig");
    let noun = next.trim_start();
    let lower: String = noun.chars().take_while(|c| c.is_alphabetic()).flat_map(char::to_lowercase).collect();
    let article = || {
        let head = behind(text, start, SIDE).trim_end();
        let word = head.rsplit(' ').next().unwrap_or_default();
        ["a", "an", "the"].iter().any(|article| word.eq_ignore_ascii_case(article))
    };
    // `The 42-year-old joined`, `as a 58-year-old, I`: without a noun behind it, somebody.
    let nominal = adjective
        && !next.starts_with('s')
        && article()
        && (noun.starts_with(['.', '!']) || noun.is_empty() || {
            let verb =
                noun.trim_start_matches([',', ' ']).split(|c: char| !c.is_alphabetic()).next().unwrap_or_default();
            matches!(verb, "I" | "he" | "she" | "is" | "was" | "has" | "had" | "who" | "said" | "told" | "now" | "says")
                || !noun.starts_with(',') && value >= 14 && verb.len() > 4 && verb.ends_with("ed")
        });
    // `33 y.o. dev`: an abbreviation that is said of people, and of drinks.
    let short = value >= 14
        && (word.eq_ignore_ascii_case("yo") || word.contains('/') || word.starts_with("y."))
        && of_person(page, anchors, index, start)
        && !matches!(
            lower.as_str(),
            "whisky" | "whiskey" | "scotch" | "malt" | "rum" | "bourbon" | "single" | "building" | "house" | "car"
        );
    let good = if nominal || short || german_noun && value >= 5 {
        true
    } else if east {
        // `5岁的产品`: of a thing, unless a child or a person follows.
        value >= 1
            && (!next.starts_with('的')
                || next.chars().nth(1).is_some_and(|c| {
                    matches!(
                        c,
                        '女' | '男'
                            | '儿'
                            | '兒'
                            | '孩'
                            | '我'
                            | '他'
                            | '她'
                            | '小'
                            | '母'
                            | '父'
                            | '老'
                            | '时'
                            | '時'
                    )
                }))
    } else if is_nominal(word) && !adjective_of_thing(&lower) {
        value >= 3
    } else if next.starts_with('s') && adjective {
        false
    } else if noun.is_empty() || noun.starts_with(|c: char| !c.is_alphanumeric() && c != '-') {
        of_person(page, anchors, index, start)
    } else if is_person_noun(&lower) || adjective && called(page, anchors, index, start, noun) {
        true
    } else {
        !adjective && value >= 14 && of_person(page, anchors, index, start) && follows_old(&lower)
    };
    if good {
        push(text, start, end, 0.85, "years of a person", out);
    }
}

/// `a 33-year-old petroleum engineer`, `a 33-year-old from the hills who`: a person within three words.
fn called(page: &Page<'_>, anchors: &[Anchor], index: usize, start: usize, noun: &str) -> bool {
    const NOUNS: &[&str] = &[
        "erin", "istin", "entin", "ist", "grapher", "logist", "smith", "wright", "woman", "worker", "maker", "keeper",
        "writer", "ician", "nurse",
    ];
    const THINGS: &[&str] = &["list", "playlist", "checklist", "whitelist", "twist", "mist", "assist", "exist"];
    let mut words = noun.split([' ', '\u{a0}']).take(3).map(|word| word.trim_end_matches([',', '.', ';', ')', '!']));
    let first = words.clone().next().unwrap_or_default();
    let text = page.text();
    if matches!(first, "who" | "from" | "living" | "and") {
        let head = behind(text, start, SIDE).trim_end();
        let article = ["a", "A", "an", "An", "the", "The"].iter().any(|word| head.rsplit(' ').next() == Some(*word));
        return first != "and" && article || of_person(page, anchors, index, start);
    }
    let end = |word: &str| {
        let lower = word.to_lowercase();
        is_person_noun(&lower)
            || !THINGS.contains(&lower.as_str())
                && NOUNS.iter().any(|end| lower.ends_with(end) && lower.len() > end.len() + 2)
    };
    if end(first) {
        return true;
    }
    words.any(end) && of_person(page, anchors, index, start) || {
        let head = behind(text, start, SIDE).trim_end();
        head.ends_with(" a") && of_person(page, anchors, index, start - 2) && noun.split(' ').take(3).any(end)
    }
}

/// `(lat 71)`, `, lat 34,`: Polish puts the years first.
fn years_first(text: &str, anchor: &Anchor, out: &mut Vec<Span>) {
    if !matches!(&text[anchor.start()..anchor.end()], "lat" | "anni") {
        return;
    }
    let head = behind(text, anchor.start(), SIDE).trim_end();
    let rest = text.get(anchor.end()..).unwrap_or_default();
    let at = anchor.end() + rest.len() - rest.trim_start_matches([' ', '\u{a0}']).len();
    let Some(end) = age_at(text, at, 5).filter(|_| at > anchor.end()) else { return };
    let opened = head.ends_with('(') && text[end..].starts_with(')');
    let named = head.ends_with(',')
        && text[end..].starts_with([',', '.', '\n'])
        && named_before(head.trim_end_matches(',')).is_some();
    if opened || named {
        push(text, at, end, 0.75, "years of a person", out);
    }
}

/// `42 ans, mariée`, `(33 años)`: years that could be of anything, so more has to speak for a person.
fn years(page: &Page<'_>, anchors: &[Anchor], index: usize, out: &mut Vec<Span>) {
    let text = page.text();
    let anchor = &anchors[index];
    let Some((start, end, value)) = number_before(text, anchor.start()) else {
        years_first(text, anchor, out);
        return;
    };
    let next = text.get(anchor.end()..).unwrap_or_default();
    let trimmed = next.trim_start_matches([' ', '\u{a0}']);
    let over = trimmed.is_empty() || trimmed.starts_with(|c: char| !c.is_alphanumeric() && c != '-' && c != '\'');
    let line = page.line_at(start);
    let Some(bounds) = page.lines().get(line) else { return };
    let head = behind(text, start, SIDE).trim_end_matches([' ', '\u{a0}', '*', '"']);
    let opens = head.is_empty() || head.ends_with(['(', '|', '·', '•', ',', ';', '–', '—', '/', '（', '،', ':']);
    let near = |kinds: &[Kind], reach: usize| {
        let before = anchors[..index].iter().rev().take_while(|other| other.end() + reach > start);
        let after = anchors[index + 1..].iter().take_while(|other| other.start() < end + reach);
        before
            .chain(after)
            .any(|other| other.start() >= bounds.start && other.end() <= bounds.end && kinds.contains(&other.kind))
    };
    let subject = anchors[..index].iter().rev().take_while(|other| other.end() + 3 > start).any(|other| {
        matches!(other.kind, Kind::IsNow | Kind::Aged | Kind::AgeLabel)
            && text.get(other.end()..start).is_some_and(|gap| gap.trim().is_empty())
            // `la empresa tiene 25 años`
            && !(matches!(&text[other.start()..other.end()], "tiene" | "tem" | "ha" | "ma" | "má" | "a" | "er" | "är" | "ima" | "are" | "on")
                && thing_before(text, other.start()))
    });
    let said = text[start..end].chars().count() >= 2 && value >= 14;
    let of = trimmed.split_whitespace().next().unwrap_or_default();
    // `11 años de experiencia`, `20 years of`, `5 Jahre in`.
    let spent = matches!(
        of,
        "de" | "of"
            | "d'expérience"
            | "in"
            | "di"
            | "als"
            | "bei"
            | "as"
            | "experience"
            | "опыта"
            | "erfahrung"
            | "doświadczenia"
            | "praxe"
            | "в"
            | "w"
            | "på"
    );
    let small = text[start..end].chars().count() <= 2 && value >= 1;
    // `María, de 34 años`, `mi hija de 7 años`, `моей дочери 7 лет`.
    let of_whom = ["de", "di", "d'", "of", "von", "van"]
        .iter()
        .find_map(|small| head.strip_suffix(small).filter(|rest| rest.ends_with([' ', ','])))
        .unwrap_or(head);
    let whose = of_whom.trim_end();
    let noun = whose.rsplit(|c: char| !c.is_alphabetic()).next().unwrap_or_default();
    // `Kvinna, 47 år, söker jobb`.
    let someone = whose
        .strip_suffix(',')
        .is_some_and(|whose| more::is_person(whose.rsplit(|c: char| !c.is_alphabetic()).next().unwrap_or_default()));
    let relative = !noun.is_empty() && {
        let flags = LEXICON.word(Hash::of(noun));
        flags.any(Flags::ROLE) && !flags.any(Flags::ORGANISATION_TAIL) || is_person_noun(&noun.to_lowercase())
    };
    let in_bracket = whose.ends_with(',')
        && trimmed.starts_with(')')
        && value >= 14
        && whose.rfind('(').is_some_and(|open| called_before(whose[..open].trim_end_matches([' ', '`', '*', '"'])));
    // `infirmière clinicienne, 29 ans, bilingue`: between commas, of a grown-up.
    let unit = &text[anchor.start()..anchor.end()];
    // `Машиністка тепловоза • 37 років`: a cell of its own behind who somebody is.
    let cell = (18..=75).contains(&value)
        && head.ends_with(['•', '·', '|'])
        && (trimmed.is_empty() || trimmed.starts_with(['\n', '\r', '•', '·', '|']))
        && !head.chars().any(|c| digit(c).is_some());
    let grown = cell
        || matches!(unit, "ans" | "años" | "anni" | "anos")
            && (18..=75).contains(&value)
            && head.ends_with(',')
            && trimmed.starts_with(',')
            && !head.chars().any(|c| digit(c).is_some())
            && head.len() <= 64;
    let kin = grown
        || in_bracket
        || relative && small && !spent && (over || follows(trimmed)) && !whose.ends_with(['.', ';']);
    let called = of_whom.len() < head.len() || whose.ends_with(',');
    let named = called
        && small
        && !spent
        && (over || follows(trimmed))
        && called_before(whose.trim_end_matches([',', '(', ' ']));
    let good = kin
        || named
        || (said && subject && !spent && (over || follows(trimmed)))
        || (said
            && opens
            && over
            && (near(&[Kind::Birth, Kind::Detail, Kind::BirthTight], 60)
                || named_before(head.trim_end_matches([',', '(', ' '])).is_some()))
        || (said && over && someone)
        || (said && trimmed.starts_with("of age"))
        || (said && over && head.ends_with("of") && near(&[Kind::IsNow], 30));
    if good {
        push(text, start, end, 0.75, "years of a person", out);
    }
}

/// `I am 34.`, `she turned 90 last week`.
fn is_now(text: &str, anchor: &Anchor, out: &mut Vec<Span>) {
    let rest = text.get(anchor.end()..).unwrap_or_default();
    let gap = rest.len() - rest.trim_start_matches([' ', '\u{a0}']).len();
    if gap == 0 || gap > 2 {
        return;
    }
    let word = &text[anchor.start()..anchor.end()];
    let strong = is_strong(word);
    let third = word.get(..4).is_some_and(|head| head.eq_ignore_ascii_case("turn"))
        || matches!(
            word,
            "tiene" | "tenía" | "tem" | "tinha" | "ha" | "aveva" | "ma" | "má" | "avea" | "ima" | "er" | "är" | "il a"
        );
    if third && thing_before(text, anchor.start()) {
        return;
    }
    let at = anchor.end() + gap;
    let Some(end) = age_at(text, at, if strong { 2 } else { 10 }) else { return };
    let next = text.get(end..).unwrap_or_default();
    let after = next.trim_start_matches([' ', '\u{a0}']);
    let ends = next.is_empty()
        || next.starts_with(['\n', ',', '.', ';', ')', '!', '?', '"', '”', '…', '\r'])
        || next.trim_start().is_empty();
    let good = if strong {
        ends || follows(after) || unit_whole(after)
    } else {
        unit_whole(after) || (ends && next.starts_with([',', ')']))
    };
    if good {
        push(text, at, end, 0.75, "years of a person", out);
    }
}
