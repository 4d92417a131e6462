//! What the id of a model says: organization, base name, size, fine-tune and version.
//!
//! The rules are those of gguf-py's `metadata.py` (`get_model_id_components`, `id_to_title`), so that the same folder
//! gets the same `general.*` keys from llama.cpp's converter and from us.

use std::sync::LazyLock;

use regex::Regex;

/// The parts of an id; what it does not say is absent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Parts {
    /// The id without its organization.
    pub(super) full_name: String,
    pub(super) organization: Option<String>,
    pub(super) basename: Option<String>,
    pub(super) finetune: Option<String>,
    pub(super) version: Option<String>,
    pub(super) size_label: Option<String>,
}

/// What one word of an id can be; a word can be several.
#[derive(Debug, Clone, Copy, Default)]
struct Kinds {
    basename: bool,
    size: bool,
    finetune: bool,
    version: bool,
    stored_type: bool,
}

impl Kinds {
    fn count(self) -> usize {
        [self.basename, self.size, self.finetune, self.version, self.stored_type].iter().filter(|set| **set).count()
    }
}

static VERSION: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"(?i)^(?:v|iter)?\d+(?:[.]\d+)*$").ok());
static STORED: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"(?i)^(?:i?q\d(?:_\w)*|b?fp?(?:16|32))$").ok());
static SIZE: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(?i)^(?:(?:A|\d+x)?\d+(?:[._]\d+)?[KMBT]\d?|small|mini|medium|large|x?xl)$").ok());
static TUNED: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"(?i)^(?:chat|instruct|vision|lora)$").ok());
static NUMBER: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"^(?:v\d+(?:\.\d+)*|\d.*)$").ok());

fn is(regex: &LazyLock<Option<Regex>>, text: &str) -> bool {
    regex.as_ref().is_some_and(|regex| regex.is_match(text))
}

impl Parts {
    /// Takes an id `org/Name-7B-Instruct-v1` apart. `parameters` is the size of the model, which tells sizes from
    /// context lengths.
    pub(super) fn of(id: &str, parameters: u64) -> Self {
        // Words with blanks between them are a name for people, not an id.
        if id.contains(' ') {
            return Self { full_name: id.to_owned(), ..Self::default() };
        }
        let (organization, full_name) = match id.split_once('/') {
            Some((organization, name)) => (Some(organization).filter(|org| !org.starts_with('.')), name),
            None => (None, id),
        };
        let mut words: Vec<(String, Kinds)> = full_name
            .split('-')
            .filter(|word| !word.is_empty())
            .map(|word| (word.to_owned(), Kinds::default()))
            .collect();
        for (i, (word, kinds)) in words.iter_mut().enumerate() {
            if is(&VERSION, word) {
                kinds.version = true;
            } else if is(&STORED, word) {
                kinds.stored_type = true;
                *word = word.to_uppercase();
            } else if i > 0 && is(&SIZE, word) {
                *word = size(word);
                if is_other_length(word, parameters) {
                    kinds.finetune = true;
                    lower_last(word);
                } else {
                    kinds.size = true;
                }
            } else if i > 0 && is(&TUNED, word) {
                kinds.finetune = true;
            }
        }
        // `small` says nothing where a number stands.
        if words.iter().any(|(word, kinds)| kinds.size && word.contains(|c: char| c.is_ascii_digit())) {
            for (_, kinds) in words.iter_mut().filter(|(word, _)| word.chars().all(char::is_alphabetic)) {
                kinds.size = false;
            }
        }
        let mut at_start = true;
        for (word, kinds) in &mut words {
            if at_start && (kinds.version || (kinds.count() == 0 && word.starts_with(char::is_alphabetic))) {
                kinds.basename = true;
            } else {
                at_start = false;
                kinds.finetune |= kinds.count() == 0;
            }
        }
        // A version at the end of the base name is a version.
        for (_, kinds) in words.iter_mut().rev() {
            if !(kinds.basename && kinds.count() > 1) {
                break;
            }
            kinds.basename = false;
        }
        let join = |wanted: &dyn Fn(&Kinds) -> bool| {
            let found: Vec<&str> = words.iter().filter(|(_, k)| wanted(k)).map(|(word, _)| word.as_str()).collect();
            (!found.is_empty()).then_some(found)
        };
        let text = |found: Option<Vec<&str>>| found.map(|words| words.join("-"));
        let mut sizes = join(&|kinds| kinds.size);
        if let Some(sizes) = &mut sizes {
            let mut seen = Vec::new();
            sizes.retain(|size| {
                !seen.contains(size) && {
                    seen.push(*size);
                    true
                }
            });
        }
        let (finetune, version) = (text(join(&|k| k.finetune)), text(join(&|k| k.version && !k.basename)));
        let size_label = text(sizes);
        // A base name alone could be anything.
        let says = size_label.is_some() || finetune.is_some() || version.is_some();
        Self {
            full_name: full_name.to_owned(),
            organization: organization.map(str::to_owned),
            basename: text(join(&|k| k.basename)).filter(|_| says),
            finetune,
            version,
            size_label,
        }
    }
}

/// `7b` -> `7B`, `1_5b` -> `1.5B`, bloom's `7b1` -> `7.1B`.
fn size(word: &str) -> String {
    let mut chars: Vec<char> = word.replace('_', ".").chars().collect();
    if let [.., unit, digit] = chars[..]
        && digit.is_ascii_digit()
    {
        chars.truncate(chars.len() - 2);
        chars.extend(['.', digit, unit]);
    }
    if let [.., before, unit] = &mut chars[..]
        && before.is_ascii_digit()
    {
        *unit = unit.to_ascii_uppercase();
    }
    chars.into_iter().collect()
}

/// Whether a size is so far from that of the model that it must be something else, such as a context length.
fn is_other_length(word: &str, parameters: u64) -> bool {
    let Some(unit) = word.chars().last() else { return false };
    let (Some(power), Some(number)) = ("KMBT".find(unit), word.strip_suffix(unit)) else { return false };
    let Ok(number) = number.parse::<f64>() else { return false };
    let label = number * 1000f64.powi(power as i32 + 1);
    parameters > 0 && (label - parameters as f64).abs() > (7 * u128::from(parameters) / 8) as f64
}

fn lower_last(word: &mut String) {
    if let Some(last) = word.pop() {
        word.extend(last.to_lowercase());
    }
}

/// `meta-llama` -> `Meta Llama`: words in lower case get a capital, but for versions and what starts with a digit.
pub(super) fn title(id: &str) -> String {
    let words = id.trim().replace('-', " ");
    let words = words.split_whitespace().map(|word| {
        let lower = word.chars().any(char::is_lowercase) && !word.chars().any(char::is_uppercase);
        if lower && !is(&NUMBER, word) { capitals(word) } else { word.to_owned() }
    });
    words.collect::<Vec<String>>().join(" ")
}

/// A capital at the start of every run of letters.
fn capitals(word: &str) -> String {
    let mut out = String::new();
    let mut inside = false;
    for c in word.chars() {
        if c.is_alphabetic() && !inside {
            let mut upper = c.to_uppercase();
            out.extend(upper.next());
            out.extend(upper.flat_map(char::to_lowercase));
        } else {
            out.push(c);
        }
        inside = c.is_alphabetic();
    }
    out
}

/// `3.2B`, `135M`: two digits at least.
pub(super) fn size_label(parameters: u64) -> String {
    let parameters = parameters as f64;
    let (scaled, suffix) = match parameters {
        n if n > 1e12 => (n * 1e-12, "T"),
        n if n > 1e9 => (n * 1e-9, "B"),
        n if n > 1e6 => (n * 1e-6, "M"),
        n => (n * 1e-3, "K"),
    };
    // Rounded to even as Python does; a lone zero has no digits.
    let whole = scaled.round_ties_even();
    let decimals = if whole < 1.0 { 2 } else { usize::from(whole < 10.0) };
    format!("{scaled:.decimals$}{suffix}")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Expected values from gguf-py of llama.cpp, really called.
    #[test]
    fn ids_are_taken_apart_as_gguf_py_does() {
        let cases: serde_json::Value =
            serde_json::from_str(include_str!("../../../fixtures/numeric/gguf/names.json")).unwrap();
        let cases = cases.as_array().unwrap();
        assert!(cases.len() > 30);
        for case in cases {
            let id = case["id"].as_str().unwrap();
            let parts = Parts::of(id, case["parameters"].as_u64().unwrap());
            let found = serde_json::json!([
                parts.full_name,
                parts.organization,
                parts.basename,
                parts.finetune,
                parts.version,
                parts.size_label
            ]);
            assert_eq!(found, case["parts"], "{id}");
            assert_eq!(title(&parts.full_name), case["title"], "{id}");
        }
    }

    #[test]
    fn labels_of_sizes() {
        for (parameters, label) in [
            (3_212_749_824, "3.2B"),
            (1_235_814_400, "1.2B"),
            (134_515_008, "135M"),
            (83_000, "83K"),
            (9_400, "9.4K"),
            (250, "0.25K"),
            (9_500_000_000, "10B"),
            (1_000_000, "1000K"),
        ] {
            assert_eq!(size_label(parameters), label);
        }
    }
}
