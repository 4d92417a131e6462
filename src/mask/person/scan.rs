//! Reads names and what stands around them, from left to right.
//!
//! Patterns with classes of letters of all scripts would say the same; they take longer to compile than most documents
//! take to mask.

use std::ops::Range;

use unicode_normalization::char::is_combining_mark;

/// What stands between the words of a name, small.
const BETWEEN: &[&str] = &[
    "van", "von", "der", "den", "de", "del", "della", "di", "da", "dos", "du", "la", "le", "ter", "ten", "zu", "bin",
    "ibn", "al",
];

/// The blanks of a line.
pub(super) const BLANKS: [char; 2] = [' ', '\t'];

/// A letter; the numerals and marks that Unicode calls alphabetic are none.
pub(super) fn is_letter(c: char) -> bool {
    c.is_ascii_alphabetic() || (!c.is_ascii() && c.is_alphabetic() && !c.is_numeric() && !is_combining_mark(c))
}

/// A letter that begins a name.
pub(super) fn is_capital(c: char) -> bool {
    c.is_ascii_uppercase() || (!c.is_ascii() && c.is_uppercase() && !c.is_numeric())
}

/// A letter, or a mark on or below one.
pub(super) fn is_spelt(c: char) -> bool {
    c.is_ascii_alphabetic() || (!c.is_ascii() && ((c.is_alphabetic() && !c.is_numeric()) || is_combining_mark(c)))
}

/// What the words of a name have that is written as people like.
fn is_loose(c: char) -> bool {
    is_spelt(c) || matches!(c, '.' | '\'' | '’' | '-')
}

/// A place in a line; what is read moves it, and where nothing is read it stays.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cursor<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Cursor<'t> {
    /// In the bytes `line` of `text`; places are bytes of `text`.
    pub(super) fn new(text: &'t str, line: Range<usize>) -> Self {
        Self { text: text.get(..line.end).unwrap_or_default(), at: line.start }
    }

    /// The byte it is at.
    pub(super) fn at(&self) -> usize {
        self.at
    }

    /// What is left of the line.
    pub(super) fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// The next character.
    pub(super) fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    /// Whether the line is over.
    pub(super) fn ends(&self) -> bool {
        self.at >= self.text.len()
    }

    /// Reads one character that is `wanted`.
    pub(super) fn take(&mut self, wanted: impl Fn(char) -> bool) -> bool {
        let found = self.peek().filter(|c| wanted(*c));
        self.at += found.map_or(0, char::len_utf8);
        found.is_some()
    }

    /// Reads all that is `wanted`; gives how many characters.
    pub(super) fn skip(&mut self, wanted: impl Fn(char) -> bool) -> usize {
        let rest = self.rest();
        let mut count = 0;
        for (at, c) in rest.char_indices() {
            if !wanted(c) {
                self.at += at;
                return count;
            }
            count += 1;
        }
        self.at = self.text.len();
        count
    }

    /// Reads blanks; whether there are any.
    pub(super) fn blanks(&mut self) -> bool {
        self.skip(|c| BLANKS.contains(&c)) > 0
    }

    /// Reads `tag` as it is.
    pub(super) fn tag(&mut self, tag: &str) -> bool {
        let found = self.rest().starts_with(tag);
        self.at += if found { tag.len() } else { 0 };
        found
    }

    /// Reads the first of `tags` that stands here; false too where none does.
    pub(super) fn any_tag(&mut self, tags: &[&str]) -> bool {
        tags.iter().any(|tag| self.tag(tag))
    }

    /// Reads `tag` in any case.
    pub(super) fn tag_in_any_case(&mut self, tag: &str) -> bool {
        let mut rest = *self;
        // Most texts differ in the first letter.
        let (first, wanted) = (rest.rest().bytes().next(), tag.bytes().next());
        if first.is_some_and(|byte| byte.is_ascii())
            && !first.zip(wanted).is_some_and(|(a, b)| a.eq_ignore_ascii_case(&b))
        {
            return false;
        }
        let found = tag.chars().all(|wanted| rest.take(|c| c == wanted || c.to_lowercase().eq([wanted])));
        if found {
            *self = rest;
        }
        found
    }

    /// Reads one word of a name: `Quill`, `O'Neill`, `Šmíd-Quill`.
    pub(super) fn word(&mut self) -> bool {
        if !self.take(is_capital) {
            return false;
        }
        self.skip(is_spelt);
        loop {
            let mut joined = *self;
            if !joined.take(|c| matches!(c, '\'' | '’' | '-')) || !joined.take(is_letter) {
                return true;
            }
            joined.skip(is_spelt);
            *self = joined;
        }
    }

    /// Reads two to four words of a name with particles and initials between: `Ada van der Quill`, `A. B. Quill`.
    pub(super) fn full_name(&mut self) -> Option<Range<usize>> {
        let mut name = *self;
        if !name.word() {
            return None;
        }
        name.take(|c| c == '.');
        let mut parts = 0;
        while parts < 3 && name.part() {
            parts += 1;
        }
        if parts == 0 {
            return None;
        }
        let start = self.at;
        *self = name;
        Some(start..self.at)
    }

    /// Reads a full name, or else one word of a name.
    pub(super) fn any_name(&mut self) -> Option<Range<usize>> {
        let start = self.at;
        self.full_name().or_else(|| self.word().then_some(start..self.at))
    }

    /// A further word of a name, with the particles before it.
    fn part(&mut self) -> bool {
        let mut part = *self;
        if !part.blanks() {
            return false;
        }
        while part.particle() {}
        if !part.word() {
            return false;
        }
        *self = part;
        // An initial has its full stop only where a word follows.
        let follows = part.take(|c| c == '.')
            && part.blanks()
            && part.take(is_capital)
            && part.skip(|c| is_spelt(c) || matches!(c, '\'' | '’' | '-')) > 0;
        if follows {
            *self = part;
        }
        true
    }

    fn particle(&mut self) -> bool {
        let mut behind = *self;
        behind.skip(|c| c.is_ascii_lowercase());
        let found = BETWEEN.contains(&&self.text[self.at..behind.at]) && behind.blanks();
        if found {
            *self = behind;
        }
        found
    }

    /// Reads a name as people write it in chats and below letters: a word that begins as `first` says, and up to
    /// `more` others in any case.
    pub(super) fn loose_name(&mut self, first: impl Fn(char) -> bool, more: usize) -> Option<Range<usize>> {
        let start = self.at;
        if !self.take(first) {
            return None;
        }
        self.skip(is_loose);
        for _ in 0..more {
            let mut next = *self;
            if !next.blanks() || next.skip(is_loose) == 0 {
                break;
            }
            *self = next;
        }
        Some(start..self.at)
    }
}

/// The names that the end of `text` may be, the longest last: up to five words as in [`Cursor::loose_name`], commas
/// behind all but the last. Gives where each begins.
pub(super) fn loose_names_before(text: &str) -> impl Iterator<Item = usize> {
    let mut rest = Some(text);
    let starts = std::iter::from_fn(move || {
        let words = rest?;
        let before = words.trim_end_matches(is_loose);
        if before.len() == words.len() {
            return None;
        }
        let gap = before.trim_end_matches(BLANKS);
        rest = (gap.len() < before.len()).then(|| gap.strip_suffix(',').unwrap_or(gap));
        Some(before.len())
    });
    starts.take(5).filter(|start| text[*start..].starts_with(is_letter))
}

#[cfg(test)]
mod tests {
    use regex::Regex;

    use super::*;

    const WORD: &str = r"(?:\p{Lu}[\p{L}\p{M}]*(?:['’-]\p{L}[\p{L}\p{M}]*)*)";
    const LOOSE: &str = r"[\p{L}\p{M}.'’-]";

    /// What `read` reads of each text is what `pattern` matches at its beginning.
    fn same(pattern: &str, cases: &[&str], read: impl Fn(&mut Cursor<'_>) -> bool) {
        let pattern = Regex::new(&format!("^(?:{pattern})")).expect("a pattern");
        for text in cases {
            let wanted = pattern.find(text).map(|found| found.end());
            let mut cursor = Cursor::new(text, 0..text.len());
            let found = read(&mut cursor).then_some(cursor.at());
            assert_eq!(found, wanted, "{text}");
            assert!(found.is_some() || cursor.at() == 0, "{text}");
        }
    }

    const NAMES: &[&str] = &[
        "",
        " ",
        "Ada",
        "ada",
        "ADA QUILL",
        "Ada Quill",
        "Ada  \tQuill, engineer",
        "Ada quill",
        "Ada van der Quill",
        "Ada van der quill",
        "Ada vander Quill",
        "Ada van Quill de Souza",
        "Ada van",
        "A. Quill",
        "A. B. Quill",
        "A. B. C. Quill",
        "Ada B. C. Quill",
        "Ada B. Quill-Šmíd",
        "Ada B.",
        "Ada B. c",
        "Dr. Quill",
        "Dr. Ada Quill.",
        "Ada. quill",
        "One Two Three Four Five",
        "One Two Three. Four Five Six",
        "O'Neill D’Arcy",
        "O' Neill",
        "Ada-",
        "Ada- Quill",
        "Jean-luc Quill's",
        "Zdeňka Šmídová",
        "Zden\u{30c}ka S\u{30c}midova",
        "\u{30c}Ada Quill",
        "Ада Квилл",
        "ада Квилл",
        "Ά Ώ",
        "王小明 Ada",
        "Ada 王小明",
        "Ada X王",
        "Ⅷ Quill",
        "Ada Ⅷ",
        "Ada\nQuill",
        "Ada\u{a0}Quill",
        "Ada Quill\r",
        "ǅ Quill",
        "Ada4 Quill",
        "Ada _Quill",
    ];

    #[test]
    fn names_are_read_as_their_pattern_says() {
        same(WORD, NAMES, |cursor| cursor.word());
        let full = format!(
            r"{WORD}\.?(?:[ \t]+(?:(?:van|von|der|den|de|del|della|di|da|dos|du|la|le|ter|ten|zu|bin|ibn|al)[ \t]+)*{WORD}(?:\.(?:[ \t]+\p{{Lu}}[\p{{L}}\p{{M}}'’-]+))?){{1,3}}"
        );
        same(&full, NAMES, |cursor| cursor.full_name().is_some());
        same(&format!("{full}|{WORD}"), NAMES, |cursor| cursor.any_name().is_some());
        let loose = format!(r"\p{{L}}{LOOSE}*(?:[ \t]+{LOOSE}+){{0,2}}");
        same(&loose, NAMES, |cursor| cursor.loose_name(is_letter, 2).is_some());
        let loose = format!(r"\p{{Lu}}{LOOSE}*(?:[ \t]+{LOOSE}+){{0,3}}");
        same(&loose, NAMES, |cursor| cursor.loose_name(is_capital, 3).is_some());
    }

    #[test]
    fn tags_are_read_as_their_patterns_say() {
        let tags = ["name", "NAME: x", "nam", "Nàme", "", "names"];
        same("(?i)name", &tags, |cursor| cursor.tag_in_any_case("name"));
        let tags = ["vollständiger name", "VOLLSTÄNDIGER Name", "vollstandiger name"];
        same("(?i)vollständiger name", &tags, |cursor| cursor.tag_in_any_case("vollständiger name"));
        same("Liebe|Lieber", &["Liebe", "Lieber", "Lie", ""], |cursor| cursor.any_tag(&["Liebe", "Lieber"]));
    }

    #[test]
    fn names_are_read_backwards_up_to_five_words() {
        let starts = |text: &str| loose_names_before(text).collect::<Vec<_>>();
        assert_eq!(starts("To: Quill, Ada B."), [15, 11, 4]);
        assert_eq!(starts("a b c d e f"), [10, 8, 6, 4, 2]);
        assert_eq!(starts("4, Ada 'Quill"), [3]);
        assert_eq!(starts("Šmíd,Ada"), ["Šmíd,".len()]);
        assert!(starts("").is_empty() && starts("Ada ").is_empty() && starts("4").is_empty());
    }
}
