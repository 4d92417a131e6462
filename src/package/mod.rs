//! What the programs that run a student want beside it: a description comes in, files go out.
//!
//! | file | for |
//! | --- | --- |
//! | `turns.rs` | a chat template as text before and after every turn, found by rendering |
//! | `ollama.rs` | Modelfile, with the template in Go's language |
//! | `lmstudio.rs` | the folder that LM Studio looks in |
//! | `llamacpp.rs` | command lines for llama.cpp, on computers and phones |
//! | `vllm.rs` | a merged folder behind vLLM, and on SageMaker |
//!
//! Nothing here runs a model or those programs. docs/edge.md says what was checked against which of them.

mod describe;
mod llamacpp;
mod lmstudio;
mod ollama;
pub mod turns;
mod vllm;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use crate::edge;
use crate::error::Error;

/// A program to run the student with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// `ollama create`.
    Ollama,
    /// LM Studio's models folder.
    LmStudio,
    /// llama.cpp's own programs.
    LlamaCpp,
    /// vLLM, alone or in SageMaker's LMI container.
    Vllm,
}

impl Target {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Ollama, Self::LmStudio, Self::LlamaCpp, Self::Vllm];

    /// As `--for` spells it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ollama => "ollama",
            Self::LmStudio => "lmstudio",
            Self::LlamaCpp => "llamacpp",
            Self::Vllm => "vllm",
        }
    }
}

impl FromStr for Target {
    type Err = Error;

    /// Case and `-`, `.` or `_` do not matter: `llama.cpp` is `llamacpp`.
    fn from_str(text: &str) -> Result<Self, Error> {
        let plain: String = text.chars().filter(char::is_ascii_alphanumeric).collect();
        Self::ALL.into_iter().find(|target| target.name().eq_ignore_ascii_case(&plain)).ok_or_else(|| {
            let known: Vec<&str> = Self::ALL.iter().map(|target| target.name()).collect();
            Error::new(format!("`{text}` is no program to export for")).hint(format!("one of {}", known.join(", ")))
        })
    }
}

/// What a package says of a student.
#[derive(Debug, Clone, PartialEq)]
pub struct Description {
    /// A name of letters, digits, `-`, `_` and `.` (see [`Description::checked_name`]).
    pub name: String,
    /// Whose it is: a folder of LM Studio's, and the first part of a model's name there.
    pub publisher: String,
    /// The GGUF file; for every target but vLLM.
    pub gguf: Option<PathBuf>,
    /// The merged folder; for vLLM.
    pub folder: Option<PathBuf>,
    /// The chat template, in Jinja.
    pub chat_template: Option<String>,
    /// `bos_token`, `eos_token` and `pad_token` as the template sees them.
    pub tokens: BTreeMap<String, String>,
    /// Whether the tokenizer puts bos before every text by itself, as `tokenizer.ggml.add_bos_token` says.
    pub adds_bos: bool,
    /// Texts of the tokens that end an answer.
    pub stops: Vec<String>,
    /// Tokens of prompt and answers together.
    pub context: usize,
    /// Sampling temperature.
    pub temperature: f64,
    /// Standing instructions.
    pub system: Option<String>,
    /// The licence's name or text.
    pub license: Option<String>,
}

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// The files, in the order they were written.
    pub files: Vec<PathBuf>,
    /// What whoever uses the package should know, a sentence each.
    pub notes: Vec<String>,
}

/// Writes what `target` wants of the student `from` into `out_dir`, which is made where it is missing.
///
/// Existing files of the same names are replaced. The GGUF is never copied for `ollama` and `llamacpp`, whose files name
/// it where it is; `lmstudio` gets a hard link, or a copy where the file system has no links between the two places.
///
/// # Errors
/// A description that lacks the file that the target runs, a name that is no name, and the file system.
pub fn write(target: Target, from: &Description, out_dir: &Path) -> Result<Written, Error> {
    from.checked_name()?;
    std::fs::create_dir_all(out_dir).map_err(|e| Error::io(out_dir, e))?;
    match target {
        Target::Ollama => ollama::write(from, out_dir),
        Target::LmStudio => lmstudio::write(from, out_dir),
        Target::LlamaCpp => llamacpp::write(from, out_dir),
        Target::Vllm => vllm::write(from, out_dir),
    }
}

impl Description {
    /// The name and the publisher, if both can be the name of a folder and stand on a command line as they are.
    ///
    /// # Errors
    /// Another name.
    pub fn checked_name(&self) -> Result<(&str, &str), Error> {
        let sound = |name: &str| {
            let word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
            (1..=96).contains(&name.len())
                && name.chars().all(word)
                && !name.starts_with(['.', '-'])
                && !name.ends_with('.')
        };
        match [&self.publisher, &self.name].into_iter().find(|name| !sound(name)) {
            None => Ok((&self.publisher, &self.name)),
            Some(name) => Err(Error::new(format!("`{name}` cannot name a model"))
                .hint("letters, digits, `-`, `_` and `.`, beginning with a letter or a digit")),
        }
    }

    fn need_gguf(&self, target: Target) -> Result<&Path, Error> {
        self.gguf.as_deref().ok_or_else(|| Error::new(format!("`{}` runs a GGUF, and there is none", target.name())))
    }

    /// The name of the GGUF file alone.
    fn gguf_name(&self, target: Target) -> Result<String, Error> {
        let path = self.need_gguf(target)?;
        let name = path.file_name().ok_or_else(|| Error::at(path, "is no file"))?;
        let name = name.to_str().ok_or_else(|| Error::at(path, "the name is not UTF-8"))?;
        if name.contains(char::is_control) {
            return Err(Error::at(path, "a line break or another control character in a name ends a line elsewhere"));
        }
        Ok(name.to_owned())
    }

    /// The GGUF as a file in `out_dir` names it: `./name` when it lies there, `../name` beside it, else the whole path.
    fn gguf_from(&self, target: Target, out_dir: &Path) -> Result<String, Error> {
        let path = self.need_gguf(target)?;
        let whole = path.canonicalize().map_err(|e| Error::io(path, e))?;
        let here = out_dir.canonicalize().map_err(|e| Error::io(out_dir, e))?;
        if whole.parent() == Some(here.as_path()) {
            return Ok(format!("./{}", self.gguf_name(target)?));
        }
        if whole.parent().is_some() && whole.parent() == here.parent() {
            return Ok(format!("../{}", self.gguf_name(target)?));
        }
        Ok(whole.to_str().ok_or_else(|| Error::at(path, "the path is not UTF-8"))?.to_owned())
    }
}

/// A file's name without its ending, as a model can be called: what may not stand in a name becomes `-`, and a name of
/// which nothing is left `student`.
#[must_use]
pub fn name_of(file: &Path) -> String {
    let stem = file.file_stem().unwrap_or_default().to_string_lossy();
    let sound = |c: char| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '-' };
    let name: String = stem.chars().map(sound).take(96).collect();
    match name.trim_start_matches(['-', '.']).trim_end_matches(['-', '.']) {
        "" => "student".to_owned(),
        name => name.to_owned(),
    }
}

/// Writes one file whole and remembers it.
fn put(files: &mut Vec<PathBuf>, path: PathBuf, text: &str) -> Result<(), Error> {
    edge::fs::write(&path, text.as_bytes())?;
    files.push(path);
    Ok(())
}

/// A word for a POSIX shell: as it is where that is safe, else in single quotes.
fn shell(word: &str) -> String {
    let safe = |c: char| c.is_ascii_alphanumeric() || "-_./:=,@%+".contains(c);
    if !word.is_empty() && word.chars().all(safe) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

#[cfg(test)]
mod tests;
