//! Web addresses: any with a scheme but those of public places, and profiles or own sites without one.

use super::anchor::{Anchor, Kind, SIDE, behind};
use super::host::is_known_top;
use super::{Recognizer, before};
use crate::mask::lexicon::{Flags, LEXICON};
use crate::mask::page::{Line, Page};
use crate::mask::span::{Entity, Span};
use crate::mask::words::Hash;

mod sites;

use sites::{FILE_ENDINGS, FREEMAIL, MACHINES, NOBODY, OWN_HOSTS, OWNERS, PROFILES, PUBLIC};

pub(crate) struct Url;

impl Recognizer for Url {
    fn find(&self, page: &Page<'_>, out: &mut Vec<Span>) {
        let text = page.text();
        let mut covered = 0;
        for (index, anchor) in page.anchors().iter().enumerate() {
            if anchor.start() < covered {
                continue;
            }
            match anchor.kind {
                Kind::Scheme => {
                    if let Some(end) = full(text, anchor, out) {
                        covered = end;
                    }
                }
                Kind::Point => covered = covered.max(bare(page, index, out)),
                _ => {}
            }
        }
    }
}

/// Bytes of an address from `at` on.
fn reach(text: &str, at: usize) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    let length = rest
        .find(|c: char| {
            c.is_whitespace()
                || c.is_control()
                || matches!(
                    c,
                    '<' | '>'
                        | '"'
                        | '`'
                        | '|'
                        | '\\'
                        | '^'
                        | '{'
                        | '}'
                        | '['
                        | ']'
                        | '«'
                        | '»'
                        | '“'
                        | '”'
                        | '，'
                        | '。'
                        | '、'
                        | '）'
                        | '；'
                        | '｜'
                )
        })
        .unwrap_or(rest.len());
    // `example[.]org`, as reports of attacks have it.
    let mut length = length;
    while rest[length..].starts_with("[.]") && rest[length + 3..].starts_with(char::is_alphanumeric) {
        let more = &rest[length + 3..];
        length += 3 + more
            .find(|c: char| c.is_whitespace() || matches!(c, '<' | '>' | '"' | '`' | '|' | '[' | ']' | ')'))
            .unwrap_or(more.len());
    }
    let mut url = &rest[..length];
    // Without the punctuation of the sentence around it.
    loop {
        let kept = url.trim_end_matches(['.', ',', ';', ':', '!', '?', '\'', '’', '*', '_', '"', '…']);
        let open = kept.matches('(').count();
        let kept = if kept.ends_with(')') && kept.matches(')').count() > open { &kept[..kept.len() - 1] } else { kept };
        if kept.len() == url.len() {
            break;
        }
        url = kept;
    }
    // `(site: https://example.org), and`: what is behind a bracket that opened before.
    if let Some(close) = url.find("),") {
        url = &url[..close];
    }
    at + url.len()
}

fn push(start: usize, end: usize, score: f32, out: &mut Vec<Span>) {
    if end > start {
        out.push(Span::new(start..end, Entity::Url, score));
    }
}

/// `https://…`. Gives where it ends.
fn full(text: &str, anchor: &Anchor, out: &mut Vec<Span>) -> Option<usize> {
    let scheme =
        text[..anchor.start()].bytes().rev().take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'+').count();
    let start = anchor.start() - scheme;
    if !["http", "https", "hxxp", "hxxps", "ftp", "ssh", "git", "sftp", "ws", "wss", "gemini", "gopher", "matrix"]
        .iter()
        .any(|known| text[start..anchor.start()].eq_ignore_ascii_case(known))
    {
        return None;
    }
    let end = reach(text, anchor.end());
    let whole = &text[anchor.end()..end];
    let authority = whole.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default().split(':').next().unwrap_or_default().to_lowercase();
    let host = host.strip_prefix("www.").unwrap_or(&host);
    if !host.contains(char::is_alphanumeric) {
        return None;
    }
    let path = whole.get(authority.len()..).unwrap_or_default().trim_start_matches('/');
    let path = if host == "api.github.com" { path.strip_prefix("repos/").unwrap_or(path) } else { path };
    if !is_public(host, path) {
        push(start, end, 0.95, out);
    }
    Some(end)
}

/// Whether everybody uses this address, and nobody is told by it.
fn is_public(host: &str, path: &str) -> bool {
    let under = |site: &str| host == site || host.strip_suffix(site).is_some_and(|head| head.ends_with('.'));
    if let Some((_, heads)) = PROFILES.iter().find(|(site, _)| under(site)) {
        let first = path.split(['/', '?', '#']).next().unwrap_or_default();
        let code = host.contains("github")
            || host.contains("gitlab")
            || host.contains("codeberg")
            || host.contains("bitbucket");
        if code && OWNERS.iter().any(|owner| first.eq_ignore_ascii_case(owner)) {
            return true;
        }
        // `owner/repo/pull/12` speaks of the work; an owner who is known is masked by name.
        let third = path.split('/').nth(2).unwrap_or_default();
        if code
            && matches!(
                third,
                "pull"
                    | "issues"
                    | "commit"
                    | "commits"
                    | "compare"
                    | "releases"
                    | "discussions"
                    | "milestone"
                    | "actions"
                    | "labels"
            )
        {
            return true;
        }
        if heads.is_empty() {
            return first.is_empty() || NOBODY.iter().any(|nobody| first.eq_ignore_ascii_case(nobody));
        }
        if heads.iter().any(|head| path.starts_with(head)) {
            return false;
        }
        return PUBLIC.iter().any(|site| under(site))
            || first.is_empty()
            || NOBODY.iter().any(|nobody| first.eq_ignore_ascii_case(nobody));
    }
    let top = host.rsplit('.').next().unwrap_or_default();
    let machine =
        host.split('.').next().is_some_and(|first| MACHINES.contains(&first)) && !host.ends_with("google.com");
    PUBLIC.iter().any(|site| under(site))
        || matches!(top, "internal" | "int" | "local" | "localdomain" | "lan" | "svc" | "localhost")
        || machine
}

/// A host without a scheme. Gives where it ends, whatever it is.
fn bare(page: &Page<'_>, index: usize, out: &mut Vec<Span>) -> usize {
    let text = page.text();
    let anchors = page.anchors();
    let anchor = &anchors[index];
    let label = |c: char| c.is_alphanumeric() || c == '-';
    let head = &text[..anchor.start()];
    let start = head.char_indices().rev().take_while(|(_, c)| label(*c)).last().map_or(anchor.start(), |(at, _)| at);
    let tail = &text[anchor.end()..];
    let mut length = tail.find(|c: char| !(label(c) || c == '.')).unwrap_or(tail.len());
    length = tail[..length].trim_end_matches(['.', '-']).len();
    let end = anchor.end() + length;
    let host = text[start..end].to_lowercase();
    let past = end;
    // A part of an address, of a path, or of something longer.
    if before(text, start)
        .is_some_and(|c| matches!(c, '@' | '＠' | '.' | '/' | '_' | '\\' | '$' | '#' | '~' | '+' | '\u{1}'))
        || text[end..].starts_with(['@', '(', '_', '=', '＠'])
    {
        return past;
    }
    let top = host.rsplit('.').next().unwrap_or_default();
    let named = host.strip_prefix("www.").unwrap_or(&host);
    if !is_known_top(top) || named.split('.').any(str::is_empty) {
        return past;
    }
    let slash = text[end..].starts_with('/');
    let whole = if slash
        || text[end..].starts_with(['?', ':']) && text[end + 1..].starts_with(|c: char| c.is_ascii_alphanumeric())
    {
        reach(text, end).max(end)
    } else {
        end
    };
    let path = text[end..whole].trim_start_matches('/');
    // A further address, not a path.
    let whole = if text[end..whole].contains("://") { end } else { whole };
    let path = if whole == end { "" } else { path };
    // The path ends where a list or a bracket goes on.
    let whole = end + text[end..whole].find([',', ';', '(']).unwrap_or(whole - end);
    if host.starts_with("www.") {
        if !is_public(named, path) {
            push(start, whole, 0.95, out);
        }
        return whole;
    }
    let under = |site: &str| {
        named == site || named.strip_suffix(site).is_some_and(|head| head.ends_with('.') && head.len() <= 12)
    };
    if PROFILES.iter().any(|(site, _)| under(site)) {
        if slash && !path.is_empty() && !is_public(named, path) {
            push(start, whole, 0.9, out);
            return whole;
        }
        if !OWN_HOSTS.iter().any(|own| named.strip_suffix(own).is_some_and(|head| head.ends_with('.'))) {
            return whole;
        }
    }
    if OWN_HOSTS.iter().any(|own| {
        named
            .strip_suffix(own)
            .is_some_and(|head| head.ends_with('.') && head.len() > 1 && !matches!(head, "www." | "about." | "help."))
    }) {
        push(start, whole, 0.9, out);
        return whole;
    }
    let file = FILE_ENDINGS.contains(&top);
    if file && !slash && !page_label(text, anchors, index, start) || is_public(named, path) {
        return whole;
    }
    let markdown = text[..start].ends_with('[') && text[whole..].starts_with("](http");
    if markdown && !file || page_label(text, anchors, index, start) && !FILE_ENDINGS[..20].contains(&top) {
        push(start, whole, 0.8, out);
        return whole;
    }
    if !file && (said_so(text, start) || label_behind(text, whole)) {
        push(start, whole, 0.7, out);
        return whole;
    }
    let first = path.split(['/', '?', '#']).next().unwrap_or_default();
    if named_host(named) || (slash && !first.is_empty() && is_given(first)) {
        push(start, whole, 0.7, out);
        return whole;
    }
    // `drumev.example/kontakt`, where the same host takes mail on this page.
    let own = || {
        CONTACT_PATHS.iter().any(|known| first.eq_ignore_ascii_case(known)) && !FREEMAIL.contains(&named) && {
            let mail =
                |at: usize| text.get(at + 1..at + 1 + named.len()).is_some_and(|host| host.eq_ignore_ascii_case(named));
            anchors.iter().any(|anchor| anchor.kind == Kind::Sign && mail(anchor.start()))
        }
    };
    if !file && slash && own() {
        push(start, whole, 0.65, out);
        return whole;
    }
    if !file && contact(page, start, whole, named) {
        push(start, whole, 0.65, out);
    }
    whole
}

/// Pages by which people are reached.
const CONTACT_PATHS: &[&str] = &[
    "kontakt",
    "contact",
    "contacts",
    "contacto",
    "contato",
    "contatti",
    "contactez-moi",
    "kontakti",
    "kapcsolat",
    "iletisim",
    "yhteystiedot",
    "about",
    "about-me",
    "aboutme",
    "me",
    "cv",
    "resume",
    "portfolio",
    "hire-me",
    "hire",
    "now",
    "impressum",
];

/// Whether a word for a site stands before byte `start`: `Web: …`, `site …`.
fn page_label(text: &str, anchors: &[Anchor], index: usize, start: usize) -> bool {
    anchors[..index].iter().rev().take_while(|anchor| anchor.end() + 24 > start).any(|anchor| {
        matches!(anchor.kind, Kind::Site) && {
            let gap = text.get(anchor.end()..start).unwrap_or("x");
            let marks = gap.trim_matches(|c: char| {
                matches!(c, ' ' | '\t' | '*' | '_' | '"' | '\'' | '<' | '\u{a0}' | '\u{3000}' | '.')
            });
            marks.is_empty() && !gap.is_empty()
                || matches!(
                    marks,
                    ":" | "：" | "=" | "|" | "｜" | "-" | "–" | "→" | "at" | "is" | "est" | "ist" | "es" | "è" | "é"
                )
                || marks == "**:"
        }
    })
}

/// Whether the words before byte `start` say where somebody writes or what somebody runs: `blogs at …`, `DynDNS …`.
fn said_so(text: &str, start: usize) -> bool {
    const BEFORE: &[&str] = &[
        "blogs at",
        "blog at",
        "writes at",
        "posts at",
        "find me at",
        "found at",
        "more at",
        "me at",
        "him at",
        "her at",
        "online at",
        "portfolio at",
        "work at my site",
        "site is",
        "bloggt auf",
        "bloggt unter",
        "bloguea en",
        "blogue sur",
        "blogt op",
        "bloggar på",
        "blogger på",
        "dyndns",
        "ddns",
        "nas at",
        "nas is at",
        "server is at",
        "blog »",
        "web »",
        "site »",
        "www",
        "my page",
        "homepage",
        "hosted at",
        "slides at",
        "slides on",
        "notes at",
        "photos at",
        "code at",
        "recipes at",
        "cv at",
        "resume at",
        "blog sur",
        "blog en",
        "blog op",
        "blog auf",
        "blog na",
        "sur mon site",
    ];
    let head = behind(text, start, 40).trim_end_matches([' ', ':', '*', '_', '<', '(', '`']);
    BEFORE.iter().any(|word| {
        head.len() >= word.len()
            && head.is_char_boundary(head.len() - word.len())
            && head[head.len() - word.len()..].eq_ignore_ascii_case(word)
            && !head[..head.len() - word.len()].ends_with(char::is_alphanumeric)
    })
}

/// Whether a word in brackets behind byte `end`, on its line or at the beginning of the next, calls it the site of a
/// person, as profiles of LinkedIn do: `ada.example (Blog)`.
fn label_behind(text: &str, end: usize) -> bool {
    const NAMES: &[&str] = &[
        "(blog)",
        "(personal)",
        "(portfolio)",
        "(website)",
        "(personal website)",
        "(homepage)",
        "(privat)",
        "(persönlich)",
        "(personnel)",
        "(personal site)",
        "(pessoal)",
        "(personale)",
        "(persoonlijk)",
    ];
    let rest = &text[end..];
    let tail = rest.trim_start_matches([' ', '\t']);
    let named = |tail: &str| {
        NAMES.iter().any(|name| tail.get(..name.len()).is_some_and(|head| head.eq_ignore_ascii_case(name)))
    };
    // Two columns: what follows behind blanks is of the other.
    let column = || {
        (tail.starts_with(['\n', '\r']) || rest.starts_with("  "))
            && rest.split_once('\n').is_some_and(|(_, next)| named(next.trim_start_matches(' ')))
    };
    named(tail) || column()
}

fn is_given(word: &str) -> bool {
    word.chars().count() >= 3 && word.chars().all(char::is_alphabetic) && {
        let flags = LEXICON.word(Hash::of(word));
        flags.any(Flags::GIVEN)
            && !flags.any(Flags::WORD.or(Flags::ALSO_PLACE).or(Flags::ALSO_PRODUCT).or(Flags::ALSO_WORD))
    }
}

/// Whether a host is made of a given name and another name: `adaquill.example`, `ada-quill.example`.
fn named_host(host: &str) -> bool {
    let Some(label) = host.split('.').next().filter(|label| (6..=32).contains(&label.len())) else { return false };
    let name = |word: &str, least: usize| {
        word.chars().count() >= least && {
            let flags = LEXICON.word(Hash::of(word));
            flags.any(Flags::GIVEN.or(Flags::SURNAME))
                && !flags.any(Flags::WORD.or(Flags::ORGANISATION).or(Flags::ALSO_PRODUCT))
        }
    };
    let given =
        |word: &str| word.chars().count() >= 3 && LEXICON.word(Hash::of(word)).any(Flags::GIVEN) && name(word, 3);
    // `cloud.yildirim-voss.example`: a machine at home.
    let owner = host.rsplit('.').nth(1).filter(|owner| *owner != label && host.split('.').count() == 3);
    if let Some((first, last)) = owner.and_then(|owner| owner.split_once('-'))
        && name(first, 4)
        && name(last, 4)
    {
        return true;
    }
    if let Some((first, last)) = label.split_once('-') {
        return given(first) && name(last, 3) || name(first, 4) && given(last);
    }
    label.char_indices().skip(3).any(|(at, _)| {
        let (first, last) = label.split_at(at);
        last.len() >= 3 && ((given(first) && name(last, 4)) || (name(first, 4) && given(last)))
    })
}

/// Whether a host stands alone in its part of a line with contact details.
fn contact(page: &Page<'_>, start: usize, end: usize, host: &str) -> bool {
    let text = page.text();
    let anchors = page.anchors();
    let line = page.line_at(start);
    // Lines of contact details are short.
    let Some(bounds) = page.lines().get(line).filter(|line| line.end - line.start < 480) else { return false };
    let signs = |line: &Line| {
        let first = anchors.partition_point(|anchor| anchor.start() < line.start);
        anchors[first..].iter().take_while(|anchor| anchor.start() < line.end).any(|anchor| anchor.kind == Kind::Sign)
    };
    // The host of an address of this page that is not a provider's.
    if signs(bounds) && !FREEMAIL.contains(&host) {
        let whole = &text[bounds.start..bounds.end];
        let own = whole
            .match_indices('@')
            .any(|(at, _)| whole[at + 1..].get(..host.len()).is_some_and(|mail| mail.eq_ignore_ascii_case(host)));
        if own {
            return true;
        }
    }
    let left = behind(text, start, SIDE).trim_end();
    let right = text.get(end..bounds.end).unwrap_or_default().trim_start();
    let edge = |c: char| {
        matches!(c, '|' | '·' | '•' | '/' | '—' | '–' | '✉' | '🌐' | '🔗' | '\t' | ',' | '｜' | '*' | '(' | ')')
    };
    let alone =
        (left.is_empty() || left.ends_with(edge) || text[..start].ends_with(['\t']) || text[..start].ends_with("  "))
            && (right.is_empty() || right.starts_with(edge) || right.starts_with('§') || text[end..].starts_with("  "));
    if !alone {
        return false;
    }
    let comma = left.ends_with(',') || right.starts_with(',');
    let phone = bounds.digits >= 9;
    (signs(bounds) || phone) && !comma
        || (left.is_empty()
            && (right.is_empty() || text[end..].starts_with("  "))
            && [line.wrapping_sub(1), line + 1].iter().filter_map(|near| page.lines().get(*near)).any(signs))
}
