//! Lines become headings, items, rows and paragraphs.

use std::collections::{BTreeMap, BTreeSet};

use super::join::{Glue, Vocabulary, is_hyphen};
use super::layout::Line;
use super::words::{Word, is_bullet};
use crate::document::builder::Builder;
use crate::document::inline::{self, Inline, Unit};
use crate::document::label;

/// How much larger than the text a heading is.
const LARGER: f64 = 1.12;

/// The longest heading that is larger than the text.
const MAX_HEADING_CHARS: usize = 120;

/// The longest heading that only its weight or its capitals set off.
const MAX_PLAIN_HEADING_CHARS: usize = 90;

/// The longest line with a label that is no heading though all of it is bold.
const MAX_LABELLED_CHARS: usize = 50;

/// A shape without a name; before words it is a bullet.
const UNNAMED: &str = "\u{FFFD}";

/// Two sizes closer than this are one.
const SAME_SIZE: f64 = 0.08;

/// Lines read as one block.
struct Block {
    lines: Vec<Line>,
    /// Whether the author broke the line before each line on purpose.
    hard: Vec<bool>,
    /// The marker as Markdown writes it, and where it stands.
    item: Option<(String, f64)>,
    size: f64,
    bold: bool,
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
        let lines = block.inline(vocabulary);
        if let Some((marker, x)) = &block.item {
            while markers.last().is_some_and(|last| *last > x + 2.0) {
                markers.pop();
            }
            if markers.last().is_none_or(|last| *last < x - 2.0) {
                markers.push(*x);
            }
            let depth = markers.len() - 1;
            out.item(depth, 2 * depth, marker, &inline::joined(lines));
            continue;
        }
        markers.clear();
        if let Some(level) = level {
            out.heading(level, &inline::joined(lines));
            continue;
        }
        for unit in inline::units(lines) {
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

    /// The words with their links; what stood at the right margin comes after them.
    fn inline(&self, vocabulary: &Vocabulary) -> Vec<inline::Line> {
        let mut tokens: Vec<Token<'_>> = Vec::new();
        let mut tails: Vec<&[Word]> = Vec::new();
        for (line, hard) in self.lines.iter().zip(&self.hard) {
            if *hard {
                write_tails(&mut tokens, &mut tails);
            }
            for (cell, words) in line.cells.iter().enumerate() {
                for (idx, word) in words.iter().enumerate() {
                    let starts = (cell == 0 && idx == 0).then(|| tokens.last_mut()).flatten();
                    let before = match starts {
                        Some(last) if !hard => match vocabulary.glue(last.word, word) {
                            Glue::Space => Before::Space,
                            Glue::Tight => Before::Nothing,
                            Glue::Unhyphenated => {
                                last.text = last.text.trim_end_matches(is_hyphen);
                                Before::Nothing
                            }
                        },
                        Some(_) => Before::Break,
                        None if idx == 0 && cell > 0 => Before::Bar,
                        None => within(word),
                    };
                    tokens.push(Token { before, text: &word.text, word });
                }
            }
            tails.extend(line.tails.iter().map(Vec::as_slice));
        }
        write_tails(&mut tokens, &mut tails);
        write_words(&tokens)
    }
}

/// What stood at the right margin of lines read so far.
fn write_tails<'w>(tokens: &mut Vec<Token<'w>>, tails: &mut Vec<&'w [Word]>) {
    for tail in tails.drain(..) {
        for (idx, word) in tail.iter().enumerate() {
            let before = if idx == 0 { Before::Bar } else { within(word) };
            tokens.push(Token { before, text: &word.text, word });
        }
    }
}

/// What stands before a word.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Before {
    Nothing,
    Space,
    /// A bar, since a wide gap parts it from the word before.
    Bar,
    /// A line break that the author meant.
    Break,
}

/// A word as it is written.
struct Token<'w> {
    before: Before,
    text: &'w str,
    word: &'w Word,
}

/// What stands before a word within a line.
fn within(word: &Word) -> Before {
    if word.tight { Before::Nothing } else { Before::Space }
}

fn write_words(tokens: &[Token<'_>]) -> Vec<inline::Line> {
    let mut inline = Inline::default();
    let (mut link, mut bold) = (None, false);
    let mut last: Option<&Token<'_>> = None;
    for token in tokens {
        let same_link = link.is_some() && link == token.word.link.as_ref();
        let breaks = last.is_some() && token.before == Before::Break;
        if link.is_some() && (!same_link || breaks) {
            inline.close_link();
            link = None;
        }
        if bold && (!token.word.bold || breaks) {
            inline.close_bold();
            bold = false;
        }
        match (last, token.before) {
            (None, _) | (_, Before::Nothing) => {}
            (_, Before::Break) => inline.hard_break(),
            (Some(last), Before::Bar) if is_word(last.text) && is_word(token.text) => inline.push(" | "),
            (_, Before::Space | Before::Bar) => inline.push(" "),
        }
        let starts_line = last.is_none() || token.before == Before::Break;
        if starts_line && token.word.bold {
            inline.open_bold();
            bold = true;
        }
        if link.is_none()
            && let Some(url) = &token.word.link
        {
            inline.open_link(url);
            link = Some(url);
        }
        inline.push(token.text);
        last = Some(token);
    }
    inline.close_link();
    if bold {
        inline.close_bold();
    }
    inline.take()
}

/// Whether there is more to it than marks such as a bar or a dot, which part by themselves.
fn is_word(text: &str) -> bool {
    text.is_empty() || text.chars().any(char::is_alphanumeric)
}

/// The words of a cell of a table.
fn words_of(cell: &[Word]) -> String {
    let tokens: Vec<Token<'_>> =
        cell.iter().map(|word| Token { before: within(word), text: &word.text, word }).collect();
    inline::joined(write_words(&tokens))
}

/// All words of a line's own cells.
fn own(line: &Line) -> impl Iterator<Item = &Word> {
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
    let list = lists_links(block, line);
    let lower = lower && !list;
    let full = !list && is_full(last, line);
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

fn tenths(size: f64) -> i64 {
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

/// Which headings are of which level: by size, then capitals before bold.
struct Levels {
    body: f64,
    ranks: Vec<(i64, bool)>,
    /// The level of the largest.
    first: usize,
}

impl Levels {
    fn of<'b>(blocks: impl Iterator<Item = &'b Block>, body: f64) -> Self {
        let mut found: BTreeMap<(i64, bool), usize> = BTreeMap::new();
        for block in blocks {
            if let Some(rank) = rank(block, body) {
                *found.entry(rank).or_default() += 1;
            }
        }
        // What is largest and stands once is the title.
        let titled = found.iter().next_back().is_some_and(|((size, _), count)| *count == 1 && *size > tenths(body));
        let mut ranks: Vec<(i64, bool)> = Vec::new();
        for rank in found.into_keys().rev() {
            // Sizes a hair apart are one level.
            if ranks.last().is_none_or(|last| last.0 - rank.0 > 3 || last.1 != rank.1) {
                ranks.push(rank);
            }
        }
        Self { body, ranks, first: if titled { 1 } else { 2 } }
    }

    fn level(&self, block: &Block) -> Option<u8> {
        let rank = rank(block, self.body)?;
        let place =
            self.ranks.iter().position(|known| known.0 - rank.0 <= 3 && known.1 == rank.1 && known.0 >= rank.0)?;
        u8::try_from(place + self.first).ok().map(|level| level.min(6))
    }
}

/// How a heading stands among others: its size in tenths of a point, and whether it is in capitals; `None` for what
/// is no heading.
fn rank(block: &Block, body: f64) -> Option<(i64, bool)> {
    let words = || block.lines.iter().flat_map(own);
    let letters = words().map(|word| word.text.chars().count() + 1).sum::<usize>();
    let hard = block.hard.iter().skip(1).any(|hard| *hard);
    let lettered = words().any(|word| word.text.chars().any(char::is_alphabetic));
    if block.item.is_some() || !lettered || letters > MAX_HEADING_CHARS || hard {
        return None;
    }
    let larger = block.size >= LARGER * body && block.lines.len() <= 3;
    let text = words().map(|word| word.text.as_str()).collect::<Vec<_>>().join(" ");
    let count = text.chars().filter(|c| c.is_alphabetic()).count();
    let capitals = count >= 4 && !text.chars().any(char::is_lowercase);
    let near_body = block.size > 0.9 * body && block.lines.len() <= 2 && letters <= MAX_PLAIN_HEADING_CHARS;
    // A title may have a colon; what is short and has one is a label with its value.
    let labelled = label::label(&text).is_some() && !(block.bold && letters > MAX_LABELLED_CHARS);
    let sentence = text.ends_with(['.', ',', ';', '?']) || labelled;
    let single = block.lines.len() == 1 && block.lines.iter().all(|line| line.cells.len() == 1);
    let plain = near_body && !sentence && (block.bold || (capitals && single));
    (larger || plain).then(|| (tenths(if larger { block.size } else { body.min(block.size) }), capitals && !larger))
}
