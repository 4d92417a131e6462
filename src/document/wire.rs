//! A document on its way between two processes of this program: out of the one that read a stranger's file, into the
//! one that goes on with it.
//!
//! The receiver takes nothing on trust: spans are checked again, and name, hash and format are its own.

use serde::{Deserialize, Serialize};

use super::{Block, BlockKind, Document, DocumentError, Format};
use crate::id::ContentHash;

#[derive(Serialize, Deserialize)]
enum Answer {
    Document { text: String, blocks: Vec<WireBlock> },
    Error(DocumentError),
}

#[derive(Serialize, Deserialize)]
struct WireBlock {
    kind: WireKind,
    start: usize,
    end: usize,
}

#[derive(Serialize, Deserialize)]
enum WireKind {
    Heading(u8),
    Paragraph,
    ListItem(u8),
    TableRow,
    KeyValue(String),
    Code,
}

/// What came of reading a file, as JSON.
///
/// # Errors
/// None that this type can meet; `serde_json`'s own otherwise.
pub fn to_wire(read: Result<Document, DocumentError>) -> Result<String, serde_json::Error> {
    let answer = match read {
        Ok(document) => {
            let blocks = document.blocks.into_iter().map(|block| WireBlock {
                kind: match block.kind {
                    BlockKind::Heading { level } => WireKind::Heading(level),
                    BlockKind::Paragraph => WireKind::Paragraph,
                    BlockKind::ListItem { depth } => WireKind::ListItem(depth),
                    BlockKind::TableRow => WireKind::TableRow,
                    BlockKind::KeyValue { key } => WireKind::KeyValue(key),
                    BlockKind::Code => WireKind::Code,
                },
                start: block.span.start,
                end: block.span.end,
            });
            Answer::Document { blocks: blocks.collect(), text: document.text }
        }
        Err(error) => Answer::Error(error),
    };
    serde_json::to_string(&answer)
}

/// The document that another process read from `bytes`.
///
/// # Errors
/// What the other process said, or [`DocumentError::ReaderCrashed`] when it made no sense.
pub fn from_wire(name: &str, bytes: &[u8], format: Format, answer: &[u8]) -> Result<Document, DocumentError> {
    let (text, blocks) = match serde_json::from_slice(answer) {
        Ok(Answer::Document { text, blocks }) => (text, blocks),
        Ok(Answer::Error(error)) => return Err(error),
        Err(_) => return Err(DocumentError::ReaderCrashed),
    };
    let mut checked: Vec<Block> = Vec::with_capacity(blocks.len());
    for block in blocks {
        let span = block.start..block.end;
        let after = checked.last().is_none_or(|last| last.span.end <= span.start);
        if !after || text.get(span.clone()).is_none_or(str::is_empty) {
            return Err(DocumentError::ReaderCrashed);
        }
        let kind = match block.kind {
            WireKind::Heading(level) => BlockKind::Heading { level },
            WireKind::Paragraph => BlockKind::Paragraph,
            WireKind::ListItem(depth) => BlockKind::ListItem { depth },
            WireKind::TableRow => BlockKind::TableRow,
            WireKind::KeyValue(key) => BlockKind::KeyValue { key },
            WireKind::Code => BlockKind::Code,
        };
        checked.push(Block { kind, span });
    }
    Ok(Document {
        name: name.to_owned(),
        hash: ContentHash::of(bytes),
        format,
        text,
        blocks: checked,
        people: Vec::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_and_back() {
        let source = "# A\n\nB: é\n\n- c\n  - d\n\n| e | f |\n|---|---|\n| g | h |\n\n```\ni\n```\n\nj";
        let document = super::super::extract("a.md", source.as_bytes()).unwrap();
        let wire = to_wire(Ok(document.clone())).unwrap();
        let back = from_wire("a.md", source.as_bytes(), Format::Markdown, wire.as_bytes()).unwrap();
        assert_eq!((back.text, back.blocks, back.hash), (document.text, document.blocks, document.hash));
        for error in [DocumentError::PdfPictures, DocumentError::NotUtf8 { offset: 3 }] {
            let wire = to_wire(Err(error.clone())).unwrap();
            assert_eq!(from_wire("a", b"", Format::Pdf, wire.as_bytes()).unwrap_err(), error);
        }
    }

    #[test]
    fn nonsense_is_refused() {
        let blocks = |blocks: &str| format!(r#"{{"Document":{{"text":"né x","blocks":[{blocks}]}}}}"#);
        for answer in [
            String::new(),
            "{}".to_owned(),
            blocks(r#"{"kind":"Code","start":0,"end":2}"#),
            blocks(r#"{"kind":"Code","start":0,"end":99}"#),
            blocks(r#"{"kind":"Code","start":1,"end":1}"#),
            blocks(r#"{"kind":"Code","start":0,"end":3},{"kind":"Code","start":1,"end":3}"#),
        ] {
            let read = from_wire("a", b"", Format::Pdf, answer.as_bytes());
            assert_eq!(read.unwrap_err(), DocumentError::ReaderCrashed, "{answer}");
        }
    }
}
