//! Archives: the exports under `fixtures/documents/`, and archives meant to hurt.

use std::io::{Cursor, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use flate2::Compression;
use flate2::write::GzEncoder;
use proptest::prelude::*;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::*;

fn pack<B: AsRef<[u8]>>(files: &[(&str, B)]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    for (name, bytes) in files {
        writer.start_file(*name, options).unwrap();
        writer.write_all(bytes.as_ref()).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// The files of a folder under `fixtures/documents/`, by their paths in it.
fn folder(name: &str) -> Vec<(String, Vec<u8>)> {
    fn visit(root: &Path, dir: &Path, out: &mut Vec<(String, Vec<u8>)>) {
        for entry in std::fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                visit(root, &path, out);
            } else {
                let name = path.strip_prefix(root).unwrap().to_string_lossy().replace('\\', "/");
                out.push((name, std::fs::read(&path).unwrap()));
            }
        }
    }
    let root = Path::new(FIXTURES).join(name);
    let mut out = Vec::new();
    visit(&root, &root, &mut out);
    out.sort();
    out
}

const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/documents");

/// Documents, people and files passed over, as one text.
fn shown(opened: &Opened) -> String {
    let mut text = String::new();
    for (name, document) in &opened.documents {
        let document = document.as_ref().unwrap();
        text.push_str(&format!(
            "=== {name}, {:?}, {:?}\n{}",
            document.format(),
            document.people(),
            document.expose_text()
        ));
    }
    text + &format!("=== people {:?}\n=== passed over {:?}\n", opened.people, opened.passed_over)
}

/// Packs a folder, opens it and compares with the file beside it.
#[track_caller]
fn check(name: &str) {
    let files = folder(&format!("{name}/export"));
    let files: Vec<(&str, &[u8])> = files.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())).collect();
    let opened = open("export.zip", &pack(&files)).unwrap();
    let path = Path::new(FIXTURES).join(name).join("export.expected.md");
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, shown(&opened)).unwrap();
    }
    assert_eq!(shown(&opened), std::fs::read_to_string(path).unwrap());
}

#[test]
fn exports() {
    check("linkedin");
    check("x");
    check("mastodon");
}

#[test]
fn a_mastodon_export_is_a_tar_archive() {
    let mut tar = Vec::new();
    for (name, bytes) in folder("mastodon/export") {
        let mut header = [0u8; 512];
        header[..name.len()].copy_from_slice(name.as_bytes());
        header[124..135].copy_from_slice(format!("{:011o}", bytes.len()).as_bytes());
        header[156] = b'0';
        let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum::<u32>() + 8 * 32;
        header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        tar.extend(header);
        tar.extend(&bytes);
        tar.resize(tar.len().next_multiple_of(512), 0);
    }
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(&tar).unwrap();
    let opened = open("export.zip", &encoder.finish().unwrap()).unwrap();
    assert_eq!(shown(&opened), std::fs::read_to_string(format!("{FIXTURES}/mastodon/export.expected.md")).unwrap());
}

#[test]
fn any_archive_of_documents() {
    let inner = pack(&[("c.md", "# C")]);
    let resume = std::fs::read(format!("{FIXTURES}/docx/resume.docx")).unwrap();
    let files: [(&str, &[u8]); 7] = [
        ("b/a.md", b"# A"),
        ("../../etc/x.txt", b"words"),
        ("cv.docx", &resume),
        ("inner.zip", &inner),
        ("photo.jpg", b"\xFF"),
        ("__MACOSX/._a.md", b"x"),
        ("broken.json", b"{"),
    ];
    let opened = open("all.zip", &pack(&files)).unwrap();
    let names: Vec<(&str, bool)> = opened.documents.iter().map(|(name, read)| (name.as_str(), read.is_ok())).collect();
    let expected = [
        ("all.zip/b/a.md", true),
        ("all.zip/broken.json", false),
        ("all.zip/cv.docx", true),
        ("all.zip/etc/x.txt", true),
    ];
    assert_eq!(names, expected);
    assert_eq!(opened.passed_over, ["all.zip/inner.zip", "all.zip/photo.jpg"]);
    let (name, document) = &opened.documents[0];
    assert_eq!(document.as_ref().unwrap().name(), name);
}

#[test]
fn a_single_file_is_one_document() {
    let opened = open("a.md", b"# A").unwrap();
    assert_eq!(opened.documents.len(), 1);
    assert!(open("b.bin", b"\0\0").unwrap().documents[0].1.is_err());
    let opened = open("contacts.csv", b"First Name,Last Name,Email\nBo,Ek,a\nCy,Oh,b\n").unwrap();
    assert!(opened.documents.is_empty());
    assert_eq!(
        (opened.people.as_slice(), opened.passed_over.as_slice()),
        (&["Bo Ek".to_owned(), "Cy Oh".to_owned()][..], &["contacts.csv".to_owned()][..])
    );
}

fn error(name: &str, bytes: &[u8]) -> DocumentError {
    match open(name, bytes) {
        Err(error) => error,
        Ok(opened) => opened.documents.into_iter().find_map(|(_, document)| document.err()).unwrap(),
    }
}

#[test]
fn refusals_say_what_to_do() {
    let compound = |name: &str| {
        let name = name.encode_utf16().flat_map(u16::to_le_bytes);
        b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1".iter().copied().chain(name).collect::<Vec<u8>>()
    };
    assert_eq!(error("a.docx", &compound("EncryptedPackage")), DocumentError::Password);
    assert_eq!(error("a.doc", &compound("WordDocument")), DocumentError::OldWord);
    let whole = pack(&[("a.txt", "words ".repeat(1_000))]);
    assert!(matches!(error("a.zip", &whole[..whole.len() - 30]), DocumentError::Archive { .. }));
    assert!(matches!(error("a.docx", b"<html>"), DocumentError::Archive { .. }));
    // The first bit of the flags, in both headers, says that the entry is encrypted.
    let mut locked = pack(&[("a.txt", "words")]);
    let directory = locked.windows(4).position(|window| window == b"PK\x01\x02").unwrap();
    locked[6] |= 1;
    locked[directory + 8] |= 1;
    assert_eq!(error("a.zip", &locked), DocumentError::Password);
    assert!(matches!(error("a.zip", &pack(&[("photo.jpg", "x")])), DocumentError::UnknownFormat { .. }));
    for error in
        [DocumentError::Password, DocumentError::OldWord, DocumentError::Bomb { ratio: 1 }, DocumentError::Private]
    {
        assert!(error.hint().is_some());
    }
}

#[test]
fn bombs_are_not_unpacked() {
    let begun = Instant::now();
    let bomb = pack(&[("a.txt", vec![b'a'; 40 << 20])]);
    assert!(matches!(error("a.zip", &bomb), DocumentError::Bomb { .. }));
    let bomb = pack(&[("word/document.xml", vec![b'<'; 40 << 20])]);
    assert!(matches!(error("a.docx", &bomb), DocumentError::Bomb { .. }));
    // The size that the headers give is not what comes out.
    let mut lying = pack(&[("a.txt", vec![b'a'; 20 << 20])]);
    let directory = lying.windows(4).position(|window| window == b"PK\x01\x02").unwrap();
    lying[directory + 24..directory + 28].copy_from_slice(&5u32.to_le_bytes());
    error("a.zip", &lying);
    assert!(begun.elapsed() < Duration::from_secs(20));
}

fn docx(body: &str) -> Vec<u8> {
    pack(&[("word/document.xml", body)])
}

#[test]
fn hostile_xml_ends_soon() {
    const N: usize = 100_000;
    let body = |inner: &str| docx(&format!("<w:document><w:body>{inner}</w:body></w:document>"));
    let begun = Instant::now();
    assert!(matches!(error("a.docx", &body(&"<w:p>".repeat(N))), DocumentError::TooDeep { .. }));
    assert!(matches!(error("a.docx", &body("<w:p>")), DocumentError::Xml { .. }));
    let laughs = "<!DOCTYPE x [<!ENTITY a \"ha ha\"><!ENTITY b \"&a;&a;\">]><document><body><p><r><t>one &b; &#116;wo <!-- c --></t></r></p></body></document>";
    let read = open("a.docx", &docx(laughs)).unwrap();
    assert_eq!(read.documents[0].1.as_ref().unwrap().expose_text(), "one two\n");
    let outside = "<!DOCTYPE x [<!ENTITY a SYSTEM \"file:///etc/passwd\">]><document><body><p><r><t>&a;x</t></r></p></body></document>";
    let read = open("a.docx", &docx(outside)).unwrap();
    assert_eq!(read.documents[0].1.as_ref().unwrap().expose_text(), "x\n");
    let wide = format!("<p {}><r><t>x</t></r></p>", (0..N).map(|n| format!("a{n}=\"\" ")).collect::<String>());
    assert!(open("a.docx", &body(&wide)).is_ok());
    let fields = "<p><r><fldChar fldCharType=\"begin\"/></r></p>".repeat(N) + "<p><r><t>x</t></r></p>";
    assert!(open("a.docx", &body(&fields)).unwrap().documents[0].1.is_ok());
    let boxes = "<p><r><txbxContent>".repeat(80) + "<p><r><t>x</t></r></p>" + &"</txbxContent></r></p>".repeat(80);
    assert!(open("a.docx", &body(&boxes)).unwrap().documents[0].1.is_ok());
    let tables = "<tbl><tr><tc>".repeat(80) + "<p><r><t>x</t></r></p>" + &"</tc></tr></tbl>".repeat(80);
    assert!(open("a.docx", &body(&tables)).unwrap().documents[0].1.is_ok());
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
}

#[test]
fn long_lists_end_soon() {
    let begun = Instant::now();
    let tweet = |n: usize| {
        format!(
            r#"{{"tweet": {{"id_str": "{}", "in_reply_to_status_id_str": "{n}", "created_at": "x", "full_text": "word"}}}}"#,
            n + 1
        )
    };
    let tweets = format!("window.YTD.tweets.part0 = [{}]", (0..100_000).map(tweet).collect::<Vec<_>>().join(","));
    assert!(open("tweets.js", tweets.as_bytes()).unwrap().documents[0].1.is_ok());
    let table = "a,b\n".to_owned() + &"\"x\ny\",z\n".repeat(300_000);
    assert!(open("a.csv", table.as_bytes()).unwrap().documents[0].1.is_ok());
    assert!(matches!(error("a.csv", ",".repeat(200_000).as_bytes()), DocumentError::TooManyElements { .. }));
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
}

/// Pieces of a document, some cut off, some in the wrong place.
fn word_markup() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "<p>",
        "</p>",
        "<r>",
        "</r>",
        "<t>word ",
        "</t>",
        "<tbl>",
        "</tbl>",
        "<tr>",
        "</tr>",
        "<tc>",
        "</tc>",
        "<pPr><numPr><ilvl val='3'/><numId val='1'/></numPr></pPr>",
        "<pPr><outlineLvl val='200'/></pPr>",
        "<pPr><rPr><del/></rPr></pPr>",
        "<fldChar fldCharType='begin'/>",
        "<fldChar fldCharType='separate'/>",
        "<fldChar fldCharType='end'/>",
        "<instrText>HYPERLINK \"u\"</instrText>",
        "<instrText>TOC</instrText>",
        "<txbxContent>",
        "</txbxContent>",
        "<rPr><b/></rPr>",
        "<rPr><vanish/></rPr>",
        "<br/>",
        "<sdt>",
        "</sdt>",
        "<sym font='Symbol' char='F061'/>",
        "<footnoteReference id='1'/>",
        "&amp;",
        "&x;",
        "é",
    ]);
    prop::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn any_markup_keeps_spans(markup in word_markup()) {
        // Most of it is not well-formed, so what is open is closed again.
        let mut open_tags = Vec::new();
        let mut fixed = String::new();
        for piece in markup.split_inclusive('>') {
            let tag = &piece[piece.rfind('<').unwrap_or(0)..];
            if let Some(name) = tag.strip_prefix("</").and_then(|tag| tag.strip_suffix('>')) {
                if open_tags.last() != Some(&name.to_owned()) {
                    continue;
                }
                open_tags.pop();
            } else if tag.starts_with('<') && !tag.ends_with("/>") && tag.ends_with('>') {
                open_tags.push(tag[1..tag.len() - 1].split(' ').next().unwrap_or_default().to_owned());
            }
            fixed.push_str(piece);
        }
        for name in open_tags.iter().rev() {
            fixed.push_str(&format!("</{name}>"));
        }
        let opened = open("a.docx", &docx(&format!("<document><body>{fixed}</body></document>"))).unwrap();
        if let Ok(document) = &opened.documents[0].1 {
            super::super::tests::spans_hold(document);
        }
    }

    #[test]
    fn broken_archives_never_panic(at in 0usize..5_000, byte in any::<u8>(), cut in 0usize..6_000) {
        let mut bytes = include_bytes!("../../../fixtures/documents/docx/layout.docx").to_vec();
        let len = bytes.len();
        bytes[at % len] = byte;
        let _ = open("a.docx", &bytes);
        let _ = open("a.zip", &bytes[..cut.min(len)]);
    }

    #[test]
    fn every_cell_of_a_table_is_kept(cells in prop::collection::vec("[a-zé \"\n,;]{0,8}", 1..20)) {
        let row = |cells: &[String]| cells.iter().map(|cell| format!("\"{}\"", cell.replace('"', "\"\""))).collect::<Vec<_>>().join(",");
        let source = format!("one,two\n{}\n", row(&cells));
        if let Ok(document) = &open("t.csv", source.as_bytes()).unwrap().documents[0].1 {
            for word in cells.iter().flat_map(|cell| cell.split_whitespace()) {
                prop_assert!(document.expose_text().contains(word));
            }
        }
    }
}
