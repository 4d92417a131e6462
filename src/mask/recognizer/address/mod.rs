//! Postal addresses: told by a street with a number, a postcode with a place, a post box, homes and floors, or a
//! label; then grown to both sides over what looks like parts of an address.
//!
//! Words with their roles are in `words.txt`. Lines without a digit or a label are never cut into tokens.

mod birth;
mod cores;
mod grow;
mod han;
mod tokens;
mod zone;

use std::ops::Range;

use self::cores::{Core, Needs};
use self::tokens::{Kind, Role, Token};
use self::zone::Zone;
use super::Recognizer;
use crate::mask::page::{Cues, Line, Page};
use crate::mask::span::{Entity, Layer, Span};
use crate::mask::words::Word;

pub(crate) use self::birth::Birthplace;

pub(crate) struct Address;

/// Lines above and below that one address may go over.
const ABOVE: usize = 4;
const BELOW: usize = 6;
/// Longest line that an address goes on into.
const NEIGHBOUR: usize = 240;
/// A line is read in pieces of this many bytes.
const PIECE: usize = 1 << 14;

impl Recognizer for Address {
    fn find(&self, page: &Page<'_>, out: &mut Vec<Span>) {
        han::find(page, out);
        let text = page.text();
        let words = page.words();
        let mut tokens = Vec::new();
        // Nothing is looked for twice.
        let mut done = 0;
        let mut first = 0;
        for (index, line) in page.lines().iter().enumerate() {
            while words.get(first).is_some_and(|word| word.start() < line.start) {
                first += 1;
            }
            if !worth(text, line, &words[first..]) {
                continue;
            }
            for piece in pieces(text, line) {
                tokens.clear();
                tokens::read(text, piece.clone(), words, &mut tokens);
                let zone = Zone { text, tokens: std::mem::take(&mut tokens) };
                let hints: Vec<usize> =
                    (0..zone.tokens.len()).filter(|at| zone.hint(*at)).map(|at| zone.tokens[at].start).collect();
                let commas = zone.tokens.iter().filter(|token| token.sign().is_some_and(zone::is_comma)).count();
                if !hints.is_empty() || commas >= 2 {
                    let whole = if piece == (line.start..line.end) { around(page, index) } else { zone };
                    let begun = done;
                    search(&whole, &hints, &mut done, out);
                    if commas >= 2 {
                        whole_cells(&whole, &piece, begun, &mut done, out);
                    }
                    tokens = whole.tokens;
                } else {
                    tokens = zone.tokens;
                }
            }
        }
    }
}

/// Finds the addresses that begin at one of `hints`, which are places in the text.
fn search(zone: &Zone<'_>, hints: &[usize], done: &mut usize, out: &mut Vec<Span>) {
    for hint in hints {
        if *hint < *done {
            continue;
        }
        let Ok(at) = zone.tokens.binary_search_by_key(hint, |token| token.start) else { continue };
        let Some(core) = zone.core(at) else { continue };
        let Some(found) = zone.grown(&core) else { continue };
        let Some(range) = bytes(zone, found) else { continue };
        *done = (*done).max(range.end);
        out.push(Span::new(range, Entity::Address, core.score).by(Layer::Pattern, core.rule));
    }
}

/// Finds lines and cells that hold an address and nothing else, though no word tells where it begins.
fn whole_cells(zone: &Zone<'_>, line: &Range<usize>, begun: usize, done: &mut usize, out: &mut Vec<Span>) {
    let first = zone.tokens.partition_point(|token| token.start < line.start);
    for at in first..zone.tokens.len() {
        let token = &zone.tokens[at];
        if token.start >= line.end {
            break;
        }
        let begins = at == first
            || matches!(zone.tokens[at - 1].kind, Kind::Sign('|' | '•' | '·' | ';' | ':' | '"' | '：' | '>'))
            || token.gap == 2;
        if !begins || matches!(token.kind, Kind::Sign(sign) if sign != '#') || token.start < begun {
            continue;
        }
        let core = Core { from: at, to: at, score: 0.65, rule: "parts of an address", needs: Needs::Whole };
        let Some(range) = zone.grown(&core).and_then(|found| bytes(zone, found)) else { continue };
        *done = (*done).max(range.end);
        out.push(Span::new(range, Entity::Address, core.score).by(Layer::Pattern, core.rule));
    }
}

/// The bytes of some tokens, without separators at their ends.
fn bytes(zone: &Zone<'_>, range: Range<usize>) -> Option<Range<usize>> {
    let mut tokens = zone.tokens.get(range)?;
    while let [head @ .., last] = tokens {
        let bracket = matches!(last.kind, Kind::Sign(')' | '）' | '"' | '“' | '”' | '»'));
        if last.kind == Kind::Break || matches!(last.kind, Kind::Sign(_)) && !bracket {
            tokens = head;
        } else {
            break;
        }
    }
    let (start, end) = (tokens.first()?.start, tokens.last()?.end);
    (end > start).then_some(start..end)
}

/// Whether a line can hold an address: it has a digit, or begins with a label.
fn worth(text: &str, line: &Line, words: &[Word]) -> bool {
    if line.cues.has(Cues::DIGIT) {
        return true;
    }
    let wide = line.cues.has(Cues::WIDE);
    if wide && other_digits(&text.as_bytes()[line.start..line.end]) {
        return true;
    }
    words.iter().take(4).take_while(|word| word.end() <= line.end).any(|word| tokens::role(word.hash).any(Role::LABEL))
}

/// Digits of other scripts.
fn other_digits(bytes: &[u8]) -> bool {
    bytes.windows(3).any(|part| match part {
        [0xD9, 0xA0..=0xA9, _] | [0xDB, 0xB0..=0xB9, _] => true,
        [0xE0, 0xA5 | 0xA7 | 0xA9 | 0xAB | 0xAD | 0xAF | 0xB1 | 0xB3 | 0xB5, 0xA6..=0xAF] => true,
        [0xE0, 0xB9, 0x90..=0x99] | [0xEF, 0xBC, 0x90..=0x99] => true,
        _ => false,
    }) || matches!(bytes, [.., 0xD9, 0xA0..=0xA9] | [.., 0xDB, 0xB0..=0xB9])
}

/// A line, or a long one cut at blanks.
fn pieces(text: &str, line: &Line) -> Vec<Range<usize>> {
    let mut pieces = Vec::with_capacity(1);
    let mut start = line.start;
    while line.end - start > PIECE {
        let mut end = start + PIECE;
        while end > start && !text.as_bytes()[end].is_ascii_whitespace() {
            end -= 1;
        }
        if end == start {
            end = start + PIECE;
            while !text.is_char_boundary(end) {
                end += 1;
            }
        }
        pieces.push(start..end);
        start = end;
    }
    pieces.push(start..line.end);
    pieces
}

/// The tokens of a line and of its neighbours up to a blank line.
fn around<'t>(page: &Page<'t>, index: usize) -> Zone<'t> {
    let (text, lines, words) = (page.text(), page.lines(), page.words());
    let near = |line: &Line| line.end - line.start <= NEIGHBOUR && !text[line.start..line.end].trim().is_empty();
    let mut first = index;
    while first > 0 && index - first < ABOVE && near(&lines[first - 1]) {
        first -= 1;
    }
    let mut last = index;
    while last + 1 < lines.len() && last - index < BELOW && near(&lines[last + 1]) {
        last += 1;
    }
    let mut tokens: Vec<Token> = Vec::new();
    for line in &lines[first..=last] {
        tokens::read(text, line.start..line.end, words, &mut tokens);
        tokens::end_line(line.end, &mut tokens);
    }
    Zone { text, tokens }
}
