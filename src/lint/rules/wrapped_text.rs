//! TXT004: prose in the clothes of a data format.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value;

use super::pattern;
use super::prelude::*;
use crate::dataset::Shape;
use crate::lint::mention::{in_code, quoted};

/// Flags texts that are one code fence or one JSON value, and HTML left in prose.
pub(in crate::lint) struct WrappedText;

static META: Meta = Meta {
    code: "TXT004",
    name: "wrapped-text",
    severity: Severity::Warning,
    fix: Some(Fix::Safe),
    kinds: &Kind::ALL,
    summary: "A whole text stands in a code fence or is JSON, or HTML was left in prose",
    explanation: "
## Why it matters
The wrapping comes from the way the teacher was asked or the page was fetched. The student learns to wrap its answers.

## Example
Three backticks before and after a paragraph; `{\"answer\": \"Two of them.\"}` as the whole response;
`It was <b>slow</b>&nbsp;today.<br>`.
Code in a fence is fine and so is a fence around part of a text. JSON is fine as a tool call, and where the question
speaks of JSON, a schema or a list. Tags in backticks or code are fine, and tags in rows that are about HTML.
Tags count when they are closed or stand alone by nature (`<br>`), so `a <b and c> d` is none.

## How to fix
The fix takes the fence off. JSON and HTML have to be read by whoever knows what was meant: mend the parser or the page
extraction, and generate the row again.
",
};

impl Rule for WrappedText {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn start<'a>(&self, _settings: &'a LintSettings, _cx: &Context<'a>) -> Box<dyn Check + 'a> {
        Box::new(Wrapping)
    }
}

struct Wrapping;

impl Check for Wrapping {
    fn row(&self, row: &View<'_>, out: &mut Findings) {
        let native = row.table.layout.as_ref().is_some_and(|layout| layout.shape == Shape::Native);
        for text in row.texts() {
            // Instructions may show formats, and what others give as context may be any page or tool result.
            let foreign = !native && matches!(text.role, Role::Context | Role::Prompt);
            if text.role == Role::System || text.role == Role::Key {
                continue;
            }
            let words = text.text.trim_start();
            if let Some(wrap) = words.starts_with(['`', '~', '{', '[']).then(|| wrapping(text.text)).flatten()
                && !foreign
                && text.role != Role::Context
                && !asked_for(row, wrap.subjects())
            {
                let finding = row.finding_in(&META, text, format!("`{}` {}", text.name, wrap.name()));
                out.push(match wrap {
                    Wrap::Fence => finding.safe(Edit::rewrite(&text.name, unfenced)),
                    Wrap::Json => finding,
                });
                continue;
            }
            // Users of a chat paste pages.
            if foreign && (text.role == Role::Context || text.name.contains('[')) {
                continue;
            }
            if let Some((range, what)) = markup(text.text)
                && !asked_for(row, &MARKUP)
                && (matches!(text.role, Role::Prompt | Role::Context) || !asked_for(row, &["</"]))
            {
                let message = format!("`{}` holds {what}", text.name);
                out.mark(row.finding_in(&META, text, message), text.text, range);
            }
        }
    }
}

/// What a text is wrapped in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wrap {
    Fence,
    Json,
}

impl Wrap {
    const fn name(self) -> &'static str {
        match self {
            Self::Fence => "is prose in a code fence",
            Self::Json => "is JSON where words were asked for",
        }
    }

    /// Words of a question that ask for such an answer.
    const fn subjects(self) -> &'static [&'static str] {
        match self {
            Self::Fence => {
                &["markdown", "code block", "fence", "backtick", "readme", "ascii", "verbatim", "preformatted"]
            }
            Self::Json => &[
                "json",
                "schema",
                "dictionary",
                "dict",
                "array",
                "config",
                "payload",
                "structured",
                "parse",
                "extract",
            ],
        }
    }
}

/// Words of a row that is about web pages.
const MARKUP: [&str; 22] = [
    "html", "css", "xml", "svg", "jsx", "react", "vue", "angular", "tag", "markup", "web page", "webpage", "website",
    "entity", "entities", "escape", "sanitiz", "sanitis", "dom ", "browser", "element", "template",
];

/// Whether something that comes before the answer speaks of one of these.
fn asked_for(row: &View<'_>, subjects: &[&str]) -> bool {
    row.texts().filter(|text| matches!(text.role, Role::Prompt | Role::System | Role::Context)).any(|text| {
        let lower = text.text.to_ascii_lowercase();
        // At the beginning of a word: a monkey is no key.
        subjects.iter().any(|subject| {
            let signs = !subject.starts_with(|c: char| c.is_ascii_alphabetic());
            lower
                .match_indices(subject)
                .any(|(at, _)| signs || !lower[..at].chars().next_back().is_some_and(char::is_alphanumeric))
        })
    })
}

/// What the whole text is wrapped in, when the wrapping is not what was meant.
fn wrapping(text: &str) -> Option<Wrap> {
    if let Some((info, inner)) = fenced(text) {
        return match info.to_ascii_lowercase().as_str() {
            "" | "text" | "txt" | "plain" | "plaintext" | "output" | "response" => {
                if is_json(inner) {
                    Some(Wrap::Json)
                } else {
                    prose(inner).then_some(Wrap::Fence)
                }
            }
            "markdown" | "md" => Some(Wrap::Fence),
            "json" => is_json(inner).then_some(Wrap::Json),
            _ => None,
        };
    }
    is_json(text).then_some(Wrap::Json)
}

/// The language and the content of a text that is one fence and nothing else.
fn fenced(text: &str) -> Option<(&str, &str)> {
    let text = text.trim();
    let mark = text.chars().next().filter(|c| matches!(c, '`' | '~'))?;
    let ticks = text.bytes().take_while(|b| *b == mark as u8).count();
    if ticks < 3 {
        return None;
    }
    let (info, rest) = text[ticks..].split_once('\n')?;
    let close = &text[..ticks];
    let inner = rest.strip_suffix(close)?;
    let line = inner.rfind('\n').map_or("", |at| &inner[at + 1..]);
    // The closing fence has a line of its own, and no other fence stands between.
    let alone = line.trim().is_empty() && !inner.lines().any(|line| line.trim_start().starts_with(close));
    (alone && !info.contains(mark)).then(|| (info.trim(), inner.trim_matches('\n').trim_end()))
}

/// The text without its fence.
fn unfenced(text: &str) -> Option<String> {
    let mut now = text;
    while let Some(Wrap::Fence) = wrapping(now) {
        now = fenced(now)?.1;
    }
    (now.len() < text.len()).then(|| now.to_owned())
}

/// An object, or a list with objects; a tool call is what it should be.
fn is_json(text: &str) -> bool {
    let text = text.trim();
    if !(text.starts_with('{') && text.ends_with('}') || text.starts_with('[') && text.ends_with(']')) {
        return false;
    }
    let call = |value: &Value| {
        value.get("name").is_some() && ["arguments", "parameters", "args"].iter().any(|key| value.get(key).is_some())
    };
    match serde_json::from_str::<Value>(text) {
        Ok(value @ Value::Object(_)) => value.as_object().is_some_and(|held| !held.is_empty()) && !call(&value),
        Ok(Value::Array(items)) => {
            let said = |item: &Value| item.is_object() || item.is_string();
            !items.is_empty() && items.iter().all(said) && !items.iter().any(call)
        }
        _ => false,
    }
}

/// Whether lines are sentences and not code: words with few signs, ended like sentences, none indented.
fn prose(text: &str) -> bool {
    let words = text.split_whitespace().filter(|word| word.chars().any(char::is_alphabetic)).count();
    let signs = text.chars().filter(|c| "={}[]<>_\\|$;#@&^~/+".contains(*c)).count();
    let total = text.chars().count();
    let ends = text.trim_end().ends_with(['.', '!', '?', '…', '"', '”', '»', '。', '！', '？', ')', ':']);
    let indented = text.lines().any(|line| line.starts_with("  ") || line.starts_with('\t'));
    words >= 4 && signs * 50 <= total && ends && !indented
}

/// Tags that format words. `<s>` is not among them: it is a control token as often.
const TAG: &str = r#"(?i)<(?P<close>/?)(?P<name>p|br|hr|div|span|b|i|u|em|strong|ul|ol|li|h[1-6]|table|tbody|thead|tr|td|th|a|img|font|center|blockquote|small|iframe|script|style|section|article|figure)(?P<attributes>\s+[a-z-]+\s*=\s*["'][^"'<>]*["'][^<>]*|\s*/?)>"#;
/// Named and numbered entities.
const ENTITY: &str = r"&(?:amp|lt|gt|quot|apos|nbsp|hellip|mdash|ndash|rsquo|lsquo|rdquo|ldquo|bull|middot|copy|reg|trade|euro|pound|deg|times|laquo|raquo|[aeiou]uml|[aeiou]acute|[ae]grave|ccedil|ntilde|szlig|#\d{2,6}|#[xX][0-9a-fA-F]{2,5});";

static TAGS: LazyLock<Option<Regex>> = LazyLock::new(|| pattern(TAG));
static ENTITIES: LazyLock<Option<Regex>> = LazyLock::new(|| pattern(ENTITY));

/// Tags of a text that are looked at, and bytes behind one in which its partner is looked for.
const MOST_TAGS: usize = 64;
const NEAR: usize = 8192;

/// The first piece of markup in prose, in bytes, and what it is.
fn markup(text: &str) -> Option<(Range<usize>, &'static str)> {
    let used = |range: &Range<usize>| !in_code(text, range.start) && !quoted(text, range.start);
    let document = || {
        let start = text.trim_start();
        ["<!doctype", "<html", "<?xml", "<svg"]
            .iter()
            .any(|open| start.get(..open.len()).is_some_and(|head| head.eq_ignore_ascii_case(open)))
    };
    if text.contains('<')
        && text.contains('>')
        && let Some(tags) = TAGS.as_ref()
        && !document()
    {
        for hit in tags.captures_iter(text).take(MOST_TAGS) {
            let (Some(whole), Some(name)) = (hit.get(0), hit.name("name")) else { continue };
            let range = whole.range();
            let name = name.as_str().to_ascii_lowercase();
            // `<br>` needs no partner; others prove themselves by theirs, or by attributes.
            let single = matches!(name.as_str(), "br" | "hr" | "img");
            let closed = || {
                let end = format!("</{name}>");
                let near = text.len().min(range.end + NEAR);
                let near = (0..=near).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(range.end);
                text[range.end..near].to_ascii_lowercase().contains(&end)
            };
            let attributes = hit.name("attributes").is_some_and(|found| found.as_str().contains('='));
            let opens = hit.name("close").is_some_and(|found| found.is_empty());
            let talked_about = [" tag", " element"].iter().any(|word| text[range.end..].starts_with(word));
            if (single || attributes || (opens && closed())) && !talked_about && used(&range) {
                return Some((range, "an HTML tag"));
            }
        }
    }
    if text.contains('&')
        && text.contains(';')
        && let Some(entities) = ENTITIES.as_ref()
    {
        let hit = entities.find_iter(text).take(MOST_TAGS).map(|hit| hit.range()).find(used)?;
        return Some((hit, "an HTML entity"));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_prose_is_unwrapped() {
        let check = |text: &str, expected: Option<Wrap>| assert_eq!(wrapping(text), expected, "{text}");
        check("```\nThe rope held all night, twice.\n```", Some(Wrap::Fence));
        check("```text\ntea was cold. went home early.\n```\n", Some(Wrap::Fence));
        check("~~~markdown\n# Rope\n~~~", Some(Wrap::Fence));
        check("{\"answer\": \"Two of them.\"}", Some(Wrap::Json));
        check("```json\n{\"answer\": 2}\n```", Some(Wrap::Json));
        check("[{\"question\": \"Why?\"}]", Some(Wrap::Json));
        check("```python\nprint('The rope held all night.')\n```", None);
        check("```\ncargo test --lib lint\n```", None);
        check("```\nfor x in rope:\n    print(x)\n```", None);
        check("```\na\n```\nand more of it here.\n```\nb\n```", None);
        check("Use this:\n```\nThe rope held all night.\n```", None);
        check("`inline` words and more.", None);
        check("[1, 2, 3]", None);
        check("{\"name\": \"winch\", \"arguments\": {\"metres\": 3}}", None);
        check("[PERSON_1] called about {rope}", None);
        check("{}", None);
    }

    #[test]
    fn the_fence_comes_off_once() {
        let check = |text: &str, expected: Option<&str>| {
            assert_eq!(unfenced(text).as_deref(), expected, "{text}");
            assert_eq!(expected.and_then(unfenced), None, "{text}");
        };
        check("```\nThe rope held all night.\n```", Some("The rope held all night."));
        check("````\n```text\nThe rope held all night.\n```\n````", None);
        check("```sh\nls\n```", None);
        check("~~~\n```text\nThe rope held all night.\n```\n~~~", None);
    }

    #[test]
    fn tags_and_entities_but_not_their_mention() {
        let check = |text: &str, expected: bool| assert_eq!(markup(text).is_some(), expected, "{text}");
        check("It was <b>slow</b> today.", true);
        check("First line<br>second line", true);
        check("<p>One paragraph.</p>", true);
        check("see <a href=\"https://example.com\">the page", true);
        check("Tea &amp; rope", true);
        check("It didn&#39;t hold&nbsp;well", true);
        check("Use `<b>slow</b>` there", false);
        check("```html\n<p>One</p>\n```", false);
        check("a <b and c> d; if a<b then b>a", false);
        check("the <p> tag and the <br> element", false);
        check("Vec<i> and <i> alone", false);
        check("AT&T; R&D; rope & tea", false);
        check("It was <s>slow</s> fine", false);
        check("write `&amp;` for it", false);
        check("<thought> and <rope>", false);
        check("<!DOCTYPE html>\n<p>One</p>", false);
        check("x < 3 && y > 4;", false);
    }
}
