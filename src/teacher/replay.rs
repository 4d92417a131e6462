use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::{Answer, Completion, Finish, Teacher, TeacherError, Usage};
use crate::id::ContentHash;
use crate::prompt::Prompt;
use crate::{Error, edge};

/// One recorded answer: a line of a replay file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recorded {
    /// [`Prompt::hash`] of the request.
    pub request: ContentHash,
    /// The answer's text.
    pub text: String,
}

/// Answers from a file of recorded completions, keyed by request. Needs no network and costs nothing.
pub struct Replay {
    answers: BTreeMap<ContentHash, String>,
    name: String,
}

impl Replay {
    /// Reads a replay file: one [`Recorded`] per line.
    ///
    /// # Errors
    /// The line that is none.
    pub fn open(path: &Path) -> Result<Self, Error> {
        Self::parse(&edge::fs::read_text(path)?)
            .map_err(|(line, e)| Error::at(path, format!("line {line} is no recorded answer")).cause(e))
    }

    /// The same from text.
    ///
    /// # Errors
    /// The number of the line that cannot be read, and why.
    pub fn parse(text: &str) -> Result<Self, (usize, String)> {
        let mut answers = BTreeMap::new();
        for (i, line) in text.lines().enumerate().filter(|(_, l)| !l.trim().is_empty()) {
            let recorded: Recorded = serde_json::from_str(line).map_err(|e| (i + 1, e.to_string()))?;
            answers.insert(recorded.request, recorded.text);
        }
        Ok(Self { answers, name: "replay".into() })
    }
}

impl Teacher for Replay {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn parameters(&self) -> String {
        "{}".into()
    }

    fn request_hash(&self, prompt: &Prompt) -> ContentHash {
        prompt.hash()
    }

    fn complete<'a>(&'a self, prompt: &'a Prompt) -> Answer<'a> {
        let answer = self.answers.get(&prompt.hash()).map(|text| Completion {
            text: text.clone(),
            finish: Finish::Stop,
            usage: Usage::default(),
            cached: false,
        });
        Box::pin(async move {
            answer.ok_or_else(|| TeacherError::Failed { reason: "no recorded answer for this request".into() })
        })
    }
}
