//! Payment addresses of India's UPI: a name, `@` and the short name of a bank, without any domain.

use super::Recognizer;
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

impl Recognizer for Upi {
    fn find(&self, page: &Page<'_>, out: &mut Vec<Span>) {
        let text = page.text();
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
                if user >= 3 && !goes_on && BANKS.iter().any(|known| known.eq_ignore_ascii_case(bank)) {
                    let range = line.start + at - user..line.start + end;
                    out.push(Span::new(range, Entity::BankAccount, 0.9).by(Layer::Pattern, "upi"));
                }
            }
        }
    }
}
