//! What a person says again and again: openings, closings, sentences, phrases, words of their own.

use std::collections::{BTreeMap, BTreeSet};

use super::language::Language;
use super::lists;
use super::text::{Break, Sentence, Text, Word};

/// Words that come back.
#[derive(Clone, Debug, PartialEq)]
pub struct Habit {
    /// As the person writes them.
    pub words: String,
    /// How often they come.
    pub times: usize,
    /// In how many texts.
    pub texts: usize,
    /// Times out of the sentences or texts that were looked at.
    pub share: f64,
}

/// A content word that the person uses far more than others do.
#[derive(Clone, Debug, PartialEq)]
pub struct OwnWord {
    /// In lower case.
    pub word: String,
    /// How often it comes.
    pub times: usize,
    /// In how many texts.
    pub texts: usize,
    /// How many times as often as in general English; `None` in other languages.
    pub factor: Option<f64>,
}

/// Habits kept of each kind.
const KEPT: usize = 8;
/// The longest sentence that is a habit rather than a repetition.
const LONGEST: usize = 8;

/// Counts words by how and in how many texts they come.
#[derive(Default)]
struct Tally<'t>(BTreeMap<String, (usize, BTreeSet<usize>, &'t str)>);

impl<'t> Tally<'t> {
    fn add(&mut self, key: String, text: usize, shown: &'t str) {
        let entry = self.0.entry(key).or_insert_with(|| (0, BTreeSet::new(), shown));
        entry.0 += 1;
        entry.1.insert(text);
    }

    /// Those in at least so many texts, the most frequent first.
    fn most(self, texts: usize, of: usize) -> Vec<Habit> {
        let mut out: Vec<Habit> = self
            .0
            .into_values()
            .filter(|(times, found, _)| found.len() >= texts && *times >= fewest(texts))
            .map(|(times, found, shown)| Habit {
                words: shown.trim_end_matches([',', ';', '.']).to_owned(),
                times,
                texts: found.len(),
                share: times as f64 / of.max(1) as f64,
            })
            .collect();
        out.sort_by(|a, b| b.times.cmp(&a.times).then_with(|| a.words.cmp(&b.words)));
        out
    }
}

/// In how many texts something has to come to be a habit.
fn needed(texts: usize) -> usize {
    if texts == 1 { 1 } else { texts.div_ceil(10).clamp(2, 12).max(if texts >= 6 { 3 } else { 2 }) }
}

/// And how often: within a single text twice may be chance.
fn fewest(texts: usize) -> usize {
    if texts == 1 { 3 } else { texts }
}

/// The bytes of a sentence up to the end of its first `n` words, as they are written.
fn head(sentence: &Sentence, n: usize) -> Option<&str> {
    let mut seen = 0;
    let mut inside = false;
    let mut end = 0;
    for (at, c) in sentence.text.char_indices() {
        let word = c.is_alphanumeric() || (inside && matches!(c, '\'' | '’'));
        if inside && !word {
            seen += 1;
            end = at;
            if seen == n {
                break;
            }
        }
        inside = word;
    }
    if inside && seen < n {
        seen += 1;
        end = sentence.text.len();
    }
    // A colon right behind belongs to it: `Rule:`.
    let end = if sentence.text[end..].starts_with(':') { end + 1 } else { end };
    (seen == n).then(|| sentence.text[..end].trim_start_matches(|c: char| !c.is_alphanumeric()))
}

fn key(words: &[Word]) -> String {
    words.iter().map(|word| word.text.as_str()).collect::<Vec<_>>().join(" ")
}

/// Openings by their first one and first three words. A trigram that says more than its first word stands alone.
fn openings<'t>(sentences: impl Iterator<Item = (usize, &'t Sentence)>, texts: usize) -> Vec<Habit> {
    let (mut one, mut three) = (Tally::default(), Tally::default());
    let mut all = 0;
    for (text, sentence) in sentences {
        all += 1;
        for (n, tally) in [(1, &mut one), (3, &mut three)] {
            if let (Some(shown), Some(words)) = (head(sentence, n), sentence.words.get(..n)) {
                tally.add(key(words), text, shown);
            }
        }
    }
    let mut out = three.most(needed(texts), all);
    out.extend(one.most(needed(texts), all));
    out.sort_by(|a, b| b.times.cmp(&a.times).then(b.words.len().cmp(&a.words.len())));
    // `That` says nothing beside `That was the` when it comes hardly more often.
    let covered = |habit: &Habit, by: &Habit| by.words.starts_with(&format!("{} ", habit.words));
    let kept: Vec<Habit> = out
        .iter()
        .filter(|habit| !out.iter().any(|by| covered(habit, by) && by.times * 3 >= habit.times * 2))
        .take(KEPT)
        .cloned()
        .collect();
    kept
}

/// How texts begin.
pub(super) fn text_openings(texts: &[Text]) -> Vec<Habit> {
    openings(texts.iter().enumerate().filter_map(|(i, text)| Some((i, text.sentences.first()?))), texts.len())
}

/// How sentences begin.
pub(super) fn sentence_openings(texts: &[Text]) -> Vec<Habit> {
    let all = texts.iter().enumerate().flat_map(|(i, text)| text.sentences.iter().map(move |s| (i, s)));
    openings(all.filter(|(_, sentence)| sentence.words.len() > 1), texts.len())
}

/// How the last lines of texts begin: `Rule:`, `--`, `Best`.
pub(super) fn closings(texts: &[Text]) -> Vec<Habit> {
    let mut tally = Tally::default();
    for (i, text) in texts.iter().enumerate() {
        // What is left of a signature is its dash.
        for dash in ["--", "—", "–"] {
            if text.last_line.strip_prefix(dash).is_some_and(|name| name.split_whitespace().count() <= 3) {
                tally.add(dash.to_owned(), i, dash);
            }
        }
        let last = text.sentences.iter().rposition(|s| s.before != Break::None).unwrap_or(0);
        // A signature may stand behind the line that closes.
        let lines =
            text.sentences.iter().enumerate().rev().filter(|(_, s)| s.before != Break::None && !s.words.is_empty());
        for (at, sentence) in lines.take(2) {
            let label = head(sentence, 1).filter(|word| word.ends_with(':'));
            if let Some(label) = label.or_else(|| head(sentence, 1).filter(|_| at == last && at > 0)) {
                tally.add(label.to_lowercase(), i, label);
            }
        }
    }
    let mut out = tally.most(needed(texts.len()), texts.len());
    out.truncate(KEPT);
    out
}

/// Last sentences that come back.
pub(super) fn last_sentences(texts: &[Text]) -> Vec<Habit> {
    let mut tally = Tally::default();
    for (i, text) in texts.iter().enumerate() {
        if let Some(last) = text.sentences.iter().rfind(|s| !s.words.is_empty()) {
            tally.add(key(&last.words), i, &last.text);
        }
    }
    let mut out = tally.most(2, texts.len());
    out.truncate(KEPT);
    out
}

/// Short sentences that come back.
pub(super) fn sentences(texts: &[Text]) -> Vec<Habit> {
    let mut tally = Tally::default();
    let mut all = 0;
    for (i, text) in texts.iter().enumerate() {
        for sentence in &text.sentences {
            all += 1;
            if (1..=LONGEST).contains(&sentence.words.len()) {
                tally.add(key(&sentence.words), i, &sentence.text);
            }
        }
    }
    let mut out = tally.most(needed(texts.len()), all);
    out.truncate(KEPT);
    out
}

/// Runs of three to five words with a content word that come back.
pub(super) fn phrases(texts: &[Text], language: Language) -> Vec<Habit> {
    let function = lists::words(language).map_or(&[][..], |words| &words.function);
    let content = |word: &Word| {
        !word.number && word.text.chars().count() >= 4 && function.binary_search(&word.text.as_str()).is_err()
    };
    let mut found: BTreeMap<String, (usize, BTreeSet<usize>)> = BTreeMap::new();
    let mut all = 0;
    for (i, text) in texts.iter().enumerate() {
        for sentence in &text.sentences {
            all += 1;
            for n in 3..=5 {
                // Three words with one of matter are hardly a phrase: `next to the`.
                let enough = if n == 3 { 2 } else { 1 };
                let runs = sentence.words.windows(n);
                for run in runs.filter(|run| run.iter().filter(|word| content(word)).count() >= enough) {
                    let entry = found.entry(key(run)).or_default();
                    entry.0 += 1;
                    entry.1.insert(i);
                }
            }
        }
    }
    let mut out: Vec<Habit> = found
        .into_iter()
        .filter(|(_, (times, found))| found.len() >= needed(texts.len()) && *times >= fewest(needed(texts.len())))
        .map(|(words, (times, found))| Habit { words, times, texts: found.len(), share: times as f64 / f64::from(all) })
        .collect();
    out.sort_by(|a, b| (b.texts, b.words.len()).cmp(&(a.texts, a.words.len())).then_with(|| a.words.cmp(&b.words)));
    // A part of a longer phrase that comes as often is the same phrase.
    let whole: Vec<Habit> = out
        .iter()
        .filter(|a| {
            !out.iter().any(|b| b.words.len() > a.words.len() && b.times == a.times && b.words.contains(&a.words))
        })
        .take(KEPT)
        .cloned()
        .collect();
    whole
}

/// Content words that the person uses far more than others do, the most telling first.
pub(super) fn own_words(texts: &[Text], language: Language) -> Vec<OwnWord> {
    /// Words kept.
    const MOST: usize = 24;
    /// Times as often as others, at least.
    const FACTOR: f64 = 10.0;
    let lists = lists::words(language);
    let is_function = |word: &str| {
        let known = |part: &str| {
            lists.is_some_and(|l| l.function.binary_search(&part).is_ok() || l.numbers.binary_search(&part).is_ok())
        };
        // `don't` is as common as `do`.
        known(word) || word.split('\'').any(known) || (language == Language::English && word.contains('\''))
    };
    // How often, how often with a capital inside a sentence, where.
    let mut found: BTreeMap<&str, (usize, usize, BTreeSet<usize>)> = BTreeMap::new();
    let mut all = 0;
    for (i, text) in texts.iter().enumerate() {
        for sentence in &text.sentences {
            for (at, word) in sentence.words.iter().enumerate() {
                all += 1;
                if word.number || word.text.chars().count() < 3 || is_function(&word.text) {
                    continue;
                }
                let entry = found.entry(&word.text).or_default();
                entry.0 += 1;
                entry.1 += usize::from(word.capital && at > 0);
                entry.2.insert(i);
            }
        }
    }
    // Plurals with their singulars, under the more frequent of the two.
    let plurals: Vec<(&str, &str)> = found
        .keys()
        .filter_map(|word| word.strip_suffix('s').filter(|one| found.contains_key(one)).map(|one| (*word, one)))
        .collect();
    for (many, one) in plurals {
        let (Some(a), Some(b)) = (found.get(many).cloned(), found.get(one).cloned()) else { continue };
        let (kept, gone) = if a.0 > b.0 { (many, one) } else { (one, many) };
        found.remove(gone);
        found.insert(kept, (a.0 + b.0, a.1 + b.1, a.2.union(&b.2).copied().collect()));
    }
    let mut out: Vec<(f64, OwnWord)> = Vec::new();
    for (word, (times, capital, texts_with)) in found {
        // Capitals inside sentences are names, which are nobody's style; in German they are nouns.
        let name = language != Language::German && 2 * capital >= times;
        if name || texts_with.len() < needed(texts.len()) || times < 3 {
            continue;
        }
        let rate = times as f64 / f64::from(all);
        let general = if language == Language::English { lists::general_rate(word) } else { 2e-4 };
        let factor = rate / general;
        if factor >= FACTOR {
            let factor = (language == Language::English).then_some(factor);
            let score = texts_with.len() as f64 * (rate / general).ln();
            out.push((score, OwnWord { word: word.to_owned(), times, texts: texts_with.len(), factor }));
        }
    }
    out.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.word.cmp(&b.1.word)));
    out.truncate(MOST);
    out.into_iter().map(|(_, word)| word).collect()
}
