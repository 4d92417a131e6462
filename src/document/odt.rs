//! Text documents of LibreOffice and others (ODT): headers, body with its notes, footers.

use std::collections::{BTreeMap, BTreeSet};

use super::archive::{Budget, Zip};
use super::builder::Builder;
use super::flow::Flow;
use super::xml::{self, Element, Node};
use super::{DocumentError, decode, people};

/// What the first file of such an archive says.
const MIMETYPE: &str = "application/vnd.oasis.opendocument.text";

/// Whether an archive is such a document.
pub(super) fn is_odt(zip: &mut Zip<'_>) -> bool {
    zip.has("content.xml")
        && zip.part("mimetype").ok().flatten().is_none_or(|kind| kind.starts_with(MIMETYPE.as_bytes()))
}

/// Reads a document.
pub(super) fn extract(bytes: &[u8], budget: &Budget) -> Result<Builder, DocumentError> {
    let mut zip = Zip::open(bytes, budget)?;
    let mut part = |path| -> Result<Option<String>, DocumentError> {
        zip.part(path)?.map(|bytes| Ok(decode(&bytes)?.into_owned())).transpose()
    };
    if part("META-INF/manifest.xml")?.is_some_and(|manifest| manifest.contains("encryption-data")) {
        return Err(DocumentError::Password);
    }
    let content = part("content.xml")?.unwrap_or_default();
    let styles = part("styles.xml")?.unwrap_or_else(|| "<none/>".to_owned());
    let meta = part("meta.xml")?;
    let (content, styles) = (xml::parse(&content)?, xml::parse(&styles)?);
    let formats = Formats::new(&[&styles, &content]);
    let mut out = margins(&styles, &["header-first", "header", "header-left"], &formats);
    out.gap();
    let mut reader = Reader::new(&formats);
    if let Some(body) = content.at(&["body", "text"]) {
        reader.blocks(body);
    }
    out.append(reader.finish());
    out.gap();
    out.append(margins(&styles, &["footer-first", "footer", "footer-left"], &formats));
    if let Some(meta) = meta.as_deref().and_then(|meta| xml::parse(meta).ok())
        && let Some(meta) = meta.child("meta")
    {
        for key in ["creator", "initial-creator"] {
            let name = meta.child(key).and_then(|element| people::name(&element.text(), false));
            name.into_iter().for_each(|name| out.person(name));
        }
    }
    Ok(out)
}

/// Headers or footers of all pages, those of equal words once.
fn margins(styles: &Element<'_>, names: &[&str], formats: &Formats) -> Builder {
    let (mut out, mut seen) = (Builder::default(), BTreeSet::new());
    let pages = styles.child("master-styles").into_iter().flat_map(Element::elements);
    for margin in pages.flat_map(|page| names.iter().filter_map(|name| page.child(name))) {
        if margin.attribute("display") == Some("false") {
            continue;
        }
        let mut reader = Reader::new(formats);
        reader.blocks(margin);
        let margin = reader.finish();
        if seen.insert(margin.words().to_owned()) {
            out.gap();
            out.append(margin);
        }
    }
    out
}

/// What styles say that words depend on.
struct Formats {
    /// The levels of list styles that are numbered.
    numbered: BTreeSet<(String, usize)>,
    hidden: BTreeSet<String>,
    /// What a paragraph style is based on; automatic styles have names like `P7`.
    parents: BTreeMap<String, String>,
}

impl Formats {
    fn new(trees: &[&Element<'_>]) -> Self {
        let mut formats = Self { numbered: BTreeSet::new(), hidden: BTreeSet::new(), parents: BTreeMap::new() };
        let sections = trees.iter().flat_map(|tree| tree.elements());
        for style in
            sections.filter(|section| matches!(section.name, "styles" | "automatic-styles")).flat_map(Element::elements)
        {
            let Some(name) = style.attribute("name") else { continue };
            match style.name {
                "list-style" => {
                    for level in style.elements().filter(|level| level.name == "list-level-style-number") {
                        let written = level.attribute("num-format").is_some_and(|format| !format.is_empty());
                        if let Some(depth) =
                            level.attribute("level").and_then(|level| level.parse().ok()).filter(|_| written)
                        {
                            formats.numbered.insert((name.to_owned(), depth));
                        }
                    }
                }
                "style" => {
                    if style.child("text-properties").is_some_and(|text| text.attribute("display") == Some("none")) {
                        formats.hidden.insert(name.to_owned());
                    }
                    if let Some(parent) = style.attribute("parent-style-name") {
                        formats.parents.insert(name.to_owned(), parent.to_owned());
                    }
                }
                _ => {}
            }
        }
        formats
    }

    fn is(&self, style: Option<&str>, name: &str) -> bool {
        style.is_some_and(|style| style == name || self.parents.get(style).is_some_and(|parent| parent == name))
    }
}

struct Reader<'f, 't> {
    formats: &'f Formats,
    flow: Flow,
    /// Styles of the lists around the next paragraph.
    lists: Vec<Option<String>>,
    boxes: Vec<&'t Element<'t>>,
    notes: Vec<&'t Element<'t>>,
    /// Whether the next paragraph goes on with the words before it.
    joined: bool,
}

impl<'f, 't> Reader<'f, 't> {
    fn new(formats: &'f Formats) -> Self {
        let (flow, lists) = (Flow::default(), Vec::new());
        Self { formats, flow, lists, boxes: Vec::new(), notes: Vec::new(), joined: false }
    }

    fn finish(mut self) -> Builder {
        self.flow.close_lists();
        let mut next = 0;
        while let Some(note) = self.notes.get(next).copied() {
            next += 1;
            self.flow.inline.push(&format!("[^{next}]: "));
            self.joined = true;
            self.blocks(note);
        }
        self.flow.finish()
    }

    fn blocks(&mut self, element: &'t Element<'t>) {
        for child in element.elements() {
            match child.name {
                "h" => {
                    let level = child.attribute("outline-level").and_then(|level| level.parse().ok()).unwrap_or(1);
                    self.flow.close_lists();
                    self.flow.open_heading(level);
                    self.inline(child);
                    self.flow.close_heading();
                    self.boxes();
                }
                "p" => self.paragraph(child),
                "list" => self.list(child),
                "table" => self.table(child),
                // Deleted text lies apart from the text; tables of contents repeat it.
                "tracked-changes" | "table-of-content" | "alphabetical-index" | "illustration-index" | "forms"
                | "sequence-decls" => {}
                "frame" | "text-box" | "g" => self.frame(child),
                _ => self.blocks(child),
            }
        }
    }

    fn paragraph(&mut self, paragraph: &'t Element<'t>) {
        let style = paragraph.attribute("style-name");
        if style.is_some_and(|style| self.formats.hidden.contains(style)) {
            return;
        }
        let title = self.formats.is(style, "Title");
        if !std::mem::take(&mut self.joined) {
            self.flow.flush();
        }
        if title {
            self.flow.open_heading(1);
        }
        self.inline(paragraph);
        if title {
            self.flow.close_heading();
        }
        self.flow.flush();
        self.boxes();
    }

    fn boxes(&mut self) {
        for text_box in std::mem::take(&mut self.boxes) {
            self.blocks(text_box);
        }
    }

    fn frame(&mut self, frame: &'t Element<'t>) {
        if frame.name == "text-box" { self.blocks(frame) } else { frame.elements().for_each(|child| self.frame(child)) }
    }

    fn list(&mut self, list: &'t Element<'t>) {
        let style = list.attribute("style-name").map(str::to_owned);
        self.lists.push(style.or_else(|| self.lists.last().cloned().flatten()));
        let depth = self.lists.len();
        let style = self.lists.last().cloned().flatten().unwrap_or_default();
        let start = self.formats.numbered.contains(&(style, depth)).then_some(1);
        if self.flow.in_row() {
            list.elements().for_each(|item| self.blocks(item));
        } else {
            self.flow.open_list(start);
            for item in list.elements() {
                // The header of a list has no mark.
                if item.name == "list-item" {
                    self.flow.open_item();
                }
                self.blocks(item);
                self.flow.close_item();
            }
            self.flow.close_list();
        }
        self.lists.pop();
    }

    fn table(&mut self, table: &'t Element<'t>) {
        let rows = parts(table, "table-row");
        let cells = |row: &'t Element<'t>| row.elements().filter(|cell| cell.name == "table-cell");
        let is_layout = rows.iter().all(|row| cells(row).count() < 2)
            || rows.iter().flat_map(|row| cells(row)).any(|cell| {
                cell.elements().any(|block| matches!(block.name, "h" | "list" | "table"))
                    || cell.elements().filter(|block| block.name == "p").count() > 3
            });
        self.flow.flush();
        if !is_layout {
            self.flow.open_table();
        }
        for row in rows {
            for cell in cells(row) {
                if is_layout {
                    self.blocks(cell);
                } else {
                    self.flow.open_cell();
                    self.blocks(cell);
                    self.flow.close_cell();
                }
            }
            if !is_layout {
                self.flow.close_row();
            }
        }
        if !is_layout {
            self.flow.close_table();
        }
    }

    fn inline(&mut self, element: &'t Element<'t>) {
        for node in &element.children {
            match node {
                Node::Text(words) => self.flow.inline.push(words),
                Node::Element(child) => self.inline_element(child),
            }
        }
    }

    fn inline_element(&mut self, element: &'t Element<'t>) {
        match element.name {
            "s" | "tab" => self.flow.inline.push(" "),
            "line-break" => self.flow.inline.hard_break(),
            "a" => {
                let url = element.attribute("href");
                if let Some(url) = url {
                    self.flow.inline.open_link(url);
                }
                self.inline(element);
                if url.is_some() {
                    self.flow.inline.close_link();
                }
            }
            "note" => {
                if let Some(body) = element.child("note-body") {
                    self.notes.push(body);
                    self.flow.inline.push(&format!("[^{}]", self.notes.len()));
                }
            }
            "frame" | "text-box" | "g" => self.find_boxes(element),
            "annotation" | "annotation-end" | "hidden-text" | "page-number" | "page-count" | "title" | "desc"
            | "ruby-text" | "tracked-changes" => {}
            "span" if element.attribute("style-name").is_some_and(|style| self.formats.hidden.contains(style)) => {}
            _ => self.inline(element),
        }
    }

    fn find_boxes(&mut self, element: &'t Element<'t>) {
        if element.name == "text-box" {
            self.boxes.push(element);
        } else {
            element.elements().for_each(|child| self.find_boxes(child));
        }
    }
}

/// Rows of a table, also those of its head and of groups.
fn parts<'t>(element: &'t Element<'t>, name: &str) -> Vec<&'t Element<'t>> {
    let mut found = Vec::new();
    for child in element.elements() {
        match child.name {
            child_name if child_name == name => found.push(child),
            "table-header-rows" | "table-rows" | "table-row-group" => found.extend(parts(child, name)),
            _ => {}
        }
    }
    found
}
