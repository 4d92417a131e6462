//! The profile as one JSON object. Names are stable.

use serde_json::{Map, Value, json};

use super::{Compared, Shown};
use crate::style::{Habit, LENGTH_CLASSES, MARKERS_VERSION, Profile, RELIABLE_TEXTS, RELIABLE_WORDS, Rate, Spread};

pub(super) fn render(shown: &Shown<'_>) -> String {
    let Shown { profile, own, prompt, compared } = shown;
    let sources: Vec<Value> = own
        .documents
        .iter()
        .map(|document| {
            json!({
                "name": document.name,
                "genre": document.verdict.genre.name(),
                "prose_score": round(document.verdict.score),
                "texts": document.texts,
            })
        })
        .collect();
    let mut out = json!({
        "reliable": profile.is_reliable(),
        "reliable_from": { "texts": RELIABLE_TEXTS, "words": RELIABLE_WORDS },
        "language": profile.language.name(),
        "texts": profile.texts,
        "words": profile.words,
        "sentences": profile.sentences,
        "sentence_words": spread(&profile.sentence_words),
        "sentence_lengths": lengths(profile),
        "paragraph_words": spread(&profile.paragraph_words),
        "text_words": spread(&profile.text_words),
        "letters_per_word": round(profile.letters_a_word),
        "per_1000_words": rates(|rate| Some(profile.per_1000(rate))),
        "share_of_texts": rates(|rate| Some(profile.share_of_texts(rate))),
        "contracted": profile.share(Rate::Contraction).map(round),
        "hashtags_at_end": round(profile.tags_at_end),
        "curved_quotes": profile.curved_quotes.map(round),
        "final_marks": Value::Object(profile.final_marks().into_iter().map(|(name, n)| (name.to_owned(), n.into())).collect()),
        "text_openings": habits(&profile.text_openings),
        "sentence_openings": habits(&profile.sentence_openings),
        "closings": habits(&profile.closings),
        "last_sentences": habits(&profile.last_sentences),
        "recurring_sentences": habits(&profile.recurring_sentences),
        "phrases": habits(&profile.phrases),
        "own_words": profile.own_words.iter().map(|own| json!({
            "word": own.word, "times": own.times, "texts": own.texts, "factor": own.factor.map(round),
        })).collect::<Vec<_>>(),
        "function_words_per_1000": Value::Object(
            profile.function_words().into_iter().map(|(word, n)| (word.to_owned(), json!(round(n)))).collect()
        ),
        "markers": {
            "list": MARKERS_VERSION,
            "found": Value::Object(profile.markers.iter().map(|(name, n)| ((*name).to_owned(), (*n).into())).collect()),
        },
        "prompt": prompt,
        "sources": sources,
    });
    if !compared.is_empty()
        && let Some(object) = out.as_object_mut()
    {
        object.insert("compared".to_owned(), compared.iter().map(comparison).collect());
    }
    format!("{out:#}\n")
}

/// Three digits behind the point say all there is to say.
fn round(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}

fn spread(spread: &Spread) -> Value {
    json!({
        "count": spread.count,
        "mean": round(spread.mean),
        "sd": round(spread.sd),
        "p10": round(spread.p10),
        "p25": round(spread.p25),
        "median": round(spread.median),
        "p75": round(spread.p75),
        "p90": round(spread.p90),
        "max": round(spread.max),
    })
}

fn lengths(profile: &Profile) -> Value {
    LENGTH_CLASSES
        .iter()
        .zip(profile.sentence_lengths)
        .map(|((first, last), n)| json!({ "from": first, "to": (*last < usize::MAX).then_some(last), "sentences": n }))
        .collect()
}

fn rates(value: impl Fn(Rate) -> Option<f64>) -> Value {
    let pairs = Rate::ALL.into_iter().filter_map(|rate| Some((rate.name().to_owned(), json!(round(value(rate)?)))));
    Value::Object(pairs.collect::<Map<_, _>>())
}

fn habits(habits: &[Habit]) -> Value {
    let one = |habit: &Habit| json!({ "words": habit.words, "times": habit.times, "texts": habit.texts, "share": round(habit.share) });
    habits.iter().map(one).collect()
}

fn comparison(compared: &Compared) -> Value {
    json!({
        "name": compared.name,
        "words": compared.words,
        "distance": round(compared.tone.distance()),
        "in_tone": compared.tone.is_inside(),
        "reasons": compared.tone.reasons(),
        "terms": Value::Object(compared.terms.iter().map(|(name, n)| ((*name).to_owned(), json!(round(*n)))).collect()),
        "markers": compared.markers.iter().map(|marker| json!({
            "name": marker.name, "tier": marker.tier.number(), "start": marker.span.start, "end": marker.span.end,
        })).collect::<Vec<_>>(),
    })
}
