//! Lines become headings, items, rows and paragraphs.

use std::collections::{BTreeMap, BTreeSet};

use super::bullets::is_bullet;
use super::join::Vocabulary;
use super::layout::Line;
use super::levels::Levels;
use super::words::Word;
use super::write::{inline, is_word, words_of};
use crate::document::builder::Builder;
use crate::document::inline::{Unit, joined, units};

/// A shape without a name; before words it is a bullet.
const UNNAMED: &str = "\u{FFFD}";

/// Two sizes closer than this are one.
const SAME_SIZE: f64 = 0.08;

/// Lines read as one block.
pub(super) struct Block {
    pub(super) lines: Vec<Line>,
    /// Whether the author broke the line before each line on purpose.
    pub(super) hard: Vec<bool>,
    /// The marker as Markdown writes it, and where it stands.
    pub(super) item: Option<(String, f64)>,
    pub(super) size: f64,
    pub(super) bold: bool,
}

/// How a line goes on from the one before.
enum Next {
    /// The same sentence.
    Soft,
    /// The same block, on a line of its own.
    Hard,
    /// Another block.
    Apart,
}

/// The document of these lines.
pub(super) fn build(lines: Vec<Line>) -> Builder {
    let body = body_size(&lines);
    let leading = leading(&lines);
    let mut vocabulary = Vocabulary::default();
    for line in &lines {
        line.cells.iter().chain(&line.tails).for_each(|cell| vocabulary.learn(cell));
    }
    let tables = tables(&lines);
    let mut blocks: Vec<Result<Block, Vec<String>>> = Vec::new();
    for (idx, line) in lines.into_iter().enumerate() {
        if tables.contains(&idx) {
            blocks.push(Err(line.cells.iter().chain(&line.tails).map(|cell| words_of(cell)).collect()));
            continue;
        }
        let next = match blocks.last() {
            Some(Ok(block)) => next(block, &line, leading),
            _ => Next::Apart,
        };
        match (next, blocks.last_mut()) {
            (Next::Soft, Some(Ok(block))) => block.push(line, false),
            (Next::Hard, Some(Ok(block))) => block.push(line, true),
            _ => blocks.push(Ok(Block::new(line))),
        }
    }
    write(blocks, body, &vocabulary)
}

fn write(blocks: Vec<Result<Block, Vec<String>>>, body: f64, vocabulary: &Vocabulary) -> Builder {
    let levels = Levels::of(blocks.iter().flatten(), body);
    let mut out = Builder::default();
    let mut markers: Vec<f64> = Vec::new();
    for block in blocks {
        let block = match block {
            Ok(block) => block,
            Err(cells) => {
                markers.clear();
                out.row(&cells);
                continue;
            }
        };
        let level = levels.level(&block);
        let lines = inline(&block, vocabulary);
        if let Some((marker, x)) = &block.item {
            while markers.last().is_some_and(|last| *last > x + 2.0) {
                markers.pop();
            }
            if markers.last().is_none_or(|last| *last < x - 2.0) {
                markers.push(*x);
            }
            let depth = markers.len() - 1;
            out.item(depth, 2 * depth, marker, &joined(lines));
            continue;
        }
        markers.clear();
        if let Some(level) = level {
            out.heading(level, &joined(lines));
            continue;
        }
        for unit in units(lines) {
            match unit {
                Unit::KeyValue { key, line } => out.key_value(0, &key, &line),
                // Bars here are the author's own.
                Unit::Row(words) | Unit::Words(words) => out.paragraph(0, "", &words),
            }
        }
    }
    out
}

impl Block {
    fn new(mut line: Line) -> Self {
        let (size, bold) = (size(&line), is_bold(&line));
        let item = marker(&mut line);
        Self { lines: vec![line], hard: vec![false], item, size, bold }
    }

    fn push(&mut self, line: Line, hard: bool) {
        self.bold &= is_bold(&line);
        self.lines.push(line);
        self.hard.push(hard);
    }
}

/// All words of a line's own cells.
pub(super) fn own(line: &Line) -> impl Iterator<Item = &Word> {
    line.cells.iter().flatten()
}

/// The size that most letters of a line have.
fn size(line: &Line) -> f64 {
    let mut sizes: Vec<(f64, usize)> = own(line).map(|word| (word.size, word.text.chars().count().max(1))).collect();
    sizes.sort_by(|a, b| a.0.total_cmp(&b.0));
    let half = sizes.iter().map(|(_, letters)| letters).sum::<usize>() / 2;
    let mut seen = 0;
    let middle = sizes.iter().find(|(_, letters)| {
        seen += letters;
        seen > half
    });
    middle.map_or(10.0, |(size, _)| *size)
}

fn is_bold(line: &Line) -> bool {
    own(line).any(|word| word.bold) && own(line).all(|word| word.bold || !is_word(&word.text) || word.text.is_empty())
}

fn start(line: &Line) -> f64 {
    own(line).next().map_or(0.0, |word| word.x0)
}

fn end(line: &Line) -> f64 {
    own(line).last().map_or(0.0, |word| word.x1)
}

/// Whether the next line's first word had no room at the end of this one.
fn is_full(line: &Line, next: &Line) -> bool {
    let room = own(next).next().map_or(0.0, |word| word.x1 - word.x0);
    end(line) + room + 0.2 * size(line) > line.edge
}

/// Whether a block is made of addresses below each other and the next line is no part of the last of them: such lines
/// are a list, however much room there is.
fn lists_links(block: &Block, next: &Line) -> bool {
    let link = |line: &Line| {
        let link = own(line).next()?.link.clone()?;
        own(line).all(|word| word.link.as_ref() == Some(&link)).then_some(link)
    };
    let last = block.lines.last().and_then(link);
    last.is_some()
        && own(next).next().map(|word| &word.link) != Some(&last)
        && block.lines.iter().all(|line| link(line).is_some())
}

/// Takes the marker off a line that begins an item.
fn marker(line: &mut Line) -> Option<(String, f64)> {
    let found = marked(line)?;
    let x = start(line);
    let cell = line.cells.first_mut()?;
    if let Some(word) = cell.first_mut() {
        let rest = word.text.trim_start_matches(is_bullet);
        if rest.is_empty() || rest == word.text {
            cell.remove(0);
        } else {
            word.text = rest.to_owned();
        }
    }
    if cell.is_empty() {
        line.cells.remove(0);
    }
    Some((found, x))
}

/// The marker that a line begins with, when words follow it.
fn marked(line: &Line) -> Option<String> {
    let mut words = own(line);
    let first = words.next()?;
    let more = words.next().is_some();
    let mut letters = first.text.chars();
    let mark = letters.next()?;
    if is_bullet(mark) {
        let alone = letters.as_str().is_empty();
        let touches =
            !matches!(mark, '-' | '–' | '—' | '*' | '·') && letters.as_str().starts_with(char::is_alphanumeric);
        return ((alone && more) || touches).then(|| "-".to_owned());
    }
    if first.text == UNNAMED && more {
        return Some("-".to_owned());
    }
    let open = first.text.trim_start_matches('(');
    let digits = open.strip_suffix(['.', ')'])?;
    let number = (1..=3).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
    (number && more).then(|| format!("{digits}."))
}

/// How a line goes on from a block.
fn next(block: &Block, line: &Line, leading: f64) -> Next {
    let Some(last) = block.lines.last() else { return Next::Apart };
    let own_size = size(line);
    let first = own(line).next();
    let lower = first.is_some_and(|word| word.text.starts_with(char::is_lowercase));
    let words_end = own(last).last();
    let open = words_end.is_some_and(|word| !word.text.ends_with(['.', '!', '?', ':', ';']));
    if (own_size - block.size).abs() > SAME_SIZE * own_size.max(block.size) {
        return Next::Apart;
    }
    let listed = lists_links(block, line);
    let lower = lower && !listed;
    let full = !listed && is_full(last, line);
    let dash = first.is_some_and(|word| matches!(word.text.as_str(), "-" | "–" | "—" | "·"));
    if marked(line).is_some() && !(dash && full && open && block.item.is_none()) {
        return Next::Apart;
    }
    if is_bold(last) != is_bold(line) {
        let runs_on = full && words_end.map(|word| word.bold) == first.map(|word| word.bold);
        if !(runs_on || (lower && open && full)) {
            return Next::Apart;
        }
    }
    let gap = line.y - last.y;
    if line.page != last.page || gap <= 0.0 {
        // Over the end of a page or column only a sentence goes on.
        return if full && open && lower { Next::Soft } else { Next::Apart };
    }
    if gap > (leading + 0.17) * own_size.max(block.size) {
        return Next::Apart;
    }
    let (x, before, slack) = (start(line), start(last), 0.35 * own_size);
    if let Some((_, marker)) = &block.item {
        if x < marker + slack && !(full && lower) {
            return Next::Apart;
        }
    } else if x > before + slack || x < before - slack {
        let middle = |line: &Line| f64::midpoint(start(line), end(line));
        let centred = (middle(last) - middle(line)).abs() < own_size;
        let hanging = block.lines.len() == 1 && full && (x - before).abs() < 4.0 * own_size;
        if !(centred || hanging || (full && lower && x < before)) {
            return Next::Apart;
        }
    }
    if full || (lower && open) { Next::Soft } else { Next::Hard }
}

/// The size that most letters have.
fn body_size(lines: &[Line]) -> f64 {
    let mut letters: BTreeMap<i64, usize> = BTreeMap::new();
    for word in lines.iter().flat_map(own) {
        *letters.entry(tenths(word.size)).or_default() += word.text.chars().count();
    }
    let most = letters.iter().max_by_key(|(size, letters)| (**letters, std::cmp::Reverse(**size)));
    #[expect(clippy::cast_precision_loss, reason = "a size is below a million")]
    most.map_or(10.0, |(size, _)| *size as f64 / 10.0)
}

pub(super) fn tenths(size: f64) -> i64 {
    #[expect(clippy::cast_possible_truncation, reason = "a size is below a million")]
    let tenths = (size * 10.0).round() as i64;
    tenths
}

/// How far apart lines of one sentence stand, in units of their size.
fn leading(lines: &[Line]) -> f64 {
    let mut gaps: Vec<f64> = lines
        .windows(2)
        .filter(|pair| pair[0].page == pair[1].page && pair[1].y > pair[0].y)
        .filter(|pair| own(&pair[1]).next().is_some_and(|word| word.text.starts_with(char::is_lowercase)))
        .filter(|pair| (size(&pair[0]) - size(&pair[1])).abs() < 0.2)
        .map(|pair| (pair[1].y - pair[0].y) / size(&pair[1]))
        .filter(|gap| (0.8..3.0).contains(gap))
        .collect();
    gaps.sort_by(f64::total_cmp);
    gaps.get(gaps.len() / 2).copied().unwrap_or(1.4)
}

/// Lines that are rows of a table: at least three, or two of three cells, whose cells begin or end below each other.
fn tables(lines: &[Line]) -> BTreeSet<usize> {
    let cells = |line: &Line| -> Vec<(f64, f64)> {
        let ends = |cell: &Vec<Word>| Some((cell.first()?.x0, cell.last()?.x1));
        line.cells.iter().chain(&line.tails).filter_map(ends).collect()
    };
    let mut rows = BTreeSet::new();
    let mut from = 0;
    while from < lines.len() {
        let first = cells(&lines[from]);
        let mut to = from + 1;
        while to < lines.len() {
            let (line, found) = (&lines[to], cells(&lines[to]));
            let size = size(line);
            let below = line.page == lines[from].page
                && line.y > lines[to - 1].y
                && line.y - lines[to - 1].y < 3.0 * size
                && line.tails.len() == lines[from].tails.len()
                && marked(line).is_none();
            let near = |a: f64, b: f64| (a - b).abs() < 0.5 * size;
            let fits = |(a, b): (&(f64, f64), &(f64, f64))| {
                near(a.0, b.0) || near(a.1, b.1) || near(f64::midpoint(a.0, a.1), f64::midpoint(b.0, b.1))
            };
            if !below || found.len() != first.len() || !first.iter().zip(&found).all(fits) {
                break;
            }
            to += 1;
        }
        let count = to - from;
        if first.len() >= 2 && count >= if first.len() > 2 { 2 } else { 3 } && marked(&lines[from]).is_none() {
            rows.extend(from..to);
        }
        from = to;
    }
    rows
}
