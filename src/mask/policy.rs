//! What becomes of a value that was found.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// What stands in a value's place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Treatment {
    /// `[EMAIL_3]`: the same value has the same number everywhere.
    #[default]
    Placeholder,
    /// `[EMAIL]`: which value it was is lost, and no file keeps it.
    Redact,
    /// `[EMAIL_h3f9a1c]`: the same value has the same mark everywhere, and marks say nothing of how many there are.
    Hash,
    /// An invented value of the same shape.
    Surrogate,
    /// The value itself.
    Keep,
}

impl Treatment {
    /// Every one, in declaration order.
    pub const ALL: [Self; 5] = [Self::Placeholder, Self::Redact, Self::Hash, Self::Surrogate, Self::Keep];

    /// The name in settings.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Placeholder => "placeholder",
            Self::Redact => "redact",
            Self::Hash => "hash",
            Self::Surrogate => "surrogate",
            Self::Keep => "keep",
        }
    }
}

impl fmt::Display for Treatment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A word that names no [`Treatment`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no policy; there are: {list}", list = Treatment::ALL.map(Treatment::name).join(", "))]
pub struct UnknownTreatment(String);

impl FromStr for Treatment {
    type Err = UnknownTreatment;

    fn from_str(word: &str) -> Result<Self, UnknownTreatment> {
        Self::ALL
            .into_iter()
            .find(|treatment| treatment.name().eq_ignore_ascii_case(word))
            .ok_or_else(|| UnknownTreatment(word.to_owned()))
    }
}
