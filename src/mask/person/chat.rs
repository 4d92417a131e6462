//! Who speaks in a chat or a thread, written as they like: `[14/05/2024, 09:06] Ngozi: …`, `<ada> …`, `Ada, 3 hours ago`.

use std::ops::Range;

use memchr::memchr_iter;

use super::inflect;
use super::position::is_other;
use crate::mask::lexicon::{Flags, LEXICON};
use crate::mask::page::{Cues, Line, Page};
use crate::mask::span::{Entity, Layer, Span};
use crate::mask::words::{Gap, Word, words};

/// What stands where a name would and is none.
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
    "debug",
    "trace",
    "fatal",
    "kernel",
    "daemon",
    "http",
    "https",
    "get",
    "post",
    "put",
    "edit",
    "tldr",
    "ps",
    "messages",
    "calls",
    "you",
    "operator",
    "server",
    "client",
    "kunde",
    "mod",
];

/// Tags of HTML, which are written as nicks are in IRC.
const TAGS: &[&str] = &[
    "a", "b", "i", "p", "u", "s", "br", "hr", "li", "ul", "ol", "td", "tr", "th", "div", "span", "code", "pre", "em",
    "strong", "table", "body", "head", "html", "img", "input", "form", "label", "title", "script", "style", "main",
    "nav", "section", "header", "footer", "string", "int", "name", "file", "path", "url", "id", "dir", "host", "port",
];

/// How a line says who speaks.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shape {
    /// Behind an hour, before a colon.
    Clocked,
    /// `<ada>`.
    Nick,
    /// Before an hour or an age.
    Timed,
    /// The same in bold, which nothing else is.
    Bold,
}

/// Adds whoever speaks; two lines at least have to look so.
pub(super) fn find(page: &Page<'_>, out: &mut Vec<Span>) {
    let timed = |line: &&Line| line.end - line.start > 3 && line.cues.has(Cues::ANY);
    let mut spoken: Vec<(Range<usize>, Shape)> = Vec::new();
    for line in page.lines().iter().filter(timed) {
        let row = &page.text()[line.start..line.end];
        let Some((range, shape)) = speaker(row, line.cues) else { continue };
        let name = &row[range.clone()];
        let system = |word: &str| {
            let word = word.trim_end_matches('.').to_lowercase();
            SYSTEMS.contains(&word.as_str()) || is_other(&word)
        };
        // `Faizal Office` is somebody of an office, `Office hours` nobody.
        let mut parts = name.split([' ', '-', '_']).filter(|part| !part.is_empty());
        let nobody = parts.next().is_none_or(system) || (shape != Shape::Clocked && parts.any(system));
        if !nobody && !scheduled(name) && name.chars().any(char::is_alphabetic) {
            spoken.push((line.start + range.start..line.start + range.end, shape));
        }
    }
    for shape in [Shape::Clocked, Shape::Nick, Shape::Timed, Shape::Bold] {
        let of_shape = || spoken.iter().filter(|(_, other)| *other == shape);
        if shape != Shape::Bold && of_shape().nth(1).is_none() {
            continue;
        }
        for (range, _) in of_shape() {
            let name = &page.text()[range.clone()];
            let nick = !name.contains(' ') && name.contains(|c: char| c == '_' || c.is_ascii_digit());
            let entity = if nick { Entity::Handle } else { Entity::Person };
            out.push(Span::new(range.clone(), entity, 0.7).by(Layer::Structure, "speaker in a chat"));
        }
    }
    speakers(page, out);
}

/// The speaker of a line, and how the line says so.
fn speaker(row: &str, cues: Cues) -> Option<(Range<usize>, Shape)> {
    let body =
        row.trim_start_matches([' ', '\t', '~', '>', '*', '-', '•', '·', '#', '\u{200e}', '\u{200f}', '\u{feff}']);
    let lead = row.len() - body.len();
    let first = *body.as_bytes().first()?;
    if (first.is_ascii_digit() || first == b'[' || first == b'(') && cues.has(Cues::DIGIT | Cues::COLON) {
        let Some(length) = stamp(body) else {
            // `[두현] [오후 8:02] 어디야`
            let (name, tail) = body.strip_prefix('[')?.split_once("] [")?;
            let hour = stamp(tail).is_some_and(|length| tail[length..].starts_with(']'));
            return (hour && is_written(name, 3)).then(|| (lead + 1..lead + 1 + name.len(), Shape::Clocked));
        };
        let rest = body[length..].trim_start_matches([' ', '-', '–', '—', '*', '\u{200e}', '\u{202f}', '~', ']', ',']);
        let start = lead + body.len() - rest.len();
        if let Some(inner) = rest.strip_prefix('<') {
            return nick(inner).map(|range| (start + 1 + range.start..start + 1 + range.end, Shape::Clocked));
        }
        let (rest, start) = match rest.strip_prefix("From ").or_else(|| rest.strip_prefix("from ")) {
            // `10:03:22 From Ada Quill to Everyone:`
            Some(inner) => (inner.trim_start(), start + rest.len() - inner.trim_start().len()),
            None => (rest, start),
        };
        // `20:03⇥두현⇥어디야`, as LINE writes a chat to a file.
        if let Some((name, _)) = rest.strip_prefix('\t').and_then(|rest| rest.split_once('\t')) {
            let told = is_written(name, 3) && is_somebody(name);
            return told.then(|| (start + 1..start + 1 + name.len(), Shape::Clocked));
        }
        let stop = rest.find([':', '：', '|'])?;
        let name = rest[..stop].split(" to ").next().unwrap_or_default();
        let name = name.trim_end_matches([' ', '*']);
        return is_written(name, 4).then(|| (start..start + name.len(), Shape::Clocked));
    }
    if first == b'<' {
        return nick(&body[1..]).map(|range| (lead + 1 + range.start..lead + 1 + range.end, Shape::Nick));
    }
    if !cues.has(Cues::DIGIT) && body.len() > 60 {
        return None;
    }
    // `Ada Quill  10:03`, `**ada** — 21:40`, `Ada, [05.12.2024 10:03]`, `ada · 3h`.
    let bold = row[..lead].contains("**");
    let mut from = 0;
    let (stop, tail) = loop {
        let at = from + body.get(from..)?.find([',', '—', '–', '·', '•', '(', '[', '-', '\t', ' ', '*', '@', '|'])?;
        if at > 40 {
            return None;
        }
        let c = body[at..].chars().next()?;
        let tail = &body[at + c.len_utf8()..];
        let parts = c != ' ' && (c != '-' || body[..at].ends_with(' ')) || tail.starts_with([' ', '\u{2009}']) || {
            // One blank parts a name from an hour that ends the line.
            c == ' ' && tail.len() <= 20 && stamp(tail).is_some_and(|length| tail[length..].trim().is_empty())
        };
        if parts {
            break (at, tail.trim_start_matches([' ', '—', '–', '·', '•', '(', '[', '-', '\t', '*', '@', '|', ',']));
        }
        from = at + c.len_utf8();
    };
    let name = body[..stop].trim_end();
    let pronouns =
        tail.split_once(')').filter(|(inner, _)| inner.len() < 12 && inner.contains('/') && inner.is_ascii());
    let tail = pronouns.map_or(tail, |(_, tail)| tail.trim_start_matches([' ', '—', '–', '·', '•', '(', '[', '-']));
    let told = match stamp(tail) {
        Some(length) => {
            let rest = tail[length..].trim_start_matches([')', ']', ' ', '*']);
            bold || rest.is_empty() || rest.starts_with([':', '|'])
        }
        None => (bold || body.len() < 80 || tail.starts_with(|c: char| c.is_ascii_digit())) && ago(tail),
    };
    (told && is_written(name, 3) && is_somebody(name))
        .then(|| (lead..lead + name.len(), if bold { Shape::Bold } else { Shape::Timed }))
}

/// Whether text may be what somebody is called in a chat: letters, digits and few marks, of a few words.
pub(crate) fn is_written(name: &str, most: usize) -> bool {
    let mut words = 0;
    let shape = name.split(' ').filter(|word| !word.is_empty()).all(|word| {
        words += 1;
        word.chars().all(|c| {
            c.is_alphanumeric()
                || matches!(c, '.' | '-' | '\'' | '’' | '_' | '~' | '(' | ')' | '\u{200d}' | '\u{fe0f}' | '@' | '+')
                || c >= '\u{2600}'
                || crate::mask::words::fold(c).next().is_none()
        })
    });
    shape
        && (1..=most).contains(&words)
        && (2..=60).contains(&name.len())
        && name.starts_with(|c: char| c.is_alphabetic() || c == '@')
}

/// `10:15 Sprint review: …`: words in small letters and no name.
fn scheduled(name: &str) -> bool {
    let parts = words(name);
    let flags = || parts.iter().map(|part| LEXICON.word(part.hash));
    parts.len() > 1
        && parts.iter().skip(1).all(|part| !part.capital && !part.caseless)
        && parts[0].capital
        && !flags().any(|flags| flags.any(Flags::GIVEN.or(Flags::SURNAME).or(Flags::ROLE)))
}

/// Whether no word of a name is an ordinary one, and one of them is a name or written as nicks are.
pub(crate) fn is_somebody(name: &str) -> bool {
    let other = Flags::WORD
        .or(Flags::FOREIGN)
        .or(Flags::JOB)
        .or(Flags::PLACE)
        .or(Flags::ORGANISATION)
        .or(Flags::ORGANISATION_TAIL)
        .or(Flags::THING_AFTER)
        .or(Flags::POSTS);
    let coded = name.contains('_') || name.starts_with('@');
    let parts = words(name);
    let lower = !name.contains(' ') && name.chars().all(|c| !c.is_uppercase());
    let mut named = coded || lower;
    for part in &parts {
        let flags = LEXICON.word(part.hash);
        let name = flags.any(Flags::GIVEN.or(Flags::SURNAME));
        let sure = if parts.len() > 1 { name } else { flags.any(Flags::GIVEN) };
        if !sure && flags.any(other) && !coded || (!part.capital && !coded && !lower && !part.caseless) {
            return false;
        }
        named |= name || part.caseless;
    }
    named && !parts.is_empty()
}

/// The nick before `>`: `@ada>`, `ada_q[m]>`.
fn nick(inner: &str) -> Option<Range<usize>> {
    let stop = inner.find('>').filter(|stop| *stop <= 32)?;
    let name = inner[..stop].trim_start_matches(['@', '+', '~', '&', '%', ' ']);
    let start = stop - name.len();
    let shape = name.chars().all(|c| {
        c.is_alphanumeric() || matches!(c, '_' | '-' | '[' | ']' | '{' | '}' | '^' | '`' | '|' | '\\' | '.' | ' ')
    });
    let tail = &inner[stop + 1..];
    let tag = TAGS.contains(&name.to_lowercase().as_str()) || tail.contains("</");
    (shape && !tag && name.len() >= 2 && tail.starts_with(' ') && tail.trim().len() > 1).then_some(start..stop)
}

/// Halves of a day, and what stands behind the numbers of a date, in the scripts of East Asia.
const HALVES: &[&str] = &[
    "오전", "오후", "午前", "午後", "上午", "下午", "凌晨", "早上", "中午", "晚上", "年", "月", "日", "년", "월", "일",
];

/// How many bytes of the start of `text` are a date and an hour, with the bracket that closes them.
fn stamp(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let opened = matches!(bytes.first(), Some(b'[' | b'('));
    let mut at = usize::from(opened);
    let mut hour = false;
    while let Some(byte) = bytes.get(at).filter(|_| at < 44) {
        // `오후 8:02`, `2024年5月3日 午後8:02`.
        if *byte >= 0xE5 {
            let Some(word) = HALVES.iter().find(|word| text.get(at..).is_some_and(|rest| rest.starts_with(**word)))
            else {
                break;
            };
            at += word.len();
            continue;
        }
        let before = at.checked_sub(1).and_then(|at| bytes.get(at));
        match byte {
            b':' => {
                let digit = |at: Option<usize>| at.and_then(|at| bytes.get(at)).is_some_and(u8::is_ascii_digit);
                if !digit(at.checked_sub(1)) || !digit(Some(at + 1)) {
                    break;
                }
                hour = true;
            }
            b'0'..=b'9' | b'/' | b'.' | b',' | b' ' | b'-' | b'+' => {}
            b'A' | b'P' | b'a' | b'p' if matches!(bytes.get(at + 1), Some(b'M' | b'm' | b'.')) => at += 1,
            b'm' if hour && matches!(before, Some(b'.' | b' ')) => {}
            b'T' | b'Z' if before.is_some_and(u8::is_ascii_digit) => {}
            // A narrow blank before `PM`.
            0xE2 if bytes.get(at + 1..at + 3) == Some(&[0x80, 0xAF]) => at += 2,
            _ => break,
        }
        at += 1;
    }
    if !hour || !text.is_char_boundary(at) {
        return None;
    }
    if opened {
        return matches!(bytes.get(at), Some(b']' | b')')).then_some(at + 1);
    }
    Some(text[..at].trim_end_matches([' ', '-', ',']).len())
}

/// Whether `text` begins with how long ago something was said.
fn ago(text: &str) -> bool {
    const BEFORE: &[&str] = &[
        "today at",
        "yesterday at",
        "just now",
        "last monday",
        "vor ",
        "il y a ",
        "hace ",
        "há ",
        "gestern",
        "heute",
        "hier à",
        "hier,",
        "aujourd'hui",
        "ayer",
        "hoy a",
        "ontem",
        "hoje",
        "ieri",
        "oggi",
        "wczoraj",
        "dzisiaj",
        "dziś",
        "včera",
        "dnes ",
        "idag",
        "igår",
        "i dag",
        "i går",
        "tänään",
        "eilen",
        "dün",
        "bugün",
        "вчера",
        "сегодня",
        "вчора",
        "сьогодні",
        "πριν",
        "před ",
        "pred ",
        "för ",
        "acum ",
        "gisteren",
        "vandaag",
        "tegnap",
        "yesterday",
    ];
    const UNITS: &[&str] = &[
        "h",
        "hr",
        "hrs",
        "d",
        "w",
        "wk",
        "m",
        "min",
        "mins",
        "mo",
        "y",
        "j",
        "std",
        "tim",
        "t",
        "sa",
        "g",
        "godz",
        "ч",
        "мин",
        "д",
        "год",
        "小时前",
        "小時前",
        "分钟前",
        "分鐘前",
        "天前",
        "時間前",
        "分前",
        "日前",
        "시간",
        "분",
        "일",
    ];
    const AGO: &[&str] = &[
        "ago",
        "geleden",
        "temu",
        "sedan",
        "siden",
        "sitten",
        "fa",
        "önce",
        "назад",
        "тому",
        "zpět",
        "yang lalu",
        "atrás",
        "lalu",
        "trước",
        "órája",
        "napja",
        "perce",
        "전",
        "edited",
    ];
    let head: String = text.chars().take(28).flat_map(char::to_lowercase).collect();
    if BEFORE.iter().any(|word| head.starts_with(word)) {
        return head.contains(|c: char| c.is_ascii_digit()) || head.trim().chars().count() < 16;
    }
    let digits = head.len() - head.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let rest = head[digits..].trim_start();
    let word = rest.trim_end_matches([')', ' ', ']', '*', ':']);
    (digits > 0 && digits < 3 && UNITS.contains(&word.trim_end_matches('.')))
        || ((digits > 0 || head.starts_with("an ") || head.starts_with("a "))
            && AGO
                .iter()
                .any(|ago| rest.split([' ', ')', ']', '.', ',', ':']).skip(1).take(3).any(|word| word == *ago)))
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
        let small = |word: &Word| !word.capital && word.gap != Gap::Apostrophe;
        if !shape || parts.len() > 4 || parts.iter().any(small) {
            labels += usize::from(parts.len() <= 3);
            continue;
        }
        let mut flags: Vec<Flags> = parts.iter().map(|word| word.entry.flags).collect();
        // `Мар'яна`, `Σοφία`: names of other scripts are in the lists in Latin letters.
        let foreign = name.starts_with(|c: char| matches!(c, '\u{370}'..='\u{52F}'));
        if let Some(known) = flags.first_mut().filter(|flags| foreign && **flags == Flags::default()) {
            let first: String = name.split(' ').next().unwrap_or_default().replace(['\'', '’'], "");
            inflect::any_romanized(&first, |hash| {
                let found = LEXICON.word(hash);
                if found.any(Flags::GIVEN) {
                    *known = found;
                }
                found.any(Flags::GIVEN)
            });
        }
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
