//! Extraction: the bytes of a file come in, a [`Document`] goes out.
//!
//! A `Document` is a block tree flattened in reading order over one Markdown text. It holds personal data, so it
//! has no `Display`, no `Serialize` and a redacted `Debug`; the only way on is [`crate::mask::Masker::mask`]. Nothing here
//! opens a file: the caller reads, under [`MAX_FILE_BYTES`], and hands over bytes.
//!
//! The text is for reading, not for rendering back: emphasis marks go, links, lists, headings and table rows stay,
//! and nothing is escaped anew. Every word of it lies in exactly one block.
//!
//! [`open`] reads archives as the documents in them; [`extract`] reads one document.
//!
//! One file per format. Adding one: a file with `fn extract(text) -> Result<Builder, DocumentError>`, an arm in
//! [`Format`] and in `read_text`, a folder under `fixtures/documents/`.

mod archive;
mod builder;
mod docx;
mod element;
mod error;
mod europass;
mod flow;
mod format;
mod front_matter;
mod html;
mod inline;
mod json;
mod json_resume;
mod label;
mod linkedin;
mod markdown;
mod mastodon;
mod odt;
mod office;
mod open;
mod pdf;
mod people;
mod posts;
mod table;
mod tag;
mod text;
mod wire;
mod x;
mod xml;

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use crate::id::ContentHash;

pub use error::DocumentError;
pub use format::Format;
pub use label::label;
pub use open::{MAX_ARCHIVE_BYTES, MAX_POSTS_BYTES, Opened, max_bytes, open};
pub use wire::{from_wire, to_wire};

use archive::Budget;
use builder::Builder;
use table::Table;

/// The largest file read; a career on paper is some thousand times smaller.
pub const MAX_FILE_BYTES: usize = 32 * 1024 * 1024;

/// How deep elements, quotes and lists may nest.
pub const MAX_DEPTH: usize = 256;

/// Reads one file's bytes as a [`Document`].
///
/// `name` picks the format by its extension (see [`Format::detect`]) and becomes [`Document::name`]. Input is UTF-8,
/// or UTF-16 with a byte order mark. Time and memory are linear in the length of `bytes`.
///
/// # Errors
/// [`DocumentError`] when the bytes are not of a format read here, not text, without a word, or past a limit.
pub fn extract(name: &str, bytes: &[u8]) -> Result<Document, DocumentError> {
    extract_with(&Source { name, bytes, budget: &Budget::new(), long: &x::LongPosts::default() })
}

/// A file with what is known from the archive it lies in.
struct Source<'s> {
    name: &'s str,
    bytes: &'s [u8],
    budget: &'s Budget,
    long: &'s x::LongPosts,
}

fn extract_with(source: &Source<'_>) -> Result<Document, DocumentError> {
    let Source { name, bytes, .. } = *source;
    office::check(bytes)?;
    let mut format = Format::detect(name, bytes)?;
    let limit = match format {
        Format::Docx | Format::Odt => MAX_ARCHIVE_BYTES,
        Format::X | Format::Mastodon | Format::Posts => MAX_POSTS_BYTES,
        _ => MAX_FILE_BYTES,
    };
    if bytes.len() > limit {
        return Err(DocumentError::TooLarge { bytes: bytes.len(), limit });
    }
    let mut builder = match format {
        Format::Docx => docx::extract(bytes, source.budget)?,
        Format::Odt => odt::extract(bytes, source.budget)?,
        Format::Pdf => pdf::extract(bytes)?,
        _ => read_text(&mut format, source)?,
    };
    let people = builder.take_people();
    let (text, blocks) = builder.finish();
    if !text.chars().any(char::is_alphanumeric) {
        return Err(DocumentError::Empty);
    }
    Ok(Document { name: name.to_owned(), hash: ContentHash::of(bytes), format, text, blocks, people })
}

/// Reads a format that is text. A table turns out to be of an export only when its columns are seen.
fn read_text(format: &mut Format, source: &Source<'_>) -> Result<Builder, DocumentError> {
    let text = decode(source.bytes)?;
    match format {
        Format::Markdown => markdown::extract(&text),
        Format::Text => Ok(text::extract(&text)),
        Format::Html => html::extract(&text),
        Format::JsonResume => json_resume::extract(&text),
        Format::Europass => europass::extract(&text),
        Format::X => x::extract(&text, source.long),
        Format::Mastodon => match json::shape(&text)? {
            json::Shape::Object(keys) if mastodon::is_outbox(&keys) => mastodon::outbox(&text),
            _ => mastodon::actor(&text),
        },
        Format::Posts => match json::shape(&text)? {
            json::Shape::Object(keys) => posts::extract(&text, posts::list_key(&keys)),
            _ => posts::extract(&text, None),
        },
        Format::Csv | Format::LinkedIn => {
            let table = Table::parse(&text)?;
            match linkedin::read(source.name, &table)? {
                Some(linkedin::Reading::Document(builder)) => {
                    *format = Format::LinkedIn;
                    Ok(builder)
                }
                Some(linkedin::Reading::People(_)) => Err(DocumentError::Private),
                None => {
                    let mut builder = Builder::default();
                    table.write(&mut builder);
                    Ok(builder)
                }
            }
        }
        Format::Docx | Format::Odt | Format::Pdf => Err(DocumentError::UnknownFormat { extension: None }),
    }
}

/// UTF-8 with or without its mark, or UTF-16 with one; line ends become `\n`.
///
/// Nothing is guessed: a wrong code page turns names into noise that no recognizer finds.
fn decode(bytes: &[u8]) -> Result<Cow<'_, str>, DocumentError> {
    let text = match bytes {
        [0xEF, 0xBB, 0xBF, rest @ ..] => Cow::Borrowed(utf8(rest, 3)?),
        [0xFF, 0xFE, rest @ ..] => Cow::Owned(utf16(rest, u16::from_le_bytes)?),
        [0xFE, 0xFF, rest @ ..] => Cow::Owned(utf16(rest, u16::from_be_bytes)?),
        _ => Cow::Borrowed(utf8(bytes, 0)?),
    };
    if text.contains('\r') {
        return Ok(Cow::Owned(text.replace("\r\n", "\n").replace('\r', "\n")));
    }
    Ok(text)
}

fn utf8(bytes: &[u8], skipped: usize) -> Result<&str, DocumentError> {
    std::str::from_utf8(bytes).map_err(|error| DocumentError::NotUtf8 { offset: skipped + error.valid_up_to() })
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Result<String, DocumentError> {
    let (pairs, rest) = bytes.as_chunks::<2>();
    let mut text = String::with_capacity(bytes.len());
    let mut offset = 2;
    for character in char::decode_utf16(pairs.iter().map(|pair| unit(*pair))) {
        let character = character.map_err(|_| DocumentError::NotUtf8 { offset })?;
        offset += 2 * character.len_utf16();
        text.push(character);
    }
    if rest.is_empty() { Ok(text) } else { Err(DocumentError::NotUtf8 { offset }) }
}

/// What a block is; its words are `text[span]` of the document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BlockKind {
    /// A heading, level 1 to 6.
    Heading {
        /// 1 is the document's title.
        level: u8,
    },
    /// Running text.
    Paragraph,
    /// One list item with its marker.
    ListItem {
        /// 0 for the outermost list.
        depth: u8,
    },
    /// One row of a table, cells parted by ` | `.
    TableRow,
    /// `Label: value`, as contact blocks have it.
    KeyValue {
        /// The label, without the colon.
        key: String,
    },
    /// A fenced or indented code block.
    Code,
}

/// One block in reading order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// What it is.
    pub kind: BlockKind,
    /// Bytes of [`Document::expose_text`], on character boundaries, in ascending order, never overlapping.
    pub span: Range<usize>,
}

/// A document as it was written: personal data included.
#[derive(Clone)]
pub struct Document {
    pub(crate) name: String,
    pub(crate) hash: ContentHash,
    pub(crate) format: Format,
    pub(crate) text: String,
    pub(crate) blocks: Vec<Block>,
    pub(crate) people: Vec<String>,
}

impl Document {
    /// The path under `sources/`, with `/`; never shown to a teacher.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Hash of the file's bytes.
    #[must_use]
    pub fn hash(&self) -> &ContentHash {
        &self.hash
    }

    /// The format it was read as.
    #[must_use]
    pub fn format(&self) -> Format {
        self.format
    }

    /// The unmasked Markdown. For `distill extract`, the masker and tests; everything else works on masked text.
    #[must_use]
    pub fn expose_text(&self) -> &str {
        &self.text
    }

    /// Names that the structure of the file says are people's: its author, references, senders, contacts.
    #[must_use]
    pub fn people(&self) -> &[String] {
        &self.people
    }

    /// Blocks in reading order.
    #[must_use]
    pub fn blocks(&self) -> &[Block] {
        &self.blocks
    }
}

impl fmt::Debug for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Document")
            .field("hash", &self.hash)
            .field("format", &self.format)
            .field("bytes", &self.text.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
