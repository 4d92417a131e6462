//! Passwords, keys and tokens: by the prefix their provider gives them, or by what they are assigned to.

use std::sync::LazyLock;

use regex::Regex;

use super::{Recognizer, before, compile};
use crate::mask::page::{Cues, Line, Page};
use crate::mask::span::{Entity, Span};

pub(crate) struct Secret;

/// Shapes that only credentials have.
static SHAPES: LazyLock<Vec<Regex>> = LazyLock::new(|| {
    [
        r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*)?",
        r"\bsk-(?:ant-|proj-|svcacct-|or-v1-)?[A-Za-z0-9_-]{20,}",
        r"\b(?:gh[pousr]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,})",
        r"\bgl(?:pat|dt|rt|ptt)-[A-Za-z0-9_-]{16,}",
        r"\b(?:AKIA|ASIA|AROA|AIDA)[A-Z0-9]{16}\b",
        r"\bAIza[A-Za-z0-9_-]{30,}",
        r"\bya29\.[A-Za-z0-9_-]{20,}",
        r"\bxox[abeoprs]-[A-Za-z0-9-]{10,}|\bxapp-[A-Za-z0-9-]{10,}",
        r"https://hooks\.slack\.com/services/[A-Za-z0-9/_-]{20,}",
        r"https://(?:discord|discordapp)\.com/api/webhooks/[0-9]+/[A-Za-z0-9_-]{20,}",
        r"\b[spr]k_(?:live|test)_[A-Za-z0-9]{10,}|\bwhsec_[A-Za-z0-9]{16,}",
        r"\bhf_[A-Za-z0-9]{20,}",
        r"\bSG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}",
        r"\bnpm_[A-Za-z0-9]{30,}",
        r"\bpypi-[A-Za-z0-9_-]{40,}",
        r"\b[0-9]{8,10}:[A-Za-z0-9_-]{35}\b",
        r"\b[MNO][A-Za-z0-9_-]{23,27}\.[A-Za-z0-9_-]{6}\.[A-Za-z0-9_-]{27,}",
        r"\b(?:hvs|hvb|s)\.[A-Za-z0-9_-]{24,}",
        r"\bdo[opr]_v1_[a-f0-9]{40,}|\bdckr_pat_[A-Za-z0-9_-]{20,}|\bshp(?:at|ca|pa|ss)_[a-fA-F0-9]{32}|\bdapi[a-f0-9]{32}|\blin_api_[A-Za-z0-9]{30,}|\bntn_[A-Za-z0-9]{30,}|\bgsk_[A-Za-z0-9]{30,}|\bpplx-[A-Za-z0-9]{30,}|\br8_[A-Za-z0-9]{30,}|\bglsa_[A-Za-z0-9_]{30,}|\bAGE-SECRET-KEY-1[A-Z0-9]{50,}|\bkey-[a-f0-9]{32}\b|\bsq0(?:atp|csp)-[A-Za-z0-9_-]{20,}|\b(?:EAAC|EAAA)[A-Za-z0-9]{30,}",
    ]
    .into_iter()
    .map(compile)
    .collect()
});

/// A key in its armour, over many lines, or cut off.
static PEM: LazyLock<Regex> = LazyLock::new(|| {
    compile(
        r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----[A-Za-z0-9+/=\s:,.()-]*?(?:-----END [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----|\z)",
    )
});

/// `postgres://user:word@host`: what stands before the `@`.
static CREDENTIALS: LazyLock<Regex> =
    LazyLock::new(|| compile(r"\b[a-z][a-z0-9+.-]*://([^\s/:@\p{Cc}<>\[\]]*:[^\s/@\p{Cc}<>\[\]]+)@"));

/// `Authorization: Bearer …`.
static BEARER: LazyLock<Regex> = LazyLock::new(|| compile(r"(?i)\b(?:bearer|basic)[ \t]+([A-Za-z0-9_+/=.~-]{16,})"));

static ASSIGNED: LazyLock<Regex> = LazyLock::new(|| {
    compile(
        r#"(?i)(pass(?:word|wd|phrase|code|wort)?|pwd|passwort|kennwort|mot de passe|contraseña|(?:client|app|shared|webhook|signing|aws)?[_-]?secret(?:[_-]?(?:access)?[_-]?key)?|(?:[a-z]+[_-])*(?:api|access|auth|private|encryption|account)[ _-]?(?:key|token)|(?:[a-z]+[_-])*token|pin(?: code)?)["'*_]*[ \t]*(?:([:=]+>?)|[ \t](?:is|was|lautet)[ \t]*:?)[*_]*[ \t]*(["'`]?)([^\s"'`,;<>\p{Cc}\[\]]{4,})"#,
    )
});

impl Recognizer for Secret {
    fn find(&self, page: &Page<'_>, out: &mut Vec<Span>) {
        let text = page.text();
        if text.contains("-----BEGIN") {
            out.extend(PEM.find_iter(text).map(|found| Span::new(found.range(), Entity::Secret, 0.99)));
        }
        let keyed = |line: &Line| line.cues.has(Cues::DIGIT) || line.cues.has(Cues::DASH);
        for pattern in SHAPES.iter() {
            out.extend(
                page.find(pattern, keyed)
                    .filter(|found| !wordy(found.as_str()))
                    .map(|found| Span::new(found.range(), Entity::Secret, 0.97)),
            );
        }
        out.extend(
            page.captures(&CREDENTIALS, 0, |line| line.cues.has(Cues::AT | Cues::COLON | Cues::SLASH))
                .filter_map(|found| found.get(1))
                .map(|found| Span::new(found.range(), Entity::Secret, 0.9)),
        );
        for found in
            page.captures(&BEARER, 0, keyed).filter_map(|found| found.get(1)).filter(|found| mixed(found.as_str()))
        {
            out.push(Span::new(found.range(), Entity::Secret, 0.9));
        }
        for found in page.captures(&ASSIGNED, 0, |line| line.cues.has(Cues::ANY)) {
            let (Some(label), Some(value)) = (found.get(1), found.get(4)) else { continue };
            if before(text, label.start()).is_some_and(char::is_alphabetic) {
                continue;
            }
            let quoted = found.get(3).is_some_and(|quote| !quote.as_str().is_empty());
            let equals = found.get(2).is_some_and(|sign| sign.as_str().starts_with('='));
            let trimmed = value.as_str().trim_end_matches(['.', ')', '*', ':']);
            // A password may end in any sign; a sentence ends in one of these only.
            let end =
                if trimmed.len() + 1 >= value.len() && !quoted { value.start() + trimmed.len() } else { value.end() };
            if held(label.as_str(), &text[value.start()..end], quoted || equals) {
                out.push(Span::new(value.start()..end, Entity::Secret, 0.8));
            }
        }
    }
}

/// Whether the value is one, and not a type, a variable or the next word of a sentence.
fn held(label: &str, value: &str, assigned: bool) -> bool {
    const NAMES: &[&str] = &[
        "string",
        "none",
        "null",
        "true",
        "false",
        "required",
        "optional",
        "changed",
        "hidden",
        "redacted",
        "example",
        "password",
        "secret",
        "your",
        "env",
        "self",
        "this",
        "undefined",
    ];
    let lower = value.to_lowercase();
    let reference = value.starts_with(['$', '{', '%', '*', '.', '/', '&', '('])
        || value.contains(['(', ')', '{', '}'])
        || lower.contains("env.")
        || lower.contains("environ")
        || lower.contains("://")
        || lower.starts_with("xxx");
    if reference || NAMES.iter().any(|name| lower == *name || lower.starts_with("your-") || lower.starts_with("your_"))
    {
        return false;
    }
    let label = label.to_lowercase();
    let password = label.starts_with("pass")
        || label == "pwd"
        || label == "kennwort"
        || label.starts_with("mot")
        || label.starts_with("contra");
    if label.starts_with("pin") {
        return value.len() <= 8 && value.chars().all(|c| c.is_ascii_digit());
    }
    let digit = value.contains(|c: char| c.is_ascii_digit());
    let sign = value
        .trim_end_matches('-')
        .contains(|c: char| c.is_ascii_punctuation() && !matches!(c, '-' | '_' | '.' | '\'' | '/'));
    if password {
        return value.chars().count() >= 4
            && (digit && value.contains(char::is_alphabetic)
                || sign
                || (digit && value.len() >= 6)
                || (assigned && value.chars().count() >= 5));
    }
    value.chars().count() >= 8 && (mixed(value) || (assigned && digit && value.len() >= 12))
}

/// Letters and digits together, as random strings have them.
fn mixed(value: &str) -> bool {
    value.contains(|c: char| c.is_ascii_digit())
        && value.contains(|c: char| c.is_ascii_alphabetic())
        && value.len() >= 8
}

/// `sk-learn-compatible-estimators` is words with dashes.
fn wordy(value: &str) -> bool {
    value.len() < 60
        && !value.contains(|c: char| c.is_ascii_digit())
        && value.split(['-', '_']).all(|part| part.len() < 14)
        && !value.contains(char::is_uppercase)
}
