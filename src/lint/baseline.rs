//! Findings that are known and accepted, so that only new ones fail a run.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::finding::Finding;

/// Version of the file.
const VERSION: u32 = 1;

/// Accepted findings by fingerprint, and how often each may occur.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Baseline {
    version: u32,
    /// Fingerprint to rule and number.
    findings: BTreeMap<String, Known>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Known {
    code: String,
    count: u64,
}

impl Baseline {
    /// The baseline that accepts these findings.
    #[must_use]
    pub fn of<'f>(findings: impl Iterator<Item = &'f Finding>) -> Self {
        let mut known: BTreeMap<String, Known> = BTreeMap::new();
        for finding in findings {
            let new = || Known { code: finding.code.to_owned(), count: 0 };
            known.entry(finding.fingerprint.clone()).or_insert_with(new).count += 1;
        }
        Self { version: VERSION, findings: known }
    }

    /// Reads a stored baseline.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub fn parse(json: &str) -> Result<Self, String> {
        let baseline: Self = serde_json::from_str(json).map_err(|e| format!("is no baseline: {e}"))?;
        if baseline.version != VERSION {
            return Err(format!("is a baseline of version {}, this program reads {VERSION}", baseline.version));
        }
        Ok(baseline)
    }

    /// The file's text: sorted, so that it can be kept under version control.
    #[must_use]
    pub fn render(&self) -> String {
        // Maps of strings and numbers always become JSON.
        serde_json::to_string_pretty(self).unwrap_or_default() + "\n"
    }

    /// Whether a finding is known; each entry is used up by as many findings as it counted.
    pub(super) fn takes(&mut self, finding: &Finding) -> bool {
        match self.findings.get_mut(&finding.fingerprint) {
            Some(known) if known.count > 0 => {
                known.count -= 1;
                true
            }
            _ => false,
        }
    }

    /// Number of findings that it accepts.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.findings.values().map(|known| known.count).sum()
    }

    /// Whether it accepts none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
