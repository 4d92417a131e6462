//! Rows to training examples, per phase.

use super::encode::{EncodeError, Encoder, Sequence, question};
use crate::row::{Content, Row};

/// Whether a question is trained with its context.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContextPolicy {
    /// Without it where the row brings a recall probe, which is asked without context too; with it elsewhere.
    Auto,
    /// Always where there is one.
    Always,
    /// Never.
    Never,
}

/// What one row is trained on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EncodedRow {
    /// The row's id.
    pub id: String,
    /// The answer, or the chosen one.
    pub chosen: Sequence,
    /// The rejected answer of a preference.
    pub rejected: Option<Sequence>,
}

/// Encodes one row.
///
/// A chain of thought is answered by the thought, an empty line and the response; a preference gives two sequences
/// over one prompt.
///
/// # Errors
/// Template and tokenizer.
pub fn encode_row(encoder: &Encoder, row: &Row, context: ContextPolicy) -> Result<EncodedRow, EncodeError> {
    let id = row.id.to_string();
    Ok(match &row.content {
        Content::Qa(r) => {
            let with = match context {
                ContextPolicy::Auto => r.paraphrase.is_empty() || r.answer_key.is_empty(),
                ContextPolicy::Always => true,
                ContextPolicy::Never => false,
            };
            EncodedRow {
                id,
                chosen: encoder.sequence(&question(&r.instruction, if with { &r.context } else { "" }), &r.response)?,
                rejected: None,
            }
        }
        Content::Cot(r) => EncodedRow {
            id,
            chosen: encoder.sequence_with_thought(&r.instruction, &r.thought, &r.response)?,
            rejected: None,
        },
        Content::Preference(r) => EncodedRow {
            id,
            chosen: encoder.sequence(&r.prompt, &r.chosen)?,
            rejected: Some(encoder.sequence(&r.prompt, &r.rejected)?),
        },
    })
}

/// The held-out form of a question: its paraphrase with the same answer; `None` for rows without one.
///
/// # Errors
/// Template and tokenizer.
pub fn encode_probe(encoder: &Encoder, row: &Row) -> Result<Option<Sequence>, EncodeError> {
    match &row.content {
        Content::Qa(r) if !r.paraphrase.is_empty() => encoder.sequence(&r.paraphrase, &r.response).map(Some),
        _ => Ok(None),
    }
}
