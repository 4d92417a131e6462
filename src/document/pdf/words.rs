//! Glyphs become words, words become rows: all that stands on one baseline, whatever column it is of.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use unicode_normalization::UnicodeNormalization;

use super::bullets::{bullets, dots, is_bullet};
use super::glyph::{Glyph, Link, Page};
use super::links::Index;

/// The widest gap within a word, in units of the font size, beyond what parts its letters anyway. The narrowest space
/// that justified text is set with is some 0.17.
const WORD_GAP: f64 = 0.13;

/// The same where the file writes its spaces, so that a gap means less.
const WRITTEN_GAP: f64 = 0.24;

/// A word of one shape without a name.
const UNKNOWN: &str = "\u{FFFD}";

/// A gap that no word goes across, however its letters are spaced.
const CHUNK_GAP: f64 = 1.2;

/// A gap that words of letters with spaces between them do not go across.
const SPELLED_GAP: f64 = 3.0;

/// A word with its place.
#[derive(Clone, Debug)]
pub(super) struct Word {
    /// Its characters; empty for a picture that leads somewhere.
    pub(super) text: String,
    pub(super) x0: f64,
    pub(super) x1: f64,
    pub(super) y: f64,
    pub(super) size: f64,
    pub(super) bold: bool,
    /// Where it leads.
    pub(super) link: Option<Rc<str>>,
    /// When it was drawn, among the words of the page.
    pub(super) order: usize,
    /// No space before it: it is one word with the one before, but leads elsewhere.
    pub(super) tight: bool,
}

/// Words of one baseline, from left to right.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) y: f64,
    pub(super) words: Vec<Word>,
}

/// What of a page is written in one direction, from top to bottom.
#[derive(Clone, Debug, Default)]
pub(super) struct Sheet {
    pub(super) rows: Vec<Row>,
    /// How long a line may be; 0 where that is not known.
    pub(super) width: f64,
}

/// The rows of a page, one sheet per writing direction, the one with the most text first.
pub(super) fn rows(page: &Page) -> Vec<Sheet> {
    let links = Index::new(&page.links);
    let mut turned: BTreeMap<i16, Vec<Glyph>> = BTreeMap::new();
    for mut glyph in seen(page) {
        let (x, y) = on_page(f64::midpoint(glyph.x0, glyph.x1), glyph.y - 0.3 * glyph.size, glyph.angle);
        glyph.link = links.at(x, y);
        turned.entry(glyph.angle).or_default().push(glyph);
    }
    let mut turned: Vec<(i16, Vec<Glyph>)> = turned.into_iter().collect();
    turned.sort_by_key(|(angle, glyphs)| (std::cmp::Reverse(glyphs.len()), angle.unsigned_abs()));
    let mut sheets: Vec<Sheet> = turned
        .into_iter()
        .map(|(angle, glyphs)| {
            let rows = baselines(glyphs).into_iter().map(|(y, glyphs)| Row { y, words: words(y, glyphs) });
            let width = if angle == 0 { page.width } else { 0.0 };
            Sheet { rows: rows.filter(|row| !row.words.is_empty()).collect(), width }
        })
        .collect();
    for sheet in &mut sheets {
        bullets(sheet);
    }
    if let Some(sheet) = sheets.first_mut() {
        dots(sheet, &page.dots);
    }
    let all = sheets.iter().flat_map(|sheet| &sheet.rows).flat_map(|row| &row.words);
    let used: BTreeSet<Rc<str>> = all.filter_map(|word| word.link.clone()).collect();
    if let Some(sheet) = sheets.first_mut() {
        pictures(sheet, &page.links, &used);
        for (order, word) in drawn(sheet).into_iter().enumerate() {
            word.order = order;
        }
    }
    sheets
}

/// Words in the order in which they were drawn.
fn drawn(sheet: &mut Sheet) -> Vec<&mut Word> {
    let mut words: Vec<&mut Word> = sheet.rows.iter_mut().flat_map(|row| &mut row.words).collect();
    words.sort_by_key(|word| word.order);
    words
}

/// Puts a word without letters where a picture leads to an address that no words lead to.
fn pictures(sheet: &mut Sheet, links: &[Link], used: &BTreeSet<Rc<str>>) {
    for link in links {
        let url = &link.url;
        let Some(area) = link.areas.first().filter(|_| !used.contains(url)) else { continue };
        let middle = f64::midpoint(area.y0, area.y1);
        let near = sheet.rows.iter_mut().min_by(|a, b| (a.y - middle).abs().total_cmp(&(b.y - middle).abs()));
        let Some(row) = near else { return };
        let size = row.words.first().map_or(10.0, |word| word.size);
        let order = row.words.iter().map(|word| word.order).max().unwrap_or(0);
        let (x0, y) = (area.x0, row.y);
        let link = Some(Rc::clone(url));
        let word = Word { text: String::new(), x0, x1: area.x1, y, size, bold: false, link, order, tight: false };
        let place = row.words.partition_point(|other| other.x0 < x0);
        row.words.insert(place, word);
    }
}

/// A point of a turned frame as the page has it.
fn on_page(x: f64, y: f64, angle: i16) -> (f64, f64) {
    let (sin, cos) = f64::from(angle).to_radians().sin_cos();
    (x * cos - y * sin, x * sin + y * cos)
}

/// What a reader of the page sees: no glyphs beside it, none without ink where ink stands.
fn seen(page: &Page) -> impl Iterator<Item = Glyph> {
    /// Ink is marked in squares of so many points.
    const GRID: f64 = 3.0;
    /// Squares marked for one glyph; a letter a page high need not be exact.
    const MAX_MARKS: i64 = 64;
    #[expect(clippy::cast_possible_truncation, reason = "places are within a million points")]
    let square = |value: f64| (value / GRID).floor() as i64;
    let middle = |glyph: &Glyph| (f64::midpoint(glyph.x0, glyph.x1), glyph.y - 0.3 * glyph.size);
    let mut ink = BTreeSet::new();
    if page.glyphs.iter().any(|glyph| glyph.hidden) {
        for glyph in page.glyphs.iter().filter(|glyph| !glyph.hidden && !glyph.text.trim().is_empty()) {
            let (left, right) = (square(glyph.x0), square(glyph.x1));
            let (top, bottom) = (square(glyph.y - 0.7 * glyph.size), square(glyph.y));
            for x in left..=right.min(left + MAX_MARKS) {
                ink.extend((top..=bottom.min(top + MAX_MARKS)).map(|y| (glyph.angle, x, y)));
            }
        }
    }
    let (width, height) = (page.width, page.height);
    page.glyphs
        .iter()
        .filter(move |glyph| {
            let (x, y) = middle(glyph);
            let (px, py) = on_page(x, y, glyph.angle);
            let beside = px < 0.0 || py < 0.0 || px > width || py > height;
            let covered = glyph.hidden && ink.contains(&(glyph.angle, square(x), square(y)));
            !beside && !covered
        })
        .cloned()
}

/// Glyphs by baseline, top to bottom; raised and lowered ones are with the line they belong to.
fn baselines(mut glyphs: Vec<Glyph>) -> Vec<(f64, Vec<Glyph>)> {
    glyphs.sort_by(|a, b| a.y.total_cmp(&b.y));
    let mut rows: Vec<(f64, f64, Vec<Glyph>)> = Vec::new();
    for glyph in glyphs {
        match rows.last_mut() {
            Some((y, size, row)) if glyph.y - *y <= 0.18 * size.min(glyph.size) => {
                *size = size.max(glyph.size);
                row.push(glyph);
            }
            _ => rows.push((glyph.y, glyph.size, vec![glyph])),
        }
    }
    for (_, _, row) in &mut rows {
        row.sort_by(|a, b| a.x0.total_cmp(&b.x0).then(a.order.cmp(&b.order)));
    }
    raise(&mut rows);
    rows.into_iter().filter(|(_, _, row)| !row.is_empty()).map(|(y, _, row)| (y, row)).collect()
}

/// Moves small glyphs that touch a word of a line just above or below into that line.
fn raise(rows: &mut [(f64, f64, Vec<Glyph>)]) {
    /// Pairs of glyphs compared for two lines; a line of print has some hundred glyphs.
    const MAX_PAIRS: usize = 100_000;
    for idx in 0..rows.len() {
        if rows[idx].2.iter().all(|glyph| glyph.text.trim().is_empty()) {
            continue;
        }
        for other in [idx.wrapping_sub(1), idx + 1, idx.wrapping_sub(2), idx + 2] {
            let Some((y, size, line)) = rows.get(other) else { continue };
            let (y, size) = (*y, *size);
            let (from, small) = (rows[idx].0, rows[idx].1);
            if small > 0.85 * size || (from - y).abs() > 0.6 * size || rows[idx].2.len() * line.len() > MAX_PAIRS {
                continue;
            }
            let touches = |chunk: &[Glyph]| {
                let (Some(first), Some(last)) = (chunk.first(), chunk.last()) else { return false };
                let near = |gap: f64| (-0.15 * size..=0.35 * size).contains(&gap);
                line.iter()
                    .filter(|glyph| !glyph.text.trim().is_empty())
                    .any(|glyph| near(first.x0 - glyph.x1) || near(glyph.x0 - last.x1))
            };
            let (mut moved, mut left) = (Vec::new(), Vec::new());
            for chunk in rows[idx].2.chunk_by(|a, b| b.x0 - a.x1 < 0.5 * small) {
                if touches(chunk) { &mut moved } else { &mut left }.extend_from_slice(chunk);
            }
            if moved.is_empty() {
                continue;
            }
            rows[idx].2 = left;
            let line = &mut rows[other].2;
            line.extend(moved.into_iter().map(|glyph| Glyph { y, ..glyph }));
            line.sort_by(|a, b| a.x0.total_cmp(&b.x0).then(a.order.cmp(&b.order)));
        }
    }
}

/// The words of one baseline.
fn words(y: f64, mut row: Vec<Glyph>) -> Vec<Word> {
    once(&mut row);
    accents(&mut row);
    let mut words = Vec::new();
    // A space that was written may stretch over half the page; it is no part of a chunk.
    let inked: Vec<(bool, Glyph)> = row
        .into_iter()
        .scan(false, |space, glyph| {
            let blank = glyph.text.trim().is_empty();
            let after = std::mem::replace(space, blank || glyph.text.ends_with(' '));
            Some((!blank).then_some((after || glyph.text.starts_with(' '), glyph)))
        })
        .flatten()
        .collect();
    for chunk in inked.chunk_by(|(_, a), (_, b)| b.x0 - a.x1 <= CHUNK_GAP * a.size.max(b.size)) {
        words.append(&mut cut(y, chunk));
    }
    let near = |a: &Word, b: &Word| b.x0 - a.x1 <= SPELLED_GAP * a.size.max(b.size);
    words.chunk_by(near).flat_map(spelled).collect()
}

/// Parts a chunk where its gaps are wider than those between its letters.
fn cut(y: f64, chunk: &[(bool, Glyph)]) -> Vec<Word> {
    let gap = |a: &Glyph, b: &Glyph| (b.x0 - a.x1) / a.size.min(b.size);
    let mut gaps: Vec<f64> =
        chunk.windows(2).filter(|pair| !pair[1].0).map(|pair| gap(&pair[0].1, &pair[1].1)).collect();
    gaps.sort_by(f64::total_cmp);
    let usual = if gaps.len() < 3 { 0.0 } else { gaps[gaps.len() / 2].max(0.0) };
    let written = chunk.iter().skip(1).any(|(space, _)| *space);
    let widest = usual + if written { WRITTEN_GAP } else { WORD_GAP };
    let mut words: Vec<Word> = Vec::new();
    let mut last: Option<&Glyph> = None;
    for (space, glyph) in chunk {
        let tight = !space && last.is_some_and(|last| gap(last, glyph) <= widest);
        match words.last_mut() {
            Some(word) if tight && word.link == glyph.link => {
                word.text.push_str(glyph.text.trim());
                word.x1 = word.x1.max(glyph.x1);
                word.size = word.size.max(glyph.size);
                word.bold &= glyph.bold;
            }
            _ => words.push(Word {
                text: glyph.text.trim().to_owned(),
                x0: glyph.x0,
                x1: glyph.x1,
                y,
                size: glyph.size,
                bold: glyph.bold,
                link: glyph.link.clone(),
                order: glyph.order,
                tight,
            }),
        }
        last = Some(glyph);
    }
    for word in &mut words {
        if word.text.chars().any(|c| matches!(c, '\u{300}'..='\u{36F}')) {
            word.text = word.text.nfc().collect();
        }
        // Icons of icon fonts are no words; the bullets of symbol fonts are read later.
        word.text.retain(|c| !is_private(c) || is_bullet(c));
    }
    words.retain(|word| !word.text.is_empty());
    // A shape by itself that nobody named is an icon, or the bullet that the next word begins an item after.
    let mut first = true;
    words.retain(|word| std::mem::take(&mut first) || word.text != UNKNOWN);
    words
}

fn is_private(c: char) -> bool {
    matches!(c, '\u{E000}'..='\u{F8FF}' | '\u{F0000}'..)
}

/// Letters with spaces between them (`E X P E R I E N C E`) are one word; wider gaps part such words.
fn spelled(words: &[Word]) -> Vec<Word> {
    let letter = |word: &Word| {
        let mut letters = word.text.chars();
        letters.next().is_some_and(|c| c.is_uppercase() || c == '&') && letters.next().is_none()
    };
    if words.len() < 5 || !words.iter().all(letter) {
        return words.to_vec();
    }
    let mut gaps: Vec<f64> = words.windows(2).map(|pair| pair[1].x0 - pair[0].x1).collect();
    gaps.sort_by(f64::total_cmp);
    let usual = gaps[gaps.len() / 2];
    let mut joined: Vec<Word> = Vec::new();
    for word in words {
        match joined.last_mut() {
            Some(last) if word.x0 - last.x1 <= 1.6 * usual.max(0.01) => {
                last.text.push_str(&word.text);
                last.x1 = word.x1;
            }
            _ => joined.push(word.clone()),
        }
    }
    joined
}

/// Drops what was drawn twice to look bold.
fn once(row: &mut Vec<Glyph>) {
    let mut kept: Vec<Glyph> = Vec::with_capacity(row.len());
    for glyph in row.drain(..) {
        let near = 0.12 * glyph.size;
        let twin = kept
            .iter_mut()
            .rev()
            .take(4)
            .find(|other| glyph.x0 - other.x0 < near && other.text == glyph.text && !glyph.text.trim().is_empty());
        match twin {
            Some(twin) => twin.bold = true,
            None => kept.push(glyph),
        }
    }
    *row = kept;
}

/// Puts accents that were drawn over a letter by themselves after it, as Unicode has them.
fn accents(row: &mut Vec<Glyph>) {
    let combining = |text: &str| {
        Some(match text {
            "\u{B4}" => '\u{301}',
            "`" => '\u{300}',
            "\u{2C6}" | "^" => '\u{302}',
            "\u{A8}" => '\u{308}',
            "\u{2DC}" | "~" => '\u{303}',
            "\u{AF}" => '\u{304}',
            "\u{2D8}" => '\u{306}',
            "\u{2D9}" => '\u{307}',
            "\u{2DA}" => '\u{30A}',
            "\u{2C7}" => '\u{30C}',
            "\u{B8}" => '\u{327}',
            "\u{2DB}" => '\u{328}',
            "\u{2DD}" => '\u{30B}',
            _ => return None,
        })
    };
    let mut idx = 0;
    while idx < row.len() {
        let Some(mark) = combining(&row[idx].text) else {
            idx += 1;
            continue;
        };
        let middle = f64::midpoint(row[idx].x0, row[idx].x1);
        let covers =
            |glyph: &Glyph| glyph.x0 < middle && middle < glyph.x1 && glyph.text.ends_with(char::is_alphabetic);
        let under = [idx.wrapping_sub(1), idx + 1].into_iter().find(|at| row.get(*at).is_some_and(covers));
        let Some(at) = under else {
            idx += 1;
            continue;
        };
        let base = &mut row[at].text;
        if base.ends_with(['ı', 'ȷ']) {
            let dotted = if base.ends_with('ı') { 'i' } else { 'j' };
            base.pop();
            base.push(dotted);
        }
        base.push(mark);
        row[idx].text.clear();
        idx += 1;
    }
    row.retain(|glyph| !glyph.text.is_empty());
}

#[cfg(test)]
mod tests {
    use super::super::glyph::Area;
    use super::*;

    /// Glyphs of half a size in width, with `_` for a gap of a quarter and a space for a written one.
    fn line(text: &str, x: f64, y: f64) -> Vec<Glyph> {
        let mut at = x;
        let mut glyphs = Vec::new();
        for c in text.chars() {
            let width = if c == '_' { 2.5 } else { 5.0 };
            if c != '_' {
                glyphs.push(Glyph {
                    text: c.to_string(),
                    x0: at,
                    x1: at + width,
                    y,
                    size: 10.0,
                    bold: false,
                    hidden: false,
                    angle: 0,
                    order: glyphs.len(),
                    link: None,
                });
            }
            at += width;
        }
        glyphs
    }

    #[track_caller]
    fn check(glyphs: Vec<Glyph>, expected: &[&str]) {
        let page = Page { glyphs, links: Vec::new(), dots: Vec::new(), width: 600.0, height: 800.0 };
        let found: Vec<String> = rows(&page)
            .iter()
            .flat_map(|sheet| &sheet.rows)
            .map(|row| row.words.iter().map(|word| word.text.as_str()).collect::<Vec<_>>().join(" "))
            .collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn gaps_and_spaces_part_words() {
        check(line("two_words and", 10.0, 50.0), &["two words and"]);
        check([line("below", 10.0, 62.0), line("above", 10.0, 50.0)].concat(), &["above", "below"]);
    }

    #[test]
    fn spaced_letters_are_one_word() {
        check(line("W_O_R_K___D_A_Y_S", 10.0, 50.0), &["WORK DAYS"]);
        check(line("W O R K   D A Y S", 10.0, 50.0), &["WORK DAYS"]);
        check(line("A B C", 10.0, 50.0), &["A B C"]);
    }

    #[test]
    fn doubled_and_unseen_glyphs_go() {
        let twice = [line("bold", 10.0, 50.0), line("bold", 10.4, 50.0)].concat();
        check(twice, &["bold"]);
        let layer = line("same", 10.0, 50.0).into_iter().map(|glyph| Glyph { hidden: true, ..glyph });
        check(line("same", 10.0, 50.0).into_iter().chain(layer.clone()).collect(), &["same"]);
        check(layer.collect(), &["same"]);
        check(line("far", -100.0, 50.0), &[]);
    }

    #[test]
    fn raised_digits_join_their_word() {
        let two = line("2", 20.0, 46.0).into_iter().map(|glyph| Glyph { size: 6.0, ..glyph });
        check(line("km", 10.0, 50.0).into_iter().chain(two).collect(), &["km2"]);
    }

    #[test]
    fn accents_drawn_apart() {
        let accent = line("´", 10.0, 50.0);
        check([accent, line("ete", 10.0, 50.0)].concat(), &["éte"]);
    }

    #[test]
    fn a_link_ends_within_a_word() {
        let area = Area { x0: 9.0, y0: 40.0, x1: 30.5, y1: 52.0 };
        let links = vec![Link { url: "u".into(), areas: vec![area] }];
        let page = Page { glyphs: line("page.", 10.0, 50.0), links, dots: Vec::new(), width: 600.0, height: 800.0 };
        let sheets = rows(&page);
        let words: Vec<_> =
            sheets[0].rows[0].words.iter().map(|w| (w.text.as_str(), w.link.is_some(), w.tight)).collect();
        assert_eq!(words, [("page", true, false), (".", false, true)]);
    }

    #[test]
    fn sideways_text_is_a_sheet_of_its_own() {
        let side = line("side", 100.0, -50.0).into_iter().map(|glyph| Glyph { angle: 90, ..glyph });
        check(line("usual text", 10.0, 50.0).into_iter().chain(side).collect(), &["usual text", "side"]);
    }
}
