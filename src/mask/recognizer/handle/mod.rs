//! User names: `@name`, `@name@server`, `GitHub: name`, and who wrote a comment.

mod comment;
mod label;
mod place;
mod thread;

use std::collections::HashSet;
use std::sync::LazyLock;

use super::anchor::{Anchor, Kind, SIDE, behind, onward};
use super::{Recognizer, after, before};
use crate::mask::page::Page;
use crate::mask::span::{Entity, Span};

pub(crate) struct Handle;

/// The small words of this recognizer, by the groups of `words.txt`.
struct Words {
    /// Names in code that begin with `@`.
    code: HashSet<&'static str>,
    /// Values behind a platform's name that are no user name.
    values: HashSet<&'static str>,
    /// Platforms whose name is an ordinary word: what follows has to look like a user name.
    plain: HashSet<&'static str>,
}

static WORDS: LazyLock<Words> = LazyLock::new(|| {
    let mut words = Words { code: HashSet::new(), values: HashSet::new(), plain: HashSet::new() };
    let mut group = "";
    for line in include_str!("words.txt").lines() {
        match line.strip_prefix("# ") {
            Some(heading) => group = heading,
            None => match group {
                "names in code that begin with @" => words.code.extend(line.split_whitespace()),
                "platforms whose name is an ordinary word" => words.plain.extend(line.split_whitespace()),
                _ => words.values.extend(line.split_whitespace()),
            },
        }
    }
    words
});

impl Recognizer for Handle {
    fn find(&self, page: &Page<'_>, out: &mut Vec<Span>) {
        let text = page.text();
        let anchors = page.anchors();
        for (index, anchor) in anchors.iter().enumerate() {
            match anchor.kind {
                Kind::Sign => mention(text, anchor, out),
                Kind::Platform | Kind::Messenger | Kind::User => {
                    label::labelled(text, anchors, index, out);
                    if anchor.kind != Kind::User {
                        label::quoted_before(text, anchor, out);
                    }
                }
                Kind::By => comment::author(text, anchor, out),
                _ => {}
            }
        }
        comment::comments(page, out);
        thread::find(page, out);
        place::find(page, out);
    }
}

fn push(start: usize, token: &str, score: f32, out: &mut Vec<Span>) {
    out.push(Span::new(start..start + token.len(), Entity::Handle, score));
}

/// `@name`, `@name@server`, `@name:server`.
fn mention(text: &str, anchor: &Anchor, out: &mut Vec<Span>) {
    let Some(rest) = text.get(anchor.end()..) else { return };
    if !text[anchor.start()..anchor.end()].starts_with(['@', '＠', '﹫']) {
        return;
    }
    if rest.starts_with(|c: char| c.is_ascii_digit()) {
        login(text, anchor, rest, out);
    }
    let user = user_at(rest);
    if user.is_empty() || !user.contains(|c: char| c.is_alphabetic() || c == '_') {
        return;
    }
    let end = anchor.end() + user.len();
    // The server of a federated name.
    let server = |sign: char| {
        let tail = text.get(end..)?.strip_prefix(sign)?;
        let length = tail.find(|c: char| !(c.is_alphanumeric() || matches!(c, '.' | '-'))).unwrap_or(tail.len());
        let host = tail[..length].trim_end_matches(['.', '-']);
        let top = host.rsplit('.').next().unwrap_or_default();
        (host.contains('.') && top.chars().count() >= 2 && top.chars().all(char::is_alphabetic))
            .then(|| end + 1 + host.len())
    };
    let federated = server('@').or_else(|| server(':'));
    let left_ok = before(text, anchor.start()).is_none_or(|c| {
        !c.is_alphanumeric() && !matches!(c, '.' | '@' | '_' | '/' | '`' | '-' | '+' | '=' | '%' | '\u{1}')
    }) || text[..anchor.start()].ends_with("t.me/");
    if !left_ok {
        return;
    }
    if let Some(end) = federated {
        out.push(Span::new(anchor.start()..end, Entity::Handle, 0.95));
        return;
    }
    // `@scope/package`, `@decorator(…)`, and what goes on as an address.
    let right = after(text, end);
    let goes_on = matches!(right, Some('(' | '@'))
        || (right == Some('/') && after(text, end + 1).is_some_and(char::is_alphanumeric));
    let word = user.split(['.', '-']).next().unwrap_or_default().to_lowercase();
    let named = [" annotation", " decorator", " rule", " directive", " macro", " tag"];
    let code =
        text.get(end..).is_some_and(|rest| named.iter().any(|word| rest.trim_start_matches('`').starts_with(word)));
    if !goes_on
        && user.chars().count() >= 2
        && !code
        && !WORDS.code.contains(word.as_str())
        && !decorates(text, anchor.start(), end)
    {
        out.push(Span::new(anchor.start()..end, Entity::Handle, 0.75));
    }
}

/// `scp ada@203.0.113.84:/srv`: who logs in at a machine that has no name.
fn login(text: &str, anchor: &Anchor, rest: &str, out: &mut Vec<Span>) {
    const NOBODY: &[&str] = &[
        "root",
        "admin",
        "ubuntu",
        "debian",
        "centos",
        "fedora",
        "ec2-user",
        "git",
        "pi",
        "user",
        "deploy",
        "postgres",
        "mysql",
        "nobody",
        "www-data",
        "ansible",
        "jenkins",
        "vagrant",
        "azureuser",
        "opc",
        "core",
        "default",
        "guest",
        "test",
        "backup",
        "service",
        "svc",
        "info",
        "ftp",
        "sftp",
        "host",
        "server",
        "me",
        "you",
        "username",
        "oracle",
    ];
    let length = rest.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(rest.len());
    if rest[..length].trim_end_matches('.').parse::<std::net::Ipv4Addr>().is_err() {
        return;
    }
    let head = behind(text, anchor.start(), SIDE);
    let user = head
        .rfind(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.')))
        .map_or(0, |at| at + head[at..].chars().next().map_or(1, char::len_utf8));
    let (before, name) = (&head[..user], &head[user..]);
    let open = before.is_empty() || before.ends_with([' ', '\n', '`', '"', '\'', '\t', '(', '/']);
    let lower = name.to_ascii_lowercase();
    if open
        && name.len() >= 3
        && name.starts_with(|c: char| c.is_ascii_alphabetic())
        && !NOBODY.contains(&lower.as_str())
    {
        push(anchor.start() - name.len(), name, 0.75, out);
    }
}

/// The user name at the start of `rest`: letters, digits and `_`, with single dots and dashes inside.
fn user_at(rest: &str) -> &str {
    let mut end = 0;
    let mut joint = false;
    for (at, c) in rest.char_indices() {
        if c.is_alphanumeric() || c == '_' || (c >= '\u{300}' && unicode_normalization::char::is_combining_mark(c)) {
            end = at + c.len_utf8();
            joint = false;
        } else if matches!(c, '.' | '-') && !joint && end > 0 {
            joint = true;
        } else {
            break;
        }
    }
    &rest[..end]
}

/// The name at byte `at`, as platforms allow them: `ada.q`, `ada#1234`, `live:ada`, `~ada`.
fn name_at(text: &str, at: usize) -> (usize, &str) {
    let rest = onward(text, at, 80);
    let lead = rest.len() - rest.trim_start_matches(['"', '\'', '`', '“', '„', '«', '‚', '‘', '[', '(']).len();
    let rest = &rest[lead..];
    let sign = rest.len() - rest.trim_start_matches(['@', '~', '$']).len();
    let live = ["live:.cid.", "live:", "skype:", "u/", "in/"]
        .into_iter()
        .find(|head| rest[sign..].starts_with(head))
        .map_or(0, str::len);
    let body = &rest[sign + live..];
    let mut length =
        body.find(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '.' | '-' | '#'))).unwrap_or(body.len());
    length = body[..length].trim_end_matches(['.', '-', '#']).len();
    // `C#` and headings are no tags of numbers.
    if let Some(hash) = body[..length].find('#')
        && !(hash > 1
            && body[hash + 1..length].len() >= 3
            && body[hash + 1..length].bytes().all(|b| b.is_ascii_alphanumeric()))
    {
        length = hash;
    }
    (at + lead, &rest[..sign + live + length])
}

/// Whether a token can only be a user name: with `_`, digits behind letters, `#1234`.
fn is_like(token: &str) -> bool {
    let body = token.trim_start_matches(['@', '~', '$']);
    if body.starts_with("live:") || body.starts_with("in/") || body.len() < token.len() {
        return body.chars().count() >= 2;
    }
    let letters = body.chars().filter(|c| c.is_alphabetic()).count();
    let digits = body.chars().filter(|c| c.is_numeric()).count();
    let inner = body.trim_matches('_');
    let parts = body.split(['.', '-']).filter(|part| !part.is_empty()).count();
    letters >= 2
        && body.chars().count() >= 3
        && (inner.contains('_')
            || (body.contains('_') && letters >= 3 && !body.starts_with("__"))
            || (digits > 0 && body.starts_with(char::is_alphabetic))
            || (parts >= 2 && body.chars().all(|c| !c.is_uppercase())))
        && !is_version(body)
}

/// `v2.1`, `k8s`, `oauth2`: letters and digits of technology.
fn is_version(body: &str) -> bool {
    const TECH: &[&str] = &[
        "oauth2", "k8s", "k3s", "s3", "ec2", "i18n", "l10n", "a11y", "web3", "utf8", "sha256", "ipv4", "ipv6", "http2",
        "http3", "log4j", "node.js", "vue3", "angular2", "es6", "gpt4", "gpt-4", "covid-19", "h264", "mp3", "mp4",
        "x86", "x64", "arm64", "win32", "python3", "b2b", "b2c",
    ];
    let lower = body.to_lowercase();
    let version = lower.trim_start_matches('v').chars().all(|c| c.is_numeric() || c == '.');
    version || TECH.contains(&lower.as_str())
}

/// Whether this stands alone above a line of code.
fn decorates(text: &str, start: usize, end: usize) -> bool {
    const CODE: &[&str] = &[
        "def ",
        "async ",
        "class ",
        "public ",
        "private ",
        "protected ",
        "fn ",
        "pub ",
        "@",
        "export ",
        "function ",
        "fun ",
        "val ",
        "final ",
        "static ",
        "void ",
    ];
    let rest = text.get(end..).unwrap_or_default();
    let Some((tail, below)) = rest.split_once('\n') else { return false };
    let next = below.trim_start();
    behind(text, start, SIDE).trim().is_empty()
        && tail.trim().is_empty()
        && CODE.iter().any(|word| next.starts_with(word))
}
