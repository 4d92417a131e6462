//! The marks before list items: written, written off the line, or drawn.

use super::glyph::Area;
use super::words::{Sheet, Word};

/// A mark before a list item.
pub(super) fn is_bullet(c: char) -> bool {
    matches!(
        c,
        '•' | '‣'
            | '▪'
            | '▫'
            | '◦'
            | '●'
            | '○'
            | '■'
            | '□'
            | '◆'
            | '◇'
            | '➢'
            | '➤'
            | '►'
            | '▸'
            | '▶'
            | '✓'
            | '✔'
            | '❖'
            | '⁃'
            | '∙'
            | '·'
            | '*'
            | '–'
            | '-'
            | '—'
            | '\u{F0B7}'
            | '\u{F0A7}'
            | '\u{F0D8}'
            | '\u{F0FC}'
            | '\u{F076}'
    )
}

/// Moves bullets that stand a little above or below the line they belong to into it.
pub(super) fn bullets(sheet: &mut Sheet) {
    let rows = &mut sheet.rows;
    for idx in 0..rows.len() {
        let [bullet] = rows[idx].words.as_slice() else { continue };
        if !bullet.text.starts_with(is_bullet) || bullet.text.chars().nth(1).is_some() {
            continue;
        }
        let beside = |other: usize| {
            let first = rows.get(other)?.words.iter().find(|word| word.x0 >= bullet.x1)?;
            let away = (first.y - bullet.y).abs() / first.size;
            (away < 0.75 && first.x0 - bullet.x1 < 3.0 * first.size).then_some((other, away))
        };
        let near = [idx.wrapping_sub(1), idx + 1].into_iter().filter_map(beside).min_by(|a, b| a.1.total_cmp(&b.1));
        let Some((other, _)) = near else { continue };
        let y = rows[other].y;
        if let Some(bullet) = rows[idx].words.pop() {
            let place = rows[other].words.partition_point(|word| word.x0 < bullet.x0);
            rows[other].words.insert(place, Word { y, ..bullet });
        }
    }
    rows.retain(|row| !row.words.is_empty());
}

/// Puts a bullet before words that a dot was drawn before: browsers draw the marks of lists instead of writing them.
pub(super) fn dots(sheet: &mut Sheet, dots: &[Area]) {
    let middle = |dot: &Area| (f64::midpoint(dot.x0, dot.x1), f64::midpoint(dot.y0, dot.y1));
    for (idx, dot) in dots.iter().enumerate() {
        let (x, y) = middle(dot);
        // Dots side by side rate something.
        let alone = |other: &Area| (middle(other).1 - y).abs() > 2.0 || (middle(other).0 - x).abs() > 40.0;
        let near = dots.iter().take(idx).rev().take(8).chain(dots.iter().skip(idx + 1).take(8));
        if !near.into_iter().all(alone) {
            continue;
        }
        let from = sheet.rows.partition_point(|row| row.y < y);
        for row in sheet.rows.iter_mut().skip(from).take(4) {
            let place = row.words.partition_point(|word| word.x0 < x);
            let Some(next) = row.words.get(place) else { continue };
            let (size, order) = (next.size, next.order);
            let beside = (0.12..0.6).contains(&((next.y - y) / size)) && next.x0 - dot.x1 < 1.6 * size;
            let round = (0.1..0.6).contains(&((dot.y1 - dot.y0) / size));
            let first = place == 0 || dot.x0 - row.words[place - 1].x1 > 1.6 * size;
            if beside && round && first && !next.text.starts_with(is_bullet) {
                let (text, y) = ("•".to_owned(), row.y);
                let word = Word { text, x0: dot.x0, x1: dot.x1, y, size, bold: false, link: None, order, tight: false };
                row.words.insert(place, word);
                break;
            }
        }
    }
}
