//! Takes out running headers, footers and page numbers.
//!
//! Only what stands at the edge of several pages, in the same place and in the same words but for numbers that count
//! pages, is taken out; its first appearance stays unless the rest of the document has all of its words.

use std::collections::{BTreeMap, BTreeSet};

use super::words::{Row, Sheet};

/// Rows looked at from either edge of a page.
const EDGE_ROWS: usize = 3;

/// How far the same line may stand from its place on another page, in points.
const SHIFT: f64 = 3.0;

/// How far from the text a header or footer stands at least, in units of its size; lines of text stand closer.
const APART: f64 = 1.7;

/// Words of page numbers, which the document need not have elsewhere.
const COUNTING: &[&str] =
    &["page", "of", "p", "pg", "seite", "von", "página", "pagina", "de", "di", "sur", "strona", "z"];

/// Where a row lies: page, row.
type Place = (usize, usize);

/// The pages without what they repeat.
pub(super) fn strip(mut pages: Vec<Vec<Sheet>>) -> Vec<Vec<Sheet>> {
    if pages.len() < 2 {
        return pages;
    }
    let mut groups = groups(&pages);
    let alike: BTreeSet<Place> = groups.iter().flatten().copied().collect();
    groups.retain(|group| group.iter().all(|place| stands_apart(&pages, &alike, *place)));
    let repeated: BTreeSet<Place> = groups.iter().flatten().copied().collect();
    let mut vocabulary = BTreeSet::new();
    for (page, sheets) in pages.iter().enumerate() {
        for (idx, row) in sheets.iter().flat_map(|sheet| &sheet.rows).enumerate() {
            if !repeated.contains(&(page, idx)) {
                vocabulary.extend(letters(row));
                vocabulary.extend(numbers(row).into_iter().map(|number| number.to_string()));
            }
        }
    }
    let mut gone = repeated;
    for group in &groups {
        let Some(first) = group.first() else { continue };
        let (Some(row), Some(next)) = (row(&pages, *first), group.get(1).and_then(|next| row(&pages, *next))) else {
            continue;
        };
        let known = |word: &String| vocabulary.contains(word) || COUNTING.contains(&word.as_str());
        // Numbers that change count pages; one that does not may say how many there are.
        let told = |(number, next): (&u64, &u64)| {
            number != next || *number == pages.len() as u64 || vocabulary.contains(&number.to_string())
        };
        if !(letters(row).iter().all(known) && numbers(row).iter().zip(&numbers(next)).all(told)) {
            gone.remove(first);
        }
    }
    for (page, sheets) in pages.iter_mut().enumerate() {
        if let Some(sheet) = sheets.first_mut() {
            let mut idx = 0;
            sheet.rows.retain(|_| {
                idx += 1;
                !gone.contains(&(page, idx - 1))
            });
        }
    }
    pages
}

fn row(pages: &[Vec<Sheet>], (page, row): Place) -> Option<&Row> {
    pages.get(page)?.first()?.rows.get(row)
}

/// Whether a row stands further from the text within the page than lines of it do, or next to one that does so.
fn stands_apart(pages: &[Vec<Sheet>], alike: &BTreeSet<Place>, (page, idx): Place) -> bool {
    let rows = pages.get(page).and_then(|sheets| sheets.first()).map_or(&[][..], |sheet| &sheet.rows);
    let gap = |a: usize, b: usize| rows.get(a).zip(rows.get(b)).map(|(a, b)| (b.y - a.y, height(a), height(b)));
    // What follows a header may be a title, whose height takes up some of the space.
    let apart =
        |gap: Option<(f64, f64, f64)>| gap.is_none_or(|(gap, above, below)| gap > (APART * above).max(below * 1.3));
    let down = (idx..rows.len()).take_while(|at| alike.contains(&(page, *at))).last().unwrap_or(idx);
    let up = (0..=idx).rev().take_while(|at| alike.contains(&(page, *at))).last().unwrap_or(idx);
    if idx < EDGE_ROWS && up == 0 && apart(gap(down, down + 1)) {
        return true;
    }
    idx + EDGE_ROWS >= rows.len() && down + 1 == rows.len() && (up == 0 || apart(gap(up - 1, up)))
}

fn height(row: &Row) -> f64 {
    row.words.iter().map(|word| word.size).fold(0.0, f64::max)
}

/// Rows that say the same in the same place of at least two pages and at least half of all, page by page.
fn groups(pages: &[Vec<Sheet>]) -> Vec<Vec<Place>> {
    let mut alike: BTreeMap<(bool, String), Vec<(Place, f64)>> = BTreeMap::new();
    for (page, sheets) in pages.iter().enumerate() {
        let rows = sheets.first().map_or(&[][..], |sheet| &sheet.rows);
        for (idx, row) in rows.iter().enumerate() {
            let (top, bottom) = (idx < EDGE_ROWS, idx + EDGE_ROWS >= rows.len());
            for edge in [top.then_some(true), bottom.then_some(false)].into_iter().flatten() {
                alike.entry((edge, pattern(row))).or_default().push(((page, idx), row.y));
            }
        }
    }
    let mut groups = Vec::new();
    for rows in alike.into_values() {
        let Some((_, y)) = rows.last() else { continue };
        // The first page often stands lower; the last one tells the place.
        let group: Vec<Place> =
            rows.iter().filter(|(_, at)| (at - y).abs() <= SHIFT).map(|(place, _)| *place).collect();
        let in_pages: BTreeSet<usize> = group.iter().map(|(page, _)| *page).collect();
        let enough = in_pages.len() == group.len() && group.len() >= 2 && group.len() * 2 >= pages.len();
        if enough && counts(pages, &group) {
            groups.push(group);
        }
    }
    groups
}

/// Whether every number of these rows is the same on all pages or grows with the page.
fn counts(pages: &[Vec<Sheet>], group: &[Place]) -> bool {
    let numbers: Vec<(usize, Vec<u64>)> =
        group.iter().filter_map(|place| Some((place.0, numbers(row(pages, *place)?)))).collect();
    let Some((first, start)) = numbers.first() else { return false };
    (0..start.len()).all(|idx| {
        let same = numbers.iter().all(|(_, found)| found.get(idx) == start.get(idx));
        let grows = numbers.iter().all(|(page, found)| {
            found.get(idx).copied() == start.get(idx).map(|from| from.saturating_add((page - first) as u64))
        });
        same || grows
    })
}

/// The words of a row with `#` for each number.
fn pattern(row: &Row) -> String {
    let mut pattern = String::new();
    for word in &row.words {
        for c in word.text.chars() {
            if !c.is_ascii_digit() {
                pattern.push(c);
            } else if !pattern.ends_with('#') {
                pattern.push('#');
            }
        }
        pattern.push(' ');
    }
    pattern
}

fn numbers(row: &Row) -> Vec<u64> {
    let digits = row.words.iter().flat_map(|word| word.text.split(|c: char| !c.is_ascii_digit()));
    digits.filter(|digits| !digits.is_empty()).map(|digits| digits.parse().unwrap_or(u64::MAX)).collect()
}

fn letters(row: &Row) -> Vec<String> {
    let parts = row.words.iter().flat_map(|word| word.text.split(|c: char| !c.is_alphabetic()));
    parts.filter(|part| !part.is_empty()).map(str::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::super::words::Word;
    use super::*;

    fn page(rows: &[(&str, f64)]) -> Vec<Sheet> {
        let word = |text: &str, y: f64| Word {
            text: text.to_owned(),
            x0: 0.0,
            x1: 1.0,
            y,
            size: 10.0,
            bold: false,
            link: None,
            order: 0,
            tight: false,
        };
        let rows =
            rows.iter().map(|(text, y)| Row { y: *y, words: text.split(' ').map(|text| word(text, *y)).collect() });
        vec![Sheet { rows: rows.collect(), width: 0.0 }]
    }

    #[track_caller]
    fn check(pages: &[&[(&str, f64)]], expected: &[&str]) {
        let left: Vec<String> = strip(pages.iter().map(|rows| page(rows)).collect())
            .iter()
            .flat_map(|sheets| &sheets[0].rows)
            .map(|row| row.words.iter().map(|word| word.text.as_str()).collect::<Vec<_>>().join(" "))
            .collect();
        assert_eq!(left, expected);
    }

    #[test]
    fn page_numbers_go() {
        check(
            &[
                &[("Jo Doe", 50.0), ("sails", 62.0), ("Jo Doe – 1/2", 800.0)],
                &[("more", 50.0), ("Jo Doe – 2/2", 800.0)],
            ],
            &["Jo Doe", "sails", "more"],
        );
    }

    #[test]
    fn a_header_stays_once() {
        check(&[&[("Tel 555", 20.0), ("a", 50.0)], &[("Tel 555", 20.0), ("b", 50.0)]], &["Tel 555", "a", "b"]);
    }

    #[test]
    fn other_numbers_and_other_places_stay() {
        check(&[&[("2019 Leith", 50.0)], &[("2024 Leith", 50.0)]], &["2019 Leith", "2024 Leith"]);
        check(&[&[("Leith", 50.0)], &[("Leith", 90.0)]], &["Leith", "Leith"]);
        check(&[&[("1", 800.0)]], &["1"]);
    }

    #[test]
    fn text_that_happens_to_repeat_stays() {
        let page: &[(&str, f64)] = &[("again", 50.0), ("and", 62.0), ("again", 74.0)];
        check(&[page, page], &["again", "and", "again", "again", "and", "again"]);
    }
}
