//! Telephone numbers: a run of digits that is shaped, dialled or labelled like one.
//!
//! A line is read once. Runs of fewer than six digits are passed over at once; of the others the shape is asked first,
//! and only a shape that some country has, or that a label could make one, has the words beside it read.

use super::table::Heads;
use super::{Recognizer, after, before};
use crate::mask::page::Page;
use crate::mask::span::{Entity, Layer, Span};

mod run;
mod shape;
mod words;

use run::{Gap, Run, next_digit};
use shape::{Number, Shape, international};
use words::{extension, unspaced};

pub(crate) struct Phone;

impl Recognizer for Phone {
    fn find(&self, page: &Page<'_>, out: &mut Vec<Span>) {
        let mut reader = Reader { page, last: 0, run: Run::default(), heads: Heads::default() };
        for (index, line) in page.lines().iter().enumerate() {
            if line.digits >= 6 {
                reader.line(index, out);
            }
        }
    }
}

struct Reader<'p, 't> {
    page: &'p Page<'t>,
    /// Where the last number ends.
    last: usize,
    run: Run,
    heads: Heads,
}

impl Reader<'_, '_> {
    fn line(&mut self, index: usize, out: &mut Vec<Span>) {
        let line = &self.page.lines()[index];
        let text = &self.page.text()[..line.end];
        let mut at = line.start;
        while let Some(start) = next_digit(text, at) {
            let mut run = std::mem::take(&mut self.run);
            at = run.read(text, start);
            if run.digits.len() >= 6 {
                at = self.judge(index, text, &run, out).max(at);
            }
            self.run = run;
        }
    }

    /// Adds the numbers in a run; returns where the last one ends.
    fn judge(&mut self, index: usize, text: &str, run: &Run, out: &mut Vec<Span>) -> usize {
        let all = run.groups.len();
        let mut end = 0;
        let mut first = 0;
        while first < all {
            // The longest piece that is a number, from this group on; it ends where a border may be.
            let mut taken = None;
            let mut last = all;
            while last > first {
                let digits: usize = run.groups[first..last].iter().map(|group| group.length).sum();
                if digits < 6 {
                    break;
                }
                if digits <= 20
                    && let Some((score, last)) = self.score(index, text, run, first, last)
                {
                    taken = Some((score, last));
                    break;
                }
                last = (first + 1..last).rev().find(|border| self.border(run, *border)).unwrap_or(first);
            }
            if let Some((score, last)) = taken {
                let start = if first == 0 { run.start } else { opened(text, run.groups[first].start) };
                end = grown(text, run.groups[last - 1].end);
                let start = if first == 0 { unbalanced(text, start, end) } else { start };
                let start = carrier(text, start);
                out.push(Span::new(start..end, Entity::Phone, score).by(layer(score), "phone"));
                self.last = end;
                first = last;
            } else {
                first = (first + 1..all).find(|border| self.border(run, *border)).unwrap_or(all);
            }
        }
        end
    }

    /// Whether another number may begin with this group.
    fn border(&self, run: &Run, index: usize) -> bool {
        let group = &run.groups[index];
        // `9876544172/8876544172`.
        let whole = |at: usize| run.groups.get(at).is_some_and(|group| group.length >= 7);
        if group.gap.has(Gap::SLASH) && whole(index) && index > 0 && whole(index - 1) {
            return true;
        }
        let zero = self.page.text()[group.start..].starts_with(['0', '٠', '۰', '०']);
        group.gap.has(Gap::WIDE)
            || (group.gap.has(Gap::SPACE) && (group.gap.has(Gap::OPEN) || (zero && group.length > 1)))
    }

    /// How sure, if the groups are a number to call; also before which group it ends.
    fn score(&mut self, index: usize, text: &str, run: &Run, first: usize, last: usize) -> Option<(f32, usize)> {
        let groups = run.groups.get(first..last)?;
        let (head, tail) = (groups.first()?, groups.last()?);
        let digits = run.digits.get(head.first..tail.first + tail.length)?;
        let number = Number { digits, groups };
        let plus = run.plus && first == 0;
        let start = if first == 0 { run.start } else { head.start };
        if plus {
            if left_joined(text, start, true) || number.dates() || (run.apart && digits.len() < 10) {
                return None;
            }
            let taken = international(digits, groups)?;
            return right_free(text, groups[taken - 1].end, last < run.groups.len() || taken < groups.len())
                .then_some((0.95, first + taken));
        }
        // A piece of a longer row of pairs is none.
        let row =
            |index: usize| run.groups.get(index).is_some_and(|group| group.length <= 2 && !group.gap.has(Gap::WIDE));
        if number.pairs() && (row(last) || (first > 0 && row(first) && run.groups[first - 1].length <= 2)) {
            return None;
        }
        let shape = number.shape();
        // `06-12 00 48 27 / 030 – 200 44 71`: the last group is the area of one more number.
        let wide = |index: usize| run.groups.get(index).is_some_and(|group| group.gap.has(Gap::WIDE));
        if groups.len() > 2
            && tail.length <= 5
            && wide(first + groups.len() - 1)
            && wide(first + groups.len())
            && self.page.text()[tail.start..].starts_with('0')
        {
            return None;
        }
        if shape == Shape::Never || !right_free(text, tail.end, last < run.groups.len()) {
            return None;
        }
        let line = &self.page.lines()[index];
        // A number in brackets, unlike an area in brackets, stands behind what the bracket explains.
        let inner = head.start.max(start);
        let enclosed = text[..start].ends_with(' ') && !text[start..tail.end].contains([')', '）']);
        let head = text.get(line.start..if enclosed { inner } else { start })?;
        let head = near(head, head.len());
        let mut before = words::before(head);
        // Behind a small gap, what announces another kind of number announces these groups too.
        if first > 0 && !run.groups[1..=first].iter().any(|group| group.gap.has(Gap::WIDE)) {
            before.other |= words::before(text.get(line.start..run.start)?).other;
        }
        // Two numbers with a border between are two, whatever announces the first.
        let mut count = 0;
        let two = groups.iter().skip(1).zip(groups).any(|(group, last)| {
            count += last.length;
            (group.gap.has(Gap::WIDE) || (group.gap.has(Gap::SLASH) && last.length >= 7 && group.length >= 7))
                && count >= 7
                && digits.len() - count >= 6
        });
        if two {
            return None;
        }
        // The front of a number whose end is glued to a word is no number of its own.
        let rest: usize = run.groups[last..].iter().map(|group| group.length).sum();
        if digits.len() < 9 && (1..6).contains(&rest) && !run.groups[last].gap.has(Gap::WIDE) {
            return None;
        }
        // Groups of three in a row with another before them are the tail of something longer.
        if first > 0 && number.figures() && run.groups[first - 1].length == 3 && head_gap(run, first) {
            return None;
        }
        // `tel-04288123`: theses of an archive.
        if head.ends_with("tel-") && groups.len() == 1 && digits.len() == 8 {
            return None;
        }
        let dialled = head.ends_with("tel:") || head.ends_with("callto:") || head.ends_with("wa.me/");
        if !dialled && first == 0 && left_joined(text, start, before.label) {
            return None;
        }
        if dialled || (before.label && !(before.loose && shape == Shape::Labelled)) {
            return Some((0.9, last));
        }
        // `he'll text from 07700 900123` tells of no range.
        let called = || shape == Shape::Strong && words::told_to_call(head, &text[line.start..]);
        if before.other && !(before.counted && shape == Shape::Strong && digits[0] == 0) && !called() {
            return None;
        }
        match shape {
            Shape::Strong => return Some((0.7, last)),
            // `… or 98330 44172`, `…/8876544172`: one more of them.
            Shape::Weak if goes_on(text, self.last, start) => return Some((0.65, last)),
            Shape::Weak if before.near || before.name || words::told_to_call(head, &text[line.start..]) => {
                return Some((0.65, last));
            }
            _ => {}
        }
        let behind = &text[tail.end..];
        if words::label_behind(behind) || extension(text, tail.end).is_some_and(|_| digits.len() >= 7) {
            return Some((0.7, last));
        }
        let whole = near(&text[line.start..], start - line.start);
        if shape == Shape::Weak {
            let short = !number.figures() && whole.trim().len() <= tail.end - start + 8;
            if (short || (before.free && words::contacts(whole))) && !words::others(head) {
                return Some((0.6, last));
            }
        }
        if digits.len() < 7 && shape < Shape::Weak {
            return None;
        }
        let labelled = self.heads.above(self.page, index, start).is_some_and(words::only_label);
        labelled.then_some((0.8, last))
    }
}

/// Whether only a sign or a word such as `or` stands between the end of a number and what begins at byte `start`.
fn goes_on(text: &str, last: usize, start: usize) -> bool {
    const JOINTS: &[&str] = &[
        "",
        "or",
        "and",
        "oder",
        "und",
        "bzw",
        "ou",
        "et",
        "o",
        "y",
        "e",
        "of",
        "en",
        "lub",
        "i",
        "a",
        "nebo",
        "eller",
        "och",
        "og",
        "tai",
        "vagy",
        "sau",
        "veya",
        "или",
        "и",
        "або",
        "או",
        "أو",
        "या",
        "或",
        "または",
        "atau",
        "hoặc",
    ];
    last > 0
        && last <= start
        && text.get(last..start).is_some_and(|gap| {
            gap.len() <= 12
                && JOINTS.contains(&gap.trim_matches(|c: char| matches!(c, ' ' | '/' | ',' | ';' | '.' | '(' | '|')))
        })
}

/// Whether a group stands behind a plain space.
fn head_gap(run: &Run, index: usize) -> bool {
    run.groups[index].gap == Gap::SPACE
}

/// The part of a line around byte `at`: long lines are not read anew for each number in them.
fn near(line: &str, at: usize) -> &str {
    const REACH: usize = 240;
    if line.len() <= 2 * REACH {
        return line;
    }
    let border =
        |at: usize| (at.min(line.len())..=line.len()).find(|at| line.is_char_boundary(*at)).unwrap_or(line.len());
    &line[border(at.saturating_sub(REACH))..border(at + REACH)]
}

fn layer(score: f32) -> Layer {
    if score == 0.95 || score == 0.7 { Layer::Pattern } else { Layer::Context }
}

/// Where the number begins with its bracket.
fn opened(text: &str, at: usize) -> usize {
    match before(text, at) {
        Some(c @ ('(' | '（')) => at - c.len_utf8(),
        _ => at,
    }
}

/// `0xx51 3000-7702`: in Brazil the letters stand for whatever carrier is dialled.
fn carrier(text: &str, at: usize) -> usize {
    let head = &text[..at];
    let letters = ["0xx", "0XX", "0xx ", "0XX ", "0**"].iter().find(|letters| head.ends_with(**letters));
    letters.map_or(at, |letters| at - letters.len())
}

/// Leaves out an opening bracket that closes behind the number only.
fn unbalanced(text: &str, start: usize, end: usize) -> usize {
    let value = &text[start..end];
    let first = value.chars().next().filter(|c| matches!(c, '(' | '（'));
    match first {
        Some(c) if !value.contains([')', '）']) => start + c.len_utf8(),
        _ => start,
    }
}

/// The end with an extension and with the last digits of a further number: `-20/-21`.
fn grown(text: &str, end: usize) -> usize {
    let mut end = extension(text, end).unwrap_or(end);
    // `555 01 47 - 22`: the extension behind a dash ends the line or the part of it.
    if let Some(rest) = [" - ", " – ", " -", " –"].iter().find_map(|dash| text[end..].strip_prefix(dash)) {
        let count = rest.bytes().take_while(u8::is_ascii_digit).count();
        let year = count == 4 && (rest.starts_with("19") || rest.starts_with("20"));
        let next = rest[count..].chars().next();
        if (1..=4).contains(&count) && !year && next.is_none_or(|c| matches!(c, '\n' | '\r' | ',' | ';' | ')' | '|')) {
            end = text.len() - rest.len() + count;
        }
    }
    for _ in 0..3 {
        let rest = &text[end..];
        let mark = rest.trim_start_matches([' ']);
        let Some(mark) = mark.strip_prefix(['/', ',']).map(|mark| mark.trim_start_matches(' ')) else { break };
        let slash = rest.trim_start().starts_with('/');
        let dash = mark.starts_with(['-', '–']);
        let number = mark.trim_start_matches(['-', '–']);
        let count = number.bytes().take_while(u8::is_ascii_digit).count();
        let next = number[count..].chars().next();
        let ends = next.is_none_or(|c| !c.is_alphanumeric() && !matches!(c, '.' | '/' | '-' | ':' | '%'))
            // `/212-es mellék`.
            || number[count..].starts_with('-') && number[count + 1..].starts_with(char::is_alphabetic)
            || number[count..].starts_with(". ")
            || &number[count..] == ".";
        // `06-12 00 48 27 / 030 – 200 44 71`: the area of one more number.
        let further =
            number[count..].trim_start_matches([' ', '-', '–', '/']).starts_with(|c: char| c.is_ascii_digit())
                && number.starts_with('0');
        if !(1..=4).contains(&count) || !(dash || slash) || !ends || further {
            break;
        }
        end = text.len() - number.len() + count;
    }
    end
}

/// Whether what stands right before byte `at` makes the digits a part of something longer.
fn left_joined(text: &str, at: usize, labelled: bool) -> bool {
    let Some(left) = before(text, at) else { return false };
    if left.is_alphanumeric() {
        return !unspaced(left) && carrier(text, at) == at;
    }
    let further = before(text, at - left.len_utf8());
    let word = further.is_some_and(char::is_alphabetic);
    match left {
        '_' | '$' | '£' | '€' | '¥' | '%' | '@' | '&' | '\\' | '#' => true,
        '.' | '-' | '=' | '/' => !(labelled && word),
        // The seconds of a time.
        ':' => further.is_some_and(char::is_numeric),
        '`' => !labelled,
        ',' | '+' | '~' => true,
        _ => false,
    }
}

/// Whether the digits may end at byte `end`. `more` tells that further groups follow.
fn right_free(text: &str, end: usize, more: bool) -> bool {
    let Some(right) = after(text, end) else { return true };
    let next = after(text, end + right.len_utf8());
    match right {
        _ if more => true,
        '_' | '%' | '€' | '$' | '£' | '@' | '°' | '″' | '′' => false,
        ',' | '.' | '-' | '/' | ':' | '+' | '~' => !next.is_some_and(char::is_numeric),
        // A certificate, an issue.
        '호' | '号' | '號' => false,
        c if c.is_alphanumeric() => unspaced(c) || (matches!(c, 'x' | 'e') && extension(text, end).is_some()),
        ' ' | '\u{a0}' => !matches!(next, Some('%' | '€' | '$' | '£' | '°')),
        _ => true,
    }
}
