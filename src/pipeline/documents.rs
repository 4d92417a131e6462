use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::document::{self, Document, DocumentError, Format};
use crate::edge::sandbox::{self, Limits, Stopped};
use crate::id::{ContentHash, Hasher};
use crate::mask::{MaskedDocument, Masker, Policy, Vault};
use crate::prompt::{Passage, passages};
use crate::settings::Persona;
use crate::{Error, edge};

/// The largest source document.
const MAX_DOCUMENT_BYTES: u64 = 32 << 20;

/// What reading one document may use where its format is read in a process of its own.
pub const READER_LIMITS: Limits = Limits { wall: Duration::from_secs(30), memory: 2 << 30, output: 256 << 20 };

/// The hidden subcommand of the process that reads such a document.
const READ_ALONE: &str = "__extract";

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
            extract(&name, bytes).map_err(|e| Error::at(&path, e.to_string()).data().maybe_hint(e.hint()))
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

/// Reads one file; formats that need it are read in another process, or on a thread where there can be none.
fn extract(name: &str, bytes: Vec<u8>) -> Result<Document, DocumentError> {
    let format = Format::detect(name, &bytes)?;
    if !format.needs_sandbox() {
        return document::extract(name, &bytes);
    }
    match sandbox::run(&[READ_ALONE, format.extension()], &bytes, READER_LIMITS) {
        Err(Stopped::Start) => {
            let name = name.to_owned();
            sandbox::aside(move || document::extract(&name, &bytes), READER_LIMITS.wall).map_err(stopped)?
        }
        answer => document::from_wire(name, &bytes, format, &answer.map_err(stopped)?),
    }
}

/// The other side: reads a document of this extension from standard input, under the limits of this process.
///
/// # Errors
/// Standard input that cannot be read. A document that cannot be read is an answer like any other.
pub fn read_alone(extension: &str) -> Result<String, Error> {
    let bytes = edge::fs::read_stdin(MAX_DOCUMENT_BYTES)?;
    document::to_wire(document::extract(&format!("document.{extension}"), &bytes))
        .map_err(|e| Error::new(e.to_string()))
}

fn stopped(by: Stopped) -> DocumentError {
    match by {
        Stopped::Time => DocumentError::ReaderSlow { seconds: READER_LIMITS.wall.as_secs() },
        Stopped::Memory => DocumentError::ReaderMemory,
        Stopped::Output => DocumentError::ReaderOutput,
        Stopped::Crash | Stopped::Start => DocumentError::ReaderCrashed,
    }
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
