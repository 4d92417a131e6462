//! What was masked, for a person to review: the masked text with every placeholder marked by kind, one file, no
//! scripts.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::html::text::escape;
use crate::mask::{Entity, MaskedDocument};

const STYLE: &str = include_str!("masking/style.css");

/// One document of the page.
#[derive(Debug)]
pub struct MaskedPage<'d> {
    /// The masked document.
    pub document: &'d MaskedDocument,
    /// The unmasked text, when the person asked to see the values.
    pub original: Option<&'d str>,
}

/// The page. Values are in it only where a document's `original` is given.
#[must_use]
pub fn render_masking(pages: &[MaskedPage<'_>]) -> String {
    let mut counts: BTreeMap<Entity, usize> = BTreeMap::new();
    for page in pages {
        for find in page.document.finds() {
            *counts.entry(find.entity).or_default() += 1;
        }
    }
    let mut out = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" \
         content=\"width=device-width, initial-scale=1\">\n<meta http-equiv=\"Content-Security-Policy\" \
         content=\"default-src 'none'; style-src 'unsafe-inline'\">\n<title>Masked places</title>\n<style>\n{STYLE}</style>\n\
         </head>\n<body>\n<h1>Masked places</h1>\n<p>{} values in {} documents. What is not marked stays readable: look \
         for names, numbers and addresses that were missed. A dashed frame marks what is less than sure.</p>\n<ul \
         class=\"kinds\">\n",
        counts.values().sum::<usize>(),
        pages.len(),
    );
    for (entity, count) in &counts {
        let name = entity.name();
        let _ = writeln!(out, "<li><mark class=\"{name}\">{}</mark> {count}</li>", name.replace('_', " "));
    }
    out.push_str("</ul>\n");
    for page in pages {
        section(page, &mut out);
    }
    out.push_str("</body>\n</html>\n");
    out
}

fn section(page: &MaskedPage<'_>, out: &mut String) {
    /// Below this a find is worth a second look.
    const SURE: f32 = 0.75;
    let text = page.document.text();
    let _ = write!(out, "<section>\n<h2>{}</h2>\n<pre>", escape(page.document.name()));
    let mut end = 0;
    for find in page.document.finds() {
        let (Some(before), Some(placeholder)) = (text.get(end..find.range.start), text.get(find.range.clone())) else {
            continue;
        };
        let value = page.original.and_then(|original| original.get(find.original.clone()));
        let _ = write!(
            out,
            "{}<mark class=\"{}{}\" title=\"{}: {} ({}), {:.0} %\">{}</mark>",
            escape(before),
            find.entity.name(),
            if find.score < SURE { " unsure" } else { "" },
            find.entity.name().replace('_', " "),
            find.layer.name(),
            escape(find.rule),
            find.score * 100.0,
            escape(value.unwrap_or(placeholder)),
        );
        end = find.range.end;
    }
    let _ = write!(out, "{}</pre>\n</section>\n", escape(text.get(end..).unwrap_or_default()));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document;
    use crate::mask::{Masker, Policy, Vault};

    #[test]
    fn values_are_shown_only_when_asked_for() {
        let source = document::extract("cv.md", b"# Ada Quill\n\nMail <ada@example.org> & call\n").expect("a document");
        let masker = Masker::new(Policy::default(), std::slice::from_ref(&source));
        let masked = masker.mask(&source, &mut Vault::default());
        let hidden = render_masking(&[MaskedPage { document: &masked, original: None }]);
        assert!(!hidden.contains("ada@example.org") && hidden.contains("[EMAIL_1]") && hidden.contains("&amp; call"));
        let shown = render_masking(&[MaskedPage { document: &masked, original: Some(source.expose_text()) }]);
        assert!(shown.contains("ada@example.org</mark>") && shown.contains("Ada Quill</mark>"));
    }
}
