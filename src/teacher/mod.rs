//! Teachers: a [`Prompt`] comes in, a [`Completion`] goes out.
//!
//! Teachers take prompts only, so they can only be given masked text. A teacher answers or says why not; deciding
//! what an answer is worth belongs to `row`.

#[cfg(feature = "teacher")]
pub mod openai;
mod outline;
mod replay;

use std::future::Future;
use std::pin::Pin;

use serde::{Deserialize, Serialize};

use crate::id::ContentHash;
use crate::prompt::Prompt;

pub use outline::Outline;
pub use replay::{Recorded, Replay};

/// Why a completion ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Finish {
    /// The model was done.
    Stop,
    /// Cut by the token limit.
    Length,
    /// The model or a filter declined; the text says why.
    Refused,
}

/// What a request used, as the server counted it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Usage {
    /// Tokens read.
    pub prompt_tokens: u64,
    /// Tokens written, reasoning included.
    pub completion_tokens: u64,
    /// By the price table; 0 when unknown or local.
    pub cost_usd: f64,
}

/// A teacher's answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Completion {
    /// The answer's text: JSON by the prompt's schema, if the teacher obeyed.
    pub text: String,
    /// Why it ended.
    pub finish: Finish,
    /// What it used.
    pub usage: Usage,
}

/// Why a teacher gave no completion.
#[derive(Debug, thiserror::Error)]
pub enum TeacherError {
    /// No later request can succeed either: wrong key, unknown model, no quota, budget spent. Ends the run.
    #[error("{reason}")]
    Fatal {
        /// What the endpoint or the budget said.
        reason: String,
        /// What to do about it.
        hint: String,
    },
    /// This request did not succeed, also after the retries that the teacher owns. The run goes on.
    #[error("{reason}")]
    Failed {
        /// What was tried and what came back.
        reason: String,
    },
}

/// What a teacher did so far, for progress and the closing summary.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tally {
    /// Requests sent, retries included.
    pub sent: u64,
    /// Prompts answered from the cache.
    pub cached: u64,
    /// Prompts answered by the endpoint.
    pub answered: u64,
    /// Requests sent again, for whatever reason.
    pub retried: u64,
    /// US dollars spent by this process; answers from the cache cost nothing.
    pub spent_usd: f64,
    /// Requests under way.
    pub in_flight: u64,
    /// What holds requests back now, in a few words: `429, 12 s to wait`, `endpoint down, probing`.
    pub waiting: Option<String>,
}

/// What a request will take, told without sending it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// Tokens read.
    pub prompt_tokens: u64,
    /// Tokens written, where there is something to go by.
    pub expected_completion_tokens: Option<u64>,
    /// US dollars, if as much is written as is expected; `None` when no price is known.
    pub expected_usd: Option<f64>,
    /// US dollars, if the answer is as long as it may be; `None` when no price is known.
    pub worst_usd: Option<f64>,
}

/// A future that a teacher returns.
pub type Answer<'a> = Pin<Box<dyn Future<Output = Result<Completion, TeacherError>> + Send + 'a>>;

/// Anything that answers prompts.
pub trait Teacher: Send + Sync {
    /// Shown in rows and messages: `openai:gpt-4.1-mini`, `replay`, `outline`.
    fn name(&self) -> String;
    /// Sampling parameters as JSON, for the rows' provenance.
    fn parameters(&self) -> String;
    /// Identity of the answer: the prompt plus everything of the teacher's own that could change it.
    fn request_hash(&self, prompt: &Prompt) -> ContentHash;
    /// Answers one prompt.
    fn complete<'a>(&'a self, prompt: &'a Prompt) -> Answer<'a>;
    /// How many prompts to keep in flight.
    fn concurrency(&self) -> usize {
        1
    }
    /// What was done and spent so far. Cheap: made to be asked several times a second.
    fn tally(&self) -> Tally {
        Tally::default()
    }
    /// What a prompt will take, for a dry run: sends nothing and needs no key. `None` where it costs nothing and
    /// nobody counts.
    fn estimate(&self, _prompt: &Prompt) -> Option<Estimate> {
        None
    }
}
