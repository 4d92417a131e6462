//! The date and the place that stand behind a word for birth, to their ends.

use std::ops::Range;

use super::birth::{Cue, bit};
use super::tokens::{Kind, Role, Token};
use super::zone::{PLACES, Zone};
use crate::mask::lexicon::Flags;

impl Zone<'_> {
    /// The place that begins at `at`.
    pub(super) fn place(&self, at: usize, label: bool, sure: bool) -> Option<Range<usize>> {
        let mut end = self.place_words(at, label)?;
        let first = self.get(at)?;
        // `Doğum Yeri: Çorum Doğum Tarihi: …`: the next label is no part of it.
        if matches!(self.sign(end), Some(':' | '：' | '=')) {
            let label = (at + 1..end).find(|next| self.cue(*next) & bit(Cue::Born) != 0).unwrap_or(end - 1);
            if label <= at {
                return None;
            }
            end = label;
            while end > at + 1 && self.get(end - 1).is_some_and(|token| token.sign().is_some()) {
                end -= 1;
            }
            return Some(at..end);
        }
        // A label follows, not a place.
        if matches!(self.sign(end), Some(':' | '：' | '='))
            || !sure && first.flags.any(Flags::ORGANISATION.or(Flags::ORGANISATION_TAIL)) && !first.flags.any(PLACES)
        {
            return None;
        }
        let mut whole = end;
        // `(29)`, `(Oise)`.
        if self.sign(whole) == Some('(')
            && let Some(close) = (whole + 2..whole + 6).find(|at| self.sign(*at) == Some(')'))
        {
            let short = (whole + 1..close).all(|at| {
                self.get(at).is_some_and(|token| {
                    token.name_like() && (!token.role.any(Role::STOP) || token.shouted && token.letters == 2)
                        || token.is_code() && token.digits <= 3
                })
            });
            if short {
                whole = close + 1;
            }
        }
        // `Caruaru – PE`, `Sonsón – Antioquia`, `Tepatitlán, Jal.`, `Paris 14e`.
        whole = self.region(whole, label || sure);
        for _ in 0..2 {
            let slash = self.sign(whole) == Some('/') && self.tight(whole + 1);
            let comma =
                matches!(self.sign(whole), Some(',' | '،')) && self.get(whole + 1).is_some_and(|next| next.gap == 1);
            if !slash && !comma {
                break;
            }
            let Some(more) = self.place_words(whole + 1, label) else { break };
            let region = self.get(whole + 1).is_some_and(|word| word.flags.any(PLACES) || word.role.any(Role::STATE));
            let ended = self.get(more).is_none_or(|token| {
                !matches!(token.kind, Kind::Word | Kind::Code | Kind::Sign(':' | '：')) || token.gap == 2
            });
            let alone = label && ended && self.is_break(more);
            if !(slash && ended || region && ended || alone) {
                break;
            }
            whole = more;
        }
        // `г. Сызрань`: the word for a town before it.
        let mut from = at;
        if from >= 2
            && self.sign(from - 1) == Some('.')
            && self
                .get(from - 2)
                .is_some_and(|word| word.is_word() && word.role.any(Role::AREA) && word.letters <= 4 && !word.capital)
        {
            from -= 2;
        }
        // `Самарская обл.`
        if self.get(whole).is_some_and(|word| {
            word.is_word() && word.gap == 1 && word.role.any(Role::AREA) && !word.capital && word.letters >= 3
        }) {
            whole += 1;
            if self.sign(whole) == Some('.') && self.tight(whole) {
                whole += 1;
            }
        }
        Some(from..whole)
    }

    /// The end of a province, a district or a country behind a place that ends at `at`.
    pub(super) fn region(&self, mut at: usize, sure: bool) -> usize {
        // A quarter of a city in digits.
        if self.get(at).is_some_and(|token| {
            token.is_code() && token.gap == 1 && token.digits <= 2 && token.letters <= 3 && token.letters > 0
        }) && self.get(at + 1).is_none_or(|token| !matches!(token.kind, Kind::Word | Kind::Code) || token.gap == 2)
        {
            at += 1;
        }
        let single = |at: usize| self.get(at).is_some_and(|token| token.gap == 1);
        let dash = self.dash(at)
            && (single(at) && single(at + 1) || self.get(at + 1).is_some_and(|next| next.shouted && next.letters == 2));
        let comma =
            matches!(self.sign(at), Some(',' | '،' | '/')) && self.get(at + 1).is_some_and(|next| next.gap <= 1);
        if !(dash || comma) || self.date(at + 1).is_some() {
            return at;
        }
        let Some(end) = self.place_words(at + 1, false) else { return at };
        let Some(first) = self.get(at + 1) else { return at };
        let known = first.flags.any(PLACES);
        let dot = usize::from(
            self.sign(end) == Some('.') && self.tight(end) && self.get(end - 1).is_some_and(|word| word.letters <= 5),
        );
        let other = first.flags.any(
            Flags::GIVEN
                .or(Flags::SURNAME)
                .or(Flags::JOB)
                .or(Flags::ORGANISATION)
                .or(Flags::ORGANISATION_TAIL)
                .or(Flags::FOREIGN)
                .or(Flags::WORD),
        ) && !known
            || first.role.any(Role::STOP) && first.letters > 2
            || self.cue(at + 1) & bit(Cue::Never) != 0;
        let short = first.shouted && first.letters == 2;
        let close = self.get(end + dot).is_none_or(|token| {
            token.gap == 2
                || matches!(token.kind, Kind::Break | Kind::Sign('.' | ';' | ')' | '|' | ',' | '"' | '—' | '–' | '('))
                || token.is_word() && !token.capital && !token.caseless
        });
        let told = known || short || first.role.any(Role::STATE) || dot == 1 && first.letters <= 4;
        let fits = end - at <= 4 && close && (short || !other) && (told || sure && self.sign(end) != Some(','));
        if fits { end + dot } else { at }
    }

    /// The words of one name of a place.
    pub(super) fn place_words(&self, at: usize, label: bool) -> Option<usize> {
        let (mut next, mut end, mut names) = (at, None, 0);
        while next < at + 12 {
            let Some(token) = self.get(next) else { break };
            if token.gap == 2 && next > at {
                break;
            }
            match token.kind {
                Kind::Word => {
                    let area = token.role.any(Role::AREA)
                        && names == 0
                        && (self.sign(next + 1) == Some('.')
                            || label && (token.letters > 4 || !self.spelt(next).is_ascii()))
                        || names == 0 && token.letters == 1 && self.dash(next + 1) && self.tight(next + 1);
                    if token.caseless {
                        // `, קריית שמונה` and nothing behind it.
                        let alone = || {
                            let run = (at..at + 4).take_while(|word| {
                                self.get(*word).is_some_and(|token| token.is_word() && token.caseless)
                            });
                            self.is_break(at + run.count())
                        };
                        let most = if label || names == 1 && self.cue(next) == 0 && alone() { 3 } else { 1 };
                        if names >= most || names > 0 && self.cue(next) != 0 {
                            break;
                        }
                        names += 1;
                        end = Some(next + 1);
                    } else if names > 0
                        && token.gap == 0
                        && self.sign(next - 1).is_some_and(|sign| matches!(sign, '\'' | '’'))
                    {
                        // `Кам'янець`.
                        end = Some(next + 1);
                    } else if token.capital && !(token.role.any(Role::STOP) && token.letters > 2 && names > 0) {
                        names += 1;
                        if names > 5 {
                            break;
                        }
                        end = Some(next + 1);
                    } else if !(area
                        || names > 0
                            && token.role.any(Role::PARTICLE)
                            && (self.get(next + 1).is_some_and(|next| next.capital)
                                || self.dash(next + 1)
                                    && self.tight(next + 1)
                                    && self.get(next + 2).is_some_and(|next| next.capital)
                                || self.dash(next + 1)
                                    && self.role(next + 2).any(Role::PARTICLE)
                                    && self.dash(next + 3)
                                    && self.get(next + 4).is_some_and(|next| next.capital)
                                || self.role(next + 1).any(Role::PARTICLE)
                                    && self.get(next + 2).is_some_and(|next| next.capital)))
                    {
                        break;
                    }
                }
                Kind::Sign('-' | '\'' | '’' | '‑') if self.tight(next) && self.tight(next + 1) => {}
                Kind::Sign('.')
                    if self.tight(next)
                        && self.get(next.wrapping_sub(1)).is_some_and(|word| word.letters <= 3 && next > at) => {}
                _ => break,
            }
            next += 1;
        }
        end
    }

    /// `Berwick-upon-Tweed`, `Châlons-sur-Marne`.
    pub(super) fn hyphened(&self, at: usize) -> bool {
        let joint = |at: usize| self.dash(at) && self.tight(at) && self.tight(at + 1);
        joint(at + 1)
            && joint(at + 3)
            && self.get(at + 2).is_some_and(|small| small.is_word() && !small.capital && small.letters <= 5)
    }

    /// The token behind a date that begins at `at`; a year alone is one.
    pub(super) fn date(&self, at: usize) -> Option<usize> {
        let first = self.get(at)?;
        let month = first.is_word() && first.role.any(Role::STOP) && first.letters >= 3;
        if !first.is_code() && !month {
            return None;
        }
        if month && !(at + 1..at + 4).any(|at| self.get(at).is_some_and(Token::is_code)) {
            return None;
        }
        let (mut codes, mut words, mut year) = (0, 0, false);
        let mut next = at;
        let mut end = None;
        while next < at + 11 {
            let Some(token) = self.get(next) else { break };
            if token.gap == 2 && next > at {
                break;
            }
            match token.kind {
                Kind::Code => {
                    if token.digits > 4 || codes == 3 {
                        break;
                    }
                    codes += 1;
                    let long = token.digits == 4;
                    if year && long {
                        break;
                    }
                    year |= long;
                    if long || codes == 3 || year && codes + words >= 2 {
                        end = Some(next + 1);
                    }
                    if year && codes + words >= 3 {
                        break;
                    }
                }
                Kind::Sign('.' | '-' | '/' | '٫') if next > at => {}
                Kind::Sign(',' | '،') if next > at && !year => {}
                Kind::Word => {
                    let particle = token.letters <= 3 && token.role.any(Role::PARTICLE) && words + codes > 0 && !year;
                    if particle {
                    } else if year && codes == 1 && words == 0 && matches!(self.spelt(next), "m" | "gada" | "metų") {
                        // `1981 m. birželio 30 d.`
                    } else if words == 0
                        && codes == 1
                        && token.shouted | token.capital
                        && matches!(self.spelt(next), "I" | "V" | "X")
                    {
                        // `7.X.1981`.
                        words += 1;
                    } else if words == 0
                        && token.letters >= 2
                        && !(year && codes >= 2)
                        && (codes > 0 || month)
                        && self.cue(next) & bit(Cue::In) == 0
                    {
                        // After the year only a month goes on: `1990. május 3.`.
                        if year && !token.role.any(Role::STOP) && self.sign(next - 1).is_none_or(|sign| sign != '.') {
                            break;
                        }
                        words += 1;
                    } else {
                        break;
                    }
                }
                _ => break,
            }
            next += 1;
        }
        let mut end = end?;
        // `1983. 09. 14.`, `05.10.1986 г.`, `30.08.1978 r.`
        for _ in 0..2 {
            if self.sign(end) == Some('.') && self.tight(end) {
                end += 1;
            }
            let year =
                self.get(end).is_some_and(|word| word.is_word() && word.gap <= 1 && word.letters <= 4 && !word.capital)
                    && ["г", "r", "р", "года", "року", "р.", "роки", "عام", "m", "d", "E.C"].contains(&self.spelt(end));
            if year {
                end += 1;
            }
        }
        Some(end)
    }
}
