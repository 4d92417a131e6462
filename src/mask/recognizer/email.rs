//! E-mail addresses, written out or obfuscated.

use std::ops::Range;

use unicode_normalization::char::is_combining_mark;

use super::anchor::{Anchor, Kind, behind};
use super::host::{is_known_top, is_top};
use super::{Recognizer, before};
use crate::mask::lexicon::{Flags, LEXICON};
use crate::mask::page::Page;
use crate::mask::span::{Entity, Span};
use crate::mask::words::Hash;

pub(crate) struct Email;

/// What may stand in brackets for `@` and nowhere else.
const IN_BRACKETS: &[&str] = &[
    "@",
    "＠",
    "a",
    "ä",
    "et",
    "eta",
    "hja",
    "hjá",
    "chez",
    "bei",
    "kl",
    "su",
    "ved",
    "hos",
    "pri",
    "u",
    "on",
    "in",
    "na",
    "at-sign",
    "a-t",
    "AT sign",
    "снежинка",
    "ос",
    "a rond",
    "arond",
    "&",
    "*",
    "~",
    "#at#",
    "arobase.",
    "kissa",
    "manki",
    "afna",
    "à",
    "á",
    "di",
    "ve",
    "bij",
    "på",
    "i",
    "w",
    "в",
    "на",
    "кот",
    "песик",
];

/// Hosts of letters that so many use that a bare `at` before one makes an address.
const PROVIDERS: &[&str] = &[
    "gmail",
    "googlemail",
    "yahoo",
    "hotmail",
    "outlook",
    "live",
    "icloud",
    "proton",
    "protonmail",
    "gmx",
    "web",
    "fastmail",
    "posteo",
    "mailbox",
    "tutanota",
    "yandex",
    "mail",
    "qq",
    "163",
    "126",
    "naver",
    "hanmail",
    "daum",
    "zoho",
    "aol",
    "hey",
    "pm",
    "riseup",
    "seznam",
    "wp",
    "o2",
    "interia",
    "onet",
    "libero",
    "orange",
    "free",
    "laposte",
    "wanadoo",
    "t-online",
    "freenet",
    "bluewin",
    "abv",
];

/// Words before a bare `at` that are no mailbox.
const SENTENCE: &[&str] = &[
    "up",
    "in",
    "out",
    "look",
    "looking",
    "is",
    "are",
    "was",
    "were",
    "here",
    "there",
    "us",
    "them",
    "it",
    "held",
    "hosted",
    "live",
    "lives",
    "work",
    "works",
    "working",
    "worked",
    "met",
    "meet",
    "available",
    "app",
    "site",
    "page",
    "demo",
    "docs",
    "now",
    "online",
    "code",
    "engineer",
    "developer",
    "read",
    "see",
    "visit",
    "found",
    "find",
    "download",
    "host",
    "run",
    "running",
    "deployed",
    "blog",
    "more",
    "on",
];

/// Endings of files that follow an `@` in names of pictures and units.
const NOT_HOSTS: &[&str] = &[
    "png", "jpg", "jpeg", "gif", "svg", "webp", "js", "ts", "tsx", "jsx", "css", "scss", "txt", "html", "json", "yml",
    "yaml", "service", "timer", "socket", "target", "mount", "pdf", "mp4", "zip", "gz", "toml", "xml", "conf", "ini",
    "exe", "dll", "jar", "whl",
];

impl Recognizer for Email {
    fn find(&self, page: &Page<'_>, out: &mut Vec<Span>) {
        let text = page.text();
        let reader = Reader { text, anchors: page.anchors() };
        for anchor in page.anchors() {
            let found = match anchor.kind {
                Kind::Sign => reader.plain(anchor),
                Kind::Bracket => reader.bracketed(anchor),
                Kind::At => reader.spoken(anchor),
                _ => None,
            };
            let found = found.or_else(|| (anchor.kind == Kind::Sign).then(|| reader.replaced(anchor)).flatten());
            if let Some((range, score)) = found {
                out.push(Span::new(range, Entity::Email, score));
            }
        }
    }
}

struct Reader<'a> {
    text: &'a str,
    anchors: &'a [Anchor],
}

/// The host of an address and how it is written.
struct Host {
    end: usize,
    /// Dots that are words or in brackets.
    words: usize,
    /// Dots that are dots.
    dots: usize,
    /// First and last label, in small letters.
    first: String,
    last: String,
}

fn is_local(c: char) -> bool {
    c.is_alphanumeric()
        || matches!(c, '.' | '_' | '%' | '+' | '-' | '\'' | '\u{ad}')
        || (!c.is_ascii() && is_combining_mark(c))
}

fn is_label(c: char) -> bool {
    c.is_alphanumeric() || c == '-' || (!c.is_ascii() && is_combining_mark(c))
}

fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\u{a0}')
}

fn is_hidden(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200d}' | '\u{2060}' | '\u{ad}' | '\u{feff}')
}

impl Reader<'_> {
    /// `ada@example.org`, and with blanks, entities or brackets in it.
    fn plain(&self, anchor: &Anchor) -> Option<(Range<usize>, f32)> {
        let text = self.text;
        let rest = text.get(anchor.start()..)?;
        let sign = ["&#64;", "&#x40;", "&#X40;", "&commat;", "%40", "＠", "﹫", "@"]
            .into_iter()
            .find(|sign| rest.starts_with(sign))?;
        let end = anchor.start() + sign.len();
        let head = text.get(..anchor.start())?.trim_end_matches(is_hidden);
        // `ada\@example.org`, as Markdown and TeX escape it.
        let head = head.strip_suffix('\\').filter(|head| head.ends_with(is_local)).unwrap_or(head);
        let after = text.get(end..)?;
        let skipped = after.len() - after.trim_start_matches(is_hidden).len();
        let right = end + skipped;
        let blanks = text[right..].len() - text[right..].trim_start_matches(is_blank).len();
        let spaced = blanks > 0 && (head.ends_with(is_blank) || sign != "@");
        if blanks > 0 && !spaced && !(sign == "@" && head.ends_with(is_local)) || blanks > 2 {
            return None;
        }
        // `thanks @ada.quill` speaks to somebody.
        if head.ends_with(is_blank) && blanks == 0 && sign == "@" {
            return None;
        }
        // `john@[192.0.2.1]`.
        if text[right..].starts_with('[') && !spaced {
            let close = text[right..].find(']').filter(|at| *at < 48)?;
            let number = &text[right + 1..right + close];
            let start = self.local(head.len())?;
            let good = number.len() >= 7 && number.chars().all(|c| c.is_ascii_hexdigit() || matches!(c, '.' | ':'));
            return good.then_some((start..right + close + 1, 0.95));
        }
        let host = self.host(right + blanks, spaced)?;
        if host.words + host.dots == 0 || !is_top(&host.last) || NOT_HOSTS.contains(&host.last.as_str()) {
            return None;
        }
        if head.ends_with(['}', ']', ')', '"']) && !spaced {
            return self.boxes(head).map(|start| (start..host.end, 0.95));
        }
        let start = self.local(head.trim_end_matches(is_blank).len())?;
        let user = &text[start..head.trim_end_matches(is_blank).len()];
        let lead = behind(text, start, 256);
        // A user in the authority of a URL is a credential (`secret`), `@user@server` a handle, `git@` nobody.
        let token =
            lead.rfind(|c: char| c.is_whitespace() || matches!(c, '<' | '"' | '(')).map_or(lead, |at| &lead[at..]);
        let credential = token.ends_with("://")
            || (token.contains("://") && token.ends_with(':'))
            || token.ends_with([':']) && token.contains("//");
        if credential || matches!(before(text, start), Some('@' | '＠')) || matches!(user, "git" | "hg" | "svn") {
            return None;
        }
        if spaced || blanks > 0 {
            // `Developer @ example.com` says where somebody works.
            let flags = LEXICON.word(Hash::of(user));
            let word = user.starts_with(char::is_uppercase)
                || (user.chars().all(char::is_alphabetic) && flags.any(Flags::WORD.or(Flags::JOB)));
            if word || !is_known_top(&host.last) || (!spaced && host.words > 0) {
                return None;
            }
            return Some((start..host.end, 0.75));
        }
        Some((start..host.end, 0.99))
    }

    /// `ada (at) example (dot) org`, brackets of any kind.
    fn bracketed(&self, anchor: &Anchor) -> Option<(Range<usize>, f32)> {
        let text = self.text;
        let rest = text.get(anchor.end()..)?;
        let close = rest.find([')', ']', '}', '>'])?;
        let inner = rest[..close].trim_matches(|c: char| c.is_whitespace() || matches!(c, '(' | '[' | '.' | '-' | '_'));
        let word = IN_BRACKETS.iter().any(|word| word.eq_ignore_ascii_case(inner)) || {
            let start = inner.as_ptr() as usize - text.as_ptr() as usize;
            self.starting(start).any(|anchor| anchor.kind == Kind::At && anchor.end() == start + inner.len())
        };
        if !word || inner.is_empty() {
            return None;
        }
        let after = &rest[close..];
        let after = after.trim_start_matches([')', ']', '}', '>']);
        let blanks = after.len() - after.trim_start_matches(is_blank).len();
        let host = self.host(text.len() - after.len() + blanks, true)?;
        let head = text[..anchor.start()].trim_end_matches(['(', '[', '{', '<']);
        let gap = head.len() - head.trim_end_matches(is_blank).len();
        if gap > 2 || blanks > 2 || host.words + host.dots == 0 || !is_top(&host.last) {
            return None;
        }
        let start = self.local(head.len() - gap)?;
        Some((start..host.end, 0.9))
    }

    /// `ada at example dot org`, `ada arroba example.org`.
    fn spoken(&self, anchor: &Anchor) -> Option<(Range<usize>, f32)> {
        let text = self.text;
        let joint = |c: char| is_blank(c) || matches!(c, '_' | '-' | '.' | '‹' | '›' | '«' | '»' | '|' | '/' | '\\');
        let head = text.get(..anchor.start())?;
        let left = head.trim_end_matches(joint);
        let after = text.get(anchor.end()..)?;
        let right = after.len() - after.trim_start_matches(joint).len();
        if left.len() == head.len()
            || right == 0
            || right > 5
            || head.len() - left.len() > 5
            || !left.ends_with(is_local)
        {
            return None;
        }
        let host = self.host(anchor.end() + right, true)?;
        let word = &text[anchor.start()..anchor.end()];
        let plain =
            matches!(word, "at" | "At" | "AT" | "strudel" | "собака" | "majmun" | "ät" | "ett" | "песик" | "quyu");
        // `removed at any point in …` is English.
        let english = plain
            && text[anchor.end()..host.end]
                .split(' ')
                .any(|word| matches!(word.to_lowercase().as_str(), "point" | "period" | "pont"));
        if english {
            return None;
        }
        let provider = PROVIDERS.contains(&host.first.as_str());
        // `-at-`, `_at_`.
        let dashed = text[left.len()..anchor.start()].ends_with(['-', '_', '‹', '«', '|'])
            && text[anchor.end()..].starts_with(['-', '_', '›', '»', '|']);
        let good = host.words > 0 && is_known_top(&host.last)
            || host.dots > 0 && dashed && is_known_top(&host.last)
            || host.dots > 0 && is_known_top(&host.last) && (!plain || provider);
        if !good {
            return None;
        }
        let start = self.local(left.len())?;
        // `signed up at …`, `live at …`: the sentence that leads up to a host.
        let user = text[start..left.len()].to_lowercase();
        if plain && SENTENCE.contains(&user.as_str()) {
            return None;
        }
        Some((start..host.end, 0.75))
    }

    /// `ada#example.org (# → @)`: an address whose sign is told in a remark nearby.
    fn replaced(&self, anchor: &Anchor) -> Option<(Range<usize>, f32)> {
        const JOINTS: &[&str] = &[
            "→",
            "->",
            "=>",
            "=",
            "换成",
            "換成",
            "换",
            "換",
            "改成",
            "替换为",
            "換为",
            "改为",
            "を",
            "with",
            "by",
            "durch",
            "mit",
            "par",
            "por",
            "con",
            "на",
            "为",
            "for",
        ];
        let text = self.text;
        let head = behind(text, anchor.start(), 32).trim_end_matches([' ', '"', '\'', '`', '“', '「', '„', '«']);
        let rest = JOINTS.iter().find_map(|joint| head.strip_suffix(joint))?;
        let sign = rest.trim_end_matches([' ', '"', '\'', '`', '”', '」', '“', '»']).chars().next_back()?;
        if sign.is_alphanumeric()
            || sign.is_whitespace()
            || matches!(sign, '.' | ',' | '-' | '_' | '@' | '(' | ')' | ':' | '（')
        {
            return None;
        }
        // The remark stands behind the address, a line further at most.
        let mut from = anchor.start().saturating_sub(240);
        while !text.is_char_boundary(from) {
            from += 1;
        }
        let remark = rest.trim_end_matches([' ', '"', '\'', '`', '”', '」', '“', '»']);
        let mark = remark.as_ptr() as usize - text.as_ptr() as usize + remark.len() - sign.len_utf8();
        text.get(from..mark)?.match_indices(sign).rev().find_map(|(at, _)| {
            let at = from + at;
            let host = self.host(at + sign.len_utf8(), false)?;
            let start = self.local(at)?;
            (host.dots > 0 && is_top(&host.last)).then_some((start..host.end, 0.85))
        })
    }

    /// Anchors that begin at byte `at`.
    fn starting(&self, at: usize) -> impl Iterator<Item = &Anchor> {
        let first = self.anchors.partition_point(|anchor| anchor.start() < at);
        self.anchors[first..].iter().take_while(move |anchor| anchor.start() == at)
    }

    /// The end of a word for a dot that begins at byte `at`.
    fn dot_at(&self, at: usize) -> Option<usize> {
        self.starting(at).find(|anchor| anchor.kind == Kind::Dot).map(Anchor::end)
    }

    /// The start of a word for a dot that ends at byte `at`.
    fn dot_before(&self, at: usize) -> Option<usize> {
        let last = self.anchors.partition_point(|anchor| anchor.start() < at);
        self.anchors[..last]
            .iter()
            .rev()
            .take(4)
            .find(|anchor| anchor.kind == Kind::Dot && anchor.end() == at)
            .map(Anchor::start)
    }

    /// The host that begins at byte `at`; `loose` lets dots be words and have blanks around.
    fn host(&self, at: usize, loose: bool) -> Option<Host> {
        let text = self.text;
        let (mut words, mut dots) = (0, 0);
        let mut place = at;
        let mut first = String::new();
        let mut best: Option<Host> = None;
        for _ in 0..8 {
            let rest = text.get(place..)?;
            let mut length = rest.find(|c: char| !is_label(c)).unwrap_or(rest.len());
            while rest[..length].ends_with('-') {
                length -= 1;
            }
            // `example-dot-org`, `example_dot_org`.
            if let Some(cut) = rest[..length].find("-dot-").or_else(|| rest[..length].find("-DOT-")) {
                length = cut;
            }
            if length == 0 || rest.starts_with('-') {
                break;
            }
            // A host that is broken over a line.
            if let Some(next) = rest[length..].strip_prefix("-\n")
                && words + dots == 0
            {
                let more = next.find(|c: char| !is_label(c)).unwrap_or(next.len());
                if more > 0 && next[more..].starts_with('.') {
                    length += 2 + more;
                }
            }
            let label = rest[..length].to_lowercase();
            if first.is_empty() {
                first.clone_from(&label);
            }
            let end = place + length;
            if words + dots > 0 && is_top(&label) {
                best = Some(Host { end, words, dots, first: first.clone(), last: label });
            }
            // What parts it from the next label.
            let rest = &text[end..];
            let next = if let Some(sign) = [".", "．", "。", "&#46;", "&period;", "%2E", "[.]", "(.)", "{.}", "<.>"]
                .into_iter()
                .find(|sign| rest.starts_with(sign))
            {
                let after = end + sign.len();
                let blank = text[after..].starts_with(is_blank);
                if blank && !loose {
                    None
                } else if blank {
                    // `example. org` ends a sentence more often than it is a host.
                    None
                } else {
                    if sign.len() == 1 {
                        dots += 1
                    } else {
                        words += 1
                    }
                    Some(after)
                }
            } else {
                self.parted(end, loose)
                    .inspect(|(_, word)| if *word { words += 1 } else { dots += 1 })
                    .map(|(after, _)| after)
            };
            match next {
                Some(next) => place = next,
                None => break,
            }
        }
        best.or_else(|| Some(Host { end: at, words: 0, dots: 0, first, last: String::new() }))
    }

    /// Where the next label begins behind a dot in words or with blanks, and whether it was a word.
    fn parted(&self, end: usize, loose: bool) -> Option<(usize, bool)> {
        let text = self.text;
        let rest = text.get(end..)?;
        let inner = rest.trim_start_matches(|c| is_blank(c) || c == '_' || c == '-');
        let gap = rest.len() - inner.len();
        if gap > 2 {
            return None;
        }
        if inner.starts_with(['(', '[', '{', '<']) {
            let close = inner.find([')', ']', '}', '>']).filter(|at| *at < 20)?;
            let word = inner[1..close].trim();
            let start = word.as_ptr() as usize - text.as_ptr() as usize;
            let dot = matches!(word, "." | "-" | "d" | "o" | "p") && word == "."
                || self.dot_at(start).is_some_and(|end| end == start + word.len());
            let after = inner[close + 1..].trim_start_matches(is_blank);
            return dot.then_some((text.len() - after.len(), true));
        }
        if !loose || gap == 0 {
            return None;
        }
        if let Some(after) = inner.strip_prefix('.') {
            // `example . org`.
            let next = after.trim_start_matches(is_blank);
            return (after.len() - next.len() == 1 || next.len() == after.len())
                .then_some((text.len() - next.len(), false));
        }
        let word = self.dot_at(end + gap)?;
        let after = &text[word..];
        let next = after.trim_start_matches(|c| is_blank(c) || c == '_' || c == '-');
        (next.len() < after.len() && after.len() - next.len() <= 2).then_some((text.len() - next.len(), true))
    }

    /// Where the part before the sign begins, which ends at byte `end`.
    fn local(&self, end: usize) -> Option<usize> {
        let text = self.text;
        let run = |end: usize| {
            let head = &text[..end];
            let start =
                head.char_indices().rev().take(96).take_while(|(_, c)| is_local(*c)).last().map_or(end, |(at, _)| at);
            // No address begins with a sign.
            start
                + (text[start..end].len() - text[start..end].trim_start_matches(['.', '-', '\'', '%', '\u{ad}']).len())
        };
        let mut start = run(end);
        if start == end
            || !text[start..end]
                .ends_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | '+' | '-') || !c.is_ascii())
        {
            return None;
        }
        // `ada (dot) quill`, `ada punto quill`.
        for _ in 0..4 {
            let head = text[..start].trim_end_matches(is_blank);
            let blank = head.len() < start;
            let dot = if head.ends_with([')', ']', '}']) {
                let open = head.rfind(['(', '[', '{']).filter(|open| head.len() - open < 14);
                open.filter(|open| {
                    let inner = head[open + 1..head.len() - 1].trim();
                    let at = inner.as_ptr() as usize - text.as_ptr() as usize;
                    inner == "." || self.dot_at(at).is_some_and(|end| end == at + inner.len())
                })
            } else {
                self.dot_before(head.len()).filter(|_| blank)
            };
            let Some(dot) = dot else { break };
            let before = text[..dot].trim_end_matches(is_blank);
            let next = run(before.len());
            if next == before.len() {
                break;
            }
            start = next;
        }
        Some(start)
    }

    /// `{ada,bob}@example.org`, `"ada quill"@example.org`: where the bracket or the quotation opens.
    fn boxes(&self, head: &str) -> Option<usize> {
        let open = match head.chars().next_back()? {
            '}' => '{',
            ']' => '[',
            ')' => '(',
            _ => '"',
        };
        let inner = &head[..head.len() - 1];
        let from = behind(inner, inner.len(), 128);
        let start = inner.len() - from.len() + from.rfind(open)?;
        let list = &inner[start + open.len_utf8()..];
        let good = list.len() <= 96
            && !list.is_empty()
            && list.chars().all(|c| is_local(c) || matches!(c, ',' | ' ' | '|' | ';' | '/'));
        good.then_some(start)
    }
}
