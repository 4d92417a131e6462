//! Whether a text is in a person's tone, and why not.

use super::counts::Rate;
use super::distance::{Bag, MARKS, WORDING};
use super::markers::phrases;
use super::profile::Profile;
use super::text::{End, cut};

/// Whether a text is within a person's tone.
#[derive(Clone, Debug, PartialEq)]
pub enum Tone {
    /// It is as near as the person's own texts are to each other.
    Inside {
        /// [`Profile::distance`], at most 1.
        distance: f64,
    },
    /// It is not.
    Outside {
        /// [`Profile::distance`], above 1.
        distance: f64,
        /// Why, in words, the strongest reason first; never empty.
        reasons: Vec<String>,
    },
}

impl Tone {
    /// Whether it is inside.
    #[must_use]
    pub const fn is_inside(&self) -> bool {
        matches!(self, Self::Inside { .. })
    }

    /// The distance.
    #[must_use]
    pub const fn distance(&self) -> f64 {
        match self {
            Self::Inside { distance } | Self::Outside { distance, .. } => *distance,
        }
    }

    /// The reasons; none inside.
    #[must_use]
    pub fn reasons(&self) -> &[String] {
        match self {
            Self::Inside { .. } => &[],
            Self::Outside { reasons, .. } => reasons,
        }
    }
}

/// Reasons given.
const MOST: usize = 4;
/// A count this many standard deviations off is a reason.
const ODD: f64 = 1.8;

pub(super) fn judge(profile: &Profile, text: &str) -> Tone {
    let cut = cut(text);
    let bag = profile.model.bag(&cut);
    let Some((distance, terms)) = profile.model.distance(&bag) else { return Tone::Inside { distance: 0.0 } };
    if distance <= 1.0 {
        return Tone::Inside { distance };
    }
    let mut reasons: Vec<(f64, String)> = Vec::new();
    let off = profile.model.length_z(&bag, &profile.model.all);
    if off.abs() >= ODD {
        reasons.push((off.abs(), length(profile, &bag)));
    }
    let off = profile.model.letters_z(&bag, &profile.model.all);
    if off.abs() >= ODD {
        let (here, usual) = (bag.letters_a_word(), profile.letters_a_word);
        let longer = if off > 0.0 { "longer" } else { "shorter" };
        reasons.push((off.abs(), format!("{longer} words: {here:.1} letters on average where yours have {usual:.1}")));
    }
    for rate in MARKS.into_iter().chain(WORDING) {
        let off = profile.model.rate_z(rate, &bag, &profile.model.all);
        if off.abs() >= ODD
            && let Some(reason) = count(profile, &bag, rate, off, text)
        {
            reasons.push((off.abs(), reason));
        }
    }
    if let Some(reason) = last_mark(profile, cut.sentences.last().map_or(End::Bare, |s| s.end)) {
        reasons.push((ODD, reason));
    }
    if terms[0].max(terms[1]) >= 1.0
        && let Some(reason) = small_words(profile, &bag)
    {
        reasons.push((terms[0].max(terms[1]), reason));
    }
    reasons.sort_by(|a, b| b.0.total_cmp(&a.0));
    let mut reasons: Vec<String> = reasons.into_iter().take(MOST).map(|(_, reason)| reason).collect();
    if reasons.is_empty() {
        let strongest = terms.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1)).map_or(2, |(i, _)| i);
        reasons.push(
            match strongest {
                0 | 1 => "small words are used otherwise than in your texts",
                3 => "the lengths of its sentences are not yours",
                4 => "its punctuation as a whole is not yours",
                5 => "its choice of words as a whole is not yours",
                _ => "words and spellings are unlike those of your texts",
            }
            .to_owned(),
        );
    }
    Tone::Outside { distance, reasons }
}

fn length(profile: &Profile, bag: &Bag) -> String {
    let here = bag.words as f64 / bag.sentences.max(1) as f64;
    let usual = profile.sentence_words.mean;
    if bag.sentences == 1 {
        format!("a sentence of {here:.0} words where yours have {usual:.0}")
    } else {
        format!("sentences of {here:.0} words where yours have {usual:.0}")
    }
}

/// `3 exclamation marks; you use one in 500 words`.
fn count(profile: &Profile, bag: &Bag, rate: Rate, off: f64, text: &str) -> Option<String> {
    let here = bag.counts.of(rate);
    let (one, many) = rate.words();
    let own = profile.count(rate);
    let rhythm = |share: f64| match 1.0 / share {
        every if every < 15.0 => format!("{:.0} in 100 words", 100.0 * share),
        every => format!("one in {:.0} words", round(every)),
    };
    let share = own as f64 / profile.words.max(1) as f64;
    Some(match rate {
        Rate::Marker if off > 0.0 => {
            let mut names: Vec<&str> = phrases(text).into_iter().map(|marker| marker.name).collect();
            names.dedup();
            let shown = names.iter().take(3).map(|name| format!("“{name}”")).collect::<Vec<_>>().join(", ");
            match (shown.is_empty(), own) {
                (true, _) => return None,
                (_, 0) => format!("stock phrases, of which you use none: {shown}"),
                _ => format!("more stock phrases than you use: {shown}"),
            }
        }
        Rate::Contraction => {
            let usual = 100.0 * profile.share(rate)?;
            if off > 0.0 && own == 0 {
                "contractions such as “it's”; you write the words in full".to_owned()
            } else if off > 0.0 {
                format!("contracts where it can; you do in {usual:.0} of 100 places")
            } else {
                format!("“it is” and the like in full; you contract in {usual:.0} of 100 places")
            }
        }
        Rate::LowerStart if off > 0.0 => "sentences begin with a small letter; yours seldom do".to_owned(),
        Rate::LowerStart => "sentences begin with a capital; yours mostly do not".to_owned(),
        Rate::FirstPerson if off > 0.0 => format!("more “I” and “we”: {here} times; you have {}", rhythm(share)),
        Rate::FirstPerson => {
            format!("{} “I” or “we”; you have {}", if here == 0 { "no" } else { "hardly any" }, rhythm(share))
        }
        Rate::LongWord if off > 0.0 => {
            let percent = 100.0 * here as f64 / bag.words.max(1) as f64;
            format!("{percent:.0} % long words (8 letters or more) where you have {:.0} %", 100.0 * share)
        }
        Rate::LongWord => {
            format!("{} long words where you have {:.0} %", if here == 0 { "no" } else { "few" }, 100.0 * share)
        }
        _ if off > 0.0 && own == 0 => {
            let shown = if here == 1 { one.to_owned() } else { format!("{here} {many}") };
            let it = if here == 1 { "one" } else { "any" };
            format!("{shown}; you never use {it}")
        }
        _ if off > 0.0 => {
            let shown = if here == 1 { one.to_owned() } else { format!("{here} {many}") };
            format!("{shown}; you use {}", rhythm(share))
        }
        _ if here == 0 => format!("no {many}; you use {}", rhythm(share)),
        _ => format!("only {here} {}; you use {}", if here == 1 { strip(one) } else { many }, rhythm(share)),
    })
}

/// Without its article.
fn strip(one: &str) -> &str {
    one.split_once(' ').map_or(one, |(_, rest)| rest)
}

/// Two digits are enough.
fn round(value: f64) -> f64 {
    let scale = 10_f64.powf(value.max(1.0).log10().floor() - 1.0).max(1.0);
    (value / scale).round() * scale
}

/// Ends otherwise than nearly all own texts.
fn last_mark(profile: &Profile, end: End) -> Option<String> {
    let all: usize = profile.ends.values().sum();
    let (usual, most) = profile.ends.iter().max_by_key(|(_, n)| **n)?;
    let own = profile.ends.get(&end).copied().unwrap_or(0);
    (all >= 5 && 10 * most >= 9 * all && 50 * own <= all)
        .then(|| format!("ends with {}; your texts end with {}", end.words(), usual.words()))
}

/// The small words that are most unlike.
fn small_words(profile: &Profile, bag: &Bag) -> Option<String> {
    let model = &profile.model;
    let mut off: Vec<(f64, &str)> = model
        .function
        .iter()
        .enumerate()
        .map(|(at, word)| (model.function_z(at, bag, &model.all), word.as_str()))
        .filter(|(z, _)| z.abs() >= 1.2)
        .collect();
    off.sort_by(|a, b| b.0.abs().total_cmp(&a.0.abs()).then(a.1.cmp(b.1)));
    off.truncate(4);
    let list = |more: bool| {
        let words = off.iter().filter(|(z, _)| (*z > 0.0) == more).map(|(_, word)| format!("“{word}”"));
        words.collect::<Vec<_>>().join(", ")
    };
    let (more, fewer) = (list(true), list(false));
    match (more.is_empty(), fewer.is_empty()) {
        (true, true) => None,
        (false, true) => Some(format!("more {more} than you use")),
        (true, false) => Some(format!("less {fewer} than you use")),
        (false, false) => Some(format!("more {more} and less {fewer} than you use")),
    }
}
