//! The teacher `local:PATH`: a model that runs in this process, so that nothing leaves the machine.
//!
//! What can be known to be wrong is said at once; weights are read when the first prompt has to be answered, on a
//! thread of their own, and one prompt is answered at a time.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::STOP;
use super::phase::device;
use crate::batch::{ChatTemplate, EncodeError, Encoder, StudentTokenizer};
use crate::gguf::{GgufError, GgufModel};
use crate::hub::Folder;
use crate::id::{ContentHash, Hasher};
use crate::model::guided::{self, Drawing, Grammar, Guided, GuidedError, Memory, Spent, Vocabulary};
use crate::model::{self, Student};
use crate::prompt::{Message, Prompt, Role};
use crate::settings::TeacherSettings;
#[cfg(feature = "teacher")]
use crate::teacher::openai::ResponseCache;
use crate::teacher::{Answer, Completion, Finish, Kept, Teacher, TeacherError, Usage};
use crate::{Error, edge};

/// Tokens of a field after which it is ended with its sentence: the usual cap of a row's field.
const FIELD_TOKENS: usize = 150;
/// Used where the temperature is left to the endpoint, which is this program.
const TEMPERATURE: f64 = 0.8;

/// What a local teacher did so far.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct LocalTally {
    /// Prompts answered by the model.
    pub answered: u64,
    /// Prompts answered from the cache.
    pub cached: u64,
    /// Rows that did not end in time.
    pub cut: u64,
    /// Where the time went.
    pub spent: Spent,
}

/// Asks a model in this process. Has to be used inside a tokio runtime.
pub struct LocalTeacher(Arc<Inner>);

struct Inner {
    name: String,
    notice: String,
    source: Source,
    /// Of weights, tokenizer and template.
    hash: ContentHash,
    device: String,
    drawing: Drawing,
    /// The template to use where the model brings none.
    template: Option<&'static str>,
    at_work: Mutex<Option<AtWork>>,
    tally: Mutex<LocalTally>,
    #[cfg(feature = "teacher")]
    cache: ResponseCache,
}

enum Source {
    Folder(Box<Folder>),
    Gguf(PathBuf),
}

/// A model that is loaded.
struct AtWork {
    student: Student,
    vocabulary: Vocabulary,
    memory: Memory,
}

/// One request, without borrowing from the prompt.
struct Request {
    hash: ContentHash,
    messages: Vec<Message>,
    schema: serde_json::Value,
    rows: usize,
}

/// Set when nobody waits for the answer any more.
#[derive(Default)]
struct Dropped(Arc<AtomicBool>);

impl Drop for Dropped {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl LocalTeacher {
    /// Checks the model at `path`, a GGUF or a Hugging Face folder. `cache` is where finished answers are kept.
    ///
    /// # Errors
    /// No file or folder, no model in it, an architecture other than Llama, a tokenizer or template that cannot be
    /// read, a device that is not there, a cache that cannot be used.
    pub fn open(path: &Path, settings: &TeacherSettings, cache: &Path) -> Result<Self, Error> {
        let (source, hash, tokenizer, has_template) = open(path)?;
        // Said now rather than after the first prompt.
        device(&settings.device)?;
        let template = (!has_template).then(|| {
            // Llama 3's is the default of `Encoder`; without its tokens it would be taken for text.
            if tokenizer.id_of("<|start_header_id|>").is_some() {
                ChatTemplate::PLAIN_LLAMA3
            } else {
                ChatTemplate::PLAIN_TEXT
            }
        });
        let name = path.file_name().map_or_else(|| path.to_string_lossy(), |name| name.to_string_lossy()).into_owned();
        let mut notice =
            format!("teacher `{name}` runs in this process ({}): nothing leaves the machine", settings.device);
        match template {
            Some(ChatTemplate::PLAIN_LLAMA3) => notice.push_str("; it has no chat template, Llama 3's is used"),
            Some(_) => notice.push_str(
                "; it has no chat template, so prompts are plain text: a model that was taught to chat does better",
            ),
            None => {}
        }
        #[cfg(feature = "teacher")]
        let cache = ResponseCache::open(cache).map_err(|e| Error::at(cache, e.to_string()).hint(e.hint()))?;
        #[cfg(not(feature = "teacher"))]
        let _ = cache;
        Ok(Self(Arc::new(Inner {
            name: format!("local:{name}"),
            notice,
            source,
            hash,
            device: settings.device.clone(),
            drawing: Drawing {
                temperature: if settings.temperature < 0.0 { TEMPERATURE } else { settings.temperature },
                top_p: settings.top_p,
                seed: settings.seed,
                field_tokens: FIELD_TOKENS,
                max_tokens: settings.max_tokens as usize,
            },
            template,
            at_work: Mutex::new(None),
            tally: Mutex::new(LocalTally::default()),
            #[cfg(feature = "teacher")]
            cache,
        })))
    }

    /// Said before the first request.
    #[must_use]
    pub fn notice(&self) -> String {
        self.0.notice.clone()
    }

    /// What decides the answers: the model and how it is drawn from.
    #[must_use]
    pub fn identity(&self) -> ContentHash {
        let (drawing, inner) = (&self.0.drawing, &self.0);
        Hasher::new()
            .text("local/1")
            .text(inner.hash.as_str())
            .text(&inner.device)
            .json(&(drawing.temperature, drawing.top_p, drawing.seed, drawing.field_tokens, drawing.max_tokens))
            .finish()
    }

    /// What was done so far.
    #[must_use]
    pub fn tally(&self) -> LocalTally {
        *self.0.tally.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Teacher for LocalTeacher {
    fn name(&self) -> String {
        self.0.name.clone()
    }

    fn parameters(&self) -> String {
        let d = &self.0.drawing;
        serde_json::json!({
            "temperature": d.temperature, "top_p": d.top_p, "seed": d.seed, "max_tokens": d.max_tokens,
        })
        .to_string()
    }

    fn request_hash(&self, prompt: &Prompt) -> ContentHash {
        // How many rows are forced out of the model is not in the prompt's own hash.
        Hasher::new()
            .text("local")
            .text(self.identity().as_str())
            .text(prompt.hash().as_str())
            .json(&prompt.wanted())
            .finish()
    }

    fn complete<'a>(&'a self, prompt: &'a Prompt) -> Answer<'a> {
        let request = Request {
            hash: self.request_hash(prompt),
            messages: prompt.messages().to_vec(),
            schema: prompt.schema().clone(),
            rows: prompt.wanted(),
        };
        let inner = Arc::clone(&self.0);
        Box::pin(async move {
            let waiting = Dropped::default();
            let dropped = Arc::clone(&waiting.0);
            let work = tokio::task::spawn_blocking(move || {
                inner.answer(&request, &|| STOP.load(Ordering::Relaxed) || dropped.load(Ordering::Relaxed))
            });
            work.await.unwrap_or_else(|e| Err(TeacherError::Failed { reason: format!("the model stopped: {e}") }))
        })
    }

    #[cfg(feature = "teacher")]
    fn keep<'a>(&'a self, prompt: &'a Prompt, completion: &'a Completion) -> Kept<'a> {
        let (inner, request, completion) = (Arc::clone(&self.0), self.request_hash(prompt), completion.clone());
        Box::pin(async move {
            let work = tokio::task::spawn_blocking(move || inner.cache.put(&request, &inner.name, &completion));
            work.await.map_err(|e| TeacherError::Failed { reason: e.to_string() })?.map_err(TeacherError::from)
        })
    }

    #[cfg(not(feature = "teacher"))]
    fn keep<'a>(&'a self, _prompt: &'a Prompt, _completion: &'a Completion) -> Kept<'a> {
        Box::pin(std::future::ready(Ok(())))
    }
}

impl Inner {
    fn answer(&self, request: &Request, stop: &dyn Fn() -> bool) -> Result<Completion, TeacherError> {
        // Held over the look into the cache: of two equal requests the second finds what the first left.
        let mut at_work = self.at_work.lock().unwrap_or_else(PoisonError::into_inner);
        #[cfg(feature = "teacher")]
        if let Some(completion) = self.cache.get(&request.hash)? {
            self.count(|tally| tally.cached += 1);
            return Ok(Completion { cached: true, ..completion });
        }
        if stop() {
            return Err(interrupted());
        }
        let fatal = |reason: String| TeacherError::Fatal {
            reason: format!("{}: {reason}", self.name),
            hint: "name another model, or serve it with llama.cpp or Ollama and set [teacher] base_url".into(),
        };
        let grammar = Grammar::new(&request.schema, request.rows).map_err(|e| fatal(e.to_string()))?;
        let mut loaded = match at_work.take() {
            Some(loaded) => loaded,
            None => self.load().map_err(|e| fatal(e.to_string()))?,
        };
        let guided = self.guided(&mut loaded, request, &grammar, stop);
        // Only now: a panic in between leaves nothing half done behind for the next prompt.
        *at_work = Some(loaded);
        let guided = guided.map_err(|e| match e {
            GuidedError::Interrupted => interrupted(),
            other => TeacherError::Failed { reason: explain(&other) },
        })?;
        self.count(|tally| {
            tally.spent.add(&guided.spent);
            tally.answered += 1;
            tally.cut += guided.cut as u64;
        });
        Ok(Completion {
            finish: if guided.complete { Finish::Stop } else { Finish::Length },
            usage: Usage {
                prompt_tokens: guided.prompt_tokens as u64,
                completion_tokens: guided.tokens as u64,
                cost_usd: 0.0,
            },
            text: guided.text,
            cached: false,
        })
    }

    fn guided(
        &self,
        loaded: &mut AtWork,
        request: &Request,
        grammar: &Grammar,
        stop: &dyn Fn() -> bool,
    ) -> Result<Guided, GuidedError> {
        let AtWork { student, vocabulary, memory } = loaded;
        let prompt = prompt_ids(&student.encoder, &request.messages)?;
        // The draws of a request are its own, whatever was asked before it.
        let seed = u64::from_str_radix(request.hash.as_str().get(..16).unwrap_or_default(), 16).unwrap_or_default();
        guided::answer(student, vocabulary, memory, &prompt, grammar, &Drawing { seed, ..self.drawing }, stop)
    }

    fn load(&self) -> Result<AtWork, Error> {
        let device = device(&self.device)?;
        let mut student = match &self.source {
            Source::Folder(folder) => model::from_folder(folder, &device)?,
            Source::Gguf(path) => model::from_gguf(path, &device).map_err(|e| Error::at(path, e.to_string()))?,
        };
        if let Some(template) = self.template {
            let replaced = student.encoder.template.replaced(template).map_err(EncodeError::from);
            student.encoder.template = replaced.map_err(|e| Error::new(e.to_string()))?;
        }
        let vocabulary = Vocabulary::new(&student.encoder.tokenizer);
        Ok(AtWork { student, vocabulary, memory: Memory::default() })
    }

    fn count(&self, add: impl FnOnce(&mut LocalTally)) {
        add(&mut self.tally.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

/// What lies at a path: the model, its hash, its tokenizer, and whether it has a chat template.
fn open(path: &Path) -> Result<(Source, ContentHash, StudentTokenizer, bool), Error> {
    let hint = "`local:` takes a GGUF or a Hugging Face folder";
    let at = |message: String| Error::at(path, message);
    if !path.exists() {
        return Err(at("no such file or folder".into()).hint(hint));
    }
    if path.is_dir() {
        if !path.join("config.json").is_file() {
            let ggufs = ggufs_in(path);
            let hint = match ggufs.as_slice() {
                [] => hint.to_owned(),
                [one] => format!("name the file in it: `local:{}`", path.join(one).display()),
                several => format!("name one of the files in it: {}", several.join(", ")),
            };
            return Err(at("there is no model in this folder (no config.json)".into()).hint(hint));
        }
        let folder = Folder::open(path)?;
        let encoder = model::encoder(&folder)?;
        let (hash, has_template) = (folder.content_hash()?, folder.chat_template()?.is_some());
        return Ok((Source::Folder(Box::new(folder)), hash, encoder.tokenizer, has_template));
    }
    let fault = |e: GgufError| match e {
        GgufError::Unsupported { .. } => at(e.to_string()).hint(
            "a model of the Llama family runs here; serve others with llama.cpp or Ollama and set [teacher] base_url",
        ),
        other => at(other.to_string()).hint(hint),
    };
    let file = GgufModel::open(path).map_err(fault)?;
    let json = serde_json::to_vec(&file.tokenizer_json().map_err(fault)?).map_err(|e| at(e.to_string()))?;
    let tokenizer = StudentTokenizer::from_bytes(&json).map_err(|e| at(e.to_string()))?;
    if let Some(template) = file.chat_template() {
        ChatTemplate::new(template, std::collections::BTreeMap::new()).map_err(|e| at(e.to_string()))?;
    }
    let has_template = file.chat_template().is_some();
    Ok((Source::Gguf(path.to_owned()), edge::fs::hash(path)?, tokenizer, has_template))
}

fn ggufs_in(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let names = entries.map(|e| e.file_name().to_string_lossy().into_owned());
    let mut found: Vec<String> = names.filter(|name| name.ends_with(".gguf")).collect();
    found.sort();
    found
}

/// Ids of a conversation; where a template knows no system turn, its words go in front of the first request.
fn prompt_ids(encoder: &Encoder, messages: &[Message]) -> Result<Vec<u32>, EncodeError> {
    match (encoder.ids(messages, true), messages) {
        (Err(EncodeError::Template(_)), [system, first, rest @ ..])
            if system.role == Role::System && first.role == Role::User =>
        {
            let content = format!("{}\n\n{}", system.content, first.content);
            let merged = std::iter::once(Message { role: Role::User, content }).chain(rest.iter().cloned());
            encoder.ids(&merged.collect::<Vec<_>>(), true)
        }
        (ids, _) => ids,
    }
}

fn interrupted() -> TeacherError {
    TeacherError::Interrupted {
        reason: "interrupted while the model was answering".into(),
        hint: "run the same command again: finished answers are kept".into(),
    }
}

fn explain(error: &GuidedError) -> String {
    match error {
        GuidedError::TooLong { .. } => {
            format!("{error}: use a model with a longer context, or set rows.voice_samples = 0")
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests;
