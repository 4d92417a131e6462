//! The `[lint]` table of `distill.toml`, or the whole of `distill-lint.toml`.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::finding::Severity;
use crate::dataset::{Layout, Role};
use crate::row::Kind;

/// Which rules run and how strict they are.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LintSettings {
    /// Rules to run: codes, code prefixes, names, or `all`.
    pub select: Vec<String>,
    /// More rules to run, besides those of `select`.
    pub extend_select: Vec<String>,
    /// Rules to leave out; the longer of two matching selectors wins, `ignore` on a tie.
    pub ignore: Vec<String>,
    /// Rules to leave out in some files: a glob of paths, and selectors.
    pub per_file_ignores: BTreeMap<String, Vec<String>>,
    /// Severity of single rules in place of their own: `error`, `warning` or `info`.
    pub severity: BTreeMap<String, Severity>,
    /// Findings shown of one rule; the rest is counted. 0: all.
    pub max_findings: u64,
    /// Kind of the rows, where columns do not tell; said by whoever calls.
    #[serde(skip)]
    pub kind: Option<Kind>,
    /// Columns of files with other names: `response = "answer_text"`.
    pub columns: BTreeMap<String, String>,
    /// Most tokens in a trained field, by the student's tokenizer.
    pub cap: usize,
    /// Fewest rows of a kind that are worth training on.
    pub min_rows: u64,
    /// Whether `context` may be empty.
    pub context_optional: bool,
    /// Language that fields should be in, an ISO 639 code; empty: the language of most rows.
    pub language: String,
    /// What may tell the sides of pairs apart because it is meant to: names of PRF006's cues.
    pub intended_cues: Vec<String>,
    /// Numbers of single rules.
    pub thresholds: Thresholds,
}

impl Default for LintSettings {
    fn default() -> Self {
        Self {
            select: vec!["all".to_owned()],
            extend_select: vec![],
            ignore: vec![],
            per_file_ignores: BTreeMap::new(),
            severity: BTreeMap::new(),
            max_findings: 1000,
            kind: None,
            columns: BTreeMap::new(),
            cap: 150,
            min_rows: 100,
            context_optional: true,
            language: String::new(),
            intended_cues: vec![],
            thresholds: Thresholds::default(),
        }
    }
}

impl LintSettings {
    /// Findings kept per rule.
    pub(super) const fn kept(&self) -> u64 {
        if self.max_findings == 0 { u64::MAX } else { self.max_findings }
    }

    /// The layout that `columns` describe, when they describe one.
    pub(super) fn layout(&self) -> Option<Layout> {
        let columns: Vec<(Role, String)> =
            self.columns.iter().filter_map(|(name, column)| Some((Role::of_name(name)?, column.clone()))).collect();
        (!columns.is_empty()).then(|| Layout::mapped(self.kind, columns))
    }
}

/// Numbers of single rules; each names the rule that reads it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Thresholds {
    /// TXT005: words of a prompt in a row that an answer may not repeat.
    pub echoed_words: usize,
    /// TXT006: fewest words on which repetition is judged.
    pub repetition_words: usize,
    /// TXT006: largest share of characters in the most frequent 2-, 3- and 4-gram.
    pub top_ngrams: [f64; 3],
    /// TXT006: largest share of characters in repeated 5- to 10-grams.
    pub repeated_ngrams: [f64; 6],
    /// LEN002: fewest tokens of a question.
    pub least_prompt: usize,
    /// LEN002: fewest tokens of a thought.
    pub least_thought: usize,
    /// LEN002: fewest tokens of an answer.
    pub least_answer: usize,
    /// LEN003: most tokens of a templated row.
    pub max_length: usize,
    /// LEN004: share of rows that may end without closing punctuation near the cap.
    pub cut_share: f64,
    /// LEN004: share of the cap from which a text is near it.
    pub near_cap: f64,
    /// LEN005: robust z-score of a length from which it stands out.
    pub length_z: f64,
    /// LEN005: fewest characters per token.
    pub chars_per_token: f64,
    /// PII001, PII002: lowest detector score that counts, 0 to 1.
    pub pii_score: f32,
    /// PII005: lowest detector score that is worth a look.
    pub pii_doubt: f32,
    /// PII003: fewest characters of an original value.
    pub original_chars: usize,
    /// GRD002: least part of a quote that its source has to hold.
    pub quote: f64,
    /// GRD003: least share of the answer's content words that its context has to hold.
    pub coverage: f64,
    /// GRD003: least citation score, 0 to 100.
    pub citation: f64,
    /// GRD005: likeness of answer and question (ROUGE-L F) from which the answer only restates.
    pub restated: f64,
    /// GRD005: share of an answer that may be one piece of its context.
    pub verbatim: f64,
    /// DUP002: likeness of prompts (ROUGE-L F) from which they are the same question.
    pub prompt_likeness: f64,
    /// DUP003: shared word triples (Jaccard) from which rows are the same.
    pub row_likeness: f64,
    /// DUP005: likeness of answers (ROUGE-L F) under which they disagree.
    pub answer_likeness: f64,
    /// DUP006: words in a row that a test prompt and a training row may not share.
    pub overlap_words: usize,
    /// COT001: likeness of thought and response (ROUGE-L F) from which they are the same.
    pub thought_response: f64,
    /// COT001: likeness of thought and instruction from which they are the same.
    pub thought_instruction: f64,
    /// COT004: reflection words that a thought may not reach.
    pub reflections: usize,
    /// COT005: largest median of tokens in a thought.
    pub thought_tokens: usize,
    /// COT005: most steps of a thought.
    pub thought_steps: usize,
    /// PRF002: likeness of the sides (token edits) from which they are too close.
    pub sides_close: f64,
    /// PRF003: shared content words (Jaccard) under which the sides have nothing to do with each other.
    pub sides_far: f64,
    /// PRF004: smallest ratio of the shorter side to the longer one, in tokens.
    pub side_ratio: f64,
    /// PRF005: fewest pairs on which length bias is judged.
    pub length_pairs: u32,
    /// PRF005: largest share of pairs in which the same side may be the longer one.
    pub length_share: f64,
    /// PRF005: largest mean difference in tokens between the sides.
    pub length_gap: f64,
    /// PRF006: fewest pairs on which cues are judged.
    pub cue_pairs: usize,
    /// PRF006: area under the curve from which one cue tells the sides apart.
    pub cue_auc: f64,
    /// PRF008: by how many marker points `chosen` must exceed `rejected`.
    pub marker_margin: f64,
    /// STY001: standard deviations above the author's rate of stock phrases.
    pub marker_deviations: f64,
    /// STY002: share of rows that may be far from the author's style.
    pub style_share: f64,
    /// STY004, BAL: share of answers that may open or end alike.
    pub opening_share: f64,
    /// STY004: fewest answers on which openings are judged.
    pub opening_rows: usize,
    /// BAL001: largest share of one kind of question.
    pub question_share: f64,
    /// BAL001: fewest kinds of questions.
    pub question_kinds: usize,
    /// BAL001: fewest rows on which kinds of questions are judged.
    pub question_rows: usize,
    /// BAL002: largest share of passages without a row.
    pub uncovered: f64,
    /// BAL002: largest share of rows from one source.
    pub source_share: f64,
    /// BAL003: least share of different word pairs in the questions.
    pub distinct_pairs: f64,
    /// BAL003: fewest rows on which variety is judged.
    pub variety_rows: usize,
    /// BAL004: least share of rows that are held out.
    pub eval_share: f64,
    /// BAL004: fewest rows that are held out.
    pub eval_rows: u64,
}

impl Default for Thresholds {
    fn default() -> Self {
        Self {
            echoed_words: 12,
            repetition_words: 30,
            top_ngrams: [0.20, 0.18, 0.16],
            repeated_ngrams: [0.15, 0.14, 0.13, 0.12, 0.11, 0.10],
            least_prompt: 4,
            least_thought: 12,
            least_answer: 3,
            max_length: 2048,
            cut_share: 0.05,
            near_cap: 0.95,
            length_z: 5.0,
            chars_per_token: 1.5,
            pii_score: 0.85,
            pii_doubt: 0.5,
            original_chars: 4,
            quote: 0.85,
            coverage: 0.5,
            citation: 60.0,
            restated: 0.8,
            verbatim: 0.9,
            prompt_likeness: 0.7,
            row_likeness: 0.8,
            answer_likeness: 0.3,
            overlap_words: 12,
            thought_response: 0.9,
            thought_instruction: 0.7,
            reflections: 2,
            thought_tokens: 100,
            thought_steps: 6,
            sides_close: 0.9,
            sides_far: 0.05,
            side_ratio: 0.67,
            length_pairs: 50,
            length_share: 0.6,
            length_gap: 15.0,
            cue_pairs: 30,
            cue_auc: 0.9,
            marker_margin: 2.0,
            marker_deviations: 3.0,
            style_share: 0.1,
            opening_share: 0.1,
            opening_rows: 50,
            question_share: 0.5,
            question_kinds: 5,
            question_rows: 100,
            uncovered: 0.1,
            source_share: 0.3,
            distinct_pairs: 0.5,
            variety_rows: 100,
            eval_share: 0.1,
            eval_rows: 20,
        }
    }
}
