//! Pre-tokenizers: how a text is cut before its pieces are merged, and what llama.cpp calls that.
//!
//! llama.cpp knows pre-tokenizers by name only. Its converter finds the name by a digest: SHA-256 over the token ids
//! of a fixed text. A digest it knows decides here as well. Where it knows none, such as for every tokenizer that
//! somebody trained, the steps of tokenizer.json themselves are compared with the patterns that llama.cpp implements,
//! word by word: one that merely resembles them would cut differently on the phone, and nobody would notice.
//! Sources: `conversion/base.py` (`get_vocab_base_pre`) and `src/llama-vocab.cpp` of llama.cpp.

use serde_json::{Value as Json, json};
use sha2::{Digest, Sha256};

use super::error::GgufError;

/// The text whose ids are digested, without a final newline.
const CHECK_TEXT: &str = include_str!("pre/check.txt");

/// `digest name` per line, of byte-level BPE tokenizers.
const DIGESTS: &str = include_str!("pre/digests.txt");

/// GPT-2's own splits, which `ByteLevel` makes when it is told to.
const GPT2: &str = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";
const DIGIT: &str = r"\p{N}";
/// Digits in groups of up to three.
pub(super) const LLAMA3: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
/// Llama 3's with single digits.
pub(super) const QWEN2: &str =
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
/// Marks belong to words.
const QWEN35: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
const SEED_CODER: &str =
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1}| ?[^\s\p{L}\p{N}\r\n]+|\s*[\r\n]+|\s+(?!\S)|\s+";
/// Qwen2's without English contractions.
const PLAIN: &str = r"[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

/// What llama.cpp does under a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Rule {
    /// Patterns, applied one after the other.
    pub(super) steps: &'static [&'static str],
    /// Whether a piece that is a token is taken whole, whatever the merges say.
    pub(super) ignore_merges: bool,
    /// Whether a text starts with BOS where the file says nothing.
    pub(super) add_bos: bool,
    /// Whether the tokenizers of that name compose the text first, which llama.cpp leaves out.
    pub(super) nfc: bool,
    /// `tokenizer.ggml.pre`; the first is the one that we write.
    names: &'static [&'static str],
}

const PLAIN_RULE: Rule = Rule { steps: &[], ignore_merges: false, add_bos: false, nfc: false, names: &[] };

/// All rules that can be told from tokenizer.json and put back into one.
const RULES: [Rule; 9] = [
    Rule {
        steps: &[LLAMA3],
        ignore_merges: true,
        add_bos: true,
        names: &[
            "llama-bpe",
            "llama3",
            "llama-v3",
            "falcon3",
            "falcon-h1",
            "pixtral",
            "midm-2.0",
            "lfm2",
            "jina-v5-nano",
        ],
        ..PLAIN_RULE
    },
    Rule { steps: &[LLAMA3], names: &["smaug-bpe", "dbrx", "chatglm-bpe"], ..PLAIN_RULE },
    Rule { steps: &[LLAMA3], ignore_merges: true, names: &["glm4"], ..PLAIN_RULE },
    Rule {
        steps: &[QWEN2],
        nfc: true,
        names: &[
            "qwen2",
            "deepseek-r1-qwen",
            "megrez",
            "kormo",
            "f2llmv2",
            "hunyuan",
            "solar-open",
            "stablelm2",
            "grok-2",
        ],
        ..PLAIN_RULE
    },
    Rule { steps: &[QWEN35], names: &["qwen35"], ..PLAIN_RULE },
    Rule {
        steps: &[DIGIT, GPT2],
        names: &["smollm", "starcoder", "refact", "command-r", "codeshell", "exaone", "minerva-7b", "mellum2"],
        ..PLAIN_RULE
    },
    Rule {
        steps: &[GPT2],
        names: &[
            "gpt-2",
            "phi-2",
            "jina-es",
            "jina-de",
            "gigachat",
            "jina-v2-es",
            "jina-v2-de",
            "a.x-4.0",
            "mellum",
            "modern-bert",
            "mpt",
            "olmo",
            "jais",
            "trillion",
            "granite-docling",
            "exaone4",
        ],
        ..PLAIN_RULE
    },
    Rule { steps: &[SEED_CODER], names: &["seed-coder"], ..PLAIN_RULE },
    Rule { steps: &[PLAIN], names: &["ufakzeka"], ..PLAIN_RULE },
];

/// A pre-tokenizer that llama.cpp has a name for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pre {
    name: &'static str,
}

impl Pre {
    /// `tokenizer.ggml.pre`.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.name
    }

    /// The rule behind a name; `None` for one that we cannot put back into tokenizer.json.
    pub(super) fn rule(name: &str) -> Option<&'static Rule> {
        RULES.iter().find(|rule| rule.names.contains(&name))
    }

    /// Finds the name for a parsed tokenizer.json.
    ///
    /// # Errors
    /// [`GgufError::Tokenizer`] for steps that llama.cpp has no name for.
    pub(super) fn detect(tokenizer: &Json) -> Result<Self, GgufError> {
        let library = tokenizers::Tokenizer::from_bytes(tokenizer.to_string()).ok();
        let name = library.as_ref().filter(|_| template_is_whole(tokenizer)).and_then(known);
        let steps = steps(tokenizer.get("pre_tokenizer").unwrap_or(&Json::Null));
        if let Some(name) = name {
            // The digest is of one text, so the steps have the last word, where they are those of another name.
            let other = |rule: &&Rule| steps.as_deref().is_ok_and(|steps| rule.steps == steps);
            let found = Self::rule(name).map(|rule| rule.steps);
            if RULES.iter().find(other).is_none_or(|rule| found.is_none_or(|steps| steps == rule.steps)) {
                return Ok(Self { name });
            }
        }
        let steps = steps?;
        let takes_whole = tokenizer.get("model").and_then(|model| model.get("ignore_merges"));
        let takes_whole = takes_whole.and_then(Json::as_bool).unwrap_or(false);
        let fitting: Vec<&Rule> = RULES.iter().filter(|rule| rule.steps == steps.as_slice()).collect();
        let exact = |rule: &&&Rule| rule.ignore_merges == takes_whole;
        let name = |rule: &Rule| rule.names.first().map(|name| Self { name });
        let Some(first) = fitting.first() else {
            return Err(refuse(&format!("llama.cpp has no name for the splits `{}`", steps.join("`, then `"))));
        };
        // The better known name, if merging leads to every token anyway and the setting makes no difference.
        let same = exact(&first) || library.is_some_and(|library| merges_reach_all(tokenizer, &library));
        let found = if same { Some(first) } else { fitting.iter().find(exact) };
        found.and_then(|rule| name(rule)).ok_or_else(|| {
            refuse(&format!(
                "llama.cpp merges the pieces of `{}`, but `ignore_merges` is {takes_whole} and some tokens cannot be \
                 reached by merges",
                steps.join("`, then `")
            ))
        })
    }
}

fn refuse(what: &str) -> GgufError {
    GgufError::Tokenizer { what: what.to_owned() }
}

/// The converter's name for a tokenizer that it knows.
fn known(tokenizer: &tokenizers::Tokenizer) -> Option<&'static str> {
    let ids = tokenizer.encode(CHECK_TEXT, true).ok()?;
    // The digest is one of a Python list as it prints itself.
    let ids: Vec<String> = ids.get_ids().iter().map(u32::to_string).collect();
    let digest = Sha256::digest(format!("[{}]", ids.join(", ")));
    let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    DIGESTS.lines().filter_map(|line| line.split_once(' ')).find(|(known, _)| *known == hex).map(|(_, name)| name)
}

/// Whether the post-processor explains every token that it puts around a text; the library does not ask.
fn template_is_whole(tokenizer: &Json) -> bool {
    let post = tokenizer.get("post_processor").unwrap_or(&Json::Null);
    let single = std::slice::from_ref(post);
    post.get("processors").and_then(Json::as_array).map_or(single, Vec::as_slice).iter().all(|step| {
        let pieces = step.get("single").and_then(Json::as_array).map_or(&[][..], Vec::as_slice);
        let named = pieces.iter().filter_map(|piece| piece.get("SpecialToken")?.get("id")?.as_str());
        let explained = |id: &str| step.get("special_tokens").is_some_and(|tokens| tokens.get(id).is_some());
        named.into_iter().all(explained)
    })
}

/// Whether merging alone makes every token of its own text, so that taking it whole is the same.
fn merges_reach_all(tokenizer: &Json, library: &tokenizers::Tokenizer) -> bool {
    use tokenizers::Model as _;
    let added = tokenizer.get("added_tokens").and_then(Json::as_array).map_or(&[][..], Vec::as_slice);
    let added: Vec<&str> = added.iter().filter_map(|token| token.get("content")?.as_str()).collect();
    let tokenizers::ModelWrapper::BPE(bpe) = library.get_model() else { return false };
    let mut merging = bpe.clone();
    merging.ignore_merges = false;
    let vocab = tokenizer.get("model").and_then(|model| model.get("vocab")).and_then(Json::as_object);
    vocab.into_iter().flatten().all(|(text, id)| {
        let whole = |tokens: Vec<tokenizers::Token>| matches!(&tokens[..], [one] if u64::from(one.id) == id.as_u64().unwrap_or(u64::MAX));
        added.contains(&text.as_str()) || merging.tokenize(text).is_ok_and(whole)
    })
}

/// The patterns of a pre-tokenizer, one per step.
fn steps(pre_tokenizer: &Json) -> Result<Vec<String>, GgufError> {
    let single = std::slice::from_ref(pre_tokenizer);
    let list = pre_tokenizer.get("pretokenizers").and_then(Json::as_array).map_or(single, Vec::as_slice);
    let kind = |step: &Json| step.get("type").and_then(Json::as_str).unwrap_or("none").to_owned();
    let flag = |step: &Json, key: &str, default: bool| step.get(key).and_then(Json::as_bool).unwrap_or(default);
    let (Some((last, front)), kinds) = (list.split_last(), list.iter().map(kind).collect::<Vec<String>>()) else {
        return Err(refuse("no pre-tokenizer; byte-level splits are expected"));
    };
    if kind(last) != "ByteLevel" {
        return Err(refuse(&format!("pre-tokenizer {}, expected splits that end with ByteLevel", kinds.join(" + "))));
    }
    if flag(last, "add_prefix_space", true) {
        return Err(refuse("ByteLevel with `add_prefix_space`, which llama.cpp does not do for byte-level BPE"));
    }
    let mut steps = Vec::new();
    for step in front {
        let behavior = step.get("behavior").and_then(Json::as_str);
        let pattern = step.get("pattern").and_then(|pattern| pattern.get("Regex")).and_then(Json::as_str);
        steps.push(match (kind(step).as_str(), pattern, behavior, flag(step, "invert", false)) {
            ("Split", Some(pattern), Some("Isolated"), false) => pattern.to_owned(),
            // Patterns that cover every text leave nothing between their matches to be removed.
            ("Split", Some(pattern), Some("Removed"), true) if pattern.ends_with(r"|\s+") => pattern.to_owned(),
            ("Digits", ..) if flag(step, "individual_digits", false) => DIGIT.to_owned(),
            ("Split", _, behavior, invert) => {
                let behavior = behavior.unwrap_or("none");
                return Err(refuse(&format!("a split with behavior {behavior}, invert {invert}, or by a plain text")));
            }
            (other, ..) => {
                return Err(refuse(&format!("pre-tokenizer step {other} of {}", kinds.join(" + "))));
            }
        });
    }
    if flag(last, "use_regex", true) {
        steps.push(GPT2.to_owned());
    }
    Ok(steps)
}

/// The pre-tokenizer of tokenizer.json for a rule.
pub(super) fn pre_tokenizer(rule: &Rule) -> Json {
    let byte_level = |use_regex: bool| byte_level(false, use_regex);
    let (own_splits, front) = match rule.steps {
        [front @ .., GPT2] => (true, front),
        front => (false, front),
    };
    let mut list: Vec<Json> = front
        .iter()
        .map(|step| match *step {
            DIGIT => json!({"type": "Digits", "individual_digits": true}),
            pattern => {
                json!({"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Isolated", "invert": false})
            }
        })
        .collect();
    list.push(byte_level(own_splits));
    if let [only] = &list[..] { only.clone() } else { json!({"type": "Sequence", "pretokenizers": list}) }
}

/// A `ByteLevel` step as pre-tokenizer, post-processor or decoder.
pub(super) fn byte_level(add_prefix_space: bool, use_regex: bool) -> Json {
    json!({"type": "ByteLevel", "add_prefix_space": add_prefix_space, "trim_offsets": true, "use_regex": use_regex})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_sound() {
        assert!(CHECK_TEXT.starts_with("\n \n") && CHECK_TEXT.ends_with("a'lL"));
        let mut digests: Vec<&str> = DIGESTS.lines().filter_map(|line| line.split(' ').next()).collect();
        assert!(digests.len() > 60 && digests.iter().all(|digest| digest.len() == 64));
        digests.sort_unstable();
        digests.dedup();
        assert_eq!(digests.len(), DIGESTS.lines().count());
        let names: Vec<&str> = RULES.iter().flat_map(|rule| rule.names).copied().collect();
        assert_eq!(names.iter().filter(|name| Pre::rule(name).is_some()).count(), names.len());
        for (i, name) in names.iter().enumerate() {
            assert!(!names[..i].contains(name), "{name}");
        }
    }

    #[test]
    fn rules_come_back_from_what_they_make() {
        for rule in &RULES {
            assert_eq!(steps(&pre_tokenizer(rule)).unwrap(), rule.steps, "{:?}", rule.names);
        }
    }
}
