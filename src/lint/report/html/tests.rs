use std::cell::RefCell;

use html5ever::tendril::StrTendril;
use html5ever::tokenizer::states::RawKind;
use html5ever::tokenizer::{BufferQueue, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts};
use sha2::{Digest, Sha256};

use super::*;
use crate::lint::report::tests::{empty, finding, rules, sample};

/// Names of elements in order, and the words between tags.
#[derive(Default)]
struct Seen {
    tags: RefCell<Vec<String>>,
    text: RefCell<String>,
}

impl TokenSink for Seen {
    type Handle = ();

    fn process_token(&self, token: Token, _line: u64) -> TokenSinkResult<()> {
        match token {
            Token::TagToken(tag) if tag.kind == TagKind::StartTag => {
                let name = tag.name.to_string();
                let attributes = tag.attrs.iter().map(|a| format!(" {}", &*a.name.local)).collect::<String>();
                self.tags.borrow_mut().push(format!("{name}{attributes}"));
                match name.as_str() {
                    "script" => return TokenSinkResult::RawData(RawKind::ScriptData),
                    "style" => return TokenSinkResult::RawData(RawKind::Rawtext),
                    "title" => return TokenSinkResult::RawData(RawKind::Rcdata),
                    _ => {}
                }
            }
            Token::CharacterTokens(text) => self.text.borrow_mut().push_str(&text),
            Token::TagToken(_) => self.text.borrow_mut().push('¦'),
            _ => {}
        }
        TokenSinkResult::Continue
    }
}

fn seen(page: &str) -> (Vec<String>, String) {
    let tokenizer = Tokenizer::new(Seen::default(), TokenizerOpts::default());
    let input = BufferQueue::default();
    input.push_back(StrTendril::from_slice(page));
    let _ = tokenizer.feed(&input);
    tokenizer.end();
    (tokenizer.sink.tags.take(), tokenizer.sink.text.take())
}

#[test]
fn the_page_may_run_its_own_script_only() {
    let mut base64 = String::new();
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    // 32 bytes: ten groups of three and one of two.
    for group in Sha256::digest(SCRIPT.as_bytes()).chunks(3) {
        let bits = (0..3).fold(0u32, |bits, i| bits << 8 | u32::from(group.get(i).copied().unwrap_or_default()));
        for i in 0..=group.len() {
            base64.push(char::from(DIGITS[(bits >> (18 - 6 * i) & 63) as usize]));
        }
    }
    assert_eq!(SCRIPT_HASH, format!("sha256-{base64}="));
    assert!(!SCRIPT.contains("</") && !SCRIPT.contains("innerHTML"));
}

#[test]
fn hostile_names_stay_text() {
    let odd = "</script><img src=x onerror=alert(1)>\"'|`\u{202e}";
    let mut report = sample();
    report.findings.insert(0, Finding { id: Some(odd.to_owned()), ..finding("DUP001", odd, Some(0), odd).field(odd) });
    let page = render(&report, &rules(), &[bars(odd)]);
    let (tags, text) = seen(&page);
    assert_eq!(page, render(&report, &rules(), &[bars(odd)]));
    assert_eq!(tags.iter().filter(|tag| tag.starts_with("script")).count(), 1);
    assert!(!tags.iter().any(|tag| tag.starts_with("img") || tag.contains(" on")), "{tags:?}");
    assert_eq!(tags.iter().filter(|tag| *tag == "li data-severity").count(), 6);
    let shown = "</script><img src=x onerror=alert(1)>\"'|`·";
    // File and option; column, id and message; title, unit, label and note of the chart.
    assert!(text.matches(shown).count() >= 7, "{text}");
    assert!(text.contains("line 3 · row 1 · a|b · id i|`·<b>"), "{text}");
    assert!(text.contains("to <b>[EMAIL]</mark>¦ ]]>¦") && text.contains("1,200¦"), "{text}");
    assert!(text.contains("6 of 10 findings are listed, at most 500 of one rule."), "{text}");
}

fn bars(odd: &str) -> Distribution {
    Distribution {
        title: odd.to_owned(),
        unit: odd.to_owned(),
        buckets: vec![(odd.to_owned(), 1200), ("0".to_owned(), 0)],
        note: Some(odd.to_owned()),
    }
}

#[test]
fn a_page_without_findings_says_who_looked() {
    let (tags, text) = seen(&render(&empty(), &rules(), &[]));
    assert!(text.contains("Nothing found.¦") && text.contains("PII001¦ leaked-personal-data"), "{text}");
    assert!(!tags.iter().any(|tag| tag.starts_with("select") || tag.starts_with("svg")), "{tags:?}");
}

#[test]
fn long_lists_are_cut_and_said_to_be() {
    let findings = (0..700).map(|row| finding("DUP001", "a", Some(row), "x")).collect();
    let file = FileRows { file: "a".to_owned(), kind: None, layout: Some("alpaca"), rows: 1 };
    let (tags, text) = seen(&render(&Report { findings, rows: vec![file; 1003], ..empty() }, &[], &[]));
    assert!(text.contains("3 more not listed.") && text.contains("¦alpaca¦"), "{text}");
    assert_eq!(tags.iter().filter(|tag| *tag == "li data-severity").count(), 500);
    assert!(text.contains("500 of 700 findings are listed"), "{text}");
}

#[test]
fn explanations_are_markdown_of_ours() {
    let shown = markdown::render("## Why\nA `<b>` and *more*:\n\n- [one](x)\n- <i>two\n\n```\na < b\n```\n");
    let expected = "<h4>Why</h4>\n<p>A <code>&lt;b&gt;</code> and <em>more</em>:</p>\n<ul>\n<li>one</li>\n<li>&lt;i&gt;two</li>\n</ul>\n<pre><code>a &lt; b\n</code></pre>\n";
    assert_eq!(shown.replace("<ul><li>", "<ul>\n<li>"), expected);
}
