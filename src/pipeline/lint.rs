//! What lint may look at besides the datasets: the vault, the masked documents, the author's texts, dataset cards.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use super::voice::own_texts;
use super::{VAULT, VaultFile, mask_documents, name_model, read_documents};
use crate::edge::{self, passphrase, seal};
use crate::lint::{Beside, Context};
use crate::mask::{Treatment, Vault};
use crate::row::TokenCounter;
use crate::settings::Workspace;
use crate::style::Profile;
use crate::{Error, dataset};

/// The most that is read of a dataset card or a manifest.
const MAX_TEXT: u64 = 4 << 20;

/// What rules may hold rows against.
#[derive(Default)]
pub struct LintInputs {
    /// What stands for what; `None` where there is no vault, or a closed one.
    pub vault: Option<Vault>,
    /// Whether the vault invents values that look like personal data.
    pub invents: bool,
    /// Masked documents by name.
    pub sources: BTreeMap<String, String>,
    /// How the author writes.
    pub profile: Option<Profile>,
    /// Cards and manifests by folder.
    pub beside: BTreeMap<String, Beside>,
}

impl LintInputs {
    /// Gathers what a workspace has. `sources` are documents to read in place of its own; `whole` says that the
    /// workspace's own datasets are checked, so that its own sources are looked at.
    ///
    /// # Errors
    /// A vault or a document named by hand that cannot be read.
    pub fn gather(
        workspace: &Workspace,
        vault: Option<&Path>,
        sources: &[PathBuf],
        whole: bool,
    ) -> Result<Self, Error> {
        let persona = &workspace.settings.persona;
        let invents = persona.policy.values().any(|treatment| *treatment == Treatment::Surrogate);
        let own = workspace.path(VAULT);
        let vault = match vault {
            Some(path) => Some(VaultFile::existing(path)?.1),
            // A closed vault is only opened where somebody can be asked for it.
            None if own.exists() && (invents || !is_closed(&own)?) => Some(VaultFile::existing(&own)?.1),
            None => None,
        };
        let mut inputs = Self { vault, invents, ..Self::default() };
        let folder = workspace.path("sources");
        let paths = match sources {
            [] if whole && folder.is_dir() => vec![folder],
            sources => sources.to_vec(),
        };
        if !paths.is_empty() {
            let read = match read_documents(&paths) {
                Ok(read) => read,
                // Nothing was named by hand: a folder without documents is no fault of the datasets.
                Err(_) if sources.is_empty() => return Ok(inputs),
                Err(error) => return Err(error),
            };
            if let (false, Some(error)) = (sources.is_empty(), read.failed.into_iter().next()) {
                return Err(error);
            }
            let model = name_model(workspace)?;
            let vault = inputs.vault.take().unwrap_or_default();
            let masked = mask_documents(&read.documents, vec![], persona, model.as_deref(), vault)?;
            let texts = own_texts(&masked.documents, false).of(&masked.documents);
            inputs.profile = (!texts.is_empty()).then(|| Profile::measure(&texts));
            inputs.sources = masked.documents.iter().map(|d| (d.name().to_owned(), d.text().to_owned())).collect();
            inputs.vault = Some(masked.vault);
        }
        Ok(inputs)
    }

    /// Reads the cards and manifests beside some files.
    pub fn look_beside(&mut self, files: &[PathBuf]) {
        let folders: BTreeSet<&Path> = files.iter().filter_map(|file| file.parent()).collect();
        let read = |path: PathBuf| {
            let bytes = edge::fs::read_capped(&path, MAX_TEXT).ok()?;
            String::from_utf8(bytes).ok()
        };
        for folder in folders {
            let manifest = read(folder.join("manifest.json"));
            let hashes = match &manifest {
                Some(_) => files
                    .iter()
                    .filter(|file| file.parent() == Some(folder))
                    .filter_map(|file| {
                        let name = file.file_name()?.to_string_lossy().into_owned();
                        Some((name, edge::fs::hash(file).ok()?))
                    })
                    .collect(),
                None => BTreeMap::new(),
            };
            let private = folder.parent().is_some_and(Workspace::is_at);
            let beside = Beside { card: read(folder.join("README.md")), manifest, private, hashes };
            self.beside.insert(folder.to_string_lossy().into_owned(), beside);
        }
    }

    /// The context of a run.
    #[must_use]
    pub fn context<'a>(&'a self, counter: Option<&'a dyn TokenCounter>) -> Context<'a> {
        Context {
            surrogates: self.vault.as_ref().filter(|_| self.invents).map(Vault::surrogates),
            originals: self.vault.as_ref().filter(|vault| !vault.is_empty()),
            sources: (!self.sources.is_empty()).then_some(&self.sources),
            profile: self.profile.as_ref(),
            beside: (!self.beside.is_empty()).then_some(&self.beside),
            ..Context::with_counter(counter)
        }
    }
}

fn is_closed(path: &Path) -> Result<bool, Error> {
    let bytes = edge::fs::read(path)?;
    Ok(seal::is_sealed(&bytes) && edge::env(passphrase::VARIABLE).is_none())
}

/// The datasets among some paths: what is named by hand is one, in folders what ends like one.
///
/// # Errors
/// A path that is not there, or nothing at all.
pub fn dataset_files(paths: &[PathBuf]) -> Result<Vec<PathBuf>, Error> {
    let mut files = vec![];
    for path in paths {
        // A folder is listed; anything else is a dataset because somebody says so.
        if fs::metadata(path).is_ok_and(|meta| meta.is_dir()) {
            files.extend(edge::fs::walk_on(path).into_iter().filter(|file| file.is_dir() || is_dataset(file)));
        } else {
            fs::symlink_metadata(path).map_err(|e| Error::io(path, e))?;
            files.push(path.clone());
        }
    }
    // One file under two names would be its own copy.
    let mut seen = BTreeSet::new();
    files.retain(|file| seen.insert(identity(file)));
    if files.is_empty() {
        return Err(Error::new("there are no datasets to check")
            .place(paths.iter().map(|p| p.display().to_string()).collect::<Vec<_>>().join(", "))
            .hint("datasets end in .parquet, .jsonl, .json, .jsonl.gz or .jsonl.zst"));
    }
    Ok(files)
}

/// What is the same for all names of a file.
fn identity(path: &Path) -> (PathBuf, u64, u64) {
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    #[cfg(unix)]
    if let Ok(meta) = fs::metadata(&path) {
        use std::os::unix::fs::MetadataExt;
        return (PathBuf::new(), meta.dev(), meta.ino());
    }
    (path, 0, 0)
}

/// Whether a file in a folder is a dataset by its name; what generation rejected and its accounts are none.
#[must_use]
pub fn is_dataset(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
    let plain = name.strip_suffix(".gz").or_else(|| name.strip_suffix(".zst")).unwrap_or(&name);
    let packed = plain.len() != name.len();
    let ending = plain.ends_with(".jsonl") || plain.ends_with(".ndjson") || (!packed && plain.ends_with(".parquet"));
    // A JSON file in a folder may be anything; only an array is a dataset.
    let array = || {
        plain.ends_with(".json")
            && dataset::open(path).is_ok_and(|r| r.head().format == dataset::stream::Format::JsonArray)
    };
    !plain.ends_with("rejected.jsonl") && (ending || array())
}
