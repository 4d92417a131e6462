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
use std::sync::Arc;

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

impl Usage {
    /// Adds what another request used.
    pub fn add(&mut self, other: Self) {
        self.prompt_tokens += other.prompt_tokens;
        self.completion_tokens += other.completion_tokens;
        self.cost_usd += other.cost_usd;
    }
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
    /// Whether it was kept from before, so that nothing was asked for it.
    #[serde(skip)]
    pub cached: bool,
}

/// Why a teacher gave no completion.
#[derive(Clone, Debug, thiserror::Error)]
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
    /// Somebody asked the run to stop while the teacher waited for something that takes hours.
    #[error("{reason}")]
    Interrupted {
        /// What goes on without us.
        reason: String,
        /// How to come back to it.
        hint: String,
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

/// Whether an answer may be kept as it came: it holds no personal data.
pub type MayKeep = Arc<dyn Fn(&str) -> bool + Send + Sync>;

/// A future that a teacher returns.
pub type Answer<'a> = Pin<Box<dyn Future<Output = Result<Completion, TeacherError>> + Send + 'a>>;

/// A future that ends when a completion is kept.
pub type Kept<'a> = Pin<Box<dyn Future<Output = Result<(), TeacherError>> + Send + 'a>>;

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
    /// Keeps a completion that was found to be sound, so that `prompt` is never sent again. On disk when done.
    ///
    /// What is kept is the caller's to choose: an answer is never kept as it came, since it may hold personal data.
    fn keep<'a>(&'a self, _prompt: &'a Prompt, _completion: &'a Completion) -> Kept<'a> {
        Box::pin(std::future::ready(Ok(())))
    }
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
