//! Where a quotation stands in its passage.

use std::ops::Range;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Likeness from which a quotation counts as found.
const ENOUGH: f64 = 0.85;
/// Words that turn a sentence round: a quotation may neither drop nor add one.
const NEGATIONS: [&str; 22] = [
    "not", "never", "no", "without", "cannot", "isn't", "wasn't", "don't", "didn't", "doesn't", "won't", "can't",
    "nicht", "kein", "keine", "nie", "ne", "pas", "jamais", "nunca", "sin", "ohne",
];

/// A quotation in its passage.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// Bytes of the passage, from the first to the last word that was quoted.
    pub range: Range<usize>,
    /// Likeness of quotation and passage, 1 when they differ in dress alone.
    pub score: f64,
}

/// One word as it is compared, and where it stands.
struct Word {
    text: String,
    range: Range<usize>,
}

/// Finds a quotation in a passage.
///
/// Case, punctuation, white space, line breaks, quotation marks, Markdown and the form of a letter (NFKC) tell nothing
/// apart. What is not found so is looked for with slips: letters wrong, words missing or added, for at most 15 % of
/// the letters, never in a number or a negation. Parts between ellipses are looked for one after the other.
#[must_use]
pub fn locate(quote: &str, passage: &str) -> Option<Found> {
    let words = split(passage);
    let whole = split(quote);
    if whole.is_empty() || words.is_empty() {
        return None;
    }
    if let Some((first, last)) = exact(&whole, &words) {
        return Some(Found { range: words[first].range.start..words[last].range.end, score: 1.0 });
    }
    let parts: Vec<Vec<Word>> = pieces(quote).into_iter().map(split).filter(|part| !part.is_empty()).collect();
    let (mut at, mut begin, mut letters, mut kept) = (0, None, 0, 0.0);
    for part in &parts {
        let rest = &words[at..];
        let (first, last, score) = match exact(part, rest) {
            Some((first, last)) => (first, last, 1.0),
            None => fuzzy(part, rest)?,
        };
        begin.get_or_insert(rest[first].range.start);
        let length = size(part);
        letters += length;
        kept += score * length as f64;
        at += last + 1;
    }
    Some(Found { range: begin?..words[at.checked_sub(1)?].range.end, score: kept / letters.max(1) as f64 })
}

/// The parts of a quotation between its ellipses.
fn pieces(quote: &str) -> Vec<&str> {
    let mut out = Vec::new();
    let mut rest = quote;
    while let Some((at, mark)) =
        ["...", "…", ". . ."].into_iter().filter_map(|m| Some((rest.find(m)?, m))).min_by_key(|(at, _)| *at)
    {
        out.push(&rest[..at]);
        rest = &rest[at + mark.len()..];
    }
    out.push(rest);
    out
}

/// Marks inside a word that are not of it: soft hyphens and zero-width characters.
const fn invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}'..='\u{200d}' | '\u{2060}' | '\u{feff}')
}

/// The words of a text: letters and digits, folded. Apostrophes inside a word are dropped with what they join.
fn split(text: &str) -> Vec<Word> {
    let mut out: Vec<Word> = Vec::new();
    let mut start = None;
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        let apostrophe = matches!(c, '\'' | '’' | '‘' | 'ʼ')
            && start.is_some()
            && chars.peek().is_some_and(|(_, next)| next.is_alphabetic());
        if c.is_alphanumeric() || apostrophe || (start.is_some() && (is_combining_mark(c) || invisible(c))) {
            start.get_or_insert(at);
        } else if let Some(begin) = start.take() {
            push(text, begin..at, &mut out);
        }
    }
    if let Some(begin) = start {
        push(text, begin..text.len(), &mut out);
    }
    out
}

fn push(text: &str, range: Range<usize>, out: &mut Vec<Word>) {
    let raw = &text[range.clone()];
    if raw.bytes().all(|b| b.is_ascii_alphanumeric()) {
        out.push(Word { text: raw.to_ascii_lowercase(), range });
        return;
    }
    let folded: String = raw.nfkc().flat_map(char::to_lowercase).filter(|c| !invisible(*c)).collect();
    let folded = folded.replace(['’', '‘', 'ʼ'], "'");
    // One character can stand for several words: a fraction is its two numbers.
    for piece in folded.split(|c: char| !c.is_alphanumeric() && !is_combining_mark(c) && c != '\'') {
        if !piece.is_empty() {
            out.push(Word { text: piece.to_owned(), range: range.clone() });
        }
    }
}

/// The letters of a word without apostrophes.
fn letters(word: &Word) -> impl Iterator<Item = char> {
    word.text.chars().filter(|c| *c != '\'')
}

/// Letters and digits in all.
fn size(words: &[Word]) -> usize {
    words.iter().map(|word| letters(word).count()).sum()
}

/// First and last word of the first stretch with the same letters, wherever the gaps between its words are.
fn exact(quote: &[Word], words: &[Word]) -> Option<(usize, usize)> {
    let wanted: Vec<char> = quote.iter().flat_map(letters).collect();
    let starts = wanted.first()?;
    (0..words.len()).filter(|i| words[*i].text.starts_with(*starts)).find_map(|first| {
        let mut left = wanted.as_slice();
        for (last, word) in words.iter().enumerate().skip(first) {
            for c in letters(word) {
                match left.split_first() {
                    Some((next, more)) if *next == c => left = more,
                    _ => return None,
                }
            }
            if left.is_empty() {
                return Some((first, last));
            }
        }
        None
    })
}

/// Cost that no quotation survives.
const FATAL: usize = 1 << 20;

/// What it costs that a word stands on one side only.
fn alone(word: &Word) -> usize {
    if word.text.chars().any(|c| c.is_ascii_digit()) || NEGATIONS.contains(&word.text.as_str()) {
        return FATAL;
    }
    letters(word).count()
}

/// What it costs that one word stands for another.
fn swap(a: &Word, b: &Word) -> usize {
    if a.text == b.text {
        return 0;
    }
    let (lone_a, lone_b) = (alone(a), alone(b));
    if lone_a >= FATAL || lone_b >= FATAL {
        return FATAL;
    }
    // Words of which half the letters differ are two words.
    let distance = edits(&a.text, &b.text);
    if 2 * distance > lone_a.max(lone_b) { lone_a.max(lone_b) } else { distance }
}

/// Letters to change, add or drop; two neighbours in the wrong order are one slip.
fn edits(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut before: Vec<usize> = Vec::new();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    let mut last = None;
    for (i, x) in a.chars().enumerate() {
        let mut next = vec![i + 1];
        for (j, y) in b.iter().enumerate() {
            let mut best = (row[j] + usize::from(x != *y)).min(row[j + 1] + 1).min(next[j] + 1);
            if j > 0 && last == Some(*y) && b[j - 1] == x && !before.is_empty() {
                best = best.min(before[j - 1] + 1);
            }
            next.push(best);
        }
        before = std::mem::replace(&mut row, next);
        last = Some(x);
    }
    row.last().copied().unwrap_or_default()
}

/// The stretch of words that is most like the quotation, with the likeness: 1 less the share of letters that differ.
fn fuzzy(quote: &[Word], words: &[Word]) -> Option<(usize, usize, f64)> {
    let total = size(quote);
    let budget = ((1.0 - ENOUGH) * total as f64 * 1.2) as usize + 1;
    // Words that stand nowhere in the passage, not even with slips of a few letters, cost at least one letter each.
    let absent = quote.iter().filter(|q| !words.iter().any(|w| w.text == q.text)).count();
    if absent > budget {
        return None;
    }
    // cost[j] and begin[j]: the best alignment of the quotation so far that ends before word j.
    let width = words.len() + 1;
    let mut previous: Option<(Vec<usize>, Vec<usize>)> = None;
    let mut cost: Vec<usize> = vec![0; width];
    let mut begin: Vec<usize> = (0..width).collect();
    for (i, q) in quote.iter().enumerate() {
        let drop = alone(q);
        let mut next = vec![FATAL; width];
        let mut from = vec![0; width];
        for j in 0..width {
            let mut best = (cost[j].saturating_add(drop), begin[j]);
            let mut offer = |price: usize, start: usize| {
                if price < best.0 {
                    best = (price, start);
                }
            };
            if j > 0 {
                let w = &words[j - 1];
                if cost[j - 1] <= budget {
                    offer(cost[j - 1] + swap(q, w), begin[j - 1]);
                }
                if next[j - 1] <= budget {
                    offer(next[j - 1] + alone(w), from[j - 1]);
                }
                // Two words here are one there: compounds, hyphens, words cut at the end of a line.
                if let Some((old, starts)) = &previous
                    && old[j - 1] <= budget
                    && joined(&quote[i - 1], q, w)
                {
                    offer(old[j - 1], starts[j - 1]);
                }
                if j > 1 && cost[j - 2] <= budget && joined(&words[j - 2], w, q) {
                    offer(cost[j - 2], begin[j - 2]);
                }
            }
            (next[j], from[j]) = best;
        }
        previous = Some((std::mem::replace(&mut cost, next), std::mem::replace(&mut begin, from)));
        if cost.iter().all(|c| *c > budget) {
            return None;
        }
    }
    let (end, price) = cost.iter().copied().enumerate().min_by_key(|(_, price)| *price)?;
    let first = begin[end];
    if end <= first {
        return None;
    }
    let score = 1.0 - price as f64 / total.max(size(&words[first..end])) as f64;
    (score >= ENOUGH).then_some((first, end - 1, score))
}

/// Whether two words written together are the third.
fn joined(a: &Word, b: &Word, one: &Word) -> bool {
    one.text.len() == a.text.len() + b.text.len() && one.text.starts_with(&a.text) && one.text.ends_with(&b.text)
}
