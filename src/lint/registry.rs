//! Every rule, one line each, by code.

use super::rule::Rule;
use super::rules::{
    close_pair, duplicate_row, echoed_thought, empty_field, factual_drift, hidden_context, identical_pair,
    inverted_pair, leaked_data, length_bias, long_thoughts, missing_column, mojibake, not_text, over_cap,
    reasoning_residue, reflection_words, shortcut_cue, split_overlap, teacher_meta_text, template_residue,
    too_few_rows, unbacked_conclusion, unequal_pair, unreadable, unrelated_pair,
};

/// The rules, in the order of their codes' groups.
pub const RULES: &[&'static dyn Rule] = &[
    &missing_column::MissingColumn,
    &not_text::NotText,
    &empty_field::EmptyField,
    &too_few_rows::TooFewRows,
    &template_residue::TemplateResidue,
    &unreadable::Unreadable,
    &mojibake::Mojibake,
    &teacher_meta_text::TeacherMetaText,
    &over_cap::OverCap,
    &leaked_data::LeakedData,
    &hidden_context::HiddenContext,
    &duplicate_row::DuplicateRow,
    &split_overlap::SplitOverlap,
    &echoed_thought::EchoedThought,
    &unbacked_conclusion::UnbackedConclusion,
    &reasoning_residue::ReasoningResidue,
    &reflection_words::ReflectionWords,
    &long_thoughts::LongThoughts,
    &identical_pair::IdenticalPair,
    &close_pair::ClosePair,
    &unrelated_pair::UnrelatedPair,
    &unequal_pair::UnequalPair,
    &length_bias::LengthBias,
    &shortcut_cue::ShortcutCue,
    &factual_drift::FactualDrift,
    &inverted_pair::InvertedPair,
];
