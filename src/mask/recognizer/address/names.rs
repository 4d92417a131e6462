//! The name of a street beside its word.

use super::tokens::{Kind, Role};
use super::zone::Zone;
use crate::mask::lexicon::Flags;

impl Zone<'_> {
    /// The name of a street to the right of its word: where it ends, and how many words have capitals.
    pub(super) fn name_right(&self, at: usize, strong: bool) -> (usize, usize) {
        let mut next = at + 1;
        if matches!(self.sign(next), Some('.' | '/')) && self.tight(next) {
            next += 1;
        }
        let first = next;
        let (mut end, mut names, mut small) = (next, 0, 0);
        while next < first + 12 {
            let Some(token) = self.get(next) else { break };
            if token.gap == 2 && next > first {
                break;
            }
            match token.kind {
                Kind::Word => {
                    let month =
                        token.role.any(Role::STOP) && token.letters > 2 && !self.role(next - 1).any(Role::PARTICLE);
                    if month {
                        break;
                    }
                    if token.name_like() {
                        if names > 0
                            && token.caseless
                            && token.role.any(Role::NUMBER.or(Role::UNIT))
                            && self.unit(next).is_some()
                        {
                            break;
                        }
                        if names > 0
                            && token.role.any(Role::UNIT.or(Role::NUMBER))
                            && !token.role.any(Role::STREET)
                            && self.unit(next).is_some()
                        {
                            break;
                        }
                        names += 1;
                        if names > 6 {
                            break;
                        }
                        end = next + 1;
                    } else if token.role.any(Role::PARTICLE) || token.letters == 1 && self.tight(next) {
                    } else if strong
                        && names > 0
                        && small < 2
                        && token.letters > 3
                        && !token.flags.any(Flags::WORD)
                        && token.role == Role::NONE
                        || strong
                            && names == 0
                            && small < 1
                            && token.letters > 3
                            && !token.flags.any(Flags::WORD.or(Flags::FOREIGN))
                    {
                        small += 1;
                        if names > 0 {
                            end = next + 1;
                        }
                    } else {
                        break;
                    }
                }
                Kind::Sign('.') => {
                    let short =
                        self.tight(next) && self.get(next - 1).is_some_and(|word| word.is_word() && word.letters <= 4);
                    if !short {
                        break;
                    }
                    if self.role(next - 1).any(Role::NUMBER) {
                        break;
                    }
                }
                Kind::Sign('-' | '\'' | '’' | '‑' | '׳' | '״') if self.tight(next) || self.tight(next + 1) => {}
                Kind::Sign('"' | '„' | '“' | '”' | '«' | '»') => {
                    if names > 0 {
                        end = next + 1;
                    }
                }
                Kind::Code => {
                    // `rue du 8 Mai 1945`, `Rua 25 de Abril`.
                    let date = token.digits <= 2
                        && token.letters == 0
                        && self.get(next + 1).is_some_and(|word| word.is_word() && word.gap == 1 && word.letters > 1)
                        && (self.role(next + 1).any(Role::PARTICLE)
                            || self.role(next + 1).any(Role::STOP) && names == 0)
                        && names == 0;
                    let year = token.year(self.text) && names > 0 && self.role(next - 1).any(Role::STOP);
                    // `Straße des 17. Juni`.
                    let dotted =
                        self.sign(next + 1) == Some('.') && token.digits <= 2 && self.role(next + 2).any(Role::STOP);
                    if dotted && names == 0 {
                        next += 3;
                        names += 1;
                        end = next;
                        continue;
                    }
                    if !(date || year) {
                        break;
                    }
                    if date && self.role(next + 1).any(Role::STOP) {
                        next += 1;
                        names += 1;
                        end = next + 1;
                    }
                    if year {
                        end = next + 1;
                    }
                }
                _ => break,
            }
            next += 1;
        }
        (end, names)
    }

    /// The name of a street to the left of its word: where it begins, and how many words.
    pub(super) fn name_left(&self, at: usize) -> (usize, usize) {
        let (mut begin, mut names) = (at, 0);
        let mut next = at;
        while next > 0 && at - next < 10 {
            if self.get(next).is_some_and(|token| token.gap == 2) {
                break;
            }
            let before = next - 1;
            let Some(token) = self.get(before) else { break };
            match token.kind {
                Kind::Word => {
                    let stops = token.role.any(Role::STOP)
                        && !(token.letters <= 2 && token.capital)
                        && !token.role.any(Role::STATE)
                        || token.role.any(Role::LABEL);
                    if stops || names >= 5 {
                        break;
                    }
                    if token.name_like() {
                        // `Flat C Elm Road`: the letter belongs to the flat.
                        if names > 0
                            && token.role.any(Role::UNIT)
                            && !token.role.any(Role::STREET)
                            && self.unit(before).is_some()
                        {
                            break;
                        }
                        names += 1;
                        begin = before;
                    } else if !(token.role.any(Role::PARTICLE) && names > 0) {
                        break;
                    }
                }
                Kind::Code => {
                    let spelt = self.spelt(before);
                    let ordinal = ["st", "nd", "rd", "th", "º", "ª", "ος"].iter().any(|end| spelt.ends_with(end))
                        && token.digits <= 3;
                    if !ordinal {
                        break;
                    }
                    names += 1;
                    begin = before;
                }
                Kind::Sign('-' | '\'' | '’' | '‑') if self.tight(before) && self.tight(next) => {}
                Kind::Sign('.') => {
                    let word = before.checked_sub(1).and_then(|word| self.get(word));
                    // `3. Sok.`, `Mah. Lale Cad.`, `J. K. Road`.
                    let short = word.is_some_and(|word| word.is_word() && word.letters <= 3 && self.tight(before));
                    let ordinal =
                        word.is_some_and(|word| word.is_code() && word.digits <= 3) && self.tight(before) && names == 0;
                    if ordinal {
                        begin = before - 1;
                        names += 1;
                        break;
                    }
                    if !short {
                        break;
                    }
                }
                Kind::Sign('“' | '”' | '"' | '»' | '„' | '«') if names == 0 || self.tight(next) => {}
                _ => break,
            }
            next = before;
        }
        (begin, names)
    }
}
