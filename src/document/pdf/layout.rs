//! Rows become lines in reading order: columns one after another, what stands in a margin with the line beside it.
//!
//! A river is a strip between two sides that no word crosses for some rows. Whether it parts columns, which are read
//! one after the other, or rows, which are read across, shows in three things: whether the lines of both sides share
//! their baselines, how many lines of the narrower side follow each other closely, and whether the file draws one
//! side before the other or goes to and fro.

use std::collections::BTreeSet;

use super::words::{Row, Sheet, Word};

/// The narrowest river, in units of the font size.
const RIVER: f64 = 0.8;

/// The gap that parts cells of a row, in units of the font size; justified text stays below.
const CELL_GAP: f64 = 1.6;

/// The gap that parts cells where rows above and below have it too.
const ALIGNED_GAP: f64 = 0.8;

/// How many such rows make a table.
const MIN_ALIGNED: usize = 3;

/// How much of the page's width its text reaches across at least, unless it stands in columns.
const FULL_PAGE: f64 = 0.6;

/// The lines of one block follow each other within so many times their size.
const CLOSE: f64 = 1.85;

/// Columns within columns.
const MAX_DEPTH: usize = 8;

/// Places tried for a river.
const MAX_CANDIDATES: usize = 400;

/// One line of a column.
#[derive(Clone, Debug)]
pub(super) struct Line {
    /// Its words; several cells where wide gaps part them.
    pub(super) cells: Vec<Vec<Word>>,
    /// What stands beside it at the right margin, such as dates.
    pub(super) tails: Vec<Vec<Word>>,
    /// The baseline.
    pub(super) y: f64,
    /// Which page it is on.
    pub(super) page: usize,
    /// The right edge of its column.
    pub(super) edge: f64,
}

/// What is on either side of a river.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Parts {
    /// Two columns.
    Columns,
    /// One column and, left or right of it, short notes.
    Margin { left: bool },
}

/// A river: between `left` and `right`, from row `from` up to row `to`.
#[derive(Clone, Copy, Debug)]
struct River {
    at: f64,
    from: usize,
    to: usize,
    parts: Parts,
    /// Rows of the shorter side, and the width: the more of both, the likelier.
    rows: usize,
    width: f64,
}

/// All lines of a document in reading order.
pub(super) fn lines(pages: Vec<Vec<Sheet>>) -> Vec<Line> {
    let mut lines = Vec::new();
    for (page, sheets) in pages.into_iter().enumerate() {
        for sheet in sheets {
            let mut found = Vec::new();
            // A page of short lines has room at their ends: nothing made the author break them.
            let edge = edge(&sheet.rows).max(FULL_PAGE * sheet.width);
            region(sheet.rows, page, edge, 0, &mut found);
            lines.append(&mut found);
        }
    }
    lines
}

/// The right edge of rows.
fn edge(rows: &[Row]) -> f64 {
    rows.iter().flat_map(|row| &row.words).map(|word| word.x1).fold(0.0, f64::max)
}

/// Appends the lines of a region of a page, whose right edge is given.
fn region(mut rows: Vec<Row>, page: usize, right_edge: f64, depth: usize, out: &mut Vec<Line>) {
    rows.retain(|row| !row.words.is_empty());
    let found = if depth < MAX_DEPTH { river(&rows) } else { None };
    let Some(river) = found else {
        out.extend(plain(rows, page, right_edge));
        return;
    };
    let below = rows.split_off(river.to);
    let run = rows.split_off(river.from);
    region(rows, page, right_edge, depth + 1, out);
    let (left, right) = part(run, river.at);
    match river.parts {
        Parts::Columns => {
            let (left_edge, right_edge) = (edge(&left), edge(&right));
            region(left, page, left_edge, depth + 1, out);
            region(right, page, right_edge, depth + 1, out);
        }
        Parts::Margin { left: true } => out.extend(beside(plain(right, page, right_edge), left, true)),
        Parts::Margin { left: false } => {
            let left_edge = edge(&left);
            out.extend(beside(plain(left, page, left_edge), right, false));
        }
    }
    region(below, page, right_edge, depth + 1, out);
}

/// The rows left and right of a river.
fn part(rows: Vec<Row>, at: f64) -> (Vec<Row>, Vec<Row>) {
    let (mut left, mut right) = (Vec::new(), Vec::new());
    for row in rows {
        let (a, b): (Vec<Word>, Vec<Word>) = row.words.into_iter().partition(|word| word.x0 < at - 0.5);
        for (side, words) in [(&mut left, a), (&mut right, b)] {
            if !words.is_empty() {
                side.push(Row { y: row.y, words });
            }
        }
    }
    (left, right)
}

/// The best river of a region.
fn river(rows: &[Row]) -> Option<River> {
    let mut sizes: Vec<f64> = rows.iter().flat_map(|row| row.words.iter().map(|word| word.size)).collect();
    sizes.sort_by(f64::total_cmp);
    let size = *sizes.get(sizes.len() / 2)?;
    let width = RIVER * size;
    let mut places = BTreeSet::new();
    for row in rows {
        let starts = row.words.windows(2).filter(|pair| pair[1].x0 - pair[0].x1 >= width).map(|pair| &pair[1]);
        for word in row.words.first().into_iter().chain(starts) {
            #[expect(clippy::cast_possible_truncation, reason = "places are within a million points")]
            places.insert((word.x0 * 2.0).floor() as i64);
        }
    }
    let mut best: Option<River> = None;
    for place in places.into_iter().take(MAX_CANDIDATES) {
        #[expect(clippy::cast_precision_loss, reason = "places are within a million points")]
        let at = place as f64 / 2.0;
        // Where nothing stands on the right, a word may be too long for its column.
        let open = |row: &Row| {
            let room = if row.words.last().is_some_and(|word| word.x0 >= at - 0.5) { width } else { -0.5 * size };
            !row.words.iter().any(|word| word.x0 < at - 0.5 && word.x1 > at - room)
        };
        let mut from = 0;
        while from < rows.len() {
            let to = from + rows[from..].iter().take_while(|row| open(row)).count();
            if let Some(river) = judge(rows, from, to, at, size) {
                let better = |best: &River| {
                    let columns = |river: &River| river.parts == Parts::Columns;
                    (columns(&river), river.rows, river.width) > (columns(best), best.rows, best.width)
                };
                if best.as_ref().is_none_or(better) {
                    best = Some(river);
                }
            }
            from = to + 1;
        }
    }
    best
}

/// One side of a river.
struct Side {
    /// Rows with words on it, counted from the start of the run.
    rows: Vec<usize>,
    /// How many of them follow each other closely, at most.
    longest: usize,
    /// How many such groups there are.
    groups: usize,
    /// Letters on this side.
    letters: usize,
}

/// What a river parts, if it parts anything.
fn judge(all: &[Row], from: usize, to: usize, at: f64, size: f64) -> Option<River> {
    let is_left = |word: &Word| word.x0 < at - 0.5;
    let (from, to) = trim(all, from, to, is_left);
    let rows = all.get(from..to)?;
    let (left, right) = (side(rows, size, is_left), side(rows, size, |word| !is_left(word)));
    let fewer = left.rows.len().min(right.rows.len());
    let notes_left = left.letters < right.letters;
    let (notes, main) = if notes_left { (&left, &right) } else { (&right, &left) };
    let marks = rows.iter().flat_map(|row| row.words.iter().filter(|word| is_left(word)));
    if fewer < 2 || marks.clone().all(|word| word.text.chars().nth(3).is_none()) {
        return None;
    }
    let edge = |start: f64, pick: fn(f64, f64) -> f64, words: &mut dyn Iterator<Item = f64>| words.fold(start, pick);
    let width =
        edge(f64::MAX, f64::min, &mut rows.iter().flat_map(|row| &row.words).filter(|w| !is_left(w)).map(|w| w.x0))
            - edge(f64::MIN, f64::max, &mut marks.clone().map(|w| w.x1));
    let shared = rows.iter().filter(|row| row.words.iter().any(is_left) && !row.words.iter().all(is_left)).count();
    let mut drawn: Vec<(usize, bool)> =
        rows.iter().flat_map(|row| &row.words).map(|word| (word.order, is_left(word))).collect();
    drawn.sort_unstable();
    let switches = drawn.windows(2).filter(|pair| pair[0].1 != pair[1].1).count();
    let aligned = shared * 20 >= fewer * 13;
    let in_turn = switches <= 2;
    // Dates beside entries: small groups, far fewer lines than the text beside them, drawn with it.
    let scattered = notes.longest <= 4 && notes.rows.len() * 2 <= main.rows.len() && switches >= notes.groups.max(2);
    let columns = if aligned {
        notes.longest >= 5 && switches * 4 <= fewer.max(8)
    } else {
        fewer >= 3
            && (fewer >= 4 || width >= 2.0 * size)
            && !scattered
            && (in_turn || switches * 2 <= fewer || !aligned)
    };
    let parts = if columns {
        Parts::Columns
    } else if notes.rows.len() > notes.groups
        && scattered_enough(notes, main)
        && together(rows, notes, |word| is_left(word) == notes_left)
    {
        Parts::Margin { left: notes_left }
    } else {
        return None;
    };
    Some(River { at, from, to, parts, rows: fewer, width })
}

/// Notes that are fewer or shorter than what they stand beside.
fn scattered_enough(notes: &Side, main: &Side) -> bool {
    notes.longest <= 4 && (notes.rows.len() * 4 <= main.rows.len() * 3 || notes.letters * 5 <= main.letters * 2)
}

/// Whether some group of notes was drawn in one go: then it is one cell, not the ends of several rows.
fn together(rows: &[Row], notes: &Side, is_note: impl Fn(&Word) -> bool) -> bool {
    let orders = |idx: usize| rows[idx].words.iter().filter(|word| is_note(word)).map(|word| word.order);
    notes.rows.windows(2).any(|pair| {
        let (end, start) = (orders(pair[0]).max(), orders(pair[1]).min());
        pair[1] == pair[0] + 1 && end.zip(start).is_some_and(|(end, start)| start == end + 1)
    })
}

/// Rows at either end that only one side has belong to the run only when they were drawn in its midst.
fn trim(all: &[Row], mut from: usize, mut to: usize, is_left: impl Fn(&Word) -> bool) -> (usize, usize) {
    let Some(rows) = all.get(from..to) else { return (from, from) };
    let bounds = |left: bool| {
        let orders = rows.iter().flat_map(|row| &row.words).filter(|word| is_left(word) == left).map(|word| word.order);
        orders.fold((usize::MAX, 0), |(first, last), order| (first.min(order), last.max(order)))
    };
    let bounds = [bounds(false), bounds(true)];
    let one_sided = |row: &Row| {
        let left = row.words.first().is_some_and(&is_left);
        row.words.iter().all(|word| is_left(word) == left).then_some(left)
    };
    while from < to
        && one_sided(&all[from]).is_some_and(|left| {
            all[from].words.iter().all(|word| word.order < bounds[usize::from(!left)].0)
                && (left || all[from].words.iter().all(|word| word.order < bounds[1].0))
        })
    {
        from += 1;
    }
    while from < to
        && one_sided(&all[to - 1])
            .is_some_and(|left| all[to - 1].words.iter().all(|word| word.order > bounds[usize::from(!left)].1))
    {
        to -= 1;
    }
    (from, to)
}

fn side(rows: &[Row], size: f64, is_of: impl Fn(&Word) -> bool) -> Side {
    let mut found = Side { rows: Vec::new(), longest: 0, groups: 0, letters: 0 };
    let (mut run, mut last) = (0, f64::MIN);
    for (idx, row) in rows.iter().enumerate() {
        if !row.words.iter().any(&is_of) {
            continue;
        }
        if row.y - last > CLOSE * size {
            found.groups += 1;
            run = 0;
        }
        run += 1;
        found.longest = found.longest.max(run);
        last = row.y;
        found.letters += row.words.iter().filter(|word| is_of(word)).map(|word| word.text.len()).sum::<usize>();
        found.rows.push(idx);
    }
    found
}

/// Rows read across, one line each.
fn plain(rows: Vec<Row>, page: usize, edge: f64) -> Vec<Line> {
    let starts = cell_starts(&rows);
    let mut lines: Vec<Line> = Vec::with_capacity(rows.len());
    for (row, starts) in rows.into_iter().zip(starts) {
        let mut cells: Vec<Vec<Word>> = Vec::new();
        for (idx, word) in row.words.into_iter().enumerate() {
            match cells.last_mut() {
                Some(cell) if !starts.contains(&idx) => cell.push(word),
                _ => cells.push(vec![word]),
            }
        }
        if cells.is_empty() {
            continue;
        }
        let line = Line { cells, tails: Vec::new(), y: row.y, page, edge };
        match lines.last_mut() {
            Some(last) if wraps(last, &line) => wrap(last, line),
            _ => lines.push(line),
        }
    }
    let right = |line: &Line| line.cells.last().and_then(|cell| cell.last()).map_or(0.0, |word| word.x1);
    for line in &mut lines {
        if line.cells.len() == 2
            && edge - right(line) < 2.0 * size(line)
            && let Some(tail) = line.cells.pop()
        {
            line.edge = tail.first().map_or(edge, |word| word.x0 - CELL_GAP * word.size);
            line.tails.push(tail);
        }
    }
    lines
}

/// Per row, the words that begin a cell: those after a wide gap, and those after a lesser one that rows above and
/// below have in the same place.
fn cell_starts(rows: &[Row]) -> Vec<BTreeSet<usize>> {
    let gap = |row: &Row, idx: usize| {
        let (Some(last), Some(word)) = (row.words.get(idx.wrapping_sub(1)), row.words.get(idx)) else { return 0.0 };
        (word.x0 - last.x1) / last.size.max(word.size)
    };
    let candidates: Vec<Vec<(usize, f64)>> = rows
        .iter()
        .map(|row| {
            let wide = (1..row.words.len()).filter(|idx| gap(row, *idx) >= ALIGNED_GAP);
            wide.map(|idx| (idx, row.words[idx].x0)).collect()
        })
        .collect();
    let has =
        |row: usize, x: f64| candidates.get(row).is_some_and(|row| row.iter().any(|(_, at)| (at - x).abs() < 1.0));
    // Two rows are enough where they agree in two places.
    let agree = |a: usize, b: usize| {
        candidates.get(a).is_some_and(|row| row.iter().filter(|(_, x)| has(b, *x)).take(2).count() == 2)
    };
    let aligned = |row: usize, x: f64| {
        if [row.wrapping_sub(1), row + 1].into_iter().any(|other| has(other, x) && agree(row, other)) {
            return true;
        }
        let up = (0..row).rev().take(MIN_ALIGNED).take_while(|other| has(*other, x)).count();
        let down = (row + 1..rows.len()).take(MIN_ALIGNED).take_while(|other| has(*other, x)).count();
        up + down + 1 >= MIN_ALIGNED
    };
    rows.iter()
        .enumerate()
        .map(|(at, row)| {
            let found = candidates[at].iter().filter(|(idx, x)| gap(row, *idx) >= CELL_GAP || aligned(at, *x));
            found.map(|(idx, _)| *idx).collect()
        })
        .collect()
}

/// Whether a line goes on in cells of the one before: each of its cells begins below one that had no room for its
/// first word.
fn wraps(last: &Line, line: &Line) -> bool {
    let size = size(last);
    last.cells.len() > 1
        && line.cells.len() < last.cells.len()
        && line.y - last.y < CLOSE * size
        && line.cells.iter().all(|cell| {
            let Some(first) = cell.first() else { return false };
            below(last, first).is_some_and(|idx| {
                let limit = last.cells.get(idx + 1).and_then(|next| next.first()).map_or(last.edge, |next| next.x0);
                let end = last.cells[idx].last().map_or(0.0, |word| word.x1);
                // The room of a cell ends some way before the next one.
                idx + 1 < last.cells.len() && end + (first.x1 - first.x0) + 0.5 * size > limit
            })
        })
}

/// The cell that a word stands below the start of.
fn below(last: &Line, word: &Word) -> Option<usize> {
    last.cells.iter().position(|cell| cell.first().is_some_and(|start| (start.x0 - word.x0).abs() < 1.0))
}

fn wrap(last: &mut Line, line: Line) {
    for cell in line.cells {
        let idx = cell.first().and_then(|first| below(last, first));
        if let Some(into) = idx.and_then(|idx| last.cells.get_mut(idx)) {
            into.extend(cell);
        }
    }
}

/// The height of a line's first word.
fn size(line: &Line) -> f64 {
    line.cells.first().and_then(|cell| cell.first()).map_or(10.0, |word| word.size)
}

/// Puts notes with the lines they stand beside: before them at the left, after them at the right. Notes that follow
/// each other on the page and in the file are one, and belong where the first of them stands.
fn beside(mut lines: Vec<Line>, notes: Vec<Row>, left: bool) -> Vec<Line> {
    // A heading over dates is no date.
    let alike = |a: &Row, b: &Row| {
        let (Some(a), Some(b)) = (a.words.first(), b.words.first()) else { return false };
        (a.size - b.size).abs() < 0.08 * a.size.max(b.size)
    };
    let mut groups: Vec<Vec<Row>> = Vec::new();
    for row in notes {
        let order = |row: &Row| row.words.iter().map(|word| word.order).min().unwrap_or(0);
        let end = |row: &Row| row.words.iter().map(|word| word.order).max().unwrap_or(0);
        let size = row.words.first().map_or(10.0, |word| word.size);
        match groups.last_mut() {
            Some(group)
                if group.last().is_some_and(|last| {
                    row.y - last.y <= CLOSE * size && order(&row) == end(last) + 1 && alike(last, &row)
                }) =>
            {
                group.push(row);
            }
            _ => groups.push(vec![row]),
        }
    }
    for group in groups {
        let Some((first, size)) = group.first().and_then(|row| Some((row.y, row.words.first()?.size))) else {
            continue;
        };
        let near = lines
            .iter_mut()
            .filter(|line| (line.y - first).abs() <= 0.7 * size)
            .min_by(|a, b| (a.y - first).abs().total_cmp(&(b.y - first).abs()));
        let cells: Vec<Vec<Word>> = group.into_iter().map(|row| row.words).collect();
        match near {
            Some(line) if left => line.cells.insert(0, cells.concat()),
            Some(line) => line.tails.extend(cells),
            None => {
                let (page, edge) = lines.first().map_or((0, 0.0), |line| (line.page, line.edge));
                let place = lines.partition_point(|line| line.y < first);
                let end = cells.iter().flatten().map(|word| word.x1).fold(0.0, f64::max);
                lines.insert(place, Line { cells, tails: Vec::new(), y: first, page, edge: edge.max(end) });
            }
        }
    }
    lines
}
