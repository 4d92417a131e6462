//! Names in scripts without capitals: Han, Kana, Hangul, Thai, Arabic, Hebrew, the scripts of India, Georgian, Ethiopic.
//!
//! A Chinese or Korean name is a surname of one syllable and one or two more that given names use; a Japanese one is
//! in the lists. Ordinary words have that shape too, so a label, an honorific, a word for who somebody is or a line of
//! its own has to vouch for it. Names of the other scripts are looked up, in Latin letters where the lists have those.

mod han;
mod japanese;
mod korean;
mod spelt;
mod thai;

use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::sync::LazyLock;

use crate::mask::page::{Cues, Page};
use crate::mask::span::{Entity, Layer, Span};
use crate::mask::words::Word;

/// Surnames and the syllables of given names, by script.
struct Native {
    chinese_surnames: HashSet<&'static str>,
    chinese_given: HashSet<char>,
    japanese_surnames: HashSet<&'static str>,
    japanese_given: HashSet<&'static str>,
    korean_surnames: HashSet<&'static str>,
    korean_given: HashSet<char>,
}

/// The words below the heading `# name` of one of the lists; `_` stands for a blank within an entry.
fn group(list: &'static str, name: &str) -> impl Iterator<Item = &'static str> {
    let mut inside = false;
    list.lines().flat_map(move |line| {
        let heading = line.strip_prefix('#').map(|heading| inside = heading.trim() == name);
        let line = if inside && heading.is_none() { line } else { "" };
        line.split_whitespace()
    })
}

static NATIVE: LazyLock<Native> = LazyLock::new(|| {
    let group = |name| group(include_str!("../../lexicon/native_script.txt"), name);
    let letters = |name| group(name).flat_map(str::chars).collect();
    Native {
        chinese_surnames: group("zh surnames").collect(),
        chinese_given: letters("zh given characters"),
        japanese_surnames: group("ja surnames").collect(),
        japanese_given: group("ja given").collect(),
        korean_surnames: group("ko surnames").collect(),
        korean_given: letters("ko given syllables"),
    }
});

/// Words by their last letter.
struct Ends(HashMap<char, Vec<String>>);

impl Ends {
    fn new(words: impl Iterator<Item = &'static str>) -> Self {
        let mut ends: HashMap<char, Vec<String>> = HashMap::new();
        for word in words {
            if let Some(last) = word.chars().next_back() {
                ends.entry(last).or_default().push(word.replace('_', " "));
            }
        }
        Self(ends)
    }

    /// The words that `text` ends with.
    fn of<'w>(&'w self, text: &'w str) -> impl Iterator<Item = &'w str> {
        let words = text.chars().next_back().and_then(|last| self.0.get(&last));
        words.into_iter().flatten().map(String::as_str).filter(move |word| text.ends_with(word))
    }

    fn contains(&self, text: &str) -> bool {
        self.of(text).any(|word| word == text)
    }
}

/// Words by their first letter.
struct Starts(HashMap<char, Vec<&'static str>>);

impl Starts {
    fn new(words: impl Iterator<Item = &'static str>) -> Self {
        let mut starts: HashMap<char, Vec<&'static str>> = HashMap::new();
        for word in words {
            if let Some(first) = word.chars().next() {
                starts.entry(first).or_default().push(word);
            }
        }
        Self(starts)
    }

    /// Whether `text` starts with one of the words that `wanted` takes.
    fn begin(&self, text: &str, wanted: impl Fn(&str) -> bool) -> bool {
        let words = text.chars().next().and_then(|first| self.0.get(&first));
        words.into_iter().flatten().any(|word| text.starts_with(word) && wanted(word))
    }
}

/// The words around names in scripts without capitals.
struct Around {
    /// Before a colon, or brackets, behind which a person is named.
    labels: Ends,
    /// Before a Chinese, Japanese or Korean name without a colon.
    cues: Ends,
    /// Behind a name.
    honorifics: Starts,
    /// Behind a Chinese name in a sentence.
    behind: Vec<&'static str>,
    /// Words that begin with a character that is a surname too.
    words: HashSet<&'static str>,
    /// Beside names in the scripts that part words: roles, titles and labels, without marks.
    roles: HashSet<&'static str>,
    /// Heads of names of houses, schools and prizes in those scripts, before the name or behind it.
    houses: HashSet<&'static str>,
    /// Small words of those scripts that end a name.
    small: HashSet<&'static str>,
}

static AROUND: LazyLock<Around> = LazyLock::new(|| {
    let group = |name| group(include_str!("../../lexicon/native_around.txt"), name);
    Around {
        labels: Ends::new(group("labels")),
        cues: Ends::new(group("cues")),
        honorifics: Starts::new(group("honorifics")),
        behind: group("behind").collect(),
        words: group("words that begin as names do").collect(),
        roles: group("roles").collect(),
        houses: group("houses").collect(),
        small: group("small words").collect(),
    }
});

const fn is_han(c: char) -> bool {
    matches!(c, '\u{3400}'..='\u{9FFF}' | '\u{F900}'..='\u{FAFF}' | '々')
}

const fn is_kana(c: char) -> bool {
    matches!(c, '\u{3041}'..='\u{30FF}')
}

const fn is_katakana(c: char) -> bool {
    matches!(c, '\u{30A1}'..='\u{30FA}' | 'ー' | '・')
}

const fn is_hangul(c: char) -> bool {
    matches!(c, '\u{AC00}'..='\u{D7A3}')
}

const fn is_thai(c: char) -> bool {
    matches!(c, '\u{0E00}'..='\u{0E7F}')
}

/// Which scripts without capitals the bytes of a line hold: Han, Kana and Hangul; and the others.
fn scripts(line: &[u8]) -> (bool, bool) {
    let (mut east, mut other) = (false, false);
    for (at, byte) in line.iter().enumerate() {
        match byte {
            0xD6..=0xE0 => other = true,
            // Georgian and Ethiopic; Vietnamese letters begin with the same byte.
            0xE1 => other |= matches!(line.get(at + 1), Some(0x83 | 0x88..=0x8D)),
            0xE3..=0xED => east = true,
            _ => {}
        }
    }
    (east, other)
}

fn is_han_text(text: &str) -> bool {
    text.chars().all(|c| is_han(c) || is_hangul(c))
}

/// Adds names in scripts without case.
pub(super) fn find(page: &Page<'_>, words: &[Word], out: &mut Vec<Span>) {
    let text = page.text();
    for (number, line) in page.lines().iter().enumerate() {
        if !line.cues.has(Cues::WIDE) {
            continue;
        }
        let (east, other) = scripts(&text.as_bytes()[line.start..line.end]);
        if !east && !other {
            continue;
        }
        let from = words.partition_point(|word| word.start() < line.start);
        let to = words.partition_point(|word| word.start() < line.end);
        let row = Row { text, line: line.start..line.end, number, words: &words[from..to] };
        if east {
            row.han(out);
            row.japanese(out);
            row.korean(out);
        }
        if other {
            row.spelt(out);
            row.thai(out);
        }
    }
}

fn span(range: Range<usize>, score: f32, rule: &'static str) -> Span {
    Span::new(range, Entity::Person, score.min(0.95)).by(Layer::Context, rule)
}

/// One line.
struct Row<'a> {
    text: &'a str,
    line: Range<usize>,
    number: usize,
    words: &'a [Word],
}

impl Row<'_> {
    fn head(&self, at: usize) -> &str {
        &self.text[self.line.start..at]
    }

    fn tail(&self, at: usize) -> &str {
        &self.text[at..self.line.end]
    }

    /// Whether a label stands before byte `at`, with a colon or a bracket between.
    fn labelled(&self, at: usize) -> bool {
        let head = self.head(at);
        let outer = [
            ':', '：', ' ', '\u{3000}', '|', '*', '】', ']', '=', '\t', '｜', '(', '（', '/', '「', '『', '"', '“',
            '―', '-',
        ];
        let label = head.trim_end_matches(outer);
        // The heading above: `推荐人` and the name on the next line.
        if !label.contains(char::is_alphanumeric) {
            let above = self.text[..self.line.start].trim_end().rsplit('\n').next().unwrap_or_default();
            // `姓名：` and a name that is masked already is no heading.
            let masked = above.contains('\u{1}');
            let above = above.trim_matches(|c: char| !c.is_alphanumeric());
            return !above.is_empty()
                && !masked
                && head.len() < 12
                && !head.contains('\u{1}')
                && AROUND.labels.contains(above)
                && (is_han_text(above) || above.starts_with(|c: char| matches!(c, '\u{590}'..='\u{6FF}')));
        }
        let between = &head[label.len()..];
        between.contains([':', '：', '|', '｜', '】', ']', '\t', '\u{3000}', '=', '(', '（', ' '])
            && label.len() + 40 > head.len()
            && AROUND.labels.of(label).any(|word| {
                let rest = &label[..label.len() - word.len()];
                // `名` alone ends many words.
                word.chars().count() > 1 || !rest.chars().next_back().is_some_and(char::is_alphanumeric)
            })
    }

    /// Whether nothing but marks stands around the bytes.
    fn alone(&self, range: &Range<usize>) -> bool {
        let bare = |c: char| !c.is_alphanumeric();
        self.head(range.start).chars().all(bare) && self.tail(range.end).chars().all(bare)
    }
}
