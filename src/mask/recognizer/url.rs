//! Web addresses: any with a scheme, and profiles or own sites without one.

use std::sync::LazyLock;

use regex::Regex;

use super::{Recognizer, before, compile};
use crate::mask::page::{Cues, Line, Page};
use crate::mask::span::{Entity, Span};

pub(crate) struct Url;

static FULL: LazyLock<Regex> =
    LazyLock::new(|| compile(r#"(?i)(?:\b(?:https?|ftp|ssh|git|sftp|wss?)://|\bwww\.)[^\s<>"`\p{Cc}|\\^{}\[\]«»“”]+"#));

/// Sites whose paths name a person, with the path.
static PROFILE: LazyLock<Regex> = LazyLock::new(|| {
    compile(
        r"(?i)(?:[a-z0-9-]+\.)?(?:linkedin\.com/(?:in|pub)|github\.com|gitlab\.com|bitbucket\.org|codeberg\.org|sr\.ht|twitter\.com|x\.com|instagram\.com|facebook\.com|fb\.com|medium\.com|dev\.to|behance\.net|dribbble\.com|huggingface\.co|kaggle\.com|orcid\.org|t\.me|wa\.me|keybase\.io|youtube\.com|youtu\.be|twitch\.tv|reddit\.com/u(?:ser)?|stackoverflow\.com/users|xing\.com/profile|scholar\.google\.[a-z.]+|researchgate\.net/profile|about\.me|linktr\.ee|bsky\.app/profile|mastodon\.social|hachyderm\.io|fosstodon\.org|leetcode\.com|hackerrank\.com|codepen\.io|speakerdeck\.com|slideshare\.net|vimeo\.com|soundcloud\.com|patreon\.com|ko-fi\.com|gitee\.com|velog\.io|threads\.net|tiktok\.com|pinterest\.com|crates\.io/users|npmjs\.com/~)/?[^\s<>\x22`\p{Cc}|\\^{}\[\]()«»“”,;]+",
    )
});

/// Hosts that are a person's own by how they are made.
static OWN_HOST: LazyLock<Regex> = LazyLock::new(|| {
    compile(
        r"(?i)\b[a-z0-9][a-z0-9-]*\.(?:github\.io|gitlab\.io|netlify\.app|vercel\.app|pages\.dev|substack\.com|wordpress\.com|blogspot\.com|tumblr\.com|medium\.com|hashnode\.dev|herokuapp\.com|carrd\.co|wixsite\.com|bsky\.social|neocities\.org)\b(?:/[^\s<>\x22`\p{Cc}|\\^{}\[\]()]*)?",
    )
});

/// `Web: quill.example.net`: only a label makes a bare domain a person's.
static LABELLED: LazyLock<Regex> = LazyLock::new(|| {
    compile(
        r#"(?i)(?:^|[^\p{L}\p{N}])(?:web|website|web site|site|homepage|home page|url|portfolio|blog|domain|webseite|site web|sitio web|sito|page|link)["'*_]*[ \t]*[:=|][*_]*[ \t]*["'<]?((?:[\p{L}\p{N}](?:[\p{L}\p{N}-]*[\p{L}\p{N}])?\.)+[a-z]{2,24}(?:/[^\s<>"`\p{Cc}|\\^{}\[\]()]*)?)"#,
    )
});

/// `[quill.example.net](https://…)`: the words of a link that repeat where it goes.
static LINKED: LazyLock<Regex> = LazyLock::new(|| {
    compile(
        r"(?i)\[((?:[\p{L}\p{N}](?:[\p{L}\p{N}-]*[\p{L}\p{N}])?\.)+[a-z]{2,24}(?:/[^\s\]\[\p{Cc}]*)?)\]\((?:https?://|\x01)",
    )
});

impl Recognizer for Url {
    fn find(&self, page: &Page<'_>, out: &mut Vec<Span>) {
        let text = page.text();
        let dotted = |line: &Line| line.cues.has(Cues::DOT) || line.cues.has(Cues::SLASH | Cues::COLON);
        for found in page.find(&FULL, dotted) {
            push(text, found.start(), found.as_str(), 0.95, out);
        }
        for pattern in [&*PROFILE, &*OWN_HOST] {
            for found in page.find(pattern, dotted) {
                // Inside a longer host or an address this is not where it begins.
                if !before(text, found.start())
                    .is_some_and(|c| c.is_alphanumeric() || matches!(c, '@' | '.' | '-' | '/' | '_'))
                {
                    push(text, found.start(), found.as_str(), 0.9, out);
                }
            }
        }
        for found in
            page.captures(&LINKED, 0, |line| line.cues.has(Cues::BRACKET | Cues::DOT)).filter_map(|found| found.get(1))
        {
            push(text, found.start(), found.as_str(), 0.85, out);
        }
        for found in
            page.captures(&LABELLED, 0, |line| line.cues.has(Cues::COLON | Cues::DOT)).filter_map(|found| found.get(1))
        {
            let file = FILE_ENDINGS.iter().any(|ending| found.as_str().to_ascii_lowercase().ends_with(ending));
            if !file && !text[found.end()..].starts_with('@') {
                push(text, found.start(), found.as_str(), 0.8, out);
            }
        }
    }
}

const FILE_ENDINGS: &[&str] = &[
    ".md", ".txt", ".html", ".pdf", ".json", ".toml", ".yaml", ".yml", ".py", ".rs", ".js", ".ts", ".css", ".png",
    ".jpg", ".svg", ".docx", ".sh",
];

/// Without the punctuation of the sentence around it.
fn push(text: &str, start: usize, url: &str, score: f32, out: &mut Vec<Span>) {
    let mut url = url;
    loop {
        let kept = url.trim_end_matches(['.', ',', ';', ':', '!', '?', '\'', '’', '*', '_', '"', '…']);
        let open = kept.matches('(').count();
        let kept = if kept.ends_with(')') && kept.matches(')').count() > open { &kept[..kept.len() - 1] } else { kept };
        if kept.len() == url.len() {
            break;
        }
        url = kept;
    }
    let host = url.split_once("://").map_or(url, |(_, rest)| rest).trim_start_matches("www.");
    if host.chars().any(char::is_alphanumeric) && text.is_char_boundary(start) {
        out.push(Span::new(start..start + url.len(), Entity::Url, score));
    }
}
