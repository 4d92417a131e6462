//! From what the user typed to a folder on disk: an existing directory wins, anything else is a hub id.
//!
//! Downloads go to the cache every Hugging Face tool shares (`HF_HOME`), with `HF_TOKEN` and `HF_ENDPOINT` honoured.
//! A complete cached copy is used without asking the network, so a run can be repeated on a train.

use std::path::{Path, PathBuf};

use hf_hub::api::sync::{ApiBuilder, ApiError, ApiRepo};
use hf_hub::{Cache, Repo, RepoType};
use serde_json::Value;

use super::HubError;
use super::files::read_json;

const REQUIRED: [&str; 2] = ["config.json", "tokenizer.json"];
const OPTIONAL: [&str; 4] =
    ["generation_config.json", "tokenizer_config.json", "special_tokens_map.json", "chat_template.jinja"];
const SINGLE: &str = "model.safetensors";
const INDEX: &str = "model.safetensors.index.json";

/// Finds or downloads the model folder named by `id_or_dir`: a directory, `org/name` or `org/name@revision`.
///
/// # Errors
/// [`HubError::BadId`]; [`HubError::NotCached`] when `offline`; [`HubError::Denied`], [`HubError::NotOnHub`] or
/// [`HubError::Network`], each naming the file and hinting at the cure.
pub fn resolve(id_or_dir: &str, offline: bool) -> Result<PathBuf, HubError> {
    let dir = Path::new(id_or_dir);
    if dir.is_dir() {
        return Ok(dir.to_owned());
    }
    let (id, revision) = parse_id(id_or_dir)?;
    let cache = Cache::from_env();
    let repo = Repo::with_revision(id.to_owned(), RepoType::Model, revision.to_owned());
    match cached(&cache, &repo, id) {
        Ok(folder) => Ok(folder),
        Err(error) if offline => Err(error),
        Err(_) => download(repo, id),
    }
}

/// Splits `org/name[@revision]`; refuses what looks like a path, whose absence is the likelier mistake.
fn parse_id(text: &str) -> Result<(&str, &str), HubError> {
    let (id, revision) = text.split_once('@').unwrap_or((text, "main"));
    let legal = |part: &str| {
        !part.is_empty()
            && !part.starts_with('.')
            && part.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
    };
    let two_parts = id.split_once('/').is_some_and(|(org, name)| legal(org) && legal(name));
    let revision_legal = !revision.is_empty() && !revision.contains("..") && revision.split('/').all(legal);
    if two_parts && revision_legal { Ok((id, revision)) } else { Err(HubError::BadId { id: text.to_owned() }) }
}

/// The snapshot folder when the cache holds every file we need.
///
/// Weights are fetched last, so their presence means that the optional files were asked for as well.
fn cached(cache: &Cache, repo: &Repo, id: &str) -> Result<PathBuf, HubError> {
    let files = cache.repo(repo.clone());
    let need = |file: &str| {
        files.get(file).ok_or_else(|| HubError::NotCached {
            id: id.to_owned(),
            file: file.to_owned(),
            cache: cache.path().clone(),
        })
    };
    let mut config = PathBuf::new();
    for file in REQUIRED {
        config = need(file)?;
    }
    if files.get(SINGLE).is_none() {
        for shard in shards(&need(INDEX).or_else(|_| need(SINGLE))?)? {
            need(&shard)?;
        }
    }
    Ok(config.parent().map(Path::to_owned).unwrap_or_default())
}

fn download(repo: Repo, id: &str) -> Result<PathBuf, HubError> {
    let mut builder = ApiBuilder::from_env().with_retries(3);
    if let Ok(token) = std::env::var("HF_TOKEN")
        && !token.trim().is_empty()
    {
        builder = builder.with_token(Some(token.trim().to_owned()));
    }
    let api = builder.build().map_err(|error| explain(&error, id, "the repository"))?;
    let files = api.repo(repo);
    let listed = files.info().map_err(|error| explain(&error, id, "the file list"))?;
    let listed: Vec<String> = listed.siblings.into_iter().map(|sibling| sibling.rfilename).collect();
    let has = |file: &str| listed.iter().any(|name| name == file);

    let mut folder = PathBuf::new();
    for file in REQUIRED {
        folder = fetch(&files, id, file)?;
    }
    for file in OPTIONAL.into_iter().filter(|file| has(file)) {
        fetch(&files, id, file)?;
    }
    if has(SINGLE) {
        fetch(&files, id, SINGLE)?;
    } else if has(INDEX) {
        for shard in shards(&fetch(&files, id, INDEX)?)? {
            fetch(&files, id, &shard)?;
        }
    } else {
        return Err(HubError::NotOnHub { id: id.to_owned(), file: format!("{SINGLE} or {INDEX}") });
    }
    Ok(folder.parent().map(Path::to_owned).unwrap_or_default())
}

fn fetch(files: &ApiRepo, id: &str, file: &str) -> Result<PathBuf, HubError> {
    files.get(file).map_err(|error| explain(&error, id, file))
}

/// The shard names in an index. Only plain names: an index must not make us write elsewhere in the cache.
fn shards(index: &Path) -> Result<Vec<String>, HubError> {
    let bad = |reason: &str| HubError::Json { path: index.to_owned(), reason: reason.to_owned() };
    let value = read_json(index)?.ok_or_else(|| bad("the file is gone"))?;
    let map = value.get("weight_map").and_then(Value::as_object).ok_or_else(|| bad("no `weight_map`"))?;
    let mut names: Vec<String> = map.values().filter_map(Value::as_str).map(str::to_owned).collect();
    names.sort();
    names.dedup();
    match names.iter().find(|name| name.contains(['/', '\\']) || name.starts_with('.')) {
        Some(odd) => Err(bad(&format!("`{odd}` is not a plain file name"))),
        None => Ok(names),
    }
}

/// Turns the client's error into ours by its HTTP status.
///
/// The status sits in a type of the HTTP crate beneath hf-hub, which we do not depend on; its words are stable
/// ("http status: 404"), and an unknown text only costs the friendlier message.
fn explain(error: &ApiError, id: &str, file: &str) -> HubError {
    let reason = error.to_string();
    let (id, file) = (id.to_owned(), file.to_owned());
    match status_in(&reason) {
        Some(status @ (401 | 403)) => HubError::Denied { id, file, status },
        Some(404) => HubError::NotOnHub { id, file },
        _ => HubError::Network { id, file, reason },
    }
}

fn status_in(text: &str) -> Option<u16> {
    let (_, after) = text.rsplit_once("status")?;
    let digits: String = after.chars().skip_while(|c| !c.is_ascii_digit()).take(3).collect();
    digits.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_and_paths_are_told_apart() {
        assert_eq!(parse_id("meta-llama/Llama-3.2-1B").unwrap(), ("meta-llama/Llama-3.2-1B", "main"));
        assert_eq!(parse_id("a/b@refs/pr/1").unwrap(), ("a/b", "refs/pr/1"));
        for bad in ["", "llama", "./model", "../x/y", "/abs/path", "a/b/c", "a/b@", "a/b@../../x", "a b/c"] {
            assert!(parse_id(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_directory_wins() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(resolve(&dir.path().to_string_lossy(), true).unwrap(), dir.path());
    }

    #[test]
    fn statuses_become_kinds() {
        assert_eq!(status_in("request error: http status: 403"), Some(403));
        assert_eq!(status_in("request error: io: connection refused"), None);
        let error = ApiError::IoError(std::io::Error::other("http status: 401"));
        let error = explain(&error, "meta-llama/x", "config.json");
        assert!(matches!(error, HubError::Denied { status: 401, .. }));
        assert!(error.hint().unwrap().contains("HF_TOKEN"));
    }
}
