//! Ages behind a label, and in the column of a table.

use super::{age_at, label_ends, push, starts_clause, unit};
use crate::mask::page::Page;
use crate::mask::recognizer::anchor::{Anchor, SIDE, behind, onward};
use crate::mask::recognizer::date::digit;
use crate::mask::recognizer::dob::skip_marks;
use crate::mask::span::Span;

/// `Age: 34`, `Age/Sex: 34/F`, `Age (as of May): 34`, `Age      34` in a list of details, the column `age` of a table.
pub(super) fn labelled(page: &Page<'_>, anchor: &Anchor, out: &mut Vec<Span>) {
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
    if text[value..].starts_with(['\n', '\r']) {
        let next = &text[value..];
        below(
            page,
            anchor,
            value + next.len()
                - next
                    .trim_start_matches(['\r', ' '])
                    .trim_start_matches('\n')
                    .trim_start_matches([' ', '\t', '*'])
                    .len(),
            out,
        );
        return;
    }
    let dash = marks.contains([':', '：', '|', '｜', '=', '\t', '…', '(', '"', '→'])
        || marks.contains("..")
        || marks.contains(" - ")
        || marks.contains(" – ")
        || marks.contains(" — ")
        || marks.contains("  ");
    // `Height 5'6"   Age 31   Eyes hazel`: details parted by blanks.
    let wide = || {
        let head = behind(text, anchor.start(), SIDE);
        (head.is_empty() || head.ends_with("  ") || head.ends_with('\t'))
            && text[anchor.start()..].starts_with(char::is_uppercase)
            && age_at(text, value, 5).is_some_and(|end| {
                let rest = text.get(end..).unwrap_or_default();
                let tail = rest.trim_start_matches(' ').split('\n').next().unwrap_or_default().trim_end();
                // `Starost 44`, a line of its own.
                head.is_empty() && end - value == 2 && (tail.is_empty() || tail.len() <= 8 && unit(tail))
                    || rest.starts_with("  ")
                    || rest.starts_with('\t')
                    || !head.is_empty() && rest.trim_start_matches(' ').starts_with('\n')
            })
    };
    if !dash && !wide() {
        column(page, anchor, out);
        return;
    }
    let own = starts_clause(text, anchor.start())
        || {
            // `(Korean age: 34)`, `Current age:`.
            let head = behind(text, anchor.start(), 24).trim_end();
            let word = head.rsplit(|c: char| !c.is_alphabetic()).next().unwrap_or_default();
            marks.contains([':', '：'])
                && ["korean", "current", "actual", "my", "present", "real", "exact"]
                    .iter()
                    .any(|known| word.eq_ignore_ascii_case(known))
        }
        || {
            // `Applicant's age: 34`, one or two words before it at the beginning of a line.
            let head = behind(text, anchor.start(), SIDE);
            marks.contains([':', '：', '-', '–'])
                && head.len() < 24
                && head.split_whitespace().count() <= 2
                && head.chars().all(|c| c.is_alphabetic() || matches!(c, ' ' | '\'' | '’' | '*' | '-' | '|'))
                && !["playing", "group", "range", "stone", "new", "dragon"]
                    .iter()
                    .any(|word| head.to_lowercase().contains(word))
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

/// A form whose value stands on the line below its label, each alone on its line.
fn below(page: &Page<'_>, anchor: &Anchor, value: usize, out: &mut Vec<Span>) {
    let text = page.text();
    let alone = behind(text, anchor.start(), SIDE).trim_matches([' ', '*', '\t', '|']).is_empty()
        && text[anchor.start()..].starts_with(|c: char| c.is_uppercase() || !c.is_lowercase());
    let line = page.line_at(anchor.start());
    if !alone || page.line_at(value) != line + 1 {
        return;
    }
    let label = page.lines().get(line).map_or(0, |line| line.end);
    let own = text
        .get(anchor.end()..label)
        .is_some_and(|rest| rest.trim_matches([' ', ':', '：', '*', '\r', '\t']).is_empty());
    if let Some(end) = age_at(text, value, 10)
        && own
    {
        let rest = text[end..].split('\n').next().unwrap_or_default().trim();
        if rest.is_empty() || rest.len() <= 12 && unit(rest) {
            push(text, value, end, 0.75, "below its label", out);
        }
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
    if sex && (1..=4).contains(&gap) && trimmed.starts_with(|c: char| c.is_ascii_digit()) {
        at + word.len() + gap
    } else {
        at
    }
}

/// The end of a number with a sex behind a slash, as in `34/F`.
fn before_sex(text: &str, at: usize) -> Option<usize> {
    let rest = text.get(at..)?;
    let count = rest.bytes().take_while(u8::is_ascii_digit).count();
    let tail = rest.get(count..)?.trim_start_matches(' ');
    (count == 2 && tail.starts_with('/') && !tail[1..].trim_start().starts_with(|c: char| c.is_ascii_digit()))
        .then_some(at + count)
}

/// Words that another column of a table about people has at its head.
const PEOPLE: &[&str] = &[
    "name",
    "nom",
    "nombre",
    "nome",
    "naam",
    "imię",
    "imie",
    "nazwisko",
    "jméno",
    "meno",
    "namn",
    "navn",
    "nimi",
    "név",
    "nume",
    "ime",
    "имя",
    "фио",
    "ім'я",
    "піб",
    "ad",
    "isim",
    "όνομα",
    "שם",
    "الاسم",
    "नाम",
    "姓名",
    "名前",
    "氏名",
    "이름",
    "성명",
    "nama",
    "tên",
    "sex",
    "gender",
    "geschlecht",
    "sexe",
    "sexo",
    "sesso",
    "dob",
    "passport",
    "applicant",
    "patient",
    "relation",
    "child",
    "guest",
    "player",
    "participant",
    "member",
    "surname",
    "vorname",
    "nachname",
    "prénom",
    "apellidos",
];

/// The cells below a cell that says `age` and nothing else, in a table about people.
fn column(page: &Page<'_>, anchor: &Anchor, out: &mut Vec<Span>) {
    let text = page.text();
    let line = page.line_at(anchor.start());
    let Some(head) = page.lines().get(line).map(|line| (line.start, &text[line.start..line.end])) else { return };
    if head.1.len() > 512 {
        return;
    }
    let Some(sign) = ['|', '\t', ';', ','].into_iter().find(|sign| head.1.contains(*sign)) else { return };
    if head.1.chars().any(|c| digit(c).is_some() || c < '\u{8}') {
        return;
    }
    let index = head.1[..anchor.start() - head.0].matches(sign).count();
    let clean = |cell: &str| cell.trim_matches(|c: char| !c.is_alphabetic()).to_lowercase();
    let own = head.1.split(sign).nth(index).is_some_and(|cell| clean(cell).len() <= anchor.end() - anchor.start() + 8);
    let people = head
        .1
        .split(sign)
        .any(|cell| clean(cell).split(|c: char| !(c.is_alphabetic() || c == '\'')).any(|word| PEOPLE.contains(&word)));
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
