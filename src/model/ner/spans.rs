//! Labels of tokens to spans of words.

use super::Vote;
use super::labels::Tag;
use super::windows::{Token, goes_on};
use crate::mask::{Entity, Layer, Span};

/// A value while its words are read.
struct Open {
    entity: Entity,
    base: usize,
    start: usize,
    end: usize,
    scores: f32,
    words: f32,
    ended: bool,
}

/// Values of at least `threshold`, in order. `votes` has one entry for each of `tokens`.
///
/// The score is the mean over words, as in transformers.
pub(super) fn spans(text: &str, tokens: &[Token], votes: &[Vote], tags: &[Tag], threshold: f32) -> Vec<Span> {
    let mut closed: Vec<Open> = Vec::new();
    let mut open: Option<Open> = None;
    let mut before: Option<&Token> = None;
    for (token, vote) in tokens.iter().zip(votes) {
        if token.start == token.end {
            continue;
        }
        if before.is_some_and(|before| goes_on(text, before, token)) {
            // The first piece has spoken for the word.
            if let Some(open) = open.as_mut().filter(|open| before.is_some_and(|before| open.end == before.end)) {
                open.end = token.end;
            }
            before = Some(token);
            continue;
        }
        before = Some(token);
        let Some((tag, entity)) = tags.get(vote.label).and_then(|tag| Some((tag, tag.entity?))) else {
            closed.extend(open.take());
            continue;
        };
        match open.as_mut().filter(|open| open.takes(text, token, tag, entity)) {
            Some(open) => {
                open.end = token.end;
                open.base = tag.base;
                open.scores += vote.score;
                open.words += 1.0;
                open.ended = tag.ends;
            }
            None => {
                closed.extend(open.replace(Open {
                    entity,
                    base: tag.base,
                    start: token.start,
                    end: token.end,
                    scores: vote.score,
                    words: 1.0,
                    ended: tag.ends,
                }));
            }
        }
    }
    closed.extend(open);
    glue(text, closed).into_iter().filter_map(|value| value.finish(text, threshold)).collect()
}

impl Open {
    /// Whether the next word belongs to the value.
    fn takes(&self, text: &str, token: &Token, tag: &Tag, entity: Entity) -> bool {
        let gap = text.get(self.end..token.start).unwrap_or_default();
        if self.entity != entity || gap.matches('\n').count() > 1 {
            return false;
        }
        if self.base == tag.base {
            return !tag.begins && !self.ended;
        }
        // A given name and a surname are one name, a street and a code one address, whatever begins anew.
        match entity {
            Entity::Person => !gap.contains('\n'),
            Entity::Address => true,
            _ => false,
        }
    }

    fn finish(self, text: &str, threshold: f32) -> Option<Span> {
        let score = self.scores / self.words;
        let value = text.get(self.start..self.end)?;
        // A piece may hold signs beside the letters of a name.
        let sign = |c: char| match self.entity {
            Entity::Person => !c.is_alphanumeric() && !unicode_normalization::char::is_combining_mark(c),
            _ => c.is_whitespace(),
        };
        let start = self.start + (value.len() - value.trim_start_matches(sign).len());
        let end = start + value.trim_matches(sign).len();
        (score >= threshold && start < end)
            .then(|| Span::new(start..end, self.entity, score).by(Layer::Model, "tagged by the name model"))
    }
}

/// `Anne` and `Marie` in `Anne-Marie`, `O` and `Neill` in `O'Neill`: what one sign alone parts is one name.
fn glue(text: &str, values: Vec<Open>) -> Vec<Open> {
    let mut glued: Vec<Open> = Vec::new();
    for value in values {
        match glued.last_mut() {
            Some(last)
                if last.entity == Entity::Person
                    && value.entity == Entity::Person
                    && matches!(
                        text.get(last.end..value.start),
                        Some("" | "'" | "’" | "-" | "\u{2010}" | "\u{2011}")
                    ) =>
            {
                last.end = value.end;
                last.scores += value.scores;
                last.words += value.words;
            }
            _ => glued.push(value),
        }
    }
    glued
}

#[cfg(test)]
mod tests {
    use super::super::labels::tags;
    use super::*;

    /// Words and signs, each with a label.
    fn read(text: &str, labels: &[&str], of: &str) -> Vec<(Entity, String)> {
        let mut tokens: Vec<Token> = Vec::new();
        for (start, c) in text.char_indices().filter(|(_, c)| !c.is_whitespace()) {
            let end = start + c.len_utf8();
            match tokens.last_mut() {
                Some(last) if last.end == start && goes_on(text, last, &Token { id: 0, start, end }) => last.end = end,
                _ => tokens.push(Token { id: 0, start, end }),
            }
        }
        let all: Vec<String> = labels.iter().map(|label| (*label).to_owned()).collect();
        let votes: Vec<Vote> = of
            .split_whitespace()
            .map(|label| Vote { label: labels.iter().position(|known| *known == label).expect("a label"), score: 0.9 })
            .collect();
        assert_eq!(votes.len(), tokens.len(), "{text}");
        let found = spans(text, &tokens, &votes, &tags(&all), 0.5);
        found.into_iter().map(|span| (span.entity, text[span.range].to_owned())).collect()
    }

    fn people(text: &str, labels: &[&str], of: &str) -> Vec<String> {
        let found = read(text, labels, of);
        assert!(found.iter().all(|(entity, _)| *entity == Entity::Person), "{found:?}");
        found.into_iter().map(|(_, value)| value).collect()
    }

    #[test]
    fn words_become_names() {
        let bio = ["O", "B-PER", "I-PER", "B-LOC", "I-LOC"];
        assert_eq!(people("ana bel met cy in ulm", &bio, "B-PER I-PER O B-PER O B-LOC"), ["ana bel", "cy"]);
        assert_eq!(people("ana bel cy", &bio, "B-PER B-PER I-PER"), ["ana", "bel cy"]);
        assert_eq!(people("ana bel", &bio, "I-PER I-PER"), ["ana bel"]);
        assert_eq!(people("ana\n\nbel", &bio, "B-PER I-PER"), ["ana", "bel"]);
        assert_eq!(people("ana-bel o'neil", &bio, "B-PER O B-PER B-PER I-PER I-PER"), ["ana-bel", "o'neil"]);
        assert_eq!(people("(ana)", &bio, "B-PER I-PER I-PER"), ["ana"]);
        let bioes = ["O", "B-PER", "I-PER", "E-PER", "S-PER"];
        assert_eq!(
            people("ana i bel cy di ef", &bioes, "B-PER I-PER E-PER S-PER B-PER E-PER"),
            ["ana i bel", "cy", "di ef"]
        );
        assert_eq!(
            people("ana bel , cy", &["O", "private_person"], "private_person private_person O private_person"),
            ["ana bel", "cy"]
        );
    }

    #[test]
    fn parts_of_names_and_addresses_are_joined() {
        let labels = ["O", "B-FIRSTNAME", "B-LASTNAME", "B-STREET", "I-STREET", "B-ZIPCODE", "B-EMAIL"];
        assert_eq!(people("ana bel", &labels, "B-FIRSTNAME B-LASTNAME"), ["ana bel"]);
        assert_eq!(people("ana\nbel", &labels, "B-FIRSTNAME B-LASTNAME"), ["ana", "bel"]);
        assert_eq!(
            read("12 ox road, 1020 ana", &labels, "B-STREET I-STREET I-STREET O B-ZIPCODE B-FIRSTNAME"),
            [
                (Entity::Address, "12 ox road".to_owned()),
                (Entity::Address, "1020".to_owned()),
                (Entity::Person, "ana".to_owned())
            ]
        );
    }

    #[test]
    fn a_mean_below_the_threshold_is_dropped() {
        let token = |start, end| Token { id: 0, start, end };
        let (tokens, tags) = ([token(0, 3), token(4, 7)], tags(&["O".to_owned(), "PER".to_owned()]));
        let votes = |a, b| [Vote { label: 1, score: a }, Vote { label: 1, score: b }];
        assert_eq!(spans("ana bel", &tokens, &votes(0.9, 0.3), &tags, 0.5).len(), 1);
        assert_eq!(spans("ana bel", &tokens, &votes(0.6, 0.3), &tags, 0.5).len(), 0);
    }
}
