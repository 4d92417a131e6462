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
mod north_europe;
mod oceania;
mod open;
mod shape;
mod value;
mod west_europe;
mod words;

use label::{Folded, Hit, Labels};
use shape::{Class, Shapes};
use words::{FILLERS, OTHERS};

/// One kind of number.
pub(super) struct Rule {
    entity: Entity,
    name: &'static str,
    /// As [`shape`] reads them.
    shapes: &'static [&'static str],
    /// Words that stand before such a number.
    labels: &'static [&'static str],
    /// Whether a number of that shape, without separators and in capitals, can be one.
    check: fn(&[u8]) -> bool,
    /// Whether `check` rules out most numbers. A label may then stand anywhere before on the line, and the number
    /// needs none where it is all there is.
    checked: bool,
    /// How sure it is without a label, where shape and check leave hardly anything else.
    alone: Option<f32>,
    /// Whether digits in one piece are enough where they are all there is: the check leaves few of them.
    plain: bool,
    /// Whether a number that fails the check is none even beside a label.
    strict: bool,
    /// Whether a number of any shape is one beside a label.
    open: bool,
}

impl Rule {
    /// A number with check digits or a date in it.
    const fn checked(
        entity: Entity,
        name: &'static str,
        shapes: &'static [&'static str],
        labels: &'static [&'static str],
        check: fn(&[u8]) -> bool,
    ) -> Self {
        Self {
            entity,
            name,
            shapes,
            labels,
            check,
            checked: true,
            alone: None,
            plain: false,
            strict: false,
            open: false,
        }
    }

    /// A number that only its label tells.
    const fn labelled(
        entity: Entity,
        name: &'static str,
        shapes: &'static [&'static str],
        labels: &'static [&'static str],
    ) -> Self {
        Self {
            entity,
            name,
            shapes,
            labels,
            check: check::any,
            checked: false,
            alone: None,
            plain: false,
            strict: true,
            open: false,
        }
    }

    /// Any number beside one of `labels`.
    const fn open(entity: Entity, name: &'static str, labels: &'static [&'static str]) -> Self {
        Self { open: true, ..Self::labelled(entity, name, &[], labels) }
    }

    const fn alone(self, score: f32) -> Self {
        Self { alone: Some(score), ..self }
    }

    const fn plain(self) -> Self {
        Self { plain: true, ..self }
    }

    const fn strict(self) -> Self {
        Self { strict: true, ..self }
    }
}

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
        rules.iter().map(|rule| rule.labels.iter().map(|label| labels.number(label)).collect()).collect();
    let other: Vec<u16> = OTHERS.iter().map(|label| labels.number(label)).collect();
    let (id, code) = (labels.number("id"), labels.number("code"));
    let mut others = vec![false; labels.len()];
    let mut open = vec![None; labels.len()];
    for label in other {
        others[usize::from(label)] = true;
    }
    let wide = labels.lengths().into_iter().map(|length| length > 3).collect();
    for (number, rule) in rules.iter().enumerate().filter(|(_, rule)| rule.open) {
        for label in rule.labels {
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
                reader.find(index, out);
            }
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

    /// Reads the labels around byte `at` of line `index`; of a long line only a part.
    fn read(&mut self, index: usize, at: usize) {
        let line = &self.page.lines()[index];
        let known = |read: &Range<usize>| {
            (read.start == line.start || read.start + REACH <= at) && (read.end == line.end || at + REACH <= read.end)
        };
        if self.read.as_ref().is_some_and(|(read, range)| *read == index && known(range)) {
            return;
        }
        let text = self.page.text();
        let border = |mut at: usize| {
            while !text.is_char_boundary(at) {
                at -= 1;
            }
            at
        };
        let start = border(at.saturating_sub(2 * REACH)).max(line.start);
        let end = border((at + 2 * REACH).min(line.end));
        self.line.fill(&text[start..end], start);
        self.book.labels.find(&self.line, &mut self.hits);
        self.read = Some((index, start..end));
    }

    /// How near a label of rule `number` is.
    fn label(&self, number: usize) -> Option<Nearness> {
        let wanted = &self.book.labels_of[number];
        let any = |labels: &[u16]| labels.iter().any(|label| wanted.contains(label));
        if any(&self.near.beside) {
            return Some(Nearness::Beside);
        }
        if self.near.other {
            return Some(Nearness::Other);
        }
        if self.book.rules[number].checked && any(&self.near.line) {
            return Some(Nearness::Line);
        }
        // A label further behind is one only for numbers that a check vouches for.
        (any(&self.near.behind) && (self.book.rules[number].checked || !self.near.apart)).then_some(Nearness::Beside)
    }

    /// Notes the labels around what begins at `start`, once for all rules.
    fn look_around(&mut self, index: usize, start: usize) {
        if self.near.start == Some(start) {
            return;
        }
        self.read(index, start);
        let mut near = std::mem::take(&mut self.near);
        near.clear(start);
        let place = self.line.place(start);
        let mut others = false;
        let mut nearest = true;
        for hit in self.hits.iter().rev().filter(|hit| hit.end <= place) {
            let gap = &self.line.text()[hit.end..place];
            if gap.len() > 80 {
                break;
            }
            let beside = filler(gap);
            if self.book.others[usize::from(hit.label)] {
                near.other |= beside;
                // The code of a class of licences says nothing of the number behind it.
                others |= beside || hit.label != self.book.code;
            }
            if beside {
                near.beside.push(hit.label);
                let head = self.line.text()[..hit.start].trim_end();
                let capitals = self.page.text()[self.line.origin(hit.start)..].starts_with("ID");
                near.id |= hit.label == self.book.id && capitals && !head.ends_with(char::is_alphanumeric);
            } else if !others && hit.end - hit.start > 3 {
                near.line.push(hit.label);
            }
            if hit.label != self.book.code && std::mem::take(&mut nearest) && !beside && !others {
                near.form = form(gap).map(|marked| (hit.label, marked));
            }
        }
        if !near.other {
            let above = [self.heads.column(self.page, index, start), Heads::line(self.page, index, start)];
            for text in above.into_iter().flatten() {
                self.named(text, &mut near.beside);
            }
        }
        self.near = near;
    }

    /// Notes the labels right behind byte `end`, unless a further number follows that they are of.
    fn look_behind(&mut self, end: usize) {
        self.near.behind.clear();
        self.near.apart = false;
        if self.hits.is_empty() {
            return;
        }
        let end = self.line.place(end);
        for hit in self.hits.iter().filter(|hit| hit.start >= end) {
            let gap = &self.line.text()[end..hit.start];
            if gap.len() > 24 || gap.contains([',', ';', '|', ':', '\n']) {
                break;
            }
            self.near.apart |= gap.len() > 4;
            let next = self.line.text()[hit.end..].trim_start_matches([' ', ':', '#', '=', '(']);
            if !next.starts_with(|c: char| c.is_ascii_digit()) {
                self.near.behind.push(hit.label);
            }
        }
    }

    /// Adds the labels with which `text` ends, fillers aside.
    fn named(&self, text: &str, labels: &mut Vec<u16>) {
        let mut folded = Folded::default();
        folded.fill(text, 0);
        let mut hits = Vec::new();
        self.book.labels.find(&folded, &mut hits);
        labels.extend(hits.iter().filter(|hit| filler(&folded.text()[hit.end..])).map(|hit| hit.label));
    }
}

/// Where the next digit of a script that shapes know is.
fn next_digit(text: &str, from: usize) -> Option<usize> {
    /// Digits of ASCII, and the first bytes of the others.
    static FRONT: [bool; 256] = {
        let mut table = [false; 256];
        let mut byte = 0;
        while byte < 256 {
            table[byte] = matches!(byte, 0x30..=0x39 | 0xd9 | 0xdb | 0xe0 | 0xef);
            byte += 1;
        }
        table
    };
    let bytes = text.as_bytes();
    let mut at = from;
    loop {
        at += bytes.get(at..)?.iter().position(|byte| FRONT[usize::from(*byte)])?;
        if bytes[at].is_ascii() || text[at..].chars().next().and_then(Class::of) == Some(Class::Digit) {
            return Some(at);
        }
        at += 2;
    }
}

/// Where the word around byte `at` begins.
fn begin(text: &str, at: usize) -> usize {
    let mut start = at;
    while let Some(c) = text[..start].chars().next_back().filter(|c| wordy(*c)) {
        start -= c.len_utf8();
    }
    start
}

/// Where a word of a few capitals begins that one separator parts from what begins at `at`.
fn capitals_before(text: &str, at: usize) -> Option<usize> {
    let gap = text[..at].chars().next_back()?;
    if !matches!(gap, ' ' | '-' | '.' | '/' | '\u{a0}' | '\u{202f}' | '\u{2010}'..='\u{2013}') {
        return None;
    }
    let end = at - gap.len_utf8();
    let mut start = end;
    for _ in 0..7 {
        match text[..start].chars().next_back() {
            Some(c) if !c.is_ascii_lowercase() && Class::of(c) == Some(Class::Letter) => start -= c.len_utf8(),
            Some(c) if wordy(c) => return None,
            _ => break,
        }
    }
    let count = text[start..end].chars().count();
    (1..=6).contains(&count).then_some(start)
}

/// Whether `c` is a letter or a digit: the common alphabets without a look into tables.
fn letter(c: char) -> bool {
    match c {
        c if c.is_ascii() => c.is_ascii_alphanumeric(),
        '\u{c0}'..='\u{d6}'
        | '\u{d8}'..='\u{f6}'
        | '\u{f8}'..='\u{24f}'
        | '\u{388}'..='\u{3ff}'
        | '\u{400}'..='\u{481}' => true,
        '\u{5d0}'..='\u{5ea}' | '\u{620}'..='\u{64a}' | '\u{660}'..='\u{669}' | '\u{671}'..='\u{6d3}' => true,
        '\u{904}'..='\u{939}' | '\u{985}'..='\u{9a8}' | '\u{4e00}'..='\u{9fff}' | '\u{ac00}'..='\u{d7a3}' => true,
        '\u{2000}'..='\u{206f}' => false,
        c => c.is_alphanumeric(),
    }
}

/// The labels around a place.
#[derive(Default)]
struct Near {
    start: Option<usize>,
    beside: Vec<u16>,
    line: Vec<u16>,
    behind: Vec<u16>,
    /// Words stand between the number and a label behind it.
    apart: bool,
    /// Before a few other words, and whether a mark before the number says that one comes.
    form: Option<(u16, bool)>,
    /// The word `ID` right before, and no word before that: not `order ID`.
    id: bool,
    /// Another kind of number is announced.
    other: bool,
}

impl Near {
    fn clear(&mut self, start: usize) {
        self.start = Some(start);
        self.beside.clear();
        self.line.clear();
        self.form = None;
        self.id = false;
        self.other = false;
    }
}

/// Where the label is.
enum Nearness {
    /// Right before or after the number.
    Beside,
    /// On the same line.
    Line,
    /// Another kind of number is announced.
    Other,
}

/// Whether nothing but fillers stands between a label and its number. What stands in brackets does not count.
fn filler(gap: &str) -> bool {
    if gap.len() > 64 || gap.contains([';', '[']) {
        return false;
    }
    let remark = gap.split_once('(').and_then(|(head, rest)| Some((head, rest.split_once(')')?.1)));
    let (head, tail) = remark.filter(|_| !gap.bytes().any(|byte| byte.is_ascii_digit())).unwrap_or((gap, ""));
    let words = head.split(|c: char| !c.is_alphanumeric()).chain(tail.split(|c: char| !c.is_alphanumeric()));
    words.filter(|word| !word.is_empty()).all(|word| {
        let mut chars = word.chars();
        let one = chars.next().is_some_and(|c| !c.is_numeric()) && chars.next().is_none();
        one || FILLERS.contains(word)
    })
}

/// A label and a few words before a number, as in a form: `Licence: Code EC; no. 404`, `Bank: Aurora 4471`. Whether a
/// mark says that a number comes.
fn form(gap: &str) -> Option<bool> {
    if gap.len() > 40
        || gap.trim_start_matches([':', ' ', '\t']).contains(['|', '\t'])
        || gap.bytes().any(|byte| byte.is_ascii_digit())
    {
        return None;
    }
    let words = || gap.split(|c: char| !c.is_alphanumeric()).filter(|word| word.chars().nth(1).is_some());
    let counted = matches!(
        gap.rsplit(|c: char| !c.is_alphanumeric()).find(|word| !word.is_empty()).unwrap_or_default(),
        "no" | "nr" | "num" | "number" | "nummer" | "n" | "numer" | "numero" | "номер" | "broj" | "br" | "cislo" | "αρ"
    );
    let marked = gap.starts_with(':') || gap.trim_end().ends_with([':', '№', '°', 'º']) || counted;
    if marked {
        return (words().count() <= 5).then_some(true);
    }
    (words().filter(|word| !FILLERS.contains(word)).count() <= 2 && !gap.contains(['.', ';'])).then_some(false)
}

/// Whether a value is no word: three digits at least, or capitals throughout.
fn telling(value: &str) -> bool {
    value.chars().filter(|c| Class::of(*c) == Some(Class::Digit)).count() >= 3 || !value.contains(char::is_lowercase)
}

/// A year alone, or behind a short word: `2019`, `May 2019`.
fn worded_year(value: &str) -> bool {
    let word = value.trim_end_matches(|c: char| c.is_ascii_digit());
    let year = &value[word.len()..];
    year.len() == 4
        && (year.starts_with("19") || year.starts_with("20"))
        && (word.is_empty() || word.contains(char::is_lowercase))
}

/// Whether digits are a time in seconds or thousandths since 1970.
fn stamp(value: &str) -> bool {
    matches!(value.len(), 10 | 13) && value.starts_with("1") && value.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether at least three characters are digits, of any script that shapes know.
fn enough_digits(text: &str) -> bool {
    let mut at = 0;
    (0..3).all(|_| next_digit(text, at).inspect(|digit| at = digit + 1).is_some())
}

/// Up to three digits, or a year, with nothing behind that could go on with a number.
fn lone(bytes: &[u8], at: usize) -> bool {
    let count = bytes[at..].iter().take(5).take_while(|byte| byte.is_ascii_digit()).count();
    let year = count == 4 && matches!(bytes[at..at + 2], [b'1', b'9'] | [b'2', b'0']);
    let Some(next) = bytes.get(at + count) else { return count < 4 || year };
    let goes_on = match next {
        b' ' | b'-' | b'.' | b'/' | b':' | b'(' | b')' => bytes
            .get(at + count + 1)
            .is_some_and(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase() || *byte >= 0x80),
        _ => next.is_ascii_alphanumeric() || *next >= 0x80,
    };
    (1..4).contains(&count) && !goes_on || year && !goes_on
}

/// The character as checks have it.
fn plain(c: char, class: Class) -> u8 {
    if class == Class::Digit {
        return match c {
            '0'..='9' => c as u8,
            _ => {
                let zero = match c {
                    '\u{660}'..='\u{669}' => 0x660,
                    '\u{6f0}'..='\u{6f9}' => 0x6f0,
                    '\u{966}'..='\u{96f}' => 0x966,
                    '\u{9e6}'..='\u{9ef}' => 0x9e6,
                    _ => 0xff10,
                };
                u8::try_from(u32::from(c) - zero).map_or(b'0', |digit| b'0' + digit)
            }
        };
    }
    if c.is_ascii() { c.to_ascii_uppercase() as u8 } else { b'@' }
}

/// Whether `c` goes on with a word, so that no number begins or ends beside it. Scripts without spaces do not.
fn wordy(c: char) -> bool {
    c == '_' || (letter(c) && !matches!(c, '\u{e00}'..='\u{e7f}' | '\u{3040}'..='\u{9fff}' | '\u{ac00}'..='\u{d7a3}'))
}

/// Whether a number may end at byte `end`.
fn ends(text: &str, end: usize) -> bool {
    let mut rest = text[end..].chars();
    match rest.next() {
        None => true,
        Some('-' | '/' | '@' | '\u{2013}' | '+') => !rest.next().is_some_and(|c| c.is_alphanumeric()),
        Some('.' | ':' | ',') => !rest.next().is_some_and(|c| c.is_ascii_digit()),
        Some('%' | '°' | '€' | '$' | '£') => false,
        Some(c) => !wordy(c),
    }
}

/// Whether what begins at `start` is the tail of something longer: a part number, a path, a sum of money.
fn glued(text: &str, start: usize) -> bool {
    let mut head = text[..start].chars().rev();
    match head.next() {
        Some('$' | '€' | '£' | '\\' | '%' | '@' | '+') => true,
        Some('-' | '.' | '/' | '\u{2013}' | '=' | '#' | '&' | '?') => head.next().is_some_and(|c| !c.is_whitespace()),
        _ => false,
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
            assert!(rule.alone.is_some() || !rule.labels.is_empty(), "{}", rule.name);
        }
    }
}
