use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::ops::Range;
use std::path::{Path, PathBuf};

use safetensors::tensor::{Dtype, SafeTensors};
use serde::{Deserialize, Serialize};

use super::blocks::{AdamW8, Moments};
use super::objective::PairLogps;
use super::optim::{AdamW, Optimizer};
use crate::id::ContentHash;

/// The state of a run between two updates: everything that is not derived from data, settings and step.
#[derive(Clone, Debug, PartialEq)]
pub struct Checkpoint {
    /// Current values, flat.
    pub parameters: Vec<f32>,
    /// Moments and step.
    pub optimizer: Optimizer,
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

/// Names of 8-bit moments: codes, scales, moments of small tensors.
const M8: [&str; 3] = ["m.codes", "m.absmax", "m.plain"];
const V8: [&str; 3] = ["v.codes", "v.absmax", "v.plain"];

/// What one tensor of the file is written from.
enum Part<'a> {
    F32(&'a [f32]),
    F64(&'a [f64]),
    U8(&'a [u8]),
}

impl Part<'_> {
    const fn len(&self) -> usize {
        match self {
            Self::F32(values) => values.len(),
            Self::F64(values) => values.len(),
            Self::U8(values) => values.len(),
        }
    }
}

struct View<'a> {
    part: Part<'a>,
    shape: [usize; 1],
}

impl safetensors::View for View<'_> {
    fn dtype(&self) -> Dtype {
        match self.part {
            Part::F32(_) => Dtype::F32,
            Part::F64(_) => Dtype::F64,
            Part::U8(_) => Dtype::U8,
        }
    }

    fn shape(&self) -> &[usize] {
        &self.shape
    }

    fn data(&self) -> Cow<'_, [u8]> {
        match self.part {
            Part::F32(values) => values.iter().flat_map(|v| v.to_le_bytes()).collect(),
            Part::F64(values) => values.iter().flat_map(|v| v.to_le_bytes()).collect(),
            Part::U8(values) => Cow::Borrowed(values),
        }
    }

    fn data_len(&self) -> usize {
        self.part.len() * self.dtype().bitsize() / 8
    }
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
    pub fn new(parameters: Vec<f32>, references: Vec<PairLogps>, optimizer: Optimizer) -> Self {
        Self {
            optimizer,
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
        self.kept_step = self.optimizer.step();
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
            step: self.optimizer.step(),
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
        let references: Vec<f64> = self.references.iter().flat_map(|r| [r.chosen, r.rejected]).collect();
        let mut parts = vec![
            ("kept", Part::F32(&self.kept)),
            ("parameters", Part::F32(&self.parameters)),
            ("references", Part::F64(&references)),
        ];
        match &self.optimizer {
            Optimizer::Full(adam) => parts.extend([("m", Part::F32(&adam.m)), ("v", Part::F32(&adam.v))]),
            Optimizer::EightBit(adam) => {
                for (names, moments) in [(M8, adam.m()), (V8, adam.v())] {
                    parts.extend(names.into_iter().zip([
                        Part::U8(&moments.codes),
                        Part::F32(&moments.absmax),
                        Part::F32(&moments.plain),
                    ]));
                }
            }
        }
        let views = parts.into_iter().map(|(name, part)| (name, View { shape: [part.len()], part }));
        let io = |source| CheckpointError::Io { path: path.to_owned(), source };
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent).map_err(io)?;
        }
        // Part by part, so that a large state is never in memory twice.
        let temporary = crate::edge::fs::temporary_beside(path);
        let write = || -> Result<(), CheckpointError> {
            safetensors::serialize_to_file(views, Some(metadata), &temporary).map_err(|e| match e {
                safetensors::SafeTensorError::IoError(source) => io(source),
                other => damaged(other.to_string()),
            })?;
            std::fs::File::open(&temporary).and_then(|file| file.sync_all()).map_err(io)?;
            std::fs::rename(&temporary, path).map_err(io)
        };
        write().inspect_err(|_| {
            let _ = std::fs::remove_file(&temporary);
        })
    }

    /// Reads the checkpoint of the same run; `None` when there is none, or only one of another run.
    ///
    /// `tensors` are the places of the trained tensors in the flat buffers.
    ///
    /// # Errors
    /// A file that is there and cannot be read.
    pub fn load(
        path: &Path,
        identity: &ContentHash,
        tensors: &[Range<usize>],
    ) -> Result<Option<Self>, CheckpointError> {
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
        let stored = SafeTensors::deserialize(&bytes).map_err(|e| damaged(e.to_string()))?;
        let part = |name: &str| stored.tensor(name).map_err(|e| damaged(e.to_string()));
        let floats = |name: &str| {
            Ok::<_, CheckpointError>(
                part(name)?.data().as_chunks().0.iter().map(|b| f32::from_le_bytes(*b)).collect::<Vec<f32>>(),
            )
        };
        let optimizer = if stored.names().contains(&M8[0]) {
            let moments = |names: [&str; 3]| -> Result<Moments, CheckpointError> {
                Ok(Moments {
                    codes: part(names[0])?.data().to_vec(),
                    absmax: floats(names[1])?,
                    plain: floats(names[2])?,
                })
            };
            let adam = AdamW8::from_parts(tensors.to_vec(), moments(M8)?, moments(V8)?, header.step);
            Optimizer::EightBit(adam.map_err(|e| damaged(e.to_string()))?)
        } else {
            Optimizer::Full(AdamW { m: floats("m")?, v: floats("v")?, step: header.step })
        };
        let references: Vec<f64> =
            part("references")?.data().as_chunks().0.iter().map(|b| f64::from_le_bytes(*b)).collect();
        Ok(Some(Self {
            parameters: floats("parameters")?,
            optimizer,
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
        // The first is large enough for codes, the second is not.
        let tensors = [0..5000, 5000..5007];
        for eight_bit in [false, true] {
            let optimizer = Optimizer::new(tensors.to_vec(), eight_bit);
            let parameters = (0..5007).map(|i| (i as f32).sin()).collect();
            let mut state = Checkpoint::new(parameters, vec![PairLogps { chosen: -1.25, rejected: -2.5 }], optimizer);
            let gradients: Vec<f32> = (0..5007).map(|i| (i as f32 * 0.7).cos() * 1e-3).collect();
            let groups = tensors.clone().map(|t| (t, true));
            for _ in 0..3 {
                state.optimizer.update(&mut state.parameters, &gradients, 0.01, 0.1, &groups);
            }
            state.last_loss = 0.5;
            state.judge(0.25, BTreeMap::from([("x".to_owned(), 1.0)]), false);
            state.judge(0.5, BTreeMap::new(), false);
            assert_eq!((state.eval_kept, state.eval_best, state.stale_evals), (Some(0.25), Some(0.25), 1));
            state.save(&path, &id).unwrap();
            let mut found = Checkpoint::load(&path, &id, &tensors).unwrap().unwrap();
            assert_eq!(found, state);
            assert_eq!(found.optimizer.step(), 3);
            // What follows is the same too.
            for state in [&mut state, &mut found] {
                state.optimizer.update(&mut state.parameters, &gradients, 0.01, 0.1, &groups);
            }
            assert_eq!(found, state);
            assert_eq!(Checkpoint::load(&path, &ContentHash::of(b"other"), &tensors).unwrap(), None);
            assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1, "nothing is left beside it");
        }
        std::fs::write(&path, b"\0\0").unwrap();
        assert!(matches!(Checkpoint::load(&path, &id, &tensors), Err(CheckpointError::Damaged { .. })));
    }
}
