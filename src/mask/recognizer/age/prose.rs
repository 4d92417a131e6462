//! Ages inside sentences, found from the words around them: `at 34 I`, `mit 29 habe ich`, `a los 29 lo dejé`,
//! `I turned fifty`, `34/F`, `my 40th birthday`.
//!
//! One pass over the words asks a small table for each; what is not in it costs one look at a bit set.

use super::beside::birthday_behind;
use super::cues::{Cue, Cues, WORDS};
use super::verbs::{first_person, german_verb, verb};
use super::{age_at, follows, is_person_noun, push};
use crate::mask::lexicon::{Flags, LEXICON};
use crate::mask::page::Page;
use crate::mask::recognizer::date::is_month;
use crate::mask::span::Span;
use crate::mask::words::{Gap, Word};

/// A number with the words around it.
struct Number {
    start: usize,
    end: usize,
    /// How many words of the page stand before it.
    left: usize,
    /// The first word behind it.
    right: usize,
    value: Option<u32>,
}

pub(super) struct Reader<'p, 't> {
    pub(super) text: &'t str,
    pub(super) words: &'p [Word],
    cues: &'static Cues,
}

pub(super) fn find(page: &Page<'_>, out: &mut Vec<Span>) {
    let reader = Reader { text: page.text(), words: page.words(), cues: &WORDS };
    let bytes = reader.text.as_bytes();
    let mut skip = 0;
    for (index, word) in reader.words.iter().enumerate() {
        let cue = reader.cues.of(word.hash);
        if cue == Cue::default() || index < skip {
            continue;
        }
        if cue.any(Cue::NUMBER.or(Cue::ONE)) && !word.coded {
            if let Some(number) = reader.spelt(index) {
                skip = number.right;
                if reader.spelt_age(&number) {
                    push(reader.text, number.start, number.end, 0.75, "years of a person in words", out);
                    if index > 0 && reader.cue(index - 1).any(Cue::TURN) {
                        birthday_behind(reader.text, number.end, out);
                    }
                }
            }
            continue;
        }
        let beside = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
        let before = cue.any(
            Cue::AT
                .or(Cue::WITH_YEARS)
                .or(Cue::BARE)
                .or(Cue::BE)
                .or(Cue::TURN)
                .or(Cue::HAVE)
                .or(Cue::AGED)
                .or(Cue::ADVERB)
                .or(Cue::OWNER)
                .or(Cue::OF)
                .or(Cue::SUBJECT),
        );
        if (before || word.letters == 2 && word.first == 'o')
            && bytes.get(word.end()) == Some(&b' ')
            && beside(word.end() + 1)
            && let Some(number) = reader.digits(index, word.end() + 1)
            && reader.digit_age(&number, cue)
        {
            push(reader.text, number.start, number.end, 0.7, "years of a person in a sentence", out);
            if cue.any(Cue::TURN) {
                birthday_behind(reader.text, number.end, out);
            }
        }
        let turns = cue.any(Cue::TURN.or(Cue::REACH)) || cue.any(Cue::BE) && word.first == 'w';
        if turns
            && let Some(range) = reader.later(index)
            && (cue.any(Cue::REACH) && !reader.thing(index)
                || reader.subject(index)
                || reader.person_at(Some(index + 1)))
        {
            push(reader.text, range.start, range.end, 0.7, "years of a person in a sentence", out);
        }
        if cue.any(Cue::BIRTHDAY)
            && let Some(range) = reader.birthday(index)
        {
            push(reader.text, range.start, range.end, 0.7, "a birthday counted", out);
        }
        if cue.any(Cue::SEX)
            && let Some(range) = reader.sex(index)
        {
            push(reader.text, range.start, range.end, 0.7, "age beside a sex", out);
        }
    }
}

impl Reader<'_, '_> {
    pub(super) fn cue(&self, index: usize) -> Cue {
        self.words.get(index).map_or(Cue::default(), |word| self.cues.of(word.hash))
    }

    pub(super) fn flags(&self, index: usize) -> Flags {
        self.words.get(index).map_or(Flags::default(), |word| LEXICON.word(word.hash))
    }

    /// Nothing but a blank or two stands between these bytes.
    fn close(&self, from: usize, to: usize) -> bool {
        self.text.get(from..to).is_some_and(|gap| matches!(gap, " " | "\u{a0}" | "  " | "\u{202f}"))
    }

    /// The number in words that begins with word `index`.
    fn spelt(&self, index: usize) -> Option<Number> {
        let mut last = index;
        let mut whole = self.cue(index).any(Cue::NUMBER);
        let mut next = index + 1;
        while next < index + 5 {
            let cue = self.cue(next);
            let Some(word) = self.words.get(next) else { break };
            if !matches!(word.gap, Gap::Space | Gap::Hyphen) {
                break;
            }
            if cue.any(Cue::NUMBER.or(Cue::ONE)) {
                whole |= cue.any(Cue::NUMBER);
                last = next;
            } else if !(cue.any(Cue::JOIN) && whole && last == index && self.cue(next + 1).any(Cue::ONE)) {
                break;
            }
            next += 1;
        }
        // `since I was nine`.
        let alone = !whole
            && last == index
            && index >= 2
            && self.cue(index - 1).any(Cue::BE)
            && self.cue(index - 2).any(Cue::SUBJECT)
            && index.checked_sub(3).is_some_and(|when| self.cue(when).any(Cue::WHEN))
            && self.ends(self.words[index].end());
        (whole || alone).then(|| Number {
            start: self.words[index].start(),
            end: self.words[last].end(),
            left: index,
            right: last + 1,
            value: None,
        })
    }

    /// The number at byte `at`, which word `index` stands before.
    fn digits(&self, index: usize, at: usize) -> Option<Number> {
        let end = age_at(self.text, at, 1).filter(|end| end - at <= 2)?;
        let value = self.text.get(at..end)?.parse().ok();
        let next = self.text.as_bytes().get(end).copied().unwrap_or(b' ');
        // `16e` in Dutch.
        let rest = &self.text[end..];
        let ordinal = rest.starts_with("ste") || rest.starts_with('e') && !rest[1..].starts_with(char::is_alphanumeric);
        (!next.is_ascii_alphanumeric() || ordinal).then_some(Number {
            start: at,
            end,
            left: index + 1,
            right: index + 1,
            value,
        })
    }

    /// Whether a clause ends behind this byte.
    fn ends(&self, at: usize) -> bool {
        let rest = self.text.get(at..).unwrap_or_default();
        rest.trim_start_matches([' ', '\u{a0}']).is_empty()
            || rest.starts_with(['.', ',', ';', '!', '?', ')', '\n', '\r', '…', '—', '"', '”', '»'])
            || rest.starts_with(" –")
            || rest.starts_with(" —")
            || rest.starts_with(" (")
            || rest.trim_start_matches(' ').starts_with(|c: char| c >= '\u{1f300}')
    }

    /// The word right behind the number.
    fn after(&self, number: &Number) -> Option<usize> {
        self.words
            .get(number.right)
            .filter(|word| word.start() > number.end && self.close(number.end, word.start()))
            .map(|_| number.right)
    }

    /// The byte behind `years` when years follow, and what comes next is not what they were spent on.
    fn years(&self, number: &Number) -> Option<usize> {
        let mut at = self
            .words
            .get(number.right)
            .filter(|word| {
                word.start() > number.end
                    && (self.close(number.end, word.start()) || self.text.get(number.end..word.start()) == Some("-"))
            })
            .map(|_| number.right)?;
        // `34 de ani`.
        if self.words[at].letters == 2 && self.words[at].first == 'd' && self.cue(at + 1).any(Cue::UNIT) {
            at += 1;
        }
        if !self.cue(at).any(Cue::UNIT) {
            return None;
        }
        let end = self.words[at].end();
        let Some(next) = self.words.get(at + 1).filter(|next| self.close(end, next.start())) else {
            return (self.ends(end) || self.text[end..].starts_with([' ', '\'', '’'])).then_some(end);
        };
        // `alt`, `old`: said of anything.
        let spent = self.cue(at + 1).any(Cue::SPENT) && !self.old(at + 1)
            || next.capital
                && !self.cue(at + 1).any(Cue::SUBJECT)
                && !self.flags(at + 1).any(Flags::GIVEN)
                && (matches!(self.words[at].first, 'j')
                    || self.flags(at + 1).any(Flags::JOB.or(Flags::ORGANISATION).or(Flags::PLACE)));
        (!spent).then_some(end)
    }

    /// The word right behind byte `end`, looked for from word `from` on.
    fn behind(&self, from: usize, end: usize) -> Option<&Word> {
        self.words
            .get(from..)?
            .iter()
            .take(4)
            .find(|word| word.start() > end)
            .filter(|word| self.close(end, word.start()))
    }

    /// `of age`, `de edad`, `in age`.
    fn old(&self, index: usize) -> bool {
        self.cue(index + 1).any(Cue::AGED)
    }

    /// A person right before word `index`: a pronoun, a relative, a given name.
    pub(super) fn person_at(&self, index: Option<usize>) -> bool {
        index.is_some_and(|index| {
            let (cue, flags, word) = (self.cue(index), self.flags(index), &self.words[index]);
            cue.any(Cue::SUBJECT) && !(word.shouted || word.letters == 2 && word.capital && word.first == 'm')
                || flags.any(Flags::ROLE)
                || word.capital
                    && (flags.any(Flags::GIVEN)
                        || flags.any(Flags::SURNAME)
                            && !flags.any(Flags::PLACE.or(Flags::ALSO_PLACE).or(Flags::FOREIGN).or(Flags::FIGURE)))
                    && !flags.any(Flags::WORD.or(Flags::ALSO_WORD).or(Flags::ALSO_PRODUCT).or(Flags::ORGANISATION))
        })
    }

    /// Whether what stands before a verb at `index` is a person: `My daughter is`, `I'm now`, `he has just turned`.
    pub(super) fn subject(&self, index: usize) -> bool {
        let mut at = index;
        for _ in 0..3 {
            let Some(before) = at.checked_sub(1) else { return false };
            let gap = self.words[at].gap;
            if !matches!(gap, Gap::Space | Gap::Apostrophe | Gap::Comma) {
                return false;
            }
            let cue = self.cue(before);
            if self.person_at(Some(before)) {
                return true;
            }
            let small = cue.any(Cue::ADVERB.or(Cue::BE).or(Cue::HAVE))
                || self.words[before].letters <= 4 && !self.words[before].capital;
            if !small {
                return false;
            }
            at = before;
        }
        false
    }

    /// Whether a number in digits behind a word with `cue` is an age.
    fn digit_age(&self, number: &Number, cue: Cue) -> bool {
        let index = number.left - 1;
        let word = &self.words[index];
        let value = number.value.unwrap_or(0);
        let years = self.years(number);
        let after = self.after(number);
        let ends = self.ends(number.end);
        if cue.any(Cue::AT) && value >= 10 && years.is_none() {
            // `At 28 Thandi ran our night shift`; `At 28 Main Street` has no verb in small letters.
            let name = word.capital
                && after.is_some_and(|after| {
                    let (next, flags) = (&self.words[after], self.flags(after));
                    next.capital
                        && flags.any(Flags::GIVEN)
                        && !flags.any(Flags::WORD.or(Flags::ORGANISATION).or(Flags::STREET))
                        && self.words.get(after + 1).is_some_and(|verb| !verb.capital && verb.gap == Gap::Space)
                });
            // `Jucélia Prates (at 26, …`.
            let bracket = self.text[..word.start()].ends_with('(')
                && self.text[number.end..].starts_with([',', ')'])
                && index > 0
                && self.words[index - 1].capital
                && !self.flags(index - 1).any(Flags::WORD);
            if name || bracket || self.at_age(number, ends, after) {
                return true;
            }
        }
        // `Mit 26 Jahren`, `À 29 ans, j'ai`, `A los 29 años`, `в свои 29 лет`.
        let before = index.checked_sub(1).filter(|before| self.close(self.words[*before].end(), word.start()));
        let loan = before.is_some_and(|before| self.cue(before).any(Cue::LOAN));
        // `A 10 years old codebase`: the years have to be of the language of the preposition.
        let tongue = || {
            let unit = self.words[number.right..]
                .iter()
                .take(2)
                .find(|word| self.cues.of(word.hash).any(Cue::UNIT))
                .map_or(' ', |word| word.first);
            match word.first {
                'a' | 'l' | 'c' => unit == 'a',
                'm' => matches!(unit, 'j' | 'a'),
                'o' => unit == 'j',
                'w' => unit == 'l',
                'v' => matches!(unit, 'l' | 'a' | 'r'),
                _ => true,
            }
        };
        if cue.any(Cue::WITH_YEARS.or(Cue::BARE))
            && value >= 5
            && !loan
            && tongue()
            && let Some(end) = years
        {
            let starts = word.capital
                || before.is_none_or(|before| self.words[before].capital && self.words[before].letters == 1)
                || self.cue(before.unwrap_or(0)).any(Cue::LIFE);
            let next = self.behind(number.right, end);
            let on = next.is_some_and(|next| {
                self.cues.of(next.hash).any(Cue::ON.or(Cue::SUBJECT).or(Cue::BE).or(Cue::HAVE))
                    || verb(&self.text[next.range()])
            });
            if starts && (on || self.text[end..].starts_with(',') || next.is_some() && value >= 14)
                || self.ends(end) && before.is_some_and(|before| first_person(&self.text[self.words[before].range()]))
                || self.personal(index) && (self.ends(end) || on)
            {
                return true;
            }
        }
        if cue.any(Cue::BARE) && value >= 10 && years.is_none() {
            let plural = word.letters == 3 && (word.first == 'l' || word.first == 'a');
            let preposed = word.capital || plural || before.is_none() || word.gap == Gap::Comma || self.personal(index);
            let on = after.is_some_and(|after| {
                let next = &self.words[after];
                !next.capital
                    && (self.cue(after).any(Cue::ON) && plural
                        || plural && verb(&self.text[next.range()])
                        || !plural && german_verb(&self.text[next.range()]))
            });
            let told = (1..=2)
                .filter_map(|back| index.checked_sub(back))
                .any(|before| first_person(&self.text[self.words[before].range()]));
            if preposed
                && (on || plural && ends && (told || self.personal(index)))
                && !(word.letters == 2 && word.first == 'i')
            {
                return true;
            }
        }
        if cue.any(Cue::OF) && self.of_person(index, value, years.is_some(), ends, after) {
            return true;
        }
        // `a mis 54 años`, `mit meinen 54 Jahren`.
        if cue.any(Cue::OWNER)
            && value >= 10
            && years.is_some()
            && before.is_some_and(|before| {
                let word = self.text[self.words[before].range()].to_lowercase();
                self.cue(before).any(Cue::WHEN)
                    || matches!(word.as_str(), "a" | "con" | "com" | "em" | "aos" | "met" | "mit" | "à" | "en" | "w")
            })
        {
            return true;
        }
        // `desde los 16 años`; `desde hace 16 años` is a time.
        if (cue.any(Cue::BARE) || word.letters == 2 && word.first == 'o')
            && years.is_some()
            && value >= 4
            && matches!(&self.text[word.range()], "los" | "os")
            && before.is_some_and(|before| self.cue(before).any(Cue::WHEN))
        {
            return true;
        }
        // `à bientôt 50 ans je`.
        if cue.any(Cue::ADVERB)
            && value >= 14
            && years.is_some()
            && before.is_some_and(|before| self.cue(before).any(Cue::WITH_YEARS.or(Cue::BARE)))
        {
            return true;
        }
        // `Im Juli werde ich 60.`, but not `wurde ich 3. im Sprint`.
        let ordinal =
            self.text[number.end..].strip_prefix(". ").is_some_and(|rest| rest.starts_with(char::is_lowercase));
        if cue.any(Cue::SUBJECT)
            && value >= 10
            && !ordinal
            && (ends || after.is_some_and(|after| follows(&self.text[self.words[after].range()])))
            && before.is_some_and(|before| self.cue(before).any(Cue::BE.or(Cue::TURN)))
            && !matches!(word.first, 'w' | 't')
        {
            return true;
        }
        // `Tengo 45 y no me contratan`, `vive conmigo. tiene 22`.
        if cue.any(Cue::HAVE) && value >= 16 && years.is_none() && self.bare_years(number, index) {
            return true;
        }
        let when = (1..=3).filter_map(|back| index.checked_sub(back)).any(|at| self.cue(at).any(Cue::WHEN))
            && self.words[index.saturating_sub(3)..=index]
                .iter()
                .skip(1)
                .all(|word| matches!(word.gap, Gap::Space | Gap::Apostrophe));
        // `Als ich 19 war`, `toen ik 15 was`.
        if cue.any(Cue::SUBJECT)
            && value >= 3
            && after.is_some_and(|after| {
                matches!(&self.text[self.words[after].range()], "war" | "wurde" | "was" | "werd" | "bin" | "ben")
            })
        {
            return when;
        }
        // `När jag var 15 skrev`, `когда мне было 15, я`, `cuando tenía 15 años programaba`.
        let goes = ends
            || years.is_some()
            || after.is_some_and(|after| {
                !self.words[after].capital && self.words[after].letters > 2 && !self.counted(after)
            });
        if when
            && value >= 3
            && (cue.any(Cue::BE) && goes && !self.dated(number) || cue.any(Cue::HAVE) && years.is_some())
        {
            return cue.any(Cue::HAVE) || self.subject(index) || word.letters > 3;
        }
        // `Now 67, he still teaches`.
        if cue.any(Cue::ADVERB) && word.capital && value >= 14 && self.text[number.end..].starts_with(", ") {
            let next = self.words.get(number.right).map(|next| &self.text[next.range()]);
            if matches!(next, Some("I" | "he" | "she")) {
                return true;
            }
        }
        // `My daughter is 7`, `our twins are 6`, `Ola, is 4`; pronouns are told by anchors.
        if cue.any(Cue::BE.or(Cue::TURN)) {
            let told =
                ends || after.is_some_and(|_| follows(&self.text[self.words[number.right].range()])) || years.is_some();
            if told && index > 0 && self.subject(index) && !self.dated(number) {
                return true;
            }
        }
        if cue.any(Cue::ADVERB) && !word.capital && value >= 3 {
            let verb = index.checked_sub(1).map_or(Cue::default(), |before| self.cue(before));
            let told = ends || after.is_some_and(|_| follows(&self.text[self.words[number.right].range()]));
            if told && verb.any(Cue::BE.or(Cue::TURN)) && self.subject(index - 1) {
                return true;
            }
        }
        // `Am 34 de ani`, `J'ai eu 34 ans`; not `la empresa tiene 25 años`.
        if cue.any(Cue::HAVE)
            && value >= 3
            && !(word.letters == 1 && (word.capital || !tongue()))
            && !self.thing(index)
            && let Some(end) = years
        {
            let next = self.behind(number.right, end).map(|next| &self.text[next.range()]);
            return self.ends(end)
                || next
                    .is_some_and(|next| follows(next) || matches!(next, "și" | "y" | "e" | "et" | "i" | "a" | "en"));
        }
        // `Op mijn 29ste`.
        let rest = &self.text[number.end..];
        if (rest.starts_with("ste") || rest.starts_with('e')) && cue.any(Cue::OWNER) {
            return index > 0
                && matches!(
                    self.text[self.words[index - 1].range()].to_lowercase().as_str(),
                    "op" | "sinds" | "vanaf" | "tot" | "voor" | "na"
                );
        }
        // `at the ripe old age of 43`.
        if word.letters == 2 && word.first == 'o' && self.cue(index.saturating_sub(1)).any(Cue::AGED) && index > 0 {
            let mean = (2..=3).any(|back| index.checked_sub(back).is_some_and(|at| self.cue(at).any(Cue::MEAN)));
            return !mean
                && (ends || after.is_some())
                && value >= 3
                && self.text[word.range()].eq_ignore_ascii_case("of");
        }
        false
    }

    /// Whether a number without years behind `tengo` or `tiene` is an age: the clause begins with the verb and ends.
    fn bare_years(&self, number: &Number, index: usize) -> bool {
        const MINE: &[&str] = &["tengo", "tenho", "mám", "mam", "ho"];
        const GO_ON: &[&str] = &[
            "no", "me", "soy", "sou", "vivo", "moro", "busco", "trabajo", "estoy", "llevo", "mi", "não", "tenho",
            "jsem", "hledám", "szukam", "mieszkam", "bydlím", "sono", "abito", "cerco",
        ];
        let word = &self.words[index];
        let verb = self.text[word.range()].to_lowercase();
        let mine = MINE.contains(&verb.as_str());
        if !mine && !matches!(verb.as_str(), "tiene" | "tem") {
            return false;
        }
        let opens = index == 0
            || matches!(word.gap, Gap::Dot | Gap::Comma)
            || word.gap == Gap::Other
                && self.text.get(self.words[index - 1].end()..word.start()).is_some_and(|gap| gap.contains('\n'));
        let rest = &self.text[number.end..];
        let over = rest.trim_start_matches(['.', '!', ' ']).is_empty()
            || rest.starts_with(['\n', '\r'])
            || rest.starts_with(", ") && !rest[2..].starts_with(|c: char| c.is_ascii_digit());
        let on = mine
            && self.words.get(number.right).is_some_and(|join| join.letters == 1)
            && self.words.get(number.right + 1).is_some_and(|next| GO_ON.contains(&&self.text[next.range()]));
        opens && over || on
    }

    /// Whether a word counts something: `when I was 5 minutes late`.
    fn counted(&self, index: usize) -> bool {
        let word = &self.text[self.words[index].range()];
        [
            "minut", "hour", "second", "day", "week", "month", "mile", "km", "meter", "step", "stund", "tage", "woche",
            "monat", "point", "percent", "years", "people", "dni", "dag",
        ]
        .iter()
        .any(|unit| word.to_lowercase().starts_with(unit))
    }

    /// Whether a thing in small letters, or an ordinary word with a capital, is what has the years.
    fn thing(&self, index: usize) -> bool {
        let Some(before) = index.checked_sub(1).filter(|_| matches!(self.words[index].gap, Gap::Space)) else {
            return false;
        };
        let (word, flags, cue) = (&self.words[before], self.flags(before), self.cue(before));
        if cue.any(Cue::SUBJECT.or(Cue::ADVERB).or(Cue::HAVE).or(Cue::BE).or(Cue::WHEN))
            || word.letters <= 3
            || flags.any(Flags::ROLE.or(Flags::JOB))
        {
            return false;
        }
        !word.capital
            || flags.any(Flags::WORD.or(Flags::FOREIGN).or(Flags::ORGANISATION).or(Flags::ORGANISATION_TAIL))
                && !flags.any(Flags::GIVEN)
    }

    /// `3 May`: a day behind a verb.
    fn dated(&self, number: &Number) -> bool {
        self.text[number.end..].starts_with(['.', ' '])
            && self.words.get(number.right).is_some_and(|next| {
                next.capital && next.start() <= number.end + 2 && is_month(&self.text[next.range()])
            })
    }

    /// `at 34 I`, `died at 88.`, `moved to Lisbon at 19 and`.
    fn at_age(&self, number: &Number, ends: bool, after: Option<usize>) -> bool {
        let index = number.left - 1;
        let word = &self.words[index];
        let before = index.checked_sub(1);
        let said = before.filter(|before| matches!(word.gap, Gap::Space | Gap::Comma) && *before < index);
        if said.is_some_and(|before| self.cue(before).any(Cue::LEVEL) && !self.cue(before).any(Cue::LIFE)) {
            return false;
        }
        let pronoun = after.is_some_and(|after| {
            let next = &self.text[self.words[after].range()];
            matches!(next, "I" | "he" | "she" | "my" | "who")
        });
        // `At 29, pregnant with Zoë, I …`.
        let comma = self.text[number.end..].starts_with(", ")
            && self
                .words
                .get(number.right..)
                .unwrap_or_default()
                .iter()
                .take(7)
                .take_while(|next| next.start() < number.end + 64 && !matches!(next.gap, Gap::Dot))
                .any(|next| matches!(&self.text[next.range()], "I" | "he" | "she" | "my"));
        if pronoun || comma && (word.capital || self.personal(index)) {
            return true;
        }
        let on = ends || after.is_some_and(|after| follows(&self.text[self.words[after].range()]));
        on && self.personal(index)
            && number.value.is_none_or(|value| (10..=99).contains(&value))
            && (0..8)
                .filter_map(|back| index.checked_sub(back + 1))
                .take_while(|at| !matches!(self.words[at + 1].gap, Gap::Dot))
                .all(|at| {
                    !matches!(
                        &self.text[self.words[at].range()],
                        "price" | "shares" | "stock" | "rate" | "temperature" | "o" | "train" | "bus" | "meeting"
                    )
                })
    }

    /// Whether a number in words is an age.
    fn spelt_age(&self, number: &Number) -> bool {
        let text = self.text;
        let rest = text.get(number.end..).unwrap_or_default();
        let unit = rest.trim_start_matches(['-', ' ', '‑']);
        let lower: String = unit.chars().take(24).flat_map(char::to_lowercase).collect();
        // `we reached about twelve and a half`: nobody says so of years without the word.
        if ["and a half", "point ", "und ein halb", "et demi", "y medi", "e mezzo", "e meia", "en een half"]
            .iter()
            .any(|half| lower.starts_with(half))
        {
            return false;
        }
        for old in ["year-old", "year old", "years old", "years-old", "years of age", "jahre alt", "jährige", "yrs old"]
        {
            if let Some(tail) = lower.strip_prefix(old) {
                let noun: String =
                    tail.trim_start_matches([' ', '-', 'n', 'r']).chars().take_while(|c| c.is_alphabetic()).collect();
                if matches!(noun.as_str(), "who" | "whose" | "from" | "living") {
                    return true;
                }
                let full = !old.ends_with("old") || !old.contains("year-") && !old.contains("year ");
                return full && self.personal(number.left)
                    || is_person_noun(&noun)
                    || noun.is_empty() && self.personal(number.left);
            }
        }
        let Some(index) = number.left.checked_sub(1) else { return false };
        let word = &self.words[index];
        // `Sunil (forty-one)`, `Sjoerd van der Wielen, vijfenveertig,`.
        let gap = text.get(word.end()..number.start).unwrap_or_default();
        let bracket = matches!(gap, " (" | "（" | "(") && rest.starts_with([')', ',', '）']);
        let comma = gap == ", " && rest.starts_with([',', '.', ';', '\n', ' ']) && self.ends(number.end);
        if bracket || comma {
            return self.person_at(Some(index))
                || bracket && word.capital && !self.flags(index).any(Flags::WORD)
                || word.capital
                    && (1..=4).filter_map(|back| index.checked_sub(back)).any(|at| {
                        self.words[at].capital
                            && self.flags(at).any(Flags::GIVEN)
                            && text
                                .get(self.words[at].end()..word.start())
                                .is_some_and(|gap| !gap.contains(['.', ',', '\n']))
                    });
        }
        let near = self.close(word.end(), number.start) || text.get(word.end()..number.start) == Some(": ");
        if !near {
            return false;
        }
        let cue = self.cue(index);
        let years = self.years(number);
        let after = self.after(number);
        let ends = self.ends(number.end);
        let on = ends || after.is_some_and(|after| follows(&text[self.words[after].range()])) || years.is_some();
        // `• turned thirty-two on January 8`: of nobody else, so of who writes.
        if text[word.range()].eq_ignore_ascii_case("turned")
            && (index == 0 || word.gap == Gap::Other || word.gap == Gap::Dot)
            && after.is_some_and(|after| matches!(&text[self.words[after].range()], "on" | "in" | "this" | "last"))
        {
            return true;
        }
        if cue.any(Cue::AGED) && !cue.any(Cue::HAVE) && on {
            return !self.cue(index.saturating_sub(1)).any(Cue::MEAN) || index == 0;
        }
        let second = index.checked_sub(1).map_or(Cue::default(), |before| self.cue(before));
        // `age of forty`, `âgé de trente ans`, `im Alter von vierzig`.
        if matches!(&text[word.range()], "of" | "de" | "von" | "van" | "di") && second.any(Cue::AGED) {
            return on && !index.checked_sub(2).is_some_and(|before| self.cue(before).any(Cue::MEAN));
        }
        if cue.any(Cue::AT) && years.is_none() {
            // `At twenty-four Caoimhe walked in`.
            let name = word.capital
                && after.is_some_and(|after| {
                    self.words[after].capital && !self.flags(after).any(Flags::ORGANISATION.or(Flags::WORD))
                });
            return name || self.at_age(number, ends, after);
        }
        // `by forty I'd lost it`.
        if text[word.range()].eq_ignore_ascii_case("by") && years.is_none() {
            return after.is_some_and(|after| matches!(&text[self.words[after].range()], "I" | "he" | "she"));
        }
        let only = ["täyt", "cumpl", "fyll", "compi", "fyld", "fylt"]
            .iter()
            .any(|verb| text[word.range()].to_lowercase().starts_with(verb));
        if cue.any(Cue::REACH) && (on || only) {
            return true;
        }
        // `una mujer de treinta y dos años`.
        if matches!(&text[word.range()], "de" | "di" | "of" | "von" | "van") && years.is_some() {
            return self.person_at(index.checked_sub(1))
                || index
                    .checked_sub(1)
                    .is_some_and(|before| is_person_noun(&text[self.words[before].range()].to_lowercase()));
        }
        // `Turned fifty-two this spring` begins a sentence.
        if cue.any(Cue::TURN) && word.capital && on {
            return true;
        }
        if cue.any(Cue::BE.or(Cue::TURN)) {
            return on && self.subject(index);
        }
        if cue.any(Cue::ADVERB) && second.any(Cue::BE.or(Cue::TURN).or(Cue::HAVE)) {
            return on && (second.any(Cue::HAVE) || self.subject(index - 1));
        }
        if cue.any(Cue::HAVE) && years.is_some() {
            return true;
        }
        cue.any(Cue::WITH_YEARS.or(Cue::BARE))
            && years.is_some()
            && (word.capital || self.personal(index) || word.letters == 3)
    }
}
