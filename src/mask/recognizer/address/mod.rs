//! Postal addresses: told by a street with a number, a postcode with a place, a post box, homes and floors, or a
//! label; then grown to both sides over what looks like parts of an address.
//!
//! Words with their roles are in `words.txt`. Lines without a digit or a label are never cut into tokens.

mod birth;
mod birth_place;
mod birth_rows;
mod bridge;
mod cores;
mod grow;
mod han;
mod labels;
mod left;
mod names;
mod part;
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
pub(super) use self::tokens::roles;

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
        let (mut tokens, mut hints) = (Vec::new(), Vec::new());
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
            let mut start = line.start;
            while start < line.end {
                let piece = start..piece_end(text, start, line.end);
                start = piece.end;
                tokens.clear();
                tokens::read(text, piece.clone(), words, &mut tokens);
                let zone = Zone { text, tokens: std::mem::take(&mut tokens) };
                hints.clear();
                hints.extend((0..zone.tokens.len()).filter(|at| zone.hint(*at)).map(|at| zone.tokens[at].start));
                let commas = zone.tokens.iter().filter(|token| token.sign().is_some_and(zone::is_comma)).count();
                if hints.is_empty() && commas < 2 {
                    tokens = zone.tokens;
                    continue;
                }
                // Neighbouring lines are read only for a core, or where one may lie over two lines.
                let cored = (0..zone.tokens.len()).any(|at| {
                    let token = &zone.tokens[at];
                    zone.hint(at)
                        && (token.role.any(Role::LABEL)
                            || at < 2 && zone.postcode(at).is_some()
                            || zone.core(at).is_some())
                });
                let whole = if cored && piece == (line.start..line.end) { around(page, index) } else { zone };
                let begun = done;
                search(&whole, &hints, &mut done, out);
                if commas >= 2 {
                    whole_cells(&whole, &piece, begun, &mut done, out);
                }
                tokens = whole.tokens;
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

/// Whether a line can hold an address: it has a digit and a word or a number that tells one, or begins with a label.
/// Asked of every line, so that few are cut into tokens.
fn worth(text: &str, line: &Line, words: &[Word]) -> bool {
    let bytes = &text.as_bytes()[line.start..line.end];
    let mut words = words.iter().take_while(|word| word.end() <= line.end);
    if !line.cues.has(Cues::DIGIT) && !(line.cues.has(Cues::WIDE) && other_digits(bytes)) {
        return words.take(4).any(|word| tokens::role_of(word).any(Role::LABEL));
    }
    // `12 Nguyễn Huệ, Phường Bến Nghé, Quận 1`.
    let numbered =
        bytes.first().is_some_and(u8::is_ascii_digit) && bytes.iter().filter(|byte| **byte == b',').count() >= 2;
    codes(bytes)
        || words.any(|word| {
            let role = tokens::role_of(word);
            // `cl`, `r`, `pl` are short forms only before a full stop; `way` and `court` are streets only as names.
            let short = word.capital
                || word.caseless
                || word.letters > 2
                || matches!(text.as_bytes().get(word.end()), Some(b'.' | b'/'));
            role.any(Role::BEFORE.or(Role::AFTER).or(Role::BOX).or(Role::LABEL).or(Role::CODE).or(Role::HOME))
                || role.any(Role::BEFORE_WEAK) && short
                || role.any(Role::AFTER_WEAK) && (word.capital || word.caseless)
                || numbered && role.any(Role::AREA)
                || role.any(Role::LABEL_WEAK) && line.cues.has(Cues::COLON)
                || word.letters > 5 && word.capital && tokens::fused(&text[word.range()])
        })
}

/// Whether there are digits that may be a postcode: four or more that are no year, groups, or digits among capitals.
fn codes(bytes: &[u8]) -> bool {
    let mut at = 0;
    while at < bytes.len() {
        if !bytes[at].is_ascii_digit() {
            at += 1;
            continue;
        }
        let start = at;
        while bytes.get(at).is_some_and(u8::is_ascii_digit) {
            at += 1;
        }
        let count = at - start;
        let year = count == 4 && matches!(bytes[start..start + 2], [b'1', b'9'] | [b'2', b'0']);
        let digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
        let capital = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_uppercase);
        if count >= 4 && !year
            || count == 4 && bytes.get(at) == Some(&b'-') && digit(at + 1) && digit(at + 2) && digit(at + 3)
            || count == 3 && bytes.get(at) == Some(&b' ') && digit(at + 1)
            || matches!(count, 2 | 3) && bytes.get(at) == Some(&b'-') && digit(at + 1) && digit(at + 2) && digit(at + 3)
            || count == 1 && capital(at) && (capital(at + 1) || digit(at + 1))
            || count == 2
                && start > 0
                && bytes[start - 1].is_ascii_uppercase()
                && bytes.get(at) == Some(&b' ')
                && (capital(at + 1) || digit(at + 1))
        {
            return true;
        }
        // `2000 Neuchâtel`, `2019 AB Haarlem`: a year that begins a line or stands behind a comma.
        if year
            && bytes.get(at) == Some(&b' ')
            && capital(at + 1)
            && (start == 0 || matches!(bytes[..start], [.., b',', b' ']))
        {
            return true;
        }
    }
    false
}

/// Digits of other scripts.
fn other_digits(bytes: &[u8]) -> bool {
    bytes.windows(3).any(|part| {
        matches!(
            part,
            [0xD9, 0xA0..=0xA9, _]
                | [0xDB, 0xB0..=0xB9, _]
                | [0xE0, 0xA5 | 0xA7 | 0xA9 | 0xAB | 0xAD | 0xAF | 0xB1 | 0xB3 | 0xB5, 0xA6..=0xAF]
                | [0xE0, 0xB9, 0x90..=0x99]
                | [0xEF, 0xBC, 0x90..=0x99]
        )
    }) || matches!(bytes, [.., 0xD9, 0xA0..=0xA9] | [.., 0xDB, 0xB0..=0xB9])
}

/// Where the next piece of a line ends: a long line is cut at blanks.
fn piece_end(text: &str, start: usize, line_end: usize) -> usize {
    if line_end - start <= PIECE {
        return line_end;
    }
    let most = start + PIECE;
    let blank = text.as_bytes()[start + 1..most].iter().rposition(u8::is_ascii_whitespace);
    let mut end = blank.map_or(most, |at| start + 1 + at);
    while !text.is_char_boundary(end) {
        end += 1;
    }
    end
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
