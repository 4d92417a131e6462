//! People who speak: in chats, behind the time, and in threads of comments, in front of a colon.

use std::ops::Range;

use memchr::memchr_iter;

use super::position::is_other;
use super::scan::{Cursor, is_letter};
use crate::mask::lexicon::{Flags, LEXICON};
use crate::mask::page::{Cues, Line, Page};
use crate::mask::span::{Entity, Layer, Span};

/// Adds the names of those who speak.
pub(super) fn find(page: &Page<'_>, out: &mut Vec<Span>) {
    chat(page, out);
    speakers(page, out);
}

/// Who speaks at the start of a line of a chat: an hour in brackets or bare, a name, a colon; a name in bold and an
/// hour; a name and an hour that end the line.
fn speaker(mut line: Cursor<'_>) -> Option<Range<usize>> {
    let dash = |c: char| matches!(c, '-' | '–' | '—');
    let sign = |wanted: char| move |c: char| c == wanted;
    if line.tag("**") {
        let name = line.loose_name(is_letter, 2)?;
        if !line.tag("**") || !line.blanks() {
            return None;
        }
        if line.take(dash) {
            line.blanks();
        }
        return (line.take(sign('@')) || line.clock()).then_some(name);
    }
    if let Some(name) = line.loose_name(is_letter, 2) {
        if !line.blanks() || !line.clock() {
            return None;
        }
        let mut half = line;
        half.take(|c| matches!(c, ' ' | '\t'));
        if half.take(|c| matches!(c, 'A' | 'a' | 'P' | 'p')) && half.take(|c| matches!(c, 'M' | 'm')) {
            line = half;
        }
        line.blanks();
        return line.ends().then_some(name);
    }
    if line.take(sign('[')) {
        let time = |c: char| c.is_ascii_digit() || "/.,: APMapm-".contains(c);
        if !(4..=24).contains(&line.skip(time)) || !line.take(sign(']')) {
            return None;
        }
        line.blanks();
    } else {
        if !line.clock() {
            return None;
        }
        let mut seconds = line;
        if seconds.take(sign(':')) && seconds.skip(|c| c.is_ascii_digit()) == 2 {
            line = seconds;
        }
        if !line.blanks() {
            return None;
        }
        if line.take(|c| matches!(c, '-' | '–')) {
            line.blanks();
        }
    }
    line.tag("**");
    let name = line.loose_name(is_letter, 2)?;
    line.tag("**");
    if !line.take(sign(':')) {
        return None;
    }
    line.tag("**");
    line.blanks().then_some(name)
}

/// Whoever speaks in a chat, written as they like: two lines at least have to look so.
fn chat(page: &Page<'_>, out: &mut Vec<Span>) {
    let timed = |line: &&Line| line.cues.has(Cues::DIGIT | Cues::COLON) || line.cues.has(Cues::AT);
    let lines = page.lines().iter().filter(timed);
    let mut spoken = Vec::new();
    for line in lines {
        if let Some(found) = speaker(Cursor::new(page.text(), line.start..line.end)) {
            let name = page.text()[found.clone()].to_lowercase();
            spoken.push((found, name));
        }
    }
    const SYSTEMS: &[&str] = &[
        "system",
        "bot",
        "note",
        "update",
        "error",
        "warning",
        "info",
        "utc",
        "admin",
        "agent",
        "visitor",
        "customer",
        "support",
        "moderator",
        "user",
        "assistant",
        "start",
        "end",
        "lunch",
        "break",
        "closed",
        "open",
        "from",
        "until",
        "at",
        "on",
        "monday",
        "today",
        "yesterday",
    ];
    if spoken.len() > 1 {
        spoken.retain(|(_, name)| !name.split_whitespace().any(|word| SYSTEMS.contains(&word) || is_other(word)));
        out.extend(
            spoken
                .into_iter()
                .map(|(range, _)| Span::new(range, Entity::Person, 0.7).by(Layer::Structure, "speaker in a chat")),
        );
    }
}

/// Who speaks in a thread of comments, `Robertinha: so true`, where at least two speakers have names of the lexicon and
/// most lines that begin so are theirs.
fn speakers(page: &Page<'_>, out: &mut Vec<Span>) {
    let text = page.text();
    let mut sure: Vec<&str> = Vec::new();
    let mut doubtful: Vec<Range<usize>> = Vec::new();
    let (mut spoken, mut labels) = (0usize, 0usize);
    for line in page.lines().iter().filter(|line| line.cues.has(Cues::COLON)) {
        let row = &text[line.start..line.end];
        let mut colons = memchr_iter(b':', row.as_bytes());
        let Some(colon) = colons.find(|colon| row[colon + 1..].starts_with(' ')) else { continue };
        let (head, tail) = (&row[..colon], &row[colon + 2..]);
        let name = head.trim_start_matches(|c: char| !c.is_alphanumeric()).trim_end_matches(['*', ' ']);
        let name = name.split_once(" (").map_or(name, |(name, _)| name);
        if name.is_empty() || name.len() > 40 || tail.trim().is_empty() {
            continue;
        }
        let start = line.start + (name.as_ptr() as usize - row.as_ptr() as usize);
        let first = page.words().partition_point(|word| word.start() < start);
        let last = page.words().partition_point(|word| word.end() <= start + name.len());
        let parts = page.words().get(first..last).unwrap_or_default();
        let shape = name.chars().all(|c| c.is_alphabetic() || matches!(c, ' ' | '.' | '-' | '\'' | '’'));
        if !shape || parts.len() > 3 || parts.iter().any(|word| !word.capital) {
            labels += usize::from(parts.len() <= 3);
            continue;
        }
        let flags: Vec<Flags> = parts.iter().map(|word| LEXICON.word(word.hash)).collect();
        let named = |flags: &Flags| flags.any(Flags::GIVEN.or(Flags::SURNAME));
        let other =
            Flags::WORD.or(Flags::JOB).or(Flags::PLACE).or(Flags::ORGANISATION).or(Flags::FOREIGN).or(Flags::ALSO_WORD);
        if flags.first().is_some_and(|flags| flags.any(Flags::GIVEN) && !flags.any(other)) {
            spoken += 1;
            if !sure.contains(&name) {
                sure.push(name);
            }
        } else if flags.iter().all(|flags| named(flags) || !flags.any(other)) && name.chars().any(char::is_lowercase) {
            doubtful.push(start..start + name.len());
        } else {
            labels += 1;
        }
    }
    if sure.len() >= 2 && spoken > labels + doubtful.len() {
        out.extend(
            doubtful
                .into_iter()
                .map(|range| Span::new(range, Entity::Person, 0.6).by(Layer::Structure, "speaker among comments")),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn speakers_stand_at_the_start_of_a_line() {
        for (line, name) in [
            ("[12:30] Ada: hello", "Ada"),
            ("[2024-05-01, 9:05 pm] ada q.: hello", "ada q."),
            ("12:30 - Ada Quill: hello", "Ada Quill"),
            ("9:05:10\t**Šmíd**: hello", "Šmíd"),
            ("9:05 **Ada:** hello", "Ada"),
            ("**Ada Quill** — 9:05 hello", "Ada Quill"),
            ("**Ada** @ noon", "Ada"),
            ("Ada B. Quill 9:05 PM ", "Ada B. Quill"),
            ("Ada 12:30", "Ada"),
        ] {
            let found = speaker(Cursor::new(line, 0..line.len())).map(|found| &line[found]);
            assert_eq!(found, Some(name), "{line}");
        }
        for line in [
            "",
            "[",
            "[12:30 Ada: hello",
            "[9:5] Ada: hello",
            "12:3 Ada: hello",
            "12:30:1 Ada: hello",
            "12:30 — Ada: hello",
            "12:30 Ada:hello",
            "12:30 Ada One Two Three: hello",
            "12:30 4da: hello",
            "**Ada**9:05",
            "**Ada** 905",
            "Ada 9:05 xm",
            "Ada 9:05 hello",
            " Ada 9:05",
        ] {
            assert_eq!(speaker(Cursor::new(line, 0..line.len())), None, "{line}");
        }
    }
}
