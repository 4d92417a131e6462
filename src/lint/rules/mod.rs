//! One file per rule: its documentation, its check, and nothing shared but `text`, `mention` and `claims`.

mod claims;

pub(super) mod close_pair;
pub(super) mod duplicate_row;
pub(super) mod echoed_thought;
pub(super) mod empty_field;
pub(super) mod factual_drift;
pub(super) mod hidden_context;
pub(super) mod identical_pair;
pub(super) mod inverted_pair;
pub(super) mod leaked_data;
pub(super) mod length_bias;
pub(super) mod long_thoughts;
pub(super) mod missing_column;
pub(super) mod mojibake;
pub(super) mod not_text;
pub(super) mod over_cap;
pub(super) mod reasoning_residue;
pub(super) mod reflection_words;
pub(super) mod shortcut_cue;
pub(super) mod split_overlap;
pub(super) mod teacher_meta_text;
pub(super) mod template_residue;
pub(super) mod too_few_rows;
pub(super) mod unbacked_conclusion;
pub(super) mod unequal_pair;
pub(super) mod unreadable;
pub(super) mod unrelated_pair;

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
