//! What belongs to a known name where it is written in another way: `co-PI Sofiane Derradji` where only the surname is
//! known, `R. Okonjo`, `Bokhari MT`, `Ximena A. L.`, `M.ª Nekane Urrutia`.

use std::ops::Range;

use crate::mask::lexicon::{Flags, LEXICON};
use crate::mask::page::{Cues, Line, Page};
use crate::mask::span::{Entity, Layer, Span};
use crate::mask::words::Word;

/// What no neighbour of a name has that is a part of it.
const OTHER: Flags = Flags::WORD
    .or(Flags::FOREIGN)
    .or(Flags::JOB)
    .or(Flags::PLACE)
    .or(Flags::ORGANISATION)
    .or(Flags::ORGANISATION_TAIL)
    .or(Flags::ORGANISATION_HEAD)
    .or(Flags::STREET)
    .or(Flags::EPONYM)
    .or(Flags::HONORIFIC)
    .or(Flags::ROLE)
    .or(Flags::SUFFIX)
    .or(Flags::POSTS)
    .or(Flags::WORKS)
    .or(Flags::THING_BEFORE)
    .or(Flags::THING_AFTER);
const NAME: Flags = Flags::GIVEN.or(Flags::SURNAME);

/// The bytes of the name that the words at `run` are a part of. `given` says that they are no surname: then a surname
/// may follow, and otherwise given names may stand before.
pub(super) fn widened(text: &str, words: &[Word], run: Range<usize>, given: bool) -> Range<usize> {
    let (Some(first), Some(last)) = (words.get(run.start), words.get(run.end - 1)) else { return 0..0 };
    let mut range = first.start()..last.end();
    if !first.capital {
        return range;
    }
    let raised = |word: &Word| word.shouted && word.letters > 1;
    let name = |word: &Word| {
        word.capital && !word.coded && !word.mixed && word.letters > 2 && raised(word) == raised(first) && {
            let flags = word.entry.flags;
            let known = flags.any(NAME) && !flags.any(Flags::ALSO_WORD.or(Flags::ALSO_PRODUCT));
            !flags.any(OTHER) && (known || flags == Flags::default()) && {
                known || LEXICON.spelt_like_a_name(&text[word.range()])
            }
        }
    };
    if given {
        // `Marcos Etchegoyhen`, where Marcos is known.
        if let Some(next) = words.get(run.end)
            && text.get(range.end..next.start()) == Some(" ")
            && name(next)
            && !next.entry.flags.any(Flags::ALSO_PLACE)
            && !text[next.end()..].starts_with(['-', '\u{2010}', '/', '@', '_'])
        {
            range.end = next.end();
        }
    } else {
        let mut at = run.start;
        while let Some(before) = at.checked_sub(1).and_then(|at| words.get(at)).filter(|_| run.start - at < 3) {
            if text.get(before.end()..range.start) != Some(" ") || !name(before) {
                break;
            }
            // A sentence begins with any word; one of no list is a name within it only.
            let head = text[..before.start()].trim_end_matches(['*', '_', '"', '“', '„', '«', '(']);
            let inner = head.ends_with(' ') && !head.trim_end().ends_with(['.', '!', '?', ':', '-', '•', '\n', '|']);
            if !inner && !before.entry.flags.any(Flags::GIVEN) {
                break;
            }
            range.start = before.start();
            at -= 1;
        }
        if at == run.start {
            range.start -= initials_before(&text[..range.start]);
        }
    }
    let unchanged = range.end == last.end();
    if unchanged {
        range.end += initials_behind(&text[range.end..], given);
    }
    range
}

/// How many bytes of initials end `head`: `R. `, `M.-S. `, `J. R. R. `, `M.ª `.
pub(super) fn initials_before(head: &str) -> usize {
    let mut rest = head;
    let mut count = 0;
    while let Some(inner) = rest.strip_suffix(' ').or(if count > 0 { rest.strip_suffix('-') } else { None }) {
        let inner = inner.strip_suffix(['ª', 'º']).unwrap_or(inner);
        let Some(inner) = inner.strip_suffix('.') else { break };
        let Some(letter) = inner.chars().next_back().filter(|c| c.is_uppercase()) else { break };
        let before = &inner[..inner.len() - letter.len_utf8()];
        if before.ends_with(char::is_alphanumeric) || count == 3 {
            break;
        }
        rest = before;
        count += 1;
    }
    // `1. A. Quill`: a number, and no initial, stays.
    head.len() - rest.len()
}

/// How many bytes of initials begin `tail`: ` A. L.`, and behind a surname ` MT` before a comma or a stop.
fn initials_behind(tail: &str, given: bool) -> usize {
    let mut at = 0;
    let mut count = 0;
    while count < 3 {
        let rest = &tail[at..];
        let Some(inner) = rest.strip_prefix(' ').or(if count > 0 { Some(rest) } else { None }) else { break };
        let Some(letter) = inner.chars().next().filter(|c| c.is_uppercase()) else { break };
        let Some(after) = inner[letter.len_utf8()..].strip_prefix('.') else { break };
        // `Quill A. Tremblay`: the initial of the next name.
        if after.starts_with(' ')
            && after[1..].starts_with(|c: char| c.is_uppercase())
            && !after.get(2..3).is_some_and(|c| c == ".")
        {
            break;
        }
        at = tail.len() - after.len();
        count += 1;
    }
    if at > 0 || given {
        return at;
    }
    let Some(inner) = tail.strip_prefix(' ') else { return 0 };
    let letters = inner.bytes().take_while(u8::is_ascii_uppercase).count();
    const TITLES: &[&str] = &[
        "CEO", "CTO", "CFO", "COO", "PHD", "MBA", "MD", "JR", "SR", "II", "III", "IV", "RN", "CPA", "MP", "QC", "HR",
        "IT",
    ];
    let fits = (1..=3).contains(&letters)
        && inner[letters..].starts_with([',', '.', ';'])
        && !TITLES.contains(&&inner[..letters]);
    if fits { 1 + letters } else { 0 }
}

/// `"She ships." — R. C.`, `– S.H-H`: initials behind a dash at the end of a line, below or behind what somebody said.
pub(super) fn initials(page: &Page<'_>, out: &mut Vec<Span>) {
    let dashed = |line: &&Line| {
        line.cues.has(Cues::DOT | Cues::CAPITAL) && (line.cues.has(Cues::DASH) || line.cues.has(Cues::WIDE))
    };
    for line in page.lines().iter().filter(dashed) {
        let row = page.text()[line.start..line.end].trim_end_matches([' ', '\t', '*', '_', ')']);
        let Some((at, c)) = row.char_indices().rev().take(14).find(|(_, c)| matches!(c, '—' | '–' | '―' | ' '))
        else {
            continue;
        };
        let (mut head, value) = (row[..at].trim_end(), &row[at + c.len_utf8()..]);
        if c == ' ' {
            let bare = head.trim_end_matches(['—', '–', '―', '-']);
            if bare.len() == head.len() {
                continue;
            }
            head = bare.trim_end();
        }
        let letters = value.chars().filter(|c| c.is_uppercase()).count();
        let shape = value.chars().all(|c| c.is_uppercase() || matches!(c, '.' | '-')) && value.contains('.');
        let said = head.is_empty() || head.ends_with(['"', '”', '»', '“', '.', '!', '?', '’', '›', ')']);
        // `— P.` on a line of its own, which ends a letter.
        let signed = letters == 1 && value.chars().count() == 2 && head.trim_start_matches(['>', ' ']).is_empty();
        let signed = signed
            || (letters == 1
                && value.chars().count() == 2
                && head.ends_with(['.', '!'])
                && page.text()[line.end..].trim_start_matches(['\n', '\r', ' ']).starts_with(['>', '#']));
        if shape && said && (signed || (2..=4).contains(&letters)) && value.starts_with(char::is_uppercase) {
            let start = line.start + row.len() - value.len();
            out.push(
                Span::new(start..start + value.len(), Entity::Person, 0.65)
                    .by(Layer::Structure, "initials of whoever said it"),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mask::words::words;

    #[test]
    fn names_grow_by_what_is_written_with_them() {
        for (text, name, given, whole) in [
            ("the co-PI Sofiane Morvaille left", "Morvaille", false, "Sofiane Morvaille"),
            ("[1] R. Morvaille: x", "Morvaille", false, "R. Morvaille"),
            ("[1] M.-S. Morvaille: x", "Morvaille", false, "M.-S. Morvaille"),
            ("Morvaille MT, Quill HA.", "Morvaille", false, "Morvaille MT"),
            ("Firma: Ximena A. L.", "Ximena", true, "Ximena A. L."),
            ("Soy Marcos Etchegoyhen, de", "Marcos", true, "Marcos Etchegoyhen"),
            ("The Morvaille CEO", "Morvaille", false, "Morvaille"),
            ("Engineer Morvaille", "Morvaille", false, "Morvaille"),
            ("Marcos Street", "Marcos", true, "Marcos"),
        ] {
            let words = words(text);
            let at = words.iter().position(|word| &text[word.range()] == name);
            let found = at.map(|at| widened(text, &words, at..at + 1, given));
            assert_eq!(found.map(|found| &text[found]), Some(whole), "{text}");
        }
    }
}
