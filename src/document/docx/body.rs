//! Paragraphs, tables and runs in reading order.

use std::collections::BTreeMap;

use super::field::{self, Fields};
use super::numbering::Numbering;
use super::package::Relations;
use super::styles::{ListPlace, Role, Styles, is_on};
use super::symbol::symbol;
use super::{Builder, Element};
use crate::document::flow::Flow;
use crate::document::text;

/// A table whose cell has more paragraphs than this places them on the page.
const MAX_CELL_PARAGRAPHS: usize = 3;

/// What all parts of a document share.
pub(super) struct Shared<'s> {
    styles: &'s Styles,
    numbering: Numbering,
    /// Notes in the order of their marks: whether at the end of the document, and the name.
    notes: Vec<(bool, String)>,
    numbers: BTreeMap<(bool, String), usize>,
    /// Whether a paragraph is the title, so that headings stand below it.
    titled: bool,
}

impl<'s> Shared<'s> {
    pub(super) fn new(styles: &'s Styles, numbering: Numbering) -> Self {
        Self { styles, numbering, notes: Vec::new(), numbers: BTreeMap::new(), titled: false }
    }

    /// Looks for a title among the paragraphs that stand in no table.
    pub(super) fn note_titles(&mut self, body: &Element<'_>) {
        self.titled =
            body.elements().any(|element| element.name == "p" && self.styles.role(style(element)) == Role::Title);
    }

    /// The note with a number, counted from 0.
    pub(super) fn note(&self, idx: usize) -> Option<(bool, String)> {
        self.notes.get(idx).cloned()
    }

    fn number(&mut self, endnote: bool, id: &str) -> usize {
        let key = (endnote, id.to_owned());
        if let Some(number) = self.numbers.get(&key) {
            return *number;
        }
        self.notes.push(key.clone());
        self.numbers.insert(key, self.notes.len());
        self.notes.len()
    }
}

/// Reads one part.
pub(super) struct Reader<'r, 's, 't> {
    shared: &'r mut Shared<'s>,
    relations: &'r Relations,
    flow: Flow,
    fields: Fields,
    /// Whether every field that begins ends, too. Where one does not, its text is shown rather than lost.
    whole: bool,
    /// Whether this is a header or a footer.
    margin: bool,
    /// Text boxes of the paragraph being read.
    boxes: Vec<&'t Element<'t>>,
    bold: bool,
    hidden: bool,
    /// Whether the paragraph goes on with the next: its end was deleted, or it is the first of a note.
    joined: bool,
    /// Whether a bullet that the author typed is still to be left out.
    typed_bullet: bool,
    /// Whether the paragraph holds the number of a page.
    paged: bool,
}

impl<'r, 's, 't> Reader<'r, 's, 't> {
    pub(super) fn new(
        shared: &'r mut Shared<'s>,
        relations: &'r Relations,
        part: &'t Element<'t>,
        margin: bool,
    ) -> Self {
        let (begun, ended) = count_fields(part);
        Self {
            shared,
            relations,
            flow: Flow::default(),
            fields: Fields::default(),
            whole: begun == ended,
            margin,
            boxes: Vec::new(),
            bold: false,
            hidden: false,
            joined: false,
            typed_bullet: false,
            paged: false,
        }
    }

    /// All blocks read.
    pub(super) fn finish(mut self) -> Builder {
        self.flow.close_lists();
        self.flow.finish()
    }

    /// A note with its mark before its first words.
    pub(super) fn note(&mut self, number: usize, note: &'t Element<'t>) {
        self.flow.inline.push(&format!("[^{number}]: "));
        self.joined = true;
        self.blocks(note);
    }

    /// Everything in an element that holds blocks.
    pub(super) fn blocks(&mut self, element: &'t Element<'t>) {
        for child in element.elements() {
            match child.name {
                "p" => self.paragraph(child),
                "tbl" => self.table(child),
                "sdt" if is_dropped_control(child) => {}
                "AlternateContent" => {
                    if let Some(choice) = choice(child) {
                        self.blocks(choice);
                    }
                }
                "sdt" | "sdtContent" | "customXml" | "smartTag" | "ins" | "moveTo" => self.blocks(child),
                _ => {}
            }
        }
    }

    fn paragraph(&mut self, paragraph: &'t Element<'t>) {
        let properties = paragraph.child("pPr");
        let styles = self.shared.styles;
        let style = styles.paragraph(style(paragraph));
        let mut role = styles.role(style);
        if let Some(level) = properties.and_then(|properties| properties.child("outlineLvl"))
            && let Some(level) = level.attribute("val").and_then(|level| level.parse::<u8>().ok())
        {
            match (level, role) {
                (0..=8, Role::Plain | Role::Heading(_)) => role = Role::Heading(level + 1),
                (9.., Role::Heading(_)) => role = Role::Plain,
                _ => {}
            }
        }
        if role == Role::Contents {
            return;
        }
        let place = place(properties, styles, style);
        self.hidden = styles.is_hidden(style);
        self.typed_bullet = false;
        self.paged = false;
        if !std::mem::take(&mut self.joined) {
            self.begin(paragraph, role, place.as_ref(), style);
        }
        self.inline(paragraph);
        self.set_bold(false);
        if properties.and_then(|properties| properties.at(&["rPr", "del"])).is_some() {
            self.joined = true;
            return;
        }
        // `Page 2 of 3` without its numbers.
        if self.margin && self.paged && self.flow.inline.word_count() <= 2 {
            self.flow.inline.take();
        }
        match role {
            Role::Title | Role::Heading(_) => self.flow.close_heading(),
            Role::Quote => self.flow.close_quote(),
            _ => self.flow.close_item(),
        }
        for text_box in std::mem::take(&mut self.boxes) {
            self.blocks(text_box);
        }
    }

    /// Tells the flow what kind of block comes.
    fn begin(&mut self, paragraph: &Element<'_>, role: Role, place: Option<&ListPlace>, style: Option<&str>) {
        let marker = place.and_then(|place| self.shared.numbering.next(place, style));
        match (role, marker) {
            (Role::Title, _) => {
                self.flow.close_lists();
                self.flow.open_heading(1);
            }
            (Role::Heading(level), _) => {
                self.flow.close_lists();
                self.flow.open_heading(level.saturating_add(u8::from(self.shared.titled)).min(6));
            }
            (Role::Quote, _) => {
                self.flow.close_lists();
                self.flow.open_quote();
            }
            // Each of Word's own styles for lists is a list of its own, whatever its depth on the page.
            (Role::Item { depth: deeper, .. }, Some((0, marker))) => self.flow.item_at(deeper.into(), &marker),
            (_, Some((depth, marker))) => self.flow.item_at(depth, &marker),
            (Role::Item { numbered, depth }, None) if place.is_none() => {
                self.flow.next_item_at(depth.into(), numbered);
            }
            _ if first_character(paragraph).is_some_and(text::is_bullet) => {
                self.flow.item_at(0, "-");
                self.typed_bullet = true;
            }
            _ => self.flow.close_lists(),
        }
    }

    fn table(&mut self, table: &'t Element<'t>) {
        self.flow.close_lists();
        let rows = parts(table, "tr");
        let layout = self.is_layout(&rows);
        if !layout {
            self.flow.open_table();
        }
        for row in rows {
            if row.child("trPr").is_some_and(|row| row.child("del").is_some() || is_on(row.child("hidden"))) {
                continue;
            }
            for cell in parts(row, "tc") {
                if layout {
                    self.blocks(cell);
                    self.flow.close_lists();
                } else {
                    self.flow.open_cell();
                    self.blocks(cell);
                    self.flow.close_cell();
                }
            }
            if !layout {
                self.flow.close_row();
            }
        }
        if !layout {
            self.flow.close_table();
        }
    }

    /// Whether a table is there to place blocks on a page. Rows of data have no lists, headings or tables in them.
    fn is_layout(&self, rows: &[&Element<'_>]) -> bool {
        let styles = self.shared.styles;
        let breaks = |paragraph: &Element<'_>| {
            let style = styles.paragraph(style(paragraph));
            matches!(styles.role(style), Role::Title | Role::Heading(_) | Role::Item { .. })
                || place(paragraph.child("pPr"), styles, style).is_some()
                || first_character(paragraph).is_some_and(text::is_bullet)
        };
        let mut columns = 0;
        for row in rows {
            let cells = parts(row, "tc");
            columns = columns.max(cells.len());
            for cell in cells {
                let paragraphs = parts(cell, "p");
                let worded = paragraphs.iter().filter(|paragraph| first_character(paragraph).is_some()).count();
                if worded > MAX_CELL_PARAGRAPHS
                    || !parts(cell, "tbl").is_empty()
                    || paragraphs.iter().any(|paragraph| breaks(paragraph))
                {
                    return true;
                }
            }
        }
        columns < 2
    }

    fn inline(&mut self, element: &'t Element<'t>) {
        for child in element.elements() {
            self.inline_element(child);
        }
    }

    fn inline_element(&mut self, element: &'t Element<'t>) {
        match element.name {
            "r" => self.run(element),
            "hyperlink" => {
                let relation = element.attribute("id").and_then(|id| self.relations.get(id));
                let link = relation.filter(|relation| relation.external && self.is_shown());
                if let Some(relation) = link {
                    self.flow.inline.open_link(&relation.target);
                }
                self.inline(element);
                if link.is_some() {
                    self.flow.inline.close_link();
                }
            }
            "fldSimple" => self.simple_field(element),
            "sdt" if is_dropped_control(element) => {}
            "AlternateContent" => {
                if let Some(choice) = choice(element) {
                    self.inline(choice);
                }
            }
            "txbxContent" => {
                if self.is_shown() {
                    self.boxes.push(element);
                }
            }
            "t" => {
                if self.is_shown() {
                    self.words(&element.text());
                }
            }
            "tab" | "ptab" => self.words(" "),
            "br" | "cr" => {
                if self.is_shown() {
                    self.flow.inline.hard_break();
                }
            }
            "noBreakHyphen" => self.words("-"),
            "sym" => {
                let font = element.attribute("font").unwrap_or_default();
                if let Some(c) = element.attribute("char").and_then(|code| symbol(font, code)) {
                    self.words(c.encode_utf8(&mut [0; 4]));
                }
            }
            "footnoteReference" | "endnoteReference" => {
                if let Some(id) = element.attribute("id").filter(|_| self.is_shown()) {
                    let number = self.shared.number(element.name == "endnoteReference", id);
                    self.words(&format!("[^{number}]"));
                }
            }
            "fldChar" => self.field_mark(element),
            "instrText" => self.fields.code(&element.text()),
            // Properties, deleted text, readings above words, copies for older programs.
            "pPr" | "rPr" | "sdtPr" | "sdtEndPr" | "del" | "moveFrom" | "delText" | "delInstrText" | "rt"
            | "Fallback" | "fldData" | "binData" | "ctrlPr" | "tblPr" => {}
            _ => self.inline(element),
        }
    }

    fn run(&mut self, run: &'t Element<'t>) {
        let properties = run.child("rPr");
        let named =
            properties.and_then(|properties| properties.child("rStyle")).and_then(|style| style.attribute("val"));
        let switch = |name: &str| properties.and_then(|properties| properties.child(name));
        let outer = self.hidden;
        self.hidden = match switch("vanish") {
            Some(vanish) => is_on(Some(vanish)),
            None => outer || self.shared.styles.is_hidden(named),
        };
        let bold = switch("b").map_or_else(|| self.shared.styles.is_bold(named), |bold| is_on(Some(bold)));
        if first_character(run).is_some() {
            self.set_bold(bold);
        }
        self.inline(run);
        self.hidden = outer;
    }

    fn simple_field(&mut self, element: &'t Element<'t>) {
        match field::result(element.attribute("instr").unwrap_or_default()) {
            field::Result::Contents => {}
            field::Result::Page if self.margin => self.paged = true,
            field::Result::Link(url) if self.is_shown() => {
                self.flow.inline.open_link(&url);
                self.inline(element);
                self.flow.inline.close_link();
            }
            _ => self.inline(element),
        }
    }

    fn field_mark(&mut self, mark: &Element<'_>) {
        if !self.whole {
            return;
        }
        match mark.attribute("fldCharType") {
            Some("begin") => {
                if let Some(state) = mark.at(&["ffData", "checkBox"]) {
                    let state = state.child("checked").or_else(|| state.child("default"));
                    self.words(if is_on(state) { "[x] " } else { "[ ] " });
                }
                self.fields.begin();
            }
            Some("separate") => match self.fields.separate(self.margin) {
                Some(field::Result::Link(url)) => self.flow.inline.open_link(&url),
                Some(field::Result::Page) => self.paged = true,
                _ => {}
            },
            Some("end") if self.fields.end() => self.flow.inline.close_link(),
            _ => {}
        }
    }

    fn words(&mut self, words: &str) {
        if !self.is_shown() {
            return;
        }
        let mut words = words;
        if self.typed_bullet && !words.trim().is_empty() {
            words = words.trim_start().trim_start_matches(text::is_bullet);
            self.typed_bullet = false;
        }
        self.flow.inline.push(words);
    }

    fn is_shown(&self) -> bool {
        !self.hidden && !self.fields.is_muted()
    }

    fn set_bold(&mut self, bold: bool) {
        if bold != self.bold {
            self.bold = bold;
            if bold {
                self.flow.inline.open_bold();
            } else {
                self.flow.inline.close_bold();
            }
        }
    }
}

/// The style a paragraph names.
fn style<'e>(paragraph: &'e Element<'_>) -> Option<&'e str> {
    paragraph.at(&["pPr", "pStyle"]).and_then(|style| style.attribute("val"))
}

/// Where a paragraph stands in a list; what it says itself goes before its style, also that it is in none.
fn place(properties: Option<&Element<'_>>, styles: &Styles, style: Option<&str>) -> Option<ListPlace> {
    let place = properties.and_then(|properties| properties.child("numPr"));
    let value = |name: &str| place.and_then(|place| place.child(name)).and_then(|child| child.attribute("val"));
    let level = value("ilvl").and_then(|level| level.parse().ok());
    match value("numId") {
        Some("0") => None,
        Some(list) => Some(ListPlace { list: list.to_owned(), level }),
        // The level alone moves the paragraph within the list of its style.
        None => styles.place(style).map(|place| ListPlace { level: level.or(place.level), ..place }),
    }
}

/// The first character that is not white space.
fn first_character(element: &Element<'_>) -> Option<char> {
    element.elements().find_map(|child| match child.name {
        "t" => child.text().trim_start().chars().next(),
        "pPr" | "rPr" | "del" | "moveFrom" | "Fallback" | "txbxContent" => None,
        _ => first_character(child),
    })
}

/// Rows, cells or blocks of a kind, also those within controls and marks of changes.
fn parts<'t>(element: &'t Element<'t>, name: &str) -> Vec<&'t Element<'t>> {
    let mut found = Vec::new();
    for child in element.elements() {
        match child.name {
            child_name if child_name == name => found.push(child),
            "sdt" | "sdtContent" | "customXml" | "ins" | "moveTo" | "smartTag" => found.extend(parts(child, name)),
            _ => {}
        }
    }
    found
}

/// A control that shows what to type, or a table of contents.
fn is_dropped_control(control: &Element<'_>) -> bool {
    let Some(properties) = control.child("sdtPr") else { return false };
    let gallery = properties.at(&["docPartObj", "docPartGallery"]).and_then(|gallery| gallery.attribute("val"));
    is_on(properties.child("showingPlcHdr")) || gallery == Some("Table of Contents")
}

/// One of the forms in which the same content is there: the first with words.
fn choice<'t>(alternatives: &'t Element<'t>) -> Option<&'t Element<'t>> {
    let worded = alternatives.elements().find(|choice| choice.find("t").is_some());
    worded.or_else(|| alternatives.child("Choice"))
}

/// How many fields begin and end.
fn count_fields(element: &Element<'_>) -> (usize, usize) {
    let mut counts = match (element.name, element.attribute("fldCharType")) {
        ("fldChar", Some("begin")) => (1, 0),
        ("fldChar", Some("end")) => (0, 1),
        _ => (0, 0),
    };
    for child in element.elements().filter(|child| !matches!(child.name, "Fallback" | "del" | "moveFrom")) {
        let (begun, ended) = count_fields(child);
        counts = (counts.0 + begun, counts.1 + ended);
    }
    counts
}
