//! Posts, one after another: what exports of social networks and blogs come to.

use serde_json::Value;

use super::builder::Builder;
use super::{DocumentError, html, json, text};

/// Keys under which an object keeps its list of posts.
const LISTS: &[&str] = &["posts", "items", "entries", "statuses", "articles"];

/// The key of an object under which its posts lie.
pub(super) fn list_key(keys: &[String]) -> Option<&'static str> {
    LISTS.iter().find(|list| keys.iter().any(|key| key == *list)).copied()
}

/// Keys of a post's words, the fullest first.
const WORDS: &[&str] = &["text", "content", "body", "content_text", "content_html", "full_text", "message", "caption"];

/// Keys of the day it was posted.
const DATES: &[&str] = &[
    "date",
    "created_at",
    "createdAt",
    "published",
    "publishedAt",
    "published_at",
    "date_published",
    "timestamp",
    "time",
];

/// A post.
#[derive(Default)]
pub(super) struct Post {
    /// Its title, or the day it was posted.
    pub(super) heading: String,
    /// What stands under the heading before the words: `Label: value`.
    pub(super) lines: Vec<(String, String)>,
    /// The words.
    pub(super) body: Vec<Body>,
}

/// Words as they are written.
pub(super) enum Body {
    /// Blank lines part paragraphs.
    Plain(String),
    /// A fragment of a page.
    Html(String),
}

impl Post {
    /// Writes a post as a section.
    pub(super) fn write(&self, level: u8, out: &mut Builder) -> Result<(), DocumentError> {
        let mut section = Builder::default();
        for body in &self.body {
            match body {
                Body::Plain(words) => write_prose(&mut section, words),
                Body::Html(source) => section.append(html::extract(source)?),
            }
        }
        if section.is_empty() && self.lines.is_empty() {
            return Ok(());
        }
        out.heading(level, &self.heading);
        for (key, value) in &self.lines {
            out.key_value(0, key, &format!("{key}: {value}"));
        }
        out.append(section);
        out.gap();
        Ok(())
    }
}

/// Writes running text; blank lines part paragraphs, and lines that begin with a bullet are items.
pub(super) fn write_prose(out: &mut Builder, words: &str) {
    let mut paragraph = String::new();
    for line in words.lines().chain([""]) {
        let item = line.trim_start().strip_prefix(text::is_bullet).or_else(|| line.trim_start().strip_prefix("- "));
        if item.is_none() && !line.trim().is_empty() {
            paragraph.push_str(line);
            paragraph.push('\n');
            continue;
        }
        if !paragraph.is_empty() {
            out.paragraph(0, "", &paragraph);
            paragraph.clear();
        }
        if let Some(words) = item {
            out.item(0, 0, "-", words);
        }
    }
}

/// The day of a date and time, or what stands there.
pub(super) fn day(date: &str) -> &str {
    let date = date.trim();
    let iso = date.get(..10).filter(|day| {
        day.bytes()
            .enumerate()
            .all(|(idx, byte)| if matches!(idx, 4 | 7) { byte == b'-' } else { byte.is_ascii_digit() })
    });
    iso.filter(|_| date.as_bytes().get(10).is_none_or(|byte| matches!(byte, b'T' | b' '))).unwrap_or(date)
}

/// Reads a list of posts of nobody's known export; `key` is where it lies.
pub(super) fn extract(text: &str, key: Option<&str>) -> Result<Builder, DocumentError> {
    let (mut out, mut result, mut posts) = (Builder::default(), Ok(()), 0usize);
    json::entries(text, key, &mut |entry| {
        if let Some(post) = post(&entry) {
            posts += 1;
            if result.is_ok() {
                result = post.write(2, &mut out);
            }
        }
    })?;
    result?;
    if posts == 0 { Err(DocumentError::NotJsonResume) } else { Ok(out) }
}

fn post(entry: &Value) -> Option<Post> {
    let text = |key: &str| entry.get(key).and_then(Value::as_str).filter(|words| !words.trim().is_empty());
    let words = entry.as_str().or_else(|| WORDS.iter().find_map(|key| text(key)))?;
    let date = DATES.iter().find_map(|key| text(key)).map(|date| day(date).to_owned());
    let title = text("title").or_else(|| text("name")).map(str::to_owned);
    let (heading, lines) = match (title, date) {
        (Some(title), Some(date)) => (title, vec![("Date".to_owned(), date)]),
        (title, date) => (title.or(date).unwrap_or_default(), Vec::new()),
    };
    let body = if is_html(words) { Body::Html(words.to_owned()) } else { Body::Plain(words.to_owned()) };
    Some(Post { heading, lines, body: vec![body] })
}

/// Whether words are a fragment of a page.
fn is_html(words: &str) -> bool {
    let words = words.trim();
    words.starts_with('<') && words.ends_with('>') && words.contains("</")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_posts() {
        let source = r#"[{"text": "One\nline.\n\nTwo.", "date": "2024-05-06T07:08:09Z", "id": 7},
            {"title": "Tea", "content": "<p>Hot &amp; strong</p>", "created_at": "May 2023"}, {"id": 3}, "Bare."]"#;
        assert_eq!(
            extract(source, None).unwrap().finish().0,
            "## 2024-05-06\n\nOne\nline.\n\nTwo.\n\n## Tea\n\nDate: May 2023\n\nHot & strong\n\nBare.\n"
        );
        assert_eq!(extract("[{\"id\": 1}]", None).err(), Some(DocumentError::NotJsonResume));
    }

    #[test]
    fn days() {
        assert_eq!(day("2024-05-06 07:08:09"), "2024-05-06");
        assert_eq!(day("2024-05-06"), "2024-05-06");
        assert_eq!(day("6 May 2024"), "6 May 2024");
        assert_eq!(day("2024-05-067"), "2024-05-067");
    }
}
