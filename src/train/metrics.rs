use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Write};
use std::path::Path;

use serde::Serialize;

/// One line of `metrics.jsonl`, with TRL's names.
#[derive(Clone, Debug, Default, Serialize)]
pub struct StepMetrics {
    /// Updates made.
    pub step: u64,
    /// Passes over the data so far.
    pub epoch: f64,
    /// In nats, per label token (SFT) or pair (DPO).
    pub loss: f64,
    /// L2, before clipping.
    pub grad_norm: f64,
    /// Of this update.
    pub learning_rate: f64,
    /// On held-out rows, where the update was followed by an evaluation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub eval_loss: Option<f64>,
    /// The objective's own: `mean_token_accuracy`, `rewards/chosen`, …
    #[serde(flatten)]
    pub values: BTreeMap<String, f64>,
    /// Tokens with loss in this update.
    pub label_tokens: usize,
    /// Tokens read in this update, without padding.
    pub tokens: usize,
    /// `tokens` by the wall clock.
    pub tokens_per_second: f64,
    /// Since the first update, over all sittings.
    pub elapsed_secs: f64,
    /// Of the process.
    pub peak_rss_bytes: u64,
}

/// `metrics.jsonl`, open for appending.
pub struct MetricsFile(File);

impl MetricsFile {
    /// Opens the file and drops every line past update `keep`: they will be made again.
    ///
    /// # Errors
    /// The file system.
    pub fn open(path: &Path, keep: u64) -> io::Result<Self> {
        let mut kept = Vec::new();
        if keep > 0
            && let Ok(file) = File::open(path)
        {
            for line in BufReader::new(file).lines() {
                let line = line?;
                let step = serde_json::from_str::<serde_json::Value>(&line).ok().and_then(|v| v["step"].as_u64());
                if step.is_some_and(|s| s <= keep) {
                    kept.push(line);
                }
            }
        }
        let mut file = OpenOptions::new().create(true).write(true).truncate(true).open(path)?;
        for line in kept {
            writeln!(file, "{line}")?;
        }
        Ok(Self(file))
    }

    /// Appends one line.
    ///
    /// # Errors
    /// The file system.
    pub fn append(&mut self, line: &StepMetrics) -> io::Result<()> {
        let line = StepMetrics { peak_rss_bytes: crate::edge::peak_rss_bytes(), ..line.clone() };
        writeln!(self.0, "{}", serde_json::to_string(&line)?)
    }
}
