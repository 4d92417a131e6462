//! Which format a file is in.

use super::archive::{Budget, Zip};
use super::{DocumentError, decode, docx, europass, json, json_resume, mastodon, odt, open, x};

/// The formats that can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// `CommonMark`, with or without front matter.
    Markdown,
    /// Plain UTF-8 text; blank lines part paragraphs.
    Text,
    /// A web page or a saved profile.
    Html,
    /// <https://jsonresume.org/schema>.
    JsonResume,
    /// A list of posts in JSON.
    Posts,
    /// Posts or profile of a Mastodon archive.
    Mastodon,
    /// Posts of an X (Twitter) archive.
    X,
    /// A table of a LinkedIn data export.
    LinkedIn,
    /// Any other table with commas, semicolons or tabs.
    Csv,
    /// A Word document.
    Docx,
    /// An OpenDocument text.
    Odt,
    /// A Europass CV in XML.
    Europass,
    /// PDF with a text layer.
    Pdf,
}

impl Format {
    /// The extensions that say the format, in lower case, without the dot.
    pub const EXTENSIONS: &'static [&'static str] = &[
        "md", "markdown", "txt", "text", "html", "htm", "json", "docx", "docm", "odt", "csv", "xml", "zip", "gz",
        "tgz", "pdf",
    ];

    /// The extension that files of this format have first of all.
    #[must_use]
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Markdown => "md",
            Self::Text => "txt",
            Self::Html => "html",
            Self::JsonResume | Self::Posts | Self::Mastodon => "json",
            Self::X => "js",
            Self::LinkedIn | Self::Csv => "csv",
            Self::Docx => "docx",
            Self::Odt => "odt",
            Self::Europass => "xml",
            Self::Pdf => "pdf",
        }
    }

    /// Whether the format is read by a large parser of others, which runs in a process of its own.
    #[must_use]
    pub const fn needs_sandbox(self) -> bool {
        matches!(self, Self::Pdf)
    }

    /// Whether a file of this name is worth opening. Says nothing about its content.
    #[must_use]
    pub fn supported(name: &str) -> bool {
        extension(name).is_some_and(|extension| Self::EXTENSIONS.contains(&extension.as_str()))
            || open::is_posts_file(name)
    }

    /// The format of a file: by extension, else by what the bytes begin with.
    ///
    /// A name without an extension may be plain text; one with an extension we do not know is read only when the
    /// content says for itself that it is HTML or JSON Resume.
    ///
    /// # Errors
    /// [`DocumentError::UnknownFormat`] when neither tells.
    pub fn detect(name: &str, bytes: &[u8]) -> Result<Self, DocumentError> {
        let extension = extension(name);
        if Zip::is(bytes) {
            return zipped(bytes).ok_or(DocumentError::UnknownFormat { extension });
        }
        match extension.as_deref() {
            Some("md" | "markdown") => return Ok(Self::Markdown),
            Some("txt" | "text") => return Ok(Self::Text),
            Some("html" | "htm") => return Ok(Self::Html),
            Some("json") => return Ok(json_kind(bytes)),
            Some("csv") => return Ok(Self::Csv),
            Some("docx" | "docm") => return Ok(Self::Docx),
            Some("odt") => return Ok(Self::Odt),
            Some("pdf") => return Ok(Self::Pdf),
            _ => {}
        }
        // Readers take a PDF that begins within the first kilobyte; one that comes to us so has no name to go by.
        if bytes[..bytes.len().min(1024)].windows(5).any(|start| start == b"%PDF-") {
            return Ok(Self::Pdf);
        }
        let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes).trim_ascii_start();
        let start = bytes[..bytes.len().min(64)].to_ascii_lowercase();
        if start.starts_with(b"<!doctype html") || start.starts_with(b"<html") {
            return Ok(Self::Html);
        }
        let text = std::str::from_utf8(bytes).ok().filter(|text| !text.contains('\0'));
        match text {
            Some(text) if x::kind(text).is_some_and(x::is_posts) => Ok(Self::X),
            Some(text) if text.starts_with('<') && europass::recognises(text) => Ok(Self::Europass),
            Some(text) if text.starts_with('{') && json_resume::recognises(text) => Ok(Self::JsonResume),
            Some(text) if extension.is_none() && (text.starts_with("# ") || text.starts_with("---\n")) => {
                Ok(Self::Markdown)
            }
            Some(_) if extension.is_none() => Ok(Self::Text),
            _ => Err(DocumentError::UnknownFormat { extension }),
        }
    }
}

/// The office format of a zip archive.
fn zipped(bytes: &[u8]) -> Option<Format> {
    let budget = Budget::new();
    let mut zip = Zip::open(bytes, &budget).ok()?;
    if docx::is_docx(&zip) { Some(Format::Docx) } else { odt::is_odt(&mut zip).then_some(Format::Odt) }
}

/// What a JSON file holds; what is not known is left to the reader of résumés, which says what it misses.
fn json_kind(bytes: &[u8]) -> Format {
    match decode(bytes).map(|text| json::shape(&text)) {
        Ok(Ok(json::Shape::List)) => Format::Posts,
        Ok(Ok(json::Shape::Object(keys))) => {
            if mastodon::is_outbox(&keys) || mastodon::is_actor(&keys) {
                Format::Mastodon
            } else if !keys.iter().any(|key| json_resume::is_key(key)) && super::posts::list_key(&keys).is_some() {
                Format::Posts
            } else {
                Format::JsonResume
            }
        }
        _ => Format::JsonResume,
    }
}

/// The lower-cased extension of the last part of a path; a leading dot is a hidden file, not an extension.
pub(super) fn extension(name: &str) -> Option<String> {
    let file = name.rsplit(['/', '\\']).next().unwrap_or(name);
    let (stem, extension) = file.rsplit_once('.')?;
    (!stem.is_empty() && !extension.is_empty()).then(|| extension.to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(name: &str, bytes: &[u8], expected: Option<Format>) {
        assert_eq!(Format::detect(name, bytes).ok(), expected);
    }

    #[test]
    fn the_extension_decides() {
        check("a/CV.MD", b"<html>", Some(Format::Markdown));
        check("notes.text", b"", Some(Format::Text));
        check("b.htm", b"x", Some(Format::Html));
        check("x.json", b"[]", Some(Format::Posts));
        check("x.json", b"{\"basics\": {}, \"items\": []}", Some(Format::JsonResume));
        check("x.json", b"{\"orderedItems\": []}", Some(Format::Mastodon));
        check("a.csv", b"x", Some(Format::Csv));
        check("data/tweets.js", b"window.YTD.tweets.part0 = []", Some(Format::X));
        check("like.js", b"window.YTD.like.part0 = []", None);
        check("cv.xml", b"<?xml version='1.0'?><SkillsPassport >", Some(Format::Europass));
        check("feed.xml", b"<rss>", None);
        assert!(Format::supported("dir.d/a.markdown"));
        assert!(!Format::supported("dir.md/a") && !Format::supported(".md"));
    }

    #[test]
    fn content_decides_where_the_name_is_silent() {
        check("page.aspx", b"\n <!DOCTYPE HTML><p>x", Some(Format::Html));
        check("export.resume", br#"{"basics": {"name": "A"}}"#, Some(Format::JsonResume));
        check("README", b"# Title", Some(Format::Markdown));
        check("README", b"Title", Some(Format::Text));
        check("cv.pdf", b"x", Some(Format::Pdf));
        check("download", b"\n%PDF-1.7", Some(Format::Pdf));
        check("main.rs", b"fn main() {}", None);
        check("blob", b"\0\0", None);
    }
}
