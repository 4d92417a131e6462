//! The network teacher: any endpoint that speaks OpenAI's Chat Completions.
//!
//! A prompt goes through the response cache, the ladder of request shapes that the endpoint may accept, and the
//! service that owns limits, budget and retries. What comes back is a completion, also for cut and declined answers;
//! an error only where there is no answer at all.

mod batch;
mod breaker;
mod cache;
mod clock;
mod doctor;
mod headers;
mod ladder;
mod limits;
mod pace;
mod price;
mod retry;
mod service;
mod settings;
mod slots;
#[cfg(test)]
mod tests;
mod tokens;
mod wire;

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_openai::Client;
use async_openai::config::OpenAIConfig;
use async_openai::error::OpenAIError;

use self::ladder::Shape;
use self::limits::Limits;
use self::price::Budget;
use self::retry::Pace;
use self::service::{Line, Post, SendError};
use self::settings::fatal;
use self::tokens::{Counter, Size, Sizes};
use self::wire::{Call, Reply, Request};
use super::{Answer, Completion, Estimate, Finish, Kept, Tally, Teacher, TeacherError, Usage};
use crate::id::{ContentHash, Hasher};
use crate::prompt::Prompt;

pub use batch::{BatchSettings, BatchTeacher};
pub use cache::{CacheError, ResponseCache};
pub use doctor::{Diagnosis, LimitSeen, examine};
pub use price::{Price, is_named};
pub use settings::{ApiKey, OpenAiSettings};

/// More than the ladder has rungs, so that requests that learn different things from one endpoint cannot send each
/// other round in circles.
const MOST_SHAPES: usize = 12;

/// Asks an OpenAI-compatible endpoint. Has to be used inside a tokio runtime with time and IO enabled.
pub struct OpenAiTeacher {
    settings: OpenAiSettings,
    client: Client<OpenAIConfig>,
    line: Arc<Line>,
    /// The shape that the endpoint is known to accept, or the first to try.
    shape: Mutex<Shape>,
    cache: Option<ResponseCache>,
    /// Answers that nobody has kept yet: equal requests at the same moment are sent once.
    fresh: Mutex<HashMap<ContentHash, Completion>>,
    note: Option<String>,
    cached: AtomicU64,
    answered: AtomicU64,
}

impl OpenAiTeacher {
    /// A teacher for an endpoint. Sends nothing yet.
    ///
    /// # Errors
    /// [`TeacherError::Fatal`] when a setting cannot work.
    pub fn new(settings: OpenAiSettings, cache: Option<ResponseCache>) -> Result<Self, TeacherError> {
        Self::with_pace(settings, cache, Pace::default())
    }

    /// Another model of an endpoint with the same cache, out of the same budget.
    ///
    /// # Errors
    /// As [`OpenAiTeacher::new`].
    pub fn beside(&self, settings: OpenAiSettings) -> Result<Self, TeacherError> {
        Self::set_up(settings, self.cache.clone(), Pace::default(), Some(&self.line.budget))
    }

    fn with_pace(settings: OpenAiSettings, cache: Option<ResponseCache>, pace: Pace) -> Result<Self, TeacherError> {
        Self::set_up(settings, cache, pace, None)
    }

    fn set_up(
        settings: OpenAiSettings,
        cache: Option<ResponseCache>,
        pace: Pace,
        purse: Option<&Budget>,
    ) -> Result<Self, TeacherError> {
        let (settings, endpoint) = settings.checked()?;
        let listed = Price::listed(&settings.model).filter(|_| endpoint.is_openai);
        let price = settings.price.or(listed);
        let mut note = None;
        if price.is_none() && !endpoint.is_loopback {
            let unknown = format!("no price is known for `{}`, so costs show as 0", settings.model);
            if settings.max_usd.is_some() {
                // A limit that cannot be kept must not look as if it were.
                return Err(fatal(
                    &format!("{unknown} and `max_usd` cannot be kept"),
                    "set the price per million tokens under [teacher], or leave `max_usd` out",
                ));
            }
            note = Some(unknown);
        }
        let http = http_client(&settings, endpoint.is_loopback)?;
        // Both would be read from the environment otherwise, sent to whatever endpoint is configured, and panic when
        // they do not fit into a header.
        let config = OpenAIConfig::new().with_org_id("").with_project_id("");
        let config = config.with_api_base(&settings.base_url).with_api_key(settings.api_key.expose());
        let shape = Mutex::new(Shape::first(&endpoint));
        let budget = purse.map_or_else(|| Budget::new(price, settings.max_usd), |other| other.beside(price));
        let has_to_count = settings.tpm.is_some() || budget.is_limited();
        let line = Arc::new(Line {
            http: http.clone(),
            endpoint,
            api_key: settings.api_key.clone(),
            limits: Limits::new(settings.concurrency, settings.rpm, settings.tpm, settings.max_tokens, pace),
            budget,
            pace,
            counter: Counter::for_model(&settings.model),
            sizes: Sizes::new(Counter::for_model(&settings.model), has_to_count),
            max_tokens: settings.max_tokens,
            max_retries: settings.max_retries,
            timeout_secs: settings.timeout_secs,
            reached: AtomicBool::new(false),
            sent: AtomicU64::new(0),
            retried: AtomicU64::new(0),
            in_flight: AtomicU64::new(0),
            backing_off: Mutex::default(),
        });
        let client = Client::build(http, config);
        let (cached, answered) = (AtomicU64::new(0), AtomicU64::new(0));
        Ok(Self { settings, client, line, shape, cache, fresh: Mutex::default(), note, cached, answered })
    }

    /// What this process has spent on this teacher; answers from the cache cost nothing.
    #[must_use]
    pub fn spent_usd(&self) -> f64 {
        self.line.budget.spent_usd()
    }

    /// Something a person should know before the run: that no price is known.
    #[must_use]
    pub fn note(&self) -> Option<&str> {
        self.note.as_deref()
    }

    /// What holds requests back now.
    fn waiting(&self) -> Option<String> {
        if let Some(words) = self.line.limits.waiting() {
            return Some(words);
        }
        if self.line.limits.is_down() {
            return Some("endpoint down, probing".to_owned());
        }
        // Some requests between two tries are nothing to speak of while others are under way.
        if self.line.in_flight.load(Ordering::Relaxed) > 0 {
            return None;
        }
        let last = self.line.backing_off.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let (why, until) = last?;
        let left = until.saturating_duration_since(tokio::time::Instant::now());
        (!left.is_zero()).then(|| format!("{why}, {:.0} s to wait", left.as_secs_f64().ceil()))
    }

    async fn answer(&self, call: Call) -> Result<Completion, TeacherError> {
        let Some(cache) = &self.cache else { return self.ask(&call).await };
        let request = self.hash(&call.hash);
        let lock = cache.exclusive(&request);
        let _exclusive = lock.lock().await;
        if let Some(completion) = self.fresh().get(&request).cloned() {
            self.cached.fetch_add(1, Ordering::Relaxed);
            return Ok(completion);
        }
        let (lookup, key) = (cache.clone(), request.clone());
        if let Some(completion) = off_thread(move || lookup.get(&key)).await? {
            self.cached.fetch_add(1, Ordering::Relaxed);
            return Ok(completion);
        }
        let completion = self.ask(&call).await?;
        if completion.finish == Finish::Stop && !completion.text.trim().is_empty() {
            self.fresh().insert(request, completion.clone());
        }
        Ok(completion)
    }

    fn fresh(&self) -> MutexGuard<'_, HashMap<ContentHash, Completion>> {
        self.fresh.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn keep_as(&self, request: &ContentHash, completion: &Completion) -> Result<(), TeacherError> {
        if let Some(cache) = &self.cache {
            cache.store(request, &self.settings.model, completion).await?;
            self.fresh().remove(request);
        }
        Ok(())
    }

    /// Asks the endpoint; an answer that was cut is asked for once more with more room, if the settings have some.
    async fn ask(&self, call: &Call) -> Result<Completion, TeacherError> {
        let first = self.ask_with(call, self.line.max_tokens).await?;
        let Some(more) = self.settings.max_tokens_if_cut.filter(|_| first.finish == Finish::Length) else {
            self.answered.fetch_add(1, Ordering::Relaxed);
            return Ok(first);
        };
        let second = self.ask_with(call, more).await;
        self.answered.fetch_add(1, Ordering::Relaxed);
        match second {
            Ok(mut second) => {
                // Both were paid for.
                second.usage.prompt_tokens += first.usage.prompt_tokens;
                second.usage.completion_tokens += first.usage.completion_tokens;
                second.usage.cost_usd += first.usage.cost_usd;
                Ok(second)
            }
            // That the longer one did not work out is no worse than the cut one.
            Err(TeacherError::Failed { .. }) => Ok(first),
            Err(fatal) => Err(fatal),
        }
    }

    /// Asks for an answer of so many tokens, stepping down the ladder of shapes as the endpoint complains.
    async fn ask_with(&self, call: &Call, max_tokens: u32) -> Result<Completion, TeacherError> {
        let size = self.line.sizes.of(&call.messages, &call.schema);
        let post = Post { line: Arc::clone(&self.line), size, max_tokens };
        // The service is told per request how large the request is, so each request gets its own.
        let client = self.client.clone().with_http_service(post);
        let mut known = self.known_shape();
        let mut shape = known;
        let mut complaint = String::new();
        for _ in 0..MOST_SHAPES {
            let request = Request::new(&self.settings, call, shape).with_limit(max_tokens);
            let error = match client.chat().create_byot::<_, Reply>(&request).await {
                Ok(reply) => {
                    *self.shape.lock().unwrap_or_else(PoisonError::into_inner) = shape;
                    return Ok(self.read(&reply, size));
                }
                Err(error) => self.unboxed(error),
            };
            let (body, reason) = match error {
                SendError::Final(error) => return Err(error),
                SendError::Refused(text) => {
                    return Ok(Completion { text, finish: Finish::Refused, usage: Usage::default(), cached: false });
                }
                SendError::Complaint { body, reason } => (body, reason),
            };
            let now_known = self.known_shape();
            if now_known != known {
                // A request beside this one found out what is accepted.
                (known, shape) = (now_known, now_known);
            } else if let Some(next) = shape.after(&body) {
                shape = next;
            } else {
                return Err(TeacherError::Failed { reason });
            }
            complaint = reason;
        }
        Err(TeacherError::Failed { reason: complaint })
    }

    fn read(&self, reply: &Reply, size: Size) -> Completion {
        let (text, finish) = reply.answer();
        let tokens = reply.tokens(&self.line.sizes, size);
        let (prompt_tokens, completion_tokens) = (tokens.prompt, tokens.completion);
        let usage = Usage { prompt_tokens, completion_tokens, cost_usd: self.line.budget.cost_of(tokens) };
        Completion { text, finish, usage, cached: false }
    }

    /// Our own error out of async-openai's box. Its other errors do not come up, since it only gets sound answers.
    fn unboxed(&self, error: OpenAIError) -> SendError {
        let failed = |e: String| TeacherError::Failed { reason: self.line.api_key.redact(&e) }.into();
        match error {
            OpenAIError::Boxed(inner) => match inner.downcast::<SendError>() {
                Ok(ours) => *ours,
                Err(other) => failed(other.to_string()),
            },
            other => failed(other.to_string()),
        }
    }

    fn known_shape(&self) -> Shape {
        *self.shape.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set_shape(&self, shape: Shape) {
        *self.shape.lock().unwrap_or_else(PoisonError::into_inner) = shape;
    }

    fn hash(&self, prompt: &ContentHash) -> ContentHash {
        let s = &self.settings;
        let hasher = Hasher::new().text("openai/1").text(prompt.as_str()).text(&s.base_url).text(&s.model);
        hasher.json(&s.temperature).json(&s.max_tokens).json(&s.seed).finish()
    }
}

impl Teacher for OpenAiTeacher {
    fn name(&self) -> String {
        format!("openai:{}", self.settings.model)
    }

    /// Without the endpoint's address: rows are published, and the address may be a private one.
    fn parameters(&self) -> String {
        let s = &self.settings;
        serde_json::json!({ "temperature": s.temperature, "max_tokens": s.max_tokens, "seed": s.seed }).to_string()
    }

    fn request_hash(&self, prompt: &Prompt) -> ContentHash {
        self.hash(&prompt.hash())
    }

    fn complete<'a>(&'a self, prompt: &'a Prompt) -> Answer<'a> {
        Box::pin(self.answer(Call::new(prompt)))
    }

    fn keep<'a>(&'a self, prompt: &'a Prompt, completion: &'a Completion) -> Kept<'a> {
        Box::pin(async move { self.keep_as(&self.request_hash(prompt), completion).await })
    }

    fn concurrency(&self) -> usize {
        self.settings.concurrency
    }

    fn tally(&self) -> Tally {
        let count = |n: &AtomicU64| n.load(Ordering::Relaxed);
        Tally {
            sent: count(&self.line.sent),
            cached: count(&self.cached),
            answered: count(&self.answered),
            retried: count(&self.line.retried),
            spent_usd: self.spent_usd(),
            in_flight: count(&self.line.in_flight),
            waiting: self.waiting(),
        }
    }

    fn estimate(&self, prompt: &Prompt) -> Option<Estimate> {
        let prompt_tokens = self.line.counter.prompt(prompt.messages(), prompt.schema());
        let most = u64::from(self.line.max_tokens);
        // Rows of all kinds have some 130 tokens with their evidence and the JSON around them.
        let guess = || 130 * prompt.wanted() as u64 + 20;
        let expected = self.line.limits.mean_answer().unwrap_or_else(guess).min(most);
        let price = self.line.budget.price();
        // A server on this machine costs nothing, one without a price something unknown.
        let usd = |tokens: u64| match price {
            Some(price) => Some(price.cost(prompt_tokens, tokens)),
            None => self.note.is_none().then_some(0.0),
        };
        Some(Estimate {
            prompt_tokens,
            expected_completion_tokens: Some(expected),
            expected_usd: usd(expected),
            worst_usd: usd(most),
        })
    }
}

/// Runs a cache operation where waiting for the disk holds up no request.
async fn off_thread<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, CacheError> + Send + 'static,
) -> Result<T, TeacherError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => Ok(done?),
        Err(e) => Err(fatal(&format!("the response cache stopped working: {e}"), "run the same command again")),
    }
}

fn http_client(settings: &OpenAiSettings, is_loopback: bool) -> Result<reqwest::Client, TeacherError> {
    // reqwest is built without a TLS provider of its own. That one is already installed is no error.
    let _already_installed = rustls::crypto::ring::default_provider().install_default();
    let mut builder = reqwest::Client::builder()
        .connect_timeout(Duration::from_secs(10))
        .timeout(Duration::from_secs(settings.timeout_secs))
        // A redirected POST arrives as a GET, or carries the prompt to another host.
        .redirect(reqwest::redirect::Policy::none())
        // Many servers close a connection that lies idle for five seconds: it is closed here before that.
        .pool_idle_timeout(Duration::from_secs(4))
        .user_agent(concat!("distill/", env!("CARGO_PKG_VERSION")));
    if is_loopback {
        // A proxy from the environment cannot reach this machine's own ports.
        builder = builder.no_proxy();
    }
    builder
        .build()
        .map_err(|e| fatal(&format!("cannot set up HTTPS: {e}"), "check the proxy variables and certificates"))
}
