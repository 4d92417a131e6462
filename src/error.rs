//! One error for the command line: what happened, where, why, and what to do.

use std::path::{Path, PathBuf};

/// How the process ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExitKind {
    /// 0.
    Success,
    /// 1: the data is at fault.
    Data,
    /// 2: usage or environment.
    Environment,
    /// 130: somebody pressed Ctrl-C.
    Interrupted,
}

impl ExitKind {
    /// The process's exit code.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Success => 0,
            Self::Data => 1,
            Self::Environment => 2,
            Self::Interrupted => 130,
        }
    }
}

/// Characters of an error that are shown.
const MOST_SHOWN: usize = 8000;

/// Why a command could not do its work.
#[derive(Debug)]
pub struct Error {
    message: String,
    at: Option<String>,
    cause: Option<String>,
    hint: Option<String>,
    exit: ExitKind,
    broken_pipe: bool,
}

/// A name as it can go to a terminal: what would steer it is a dot.
pub(crate) fn printable(name: &str) -> String {
    name.chars().map(|c| if c.is_control() { '·' } else { c }).collect()
}

/// Edits between two names (Levenshtein): what a suggestion goes by.
pub(crate) fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, ca) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, cb) in b.iter().enumerate() {
            let substitution = diagonal + usize::from(ca != *cb);
            diagonal = row[j + 1];
            row[j + 1] = substitution.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

impl Error {
    /// Something about the environment or the usage.
    #[must_use]
    pub fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            at: None,
            cause: None,
            hint: None,
            exit: ExitKind::Environment,
            broken_pipe: false,
        }
    }

    /// Something about one file.
    #[must_use]
    pub fn at(path: &Path, message: impl Into<String>) -> Self {
        Self { at: Some(printable(&path.display().to_string())), ..Self::new(message) }
    }

    /// A file could not be read or written.
    #[must_use]
    pub fn io(path: &Path, source: std::io::Error) -> Self {
        let message = match source.kind() {
            std::io::ErrorKind::NotFound => "no such file or folder".to_owned(),
            std::io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
            _ => source.to_string(),
        };
        Self::at(path, message)
    }

    /// What happened and why, without the place.
    #[must_use]
    pub fn reason(&self) -> String {
        match &self.cause {
            Some(cause) => format!("{}: {cause}", self.message),
            None => self.message.clone(),
        }
    }

    /// Standard output could not be written.
    #[must_use]
    pub fn stdout(source: std::io::Error) -> Self {
        Self {
            broken_pipe: source.kind() == std::io::ErrorKind::BrokenPipe,
            ..Self::new(format!("standard output: {source}"))
        }
    }

    /// Whoever read the output has closed it.
    #[must_use]
    pub const fn is_broken_pipe(&self) -> bool {
        self.broken_pipe
    }

    /// The data is at fault, not the environment.
    #[must_use]
    pub fn data(mut self) -> Self {
        self.exit = ExitKind::Data;
        self
    }

    /// The person stopped it.
    #[must_use]
    pub fn interrupted(message: impl Into<String>) -> Self {
        Self { exit: ExitKind::Interrupted, ..Self::new(message) }
    }

    /// What to do about it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The same with a hint, when there is one.
    #[must_use]
    pub fn maybe_hint(mut self, hint: Option<String>) -> Self {
        self.hint = hint.or(self.hint);
        self
    }

    /// What lies beneath.
    #[must_use]
    pub fn cause(mut self, cause: impl std::fmt::Display) -> Self {
        self.cause = Some(cause.to_string());
        self
    }

    /// Where it happened.
    #[must_use]
    pub fn place(mut self, at: impl Into<String>) -> Self {
        self.at = Some(at.into());
        self
    }

    /// How the process should end.
    #[must_use]
    pub const fn exit(&self) -> ExitKind {
        self.exit
    }

    /// The lines a person reads on stderr.
    #[must_use]
    pub fn render(&self) -> String {
        let head = if self.exit == ExitKind::Interrupted { "interrupted" } else { "error" };
        let mut out = format!("{head}: {}", self.message);
        if let Some(at) = &self.at {
            out.push_str(&format!("\n  at:    {at}"));
        }
        if let Some(cause) = &self.cause {
            out.push_str(&format!("\n  cause: {cause}"));
        }
        if let Some(hint) = &self.hint {
            out.push_str(&format!("\nhint: {hint}"));
        }
        // Messages quote files: nothing in them may steer the terminal, and nobody reads a whole file there.
        let shown = |c: char| if c.is_control() && c != '\n' { '·' } else { c };
        let mut rest = out.chars().map(shown);
        let mut out: String = rest.by_ref().take(MOST_SHOWN).collect();
        if rest.next().is_some() {
            out.push_str(" … (cut)");
        }
        out
    }
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.at {
            Some(at) => write!(f, "{at}: {}", self.message),
            None => f.write_str(&self.message),
        }
    }
}

impl std::error::Error for Error {}

/// Adds a path to any error on its way to the command line.
pub trait Place<T> {
    /// Says which file the error is about.
    ///
    /// # Errors
    /// The same error with a place.
    fn at_path(self, path: &Path) -> Result<T, Error>;
}

impl<T, E: std::error::Error> Place<T> for Result<T, E> {
    fn at_path(self, path: &Path) -> Result<T, Error> {
        self.map_err(|e| Error::at(path, e.to_string()))
    }
}

/// A path as it is shown: relative to the working folder where that is shorter.
#[must_use]
pub fn shown(path: &Path) -> String {
    let here: PathBuf = std::env::current_dir().unwrap_or_default();
    path.strip_prefix(&here).unwrap_or(path).display().to_string()
}
