//! How a person writes, measured without a model.
//!
//! [`Profile::measure`] takes the person's own masked texts and counts: sentences, marks, openings and closings, small
//! words, words of their own. [`Profile::distance`] says how far a text is from that, where 1.0 is the distance that 95
//! of 100 stretches of the person's own texts stay under when each is compared with the others; [`Profile::in_tone`]
//! says why. [`Profile::for_prompt`] is the profile in a few true sentences for a teacher.
//!
//! [`markers`] counts the wording of stock language models, [`genre`] tells prose from lists of facts, [`cue_balance`]
//! finds what alone tells the two sides of preference pairs apart.
//!
//! Everything here is pure, knows nothing of documents and vaults, and leaves placeholders such as `[PERSON_1]` out of
//! every count. Distances follow Burrows' Delta (J. Burrows, 2002) for small words and the cosine of character
//! trigrams; both are made aware of how short a text is.

mod counts;
mod cues;
mod describe;
mod distance;
mod genre;
mod habits;
mod language;
mod lists;
mod markers;
mod profile;
mod spread;
mod text;
mod tone;

pub use counts::Rate;
pub use cues::{Cue, TELLING, cue_balance};
pub use genre::{Genre, Part, PartKind, Source, Verdict, genre, texts_of};
pub use habits::{Habit, OwnWord};
pub use language::Language;
pub use markers::{MARKERS_VERSION, Marker, Tier, density, markers, phrases};
pub use profile::{LENGTH_CLASSES, Profile, RELIABLE_TEXTS, RELIABLE_WORDS};
pub use spread::Spread;
pub(crate) use text::sentences;
pub use tone::Tone;

#[cfg(test)]
mod tests;
