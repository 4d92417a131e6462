//! Who wrote a post, or a comment of a thread.

use super::{is_like, name_at, push};
use crate::mask::lexicon::{Flags, LEXICON};
use crate::mask::page::Page;
use crate::mask::recognizer::anchor::{Anchor, Kind, SIDE, behind};
use crate::mask::recognizer::email::is_known_top;
use crate::mask::span::Span;
use crate::mask::words::Hash;

/// `Posted by ada_q`, `Autor: ada_q`.
pub(super) fn author(text: &str, anchor: &Anchor, out: &mut Vec<Span>) {
    let rest = text.get(anchor.end()..).unwrap_or_default();
    let gap = rest.len() - rest.trim_start_matches([' ', ':', '*', '\u{a0}']).len();
    if gap == 0 || gap > 4 {
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
    if is_like(name) && strong && over && (first || !bare) && !name.ends_with("_id") && !name.ends_with("_at") {
        push(start, name, 0.75, out);
    }
}

/// Whether a line begins with a word that has `_` in it.
fn leads(line: &str) -> bool {
    line.bytes().take(32).take_while(|byte| !matches!(byte, b' ' | b':')).any(|byte| byte == b'_')
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
    for line in page.lines() {
        if line.start == line.end {
            continue;
        }
        let whole = &text[line.start..line.end];
        let Some(first) = whole.chars().next() else { continue };
        if first == '`' && whole.starts_with("```") {
            fenced = !fenced;
            continue;
        }
        let below = thread || heading.is_some_and(|at| line.start > at);
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
        let (at, name) = name_at(text, start);
        if at != start || name.len() < 3 || name.starts_with(['@', '~', '$']) {
            continue;
        }
        let tail = &body[name.len()..];
        let bold = lead.contains("**") && tail.starts_with("**");
        let arrow = lead.contains(['↳', '💬', '└', '➜']);
        let rest = tail.trim_start_matches('*');
        let speaks = rest.starts_with(": ") || (bold && (rest.starts_with(':') || tail.starts_with("**:")));
        let timed = rest.trim_start().starts_with(['—', '–', '·', '•', '('])
            || rest.trim_start().starts_with(|c: char| c.is_ascii_digit());
        let alone = rest.trim().is_empty();
        let verb = [
            "írta",
            "válasza",
            "wrote",
            "schrieb",
            "a écrit",
            "escribió",
            "escreveu",
            "ha scritto",
            "napisał",
            "napisała",
            "napsal",
            "napsala",
            "said",
            "says",
            "replied",
            "skrev",
            "kirjoitti",
            "пишет",
            "написал",
            "написала",
            "yazdı",
            "schreef",
            "a scris",
            "pisze",
        ]
        .iter()
        .any(|verb| rest.trim_start().starts_with(verb));
        let hump = name.chars().zip(name.chars().skip(1)).any(|(a, b)| a.is_lowercase() && b.is_uppercase())
            && name.chars().all(|c| c.is_alphanumeric());
        let known = LEXICON.word(Hash::of(name)).any(Flags::ORGANISATION.or(Flags::WORD).or(Flags::ALSO_PRODUCT));
        let strong = is_like(name) && (name.contains('_') || name.contains('#') || name.contains(char::is_numeric));
        if !(strong || hump && !known)
            || name.rsplit('.').next().is_some_and(|top| name.contains('.') && is_known_top(top))
        {
            continue;
        }
        let prose = rest.trim_start_matches([':', ' ']).split_whitespace().nth(1).is_some();
        let marked = bold || arrow || lead == "#2" || lead.contains(['•', '—', '–']);
        let good = (speaks && (arrow || bold && below || below && prose && (strong || marked)))
            || (timed && bold)
            || (alone && lead == "#2")
            || (verb && strong);
        if good {
            thread |= verb;
            push(start, name, 0.75, out);
        }
    }
}
