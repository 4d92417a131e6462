//! Words that say what the number beside them is, found in a line in one pass.

use std::collections::HashMap;
use std::sync::LazyLock;

/// A line as labels are compared: small letters without accents, no full stops, quotes or apostrophes, every dash and
/// underscore a space, and a space where a small letter meets a capital.
#[derive(Default)]
pub(super) struct Folded {
    text: String,
    /// For every byte of `text`, the byte of the page it comes from.
    from: Vec<usize>,
}

impl Folded {
    /// Folds `text`, which begins at byte `start` of the page.
    pub(super) fn fill(&mut self, text: &str, start: usize) {
        let mut folded = std::mem::take(&mut self.text).into_bytes();
        folded.clear();
        self.from.clear();
        let mut small = false;
        let mut at = 0;
        let bytes = text.as_bytes();
        while let Some(byte) = bytes.get(at) {
            if byte.is_ascii() {
                if small && byte.is_ascii_uppercase() {
                    folded.push(b' ');
                    self.from.push(start + at);
                }
                small = byte.is_ascii_lowercase();
                let plain = ASCII[usize::from(*byte)];
                if plain != 0 {
                    folded.push(plain);
                    self.from.push(start + at);
                }
                at += 1;
            } else {
                let Some(c) = text[at..].chars().next() else { break };
                small = false;
                if let Some(c) = quick_fold(c) {
                    folded.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
                    self.from.resize(folded.len(), start + at);
                }
                at += c.len_utf8();
            }
        }
        self.text = String::from_utf8(folded).unwrap_or_default();
    }

    /// Where byte `at` of the page is in the folded text.
    pub(super) fn place(&self, at: usize) -> usize {
        self.from.partition_point(|from| *from < at)
    }

    /// Which byte of the page byte `at` of the folded text comes from.
    pub(super) fn origin(&self, at: usize) -> usize {
        self.from.get(at).copied().unwrap_or(0)
    }

    /// The folded text.
    pub(super) fn text(&self) -> &str {
        &self.text
    }
}

/// [`fold`] for ASCII; 0 for what labels leave out.
static ASCII: [u8; 128] = {
    let mut table = [0; 128];
    let mut byte = 0;
    while byte < 128 {
        #[expect(clippy::cast_possible_truncation, reason = "below 128")]
        let sign = byte as u8;
        table[byte] = match sign {
            b'.' | b'\'' | b'"' | b'`' | b'*' => 0,
            b'-' | b'_' | b'\t' => b' ',
            _ => sign.to_ascii_lowercase(),
        };
        byte += 1;
    }
    table
};

/// [`fold`] of the alphabets of Europe, read once.
static WIDE: LazyLock<Vec<Option<char>>> = LazyLock::new(|| ('\u{80}'..'\u{530}').map(fold).collect());

fn quick_fold(c: char) -> Option<char> {
    let known = usize::try_from(u32::from(c) - 0x80).ok().and_then(|at| WIDE.get(at));
    known.map_or_else(|| fold(c), |folded| *folded)
}

/// One character as labels have it; nothing for those that labels leave out.
fn fold(c: char) -> Option<char> {
    Some(match c {
        'A'..='Z' => c.to_ascii_lowercase(),
        'a'..='z' | '0'..='9' => c,
        '-' | '_' | '\u{a0}' | '\u{202f}' | '\u{3000}' | '\u{2010}'..='\u{2013}' | '\t' => ' ',
        '.' | '\'' | '"' | '\u{2019}' | '\u{b4}' | '`' | '\u{5f4}' | '\u{5f3}' | '*' => return None,
        '\u{300}'..='\u{36f}' => return None,
        c if c.is_ascii() => c,
        'à'..='å' | 'À'..='Å' | 'ā' | 'Ā' | 'ă' | 'Ă' | 'ą' | 'Ą' | 'ả' | 'ạ' => 'a',
        'ç' | 'Ç' | 'ć' | 'Ć' | 'č' | 'Č' => 'c',
        'đ' | 'Đ' | 'ď' | 'Ď' => 'd',
        'è'..='ë' | 'È'..='Ë' | 'ē' | 'Ē' | 'ė' | 'Ė' | 'ę' | 'Ę' | 'ě' | 'Ě' | 'ế' | 'ệ' => 'e',
        'ğ' | 'Ğ' | 'ģ' => 'g',
        'ì'..='ï' | 'Ì'..='Ï' | 'ī' | 'Ī' | 'ı' | 'İ' | 'į' => 'i',
        'ł' | 'Ł' | 'ļ' | 'ľ' => 'l',
        'ñ' | 'Ñ' | 'ń' | 'Ń' | 'ň' | 'Ň' => 'n',
        'ò'..='ö' | 'ø' | 'Ò'..='Ö' | 'Ø' | 'ő' | 'Ő' | 'ố' | 'ộ' => 'o',
        'ř' | 'Ř' => 'r',
        'ś' | 'Ś' | 'š' | 'Š' | 'ş' | 'Ş' | 'ș' | 'Ș' => 's',
        'ť' | 'Ť' | 'ţ' | 'ț' => 't',
        'ù'..='ü' | 'Ù'..='Ü' | 'ū' | 'Ū' | 'ů' | 'Ů' | 'ű' | 'Ű' => 'u',
        'ý' | 'Ý' => 'y',
        'ź' | 'Ź' | 'ż' | 'Ż' | 'ž' | 'Ž' => 'z',
        'ά' | 'Ά' => 'α',
        'έ' | 'Έ' => 'ε',
        'ή' | 'Ή' => 'η',
        'ί' | 'Ί' => 'ι',
        'ό' | 'Ό' => 'ο',
        'ύ' | 'Ύ' => 'υ',
        'ώ' | 'Ώ' => 'ω',
        c => c.to_lowercase().next().unwrap_or(c),
    })
}

/// A label at a place of a [`Folded`] line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Hit {
    /// Which label, as [`Labels::number`] has it.
    pub(super) label: u16,
    /// Its bytes in the folded line.
    pub(super) start: usize,
    /// The byte after it.
    pub(super) end: usize,
}

/// A label of some rule.
struct Label {
    text: String,
    /// Its third and fourth byte, 0 where it has none: what tells most labels of a list apart.
    next: [u8; 2],
    number: u16,
}

/// Every label of every rule.
#[derive(Default)]
pub(super) struct Labels {
    numbers: HashMap<String, u16>,
    /// By the first two bytes, the longest first.
    by_head: Vec<Vec<Label>>,
    /// For each two bytes, where in `by_head` the labels are that begin so; the list at 0 is empty.
    heads: Vec<u16>,
}

impl Labels {
    /// The number of a label, which is added when new.
    pub(super) fn number(&mut self, label: &str) -> u16 {
        let mut folded = Folded::default();
        folded.fill(label, 0);
        let next = u16::try_from(self.numbers.len()).unwrap_or(u16::MAX);
        if let Some(number) = self.numbers.get(folded.text()) {
            return *number;
        }
        if self.heads.is_empty() {
            self.heads = vec![0; 1 << 16];
            self.by_head.push(Vec::new());
        }
        if let [first, second, ..] = *folded.text().as_bytes() {
            let head = &mut self.heads[usize::from(first) << 8 | usize::from(second)];
            if *head == 0 {
                *head = u16::try_from(self.by_head.len()).unwrap_or(0);
                self.by_head.push(Vec::new());
            }
            let list = &mut self.by_head[usize::from(*head)];
            let byte = |at: usize| folded.text().as_bytes().get(at).copied().unwrap_or(0);
            list.push(Label { text: folded.text().to_owned(), next: [byte(2), byte(3)], number: next });
            list.sort_by_key(|label| std::cmp::Reverse(label.text.len()));
        }
        self.numbers.insert(folded.text().to_owned(), next);
        next
    }

    /// How many letters each has, in the order of the numbers.
    pub(super) fn lengths(&self) -> Vec<usize> {
        let mut lengths = vec![0; self.numbers.len()];
        for (label, number) in &self.numbers {
            lengths[usize::from(*number)] = label.chars().filter(|c| c.is_alphanumeric()).count();
        }
        lengths
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.numbers.len()
    }

    /// The labels in `line`, by their place; the longest where several begin.
    pub(super) fn find(&self, line: &Folded, hits: &mut Vec<Hit>) {
        hits.clear();
        let text = line.text();
        let bytes = text.as_bytes();
        let mut word = false;
        let mut at = 0;
        while at + 1 < bytes.len() {
            let first = bytes[at];
            if first.is_ascii() {
                let inside = std::mem::replace(&mut word, first.is_ascii_alphanumeric());
                if inside || !word {
                    at += 1;
                    // To the end of the word.
                    while word && bytes.get(at).is_some_and(u8::is_ascii_alphanumeric) {
                        at += 1;
                    }
                    continue;
                }
            }
            let Some(c) = text[at..].chars().next() else { break };
            let spaced = !unspaced(c);
            let inside = !c.is_ascii() && std::mem::replace(&mut word, spaced && super::letter(c)) && spaced;
            let mut end = at + c.len_utf8();
            let head = self.heads[usize::from(first) << 8 | usize::from(bytes[at + 1])];
            if !inside && head > 0 {
                let labels = &self.by_head[usize::from(head)];
                let byte = |at: usize| bytes.get(at).copied().unwrap_or(0);
                let (third, fourth) = (byte(at + 2), byte(at + 3));
                let found = labels.iter().find(|label| {
                    let [one, two] = label.next;
                    (one == third || one == 0)
                        && (two == fourth || two == 0)
                        && text[at..].starts_with(label.text.as_str())
                        && (label.text.ends_with(['#', ':', '№', '°'])
                            || ends(&text[at + label.text.len()..], !spaced, label.text.len() > 3))
                });
                if let Some(label) = found {
                    hits.push(Hit { label: label.number, start: at, end: at + label.text.len() });
                    // Words within a label are no labels of their own.
                    end = at + label.text.len();
                    word = false;
                }
            }
            at = end;
        }
    }
}

/// Whether a script is written without spaces, so that a word may begin anywhere.
fn unspaced(c: char) -> bool {
    matches!(c, '\u{e00}'..='\u{e7f}' | '\u{3040}'..='\u{9fff}' | '\u{ac00}'..='\u{d7a3}')
}

/// Whether a word may end before `rest`: nothing of it goes on but an ending that labels take;
/// short labels take only endings of two letters and more.
fn ends(rest: &str, unspaced: bool, long: bool) -> bool {
    const ENDINGS: &[&str] = &[
        "nummer", "nr", "number", "numer", "no", "num", "n", "s", "en", "et", "id", "numarasi", "numero", "nummern",
        "ets", "ens", "es", "er", "a", "u", "y", "i", "em", "om", "ou", "ie", "ow", "ego", "emu", "nak", "szam",
        "szama", "om", "ul", "ului", "nya", "ku", "mu", "im", "m", "nim", "si", "un", "in", "card", "karte", "kort",
        "nro",
    ];
    let tail = rest.split(|c: char| !c.is_alphabetic()).next().unwrap_or_default();
    // Where words change at their ends, and where small words are joined to them.
    let inflected = || !tail.is_ascii() && long && tail.chars().count() <= 3;
    tail.is_empty() || unspaced || inflected() || (ENDINGS.contains(&tail) && (long || tail.len() > 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_found_as_words() {
        let mut labels = Labels::default();
        let numbers: Vec<u16> = ["Tax-ID", "passport", "N.º SS", "身份证"].map(|label| labels.number(label)).to_vec();
        let mut line = Folded::default();
        let mut hits = Vec::new();
        let mut find = |text: &str| {
            line.fill(text, 7);
            labels.find(&line, &mut hits);
            hits.iter().map(|hit| hit.label).collect::<Vec<_>>()
        };
        assert_eq!(find("My tax_id, taxId and taxidermist"), [numbers[0], numbers[0]]);
        assert_eq!(find("Passports, PASSPORT-No., passporting"), [numbers[1], numbers[1]]);
        assert_eq!(find("公民身份证号 nº SS"), [numbers[3], numbers[2]]);
    }
}
