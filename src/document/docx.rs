//! Word documents (DOCX): headers, body, notes and footers, each once.
//!
//! What Word does not show goes: deleted and hidden text, field codes, placeholders of forms, tables of contents,
//! comments. Text boxes stand after the paragraph that holds them. Pictures leave nothing: what Word writes about them
//! is mostly its own guess.

mod body;
mod field;
mod numbering;
mod package;
mod styles;
mod symbol;

use std::collections::{BTreeMap, BTreeSet};

use super::DocumentError;
use super::archive::{Budget, Zip};
use super::builder::Builder;
use super::people;
use super::xml::{self, Element};

use body::{Reader, Shared};
use numbering::Numbering;
use package::{Package, Part};
use styles::Styles;

/// The relationships of a package that lead to its text; the end of their type says so in every edition of the format.
const MAIN: &str = "/officeDocument";

/// Whether an archive is a Word document.
pub(super) fn is_docx(zip: &Zip<'_>) -> bool {
    zip.has("word/document.xml") || (zip.has("[Content_Types].xml") && zip.has("word/styles.xml"))
}

/// Reads a document.
pub(super) fn extract(bytes: &[u8], budget: &Budget) -> Result<Builder, DocumentError> {
    let mut package = Package::new(Zip::open(bytes, budget)?);
    let root = package.relations("")?;
    let target = |kind: &str| root.values().find(|relation| relation.kind.ends_with(kind)).map(|found| &found.target);
    let path = target(MAIN).map_or("word/document.xml", String::as_str);
    let Some(main) = package.part(path)? else {
        return Err(DocumentError::Archive { reason: "the part with its text is missing".to_owned() });
    };
    let parts = Parts::read(&mut package, &main)?;
    let mut out = read(&main, &parts)?;
    if let Some(core) = target("/core-properties")
        && let Some(core) = package.part(core)?
        && let Ok(core) = xml::parse(&core.text)
    {
        for key in ["creator", "lastModifiedBy"] {
            let name = core.child(key).and_then(|element| people::name(&element.text(), false));
            name.into_iter().for_each(|name| out.person(name));
        }
    }
    Ok(out)
}

/// The parts that the main one names.
#[derive(Default)]
struct Parts {
    styles: Option<Part>,
    numbering: Option<Part>,
    settings: Option<Part>,
    footnotes: Option<Part>,
    endnotes: Option<Part>,
    /// Headers and footers, by the relationship that leads to them.
    margins: BTreeMap<String, Part>,
}

impl Parts {
    fn read(package: &mut Package<'_>, main: &Part) -> Result<Self, DocumentError> {
        let mut parts = Self::default();
        for (id, relation) in &main.relations {
            let place = match relation.kind.rsplit('/').next().unwrap_or_default() {
                "styles" => &mut parts.styles,
                "numbering" => &mut parts.numbering,
                "settings" => &mut parts.settings,
                "footnotes" => &mut parts.footnotes,
                "endnotes" => &mut parts.endnotes,
                "header" | "footer" => {
                    if let Some(part) = package.part(&relation.target)? {
                        parts.margins.insert(id.clone(), part);
                    }
                    continue;
                }
                _ => continue,
            };
            *place = package.part(&relation.target)?;
        }
        Ok(parts)
    }
}

fn read(main: &Part, parts: &Parts) -> Result<Builder, DocumentError> {
    let document = xml::parse(&main.text)?;
    let styles = parts.styles.as_ref().map(|part| xml::parse(&part.text)).transpose()?;
    let numbering = parts.numbering.as_ref().map(|part| xml::parse(&part.text)).transpose()?;
    let settings = parts.settings.as_ref().map(|part| xml::parse(&part.text)).transpose()?;
    let styles = Styles::new(styles.as_ref());
    let mut shared = Shared::new(&styles, Numbering::new(numbering.as_ref(), &styles));
    let body = document.child("body").unwrap_or(&document);
    shared.note_titles(body);
    let two_sided = settings.as_ref().is_some_and(|settings| styles::is_on(settings.child("evenAndOddHeaders")));
    let mut out = margins(body, "headerReference", two_sided, parts, &mut shared)?;
    out.gap();
    let mut reader = Reader::new(&mut shared, &main.relations, body, false);
    reader.blocks(body);
    out.append(reader.finish());
    notes(parts, &mut shared, &mut out)?;
    out.gap();
    out.append(margins(body, "footerReference", two_sided, parts, &mut shared)?);
    Ok(out)
}

/// Headers or footers that are shown somewhere, those of equal words once.
fn margins(
    body: &Element<'_>,
    kind: &str,
    two_sided: bool,
    parts: &Parts,
    shared: &mut Shared<'_>,
) -> Result<Builder, DocumentError> {
    let paragraphs = body.elements().filter_map(|element| element.at(&["pPr", "sectPr"]));
    let sections = paragraphs.chain(body.elements().filter(|element| element.name == "sectPr"));
    let (mut out, mut ids, mut seen) = (Builder::default(), BTreeSet::new(), BTreeSet::new());
    for section in sections {
        let first_page = styles::is_on(section.child("titlePg"));
        let shown = section.elements().filter(|element| element.name == kind).filter(|element| {
            match element.attribute("type") {
                Some("first") => first_page,
                Some("even") => two_sided,
                _ => true,
            }
        });
        // What stands on the first page comes first.
        let mut ordered: Vec<(bool, &str)> = shown
            .filter_map(|element| Some((element.attribute("type") != Some("first"), element.attribute("id")?)))
            .collect();
        ordered.sort_by_key(|(later, _)| *later);
        for (_, id) in ordered {
            let Some(part) = parts.margins.get(id).filter(|_| ids.insert(id.to_owned())) else { continue };
            let tree = xml::parse(&part.text)?;
            let mut reader = Reader::new(shared, &part.relations, &tree, true);
            reader.blocks(&tree);
            let margin = reader.finish();
            if seen.insert(margin.words().to_owned()) {
                out.gap();
                out.append(margin);
            }
        }
    }
    Ok(out)
}

/// Footnotes and endnotes in the order of their marks; a note's own marks come after.
fn notes(parts: &Parts, shared: &mut Shared<'_>, out: &mut Builder) -> Result<(), DocumentError> {
    let trees =
        [&parts.footnotes, &parts.endnotes].map(|part| part.as_ref().map(|part| (xml::parse(&part.text), part)));
    let mut next = 0;
    while let Some((endnote, id)) = shared.note(next) {
        next += 1;
        let Some((tree, part)) = &trees[usize::from(endnote)] else { continue };
        let tree = tree.as_ref().map_err(Clone::clone)?;
        let Some(note) = tree.elements().find(|note| note.attribute("id") == Some(&id)) else { continue };
        let mut reader = Reader::new(shared, &part.relations, note, false);
        reader.note(next, note);
        out.append(reader.finish());
    }
    Ok(())
}
