//! PDFs through the program: read in a process of its own, and what becomes of those that will not be read.

use std::io::Write;
use std::process::Stdio;

use crate::support::{command, distill, root, text};

/// A PDF with one page that has these contents.
fn page(contents: &str) -> Vec<u8> {
    let objects = [
        "<</Type/Catalog/Pages 2 0 R>>".to_owned(),
        "<</Type/Pages/Kids[3 0 R]/Count 1>>".to_owned(),
        "<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Contents 4 0 R/Resources<</Font<</F 5 0 R>>>>>>".to_owned(),
        format!("<</Length {}>>stream\n{contents}\nendstream", contents.len()),
        "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>".to_owned(),
    ];
    let numbered = objects.iter().enumerate().map(|(idx, object)| format!("{} 0 obj\n{object}\nendobj\n", idx + 1));
    format!("%PDF-1.4\n{}trailer\n<</Root 1 0 R>>\n", numbered.collect::<String>()).into_bytes()
}

#[test]
fn a_pdf_is_read_as_in_the_library() {
    let dir = tempfile::tempdir().unwrap();
    let fixture = root("fixtures/documents/pdf/typst-dates.pdf");
    let out = distill(&["extract", fixture.to_str().unwrap()], dir.path());
    assert!(out.status.success(), "{}", text(&out.stderr));
    let expected = std::fs::read_to_string(fixture.with_extension("pdf.expected.md")).unwrap();
    assert_eq!(text(&out.stdout), expected);
}

#[test]
fn what_cannot_be_read_is_named_and_the_others_go_on() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("a.pdf"), page("BT /F 12 Tf 50 700 Td (Sailed) Tj ET")).unwrap();
    std::fs::write(dir.path().join("b.pdf"), b"%PDF-1.4\n").unwrap();
    // Nine million operators and not a word.
    std::fs::write(dir.path().join("c.pdf"), page(&"q\n".repeat(9_000_000))).unwrap();
    let out = distill(&["extract", "."], dir.path());
    assert_eq!(out.status.code(), Some(1), "{}", text(&out.stderr));
    assert_eq!(text(&out.stdout), "Sailed\n");
    let said = text(&out.stderr);
    assert!(said.contains("b.pdf") && said.contains("damaged"), "{said}");
    assert!(said.contains("c.pdf"), "{said}");
}

#[test]
fn the_reader_answers_in_json_and_is_not_in_the_help() {
    let dir = tempfile::tempdir().unwrap();
    let mut child = command(&["__extract", "pdf"], dir.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    child.stdin.take().unwrap().write_all(&page("BT /F 12 Tf 50 700 Td (Sailed) Tj ET")).unwrap();
    let out = child.wait_with_output().unwrap();
    assert!(out.status.success() && text(&out.stdout).contains("Sailed"), "{}", text(&out.stdout));
    assert!(!text(&distill(&["--help"], dir.path()).stdout).contains("__extract"));
}
