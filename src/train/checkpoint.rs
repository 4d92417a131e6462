use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use serde::{Deserialize, Serialize};

use super::objective::PairLogps;
use super::optim::AdamW;
use crate::id::ContentHash;

/// The state of a run between two updates: everything that is not derived from data, settings and step.
#[derive(Clone, Debug, PartialEq)]
pub struct Checkpoint {
    /// Current values, flat.
    pub parameters: Vec<f32>,
    /// Moments and step.
    pub optimizer: AdamW,
    /// The best values so far.
    pub kept: Vec<f32>,
    /// The update they come from.
    pub kept_step: u64,
    /// Their held-out loss.
    pub eval_kept: Option<f64>,
    /// Their held-out metrics.
    pub eval_metrics: BTreeMap<String, f64>,
    /// Held-out loss before the first update.
    pub eval_before: Option<f64>,
    /// The lowest held-out loss so far, whatever is kept.
    pub eval_best: Option<f64>,
    /// Evaluations since then.
    pub stale_evals: u64,
    /// Loss of the last update.
    pub last_loss: f64,
    /// Time spent in updates, in all sittings.
    pub elapsed_secs: f64,
    /// Reference log-probabilities, as the loop numbers its examples.
    pub references: Vec<PairLogps>,
}

/// A checkpoint could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum CheckpointError {
    /// The file system.
    #[error("checkpoint `{path}`: {source}")]
    Io {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is not what was written.
    #[error("checkpoint `{path}` is damaged: {reason}; delete it to start the phase again")]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    version: u32,
    identity: ContentHash,
    step: u64,
    kept_step: u64,
    eval_kept: Option<f64>,
    eval_metrics: BTreeMap<String, f64>,
    eval_before: Option<f64>,
    #[serde(default)]
    eval_best: Option<f64>,
    #[serde(default)]
    stale_evals: u64,
    last_loss: f64,
    elapsed_secs: f64,
}

impl Checkpoint {
    /// Before the first update.
    #[must_use]
    pub fn new(parameters: Vec<f32>, references: Vec<PairLogps>) -> Self {
        Self {
            optimizer: AdamW::new(parameters.len()),
            kept: parameters.clone(),
            parameters,
            kept_step: 0,
            eval_kept: None,
            eval_metrics: BTreeMap::new(),
            eval_before: None,
            eval_best: None,
            stale_evals: 0,
            last_loss: 0.0,
            elapsed_secs: 0.0,
            references,
        }
    }

    /// Takes a held-out loss of the current values, and keeps them when it is the lowest so far or `always`.
    pub fn judge(&mut self, eval_loss: f64, metrics: BTreeMap<String, f64>, always: bool) {
        let better = self.eval_best.is_none_or(|best| eval_loss < best);
        if better {
            (self.eval_best, self.stale_evals) = (Some(eval_loss), 0);
        } else {
            self.stale_evals += 1;
        }
        if better || always {
            self.keep(eval_loss, metrics);
        }
    }

    /// Keeps the current values as the best.
    pub fn keep(&mut self, eval_loss: f64, metrics: BTreeMap<String, f64>) {
        self.kept.clone_from(&self.parameters);
        self.kept_step = self.optimizer.step;
        self.eval_kept = Some(eval_loss);
        self.eval_metrics = metrics;
    }

    /// Writes one file, whole or not at all.
    ///
    /// # Errors
    /// The file system.
    pub fn save(&self, path: &Path, identity: &ContentHash) -> Result<(), CheckpointError> {
        let header = Header {
            version: 1,
            identity: identity.clone(),
            step: self.optimizer.step,
            kept_step: self.kept_step,
            eval_kept: self.eval_kept,
            eval_metrics: self.eval_metrics.clone(),
            eval_before: self.eval_before,
            eval_best: self.eval_best,
            stale_evals: self.stale_evals,
            last_loss: self.last_loss,
            elapsed_secs: self.elapsed_secs,
        };
        let damaged = |reason: String| CheckpointError::Damaged { path: path.to_owned(), reason };
        let metadata = HashMap::from([(
            "distill".to_owned(),
            serde_json::to_string(&header).map_err(|e| damaged(e.to_string()))?,
        )]);
        let floats = |values: &[f32]| values.iter().flat_map(|v| v.to_le_bytes()).collect::<Vec<u8>>();
        let references: Vec<u8> =
            self.references.iter().flat_map(|r| [r.chosen, r.rejected]).flat_map(f64::to_le_bytes).collect();
        let parts = [
            ("kept", Dtype::F32, vec![self.kept.len()], floats(&self.kept)),
            ("m", Dtype::F32, vec![self.optimizer.m.len()], floats(&self.optimizer.m)),
            ("parameters", Dtype::F32, vec![self.parameters.len()], floats(&self.parameters)),
            ("references", Dtype::F64, vec![self.references.len(), 2], references),
            ("v", Dtype::F32, vec![self.optimizer.v.len()], floats(&self.optimizer.v)),
        ];
        let mut views = Vec::new();
        for (name, dtype, shape, bytes) in &parts {
            views.push((*name, TensorView::new(*dtype, shape.clone(), bytes).map_err(|e| damaged(e.to_string()))?));
        }
        let bytes = safetensors::serialize(views, Some(metadata)).map_err(|e| damaged(e.to_string()))?;
        crate::edge::fs::write_atomic(path, &bytes)
            .map_err(|source| CheckpointError::Io { path: path.to_owned(), source })
    }

    /// Reads the checkpoint of the same run; `None` when there is none, or only one of another run.
    ///
    /// # Errors
    /// A file that is there and cannot be read.
    pub fn load(path: &Path, identity: &ContentHash) -> Result<Option<Self>, CheckpointError> {
        let bytes = match std::fs::read(path) {
            Ok(bytes) => bytes,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(CheckpointError::Io { path: path.to_owned(), source }),
        };
        let damaged = |reason: String| CheckpointError::Damaged { path: path.to_owned(), reason };
        let (_, metadata) = SafeTensors::read_metadata(&bytes).map_err(|e| damaged(e.to_string()))?;
        let header =
            metadata.metadata().as_ref().and_then(|m| m.get("distill")).ok_or_else(|| damaged("no header".into()))?;
        let header: Header = serde_json::from_str(header).map_err(|e| damaged(e.to_string()))?;
        if header.identity != *identity {
            return Ok(None);
        }
        let tensors = SafeTensors::deserialize(&bytes).map_err(|e| damaged(e.to_string()))?;
        let part = |name: &str| tensors.tensor(name).map_err(|e| damaged(e.to_string()));
        let floats = |name: &str| {
            Ok::<_, CheckpointError>(
                part(name)?.data().as_chunks().0.iter().map(|b| f32::from_le_bytes(*b)).collect::<Vec<f32>>(),
            )
        };
        let references: Vec<f64> =
            part("references")?.data().as_chunks().0.iter().map(|b| f64::from_le_bytes(*b)).collect();
        Ok(Some(Self {
            parameters: floats("parameters")?,
            optimizer: AdamW { m: floats("m")?, v: floats("v")?, step: header.step },
            kept: floats("kept")?,
            kept_step: header.kept_step,
            eval_kept: header.eval_kept,
            eval_metrics: header.eval_metrics,
            eval_before: header.eval_before,
            eval_best: header.eval_best,
            stale_evals: header.stale_evals,
            last_loss: header.last_loss,
            elapsed_secs: header.elapsed_secs,
            references: references
                .as_chunks()
                .0
                .iter()
                .map(|&[chosen, rejected]| PairLogps { chosen, rejected })
                .collect(),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn round_trip_and_foreign_identity() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("c.safetensors");
        let id = ContentHash::of(b"run");
        let mut state =
            Checkpoint::new(vec![1.0, f32::MIN_POSITIVE], vec![PairLogps { chosen: -1.25, rejected: -2.5 }]);
        state.last_loss = 0.5;
        state.optimizer.step = 7;
        state.judge(0.25, BTreeMap::from([("x".to_owned(), 1.0)]), false);
        state.judge(0.5, BTreeMap::new(), false);
        assert_eq!((state.eval_kept, state.eval_best, state.stale_evals), (Some(0.25), Some(0.25), 1));
        state.save(&path, &id).unwrap();
        assert_eq!(Checkpoint::load(&path, &id).unwrap(), Some(state));
        assert_eq!(Checkpoint::load(&path, &ContentHash::of(b"other")).unwrap(), None);
        std::fs::write(&path, b"\0\0").unwrap();
        assert!(matches!(Checkpoint::load(&path, &id), Err(CheckpointError::Damaged { .. })));
    }
}
