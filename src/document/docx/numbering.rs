//! The markers of list items.

use std::collections::{BTreeMap, BTreeSet};

use super::Element;
use super::styles::{ListPlace, Styles};

/// The longest marker, in characters; lists can be told to begin every item with a sentence.
const MAX_MARKER: usize = 24;

/// How many levels a list has.
const LEVELS: usize = 9;

struct Level {
    format: String,
    /// What to write, `%1` standing for the number of the first level.
    text: String,
    start: u64,
    /// The style whose paragraphs stand on this level.
    style: Option<String>,
}

struct List {
    /// The list whose levels these are.
    levels: String,
    /// Numbers to begin anew with.
    starts: BTreeMap<u8, u64>,
}

/// All lists and how far they are.
#[derive(Default)]
pub(super) struct Numbering {
    levels: BTreeMap<String, BTreeMap<u8, Level>>,
    lists: BTreeMap<String, List>,
    /// The last number written on each level.
    counts: BTreeMap<String, [Option<u64>; LEVELS]>,
    begun: BTreeSet<String>,
}

impl Numbering {
    pub(super) fn new(tree: Option<&Element<'_>>, styles: &Styles) -> Self {
        let mut numbering = Self::default();
        let mut by_style = Vec::new();
        for element in tree.into_iter().flat_map(Element::elements) {
            match element.name {
                "abstractNum" => {
                    let Some(id) = element.attribute("abstractNumId") else { continue };
                    if let Some(style) = element.child("numStyleLink").and_then(|link| link.attribute("val")) {
                        by_style.push((id.to_owned(), style.to_owned()));
                    }
                    let levels = element.elements().filter(|child| child.name == "lvl").filter_map(level).collect();
                    numbering.levels.insert(id.to_owned(), levels);
                }
                "num" => {
                    let levels = element.child("abstractNumId").and_then(|id| id.attribute("val"));
                    let (Some(id), Some(levels)) = (element.attribute("numId"), levels) else { continue };
                    let starts = element.elements().filter(|child| child.name == "lvlOverride").filter_map(|over| {
                        let start = over.child("startOverride")?.attribute("val")?.parse().ok()?;
                        Some((over.attribute("ilvl")?.parse().ok()?, start))
                    });
                    let list = List { levels: levels.to_owned(), starts: starts.collect() };
                    numbering.lists.insert(id.to_owned(), list);
                }
                _ => {}
            }
        }
        // A list may say that it looks like that of a style.
        for (id, style) in by_style {
            let other = styles.place(Some(&style)).and_then(|place| numbering.lists.get(&place.list));
            if let Some(levels) = other.map(|list| list.levels.clone()).filter(|levels| *levels != id) {
                numbering
                    .lists
                    .values_mut()
                    .filter(|list| list.levels == id)
                    .for_each(|list| list.levels.clone_from(&levels));
            }
        }
        numbering
    }

    /// Depth and marker of the next item; `None` where the paragraph is in no list, or in one without markers.
    pub(super) fn next(&mut self, place: &ListPlace, style: Option<&str>) -> Option<(usize, String)> {
        let list = self.lists.get(&place.list)?;
        let levels = self.levels.get(&list.levels)?;
        let by_style = || levels.iter().find(|(_, level)| level.style.as_deref() == style).map(|(level, _)| *level);
        let depth = place.level.or_else(|| style.and_then(|_| by_style())).unwrap_or(0).min(8);
        let level = levels.get(&depth);
        let counts = self.counts.entry(list.levels.clone()).or_default();
        if self.begun.insert(place.list.clone()) {
            for (level, start) in &list.starts {
                if let Some(count) = counts.get_mut(usize::from(*level)) {
                    *count = Some(start.saturating_sub(1));
                }
            }
        }
        let depth = usize::from(depth);
        let start = level.map_or(1, |level| level.start);
        counts[depth] = Some(counts[depth].map_or(start, |count| count.saturating_add(1)));
        counts[depth + 1..].fill(None);
        let Some(level) = level else { return Some((depth, "-".to_owned())) };
        match level.format.as_str() {
            "none" => None,
            "bullet" => Some((depth, "-".to_owned())),
            _ => Some((depth, marker(level, levels, counts))),
        }
    }
}

fn level(element: &Element<'_>) -> Option<(u8, Level)> {
    let value = |name: &str| element.child(name).and_then(|child| child.attribute("val"));
    let level = Level {
        format: value("numFmt").unwrap_or("decimal").to_owned(),
        text: value("lvlText").unwrap_or_default().chars().take(2 * MAX_MARKER).collect(),
        start: value("start").and_then(|start| start.parse().ok()).unwrap_or(1),
        style: value("pStyle").map(str::to_owned),
    };
    Some((element.attribute("ilvl")?.parse().ok()?, level))
}

fn marker(level: &Level, levels: &BTreeMap<u8, Level>, counts: &[Option<u64>; LEVELS]) -> String {
    let mut marker = String::new();
    let mut rest = level.text.chars().peekable();
    while let Some(c) = rest.next() {
        let other = (c == '%').then(|| rest.peek().and_then(|c| c.to_digit(10))).flatten().filter(|digit| *digit > 0);
        let Some(other) = other else {
            marker.push(c);
            continue;
        };
        rest.next();
        let idx = other as usize - 1;
        let numbered = u8::try_from(idx).ok().and_then(|idx| levels.get(&idx));
        let count = counts.get(idx).copied().flatten().or_else(|| numbered.map(|level| level.start)).unwrap_or(1);
        marker.push_str(&number(count, numbered.map_or("decimal", |level| level.format.as_str())));
    }
    let marker = marker.split_whitespace().collect::<Vec<_>>().join(" ");
    if marker.chars().any(char::is_alphanumeric) && marker.chars().nth(MAX_MARKER).is_none() {
        marker
    } else {
        "-".to_owned()
    }
}

/// A number as a list writes it.
fn number(count: u64, format: &str) -> String {
    match format {
        "lowerLetter" => letters(count),
        "upperLetter" => letters(count).to_uppercase(),
        "lowerRoman" => roman(count),
        "upperRoman" => roman(count).to_uppercase(),
        "decimalZero" => format!("{count:02}"),
        _ => count.to_string(),
    }
}

/// a to z, then aa to zz.
fn letters(count: u64) -> String {
    let Some(idx) = count.checked_sub(1) else { return "0".to_owned() };
    let letter = char::from(b'a' + u8::try_from(idx % 26).unwrap_or(0));
    let times = usize::try_from(idx / 26).unwrap_or(0).min(MAX_MARKER) + 1;
    std::iter::repeat_n(letter, times).collect()
}

fn roman(count: u64) -> String {
    const SIGNS: [(u64, &str); 13] = [
        (1000, "m"),
        (900, "cm"),
        (500, "d"),
        (400, "cd"),
        (100, "c"),
        (90, "xc"),
        (50, "l"),
        (40, "xl"),
        (10, "x"),
        (9, "ix"),
        (5, "v"),
        (4, "iv"),
        (1, "i"),
    ];
    if count == 0 || count > 3_999 {
        return count.to_string();
    }
    let (mut rest, mut roman) = (count, String::new());
    for (value, sign) in SIGNS {
        while rest >= value {
            roman.push_str(sign);
            rest -= value;
        }
    }
    roman
}

#[cfg(test)]
mod tests {
    use super::super::xml;
    use super::*;

    #[test]
    fn numbers() {
        assert_eq!([1, 26, 27, 0].map(letters), ["a", "z", "aa", "0"]);
        assert_eq!([4, 1999, 4_000].map(roman), ["iv", "mcmxcix", "4000"]);
    }

    #[test]
    fn lists_count_and_begin_anew() {
        let source = r#"<n>
            <abstractNum abstractNumId="0">
                <lvl ilvl="0"><start val="1"/><numFmt val="decimal"/><lvlText val="%1."/></lvl>
                <lvl ilvl="1"><start val="1"/><numFmt val="lowerLetter"/><lvlText val="%1.%2)"/></lvl>
                <lvl ilvl="2"><numFmt val="bullet"/><lvlText val="o"/></lvl>
            </abstractNum>
            <num numId="1"><abstractNumId val="0"/></num>
            <num numId="2"><abstractNumId val="0"/><lvlOverride ilvl="0"><startOverride val="5"/></lvlOverride></num>
        </n>"#;
        let tree = xml::parse(source).unwrap();
        let mut numbering = Numbering::new(Some(&tree), &Styles::default());
        let mut next = |list: &str, level| {
            numbering.next(&ListPlace { list: list.to_owned(), level: Some(level) }, None).map(|(_, marker)| marker)
        };
        let got = [next("1", 0), next("1", 1), next("1", 1), next("1", 0), next("1", 1), next("1", 2), next("2", 0)];
        let got: Vec<String> = got.into_iter().flatten().collect();
        assert_eq!(got, ["1.", "1.a)", "1.b)", "2.", "2.a)", "-", "5."]);
        assert_eq!(next("0", 0), None);
    }
}
