//! Passwords, keys, codes and tokens: by the prefix their provider gives them, by what they are assigned to, or by
//! what a sentence, a chat or a command says of them.

use std::sync::LazyLock;

use regex::Regex;

use super::anchor::Kind;
use super::{Recognizer, compile};
use crate::mask::page::Page;
use crate::mask::span::{Entity, Span};

mod code;
mod command;
mod label;
mod look;
mod phrase;
mod provider;
mod walk;

pub(crate) struct Secret;

/// A key in its armour, over many lines, or cut off.
static PEM: LazyLock<Regex> = LazyLock::new(|| {
    compile(
        r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----[A-Za-z0-9+/=\s:,.()-]*?(?:-----END [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----|\z)",
    )
});

impl Recognizer for Secret {
    fn find(&self, page: &Page<'_>, out: &mut Vec<Span>) {
        let text = page.text();
        if text.contains("-----BEGIN") {
            out.extend(PEM.find_iter(text).map(|found| Span::new(found.range(), Entity::Secret, 0.99)));
        }
        let anchors = page.anchors();
        let mut covered = 0;
        let mut told = 0;
        for anchor in anchors {
            match anchor.kind {
                Kind::Prefix if anchor.start() >= covered => covered = provider::prefixed(text, anchor, out),
                Kind::Scheme => {
                    provider::credentials(text, anchor, out);
                    provider::hook(text, anchor, out);
                }
                Kind::Colon => provider::bot_token(text, anchor, out),
                Kind::Point => provider::dotted(text, anchor, out),
                // What one label has taken is no value of a second one within it.
                Kind::Password if anchor.start() >= told => told = label::password(page, anchor, out),
                Kind::Key if anchor.start() >= told => label::key(page, anchor, out),
                Kind::Wifi => label::network(page, anchor, out),
                Kind::User => label::login(page, anchor, out),
                Kind::Command => command::flags(page, anchor, out),
                Kind::Pin => code::pin(page, anchor, out),
                Kind::Phrase => phrase::phrase(text, anchor, out),
                _ => {}
            }
        }
        command::assignments(page, out);
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
