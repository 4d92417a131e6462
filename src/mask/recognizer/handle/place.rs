//! User names by their place: a column for them, a line of their own in bold, brackets behind a name.

use memchr::memchr_iter;

use super::push;
use crate::mask::lexicon::{Flags, LEXICON};
use crate::mask::page::Page;
use crate::mask::span::Span;
use crate::mask::words::Hash;

/// Heads of columns in which user names stand.
const HEADS: &[&str] = &[
    "nick",
    "nickname",
    "handle",
    "username",
    "user name",
    "login",
    "github",
    "gitlab",
    "telegram",
    "discord",
    "slack",
    "irc",
    "mastodon",
    "twitter",
    "instagram",
    "pseudo",
    "usuario",
    "usuário",
    "utente",
    "benutzername",
    "gebruikersnaam",
    "brukernavn",
    "brugernavn",
    "användarnamn",
    "uživatel",
    "użytkownik",
    "логин",
    "ник",
    "никнейм",
    "нік",
    "логін",
    "用户名",
    "使用者名稱",
    "ユーザー名",
    "아이디",
    "닉네임",
];

pub(super) fn find(page: &Page<'_>, out: &mut Vec<Span>) {
    columns(page, out);
    heads(page, out);
    bracketed(page, out);
}

/// What user names are made of.
fn is_shaped(name: &str) -> bool {
    let body = name.strip_prefix('@').unwrap_or(name);
    (3..=32).contains(&body.len())
        && body.starts_with(|c: char| c.is_alphanumeric() || c == '_')
        && body.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '.' | '-' | '#'))
        && body.contains(char::is_alphabetic)
}

/// `| Nick | Name |` above `|--|--|`, and the rows below.
fn columns(page: &Page<'_>, out: &mut Vec<Span>) {
    let (text, lines) = (page.text(), page.lines());
    let row = |at: usize| lines.get(at).map(|line| &text[line.start..line.end]).filter(|row| row.starts_with('|'));
    for at in 0..lines.len() {
        let Some(head) = row(at) else { continue };
        let ruled = row(at + 1).is_some_and(|rule| {
            rule.contains("--") && rule.bytes().all(|byte| matches!(byte, b'|' | b'-' | b':' | b' ' | b'\r'))
        });
        if !ruled {
            continue;
        }
        let wanted = |cell: &str| HEADS.contains(&cell.trim_matches([' ', '*', '`', '_']).to_lowercase().as_str());
        for (column, _) in head.split('|').enumerate().filter(|(_, cell)| wanted(cell)) {
            for below in at + 2.. {
                let Some(row) = row(below) else { break };
                let Some(cell) = row.split('|').nth(column) else { continue };
                let name = cell.trim_matches([' ', '`', '*', '\r']);
                let start = name.as_ptr() as usize - text.as_ptr() as usize;
                if is_shaped(name) && !LEXICON.word(Hash::of(name)).any(Flags::WORD) {
                    push(start, name, 0.75, out);
                }
            }
        }
    }
}

/// `**mod_galeb**` alone in its line, where others have such lines too: who wrote what stands below.
fn heads(page: &Page<'_>, out: &mut Vec<Span>) {
    let text = page.text();
    let bold = |row: &str| -> Option<usize> {
        let inner = row.trim_end().strip_prefix("**")?.strip_suffix("**")?;
        (is_shaped(inner) && !inner.contains('#')).then_some(inner.len())
    };
    let mut found: Vec<(usize, &str)> = Vec::new();
    let mut signed = false;
    for line in page.lines() {
        let row = &text[line.start..line.end];
        if !row.starts_with("**") {
            continue;
        }
        let Some(length) = bold(row) else { continue };
        let name = &row[2..2 + length];
        signed |= name.starts_with('@');
        if name.contains('_') || name.starts_with('@') {
            found.push((line.start + 2, name));
        }
    }
    // Settings stand so too, but nobody writes them with the sign for people.
    if signed && found.len() > 1 {
        found.into_iter().filter(|(_, name)| !name.starts_with('@')).for_each(|(at, name)| push(at, name, 0.75, out));
    }
}

/// `Gonçalo Vilas (gv_setubal)`: brackets behind a given name and another word.
fn bracketed(page: &Page<'_>, out: &mut Vec<Span>) {
    let text = page.text();
    let mut last = 0;
    for at in memchr_iter(b'_', text.as_bytes()) {
        if at < last {
            continue;
        }
        let part = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'_' | b'.');
        let bytes = text.as_bytes();
        let start = at - bytes[..at].iter().rev().take(32).take_while(|byte| part(byte)).count();
        let end = at + bytes[at..].iter().take(32).take_while(|byte| part(byte)).count();
        last = end;
        if !text[..start].ends_with(" (") || !text[end..].starts_with([')', ',', ';']) {
            continue;
        }
        let mut before = text[..start - 2].rsplit([' ', '\n', '\t']);
        let capital =
            |word: &str| word.starts_with(char::is_uppercase) && word.chars().all(|c| c.is_alphabetic() || c == '-');
        let (Some(family), Some(given)) = (before.next(), before.next()) else { continue };
        let known = LEXICON.word(Hash::of(given));
        let person = capital(family)
            && capital(given)
            && known.any(Flags::GIVEN)
            && !known.any(Flags::WORD.or(Flags::ALSO_WORD).or(Flags::ALSO_PRODUCT));
        if person && end - start >= 4 {
            push(start, &text[start..end], 0.75, out);
        }
    }
}
