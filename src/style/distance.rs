//! How far a text is from a person's own.
//!
//! Six terms, each a distance of its own: Burrows' Delta, the choice among small words, character trigrams (cosine),
//! rhythm of sentences, marks, choice of words. Each count is compared with what the person's rate makes one expect *in a text
//! of that length*, with the spread between the person's own texts, so that short texts are not far for being short.
//! How large each term is by itself depends on the length all the same. So stretches of the person's own texts, from a
//! sentence to a whole text, are measured against the person's other texts; a term counts by how it compares with
//! those of like length, and the ensemble is divided by what 95 in 100 of them stay under.

use std::collections::BTreeMap;

use super::counts::{Counts, Of, Rate};
use super::language::Language;
use super::lists;
use super::spread::quantile;
use super::text::{Sentence, Text};

/// The terms, in the order of [`Model::terms`].
pub(super) const TERMS: [&str; 6] = ["delta", "small_words", "trigrams", "rhythm", "marks", "wording"];
type Terms = [f64; TERMS.len()];

/// Counts that are marks on the page.
pub(super) const MARKS: [Rate; 13] = [
    Rate::Comma,
    Rate::Semicolon,
    Rate::Colon,
    Rate::Dash,
    Rate::Exclamation,
    Rate::Question,
    Rate::Ellipsis,
    Rate::Parenthesis,
    Rate::Quote,
    Rate::Emoji,
    Rate::Hashtag,
    Rate::LineBreak,
    Rate::Bullet,
];
/// Counts that are a choice of words.
pub(super) const WORDING: [Rate; 5] =
    [Rate::LowerStart, Rate::FirstPerson, Rate::Contraction, Rate::LongWord, Rate::Marker];

/// Nothing is further off than this many standard deviations: one odd thing is one odd thing.
const MOST: f64 = 4.0;
/// Texts fewer than this are cut into stretches that take their place.
const FEWEST_TEXTS: usize = 5;
/// Sentences of such a stretch.
const STRETCH: usize = 5;
/// Runs of so many sentences are what own texts are measured by.
const RUNS: [usize; 7] = [1, 2, 3, 5, 8, 13, 21];
/// At most about this many runs are measured.
const MOST_RUNS: usize = 3000;
/// Runs needed to say what is usual at a length.
const FEWEST_RUNS: usize = 20;
/// Room left over what was seen, over the root of how many stretches were seen.
const ROOM: f64 = 2.0;
/// First words of each class of length.
const LENGTHS: [usize; 9] = [1, 4, 8, 16, 32, 64, 128, 256, 512];

/// What a stretch of text adds up to.
#[derive(Clone, Debug, Default)]
pub(super) struct Bag {
    pub(super) words: usize,
    pub(super) sentences: usize,
    pub(super) counts: Counts,
    /// Sums over words of their length in letters and its square.
    letters: [f64; 2],
    /// Sums over sentences of the logarithm of their length in words and its square.
    lengths: [f64; 2],
    /// By place in [`Model::function`].
    function: BTreeMap<usize, u32>,
    grams: BTreeMap<[char; 3], u32>,
}

impl Bag {
    fn add(&mut self, piece: &Self, sign: f64) {
        let sum = |a: &mut [f64; 2], b: &[f64; 2]| a.iter_mut().zip(b).for_each(|(a, b)| *a += sign * b);
        sum(&mut self.letters, &piece.letters);
        sum(&mut self.lengths, &piece.lengths);
        if sign > 0.0 {
            self.words += piece.words;
            self.sentences += piece.sentences;
            self.counts.plus(&piece.counts);
            piece.function.iter().for_each(|(word, n)| *self.function.entry(*word).or_default() += n);
        } else {
            self.words -= piece.words;
            self.sentences -= piece.sentences;
            self.counts.minus(&piece.counts);
            piece.function.iter().for_each(|(word, n)| {
                if let Some(sum) = self.function.get_mut(word) {
                    *sum -= n;
                }
            });
        }
    }

    /// How often the small word at a place comes.
    pub(super) fn function(&self, at: usize) -> u32 {
        self.function.get(&at).copied().unwrap_or(0)
    }

    pub(super) fn letters_a_word(&self) -> f64 {
        self.letters[0] / self.words.max(1) as f64
    }

    fn log_length(&self) -> f64 {
        self.lengths[0] / self.sentences.max(1) as f64
    }

    fn exposure(&self, rate: Rate) -> f64 {
        self.counts.exposure(rate, self.words, self.sentences) as f64
    }
}

/// A direction in the space of trigrams, of length 1.
#[derive(Clone, Debug, Default)]
struct Direction(BTreeMap<[char; 3], f64>);

impl Direction {
    /// Square roots tame what one text says over and over.
    fn of(bag: &Bag) -> Self {
        let norm = bag.grams.values().map(|n| f64::from(*n)).sum::<f64>().sqrt().max(f64::MIN_POSITIVE);
        Self(bag.grams.iter().map(|(gram, n)| (*gram, f64::from(*n).sqrt() / norm)).collect())
    }

    fn dot(&self, other: &Self) -> f64 {
        self.0.iter().map(|(gram, weight)| weight * other.0.get(gram).copied().unwrap_or(0.0)).sum()
    }

    fn length(&self) -> f64 {
        self.0.values().map(|weight| weight * weight).sum::<f64>().sqrt()
    }
}

/// Spread of a rate between the person's own texts, beyond what chance makes of it.
#[derive(Clone, Debug, Default)]
struct Between {
    function: Vec<f64>,
    rates: BTreeMap<Rate, f64>,
    letters: f64,
    lengths: f64,
}

/// What is usual at a length.
#[derive(Clone, Debug, Default)]
struct Usual {
    log_words: f64,
    median: Terms,
    high: Terms,
    /// What 95 in 100 of the ensemble stay under.
    limit: f64,
}

/// What distances are measured by.
#[derive(Clone, Debug, Default)]
pub(super) struct Model {
    pub(super) language: Language,
    /// Small words: a list's, or the person's most frequent ones.
    pub(super) function: Vec<String>,
    pub(super) all: Bag,
    centroid: Direction,
    between: Between,
    usual: Vec<Usual>,
}

impl Model {
    pub(super) fn of(texts: &[Text], language: Language) -> Self {
        let function = function_words(texts, language);
        let mut model = Self { language, function, ..Self::default() };
        let pieces: Vec<Vec<Bag>> =
            texts.iter().map(|text| text.sentences.iter().map(|sentence| model.piece(sentence)).collect()).collect();
        let units: Vec<&[Bag]> = if texts.len() >= FEWEST_TEXTS {
            pieces.iter().map(Vec::as_slice).collect()
        } else {
            pieces.iter().flat_map(|pieces| pieces.chunks(STRETCH)).collect()
        };
        let units: Vec<&[Bag]> = units.into_iter().filter(|unit| unit.iter().any(|piece| piece.words > 0)).collect();
        let bags: Vec<Bag> = units.iter().map(|unit| model.run(unit)).collect();
        bags.iter().for_each(|bag| model.all.add(bag, 1.0));
        let directions: Vec<Direction> = bags.iter().map(Direction::of).collect();
        for direction in &directions {
            direction.0.iter().for_each(|(gram, weight)| *model.centroid.0.entry(*gram).or_default() += weight);
        }
        model.between = model.between(&bags);
        if units.len() >= 2 {
            let runs = model.own_runs(&units, &bags, &directions);
            model.usual = usual(runs);
        }
        model
    }

    /// Whether there was enough to compare the person's texts with each other.
    pub(super) const fn is_measured(&self) -> bool {
        !self.usual.is_empty()
    }

    fn piece(&self, sentence: &Sentence) -> Bag {
        let mut bag = Bag { words: sentence.words.len(), counts: sentence.counts.clone(), ..Bag::default() };
        bag.counts.language(&sentence.words, self.language);
        for word in &sentence.words {
            let letters = word.text.chars().count() as f64;
            bag.letters[0] += letters;
            bag.letters[1] += letters * letters;
            for part in word.text.split('\'') {
                if let Ok(at) = self.function.binary_search_by(|w| w.as_str().cmp(part)) {
                    *bag.function.entry(at).or_default() += 1;
                }
            }
        }
        if !sentence.words.is_empty() {
            bag.sentences = 1;
            let log = (sentence.words.len() as f64).ln();
            bag.lengths = [log, log * log];
        }
        grams(&sentence.text, &mut bag.grams);
        bag
    }

    /// Sentences put together.
    fn run(&self, pieces: &[Bag]) -> Bag {
        let mut out = Bag::default();
        for piece in pieces {
            out.add(piece, 1.0);
            piece.grams.iter().for_each(|(gram, n)| *out.grams.entry(*gram).or_default() += n);
        }
        let first = pieces.first().map_or(0, |piece| piece.counts.of(Rate::LineBreak));
        // What stands before a stretch is not in it.
        out.counts.take(Rate::LineBreak, first);
        out
    }

    /// A text put together.
    pub(super) fn bag(&self, text: &Text) -> Bag {
        self.run(&text.sentences.iter().map(|sentence| self.piece(sentence)).collect::<Vec<_>>())
    }

    fn between(&self, bags: &[Bag]) -> Between {
        // By moments: what is left of the squared differences when chance (Poisson) has had its share.
        let beyond = |count: &dyn Fn(&Bag) -> f64, exposure: &dyn Fn(&Bag) -> f64| {
            let (k, n) = bags.iter().fold((0.0, 0.0), |(k, n), bag| (k + count(bag), n + exposure(bag)));
            let rate = k / f64::max(n, 1.0);
            let off: f64 = bags.iter().map(|bag| (count(bag) - exposure(bag) * rate).powi(2)).sum();
            let weight: f64 = bags.iter().map(|bag| exposure(bag).powi(2)).sum();
            ((off - k) / f64::max(weight, 1.0)).max(0.0)
        };
        let words = |bag: &Bag| bag.words as f64;
        let function = (0..self.function.len()).map(|at| beyond(&|bag| f64::from(bag.function(at)), &words)).collect();
        let rates = MARKS.iter().chain(&WORDING);
        let rates = rates.map(|rate| (*rate, beyond(&|bag| bag.counts.of(*rate) as f64, &|bag| bag.exposure(*rate))));
        let means = |value: &dyn Fn(&Bag) -> f64, within: f64, size: &dyn Fn(&Bag) -> f64| {
            let used: Vec<&Bag> = bags.iter().filter(|bag| size(bag) > 0.0).collect();
            let n = used.len().max(1) as f64;
            let mean = used.iter().map(|bag| value(bag)).sum::<f64>() / n;
            let var = used.iter().map(|bag| (value(bag) - mean).powi(2)).sum::<f64>() / n;
            let chance = used.iter().map(|bag| within / size(bag)).sum::<f64>() / n;
            (var - chance).max(0.0)
        };
        Between {
            function,
            rates: rates.collect(),
            letters: means(&Bag::letters_a_word, within(&self.all.letters, self.all.words), &words),
            lengths: means(&Bag::log_length, within(&self.all.lengths, self.all.sentences), &|b| b.sentences as f64),
        }
    }

    /// Terms of stretches of own texts against the other texts, with their words.
    fn own_runs(&self, units: &[&[Bag]], bags: &[Bag], directions: &[Direction]) -> Vec<(usize, Terms)> {
        let expected: usize = units.iter().map(|unit| 1 + 2 * unit.len()).sum();
        let every = expected.div_ceil(MOST_RUNS).max(1);
        let mut out = Vec::new();
        let mut nth = 0;
        for ((unit, bag), own) in units.iter().zip(bags).zip(directions) {
            let mut others = self.all.clone();
            others.add(bag, -1.0);
            let rest = (self.centroid.length().powi(2) - 2.0 * self.centroid.dot(own) + 1.0).max(0.0).sqrt();
            for size in RUNS.into_iter().filter(|size| *size < unit.len()).chain([unit.len()]) {
                for run in unit.chunks_exact(size) {
                    nth += 1;
                    let run = self.run(run);
                    if nth % every != 0 || run.words == 0 {
                        continue;
                    }
                    let direction = Direction::of(&run);
                    let dot = self.centroid.dot(&direction) - own.dot(&direction);
                    let cosine = if rest > 0.0 { dot / rest } else { 0.0 };
                    out.push((run.words, self.terms(&run, &others, cosine)));
                }
            }
        }
        out
    }

    fn terms(&self, bag: &Bag, others: &Bag, cosine: f64) -> Terms {
        let words = self.function.len().max(1) as f64;
        let delta = (0..self.function.len()).map(|at| self.function_z(at, bag, others).abs()).sum::<f64>() / words;
        // Which small words are chosen where one is: their mean surprise, in nats.
        let (here, known) = [bag, others].map(|bag| bag.function.values().map(|n| f64::from(*n)).sum::<f64>()).into();
        let surprise = |at| -((f64::from(others.function(at)) + 0.5) / (known + 0.5 * words)).ln();
        let choice = bag.function.iter().map(|(at, n)| f64::from(*n) * surprise(*at)).sum::<f64>() / here.max(1.0);
        let squares = |rates: &[Rate], more: f64| {
            let sum: f64 = rates.iter().map(|rate| self.rate_z(*rate, bag, others).powi(2)).sum();
            ((sum + more) / (rates.len() + 1) as f64).sqrt()
        };
        [
            delta,
            choice,
            1.0 - cosine,
            self.length_z(bag, others).abs(),
            squares(&MARKS, 0.0),
            squares(&WORDING, self.letters_z(bag, others).powi(2)),
        ]
    }

    /// How many standard deviations a small word is more, or less, than expected.
    pub(super) fn function_z(&self, at: usize, bag: &Bag, others: &Bag) -> f64 {
        let count = |bag: &Bag| f64::from(bag.function(at));
        let between = self.between.function.get(at).copied().unwrap_or(0.0);
        // A small word is about one in 500 where nothing is known.
        z(count(bag), bag.words as f64, (count(others), others.words as f64), 0.002, 250.0, between)
    }

    /// The same for a count.
    pub(super) fn rate_z(&self, rate: Rate, bag: &Bag, others: &Bag) -> f64 {
        let between = self.between.rates.get(&rate).copied().unwrap_or(0.0);
        let (k, n) = (bag.counts.of(rate) as f64, bag.exposure(rate));
        // People use a stock word now and then, a phrase hardly; counts of sentences are small.
        let doubt = match rate {
            Rate::Marker => 500.0,
            _ if rate.of() == Of::Words => 100.0,
            _ => 10.0,
        };
        z(k, n, (others.counts.of(rate) as f64, others.exposure(rate)), rate.general(), doubt, between)
    }

    /// The same for the mean length of sentences, as logarithm.
    pub(super) fn length_z(&self, bag: &Bag, others: &Bag) -> f64 {
        let chance = within(&others.lengths, others.sentences);
        z_mean(bag.log_length() - others.log_length(), bag.sentences, chance, self.between.lengths)
    }

    /// The same for the mean length of words.
    pub(super) fn letters_z(&self, bag: &Bag, others: &Bag) -> f64 {
        let chance = within(&others.letters, others.words);
        z_mean(bag.letters_a_word() - others.letters_a_word(), bag.words, chance, self.between.letters)
    }

    /// Distance of a text and the share of each term; `None` for a text without words, or where nothing is known.
    pub(super) fn distance(&self, bag: &Bag) -> Option<(f64, Terms)> {
        if bag.words == 0 || !self.is_measured() {
            return None;
        }
        let length = self.centroid.length();
        let dot = self.centroid.dot(&Direction::of(bag));
        let terms = self.terms(bag, &self.all, if length > 0.0 { dot / length } else { 0.0 });
        let usual = at_length(&self.usual, bag.words);
        let parts = usual.parts(&terms);
        Some((ensemble(&parts) / usual.limit.max(f64::MIN_POSITIVE), parts))
    }
}

/// Terms as the ensemble takes them: 0 at what is usual and 1 at what is seldom exceeded.
impl Usual {
    fn parts(&self, terms: &Terms) -> Terms {
        std::array::from_fn(|i| {
            let width = (self.high[i] - self.median[i]).max(0.05 * self.median[i].abs()).max(1e-3);
            ((terms[i] - self.median[i]) / width).clamp(0.0, MOST)
        })
    }
}

fn ensemble(parts: &Terms) -> f64 {
    0.05 + (parts.iter().map(|part| part * part).sum::<f64>() / parts.len() as f64).sqrt()
}

/// Variance of single values from their sums.
fn within(sums: &[f64; 2], n: usize) -> f64 {
    let n = n.max(1) as f64;
    (sums[1] / n - (sums[0] / n).powi(2)).max(0.01)
}

fn z_mean(off: f64, n: usize, chance: f64, between: f64) -> f64 {
    if n == 0 { 0.0 } else { (off / (chance / n as f64 + between).sqrt()).clamp(-MOST, MOST) }
}

/// `k` of `n` against `known_k` of `known_n`, whose rate is drawn towards `prior` by `doubt` more of them: the signed
/// deviance residual of a Poisson count, which one odd mark in a short text does not carry away, narrowed by how much
/// the person's own texts differ.
fn z(k: f64, n: f64, known: (f64, f64), prior: f64, doubt: f64, between: f64) -> f64 {
    let expected = n * (known.0 + doubt * prior) / (known.1 + doubt);
    if expected <= 0.0 {
        return 0.0;
    }
    let surprise = if k > 0.0 { k * (k / expected).ln() } else { 0.0 };
    let deviance = (2.0 * (surprise - (k - expected))).max(0.0);
    let wider = 1.0 + n * n * between / expected;
    ((k - expected).signum() * (deviance / wider).sqrt()).clamp(-MOST, MOST)
}

fn function_words(texts: &[Text], language: Language) -> Vec<String> {
    /// How many of the person's own words stand in for a list.
    const OWN: usize = 100;
    if let Some(lists) = lists::words(language) {
        return lists.function.iter().map(|word| (*word).to_owned()).collect();
    }
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for word in texts.iter().flat_map(|text| &text.sentences).flat_map(|s| &s.words).filter(|word| !word.number) {
        *counts.entry(&word.text).or_default() += 1;
    }
    let mut counts: Vec<(usize, &str)> = counts.into_iter().map(|(word, n)| (n, word)).collect();
    counts.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(b.1)));
    let mut out: Vec<String> = counts.into_iter().take(OWN).map(|(_, word)| word.to_owned()).collect();
    out.sort_unstable();
    out
}

/// Trigrams of a sentence, between spaces; small letters, all digits alike.
fn grams(text: &str, out: &mut BTreeMap<[char; 3], u32>) {
    let fold = |c: char| match c {
        '’' | '‘' => '\'',
        '“' | '”' => '"',
        c if c.is_ascii_digit() => '0',
        c if c.is_whitespace() => ' ',
        c => c,
    };
    let mut last = [' ', ' '];
    for c in text.chars().flat_map(char::to_lowercase).map(fold).chain([' ']) {
        if last[1] != ' ' || last[0] != ' ' || c != ' ' {
            *out.entry([last[0], last[1], c]).or_default() += 1;
        }
        last = [last[1], c];
    }
}

/// What is usual at each length, from own runs.
fn usual(mut runs: Vec<(usize, Terms)>) -> Vec<Usual> {
    runs.sort_by(|a, b| a.0.cmp(&b.0).then_with(|| a.1.partial_cmp(&b.1).unwrap_or(std::cmp::Ordering::Equal)));
    let class = |words: usize| LENGTHS.iter().filter(|first| words >= **first).count();
    let mut groups: Vec<Vec<(usize, Terms)>> = Vec::new();
    let mut open: Option<usize> = None;
    for run in runs {
        let (here, full) = (class(run.0), groups.last().is_none_or(|group| group.len() >= FEWEST_RUNS));
        match groups.last_mut() {
            Some(group) if !full || open == Some(here) => group.push(run),
            _ => groups.push(vec![run]),
        }
        open = Some(here);
    }
    // Too few at the end say nothing by themselves.
    if groups.len() >= 2 && groups.last().is_some_and(|group| group.len() < FEWEST_RUNS) {
        let last = groups.pop().unwrap_or_default();
        if let Some(group) = groups.last_mut() {
            group.extend(last);
        }
    }
    let mut out: Vec<Usual> = groups
        .iter()
        .map(|group| {
            let column = |i: usize| {
                let mut values: Vec<f64> = group.iter().map(|(_, terms)| terms[i]).collect();
                values.sort_by(f64::total_cmp);
                values
            };
            Usual {
                log_words: group.iter().map(|(words, _)| (*words as f64).ln()).sum::<f64>() / group.len() as f64,
                median: std::array::from_fn(|i| quantile(&column(i), 0.5)),
                high: std::array::from_fn(|i| quantile(&column(i), 0.95)),
                limit: 0.0,
            }
        })
        .collect();
    // Each run by what is usual at its own length, as every text will be.
    let limits: Vec<f64> = groups
        .iter()
        .map(|group| {
            let mut values: Vec<f64> =
                group.iter().map(|(words, terms)| ensemble(&at_length(&out, *words).parts(terms))).collect();
            values.sort_by(f64::total_cmp);
            // Few stretches have not shown how far they go.
            quantile(&values, 0.95) * (1.0 + ROOM / (values.len() as f64).sqrt())
        })
        .collect();
    out.iter_mut().zip(limits).for_each(|(usual, limit)| usual.limit = limit);
    out
}

/// What is usual at a length, between the classes on either side.
fn at_length(usual: &[Usual], words: usize) -> Usual {
    let log = (words.max(1) as f64).ln();
    let above = usual.iter().position(|usual| usual.log_words >= log).unwrap_or(usual.len());
    let (low, high) = (usual.get(above.saturating_sub(1)), usual.get(above).or(usual.last()));
    let (Some(low), Some(high)) = (low, high) else { return Usual::default() };
    let width = high.log_words - low.log_words;
    let t = if width > 0.0 { ((log - low.log_words) / width).clamp(0.0, 1.0) } else { 0.0 };
    let mix = |a: f64, b: f64| a + (b - a) * t;
    Usual {
        log_words: log,
        median: std::array::from_fn(|i| mix(low.median[i], high.median[i])),
        high: std::array::from_fn(|i| mix(low.high[i], high.high[i])),
        limit: mix(low.limit, high.limit),
    }
}
