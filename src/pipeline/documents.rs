use std::path::{Path, PathBuf};

use crate::document::{self, Document, Format};
use crate::id::{ContentHash, Hasher};
use crate::mask::{MaskedDocument, Masker, Policy, Vault};
use crate::prompt::{Passage, passages};
use crate::settings::Persona;
use crate::{Error, edge};

/// The largest source document.
const MAX_DOCUMENT_BYTES: u64 = 32 << 20;

/// Masked documents with what is needed to go on.
pub struct Masked {
    /// In the order of their paths.
    pub documents: Vec<MaskedDocument>,
    /// Placeholders and originals.
    pub vault: Vault,
    /// Hash of the masked texts and the policy: what every later stage depends on.
    pub hash: ContentHash,
    /// Hash of the policy alone.
    pub policy: ContentHash,
    /// Files that could not be read, with the reason; the others went on.
    pub failed: Vec<Error>,
}

impl Masked {
    /// All passages, in reading order.
    #[must_use]
    pub fn passages(&self) -> Vec<Passage> {
        self.documents.iter().flat_map(passages).collect()
    }

    /// Original values that no prompt may hold.
    #[must_use]
    pub fn forbidden(&self) -> Vec<String> {
        self.vault.values().map(|(_, value)| value.to_owned()).collect()
    }
}

/// Reads and extracts every supported file under `paths`; names are relative to the folder given.
///
/// Files of other kinds inside a folder are passed over and named; a file given by itself has to be readable.
///
/// # Errors
/// A path that is not there, or no document at all.
pub fn read_documents(paths: &[PathBuf]) -> Result<(Vec<Document>, Vec<Error>), Error> {
    let (mut documents, mut failed) = (Vec::new(), Vec::new());
    for (path, name) in extract_paths(paths)? {
        let bytes = if path.as_os_str() == "-" {
            edge::fs::read_stdin(MAX_DOCUMENT_BYTES)
        } else {
            edge::fs::read_capped(&path, MAX_DOCUMENT_BYTES)
        };
        let read = bytes.and_then(|bytes| {
            document::extract(&name, &bytes).map_err(|e| Error::at(&path, e.to_string()).data().maybe_hint(e.hint()))
        });
        match read {
            Ok(document) => documents.push(document),
            Err(error) => failed.push(error),
        }
    }
    if documents.is_empty() {
        return Err(match failed.into_iter().next() {
            Some(first) => first.data(),
            None => Error::new("there are no documents to read")
                .place(paths.iter().map(|p| p.display().to_string()).collect::<Vec<_>>().join(", "))
                .data()
                .hint(format!("put files there that end in one of: {}", Format::EXTENSIONS.join(", "))),
        });
    }
    Ok((documents, failed))
}

/// The files to read with their names. Standard input is `-`.
///
/// # Errors
/// A path that is not there.
pub fn extract_paths(paths: &[PathBuf]) -> Result<Vec<(PathBuf, String)>, Error> {
    let mut out = Vec::new();
    let mut taken = std::collections::BTreeSet::new();
    for root in paths {
        if root.as_os_str() == "-" {
            out.push((root.clone(), "stdin".to_owned()));
            continue;
        }
        for file in edge::fs::walk(std::slice::from_ref(root))? {
            let inside = file.strip_prefix(root).ok().filter(|p| !p.as_os_str().is_empty());
            let name = inside
                .or_else(|| file.file_name().map(Path::new))
                .unwrap_or(&file)
                .to_string_lossy()
                .replace('\\', "/");
            // In a folder only what can be read counts; a file named by hand is tried and, if need be, complained about.
            if inside.is_none() || Format::supported(&name) {
                // Two folders may hold files of one name; rows tell them apart by it.
                out.push((file, edge::fs::unique(&mut taken, name)));
            }
        }
    }
    Ok(out)
}

/// Masks documents with one vault. `vault` may hold placeholders from before: they stay the same.
#[must_use]
pub fn mask_documents(documents: &[Document], failed: Vec<Error>, persona: &Persona, mut vault: Vault) -> Masked {
    let policy = Policy {
        names: persona.names.clone(),
        allow: persona.allow.clone(),
        deny: persona.deny.clone(),
        off: Vec::new(),
    };
    let policy_hash = Hasher::new().text("mask/1").json(persona).finish();
    let masker = Masker::new(policy, documents);
    let documents: Vec<MaskedDocument> = documents.iter().map(|d| masker.mask(d, &mut vault)).collect();
    let hash = documents
        .iter()
        .fold(Hasher::new().text(policy_hash.as_str()), |h, d| h.text(d.name()).text(d.text()))
        .finish();
    Masked { documents, vault, hash, policy: policy_hash, failed }
}
