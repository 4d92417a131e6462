//! PII002: a key, a token or a password in a row.

use super::leaked_data::{Masking, each};
use super::prelude::*;
use crate::mask::{Entity, Span};

/// Flags texts in which the mask's recognizers are sure of a secret.
pub(in crate::lint) struct LeakedSecret;

static META: Meta = Meta {
    code: "PII002",
    name: "leaked-secret",
    severity: Severity::Error,
    fix: Some(Fix::Safe),
    kinds: &Kind::ALL,
    summary: "A text column holds a key, a token or a password",
    explanation: "
## Why it matters
A model that has learned a key by heart gives it to whoever asks, and a key in a dataset is on every disk that the
dataset was copied to.

## Example
Private keys, tokens with the prefix of their provider, and the name and password of a connection address are found by
their shape and by how random they look.
`the token expires at midnight`, `sk-...` and hashes of commits are none.

## How to fix
Withdraw the key first: it has to be taken as known.
Then mask the sources again, or let `--fix` put `[SECRET]` in its place.
",
};

impl Rule for LeakedSecret {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn start<'a>(&self, settings: &'a LintSettings, cx: &Context<'a>) -> Box<dyn Check + 'a> {
        Box::new(Leaks { score: settings.thresholds.pii_doubt, masking: Masking::new(settings, cx, is_secret) })
    }
}

const fn is_secret(entity: Entity) -> bool {
    matches!(entity, Entity::Secret)
}

struct Leaks {
    score: f32,
    masking: Masking,
}

impl Check for Leaks {
    fn row(&self, row: &View<'_>, out: &mut Findings) {
        let wanted = |span: &Span| span.score >= self.score && is_secret(span.entity);
        each(row, &wanted, &mut |said, _, range, times| {
            // `ghp_aaaaaaaa` stands for a key.
            if said.text.get(range.clone()).is_some_and(|secret| !is_random(secret)) {
                return;
            }
            let message = format!("`{}` holds a secret{times}", said.field);
            let finding = row.finding(&META, message).field(&said.field);
            out.mark(finding.safe(self.masking.edit(&said.field)), said.text, range);
        });
    }
}

/// Whether the characters of a secret are as different as those of a drawn one: at least 2.2 bits each (Shannon).
fn is_random(secret: &str) -> bool {
    let mut counts = std::collections::BTreeMap::<char, f64>::new();
    let mut all = 0.0;
    for c in secret.chars() {
        *counts.entry(c).or_default() += 1.0;
        all += 1.0;
    }
    let bits: f64 = counts.values().map(|count| -(count / all) * (count / all).log2()).sum();
    all < 6.0 || bits >= 2.2
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Letters and digits that look random and mean nothing.
    fn noise(length: usize) -> String {
        let mut state = 7u32;
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            char::from(b"ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789"[(state >> 16) as usize % 57])
        };
        (0..length).map(|_| next()).collect()
    }

    #[test]
    fn keys_are_found_and_talk_about_keys_is_not() {
        let settings = LintSettings::default();
        let check = |text: &str, expected: usize| {
            let mut check = LeakedSecret.start(&settings, &Context::default());
            let out = crate::lint::tests::findings(check.as_mut(), Kind::Cot, &[("response", text)]);
            assert_eq!(out.len(), expected, "{text}");
            let excerpt = out.first().map(|finding| format!("{:?}", finding.excerpt())).unwrap_or_default();
            assert!(expected == 0 || excerpt.contains("[SECRET]"), "{excerpt}");
        };
        let dashes = "-".repeat(5);
        check(&format!("I used {}{} for it.", "ghp_", noise(36)), 1);
        check(&format!("{}{} paid for it.", "sk_live_", noise(24)), 1);
        check(&format!("{dashes}BEGIN PRIVATE KEY{dashes}\n{}\n{dashes}END PRIVATE KEY{dashes}", noise(64)), 1);
        check(&format!("It read {}://reader:{}@db.invalid/buoys then.", "postgres", noise(12)), 1);
        check(&format!("For instance {}{} is none.", "ghp_", "a".repeat(36)), 0);
        check("The token expires at midnight, so I renew it at eleven.", 0);
        check("Keys begin with `sk-` or `ghp_`, I never print the rest.", 0);
        check("It was commit 3f9a1c02d7be44aa9c01d2e3f4a5b6c7d8e9f0a1.", 0);
        check("I keep [SECRET_1] in the vault.", 0);
    }
}
