use std::path::Path;

use crate::id::ContentHash;
#[cfg(feature = "teacher")]
use crate::id::Hasher;
use crate::settings::TeacherSettings;
use crate::teacher::{MayKeep, Outline, Replay, Teacher, TeacherError};
use crate::{Error, edge};

/// A teacher with what a person should hear about the choice.
pub struct TeacherChoice {
    /// Who answers.
    pub teacher: Box<dyn Teacher>,
    /// Who judges rows, if anybody does.
    pub judge: Option<Box<dyn Teacher>>,
    /// Said before the first request.
    pub notice: Option<String>,
    /// What decides the answers: joins the stage's inputs.
    pub identity: ContentHash,
}

impl TeacherChoice {
    /// Nobody who could be asked: for looking at prompts.
    #[must_use]
    pub fn nobody() -> Self {
        Self { teacher: Box::new(Outline), judge: None, notice: None, identity: ContentHash::of(b"nobody") }
    }
}

/// The teacher that a SPEC names; see `Teachers` in the manual.
///
/// `root` resolves relative replay files, `cache` is where paid answers are kept; without one nothing is written and
/// nothing kept, which is for looking ahead. `may_keep` says whether an answer holds no personal data.
///
/// # Errors
/// An unknown SPEC, a replay file that cannot be read, settings the endpoint cannot work with.
pub fn choose_teacher(
    settings: &TeacherSettings,
    root: &Path,
    cache: Option<&Path>,
    may_keep: MayKeep,
) -> Result<TeacherChoice, Error> {
    let configured = !settings.base_url.is_empty()
        || edge::env("OPENAI_BASE_URL").is_some()
        || edge::env("OPENAI_API_KEY").is_some();
    let spec = match settings.spec.as_str() {
        "" if configured => "openai",
        "" => "outline",
        spec => spec,
    };
    let plain = |teacher: Box<dyn Teacher>, notice: Option<String>, identity: ContentHash| {
        Ok(TeacherChoice { teacher, judge: None, notice, identity })
    };
    match spec.split_once(':').unwrap_or((spec, "")) {
        ("outline", "") => {
            let notice = "no teacher model: rows are built from the documents' own structure (teacher `outline`). For better rows set OPENAI_API_KEY, or [teacher] base_url for a local server.";
            plain(Box::new(Outline), Some(notice.into()), ContentHash::of(b"outline/1"))
        }
        ("replay", file) if !file.is_empty() => {
            let path = root.join(file);
            let text = edge::fs::read_text(&path)?;
            let replay = Replay::parse(&text)
                .map_err(|(line, e)| Error::at(&path, format!("line {line} is no recorded answer")).cause(e))?;
            plain(Box::new(replay), None, ContentHash::of(text.as_bytes()))
        }
        ("openai", "") => openai(settings, cache, may_keep),
        ("local", path) if !path.is_empty() => match cache {
            Some(cache) => local(settings, &root.join(edge::home(path)), cache),
            None => Ok(TeacherChoice::nobody()),
        },
        _ => Err(Error::new(format!("unknown teacher `{spec}`"))
            .hint("teachers are `openai`, `local:PATH`, `replay:FILE` and `outline`")),
    }
}

/// What [teacher] says about an endpoint, with the key and the address of the environment.
#[cfg(feature = "teacher")]
#[must_use]
pub fn wire_settings(settings: &TeacherSettings) -> crate::teacher::openai::OpenAiSettings {
    use crate::teacher::openai::{ApiKey, OpenAiSettings};
    let base_url = [settings.base_url.clone(), edge::env("OPENAI_BASE_URL").unwrap_or_default()]
        .into_iter()
        .find(|u| !u.is_empty())
        .unwrap_or_else(|| OpenAiSettings::DEFAULT_BASE_URL.to_owned());
    let key = edge::env("OPENAI_API_KEY").unwrap_or_default();
    let some = |n: u32| (n > 0).then_some(n);
    let mut wire = OpenAiSettings::new(&base_url, ApiKey::new(&key), &settings.model);
    wire.temperature = (settings.temperature >= 0.0).then_some(settings.temperature as f32);
    (wire.max_tokens, wire.rpm, wire.tpm) = (settings.max_tokens, some(settings.rpm), some(settings.tpm));
    (wire.concurrency, wire.timeout_secs, wire.max_retries) =
        (settings.concurrency, settings.timeout_secs, settings.max_retries);
    wire.max_usd = (settings.max_usd > 0.0).then_some(settings.max_usd);
    wire.max_tokens_if_cut = some(settings.max_tokens_if_cut);
    wire.price = price(settings);
    wire
}

/// A price of the settings: of the model by name, else of whatever model is asked.
#[cfg(feature = "teacher")]
fn price(settings: &TeacherSettings) -> Option<crate::teacher::openai::Price> {
    use crate::teacher::openai::{Price, is_named};
    // The longest name that fits: `gpt-4.1-2025-04-14` before `gpt-4.1`.
    let named = settings.prices.iter().filter(|(name, _)| is_named(&settings.model, name));
    if let Some((_, price)) = named.max_by_key(|(name, _)| name.len()) {
        let cached_input_usd = price.cached_input;
        return Some(Price { input_usd: price.input, output_usd: price.output, cached_input_usd });
    }
    (settings.input_usd_per_million > 0.0 || settings.output_usd_per_million > 0.0)
        .then(|| Price::new(settings.input_usd_per_million, settings.output_usd_per_million))
}

#[cfg(feature = "teacher")]
fn openai(settings: &TeacherSettings, cache: Option<&Path>, may_keep: MayKeep) -> Result<TeacherChoice, Error> {
    use crate::teacher::openai::{BatchSettings, BatchTeacher, OpenAiTeacher, ResponseCache};
    let wire = wire_settings(settings);
    let mut identity = Hasher::new()
        .text("openai")
        .text(&wire.base_url)
        .text(&settings.model)
        .json(&settings.temperature)
        .json(&settings.max_tokens);
    if !settings.judge.is_empty() {
        identity = identity.text("judge").text(&settings.judge);
    }
    let identity = identity.finish();
    let open = |path: &Path| ResponseCache::open(path).map_err(|e| Error::at(path, e.to_string()).hint(e.hint()));
    let live = OpenAiTeacher::new(wire.clone(), cache.map(open).transpose()?).map_err(|e| teacher_error(&e))?;
    let judge: Option<Box<dyn Teacher>> = match settings.judge.as_str() {
        "" => None,
        model => {
            let judging = wire_settings(&TeacherSettings { model: model.to_owned(), ..settings.clone() });
            Some(Box::new(live.beside(judging).map_err(|e| teacher_error(&e))?))
        }
    };
    let mut notice = live.note().map(str::to_owned);
    if settings.judge == settings.model {
        let own = "the judge is the teacher itself: models think well of their own answers";
        notice = Some(notice.map_or_else(|| own.to_owned(), |other| format!("{other}; {own}")));
    }
    let teacher: Box<dyn Teacher> = match cache.filter(|_| settings.batch) {
        Some(cache) => {
            let batch = BatchSettings {
                poll: std::time::Duration::from_secs(settings.batch_poll_secs),
                discount: settings.batch_discount,
                stop: Some(&super::STOP),
                may_keep: Some(may_keep),
                ..BatchSettings::default()
            };
            let teacher = BatchTeacher::new(wire, cache, batch).map_err(|e| teacher_error(&e))?;
            notice = teacher.note().map(str::to_owned);
            Box::new(teacher)
        }
        None => Box::new(live),
    };
    Ok(TeacherChoice { teacher, judge, notice, identity })
}

#[cfg(not(feature = "teacher"))]
fn openai(_settings: &TeacherSettings, _cache: Option<&Path>, _may_keep: MayKeep) -> Result<TeacherChoice, Error> {
    Err(Error::new("this build has no HTTP teacher")
        .hint("build with `--features teacher`, or use `--teacher outline`"))
}

#[cfg(feature = "train")]
fn local(settings: &TeacherSettings, path: &Path, cache: &Path) -> Result<TeacherChoice, Error> {
    let teacher = super::local::LocalTeacher::open(path, settings, cache)?;
    let (notice, identity) = (Some(teacher.notice()), teacher.identity());
    Ok(TeacherChoice { teacher: Box::new(teacher), judge: None, notice, identity })
}

#[cfg(not(feature = "train"))]
fn local(_settings: &TeacherSettings, _path: &Path, _cache: &Path) -> Result<TeacherChoice, Error> {
    Err(Error::new("this build runs no models")
        .hint("build with `--features train`, or serve the model with llama.cpp or Ollama and set [teacher] base_url"))
}

pub(super) fn teacher_error(error: &TeacherError) -> Error {
    match error {
        TeacherError::Fatal { reason, hint } => Error::new(reason.clone()).hint(hint.clone()),
        TeacherError::Failed { reason } => Error::new(reason.clone()),
        TeacherError::Interrupted { reason, hint } => Error::interrupted(reason.clone()).hint(hint.clone()),
    }
}
