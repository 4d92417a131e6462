//! People nobody introduced: runs of capitalised words, weighed by the lexicon and by what stands around them.
//!
//! A run gets a score for what its words are (given name, surname, both a name and a word, unknown), then more or less
//! for its surroundings: `Dear` before it, `said` after it, a line of its own at the top of a résumé, the same letters
//! in an e-mail address; an article before it, `Ltd` or `algorithm` after it. From one half up it is a person.

mod hints;
mod known;
mod native;
mod position;
mod signature;

use std::collections::HashSet;
use std::ops::Range;
use std::sync::LazyLock;

use super::lexicon::{Flags, LEXICON, PHRASE};
use super::page::Page;
use super::span::{Entity, Layer, Span};
use super::words::{Gap, Hash, Word};

pub(crate) use hints::Hints;
pub(crate) use known::Known;
pub(crate) use signature::own_names;

/// What a word may be in a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Class {
    /// No part of a name, or taken by the name of something else.
    Block,
    /// In small letters, and no particle.
    Lower,
    /// `van`, `de`, `bin`.
    Particle,
    /// One capital.
    Initial,
    /// A given name that is nothing else.
    Given,
    /// A given name that is a word, a place or a product too.
    WeakGiven,
    /// A surname that is nothing else.
    Surname,
    /// A surname that is something else too.
    WeakSurname,
    /// A capitalised word that no list has, spelt as names are.
    Likely,
    /// A capitalised word that no list has.
    Unknown,
}

impl Class {
    const fn named(self) -> bool {
        matches!(self, Self::Given | Self::WeakGiven | Self::Surname | Self::WeakSurname | Self::Likely | Self::Unknown)
    }
}

const NOT_A_NAME: Flags = Flags::WORD
    .or(Flags::FOREIGN)
    .or(Flags::JOB)
    .or(Flags::PLACE)
    .or(Flags::ORGANISATION)
    .or(Flags::ORGANISATION_TAIL)
    .or(Flags::STREET)
    .or(Flags::EPONYM)
    .or(Flags::HONORIFIC)
    .or(Flags::SUFFIX);
/// What makes a name a doubtful one.
const ALSO: Flags = Flags::WORD
    .or(Flags::PLACE)
    .or(Flags::ORGANISATION)
    .or(Flags::ALSO_PLACE)
    .or(Flags::ALSO_PRODUCT)
    .or(Flags::EPONYM_HEAD)
    .or(Flags::ORGANISATION_TAIL);
/// Of a phrase: what keeps its words from being a person.
const TAKEN: Flags = Flags::PLACE
    .or(Flags::ORGANISATION)
    .or(Flags::EPONYM)
    .or(Flags::FIGURE)
    .or(Flags::ORGANISATION_HEAD)
    .or(Flags::REFERENCES);

/// Nouns that make the name before them that of a thing.
const EPONYM_NOUNS: &[&str] = &[
    "algorithm",
    "filter",
    "theorem",
    "law",
    "laws",
    "award",
    "awards",
    "prize",
    "scholarship",
    "fellowship",
    "method",
    "test",
    "distribution",
    "transform",
    "effect",
    "principle",
    "process",
    "machine",
    "engine",
    "protocol",
    "framework",
    "model",
    "score",
    "index",
    "scale",
    "equation",
    "function",
    "functions",
    "constant",
    "number",
    "numbers",
    "chart",
    "diagram",
    "matrix",
    "network",
    "networks",
    "tree",
    "trees",
    "sort",
    "code",
    "codes",
    "cup",
    "medal",
    "disease",
    "syndrome",
    "library",
    "libraries",
    "plugin",
    "plugins",
    "pipeline",
    "pipelines",
    "server",
    "cluster",
    "api",
    "sdk",
    "cli",
    "app",
    "database",
    "db",
    "lang",
    "script",
    "js",
    "room",
    "building",
    "house",
    "hall",
    "center",
    "centre",
    "gymnasium",
    "netze",
    "filters",
    "ketten",
    "stiftung",
    "preis",
    "schule",
    "team",
    "brand",
    "account",
    "project",
    "dataset",
    "paradox",
    "conjecture",
    "lecture",
    "doctrine",
    "act",
    "campus",
    "chair",
    "airport",
    "museum",
    "bridge",
    "tower",
    "stadium",
    "park",
    "island",
    "river",
    "lake",
    "bay",
    "cloud",
    "language",
    "compiler",
    "kernel",
    "bot",
];

/// Words that make the name behind them that of a place or a house.
const HEADS: &[&str] = &[
    "prêmio",
    "premio",
    "prix",
    "preis",
    "teatro",
    "theatre",
    "théâtre",
    "lycée",
    "collège",
    "école",
    "escola",
    "colegio",
    "colégio",
    "escuela",
    "istituto",
    "instituto",
    "liceo",
    "universidad",
    "universidade",
    "università",
    "université",
    "universität",
    "hospital",
    "hôpital",
    "ospedale",
    "clínica",
    "klinik",
    "plaza",
    "plaça",
    "praça",
    "piazza",
    "calle",
    "rua",
    "rue",
    "via",
    "corso",
    "sala",
    "salle",
    "saal",
    "auditorio",
    "estadio",
    "aeropuerto",
    "parque",
    "parc",
    "park",
    "biblioteca",
    "museo",
    "museu",
    "museum",
    "fundación",
    "fundação",
    "fondazione",
    "gimnázium",
    "gymnasium",
    "szkoła",
    "liceum",
    "ulica",
    "ul",
    "avenida",
    "av",
    "avenue",
    "boulevard",
    "straße",
    "strasse",
    "campus",
    "edificio",
    "kirche",
    "saint",
    "santa",
    "san",
    "sint",
    "fort",
    "lake",
    "mount",
    "port",
    "cape",
    "isle",
    "suplemento",
    "mercado",
    "banco",
    "bank",
    "coláiste",
    "parroquia",
    "paróquia",
    "cité",
    "quai",
    "pont",
    "ponte",
    "villa",
    "stade",
    "stadio",
    "king",
    "queen",
    "prince",
    "princess",
    "sultan",
    "president",
    "team",
    "squad",
    "project",
    "operation",
    "hotel",
    "café",
];

/// Words before a lone name that make it a place or a thing.
const PLACED: &[&str] = &[
    "at", "in", "using", "via", "on", "near", "into", "für", "bei", "chez", "en", "à", "em", "w", "i", "na", "nach",
    "version", "v", "of",
];
const ARTICLES: &[&str] = &[
    "the", "a", "an", "der", "die", "das", "dem", "den", "ein", "eine", "le", "la", "les", "un", "une", "el", "los",
    "las", "una", "il", "lo", "gli", "o", "os", "as", "um", "uma", "het", "een", "our", "their", "its", "this", "each",
    "every", "any", "no", "unser", "notre", "nuestro",
];
/// One word that a person follows in all but rare cases.
const STRONG_BEFORE: &[&str] = &[
    "dear",
    "hi",
    "hello",
    "hey",
    "thanks",
    "cc",
    "welcome",
    "meet",
    "bravo",
    "congratulations",
    "congrats",
    "liebe",
    "lieber",
    "hallo",
    "cher",
    "chère",
    "bonjour",
    "hola",
    "querido",
    "querida",
    "estimado",
    "estimada",
    "ciao",
    "gentile",
    "caro",
    "cara",
    "prezado",
    "prezada",
    "olá",
    "beste",
    "geachte",
    "hej",
    "kära",
    "kære",
    "hei",
    "witaj",
    "drogi",
    "szanowna",
    "szanowny",
    "ahoj",
    "merhaba",
    "sayın",
    "namaste",
    "salut",
    "oi",
    "née",
    "geb",
    "alias",
    "mentor",
    "mentee",
    "attn",
    "danke",
    "merci",
    "gracias",
    "grazie",
    "obrigado",
    "obrigada",
    "tack",
    "takk",
    "dzięki",
];

/// Small words within a name.
static PARTICLES: LazyLock<HashSet<u64>> = LazyLock::new(|| {
    "van von der den de del della delle dello dei degli di da das do dos du la le les las los ter ten te zu zur zum vom \
     bin bint binti ben ibn ud ul al el abu abou ould af av san santa são saint st y e dela delos vande vander"
        .split_whitespace()
        .map(Hash::of)
        .collect()
});
const AND: &[&str] = &["y", "e"];

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

/// Small words of many languages that begin sentences, and abbreviations that stand near names: never a name.
static STOPS: LazyLock<HashSet<u64>> = LazyLock::new(|| {
    "não nao non sie bitte die der das den dem des ein eine und nicht née geb que con por para les une mais avec pour dans \
     sur est ist sind war wir ihr es im am zum zur bei mit von vom auf aus nach für über unter schöne viele liebe grüße \
     teşekkürler sayın ing eng enf dr dra prof col capt lt sgt mech pharm dipl mag univ dept ext tel fax mob iban bic \
     swift vat uk us eu usa uae phd msc bsc mba cv resume references skills education experience summary profile \
     languages interests hobbies contact address phone email mobile website kind regards best dear hi hello thanks \
     note notes todo fix added changed fixed removed deprecated known issues all both each every this that these those \
     de la el los las del al un una y e o ou et ve ile için bir bu ama çok na w z i do od za ze to nie jest się po \
     so if as at in on it we he she they but or nor yet then thus hence also just now here there once when while \
     after before since until unless though although because however our your his her my mac ios \
     och att det som på av den är för med jag vi og til fra er ikke på ei ja kun on oli että kanssa sekä"
        .split_whitespace()
        .map(Hash::of)
        .collect()
});

fn classify(word: &Word, flags: Flags) -> Class {
    if word.coded || (word.capital && STOPS.contains(&word.hash) && !word.is_initial()) {
        return if PARTICLES.contains(&word.hash) { Class::Particle } else { Class::Block };
    }
    if !word.capital {
        return if PARTICLES.contains(&word.hash) { Class::Particle } else { Class::Lower };
    }
    if word.is_initial() {
        return Class::Initial;
    }
    let (given, surname) = (flags.any(Flags::GIVEN), flags.any(Flags::SURNAME));
    // The lists of words of many languages hold each other's names; only those that meet twice count.
    let foreign = flags.any(Flags::FOREIGN) && flags.any(Flags::ALSO_WORD);
    let weak = foreign || flags.any(ALSO) || word.letters <= 2;
    let other = flags.any(NOT_A_NAME);
    if flags.any(Flags::HONORIFIC) && !(given || surname) {
        return Class::Block;
    }
    match (given, surname, weak) {
        (true, _, false) => Class::Given,
        (false, true, false) => Class::Surname,
        (true, _, true) => Class::WeakGiven,
        (false, true, true) => Class::WeakSurname,
        (false, false, _) if PARTICLES.contains(&word.hash) => Class::Particle,
        (false, false, _) if other => Class::Block,
        (false, false, _) if flags.any(Flags::ALSO_WORD) => Class::WeakSurname,
        // An abbreviation, or a brand.
        _ if (word.shouted && word.letters <= 4) || (word.mixed && !celtic(word)) => Class::Block,
        _ => Class::Unknown,
    }
}

/// `McKay`, `MacLeod`, `DeShawn`, `LaToya`, `DiCaprio`, `FitzGerald`: capitals within names.
fn celtic(word: &Word) -> bool {
    matches!(word.first, 'm' | 'd' | 'l' | 'f') && word.letters >= 5
}

/// What the words of a run are worth alone.
fn base(units: &[Class], initials: usize, dotted: bool) -> f32 {
    use Class::{Given, Likely, Surname, Unknown, WeakGiven, WeakSurname};
    match units {
        [] => 0.0,
        [only] if initials > 0 && dotted => match only {
            Given | Surname => 0.75,
            WeakGiven | WeakSurname => 0.5,
            _ => 0.45,
        },
        [only] => match only {
            Given => 0.55,
            WeakGiven => 0.22,
            Surname => 0.22,
            Likely => 0.15,
            WeakSurname => 0.1,
            _ => 0.08,
        },
        [first, .., last] => {
            let pair = match (first, last) {
                (Given, Surname) => 0.9,
                (Given, WeakSurname | Given | WeakGiven | Likely) => 0.85,
                (Given, _) => 0.75,
                (WeakGiven, Surname) => 0.7,
                (WeakGiven, Given) => 0.7,
                (WeakGiven, WeakSurname | WeakGiven) => 0.42,
                (WeakGiven, Likely) => 0.5,
                (WeakGiven, _) => 0.38,
                (Surname, Given) => 0.85,
                (WeakSurname | Unknown | Likely, Given) => 0.65,
                (Surname, Surname) => 0.55,
                (Surname, WeakGiven) => 0.55,
                (Surname, WeakSurname) | (WeakSurname, Surname) => 0.42,
                (Unknown | Likely, Surname) => 0.55,
                (Surname, Likely) => 0.5,
                (Likely, Likely) => 0.42,
                (Likely, WeakSurname | WeakGiven) | (WeakSurname, Likely) => 0.38,
                (Likely, Unknown) | (Unknown, Likely) => 0.28,
                (Surname, _) => 0.4,
                (Unknown, WeakSurname | WeakGiven) => 0.3,
                (WeakSurname, _) => 0.22,
                _ => 0.2,
            };
            let middle = &units[1..units.len() - 1];
            let strong = middle.iter().filter(|class| matches!(class, Given | Surname)).count();
            let long: f32 = if units.len() > 4 { 0.15 } else { 0.0 };
            pair + if strong > 0 { 0.1 } else { 0.0 } + if dotted { 0.1 } else { 0.0 } - long
        }
    }
}
