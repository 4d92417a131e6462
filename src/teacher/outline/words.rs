//! Words: numbers, dates, names of tools, and turning "I" into "you".

/// Words of a text.
pub(super) fn count(text: &str) -> usize {
    text.split_whitespace().count()
}

/// Without emphasis marks, with single spaces.
pub(super) fn tidy(text: &str) -> String {
    text.replace("**", "")
        .replace("__", "")
        .split_whitespace()
        .map(emphasis)
        .filter(|w| !w.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

/// `*word*` without its stars; `5 * 3` and `C*` stay.
fn emphasis(word: &str) -> &str {
    let word = if word.len() > 1 { word.strip_prefix('*').unwrap_or(word) } else { word };
    if word.matches('*').count() == 1
        && word.trim_end_matches(['.', ',', ';', ':', '!', '?']).ends_with('*')
        && !word.ends_with(char::is_alphanumeric)
    {
        return word.trim_end_matches('*');
    }
    word
}

/// The word without the punctuation around it.
pub(super) fn bare(word: &str) -> &str {
    word.trim_start_matches(['"', '“', '(', '\'', '‘'])
        .trim_end_matches(['.', ',', ';', ':', '!', '?', '"', '”', ')', '\'', '’'])
}

/// Without a closing full stop or the like.
pub(super) fn open_end(text: &str) -> &str {
    text.trim().trim_end_matches(['.', '!', ';', ':', ',']).trim_end()
}

/// With a closing full stop.
pub(super) fn closed(text: &str) -> String {
    let text = text.trim();
    if text.ends_with(['.', '!', '?', '”', '"', '…']) { text.to_owned() } else { format!("{}.", open_end(text)) }
}

/// First letter upper case.
pub(super) fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|c| c.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

/// First letter lower case.
pub(super) fn small(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|c| c.to_lowercase().chain(chars).collect()).unwrap_or_default()
}

/// Function words that lose their capital in the middle of a sentence.
const SMALL: &[&str] = &[
    "a",
    "after",
    "all",
    "an",
    "and",
    "any",
    "as",
    "at",
    "before",
    "both",
    "but",
    "by",
    "each",
    "every",
    "everybody",
    "everyone",
    "for",
    "four",
    "from",
    "he",
    "his",
    "if",
    "in",
    "it",
    "its",
    "like",
    "most",
    "my",
    "no",
    "nobody",
    "none",
    "not",
    "nothing",
    "on",
    "one",
    "only",
    "other",
    "our",
    "people",
    "she",
    "so",
    "some",
    "somebody",
    "someone",
    "that",
    "the",
    "their",
    "then",
    "there",
    "these",
    "they",
    "this",
    "those",
    "three",
    "to",
    "two",
    "until",
    "we",
    "what",
    "when",
    "where",
    "with",
    "you",
    "your",
    "message",
    "downtime",
    "pages",
    "cold",
    "truck",
    "live",
    "storage",
    "management",
];

/// Fit to follow "that": small where that is safe, else as it is.
pub(super) fn inner(text: &str) -> String {
    let first = text.split_whitespace().next().map(|w| bare(w).to_lowercase()).unwrap_or_default();
    if SMALL.contains(&first.as_str()) { small(text) } else { text.to_owned() }
}

/// The person's own sentence, said to them: `I` → `you`, `my` → `your`.
pub(super) fn to_you(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    let mut out: Vec<String> = Vec::with_capacity(words.len());
    for (i, word) in words.iter().enumerate() {
        let core = bare(word);
        let before = if i == 0 { "" } else { words.get(i - 1).copied().unwrap_or_default() };
        let after_i = matches!(before, "I" | "i");
        let new = match core {
            "I" | "we" | "We" | "me" | "us" => "you",
            "I'm" | "I’m" => "you’re",
            "I've" | "I’ve" => "you’ve",
            "my" | "our" | "My" | "Our" => "your",
            "mine" | "ours" => "yours",
            "myself" => "yourself",
            "ourselves" => "yourselves",
            "am" if after_i => "are",
            "was" if after_i => "were",
            _ => core,
        };
        out.push(word.replacen(core, new, usize::from(!core.is_empty() && new != core)));
    }
    out.join(" ")
}

/// A year between 1900 and 2099.
pub(super) fn is_year(word: &str) -> bool {
    let word = word.trim_matches(|c: char| !c.is_alphanumeric());
    let core = word.split_once('-').map_or(word, |(year, month)| if month.len() == 2 { year } else { word });
    core.len() == 4 && core.bytes().all(|b| b.is_ascii_digit()) && (core.starts_with("19") || core.starts_with("20"))
}

const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

/// The month, from 1, also of `Sept`.
pub(super) fn month(word: &str) -> Option<i64> {
    let word = bare(word).to_lowercase();
    (word.len() >= 3)
        .then(|| MONTHS.iter().position(|m| m.starts_with(word.as_str()) || (word == "sept" && *m == "september")))
        .flatten()
        .and_then(|i| i64::try_from(i + 1).ok())
}

/// Whether the word is a month.
pub(super) fn is_month(word: &str) -> bool {
    month(word).is_some()
}

const NUMBERS: &[&str] = &[
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
    "twenty",
];
/// A small count in words, a large one in digits.
pub(super) fn spelt(n: usize) -> String {
    NUMBERS.get(n).map_or_else(|| n.to_string(), |word| (*word).to_owned())
}

const TENS: &[(&str, f64)] = &[
    ("thirty", 30.0),
    ("forty", 40.0),
    ("fifty", 50.0),
    ("sixty", 60.0),
    ("seventy", 70.0),
    ("eighty", 80.0),
    ("ninety", 90.0),
    ("hundred", 100.0),
];

/// The value of `2,340`, `0.7`, `fourteen`, `12%`.
pub(super) fn value(word: &str) -> Option<f64> {
    let word = bare(word).trim_end_matches(['%', '+']);
    let lower = word.to_lowercase();
    if let Some(i) = NUMBERS.iter().position(|n| *n == lower) {
        return u32::try_from(i).ok().map(f64::from);
    }
    if let Some((_, n)) = TENS.iter().find(|(t, _)| *t == lower) {
        return Some(*n);
    }
    let digits = word.bytes().all(|b| b.is_ascii_digit() || b == b',' || b == b'.')
        && word.bytes().next().is_some_and(|b| b.is_ascii_digit());
    digits.then(|| word.replace(',', "").parse().ok()).flatten()
}

/// A number as people write it: `9,888`, `4.5`.
pub(super) fn number(value: f64) -> String {
    let rounded = (value * 10.0).round() / 10.0;
    let whole = format!("{:.0}", rounded.trunc().abs());
    let mut out = String::new();
    for (i, c) in whole.chars().enumerate() {
        if i > 0 && (whole.len() - i) % 3 == 0 {
            out.push(',');
        }
        out.push(c);
    }
    let tenth = ((rounded.fract().abs()) * 10.0).round();
    if tenth > 0.0 { format!("{out}.{tenth:.0}") } else { out }
}

/// Whether the word names something: upper case, or digits among letters.
pub(super) fn is_name(word: &str) -> bool {
    let word = bare(word);
    !matches!(word, "I" | "I'm" | "I’m" | "I've" | "I’ve") && word.chars().next().is_some_and(char::is_uppercase)
}

/// Programming languages, which are asked for as languages.
pub(super) fn is_language(name: &str) -> bool {
    const LANGUAGES: &[&str] = &[
        "ada",
        "bash",
        "c",
        "c#",
        "c++",
        "clojure",
        "cobol",
        "elixir",
        "erlang",
        "f#",
        "fortran",
        "go",
        "haskell",
        "java",
        "javascript",
        "julia",
        "kotlin",
        "lua",
        "ocaml",
        "perl",
        "php",
        "python",
        "r",
        "ruby",
        "rust",
        "scala",
        "swift",
        "typescript",
        "zig",
    ];
    LANGUAGES.contains(&name.to_lowercase().as_str())
}

/// One of several wordings, always the same for a text.
pub(super) fn one_of<'a>(text: &str, wordings: &[&'a str]) -> &'a str {
    wordings.get(pick(text, wordings.len())).copied().unwrap_or_default()
}

/// The same sum of a text on every machine; picks wordings.
pub(super) fn pick(text: &str, of: usize) -> usize {
    let sum = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3));
    usize::try_from((sum >> 20) % u64::try_from(of.max(1)).unwrap_or(1)).unwrap_or(0)
}
