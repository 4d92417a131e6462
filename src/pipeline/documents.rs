use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crate::document::{self, Document, DocumentError, Format, Opened};
use crate::edge::sandbox::{self, Limits, Stopped};
use crate::id::{ContentHash, Hasher};
use crate::mask::{MaskedDocument, Masker, NameModel, Span, Vault};
use crate::prompt::{Passage, passages};
use crate::settings::{Persona, Workspace};
use crate::teacher::MayKeep;
use crate::{Error, edge};

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
    /// What found them: it also looks at what teachers answer.
    pub masker: Masker,
    /// Hash of the masked texts and the policy: what every later stage depends on.
    pub hash: ContentHash,
    /// Hash of the policy alone.
    pub policy: ContentHash,
    /// Files that could not be read, with the reason; the others went on.
    pub failed: Vec<Error>,
}

/// What was read of the files given.
#[derive(Default)]
pub struct Sources {
    /// In the order of their paths.
    pub documents: Vec<Document>,
    /// Files that could not be read, with the reason; the others went on.
    pub failed: Vec<Error>,
    /// Files in folders and archives that are no documents, sorted.
    pub skipped: Vec<String>,
}

impl Sources {
    /// One line about the files passed over; `None` where there are none.
    #[must_use]
    pub fn skipped_line(&self) -> Option<String> {
        /// How many files are named.
        const NAMED: usize = 5;
        let named = self.skipped.iter().take(NAMED).map(String::as_str).collect::<Vec<_>>().join(", ");
        match self.skipped.len() {
            0 => None,
            1 => Some(format!("passed over 1 file that is no document: {named}")),
            n if n <= NAMED => Some(format!("passed over {n} files that are no documents: {named}")),
            n => Some(format!("passed over {n} files that are no documents: {named}, …")),
        }
    }
}

impl Masked {
    /// All passages, in reading order.
    #[must_use]
    pub fn passages(&self) -> Vec<Passage> {
        self.documents.iter().flat_map(passages).collect()
    }

    /// Tells whether an answer may be kept as it came, without its passage at hand: with nothing in it that masking
    /// would find.
    #[must_use]
    pub fn may_keep(&self) -> MayKeep {
        let (masker, surrogates) = (self.masker.clone(), self.vault.surrogates().clone());
        Arc::new(move |text: &str| masker.detect_beside(text, &surrogates).is_empty())
    }

    /// Original values that no prompt may hold.
    #[must_use]
    pub fn forbidden(&self) -> Vec<String> {
        self.vault
            .values()
            // A first name that is a word too (`Will`) stands in any text.
            .filter(|(entity, value)| *entity != crate::mask::Entity::Person || !crate::mask::is_word(value))
            .map(|(_, value)| value.to_owned())
            .collect()
    }
}

/// Reads and extracts every supported file under `paths`; names are relative to the folder given.
///
/// Files of other kinds inside a folder are passed over and named; a file given by itself has to be readable.
///
/// # Errors
/// A path that is not there, or no document at all.
pub fn read_documents(paths: &[PathBuf]) -> Result<Sources, Error> {
    let mut sources = Sources::default();
    let (mut people, mut private) = (Vec::new(), None);
    let (files, skipped) = list(paths)?;
    sources.skipped = skipped;
    for Listed { path, name, by_hand } in files {
        let failed = |place: &Path, e: &DocumentError| Error::at(place, e.to_string()).data().maybe_hint(e.hint());
        let opened = match read(&path, &name).map(|bytes| open(&name, bytes)) {
            Ok(Ok(opened)) => opened,
            // In a folder only the content may tell that a file is no document: `feed.xml`, `photos.zip`.
            Ok(Err(DocumentError::UnknownFormat { .. })) if !by_hand => {
                sources.skipped.push(name);
                continue;
            }
            Ok(Err(error)) => {
                sources.failed.push(failed(&path, &error));
                continue;
            }
            Err(error) => {
                sources.failed.push(error);
                continue;
            }
        };
        people.extend(opened.people);
        if by_hand && opened.documents.is_empty() {
            private.get_or_insert_with(|| failed(&path, &DocumentError::Private));
        }
        sources.skipped.extend(opened.passed_over);
        for (inner, document) in opened.documents {
            match document {
                Ok(document) => sources.documents.push(document),
                Err(DocumentError::UnknownFormat { .. }) if !by_hand => sources.skipped.push(inner),
                // Exports hold a table or list for everything, most of them without an entry.
                Err(DocumentError::Empty) if !by_hand && is_data(&inner) => sources.skipped.push(inner),
                Err(error) => {
                    // The name of an entry begins with that of its archive.
                    let place = inner
                        .strip_prefix(&name)
                        .map_or_else(|| inner.clone(), |rest| format!("{}{rest}", path.display()));
                    sources.failed.push(failed(Path::new(&place), &error));
                }
            }
        }
    }
    sources.skipped.sort_unstable();
    let Some(first) = sources.documents.first_mut() else {
        return Err(match sources.failed.into_iter().next().or(private) {
            Some(first) => first.data(),
            None => Error::new("there are no documents to read")
                .place(paths.iter().map(|p| p.display().to_string()).collect::<Vec<_>>().join(", "))
                .data()
                .hint(format!("put files there that end in one of: {}", Format::EXTENSIONS.join(", "))),
        });
    };
    // Contacts are no document, and names are learned from all documents alike, so that any one may carry them.
    first.people.extend(people);
    first.people.sort_unstable();
    first.people.dedup();
    Ok(sources)
}

fn read(path: &Path, name: &str) -> Result<Vec<u8>, Error> {
    if path.as_os_str() == "-" {
        return edge::fs::read_stdin(document::MAX_POSTS_BYTES as u64);
    }
    let hint = "unpack it and add the folder, without its pictures and videos";
    let cap = document::max_bytes(name);
    edge::fs::read_capped(path, cap as u64)
        .map_err(|error| if cap == document::MAX_ARCHIVE_BYTES { error.hint(hint) } else { error })
}

/// Whether a file of this name holds data rather than writing.
fn is_data(name: &str) -> bool {
    [".csv", ".js", ".json"].iter().any(|ending| name.to_lowercase().ends_with(ending))
}

/// A file to read.
struct Listed {
    path: PathBuf,
    name: String,
    /// Whether it was given by itself, not found in a folder.
    by_hand: bool,
}

/// Reads one file; formats that need it are read in another process, or on a thread where there can be none.
///
/// Archives may hold such documents too: they are read on a thread, where a panic is caught.
fn open(name: &str, bytes: Vec<u8>) -> Result<Opened, DocumentError> {
    let Some(format) = Format::detect(name, &bytes).ok().filter(|format| format.needs_sandbox()) else {
        if document::max_bytes(name) < document::MAX_ARCHIVE_BYTES {
            return document::open(name, &bytes);
        }
        let name = name.to_owned();
        return sandbox::aside(move || document::open(&name, &bytes), ARCHIVE_TIME).map_err(stopped)?;
    };
    let document = match sandbox::run(&[READ_ALONE, format.extension()], &bytes, READER_LIMITS) {
        Err(Stopped::Start) => {
            let name = name.to_owned();
            sandbox::aside(move || document::extract(&name, &bytes), READER_LIMITS.wall).map_err(stopped)?
        }
        answer => document::from_wire(name, &bytes, format, &answer.map_err(stopped)?),
    };
    Ok(Opened { documents: vec![(name.to_owned(), Ok(document?))], ..Opened::default() })
}

/// How long an archive may take; the largest hold half a gigabyte.
const ARCHIVE_TIME: Duration = Duration::from_secs(600);

/// The other side: reads a document of this extension from standard input, under the limits of this process.
///
/// # Errors
/// Standard input that cannot be read. A document that cannot be read is an answer like any other.
pub fn read_alone(extension: &str) -> Result<String, Error> {
    let bytes = edge::fs::read_stdin(document::MAX_FILE_BYTES as u64)?;
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
    Ok(list(paths)?.0.into_iter().map(|file| (file.path, file.name)).collect())
}

/// The files to read, and the names of those in folders that are passed over.
fn list(paths: &[PathBuf]) -> Result<(Vec<Listed>, Vec<String>), Error> {
    let (mut out, mut skipped) = (Vec::new(), Vec::new());
    let mut taken = std::collections::BTreeSet::new();
    for root in paths {
        if root.as_os_str() == "-" {
            out.push(Listed { path: root.clone(), name: "stdin".to_owned(), by_hand: true });
            continue;
        }
        for file in edge::fs::walk(std::slice::from_ref(root))? {
            let inside = file.strip_prefix(root).ok().filter(|p| !p.as_os_str().is_empty());
            let name = inside
                .or_else(|| file.file_name().map(Path::new))
                .unwrap_or(&file)
                .to_string_lossy()
                .replace('\\', "/");
            // Names go to terminals and into reports.
            let name = crate::error::printable(&name);
            // In a folder only what can be read counts; a file named by hand is tried and, if need be, complained about.
            if inside.is_none() || Format::supported(&name) {
                // Two folders may hold files of one name; rows tell them apart by it.
                let by_hand = inside.is_none();
                out.push(Listed { name: edge::fs::unique(&mut taken, name), path: file, by_hand });
            } else {
                skipped.push(name);
            }
        }
    }
    Ok((out, skipped))
}

/// The name model of `[persona] ner`, opened; `None` where none is asked for.
///
/// # Errors
/// A folder that is not there or that we cannot run, and any at all in a build without models: whoever asks for a
/// model is never left without one.
pub fn name_model(workspace: &Workspace) -> Result<Option<Box<dyn NameModel>>, Error> {
    let persona = &workspace.settings.persona;
    if persona.ner.is_empty() {
        return Ok(None);
    }
    open_name_model(&workspace.path(&persona.ner), persona.ner_threshold).map(Some)
}

#[cfg(feature = "train")]
fn open_name_model(folder: &Path, threshold: f64) -> Result<Box<dyn NameModel>, Error> {
    #[expect(clippy::cast_possible_truncation, reason = "a score needs no more digits")]
    let tagger = crate::model::ner::Tagger::open(folder, threshold as f32)
        .map_err(|e| Error::at(folder, e.to_string()).maybe_hint(e.hint()))?;
    Ok(Box::new(tagger))
}

#[cfg(not(feature = "train"))]
fn open_name_model(folder: &Path, _threshold: f64) -> Result<Box<dyn NameModel>, Error> {
    Err(Error::at(folder, "`[persona] ner` asks for a name model, and this build has none")
        .hint("build with the feature `train`, or leave `ner` empty to mask without a model"))
}

/// What the model finds in each document, read once.
fn model_finds(documents: &[Document], model: Option<&dyn NameModel>) -> Result<Vec<Vec<Span>>, Error> {
    let Some(model) = model else { return Ok(Vec::new()) };
    let mut finds = Vec::with_capacity(documents.len());
    for document in documents {
        if super::STOP.load(std::sync::atomic::Ordering::Relaxed) {
            return Err(Error::interrupted("interrupted before anything was masked"));
        }
        let found = model.find(document.expose_text());
        finds.push(found.map_err(|e| Error::new(e.to_string()).place(document.name()))?);
    }
    Ok(finds)
}

/// Masks documents with one vault. `vault` may hold placeholders from before: they stay the same.
///
/// # Errors
/// The name model cannot read a document: then none is masked.
pub fn mask_documents(
    documents: &[Document],
    failed: Vec<Error>,
    persona: &Persona,
    model: Option<&dyn NameModel>,
    mut vault: Vault,
) -> Result<Masked, Error> {
    let policy_hash = Hasher::new().text("mask/2").json(persona);
    let policy_hash = model.iter().fold(policy_hash, |hash, model| hash.text(model.hash().as_str())).finish();
    let finds = model_finds(documents, model)?;
    let masker = Masker::with_finds(persona.policy(), documents, &finds);
    let none = Vec::new();
    let documents: Vec<MaskedDocument> = documents
        .iter()
        .enumerate()
        .map(|(at, document)| masker.mask_with(document, finds.get(at).unwrap_or(&none), &mut vault))
        .collect();
    let hash = documents
        .iter()
        .fold(Hasher::new().text(policy_hash.as_str()), |h, d| h.text(d.name()).text(d.text()))
        .finish();
    Ok(Masked { documents, vault, masker, hash, policy: policy_hash, failed })
}
