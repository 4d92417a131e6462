//! One file per rule: its documentation, its check, and nothing shared but `text`, `mention` and `claims`.

mod claims;

pub(super) mod close_pair;
pub(super) mod contradiction;
pub(super) mod cut_off;
pub(super) mod distant_style;
pub(super) mod doubtful_data;
pub(super) mod duplicate_row;
pub(super) mod echoed_thought;
pub(super) mod empty_answer;
pub(super) mod empty_field;
pub(super) mod factual_drift;
pub(super) mod hidden_context;
pub(super) mod identical_pair;
pub(super) mod incomplete_card;
pub(super) mod inverted_pair;
pub(super) mod invisible_character;
pub(super) mod leaked_data;
pub(super) mod leaked_secret;
pub(super) mod length_bias;
pub(super) mod long_thoughts;
pub(super) mod lost_source;
pub(super) mod low_variety;
pub(super) mod missing_column;
pub(super) mod missing_provenance;
pub(super) mod mixed_versions;
pub(super) mod mojibake;
pub(super) mod near_prompt;
pub(super) mod near_row;
pub(super) mod not_text;
pub(super) mod odd_length;
pub(super) mod off_context;
pub(super) mod original_value;
pub(super) mod over_cap;
pub(super) mod question_mix;
pub(super) mod reasoning_residue;
pub(super) mod reflection_words;
pub(super) mod repetition;
pub(super) mod same_openings;
pub(super) mod shortcut_cue;
pub(super) mod source_coverage;
pub(super) mod split_and_language;
pub(super) mod split_overlap;
pub(super) mod split_source;
pub(super) mod stock_phrases;
pub(super) mod stray_placeholder;
pub(super) mod teacher_meta_text;
pub(super) mod template_residue;
pub(super) mod too_few_rows;
pub(super) mod too_short;
pub(super) mod unbacked_conclusion;
pub(super) mod unequal_pair;
pub(super) mod unknown_column;
pub(super) mod unreadable;
pub(super) mod unrelated_pair;
pub(super) mod unsourced_quote;
pub(super) mod unsupported_claim;
pub(super) mod untidy_text;
pub(super) mod untrainable;
pub(super) mod wrapped_text;
pub(super) mod wrong_id;
pub(super) mod wrong_voice;

use crate::dataset::Role;
use crate::lint::View;

/// That rows could not be compared, when they could not: no space for what does not fit into memory.
fn not_compared(code: &'static str, failed: Option<&str>) -> Vec<crate::lint::Skipped> {
    let skipped = |reason: &str| crate::lint::Skipped { code, file: None, reason: format!("stopped: {reason}") };
    failed.map(skipped).into_iter().collect()
}

/// Words of a context from which on it is a passage to work on.
const PASSAGE: usize = 60;

/// A hash of what a question is about: contexts, system prompts and the turns before it; the same for all that have none.
fn asked_about(row: &View<'_>) -> u64 {
    let prompt = row.prompt();
    let before = row.trained().filter(|text| match text.role {
        Role::Context | Role::System => true,
        Role::Prompt => !prompt.is_some_and(|prompt| std::ptr::eq(*text, prompt)),
        // Earlier answers.
        Role::Answer => row.is_conversation() && !row.answer().is_some_and(|answer| std::ptr::eq(*text, answer)),
        _ => false,
    });
    // Numbers are what answers differ by: passages that differ in them alone are about the same.
    let native = row.table.native_kind().is_some();
    before.fold(0, |key, text| match crate::lint::text::words_without_numbers(text.text).as_slice() {
        [] => key,
        // In our own rows a few words of the source ground an answer; only a long passage makes another question.
        words if native && words.len() < PASSAGE => key,
        words => crate::lint::text::mix(key, crate::lint::text::sequence(words)),
    })
}

/// What nearly every rule needs.
mod prelude {
    pub(super) use crate::dataset::{Layout, Role};
    pub(super) use crate::lint::{
        Check, Context, Edit, Finding, Findings, Fix, LintSettings, Meta, RowRef, Rule, Severity, Skipped, TableInfo,
        Text, View,
    };
    pub(super) use crate::row::Kind;
}

/// Compiles a rule's own pattern. A test over the registry shows that every pattern compiles.
fn pattern(source: &str) -> Option<regex::Regex> {
    let compiled = regex::Regex::new(source);
    debug_assert!(compiled.is_ok(), "pattern does not compile: {source}");
    compiled.ok()
}
