//! What stands between the last word of a line and the first of the next.

use std::collections::BTreeSet;

use super::words::Word;

/// Beginnings that keep their hyphen.
const BEFORE: &[&str] = &[
    "all", "anti", "award", "back", "best", "co", "cost", "cross", "data", "decision", "e", "end", "ex", "fast",
    "first", "five", "four", "front", "full", "half", "hands", "hard", "high", "in", "industry", "large", "long",
    "low", "mid", "multi", "near", "non", "on", "one", "open", "part", "peer", "post", "pre", "problem", "quasi",
    "real", "right", "second", "self", "semi", "short", "single", "small", "so", "state", "sub", "team", "third",
    "three", "time", "top", "two", "up", "user", "well", "wide", "work", "world", "year",
];

/// Endings that keep the hyphen before them.
const AFTER: &[&str] = &[
    "based",
    "aware",
    "class",
    "driven",
    "edge",
    "efficient",
    "end",
    "facing",
    "finding",
    "focused",
    "free",
    "friendly",
    "functional",
    "grade",
    "depth",
    "house",
    "in",
    "level",
    "making",
    "minded",
    "of",
    "off",
    "on",
    "oriented",
    "out",
    "performance",
    "performing",
    "quality",
    "related",
    "scale",
    "side",
    "site",
    "solving",
    "speaking",
    "specific",
    "time",
    "term",
    "to",
    "up",
    "wide",
    "winning",
    "year",
    "old",
    "the",
];

/// How two lines join.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Glue {
    /// Two words.
    Space,
    /// One word; the hyphen that ends the first line is part of it.
    Tight,
    /// One word; the hyphen is there because of the line's end.
    Unhyphenated,
}

/// The words that a document has within its lines: they tell whether a hyphen at a line's end is part of a word.
#[derive(Default)]
pub(super) struct Vocabulary {
    words: BTreeSet<String>,
    /// Whether some line ends in a mark that stands for a hyphen made by the line's end.
    soft: bool,
    /// Whether the author writes U+2010 within words; browsers put it at the ends of lines only.
    inner: bool,
}

impl Vocabulary {
    /// Learns a line.
    pub(super) fn learn<'w>(&mut self, line: impl IntoIterator<Item = &'w Word>) {
        let mut words = line.into_iter().peekable();
        while let Some(word) = words.next() {
            let last = words.peek().is_none();
            self.soft |= last && word.text.ends_with(['\u{AD}', '\u{2010}']);
            self.inner |= word.text.trim_end_matches(is_hyphen).contains('\u{2010}');
            if !(last && word.text.ends_with(is_hyphen)) {
                self.words.insert(bare(&word.text));
            }
        }
    }

    /// How `first`, at the end of a line, joins `second`, at the start of the next.
    pub(super) fn glue(&self, first: &Word, second: &Word) -> Glue {
        let (a, b) = (first.text.as_str(), second.text.as_str());
        let (Some(end), Some(start)) = (a.chars().next_back(), b.chars().next()) else { return Glue::Space };
        if end == '\u{AD}' || (end == '\u{2010}' && !self.inner) {
            return Glue::Unhyphenated;
        }
        let same_link = first.link.is_some() && first.link == second.link;
        if same_link && first.link.as_ref().is_some_and(|url| url.contains(&format!("{a}{b}"))) {
            return Glue::Tight;
        }
        if !is_hyphen(end) {
            return if is_unspaced(end) && is_unspaced(start) { Glue::Tight } else { Glue::Space };
        }
        let stem = bare(a.trim_end_matches(is_hyphen));
        if !stem.ends_with(char::is_alphanumeric) || !start.is_alphanumeric() {
            return Glue::Space;
        }
        let rest: String = b.chars().take_while(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
        if !start.is_lowercase() || stem.ends_with(|c: char| c.is_ascii_digit()) {
            return Glue::Tight;
        }
        if self.words.contains(&format!("{stem}-{rest}")) {
            return Glue::Tight;
        }
        let last = stem.rsplit('-').next().unwrap_or(&stem);
        if self.words.contains(&format!("{last}{rest}")) || self.words.contains(&format!("{stem}{rest}")) {
            return Glue::Unhyphenated;
        }
        // Two words that the document has by themselves make a compound.
        let long = |word: &str| word.chars().nth(3).is_some();
        if long(last) && long(&rest) && self.words.contains(last) && self.words.contains(&rest) {
            return Glue::Tight;
        }
        // Whoever hyphenates with marks of their own writes a plain hyphen only where it belongs.
        let compound = (self.soft && !self.inner) || BEFORE.contains(&last) || AFTER.contains(&rest.as_str());
        if compound || b.contains('-') { Glue::Tight } else { Glue::Unhyphenated }
    }
}

/// A hyphen, not a dash.
pub(super) fn is_hyphen(c: char) -> bool {
    matches!(c, '-' | '\u{2010}' | '\u{AD}')
}

/// Scripts that put no spaces between words.
pub(super) fn is_unspaced(c: char) -> bool {
    matches!(c, '\u{3001}'..='\u{30FF}' | '\u{3400}'..='\u{4DBF}' | '\u{4E00}'..='\u{9FFF}' | '\u{F900}'..='\u{FAFF}'
        | '\u{FF00}'..='\u{FFEF}' | '\u{20000}'..='\u{2FFFF}')
}

/// A word in lower case without the marks around it.
fn bare(word: &str) -> String {
    word.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn word(text: &str) -> Word {
        Word {
            text: text.to_owned(),
            x0: 0.0,
            x1: 1.0,
            y: 0.0,
            size: 10.0,
            bold: false,
            link: None,
            order: 0,
            tight: false,
        }
    }

    #[track_caller]
    fn check(vocabulary: &Vocabulary, first: &str, second: &str, expected: Glue) {
        assert_eq!(vocabulary.glue(&word(first), &word(second)), expected, "{first} {second}");
    }

    #[test]
    fn hyphens_at_line_ends() {
        let mut known = Vocabulary::default();
        known.learn(&[word("the"), word("master-builder"), word("reduction"), word("ham-")]);
        check(&known, "master-", "builder", Glue::Tight);
        check(&known, "reduc-", "tion,", Glue::Unhyphenated);
        check(&known, "imple-", "mented", Glue::Unhyphenated);
        check(&known, "data-", "driven", Glue::Tight);
        check(&known, "state-of-", "the-art", Glue::Tight);
        check(&known, "Anglo-", "American", Glue::Tight);
        check(&known, "sub\u{AD}", "missions", Glue::Unhyphenated);
        check(&known, "2018 –", "2019", Glue::Space);
        check(&known, "two", "words", Glue::Space);
        check(&known, "二", "語", Glue::Tight);
    }

    #[test]
    fn plain_hyphens_beside_soft_ones_are_meant() {
        let mut soft = Vocabulary::default();
        soft.learn(&[word("sub\u{AD}")]);
        check(&soft, "imple-", "mented", Glue::Tight);
    }

    #[test]
    fn hyphens_of_browsers_go() {
        let mut page = Vocabulary::default();
        page.learn(&[word("well-known"), word("in\u{2010}")]);
        check(&page, "in\u{2010}", "strument", Glue::Unhyphenated);
        check(&page, "fault-", "finding", Glue::Tight);
        page.learn(&[word("well\u{2010}known"), word("x")]);
        check(&page, "data\u{2010}", "driven", Glue::Tight);
    }

    #[test]
    fn addresses_broken_at_a_line_end() {
        let part = |text: &str| Word { link: Some("https://a.example/b-c".into()), ..word(text) };
        assert_eq!(Vocabulary::default().glue(&part("a.example/b-"), &part("c")), Glue::Tight);
        assert_eq!(Vocabulary::default().glue(&part("My"), &part("page")), Glue::Space);
    }
}
