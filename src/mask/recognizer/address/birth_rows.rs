//! Places of birth without a sentence: columns, stars, brackets behind a name, scripts without blanks.

use std::ops::Range;

use super::birth::{Cue, bit, cues};
use super::tokens;
use super::zone::{PLACES, Zone};
use crate::mask::lexicon::{Flags, LEXICON};
use crate::mask::page::{Cues, Page};
use crate::mask::recognizer::anchor::onward;
use crate::mask::recognizer::date::date_at;
use crate::mask::span::{Entity, Layer, Span};
use crate::mask::words::{Hash, Word};

/// The column of a table whose head asks for the place of birth.
pub(super) fn column(page: &Page<'_>, word: &Word, index: usize, out: &mut Vec<Span>) {
    let text = page.text();
    let Some(line) = page.lines().get(index) else { return };
    let head = &text[line.start..line.end];
    if head.len() > 512 || line.cues.has(Cues::DIGIT) {
        return;
    }
    let Some(sign) = ['|', '\t', ';', ','].into_iter().find(|sign| head.contains(*sign)) else { return };
    let nth = head[..word.start() - line.start].matches(sign).count();
    let cell = head.split(sign).nth(nth).unwrap_or_default().to_lowercase();
    let asked = cell.split(|c: char| !c.is_alphabetic()).filter(|part| !part.is_empty()).collect::<Vec<_>>();
    // Another cell asks for something else about people: a row of a key and its value has none.
    let others = head.split(sign).enumerate().filter(|(at, _)| *at != nth).any(|(_, cell)| {
        cell.to_lowercase().split(|c: char| !c.is_alphabetic()).any(|part| {
            matches!(
                part,
                "name"
                    | "nom"
                    | "nombre"
                    | "nome"
                    | "surname"
                    | "sex"
                    | "gender"
                    | "date"
                    | "datum"
                    | "fecha"
                    | "data"
                    | "born"
                    | "dob"
                    | "id"
                    | "passport"
            )
        })
    });
    if !others {
        return;
    }
    let place = asked.iter().any(|part| cues(Hash::of(part)) & (bit(Cue::Half) | bit(Cue::Place)) != 0);
    if !place || asked.len() > 5 || cell.chars().count() > 40 {
        return;
    }
    for row in page.lines().iter().skip(index + 1).take(400) {
        let cells = &text[row.start..row.end];
        if cells.matches(sign).count() < nth.max(1) {
            break;
        }
        let Some(cell) = cells.split(sign).nth(nth) else { break };
        let value = cell.trim_matches([' ', '\t', '*', '"', '_']);
        let start = value.as_ptr() as usize - text.as_ptr() as usize;
        let fits = value.chars().next().is_some_and(char::is_alphabetic)
            && !value.chars().any(|c| c.is_ascii_digit() || matches!(c, '@' | ':' | '\u{1}'))
            && value.chars().count() <= 48;
        if fits {
            out.push(
                Span::new(start..start + value.len(), Entity::PlaceOfBirth, 0.7)
                    .by(Layer::Context, "place in a column of places of birth"),
            );
        }
    }
}

/// `Leonor Quaresma (Ponta Delgada, 1979-02-28)`: a place and a full date in brackets behind a name.
pub(super) fn brackets(page: &Page<'_>, out: &mut Vec<Span>) {
    let text = page.text();
    for line in page.lines().iter().filter(|line| line.cues.has(Cues::BRACKET) && line.digits >= 6) {
        for (open, _) in text[line.start..line.end].match_indices('(') {
            let from = line.start + open + 1;
            let inside = onward(text, from, 72);
            let Some(close) = inside.find([')', '\n']).filter(|close| inside[*close..].starts_with(')')) else {
                continue;
            };
            let inside = &inside[..close];
            let Some((place, when)) =
                inside.split_once(", ").filter(|(place, _)| place.starts_with(char::is_uppercase))
            else {
                continue;
            };
            let plain = place.chars().all(|c| c.is_alphabetic() || matches!(c, ' ' | '-' | '\'' | '’' | '.'));
            let at = from + place.len() + 2;
            let Some(date) = date_at(text, at, false).filter(|date| {
                date.day && date.end == at + when.len() && date.year.is_some_and(|year| (1900..=2010).contains(&year))
            }) else {
                continue;
            };
            // A name stands before it.
            let head = text[line.start..from - 1].trim_end();
            let name = head.rsplit([' ', '\u{a0}']).take(2).collect::<Vec<_>>();
            let named = name.len() == 2
                && name.iter().all(|word| word.starts_with(char::is_uppercase) || word.starts_with("d'"));
            if plain && named && place.split(' ').count() <= 5 {
                out.push(
                    Span::new(from..from + place.len(), Entity::PlaceOfBirth, 0.7)
                        .by(Layer::Context, "place and date behind a name"),
                );
                out.push(
                    Span::new(at..date.end, Entity::DateOfBirth, 0.7)
                        .by(Layer::Context, "place and date behind a name"),
                );
            }
        }
    }
}

/// Labels of a place that only the line above makes one of a birth.
const PLACE_LABELS: &[&str] = &[
    "luogo",
    "ort",
    "place",
    "lieu",
    "lugar",
    "local",
    "miejsce",
    "místo",
    "miesto",
    "plaats",
    "sted",
    "stad",
    "hely",
    "helye",
    "paikka",
    "mesto",
    "mjesto",
    "место",
    "місце",
    "място",
    "τόπος",
    "yer",
    "yeri",
    "loc",
    "locul",
    "tempat",
    "nơi",
];

/// Forms in lines: `Luogo   Verona` right below `Data di nascita   12 marzo 1988`, and a place below its label, each
/// alone on its line.
pub(super) fn below(page: &Page<'_>, word: &Word, index: usize, out: &mut Vec<Span>) {
    let text = page.text();
    let (Some(line), Some(next)) = (page.lines().get(index), page.lines().get(index + 1)) else { return };
    let head = text[line.start..word.start()].trim_start_matches([' ', '*', '-', '•', '|', '\t']);
    if next.end - next.start > 96
        || next.cues.has(Cues::DIGIT)
        || head.len() > 24
        || head.contains([':', ',', '.', ';'])
    {
        return;
    }
    let below = &text[next.start..next.end];
    let body = below.trim_start_matches([' ', '*', '-', '•', '|', '\t']);
    let first = body.split(|c: char| !c.is_alphabetic()).next().unwrap_or_default();
    let own = text[line.start..line.end].trim_matches([' ', '*', ':', '：', '|', '-', '•', '\t', '\r']);
    // The whole line is the label, of a place.
    let alone = own.len() <= 40 && {
        let parts = || own.split(|c: char| !(c.is_alphabetic() || c == '\'')).filter(|part| !part.is_empty());
        let cue = |part: &str| cues(Hash::of(part));
        parts().count() <= 5
            && parts().all(|part| cue(part) != 0)
            && parts().any(|part| cue(part) & (bit(Cue::Half) | bit(Cue::Place)) != 0)
            && (parts().any(|part| cue(part) & bit(Cue::Born) != 0) || parts().count() == 1)
    };
    let labelled = PLACE_LABELS.contains(&first.to_lowercase().as_str()) && line.cues.has(Cues::DIGIT);
    let value = if labelled {
        let rest = &body[first.len()..];
        let value = rest.trim_start_matches([' ', ':', '：', '\t', '|', '.', '*', '_']);
        let gap = &rest[..rest.len() - value.len()];
        if !(gap.contains([':', '：', '\t', '|']) || gap.len() >= 2) {
            return;
        }
        value
    } else if alone {
        body
    } else {
        return;
    };
    let value = value.split("  ").next().unwrap_or_default().trim_end_matches([' ', '|', '\t', '\r', '.', ';', '*']);
    let words = || value.split(' ').filter(|word| !word.is_empty());
    let capital = value.chars().next().is_some_and(|c| c.is_uppercase() || c.is_alphabetic() && !c.is_lowercase());
    let known = words().any(|word| {
        let flags = LEXICON.word(Hash::of(word.trim_matches([',', '(', ')', '.'])));
        flags.any(PLACES)
    });
    let plain = words().any(|word| {
        let flags = LEXICON.word(Hash::of(word.trim_matches([',', '(', ')', '.'])));
        flags.any(Flags::WORD.or(Flags::JOB)) && !flags.any(PLACES)
    });
    let good = capital
        && value.chars().count() <= 40
        && (1..=4).contains(&words().count())
        && !value.contains([':', '：', '\u{1}', '@', '/', '|'])
        && !plain
        && (known || labelled);
    if good {
        let from = value.as_ptr() as usize - text.as_ptr() as usize;
        out.push(
            Span::new(from..from + value.len(), Entity::PlaceOfBirth, 0.75)
                .by(Layer::Context, "place below a label of a birth"),
        );
    }
}

/// `* 12.3.1981 in Graz`.
pub(super) fn stars(page: &Page<'_>, out: &mut Vec<Span>) {
    let text = page.text();
    for line in page.lines().iter().filter(|line| line.digits >= 4 && line.end - line.start < 4000) {
        let spelt = &text[line.start..line.end];
        let Some(star) = spelt.find('*') else { continue };
        let from = line.start + star + 1;
        if !text[from..line.end].trim_start().starts_with(|c: char| c.is_ascii_digit()) {
            continue;
        }
        let mut read = Vec::new();
        tokens::read(text, from..line.end, page.words(), &mut read);
        tokens::end_line(line.end, &mut read);
        let zone = Zone { text, tokens: read };
        let Some(end) = zone.date(0).filter(|end| *end > 1) else { continue };
        let preposition = zone.get(end).is_some_and(|word| word.is_word() && cues(word.hash) & bit(Cue::In) != 0);
        if !preposition {
            continue;
        }
        if let Some(found) = zone.place(end + 1, false, true)
            && let (Some(first), Some(last)) = (zone.get(found.start), zone.get(found.end - 1))
        {
            out.push(
                Span::new(first.start..last.end, Entity::PlaceOfBirth, 0.7)
                    .by(Layer::Context, "place behind a star and a date"),
            );
            if let (Some(begin), Some(last)) = (zone.get(0), zone.get(end - 1)) {
                out.push(
                    Span::new(begin.start..last.end, Entity::DateOfBirth, 0.7)
                        .by(Layer::Context, "date behind a star and before a place"),
                );
            }
        }
    }
}

/// Thai: what follows the word up to a wide blank, a digit or the end of the line.
pub(super) fn thai(text: &str, out: &mut Vec<Span>) {
    for cue in ["สถานที่เกิด", "เกิดที่", "บ้านเกิด", "ภูมิลำเนา"]
    {
        for (at, _) in text.match_indices(cue) {
            let rest = &text[at + cue.len()..];
            let value = rest.trim_start_matches([' ', ':', '：', '\t', '|']);
            let begin = text.len() - value.len();
            let letters = |c: char| matches!(c, '\u{e00}'..='\u{e7f}' | '.' | ' ');
            let stop = value.find(|c: char| !letters(c)).unwrap_or(value.len());
            let value = value[..stop].split("  ").next().unwrap_or_default();
            // One place, or parts with their short words: `อ.เมือง จ.เชียงใหม่`.
            let value = match value.split_once(' ') {
                Some((first, rest)) if !rest.starts_with(['จ', 'อ', 'ต']) => first,
                _ => value.trim_end_matches([' ', '.']),
            };
            if (2..=40).contains(&value.chars().count()) {
                out.push(
                    Span::new(begin..begin + value.len(), Entity::PlaceOfBirth, 0.8)
                        .by(Layer::Context, "place beside a word for birth"),
                );
            }
        }
    }
}

/// Languages that put no blank around the words.
pub(super) fn undivided(text: &str, out: &mut Vec<Span>) {
    let mut push = |range: Range<usize>| {
        if !range.is_empty() {
            out.push(Span::new(range, Entity::PlaceOfBirth, 0.8).by(Layer::Context, "place beside a word for birth"));
        }
    };
    for cue in ["出生于", "出生於", "出生在", "籍贯", "籍貫", "我来自", "我來自", "出生地", "出身地"]
    {
        for (at, _) in text.match_indices(cue) {
            let start = at + cue.len();
            let rest = text[start..].trim_start_matches(['：', ':', ' ', '\u{3000}', '是']);
            let begin = text.len() - rest.len();
            let end = rest.find(|c: char| !matches!(c, '\u{3400}'..='\u{9FFF}')).unwrap_or(rest.len());
            let count = rest[..end].chars().count();
            if (2..=9).contains(&count) && (begin > start || !cue.starts_with('籍')) {
                push(begin..begin + end);
            }
        }
    }
    for cue in ["生まれ", "出身"] {
        for (end, _) in text.match_indices(cue) {
            let head =
                text[..end].trim_end_matches(|c: char| matches!(c, '\u{3400}'..='\u{9FFF}' | 'ヶ' | 'ノ' | '々'));
            let name = &text[head.len()..end];
            if name.chars().count() >= 3 && name.ends_with(['県', '市', '都', '府', '町', '村', '区', '郡']) {
                push(head.len()..end);
            }
        }
    }
    for cue in ["에서 태어", "에서 출생", "에서 나고 자"] {
        for (end, _) in text.match_indices(cue) {
            let hangul = |c: char| matches!(c, '가'..='힣');
            let head = text[..end].trim_end_matches(hangul);
            let mut begin = head.len();
            let wider = head.trim_end_matches(' ');
            let region = wider.trim_end_matches(hangul);
            if wider.ends_with(['도', '시', '군']) && head.len() - wider.len() == 1 && wider.len() - region.len() >= 6
            {
                begin = region.len();
            }
            push(begin..end);
        }
    }
}
