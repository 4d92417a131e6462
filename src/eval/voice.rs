//! How near a student's answers are to the author's own texts.

use super::figure::{Figure, Figures};
use super::overlap::distinct;
use super::tell::told_apart;
use crate::style::Profile;

/// Style of answers to held-out prompts; each comes with the author's own answer to the same prompt.
///
/// `profile` is measured from texts of the author that are none of these; without it, or where it is of too little
/// text to know a distance, there is no distance.
pub(super) fn style(pairs: &[(&str, &str)], profile: Option<&Profile>, seed: u64, into: &mut Figures) {
    let said: Vec<&str> = pairs.iter().map(|(said, _)| *said).filter(|said| !said.trim().is_empty()).collect();
    if let Some(profile) = profile {
        distances(&said, profile, into);
    }
    put(into, "told_apart", told_apart(pairs, seed));
}

fn distances(texts: &[&str], profile: &Profile, into: &mut Figures) {
    let measured: Vec<_> = texts.iter().map(|text| profile.terms(text)).collect();
    if measured.iter().all(Vec::is_empty) {
        return;
    }
    let whole: Vec<f64> = texts.iter().map(|text| profile.distance(text)).collect();
    put(into, "style_distance", Figure::mean(&whole));
    for (name, term) in [("trigram_distance", "trigrams"), ("small_word_distance", "delta")] {
        let of = |terms: &Vec<(&str, f64)>| terms.iter().find(|(known, _)| *known == term).map(|(_, value)| *value);
        put(into, name, Figure::mean(&measured.iter().filter_map(of).collect::<Vec<_>>()));
    }
}

/// What can be said of the author's own answers: what the figures of a student's answers are to be read against.
pub(super) fn author(texts: &[&str], profile: Option<&Profile>) -> Figures {
    let mut figures = Figures::new();
    if let Some(profile) = profile {
        distances(texts, profile, &mut figures);
    }
    put(&mut figures, "distinct_1", distinct(texts, 1));
    put(&mut figures, "distinct_2", distinct(texts, 2));
    figures
}

pub(super) fn put(into: &mut Figures, name: &str, figure: Option<Figure>) {
    into.extend(figure.map(|figure| (name.to_owned(), figure)));
}
