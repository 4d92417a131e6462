//! What holds for every format: the fixtures, the spans, and input meant to hurt.

use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::*;

/// Reads a document under `fixtures/documents/` and compares its text with the file next to it.
macro_rules! check {
    ($path:literal, $format:expr) => {{
        let source = include_bytes!(concat!("../../fixtures/documents/", $path));
        let expected = include_str!(concat!("../../fixtures/documents/", $path, ".expected.md"));
        let document = extract($path, source).unwrap();
        assert_eq!(document.format(), $format);
        assert_eq!(document.expose_text(), expected);
        spans_hold(&document);
        document
    }};
}

#[track_caller]
pub(super) fn spans_hold(document: &Document) {
    let text = document.expose_text();
    let mut end = 0;
    for block in document.blocks() {
        assert!(block.span.start >= end && block.span.start < block.span.end, "{block:?}");
        assert!(text[end..block.span.start].trim().is_empty(), "words before {block:?}");
        assert!(!text[block.span.clone()].starts_with(char::is_whitespace));
        end = block.span.end;
    }
    assert!(text[end..].trim().is_empty(), "words after the last block");
}

#[track_caller]
fn spans_hold_if_read(name: &str, bytes: &[u8]) {
    if let Ok(document) = extract(name, bytes) {
        spans_hold(&document);
    }
}

#[test]
fn fixtures() {
    check!("markdown/post.md", Format::Markdown);
    check!("text/resume.txt", Format::Text);
    check!("json_resume/resume.json", Format::JsonResume);
    let layout = check!("docx/layout.docx", Format::Docx);
    assert_eq!(layout.people(), ["Zdenka Marrow"]);
    check!("docx/resume.docx", Format::Docx);
    check!("odt/resume.odt", Format::Odt);
    check!("europass/cv.xml", Format::Europass);
    check!("europass/candidate.xml", Format::Europass);
    check!("csv/tides.csv", Format::Csv);
    let page = check!("html/profile.html", Format::Html);
    let keys: Vec<&str> = page
        .blocks()
        .iter()
        .filter_map(|block| match &block.kind {
            BlockKind::KeyValue { key } => Some(key.as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(keys, ["Title", "Description", "Email", "Phone", "Languages", "Tools"]);
}

/// Files of seven programs; `tests/parity/pdf_corpus.py` makes them.
#[test]
fn pdf_fixtures() {
    check!("pdf/chromium-right.pdf", Format::Pdf);
    check!("pdf/latex-cv.pdf", Format::Pdf);
    check!("pdf/reportlab-flow.pdf", Format::Pdf);
    check!("pdf/reportlab-placed.pdf", Format::Pdf);
    check!("pdf/typst-columns.pdf", Format::Pdf);
    check!("pdf/typst-dates.pdf", Format::Pdf);
    check!("pdf/weasyprint-float.pdf", Format::Pdf);
    check!("pdf/word-tabs.pdf", Format::Pdf);
}

#[test]
fn the_same_words_come_again_from_the_text() {
    for (name, source) in [
        ("a.md", include_str!("../../fixtures/documents/markdown/post.md.expected.md")),
        ("b.md", include_str!("../../fixtures/documents/html/profile.html.expected.md")),
        ("c.md", include_str!("../../fixtures/documents/json_resume/resume.json.expected.md")),
    ] {
        let document = extract(name, source.as_bytes()).unwrap();
        let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        // The author's pipe in a cell is the only character that is escaped.
        assert_eq!(words(document.expose_text()), words(&source.replace("\\|", "|")), "{name}");
    }
}

#[test]
fn encodings() {
    let text = |bytes: &[u8]| extract("a.txt", bytes).map(|document| document.expose_text().to_owned());
    let utf16 = |unit: fn(u16) -> [u8; 2], mark: [u8; 2]| {
        let units = "né\r\n😀a".encode_utf16().flat_map(unit);
        mark.into_iter().chain(units).collect::<Vec<u8>>()
    };
    assert_eq!(text("\u{FEFF}né\r\n😀a".as_bytes()).unwrap(), "né\n😀a\n");
    assert_eq!(text(&utf16(u16::to_le_bytes, [0xFF, 0xFE])).unwrap(), "né\n😀a\n");
    assert_eq!(text(&utf16(u16::to_be_bytes, [0xFE, 0xFF])).unwrap(), "né\n😀a\n");
    assert_eq!(text(b"caf\xE9").unwrap_err(), DocumentError::NotUtf8 { offset: 3 });
    assert_eq!(text(b"\xEF\xBB\xBFcaf\xE9").unwrap_err(), DocumentError::NotUtf8 { offset: 6 });
    assert_eq!(text(b"\xFF\xFEa\0\0\xD8").unwrap_err(), DocumentError::NotUtf8 { offset: 4 });
    assert_eq!(text(b"\xFF\xFEa\0b").unwrap_err(), DocumentError::NotUtf8 { offset: 4 });
}

#[test]
fn nothing_to_read_is_an_error() {
    for (name, source) in [
        ("a.md", "<!-- x -->\n---\n"),
        ("a.txt", " \n"),
        ("a.html", "<script>x</script>"),
        ("a.json", r#"{"work":[]}"#),
    ] {
        assert_eq!(extract(name, source.as_bytes()).unwrap_err(), DocumentError::Empty, "{name}");
    }
    let large = vec![b' '; MAX_FILE_BYTES + 1];
    assert!(matches!(extract("a.txt", &large), Err(DocumentError::TooLarge { .. })));
}

#[test]
fn debug_shows_no_words() {
    let document = extract("jo-doe.txt", b"Secret words").unwrap();
    let shown = format!("{document:?}");
    assert!(!shown.contains("Secret") && !shown.contains("jo-doe"), "{shown}");
}

/// Deep and repeated openings, each a known way to make some parser slow or overflow its stack.
#[test]
fn hostile_input_ends_soon() {
    const N: usize = 200_000;
    let cases = [
        ("a.html", "<div>".repeat(N)),
        ("a.html", "<b><p>".repeat(N)),
        ("a.html", "<p>".repeat(N)),
        ("a.html", "<ul><li>".repeat(N)),
        ("a.html", "<table><td>".repeat(N)),
        ("a.html", format!("<p>x{}", "<a href=x>y".repeat(N))),
        ("a.html", "<".repeat(N)),
        ("a.html", "<!--".repeat(N)),
        ("a.html", "&amp".repeat(N)),
        ("a.html", format!("<p {}", "a=b ".repeat(N))),
        ("a.md", "[".repeat(N)),
        ("a.md", format!("{}{}", "[".repeat(N), "](x)".repeat(N))),
        ("a.md", "![[]()".repeat(N)),
        ("a.md", ">".repeat(N)),
        ("a.md", "> ".repeat(N)),
        ("a.md", "- ".repeat(N)),
        ("a.md", "1. ".repeat(N)),
        ("a.md", "*a ".repeat(N)),
        ("a.md", "**_a".repeat(N)),
        ("a.md", "`a``".repeat(N)),
        ("a.md", "<a ".repeat(N)),
        ("a.md", "<!--\n\n".repeat(N)),
        ("a.md", "a <b>".repeat(N)),
        ("a.md", (0..1_000).map(|depth| format!("{}- a\n", "  ".repeat(depth))).collect()),
        ("a.md", "|a".repeat(1_000) + "|\n" + &"|-".repeat(1_000) + "|\n" + &"|b\n".repeat(10_000)),
        ("a.md", "a\n: ".repeat(N)),
        ("a.md", "[^a]: ".repeat(N)),
        ("a.md", "---\n".repeat(N)),
        ("a.md", format!("---\n{}---\n", "a:\n".repeat(N))),
        (
            "a.md",
            format!("---\n{}---\n", (0..2_000).map(|depth| format!("{}a:\n", " ".repeat(depth))).collect::<String>()),
        ),
        ("a.txt", "- a\n".repeat(N)),
        ("a.txt", (0..2_000).map(|depth| format!("{}- a\n", " ".repeat(depth))).collect()),
        ("a.txt", ":".repeat(N)),
        ("a.json", "[".repeat(N)),
        ("a.json", "{\"a\":".repeat(N)),
        ("a.json", format!("{{\"work\":{}1{}}}", "[".repeat(N), "]".repeat(N))),
    ];
    for (name, source) in &cases {
        let begun = Instant::now();
        spans_hold_if_read(name, source.as_bytes());
        let start: String = source.chars().take(12).collect();
        // A slow machine under load takes a tenth of it; a quadratic reader takes minutes.
        assert!(begun.elapsed() < Duration::from_secs(20), "{name} {start:?} took {:?}", begun.elapsed());
        println!("{name} {start:?} {:?}", begun.elapsed());
    }
}

/// Pieces that formats give meaning to, so that random joins reach the readers' corners.
fn markup() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        prop::sample::select(vec![
            "<p>",
            "</p>",
            "<ul>",
            "</ul>",
            "<ol>",
            "<li>",
            "</li>",
            "<table>",
            "</table>",
            "<tr>",
            "<td>",
            "</td>",
            "<th>",
            "<dl>",
            "<dt>",
            "<dd>",
            "</dl>",
            "<h1>",
            "</h1>",
            "<a href='u'>",
            "</a>",
            "<b>",
            "</b>",
            "<br>",
            "<pre>",
            "</pre>",
            "<blockquote>",
            "</blockquote>",
            "<title>",
            "</title>",
            "<i hidden>",
            "</i>",
            "<svg/>",
            "<nav>",
            "</nav>",
            "<!--",
            "-->",
            "<meta name=author content=x>",
            "&amp;",
            "&#0;",
            "<script>",
            "</script>",
            "# ",
            "\n",
            "\n\n",
            "    ",
            "- ",
            "1. ",
            "> ",
            "|",
            "| a | b |\n|---|---|\n",
            "**",
            "*",
            "_",
            "`",
            "```",
            "[a](b)",
            "[",
            "]",
            "](",
            ")",
            "Email: ",
            ": ",
            "---\n",
            "+++\n",
            "key: value\n",
            "  \n",
            "\\",
            "\t",
            "\u{C}",
            "\u{200B}",
            "é",
            "😀",
            "\0",
            "\u{A0}",
            "word",
            "[^1]",
            "[^1]: ",
            "- [x] ",
        ])
        .prop_map(str::to_owned),
        ".{0,4}",
    ];
    prop::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())
}

/// JSON of any shape whose keys are mostly those of JSON Resume.
fn resume() -> impl Strategy<Value = serde_json::Value> {
    let key = prop::sample::select(vec![
        "basics",
        "work",
        "skills",
        "name",
        "location",
        "profiles",
        "summary",
        "highlights",
        "startDate",
        "endDate",
        "keywords",
        "level",
        "x y",
        "url",
        "",
    ]);
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i32>().prop_map(Into::into),
        ".{0,8}".prop_map(Into::into)
    ];
    leaf.prop_recursive(5, 64, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Into::into),
            prop::collection::vec((key.clone().prop_map(str::to_owned), inner), 0..6)
                .prop_map(|fields| serde_json::Value::Object(fields.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        for name in ["a.md", "a.txt", "a.html", "a.json", "a.pdf", "a"] {
            spans_hold_if_read(name, &bytes);
        }
    }

    #[test]
    fn spans_cover_every_word(source in markup()) {
        for name in ["a.md", "a.txt", "a.html", "a"] {
            spans_hold_if_read(name, source.as_bytes());
        }
    }

    #[test]
    fn no_string_of_a_resume_is_lost(value in resume()) {
        let source = serde_json::json!({"basics": {"name": "Jo"}, "work": value}).to_string();
        let document = extract("a.json", source.as_bytes()).unwrap();
        spans_hold(&document);
        let mut values = vec![&value];
        while let Some(value) = values.pop() {
            match value {
                serde_json::Value::Array(inner) => values.extend(inner),
                serde_json::Value::Object(fields) => values.extend(fields.values()),
                serde_json::Value::String(words) => {
                    // Commas may stand in for line breaks; the words themselves are all there.
                    for word in builder::one_line(words).split_whitespace() {
                        prop_assert!(document.expose_text().contains(word), "{word:?} of {source} in {}", document.expose_text());
                    }
                }
                _ => {}
            }
        }
    }

    #[test]
    fn paragraphs_of_html_keep_their_words(paragraphs in prop::collection::vec("[a-zé]{1,8}( [a-z]{1,8}){0,5}", 1..20)) {
        let source: String = paragraphs.iter().map(|words| format!("<p>{words}\n")).collect();
        let document = extract("a.html", source.as_bytes()).unwrap();
        prop_assert_eq!(document.expose_text(), paragraphs.join("\n\n") + "\n");
    }
}
