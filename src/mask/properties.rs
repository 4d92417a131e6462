//! What holds for every text and every set of documents: offsets, order, cuts.

use std::collections::BTreeSet;
use std::ops::Range;

use proptest::prelude::*;

use super::tests::{document, labelled, pieces};
use super::*;
use crate::document::Document;

/// The labelled documents, their marks taken off.
fn documents() -> Vec<Document> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/mask/documents");
    let mut paths: Vec<_> = std::fs::read_dir(folder)
        .expect("the documents are there")
        .map(|entry| entry.expect("an entry").path())
        .collect();
    paths.sort();
    let text = |path: &std::path::PathBuf| labelled(&std::fs::read_to_string(path).expect("UTF-8")).text;
    paths.iter().enumerate().map(|(idx, path)| document(&format!("{idx}.md"), &text(path))).collect()
}

/// What is masked in each document, by the name of the document.
fn masked(documents: &[Document]) -> BTreeSet<(String, usize, usize)> {
    let masker = Masker::new(Policy::default(), documents);
    let spans = |document: &Document| masker.detect(document.expose_text());
    documents
        .iter()
        .flat_map(|document| {
            spans(document).into_iter().map(|span| (document.name().to_owned(), span.range.start, span.range.end))
        })
        .collect()
}

/// The source, put together again from the masked text and what the finds say was where.
fn rebuilt(masked: &MaskedDocument, source: &str) -> String {
    let (mut out, mut end) = (String::new(), 0);
    for find in masked.finds() {
        let placeholder = &masked.text()[find.range.clone()];
        assert!(placeholder.starts_with(&format!("[{}_", find.entity.stem())) && placeholder.ends_with(']'));
        out.push_str(&masked.text()[end..find.range.start]);
        assert_eq!(out.len(), find.original.start, "what is before {placeholder} is as long as it was");
        out.push_str(&source[find.original.clone()]);
        end = find.range.end;
    }
    out + &masked.text()[end..]
}

#[test]
fn the_order_of_documents_changes_nothing() {
    let documents = documents();
    // Sets of some size, and all at once: the more there are, the more people share a name.
    for set in documents.chunks(9).chain([documents.as_slice()]) {
        let expected = masked(set);
        let mut other = set.to_vec();
        let differ = |other: &[Document]| {
            let found = masked(other);
            let text =
                |name: &str| set.iter().find(|document| document.name() == name).map_or("", Document::expose_text);
            let all = found.symmetric_difference(&expected);
            all.map(|(name, start, end)| (name.clone(), *start, text(name)[*start..*end].to_owned()))
                .collect::<Vec<_>>()
        };
        other.reverse();
        assert_eq!(differ(&other), [], "from the last to the first");
        other.rotate_left(set.len() / 3);
        assert_eq!(differ(&other), [], "from the middle");
    }
}

/// A document in two: what is found in neither half is context that the cut took away, and it is little.
#[test]
fn a_cut_at_a_blank_line_changes_only_what_is_near_it() {
    /// Lines on each side of a cut for which it may matter.
    const NEAR: usize = 2;
    let (mut seen, mut lost) = (0, Vec::new());
    for whole in documents() {
        let text = whole.expose_text();
        for (cut, _) in text.match_indices("\n\n") {
            let halves = [document("a.md", &text[..cut]), document("b.md", &text[cut..])];
            let masker = Masker::new(Policy::default(), &halves);
            let shift = |range: Range<usize>, by: usize| range.start + by..range.end + by;
            let apart: BTreeSet<(usize, usize)> = halves
                .iter()
                .zip([0, cut])
                .flat_map(|(half, by)| {
                    masker.detect(half.expose_text()).into_iter().map(move |span| shift(span.range, by))
                })
                .map(|range| (range.start, range.end))
                .collect();
            let together = Masker::new(Policy::default(), std::slice::from_ref(&whole)).detect(text);
            for span in together {
                let between =
                    if span.range.end <= cut { &text[span.range.end..cut] } else { &text[cut..span.range.start] };
                if between.lines().filter(|line| !line.trim().is_empty()).count() <= NEAR {
                    continue;
                }
                seen += 1;
                if !apart.contains(&(span.range.start, span.range.end)) {
                    lost.push((text[span.range.clone()].to_owned(), span.layer, span.rule));
                }
                // What is told by its own shape does not care.
                let own = matches!(span.layer, Layer::Checksum | Layer::Listed);
                assert!(
                    !own || apart.contains(&(span.range.start, span.range.end)),
                    "{span:?} {:?}",
                    &text[span.range.clone()]
                );
            }
        }
    }
    println!("{} of {seen}: {lost:#?}", lost.len());
    assert!(seen > 5_000 && lost.len() * 100 < seen, "{} of {seen}", lost.len());
}

/// Values that have a shape of their own, each found whole on a line of its own.
const SHAPES: &[&str] = &[
    "zdenka@example.org",
    "+44 7700 900142",
    "https://github.com/zmorvaille",
    "203.0.113.77",
    "2001:db8::8a2e:370:7334",
    "4111 1111 1111 1111",
    "GB82 WEST 1234 5698 7654 32",
    "00:1b:44:11:3a:b7",
];

/// Characters of every length, combining marks, joiners, those that change length with case, and marks of direction.
fn unicode() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        "\\PC{0,6}",
        "[a-zA-Z ]{0,8}",
        prop::sample::select(vec![
            "é",
            "e\u{301}",
            "İ",
            "ẞ",
            "ŉ",
            "ﬃ",
            "Ǆ",
            "王小明",
            "أحمد",
            "👩‍👩‍👧",
            "\u{200B}",
            "\u{200D}",
            "\u{202E}",
            "\u{FEFF}",
            "\u{A0}",
            "𝒵",
            "Ａ",
            "ª",
            "\u{345}",
            "ΐ",
            "\u{1F1E6}",
            "ﷺ",
        ])
        .prop_map(str::to_owned),
    ];
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn finds_say_exactly_what_was_where(text in prop_oneof![pieces(), unicode(), any::<String>()]) {
        let source = document("a.md", &text);
        let masker = Masker::new(Policy::default(), std::slice::from_ref(&source));
        let found = masker.mask(&source, &mut Vault::default());
        prop_assert_eq!(rebuilt(&found, &text), text);
    }

    #[test]
    fn offsets_are_bytes_whatever_stands_around(
        lines in prop::collection::vec(unicode(), 1..6),
        values in prop::collection::vec(prop::sample::select(SHAPES), 1..6),
    ) {
        let masker = Masker::new(Policy::default(), &[]);
        let (mut text, mut wanted) = (String::new(), Vec::new());
        for (idx, value) in values.iter().enumerate() {
            text.push_str(lines.get(idx).map_or("", String::as_str));
            text.push_str("\n\n");
            wanted.push(text.len()..text.len() + value.len());
            text.push_str(value);
            text.push_str("\n\n");
        }
        let found: Vec<Range<usize>> = masker.detect(&text).into_iter().map(|span| span.range).collect();
        for range in wanted {
            prop_assert!(found.contains(&range), "{:?} in {text:?}: {found:?}", &text[range]);
        }
    }

    #[test]
    fn the_order_of_any_documents_changes_nothing(texts in prop::collection::vec(pieces(), 1..4)) {
        let set: Vec<Document> =
            texts.iter().enumerate().map(|(idx, text)| document(&format!("{idx}.md"), text)).collect();
        let mut other = set.clone();
        other.reverse();
        prop_assert_eq!(masked(&other), masked(&set));
    }
}
