//! Which modules an adapter sits on, by PEFT's rules (`tuners/tuners_utils.py`, `check_target_module_exists`).

use regex::Regex;
use serde_json::{Value, json};

/// A name or regular expression of PEFT's that has to cover a module's path.
///
/// Python's syntax, as far as Rust's `regex` has it: groups, classes and repeats, no look-around.
#[derive(Debug, Clone)]
pub struct Pattern {
    source: String,
    regex: Regex,
}

impl Pattern {
    /// Covers a whole path, as `re.fullmatch` does.
    ///
    /// # Errors
    /// The syntax, in the words of the regex engine.
    pub fn whole(source: &str) -> Result<Self, String> {
        Self::compile(source, format!(r"\A(?:{source})\z"))
    }

    /// Covers a path or its last segments: the keys of `rank_pattern` and `alpha_pattern` (`get_pattern_key`).
    ///
    /// # Errors
    /// As [`Pattern::whole`].
    pub fn suffix(source: &str) -> Result<Self, String> {
        Self::compile(source, format!(r"\A(?:.*\.)?(?:{source})\z"))
    }

    fn compile(source: &str, whole: String) -> Result<Self, String> {
        // The limit keeps a hostile file from taking memory; real patterns need a few kilobytes.
        let regex = regex::RegexBuilder::new(&whole).size_limit(1 << 20).build();
        Ok(Self { source: source.to_owned(), regex: regex.map_err(|error| error.to_string())? })
    }

    /// Whether `module` is covered.
    #[must_use]
    pub fn matches(&self, module: &str) -> bool {
        self.regex.is_match(module)
    }

    /// As written in the file.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.regex.as_str() == other.regex.as_str()
    }
}

/// Module names in one of the three forms that PEFT takes.
#[derive(Debug, Clone, PartialEq)]
pub enum TargetModules {
    /// Every linear layer except the output head, PEFT's `"all-linear"`.
    AllLinear,
    /// Suffixes (`q_proj`) or full paths.
    List(Vec<String>),
    /// A regular expression over full paths.
    Pattern(Pattern),
}

impl TargetModules {
    /// Whether a module path is named: by the pattern, or by an entry that it equals or ends in after a dot.
    #[must_use]
    pub fn matches(&self, module: &str) -> bool {
        match self {
            Self::AllLinear => module != "lm_head",
            Self::List(list) => list.iter().any(|target| is_suffix(target, module)),
            Self::Pattern(pattern) => pattern.matches(module),
        }
    }

    /// The entries that match none of `modules`.
    pub(super) fn unused<'a>(&self, modules: impl Iterator<Item = &'a str> + Clone) -> Vec<String> {
        match self {
            Self::AllLinear | Self::Pattern(_) => Vec::new(),
            Self::List(list) => {
                list.iter().filter(|target| !modules.clone().any(|module| is_suffix(target, module))).cloned().collect()
            }
        }
    }

    /// As the file spells it.
    pub(super) fn to_value(&self) -> Value {
        match self {
            Self::AllLinear => json!("all-linear"),
            Self::List(list) => json!(list),
            Self::Pattern(pattern) => json!(pattern.source()),
        }
    }
}

/// `layers_to_transform` and `layers_pattern`: the layers on which suffixes count. An entry of `target_modules` that
/// is a full path counts on any layer.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Layers {
    /// Numbers of layers, from 0; empty means all.
    pub indices: Vec<usize>,
    /// Names of the list that is numbered (`layers`, `h`); empty means whatever stands before the first number.
    pub lists: Vec<String>,
}

impl Layers {
    /// Whether the path lies in one of these layers.
    #[must_use]
    pub fn hold(&self, module: &str) -> bool {
        if self.indices.is_empty() {
            return true;
        }
        let segments: Vec<&str> = module.split('.').collect();
        // A number counts where a segment follows it: `layers.3.` in PEFT's expression.
        let index = segments.windows(3).enumerate().find_map(|(i, window)| {
            let &[list, number, _] = window else { return None };
            // Without a name PEFT also wants a segment before the list's own.
            let named = if self.lists.is_empty() { i > 0 } else { self.lists.iter().any(|name| name == list) };
            if named && number.bytes().all(|b| b.is_ascii_digit()) { number.parse::<usize>().ok() } else { None }
        });
        index.is_some_and(|index| self.indices.contains(&index))
    }
}

/// `q_proj` and `self_attn.q_proj` match `model.layers.0.self_attn.q_proj`; `proj` does not.
pub(super) fn is_suffix(suffix: &str, module: &str) -> bool {
    module.strip_suffix(suffix).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}
