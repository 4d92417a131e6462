//! What is known of one kind of number.

use crate::mask::span::Entity;

/// One kind of number.
pub(super) struct Rule {
    pub(super) entity: Entity,
    pub(super) name: &'static str,
    /// As [`shape`] reads them.
    pub(super) shapes: &'static [&'static str],
    /// Words that stand before such a number.
    labels: &'static [&'static str],
    /// More of them, as a text with `|` between.
    words: &'static str,
    /// Whether a number of that shape, without separators and in capitals, can be one.
    pub(super) check: fn(&[u8]) -> bool,
    /// Whether `check` rules out most numbers. A label may then stand anywhere before on the line, and the number
    /// needs none where it is all there is.
    pub(super) checked: bool,
    /// How sure it is without a label, where shape and check leave hardly anything else.
    pub(super) alone: Option<f32>,
    /// Whether digits in one piece are enough where they are all there is: the check leaves few of them.
    pub(super) plain: bool,
    /// Whether a number that fails the check is none even beside a label.
    pub(super) strict: bool,
    /// Whether a number of any shape is one beside a label.
    pub(super) open: bool,
}

impl Rule {
    /// A number with check digits or a date in it.
    pub(super) const fn checked(
        entity: Entity,
        name: &'static str,
        shapes: &'static [&'static str],
        labels: &'static [&'static str],
        check: fn(&[u8]) -> bool,
    ) -> Self {
        Self {
            entity,
            name,
            shapes,
            labels,
            words: "",
            check,
            checked: true,
            alone: None,
            plain: false,
            strict: false,
            open: false,
        }
    }

    /// A number that only its label tells.
    pub(super) const fn labelled(
        entity: Entity,
        name: &'static str,
        shapes: &'static [&'static str],
        labels: &'static [&'static str],
    ) -> Self {
        Self {
            entity,
            name,
            shapes,
            labels,
            words: "",
            check: super::check::any,
            checked: false,
            alone: None,
            plain: false,
            strict: true,
            open: false,
        }
    }

    /// Any number beside one of `words`.
    pub(super) const fn open(entity: Entity, name: &'static str, words: &'static str) -> Self {
        Self { open: true, words, ..Self::labelled(entity, name, &[], &[]) }
    }

    /// Every label.
    pub(super) fn labels(&self) -> impl Iterator<Item = &'static str> {
        let words = self.words.split(['|', '\n']).map(str::trim).filter(|word| !word.is_empty());
        self.labels.iter().copied().chain(words)
    }

    pub(super) const fn alone(self, score: f32) -> Self {
        Self { alone: Some(score), ..self }
    }

    pub(super) const fn plain(self) -> Self {
        Self { plain: true, ..self }
    }

    pub(super) const fn strict(self) -> Self {
        Self { strict: true, ..self }
    }
}
