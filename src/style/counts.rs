//! Countable habits of a text.

use super::language::Language;
use super::lists;
use super::text::Word;

/// What is counted, each per 1000 words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rate {
    /// `,`
    Comma,
    /// `;`
    Semicolon,
    /// `:`
    Colon,
    /// `—`, or ` – ` or ` -- ` within a line.
    Dash,
    /// `!`
    Exclamation,
    /// `?`
    Question,
    /// `…` or `...`
    Ellipsis,
    /// `(`
    Parenthesis,
    /// Quoted words, by pairs of marks.
    Quote,
    /// Emoji and smileys.
    Emoji,
    /// `#words`
    Hashtag,
    /// Line breaks after which the text goes on.
    LineBreak,
    /// List items.
    Bullet,
    /// Sentences that begin with a small letter.
    LowerStart,
    /// `I`, `my`, `we`, …
    FirstPerson,
    /// Numbers in digits.
    Digits,
    /// Numbers in letters.
    NumberWord,
    /// `don't`, `it's` (English only).
    Contraction,
    /// `do not`, `it is` (English only): what might have been a contraction.
    Expanded,
    /// Words of eight letters and more.
    LongWord,
    /// Sentences of at most three words.
    Fragment,
    /// Sentences of more than twenty words.
    LongSentence,
    /// Stock wording of language models, tiers 1 and 2 of the list.
    Marker,
}

/// What a count is out of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Of {
    Words,
    Sentences,
    /// Contractions and what might have been one.
    Contractible,
}

impl Rate {
    /// All of them, in the order of reports.
    pub const ALL: [Self; 23] = [
        Self::Comma,
        Self::Semicolon,
        Self::Colon,
        Self::Dash,
        Self::Exclamation,
        Self::Question,
        Self::Ellipsis,
        Self::Parenthesis,
        Self::Quote,
        Self::Emoji,
        Self::Hashtag,
        Self::LineBreak,
        Self::Bullet,
        Self::LowerStart,
        Self::FirstPerson,
        Self::Digits,
        Self::NumberWord,
        Self::Contraction,
        Self::Expanded,
        Self::LongWord,
        Self::Fragment,
        Self::LongSentence,
        Self::Marker,
    ];

    /// The name in JSON and reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Comma => "comma",
            Self::Semicolon => "semicolon",
            Self::Colon => "colon",
            Self::Dash => "em_dash",
            Self::Exclamation => "exclamation",
            Self::Question => "question",
            Self::Ellipsis => "ellipsis",
            Self::Parenthesis => "parenthesis",
            Self::Quote => "quote",
            Self::Emoji => "emoji",
            Self::Hashtag => "hashtag",
            Self::LineBreak => "line_break",
            Self::Bullet => "bullet",
            Self::LowerStart => "lower_case_start",
            Self::FirstPerson => "first_person",
            Self::Digits => "number_in_digits",
            Self::NumberWord => "number_in_words",
            Self::Contraction => "contraction",
            Self::Expanded => "expanded_form",
            Self::LongWord => "long_word",
            Self::Fragment => "short_sentence",
            Self::LongSentence => "long_sentence",
            Self::Marker => "stock_phrase",
        }
    }

    /// In a sentence: one, and many.
    pub(super) const fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Comma => ("a comma", "commas"),
            Self::Semicolon => ("a semicolon", "semicolons"),
            Self::Colon => ("a colon", "colons"),
            Self::Dash => ("an em dash", "em dashes"),
            Self::Exclamation => ("an exclamation mark", "exclamation marks"),
            Self::Question => ("a question mark", "question marks"),
            Self::Ellipsis => ("an ellipsis", "ellipses"),
            Self::Parenthesis => ("a parenthesis", "parentheses"),
            Self::Quote => ("a quotation", "quotations"),
            Self::Emoji => ("an emoji", "emoji"),
            Self::Hashtag => ("a hashtag", "hashtags"),
            Self::LineBreak => ("a line break", "line breaks"),
            Self::Bullet => ("a list item", "list items"),
            Self::LowerStart => ("a sentence with a small first letter", "sentences with a small first letter"),
            Self::FirstPerson => ("the first person", "words in the first person"),
            Self::Digits => ("a number in digits", "numbers in digits"),
            Self::NumberWord => ("a number in letters", "numbers in letters"),
            Self::Contraction => ("a contraction", "contractions"),
            Self::Expanded => ("an uncontracted form", "uncontracted forms"),
            Self::LongWord => ("a long word", "long words"),
            Self::Fragment => ("a sentence of three words or fewer", "sentences of three words or fewer"),
            Self::LongSentence => ("a sentence of more than 20 words", "sentences of more than 20 words"),
            Self::Marker => ("a stock phrase", "stock phrases"),
        }
    }

    /// What the count is out of.
    pub(super) const fn of(self) -> Of {
        match self {
            Self::LowerStart | Self::Fragment | Self::LongSentence => Of::Sentences,
            Self::Contraction | Self::Expanded => Of::Contractible,
            _ => Of::Words,
        }
    }

    /// About how often it comes in informal English, out of [`of`](Self::of): what is expected of a person of whom
    /// little is known, and what a habit is held against. Rounded from posts and mails; only its order of size counts.
    pub(super) const fn general(self) -> f64 {
        match self {
            Self::Comma => 0.045,
            Self::Semicolon | Self::Ellipsis => 0.002,
            Self::Colon | Self::Exclamation | Self::Parenthesis | Self::Marker => 0.004,
            Self::Dash | Self::Emoji | Self::Hashtag | Self::Bullet => 0.003,
            Self::Question => 0.006,
            Self::Quote => 0.005,
            Self::LineBreak => 0.03,
            Self::LowerStart => 0.05,
            Self::FirstPerson => 0.05,
            Self::Digits => 0.01,
            Self::NumberWord => 0.008,
            Self::Contraction | Self::Expanded => 0.5,
            Self::LongWord => 0.15,
            Self::Fragment => 0.1,
            Self::LongSentence => 0.25,
        }
    }
}

/// Counts, one place for each [`Rate`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts([u32; Rate::ALL.len()]);

impl Counts {
    pub(super) fn add(&mut self, rate: Rate, by: usize) {
        self.0[rate as usize] += u32::try_from(by).unwrap_or(u32::MAX);
    }

    pub(super) fn take(&mut self, rate: Rate, by: usize) {
        let count = &mut self.0[rate as usize];
        *count = count.saturating_sub(u32::try_from(by).unwrap_or(u32::MAX));
    }

    pub(super) const fn of(&self, rate: Rate) -> usize {
        self.0[rate as usize] as usize
    }

    /// What a rate is out of, in a text of so many words and sentences.
    pub(super) const fn exposure(&self, rate: Rate, words: usize, sentences: usize) -> usize {
        match rate.of() {
            Of::Words => words,
            Of::Sentences => sentences,
            Of::Contractible => self.of(Rate::Contraction) + self.of(Rate::Expanded),
        }
    }

    pub(super) fn plus(&mut self, other: &Self) {
        self.0.iter_mut().zip(other.0).for_each(|(a, b)| *a += b);
    }

    pub(super) fn minus(&mut self, other: &Self) {
        self.0.iter_mut().zip(other.0).for_each(|(a, b)| *a = a.saturating_sub(b));
    }

    /// What can be said of a sentence whatever its language.
    pub(super) fn sentence(&mut self, words: &[Word]) {
        self.add(Rate::Digits, words.iter().filter(|w| w.number).count());
        self.add(Rate::LongWord, words.iter().filter(|w| w.text.chars().count() >= 8).count());
        self.add(Rate::Fragment, usize::from((1..=3).contains(&words.len())));
        self.add(Rate::LongSentence, usize::from(words.len() > 20));
    }

    /// What the lists of a language say of it.
    pub(super) fn language(&mut self, words: &[Word], language: Language) {
        let Some(lists) = lists::words(language) else { return };
        let is = |list: &[&str], word: &str| list.binary_search(&word).is_ok();
        for word in words {
            let stem = word.text.split('\'').next().unwrap_or_default();
            self.add(Rate::FirstPerson, usize::from(is(&lists.first_person, stem)));
            self.add(Rate::NumberWord, usize::from(is(&lists.numbers, &word.text)));
        }
        if language != Language::English {
            return;
        }
        self.add(Rate::Contraction, words.iter().filter(|w| is_contraction(&w.text)).count());
        let expanded = |pair: &[Word]| is_expanded(&pair[0].text, &pair[1].text);
        self.add(Rate::Expanded, words.windows(2).filter(|pair| expanded(pair)).count());
        self.add(Rate::Expanded, words.iter().filter(|w| w.text == "cannot").count());
    }
}

/// `don't`, `we're`; `'s` only where it can be no genitive.
fn is_contraction(word: &str) -> bool {
    let Some((stem, ending)) = word.split_once('\'') else { return false };
    match ending {
        "t" => stem.ends_with('n'),
        "re" | "ve" | "ll" | "d" | "m" => true,
        "s" => matches!(
            stem,
            "it" | "that"
                | "what"
                | "let"
                | "there"
                | "he"
                | "she"
                | "who"
                | "here"
                | "where"
                | "how"
                | "when"
                | "this"
        ),
        _ => false,
    }
}

/// Two words that are often drawn together.
fn is_expanded(first: &str, second: &str) -> bool {
    match second {
        "not" => matches!(
            first,
            "do" | "does"
                | "did"
                | "is"
                | "are"
                | "was"
                | "were"
                | "has"
                | "have"
                | "had"
                | "would"
                | "could"
                | "should"
                | "will"
                | "can"
        ),
        "is" => matches!(first, "it" | "that" | "there" | "he" | "she" | "what" | "who" | "here"),
        "am" => first == "i",
        "are" => matches!(first, "we" | "you" | "they"),
        "have" | "will" | "would" => matches!(first, "i" | "we" | "you" | "they"),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::style::text::cut;

    #[test]
    fn people_and_contractions_are_counted() {
        let count = |text: &str, language: Language, rate: Rate| {
            let text = cut(text);
            let mut counts = Counts::default();
            text.sentences.iter().for_each(|s| counts.language(&s.words, language));
            counts.of(rate)
        };
        use Language::{English, French, German};
        assert_eq!(count("I can't say it's ours. We're Bo's. Let's go, I'd like two.", English, Rate::Contraction), 5);
        assert_eq!(count("I do not. It is not. I am. You cannot.", English, Rate::Expanded), 5);
        assert_eq!(count("I'd say my half is ours.", English, Rate::FirstPerson), 3);
        assert_eq!(count("I'd say my half is ours.", English, Rate::NumberWord), 1);
        assert_eq!(count("Ich sagte uns das.", German, Rate::FirstPerson), 2);
        assert_eq!(count("J'ai dit mon nom.", French, Rate::FirstPerson), 2);
        assert_eq!(count("I can't.", German, Rate::Contraction), 0);
    }
}
