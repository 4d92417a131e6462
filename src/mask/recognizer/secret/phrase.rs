//! Codes of recovery in a row, and the words of a wallet.

use super::super::anchor::Anchor;
use super::{push, run};
use crate::mask::span::Span;

/// Codes of recovery in a row, and the words of a wallet.
pub(super) fn phrase(text: &str, anchor: &Anchor, out: &mut Vec<Span>) {
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
