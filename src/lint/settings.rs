//! The `[lint]` table of `distill.toml`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Which rules run and how strict they are.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LintSettings {
    /// Rules to run: codes, code prefixes, names, or `all`.
    pub select: Vec<String>,
    /// Rules to leave out; the longer of two matching selectors wins, `ignore` on a tie.
    pub ignore: Vec<String>,
    /// Most tokens in a trained field, by the student's tokenizer.
    pub cap: usize,
    /// Fewest rows of a kind that are worth training on.
    pub min_rows: u64,
    /// Numbers of single rules.
    pub thresholds: Thresholds,
}

impl Default for LintSettings {
    fn default() -> Self {
        Self {
            select: vec!["all".to_owned()],
            ignore: vec![],
            cap: 150,
            min_rows: 100,
            thresholds: Thresholds::default(),
        }
    }
}

/// Numbers of single rules; each names the rule that reads it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Thresholds {
    /// PII001: lowest detector score that counts, 0 to 1.
    pub pii_score: f32,
    /// DUP006: words in a row that a test prompt and a training row may not share.
    pub overlap_words: usize,
    /// COT001: likeness of thought and response (ROUGE-L F) from which they are the same.
    pub thought_response: f64,
    /// COT001: likeness of thought and instruction from which they are the same.
    pub thought_instruction: f64,
    /// PRF005: fewest pairs on which length bias is judged.
    pub length_pairs: u32,
    /// PRF005: largest share of pairs in which the same side may be the longer one.
    pub length_share: f64,
    /// PRF005: largest mean difference in words between the sides.
    pub length_gap_words: f64,
    /// PRF008: by how many marker points `chosen` must exceed `rejected`.
    pub marker_margin: f64,
}

impl Default for Thresholds {
    fn default() -> Self {
        Self {
            pii_score: 0.85,
            overlap_words: 12,
            thought_response: 0.9,
            thought_instruction: 0.7,
            length_pairs: 50,
            length_share: 0.6,
            length_gap_words: 12.0,
            marker_margin: 2.0,
        }
    }
}
