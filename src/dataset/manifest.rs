use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::id::ContentHash;
use crate::{Error, edge};

/// Raised when a stage would make different files from the same inputs: older artifacts are then made again.
pub const STAGE_VERSION: u32 = 1;

/// The commit of a stage: written last, after everything it names is on disk.
///
/// A folder without one is unfinished work. A stage whose `inputs` hash equals that of its manifest, and whose files
/// still have the recorded hashes, is skipped.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// [`STAGE_VERSION`] of the writer.
    pub version: u32,
    /// The stage.
    pub stage: String,
    /// Hash of everything the stage was made from: input files, settings, seed, code version.
    pub inputs: ContentHash,
    /// Files made, relative to the manifest's folder, with the hash of their bytes.
    pub files: BTreeMap<String, ContentHash>,
    /// Counts and figures worth keeping.
    pub figures: serde_json::Map<String, serde_json::Value>,
}

impl Manifest {
    /// Describes finished files of a folder.
    ///
    /// # Errors
    /// A file that is not there.
    pub fn describe(
        stage: &str,
        inputs: ContentHash,
        folder: &Path,
        files: &[&str],
        figures: serde_json::Map<String, serde_json::Value>,
    ) -> Result<Self, Error> {
        let files = files
            .iter()
            .map(|name| Ok(((*name).to_owned(), ContentHash::of(&edge::fs::read(&folder.join(name))?))))
            .collect::<Result<_, Error>>()?;
        Ok(Self { version: STAGE_VERSION, stage: stage.to_owned(), inputs, files, figures })
    }

    /// Writes the manifest: the stage is done.
    ///
    /// # Errors
    /// The file system.
    pub fn commit(&self, path: &Path) -> Result<(), Error> {
        let mut json = serde_json::to_vec_pretty(self).map_err(|e| Error::at(path, e.to_string()))?;
        json.push(b'\n');
        edge::fs::write(path, &json)
    }

    /// The manifest at `path` when it is of the same stage, version and inputs, and every file still is as written.
    #[must_use]
    pub fn current(path: &Path, stage: &str, inputs: &ContentHash) -> Option<Self> {
        let manifest: Self = serde_json::from_slice(&std::fs::read(path).ok()?).ok()?;
        let folder = path.parent()?;
        let same = manifest.version == STAGE_VERSION && manifest.stage == stage && manifest.inputs == *inputs;
        let intact = || {
            manifest.files.iter().all(|(name, hash)| {
                std::fs::read(folder.join(name)).is_ok_and(|bytes| ContentHash::of(&bytes) == *hash)
            })
        };
        (same && intact()).then_some(manifest)
    }
}
