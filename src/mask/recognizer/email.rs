//! E-mail addresses, written out or obfuscated.

use std::sync::LazyLock;

use regex::Regex;

use super::{Recognizer, before, compile};
use crate::mask::page::{Cues, Line, Page};
use crate::mask::span::{Entity, Span};

pub(crate) struct Email;

/// `＠` is the full-width sign; host labels may be in any script, the last one has no digit.
static PLAIN: LazyLock<Regex> = LazyLock::new(|| {
    compile(
        r"[\p{L}\p{N}_](?:[\p{L}\p{M}\p{N}._%+'/&-]*[\p{L}\p{N}_+-])?[\u{200b}\u{2060}]*[@＠﹫][\u{200b}\u{2060}]*(?:[\p{L}\p{N}](?:[\p{L}\p{M}\p{N}-]*[\p{L}\p{M}\p{N}])?\.)+(?:xn--[a-z0-9-]{2,}|[\p{L}][\p{L}\p{M}]{1,23})",
    )
});

/// `"john doe"@example.com` and `john@[192.0.2.1]`.
static ODD: LazyLock<Regex> = LazyLock::new(|| {
    compile(r#""[^"\n]{1,64}"@(?:[A-Za-z0-9-]+\.)+[A-Za-z]{2,24}|[A-Za-z0-9._%+-]+@\[[0-9A-Fa-f:.]{7,45}\]"#)
});

/// `name (at) host (dot) tld`, brackets of any kind, `arobase`/`punkt` and the like.
static OBFUSCATED: LazyLock<Regex> = LazyLock::new(|| {
    compile(
        r"(?i)[a-z0-9][a-z0-9_+-]*(?:(?:\.|[ \t]*[(\[{<][ \t]*(?:dot|punkt|point|punto|ponto)[ \t]*[)\]}>][ \t]*|[ \t]+dot[ \t]+)[a-z0-9_+-]+)*[ \t]*(?:[(\[{<][ \t]*(?:at|@|ät|arobase|arroba|chiocciola|klammeraffe)[ \t]*[)\]}>])[ \t]*[a-z0-9-]+(?:(?:[ \t]*[(\[{<][ \t]*(?:dot|\.|punkt|point|punto|ponto)[ \t]*[)\]}>][ \t]*|\.|[ \t]+(?:dot|punkt|point|punto)[ \t]+)[a-z0-9-]+)+",
    )
});

/// `name at host dot tld`: both words must be there and the last label must be one that addresses have.
static SPOKEN: LazyLock<Regex> = LazyLock::new(|| {
    compile(
        r"(?i)[a-z0-9][a-z0-9._+-]*(?:[ \t]+(?:dot|punkt|point|punto|ponto)[ \t]+[a-z0-9_+-]+)*[ \t]+(?:at|@|arobase|arroba|klammeraffe|chiocciola)[ \t]+[a-z0-9-]+(?:[ \t]+(?:dot|punkt|point|punto|ponto)[ \t]+[a-z0-9-]+)*[ \t]+(?:dot|punkt|point|punto|ponto)[ \t]+(?:com|org|net|io|dev|me|edu|gov|info|app|ai|eu|uk|us|de|fr|es|it|nl|be|ch|at|pl|se|no|dk|fi|in|br|pt|cz|ie|ca|au|nz|jp|kr|cn)\b|[a-z0-9][a-z0-9._+-]*[ \t]+@[ \t]+[a-z0-9-]+(?:\.[a-z0-9-]+)*\.[a-z]{2,24}\b|[a-z0-9][a-z0-9._+-]*[ \t]+at[ \t]+(?:gmail|googlemail|yahoo|hotmail|outlook|icloud|proton|protonmail|gmx|web|fastmail|posteo)\.(?:com|me|de|net|ch|org|co\.uk)\b",
    )
});

/// What every match of [`OBFUSCATED`] holds.
static BRACKETED: LazyLock<Regex> =
    LazyLock::new(|| compile(r"[(\[{<][ \t]*(?i:at|@|ät|arobase|arroba|chiocciola|klammeraffe)[ \t]*[)\]}>]"));

/// What every match of [`SPOKEN`] holds.
static SPELT: LazyLock<Regex> = LazyLock::new(|| {
    compile(
        r"[ \t](?i:dot|punkt|point|punto|ponto)[ \t]|[ \t]@[ \t]|[ \t](?:at|AT|At)[ \t]+(?i:gmail|googlemail|yahoo|hotmail|outlook|icloud|proton|gmx|web|fastmail|posteo)",
    )
});

impl Recognizer for Email {
    fn find(&self, page: &Page<'_>, out: &mut Vec<Span>) {
        let text = page.text();
        let at = |line: &Line| line.cues.has(Cues::AT) || line.cues.has(Cues::WIDE);
        for found in page.find(&PLAIN, at) {
            // A user in the authority of a URL is a credential (`secret`), not a mailbox.
            let head = &text[..found.start()];
            if !head.ends_with("://") && before(text, found.start()) != Some('@') {
                out.push(Span::new(found.range(), Entity::Email, 0.99));
            }
        }
        out.extend(page.find(&ODD, at).map(|found| Span::new(found.range(), Entity::Email, 0.95)));
        for (hint, pattern, score) in [(&*BRACKETED, &*OBFUSCATED, 0.9), (&*SPELT, &*SPOKEN, 0.75)] {
            let hinted = |line: &Line| hint.is_match(&text[line.start..line.end]);
            out.extend(page.find(pattern, hinted).map(|found| Span::new(found.range(), Entity::Email, score)));
        }
    }
}
