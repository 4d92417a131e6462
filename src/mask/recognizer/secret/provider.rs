//! Keys whose provider gives them a front of its own, addresses that open something, and keys in their armour.

use super::super::anchor::Anchor;
use super::super::before;
use super::look::{mixed, wordy};
use super::{push, run};
use crate::mask::span::Span;

/// Addresses that are a permission to write.
const HOOKS: &[&str] = &[
    "hooks.slack.com/services/",
    "hooks.slack.com/workflows/",
    "hooks.slack.com/triggers/",
    "discord.com/api/webhooks/",
    "discordapp.com/api/webhooks/",
    "ptb.discord.com/api/webhooks/",
    "outlook.office.com/webhook/",
    "hooks.zapier.com/hooks/catch/",
    "maker.ifttt.com/trigger/",
    "api.telegram.org/bot",
    "hook.eu1.make.com/",
    "hook.us1.make.com/",
    "chat.googleapis.com/v1/spaces/",
    "open.feishu.cn/open-apis/bot/",
    "oapi.dingtalk.com/robot/send",
    "qyapi.weixin.qq.com/cgi-bin/webhook/",
    "hooks.chime.aws/",
    "events.pagerduty.com/integration/",
];

/// `sk-…`, `ghp_…`, `AKIA…`. Gives the byte behind what was read.
pub(super) fn prefixed(text: &str, anchor: &Anchor, out: &mut Vec<Span>) -> usize {
    let start = anchor.start();
    let prefix = &text[start..anchor.end()];
    if before(text, start).is_some_and(|c| c.is_alphanumeric() || (c == '-' && prefix != "sk-")) {
        return anchor.end();
    }
    let rest = &text[anchor.end()..];
    let more: &[u8] = match prefix {
        "AKIA" | "ASIA" | "AROA" | "AIDA" | "ABIA" | "ACCA" | "dapi" | "key-" | "npm_" | "hf_" | "EAAA" | "EAAC"
        | "EAAG" | "EAAB" | "re_" | "oy2" | "LTAI" | "AKID" => b"",
        "eyJ" | "SG." | "ya29." | "dt0c01." | "sl." | "glpat-" | "hvs." | "hvb." | "hvr." | "s." | "v1.0-"
        | "amzn.mws." => b"_-.",
        "ATATT" | "fm1_" | "fm2_" | "glc_" => b"_-=+/",
        _ => b"_-",
    };
    let mut tail = run(rest, more);
    while rest[..tail].ends_with(['.', '-']) {
        tail -= 1;
    }
    let value = &rest[..tail];
    let digit = value.bytes().any(|byte| byte.is_ascii_digit());
    let letter = value.bytes().any(|byte| byte.is_ascii_alphabetic());
    let hex = |count: usize| value.len() == count && value.bytes().all(|byte| byte.is_ascii_hexdigit());
    let good = match prefix {
        "AKIA" | "ASIA" | "AROA" | "AIDA" | "ABIA" | "ACCA" => {
            (12..=20).contains(&tail) && value.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
        }
        "eyJ" => tail >= 16 && (value.contains('.') || tail >= 40),
        "SG." => tail >= 32 && value.contains('.'),
        "dapi" => hex(32),
        "key-" => hex(32),
        "sk-" => tail >= 20 && !wordy(&text[start..anchor.end() + tail]),
        "s." | "oy2" | "t1." | "cio" | "pul-" => tail >= 24 && digit && letter,
        "sl." | "y0_" => tail >= 40,
        "live_" | "re_" | "key" | "sdk-" | "mg-" | "ops_" => tail >= 20 && digit && letter,
        "EAAA" | "EAAC" | "EAAG" | "EAAB" | "IGQV" | "ATATT" | "ATBB" | "ATCTT" | "EZAK" | "EZTK" | "AQVN" | "LTAI"
        | "AKID" => tail >= 16 && (digit || tail >= 30),
        "tk-" => tail >= 12 && digit && letter,
        _ => {
            (tail >= 16 && (digit || tail >= 24) && letter || hex(32)) && !wordy(&text[start..anchor.end() + tail])
                || tail >= 10 && digit && letter && mixed(value)
        }
    };
    if good {
        push(start, anchor.end() + tail, 0.97, out);
    }
    anchor.end() + tail
}

/// `postgres://user:word@host`: what stands before the `@`.
pub(super) fn credentials(text: &str, anchor: &Anchor, out: &mut Vec<Span>) {
    let rest = &text[anchor.end()..];
    let end = rest
        .find(|c: char| c.is_whitespace() || matches!(c, '/' | '<' | '>' | '"' | '\'' | '`' | '\u{1}'))
        .unwrap_or(rest.len());
    let Some(at) = rest[..end].rfind('@') else { return };
    let user = &rest[..at];
    let placeholder =
        matches!(user, "user:password" | "username:password" | "user:pass" | "USER:PASSWORD" | "login:password");
    if !placeholder && user.contains(':') && !user.ends_with(':') && !user.contains(['[', ']', '{', '}', '$', '(']) {
        push(anchor.end(), anchor.end() + at, 0.9, out);
    }
}

pub(super) fn hook(text: &str, anchor: &Anchor, out: &mut Vec<Span>) {
    let rest = &text[anchor.end()..];
    if let Some(host) = HOOKS.iter().find(|host| rest.starts_with(**host)) {
        let tail = rest[host.len()..]
            .bytes()
            .take_while(|byte| byte.is_ascii_alphanumeric() || b"/_-:.?=&%@~+".contains(byte))
            .count();
        if tail >= 12 {
            let head = text[..anchor.start()].bytes().rev().take_while(u8::is_ascii_alphabetic).count();
            push(anchor.start() - head, anchor.end() + host.len() + tail, 0.97, out);
        }
    }
}

/// `123456789:AAF…`: a bot of Telegram.
pub(super) fn bot_token(text: &str, anchor: &Anchor, out: &mut Vec<Span>) {
    let head = text[..anchor.start()].bytes().rev().take(12).take_while(u8::is_ascii_digit).count();
    let tail = run(&text[anchor.end()..], b"_-");
    if (8..=10).contains(&head) && (33..=37).contains(&tail) {
        push(anchor.start() - head, anchor.end() + tail, 0.97, out);
    }
}

/// Three parts with dots between, as Discord has them.
pub(super) fn dotted(text: &str, anchor: &Anchor, out: &mut Vec<Span>) {
    let head = text[..anchor.start()]
        .bytes()
        .rev()
        .take(32)
        .take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
        .count();
    if !(24..=28).contains(&head) || !text[anchor.start() - head..].starts_with(['M', 'N', 'O']) {
        return;
    }
    let rest = &text[anchor.end()..];
    let middle = run(rest, b"_-");
    if middle == 6 && rest[middle..].starts_with('.') {
        let tail = run(&rest[middle + 1..], b"_-");
        if tail >= 25 {
            push(anchor.start() - head, anchor.end() + middle + 1 + tail, 0.97, out);
        }
    }
}
