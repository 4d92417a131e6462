//! Passwords, keys and tokens: by the prefix their provider gives them, or by what they are assigned to.

use std::sync::LazyLock;

use regex::Regex;

use super::anchor::{Anchor, Kind, onward};
use super::{Recognizer, before, compile, label_sign};
use crate::mask::page::Page;
use crate::mask::span::{Entity, Layer, Span};

pub(crate) struct Secret;

/// A key in its armour, over many lines, or cut off.
static PEM: LazyLock<Regex> = LazyLock::new(|| {
    compile(
        r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----[A-Za-z0-9+/=\s:,.()-]*?(?:-----END [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----|\z)",
    )
});

/// Addresses that are a permission to write.
const HOOKS: &[&str] = &[
    "hooks.slack.com/services/",
    "hooks.slack.com/workflows/",
    "hooks.slack.com/triggers/",
    "discord.com/api/webhooks/",
    "discordapp.com/api/webhooks/",
    "ptb.discord.com/api/webhooks/",
    "outlook.office.com/webhook/",
    "hooks.zapier.com/hooks/catch/",
    "maker.ifttt.com/trigger/",
    "api.telegram.org/bot",
    "hook.eu1.make.com/",
    "hook.us1.make.com/",
    "chat.googleapis.com/v1/spaces/",
    "open.feishu.cn/open-apis/bot/",
    "oapi.dingtalk.com/robot/send",
    "qyapi.weixin.qq.com/cgi-bin/webhook/",
    "hooks.chime.aws/",
    "events.pagerduty.com/integration/",
];

impl Recognizer for Secret {
    fn find(&self, page: &Page<'_>, out: &mut Vec<Span>) {
        let text = page.text();
        if text.contains("-----BEGIN") {
            out.extend(PEM.find_iter(text).map(|found| Span::new(found.range(), Entity::Secret, 0.99)));
        }
        let anchors = page.anchors();
        let mut covered = 0;
        for (index, anchor) in anchors.iter().enumerate() {
            match anchor.kind {
                Kind::Prefix if anchor.start() >= covered => covered = prefixed(text, anchor, out),
                Kind::Scheme => {
                    credentials(text, anchor, out);
                    hook(text, anchor, out);
                }
                Kind::Colon => bot_token(text, anchor, out),
                Kind::Point => dotted(text, anchor, out),
                Kind::Password => password(page, anchors, index, out),
                Kind::Key => key(text, anchor, out),
                Kind::Pin => pin(text, anchor, out),
                Kind::Phrase => phrase(text, anchor, out),
                _ => {}
            }
        }
    }
}

fn push(start: usize, end: usize, score: f32, out: &mut Vec<Span>) {
    if end > start {
        out.push(Span::new(start..end, Entity::Secret, score));
    }
}

/// How many bytes of `rest` a token has.
fn run(rest: &str, more: &[u8]) -> usize {
    rest.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || more.contains(byte)).count()
}

/// `sk-…`, `ghp_…`, `AKIA…`. Gives the byte behind what was read.
fn prefixed(text: &str, anchor: &Anchor, out: &mut Vec<Span>) -> usize {
    let start = anchor.start();
    let prefix = &text[start..anchor.end()];
    if before(text, start).is_some_and(|c| c.is_alphanumeric() || (c == '-' && prefix != "sk-")) {
        return anchor.end();
    }
    let rest = &text[anchor.end()..];
    let more: &[u8] = match prefix {
        "AKIA" | "ASIA" | "AROA" | "AIDA" | "ABIA" | "ACCA" | "dapi" | "key-" | "npm_" | "hf_" | "EAAA" | "EAAC"
        | "EAAG" | "EAAB" | "re_" | "oy2" | "LTAI" | "AKID" => b"",
        "eyJ" | "SG." | "ya29." | "dt0c01." | "sl." | "glpat-" | "hvs." | "hvb." | "hvr." | "s." | "v1.0-"
        | "amzn.mws." => b"_-.",
        "ATATT" | "fm1_" | "fm2_" | "glc_" => b"_-=+/",
        _ => b"_-",
    };
    let mut tail = run(rest, more);
    while rest[..tail].ends_with(['.', '-']) {
        tail -= 1;
    }
    let value = &rest[..tail];
    let digit = value.bytes().any(|byte| byte.is_ascii_digit());
    let letter = value.bytes().any(|byte| byte.is_ascii_alphabetic());
    let hex = |count: usize| value.len() == count && value.bytes().all(|byte| byte.is_ascii_hexdigit());
    let good = match prefix {
        "AKIA" | "ASIA" | "AROA" | "AIDA" | "ABIA" | "ACCA" => {
            (12..=20).contains(&tail) && value.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
        }
        "eyJ" => tail >= 16 && (value.contains('.') || tail >= 40),
        "SG." => tail >= 32 && value.contains('.'),
        "dapi" => hex(32),
        "key-" => hex(32),
        "sk-" => tail >= 20 && !wordy(&text[start..anchor.end() + tail]),
        "s." | "oy2" | "t1." | "cio" | "pul-" => tail >= 24 && digit && letter,
        "sl." | "y0_" => tail >= 40,
        "live_" | "re_" | "key" | "sdk-" | "mg-" | "ops_" => tail >= 20 && digit && letter,
        "EAAA" | "EAAC" | "EAAG" | "EAAB" | "IGQV" | "ATATT" | "ATBB" | "ATCTT" | "EZAK" | "EZTK" | "AQVN" | "LTAI"
        | "AKID" => tail >= 16 && (digit || tail >= 30),
        "tk-" => tail >= 12 && digit && letter,
        _ => {
            (tail >= 16 && (digit || tail >= 24) && letter || hex(32)) && !wordy(&text[start..anchor.end() + tail])
                || tail >= 10 && digit && letter && mixed(value)
        }
    };
    if good {
        push(start, anchor.end() + tail, 0.97, out);
    }
    anchor.end() + tail
}

/// `postgres://user:word@host`: what stands before the `@`.
fn credentials(text: &str, anchor: &Anchor, out: &mut Vec<Span>) {
    let rest = &text[anchor.end()..];
    let end = rest
        .find(|c: char| c.is_whitespace() || matches!(c, '/' | '<' | '>' | '"' | '\'' | '`' | '\u{1}'))
        .unwrap_or(rest.len());
    let Some(at) = rest[..end].rfind('@') else { return };
    let user = &rest[..at];
    let placeholder =
        matches!(user, "user:password" | "username:password" | "user:pass" | "USER:PASSWORD" | "login:password");
    if !placeholder && user.contains(':') && !user.ends_with(':') && !user.contains(['[', ']', '{', '}', '$', '(']) {
        push(anchor.end(), anchor.end() + at, 0.9, out);
    }
}

fn hook(text: &str, anchor: &Anchor, out: &mut Vec<Span>) {
    let rest = &text[anchor.end()..];
    if let Some(host) = HOOKS.iter().find(|host| rest.starts_with(**host)) {
        let tail = rest[host.len()..]
            .bytes()
            .take_while(|byte| byte.is_ascii_alphanumeric() || b"/_-:.?=&%@~+".contains(byte))
            .count();
        if tail >= 12 {
            let head = text[..anchor.start()].bytes().rev().take_while(u8::is_ascii_alphabetic).count();
            push(anchor.start() - head, anchor.end() + host.len() + tail, 0.97, out);
        }
    }
}

/// `123456789:AAF…`: a bot of Telegram.
fn bot_token(text: &str, anchor: &Anchor, out: &mut Vec<Span>) {
    let head = text[..anchor.start()].bytes().rev().take(12).take_while(u8::is_ascii_digit).count();
    let tail = run(&text[anchor.end()..], b"_-");
    if (8..=10).contains(&head) && (33..=37).contains(&tail) {
        push(anchor.start() - head, anchor.end() + tail, 0.97, out);
    }
}

/// Three parts with dots between, as Discord has them.
fn dotted(text: &str, anchor: &Anchor, out: &mut Vec<Span>) {
    let head = text[..anchor.start()]
        .bytes()
        .rev()
        .take(32)
        .take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
        .count();
    if !(24..=28).contains(&head) || !text[anchor.start() - head..].starts_with(['M', 'N', 'O']) {
        return;
    }
    let rest = &text[anchor.end()..];
    let middle = run(rest, b"_-");
    if middle == 6 && rest[middle..].starts_with('.') {
        let tail = run(&rest[middle + 1..], b"_-");
        if tail >= 25 {
            push(anchor.start() - head, anchor.end() + middle + 1 + tail, 0.97, out);
        }
    }
}

/// What stands behind a label.
struct Value<'t> {
    start: usize,
    text: &'t str,
    /// `=`, a quotation mark: code, not prose.
    assigned: bool,
    quoted: bool,
    /// `:`, `=`, `is`, a cell: something says that this is the value.
    told: bool,
}

/// The value behind a label that ends at byte `end`.
fn value(text: &str, end: usize) -> Option<Value<'_>> {
    // The label may go on: `DB_PASSWORD_PROD=`, `apiKeyName:`.
    let rest = text.get(end..)?;
    let more = rest.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')).count();
    let name = &rest[..more];
    let mut at = end;
    if more > 0 {
        const OTHER: &[&str] = &[
            "url",
            "uri",
            "type",
            "name",
            "expir",
            "ttl",
            "count",
            "length",
            "len",
            "policy",
            "file",
            "path",
            "hash",
            "reset",
            "field",
            "id",
            "limit",
            "size",
            "class",
            "format",
            "manager",
            "less",
            "required",
            "age",
            "version",
            "provider",
            "store",
            "prompt",
            "input",
            "rotation",
            "protected",
        ];
        let lower = name.trim_start_matches(['_', '-']).to_ascii_lowercase();
        if name.starts_with('-') && !rest[more..].starts_with(['=', ':'])
            || OTHER.iter().any(|other| lower.starts_with(other))
            || !rest[more..].trim_start_matches(['"', '\'', ' ']).starts_with(['=', ':'])
        {
            return None;
        }
        at += more;
    }
    let rest = &text[at..];
    let body = rest.trim_start_matches(|c: char| label_sign(c) || matches!(c, '>' | '`' | ')' | '”' | '→' | '…'));
    let gap = &rest[..rest.len() - body.len()];
    let mut start = at + gap.len();
    let mut told = gap.contains([':', '=', '：', '|', '｜', '→', '\t']) || gap.ends_with(['"', '\'', '`']);
    let assigned = gap.contains('=') || gap.ends_with(['"', '\'', '`']);
    let mut quote = gap.chars().next_back().filter(|c| matches!(c, '"' | '\'' | '`'));
    if gap.is_empty() && more == 0 && !text[..end].ends_with(|c: char| c >= '\u{3000}') {
        return None;
    }
    // `the password is …`.
    if !told {
        for word in [
            "is still ",
            "is now ",
            "is:",
            "is ",
            "was ",
            "are ",
            "lautet: ",
            "lautet ",
            "ist ",
            "war ",
            "est ",
            "es ",
            "è ",
            "é ",
            "era ",
            "jest ",
            "to ",
            "to: ",
            "je ",
            "är ",
            "er ",
            "on ",
            "этот ",
            "это ",
            "は",
            "是",
            "为",
            "為",
            "는 ",
            "은 ",
            "adalah ",
            "là ",
            "este ",
            "nr ",
            "no. ",
            "no ",
            "number ",
            "set to ",
        ] {
            if body.starts_with(word)
                || body.len() > word.len()
                    && body.is_char_boundary(word.len())
                    && body[..word.len()].eq_ignore_ascii_case(word)
            {
                let skipped = body[word.len()..].trim_start_matches([' ', ':', '"', '\'', '`', '“', '*']);
                start = text.len() - text[at..].len() + (rest.len() - skipped.len());
                quote = text[..start].chars().next_back().filter(|c| matches!(c, '"' | '\'' | '`'));
                told = true;
                break;
            }
        }
    }
    let body = onward(text, start, 256);
    let length = match quote {
        Some(quote) => body.find(quote).filter(|at| *at <= 200 && !body[..*at].contains('\n')),
        None => None,
    };
    let quoted = length.is_some();
    let length = length.unwrap_or_else(|| {
        body.find(|c: char| {
            c.is_whitespace()
                || matches!(
                    c,
                    '"' | '\'' | '`' | ',' | ';' | '<' | '>' | '\u{1}' | '[' | ']' | '、' | '。' | '，' | '|'
                )
        })
        .unwrap_or(body.len())
    });
    Some(Value { start, text: &body[..length], assigned, quoted, told })
}

/// Without what ends a sentence.
fn trimmed(value: &Value<'_>) -> usize {
    let kept = value.text.trim_end_matches(['.', ')', '*', ':', '?']);
    // A password may end in any sign; a sentence ends in one of these only.
    if kept.len() + 1 >= value.text.len() && !value.quoted { kept.len() } else { value.text.len() }
}

fn password(page: &Page<'_>, anchors: &[Anchor], index: usize, out: &mut Vec<Span>) {
    let text = page.text();
    let anchor = &anchors[index];
    let label = &text[anchor.start()..anchor.end()];
    let bare = label.eq_ignore_ascii_case("pass") && !matches!(before(text, anchor.start()), Some('_' | '-'));
    if label == "pass"
        && !matches!(
            before(text, anchor.start()),
            None | Some('_' | '-' | '\n' | ' ' | '/' | '"' | '\'' | '\t' | '&' | '?' | '|' | ';' | ',')
        )
    {
        return;
    }
    let plain =
        matches!(label, "pass" | "Pass" | "clave" | "Clave" | "parola" | "heslo" | "sandi" | "šifra" | "ключ" | "口令");
    if let Some(value) = value(text, anchor.end()) {
        let end = trimmed(&value);
        let word = &value.text[..end];
        let gap = &text[anchor.end()..value.start];
        // `pass \`--flag\``, `Hash::password => …`.
        if word.contains("::") || word.starts_with('-') || (bare && !gap.contains([':', '='])) {
            return;
        }
        let good = if value.told { held(true, word, value.assigned) } else { !plain && passwordish(word, 6) };
        if good && !(plain && !value.assigned && !passwordish(word, 6)) {
            push(value.start, value.start + end, 0.8, out);
            return;
        }
        if value.assigned {
            return;
        }
    }
    // `the password, since forever, is …`: the first token behind a verb that can be one.
    let line = page.lines().get(page.line_at(anchor.end())).map_or(text.len(), |line| line.end);
    let Some(rest) = text.get(anchor.end()..line) else { return };
    let rest = &rest[..rest.char_indices().nth(84).map_or(rest.len(), |(at, _)| at)];
    const VERBS: &[&str] = &[
        "is", "was", "are", "lautet", "ist", "war", "est", "es", "è", "é", "era", "jest", "było", "to", "je", "är",
        "er", "on", "remains", "steeds", "still", "not,", "be",
    ];
    let mut verb = false;
    for word in rest.split(' ').filter(|word| !word.is_empty()) {
        let token = word.trim_matches(['"', '\'', '`', '“', '”', '(', ')', '*', ',', ';', ':']).trim_end_matches('.');
        if verb && passwordish(token, 7) {
            let start = token.as_ptr() as usize - text.as_ptr() as usize;
            out.push(
                Span::new(start..start + token.len(), Entity::Secret, 0.7)
                    .by(Layer::Context, "token in a sentence about a password"),
            );
            return;
        }
        verb |= VERBS.contains(&word.trim_end_matches(','));
        if word.ends_with(['.', '!', '?']) {
            return;
        }
    }
}

/// A sign that words of a sentence do not have inside.
fn is_sign(c: char) -> bool {
    matches!(c, '!' | '#' | '$' | '%' | '&' | '*' | '?' | '^' | '+' | '=' | '~' | '@')
}

/// Letters with digits or signs among them, as passwords have and words have not.
fn passwordish(token: &str, least: usize) -> bool {
    const TECH: &[&str] = &[
        "argon",
        "sha",
        "md5",
        "bcrypt",
        "scrypt",
        "pbkdf",
        "aes",
        "rsa",
        "ed25519",
        "oauth",
        "base",
        "utf",
        "ipv",
        "k8s",
        "http",
        "tls",
        "ssl",
        "web",
        "s3",
        "ec2",
        "x509",
        "pkcs",
        "totp",
        "fido",
        "log4",
        "python",
        "vue",
        "v1",
        "v2",
        "v3",
        "2fa",
        "mfa",
        "win",
        "mac",
        "ios",
        "wpa",
        "nist",
        "iso",
        "covid",
        "90-",
        "1password",
        "fips",
        "level",
        "step",
        "chapter",
        "q1",
        "q2",
        "q3",
        "q4",
    ];
    let count = token.chars().count();
    let letter = token.contains(char::is_alphabetic);
    let digit = token.contains(|c: char| c.is_ascii_digit());
    let sign = token.contains(['!', '#', '$', '%', '&', '*', '?', '^', '+', '=', '~', '@']);
    let lower = token.to_lowercase();
    let known = TECH.iter().any(|word| lower.starts_with(word)) && !sign;
    let number = !letter;
    let other = token.contains(['(', ')', '{', '}', '<', '>', '\u{1}', '/'])
        || token.starts_with(['$', '%', '&', '=', '+', '-', '#'])
        || lower.contains("://")
        || token.contains("&&");
    let email = token.contains('@') && token.rsplit('@').next().is_some_and(|host| host.contains('.'));
    let dated = token.chars().filter(char::is_ascii_digit).count() >= 6
        && token.contains(['-', '.'])
        && !token.contains(|c: char| c.is_uppercase());
    count >= least
        && !number
        && !known
        && !other
        && !email
        && !dated
        && (digit || (sign && token.trim_end_matches(['!', '?', '*']).chars().skip(1).any(is_sign)))
        && !token.ends_with('%')
}

/// `api_key = …`, `Authorization: Bearer …`.
fn key(text: &str, anchor: &Anchor, out: &mut Vec<Span>) {
    let label = &text[anchor.start()..anchor.end()];
    let bare = matches!(label, "key" | "Key" | "KEY");
    if bare && !matches!(before(text, anchor.start()), Some('_' | '-' | '?' | '&')) {
        return;
    }
    let Some(mut value) = value(text, anchor.end()) else { return };
    for scheme in ["Bearer ", "bearer ", "Basic ", "Token ", "token ", "ApiKey "] {
        if let Some(rest) = text.get(value.start..).and_then(|rest| rest.strip_prefix(scheme)) {
            let tail = run(rest, b"_+/=.~-");
            let start = text.len() - rest.len();
            value = Value { start, text: &rest[..tail], assigned: true, quoted: false, told: true };
        }
    }
    let end = trimmed(&value);
    let word = value.text[..end].split('&').next().unwrap_or_default();
    let spoken = matches!(label.to_lowercase().as_str(), "bearer") && mixed(word) && word.len() >= 16;
    if (value.told && held(false, word, value.assigned) && (!bare || word.len() >= 12)) || spoken {
        push(value.start, value.start + word.len(), 0.8, out);
    }
}

/// `gate code 7741#`, `PIN: 4471`.
fn pin(text: &str, anchor: &Anchor, out: &mut Vec<Span>) {
    let label = text[anchor.start()..anchor.end()].to_lowercase();
    let rest = text.get(anchor.end()..).unwrap_or_default();
    let Some(value) = value(text, anchor.end()) else { return };
    let token: &str = {
        let length = value
            .text
            .find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '#' | '*' | '-')))
            .unwrap_or(value.text.len());
        value.text[..length].trim_end_matches('-')
    };
    let digits = token.bytes().filter(u8::is_ascii_digit).count();
    let letters = token.bytes().filter(u8::is_ascii_alphabetic).count();
    let sign = token.contains(['#', '*']);
    let plain = matches!(label.as_str(), "code" | "código" | "codice");
    let near = rest.len() - text[value.start..].len() <= 12;
    let size = (3..=10).contains(&token.len()) && digits >= 3 && letters <= 3;
    // A year, and the start of a longer number.
    let sign = sign && !(plain && token.starts_with('#'));
    let cut = text[value.start + token.len()..].starts_with(|c: char| c.is_alphanumeric() || matches!(c, '/' | '_'))
        || text[value.start + token.len()..].starts_with(['-', '.', ':', ' '])
            && text[value.start + token.len() + 1..].starts_with(|c: char| c.is_ascii_digit());
    let alone = letters == 0 && (value.told || digits >= 4);
    if size && near && !cut && (sign || (!plain && alone)) {
        push(value.start, value.start + token.len(), 0.75, out);
    }
}

/// Codes of recovery in a row, and the words of a wallet.
fn phrase(text: &str, anchor: &Anchor, out: &mut Vec<Span>) {
    let Some(rest) = text.get(anchor.end()..) else { return };
    let rest = &rest[..rest.char_indices().nth(600).map_or(rest.len(), |(at, _)| at)];
    words_of_wallet(anchor.end(), rest, out);
    // Codes: letters with digits, of one length, from the same line on.
    let sign = rest.trim_start_matches(|c: char| !c.is_alphanumeric());
    let gap = &rest[..rest.len() - sign.len()];
    let label = text[anchor.start()..anchor.end()].to_lowercase();
    let words = matches!(label.as_str(), "seed" | "mnemonic" | "secret phrase" | "seed words" | "seed phrase");
    if words || !gap.contains([':', '=', '|', '：', '\n']) || gap.contains('`') {
        return;
    }
    let mut at = anchor.end() + gap.len();
    let mut size = 0;
    for _ in 0..24 {
        let here = text.get(at..).unwrap_or_default();
        let length = run(here, b"-");
        let token = here[..length].trim_matches('-');
        let digit = token.bytes().any(|byte| byte.is_ascii_digit());
        let base32 =
            token.len() >= 16 && token.bytes().all(|byte| byte.is_ascii_uppercase() || (b'2'..=b'7').contains(&byte));
        if token.len() < 6 || !(digit || base32) || (size > 0 && token.len().abs_diff(size) > 1) {
            break;
        }
        size = token.len();
        push(at, at + token.len(), 0.75, out);
        let after = here[length..].trim_start_matches([' ', ',', ';', '\n', '\r', '-', '•', '*', '|', '/', '\t']);
        at = text.len() - after.len();
    }
}

/// Twelve to twenty-four small words in a row, numbered or not.
fn words_of_wallet(base: usize, rest: &str, out: &mut Vec<Span>) {
    let (mut first, mut last, mut count) = (0, 0, 0);
    let mut at = 0;
    while at < rest.len() {
        let here = &rest[at..];
        let length = here.find(|c: char| !c.is_alphabetic()).unwrap_or(here.len());
        if length == 0 {
            let c = here.chars().next().unwrap_or(' ');
            // Numbers and signs may stand between; the end of a sentence may not.
            if count >= 3
                && !(c.is_whitespace() || c.is_ascii_digit() || matches!(c, '.' | ',' | ')' | '-' | '|' | '"' | '`'))
            {
                break;
            }
            at += c.len_utf8();
            continue;
        }
        let word = &here[..length];
        let small = (3..=8).contains(&length)
            && word.bytes().all(|byte| byte.is_ascii_lowercase())
            && !matches!(
                word,
                "the" | "and" | "for" | "was" | "are" | "not" | "you" | "with" | "from" | "your" | "has" | "had"
            );
        if small {
            if count == 0 {
                first = at;
            }
            count += 1;
            last = at + length;
        } else if count >= 11 {
            break;
        } else {
            count = 0;
        }
        at += length;
        if count == 24 {
            break;
        }
    }
    if count >= 12 {
        push(base + first, base + last, 0.8, out);
    }
}

/// Whether the value is one, and not a type, a variable or the next word of a sentence.
fn held(password: bool, value: &str, assigned: bool) -> bool {
    const NAMES: &[&str] = &[
        "string",
        "none",
        "null",
        "true",
        "false",
        "required",
        "optional",
        "changed",
        "hidden",
        "redacted",
        "example",
        "password",
        "secret",
        "your",
        "env",
        "self",
        "this",
        "undefined",
    ];
    let lower = value.to_lowercase();
    let reference = value.starts_with(['$', '{', '%', '*', '.', '/', '&', '('])
        || value.contains(['(', ')', '{', '}'])
        || lower.contains("env.")
        || lower.contains("environ")
        || lower.contains("://")
        || lower.starts_with("xxx");
    if reference || NAMES.iter().any(|name| lower == *name || lower.starts_with("your-") || lower.starts_with("your_"))
    {
        return false;
    }
    let digit = value.contains(|c: char| c.is_ascii_digit());
    let sign = value
        .trim_end_matches('-')
        .contains(|c: char| c.is_ascii_punctuation() && !matches!(c, '-' | '_' | '.' | '\'' | '/'));
    if password {
        return value.chars().count() >= 4
            && (digit && value.contains(char::is_alphabetic)
                || sign
                || (digit && value.len() >= 6)
                || (assigned && value.chars().count() >= 5));
    }
    value.chars().count() >= 8 && (mixed(value) || (assigned && digit && value.len() >= 12))
}

/// Letters and digits together, as random strings have them.
fn mixed(value: &str) -> bool {
    value.contains(|c: char| c.is_ascii_digit())
        && value.contains(|c: char| c.is_ascii_alphabetic())
        && value.len() >= 8
}

/// `sk-learn-compatible-estimators` is words with dashes.
fn wordy(value: &str) -> bool {
    value.len() < 60
        && !value.contains(|c: char| c.is_ascii_digit())
        && value.split(['-', '_']).all(|part| part.len() < 14)
        && !value.contains(char::is_uppercase)
}
