//! One file per rule: its documentation, its check, and nothing shared but `text` and `mention`.

pub(super) mod cut_off;
pub(super) mod doubtful_data;
pub(super) mod duplicate_row;
pub(super) mod echoed_thought;
pub(super) mod empty_answer;
pub(super) mod empty_field;
pub(super) mod hidden_context;
pub(super) mod identical_pair;
pub(super) mod incomplete_card;
pub(super) mod inverted_pair;
pub(super) mod invisible_character;
pub(super) mod leaked_data;
pub(super) mod leaked_secret;
pub(super) mod length_bias;
pub(super) mod lost_source;
pub(super) mod missing_column;
pub(super) mod missing_provenance;
pub(super) mod mixed_versions;
pub(super) mod mojibake;
pub(super) mod not_text;
pub(super) mod odd_length;
pub(super) mod off_context;
pub(super) mod original_value;
pub(super) mod over_cap;
pub(super) mod repetition;
pub(super) mod split_overlap;
pub(super) mod stray_placeholder;
pub(super) mod teacher_meta_text;
pub(super) mod template_residue;
pub(super) mod too_few_rows;
pub(super) mod too_short;
pub(super) mod unknown_column;
pub(super) mod unreadable;
pub(super) mod unsourced_quote;
pub(super) mod unsupported_claim;
pub(super) mod untidy_text;
pub(super) mod untrainable;
pub(super) mod wrapped_text;
pub(super) mod wrong_id;

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
