//! Birthdays that are counted, and ages beside a sex.

use super::age_at;
use super::cues::Cue;
use super::prose::Reader;
use crate::mask::lexicon::Flags;
use crate::mask::recognizer::date::date_at;
use crate::mask::span::{Entity, Layer, Span};
use crate::mask::words::Gap;

/// `turned thirty-two on January 8`: the day on which an age began.
pub(super) fn birthday_behind(text: &str, end: usize, out: &mut Vec<Span>) {
    let Some(rest) = text.get(end..).and_then(|rest| rest.strip_prefix(" on ")) else { return };
    let rest = rest.strip_prefix("the ").unwrap_or(rest);
    let at = text.len() - rest.len();
    if at - end <= 8
        && let Some(date) = date_at(text, at, false).filter(|date| date.day)
    {
        out.push(Span::new(at..date.end, Entity::DateOfBirth, 0.6).by(Layer::Context, "day of an age"));
    }
}

impl Reader<'_, '_> {
    /// Whether the sentence before word `left` is about a person.
    pub(super) fn personal(&self, left: usize) -> bool {
        for back in 1..=14 {
            let Some(index) = left.checked_sub(back) else { return false };
            let word = &self.words[index];
            if self.cue(index).any(Cue::SUBJECT.or(Cue::LIFE))
                || self.flags(index).any(Flags::ROLE)
                || word.capital && self.flags(index).any(Flags::GIVEN) && !self.flags(index).any(Flags::WORD)
            {
                return true;
            }
            if matches!(word.gap, Gap::Dot)
                || word.gap == Gap::Other
                    && index
                        .checked_sub(1)
                        .and_then(|before| self.text.get(self.words[before].end()..word.start()))
                        .is_none_or(|gap| gap.contains(['\n', '.', '!', '?', '|', '•']))
            {
                return false;
            }
        }
        false
    }

    /// `my 40th birthday`, `zu seinem 50. Geburtstag`.
    pub(super) fn birthday(&self, index: usize) -> Option<std::ops::Range<usize>> {
        let word = &self.words[index];
        let head = self.text.get(..word.start())?;
        let end = head.trim_end_matches([' ', '-', '\u{a0}']).len();
        if word.start() - end > 2 || end == word.start() {
            return None;
        }
        // `40th`, `50.`, `40º`.
        let ordinal = |c: char| c.is_ascii_lowercase() || matches!(c, '.' | 'º' | 'ª' | '°');
        let number = head[..end].trim_end_matches(ordinal);
        if number.len() + 4 < end {
            return None;
        }
        let begin = number.trim_end_matches(|c: char| c.is_ascii_digit()).len();
        let value: u32 = number.get(begin..).filter(|digits| digits.len() <= 3)?.parse().ok()?;
        let owner = self.words[..index].iter().rposition(|word| word.end() <= begin)?;
        let gap = self.text.get(self.words[owner].end()..begin)?;
        let possessive = &self.text[self.words[owner].range()] == "s" && self.person_at(owner.checked_sub(1));
        let whose = self.cue(owner).any(Cue::OWNER) || self.person_at(Some(owner)) || possessive;
        (gap.trim().is_empty() && gap.len() <= 2 && (1..=110).contains(&value) && whose).then_some(begin..number.len())
    }

    /// `29/F`, `F/29`, `(34F)`, `34M,` behind a pronoun or at the start of a line.
    pub(super) fn sex(&self, index: usize) -> Option<std::ops::Range<usize>> {
        let word = &self.words[index];
        let bytes = self.text.as_bytes();
        let (start, end) = (word.start(), word.end());
        if start > 0
            && bytes[start - 1] == b'('
            && let Some(range) = self.behind_sex(index)
        {
            return Some(range);
        }
        if !matches!(word.first, 'm' | 'f') {
            return None;
        }
        let follows = bytes.get(end).copied().unwrap_or(b'\n');
        let slash = start > 0 && bytes[start - 1] == b'/';
        // `36 / m / Porto`.
        let spaced = self.text[..start].ends_with(" / ") && self.text[end..].starts_with(" / ");
        let slash = slash || spaced;
        let digits_end = if spaced {
            start - 3
        } else if slash {
            start - 1
        } else {
            start
        };
        let follows = if spaced { b'/' } else { follows };
        let begin =
            digits_end - bytes[..digits_end].iter().rev().take(3).take_while(|byte| byte.is_ascii_digit()).count();
        if digits_end - begin == 2 {
            let value: u32 = self.text[begin..digits_end].parse().ok()?;
            let before = if begin == 0 { b'\n' } else { bytes[begin - 1] };
            let closed = matches!(follows, b'/' | b')' | b',' | b'\n' | b'.' | b' ' | b'|' | b'\r');
            // `29/F, Tower 2` is a floor; `16M tokens` a quantity.
            let opened = match before {
                b'(' => !slash && (follows == b')' || follows == b',') || slash && matches!(follows, b')' | b'/'),
                b'\n' => slash && follows == b'/' || !slash && follows == b',' || follows == b'\n' && slash,
                b':' => slash && matches!(follows, b'/' | b'\n' | b')'),
                b' ' => slash && follows == b'/',
                _ => false,
            };
            let opened = opened || !slash && value >= 16 && word.coded && self.glued_sex(index, begin);
            return ((14..=99).contains(&value) && closed && opened && (slash || word.coded))
                .then_some(begin..digits_end);
        }
        // `F/29/Manila`, `M/34`.
        if follows == b'/' && bytes.get(end + 1).is_some_and(u8::is_ascii_digit) {
            let to = age_at(self.text, end + 1, 14).or_else(|| {
                // `M/34/Lagos`.
                let to = end + 3;
                (bytes.get(to) == Some(&b'/') && bytes[end + 1..to].iter().all(u8::is_ascii_digit)).then_some(to)
            })?;
            let before = if start == 0 { b'\n' } else { bytes[start - 1] };
            return (to == end + 3
                && matches!(before, b'\n' | b' ' | b'(' | b':')
                && !bytes.get(to).is_some_and(u8::is_ascii_alphanumeric))
            .then_some(end + 1..to);
        }
        None
    }
}
