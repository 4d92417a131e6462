//! People nobody introduced: runs of capitalised words, weighed by the lexicon and by what stands around them.
//!
//! A run gets a score for what its words are (given name, surname, both a name and a word, unknown), then more or less
//! for its surroundings: `Dear` before it, `said` after it, a line of its own at the top of a résumé, the same letters
//! in an e-mail address; an article before it, `Ltd` or `algorithm` after it. From one half up it is a person.

mod class;
mod hints;
mod known;
mod lists;
mod native;
mod position;
mod signature;

use std::ops::Range;

use super::lexicon::{Flags, LEXICON, PHRASE};
use super::page::Page;
use super::span::{Entity, Layer, Span};
use super::words::{Gap, Word};
use class::{Class, base, classify};
use lists::{AND, ARTICLES, EPONYM_NOUNS, HEADS, PLACED, STRONG_BEFORE};

pub(crate) use hints::Hints;
pub(crate) use known::Known;
pub(crate) use signature::own_names;

/// Of a phrase: what keeps its words from being a person.
const TAKEN: Flags = Flags::PLACE
    .or(Flags::ORGANISATION)
    .or(Flags::EPONYM)
    .or(Flags::FIGURE)
    .or(Flags::ORGANISATION_HEAD)
    .or(Flags::REFERENCES);

struct Candidate {
    words: Range<usize>,
    range: Range<usize>,
    score: f32,
    context: bool,
}

/// Adds the people found on `page`.
pub(crate) fn find(page: &Page<'_>, words: &[Word], hints: &Hints, out: &mut Vec<Span>) {
    position::find(page, out);
    native::find(page, out);
    let sight = Sight::new(page, words, hints);
    let mut candidates = sight.candidates();
    sight.lists(&mut candidates);
    for found in candidates.into_iter().filter(|found| found.score >= 0.5) {
        let (layer, rule) = match found.context {
            true => (Layer::Context, "name in its surroundings"),
            false => (Layer::Lexicon, "name in the lexicon"),
        };
        out.push(Span::new(found.range, Entity::Person, found.score.min(0.95)).by(layer, rule));
    }
}

/// Everything a decision looks at.
struct Sight<'a> {
    page: &'a Page<'a>,
    text: &'a str,
    words: &'a [Word],
    hints: &'a Hints,
    classes: Vec<Class>,
    flags: Vec<Flags>,
}

impl<'a> Sight<'a> {
    fn new(page: &'a Page<'a>, words: &'a [Word], hints: &'a Hints) -> Self {
        let text = page.text();
        let mut sight = Self {
            page,
            text,
            words,
            hints,
            classes: vec![Class::Lower; words.len()],
            flags: vec![Flags::default(); words.len()],
        };
        let lexicon = &*LEXICON;
        let mut line = 0;
        let mut taken = 0;
        for at in 0..words.len() {
            let word = &words[at];
            while page.lines().get(line).is_some_and(|line| line.end < word.start()) {
                line += 1;
            }
            // Nothing is new in this line.
            if !page.lines().get(line).is_some_and(|line| line.cues.has(super::page::Cues::ANY)) {
                sight.classes[at] = Class::Block;
                continue;
            }
            if word.caseless {
                sight.classes[at] = Class::Block;
                continue;
            }
            let flags = lexicon.word(word.hash);
            sight.flags[at] = flags;
            if flags.any(Flags::HEAD) && word.capital {
                for count in (2..=PHRASE).rev() {
                    let Some(run) = words.get(at..at + count) else { continue };
                    let close = run.windows(2).all(|pair| pair[1].start() - pair[0].end() <= 3)
                        && !text[run[0].end()..run[count - 1].start()].contains('\n');
                    if close && lexicon.phrase(run).any(TAKEN) {
                        taken = taken.max(at + count);
                        break;
                    }
                }
            }
            let class = if at < taken { Class::Block } else { classify(word, flags) };
            // `BEng`, `PhD`: two capitals and then small letters begin no name.
            let degree = word.mixed && text[word.range()].chars().nth(1).is_some_and(char::is_uppercase);
            let class = if degree { Class::Block } else { class };
            let short = class == Class::Block && at >= taken && sight.shortened(at);
            let class = if short { Class::WeakGiven } else { class };
            let likely = class == Class::Unknown && lexicon.spelt_like_a_name(&text[word.range()]);
            sight.classes[at] = if likely { Class::Likely } else { class };
        }
        sight
    }

    fn candidates(&self) -> Vec<Candidate> {
        let mut found = Vec::new();
        let mut at = 0;
        while at < self.words.len() {
            if !(self.classes[at].named() || self.classes[at] == Class::Initial) {
                at += 1;
                continue;
            }
            let end = self.run(at);
            // `AI Priya Raman`: what leads up to a given name is not part of it.
            let mut start = at;
            while end - start > 2
                && matches!(self.classes[start], Class::Unknown | Class::Likely)
                && self.classes[start + 1] == Class::Given
                && self.classes[start + 2].named()
                && self.words[start + 1].gap == Gap::Space
            {
                start += 1;
            }
            if let Some(candidate) = self.weigh(start, end) {
                found.push(candidate);
            }
            at = end.max(at + 1);
        }
        self.reversed(&mut found);
        self.nicknamed(&mut found);
        for candidate in &mut found {
            self.suffixed(candidate);
        }
        found
    }

    /// Where the run of name-like words that begins at `at` ends.
    fn run(&self, at: usize) -> usize {
        let mut end = at + 1;
        let mut next = end;
        while let Some(word) = self.words.get(next) {
            let previous = &self.words[next - 1];
            let joined = match word.gap {
                Gap::Space | Gap::Hyphen => true,
                Gap::Apostrophe => word.letters > 1,
                Gap::Dot => {
                    self.classes[next - 1] == Class::Initial
                        || (previous.letters <= 3 && self.flags[next - 1].any(Flags::GIVEN))
                }
                Gap::Comma | Gap::Other => false,
            };
            if !joined || next - at > 8 {
                break;
            }
            match self.classes[next] {
                // `Ortega y Gasset`, not `Ana y Luis`.
                Class::Particle if AND.contains(&&self.text[word.range()]) => {
                    let surname = |at: usize| {
                        self.classes.get(at).is_some_and(|class| matches!(class, Class::Surname | Class::WeakSurname))
                    };
                    if next - at < 2 || !surname(next - 1) || !surname(next + 1) {
                        break;
                    }
                    next += 1;
                }
                Class::Particle => next += 1,
                class if class.named() || class == Class::Initial => {
                    next += 1;
                    end = next;
                }
                _ => break,
            }
        }
        end
    }

    /// The run's range and score, when there is anything to say for it.
    fn weigh(&self, start: usize, end: usize) -> Option<Candidate> {
        let mut end = end;
        // An initial ends a name only with its stop: `Maria S.`, not `Plan B`.
        while end > start + 1 && self.classes[end - 1] == Class::Initial && !self.dotted(end - 1) {
            end -= 1;
        }
        // `Sala Velázquez`: the first word says what kind of thing it is.
        let head = self.text[self.words[start].range()].to_lowercase();
        if end > start + 1 && self.classes[start] != Class::Given && HEADS.contains(&head.as_str()) {
            return None;
        }
        // `Staff Engineer`, `Staff Nurse`: every word is one of a job title.
        if (start..end).all(|at| self.flags[at].any(Flags::JOB) && self.classes[at] != Class::Given) {
            return None;
        }
        let units = self.units(start, end);
        let initials = (start..end).filter(|at| self.classes[*at] == Class::Initial).count();
        let base = base(&units, initials, (start..end).any(|at| self.classes[at] == Class::Initial && self.dotted(at)));
        if base <= 0.0 {
            return None;
        }
        let (extra, context) = self.surroundings(start, end, units.len());
        let first = self.words[start].start();
        let mut last = self.words[end - 1].end();
        if self.classes[end - 1] == Class::Initial && self.dotted(end - 1) {
            last += 1;
        }
        Some(Candidate { words: start..end, range: first..last, score: base + extra, context })
    }

    /// `Md.`, `Mohd.`, `Ma.`: given names that are written short.
    fn shortened(&self, at: usize) -> bool {
        const SHORT: &[&str] =
            &["md", "mohd", "ma", "muh", "abd", "wm", "chas", "geo", "jos", "thos", "st", "fco", "ant"];
        let word = &self.words[at];
        word.letters <= 4 && self.dotted(at) && SHORT.contains(&self.text[word.range()].to_lowercase().as_str())
    }

    fn dotted(&self, at: usize) -> bool {
        self.text[self.words[at].end()..].starts_with('.')
    }

    /// Classes of the full words, a double name counted once.
    fn units(&self, start: usize, end: usize) -> Vec<Class> {
        let mut units: Vec<Class> = Vec::with_capacity(4);
        for at in start..end {
            let class = self.classes[at];
            if !class.named() {
                continue;
            }
            let joined = at > start && matches!(self.words[at].gap, Gap::Hyphen | Gap::Apostrophe);
            match units.last_mut().filter(|_| joined) {
                Some(last)
                    if matches!(*last, Class::Unknown | Class::Likely)
                        || (class == Class::Given && *last != Class::Surname) =>
                {
                    *last = class
                }
                Some(_) => {}
                None => units.push(class),
            }
        }
        units
    }

    /// What stands around a run, as a sum, and whether it spoke for the run.
    fn surroundings(&self, start: usize, end: usize, count: usize) -> (f32, bool) {
        let (first, last) = (&self.words[start], &self.words[end - 1]);
        let head = &self.text[..first.start()];
        let tail = &self.text[last.end()..];
        let line = &self.page.lines()[self.page.line_at(first.start())];
        let line_head = &self.text[line.start..first.start()];
        let line_tail = &self.text[last.end().min(line.end)..line.end];
        let mut extra = 0.0f32;
        let mut good = false;
        let mut add = |value: f32| {
            extra += value;
            good |= value > 0.0;
        };
        // Before.
        let previous = start.checked_sub(1).filter(|at| self.words[*at].end() >= line.start);
        let parted = previous.map_or("", |at| &self.text[self.words[at].end()..first.start()]);
        if let Some(at) = previous {
            let word = &self.words[at];
            let spoken = &self.text[word.range()];
            let close = parted.trim_matches([' ', '*', '_', '\u{a0}', '"', '“']);
            if self.flags[at].any(Flags::HONORIFIC)
                && matches!(close, "" | ".")
                && word.letters >= 1
                && (word.capital || count > 1)
            {
                add(0.5);
            } else if matches!(close, "" | ":" | ",") {
                let lower = spoken.to_lowercase();
                let strong = STRONG_BEFORE.contains(&lower.as_str());
                let phrase = (2..=5).any(|count| {
                    at + 1 >= count && LEXICON.phrase(&self.words[at + 1 - count..=at]).any(Flags::BEFORE)
                });
                if strong || phrase {
                    add(if close == "," { 0.2 } else { 0.35 });
                } else if close.is_empty() && self.flags[at].any(Flags::BEFORE) {
                    add(if count > 1 { 0.15 } else { 0.2 });
                } else if close.is_empty() && ARTICLES.contains(&lower.as_str()) {
                    add(-0.35);
                } else if close.is_empty() && PLACED.contains(&lower.as_str()) {
                    add(if count > 1 { -0.1 } else { -0.3 });
                }
                let of = close.is_empty() && matches!(lower.as_str(), "of" | "von" | "de" | "für" | "for" | "di");
                if of
                    && at > 0
                    && self.flags[at - 1].any(Flags::ORGANISATION_TAIL.or(Flags::ORGANISATION_HEAD))
                    && self.words[at - 1].capital
                {
                    add(-0.6);
                }
            }
            // `Lycée Jean Moulin`, `Plaza Colón`.
            if close.is_empty() && HEADS.contains(&spoken.to_lowercase().as_str()) {
                add(-0.6);
            }
            // `St. Mary`, `Foster & Partners`.
            if close == "&" && count == 1 && self.words[at].capital {
                add(-0.2);
            }
            let honoured = self.flags[at].any(Flags::HONORIFIC);
            if close.is_empty() && self.classes[at] == Class::Block && word.capital && count == 1 && !honoured {
                add(-0.2);
            }
        }
        match head.chars().next_back() {
            Some('`' | '/' | '\\' | '<' | '=' | '$') => add(-0.6),
            Some('#' | '@') => add(-0.4),
            Some('.') if !head.ends_with("..") => add(-0.3),
            Some('-' | '\u{2010}') if previous.is_some_and(|at| self.words[at].end() + 1 >= first.start()) => add(-0.5),
            _ => {}
        }
        let counted = head.trim_end_matches(' ').chars().next_back().is_some_and(|c| c.is_ascii_digit());
        if counted && count == 1 && head.ends_with(' ') && !line_head.trim().ends_with('.') {
            add(-0.2);
        }
        // After.
        let mut after = tail.chars();
        match (after.next(), after.next()) {
            (Some('`' | '/' | '\\' | '=' | '>'), _) => add(-0.5),
            (Some('.'), Some(c)) if c.is_alphanumeric() => add(-0.6),
            (Some('-' | '\u{2010}'), Some(c)) if c.is_alphanumeric() => add(-0.6),
            (Some('\'' | '’'), Some('s' | 'S')) => add(0.1),
            (Some(' '), Some(c)) if c.is_ascii_digit() => add(if count == 1 { -0.5 } else { -0.1 }),
            (Some('('), Some(')')) => add(-0.6),
            _ => {}
        }
        if let Some(next) = self.words.get(end).filter(|next| next.start() < line.end) {
            let gap = self.text[last.end()..next.start()].trim_matches(['*', '_']);
            let flags = self.flags[end];
            let spoken = self.text[next.range()].to_lowercase();
            if matches!(gap, " " | "-" | "\u{2010}" | "'s " | "’s ") {
                let thing =
                    EPONYM_NOUNS.contains(&spoken.as_str()) || (next.capital && HEADS.contains(&spoken.as_str()));
                if flags.any(Flags::ORGANISATION_TAIL.or(Flags::STREET)) || thing {
                    add(if gap.len() > 2 { -0.3 } else { -0.6 });
                } else if flags.any(Flags::VERB) && !next.capital && gap == " " {
                    add(0.25);
                }
            }
            let role = matches!(gap.trim(), "," | "(" | "–" | "—" | "|" | "-" | "·" | "•")
                && flags.any(Flags::JOB.or(Flags::SUFFIX));
            if role && count > 1 {
                add(0.3);
            } else if role {
                add(0.1);
            }
            let and = gap.trim() == "&";
            if and && count == 1 && next.capital {
                add(-0.2);
            }
        }
        let mail = line_tail.trim_start_matches([' ', '*', '_', ',', '|', '"']);
        if mail.starts_with(['<', '(']) && mail.get(..mail.len().min(60)).unwrap_or(mail).contains('@') {
            add(0.4);
        }
        // The line.
        let key = line_head.trim_end_matches([' ', '*', '_', '"', '\t', '|']);
        if let Some(key) = key.strip_suffix([':', '：', '=']).filter(|key| key.len() < 48)
            && position::is_person_label(key)
        {
            add(0.45);
        }
        let bare = |c: char| !c.is_alphanumeric();
        let alone = line_head.chars().all(bare) && line_tail.chars().all(bare);
        let leads = line_head.chars().all(bare);
        if alone && count > 1 {
            add(0.15);
        }
        if leads
            && count > 1
            && self.near_top(line.start)
            && line_tail.trim_start().starts_with([',', '|', '(', '–', '—', '•', '·', '-'])
        {
            add(0.25);
        }
        if alone && self.near_top(line.start) && count > 1 && count < 5 {
            add(0.3);
        }
        // The same letters in an address.
        if let Some(value) = self.hints.vouch(&self.words[start..end]) {
            add(value);
        }
        // Every syllable of Vietnamese is a name of somebody.
        let toned = |c: char| matches!(c, '\u{1EA0}'..='\u{1EF9}' | 'đ' | 'Đ' | 'ư' | 'Ư' | 'ơ' | 'Ơ');
        if count == 1 && self.text[first.range()].contains(toned) {
            add(-0.3);
        }
        if first.shouted && count == 1 && !alone && !line_head.ends_with(": ") {
            add(-0.2);
        }
        (extra, good)
    }

    /// Whether a line is among the first three that say anything.
    fn near_top(&self, start: usize) -> bool {
        start < 400 && self.text[..start].lines().filter(|line| line.contains(char::is_alphanumeric)).count() < 3
    }

    /// `Patel, Hetal`: joins a surname to the given name behind its comma.
    fn reversed(&self, found: &mut Vec<Candidate>) {
        let mut at = 0;
        while at + 1 < found.len() {
            let (left, right) = (&found[at], &found[at + 1]);
            let near = self.text.get(left.range.end..right.range.start) == Some(", ");
            let surname = self.units(left.words.start, left.words.end);
            let given = self.units(right.words.start, right.words.end);
            let turned = near
                && surname.len() == 1
                && (1..=2).contains(&given.len())
                && matches!(surname[0], Class::Surname | Class::WeakSurname | Class::Likely | Class::Unknown)
                && given[0] == Class::Given;
            let line = &self.page.lines()[self.page.line_at(left.range.start)];
            let leads = !self.text[line.start..left.range.start].contains(char::is_alphanumeric)
                || self.text[..left.range.start].ends_with(['"', '“', '(', ';'])
                || self.text[line.start..left.range.start].trim_end().ends_with([':', '|', ';']);
            if turned && leads {
                let end = right.range.end;
                let words = left.words.start..right.words.end;
                found[at].range.end = end;
                found[at].words = words;
                found[at].score = found[at].score.max(0.75);
                found.remove(at + 1);
            }
            at += 1;
        }
    }

    /// `DeShawn "Trey" Robinson`, `Oluwaseun (Seun) Bamgboye`: one name with another in it.
    fn nicknamed(&self, found: &mut Vec<Candidate>) {
        let gap = |a: &Candidate, b: &Candidate| self.text.get(a.range.end..b.range.start).unwrap_or("....").to_owned();
        let mut at = 0;
        while at + 2 < found.len() {
            let opens = matches!(
                gap(&found[at], &found[at + 1]).as_str(),
                " (" | " \"" | " “" | " (\"" | " '" | " ‘" | " („" | " „"
            );
            let closes = matches!(
                gap(&found[at + 1], &found[at + 2]).as_str(),
                ") " | "\" " | "” " | "\") " | "' " | "’ " | "“ "
            );
            if opens && closes {
                let best = found[at].score.max(found[at + 2].score).max(found[at + 1].score);
                let (end, words) = (found[at + 2].range.end, found[at].words.start..found[at + 2].words.end);
                found[at].range.end = end;
                found[at].words = words;
                found[at].score = best.max(0.55) + 0.15;
                found.drain(at + 1..at + 3);
            }
            at += 1;
        }
    }

    /// Takes in `Jr.`, `III` and the like behind a name.
    fn suffixed(&self, found: &mut Candidate) {
        const SUFFIXES: &[&str] = &["jr", "sr", "ii", "iii", "iv", "ml", "st", "filho", "neto", "junior", "júnior"];
        let Some(next) = self.words.get(found.words.end) else { return };
        let gap = self.text.get(found.range.end..next.start()).unwrap_or("....");
        let word = &self.text[next.range()];
        let fits = matches!(gap, " " | ", ") && SUFFIXES.contains(&word.to_lowercase().as_str());
        if fits && (next.capital || word == "ml" || word == "st") {
            found.range.end = next.end() + usize::from(self.text[next.end()..].starts_with('.'));
        }
    }

    /// `Priya, Grace and Tomasz`: who stands in a list with people is one.
    fn lists(&self, found: &mut [Candidate]) {
        for _ in 0..2 {
            for at in 0..found.len() {
                if found[at].score >= 0.5 || found[at].score < 0.2 {
                    continue;
                }
                let joined = |a: &Candidate, b: &Candidate| {
                    let gap = self.text.get(a.range.end..b.range.start).unwrap_or("....").trim();
                    matches!(
                        gap,
                        "," | "and"
                            | ", and"
                            | "&"
                            | "und"
                            | "et"
                            | "y"
                            | "e"
                            | "en"
                            | "och"
                            | "og"
                            | "i"
                            | "ve"
                            | "or"
                            | "/"
                    )
                };
                let beside = (at > 0 && found[at - 1].score >= 0.5 && joined(&found[at - 1], &found[at]))
                    || found.get(at + 1).is_some_and(|next| next.score >= 0.5 && joined(&found[at], next));
                if beside {
                    found[at].score += 0.3;
                    found[at].context = true;
                }
            }
        }
    }
}
