use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Write};
use std::path::Path;

use serde::Serialize;
use serde_json::Value;

use super::events::{EventFile, tag};

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

/// `metrics.jsonl` and the TensorBoard event file beside it, open for appending.
pub struct MetricsFile {
    lines: File,
    events: EventFile,
}

impl MetricsFile {
    /// Opens `metrics.jsonl` and the event file of a folder, and drops everything past update `keep`: it will be made
    /// again.
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
        Ok(Self { lines: file, events: EventFile::open(path.parent().unwrap_or(Path::new(".")), keep)? })
    }

    /// Appends one line, and the same numbers as one event.
    ///
    /// # Errors
    /// The file system.
    pub fn append(&mut self, line: &StepMetrics) -> io::Result<()> {
        let line = StepMetrics { peak_rss_bytes: crate::edge::peak_rss_bytes(), ..line.clone() };
        writeln!(self.lines, "{}", serde_json::to_string(&line)?)?;
        self.events.append(line.step, &scalars(&line)?)
    }
}

/// Every number of a line by its name in TensorBoard; the step is not one of them, since it is where they are drawn.
fn scalars(line: &StepMetrics) -> io::Result<Vec<(String, f64)>> {
    let Value::Object(fields) = serde_json::to_value(line)? else { return Ok(Vec::new()) };
    let numbers = fields.iter().filter(|(name, _)| *name != "step");
    Ok(numbers.filter_map(|(name, value)| Some((tag(name), value.as_f64()?))).collect())
}
