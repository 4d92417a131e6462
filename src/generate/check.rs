//! What a row has to hold up to alone: form, evidence, facts, voice, tone. No model is asked.

use std::ops::Range;

use super::Job;
use super::ask::Sound;
use crate::prompt::Passage;
use crate::row::shape::{self, Voice};
use crate::row::{
    Arithmetic, Content, Preference, Qa, Reject, Side, Sides, What, derive_key, hidden_context, locate, normalise,
    unsupported, validate,
};
use crate::style::Tone;

/// The longer side of a pair has at most this many times the tokens of the shorter one. Beyond it a student learns
/// length instead of tone (Park et al. 2024, arXiv:2403.19159).
const LENGTH_RATIO: f64 = 1.5;
/// How far from the author's profile an imitation may be. At 1.0 one in twenty of their own texts is outside.
const FAR: f64 = 1.25;
/// Below this many tokens on either side, ratios say nothing.
const SHORT: u32 = 12;
/// A thought with fewer tokens is a remark.
const LEAST_THOUGHT: u32 = 12;

/// Checks a row; the content that comes back with a fault is the one that was given.
///
/// Evidence is put as it stands in the passage, and an answer's key is found where the teacher left it out.
#[expect(clippy::result_large_err, reason = "the row goes back to whoever asks for it to be shortened")]
pub(super) fn check(job: &Job<'_>, passage: &Passage, content: Content) -> Result<Sound, (Reject, Content)> {
    let (mended, sides) = mended(job, &content, passage);
    let tokens = match validate(&mended, passage.text(), job.counter, job.settings.cap) {
        Ok(tokens) => Ok(tokens),
        // The other faults come first: a bad row is not worth a turn that shortens it.
        Err(reject @ Reject::TooLong { .. }) => Err(reject),
        Err(reject) => return Err((reject, content)),
    };
    let checked = alone(job, passage, &mended, sides).and(tokens).and_then(|tokens| {
        in_proportion(&mended, tokens)?;
        Ok(tokens)
    });
    match checked {
        Ok(tokens) => Ok(Sound { content: mended, tokens, sides }),
        Err(reject) => Err((reject, content)),
    }
}

/// The row with its quotes as they stand in the passage, and its key found where it was missing.
fn mended(job: &Job<'_>, content: &Content, passage: &Passage) -> (Content, Option<Sides>) {
    let quoted = |quote: &str| {
        locate(quote, passage.text()).map_or_else(|| quote.to_owned(), |f| one_line(whole(passage.text(), f.range)))
    };
    match content {
        Content::Qa(row) => {
            let evidence = quoted(&row.evidence);
            let key = normalise(&row.answer_key);
            let found = !key.is_empty() && format!(" {} ", normalise(&row.response)).contains(&format!(" {key} "));
            let derived = || {
                derive_key(&row.instruction, &row.response, &evidence, passage.text())
                    .map(|r| row.response[r].to_owned())
            };
            let answer_key =
                if found { row.answer_key.clone() } else { derived().unwrap_or_else(|| row.answer_key.clone()) };
            (Content::Qa(Qa { evidence, answer_key, ..row.clone() }), None)
        }
        Content::Cot(row) => (Content::Cot(crate::row::Cot { evidence: quoted(&row.evidence), ..row.clone() }), None),
        Content::Preference(row) => {
            // The person's own words are taken as they stand, also where the teacher slipped in copying them.
            let own = locate(&row.chosen, passage.text())
                .map(|found| one_line(whole(passage.text(), found.range)))
                .filter(|own| job.own_prose.contains(&passage.id()) && !own.contains('['));
            let chosen = if own.is_some() { Side::Post } else { Side::Teacher };
            let mended = Preference {
                chosen: own.unwrap_or_else(|| row.chosen.clone()),
                evidence: quoted(&row.evidence),
                ..row.clone()
            };
            (Content::Preference(mended), Some(Sides { chosen, rejected: Side::Teacher }))
        }
    }
}

/// The stretch with the marks that open and close it.
fn whole(text: &str, range: Range<usize>) -> &str {
    let opens = |c: char| matches!(c, '"' | '“' | '‘' | '(' | '«');
    let closes = |c: char| matches!(c, '.' | '!' | '?' | '…' | '"' | '”' | '’' | ')' | '»');
    let before = text[..range.start].trim_end_matches(opens).len();
    let after = text.len() - text[range.end..].trim_start_matches(closes).len();
    &text[before..after]
}

/// The text without the line breaks of the document it is quoted from.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn alone(job: &Job<'_>, passage: &Passage, content: &Content, sides: Option<Sides>) -> Result<(), Reject> {
    let (text, heading) = (passage.text(), passage.heading());
    match content {
        Content::Qa(row) => {
            understandable("instruction", &row.instruction)?;
            understandable("paraphrase", &row.paraphrase)?;
            understandable("response", &row.response)?;
            own_voice("response", &row.response)?;
            supported("context", &row.context, &[text, heading], Arithmetic::Strict)?;
            let support = [text, heading, &row.instruction, &row.context];
            supported("response", &row.response, &support, Arithmetic::Strict)
        }
        Content::Cot(row) => {
            understandable("instruction", &row.instruction)?;
            understandable("thought", &row.thought)?;
            understandable("response", &row.response)?;
            own_voice("response", &row.response)?;
            own_voice("thought", &row.thought)?;
            if let Some(fault) = shape::thought_faults(&row.instruction, &row.thought, &row.response).first() {
                return Err(Reject::Thought { reason: fault.to_string() });
            }
            supported("thought", &row.thought, &[text, heading, &row.instruction], Arithmetic::Allowed)?;
            let support = [text, heading, &row.instruction, &row.thought];
            supported("response", &row.response, &support, Arithmetic::Allowed)
        }
        Content::Preference(row) => {
            understandable("prompt", &row.prompt)?;
            let is_own = sides.is_some_and(|s| s.chosen == Side::Post);
            if !is_own {
                understandable("chosen", &row.chosen)?;
                own_voice("chosen", &row.chosen)?;
                supported("chosen", &row.chosen, &[text, heading, &row.prompt], Arithmetic::Strict)?;
            }
            same_facts(row)?;
            in_tone(job, row, is_own)
        }
    }
}

fn understandable(field: &'static str, text: &str) -> Result<(), Reject> {
    match hidden_context(text) {
        Some(range) => Err(Reject::HiddenContext { field, words: text[range].to_owned() }),
        None => Ok(()),
    }
}

fn own_voice(field: &'static str, text: &str) -> Result<(), Reject> {
    let reason = match shape::voice(text) {
        Voice::FirstPerson | Voice::Neutral => return Ok(()),
        Voice::ThirdPersonSelf => "it speaks about the person",
        Voice::Assistant => "an assistant speaks",
    };
    Err(Reject::Voice { field, reason: reason.to_owned() })
}

fn supported(field: &'static str, text: &str, support: &[&str], arithmetic: Arithmetic) -> Result<(), Reject> {
    match unsupported(text, support, arithmetic).into_iter().next() {
        Some(claim) => Err(Reject::Unsupported { field, words: claim.text }),
        None => Ok(()),
    }
}

/// Both sides have the same numbers, and neither has a name that the other and the prompt lack.
fn same_facts(row: &Preference) -> Result<(), Reject> {
    let sides = [(&row.rejected, &row.chosen), (&row.chosen, &row.rejected)];
    for (n, (one, other)) in sides.into_iter().enumerate() {
        let claims = unsupported(one, &[other, &row.prompt], Arithmetic::Strict);
        // A rejected side may leave a name out; it may not bring one.
        if let Some(claim) = claims.into_iter().find(|c| n == 0 || c.what != What::Entity) {
            return Err(Reject::FactsDiffer { words: claim.text });
        }
    }
    Ok(())
}

fn in_tone(job: &Job<'_>, row: &Preference, is_own: bool) -> Result<(), Reject> {
    let Some(profile) = job.profile.filter(|p| p.is_reliable()) else { return Ok(()) };
    if is_own {
        return Ok(());
    }
    if let Tone::Outside { distance, reasons } = profile.in_tone(&row.chosen)
        && distance > FAR
    {
        let reason = reasons.first().cloned().unwrap_or_else(|| "it is far from the profile".to_owned());
        return Err(Reject::OutOfTone { reason });
    }
    if profile.distance(&row.chosen) > profile.distance(&row.rejected) {
        return Err(Reject::OutOfTone { reason: "`rejected` sounds more like this person".to_owned() });
    }
    Ok(())
}

/// What can be told from the tokens of the fields.
pub(super) fn in_proportion(content: &Content, tokens: [u32; 3]) -> Result<(), Reject> {
    match content {
        Content::Qa(_) => Ok(()),
        Content::Cot(_) if tokens[1] < LEAST_THOUGHT => {
            Err(Reject::Thought { reason: format!("it has {} tokens", tokens[1]) })
        }
        Content::Cot(_) => Ok(()),
        Content::Preference(_) => {
            let (chosen, rejected) = (tokens[1], tokens[2]);
            let (short, long) = (chosen.min(rejected), chosen.max(rejected));
            if f64::from(long) > LENGTH_RATIO * f64::from(short.max(SHORT)) {
                return Err(Reject::LengthBand { chosen, rejected });
            }
            Ok(())
        }
    }
}

/// The kind of personal data in a teacher's words: what masking would find there and the passage does not say, or a
/// value that was masked.
pub(super) fn personal_data(job: &Job<'_>, passage: &str, text: &str) -> Option<String> {
    if job.forbidden.finds(text) {
        return Some("a masked value".to_owned());
    }
    let found = job.masker.detect_beside(text, job.surrogates);
    found
        .into_iter()
        .find(|span| !passage.contains(&text[span.range.clone()]))
        .map(|span| span.entity.name().to_owned())
}

/// Words of a teacher's or an endpoint's that may stand in a message.
pub(super) fn quotable(job: &Job<'_>, text: &str) -> String {
    match personal_data(job, "", text) {
        Some(entity) => format!("(words withheld: they hold {entity})"),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_keep_their_marks() {
        let text = "He said \"it works.\" Then (twice) it did! Fine.";
        let of = |words: &str| {
            let start = text.find(words).unwrap();
            whole(text, start..start + words.len())
        };
        assert_eq!(of("it works"), "\"it works.\"");
        assert_eq!(of("twice"), "(twice)");
        assert_eq!(of("Then (twice) it did"), "Then (twice) it did!");
        assert_eq!(of("He said"), "He said");
    }
}
