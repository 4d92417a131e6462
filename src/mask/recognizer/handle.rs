//! User names: `@name`, `@name@server`, `GitHub: name`.

use std::sync::LazyLock;

use regex::Regex;

use super::{Recognizer, after, before, compile, line_before};
use crate::mask::page::{Cues, Page};
use crate::mask::span::{Entity, Span};

pub(crate) struct Handle;

static AT: LazyLock<Regex> = LazyLock::new(|| {
    compile(
        r"[@＠]([\p{L}_][\p{L}\p{N}_]*(?:[.-][\p{L}\p{N}_]+)*|[0-9]+[\p{L}_][\p{L}\p{N}_]*)(@(?:[\p{L}\p{N}-]+\.)+\p{L}{2,24})?",
    )
});

static LABELLED: LazyLock<Regex> = LazyLock::new(|| {
    compile(
        r#"(?im)(?:^|[\s>*_|,;(•·"'-])(?:github|gitlab|codeberg|bitbucket|twitter|x \(twitter\)|twitter/x|instagram|ig|telegram|tg|discord|skype|mastodon|linkedin|wechat|weixin|weibo|irc|matrix|keybase|threads|bluesky|facebook|tiktok|youtube|twitch|reddit|hacker news|snapchat|kaggle|stack ?overflow|line id|qq|user ?name|screen name|handle|nick(?:name)?|login)(?: (?:id|handle|user(?:name)?|name|account))?["'*_]*[ \t]*[:=：][*_]*[ \t]*["'\[]?(@?[\p{L}\p{N}_](?:[\p{L}\p{N}_.:#-]{0,38}[\p{L}\p{N}_])?)"?[ \t]*(?:$|[,|;)•·\]"'])"#,
    )
});

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
];

impl Recognizer for Handle {
    fn find(&self, page: &Page<'_>, out: &mut Vec<Span>) {
        let text = page.text();
        for found in page.captures(&AT, 0, |line| line.cues.has(Cues::AT) || line.cues.has(Cues::WIDE)) {
            let (Some(whole), Some(user)) = (found.get(0), found.get(1)) else { continue };
            let federated = found.get(2).is_some();
            let left_ok = before(text, whole.start()).is_none_or(|c| {
                !c.is_alphanumeric() && !matches!(c, '.' | '@' | '_' | '/' | '`' | '-' | '+' | '=' | '%' | '\u{1}')
            });
            let in_path = left_ok || text[..whole.start()].ends_with("t.me/");
            // `@scope/package`, `@decorator(…)`, and what goes on as an address.
            let right = after(text, whole.end());
            let goes_on = matches!(right, Some('(' | '@'))
                || (right == Some('/') && after(text, whole.end() + 1).is_some_and(char::is_alphanumeric));
            let word = user.as_str().split(['.', '-']).next().unwrap_or_default().to_lowercase();
            if in_path
                && (federated
                    || (!goes_on
                        && user.as_str().chars().count() >= 2
                        && !DECORATORS.contains(&word.as_str())
                        && !decorates(text, whole.start(), whole.end())))
            {
                out.push(Span::new(whole.range(), Entity::Handle, if federated { 0.95 } else { 0.75 }));
            }
        }
        for found in page
            .captures(&LABELLED, 0, |line| line.cues.has(Cues::COLON) || line.cues.has(Cues::WIDE))
            .filter_map(|found| found.get(1))
        {
            let value = found.as_str().trim_start_matches('@').to_lowercase();
            let number = value.chars().all(|c| c.is_numeric() || c == '.');
            if !number && value.chars().count() >= 2 && !WORDS.contains(&value.as_str()) {
                out.push(Span::new(found.range(), Entity::Handle, 0.8));
            }
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
    line_before(text, start).trim().is_empty()
        && tail.trim().is_empty()
        && CODE.iter().any(|word| next.starts_with(word))
}
