//! What stands behind `password`, `api key`, `Wi-Fi` and `login`, in code, in prose and in chats.

use super::super::anchor::{Anchor, behind, onward};
use super::super::before;
use super::look::{held, is_sign, mixed, passwordish, plain, random, strong, worded};
use super::walk::{Told, Value, value};
use super::{push, run};
use crate::mask::page::Page;
use crate::mask::span::{Entity, Layer, Span};

/// Labels that are words of their own as well.
const PLAIN: &[&str] = &[
    "pass",
    "clave",
    "parola",
    "heslo",
    "hesla",
    "heslem",
    "sandi",
    "šifra",
    "ключ",
    "口令",
    "contra",
    "ww",
    "lösen",
    "kode",
    "geslo",
    "κωδικός",
    "creds",
    "credentials",
    "zugangsdaten",
    "identifiants",
    "credenciales",
    "credenziali",
    "credenciais",
    "inloggegevens",
    "accesos",
    "accès",
    "шифра",
    "master",
    "luks",
    "veracrypt",
    "bitlocker",
];

/// The end of the line that byte `at` is on, or of what is read of it.
fn line_end(page: &Page<'_>, at: usize) -> usize {
    let end = page.lines().get(page.line_at(at)).map_or(page.text().len(), |line| line.end);
    at + onward(page.text(), at, 160).len().min(end.saturating_sub(at))
}

/// Adds the password behind a label. Gives the byte behind it.
pub(super) fn password(page: &Page<'_>, anchor: &Anchor, out: &mut Vec<Span>) -> usize {
    let text = page.text();
    let label = &text[anchor.start()..anchor.end()];
    let left = before(text, anchor.start());
    let bare = label.eq_ignore_ascii_case("pass");
    if label == "pass"
        && !matches!(
            left,
            None | Some('_' | '-' | '\n' | ' ' | '/' | '"' | '\'' | '\t' | '&' | '?' | '|' | ';' | ',' | '(' | '[')
        )
    {
        return 0;
    }
    // `1Password`, `passwordless`, `bus pass`.
    if left.is_some_and(|c| c.is_ascii_digit()) && text[anchor.start()..].starts_with(['P', 'p']) {
        return 0;
    }
    if let Some(end) = columns(page, anchor, out) {
        return end;
    }
    called(text, anchor, out);
    let unsure = PLAIN.iter().any(|word| word.eq_ignore_ascii_case(label));
    let end = line_end(page, anchor.end());
    if let Some(value) = value(text, anchor.end(), end, 6) {
        let length = value.trimmed();
        let word = &value.text[..length];
        let named = bare && matches!(left, Some('_' | '-'));
        // What stands for a password that is still to be set.
        if ["changeme", "change_me", "change-me", "changeit"].iter().any(|blank| word.eq_ignore_ascii_case(blank)) {
            return 0;
        }
        // `pass \`--flag\``, `Hash::password => …`.
        if word.contains("::") || word.starts_with('-') {
            return 0;
        }
        if fits(&value, word, unsure, bare && !named) {
            push(value.start, value.start + length, if value.told == Told::Nothing { 0.7 } else { 0.8 }, out);
            return changed(text, value.start + length, out);
        }
        // A name and its password: `creds: ada / …`.
        if let Some(found) = pair(text, &value, end) {
            push(found.0, found.1, 0.75, out);
            return found.1;
        }
        if value.assigned && value.apart == 0 {
            return 0;
        }
    }
    // `pass` on a line of its own is a word of Python.
    if bare && !text[anchor.end()..end].contains('?') {
        return 0;
    }
    aside(text, anchor.end(), end, out).or_else(|| later(text, end, anchor.end(), out)).unwrap_or(0)
}

/// `… to …`: the new password behind the old one. Gives the byte behind both.
fn changed(text: &str, end: usize, out: &mut Vec<Span>) -> usize {
    let rest = onward(text, end, 96).trim_start_matches(['"', '\'', '`', '”', '“']);
    let Some(next) =
        [" to ", " → ", " -> ", " auf ", " in ", " à ", " a ", " para ", " na ", " til ", " till ", " на "]
            .iter()
            .find_map(|joint| rest.strip_prefix(joint))
    else {
        return end;
    };
    let next = next.trim_start_matches(['"', '\'', '`', '“']);
    let token = &next
        [..next.find(|c: char| c.is_whitespace() || matches!(c, '"' | '`' | ',' | ';' | '”')).unwrap_or(next.len())];
    if !passwordish(token, 6) {
        return end;
    }
    let start = token.as_ptr() as usize - text.as_ptr() as usize;
    push(start, start + kept(token), 0.75, out);
    start + kept(token)
}

/// `I use … as my password`, `log in with … (password)`: what is called one by a label behind it.
fn called(text: &str, anchor: &Anchor, out: &mut Vec<Span>) {
    let head = behind(text, anchor.start(), 96);
    const JOINTS: &[&str] = &[
        " as my ",
        " as the ",
        " as her ",
        " as his ",
        " as a ",
        " as ",
        " is my ",
        " is the ",
        " was my ",
        " was the ",
        " (",
        " als ",
        " ist das ",
        " ist mein ",
        " comme ",
        " est le ",
        " est mon ",
        " como ",
        " es la ",
        " es mi ",
        " come ",
        " è la ",
        " é a ",
        " jako ",
        " som ",
        " to ",
        " je ",
        " — это ",
        " як ",
        " как ",
    ];
    let Some(front) = JOINTS.iter().find_map(|joint| head.strip_suffix(joint)) else { return };
    let token = front.rsplit(char::is_whitespace).next().unwrap_or_default();
    let word = token.trim_matches(['"', '\'', '`', '“', '”', '„', ',', ';']);
    if strong(word) && !word.contains(['/', ':']) {
        let start = word.as_ptr() as usize - text.as_ptr() as usize;
        sentence(start, start + word.len(), out);
    }
}

/// The cells below a label that is the head of a column. Gives the byte behind the head.
fn columns(page: &Page<'_>, anchor: &Anchor, out: &mut Vec<Span>) -> Option<usize> {
    const ROWS: usize = 100;
    let text = page.text();
    let index = page.line_at(anchor.start());
    let lines = page.lines();
    let row = |index: usize| lines.get(index).map(|line| &text[line.start..line.end]).filter(|row| row.len() <= 2048);
    let head = row(index)?;
    let mark = ['|', '\t', ';', ','].into_iter().find(|mark| head.contains(*mark))?;
    let at = anchor.start() - lines[index].start;
    let cell = head[..at].matches(mark).count();
    // The label is all that its cell says.
    let own = head.split(mark).nth(cell)?.trim_matches([' ', '*', '"', '_']);
    if own.len() > anchor.end() - anchor.start() + 12 || own.contains([':', '=']) {
        return None;
    }
    let wide = head.matches(mark).count();
    let mut found = false;
    for index in index + 1..index + 1 + ROWS {
        let Some(row) = row(index).filter(|row| row.matches(mark).count() == wide) else { break };
        let value = row.split(mark).nth(cell).unwrap_or_default().trim_matches([' ', '"', '`', '*', '\r']);
        if (passwordish(value, 5) || held(true, value, false)) && !value.contains(' ') {
            let start = value.as_ptr() as usize - text.as_ptr() as usize;
            push(start, start + value.len(), 0.75, out);
            found = true;
        }
    }
    found.then_some(anchor.end())
}

/// Whether a value behind a label for a password is one.
fn fits(value: &Value<'_>, word: &str, unsure: bool, bare: bool) -> bool {
    let figures = (4..=12).contains(&word.len()) && word.bytes().all(|byte| byte.is_ascii_digit());
    let year = word.len() == 4 && (word.starts_with("19") || word.starts_with("20"));
    match value.told {
        // `pass \`strict=1\``: an argument, not a password.
        Told::Mark if bare && !value.gap.contains([':', '=', '：', '|']) => passwordish(word, 6),
        Told::Mark if value.apart == 0 => {
            if unsure && !value.assigned {
                return passwordish(word, 6) || (!bare && figures && !year);
            }
            held(true, word, value.assigned) || (figures && !year) || worded(word) || lone(value, word)
        }
        Told::Mark if unsure => strong(word),
        Told::Mark => {
            passwordish(word, 5) || (!unsure && !bare && figures && !year) || (!unsure && worded(word)) || phrase(value)
        }
        Told::Verb if bare => passwordish(word, 6),
        Told::Verb => {
            passwordish(word, if unsure { 6 } else { 5 })
                || (!unsure && figures && !year && value.apart <= 2)
                || phrase(value)
        }
        Told::Nothing if bare => strong(word) && value.apart == 0,
        Told::Nothing => {
            let digits = word.bytes().filter(u8::is_ascii_digit).count();
            value.apart == 0
                && (if unsure {
                    passwordish(word, 8) && digits >= 2
                } else {
                    passwordish(word, 6) || (figures && word.len() >= 5)
                })
        }
    }
}

/// Words in quotation marks behind a label for a password.
fn phrase(value: &Value<'_>) -> bool {
    value.quoted && value.told >= Told::Verb && value.text.split(' ').count() >= 3 && value.text.len() >= 12
}

/// One word behind `Password:` that no list has as a word, and nothing more in the sentence.
fn lone(value: &Value<'_>, word: &str) -> bool {
    let count = word.chars().count();
    let rest = &value.gap[value.gap.find([':', '：', '=']).unwrap_or(0)..];
    count >= 6
        && word.chars().all(char::is_alphabetic)
        && !rest.contains('(')
        && !plain(word)
        && !plain(&word.to_lowercase())
        && held(true, word, true)
        && value.text.len() == word.len()
        && ending(value)
}

/// Whether the line, or the sentence, ends behind a value.
fn ending(value: &Value<'_>) -> bool {
    let rest = value.rest();
    rest.is_empty() || rest.starts_with(['\n', '\r', ',', ';', '|', '"'])
}

/// Words before the first of two tokens.
const NAMED: &[&str] =
    &["user", "username", "login", "is", "are", "for", "usuario", "utente", "benutzer", "konto", "account"];

/// The second of two tokens with a slash or a colon between, where it looks like a password.
fn pair(text: &str, first: &Value<'_>, end: usize) -> Option<(usize, usize)> {
    let line = text.get(first.start..end)?;
    // `user ada / …`
    let front = line
        .split(' ')
        .take(2)
        .take_while(|word| NAMED.contains(&word.trim_end_matches(':')))
        .map(|word| word.len() + 1);
    let front = front.sum::<usize>().min(line.len());
    let (line, begin) = (&line[front..], first.start + front);
    let length = line.find(|c: char| c.is_whitespace() || matches!(c, ',' | ';' | '|')).unwrap_or(line.len());
    let name = &line[..length];
    // `ada:…`, `ada/…`
    if let Some((head, tail)) = name.split_once([':', '/'])
        && head.len() >= 2
        && !tail.starts_with('/')
        && passwordish(tail, 6)
    {
        let start = begin + head.len() + 1;
        return Some((start, start + kept(tail)));
    }
    let rest = &line[length..];
    let tail = rest.trim_start_matches(|c: char| c.is_whitespace() || matches!(c, '/' | ':' | '|' | '–' | '-' | '·'));
    let gap = &rest[..rest.len() - tail.len()];
    let token = &tail[..tail.find(|c: char| c.is_whitespace() || matches!(c, ',' | ';')).unwrap_or(tail.len())];
    let marked = gap.contains(['/', ':', '|', '–', '·']) || gap.contains(" - ");
    let good = marked && gap.contains(' ') && passwordish(token, 6);
    let start = begin + length + gap.len();
    good.then(|| (start, start + kept(token)))
}

/// The length of a token without what ends a sentence.
fn kept(token: &str) -> usize {
    token.trim_end_matches(['.', ',', ')', '"', '\'', '`', '*']).len()
}

/// `the password, since forever, is …`: the first token behind a verb that can be one.
fn aside(text: &str, from: usize, end: usize, out: &mut Vec<Span>) -> Option<usize> {
    let rest = text.get(from..end)?;
    let rest = &rest[..rest.char_indices().nth(84).map_or(rest.len(), |(at, _)| at)];
    const VERBS: &[&str] = &[
        "is", "was", "are", "lautet", "ist", "war", "est", "es", "è", "é", "era", "jest", "było", "to", "je", "är",
        "er", "on", "remains", "steeds", "still", "not,", "be", "auf", "это", "=", "as", "als", "comme", "como",
        "come", "jako", "som", "как", "як",
    ];
    let mut verb = false;
    let mut last = "";
    for word in rest.split(' ').filter(|word| !word.is_empty()) {
        let token = word.trim_matches(['"', '\'', '`', '“', '”', '(', ')', '*', ',', ';', ':']).trim_end_matches('.');
        if verb && passwordish(token, 7) {
            let start = token.as_ptr() as usize - text.as_ptr() as usize;
            sentence(start, start + token.len(), out);
            return Some(start + token.len());
        }
        // `moved to …` tells of no password.
        let moved = word == "to"
            && !matches!(last, "changed" | "set" | "reset" | "switched" | "it" | "back" | "hasło" | "heslo");
        verb |= VERBS.contains(&word.trim_end_matches(',')) && !moved;
        last = word;
        if word.ends_with(['.', '!', '?']) {
            return None;
        }
    }
    None
}

fn sentence(start: usize, end: usize, out: &mut Vec<Span>) {
    out.push(Span::new(start..end, Entity::Secret, 0.7).by(Layer::Context, "token in a sentence about a password"));
}

/// What stands before a value that a sentence behind the one with the label tells: `new one is …`.
const ANAPHORS: &[&str] = &[
    "one is",
    "one:",
    "it's",
    "it’s",
    "it is",
    "its",
    "is now",
    "now",
    "try",
    "use",
    "was",
    "it to",
    "set to",
    "changed to",
    "jetzt",
    "neue ist",
    "neues ist",
    "ist",
    "auf",
    "nimm",
    "maintenant",
    "est",
    "c'est",
    "essaie",
    "ahora",
    "ahora es",
    "es",
    "prueba",
    "adesso",
    "è",
    "usa",
    "agora",
    "é",
    "nu",
    "is",
    "probeer",
    "teraz",
    "to",
    "użyj",
    "spróbuj",
    "teď",
    "je",
    "zkus",
    "теперь",
    "вот",
    "попробуй",
    "тепер",
    "ось",
    "şimdi",
    "היא",
    "هي",
    "都是",
    "是",
    "改成",
    "still",
    "noch",
    "immer noch",
    "toujours",
    "encore",
    "todavía",
    "sigue siendo",
    "ancora",
    "ainda",
    "nog",
    "nog steeds",
    "wciąż",
    "nadal",
    "stále",
    "pořád",
    "fortfarande",
    "stadig",
    "fortsatt",
    "yhä",
    "még",
    "încă",
    "hâlâ",
    "masih",
    "vẫn",
    "ещё",
    "всё ещё",
    "still the",
    "as",
];

/// A token in the next sentence or the answer of a chat, which names no password.
fn later(text: &str, line: usize, from: usize, out: &mut Vec<Span>) -> Option<usize> {
    // The rest of the line first, then up to three lines that follow.
    let rest = onward(text, from, 320);
    let mut lines = 0;
    let mut at = from;
    let asked = text.get(from..line).is_some_and(|rest| rest.contains(['?', '？']));
    for part in rest.split_inclusive('\n') {
        let start = at;
        at += part.len();
        let whole = part.trim();
        if whole.is_empty() {
            continue;
        }
        // Cut in the middle of a token it may be none.
        if at == from + rest.len() && at < text.len() && !part.ends_with('\n') {
            break;
        }
        if lines > 3 {
            break;
        }
        if let Some(found) = told_so(whole, start > line, asked) {
            let begin = found.as_ptr() as usize - text.as_ptr() as usize;
            sentence(begin, begin + found.len(), out);
            return Some(begin + found.len());
        }
        lines += 1;
    }
    None
}

/// `mariadb:10.6.16`, `nginx:1.25.4-alpine`: a name and its version.
fn is_image(word: &str) -> bool {
    word.split_once(':').is_some_and(|(name, tag)| {
        name.bytes().all(|byte| byte.is_ascii_lowercase() || matches!(byte, b'-' | b'/' | b'.'))
            && tag.starts_with(|c: char| c.is_ascii_digit())
            && tag.contains('.')
    })
}

/// The password in a line of a chat; `own` where the line is a message of its own, `asked` where one was asked for.
fn told_so(line: &str, own: bool, asked: bool) -> Option<&str> {
    let mut head_end = 0;
    for token in line.split_whitespace() {
        let start = token.as_ptr() as usize - line.as_ptr() as usize;
        let head = line[..head_end].trim_end();
        head_end = start + token.len();
        let word = token
            .trim_matches(['"', '\'', '`', '“', '”', '(', ')', '*', ',', ';', ':', '?'])
            .trim_end_matches(['.', '…']);
        if !passwordish(word, 6) || word.starts_with('@') || is_image(word) {
            continue;
        }
        let last = head_end == line.len();
        // All that a message says, behind its speaker and its time.
        let alone = own && (last || asked) && (head.is_empty() || head.ends_with([':', '>', ']', '-', '–']));
        let quoted = own && token.starts_with(['`', '"', '“', '„', '«']);
        // `is it still on the note (Brunost_Vann9)?`
        let bracket = token.starts_with('(') && token.contains(')') && word.contains('_') && !word.contains('.');
        let told = ANAPHORS.iter().any(|word| {
            head.len() >= word.len()
                && head.is_char_boundary(head.len() - word.len())
                && head[head.len() - word.len()..].eq_ignore_ascii_case(word)
                && !head[..head.len() - word.len()].ends_with(char::is_alphanumeric)
        });
        if alone
            || bracket && strong(word) && word.contains(char::is_uppercase)
            || (told && (strong(word) || (own && last) || head.to_lowercase().ends_with("one is")))
            || (quoted && strong(word))
        {
            return Some(word);
        }
    }
    None
}

/// `api_key = …`, `Authorization: Bearer …`, `the token in the repo: …`.
pub(super) fn key(page: &Page<'_>, anchor: &Anchor, out: &mut Vec<Span>) {
    let text = page.text();
    let label = &text[anchor.start()..anchor.end()];
    let lone = label.eq_ignore_ascii_case("key") || label.eq_ignore_ascii_case("keys");
    let bare = lone && !matches!(before(text, anchor.start()), Some('_' | '-' | '?' | '&'));
    let end = line_end(page, anchor.end()).max(
        anchor.end()
            + onward(text, anchor.end(), 320).find('\n').unwrap_or(320).min(320).min(text.len() - anchor.end()),
    );
    let Some(mut value) = value(text, anchor.end(), end.min(text.len()), 6) else { return };
    // An argument of a call.
    if value.gap.starts_with(',') {
        return;
    }
    for scheme in ["Bearer ", "bearer ", "Basic ", "Token ", "token ", "ApiKey "] {
        if let Some(rest) = text.get(value.start..).and_then(|rest| rest.strip_prefix(scheme)) {
            let tail = run(rest, b"_+/=.~-");
            value.start = text.len() - rest.len();
            value.text = &rest[..tail];
            (value.assigned, value.quoted, value.told, value.apart) = (true, false, Told::Mark, 0);
        }
    }
    let word = value.text[..value.trimmed()].split('&').next().unwrap_or_default();
    let spoken = label.eq_ignore_ascii_case("bearer") && mixed(word) && word.len() >= 16;
    let good = if bare {
        random(word, 12) && (value.told > Told::Nothing || value.apart == 0)
    } else {
        (value.told > Told::Nothing
            && value.apart == 0
            && held(false, word, value.assigned)
            && (!lone || word.len() >= 12))
            || (value.told == Told::Mark && mixed(word) && word.len() >= 10 && random(word, 10))
            || random(word, 14)
    };
    // `secrets.h has \`…\``
    let quoted = value.quoted && label.to_ascii_lowercase().starts_with("secret") && passwordish(word, 8);
    if good || spoken || quoted {
        push(value.start, value.start + word.len(), 0.8, out);
    }
}

/// Words for the key of a network, behind its name.
const NETWORK_KEYS: &[&str] = &[
    "key",
    "schlüssel",
    "clé",
    "cle",
    "clave",
    "chiave",
    "chave",
    "sleutel",
    "klucz",
    "klíč",
    "kľúč",
    "kulcs",
    "cheie",
    "ključ",
    "ключ",
    "anahtar",
    "nøkkel",
    "nyckel",
    "nøgle",
    "avain",
    "kunci",
    "pw",
    "pass",
    "code",
    "kod",
    "kode",
    "psk",
];

/// `Wi-Fi: Heron / …`, `SSID Heron key …`: the key of a network on the line that names it.
pub(super) fn network(page: &Page<'_>, anchor: &Anchor, out: &mut Vec<Span>) {
    let text = page.text();
    let end = line_end(page, anchor.end());
    let Some(rest) = text.get(anchor.end()..end) else { return };
    let mut key = false;
    let mut marked = false;
    let mut slash = false;
    let mut first = true;
    for token in rest.split_whitespace() {
        let word = token
            .trim_matches(['"', '\'', '`', '“', '”', '„', '(', ')', '*', ',', ';', ':', '：'])
            .trim_end_matches(['.', '…']);
        if word.is_empty() && first {
            marked |= token.contains([':', '=']);
            continue;
        }
        let figures = word.len() >= 8 && word.bytes().all(|byte| byte.is_ascii_digit());
        let good = passwordish(word, 6) || (figures && key);
        // `MOVISTAR_7A3C / clave …`: the name of the network, whose key follows.
        let place = word.as_ptr() as usize + word.len() - rest.as_ptr() as usize;
        let is_key = |next: &str| NETWORK_KEYS.contains(&next.trim_matches([':', '=']).to_lowercase().as_str());
        let named = good && !key && rest[place..].split_whitespace().take(3).any(is_key);
        let good = good && !named;
        // A name of a network has no such signs.
        let sure = first && strong(word) && word.contains(is_sign) && word.contains(|c: char| c.is_ascii_digit());
        if good
            && (key || sure || slash && (!first || strong(word)) || (marked && !first && strong(word)))
            && !word.contains([':', '='])
        {
            let start = word.as_ptr() as usize - text.as_ptr() as usize;
            return push(start, start + word.len(), 0.75, out);
        }
        let name = word.split(['=', ':']).next().unwrap_or_default();
        key = NETWORK_KEYS.iter().any(|known| known.eq_ignore_ascii_case(name))
            || NETWORK_KEYS.contains(&name.to_lowercase().as_str());
        if let Some((_, value)) = word.split_once(['=', ':'])
            && key
            && passwordish(value.trim_matches(['"', '\'']), 6)
        {
            let value = value.trim_matches(['"', '\'']);
            let start = value.as_ptr() as usize - text.as_ptr() as usize;
            return push(start, start + value.len(), 0.75, out);
        }
        // `wifi är Kaffe_Bulle9`.
        let verb = first
            && matches!(
                word,
                "is" | "är" | "er" | "ist" | "est" | "es" | "è" | "é" | "je" | "jest" | "to" | "on" | "este"
            );
        slash = verb || !first && matches!(token, "/" | "|" | "→" | "—" | "–" | "-" | ":");
        marked |= token.ends_with([':', '：', '=']);
        first = false;
        if token.ends_with('.') {
            break;
        }
    }
    // `wpa2: …`, `รหัสไวไฟ …`: the label is one of the key itself.
    let label = &text[anchor.start()..anchor.end()];
    let own = label.to_ascii_lowercase().starts_with("wpa") || !label.is_ascii();
    if own
        && let Some(value) = value(text, anchor.end(), end, 1)
        && passwordish(&value.text[..value.trimmed()], 6)
    {
        push(value.start, value.start + value.trimmed(), 0.7, out);
    }
}

/// `login: ada / …`: the password behind a user name.
pub(super) fn login(page: &Page<'_>, anchor: &Anchor, out: &mut Vec<Span>) {
    let text = page.text();
    let end = line_end(page, anchor.end());
    let Some(value) = value(text, anchor.end(), end, 2) else { return };
    if value.told == Told::Nothing {
        return;
    }
    if let Some((start, end)) = pair(text, &value, end)
        && (text[start..end].contains(is_sign) || behind(text, start, 4).trim_end().ends_with(['/', ':', '|']))
        && !text[start..end].contains("://")
        && !looks_like_a_handle(&text[start..end])
    {
        push(start, end, 0.7, out);
    }
}

/// `ada_q77`: small letters and digits, as a second user name has.
fn looks_like_a_handle(token: &str) -> bool {
    token.starts_with('@') || !token.contains(|c: char| c.is_uppercase() || is_sign(c))
}
