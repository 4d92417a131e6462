//! User names behind or before the name of a platform.

use super::comment::named_part;
use super::{WORDS, is_like, name_at, push};
use crate::mask::lexicon::{Flags, LEXICON};
use crate::mask::recognizer::anchor::{Anchor, Kind, SIDE, behind};
use crate::mask::recognizer::{after, before, label_sign};
use crate::mask::span::Span;
use crate::mask::words::Hash;

/// `GitHub: ada`, `Telegram @ada`, `微信 ada_q`, `username 'ada_q'`.
pub(super) fn labelled(text: &str, anchors: &[Anchor], index: usize, out: &mut Vec<Span>) {
    let anchor = &anchors[index];
    let label = &text[anchor.start()..anchor.end()];
    let mut end = anchor.end();
    let mut said = anchor.kind == Kind::User;
    if label.ends_with('/') {
        // `u/ada`.
        let (start, name) = name_at(text, end);
        let left =
            before(text, anchor.start()).is_none_or(|c| !c.is_alphanumeric() && !matches!(c, '/' | '.' | '_' | '-'));
        if start == end && left && name.chars().count() >= 3 && after(text, start + name.len()) != Some('/') {
            push(start, name, 0.85, out);
        }
        return;
    }
    // `Codeforces handle`, `Twitter user name`.
    if let Some(next) = anchors.get(index + 1).filter(|next| {
        next.kind == Kind::User
            && text
                .get(end..next.start())
                .is_some_and(|gap| gap.len() <= 3 && gap.trim_matches([' ', '(', '-', '_']).is_empty())
    }) {
        end = next.end();
        said = true;
    }
    for tail in [" ID", " id", " Id", "ID", " No", "帳號", "账号", "号", "號", "아이디"] {
        if text[end..].starts_with(tail) && !after(text, end + tail.len()).is_some_and(|c| c.is_ascii_alphanumeric()) {
            end += tail.len();
            said = true;
        }
    }
    // `My Fiverr is ada_q`: only for what nothing but a user name looks like.
    if let Some(stated) = [" is ", " ist ", " es ", " est ", " é ", " è ", " jest ", " je ", " adresim "]
        .iter()
        .find(|word| text[end..].starts_with(**word))
    {
        let (start, name) = name_at(text, end + stated.len());
        if start == end + stated.len()
            && name.contains('_')
            && is_like(name)
            && !text[start + name.len()..].starts_with('(')
        {
            push(start, name, 0.8, out);
            return;
        }
    }
    let rest = &text[end..];
    let value = rest.trim_start_matches(|c: char| {
        label_sign(c)
            || matches!(c, ')' | '…' | '→' | '/' | '•')
            || (c == '.' && rest.starts_with([' ', '.']))
            || (matches!(c, '-' | '–' | '—') && rest.starts_with(' '))
    });
    let gap = &rest[..rest.len() - value.len()];
    if gap.is_empty() && !said || gap.len() > 48 || gap.contains("::") {
        return;
    }
    let signed = gap.contains([':', '：', '=', '|', '｜', '\t', '→'])
        || gap.contains("..")
        || gap.contains("  ")
        || gap.contains(" - ")
        || gap.contains(" – ")
        || gap.contains('\u{3000}');
    let quoted = gap.ends_with(['"', '\'']) || value.starts_with(['„', '“', '«', '‘', '‚', '`']);
    if gap.contains('/') && !signed {
        return;
    }
    let (start, name) = name_at(text, end + gap.len());
    let count = name.chars().count();
    let lower = name.trim_start_matches(['@', '~']).to_lowercase();
    // `QQ 482915736`, `ICQ 482-915-736`: numbers for names.
    if anchor.kind == Kind::Messenger
        && matches!(label.to_lowercase().as_str(), "qq" | "qq号" | "qq號" | "icq")
        && (5..=12).contains(&count)
        && name.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-')
        && !after(text, start + name.len()).is_some_and(char::is_alphanumeric)
    {
        push(start, name, 0.8, out);
        return;
    }
    if !(2..=42).contains(&count) || !name.contains(char::is_alphabetic) || WORDS.values.contains(lower.as_str()) {
        return;
    }
    // What goes on is an address, a call, or a path.
    let close = start + name.len();
    let next = text.get(close..).unwrap_or_default();
    if next.starts_with(['/', '@', '(', '\\', '=', '+']) && !name.starts_with('@')
        || next.starts_with("://")
        || lower.starts_with("http")
        || lower.starts_with("www.")
    {
        return;
    }
    let like = is_like(name);
    let low = label.to_lowercase();
    let sure = !WORDS.plain.contains(low.as_str());
    let flags = LEXICON.word(Hash::of(&lower));
    let plain = name.chars().all(char::is_alphabetic);
    let word =
        plain && flags.any(Flags::WORD.or(Flags::FOREIGN).or(Flags::JOB).or(Flags::PLACE).or(Flags::ORGANISATION));
    let over = next.is_empty()
        || next.starts_with(|c: char| {
            matches!(
                c,
                '\n' | '\r'
                    | ','
                    | '|'
                    | ';'
                    | ')'
                    | '•'
                    | '·'
                    | ']'
                    | '"'
                    | '\''
                    | '\t'
                    | '`'
                    | '，'
                    | '、'
                    | '*'
                    | '｜'
                    | '}'
            )
        })
        || next.starts_with("  ")
        || next.starts_with(" |")
        || next.starts_with(" on ")
        || next.starts_with(" ·")
        || next.starts_with(" •")
        || next.starts_with(" (")
        || next.starts_with(" -")
        || next.starts_with(" –")
        || next.starts_with(" /")
        || next.starts_with('.')
        || next.trim_start_matches(' ').starts_with('\n')
        || next.trim().is_empty();
    let file = lower.rsplit_once('.').is_some_and(|(_, top)| {
        matches!(top, "js" | "io" | "md" | "py" | "rs" | "json" | "yml" | "com" | "org" | "net")
    });
    // `signal ada.77`: two digits end every name there.
    let numbered = low == "signal"
        && over
        && name.rsplit_once('.').is_some_and(|(user, end)| {
            (2..=4).contains(&end.len())
                && end.bytes().all(|byte| byte.is_ascii_digit())
                && user.len() > 1
                && user.starts_with(|c: char| c.is_ascii_lowercase())
                && user != "v"
        });
    let good = if name.starts_with('@') || name.starts_with("live:") {
        true
    } else if signed {
        (like && !file)
            || ((sure || said && anchor.kind != Kind::User) && over && !word && count >= 3 && !file)
            || (over && sure && quoted && !word)
            || (anchor.kind == Kind::User
                && over
                && !word
                && count >= 4
                && plain
                && name.chars().all(char::is_lowercase)
                && !flags.any(Flags::GIVEN.or(Flags::SURNAME)))
    } else if anchor.kind == Kind::Messenger || said {
        let dotted = matches!(low.as_str(), "alias" | "user" | "handle" | "login" | "pseudo" | "op" | "nick");
        let strong =
            name.contains('_') || (name.contains(char::is_numeric) && !name.contains('.') || name.contains('#'));
        (like || name.starts_with('~'))
            && !file
            && (strong
                || name.starts_with('~')
                || (dotted && name.matches('.').count() >= 2)
                || said
                || quoted
                || low.starts_with("skype")
                || low.starts_with("ска")
                || low.starts_with("скп")
                || low.ends_with(" id")
                || numbered
                || low == "are.na")
            && (!dotted
                || quoted
                || (low == "user" && strong && over && (named_part(name) || name.contains(char::is_numeric)))
                || (name.contains('.') && !gap.contains('`'))
                || anchor.end() != end
                || low == "nick")
            && !next.starts_with("::")
            && !gap.contains('`')
            // `callsign "Lysytsia"`
            || (anchor.kind == Kind::User && sure && quoted && gap == " \"" && over && !word && count >= 3)
    } else {
        // `Steam ada_quill · +44 …`: in a row of contact details.
        let packages = matches!(low.as_str(), "npm" | "pypi" | "crates.io" | "rubygems" | "docker hub" | "dockerhub");
        let row = &text[text[..anchor.start()].rfind('\n').map_or(0, |at| at + 1)..];
        let row = &row[..row.find('\n').unwrap_or(row.len())];
        numbered
            || name.contains('_')
                && !file
                && !packages
                && over
                && gap == " "
                && [" · ", " | ", " • ", " / ", "@", " +"].iter().any(|sign| row.contains(sign))
    };
    if good {
        push(start, name, 0.8, out);
    }
}

/// `"ada_q" on Discord`.
pub(super) fn quoted_before(text: &str, anchor: &Anchor, out: &mut Vec<Span>) {
    let head = behind(text, anchor.start(), SIDE);
    // `ada#4718 (Discord)`
    if let Some(name) = head.strip_suffix(" (") {
        let start = name
            .rfind(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '.' | '#')))
            .map_or(0, |at| at + name[at..].chars().next().map_or(1, char::len_utf8));
        let name = &name[start..];
        if name.contains(['_', '#']) && is_like(name) && text[anchor.end()..].starts_with(')') {
            push(anchor.start() - head.len() + start, name, 0.75, out);
        }
        return;
    }
    const ON: &[&str] = &[
        " on ", " auf ", " bei ", " sur ", " en ", " su ", " na ", " på ", " в ", " у ", " w ", " v ", " no ", " op ",
        " pe ", " no ", " στο ", " на ", " en el ", " nel ", " di ", " sa ", " trên ",
    ];
    let Some(name) = ON.iter().find_map(|word| head.strip_suffix(*word)) else {
        return;
    };
    // `(adaquill on Discord)`: nothing else stands in the brackets.
    if let Some(open) = name.rfind('(')
        && text[anchor.end()..].starts_with([')', ',', ';'])
    {
        let inner = &name[open + 1..];
        let shape = inner.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '_' | '.' | '-'));
        if shape && inner.len() >= 3 && super::comment::nickname(inner) {
            push(anchor.start() - head.len() + open + 1, inner, 0.75, out);
            return;
        }
    }
    let inner = name.trim_end_matches(['"', '”', '“', '»', '`', '\'']);
    if inner.len() == name.len() {
        return;
    }
    let start = inner
        .char_indices()
        .rev()
        .take_while(|(_, c)| c.is_alphanumeric() || matches!(c, '_' | '.' | '-'))
        .last()
        .map_or(inner.len(), |(at, _)| at);
    if is_like(&inner[start..]) {
        push(anchor.start() - head.len() + start, &inner[start..], 0.75, out);
    }
}
