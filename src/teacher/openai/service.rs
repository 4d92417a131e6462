//! The tower service under async-openai: the one owner of retries, limits and the budget.
//!
//! async-openai's own retry layer would work beneath our limits, takes a 429 in plain text or with a number as its
//! code for final, and shows no headers. Here status, headers and raw body are at hand; async-openai is given
//! nothing but sound JSON that came with a success status.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use async_openai::error::OpenAIError;
use async_openai::middleware::HttpRequestFactory;
use reqwest::header::{AUTHORIZATION, HeaderMap};
use reqwest::{Response, StatusCode};

use super::limits::Limits;
use super::price::Budget;
use super::retry::{ErrorBody, Pace, Verdict, judge, retry_after};
use super::settings::{ApiKey, Endpoint, fatal};
use super::tokens::Counter;
use super::wire::Reply;
use crate::teacher::TeacherError;

/// Larger than any answer by far; what is longer is no answer.
const LARGEST_BODY_BYTES: usize = 32 << 20;

/// What all requests of one teacher share.
pub(super) struct Line {
    pub(super) http: reqwest::Client,
    pub(super) endpoint: Endpoint,
    pub(super) api_key: ApiKey,
    pub(super) limits: Limits,
    pub(super) budget: Budget,
    pub(super) pace: Pace,
    pub(super) counter: Counter,
    pub(super) max_tokens: u32,
    pub(super) max_retries: u32,
    pub(super) timeout_secs: u64,
    /// Whether the endpoint ever answered anything.
    pub(super) reached: AtomicBool,
    pub(super) sent: AtomicU64,
}

/// Sends one request, as often as it takes.
#[derive(Clone)]
pub(super) struct Post {
    pub(super) line: Arc<Line>,
    pub(super) prompt_tokens: u64,
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
    Again {
        reason: String,
        wait: Option<Duration>,
        /// The server is overloaded, so that nobody else should try meanwhile.
        pauses_all: bool,
        /// An answer was begun and lost; it was probably paid for.
        is_paid: bool,
        /// No connection was made.
        is_unreachable: bool,
    },
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
        let mut tries: u32 = 0;
        loop {
            let (reason, wait, pauses_all, is_unreachable) = match self.attempt(factory).await {
                Ok(body) => return Ok(http::Response::new(body).into()),
                Err(Trouble::Final(error)) => return Err(error),
                Err(Trouble::Again { reason, wait, pauses_all, is_unreachable, .. }) => {
                    (reason, wait, pauses_all, is_unreachable)
                }
            };
            tries += 1;
            if wait.is_some_and(|w| w > line.pace.longest_asked) {
                let secs = wait.unwrap_or_default().as_secs();
                let reason = format!("{reason}; the endpoint asks to wait {secs} s");
                return Err(fatal(&reason, "run the same command again after that: all answers are kept").into());
            }
            if tries > line.max_retries {
                let reason = if tries > 1 { format!("{reason} (tried {tries} times)") } else { reason };
                // Nobody was ever there: a wrong address or a server that is not running, and not a bad hour.
                return Err(if is_unreachable && !line.reached.load(Ordering::Relaxed) {
                    fatal(&reason, "is the server running, and is `base_url` right?").into()
                } else {
                    TeacherError::Failed { reason }.into()
                });
            }
            let wait = wait.unwrap_or_else(|| line.pace.backoff(tries - 1, rand::random()));
            if pauses_all {
                line.limits.pause(wait);
            } else {
                tokio::time::sleep(wait).await;
            }
        }
    }

    /// One attempt under the limits and the budget. The slot is held for the attempt only, not between two.
    async fn attempt(&self, factory: &HttpRequestFactory) -> Result<Vec<u8>, Trouble> {
        let line = &*self.line;
        let _slot = line.limits.slot().await;
        let worst_usd = line.budget.cost(self.prompt_tokens, u64::from(line.max_tokens));
        let reserved = line.budget.reserve(worst_usd).await.map_err(|e| Trouble::Final(e.into()))?;
        let counted = line.limits.admit(self.prompt_tokens).await;
        line.sent.fetch_add(1, Ordering::Relaxed);
        match self.exchange(factory).await {
            Ok((body, reply)) => {
                let usage = reply.usage(|| self.prompt_tokens, line.counter);
                line.limits.settle(counted, usage.prompt_tokens, usage.completion_tokens);
                reserved.spend(line.budget.cost(usage.prompt_tokens, usage.completion_tokens));
                Ok(body)
            }
            Err(trouble) => {
                if let Trouble::Again { is_paid: true, .. } = trouble {
                    // The bill is unknown; the budget must hold all the same.
                    reserved.spend(worst_usd);
                }
                Err(trouble)
            }
        }
    }

    async fn exchange(&self, factory: &HttpRequestFactory) -> Result<(Vec<u8>, Reply), Trouble> {
        let line = &*self.line;
        let mut request = factory.build().await.map_err(|e| self.failed(&format!("cannot build the request: {e}")))?;
        if line.api_key.expose().is_empty() {
            request.headers_mut().remove(AUTHORIZATION);
        } else if let Some(value) = request.headers_mut().get_mut(AUTHORIZATION) {
            value.set_sensitive(true);
        }
        let mut response = line.http.execute(request).await.map_err(|e| self.network(e, false))?;
        line.reached.store(true, Ordering::Relaxed);
        let (status, headers) = (response.status(), response.headers().clone());
        line.limits.learn(&headers, self.prompt_tokens);
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
                Err(e) => return Err(self.network(e, status.is_success())),
            }
        }
        if !status.is_success() {
            return Err(self.judged(status, &headers, self.error_body(&body)));
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
            Verdict::Fatal(hint) => Trouble::Final(fatal(&reason, hint).into()),
            Verdict::Refused => Trouble::Final(SendError::Refused(said)),
            Verdict::Complaint => Trouble::Final(SendError::Complaint { body, reason }),
            Verdict::Retry => {
                let wait = retry_after(headers);
                let pauses_all = wait.is_some() || status == StatusCode::TOO_MANY_REQUESTS;
                Trouble::Again { reason, wait, pauses_all, is_paid: false, is_unreachable: false }
            }
        }
    }

    fn broken(&self, reason: &str) -> Trouble {
        let reason = self.line.api_key.redact(reason);
        Trouble::Again { reason, wait: None, pauses_all: false, is_paid: true, is_unreachable: false }
    }

    fn failed(&self, reason: &str) -> Trouble {
        Trouble::Final(TeacherError::Failed { reason: self.line.api_key.redact(reason) }.into())
    }

    fn network(&self, error: reqwest::Error, is_paid: bool) -> Trouble {
        let error = error.without_url();
        let base_url = &self.line.endpoint.base_url;
        let is_unreachable = error.is_connect();
        let reason = if error.is_timeout() && !is_unreachable {
            format!("{base_url}: no complete answer within {} s", self.line.timeout_secs)
        } else {
            let what = if is_unreachable { "cannot connect" } else { "the connection broke" };
            format!("{base_url}: {what}: {}", innermost(&error))
        };
        // A request that timed out was received, and may be answered and billed although nobody listens.
        let is_paid = is_paid || (error.is_timeout() && !is_unreachable);
        Trouble::Again {
            reason: self.line.api_key.redact(&reason),
            wait: None,
            pauses_all: false,
            is_paid,
            is_unreachable,
        }
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
