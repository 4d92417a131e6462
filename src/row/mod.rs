//! Rows: what the teacher's completion becomes. Knows nothing of Parquet or files.

mod ground;
mod parse;
mod reject;
pub mod rouge;
mod schema;
pub mod shape;
mod wording;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::id::{ContentHash, Hasher};

pub use ground::{Arithmetic, Claim, Disagreement, Facts, Found, Support, What, derive_key, locate, unsupported};
pub use parse::{ParsedRow, normalise, parse, repair_json, validate, values, withhold};
pub use reject::{Reject, Rejected};
pub use schema::{answer_schema, row_schema};
pub use wording::{hidden_context, hidden_contexts};

/// The three kinds of rows.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema, clap::ValueEnum,
)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Question and answer: what the person knows.
    Qa,
    /// Chain of thought: how the person reasons.
    Cot,
    /// A preferred and a dispreferred answer: how the person sounds.
    #[value(alias = "dpo")]
    Preference,
}

impl Kind {
    /// All kinds, in the order of the training phases.
    pub const ALL: [Self; 3] = [Self::Qa, Self::Cot, Self::Preference];

    /// The name used in files, columns and prompts.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Qa => "qa",
            Self::Cot => "cot",
            Self::Preference => "preference",
        }
    }

    /// The text columns a trainer reads; each is held to the token cap.
    #[must_use]
    pub const fn fields(self) -> &'static [&'static str] {
        match self {
            Self::Qa => &["instruction", "context", "response"],
            Self::Cot => &["instruction", "thought", "response"],
            Self::Preference => &["prompt", "chosen", "rejected"],
        }
    }

    /// Text columns that are stored beside the trained ones: probes that are asked but never trained on.
    #[must_use]
    pub const fn probe_fields(self) -> &'static [&'static str] {
        match self {
            Self::Qa => &["paraphrase", "answer_key"],
            Self::Cot | Self::Preference => &[],
        }
    }
}

/// A question, what it is about, and the person's answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Qa {
    /// The question, understandable without the context.
    pub instruction: String,
    /// A short passage that grounds the answer; may be empty.
    pub context: String,
    /// The answer, in the person's own voice.
    pub response: String,
    /// The same question in other words. Never trained on: it measures recall.
    pub paraphrase: String,
    /// The shortest words of the response that a right answer must contain.
    pub answer_key: String,
    /// The words of the passage that support the answer, verbatim.
    pub evidence: String,
}

/// A question with the reasoning that leads to its answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Cot {
    /// The situation or question.
    pub instruction: String,
    /// The reasoning, in a few short sentences, before the answer.
    pub thought: String,
    /// The conclusion.
    pub response: String,
    /// The words of the passage that support the reasoning, verbatim.
    pub evidence: String,
}

/// Two answers to one prompt that differ in tone and not in facts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Preference {
    /// What was asked for.
    pub prompt: String,
    /// The answer as the person would write it.
    pub chosen: String,
    /// The answer as a stock language model would write it.
    pub rejected: String,
    /// The words of the passage that the facts come from, verbatim.
    pub evidence: String,
}

/// What a row says, by kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// See [`Qa`].
    Qa(Qa),
    /// See [`Cot`].
    Cot(Cot),
    /// See [`Preference`].
    Preference(Preference),
}

impl Content {
    /// Which kind this is.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Qa(_) => Kind::Qa,
            Self::Cot(_) => Kind::Cot,
            Self::Preference(_) => Kind::Preference,
        }
    }

    /// The trained fields, in the order of [`Kind::fields`].
    #[must_use]
    pub fn fields(&self) -> [&str; 3] {
        match self {
            Self::Qa(r) => [&r.instruction, &r.context, &r.response],
            Self::Cot(r) => [&r.instruction, &r.thought, &r.response],
            Self::Preference(r) => [&r.prompt, &r.chosen, &r.rejected],
        }
    }

    /// The probe fields, in the order of [`Kind::probe_fields`].
    #[must_use]
    pub fn probe_fields(&self) -> Vec<&str> {
        match self {
            Self::Qa(r) => vec![&r.paraphrase, &r.answer_key],
            Self::Cot(_) | Self::Preference(_) => vec![],
        }
    }

    /// The quoted support.
    #[must_use]
    pub fn evidence(&self) -> &str {
        match self {
            Self::Qa(r) => &r.evidence,
            Self::Cot(r) => &r.evidence,
            Self::Preference(r) => &r.evidence,
        }
    }

    /// Hash of the trained fields: the row's id. Provenance does not enter, so the same words are the same row.
    #[must_use]
    pub fn id(&self) -> ContentHash {
        self.fields().iter().fold(Hasher::new().text(self.kind().name()), |h, field| h.text(field)).finish()
    }
}

/// Which part of the dataset a row belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Split {
    /// Trained on.
    Train,
    /// Held out: its source passage is in no training row of any kind.
    Test,
}

impl Split {
    /// `train` or `test`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Train => "train",
            Self::Test => "test",
        }
    }
}

/// Where one side of a preference pair comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// The person's own words, as they stand in the document.
    Post,
    /// The teacher's.
    Teacher,
    /// The student's own answer, sampled before it was aligned.
    Student,
}

impl Side {
    /// `post`, `teacher` or `student`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Post => "post",
            Self::Teacher => "teacher",
            Self::Student => "student",
        }
    }
}

/// Where both sides of a preference pair come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Sides {
    /// The chosen side.
    pub chosen: Side,
    /// The rejected side.
    pub rejected: Side,
}

/// Who wrote a row and how.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Provenance {
    /// `openai:MODEL`, `replay`, `outline`, `local:…`.
    pub teacher: String,
    /// Prompt template, for example `qa`.
    pub template: String,
    /// Its version and hash, for example `1-4be0c2d1`.
    pub template_version: String,
    /// Sampling parameters as JSON.
    pub parameters: String,
    /// Hash of the request that was answered.
    pub request_hash: ContentHash,
    /// This row's share of what the request cost.
    pub cost_usd: f64,
}

/// One accepted row.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Hash of the trained fields.
    pub id: ContentHash,
    /// What it says.
    pub content: Content,
    /// Name of the masked document.
    pub source: String,
    /// Bytes of the masked document that ground it.
    pub span: (u64, u64),
    /// Train or test.
    pub split: Split,
    /// Tokens per trained field, by the student's tokenizer, in the order of [`Kind::fields`].
    pub tokens: [u32; 3],
    /// Where the sides of a pair come from; `None` for other kinds, and where it is not known.
    pub sides: Option<Sides>,
    /// Who wrote it.
    pub provenance: Provenance,
}

/// Counts tokens the way the student will see them.
pub trait TokenCounter: Send + Sync {
    /// Tokens of the bare text: no template, no special tokens.
    fn count(&self, text: &str) -> usize;
    /// Names the tokenizer by content; stored in file metadata.
    fn hash(&self) -> ContentHash;
}
