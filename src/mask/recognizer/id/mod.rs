//! Numbers that say who somebody is, of states, tax offices, health systems and banks: rules in tables.
//!
//! A line is read once. Wherever a group of letters and digits begins, an automaton of all [`shape`]s follows it, and
//! dies after a few characters of ordinary words. Only what it takes is checked: check digits first, then the
//! [`label`]s before it on the line, in the head of its table column, or in the short line above.

use std::ops::Range;
use std::sync::LazyLock;

use super::Recognizer;
use super::table::Heads;
use crate::mask::page::Page;
use crate::mask::span::{Entity, Layer, Span};

mod africa;
mod america;
mod asia;
mod check;
mod east_europe;
mod label;
mod labelled;
mod middle_east;
mod money;
mod near;
mod north_europe;
mod oceania;
mod open;
mod rule;
mod shape;
mod text;
mod value;
mod west_europe;
mod words;

use label::{Folded, Hit, Labels};
use near::{Near, Nearness};
use rule::Rule;
use shape::{Class, Shapes};
use text::{
    begin, capitals_before, ends, enough_digits, glued, letter, lone, next_digit, plain, stamp, telling, worded_year,
    wordy,
};
use words::OTHERS;

const TABLES: &[&[Rule]] = &[
    america::RULES,
    west_europe::RULES,
    north_europe::RULES,
    east_europe::RULES,
    middle_east::RULES,
    africa::RULES,
    asia::RULES,
    oceania::RULES,
    money::RULES,
    labelled::RULES,
    open::RULES,
];

struct Book {
    rules: Vec<&'static Rule>,
    /// Labels of each rule.
    labels_of: Vec<Vec<u16>>,
    /// Of each shape: the rule, and whether its separators must be alike.
    shapes_of: Vec<(usize, bool)>,
    shapes: Shapes,
    labels: Labels,
    others: Vec<bool>,
    /// Of each label: the rule that takes any number beside it.
    open: Vec<Option<u16>>,
    /// Of each label: whether it has more than three letters.
    wide: Vec<bool>,
    /// The label `ID`, which says little behind another word.
    id: u16,
    code: u16,
}

static BOOK: LazyLock<Book> = LazyLock::new(|| {
    let rules: Vec<&'static Rule> = TABLES.iter().copied().flatten().collect();
    let mut labels = Labels::default();
    let labels_of: Vec<Vec<u16>> =
        rules.iter().map(|rule| rule.labels().map(|label| labels.number(label)).collect()).collect();
    let other: Vec<u16> = OTHERS.iter().map(|label| labels.number(label)).collect();
    let (id, code) = (labels.number("id"), labels.number("code"));
    let mut others = vec![false; labels.len()];
    let mut open = vec![None; labels.len()];
    for label in other {
        others[usize::from(label)] = true;
    }
    let wide = labels.lengths().into_iter().map(|length| length > 3).collect();
    for (number, rule) in rules.iter().enumerate().filter(|(_, rule)| rule.open) {
        for label in rule.labels() {
            open[usize::from(labels.number(label))].get_or_insert(u16::try_from(number).unwrap_or(u16::MAX));
        }
    }
    let shapes_of = rules
        .iter()
        .enumerate()
        .flat_map(|(index, rule)| rule.shapes.iter().map(move |shape| (index, shape.contains('~'))));
    let shapes_of = shapes_of.collect();
    let shapes = Shapes::new(rules.iter().flat_map(|rule| rule.shapes.iter().copied()));
    Book { rules, labels_of, shapes_of, shapes, labels, others, open, wide, id, code }
});

/// Numbers of states, tax offices, health systems, licensing offices and banks: several kinds at once.
pub(crate) struct Id;

impl Recognizer for Id {
    fn find(&self, page: &Page<'_>, out: &mut Vec<Span>) {
        let mut reader = Reader {
            page,
            book: &BOOK,
            line: Folded::default(),
            hits: Vec::new(),
            read: None,
            near: Near::default(),
            heads: Heads::default(),
        };
        for (index, line) in page.lines().iter().enumerate() {
            if line.digits >= 3 {
                let first = out.len();
                reader.find(index, out);
                let account = |span: &Span| span.entity == Entity::BankAccount;
                let branches = out[first..].iter().filter(|span| account(span) && span.rule == money::BRANCH).count();
                if branches > 0 && out[first..].iter().filter(|span| account(span)).count() < 2 {
                    let mut at = 0;
                    out.retain(|span| {
                        at += 1;
                        at <= first || span.rule != money::BRANCH
                    });
                }
                join_accounts(page.text(), first, out);
            }
        }
    }
}

/// Makes one of a branch and its account with a short label between: `20-00-00 a/c 55779911`.
fn join_accounts(text: &str, first: usize, out: &mut Vec<Span>) {
    let mut at = first;
    while at + 1 < out.len() {
        let (left, right) = (&out[at], &out[at + 1]);
        let gap = text.get(left.range.end..right.range.start).unwrap_or("?");
        let short =
            gap.len() <= 14 && gap.chars().all(|c| c.is_alphabetic() || matches!(c, ' ' | '/' | '.' | ':' | ',' | '-'));
        if left.entity == Entity::BankAccount && right.entity == Entity::BankAccount && short {
            let end = right.range.end;
            out[at].range.end = end;
            out.remove(at + 1);
        } else {
            at += 1;
        }
    }
}

/// How many bytes around a number its labels may be.
const REACH: usize = 160;

/// The longest number that shapes take, in characters without separators.
const LONGEST: usize = 32;

/// A number that some shapes take.
struct Candidate {
    start: usize,
    end: usize,
    state: u16,
    /// How many characters of the value.
    count: usize,
    alike: bool,
    spaced: bool,
}

struct Reader<'p, 't> {
    page: &'p Page<'t>,
    book: &'static Book,
    line: Folded,
    hits: Vec<Hit>,
    /// Which line `line` and `hits` are of, and which bytes.
    read: Option<(usize, Range<usize>)>,
    /// What was last asked for.
    near: Near,
    heads: Heads,
}

impl Reader<'_, '_> {
    fn find(&mut self, index: usize, out: &mut Vec<Span>) {
        let line = &self.page.lines()[index];
        let text = &self.page.text()[line.start..line.end];
        if !enough_digits(text) {
            return;
        }
        let bytes = text.as_bytes();
        // Every number has a digit, so only the words with one are looked at, and the capitals right before them.
        let mut at = 0;
        while let Some(digit) = next_digit(text, at) {
            let word = begin(text, digit).max(at);
            let first = capitals_before(text, word).filter(|start| *start >= at).unwrap_or(word);
            let second = capitals_before(text, first).filter(|start| *start >= at).unwrap_or(first);
            if word == digit && first == word && lone(bytes, digit) {
                at = digit + 1;
                while bytes.get(at).is_some_and(u8::is_ascii_digit) {
                    at += 1;
                }
                continue;
            }
            let mut found = None;
            let mut tried = None;
            for start in [second, first, word] {
                if found.is_none() && tried.replace(start) != Some(start) {
                    let start = line.start + start;
                    found = self.take(index, start).or_else(|| self.take_any(index, start));
                }
            }
            at = if let Some(span) = found {
                let end = span.range.end - line.start;
                out.push(span);
                end
            } else {
                let rest = text[digit..].char_indices().find(|(_, c)| !wordy(*c));
                rest.map_or(text.len(), |(length, _)| digit + length.max(1))
            };
        }
    }

    /// The number that begins at `start`, if one does: the longest that some rule takes.
    fn take(&mut self, index: usize, start: usize) -> Option<Span> {
        let head = &self.page.text()[..start];
        // A bug or a pull request.
        if head.ends_with("(#") || head.ends_with("[#") {
            return None;
        }
        let mut value = [0; LONGEST];
        let found = self.candidates(index, start, &mut value);
        found.iter().rev().find_map(|candidate| self.judge(index, candidate, &value[..candidate.count]))
    }

    /// The number of no known shape that begins at `start`, beside a label that needs none.
    fn take_any(&mut self, index: usize, start: usize) -> Option<Span> {
        let text = &self.page.text()[..self.page.lines()[index].end];
        let value = value::read(text, start).filter(|value| value.enough() || value.long())?;
        // The label in capitals is no part of the number.
        let word = text[start..value.end].split(' ').next().unwrap_or_default();
        if matches!(word, "ID" | "NO" | "NR" | "NUM" | "REF" | "CARD" | "MRN" | "PIN" | "NUMBER" | "ACCOUNT" | "CODE") {
            return None;
        }
        if glued(text, start) && !text[..start].ends_with('=') {
            return None;
        }
        self.look_around(index, start);
        let open = |label: &u16| self.book.open[usize::from(*label)];
        let near = &self.near;
        let wide = |label: &&u16| value.solid() || self.book.wide[usize::from(**label)];
        let beside = near.beside.iter().filter(wide).find_map(open).map(|rule| (rule, 0.75));
        let form = || {
            let (label, marked) = near.form.filter(|(_, marked)| value.very_long() || (*marked && value.long()))?;
            open(&label).filter(|_| wide(&&label)).map(|rule| (rule, if marked { 0.65 } else { 0.6 }))
        };
        let Some((rule, score)) = beside.filter(|_| !near.other && value.enough()).or_else(form) else {
            let span = Span::new(start..value.end, Entity::NationalId, 0.6).by(Layer::Context, "id");
            return Some(span).filter(|_| near.id && !near.other && value.solid() && !stamp(&text[start..value.end]));
        };
        let rule = self.book.rules[usize::from(rule)];
        if rule.entity != Entity::BankAccount {
            return Some(Span::new(start..value.end, rule.entity, score).by(Layer::Context, rule.name));
        }
        let range = value::branch(text, start)..value.account_end;
        value.long().then(|| Span::new(range, rule.entity, score).by(Layer::Context, rule.name))
    }

    fn candidates(&self, index: usize, start: usize, value: &mut [u8; LONGEST]) -> Vec<Candidate> {
        let end = self.page.lines()[index].end;
        let text = &self.page.text()[..end];
        let mut found = Vec::new();
        let mut state = Shapes::START;
        let mut count = 0;
        let mut separator = None;
        let (mut alike, mut spaced) = (true, false);
        for (at, c) in text[start..].char_indices() {
            let Some(class) = Class::of(c) else { break };
            state = self.book.shapes.step(state, class);
            if state == 0 {
                break;
            }
            match class {
                Class::Digit | Class::Letter => {
                    let Some(slot) = value.get_mut(count) else { break };
                    *slot = plain(c, class);
                    count += 1;
                }
                Class::Open | Class::Close => {}
                _ => {
                    alike &= *separator.get_or_insert(class) == class;
                    spaced |= class == Class::Space;
                }
            }
            let end = start + at + c.len_utf8();
            if !self.book.shapes.complete(state).is_empty() && ends(text, end) {
                found.push(Candidate { start, end, state, count, alike, spaced });
            }
        }
        found
    }

    fn judge(&mut self, index: usize, candidate: &Candidate, value: &[u8]) -> Option<Span> {
        let book = self.book;
        let written = &self.page.text()[candidate.start..candidate.end];
        if written.starts_with("CVE-")
            || !telling(written)
            || (candidate.count <= 7 && worded_year(written))
            || (candidate.count <= 16 && value::dated(written))
        {
            return None;
        }
        let mut best: Option<(f32, usize)> = None;
        let whole = self.page.text().trim().len() == candidate.end - candidate.start;
        self.look_around(index, candidate.start);
        self.look_behind(candidate.end);
        for shape in book.shapes.complete(candidate.state) {
            let (number, uniform) = book.shapes_of[usize::from(*shape)];
            let rule = book.rules[number];
            if uniform && !candidate.alike {
                continue;
            }
            let nearness = self.label(number);
            // Most numbers have no label, and most rules ask for one: no need to check those.
            if nearness.is_none() && rule.alone.is_none() && !(rule.checked && whole) {
                continue;
            }
            let valid = (rule.check)(value);
            if !valid && rule.strict {
                continue;
            }
            let Some(score) = self.score(candidate, number, valid, nearness, whole) else { continue };
            if best.is_none_or(|(other, _)| score > other) {
                best = Some((score, number));
            }
        }
        let (score, number) = best?;
        let rule = book.rules[number];
        // `managed 12500 accounts`, `account for 45000 users`.
        let counted =
            written.len() <= 7 && written.bytes().all(|byte| byte.is_ascii_digit()) && written.ends_with("00");
        if rule.entity == Entity::BankAccount && counted {
            return None;
        }
        if score >= 0.9 && self.read.as_ref().is_some_and(|(read, _)| *read == index) {
            // What follows by "and" is of the same kind.
            let (start, end) = (self.line.place(candidate.start), self.line.place(candidate.end));
            let place = self.hits.partition_point(|hit| hit.start < start);
            for label in book.labels_of[number].iter().take(1) {
                self.hits.insert(place, Hit { label: *label, start, end });
            }
        }
        let layer = if score >= 0.9 || !rule.checked { Layer::Context } else { Layer::Checksum };
        let account = rule.entity == Entity::BankAccount;
        let start = if account { value::branch(self.page.text(), candidate.start) } else { candidate.start };
        Some(Span::new(start..candidate.end, rule.entity, score).by(layer, rule.name))
    }

    fn score(
        &self,
        candidate: &Candidate,
        number: usize,
        valid: bool,
        nearness: Option<Nearness>,
        whole: bool,
    ) -> Option<f32> {
        let rule = self.book.rules[number];
        let text = self.page.text();
        let glued = glued(text, candidate.start);
        match nearness {
            Some(Nearness::Beside) if valid => return Some(0.96),
            Some(Nearness::Beside) => return Some(0.7),
            Some(Nearness::Line) if valid && !glued => return Some(0.92),
            Some(Nearness::Other) => return None,
            _ => {}
        }
        if !valid || glued {
            return None;
        }
        let digits = text[candidate.start..candidate.end].bytes().all(|byte| byte.is_ascii_digit());
        if rule.checked && (rule.plain || !digits) && whole {
            return Some(0.6);
        }
        let row = |at: Option<char>, next: Option<char>| at == Some(' ') && next.is_some_and(|c| c.is_ascii_digit());
        let before = text[..candidate.start].chars();
        let after = text[candidate.end..].chars();
        let in_row = candidate.spaced
            && (row(before.clone().next_back(), before.rev().nth(1))
                || row(after.clone().next(), after.clone().nth(1)));
        rule.alone.filter(|_| !in_row)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_are_sound() {
        assert!(BOOK.open.len() > 500 && BOOK.shapes.len() < 20_000, "{} states", BOOK.shapes.len());
        for rule in &BOOK.rules {
            assert_eq!(rule.shapes.is_empty(), rule.open, "{}", rule.name);
            assert!(rule.alone.is_some() || rule.labels().next().is_some(), "{}", rule.name);
        }
    }
}
