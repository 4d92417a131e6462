//! User names: `@name`, `@name@server`, `GitHub: name`, and who wrote a comment.

use super::anchor::{Anchor, Kind, SIDE, behind, onward};
use super::host::is_known_top;
use super::{Recognizer, after, before, label_sign};
use crate::mask::lexicon::{Flags, LEXICON};
use crate::mask::page::Page;
use crate::mask::span::{Entity, Span};
use crate::mask::words::Hash;

pub(crate) struct Handle;

/// Names in code that begin with `@`.
const DECORATORS: &[&str] = &[
    "property",
    "dataclass",
    "staticmethod",
    "classmethod",
    "override",
    "test",
    "param",
    "params",
    "return",
    "returns",
    "throws",
    "deprecated",
    "media",
    "import",
    "include",
    "keyframes",
    "font-face",
    "supports",
    "charset",
    "layer",
    "pytest",
    "app",
    "autowired",
    "bean",
    "component",
    "controller",
    "service",
    "repository",
    "entity",
    "inject",
    "injectable",
    "input",
    "output",
    "before",
    "after",
    "beforeeach",
    "aftereach",
    "nullable",
    "nonnull",
    "data",
    "cached",
    "lru_cache",
    "functools",
    "contextmanager",
    "abstractmethod",
    "types",
    "see",
    "since",
    "link",
    "todo",
    "here",
    "channel",
    "everyone",
    "all",
    "latest",
    "next",
    "main",
    "author",
    "version",
    "home",
    "work",
    "least",
    "gmail",
    "example",
    "suppresswarnings",
    "transactional",
    "getmapping",
    "postmapping",
    "requestmapping",
    "restcontroller",
    "springbootapplication",
    "decorator",
    "mention",
    "mentions",
    "namespace",
    "page",
    "container",
    "apply",
    "tailwind",
    "use",
    "forward",
    "mixin",
    "extend",
    "if",
    "else",
    "each",
    "for",
    "while",
    "starting-style",
    "scope",
    "counter",
    "viewport",
    "interface",
    "implementation",
    "protocol",
    "end",
    "objc",
    "state",
    "binding",
    "published",
    "observedobject",
    "environmentobject",
    "main",
    "available",
    "discardableresult",
    "escaping",
    "viewbuilder",
    "query",
    "mutation",
    "column",
    "table",
    "id",
    "generatedvalue",
    "manytoone",
    "onetomany",
    "joincolumn",
    "configuration",
    "value",
    "requestparam",
    "requestbody",
    "pathvariable",
    "deletemapping",
    "putmapping",
    "patchmapping",
    "controlleradvice",
    "exceptionhandler",
    "enablewebsecurity",
    "enablescheduling",
    "scheduled",
    "async",
    "cacheable",
    "retryable",
    "valid",
    "validated",
    "notnull",
    "notblank",
    "nonnull",
    "size",
    "email",
    "builder",
    "getter",
    "setter",
    "slf4j",
    "allargsconstructor",
    "noargsconstructor",
    "requiredargsconstructor",
    "mock",
    "injectmocks",
    "springboottest",
    "parameterizedtest",
    "displayname",
    "beforeall",
    "afterall",
    "functionalinterface",
    "safevarargs",
    "module",
    "directive",
    "pipe",
    "ngmodule",
    "viewchild",
    "hostlistener",
    "composable",
    "preview",
    "hiltviewmodel",
    "singleton",
    "provides",
    "binds",
    "dao",
    "task",
    "shared_task",
    "fixture",
    "mark",
    "patch",
    "wraps",
    "cache",
    "cached_property",
    "singledispatch",
    "overload",
    "final",
    "typing",
    "click",
    "router",
    "route",
    "login_required",
    "admin",
    "receiver",
    "njit",
    "jit",
    "tool",
    "client",
    "bot",
    "step",
    "given",
    "when",
    "then",
    "license",
    "copyright",
    "brief",
    "file",
    "example",
    "typedef",
    "template",
    "default",
    "type",
    "internal",
    "private",
    "public",
    "protected",
    "ts-ignore",
    "ts-expect-error",
    "ts-nocheck",
    "babel",
    "angular",
    "types",
    "noon",
    "night",
    "me",
    "time",
    "you",
    "x",
];

/// Values after a platform's name that are no user name.
const WORDS: &[&str] = &[
    "yes",
    "no",
    "none",
    "n/a",
    "na",
    "true",
    "false",
    "null",
    "available",
    "private",
    "public",
    "actions",
    "pages",
    "admin",
    "root",
    "user",
    "http",
    "https",
    "required",
    "string",
    "profile",
    "link",
    "here",
    "active",
    "open",
    "closed",
    "enterprise",
    "ci",
    "copilot",
    "success",
    "failed",
    "yes",
    "ok",
    "only",
    "same",
    "see",
    "tbd",
    "todo",
    "value",
    "number",
    "name",
    "me",
    "us",
    "guest",
    "ubuntu",
    "postgres",
    "mysql",
    "deploy",
    "ec2-user",
    "www-data",
    "git",
    "nobody",
    "anonymous",
    "default",
    "test",
    "username",
    "handle",
    "example",
    "email",
    "e-mail",
    "mail",
    "phone",
    "boolean",
    "integer",
    "object",
    "array",
    "varchar",
    "text",
    "mobile",
    "official",
    "request",
];

/// Platforms whose name is an ordinary word: what follows has to look like a user name.
const AMBIGUOUS: &[&str] = &[
    "x",
    "line",
    "signal",
    "session",
    "wire",
    "itch",
    "matrix",
    "medium",
    "threads",
    "steam",
    "slack",
    "origin",
    "wikipedia",
    "strava",
    "scratch",
    "spotify",
    "vimeo",
    "paypal",
    "nintendo",
    "xbox",
    "facebook",
    "messenger",
    "fb",
    "youtube",
    "npm",
    "pypi",
    "user",
    "op",
    "autor",
    "linkedin",
    "reddit",
    "naver",
    "whatsapp",
    "telegram",
    "viber",
    "zulip",
    "mattermost",
    "qq",
    "login",
    "nick",
    "handle",
    "alias",
    "aka",
    "a.k.a.",
    "figma",
    "nostr",
    "gravatar",
    "substack",
    "garmin",
    "revolut",
    "signal",
    "imessage",
    "facetime",
    "identifiant",
    "pseudo",
];

impl Recognizer for Handle {
    fn find(&self, page: &Page<'_>, out: &mut Vec<Span>) {
        let text = page.text();
        let anchors = page.anchors();
        for (index, anchor) in anchors.iter().enumerate() {
            match anchor.kind {
                Kind::Sign => mention(text, anchor, out),
                Kind::Platform | Kind::Messenger | Kind::User => {
                    labelled(text, anchors, index, out);
                    if anchor.kind != Kind::User {
                        quoted_before(text, anchor, out);
                    }
                }
                Kind::By => author(text, anchor, out),
                _ => {}
            }
        }
        comments(page, out);
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
        && !DECORATORS.contains(&word.as_str())
        && !decorates(text, anchor.start(), end)
    {
        out.push(Span::new(anchor.start()..end, Entity::Handle, 0.75));
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
    let lead = rest.len() - rest.trim_start_matches(['"', '\'', '`', '“', '[', '(']).len();
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

/// `GitHub: ada`, `Telegram @ada`, `微信 ada_q`, `username 'ada_q'`.
fn labelled(text: &str, anchors: &[Anchor], index: usize, out: &mut Vec<Span>) {
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
    let quoted = gap.ends_with(['"', '\'']);
    if gap.contains('/') && !signed {
        return;
    }
    let (start, name) = name_at(text, end + gap.len());
    let count = name.chars().count();
    let lower = name.trim_start_matches(['@', '~']).to_lowercase();
    if !(2..=42).contains(&count) || !name.contains(char::is_alphabetic) || WORDS.contains(&lower.as_str()) {
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
    let sure = !AMBIGUOUS.contains(&low.as_str());
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
                || low == "are.na")
            && (!dotted || (name.contains('.') && !gap.contains('`')) || anchor.end() != end || low == "nick")
            && !next.starts_with("::")
            && !gap.contains('`')
    } else {
        false
    };
    if good {
        push(start, name, 0.8, out);
    }
}

/// `"ada_q" on Discord`.
fn quoted_before(text: &str, anchor: &Anchor, out: &mut Vec<Span>) {
    let head = behind(text, anchor.start(), SIDE);
    let Some(name) =
        [" on ", " auf ", " sur ", " en ", " su ", " na ", " på "].into_iter().find_map(|word| head.strip_suffix(word))
    else {
        return;
    };
    let inner = name.trim_end_matches(['"', '”', '`', '\'']);
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

/// `Posted by ada_q`, `Autor: ada_q`.
fn author(text: &str, anchor: &Anchor, out: &mut Vec<Span>) {
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
fn comments(page: &Page<'_>, out: &mut Vec<Span>) {
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
