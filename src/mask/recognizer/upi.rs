//! Payment addresses: of India's UPI, a name, `@` and the short name of a bank, without any domain; aliases of
//! accounts in Argentina; random keys of Brazil's Pix.

use super::{Recognizer, context};
use crate::mask::page::{Cues, Page};
use crate::mask::span::{Entity, Layer, Span};

pub(crate) struct Upi;

/// Behind the `@`: the National Payments Corporation of India lists them by bank and app.
const BANKS: &[&str] = &[
    "okaxis",
    "okhdfcbank",
    "okicici",
    "oksbi",
    "paytm",
    "ptaxis",
    "ptyes",
    "pthdfc",
    "ptsbi",
    "ybl",
    "ibl",
    "axl",
    "apl",
    "yapl",
    "rapl",
    "upi",
    "sbi",
    "hdfcbank",
    "icici",
    "axisbank",
    "kotak",
    "barodampay",
    "cnrb",
    "pnb",
    "unionbank",
    "indus",
    "yesbank",
    "idfcbank",
    "federal",
    "freecharge",
    "ikwik",
    "waaxis",
    "wahdfcbank",
    "waicici",
    "wasbi",
    "jupiteraxis",
    "fbl",
    "airtel",
    "postbank",
    "jio",
    "superyes",
    "yescred",
    "axisb",
    "naviaxis",
];

/// Words before such an address.
const LABELS: &[&str] = &["upi", "vpa", "gpay", "phonepe", "bhim", "paytm", "यूपीआई"];

impl Recognizer for Upi {
    fn find(&self, page: &Page<'_>, out: &mut Vec<Span>) {
        let text = page.text();
        for line in page.lines() {
            let whole = &text[line.start..line.end];
            if line.cues.has(Cues::DOT) {
                aliases(text, line.start, whole, &["lias", "LIAS"], out);
            }
            if line.digits >= 8 && line.cues.has(Cues::DASH) {
                aliases(text, line.start, whole, &["ix", "IX"], out);
            }
        }
        for line in page.lines().iter().filter(|line| line.cues.has(Cues::AT)) {
            let whole = &text[line.start..line.end];
            for (at, _) in whole.match_indices('@') {
                let part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
                let user = whole[..at].len() - whole[..at].trim_end_matches(part).len();
                let bank = &whole[at + 1..];
                let bank = &bank[..bank.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(bank.len())];
                let end = at + 1 + bank.len();
                let mut rest = whole[end..].chars();
                let goes_on = match rest.next() {
                    Some('.' | '-' | '@') => rest.next().is_some_and(char::is_alphanumeric),
                    next => next.is_some_and(|c| c.is_alphanumeric() || c == '_'),
                };
                let known = || BANKS.iter().any(|known| known.eq_ignore_ascii_case(bank));
                // Apps take new names all the time: behind the label any will do.
                let said = || {
                    bank.len() >= 2
                        && (bank.starts_with("ok") && bank.len() > 4
                            || context(whole, at - user, 24)
                                .split(|c: char| !c.is_alphanumeric())
                                .any(|word| LABELS.contains(&word)))
                };
                if user >= 3 && !goes_on && (known() || said()) {
                    let range = line.start + at - user..line.start + end;
                    out.push(Span::new(range, Entity::BankAccount, 0.9).by(Layer::Pattern, "upi"));
                }
            }
        }
    }
}

/// `alias: sol.mate.gato`, `chave pix: 3f2504e0-…`.
fn aliases(text: &str, start: usize, line: &str, labels: &[&str], out: &mut Vec<Span>) {
    for label in labels {
        let key = label.len() == 2;
        for (at, _) in line.match_indices(*label) {
            let front = line[..at].chars().next_back();
            let word = matches!((key, front), (false, Some('a' | 'A')) | (true, Some('p' | 'P')));
            let outer = line[..at].chars().rev().nth(1).is_none_or(|c| !c.is_alphanumeric());
            if !word || !outer {
                continue;
            }
            let rest = &line[at + label.len()..];
            let value = rest.trim_start_matches(|c: char| !c.is_ascii_alphanumeric());
            let gap = &rest[..rest.len() - value.len()];
            let value = ["cbu", "CBU", "cvu", "CVU", "aleatória", "aleatoria", "es", "é"]
                .iter()
                .find_map(|word| value.strip_prefix(word))
                .map_or(value, |rest| rest.trim_start_matches(|c: char| !c.is_ascii_alphanumeric()));
            let length =
                value.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-')).count();
            let token = value[..length].trim_end_matches(['.', '-']);
            let good = if key {
                // A UUID.
                token.len() == 36
                    && token.split('-').map(str::len).eq([8, 4, 4, 4, 12])
                    && token.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-')
            } else {
                (6..=20).contains(&token.len())
                    && token.split('.').count() == 3
                    && token
                        .split('.')
                        .all(|part| part.len() > 1 && part.bytes().all(|byte| byte.is_ascii_alphanumeric()))
            };
            if good && gap.len() <= 8 && !gap.contains([']', ')', ',', '.']) {
                let from = start + token.as_ptr() as usize - line.as_ptr() as usize;
                let range = from..from + token.len();
                if text.is_char_boundary(range.end) {
                    out.push(Span::new(range, Entity::BankAccount, 0.75).by(Layer::Context, "alias of an account"));
                }
            }
        }
    }
}
