use serde::Serialize;

use super::Kind;
use crate::id::ContentHash;

/// Why a completion, or one of its rows, did not become a row. Never ends a run.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Reject {
    /// The teacher could not be asked or did not answer; the request may succeed on another day.
    #[error("no answer: {reason}")]
    NoAnswer {
        /// What the endpoint said.
        reason: String,
    },
    /// The model declined.
    #[error("the teacher refused: {reason}")]
    Refused {
        /// Its words.
        reason: String,
    },
    /// Cut by the token limit; never parsed in part.
    #[error("the answer stops at the token limit")]
    Truncated,
    /// Not the JSON that was asked for, also after repair.
    #[error("not the JSON asked for: {reason}")]
    Unparsable {
        /// What the parser said.
        reason: String,
    },
    /// A required field is empty.
    #[error("`{field}` is empty")]
    Empty {
        /// Which.
        field: &'static str,
    },
    /// Over the cap, also after one turn that asked for less.
    #[error("`{field}` has {tokens} tokens, the cap is {cap}")]
    TooLong {
        /// Which.
        field: &'static str,
        /// By the student's tokenizer.
        tokens: usize,
        /// From the settings.
        cap: usize,
    },
    /// The evidence is not in the passage.
    #[error("the quoted evidence is not in the passage")]
    Ungrounded,
    /// The answer lacks its own key, so recall could not be measured.
    #[error("`answer_key` is not in the response")]
    KeyMissing,
    /// A preference without a difference.
    #[error("`chosen` and `rejected` are the same text")]
    IdenticalPair,
    /// The question leans on a text that only the teacher has seen.
    #[error("`{field}` cannot be understood by itself: \"{words}\"")]
    HiddenContext {
        /// Which.
        field: &'static str,
        /// The words that give it away.
        words: String,
    },
    /// A number or a name that stands neither in the passage nor in the row's own context.
    #[error("`{field}` says \"{words}\", which the passage does not")]
    Unsupported {
        /// Which.
        field: &'static str,
        /// The number or name.
        words: String,
    },
    /// Not the person speaking.
    #[error("`{field}` is not in the person's own voice: {reason}")]
    Voice {
        /// Which.
        field: &'static str,
        /// Who speaks instead.
        reason: String,
    },
    /// No reasoning.
    #[error("the thought is none: {reason}")]
    Thought {
        /// What is wrong with it.
        reason: String,
    },
    /// One side of a pair is much longer, so that length alone would be learned.
    #[error("`chosen` has {chosen} tokens and `rejected` {rejected}: too far apart")]
    LengthBand {
        /// Tokens.
        chosen: u32,
        /// Tokens.
        rejected: u32,
    },
    /// The sides of a pair do not say the same.
    #[error("`chosen` and `rejected` differ in facts: \"{words}\"")]
    FactsDiffer {
        /// The number or name that only one of them has.
        words: String,
    },
    /// The chosen side does not sound like the person, or less so than the rejected one.
    #[error("`chosen` is not how this person writes: {reason}")]
    OutOfTone {
        /// By what.
        reason: String,
    },
    /// Nearly the same as a row that was accepted.
    #[error("nearly the same row was accepted before ({why}, {percent} %)")]
    NearDuplicate {
        /// What was compared.
        why: &'static str,
        /// How alike, of 100.
        percent: u32,
    },
    /// The judge found fault.
    #[error("the judge says no to: {criteria}")]
    Judged {
        /// Which of its questions.
        criteria: String,
    },
    /// Seen before in this dataset.
    #[error("the same row was accepted before")]
    Duplicate,
    /// Personal data in the teacher's own words.
    #[error("`{field}` contains {entity}")]
    PersonalData {
        /// Which.
        field: &'static str,
        /// The kind of data, never the value.
        entity: String,
    },
}

impl Reject {
    /// The key under which rejections are counted.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NoAnswer { .. } => "no-answer",
            Self::Refused { .. } => "refused",
            Self::Truncated => "truncated",
            Self::Unparsable { .. } => "unparsable",
            Self::Empty { .. } => "empty-field",
            Self::TooLong { .. } => "too-long",
            Self::Ungrounded => "ungrounded",
            Self::KeyMissing => "key-missing",
            Self::IdenticalPair => "identical-pair",
            Self::HiddenContext { .. } => "hidden-context",
            Self::Unsupported { .. } => "unsupported",
            Self::Voice { .. } => "voice",
            Self::Thought { .. } => "thought",
            Self::LengthBand { .. } => "length-band",
            Self::FactsDiffer { .. } => "facts-differ",
            Self::OutOfTone { .. } => "out-of-tone",
            Self::NearDuplicate { .. } => "near-duplicate",
            Self::Judged { .. } => "judged",
            Self::Duplicate => "duplicate",
            Self::PersonalData { .. } => "personal-data",
        }
    }
}

/// One line of `rejected.jsonl`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Rejected {
    /// The kind that was asked for.
    pub kind: Kind,
    /// The masked document.
    pub source: String,
    /// Its passage, in bytes.
    pub span: (u64, u64),
    /// The request.
    pub request_hash: ContentHash,
    /// [`Reject::code`].
    pub code: &'static str,
    /// [`Reject`] in words.
    pub reason: String,
    /// What was rejected, when there was something to keep and it held no personal data.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub row: Option<serde_json::Value>,
}
