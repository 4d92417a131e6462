//! Runs that are one name, and names that vouch for their neighbours.

use super::class::{Class, base};
use super::{Candidate, Sight, position};
use crate::mask::lexicon::Entry;
use crate::mask::words::Gap;

impl Sight<'_> {
    /// `Patel, Hetal`: joins a surname to the given name behind its comma.
    pub(super) fn reversed(&self, found: &mut Vec<Candidate>) {
        let mut at = 0;
        while at + 1 < found.len() {
            let (left, right) = (&found[at], &found[at + 1]);
            let near = self.text.get(left.range.end..right.range.start) == Some(", ");
            let surname = self.units(left.words.start, left.words.end);
            let given = self.units(right.words.start, right.words.end);
            // `OMONDI, Felix Otieno`: capitals say which is the surname.
            let raised = self.words[left.words.start].shouted && !self.words[right.words.start].shouted;
            // `Van den Bossche` is one surname.
            let led = self.words[left.words.start].entry.is(Entry::PARTICLE) && surname.len() <= 3;
            let family = |class: &Class| {
                raised || matches!(class, Class::Surname | Class::WeakSurname | Class::Likely | Class::Unknown)
            };
            let turned = near
                && (surname.len() == 1 || led)
                && (1..=2).contains(&given.len())
                && right.score > 0.2
                && surname.last().is_some_and(family);
            let line = &self.page.lines()[self.page.line_at(left.range.start)];
            let key = self.text[line.start..left.range.start].trim_end_matches(|c: char| !c.is_alphanumeric());
            let called = given.first() == Some(&Class::Given)
                || (left.context && key.len() < 48 && position::is_person_label(key));
            let turned = turned && called;
            let leads = raised
                || !self.text[line.start..left.range.start].contains(char::is_alphanumeric)
                || self.text[..left.range.start].ends_with(['"', '“', '(', ';'])
                || self.text[line.start..left.range.start].trim_end().ends_with([':', '|', ';']);
            let dotted = self.text[line.start..left.range.start].trim_end().ends_with(['.', '\t', '_']);
            let mut first = left.words.start;
            while first > 0 && self.classes[first - 1] == Class::Particle && self.words[first].gap == Gap::Space {
                first -= 1;
            }
            let start = self.words[first].start();
            let leads = leads
                || dotted
                || (first < left.words.start && {
                    let head = &self.text[line.start..start];
                    !head.contains(char::is_alphanumeric) || head.trim_end().ends_with(['"', ':', '|', ';', '.', '\t'])
                });
            if turned && leads {
                let end = right.range.end;
                let words = first..right.words.end;
                found[at].range.start = start;
                found[at].range.end = end;
                found[at].words = words;
                found[at].score = found[at].score.max(0.75);
                found.remove(at + 1);
            }
            at += 1;
        }
    }

    /// `DeShawn "Trey" Robinson`, `Oluwaseun (Seun) Bamgboye`: one name with another in it.
    pub(super) fn nicknamed(&self, found: &mut Vec<Candidate>) {
        let gap = |a: &Candidate, b: &Candidate| self.text.get(a.range.end..b.range.start).unwrap_or("....").to_owned();
        let mut at = 0;
        while at + 1 < found.len() {
            let between = gap(&found[at], &found[at + 1]);
            let quoted = between.len() < 40
                && between.starts_with([' '])
                && between.ends_with([' '])
                && between.trim().chars().next().is_some_and(|c| matches!(c, '"' | '“' | '„' | '«' | '(' | '‘' | '\''))
                && between
                    .trim()
                    .chars()
                    .next_back()
                    .is_some_and(|c| matches!(c, '"' | '”' | '“' | '»' | ')' | '’' | '\''))
                && between
                    .trim_matches(|c: char| !c.is_alphanumeric())
                    .chars()
                    .all(|c| c.is_alphabetic() || matches!(c, '-' | '.'))
                && between.chars().any(char::is_uppercase);
            let (end, words) = (found[at + 1].range.end, found[at].words.start..found[at + 1].words.end);
            let whole = base(&self.units(words.start, words.end), 0, false);
            let best = found[at].score.max(found[at + 1].score).max(whole);
            if quoted && best >= 0.5 {
                let score = best + 0.15;
                found[at].range.end = end;
                found[at].words = words;
                found[at].score = score;
                found.remove(at + 1);
            }
            at += 1;
        }
        // `T. J. "Moose" Lachance`: initials are nobody alone.
        for candidate in found.iter_mut() {
            let head = &self.text[..candidate.range.start];
            let Some(inner) =
                head.strip_suffix(['"', '”', '’', '»', ' ']).map(|head| head.trim_end_matches(['"', '”', '’', '»']))
            else {
                continue;
            };
            if inner.len() + 2 > head.len() {
                continue;
            }
            let nick = inner.len() - inner.bytes().rev().take(18).take_while(|byte| byte.is_ascii_alphabetic()).count();
            let Some(opened) = inner[..nick].strip_suffix(['"', '“', '‘', '«']).filter(|_| nick < inner.len())
            else {
                continue;
            };
            let length = super::widen::initials_before(opened);
            if length > 0 {
                candidate.range.start = opened.len() - length;
                candidate.score = candidate.score.max(0.75);
            }
        }
        // `Guadalupe Salas Orozco ("Lupita")`.
        for at in 1..found.len() {
            let between = gap(&found[at - 1], &found[at]);
            let close = self.text[found[at].range.end..].starts_with(['"', '”', '“', '»', '’']);
            if found[at - 1].score >= 0.5
                && close
                && matches!(between.as_str(), " (\"" | " (“" | " \"" | " “" | " («" | " («\u{a0}" | "\n\"" | " („")
            {
                found[at].score = found[at].score.max(0.6);
            }
        }
        at = 0;
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
    pub(super) fn suffixed(&self, found: &mut Candidate) {
        const SUFFIXES: &[&str] = &["jr", "sr", "ii", "iii", "iv", "ml", "st", "filho", "neto", "junior", "júnior"];
        let Some(next) = self.words.get(found.words.end) else { return };
        let gap = self.text.get(found.range.end..next.start()).unwrap_or("....");
        let word = &self.text[next.range()];
        // `Kojo Mensah, St. Augustine's`.
        let saint = word == "St" && self.text[next.end()..].starts_with(". ");
        let fits = matches!(gap, " " | ", ") && !saint && SUFFIXES.contains(&word.to_lowercase().as_str());
        if fits && (next.capital || word == "ml" || word == "st") {
            found.range.end = next.end() + usize::from(self.text[next.end()..].starts_with('.'));
        }
    }

    /// `Priya, Grace and Tomasz`: who stands in a list with people is one.
    pub(super) fn lists(&self, found: &mut [Candidate]) {
        for _ in 0..2 {
            for at in 0..found.len() {
                if found[at].score >= 0.5 || found[at].score < 0.05 {
                    continue;
                }
                let sure = |at: usize| found.get(at).is_some_and(|found| found.score >= 0.5);
                let before = at
                    .checked_sub(1)
                    .filter(|at| sure(*at))
                    .map_or(0.0, |before| self.joint(&found[before], &found[at]));
                let behind = if sure(at + 1) { self.joint(&found[at], &found[at + 1]) } else { 0.0 };
                let joined = before.max(behind);
                if joined > 0.0 && found[at].score + joined >= 0.5 {
                    found[at].score += joined;
                    found[at].context = true;
                }
            }
        }
    }

    /// What it is worth to stand in a list with a person.
    fn joint(&self, a: &Candidate, b: &Candidate) -> f32 {
        const AND: &[&str] = &[
            "and", ", and", "&", "und", "et", "y", "e", "en", "och", "og", "i", "ve", "și", "a", "и", "і", "та", "και",
            "ja", "és", "ir", "un", "dan", "at", "na", "or", "plus", "ni", "ak", "eta",
        ];
        let gap = self.text.get(a.range.end..b.range.start).unwrap_or("....");
        if gap.len() > 24 || gap.contains('\n') {
            return 0.0;
        }
        // Ages of children stand between their names: `Zoë (12) & Lil`.
        let aged = gap.trim_start_matches([' ', ',', '(']);
        let rest = aged.trim_start_matches(|c: char| c.is_ascii_digit());
        let aged = rest.len() < aged.len() && gap.len() - rest.len() < 6;
        let rest = if aged { rest.trim_start_matches([')', ' ', ',']) } else { gap }.trim();
        if AND.contains(&rest) {
            return if aged { 0.45 } else { 0.42 };
        }
        match rest {
            "" | "," | ";" if aged => 0.45,
            "," | "/" => 0.3,
            _ => 0.0,
        }
    }
}
