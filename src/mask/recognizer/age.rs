//! How old a person is.

use super::Recognizer;
use super::anchor::{Anchor, Kind, SIDE, behind, unspaced};
use super::date::digit;
use super::dob::skip_marks;
use crate::mask::lexicon::{Flags, LEXICON};
use crate::mask::page::Page;
use crate::mask::span::{Entity, Layer, Span};
use crate::mask::words::Hash;

pub(crate) struct Age;

/// Numbers in words, as people write ages; tens first.
const TENS: &[&str] = &["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"];
const ONES: &[&str] = &[
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
];
/// Small words that may follow an age in a sentence.
const GO_ON: &[&str] = &[
    "and",
    "now",
    "last",
    "this",
    "next",
    "on",
    "in",
    "so",
    "but",
    "years",
    "when",
    "today",
    "tomorrow",
    "yesterday",
    "then",
    "old",
    "with",
    "at",
    "und",
    "et",
    "y",
    "e",
    "ja",
    "og",
    "och",
    "en",
    "i",
    "a",
    "no",
    "já",
    "už",
    "v",
    "w",
    "on",
    "am",
    "im",
    "heute",
    "hoy",
    "hoje",
    "oggi",
    "dnes",
    "the",
    "és",
    "и",
    "в",
    "or",
    "ve",
    "dan",
    "or",
    "ce",
    "cette",
    "este",
    "esta",
];

impl Recognizer for Age {
    fn find(&self, page: &Page<'_>, out: &mut Vec<Span>) {
        let text = page.text();
        let anchors = page.anchors();
        for (index, anchor) in anchors.iter().enumerate() {
            match anchor.kind {
                Kind::AgeLabel => {
                    let at = skip_marks(text, anchor.end());
                    let signed = text[anchor.end()..at].contains([':', '：', '|', '｜', '=', '\t', '…', '(', '"'])
                        || text[anchor.end()..at].contains("..");
                    if signed
                        && starts_clause(text, anchor.start())
                        && let Some(end) = age_at(text, at, 1)
                        && label_ends(text, end)
                    {
                        push(text, at, end, 0.85, "behind its label", out);
                    }
                }
                Kind::Aged => aged(text, anchor, out),
                Kind::Old => old(page, anchors, index, out),
                Kind::Years => years(page, anchors, index, out),
                Kind::IsNow => is_now(text, anchor, out),
                Kind::Kin => kin(page, anchor, out),
                Kind::Number => behind_name(page, anchor, out),
                Kind::At => at_years(text, anchor, out),
                _ => {}
            }
        }
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

/// The end of an age in words: `thirty-eight`.
fn spelt(text: &str, at: usize) -> Option<usize> {
    let rest = text.get(at..)?;
    let word = |from: usize| {
        let rest = rest.get(from..).unwrap_or_default();
        let length = rest.bytes().take_while(u8::is_ascii_alphabetic).count();
        &rest[..length]
    };
    let first = word(0);
    let tens = TENS.iter().any(|ten| first.eq_ignore_ascii_case(ten));
    if !tens {
        return ONES.iter().skip(9).any(|one| first.eq_ignore_ascii_case(one)).then_some(at + first.len());
    }
    if rest[first.len()..].starts_with(['-', ' ', '‑']) {
        let gap = rest[first.len()..].chars().next().map_or(1, char::len_utf8);
        let second = word(first.len() + gap);
        if ONES.iter().take(9).any(|one| second.eq_ignore_ascii_case(one)) {
            return Some(at + first.len() + gap + second.len());
        }
    }
    Some(at + first.len())
}

/// Whether a label's value is over: its line or cell ends, or a unit or a sign follows.
fn label_ends(text: &str, end: usize) -> bool {
    let rest = text.get(end..).unwrap_or_default();
    let next = rest.trim_start_matches([' ', '\t', '\u{a0}']);
    let gap = rest.len() - next.len();
    next.starts_with(|c: char| !c.is_alphanumeric()) || next.is_empty() || gap >= 2 || unit(next)
}

/// Whether a unit of age begins here.
fn unit(rest: &str) -> bool {
    const UNITS: &[&str] = &[
        "year",
        "yr",
        "y/o",
        "yo",
        "jahr",
        "j.",
        "ans",
        "año",
        "anni",
        "ano",
        "jaar",
        "lat",
        "år",
        "ár",
        "vuo",
        "év",
        "let",
        "rok",
        "ani",
        "god",
        "год",
        "г.",
        "лет",
        "рок",
        "р.",
        "yaş",
        "tahun",
        "tuổi",
        "歳",
        "才",
        "岁",
        "歲",
        "세",
        "살",
        "ปี",
        "वर्ष",
        "साल",
        "سن",
        "عام",
        "שנ",
        "χρ",
        "ετών",
        "metų",
        "gad",
        "aast",
        "বছর",
        "ஆண்டு",
        "बर्ष",
    ];
    let lower: String = rest.chars().take(6).flat_map(char::to_lowercase).collect();
    UNITS.iter().any(|unit| lower.starts_with(unit))
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
    let end = age_at(text, at, 1).or_else(|| spelt(text, at).filter(|_| sure));
    let Some(end) = end else { return };
    let next = text.get(end..).unwrap_or_default().trim_start_matches([' ', '\u{a0}']);
    let ends = next.is_empty() || next.starts_with(['.', ',', ';', ')', '\n', '!', '?', '|', '·']);
    let number = text[at..end].chars().filter(|c| digit(*c).is_some()).count();
    if unit(next) || (sure && (ends || follows(next))) || (number == 2 && ends && starts_clause(text, anchor.start())) {
        push(text, at, end, 0.8, "years of a person", out);
    }
}

/// Whether the sentence goes on as it does behind an age.
fn follows(next: &str) -> bool {
    let word: String = next.chars().take_while(|c| c.is_alphabetic()).collect();
    GO_ON.contains(&word.to_lowercase().as_str())
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
    if head.ends_with([',', '.', '-', ':', '،', '!']) {
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
    let noun = next.trim_start();
    let lower: String = noun.chars().take_while(|c| c.is_alphabetic()).flat_map(char::to_lowercase).collect();
    let good = if east {
        value >= 1
    } else if next.starts_with('s') && adjective {
        false
    } else if noun.is_empty() || next.starts_with(|c: char| !c.is_alphanumeric() && c != ' ' && c != '-') {
        of_person(page, anchors, index, start)
    } else if is_person_noun(&lower) {
        true
    } else {
        !adjective && value >= 14 && of_person(page, anchors, index, start) && follows_old(&lower)
    };
    if good {
        push(text, start, end, 0.85, "years of a person", out);
    }
}

fn follows_old(word: &str) -> bool {
    GO_ON.contains(&word)
        || matches!(
            word,
            "from"
                | "who"
                | "living"
                | "born"
                | "married"
                | "single"
                | "male"
                | "female"
                | "i"
                | "aus"
                | "wohnhaft"
                | "vagyok"
                | "with"
        )
}

fn is_person_noun(word: &str) -> bool {
    const NOUNS: &[&str] = &[
        "man",
        "woman",
        "boy",
        "girl",
        "mother",
        "father",
        "mom",
        "mum",
        "dad",
        "son",
        "daughter",
        "male",
        "female",
        "guy",
        "lady",
        "gentleman",
        "kid",
        "child",
        "student",
        "brother",
        "sister",
        "nephew",
        "niece",
        "self",
        "me",
    ];
    NOUNS.contains(&word) || (!word.is_empty() && LEXICON.word(Hash::of(word)).any(Flags::JOB))
}

/// `42 ans, mariée`, `(33 años)`: years that could be of anything, so more has to speak for a person.
fn years(page: &Page<'_>, anchors: &[Anchor], index: usize, out: &mut Vec<Span>) {
    let text = page.text();
    let anchor = &anchors[index];
    let Some((start, end, value)) = number_before(text, anchor.start()) else { return };
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
    let good = (said && subject && !spent && (over || follows(trimmed)))
        || (said
            && opens
            && over
            && (near(&[Kind::Birth, Kind::Detail, Kind::BirthTight], 60)
                || named_before(head.trim_end_matches([',', '(', ' '])).is_some()))
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
    let at = anchor.end() + gap;
    let end = age_at(text, at, if strong { 2 } else { 10 }).or_else(|| spelt(text, at).filter(|_| strong));
    let Some(end) = end else { return };
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

/// `At 29, pregnant with Zoë, I …`: a clause that begins a sentence about a person.
fn at_years(text: &str, anchor: &Anchor, out: &mut Vec<Span>) {
    if &text[anchor.start()..anchor.end()] != "At" {
        return;
    }
    let at = anchor.end() + 1;
    let Some(end) = text.get(anchor.end()..).filter(|rest| rest.starts_with(' ')).and_then(|_| age_at(text, at, 10))
    else {
        return;
    };
    let rest = text.get(end..).unwrap_or_default();
    let clause: String = rest.chars().take(72).take_while(|c| *c != '.' && *c != '\n').collect();
    if clause.starts_with(", ") && [" I ", " he ", " she ", " my "].iter().any(|word| clause.contains(word)) {
        push(text, at, end, 0.7, "years of a person", out);
    }
}

/// Whether what follows is `years old` and the like and nothing more is counted.
fn unit_whole(after: &str) -> bool {
    const WHOLE: &[&str] = &[
        "de ani",
        "years old",
        "year old",
        "yrs old",
        "yo",
        "y/o",
        "jahre alt",
        "ans",
        "años",
        "anni",
        "anos",
        "jaar",
        "lat",
        "år",
        "éves",
        "let",
        "ani",
        "godina",
        "години",
        "лет",
        "років",
        "год",
        "yaşında",
        "tahun",
        "tuổi",
        "ปี",
        "χρονών",
        "ετών",
        "vuotta",
        "rokov",
        "metų",
        "gadi",
        "gadus",
        "letý",
        "letá",
    ];
    let lower: String = after.chars().take(14).flat_map(char::to_lowercase).collect();
    WHOLE.iter().any(|unit| {
        lower.strip_prefix(unit).is_some_and(|rest| {
            let rest = rest.trim_start_matches(' ');
            rest.is_empty() || rest.starts_with(|c: char| !c.is_alphanumeric())
        })
    })
}

/// Whether these words speak of a person's years rather than of any number.
fn is_strong(word: &str) -> bool {
    const STRONG: &[&str] = &[
        "i am",
        "i'm",
        "i’m",
        "i was",
        "he is",
        "he's",
        "he’s",
        "she is",
        "she's",
        "she’s",
        "he was",
        "she was",
        "turned",
        "turns",
        "turning",
        "just turned",
        "ich bin",
        "er ist",
        "sie ist",
        "jeg er",
        "jag är",
        "täyttää",
        "täytän",
        "täytti",
        "fyller",
        "fyllde",
        "fylder",
        "fyldte",
        "fylte",
        "cumplo",
        "cumple",
        "cumplió",
        "cumplí",
        "compie",
        "compio",
        "faz",
        "fez",
        "faço",
        "completa",
        "jsem",
        "už má",
        "исполнилось",
        "исполнится",
        "виповнилось",
        "skończyłem",
        "skończyłam",
        "skończył",
        "skończyła",
        "berusia",
        "berumur",
        "fête ses",
        "навърших",
        "împlinesc",
        "împlinește",
        "a împlinit",
        "i turn",
        "is turning",
        "who is",
        "ik ben",
        "hij is",
        "zij is",
        "ze is",
        "én",
        "olen",
        "am now",
    ];
    STRONG.iter().any(|strong| word.eq_ignore_ascii_case(strong) || word.to_lowercase() == *strong)
}

/// Ages of relatives: `kids: Zoë (12), Lil' Dre (9)`, `a daughter, 7`.
fn kin(page: &Page<'_>, anchor: &Anchor, out: &mut Vec<Span>) {
    const REACH: usize = 110;
    let text = page.text();
    let Some(line) = page.lines().get(page.line_at(anchor.end())) else { return };
    let Some(rest) = text.get(anchor.end()..line.end) else { return };
    let rest = &rest[..rest.char_indices().nth(REACH).map_or(rest.len(), |(at, _)| at)];
    let mut from = 0;
    for (at, c) in rest.char_indices() {
        if matches!(c, '.' | ';' | '!' | '?') && rest[at + c.len_utf8()..].starts_with([' ', '\t']) && at > 30 {
            return;
        }
        if at < from || digit(c).is_none() {
            continue;
        }
        let place = anchor.end() + at;
        from = at + rest[at..].chars().take_while(|c| digit(*c).is_some()).map(char::len_utf8).sum::<usize>();
        let Some(end) = age_at(text, place, 0) else { return };
        let head = &text[line.start..place];
        let bare = head.trim_end();
        let opened = bare.ends_with(['(', '（']);
        let comma = bare.ends_with([',', '،', '，', '、']);
        let name = bare.trim_end_matches(['(', '（', ',', '،', '，', '、', ' ']);
        let next = text.get(end..line.end).unwrap_or_default();
        let after = next.trim_start_matches([' ', '\u{a0}']);
        let closed = after.starts_with([')', '）', ',', '،', ';', '.', '&', '/'])
            || after.is_empty()
            || (unit(after) && unit_ends(after))
            || follows_kin(after);
        let capital = name
            .rsplit(|c: char| !(c.is_alphanumeric() || matches!(c, '\'' | '’' | '-')))
            .find(|word| !word.is_empty())
            .and_then(|word| word.chars().next())
            .is_some_and(|c| c.is_uppercase() || (c.is_alphabetic() && !c.is_lowercase()));
        let direct = name.len() + line.start <= anchor.end();
        if (opened || comma) && closed && (capital || direct) {
            push(text, place, end, 0.75, "age of a relative", out);
        } else if !(opened || comma) {
            return;
        }
    }
}

/// Whether a unit is over soon: `4 tuổi)`, `7 г.`.
fn unit_ends(after: &str) -> bool {
    let rest = after.trim_start_matches(|c: char| {
        c.is_alphabetic() || matches!(c, '\u{300}'..='\u{36f}') || (c >= '\u{900}' && c.is_alphanumeric())
    });
    rest.is_empty() || rest.starts_with(|c: char| !c.is_alphanumeric()) && !rest.starts_with(" of ")
}

fn follows_kin(after: &str) -> bool {
    let word: String = after.chars().take_while(|c| c.is_alphabetic()).collect();
    matches!(
        word.as_str(),
        "and"
            | "y"
            | "e"
            | "et"
            | "und"
            | "i"
            | "a"
            | "en"
            | "og"
            | "och"
            | "ja"
            | "és"
            | "și"
            | "и"
            | "та"
            | "ve"
            | "dan"
    )
}

/// `Bob Chia, 59, retired`, `Ilie Brăescu (64)`.
fn behind_name(page: &Page<'_>, anchor: &Anchor, out: &mut Vec<Span>) {
    let text = page.text();
    let Some(end) = age_at(text, anchor.start(), 5) else { return };
    if end != anchor.end() {
        return;
    }
    let head = behind(text, anchor.start(), SIDE);
    let opened = head.ends_with('(');
    let next = text.get(end..).unwrap_or_default();
    let good = if opened {
        next.starts_with(')') || next.starts_with(" and ") || next.starts_with(" en ") || next.starts_with(", ")
    } else {
        let after = next.trim_start_matches(' ');
        let word = after.trim_start_matches([',', ' ']);
        // `Via Rossi, 15, 20121 Milano` is an address; an age goes on in words or ends the sentence.
        (next.starts_with(',') && word.starts_with(|c: char| c.is_lowercase()))
            || (next.starts_with(['.', '!']) && next[1..].starts_with([' ', '\n']))
            || next.trim().is_empty()
            || next.starts_with("\n")
    };
    let two = anchor.end() - anchor.start() == 2;
    if good
        && two
        && let Some(words) = named_before(head.trim_end_matches(['(', ',', ' ']))
        && (opened || words >= 2 || next.starts_with(','))
    {
        push(text, anchor.start(), end, 0.65, "number behind a name", out);
        return;
    }
    // `my neighbour, 84.`, `At 29, pregnant, I …`.
    let before = head.trim_end_matches([' ', ',']);
    if good && two && !opened {
        let word = before.rsplit(|c: char| !c.is_alphabetic()).next().unwrap_or_default();
        let kin = matches!(
            word,
            "neighbour"
                | "neighbor"
                | "grandmother"
                | "grandfather"
                | "widow"
                | "widower"
                | "retired"
                | "retiree"
                | "pensioner"
                | "mother"
                | "father"
                | "niece"
                | "nephew"
        );
        if kin {
            push(text, anchor.start(), end, 0.65, "number behind a person", out);
        }
    }
}

/// How many words of a person's name end `head`: a given name of the lexicon among them, and nothing of a street.
fn named_before(head: &str) -> Option<usize> {
    let head = head.trim_end();
    let mut count = 0;
    let (mut given, mut weak, mut surname) = (false, false, false);
    for word in head.rsplit([' ', '\u{a0}']).take(6) {
        // A sign before a word ends the run: `(Ana`, `— Bob`, `"Bob`.
        let inner = word.trim_start_matches(['(', '"', '“', '*', '„', '«', '—', '–']);
        let opens = inner.len() < word.len();
        let clean = inner.trim_end_matches(['*', '"', '”', '»']);
        if clean.is_empty() {
            break;
        }
        let small = matches!(
            clean,
            "van"
                | "von"
                | "de"
                | "der"
                | "den"
                | "da"
                | "dos"
                | "del"
                | "di"
                | "la"
                | "bin"
                | "ibn"
                | "al"
                | "from"
                | "aus"
                | "of"
        );
        let capital = clean.chars().next().is_some_and(char::is_uppercase)
            && clean.chars().all(|c| c.is_alphabetic() || matches!(c, '-' | '\'' | '’' | '.'));
        if !capital && !small {
            break;
        }
        if capital {
            for part in clean.split(['-', '\'', '’']) {
                let flags = LEXICON.word(Hash::of(part));
                if flags.any(Flags::STREET) || flags.any(Flags::ORGANISATION) && !flags.any(Flags::GIVEN) {
                    return None;
                }
                given |= flags.any(Flags::GIVEN)
                    && !flags.any(Flags::WORD.or(Flags::ALSO_WORD).or(Flags::ALSO_PLACE).or(Flags::PLACE));
                weak |= flags.any(Flags::GIVEN);
                surname |= flags.any(Flags::SURNAME) && !flags.any(Flags::GIVEN);
            }
            count += 1;
        }
        if opens {
            break;
        }
    }
    ((given || (weak && surname && count >= 2)) && count > 0).then_some(count)
}
