//! Who wrote a post, or a comment of a thread.

use std::ops::Range;

use super::{is_like, name_at, push};
use crate::mask::lexicon::{Flags, LEXICON};
use crate::mask::page::Page;
use crate::mask::person::{is_somebody, is_written};
use crate::mask::recognizer::anchor::{Anchor, Kind, SIDE, behind};
use crate::mask::recognizer::host::is_known_top;
use crate::mask::span::{Entity, Span};
use crate::mask::words::{Hash, words};

/// `Posted by ada_q`, `Autor: ada_q`.
pub(super) fn author(text: &str, anchor: &Anchor, out: &mut Vec<Span>) {
    let rest = text.get(anchor.end()..).unwrap_or_default();
    let gap = rest.len() - rest.trim_start_matches([' ', ':', '：', '*', '\u{a0}']).len();
    if gap == 0 || gap > 6 {
        return;
    }
    let (start, name) = name_at(text, anchor.end() + gap);
    let label = &text[anchor.start()..anchor.end()];
    let head = behind(text, anchor.start(), SIDE);
    // `grouped by user_id`: only the sentence that is nothing but this, or one that says what was done.
    let bare = matches!(
        label.to_lowercase().as_str(),
        "by" | "von"
            | "par"
            | "por"
            | "door"
            | "von:"
            | "przez"
            | "oleh"
            | "created by"
            | "started by"
            | "merged by"
            | "opened by"
    );
    let first = head.trim_matches(|c: char| !c.is_alphanumeric()).is_empty();
    let next = text.get(start + name.len()..).unwrap_or_default();
    let over = next.is_empty()
        || next.starts_with(['\n', ',', ')', '.', '\r', '*', ';'])
        || [" »", " ·", " •", " |", " —", " –", " on ", " (", " -", " @"].iter().any(|sign| next.starts_with(sign));
    let strong = name.contains('_') || name.contains(char::is_numeric);
    // `Re: by ada_q — …`, `posted to the forum by ada_ » Thu`: nothing but who wrote stands there.
    let reply = head.trim_matches(|c: char| !c.is_alphanumeric()).eq_ignore_ascii_case("re");
    let dated = next.starts_with(" »") || (next.starts_with(" on ") || next.starts_with(" · ")) && !bare;
    let forum = (reply || dated) && over && nickname(name);
    let column = name.ends_with("_id") || name.ends_with("_at");
    if (is_like(name) && strong && over && (first || !bare) && !column) || forum {
        push(start, name, 0.75, out);
    }
}

/// Whether a word is none of any list, or is written as nicks are.
pub(super) fn nickname(name: &str) -> bool {
    let flags = LEXICON.word(Hash::of(name));
    let other = Flags::WORD
        .or(Flags::FOREIGN)
        .or(Flags::JOB)
        .or(Flags::ORGANISATION)
        .or(Flags::PLACE)
        .or(Flags::ORGANISATION_TAIL)
        .or(Flags::POSTS)
        .or(Flags::WORKS)
        .or(Flags::THING_AFTER)
        .or(Flags::HONORIFIC);
    name.chars().count() >= 3 && (!flags.any(other) || name.contains('_'))
}

/// What makes a token with `_` a person's: a part of it that is a name and no word, as in `kernel_karen`.
pub(super) fn named_part(name: &str) -> bool {
    words(name).iter().any(|part| {
        let flags = LEXICON.word(part.hash);
        part.letters > 2
            && flags.any(Flags::GIVEN.or(Flags::SURNAME))
            && !flags.any(Flags::WORD.or(Flags::ALSO_WORD).or(Flags::ALSO_PRODUCT).or(Flags::ORGANISATION))
    })
}

/// Whether a line begins with a word that has `_` in it.
fn leads(line: &str) -> bool {
    line.bytes().take(32).take_while(|byte| !matches!(byte, b' ' | b':')).any(|byte| byte == b'_')
}

/// Behind whoever wrote a comment.
pub(super) const VERBS: &[&str] = &[
    "írta",
    "válasza",
    "wrote",
    "schrieb",
    "hat geschrieben",
    "a écrit",
    "écrit",
    "escribió",
    "escreveu",
    "ha scritto",
    "scrive",
    "napisał",
    "napisała",
    "napsal",
    "napsala",
    "napísal",
    "napísala",
    "said",
    "says",
    "replied",
    "skrev",
    "kirjoitti",
    "пишет",
    "написал",
    "написала",
    "написав",
    "пише",
    "yazdı",
    "schreef",
    "a scris",
    "pisze",
    "commented",
    "kommentierte",
    "antwortete",
    "a répondu",
    "respondió",
    "respondeu",
    "ha risposto",
    "odpisał",
    "svarade",
    "svarte",
    "svarede",
    "je napisao",
    "je napisala",
    "posted",
    "menulis",
    "έγραψε",
];

/// Who speaks in a line below a heading for comments: a name in bold, or one before a dash, an arrow, a colon.
fn speaks_below(lead: &str, body: &str) -> Option<Range<usize>> {
    if lead.contains("**") {
        let stop = body.find("**").filter(|stop| (2..=36).contains(stop))?;
        let name = body[..stop].trim_end_matches([':', ' ']);
        let plain = words(name).iter().all(|word| {
            let flags = LEXICON.word(word.hash);
            flags.any(Flags::GIVEN.or(Flags::SURNAME)) || word.is_initial() || nickname(&name[word.range()])
        });
        let short = name.split(' ').count() <= 3 && !name.contains([',', '/', '(', ':', '!', '?', '"']);
        let letters = name.chars().filter(|c| c.is_alphabetic()).count();
        return (plain && short && letters >= 2 && body.len() > stop + 3).then_some(0..name.len());
    }
    let stop =
        [" — ", " – ", " → ", " -> ", ": ", "：", " » ", " · "].iter().filter_map(|sign| body.find(sign)).min()?;
    let name = body.get(..stop).filter(|name| (2..=30).contains(&name.len()))?;
    // Scripts without capitals: `香菜的代码：…`.
    let wide = name.chars().all(|c| c > '\u{2E80}' && c.is_alphabetic()) && (2..=10).contains(&name.chars().count());
    if wide {
        return Some(0..name.len());
    }
    let told = name.split(' ').count() <= 3 && is_written(name, 3) && is_somebody(name);
    // `stroganina: а что за парк?`, `Кикимора Болотная: …`: words of no list.
    let colon = body[stop..].starts_with([':', '：']);
    let parts = words(name);
    let unknown = colon
        && parts.len() <= 2
        && !parts.is_empty()
        && parts.iter().all(|part| LEXICON.word(part.hash) == Flags::default() && part.letters > 3 && !part.shouted)
        && (parts.len() > 1 || parts[0].capital || name.chars().all(char::is_lowercase))
        && body[stop..].split_whitespace().nth(2).is_some();
    let nick = !name.contains(' ') && is_like(name);
    (told && name.contains(' ') || nick || unknown).then_some(0..name.len())
}

/// `ada-q wants to merge 3 commits into main from ada-q/dates`: who asks, and whose copy the branch is in.
fn merges(start: usize, line: &str, stop: usize, out: &mut Vec<Span>) {
    let name = line[..stop].trim_matches(['*', ' ', '@']);
    let at = name.as_ptr() as usize - line.as_ptr() as usize;
    if !name.is_empty() && !name.contains(' ') {
        push(start + at, name, 0.8, out);
    }
    if let Some(from) = line.find(" from ") {
        let branch = line[from + 6..].trim_start_matches(['`', '*', ' ']);
        let owner = branch.find(['/', ':']).map_or("", |end| &branch[..end]);
        if owner.len() >= 3 && owner.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_')) {
            push(start + (owner.as_ptr() as usize - line.as_ptr() as usize), owner, 0.75, out);
        }
    }
}

/// Who wrote each comment of a thread: `**ada_q** — 08:05`, `↳ ada_q: …`, and, below a heading for comments, `ada_q: …`.
pub(super) fn comments(page: &Page<'_>, out: &mut Vec<Span>) {
    let text = page.text();
    let heading = page
        .anchors()
        .iter()
        .find(|anchor| {
            anchor.kind == Kind::Comments && {
                let line = &page.lines()[page.line_at(anchor.start())];
                if line.end - line.start > 96 {
                    return false;
                }
                let inner = text[line.start..line.end].trim_matches(|c: char| !c.is_alphabetic());
                inner.chars().count() <= (anchor.end() - anchor.start()) + 8
            }
        })
        .map(Anchor::start);
    let mut fenced = false;
    // Whether somebody has spoken: then those who follow are in a thread too.
    let mut thread = false;
    // How many lines ago a rule parted the page.
    let mut parted = usize::MAX;
    for line in page.lines() {
        if line.start == line.end {
            continue;
        }
        let whole = &text[line.start..line.end];
        let Some(first) = whole.chars().next() else { continue };
        parted = match whole.trim_matches([' ', '-', '—', '–', '*', '_', '=']).is_empty() {
            true => 0,
            false => parted.saturating_add(1),
        };
        if first == '`' && whole.starts_with("```") {
            fenced = !fenced;
            continue;
        }
        let below = thread || heading.is_some_and(|at| line.start > at);
        if let Some(stop) = whole.find(" wants to merge ") {
            merges(line.start, whole, stop, out);
            continue;
        }
        if fenced || (!below && first.is_alphanumeric() && !leads(whole)) || first == '\t' || whole.starts_with("    ")
        {
            continue;
        }
        let body = whole.trim_start_matches([
            ' ', '*', '_', '>', '-', '•', '·', '—', '–', '↳', '💬', '└', '»', '▸', '➜', '|', '[', '#', '+',
        ]);
        let mut lead = &whole[..whole.len() - body.len()];
        let mut body = body;
        // `#2 ada_q`: posts by their number.
        if lead.ends_with('#') {
            let rest = body.trim_start_matches(|c: char| c.is_ascii_digit());
            if rest.len() == body.len() || !rest.starts_with(' ') {
                continue;
            }
            lead = "#2";
            body = rest.trim_start();
        }
        let start = line.end - body.len();
        if heading.is_some_and(|at| line.start > at)
            && let Some(range) = speaks_below(lead, body)
        {
            let spoken = &body[range.clone()];
            let entity = if spoken.contains(' ') { Entity::Person } else { Entity::Handle };
            out.push(Span::new(start + range.start..start + range.end, entity, 0.7));
            continue;
        }
        let (at, name) = name_at(text, start);
        if at != start || name.len() < 3 || name.starts_with(['@', '~', '$']) {
            continue;
        }
        let tail = &body[name.len()..];
        let bold = lead.contains("**") && tail.starts_with("**");
        let arrow = lead.contains(['↳', '💬', '└', '➜']);
        let rest = tail.trim_start_matches('*');
        // `**ada-q** (Member) commented`.
        let aside = rest.strip_prefix(" (").and_then(|rest| rest.split_once(')')).filter(|(aside, _)| aside.len() < 16);
        let rest = aside.map_or(rest, |(_, rest)| rest);
        let speaks = rest.starts_with(": ") || (bold && (rest.starts_with(':') || tail.starts_with("**:")));
        let timed = rest.trim_start().starts_with(['—', '–', '·', '•', '('])
            || rest.trim_start().starts_with(|c: char| c.is_ascii_digit());
        let alone = rest.trim().is_empty();
        let verb = VERBS.iter().any(|verb| rest.trim_start().starts_with(verb));
        let hump = name.chars().zip(name.chars().skip(1)).any(|(a, b)| a.is_lowercase() && b.is_uppercase())
            && name.chars().all(|c| c.is_alphanumeric());
        let known = LEXICON.word(Hash::of(name)).any(Flags::ORGANISATION.or(Flags::WORD).or(Flags::ALSO_PRODUCT));
        let strong = is_like(name) && (name.contains('_') || name.contains('#') || name.contains(char::is_numeric));
        let dashed = bold && is_like(name) && [" — ", " – "].iter().any(|sign| rest.starts_with(sign));
        let wrote = bold && verb && is_like(name);
        if !(strong || hump && !known || dashed || wrote)
            || name.rsplit('.').next().is_some_and(|top| name.contains('.') && is_known_top(top))
        {
            continue;
        }
        let prose = rest.trim_start_matches([':', ' ']).split_whitespace().nth(1).is_some();
        let marked = bold || arrow || lead == "#2" || lead.contains(['•', '—', '–']);
        let good = (speaks && (arrow || bold && below || below && prose && (strong || marked)))
            || (timed && bold)
            || (bold && speaks && strong && prose && (parted <= 2 || named_part(name)))
            || (alone && lead == "#2")
            || wrote
            || (verb && strong);
        if good {
            thread |= verb || (bold && speaks);
            push(start, name, 0.75, out);
        }
    }
}
