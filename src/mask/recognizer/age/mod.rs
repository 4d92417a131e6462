//! How old a person is.

mod kin;
mod prose;
mod spelt;

use self::kin::{behind_name, beside_detail, called_before, kin, named_before};
use super::Recognizer;
use super::anchor::{Anchor, Kind, SIDE, behind, onward, unspaced};
use super::date::digit;
use super::dob::skip_marks;
use crate::mask::lexicon::{Flags, LEXICON};
use crate::mask::page::Page;
use crate::mask::span::{Entity, Layer, Span};
use crate::mask::words::Hash;

pub(crate) struct Age;

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

/// `Age: 34`, `Age/Sex: 34/F`, `Age (as of May): 34`, `Age      34` in a list of details, the column `age` of a table.
fn labelled(page: &Page<'_>, anchor: &Anchor, out: &mut Vec<Span>) {
    let text = page.text();
    let rest = onward(text, anchor.end(), 96);
    let rest = rest.split('\n').next().unwrap_or_default();
    let mut at = anchor.end();
    // What else the label says: `/Sex`, `(years)`, ` at entry`; a colon ends it.
    let colon = rest.find([':', '：', '|', '｜', '=']).filter(|colon| *colon <= 32);
    if let Some(colon) = colon {
        let between = rest[..colon].trim();
        let bracket = between.starts_with('(') && between.ends_with(')');
        let sex = between.starts_with(['/', '&', '+']);
        let words = between.split_whitespace().count() <= 3 && between.chars().all(|c| c.is_alphabetic() || c == ' ');
        let few = sex && between.chars().all(|c| c.is_alphabetic() || matches!(c, ' ' | '/' | '&' | '+'));
        if bracket || few || words && !between.is_empty() && rest.as_bytes()[colon] != b'|' {
            at += colon;
        }
    }
    let value = skip_marks(text, at);
    let marks = text.get(at..value).unwrap_or_default();
    if marks.contains('\n') {
        return;
    }
    let dash = marks.contains([':', '：', '|', '｜', '=', '\t', '…', '(', '"', '→'])
        || marks.contains("..")
        || marks.contains(" - ")
        || marks.contains(" – ")
        || marks.contains("  ");
    // `Height 5'6"   Age 31   Eyes hazel`: details parted by blanks.
    let wide = || {
        let head = behind(text, anchor.start(), SIDE);
        (head.is_empty() || head.ends_with("  ") || head.ends_with('\t'))
            && text[anchor.start()..].starts_with(char::is_uppercase)
            && age_at(text, value, 5).is_some_and(|end| {
                let rest = text.get(end..).unwrap_or_default();
                rest.starts_with("  ") || rest.starts_with('\t') || !head.is_empty() && rest.trim_start_matches(' ').starts_with('\n')
            })
    };
    if !dash && !wide() {
        column(page, anchor, out);
        return;
    }
    let own = starts_clause(text, anchor.start()) || {
        // `(Korean age: 34)`, `Current age:`.
        let head = behind(text, anchor.start(), 24).trim_end();
        let word = head.rsplit(|c: char| !c.is_alphabetic()).next().unwrap_or_default();
        marks.contains([':', '：']) && ["korean", "current", "actual", "my", "present", "real", "exact"].iter().any(|known| word.eq_ignore_ascii_case(known))
    } || {
        // `Applicant's age: 34`, one or two words before it at the beginning of a line.
        let head = behind(text, anchor.start(), SIDE);
        marks.contains([':', '：', '-', '–']) && head.len() < 24 && head.split_whitespace().count() <= 2
            && head.chars().all(|c| c.is_alphabetic() || matches!(c, ' ' | '\'' | '’' | '*' | '-' | '|'))
            && !["playing", "group", "range", "stone", "new", "dragon"].iter().any(|word| head.to_lowercase().contains(word))
    };
    let value = behind_sex(text, value);
    if own
        && let Some(end) = age_at(text, value, 1).or_else(|| before_sex(text, value))
        && label_ends(text, end)
    {
        push(text, value, end, 0.85, "behind its label", out);
    } else {
        column(page, anchor, out);
    }
}

/// The byte behind `F / ` and the like.
fn behind_sex(text: &str, at: usize) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    let word = rest.split(|c: char| !c.is_alphabetic()).next().unwrap_or_default();
    let sex = matches!(word, "F" | "M" | "f" | "m" | "Male" | "Female" | "male" | "female" | "W" | "w" | "H" | "K");
    let tail = &rest[word.len()..];
    let trimmed = tail.trim_start_matches([' ', '/', ',', '-', '|']);
    let gap = tail.len() - trimmed.len();
    if sex && (1..=4).contains(&gap) && trimmed.starts_with(|c: char| c.is_ascii_digit()) { at + word.len() + gap } else { at }
}

/// The end of a number with a sex behind a slash, as in `34/F`.
fn before_sex(text: &str, at: usize) -> Option<usize> {
    let rest = text.get(at..)?;
    let count = rest.bytes().take_while(u8::is_ascii_digit).count();
    let tail = rest.get(count..)?.trim_start_matches(' ');
    (count == 2 && tail.starts_with('/') && !tail[1..].trim_start().starts_with(|c: char| c.is_ascii_digit())).then_some(at + count)
}

/// Words that another column of a table about people has at its head.
const PEOPLE: &[&str] = &[
    "name", "nom", "nombre", "nome", "naam", "imię", "imie", "nazwisko", "jméno", "meno", "namn", "navn", "nimi", "név", "nume", "ime",
    "имя", "фио", "ім'я", "піб", "ad", "isim", "όνομα", "שם", "الاسم", "नाम", "姓名", "名前", "氏名", "이름", "성명", "nama", "tên",
    "sex", "gender", "geschlecht", "sexe", "sexo", "sesso", "dob", "passport", "applicant", "patient", "relation", "child", "guest",
    "player", "participant", "member", "surname", "vorname", "nachname", "prénom", "apellidos",
];

/// The cells below a cell that says `age` and nothing else, in a table about people.
fn column(page: &Page<'_>, anchor: &Anchor, out: &mut Vec<Span>) {
    let text = page.text();
    let line = page.line_at(anchor.start());
    let Some(head) = page.lines().get(line).map(|line| (line.start, &text[line.start..line.end])) else { return };
    let Some(sign) = ['|', '\t', ';', ','].into_iter().find(|sign| head.1.contains(*sign)) else { return };
    if head.1.len() > 512 || head.1.chars().any(|c| digit(c).is_some() || c < '\u{8}') {
        return;
    }
    let index = head.1[..anchor.start() - head.0].matches(sign).count();
    let clean = |cell: &str| cell.trim_matches(|c: char| !c.is_alphabetic()).to_lowercase();
    let own = head.1.split(sign).nth(index).is_some_and(|cell| clean(cell).len() <= anchor.end() - anchor.start() + 8);
    let people = head.1.split(sign).any(|cell| {
        clean(cell).split(|c: char| !(c.is_alphabetic() || c == '\'')).any(|word| PEOPLE.contains(&word))
    });
    if !own || !people {
        return;
    }
    for row in page.lines().iter().skip(line + 1).take(400) {
        let cells = &text[row.start..row.end];
        let Some(cell) = cells.split(sign).nth(index).filter(|_| cells.contains(sign)) else { break };
        let at = skip_marks(text, cell.as_ptr() as usize - text.as_ptr() as usize);
        let limit = cell.as_ptr() as usize - text.as_ptr() as usize + cell.len();
        if let Some(end) = age_at(text, at, 1).filter(|end| *end <= limit) {
            let tail = text[end..limit].trim();
            if tail.is_empty() || tail.starts_with(['"', '*']) || unit(tail) {
                push(text, at, end, 0.75, "age in a column of ages", out);
            }
        }
    }
}

/// Whether a label's value is over: its line or cell ends, or a unit or a sign follows.
fn label_ends(text: &str, end: usize) -> bool {
    let rest = text.get(end..).unwrap_or_default();
    let next = rest.trim_start_matches([' ', '\t', '\u{a0}']);
    let gap = rest.len() - next.len();
    next.starts_with(|c: char| !c.is_alphanumeric())
        || next.is_empty()
        || gap >= 2
        || unit(next)
        || gap > 0 && next.starts_with(unspaced)
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
        "v.",
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
    let Some(end) = age_at(text, at, 1) else { return };
    let next = text.get(end..).unwrap_or_default().trim_start_matches([' ', '\u{a0}']);
    let ends = next.is_empty() || next.starts_with(['.', ',', ';', ')', '\n', '!', '?', '|', '·']);
    let number = text[at..end].chars().filter(|c| digit(*c).is_some()).count();
    // `אני בן 34 מחיפה`.
    let hebrew = matches!(word, "בן" | "בת")
        && number == 2
        && ["אני", "הוא", "היא", "הייתי", "היה", "הייתה", "היתה"].iter().any(|who| behind(text, anchor.start(), SIDE).trim_end().ends_with(who));
    let sure = sure || hebrew;
    let ends = ends || hebrew;
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
    // `The bridge, 90 years old`: a thing in small letters.
    if let Some(noun) = head.strip_suffix(',') {
        let word = noun.rsplit(|c: char| !c.is_alphabetic()).next().unwrap_or_default();
        let flags = LEXICON.word(Hash::of(word));
        return !word.starts_with(|c: char| c.is_ascii_lowercase())
            || flags.any(Flags::ROLE.or(Flags::JOB).or(Flags::GIVEN))
            || is_person_noun(word)
            || anchors[..index].iter().rev().take_while(|anchor| anchor.end() + 8 > at).any(|anchor| {
                anchor.kind == Kind::IsNow && text.get(anchor.start()..anchor.end()).is_some_and(|verb| verb.eq_ignore_ascii_case(word))
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
    let noun = next.trim_start();
    let lower: String = noun.chars().take_while(|c| c.is_alphabetic()).flat_map(char::to_lowercase).collect();
    let good = if east {
        // `5岁的产品`: of a thing, unless a child or a person follows.
        value >= 1
            && (!next.starts_with('的')
                || next.chars().nth(1).is_some_and(|c| matches!(c, '女' | '男' | '儿' | '兒' | '孩' | '我' | '他' | '她' | '小' | '母' | '父' | '老' | '时' | '時')))
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

/// Forms that only a person is called by, or that say `at the age of`.
fn is_nominal(word: &str) -> bool {
    const NOMINAL: &[&str] = &[
        "åring", "åringen", "åringar", "latek", "latka", "latkiem", "latką", "vuotiaana", "vuotias", "vuotiaan", "yaşında",
        "yaşındayım", "yaşındayken", "jarige leeftijd", "évesen", "aastaselt", "års ålder", "års alder", "годовалый",
    ];
    NOMINAL.iter().any(|nominal| word.eq_ignore_ascii_case(nominal) || word == *nominal)
}

/// Behind such a form: it is an adjective after all.
fn adjective_of_thing(word: &str) -> bool {
    matches!(word, "bir" | "olan" | "yritys" | "yrityksen" | "ohjelma" | "järjestelmä" | "talo" | "talon" | "firma")
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
                | "voltam"
                | "volt"
                | "lettem"
                | "था"
                | "थी"
                | "हूँ"
                | "है"
        )
}

/// `a 33-year-old petroleum engineer`, `a 33-year-old from the hills who`: a person within three words.
fn called(page: &Page<'_>, anchors: &[Anchor], index: usize, start: usize, noun: &str) -> bool {
    const NOUNS: &[&str] = &["ist", "grapher", "logist", "smith", "wright", "woman", "worker", "maker", "keeper", "writer", "ician", "nurse"];
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
        is_person_noun(&lower) || !THINGS.contains(&lower.as_str()) && NOUNS.iter().any(|end| lower.ends_with(end) && lower.len() > end.len() + 2)
    };
    if end(first) {
        return true;
    }
    words.any(end) && of_person(page, anchors, index, start) || {
        let head = behind(text, start, SIDE).trim_end();
        head.ends_with(" a") && of_person(page, anchors, index, start - 2) && noun.split(' ').take(3).any(end)
    }
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
        "version",
        "husband",
        "wife",
        "partner",
        "grandmother",
        "grandfather",
        "grandson",
        "granddaughter",
        "teenager",
        "twins",
        "veteran",
        "widow",
        "widower",
        "pensioner",
        "retiree",
        "newcomer",
        "patient",
        "cousin",
        "friend",
        "neighbour",
        "neighbor",
        "immigrant",
        "refugee",
        "graduate",
        "native",
        "frau",
        "mann",
        "mutter",
        "vater",
        "sohn",
        "tochter",
        "junge",
        "mädchen",
        "rentner",
        "rentnerin",
        "krankenpfleger",
        "lehrerin",
        "femme",
        "homme",
        "vrouw",
        "man",
        "meisje",
        "jongen",
        "kobieta",
        "mężczyzna",
        "kvinna",
        "kvinne",
        "kvinde",
        "pojke",
        "flicka",
        "mies",
        "nainen",
        "nő",
        "férfi",
        "женщина",
        "мужчина",
        "девушка",
        "парень",
        "жінка",
        "чоловік",
        "žena",
        "muž",
        "kadın",
        "adam",
        "děda",
        "dědeček",
        "babička",
        "táta",
        "máma",
        "dziadek",
        "babcia",
        "дед",
        "бабушка",
        "opa",
        "oma",
        "abuelo",
        "abuela",
        "nonno",
        "nonna",
        "mujer",
        "hombre",
        "chica",
        "chico",
        "niña",
        "niño",
        "donna",
        "uomo",
        "ragazza",
        "ragazzo",
        "mulher",
        "homem",
        "menina",
        "menino",
        "fille",
        "garçon",
        "leeftijd",
        "ålder",
        "alder",
    ];
    NOUNS.contains(&word) || (!word.is_empty() && LEXICON.word(Hash::of(word)).any(Flags::JOB.or(Flags::ROLE)))
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
    let named = head.ends_with(',') && text[end..].starts_with([',', '.', '\n']) && named_before(head.trim_end_matches(',')).is_some();
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
    let grown = matches!(unit, "ans" | "años" | "anni" | "anos")
        && (18..=75).contains(&value)
        && head.ends_with(',')
        && trimmed.starts_with(',')
        && !head.chars().any(|c| digit(c).is_some())
        && head.len() <= 64;
    let kin = grown || in_bracket || relative && small && !spent && (over || follows(trimmed)) && !whose.ends_with(['.', ';']);
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
        || matches!(word, "tiene" | "tenía" | "tem" | "tinha" | "ha" | "aveva" | "ma" | "má" | "avea" | "ima" | "er" | "är" | "il a");
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

/// Whether what stands right before `turned` is a thing: `our company turned 30`.
fn thing_before(text: &str, at: usize) -> bool {
    const SMALL: &[&str] = &[
        "i", "he", "she", "who", "they", "we", "you", "just", "has", "have", "had", "only", "recently", "finally", "and", "when", "before",
        "after", "until", "since", "will", "to", "be", "is", "am", "was", "are", "now", "be", "about", "also", "already", "soon", "officially",
        "or", "once", "then", "that", "d", "ve", "s", "m", "as",
        "él", "ella", "ele", "ela", "lui", "lei", "on", "ona", "ono", "han", "hun", "hon", "el", "ea", "ya", "ahora", "già", "ora", "już",
        "už", "teraz", "nu", "nå", "já", "agora", "hoje", "hoy", "oggi", "que", "che", "qui", "který", "która", "który", "som", "der", "jeg",
        "jag", "io", "e", "y", "i", "og", "och", "a", "cuando", "quando", "când", "kiedy", "gdy", "když", "da", "når", "när", "si",
    ];
    let head = behind(text, at, SIDE).trim_end_matches([' ', '\u{a0}']);
    let word = head.rsplit(|c: char| !c.is_alphabetic()).next().unwrap_or_default();
    if word.is_empty() || SMALL.iter().any(|small| word.eq_ignore_ascii_case(small)) {
        return false;
    }
    let flags = LEXICON.word(Hash::of(word));
    if word.starts_with(char::is_uppercase) {
        let thing = Flags::ORGANISATION.or(Flags::ALSO_PRODUCT).or(Flags::ORGANISATION_TAIL).or(Flags::WORD).or(Flags::FOREIGN);
        return flags.any(thing) && !flags.any(Flags::GIVEN.or(Flags::ROLE).or(Flags::JOB)) && !is_person_noun(&word.to_lowercase());
    }
    !flags.any(Flags::ROLE.or(Flags::JOB)) && !is_person_noun(word)
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
        "i'll be",
        "i’ll be",
        "he'll be",
        "she'll be",
        "he’ll be",
        "she’ll be",
        "i'd be",
        "cumplir",
        "jeg ble",
        "jeg blev",
        "jag blev",
        "hun ble",
        "han ble",
        "hon blev",
        "han blev",
        "would have been",
    ];
    STRONG.iter().any(|strong| word.eq_ignore_ascii_case(strong) || word.to_lowercase() == *strong)
}
