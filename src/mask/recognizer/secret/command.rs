//! Passwords on command lines, and keys that are assigned to names.

use super::super::anchor::{Anchor, onward};
use super::look::{held, passwordish, random, strong};
use super::push;
use crate::mask::page::{Cues, Page};
use crate::mask::span::Span;

/// Adds what flags of a command give: `curl -u ada:…`, `sshpass -p …`, `mysql -p…`.
pub(super) fn flags(page: &Page<'_>, anchor: &Anchor, out: &mut Vec<Span>) {
    let text = page.text();
    let name = &text[anchor.start()..anchor.end()];
    // A command may go on behind a backslash at the end of its line.
    let mut end = anchor.end();
    for _ in 0..6 {
        let rest = onward(text, end, 1024);
        let line = rest.find('\n').unwrap_or(rest.len());
        end += line;
        if !rest[..line].trim_end().ends_with('\\') || line == rest.len() {
            break;
        }
        end += 1;
    }
    let Some(rest) = text.get(anchor.end()..end) else { return };
    if name == "requirepass" || name == "masterauth" {
        let value = rest.trim_start_matches([' ', '=', ':', '"', '\'']);
        let length = value.find(|c: char| c.is_whitespace() || matches!(c, '"' | '\'')).unwrap_or(value.len());
        if passwordish(&value[..length], 4) {
            let start = end - value.len();
            push(start, start + length, 0.85, out);
        }
        return;
    }
    let glued = matches!(name, "mysql" | "mysqldump" | "mysqladmin" | "mariadb" | "mariadb-dump" | "sshpass" | "7z");
    let sure = matches!(
        name,
        "sshpass"
            | "mysql"
            | "mysqldump"
            | "mysqladmin"
            | "mariadb"
            | "docker login"
            | "podman login"
            | "redis-cli"
            | "cli"
            | "registry login"
            | "smbclient"
            | "mosquitto_pub"
            | "mosquitto_sub"
            | "mongosh"
            | "mongodump"
            | "mongo"
            | "ldapsearch"
            | "ldapmodify"
            | "az login"
            | "htpasswd"
            | "rabbitmqctl"
    );
    let mut last = "";
    for (start, token) in tokens(rest) {
        let flag = std::mem::replace(&mut last, token);
        let at = anchor.end() + start;
        if let Some(value) =
            token.strip_prefix("-p").filter(|value| glued && value.len() >= 4 && !value.starts_with(['=', '-']))
        {
            let (from, length) = unquoted(value);
            if passwordish(&value[from..from + length], 4) {
                push(at + 2 + from, at + 2 + from + length, 0.85, out);
            }
            continue;
        }
        if let Some((head, value)) = token.split_once('=').filter(|(head, _)| {
            matches!(
                *head,
                "--password" | "--pass" | "--passwd" | "--token" | "--auth" | "--secret" | "--api-key" | "--user"
            )
        }) {
            let (from, length) = unquoted(value);
            let word = &value[from..from + length];
            let user = head == "--user" && !credential(word);
            if !user && held(true, word, true) {
                push(at + head.len() + 1 + from, at + head.len() + 1 + from + length, 0.85, out);
            }
            continue;
        }
        let (from, length) = unquoted(token);
        let word = &token[from..from + length];
        let good = match flag {
            "-u" | "--user" | "--userpwd" | "-U" | "--proxy-user" => credential(word),
            "--password" | "--pass" | "--passwd" | "--token" | "--auth" | "--secret" | "--api-key" | "-w" | "-a"
            | "-p" | "-P" | "--passphrase" | "-pass" => {
                let long = flag.starts_with("--");
                word.len() >= 4
                    && !word.starts_with(['$', '%', '<', '{', '-'])
                    && !word.contains(['/', '('])
                    && word.contains(|c: char| c.is_ascii_alphabetic())
                    && ((long && held(true, word, true)) || (sure && passwordish(word, 4)) || strong(word))
            }
            _ => flag.to_ascii_lowercase().starts_with("/user:") && passwordish(word, 4),
        };
        if good {
            push(at + from, at + from + length, 0.85, out);
        }
    }
}

/// Words of a command, those in quotation marks whole, with their places.
fn tokens(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let rest = &text[at..];
        let body = rest.trim_start();
        let start = at + rest.len() - body.len();
        let first = body.chars().next()?;
        let length = match first {
            '"' | '\'' => body[1..].find(first).map_or(body.len(), |close| close + 2),
            _ => body.find(char::is_whitespace).unwrap_or(body.len()),
        };
        at = start + length;
        Some((start, &body[..length]))
    })
}

/// Where a word in quotation marks begins, and how long it is.
fn unquoted(token: &str) -> (usize, usize) {
    let inner = token.trim_matches(['"', '\'', '`']);
    (inner.as_ptr() as usize - token.as_ptr() as usize, inner.len())
}

/// `ada:…`: a name and a password.
fn credential(word: &str) -> bool {
    word.split_once(':').is_some_and(|(user, pass)| {
        !user.is_empty()
            && user
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-' | b'@' | b'\\'))
            && pass.len() >= 3
            && !pass.starts_with(['$', '/', '{', '<', '%'])
            && !pass.bytes().all(|byte| byte.is_ascii_digit())
            && !matches!(pass, "password" | "pass" | "token" | "PASSWORD" | "x-oauth-basic")
    })
}

/// What names end in that hold a key, where no word begins: `MAPKEY=`, `authtoken:`.
const NAMES: &[&str] =
    &["key", "token", "secret", "passwd", "password", "pwd", "auth", "apikey", "credential", "sig", "signature"];

/// Adds keys behind an equals sign whose name says so in its tail.
pub(super) fn assignments(page: &Page<'_>, out: &mut Vec<Span>) {
    let text = page.text();
    for line in page.lines().iter().filter(|line| line.cues.has(Cues::COLON) && line.digits >= 2) {
        let bytes = &text.as_bytes()[line.start..line.end];
        let mut at = 0;
        while let Some(place) = bytes[at..].iter().position(|byte| *byte == b'=') {
            let sign = line.start + at + place;
            at += place + 1;
            let head = text[line.start..sign].trim_end_matches([' ', '"', '\'', ':']);
            let name = head.len()
                - head
                    .bytes()
                    .rev()
                    .take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
                    .count();
            let name = head[name..].trim_end_matches(|c: char| c.is_ascii_digit());
            let named = NAMES.iter().any(|known| {
                name.len() >= known.len()
                    && name.is_char_boundary(name.len() - known.len())
                    && name[name.len() - known.len()..].eq_ignore_ascii_case(known)
            });
            // `<add key="ApiKey" value="…">`
            let value = name == "value" && {
                let low = head.to_ascii_lowercase();
                ["key", "token", "secret", "password", "pwd"].iter().any(|known| low.contains(known))
            };
            if !(named || value) {
                continue;
            }
            let rest = onward(text, sign + 1, 200);
            let body = rest.trim_start_matches([' ', '"', '\'', '`', '>']);
            let length = body
                .find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '+' | '/' | '=' | '~')))
                .unwrap_or(body.len());
            if random(&body[..length], 10) {
                let start = sign + 1 + rest.len() - body.len();
                push(start, start + length, 0.8, out);
            }
        }
    }
}
