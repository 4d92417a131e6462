//! Names in scripts that part words: Arabic, Hebrew, the scripts of India, Georgian, Ethiopic.

use super::{AROUND, Row, span};
use crate::mask::lexicon::{Flags, LEXICON};
use crate::mask::person::inflect;
use crate::mask::span::Span;
use crate::mask::words::Word;

impl Row<'_> {
    /// Arabic, Hebrew, the scripts of India, Georgian, Ethiopic: names of the lists, and what follows who somebody is.
    pub(super) fn spelt(&self, out: &mut Vec<Span>) {
        let known: Vec<Seen> = self.words.iter().map(|word| self.seen(word)).collect();
        // Where the last name ended: who stands in a list with a person is one.
        let mut last: Option<usize> = None;
        let close = |at: usize| {
            let gap = &self.text[self.words[at - 1].end()..self.words[at].start()];
            matches!(gap, " " | "-" | "־" | "\u{a0}" | " \u{200f}" | "  ")
        };
        let mut at = 0;
        while at < known.len() {
            if !known[at].native {
                at += 1;
                continue;
            }
            let start = self.words[at].start() + known[at].prefix;
            let labelled = self.labelled(self.words[at].start());
            // `אימא של יהלי`: the mother of somebody.
            let of = at > 1 && known[at - 2].role && self.text[self.words[at - 1].range()] == *"של" && known[at].name;
            let led = at > 0 && (known[at - 1].role || of) && {
                let gap = &self.text[self.words[at - 1].end()..self.words[at].start()];
                gap.len() <= 4
                    && gap.chars().all(|c| matches!(c, ' ' | '.' | '/' | ':' | '\'' | '"' | '׳' | '״' | '(' | '،'))
            };
            let label = labelled && !known[at].house;
            // `ד"ר`, `רס"ן`: half of an abbreviation.
            let half =
                |at: usize| self.words[at].letters <= 3 && self.tail(self.words[at].end()).starts_with(['"', '״']);
            let free = |at: usize| known[at].native && !known[at].small && !known[at].role && !known[at].house;
            let mut end = at;
            while end < known.len() && (end == at || close(end)) {
                let fits = known[end].name
                    || (known[end].joint && end > at)
                    || ((label || led) && free(end) && end - at < 4 && !half(end));
                if !fits {
                    break;
                }
                end += 1;
            }
            // A joint joins two names.
            while end > at && known[end - 1].link && !known[end - 1].name {
                end -= 1;
            }
            if end == at {
                at += 1;
                continue;
            }
            let names = (at..end).filter(|at| known[*at].name).count();
            let given = (at..end).any(|at| known[at].given);
            let head = self.head(self.words[at].start());
            let opened = head.ends_with(['(', '„', '“', '"', '«']) && !head.ends_with(['“', '"', '«']);
            // One or two more words behind a name, where they end the line or the phrase, are its surname.
            let stop = self.words[end - 1].end();
            let closes = |end: usize| {
                let tail = self.tail(self.words[end].end());
                tail.trim_start().is_empty()
                    || tail.starts_with([',', '،', '.', ')', '|', '؛', '۔', '।', '-', '–', ';', ':'])
            };
            let vouched = end - at == 2 || led || opened || label || self.number < 3;
            let more = (1..=2).find(|more| {
                (end..end + more).all(|at| at < known.len() && close(at) && free(at)) && closes(end + more - 1)
            });
            if let Some(more) = more.filter(|more| given && vouched && end - at + more <= 4) {
                end += more;
            }
            let before = (1..=3).any(|step| {
                at >= step
                    && known[at - step].house
                    && !self.text[self.words[at - step].end()..self.words[at].start()]
                        .contains([',', '،', '.', '–', '\n', ':'])
            });
            let behind = known.get(end).is_some_and(|seen| seen.house) && close(end);
            let alone = self.alone(&(self.words[at].start()..self.words[end - 1].end()));
            let tail = self.tail(self.words[end - 1].end());
            let honoured = tail.trim_start().starts_with("जी") || tail.trim_start().starts_with("সাহেব");
            let ends =
                !tail.starts_with(' ') || tail.starts_with(" (") || tail.starts_with(" –") || tail.starts_with(" -");
            let aged = tail.starts_with(['،', ',']) && opened;
            let dashed = head.trim_end().ends_with(['—', '–', '-', '״', '”']) && head.trim_end().len() > 2;
            let letters: usize = self.words[at..end].iter().map(|word| usize::from(word.letters)).sum();
            let listed = last.is_some_and(|last| {
                let gap = &self.text[last..start.max(last)];
                matches!(gap.trim(), "،" | "," | "و" | "और" | "तथा" | "এবং" | "و " | "ו" | "ועם" | "and")
                    && gap.len() < 12
            });
            let score = match (names, given) {
                (0, _) => 0.1,
                (1, true) => 0.2,
                (1, false) => 0.1,
                (_, true) => 0.6,
                (_, false) => 0.35,
            } - if names > 1
                && read_only(&known[at..end])
                && !(known[at].given && known[end - 1].surname && letters >= 5)
            {
                0.2
            } else {
                0.0
            } + if led && names == 0 && end - at == 2 && known[at - 1].title && ends { 0.25 } else { 0.0 }
                + if listed && names > 0 { 0.35 } else { 0.0 }
                + if label { 0.5 } else { 0.0 }
                + if led { if names > 0 { 0.4 } else { 0.2 } } else { 0.0 }
                + if alone && self.number < 4 { 0.35 } else { 0.0 }
                + if opened && tail.starts_with([')', ',', '،']) { 0.35 } else { 0.0 }
                + if honoured || aged { 0.3 } else { 0.0 }
                + if dashed && names > 0 { 0.15 } else { 0.0 }
                + if end - at > 1 && names > 0 { 0.05 } else { 0.0 }
                - if before || behind { 0.8 } else { 0.0 };
            if score >= 0.5 {
                let stop = self.words[end - 1].end().max(stop);
                out.push(span(start..stop, score, "name of the lists, or behind who somebody is"));
                last = Some(stop);
            }
            at = end.max(at + 1);
        }
    }

    /// What one word is.
    fn seen(&self, word: &Word) -> Seen {
        let spoken = &self.text[word.range()];
        let first = spoken.chars().next().unwrap_or(' ');
        let native =
            word.caseless && matches!(first, '\u{590}'..='\u{DFF}' | '\u{10A0}'..='\u{10FF}' | '\u{1200}'..='\u{137F}');
        let mut seen = Seen { native, ..Seen::default() };
        if !native {
            return seen;
        }
        let around = &*AROUND;
        seen.role = around.roles.contains(spoken);
        seen.house = around.houses.contains(spoken)
            // `מאוניברסיטת`: small words are written together with what follows.
            || (matches!(first, 'מ' | 'ב' | 'ל' | 'ה' | 'ש' | 'و' | 'ب' | 'ل')
                && word.letters > 4
                && around.houses.contains(&spoken[first.len_utf8()..]));
        seen.title = matches!(
            spoken,
            "د" | "دكتور"
                | "الدكتور"
                | "الدكتورة"
                | "المهندس"
                | "المهندسة"
                | "السيد"
                | "السيدة"
                | "الأستاذ"
                | "الأستاذة"
                | "الآنسة"
                | "زميلي"
                | "زميلتي"
                | "مديري"
                | "مديرتي"
                | "صديقي"
                | "صديقتي"
                | "آقای"
                | "خانم"
                | "دکتر"
                | "מר"
                | "גב"
                | "גברת"
                | "פרופ"
                | "अध्यापक"
                | "श्री"
                | "श्रीमती"
                | "डॉ"
                | "সাহেব"
                | "জনাব"
        );
        seen.small = around.small.contains(spoken);
        if seen.house || seen.small {
            return seen;
        }
        seen.link = matches!(spoken, "بن" | "بنت" | "ابن" | "آل" | "عبد" | "بو" | "בן" | "בת");
        seen.joint = seen.link || (spoken.starts_with("ال") && word.letters > 4) || spoken.contains('\u{200c}');
        let mut flags = LEXICON.word(word.hash);
        let name = Flags::GIVEN.or(Flags::SURNAME);
        if !flags.any(name) && !matches!(first, '\u{590}'..='\u{8FF}') && word.letters > 1 {
            inflect::any_romanized(spoken, |hash| {
                let known = LEXICON.word(hash);
                let fits = known.any(name) && !known.any(Flags::WORD);
                if fits {
                    flags = known;
                    seen.read = true;
                }
                fits
            });
            // Georgian cases.
            if !flags.any(name) && matches!(first, '\u{10A0}'..='\u{10FF}') {
                for ending in ["მ", "ს", "ის", "ით", "ად", "ა"] {
                    let Some(stem) = spoken.strip_suffix(ending) else { continue };
                    for stem in [stem.to_owned(), format!("{stem}ი")] {
                        inflect::any_romanized(&stem, |hash| {
                            let known = LEXICON.word(hash);
                            if known.any(name) && stem.chars().count() > 3 {
                                flags = known;
                            }
                            known.any(name)
                        });
                    }
                }
            }
        }
        // `ולרונן`, `لسامح`: small words are written together with what follows.
        if !flags.any(name) && word.letters > 3 && !seen.role {
            let prefixes: &[char] = match first {
                '\u{590}'..='\u{5FF}' => &['ו', 'ל', 'ב', 'ה', 'מ', 'ש', 'כ'],
                '\u{600}'..='\u{6FF}' => &['و', 'ل', 'ب', 'ف'],
                _ => &[],
            };
            if prefixes.contains(&first) {
                let rest = &spoken[first.len_utf8()..];
                let known = LEXICON.word(crate::mask::words::Hash::of(rest));
                if known.any(name) {
                    flags = known;
                    seen.prefix = first.len_utf8();
                }
            }
        }
        // Half of all Georgian surnames end in one of two words.
        let georgian = matches!(first, '\u{10A0}'..='\u{10FF}')
            && word.letters >= 6
            && !flags.any(name)
            && (spoken.contains("შვილ")
                || ["ძე", "ძემ", "ძის", "ძეს", "ძესთან"].iter().any(|end| spoken.ends_with(end)));
        if georgian {
            flags = flags.or(Flags::SURNAME);
        }
        seen.given = flags.any(Flags::GIVEN) && !seen.role;
        seen.surname = flags.any(Flags::SURNAME);
        seen.name = (flags.any(name) || matches!(spoken, "أبو" | "أم" | "אבו")) && !seen.role;
        seen
    }
}

/// A word of a script without case.
#[derive(Clone, Copy, Default)]
struct Seen {
    native: bool,
    name: bool,
    given: bool,
    role: bool,
    /// A role that a name always follows.
    title: bool,
    house: bool,
    small: bool,
    surname: bool,
    /// Known by its Latin letters only.
    read: bool,
    /// `بن`.
    link: bool,
    /// The same, and surnames with an article.
    joint: bool,
    /// Bytes of the small words in front.
    prefix: usize,
}

/// Whether every name of a run is known by its Latin letters only, which ordinary words may share.
fn read_only(run: &[Seen]) -> bool {
    run.iter().all(|seen| seen.read || !seen.name)
}
