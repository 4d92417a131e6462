//! The profile of an author.

use std::collections::BTreeMap;

use super::counts::{Of, Rate};
use super::distance::{Model, TERMS};
use super::habits::{self, Habit, OwnWord};
use super::language::Language;
use super::markers::{Tier, phrases};
use super::spread::Spread;
use super::text::{End, Text, cut};
use super::tone::{self, Tone};

/// A profile is reliable from this many texts on.
pub const RELIABLE_TEXTS: usize = 20;
/// Or from this many words on.
pub const RELIABLE_WORDS: usize = 2000;

/// Classes of sentences by their words, first and last.
pub const LENGTH_CLASSES: [(usize, usize); 7] =
    [(1, 3), (4, 6), (7, 10), (11, 15), (16, 20), (21, 30), (31, usize::MAX)];

/// How a person writes.
///
/// Placeholders, addresses, headings, tables, code and quoted lines are in no count.
#[derive(Clone, Debug, Default)]
pub struct Profile {
    /// The language most of the words are in.
    pub language: Language,
    /// Texts with at least a word.
    pub texts: usize,
    /// Their words.
    pub words: usize,
    /// Their sentences.
    pub sentences: usize,
    /// Words of a sentence.
    pub sentence_words: Spread,
    /// Sentences of each length, by [`LENGTH_CLASSES`].
    pub sentence_lengths: [usize; LENGTH_CLASSES.len()],
    /// Words of a paragraph.
    pub paragraph_words: Spread,
    /// Words of a text.
    pub text_words: Spread,
    /// Mean length of words in letters.
    pub letters_a_word: f64,
    /// How texts begin, most frequent first.
    pub text_openings: Vec<Habit>,
    /// How sentences begin.
    pub sentence_openings: Vec<Habit>,
    /// How last lines of texts begin: sign-offs and rules.
    pub closings: Vec<Habit>,
    /// Last sentences that come back.
    pub last_sentences: Vec<Habit>,
    /// Short sentences that come back.
    pub recurring_sentences: Vec<Habit>,
    /// Phrases that come back.
    pub phrases: Vec<Habit>,
    /// Content words used far more than others use them, the most telling first.
    pub own_words: Vec<OwnWord>,
    /// Stock wording of language models that the person uses: its name and how often.
    pub markers: Vec<(&'static str, usize)>,
    /// Hashtags after the last word of their text, of all hashtags.
    pub tags_at_end: f64,
    /// Curved marks of quotation and apostrophes, of all; `None` where there are none.
    pub curved_quotes: Option<f64>,
    pub(super) ends: BTreeMap<End, usize>,
    pub(super) model: Model,
    /// Texts that use a mark, by [`Rate`].
    pub(super) used_in: BTreeMap<Rate, usize>,
}

impl Profile {
    /// Measures a person's own masked texts: posts, letters, articles. Texts without a word are left out.
    ///
    /// Time is linear in the length of the texts, but for a factor that grows with the number of different trigrams.
    #[must_use]
    pub fn measure(texts: &[&str]) -> Self {
        let pairs: Vec<(&str, Text)> =
            texts.iter().map(|text| (*text, cut(text))).filter(|(_, text)| text.words() > 0).collect();
        let markers = markers(pairs.iter().map(|(text, _)| *text));
        let texts: Vec<Text> = pairs.into_iter().map(|(_, text)| text).collect();
        let sentences = || texts.iter().flat_map(|text| &text.sentences).filter(|sentence| !sentence.words.is_empty());
        let language = Language::guess(sentences().flat_map(|s| s.words.iter().map(|word| word.text.as_str())));
        let model = Model::of(&texts, language);
        let mut sentence_lengths = [0; LENGTH_CLASSES.len()];
        for sentence in sentences() {
            let class = LENGTH_CLASSES.iter().position(|(_, last)| sentence.words.len() <= *last).unwrap_or(0);
            sentence_lengths[class] += 1;
        }
        let mut ends = BTreeMap::new();
        texts.iter().filter_map(|text| text.sentences.last()).for_each(|s| *ends.entry(s.end).or_default() += 1);
        let mut used_in = BTreeMap::new();
        for bag in texts.iter().map(|text| model.bag(text)) {
            for rate in Rate::ALL.into_iter().filter(|rate| bag.counts.of(*rate) > 0) {
                *used_in.entry(rate).or_default() += 1;
            }
        }
        let tags: usize = texts.iter().map(|text| text.tags_at_end).sum();
        let quotes = texts.iter().fold((0, 0), |sum, text| (sum.0 + text.curved.0, sum.1 + text.curved.1));
        let lengths = |values: Vec<usize>| Spread::of(values.into_iter().map(|n| n as f64).collect());
        Self {
            language,
            texts: texts.len(),
            words: model.all.words,
            sentences: model.all.sentences,
            sentence_words: lengths(sentences().map(|s| s.words.len()).collect()),
            sentence_lengths,
            paragraph_words: lengths(texts.iter().flat_map(|text| text.paragraphs.clone()).collect()),
            text_words: lengths(texts.iter().map(Text::words).collect()),
            letters_a_word: model.all.letters_a_word(),
            text_openings: habits::text_openings(&texts),
            sentence_openings: habits::sentence_openings(&texts),
            closings: habits::closings(&texts),
            last_sentences: habits::last_sentences(&texts),
            recurring_sentences: habits::sentences(&texts),
            phrases: habits::phrases(&texts, language),
            own_words: habits::own_words(&texts, language),
            markers,
            tags_at_end: tags as f64 / model.all.counts.of(Rate::Hashtag).max(1) as f64,
            curved_quotes: (quotes.1 > 0).then(|| quotes.0 as f64 / quotes.1 as f64),
            ends,
            used_in,
            model,
        }
    }

    /// Whether there was enough to go by: [`RELIABLE_TEXTS`] texts or [`RELIABLE_WORDS`] words.
    #[must_use]
    pub const fn is_reliable(&self) -> bool {
        self.texts >= RELIABLE_TEXTS || self.words >= RELIABLE_WORDS
    }

    /// How often something was counted.
    #[must_use]
    pub fn count(&self, rate: Rate) -> usize {
        self.model.all.counts.of(rate)
    }

    /// How often something comes in 1000 words; 0 where there are no words.
    #[must_use]
    pub fn per_1000(&self, rate: Rate) -> f64 {
        1000.0 * self.count(rate) as f64 / self.words.max(1) as f64
    }

    /// How often something comes out of where it could: sentences for what sentences have, contractions for what can
    /// be contracted, words for the rest. `None` where it could not.
    #[must_use]
    pub fn share(&self, rate: Rate) -> Option<f64> {
        let of = self.model.all.counts.exposure(rate, self.words, self.sentences);
        (of > 0).then(|| self.count(rate) as f64 / of as f64)
    }

    /// Share of texts that have it at all; 0 where there are no texts.
    #[must_use]
    pub fn share_of_texts(&self, rate: Rate) -> f64 {
        self.used_in.get(&rate).copied().unwrap_or(0) as f64 / self.texts.max(1) as f64
    }

    /// What texts end with (`full_stop`, `emoji`, …) and how many of them, most frequent first.
    #[must_use]
    pub fn final_marks(&self) -> Vec<(&'static str, usize)> {
        let mut out: Vec<(End, usize)> =
            End::ALL.into_iter().filter_map(|end| Some((end, *self.ends.get(&end)?))).collect();
        out.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
        out.into_iter().map(|(end, n)| (end.name(), n)).collect()
    }

    /// Small words and how often each comes in 1000 words, most frequent first.
    #[must_use]
    pub fn function_words(&self) -> Vec<(&str, f64)> {
        let rate = |at| 1000.0 * f64::from(self.model.all.function(at)) / self.words.max(1) as f64;
        let mut out: Vec<(&str, f64)> =
            self.model.function.iter().enumerate().map(|(at, word)| (word.as_str(), rate(at))).collect();
        out.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(b.0)));
        out
    }

    /// How far a text is from the person's own: at most 1.0 for 95 in 100 stretches of own text of like length, each
    /// measured against the person's other texts.
    ///
    /// 0 for a text without words and for a profile of less than two stretches, which know nothing of each other.
    #[must_use]
    pub fn distance(&self, text: &str) -> f64 {
        self.model.distance(&self.model.bag(&cut(text))).map_or(0.0, |(distance, _)| distance)
    }

    /// The terms of the distance by name, each 1.0 where 95 in 100 stretches of own text of like length stay under,
    /// and 0 at what is usual; empty where [`distance`](Self::distance) knows nothing.
    #[must_use]
    pub fn terms(&self, text: &str) -> Vec<(&'static str, f64)> {
        let found = self.model.distance(&self.model.bag(&cut(text)));
        found.map_or_else(Vec::new, |(_, terms)| TERMS.into_iter().zip(terms).collect())
    }

    /// Whether a text is within the person's tone, and where not, why not.
    ///
    /// With a profile that is not [reliable](Self::is_reliable) the answer is a guess.
    #[must_use]
    pub fn in_tone(&self, text: &str) -> Tone {
        tone::judge(self, text)
    }

    /// The profile in short true sentences for a teacher, the most distinctive first, in at most so many words.
    #[must_use]
    pub fn for_prompt(&self, max_words: usize) -> String {
        super::describe::describe(self, max_words)
    }

    /// What a rate is out of, in words: `words`, `sentences`.
    #[must_use]
    pub const fn out_of(rate: Rate) -> &'static str {
        match rate.of() {
            Of::Words => "words",
            Of::Sentences => "sentences",
            Of::Contractible => "places for a contraction",
        }
    }
}

fn markers<'t>(texts: impl Iterator<Item = &'t str>) -> Vec<(&'static str, usize)> {
    let mut found: BTreeMap<(Tier, &str), usize> = BTreeMap::new();
    for marker in texts.flat_map(phrases) {
        *found.entry((marker.tier, marker.name)).or_default() += 1;
    }
    let mut out: Vec<((Tier, &str), usize)> = found.into_iter().collect();
    out.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
    out.into_iter().map(|((_, name), n)| (name, n)).collect()
}
