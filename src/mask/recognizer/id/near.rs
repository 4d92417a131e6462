//! The labels around a number: beside it, on its line, at the head of its column, in the line above.

use std::ops::Range;

use super::label::Folded;
use super::words::FILLERS;
use super::{Heads, REACH, Reader};

impl Reader<'_, '_> {
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
    pub(super) fn label(&self, number: usize) -> Option<Nearness> {
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
        // `Samirs pnr för kontrolluppgift: 404…`: a colon behind a few words, and the shape of a country.
        if self.book.rules[number].checked
            && self.near.form.is_some_and(|(label, marked)| marked && wanted.contains(&label))
        {
            return Some(Nearness::Beside);
        }
        // A label further behind is one only for numbers that a check vouches for.
        (any(&self.near.behind) && (self.book.rules[number].checked || !self.near.apart)).then_some(Nearness::Beside)
    }

    /// Notes the labels around what begins at `start`, once for all rules.
    pub(super) fn look_around(&mut self, index: usize, start: usize) {
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
                // The code of a class of licences says nothing of the number behind it.
                let class = hit.label == self.book.code && class_of_licence(gap);
                near.other |= beside && !class;
                others |= beside && !class || hit.label != self.book.code;
            }
            // `Rg. 2025-00417` is a German invoice, `RG` a number of Brazil.
            let invoice = beside && self.page.text()[self.line.origin(hit.start)..].starts_with("Rg.");
            near.other |= invoice;
            if beside && !invoice {
                near.beside.push(hit.label);
                let head = self.line.text()[..hit.start].trim_end();
                let capitals = self.page.text()[self.line.origin(hit.start)..].starts_with("ID");
                // `with your ID (mine: 404…)`: not of an order.
                let owner = head.rsplit(|c: char| !c.is_alphanumeric()).next().unwrap_or_default();
                let own = owner.is_empty() || matches!(owner, "my" | "your" | "his" | "her" | "their" | "our");
                near.id |= hit.label == self.book.id && capitals && own;
            } else if !others && hit.end - hit.start > 3 {
                near.line.push(hit.label);
            }
            // Two letters within a sentence are a word of it.
            let word = hit.end - hit.start <= 2 && !beside;
            if hit.label != self.book.code && !word && std::mem::take(&mut nearest) && !beside && !others {
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
    pub(super) fn look_behind(&mut self, end: usize) {
        self.near.behind.clear();
        self.near.apart = false;
        if self.hits.is_empty() {
            return;
        }
        let end = self.line.place(end);
        for hit in self.hits.iter().filter(|hit| hit.start >= end) {
            let gap = &self.line.text()[end..hit.start];
            if gap.len() > 24 || gap.contains([',', ';', '|', ':', '\n', '·', '•', '—', '–']) {
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

/// The labels around a place.
#[derive(Default)]
pub(super) struct Near {
    pub(super) start: Option<usize>,
    pub(super) beside: Vec<u16>,
    pub(super) line: Vec<u16>,
    pub(super) behind: Vec<u16>,
    /// Words stand between the number and a label behind it.
    pub(super) apart: bool,
    /// Before a few other words, and whether a mark before the number says that one comes.
    pub(super) form: Option<(u16, bool)>,
    /// The word `ID` right before, and no word before that: not `order ID`.
    pub(super) id: bool,
    /// Another kind of number is announced.
    pub(super) other: bool,
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
pub(super) enum Nearness {
    /// Right before or after the number.
    Beside,
    /// On the same line.
    Line,
    /// Another kind of number is announced.
    Other,
}

/// Whether nothing but fillers stands between a label and its number. What stands in brackets does not count.
pub(super) fn filler(gap: &str) -> bool {
    if gap.len() > 64 || gap.contains([';', '[']) {
        return false;
    }
    let remark = gap.split_once('(').and_then(|(head, rest)| Some((head, rest.split_once(')')?.1)));
    let (head, tail) = remark.filter(|_| !gap.bytes().any(|byte| byte.is_ascii_digit())).unwrap_or((gap, ""));
    let words = head.split(|c: char| !c.is_alphanumeric()).chain(tail.split(|c: char| !c.is_alphanumeric()));
    // The classes of a licence: `B, BE, C1`, `cl. 1,2,6`.
    let classed = CLASSES.iter().any(|class| gap.contains(class));
    words.filter(|word| !word.is_empty()).all(|word| {
        let mut chars = word.chars();
        let one = chars.next().is_some_and(|c| !c.is_numeric()) && chars.next().is_none();
        let digits = word.bytes().filter(u8::is_ascii_digit).count();
        let class = word.len() <= 4 && (digits == 0 || (digits < 3 && (word.len() > digits || word.len() <= 2)));
        one || (class && (classed || digits == 1 && word.len() == 2)) || FILLERS.contains(word)
    })
}

/// Words and pairs of classes behind which more of them may stand.
const CLASSES: &[&str] = &[
    "code ", "cl ", "class ", "classes ", "grade ", "gr ", "klasse ", "klassen ", "kl ", "kat ", "kateg", "categor",
    "cat ", "classe ", "clase ", "tipo ", "hang ", "skupin", "sk ", "b, ", "be, ", "b,", "a, ", "c, ", "am, ", "b be",
    "luokka", "(b", "(a", "(c", "кат ", "b/", "a/b",
];

/// Whether a word has no digits, or is the class of a licence or a year.
fn small(word: &str) -> bool {
    let digits = word.bytes().filter(u8::is_ascii_digit).count();
    digits == 0
        || (word.len() <= 3 && digits < word.len())
        || (digits == 4 && word.len() == 4 && (word.starts_with("19") || word.starts_with("20")))
}

/// Whether what follows the word `code` is the class of a licence, and something after it: `code EC (14), PrDP, no. `.
fn class_of_licence(gap: &str) -> bool {
    let word = gap.split(|c: char| !c.is_alphanumeric()).find(|word| !word.is_empty()).unwrap_or_default();
    (1..=3).contains(&word.len()) && !matches!(word, "is" | "no" | "nr" | "was" | "for" | "num")
}

/// A label and a few words before a number, as in a form: `Licence: Code EC; no. 404`, `Bank: Aurora 4471`. Whether a
/// mark says that a number comes.
fn form(gap: &str) -> Option<bool> {
    if gap.len() > 60
        || gap.trim_start_matches([':', ' ', '\t']).contains(['|', '\t'])
        || !gap.split(|c: char| !c.is_alphanumeric()).all(small)
    {
        return None;
    }
    let words = || gap.split(|c: char| !c.is_alphanumeric()).filter(|word| word.chars().nth(1).is_some());
    let counted = matches!(
        gap.rsplit(|c: char| !c.is_alphanumeric()).find(|word| !word.is_empty()).unwrap_or_default(),
        "no" | "nr"
            | "num"
            | "number"
            | "nummer"
            | "n"
            | "numer"
            | "numero"
            | "номер"
            | "broj"
            | "br"
            | "cislo"
            | "αρ"
            | "is"
            | "mines"
            | "its"
            | "ist"
            | "lautet"
            | "jest"
            | "er"
            | "on"
            | "este"
            | "eh"
            | "č"
            | "č̌"
            | "№"
            | "numéro"
            | "số"
            | "som"
            | "zní"
            | "sz"
            | "szam"
            | "szama"
            | "nro"
            | "номером"
            | "номера"
            | "رقم"
            | "מס"
            | "מספר"
    );
    let marked = gap.starts_with(':') || gap.trim_end().ends_with([':', '№', '°', 'º']) || counted;
    if marked {
        return (words().count() <= 7).then_some(true);
    }
    (words().filter(|word| !FILLERS.contains(word)).count() <= 2 && !gap.contains(['.', ';'])).then_some(false)
}
