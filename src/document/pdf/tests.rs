//! Layout on glyphs set by hand, and files made to hurt.

use std::time::{Duration, Instant};

use super::glyph::Glyph;
use super::*;

/// Text set line by line in a font whose letters are half as wide as high.
#[derive(Default)]
struct Setter(Page);

impl Setter {
    fn new() -> Self {
        Self(Page { width: 600.0, height: 800.0, ..Page::default() })
    }

    /// Sets one line; a space is half a letter.
    fn line(&mut self, x: f64, y: f64, size: f64, bold: bool, text: &str) {
        let mut at = x;
        for c in text.chars() {
            let width = size * if c == ' ' { 0.3 } else { 0.5 };
            if c != ' ' {
                let order = self.0.glyphs.len();
                let (text, x0, x1) = (c.to_string(), at, at + width);
                self.0.glyphs.push(Glyph { text, x0, x1, y, size, bold, hidden: false, angle: 0, order, link: None });
            }
            at += width;
        }
    }

    /// Sets plain lines of ten points below each other.
    fn lines(&mut self, x: f64, y: f64, lines: &[&str]) -> &mut Self {
        for (line, y) in lines.iter().zip(std::iter::successors(Some(y), |y| Some(y + 12.0))) {
            self.line(x, y, 10.0, false, line);
        }
        self
    }

    #[track_caller]
    fn check(&self, expected: &str) {
        check_pages(std::slice::from_ref(&self.0), expected);
    }
}

#[track_caller]
fn check_pages(pages: &[Page], expected: &str) {
    let sheets = repeated::strip(pages.iter().map(words::rows).collect());
    assert_eq!(blocks::build(layout::lines(sheets)).finish().0, expected);
}

const LEFT: &[&str] =
    &["the left column has", "lines of its own that", "go on and on down to", "its end, and no line", "ends early."];
const RIGHT: &[&str] =
    &["the right one has", "others, and they are", "read after it, all of", "them, from the top to", "the very end."];
const LEFT_WORDS: &str =
    "the left column has lines of its own that go on and on down to its end, and no line ends early.";
const RIGHT_WORDS: &str =
    "the right one has others, and they are read after it, all of them, from the top to the very end.";

#[test]
fn columns_are_read_one_after_the_other() {
    let both = format!("{LEFT_WORDS}\n\n{RIGHT_WORDS}\n");
    // On baselines of their own, and on the same ones.
    for shift in [5.0, 0.0] {
        Setter::new().lines(50.0, 100.0, LEFT).lines(320.0, 100.0 + shift, RIGHT).check(&both);
    }
    // Drawn the other way round, they are read from left to right all the same.
    Setter::new().lines(320.0, 105.0, RIGHT).lines(50.0, 100.0, LEFT).check(&both);
}

#[test]
fn rows_drawn_across_are_a_table() {
    let mut page = Setter::new();
    for (idx, row) in
        [["Knots", "four", "2019"], ["Sails", "three", "2020"], ["Tides", "nine", "2021"]].iter().enumerate()
    {
        for (cell, x) in row.iter().zip([50.0, 200.0, 400.0]) {
            page.line(x, 100.0 + 14.0 * idx as f64, 10.0, false, cell);
        }
    }
    page.check("| Knots | four | 2019 |\n| Sails | three | 2020 |\n| Tides | nine | 2021 |\n");
}

#[test]
fn notes_in_the_margin_stay_with_their_line() {
    let mut page = Setter::new();
    for (y, title, place, date) in
        [(100.0, "Skerry Power", "Leith", "May 2019"), (200.0, "Fenn Subsea", "Dundee", "June 2015")]
    {
        page.lines(50.0, y, &[title, "Where the sea was cold and", "nobody said so for years."]);
        page.lines(400.0, y, &[place, date]);
    }
    page.check(
        "Skerry Power | Leith | May 2019\nWhere the sea was cold and nobody said so for years.\n\n\
         Fenn Subsea | Dundee | June 2015\nWhere the sea was cold and nobody said so for years.\n",
    );
}

#[test]
fn headings_by_size_weight_and_capitals() {
    let mut page = Setter::new();
    page.line(50.0, 60.0, 20.0, true, "Jo Doe");
    page.line(50.0, 100.0, 10.0, false, "WORK");
    page.line(50.0, 130.0, 10.0, true, "Skerry Power");
    page.lines(50.0, 142.0, &["Sailed on boats that had no", "name."]);
    page.line(50.0, 180.0, 10.0, true, "Email: jo@doe.example");
    page.check(
        "# Jo Doe\n\n## WORK\n\n### Skerry Power\n\nSailed on boats that had no name.\n\nEmail: jo@doe.example\n",
    );
}

#[test]
fn items_and_their_further_lines() {
    let mut page = Setter::new();
    page.lines(50.0, 100.0, &["• kept the boats afloat in", "• wrote things down"]);
    page.lines(70.0, 124.0, &["– in pencil", "– in ink"]);
    page.lines(50.0, 148.0, &["3. slept"]);
    page.0.glyphs.iter_mut().filter(|glyph| glyph.y > 105.0).for_each(|glyph| glyph.y += 12.0);
    page.line(58.0, 112.0, 10.0, false, "bad weather");
    page.check("- kept the boats afloat in bad weather\n- wrote things down\n  - in pencil\n  - in ink\n3. slept\n");
}

#[test]
fn sentences_go_on_over_the_end_of_a_page() {
    let (mut first, mut second) = (Setter::new(), Setter::new());
    first.lines(
        50.0,
        700.0,
        &[
            "the first page has lines that reach over most of it, and ends in a sen-",
            "tence whose rest, for want of any room, is not where it was to be but",
        ],
    );
    second.lines(50.0, 100.0, &["on the next one, where it", "ends."]);
    for (page, number) in [(&mut first, "1"), (&mut second, "2")] {
        page.line(300.0, 780.0, 10.0, false, number);
    }
    check_pages(
        &[first.0, second.0],
        "the first page has lines that reach over most of it, and ends in a sentence whose rest, for want of any room, \
         is not where it was to be but on the next one, where it ends.\n",
    );
}

/// A PDF of these objects, the first of which is its root.
fn file(objects: &[Vec<u8>]) -> Vec<u8> {
    let mut file = b"%PDF-1.7\n".to_vec();
    let mut offsets = Vec::new();
    for (idx, object) in objects.iter().enumerate() {
        offsets.push(file.len());
        file.extend([format!("{} 0 obj\n", idx + 1).as_bytes(), object, b"\nendobj\n"].concat());
    }
    let start = file.len();
    file.extend(format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1).bytes());
    file.extend(offsets.iter().flat_map(|offset| format!("{offset:010} 00000 n \n").into_bytes()));
    let end = format!("trailer\n<</Size {}/Root 1 0 R>>\nstartxref\n{start}\n%%EOF\n", objects.len() + 1);
    file.extend(end.bytes());
    file
}

fn stream(entries: &str, content: &[u8]) -> Vec<u8> {
    let head = format!("<</Length {}{entries}>>stream\n", content.len());
    [head.as_bytes(), content, b"\nendstream"].concat()
}

/// A page with one font, `/F`, and these resources and contents; further objects are from number 6 on.
fn page(resources: &str, contents: &[u8], further: &[Vec<u8>]) -> Vec<u8> {
    let page = format!(
        "<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents 5 0 R/Resources<</Font<</F 4 0 R>>{resources}>>>>"
    );
    let mut objects: Vec<Vec<u8>> = vec![
        b"<</Type/Catalog/Pages 2 0 R>>".to_vec(),
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>".to_vec(),
        page.into_bytes(),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>".to_vec(),
        stream("", contents),
    ];
    objects.extend_from_slice(further);
    file(&objects)
}

#[track_caller]
fn check(bytes: &[u8], expected: Result<&str, DocumentError>) {
    let begun = Instant::now();
    let read = extract(bytes).map(|builder| builder.finish().0);
    assert_eq!(read.as_deref().map_err(Clone::clone), expected.as_ref().copied().map_err(Clone::clone));
    assert!(begun.elapsed() < Duration::from_secs(20), "took {:?}", begun.elapsed());
}

#[test]
fn text_with_and_without_ink() {
    check(&page("", b"BT /F 12 Tf 50 700 Td (Hello) Tj 0 -14 Td [(Wor) -20 (ld)] TJ ET", &[]), Ok("Hello\nWorld\n"));
    // The layer over a scanned page is all there is; over text it says the same again.
    check(&page("", b"BT 3 Tr /F 12 Tf 50 700 Td (Hello) Tj ET", &[]), Ok("Hello\n"));
    check(
        &page("", b"BT /F 12 Tf 50 700 Td (Hello) Tj ET BT 3 Tr /F 12 Tf 50 700 Td (Hello) Tj ET", &[]),
        Ok("Hello\n"),
    );
    check(&page("", b"BT /F 0.1 Tf 50 700 Td (dust) Tj /F 12 Tf (seen) Tj ET", &[]), Ok("seen\n"));
    check(&page("", b"/Span <</ActualText (fi)>> BDC BT /F 9 Tf 50 700 Td (X) Tj ET EMC", &[]), Ok("fi\n"));
}

#[test]
fn text_in_forms() {
    let form = |inner: &str, content: &[u8]| {
        let resources = format!("/Resources<</Font<</F 4 0 R>>/XObject<</X {inner} 0 R>>>>");
        stream(&format!("/Type/XObject/Subtype/Form/BBox[0 0 9 9]{resources}"), content)
    };
    let x = "/XObject<</X 6 0 R>>";
    check(&page(x, b"/X Do", &[form("6", b"BT /F 9 Tf 50 700 Td (inside) Tj ET")]), Ok("inside\n"));
    // A form that draws itself, and a chain of which each draws the next four times.
    check(&page(x, b"/X Do", &[form("6", b"/X Do /X Do")]), Err(DocumentError::PdfPictures));
    let chain: Vec<Vec<u8>> = (7..40).map(|next| form(&next.to_string(), b"/X Do /X Do /X Do /X Do")).collect();
    check(&page(x, b"/X Do", &chain), Err(DocumentError::PdfTooMuch));
}

#[test]
fn links_stay_with_their_words() {
    let link = "/Annots[<</Subtype/Link/Rect[48 696 75 712]/A<</S/URI/URI(mailto:jo@doe.example)>>>>\
                <</Subtype/Link/Rect[300 696 320 712]/A<</S/URI/URI(https://doe.example)>>>>]";
    let mut bytes = page("", b"BT /F 12 Tf 50 700 Td (Write, do) Tj ET", &[]);
    let at = bytes.windows(9).position(|part| part == b"/Contents").unwrap();
    bytes.splice(at..at, link.bytes());
    check(&bytes, Ok("[Write](mailto:jo@doe.example), do | https://doe.example\n"));
}

#[test]
fn nothing_to_read() {
    check(b"", Err(DocumentError::PdfBroken));
    check(b"%PDF-1.7\n", Err(DocumentError::PdfBroken));
    check(&page("", b"", &[]), Err(DocumentError::Empty));
    let image = stream("/Type/XObject/Subtype/Image/Width 1/Height 1/BitsPerComponent 8/ColorSpace/DeviceGray", b"0");
    check(&page("/XObject<</X 6 0 R>>", b"/X Do", &[image]), Err(DocumentError::PdfPictures));
    let whole = page("", b"BT /F 12 Tf 50 700 Td (Hello) Tj ET", &[]);
    // Cut before the page, in the middle, and where only the table of contents is lost.
    check(&whole[..90], Err(DocumentError::PdfBroken));
    check(&whole[..whole.len() - 60], Ok("Hello\n"));
}

#[test]
fn hostile_files_end_soon() {
    let root = b"<</Type/Catalog/Pages 2 0 R>>".to_vec();
    let around = b"<</Type/Pages/Kids[2 0 R 2 0 R]/Count 1000000000>>".to_vec();
    check(&file(&[root.clone(), around]), Err(DocumentError::PdfBroken));
    let many = format!("<</Type/Pages/Count 1/Kids[{}]>>", "<</Type/Page>>".repeat(MAX_PAGES + 1));
    check(&file(&[root, many.into_bytes()]), Err(DocumentError::PdfTooMuch));
    check(&[b"%PDF-1.7\n1 0 obj\n".to_vec(), b"<</A".repeat(100_000)].concat(), Err(DocumentError::PdfBroken));
    for contents in [b"[".repeat(200_000), b"q ".repeat(200_000), b"/A BMC ".repeat(200_000), b"( ".repeat(200_000)] {
        check(&page("", &contents, &[]), Err(DocumentError::Empty));
    }
    let far = b"BT /F 9 Tf 9999999999 0 0 9999999999 9999999999 0 Tm (a) Tj 0 0 0 0 0 0 Tm (b) Tj 9 0 0 9 50 500 Tm (c) Tj ET";
    check(&page("", far, &[]), Ok("c\n"));
}

/// Every single byte of a small file turned around: nothing may panic, whatever comes of it.
#[test]
fn damaged_bytes_never_panic() {
    let whole = page("", b"BT /F 12 Tf 50 700 Td (Hello) Tj ET", &[]);
    for at in 0..whole.len() {
        for flip in [0x01, 0x10, 0x80, 0xFF] {
            let mut bytes = whole.clone();
            bytes[at] ^= flip;
            let _ = extract(&bytes);
        }
    }
}
