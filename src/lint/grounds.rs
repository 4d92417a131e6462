//! What a row stands on: its source, the passage of it, and whether words of one text are in another.

use std::collections::HashSet;

use serde_json::Value;

use super::text;
use super::view::View;
use crate::row::locate;

/// What a row says of its source, and what is at hand of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source<'r> {
    /// The row names none.
    Unnamed,
    /// It names one, but no documents are at hand.
    Unseen,
    /// It names one that is not among the documents at hand.
    Unknown,
    /// The whole document, and the passage if `span` gives one that is in it.
    Known {
        /// The masked document.
        document: &'r str,
        /// The part that grounds the row, and where it begins.
        passage: Option<(usize, &'r str)>,
    },
}

/// The source of a row of our own kinds; that of others is often the name of a data set.
pub(super) fn source<'r>(row: &View<'r>) -> Source<'r> {
    let record = row.record;
    let native = row.table.native_kind().is_some();
    let Some(name) = record.text("source").filter(|name| native && !name.trim().is_empty()) else {
        return Source::Unnamed;
    };
    let Some(sources) = row.cx().sources else { return Source::Unseen };
    let Some(document) = sources.get(name) else { return Source::Unknown };
    let passage = span(record.values.get("span")).and_then(|(start, end)| Some((start, document.get(start..end)?)));
    Source::Known { document, passage: passage.filter(|(_, passage)| !passage.is_empty()) }
}

/// First byte and end of a span; `None` when it is not two numbers in order.
pub(super) fn span(value: Option<&Value>) -> Option<(usize, usize)> {
    let [start, end] = value?.as_array()?.as_slice() else { return None };
    let number = |value: &Value| usize::try_from(value.as_u64()?).ok();
    let (start, end) = (number(start)?, number(end)?);
    (start < end).then_some((start, end))
}

impl<'r> Source<'r> {
    /// The passage, or the whole document where no span tells.
    pub(super) fn text(self) -> Option<&'r str> {
        match self {
            Self::Known { document, passage } => Some(passage.map_or(document, |(_, passage)| passage)),
            _ => None,
        }
    }

    /// The document's title and the headings before the passage: the teacher was shown them too.
    pub(super) fn headings(self) -> impl Iterator<Item = &'r str> {
        let before = match self {
            Self::Known { document, passage: Some((start, _)) } => &document[..start],
            _ => "",
        };
        let lines = || before.lines().filter(|line| !line.trim().is_empty());
        lines().take(1).chain(lines().skip(1).filter(|line| line.starts_with('#')))
    }
}

/// Whether a quotation stands in a text: in other dress, with slips, or with at most `1 - least` of its characters
/// different.
pub(super) fn holds(quote: &str, text: &str, least: f64) -> bool {
    if text.contains(quote.trim()) {
        return true;
    }
    let (folded, within) = (text::fold(quote), text::fold(text));
    if within.contains(&folded) {
        return true;
    }
    // Nobody quotes whole documents, and finding slips takes the product of both lengths.
    folded.len() <= MOST && (locate(quote, text).is_some() || nearly(&folded, &within, least))
}

/// Bytes of a quotation in which slips are forgiven.
const MOST: usize = 1 << 14;
/// Characters in a row that are looked for before any alignment.
const GRAM: usize = 5;

/// Whether some stretch of `text` can be made into `quote` by changing at most `1 - least` of its characters.
fn nearly(quote: &str, text: &str, least: f64) -> bool {
    let (quote, text): (Vec<char>, Vec<char>) = (quote.chars().collect(), text.chars().collect());
    let most = ((1.0 - least).max(0.0) * quote.len() as f64) as usize;
    if quote.len() > text.len() + most || quote.is_empty() {
        return false;
    }
    // Each change spoils at most five runs of five characters.
    let needed = (quote.len() + 1).saturating_sub(GRAM + GRAM * most);
    if needed > 0 {
        let grams: HashSet<&[char]> = text.windows(GRAM).collect();
        if quote.windows(GRAM).filter(|gram| grams.contains(gram)).count() < needed {
            return false;
        }
    }
    // costs[i]: least changes for the first i characters, ending here. Rows past `last` cost too much (Ukkonen 1985).
    let mut costs: Vec<usize> = (0..=quote.len()).collect();
    let mut last = (most + 1).min(quote.len());
    for c in text {
        let mut diagonal = 0;
        for i in 1..=last {
            let above = costs[i];
            let change = 1 + diagonal.min(above).min(costs[i - 1]);
            costs[i] = if quote[i - 1] == c { diagonal } else { change };
            diagonal = above;
        }
        while last > 0 && costs[last] > most {
            last -= 1;
        }
        if last == quote.len() {
            return true;
        }
        last += 1;
        costs[last] = costs[last].max(most + 1);
    }
    false
}

/// How much of a quotation stands in one stretch of a text, 0 to 1: one less the share of its characters that differ.
/// What is beyond a few thousand characters is not looked at.
pub(super) fn partial_ratio(quote: &str, text: &str) -> f64 {
    let quote: Vec<char> = text::fold(quote).chars().take(600).collect();
    if quote.is_empty() {
        return 0.0;
    }
    let mut costs: Vec<usize> = (0..=quote.len()).collect();
    let mut best = quote.len();
    for c in text::fold(text).chars().take(6000) {
        let mut diagonal = 0;
        for i in 1..costs.len() {
            let above = costs[i];
            let change = 1 + diagonal.min(above).min(costs[i - 1]);
            costs[i] = if quote[i - 1] == c { diagonal } else { change };
            diagonal = above;
        }
        best = best.min(costs[quote.len()]);
    }
    1.0 - best as f64 / quote.len() as f64
}

/// Words that hold a sentence together and say nothing of its matter, sorted.
const SMALL: [&str; 219] = [
    "a",
    "about",
    "above",
    "after",
    "again",
    "all",
    "also",
    "although",
    "always",
    "am",
    "an",
    "and",
    "any",
    "are",
    "aren't",
    "as",
    "at",
    "auch",
    "auf",
    "aus",
    "avec",
    "be",
    "because",
    "been",
    "before",
    "being",
    "below",
    "between",
    "both",
    "but",
    "by",
    "can",
    "can't",
    "cannot",
    "como",
    "con",
    "could",
    "couldn't",
    "da",
    "dans",
    "das",
    "de",
    "del",
    "dem",
    "den",
    "der",
    "des",
    "did",
    "didn't",
    "die",
    "do",
    "does",
    "doesn't",
    "doing",
    "don't",
    "down",
    "du",
    "during",
    "each",
    "ein",
    "eine",
    "einen",
    "el",
    "en",
    "er",
    "es",
    "est",
    "et",
    "even",
    "ever",
    "every",
    "few",
    "for",
    "from",
    "für",
    "get",
    "go",
    "got",
    "had",
    "has",
    "hat",
    "have",
    "having",
    "he",
    "her",
    "here",
    "hers",
    "him",
    "his",
    "how",
    "however",
    "i",
    "i'd",
    "i'll",
    "i'm",
    "i've",
    "ich",
    "if",
    "il",
    "im",
    "in",
    "into",
    "is",
    "isn't",
    "ist",
    "it",
    "it's",
    "its",
    "itself",
    "je",
    "just",
    "la",
    "las",
    "le",
    "les",
    "los",
    "made",
    "make",
    "makes",
    "may",
    "me",
    "mein",
    "mes",
    "mi",
    "might",
    "mit",
    "mon",
    "more",
    "most",
    "much",
    "must",
    "my",
    "myself",
    "nicht",
    "no",
    "nor",
    "not",
    "now",
    "of",
    "off",
    "on",
    "once",
    "one",
    "only",
    "or",
    "other",
    "our",
    "ours",
    "out",
    "over",
    "own",
    "para",
    "pas",
    "por",
    "pour",
    "que",
    "qui",
    "same",
    "se",
    "she",
    "should",
    "sich",
    "sie",
    "sind",
    "so",
    "some",
    "something",
    "still",
    "su",
    "such",
    "than",
    "that",
    "that's",
    "the",
    "their",
    "them",
    "then",
    "there",
    "these",
    "they",
    "thing",
    "things",
    "this",
    "those",
    "through",
    "to",
    "too",
    "un",
    "und",
    "under",
    "une",
    "until",
    "up",
    "us",
    "very",
    "von",
    "war",
    "was",
    "wasn't",
    "we",
    "were",
    "what",
    "when",
    "where",
    "which",
    "while",
    "who",
    "whom",
    "why",
    "will",
    "with",
    "without",
    "would",
    "y",
    "yes",
    "yet",
    "you",
    "your",
    "yours",
];

/// The words of a text that say something of its matter, by their first letters, so that endings do not matter.
pub(super) fn content(text: &str) -> Vec<u64> {
    let folded = text::fold(text).replace('’', "'");
    let words = folded.split(|c: char| !c.is_alphanumeric() && c != '\'').map(|word| word.trim_matches('\''));
    // Numbers are looked at by themselves, by their value.
    let number = |word: &str| word.bytes().all(|b| b.is_ascii_digit());
    let words = words.filter(|word| !number(word) && SMALL.binary_search(word).is_err());
    words.map(|word| text::hash(beginning(word))).collect()
}

/// The first four letters; `retry` and `retried` are the same word, and so are `cat` and `cats`.
fn beginning(word: &str) -> &str {
    match word.char_indices().nth(4) {
        Some((cut, _)) => &word[..cut],
        None => word.strip_suffix('s').filter(|stem| stem.len() > 2).unwrap_or(word),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotations_are_found_with_slips() {
        let text = "The harbour master kept the long rope in a dry shed behind the old fish market, under canvas.";
        let check = |quote: &str, expected: bool| assert_eq!(holds(quote, text, 0.85), expected, "{quote}");
        check("kept the long rope in a dry shed", true);
        check("Kept the LONG rope\nin a dry shed", true);
        check("kept a long rop in the dry sheds behind the old fish market", true);
        check("kept the short cable in a wet cellar behind the new town hall", false);
        check("kept the long rope in a dry shed … under canvas", true);
        check("", true);
        check(
            "a sentence about something else that nobody ever wrote down anywhere at all in this text, or in any other text of this kind",
            false,
        );
        // Chinese has no spaces: part of a run is found by its characters.
        assert!(holds("我把绳子放在棚里", "去年冬天我把绳子放在棚里面了。", 0.85));
    }

    #[test]
    fn ratios_are_shares_of_the_quotation() {
        let check = |quote: &str, text: &str, expected: f64| {
            assert!((partial_ratio(quote, text) - expected).abs() < 1e-9, "{quote}: {}", partial_ratio(quote, text));
        };
        check("dry shed", "in a dry shed behind", 1.0);
        check("dry sheds", "in a dry shed", 1.0 - 1.0 / 9.0);
        check("", "anything", 0.0);
        assert!(partial_ratio("wooden oar", "a tin cup") < 0.5);
    }

    #[test]
    fn small_words_are_sorted_and_endings_do_not_matter() {
        assert!(SMALL.windows(2).all(|pair| pair[0] < pair[1]));
        assert_eq!(content("The cats retried it"), content("cat, retry"));
        assert!(content("and it was the 3,900").is_empty());
    }
}
