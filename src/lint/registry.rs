//! Every rule, one line each, by code.

use super::rule::Rule;
use super::rules::{
    duplicate_row, echoed_thought, empty_field, hidden_context, identical_pair, inverted_pair, leaked_data,
    length_bias, missing_column, mojibake, not_text, over_cap, split_overlap, teacher_meta_text, template_residue,
    too_few_rows, unreadable,
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
    &identical_pair::IdenticalPair,
    &length_bias::LengthBias,
    &inverted_pair::InvertedPair,
];
