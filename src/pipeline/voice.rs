//! The person's own prose among masked documents: what an author profile is measured from.

use std::collections::BTreeSet;
use std::ops::Range;

use crate::document::{Block, BlockKind};
use crate::id::ContentHash;
use crate::mask::MaskedDocument;
use crate::prompt::Passage;
use crate::style::{self, Genre, Part, PartKind, Source, Verdict};

/// What became of one document.
#[derive(Clone, Debug, PartialEq)]
pub struct Judged {
    /// The masked document's name.
    pub name: String,
    /// What it was taken for.
    pub verdict: Verdict,
    /// Texts taken from it; none unless it is prose.
    pub texts: usize,
}

/// The person's own texts, as places in masked documents.
#[derive(Clone, Debug, Default)]
pub struct OwnTexts {
    /// Index of the document and bytes of its masked text, in order.
    pub texts: Vec<(usize, Range<usize>)>,
    /// Every document, in order.
    pub documents: Vec<Judged>,
}

impl OwnTexts {
    /// The words themselves, out of the documents they were found in.
    #[must_use]
    pub fn of<'d>(&self, documents: &'d [MaskedDocument]) -> Vec<&'d str> {
        let text = |(at, range): &(usize, Range<usize>)| documents.get(*at)?.text().get(range.clone());
        self.texts.iter().filter_map(text).collect()
    }
}

impl OwnTexts {
    /// The passages that lie in those texts, by id.
    #[must_use]
    pub fn passages(&self, documents: &[MaskedDocument], passages: &[Passage]) -> BTreeSet<ContentHash> {
        let is_own = |passage: &&Passage| {
            let span = passage.span();
            self.texts.iter().any(|(at, range)| {
                documents.get(*at).is_some_and(|d| d.name() == passage.source())
                    && range.start < span.end
                    && span.start < range.end
            })
        };
        passages.iter().filter(is_own).map(Passage::id).collect()
    }
}

/// Finds the person's own prose: each post of an export by itself, other documents as one text. Lists of facts and
/// others' words about the person are left out; with `facts` the lists of facts count as well.
#[must_use]
pub fn own_texts(documents: &[MaskedDocument], facts: bool) -> OwnTexts {
    let mut out = OwnTexts::default();
    for (at, document) in documents.iter().enumerate() {
        let parts = parts(document.blocks());
        let source = source(document, &parts);
        let verdict = style::genre(&source);
        let own = verdict.genre == Genre::Prose || (facts && verdict.genre == Genre::Facts);
        let texts = if own { style::texts_of(&source) } else { Vec::new() };
        out.documents.push(Judged { name: document.name().to_owned(), verdict, texts: texts.len() });
        out.texts.extend(texts.into_iter().map(|range| (at, range)));
    }
    out
}

/// The blocks of a document as `style` takes them.
fn parts(blocks: &[Block]) -> Vec<Part> {
    let kind = |block: &Block| match &block.kind {
        BlockKind::Heading { level } => PartKind::Heading(*level),
        BlockKind::Paragraph => PartKind::Paragraph,
        BlockKind::ListItem { .. } => PartKind::Item,
        BlockKind::TableRow => PartKind::Row,
        BlockKind::KeyValue { .. } => PartKind::Label,
        BlockKind::Code => PartKind::Code,
    };
    blocks.iter().map(|block| Part { kind: kind(block), span: block.span.clone() }).collect()
}

/// A masked document as `style` takes it.
fn source<'d>(document: &'d MaskedDocument, parts: &'d [Part]) -> Source<'d> {
    // Lists of posts in JSON have no title of their own; profiles and resumes begin with a name.
    let first = parts.iter().find_map(|part| match part.kind {
        PartKind::Heading(level) => Some(level),
        _ => None,
    });
    let data = [".json", ".js"].iter().any(|ending| document.name().to_lowercase().ends_with(ending));
    Source { name: document.name(), is_posts: data && first != Some(1), text: document.text(), parts }
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use super::*;
    use crate::mask::Vault;
    use crate::pipeline::{mask_documents, read_documents};
    use crate::settings::Persona;

    fn read(paths: &[&str]) -> Vec<MaskedDocument> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
        let paths: Vec<PathBuf> = paths.iter().map(|path| root.join(path)).collect();
        let sources = read_documents(&paths).unwrap();
        mask_documents(&sources.documents, vec![], &Persona::default(), None, Vault::default()).unwrap().documents
    }

    fn genres(path: &str) -> Vec<(String, Genre, usize)> {
        let found = own_texts(&read(&[path]), false);
        found.documents.into_iter().map(|judged| (judged.name, judged.verdict.genre, judged.texts)).collect()
    }

    #[test]
    fn posts_are_prose_and_resumes_are_facts() {
        for folder in ["persona/posts", "style/wren", "style/tobias"] {
            for (name, genre, texts) in genres(folder) {
                assert_eq!((genre, texts), (Genre::Prose, 1), "{folder}/{name}");
            }
        }
        for path in ["documents/markdown/post.md", "documents/pdf/typst-columns.pdf"] {
            assert_eq!(own_texts(&read(&[path]), false).texts.len(), 1, "{path}");
        }
        let resumes = [
            "persona/resume.md",
            "persona/resume.json",
            "persona/resume.html",
            "documents/docx/resume.docx",
            "documents/odt/resume.odt",
            "documents/text/resume.txt",
            "documents/json_resume/resume.json",
            "documents/europass/cv.xml",
            "documents/csv/tides.csv",
            "documents/html/profile.html",
            "documents/pdf/latex-cv.pdf",
        ];
        for path in resumes {
            let found = own_texts(&read(&[path]), false);
            assert!(found.texts.is_empty(), "{path}: {:?}", found.documents);
        }
    }

    #[test]
    fn exports_fall_into_their_posts() {
        let check = |path: &str, expected: &[(&str, usize)]| {
            let found: Vec<(String, usize)> = genres(path)
                .into_iter()
                .filter(|(_, _, texts)| *texts > 0)
                .map(|(name, _, texts)| (name, texts))
                .collect();
            let expected: Vec<(String, usize)> = expected.iter().map(|(name, n)| ((*name).to_owned(), *n)).collect();
            assert_eq!(found, expected);
        };
        check(
            "documents/linkedin/export",
            &[("Articles/neap.html", 1), ("Comments.csv", 1), ("Recommendations_Given.csv", 1), ("Shares.csv", 2)],
        );
        check("documents/x/export", &[("data/note-tweet.js", 1), ("data/tweets.js", 3)]);
        check("documents/mastodon/export", &[("outbox.json", 2)]);
    }

    #[test]
    fn a_post_is_its_words_alone() {
        let documents = read(&["documents/linkedin/export/Shares.csv"]);
        let texts = own_texts(&documents, false);
        assert_eq!(
            texts.of(&documents),
            ["First tide table of the year.", "A gauge is a promise.\n\nIt says: \"come back tomorrow\"."]
        );
        let documents = read(&["persona/resume.md"]);
        assert_eq!(own_texts(&documents, true).texts.len(), 1);
    }
}
