//! What the fuzz targets ask of the crate. A target is one line; what has to hold is here.

use std::collections::BTreeSet;
use std::io::{Cursor, Write};
use std::sync::LazyLock;

use distill::document::{self, Document, Format};
use distill::mask::{Entity, Masker, Policy, Span, Vault, scan};
use flate2::{Compression, write::GzEncoder};
use zip::write::{SimpleFileOptions, ZipWriter};

/// The parts of a Word document, the ones that matter most first.
pub const DOCX: &[&str] = &[
    "word/document.xml",
    "word/_rels/document.xml.rels",
    "word/styles.xml",
    "word/numbering.xml",
    "word/header1.xml",
    "word/footer1.xml",
    "word/footnotes.xml",
    "docProps/core.xml",
    "_rels/.rels",
    "[Content_Types].xml",
];

/// The parts of an OpenDocument text.
pub const ODT: &[&str] = &["content.xml", "styles.xml", "meta.xml", "mimetype", "META-INF/manifest.xml"];

/// Stands between the parts of an input: no UTF-8 text holds it.
const PART: u8 = 0xFF;

/// Reads a file and checks what was read.
pub fn read(name: &str, bytes: &[u8]) {
    let Ok(opened) = document::open(name, bytes) else { return };
    for (_, document) in opened.documents {
        if let Ok(document) = document {
            whole(&document);
        }
    }
}

/// Every word lies in exactly one block, and another process gets the same document.
fn whole(document: &Document) {
    let text = document.expose_text();
    assert!(text.chars().any(char::is_alphanumeric), "a document without a word");
    let mut end = 0;
    for block in document.blocks() {
        assert!(block.span.start >= end && block.span.start < block.span.end, "blocks in order, none empty");
        assert!(text[end..block.span.start].trim().is_empty(), "no words between blocks");
        assert!(!text[block.span.clone()].starts_with(char::is_whitespace), "no blank begins a block");
        end = block.span.end;
    }
    assert!(text[end..].trim().is_empty(), "no words after the last block");
    let sent = document::to_wire(Ok(document.clone())).expect("a document can be sent");
    let got = document::from_wire("a", b"", document.format(), sent.as_bytes()).expect("and read again");
    assert_eq!(got.expose_text(), text);
    assert_eq!(got.blocks(), document.blocks());
}

/// Tables are known by their columns, and a few by their names.
pub fn table(bytes: &[u8]) {
    for name in ["a.csv", "Connections.csv", "Profile.csv", "Shares.csv"] {
        read(name, bytes);
    }
}

/// What JSON holds is told by its keys; posts of X stand in what looks like a script.
pub fn json(bytes: &[u8]) {
    for name in ["a.json", "data/tweets.js"] {
        read(name, bytes);
    }
}

/// The answer of a reader that went wrong.
pub fn wire(bytes: &[u8]) {
    if let Ok(document) = document::from_wire("a", b"", Format::Pdf, bytes) {
        let mut end = 0;
        for block in document.blocks() {
            assert!(block.span.start >= end && document.expose_text().get(block.span.clone()).is_some());
            end = block.span.end;
        }
    }
}

/// An office file of the parts of an input, which get these names in turn.
pub fn package(name: &str, names: &[&str], bytes: &[u8]) {
    let parts: Vec<Vec<u8>> = bytes.split(|byte| *byte == PART).map(closed).collect();
    read(name, &zipped(names.iter().copied().zip(parts.iter().map(Vec::as_slice))));
}

/// XML as it comes, and put right.
pub fn xml(name: &str, bytes: &[u8]) {
    read(name, bytes);
    read(name, &closed(bytes));
}

/// XML with its elements closed in order: what a mutation leaves is hardly ever well-formed, and would be refused
/// before it meets the code that is to be tried.
fn closed(xml: &[u8]) -> Vec<u8> {
    let (mut out, mut open): (Vec<u8>, Vec<&[u8]>) = (Vec::with_capacity(xml.len()), Vec::new());
    let close = |out: &mut Vec<u8>, name: &[u8]| out.extend([b"</", name, b">"].concat());
    let mut rest = xml;
    while let Some(at) = rest.iter().position(|byte| *byte == b'<') {
        out.extend(&rest[..at]);
        rest = &rest[at..];
        let Some(end) = rest.iter().position(|byte| *byte == b'>') else { break };
        let (tag, after) = rest.split_at(end + 1);
        rest = after;
        let name = |from: usize| {
            let name = &tag[from..end];
            &name[..name.iter().position(|byte| byte.is_ascii_whitespace() || *byte == b'/').unwrap_or(name.len())]
        };
        match tag.get(1) {
            Some(b'!' | b'?') => out.extend(tag),
            Some(b'/') => {
                if let Some(idx) = open.iter().rposition(|open| *open == name(2)) {
                    open.drain(idx..).rev().for_each(|name| close(&mut out, name));
                }
            }
            _ => {
                out.extend(tag);
                if tag.get(end.saturating_sub(1)) != Some(&b'/') {
                    open.push(name(1));
                }
            }
        }
    }
    if !rest.starts_with(b"<") {
        out.extend(rest);
    }
    open.into_iter().rev().for_each(|name| close(&mut out, name));
    out
}

/// A zip archive of the parts of an input, each name before its content.
#[must_use]
pub fn export(bytes: &[u8]) -> Vec<u8> {
    let parts: Vec<&[u8]> = bytes.split(|byte| *byte == PART).collect();
    let names: Vec<String> = parts.iter().step_by(2).map(|name| String::from_utf8_lossy(name).into_owned()).collect();
    zipped(names.iter().map(String::as_str).zip(parts.iter().skip(1).step_by(2).copied()))
}

fn zipped<'p>(parts: impl Iterator<Item = (&'p str, &'p [u8])>) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    for (name, content) in parts {
        // A name that stands there twice is refused by the writer, not by what is tried here.
        if zip.start_file(name, options).is_ok() {
            zip.write_all(content).expect("memory can be written to");
        }
    }
    zip.finish().map(Cursor::into_inner).unwrap_or_default()
}

/// A gzipped tar archive of the bytes, with the sums of its headers put right.
#[must_use]
pub fn tar(bytes: &[u8]) -> Vec<u8> {
    const BLOCK: usize = 512;
    let mut bytes = bytes.to_vec();
    let mut at = 0;
    while let Some(header) = bytes.get_mut(at..at + BLOCK).filter(|header| header.iter().any(|byte| *byte != 0)) {
        header[148..156].fill(b' ');
        let sum: u32 = header.iter().copied().map(u32::from).sum();
        header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        let size = std::str::from_utf8(&header[124..136]).unwrap_or_default();
        let size = usize::from_str_radix(size.trim_matches(['\0', ' ']), 8).unwrap_or(0);
        at += BLOCK + size.min(bytes.len()).next_multiple_of(BLOCK);
    }
    let mut gzip = GzEncoder::new(Vec::new(), Compression::none());
    gzip.write_all(&bytes).expect("memory can be written to");
    gzip.finish().unwrap_or_default()
}

/// One masker that knows a person, and texts to be masked and to be left alone.
static MASKER: LazyLock<Masker> = LazyLock::new(|| {
    let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
    let policy = Policy {
        names: words(&["Zdenka Anna van der Morvaille", "王小明"]),
        allow: words(&["Gerald"]),
        deny: words(&["project heron", "ß", "İx", "handle:gannet"]),
        off: Vec::new(),
        ..Policy::default()
    };
    Masker::new(policy, &[])
});

/// Spans are in order, apart, on characters; nothing more is found in what was masked.
pub fn mask(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    // Once as a text among others, once by itself.
    for alone in [false, true] {
        let mask = |text: &str, vault: &mut Vault| {
            if alone { MASKER.mask_alone(text, vault) } else { MASKER.mask_text(text, vault) }
        };
        let mut vault = Vault::default();
        let (once, spans) = mask(&text, &mut vault);
        let mut end = 0;
        for span in &spans {
            assert!(span.range.start >= end && !span.range.is_empty(), "in order and apart: {span:?}");
            assert!(text.get(span.range.clone()).is_some(), "on characters: {span:?}");
            assert!((0.5..=1.0).contains(&span.score), "a score: {span:?}");
            end = span.range.end;
        }
        let (twice, found) = mask(&once, &mut vault);
        assert_eq!(once, twice, "masked twice, {found:?}");
        assert_eq!(scan(&once), [], "a masked text scans clean");
        restores(&text, &once, &spans, &vault);
    }
}

/// A document masked by what it tells itself: its blocks stay in order, and it comes back.
pub fn unmask(bytes: &[u8]) {
    let Ok(document) = document::extract("cv.md", bytes) else { return };
    let masker = Masker::new(Policy::default(), std::slice::from_ref(&document));
    let mut vault = Vault::default();
    let masked = masker.mask(&document, &mut vault);
    let mut end = 0;
    for block in masked.blocks() {
        assert!(block.span.start >= end && masked.text().get(block.span.clone()).is_some(), "blocks in order");
        end = block.span.end;
    }
    let spans = masker.detect(document.expose_text());
    for (find, span) in masked.finds().iter().zip(&spans) {
        assert_eq!(find.original, span.range);
        assert!(masked.text()[find.range.clone()].starts_with('['), "a placeholder stands where the find says");
    }
    restores(document.expose_text(), masked.text(), &spans, &vault);
}

/// The vault knows every form that was masked, and what it puts back is the text, where each value has one form.
fn restores(text: &str, masked: &str, spans: &[Span], vault: &Vault) {
    // A placeholder that stood there before is no one's: the vault may give its number to something else.
    if text.contains('[') {
        return;
    }
    let values: BTreeSet<(Entity, &str)> = vault.values().collect();
    for span in spans {
        assert!(values.contains(&(span.entity, &text[span.range.clone()])), "the vault knows {span:?}");
    }
    if values.len() == vault.len() {
        assert_eq!(vault.restore(masked), text, "restored");
    }
}

/// Whatever a vault says, it is refused or it works, and a new value gets a placeholder that no other has.
pub fn vault(bytes: &[u8]) {
    let (json, text) = bytes.split_at(bytes.iter().position(|byte| *byte == PART).unwrap_or(bytes.len()));
    let Ok(mut vault) = serde_json::from_slice::<Vault>(json) else { return };
    let again = serde_json::to_vec(&vault).expect("a vault can be written");
    assert_eq!(serde_json::from_slice::<Vault>(&again).expect("and read again"), vault);
    let _ = (format!("{vault:?}"), vault.restore(&String::from_utf8_lossy(text)));
    let known: BTreeSet<(Entity, &str)> = vault.values().collect();
    let new = (0..).map(|n| format!("new{n}@example.org")).find(|new| !known.contains(&(Entity::Email, new.as_str())));
    let new = new.expect("a vault ends");
    let before = vault.len();
    let placeholder = vault.placeholder(Entity::Email, &new);
    if vault.len() > before {
        assert_eq!(vault.restore(&placeholder), new, "a new value has a placeholder of its own");
    }
}

/// A model file is refused or it works: every tensor has as many values as its shape says, and the tokenizer is one.
#[cfg(feature = "model")]
pub fn gguf(bytes: &[u8]) {
    use distill::gguf::{Gguf, GgufModel, tokenizer::to_tokenizer_json};
    let Ok(file) = Gguf::from_bytes(bytes.to_vec()) else { return };
    for entry in file.tensors() {
        assert!(file.tensor(&entry.name).is_some(), "a tensor has its bytes");
    }
    let _ = to_tokenizer_json(&file);
    let Ok(model) = GgufModel::new(file) else { return };
    for (name, shape) in model.config().expected_tensors() {
        let values = model.load_f32(&name).expect("a checked model has its tensors");
        assert_eq!(values.len(), shape.iter().product::<usize>());
    }
    let _ = (model.tokenizer_json(), model.chat_template(), model.stop_ids());
}

/// An importance matrix in either form is refused or it works: no mean is negative or no number, and what is written of
/// it can be read.
#[cfg(feature = "model")]
pub fn imatrix(bytes: &[u8]) {
    use distill::gguf::{Gguf, importance::Importance};
    let read = if bytes.starts_with(b"GGUF") {
        Gguf::from_bytes(bytes.to_vec()).and_then(|file| Importance::from_gguf(&file))
    } else {
        Importance::from_legacy(bytes)
    };
    let Ok(importance) = read else { return };
    assert!(!importance.is_empty(), "a matrix without entries is refused");
    for (name, entry) in importance.entries() {
        assert_eq!(importance.get(name), Some(entry.means()));
        assert!(!entry.means().is_empty() && entry.means().iter().all(|mean| *mean >= 0.0), "{name}: {entry:?}");
        assert!(entry.tokens() >= 0.0);
    }
    let path = FOLDER.join("matrix.gguf");
    if importance.save(&path).is_ok() {
        let back = Importance::open(&path).expect("what was written can be read");
        assert_eq!((back.len(), back.datasets()), (importance.len(), importance.datasets()));
    }
}

/// A folder of settings, tokenizer and weights, in this order, is refused or it works: every tensor has as many values
/// as its shape says, and what GGUF can say of it is said.
#[cfg(feature = "model")]
pub fn folder(bytes: &[u8]) {
    use distill::{gguf, hub::Folder};
    let mut parts = bytes.splitn(3, |byte| *byte == PART);
    for name in ["config.json", "tokenizer.json", "model.safetensors"] {
        std::fs::write(FOLDER.join(name), parts.next().unwrap_or_default()).expect("a file can be written");
    }
    let Ok(folder) = Folder::open(&FOLDER) else { return };
    for name in folder.tensor_names() {
        let values = folder.load_f32(name).expect("a checked folder has its tensors");
        assert_eq!(values.len(), folder.shape(name).expect("and their shapes").iter().product::<usize>());
    }
    let _ = gguf::metadata::model_metadata(&folder, 0);
    if let Ok(tokenizer) = gguf::tokenizer::GgufTokenizer::from_folder(&folder) {
        let _ = tokenizer.into_metadata(None);
    }
}

/// A folder of this process alone.
#[cfg(feature = "model")]
static FOLDER: LazyLock<std::path::PathBuf> = LazyLock::new(|| {
    let path = std::env::temp_dir().join(format!("distill-fuzz-{}", std::process::id()));
    std::fs::create_dir_all(&path).expect("a folder can be made");
    path
});
