//! Files that may hold several documents: archives, and tables that are none.

use super::archive::{self, Budget, Zip};
use super::format::extension;
use super::table::Table;
use super::{
    Document, DocumentError, Format, MAX_FILE_BYTES, Source, decode, docx, extract_with, linkedin, odt, office, x,
};

/// The largest file read when it is an archive; those of posts hold pictures.
pub const MAX_ARCHIVE_BYTES: usize = 512 * 1024 * 1024;

/// The largest list of posts; ten years of them are some hundred megabytes, most of it numbers.
pub const MAX_POSTS_BYTES: usize = 256 * 1024 * 1024;

/// What a file holds.
#[derive(Default)]
pub struct Opened {
    /// Documents with their names, sorted: the file's own, or `export.zip/Shares.csv`.
    pub documents: Vec<(String, Result<Document, DocumentError>)>,
    /// Names of people from what is no document itself, such as a list of contacts. Sorted, each once.
    pub people: Vec<String>,
    /// Files of an archive that are no documents, sorted.
    pub passed_over: Vec<String>,
}

/// The most bytes worth reading of a file of this name.
#[must_use]
pub fn max_bytes(name: &str) -> usize {
    match extension(name).as_deref() {
        Some("zip" | "gz" | "tgz" | "docx" | "docm" | "odt") => MAX_ARCHIVE_BYTES,
        Some("js" | "json") => MAX_POSTS_BYTES,
        _ => MAX_FILE_BYTES,
    }
}

/// Reads one file's bytes as the documents in it: one, or those of an archive.
///
/// Archives within archives stay closed. A document that cannot be read does not keep the others from it.
///
/// # Errors
/// [`DocumentError`] when the file as a whole cannot be read, or nothing in it is a document.
pub fn open(name: &str, bytes: &[u8]) -> Result<Opened, DocumentError> {
    let limit = if Zip::is(bytes) || archive::is_gzip(bytes) { MAX_ARCHIVE_BYTES } else { MAX_POSTS_BYTES };
    if bytes.len() > limit {
        return Err(DocumentError::TooLarge { bytes: bytes.len(), limit });
    }
    office::check(bytes)?;
    let budget = Budget::new();
    let mut opened = Opened::default();
    if archive::is_gzip(bytes) {
        tar(name, bytes, &budget, &mut opened)?;
    } else if Zip::is(bytes) {
        let mut zip = Zip::open(bytes, &budget)?;
        if docx::is_docx(&zip) || odt::is_odt(&mut zip) {
            add(&mut opened, name.to_owned(), bytes, &budget, &x::LongPosts::default());
        } else {
            unzip(name, &mut zip, &budget, &mut opened)?;
        }
    } else {
        add(&mut opened, name.to_owned(), bytes, &budget, &x::LongPosts::default());
    }
    opened.documents.sort_by(|(one, _), (other, _)| one.cmp(other));
    opened.passed_over.sort_unstable();
    opened.people.sort_unstable();
    opened.people.dedup();
    Ok(opened)
}

/// What an archive is an export of, by the names in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Export {
    LinkedIn,
    X,
    Mastodon,
    Other,
}

impl Export {
    fn of<'n>(names: impl Iterator<Item = &'n str>) -> Self {
        let mut export = Self::Other;
        for name in names {
            match file(name) {
                "tweets.js" | "tweet.js" | "tweets-part0.js" => return Self::X,
                "outbox.json" => return Self::Mastodon,
                "Profile.csv" | "Positions.csv" | "Shares.csv" | "Connections.csv" => export = Self::LinkedIn,
                _ => {}
            }
        }
        export
    }

    /// Whether a file of the export may be a document, or name people.
    fn wants(self, name: &str) -> bool {
        let file = file(name);
        match self {
            Self::X => is_posts_file(file) || file == "account.js",
            Self::Mastodon => matches!(file, "outbox.json" | "actor.json"),
            Self::LinkedIn => {
                extension(file).is_some_and(|e| e == "csv") || (name.contains("Articles/") && Format::supported(file))
            }
            Self::Other => Format::supported(file) && !is_archive(file),
        }
    }
}

fn unzip(name: &str, zip: &mut Zip<'_>, budget: &Budget, opened: &mut Opened) -> Result<(), DocumentError> {
    let names = zip.names();
    let export = Export::of(names.iter().map(|(_, name)| name.as_str()));
    let (wanted, rest): (Vec<_>, Vec<_>) =
        names.into_iter().filter(|(_, name)| !is_hidden(name)).partition(|(_, name)| export.wants(name));
    opened.passed_over.extend(rest.into_iter().map(|(_, inner)| format!("{name}/{inner}")));
    // The long posts tell which of the others are shortened forms of them.
    let mut long = x::LongPosts::default();
    if let Some((idx, _)) = wanted.iter().find(|(_, name)| export == Export::X && file(name) == "note-tweet.js")
        && let Ok(bytes) = zip.read(*idx, MAX_POSTS_BYTES as u64)
        && let Ok(text) = decode(&bytes)
    {
        long = x::long_posts(&text);
    }
    for (idx, inner) in wanted {
        let path = format!("{name}/{inner}");
        match zip.read(idx, max_bytes(&inner) as u64) {
            Ok(bytes) => add_entry(opened, export, path, &bytes, budget, &long),
            Err(error) => opened.documents.push((path, Err(error))),
        }
    }
    some(name, opened)
}

fn tar(name: &str, bytes: &[u8], budget: &Budget, opened: &mut Opened) -> Result<(), DocumentError> {
    // An archive that is read front to back has to be read twice to know what it is before its files are.
    let (mut names, mut passed_over) = (Vec::new(), Vec::new());
    archive::read_tar(
        bytes,
        budget,
        |name| {
            names.push(name.to_owned());
            None
        },
        |_, _| {},
    )?;
    let export = Export::of(names.iter().map(String::as_str));
    let wanted = |inner: &str| {
        let wants = export.wants(inner) && !is_hidden(inner);
        if !wants && !is_hidden(inner) {
            passed_over.push(format!("{name}/{inner}"));
        }
        wants.then(|| max_bytes(inner) as u64)
    };
    archive::read_tar(bytes, budget, wanted, |inner, bytes| {
        let path = format!("{name}/{inner}");
        match bytes {
            Ok(bytes) => add_entry(opened, export, path, &bytes, budget, &x::LongPosts::default()),
            Err(error) => opened.documents.push((path, Err(error))),
        }
    })?;
    opened.passed_over.append(&mut passed_over);
    some(name, opened)
}

/// An archive with nothing to read in it is no export of documents.
fn some(name: &str, opened: &Opened) -> Result<(), DocumentError> {
    if opened.documents.is_empty() && opened.people.is_empty() {
        return Err(DocumentError::UnknownFormat { extension: extension(name) });
    }
    Ok(())
}

/// Reads a file of an archive. In an export that is known, tables that are not known are not the person's writing.
fn add_entry(opened: &mut Opened, export: Export, path: String, bytes: &[u8], budget: &Budget, long: &x::LongPosts) {
    if export == Export::X && file(&path) == "account.js" {
        if let Ok(text) = decode(bytes) {
            opened.people.extend(x::account_people(&text));
        }
        opened.passed_over.push(path);
        return;
    }
    add(opened, path, bytes, budget, long);
    let unknown = |(_, document): &mut (String, Result<Document, DocumentError>)| match document {
        Ok(document) => export == Export::LinkedIn && document.format() == Format::Csv,
        Err(DocumentError::UnknownFormat { .. } | DocumentError::Empty) => true,
        Err(_) => false,
    };
    if let Some((path, _)) = opened.documents.pop_if(unknown) {
        opened.passed_over.push(path);
    }
}

fn add(opened: &mut Opened, name: String, bytes: &[u8], budget: &Budget, long: &x::LongPosts) {
    if let Some(people) = private_people(&name, bytes) {
        opened.people.extend(people);
        opened.passed_over.push(name);
        return;
    }
    let document = extract_with(&Source { name: &name, bytes, budget, long });
    opened.documents.push((name, document));
}

/// The people in a table that is no document.
fn private_people(name: &str, bytes: &[u8]) -> Option<Vec<String>> {
    if extension(name).as_deref() != Some("csv") || bytes.len() > MAX_FILE_BYTES {
        return None;
    }
    let text = decode(bytes).ok()?;
    match Table::parse(&text) {
        Ok(table) => match linkedin::read(name, &table) {
            Ok(Some(linkedin::Reading::People(people))) => Some(people),
            _ => None,
        },
        // A damaged table of this name is still no document.
        Err(_) => linkedin::is_private_name(&linkedin::stem(name)).then(Vec::new),
    }
}

/// Whether a script is one of those that hold posts.
pub(super) fn is_posts_file(name: &str) -> bool {
    let file = file(name);
    let stem = file.strip_suffix(".js").map(|stem| stem.split("-part").next().unwrap_or(stem));
    matches!(stem, Some("tweet" | "tweets" | "note-tweet" | "community-tweet"))
}

fn is_archive(name: &str) -> bool {
    matches!(extension(name).as_deref(), Some("zip" | "gz" | "tgz"))
}

/// What programs put beside files, not people.
fn is_hidden(name: &str) -> bool {
    name.split('/').any(|part| part.starts_with('.') || part == "__MACOSX")
}

fn file(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}

#[cfg(test)]
mod tests;
