//! The service's side of a batch: files up, files down, and asking how far it is.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::super::retry::{ErrorBody, Verdict, judge, retry_after};
use super::super::service::{Line, innermost};
use super::super::settings::fatal;
use super::lines::ENDPOINT;
use crate::teacher::TeacherError;

/// Under this name a batch carries our tag.
const TAG: &str = "distill";

/// What an answer about a batch may hold at most; lists of a hundred batches stay far below it.
const LARGEST_BODY_BYTES: usize = 8 << 20;

pub(super) const NO_BATCHES: &str = "this endpoint seems to have no Batch API: leave `--batch` out";

pub(super) const ONE_BY_ONE: &str = "without `--batch` the same is asked one by one";

/// A batch as the service describes it, with nothing required but what it cannot be followed without.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Batch {
    pub(super) id: String,
    #[serde(default)]
    pub(super) status: String,
    #[serde(default)]
    output_file_id: Option<String>,
    #[serde(default)]
    error_file_id: Option<String>,
    #[serde(default)]
    input_file_id: Option<String>,
    #[serde(default)]
    pub(super) errors: Value,
    #[serde(default)]
    request_counts: Value,
    #[serde(default)]
    metadata: Value,
    #[serde(default)]
    created_at: Option<f64>,
}

impl Batch {
    /// The files with answers and errors that there are.
    pub(super) fn results(&self) -> impl Iterator<Item = &str> {
        [&self.output_file_id, &self.error_file_id]
            .into_iter()
            .flatten()
            .map(String::as_str)
            .filter(|id| !id.is_empty())
    }

    /// Requests that are done and requests that failed.
    pub(super) fn counts(&self) -> (u64, u64) {
        let count = |name: &str| self.request_counts.get(name).and_then(Value::as_u64).unwrap_or_default();
        (count("completed"), count("failed"))
    }
}

#[derive(Deserialize)]
struct Page {
    data: Vec<Batch>,
    #[serde(default)]
    has_more: bool,
}

#[derive(Deserialize)]
struct FileObject {
    id: String,
}

/// Why a call was not answered as hoped.
#[derive(Debug)]
pub(super) enum Trouble {
    /// Asking again would not help.
    Final(TeacherError),
    /// What was asked about is not there.
    Missing(String),
    /// There is more in the batch than the service takes at once.
    TooLarge(String),
    /// The service does not like the call.
    Refused(String),
    /// Another time it may work.
    Again { reason: String, wait: Option<Duration>, is_unreachable: bool },
}

impl Trouble {
    /// As an error that ends the run.
    pub(super) fn ends(self, hint: &str) -> TeacherError {
        match self {
            Self::Final(error) => error,
            Self::Missing(reason) | Self::TooLarge(reason) | Self::Refused(reason) | Self::Again { reason, .. } => {
                fatal(&reason, hint)
            }
        }
    }
}

/// The calls, under the teacher's key and pace.
pub(super) struct Control(pub(super) Arc<Line>);

impl Control {
    /// Uploads a file of request lines; gives its id.
    pub(super) async fn upload(&self, lines: &[u8], tag: &str) -> Result<String, Trouble> {
        // Escaped JSON cannot hold this line, since line breaks in it are escaped.
        let boundary = format!("distill-{tag}");
        let head = format!(
            "--{boundary}\r\ncontent-disposition: form-data; name=\"purpose\"\r\n\r\nbatch\r\n--{boundary}\r\n\
             content-disposition: form-data; name=\"file\"; filename=\"distill-{tag}.jsonl\"\r\n\
             content-type: application/jsonl\r\n\r\n"
        );
        let body: Bytes = [head.as_bytes(), lines, format!("\r\n--{boundary}--\r\n").as_bytes()].concat().into();
        // As if the way up carried 100 kB a second at least.
        let timeout = Duration::from_secs(self.0.timeout_secs + body.len() as u64 / 100_000);
        let file: FileObject = self
            .often(|| async {
                let request = self.request(Method::POST, "/files").timeout(timeout).body(body.clone());
                self.json(request.header(CONTENT_TYPE, format!("multipart/form-data; boundary={boundary}"))).await
            })
            .await?;
        Ok(file.id)
    }

    /// Makes a batch of an uploaded file, once: whether a call that broke off made one is seen by [`Control::find`].
    pub(super) async fn create(&self, file: &str, tag: &str) -> Result<Batch, Trouble> {
        let body = json!({
            "input_file_id": file,
            "endpoint": ENDPOINT,
            "completion_window": "24h",
            "metadata": { TAG: tag },
        });
        self.json(self.request(Method::POST, "/batches").json(&body)).await
    }

    /// Looks for a batch that was made under this tag or of this file, not before `since` (seconds since 1970).
    pub(super) async fn find(&self, file: &str, tag: &str, since: u64) -> Result<Option<Batch>, Trouble> {
        // Newest first. Two thousand batches in between are beyond anybody's account.
        const MOST_PAGES: usize = 20;
        let day = 86_400.0;
        let mut after = String::new();
        for _ in 0..MOST_PAGES {
            let path = format!("/batches?limit=100{after}");
            let page: Page = match self.often(|| self.json(self.request(Method::GET, &path))).await {
                Ok(page) => page,
                // A service that keeps no list; then there is nothing to be found.
                Err(Trouble::Missing(_)) => return Ok(None),
                Err(other) => return Err(other),
            };
            let ours = |b: &&Batch| {
                b.metadata.get(TAG).and_then(Value::as_str) == Some(tag) || b.input_file_id.as_deref() == Some(file)
            };
            if let Some(batch) = page.data.iter().find(ours) {
                return Ok(Some(batch.clone()));
            }
            // A day of difference between two clocks is allowed for.
            let is_old = page.data.iter().any(|b| b.created_at.is_some_and(|at| at + day < since as f64));
            let Some(last) = page.data.last().filter(|_| page.has_more && !is_old) else { break };
            after = format!("&after={}", path_part(&last.id));
        }
        Ok(None)
    }

    /// How far a batch is, asked once.
    pub(super) async fn get(&self, id: &str) -> Result<Batch, Trouble> {
        self.json(self.request(Method::GET, &format!("/batches/{}", path_part(id)))).await
    }

    /// A file's content, to be read as it comes.
    pub(super) async fn open(&self, file: &str) -> Result<Response, Trouble> {
        let path = format!("/files/{}/content", path_part(file));
        // For the whole file; that it stands still is noticed by its reader.
        self.often(|| self.send(self.request(Method::GET, &path).timeout(Duration::from_hours(1)))).await
    }

    /// Deletes a file, or does not: the service does it by itself some day.
    pub(super) async fn delete(&self, file: &str) {
        let request = self.request(Method::DELETE, &format!("/files/{}", path_part(file)));
        let _best_effort = self.send(request.timeout(Duration::from_secs(10))).await;
    }

    /// Waits before attempt number `tries` (from 1) of something that went wrong for a reason that passes.
    pub(super) async fn back_off(&self, tries: u32, wait: Option<Duration>) {
        let wait = wait.unwrap_or_else(|| self.0.pace.backoff(tries.saturating_sub(1), rand::random()));
        tokio::time::sleep(wait).await;
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.0.http.request(method, format!("{}{path}", self.0.endpoint.base_url));
        let key = self.0.api_key.expose();
        // The key was checked to fit into a header.
        match HeaderValue::from_str(&format!("Bearer {key}")) {
            Ok(mut value) if !key.is_empty() => {
                value.set_sensitive(true);
                request.header(AUTHORIZATION, value)
            }
            _ => request,
        }
    }

    async fn often<T, F: Future<Output = Result<T, Trouble>>>(&self, attempt: impl Fn() -> F) -> Result<T, Trouble> {
        let mut tries = 0;
        loop {
            let (reason, wait, is_unreachable) = match attempt().await {
                Err(Trouble::Again { reason, wait, is_unreachable }) => (reason, wait, is_unreachable),
                done => return done,
            };
            tries += 1;
            if let Some(wait) = wait.filter(|w| *w > self.0.pace.longest_asked) {
                let reason = format!("{reason}; the endpoint asks to wait {} s", wait.as_secs());
                return Err(Trouble::Final(fatal(&reason, "run the same command again after that")));
            }
            if tries > self.0.max_retries {
                if is_unreachable && !self.0.reached.load(Ordering::Relaxed) {
                    return Err(Trouble::Final(fatal(&reason, "is the server running, and is `base_url` right?")));
                }
                let reason = if tries > 1 { format!("{reason} (tried {tries} times)") } else { reason };
                return Err(Trouble::Again { reason, wait: None, is_unreachable });
            }
            self.back_off(tries, wait).await;
        }
    }

    async fn json<T: DeserializeOwned>(&self, request: RequestBuilder) -> Result<T, Trouble> {
        let response = self.send(request).await?;
        let body = self.whole(response).await?;
        serde_json::from_slice(&body).map_err(|e| {
            let start: String = self.error_body(&body).message.chars().take(80).collect();
            self.again(&format!("the answer is not understood ({e}): `{start}`"))
        })
    }

    /// An answer with a status of success.
    async fn send(&self, request: RequestBuilder) -> Result<Response, Trouble> {
        let response = request.send().await.map_err(|e| self.broke(e))?;
        self.0.reached.store(true, Ordering::Relaxed);
        let (status, headers) = (response.status(), response.headers().clone());
        if status.is_success() {
            return Ok(response);
        }
        let body = self.error_body(&self.whole(response).await.unwrap_or_default());
        let said = format!("{}: {}: {}", self.0.endpoint.base_url, status.as_str(), body.message);
        let reason = self.0.api_key.redact(said.trim_end_matches([' ', ':']));
        let has = |code: &str| body.codes.iter().any(|c| c == code);
        if matches!(status, StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED) && !has("model_not_found") {
            return Err(Trouble::Missing(reason));
        }
        if status == StatusCode::PAYLOAD_TOO_LARGE || is_full(&body) {
            return Err(Trouble::TooLarge(reason));
        }
        Err(match judge(status, &headers, &body) {
            Verdict::Fatal(hint) => Trouble::Final(fatal(&reason, hint)),
            Verdict::Retry => Trouble::Again { reason, wait: retry_after(&headers), is_unreachable: false },
            Verdict::Refused | Verdict::Complaint => Trouble::Refused(reason),
        })
    }

    async fn whole(&self, mut response: Response) -> Result<Vec<u8>, Trouble> {
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|e| self.broke(e))? {
            if body.len() + chunk.len() > LARGEST_BODY_BYTES {
                return Err(self.again("the answer is longer than 8 MiB"));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }

    /// The key goes before the text is shortened, which could leave half of it.
    fn error_body(&self, body: &[u8]) -> ErrorBody {
        ErrorBody::parse(self.0.api_key.redact(&String::from_utf8_lossy(body)).as_bytes())
    }

    fn again(&self, reason: &str) -> Trouble {
        let reason = self.0.api_key.redact(&format!("{}: {reason}", self.0.endpoint.base_url));
        Trouble::Again { reason, wait: None, is_unreachable: false }
    }

    /// What a broken connection means.
    pub(super) fn broke(&self, error: reqwest::Error) -> Trouble {
        let error = error.without_url();
        let is_unreachable = error.is_connect();
        let what = match (is_unreachable, error.is_timeout()) {
            (true, _) => "cannot connect",
            (false, true) => "no complete answer in time",
            (false, false) => "the connection broke",
        };
        let reason = format!("{}: {what}: {}", self.0.endpoint.base_url, innermost(&error));
        Trouble::Again { reason: self.0.api_key.redact(&reason), wait: None, is_unreachable }
    }
}

/// Whether an error says that more tokens wait in batches than the account may have waiting.
pub(super) fn is_full(error: &ErrorBody) -> bool {
    error.codes.iter().any(|c| c == "token_limit_exceeded") || error.message.to_lowercase().contains("enqueued token")
}

/// An id in a path. Ids are letters, digits, `-` and `_`; anything else is escaped.
fn path_part(id: &str) -> String {
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'~');
    let mut out = String::with_capacity(id.len());
    for byte in id.bytes() {
        if is_plain(byte) { out.push(char::from(byte)) } else { out.push_str(&format!("%{byte:02X}")) }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_cannot_lead_elsewhere() {
        assert_eq!(path_part("batch_6f-A.1~"), "batch_6f-A.1~");
        assert_eq!(path_part("a/../b?c=ü"), "a%2F..%2Fb%3Fc%3D%C3%BC");
    }

    #[test]
    fn sparse_batches_are_read() {
        let batch: Batch = serde_json::from_value(json!({ "id": "b" })).unwrap();
        assert_eq!((batch.counts(), batch.results().count()), ((0, 0), 0));
        let batch: Batch = serde_json::from_value(json!({
            "id": "b", "object": "batch", "status": "in_progress", "errors": null, "output_file_id": null,
            "error_file_id": "", "created_at": 1_700_000_000, "metadata": null,
            "request_counts": { "total": 9, "completed": 4, "failed": 1 },
        }))
        .unwrap();
        assert_eq!((batch.counts(), batch.results().count(), batch.status.as_str()), ((4, 1), 0, "in_progress"));
    }
}
