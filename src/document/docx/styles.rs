//! What styles say of paragraphs and runs.

use std::collections::BTreeMap;

use super::Element;

/// How many styles may be based on one another.
const MAX_CHAIN: usize = 16;

/// The word for a heading in the languages of office programs; a number follows it.
const HEADING: &[&str] = &[
    "heading",
    "überschrift",
    "berschrift",
    "titre",
    "título",
    "ttulo",
    "titulo",
    "titolo",
    "kop",
    "rubrik",
    "overskrift",
    "nagłówek",
    "nagwek",
    "заголовок",
    "nadpis",
    "otsikko",
    "címsor",
    "cmsor",
    "titlu",
    "başlık",
    "balk",
    "cabeçalho",
    "encabezado",
    "見出し",
    "标题",
    "標題",
    "제목",
];

/// The word for the title of a document.
const TITLE: &[&str] = &["title", "titel", "titre", "título", "titolo", "tytuł", "название", "表題", "标题", "標題"];

/// What a paragraph is by its style.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// The title of the document.
    Title,
    /// A heading, 1 for the outermost.
    Heading(u8),
    /// Somebody's words.
    Quote,
    /// A list item by the name of its style alone: numbered or not, and how deep.
    Item { numbered: bool, depth: u8 },
    /// A line of a table of contents.
    Contents,
    /// Anything else.
    Plain,
}

/// A place in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ListPlace {
    pub(super) list: String,
    pub(super) level: Option<u8>,
}

#[derive(Default)]
struct Style {
    name: String,
    based_on: Option<String>,
    outline: Option<u8>,
    place: (Option<String>, Option<u8>),
    hidden: Option<bool>,
    bold: Option<bool>,
}

/// All styles.
#[derive(Default)]
pub(super) struct Styles {
    styles: BTreeMap<String, Style>,
    /// The style of paragraphs that name none.
    default: Option<String>,
}

impl Styles {
    pub(super) fn new(tree: Option<&Element<'_>>) -> Self {
        let mut styles = Self::default();
        for element in tree.into_iter().flat_map(Element::elements).filter(|element| element.name == "style") {
            let Some(id) = element.attribute("styleId") else { continue };
            let value = |path: &[&str]| element.at(path).and_then(|found| found.attribute("val")).map(str::to_owned);
            if element.attribute("type") == Some("paragraph")
                && matches!(element.attribute("default"), Some("1" | "true"))
            {
                styles.default = Some(id.to_owned());
            }
            let style = Style {
                name: value(&["name"]).unwrap_or_default().to_lowercase(),
                based_on: value(&["basedOn"]),
                outline: value(&["pPr", "outlineLvl"]).and_then(|level| level.parse().ok()),
                place: (
                    value(&["pPr", "numPr", "numId"]),
                    value(&["pPr", "numPr", "ilvl"]).and_then(|level| level.parse().ok()),
                ),
                hidden: element.at(&["rPr", "vanish"]).map(|found| is_on(Some(found))),
                bold: element.at(&["rPr", "b"]).map(|found| is_on(Some(found))),
            };
            styles.styles.insert(id.to_owned(), style);
        }
        styles
    }

    /// What a paragraph of this style is.
    pub(super) fn role(&self, id: Option<&str>) -> Role {
        for (id, style) in self.chain(id) {
            let role = by_name(&style.name).or_else(|| by_name(&id.to_lowercase()));
            match (style.outline, role) {
                (_, Some(role)) => return role,
                (Some(level @ 0..=8), None) => return Role::Heading(level + 1),
                // Body text, whatever it is based on.
                (Some(_), None) => return Role::Plain,
                (None, None) => {}
            }
        }
        Role::Plain
    }

    /// Where a paragraph of this style stands in a list.
    pub(super) fn place(&self, id: Option<&str>) -> Option<ListPlace> {
        let (mut list, mut level) = (None, None);
        for (_, style) in self.chain(id) {
            list = list.or_else(|| style.place.0.clone());
            level = level.or(style.place.1);
        }
        list.map(|list| ListPlace { list, level })
    }

    /// Whether text of this style is not shown.
    pub(super) fn is_hidden(&self, id: Option<&str>) -> bool {
        self.chain(id).find_map(|(_, style)| style.hidden).unwrap_or(false)
    }

    /// Whether text of this style is bold.
    pub(super) fn is_bold(&self, id: Option<&str>) -> bool {
        self.chain(id).find_map(|(_, style)| style.bold).unwrap_or(false)
    }

    /// The default style, or the one asked for.
    pub(super) fn paragraph<'s>(&'s self, id: Option<&'s str>) -> Option<&'s str> {
        id.or(self.default.as_deref())
    }

    /// A style and those it is based on.
    fn chain<'s>(&'s self, id: Option<&'s str>) -> impl Iterator<Item = (&'s str, &'s Style)> {
        let find = |id: &'s str| self.styles.get_key_value(id).map(|(id, style)| (id.as_str(), style));
        std::iter::successors(id.and_then(find), move |(_, style)| style.based_on.as_deref().and_then(find))
            .take(MAX_CHAIN)
    }
}

/// Whether a switch is there and not set to off.
pub(super) fn is_on(switch: Option<&Element<'_>>) -> bool {
    switch.is_some_and(|element| !matches!(element.attribute("val"), Some("0" | "false" | "off" | "none")))
}

fn by_name(name: &str) -> Option<Role> {
    let stem = name.trim_end_matches(|c: char| c.is_ascii_digit());
    let number = name[stem.len()..].parse::<u8>().ok();
    let stem = stem.trim_end_matches([' ', '_', '-']);
    let depth = number.map_or(0, |number| number.saturating_sub(1));
    match (stem, number) {
        (stem, Some(level @ 1..=9)) if HEADING.contains(&stem) => Some(Role::Heading(level)),
        (stem, None) if TITLE.contains(&stem) => Some(Role::Title),
        ("toc" | "toc heading" | "tocheading" | "table of figures", _) => Some(Role::Contents),
        ("quote" | "intense quote" | "intensequote", None) => Some(Role::Quote),
        ("list bullet" | "listbullet", _) => Some(Role::Item { numbered: false, depth }),
        ("list number" | "listnumber", _) => Some(Role::Item { numbered: true, depth }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(name: &str, expected: Option<Role>) {
        assert_eq!(by_name(name), expected);
    }

    #[test]
    fn names_in_many_languages() {
        check("heading 2", Some(Role::Heading(2)));
        check("überschrift 1", Some(Role::Heading(1)));
        check("titre1", Some(Role::Heading(1)));
        check("titre", Some(Role::Title));
        check("title", Some(Role::Title));
        check("見出し 3", Some(Role::Heading(3)));
        check("list bullet 3", Some(Role::Item { numbered: false, depth: 2 }));
        check("toc 2", Some(Role::Contents));
        check("normal", None);
        check("heading", None);
        check("", None);
    }
}
