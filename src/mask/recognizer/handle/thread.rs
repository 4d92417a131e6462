//! Nicks that lead the posts of a thread without any heading: they are written as nicks are, and they come again.

use std::ops::Range;

use super::comment::{VERBS, named_part, nickname};
use super::is_version;
use crate::mask::page::Page;
use crate::mask::span::{Entity, Span};

/// What stands behind the nick.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Tail {
    /// `ada_q: …`
    Colon,
    /// `**ada_q**: …`
    Bold,
    /// `ada_q » wt 6 lut, 20:11`, `ada_q — post #1`, `ada_q schrieb am …`
    Post,
    /// `推 ada88: …`, which is said of posts and of nothing else.
    Push,
}

struct Lead {
    range: Range<usize>,
    tail: Tail,
    /// Written as only nicks are.
    strong: bool,
    /// Words follow, or stand on the next line.
    prose: bool,
}

/// Adds the nicks of a thread.
pub(super) fn find(page: &Page<'_>, out: &mut Vec<Span>) {
    let leads = leads(page);
    if leads.is_empty() {
        return;
    }
    let text = page.text();
    let name = |lead: &Lead| &text[lead.range.clone()];
    for tail in [Tail::Colon, Tail::Bold, Tail::Post, Tail::Push] {
        let of_tail: Vec<&Lead> = leads.iter().filter(|lead| lead.tail == tail).collect();
        let strong: Vec<&&Lead> = of_tail.iter().filter(|lead| lead.strong && lead.prose).collect();
        // Keys of settings have underscores as well, but nobody's name in them, and do not come again and again.
        let again = strong.iter().any(|lead| strong.iter().filter(|other| name(other) == name(lead)).count() > 1);
        let named = strong.iter().any(|lead| named_part(name(lead)));
        let sure = match tail {
            Tail::Push => of_tail.len() > 1,
            Tail::Post => !strong.is_empty() || repeated(&of_tail, text),
            Tail::Bold => strong.len() > 1 && (again || named),
            Tail::Colon => strong.len() > 1 && again && (named || strong.len() > 2),
        };
        if !sure {
            continue;
        }
        for lead in of_tail {
            let plain = lead.prose && nickname(name(lead));
            if lead.strong || tail == Tail::Push || plain {
                out.push(Span::new(lead.range.clone(), Entity::Handle, 0.75));
            }
        }
    }
}

/// Whether some nick leads two posts.
fn repeated(leads: &[&Lead], text: &str) -> bool {
    leads
        .iter()
        .enumerate()
        .any(|(at, lead)| leads[at + 1..].iter().any(|other| text[other.range.clone()] == text[lead.range.clone()]))
}

fn leads(page: &Page<'_>) -> Vec<Lead> {
    let text = page.text();
    let mut leads = Vec::new();
    let mut fenced = false;
    for (number, line) in page.lines().iter().enumerate() {
        let row = &text[line.start..line.end];
        if row.len() < 4 {
            continue;
        }
        if row.starts_with("```") {
            fenced = !fenced;
            continue;
        }
        if fenced || row.starts_with("    ") || row.starts_with('\t') {
            continue;
        }
        let bare = row.trim_start_matches([' ', '*', '>', '•', '·', '—', '–', '↳', '↩', '└', '»', '▸', '➤']);
        let bold = row.starts_with(['*', ' ', '>', '•']) && row[..row.len() - bare.len()].contains("**");
        let (body, push) = marked(bare);
        let length = body
            .find(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '.' | '-' | '\'' | '’')))
            .unwrap_or(body.len());
        let name = body[..length].trim_end_matches(['.', '-', '\'', '’']);
        let count = name.chars().count();
        if !(3..=28).contains(&count) || !name.contains(char::is_alphabetic) || name.contains("__") {
            continue;
        }
        let rest = &body[name.len()..];
        // Prose: a word and a blank and a word.
        let bytes = rest.as_bytes();
        let worded = bytes.first() == Some(&b' ') && bytes.get(1).is_some_and(u8::is_ascii_alphanumeric);
        let marks = matches!(bytes.first(), Some(b' ' | b'*' | b':' | 0xEF));
        if !marks || (worded && !strong(name)) {
            continue;
        }
        let rest = rest.strip_prefix("**").unwrap_or(rest);
        let aside = [" (Moderator)", " (Mod)", " (OP)", " (TE)", " (mod)", " (admin)", " (Admin)", " (author)"];
        let rest = aside.iter().find_map(|word| rest.strip_prefix(word)).unwrap_or(rest);
        let colon = rest.starts_with([':', '：']);
        let verb = rest
            .strip_prefix(' ')
            .is_some_and(|rest| VERBS.iter().any(|verb| rest.starts_with(verb)) && !rest.starts_with("said that"));
        let post = verb
            || rest.starts_with(" »")
            || [
                " — post",
                " – post",
                " - post",
                " — #",
                " – #",
                " · #",
                " — Post",
                " — Beitrag",
                " · Beitr",
                " · Mi",
                " · po",
            ]
            .iter()
            .any(|sign| rest.starts_with(sign));
        let tail = match (push, colon, post) {
            (true, ..) if colon || bare.starts_with('作') => Tail::Push,
            (_, _, true) => Tail::Post,
            (_, true, _) if bold => Tail::Bold,
            (_, true, _) => Tail::Colon,
            _ => continue,
        };
        if name.contains("://") || rest.starts_with("::") || rest.starts_with(":/") {
            continue;
        }
        let said = rest.trim_start_matches([':', '：', '*', ' ']);
        let below = page.lines().get(number + 1).map_or("", |line| &text[line.start..line.end]);
        let said = if said.is_empty() && !below.starts_with([' ', '-', '\t', '{']) { below } else { said };
        let words =
            said.split_whitespace().filter(|word| word.chars().filter(|c| c.is_alphabetic()).count() > 1).count();
        let prose = tail == Tail::Post || words >= 3 || said.chars().filter(|c| *c > '\u{2E80}').count() >= 4;
        let start = line.end - body.len();
        leads.push(Lead { range: start..start + name.len(), tail, strong: strong(name), prose });
    }
    leads
}

/// A line without what its program puts before a nick, and whether that says that it is one.
fn marked(bare: &str) -> (&str, bool) {
    const MARKS: &[&str] =
        &["推 ", "噓 ", "→ ", "作者：", "作者:", "[MOD] ", "[OP] ", "[ADMIN] ", "Moderator ", "Mod "];
    // `[`, `M`, and the first bytes of the others.
    if !matches!(bare.as_bytes().first(), Some(b'[' | b'M' | 0xE2 | 0xE4..=0xE6)) {
        return (bare, false);
    }
    MARKS
        .iter()
        .find_map(|head| bare.strip_prefix(head).map(|rest| (rest, head.starts_with(['推', '噓', '→', '作']))))
        .unwrap_or((bare, false))
}

/// `ada_q`, `ada88`, `AdaQ`, `Ohm'scherAda`: what no word of a text looks like.
fn strong(name: &str) -> bool {
    let digits = name.chars().any(char::is_numeric) && name.starts_with(char::is_alphabetic);
    let inner = name.chars().zip(name.chars().skip(1)).any(|(a, b)| a.is_lowercase() && b.is_uppercase());
    let letters = name.chars().filter(|c| c.is_alphabetic()).count();
    letters >= 3 && (name.contains('_') || (digits && letters > 3) || inner) && !is_version(name)
}
