//! Prompts: a masked passage and a template come in, a [`Prompt`] goes out.
//!
//! A `Prompt` can only be made from a [`Passage`], and a `Passage` only from a `MaskedDocument`; teachers take
//! nothing else. So unmasked text cannot reach the wire without changing a type:
//!
//! ```compile_fail
//! # use distill::prompt::Prompt;
//! let prompt = Prompt { messages: vec![], ..unreachable!() }; // the fields are private
//! ```

mod passage;
mod template;

use serde::{Deserialize, Serialize};

use crate::id::{ContentHash, Hasher};
use crate::row::Kind;

pub use passage::{Passage, passages};
pub use template::{Brief, Template, TemplateError, Templates};

/// Who speaks in a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Standing instructions.
    System,
    /// The request.
    User,
    /// An earlier answer.
    Assistant,
}

/// One turn.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// Who speaks.
    pub role: Role,
    /// What is said.
    pub content: String,
}

/// One request to a teacher: masked by construction.
#[derive(Clone, Debug)]
pub struct Prompt {
    pub(crate) kind: Kind,
    pub(crate) template: String,
    pub(crate) template_version: String,
    pub(crate) messages: Vec<Message>,
    pub(crate) schema: serde_json::Value,
    pub(crate) passage: Passage,
    pub(crate) wanted: usize,
    pub(crate) sample: u32,
    pub(crate) offset: usize,
}

impl Prompt {
    /// The kind of rows asked for.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// Template name, for example `qa`.
    #[must_use]
    pub fn template(&self) -> &str {
        &self.template
    }

    /// Template version and hash.
    #[must_use]
    pub fn template_version(&self) -> &str {
        &self.template_version
    }

    /// The turns, in order.
    #[must_use]
    pub fn messages(&self) -> &[Message] {
        &self.messages
    }

    /// JSON Schema that the answer has to follow: `{"rows": [...]}`.
    #[must_use]
    pub const fn schema(&self) -> &serde_json::Value {
        &self.schema
    }

    /// The passage asked about.
    #[must_use]
    pub const fn passage(&self) -> &Passage {
        &self.passage
    }

    /// How many rows are asked for.
    #[must_use]
    pub const fn wanted(&self) -> usize {
        self.wanted
    }

    /// How often this passage was asked before for this kind: 0 on the first round.
    #[must_use]
    pub const fn sample(&self) -> u32 {
        self.sample
    }

    /// Rows that earlier requests about this passage asked for.
    #[must_use]
    pub const fn offset(&self) -> usize {
        self.offset
    }

    /// Identity of the request: messages, schema and round. Endpoint, model and sampling parameters are added by
    /// the teacher that has them.
    #[must_use]
    pub fn hash(&self) -> ContentHash {
        Hasher::new().text("prompt/1").json(&self.messages).json(&self.schema).json(&self.sample).finish()
    }

    /// The same conversation, continued: the teacher's answer and what is asked for next.
    ///
    /// `request` must hold no text but the program's own words and parts of `answer`.
    #[must_use]
    pub fn follow_up(&self, answer: &str, request: &str) -> Self {
        let mut next = self.clone();
        next.messages.push(Message { role: Role::Assistant, content: answer.to_owned() });
        next.messages.push(Message { role: Role::User, content: request.to_owned() });
        next
    }
}
