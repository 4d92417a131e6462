//! Every rule, one line each, by code.

use super::rule::Rule;
use super::rules::{
    contradiction, cut_off, duplicate_row, echoed_thought, empty_field, hidden_context, identical_pair, inverted_pair,
    invisible_character, leaked_data, length_bias, missing_column, mojibake, near_prompt, near_row, not_text,
    odd_length, over_cap, repetition, split_overlap, split_source, teacher_meta_text, template_residue, too_few_rows,
    too_short, unknown_column, unreadable, untidy_text, untrainable, wrapped_text,
};

/// The rules, in the order of their codes' groups.
pub const RULES: &[&'static dyn Rule] = &[
    &missing_column::MissingColumn,
    &not_text::NotText,
    &empty_field::EmptyField,
    &unknown_column::UnknownColumn,
    &too_few_rows::TooFewRows,
    &template_residue::TemplateResidue,
    &unreadable::Unreadable,
    &mojibake::Mojibake,
    &invisible_character::InvisibleCharacter,
    &untidy_text::UntidyText,
    &wrapped_text::WrappedText,
    &teacher_meta_text::TeacherMetaText,
    &repetition::Repetition,
    &over_cap::OverCap,
    &too_short::TooShort,
    &untrainable::Untrainable,
    &cut_off::CutOff,
    &odd_length::OddLength,
    &leaked_data::LeakedData,
    &hidden_context::HiddenContext,
    &duplicate_row::DuplicateRow,
    &near_prompt::NearPrompt,
    &near_row::NearRow,
    &contradiction::Contradiction,
    &split_overlap::SplitOverlap,
    &split_source::SplitSource,
    &echoed_thought::EchoedThought,
    &identical_pair::IdenticalPair,
    &length_bias::LengthBias,
    &inverted_pair::InvertedPair,
];
