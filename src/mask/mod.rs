//! Masking: a [`Document`](crate::document::Document) comes in, a [`MaskedDocument`] goes out; nothing after this
//! module sees the original.
//!
//! Detection has two halves. [`scan`] knows values by their own shape: e-mail, phone, card, secret. A [`Masker`] adds
//! names, which have no shape: those in its [`Policy`], those the documents say belong to their author, and those
//! that stand where only people stand. What was found becomes `[EMAIL_1]`, numbered by a [`Vault`].
//!
//! Everything here is pure. People nobody introduced are found by a lexicon of names and what stands around them, so
//! masking is never complete, and a thing with a first name may go with it: the person can allow and deny texts.

#![allow(clippy::nonminimal_bool, reason = "a rule reads as its clauses do, one reason each")]

mod lexicon;
mod masked;
mod masker;
mod model;
mod page;
mod person;
mod phrases;
mod policy;
mod recognizer;
mod span;
mod surrogate;
mod vault;
mod words;

#[cfg(feature = "train")]
pub(crate) use lexicon::names;
pub use masked::{Find, MaskedDocument};
pub use masker::{Detected, Masker, Policy};
pub use model::{ModelFailure, NameModel};
pub use policy::{Treatment, UnknownTreatment};
pub use span::{Entity, Layer, Span, UnknownEntity};
pub use vault::{Surrogates, Vault};

/// What can be told by shape alone: everything but names and the kinds masked on request. Sorted, never overlapping, score at least 0.5.
///
/// Placeholders are never detected, so a masked text scans clean.
#[must_use]
pub fn scan(text: &str) -> Vec<Span> {
    // What a policy masks only on request is no leak.
    shapes(text, &Entity::OPTIONAL, Vec::new())
}

/// The same for all kinds but `off`, besides what is `taken`.
fn shapes(text: &str, off: &[Entity], taken: Vec<std::ops::Range<usize>>) -> Vec<Span> {
    masker::until_stable(text, taken, |page, out| {
        for recognizer in recognizer::RECOGNIZERS {
            recognizer.find(page, out);
        }
        out.retain(|span| !off.contains(&span.entity));
    })
}

/// Whether a text holds something that masking puts in a value's place, surrogates aside.
pub(crate) fn is_mark(text: &str) -> bool {
    span::placeholders(text).next().is_some()
}

/// Whether a text is one word that is an ordinary word of some language, whatever else it may be.
pub(crate) fn is_word(text: &str) -> bool {
    use lexicon::{Flags, LEXICON};
    match words::words(text).as_slice() {
        [word] => LEXICON.word(word.hash).any(Flags::WORD.or(Flags::FOREIGN).or(Flags::PLACE).or(Flags::ORGANISATION)),
        _ => false,
    }
}

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
