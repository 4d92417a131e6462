//! Word lists of the module's own.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::language::Language;

/// Small words of a language.
pub(super) struct Words {
    /// Words that carry grammar more than matter.
    pub(super) function: Vec<&'static str>,
    /// The writer, alone or among others.
    pub(super) first_person: Vec<&'static str>,
    /// Numbers in letters.
    pub(super) numbers: Vec<&'static str>,
}

impl Words {
    fn parse(text: &'static str) -> Self {
        Self {
            function: section(text, "function words"),
            first_person: section(text, "first person"),
            numbers: section(text, "numbers"),
        }
    }
}

/// The words under `# title`.
fn section(text: &'static str, title: &str) -> Vec<&'static str> {
    let mut inside = false;
    let mut out: Vec<&str> = Vec::new();
    for line in text.lines() {
        match line.strip_prefix("# ") {
            Some(heading) => inside = heading == title,
            None if inside => out.extend(line.split_whitespace()),
            None => {}
        }
    }
    out.sort_unstable();
    out.dedup();
    out
}

static ENGLISH: LazyLock<Words> = LazyLock::new(|| Words::parse(include_str!("lists/english.txt")));
static GERMAN: LazyLock<Words> = LazyLock::new(|| Words::parse(include_str!("lists/german.txt")));
static FRENCH: LazyLock<Words> = LazyLock::new(|| Words::parse(include_str!("lists/french.txt")));
static SPANISH: LazyLock<Words> = LazyLock::new(|| Words::parse(include_str!("lists/spanish.txt")));

/// The lists of a language; none for [`Language::Other`].
pub(super) fn words(language: Language) -> Option<&'static Words> {
    match language {
        Language::English => Some(&ENGLISH),
        Language::German => Some(&GERMAN),
        Language::French => Some(&FRENCH),
        Language::Spanish => Some(&SPANISH),
        Language::Other => None,
    }
}

/// Uses of a content word in a million words of general English, by class.
static COMMON: LazyLock<HashMap<&'static str, f64>> = LazyLock::new(|| {
    let mut out = HashMap::new();
    let mut rate = 0.0;
    for line in include_str!("lists/common.txt").lines() {
        match line.strip_prefix("# ") {
            Some(heading) => rate = heading.parse().unwrap_or(rate),
            None => line.split_whitespace().for_each(|word| {
                out.entry(word).or_insert(rate);
            }),
        }
    }
    out
});

/// What a word that is in no list is taken to be used, in a million.
const RARE: f64 = 8.0;

/// Uses of a content word per word of general English; endings are tried without.
pub(super) fn general_rate(word: &str) -> f64 {
    let stems = ["", "s", "es", "d", "ed", "ing", "ly", "er"];
    let found = stems.iter().filter_map(|ending| COMMON.get(word.strip_suffix(ending)?)).copied().fold(0.0, f64::max);
    if found > 0.0 { found / 1e6 } else { RARE / 1e6 }
}

/// Words with a full stop that ends no sentence, in lower case.
pub(super) const ABBREVIATIONS: &[&str] = &[
    "mr", "mrs", "ms", "dr", "prof", "st", "vs", "etc", "e.g", "i.e", "eg", "ie", "approx", "no", "fig", "jr", "sr",
    "inc", "ltd", "dept", "p.m", "a.m", "cf", "al", "ca", "z.b", "d.h", "u.a", "bzw", "usw", "evtl", "ggf", "inkl",
    "nr", "str", "vgl", "mme", "mlle", "p.ex", "sra", "srta", "ud", "uds", "p.ej", "av",
];

/// Months behind a day in German, where a full stop marks the number.
pub(super) const GERMAN_MONTHS: &[&str] = &[
    "januar",
    "februar",
    "märz",
    "april",
    "mai",
    "juni",
    "juli",
    "august",
    "september",
    "oktober",
    "november",
    "dezember",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_read() {
        for language in [Language::English, Language::German, Language::French, Language::Spanish] {
            let words = words(language).unwrap();
            assert!(words.function.len() >= 120, "{language:?}: {}", words.function.len());
            assert!(words.first_person.len() >= 9 && words.numbers.len() >= 20);
            assert!(words.function.iter().all(|w| w.chars().all(|c| c.is_lowercase())), "{language:?}");
        }
        assert!(general_rate("time") > general_rate("zone") && general_rate("zone") > general_rate("kettle"));
        assert_eq!(general_rate("kettles"), RARE / 1e6);
        assert!(general_rate("walked") > RARE / 1e6);
    }
}
