//! The tower service under async-openai: the one owner of retries, limits and the budget.
//!
//! async-openai's own retry layer would work beneath our limits, takes a 429 in plain text or with a number as its
//! code for final, and shows no headers. Here status, headers and raw body are at hand; async-openai is given
//! nothing but sound JSON that came with a success status.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use async_openai::error::OpenAIError;
use async_openai::middleware::HttpRequestFactory;
use reqwest::header::{AUTHORIZATION, HeaderMap};
use reqwest::{Response, StatusCode};
use tokio::time::Instant;

use super::limits::{Ending, Limits};
use super::price::Budget;
use super::retry::{ErrorBody, Pace, Verdict, judge, retry_after};
use super::settings::{ApiKey, Endpoint, fatal};
use super::tokens::{Counter, Size, Sizes};
use super::wire::Reply;
use crate::teacher::TeacherError;

/// Larger than any answer by far; what is longer is no answer.
const LARGEST_BODY_BYTES: usize = 32 << 20;

/// Failures to connect after which an endpoint that never answered is given up: a wrong address is to be told in
/// seconds.
const TRIES_TO_CONNECT: u32 = 4;

/// A connection that breaks so soon without an answer was probably closed while it lay idle.
const STALE: Duration = Duration::from_secs(1);

/// What all requests of one teacher share.
pub(super) struct Line {
    pub(super) http: reqwest::Client,
    pub(super) endpoint: Endpoint,
    pub(super) api_key: ApiKey,
    pub(super) limits: Limits,
    pub(super) budget: Budget,
    pub(super) pace: Pace,
    pub(super) counter: Counter,
    pub(super) sizes: Sizes,
    pub(super) max_tokens: u32,
    pub(super) max_retries: u32,
    pub(super) timeout_secs: u64,
    /// Whether the endpoint ever answered anything.
    pub(super) reached: AtomicBool,
    pub(super) sent: AtomicU64,
    pub(super) retried: AtomicU64,
    pub(super) in_flight: AtomicU64,
    /// What the last attempt failed with, and until when its request waits.
    pub(super) backing_off: Mutex<Option<(String, Instant)>>,
}

/// Sends one request, as often as it takes.
#[derive(Clone)]
pub(super) struct Post {
    pub(super) line: Arc<Line>,
    pub(super) size: Size,
    /// The longest answer asked for.
    pub(super) max_tokens: u32,
}

/// Why there is no answer; travels through async-openai in a box.
#[derive(Debug, thiserror::Error)]
pub(super) enum SendError {
    #[error(transparent)]
    Final(#[from] TeacherError),
    #[error("declined: {0}")]
    Refused(String),
    #[error("{reason}")]
    Complaint { body: ErrorBody, reason: String },
}

impl From<SendError> for OpenAIError {
    fn from(error: SendError) -> Self {
        Self::Boxed(Box::new(error))
    }
}

/// How an attempt without an answer ended.
enum Trouble {
    Final(SendError),
    Again(Again),
}

/// Something that may pass.
struct Again {
    reason: String,
    /// The same in a word.
    short: String,
    wait: Option<Duration>,
    /// Nobody else should try meanwhile.
    pauses_all: bool,
    /// An answer was begun and lost; it was probably paid for.
    is_paid: bool,
    kind: Kind,
    /// The attempt was the one that looks whether the endpoint is back: it costs the request none of its tries.
    was_probe: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    TurnedAway,
    Overloaded,
    Failed,
    /// An error of this request alone.
    Other,
    /// No connection was made.
    Unreachable,
    /// The connection broke at once, before anything came.
    Stale,
}

impl tower::Service<HttpRequestFactory> for Post {
    type Response = Response;
    type Error = SendError;
    type Future = Pin<Box<dyn Future<Output = Result<Response, SendError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), SendError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, factory: HttpRequestFactory) -> Self::Future {
        let post = self.clone();
        Box::pin(async move { post.send(&factory).await })
    }
}

impl Post {
    async fn send(&self, factory: &HttpRequestFactory) -> Result<Response, SendError> {
        let line = &*self.line;
        let (mut tries, mut was_stale) = (0_u32, false);
        loop {
            let again = match self.attempt(factory, was_stale).await {
                Ok(body) => return Ok(http::Response::new(body).into()),
                Err(Trouble::Final(error)) => return Err(error),
                Err(Trouble::Again(again)) => again,
            };
            line.retried.fetch_add(1, Ordering::Relaxed);
            if again.kind == Kind::Stale && !was_stale {
                was_stale = true;
                continue;
            }
            let Again { reason, wait, kind, .. } = again;
            if wait.is_some_and(|w| w > line.pace.longest_asked) {
                let secs = wait.unwrap_or_default().as_secs();
                let reason = format!("{reason}; the endpoint asks to wait {secs} s");
                let hint = "run the same command again after that: all answers are kept";
                line.limits.end(&reason, hint);
                return Err(fatal(&reason, hint).into());
            }
            // Nobody was ever there: a wrong address or a server that is not running, and not a bad hour.
            let is_nobody = kind == Kind::Unreachable && !line.reached.load(Ordering::Relaxed);
            tries += u32::from(!again.was_probe || is_nobody);
            let most = if is_nobody { line.max_retries.min(TRIES_TO_CONNECT) } else { line.max_retries };
            if tries > most {
                let reason = if tries > 1 { format!("{reason} (tried {tries} times)") } else { reason };
                return Err(if is_nobody {
                    let hint = "is the server running, and is `base_url` right?";
                    line.limits.end(&reason, hint);
                    fatal(&reason, hint).into()
                } else {
                    TeacherError::Failed { reason }.into()
                });
            }
            let wait = match wait {
                Some(asked) => {
                    if again.pauses_all {
                        line.limits.pause(asked, &again.short);
                        continue;
                    }
                    asked
                }
                None => {
                    let chosen = line.pace.backoff(tries.saturating_sub(1), rand::random());
                    if again.pauses_all {
                        line.limits.pause(chosen.min(line.pace.longest_for_all), &again.short);
                    }
                    chosen
                }
            };
            *line.backing_off.lock().unwrap_or_else(PoisonError::into_inner) =
                Some((again.short, Instant::now() + wait));
            tokio::time::sleep(wait).await;
        }
    }

    /// One attempt under the limits and the budget. The slot is held for the attempt only, not between two.
    async fn attempt(&self, factory: &HttpRequestFactory, was_stale: bool) -> Result<Vec<u8>, Trouble> {
        let line = &*self.line;
        let _slot = line.limits.slots.take().await;
        let worst_usd = line.budget.cost(self.size.upper, u64::from(self.max_tokens));
        let reserved = line.budget.reserve(worst_usd).await.map_err(|e| Trouble::Final(e.into()))?;
        // Made before it is let through, so that it goes out at the moment it was let through for.
        let request = self.request(factory).await?;
        let admission = line.limits.admit(self.size.upper).await.map_err(|e| Trouble::Final(e.into()))?;
        let _flying = Flying::new(&line.in_flight);
        line.sent.fetch_add(1, Ordering::Relaxed);
        let was_probe = admission.is_probe();
        let (ending, result) = match self.exchange(request).await {
            Ok((body, reply)) => {
                let tokens = reply.tokens(&line.sizes, self.size);
                line.sizes.learn(self.size, tokens.prompt);
                reserved.spend(line.budget.cost_of(tokens));
                let ending = Ending::Answered { prompt_tokens: tokens.prompt, completion_tokens: tokens.completion };
                (ending, Ok(body))
            }
            Err(Trouble::Final(error)) => (Ending::Alive, Err(Trouble::Final(error))),
            Err(Trouble::Again(mut again)) => {
                if again.is_paid {
                    // The bill is unknown; the budget must hold all the same.
                    reserved.spend(worst_usd);
                }
                again.was_probe = was_probe;
                let reason = again.reason.clone();
                let ending = match again.kind {
                    Kind::TurnedAway => Ending::TurnedAway,
                    Kind::Overloaded => Ending::Overloaded { reason },
                    Kind::Failed => Ending::Failed { reason },
                    Kind::Other => Ending::Alive,
                    Kind::Unreachable if line.reached.load(Ordering::Relaxed) => Ending::Failed { reason },
                    Kind::Unreachable => Ending::Unknown,
                    // Twice in a row is no coincidence, and the one that looks has to say something.
                    Kind::Stale if was_stale || was_probe => Ending::Failed { reason },
                    Kind::Stale => Ending::Unknown,
                };
                (ending, Err(Trouble::Again(again)))
            }
        };
        match (admission.end(&ending), result) {
            // Nobody is there any more.
            (Err(gone), Err(Trouble::Again(_))) => Err(Trouble::Final(gone.into())),
            (_, result) => result,
        }
    }

    async fn request(&self, factory: &HttpRequestFactory) -> Result<reqwest::Request, Trouble> {
        let mut request = factory.build().await.map_err(|e| self.failed(&format!("cannot build the request: {e}")))?;
        if self.line.api_key.expose().is_empty() {
            request.headers_mut().remove(AUTHORIZATION);
        } else if let Some(value) = request.headers_mut().get_mut(AUTHORIZATION) {
            value.set_sensitive(true);
        }
        Ok(request)
    }

    async fn exchange(&self, request: reqwest::Request) -> Result<(Vec<u8>, Reply), Trouble> {
        let line = &*self.line;
        let start = Instant::now();
        let mut response =
            line.http.execute(request).await.map_err(|e| self.network(e, false, start.elapsed() < STALE))?;
        line.reached.store(true, Ordering::Relaxed);
        let (status, headers) = (response.status(), response.headers().clone());
        line.limits.learn(&headers, self.size.upper);
        let mut body = Vec::new();
        loop {
            match response.chunk().await {
                Ok(Some(chunk)) if body.len() + chunk.len() > LARGEST_BODY_BYTES => {
                    return Err(self.failed("the answer is longer than 32 MiB"));
                }
                Ok(Some(chunk)) => body.extend_from_slice(&chunk),
                Ok(None) => break,
                // What there is of an error page tells more than that the page broke off.
                Err(_) if !status.is_success() && !body.is_empty() => break,
                Err(e) => return Err(self.network(e, status.is_success(), false)),
            }
        }
        if !status.is_success() {
            return Err(self.judged(status, &headers, self.error_body(&body)));
        }
        if body.starts_with(b"\xef\xbb\xbf") {
            body.drain(..3);
        }
        match serde_json::from_slice::<Reply>(&body) {
            Ok(reply) if reply.has_answer() => Ok((body, reply)),
            Ok(reply) if !reply.error.is_null() => {
                let error = ErrorBody::from_json(&reply.error);
                let status = error.status().filter(|s| !s.is_success()).unwrap_or(StatusCode::BAD_GATEWAY);
                Err(self.judged(status, &headers, error))
            }
            Ok(_) => Err(self.broken("the answer holds no choices")),
            Err(e) => {
                let start = self.error_body(&body).message.chars().take(80).collect::<String>();
                Err(self.broken(&format!("the answer is no complete JSON ({e}): `{start}`")))
            }
        }
    }

    /// The key goes before the text is shortened, which could leave half of it.
    fn error_body(&self, body: &[u8]) -> ErrorBody {
        ErrorBody::parse(self.line.api_key.redact(&String::from_utf8_lossy(body)).as_bytes())
    }

    fn judged(&self, status: StatusCode, headers: &HeaderMap, body: ErrorBody) -> Trouble {
        let said = self.line.api_key.redact(&body.message);
        let base_url = &self.line.endpoint.base_url;
        let reason = format!("{base_url}: {}: {said}", status.as_str());
        let reason = reason.trim_end_matches([' ', ':']).to_owned();
        match judge(status, headers, &body) {
            Verdict::Fatal(hint) => {
                // Those that wait would only be told the same.
                self.line.limits.end(&reason, hint);
                Trouble::Final(fatal(&reason, hint).into())
            }
            Verdict::Refused => Trouble::Final(SendError::Refused(said)),
            Verdict::Complaint => Trouble::Final(SendError::Complaint { body, reason }),
            Verdict::Retry => {
                let wait = retry_after(headers);
                let pauses_all = wait.is_some() || status == StatusCode::TOO_MANY_REQUESTS;
                let kind = match status.as_u16() {
                    429 => Kind::TurnedAway,
                    503 | 529 => Kind::Overloaded,
                    500.. => Kind::Failed,
                    _ => Kind::Other,
                };
                let short = status.as_str().to_owned();
                Trouble::Again(Again { reason, short, wait, pauses_all, is_paid: false, kind, was_probe: false })
            }
        }
    }

    fn broken(&self, reason: &str) -> Trouble {
        let reason = format!("{}: {}", self.line.endpoint.base_url, self.line.api_key.redact(reason));
        Trouble::Again(Again {
            reason,
            short: "broken answer".to_owned(),
            wait: None,
            pauses_all: false,
            is_paid: true,
            kind: Kind::Failed,
            was_probe: false,
        })
    }

    fn failed(&self, reason: &str) -> Trouble {
        Trouble::Final(TeacherError::Failed { reason: self.line.api_key.redact(reason) }.into())
    }

    fn network(&self, error: reqwest::Error, is_paid: bool, is_soon: bool) -> Trouble {
        let error = error.without_url();
        let base_url = &self.line.endpoint.base_url;
        let is_unreachable = error.is_connect();
        let is_late = error.is_timeout() && !is_unreachable;
        let (what, short) = match (is_unreachable, is_late) {
            (true, _) => (format!("cannot connect: {}", innermost(&error)), "no connection"),
            (_, true) => (format!("no complete answer within {} s", self.line.timeout_secs), "timeout"),
            _ => (format!("the connection broke: {}", innermost(&error)), "connection lost"),
        };
        let kind = match (is_unreachable, is_late) {
            (true, _) => Kind::Unreachable,
            (_, true) => Kind::Overloaded,
            _ if is_soon => Kind::Stale,
            _ => Kind::Failed,
        };
        Trouble::Again(Again {
            reason: self.line.api_key.redact(&format!("{base_url}: {what}")),
            short: short.to_owned(),
            wait: None,
            pauses_all: false,
            // A request that timed out was received, and may be answered and billed although nobody listens.
            is_paid: is_paid || is_late,
            kind,
            was_probe: false,
        })
    }
}

/// Counts a request while it is under way.
struct Flying<'a>(&'a AtomicU64);

impl<'a> Flying<'a> {
    fn new(count: &'a AtomicU64) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count)
    }
}

impl Drop for Flying<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The last cause: "Connection refused" tells more than "error sending request".
pub(super) fn innermost(error: &dyn std::error::Error) -> String {
    let mut last = error;
    while let Some(cause) = last.source() {
        last = cause;
    }
    last.to_string()
}
