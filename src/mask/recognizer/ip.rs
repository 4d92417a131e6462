//! Internet addresses. Loopback and unspecified ones are everybody's and stay.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::LazyLock;

use memchr::memchr_iter;
use regex::Regex;

use super::{Recognizer, after, before, compile, context, ends_in_word};
use crate::mask::page::{Cues, Line, Page};
use crate::mask::span::{Entity, Span};

pub(crate) struct Ip;

static V4: LazyLock<Regex> = LazyLock::new(|| compile(r"[0-9]{1,3}(?:\.[0-9]{1,3}){3}"));
static V6: LazyLock<Regex> =
    LazyLock::new(|| compile(r"[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,8}(?:[0-9]{0,3}(?:\.[0-9]{1,3}){3})?"));

/// What four numbers with dots are when they are no address.
const NOT_ADDRESSES: &[&str] = &[
    "version",
    "versions",
    "ver",
    "v",
    "release",
    "build",
    "firmware",
    "section",
    "sections",
    "chapter",
    "clause",
    "oid",
    "rev",
    "revision",
    "update",
    "upgraded to",
    "driver",
    "sdk",
    "chrome",
    "firefox",
    "dll",
    "kernel",
    "linux",
    "nginx",
    "jdk",
    "package",
    "nightly",
];

/// What every router of a make, every machine of a kind or everybody who looks up a name has: gateways and resolvers.
const EVERYBODYS: &[[u8; 4]] = &[
    [192, 168, 0, 1],
    [192, 168, 1, 1],
    [192, 168, 1, 254],
    [192, 168, 2, 1],
    [192, 168, 8, 1],
    [192, 168, 100, 1],
    [192, 168, 178, 1],
    [10, 0, 0, 1],
    [10, 0, 2, 2],
    [10, 0, 2, 15],
    [172, 17, 0, 1],
    [1, 1, 1, 1],
    [1, 0, 0, 1],
    [8, 8, 8, 8],
    [8, 8, 4, 4],
    [9, 9, 9, 9],
    [169, 254, 169, 254],
];

impl Recognizer for Ip {
    fn find(&self, page: &Page<'_>, out: &mut Vec<Span>) {
        let text = page.text();
        // Most lines have no dots or colons to spare.
        let many = |line: &Line, sign, least: usize| {
            memchr_iter(sign, &text.as_bytes()[line.start..line.end]).nth(least - 1).is_some()
        };
        for found in page.find(&V4, |line| line.digits >= 4 && line.cues.has(Cues::DOT) && many(line, b'.', 3)) {
            let octets = found.as_str().split('.').all(|octet| octet == "0" || !octet.starts_with('0'));
            let address = found.as_str().parse::<Ipv4Addr>().ok().filter(|_| octets);
            let own = address.is_some_and(|address| {
                // A private range as a whole, as clouds and networks are laid out.
                let range = address.is_private() && address.octets()[3] == 0 && text[found.end()..].starts_with('/');
                !address.is_loopback()
                    && !address.is_unspecified()
                    && address != Ipv4Addr::BROADCAST
                    && !EVERYBODYS.contains(&address.octets())
                    && !range
            });
            // `package==1.2.3.4`.
            let pinned = text[..found.start()].ends_with("==") || text[..found.start()].ends_with('^');
            // `GATK 4.5.0.0`: low numbers behind the name of a program.
            let low = address.is_some_and(|address| {
                let octets = address.octets();
                octets[0] < 9 && octets[1] < 32 && octets[2] < 32 && octets[3] < 16
            });
            let program = low && {
                let head = text[..found.start()].strip_suffix(' ').unwrap_or("");
                let word = head.rsplit(|c: char| !c.is_alphanumeric()).next().unwrap_or_default();
                word.starts_with(char::is_uppercase)
                    && !matches!(word, "IP" | "IPv4" | "Host" | "Server" | "From" | "DNS" | "Addr")
            };
            if own
                && !pinned
                && !program
                && apart(text, found.start(), found.end())
                && !ends_in_word(&context(text, found.start(), 24), NOT_ADDRESSES)
            {
                out.push(Span::new(found.start()..suffixed(text, found.end()), Entity::Ip, 0.9));
            }
        }
        for found in page.find(&V6, |line| line.cues.has(Cues::COLON) && many(line, b':', 2)) {
            let colon = found.as_str().ends_with(':') && !found.as_str().ends_with("::");
            let end = found.end() - usize::from(colon);
            let Ok(address) = text[found.start()..end].parse::<Ipv6Addr>() else { continue };
            // `a::b` is a path in code; an address has a longer group and a digit.
            let group = text[found.start()..end].split(':').any(|group| group.len() >= 3);
            let digit = text[found.start()..end].contains(|c: char| c.is_ascii_digit());
            if group && digit && !address.is_loopback() && apart(text, found.start(), end) {
                out.push(Span::new(found.start()..suffixed(text, end), Entity::Ip, 0.9));
            }
        }
    }
}

/// With the network's size or the interface: `/24`, `%eth0`.
fn suffixed(text: &str, end: usize) -> usize {
    static SUFFIX: LazyLock<Regex> = LazyLock::new(|| compile(r"^(?:%[A-Za-z0-9]{1,15})?(?:/[0-9]{1,3}\b)?"));
    text.get(end..).and_then(|rest| SUFFIX.find(rest)).map_or(end, |found| end + found.end())
}

fn apart(text: &str, start: usize, end: usize) -> bool {
    let left = before(text, start).is_none_or(|c| !c.is_alphanumeric() && !matches!(c, '.' | '_' | '-' | ':'));
    let right = after(text, end).is_none_or(|c| !c.is_alphanumeric() && !matches!(c, '_' | '-'));
    let more = after(text, end) == Some('.') && after(text, end + 1).is_some_and(|c| c.is_ascii_digit());
    left && right && !more
}
